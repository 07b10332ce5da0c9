/* SPDX-License-Identifier: Apache-2.0
 * The one loop of a server: watches the links' descriptors, runs timers, and takes blocking work to a bounded
 * pool of threads. A link owns no loop: it offers its descriptor, what it waits for, and a step. */
#ifndef COLIS_RUN_LOOP_H
#define COLIS_RUN_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/error.h"

struct loop;
struct loop_watch;
struct loop_timer;
struct uv_loop_s;

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

MUST_CHECK int loop_new(struct loop **ret_loop);
void loop_free(struct loop *loop);
struct uv_loop_s *loop_uv(struct loop *loop);
/* ready is called on the loop thread; a negative result ends loop_run with it. */
typedef int (*loop_ready)(void *self, int events);
MUST_CHECK int loop_watch_new(struct loop *loop, int descriptor, loop_ready ready, void *self,
                              struct loop_watch **ret_watch);
void loop_watch_want(struct loop_watch *watch, int events); /* 0: nothing; cheap where unchanged */
void loop_watch_free(struct loop_watch *watch);             /* before the descriptor is closed */
typedef int (*loop_tick)(void *self);
struct loop_timer *loop_timer_new(struct loop *loop, loop_tick tick, void *self);
void loop_timer_start(struct loop_timer *timer, int64_t after_ms, int64_t every_ms); /* every 0: once */
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);
/* work on a pool thread, then done on the loop thread; LOOP_BUSY when the pool's queue is at its cap. */
enum { LOOP_BUSY = 1 };
MUST_CHECK int loop_work(struct loop *loop, void (*work)(void *job), void (*done)(void *job), void *job);
MUST_CHECK int loop_run(struct loop *loop); /* until loop_stop: 0, or the negative result of a callback */
void loop_stop(struct loop *loop);          /* from the loop thread */

#endif
