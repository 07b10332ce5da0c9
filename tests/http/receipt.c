/* SPDX-License-Identifier: Apache-2.0
 * Receipts and fingerprints: what is signed is found again, anything changed is not. */
#include "shared/http/receipt.h"

#include <string.h>

#include "tests/http/cases.h"

static const char *key_given;

static char *environment(const char *name)
{
    return strcmp(name, "COLIS_SERVER_KEY") == 0 ? (char *)key_given : NULL;
}

static struct receipt_keeper *keeper_new(const char *key)
{
    const struct setting *tables[] = {receipt_settings, NULL};
    char *arguments[] = {(char *)"test"};
    struct receipt_keeper *keeper = NULL;
    key_given = key;
    ck_assert_int_eq(settings_read(tables, 1, arguments, environment), 0);
    ck_assert_int_eq(receipt_keeper_new(&keeper), 0);
    return keeper;
}

static struct id command_id(void)
{
    struct id id;
    ck_assert_int_eq(id_parse(SPAN("5b90c0de-0000-8000-8000-000000000001"), &id), 0);
    return id;
}

static struct id person_id(void)
{
    struct id id;
    ck_assert_int_eq(id_parse(SPAN("11111111-1111-4111-8111-111111111111"), &id), 0);
    return id;
}

#define KEY "a server key of at least thirty-two bytes"

START_TEST(finds_in_a_receipt_what_was_signed)
{
    CLEANUP(receipt_keeper_free_cleanup) struct receipt_keeper *keeper = keeper_new(KEY);
    struct receipt receipt = {.command = command_id(),
                              .person = person_id(),
                              .accepted_ms = 1800000000123,
                              .fingerprint = "fingerprint 16"};
    struct receipt found = {.command = receipt.command, .person = receipt.person};
    char text[RECEIPT_TEXT];
    receipt_sign(keeper, &receipt, text);
    ck_assert_uint_eq(strlen(text), RECEIPT_TEXT - 1);
    ck_assert_int_eq(receipt_check(keeper, span_of(text), &found), 0);
    ck_assert_int_eq(found.accepted_ms, receipt.accepted_ms);
    ck_assert_mem_eq(found.fingerprint, receipt.fingerprint, 16);
}
END_TEST

START_TEST(refuses_a_receipt_with_any_character_changed_or_missing)
{
    CLEANUP(receipt_keeper_free_cleanup) struct receipt_keeper *keeper = keeper_new(KEY);
    struct receipt receipt = {.command = command_id(), .person = person_id(), .accepted_ms = 1};
    char text[RECEIPT_TEXT + 1] = "";
    receipt_sign(keeper, &receipt, text);
    for (size_t i = 0; i < RECEIPT_TEXT - 1; i++) {
        char kept = text[i];
        text[i] = kept == 'A' ? 'B' : 'A';
        ck_assert_int_eq(receipt_check(keeper, span_of(text), &receipt), RECEIPT_WRONG);
        text[i] = kept;
        ck_assert_int_eq(receipt_check(keeper, (struct span){text, i}, &receipt), RECEIPT_WRONG);
    }
    text[RECEIPT_TEXT - 1] = 'A';
    ck_assert_int_eq(receipt_check(keeper, span_of(text), &receipt), RECEIPT_WRONG);
}
END_TEST

START_TEST(refuses_the_receipt_of_another_command_person_or_server)
{
    CLEANUP(receipt_keeper_free_cleanup) struct receipt_keeper *keeper = keeper_new(KEY);
    CLEANUP(receipt_keeper_free_cleanup) struct receipt_keeper *other = keeper_new(KEY " and more");
    struct receipt receipt = {.command = command_id(), .person = person_id(), .accepted_ms = 1};
    struct receipt another = receipt, theirs = receipt;
    char text[RECEIPT_TEXT];
    another.command.text[35] = '2';
    theirs.person.text[35] = '2';
    receipt_sign(keeper, &receipt, text);
    ck_assert_int_eq(receipt_check(keeper, span_of(text), &another), RECEIPT_WRONG);
    ck_assert_int_eq(receipt_check(keeper, span_of(text), &theirs), RECEIPT_WRONG);
    ck_assert_int_eq(receipt_check(other, span_of(text), &receipt), RECEIPT_WRONG);
}
END_TEST

START_TEST(fingerprints_method_path_and_data_apart)
{
    CLEANUP(receipt_keeper_free_cleanup) struct receipt_keeper *keeper = keeper_new(KEY);
    const struct span parts[][3] = {
        {SPAN("POST"), SPAN("/v1/parcels"), SPAN("{}")},  {SPAN("PUT"), SPAN("/v1/parcels"), SPAN("{}")},
        {SPAN("POST"), SPAN("/v1/parcel"), SPAN("s{}")},  {SPAN("POST"), SPAN("/v1/parcels{}"), SPAN("")},
        {SPAN("POST"), SPAN("/v1/parcels"), SPAN("{ }")},
    };
    uint8_t prints[5][16], again[16];
    for (size_t i = 0; i < 5; i++) {
        receipt_fingerprint(keeper, parts[i][0], parts[i][1], parts[i][2], prints[i]);
        receipt_fingerprint(keeper, parts[i][0], parts[i][1], parts[i][2], again);
        ck_assert_mem_eq(prints[i], again, 16);
        for (size_t j = 0; j < i; j++)
            ck_assert_mem_ne(prints[i], prints[j], 16);
    }
}
END_TEST

START_TEST(will_not_start_without_a_key_of_32_bytes)
{
    const struct setting *tables[] = {receipt_settings, NULL};
    char *arguments[] = {(char *)"test"};
    static const char *const weak[] = {NULL, "", "0123456789012345678901234567890"};
    for (size_t i = 0; i < 3; i++) {
        key_given = weak[i];
        ck_assert_int_eq(settings_read(tables, 1, arguments, environment), ERROR_SETTINGS);
    }
}
END_TEST

TCase *receipt_cases(void)
{
    TCase *cases = tcase_create("receipt");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, finds_in_a_receipt_what_was_signed);
    tcase_add_test(cases, refuses_a_receipt_with_any_character_changed_or_missing);
    tcase_add_test(cases, refuses_the_receipt_of_another_command_person_or_server);
    tcase_add_test(cases, fingerprints_method_path_and_data_apart);
    tcase_add_test(cases, will_not_start_without_a_key_of_32_bytes);
    return cases;
}
