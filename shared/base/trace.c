/* SPDX-License-Identifier: Apache-2.0
 * W3C trace context, version 00 out, any known or later version in. A header we cannot read starts a new
 * trace: tracing never refuses a request. Only the sampled bit of the flags is ours to hand on. */
#include "shared/base/trace.h"

#include <string.h>

#include "shared/base/crypto.h"

enum { ID_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, SIZE = TRACE_PARENT - 1 };

/* Lower case only: the specification says so. */
static bool all_hex(const char *text, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        bool digit = text[at] >= '0' && text[at] <= '9';
        if (!digit && !(text[at] >= 'a' && text[at] <= 'f'))
            return false;
    }
    return true;
}

static bool all_zero(const char *text, size_t size)
{
    return strspn(text, "0") >= size;
}

/* text holds at least SIZE characters. */
static bool fields_good(const char *text)
{
    if (text[2] != '-' || text[SPAN_AT - 1] != '-' || text[FLAGS_AT - 1] != '-')
        return false;
    if (!all_hex(text, 2) || !all_hex(text + ID_AT, 32) || !all_hex(text + SPAN_AT, 16))
        return false;
    return all_hex(text + FLAGS_AT, 2) && !all_zero(text + ID_AT, 32) && !all_zero(text + SPAN_AT, 16);
}

static bool well_formed(struct span traceparent)
{
    if (traceparent.size < SIZE)
        return false;
    char text[TRACE_PARENT] = "";
    memcpy(text, traceparent.data, SIZE);
    if (!fields_good(text) || memcmp(text, "ff", 2) == 0)
        return false;
    /* Version 00 ends here; a later one may go on after a dash. */
    if (traceparent.size == SIZE)
        return true;
    return memcmp(text, "00", 2) != 0 && traceparent.data[SIZE] == '-';
}

static void put_random_hex(char *to, size_t bytes)
{
    uint8_t random[16];
    crypto_random(random, bytes);
    random[bytes - 1] |= random[bytes - 1] == 0; /* never all zero */
    char hex[33];
    crypto_hex(random, bytes, hex);
    memcpy(to, hex, 2 * bytes);
}

void trace_continue(struct span traceparent, char ret_parent[TRACE_PARENT])
{
    char next[TRACE_PARENT] = "00-00000000000000000000000000000000-0000000000000000-01";
    if (well_formed(traceparent)) {
        memcpy(next + ID_AT, traceparent.data + ID_AT, 32);
        next[FLAGS_AT + 1] = strchr("13579bdf", traceparent.data[FLAGS_AT + 1]) ? '1' : '0';
    } else {
        put_random_hex(next + ID_AT, 16);
    }
    put_random_hex(next + SPAN_AT, 8);
    memcpy(ret_parent, next, sizeof next);
}

void trace_id(const char *traceparent, char ret_id[33])
{
    ret_id[0] = '\0';
    if (!well_formed(span_of(traceparent)))
        return;
    memcpy(ret_id, traceparent + ID_AT, 32);
    ret_id[32] = '\0';
}
