/* SPDX-License-Identifier: Apache-2.0
 * The rules as verdicts: every state by every command by every role against verdicts.expect, then the laws
 * every machine obeys, then the guards one by one. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/domain/rule.h"

static const char *const owner = "11111111-1111-4111-8111-111111111111";
static const char *const stranger = "22222222-2222-4222-8222-222222222222";
static const int64_t now = 1800000000000;

static struct parcel_register_v1 parcel_asked(void)
{
    struct parcel_register_v1 asked = {.weight_g = 2500, .category = CATEGORY_CLOTHES};

    strcpy(asked.recipient.name, "Awa Ndiaye");
    strcpy(asked.recipient.phone, "+221770000000");
    strcpy(asked.origin.country, "FR");
    strcpy(asked.origin.city, "Paris");
    strcpy(asked.destination.country, "SN");
    strcpy(asked.destination.city, "Dakar");
    asked.value.amount = 40000;
    strcpy(asked.value.currency, "XOF");
    return asked;
}

static struct domain_command command_of(const char *type, const char *principal, const char *role,
                                        const void *data)
{
    struct domain_command command = {
        .row = message_of(type), .principal = principal, .role = role, .now_ms = now, .data = data};

    ck_assert_ptr_nonnull(command.row);
    id_of_command(span_of(principal), span_of(type), &command.id);
    if (strcmp(command.row->aggregate, "profile") == 0)
        strcpy(command.subject.text, owner);
    else
        id_of_aggregate(&command.id, command.row->aggregate, &command.subject);
    return command;
}

/* Valid data for any command of this domain. */
static const void *data_for(const char *type)
{
    static struct parcel_register_v1 parcel;
    static struct parcel_cancel_v1 cancel;
    static struct profile_update_v1 profile;

    if (strcmp(type, "parcel.register.v1") == 0) {
        parcel = parcel_asked();
        return &parcel;
    }
    if (strcmp(type, "parcel.cancel.v1") == 0)
        return &cancel;
    return &profile;
}

static union domain_state state_in(const struct machine *machine, int32_t state)
{
    union domain_state made = {0};

    strcpy(made.head.id.text, owner);
    made.head.state = state;
    made.head.version = state ? 1 : 0;
    if (machine == &parcel_machine)
        strcpy(made.parcel.sender.text, owner);
    return made;
}

static int states_of(const struct machine *machine)
{
    int count = 0;

    while (machine->states[count].text)
        count++;
    return count;
}

static void print_verdict(FILE *to, const struct machine *machine, const struct message_row *row,
                          int32_t state)
{
    static const struct {
        const char *name, *principal, *role;
    } callers[] = {{"owner", owner, "person"}, {"stranger", stranger, "person"}, {"staff", stranger, "staff"},
                   {"lead", stranger, "lead"}, {"system", "", "system"},         {"webhook", "", "webhook"}};

    for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++) {
        union domain_state made = state_in(machine, state);
        struct domain_command command =
            command_of(row->type, callers[i].principal, callers[i].role, data_for(row->type));
        struct domain_decision decision;

        domain_decide(&made, &command, &decision);
        fprintf(to, "%-8s %-11s %-17s %-9s %s", machine->kind, state ? machine->states[state - 1].text : "-",
                row->family, callers[i].name, decision.refusal ? refusal_text(decision.refusal) : "accepted");
        for (int f = 0; f < decision.fact_count; f++)
            fprintf(to, " %s", decision.facts[f].row->type);
        fputc('\n', to);
    }
}

static void print_verdicts(FILE *to)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct message_row *row = message_rows; row->type; row++)
            for (int32_t state = 0; state <= states_of(machines[m]); state++)
                if (row->kind == MESSAGE_COMMAND && strcmp(row->aggregate, machines[m]->kind) == 0)
                    print_verdict(to, machines[m], row, state);
}

/* Run with VERDICTS_WRITE set to write the golden file anew; then read the difference. */
START_TEST(every_state_by_every_command_by_every_role_has_its_stated_verdict)
{
    const char *path = getenv("VERDICTS_EXPECT");
    char *printed = NULL, wanted[65536];
    size_t size = 0, read;
    FILE *memory = open_memstream(&printed, &size), *file;

    ck_assert_ptr_nonnull(path);
    print_verdicts(memory);
    fclose(memory);
    if (getenv("VERDICTS_WRITE")) {
        file = fopen(path, "w");
        ck_assert_uint_eq(fwrite(printed, 1, size, file), size);
        fclose(file);
    }
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    read = fread(wanted, 1, sizeof(wanted) - 1, file);
    wanted[read] = '\0';
    fclose(file);
    ck_assert_str_eq(printed, wanted);
    free(printed);
}
END_TEST

START_TEST(no_row_leads_out_of_a_terminal_state)
{
    for (size_t m = 0; machines[m]; m++)
        for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
            ck_assert_uint_eq(rule->from & machines[m]->terminal, 0);
}
END_TEST

START_TEST(every_state_is_reached_by_some_row)
{
    for (size_t m = 0; machines[m]; m++) {
        uint32_t reached = FROM_NOTHING;

        for (int round = 0; round <= states_of(machines[m]); round++)
            for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
                if (rule->from & reached)
                    reached |= FROM(rule->to);
        for (int32_t state = 1; state <= states_of(machines[m]); state++)
            ck_assert_msg(reached & FROM(state), "%s %s", machines[m]->kind,
                          machines[m]->states[state - 1].text);
    }
}
END_TEST

START_TEST(every_fact_of_a_machine_belongs_to_exactly_one)
{
    for (const struct message_row *row = message_rows; row->type; row++) {
        int writers = 0;

        if (row->kind != MESSAGE_FACT || !machine_of(row->aggregate))
            continue;
        for (size_t m = 0; machines[m]; m++) {
            bool writes = false;

            for (const struct rule *rule = machines[m]->rules; rule_row_used(rule); rule++)
                writes |= strcmp(rule->fact, row->type) == 0;
            writers += writes;
        }
        ck_assert_msg(writers == 1, "%s has %d", row->type, writers);
    }
}
END_TEST

START_TEST(the_fold_of_a_decided_history_is_the_live_state)
{
    const char *const commands[] = {"parcel.register.v1", "parcel.cancel.v1"};
    union domain_state live = {0}, rebuilt = {0};
    struct domain_fact history[8];
    int count = 0;

    for (int i = 0; i < 2; i++) {
        struct domain_command command = command_of(commands[i], owner, "person", data_for(commands[i]));
        struct domain_decision decision;

        command.subject = command_of(commands[0], owner, "person", NULL).subject;
        domain_decide(&live, &command, &decision);
        ck_assert_int_eq(decision.refusal, REFUSAL_NONE);
        for (int f = 0; f < decision.fact_count; f++) {
            ck_assert_int_eq(domain_fold(&live, &decision.facts[f]), 0);
            history[count++] = decision.facts[f];
        }
    }
    for (int f = 0; f < count; f++) {
        ck_assert_int_eq(domain_fold(&rebuilt, &history[f]), 0);
        ck_assert_int_eq(domain_fold(&rebuilt, &history[f]), FOLD_OLD);
    }
    ck_assert_mem_eq(&live, &rebuilt, sizeof(live));
    ck_assert_int_eq(live.head.version, 2);
    ck_assert_int_eq(live.head.state, PARCEL_STATUS_CANCELLED);
}
END_TEST

START_TEST(a_fact_with_a_missing_one_before_it_is_a_gap)
{
    union domain_state state = state_in(&parcel_machine, PARCEL_STATUS_REGISTERED);
    struct domain_fact fact = {.row = message_of("parcel.cancelled.v1"), .version = 3};

    fact.data.parcel_cancelled.state = PARCEL_STATUS_CANCELLED;
    ck_assert_int_eq(domain_fold(&state, &fact), FOLD_GAP);
    fact.version = 2;
    fact.data.parcel_cancelled.state = PARCEL_STATUS_REGISTERED;
    ck_assert_int_eq(domain_fold(&state, &fact), FOLD_UNFIT);
    ck_assert_int_eq(state.head.version, 1);
}
END_TEST

static enum refusal verdict_on(const struct parcel_register_v1 *asked)
{
    union domain_state state = {0};
    struct domain_command command = command_of("parcel.register.v1", owner, "person", asked);
    struct domain_decision decision;

    domain_decide(&state, &command, &decision);
    return decision.refusal;
}

START_TEST(refuses_a_value_over_the_cap_of_its_currency_and_takes_the_cap_itself)
{
    struct parcel_register_v1 asked = parcel_asked();

    asked.value.amount = 50000;
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_NONE);
    asked.value.amount = 50001;
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_VALUE_OVER_CAP);
    strcpy(asked.value.currency, "EUR");
    asked.value.amount = 8000;
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_NONE);
    asked.value.amount = 8001;
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_VALUE_OVER_CAP);
    strcpy(asked.value.currency, "USD");
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_CURRENCY_UNSUPPORTED);
}
END_TEST

START_TEST(refuses_a_delivery_date_that_is_past_or_before_the_parcel_is_ready)
{
    struct parcel_register_v1 asked = parcel_asked();

    asked.has_deliver_by = true;
    asked.deliver_by = now;
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_BAD_DATES);
    asked.deliver_by = now + 1000;
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_NONE);
    asked.has_ready_from = true;
    asked.ready_from = now + 1000;
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_BAD_DATES);
    asked.ready_from = now + 999;
    ck_assert_int_eq(verdict_on(&asked), REFUSAL_NONE);
}
END_TEST

START_TEST(a_fact_is_never_earlier_than_the_one_before_it)
{
    union domain_state state = state_in(&parcel_machine, PARCEL_STATUS_REGISTERED);
    struct parcel_cancel_v1 cancel = {0};
    struct domain_command command = command_of("parcel.cancel.v1", owner, "person", &cancel);
    struct domain_decision decision;

    state.head.changed_at = now + 5000;
    domain_decide(&state, &command, &decision);
    ck_assert_int_eq(decision.facts[0].at_ms, now + 5000);
}
END_TEST

START_TEST(what_is_private_leaves_only_as_a_record_and_its_number)
{
    union domain_state state = state_in(&profile_machine, PROFILE_STATUS_KNOWN);
    struct profile_update_v1 profile = {0};
    struct domain_command command = command_of("profile.update.v1", owner, "person", &profile);
    struct domain_decision decision;

    state.profile.n = 4;
    domain_decide(&state, &command, &decision);
    ck_assert_str_eq(decision.private_name, "profile");
    ck_assert_int_eq(decision.private_n, 5);
    ck_assert_int_eq(decision.facts[0].data.profile_updated.n, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domain");
    TCase *verdicts = tcase_create("verdicts");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(verdicts, every_state_by_every_command_by_every_role_has_its_stated_verdict);
    tcase_add_test(verdicts, no_row_leads_out_of_a_terminal_state);
    tcase_add_test(verdicts, every_state_is_reached_by_some_row);
    tcase_add_test(verdicts, every_fact_of_a_machine_belongs_to_exactly_one);
    tcase_add_test(verdicts, the_fold_of_a_decided_history_is_the_live_state);
    tcase_add_test(verdicts, a_fact_with_a_missing_one_before_it_is_a_gap);
    tcase_add_test(verdicts, refuses_a_value_over_the_cap_of_its_currency_and_takes_the_cap_itself);
    tcase_add_test(verdicts, refuses_a_delivery_date_that_is_past_or_before_the_parcel_is_ready);
    tcase_add_test(verdicts, a_fact_is_never_earlier_than_the_one_before_it);
    tcase_add_test(verdicts, what_is_private_leaves_only_as_a_record_and_its_number);
    suite_add_tcase(suite, verdicts);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
