/* SPDX-License-Identifier: Apache-2.0
 * The only reader of the system's clocks, and RFC 3339 in both directions without libc's time zones.
 * Days are counted by the proleptic Gregorian calendar in eras of 400 years, which all have 146,097 days. */
#include "shared/base/clock.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { MS = 1000, DAY_S = 86400, ERA_DAYS = 146097, EPOCH_DAYS = 719468 /* 0000-03-01 to 1970-01-01 */ };
static const int64_t last_ms = INT64_C(253402300799999); /* 9999-12-31T23:59:59.999Z */

static atomic_bool held;
static _Atomic int64_t held_wall, held_steady;

static int64_t read_ms(clockid_t which)
{
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * MS + now.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return atomic_load_explicit(&held, memory_order_acquire) ? atomic_load(&held_wall)
                                                             : read_ms(CLOCK_REALTIME);
}

int64_t clock_steady_ms(void)
{
    return atomic_load_explicit(&held, memory_order_acquire) ? atomic_load(&held_steady)
                                                             : read_ms(CLOCK_MONOTONIC);
}

void clock_hold(int64_t wall_ms, int64_t steady_ms)
{
    atomic_store(&held_wall, wall_ms);
    atomic_store(&held_steady, steady_ms);
    atomic_store(&held, true);
}

void clock_release(void)
{
    atomic_store(&held, false);
}

struct date {
    int year, month, day;
};

/* Years begin in March here, so that the leap day is a year's last. */
static int64_t days_from_date(struct date date)
{
    int year = date.month <= 2 ? date.year - 1 : date.year;
    int era = year / 400, year_of_era = year % 400;
    int day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int64_t)era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

static struct date date_from_days(int days)
{
    days += EPOCH_DAYS;
    int era = days / ERA_DAYS, day_of_era = days % ERA_DAYS;
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;
    int month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct date){.year = year_of_era + era * 400 + (month <= 2),
                         .month = month,
                         .day = day_of_year - (153 * march_month + 2) / 5 + 1};
}

static char *put_number(char *to, int value, int digits)
{
    for (int at = digits - 1; at >= 0; at--, value /= 10)
        to[at] = (char)('0' + value % 10);
    return to + digits;
}

static char *put_pair(char *to, char before, int value)
{
    *to = before;
    return put_number(to + 1, value, 2);
}

void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT])
{
    /* What the format cannot say becomes the nearest it can. */
    int64_t ms = wall_ms < 0 ? 0 : wall_ms > last_ms ? last_ms : wall_ms;
    int second = (int)(ms / MS % DAY_S), fraction = (int)(ms % MS);
    struct date date = date_from_days((int)(ms / MS / DAY_S));
    char *to = put_number(ret_text, date.year, 4);
    to = put_pair(to, '-', date.month);
    to = put_pair(to, '-', date.day);
    to = put_pair(to, 'T', second / 3600);
    to = put_pair(to, ':', second / 60 % 60);
    to = put_pair(to, ':', second % 60);
    if (fraction > 0) {
        *to++ = '.';
        to = put_number(to, fraction, 3);
    }
    *to++ = 'Z';
    *to = '\0';
}

/* The number written in the digits, or -1. */
static int number(const char *text, size_t digits)
{
    int value = 0;
    for (size_t at = 0; at < digits; at++) {
        if (text[at] < '0' || text[at] > '9')
            return -1;
        value = value * 10 + (text[at] - '0');
    }
    return value;
}

static bool has_shape(struct span text)
{
    static const char shape[] = "0000-00-00T00:00:00";
    if (text.size < sizeof shape || text.size >= CLOCK_TEXT || text.data[text.size - 1] != 'Z')
        return false;
    for (size_t at = 0; at < sizeof shape - 1; at++) {
        if (shape[at] != '0' && shape[at] != text.data[at])
            return false;
    }
    return true;
}

/* Between the seconds and the Z: nothing, or a point and one to three digits. -1 where it is neither. */
static int fraction_ms(struct span text)
{
    static const int scale[] = {0, 100, 10, 1};
    size_t size = text.size - 20;
    if (size == 0)
        return 0;
    if (size == 1 || text.data[19] != '.')
        return -1;
    int digits = number(text.data + 20, size - 1);
    return digits < 0 ? -1 : digits * scale[size - 1];
}

static bool date_exists(struct date date)
{
    static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.year < 1970 || date.month < 1 || date.month > 12 || date.day < 1)
        return false;
    bool leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    return date.day <= days[date.month - 1] + (leap && date.month == 2);
}

int clock_parse(struct span text, int64_t *ret_wall_ms)
{
    if (!has_shape(text))
        return CLOCK_MALFORMED;
    struct date date = {number(text.data, 4), number(text.data + 5, 2), number(text.data + 8, 2)};
    int hour = number(text.data + 11, 2), minute = number(text.data + 14, 2);
    int second = number(text.data + 17, 2), ms = fraction_ms(text);
    if (!date_exists(date) || hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return CLOCK_MALFORMED;
    if (second < 0 || second > 59 || ms < 0)
        return CLOCK_MALFORMED;
    *ret_wall_ms = (days_from_date(date) * DAY_S + hour * 3600 + minute * 60 + second) * MS + ms;
    return 0;
}
