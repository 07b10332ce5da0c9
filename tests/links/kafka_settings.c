/* SPDX-License-Identifier: Apache-2.0
 * shared/links/kafka.h: which settings are refused, and the names of topics. */
#include <string.h>

#include "tests/links/kafka_cases.h"

static bool refused(const char *name, const char *value, const char *other, const char *other_value)
{
    const char *const pairs[] = {name, value, other, other_value, NULL};
    return kafka_configure_refused(pairs);
}

START_TEST(takes_the_defaults)
{
    ck_assert(!refused(NULL, NULL, NULL, NULL));
    ck_assert(kafka_checks_topics());
}
END_TEST

START_TEST(checks_topics_off_only_on_loopback)
{
    ck_assert(
        !refused("COLIS_CHECK_TOPICS", "off", "COLIS_KAFKA_BROKERS", "127.0.0.1:1, localhost:2,[::1]:3"));
    ck_assert(refused("COLIS_CHECK_TOPICS", "off", "COLIS_KAFKA_BROKERS", "127.0.0.1:1,kafka:9092"));
    ck_assert(refused("COLIS_CHECK_TOPICS", "off", "COLIS_KAFKA_BROKERS", "localhost.example.org:9092"));
    ck_assert(refused("COLIS_CHECK_TOPICS", "off", "COLIS_KAFKA_BROKERS", "127.example.org:9092"));
    ck_assert(refused("COLIS_CHECK_TOPICS", "off", "COLIS_KAFKA_BROKERS", "kafka:9092"));
}
END_TEST

START_TEST(refuses_a_password_that_would_not_be_used)
{
    ck_assert(refused("COLIS_KAFKA_PASSWORD", "secret", NULL, NULL));
}
END_TEST

START_TEST(refuses_sasl_without_a_user)
{
    ck_assert(refused("COLIS_KAFKA_SECURITY", "sasl_ssl", "COLIS_KAFKA_PASSWORD", "secret"));
}
END_TEST

START_TEST(refuses_a_plain_password_on_an_open_network)
{
    const char *const far[] = {"COLIS_KAFKA_SECURITY",
                               "sasl_plaintext",
                               "COLIS_KAFKA_USER",
                               "u",
                               "COLIS_KAFKA_PASSWORD",
                               "p",
                               "COLIS_KAFKA_BROKERS",
                               "kafka:9092",
                               NULL};
    const char *const near[] = {"COLIS_KAFKA_SECURITY",
                                "sasl_plaintext",
                                "COLIS_KAFKA_USER",
                                "u",
                                "COLIS_KAFKA_PASSWORD",
                                "p",
                                "COLIS_KAFKA_BROKERS",
                                "127.0.0.1:9092",
                                NULL};
    ck_assert(kafka_configure_refused(far));
    ck_assert(!kafka_configure_refused(near));
}
END_TEST

START_TEST(refuses_an_unknown_kind_of_security)
{
    ck_assert(refused("COLIS_KAFKA_SECURITY", "none", NULL, NULL));
}
END_TEST

START_TEST(puts_the_namespace_before_a_topic)
{
    char text[256];
    kafka_topic("colis", "dead.projector", text);
    ck_assert_str_eq(text, "colis.dead.projector");
}
END_TEST

START_TEST(checking_topics_without_a_broker_says_away)
{
    static const char *const pairs[] = {"COLIS_KAFKA_BROKERS", "127.0.0.1:1", NULL};
    static const char *const topics[] = {"commands", NULL};
    kafka_configure(pairs);
    ck_assert_int_eq(kafka_check_topics("t", topics, 100), KAFKA_AWAY);
}
END_TEST

START_TEST(checking_an_unwritten_topic_is_a_bug)
{
    static const char *const topics[] = {"nothing", NULL};
    kafka_configure(NULL);
    ck_assert_int_eq(kafka_check_topics("t", topics, 100), ERROR_BUG);
}
END_TEST

TCase *kafka_settings_cases(void)
{
    TCase *cases = tcase_create("settings");
    tcase_add_test(cases, takes_the_defaults);
    tcase_add_test(cases, checks_topics_off_only_on_loopback);
    tcase_add_test(cases, refuses_a_password_that_would_not_be_used);
    tcase_add_test(cases, refuses_sasl_without_a_user);
    tcase_add_test(cases, refuses_a_plain_password_on_an_open_network);
    tcase_add_test(cases, refuses_an_unknown_kind_of_security);
    tcase_add_test(cases, puts_the_namespace_before_a_topic);
    tcase_add_test(cases, checking_topics_without_a_broker_says_away);
    tcase_add_test(cases, checking_an_unwritten_topic_is_a_bug);
    return cases;
}
