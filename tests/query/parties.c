/* SPDX-License-Identifier: Apache-2.0
 * One booking and all that belongs to it, as its sender, its traveller, its recipient, staff and a stranger
 * read it: each what is theirs to see, and nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/crypto.h"
#include "shared/http/link.h"
#include "tests/query/program.h"
#include "tests/query/site.h"

#define STRANGER "44444444-4444-4444-8444-444444444444"
#define BOOKING  "b0000000-0000-8000-8000-000000000001"
#define TRIP     "70000000-0000-8000-8000-000000000001"
#define PAYMENT  "a0000000-0000-8000-8000-000000000001"
#define REVIEW   "e0000000-0000-8000-8000-000000000001"
#define OWN      "\"sender\":\"" AWA "\",\"traveller\":\"" BINTA "\""
#define TRACKING "/v1/bookings/" BOOKING "/tracking"

static struct reply reply;

static void expect(const char *user, const char *role, const char *target, int status)
{
    reply_done(&reply);
    get_as(user, role, target, &reply);
    ck_assert_msg(reply.status == status, "%s: %d %s", target, reply.status, reply.body.data);
}

static void has(const char *part)
{
    ck_assert_msg(strstr(reply.body.data, part), "no %s in %s", part, reply.body.data);
}

static void lacks(const char *part)
{
    ck_assert_msg(!strstr(reply.body.data, part), "%s in %s", part, reply.body.data);
}

static void parcel_make(void)
{
    site_parcel(PARCEL, AWA, 1000);
    site_sql("update state.parcel set state = 'booked', booking = '" BOOKING "', trip = '" TRIP
             "', traveller = '" BINTA "', version = 4");
}

static void trip_make(void)
{
    site_row("trip", "{\"id\":\"" TRIP "\",\"version\":7,\"state\":\"announced\",\"traveller\":\"" BINTA
                     "\",\"origin_country\":\"FR\",\"origin_city\":\"Paris\",\"destination_country\":\"SN\","
                     "\"destination_city\":\"Dakar\",\"capacity_g\":10000,\"reserved_g\":2500,\"redates\":1,"
                     "\"bookings\":[{\"booking\":\"" BOOKING
                     "\",\"grams\":2500,\"exposure\":10,\"on_board\":false}]}");
    site_sql("insert into private.trip values ('" TRIP "', 'announce', 1, '{\"flight\":\"AF718\"}')");
}

static void payment_make(void)
{
    site_row(
        "payment",
        "{\"id\":\"" PAYMENT "\",\"booking\":\"" BOOKING "\",\"state\":\"due\"," OWN
        ",\"total\":10920,\"attempts\":[{\"n\":1,\"state\":\"failed\",\"link_n\":3},"
        "{\"n\":2,\"state\":\"open\",\"link_n\":5}],\"orders\":[{\"n\":1,\"to\":\"sender\",\"amount\":7800},"
        "{\"n\":2,\"to\":\"traveller\",\"amount\":1950}]}");
    site_sql("insert into private.payment values ('" PAYMENT
             "', 'link', 3, '{\"link\":\"https://pay.example/old\"}'), ('" PAYMENT
             "', 'link', 5, '{\"link\":\"https://pay.example/new\"}')");
}

static void all_make(void)
{
    site_start();
    parcel_make();
    trip_make();
    site_row("booking", "{\"id\":\"" BOOKING "\",\"version\":6,\"state\":\"paid\",\"trip\":\"" TRIP
                        "\",\"payment\":\"" PAYMENT "\",\"review\":\"" REVIEW "\"," OWN
                        ",\"grams\":2500,\"carriage\":9750,\"fee\":1170}");
    payment_make();
    site_row("review", "{\"id\":\"" REVIEW "\",\"booking\":\"" BOOKING "\",\"state\":\"sealed\"," OWN
                       ",\"sender_score\":5,\"traveller_score\":2}");
}

/* --- trips --- */

START_TEST(my_trips_are_listed_whole_and_mine_only)
{
    expect(BINTA, NULL, "/v1/me/trips", 200);
    has("{\"items\":[{\"id\":\"" TRIP "\"");
    has("\"left_g\":7500");
    has("\"announced\":{\"flight\":\"AF718\"}");
    expect(AWA, NULL, "/v1/me/trips", 200);
    ck_assert_str_eq(reply.body.data, "{\"items\":[]}");
    expect(CLERK, "staff", "/v1/me/trips", 200);
    ck_assert_str_eq(reply.body.data, "{\"items\":[]}");
}
END_TEST

START_TEST(a_trip_tells_its_traveller_and_staff_more_than_others)
{
    expect(BINTA, NULL, "/v1/trips/" TRIP, 200);
    has("\"bookings\":[{");
    has("AF718");
    has("\"reserved_g\":2500");
    ck_assert_int_eq(reply_version(&reply), 7);
    expect(CLERK, "staff", "/v1/trips/" TRIP, 200);
    has("\"bookings\":[{");
    expect(AWA, NULL, "/v1/trips/" TRIP, 200);
    has("\"left_g\":7500");
    lacks("bookings");
    lacks("AF718");
    lacks("reserved_g");
    expect(AWA, NULL, "/v1/trips/" BOOKING, 404);
}
END_TEST

/* --- parcels --- */

START_TEST(the_traveller_sees_the_parcel_from_paid_until_the_booking_ends)
{
    static const struct {
        const char *state;
        int status;
    } rows[] = {{"requested", 404}, {"accepted", 404},  {"paid", 200},      {"collected", 200},
                {"delivered", 200}, {"disputed", 200},  {"declined", 404},  {"refused_at_pickup", 200},
                {"expired", 404},   {"cancelled", 404}, {"completed", 404}, {"resolved", 404}};
    for (size_t at = 0; at < sizeof(rows) / sizeof(rows[0]); at++) {
        site_sql("update state.booking set state = '%s'", rows[at].state);
        expect(BINTA, NULL, "/v1/parcels/" PARCEL, rows[at].status);
        if (rows[at].status == 200)
            has("\"recipient\":{\"name\":\"Awa Ndiaye\"");
        expect(STRANGER, NULL, "/v1/parcels/" PARCEL, 404);
    }
    expect(BINTA, NULL, "/v1/parcels", 200);
    ck_assert_str_eq(reply.body.data, "{\"items\":[]}");
}
END_TEST

START_TEST(a_parcel_shows_the_recipient_it_names_and_the_rest_as_said_last)
{
    site_sql(
        "insert into private.parcel values ('" PARCEL
        "', 'correct', 3, '{\"description\":\"tissus\",\"origin\":{\"street\":\"3 rue Lepic\",\"point\":"
        "{\"lat_e7\":488600000,\"lon_e7\":23500000}}}'), ('" PARCEL
        "', 'correct', 4, '{\"recipient\":{\"name\":\"Moussa Fall\",\"phone\":\"+221780000000\"}}'), "
        "('" PARCEL
        "', 'correct', 6, '{\"recipient\":{\"name\":\"Not yet\",\"phone\":\"+221790000000\"}}'), ('" PARCEL
        "', 'clear_flag', 7, '{\"note\":\"n\",\"description\":\"no\"}')");
    site_sql("update state.parcel set recipient_n = 4, recipient_changes = 1");
    expect(AWA, NULL, "/v1/parcels/" PARCEL, 200);
    has("\"recipient\":{\"name\":\"Moussa Fall\",\"phone\":\"+221780000000\"}");
    has("\"origin\":{\"country\":\"FR\",\"city\":\"Paris\",\"street\":\"3 rue Lepic\",\"point\":{");
    has("\"description\":\"tissus\"");
    has("\"recipient_n\":4");
    lacks("Ndiaye");
    lacks("Gare");
    expect(AWA, NULL, "/v1/parcels", 200);
    has("Moussa Fall");
}
END_TEST

START_TEST(a_parcel_shows_all_it_has_been_through)
{
    site_sql(
        "update state.parcel set size_length_mm = 300, size_width_mm = 200, size_height_mm = 100, "
        "flag = 'undeclared', arrived_at = '2026-11-23T10:00:00Z', delivered_at = '2026-11-24T10:00:00Z', "
        "outcome = 'delivered', photos = '[{\"by\":\"sender\",\"type\":\"jpeg\",\"stage\":\"register\"}]'");
    expect(AWA, NULL, "/v1/parcels/" PARCEL, 200);
    has("\"weight_g\":2500,\"size\":{\"length_mm\":300,\"width_mm\":200,\"height_mm\":100},\"category\"");
    has("\"flag\":\"undeclared\",\"booking\":\"" BOOKING "\",\"trip\":\"" TRIP "\",\"traveller\":\"" BINTA
        "\"");
    has("\"arrived_at\":\"2026-11-23T10:00:00Z\",\"delivered_at\":\"2026-11-24T10:00:00Z\",\"outcome\":"
        "\"delivered\"");
    has("\"stage\":\"register\"");
}
END_TEST

/* --- bookings --- */

START_TEST(a_booking_and_its_money_are_its_parties_and_staffs)
{
    static const char *const targets[] = {"/v1/bookings/" BOOKING, "/v1/bookings/" BOOKING "/payment",
                                          "/v1/bookings/" BOOKING "/ledger", "/v1/payments/" PAYMENT,
                                          "/v1/bookings/" BOOKING "/history"};
    for (size_t at = 0; at < sizeof(targets) / sizeof(targets[0]); at++) {
        expect(AWA, NULL, targets[at], 200);
        expect(BINTA, NULL, targets[at], 200);
        expect(CLERK, "staff", targets[at], 200);
        expect(CLERK, "lead", targets[at], 200);
        expect(STRANGER, NULL, targets[at], 404);
        expect(NULL, NULL, targets[at], 401);
    }
}
END_TEST

START_TEST(a_booking_says_what_it_costs_and_no_code)
{
    expect(AWA, NULL, "/v1/bookings/" BOOKING, 200);
    has("\"carriage\":9750,\"fee\":1170,\"total\":10920");
    has("\"state\":\"paid\"");
    lacks("code");
    ck_assert_int_eq(reply_version(&reply), 6);
}
END_TEST

static void booking(int number, const char *sender, const char *traveller, int minute)
{
    char members[400];
    snprintf(members, sizeof(members),
             "{\"id\":\"b0000000-0000-8000-8000-%012d\",\"sender\":\"%s\",\"traveller\":\"%s\","
             "\"requested_at\":\"2026-11-23T10:%02d:00Z\"}",
             number, sender, traveller, minute);
    site_row("booking", members);
}

START_TEST(bookings_i_send_and_carry_are_one_list_newest_first)
{
    booking(2, AWA, STRANGER, 1);
    booking(3, STRANGER, AWA, 2);
    booking(4, STRANGER, BINTA, 3);
    booking(5, AWA, BINTA, 4);
    expect(AWA, NULL, "/v1/bookings?limit=2", 200);
    const char *first = strstr(reply.body.data, "\"id\":\"b0000000-0000-8000-8000-000000000005\"");
    const char *second = strstr(reply.body.data, "\"id\":\"b0000000-0000-8000-8000-000000000003\"");
    const char *next = strstr(reply.body.data, "],\"next\":\"");
    ck_assert(first && second && next && first < second);
    lacks("000000000004\"");
    lacks("000000000002\"");
    char target[200];
    snprintf(target, sizeof(target), "/v1/bookings?limit=2&next=%.*s", (int)strcspn(next + 10, "\""),
             next + 10);
    expect(AWA, NULL, target, 200);
    has("000000000002\"");
    has("\"id\":\"" BOOKING "\"");
    lacks("next");
}
END_TEST

/* --- money --- */

START_TEST(the_page_to_pay_on_is_shown_to_the_sender_while_money_is_due)
{
    expect(AWA, NULL, "/v1/bookings/" BOOKING "/payment", 200);
    has("\"link\":\"https://pay.example/new\"");
    lacks("old");
    expect(BINTA, NULL, "/v1/bookings/" BOOKING "/payment", 200);
    lacks("pay.example");
    expect(CLERK, "staff", "/v1/bookings/" BOOKING "/payment", 200);
    lacks("pay.example");
    site_sql("update state.payment set attempts = '[{\"n\":2,\"state\":\"failed\",\"link_n\":5}]'");
    expect(AWA, NULL, "/v1/payments/" PAYMENT, 200);
    lacks("pay.example");
    site_sql(
        "update state.payment set attempts = '[{\"n\":2,\"state\":\"open\",\"link_n\":5}]', state = 'held'");
    expect(AWA, NULL, "/v1/payments/" PAYMENT, 200);
    lacks("pay.example");
}
END_TEST

START_TEST(each_party_sees_the_orders_that_go_to_them)
{
    expect(AWA, NULL, "/v1/payments/" PAYMENT, 200);
    has("7800");
    lacks("1950");
    has("attempts");
    expect(BINTA, NULL, "/v1/payments/" PAYMENT, 200);
    has("1950");
    lacks("7800");
    lacks("attempts");
    expect(CLERK, "staff", "/v1/payments/" PAYMENT, 200);
    has("7800");
    has("1950");
}
END_TEST

START_TEST(money_nobody_knows_is_seen_by_staff_alone)
{
    site_sql("update state.payment set booking = null, sender = null, traveller = null, state = 'unmatched'");
    expect(CLERK, "staff", "/v1/payments/" PAYMENT, 200);
    expect(AWA, NULL, "/v1/payments/" PAYMENT, 404);
    expect(BINTA, NULL, "/v1/payments/" PAYMENT, 404);
}
END_TEST

static void journal(int number, const char *at, const char *account, long long amount)
{
    site_sql(
        "insert into bus.ledger select ('d0000000-0000-8000-8000-' || lpad('%d', 12, '0'))::uuid, l.line, "
        "'" BOOKING "', '" PAYMENT "', l.account, 'XOF', l.amount, '%s' from (values (0, 'provider', %lld), "
        "(1, '%s', %lld)) l (line, account, amount)",
        number, at, amount, account, -amount);
}

START_TEST(the_ledger_has_every_journal_in_its_order_and_the_balances)
{
    for (int number = 1; number <= 12; number++)
        journal(number, "2026-11-22T10:00:00Z", "sender", 100);
    journal(13, "2026-11-22T11:00:00Z", "costs", -50);
    expect(AWA, NULL, "/v1/bookings/" BOOKING "/ledger", 200);
    const char *last = reply.body.data;
    for (int number = 1; number <= 13; number++) {
        char id[60];
        snprintf(id, sizeof(id), "{\"id\" : \"d0000000-0000-8000-8000-%012d\"", number);
        const char *at = strstr(reply.body.data, id);
        ck_assert_msg(at && at > last, "%s is not in its place: %s", id, reply.body.data);
        last = at;
    }
    has("{\"account\" : \"provider\", \"currency\" : \"XOF\", \"amount\" : 1150}");
    has("{\"account\" : \"sender\", \"currency\" : \"XOF\", \"amount\" : -1200}");
    has("{\"account\" : \"costs\", \"currency\" : \"XOF\", \"amount\" : 50}");
}
END_TEST

/* --- reviews, people, saved searches --- */

START_TEST(a_review_hides_the_others_score_until_it_is_published)
{
    expect(AWA, NULL, "/v1/reviews/" REVIEW, 200);
    has("\"sender_score\":5");
    lacks("traveller_score");
    expect(BINTA, NULL, "/v1/reviews/" REVIEW, 200);
    has("\"traveller_score\":2");
    lacks("sender_score");
    expect(CLERK, "staff", "/v1/reviews/" REVIEW, 200);
    lacks("_score");
    expect(STRANGER, NULL, "/v1/reviews/" REVIEW, 404);
    site_sql("update state.review set state = 'published'");
    for (int at = 0; at < 3; at++) {
        static const char *const who[] = {AWA, BINTA, STRANGER};
        expect(who[at], NULL, "/v1/reviews/" REVIEW, 200);
        has("\"sender_score\":5");
        has("\"traveller_score\":2");
    }
}
END_TEST

START_TEST(the_standing_of_a_person_is_for_staff)
{
    site_row("profile", "{\"id\":\"" AWA "\",\"version\":3,\"state\":\"known\",\"tier\":2,\"done\":4}");
    site_sql("insert into private.profile values ('" AWA "', 'profile', 0, '{\"name\":\"Awa\"}')");
    expect(CLERK, "staff", "/v1/people/" AWA, 200);
    has("\"tier\"");
    lacks("Awa");
    expect(CLERK, "lead", "/v1/people/" AWA, 200);
    expect(CLERK, "staff", "/v1/people/" BINTA, 404);
    expect(AWA, NULL, "/v1/people/" AWA, 403);
    expect(BINTA, NULL, "/v1/people/" AWA, 403);
}
END_TEST

START_TEST(saved_searches_are_their_owners)
{
    site_row("search", "{\"id\":\"" REVIEW "\",\"state\":\"saved\",\"owner\":\"" AWA
                       "\",\"origin_country\":\"FR\",\"origin_city\":\"Paris\",\"max_price\":3000}");
    site_row("search", "{\"id\":\"" TRIP "\",\"state\":\"dropped\",\"owner\":\"" AWA "\"}");
    expect(AWA, NULL, "/v1/searches", 200);
    has("{\"items\":[{\"id\":\"" REVIEW "\"");
    has("\"max_price\":3000");
    lacks(TRIP);
    expect(AWA, NULL, "/v1/searches/" REVIEW, 200);
    expect(BINTA, NULL, "/v1/searches/" REVIEW, 404);
    expect(CLERK, "staff", "/v1/searches/" REVIEW, 404);
    expect(BINTA, NULL, "/v1/searches", 200);
    ck_assert_str_eq(reply.body.data, "{\"items\":[]}");
}
END_TEST

/* --- the recipient, by their link --- */

static void track(const char *booking, int64_t n, const char *target, int status)
{
    struct link_key key;
    struct link link = {.n = n};
    char text[LINK_TEXT], header[120];
    ck_assert_int_eq(crypto_key_text(SPAN(COUNTING_KEY), key.bytes), 0);
    ck_assert_int_eq(id_parse(span_of(booking), &link.booking), 0);
    link_make(&key, &link, text);
    snprintf(header, sizeof(header), "Authorization: Bearer %s\r\n", text);
    reply_done(&reply);
    client_read(client_send(NULL, NULL, target, header), &reply);
    ck_assert_msg(reply.status == status, "%s: %d %s", target, reply.status, reply.body.data);
}

START_TEST(a_recipient_sees_how_far_the_parcel_is_and_nothing_private)
{
    site_sql("update state.booking set state = 'delivered', collected_at = '2026-11-23T08:00:00Z', "
             "delivered_at = '2026-11-24T09:00:00Z'");
    site_sql("update state.parcel set state = 'delivered', arrived_at = '2026-11-24T07:00:00Z', "
             "delivered_at = '2026-11-24T09:00:00Z', photos = '[{\"stage\":\"seal\",\"by\":\"traveller\","
             "\"digest\":\"44f8\"},{\"stage\":\"delivery\",\"by\":\"traveller\",\"digest\":\"55f8\"}]'");
    track(BOOKING, 1, TRACKING, 200);
    ck_assert_str_eq(reply.body.data,
                     "{\"booking\":\"" BOOKING
                     "\",\"state\":\"delivered\",\"changed_at\":\"2026-11-22T10:00:00Z\","
                     "\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\","
                     "\"city\":\"Dakar\"},"
                     "\"departs\":\"2026-11-22T10:00:00Z\",\"arrives\":\"2026-11-22T10:00:00Z\","
                     "\"collected_at\":\"2026-11-23T08:00:00Z\",\"delivered_at\":\"2026-11-24T09:00:00Z\","
                     "\"parcel\":{\"state\":\"delivered\",\"changed_at\":\"2026-11-22T10:00:00.123Z\","
                     "\"arrived_at\":\"2026-11-24T07:00:00Z\",\"delivered_at\":\"2026-11-24T09:00:00Z\","
                     "\"photos\":[\"seal\",\"delivery\"]}}");
    ck_assert_int_eq(reply_version(&reply), 10);
}
END_TEST

START_TEST(a_link_is_good_for_its_booking_while_the_parcel_names_its_recipient)
{
    booking(2, AWA, BINTA, 1);
    track(BOOKING, 2, TRACKING, 404);
    track("b0000000-0000-8000-8000-000000000002", 1, TRACKING, 404);
    site_sql("update state.parcel set recipient_n = 4");
    track(BOOKING, 1, TRACKING, 404);
    track(BOOKING, 4, TRACKING, 200);
}
END_TEST

START_TEST(a_parcel_in_another_booking_is_not_tracked_by_this_one)
{
    site_sql("update state.booking set state = 'cancelled'");
    site_sql("update state.parcel set booking = '" PAYMENT "', state = 'collected'");
    track(BOOKING, 1, TRACKING, 200);
    has("\"state\":\"cancelled\"");
    lacks("\"parcel\"");
    lacks("collected");
}
END_TEST

START_TEST(a_link_opens_nothing_else_and_tracking_nobody_else)
{
    track(BOOKING, 1, "/v1/bookings/" BOOKING, 403);
    track(BOOKING, 1, "/v1/parcels/" PARCEL, 403);
    track(BOOKING, 1, "/v1/bookings/" BOOKING "/payment", 403);
    track(BOOKING, 1, "/v1/bookings/" BOOKING "/codes", 403);
    track(BOOKING, 1, "/v1/trips/" TRIP, 403);
    expect(AWA, NULL, TRACKING, 403);
    expect(CLERK, "staff", TRACKING, 403);
    expect(AWA, "recipient", TRACKING, 403); /* a word in a token makes nobody one */
}
END_TEST

/* In the database too: whoever speaks to it with claims of a person gets nothing by asking. */
START_TEST(tracking_believes_claims_and_no_argument)
{
    site_sql("begin; set local role authenticated; set local request.jwt.claims = '{\"sub\":\"" STRANGER
             "\"}'; "
             "do $$ begin if exists (select from api.tracking('" BOOKING
             "')) then raise exception 'shown'; end if; "
             "end $$; set local request.jwt.claims = '{\"sub\":\"" STRANGER
             "\",\"app_metadata\":{\"colis_role\":\"recipient\",\"colis_booking\":\"" BOOKING
             "\",\"colis_recipient\":1}}'; do $$ begin if not exists (select from api.tracking('" BOOKING
             "')) then raise exception 'not shown'; end if; end $$; commit");
}
END_TEST

TCase *party_cases(void)
{
    TCase *cases = tcase_create("party");
    tcase_add_checked_fixture(cases, all_make, site_stop);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, my_trips_are_listed_whole_and_mine_only);
    tcase_add_test(cases, a_trip_tells_its_traveller_and_staff_more_than_others);
    tcase_add_test(cases, the_traveller_sees_the_parcel_from_paid_until_the_booking_ends);
    tcase_add_test(cases, a_parcel_shows_the_recipient_it_names_and_the_rest_as_said_last);
    tcase_add_test(cases, a_parcel_shows_all_it_has_been_through);
    tcase_add_test(cases, a_booking_and_its_money_are_its_parties_and_staffs);
    tcase_add_test(cases, a_booking_says_what_it_costs_and_no_code);
    tcase_add_test(cases, bookings_i_send_and_carry_are_one_list_newest_first);
    tcase_add_test(cases, the_page_to_pay_on_is_shown_to_the_sender_while_money_is_due);
    tcase_add_test(cases, each_party_sees_the_orders_that_go_to_them);
    tcase_add_test(cases, money_nobody_knows_is_seen_by_staff_alone);
    tcase_add_test(cases, the_ledger_has_every_journal_in_its_order_and_the_balances);
    tcase_add_test(cases, a_review_hides_the_others_score_until_it_is_published);
    tcase_add_test(cases, the_standing_of_a_person_is_for_staff);
    tcase_add_test(cases, saved_searches_are_their_owners);
    tcase_add_test(cases, a_recipient_sees_how_far_the_parcel_is_and_nothing_private);
    tcase_add_test(cases, a_link_is_good_for_its_booking_while_the_parcel_names_its_recipient);
    tcase_add_test(cases, a_parcel_in_another_booking_is_not_tracked_by_this_one);
    tcase_add_test(cases, a_link_opens_nothing_else_and_tracking_nobody_else);
    tcase_add_test(cases, tracking_believes_claims_and_no_argument);
    return cases;
}
