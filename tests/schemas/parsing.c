/* SPDX-License-Identifier: Apache-2.0
 * schemas/json.h held to the public JSON parsing files, read in place: every y_ is read, every n_ is refused,
 * and what RFC 8259 leaves open (i_) is answered as the table below states. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schemas/json.h"
#include "shared/base/cleanup.h"
#include "tests/schemas/cases.h"

enum { FILES = 318 };

static const struct {
    const char *name;
    bool read;
    const char *why;
} open_choices[] = {
    {"i_number_double_huge_neg_exp.json", true, "a number is its text here; the codec wants digits only"},
    {"i_number_huge_exp.json", true, "a number is its text"},
    {"i_number_neg_int_huge_exp.json", true, "a number is its text"},
    {"i_number_pos_double_huge_exp.json", true, "a number is its text"},
    {"i_number_real_neg_overflow.json", true, "a number is its text"},
    {"i_number_real_pos_overflow.json", true, "a number is its text"},
    {"i_number_real_underflow.json", true, "a number is its text"},
    {"i_number_too_big_neg_int.json", true, "a number is its text"},
    {"i_number_too_big_pos_int.json", true, "a number is its text"},
    {"i_number_very_big_negative_int.json", true, "a number is its text"},
    {"i_object_key_lone_2nd_surrogate.json", false, "half a character has no UTF-8"},
    {"i_string_1st_surrogate_but_2nd_missing.json", false, "half a character has no UTF-8"},
    {"i_string_1st_valid_surrogate_2nd_invalid.json", false, "half a character has no UTF-8"},
    {"i_string_UTF-16LE_with_BOM.json", false, "JSON between systems is UTF-8"},
    {"i_string_UTF-8_invalid_sequence.json", false, "bytes that are no UTF-8 are never passed on"},
    {"i_string_UTF8_surrogate_U+D800.json", false, "bytes that are no UTF-8 are never passed on"},
    {"i_string_incomplete_surrogate_and_escape_valid.json", false, "half a character has no UTF-8"},
    {"i_string_incomplete_surrogate_pair.json", false, "half a character has no UTF-8"},
    {"i_string_incomplete_surrogates_escape_valid.json", false, "half a character has no UTF-8"},
    {"i_string_invalid_lonely_surrogate.json", false, "half a character has no UTF-8"},
    {"i_string_invalid_surrogate.json", false, "half a character has no UTF-8"},
    {"i_string_invalid_utf-8.json", false, "bytes that are no UTF-8 are never passed on"},
    {"i_string_inverted_surrogates_U+1D11E.json", false, "halves in the wrong order are no character"},
    {"i_string_iso_latin_1.json", false, "bytes that are no UTF-8 are never passed on"},
    {"i_string_lone_second_surrogate.json", false, "half a character has no UTF-8"},
    {"i_string_lone_utf8_continuation_byte.json", false, "bytes that are no UTF-8 are never passed on"},
    {"i_string_not_in_unicode_range.json", false, "bytes that are no UTF-8 are never passed on"},
    {"i_string_overlong_sequence_2_bytes.json", false, "a character has one form only"},
    {"i_string_overlong_sequence_6_bytes.json", false, "a character has one form only"},
    {"i_string_overlong_sequence_6_bytes_null.json", false, "a character has one form only"},
    {"i_string_truncated-utf-8.json", false, "bytes that are no UTF-8 are never passed on"},
    {"i_string_utf16BE_no_BOM.json", false, "JSON between systems is UTF-8"},
    {"i_string_utf16LE_no_BOM.json", false, "JSON between systems is UTF-8"},
    {"i_structure_500_nested_arrays.json", false, "deeper than SCAN_DEPTH"},
    {"i_structure_UTF-8_BOM_empty_object.json", false, "a byte order mark is no white space"},
};

static struct dirent **names;
static int count;

static int is_file(const struct dirent *entry)
{
    return strchr("yni", entry->d_name[0]) && strstr(entry->d_name, ".json");
}

static const char *folder(void)
{
    return folder_of("COLIS_JSON_PARSING", "../shared/data/json/test_parsing");
}

static bool must_be_read(const char *name)
{
    for (size_t i = 0; i < sizeof open_choices / sizeof open_choices[0]; i++)
        if (strcmp(open_choices[i].name, name) == 0)
            return open_choices[i].read;
    ck_assert_msg(name[0] != 'i', "no choice is stated for %s", name);
    return name[0] == 'y';
}

START_TEST(answers_each_parsing_file_as_stated)
{
    const char *name = names[_i]->d_name, *reason = "";
    CLEANUP(buf_done) struct buf path = {0};
    CLEANUP(buf_done) struct buf content = {0};
    size_t at = 0;
    buf_format(&path, "%s/%s", folder(), name);
    file_read(path.data, &content);
    int result = scan_check(buf_as_span(&content), &at, &reason);
    ck_assert_msg((result == 0) == must_be_read(name), "%s: %s at %zu", name, result ? reason : "read", at);
    ck_assert(at <= content.size);
}
END_TEST

START_TEST(finds_every_parsing_file)
{
    int choices = 0;
    for (int i = 0; i < count; i++)
        choices += names[i]->d_name[0] == 'i';
    ck_assert_int_eq(count, FILES);
    ck_assert_int_eq(choices, sizeof open_choices / sizeof open_choices[0]);
}
END_TEST

TCase *parsing_cases(void)
{
    count = scandir(folder(), &names, is_file, alphasort);
    if (count <= 0)
        return NULL;
    TCase *cases = tcase_create("parsing");
    tcase_add_test(cases, finds_every_parsing_file);
    tcase_add_loop_test(cases, answers_each_parsing_file_as_stated, 0, count);
    return cases;
}
