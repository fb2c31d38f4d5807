/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC and PBKDF2 against the RFCs' vectors; AlgorithmIdentifiers that are refused. */
#include "../asn1/helper.h"

#include "asn1/cmc.h"
#include "asn1/oids.h"
#include "crypto/cipher.h"
#include "crypto/mac.h"

struct world {
    struct cmc_arena *arena;
    struct cmc_crypto *c;
};

static int setup(void **state)
{
    static struct world w;

    w.arena = cmc_arena_new(ARENA_OCTETS);
    assert_int_equal(cmc_crypto_new(&w.c, NULL), CMC_OK);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cmc_crypto_free(w->c);
    cmc_arena_free(w->arena);
    return 0;
}

/* RFC 4231 test case 2. */
static void hmac(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *name, *value;
    } rows[] = {
        {"hmac-sha224", "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"},
        {"hmac-sha256", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"hmac-sha384", "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
                        "8e2240ca5e69e2c78b3239ecfab21649"},
        {"hmac-sha512", "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                        "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cmc_mac_alg *alg = cmc_mac_by_name(rows[i].name);
        struct cmc_slice want = hex(w->arena, rows[i].value);
        uint8_t out[CMC_DIGEST_MAX];
        size_t n = 0;

        assert_non_null(alg);
        assert_int_equal(cmc_hmac(w->c, alg, CMC_SLICE_LIT("Jefe"),
                                  CMC_SLICE_LIT("what do ya want for nothing?"), out, &n, NULL),
                         CMC_OK);
        assert_true(cmc_slice_eq(cmc_slice(out, n), want));
    }
    assert_null(cmc_mac_by_name("hmac-md5"));
}

/* What one key leaves behind does not come into the MAC of the next, nor of none. */
static void hmac_again(void **state)
{
    static const char *const keys[] = {"a", "", "Jefe", "", "a", "Jefe"};
    struct world *w = *state;
    const struct cmc_mac_alg *alg = cmc_mac_by_digest(CMC_DIGEST_SHA256);
    uint8_t out[CMC_COUNT(keys)][CMC_DIGEST_MAX];
    size_t n = 0;

    for (size_t i = 0; i < CMC_COUNT(keys); i++)
        assert_int_equal(
            cmc_hmac(w->c, alg, cmc_slice_str(keys[i]), CMC_SLICE_LIT("data"), out[i], &n, NULL),
            CMC_OK);
    for (size_t i = 0; i < CMC_COUNT(keys); i++)
        for (size_t k = 0; k < CMC_COUNT(keys); k++)
            assert_int_equal(memcmp(out[i], out[k], n) == 0, strcmp(keys[i], keys[k]) == 0);
}

static void empty_key_and_data(void **state)
{
    struct world *w = *state;
    uint8_t out[CMC_DIGEST_MAX];
    size_t n = 0;

    assert_int_equal(cmc_hmac(w->c, cmc_mac_by_digest(CMC_DIGEST_SHA256), CMC_SLICE_NONE,
                              CMC_SLICE_NONE, out, &n, NULL),
                     CMC_OK);
    assert_memory_equal(
        out, hex(w->arena, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad").p,
        n);
}

/* [10002-A-bg] */
static void mac_identifiers(void **state)
{
    struct world *w = *state;
    struct cmc_algid id = {cmc_oid_hmacWithSHA256, CMC_SLICE_NONE};
    const struct cmc_mac_alg *alg = NULL;
    struct cmc_err err = {0};

    assert_int_equal(cmc_mac_from_algid(&id, false, &alg, NULL), CMC_OK);
    assert_string_equal(alg->name, "hmac-sha256");
    id.parameters = hex(w->arena, "0500");
    assert_int_equal(cmc_mac_from_algid(&id, false, &alg, NULL), CMC_OK);
    id.parameters = hex(w->arena, "0401aa");
    assert_int_equal(cmc_mac_from_algid(&id, false, &alg, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    {
        /* The PRFs of RFC 8018; each with and without NULL. */
        static const struct cmc_slice *const prfs[] = {
            &cmc_oid_hmacWithSHA224, &cmc_oid_hmacWithSHA384,     &cmc_oid_hmacWithSHA512,
            &cmc_oid_hmacWithSHA256, &cmc_oid_hmacWithSHA512_224, &cmc_oid_hmacWithSHA512_256};

        for (size_t i = 0; i < CMC_COUNT(prfs); i++) {
            id = (struct cmc_algid){*prfs[i], CMC_SLICE_NONE};
            assert_int_equal(cmc_mac_from_algid(&id, false, &alg, NULL), CMC_OK);
            id.parameters = hex(w->arena, "0500");
            assert_int_equal(cmc_mac_from_algid(&id, false, &alg, NULL), CMC_OK);
            cmc_mac_algid(alg, &id);
            assert_true(cmc_slice_eq(id.algorithm, *prfs[i]));
            assert_null(id.parameters.p);
        }
    }
    /* Both names of HMAC-SHA1. */
    id = (struct cmc_algid){cmc_oid_hmac_sha1, CMC_SLICE_NONE};
    assert_int_equal(cmc_mac_from_algid(&id, false, &alg, NULL), CMC_E_REFUSED);
    assert_int_equal(cmc_mac_from_algid(&id, true, &alg, NULL), CMC_OK);
    id.algorithm = cmc_oid_hmacWithSHA1;
    assert_int_equal(cmc_mac_from_algid(&id, true, &alg, NULL), CMC_OK);
    assert_int_equal(alg->digest, CMC_DIGEST_SHA1);
}

/* RFC 6070, where the PRF is the DEFAULT. [10004-5.1-o, 10002-A-bf] */
static void pbkdf2(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *params, *key;
    } rows[] = {
        {"3009 0404 73616c74 0201 01", "0c60c80f961f0e71f3a9b524af6012062fe037a6"},
        {"3009 0404 73616c74 0201 02", "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"},
        {"300a 0404 73616c74 0202 1000", "4b007901b765489abead49d926f721d065a429c1"},
        {"300d 0404 73616c74 0202 1000 0201 0a", "4b007901b765489abead"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cmc_algid id = {cmc_oid_id_PBKDF2, hex(w->arena, rows[i].params)};
        struct cmc_slice key;

        assert_int_equal(cmc_pbkdf2(w->c, &id, CMC_SLICE_LIT("password"), 20, w->arena, &key, NULL),
                         CMC_OK);
        assert_true(cmc_slice_eq(key, hex(w->arena, rows[i].key)));
    }
}

/* NIST SP 800-38A F.2.1, first two blocks; then that padding is looked at. */
static void cbc(void **state)
{
    struct world *w = *state;
    const struct cmc_cipher_alg *aes = cmc_cipher_by_name("aes128-cbc");
    struct cmc_slice key = hex(w->arena, "2b7e151628aed2a6abf7158809cf4f3c");
    struct cmc_slice iv = hex(w->arena, "000102030405060708090a0b0c0d0e0f");
    struct cmc_slice plain =
        hex(w->arena, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    struct cmc_slice want =
        hex(w->arena, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2");
    struct cmc_slice out, back;

    assert_int_equal(
        cmc_cipher(w->c, aes, CMC_ENCRYPT, key, iv, false, plain, w->arena, &out, NULL), CMC_OK);
    assert_true(cmc_slice_eq(out, want));
    assert_int_equal(cmc_cipher(w->c, aes, CMC_DECRYPT, key, iv, false, out, w->arena, &back, NULL),
                     CMC_OK);
    assert_true(cmc_slice_eq(back, plain));
    assert_int_equal(cmc_cipher(w->c, aes, CMC_DECRYPT, key, iv, true, out, w->arena, &back, NULL),
                     CMC_E_CRYPTO);
    out.n -= 1;
    assert_int_equal(cmc_cipher(w->c, aes, CMC_DECRYPT, key, iv, false, out, w->arena, &back, NULL),
                     CMC_E_CRYPTO);
    key.n -= 1;
    assert_int_equal(
        cmc_cipher(w->c, aes, CMC_ENCRYPT, key, iv, false, plain, w->arena, &out, NULL),
        CMC_E_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac),
        cmocka_unit_test(hmac_again),
        cmocka_unit_test(empty_key_and_data),
        cmocka_unit_test(pbkdf2),
        cmocka_unit_test(mac_identifiers),
        cmocka_unit_test(cbc),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
