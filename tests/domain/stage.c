/* SPDX-License-Identifier: Apache-2.0
 * The world the tests of trips, parcels and people play in, and what each decision is held against. */
#include "tests/domain/stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/suite.h"

const char *const sender = "11111111-1111-4111-8111-111111111111";
const char *const traveller = "22222222-2222-4222-8222-222222222222";
const char *const stranger = "33333333-3333-4333-8333-333333333333";
struct stage stage;

static void id_set(struct id *id, const char *text)
{
    ck_assert_int_eq(id_parse(span_of(text), id), 0);
}

struct id stage_booking(int n)
{
    struct id id;
    char text[40];

    snprintf(text, sizeof(text), "b0000000-0000-8000-8000-%012d", n);
    id_set(&id, text);
    return id;
}

void stage_set(void)
{
    memset(&stage, 0, sizeof(stage));
    stage.now = NOW;
    id_set(&stage.trip.id, "a0000000-0000-8000-8000-000000000001");
    id_set(&stage.parcel.id, "c0000000-0000-8000-8000-000000000001");
    stage.booking.id = stage_booking(1);
    domain_payment_of(&stage.booking.id, &stage.payment.id);
    domain_review_of(&stage.booking.id, &stage.review.id);
    id_set(&stage.report.id, "d0000000-0000-8000-8000-000000000001");
    id_set(&stage.search.id, "e0000000-0000-8000-8000-000000000001");
    id_set(&stage.profile.id, sender);
    id_set(&stage.sender.id, sender);
    id_set(&stage.traveller.id, traveller);
    stage.sender.version = stage.traveller.version = 1;
    stage.sender.state = stage.traveller.state = PROFILE_STATUS_KNOWN;
    stage.sender.tier = stage.traveller.tier = 1;
}

void stage_trip(void)
{
    struct trip_state *trip = &stage.trip;

    trip->version = 1;
    trip->state = TRIP_STATUS_ANNOUNCED;
    id_set(&trip->traveller, traveller);
    strcpy(trip->origin.country, "FR");
    strcpy(trip->origin.city, "Paris");
    strcpy(trip->destination.country, "SN");
    strcpy(trip->destination.city, "Dakar");
    trip->departs = trip->first_departs = NOW + 2 * DAYS;
    trip->arrives = trip->departs + 6 * HOURS;
    trip->drop_off_until = trip->departs - 5 * HOURS;
    trip->capacity_g = 20000;
    trip->price_per_kg = 5000;
    strcpy(trip->currency, "XOF");
    trip->schedule = trip->overdue_epoch = 1;
}

void stage_load(int n, bool on_board)
{
    struct trip_state *trip = &stage.trip;

    trip->bookings[trip->bookings_count++] =
        (struct trip_load){.booking = stage_booking(n), .grams = 1000, .exposure = 10, .on_board = on_board};
    trip->reserved_g += 1000;
    trip->exposure += 10;
}

void stage_parcel(void)
{
    struct parcel_state *parcel = &stage.parcel;

    parcel->version = 1;
    parcel->state = PARCEL_STATUS_REGISTERED;
    id_set(&parcel->sender, sender);
    strcpy(parcel->origin.country, "FR");
    strcpy(parcel->origin.city, "Paris");
    strcpy(parcel->destination.country, "SN");
    strcpy(parcel->destination.city, "Dakar");
    parcel->weight_g = 1000;
    parcel->category = CATEGORY_CLOTHES;
    parcel->value = (struct money){40000, "XOF"};
    parcel->has_deliver_by = true;
    parcel->deliver_by = NOW + 10 * DAYS;
    parcel->recipient_n = parcel->stale_epoch = 1;
}

void stage_booked(int32_t parcel_state, int32_t booking_state)
{
    struct booking_state *booking = &stage.booking;
    struct parcel_state *parcel = &stage.parcel;

    stage_trip();
    stage_load(1, parcel_state != PARCEL_STATUS_BOOKED);
    stage_parcel();
    parcel->state = parcel_state;
    parcel->has_booking = parcel->has_trip = parcel->has_traveller = true;
    parcel->booking = booking->id;
    parcel->trip = stage.trip.id;
    id_set(&parcel->traveller, traveller);
    booking->version = 1;
    booking->state = booking_state;
    booking->trip = stage.trip.id;
    booking->parcel = parcel->id;
    booking->payment = stage.payment.id;
    booking->review = stage.review.id;
    id_set(&booking->sender, sender);
    id_set(&booking->traveller, traveller);
    booking->grams = booking->min_grams = 1000;
    booking->carriage = 5000;
    booking->fee = 600;
    strcpy(booking->currency, "XOF");
    booking->departs = stage.trip.departs;
    booking->arrives = stage.trip.arrives;
}

void stage_photo(int32_t photo_stage, int32_t by)
{
    struct parcel_state *parcel = &stage.parcel;
    struct photo *photo = &parcel->photos[parcel->photos_count++];

    *photo = (struct photo){.stage = photo_stage, .by = by, .type = PHOTO_TYPE_JPEG};
    snprintf(photo->digest, sizeof(photo->digest), "%064d", (int)parcel->photos_count);
}

static struct domain_world world_of(struct stage *of)
{
    return (struct domain_world){.trip = &of->trip,
                                 .parcel = &of->parcel,
                                 .booking = &of->booking,
                                 .payment = &of->payment,
                                 .review = &of->review,
                                 .report = &of->report,
                                 .profile = &of->profile,
                                 .sender = &of->sender,
                                 .traveller = &of->traveller,
                                 .search = &of->search,
                                 .codes = &of->codes};
}

struct domain_world stage_world(void)
{
    return world_of(&stage);
}

static const struct rule *rule_of(const struct domain_command *command)
{
    const struct machine *machine = machine_of(command->row->aggregate);

    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++)
        if (strcmp(rule->number, stage.decision.rule) == 0 &&
            strcmp(rule->command, command->row->family) == 0)
            return rule;
    return NULL;
}

/* "?x" and "x" both name x. */
static bool row_says(const struct rule *rule, const char *what, const char *family)
{
    for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++) {
        const char *says = rule->facts[i];

        says += *says == '?' ? 1 : 0;
        if (strncmp(says, what, strlen(what)) == 0 && strcmp(says + strlen(what), family) == 0)
            return true;
    }
    return false;
}

static bool emitted(const char *family)
{
    for (int i = 0; i < stage.decision.fact_count; i++)
        if (strcmp(stage.decision.facts[i].row->family, family) == 0)
            return true;
    return false;
}

/* Rows of one number and command may differ in their facts (P4, R2): any of them may say it. */
static void hold_against_row(const struct domain_command *command)
{
    const struct machine *machine = machine_of(command->row->aggregate);
    const struct rule *first = rule_of(command);
    bool fits = false;

    ck_assert_ptr_nonnull(first);
    for (const struct rule *rule = first; rule_row_used(rule) && strcmp(rule->number, first->number) == 0;
         rule++) {
        bool all = strcmp(rule->command, first->command) == 0;

        for (int i = 0; i < stage.decision.fact_count; i++)
            all = all && row_says(rule, "", stage.decision.facts[i].row->family);
        for (int i = 0; i < stage.decision.follow_count; i++)
            all = all && (stage.decision.follows[i].timer ||
                          row_says(rule, "=> ", stage.decision.follows[i].row->family));
        for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++)
            all = all && (strchr("?=", rule->facts[i][0]) || emitted(rule->facts[i]));
        fits |= all;
    }
    ck_assert_msg(fits, "%s %s: %s, %s", machine->kind, stage.decision.rule, facts(), follows());
}

static void expect_same_state(const struct machine *machine, struct domain_world *folded,
                              struct domain_world *live)
{
    struct buf one = {0}, other = {0};

    ck_assert_int_eq(folded->at[machine->slot]->version, live->at[machine->slot]->version);
    if (live->at[machine->slot]->version > 0) {
        codec_encode(machine->state, folded->at[machine->slot], CODEC_ALL, &one);
        codec_encode(machine->state, live->at[machine->slot], CODEC_ALL, &other);
        ck_assert_str_eq(one.data, other.data);
    }
    buf_done(&one);
    buf_done(&other);
}

static void hold_against_fold(const struct stage *before)
{
    static struct stage folded;
    struct domain_world world = world_of(&folded), live = world_of(&stage);

    folded = *before;
    for (int i = 0; i < stage.decision.fact_count; i++) {
        const struct domain_fact *fact = &stage.decision.facts[i];

        ck_assert_int_eq(domain_fold(world.at[machine_of(fact->row->aggregate)->slot], fact), 0);
    }
    for (size_t m = 0; machines[m]; m++)
        expect_same_state(machines[m], &world, &live);
}

enum refusal asked(const char *family, const char *principal, const char *role, const void *data)
{
    static const unsigned char absent[8192];
    static struct stage before;
    struct domain_world world = world_of(&stage);
    struct domain_command command = {
        .principal = principal, .role = role, .now_ms = stage.now, .data = data ? data : absent};
    char type[64];

    snprintf(type, sizeof(type), "%s.v1", family);
    command.row = message_of(type);
    ck_assert_msg(command.row != NULL, "%s", type);
    ck_assert_uint_le(command.row->schema->size, sizeof(absent));
    command.subject = world.at[machine_of(command.row->aggregate)->slot]->id;
    id_of_command(span_of(principal), span_of(type), &command.id);
    before = stage;
    ck_assert_int_eq(domain_decide(&world, &command, &stage.decision), 0);
    if (stage.decision.refusal == REFUSAL_NONE)
        hold_against_row(&command);
    else if (stage.decision.refusal != REFUSAL_CODE_WRONG)
        ck_assert_int_eq(stage.decision.fact_count + stage.decision.follow_count, 0);
    hold_against_fold(&before);
    return stage.decision.refusal;
}

const char *verdict(const char *family, const char *principal, const char *role, const void *data)
{
    enum refusal refusal = asked(family, principal, role, data);

    return refusal == REFUSAL_NONE ? "accepted" : refusal_text(refusal);
}

const char *timer(const char *family, int64_t epoch)
{
    static union {
        struct trip_overdue_v1 overdue;
        struct parcel_cancel_v1 cancel;
        struct review_publish_v1 publish;
    } data;

    memset(&data, 0, sizeof(data));
    if (strcmp(family, "trip.overdue") == 0)
        data.overdue = (struct trip_overdue_v1){.has_epoch = true, .epoch = epoch};
    else if (strcmp(family, "parcel.cancel") == 0)
        data.cancel = (struct parcel_cancel_v1){.has_epoch = true, .epoch = epoch};
    else
        data.publish = (struct review_publish_v1){.has_epoch = true, .epoch = epoch};
    return verdict(family, "", "system", &data);
}

struct words {
    char text[8192];
    size_t size;
};

static void say(struct words *words, const char *word, const char *tail)
{
    words->size += (size_t)snprintf(words->text + words->size, sizeof(words->text) - words->size, "%s%s%s%s",
                                    words->size ? " " : "", word, tail ? "/" : "", tail ? tail : "");
}

const char *facts(void)
{
    static struct words words;

    words = (struct words){{0}, 0};
    for (int i = 0; i < stage.decision.fact_count; i++)
        say(&words, stage.decision.facts[i].row->family, NULL);
    return words.text;
}

const char *follows(void)
{
    static struct words words;

    words = (struct words){{0}, 0};
    for (int i = 0; i < stage.decision.follow_count; i++)
        if (!stage.decision.follows[i].timer)
            say(&words, stage.decision.follows[i].row->family, stage.decision.follows[i].subject.text + 35);
    return words.text;
}

const char *timers(void)
{
    static struct words words;

    words = (struct words){{0}, 0};
    for (int i = 0; i < stage.decision.follow_count; i++)
        if (stage.decision.follows[i].timer)
            say(&words, stage.decision.follows[i].timer, NULL);
    return words.text;
}

const void *fact_data(int index, const struct schema *schema)
{
    ck_assert_int_lt(index, stage.decision.fact_count);
    ck_assert_ptr_eq(stage.decision.facts[index].row->schema, schema);
    return stage.decision.facts[index].data.bytes;
}

const char *kept(void)
{
    static char text[64];

    text[0] = '\0';
    if (stage.decision.private_name)
        snprintf(text, sizeof(text), "%s %lld", stage.decision.private_name,
                 (long long)stage.decision.private_n);
    return text;
}

int main(void)
{
    Suite *suite = suite_create("trips");

    suite_add_tcase(suite, trip_cases());
    suite_add_tcase(suite, parcel_cases());
    suite_add_tcase(suite, trouble_cases());
    suite_add_tcase(suite, people_cases());
    return suite_run(suite);
}
