/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"

static void parses(void **state)
{
    unsigned int roles = 99;

    (void)state;
    assert_int_equal(cmc_roles_parse("enroll", &roles, NULL), CMC_OK);
    assert_int_equal(roles, CMC_ROLE_ENROLL);
    assert_int_equal(cmc_roles_parse("revoke,enroll", &roles, NULL), CMC_OK);
    assert_int_equal(roles, CMC_ROLE_ENROLL | CMC_ROLE_REVOKE);
    assert_int_equal(cmc_roles_parse("revoke,revoke", &roles, NULL), CMC_OK);
    assert_int_equal(roles, CMC_ROLE_REVOKE);
    assert_int_equal(cmc_roles_parse("ra,enroll", &roles, NULL), CMC_OK);
    assert_int_equal(roles, CMC_ROLE_ENROLL | CMC_ROLE_RA);
    assert_int_equal(cmc_roles_parse("admin,audit", &roles, NULL), CMC_OK);
    assert_int_equal(roles, CMC_ROLE_ADMIN | CMC_ROLE_AUDIT);
}

static void refuses_and_names_the_role(void **state)
{
    static const struct {
        const char *text, *named;
    } bad[] = {
        {"", "\"\""},
        {"enroll,", "\"\""},
        {",enroll", "\"\""},
        {"Enroll", "\"Enroll\""},
        {"enrol,revoke", "\"enrol\""},
        {"enroll,root", "\"root\""},
        {"enroll revoke", "\"enroll revoke\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        unsigned int roles = 99;
        struct cmc_err err;

        assert_int_equal(cmc_roles_parse(bad[i].text, &roles, &err), CMC_E_USAGE);
        assert_non_null(strstr(err.text, bad[i].named));
        assert_int_equal(roles, 99);
    }
}

static void prints(void **state)
{
    char buf[32], small[9], all[CMC_ROLES_TEXT_SIZE];

    (void)state;
    assert_string_equal(cmc_roles_text(CMC_ROLE_ENROLL | CMC_ROLE_REVOKE, buf, sizeof buf),
                        "enroll,revoke");
    assert_string_equal(cmc_roles_text(CMC_ROLE_REVOKE, buf, sizeof buf), "revoke");
    assert_string_equal(cmc_roles_text(0, buf, sizeof buf), "none");
    assert_string_equal(cmc_roles_text(7, buf, sizeof buf), "enroll,revoke,ra");
    assert_string_equal(cmc_roles_text(3, small, sizeof small), "enroll,r");
    assert_string_equal(cmc_roles_text(63, all, sizeof all),
                        "enroll,revoke,ra,approve,audit,admin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses_and_names_the_role),
        cmocka_unit_test(prints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
