/* SPDX-License-Identifier: Apache-2.0
 * A stack of its own by ucontext, and what the sanitizers must be told when stacks are changed. Where there
 * are none, only a coroutine's first entry is by ucontext: it asks the kernel for the mask of signals each
 * time, which setjmp does not. */
#undef _FORTIFY_SOURCE /* its longjmp takes another stack for a broken one */
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "shared/base/cleanup.h"
#include "tests/simulator/process.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESSES 1
#endif
#if __has_feature(thread_sanitizer)
#define THREADS 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ADDRESSES 1
#endif
#ifdef __SANITIZE_THREAD__
#define THREADS 1
#endif
#ifdef ADDRESSES
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef THREADS
#include <sanitizer/tsan_interface.h>
#define PLAIN __attribute__((disable_sanitizer_instrumentation)) /* entered on one stack, left on another */
#else
#define PLAIN
#endif
#if !defined(ADDRESSES) && !defined(THREADS)
#define JUMPS 1
#endif
#define INLINE static inline __attribute__((always_inline))

enum { STACK = 1 << 20 };

struct coroutine {
    ucontext_t inside, outside;
    void (*run)(void *self);
    void *self;
    void *stack;
    bool ended, begun;
#ifdef JUMPS
    jmp_buf in, out;
#endif
    void *fake_inside, *fake_outside; /* of the address sanitizer */
    const void *outer;
    size_t outer_size;
    void *fiber, *outer_fiber; /* of the thread sanitizer */
};

static struct coroutine *entered;

INLINE void before(void **fake, const void *stack, size_t size, void *fiber)
{
#ifdef ADDRESSES
    __sanitizer_start_switch_fiber(fake, stack, size);
#endif
#ifdef THREADS
    __tsan_switch_to_fiber(fiber, 0);
#endif
    (void)fake;
    (void)stack;
    (void)size;
    (void)fiber;
}

INLINE void after(void *fake, const void **ret_stack, size_t *ret_size)
{
#ifdef ADDRESSES
    __sanitizer_finish_switch_fiber(fake, ret_stack, ret_size);
#endif
    (void)fake;
    (void)ret_stack;
    (void)ret_size;
}

PLAIN static void begin(void)
{
    struct coroutine *coroutine = entered;

    after(NULL, &coroutine->outer, &coroutine->outer_size);
    coroutine->run(coroutine->self);
    coroutine->ended = true;
    before(NULL, coroutine->outer, coroutine->outer_size, coroutine->outer_fiber);
#ifdef JUMPS
    _longjmp(coroutine->out, 1);
#endif
}

/* Onto the coroutine's stack, and back here once it gives way or has ended. */
PLAIN static void enter(struct coroutine *coroutine)
{
#ifdef JUMPS
    if (_setjmp(coroutine->out) != 0)
        return;
    if (coroutine->begun)
        _longjmp(coroutine->in, 1);
    coroutine->begun = true;
    (void)setcontext(&coroutine->inside);
#else
    (void)swapcontext(&coroutine->outside, &coroutine->inside);
#endif
}

PLAIN static void leave(struct coroutine *coroutine)
{
#ifdef JUMPS
    if (_setjmp(coroutine->in) == 0)
        _longjmp(coroutine->out, 1);
#else
    (void)swapcontext(&coroutine->inside, &coroutine->outside);
#endif
}

struct coroutine *coroutine_new(void (*run)(void *self), void *self)
{
    struct coroutine *coroutine = memory_new(1, sizeof(*coroutine));

    coroutine->run = run;
    coroutine->self = self;
    coroutine->stack =
        mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (coroutine->stack == MAP_FAILED)
        abort();
    return coroutine;
}

void coroutine_free(struct coroutine *coroutine)
{
#ifdef THREADS
    if (coroutine->fiber)
        __tsan_destroy_fiber(coroutine->fiber);
#endif
    (void)munmap(coroutine->stack, STACK);
    free(coroutine);
}

void coroutine_start(struct coroutine *coroutine)
{
    coroutine->ended = coroutine->begun = false;
    coroutine->fake_inside = NULL;
#ifdef THREADS
    if (coroutine->fiber)
        __tsan_destroy_fiber(coroutine->fiber);
    coroutine->fiber = __tsan_create_fiber(0);
#endif
    (void)getcontext(&coroutine->inside);
    coroutine->inside.uc_stack.ss_sp = coroutine->stack;
    coroutine->inside.uc_stack.ss_size = STACK;
    coroutine->inside.uc_link = &coroutine->outside;
    makecontext(&coroutine->inside, begin, 0);
}

bool coroutine_resume(struct coroutine *coroutine)
{
    entered = coroutine;
#ifdef THREADS
    coroutine->outer_fiber = __tsan_get_current_fiber();
#endif
    before(&coroutine->fake_outside, coroutine->stack, STACK, coroutine->fiber);
    enter(coroutine);
    after(coroutine->fake_outside, NULL, NULL);
    return !coroutine->ended;
}

void coroutine_yield(struct coroutine *coroutine)
{
    before(&coroutine->fake_inside, coroutine->outer, coroutine->outer_size, coroutine->outer_fiber);
    leave(coroutine);
    after(coroutine->fake_inside, &coroutine->outer, &coroutine->outer_size);
}
