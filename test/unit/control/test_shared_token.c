/* SPDX-License-Identifier: Apache-2.0 */
/* Dogtag's shared tokens: one of its own, and ours there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "control/shared_token.h"
#include "key/key.h"

struct world {
    struct cmc_crypto *crypto;
    struct cmc_arena *arena;
    EVP_PKEY *theirs, *other;
    struct cmc_slice token; /* of Dogtag's tool, for the key theirs */
};

static struct cmc_slice data_file(struct world *w, const char *name)
{
    struct cmc_slice out;
    struct cmc_buf b;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    assert_int_equal(cmc_file_read(cmc_arena_printf(w->arena, "%s/dogtag/10-sharedtoken/%s",
                                                    getenv("CMC_TEST_DATA"), name),
                                   &b, NULL),
                     CMC_OK);
    out = cmc_arena_slice(w->arena, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return out;
}

static int setup(void **state)
{
    static struct world w;

    assert_int_equal(cmc_crypto_new(&w.crypto, NULL), CMC_OK);
    w.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    w.token = data_file(&w, "tok.der");
    assert_int_equal(cmc_key_load(w.crypto,
                                  cmc_arena_printf(w.arena, "%s/dogtag/10-sharedtoken/ip.key",
                                                   getenv("CMC_TEST_DATA")),
                                  NULL, &w.theirs, NULL),
                     CMC_OK);
    assert_int_equal(cmc_key_generate(w.crypto, "rsa:2048", &w.other, NULL), CMC_OK);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    EVP_PKEY_free(w->theirs);
    EVP_PKEY_free(w->other);
    cmc_arena_free(w->arena);
    cmc_crypto_free(w->crypto);
    return 0;
}

static enum cmc_rc open_with(struct world *w, EVP_PKEY *key, enum cmc_rsa_padding padding,
                             struct cmc_slice der, struct cmc_slice *secret)
{
    struct cmc_err err = {0};

    *secret = CMC_SLICE_NONE;
    return cmc_shared_token_open(w->crypto, key, padding, der, w->arena, secret, &err);
}

static void of_dogtag(void **state)
{
    struct world *w = *state;
    struct cmc_slice secret;

    assert_int_equal(open_with(w, w->theirs, CMC_RSA_PKCS1_V15, w->token, &secret), CMC_OK);
    assert_true(cmc_slice_eq(secret, CMC_SLICE_LIT("testing123")));
    /* another key, another padding */
    assert_int_equal(open_with(w, w->other, CMC_RSA_PKCS1_V15, w->token, &secret), CMC_E_CRYPTO);
    assert_int_equal(open_with(w, w->theirs, CMC_RSA_OAEP_SHA256, w->token, &secret), CMC_E_CRYPTO);
    assert_null(secret.p);
}

static void damaged(void **state)
{
    struct world *w = *state;
    uint8_t *p = cmc_arena_dup(w->arena, w->token.p, w->token.n);
    struct cmc_slice secret, longer;

    for (size_t n = 0; n < w->token.n; n += 7)
        assert_int_equal(open_with(w, w->theirs, CMC_RSA_PKCS1_V15, cmc_slice(p, n), &secret),
                         CMC_E_INPUT);
    longer = cmc_slice(cmc_arena_alloc(w->arena, w->token.n + 1), w->token.n + 1);
    memcpy((uint8_t *)(uintptr_t)longer.p, p, w->token.n);
    assert_int_equal(open_with(w, w->theirs, CMC_RSA_PKCS1_V15, longer, &secret), CMC_E_INPUT);
    p[20] ^= 1; /* in the session key */
    assert_int_equal(open_with(w, w->theirs, CMC_RSA_PKCS1_V15, cmc_slice(p, w->token.n), &secret),
                     CMC_E_CRYPTO);
}

static void there_and_back(void **state)
{
    static const enum cmc_rsa_padding paddings[] = {CMC_RSA_PKCS1_V15, CMC_RSA_OAEP_SHA256};
    static const char *const secrets[] = {"", "x", "sixteen octets !", "L\xc3\xb6sung mit Umlaut"};
    struct world *w = *state;
    struct cmc_slice der, secret;

    for (size_t k = 0; k < CMC_COUNT(paddings); k++) {
        for (size_t i = 0; i < CMC_COUNT(secrets); i++) {
            assert_int_equal(cmc_shared_token_make(w->crypto, w->other, paddings[k],
                                                   cmc_slice_str(secrets[i]), w->arena, &der, NULL),
                             CMC_OK);
            assert_int_equal(open_with(w, w->other, paddings[k], der, &secret), CMC_OK);
            assert_true(cmc_slice_eq(secret, cmc_slice_str(secrets[i])));
            assert_int_equal(open_with(w, w->other, paddings[1 - k], der, &secret), CMC_E_CRYPTO);
        }
    }
}

static void other_kinds_of_key(void **state)
{
    struct world *w = *state;
    struct cmc_slice der, secret;
    EVP_PKEY *ec = NULL;

    assert_int_equal(cmc_key_generate(w->crypto, "ec:P-256", &ec, NULL), CMC_OK);
    assert_int_not_equal(cmc_shared_token_make(w->crypto, ec, CMC_RSA_PKCS1_V15, CMC_SLICE_LIT("x"),
                                               w->arena, &der, NULL),
                         CMC_OK);
    assert_int_equal(open_with(w, ec, CMC_RSA_PKCS1_V15, w->token, &secret), CMC_E_USAGE);
    EVP_PKEY_free(ec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(of_dogtag, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(other_kinds_of_key, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
