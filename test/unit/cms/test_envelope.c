/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes against OpenSSL's CMS: it opens ours, we open its own, and bad ones stay shut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/enveloped_data.h"
#include "cms/signed_data.h"
#include "crypto/aead.h"
#include "crypto/agree.h"

#define TEXT "what only the holder of the key may read; longer than a block of any cipher"

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

struct kind {
    const char *type, *param;
    bool openssl; /* OpenSSL 3.0's CMS does such keys */
};
static const struct kind kinds[] = {
    {"RSA", NULL, true},          {"EC", "P-256", true},   {"EC", "P-384", true},
    {"EC", "P-521", true},        {"X25519", NULL, false}, {"X448", NULL, false},
    {"DHX", "dh_2048_256", true},
};

/* X9.42 keys in a group of RFC 5114. */
static EVP_PKEY *new_dh(OSSL_LIB_CTX *lib, const char *group)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, "DHX", NULL);
    EVP_PKEY *key = NULL;

    assert_true(EVP_PKEY_keygen_init(ctx) > 0);
    assert_true(EVP_PKEY_CTX_set_group_name(ctx, group) > 0);
    assert_true(EVP_PKEY_generate(ctx, &key) > 0);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *new_key(struct world *w, const struct kind *k)
{
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(w->crypto);
    EVP_PKEY *key = strcmp(k->type, "DHX") == 0 ? new_dh(lib, k->param)
                    : k->param != NULL          ? EVP_PKEY_Q_keygen(lib, NULL, k->type, k->param)
                    : strcmp(k->type, "RSA") == 0
                        ? EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)2048)
                        : EVP_PKEY_Q_keygen(lib, NULL, k->type);

    assert_non_null(key);
    return key;
}

/* The same key in OpenSSL's own context, as its CMS wants it. */
static EVP_PKEY *for_openssl(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    const unsigned char *p;
    int n = i2d_PrivateKey(key, &der);
    EVP_PKEY *copy;

    assert_true(n > 0);
    p = der;
    copy = d2i_AutoPrivateKey(NULL, &p, n);
    assert_non_null(copy);
    OPENSSL_free(der);
    return copy;
}

/* A certificate for the key with an SKI, so that either kind of rid finds it. */
static X509 *cert_for(EVP_PKEY *key, const uint8_t *ski, size_t n)
{
    X509 *x = X509_new();
    ASN1_OCTET_STRING *os = ASN1_OCTET_STRING_new();
    EVP_PKEY *signer = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"); /* the key need not sign */

    assert_non_null(x);
    assert_int_equal(X509_set_version(x, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 77), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                                                (const unsigned char *)"x", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(x)), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 86400));
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_int_equal(ASN1_OCTET_STRING_set(os, ski, (int)n), 1);
    assert_int_equal(X509_add1_ext_i2d(x, NID_subject_key_identifier, os, 0, 0), 1);
    assert_true(X509_sign(x, signer, EVP_sha256()) > 0);
    EVP_PKEY_free(signer);
    ASN1_OCTET_STRING_free(os);
    return x;
}

static const uint8_t ski[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                              11, 12, 13, 14, 15, 16, 17, 18, 19, 20};

static struct cmc_content_info envelope(struct world *w, const struct cmc_envelope_to *to,
                                        struct cmc_slice type)
{
    struct cmc_content_info ci;
    struct cmc_err err = {0};
    enum cmc_rc rc =
        cmc_envelope_create(w->crypto, to, type, cmc_slice_str(TEXT), w->arena, &ci, &err);

    if (rc != CMC_OK)
        print_message("# %s\n", err.text);
    assert_int_equal(rc, CMC_OK);
    return ci;
}

static enum cmc_rc open_it(struct world *w, const struct cmc_content_info *ci, EVP_PKEY *key,
                           struct cmc_slice *content, struct cmc_err *err)
{
    const struct cmc_cms_recipient who = {.key = key};
    struct cmc_slice type;

    return cmc_envelope_open(w->crypto, ci, &who, w->arena, &type, content, err);
}

/* -- ours -------------------------------------------------------------------------------- */

/* [10004-5.1-e, 10004-5.1-g, 10004-5.1-k, 10004-5.1-l] */
static void ours_opens_ours(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        for (int how = 0; how < 8; how++) {
            EVP_PKEY *key = new_key(w, &kinds[i]);
            const struct cmc_envelope_to to = {
                .key = key,
                .ski = (how & 1) != 0 ? cmc_slice(ski, sizeof ski) : CMC_SLICE_NONE,
                .serial = 4711,
                .authenticated = (how & 2) != 0,
                .padding = (how & 4) != 0 ? CMC_RSA_OAEP_SHA256 : CMC_RSA_PKCS1_V15};
            struct cmc_content_info again = {0}, ci = envelope(w, &to, cmc_oid_id_cct_PKIData);
            struct cmc_slice der, content, type;
            const struct cmc_cms_recipient who = {.key = key};

            /* through octets, as it travels */
            assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &ci, w->arena, &der, NULL),
                             CMC_OK);
            assert_int_equal(cmc_decode(&cmc_it_content_info, der, w->arena, &again, NULL), CMC_OK);
            assert_int_equal(
                cmc_envelope_open(w->crypto, &again, &who, w->arena, &type, &content, NULL),
                CMC_OK);
            assert_true(cmc_slice_eq(content, cmc_slice_str(TEXT)));
            assert_true(cmc_slice_eq(type, cmc_oid_id_cct_PKIData));
            EVP_PKEY_free(key);
        }
    }
}

static void names_the_recipient(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, &kinds[0]);
    struct cmc_envelope_to to = {.key = key, .serial = 4711};
    struct cmc_enveloped_data ed;
    struct cmc_content_info ci = envelope(w, &to, cmc_oid_id_data);
    const struct cmc_recipient_info *ri;
    uint64_t serial = 0;

    assert_int_equal(cmc_enveloped_data_open(&ci, w->arena, &ed, NULL), CMC_OK);
    ri = CMC_AT(const struct cmc_recipient_info, ed.recipients, 0);
    assert_int_equal(ed.version, 0);
    assert_int_equal(ri->u.ktri.rid.which, CMC_SID_ISSUER_SERIAL);
    assert_true(cmc_int_get_u64(ri->u.ktri.rid.u.issuer_serial.serial, &serial));
    assert_int_equal(serial, 4711);
    assert_int_equal(ri->u.ktri.rid.u.issuer_serial.issuer.n, 2); /* no RDN */
    to.ski = cmc_slice(ski, sizeof ski);
    ci = envelope(w, &to, cmc_oid_id_data);
    assert_int_equal(cmc_enveloped_data_open(&ci, w->arena, &ed, NULL), CMC_OK);
    ri = CMC_AT(const struct cmc_recipient_info, ed.recipients, 0);
    assert_int_equal(ed.version, 2);
    assert_int_equal(ri->u.ktri.version, 2);
    assert_int_equal(ri->u.ktri.rid.which, CMC_SID_SKI);
    assert_true(cmc_slice_eq(ri->u.ktri.rid.u.ski, to.ski));
    EVP_PKEY_free(key);
}

/* RFC 5753 for EC, RFC 8418 for the others; the wrap is as strong as what it carries. */
static void names_the_agreement(void **state)
{
    struct world *w = *state;
    const struct cmc_slice *const want[] = {NULL,
                                            &cmc_oid_dhSinglePass_stdDH_sha256kdf_scheme,
                                            &cmc_oid_dhSinglePass_stdDH_sha256kdf_scheme,
                                            &cmc_oid_dhSinglePass_stdDH_sha256kdf_scheme,
                                            &cmc_oid_dhSinglePass_stdDH_hkdf_sha256_scheme,
                                            &cmc_oid_dhSinglePass_stdDH_hkdf_sha512_scheme,
                                            &cmc_oid_id_alg_ESDH};

    for (size_t i = 1; i < CMC_COUNT(kinds); i++) {
        EVP_PKEY *key = new_key(w, &kinds[i]);
        const struct cmc_envelope_to to = {.key = key, .ski = cmc_slice(ski, sizeof ski)};
        struct cmc_content_info ci = envelope(w, &to, cmc_oid_id_data);
        struct cmc_algid wrap = {0};
        struct cmc_enveloped_data ed;
        const struct cmc_kari *kari;

        assert_int_equal(cmc_enveloped_data_open(&ci, w->arena, &ed, NULL), CMC_OK);
        kari = &CMC_AT(const struct cmc_recipient_info, ed.recipients, 0)->u.kari;
        assert_int_equal(ed.version, 2);
        assert_int_equal(kari->version, 3);
        assert_true(cmc_slice_eq(kari->key_encryption.algorithm, *want[i]));
        assert_int_equal(
            cmc_decode(&cmc_it_algid, kari->key_encryption.parameters, w->arena, &wrap, NULL),
            CMC_OK);
        assert_true(cmc_slice_eq(wrap.algorithm, cmc_oid_aes256_wrap));
        assert_null(wrap.parameters.p);
        EVP_PKEY_free(key);
    }
}

static void no_envelope_for_a_signing_key(void **state)
{
    struct world *w = *state;
    static const struct kind ed25519 = {"ED25519", NULL, false};
    EVP_PKEY *key = new_key(w, &ed25519);
    const struct cmc_envelope_to to = {.key = key};
    struct cmc_content_info ci;

    assert_false(cmc_envelope_can(key));
    assert_int_equal(cmc_envelope_create(w->crypto, &to, cmc_oid_id_data, cmc_slice_str(TEXT),
                                         w->arena, &ci, NULL),
                     CMC_E_USAGE);
    EVP_PKEY_free(key);
}

/* -- OpenSSL ----------------------------------------------------------------------------- */

/* [10004-5.1-e, 10004-5.1-k] */
static void openssl_opens_ours(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        for (int how = 0; kinds[i].openssl && how < 4; how++) {
            EVP_PKEY *key = new_key(w, &kinds[i]), *copy = for_openssl(key);
            X509 *cert = cert_for(copy, ski, sizeof ski);
            const struct cmc_envelope_to to = {.key = key,
                                               .ski = cmc_slice(ski, sizeof ski),
                                               .authenticated = (how & 1) != 0,
                                               .padding = (how & 2) != 0 ? CMC_RSA_OAEP_SHA256
                                                                         : CMC_RSA_PKCS1_V15};
            struct cmc_content_info ci = envelope(w, &to, cmc_oid_id_data);
            struct cmc_slice der;
            const unsigned char *p;
            CMS_ContentInfo *cms;
            BIO *out = BIO_new(BIO_s_mem());
            char *text;

            assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &ci, w->arena, &der, NULL),
                             CMC_OK);
            p = der.p;
            cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.n);
            assert_non_null(cms);
            if (CMS_decrypt(cms, copy, cert, NULL, out, CMS_BINARY) != 1) {
                ERR_print_errors_fp(stderr);
                fail_msg("openssl does not open %s %d", kinds[i].type, how);
            }
            assert_int_equal(BIO_get_mem_data(out, &text), sizeof TEXT - 1);
            assert_memory_equal(text, TEXT, sizeof TEXT - 1);
            BIO_free(out);
            CMS_ContentInfo_free(cms);
            X509_free(cert);
            EVP_PKEY_free(copy);
            EVP_PKEY_free(key);
        }
    }
}

/* An envelope of OpenSSL's, DER or streamed BER. */
static struct cmc_slice openssl_makes(struct world *w, X509 *cert, const EVP_CIPHER *cipher,
                                      bool streamed, bool oaep)
{
    BIO *in = BIO_new_mem_buf(TEXT, sizeof TEXT - 1), *out = BIO_new(BIO_s_mem());
    unsigned int flags = CMS_BINARY | CMS_PARTIAL | (streamed ? CMS_STREAM : 0u);
    CMS_ContentInfo *cms = CMS_encrypt(NULL, in, cipher, flags);
    CMS_RecipientInfo *ri;
    struct cmc_slice der;
    char *p;
    long n;

    assert_non_null(cms);
    ri = CMS_add1_recipient_cert(cms, cert, CMS_KEY_PARAM);
    assert_non_null(ri);
    if (oaep) {
        EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

        assert_true(EVP_PKEY_CTX_ctrl_str(ctx, "rsa_padding_mode", "oaep") > 0);
        assert_true(EVP_PKEY_CTX_ctrl_str(ctx, "rsa_oaep_md", "sha256") > 0);
    }
    if (streamed) {
        assert_int_equal(i2d_CMS_bio_stream(out, cms, in, (int)flags), 1);
    } else {
        assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
        assert_int_equal(i2d_CMS_bio(out, cms), 1);
    }
    n = BIO_get_mem_data(out, &p);
    der = cmc_arena_slice(w->arena, cmc_slice(p, (size_t)n));
    CMS_ContentInfo_free(cms);
    BIO_free(in);
    BIO_free(out);
    return der;
}

/* [10004-5.1-e, 10004-5.1-k] */
static void ours_opens_openssl(void **state)
{
    struct world *w = *state;
    const EVP_CIPHER *ciphers[] = {EVP_aes_256_cbc(), EVP_aes_128_cbc(), EVP_aes_256_gcm(),
                                   EVP_aes_128_gcm()};

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        for (size_t how = 0; kinds[i].openssl && how < 4 * CMC_COUNT(ciphers); how++) {
            EVP_PKEY *key = new_key(w, &kinds[i]), *copy = for_openssl(key);
            X509 *cert = cert_for(copy, ski, sizeof ski);
            unsigned char *cert_der = NULL;
            int n = i2d_X509(cert, &cert_der);
            struct cmc_cms_recipient who = {.key = key};
            struct cmc_content_info ci = {0};
            struct cmc_slice content, type, der;
            struct cmc_err err = {0};

            der = openssl_makes(w, cert, ciphers[how / 4], (how & 1) != 0,
                                (how & 2) != 0 && strcmp(kinds[i].type, "RSA") == 0);
            assert_int_equal(cmc_decode(&cmc_it_content_info, der, w->arena, &ci, NULL), CMC_OK);
            for (int named = 0; named < 2; named++) {
                if (named)
                    who.cert = cmc_slice(cert_der, (size_t)n);
                if (cmc_envelope_open(w->crypto, &ci, &who, w->arena, &type, &content, &err) !=
                    CMC_OK)
                    fail_msg("%s %zu: %s", kinds[i].type, how, err.text);
                assert_true(cmc_slice_eq(content, cmc_slice_str(TEXT)));
            }
            OPENSSL_free(cert_der);
            X509_free(cert);
            EVP_PKEY_free(copy);
            EVP_PKEY_free(key);
        }
    }
}

/* -- what must not open ------------------------------------------------------------------ */

/* Another key, a wrapped key and a content that were touched: one error for all of them. */
static void one_error_for_all_reasons(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        EVP_PKEY *key = new_key(w, &kinds[i]), *other = new_key(w, &kinds[i]);
        const struct cmc_envelope_to to = {.key = key, .authenticated = true};
        struct cmc_content_info ci = envelope(w, &to, cmc_oid_id_data);
        struct cmc_auth_enveloped_data ad = {0};
        struct cmc_recipient_info *ri;
        struct cmc_slice content = CMC_SLICE_NONE, *wrapped;
        struct cmc_err first = {0}, err = {0};
        uint8_t *touch[4];

        assert_int_equal(open_it(w, &ci, other, &content, &first), CMC_E_CRYPTO);
        assert_null(content.p);
        assert_int_equal(cmc_decode(&cmc_it_auth_enveloped_data, ci.content, w->arena, &ad, NULL),
                         CMC_OK);
        ri = CMC_AT(struct cmc_recipient_info, ad.recipients, 0);
        wrapped =
            ri->which == CMC_RI_KTRI
                ? &ri->u.ktri.encrypted_key
                : &CMC_AT(struct cmc_recipient_encrypted_key, ri->u.kari.keys, 0)->encrypted_key;
        touch[0] = (uint8_t *)(uintptr_t)wrapped->p + wrapped->n / 2;
        touch[1] = (uint8_t *)(uintptr_t)ad.content.content.p;
        touch[2] = (uint8_t *)(uintptr_t)ad.mac.p + ad.mac.n - 1;
        touch[3] = (uint8_t *)(uintptr_t)ad.content.algorithm.parameters.p + 6; /* in the nonce */
        for (size_t k = 0; k < CMC_COUNT(touch); k++) {
            *touch[k] ^= 1;
            content = CMC_SLICE_NONE;
            assert_int_equal(open_it(w, &ci, key, &content, &err), CMC_E_CRYPTO);
            assert_null(content.p);
            assert_string_equal(err.text, first.text);
            assert_int_equal(err.fail_info, first.fail_info);
            *touch[k] ^= 1;
        }
        assert_int_equal(open_it(w, &ci, key, &content, &err), CMC_OK);
        EVP_PKEY_free(other);
        EVP_PKEY_free(key);
    }
}

/* RFC 3218: a v1.5 block that is wrong gives a random key, never an error of its own. */
static void implicit_rejection(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, &kinds[0]), *other = new_key(w, &kinds[0]);
    const struct cmc_envelope_to to = {.key = key};
    const struct cmc_cms_recipient who = {.key = other};
    struct cmc_content_info ci = envelope(w, &to, cmc_oid_id_data);
    struct cmc_enveloped_data ed;
    struct cmc_slice first, second;

    assert_int_equal(cmc_enveloped_data_open(&ci, w->arena, &ed, NULL), CMC_OK);
    assert_int_equal(cmc_enveloped_data_key(w->crypto, &ed, &who, 32, w->arena, &first, NULL),
                     CMC_OK);
    assert_int_equal(cmc_enveloped_data_key(w->crypto, &ed, &who, 32, w->arena, &second, NULL),
                     CMC_OK);
    assert_int_equal(first.n, 32);
    assert_false(cmc_slice_eq(first, second));
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
}

/* RFC 5083 section 2.1: the type of the content is covered, and must be among authAttrs. */
static void content_type_is_covered(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, &kinds[1]);
    const struct cmc_envelope_to to = {.key = key, .authenticated = true};
    struct cmc_content_info ci = envelope(w, &to, cmc_oid_id_cct_PKIData);
    struct cmc_auth_enveloped_data ad = {0}, kept;
    struct cmc_slice content;

    assert_int_equal(cmc_decode(&cmc_it_auth_enveloped_data, ci.content, w->arena, &ad, NULL),
                     CMC_OK);
    kept = ad;
    assert_non_null(ad.auth_attrs.p);
    ad.auth_attrs = CMC_SLICE_NONE;
    assert_int_equal(
        cmc_encode_arena(&cmc_it_auth_enveloped_data, &ad, w->arena, &ci.content, NULL), CMC_OK);
    assert_int_equal(open_it(w, &ci, key, &content, NULL), CMC_E_INPUT);
    ad.content.type = cmc_oid_id_data; /* now the attributes are not due, but the tag is wrong */
    assert_int_equal(
        cmc_encode_arena(&cmc_it_auth_enveloped_data, &ad, w->arena, &ci.content, NULL), CMC_OK);
    assert_int_equal(open_it(w, &ci, key, &content, NULL), CMC_E_CRYPTO);
    ad = kept;
    ad.content.type = cmc_oid_id_signedData;
    assert_int_equal(
        cmc_encode_arena(&cmc_it_auth_enveloped_data, &ad, w->arena, &ci.content, NULL), CMC_OK);
    assert_int_equal(open_it(w, &ci, key, &content, NULL), CMC_E_INPUT);
    EVP_PKEY_free(key);
}

/* RFC 10004: an ICV of 12 octets must be understood; a shorter one must not.
 * [10004-5.1-i, 10004-5.1-h] */
static void length_of_the_tag(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, &kinds[1]);
    const struct cmc_envelope_to to = {.key = key, .authenticated = true};
    static const struct {
        uint32_t says;
        size_t is;
        enum cmc_rc rc;
    } rows[] = {{12, 12, CMC_OK},      {0, 12, CMC_OK},       {16, 12, CMC_E_INPUT},
                {12, 16, CMC_E_INPUT}, {4, 4, CMC_E_REFUSED}, {17, 16, CMC_E_REFUSED}};

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_content_info ci = envelope(w, &to, cmc_oid_id_data);
        struct cmc_auth_enveloped_data ad = {0};
        struct cmc_gcm_params p = {0};
        struct cmc_slice content;

        assert_int_equal(cmc_decode(&cmc_it_auth_enveloped_data, ci.content, w->arena, &ad, NULL),
                         CMC_OK);
        assert_int_equal(
            cmc_decode(&cmc_it_gcm_params, ad.content.algorithm.parameters, w->arena, &p, NULL),
            CMC_OK);
        assert_int_equal(p.nonce.n, CMC_GCM_NONCE_OCTETS);
        assert_int_equal(p.icv_len, CMC_GCM_TAG_OCTETS);
        p.icv_len = rows[i].says;
        ad.mac.n = rows[i].is;
        assert_int_equal(cmc_encode_arena(&cmc_it_gcm_params, &p, w->arena,
                                          &ad.content.algorithm.parameters, NULL),
                         CMC_OK);
        assert_int_equal(
            cmc_encode_arena(&cmc_it_auth_enveloped_data, &ad, w->arena, &ci.content, NULL),
            CMC_OK);
        assert_int_equal(open_it(w, &ci, key, &content, NULL), rows[i].rc);
    }
    EVP_PKEY_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ours_opens_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(names_the_recipient, setup, teardown),
        cmocka_unit_test_setup_teardown(names_the_agreement, setup, teardown),
        cmocka_unit_test_setup_teardown(no_envelope_for_a_signing_key, setup, teardown),
        cmocka_unit_test_setup_teardown(openssl_opens_ours, setup, teardown),
        cmocka_unit_test_setup_teardown(ours_opens_openssl, setup, teardown),
        cmocka_unit_test_setup_teardown(one_error_for_all_reasons, setup, teardown),
        cmocka_unit_test_setup_teardown(implicit_rejection, setup, teardown),
        cmocka_unit_test_setup_teardown(content_type_is_covered, setup, teardown),
        cmocka_unit_test_setup_teardown(length_of_the_tag, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
