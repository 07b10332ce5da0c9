/* SPDX-License-Identifier: Apache-2.0
 * A mix of all that people ask for, decided in batches of any size: what is decided must not depend on where
 * a batch begins. Also what each of them may see of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/projector/cases.h"

enum { PEOPLE = 6, TRIPS = 8, PARCELS = 24, BOOKINGS = 40, COMMANDS = 600, TEXT = 420 };

static struct event events[COMMANDS];
static char texts[COMMANDS][TEXT];
static const char *const people[PEOPLE] = {
    "11111111-1111-4111-8111-111111111111", "21111111-1111-4111-8111-111111111111",
    "31111111-1111-4111-8111-111111111111", "41111111-1111-4111-8111-111111111111",
    "51111111-1111-4111-8111-111111111111", "61111111-1111-4111-8111-111111111111",
};

static void subject_named(const char *kind, int number, char ret_subject[80])
{
    struct id id;

    id_numbered(kind, number, &id);
    (void)snprintf(ret_subject, 80, "%s/%s", kind, id.text);
}

static int any(int count)
{
    return (int)(random() % count);
}

static void make(int number, const char *type, const char *who, const char *role, const char *subject)
{
    events[number] = command_made(type, who, number, subject, texts[number]);
    strcpy(events[number].role, role);
    if (!who[0]) { /* timers are keyed by what they name */
        strcpy(events[number].key, strchr(subject, '/') + 1);
        events[number].raw_key = span_of(events[number].key);
    }
}

/* Everybody is known, may carry and be paid: three commands each. */
static int make_people(void)
{
    int number = 0;

    for (int i = 0; i < PEOPLE; i++) {
        char subject[80];

        (void)snprintf(subject, sizeof(subject), "profile/%s", people[i]);
        strcpy(texts[number],
               "{\"name\":\"Somebody\",\"email\":\"somebody@example.org\",\"language\":\"fr\"}");
        make(number++, "profile.update.v1", people[i], "person", subject);
        strcpy(texts[number], "{\"tier\":1,\"reason\":\"identity_checked\"}");
        make(number++, "profile.set_tier.v1", "99999999-9999-4999-8999-999999999999", "staff", subject);
        strcpy(texts[number],
               "{\"method\":\"mobile_money\",\"country\":\"SN\",\"provider\":\"orange\",\"account\":\"77\","
               "\"holder\":\"Somebody\"}");
        make(number++, "profile.set_payout_account.v1", people[i], "person", subject);
    }
    return number;
}

static void make_trip(int number, int trip)
{
    char subject[80];

    subject_named("trip", trip, subject);
    (void)snprintf(
        texts[number], TEXT,
        "{\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":"
        "\"Dakar\"},\"departs\":\"2027-01-20T08:00:00Z\",\"arrives\":\"2027-01-20T14:00:00Z\","
        "\"drop_off_until\":\"2027-01-20T05:00:00Z\",\"capacity_g\":6000,\"price_per_kg\":3900,"
        "\"currency\":\"XOF\"}");
    make(number, "trip.announce.v1", people[trip % PEOPLE], "person", subject);
}

static void make_parcel(int number, int parcel)
{
    struct event made = parcel_made(people[parcel % PEOPLE], parcel);

    (void)snprintf(texts[number], TEXT, "%.*s", (int)made.data.size, made.data.data);
    make(number, "parcel.register.v1", people[parcel % PEOPLE], "person", made.subject);
}

static void make_request(int number, int booking)
{
    char subject[80];
    struct id trip, parcel;
    int asked = any(PARCELS);

    subject_named("booking", booking, subject);
    id_numbered("trip", any(TRIPS), &trip);
    id_numbered("parcel", asked, &parcel);
    (void)snprintf(texts[number], TEXT, "{\"trip\":\"%s\",\"parcel\":\"%s\"}", trip.text, parcel.text);
    make(number, "booking.request.v1", people[asked % PEOPLE], "person", subject);
}

/* What anybody may say of a booking, a parcel, a trip; mostly it is not theirs to say. */
static const struct {
    const char *type, *kind, *role, *data;
} said[] = {
    {"booking.accept.v1", "booking", "person", "{}"},
    {"booking.accept.v1", "booking", "person", "{}"},
    {"booking.accept.v1", "booking", "person", "{}"},
    {"booking.pay.v1", "booking", "person", "{}"},
    {"booking.pay.v1", "booking", "person", "{}"},
    {"booking.pay.v1", "booking", "person", "{}"},
    {"booking.decline.v1", "booking", "person", "{\"reason\":\"no_room\"}"},
    {"booking.cancel.v1", "booking", "person", "{\"reason\":\"changed_mind\"}"},
    {"booking.expire.v1", "booking", "system", "{\"epoch\":1,\"due\":\"2027-01-16T08:00:00Z\"}"},
    {"booking.redate.v1", "booking", "system", "{}"},
    {"parcel.cancel.v1", "parcel", "person", "{\"reason\":\"mistake\"}"},
    {"parcel.attach_photo.v1", "parcel", "person",
     "{\"digest\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\",\"stage\":"
     "\"register\","
     "\"type\":\"jpeg\"}"},
    {"trip.redate.v1", "trip", "person",
     "{\"departs\":\"2027-01-21T08:00:00Z\",\"arrives\":\"2027-01-21T14:00:00Z\",\"drop_off_until\":"
     "\"2027-01-21T05:00:00Z\"}"},
    {"trip.cancel.v1", "trip", "person", "{\"reason\":\"cannot_travel\"}"},
};

static void make_said(int number)
{
    int what = any((int)(sizeof(said) / sizeof(said[0])));
    const char *kind = said[what].kind;
    int most = kind[0] == 'b' ? BOOKINGS : kind[0] == 'p' ? PARCELS : TRIPS;
    char subject[80];

    if (kind[0] == 't' && any(4) != 0)
        what = any(6); /* trips are rarely given up */
    kind = said[what].kind;
    most = kind[0] == 'b' ? BOOKINGS : most;
    subject_named(kind, any(most), subject);
    strcpy(texts[number], said[what].data);
    make(number, said[what].type, strcmp(said[what].role, "system") == 0 ? "" : people[any(PEOPLE)],
         said[what].role, subject);
}

static void make_mix(void)
{
    int number = make_people(), trips = 0, parcels = 0, bookings = 0;

    for (; number < COMMANDS; number++) {
        int next = any(20);

        if (next < 2 && trips < TRIPS)
            make_trip(number, trips++);
        else if (next < 6 && parcels < PARCELS)
            make_parcel(number, parcels++);
        else if (next < 9 && bookings < BOOKINGS)
            make_request(number, bookings++);
        else
            make_said(number);
    }
}

/* Everything that was decided, as one digest. */
static void decided(char ret_digest[40])
{
    CLEANUP(buf_done) struct buf sql = {0};

    buf_text(&sql,
             "select md5(string_agg(t, chr(10) order by t)) from (select row_to_json(v)::text t from "
             "bus.verdict v "
             "union all select row_to_json(l)::text from bus.ledger l union all select event::text || key || "
             "value || topic || coalesce(due::text, '') || (headers::jsonb - 'traceparent')::text from "
             "bus.outbox");
    for (int m = 0; machines[m]; m++)
        buf_format(
            &sql,
            " union all select row_to_json(s)::text from state.%s s union all select row_to_json(p)::text "
            "from private.%s p",
            machines[m]->kind, machines[m]->kind);
    buf_text(&sql, ") all_of_it");
    sql_text(sql.data, ret_digest, 40);
}

static int run_in_batches(int most, char ret_digest[40])
{
    struct bench bench;
    int splits;

    bench_start(&bench);
    bench.ahead = (size_t)most / 3;
    for (int from = 0, size; from < COMMANDS; from += size) {
        size = most > 1 ? 1 + any(most) : 1;
        size = size > COMMANDS - from ? COMMANDS - from : size;
        ck_assert_int_eq(bench_run(&bench, &events[from], (size_t)size), READER_DONE);
    }
    decided(ret_digest);
    splits = bench.splits;
    bench_done(&bench);
    return splits;
}

START_TEST(what_is_decided_does_not_depend_on_where_a_batch_begins)
{
    unsigned seed = (unsigned)time(NULL) + (unsigned)_i;
    char alone[40], whole[40], some[40];
    int splits;

    fprintf(stderr, "# seed %u\n", seed);
    srandom(seed);
    make_mix();
    (void)run_in_batches(1, alone);
    ck_assert_int_eq(sql_number("select count(*) from bus.verdict"), COMMANDS);
    ck_assert_int_eq(sql_number("select count(*) from bus.parked"), 0);
    ck_assert_int_ge(sql_number("select count(*) from state.booking"), 5);
    ck_assert_int_eq(
        sql_number("select count(*) from state.trip where reserved_g not between 0 and capacity_g"), 0);
    splits = run_in_batches(COMMANDS, whole);
    ck_assert_str_eq(whole, alone);
    splits += run_in_batches(60, some);
    ck_assert_str_eq(some, alone);
    fprintf(stderr, "# %d splits, %d bookings\n", splits,
            (int)sql_number("select count(*) from state.booking"));
}
END_TEST

TCase *mixed_cases(void)
{
    TCase *cases = tcase_create("mixed");

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, what_is_decided_does_not_depend_on_where_a_batch_begins, 0, 3);
    return cases;
}
