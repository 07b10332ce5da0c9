/* SPDX-License-Identifier: Apache-2.0
 * What is known of a command that was decided before the time was lost: its facts, and the notice that it was
 * put aside. By them it is seen when it can be decided again, and whether that came out as it did. */
#include <string.h>

#include "consumers/projector/recover.h"
#include "shared/base/log.h"

/* The row is a fact of this command. */
static bool is_fact_of(const struct recover *recover, int row, const struct event *event)
{
    return !recover->facts[row].notice && id_same(&recover->facts[row].causation, &event->id);
}

int recover_facts_of(const struct recover *recover, const struct event *event)
{
    int count = 0;

    for (int row = 0; row < recover->expected.count; row++)
        count += is_fact_of(recover, row, event);
    return count;
}

int recover_notice_of(const struct recover *recover, const struct event *event,
                      struct command_parked_v1 *ret_notice)
{
    for (int row = 0; row < recover->expected.count; row++)
        if (recover->facts[row].notice &&
            codec_decode(&command_parked_v1_schema, postgres_text(&recover->expected, row, EXPECTED_VALUE),
                         ret_notice, NULL) == 0 &&
            ret_notice->partition == event->partition && ret_notice->offset == event->offset)
            return row;
    return -1;
}

static bool same_fact(struct recover *recover, int row, const struct domain_fact *fact)
{
    const struct postgres_rows *rows = &recover->expected;
    const struct id *subject = &recover->facts[row].subject;
    struct event event = {0};
    struct span value;

    if (event_from_headers_json(postgres_text(rows, row, EXPECTED_HEADERS), &event) != 0 ||
        strcmp(event.type, fact->row->type) != 0 || !id_same(subject, &fact->subject) ||
        event.sequence != fact->version || event.time_ms != fact->at_ms)
        return false;
    buf_clear(&recover->value);
    codec_encode(fact->row->schema, fact->data.bytes, CODEC_ALL, &recover->value);
    value = postgres_text(rows, row, EXPECTED_VALUE);
    return recover->value.size == value.size && memcmp(recover->value.data, value.data, value.size) == 0;
}

bool recover_agrees(void *self, const struct batch_item *item, const struct domain_decision *decision)
{
    struct recover *recover = self;
    int expected = 0, met = 0;

    for (int row = 0; row < recover->expected.count; row++) {
        const struct id *event = &recover->facts[row].event;

        if (!is_fact_of(recover, row, item->event))
            continue;
        expected++;
        for (int at = 0; at < decision->fact_count; at++) {
            struct id id;

            id_of_fact(&item->event->id, (unsigned)at, &id);
            met += id_same(&id, event) && same_fact(recover, row, &decision->facts[at]);
        }
    }
    return expected > 0 ? met == expected : decision->fact_count == 0;
}

static bool has_version(const struct recover *recover, const struct event *event, const struct id *subject,
                        int64_t version)
{
    for (int row = 0; row < recover->expected.count; row++)
        if (is_fact_of(recover, row, event) && id_same(&recover->facts[row].subject, subject) &&
            recover->facts[row].version == version)
            return true;
    return false;
}

bool recover_applies(struct recover *recover, const struct event *event)
{
    for (int row = 0; row < recover->expected.count; row++) {
        const struct recover_fact *fact = &recover->facts[row];
        int at;

        if (!is_fact_of(recover, row, event))
            continue;
        at = fact->machine ? batch_index_of(&recover->batch, fact->machine, &fact->subject) : -1;
        if (at < 0 || (recover->batch.states[at].state->version != fact->version - 1 &&
                       !has_version(recover, event, &fact->subject, fact->version - 1)))
            return false;
    }
    return true;
}

void recover_note_back(const struct recover *recover, const struct event *event, struct postgres_array *back)
{
    for (int row = 0; row < recover->expected.count; row++)
        if (is_fact_of(recover, row, event))
            postgres_array_text(back, span_of(recover->facts[row].event.text));
}

/* --- what is done where nothing goes on by itself --- */

static void say(const char *what, const struct event *event)
{
    log_with(LOG_LEVEL_WARN, what, .event = event->id.text, .topic = "commands",
             .partition = event->partition, .offset = event->offset);
}

int recover_refuse(struct recover *recover, const struct event *event)
{
    say("refused as stale: nobody was told that it was accepted", event);
    recover->stale++;
    batch_conclude(&recover->batch, event, REFUSAL_STALE, 0);
    return 0;
}

int recover_park(struct recover *recover, const struct event *event)
{
    say("it cannot be decided, and is parked", event);
    batch_park(&recover->batch, event, PARKED_KIND_PARKED, reader_reason());
    return 0;
}

/* A code that failed is the one fact of a refusal. */
int recover_believe(struct recover *recover, const struct event *event)
{
    enum refusal refusal = REFUSAL_NONE;

    say("decided again it makes other facts: those that were published are believed", event);
    for (int row = 0; row < recover->expected.count; row++) {
        struct event fact = {0};

        if (is_fact_of(recover, row, event) &&
            event_from_headers_json(postgres_text(&recover->expected, row, EXPECTED_HEADERS), &fact) == 0 &&
            strncmp(fact.type, "booking.code_failed.", strlen("booking.code_failed.")) == 0)
            refusal = REFUSAL_CODE_WRONG;
    }
    batch_conclude(&recover->batch, event, refusal, recover_facts_of(recover, event));
    return recover_fold(recover, &recover->expected, &event->id);
}
