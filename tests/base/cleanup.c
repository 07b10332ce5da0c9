/* SPDX-License-Identifier: Apache-2.0
 * shared/base/cleanup.h: who frees what, and when. */
#include "shared/base/cleanup.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "tests/base/cases.h"
#include "tests/resident.h"

struct thing {
    int freed;
};

static int things_freed;

static void thing_free(struct thing *thing)
{
    thing->freed++;
    things_freed++;
}
DEFINE_CLEANUP(struct thing, thing_free)

static struct thing *keep_or_hand_over(struct thing *thing, int hand_over)
{
    CLEANUP(thing_free_cleanup) struct thing *owned = thing;
    return hand_over ? take(owned) : NULL;
}

START_TEST(frees_at_every_return_and_once)
{
    struct thing thing = {0};
    ck_assert_ptr_null(keep_or_hand_over(&thing, 0));
    ck_assert_int_eq(thing.freed, 1);
}
END_TEST

START_TEST(frees_nothing_where_there_is_nothing)
{
    ck_assert_ptr_null(keep_or_hand_over(NULL, 0));
    ck_assert_int_eq(things_freed, 0);
}
END_TEST

START_TEST(does_not_free_what_was_handed_over)
{
    struct thing thing = {0};
    ck_assert_ptr_eq(keep_or_hand_over(&thing, 1), &thing);
    ck_assert_int_eq(thing.freed, 0);
}
END_TEST

START_TEST(frees_plain_memory_when_the_scope_ends)
{
    /* The leak checker of the sanitizer build is the judge. */
    CLEANUP(free_cleanup) char *text = memory_text("colis");
    CLEANUP(free_cleanup) int *nothing = NULL;
    ck_assert_str_eq(text, "colis");
    ck_assert_ptr_null(nothing);
}
END_TEST

START_TEST(gives_zeroed_memory)
{
    CLEANUP(free_cleanup) unsigned char *bytes = memory_new(1000, 3);
    for (int at = 0; at < 3000; at++)
        ck_assert_int_eq(bytes[at], 0);
    CLEANUP(free_cleanup) void *nothing = memory_new(0, 8);
    ck_assert_ptr_nonnull(nothing);
}
END_TEST

START_TEST(grows_memory_and_keeps_its_bytes)
{
    CLEANUP(free_cleanup) char *bytes = memory_grow(NULL, 4, 1);
    memcpy(bytes, "abc", 4);
    bytes = memory_grow(bytes, 100000, 4);
    ck_assert_str_eq(bytes, "abc");
    bytes = memory_grow(bytes, 0, 4);
    ck_assert_ptr_nonnull(bytes);
}
END_TEST

START_TEST(aborts_where_count_times_size_overflows)
{
    void *pointer = memory_grow(NULL, SIZE_MAX / 4 + 2, 4); /* the product is 4 */
    ck_assert_ptr_nonnull(pointer);
    free(pointer);
}
END_TEST

/* A sanitizer has a heap of its own. */
#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#if !SANITIZED
enum { PIECES = 20000, PIECE = 1024 };

START_TEST(gives_back_what_is_free_below_what_is_held)
{
    static char *pieces[PIECES];
    for (int at = 0; at < PIECES; at++)
        pieces[at] = memset(memory_grow(NULL, PIECE, 1), 1, PIECE);
    for (int at = 0; at < PIECES - 1; at++)
        free(pieces[at]);
    size_t before = resident();
    memory_return();
    ck_assert_uint_gt(before, resident() + PIECES / 2 * PIECE);
    free(pieces[PIECES - 1]);
}
END_TEST
#endif

TCase *cleanup_cases(void)
{
    TCase *cases = tcase_create("cleanup");
    tcase_add_test(cases, frees_at_every_return_and_once);
    tcase_add_test(cases, frees_nothing_where_there_is_nothing);
    tcase_add_test(cases, does_not_free_what_was_handed_over);
    tcase_add_test(cases, frees_plain_memory_when_the_scope_ends);
    tcase_add_test(cases, gives_zeroed_memory);
    tcase_add_test(cases, grows_memory_and_keeps_its_bytes);
#if !SANITIZED
    tcase_add_test(cases, gives_back_what_is_free_below_what_is_held);
#endif
    tcase_add_test_raise_signal(cases, aborts_where_count_times_size_overflows, SIGABRT);
    return cases;
}
