/* SPDX-License-Identifier: Apache-2.0
 * A fact's data through BSON and back: the same JSON, whatever its names look like. Needs no server. */
#include <stdlib.h>
#include <string.h>

#include "shared/links/mongo_inside.h"
#include "tests/links/mongo_cases.h"

static void expect_same(const char *json)
{
    bson_t outer = BSON_INITIALIZER, data;
    bson_iter_t item;
    CLEANUP(buf_done) struct buf back = {0};
    BSON_APPEND_DOCUMENT_BEGIN(&outer, "data", &data);
    ck_assert_msg(mongo_bson_of(span_of(json), &data) == 0, "%s", json);
    bson_append_document_end(&outer, &data);
    ck_assert(bson_validate(&outer, BSON_VALIDATE_UTF8, NULL));
    ck_assert(bson_iter_init_find(&item, &outer, "data"));
    mongo_json_of(&item, &back);
    ck_assert_str_eq(back.data, json);
    bson_destroy(&outer);
}

START_TEST(json_comes_back_as_it_was)
{
    expect_same("{}");
    expect_same("{\"a\":1,\"b\":-9007199254740991,\"c\":true,\"d\":false,\"e\":\"caf\xc3\xa9\"}");
    expect_same("{\"a\":{\"b\":{\"c\":{}}},\"d\":[],\"e\":[1,[2,{\"f\":[3]}],\"g\"],\"h\":null}");
    expect_same("{\"quote\":\"a\\\"b\\\\c\\n\",\"caf\xc3\xa9\":\"\xf0\x9f\x93\xa6\"}");
    expect_same("{\"n\":0.5}");
}
END_TEST

START_TEST(names_have_no_meaning_of_their_own)
{
    expect_same(
        "{\"at\":{\"$date\":\"2026-11-22T10:00:00Z\"},\"id\":{\"$oid\":\"5b9000000000000000000000\"}}");
    expect_same("{\"$numberLong\":\"7\",\"a.b\":1}");
}
END_TEST

START_TEST(escapes_are_decoded_once)
{
    bson_t data = BSON_INITIALIZER;
    bson_iter_t item;
    ck_assert_int_eq(mongo_bson_of(SPAN("{\"n\\u0061me\":\"\\u00e9\\u0000x\"}"), &data), 0);
    ck_assert(bson_iter_init_find(&item, &data, "name"));
    uint32_t size = 0;
    const char *text = bson_iter_utf8(&item, &size);
    ck_assert_uint_eq(size, 4);
    ck_assert_mem_eq(text, "\xc3\xa9\0x", 4);
    bson_destroy(&data);
}
END_TEST

START_TEST(what_is_no_object_is_told)
{
    static const char *const wrong[] = {"",
                                        "[]",
                                        "1",
                                        "{\"a\":1",
                                        "{\"a\":1}x",
                                        "{\"a\":1e999}",
                                        "{\"a\":[1,}",
                                        "{\"a\":[{\"b\":[\"\\ud800\"]}]}"};
    for (size_t at = 0; at < sizeof(wrong) / sizeof(wrong[0]); at++) {
        bson_t data = BSON_INITIALIZER;
        ck_assert_msg(mongo_bson_of(span_of(wrong[at]), &data) == MONGO_NOT_JSON, "%s", wrong[at]);
        bson_destroy(&data);
    }
}
END_TEST

START_TEST(depth_has_a_bound)
{
    char deep[200];
    bson_t data = BSON_INITIALIZER;
    memset(deep, '[', sizeof(deep));
    memcpy(deep, "{\"a\":", 5);
    ck_assert_int_eq(mongo_bson_of((struct span){deep, sizeof(deep)}, &data), MONGO_NOT_JSON);
    bson_destroy(&data);
}
END_TEST

TCase *json_cases(void)
{
    TCase *cases = tcase_create("json");
    tcase_add_test(cases, json_comes_back_as_it_was);
    tcase_add_test(cases, names_have_no_meaning_of_their_own);
    tcase_add_test(cases, escapes_are_decoded_once);
    tcase_add_test(cases, what_is_no_object_is_told);
    tcase_add_test(cases, depth_has_a_bound);
    return cases;
}
