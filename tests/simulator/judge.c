/* SPDX-License-Identifier: Apache-2.0
 * The laws of every commit, judged while it is still only written: each record is passed once and has one
 * fate, each command one verdict, each key its order. And those of the whole, once all has come to rest. */
#include <string.h>

#include "tests/simulator/story.h"

enum { R_TOPIC = 1, R_PARTITION, R_NEXT };
enum { P_PARTITION, P_OFFSET, P_ID, P_AT, P_KEY, P_HEADERS, P_VALUE, P_REASON, P_KIND };
enum { V_ID, V_REASON = 8 };
enum { O_MESSAGES = 1 };
enum { L_JOURNAL, L_CURRENCY = 5, L_AMOUNT };
enum { VERDICTS = 1024 };

static struct command *verdicts[VERDICTS];
static int verdict_count;
static int64_t positions[PARTITIONS];
enum { T_POSITION, T_VERDICT, T_PARKED, T_PAGE, T_COMMAND, T_LEDGER, TABLES };
static struct table *tables[TABLES];

void judge_restart(void)
{
    static const char *const names[TABLES] = {
        [T_POSITION] = "bus.position", [T_VERDICT] = "bus.verdict",        [T_PARKED] = "bus.parked",
        [T_PAGE] = "bus.outbox_page",  [T_COMMAND] = "bus.outbox_command", [T_LEDGER] = "bus.ledger",
    };

    for (int i = 0; i < TABLES; i++)
        tables[i] = table_named(names[i]);
    verdict_count = 0;
    for (int i = 0; i < PARTITIONS; i++)
        positions[i] = -1;
}

int64_t judge_position(int partition)
{
    return positions[partition];
}

struct command *judge_numbered(int number)
{
    return verdicts[number - 1];
}

int judge_count(void)
{
    return verdict_count;
}

static bool adds(const struct row *row, int table)
{
    return row->table == tables[table] && row->written && !row->deleted && !row->stored;
}

static bool removes(const struct row *row, int table)
{
    return row->table == tables[table] && row->deleted && row->stored;
}

static void take_verdict(struct row *row, int first, const int *saw)
{
    struct command *command = story_command(cell_span(row->written[V_ID]));

    if (!command || command->row) {
        law_broken("once", "a verdict of %s", command ? "what has one" : "what nobody asked");
        return;
    }
    if (verdict_count == VERDICTS)
        abort();
    command->row = row;
    command->discarded = cell_is(row->written[V_REASON], "discarded");
    verdicts[verdict_count++] = command;
    command->number = verdict_count;
    command->first = first;
    command->saw = saw;
}

/* Is an older one of its key parked, and stays so? */
static const struct row *parked_before(const struct record *entry)
{
    for (int i = 0; i < tables[T_PARKED]->row_count; i++) {
        const struct row *row = tables[T_PARKED]->rows[i];
        const struct cell *cells = row->deleted ? NULL : row->stored ? row->stored : row->written;

        if (cells && cell_is(cells[P_KIND], "parked") && cell_is(cells[P_KEY], entry->event.key) &&
            cell_integer(cells[P_PARTITION]) == entry->event.partition &&
            cell_integer(cells[P_OFFSET]) < entry->event.offset)
            return row;
    }
    return NULL;
}

static struct row *parked_at(const struct session *session, const struct record *entry)
{
    const struct cell key[2] = {cell_of_integer(POSTGRES_INT4, entry->event.partition),
                                cell_of_integer(POSTGRES_INT8, entry->event.offset)};
    struct row *row = table_find(tables[T_PARKED], key);

    return row && row->holder == session && adds(row, T_PARKED) ? row : NULL;
}

/* Is another record of this command parked? Then it waits there, and a copy of it is nothing new. */
static bool parked_already(const struct command *command)
{
    for (int i = 0; i < tables[T_PARKED]->row_count; i++) {
        const struct row *row = tables[T_PARKED]->rows[i];
        const struct cell *cells = row->deleted ? NULL : row->stored ? row->stored : row->written;

        if (cells && cells[P_ID].size == 16 && story_command(cell_span(cells[P_ID])) == command)
            return true;
    }
    return false;
}

static void decided(struct record *entry, int *newest)
{
    entry->fate = FATE_VERDICT;
    entry->command->decided = entry;
    if (entry->command->number < *newest)
        law_broken("order", "partition %d: offset %lld was decided before an earlier one",
                   entry->event.partition, (long long)entry->event.offset);
    *newest = entry->command->number;
    if (parked_before(entry))
        law_broken("order", "partition %d offset %lld was decided while an older one of its key is parked",
                   entry->event.partition, (long long)entry->event.offset);
}

/* One record that a position passes. */
static void take_entry(const struct session *session, struct record *entry, int *newest)
{
    const struct command *command = entry->command;
    const struct row *parked;

    if (!command)
        return;
    parked = parked_at(session, entry);
    if (entry->fate != FATE_NONE)
        law_broken("once", "partition %d offset %lld was passed twice", entry->event.partition,
                   (long long)entry->event.offset);
    else if (parked)
        entry->fate = cell_is(parked->written[P_KIND], "dead") ? FATE_DEAD : FATE_PARKED;
    else if (command->row && !command->row->stored && !command->decided)
        decided(entry, newest);
    else if (command->row || parked_already(command))
        entry->fate = FATE_SEEN;
    else
        law_broken("lost", "partition %d offset %lld was passed, and nothing is there of %s",
                   entry->event.partition, (long long)entry->event.offset, command->event.id.text);
    if (entry->fate == FATE_DEAD && !command->broken)
        law_broken("lost", "%s can be read, and was put aside as dead", command->event.id.text);
    met.seen += entry->fate == FATE_SEEN;
    met.parked += entry->fate >= FATE_DEAD;
}

static void take_position(const struct session *session, const struct row *row)
{
    int64_t from = row->stored ? cell_integer(row->stored[R_NEXT]) : -1;
    int64_t next = row->written ? cell_integer(row->written[R_NEXT]) : from;
    int partition = (int)cell_integer((row->written ? row->written : row->stored)[R_PARTITION]);
    int newest = 0;

    if (!row->written)
        return;
    if (row->stored ? next < from : next != -1)
        law_broken("position", "partition %d went from %lld to %lld", partition, (long long)from,
                   (long long)next);
    if (next > broker_end(partition))
        law_broken("position", "partition %d went to %lld, its log ends at %lld", partition, (long long)next,
                   (long long)broker_end(partition));
    for (int64_t at = from < 0 ? 0 : from; at < next && broker_entry(partition, at); at++)
        take_entry(session, broker_entry(partition, at), &newest);
    positions[partition] = next;
}

static struct record *entry_of(const struct cell *parked)
{
    return broker_entry((int)cell_integer(parked[P_PARTITION]), cell_integer(parked[P_OFFSET]));
}

/* A parked one that is done with: it has its verdict, and was the oldest of its key. */
static void take_drained(const struct row *row)
{
    struct record *entry = entry_of(row->stored);
    struct command *command = entry->command;

    met.drained++;
    if (!command->row)
        law_broken("lost", "parked %s is gone, and there is no verdict", command->event.id.text);
    else if (!command->row->stored && !command->decided)
        command->decided = entry;
    if (entry->fate == FATE_PARKED && parked_before(entry))
        law_broken("order", "parked %s was decided before an older one of its key", command->event.id.text);
}

static void take_added(struct row *row)
{
    const struct command *command;

    if (adds(row, T_PAGE))
        relay_take_page(cell_span(row->written[O_MESSAGES]));
    if (adds(row, T_COMMAND))
        relay_take_command(row);
    if (adds(row, T_VERDICT)) {
        command = story_command(cell_span(row->written[V_ID]));
        if (command && !command->decided)
            law_broken("lost", "a verdict of %s, and its record was not passed", command->event.id.text);
    }
    if (adds(row, T_PARKED) && entry_of(row->written)->fate < FATE_DEAD)
        law_broken("lost", "offset %lld was parked, and not passed",
                   (long long)cell_integer(row->written[P_OFFSET]));
}

void judge_commit(const struct session *session)
{
    int *saw = schedule_take(sizeof(session->saw)), first = verdict_count + 1;

    memcpy(saw, session->saw, sizeof(session->saw));
    for (int i = 0; i < session->touched_count; i++)
        if (adds(session->touched[i], T_VERDICT))
            take_verdict(session->touched[i], first, saw);
    for (int i = 0; i < session->touched_count; i++)
        if (session->touched[i]->table == tables[T_POSITION])
            take_position(session, session->touched[i]);
    for (int i = 0; i < session->touched_count; i++)
        if (removes(session->touched[i], T_PARKED))
            take_drained(session->touched[i]);
    for (int i = 0; i < session->touched_count; i++)
        take_added(session->touched[i]);
}

bool judge_all_taken(void)
{
    for (int partition = 0; partition < broker_partitions; partition++)
        if (positions[partition] < broker_end(partition))
            return false;
    for (int i = 0; i < tables[T_PARKED]->row_count; i++)
        if (tables[T_PARKED]->rows[i]->stored)
            return false;
    return true;
}

static void judge_records(void)
{
    for (int partition = 0; partition < broker_partitions; partition++)
        for (int64_t at = 0; at < broker_end(partition); at++) {
            const struct record *entry = broker_entry(partition, at);

            if (entry->command && (entry->fate == FATE_NONE || !entry->command->row))
                law_broken("lost", "partition %d offset %lld has no fate", partition, (long long)at);
        }
}

/* Each journal sums to zero, so do all of them in each currency. */
static void judge_ledger(void)
{
    const struct table *ledger = tables[T_LEDGER];

    for (int i = 0; i < ledger->row_count; i++) {
        const struct cell *cells = ledger->rows[i]->stored;
        int64_t sum = 0;

        for (int at = 0; cells && at < ledger->row_count; at++) {
            const struct cell *other = ledger->rows[at]->stored;

            if (other && cell_same(cells[L_JOURNAL], other[L_JOURNAL]) &&
                cell_same(cells[L_CURRENCY], other[L_CURRENCY]))
                sum += cell_integer(other[L_AMOUNT]);
        }
        if (sum != 0)
            law_broken("ledger", "a journal sums to %lld", (long long)sum);
    }
}

static void count_verdicts(void)
{
    enum { V_ACCEPTED = 6 };

    for (int i = 0; i < verdict_count; i++)
        *(cell_integer(verdicts[i]->row->stored[V_ACCEPTED]) ? &met.accepted : &met.refused) += 1;
    met.commands += verdict_count;
}

void judge_end(void)
{
    judge_records();
    judge_ledger();
    if (!schedule.law[0])
        fold_judge();
    if (!schedule.law[0])
        replay_judge();
    if (!schedule.law[0])
        count_verdicts();
}
