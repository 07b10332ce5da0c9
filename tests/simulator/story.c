/* SPDX-License-Identifier: Apache-2.0
 * The lives as rows, made once; a schedule asks for some of them. */
#include "tests/simulator/story.h"

#include <stdio.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/domain/domain.h"
#include "shared/domain/payment_reference.h"

enum { LIVES = 3, BODY = 512, BUCKETS = 128, HOUR_MS = 3600000, MADE = 96 };
enum {
    ASKED_LEAST = 6,
    ASKED_MORE = 20,
    COPY_EVERY = 9,
    CURSE_EVERY = 25,
    MARKER_EVERY = 8,
    EARLY = 12,
    NOISE = 7,
    SELDOM = 12,
    HASTY = 6,
    LATE = 2,
    RUSH = 8
};
enum person { SENDER, TRAVELLER, STAFF, NOBODY };
enum noises { REDATE = 3, REQUEST = 8 };
enum about { A_SENDER, A_TRAVELLER, A_TRIP, A_PARCEL, A_BOOKING, A_PAYMENT };

/* clang-format off */
/* Each follows the one before it of its thread: the traveller's, or a life's. */
static const struct stage {
    const char *family;
    enum person by;
    const char *role;
    enum about about;
    const char *body; /* %T departs, %A arrives, %W window, %t trip, %p parcel, %r reference, %c charge, %1 %2 codes */
} first[] = { /* of all lives; the second trip, where the third life takes place, comes last */
    {"profile.update",             TRAVELLER, "person",   A_TRAVELLER, "{\"name\":\"Omar Diop\",\"email\":\"omar@example.org\",\"language\":\"en\"}"},
    {"profile.set_payout_account", TRAVELLER, "person",   A_TRAVELLER, "{\"method\":\"mobile_money\",\"country\":\"SN\",\"provider\":\"WAVE\",\"account\":\"221770000001\",\"holder\":\"Omar Diop\"}"},
    {"profile.set_tier",           STAFF,     "staff",    A_TRAVELLER, "{\"tier\":2,\"reason\":\"identity_checked\"}"},
    {"trip.announce",              TRAVELLER, "person",   A_TRIP,      "{\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"departs\":\"%T\",\"arrives\":\"%A\",\"drop_off_until\":\"%W\",\"capacity_g\":5000,\"price_per_kg\":5000,\"currency\":\"XOF\"}"},
    {"trip.announce",              TRAVELLER, "person",   A_TRIP,      "{\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"departs\":\"%T\",\"arrives\":\"%A\",\"drop_off_until\":\"%W\",\"capacity_g\":5000,\"price_per_kg\":5000,\"currency\":\"XOF\"}"},
}, each[] = { /* of one life */
    {"profile.update",             SENDER,    "person",   A_SENDER,    "{\"name\":\"Awa Ndiaye\",\"email\":\"awa@example.org\",\"language\":\"fr\"}"},
    {"parcel.register",            SENDER,    "person",   A_PARCEL,    "{\"recipient\":{\"name\":\"Moussa Ndiaye\",\"phone\":\"+221770000000\"},\"origin\":{\"country\":\"FR\",\"city\":\"Paris\"},\"destination\":{\"country\":\"SN\",\"city\":\"Dakar\"},\"weight_g\":1950,\"category\":\"clothes\",\"value\":{\"amount\":40000,\"currency\":\"XOF\"},\"declaration\":{\"agreed\":true,\"text_version\":1}}"},
    {"booking.request",            SENDER,    "person",   A_BOOKING,   "{\"trip\":\"%t\",\"parcel\":\"%p\"}"},
    {"booking.accept",             TRAVELLER, "person",   A_BOOKING,   "{}"},
    {"booking.pay",                SENDER,    "person",   A_BOOKING,   "{}"},
    {"payment.record_link",        NOBODY,    "payments", A_PAYMENT,   "{\"n\":1,\"link\":\"https://pay.example.org/x\",\"expires\":\"%W\"}"},
    {"payment.record_charge",      NOBODY,    "payments", A_PAYMENT,   "{\"charge\":\"%c\",\"reference\":\"%r\",\"amount\":10920,\"currency\":\"XOF\",\"fee\":328}"},
    {"parcel.attach_photo",        TRAVELLER, "person",   A_PARCEL,    "{\"digest\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"stage\":\"seal\",\"type\":\"jpeg\"}"},
    {"booking.collect",            TRAVELLER, "person",   A_BOOKING,   "{\"code\":\"%1\",\"opened_and_checked\":true,\"weighed_g\":1960}"},
    {"trip.depart",                TRAVELLER, "person",   A_TRIP,      "{}"},
    {"booking.deliver",            TRAVELLER, "person",   A_BOOKING,   "{\"code\":\"%2\"}"},
    {"booking.confirm",            SENDER,    "person",   A_BOOKING,   "{}"},
    {"payment.record_order",       NOBODY,    "payments", A_PAYMENT,   "{\"order\":1,\"try\":1,\"outcome\":\"sending\"}"},
    {"payment.record_order",       NOBODY,    "payments", A_PAYMENT,   "{\"order\":1,\"try\":1,\"outcome\":\"done\",\"amount\":9750,\"currency\":\"XOF\",\"fee\":50}"},
}, noise[] = { /* at any time; mostly refused. What begins with ! nobody can read */
    {"booking.cancel",             SENDER,    "person",   A_BOOKING,   "{\"reason\":\"changed_mind\"}"},
    {"booking.decline",            TRAVELLER, "person",   A_BOOKING,   "{\"reason\":\"no_room\"}"},
    {"parcel.cancel",              SENDER,    "person",   A_PARCEL,    "{\"reason\":\"mistake\"}"},
    {"trip.redate",                TRAVELLER, "person",   A_TRIP,      "{\"departs\":\"%A\",\"arrives\":\"%B\",\"drop_off_until\":\"%T\"}"},
    {"trip.cancel",                TRAVELLER, "person",   A_TRIP,      "{\"reason\":\"cannot_travel\"}"},
    {"profile.update",             SENDER,    "person",   A_SENDER,    "{\"name\":\"Awa N.\",\"email\":\"awa@example.org\",\"language\":\"en\"}"},
    {"profile.update",             TRAVELLER, "person",   A_TRAVELLER, "{\"name\":\"Omar D.\",\"email\":\"omar@example.org\",\"language\":\"en\"}"},
    {"booking.accept",             TRAVELLER, "person",   A_BOOKING,   "{}"},
    {"booking.request",            SENDER,    "person",   A_BOOKING,   "{\"trip\":\"%t\",\"parcel\":\"%p\"}"},
    {"booking.collect",            TRAVELLER, "person",   A_BOOKING,   "{\"code\":\"000000\",\"opened_and_checked\":true,\"weighed_g\":1960}"},
    {"parcel.register",            SENDER,    "person",   A_PARCEL,    "!not JSON"},
    {"parcel.unheard_of",          SENDER,    "person",   A_PARCEL,    "!{}"},
    {"booking.pay",                SENDER,    "person",   A_BOOKING,   "!{\"what\":1}"},
};
/* clang-format on */
enum {
    FIRST = sizeof(first) / sizeof(first[0]),
    EACH = sizeof(each) / sizeof(each[0]),
    NOISES = sizeof(noise) / sizeof(noise[0])
};

const struct code_key story_codes = {"a handover key of thirty-two byt"};

struct made {
    struct event event;
    char body[BODY];
    struct buf headers;
    bool broken;
};
static struct made made[FIRST + LIVES * (EACH + NOISES)];

static struct {
    int lives, at[LIVES + 1]; /* how far each thread is; the first is the traveller's */
    int asked, most;
    bool hasty; /* all at once, whether it makes sense or not: batches that name much */
    bool late;  /* the second trip is announced at any time, in a rush */
    struct command *newest[LIVES + 1];
    bool noise_told[LIVES][NOISES];
    struct command *buckets[BUCKETS];
} story;

static void numbered(const char *kind, int number, struct id *ret_id)
{
    char text[16];
    const struct span parts[2] = {span_of(kind), {text, (size_t)snprintf(text, sizeof(text), "%d", number)}};

    id_v8(parts, 2, ret_id);
}

static void person_of(enum person person, int life, char ret_id[37])
{
    static const char any[] = "01111111-1111-4111-8111-000000000000";

    ret_id[0] = '\0';
    if (person == NOBODY)
        return;
    memcpy(ret_id, any, sizeof(any));
    ret_id[0] = (char)('1' + person);
    ret_id[35] = (char)('0' + (person == SENDER ? life : 0));
}

static void subject_of(enum about about, int life, struct id *ret_id)
{
    struct id booking;

    numbered("booking", life, &booking);
    if (about <= A_TRAVELLER)
        person_of(about == A_SENDER ? SENDER : TRAVELLER, life, ret_id->text);
    else if (about == A_TRIP)
        numbered("trip", life / 2, ret_id);
    else if (about == A_PARCEL)
        numbered("parcel", life, ret_id);
    else if (about == A_BOOKING)
        *ret_id = booking;
    else
        domain_payment_of(&booking, ret_id);
}

static void value_of(char letter, int life, char ret_text[80])
{
    static const char hours[] = "WTAB"; /* 4, 5, 11 and 30 hours from now */
    static const int after[] = {4, 5, 11, 30};
    struct payment_reference reference = {.kind = PAYMENT_REFERENCE_ATTEMPT, .n = 1};
    const char *hour = strchr(hours, letter);
    struct id id;

    numbered("booking", life, &reference.base);
    if (hour)
        clock_format(SCHEDULE_BASE_MS + after[hour - hours] * (int64_t)HOUR_MS, ret_text);
    else if (letter == 'r')
        payment_reference_write(&reference, ret_text);
    else if (letter == 'c')
        (void)snprintf(ret_text, 80, "%d", 1000000 + life);
    else if (letter == '1' || letter == '2')
        code_make(&story_codes, &reference.base, letter == '1' ? CODE_PURPOSE_PICKUP : CODE_PURPOSE_DELIVERY,
                  1, ret_text);
    else {
        subject_of(letter == 't' ? A_TRIP : A_PARCEL, life, &id);
        (void)snprintf(ret_text, 80, "%s", id.text);
    }
}

static void body_write(const char *pattern, int life, char body[BODY])
{
    size_t size = 0;
    char value[80];

    for (; *pattern && size < BODY - 1; pattern++) {
        if (*pattern != '%') {
            body[size++] = *pattern;
            continue;
        }
        value_of(*++pattern, life, value);
        size += (size_t)snprintf(body + size, BODY - size, "%s", value);
    }
    body[size] = '\0';
}

/* A payment's commands travel under its booking, a person's under the person. */
static void key_of(const struct stage *stage, int life, char ret_key[80])
{
    struct id booking;
    char person[37];

    subject_of(A_BOOKING, life, &booking);
    person_of(stage->by, life, person);
    (void)snprintf(ret_key, 80, "%s", stage->by == NOBODY ? booking.text : person);
}

static void make(struct made *to, const struct stage *stage, int life)
{
    const char *dot = strchr(stage->family, '.');
    struct event *event = &to->event;
    struct id subject;

    subject_of(stage->about, life, &subject);
    numbered("simulated command", (int)(to - made), &event->id);
    (void)snprintf(event->source, sizeof(event->source), "/ingress");
    (void)snprintf(event->type, sizeof(event->type), "%s.v1", stage->family);
    (void)snprintf(event->subject, sizeof(event->subject), "%.*s/%s", (int)(dot - stage->family),
                   stage->family, subject.text);
    (void)snprintf(event->dataschema, sizeof(event->dataschema), "/schemas/commands/%s", event->type);
    (void)snprintf(event->role, sizeof(event->role), "%s", stage->role);
    (void)snprintf(event->fingerprint, sizeof(event->fingerprint), "00112233445566778899aabbccddeeff");
    person_of(stage->by, life, event->principal);
    key_of(stage, life, event->key);
    event->time_ms = SCHEDULE_BASE_MS;
    to->broken = stage->body[0] == '!';
    body_write(stage->body + to->broken, life, to->body);
    event->data = span_of(to->body);
    event->raw_key = span_of(event->key);
    event_headers_json(event, &to->headers);
    event->raw_headers = buf_as_span(&to->headers);
    event->readable = true;
}

void story_make(void)
{
    struct made *to = made;

    for (int i = 0; i < FIRST; i++)
        make(to++, &first[i], i == FIRST - 1 ? LIVES - 1 : 0);
    for (int life = 0; life < LIVES; life++)
        for (int i = 0; i < EACH; i++)
            make(to++, &each[i], life);
    for (int life = 0; life < LIVES; life++)
        for (int i = 0; i < NOISES; i++)
            make(to++, &noise[i], life);
}

void story_done(void)
{
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
        buf_done(&made[i].headers);
}

void story_restart(void)
{
    memset(&story, 0, sizeof(story));
    story.lives = schedule.rushed ? LIVES : 1 + (int)chance_below(&schedule.story, LIVES);
    story.most = ASKED_LEAST + (int)chance_below(&schedule.story, ASKED_MORE);
    story.hasty = chance_one_in(&schedule.story, HASTY);
    story.late = schedule.rushed || (story.lives == LIVES && chance_one_in(&schedule.story, LATE));
}

static struct command **bucket_of(const struct id *id)
{
    uint32_t hash = 2166136261u;

    for (int i = 0; id->text[i]; i++)
        hash = (hash ^ (uint8_t)id->text[i]) * 16777619u;
    return &story.buckets[hash % BUCKETS];
}

struct command *story_command(struct span text)
{
    struct command *command;
    struct id id;

    if (text.size == 16)
        id_from_bytes((const uint8_t *)text.data, &id);
    else if (id_parse(text, &id) != 0)
        return NULL;
    for (command = *bucket_of(&id); command; command = command->next)
        if (id_same(&command->event.id, &id))
            return command;
    return NULL;
}

static struct command *command_new(const struct event *event)
{
    struct command *command = schedule_take(sizeof(*command));
    struct command **bucket = bucket_of(&event->id);

    command->event = *event;
    command->next = *bucket;
    *bucket = command;
    return command;
}

/* Also what has been sent may be stored once more: a client that was not sure, or a writer. */
static void send(struct command *command)
{
    (void)broker_append(command, &command->event);
    if (!command->sent && !command->broken && schedule_fault(CURSE_EVERY))
        command->cursed = true;
    command->sent = true;
    if (schedule_fault(MARKER_EVERY))
        broker_mark((int)chance_below(&schedule.fault, (uint32_t)broker_partitions));
    if (schedule_fault(COPY_EVERY)) {
        met.copies++;
        (void)broker_append(command, &command->event);
    }
}

/* Past the limit nothing is sent, and all else is as it would be: so much of a schedule can be left out. */
static struct command *ask(struct made *from)
{
    struct command *command = story_command(span_of(from->event.id.text));

    if (!command)
        command = command_new(&from->event);
    command->broken = from->broken;
    story.asked++;
    if (schedule.commands == schedule.command_limit)
        return NULL;
    schedule.commands++;
    send(command);
    return command;
}

static int thread_end(int thread)
{
    return thread == 0 ? FIRST - (story.lives < LIVES || story.late) : EACH;
}

/* Has what comes before it been decided? */
static bool may_go_on(int thread)
{
    const struct command *before = story.at[thread] ? story.newest[thread] : thread ? story.newest[0] : NULL;

    if (thread && story.at[thread] == 2 && story.at[0] < thread_end(0))
        return false; /* a request wants the trip announced */
    return story.at[thread] < thread_end(thread) && (!before || before->row);
}

bool story_over(void)
{
    bool more = false;

    for (int thread = 0; thread <= story.lives; thread++)
        more |= story.at[thread] < thread_end(thread);
    return story.asked >= story.most || !more;
}

/* Somebody may go on; or now and then, for what comes too early. */
bool story_ready(void)
{
    if (story_over())
        return false;
    if (story.hasty)
        return true;
    for (int thread = 0; thread <= story.lives; thread++)
        if (may_go_on(thread))
            return true;
    return chance_one_in(&schedule.order, SELDOM);
}

static void noise_ask(int life, int what)
{
    if (!story.noise_told[life][what])
        (void)ask(&made[FIRST + LIVES * EACH + life * NOISES + what]);
    story.noise_told[life][what] = true;
}

/* The second trip comes to be while the first is changed, and somebody asks for places on both: who is made
 * to wait for the one must not see the other. */
static void rush(void)
{
    story.late = false;
    noise_ask(0, REDATE);
    story.newest[0] = ask(&made[story.at[0]++]);
    for (int life = 0; life < LIVES; life++)
        noise_ask(life, REQUEST);
}

void story_turn(void)
{
    int thread = (int)chance_below(&schedule.story, (uint32_t)story.lives + 1);
    bool early = chance_one_in(&schedule.story, story.hasty ? 2 : EARLY);

    if (story.late && story.at[0] == FIRST - 1 && chance_one_in(&schedule.story, RUSH)) {
        rush();
        return;
    }
    if (chance_one_in(&schedule.story, story.hasty ? 2 : NOISE)) {
        int life = (int)chance_below(&schedule.story, (uint32_t)story.lives);
        noise_ask(life, (int)chance_below(&schedule.story, NOISES));
        return;
    }
    if (story.at[thread] >= thread_end(thread) || !(early || may_go_on(thread)))
        return;
    story.newest[thread] =
        ask(&made[thread == 0 ? story.at[0] : FIRST + (thread - 1) * EACH + story.at[thread]]);
    story.at[thread]++;
}

bool verdict_cursed(struct cell id)
{
    const struct command *command = schedule.calm ? NULL : story_command(cell_span(id));

    return command && command->cursed;
}

/* The relay. What waits for its time stays here. */

static struct {
    struct row *rows[MADE * 8], *commands[MADE * 8]; /* those that wait; all there were */
    struct event facts[MADE * 24];
    int count, command_count, fact_count;
} relay;

void relay_restart(void)
{
    relay.count = relay.command_count = relay.fact_count = 0;
}

void relay_take_page(struct span page)
{
    struct event event;
    struct span topic;
    int more = outbox_next(&page, &topic, &event);

    for (; more == 0; more = outbox_next(&page, &topic, &event))
        if (relay.fact_count < MADE * 24 && !span_is(topic, "dead.projector"))
            relay.facts[relay.fact_count++] = event;
    if (more == OUTBOX_MALFORMED)
        law_broken("facts", "%s", event.reason);
}

void relay_take_command(struct row *row)
{
    if (relay.command_count < MADE * 8)
        relay.rows[relay.count++] = relay.commands[relay.command_count++] = row;
}

const struct event *relay_fact(int number)
{
    return number < relay.fact_count ? &relay.facts[number] : NULL;
}

const struct row *relay_command(int number)
{
    return number < relay.command_count ? relay.commands[number] : NULL;
}

/* Milliseconds; the wire counts microseconds from the year 2000. 0: at once. */
static int64_t due_of(const struct row *row)
{
    int64_t due = cell_integer(row->stored[COMMAND_DUE]);

    return due == POSTGRES_BEFORE_ALL ? 0 : due / 1000 + INT64_C(946684800000);
}

static int relay_next(void)
{
    for (int i = 0; i < relay.count; i++)
        if (due_of(relay.rows[i]) <= SCHEDULE_BASE_MS + schedule.now_ms)
            return i;
    return -1;
}

bool relay_ready(void)
{
    return relay_next() >= 0;
}

/* As the consumer gives them. */
static struct span headers_of(const struct event *event)
{
    CLEANUP(buf_done) struct buf headers = {0};

    event_headers_json(event, &headers);
    return cell_span(cell_copy(headers.data, headers.size));
}

/* The writer of the outbox says each once. */
void relay_turn(void)
{
    int at = relay_next();
    const struct cell *cells = relay.rows[at]->stored;
    struct event event = {0};

    if (event_from_line(cell_span(cells[COMMAND_HEADERS]), &event) != 0 ||
        story_command(span_of(event.id.text))) {
        law_broken("once", "the outbox holds command %s twice, or unreadable", event.id.text);
        return;
    }
    met.timers += due_of(relay.rows[at]) > 0;
    event.readable = true;
    event.data = cell_span(cells[COMMAND_VALUE]);
    event.raw_key = cell_span(cells[COMMAND_KEY]);
    event.raw_headers = headers_of(&event);
    send(command_new(&event));
    memmove(&relay.rows[at], &relay.rows[at + 1], (size_t)(--relay.count - at) * sizeof(relay.rows[0]));
}

bool relay_jump(void)
{
    int64_t next = INT64_MAX;

    for (int i = 0; i < relay.count; i++)
        if (due_of(relay.rows[i]) < next)
            next = due_of(relay.rows[i]);
    if (next == INT64_MAX)
        return false;
    if (next - SCHEDULE_BASE_MS > schedule.now_ms)
        schedule.now_ms = next - SCHEDULE_BASE_MS;
    return true;
}
