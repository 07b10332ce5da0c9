/* SPDX-License-Identifier: Apache-2.0
 * References are written and read by hand: the core has no stdio, and a reference is read strictly. */
#include "shared/domain/payment_reference.h"

#include <stdbool.h>
#include <string.h>

static const char prefix[] = "cb-";
enum { PREFIX = sizeof(prefix) - 1, HEX_DIGITS = 32 };

static char *write_number(char *to, int64_t number)
{
    char digits[20];
    int count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    while (count > 0)
        *to++ = digits[--count];
    return to;
}

void payment_reference_write(const struct payment_reference *reference, char ret_text[PAYMENT_REFERENCE_SIZE])
{
    char *to = ret_text + PREFIX;

    memcpy(ret_text, prefix, PREFIX);
    for (const char *from = reference->base.text; *from; from++)
        if (*from != '-')
            *to++ = *from;
    *to++ = '-';
    *to++ = (char)reference->kind;
    to = write_number(to, reference->n);
    if (reference->kind != PAYMENT_REFERENCE_ATTEMPT) {
        *to++ = '-';
        to = write_number(to, reference->try);
    }
    *to = '\0';
}

/* What is left to read. */
struct reading {
    struct span rest;
};

static char next(struct reading *reading)
{
    if (reading->rest.size == 0)
        return '\0';
    reading->rest.size--;
    return *reading->rest.data++;
}

static bool read_id(struct reading *reading, struct id *ret_id)
{
    char text[sizeof(ret_id->text)];
    size_t size = 0;

    for (int digit = 0; digit < HEX_DIGITS; digit++) {
        if (digit == 8 || digit == 12 || digit == 16 || digit == 20)
            text[size++] = '-';
        text[size++] = next(reading);
    }
    return id_parse((struct span){text, size}, ret_id) == 0;
}

static bool read_number(struct reading *reading, int64_t *ret_number)
{
    *ret_number = 0;
    while (reading->rest.size > 0 && *reading->rest.data >= '0' && *reading->rest.data <= '9' &&
           *ret_number <= PAYMENT_REFERENCE_MOST)
        *ret_number = *ret_number * 10 + (next(reading) - '0');
    return *ret_number >= 1 && *ret_number <= PAYMENT_REFERENCE_MOST;
}

static bool read_all(struct reading *reading, struct payment_reference *reference)
{
    char kind;

    for (int i = 0; i < PREFIX; i++)
        if (next(reading) != prefix[i])
            return false;
    if (!read_id(reading, &reference->base) || next(reading) != '-')
        return false;
    kind = next(reading);
    if (kind == '\0' || !strchr("prtg", kind) || !read_number(reading, &reference->n))
        return false;
    reference->kind = (enum payment_reference_kind)kind;
    if (kind == PAYMENT_REFERENCE_ATTEMPT)
        return true;
    return next(reading) == '-' && read_number(reading, &reference->try);
}

int payment_reference_read(struct span text, struct payment_reference *ret_reference)
{
    struct reading reading = {text};
    struct payment_reference reference = {0};
    char again[PAYMENT_REFERENCE_SIZE];

    if (!read_all(&reading, &reference) || reading.rest.size > 0)
        return PAYMENT_REFERENCE_FOREIGN;
    payment_reference_write(&reference, again);
    if (!span_is(text, again)) /* capitals, or zeros before a number */
        return PAYMENT_REFERENCE_FOREIGN;
    *ret_reference = reference;
    return 0;
}
