/* SPDX-License-Identifier: Apache-2.0
 * Six digits from a keyed digest, without modulo bias. What is hashed here is a promise to every code on its
 * way to a door: it never changes. Hashed parts: "handover code", the booking's id as text, the purpose's
 * word, issue and round as decimal digits; round 0, and the next one only where a whole tag was of no use. */
#include "shared/domain/code.h"

#include <string.h>

#include "shared/base/crypto.h"

enum { CODES = 1000000, NUMBER = 20 };
static const uint32_t usable = UINT32_MAX / CODES * CODES; /* words from here on would favour low codes */

_Static_assert(UINT32_MAX / CODES * CODES == 4294000000, "a code's words end at the last whole million");

/* Not negative; without a library's formatting, which the domain does not use. */
static struct span decimal(int64_t number, char room[NUMBER])
{
    size_t at = NUMBER;
    do {
        room[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return (struct span){&room[at], NUMBER - at};
}

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

int code_of_tag(const uint8_t tag[32], char ret_six[CODE_DIGITS + 1])
{
    for (size_t at = 0; at < 32; at += 4) {
        uint32_t word = word_at(tag + at);
        if (word >= usable)
            continue;
        word %= CODES;
        for (int digit = CODE_DIGITS - 1; digit >= 0; digit--, word /= 10)
            ret_six[digit] = (char)('0' + word % 10);
        ret_six[CODE_DIGITS] = '\0';
        return 0;
    }
    return CODE_NONE;
}

void code_make(const struct code_key *key, const struct id *booking, int32_t purpose, int64_t issue,
               char ret_six[CODE_DIGITS + 1])
{
    char issue_digits[NUMBER], round_digits[NUMBER];
    uint8_t tag[32];
    int64_t round = 0;
    struct span parts[] = {SPAN("handover code"),
                           span_of(booking->text),
                           span_of(choice_text(code_purpose_choices, purpose)),
                           decimal(issue, issue_digits),
                           {0}};
    do {
        parts[4] = decimal(round++, round_digits);
        crypto_hmac_prefixed(key->bytes, parts, sizeof(parts) / sizeof(*parts), tag);
    } while (code_of_tag(tag, ret_six) != 0);
}

bool code_right(const struct code_key *key, const struct id *booking, int32_t purpose, int64_t issue,
                const char *given)
{
    char right[CODE_DIGITS + 1], padded[CODE_DIGITS + 1] = {0};
    if (issue <= 0 || !choice_text(code_purpose_choices, purpose))
        return false;
    code_make(key, booking, purpose, issue, right);
    bool fits = strlen(given) == CODE_DIGITS; /* how long a text the asker chose is no secret */
    if (fits)
        memcpy(padded, given, CODE_DIGITS);
    return crypto_same(padded, right, sizeof(right)) && fits;
}
