/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"

struct fixture {
    struct cmc_crypto *c;
    struct cmc_arena *a;
};

static int setup(void **state)
{
    static struct fixture f;

    f.a = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    *state = &f;
    return cmc_crypto_new(&f.c, NULL) == CMC_OK && f.a != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    cmc_arena_free(f->a);
    cmc_crypto_free(f->c);
    return 0;
}

struct kind {
    const char *type, *param, *alg, *describe;
};
static const struct kind kinds[] = {
    {"RSA", NULL, "rsa-sha256", "RSA-2048"},     {"RSA", NULL, "rsa-sha384", "RSA-2048"},
    {"RSA", NULL, "rsa-sha512", "RSA-2048"},     {"RSA", NULL, "rsa-pss-sha256", "RSA-2048"},
    {"RSA", NULL, "rsa-pss-sha384", "RSA-2048"}, {"RSA", NULL, "rsa-pss-sha512", "RSA-2048"},
    {"EC", "P-256", "ecdsa-sha256", "EC-P-256"}, {"EC", "P-384", "ecdsa-sha384", "EC-P-384"},
    {"EC", "P-521", "ecdsa-sha512", "EC-P-521"}, {"EC", "P-256", "ecdsa-sha512", "EC-P-256"},
    {"ED25519", NULL, "ed25519", "Ed25519"},     {"ED448", NULL, "ed448", "Ed448"},
};

static EVP_PKEY *generate(const struct fixture *f, const struct kind *k)
{
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(f->c);
    EVP_PKEY *key = k->param != NULL ? EVP_PKEY_Q_keygen(lib, NULL, k->type, k->param)
                    : strcmp(k->type, "RSA") == 0
                        ? EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)2048)
                        : EVP_PKEY_Q_keygen(lib, NULL, k->type);

    assert_non_null(key);
    return key;
}

/* What one signs the other verifies, through the SubjectPublicKeyInfo and the AlgorithmIdentifier
 * as they would travel; a changed octet of either does not. */
static void sign_and_verify(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        const struct cmc_sig_alg *alg = cmc_sig_by_name(kinds[i].alg), *read;
        EVP_PKEY *key = generate(f, &kinds[i]), *pub;
        struct cmc_slice spki, sig, data = cmc_slice_str("what is signed");
        struct cmc_algid id;
        struct cmc_err err = {0};
        unsigned char *der = NULL;
        char text[64];
        uint8_t *bad;

        assert_non_null(alg);
        assert_string_equal(cmc_key_describe(key, text, sizeof text), kinds[i].describe);
        assert_int_equal(cmc_key_spki(key, f->a, &spki, &err), CMC_OK);
        assert_int_equal(i2d_PUBKEY(key, &der), (int)spki.n);
        assert_memory_equal(der, spki.p, spki.n);
        OPENSSL_free(der);
        assert_int_equal(cmc_spki_key(f->c, spki, &pub, &err), CMC_OK);
        assert_int_equal(EVP_PKEY_eq(pub, key), 1);
        assert_int_equal(cmc_sign(f->c, key, alg, data, f->a, &sig, &err), CMC_OK);
        assert_int_equal(cmc_sig_algid(alg, f->a, &id, &err), CMC_OK);
        assert_int_equal(cmc_sig_from_algid(&id, CMC_DIGEST_NONE, false, f->a, &read, &err),
                         CMC_OK);
        assert_ptr_equal(read, alg);
        assert_int_equal(cmc_verify(f->c, pub, read, data, sig, &err), CMC_OK);
        assert_int_equal(cmc_verify(f->c, pub, read, cmc_slice_str("what is not"), sig, &err),
                         CMC_E_CRYPTO);
        assert_int_equal(err.fail_info, CMC_FAIL_BAD_MESSAGE_CHECK);
        bad = cmc_arena_dup(f->a, sig.p, sig.n);
        bad[sig.n / 2] ^= 1;
        assert_int_equal(cmc_verify(f->c, pub, read, data, cmc_slice(bad, sig.n), &err),
                         CMC_E_CRYPTO);
        assert_int_equal(cmc_verify(f->c, pub, read, data, cmc_slice(sig.p, 0), &err),
                         CMC_E_CRYPTO);
        EVP_PKEY_free(pub);
        EVP_PKEY_free(key);
    }
}

static void algorithm_and_key_must_fit(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *ec = generate(f, &kinds[6]);
    struct cmc_slice sig;
    struct cmc_err err = {0};

    assert_int_equal(
        cmc_sign(f->c, ec, cmc_sig_by_name("rsa-sha256"), cmc_slice_str("x"), f->a, &sig, &err),
        CMC_E_USAGE);
    assert_int_equal(cmc_verify(f->c, ec, cmc_sig_by_name("ed25519"), cmc_slice_str("x"),
                                cmc_slice_str("y"), &err),
                     CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    EVP_PKEY_free(ec);
}

/* [10002-10-u4] */
static void weak_and_unknown_algorithms(void **state)
{
    struct fixture *f = *state;
    struct cmc_algid sha1 = {.algorithm = cmc_oid_sha1WithRSAEncryption};
    struct cmc_algid bare = {.algorithm = cmc_oid_rsaEncryption};
    struct cmc_algid none = {.algorithm = cmc_oid_id_alg_noSignature};
    struct cmc_algid pss = {.algorithm = cmc_oid_id_RSASSA_PSS};
    struct cmc_algid rsa256 = {.algorithm = cmc_oid_sha256WithRSAEncryption};
    const struct cmc_sig_alg *alg;
    struct cmc_err err = {0};

    assert_int_equal(cmc_sig_from_algid(&sha1, CMC_DIGEST_NONE, false, f->a, &alg, &err),
                     CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    assert_int_equal(cmc_sig_from_algid(&sha1, CMC_DIGEST_SHA1, true, f->a, &alg, &err), CMC_OK);
    assert_int_equal(cmc_sig_from_algid(&bare, CMC_DIGEST_SHA384, false, f->a, &alg, &err), CMC_OK);
    assert_string_equal(alg->name, "rsa-sha384");
    assert_int_equal(cmc_sig_from_algid(&bare, CMC_DIGEST_NONE, false, f->a, &alg, &err),
                     CMC_E_REFUSED);
    assert_int_equal(cmc_sig_from_algid(&none, CMC_DIGEST_NONE, true, f->a, &alg, &err),
                     CMC_E_REFUSED);
    /* PSS without parameters means SHA-1 */
    assert_int_equal(cmc_sig_from_algid(&pss, CMC_DIGEST_SHA256, false, f->a, &alg, &err),
                     CMC_E_REFUSED);
    /* RFC 5754: the digest beside it must agree */
    assert_int_equal(cmc_sig_from_algid(&rsa256, CMC_DIGEST_SHA512, false, f->a, &alg, &err),
                     CMC_E_REFUSED);
}

/* Our fast path and OpenSSL's decoder make the same key. */
static void spki_agrees_with_openssl(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        EVP_PKEY *key = generate(f, &kinds[i]), *ours, *theirs;
        const unsigned char *p;
        struct cmc_slice spki;

        assert_int_equal(cmc_key_spki(key, f->a, &spki, NULL), CMC_OK);
        assert_int_equal(cmc_spki_key(f->c, spki, &ours, NULL), CMC_OK);
        p = spki.p;
        theirs = d2i_PUBKEY_ex(NULL, &p, (long)spki.n, cmc_crypto_get0_libctx(f->c), NULL);
        assert_non_null(theirs);
        assert_int_equal(EVP_PKEY_eq(ours, theirs), 1);
        EVP_PKEY_free(ours);
        EVP_PKEY_free(theirs);
        EVP_PKEY_free(key);
    }
}

/* [10004-10-a] */
static void bad_public_keys(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *key = generate(f, &kinds[6]), *out;
    struct cmc_slice spki;
    struct cmc_err err = {0};
    uint8_t *bad;

    assert_int_equal(cmc_key_spki(key, f->a, &spki, NULL), CMC_OK);
    bad = cmc_arena_dup(f->a, spki.p, spki.n);
    bad[spki.n - 1] ^= 1; /* a point off the curve */
    assert_int_equal(cmc_spki_key(f->c, cmc_slice(bad, spki.n), &out, &err), CMC_E_INPUT);
    assert_null(out);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(cmc_spki_key(f->c, cmc_slice(spki.p, spki.n - 1), &out, &err), CMC_E_INPUT);
    {
        /* another curve than the three, and an algorithm that is none */
        static const uint8_t unknown_curve[] = {0x30, 0x0f, 0x30, 0x09, 0x06, 0x07,
                                                0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                                0x01, 0x03, 0x02, 0x00, 0x04};

        assert_int_equal(
            cmc_spki_key(f->c, cmc_slice(unknown_curve, sizeof unknown_curve), &out, &err),
            CMC_E_REFUSED);
        assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    }
    EVP_PKEY_free(key);
}

/* A key that came back is another one afterwards, whatever it was, and verifies as that only. */
static void lent_keys(void **state)
{
    static const size_t which[] = {6, 7, 6, 6, 0, 10, 7, 9, 6};
    struct fixture *f = *state;
    struct cmc_slice sig, before = CMC_SLICE_NONE, data = cmc_slice_str("what is signed");
    EVP_PKEY *first = NULL;

    for (size_t i = 0; i < CMC_COUNT(which); i++) {
        const struct cmc_sig_alg *alg = cmc_sig_by_name(kinds[which[i]].alg);
        EVP_PKEY *key = generate(f, &kinds[which[i]]), *lent;
        struct cmc_slice spki, again;
        struct cmc_err err = {0};
        uint8_t *bad;

        assert_int_equal(cmc_key_spki(key, f->a, &spki, &err), CMC_OK);
        assert_int_equal(cmc_spki_lend(f->c, spki, &lent, &err), CMC_OK);
        if (i == 0)
            first = lent;
        if (which[i] == 6)
            assert_ptr_equal(lent, first);
        assert_int_equal(EVP_PKEY_eq(lent, key), 1);
        assert_int_equal(cmc_key_spki(lent, f->a, &again, &err), CMC_OK);
        assert_true(cmc_slice_eq(again, spki));
        assert_int_equal(cmc_sign(f->c, key, alg, data, f->a, &sig, &err), CMC_OK);
        assert_int_equal(cmc_verify(f->c, lent, alg, data, sig, &err), CMC_OK);
        assert_int_equal(cmc_verify(f->c, lent, alg, cmc_slice_str("other"), sig, &err),
                         CMC_E_CRYPTO);
        if (before.p != NULL) /* what the key before it signed */
            assert_int_equal(cmc_verify(f->c, lent, alg, data, before, &err), CMC_E_CRYPTO);
        bad = cmc_arena_dup(f->a, sig.p, sig.n);
        bad[sig.n / 2] ^= 1;
        assert_int_equal(cmc_verify(f->c, lent, alg, data, cmc_slice(bad, sig.n), &err),
                         CMC_E_CRYPTO);
        assert_int_equal(cmc_verify(f->c, lent, alg, data, sig, &err), CMC_OK);
        before = sig;
        cmc_spki_give_back(f->c, lent);
        EVP_PKEY_free(key);
    }
    cmc_spki_give_back(f->c, NULL);
}

/* The same key with several digests; a digest of the wrong length for none of them. */
static void lent_key_and_digests(void **state)
{
    static const char *const algs[] = {"ecdsa-sha256", "ecdsa-sha512", "ecdsa-sha384",
                                       "ecdsa-sha256"};
    struct fixture *f = *state;
    EVP_PKEY *key = generate(f, &kinds[6]), *lent;
    struct cmc_slice spki, sig, data = cmc_slice_str("what is signed");

    assert_int_equal(cmc_key_spki(key, f->a, &spki, NULL), CMC_OK);
    assert_int_equal(cmc_spki_lend(f->c, spki, &lent, NULL), CMC_OK);
    for (size_t i = 0; i < CMC_COUNT(algs); i++) {
        const struct cmc_sig_alg *alg = cmc_sig_by_name(algs[i]);

        assert_int_equal(cmc_sign(f->c, key, alg, data, f->a, &sig, NULL), CMC_OK);
        for (size_t k = 0; k < CMC_COUNT(algs); k++)
            assert_int_equal(cmc_verify(f->c, lent, cmc_sig_by_name(algs[k]), data, sig, NULL),
                             strcmp(algs[k], algs[i]) == 0 ? CMC_OK : CMC_E_CRYPTO);
    }
    cmc_spki_give_back(f->c, lent);
    EVP_PKEY_free(key);
}

/* One that knows its digest and padding, with each of them in turn. */
static void lent_rsa_key(void **state)
{
    static const size_t which[] = {0, 1, 3, 4, 0, 3, 2, 5};
    struct fixture *f = *state;
    EVP_PKEY *key = generate(f, &kinds[0]), *lent;
    struct cmc_slice spki, sig, data = cmc_slice_str("what is signed");

    assert_int_equal(cmc_key_spki(key, f->a, &spki, NULL), CMC_OK);
    assert_int_equal(cmc_spki_lend(f->c, spki, &lent, NULL), CMC_OK);
    for (size_t i = 0; i < CMC_COUNT(which); i++) {
        const struct cmc_sig_alg *alg = cmc_sig_by_name(kinds[which[i]].alg);

        assert_int_equal(cmc_sign(f->c, key, alg, data, f->a, &sig, NULL), CMC_OK);
        for (size_t k = 0; k < CMC_COUNT(which); k++)
            assert_int_equal(
                cmc_verify(f->c, lent, cmc_sig_by_name(kinds[which[k]].alg), data, sig, NULL),
                which[k] == which[i] ? CMC_OK : CMC_E_CRYPTO);
    }
    cmc_spki_give_back(f->c, lent);
    EVP_PKEY_free(key);
}

/* More at once than are kept, on two curves, all good at the same time; and a bad point in between
 * leaves nothing of itself. */
static void lent_in_numbers(void **state)
{
    enum { MANY = 400 };
    static EVP_PKEY *lent[MANY];
    struct fixture *f = *state;
    EVP_PKEY *keys[2] = {generate(f, &kinds[6]), generate(f, &kinds[7])}, *none;
    struct cmc_slice spki[2];
    struct cmc_err err = {0};
    uint8_t *bad;

    for (size_t i = 0; i < 2; i++)
        assert_int_equal(cmc_key_spki(keys[i], f->a, &spki[i], NULL), CMC_OK);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < MANY; i++)
            assert_int_equal(cmc_spki_lend(f->c, spki[i % 2], &lent[i], NULL), CMC_OK);
        for (size_t i = 0; i < MANY; i++) {
            assert_int_equal(EVP_PKEY_eq(lent[i], keys[i % 2]), 1);
            cmc_spki_give_back(f->c, lent[i]);
        }
        bad = cmc_arena_dup(f->a, spki[0].p, spki[0].n);
        bad[spki[0].n - 1] ^= 1; /* a point off the curve */
        assert_int_equal(cmc_spki_lend(f->c, cmc_slice(bad, spki[0].n), &none, &err), CMC_E_INPUT);
        assert_null(none);
        assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
        assert_int_equal(cmc_spki_lend(f->c, cmc_slice(bad, spki[0].n - 1), &none, &err),
                         CMC_E_INPUT);
    }
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
}

static void types_of_keys(void **state)
{
    static const char *const types[] = {"RSA", "EC", "ED25519", "ED448", "X25519", "X448", "DHX"};
    struct fixture *f = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        EVP_PKEY *key = generate(f, &kinds[i]);

        for (size_t k = 0; k < CMC_COUNT(types); k++)
            assert_int_equal(cmc_key_is(key, types[k]), EVP_PKEY_is_a(key, types[k]) == 1);
        assert_true(cmc_key_is(key, kinds[i].type));
        EVP_PKEY_free(key);
    }
    assert_false(cmc_key_is(NULL, "EC"));
}

static void digests(void **state)
{
    struct fixture *f = *state;
    uint8_t out[CMC_DIGEST_MAX];
    size_t n;
    static const uint8_t abc256[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                     0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                     0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                     0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};

    assert_int_equal(cmc_digest(f->c, CMC_DIGEST_SHA256, cmc_slice_str("abc"), out, &n, NULL),
                     CMC_OK);
    assert_int_equal(n, 32);
    assert_memory_equal(out, abc256, 32);
    assert_int_equal(cmc_digest(f->c, CMC_DIGEST_SHAKE256, cmc_slice_str("abc"), out, &n, NULL),
                     CMC_OK);
    assert_int_equal(n, 64);
    assert_ptr_equal(cmc_digest_by_name("SHA-256"), cmc_digest_alg(CMC_DIGEST_SHA256));
    assert_null(cmc_digest_by_name("SHA-257"));
}

static void digest_of_pieces(void **state)
{
    static const uint8_t text[] = "one two three";
    struct fixture *f = *state;
    uint8_t whole[CMC_DIGEST_MAX], out[CMC_DIGEST_MAX];
    size_t n;

    assert_int_equal(
        cmc_digest(f->c, CMC_DIGEST_SHA256, cmc_slice(text, sizeof text), whole, &n, NULL), CMC_OK);
    for (size_t i = 0; i <= sizeof text; i++) {
        const struct cmc_slice pieces[] = {cmc_slice(text, i), CMC_SLICE_NONE,
                                           cmc_slice(text + i, sizeof text - i)};

        assert_int_equal(
            cmc_digest_pieces(f->c, CMC_DIGEST_SHA256, pieces, CMC_COUNT(pieces), out, &n, NULL),
            CMC_OK);
        assert_int_equal(n, 32);
        assert_memory_equal(out, whole, n);
    }
}

#define RANDOM_OCTETS 8

/* Nothing is given out twice: not by one context, and not by a process and its child. */
static void random_octets_are_new(void **state)
{
    enum { DRAWS = 2000 };
    static uint8_t drawn[DRAWS][RANDOM_OCTETS];
    struct fixture *f = *state;
    uint8_t ours[RANDOM_OCTETS], theirs[RANDOM_OCTETS], large[1000] = {0}, again[1000] = {0};
    int pipes[2], status;
    pid_t pid;

    for (size_t i = 0; i < DRAWS; i++) {
        assert_int_equal(cmc_random_public(f->c, drawn[i], RANDOM_OCTETS, NULL), CMC_OK);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(drawn[i], drawn[k], RANDOM_OCTETS);
    }
    assert_int_equal(cmc_random_public(f->c, large, sizeof large, NULL), CMC_OK);
    assert_int_equal(cmc_random_public(f->c, again, sizeof again, NULL), CMC_OK);
    for (size_t i = 0; i < sizeof large; i += 20)
        assert_memory_not_equal(large + i, again + i, 20);
    assert_int_equal(pipe(pipes), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(cmc_random_public(f->c, theirs, RANDOM_OCTETS, NULL) == CMC_OK &&
                      write(pipes[1], theirs, RANDOM_OCTETS) == RANDOM_OCTETS
                  ? 0
                  : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(read(pipes[0], theirs, RANDOM_OCTETS), RANDOM_OCTETS);
    assert_int_equal(cmc_random_public(f->c, ours, RANDOM_OCTETS, NULL), CMC_OK);
    assert_memory_not_equal(ours, theirs, RANDOM_OCTETS);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void sealed_secrets(void **state)
{
    static const uint8_t key[CMC_SEAL_KEY_OCTETS] = {1}, other[CMC_SEAL_KEY_OCTETS] = {2};
    const struct cmc_slice bound = cmc_slice_str("alice"), plain = cmc_slice_str("a secret");
    struct fixture *f = *state;
    struct cmc_slice sealed, again, out;

    assert_int_equal(cmc_seal(f->c, key, bound, plain, f->a, &sealed, NULL), CMC_OK);
    assert_int_equal(cmc_seal(f->c, key, bound, plain, f->a, &again, NULL), CMC_OK);
    assert_false(cmc_slice_eq(sealed, again)); /* each has its own nonce */
    assert_int_equal(cmc_unseal(f->c, key, bound, sealed, f->a, &out, NULL), CMC_OK);
    assert_true(cmc_slice_eq(out, plain));
    assert_int_equal(cmc_unseal(f->c, other, bound, sealed, f->a, &out, NULL), CMC_E_CRYPTO);
    assert_int_equal(cmc_unseal(f->c, key, cmc_slice_str("bob"), sealed, f->a, &out, NULL),
                     CMC_E_CRYPTO);
    for (size_t i = 0; i < sealed.n; i++) {
        uint8_t *bad = cmc_arena_dup(f->a, sealed.p, sealed.n);

        bad[i] ^= 1;
        assert_int_equal(cmc_unseal(f->c, key, bound, cmc_slice(bad, sealed.n), f->a, &out, NULL),
                         CMC_E_CRYPTO);
        assert_int_equal(cmc_unseal(f->c, key, bound, cmc_slice(sealed.p, i), f->a, &out, NULL),
                         CMC_E_CRYPTO);
    }
    out =
        cmc_slice(cmc_arena_alloc(f->a, CMC_LIMIT_SECRET_OCTETS + 1), CMC_LIMIT_SECRET_OCTETS + 1);
    assert_int_equal(cmc_seal(f->c, key, bound, out, f->a, &sealed, NULL), CMC_E_LIMIT);
    assert_int_equal(cmc_seal(f->c, key, bound, cmc_slice_str(""), f->a, &sealed, NULL), CMC_OK);
    assert_int_equal(cmc_unseal(f->c, key, bound, sealed, f->a, &out, NULL), CMC_OK);
    assert_int_equal(out.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign_and_verify),
        cmocka_unit_test(algorithm_and_key_must_fit),
        cmocka_unit_test(weak_and_unknown_algorithms),
        cmocka_unit_test(spki_agrees_with_openssl),
        cmocka_unit_test(bad_public_keys),
        cmocka_unit_test(lent_keys),
        cmocka_unit_test(lent_key_and_digests),
        cmocka_unit_test(lent_rsa_key),
        cmocka_unit_test(lent_in_numbers),
        cmocka_unit_test(types_of_keys),
        cmocka_unit_test(digests),
        cmocka_unit_test(digest_of_pieces),
        cmocka_unit_test(random_octets_are_new),
        cmocka_unit_test(sealed_secrets),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
