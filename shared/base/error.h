/* SPDX-License-Identifier: Apache-2.0
 * The sign of a result is its meaning: 0 done; negative fatal, forwarded untouched by everyone up to the
 * place that handles it; positive an outcome listed in the callee's header, handled by the immediate caller.
 * The text and the places a fatal error passed are kept per thread, so that who handles it logs it once. */
#ifndef COLIS_BASE_ERROR_H
#define COLIS_BASE_ERROR_H

#define MUST_CHECK               __attribute__((warn_unused_result))
#define FORMAT_LIKE(text, first) __attribute__((format(printf, text, first)))

/* The fatal codes; anything else about a failure is in its text. */
enum error_code {
    ERROR_SYSTEM = -1,   /* the operating system refused */
    ERROR_SETTINGS = -2, /* a setting is absent, malformed or unsafe */
    ERROR_LINK = -3,     /* a server we depend on broke its contract for good */
    ERROR_DATA = -4,     /* stored data contradicts itself: stop, say so */
    ERROR_BUG = -5,      /* cannot happen */
};

/* Records code, place and text for this thread; returns code, so: return error_new(ERROR_DATA, "..."). */
#define error_new(code, ...) error_record((code), __FILE__, __LINE__, __VA_ARGS__)
int error_record(int code, const char *file, int line, const char *format, ...) FORMAT_LIKE(4, 5);

/* Adds the place a fatal error passes; returns result unchanged (zero and positive pass through silently). */
#define error_forward(result) error_pass((result), __FILE__, __LINE__)
int error_pass(int result, const char *file, int line);

/* Forwards a fatal result out of the calling function. A positive outcome must be handled, not TRYed: abort.
 */
#define TRY(call)                                                                                            \
    do {                                                                                                     \
        int try_result_ = (call);                                                                            \
        if (try_result_ != 0)                                                                                \
            return error_tried(try_result_, __FILE__, __LINE__);                                             \
    } while (0)
int error_tried(int result, const char *file, int line);

/* "text (file:line < file:line)" of this thread's newest fatal error; "" where there is none. Never NULL. */
const char *error_text(void);

#endif
