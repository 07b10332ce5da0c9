/* SPDX-License-Identifier: Apache-2.0
 * Problem bodies: valid JSON by our own scanner, each with its status, and pointers of wrong fields. */
#include "shared/http/problem.h"

#include <stdio.h>
#include <string.h>

#include "schemas/json.h"
#include "shared/base/cleanup.h"
#include "tests/http/cases.h"

static void is_json(const struct buf *body)
{
    size_t at = 0;
    const char *reason = "";
    ck_assert_msg(scan_check(buf_as_span(body), &at, &reason) == 0, "%s at %zu: %s", reason, at, body->data);
}

START_TEST(writes_every_problem_with_type_title_and_status)
{
    for (int problem = PROBLEM_BAD_REQUEST; problem <= PROBLEM_VERSION; problem++) {
        CLEANUP(buf_done) struct buf body = {0};
        char status[32];
        problem_body((enum problem)problem, "a \"detail\"\n", NULL, &body);
        is_json(&body);
        snprintf(status, sizeof(status), "\"status\":%d", problem_status((enum problem)problem));
        ck_assert_int_ge(problem_status((enum problem)problem), 400);
        ck_assert_ptr_nonnull(strstr(body.data, status));
        ck_assert_ptr_nonnull(strstr(body.data, "\"title\":\""));
        ck_assert_ptr_nonnull(strstr(body.data, "\"detail\":\"a \\\"detail\\\"\\n\""));
        ck_assert_ptr_nonnull(strstr(body.data, "{\"type\":\"/problems/"));
    }
}
END_TEST

START_TEST(names_every_wrong_field_by_its_pointer)
{
    CLEANUP(buf_done) struct buf body = {0};
    struct codec_errors errors = {.count = 2};
    strcpy(errors.items[0].pointer, "/recipient/phone");
    errors.items[0].reason = "is required";
    strcpy(errors.items[1].pointer, "/a~1b\"");
    errors.items[1].reason = "is not known";
    problem_body(PROBLEM_INVALID, NULL, &errors, &body);
    is_json(&body);
    ck_assert_ptr_nonnull(strstr(body.data,
                                 "\"errors\":[{\"pointer\":\"/recipient/phone\",\"detail\":\"is required\"},"
                                 "{\"pointer\":\"/a~1b\\\"\",\"detail\":\"is not known\"}]}"));
    ck_assert_ptr_null(strstr(body.data, "\"detail\":null"));
}
END_TEST

TCase *problem_cases(void)
{
    TCase *cases = tcase_create("problem");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, writes_every_problem_with_type_title_and_status);
    tcase_add_test(cases, names_every_wrong_field_by_its_pointer);
    return cases;
}
