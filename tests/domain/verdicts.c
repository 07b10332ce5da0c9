/* SPDX-License-Identifier: Apache-2.0
 * Writes the verdicts: a block a state, a line a command, a column a role. */
#include "tests/domain/verdicts.h"
#include "tests/domain/row_tells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROLES = 9, LINES = 48, CELL = 40, NOTES = 600, DATA_BYTES = 16384 };

struct line {
    char command[64], cells[ROLES][CELL], notes[NOTES];
};

static struct role {
    const char *name, *principal, *role;
} roles[ROLES] = {
    {"sender", "11111111-1111-4111-8111-111111111111", "person"},
    {"traveller", "22222222-2222-4222-8222-222222222222", "person"},
    {"recipient", NULL, "recipient"}, /* named by the booking */
    {"staff", "44444444-4444-4444-8444-444444444444", "staff"},
    {"lead", "55555555-5555-4555-8555-555555555555", "lead"},
    {"system", "", "system"},
    {"payments", "", "payments"},
    {"webhook", "", "webhook"},
    {"stranger", "33333333-3333-4333-8333-333333333333", "person"},
};
/* Rows may share a number and a command: one of this state and role tells all that was emitted. */
static void check_row(const struct machine *machine, int32_t state, const struct role *role,
                      const struct domain_command *command, const struct domain_decision *decision)
{
    uint32_t system = strcmp(role->role, "system") == 0 ? WHO_SYSTEM : 0;
    uint32_t staff =
        strcmp(role->role, "staff") == 0 || strcmp(role->role, "lead") == 0 ? WHO_STAFF | WHO_LEAD : 0;
    uint32_t who = system  ? system
                   : staff ? staff | WHO_PERSON
                           : ~(uint32_t)(WHO_SYSTEM | WHO_STAFF | WHO_LEAD);

    for (const struct rule *rule = machine->rules; rule_row_used(rule); rule++)
        if (strcmp(rule->number, decision->rule) == 0 && strcmp(rule->command, command->row->family) == 0 &&
            (rule->from & (state ? FROM(state) : FROM_NOTHING)) && (rule->who & who) &&
            row_tells(rule, decision))
            return;
    fprintf(stderr, "row %s %s emits what it does not tell\n", decision->rule, command->row->family);
    abort();
}

static void add(char *to, size_t size, const char *before, const char *word)
{
    size_t used = strlen(to);

    (void)snprintf(to + used, size - used, "%s%s", before, word);
}

/* "T5: trip.departed => booking.start", once for all who are told the same. Timers: with their names. */
static void add_notes(struct line *line, const struct domain_decision *decision)
{
    char note[NOTES] = "";

    add(note, sizeof(note), decision->rule, ":");
    for (int i = 0; i < decision->fact_count; i++)
        add(note, sizeof(note), " ", decision->facts[i].row->family);
    for (int i = 0; i < decision->follow_count; i++)
        if (!decision->follows[i].timer)
            add(note, sizeof(note), " => ", decision->follows[i].row->family);
    for (int i = 0; i < decision->follow_count; i++)
        if (decision->follows[i].timer)
            add(note, sizeof(note), " @", decision->follows[i].timer);
    if (!strstr(line->notes, note))
        add(line->notes, sizeof(line->notes), line->notes[0] ? "; " : "", note);
}

static void write_cell(const struct machine *machine, int32_t state, const struct verdict_saying *saying,
                       int role, struct line *line)
{
    static struct verdict_world world;
    static struct domain_decision decision;
    static union {
        int64_t align;
        unsigned char bytes[DATA_BYTES];
    } data;
    struct domain_world states = verdict_world_of(&world);
    struct domain_command command = {.role = roles[role].role, .now_ms = NOW, .data = data.bytes};
    struct id recipient;
    char type[64];

    (void)snprintf(type, sizeof(type), "%s.v1", saying->command);
    command.row = message_of(type);
    memset(data.bytes, 0, sizeof(data.bytes));
    verdict_world_set(&world, machine, state);
    if (saying->says)
        saying->says(&world, strcmp(roles[role].role, "system") == 0, data.bytes);
    id_of_recipient(&world.booking.id, world.parcel.recipient_n, &recipient);
    command.principal = roles[role].principal ? roles[role].principal : recipient.text;
    command.subject = states.at[machine->slot]->id;
    if (domain_decide(&states, &command, &decision) != 0) {
        fprintf(stderr, "%s\n", error_text());
        abort();
    }
    if (decision.refusal != REFUSAL_NONE) {
        (void)snprintf(line->cells[role], CELL, "%s%s%s", refusal_text(decision.refusal),
                       decision.rule ? "/" : "", decision.rule ? decision.rule : "");
        if (decision.fact_count == 0)
            return;
    } else {
        check_row(machine, state, &roles[role], &command, &decision);
        (void)snprintf(line->cells[role], CELL, "%s", decision.rule);
    }
    add_notes(line, &decision);
}

static void write_block(struct buf *to, const char *title, const struct line *lines, int count)
{
    int widths[ROLES], first = (int)strlen(title);

    for (int i = 0; i < count; i++)
        first = (int)strlen(lines[i].command) > first ? (int)strlen(lines[i].command) : first;
    for (int r = 0; r < ROLES; r++) {
        widths[r] = (int)strlen(roles[r].name);
        for (int i = 0; i < count; i++)
            widths[r] =
                (int)strlen(lines[i].cells[r]) > widths[r] ? (int)strlen(lines[i].cells[r]) : widths[r];
    }
    buf_format(to, "\n%-*s", first, title);
    for (int r = 0; r < ROLES; r++)
        buf_format(to, "  %-*s", r == ROLES - 1 ? 0 : widths[r], roles[r].name);
    buf_text(to, "\n");
    for (int i = 0; i < count; i++) {
        bool told = lines[i].notes[0] != '\0';

        buf_format(to, "%-*s", first, lines[i].command);
        for (int r = 0; r < ROLES; r++)
            buf_format(to, "  %-*s", r == ROLES - 1 && !told ? 0 : widths[r], lines[i].cells[r]);
        buf_format(to, "%s%s\n", told ? "  " : "", lines[i].notes);
    }
}

static void write_state(struct buf *to, const struct machine *machine, int32_t state)
{
    static struct line lines[LINES];
    char title[64];
    int count = 0;

    for (int n = 0; verdict_saying(n); n++) {
        const struct verdict_saying *saying = verdict_saying(n);
        struct line *line = &lines[count];

        if (strncmp(saying->command, machine->kind, strlen(machine->kind)) != 0 ||
            saying->command[strlen(machine->kind)] != '.')
            continue;
        *line = (struct line){0};
        (void)snprintf(line->command, sizeof(line->command), "%s%s%s%s", strchr(saying->command, '.') + 1,
                       saying->how ? " (" : "", saying->how ? saying->how : "", saying->how ? ")" : "");
        for (int role = 0; role < ROLES; role++)
            write_cell(machine, state, saying, role, line);
        count++;
    }
    (void)snprintf(title, sizeof(title), "%s %s", machine->kind,
                   state ? machine->states[state - 1].text : "-");
    write_block(to, title, lines, count);
}

void verdicts_write(struct buf *to)
{
    buf_text(
        to,
        "# Every state by every command by every role; \"-\": it does not exist. A row's number: accepted "
        "by\n"
        "# it, and its facts behind; else the reason, and the row whose guard gave it. =>: commands that\n"
        "# follow, @: timers armed. Written by VERDICTS_WRITE=1 infra/test domain: read the difference.\n");
    for (int m = 0; machines[m]; m++)
        for (int32_t state = 0; state == 0 || machines[m]->states[state - 1].text; state++)
            write_state(to, machines[m], state);
}
