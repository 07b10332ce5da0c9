/* SPDX-License-Identifier: Apache-2.0
 * What the kafka cases share: clusters, events, and the ledger of reports. */
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tests/links/kafka_cases.h"

static const char *const *environment;

static char *environment_get(const char *name)
{
    for (const char *const *pair = environment; pair && *pair; pair += 2) {
        if (strcmp(pair[0], name) == 0)
            return (char *)(uintptr_t)pair[1];
    }
    return NULL;
}

static int configure(const char *const *pairs)
{
    static char program[] = "test";
    char *argv[] = {program, NULL};
    const struct setting *const tables[] = {kafka_settings, kafka_out_settings, NULL};
    environment = pairs;
    return settings_read(tables, 1, argv, environment_get);
}

void kafka_configure(const char *const *pairs)
{
    ck_assert_msg(configure(pairs) == 0, "%s", error_text());
}

bool kafka_configure_refused(const char *const *pairs)
{
    rd_kafka_conf_t *conf;
    if (configure(pairs) < 0)
        return true;
    int result = kafka_conf_new("test", &conf);
    if (result == 0)
        rd_kafka_conf_destroy(conf);
    return result == ERROR_SETTINGS;
}

void kafka_cluster_start(struct kafka_cluster *cluster)
{
    kafka_cluster_start_of(cluster, 1);
}

void kafka_cluster_start_of(struct kafka_cluster *cluster, int brokers)
{
    char text[256];
    cluster->owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text, sizeof text);
    ck_assert_ptr_nonnull(cluster->owner);
    cluster->mock = rd_kafka_mock_cluster_new(cluster->owner, brokers);
    ck_assert_ptr_nonnull(cluster->mock);
    snprintf(cluster->brokers, sizeof cluster->brokers, "%s",
             rd_kafka_mock_cluster_bootstraps(cluster->mock));
    kafka_cluster_delivery(cluster, "30000");
}

void kafka_cluster_delivery(struct kafka_cluster *cluster, const char *delivery_ms)
{
    static const char *pairs[16];
    const char *const wanted[] = {"COLIS_KAFKA_BROKERS",
                                  cluster->brokers,
                                  "COLIS_CHECK_TOPICS",
                                  "off",
                                  "COLIS_KAFKA_FETCH_WAIT_MS",
                                  "5",
                                  "COLIS_KAFKA_DELIVERY_MS",
                                  delivery_ms,
                                  "COLIS_KAFKA_LATE_MS",
                                  "20000",
                                  "COLIS_KAFKA_QUEUE_MESSAGES",
                                  "1000",
                                  NULL};
    memcpy(pairs, wanted, sizeof wanted);
    kafka_configure(pairs);
}

void kafka_cluster_topic(struct kafka_cluster *cluster, const char *topic, int partitions)
{
    char full[256];
    kafka_topic("t", topic, full);
    ck_assert_int_eq(rd_kafka_mock_topic_create(cluster->mock, full, partitions, 1), 0);
}

void kafka_cluster_stop(struct kafka_cluster *cluster)
{
    rd_kafka_mock_cluster_destroy(cluster->mock);
    rd_kafka_destroy(cluster->owner);
}

struct event kafka_event_make(const char *key, int number)
{
    static char data[64];
    struct event event = {.source = "/test",
                          .type = "parcel.cancel.v1",
                          .time_ms = 1700000000123,
                          .dataschema = "/schemas/commands/parcel.cancel.v1",
                          .role = "person",
                          .subject = "parcel/8c1e1111-1111-4111-8111-111111111111"};
    id_v7(clock_wall_ms(), &event.id);
    snprintf(event.key, sizeof event.key, "%s", key);
    snprintf(event.principal, sizeof event.principal, "%s", key);
    int size = snprintf(data, sizeof data, "{\"n\":%d}", number);
    event.data = (struct span){data, (size_t)size};
    return event;
}

void kafka_ledger_take(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset)
{
    (void)partition;
    struct kafka_ledger *ledger = self;
    ledger->delivered += report == KAFKA_DELIVERED;
    ledger->unknown += report == KAFKA_UNKNOWN;
    ledger->offset = offset;
    ledger->newest = (intptr_t)cookie;
}

struct kafka_out *kafka_producer(struct kafka_ledger *ledger, const char *transactional_id)
{
    struct kafka_out *out = NULL;
    const struct kafka_out_config config = {.name_space = "t",
                                            .client = "test",
                                            .reported = kafka_ledger_take,
                                            .self = ledger,
                                            .transactional_id = transactional_id};
    ck_assert_msg(kafka_out_new(&config, &out) == 0, "%s", error_text());
    return out;
}

void kafka_send_some(struct kafka_out *out, const char *topic, const char *key, int count)
{
    for (int number = 0; number < count; number++) {
        struct event event = kafka_event_make(key, number);
        ck_assert_int_eq(kafka_out_send(out, topic, &event, (void *)(intptr_t)number), 0);
    }
}

struct kafka_in *kafka_hand_reader(const char *topic)
{
    struct kafka_in *in = NULL;
    const struct kafka_in_config config = {.name_space = "t", .client = "test"};
    const struct kafka_in_place place = {.topic = topic, .partition = 0, .offset = -1};
    ck_assert_msg(kafka_in_new(&config, &in) == 0, "%s", error_text());
    ck_assert_int_eq(kafka_in_assign(in, &place, 1), 0);
    return in;
}

int kafka_next(struct kafka_in *in, struct kafka_record **ret_record, struct kafka_in_place *ret_place)
{
    int64_t until = clock_steady_ms() + KAFKA_PATIENCE_MS;
    int outcome = KAFKA_NOTHING;
    while (outcome == KAFKA_NOTHING && clock_steady_ms() < until)
        outcome = kafka_in_poll(in, 100, ret_record, ret_place);
    ck_assert_msg(outcome >= 0, "%s", error_text());
    return outcome;
}

void kafka_ends(struct kafka_in *in, const char *topic, int64_t *ret_first, int64_t *ret_end)
{
    int64_t until = clock_steady_ms() + KAFKA_PATIENCE_MS;
    int outcome = KAFKA_AWAY;
    while (outcome == KAFKA_AWAY && clock_steady_ms() < until)
        outcome = kafka_in_ends(in, topic, 0, ret_first, ret_end);
    ck_assert_int_eq(outcome, 0);
}
