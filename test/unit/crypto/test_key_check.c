/* SPDX-License-Identifier: Apache-2.0 */
/* Public keys that nobody should have a certificate for. [10004-10-b, 10002-10-u4] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "asn1/cmc.h"
#include "crypto/agree.h"
#include "crypto/crypto.h"

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

static EVP_PKEY *rsa_of(struct world *w, const BIGNUM *n, const BIGNUM *e)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(cmc_crypto_get0_libctx(w->crypto), "RSA", NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params;
    EVP_PKEY *key = NULL;

    assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e), 1);
    params = OSSL_PARAM_BLD_to_param(bld);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* Is the key refused, and for this? NULL: it is good. */
static void expect(EVP_PKEY *key, const char *says)
{
    struct cmc_err err = {0};
    enum cmc_rc rc = cmc_key_check(key, &err);

    if (says == NULL) {
        if (rc != CMC_OK)
            fail_msg("%s", err.text);
        return;
    }
    assert_int_equal(rc, CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    if (strstr(err.text, says) == NULL)
        fail_msg("%s", err.text);
}

static void good_keys(void **state)
{
    static const char *const kinds[][2] = {{"EC", "P-256"}, {"EC", "P-521"},  {"ED25519", NULL},
                                           {"ED448", NULL}, {"X25519", NULL}, {"X448", NULL}};
    struct world *w = *state;
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(w->crypto);

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        EVP_PKEY *key = kinds[i][1] != NULL ? EVP_PKEY_Q_keygen(lib, NULL, kinds[i][0], kinds[i][1])
                                            : EVP_PKEY_Q_keygen(lib, NULL, kinds[i][0]);

        expect(key, NULL);
        EVP_PKEY_free(key);
    }
    for (int i = 0; i < 4; i++) {
        EVP_PKEY *key = EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)2048);

        expect(key, NULL);
        EVP_PKEY_free(key);
    }
}

static void rsa_exponents(void **state)
{
    static const struct {
        const char *hex;
        bool good;
    } rows[] = {{"3", false},    {"11", false},   {"ffff", false},
                {"10001", true}, {"10003", true}, {"ffffffffffffffffffffffff", true}};
    struct world *w = *state;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(cmc_crypto_get0_libctx(w->crypto), NULL, "RSA", (size_t)2048);
    BIGNUM *n = NULL, *e = NULL;

    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    EVP_PKEY_free(key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void)BN_hex2bn(&e, rows[i].hex);
        key = rsa_of(w, n, e);
        expect(key, rows[i].good ? NULL : "exponent");
        EVP_PKEY_free(key);
    }
    assert_int_equal(BN_one(e), 1);
    assert_int_equal(BN_lshift(e, e, 256), 1);
    assert_int_equal(BN_add_word(e, 1), 1);
    key = rsa_of(w, n, e);
    expect(key, "exponent");
    EVP_PKEY_free(key);
    BN_free(n);
    BN_free(e);
}

static bool is_prime(BN_ULONG n)
{
    for (BN_ULONG k = 2; k * k <= n; k++) {
        if (n % k == 0)
            return false;
    }
    return true;
}

/* Each small prime is found, the next prime after the last is not looked for. */
static void rsa_small_factors(void **state)
{
    struct world *w = *state;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = BN_new(), *q = BN_new(), *n = BN_new(), *e = BN_new();

    assert_int_equal(BN_set_word(e, 65537), 1);
    assert_int_equal(BN_generate_prime_ex(p, 1024, 0, NULL, NULL, NULL), 1);
    assert_int_equal(BN_generate_prime_ex(q, 1014, 0, NULL, NULL, NULL), 1);
    assert_int_equal(BN_mul(p, p, q, ctx), 1);
    for (BN_ULONG factor = 3; factor <= 761; factor += 2) {
        EVP_PKEY *key;

        if (!is_prime(factor))
            continue;
        assert_non_null(BN_copy(n, p));
        assert_int_equal(BN_mul_word(n, factor), 1);
        key = rsa_of(w, n, e);
        expect(key, factor < 752 ? "small factor" : NULL);
        EVP_PKEY_free(key);
    }
    BN_free(p);
    BN_free(q);
    BN_free(n);
    BN_free(e);
    BN_CTX_free(ctx);
}

/* Primes as the faulty generator made them: k * M + (65537^a mod M), M the product of primes. */
static void roca_prime(BIGNUM *out, BN_CTX *ctx)
{
    BIGNUM *m = BN_new(), *r = BN_new(), *base = BN_new(), *a = BN_new(), *k = BN_new();

    assert_int_equal(BN_one(m), 1);
    for (BN_ULONG p = 2; p <= 167; p++) {
        bool prime = true;

        for (BN_ULONG d = 2; d < p; d++)
            prime = prime && p % d != 0;
        if (prime)
            assert_int_equal(BN_mul_word(m, p), 1);
    }
    assert_int_equal(BN_set_word(base, 65537), 1);
    do {
        assert_int_equal(BN_rand(a, 64, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY), 1);
        assert_int_equal(BN_mod_exp(r, base, a, m, ctx), 1);
        assert_int_equal(BN_rand(k, 1024 - BN_num_bits(m), BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY), 1);
        assert_int_equal(BN_mul(out, k, m, ctx), 1);
        assert_int_equal(BN_add(out, out, r), 1);
    } while (BN_check_prime(out, ctx, NULL) != 1);
    BN_free(m);
    BN_free(r);
    BN_free(base);
    BN_free(a);
    BN_free(k);
}

static void rsa_faulty_generator(void **state)
{
    struct world *w = *state;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = BN_new(), *q = BN_new(), *e = BN_new();
    EVP_PKEY *key;

    roca_prime(p, ctx);
    roca_prime(q, ctx);
    assert_int_equal(BN_mul(p, p, q, ctx), 1);
    assert_int_equal(BN_set_word(e, 65537), 1);
    key = rsa_of(w, p, e);
    expect(key, "CVE-2017-15361");
    EVP_PKEY_free(key);
    BN_free(p);
    BN_free(q);
    BN_free(e);
    BN_CTX_free(ctx);
}

static EVP_PKEY *raw(struct world *w, const char *kind, const uint8_t *k, size_t n)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key_ex(cmc_crypto_get0_libctx(w->crypto), kind, NULL, k, n);

    assert_non_null(key);
    return key;
}

/*
 * Every point that the table calls small gives the all-zero secret, which OpenSSL refuses: both
 * must say the same. With the top bit set it is the same point.
 */
static void x25519_points(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    struct world *w = *state;
    EVP_PKEY *own = EVP_PKEY_Q_keygen(cmc_crypto_get0_libctx(w->crypto), NULL, "X25519");

    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        for (int top = 0; top < 2; top++) {
            uint8_t k[32];
            struct cmc_slice z;
            size_t n;
            EVP_PKEY *key;

            assert_int_equal(OPENSSL_hexstr2buf_ex(k, sizeof k, &n, points[i], '\0'), 1);
            k[31] |= top != 0 ? 0x80 : 0;
            key = raw(w, "X25519", k, sizeof k);
            expect(key, "small order");
            assert_int_equal(cmc_agree(w->crypto, own, key, w->arena, &z, NULL), CMC_E_CRYPTO);
            EVP_PKEY_free(key);
        }
    }
    EVP_PKEY_free(own);
}

static void points_448(void **state)
{
    struct world *w = *state;
    EVP_PKEY *own = EVP_PKEY_Q_keygen(cmc_crypto_get0_libctx(w->crypto), NULL, "X448");
    uint8_t rows[6][57] = {{0}};

    rows[1][0] = 1;
    for (size_t i = 2; i < 4; i++) { /* p - 1 and p */
        memset(rows[i], 0xff, 56);
        rows[i][28] = 0xfe;
    }
    rows[2][0] = 0xfe;
    memset(rows[4] + 28, 0xff, 28); /* p + 1 */
    rows[5][0] = 2;                 /* not small */
    for (size_t i = 0; i < 6; i++) {
        EVP_PKEY *x = raw(w, "X448", rows[i], 56), *ed = raw(w, "ED448", rows[i], 57);
        struct cmc_slice z;

        expect(x, i < 5 ? "small order" : NULL);
        expect(ed, i < 5 ? "small order" : NULL);
        assert_int_equal(cmc_agree(w->crypto, own, x, w->arena, &z, NULL),
                         i < 5 ? CMC_E_CRYPTO : CMC_OK);
        EVP_PKEY_free(x);
        EVP_PKEY_free(ed);
    }
    EVP_PKEY_free(own);
}

/* With a key of small order anybody can sign anything, some of the time; here always. */
static void ed25519_points(void **state)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint8_t k[32];
        size_t n;
        EVP_PKEY *key;

        assert_int_equal(OPENSSL_hexstr2buf_ex(k, sizeof k, &n, points[i], '\0'), 1);
        key = raw(w, "ED25519", k, sizeof k);
        expect(key, "small order");
        EVP_PKEY_free(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_keys),         cmocka_unit_test(rsa_exponents),
        cmocka_unit_test(rsa_small_factors), cmocka_unit_test(rsa_faulty_generator),
        cmocka_unit_test(x25519_points),     cmocka_unit_test(points_448),
        cmocka_unit_test(ed25519_points),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
