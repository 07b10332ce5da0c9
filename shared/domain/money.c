/* SPDX-License-Identifier: Apache-2.0
 * The digits of each currency a provider may speak of, and the arithmetic of decimal text. */
#include "shared/domain/money.h"

#include <stddef.h>
#include <string.h>

enum { EXPONENT_MOST = 3 };
static const int64_t most = INT64_C(9007199254740991);

/* clang-format off */
static const struct {
    int exponent;
    const char *codes; /* three letters each, one space between */
} digits[] = {
    {0, "XOF XAF UGX RWF GNF BIF DJF KMF JPY"},
    {2, "NGN GHS KES TZS ZAR ZMW MWK SLE CDF ETB MAD EGP DZD GMD LRD CVE MRU EUR USD GBP CAD MGA"},
    {3, "TND LYD"},
};
/* clang-format on */

int money_exponent(const char *currency)
{
    if (strlen(currency) != 3)
        return -1;
    for (size_t i = 0; i < sizeof(digits) / sizeof(digits[0]); i++)
        for (const char *code = digits[i].codes; *code; code += code[3] ? 4 : 3)
            if (strncmp(code, currency, 3) == 0)
                return digits[i].exponent;
    return -1;
}

/* The digits of text with exactly exponent of them behind the point; next: the first one left over, '0' where
 * none is; finer: whether any left over is not 0 or stands there at all. */
struct decimal {
    int64_t minor;
    char next;
    bool finer;
};

static bool add_digit(int64_t *value, char digit)
{
    if (*value > (most - (digit - '0')) / 10)
        return false;
    *value = *value * 10 + (digit - '0');
    return true;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static int decimal_read(struct span text, int exponent, struct decimal *ret_decimal)
{
    struct decimal read = {0, '0', false};
    size_t at = 0, whole = 0;
    int behind = 0;

    for (; at < text.size && is_digit(text.data[at]); at++, whole++)
        if (!add_digit(&read.minor, text.data[at]))
            return MONEY_WRONG;
    if (whole == 0 || (at < text.size && (text.data[at] != '.' || at + 1 == text.size)))
        return MONEY_WRONG;
    for (at++; at < text.size; at++, behind++) {
        if (!is_digit(text.data[at]))
            return MONEY_WRONG;
        if (behind == exponent)
            read.next = text.data[at];
        if (behind >= exponent)
            read.finer = true;
        else if (!add_digit(&read.minor, text.data[at]))
            return MONEY_WRONG;
    }
    for (; behind < exponent; behind++)
        if (!add_digit(&read.minor, '0'))
            return MONEY_WRONG;
    *ret_decimal = read;
    return 0;
}

static int money_read(struct span text, const char *currency, struct decimal *ret_decimal)
{
    int exponent = money_exponent(currency);

    return exponent < 0 ? MONEY_WRONG : decimal_read(text, exponent, ret_decimal);
}

int money_parse(struct span text, const char *currency, int64_t *ret_minor)
{
    struct decimal read;

    if (money_read(text, currency, &read) != 0 || read.finer)
        return MONEY_WRONG;
    *ret_minor = read.minor;
    return 0;
}

int money_parse_fee(struct span text, const char *currency, int64_t *ret_minor)
{
    struct decimal read;

    if (money_read(text, currency, &read) != 0 || (read.next >= '5' && read.minor == most))
        return MONEY_WRONG;
    *ret_minor = read.minor + (read.next >= '5');
    return 0;
}

void money_text(int64_t minor, const char *currency, char ret_text[MONEY_TEXT])
{
    int exponent = money_exponent(currency), written = 0;
    char backwards[MONEY_TEXT];
    size_t size = 0;

    /* at least one digit before the point */
    for (; minor > 0 || written <= exponent; minor /= 10, written++) {
        if (written == exponent && exponent > 0)
            backwards[size++] = '.';
        backwards[size++] = (char)('0' + minor % 10);
    }
    for (size_t i = 0; i < size; i++)
        ret_text[i] = backwards[size - 1 - i];
    ret_text[size] = '\0';
}
