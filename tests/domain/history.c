/* SPDX-License-Identifier: Apache-2.0
 * Plays random histories and holds every law after every command. SEED=n begins elsewhere, HISTORIES=n plays
 * more or fewer, COVER=1 tells how often each row was accepted. What breaks a law is shrunk to few commands.
 */
#include "tests/domain/history.h"

#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schemas/codec.h"
#include "shared/base/cleanup.h"

static struct history history;
static int64_t first_seed = 1, histories = 100;

/* What waits */

static void pending_clear(struct history *h)
{
    h->pending_count = 0;
    h->seq = 0;
    for (int i = 0; i < PENDING; i++)
        h->spare[i] = i;
}

static void pending_add(struct history *h, const struct domain_follow *follow)
{
    struct pending *pending = &h->pending[h->pending_count];

    if (h->pending_count == PENDING) {
        broken(h, "too much waits");
        return;
    }
    *pending = (struct pending){.row = follow->row,
                                .subject = follow->subject,
                                .timer = follow->timer != NULL,
                                .due_ms = follow->due_ms,
                                .epoch = follow->epoch,
                                .seq = h->seq++,
                                .data = h->spare[h->pending_count]};
    memcpy(h->data[pending->data], follow->data.bytes, follow->row->schema->size);
    h->pending_count++;
}

static void pending_drop(struct history *h, int at)
{
    int data = h->pending[at].data;

    h->pending[at] = h->pending[--h->pending_count];
    h->spare[h->pending_count] = data;
}

/* Where the command that is asked waits; -1: nowhere. */
static int pending_of(const struct history *h)
{
    const struct asked *asked = &h->asked;

    for (int i = 0; i < h->pending_count; i++)
        if (h->pending[i].row == asked->command.row && h->pending[i].timer == asked->timer &&
            h->pending[i].epoch == asked->epoch &&
            memcmp(h->data[h->pending[i].data], asked->data.bytes, asked->command.row->schema->size) == 0 &&
            id_same(&h->pending[i].subject, &asked->command.subject))
            return i;
    return -1;
}

/* A step */

/* Whoever bears this name; a caller without a profile is nobody, and never will be anybody. */
static struct domain_head *named(struct history *h, const struct domain_name *name)
{
    static struct profile_state none;
    enum domain_slot slot;
    int n;

    if (town_find(&name->id, &slot, &n) && slot == name->machine->slot)
        return town_at(&h->live, slot, n);
    if (name->machine != &profile_machine)
        broken(h, "%s names what is not there: %s", h->asked.command.row->family, name->id.text);
    none = (struct profile_state){.id = name->id};
    return (void *)&none;
}

/* As the projector does: named, and named again while more is known. */
static void world_find(struct history *h)
{
    struct domain_name names[DOMAIN_NAMES];
    int count, known = -1;
    bool open = true;

    memset(&h->world, 0, sizeof(h->world));
    h->world.codes = &town_codes;
    while (open) {
        count = domain_names(&h->asked.command, &h->world, names, &open);
        for (int i = 0; i < count; i++)
            h->world.at[names[i].slot] = named(h, &names[i]);
        open = open && count != known && !h->broken[0];
        known = count;
    }
}

static void tell(const struct history *h)
{
    const struct domain_command *command = &h->asked.command;
    const struct domain_decision *decision = &h->decision;
    CLEANUP(buf_done) struct buf data = {0};

    codec_encode(command->row->schema, command->data, CODEC_ALL, &data);
    fprintf(stderr, "  %4d at %+.2f h: %s %.8s %s/...%s %s\n       %s %s:", h->step,
            (double)(command->now_ms - INT64_C(1800000000000)) / (double)HOURS, command->role,
            command->principal, command->row->family, command->subject.text + 24, data.data,
            decision->rule ? decision->rule : "-",
            decision->refusal ? refusal_text(decision->refusal) : "accepted");
    for (int i = 0; i < decision->fact_count; i++)
        fprintf(stderr, " %s/%s", decision->facts[i].row->family, decision->facts[i].subject.text + 32);
    for (int i = 0; i < decision->follow_count; i++)
        fprintf(stderr, " => %s/%s", decision->follows[i].row->family,
                decision->follows[i].subject.text + 32);
    fprintf(stderr, "\n");
}

static uint32_t caller_is(const struct history *h, const struct machine *machine)
{
    static const struct {
        const char *role;
        uint32_t who;
    } roles[] = {{"person", WHO_PERSON},
                 {"staff", WHO_PERSON | WHO_STAFF},
                 {"lead", WHO_PERSON | WHO_STAFF | WHO_LEAD},
                 {"recipient", WHO_RECIPIENT},
                 {"system", WHO_SYSTEM},
                 {"payments", WHO_PAYMENTS},
                 {"webhook", WHO_WEBHOOK}};
    uint32_t who = h->from == FROM_NOTHING ? 0 : machine->who(&h->world, h->asked.command.principal);

    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
        if (strcmp(roles[i].role, h->asked.command.role) == 0)
            who |= roles[i].who;
    return who;
}

static void decide(struct history *h)
{
    const struct machine *machine = machine_of(h->asked.command.row->aggregate);
    const struct domain_head *subject;

    world_find(h);
    if (h->broken[0])
        return;
    subject = h->world.at[machine->slot];
    if (!subject) {
        broken(h, "%s is about nothing", h->asked.command.row->family);
        return;
    }
    h->from = subject->version > 0 ? FROM(subject->state) : FROM_NOTHING;
    h->terminal = h->from & machine->terminal;
    h->who = caller_is(h, machine);
    if (domain_decide(&h->world, &h->asked.command, &h->decision) != 0) {
        broken(h, "%s: %s", h->asked.command.row->family, error_text());
        return;
    }
    if (h->asked.waited && !h->asked.again)
        pending_drop(h, pending_of(h));
    for (int i = 0; i < h->decision.follow_count; i++)
        pending_add(h, &h->decision.follows[i]);
    laws_of_decision(h);
    laws_fold(h);
    laws_of_touched(h);
}

/* What was asked in the newest history, and what of it is left out, to find what matters. */
static struct asked taken[STEPS];
static bool left_out[STEPS];

static void begin(struct history *h, uint64_t seed)
{
    h->seed = seed;
    h->now = INT64_C(1800000000000);
    h->charges = 0;
    h->broken[0] = '\0';
    memset(h->sums, 0, sizeof(h->sums));
    pending_clear(h);
    town_set(&h->live, seed);
    h->folded = h->live;
}

static void step(struct history *h)
{
    h->asked.command.principal = h->asked.principal;
    h->asked.command.data = h->asked.data.bytes;
    decide(h);
    if (!h->broken[0] && (h->step + 1) % 250 == 0)
        laws_of_town(h);
}

static void asked_copy(struct asked *to, const struct asked *from)
{
    memcpy(to, from, offsetof(struct asked, data) + from->command.row->schema->size);
}

/* The step that broke a law; -1: none did. */
static int play(struct history *h, uint64_t seed)
{
    begin(h, seed);
    for (h->step = 0; h->step < STEPS; h->step++) {
        history_draw(h);
        asked_copy(&taken[h->step], &h->asked);
        step(h);
        if (h->broken[0])
            return h->step;
    }
    return -1;
}

/* The same again, without what is left out, and without what would not have been sent. Is a law broken? */
static bool play_rest(struct history *h, bool aloud)
{
    begin(h, h->seed);
    for (h->step = 0; h->step < STEPS && !h->broken[0]; h->step++) {
        if (left_out[h->step])
            continue;
        asked_copy(&h->asked, &taken[h->step]);
        if (h->asked.waited && pending_of(h) < 0)
            continue;
        step(h);
        if (aloud)
            tell(h);
    }
    return h->broken[0] != '\0';
}

/* Leaves out ever smaller runs of steps, as long as some law still breaks; single ones until none can go. */
static void shrink(int last)
{
    bool before[STEPS], less = true;

    for (int i = 0; i < STEPS; i++)
        left_out[i] = i > last;
    for (int size = last / 2 + 1; size > 1 || less; size = size > 1 ? size / 2 : 1) {
        less = false;
        for (int from = 0; from <= last; from += size) {
            memcpy(before, left_out, sizeof(before));
            for (int i = from; i < from + size && i <= last; i++)
                left_out[i] = true;
            if (memcmp(before, left_out, sizeof(before)) == 0)
                continue;
            if (play_rest(&history, false))
                less = true;
            else
                memcpy(left_out, before, sizeof(before));
        }
    }
}

START_TEST(random_histories_obey_every_law_after_every_command)
{
    for (int64_t seed = first_seed; seed < first_seed + histories; seed++) {
        int last = play(&history, (uint64_t)seed);

        if (last < 0)
            continue;
        shrink(last);
        fprintf(stderr, "SEED=%lld HISTORIES=1, what is left of it:\n", (long long)seed);
        (void)play_rest(&history, true);
        ck_abort_msg("history %lld: %s", (long long)seed, history.broken);
    }
    if (getenv("COVER"))
        for (int m = 0; machines[m]; m++)
            for (int n = 0; rule_row_used(&machines[m]->rules[n]); n++)
                printf("# %-4s %-32s %lld\n", machines[m]->rules[n].number, machines[m]->rules[n].command,
                       (long long)covered.rows[m][n]);
    printf("# %lld commands, %lld accepted, %lld facts\n", (long long)covered.commands,
           (long long)covered.accepted, (long long)covered.facts);
}
END_TEST

/* What needs more chance than there is: said here, shown elsewhere. */
static bool expected_unmet(const char *const *unmet, const char *name)
{
    for (; *unmet; unmet++)
        if (strcmp(*unmet, name) == 0)
            return true;
    return false;
}

enum { ENOUGH = 2000 }; /* fewer histories do not meet everything */

START_TEST(every_row_of_every_machine_was_accepted_in_some_history)
{
    static const char *const unmet[] = {NULL};
    int missing = 0;

    for (int m = 0; machines[m] && histories >= ENOUGH; m++)
        for (int n = 0; rule_row_used(&machines[m]->rules[n]); n++)
            if (covered.rows[m][n] == 0 && !expected_unmet(unmet, machines[m]->rules[n].number)) {
                fprintf(stderr, "never: %s %s\n", machines[m]->rules[n].number,
                        machines[m]->rules[n].command);
                missing++;
            }
    ck_assert_int_eq(missing, 0);
}
END_TEST

START_TEST(every_reason_to_refuse_was_given_in_some_history)
{
    /* An operator's, not the domain's; forty bookings on one trip (tests/domain/bookings.c); and an order
     * tried five times by the timer alone, or thirty by staff (payments_orders.c). */
    static const char *const unmet[] = {"discarded", "trip_full", "try_limit", NULL};
    int missing = 0;

    for (int i = 1; i < REFUSAL_COUNT && histories >= ENOUGH; i++)
        if (covered.reasons[i] == 0 && !expected_unmet(unmet, refusal_text((enum refusal)i))) {
            fprintf(stderr, "never: %s\n", refusal_text((enum refusal)i));
            missing++;
        }
    ck_assert_int_eq(missing, 0);
}
END_TEST

static int64_t number(const char *text, int64_t otherwise)
{
    return text ? strtoll(text, NULL, 10) : otherwise;
}

/* history [FIRST_SEED [HISTORIES]] */
int main(int argc, char **argv)
{
    Suite *suite = suite_create("histories");
    TCase *laws = tcase_create("laws");
    SRunner *runner = srunner_create(suite);
    int failed;

    first_seed = number(getenv("SEED"), argc > 1 ? number(argv[1], 1) : first_seed);
    histories = number(getenv("HISTORIES"), argc > 2 ? number(argv[2], 1) : histories);
    town_found();
    tcase_add_test(laws, random_histories_obey_every_law_after_every_command);
    tcase_add_test(laws, every_row_of_every_machine_was_accepted_in_some_history);
    tcase_add_test(laws, every_reason_to_refuse_was_given_in_some_history);
    suite_add_tcase(suite, laws);
    srunner_set_fork_status(runner, CK_NOFORK); /* the later tests read what the first counted */
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
