/* SPDX-License-Identifier: Apache-2.0
 * The life of a booking as rows: who says what about what. Ids are derived as the ingress derives them. */
#include "tests/bench/lives.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/domain/payment_reference.h"

enum { HOUR_MS = 3600 * 1000 };

enum person { SENDER, TRAVELLER, STAFF, NOBODY };
enum about { A_SENDER, A_TRAVELLER, A_TRIP, A_PARCEL, A_BOOKING, A_PAYMENT };

/* clang-format off */
static const struct stage {
    const char *family;
    enum person by;
    const char *role;
    enum about about;
    const char *body; /* %T departs, %A arrives, %W window, %t trip, %p parcel, %r reference, %c charge, %1 %2 codes */
} stages[LIVES_STAGES] = {
    {"profile.update",             SENDER,    "person",   A_SENDER,    "{\"name\":\"Awa Ndiaye\",\"email\":\"awa@example.org\",\"language\":\"fr\"}"},
    {"profile.update",             TRAVELLER, "person",   A_TRAVELLER, "{\"name\":\"Omar Diop\",\"email\":\"omar@example.org\",\"language\":\"en\"}"},
    {"profile.set_payout_account", TRAVELLER, "person",   A_TRAVELLER, "{\"method\":\"mobile_money\",\"country\":\"SN\",\"provider\":\"WAVE\",\"account\":\"221770000001\",\"holder\":\"Omar Diop\"}"},
    {"profile.set_tier",           STAFF,     "staff",    A_TRAVELLER, "{\"tier\":1,\"reason\":\"identity_checked\"}"},
    {"trip.announce",              TRAVELLER, "person",   A_TRIP,      "{\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"departs\":\"%T\",\"arrives\":\"%A\",\"drop_off_until\":\"%W\",\"capacity_g\":10000,\"price_per_kg\":5000,\"currency\":\"XOF\"}"},
    {"parcel.register",            SENDER,    "person",   A_PARCEL,    "{\"recipient\":{\"name\":\"Moussa Ndiaye\",\"phone\":\"+221770000000\"},\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"weight_g\":1950,\"category\":\"clothes\",\"value\":{\"amount\":40000,\"currency\":\"XOF\"},\"declaration\":{\"agreed\":true,\"text_version\":1}}"},
    {"booking.request",            SENDER,    "person",   A_BOOKING,   "{\"trip\":\"%t\",\"parcel\":\"%p\"}"},
    {"booking.accept",             TRAVELLER, "person",   A_BOOKING,   "{}"},
    {"booking.pay",                SENDER,    "person",   A_BOOKING,   "{}"},
    {"payment.record_link",        NOBODY,    "payments", A_PAYMENT,   "{\"n\":1,\"link\":\"https://pay.example.org/x\",\"expires\":\"%W\"}"},
    {"payment.record_charge",      NOBODY,    "payments", A_PAYMENT,   "{\"charge\":\"%c\",\"reference\":\"%r\",\"amount\":10920,\"currency\":\"XOF\",\"fee\":328}"},
    {"parcel.attach_photo",        TRAVELLER, "person",   A_PARCEL,    "{\"digest\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"stage\":\"seal\",\"type\":\"jpeg\"}"},
    {"booking.collect",            TRAVELLER, "person",   A_BOOKING,   "{\"code\":\"%1\",\"opened_and_checked\":true,\"weighed_g\":1960}"},
    {"trip.depart",                TRAVELLER, "person",   A_TRIP,      "{}"},
    {"booking.start",              NOBODY,    "system",   A_BOOKING,   "{}"},
    {"booking.deliver",            TRAVELLER, "person",   A_BOOKING,   "{\"code\":\"%2\"}"},
    {"booking.confirm",            SENDER,    "person",   A_BOOKING,   "{}"},
    {"payment.record_order",       NOBODY,    "payments", A_PAYMENT,   "{\"order\":1,\"try\":1,\"outcome\":\"sending\"}"},
    {"payment.record_order",       NOBODY,    "payments", A_PAYMENT,   "{\"order\":1,\"try\":1,\"outcome\":\"done\",\"amount\":9750,\"currency\":\"XOF\",\"fee\":50}"},
};
/* clang-format on */

enum { STAGE_TRIP = 4, STAGE_PARCEL = 5, STAGE_BOOKING = 6 };

static void person_of(enum person person, int64_t life, char ret_id[37])
{
    char text[64];

    ret_id[0] = '\0';
    if (person == NOBODY)
        return;
    (void)snprintf(text, sizeof(text), "%d1111111-1111-4111-8111-%012lld", (int)person + 1,
                   person == STAFF ? 0LL : (long long)life);
    memcpy(ret_id, text, 36);
    ret_id[36] = '\0';
}

static void command_of(int64_t life, int stage, struct id *ret_id)
{
    char person[37], key[64];

    person_of(stages[stage].by, life, person);
    (void)snprintf(key, sizeof(key), "life-%lld-%d", (long long)life, stage);
    id_of_command(span_of(person), span_of(key), ret_id);
}

static void made_by(int64_t life, int stage, const char *kind, struct id *ret_id)
{
    struct id command;

    command_of(life, stage, &command);
    id_of_aggregate(&command, kind, ret_id);
}

static void subject_of(const struct stage *stage, int64_t life, struct id *ret_id)
{
    struct id booking;

    switch (stage->about) {
    case A_SENDER:
    case A_TRAVELLER:
        person_of(stage->about == A_SENDER ? SENDER : TRAVELLER, life, ret_id->text);
        break;
    case A_TRIP:
        made_by(life, STAGE_TRIP, "trip", ret_id);
        break;
    case A_PARCEL:
        made_by(life, STAGE_PARCEL, "parcel", ret_id);
        break;
    default:
        made_by(life, STAGE_BOOKING, "booking", &booking);
        if (stage->about == A_PAYMENT)
            domain_payment_of(&booking, ret_id);
        else
            *ret_id = booking;
    }
}

/* What stands for a letter. */
static void value_of(char letter, int64_t life, const struct code_key *codes, char ret_text[80])
{
    static int64_t now_ms;
    struct payment_reference reference = {.kind = PAYMENT_REFERENCE_ATTEMPT, .n = 1};
    struct id id;

    now_ms = now_ms ? now_ms : clock_wall_ms();
    made_by(life, STAGE_BOOKING, "booking", &reference.base);
    if (letter == 'T' || letter == 'A' || letter == 'W')
        clock_format(now_ms + (letter == 'T' ? 5 : letter == 'A' ? 11 : 4) * (int64_t)HOUR_MS, ret_text);
    else if (letter == 't' || letter == 'p') {
        made_by(life, letter == 't' ? STAGE_TRIP : STAGE_PARCEL, letter == 't' ? "trip" : "parcel", &id);
        (void)snprintf(ret_text, 80, "%s", id.text);
    } else if (letter == 'r')
        payment_reference_write(&reference, ret_text);
    else if (letter == 'c')
        (void)snprintf(ret_text, 80, "%lld", (long long)(1000000 + life));
    else
        code_make(codes, &reference.base, letter == '1' ? CODE_PURPOSE_PICKUP : CODE_PURPOSE_DELIVERY, 1,
                  ret_text);
}

static void write_body(const char *pattern, int64_t life, const struct code_key *codes, char *body)
{
    size_t size = 0;
    char value[80];

    for (; *pattern && size < LIVES_BODY - 1; pattern++) {
        if (*pattern != '%') {
            body[size++] = *pattern;
            continue;
        }
        value_of(*++pattern, life, codes, value);
        size += (size_t)snprintf(body + size, LIVES_BODY - size, "%s", value);
    }
    body[size] = '\0';
}

static void event_make(struct event *event, const char *family, const struct id *subject, const char *role)
{
    const char *dot = strchr(family, '.');

    (void)snprintf(event->source, sizeof(event->source), "/ingress");
    (void)snprintf(event->type, sizeof(event->type), "%s.v1", family);
    (void)snprintf(event->subject, sizeof(event->subject), "%.*s/%s", (int)(dot - family), family,
                   subject->text);
    (void)snprintf(event->dataschema, sizeof(event->dataschema), "/schemas/commands/%s.v1", family);
    (void)snprintf(event->role, sizeof(event->role), "%s", role);
    (void)snprintf(event->fingerprint, sizeof(event->fingerprint), "00112233445566778899aabbccddeeff");
    event->readable = true;
    event->topic = "commands";
    event->stored_ms = clock_wall_ms();
}

void lives_booking(struct event *event, int64_t life, int stage, const struct code_key *codes, char *body)
{
    const struct stage *row = &stages[stage];
    struct id subject;

    memset(event, 0, sizeof(*event));
    subject_of(row, life, &subject);
    event_make(event, row->family, &subject, row->role);
    command_of(life, stage, &event->id);
    person_of(row->by, life, event->principal);
    (void)snprintf(event->key, sizeof(event->key), "%s", row->by == NOBODY ? subject.text : event->principal);
    write_body(row->body, life, codes, body);
    event->data = span_of(body);
    event->raw_key = span_of(event->key);
}

void lives_parcel(struct event *event, int64_t number)
{
    char key[32];
    struct id subject;

    memset(event, 0, sizeof(*event));
    (void)snprintf(key, sizeof(key), "bench-%lld", (long long)number);
    (void)snprintf(event->principal, sizeof(event->principal), "11111111-1111-4111-8111-%012lld",
                   (long long)(number % 1000));
    id_of_command(span_of(event->principal), span_of(key), &event->id);
    id_of_aggregate(&event->id, "parcel", &subject);
    event_make(event, "parcel.register", &subject, "person");
    (void)snprintf(event->key, sizeof(event->key), "%s", event->principal);
    event->data = span_of(stages[STAGE_PARCEL].body);
    event->raw_key = span_of(event->key);
}
