/* SPDX-License-Identifier: Apache-2.0
 * The scene is played here: what came before, who speaks, what was said and decided. */
#include "tests/domain/scene.h"

#include <stdio.h>

#include "shared/base/cleanup.h"

struct scene scene;

static const char *const sender = "11111111-1111-4111-8111-111111111111";
static const char *const traveller = "22222222-2222-4222-8222-222222222222";

static void id_set(struct id *id, const char *text)
{
    ck_assert_int_eq(id_parse(span_of(text), id), 0);
}

static void set_people(void)
{
    id_set(&scene.sender.id, sender);
    id_set(&scene.traveller.id, traveller);
    scene.sender.version = scene.traveller.version = 1;
    scene.sender.state = scene.traveller.state = PROFILE_STATUS_KNOWN;
    scene.sender.tier = scene.traveller.tier = 1;
    scene.traveller.payout_n = 1;
}

static void set_trip(void)
{
    struct trip_state *trip = &scene.trip;

    id_set(&trip->id, "a0000000-0000-8000-8000-000000000001");
    trip->version = trip->schedule = trip->overdue_epoch = 1;
    trip->state = TRIP_STATUS_ANNOUNCED;
    id_set(&trip->traveller, traveller);
    trip->origin = (struct place){"FR", "Paris"};
    trip->destination = (struct place){"SN", "Dakar"};
    trip->departs = trip->first_departs = NOW + 10 * DAYS;
    trip->arrives = trip->departs + 6 * HOURS;
    trip->drop_off_until = trip->departs - 5 * HOURS;
    trip->capacity_g = 20000;
    trip->price_per_kg = 5000;
    strcpy(trip->currency, "XOF");
}

static void set_parcel(void)
{
    struct parcel_state *parcel = &scene.parcel;

    id_set(&parcel->id, "c0000000-0000-8000-8000-000000000001");
    parcel->version = 1;
    parcel->state = PARCEL_STATUS_REGISTERED;
    id_set(&parcel->sender, sender);
    parcel->origin = (struct place){"FR", "Paris"};
    parcel->destination = (struct place){"SN", "Dakar"};
    parcel->weight_g = GRAMS;
    parcel->category = CATEGORY_CLOTHES;
    parcel->value = (struct money){40000, "XOF"};
    parcel->has_ready_from = parcel->has_deliver_by = true;
    parcel->ready_from = NOW + 1 * DAYS;
    parcel->deliver_by = NOW + 30 * DAYS;
    parcel->recipient_n = parcel->stale_epoch = 1;
}

void scene_set(void)
{
    memset(&scene, 0, sizeof(scene));
    scene.now = NOW;
    memset(scene.codes.bytes, 7, sizeof(scene.codes.bytes));
    set_people();
    set_trip();
    set_parcel();
    id_set(&scene.booking.id, "b0000000-0000-8000-8000-000000000001");
    domain_payment_of(&scene.booking.id, &scene.payment.id);
    domain_review_of(&scene.booking.id, &scene.review.id);
}

static struct domain_world world_of(struct scene *of)
{
    return (struct domain_world){.trip = &of->trip,
                                 .parcel = &of->parcel,
                                 .booking = &of->booking,
                                 .payment = &of->payment,
                                 .review = &of->review,
                                 .sender = &of->sender,
                                 .traveller = &of->traveller,
                                 .codes = &of->codes};
}

/* What happened before */

void scene_requested(void)
{
    is(SAYS(SENDER, "booking.request", booking_request_v1, .trip = scene.trip.id, .parcel = scene.parcel.id),
       "accepted");
}

void scene_accepted(void)
{
    scene_requested();
    is(says(TRAVELLER, "booking.accept", NULL), "accepted");
}

/* As payment.received, payment.held and booking.paid leave it. */
void scene_paid(void)
{
    struct domain_fact fact = {.row = message_of("booking.paid.v1"), .at_ms = scene.now};
    const struct booking_paid_v1 paid = {.state = BOOKING_STATUS_PAID};
    struct payment_state *payment = &scene.payment;

    scene_accepted();
    payment->version += 2;
    payment->state = PAYMENT_STATUS_HELD;
    payment->received = TOTAL;
    payment->charges_count = 1;
    payment->charges[0] = (struct charge){"charge-1", "reference-1", .amount = TOTAL, .currency = "XOF"};
    payment->balances_count = 1;
    payment->balances[0] = (struct balance){"XOF", .provider = TOTAL, .escrow = -TOTAL};
    fact.subject = scene.booking.id;
    fact.version = scene.booking.version + 1;
    memcpy(fact.data.bytes, &paid, sizeof(paid));
    ck_assert_int_eq(domain_fold((struct domain_head *)(void *)&scene.booking, &fact), 0);
}

void scene_failed(int32_t refuse_reason)
{
    scene_paid();
    scene_photo(PHOTO_STAGE_PICKUP, PARTY_TRAVELLER);
    is(SAYS(TRAVELLER, "booking.refuse_at_pickup", booking_refuse_at_pickup_v1, .reason = refuse_reason),
       "accepted");
}

void scene_collected(void)
{
    struct booking_collect_v1 data = {.opened_and_checked = true, .weighed_g = GRAMS};

    scene_paid();
    scene.now = scene.trip.departs - 6 * HOURS;
    scene_photo(PHOTO_STAGE_SEAL, PARTY_TRAVELLER);
    strcpy(data.code, code_of(CODE_PURPOSE_PICKUP));
    is(says(TRAVELLER, "booking.collect", &data), "accepted");
}

void scene_on_the_way(void)
{
    scene_collected();
    scene.now = scene.trip.departs;
    scene.trip.state = TRIP_STATUS_DEPARTED;
    scene.trip.version++;
    is(says(SYSTEM, "booking.start", NULL), "accepted");
}

void scene_arrived(void)
{
    scene_on_the_way();
    scene.now = scene.trip.arrives;
    is(SAYS(TRAVELLER, "booking.report", booking_report_v1, .step = REPORT_STEP_ARRIVED), "accepted");
}

void scene_delivered(void)
{
    struct booking_deliver_v1 data = {0};

    scene_arrived();
    scene.now += 1 * HOURS;
    strcpy(data.code, code_of(CODE_PURPOSE_DELIVERY));
    is(says(TRAVELLER, "booking.deliver", &data), "accepted");
}

void scene_disputed(int32_t cause)
{
    scene_delivered();
    scene_photo(PHOTO_STAGE_DAMAGE, PARTY_SENDER);
    is(SAYS(SENDER, "booking.dispute", booking_dispute_v1, .has_cause = true, .cause = cause), "accepted");
}

void scene_photo(int32_t photo_stage, int32_t by)
{
    struct photo *photo = &scene.parcel.photos[scene.parcel.photos_count++];

    *photo = (struct photo){.stage = photo_stage, .by = by, .type = PHOTO_TYPE_JPEG};
    snprintf(photo->digest, sizeof(photo->digest), "%064d", (int)scene.parcel.photos_count);
}

static const char *code_at(int32_t purpose, int64_t issue)
{
    static char code[CODE_DIGITS + 1];

    code_make(&scene.codes, &scene.booking.id, purpose, issue, code);
    return code;
}

static int64_t issue_of(int32_t purpose)
{
    return purpose == CODE_PURPOSE_PICKUP     ? scene.booking.pickup_code.issue
           : purpose == CODE_PURPOSE_DELIVERY ? scene.booking.delivery_code.issue
                                              : scene.booking.return_code.issue;
}

const char *code_of(int32_t purpose)
{
    return code_at(purpose, issue_of(purpose));
}

const char *wrong_code(int32_t purpose)
{
    return code_at(purpose, issue_of(purpose) + 1);
}

/* Deciding */

static const struct rule *rule_of(const struct domain_command *command)
{
    const struct rule *rule = machine_of(command->row->aggregate)->rules;

    for (; rule_row_used(rule); rule++)
        if (strcmp(rule->number, scene.decision.rule) == 0 &&
            strcmp(rule->command, command->row->family) == 0)
            return rule;
    ck_abort_msg("no row %s", scene.decision.rule);
    return NULL;
}

static bool row_says(const struct rule *rule, const char *before, const char *family)
{
    for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++) {
        const char *told = rule->facts[i] + (rule->facts[i][0] == '?' ? 1 : 0);

        if (strncmp(told, before, strlen(before)) == 0 && strcmp(told + strlen(before), family) == 0)
            return true;
    }
    return false;
}

static bool emitted(const char *family)
{
    for (int i = 0; i < scene.decision.fact_count; i++)
        if (strcmp(scene.decision.facts[i].row->family, family) == 0)
            return true;
    return false;
}

static struct domain_head *subject_of(const struct message_row *row)
{
    return world_of(&scene).at[machine_of(row->aggregate)->slot];
}

static void hold_against_row(const struct domain_command *command)
{
    const struct domain_decision *decision = &scene.decision;
    const struct rule *rule = rule_of(command);

    for (int i = 0; i < decision->fact_count; i++)
        ck_assert_msg(row_says(rule, "", decision->facts[i].row->family), "%s emits %s", rule->number,
                      decision->facts[i].row->family);
    for (int i = 0; i < decision->follow_count; i++)
        ck_assert_msg(decision->follows[i].timer || row_says(rule, "=> ", decision->follows[i].row->family),
                      "%s sends %s", rule->number, decision->follows[i].row->family);
    for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++)
        ck_assert_msg(strchr("?=", rule->facts[i][0]) || emitted(rule->facts[i]), "%s does not emit %s",
                      rule->number, rule->facts[i]);
    if (rule->to != SAME)
        ck_assert_int_eq(subject_of(command->row)->state, rule->to);
}

/* Padding aside, which a compiler copies or not. */
static void same_states(const struct domain_head *folded, const struct domain_head *live,
                        const struct schema *schema)
{
    CLEANUP(buf_done) struct buf one = {0}, other = {0};

    if (memcmp(folded, live, schema->size) == 0)
        return;
    codec_encode(schema, folded, CODEC_ALL, &one);
    codec_encode(schema, live, CODEC_ALL, &other);
    ck_assert_int_eq(folded->version, live->version);
    ck_assert_str_eq(one.data, other.data);
}

static void hold_against_fold(const struct scene *before)
{
    static struct scene folded;
    struct domain_world world = world_of(&folded), live;

    folded = *before;
    for (int i = 0; i < scene.decision.fact_count; i++) {
        const struct domain_fact *fact = &scene.decision.facts[i];

        ck_assert_int_eq(domain_fold(world.at[machine_of(fact->row->aggregate)->slot], fact), 0);
    }
    live = world_of(&scene);
    for (size_t m = 0; machines[m]; m++)
        if (live.at[machines[m]->slot])
            same_states(world.at[machines[m]->slot], live.at[machines[m]->slot], machines[m]->state);
}

static void hold_against_ledger(void)
{
    for (int i = 0; i < scene.decision.fact_count; i++) {
        const struct entry *entries;
        int64_t sum = 0;
        int count;

        entries = domain_entries(&scene.decision.facts[i], &count);
        for (int line = 0; line < count; line++)
            sum += entries[line].amount;
        ck_assert_int_eq(sum, 0);
    }
}

static void caller(enum actor actor, const char **ret_principal, const char **ret_role)
{
    static struct id recipient;
    static const struct {
        const char *principal, *role;
    } callers[] = {
        [SENDER] = {"11111111-1111-4111-8111-111111111111", "person"},
        [TRAVELLER] = {"22222222-2222-4222-8222-222222222222", "person"},
        [RECIPIENT] = {recipient.text, "recipient"},
        [OLD_RECIPIENT] = {recipient.text, "recipient"},
        [STAFF] = {"44444444-4444-4444-8444-444444444444", "staff"},
        [LEAD] = {"55555555-5555-4555-8555-555555555555", "lead"},
        [SYSTEM] = {"", "system"},
        [PAYMENTS] = {"", "payments"},
        [STRANGER] = {"33333333-3333-4333-8333-333333333333", "person"},
    };

    id_of_recipient(&scene.booking.id, scene.parcel.recipient_n - (actor == OLD_RECIPIENT ? 1 : 0),
                    &recipient);
    *ret_principal = callers[actor].principal;
    *ret_role = callers[actor].role;
}

const char *says(enum actor actor, const char *family, const void *data)
{
    static const unsigned char absent[8192];
    static struct scene before;
    struct domain_world world = world_of(&scene);
    struct domain_command command = {.now_ms = scene.now, .data = data ? data : absent};
    char type[64];

    snprintf(type, sizeof(type), "%s.v1", family);
    command.row = message_of(type);
    ck_assert_msg(command.row != NULL, "%s", type);
    command.subject = subject_of(command.row)->id;
    caller(actor, &command.principal, &command.role);
    before = scene;
    ck_assert_int_eq(domain_decide(&world, &command, &scene.decision), 0);
    if (scene.decision.refusal == REFUSAL_NONE && strcmp(command.row->aggregate, "booking") == 0)
        hold_against_row(&command); /* the others have tests of their own */
    else if (scene.decision.refusal != REFUSAL_NONE && scene.decision.refusal != REFUSAL_CODE_WRONG)
        ck_assert_int_eq(scene.decision.fact_count + scene.decision.follow_count, 0);
    hold_against_fold(&before);
    hold_against_ledger();
    return scene.decision.refusal == REFUSAL_NONE ? "accepted" : refusal_text(scene.decision.refusal);
}

/* The commands of timers all hold the same two members. */
const char *timer(const char *family, int64_t epoch)
{
    union {
        struct booking_expire_v1 expire;
        struct booking_cancel_v1 cancel;
        struct booking_dispute_v1 dispute;
    } data;

    memset(&data, 0, sizeof(data));
    if (strcmp(family, "booking.cancel") == 0)
        data.cancel = (struct booking_cancel_v1){.has_epoch = true, .epoch = epoch};
    else if (strcmp(family, "booking.dispute") == 0)
        data.dispute = (struct booking_dispute_v1){.has_epoch = true, .epoch = epoch};
    else
        data.expire = (struct booking_expire_v1){.has_epoch = true, .epoch = epoch};
    return says(SYSTEM, family, &data);
}

/* What was decided */

struct words {
    char text[4096];
    size_t size;
};

static void add(struct words *words, const char *word, const char *tail)
{
    words->size += (size_t)snprintf(words->text + words->size, sizeof(words->text) - words->size, "%s%s%s%s",
                                    words->size ? " " : "", word, tail ? "/" : "", tail ? tail : "");
}

const char *facts(void)
{
    static struct words words;

    words = (struct words){{0}, 0};
    for (int i = 0; i < scene.decision.fact_count; i++)
        add(&words, scene.decision.facts[i].row->family, NULL);
    return words.text;
}

const char *timers(void)
{
    static struct words words;

    words = (struct words){{0}, 0};
    for (int i = 0; i < scene.decision.follow_count; i++)
        if (scene.decision.follows[i].timer)
            add(&words, scene.decision.follows[i].timer, NULL);
    return words.text;
}

const char *follows(void)
{
    static struct words words;

    words = (struct words){{0}, 0};
    for (int i = 0; i < scene.decision.follow_count; i++)
        if (!scene.decision.follows[i].timer)
            add(&words, scene.decision.follows[i].row->family, scene.decision.follows[i].subject.text + 35);
    return words.text;
}

const void *fact_of(const struct schema *schema)
{
    for (int i = 0; i < scene.decision.fact_count; i++)
        if (scene.decision.facts[i].row->schema == schema)
            return scene.decision.facts[i].data.bytes;
    ck_abort_msg("no %s in %s", schema->name, facts());
    return NULL;
}

int64_t timer_due(const char *name)
{
    for (int i = 0; i < scene.decision.follow_count; i++)
        if (scene.decision.follows[i].timer && strcmp(scene.decision.follows[i].timer, name) == 0)
            return scene.decision.follows[i].due_ms;
    return 0;
}

void split_is(int64_t to_traveller, int64_t to_sender, int64_t to_fees)
{
    const struct split *told = &scene.booking.split, *moved = &scene.payment.split;

    ck_assert(scene.booking.has_split);
    ck_assert_int_eq(told->to_traveller, to_traveller);
    ck_assert_int_eq(told->to_sender, to_sender);
    ck_assert_int_eq(told->to_fees, to_fees);
    ck_assert_mem_eq(told, moved, sizeof(*told));
}

void fault_is(int32_t fault)
{
    ck_assert_int_eq(scene.booking.fault, fault);
    is(follows(), fault == FAULT_NONE     ? ""
                  : fault == FAULT_SENDER ? "profile.count_fault/1"
                                          : "profile.count_fault/2");
}
