/* SPDX-License-Identifier: Apache-2.0
 * Commands of two people who agree on a parcel, and what must be known before they can. */
#include "tests/projector/scene.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"

const char awa[] = "11111111-1111-4111-8111-111111111111";
const char moussa[] = "22222222-2222-4222-8222-222222222222";
const char fatou[] = "33333333-3333-4333-8333-333333333333";
static const char staff[] = "99999999-9999-4999-8999-999999999999";

/* Text that outlives the batch it stands in. */
struct span kept(const char *format, const char *first, const char *second)
{
    static char texts[64][400];
    static int next;
    char *text = texts[next++ % 64];

    return (struct span){text, (size_t)snprintf(text, sizeof(texts[0]), format, first, second)};
}

void named(const char *kind, int number, char ret_subject[80])
{
    struct id id;

    id_numbered(kind, number, &id);
    (void)snprintf(ret_subject, 80, "%s/%s", kind, id.text);
}

struct event by_role(struct event event, const char *role)
{
    strcpy(event.role, role);
    return event;
}

static struct event on_profile(const char *type, const char *person, const char *by, int number,
                               const char *data)
{
    return command_made(type, by, number, kept("profile/%s%s", person, "").data, data);
}

/* Moussa may carry and be paid; offsets 0 to 3. */
void people_made(struct bench *bench)
{
    struct event events[4] = {
        on_profile("profile.update.v1", awa, awa, 0,
                   "{\"name\":\"Awa\",\"email\":\"someone@example.org\",\"language\":\"fr\"}"),
        on_profile("profile.update.v1", moussa, moussa, 1,
                   "{\"name\":\"Moussa\",\"email\":\"someone@example.org\",\"language\":\"fr\"}"),
        by_role(on_profile("profile.set_tier.v1", moussa, staff, 2,
                           "{\"tier\":1,\"reason\":\"identity_checked\"}"),
                "staff"),
        on_profile("profile.set_payout_account.v1", moussa, moussa, 3,
                   "{\"method\":\"mobile_money\",\"country\":\"SN\",\"provider\":\"orange\",\"account\":"
                   "\"770000001\","
                   "\"holder\":\"Moussa Ba\"}"),
    };

    ck_assert_int_eq(bench_run(bench, events, 4), READER_DONE);
    expect_refused("");
}

/* The stored time of all is 2027-01-15T08:00Z. */
struct event trip_announced(int number, int trip, const char *capacity)
{
    char subject[80];

    named("trip", trip, subject);
    return command_made(
        "trip.announce.v1", moussa, number, subject,
        kept("{\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\","
             "\"city\":\"Dakar\"},\"departs\":\"2027-01-20T08:00:00Z\",\"arrives\":"
             "\"2027-01-20T14:00:00Z\",\"drop_off_until\":\"2027-01-20T05:00:00Z\",\"capacity_g\":%s,"
             "\"price_per_kg\":3900,\"currency\":\"XOF\"}%s",
             capacity, "")
            .data);
}

struct event asked_for(int number, const char *person, int booking, int trip, int parcel)
{
    char subject[80];
    struct id trip_id, parcel_id;

    named("booking", booking, subject);
    id_numbered("trip", trip, &trip_id);
    id_numbered("parcel", parcel, &parcel_id);
    return command_made("booking.request.v1", person, number, subject,
                        kept("{\"trip\":\"%s\",\"parcel\":\"%s\"}", trip_id.text, parcel_id.text).data);
}

struct event on_booking(const char *type, int number, const char *person, int booking, const char *data)
{
    char subject[80];

    named("booking", booking, subject);
    return command_made(type, person, number, subject, data);
}

/* parcel_made with a number of its own for the command. */
struct event parcel_of(int number, const char *person, int parcel)
{
    struct event event = parcel_made(person, number);

    subject_of(parcel, event.subject);
    return event;
}

void booking_begun(struct event *events, int count)
{
    const struct event begun[] = {
        trip_announced(4, 1, "10000"), parcel_of(5, awa, 1), asked_for(6, awa, 1, 1, 1),
        on_booking("booking.accept.v1", 7, moussa, 1, "{}"), on_booking("booking.pay.v1", 8, awa, 1, "{}")};

    memcpy(events, begun, (size_t)count * sizeof(begun[0]));
}

void poison_on(void)
{
    sql_run("alter table state.parcel add constraint poison check (weight_g <> 666)");
}

void poison_off(void)
{
    sql_run("alter table state.parcel drop constraint if exists poison");
}

struct event poisoned(const char *person, int number)
{
    struct event event = parcel_made(person, number);

    event.data =
        SPAN("{\"recipient\":{\"name\":\"Awa\",\"phone\":\"+221770000000\"},\"origin\":{\"country\":\"FR\","
             "\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"weight_g\":666,"
             "\"category\":\"clothes\",\"value\":{\"amount\":40000,\"currency\":\"XOF\"},"
             "\"declaration\":{\"agreed\":true,\"text_version\":1}}");
    return event;
}

int parked_drained(struct bench *bench)
{
    struct parked parked = {
        .store = &bench->store, .batch = &bench->batch, .owned = &bench->position, .owned_count = 1};
    int outcome;

    clock_hold(clock_wall_ms(), clock_steady_ms());
    outcome = parked_drain(&parked);
    clock_release();
    return outcome;
}

void headers_written(struct event *event, struct buf *headers)
{
    buf_clear(headers);
    event_headers_json(event, headers);
    event->raw_headers = buf_as_span(headers);
}

void park_two(struct bench *bench)
{
    struct event events[3] = {poisoned(awa, 0), parcel_made(awa, 1), parcel_made(moussa, 2)};
    static struct buf headers[2];

    for (int i = 0; i < 2; i++)
        headers_written(&events[i], &headers[i]);
    bench_start(bench);
    poison_off();
    poison_on();
    ck_assert_int_eq(bench_run(bench, events, 3), READER_FAILED);
    ck_assert_int_eq(sql_number("select count(*) from bus.verdict"), 0);
    ck_assert_int_eq(bench_run(bench, &events[0], 1), READER_FAILED);
    ck_assert_int_eq(bench_reject(bench, &events[0], "the database refused it"), READER_DONE);
    ck_assert_int_eq(bench_run(bench, &events[1], 2), READER_DONE);
}
