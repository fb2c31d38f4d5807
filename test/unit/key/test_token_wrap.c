/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys wrapped by a token, unwrapped by OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/cipher.h"
#include "key/token.h"
#include "tokens.h"

static struct tokens tokens;
static struct cmc_crypto *c;
static struct cmc_arena *arena;
static struct cmc_err err;

static int setup(void **state)
{
    (void)state;
    arena = cmc_arena_new(1u << 24);
    if (arena == NULL || cmc_crypto_new(&c, NULL) != CMC_OK)
        return 1;
    if (tokens_missing() != NULL)
        return 0;
    return tokens_setup(&tokens) && tokens_nss_new(&tokens, tokens.nss) ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    if (tokens_missing() == NULL)
        tokens_teardown(&tokens);
    cmc_arena_free(arena);
    cmc_crypto_free(c);
    return 0;
}

static const struct {
    enum cmc_token_wrap_kind kind;
    const char *cipher;
    int octets; /* of the secret */
    int iv;
    bool pkcs7; /* padding to take off by hand */
} ways[] = {
    {CMC_WRAP_AES_PAD, "AES-128-WRAP", 16, 0, true},
    {CMC_WRAP_AES_KWP, "AES-128-WRAP-PAD", 16, 0, false},
    {CMC_WRAP_AES_CBC_PAD, "AES-128-CBC", 16, 16, false},
    {CMC_WRAP_DES3_CBC_PAD, "DES-EDE3-CBC", 24, 8, false},
};

/* DES wants odd parity: 0x01 has it. */
static const uint8_t secret[24] = {1,  2,  4,  7,  8,  11, 13, 14, 16, 19, 21, 22,
                                   25, 26, 28, 31, 32, 35, 37, 38, 41, 42, 44, 47},
                     iv[16] = {9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7, 6, 5, 4};

/* The PrivateKeyInfo that was wrapped, by OpenSSL. */
static EVP_PKEY *unwrap(size_t way, struct cmc_slice wrapped)
{
    uint8_t *out = cmc_arena_alloc(arena, wrapped.n + 64);
    EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, ways[way].cipher, NULL);
    PKCS8_PRIV_KEY_INFO *info;
    const unsigned char *p = out;
    EVP_PKEY *key;
    int n = 0, m = 0;

    assert_non_null(cipher);
    EVP_CIPHER_CTX_set_flags(x, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    assert_int_equal(EVP_DecryptInit_ex2(x, cipher, secret, ways[way].iv > 0 ? iv : NULL, NULL), 1);
    assert_int_equal(EVP_DecryptUpdate(x, out, &n, wrapped.p, (int)wrapped.n), 1);
    assert_int_equal(EVP_DecryptFinal_ex(x, out + n, &m), 1);
    n += m;
    if (ways[way].pkcs7) {
        uint8_t pad = out[n - 1];

        assert_in_range(pad, 1, 8);
        for (int i = 1; i <= pad; i++)
            assert_int_equal(out[n - i], pad);
        n -= pad;
    }
    info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, n);
    assert_non_null(info);
    assert_ptr_equal(p, out + n);
    key = EVP_PKCS82PKEY(info);
    assert_non_null(key);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_CIPHER_free(cipher);
    EVP_CIPHER_CTX_free(x);
    return key;
}

static struct cmc_token *open_token(void)
{
    const struct cmc_token_place place = {.dbdir = tokens.nss, .write = true};
    const struct cmc_passphrase pass = {.text = TOKENS_PASSWORD};
    struct cmc_token *t = NULL;

    if (tokens_missing() != NULL) {
        print_message("# skipped: %s\n", tokens_missing());
        skip();
    }
    assert_int_equal(cmc_token_open(c, &place, &pass, &t, &err), CMC_OK);
    return t;
}

static enum cmc_rc wrap(struct cmc_token *t, struct cmc_slice id, size_t way, struct cmc_slice *out)
{
    return cmc_token_wrap(t, id, ways[way].kind, cmc_slice(secret, (size_t)ways[way].octets),
                          cmc_slice(iv, (size_t)ways[way].iv), arena, out, &err);
}

static void each_way(void **state)
{
    static const char *const specs[] = {"rsa:2048", "ec:P-256", "ec:P-521"};
    struct cmc_token *t = open_token();

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(specs); i++) {
        const struct cmc_token_keygen spec = {
            .spec = specs[i], .extractable = CMC_YES, .temporary = i == 1};
        struct cmc_slice id, out;
        EVP_PKEY *key = NULL;

        assert_int_equal(cmc_token_generate(t, &spec, arena, &id, &key, &err), CMC_OK);
        for (size_t way = 0; way < CMC_COUNT(ways); way++) {
            EVP_PKEY *again;

            if (wrap(t, id, way, &out) != CMC_OK)
                fail_msg("%s: %s", ways[way].cipher, err.text);
            again = unwrap(way, out);
            assert_int_equal(EVP_PKEY_eq(again, key), 1);
            EVP_PKEY_free(again);
        }
        EVP_PKEY_free(key);
    }
    cmc_token_free(t);
}

static void refused(void **state)
{
    const struct cmc_token_keygen stays = {.spec = "ec:P-256", .extractable = CMC_NO},
                                  leaves = {.spec = "ec:P-256", .extractable = CMC_YES};
    struct cmc_token *t = open_token();
    struct cmc_slice id, out;
    EVP_PKEY *key = NULL;

    (void)state;
    assert_int_equal(cmc_token_generate(t, &stays, arena, &id, &key, &err), CMC_OK);
    assert_int_equal(wrap(t, id, 0, &out), CMC_E_USAGE);
    assert_non_null(strstr(err.text, "does not let this key out"));
    assert_int_equal(wrap(t, CMC_SLICE_LIT("no such id"), 0, &out), CMC_E_NOTFOUND);
    EVP_PKEY_free(key);
    assert_int_equal(cmc_token_generate(t, &leaves, arena, &id, &key, &err), CMC_OK);
    assert_int_equal(cmc_token_wrap(t, id, CMC_WRAP_AES_CBC_PAD, cmc_slice(secret, 16),
                                    cmc_slice(iv, 8), arena, &out, &err),
                     CMC_E_USAGE);
    assert_int_equal(cmc_token_wrap(t, id, CMC_WRAP_AES_PAD, cmc_slice(secret, 5), CMC_SLICE_NONE,
                                    arena, &out, &err),
                     CMC_E_LOCAL);
    EVP_PKEY_free(key);
    cmc_token_free(t);
}

/* Keys of NSS are OpenSSL's where they may leave, softoken's where not; both are in a token. */
static void whose_they_are(void **state)
{
    static const enum cmc_tristate leaves[] = {CMC_UNSAID, CMC_YES, CMC_NO};
    static const char *const specs[] = {"rsa:2048", "ec:P-256"};
    struct cmc_token *t = open_token();

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(leaves) * CMC_COUNT(specs); i++) {
        const bool rsa = i % 2 == 0;
        const struct cmc_token_keygen spec = {.spec = specs[i % 2], .extractable = leaves[i / 2]};
        const struct cmc_sig_alg *alg = cmc_sig_by_name(rsa ? "rsa-sha256" : "ecdsa-sha256");
        struct cmc_slice id, sig, pem;
        EVP_PKEY *made = NULL, *found = NULL;
        struct cmc_buf b;

        assert_int_equal(cmc_token_generate(t, &spec, arena, &id, &made, &err), CMC_OK);
        assert_int_equal(cmc_token_key_by_id(t, id, &found, &err), CMC_OK);
        assert_int_equal(EVP_PKEY_eq(made, found), 1);
        /* a key of a provider is OpenSSL's own, a legacy one is the token's */
        assert_int_equal(EVP_PKEY_get0_provider(found) == NULL, leaves[i / 2] == CMC_NO);
        assert_true(cmc_key_in_token(made) && cmc_key_in_token(found));
        assert_int_equal(cmc_sign(c, found, alg, CMC_SLICE_LIT("x"), arena, &sig, &err), CMC_OK);
        assert_int_equal(cmc_verify(c, made, alg, CMC_SLICE_LIT("x"), sig, &err), CMC_OK);
        if (rsa) {
            struct cmc_slice sealed, plain;

            assert_int_equal(cmc_rsa_encrypt(c, made, CMC_RSA_OAEP_SHA256, CMC_SLICE_LIT("y"),
                                             arena, &sealed, &err),
                             CMC_OK);
            assert_int_equal(
                cmc_rsa_decrypt(c, found, CMC_RSA_OAEP_SHA256, sealed, arena, &plain, &err),
                CMC_OK);
            assert_true(cmc_slice_eq(plain, CMC_SLICE_LIT("y")));
        }
        /* neither is ever written down */
        cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
        assert_int_equal(cmc_key_pem(found, NULL, &b, &err), CMC_E_USAGE);
        pem = cmc_buf_get0(&b);
        assert_int_equal(pem.n, 0);
        cmc_buf_free(&b);
        EVP_PKEY_free(found);
        EVP_PKEY_free(made);
    }
    cmc_token_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_way),
        cmocka_unit_test(refused),
        cmocka_unit_test(whose_they_are),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
