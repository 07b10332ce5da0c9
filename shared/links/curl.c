/* SPDX-License-Identifier: Apache-2.0
 * libcurl's SMTP, and the one table that says what its failure means. A server's own words are never kept:
 * they quote addresses. Nothing of the process's surroundings counts: no proxy, no .netrc, no signal. */
#include "shared/links/curl.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/host.h"

enum { URL_TEXT = 512, ADDRESS_MAX = 254, CODE_START_BODY = 354, CODE_TOO_BIG = 552, CODE_CLOSING = 421 };

static struct {
    char url[URL_TEXT], user[256], password[512], ca_file[512];
    int64_t timeout_ms;
} values;

/* clang-format off */
const struct setting smtp_settings[] = {
    {"smtp_url", SETTING_TEXT, NULL, 8, sizeof values.url - 1,
     .help = "the mail server: smtp://host:port (STARTTLS demanded beyond loopback) or smtps://host:port",
     .target = values.url, .size = sizeof values.url},
    {"smtp_user", SETTING_TEXT, "", 0, sizeof values.user - 1,
     .help = "who signs in there; empty: nobody", .target = values.user, .size = sizeof values.user},
    {"smtp_password", SETTING_TEXT, "", 0, sizeof values.password - 1, .secret = true,
     .help = "with smtp_user", .target = values.password, .size = sizeof values.password},
    {"smtp_ca_file", SETTING_TEXT, "", 0, sizeof values.ca_file - 1,
     .help = "certificates that may sign the server's; empty: the system's",
     .target = values.ca_file, .size = sizeof values.ca_file},
    {"smtp_timeout_ms", SETTING_INTEGER, "8000", 100, 60000,
     .help = "one mail, from connecting to its acceptance", .target = &values.timeout_ms},
    {0},
};
/* clang-format on */

/* Where a dialogue stood when it failed. */
enum stage { STAGE_CONNECT, STAGE_GREET, STAGE_MAIL, STAGE_RCPT, STAGE_DATA };

struct smtp {
    CURL *handle;
    bool plain; /* a server on loopback: no TLS asked of it */
    enum stage stage;
    struct span message;
    size_t given; /* bytes of it libcurl took */
    char why[96];
};

static const char *const stage_names[] = {"connecting", "greeting", "MAIL", "RCPT", "DATA"};

/* Which server, and whether it may be spoken to in the clear. */
static int url_check(bool *ret_plain)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL, *user = NULL;
    bool good = curl_url_set(url, CURLUPART_URL, values.url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                (strcmp(scheme, "smtp") == 0 || strcmp(scheme, "smtps") == 0) &&
                curl_url_get(url, CURLUPART_USER, &user, 0) != CURLUE_OK;
    *ret_plain = good && strcmp(scheme, "smtp") == 0 && host_is_loopback(host);
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(url);
    return good ? 0 : error_new(ERROR_SETTINGS, "smtp_url: must be smtp://host:port or smtps://host:port");
}

static int settings_check(int64_t most_ms, bool *ret_plain)
{
    if (values.timeout_ms >= most_ms)
        return error_new(ERROR_SETTINGS, "smtp_timeout_ms: must be less than %d", (int)most_ms);
    TRY(url_check(ret_plain));
    if ((values.user[0] == '\0') != (values.password[0] == '\0'))
        return error_new(ERROR_SETTINGS, "smtp_user, smtp_password: both or neither");
    return 0;
}

static size_t give_message(char *to, size_t size, size_t count, void *self)
{
    struct smtp *smtp = self;
    size_t left = smtp->message.size - smtp->given;
    size_t given = left < size * count ? left : size * count;
    memcpy(to, smtp->message.data + smtp->given, given);
    smtp->given += given;
    return given;
}

static size_t drop_answer(char *data, size_t size, size_t count, void *self)
{
    (void)data;
    (void)self;
    return size * count;
}

/* Follows what we say, by its first word. Nothing is kept of the rest. */
static int follow(CURL *handle, curl_infotype kind, char *data, size_t size, void *self)
{
    (void)handle;
    struct smtp *smtp = self;
    if (kind != CURLINFO_HEADER_OUT)
        return 0;
    if (smtp->stage == STAGE_CONNECT)
        smtp->stage = STAGE_GREET;
    for (enum stage stage = STAGE_MAIL; stage <= STAGE_DATA; stage++) {
        if (size >= 4 && strncmp(data, stage_names[stage], 4) == 0)
            smtp->stage = stage;
    }
    return 0;
}

struct option {
    CURLoption name;
    long value;
};

static void options_set(struct smtp *smtp)
{
    /* A kept connection that was idle for longer may have been closed by the server unseen. */
    const struct option numbers[] = {
        {CURLOPT_UPLOAD, 1},
        {CURLOPT_NOSIGNAL, 1},
        {CURLOPT_QUICK_EXIT, 1}, /* or a name server's silence would outlast the timeout */
        {CURLOPT_TCP_KEEPALIVE, 1},
        {CURLOPT_MAXAGE_CONN, 20},
        {CURLOPT_MAXCONNECTS, 1},
        {CURLOPT_NOPROGRESS, 1},
        {CURLOPT_VERBOSE, 1}, /* for follow */
        {CURLOPT_TIMEOUT_MS, (long)values.timeout_ms},
        {CURLOPT_USE_SSL, smtp->plain ? CURLUSESSL_NONE : CURLUSESSL_ALL},
    };
    for (size_t at = 0; at < sizeof numbers / sizeof numbers[0]; at++)
        (void)curl_easy_setopt(smtp->handle, numbers[at].name, numbers[at].value);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_URL, values.url);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(smtp->handle, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(smtp->handle, CURLOPT_DEBUGFUNCTION, follow);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_DEBUGDATA, smtp);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_READFUNCTION, give_message);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_READDATA, smtp);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_WRITEFUNCTION, drop_answer);
    if (values.ca_file[0] != '\0')
        (void)curl_easy_setopt(smtp->handle, CURLOPT_CAINFO, values.ca_file);
    if (values.user[0] != '\0') {
        (void)curl_easy_setopt(smtp->handle, CURLOPT_USERNAME, values.user);
        (void)curl_easy_setopt(smtp->handle, CURLOPT_PASSWORD, values.password);
    }
}

static CURLcode global_result;

static void global_start(void)
{
    global_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

int smtp_new(int64_t most_ms, struct smtp **ret_smtp)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    bool plain = false;
    (void)pthread_once(&once, global_start);
    if (global_result != CURLE_OK)
        return error_new(ERROR_SYSTEM, "libcurl: %s", curl_easy_strerror(global_result));
    TRY(settings_check(most_ms, &plain));
    CURL *handle = curl_easy_init();
    if (!handle)
        return error_new(ERROR_SYSTEM, "libcurl makes no handle");
    struct smtp *smtp = memory_new(1, sizeof *smtp);
    smtp->handle = handle;
    smtp->plain = plain;
    options_set(smtp);
    *ret_smtp = smtp;
    return 0;
}

void smtp_free(struct smtp *smtp)
{
    if (!smtp)
        return;
    curl_easy_cleanup(smtp->handle);
    free(smtp);
}

/* What may stand between the angle brackets of MAIL and RCPT: nothing that would end them, or the line. */
bool smtp_address(const char *text)
{
    size_t size = strlen(text);
    const char *at = strrchr(text, '@');
    for (const char *byte = text; *byte != '\0'; byte++) {
        if (*byte <= ' ' || *byte > '~' || strchr("<>()[],;:\\\"", *byte))
            return false;
    }
    return size <= ADDRESS_MAX && at && at != text && at[1] != '\0';
}

/* The server said no. Before RCPT it says no to us, from there on to the message. */
static int outcome_of_code(const struct smtp *smtp, long code)
{
    bool of_message = smtp->stage >= STAGE_RCPT || (smtp->stage == STAGE_MAIL && code == CODE_TOO_BIG);
    if (code >= 500)
        return of_message ? SMTP_REFUSED : SMTP_AWAY;
    return of_message && code != CODE_CLOSING ? SMTP_LATER : SMTP_AWAY;
}

static int outcome_of(struct smtp *smtp, CURLcode result)
{
    long code = 0;
    (void)curl_easy_getinfo(smtp->handle, CURLINFO_RESPONSE_CODE, &code);
    if (result == CURLE_OK)
        return SMTP_SENT;
    if (code >= 400 && code < 600) {
        snprintf(smtp->why, sizeof smtp->why, "%s answered %ld", stage_names[smtp->stage], code);
        return outcome_of_code(smtp, code);
    }
    snprintf(smtp->why, sizeof smtp->why, "%s: %.64s", stage_names[smtp->stage], curl_easy_strerror(result));
    bool handed_over = code == CODE_START_BODY && smtp->given == smtp->message.size;
    if (handed_over)
        return SMTP_UNKNOWN;
    /* Whoever hangs up on one recipient, or leaves one without an answer, may take all others. */
    return smtp->stage >= STAGE_RCPT ? SMTP_LATER : SMTP_AWAY;
}

int smtp_send(struct smtp *smtp, const char *from, const char *to, struct span message)
{
    smtp->message = message;
    smtp->given = 0;
    smtp->stage = STAGE_CONNECT;
    snprintf(smtp->why, sizeof smtp->why, "an address cannot stand on the wire");
    if (!smtp_address(from) || !smtp_address(to))
        return SMTP_REFUSED;
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_MAIL_FROM, from);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_MAIL_RCPT, recipients);
    (void)curl_easy_setopt(smtp->handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)message.size);
    int outcome = outcome_of(smtp, curl_easy_perform(smtp->handle));
    (void)curl_easy_setopt(smtp->handle, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(recipients);
    return outcome;
}

const char *smtp_why(const struct smtp *smtp)
{
    return smtp->why;
}
