/* SPDX-License-Identifier: Apache-2.0
 * How amounts and times are written, and zones held against the C library's. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "consumers/notifier/value.h"
#include "consumers/notifier/zone.h"
#include "shared/base/cleanup.h"
#include "tests/suite.h"

#define NBSP "\xc2\xa0"

/* --- how values are written --- */

START_TEST(amounts_stand_with_their_currency_as_the_language_writes_them)
{
    static const struct {
        int64_t minor;
        const char *currency, *fr, *en;
    } rows[] = {
        {0, "XOF", "0" NBSP "XOF", "XOF" NBSP "0"},
        {999, "XAF", "999" NBSP "XAF", "XAF" NBSP "999"},
        {10920, "XOF", "10" NBSP "920" NBSP "XOF", "XOF" NBSP "10,920"},
        {1234567, "XOF", "1" NBSP "234" NBSP "567" NBSP "XOF", "XOF" NBSP "1,234,567"},
        {1250, "EUR", "12,50" NBSP "EUR", "EUR" NBSP "12.50"},
        {5, "EUR", "0,05" NBSP "EUR", "EUR" NBSP "0.05"},
        {123456789, "EUR", "1" NBSP "234" NBSP "567,89" NBSP "EUR", "EUR" NBSP "1,234,567.89"},
    };
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        CLEANUP(buf_done) struct buf fr = {0};
        CLEANUP(buf_done) struct buf en = {0};
        value_money(rows[at].minor, rows[at].currency, LANGUAGE_FR, &fr);
        value_money(rows[at].minor, rows[at].currency, LANGUAGE_EN, &en);
        ck_assert_str_eq(fr.data, rows[at].fr);
        ck_assert_str_eq(en.data, rows[at].en);
    }
}
END_TEST

START_TEST(times_are_told_in_the_zone_of_the_person_else_in_utc)
{
    static const struct {
        int64_t seconds;
        const char *zone, *fr, *en;
    } rows[] = {
        {1795341600, NULL, "22 novembre 2026 à 10:00 (UTC)", "22 November 2026, 10:00 (UTC)"},
        {1795341600, "Africa/Dakar", "22 novembre 2026 à 10:00 (Africa/Dakar)",
         "22 November 2026, 10:00 (Africa/Dakar)"},
        {1795341600, "Europe/Paris", "22 novembre 2026 à 11:00 (Europe/Paris)",
         "22 November 2026, 11:00 (Europe/Paris)"},
        {1785535200, "Europe/Paris", "1er août 2026 à 00:00 (Europe/Paris)",
         "1 August 2026, 00:00 (Europe/Paris)"},
        {1795341600, "Nowhere/Atall", "22 novembre 2026 à 10:00 (UTC)", "22 November 2026, 10:00 (UTC)"},
        {1795341600, "../../etc/passwd", "22 novembre 2026 à 10:00 (UTC)", "22 November 2026, 10:00 (UTC)"},
    };
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        CLEANUP(buf_done) struct buf fr = {0};
        CLEANUP(buf_done) struct buf en = {0};
        value_time(rows[at].seconds * 1000 + 999, rows[at].zone, LANGUAGE_FR, &fr);
        value_time(rows[at].seconds * 1000 + 999, rows[at].zone, LANGUAGE_EN, &en);
        ck_assert_str_eq(fr.data, rows[at].fr);
        ck_assert_str_eq(en.data, rows[at].en);
    }
}
END_TEST

/* --- zones, against the C library's --- */

static const char *const zones[] = {
    "UTC",
    "Africa/Dakar",
    "Africa/Abidjan",
    "Europe/Paris",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Montreal",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Jerusalem",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Auckland",
    "America/Nuuk",
    "Asia/Tokyo",
    "America/Argentina/Buenos_Aires",
};
enum { ZONES = sizeof zones / sizeof zones[0] };

START_TEST(offsets_are_those_of_the_c_library_from_1970_to_2100)
{
    uint64_t chance = 7;
    for (size_t zone = 0; zone < ZONES; zone++) {
        setenv("TZ", zones[zone], 1);
        tzset();
        for (int turn = 0; turn < 4000; turn++) {
            chance = chance * 6364136223846793005u + 1442695040888963407u;
            const time_t at = (time_t)((chance >> 32) % 4102444800u);
            struct tm local;
            int64_t offset;
            ck_assert_ptr_nonnull(localtime_r(&at, &local));
            ck_assert_int_eq(zone_offset(zones[zone], at, &offset), 0);
            ck_assert_msg(offset == local.tm_gmtoff, "%s at %lld: %lld, not %ld", zones[zone], (long long)at,
                          (long long)offset, local.tm_gmtoff);
        }
    }
    unsetenv("TZ");
    tzset();
}
END_TEST

/* A file without transitions, only a rule. */
static void zone_file(const char *rule, struct buf *to)
{
    static const char header[44] = {'T', 'Z',      'i',     'f',
                                    '2', [39] = 1, [43] = 1}; /* one type, one character */
    static const char type[7] = {0, 0, 14, 16};               /* an hour east */
    buf_clear(to);
    for (int copy = 0; copy < 2; copy++) {
        buf_append(to, header, sizeof header);
        buf_append(to, type, sizeof type);
    }
    buf_format(to, "\n%s\n", rule);
}

START_TEST(rules_of_the_time_after_the_table_are_read)
{
    static const struct {
        const char *rule;
        int64_t at, offset;
    } rows[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1795341600, 3600},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1785535200, 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 3600}, /* 2026-03-29 01:00 UTC, less a second */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1792889999, 7200}, /* 2026-10-25 01:00 UTC, less a second */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 3600},
        {"<+0530>-5:30", 1795341600, 19800},
        {"<-03>3", 1795341600, -10800},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1795341600, 39600}, /* summer over the new year */
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1785535200, 36000},
        {"nonsense", 1795341600, 3600}, /* the table's only type */
        {"CET-1CEST,J60,J300", 1795341600, 3600},
        {"CET-1CEST,M13.5.0,M10.5.0", 1795341600, 3600},
    };
    CLEANUP(buf_done) struct buf file = {0};
    for (size_t at = 0; at < sizeof rows / sizeof rows[0]; at++) {
        int64_t offset;
        zone_file(rows[at].rule, &file);
        ck_assert_int_eq(zone_offset_of(buf_as_span(&file), rows[at].at, &offset), 0);
        ck_assert_msg(offset == rows[at].offset, "%s: %lld", rows[at].rule, (long long)offset);
    }
}
END_TEST

START_TEST(any_cut_or_spoiled_file_is_refused_or_answered_never_more)
{
    CLEANUP(buf_done) struct buf file = {0};
    int64_t offset;
    zone_file("CET-1CEST,M3.5.0,M10.5.0/3", &file);
    for (size_t size = 0; size <= file.size; size++) {
        CLEANUP(free_cleanup) char *cut = memory_new(size + 1, 1);
        memcpy(cut, file.data, size);
        (void)!zone_offset_of((struct span){cut, size}, 1795341600, &offset);
    }
    for (size_t at = 0; at < file.size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            file.data[at] ^= (char)(1 << bit);
            (void)!zone_offset_of(buf_as_span(&file), 1795341600, &offset);
            file.data[at] ^= (char)(1 << bit);
        }
    }
    ck_assert_int_eq(zone_offset_of(SPAN("TZif"), 0, &offset), ZONE_UNKNOWN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("notifier-values");
    TCase *cases = tcase_create("values");
    tcase_add_test(cases, amounts_stand_with_their_currency_as_the_language_writes_them);
    tcase_add_test(cases, times_are_told_in_the_zone_of_the_person_else_in_utc);
    tcase_add_test(cases, offsets_are_those_of_the_c_library_from_1970_to_2100);
    tcase_add_test(cases, rules_of_the_time_after_the_table_are_read);
    tcase_add_test(cases, any_cut_or_spoiled_file_is_refused_or_answered_never_more);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    return suite_run(suite);
}
