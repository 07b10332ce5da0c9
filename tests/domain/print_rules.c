/* SPDX-License-Identifier: Apache-2.0
 * A chapter a machine: its states as a diagram, from the folds, and its rows as a table. */
#include "tests/domain/print.h"

#include <string.h>

#include "shared/domain/parcel.h"

/* What is written as one, where all of it is meant. */
static const struct group {
    const struct machine *machine;
    const char *name;
    uint32_t bits;
} groups[] = {{&parcel_machine, "moving", PARCEL_MOVING}};

static const struct group *group_of(const struct machine *machine)
{
    return groups[0].machine == machine ? &groups[0] : NULL;
}

void print_words(const char *name, struct buf *to)
{
    for (; *name; name++)
        buf_byte(to, *name == '_' ? ' ' : *name);
}

static uint32_t all_of(const struct choice *choices)
{
    uint32_t all = 0;

    for (int i = 0; choices[i].text; i++)
        all |= 1u << (i + 1);
    return all;
}

void print_choices(const struct choice *choices, uint32_t bits, const char *all, struct buf *to)
{
    bool first = true;

    if (all && (bits & all_of(choices)) == all_of(choices)) {
        buf_text(to, all);
        return;
    }
    for (int i = 0; choices[i].text; i++) {
        if (!(bits & (1u << (i + 1))))
            continue;
        buf_text(to, first ? "" : ", ");
        print_words(choices[i].text, to);
        first = false;
    }
}

/* The diagram */

struct edge {
    const char *from, *to;
};

static const char *state_name(const struct machine *machine, int32_t state)
{
    return machine->states[state - 1].text;
}

/* "parcel.unbooked" is "unbooked" here. */
static const char *verb_of(const struct schema *fact)
{
    return strchr(fact->name, '.') + 1;
}

static void print_verb(const struct schema *fact, struct buf *to)
{
    const char *verb = verb_of(fact);

    buf_append(to, verb, strcspn(verb, "."));
}

/* An arrow from a group goes out of it; within it each state has its own. */
static bool leads(const struct machine *machine, const struct fold *fold, uint32_t from, int32_t to)
{
    const struct group *group = group_of(machine);
    bool out = group && (fold->from & group->bits) == group->bits && !(group->bits & TO(to));

    if (!(fold->to & TO(to)))
        return false;
    if (group && from == group->bits)
        return out;
    if (group && (from & group->bits) && out)
        return false; /* said of the group */
    return (fold->from & from) && from != FROM(to);
}

/* One arrow for all facts that lead the same way. */
static void print_edge(const struct machine *machine, const struct edge *edge, uint32_t from,
                       int32_t to_state, struct buf *to)
{
    bool first = true;

    for (const struct fold *fold = machine->folds; fold->fact; fold++) {
        if (!leads(machine, fold, from, to_state))
            continue;
        if (first)
            buf_format(to, "    %s --> %s: ", edge->from, edge->to);
        buf_text(to, first ? "" : ", ");
        print_verb(fold->fact, to);
        first = false;
    }
    if (!first)
        buf_text(to, "\n");
}

static void print_group(const struct machine *machine, struct buf *to)
{
    const struct group *group = group_of(machine);

    if (!group)
        return;
    buf_format(to, "    state %s {\n", group->name);
    for (int32_t state = 1; machine->states[state - 1].text; state++)
        if (group->bits & FROM(state))
            buf_format(to, "        %s\n", state_name(machine, state));
    buf_text(to, "    }\n");
}

static void print_edges_to(const struct machine *machine, int32_t state, struct buf *to)
{
    const struct group *group = group_of(machine);
    struct edge edge = {"[*]", state_name(machine, state)};

    print_edge(machine, &edge, FROM_NOTHING, state, to);
    for (int32_t from = 1; machine->states[from - 1].text; from++) {
        edge.from = state_name(machine, from);
        print_edge(machine, &edge, FROM(from), state, to);
    }
    if (group) {
        edge.from = group->name;
        print_edge(machine, &edge, group->bits, state, to);
    }
}

static void print_diagram(const struct machine *machine, struct buf *to)
{
    buf_text(to, "```mermaid\nstateDiagram-v2\n");
    print_group(machine, to);
    for (int32_t state = 1; machine->states[state - 1].text; state++)
        print_edges_to(machine, state, to);
    for (int32_t state = 1; machine->states[state - 1].text; state++)
        if (machine->terminal & FROM(state))
            buf_format(to, "    %s --> [*]\n", state_name(machine, state));
    buf_text(to, "```\n\n");
}

/* The rows */

static void print_from(const struct machine *machine, uint32_t from, struct buf *to)
{
    const struct group *group = group_of(machine);
    uint32_t rest = from & ~(uint32_t)FROM_NOTHING;
    bool grouped = group && (from & group->bits) == group->bits;

    if (from & FROM_NOTHING)
        buf_text(to, rest ? "-, " : "-");
    if (grouped) {
        rest &= ~group->bits;
        buf_format(to, "%s%s", group->name, rest ? ", " : "");
    }
    print_choices(machine->states, rest, NULL, to);
}

static void print_who(uint32_t who, struct buf *to)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } words[] = {{WHO_PERSON, "anybody"},      {WHO_OWNER, "its owner"},     {WHO_SENDER, "sender"},
                 {WHO_TRAVELLER, "traveller"}, {WHO_RECIPIENT, "recipient"}, {WHO_STAFF, "staff"},
                 {WHO_LEAD, "lead"},           {WHO_SYSTEM, "system"},       {WHO_PAYMENTS, "payments"},
                 {WHO_WEBHOOK, "webhook"}};
    bool first = true;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (who & words[i].bit) {
            buf_format(to, "%s%s", first ? "" : ", ", words[i].name);
            first = false;
        }
}

/* Some guards are named for their machine as well: its chapter says so already. */
static const char *without_kind(const struct machine *machine, const char *name)
{
    size_t size = strlen(machine->kind);

    return machine == &parcel_machine && strncmp(name, machine->kind, size) == 0 && name[size] == '_'
               ? name + size + 1
               : name;
}

static void print_guards(const struct machine *machine, const struct rule *rule, struct buf *to)
{
    if (rule->when.applies) {
        buf_text(to, "*");
        print_words(without_kind(machine, rule->when.name), to);
        buf_format(to, "*%s", rule->guards[0].refuses ? "; " : "");
    }
    for (int i = 0; i < RULE_GUARDS && rule->guards[i].refuses; i++) {
        buf_text(to, i > 0 ? "; " : "");
        print_words(without_kind(machine, rule->guards[i].name), to);
    }
}

/* Sure ones plainly, those that depend in brackets, commands that follow after an arrow. */
static void print_facts(const struct rule *rule, struct buf *to)
{
    for (int i = 0; i < RULE_FACTS && rule->facts[i]; i++) {
        const char *told = rule->facts[i];
        bool maybe = *told == '?';

        buf_text(to, i > 0 ? "<br>" : "");
        if (strncmp(told, "=> ", 3) == 0)
            buf_format(to, "⇒ `%s`", told + 3);
        else
            buf_format(to, "%s`%s`%s", maybe ? "[" : "", told + maybe, maybe ? "]" : "");
    }
}

static void print_rule(const struct machine *machine, const struct rule *rule, struct buf *to)
{
    buf_format(to, "| %s | `%s` | ", rule->number, rule->command);
    print_from(machine, rule->from, to);
    buf_text(to, " | ");
    print_who(rule->who, to);
    buf_text(to, " | ");
    print_guards(machine, rule, to);
    buf_text(to, " | ");
    print_facts(rule, to);
    buf_text(to, " | ");
    if (rule->to == SAME)
        buf_text(to, "same");
    else
        print_words(state_name(machine, rule->to), to);
    buf_text(to, " |\n");
}

void print_machine(const struct machine *machine, struct buf *to)
{
    buf_text(to, "## ");
    buf_byte(to, (char)(machine->kind[0] - 'a' + 'A'));
    buf_format(to, "%s\n\n", machine->kind + 1);
    print_diagram(machine, to);
    buf_text(to, "| # | command | from | who | *when*; provided that | facts | becomes |\n"
                 "|---|---|---|---|---|---|---|\n");
    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++)
        print_rule(machine, rule, to);
    buf_text(to, "\n");
}
