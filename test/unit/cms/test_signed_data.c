/* SPDX-License-Identifier: Apache-2.0 */
/* SignedData against itself and against OpenSSL's CMS, both ways. */
#include "../authority.h"

#include <openssl/cms.h>
#include <openssl/x509.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"

static int setup(void **state)
{
    *state = test_authority_new("EC", "P-256");
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

static const struct kind {
    const char *type, *param, *alg;
    bool openssl; /* OpenSSL 3.0's CMS can do it */
} kinds[] = {
    {"RSA", NULL, "rsa-sha256", true},     {"RSA", NULL, "rsa-sha512", true},
    {"RSA", NULL, "rsa-pss-sha256", true}, {"EC", "P-256", "ecdsa-sha256", true},
    {"EC", "P-384", "ecdsa-sha384", true}, {"EC", "P-521", "ecdsa-sha512", true},
    {"ED25519", NULL, "ed25519", false},   {"ED448", NULL, "ed448", false},
};

/* A certificate for any kind of key, by the profile whose keys are not limited. */
static struct test_party party(struct test_authority *t, const struct kind *k)
{
    struct test_party p = {.key = test_key(t, k->type, k->param)};
    struct cmc_slice csr = test_csr(t, p.key, "CN=signer", NULL);
    struct cmc_issue_order order = {.key = p.key, .profile = "ee", .now = TEST_NOW};
    struct cmc_issued issued;
    struct cmc_request rq;

    assert_int_equal(cmc_request_from_pkcs10(csr, t->arena, &rq, NULL), CMC_OK);
    order.request = &rq;
    assert_int_equal(cmc_ca_issue(t->ca, &order, t->arena, &issued, NULL), CMC_OK);
    p.cert = issued.cert;
    return p;
}

static struct cmc_slice make(struct test_authority *t, const struct test_party *p, const char *alg,
                             int sid, bool time)
{
    const struct cmc_cms_signer signer = {.key = p->key,
                                          .alg = cmc_sig_by_name(alg),
                                          .sid = sid,
                                          .cert = p->cert,
                                          .signing_time = time,
                                          .time = TEST_NOW};
    const struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData,
                                         .content = cmc_slice_str("the content"),
                                         .certs = &p->cert,
                                         .ncerts = 1};
    struct cmc_slice out;
    struct cmc_err err = {0};

    assert_int_equal(cmc_signed_data_create(t->crypto, &what, &signer, 1, t->arena, &out, &err),
                     CMC_OK);
    return out;
}

static void stages(struct test_authority *t, struct cmc_slice der, EVP_PKEY *key,
                   enum cmc_rc digest, enum cmc_rc type, enum cmc_rc sig)
{
    struct cmc_signed_data sd;
    struct cmc_err err = {0};

    assert_int_equal(cmc_signed_data_open(der, t->arena, &sd, &err), CMC_OK);
    assert_int_equal(cmc_signer_check_digest(t->crypto, &sd, 0, false, t->arena, &err), digest);
    assert_int_equal(cmc_signer_check_content_type(&sd, 0, t->arena, &err), type);
    assert_int_equal(cmc_signer_check_signature(t->crypto, &sd, 0, key, false, t->arena, &err),
                     sig);
}

static bool openssl_accepts(struct cmc_slice der)
{
    const unsigned char *p = der.p;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
    bool ok;

    assert_non_null(cms);
    ok = CMS_verify(cms, NULL, NULL, NULL, NULL, CMS_NO_SIGNER_CERT_VERIFY | CMS_BINARY) == 1;
    CMS_ContentInfo_free(cms);
    return ok;
}

/* [10004-5.1-a, 10004-5.1-b, 10004-5.1-c, 10004-5.1-d] */
static void every_algorithm_and_sid(void **state)
{
    struct test_authority *t = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        struct test_party p = party(t, &kinds[i]);

        for (int sid = CMC_SID_ISSUER_SERIAL; sid <= CMC_SID_SKI; sid++) {
            struct cmc_slice der = make(t, &p, kinds[i].alg, sid, sid == CMC_SID_SKI);
            struct cmc_signed_data sd;

            stages(t, der, p.key, CMC_OK, CMC_OK, CMC_OK);
            assert_int_equal(cmc_signed_data_open(der, t->arena, &sd, NULL), CMC_OK);
            assert_int_equal(cmc_signer_find_cert(&sd, 0, sd.certs.v, sd.certs.n, t->arena), 0);
            if (kinds[i].openssl)
                assert_true(openssl_accepts(der));
        }
        test_party_free(&p);
    }
}

static void reads_what_openssl_signs(void **state)
{
    struct test_authority *t = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        struct test_party p = party(t, &kinds[i]);
        const unsigned char *in = p.cert.p;
        unsigned char *out = NULL;
        X509 *x = d2i_X509(NULL, &in, (long)p.cert.n);
        BIO *content = BIO_new_mem_buf("from openssl", -1);
        CMS_ContentInfo *cms;
        int n;

        if (kinds[i].openssl) {
            /* CMS_KEY_PARAM is left out, so RSA is PKCS#1 v1.5 whatever our name says */
            cms = CMS_sign(NULL, NULL, NULL, content, CMS_PARTIAL | CMS_BINARY);
            assert_non_null(cms);
            assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(NID_id_cct_PKIData)), 1);
            assert_non_null(CMS_add1_signer(cms, x, p.key, EVP_sha256(), CMS_USE_KEYID));
            assert_int_equal(CMS_final(cms, content, NULL, CMS_BINARY), 1);
            n = i2d_CMS_ContentInfo(cms, &out);
            assert_true(n > 0);
            stages(t, cmc_slice(out, (size_t)n), p.key, CMC_OK, CMC_OK, CMC_OK);
            OPENSSL_free(out);
            CMS_ContentInfo_free(cms);
        }
        BIO_free(content);
        X509_free(x);
        test_party_free(&p);
    }
}

/* Find the octets and change the last of them. */
static struct cmc_slice spoil(struct test_authority *t, struct cmc_slice der, const void *what,
                              size_t n, bool last)
{
    uint8_t *p = cmc_arena_dup(t->arena, der.p, der.n), *found = NULL;

    for (size_t i = 0; i + n <= der.n; i++) {
        if (memcmp(p + i, what, n) == 0 && (found == NULL || last))
            found = p + i;
    }
    assert_non_null(found);
    found[n - 1] ^= 1;
    return cmc_slice(p, der.n);
}

static void each_stage_fails_by_itself(void **state)
{
    struct test_authority *t = *state;
    struct test_party p = party(t, &kinds[3]);
    struct cmc_slice der = make(t, &p, "ecdsa-sha256", CMC_SID_SKI, false);
    struct cmc_slice type = cmc_oid_id_cct_PKIData;

    stages(t, spoil(t, der, "the content", 11, false), p.key, CMC_E_CRYPTO, CMC_OK, CMC_OK);
    /* the first place of the OID is eContentType, the last the signed attribute */
    stages(t, spoil(t, der, type.p, type.n, false), p.key, CMC_OK, CMC_E_CRYPTO, CMC_OK);
    stages(t, spoil(t, der, type.p, type.n, true), p.key, CMC_OK, CMC_E_CRYPTO, CMC_E_CRYPTO);
    stages(t, der, t->officer.key, CMC_OK, CMC_OK, CMC_E_CRYPTO);
    test_party_free(&p);
}

/* [10002-10-u1] */
static void signed_attributes_are_mandatory(void **state)
{
    struct test_authority *t = *state;
    struct cmc_slice der = make(t, &t->officer, "ecdsa-sha256", CMC_SID_SKI, false);
    struct cmc_signed_data sd;
    struct cmc_signer_info *si;
    struct cmc_err err = {0};

    assert_int_equal(cmc_signed_data_open(der, t->arena, &sd, &err), CMC_OK);
    si = CMC_AT(struct cmc_signer_info, sd.signer_infos, 0);
    si->signed_attrs = CMC_SLICE_NONE;
    assert_int_equal(cmc_signer_check_digest(t->crypto, &sd, 0, false, t->arena, &err),
                     CMC_E_INPUT);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_MESSAGE_CHECK);
    assert_int_equal(cmc_signer_check_content_type(&sd, 0, t->arena, &err), CMC_E_INPUT);
}

static void several_signers(void **state)
{
    struct test_authority *t = *state;
    struct test_party a = party(t, &kinds[0]), b = party(t, &kinds[6]);
    const struct cmc_slice certs[] = {a.cert, b.cert};
    const struct cmc_cms_signer signers[] = {
        {.key = a.key, .sid = CMC_SID_ISSUER_SERIAL, .cert = a.cert},
        {.key = b.key, .sid = CMC_SID_SKI, .cert = b.cert}};
    const struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData,
                                         .content = cmc_slice_str("two"),
                                         .certs = certs,
                                         .ncerts = 2};
    struct cmc_signed_data sd;
    struct cmc_slice der;
    struct cmc_err err = {0};

    assert_int_equal(cmc_signed_data_create(t->crypto, &what, signers, 2, t->arena, &der, &err),
                     CMC_OK);
    assert_int_equal(cmc_signed_data_open(der, t->arena, &sd, &err), CMC_OK);
    assert_int_equal(sd.signer_infos.n, 2);
    assert_int_equal(sd.digest_algorithms.n, 2);
    for (size_t i = 0; i < 2; i++) {
        size_t k = cmc_signer_find_cert(&sd, i, sd.certs.v, sd.certs.n, t->arena);

        assert_true(k < 2);
        assert_int_equal(cmc_signer_check_digest(t->crypto, &sd, i, false, t->arena, &err), CMC_OK);
    }
    test_party_free(&a);
    test_party_free(&b);
}

/* [10002-4.1-u1] */
static void certs_only(void **state)
{
    struct test_authority *t = *state;
    struct cmc_signed_data sd;
    struct cmc_slice der;
    const unsigned char *p;
    CMS_ContentInfo *cms;
    STACK_OF(X509) * certs;
    struct cmc_err err = {0};

    assert_int_equal(cmc_certs_only_create(&t->root.cert, 1, NULL, 0, t->arena, &der, &err),
                     CMC_OK);
    assert_int_equal(cmc_signed_data_open(der, t->arena, &sd, &err), CMC_OK);
    assert_true(cmc_is_certs_only(&sd));
    p = der.p;
    cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
    certs = CMS_get1_certs(cms);
    assert_int_equal(sk_X509_num(certs), 1);
    sk_X509_pop_free(certs, X509_free);
    CMS_ContentInfo_free(cms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_algorithm_and_sid),
        cmocka_unit_test(reads_what_openssl_signs),
        cmocka_unit_test(each_stage_fails_by_itself),
        cmocka_unit_test(signed_attributes_are_mandatory),
        cmocka_unit_test(several_signers),
        cmocka_unit_test(certs_only),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
