/* SPDX-License-Identifier: Apache-2.0
 * Executes a plan. A statement that meets a row another session holds stops where it is, and goes on from
 * there once that session has ended: which rows it is about was settled when it began, what they hold is
 * looked at again (as PostgreSQL does at READ COMMITTED). */
#include "tests/simulator/session.h"

#include <string.h>

#include "tests/simulator/story.h"

void session_touch(struct session *session, struct row *row)
{
    row->holder = session;
    if (session->touched_count == session->touched_capacity) {
        session->touched_capacity = session->touched_capacity ? 2 * session->touched_capacity : 64;
        session->touched =
            memory_grow(session->touched, (size_t)session->touched_capacity, sizeof(struct row *));
    }
    session->touched[session->touched_count++] = row;
}

bool session_hold(struct session *session, struct row *row)
{
    if (row->holder == session)
        return true;
    if (row->holder) {
        session->waits = row;
        return false;
    }
    session_touch(session, row);
    return true;
}

enum ran session_fails(struct session *session, const char *state, const char *why)
{
    session->answer->kind = ANSWER_ERROR;
    session->answer->state = state;
    session->answer->why = why;
    return RAN_FAILED;
}

/* One execution of a plan for one row of its source. */
struct turn {
    struct session *session;
    const struct plan *plan;
    const struct sent *sent;
    int tuple; /* place in the source */
};

static const struct cell null_cell = {NULL, -1};

static struct cell value_of(const struct turn *turn, const struct operand *operand, const struct cell *row)
{
    const struct parameter *parameters = turn->sent->parameters;

    switch (operand->kind) {
    case OPERAND_LITERAL:
        return operand->literal;
    case OPERAND_COLUMN:
        return row ? row[operand->at] : null_cell;
    case OPERAND_SOURCE:
        return parameters[turn->plan->source[operand->at]].cells[turn->tuple];
    case OPERAND_PARAMETER:
        return parameters[operand->at].cells[0];
    case OPERAND_XACT:
        return cell_of_integer(POSTGRES_INT8, turn->session->xact);
    default:
        return null_cell;
    }
}

static bool among(const struct parameter *array, struct cell cell)
{
    for (int i = 0; i < array->count; i++)
        if (cell_same(array->cells[i], cell))
            return true;
    return false;
}

static bool holds(const struct turn *turn, const struct condition *condition, const struct cell *row)
{
    struct cell cell = row[condition->column];

    switch (condition->kind) {
    case CONDITION_NULL:
        return cell.size < 0;
    case CONDITION_NOT_NULL:
        return cell.size >= 0;
    case CONDITION_ANY:
        return among(&turn->sent->parameters[condition->with.at], cell);
    default:
        return cell_same(value_of(turn, &condition->with, row), cell);
    }
}

static bool matches(const struct turn *turn, const struct cell *row)
{
    for (int i = 0; row && i < turn->plan->where_count; i++)
        if (!holds(turn, &turn->plan->where[i], row))
            return false;
    return row != NULL;
}

static uint64_t marks;

static void list(const struct turn *turn, struct row *row, uint64_t mark)
{
    struct session *session = turn->session;

    if (!row || row->mark == mark || !matches(turn, row_cells(row, session)))
        return;
    row->mark = mark;
    if (session->listed_count == session->listed_capacity) {
        session->listed_capacity = session->listed_capacity ? 2 * session->listed_capacity : 64;
        session->listed =
            memory_grow(session->listed, (size_t)session->listed_capacity, sizeof(struct row *));
        session->listed_for = memory_grow(session->listed_for, (size_t)session->listed_capacity, sizeof(int));
    }
    session->listed_for[session->listed_count] = turn->tuple;
    session->listed[session->listed_count++] = row;
}

/* The condition that names rows by their whole key; NULL: all rows are looked through. */
static const struct condition *by_key(const struct plan *plan)
{
    for (int i = 0; i < plan->where_count && plan->table->key_count == 1; i++)
        if (plan->where[i].column == plan->table->key[0] && plan->where[i].kind <= CONDITION_ANY)
            return &plan->where[i];
    return NULL;
}

/* mark: one for all rows that are listed once. */
static void list_all(const struct turn *turn, uint64_t mark)
{
    const struct condition *key = by_key(turn->plan);
    struct table *table = turn->plan->table;
    struct cell cells[TABLE_COLUMNS];

    if (!key) {
        for (int i = 0; i < table->row_count; i++)
            list(turn, table->rows[i], mark);
        return;
    }
    if (key->kind == CONDITION_IS) {
        cells[table->key[0]] = value_of(turn, &key->with, NULL);
        list(turn, table_find(table, cells), mark);
        return;
    }
    for (int i = 0; i < turn->sent->parameters[key->with.at].count; i++) {
        cells[table->key[0]] = turn->sent->parameters[key->with.at].cells[i];
        if (cells[table->key[0]].size >= 0)
            list(turn, table_find(table, cells), mark);
    }
}

/* Uuids, texts and numbers that are not negative: their bytes are in order. */
static int cell_order(struct cell a, struct cell b)
{
    int32_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? memcmp(a.data, b.data, (size_t)size) : 0;

    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static bool behind(const struct turn *turn, const struct row *a, const struct row *b)
{
    const struct cell *one = row_cells(a, turn->session), *other = row_cells(b, turn->session);

    for (int i = 0; i < turn->plan->order_count; i++) {
        int order = cell_order(one[turn->plan->order[i]], other[turn->plan->order[i]]);

        if (order)
            return order > 0;
    }
    return false;
}

static void sort(const struct turn *turn)
{
    struct row **rows = turn->session->listed;

    for (int i = 1; i < turn->session->listed_count && turn->plan->order_count; i++)
        for (int at = i; at > 0 && behind(turn, rows[at - 1], rows[at]); at--) {
            struct row *row = rows[at];

            rows[at] = rows[at - 1];
            rows[at - 1] = row;
        }
}

static bool all_held(const struct session *session)
{
    for (int i = 0; i < session->listed_count; i++)
        if (session->listed[i]->holder != session)
            return false;
    return true;
}

/* In which order a statement that says none comes by its rows is the planner's. */
static void shuffle(struct session *session)
{
    for (int i = all_held(session) ? 0 : session->listed_count; i > 1; i--) {
        int other = (int)chance_below(&schedule.order, (uint32_t)i), tuple = session->listed_for[i - 1];
        struct row *row = session->listed[i - 1];

        session->listed[i - 1] = session->listed[other];
        session->listed_for[i - 1] = session->listed_for[other];
        session->listed[other] = row;
        session->listed_for[other] = tuple;
    }
}

static bool told_already(const struct answer *answer, const struct cell *cells, int columns)
{
    for (int row = 0; row < answer->rows; row++) {
        int at = 0;

        while (at < columns && cell_same(answer->cells[row * columns + at], cells[at]))
            at++;
        if (at == columns)
            return true;
    }
    return false;
}

static void emit(const struct turn *turn, const struct cell *row)
{
    struct answer *answer = turn->session->answer;
    int columns = turn->plan->output_count;
    struct cell *cells;

    if (answer->rows == answer->row_capacity) {
        int capacity = answer->row_capacity ? 2 * answer->row_capacity : 4;

        cells = memory_take(&schedule.memory, (size_t)(capacity * columns) * sizeof(*cells));
        if (answer->rows)
            memcpy(cells, answer->cells, (size_t)(answer->rows * columns) * sizeof(*cells));
        answer->cells = cells;
        answer->row_capacity = capacity;
    }
    cells = &answer->cells[answer->rows * columns];
    for (int i = 0; i < columns; i++)
        cells[i] = value_of(turn, &turn->plan->outputs[i], row);
    answer->rows += !turn->plan->distinct || !told_already(answer, cells, columns);
}

static enum ran run_select(const struct turn *turn)
{
    struct session *session = turn->session;

    if (!session->begun) {
        if (turn->plan->locks && turn->plan->table->machine >= 0)
            session->saw[turn->plan->table->machine] = judge_count();
        list_all(turn, ++marks);
        sort(turn);
        if (turn->plan->locks && !turn->plan->order_count)
            shuffle(session);
    }
    session->begun = true;
    for (; turn->plan->locks && session->at < session->listed_count; session->at++)
        if (!session_hold(session, session->listed[session->at]))
            return RAN_WAITS;
    for (int i = 0; i < session->listed_count; i++) {
        const struct cell *row = row_cells(session->listed[i], session);

        if (matches(turn, row) && !(turn->plan->one && session->answer->rows))
            emit(turn, row);
    }
    return RAN;
}

/* What stands in the way of a new row. */
static enum ran make_way(const struct turn *turn, const struct cell *cells, bool *ret_ignored)
{
    struct row *row = table_find(turn->plan->table, cells);
    bool others = row && row->holder && row->holder != turn->session && (row->written || row->deleted);

    *ret_ignored = false;
    if (others) {
        turn->session->waits = row;
        return RAN_WAITS;
    }
    if (!row || !row_cells(row, turn->session))
        return RAN;
    *ret_ignored = turn->plan->ignores;
    return turn->plan->ignores ? RAN : session_fails(turn->session, "23505", "duplicate key");
}

static struct cell *new_cells(const struct turn *turn)
{
    struct table *table = turn->plan->table;
    struct cell *cells = memory_take(&schedule.memory, (size_t)table->column_count * sizeof(*cells));

    for (int i = 0; i < table->column_count; i++)
        cells[i] = null_cell;
    for (int i = 0; i < turn->plan->set_count; i++)
        cells[turn->plan->set[i].column] = value_of(turn, &turn->plan->set[i].value, NULL);
    if (table->xmin >= 0)
        cells[table->xmin] = cell_of_integer(POSTGRES_INT4, turn->session->xact);
    if (table->identity >= 0)
        cells[table->identity] = cell_of_integer(POSTGRES_INT8, ++table->numbered);
    return cells;
}

static enum ran insert_one(const struct turn *turn)
{
    struct table *table = turn->plan->table;
    struct cell *cells = new_cells(turn);
    struct row *row;
    bool ignored;
    enum ran way = make_way(turn, cells, &ignored);

    if (way != RAN || ignored)
        return way;
    if (strcmp(table->name, "bus.verdict") == 0 && verdict_cursed(cells[0]))
        return session_fails(turn->session, "23514", "new row violates a check");
    row = table_find(table, cells);
    if (!row)
        row = table_add(table, cells);
    if (row->holder != turn->session)
        session_touch(turn->session, row);
    row->written = cells;
    row->deleted = false;
    turn->session->answer->changed++;
    return RAN;
}

static enum ran run_insert(struct turn *turn)
{
    struct session *session = turn->session;
    int count = turn->plan->source_count ? turn->sent->parameters[turn->plan->source[0]].count : 1;

    for (; session->at < count; session->at++) {
        enum ran ran;

        turn->tuple = session->at;
        ran = insert_one(turn);
        if (ran != RAN)
            return ran;
    }
    return RAN;
}

static void write_row(const struct turn *turn, struct row *row, const struct cell *now)
{
    size_t size = (size_t)row->table->column_count * sizeof(*now);
    struct cell *cells = memory_take(&schedule.memory, size);

    memcpy(cells, now, size);
    for (int i = 0; i < turn->plan->set_count; i++)
        cells[turn->plan->set[i].column] = value_of(turn, &turn->plan->set[i].value, now);
    if (row->table->xmin >= 0)
        cells[row->table->xmin] = cell_of_integer(POSTGRES_INT4, turn->session->xact);
    row->written = cells;
    turn->session->answer->changed++;
}

/* Its rows, as they are when it begins; each is looked at again once it is held. */
static enum ran run_update(struct turn *turn)
{
    struct session *session = turn->session;
    int count = turn->plan->source_count ? turn->sent->parameters[turn->plan->source[0]].count : 1;

    if (!session->begun) {
        uint64_t mark = ++marks;

        for (turn->tuple = 0; turn->tuple < count; turn->tuple++)
            list_all(turn, mark);
        shuffle(session);
    }
    session->begun = true;
    for (; session->at < session->listed_count; session->at++) {
        struct row *row = session->listed[session->at];
        const struct cell *now;

        if (!session_hold(session, row))
            return RAN_WAITS;
        turn->tuple = session->listed_for[session->at];
        now = row_cells(row, session);
        if (matches(turn, now))
            write_row(turn, row, now);
    }
    return RAN;
}

enum { P_PARTITION, P_OFFSET, P_KEY = 4, P_KIND = 8, P_ACTION };

/* The oldest other one parked under this key. */
static struct row *next_parked(const struct session *session, const struct row *gone, const struct cell *was)
{
    struct row *found = NULL;

    for (int i = 0; i < gone->table->row_count; i++) {
        struct row *row = gone->table->rows[i];
        const struct cell *cells = row_cells(row, session);
        const struct cell *best = found ? row_cells(found, session) : NULL;
        bool ours =
            cells && row != gone && cell_same(cells[P_KEY], was[P_KEY]) && cell_is(cells[P_KIND], "parked");
        int order = ours && best ? cell_order(cells[P_PARTITION], best[P_PARTITION]) : -1;

        if (ours && best && order == 0)
            order = cell_order(cells[P_OFFSET], best[P_OFFSET]);
        if (ours && order < 0)
            found = row;
    }
    return found;
}

static enum ran mark_next(const struct turn *turn, struct row *gone, const struct cell *was)
{
    struct session *session = turn->session;
    struct row *next = cell_is(was[P_KIND], "parked") ? next_parked(session, gone, was) : NULL;
    const struct cell *now = next ? row_cells(next, session) : NULL;
    struct cell *cells;
    size_t size;

    if (!next || now[P_ACTION].size >= 0)
        return RAN;
    if (!session_hold(session, next))
        return RAN_WAITS;
    now = row_cells(next, session);
    size = (size_t)next->table->column_count * sizeof(*cells);
    cells = memory_take(&schedule.memory, size);
    memcpy(cells, now, size);
    cells[P_ACTION] = cell_copy("release", 7);
    next->written = cells;
    session->answer->changed++;
    return RAN;
}

/* parked_remove, whose text sql.c compares. */
static enum ran run_unpark(const struct turn *turn)
{
    struct cell key[2] = {turn->sent->parameters[0].cells[0], turn->sent->parameters[1].cells[0]};
    struct session *session = turn->session;
    struct row *row = table_find(turn->plan->table, key);
    enum ran ran;

    if (!row || (!row->stored && row->holder != session))
        return RAN;
    if (!session_hold(session, row))
        return RAN_WAITS;
    if (!row_cells(row, session))
        return RAN;
    ran = mark_next(turn, row, row_cells(row, session));
    if (ran == RAN)
        row->deleted = true;
    return ran;
}

enum ran plan_run(struct session *session, const struct sent *sent)
{
    struct turn turn = {.session = session, .plan = sent->plan, .sent = sent};

    session->answer->kind = ANSWER_DONE;
    switch (sent->plan->verb) {
    case SQL_SELECT:
        session->answer->kind = ANSWER_ROWS;
        return run_select(&turn);
    case SQL_INSERT:
        return run_insert(&turn);
    case SQL_UPDATE:
        return run_update(&turn);
    case SQL_UNPARK:
        return run_unpark(&turn);
    default:
        return RAN;
    }
}
