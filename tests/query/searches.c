/* SPDX-License-Identifier: Apache-2.0
 * GET /v1/trips: who finds which trips, in which order, by which index; and whose saved search a trip
 * answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/query/site.h"

#define CITIES "/v1/trips?origin_country=FR&origin_city=Paris&destination_country=SN&destination_city=Dakar"
#define NEAR   "/v1/trips?near_lat=48.86&near_lon=2.35&radius_km=20"
#define TO     "&destination_near_lat=14.72&destination_near_lon=-17.47&destination_radius_km=20"

static struct reply reply;

static void expect(const char *target, int status)
{
    reply_done(&reply);
    get_as(CLERK, NULL, target, &reply);
    ck_assert_msg(reply.status == status, "%s: %d %s", target, reply.status, reply.body.data);
}

/* Number n departs in so many hours, from Paris to Dakar but for its members. */
static void trip(int number, int hours, const char *members)
{
    char all[1024];
    snprintf(all, sizeof(all),
             "{\"id\":\"7219cafe-0000-8000-8000-%012d\",\"version\":3,\"state\":\"announced\",\"traveller\":"
             "\"" BINTA "\",\"origin_country\":\"FR\",\"origin_city\":\"Paris\",\"origin_spot_lat_c\":4886,"
             "\"origin_spot_lon_c\":235,"
             "\"destination_country\":\"SN\",\"destination_city\":\"Dakar\",\"destination_spot_lat_c\":1472,"
             "\"destination_spot_lon_c\":-1747,\"capacity_g\":10000,\"reserved_g\":4000,\"price_per_kg\":"
             "3000%s%s}",
             number, members[0] ? "," : "", members);
    site_row("trip", all);
    site_sql("update state.trip set departs = date_trunc('hour', now()) + %d * interval '1 hour' "
             "where id = '7219cafe-0000-8000-8000-%012d'",
             hours, number);
}

/* The page has these trips, in this order, and no other. */
static void expect_trips(const char *target, const char *numbers)
{
    char found[400] = "";
    expect(target, 200);
    for (const char *at = strstr(reply.body.data, "{\"id\":\"7219cafe-"); at;
         at = strstr(at + 1, "{\"id\":\"7219cafe-"))
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s%d", found[0] ? " " : "",
                 atoi(at + 7 + 24));
    ck_assert_msg(strcmp(found, numbers) == 0, "%s: found %s, not %s", target, found, numbers);
}

START_TEST(a_trip_shows_what_everyone_may_know)
{
    trip(1, 24, "\"bookings\":[{\"booking\":\"" PARCEL "\",\"grams\":4000}]");
    site_sql("update state.trip set departs = '2126-01-01T08:00:00Z'");
    site_sql("insert into private.trip values ('7219cafe-0000-8000-8000-000000000001', 'announce', 1, "
             "'{\"flight\":\"AF718\"}')");
    expect(CITIES, 200);
    ck_assert_str_eq(
        reply.body.data,
        "{\"items\":[{\"id\":\"7219cafe-0000-8000-8000-000000000001\",\"version\":3,\"state\":\"announced\","
        "\"changed_at\":\"2026-11-22T10:00:00Z\",\"traveller\":\"" BINTA "\","
        "\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"origin_spot\":{\"lat_c\":4886,\"lon_c\":235},"
        "\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},"
        "\"destination_spot\":{\"lat_c\":1472,\"lon_c\":-1747},"
        "\"departs\":\"2126-01-01T08:00:00Z\",\"arrives\":\"2026-11-22T10:00:00Z\","
        "\"drop_off_until\":\"2026-11-22T10:00:00Z\",\"capacity_g\":10000,\"left_g\":6000,"
        "\"price_per_kg\":3000,\"currency\":\"XOF\",\"announced_at\":\"2026-11-22T10:00:00Z\"}]}");
}
END_TEST

START_TEST(cities_are_found_whatever_the_case_of_their_letters)
{
    trip(1, 24, "");
    trip(2, 25, "\"origin_city\":\"PARIS\",\"destination_city\":\"dakar\"");
    trip(3, 26, "\"origin_city\":\"Lyon\"");
    trip(4, 27, "\"destination_country\":\"ML\"");
    trip(5, 28, "\"origin_city\":\"Saint-Louis d''en \\\"Haut\\\"\"");
    trip(6, 29, "\"destination_city\":\"Thi\u00e8s\"");
    expect_trips(CITIES, "1 2");
    expect_trips(
        "/v1/trips?origin_country=FR&origin_city=pARIS&destination_country=SN&destination_city=DAKAR", "1 2");
    expect_trips("/v1/trips?origin_country=FR&origin_city=saint-louis+d%27en%20%22haut%22&"
                 "destination_country=SN&destination_city=Dakar",
                 "5");
    expect_trips("/v1/trips?origin_country=FR&origin_city=Paris&destination_country=SN&"
                 "destination_city=thi%C3%A8s",
                 "6");
}
END_TEST

START_TEST(only_trips_that_can_still_be_asked_for_are_found)
{
    static const char *const states[] = {"departed", "arrived", "cancelled", "lapsed", "abandoned"};
    trip(1, 5, ""); /* the hour may turn meanwhile */
    trip(2, 3, ""); /* at the hour: less than three hours from now */
    trip(3, -1, "");
    trip(4, 24, "\"reserved_g\":10000");
    for (int at = 0; at < 5; at++) {
        char members[60];
        snprintf(members, sizeof(members), "\"state\":\"%s\"", states[at]);
        trip(10 + at, 24, members);
    }
    expect_trips(CITIES, "1");
    expect_trips(NEAR TO, "1");
}
END_TEST

START_TEST(space_price_and_dates_narrow_a_search)
{
    trip(1, 24, "");
    trip(2, 48, "\"reserved_g\":7000");
    trip(3, 72, "\"price_per_kg\":3001");
    trip(4, 96, "\"price_per_kg\":500,\"currency\":\"EUR\"");
    site_sql("update state.trip set departs = '2126-01-01T00:00:00Z'::timestamptz + "
             "right(id::text, 12)::int * interval '1 day'");
    expect_trips(CITIES "&min_grams=6000", "1 3 4");
    expect_trips(CITIES "&min_grams=6001", "");
    expect_trips(CITIES "&min_grams=3000", "1 2 3 4");
    expect_trips(CITIES "&max_price=3000&currency=XOF", "1 2");
    expect_trips(CITIES "&currency=EUR", "4");
    expect_trips(CITIES "&from=2126-01-03T00:00:00Z", "2 3 4");
    expect_trips(CITIES "&from=2126-01-03T00:00:00.001Z&until=2126-01-04T00:00:00Z", "3");
    expect_trips(NEAR TO "&min_grams=3001&max_price=3001&currency=XOF&until=2126-01-04T00:00:00Z", "1 3");
    expect_trips(CITIES "&until=2126-01-01T23:59:59Z", "");
}
END_TEST

/* On the equator a degree is 111.195 km, so a hundredth 1.112. */
START_TEST(a_circle_holds_what_is_within_its_radius_along_the_great_circle)
{
    trip(1, 24, "\"origin_spot_lat_c\":0,\"origin_spot_lon_c\":89");
    trip(2, 25, "\"origin_spot_lat_c\":0,\"origin_spot_lon_c\":90");
    trip(3, 26, "\"origin_spot_lat_c\":-89,\"origin_spot_lon_c\":0");
    trip(4, 27, "\"origin_spot_lat_c\":-90,\"origin_spot_lon_c\":0");
    trip(5, 28, "\"origin_spot_lat_c\":64,\"origin_spot_lon_c\":64"); /* in the box, not in the circle */
    trip(6, 29, "\"origin_spot_lat_c\":63,\"origin_spot_lon_c\":63");
    trip(7, 30, "\"origin_spot_lat_c\":null,\"origin_spot_lon_c\":null");
    expect_trips("/v1/trips?near_lat=0&near_lon=0.00&radius_km=100" TO, "1 3 6");
    expect_trips("/v1/trips?near_lat=0.004999&near_lon=-0.0049999&radius_km=99" TO, "1 3");
    expect_trips("/v1/trips?near_lat=0&near_lon=0.01&radius_km=99" TO, "1 2 3 6");
    expect_trips("/v1/trips?near_lat=0&near_lon=0.005&radius_km=99" TO, "1 2 3 6"); /* halves go outwards */
}
END_TEST

START_TEST(a_circle_goes_over_the_180th_meridian_and_far_north)
{
    trip(1, 24, "\"origin_spot_lat_c\":-1800,\"origin_spot_lon_c\":17990");
    trip(2, 25, "\"origin_spot_lat_c\":-1800,\"origin_spot_lon_c\":-17990");
    trip(3, 26, "\"origin_spot_lat_c\":-1800,\"origin_spot_lon_c\":18000");
    trip(4, 27, "\"origin_spot_lat_c\":8050,\"origin_spot_lon_c\":400");
    expect_trips("/v1/trips?near_lat=-18&near_lon=180&radius_km=20" TO, "1 2 3");
    expect_trips("/v1/trips?near_lat=-18&near_lon=-179.95&radius_km=20" TO, "1 2 3");
    expect_trips("/v1/trips?near_lat=80&near_lon=0&radius_km=100" TO, "4");
}
END_TEST

START_TEST(each_end_may_be_a_city_or_a_circle)
{
    trip(1, 24, "");
    trip(2, 25, "\"destination_spot_lat_c\":1479,\"destination_spot_lon_c\":-1693"); /* 60 km away */
    trip(3, 26, "\"origin_spot_lat_c\":4600,\"origin_spot_lon_c\":500");
    trip(4, 27, "\"origin_city\":\"Versailles\"");
    trip(5, 28, "\"destination_city\":\"Pikine\"");
    expect_trips(CITIES, "1 2 3");
    expect_trips("/v1/trips?origin_country=FR&origin_city=Paris" TO, "1 3 5");
    expect_trips(NEAR "&destination_country=SN&destination_city=Dakar", "1 2 4");
    expect_trips(NEAR TO, "1 4 5");
}
END_TEST

static void walk(const char *search, int expected)
{
    char target[500], next[100];
    int seen = 0;
    long last = -1;
    snprintf(target, sizeof(target), "%s&limit=7", search);
    while (target[0]) {
        int count = 0;
        expect(target, 200);
        for (const char *at = strstr(reply.body.data, "{\"id\":\"7219cafe-"); at;
             at = strstr(at + 1, "{\"id\":\"7219cafe-"), count++) {
            ck_assert_int_gt(atol(at + 7 + 24), last);
            last = atol(at + 7 + 24);
        }
        ck_assert_int_le(count, 7);
        seen += count;
        const char *found = strstr(reply.body.data, "],\"next\":\"");
        target[0] = '\0';
        if (found) {
            snprintf(next, sizeof(next), "%.*s", (int)strcspn(found + 10, "\""), found + 10);
            snprintf(target, sizeof(target), "%s&limit=7&next=%s", search, next);
        }
    }
    ck_assert_int_eq(seen, expected);
}

START_TEST(pages_are_soonest_first_without_gap_or_double)
{
    for (int number = 1; number <= 28; number++)
        trip(number, 24 + number / 5, "");
    walk(CITIES, 28);
}
END_TEST

START_TEST(pages_of_circles_are_soonest_first_too)
{
    for (int number = 1; number <= 28; number++)
        trip(number, 24 + number / 5, number % 3 ? "" : "\"origin_spot_lon_c\":199"); /* two squares */
    walk("/v1/trips?near_lat=48.86&near_lon=2.35&radius_km=50" TO, 28);
    walk("/v1/trips?near_lat=48.86&near_lon=2.35&radius_km=50&destination_country=SN&destination_city=Dakar",
         28);
    walk("/v1/trips?origin_country=FR&origin_city=Paris" TO, 28);
}
END_TEST

START_TEST(what_is_wrong_with_a_search_is_told)
{
    static const struct {
        const char *target, *told;
    } wrong[] = {
        {"/v1/trips", "{\"pointer\":\"/origin_city\",\"detail\":\"is required where no point is given\"}"},
        {"/v1/trips?origin_city=Paris" TO, "\"/origin_country\",\"detail\":\"is required with"},
        {"/v1/trips?origin_country=FR" TO, "\"/origin_city\",\"detail\":\"is required with"},
        {"/v1/trips?origin_country=fr&origin_city=Paris" TO, "\"/origin_country\""},
        {"/v1/trips?origin_country=FR&origin_city=" TO, "\"/origin_city\""},
        {"/v1/trips?near_lat=48&near_lon=2" TO, "\"/radius_km\",\"detail\":\"is required with"},
        {"/v1/trips?near_lat=48&radius_km=2" TO, "\"/near_lon\",\"detail\":\"is required with"},
        {"/v1/trips?near_lat=80.1&near_lon=2&radius_km=2" TO,
         "\"/near_lat\",\"detail\":\"must be a latitude"},
        {"/v1/trips?near_lat=4e1&near_lon=2&radius_km=2" TO, "\"/near_lat\",\"detail\":\"must be a latitude"},
        {"/v1/trips?near_lat=4.&near_lon=2&radius_km=2" TO, "\"/near_lat\",\"detail\":\"must be a latitude"},
        {"/v1/trips?near_lat=4&near_lon=180.0000001&radius_km=2" TO, "\"/near_lon\",\"detail\":\"must be a"},
        {"/v1/trips?near_lat=4&near_lon=0.00000001&radius_km=2" TO, "\"/near_lon\",\"detail\":\"must be a"},
        {"/v1/trips?near_lat=4&near_lon=--1&radius_km=2" TO, "\"/near_lon\",\"detail\":\"must be a"},
        {"/v1/trips?near_lat=4&near_lon=2&radius_km=101" TO,
         "\"/radius_km\",\"detail\":\"must be at most 100\""},
        {"/v1/trips?near_lat=4&near_lon=2&radius_km=2.5" TO, "\"/radius_km\""},
        {CITIES "&near_lat=4", "\"/origin_city\",\"detail\":\"stands beside a point"},
        {CITIES TO, "\"/destination_city\",\"detail\":\"stands beside a point"},
        {CITIES "&min_grams=0", "\"/min_grams\""},
        {CITIES "&min_grams=-5", "\"/min_grams\""},
        {CITIES "&max_price=3000", "\"/currency\",\"detail\":\"is required with max_price\""},
        {CITIES "&currency=USD", "\"/currency\",\"detail\":\"is no currency we deal in\""},
        {CITIES "&from=tomorrow", "\"/from\""},
        {CITIES "&from=2126-01-02T00:00:00Z&until=2126-01-01T00:00:00Z", "\"/until\""},
    };
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        expect(wrong[at].target, 422);
        ck_assert_msg(strstr(reply.body.data, wrong[at].told), "%s: %s", wrong[at].target, reply.body.data);
    }
}
END_TEST

START_TEST(a_search_that_cannot_be_read_is_a_bad_request)
{
    static const char *const wrong[] = {CITIES "&limit=0", CITIES "&next=AAAA", CITIES "&origin_city=Lyon",
                                        CITIES "&from=%FF%FE",
                                        ("/v1/trips?origin_country=FR&origin_city=%C3&destination_country=SN"
                                         "&destination_city=Dakar")};
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++)
        expect(wrong[at], 400);
}
END_TEST

START_TEST(whoever_is_signed_in_may_search)
{
    trip(1, 24, "");
    for (int at = 0; at < 3; at++) {
        static const char *const roles[] = {NULL, "staff", "lead"};
        reply_done(&reply);
        get_as(CLERK, roles[at], CITIES, &reply);
        ck_assert_int_eq(reply.status, 200);
        ck_assert_ptr_nonnull(strstr(reply.body.data, "7219cafe"));
    }
    reply_done(&reply);
    get_as(NULL, NULL, CITIES, &reply);
    ck_assert_int_eq(reply.status, 401);
}
END_TEST

/* Fifty thousand trips between a hundred cities, each a square of its own. */
static void many(void)
{
    trip(1, 24, "");
    site_sql(
        "insert into state.trip select (jsonb_populate_record(t, jsonb_build_object('id', gen_random_uuid(), "
        "'origin_city', 'City' || n %% 100, 'origin_spot_lat_c', n %% 100 * 50, 'destination_city', 'Town' "
        "|| "
        "n / 100 %% 100, 'destination_spot_lat_c', n / 100 %% 100 * 50, 'departs', now() + n * interval '5 "
        "minutes'))).* from state.trip t, generate_series(1, 50000) n");
    site_sql("analyze state.trip");
}

/* In this transaction the function reads state.trip by that index and in no other way. */
static void reads_by(const char *function, const char *index)
{
    site_sql("select pg_stat_force_next_flush()"); /* what is counted below begins at nought */
    site_sql(
        "begin; set local plan_cache_mode = force_generic_plan; "
        "do $$ begin perform * from api.%s, now(), '" PARCEL "', '2200-01-01', 1, 5000, 'XOF', 20); "
        "if (select seq_scan from pg_stat_xact_user_tables where relid = 'state.trip'::regclass) > 0 then "
        "raise exception 'it was read whole'; end if; "
        "if (select array_agg(indexrelid::regclass::text) from pg_index where indrelid = "
        "'state.trip'::regclass "
        "and pg_stat_get_xact_numscans(indexrelid) > 0) <> '{state.%s}' then "
        "raise exception 'another index: %%', (select array_agg(indexrelid::regclass::text) from pg_index "
        "where indrelid = 'state.trip'::regclass and pg_stat_get_xact_numscans(indexrelid) > 0); end if; end "
        "$$; commit",
        function, index);
}

START_TEST(every_shape_of_search_reads_by_its_own_index)
{
    many();
    reads_by("trips_city_city('FR', 'city7', 'SN', 'town3'", "trip_city_city");
    reads_by("trips_city_point('FR', 'city7', 150, -1747, 30", "trip_city_point");
    reads_by("trips_point_city(350, 235, 30, 'SN', 'town3'", "trip_point_city");
    reads_by("trips_point_point(350, 235, 30, 150, -1747, 30", "trip_point_point");
    expect("/v1/trips?origin_country=FR&origin_city=city7&destination_country=SN&destination_city=town3",
           200);
    ck_assert_ptr_nonnull(strstr(reply.body.data, "\"city\":\"Town3\""));
}
END_TEST

static void saved(int number, const char *members)
{
    char all[800];
    snprintf(all, sizeof(all),
             "{\"id\":\"5ea7c000-0000-8000-8000-%012d\",\"state\":\"saved\",\"owner\":\"" AWA
             "\",\"origin_country\":\"FR\",\"origin_city\":\"paris\",\"destination_country\":\"SN\","
             "\"destination_city\":\"DAKAR\"%s%s}",
             number, members[0] ? "," : "", members);
    site_row("search", all);
}

static void expect_matching(const char *numbers)
{
    site_sql(
        "do $$ declare found text; begin select coalesce(string_agg(right(search::text, 2)::int::text, ' ' "
        "order by search), '') into found from "
        "api.searches_matching('7219cafe-0000-8000-8000-000000000001'); "
        "if found <> '%s' then raise exception 'matching: %%', found; end if; end $$",
        numbers);
}

START_TEST(a_trip_answers_the_saved_searches_it_suits)
{
    trip(1, 24, "");
    site_sql("update state.trip set departs = '2126-01-02T00:00:00Z'");
    saved(1, "");
    saved(2, "\"from\":\"2126-01-02T00:00:00Z\",\"until\":\"2126-01-02T00:00:00Z\",\"min_grams\":6000,"
             "\"max_price\":3000,\"currency\":\"XOF\"");
    saved(3, "\"from\":\"2126-01-02T00:00:00.001Z\"");
    saved(4, "\"until\":\"2126-01-01T00:00:00Z\"");
    saved(5, "\"min_grams\":6001");
    saved(6, "\"max_price\":2999,\"currency\":\"XOF\"");
    saved(7, "\"currency\":\"EUR\"");
    saved(8, "\"origin_city\":\"Lyon\"");
    saved(9, "\"state\":\"dropped\"");
    saved(10, "\"owner\":\"" BINTA "\""); /* the traveller's own */
    expect_matching("1 2");
    site_sql("update state.trip set reserved_g = 10000");
    expect_matching("");
    site_sql("update state.trip set reserved_g = 0, state = 'cancelled'");
    expect_matching("");
}
END_TEST

START_TEST(saved_searches_are_matched_by_their_index_and_by_no_reader)
{
    trip(1, 24, "");
    site_sql("update state.trip set departs = '2126-01-02T00:00:00Z'");
    saved(1, "");
    site_sql("insert into state.search select (jsonb_populate_record(s, jsonb_build_object('id', "
             "gen_random_uuid(), "
             "'origin_city', 'City' || n))).* from state.search s, generate_series(1, 20000) n; analyze "
             "state.search");
    site_sql("select pg_stat_force_next_flush()");
    site_sql("begin; do $$ begin if (select count(*) from "
             "api.searches_matching('7219cafe-0000-8000-8000-000000000001')) <> 1 then raise exception 'not "
             "one'; end if; "
             "if pg_stat_get_xact_numscans('state.search'::regclass) > 0 or "
             "pg_stat_get_xact_numscans('state.search_route'::regclass) <> 1 then raise exception 'not by "
             "its index'; "
             "end if; end $$; commit");
    site_sql("do $$ begin if has_function_privilege('authenticated', 'api.searches_matching(uuid)', "
             "'execute') then "
             "raise exception 'anyone may ask'; end if; end $$");
}
END_TEST

TCase *search_cases(void)
{
    TCase *cases = tcase_create("search");
    tcase_add_checked_fixture(cases, site_start, site_stop);
    tcase_set_timeout(cases, 240); /* one fills 50,000 trips, beside whoever else uses the server */
    tcase_add_test(cases, a_trip_shows_what_everyone_may_know);
    tcase_add_test(cases, cities_are_found_whatever_the_case_of_their_letters);
    tcase_add_test(cases, only_trips_that_can_still_be_asked_for_are_found);
    tcase_add_test(cases, space_price_and_dates_narrow_a_search);
    tcase_add_test(cases, a_circle_holds_what_is_within_its_radius_along_the_great_circle);
    tcase_add_test(cases, a_circle_goes_over_the_180th_meridian_and_far_north);
    tcase_add_test(cases, each_end_may_be_a_city_or_a_circle);
    tcase_add_test(cases, pages_are_soonest_first_without_gap_or_double);
    tcase_add_test(cases, pages_of_circles_are_soonest_first_too);
    tcase_add_test(cases, what_is_wrong_with_a_search_is_told);
    tcase_add_test(cases, a_search_that_cannot_be_read_is_a_bad_request);
    tcase_add_test(cases, whoever_is_signed_in_may_search);
    tcase_add_test(cases, every_shape_of_search_reads_by_its_own_index);
    tcase_add_test(cases, a_trip_answers_the_saved_searches_it_suits);
    tcase_add_test(cases, saved_searches_are_matched_by_their_index_and_by_no_reader);
    return cases;
}
