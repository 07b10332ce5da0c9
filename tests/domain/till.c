/* SPDX-License-Identifier: Apache-2.0
 * The till: its states, what the provider says, and what is held against each decision. */
#include "tests/domain/till.h"

#include <stdio.h>

#include "schemas/codec.h"
#include "shared/base/cleanup.h"

static const char *const sender = "11111111-1111-4111-8111-111111111111";
static const char *const traveller = "22222222-2222-4222-8222-222222222222";
static const char *const stranger = "33333333-3333-4333-8333-333333333333";
struct till till;

static void id_set(struct id *id, const char *text)
{
    ck_assert_int_eq(id_parse(span_of(text), id), 0);
}

static struct domain_world world(void)
{
    return (struct domain_world){.trip = &till.trip,
                                 .parcel = &till.parcel,
                                 .booking = &till.booking,
                                 .payment = &till.payment,
                                 .review = &till.review,
                                 .sender = &till.sender,
                                 .traveller = &till.traveller};
}

static void set_people(void)
{
    id_set(&till.sender.id, sender);
    id_set(&till.traveller.id, traveller);
    till.sender.version = till.traveller.version = 1;
    till.sender.state = till.traveller.state = PROFILE_STATUS_KNOWN;
    till.sender.tier = till.traveller.tier = 2;
    till.traveller.payout_n = 1;
    till.traveller.has_payout_since = true;
    till.traveller.payout_since = NOW - 10 * DAYS;
}

static void set_booking(void)
{
    struct booking_state *booking = &till.booking;

    booking->version = 2;
    booking->state = BOOKING_STATUS_ACCEPTED;
    booking->trip = till.trip.id;
    booking->parcel = till.parcel.id;
    booking->payment = till.payment.id;
    booking->review = till.review.id;
    id_set(&booking->sender, sender);
    id_set(&booking->traveller, traveller);
    booking->grams = booking->min_grams = 1950;
    booking->carriage = CARRIAGE;
    booking->fee = FEE;
    strcpy(booking->currency, "XOF");
    booking->departs = NOW + 10 * DAYS;
    booking->arrives = booking->departs + 6 * HOURS;
    booking->drop_off_until = booking->departs - 5 * HOURS;
    booking->has_pay_by = true;
    booking->pay_by = NOW + 2 * HOURS;
}

static void set_parcel_and_trip(void)
{
    till.parcel.version = till.trip.version = 1;
    till.parcel.state = PARCEL_STATUS_BOOKED;
    id_set(&till.parcel.sender, sender);
    till.parcel.value = (struct money){40000, "XOF"};
    till.parcel.has_booking = true;
    till.parcel.booking = till.booking.id;
    till.trip.state = TRIP_STATUS_ANNOUNCED;
    id_set(&till.trip.traveller, traveller);
    till.trip.departs = till.booking.departs;
    till.trip.capacity_g = 20000;
    till.trip.reserved_g = 1950;
    till.trip.bookings_count = 1;
    till.trip.bookings[0] = (struct trip_load){.booking = till.booking.id, .grams = 1950};
}

void till_unknown(void)
{
    memset(&till, 0, sizeof(till));
    till.now = NOW;
    id_set(&till.trip.id, "a0000000-0000-8000-8000-000000000001");
    id_set(&till.booking.id, "b0000000-0000-8000-8000-000000000001");
    id_set(&till.parcel.id, "c0000000-0000-8000-8000-000000000001");
    domain_payment_of(&till.booking.id, &till.payment.id);
    domain_review_of(&till.booking.id, &till.review.id);
    set_people();
}

/* The payment's state is what it is written as. */
static void check_state(const struct payment_state *other)
{
    CLEANUP(buf_done) struct buf text = {0}, again = {0};
    struct payment_state read;
    struct codec_errors errors;

    codec_encode(&payment_state_schema, &till.payment, CODEC_ALL, &text);
    codec_encode(&payment_state_schema, other, CODEC_ALL, &again);
    ck_assert_str_eq(text.data, again.data);
    if (till.payment.version > 0)
        ck_assert_msg(codec_decode(&payment_state_schema, buf_as_span(&text), &read, &errors) == 0, "%s",
                      text.data);
}

static int64_t sum_of(const struct balance *balance)
{
    return balance->provider + balance->sender + balance->escrow + balance->traveller + balance->transit +
           balance->fees + balance->costs + balance->chargeback + balance->loss + balance->set_aside;
}

/* Each sums to zero, and no account stands on the wrong side. */
static void check_balances(void)
{
    for (int i = 0; i < till.payment.balances_count; i++) {
        const struct balance *balance = &till.payment.balances[i];

        ck_assert_int_eq(sum_of(balance), 0);
        ck_assert_msg(balance->sender <= 0 && balance->escrow <= 0 && balance->traveller <= 0 &&
                          balance->transit <= 0 && balance->fees <= 0 && balance->set_aside <= 0 &&
                          balance->chargeback >= 0 && balance->loss >= 0 && balance->costs >= 0,
                      "%s", balances(balance->currency));
    }
}

static void check_journals(void)
{
    for (int f = 0; f < till.decision.fact_count; f++) {
        int count;
        const struct entry *entries = domain_entries(&till.decision.facts[f], &count);
        int64_t sum = 0;

        for (int i = 0; i < count; i++) {
            sum += entries[i].amount;
            ck_assert_str_eq(entries[i].currency, entries[0].currency);
            ck_assert_int_ne(entries[i].amount, 0);
        }
        ck_assert_msg(sum == 0, "%s", journal());
    }
}

static void check_fold(const struct till *before)
{
    struct till folded = *before;

    for (int f = 0; f < till.decision.fact_count; f++) {
        const struct domain_fact *fact = &till.decision.facts[f];
        struct domain_world states = {.trip = &folded.trip,
                                      .parcel = &folded.parcel,
                                      .booking = &folded.booking,
                                      .payment = &folded.payment,
                                      .review = &folded.review};
        const struct machine *machine = machine_of(fact->row->aggregate);

        ck_assert_int_eq(domain_fold(states.at[machine->slot], fact), 0);
        if (machine == &payment_machine)
            ck_assert_str_eq(fact->key.text,
                             till.payment.has_booking ? till.booking.id.text : till.payment.id.text);
    }
    check_state(&folded.payment);
    ck_assert_int_eq(folded.booking.version, till.booking.version);
    ck_assert_int_eq(folded.booking.state, till.booking.state);
}

static bool named_by(const char *const *names, const struct domain_fact *fact, bool always_only)
{
    for (int i = 0; i < RULE_FACTS && names[i]; i++) {
        const char *name = names[i] + (names[i][0] == '?');

        if ((!always_only || names[i][0] != '?') && strcmp(name, fact->row->family) == 0)
            return true;
    }
    return false;
}

/* Some row of this number says every fact, and every fact it says without "?" is there. */
static bool row_tells(const struct rule *rule)
{
    for (int f = 0; f < till.decision.fact_count; f++)
        if (!named_by(rule->facts, &till.decision.facts[f], false))
            return false;
    for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++) {
        bool emitted = rule->facts[i][0] == '?';

        for (int f = 0; f < till.decision.fact_count; f++)
            emitted |= strcmp(rule->facts[i], till.decision.facts[f].row->family) == 0;
        if (!emitted)
            return false;
    }
    return true;
}

static void check_row(const char *family)
{
    if (till.decision.refusal != REFUSAL_NONE) {
        ck_assert_int_eq(till.decision.fact_count, 0);
        return;
    }
    for (const struct rule *rule = payment_machine.rules; rule_row_used(rule); rule++)
        if (strcmp(rule->number, till.decision.rule) == 0 && strcmp(rule->command, family) == 0 &&
            row_tells(rule))
            return;
    ck_abort_msg("%s emits %s", till.decision.rule, facts());
}

static void check_all(const struct till *before)
{
    check_fold(before);
    check_journals();
    check_balances();
}

/* As a booking row would call it. */
static void within(void (*does)(struct rule_situation *, const struct split *), const struct split *split)
{
    const struct till before = till;
    struct domain_world states = world();
    struct rule_situation situation = {.world = &states, .now_ms = till.now, .decision = &till.decision};

    till.decision.fact_count = till.decision.follow_count = 0;
    does(&situation, split);
    ck_assert_int_eq(situation.broken, 0);
    check_all(&before);
}

static void opens(struct rule_situation *situation, const struct split *split)
{
    (void)split;
    payment_open(situation);
}

static void attempts(struct rule_situation *situation, const struct split *split)
{
    (void)split;
    payment_attempt_open(situation);
}

static void lapses(struct rule_situation *situation, const struct split *split)
{
    (void)split;
    payment_lapse(situation);
}

void till_open(void)
{
    till_unknown();
    set_booking();
    set_parcel_and_trip();
    within(opens, NULL);
}

void till_attempt(void)
{
    within(attempts, NULL);
}

void till_lapse(void)
{
    within(lapses, NULL);
    till.booking.state = BOOKING_STATUS_EXPIRED;
}

void till_split(int64_t to_traveller, int64_t to_sender, int64_t to_fees)
{
    within(payment_split, &(struct split){to_traveller, to_sender, to_fees});
    till.booking.state = BOOKING_STATUS_CANCELLED;
}

const char *says(enum teller teller, const char *family, const void *data)
{
    static const struct {
        const char *principal, *role;
    } tellers[] = {
        [PAYMENTS] = {"", "payments"},  [SYSTEM] = {"", "system"},       [STAFF] = {NULL, "staff"},
        [LEAD] = {NULL, "lead"},        [LEAD_TRAVELS] = {NULL, "lead"}, [SENDER] = {NULL, "person"},
        [TRAVELLER] = {NULL, "person"}, [STRANGER] = {NULL, "person"}};
    const char *const principal = teller == SENDER                                ? sender
                                  : teller == TRAVELLER || teller == LEAD_TRAVELS ? traveller
                                                                                  : stranger;
    const struct till before = till;
    struct domain_world states = world();
    char type[64];
    struct domain_command command = {.subject = till.payment.id,
                                     .principal = tellers[teller].principal ? "" : principal,
                                     .role = tellers[teller].role,
                                     .now_ms = till.now,
                                     .data = data};

    snprintf(type, sizeof(type), "%s.v1", family);
    command.row = message_of(type);
    ck_assert_ptr_nonnull(command.row);
    ck_assert_int_eq(domain_decide(&states, &command, &till.decision), 0);
    check_row(family);
    check_all(&before);
    return till.decision.refusal ? refusal_text(till.decision.refusal) : "accepted";
}

const char *charge(const char *id, int64_t amount, const char *currency, int64_t fee)
{
    struct payment_record_charge_v1 told = {.amount = amount, .fee = fee};

    strcpy(told.charge, id);
    strcpy(told.currency, currency);
    if (till.payment.attempts_count > 0) {
        told.has_reference = true;
        strcpy(told.reference, till.payment.attempts[till.payment.attempts_count - 1].reference);
    }
    return says(PAYMENTS, "payment.record_charge", &told);
}

const char *paid(const char *id, int64_t amount)
{
    return charge(id, amount, "XOF", 0);
}

const struct money_order *order(int64_t n)
{
    const struct money_order *found = payment_order(&till.payment, n);

    ck_assert_ptr_nonnull(found);
    return found;
}

const char *reported(int64_t n, int64_t number, int32_t outcome)
{
    return SAYS(PAYMENTS, "record_order", payment_record_order_v1, .order = n, .try = number,
                .outcome = outcome);
}

const char *done(int64_t n, int64_t number, int64_t fee)
{
    const struct money_order *of = payment_order(&till.payment, n);
    struct payment_record_order_v1 told = {.order = n,
                                           .try = number,
                                           .outcome = ORDER_OUTCOME_DONE,
                                           .has_amount = true,
                                           .amount = of ? of->amount : 1,
                                           .has_currency = true,
                                           .has_fee = fee != 0,
                                           .fee = fee};

    strcpy(told.currency, of ? of->currency : "XOF");
    return says(PAYMENTS, "payment.record_order", &told);
}

const char *failed(int64_t n, int64_t number, int32_t cause)
{
    return SAYS(PAYMENTS, "record_order", payment_record_order_v1, .order = n, .try = number,
                .outcome = ORDER_OUTCOME_FAILED, .has_cause = true, .cause = cause);
}

const char *sent(int64_t n, int64_t number)
{
    const char *claimed = reported(n, number, ORDER_OUTCOME_SENDING);

    return strcmp(claimed, "accepted") == 0 ? reported(n, number, ORDER_OUTCOME_SENT) : claimed;
}

const char *came_back(int64_t n, int64_t number)
{
    const struct money_order *of = payment_order(&till.payment, n);
    struct payment_record_reversal_v1 told = {.order = n, .try = number, .amount = of ? of->amount : 1};

    strcpy(told.currency, of ? of->currency : "XOF");
    return says(PAYMENTS, "payment.record_reversal", &told);
}

const char *claimed_back(const char *id, int64_t amount)
{
    const struct charge *of = payment_charge(&till.payment, id);
    struct payment_record_chargeback_v1 told = {.amount = amount};

    strcpy(told.charge, id);
    strcpy(told.currency, of ? of->currency : "XOF");
    return says(PAYMENTS, "payment.record_chargeback", &told);
}

const char *won(const char *id)
{
    struct payment_record_chargeback_won_v1 told = {0};

    strcpy(told.charge, id);
    return says(PAYMENTS, "payment.record_chargeback_won", &told);
}

const char *lost(const char *id)
{
    struct payment_record_chargeback_lost_v1 told = {0};

    strcpy(told.charge, id);
    return says(PAYMENTS, "payment.record_chargeback_lost", &told);
}

const char *closes(void)
{
    const struct payment_close_v1 timer = {.has_epoch = true, .epoch = till.payment.close_epoch};

    till.now += 200 * DAYS;
    return says(SYSTEM, "payment.close", &timer);
}

/* One text a question; the next answer to it replaces it. */
struct answer {
    char text[2048];
    size_t size;
};

static void answer_add(struct answer *answer, const char *before, const char *word)
{
    int size = snprintf(answer->text + answer->size, sizeof(answer->text) - answer->size, "%s%s",
                        answer->size > 0 ? before : "", word);

    ck_assert_int_lt(size, (int)(sizeof(answer->text) - answer->size));
    answer->size += (size_t)size;
}

const char *facts(void)
{
    static struct answer answer;

    answer = (struct answer){0};
    for (int f = 0; f < till.decision.fact_count; f++)
        answer_add(&answer, " ", till.decision.facts[f].row->family);
    return answer.text;
}

static void add_amount(struct answer *answer, const char *account, int64_t amount)
{
    char text[64];

    snprintf(text, sizeof(text), "%s %+lld", account, (long long)amount);
    answer_add(answer, " ", text);
}

const char *journal(void)
{
    static struct answer answer;

    answer = (struct answer){0};
    for (int f = 0; f < till.decision.fact_count; f++) {
        const char *family = till.decision.facts[f].row->family;
        int count;
        const struct entry *entries = domain_entries(&till.decision.facts[f], &count);

        if (count == 0)
            continue;
        answer_add(&answer, "; ", family + strlen("payment."));
        if (strcmp(entries[0].currency, "XOF") != 0)
            answer_add(&answer, " ", entries[0].currency);
        strcat(answer.text, ":");
        answer.size++;
        for (int i = 0; i < count; i++)
            add_amount(&answer, choice_text(account_choices, entries[i].account), entries[i].amount);
    }
    return answer.text;
}

const char *timers(void)
{
    static struct answer answer;

    answer = (struct answer){0};
    for (int i = 0; i < till.decision.follow_count; i++)
        if (till.decision.follows[i].timer)
            answer_add(&answer, " ", till.decision.follows[i].timer);
    return answer.text;
}

const char *state(void)
{
    return choice_text(payment_status_choices, till.payment.state);
}

const char *balances(const char *currency)
{
    static struct answer answer;

    answer = (struct answer){0};
    for (int account = ACCOUNT_PROVIDER; account < LEDGER_ACCOUNTS; account++) {
        int64_t amount = ledger_balance(&till.payment, currency, (enum account)account);

        if (amount != 0)
            add_amount(&answer, choice_text(account_choices, account), amount);
    }
    return answer.text;
}
