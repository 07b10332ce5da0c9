/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/trips: trips that can still be asked for, soonest first. The parameters are members of trip_search,
 * read by the codec. Each end is a city or a circle, and which they are chooses the statement: one with all
 * of them optional would have one plan, that serves none (schemas/sql/0009_search.sql). */
#include "consumers/query/query.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/domain/limits.h"
#include "shared/domain/place.h"

enum {
    VALUE = 4 * 80 + 1, /* of a parameter: a city */
    LATITUDE_MOST = 80, /* nearer to a pole a circle has too many squares, and no traveller lives there */
    LONGITUDE_MOST = 180,
    FRACTION = 7, /* digits behind the point: a degree is 10^7 */
    DEGREE = 10000000,
};

static const int64_t for_ever_ms = INT64_C(253402300799999);
static const char least_id[] = "00000000-0000-0000-0000-000000000000";

/* The next begins where the page ends: at its latest departure. */
#define SEARCH(shape, arguments, page)                                                                       \
    "with found as materialized (select departs, id from api.trips_" shape "(" arguments ", " page ")), "    \
    "shown as (select departs, id from found order by departs, id limit " page ") "                          \
    "select coalesce((select json_strip_nulls(json_agg(api.trip_shown(t) order by s.departs, s.id)) "        \
    "from shown s join state.trip t on t.id = s.id), '[]')::text, (select count(*) from found) > " page ", " \
    "(select max(departs) from shown), (select id from shown order by departs desc, id desc limit 1)"

const char search_city_city_sql[] = SEARCH("city_city", "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10", "$11");
const char search_city_point_sql[] =
    SEARCH("city_point", "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11", "$12");
const char search_point_city_sql[] =
    SEARCH("point_city", "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11", "$12");
const char search_point_point_sql[] =
    SEARCH("point_point", "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12", "$13");

static const char *const shapes[2][2] = {{"trip.search", "trip.search.city_point"},
                                         {"trip.search.point_city", "trip.search.point_point"}};

/* --- what was asked, as JSON for the codec --- */

static bool is_number(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= 15 && strspn(text, "0123456789") == size && (text[0] != '0' || size == 1);
}

/* False where the parameter is there twice, malformed or too long. */
static bool write_member(const struct http_request *request, const struct field *field, struct buf *to)
{
    char value[VALUE];
    int outcome = http_query(request, field->name, value, sizeof(value));
    if (outcome != 0)
        return outcome == HTTP_ABSENT;
    buf_format(to, "%s\"%s\":", to->size > 1 ? "," : "", field->name);
    if (field->kind == FIELD_INTEGER && is_number(value))
        buf_text(to, value);
    else
        buf_json_string(to, span_of(value));
    return true;
}

static bool write_members(const struct http_request *request, struct buf *to)
{
    bool good = true;
    buf_byte(to, '{');
    for (uint16_t at = 0; good && at < trip_search_schema.count; at++)
        good = write_member(request, &trip_search_schema.fields[at], to);
    buf_byte(to, '}');
    return good;
}

/* --- what the codec cannot know --- */

static void add_error(struct codec_errors *errors, const char *pointer, const char *reason)
{
    struct codec_error *error = &errors->items[errors->count++]; /* there are fewer members than room */
    snprintf(error->pointer, sizeof(error->pointer), "%s", pointer);
    error->reason = reason;
}

/* Degrees times 10^7, exactly: -?digits, or with 1 to 7 more behind a point. */
static bool degrees(const char *text, int64_t most, int64_t *ret_e7)
{
    bool negative = *text == '-';
    int64_t unit = DEGREE;
    text += negative;
    size_t whole = strspn(text, "0123456789");
    if (whole < 1 || whole > 3)
        return false;
    int64_t value = strtoll(text, NULL, 10) * DEGREE;
    text += whole;
    if (*text == '.') {
        size_t part = strspn(++text, "0123456789");
        if (part < 1 || part > FRACTION)
            return false;
        for (const char *end = text + part; text < end; text++)
            value += (*text - '0') * (unit /= 10);
    }
    *ret_e7 = negative ? -value : value;
    return *text == '\0' && value <= most * DEGREE;
}

/* One end as it was asked; pointers are to its parameters. */
struct end {
    bool has_country, has_city, has_lat, has_lon, has_km;
    const char *lat, *lon;
    const char *pointers[5];
};

static void require(const struct end *end, bool present, int member, struct codec_errors *errors)
{
    if (!present)
        add_error(errors, end->pointers[member], "is required with the rest of its place");
}

static void take_spot(const struct end *end, struct spot *ret_spot, struct codec_errors *errors)
{
    struct point point = {0};
    require(end, end->has_lat, 2, errors);
    require(end, end->has_lon, 3, errors);
    require(end, end->has_km, 4, errors);
    if (end->has_lat && !degrees(end->lat, LATITUDE_MOST, &point.lat_e7))
        add_error(errors, end->pointers[2], "must be a latitude in decimal degrees, -80 to 80");
    if (end->has_lon && !degrees(end->lon, LONGITUDE_MOST, &point.lon_e7))
        add_error(errors, end->pointers[3], "must be a longitude in decimal degrees, -180 to 180");
    *ret_spot = spot_of(&point);
}

static void take_end(const struct end *end, bool *ret_circle, struct spot *ret_spot,
                     struct codec_errors *errors)
{
    bool city = end->has_country || end->has_city;
    *ret_circle = end->has_lat || end->has_lon || end->has_km;
    if (!city && !*ret_circle) {
        add_error(errors, end->pointers[1], "is required where no point is given");
    } else if (city && *ret_circle) {
        add_error(errors, end->pointers[1], "stands beside a point: one of them says where");
    } else if (*ret_circle) {
        take_spot(end, ret_spot, errors);
    } else {
        require(end, end->has_country, 0, errors);
        require(end, end->has_city, 1, errors);
    }
}

static void take_ends(struct search *search, struct codec_errors *errors)
{
    const struct trip_search *asked = &search->asked;
    const struct end origin = {asked->has_origin_country,
                               asked->has_origin_city,
                               asked->has_near_lat,
                               asked->has_near_lon,
                               asked->has_radius_km,
                               asked->near_lat,
                               asked->near_lon,
                               {"/origin_country", "/origin_city", "/near_lat", "/near_lon", "/radius_km"}};
    const struct end destination = {asked->has_destination_country,
                                    asked->has_destination_city,
                                    asked->has_destination_near_lat,
                                    asked->has_destination_near_lon,
                                    asked->has_destination_radius_km,
                                    asked->destination_near_lat,
                                    asked->destination_near_lon,
                                    {"/destination_country", "/destination_city", "/destination_near_lat",
                                     "/destination_near_lon", "/destination_radius_km"}};
    take_end(&origin, &search->circles[0], &search->spots[0], errors);
    take_end(&destination, &search->circles[1], &search->spots[1], errors);
}

static void check_rest(const struct trip_search *asked, struct codec_errors *errors)
{
    if (asked->has_from && asked->has_until && asked->until < asked->from)
        add_error(errors, "/until", "must not be before from");
    if (asked->has_max_price && !asked->has_currency)
        add_error(errors, "/currency", "is required with max_price");
    if (asked->has_currency && !limits_of(asked->currency))
        add_error(errors, "/currency", "is no currency we deal in");
}

bool search_take(struct call *call)
{
    CLEANUP(buf_done) struct buf json = {0};
    struct codec_errors errors = {0};
    struct search *search = &call->search;
    if (!(call->row->parameters & READ_SEARCH))
        return true;
    if (!write_members(call->request, &json) ||
        codec_decode(&trip_search_schema, buf_as_span(&json), &search->asked, &errors) == CODEC_NOT_JSON) {
        call_problem(call, PROBLEM_BAD_REQUEST, "a query parameter is malformed");
        return false;
    }
    if (errors.count == 0) {
        take_ends(search, &errors);
        check_rest(&search->asked, &errors);
    }
    if (errors.count == 0) {
        call->row = read_of(shapes[search->circles[0]][search->circles[1]]);
        return true;
    }
    problem_reply_invalid(call->request, &errors);
    call_free(call);
    return false;
}

/* --- what goes in --- */

static struct postgres_value text_value(const char *text)
{
    return (struct postgres_value){.type = POSTGRES_TEXT, .text = span_of(text)};
}

static struct postgres_value number_value(int64_t number)
{
    return (struct postgres_value){.type = POSTGRES_INT8, .integer = number};
}

static int bind_city(const char *country, const char *city, struct postgres_value *ret_values)
{
    ret_values[0] = text_value(country);
    ret_values[1] = text_value(city);
    return 2;
}

static int bind_circle(const struct spot *spot, int64_t km, struct postgres_value *ret_values)
{
    ret_values[0] = number_value(spot->lat_c);
    ret_values[1] = number_value(spot->lon_c);
    ret_values[2] = number_value(km);
    return 3;
}

/* A page begins behind the one before, but never with what has become too late to ask for. */
static int bind_start(const struct call *call, struct postgres_value *ret_values)
{
    int64_t from_ms = clock_wall_ms() + limits_delay(DELAY_REQUEST_NOTICE);
    if (call->search.asked.has_from && call->search.asked.from > from_ms)
        from_ms = call->search.asked.from;
    bool behind = !id_none(&call->before) && call->before_ms >= from_ms;
    ret_values[0] =
        (struct postgres_value){.type = POSTGRES_TIME, .integer = behind ? call->before_ms : from_ms};
    ret_values[1] = (struct postgres_value){.type = POSTGRES_UUID,
                                            .text = span_of(behind ? call->before.text : least_id)};
    return 2;
}

int search_bind(const struct call *call, struct postgres_value *ret_values)
{
    const struct search *search = &call->search;
    const struct trip_search *asked = &search->asked;
    struct postgres_value *at = ret_values;
    at += search->circles[0] ? bind_circle(&search->spots[0], asked->radius_km, at)
                             : bind_city(asked->origin_country, asked->origin_city, at);
    at += search->circles[1] ? bind_circle(&search->spots[1], asked->destination_radius_km, at)
                             : bind_city(asked->destination_country, asked->destination_city, at);
    at += bind_start(call, at);
    *at++ = (struct postgres_value){.type = POSTGRES_TIME,
                                    .integer = asked->has_until ? asked->until : for_ever_ms};
    *at++ = number_value(asked->has_min_grams ? asked->min_grams : 1);
    *at = number_value(asked->max_price);
    at++->null = !asked->has_max_price;
    *at = text_value(asked->currency);
    at++->null = !asked->has_currency;
    *at++ = number_value(call->limit);
    return (int)(at - ret_values);
}
