/* SPDX-License-Identifier: Apache-2.0
 * What a server does with a connection: one statement after another, a transaction from its begin to its end,
 * nothing after a failure up to the next Sync. Here is also what goes wrong with connections. */
#include "tests/simulator/session.h"

#include <string.h>

enum { LOCK_MS = 3000, IDLE_MS = 10000, LINGER_MS = 9000 };
enum { CUT_BEFORE = 900, CUT_AFTER = 60, ERROR_EVERY = 300 };

static struct session sessions[SESSIONS];
static int session_number;
static int64_t xacts;

struct session *session_at(int number)
{
    return &sessions[number];
}

int session_count(void)
{
    return session_number;
}

static void forget(struct session *session)
{
    free(session->touched);
    free(session->listed);
    free(session->listed_for);
    memset(session, 0, sizeof(*session));
}

void sessions_restart(void)
{
    for (int i = 0; i < session_number; i++)
        forget(&sessions[i]);
    session_number = 0;
    xacts = 0;
}

struct session *session_new(int owner)
{
    struct session *session;

    if (session_number == SESSIONS)
        return NULL;
    session = &sessions[session_number];
    session->number = session_number++;
    session->owner = owner;
    session->client = true;
    session->linger_ms = -1;
    return session;
}

void session_send(struct session *session, const struct sent *sent)
{
    struct sent *copy = memory_take(&schedule.memory, sizeof(*copy));

    *copy = *sent;
    copy->next = NULL;
    if (session->last_sent)
        session->last_sent->next = copy;
    else
        session->first_sent = copy;
    session->last_sent = copy;
}

struct answer *session_take(struct session *session)
{
    struct answer *answer = session->first_answer;

    if (!answer)
        return NULL;
    session->first_answer = answer->next;
    if (!session->first_answer)
        session->last_answer = NULL;
    session->syncs -= answer->kind == ANSWER_SYNC;
    return answer;
}

static void answer_push(struct session *session)
{
    struct answer *answer = session->answer;

    session->answer = NULL;
    if (session->last_answer)
        session->last_answer->next = answer;
    else
        session->first_answer = answer;
    session->last_answer = answer;
    session->syncs += answer->kind == ANSWER_SYNC;
}

/* What is written becomes what is stored, or is forgotten; nothing stays locked. */
static void finish(struct session *session, bool commit)
{
    bool began = session->transaction != TX_NONE;

    if (commit && session->touched_count)
        judge_commit(session);
    for (int i = 0; i < session->touched_count; i++) {
        struct row *row = session->touched[i];

        if (commit && row->deleted)
            row->stored = NULL;
        else if (commit && row->written)
            row->stored = row->written;
        row->written = NULL;
        row->deleted = false;
        row->holder = NULL;
    }
    if (began && session->touched_count)
        *(commit ? &met.commits : &met.rollbacks) += 1;
    session->touched_count = 0;
    session->transaction = TX_NONE;
}

void session_end(struct session *session)
{
    if (session->over)
        return;
    finish(session, false);
    session->over = true;
    session->waits = NULL;
    session->first_sent = session->last_sent = NULL;
}

void database_fails(void)
{
    for (int i = 0; i < session_number; i++)
        session_end(&sessions[i]);
}

/* Some way of what was sent got through; how long it takes the server to see that nobody is there differs. */
void session_leave(struct session *session)
{
    int count = 0, kept;
    struct sent *sent;

    session->client = false;
    if (session->over)
        return;
    for (sent = session->first_sent; sent; sent = sent->next)
        count++;
    kept =
        chance_one_in(&schedule.fault, 2) ? count : (int)chance_below(&schedule.fault, (uint32_t)count + 1);
    if (kept == 0)
        session->first_sent = session->last_sent = NULL;
    for (sent = session->first_sent; sent && --kept > 0; sent = sent->next)
        ;
    if (sent) {
        sent->next = NULL;
        session->last_sent = sent;
    }
    session->linger_ms = schedule.now_ms;
    if (!schedule.calm && chance_one_in(&schedule.fault, 4))
        session->linger_ms += chance_below(&schedule.fault, LINGER_MS);
}

static bool idle_too_long(const struct session *session)
{
    return session->transaction >= TX_OPEN && !session->first_sent &&
           schedule.now_ms >= session->idle_since_ms + IDLE_MS;
}

bool session_ready(const struct session *session)
{
    if (session->over)
        return false;
    if (!session->first_sent)
        return session->client ? idle_too_long(session) : schedule.now_ms >= session->linger_ms;
    return !session->waits || !session->waits->holder || session->waits->holder == session ||
           schedule.now_ms >= session->wait_until_ms;
}

int64_t session_due_ms(const struct session *session)
{
    if (session->over)
        return INT64_MAX;
    if (session->first_sent)
        return session->waits ? session->wait_until_ms : schedule.now_ms;
    if (!session->client)
        return session->linger_ms;
    return session->transaction >= TX_OPEN ? session->idle_since_ms + IDLE_MS : INT64_MAX;
}

/* Who waits for whom, round to ourselves. */
static bool deadlocked(const struct session *session)
{
    const struct session *at = session;

    for (int i = 0; i < SESSIONS && at && at->waits; i++) {
        at = at->waits->holder;
        if (at == session)
            return true;
    }
    return false;
}

static void next_sent(struct session *session)
{
    session->first_sent = session->first_sent->next;
    if (!session->first_sent)
        session->last_sent = NULL;
    session->begun = false;
    session->listed_count = session->at = 0;
    session->waits = NULL;
    session->idle_since_ms = schedule.now_ms;
}

static void fails(struct session *session)
{
    bool open = session->transaction >= TX_OPEN;

    session->skipping = true;
    session->waits = NULL;
    finish(session, false);
    session->transaction = open ? TX_FAILED : TX_NONE;
}

static void end_transaction(struct session *session, bool commit)
{
    commit = commit && session->transaction != TX_FAILED;
    session->answer->kind = ANSWER_DONE;
    session->answer->tag = commit ? "COMMIT" : "ROLLBACK";
    finish(session, commit);
}

/* Waiting is over, one way or the other. */
static enum ran unblock(struct session *session)
{
    if (session->waits && session->waits->holder && session->waits->holder != session) {
        met.lock_timeouts++;
        return session_fails(session, "55P03", "canceling statement due to lock timeout");
    }
    session->waits = NULL;
    return RAN;
}

/* No room, a serialization failure, and one that says nothing of another try. */
static const char *const errors[] = {"53300", "40001", "XX000"};

static enum ran execute(struct session *session, const struct sent *sent)
{
    enum ran ran = unblock(session);

    if (ran == RAN && !session->begun && !session->at && sent->plan->verb > SQL_ROLLBACK &&
        schedule_fault(ERROR_EVERY))
        ran = session_fails(session, errors[chance_below(&schedule.fault, 3)], "by chance");
    if (ran == RAN)
        ran = plan_run(session, sent);
    if (ran == RAN_WAITS && deadlocked(session)) {
        met.deadlocks++;
        ran = session_fails(session, "40P01", "deadlock detected");
    }
    return ran;
}

/* A name that the server has, or has not. It has it although the transaction fails later. */
static enum ran prepare(struct session *session, const struct plan *plan)
{
    session->answer->kind = ANSWER_DONE;
    if (session->prepared[plan->number])
        return session_fails(session, "42P05", "prepared statement already exists");
    session->prepared[plan->number] = true;
    return RAN;
}

static bool known(const struct session *session, const struct plan *plan)
{
    return plan->number == -2 || (plan->number >= 0 && session->prepared[plan->number]);
}

static enum ran run(struct session *session, const struct sent *sent)
{
    if (sent->prepares)
        return prepare(session, sent->plan);
    if (!known(session, sent->plan))
        return session_fails(session, "26000", "prepared statement does not exist");
    return execute(session, sent);
}

static void statement(struct session *session, const struct sent *sent)
{
    enum sql_verb verb = sent->prepares || !known(session, sent->plan) ? SQL_NOTHING : sent->plan->verb;
    enum ran ran;

    if (verb == SQL_BEGIN && session->transaction >= TX_OPEN)
        law_broken("open", "projector %d begins a transaction, and has one", session->owner);
    if (session->transaction == TX_NONE) {
        session->transaction = verb == SQL_BEGIN ? TX_OPEN : TX_IMPLICIT;
        session->xact = ++xacts;
    }
    if (verb == SQL_BEGIN)
        session->transaction = TX_OPEN;
    session->answer->plan = sent->plan;
    if (verb == SQL_COMMIT || verb == SQL_ROLLBACK) {
        end_transaction(session, verb == SQL_COMMIT);
        return;
    }
    ran = session->transaction == TX_FAILED
              ? session_fails(session, "25P02", "current transaction is aborted")
              : run(session, sent);
    if (ran == RAN_WAITS && session->wait_until_ms < 0) {
        session->wait_until_ms = schedule.now_ms + LOCK_MS;
        met.waits++;
    }
    if (ran == RAN_FAILED)
        fails(session);
}

static void tell_of(const struct session *session, const struct sent *sent, const struct answer *answer)
{
    static const char *const words[] = {"rows", "done", "error", "skipped", "sync"};

    if (!schedule.told || sent->prepares)
        return;
    if (session->waits)
        tell("server %d (projector %d): %s waits for server %d", session->number, session->owner,
             sent->plan->name, session->waits->holder ? session->waits->holder->number : -1);
    else
        tell("server %d (projector %d): %s: %s %s%s", session->number, session->owner,
             sent->plan ? sent->plan->name : "sync", words[answer->kind], answer->tag ? answer->tag : "",
             answer->state ? answer->state : "");
}

static void sync_point(struct session *session)
{
    if (session->transaction == TX_IMPLICIT)
        finish(session, true);
    session->skipping = false;
    session->answer->kind = ANSWER_SYNC;
    session->answer->transaction = session->transaction;
}

static void one(struct session *session)
{
    const struct sent *sent = session->first_sent;

    if (!session->answer)
        session->answer = schedule_take(sizeof(*session->answer));
    if (!session->begun && !session->at && !session->waits)
        session->wait_until_ms = -1;
    if (!sent->plan)
        sync_point(session);
    else if (session->skipping)
        session->answer->kind = ANSWER_SKIPPED;
    else
        statement(session, sent);
    tell_of(session, sent, session->answer);
    if (session->waits)
        return;
    answer_push(session);
    next_sent(session);
}

void session_step(struct session *session)
{
    bool commit =
        session->first_sent && session->first_sent->plan && session->first_sent->plan->verb == SQL_COMMIT;

    if (!session->first_sent || (session->client && schedule_fault(CUT_BEFORE))) {
        met.cuts += session->first_sent != NULL;
        tell("server %d (projector %d): ends", session->number, session->owner);
        session_end(session);
        return;
    }
    one(session);
    while (session->first_sent && session->first_sent->prepares)
        one(session); /* nobody can tell the difference */
    if (commit && session->client && schedule_fault(CUT_AFTER)) {
        met.lost_replies++;
        tell("server %d (projector %d): the reply to its COMMIT is lost", session->number, session->owner);
        session->first_answer = session->last_answer = NULL;
        session->syncs = 0;
        session_end(session);
    }
}
