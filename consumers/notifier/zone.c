/* SPDX-License-Identifier: Apache-2.0
 * A TZif file is two copies of a table of transitions, with 32-bit and with 64-bit times, and a rule for the
 * time after the last of them ("CET-1CEST,M3.5.0,M10.5.0/3"). Of the rule's forms the one with months is
 * read: no zone has used another since 1970. */
#include "consumers/notifier/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MOST = 65536, HEADER = 44, TYPE = 6, DAY = 86400, HOUR = 3600 };

/* The counts of a header, in its order. */
enum { ISUT, ISSTD, LEAP, TIMES, TYPES, CHARS, COUNTS };

struct table {
    const uint8_t *times, *indices, *types;
    uint32_t time_count, type_count;
    const char *rule; /* behind the table; ends with \n */
    size_t rule_size;
};

static uint32_t number32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t number64(const uint8_t *at)
{
    return (int64_t)((uint64_t)number32(at) << 32 | number32(at + 4));
}

/* The counts of the header at the beginning of bytes, and how long what follows it is. */
static bool header_read(struct span bytes, size_t time_size, uint32_t counts[COUNTS], size_t *ret_size)
{
    const uint8_t *at = (const uint8_t *)bytes.data;
    if (bytes.size < HEADER || memcmp(at, "TZif", 4) != 0 || at[4] < '2')
        return false;
    for (int count = 0; count < COUNTS; count++) {
        counts[count] = number32(at + 20 + 4 * count);
        if (counts[count] > FILE_MOST)
            return false;
    }
    *ret_size = counts[TIMES] * (time_size + 1) + counts[TYPES] * (size_t)TYPE + counts[CHARS] +
                counts[LEAP] * (time_size + 4) + counts[ISSTD] + counts[ISUT];
    return *ret_size <= bytes.size - HEADER;
}

static bool table_read(struct span file, struct table *ret_table)
{
    uint32_t counts[COUNTS];
    size_t size;
    if (!header_read(file, 4, counts, &size))
        return false;
    file = (struct span){file.data + HEADER + size, file.size - HEADER - size};
    if (!header_read(file, 8, counts, &size) || counts[TYPES] == 0)
        return false;
    const uint8_t *at = (const uint8_t *)file.data + HEADER;
    *ret_table = (struct table){.times = at,
                                .indices = at + 8 * (size_t)counts[TIMES],
                                .types = at + 9 * (size_t)counts[TIMES],
                                .time_count = counts[TIMES],
                                .type_count = counts[TYPES],
                                .rule = file.data + HEADER + size,
                                .rule_size = file.size - HEADER - size};
    return true;
}

static int type_offset(const struct table *table, uint8_t type, int64_t *ret_seconds)
{
    if (type >= table->type_count)
        return ZONE_UNKNOWN;
    *ret_seconds = (int32_t)number32(table->types + (size_t)TYPE * type);
    return 0;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static int64_t days_of(int64_t year, int month, int day)
{
    int64_t shifted = month > 2 ? year : year - 1; /* years that begin in March end with the leap day */
    int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400, of_era = shifted - era * 400;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t year_of(int64_t at)
{
    int64_t year = 1970 + at / (365 * (int64_t)DAY + DAY / 4);
    while (days_of(year + 1, 1, 1) * DAY <= at)
        year++;
    while (days_of(year, 1, 1) * DAY > at)
        year--;
    return year;
}

/* --- the rule --- */

struct reading {
    const char *at, *end;
    bool good;
};

static bool next_is(struct reading *from, char byte)
{
    bool is = from->at < from->end && *from->at == byte;
    from->at += is;
    return is;
}

static void read_byte(struct reading *from, char byte)
{
    from->good = next_is(from, byte) && from->good;
}

static int64_t read_number(struct reading *from)
{
    int64_t number = 0;
    const char *begin = from->at;
    while (from->at < from->end && *from->at >= '0' && *from->at <= '9' && number < 1000)
        number = number * 10 + (*from->at++ - '0');
    from->good = from->good && from->at > begin;
    return number;
}

/* CET, or <+03> */
static void read_name(struct reading *from)
{
    bool quoted = next_is(from, '<');
    while (from->at < from->end &&
           (quoted ? *from->at != '>' : (*from->at | 32) >= 'a' && (*from->at | 32) <= 'z'))
        from->at++;
    if (quoted)
        read_byte(from, '>');
}

/* [+-]h[:mm[:ss]] in seconds */
static int64_t read_time(struct reading *from)
{
    bool minus = next_is(from, '-');
    if (!minus)
        (void)next_is(from, '+');
    int64_t seconds = read_number(from) * HOUR;
    for (int64_t unit = 60; unit >= 1 && next_is(from, ':'); unit /= 60)
        seconds += read_number(from) * unit;
    return minus ? -seconds : seconds;
}

/* ,Mm.w.d[/time]: the w-th (5: last) day d of the week in month m. In local seconds since 1970. */
static int64_t read_change(struct reading *from, int64_t year)
{
    read_byte(from, ',');
    read_byte(from, 'M');
    int month = (int)read_number(from);
    read_byte(from, '.');
    int64_t week = read_number(from);
    read_byte(from, '.');
    int64_t weekday = read_number(from), time = 2 * HOUR;
    if (next_is(from, '/'))
        time = read_time(from);
    from->good = from->good && month >= 1 && month <= 12 && week >= 1 && week <= 5 && weekday <= 6;
    if (!from->good)
        return 0;
    int64_t first = days_of(year, month, 1),
            after = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
    int64_t day = first + (weekday - (first + 4) % 7 + 7) % 7 + 7 * (week - 1); /* 1970-01-01: a Thursday */
    while (day >= after)
        day -= 7;
    return day * DAY + time;
}

/* Times of a rule count westward: CET-1 is an hour east. */
static int rule_offset(const struct table *table, int64_t at, int64_t *ret_seconds)
{
    if (table->rule_size < 2 || table->rule[0] != '\n')
        return ZONE_UNKNOWN;
    const char *end = memchr(table->rule + 1, '\n', table->rule_size - 1);
    struct reading from = {table->rule + 1, end ? end : table->rule + 1, true};
    read_name(&from);
    int64_t standard = -read_time(&from), summer = standard + HOUR;
    if (from.good && from.at == from.end) {
        *ret_seconds = standard;
        return 0;
    }
    read_name(&from);
    if (from.at < from.end && *from.at != ',')
        summer = -read_time(&from);
    int64_t year = year_of(at + standard);
    int64_t begins = read_change(&from, year) - standard, ends = read_change(&from, year) - summer;
    if (!from.good || from.at != from.end)
        return ZONE_UNKNOWN;
    bool in_summer = begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
    *ret_seconds = in_summer ? summer : standard;
    return 0;
}

int zone_offset_of(struct span file, int64_t at, int64_t *ret_seconds)
{
    struct table table;
    if (!table_read(file, &table))
        return ZONE_UNKNOWN;
    uint32_t low = 0, high = table.time_count; /* times before low are not after at */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (number64(table.times + 8 * (size_t)middle) <= at)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == table.time_count && rule_offset(&table, at, ret_seconds) == 0)
        return 0;
    return type_offset(&table, low == 0 ? 0 : table.indices[low - 1], ret_seconds);
}

/* Nothing but parts that begin with a capital: no dot, no way out of the folder. */
static bool name_is_plain(const char *zone)
{
    for (const char *at = zone; *at != '\0'; at++) {
        bool first = at == zone || at[-1] == '/';
        bool letter =
            (*at >= 'A' && *at <= 'Z') ||
            (!first && ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') || strchr("_+-/", *at)));
        if (!letter)
            return false;
    }
    return zone[0] != '\0';
}

int zone_offset(const char *zone, int64_t at, int64_t *ret_seconds)
{
    char path[96], bytes[FILE_MOST];
    if (!name_is_plain(zone) ||
        snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone) >= (int)sizeof path)
        return ZONE_UNKNOWN;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return ZONE_UNKNOWN;
    ssize_t size = read(file, bytes, sizeof bytes);
    close(file);
    return size <= 0 ? ZONE_UNKNOWN : zone_offset_of((struct span){bytes, (size_t)size}, at, ret_seconds);
}
