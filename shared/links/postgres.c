/* SPDX-License-Identifier: Apache-2.0
 * The PostgreSQL link: its settings, its connection's beginning and end, and the one table that says how a
 * failure is to be met. What is sent and awaited is in postgres_sync.c (readers) and postgres_ask.c
 * (servers). It never retries by itself and never logs a value. */
#include "shared/links/postgres_inside.h"

#include <stdio.h>
#include <string.h>

struct postgres_given postgres_given;

#define GIVEN(member) postgres_given.member, sizeof(postgres_given.member)
const struct setting postgres_settings[] = {
    {.name = "postgres_url",
     .kind = SETTING_TEXT,
     .max = sizeof(postgres_given.url) - 1,
     .min = 1,
     .secret = true,
     .help = "PostgreSQL, a session connection: postgresql://user:password@host:port "
             "(?sslmode=verify-full demanded beyond loopback)",
     .target = GIVEN(url)},
    {.name = "postgres_database",
     .kind = SETTING_TEXT,
     .fallback = "",
     .max = sizeof(postgres_given.database) - 1,
     .help = "its database; empty: the namespace",
     .target = GIVEN(database)},
    {.name = "postgres_statement_ms",
     .kind = SETTING_INTEGER,
     .fallback = "10000",
     .min = 100,
     .max = 600000,
     .help = "the server ends a statement that takes longer",
     .target = &postgres_given.statement_ms},
    {.name = "postgres_lock_ms",
     .kind = SETTING_INTEGER,
     .fallback = "3000",
     .min = 100,
     .max = 600000,
     .help = "the server ends a statement that waits longer for a lock",
     .target = &postgres_given.lock_ms},
    {0},
};

static const struct postgres_statement always[] = {
    {"begin", "begin"}, {"commit", "commit"}, {"rollback", "rollback"}, {0}};

/* By class or whole SQLSTATE, first match; what has no row is POSTGRES_REFUSED. */
struct outcome_row {
    const char *state;
    enum postgres_outcome outcome;
    bool leave;       /* this session is of no more use, another may be */
    const char *hint; /* NULL: none */
};

static const char unmade[] = ": is it migrated (infra/migrate)?";

static const struct outcome_row outcome_rows[] = {
    {"23505", POSTGRES_UNIQUE, false}, /* unique_violation */
    {"08", POSTGRES_RETRY, true},      /* connection */
    {"40", POSTGRES_RETRY, false},     /* deadlock, serialization */
    {"53", POSTGRES_RETRY, false},     /* out of disk, memory, connections */
    {"55P03", POSTGRES_RETRY, false},  /* lock timeout */
    {"57014", POSTGRES_RETRY, false},  /* statement timeout */
    {"57", POSTGRES_RETRY, true},      /* shut down, starting up, session idle for too long */
    {"58", POSTGRES_RETRY, false},     /* the server's own system failed it */
    {"25006", POSTGRES_RETRY, true},   /* read only: a standby, or a primary that no longer is one */
    {"25P03", POSTGRES_RETRY, true},   /* idle in transaction for too long: the session was ended */
    /* Not the database we are made for: being put back, or not migrated yet. Nobody's command is wrong. */
    {"3F000", POSTGRES_RETRY, true, unmade}, /* no such schema */
    {"42P01", POSTGRES_RETRY, true, unmade}, /* table */
    {"42703", POSTGRES_RETRY, true, unmade}, /* column */
    {"42704", POSTGRES_RETRY, true, unmade}, /* type */
    {"42883", POSTGRES_RETRY, true, unmade}, /* function */
    {"42501", POSTGRES_RETRY, true, unmade}, /* nothing granted; a backup has its grants at the end */
};

static const struct outcome_row *outcome_row(const char *state)
{
    for (size_t at = 0; at < sizeof(outcome_rows) / sizeof(outcome_rows[0]); at++) {
        if (strncmp(state, outcome_rows[at].state, strlen(outcome_rows[at].state)) == 0)
            return &outcome_rows[at];
    }
    return NULL;
}

void postgres_because(struct postgres *link, const char *text)
{
    snprintf(link->why, sizeof(link->why), "%.*s", (int)strcspn(text, "\n"), text);
}

static const char *field(const PGresult *result, int code)
{
    const char *text = PQresultErrorField(result, code);
    return text ? text : "";
}

/* Only the primary text: the detail quotes values. */
static void because_of(struct postgres *link, const PGresult *result, const char *hint)
{
    const char *constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
    snprintf(link->why, sizeof(link->why), "%s %s%s%s%s", field(result, PG_DIAG_SQLSTATE),
             field(result, PG_DIAG_MESSAGE_PRIMARY), constraint[0] ? " on " : "", constraint, hint);
}

int postgres_outcome_of(struct postgres *link, const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return POSTGRES_DONE;
    const char *state = field(result, PG_DIAG_SQLSTATE);
    if (!state[0]) { /* libpq's own: the connection is gone */
        postgres_because(link, PQresultErrorMessage(result));
        link->broken = true;
        return POSTGRES_RETRY;
    }
    const struct outcome_row *row = outcome_row(state);
    because_of(link, result, row && row->hint ? row->hint : "");
    if (row && row->leave)
        link->broken = true;
    return row ? (int)row->outcome : POSTGRES_REFUSED;
}

int postgres_new(const char *application, const char *name_space, struct postgres **ret_link)
{
    if (!postgres_given.url[0])
        return error_new(ERROR_SETTINGS, "postgres_url is empty");
    TRY(postgres_lookup_check());
    struct postgres *link = memory_new(1, sizeof(*link));
    const char *database = postgres_given.database[0] ? postgres_given.database : name_space;
    snprintf(link->application, sizeof(link->application), "%s", application);
    snprintf(link->database, sizeof(link->database), "%s", database);
    link->lists[link->list_count++] = always;
    link->epoll = link->watched = -1;
    *ret_link = link;
    return 0;
}

void postgres_statements(struct postgres *link, const struct postgres_statement *statements)
{
    if (link->list_count == POSTGRES_LISTS)
        abort(); /* a program's lists are fixed: seen at its first start */
    link->lists[link->list_count++] = statements;
}

void postgres_plan_once(struct postgres *link)
{
    link->plans_once = true;
}

void postgres_listen(struct postgres *link, const char *channel, postgres_told told, void *self)
{
    link->channel = channel;
    link->told = told;
    link->told_self = self;
}

const char *postgres_why(const struct postgres *link)
{
    return link->why[0] ? link->why : "no failure";
}

bool postgres_connected(const struct postgres *link)
{
    return link->state == POSTGRES_READY && !link->broken && PQstatus(link->connection) == CONNECTION_OK;
}

uint64_t postgres_session(const struct postgres *link)
{
    return link->session;
}

static void no_notice(void *self, const PGresult *result)
{
    (void)self;
    (void)result;
}

/* The list from one of its items on; those before it come last. */
static void put_turned(struct buf *to, const struct buf *list, unsigned first)
{
    const char *from = list->data;
    for (unsigned at = 0; at < first; at++)
        from = strchr(from, ',') + 1;
    buf_text(to, from);
    if (first == 0)
        return;
    buf_byte(to, ',');
    buf_append(to, list->data, (size_t)(from - list->data) - 1);
}

/* What stands before the url may be changed by it, what stands behind may not; what is empty says nothing. */
static PGconn *connection_start(const struct postgres *link, const struct postgres_places *places)
{
    CLEANUP(buf_done) struct buf hosts = {0}, addresses = {0}, ports = {0};
    unsigned first = link->tries % (unsigned)places->count;
    put_turned(&hosts, &places->hosts, first);
    put_turned(&addresses, &places->addresses, first);
    put_turned(&ports, &places->ports, first);
    const char *const keys[] = {"gssencmode",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count",
                                "tcp_user_timeout",
                                "dbname",
                                "dbname",
                                "application_name",
                                "client_encoding",
                                "host",
                                "hostaddr",
                                "port",
                                NULL};
    const char *const values[] = {"disable",
                                  "5",
                                  "2",
                                  "3",
                                  "10000",
                                  postgres_given.url,
                                  link->database,
                                  link->application,
                                  "UTF8",
                                  hosts.data,
                                  addresses.data,
                                  ports.data,
                                  NULL};
    PGconn *connection = PQconnectStartParams(keys, values, 1);
    if (!connection)
        abort(); /* out of memory */
    return connection;
}

int postgres_connect(struct postgres *link)
{
    const struct postgres_places *places = postgres_lookup_places(link->lookup);
    if (places->count > 0)
        link->connection = connection_start(link, places);
    else
        postgres_because(link, places->problem);
    postgres_lookup_free(take(link->lookup));
    if (!link->connection)
        return POSTGRES_RETRY;
    link->broken = false;
    link->session++;
    link->tries++;
    if (PQstatus(link->connection) == CONNECTION_BAD) {
        postgres_because(link, PQerrorMessage(link->connection));
        postgres_close(link);
        return POSTGRES_RETRY;
    }
    PQsetNoticeReceiver(link->connection, no_notice, NULL);
    PQsetnonblocking(link->connection, 1);
    link->polling = PGRES_POLLING_WRITING;
    link->state = POSTGRES_CONNECTING;
    return POSTGRES_DONE;
}

void postgres_close(struct postgres *link)
{
    PQfinish(link->connection);
    link->connection = NULL;
    link->state = POSTGRES_CLOSED;
    link->broken = false;
}

void postgres_hear(struct postgres *link)
{
    bool told = false;
    for (PGnotify *hint = PQnotifies(link->connection); hint; hint = PQnotifies(link->connection)) {
        told = true;
        PQfreemem(hint);
    }
    if (told && link->told)
        link->told(link->told_self);
}
