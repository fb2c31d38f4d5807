/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles: what compiles, what they refuse, and what the certificate looks like to OpenSSL. */
#include "../authority.h"

#include <openssl/x509v3.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"

#define STR(s) ((char *)(uintptr_t)(s))

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

static void refuses_to_compile(void **state)
{
    static const struct {
        struct cmc_profile_extension ext;
        const char *key;
        unsigned int days;
        const char *says;
    } rows[] = {
        {{STR("keyUsag"), STR("digitalSignature")}, NULL, 1, "keyUsag"},
        {{STR("keyUsage"), STR("digitalSignatur")}, NULL, 1, "digitalSignatur"},
        {{STR("subjectKeyIdentifier"), STR("hash")}, NULL, 1, "leave it out"},
        {{STR("crlDistributionPoints"), STR("@missing")}, NULL, 1, "crlDistributionPoints"},
        {{STR("keyUsage"), STR("digitalSignature")}, "rsa:512", 1, "rsa:512"},
        {{STR("keyUsage"), STR("digitalSignature")}, "ec:P-257", 1, "ec:P-257"},
        {{STR("keyUsage"), STR("digitalSignature")}, NULL, 0, "days"},
        /* [10002-9.2-a, 10002-9.2-b, 10002-9.2-c, 10002-9.2-d] */
        {{STR("subjectInfoAccess"), STR("1.3.6.1.5.5.7.48.12;URI:http://a/cmc")},
         NULL,
         1,
         "extended key usage cmcCA"},
        {{STR("subjectInfoAccess"), STR("1.3.6.1.5.5.7.48.12;RID:1.2.3")}, NULL, 1, "location"},
    };

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_profile_extension ext = rows[i].ext;
        char *key = STR(rows[i].key);
        const struct cmc_profile_spec spec = {.name = STR("p"),
                                              .days = rows[i].days,
                                              .extensions = &ext,
                                              .extension_count = 1,
                                              .key_types = &key,
                                              .key_type_count = key != NULL};
        struct cmc_profile *p;
        struct cmc_err err = {0};

        assert_int_equal(cmc_profile_compile(&spec, NULL, &p, &err), CMC_E_USAGE);
        assert_null(p);
        assert_non_null(strstr(err.text, rows[i].says));
    }
}

/* Each form of location that CMC has a transport for, beside the key usage that must be there.
 * [10002-9.2-a, 10002-9.2-b, 10002-9.2-c, 10002-9.2-d] */
static void where_cmc_is_served(void **state)
{
    static const struct {
        const char *access, *eku;
        enum cmc_rc rc;
    } rows[] = {
        {"1.3.6.1.5.5.7.48.12;URI:http://ca.example/cmc", "1.3.6.1.5.5.7.3.27", CMC_OK},
        {"1.3.6.1.5.5.7.48.12;email:cmc@ca.example", "1.3.6.1.5.5.7.3.28", CMC_OK},
        {"1.3.6.1.5.5.7.48.12;DNS:ca.example", "1.3.6.1.5.5.7.3.29", CMC_OK},
        {"1.3.6.1.5.5.7.48.12;IP:192.0.2.1", "clientAuth,1.3.6.1.5.5.7.3.27", CMC_OK},
        {"1.3.6.1.5.5.7.48.12;RID:1.2.3", "1.3.6.1.5.5.7.3.27", CMC_E_USAGE},
        {"1.3.6.1.5.5.7.48.12;URI:http://ca.example/cmc", "clientAuth", CMC_E_USAGE},
        {"caRepository;RID:1.2.3", "clientAuth", CMC_OK},
    };

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_profile_extension exts[] = {
            {STR("subjectInfoAccess"), STR(rows[i].access)},
            {STR("extendedKeyUsage"), STR(rows[i].eku)},
        };
        const struct cmc_profile_spec spec = {
            .name = STR("p"), .days = 1, .extensions = exts, .extension_count = 2};
        struct cmc_profile *p;
        struct cmc_err err = {0};

        if (cmc_profile_compile(&spec, NULL, &p, &err) != rows[i].rc)
            fail_msg("row %zu: %s", i, err.text);
        cmc_profile_free(p);
    }
}

static enum cmc_rc check(struct test_authority *t, const struct cmc_profile_spec *spec,
                         EVP_PKEY *key, const char *subject, const struct cmc_extension *exts,
                         size_t n, struct cmc_err *err)
{
    struct cmc_request_params rp = {.key = key, .exts = exts, .nexts = n};
    struct cmc_profile *p;
    struct cmc_request rq;
    struct cmc_slice csr;
    enum cmc_rc rc;

    assert_int_equal(cmc_profile_compile(spec, NULL, &p, err), CMC_OK);
    assert_int_equal(cmc_name_parse(subject, t->arena, &rp.subject, err), CMC_OK);
    assert_int_equal(cmc_pkcs10_create(t->crypto, &rp, t->arena, &csr, err), CMC_OK);
    assert_int_equal(cmc_request_from_pkcs10(csr, t->arena, &rq, err), CMC_OK);
    rc = cmc_profile_check(p,
                           &(struct cmc_profile_case){.request = &rq, .key = key, .now = TEST_NOW},
                           t->arena, NULL, err);
    cmc_profile_free(p);
    return rc;
}

/* [10002-10-u5] */
static void refuses_requests(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *p256 = test_key(t, "EC", "P-256"), *rsa = test_key(t, "RSA", NULL);
    char *keys[] = {STR("ec:P-256"), STR("rsa:3072")};
    char *san[] = {STR("subjectAltName")};
    struct cmc_profile_spec spec = {.name = STR("p"),
                                    .days = 1,
                                    .key_types = keys,
                                    .key_type_count = 2,
                                    .request_extensions = san,
                                    .request_extension_count = 1};
    static const uint8_t ca_true[] = {0x30, 0x03, 0x01, 0x01, 0xff};
    static const uint8_t nothing[] = {0x30, 0x00};
    struct cmc_extension bc = {.extn_id = cmc_oid_id_ce_basicConstraints,
                               .value = {ca_true, sizeof ca_true}};
    struct cmc_extension unknown = {.extn_id = cmc_oid_netscape_cert_type,
                                    .value = {nothing, sizeof nothing}};
    struct cmc_extension bad_san = {.extn_id = cmc_oid_id_ce_subjectAltName,
                                    .value = {nothing, sizeof nothing}};
    struct cmc_err err = {0};

    assert_int_equal(check(t, &spec, p256, "CN=x", NULL, 0, &err), CMC_OK);
    assert_int_equal(check(t, &spec, rsa, "CN=x", NULL, 0, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    assert_int_equal(check(t, &spec, p256, "", NULL, 0, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(check(t, &spec, p256, "CN=x", &bc, 1, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_UNSUPPORTED_EXT);
    assert_int_equal(check(t, &spec, p256, "CN=x", &unknown, 1, &err), CMC_OK);
    unknown.critical = true;
    assert_int_equal(check(t, &spec, p256, "CN=x", &unknown, 1, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_UNSUPPORTED_EXT);
    assert_int_equal(check(t, &spec, p256, "CN=x", &bad_san, 1, &err), CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    spec.require_san = true;
    assert_int_equal(check(t, &spec, p256, "CN=x", NULL, 0, &err), CMC_E_REFUSED);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(rsa);
}

static X509 *issue(struct test_authority *t, const char *subject, const char *san)
{
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = test_csr(t, key, subject, san);
    struct cmc_issue_order order = {.key = key, .profile = "ee", .now = TEST_NOW};
    struct cmc_issued issued;
    struct cmc_request rq;
    struct cmc_err err = {0};
    const unsigned char *p;
    X509 *x;

    assert_int_equal(cmc_request_from_pkcs10(csr, t->arena, &rq, &err), CMC_OK);
    order.request = &rq;
    assert_int_equal(cmc_ca_issue(t->ca, &order, t->arena, &issued, &err), CMC_OK);
    p = issued.cert.p;
    x = d2i_X509(NULL, &p, (long)issued.cert.n);
    assert_non_null(x);
    EVP_PKEY_free(key);
    return x;
}

/* OpenSSL, which wrote none of it, reads every part. */
static void openssl_reads_the_certificate(void **state)
{
    struct test_authority *t = *state;
    X509 *x = issue(t, "C=SE, O=Example, CN=host", "DNS:host.example,IP:192.0.2.1");
    const unsigned char *p = t->root.cert.p;
    X509 *root = d2i_X509(NULL, &p, (long)t->root.cert.n);
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
    GENERAL_NAMES *san;
    int critical = -2;

    assert_int_equal(X509_verify(x, X509_get0_pubkey(root)), 1);
    assert_int_equal(X509_check_issued(root, x), X509_V_OK);
    assert_int_equal(X509_get_version(x), 2);
    assert_int_equal(ASN1_STRING_length(serial), 20);
    assert_int_equal(X509_check_host(x, "host.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(x, "192.0.2.1", 0), 1);
    /* of the profile's uses what an EC key can do: no keyEncipherment */
    assert_int_equal(X509_get_key_usage(x), X509v3_KU_DIGITAL_SIGNATURE | X509v3_KU_KEY_AGREEMENT);
    assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_SERVER);
    assert_int_equal(X509_get_ext_by_NID(x, NID_crl_distribution_points, -1) >= 0, 1);
    assert_non_null(X509_get0_subject_key_id(x));
    assert_int_equal(
        ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x), X509_get0_subject_key_id(root)), 0);
    san = X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL);
    assert_int_equal(critical, 0);
    GENERAL_NAMES_free(san);
    X509_free(root);
    X509_free(x);
}

/* 90 days, both ends counting: notAfter is one second less (RFC 5280 section 4.1.2.5). */
static void validity(void **state)
{
    X509 *x = issue(*state, "CN=v", NULL);
    int days, seconds;

    assert_int_equal(ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(x), X509_get0_notAfter(x)),
                     1);
    assert_int_equal(days, 89);
    assert_int_equal(seconds, 86399);
    X509_free(x);
}

static void serials_differ(void **state)
{
    X509 *a = issue(*state, "CN=s", NULL), *b = issue(*state, "CN=s", NULL);

    assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
    X509_free(a);
    X509_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_to_compile),
        cmocka_unit_test(refuses_requests),
        cmocka_unit_test(where_cmc_is_served),
        cmocka_unit_test(openssl_reads_the_certificate),
        cmocka_unit_test(validity),
        cmocka_unit_test(serials_differ),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
