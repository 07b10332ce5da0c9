/* SPDX-License-Identifier: Apache-2.0
 * shared/base/id.h: identities read, drawn and derived. The derived ones were computed by Python's hashlib:
 * should one of these texts ever have to change, every stored id of that kind is orphaned. */
#include "shared/base/id.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/cleanup.h"
#include "tests/base/cases.h"

#define PERSON "11111111-1111-4111-8111-111111111111"

static struct id id_from(const char *text)
{
    struct id id;
    ck_assert_int_eq(id_parse(span_of(text), &id), 0);
    return id;
}

START_TEST(reads_an_id_and_folds_its_case)
{
    struct id id = id_from("0123ABCD-ef45-6789-AbCd-EF0123456789");
    ck_assert_str_eq(id.text, "0123abcd-ef45-6789-abcd-ef0123456789");
}
END_TEST

START_TEST(refuses_an_id_with_a_wrong_digit)
{
    static const char good[] = PERSON;
    static const char wrong[] = "g-G@`/: \n\x01\xc3";
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (size_t which = 0; which < sizeof wrong; which++) {
            char bad[sizeof good];
            struct id id = {"kept"};
            memcpy(bad, good, sizeof good);
            if (bad[at] == wrong[which])
                continue;
            bad[at] = wrong[which];
            ck_assert_int_eq(id_parse((struct span){bad, sizeof good - 1}, &id), ID_MALFORMED);
            ck_assert_str_eq(id.text, "kept");
        }
    }
}
END_TEST

START_TEST(takes_at_each_place_what_may_stand_there_and_nothing_else)
{
    static const char right[] = "8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14";
    for (size_t at = 0; at < 36; at++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[37];
            struct id id;
            uint8_t bytes[16];
            memcpy(text, right, sizeof text);
            text[at] = (char)byte;
            bool hex = byte != 0 && strchr("0123456789abcdefABCDEF", byte) != NULL;
            bool fits = right[at] == '-' ? byte == '-' : hex;
            ck_assert_int_eq(id_parse((struct span){text, 36}, &id), fits ? 0 : ID_MALFORMED);
            if (!fits)
                continue;
            text[at] = (char)(byte >= 'A' && byte <= 'F' ? byte + 32 : byte);
            ck_assert_str_eq(id.text, text);
            id_to_bytes(&id, bytes);
            id_from_bytes(bytes, &id);
            ck_assert_str_eq(id.text, text);
        }
    }
}
END_TEST

START_TEST(refuses_an_id_of_another_shape)
{
    static const char *const texts[] = {"",
                                        "1",
                                        PERSON "1",
                                        " " PERSON,
                                        "{" PERSON "}",
                                        "urn:uuid:" PERSON,
                                        "11111111-1111-4111-8111-11111111111",
                                        "11111111111141118111111111111111",
                                        "111111111-111-4111-8111-111111111111",
                                        "11111111-1111-4111-811-1111111111111"};
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++) {
        struct id id;
        ck_assert_msg(id_parse(span_of(texts[at]), &id) == ID_MALFORMED, "%s", texts[at]);
    }
}
END_TEST

START_TEST(knows_the_same_id_and_none)
{
    struct id none = {""}, one = id_from(PERSON), same = one;
    struct id other = id_from("11111111-1111-4111-8111-111111111112");
    ck_assert(id_none(&none));
    ck_assert(!id_none(&one));
    ck_assert(id_same(&one, &same));
    ck_assert(!id_same(&one, &other));
    ck_assert(!id_same(&one, &none));
}
END_TEST

START_TEST(turns_into_bytes_and_back)
{
    static const uint8_t expected[16] = {0x01, 0x23, 0xab, 0xcd, 0xef, 0x45, 0x67, 0x89,
                                         0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89};
    struct id id = id_from("0123abcd-ef45-6789-abcd-ef0123456789"), back, none = {""};
    uint8_t bytes[16];
    id_to_bytes(&id, bytes);
    ck_assert(memcmp(bytes, expected, 16) == 0);
    id_from_bytes(bytes, &back);
    ck_assert(id_same(&id, &back));
    id_to_bytes(&none, bytes);
    id_from_bytes(bytes, &back);
    ck_assert_str_eq(back.text, "00000000-0000-0000-0000-000000000000");
}
END_TEST

START_TEST(draws_a_v7_that_begins_with_its_time)
{
    struct id id;
    id_v7(0x0123456789ab, &id);
    ck_assert_int_eq(strncmp(id.text, "01234567-89ab-7", 15), 0);
    ck_assert_ptr_nonnull(strchr("89ab", id.text[19]));
    struct id back = id_from(id.text);
    ck_assert(id_same(&id, &back));
}
END_TEST

START_TEST(sorts_v7_by_time)
{
    struct id earlier, later;
    for (int64_t ms = 1; ms < INT64_C(1) << 47; ms *= 3) {
        id_v7(ms - 1, &earlier);
        id_v7(ms, &later);
        ck_assert_int_lt(strcmp(earlier.text, later.text), 0);
    }
}
END_TEST

enum { EACH = 5000, THREADS = 4 };

static void *draw_ids(void *ret_ids)
{
    struct id *ids = ret_ids;
    for (size_t at = 0; at < EACH; at++)
        id_v7(1, &ids[at]);
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct id *)a)->text, ((const struct id *)b)->text);
}

START_TEST(never_draws_a_v7_twice_in_several_threads)
{
    CLEANUP(free_cleanup) struct id *ids = memory_new((size_t)EACH * THREADS, sizeof *ids);
    pthread_t threads[THREADS];
    for (size_t at = 0; at < THREADS; at++)
        ck_assert_int_eq(pthread_create(&threads[at], NULL, draw_ids, ids + at * EACH), 0);
    for (size_t at = 0; at < THREADS; at++)
        ck_assert_int_eq(pthread_join(threads[at], NULL), 0);
    qsort(ids, (size_t)EACH * THREADS, sizeof *ids, compare_ids);
    for (size_t at = 1; at < (size_t)EACH * THREADS; at++)
        ck_assert(!id_same(&ids[at - 1], &ids[at]));
}
END_TEST

START_TEST(derives_the_ids_it_derived_before)
{
    const struct id booking = {"8c1e0000-0000-8000-8000-000000000001"};
    struct id command, aggregate, fact, tenth, timer, fan_out, recipient;
    id_of_command(SPAN(PERSON), SPAN("7f3a"), &command);
    ck_assert_str_eq(command.text, "d163848c-f76d-8f14-9020-01daf0cf0f95");
    id_of_aggregate(&command, "parcel", &aggregate);
    ck_assert_str_eq(aggregate.text, "eaa4e2f7-25bf-85c0-a499-181bc9756db5");
    id_of_fact(&command, 0, &fact);
    ck_assert_str_eq(fact.text, "128791bf-ba74-89fe-bef5-0ba55dc4e585");
    id_of_fact(&command, 10, &tenth);
    ck_assert_str_eq(tenth.text, "54673f42-c548-849a-942f-51c2a7d2a6e1");
    id_of_timer("booking/" PERSON, "expiry", 7, 2, &timer);
    ck_assert_str_eq(timer.text, "aa76c779-154f-848e-9f44-cc6e3d9afa2a");
    id_of_fan_out(&fact, "b1", "booking.cancel.v1", &fan_out);
    ck_assert_str_eq(fan_out.text, "0f864983-e39e-8a73-945e-40cc733fdeed");
    id_of_recipient(&booking, 1, &recipient);
    ck_assert_str_eq(recipient.text, "71a1087c-9641-8333-a6fd-b4963186e04d");
    id_of_recipient(&booking, 12, &recipient);
    ck_assert_str_eq(recipient.text, "dacb70d6-7435-8a4d-8aec-f075f9244bbf");
}
END_TEST

START_TEST(tells_apart_parts_that_touch)
{
    const struct span one[] = {SPAN("ab"), SPAN("c")}, other[] = {SPAN("a"), SPAN("bc")};
    const struct span empty[] = {SPAN(""), {NULL, 0}};
    struct id ids[5];
    id_v8(one, 2, &ids[0]);
    id_v8(other, 2, &ids[1]);
    id_v8(empty, 0, &ids[2]);
    id_v8(empty, 1, &ids[3]);
    id_v8(empty, 2, &ids[4]);
    ck_assert(!id_same(&ids[0], &ids[1]));
    ck_assert_str_eq(ids[2].text, "e3b0c442-98fc-8c14-9afb-f4c8996fb924");
    ck_assert_str_eq(ids[3].text, "af5570f5-a181-8b7a-b78c-af4bc70a660f");
    ck_assert_str_eq(ids[4].text, "374708ff-f771-8dd5-979e-c875d56cd228");
}
END_TEST

START_TEST(gives_each_principal_and_each_key_its_own_command)
{
    struct id one, other_key, other_person, again;
    id_of_command(SPAN("person"), SPAN("key"), &one);
    id_of_command(SPAN("person"), SPAN("Key"), &other_key);
    id_of_command(SPAN("persoN"), SPAN("key"), &other_person);
    id_of_command(SPAN("person"), SPAN("key"), &again);
    ck_assert(!id_same(&one, &other_key));
    ck_assert(!id_same(&one, &other_person));
    ck_assert(id_same(&one, &again));
}
END_TEST

TCase *id_cases(void)
{
    TCase *cases = tcase_create("id");
    tcase_add_test(cases, reads_an_id_and_folds_its_case);
    tcase_add_test(cases, refuses_an_id_with_a_wrong_digit);
    tcase_add_test(cases, takes_at_each_place_what_may_stand_there_and_nothing_else);
    tcase_add_test(cases, refuses_an_id_of_another_shape);
    tcase_add_test(cases, knows_the_same_id_and_none);
    tcase_add_test(cases, turns_into_bytes_and_back);
    tcase_add_test(cases, draws_a_v7_that_begins_with_its_time);
    tcase_add_test(cases, sorts_v7_by_time);
    tcase_add_test(cases, never_draws_a_v7_twice_in_several_threads);
    tcase_add_test(cases, derives_the_ids_it_derived_before);
    tcase_add_test(cases, tells_apart_parts_that_touch);
    tcase_add_test(cases, gives_each_principal_and_each_key_its_own_command);
    return cases;
}
