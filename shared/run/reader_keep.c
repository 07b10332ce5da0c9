/* SPDX-License-Identifier: Apache-2.0
 * Deletes old records by DeleteRecords: Kafka's own retention would take what is not decided yet, too. */
#include "shared/run/reader_keep.h"

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"

enum { EVERY_MS = 3600000, FIRST_MS = 60000 };

/* Our partitions where the store holds something, with what it holds as offset. */
static size_t stored_places(const struct reader_places *places, struct kafka_in_place *ret_places)
{
    size_t count = 0;
    for (size_t at = 0; at < places->count; at++) {
        const struct reader_position *position = &places->rows[at].at;
        if (position->from > 0)
            ret_places[count++] =
                (struct kafka_in_place){position->topic, position->partition, position->from};
    }
    return count;
}

static int delete_old(struct reader_places *places, int64_t since_ms)
{
    CLEANUP(free_cleanup) struct kafka_in_place *stored = memory_new(places->count + 1, sizeof *stored);
    CLEANUP(free_cleanup) struct kafka_in_place *old = memory_new(places->count + 1, sizeof *old);
    size_t count = stored_places(places, stored), some = 0;
    for (size_t at = 0; at < count; at++)
        old[at] = stored[at];
    if (count == 0 || kafka_in_times(places->in, old, count, since_ms) != 0)
        return 0;
    for (size_t at = 0; at < count; at++) {
        if (old[at].offset < 0 || old[at].offset > stored[at].offset)
            old[at].offset = stored[at].offset; /* never what is not stored */
        if (old[at].offset > 0)
            old[some++] = old[at];
    }
    int result = some > 0 ? kafka_in_delete_before(places->in, old, some) : 0;
    return result < 0 ? error_forward(result) : 0;
}

/* Our clock may be far ahead; the broker's, which records are dated by, was as far as the newest of them. */
static int64_t surely_ms(const struct reader_places *places)
{
    int64_t wall = clock_wall_ms();
    return wall < places->newest_ms ? wall : places->newest_ms;
}

int reader_keep(struct reader_places *places, int64_t keep_ms)
{
    int64_t now = clock_steady_ms();
    if (keep_ms <= 0 || !places->assigned || places->unplaced || places->newest_ms == 0)
        return 0;
    if (places->kept_ms == 0)
        places->kept_ms = now - EVERY_MS + FIRST_MS;
    if (now - places->kept_ms < EVERY_MS)
        return 0;
    places->kept_ms = now;
    return error_forward(delete_old(places, surely_ms(places) - keep_ms));
}
