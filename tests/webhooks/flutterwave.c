/* SPDX-License-Identifier: Apache-2.0
 * Every shape of a Flutterwave webhook: what is taken over, what is left out, and which events are the same.
 * The bodies are our own, with the members the provider documents. */
#include "producers/webhooks/flutterwave.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/crypto.h"
#include "tests/webhooks/cases.h"

#define PERSON "\"customer\":{\"id\":7,\"name\":\"Awa Ndiaye\",\"email\":\"awa@example.org\",\"phone\":null}"

static const char v4_charge[] =
    "{\"webhook_id\":\"wbk_a1\",\"timestamp\":1735116884019,\"type\":\"charge.completed\",\"data\":{"
    "\"id\":\"chg_1\",\"amount\":2500.250,\"currency\":\"XOF\",\"reference\":\"bk-1\",\"status\":"
    "\"succeeded\","
    "\"description\":null,\"created_datetime\":1735116842.116," PERSON "}}";
static const char v3_charge[] =
    "{\"event\":\"charge.completed\",\"data\":{\"id\":285959875,\"tx_ref\":\"bk-1\",\"flw_ref\":\"F/1\","
    "\"amount\":100,\"currency\":\"NGN\",\"charged_amount\":100,\"app_fee\":1.4,\"status\":\"successful\","
    "\"created_at\":\"2020-07-06T19:17:04.000Z\"," PERSON ",\"card\":{\"last_4digits\":\"2950\"}}}";
static const char flat_charge[] =
    "{\"id\":285959875,\"txRef\":\"bk-1\",\"flwRef\":\"F/1\",\"createdAt\":\"2020-07-06T19:17:04.000Z\","
    "\"amount\":100,\"status\":\"successful\",\"IP\":\"10.0.0.1\",\"currency\":\"NGN\"," PERSON
    ",\"entity\":{\"card_last4\":\"2950\"},\"event.type\":\"CARD_TRANSACTION\"}";
static const char v3_transfer[] =
    "{\"event\":\"transfer.completed\",\"event.type\":\"Transfer\",\"data\":{\"id\":33286,"
    "\"account_number\":\"0690000033\",\"fullname\":\"Awa Ndiaye\",\"currency\":\"NGN\",\"amount\":30020,"
    "\"fee\":26.875,\"status\":\"FAILED\",\"reference\":\"po-1\",\"meta\":null,\"approver\":null,"
    "\"created_at\":\"not a time\"}}";
static const char v4_transfer[] =
    "{\"id\":\"wbk_a2\",\"timestamp\":1735116884,\"type\":\"transfer.disburse\",\"data\":{\"id\":\"trf_1\","
    "\"source_currency\":\"XOF\",\"destination_currency\":\"XOF\",\"amount\":\"1000\",\"reference\":\"po-1\","
    "\"status\":\"SUCCESSFUL\",\"bank\":{\"account_number\":\"1\"}}}";
static const char flat_refund[] =
    "{\"id\":75923,\"AmountRefunded\":50.5,\"status\":\"pending-momo\",\"FlwRef\":\"F/"
    "1\",\"destination\":null,"
    "\"comments\":\"to Awa\",\"meta\":\"{\\\"a\\\":1}\",\"createdAt\":\"2021-01-25T11:00:00.000Z\","
    "\"deletedAt\":null,\"walletId\":1,\"AccountId\":2,\"TransactionId\":3756420}";
static const char v4_chargeback[] = "{\"type\":\"chargeback.opened\",\"id\":\"wbk_a3\",\"data\":{"
                                    "\"id\":\"chb_1\",\"charge_id\":\"chg_1\",\"status\":\"won\"}}";

static struct flutterwave_report read(const char *body)
{
    struct flutterwave_report report;
    flutterwave_read(span_of(body), &report);
    return report;
}

/* The command without its digest, which is that of the body. */
static void check_says(const char *body, const char *wanted)
{
    struct flutterwave_report report = read(body);
    CLEANUP(buf_done) struct buf text = {0};
    uint8_t digest[32];
    char hex[65];
    crypto_sha256(body, strlen(body), digest);
    crypto_hex(digest, 32, hex);
    ck_assert_str_eq(report.data.digest, hex);
    codec_encode(&report_record_v1_schema, &report.data, CODEC_ALL, &text);
    char *end = strstr(text.data, ",\"digest\":");
    ck_assert_ptr_nonnull(end);
    strcpy(end, "}");
    ck_assert_str_eq(text.data, wanted);
}

START_TEST(reads_a_charge_of_version_4)
{
    check_says(v4_charge,
               "{\"provider\":\"flutterwave\",\"event_kind\":\"charge\",\"event\":\"charge.completed\","
               "\"provider_id\":\"chg_1\",\"reference\":\"bk-1\",\"status\":\"succeeded\","
               "\"amount\":\"2500.250\",\"currency\":\"XOF\","
               "\"occurred_at\":\"2024-12-25T08:54:44.019Z\"}");
    struct flutterwave_report report = read(v4_charge);
    ck_assert(report.has_sent);
    ck_assert_int_eq(report.sent_ms, 1735116884019);
}
END_TEST

START_TEST(reads_a_charge_of_version_3)
{
    check_says(v3_charge,
               "{\"provider\":\"flutterwave\",\"event_kind\":\"charge\",\"event\":\"charge.completed\","
               "\"provider_id\":\"285959875\",\"reference\":\"bk-1\",\"status\":\"successful\","
               "\"amount\":\"100\",\"currency\":\"NGN\",\"occurred_at\":\"2020-07-06T19:17:04Z\"}");
    ck_assert(!read(v3_charge).has_sent);
}
END_TEST

START_TEST(reads_a_charge_of_the_flat_shape)
{
    check_says(flat_charge,
               "{\"provider\":\"flutterwave\",\"event_kind\":\"charge\",\"event\":\"CARD_TRANSACTION\","
               "\"provider_id\":\"285959875\",\"reference\":\"bk-1\",\"status\":\"successful\","
               "\"amount\":\"100\",\"currency\":\"NGN\",\"occurred_at\":\"2020-07-06T19:17:04Z\"}");
}
END_TEST

START_TEST(reads_transfers_of_both_versions)
{
    check_says(v3_transfer,
               "{\"provider\":\"flutterwave\",\"event_kind\":\"transfer\",\"event\":\"transfer.completed\","
               "\"provider_id\":\"33286\",\"reference\":\"po-1\",\"status\":\"FAILED\",\"amount\":\"30020\","
               "\"currency\":\"NGN\"}");
    check_says(
        v4_transfer,
        "{\"provider\":\"flutterwave\",\"event_kind\":\"transfer\",\"event\":\"transfer.disburse\","
        "\"provider_id\":\"trf_1\",\"reference\":\"po-1\",\"status\":\"SUCCESSFUL\",\"amount\":\"1000\","
        "\"currency\":\"XOF\",\"occurred_at\":\"2024-12-25T08:54:44Z\"}");
}
END_TEST

START_TEST(reads_refunds_and_chargebacks)
{
    check_says(flat_refund,
               "{\"provider\":\"flutterwave\",\"event_kind\":\"refund\",\"provider_id\":\"75923\","
               "\"charge_id\":\"3756420\",\"status\":\"pending-momo\",\"amount\":\"50.5\","
               "\"occurred_at\":\"2021-01-25T11:00:00Z\"}");
    check_says(v4_chargeback,
               "{\"provider\":\"flutterwave\",\"event_kind\":\"chargeback\","
               "\"event\":\"chargeback.opened\",\"provider_id\":\"chb_1\",\"charge_id\":\"chg_1\","
               "\"status\":\"won\"}");
}
END_TEST

START_TEST(reads_refunds_and_chargebacks_in_an_envelope)
{
    check_says(
        "{\"type\":\"refund.completed\",\"data\":{\"id\":\"rfd_1\",\"amount_refunded\":12.50,"
        "\"charge_id\":\"chg_1\",\"currency\":\"EUR\",\"status\":\"completed\"}}",
        "{\"provider\":\"flutterwave\",\"event_kind\":\"refund\",\"event\":\"refund.completed\","
        "\"provider_id\":\"rfd_1\",\"charge_id\":\"chg_1\",\"status\":\"completed\",\"amount\":\"12.50\","
        "\"currency\":\"EUR\"}");
    check_says("{\"event\":\"chargeback.won\",\"data\":{\"id\":9,\"transaction_id\":7,\"tx_ref\":\"bk-1\","
               "\"amount\":1000,\"currency\":\"XOF\",\"status\":\"won\"}}",
               "{\"provider\":\"flutterwave\",\"event_kind\":\"chargeback\",\"event\":\"chargeback.won\","
               "\"provider_id\":\"9\",\"reference\":\"bk-1\",\"charge_id\":\"7\",\"status\":\"won\","
               "\"amount\":\"1000\",\"currency\":\"XOF\"}");
}
END_TEST

START_TEST(of_a_chargeback_that_names_nothing_else_the_provider_s_reference_is_kept)
{
    check_says("{\"event\":\"chargeback.lost\",\"data\":{\"id\":9,\"flw_ref\":\"FLW-5\"}}",
               "{\"provider\":\"flutterwave\",\"event_kind\":\"chargeback\",\"event\":\"chargeback.lost\","
               "\"provider_id\":\"9\",\"reference\":\"FLW-5\"}");
    check_says(
        "{\"event\":\"chargeback.lost\",\"data\":{\"id\":9,\"flw_ref\":\"FLW-5\",\"transaction_id\":7}}",
        "{\"provider\":\"flutterwave\",\"event_kind\":\"chargeback\",\"event\":\"chargeback.lost\","
        "\"provider_id\":\"9\",\"charge_id\":\"7\"}");
    check_says("{\"event\":\"transfer.completed\",\"data\":{\"id\":9,\"flw_ref\":\"FLW-5\"}}",
               "{\"provider\":\"flutterwave\",\"event_kind\":\"transfer\",\"event\":\"transfer.completed\","
               "\"provider_id\":\"9\"}");
}
END_TEST

START_TEST(keeps_an_event_it_has_no_row_for)
{
    check_says(
        "{\"event\":\"subscription.cancelled\",\"data\":{\"id\":4147,\"amount\":1e3,\"status\":\"x\"}}",
        "{\"provider\":\"flutterwave\",\"event_kind\":\"unknown\",\"event\":\"subscription.cancelled\","
        "\"provider_id\":\"4147\",\"status\":\"x\",\"amount\":\"1e3\"}");
    check_says("{\"type\":\"chargebacks\",\"data\":{}}",
               "{\"provider\":\"flutterwave\",\"event_kind\":\"unknown\",\"event\":\"chargebacks\"}");
}
END_TEST

static const char *const shapeless[] = {
    "{}",
    "[]",
    "null",
    "\"charge.completed\"",
    "{\"event\":\"charge.completed\"}",
    "{\"event\":\"charge.completed\",\"data\":[]}",
    "{\"event\":null,\"data\":{}}",
    "{\"event\":\"charge.completed\",\"data\":{\"amount\":\"a lot\"}}",
    "{\"event\":\"charge.completed\",\"data\":{\"status\":5}}",
    "{\"id\":1,\"status\":\"successful\"}",
};

START_TEST(keeps_json_of_no_shape_it_knows_by_its_digest)
{
    struct flutterwave_report first = read(shapeless[_i]), again = read(shapeless[_i]), other;
    ck_assert_int_eq(first.data.event_kind, REPORT_KIND_UNKNOWN);
    ck_assert(!first.data.has_provider_id && !first.data.has_amount && !first.data.has_status);
    ck_assert_str_eq(first.command.text, again.command.text);
    other = read(shapeless[(_i + 1) % (int)(sizeof shapeless / sizeof *shapeless)]);
    ck_assert_str_ne(first.command.text, other.command.text);
}
END_TEST

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }
static const struct span broken[] = {
    BYTES(""),
    BYTES("x"),
    BYTES("{"),
    BYTES("status=successful&tx_ref=bk-1"),
    BYTES("{\"event\":\"charge.completed\",\"data\":{}"),
    BYTES("{\"event\":\"charge.completed\",\"data\":{}}{}"),
    BYTES("{\"event\":\"charge.completed\",\"event\":\"x\",\"data\":{}}"),
    BYTES("{\"event\":\"\xff\",\"data\":{}}"),
    BYTES("\0\0"),
};

START_TEST(keeps_what_is_no_json_by_its_digest)
{
    struct flutterwave_report report, other;
    flutterwave_read(broken[_i], &report);
    ck_assert_int_eq(report.data.event_kind, REPORT_KIND_UNREADABLE);
    ck_assert(!report.data.has_event && !report.has_sent);
    flutterwave_read(SPAN("{x"), &other);
    ck_assert_str_ne(report.command.text, other.command.text);
}
END_TEST

START_TEST(leaves_out_what_does_not_fit_and_keeps_the_rest)
{
    CLEANUP(buf_done) struct buf body = {0};
    buf_text(&body, "{\"event\":\"charge.completed\",\"data\":{\"id\":1,\"tx_ref\":\"");
    for (int i = 0; i < 65; i++)
        buf_text(&body, "\xc3\xa9");
    buf_text(&body,
             "\",\"status\":\"two words\",\"currency\":\"naira\",\"created_at\":\"2020-13-01T00:00:00Z\"}}");
    check_says(body.data,
               "{\"provider\":\"flutterwave\",\"event_kind\":\"charge\",\"event\":\"charge.completed\","
               "\"provider_id\":\"1\",\"status\":\"two words\"}");
    check_says(
        "{\"event\":\"a b\",\"data\":{\"tx_ref\":\"\",\"reference\":\"\xc3\xa9t\xc3\xa9\",\"id\":\"12\"}}",
        "{\"provider\":\"flutterwave\",\"event_kind\":\"unknown\",\"provider_id\":\"12\","
        "\"reference\":\"\xc3\xa9t\xc3\xa9\"}");
}
END_TEST

START_TEST(takes_over_nothing_of_a_person)
{
    static const char *const bodies[] = {v4_charge,   v3_charge,   flat_charge,  v3_transfer,
                                         v4_transfer, flat_refund, v4_chargeback};
    static const char *const words[] = {"Awa", "example.org", "2950", "0690000033", "10.0.0.1"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        CLEANUP(buf_done) struct buf text = {0};
        struct flutterwave_report report = read(bodies[i]);
        codec_encode(&report_record_v1_schema, &report.data, CODEC_ALL, &text);
        for (size_t word = 0; word < sizeof words / sizeof *words; word++)
            ck_assert_ptr_null(strstr(text.data, words[word]));
    }
}
END_TEST

static bool same(const char *a, const char *b)
{
    struct flutterwave_report one = read(a), other = read(b);
    ck_assert(id_same(&one.command, &other.command) == id_same(&one.subject, &other.subject));
    return id_same(&one.command, &other.command);
}

START_TEST(names_the_same_event_alike_in_every_copy)
{
    /* white space, order and members we do not read */
    ck_assert(same(
        "{\"event\":\"charge.completed\",\"data\":{\"id\":1,\"status\":\"successful\"}}",
        "{\"data\": {\"status\": \"successful\", \"id\": 1, \"x\": 2}, \"event\": \"charge.completed\"}"));
    /* a flat charge is the envelope's charge.completed */
    ck_assert(same(v3_charge, flat_charge));
    /* both spellings of v4's id */
    ck_assert(same("{\"type\":\"x\",\"id\":\"wbk_1\",\"data\":{\"id\":\"chg_1\"}}",
                   "{\"type\":\"x\",\"webhook_id\":\"wbk_1\",\"data\":{\"id\":\"chg_1\"}}"));
}
END_TEST

/* Each differs from v4_charge in one id. */
static const char v4_other_charge[] = "{\"type\":\"charge.completed\",\"id\":\"wbk_a1\","
                                      "\"data\":{\"id\":\"chg_2\",\"status\":\"succeeded\"}}";
static const char v4_other_hook[] = "{\"type\":\"charge.completed\",\"id\":\"wbk_b1\","
                                    "\"data\":{\"id\":\"chg_1\",\"status\":\"succeeded\"}}";

START_TEST(names_different_events_differently)
{
    static const char *const events[] = {
        v4_charge,
        v3_charge,
        v3_transfer,
        v4_transfer,
        flat_refund,
        v4_chargeback,
        "{\"event\":\"charge.completed\",\"data\":{\"id\":285959875,\"status\":\"pending\"}}",
        "{\"event\":\"transfer.completed\",\"data\":{\"id\":285959875,\"status\":\"successful\"}}",
        "{\"event\":\"charge.completed\",\"data\":{\"id\":28595987,\"status\":\"5successful\"}}",
        v4_other_charge,
        v4_other_hook,
        "{\"type\":\"charge.completed\",\"data\":{\"status\":\"succeeded\"}}",
        "{\"type\":\"charge.completed\",\"data\":{\"status\":\"succeeded\",\"amount\":1}}",
        "{\"TransactionId\":3756420,\"id\":75923,\"status\":\"completed\"}",
    };
    const size_t count = sizeof events / sizeof *events;
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < a; b++)
            ck_assert_msg(!same(events[a], events[b]), "%s\n%s", events[a], events[b]);
}
END_TEST

/* Computed by hand: UUIDv8 of SHA-256 over length-prefixed parts. */
START_TEST(keeps_the_ids_it_gave_out_for_ever)
{
    ck_assert_str_eq(read(v4_charge).command.text, "f59551eb-47a8-85a9-98ec-eec742fd9ba0");
    ck_assert_str_eq(read(v4_charge).subject.text, "c4d2ddad-4347-89c9-8fa3-0130080e6770");
    ck_assert_str_eq(read(v3_charge).command.text, "0f934774-9ae7-8a62-81b0-724bcc3712f3");
    ck_assert_str_eq(read("").command.text, "759e3aaf-eb35-8e3c-9a9a-1abd8d71c2e9");
}
END_TEST

START_TEST(reads_the_time_a_hook_was_made_in_whatever_unit)
{
    static const struct {
        const char *timestamp;
        int64_t wanted; /* -1: not said */
    } rows[] = {{"1735116884019", 1735116884019},
                {"1735116884", 1735116884000},
                {"\"1735116884019\"", 1735116884019},
                {"1735116884.5", 1735116884000},
                {"-1735116884019", -1},
                {"1.7e12", -1},
                {"null", -1},
                {"0", 0},
                {"12345678901234567890", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP(buf_done) struct buf body = {0};
        buf_format(&body, "{\"type\":\"x\",\"data\":{},\"timestamp\":%s}", rows[i].timestamp);
        struct flutterwave_report report = read(body.data);
        ck_assert_msg(report.has_sent == (rows[i].wanted >= 0), "%s", rows[i].timestamp);
        ck_assert_msg(!report.has_sent || report.sent_ms == rows[i].wanted, "%s", rows[i].timestamp);
    }
    struct flutterwave_report far = read("{\"type\":\"x\",\"data\":{},\"timestamp\":253402300800000}");
    ck_assert(far.has_sent && !far.data.has_occurred_at);
}
END_TEST

TCase *flutterwave_cases(void)
{
    TCase *cases = tcase_create("flutterwave");
    tcase_add_test(cases, reads_a_charge_of_version_4);
    tcase_add_test(cases, reads_a_charge_of_version_3);
    tcase_add_test(cases, reads_a_charge_of_the_flat_shape);
    tcase_add_test(cases, reads_transfers_of_both_versions);
    tcase_add_test(cases, reads_refunds_and_chargebacks);
    tcase_add_test(cases, reads_refunds_and_chargebacks_in_an_envelope);
    tcase_add_test(cases, of_a_chargeback_that_names_nothing_else_the_provider_s_reference_is_kept);
    tcase_add_test(cases, keeps_an_event_it_has_no_row_for);
    tcase_add_loop_test(cases, keeps_json_of_no_shape_it_knows_by_its_digest, 0,
                        (int)(sizeof shapeless / sizeof *shapeless));
    tcase_add_loop_test(cases, keeps_what_is_no_json_by_its_digest, 0, (int)(sizeof broken / sizeof *broken));
    tcase_add_test(cases, leaves_out_what_does_not_fit_and_keeps_the_rest);
    tcase_add_test(cases, takes_over_nothing_of_a_person);
    tcase_add_test(cases, names_the_same_event_alike_in_every_copy);
    tcase_add_test(cases, names_different_events_differently);
    tcase_add_test(cases, keeps_the_ids_it_gave_out_for_ever);
    tcase_add_test(cases, reads_the_time_a_hook_was_made_in_whatever_unit);
    return cases;
}
