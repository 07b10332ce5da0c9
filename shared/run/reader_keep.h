/* SPDX-License-Identifier: Apache-2.0
 * The retention of a topic that keeps what is not yet read: its reader deletes what it has stored and what is
 * old enough besides. */
#ifndef COLIS_RUN_READER_KEEP_H
#define COLIS_RUN_READER_KEEP_H

#include "shared/run/reader_places.h"

/* Once an hour, and some minutes after the start: deletes in our partitions what is older than keep_ms and
 * stands before what the store holds. 0: nothing. Older than the newest record that was read, and than now:
 * a clock that is ahead deletes nothing, nor does who has read nothing yet. A broker that does not answer is
 * asked again in the next hour. */
MUST_CHECK int reader_keep(struct reader_places *places, int64_t keep_ms);

#endif
