/* SPDX-License-Identifier: Apache-2.0
 * C11 threads by POSIX threads, linked into what build/tsan makes. librdkafka starts its threads with
 * thrd_create, which clang's thread sanitizer does not know: such a thread ends in a segmentation fault. It
 * knows pthread_create, and the locks. In glibc the types are the same; so are 0 and thrd_success. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

struct start {
    thrd_start_t work;
    void *with;
};

static void *begin(void *given)
{
    struct start start = *(struct start *)given;
    free(given);
    return (void *)(long)start.work(start.with);
}

int thrd_create(thrd_t *ret_thread, thrd_start_t work, void *with)
{
    struct start *start = malloc(sizeof(*start));
    if (!start)
        return thrd_nomem;
    *start = (struct start){work, with};
    if (!pthread_create(ret_thread, NULL, begin, start))
        return thrd_success;
    free(start);
    return thrd_error;
}

int thrd_join(thrd_t thread, int *ret_result)
{
    void *result;
    if (pthread_join(thread, &result))
        return thrd_error;
    if (ret_result)
        *ret_result = (int)(long)result;
    return thrd_success;
}

int mtx_init(mtx_t *mutex, int kind)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (kind & mtx_recursive)
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    return pthread_mutex_init((pthread_mutex_t *)mutex, &attributes) ? thrd_error : thrd_success;
}

int mtx_lock(mtx_t *mutex)
{
    return pthread_mutex_lock((pthread_mutex_t *)mutex) ? thrd_error : thrd_success;
}

int mtx_unlock(mtx_t *mutex)
{
    return pthread_mutex_unlock((pthread_mutex_t *)mutex) ? thrd_error : thrd_success;
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int cnd_init(cnd_t *condition)
{
    return pthread_cond_init((pthread_cond_t *)condition, NULL) ? thrd_error : thrd_success;
}

int cnd_signal(cnd_t *condition)
{
    return pthread_cond_signal((pthread_cond_t *)condition) ? thrd_error : thrd_success;
}

int cnd_broadcast(cnd_t *condition)
{
    return pthread_cond_broadcast((pthread_cond_t *)condition) ? thrd_error : thrd_success;
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex) ? thrd_error
                                                                                    : thrd_success;
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    int result = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, until);
    return result == ETIMEDOUT ? thrd_timedout : result ? thrd_error : thrd_success;
}

void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy((pthread_cond_t *)condition);
}
