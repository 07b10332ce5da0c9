/* SPDX-License-Identifier: Apache-2.0
 * The table of timers: which fact arms which command, and when it is due. A timer is an outbox row with a due
 * time, written with the fact that arms it; its epoch is the version of that fact, which the fold keeps, so
 * that a timer of an earlier arming is refused (timer_void). Law: no state that holds money or space lacks a
 * timer. */
#include <string.h>

#include "shared/domain/payment_known.h"
#include "shared/domain/timer.h"

static int64_t after_it(const struct rule_situation *situation, enum limits_delay delay)
{
    return situation->now_ms + limits_delay(delay);
}

static int64_t at_expires(const struct rule_situation *situation, enum limits_delay delay)
{
    (void)delay;
    return situation->world->booking->expires;
}

static int64_t at_pay_by(const struct rule_situation *situation, enum limits_delay delay)
{
    (void)delay;
    return situation->world->booking->pay_by;
}

static int64_t at_must_answer_by(const struct rule_situation *situation, enum limits_delay delay)
{
    const struct booking_state *booking = situation->world->booking;

    (void)delay;
    return booking->has_must_answer_by ? booking->must_answer_by : 0;
}

static int64_t at_contest_by(const struct rule_situation *situation, enum limits_delay delay)
{
    (void)delay;
    return situation->world->booking->contest_by;
}

/* Before the drop-off window ends; not where that is past already. */
static int64_t before_window(const struct rule_situation *situation, enum limits_delay delay)
{
    const struct booking_state *booking = situation->world->booking;
    int64_t due = booking->drop_off_until - limits_delay(delay);

    return booking->state == BOOKING_STATUS_PAID && due > situation->now_ms ? due : 0;
}

static int64_t after_departure(const struct rule_situation *situation, enum limits_delay delay)
{
    return situation->world->trip->departs + limits_delay(delay);
}

static int64_t after_arrival_on_board(const struct rule_situation *situation, enum limits_delay delay)
{
    const struct booking_state *booking = situation->world->booking;

    return booking->state == BOOKING_STATUS_COLLECTED ? booking->arrives + limits_delay(delay) : 0;
}

static int64_t at_confirm_by(const struct rule_situation *situation, enum limits_delay delay)
{
    (void)delay;
    return situation->world->booking->confirm_by;
}

static int64_t at_default(const struct rule_situation *situation, enum limits_delay delay)
{
    const struct booking_state *booking = situation->world->booking;

    (void)delay;
    return booking->state == BOOKING_STATUS_DISPUTED && booking->has_default_at ? booking->default_at : 0;
}

/* Staff are reminded of a dispute that no default ends. */
static int64_t without_default(const struct rule_situation *situation, enum limits_delay delay)
{
    const struct booking_state *booking = situation->world->booking;

    return booking->state == BOOKING_STATUS_DISPUTED && !booking->has_default_at ? after_it(situation, delay)
                                                                                 : 0;
}

static int64_t once_lapsed(const struct rule_situation *situation, enum limits_delay delay)
{
    return situation->world->payment->state == PAYMENT_STATUS_LAPSED ? after_it(situation, delay) : 0;
}

static int64_t once_settled(const struct rule_situation *situation, enum limits_delay delay)
{
    return situation->world->payment->state == PAYMENT_STATUS_SETTLED ? after_it(situation, delay) : 0;
}

static int64_t after_deliver_by(const struct rule_situation *situation, enum limits_delay delay)
{
    const struct parcel_state *parcel = situation->world->parcel;

    return parcel->state == PARCEL_STATUS_REGISTERED && parcel->has_deliver_by
               ? parcel->deliver_by + limits_delay(delay)
               : 0;
}

#define ROW(name, fact, command, due, delay)                                                                 \
    {                                                                                                        \
        name, &fact##_v1_schema, &command##_v1_schema, due, #due, delay, 1, 0                                \
    }
#define REMIND(name, fact, due, delay, firing, what)                                                         \
    {                                                                                                        \
        name, &fact##_v1_schema, &booking_remind_v1_schema, due, #due, delay, firing, what                   \
    }

/* clang-format off */
const struct timer timer_rows[] = {
/*         name                  armed by                  command                   due                      delay */
    ROW(   "request_unanswered", booking_requested,        booking_expire,           at_expires,              DELAY_COUNT),
    ROW(   "unpaid",             booking_accepted,         booking_expire,           at_pay_by,               DELAY_COUNT),
    ROW(   "unpaid",             booking_grace_given,      booking_expire,           at_pay_by,               DELAY_COUNT),
    ROW(   "redate_unanswered",  booking_redated,          booking_cancel,           at_must_answer_by,       DELAY_COUNT),
    REMIND("pickup_reminder",    booking_paid,             before_window,            DELAY_PICKUP_REMIND_FIRST,    1, REMINDER_PICKUP),
    REMIND("pickup_reminder",    booking_paid,             before_window,            DELAY_PICKUP_REMIND_LAST,     2, REMINDER_PICKUP),
    REMIND("pickup_reminder",    booking_redated,          before_window,            DELAY_PICKUP_REMIND_FIRST,    1, REMINDER_PICKUP),
    REMIND("pickup_reminder",    booking_redated,          before_window,            DELAY_PICKUP_REMIND_LAST,     2, REMINDER_PICKUP),
    ROW(   "trip_overdue",       trip_announced,           trip_overdue,             after_departure,         DELAY_OVERDUE),
    ROW(   "trip_overdue",       trip_redated,             trip_overdue,             after_departure,         DELAY_OVERDUE),
    ROW(   "pickup_settle",      booking_pickup_failed,    booking_settle_pickup,    at_contest_by,           DELAY_COUNT),
    REMIND("hand_over_reminder", parcel_arrived,           after_it,                 DELAY_HAND_OVER_REMIND_FIRST, 1, REMINDER_HAND_OVER),
    REMIND("hand_over_reminder", parcel_arrived,           after_it,                 DELAY_HAND_OVER_REMIND_LAST,  2, REMINDER_HAND_OVER),
    ROW(   "never_delivered",    booking_collected,        booking_dispute,          after_arrival_on_board,  DELAY_LATE_BY_TIME),
    ROW(   "never_delivered",    booking_redated,          booking_dispute,          after_arrival_on_board,  DELAY_LATE_BY_TIME),
    REMIND("confirm_reminder",   booking_delivered,        after_it,                 DELAY_CONFIRM_REMIND_FIRST,   1, REMINDER_CONFIRM),
    REMIND("confirm_reminder",   booking_delivered,        after_it,                 DELAY_CONFIRM_REMIND_LAST,    2, REMINDER_CONFIRM),
    ROW(   "auto_confirm",       booking_delivered,        booking_auto_confirm,     at_confirm_by,           DELAY_COUNT),
    ROW(   "dispute_default",    booking_disputed,         booking_resolve_default,  at_default,              DELAY_COUNT),
    ROW(   "dispute_default",    booking_return_proved,    booking_resolve_default,  at_default,              DELAY_COUNT),
    ROW(   "dispute_default",    booking_delivery_proved,  booking_resolve_default,  at_default,              DELAY_COUNT),
    REMIND("staff_reminder",     booking_disputed,         without_default,          DELAY_STAFF_REMIND_FIRST,     1, REMINDER_STAFF),
    REMIND("staff_reminder",     booking_reminded,         without_default,          DELAY_STAFF_REMIND_AGAIN,     2, REMINDER_STAFF),
    ROW(   "review_close",       review_opened,            review_publish,           after_it,                DELAY_REVIEW),
    ROW(   "payment_close",      payment_lapsed,           payment_close,            once_lapsed,             DELAY_CLOSE_LAPSED),
    ROW(   "payment_close",      payment_lapsed,           payment_close,            once_settled,            DELAY_CLOSE_SETTLED),
    ROW(   "payment_close",      payment_refunded,         payment_close,            once_settled,            DELAY_CLOSE_SETTLED),
    ROW(   "payment_close",      payment_paid_out,         payment_close,            once_settled,            DELAY_CLOSE_SETTLED),
    ROW(   "payment_close",      payment_set_aside,        payment_close,            once_settled,            DELAY_CLOSE_SETTLED),
    ROW(   "payment_close",      payment_split_decided,    payment_close,            once_settled,            DELAY_CLOSE_SETTLED),
    ROW(   "payment_close",      payment_chargeback_won,   payment_close,            once_settled,            DELAY_CLOSE_SETTLED),
    ROW(   "payment_close",      payment_chargeback_lost,  payment_close,            once_settled,            DELAY_CLOSE_SETTLED),
    ROW(   "parcel_stale",       parcel_registered,        parcel_cancel,            after_deliver_by,        DELAY_PARCEL_STALE),
    ROW(   "parcel_stale",       parcel_corrected,         parcel_cancel,            after_deliver_by,        DELAY_PARCEL_STALE),
    ROW(   "parcel_stale",       parcel_unbooked,          parcel_cancel,            after_deliver_by,        DELAY_PARCEL_STALE),
    {0},
};
/* clang-format on */

/* A try may fail, be done all the same, and come back: the second timer is another than the first. */
enum { CAME_BACK = 100 }; /* a try; above the number of any order */

struct fallen {
    int64_t order, number; /* number: the try */
    int32_t cause;
    int64_t firing;
};

/* A failed order is tried again by itself, but for a bad account, which waits for its owner, traveller or
 * sender, to ask for it (M14). Its arming number is the try: a later one makes the timer void. */
static void arm_retry(struct rule_situation *situation, const struct fallen *fallen)
{
    const struct payment_retry_order_v1 data = {.order = fallen->order};
    int64_t delay = fallen->cause == ORDER_CAUSE_BAD_ACCOUNT ? 0 : limits_retry(fallen->number);
    const struct rule_timing timing = {"order_retry", delay ? situation->now_ms + delay : 0, fallen->number,
                                       fallen->firing};

    rule_timer(situation, &payment_retry_order_v1_schema, &timing, &data);
}

/* What came back is tried again as the order stands now: by its newest try, which may be a later one than
 * came back. Where another try left the money with its party, nothing is tried. */
static void arm_reversed(struct rule_situation *situation, const struct payment_payout_reversed_v1 *back)
{
    const struct money_order *order = payment_order(situation->world->payment, back->order);

    if (order && payment_order_fell(order))
        arm_retry(situation, &(struct fallen){order->n, order->try, ORDER_CAUSE_PROVIDER,
                                              CAME_BACK * back->try + order->n});
}

static void arm_retries(struct rule_situation *situation, const struct domain_fact *fact)
{
    const struct schema *schema = fact->row->schema;
    const struct payment_refund_failed_v1 *refund = FACT(fact, payment_refund_failed_v1);
    const struct payment_payout_failed_v1 *payout = FACT(fact, payment_payout_failed_v1);
    const struct payment_payout_reversed_v1 *back = FACT(fact, payment_payout_reversed_v1);

    if (schema == &payment_refund_failed_v1_schema)
        arm_retry(situation, &(struct fallen){refund->order, refund->try, refund->cause, refund->order});
    else if (schema == &payment_payout_failed_v1_schema)
        arm_retry(situation, &(struct fallen){payout->order, payout->try, payout->cause, payout->order});
    else if (schema == &payment_payout_reversed_v1_schema)
        arm_reversed(situation, back);
}

_Static_assert(sizeof(struct booking_dispute_v1) <= DOMAIN_FOLLOW_MAX, "the largest command of a timer fits");

void timers_arm(struct rule_situation *situation, const struct domain_fact *fact)
{
    for (const struct timer *timer = timer_rows; timer->name; timer++) {
        struct rule_timing timing;

        if (timer->fact != fact->row->schema)
            continue;
        union {
            int64_t align;
            unsigned char bytes[DOMAIN_FOLLOW_MAX];
        } data = {0};

        if (timer->command == &booking_remind_v1_schema)
            memcpy(data.bytes + offsetof(struct booking_remind_v1, what), &timer->what, sizeof(timer->what));
        timing = (struct rule_timing){timer->name, timer->due(situation, timer->delay), fact->version,
                                      timer->firing};
        rule_timer(situation, timer->command, &timing, &data);
    }
    arm_retries(situation, fact);
}
