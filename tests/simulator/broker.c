/* SPDX-License-Identifier: Apache-2.0
 * The log and the group, and shared/links/kafka_in.h over them: linked in the place of the real consumer. */
#include "tests/simulator/broker.h"

#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/links/kafka.h"
#include "shared/links/kafka_in.h"
#include "tests/simulator/story.h"

enum { SESSION_MS = 6000, NOT_NOW = 20, ON_ITS_WAY = 6 };

struct member {
    bool there;
    uint32_t given; /* partitions, as bits */
    int generation;
};

struct seat {
    int32_t partition;
    int64_t offset; /* as kafka_in_place has it */
    bool end_told;
};

struct kafka_in {
    struct kafka_in_config config;
    struct member *member;
    struct seat places[PARTITIONS];
    int count, generation;
    bool paused, taken;
};

struct kafka_record {
    struct event event;
};

const struct setting kafka_settings[] = {{0}};

int broker_partitions;
static struct record *entries[PARTITIONS][RECORDS];
static int64_t ends[PARTITIONS];
static struct member members[PROCESSES];
static int64_t due_ms;

void broker_restart(void)
{
    memset(ends, 0, sizeof(ends));
    memset(members, 0, sizeof(members));
    due_ms = INT64_MAX;
    broker_partitions = 1 + (int)chance_below(&schedule.story, PARTITIONS);
}

static int partition_of(struct span key)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ (uint8_t)key.data[i]) * 16777619u;
    return (int)(hash >> 8) % broker_partitions;
}

static struct record *push(int partition)
{
    struct record *entry = schedule_take(sizeof(*entry));

    if (ends[partition] == RECORDS)
        abort();
    entries[partition][ends[partition]++] = entry;
    return entry;
}

struct record *broker_append(struct command *command, const struct event *event)
{
    int partition = partition_of(event->raw_key);
    struct record *entry = push(partition);

    entry->command = command;
    entry->event = *event;
    entry->event.topic = "commands";
    entry->event.partition = partition;
    entry->event.offset = ends[partition] - 1;
    entry->event.stored_ms = SCHEDULE_BASE_MS + schedule.now_ms;
    tell("broker: partition %d offset %lld: %s %s", partition, (long long)entry->event.offset, event->type,
         event->id.text);
    return entry;
}

void broker_mark(int partition)
{
    met.markers++;
    (void)push(partition);
}

int64_t broker_end(int partition)
{
    return ends[partition];
}

struct record *broker_entry(int partition, int64_t offset)
{
    return offset >= 0 && offset < ends[partition] ? entries[partition][offset] : NULL;
}

/* Each partition to one member, or to whom it hits. */
void broker_rebalance(void)
{
    bool right = schedule.settled || chance_one_in(&schedule.fault, 2);
    int there[PROCESSES], count = 0;

    met.rebalances++;
    met.overlaps += !right;
    due_ms = INT64_MAX;
    for (int i = 0; i < PROCESSES; i++) {
        members[i].given = 0;
        members[i].generation++;
        if (members[i].there)
            there[count++] = i;
        if (members[i].there && !right)
            members[i].given = (uint32_t)chance_below(&schedule.fault, 1u << broker_partitions);
    }
    for (int partition = 0; right && count && partition < broker_partitions; partition++)
        members[there[partition % count]].given |= 1u << partition;
    tell("group: shared out %s", right ? "rightly" : "wrongly");
}

void member_leave(struct process *process)
{
    struct member *member = process->member;

    process->member = NULL;
    if (!member || !member->there)
        return;
    member->there = false;
    if (schedule.settled || chance_one_in(&schedule.fault, 2))
        broker_rebalance();
    else
        due_ms = schedule.now_ms + SESSION_MS;
}

int64_t broker_due_ms(void)
{
    return due_ms;
}

void broker_turn(void)
{
    if (schedule.now_ms >= due_ms)
        broker_rebalance();
}

int kafka_check_topics(const char *name_space, const char *const *topics, int timeout_ms)
{
    (void)name_space;
    (void)topics;
    (void)timeout_ms;
    process_wait(0, NULL, NULL);
    return 0;
}

int kafka_in_new(const struct kafka_in_config *config, struct kafka_in **ret_in)
{
    struct kafka_in *in = memory_new(1, sizeof(*in));
    struct process *process = process_now();

    in->config = *config;
    in->member = &members[process->number];
    *ret_in = in;
    if (process_dead())
        return 0;
    in->generation = in->member->generation;
    in->member->there = true;
    process->member = in->member;
    broker_rebalance();
    return 0;
}

void kafka_in_free(struct kafka_in *in)
{
    if (in && !process_dead())
        member_leave(process_now());
    free(in);
}

static void places_of(const struct kafka_in *in, struct kafka_in_place ret_places[PARTITIONS])
{
    for (int i = 0; i < in->count; i++)
        ret_places[i] = (struct kafka_in_place){"commands", in->places[i].partition, in->places[i].offset};
}

static void take_back(struct kafka_in *in)
{
    struct kafka_in_place places[PARTITIONS];

    places_of(in, places);
    if (in->count)
        in->config.taken(in->config.self, places, (size_t)in->count);
    in->count = 0;
    in->taken = true;
}

static int give(struct kafka_in *in)
{
    struct kafka_in_place places[PARTITIONS];
    int result;

    in->taken = false;
    in->generation = in->member->generation;
    for (int32_t partition = 0; partition < broker_partitions; partition++)
        if (in->member->given & (1u << partition))
            in->places[in->count++] = (struct seat){.partition = partition, .offset = KAFKA_HELD};
    places_of(in, places);
    result = in->config.given(in->config.self, places, (size_t)in->count);
    for (int i = 0; i < in->count; i++)
        in->places[i].offset = places[i].offset;
    return error_forward(result);
}

/* Taken in one poll, given in another: between them the group waits for the others. */
static int follow_group(struct kafka_in *in)
{
    if (in->generation == in->member->generation)
        return 0;
    if (!in->taken)
        take_back(in);
    else if (schedule.calm || chance_one_in(&schedule.order, 2))
        return error_forward(give(in));
    return 0;
}

/* The next record at or after the place's offset; markers are passed. NULL: none yet. */
static struct record *next_at(struct seat *place)
{
    if (place->offset == KAFKA_HELD)
        return NULL;
    if (place->offset < 0)
        place->offset = 0;
    while (place->offset < ends[place->partition] && !entries[place->partition][place->offset]->command) {
        place->offset++;
        place->end_told = false;
    }
    return broker_entry(place->partition, place->offset);
}

static bool something(const void *self)
{
    struct kafka_in *in = (struct kafka_in *)(uintptr_t)self;

    if (in->generation != in->member->generation)
        return true;
    for (int i = 0; i < in->count && !in->paused; i++)
        if (next_at(&in->places[i]) || (in->places[i].offset >= 0 && !in->places[i].end_told))
            return true;
    return false;
}

static struct kafka_record *record_of(const struct record *entry)
{
    struct kafka_record *record = memory_new(1, sizeof(*record));

    record->event = entry->event;
    return record;
}

static int read_on(struct kafka_in *in, struct kafka_record **ret_record, struct kafka_in_place *ret_place)
{
    int from = in->count ? (int)chance_below(&schedule.order, (uint32_t)in->count) : 0;

    for (int i = 0; i < in->count; i++) {
        struct seat *place = &in->places[(from + i) % in->count];
        struct record *entry = next_at(place);

        if (entry) {
            place->offset++;
            place->end_told = false;
            *ret_record = record_of(entry);
            return 0;
        }
        if (place->offset == KAFKA_HELD || place->end_told)
            continue;
        place->end_told = true;
        *ret_place = (struct kafka_in_place){"commands", place->partition, place->offset};
        return KAFKA_EOF;
    }
    return KAFKA_NOTHING;
}

int kafka_in_poll(struct kafka_in *in, int timeout_ms, struct kafka_record **ret_record,
                  struct kafka_in_place *ret_place)
{
    bool idle = timeout_ms > 0 && !something(in);

    if (timeout_ms > 0 || chance_one_in(&schedule.order, 8))
        process_wait(idle ? timeout_ms : 0, idle ? something : NULL, in);
    if (process_dead())
        return error_new(ERROR_LINK, "killed");
    TRY(follow_group(in));
    if (process_dead())
        return error_new(ERROR_LINK, "killed");
    if (in->paused && !(in->count && !schedule.calm && chance_one_in(&schedule.order, ON_ITS_WAY)))
        return KAFKA_NOTHING;
    if (!schedule.calm && chance_one_in(&schedule.order, NOT_NOW))
        return KAFKA_NOTHING;
    return read_on(in, ret_record, ret_place);
}

bool kafka_in_away(const struct kafka_in *in)
{
    (void)in;
    return false;
}

bool kafka_in_damaged(const struct kafka_in *in)
{
    (void)in;
    return false;
}

void kafka_record_free(struct kafka_record *record)
{
    free(record);
}

const struct event *kafka_record_event(const struct kafka_record *record)
{
    return &record->event;
}

size_t kafka_record_bytes(const struct kafka_record *record)
{
    return record->event.data.size + record->event.raw_headers.size;
}

int kafka_in_seek(struct kafka_in *in, const struct kafka_in_place *place)
{
    for (int i = 0; i < in->count; i++)
        if (in->places[i].partition == place->partition)
            in->places[i] = (struct seat){.partition = place->partition, .offset = place->offset};
    return 0;
}

int kafka_in_pause(struct kafka_in *in, bool pause)
{
    in->paused = pause;
    return 0;
}

int kafka_in_ends(struct kafka_in *in, const char *topic, int32_t partition, int64_t *ret_start,
                  int64_t *ret_end)
{
    (void)in;
    (void)topic;
    *ret_start = 0;
    *ret_end = ends[partition];
    return 0;
}

int kafka_in_cluster(struct kafka_in *in, char ret_id[64])
{
    (void)in;
    process_wait(0, NULL, NULL);
    strcpy(ret_id, "simulated");
    return process_dead() || schedule_fault(50) ? KAFKA_AWAY : 0;
}

int kafka_in_times(struct kafka_in *in, struct kafka_in_place *places, size_t count, int64_t since_ms)
{
    (void)in;
    for (size_t i = 0; i < count; i++) {
        int64_t offset = 0;

        while (offset < ends[places[i].partition] &&
               entries[places[i].partition][offset]->event.stored_ms < since_ms)
            offset++;
        places[i].offset = offset < ends[places[i].partition] ? offset : -1;
    }
    return 0;
}

/* Nothing is deleted here: it must only never be asked for what nobody has decided. */
int kafka_in_delete_before(struct kafka_in *in, const struct kafka_in_place *places, size_t count)
{
    (void)in;
    for (size_t i = 0; i < count && !process_dead(); i++)
        if (places[i].offset > judge_position(places[i].partition))
            law_broken("kept", "records up to %lld of partition %d deleted, decided up to %lld",
                       (long long)places[i].offset, places[i].partition,
                       (long long)judge_position(places[i].partition));
    return 0;
}
