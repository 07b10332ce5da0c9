/* SPDX-License-Identifier: Apache-2.0
 * Random walks over a booking with its trip, parcel and money: people say what they please, what follows is
 * decided in any order, timers fire when due. Whatever comes of it, each decision stands against its row, its
 * fold and the ledger (scene.c), and the laws below hold; in the end every row of bookings was walked over.
 */
#include "shared/domain/payment_facts.h"
#include "tests/domain/walk.h"

/* WALKS comes from the build: a sanitizer's is ten times slower, and has fewer. ENOUGH meet every row. */
enum { ENOUGH = 2000, STEPS = 120, WAITING = 256, RULES = 128 };

static struct walk {
    struct domain_follow waiting[WAITING];
    int waiting_count;
    const char *rules[RULES]; /* that decided something */
} walk;

/* Deciding, and what waits to be decided */

static bool was_walked(const char *number)
{
    for (int i = 0; i < RULES && walk.rules[i]; i++)
        if (strcmp(walk.rules[i], number) == 0)
            return true;
    return false;
}

static void note_rule(const char *number)
{
    int count = 0;

    while (walk.rules[count])
        count++;
    ck_assert_int_lt(count, RULES - 1);
    if (!was_walked(number))
        walk.rules[count] = number;
}

void walk_take_in(void)
{
    for (int i = 0; i < scene.decision.follow_count; i++) {
        if (strcmp(scene.decision.follows[i].row->aggregate, "profile") == 0)
            continue;
        ck_assert_int_lt(walk.waiting_count, WAITING);
        walk.waiting[walk.waiting_count++] = scene.decision.follows[i];
    }
    if (scene.decision.refusal == REFUSAL_NONE)
        note_rule(scene.decision.rule);
    if (scene.decision.refusal == REFUSAL_CODE_WRONG)
        note_rule("B24");
}

static void fire(int which)
{
    static struct domain_follow follow;

    follow = walk.waiting[which];
    walk.waiting[which] = walk.waiting[--walk.waiting_count];
    if (scene.now < follow.due_ms)
        scene.now = follow.due_ms;
    (void)says(SYSTEM, follow.row->family, follow.data.bytes);
    walk_take_in();
}

/* The next timer; -1 where none waits. */
static int next_due(void)
{
    int next = -1;

    for (int i = 0; i < walk.waiting_count; i++)
        if (walk.waiting[i].timer && (next < 0 || walk.waiting[i].due_ms < walk.waiting[next].due_ms))
            next = i;
    return next;
}

/* What follows at once; -1 where nothing does. */
static int at_once(void)
{
    int start = walk.waiting_count > 0 ? (int)any((uint32_t)walk.waiting_count) : 0;

    for (int i = 0; i < walk.waiting_count; i++) {
        int which = (start + i) % walk.waiting_count;

        if (!walk.waiting[which].timer)
            return which;
    }
    return -1;
}

static void pass_time(int64_t until)
{
    int next;

    while (at_once() >= 0)
        fire(at_once());
    next = next_due();
    if (next >= 0 && walk.waiting[next].due_ms <= until)
        fire(next);
    else if (scene.now < until)
        scene.now = until;
}

static bool ended(void)
{
    return (FROM(scene.booking.state) & booking_machine.terminal) != 0;
}

/* To where something can happen: the end of the window, the departure, the arrival. */
static void pass_to_next(void)
{
    const int64_t marks[] = {scene.trip.drop_off_until, scene.trip.departs - 1 * HOURS, scene.trip.arrives,
                             scene.trip.arrives + 30 * HOURS};

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (scene.now < marks[i]) {
            pass_time(marks[i]);
            return;
        }
    pass_time(scene.now + 1 * DAYS);
}

static void step(void)
{
    const uint32_t early = FROM(BOOKING_STATUS_REQUESTED) | FROM(BOOKING_STATUS_ACCEPTED);

    if (any(FROM(scene.booking.state) & early ? 20 : 4) == 0)
        pass_time(scene.now + (int64_t)any(12) * HOURS);
    if (any(FROM(scene.booking.state) & early ? 60 : 10) == 0)
        pass_to_next();
    if (ended())
        return;
    if (any(2))
        walk_onward();
    else
        walk_anything();
}

/* The laws */

static bool waits_for(const char *family, int64_t epoch)
{
    for (int i = 0; i < walk.waiting_count; i++)
        if (strcmp(walk.waiting[i].row->family, family) == 0 && walk.waiting[i].timer &&
            walk.waiting[i].epoch == epoch)
            return true;
    return false;
}

static bool timer_waits(void)
{
    const struct booking_state *booking = &scene.booking;

    switch (booking->state) {
    case BOOKING_STATUS_REQUESTED:
    case BOOKING_STATUS_ACCEPTED:
        return waits_for("booking.expire", booking->expire_epoch);
    case BOOKING_STATUS_PAID:
        return waits_for("trip.overdue", scene.trip.overdue_epoch);
    case BOOKING_STATUS_REFUSED_AT_PICKUP:
        return waits_for("booking.settle_pickup", booking->settle_epoch);
    case BOOKING_STATUS_COLLECTED:
        return waits_for("booking.dispute", booking->late_epoch);
    case BOOKING_STATUS_DELIVERED:
        return waits_for("booking.auto_confirm", booking->confirm_epoch);
    case BOOKING_STATUS_DISPUTED:
        return waits_for(booking->has_default_at ? "booking.resolve_default" : "booking.remind",
                         booking->dispute_epoch);
    default:
        return true;
    }
}

static bool listed(void)
{
    return scene.trip.bookings_count > 0;
}

static void check_laws(void)
{
    const uint32_t takes_space = FROM(BOOKING_STATUS_REQUESTED) | FROM(BOOKING_STATUS_ACCEPTED) |
                                 FROM(BOOKING_STATUS_PAID) | FROM(BOOKING_STATUS_COLLECTED);
    const uint32_t handed_over =
        FROM(PARCEL_STATUS_DELIVERED) | FROM(PARCEL_STATUS_DAMAGED) | FROM(PARCEL_STATUS_CLOSED);
    const struct booking_state *booking = &scene.booking;
    bool takes = (FROM(booking->state) & takes_space) != 0;

    if (at_once() < 0)
        ck_assert_msg(timer_waits(), "nothing ends %s", choice_text(booking_status_choices, booking->state));
    if (scene.trip.state == TRIP_STATUS_ANNOUNCED && (!booking->has_collected_at || ended()))
        ck_assert_int_eq(listed(), takes);
    ck_assert_int_eq(scene.trip.reserved_g, listed() ? scene.trip.bookings[0].grams : 0);
    ck_assert_int_eq(scene.trip.exposure, listed() ? scene.trip.bookings[0].exposure : 0);
    if (takes)
        ck_assert(scene.parcel.has_booking);
    if (scene.parcel.has_delivered_at) /* it is not on its way again */
        ck_assert(FROM(scene.parcel.state) & handed_over);
    if (ended()) {
        ck_assert_int_ne(scene.parcel.state, PARCEL_STATUS_BOOKED);
        ck_assert_int_ne(scene.payment.state, PAYMENT_STATUS_DUE);
        ck_assert_int_ne(scene.payment.state, PAYMENT_STATUS_HELD);
        ck_assert_int_eq(payment_escrow(&scene.payment), 0);
        if (booking->has_collected_at)
            ck_assert(FROM(scene.parcel.state) & parcel_machine.terminal);
    }
}

/* Left to its timers, a booking ends, or waits for staff who are reminded. */
static void check_end(void)
{
    for (int i = 0; i < 200 && walk.waiting_count > 0 && !ended(); i++) {
        pass_time(scene.now + 1 * HOURS);
        if (walk.waiting_count > 0 && next_due() >= 0)
            pass_time(walk.waiting[next_due()].due_ms);
        check_laws();
    }
    ck_assert_msg(ended() ||
                      (scene.booking.state == BOOKING_STATUS_DISPUTED && !scene.booking.has_default_at),
                  "left as %s", choice_text(booking_status_choices, scene.booking.state));
}

/* Whatever still waits, nothing reopens a booking. */
static void check_after(void)
{
    int64_t version = scene.booking.version;

    if (!ended())
        return;
    for (int i = 0; i < 200 && walk.waiting_count > 0; i++)
        fire((int)any((uint32_t)walk.waiting_count));
    ck_assert_int_eq(scene.booking.version, version);
}

static void start(void)
{
    struct domain_follow *overdue = &walk.waiting[0];
    const struct trip_overdue_v1 data = {.has_epoch = true, .epoch = 1};

    scene_set();
    walk.waiting_count = 1;
    *overdue = (struct domain_follow){.row = message_of("trip.overdue.v1"),
                                      .timer = "trip_overdue",
                                      .due_ms = scene.trip.departs + 12 * HOURS,
                                      .epoch = 1};
    memcpy(overdue->data.bytes, &data, sizeof(data));
    scene.now = scene.trip.departs - (int64_t)(6 + any(200)) * HOURS;
    walk_request();
    ck_assert_int_eq(scene.booking.version, 1);
}

START_TEST(no_walk_breaks_a_law)
{
    static const char *const numbers[] = {
        "B1",  "B2",  "B3",  "B4",  "B5",  "B6",  "B7",  "B8",  "B9",  "B10", "B11", "B12", "B13",
        "B14", "B15", "B16", "B17", "B18", "B19", "B20", "B21", "B22", "B23", "B24", "B25", "B26",
        "B27", "B28", "B29", "B30", "B31", "B32", "B33", "B34", "B35", "B36", "B37"};

    walk_seed = UINT64_C(0x9e3779b97f4a7c15);
    for (int n = 0; n < WALKS; n++) {
        start();
        for (int taken = 0; taken < STEPS && !ended(); taken++) {
            step();
            check_laws();
        }
        check_end();
        check_after();
    }
    for (size_t i = 0; WALKS >= ENOUGH && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        ck_assert_msg(was_walked(numbers[i]), "%s was never walked", numbers[i]);
}
END_TEST

TCase *walk_cases(void)
{
    TCase *cases = tcase_create("walk");

    tcase_set_timeout(cases, 600);
    tcase_add_test(cases, no_walk_breaks_a_law);
    return cases;
}
