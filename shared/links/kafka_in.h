/* SPDX-License-Identifier: Apache-2.0
 * A consumer: read_committed, enable.partition.eof, no automatic offsets, auto.offset.reset=error, assignor
 * range, session 6 s. As a group member its positions come from the caller at each assignment; or partitions
 * are assigned by hand (relay, redrive). Single-threaded. */
#ifndef COLIS_LINKS_KAFKA_IN_H
#define COLIS_LINKS_KAFKA_IN_H

#include "shared/links/kafka.h"

struct kafka_in;
struct kafka_in_place {
    const char *topic; /* without the namespace */
    int32_t partition;
    int64_t offset; /* -1: the start of the log; KAFKA_HELD: ours, but nothing is read there until a seek */
};
enum { KAFKA_HELD = -2 };
/* Called from poll, topics live as long as the consumer. given: fill offset of each place, then reading
 * starts there; negative: stop (forwarded by poll). taken: these are no longer ours. */
typedef int (*kafka_in_given)(void *self, struct kafka_in_place *places, size_t count);
typedef void (*kafka_in_taken)(void *self, const struct kafka_in_place *places, size_t count);

struct kafka_in_config {
    const char *name_space, *client;
    const char *group;         /* NULL: no group, see kafka_in_assign */
    const char *instance;      /* group.instance.id; NULL or "": dynamic */
    const char *const *topics; /* NULL-terminated, without the namespace (group only) */
    int64_t fetch_wait_ms;     /* 0: as the setting has it */
    kafka_in_given given;
    kafka_in_taken taken;
    void *self;
};
MUST_CHECK int kafka_in_new(const struct kafka_in_config *config, struct kafka_in **ret_in);
void kafka_in_free(struct kafka_in *in); /* leaves the group unless static */

struct kafka_record; /* owned by the caller once returned */
enum { KAFKA_NOTHING = 1, KAFKA_EOF = 2, KAFKA_LOST = 3 };
/* One record. NOTHING within timeout; EOF: ret_place tells where the partition ends now (its next position);
 * LOST: the offset ret_place tells is not in the log; the partition is HELD from then on. */
MUST_CHECK int kafka_in_poll(struct kafka_in *in, int timeout_ms, struct kafka_record **ret_record,
                             struct kafka_in_place *ret_place);
bool kafka_in_away(const struct kafka_in *in); /* no broker answers, as far as polls have seen */
/* What came of a partition was damaged, again and again. It is asked for again from the same offset; the
 * other partitions go on. */
bool kafka_in_damaged(const struct kafka_in *in);
void kafka_record_free(struct kafka_record *record);
const struct event *kafka_record_event(const struct kafka_record *record); /* valid as long as the record */
size_t kafka_record_bytes(const struct kafka_record *record);

MUST_CHECK int kafka_in_assign(struct kafka_in *in, const struct kafka_in_place *places, size_t count);
/* From the next poll on; nothing read before it is given out any more. A partition that is not ours is
 * ignored. */
MUST_CHECK int kafka_in_seek(struct kafka_in *in, const struct kafka_in_place *place);
MUST_CHECK int kafka_in_pause(struct kafka_in *in, bool pause); /* all assigned partitions */
/* Log start and end as a read_committed reader sees it (end: last stable offset). KAFKA_AWAY. */
MUST_CHECK int kafka_in_ends(struct kafka_in *in, const char *topic, int32_t partition, int64_t *ret_start,
                             int64_t *ret_end);
MUST_CHECK int kafka_in_cluster(struct kafka_in *in, char ret_id[64]); /* KAFKA_AWAY */
/* Fills offset of each place with that of its first record stored at since_ms or later; -1: there is none;
 * 0 where the broker did not say. KAFKA_AWAY. */
MUST_CHECK int kafka_in_times(struct kafka_in *in, struct kafka_in_place *places, size_t count,
                              int64_t since_ms);
/* DeleteRecords up to offset (not included). KAFKA_AWAY: not all were, ask again. */
MUST_CHECK int kafka_in_delete_before(struct kafka_in *in, const struct kafka_in_place *places, size_t count);

#endif
