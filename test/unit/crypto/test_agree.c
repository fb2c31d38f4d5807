/* SPDX-License-Identifier: Apache-2.0 */
/* Key agreement, key derivation, key wrap and AES-GCM against the vectors of their documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/aead.h"
#include "crypto/agree.h"

struct world {
    struct cmc_crypto *crypto;
    struct cmc_arena *arena;
};

static int setup(void **state)
{
    static struct world w;

    assert_int_equal(cmc_crypto_new(&w.crypto, NULL), CMC_OK);
    w.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cmc_arena_free(w->arena);
    cmc_crypto_free(w->crypto);
    return 0;
}

static struct cmc_slice hex(struct world *w, const char *text)
{
    size_t n = strlen(text) / 2;
    uint8_t *out = cmc_arena_alloc(w->arena, n + 1);

    for (size_t i = 0; i < n; i++) {
        const char two[3] = {text[2 * i], text[2 * i + 1], '\0'};

        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return cmc_slice(out, n);
}

#define EXPECT(got, text) assert_true(cmc_slice_eq(got, hex(w, text)))

/* RFC 7748 section 6.1 */
static void x25519(void **state)
{
    struct world *w = *state;
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(w->crypto);
    struct cmc_slice own =
        hex(w, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
    struct cmc_slice pub =
        hex(w, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    struct cmc_slice nothing =
        hex(w, "0000000000000000000000000000000000000000000000000000000000000"
               "000");
    EVP_PKEY *a = EVP_PKEY_new_raw_private_key_ex(lib, "X25519", NULL, own.p, own.n);
    EVP_PKEY *b = EVP_PKEY_new_raw_public_key_ex(lib, "X25519", NULL, pub.p, pub.n);
    EVP_PKEY *zero = EVP_PKEY_new_raw_public_key_ex(lib, "X25519", NULL, nothing.p, nothing.n);
    EVP_PKEY *ec = EVP_PKEY_Q_keygen(lib, NULL, "EC", "P-256");
    struct cmc_slice z;

    assert_int_equal(cmc_agree(w->crypto, a, b, w->arena, &z, NULL), CMC_OK);
    EXPECT(z, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    /* a point of small order agrees with everybody on nothing */
    assert_int_equal(cmc_agree(w->crypto, a, zero, w->arena, &z, NULL), CMC_E_CRYPTO);
    assert_int_equal(cmc_agree(w->crypto, a, ec, w->arena, &z, NULL), CMC_E_CRYPTO);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(zero);
    EVP_PKEY_free(b);
    EVP_PKEY_free(a);
}

static void ephemeral_keys(void **state)
{
    struct world *w = *state;
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(w->crypto);
    EVP_PKEY *keys[] = {EVP_PKEY_Q_keygen(lib, NULL, "EC", "P-384"),
                        EVP_PKEY_Q_keygen(lib, NULL, "X25519"),
                        EVP_PKEY_Q_keygen(lib, NULL, "X448")};
    EVP_PKEY *signing = EVP_PKEY_Q_keygen(lib, NULL, "ED25519"), *e = NULL;

    for (size_t i = 0; i < CMC_COUNT(keys); i++) {
        struct cmc_slice one, other;

        assert_true(cmc_key_agrees(keys[i]));
        assert_int_equal(cmc_key_ephemeral(w->crypto, keys[i], &e, NULL), CMC_OK);
        assert_int_equal(EVP_PKEY_eq(e, keys[i]), 0);
        assert_int_equal(cmc_agree(w->crypto, e, keys[i], w->arena, &one, NULL), CMC_OK);
        assert_int_equal(cmc_agree(w->crypto, keys[i], e, w->arena, &other, NULL), CMC_OK);
        assert_true(cmc_slice_eq(one, other));
        EVP_PKEY_free(e);
        EVP_PKEY_free(keys[i]);
    }
    assert_false(cmc_key_agrees(signing));
    assert_int_equal(cmc_key_ephemeral(w->crypto, signing, &e, NULL), CMC_E_USAGE);
    assert_null(e);
    EVP_PKEY_free(signing);
}

/* RFC 5869 appendix A.3 (no salt, no info), and X9.63 by its definition: SHA-256(z || 1 || info) */
static void derivations(void **state)
{
    struct world *w = *state;
    struct cmc_slice z = hex(w, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), out;
    uint8_t md[CMC_DIGEST_MAX];
    size_t n;

    assert_int_equal(cmc_derive(w->crypto, CMC_KDF_HKDF, CMC_DIGEST_SHA256, z, hex(w, ""), 42,
                                w->arena, &out, NULL),
                     CMC_OK);
    EXPECT(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96"
                "c8");
    assert_int_equal(cmc_derive(w->crypto, CMC_KDF_X963, CMC_DIGEST_SHA256, z, hex(w, "a1a2"), 32,
                                w->arena, &out, NULL),
                     CMC_OK);
    assert_int_equal(cmc_digest(w->crypto, CMC_DIGEST_SHA256,
                                hex(w, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b00000001a1a2"),
                                md, &n, NULL),
                     CMC_OK);
    assert_true(cmc_slice_eq(out, cmc_slice(md, n)));
}

/* RFC 3394 section 4.6 */
static void key_wrap(void **state)
{
    struct world *w = *state;
    struct cmc_slice kek =
        hex(w, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    struct cmc_slice key =
        hex(w, "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
    struct cmc_slice wrapped, out;

    assert_int_equal(cmc_key_wrap(w->crypto, kek, key, w->arena, &wrapped, NULL), CMC_OK);
    EXPECT(wrapped,
           "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
    assert_int_equal(cmc_key_unwrap(w->crypto, kek, wrapped, w->arena, &out, NULL), CMC_OK);
    assert_true(cmc_slice_eq(out, key));
    ((uint8_t *)(uintptr_t)wrapped.p)[20] ^= 1;
    assert_int_equal(cmc_key_unwrap(w->crypto, kek, wrapped, w->arena, &out, NULL), CMC_E_CRYPTO);
    wrapped.n = 7;
    assert_int_equal(cmc_key_unwrap(w->crypto, kek, wrapped, w->arena, &out, NULL), CMC_E_CRYPTO);
    kek.n = 20;
    assert_int_equal(cmc_key_wrap(w->crypto, kek, key, w->arena, &wrapped, NULL), CMC_E_CRYPTO);
}

/* Test case 14 of the GCM specification */
static void gcm(void **state)
{
    struct world *w = *state;
    const struct cmc_aead_alg *alg = cmc_aead_by_name("aes256-gcm");
    static const uint8_t zero[32];
    struct cmc_slice key = {zero, 32}, nonce = {zero, 12}, data = {zero, 16}, none = CMC_SLICE_NONE;
    struct cmc_slice aad = hex(w, "aa"), out, tag, back;

    assert_int_equal(
        cmc_aead_seal(w->crypto, alg, key, nonce, none, data, w->arena, &out, &tag, NULL), CMC_OK);
    EXPECT(out, "cea7403d4d606b6e074ec5d3baf39d18");
    EXPECT(tag, "d0d1c8a799996bf0265b98b5d48ab919");
    assert_int_equal(
        cmc_aead_open(w->crypto, alg, key, nonce, none, out, tag, w->arena, &back, NULL), CMC_OK);
    assert_true(cmc_slice_eq(back, data));
    back = none;
    assert_int_equal(
        cmc_aead_open(w->crypto, alg, key, nonce, aad, out, tag, w->arena, &back, NULL),
        CMC_E_CRYPTO);
    assert_null(back.p);
    key.n = 16;
    assert_int_equal(
        cmc_aead_seal(w->crypto, alg, key, nonce, none, data, w->arena, &out, &tag, NULL),
        CMC_E_USAGE);
    assert_null(cmc_aead_by_name("aes256-cbc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(x25519, setup, teardown),
        cmocka_unit_test_setup_teardown(ephemeral_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(derivations, setup, teardown),
        cmocka_unit_test_setup_teardown(key_wrap, setup, teardown),
        cmocka_unit_test_setup_teardown(gcm, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
