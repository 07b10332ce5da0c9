/* SPDX-License-Identifier: Apache-2.0
 * What can be read, as rows: a route, its parameters, the statement that gives its JSON, the answer. The
 * statements run as the caller (role authenticated, the caller's claims), so a row of somebody else's is a
 * row that is not there. Members stand in the order of the command's shape; what was never said is absent. */
#include "consumers/query/query.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/crypto.h"

enum {
    PAGE_BYTES = 24, /* of a next: 8 of milliseconds, 16 of the id */
    TAG_BYTES = 4,   /* of an entity tag: whose it is */
    TAG_SIZE = 40,
};

static const char most_id[] = "ffffffff-ffff-ffff-ffff-ffffffffffff";
static const int64_t most_ms = INT64_C(253402300799999); /* the year 9999 ends */

/* --- statements --- */

/* As clock_format writes it. */
#define TIME(column)                                                                                         \
    "to_char(" column                                                                                        \
    " at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS') || case when date_trunc('second', " column            \
    ") = " column " then 'Z' else to_char(" column " at time zone 'utc', '.MS') || 'Z' end"

static const char owned_sql[] = "select version from state.parcel where id = $1";

/* Who may put and see a parcel's photos stands in schemas/sql/0011_photos.sql. */
static const char photo_sql[] = "select version from api.parcel_photos($1)";

static const char profile_sql[] =
    "select json_strip_nulls(json_build_object('id', s.id, 'version', s.version, 'state', s.state, "
    "'changed_at', " TIME("s.changed_at") ", 'name', v.value -> 'name', 'email', v.value -> 'email', "
                                          "'phone', v.value -> 'phone', 'language', v.value -> 'language', "
                                          "'time_zone', v.value -> 'time_zone', 'tier', "
                                          "s.tier, 'blocked', s.blocked))::text, "
                                          "s.version from state.profile s left join private.profile v on "
                                          "v.id = s.id and v.name = 'profile' and v.n = s.n "
                                          "where s.id = $1";

/* What stands in schemas/sql/0008_reads.sql. */
#define ONE(function) "select body, version from api." function "($1)"
#define PAGE(function)                                                                                       \
    "select body, more, last_at, last_id from api." function "($1, $2::timestamptz, $3::uuid, $4::int8)"

static const char booking_owned_sql[] = "select version from state.booking where id = $1";

static const char verdict_sql[] =
    "select " VERDICT_SQL ", case when v.id is null then bus.command_parked($1) end "
    "from (values (1)) one left join bus.verdict v on v.id = $1";

/* --- what goes in --- */

static int bind_id(const struct call *call, struct postgres_value *ret_values)
{
    ret_values[0] = (struct postgres_value){.type = POSTGRES_UUID, .text = span_of(call->id.text)};
    return 1;
}

static int bind_caller(const struct call *call, struct postgres_value *ret_values)
{
    ret_values[0] =
        (struct postgres_value){.type = POSTGRES_UUID, .text = span_of(call->claims.subject.text)};
    return 1;
}

static int bind_page(const struct call *call, struct postgres_value *ret_values)
{
    bool first = id_none(&call->before);
    (void)bind_caller(call, ret_values);
    ret_values[1] =
        (struct postgres_value){.type = POSTGRES_TIME, .integer = first ? most_ms : call->before_ms};
    ret_values[2] =
        (struct postgres_value){.type = POSTGRES_UUID, .text = span_of(first ? most_id : call->before.text)};
    ret_values[3] = (struct postgres_value){.type = POSTGRES_INT8, .integer = call->limit};
    return 4;
}

/* --- what comes out --- */

/* Does If-None-Match name this entity tag? Weak comparison (RFC 9110 section 13.1.2). */
static bool is_known(struct span header, const char *etag)
{
    size_t size = strlen(etag);
    if (span_is(header, "*"))
        return true;
    for (size_t at = 0; at + size <= header.size; at++) {
        if (memcmp(header.data + at, etag, size) == 0)
            return true;
    }
    return false;
}

/* Of one version each caller may be shown other members: a tag is of the caller too, without naming them. */
static void tag_write(const struct token_claims *claims, int64_t version, char ret_tag[TAG_SIZE])
{
    const struct span who[] = {span_of(claims->role), SPAN(" "), span_of(claims->subject.text)};
    uint8_t digest[32];
    char hex[2 * TAG_BYTES + 1];
    crypto_sha256_parts(who, sizeof(who) / sizeof(who[0]), digest);
    crypto_hex(digest, TAG_BYTES, hex);
    snprintf(ret_tag, TAG_SIZE, "\"%lld-%s\"", (long long)version, hex);
}

/* Column 0 is the JSON, column 1 the version. */
static void answer_one(struct call *call, const struct postgres_rows *rows)
{
    char etag[TAG_SIZE];
    if (rows->count == 0) {
        call_problem(call, PROBLEM_NOT_FOUND, NULL);
        return;
    }
    tag_write(&call->claims, postgres_integer(rows, 0, 1), etag);
    struct http_answer answer = {.status = 200, .etag = etag, .cache_control = "private, no-cache"};
    if (is_known(http_seen(call->request)->if_none_match, etag))
        answer.status = 304;
    else
        answer.body = postgres_text(rows, 0, 0);
    call_reply(call, &answer);
}

void page_next(int64_t registered_ms, const struct id *id, struct buf *to)
{
    uint8_t bytes[PAGE_BYTES];
    for (int at = 0; at < 8; at++)
        bytes[at] = (uint8_t)((uint64_t)registered_ms >> (56 - 8 * at));
    id_to_bytes(id, bytes + 8);
    crypto_base64url(bytes, sizeof(bytes), to);
}

int page_take(struct span next, int64_t *ret_registered_ms, struct id *ret_id)
{
    uint8_t bytes[PAGE_BYTES];
    size_t size = 0;
    uint64_t registered_ms = 0;
    if (crypto_unbase64url(next, bytes, sizeof(bytes), &size) != 0 || size != sizeof(bytes))
        return 1;
    for (int at = 0; at < 8; at++)
        registered_ms = registered_ms << 8 | bytes[at];
    if (registered_ms > (uint64_t)most_ms)
        return 1;
    *ret_registered_ms = (int64_t)registered_ms;
    id_from_bytes(bytes + 8, ret_id);
    return 0;
}

static void answer_page(struct call *call, const struct postgres_rows *rows)
{
    CLEANUP(buf_done) struct buf body = {0};
    struct id last;
    buf_text(&body, "{\"items\":");
    buf_span(&body, postgres_text(rows, 0, 0));
    if (postgres_integer(rows, 0, 1)) {
        postgres_id(rows, 0, 3, &last);
        buf_text(&body, ",\"next\":\"");
        page_next(postgres_integer(rows, 0, 2), &last, &body);
        buf_byte(&body, '"');
    }
    buf_byte(&body, '}');
    call_reply(call, &(struct http_answer){.status = 200, .body = buf_as_span(&body)});
}

/* clang-format off */
const struct read_row read_rows[] = {
    {"command.verdict", READ_RECEIPT,                           verdict_sql, bind_id,     verdict_answer},
    {"parcel.list",     READ_PAGE | READ_AFTER,                 PAGE("parcels_mine"),  bind_page, answer_page},
    {"parcel.read",     READ_AFTER,                             ONE("parcel"),         bind_id,   answer_one},
    {"parcel.history",  READ_PAGE | READ_VERSIONS | READ_AFTER, owned_sql,   bind_id,     timeline_answer},
    {"parcel.photo_upload", 0,                                  photo_sql,   bind_id,     photo_upload_answer},
    {"parcel.photo",    0,                                      photo_sql,   bind_id,     photo_answer},
    {"booking.codes",   READ_AFTER,                             codes_sql,   codes_bind,  codes_answer},
    {"trip.mine",       READ_PAGE | READ_AFTER,                 PAGE("trips_mine"),    bind_page, answer_page},
    {"trip.search",     READ_PAGE | READ_AFTER | READ_SEARCH, search_city_city_sql,  search_bind, answer_page},
    {"trip.search.city_point",  0,                      search_city_point_sql,  search_bind, answer_page},
    {"trip.search.point_city",  0,                      search_point_city_sql,  search_bind, answer_page},
    {"trip.search.point_point", 0,                      search_point_point_sql, search_bind, answer_page},
    {"trip.read",       READ_AFTER,                             ONE("trip"),           bind_id,   answer_one},
    {"booking.list",    READ_PAGE | READ_AFTER,                 PAGE("bookings_mine"), bind_page, answer_page},
    {"booking.read",    READ_AFTER,                             ONE("booking"),        bind_id,   answer_one},
    {"booking.tracking", READ_AFTER,                            ONE("tracking"),       bind_id,   answer_one},
    {"booking.history", READ_PAGE | READ_VERSIONS | READ_AFTER, booking_owned_sql,     bind_id,   timeline_answer},
    {"booking.payment", READ_AFTER,                             ONE("payment"),        bind_id,   answer_one},
    {"booking.ledger",  READ_AFTER,                             ONE("ledger"),         bind_id,   answer_one},
    {"payment.read",    READ_AFTER,                             ONE("payment"),        bind_id,   answer_one},
    {"review.read",     READ_AFTER,                             ONE("review"),         bind_id,   answer_one},
    {"search.list",     READ_PAGE | READ_AFTER,                 PAGE("searches_mine"), bind_page, answer_page},
    {"search.read",     READ_AFTER,                             ONE("search"),         bind_id,   answer_one},
    {"profile.person",  READ_AFTER,                             ONE("person"),         bind_id,   answer_one},
    {"profile.read",    READ_AFTER,                             profile_sql, bind_caller, answer_one},
    {0},
};
/* clang-format on */

const struct read_row *read_of(const char *name)
{
    for (const struct read_row *row = read_rows; row->name; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}
