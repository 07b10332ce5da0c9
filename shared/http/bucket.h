/* SPDX-License-Identifier: Apache-2.0
 * Token buckets by principal in a fixed table: per-principal rate limits that cost no memory a client
 * controls. */
#ifndef COLIS_HTTP_BUCKET_H
#define COLIS_HTTP_BUCKET_H

#include "shared/base/id.h"

struct bucket_table;
/* rate a second, burst at the most; slots rounded up to a power of two; the stalest of a set of 8 is evicted.
 */
struct bucket_table *bucket_table_new(size_t slots, double rate, double burst);
void bucket_table_free(struct bucket_table *table);
enum { BUCKET_EMPTY = 1 };
/* Takes one; BUCKET_EMPTY with the seconds (at least 1) until one is there. */
MUST_CHECK int bucket_take(struct bucket_table *table, struct span principal, int64_t steady_ms,
                           int *ret_retry_s);
/* Gives one back that was taken for nothing; a bucket is never fuller than burst. */
void bucket_give(struct bucket_table *table, struct span principal);

#endif
