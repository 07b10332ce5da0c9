/* SPDX-License-Identifier: Apache-2.0
 * shared/base/host.h: which hosts are this machine's own. */
#include "shared/base/host.h"
#include "tests/base/cases.h"

START_TEST(only_this_machine_is_loopback)
{
    static const char *const here[] = {"localhost", "127.0.0.1", "127.255.3.4", "::1", "[::1]"};
    static const char *const elsewhere[] = {"",         "127.example.org", "127.1", "localhost.example.org",
                                            "10.0.0.1", "128.0.0.1",       "::",    "::ffff:127.0.0.1"};

    for (size_t at = 0; at < sizeof here / sizeof here[0]; at++)
        ck_assert_msg(host_is_loopback(here[at]), "%s", here[at]);
    for (size_t at = 0; at < sizeof elsewhere / sizeof elsewhere[0]; at++)
        ck_assert_msg(!host_is_loopback(elsewhere[at]), "%s", elsewhere[at]);
}
END_TEST

TCase *host_cases(void)
{
    TCase *cases = tcase_create("host");
    tcase_add_test(cases, only_this_machine_is_loopback);
    return cases;
}
