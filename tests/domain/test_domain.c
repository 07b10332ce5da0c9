/* SPDX-License-Identifier: Apache-2.0
 * The laws every machine obeys, looped over the rows of all of them. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/domain/rule.h"

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

int main(void)
{
    Suite *suite = suite_create("domain");
    TCase *laws = tcase_create("laws");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(laws, a_machine_is_found_by_its_kind_and_keeps_its_state_in_a_struct_of_its_own);
    tcase_add_test(laws, every_refusal_has_a_word_of_its_own);
    tcase_add_test(laws, no_row_leads_out_of_a_terminal_state);
    tcase_add_test(laws, every_row_is_of_a_command_of_its_machine_and_has_an_act);
    tcase_add_test(laws, a_fold_is_of_a_fact_of_its_machine_that_begins_with_the_state);
    tcase_add_test(laws, a_payment_and_a_review_are_named_by_their_booking);
    suite_add_tcase(suite, laws);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
