/* SPDX-License-Identifier: Apache-2.0
 * schemas/examples through the codec: every valid file is read and its canonical form is a fixed point; every
 * invalid one is refused as refused.expect says, with exactly those pointers. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/messages.h"
#include "shared/base/cleanup.h"
#include "tests/schemas/cases.h"

static char message[65536], again[65536];

/* Runs look on every example of valid/ or invalid/. Returns how many there were. */
static int each_example(const char *kind, void (*look)(const struct schema *, const char *, struct span))
{
    CLEANUP(buf_done) struct buf path = {0};
    CLEANUP(buf_done) struct buf json = {0};
    int count = 0;
    for (const struct schema *const *row = schema_rows; *row; row++) {
        struct dirent **names;
        buf_clear(&path);
        buf_format(&path, "%s/%s/%s/", folder_of("COLIS_EXAMPLES", "schemas/examples"), kind, (*row)->name);
        size_t folder = path.size;
        int found = scandir(path.data, &names, NULL, alphasort);
        for (int i = 0; i < found; free(names[i++])) {
            if (names[i]->d_name[0] == '.')
                continue;
            path.size = folder;
            buf_text(&path, names[i]->d_name);
            buf_clear(&json);
            file_read(path.data, &json);
            look(*row, names[i]->d_name, buf_as_span(&json));
            count++;
        }
        if (found >= 0)
            free(names);
    }
    return count;
}

static void look_at_valid(const struct schema *schema, const char *name, struct span json)
{
    struct codec_errors errors;
    CLEANUP(buf_done) struct buf written = {0};
    CLEANUP(buf_done) struct buf rewritten = {0};
    int result = codec_decode(schema, json, message, &errors);
    ck_assert_msg(result == 0, "%s/%s: %d %s %s", schema->name, name, result,
                  errors.syntax ? errors.syntax : "", errors.count ? errors.items[0].pointer : "");
    codec_encode(schema, message, CODEC_ALL, &written);
    ck_assert_msg(codec_decode(schema, buf_as_span(&written), again, NULL) == 0,
                  "%s/%s: its canonical form is refused", schema->name, name);
    ck_assert_msg(memcmp(message, again, schema->size) == 0, "%s/%s: its canonical form says something else",
                  schema->name, name);
    codec_encode(schema, again, CODEC_ALL, &rewritten);
    ck_assert_str_eq(written.data, rewritten.data);
}

START_TEST(reads_every_valid_example_and_writes_it_again)
{
    ck_assert_int_ge(each_example("valid", look_at_valid), 100);
}
END_TEST

/* type/name verdict pointers: the same line refused.expect has. */
static struct buf refused;

static void look_at_invalid(const struct schema *schema, const char *name, struct span json)
{
    struct codec_errors errors;
    int result = codec_decode(schema, json, message, &errors);
    ck_assert_msg(result != 0, "%s/%s is taken", schema->name, name);
    ck_assert((result == CODEC_NOT_JSON) == (errors.syntax != NULL));
    ck_assert((result == CODEC_INVALID) == (errors.count > 0));
    buf_format(&refused, "%s/%.*s %s", schema->name, (int)(strlen(name) - 5), name,
               result == CODEC_NOT_JSON ? "not-json" : "invalid");
    for (size_t i = 0; i < errors.count; i++)
        buf_format(&refused, " %s", errors.items[i].pointer[0] ? errors.items[i].pointer : "\"\"");
    buf_byte(&refused, '\n');
}

START_TEST(refuses_every_invalid_example_where_it_is_wrong)
{
    CLEANUP(buf_done) struct buf expected = {0};
    char *rest, *line;
    int lines = 0;
    file_read(folder_of("COLIS_REFUSED", "tests/schemas/refused.expect"), &expected);
    int count = each_example("invalid", look_at_invalid);
    for (line = strtok_r(expected.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        CLEANUP(buf_done) struct buf whole = {0};
        if (line[0] == '#')
            continue;
        buf_format(&whole, "%s\n", line);
        const char *found = strstr(refused.data, whole.data);
        ck_assert_msg(found && (found == refused.data || found[-1] == '\n'), "not so answered: %s", line);
        lines++;
    }
    ck_assert_int_eq(lines, count);
    ck_assert_int_ge(count, 300);
    buf_done(&refused);
}
END_TEST

START_TEST(has_examples_of_every_message_and_state)
{
    for (const struct schema *const *row = schema_rows; *row; row++) {
        char path[256];
        struct dirent **names;
        for (int kind = 0; kind < 2 && !(*row)->open; kind++) {
            snprintf(path, sizeof path, "%s/%s/%s", folder_of("COLIS_EXAMPLES", "schemas/examples"),
                     kind ? "invalid" : "valid", (*row)->name);
            int found = scandir(path, &names, NULL, alphasort);
            ck_assert_msg(found > 2, "%s has none", path);
            while (found > 0)
                free(names[--found]);
            free(names);
        }
    }
}
END_TEST

TCase *example_cases(void)
{
    TCase *cases = tcase_create("examples");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, reads_every_valid_example_and_writes_it_again);
    tcase_add_test(cases, refuses_every_invalid_example_where_it_is_wrong);
    tcase_add_test(cases, has_examples_of_every_message_and_state);
    return cases;
}
