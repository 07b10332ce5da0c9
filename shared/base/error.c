/* SPDX-License-Identifier: Apache-2.0
 * One failure a thread: its text, then the places it passed on the way up, newest last.
 * Where it is born and forwarded is recorded on the failing path only; a successful call costs nothing.
 * Nothing here allocates or logs: who handles the failure prints error_text once. */
#include "shared/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_SIZE = 512, PLACES_SIZE = 512 };

static _Thread_local struct {
    int code;
    char text[TEXT_SIZE];
    char places[PLACES_SIZE]; /* "file:line < file:line" */
    char whole[TEXT_SIZE + PLACES_SIZE + 4];
} newest;

/* Build folders put ../ before every name; who reads a log wants the path in the checkout. */
static const char *path_in_checkout(const char *file)
{
    while (strncmp(file, "../", 3) == 0)
        file += 3;
    return file;
}

/* A place that does not fit is left out: the first ones say most. */
static void place_add(const char *file, int line)
{
    size_t size = strlen(newest.places);
    int more = snprintf(newest.places + size, PLACES_SIZE - size, "%s%s:%d", size > 0 ? " < " : "",
                        path_in_checkout(file), line);
    if (more < 0 || (size_t)more >= PLACES_SIZE - size)
        newest.places[size] = '\0';
}

static _Noreturn void broken_law(const char *what, int result, const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s (%d)\n", path_in_checkout(file), line, what, result);
    abort();
}

int error_record(int code, const char *file, int line, const char *format, ...)
{
    if (code >= 0)
        broken_law("a fatal error must be negative", code, file, line);
    /* The new text may quote error_text(), which lives in whole: written last, by error_text alone. */
    char text[TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    newest.code = code;
    memcpy(newest.text, text, sizeof text);
    newest.places[0] = '\0';
    place_add(file, line);
    return code;
}

int error_pass(int result, const char *file, int line)
{
    if (result >= 0)
        return result;
    /* A negative number that never was an error_new would drag an older failure's text along. */
    if (newest.code != result)
        return error_record(result, file, line, "failure %d without a text", result);
    place_add(file, line);
    return result;
}

int error_tried(int result, const char *file, int line)
{
    if (result > 0)
        broken_law("a positive outcome was not handled", result, file, line);
    return error_pass(result, file, line);
}

const char *error_text(void)
{
    if (newest.code == 0)
        return "";
    snprintf(newest.whole, sizeof newest.whole, "%s (%s)", newest.text, newest.places);
    return newest.whole;
}
