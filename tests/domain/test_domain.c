/* SPDX-License-Identifier: Apache-2.0
 * The laws every machine obeys, looped over the rows of all of them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "shared/domain/limits.h"
#include "shared/domain/rule.h"
#include "tests/domain/print.h"
#include "tests/domain/verdicts.h"
#include "tests/suite.h"

enum { NAMES = 512 };
static const char *verdicts_path, *document_path, *notes_path;

static int states_of(const struct machine *machine)
{
    int count = 0;

    while (machine->states[count].text)
        count++;
    return count;
}

START_TEST(a_machine_is_found_by_its_kind_and_keeps_its_state_in_a_struct_of_its_own)
{
    for (size_t m = 0; machines[m]; m++) {
        ck_assert_ptr_eq(machine_of(machines[m]->kind), machines[m]);
        ck_assert_int_le(states_of(machines[m]), 31);
        ck_assert_uint_le(machines[m]->state->size, STATE_MAX);
        for (size_t other = 0; other < m; other++)
            ck_assert_ptr_ne(machines[m]->state, machines[other]->state);
    }
    ck_assert_ptr_null(machine_of("elephant"));
}
END_TEST

START_TEST(every_refusal_has_a_word_of_its_own)
{
    ck_assert_ptr_null(refusal_text(REFUSAL_NONE));
    for (int refusal = 1; refusal < REFUSAL_COUNT; refusal++) {
        ck_assert_ptr_nonnull(refusal_text(refusal));
        for (int other = 1; other < refusal; other++)
            ck_assert_str_ne(refusal_text(refusal), refusal_text(other));
    }
}
END_TEST

START_TEST(no_row_leads_out_of_a_terminal_state)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
            ck_assert_msg((rule->from & machines[m]->terminal) == 0, "%s", rule->number);
}
END_TEST

START_TEST(every_row_is_of_a_command_of_its_machine_and_has_an_act)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++) {
            const char *dot = strchr(rule->command, '.');
            char type[80];

            (void)snprintf(type, sizeof(type), "%s.v1", rule->command);
            ck_assert_msg(message_family_known(type), "%s", rule->command);
            ck_assert_uint_eq(strlen(machines[m]->kind), (size_t)(dot - rule->command));
            ck_assert_int_eq(strncmp(rule->command, machines[m]->kind, strlen(machines[m]->kind)), 0);
            ck_assert_msg(rule->act != NULL, "%s %s", rule->number, rule->command);
        }
}
END_TEST

START_TEST(a_fold_is_of_a_fact_of_its_machine_that_begins_with_the_state)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct fold *fold = machines[m]->folds; fold->fact; fold++) {
            const struct message_row *row = message_of(fold->fact->name);

            ck_assert_ptr_nonnull(row);
            ck_assert_int_eq(row->kind, MESSAGE_FACT);
            ck_assert_str_eq(row->aggregate, machines[m]->kind);
            ck_assert_str_eq(fold->fact->fields[0].name, "state");
            ck_assert_uint_le(fold->fact->size, DOMAIN_DATA_MAX);
        }
}
END_TEST

static bool folds_into(const struct machine *machine, int32_t state)
{
    for (const struct fold *fold = machine->folds; fold->fact; fold++)
        if (fold->to & TO(state))
            return true;
    return false;
}

static bool folds_out(const struct machine *machine, int32_t state)
{
    for (const struct fold *fold = machine->folds; fold->fact; fold++)
        if ((fold->from & FROM(state)) && (fold->to & ~(uint32_t)(TO_SAME | TO(state))))
            return true;
    return false;
}

START_TEST(every_state_is_reached_and_only_terminal_states_are_never_left)
{
    for (size_t m = 0; machines[m]; m++)
        for (int32_t state = 1; state <= states_of(machines[m]); state++) {
            bool terminal = (FROM(state) & machines[m]->terminal) != 0;

            ck_assert_msg(folds_into(machines[m], state), "%s %s", machines[m]->kind,
                          machines[m]->states[state - 1].text);
            if (machines[m] != &profile_machine) /* a person goes on and on */
                ck_assert_msg(folds_out(machines[m], state) != terminal, "%s %s", machines[m]->kind,
                              machines[m]->states[state - 1].text);
        }
}
END_TEST

START_TEST(no_fact_changes_what_has_ended)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct fold *fold = machines[m]->folds; fold->fact; fold++)
            ck_assert_msg((fold->from & machines[m]->terminal) == 0, "%s", fold->fact->name);
}
END_TEST

/* Is it in the facts column of any row, of any machine? */
static bool some_row_names(const char *name)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
            for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++)
                if (strcmp(rule->facts[i] + (rule->facts[i][0] == '?'), name) == 0)
                    return true;
    return false;
}

/* Not all: some facts are only posted by those who hold a code, as B24 says. */
static bool without_row(const char *family)
{
    return strcmp(family, "booking.code_failed") == 0;
}

START_TEST(every_fact_is_told_by_some_row_and_enters_its_state)
{
    for (const struct message_row *row = message_rows; row->type; row++) {
        const struct machine *machine = machine_of(row->aggregate);
        bool folds = false;

        if (row->kind != MESSAGE_FACT || !machine)
            continue;
        for (const struct fold *fold = machine->folds; fold->fact; fold++)
            folds |= fold->fact == row->schema;
        ck_assert_msg(folds, "%s has no fold", row->type);
        ck_assert_msg(some_row_names(row->family) || without_row(row->family), "%s is in no row", row->type);
    }
}
END_TEST

START_TEST(every_command_has_a_row)
{
    for (const struct message_row *row = message_rows; row->type; row++) {
        const struct machine *machine = machine_of(row->aggregate);
        bool found = false;

        if (row->kind != MESSAGE_COMMAND || !machine)
            continue;
        for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++)
            found |= strcmp(rule->command, row->family) == 0;
        ck_assert_msg(found, "%s", row->type);
    }
}
END_TEST

START_TEST(what_a_row_tells_is_a_message_and_its_commands_have_a_way_back)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
            for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++) {
                const char *told = rule->facts[i] + (rule->facts[i][0] == '?');
                bool follows = strncmp(told, "=> ", 3) == 0;
                const struct message_row *row;
                char type[80];

                (void)snprintf(type, sizeof(type), "%s.v1", told + (follows ? 3 : 0));
                row = message_of(type);
                ck_assert_msg(row != NULL, "%s: %s", rule->number, told);
                ck_assert_int_eq(row->kind, follows ? MESSAGE_COMMAND : MESSAGE_FACT);
                ck_assert_uint_le(row->schema->size, follows ? DOMAIN_FOLLOW_MAX : DOMAIN_DATA_MAX);
            }
}
END_TEST

/* B23 and M14 stand once a role, others once a state: a number is one command, wherever it stands. */
START_TEST(a_number_is_of_one_command_and_a_guard_stands_once_in_a_row)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++) {
            for (const struct rule *other = machines[m]->rules; rule_row_used(other); other++)
                ck_assert_msg(strcmp(rule->number, other->number) != 0 || strcmp(rule->number, "U3") == 0 ||
                                  strcmp(rule->number, "U4") == 0 ||
                                  strcmp(rule->command, other->command) == 0,
                              "%s", rule->number);
            for (int i = 0; i < RULE_GUARDS && rule->guards[i].refuses; i++)
                for (int j = 0; j < i; j++)
                    ck_assert_msg(strcmp(rule->guards[i].name, rule->guards[j].name) != 0, "%s %s",
                                  rule->number, rule->guards[i].name);
        }
}
END_TEST

/* One name is one function, or the printed rules would mislead. */
START_TEST(within_a_machine_a_guard_is_what_its_name_says)
{
    for (size_t m = 0; machines[m]; m++) {
        const struct rule_guard *known[NAMES];
        int count = 0;

        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
            for (int i = 0; i < RULE_GUARDS && rule->guards[i].refuses; i++) {
                for (int k = 0; k < count; k++)
                    ck_assert_msg((strcmp(known[k]->name, rule->guards[i].name) == 0) ==
                                      (known[k]->refuses == rule->guards[i].refuses),
                                  "%s: %s, %s", rule->number, known[k]->name, rule->guards[i].name);
                ck_assert_int_lt(count, NAMES);
                known[count++] = &rule->guards[i];
            }
    }
}
END_TEST

START_TEST(a_row_leads_where_its_facts_lead)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
            ck_assert_msg(rule->to == SAME || folds_into(machines[m], rule->to), "%s", rule->number);
}
END_TEST

/* The text of a file; "" where there is none. */
static void read_file(const char *path, struct buf *to)
{
    char bytes[4096];
    size_t size;
    FILE *file = fopen(path, "r");

    while (file && (size = fread(bytes, 1, sizeof(bytes), file)) > 0)
        buf_append(to, bytes, size);
    if (file)
        (void)fclose(file);
}

static void write_file(const char *path, const struct buf *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text->data, 1, text->size, file), text->size);
    ck_assert_int_eq(fclose(file), 0);
}

static int line_size(const char *text)
{
    return (int)strcspn(text, "\n");
}

/* The first line that differs tells most. */
static void expect_text(const char *path, const struct buf *text)
{
    CLEANUP(buf_done) struct buf expected = {0};
    const char *is = text->data, *was;
    int line = 1;

    if (getenv("VERDICTS_WRITE"))
        write_file(path, text);
    read_file(path, &expected);
    was = expected.data ? expected.data : "";
    for (; *is && line_size(is) == line_size(was) && strncmp(is, was, (size_t)line_size(is)) == 0; line++) {
        is += line_size(is) + (is[line_size(is)] == '\n');
        was += line_size(was) + (was[line_size(was)] == '\n');
    }
    ck_assert_msg(!*is && !*was, "%s:%d\nis      %.*s\nshould  %.*s\nVERDICTS_WRITE=1 writes it anew", path,
                  line, line_size(is), is, line_size(was), was);
}

START_TEST(every_state_by_every_command_by_every_role_has_its_verdict)
{
    CLEANUP(buf_done) struct buf text = {0};

    verdicts_write(&text);
    expect_text(verdicts_path, &text);
}
END_TEST

START_TEST(every_command_is_among_the_verdicts)
{
    for (const struct message_row *row = message_rows; row->type; row++) {
        bool found = row->kind != MESSAGE_COMMAND || !machine_of(row->aggregate);

        for (int n = 0; verdict_saying(n); n++)
            found |= strcmp(verdict_saying(n)->command, row->family) == 0;
        ck_assert_msg(found, "%s", row->type);
    }
}
END_TEST

START_TEST(a_payment_and_a_review_are_named_by_their_booking)
{
    struct id booking, other, payment, review, again;

    id_v7(1800000000000, &booking);
    id_v7(1800000000000, &other);
    domain_payment_of(&booking, &payment);
    domain_review_of(&booking, &review);
    ck_assert(!id_same(&payment, &review));
    domain_payment_of(&booking, &again);
    ck_assert(id_same(&payment, &again));
    domain_payment_of(&other, &again);
    ck_assert(!id_same(&payment, &again));
}
END_TEST

START_TEST(the_document_is_what_the_rows_print)
{
    CLEANUP(buf_done) struct buf notes = {0}, text = {0};

    read_file(notes_path, &notes);
    ck_assert_msg(notes.size > 0, "%s", notes_path);
    print_domain(&notes, &text);
    expect_text(document_path, &text);
}
END_TEST

/* In a table a bar or a line break would end a cell. */
START_TEST(what_rows_are_called_can_stand_in_a_table)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
            for (int i = 0; i < RULE_GUARDS && rule->guards[i].refuses; i++)
                ck_assert_msg(strspn(rule->guards[i].name, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                  strlen(rule->guards[i].name),
                              "%s", rule->guards[i].name);
}
END_TEST

static void add_laws(TCase *laws)
{
    tcase_add_test(laws, a_machine_is_found_by_its_kind_and_keeps_its_state_in_a_struct_of_its_own);
    tcase_add_test(laws, every_refusal_has_a_word_of_its_own);
    tcase_add_test(laws, no_row_leads_out_of_a_terminal_state);
    tcase_add_test(laws, every_row_is_of_a_command_of_its_machine_and_has_an_act);
    tcase_add_test(laws, a_fold_is_of_a_fact_of_its_machine_that_begins_with_the_state);
    tcase_add_test(laws, every_state_is_reached_and_only_terminal_states_are_never_left);
    tcase_add_test(laws, no_fact_changes_what_has_ended);
    tcase_add_test(laws, every_fact_is_told_by_some_row_and_enters_its_state);
    tcase_add_test(laws, every_command_has_a_row);
    tcase_add_test(laws, what_a_row_tells_is_a_message_and_its_commands_have_a_way_back);
    tcase_add_test(laws, a_number_is_of_one_command_and_a_guard_stands_once_in_a_row);
    tcase_add_test(laws, within_a_machine_a_guard_is_what_its_name_says);
    tcase_add_test(laws, a_row_leads_where_its_facts_lead);
    tcase_add_test(laws, a_payment_and_a_review_are_named_by_their_booking);
}

/* test_domain VERDICTS DOCUMENT NOTES */
int main(int argc, char **argv)
{
    Suite *suite = suite_create("domain");
    TCase *laws = tcase_create("laws"), *verdicts = tcase_create("verdicts");

    verdicts_path = argc > 1 ? argv[1] : "";
    document_path = argc > 2 ? argv[2] : "";
    notes_path = argc > 3 ? argv[3] : "";
    add_laws(laws);
    tcase_add_test(verdicts, every_state_by_every_command_by_every_role_has_its_verdict);
    tcase_add_test(verdicts, every_command_is_among_the_verdicts);
    tcase_add_test(verdicts, the_document_is_what_the_rows_print);
    tcase_add_test(verdicts, what_rows_are_called_can_stand_in_a_table);
    tcase_set_timeout(verdicts, 120);
    suite_add_tcase(suite, laws);
    suite_add_tcase(suite, verdicts);
    return suite_run(suite);
}
