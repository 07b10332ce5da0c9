/* SPDX-License-Identifier: Apache-2.0
 * What happens next: a command that waits is sent, or somebody asks for something. Who asks for what is read
 * from the rows: mostly what some row permits, by whom it permits it, now and then anything by anybody. */
#include <stdio.h>
#include <string.h>

#include "tests/domain/history.h"

uint64_t chance_next(struct chance *chance)
{
    uint64_t z = (chance->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t between(struct chance *chance, int64_t least, int64_t most)
{
    return most <= least ? least : least + (int64_t)(chance_next(chance) % (uint64_t)(most - least + 1));
}

bool percent(struct chance *chance, int share)
{
    return (int)(chance_next(chance) % 100) < share;
}

/* The clock goes on by minutes, now and then by days; seldom it stands back a little, as brokers' clocks do.
 */
static int64_t clock_moves(struct history *history, struct chance *chance)
{
    if (percent(chance, 25))
        history->now += between(chance, 1, 2 * MINUTES);
    if (percent(chance, 1) && percent(chance, 50))
        history->now += between(chance, 1 * HOURS, 8 * HOURS);
    if (percent(chance, 1) && percent(chance, 20))
        history->now += between(chance, 1 * DAYS, 4 * DAYS);
    if (history->step > STEPS - STEPS / 5 && percent(chance, 1))
        history->now += 100 * DAYS; /* long after, what was left open */
    return percent(chance, 5) ? history->now - between(chance, 0, 5 * MINUTES) : history->now;
}

/* Of what waits and is due: one by chance. Of the commands to one aggregate that follow at once the first
 * goes first, for they travel under one key. */
static int pending_due(struct history *history, struct chance *chance, bool timers)
{
    uint64_t seen = 0;
    int found = -1;

    for (int i = 0; i < history->pending_count; i++) {
        const struct pending *pending = &history->pending[i];

        if (pending->timer == timers && pending->due_ms <= history->now && chance_next(chance) % ++seen == 0)
            found = i;
    }
    for (int i = 0; found >= 0 && !timers && i < history->pending_count; i++)
        if (!history->pending[i].timer && history->pending[i].seq < history->pending[found].seq &&
            id_same(&history->pending[i].subject, &history->pending[found].subject))
            found = i;
    return found;
}

static int pending_next(const struct history *history)
{
    int found = -1;

    for (int i = 0; i < history->pending_count; i++)
        if (history->pending[i].timer &&
            (found < 0 || history->pending[i].due_ms < history->pending[found].due_ms))
            found = i;
    return found;
}

static int pending_to_send(struct history *history, struct chance *chance)
{
    int found = -1;

    if (percent(chance, 60))
        found = pending_due(history, chance, false);
    if (found < 0 && percent(chance, 35))
        found = pending_due(history, chance, true);
    if (found < 0 && percent(chance, 1))
        found = pending_next(history);
    return found;
}

static void send(struct history *history, int at, bool again)
{
    const struct pending *pending = &history->pending[at];
    struct asked *asked = &history->asked;

    asked->waited = true;
    asked->again = again;
    asked->timer = pending->timer;
    asked->epoch = pending->epoch;
    if (history->now < pending->due_ms)
        history->now = pending->due_ms;
    asked->command = (struct domain_command){
        .row = pending->row, .subject = pending->subject, .role = "system", .now_ms = history->now};
    memcpy(asked->data.bytes, history->data[pending->data], pending->row->schema->size);
}

/* Somebody asks */

/* What people ask more often than of a saved search. */
static const struct machine *machine_asked(struct chance *chance)
{
    static const struct {
        const struct machine *machine;
        int upto;
    } shares[] = {{&trip_machine, 12},    {&parcel_machine, 32}, {&booking_machine, 66},
                  {&payment_machine, 93}, {&review_machine, 94}, {&profile_machine, 98},
                  {&search_machine, 99},  {&report_machine, 100}};
    int64_t drawn = between(chance, 0, 99);

    for (size_t i = 0;; i++)
        if (drawn < shares[i].upto)
            return shares[i].machine;
}

/* One by chance: of those there are and not ended, or the first that does not exist yet. */
static struct domain_head *subject_asked(struct history *history, struct chance *chance,
                                         const struct machine *machine)
{
    struct domain_head *head, *found = NULL, *first_new = NULL;
    bool any = percent(chance, 4), fresh = percent(chance, 12);
    uint64_t seen = 0;

    for (int n = 0; (head = town_at(&history->live, machine->slot, n)); n++) {
        bool over = head->version > 0 && (FROM(head->state) & machine->terminal);

        if (head->version == 0 && !first_new)
            first_new = head;
        if ((any || (head->version > 0 && !over)) && chance_next(chance) % ++seen == 0)
            found = head;
    }
    if (machine == &payment_machine && (!found || percent(chance, 3)))
        return town_at(&history->live, SLOT_PAYMENT, BOOKINGS + (int)between(chance, 0, STRAYS - 1));
    return (fresh || !found) && first_new ? first_new
           : found                        ? found
                                          : town_at(&history->live, machine->slot, 0);
}

/* What ends things early is asked less often, or nothing would ever be delivered. */
static bool hurried(const struct rule *rule)
{
    static const char *const early[] = {"T9", "T10", "P4",  "P6",  "P8",  "P10", "P12", "B3",  "B8",
                                        "B9", "B10", "B15", "B16", "B32", "M15", "M17", "M18", "M13"};

    for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++)
        if (strcmp(rule->number, early[i]) == 0)
            return true;
    return false;
}

static const struct rule *rule_of(const struct machine *machine, const char *command, uint32_t from)
{
    const struct rule *found = NULL;

    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++)
        if (strcmp(rule->command, command) == 0 && (!found || (rule->from & from)))
            found = rule;
    return found;
}

/* A row by chance, mostly one for this state that is not the system's. */
static const struct rule *rule_asked(struct chance *chance, const struct machine *machine,
                                     const struct domain_head *head)
{
    uint32_t from = head->version > 0 ? FROM(head->state) : FROM_NOTHING;
    bool any = percent(chance, 8);
    const struct rule *found = machine->rules;
    uint64_t seen = 0;

    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++) {
        bool ours = (rule->from & from) && (rule->who != WHO_SYSTEM || percent(chance, 10)) &&
                    (!hurried(rule) || percent(chance, 25));

        if ((any || ours) && chance_next(chance) % ++seen == 0)
            found = rule;
    }
    /* Giving up takes five tries and three months: it is asked for whenever it could be. */
    if (machine == &payment_machine && from == FROM(PAYMENT_STATUS_SETTLING) && percent(chance, 12))
        return rule_of(machine, "payment.set_order_aside", from);
    return found;
}

struct caller {
    const char *principal, *role;
};

static const char *const staff_id = "10000000-0000-4000-8000-000000000008";

/* Who bears this role towards the subject. */
static struct caller caller_of(const struct telling *told, uint32_t who)
{
    static struct id recipient;
    const struct id *owner =
        (const struct id *)&told->history->live.people[between(told->chance, 0, PEOPLE - 1)].id;

    switch (who) {
    case WHO_SENDER:
        return (struct caller){
            told->booking->version > 0 ? told->booking->sender.text : told->parcel->sender.text, "person"};
    case WHO_TRAVELLER:
        return (struct caller){told->booking->version > 0 ? told->booking->traveller.text
                                                          : told->trip->traveller.text,
                               "person"};
    case WHO_RECIPIENT:
        id_of_recipient(&told->booking->id, told->parcel->recipient_n, &recipient);
        return (struct caller){recipient.text, "recipient"};
    case WHO_STAFF:
        return (struct caller){percent(told->chance, 85) ? staff_id : owner->text, "staff"};
    case WHO_LEAD:
        return (struct caller){staff_id, "lead"};
    case WHO_SYSTEM:
        return (struct caller){"", "system"};
    case WHO_PAYMENTS:
        return (struct caller){"", "payments"};
    case WHO_WEBHOOK:
        return (struct caller){"", "webhook"};
    default:
        return (struct caller){owner->text, "person"};
    }
}

static struct caller caller_asked(const struct telling *told, const struct rule *rule)
{
    uint32_t who = rule->who, found = WHO_PERSON;
    uint64_t seen = 0;

    if (percent(told->chance, 8))
        who = ~0u;
    for (uint32_t bit = WHO_PERSON; bit <= WHO_OWNER; bit <<= 1)
        if ((who & bit) && chance_next(told->chance) % ++seen == 0)
            found = bit;
    if (strcmp(rule->command, "booking.request") == 0 && percent(told->chance, 90))
        return (struct caller){told->parcel->sender.text, "person"};
    if (found == WHO_OWNER || strcmp(rule->command, "profile.update") == 0) {
        const struct search_state *search =
            (const void *)town_of(&told->history->live, &told->command->subject);

        return (struct caller){strncmp(rule->command, "search", 6) == 0 && search
                                   ? search->owner.text
                                   : told->command->subject.text,
                               "person"};
    }
    return caller_of(told, found);
}

static void *known(struct history *history, const struct id *id, void *otherwise)
{
    struct domain_head *head = town_of(&history->live, id);

    return head ? (void *)head : otherwise;
}

/* What the subject's booking ties together; a request ties what there is by chance. */
static void look_round(struct telling *told, const struct machine *machine, struct domain_head *head)
{
    static struct trip_state no_trip;
    static struct parcel_state no_parcel;
    static struct booking_state no_booking;
    static struct payment_state no_payment;
    struct history *history = told->history;
    struct town *live = &history->live;

    told->trip = machine == &trip_machine ? (void *)head : &no_trip;
    told->parcel = machine == &parcel_machine ? (void *)head : &no_parcel;
    told->payment = machine == &payment_machine ? (void *)head : &no_payment;
    told->booking = machine == &booking_machine ? (void *)head : &no_booking;
    if (machine == &parcel_machine && told->parcel->has_booking)
        told->booking = known(history, &told->parcel->booking, &no_booking);
    if (machine == &payment_machine && told->payment->has_booking)
        told->booking = known(history, &told->payment->booking, &no_booking);
    if (machine == &review_machine)
        told->booking = known(history, &((struct review_state *)(void *)head)->booking, &no_booking);
    if (told->booking->version > 0) {
        told->trip = known(history, &told->booking->trip, &no_trip);
        told->parcel = known(history, &told->booking->parcel, &no_parcel);
        told->payment = known(history, &told->booking->payment, &no_payment);
    } else if (machine == &booking_machine) {
        told->trip = &live->trips[between(told->chance, 0, TRIPS - 1)];
        told->parcel = &live->parcels[between(told->chance, 0, PARCELS - 1)];
        for (int i = 0; i < 30 && told->parcel->state != PARCEL_STATUS_REGISTERED; i++)
            told->parcel = &live->parcels[between(told->chance, 0, PARCELS - 1)];
        for (int i = 0; i < 20 && told->trip->state != TRIP_STATUS_ANNOUNCED; i++)
            told->trip = &live->trips[between(told->chance, 0, TRIPS - 1)];
    }
}

/* What brings a booking on, by the state it is in: people do that more often than anything else. */
static const struct errand {
    int32_t state;
    const char *command;
} errands[] = {
    {BOOKING_STATUS_ACCEPTED, "booking.pay"},
    {BOOKING_STATUS_ACCEPTED, "payment.record_attempt"},
    {BOOKING_STATUS_DISPUTED, "booking.add_evidence"},
    {BOOKING_STATUS_DISPUTED, "booking.resolve_default"},
    {BOOKING_STATUS_REQUESTED, "booking.accept"},
    {BOOKING_STATUS_ACCEPTED, "payment.record_charge"},
    {BOOKING_STATUS_PAID, "parcel.attach_photo"},
    {BOOKING_STATUS_PAID, "booking.collect"},
    {BOOKING_STATUS_COLLECTED, "trip.depart"},
    {BOOKING_STATUS_COLLECTED, "trip.arrive"},
    {BOOKING_STATUS_COLLECTED, "booking.report"},
    {BOOKING_STATUS_COLLECTED, "booking.deliver"},
    {BOOKING_STATUS_COLLECTED, "parcel.attach_photo"},
    {BOOKING_STATUS_COLLECTED, "booking.deliver_by_staff"},
    {BOOKING_STATUS_COLLECTED, "booking.undelivered"},
    {BOOKING_STATUS_DELIVERED, "booking.confirm"},
    {BOOKING_STATUS_DELIVERED, "booking.dispute"},
    {BOOKING_STATUS_DELIVERED, "parcel.attach_photo"},
    {BOOKING_STATUS_DELIVERED, "parcel.declare_damaged"},
    {BOOKING_STATUS_DISPUTED, "booking.deliver"},
    {BOOKING_STATUS_DISPUTED, "booking.resolve"},
    {BOOKING_STATUS_DISPUTED, "parcel.hand_back"},
    {BOOKING_STATUS_DISPUTED, "booking.drop_dispute"},
};

/* A booking by chance, and what it waits for. NULL: there is none. */
static const struct rule *errand_asked(struct history *history, struct chance *chance,
                                       struct domain_head **ret_head)
{
    const struct booking_state *booking = NULL;
    const struct errand *errand = NULL;
    const struct machine *machine;
    uint64_t seen = 0;
    char kind[16];

    for (int n = 0; n < BOOKINGS; n++)
        if (history->live.bookings[n].version > 0 && chance_next(chance) % ++seen == 0 &&
            !(FROM(history->live.bookings[n].state) & booking_machine.terminal))
            booking = &history->live.bookings[n];
    seen = 0;
    for (size_t i = 0; booking && i < sizeof(errands) / sizeof(errands[0]); i++)
        if (errands[i].state == booking->state && chance_next(chance) % ++seen == 0)
            errand = &errands[i];
    if (!errand)
        return NULL;
    (void)snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(errand->command, "."), errand->command);
    machine = machine_of(kind);
    *ret_head = town_of(&history->live, machine == &trip_machine      ? &booking->trip
                                        : machine == &parcel_machine  ? &booking->parcel
                                        : machine == &payment_machine ? &booking->payment
                                                                      : &booking->id);
    return rule_of(machine, errand->command,
                   (*ret_head)->version > 0 ? FROM((*ret_head)->state) : FROM_NOTHING);
}

/* Whoever departs waits for the day. */
static void wait_for_departure(struct history *history, struct chance *chance, const struct rule *rule,
                               const struct domain_head *head)
{
    const struct trip_state *trip = (const void *)head;

    if (strcmp(rule->command, "trip.depart") == 0 && history->now < trip->departs - 12 * HOURS &&
        percent(chance, 20))
        history->now = trip->departs - 11 * HOURS;
}

static void ask(struct history *history, struct chance *chance)
{
    struct domain_head *head = NULL;
    const struct rule *rule = percent(chance, 40) ? errand_asked(history, chance, &head) : NULL;
    const struct machine *machine = rule ? NULL : machine_asked(chance);
    struct asked *asked = &history->asked;
    struct telling told = {history, chance, asked->data.bytes, &asked->command, 0};
    struct caller caller;
    char type[64];

    if (rule) {
        wait_for_departure(history, chance, rule, head);
    } else {
        head = subject_asked(history, chance, machine);
        rule = rule_asked(chance, machine, head);
    }
    (void)snprintf(type, sizeof(type), "%s.v1", rule->command);
    asked->command = (struct domain_command){.row = message_of(type), .subject = head->id};
    look_round(&told, machine_of(asked->command.row->aggregate), head);
    caller = caller_asked(&told, rule);
    if (caller.principal[0] == '\0' && strcmp(caller.role, "person") == 0)
        caller = caller_of(&told, WHO_PERSON); /* the door knows who a person is */
    (void)snprintf(asked->principal, sizeof(asked->principal), "%s", caller.principal);
    asked->command.role = caller.role;
    memset(asked->data.bytes, 0, asked->command.row->schema->size);
    history_fill(&told);
}

void history_draw(struct history *history)
{
    struct chance chance = {history->seed * UINT64_C(0x2545f4914f6cdd1d) + (uint64_t)history->step * 7919u};
    struct asked *asked = &history->asked;
    int64_t now;
    int at;

    (void)chance_next(&chance);
    now = clock_moves(history, &chance);
    at = pending_to_send(history, &chance);
    asked->waited = false;
    asked->principal[0] = '\0';
    if (at >= 0) {
        send(history, at, percent(&chance, 10));
    } else {
        ask(history, &chance);
        asked->command.now_ms = history->now > now + 5 * MINUTES ? history->now : now;
    }
}
