/* SPDX-License-Identifier: Apache-2.0 */
/* The context: its error record, names, and messages as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/lib_int.h"

static int setup(void **state)
{
    return cmcl_context_new((struct cmcl_context **)state) == CMCL_OK ? 0 : 1;
}

static int teardown(void **state)
{
    cmcl_context_free(*state);
    return 0;
}

static void names_are_those_of_the_rfc(void **state)
{
    (void)state;
    assert_string_equal(cmcl_version(), CMC_VERSION);
    assert_string_equal(cmcl_status_name(CMCL_STATUS_FAILED), "failed");
    assert_string_equal(cmcl_status_name(CMCL_STATUS_PARTIAL), "partial");
    assert_string_equal(cmcl_fail_info_name(CMCL_FAIL_BAD_IDENTITY), "badIdentity");
    assert_string_equal(cmcl_fail_info_name(CMCL_FAIL_NONE), "none");
    assert_string_equal(cmcl_fail_info_name(77), "unknown");
    assert_string_equal(cmcl_rc_name(CMCL_E_RETRY), "CMC_E_RETRY");
}

static void a_new_context_has_no_error(void **state)
{
    struct cmcl_context *ctx = *state;
    uint32_t id = 7;

    assert_string_equal(cmcl_error_text(ctx), "");
    assert_int_equal(cmcl_error_fail_info(ctx), CMCL_FAIL_NONE);
    assert_null(cmcl_error_clause(ctx));
    assert_int_equal(cmcl_error_body_part(ctx, &id), 0);
    assert_int_equal(id, 7);
}

static void an_error_says_what_and_which_rule(void **state)
{
    struct cmcl_context *ctx = *state;
    uint32_t id = 0;

    (void)cmc_fail_info(&ctx->err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10002 section 6.1",
                        "no such thing");
    cmc_err_body_part(&ctx->err, 12);
    assert_string_equal(cmcl_error_text(ctx), "no such thing");
    assert_int_equal(cmcl_error_fail_info(ctx), CMCL_FAIL_BAD_ALG);
    assert_string_equal(cmcl_error_clause(ctx), "RFC 10002 section 6.1");
    assert_int_equal(cmcl_error_body_part(ctx, &id), 1);
    assert_int_equal(id, 12);
}

static void what_is_no_message_is_not_shown(void **state)
{
    struct cmcl_context *ctx = *state;
    char *text = (char *)ctx;

    assert_int_equal(cmcl_show_get1(ctx, "\x30\x03\x02\x01\x05", 5, &text), CMCL_E_INPUT);
    assert_null(text);
    assert_non_null(strstr(cmcl_error_text(ctx), "no message"));
    assert_int_equal(cmcl_show_get1(ctx, NULL, 0, &text), CMCL_E_INPUT);
    assert_int_equal(cmcl_show_get1(ctx, "-----BEGIN X-----\n!", 19, &text), CMCL_E_INPUT);
}

static void a_request_is_shown_and_written_as_pem(void **state)
{
    struct cmcl_context *ctx = *state;
    struct cmcl_key *key;
    struct cmcl_csr *csr;
    const uint8_t *der;
    char *text, *pem;
    size_t n;

    assert_int_equal(cmcl_key_generate(ctx, "ed25519", &key), CMCL_OK);
    assert_int_equal(cmcl_csr_new(key, CMCL_PKCS10, "O=Shown", NULL, 0, &csr), CMCL_OK);
    der = cmcl_csr_get0_der(csr, &n);
    assert_int_equal(cmcl_show_get1(ctx, der, n, &text), CMCL_OK);
    assert_non_null(strstr(text, "O=Shown"));
    assert_non_null(strstr(text, "Ed25519"));
    assert_int_equal(cmcl_pem_get1(ctx, "CERTIFICATE REQUEST", der, n, &pem), CMCL_OK);
    assert_ptr_equal(strstr(pem, "-----BEGIN CERTIFICATE REQUEST-----\n"), pem);
    cmcl_free(text);
    /* And the PEM comes to the same text. */
    assert_int_equal(cmcl_show_get1(ctx, pem, strlen(pem), &text), CMCL_OK);
    assert_non_null(strstr(text, "O=Shown"));
    cmcl_free(text);
    cmcl_free(pem);
    cmcl_csr_free(csr);
    cmcl_key_free(key);
}

/* -- keys and certificates --------------------------------------------------------------- */

static void keys_of_every_kind_are_made(void **state)
{
    static const char *const kinds[] = {"rsa:2048", "ec:P-256", "ec:P-384",
                                        "ec:P-521", "ed25519",  "ed448"};
    struct cmcl_key *key;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        assert_int_equal(cmcl_key_generate(*state, kinds[i], &key), CMCL_OK);
        cmcl_key_free(key);
    }
    assert_int_equal(cmcl_key_generate(*state, "ec:P-255", &key), CMCL_E_USAGE);
    assert_null(key);
    assert_non_null(strstr(cmcl_error_text(*state), "P-256"));
}

static void a_key_is_saved_once_and_loaded_with_its_passphrase(void **state)
{
    struct cmcl_context *ctx = *state;
    char dir[] = "/tmp/cmc-lib-XXXXXX", path[64];
    struct cmcl_key *key, *again;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/key", dir);
    assert_int_equal(cmcl_key_generate(ctx, "ec:P-256", &key), CMCL_OK);
    assert_int_equal(cmcl_key_save(key, path, "open sesame"), CMCL_OK);
    assert_int_equal(cmcl_key_save(key, path, NULL), CMCL_E_CONFLICT);
    assert_int_equal(cmcl_key_load(ctx, path, "open sesame", &again), CMCL_OK);
    assert_int_equal(EVP_PKEY_eq(key->pkey, again->pkey), 1);
    cmcl_key_free(again);
    assert_int_equal(cmcl_key_load(ctx, path, "close sesame", &again), CMCL_E_USAGE);
    assert_int_equal(cmcl_key_load(ctx, path, NULL, &again), CMCL_E_USAGE);
    assert_null(again);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(cmcl_key_load(ctx, path, NULL, &again), CMCL_E_LOCAL);
    assert_int_equal(rmdir(dir), 0);
    cmcl_key_free(key);
}

static void what_is_not_there_is_not_loaded(void **state)
{
    struct cmcl_certs *certs = (struct cmcl_certs *)*state;

    assert_int_equal(cmcl_certs_load(*state, "/nowhere/at.all", NULL, &certs), CMCL_E_LOCAL);
    assert_null(certs);
    assert_int_equal(cmcl_certs_load(*state, "/dev/null", NULL, &certs), CMCL_E_INPUT);
    assert_int_equal(cmcl_certs_load(*state, "file://elsewhere/x", NULL, &certs), CMCL_E_USAGE);
}

static void nothing_is_freed_without_harm(void **state)
{
    (void)state;
    cmcl_context_free(NULL);
    cmcl_key_free(NULL);
    cmcl_certs_free(NULL);
    cmcl_csr_free(NULL);
    cmcl_request_free(NULL);
    cmcl_response_free(NULL);
    cmcl_transport_free(NULL);
    cmcl_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_rfc),
        cmocka_unit_test_setup_teardown(a_new_context_has_no_error, setup, teardown),
        cmocka_unit_test_setup_teardown(an_error_says_what_and_which_rule, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_message_is_not_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_is_shown_and_written_as_pem, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_of_every_kind_are_made, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_is_saved_once_and_loaded_with_its_passphrase, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_not_loaded, setup, teardown),
        cmocka_unit_test(nothing_is_freed_without_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
