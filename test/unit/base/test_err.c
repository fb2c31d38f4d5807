/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/err.h"

static void fail_fills_everything(void **state)
{
    struct cmc_err e;

    (void)state;
    memset(&e, 0xff, sizeof e);
    assert_int_equal(cmc_fail(&e, CMC_E_INPUT, "RFC 10002 section 3", "bad %d", 7), CMC_E_INPUT);
    assert_int_equal(e.rc, CMC_E_INPUT);
    assert_int_equal(e.fail_info, CMC_FAIL_INFO_NONE);
    assert_false(e.has_body_part);
    assert_int_equal(e.body_part, 0);
    assert_string_equal(e.clause, "RFC 10002 section 3");
    assert_string_equal(e.text, "bad 7");
    assert_int_equal(cmc_fail(NULL, CMC_E_MEM, NULL, "x"), CMC_E_MEM);
}

static void fail_info_and_body_part(void **state)
{
    struct cmc_err e;

    (void)state;
    assert_int_equal(cmc_fail_info(&e, CMC_E_REFUSED, 5, NULL, "no"), CMC_E_REFUSED);
    cmc_err_body_part(&e, 4294967295u);
    assert_int_equal(e.fail_info, 5);
    assert_true(e.has_body_part);
    assert_int_equal(e.body_part, 4294967295u);
    cmc_err_body_part(NULL, 1);
}

static void a_long_text_is_cut(void **state)
{
    struct cmc_err e;
    char longer[2 * CMC_LIMIT_ERROR_TEXT];

    (void)state;
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    (void)cmc_fail(&e, CMC_E_INPUT, NULL, "%s", longer);
    assert_int_equal(strlen(e.text), CMC_LIMIT_ERROR_TEXT - 1);
    cmc_err_prefix(&e, "%s", "file");
    assert_int_equal(strlen(e.text), CMC_LIMIT_ERROR_TEXT - 1);
    assert_memory_equal(e.text, "file: xxx", 9);
}

static void prefix(void **state)
{
    struct cmc_err e;

    (void)state;
    (void)cmc_fail(&e, CMC_E_INPUT, NULL, "broken");
    cmc_err_prefix(&e, "line %d", 3);
    assert_string_equal(e.text, "line 3: broken");
    cmc_err_prefix(NULL, "x");
}

static void the_openssl_queue_is_drained(void **state)
{
    struct cmc_err e;

    (void)state;
    ERR_clear_error();
    assert_null(EVP_MD_fetch(NULL, "no-such-digest", NULL));
    assert_int_not_equal(ERR_peek_error(), 0);
    assert_int_equal(cmc_fail_openssl(&e, CMC_E_LOCAL, "digest"), CMC_E_LOCAL);
    assert_non_null(strstr(e.text, "digest (OpenSSL: "));
    assert_int_equal(ERR_peek_error(), 0);
}

/* What a key in a token says through OpenSSL is told, and that it is no end of it. */
static void raised_through_openssl(void **state)
{
    struct cmc_err e = {0};

    (void)state;
    ERR_clear_error();
    ERR_raise(ERR_LIB_EC, ERR_R_INTERNAL_ERROR);
    assert_false(cmc_openssl_retry(&e));
    assert_int_equal(ERR_peek_error(), 0);
    cmc_openssl_raise(true, "token 'x': is away");
    ERR_raise(ERR_LIB_EC, ERR_R_INTERNAL_ERROR);
    assert_int_equal(cmc_fail_openssl(&e, CMC_E_CRYPTO, "signing"), CMC_E_RETRY);
    assert_string_equal(e.text, "signing: token 'x': is away");
    assert_int_equal(e.rc, CMC_E_RETRY);
    cmc_openssl_raise(false, "token 'x': refuses");
    assert_int_equal(cmc_fail_openssl(&e, CMC_E_CRYPTO, "signing"), CMC_E_CRYPTO);
    assert_string_equal(e.text, "signing: token 'x': refuses");
    cmc_openssl_raise(true, "token 'x': is away");
    assert_true(cmc_openssl_retry(&e));
    assert_string_equal(e.text, "token 'x': is away");
    assert_int_equal(ERR_peek_error(), 0);
    cmc_openssl_raise(true, "nobody listens");
    assert_int_equal(cmc_fail_openssl(NULL, CMC_E_CRYPTO, "x"), CMC_E_RETRY);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(cmc_rc_name(CMC_OK), "CMC_OK");
    assert_string_equal(cmc_rc_name(CMC_E_BUG), "CMC_E_BUG");
    for (int rc = CMC_OK; rc <= CMC_E_BUG; rc++)
        assert_memory_equal(cmc_rc_name((enum cmc_rc)rc), "CMC_", 4);
    assert_string_equal(cmc_rc_name((enum cmc_rc)99), "CMC_E_?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_fills_everything),
        cmocka_unit_test(fail_info_and_body_part),
        cmocka_unit_test(a_long_text_is_cut),
        cmocka_unit_test(prefix),
        cmocka_unit_test(the_openssl_queue_is_drained),
        cmocka_unit_test(raised_through_openssl),
        cmocka_unit_test(names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
