/* SPDX-License-Identifier: Apache-2.0
 * shared/run/broker.h: records leave once the topics were checked, the program says so while no broker is
 * there, and an answer about topics that comes after the end finds nothing that is gone. */
#include "shared/run/broker.h"

#include "shared/run/service.h"
#include "tests/links/kafka_cases.h"
#include "tests/run/cases.h"

static const char *const topics[] = {"commands", NULL};
static struct kafka_cluster cluster;

struct program {
    struct loop *loop;
    struct broker *broker;
    struct kafka_ledger ledger;
    int steps;
    bool at_once;  /* stop at the first turn: the topics are being asked for from then on */
    int cut_steps; /* since a record was reported UNKNOWN, each of them not ready */
    bool cut_off;  /* stop at the last of those; else once it is ready */
};

enum { CUT_STEPS = 50 }; /* 5 s: the topics are asked for in between, and given up */

static void reported(void *self, void *cookie, enum kafka_report report, int32_t partition, int64_t offset)
{
    struct program *program = self;
    kafka_ledger_take(&program->ledger, cookie, report, partition, offset);
}

static int stepped(void *self)
{
    struct program *program = self;
    program->steps++;
    if (program->at_once || broker_takes(program->broker))
        loop_stop(program->loop);
    return 0;
}

/* The first step after the report is the one that says so. */
static int stepped_without_broker(void *self)
{
    struct program *program = self;
    bool ready = !service_waits();
    if (program->cut_off && program->ledger.unknown > 0 && program->cut_steps++ > 0)
        ck_assert_msg(!ready, "ready at step %d", program->cut_steps);
    if (program->cut_off ? program->cut_steps == CUT_STEPS : ready)
        loop_stop(program->loop);
    return 0;
}

static void failed(void *self, int result)
{
    (void)self;
    ck_abort_msg("%d %s", result, error_text());
}

static void start_stepped(struct program *program, int (*each)(void *))
{
    const struct broker_config config = {.client = "test",
                                         .topics = topics,
                                         .reported = reported,
                                         .stepped = each,
                                         .failed = failed,
                                         .self = program};
    kafka_cluster_start(&cluster);
    kafka_cluster_topic(&cluster, "commands", 1);
    snprintf(service_values.name_space, sizeof service_values.name_space, "t");
    ck_assert_int_eq(loop_new(&program->loop), 0);
    ck_assert_int_eq(broker_open(program->loop, &config, &program->broker), 0);
}

static void start(struct program *program)
{
    start_stepped(program, stepped);
}

static void stop(struct program *program)
{
    broker_close(program->broker);
    loop_free(program->loop);
    kafka_cluster_stop(&cluster);
}

START_TEST(takes_records_once_the_topics_were_checked_and_none_while_it_drains)
{
    struct program program = {.steps = 0};
    struct event event = kafka_event_make("k", 1);
    start(&program);
    ck_assert(!broker_takes(program.broker));
    ck_assert_int_eq(loop_run(program.loop), 0);
    ck_assert(broker_takes(program.broker));
    ck_assert_ptr_null(service_waits());
    ck_assert_int_eq(kafka_out_send(broker_out(program.broker), "commands", &event, NULL), 0);
    while (program.ledger.delivered == 0)
        ck_assert_int_eq(loop_run(program.loop), 0);
    broker_drain(program.broker);
    ck_assert(!broker_takes(program.broker));
    stop(&program);
    ck_assert_int_eq(program.ledger.delivered, 1);
}
END_TEST

START_TEST(reports_what_is_open_when_it_closes)
{
    struct program program = {.steps = 0};
    struct event event = kafka_event_make("k", 1);
    start(&program);
    ck_assert_int_eq(kafka_out_send(broker_out(program.broker), "commands", &event, NULL), 0);
    stop(&program);
    ck_assert_int_eq(program.ledger.delivered + program.ledger.unknown, 1);
}
END_TEST

START_TEST(an_answer_about_topics_after_the_end_finds_nothing_gone)
{
    struct program program = {.at_once = true};
    start(&program);
    ck_assert_int_eq(loop_run(program.loop), 0);
    ck_assert_int_ge(program.steps, 1);
    stop(&program);
}
END_TEST

/* No record is sent while it comes back: a balancer keeps them from who is not ready. */
START_TEST(an_ingress_without_its_broker_is_not_ready_once_it_has_seen_so)
{
    struct program program = {.steps = 0};
    struct event event = kafka_event_make("k", 1);
    start_stepped(&program, stepped_without_broker);
    ck_assert_int_eq(loop_run(program.loop), 0);
    ck_assert_int_eq(rd_kafka_mock_broker_set_down(cluster.mock, 1), 0);
    ck_assert_int_eq(kafka_out_send(broker_out(program.broker), "commands", &event, NULL), 0);
    program.cut_off = true;
    ck_assert_int_eq(loop_run(program.loop), 0);
    ck_assert_int_eq(program.ledger.unknown, 1);
    ck_assert_int_eq(rd_kafka_mock_broker_set_up(cluster.mock, 1), 0);
    program.cut_off = false;
    ck_assert_int_eq(loop_run(program.loop), 0);
    ck_assert(broker_takes(program.broker));
    stop(&program);
}
END_TEST

TCase *broker_cases(void)
{
    TCase *cases = tcase_create("broker");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, takes_records_once_the_topics_were_checked_and_none_while_it_drains);
    tcase_add_test(cases, reports_what_is_open_when_it_closes);
    tcase_add_test(cases, an_ingress_without_its_broker_is_not_ready_once_it_has_seen_so);
    tcase_add_loop_test(cases, an_answer_about_topics_after_the_end_finds_nothing_gone, 0, 5);
    return cases;
}
