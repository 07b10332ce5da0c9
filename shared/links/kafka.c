/* SPDX-License-Identifier: Apache-2.0
 * What both kafka links begin with: the settings and a client's configuration made from them. librdkafka's
 * own threads call our log; everything else of it happens on the thread that polls. */
#include "shared/links/kafka.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

#include "shared/base/buf.h"
#include "shared/base/host.h"
#include "shared/base/log.h"

enum { BROKERS = 1024, TOPIC_TEXT = 256, ERROR_ROOM = 256 };

static struct {
    char brokers[BROKERS + 1];
    char security[16], mechanism[16];
    char user[256], password[512], ca_file[256];
    bool check_topics;
} values;

struct kafka_values kafka_values;

const struct setting kafka_settings[] = {
    {"kafka_brokers", SETTING_TEXT, "127.0.0.1:19092", 1, BROKERS, .help = "host:port, ...",
     .target = values.brokers, .size = sizeof values.brokers},
    {"kafka_security", SETTING_CHOICE, "plaintext", .choices = "plaintext ssl sasl_ssl sasl_plaintext",
     .help = "how to talk to the brokers", .target = values.security, .size = sizeof values.security},
    {"kafka_sasl_mechanism", SETTING_CHOICE, "PLAIN", .choices = "PLAIN SCRAM-SHA-256 SCRAM-SHA-512",
     .help = "with kafka_security sasl_*", .target = values.mechanism, .size = sizeof values.mechanism},
    {"kafka_user", SETTING_TEXT, "", 0, sizeof values.user - 1, .help = "with kafka_security sasl_*",
     .target = values.user, .size = sizeof values.user},
    {"kafka_password", SETTING_TEXT, "", 0, sizeof values.password - 1, .secret = true,
     .help = "with kafka_security sasl_*", .target = values.password, .size = sizeof values.password},
    {"kafka_ca_file", SETTING_TEXT, "", 0, sizeof values.ca_file - 1,
     .help = "certificates that may sign the brokers'; empty: the system's", .target = values.ca_file,
     .size = sizeof values.ca_file},
    {"kafka_fetch_wait_ms", SETTING_INTEGER, "50", 1, 1000,
     .help = "longest a broker holds a fetch that finds nothing new", .target = &kafka_values.fetch_wait_ms},
    {"check_topics", SETTING_FLAG, "on", .help = "off only with brokers on loopback (the mock cluster)",
     .target = &values.check_topics},
    {0},
};

/* Whether each of the comma-separated brokers is, up to its port. */
static bool on_loopback(const char *brokers)
{
    for (const char *at = brokers; at; at = strchr(at, ',')) {
        char host[64];
        at += strspn(at, ", ");
        size_t size = strcspn(at, ", ");
        const char *port = memrchr(at, ':', size);
        if (text_copy(host, sizeof host, (struct span){at, port ? (size_t)(port - at) : size}) != 0 ||
            !host_is_loopback(host))
            return false;
    }
    return true;
}

static int check_values(void)
{
    bool sasl = strncmp(values.security, "sasl", 4) == 0;
    bool local = on_loopback(values.brokers);
    if (!values.check_topics && !local)
        return error_new(ERROR_SETTINGS, "check_topics: may be off only with brokers on loopback");
    if (sasl && (values.user[0] == '\0' || values.password[0] == '\0'))
        return error_new(ERROR_SETTINGS, "kafka_user, kafka_password: needed with kafka_security %s",
                         values.security);
    if (!sasl && values.password[0] != '\0')
        return error_new(ERROR_SETTINGS, "kafka_password: would not be used with kafka_security %s",
                         values.security);
    if (strcmp(values.security, "sasl_plaintext") == 0 && strcmp(values.mechanism, "PLAIN") == 0 && !local)
        return error_new(ERROR_SETTINGS,
                         "kafka_sasl_mechanism: PLAIN would show the password on the network");
    return 0;
}

bool kafka_checks_topics(void)
{
    return values.check_topics;
}

/* Levels are syslog's. A broker that is away says so many times: the seldom line is enough. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    char message[64];
    snprintf(message, sizeof message, "kafka: %s", facility);
    if (level <= 3)
        log_seldom(LOG_LEVEL_WARN, message, .err = text);
    else if (level <= 5)
        log_seldom(LOG_LEVEL_INFO, message, .err = text);
    else
        log_seldom(LOG_LEVEL_DEBUG, message, .err = text);
}

int kafka_conf_set(struct rd_kafka_conf_s *conf, const char *name, const char *value)
{
    char text[ERROR_ROOM];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) != RD_KAFKA_CONF_OK)
        return error_new(ERROR_SETTINGS, "%s: %s", name, text);
    return 0;
}

int kafka_conf_rows(struct rd_kafka_conf_s *conf, const struct kafka_conf_row *rows)
{
    for (; rows->name; rows++)
        TRY(kafka_conf_set(conf, rows->name, rows->value));
    return 0;
}

static int fill(rd_kafka_conf_t *conf, const char *client)
{
    const struct kafka_conf_row rows[] = {
        {"bootstrap.servers", values.brokers},  {"client.id", client},
        {"security.protocol", values.security}, {"socket.nagle.disable", "true"},
        {"socket.keepalive.enable", "true"},    {"socket.connection.setup.timeout.ms", "5000"},
        {"reconnect.backoff.ms", "50"},         {"reconnect.backoff.max.ms", "1000"},
        {"log.connection.close", "false"},      {NULL, NULL},
    };
    const struct kafka_conf_row sasl[] = {
        {"sasl.mechanisms", values.mechanism},
        {"sasl.username", values.user},
        {"sasl.password", values.password},
        {NULL, NULL},
    };
    TRY(kafka_conf_rows(conf, rows));
    if (strncmp(values.security, "sasl", 4) == 0)
        TRY(kafka_conf_rows(conf, sasl));
    if (values.ca_file[0] != '\0' && strstr(values.security, "ssl"))
        TRY(kafka_conf_set(conf, "ssl.ca.location", values.ca_file));
    rd_kafka_conf_set_log_cb(conf, on_log);
    return 0;
}

int kafka_conf_new(const char *client, struct rd_kafka_conf_s **ret_conf)
{
    TRY(check_values());
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int result = fill(conf, client);
    if (result < 0) {
        rd_kafka_conf_destroy(conf);
        return error_forward(result);
    }
    *ret_conf = conf;
    return 0;
}

void kafka_topic(const char *name_space, const char *topic, char ret_text[TOPIC_TEXT])
{
    snprintf(ret_text, TOPIC_TEXT, "%s.%s", name_space, topic);
}
