/* SPDX-License-Identifier: Apache-2.0
 * Starts the program under test as its own process, as infra would: settings in the environment, secrets in
 * files, readiness asked of its management port. It dies with the test. */
#include "tests/query/site.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/http/receipt.h"
#include "tests/links/mongo_cases.h"
#include "tests/links/postgres_cases.h"
#include "tests/port.h"
#include "tests/query/program.h"

static pid_t program;
static int port, management_port;
static struct receipt_keeper *receipts;

int program_port(void)
{
    return port;
}

void site_setting(const char *name, const char *value)
{
    ck_assert_int_eq(setenv(name, value, 1), 0);
}

static void set_number(const char *name, int value)
{
    char text[16];
    snprintf(text, sizeof(text), "%d", value);
    site_setting(name, text);
}

/* The role of the program where this machine has its password, else the owner: policies bind both, since each
 * read is made as the role authenticated. */
static void set_role(void)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/postgres_url_query",
             getenv("COLIS_SECRETS") ? getenv("COLIS_SECRETS") : "");
    if (access(path, R_OK) != 0)
        return;
    unsetenv("COLIS_POSTGRES_URL");
    site_setting("COLIS_POSTGRES_URL_FILE", path);
}

static void set_settings(void)
{
    port = port_hold();
    management_port = port_hold();
    unsetenv("COLIS_POSTGRES_DATABASE");
    site_setting("COLIS_NAMESPACE", database_name());
    site_setting("COLIS_MONGO_DATABASE", store_name());
    set_number("COLIS_LISTEN_PORT", port);
    set_number("COLIS_MANAGEMENT_PORT", management_port);
    site_setting("COLIS_TOKEN_ISSUER", ISSUER);
    site_setting("COLIS_TOKEN_AUDIENCE", "authenticated");
    site_setting("COLIS_LOG_LEVEL", "error");
}

void site_make(void)
{
    static const char *const keyed[] = {"COLIS_LINK_KEY", "COLIS_QR_KEY", "COLIS_HANDOVER_KEY", NULL};
    static char *arguments[] = {"test", NULL};
    const struct setting *const tables[] = {receipt_settings, NULL};
    unsetenv("COLIS_TOKEN_SECRET_FILE");
    unsetenv("COLIS_SERVER_KEY_FILE");
    site_setting("COLIS_TOKEN_SECRET", TOKEN_SECRET);
    site_setting("COLIS_SERVER_KEY", SERVER_KEY);
    for (const char *const *name = keyed; *name; name++)
        site_setting(*name, COUNTING_KEY);
    ck_assert_int_eq(settings_read(tables, 1, arguments, getenv), 0);
    ck_assert_int_eq(receipt_keeper_new(&receipts), 0);
    site_setting("COLIS_MONGO_TIMEOUT_MS", "15000");
    schema_make();
    store_make();
    set_settings();
}

static bool is_up(bool ready)
{
    return site_managed(ready ? "/readyz" : "/healthz") == 200;
}

void site_run(bool until_ready)
{
    set_role();
    program = fork();
    if (program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(getenv("COLIS_QUERY"), "colis-query", (char *)NULL);
        _exit(127);
    }
    for (int turn = 0; turn < 6000 && !is_up(until_ready); turn++)
        (void)poll(NULL, 0, 10); /* there is nothing to be told by before the port is open */
    ck_assert(is_up(until_ready));
}

void site_start(void)
{
    site_make();
    site_run(true);
}

void site_terminate(void)
{
    kill(program, SIGTERM);
}

int site_ended(void)
{
    int status = 0;
    ck_assert_int_eq(waitpid(program, &status, 0), program);
    program = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The program must always end well. */
void site_stop(void)
{
    if (program > 0) {
        site_terminate();
        ck_assert_int_eq(site_ended(), 0);
    }
    receipt_keeper_free(receipts);
    schema_done();
    store_free();
}

/* --- what it reads --- */

void site_verdict(const char *command, const char *principal, const char *reason, const char *fingerprint)
{
    char quoted[80] = "null", hex[80] = "null";
    if (reason)
        snprintf(quoted, sizeof(quoted), "'%s'", reason);
    if (fingerprint)
        snprintf(hex, sizeof(hex), "'\\x%s'", fingerprint);
    site_sql("insert into bus.verdict (id, principal, subject, decided_at, fingerprint, fact_count, "
             "accepted, kind, reason) "
             "values ('%s', '%s', '" PARCEL "', '2026-11-22T10:00:00.5Z', %s, %d, %s, 'parcel', %s)",
             command, principal, hex, reason ? 0 : 2, reason ? "false" : "true", quoted);
}

void site_row(const char *kind, const char *members)
{
    site_sql("insert into state.%s select made.* from jsonb_populate_record(null::state.%s, (select "
             "jsonb_object_agg(attname, case atttypid when 'uuid'::regtype then to_jsonb('" PARCEL "'::text) "
             "when 'bigint'::regtype then '0' when 'boolean'::regtype then 'false' "
             "when 'timestamptz'::regtype then '\"2026-11-22T10:00:00Z\"' "
             "when 'jsonb'::regtype then '[]' else '\"XOF\"' end) from pg_attribute "
             "where attrelid = 'state.%s'::regclass and attnum > 0 and attnotnull) || '%s') made",
             kind, kind, kind, members);
}

void site_parcel(const char *id, const char *sender, int64_t registered_s)
{
    char members[512];
    snprintf(
        members, sizeof(members),
        "{\"id\":\"%s\",\"version\":1,\"state\":\"registered\",\"changed_at\":\"2026-11-22T10:00:00.123Z\","
        "\"sender\":\"%s\",\"origin_country\":\"FR\",\"origin_city\":\"Paris\",\"destination_country\":"
        "\"SN\","
        "\"destination_city\":\"Dakar\",\"weight_g\":2500,\"category\":\"clothes\",\"value_amount\":40000,"
        "\"recipient_n\":1}",
        id, sender);
    site_row("parcel", members);
    site_sql("update state.parcel set registered_at = to_timestamp(%lld) where id = '%s'",
             (long long)registered_s, id);
    site_sql("insert into private.parcel (id, name, n, value) values ('%s', 'register', 1, "
             "'{\"recipient\":{\"name\":\"Awa "
             "Ndiaye\",\"phone\":\"+221770000000\"},\"origin\":{\"landmark\":\"Gare\"},"
             "\"description\":\"robes\"}')",
             id);
}

void site_receipt(const char *command, uint8_t fingerprint_byte, struct buf *to)
{
    struct receipt receipt = {.accepted_ms = 1000};
    char text[RECEIPT_TEXT];
    memset(receipt.fingerprint, fingerprint_byte, sizeof(receipt.fingerprint));
    ck_assert_int_eq(id_parse(span_of(command), &receipt.command), 0);
    ck_assert_int_eq(id_parse(SPAN(AWA), &receipt.person), 0);
    receipt_sign(receipts, &receipt, text);
    buf_text(to, text);
}

/* --- the management port --- */

static int managed(const char *target, struct reply *ret_reply)
{
    CLEANUP(buf_done) struct buf request = {0};
    int client = client_connect(management_port);
    if (client < 0)
        return 0;
    buf_format(&request, "GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", target);
    client_write(client, &request);
    client_read(client, ret_reply);
    return ret_reply->status;
}

int site_managed(const char *target)
{
    struct reply reply = {0};
    int status = managed(target, &reply);
    reply_done(&reply);
    return status;
}

long long site_metric(const char *name)
{
    struct reply reply = {0};
    long long value = -1;
    ck_assert_int_eq(managed("/metrics", &reply), 200);
    for (const char *line = reply.body.data; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ' ')
            value = strtoll(line + strlen(name), NULL, 10);
    }
    reply_done(&reply);
    return value;
}
