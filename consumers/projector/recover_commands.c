/* SPDX-License-Identifier: Apache-2.0
 * The commands since the projector's positions, read twice: once to see which of them have facts, and once to
 * be decided again, up to the last of each partition that has. What is read ahead is bounded: a partition
 * whose head waits is not read on. */
#include <stdio.h>
#include <string.h>

#include "consumers/projector/recover.h"
#include "schemas/tables.h"
#include "shared/base/clock.h"
#include "shared/run/service.h"

enum { WINDOW = 400, POLL_MS = 100, PATIENCE_MS = 30000, CHUNK = 1000 };
static const char topic[] = "commands";

const struct event *recover_head(const struct recover_window *window)
{
    return window->count > window->first ? kafka_record_event(window->records[window->first]) : NULL;
}

/* Of what was never read before, next is -1, as last is where nothing was decided. */
static bool reads_on(const struct recover_window *window)
{
    return window->last >= 0 && window->next <= window->last;
}

bool recover_over(const struct recover *recover)
{
    for (size_t at = 0; at < recover->window_count; at++)
        if (recover_head(&recover->windows[at]) || reads_on(&recover->windows[at]))
            return false;
    return true;
}

static int seek(struct recover *recover, struct recover_window *window, int64_t offset)
{
    const struct kafka_in_place to = {topic, (int32_t)(window - recover->windows), offset};

    window->held = offset == KAFKA_HELD;
    return error_forward(kafka_in_seek(recover->in, &to));
}

void recover_drop(struct recover *recover, struct recover_window *window, size_t count)
{
    (void)recover;
    for (size_t at = 0; at < count; at++)
        kafka_record_free(window->records[window->first++]);
    if (window->first < window->count)
        return;
    window->first = window->count = 0;
}

void recover_close(struct recover *recover)
{
    for (size_t at = 0; at < recover->window_count; at++) {
        struct recover_window *window = &recover->windows[at];

        recover_drop(recover, window, window->count - window->first);
        free(window->records);
    }
    free(recover->windows);
    if (recover->in)
        kafka_in_free(recover->in);
}

/* --- where it stands --- */

static int windows_make(struct recover *recover)
{
    CLEANUP(free_cleanup) struct reader_position *positions = NULL;
    int outcome;

    recover->window_count = (size_t)topic_row_of(topic)->partitions;
    recover->windows = memory_new(recover->window_count, sizeof(*recover->windows));
    positions = memory_new(recover->window_count, sizeof(*positions));
    for (size_t at = 0; at < recover->window_count; at++)
        positions[at] = (struct reader_position){topic, (int32_t)at, -1, -1};
    outcome = recover_reader(recover, store_positions(&recover->store, positions, recover->window_count));
    for (size_t at = 0; at < recover->window_count; at++)
        recover->windows[at] = (struct recover_window){
            .stored = positions[at].next, .next = positions[at].next, .begins = -1, .last = -1, .asked = -1};
    return outcome;
}

static int assign(struct recover *recover)
{
    CLEANUP(free_cleanup)
    struct kafka_in_place *places = memory_new(recover->window_count, sizeof(*places));

    for (size_t at = 0; at < recover->window_count; at++)
        places[at] = (struct kafka_in_place){topic, (int32_t)at, recover->windows[at].next};
    return error_forward(kafka_in_assign(recover->in, places, recover->window_count));
}

static int check_cluster(struct recover *recover)
{
    char id[64];
    int outcome = kafka_in_cluster(recover->in, id);

    if (outcome != 0)
        return outcome > 0 ? recover_away(recover, "Kafka did not answer") : error_forward(outcome);
    outcome = store_cluster(&recover->store, id);
    return outcome == READER_REJECT ? error_new(ERROR_DATA, "%s", reader_reason())
                                    : recover_reader(recover, outcome);
}

/* Commands are deleted once they are decided and old: what is before the start was. */
static int take_lost(struct recover *recover, const struct kafka_in_place *place,
                     struct recover_window *window)
{
    int64_t start = 0, end = 0;
    int outcome = kafka_in_ends(recover->in, topic, place->partition, &start, &end);

    if (outcome != 0)
        return outcome > 0 ? recover_away(recover, "Kafka did not answer") : error_forward(outcome);
    if (window->next > end)
        return error_new(ERROR_DATA,
                         "commands/%d ends at %lld, and was decided up to %lld: Kafka lost commands",
                         (int)place->partition, (long long)end, (long long)window->next);
    window->next = window->begins = start;
    return seek(recover, window, start);
}

/* --- which commands have facts --- */

struct survey {
    struct kafka_record *records[CHUNK];
    struct event events[CHUNK];
    size_t count, ended;
};

static int survey_tell(struct recover *recover, struct survey *survey)
{
    int outcome = survey->count == 0 ? 0 : recover_place_commands(recover, survey->events, survey->count);

    for (size_t at = 0; at < survey->count; at++)
        kafka_record_free(survey->records[at]);
    survey->count = 0;
    return outcome;
}

static int survey_turn(struct recover *recover, struct survey *survey)
{
    struct kafka_record *record = NULL;
    struct kafka_in_place place = {0};
    int outcome = kafka_in_poll(recover->in, POLL_MS, &record, &place);

    if (outcome < 0)
        return error_forward(outcome);
    if (outcome == KAFKA_LOST)
        return take_lost(recover, &place, &recover->windows[place.partition]);
    if (outcome == KAFKA_EOF && !recover->windows[place.partition].held) {
        survey->ended++;
        TRY(seek(recover, &recover->windows[place.partition], KAFKA_HELD));
    }
    if (outcome != 0)
        return 0;
    survey->records[survey->count] = record;
    survey->events[survey->count] = *kafka_record_event(record);
    recover->windows[survey->events[survey->count].partition].asked = survey->events[survey->count].offset;
    survey->count++;
    return survey->count == CHUNK ? survey_tell(recover, survey) : 0;
}

/* To the ends as they are when it comes to them: what is asked meanwhile is asked after the lost time. */
static int survey(struct recover *recover)
{
    CLEANUP(free_cleanup) struct survey *survey = memory_new(1, sizeof(*survey));
    int64_t until = clock_steady_ms() + PATIENCE_MS;
    int outcome = 0;

    while (outcome == 0 && survey->ended < recover->window_count) {
        size_t before = survey->count + survey->ended;

        outcome = survey_turn(recover, survey);
        if (survey->count + survey->ended != before)
            until = clock_steady_ms() + PATIENCE_MS;
        if (outcome == 0 && clock_steady_ms() > until)
            outcome = recover_away(recover, "Kafka did not answer");
    }
    if (outcome == 0)
        return survey_tell(recover, survey);
    for (size_t at = 0; at < survey->count; at++)
        kafka_record_free(survey->records[at]);
    return outcome;
}

int recover_open(struct recover *recover)
{
    const struct kafka_in_config config = {
        .name_space = service_values.name_space, .client = "recover", .fetch_wait_ms = 10};
    int outcome = windows_make(recover);

    if (outcome == 0)
        outcome = recover_ask(recover, "recover_by_index", NULL, 0, NULL);
    if (outcome != 0)
        return outcome;
    TRY(kafka_in_new(&config, &recover->in));
    TRY(assign(recover));
    outcome = check_cluster(recover);
    if (outcome == 0)
        outcome = survey(recover);
    if (outcome == 0)
        outcome = recover_last(recover);
    if (outcome == 0)
        outcome = recover_place_parked(recover);
    for (size_t at = 0; at < recover->window_count; at++)
        recover->windows[at].held = true; /* until the first round: the survey stands at the ends */
    return outcome;
}

void recover_go_behind(struct recover *recover)
{
    recover->behind = true;
    recover->batch.judge = NULL;
    for (size_t at = 0; at < recover->window_count; at++) {
        struct recover_window *window = &recover->windows[at];

        window->last = window->asked > window->last ? window->asked : window->last;
        window->held = true;
    }
}

/* --- reading ahead --- */

/* A record that finds no room is read again in the next round. */
static void keep(struct recover *recover, struct kafka_record *record)
{
    const struct event *event = kafka_record_event(record);
    struct recover_window *window = &recover->windows[event->partition];
    bool wanted = event->offset >= window->next && event->offset <= window->last && !window->held;

    if (wanted && window->count < WINDOW) {
        window->records[window->count++] = record;
        window->next = event->offset + 1;
        return;
    }
    window->held = window->held || wanted;
    kafka_record_free(record);
}

/* Room at the end of each; one that left records out goes back to the first of them. */
static int round_begin(struct recover *recover)
{
    for (size_t at = 0; at < recover->window_count; at++) {
        struct recover_window *window = &recover->windows[at];

        if (!window->records)
            window->records = memory_new(WINDOW, sizeof(struct kafka_record *));
        memmove(window->records, window->records + window->first,
                (window->count - window->first) * sizeof(struct kafka_record *));
        window->count -= window->first;
        window->first = 0;
        if (window->held && reads_on(window))
            TRY(seek(recover, window, window->next));
    }
    return 0;
}

enum { FULL, SOME, LACKING };

/* Each window has what it can hold; each has some; one that has more to come has none. */
static int fullness(const struct recover *recover)
{
    int least = FULL;

    for (size_t at = 0; at < recover->window_count; at++) {
        const struct recover_window *window = &recover->windows[at];

        if (!reads_on(window) || window->count == WINDOW)
            continue;
        if (!recover_head(window))
            return LACKING;
        least = SOME;
    }
    return least;
}

int recover_fill(struct recover *recover)
{
    int64_t until = clock_steady_ms() + PATIENCE_MS;
    bool quiet = false;

    if (fullness(recover) != LACKING)
        return 0;
    TRY(round_begin(recover));
    while (fullness(recover) == LACKING || (fullness(recover) == SOME && !quiet)) {
        struct kafka_record *record = NULL;
        struct kafka_in_place place = {0};
        int outcome = kafka_in_poll(recover->in, POLL_MS, &record, &place);

        quiet = outcome == KAFKA_NOTHING;
        if (outcome == 0) {
            keep(recover, record);
            until = clock_steady_ms() + PATIENCE_MS;
        }
        if (outcome < 0)
            return error_forward(outcome);
        if (outcome == KAFKA_LOST)
            return recover_away(recover, "commands were deleted meanwhile");
        if (clock_steady_ms() > until)
            return recover_away(recover, "Kafka did not answer");
    }
    return 0;
}
