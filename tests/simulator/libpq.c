/* SPDX-License-Identifier: Apache-2.0
 * libpq as the link uses it, over sessions of the virtual database: the program is linked with these
 * functions in the library's place, so that the real link (shared/links/postgres*.c) runs above them. Where
 * the library would wait for the server the process gives way. */
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/simulator/process.h"
#include "tests/simulator/session.h"

enum { PATIENCE_MS = 15000, HEAD = 20, HEAD_COUNT = 12 };

struct pg_conn {
    struct session *session;              /* NULL: never connected */
    bool sent[SQL_PLANS];                 /* which statements it was asked to prepare */
    int unanswered;                       /* of what was sent, a Sync too */
    enum session_transaction transaction; /* as the newest Sync told that was read */
    bool bad;
};

struct pg_result {
    ExecStatusType status;
    const struct answer *answer;
    char changed[16];
};

int libpq_descriptor = -1;   /* always readable and writable: who polls never waits */
int64_t libpq_away_until_ms; /* the server is away until then */

static PGconn *conn_new(void)
{
    PGconn *conn = schedule_take(sizeof(*conn));

    if (!process_dead() && (schedule.calm || schedule.now_ms >= libpq_away_until_ms) && !schedule_fault(400))
        conn->session = session_new(process_now()->number);
    conn->bad = !conn->session;
    return conn;
}

PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values, int expand_dbname)
{
    (void)keywords;
    (void)values;
    (void)expand_dbname;
    process_wait(0, NULL, NULL);
    return conn_new();
}

static bool lost(const PGconn *conn)
{
    return conn->bad || process_dead() || (conn->session->over && !conn->session->first_answer);
}

PostgresPollingStatusType PQconnectPoll(PGconn *conn)
{
    return conn->bad ? PGRES_POLLING_FAILED : PGRES_POLLING_OK;
}

ConnStatusType PQstatus(const PGconn *conn)
{
    return !conn || conn->bad ? CONNECTION_BAD : CONNECTION_OK;
}

int PQsocket(const PGconn *conn)
{
    (void)conn;
    if (libpq_descriptor < 0)
        libpq_descriptor = eventfd(1, EFD_CLOEXEC);
    return libpq_descriptor;
}

char *PQerrorMessage(const PGconn *conn)
{
    (void)conn;
    return (char *)(uintptr_t) "server closed the connection unexpectedly";
}

void PQfinish(PGconn *conn)
{
    if (conn && conn->session && conn->session->client)
        session_leave(conn->session);
}

int PQsetnonblocking(PGconn *conn, int arg)
{
    (void)conn;
    (void)arg;
    return 0;
}

int PQflush(PGconn *conn)
{
    (void)conn;
    return 0;
}

/* Only asked for where a result did not come: then the connection is gone. */
int PQconsumeInput(PGconn *conn)
{
    conn->bad = true;
    return 0;
}

static bool answered(const void *self)
{
    const struct session *session = self;

    return session->syncs > 0 || session->over;
}

/* Waits for the whole segment: what a client sees of one is looked at after its Sync only. */
int PQisBusy(PGconn *conn)
{
    if (!lost(conn) && !conn->session->syncs && !conn->session->first_answer)
        process_wait(PATIENCE_MS, answered, conn->session);
    return lost(conn) || !conn->session->first_answer;
}

static PGresult *result_of(struct answer *answer)
{
    static const ExecStatusType states[] = {[ANSWER_ROWS] = PGRES_TUPLES_OK,
                                            [ANSWER_DONE] = PGRES_COMMAND_OK,
                                            [ANSWER_ERROR] = PGRES_FATAL_ERROR,
                                            [ANSWER_SKIPPED] = PGRES_PIPELINE_ABORTED,
                                            [ANSWER_SYNC] = PGRES_PIPELINE_SYNC};
    PGresult *result = schedule_take(sizeof(*result));

    result->status = states[answer->kind];
    result->answer = answer;
    return result;
}

PGresult *PQgetResult(PGconn *conn)
{
    struct answer *answer = lost(conn) ? NULL : session_take(conn->session);

    if (!answer)
        return NULL;
    conn->unanswered--;
    if (answer->kind == ANSWER_SYNC)
        conn->transaction = answer->transaction;
    return result_of(answer);
}

int PQenterPipelineMode(PGconn *conn)
{
    return !conn->bad;
}

/* What is written to a connection that is gone is written; only who reads is told. */
static int say(PGconn *conn, const struct sent *sent)
{
    if (!lost(conn))
        session_send(conn->session, sent);
    conn->unanswered++;
    return !conn->bad;
}

int PQpipelineSync(PGconn *conn)
{
    return say(conn, &(struct sent){0});
}

/* What the library's two ways to send have in common. */
#define VALUES                                                                                               \
    const char *const *paramValues, const int *paramLengths, const int *paramFormats, int resultFormat

/* The session's own settings, and LISTEN: answered, of no effect here. */
/* NOLINTNEXTLINE(readability-function-size): the library's own */
int PQsendQueryParams(PGconn *conn, const char *command, int nParams, const Oid *paramTypes, VALUES)
{
    static const struct plan nothing = {.name = "set", .number = -2, .verb = SQL_NOTHING};

    (void)command;
    (void)nParams;
    (void)paramTypes;
    (void)paramValues;
    (void)paramLengths;
    (void)paramFormats;
    (void)resultFormat;
    return say(conn, &(struct sent){.plan = &nothing});
}

int PQsendPrepare(PGconn *conn, const char *stmtName, const char *query, int nParams, const Oid *paramTypes)
{
    const struct plan *plan = sql_plan(stmtName, query);

    (void)nParams;
    (void)paramTypes;
    conn->sent[plan->number] = true;
    return say(conn, &(struct sent){.plan = plan, .prepares = true});
}

static uint32_t get_u32(const char *data)
{
    uint32_t wire;

    memcpy(&wire, data, sizeof(wire));
    return be32toh(wire);
}

static void take_array(struct parameter *parameter, const char *data, size_t size)
{
    const char *copy = cell_copy(data, size).data, *at = copy + HEAD;

    parameter->count = (int)get_u32(copy + HEAD_COUNT);
    parameter->cells = memory_take(&schedule.memory, ((size_t)parameter->count + 1) * sizeof(struct cell));
    for (int i = 0; i < parameter->count; i++) {
        parameter->cells[i].size = (int32_t)get_u32(at);
        parameter->cells[i].data = at + 4;
        at += 4 + (parameter->cells[i].size > 0 ? parameter->cells[i].size : 0);
    }
}

static void take_scalar(struct parameter *parameter, const char *data, size_t size)
{
    parameter->count = 1;
    parameter->cells = memory_take(&schedule.memory, sizeof(struct cell));
    parameter->cells[0] = data ? cell_copy(data, size) : (struct cell){NULL, -1};
}

/* NOLINTNEXTLINE(readability-function-size): the library's own */
int PQsendQueryPrepared(PGconn *conn, const char *stmtName, int nParams, VALUES)
{
    static const struct plan unknown = {.name = "unknown", .number = -1};
    struct sent sent = {.plan = sql_prepared(stmtName, conn->sent)};

    (void)paramFormats;
    (void)resultFormat;
    if (conn->bad)
        return 0;
    if (!sent.plan)
        sent.plan = &unknown;
    sent.parameters = memory_take(&schedule.memory, ((size_t)nParams + 1) * sizeof(*sent.parameters));
    for (int i = 0; i < nParams; i++) {
        if (sent.plan->arrays[i])
            take_array(&sent.parameters[i], paramValues[i], (size_t)paramLengths[i]);
        else
            take_scalar(&sent.parameters[i], paramValues[i], (size_t)paramLengths[i]);
    }
    return say(conn, &sent);
}

/* What the server said last, not what it is at by now. */
PGTransactionStatusType PQtransactionStatus(const PGconn *conn)
{
    static const PGTransactionStatusType states[] = {[TX_NONE] = PQTRANS_IDLE,
                                                     [TX_IMPLICIT] = PQTRANS_ACTIVE,
                                                     [TX_OPEN] = PQTRANS_INTRANS,
                                                     [TX_FAILED] = PQTRANS_INERROR};

    if (lost(conn))
        return PQTRANS_UNKNOWN;
    return conn->unanswered ? PQTRANS_ACTIVE : states[conn->transaction];
}

PQnoticeReceiver PQsetNoticeReceiver(PGconn *conn, PQnoticeReceiver proc, void *arg)
{
    (void)conn;
    (void)proc;
    (void)arg;
    return NULL;
}

PGnotify *PQnotifies(PGconn *conn)
{
    (void)conn;
    return NULL;
}

void PQfreemem(void *ptr)
{
    (void)ptr;
}

void PQclear(PGresult *result)
{
    (void)result; /* the schedule's */
}

ExecStatusType PQresultStatus(const PGresult *result)
{
    return result->status;
}

char *PQresultErrorMessage(const PGresult *result)
{
    return (char *)(uintptr_t)(result->answer->why ? result->answer->why : "");
}

char *PQresultErrorField(const PGresult *result, int field)
{
    const char *text = field == PG_DIAG_SQLSTATE          ? result->answer->state
                       : field == PG_DIAG_MESSAGE_PRIMARY ? result->answer->why
                                                          : NULL;

    return (char *)(uintptr_t)text;
}

char *PQcmdStatus(PGresult *result)
{
    return (char *)(uintptr_t)(result->answer->tag ? result->answer->tag : "");
}

char *PQcmdTuples(PGresult *result)
{
    (void)snprintf(result->changed, sizeof(result->changed), "%d", result->answer->changed);
    return result->changed;
}

int PQntuples(const PGresult *result)
{
    return result->answer->rows;
}

static struct cell cell_at(const PGresult *result, int row, int column)
{
    return result->answer->cells[row * result->answer->plan->output_count + column];
}

int PQgetisnull(const PGresult *result, int row, int column)
{
    return cell_at(result, row, column).size < 0;
}

char *PQgetvalue(const PGresult *result, int row, int column)
{
    struct cell cell = cell_at(result, row, column);

    return (char *)(uintptr_t)(cell.size < 0 ? "" : cell.data);
}

int PQgetlength(const PGresult *result, int row, int column)
{
    struct cell cell = cell_at(result, row, column);

    return cell.size < 0 ? 0 : cell.size;
}

/* Numbers of pg_type.dat; of those, the link looks at jsonb's and timestamptz' only. */
Oid PQftype(const PGresult *result, int column)
{
    static const Oid oids[] = {[POSTGRES_TEXT] = 25,   [POSTGRES_UUID] = 2950, [POSTGRES_INT2] = 21,
                               [POSTGRES_INT4] = 23,   [POSTGRES_INT8] = 20,   [POSTGRES_BOOL] = 16,
                               [POSTGRES_TIME] = 1184, [POSTGRES_BYTEA] = 17,  [POSTGRES_JSONB] = 3802};
    const struct operand *output = &result->answer->plan->outputs[column];

    return output->kind == OPERAND_COLUMN ? oids[result->answer->plan->table->types[output->at]] : 25;
}
