/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static DH proof of possession (RFC 6955 section 4), from the client's making to the
 * certificate. [10004-5.1-z, 10004-5.1-ab, 10004-8-a, 10004-10-e]
 */
#include "ra_bench.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>

#include "pop/dh_pop.h"

static EVP_PKEY *dh_key(struct bench *b, const char *group)
{
    EVP_PKEY_CTX *ctx =
        EVP_PKEY_CTX_new_from_name(cmc_crypto_get0_libctx(b->t->crypto), "DHX", NULL);
    EVP_PKEY *key = NULL;

    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_group_name(ctx, group), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static enum cmc_rc prove(void *arg, EVP_PKEY *key, struct cmc_slice octets, struct cmc_arena *arena,
                         struct cmc_algid *alg, struct cmc_slice *bits, struct cmc_err *err)
{
    const struct bench *b = ((void **)arg)[0];

    return cmc_dh_pop_make(b->t->crypto, ((void **)arg)[1], key, octets, arena, alg, bits, err);
}

/* A certificate of the CA for a DH key, by an RA's word. */
static struct cmc_slice dh_cert(struct bench *b, EVP_PKEY *key, const char *subject)
{
    struct cmc_request_params p = {
        .key = key, .subject = bench_name(b, subject), .cert_req_id = 1, .no_pop = true};
    struct cmc_issue_order order = {.key = key, .profile = "all", .now = TEST_NOW};
    struct cmc_issued issued;
    struct cmc_request rq;
    struct cmc_slice der;
    struct cmc_err err = {0};

    assert_int_equal(cmc_crmf_create(b->t->crypto, &p, b->t->arena, &der, &err), CMC_OK);
    assert_int_equal(cmc_request_from_crmf(der, b->t->arena, &rq, &err), CMC_OK);
    order.request = &rq;
    if (cmc_ca_issue(b->t->ca, &order, b->t->arena, &issued, &err) != CMC_OK)
        fail_msg("%s", err.text);
    return issued.cert;
}

static struct cmc_slice dh_request(struct bench *b, EVP_PKEY *key, struct cmc_dh_pop *ca, bool crmf,
                                   struct cmc_request *rq)
{
    void *arg[] = {b, ca};
    struct cmc_request_params p = {.key = key,
                                   .subject = bench_name(b, "CN=dh"),
                                   .cert_req_id = REQUEST_ID,
                                   .prove = prove,
                                   .prove_arg = arg};
    struct cmc_slice der;
    struct cmc_err err = {0};

    if ((crmf ? cmc_crmf_create(b->t->crypto, &p, b->t->arena, &der, &err)
              : cmc_pkcs10_create(b->t->crypto, &p, b->t->arena, &der, &err)) != CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(crmf ? cmc_request_from_crmf(der, b->t->arena, rq, NULL)
                          : cmc_request_from_pkcs10(der, b->t->arena, rq, NULL),
                     CMC_OK);
    return der;
}

static void send(struct bench *b, struct cmc_slice der, bool crmf)
{
    bench_send(
        b, &b->t->officer,
        (struct cmc_full_request){.crmf = &der, .ncrmf = crmf, .pkcs10 = &der, .npkcs10 = !crmf});
}

/* The CA without a DH certificate, and then with one. */
static void proves_itself(void **state)
{
    struct bench *b = *state;
    EVP_PKEY *ca_key = dh_key(b, "dh_2048_256"), *other = dh_key(b, "dh_2048_256");
    struct cmc_dh_pop ca = {.cert = dh_cert(b, ca_key, "CN=DH of the CA")};
    struct cmc_err err = {0};

    for (int crmf = 0; crmf < 2; crmf++) {
        EVP_PKEY *key = dh_key(b, "dh_2048_256");
        struct cmc_request rq;

        send(b, dh_request(b, key, &ca, crmf == 1, &rq), crmf == 1);
        bench_expect(b, CMC_FAIL_BAD_ALG, b->state.first_request_id);
        EVP_PKEY_free(key);
    }
    assert_int_equal(cmc_ca_set_dh_pop(b->t->ca, ca.cert, other, &err), CMC_E_USAGE);
    assert_int_equal(cmc_ca_set_dh_pop(b->t->ca, b->ra.cert, b->ra.key, &err), CMC_E_USAGE);
    assert_int_equal(cmc_ca_set_dh_pop(b->t->ca, ca.cert, ca_key, &err), CMC_OK);
    for (int crmf = 0; crmf < 2; crmf++) {
        EVP_PKEY *key = dh_key(b, "dh_2048_256");
        const struct cmc_extension *e;
        struct cmc_request rq;
        struct cmc_cert cert;

        send(b, dh_request(b, key, &ca, crmf == 1, &rq), crmf == 1);
        bench_expect(b, CMC_FAIL_INFO_NONE, b->state.first_request_id);
        cert = bench_cert(b, &rq);
        e = cmc_extension_find(&cert.tbs.extensions, cmc_oid_id_ce_keyUsage);
        assert_null(e); /* the profile takes what is asked for, and nothing was */
        EVP_PKEY_free(key);
    }
    EVP_PKEY_free(other);
}

static void refused(void **state)
{
    struct bench *b = *state;
    const struct cmc_authority *auth = cmc_ca_get0_authority(b->t->ca);
    EVP_PKEY *key = dh_key(b, "dh_2048_256"), *foreign = dh_key(b, "dh_2048_224");
    EVP_PKEY *second = dh_key(b, "dh_2048_256");
    struct cmc_dh_pop ours, other = {.cert = dh_cert(b, second, "CN=another DH of the CA")};
    struct cmc_dh_pop far = {.cert = dh_cert(b, foreign, "CN=other group")};
    struct cmc_request rq;
    struct cmc_slice der;
    uint8_t *octets;

    assert_int_equal(auth->ops->dh_pop(auth->self, &ours, NULL), CMC_OK);
    /* a MAC that is another */
    der = dh_request(b, key, &ours, true, &rq);
    octets = cmc_arena_dup(b->t->arena, der.p, der.n);
    octets[der.n - 1] ^= 1;
    send(b, cmc_slice(octets, der.n), true);
    bench_expect(b, CMC_FAIL_POP_FAILED, REQUEST_ID);
    /* what it covers is another: the last letter of the subject */
    octets = cmc_arena_dup(b->t->arena, der.p, der.n);
    for (size_t i = 0; i + 2 < der.n; i++) {
        if (octets[i] == 'd' && octets[i + 1] == 'h') {
            octets[i] = 'x';
            break;
        }
    }
    send(b, cmc_slice(octets, der.n), true);
    bench_expect(b, CMC_FAIL_POP_FAILED, REQUEST_ID);
    /* made for another certificate */
    send(b, dh_request(b, key, &other, true, &rq), true);
    bench_expect(b, CMC_FAIL_POP_FAILED, REQUEST_ID);
    bench_says(b, "another certificate");
    /* in another group */
    send(b, dh_request(b, foreign, &far, true, &rq), true);
    bench_expect(b, CMC_FAIL_BAD_ALG, REQUEST_ID);
    bench_says(b, "parameters");
    /* the client says so before */
    assert_int_equal(cmc_dh_pop_make(b->t->crypto, &ours, foreign, cmc_slice_str("x"), b->t->arena,
                                     &rq.pop_alg, &der, NULL),
                     CMC_E_USAGE);
    EVP_PKEY_free(key);
    EVP_PKEY_free(foreign);
    EVP_PKEY_free(second);
}

/* SHA-1 only where old peers force it. */
static void weak_hash(void **state)
{
    struct bench *b = *state;
    const struct cmc_authority *auth = cmc_ca_get0_authority(b->t->ca);
    EVP_PKEY *key = dh_key(b, "dh_2048_256");
    struct cmc_dh_pop ours;
    struct cmc_request rq;
    struct cmc_err err = {0};

    assert_int_equal(auth->ops->dh_pop(auth->self, &ours, NULL), CMC_OK);
    (void)dh_request(b, key, &ours, false, &rq);
    assert_int_equal(cmc_dh_pop_check(b->t->crypto, &ours, &rq, key, false, b->t->arena, &err),
                     CMC_OK);
    rq.pop_alg.algorithm = cmc_oid_id_alg_dhPop_static_sha1_hmac_sha1;
    assert_int_equal(cmc_dh_pop_check(b->t->crypto, &ours, &rq, key, false, b->t->arena, &err),
                     CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    assert_int_equal(cmc_dh_pop_check(b->t->crypto, &ours, &rq, key, true, b->t->arena, &err),
                     CMC_E_CRYPTO); /* it is a SHA-256 value after all */
    /* not even a DhSigStatic */
    rq.pop_alg.algorithm = cmc_oid_id_alg_dhPop_static_sha256_hmac_sha256;
    rq.pop_signature = CMC_SLICE_LIT("\x05\x00");
    assert_int_equal(cmc_dh_pop_check(b->t->crypto, &ours, &rq, key, false, b->t->arena, &err),
                     CMC_E_CRYPTO);
    assert_int_equal(err.fail_info, CMC_FAIL_POP_FAILED);
    EVP_PKEY_free(key);
}

/* [10004-10-b] 2 to the power of q lies outside of the subgroup; so would a trap. */
static void small_subgroup(void **state)
{
    struct bench *b = *state;
    const struct cmc_authority *auth = cmc_ca_get0_authority(b->t->ca);
    EVP_PKEY *key = dh_key(b, "dh_2048_256"), *bad = NULL;
    EVP_PKEY_CTX *ctx =
        EVP_PKEY_CTX_new_from_name(cmc_crypto_get0_libctx(b->t->crypto), "DHX", NULL);
    BIGNUM *p = NULL, *q = NULL, *g = NULL, *y = BN_new();
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BN_CTX *bn = BN_CTX_new();
    struct cmc_dh_pop ours;
    struct cmc_request rq;
    struct cmc_err err = {0};
    OSSL_PARAM *params;

    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_P, &p), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_Q, &q), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_G, &g), 1);
    assert_int_equal(BN_set_word(y, 2), 1);
    assert_int_equal(BN_mod_exp(y, y, q, p, bn), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_utf8_string(bld, "group", "dh_2048_256", 0), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, y), 1);
    params = OSSL_PARAM_BLD_to_param(bld);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &bad, EVP_PKEY_PUBLIC_KEY, params), 1);
    assert_int_equal(auth->ops->dh_pop(auth->self, &ours, NULL), CMC_OK);
    (void)dh_request(b, key, &ours, false, &rq);
    assert_int_equal(cmc_dh_pop_check(b->t->crypto, &ours, &rq, bad, false, b->t->arena, &err),
                     CMC_E_CRYPTO);
    assert_int_equal(err.fail_info, CMC_FAIL_POP_FAILED);
    assert_int_equal(cmc_key_check(bad, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    assert_int_equal(cmc_key_check(key, &err), CMC_OK);
    BN_free(p);
    BN_free(q);
    BN_free(g);
    BN_free(y);
    BN_CTX_free(bn);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    EVP_PKEY_free(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_itself),
        cmocka_unit_test(refused),
        cmocka_unit_test(weak_hash),
        cmocka_unit_test(small_subgroup),
    };

    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
