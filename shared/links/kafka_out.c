/* SPDX-License-Identifier: Apache-2.0
 * The producer. A record is either refused by send, and then surely nowhere, or reported once. The client is
 * replaceable: its fatal errors end the client, not the producer; records it still had are reported UNKNOWN
 * before the next client takes one. A transactional producer comes back unfenced: taking the fence again is
 * the relay's procedure, never ours. */
#include "shared/links/kafka_out.h"

#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "shared/base/cleanup.h"
#include "shared/base/clock.h"
#include "shared/base/log.h"
#include "shared/links/kafka_open.h"

enum { TOPICS_MAX = 16, TOPIC_TEXT = 256, NAME_TEXT = 128, PURGE_MS = 200, RENEW_MS = 1000, SLICE_MS = 50 };

static struct {
    int64_t linger_us, queue_messages, delivery_ms, late_ms;
} values;

/* A linger under a millisecond is no shorter: librdkafka's thread sleeps whole ones. But where it ends while
 * a batch is still being handed over, the batch is cut, and the thread spins until its first half was
 * acknowledged: of a partition no more than a few messages may be on their way. */
const struct setting kafka_out_settings[] = {
    {"kafka_linger_us", SETTING_INTEGER, "1000", 0, 100000,
     .help = "how long a record waits for others to share a request", .target = &values.linger_us},
    {"kafka_queue_messages", SETTING_INTEGER, "50000", 1, 1000000, .help = "records unreported at most",
     .target = &values.queue_messages},
    {"kafka_delivery_ms", SETTING_INTEGER, "5000", 100, 60000,
     .help = "after this a record is reported unknown: less than the HTTP timeouts before it",
     .target = &values.delivery_ms},
    {"kafka_late_ms", SETTING_INTEGER, "1000", 10, 60000,
     .help = "records are refused while the oldest waits longer than this", .target = &values.late_ms},
    {0},
};

struct topic {
    char name[NAME_TEXT]; /* without the namespace */
    rd_kafka_topic_t *handle;
};

struct kafka_out {
    char name_space[NAME_TEXT], client_name[NAME_TEXT], transactional_id[NAME_TEXT];
    int64_t delivery_ms;
    bool gathers;
    kafka_reported reported;
    void *self;
    rd_kafka_t *client; /* NULL: none could be made, tried again each second */
    int64_t renewed_ms;
    int descriptor;
    struct topic topics[TOPICS_MAX];
    size_t topic_count;
    struct kafka_open open;
    int fence; /* 0: may send; KAFKA_FENCED: taken by another; KAFKA_ABORT: not taken yet, or no client */
};

static bool transactional(const struct kafka_out *out)
{
    return out->transactional_id[0] != '\0';
}

/* The broker's own word on a record has its offset and, as topics take the broker's clock, the time it was
 * stored. The library infers it, too, from a later record that was acknowledged: but a broker that has
 * nothing of this producer yet takes any sequence, so after it was not the leader for the first request it
 * may be for the second, and the first is nowhere. What is inferred has no such time, and an offset only by
 * accident: where a broker says that it has a batch already, it names none, and the library counts from
 * there: -1, 0. */
static bool acknowledged(const rd_kafka_message_t *record)
{
    rd_kafka_timestamp_type_t type;
    (void)rd_kafka_message_timestamp(record, &type);
    return record->err == 0 && record->offset >= 0 && type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
}

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *record, void *opaque)
{
    (void)client;
    struct kafka_out *out = opaque;
    void *cookie;
    if (!kafka_open_take(&out->open, (uintptr_t)record->_private, &cookie))
        return;
    if (!acknowledged(record)) {
        const char *why = record->err != 0 ? rd_kafka_err2name(record->err) : "acknowledged by inference";
        log_seldom(LOG_LEVEL_WARN, "kafka: delivery unknown", .err = why);
        out->reported(out->self, cookie, KAFKA_UNKNOWN, record->partition, -1);
        return;
    }
    out->reported(out->self, cookie, KAFKA_DELIVERED, record->partition, record->offset);
}

/* An acknowledgement comes from all replicas in step, repeats of the client's own do not double, and the key
 * picks the partition Java's clients would pick. */
static int configure(struct kafka_out *out, rd_kafka_conf_t *conf)
{
    char linger[32], delivery[32], messages[32];
    snprintf(linger, sizeof linger, "%" PRId64 ".%03" PRId64, values.linger_us / 1000,
             values.linger_us % 1000);
    snprintf(delivery, sizeof delivery, "%" PRId64, out->delivery_ms);
    snprintf(messages, sizeof messages, "%" PRId64, values.queue_messages);
    const struct kafka_conf_row rows[] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"max.in.flight.requests.per.connection", "5"},
        {"partitioner", "murmur2_random"},
        {"compression.codec", "lz4"},
        {"queue.buffering.max.ms", linger},
        {"queue.buffering.max.messages", messages},
        {"queue.buffering.max.kbytes", "65536"},
        {"message.timeout.ms", delivery},
        {NULL, NULL},
    };
    TRY(kafka_conf_rows(conf, rows));
    if (transactional(out)) {
        /* A relay killed in a transaction holds read_committed readers back no longer than this. It covers
         * the delivery and as long a wait for the commit. */
        TRY(kafka_conf_set(conf, "transaction.timeout.ms", out->delivery_ms > 5000 ? "60000" : "10000"));
        TRY(kafka_conf_set(conf, "transactional.id", out->transactional_id));
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_report);
    rd_kafka_conf_set_opaque(conf, out);
    return 0;
}

static int client_open(struct kafka_out *out)
{
    static const uint64_t one = 1;
    char text[256];
    rd_kafka_conf_t *conf;
    TRY(kafka_conf_new(out->client_name, &conf));
    int result = configure(out, conf);
    if (result == 0) {
        out->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
        if (!out->client)
            result = error_new(ERROR_SETTINGS, "kafka producer: %s", text);
    }
    if (result < 0) {
        rd_kafka_conf_destroy(conf);
        return error_forward(result);
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(out->client);
    rd_kafka_queue_io_event_enable(queue, out->descriptor, &one, sizeof one);
    rd_kafka_queue_destroy(queue);
    out->fence = transactional(out) ? KAFKA_ABORT : 0;
    return 0;
}

/* Every record the client still has is reported: what the broker said in time, UNKNOWN for the rest. */
static void client_close(struct kafka_out *out)
{
    void *cookie;
    out->fence = KAFKA_ABORT; /* a report may send again: not into this client */
    if (out->client) {
        rd_kafka_purge(out->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        int64_t until = clock_steady_ms() + PURGE_MS;
        while (out->open.count > 0 && clock_steady_ms() < until && rd_kafka_outq_len(out->client) > 0)
            rd_kafka_poll(out->client, 10);
        rd_kafka_poll(out->client, 0);
    }
    while (kafka_open_take_oldest(&out->open, &cookie))
        out->reported(out->self, cookie, KAFKA_UNKNOWN, -1, -1);
    for (size_t at = 0; at < out->topic_count; at++)
        rd_kafka_topic_destroy(out->topics[at].handle);
    out->topic_count = 0;
    if (out->client)
        rd_kafka_destroy(take(out->client));
}

int kafka_out_new(const struct kafka_out_config *config, struct kafka_out **ret_out)
{
    struct kafka_out *out = memory_new(1, sizeof *out);
    const char *id = config->transactional_id ? config->transactional_id : "";
    out->reported = config->reported;
    out->self = config->self;
    out->gathers = config->gathers;
    out->delivery_ms = config->delivery_ms > values.delivery_ms ? config->delivery_ms : values.delivery_ms;
    out->descriptor = -1;
    int result = 0;
    if (text_copy(out->name_space, sizeof out->name_space, span_of(config->name_space)) != 0 ||
        text_copy(out->client_name, sizeof out->client_name, span_of(config->client)) != 0 ||
        text_copy(out->transactional_id, sizeof out->transactional_id, span_of(id)) != 0)
        result = error_new(ERROR_SETTINGS, "kafka producer: a name is over %d bytes", NAME_TEXT - 1);
    if (result == 0) {
        out->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        result = out->descriptor < 0 ? error_new(ERROR_SYSTEM, "no descriptor: %s", strerror(errno))
                                     : client_open(out);
    }
    if (result < 0) {
        kafka_out_free(out);
        return error_forward(result);
    }
    *ret_out = out;
    return 0;
}

void kafka_out_free(struct kafka_out *out)
{
    if (!out)
        return;
    client_close(out);
    kafka_open_done(&out->open);
    if (out->descriptor >= 0)
        close(out->descriptor);
    free(out);
}

int kafka_out_descriptor(const struct kafka_out *out)
{
    return out->descriptor;
}

static bool says_fenced(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
           code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
}

/* A client that cannot be made now may be made later; the settings were good once, so this is not the end. */
static void renew(struct kafka_out *out)
{
    out->renewed_ms = clock_steady_ms();
    if (client_open(out) < 0)
        log_seldom(LOG_LEVEL_ERROR, "kafka: no new producer yet", .err = error_text());
}

static void replace(struct kafka_out *out, rd_kafka_resp_err_t code, const char *text)
{
    bool fenced = transactional(out) && says_fenced(code);
    log_with(fenced ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "kafka: producer is replaced", .err = text);
    client_close(out);
    renew(out);
    if (fenced)
        out->fence = KAFKA_FENCED;
}

/* At most one client a second: what kills each of them at once must not spin. */
static void mend(struct kafka_out *out)
{
    char text[256];
    if (!out->client) {
        if (clock_steady_ms() - out->renewed_ms >= RENEW_MS)
            renew(out);
        return;
    }
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(out->client, text, sizeof text);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR && clock_steady_ms() - out->renewed_ms >= RENEW_MS)
        replace(out, code, text);
}

int kafka_out_step(struct kafka_out *out)
{
    uint64_t times;
    /* Nothing to read means a timer called: also fine. */
    ssize_t got = read(out->descriptor, &times, sizeof times);
    if (got < 0 && errno != EAGAIN)
        return error_new(ERROR_BUG, "kafka descriptor: %s", strerror(errno));
    if (out->client)
        rd_kafka_poll(out->client, 0);
    mend(out);
    return 0;
}

/* A handle a topic, found by its short name: the lookup by full name inside takes a lock. */
static rd_kafka_topic_t *topic_of(struct kafka_out *out, const char *name)
{
    char full[TOPIC_TEXT];
    for (size_t at = 0; at < out->topic_count; at++) {
        if (strcmp(out->topics[at].name, name) == 0)
            return out->topics[at].handle;
    }
    if (out->topic_count == TOPICS_MAX)
        return NULL;
    struct topic *topic = &out->topics[out->topic_count];
    if (text_copy(topic->name, sizeof topic->name, span_of(name)) != 0)
        return NULL;
    kafka_topic(out->name_space, name, full);
    topic->handle = rd_kafka_topic_new(out->client, full, NULL);
    if (topic->handle)
        out->topic_count++;
    return topic->handle;
}

static int refusal_of(rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return KAFKA_FULL;
    log_seldom(LOG_LEVEL_WARN, "kafka: not sent", .err = rd_kafka_err2name(code));
    return KAFKA_DEAD;
}

static rd_kafka_resp_err_t produce(struct kafka_out *out, rd_kafka_topic_t *topic, const struct event *event,
                                   uint64_t number)
{
    rd_kafka_headers_t *headers = kafka_headers_of(event);
    /* The library takes data by void pointers without const; F_COPY leaves it alone. */
    const rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)event->key, strlen(event->key)}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)event->data.data, event->data.size}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = (void *)(uintptr_t)number},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(out->client, parts, sizeof parts / sizeof parts[0]);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers);
    return code;
}

int kafka_out_send(struct kafka_out *out, const char *topic, const struct event *event, void *cookie)
{
    if (!out->client || out->fence != 0)
        return KAFKA_DEAD;
    int64_t now = clock_steady_ms();
    if (!out->gathers && kafka_open_oldest_ms(&out->open, now) > values.late_ms)
        return KAFKA_LATE;
    rd_kafka_topic_t *handle = topic_of(out, topic);
    if (!handle)
        return error_new(ERROR_BUG, "topic %s: too long a name, or one too many", topic);
    uint64_t number = kafka_open_add(&out->open, cookie, now);
    rd_kafka_resp_err_t code = produce(out, handle, event, number);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    void *unused;
    (void)kafka_open_take(&out->open, number, &unused);
    return refusal_of(code);
}

/* A flush that waits for nothing: it wakes librdkafka's threads and ends their linger. One that wakes too
 * late to see it lingers on. */
void kafka_out_push(struct kafka_out *out)
{
    if (out->client)
        (void)rd_kafka_flush(out->client, 0);
}

size_t kafka_out_open(const struct kafka_out *out)
{
    return out->open.count;
}

int64_t kafka_out_oldest_ms(const struct kafka_out *out)
{
    return kafka_open_oldest_ms(&out->open, clock_steady_ms());
}

int kafka_out_flush(struct kafka_out *out, int timeout_ms)
{
    int64_t until = clock_steady_ms() + timeout_ms;
    TRY(kafka_out_step(out));
    while (out->open.count > 0) {
        int64_t left = until - clock_steady_ms();
        if (left <= 0)
            return KAFKA_TIMEOUT;
        if (out->client)
            rd_kafka_flush(out->client, (int)(left < SLICE_MS ? left : SLICE_MS));
        TRY(kafka_out_step(out));
    }
    return 0;
}

/* What the library says of a transaction, as what the relay does next. Frees error. */
static int outcome_of(struct kafka_out *out, rd_kafka_error_t *error)
{
    if (!error)
        return 0;
    char text[256];
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    bool fatal = rd_kafka_error_is_fatal(error), again = rd_kafka_error_is_retriable(error);
    bool abort_first = rd_kafka_error_txn_requires_abort(error);
    snprintf(text, sizeof text, "%s", rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    if (fatal) {
        replace(out, code, text);
        return says_fenced(code) ? KAFKA_FENCED : KAFKA_ABORT;
    }
    if (again && !abort_first)
        return KAFKA_TIMEOUT;
    log_seldom(LOG_LEVEL_WARN, "kafka: transaction", .err = text);
    return KAFKA_ABORT;
}

int kafka_out_fence(struct kafka_out *out, int timeout_ms)
{
    if (!out->client)
        mend(out);
    if (!out->client)
        return KAFKA_TIMEOUT;
    int outcome = outcome_of(out, rd_kafka_init_transactions(out->client, timeout_ms));
    if (outcome == 0)
        out->fence = 0;
    return outcome;
}

int kafka_out_begin(struct kafka_out *out)
{
    if (out->fence != 0)
        return out->fence;
    return outcome_of(out, rd_kafka_begin_transaction(out->client));
}

int kafka_out_commit(struct kafka_out *out, int timeout_ms)
{
    if (out->fence != 0)
        return out->fence;
    int outcome = outcome_of(out, rd_kafka_commit_transaction(out->client, timeout_ms));
    /* Not once more: a second call may take what the first one's steps answer too late for the answers of its
     * own, and so say done where nothing was committed (2.0.2, rdkafka_txnmgr.c: has_result). */
    if (outcome != 0 && out->fence == 0)
        out->fence = KAFKA_ABORT;
    return outcome;
}
