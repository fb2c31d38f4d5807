/* SPDX-License-Identifier: Apache-2.0 */
/* EnvelopedData that OpenSSL made, opened by us. */
#include "../asn1/helper.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "cms/enveloped_data.h"

struct world {
    struct cmc_arena *arena;
    struct cmc_crypto *c;
    EVP_PKEY *key, *other;
    X509 *cert, *other_cert;
};

static X509 *self_signed(EVP_PKEY *key, long serial)
{
    X509 *x = X509_new();

    assert_non_null(x);
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), serial), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static int setup(void **state)
{
    static struct world w;

    w.arena = cmc_arena_new(ARENA_OCTETS);
    assert_int_equal(cmc_crypto_new(&w.c, NULL), CMC_OK);
    w.key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    w.other = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    assert_true(w.key != NULL && w.other != NULL);
    w.cert = self_signed(w.key, 1);
    w.other_cert = self_signed(w.other, 2);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    X509_free(w->cert);
    X509_free(w->other_cert);
    EVP_PKEY_free(w->key);
    EVP_PKEY_free(w->other);
    cmc_crypto_free(w->c);
    cmc_arena_free(w->arena);
    return 0;
}

static struct cmc_slice der_of(struct world *w, X509 *x)
{
    unsigned char *p = NULL;
    int n = i2d_X509(x, &p);
    struct cmc_slice out = cmc_arena_slice(w->arena, cmc_slice(p, (size_t)n));

    OPENSSL_free(p);
    return out;
}

static const char text[] = "forty-two octets of a secret worth keeping";

/* To w->cert, and before that to w->other_cert when asked for. */
static void make(struct world *w, const EVP_CIPHER *cipher, const EVP_MD *oaep, bool two,
                 struct cmc_enveloped_data *out)
{
    BIO *in = BIO_new_mem_buf(text, -1);
    CMS_ContentInfo *cms = CMS_encrypt(NULL, in, cipher, CMS_BINARY | CMS_PARTIAL);
    CMS_RecipientInfo *ri;
    struct cmc_content_info ci = {0};
    unsigned char *p = NULL;
    int n;

    assert_non_null(cms);
    if (two)
        assert_non_null(CMS_add1_recipient_cert(cms, w->other_cert, 0));
    ri = CMS_add1_recipient_cert(cms, w->cert, oaep != NULL ? CMS_KEY_PARAM : 0);
    assert_non_null(ri);
    if (oaep != NULL) {
        EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(ri);

        assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, oaep) > 0);
        assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, oaep) > 0);
    }
    assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
    n = i2d_CMS_ContentInfo(cms, &p);
    assert_true(n > 0);
    assert_int_equal(cmc_decode(&cmc_it_content_info,
                                cmc_arena_slice(w->arena, cmc_slice(p, (size_t)n)), w->arena, &ci,
                                NULL),
                     CMC_OK);
    assert_int_equal(cmc_enveloped_data_open(&ci, w->arena, out, NULL), CMC_OK);
    OPENSSL_free(p);
    CMS_ContentInfo_free(cms);
    BIO_free(in);
}

static void opens_what_openssl_made(void **state)
{
    struct world *w = *state;
    const EVP_CIPHER *const ciphers[] = {EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc(),
                                         EVP_des_ede3_cbc()};
    const EVP_MD *const oaep[] = {NULL, EVP_sha1(), EVP_sha256()};

    for (size_t i = 0; i < CMC_COUNT(ciphers); i++) {
        for (size_t k = 0; k < CMC_COUNT(oaep); k++) {
            const struct cmc_cms_recipient who = {.key = w->key, .cert = der_of(w, w->cert)};
            struct cmc_enveloped_data ed;
            struct cmc_slice content;

            make(w, ciphers[i], oaep[k], true, &ed);
            assert_int_equal(cmc_enveloped_data_decrypt(w->c, &ed, &who, w->arena, &content, NULL),
                             CMC_OK);
            assert_int_equal(content.n, sizeof text - 1);
            assert_memory_equal(content.p, text, content.n);
        }
    }
}

static void other_recipients_get_nothing(void **state)
{
    struct world *w = *state;
    struct cmc_cms_recipient who = {.key = w->other, .cert = der_of(w, w->other_cert)};
    struct cmc_enveloped_data ed;
    struct cmc_slice content;
    struct cmc_err err = {0};

    make(w, EVP_aes_128_cbc(), NULL, false, &ed);
    assert_int_equal(cmc_enveloped_data_decrypt(w->c, &ed, &who, w->arena, &content, &err),
                     CMC_E_NOTFOUND);
    /* Without a certificate the first recipient is tried, and with the wrong key what comes out
     * is noise: told by the padding, or by the text being another. */
    who.cert = CMC_SLICE_NONE;
    if (cmc_enveloped_data_decrypt(w->c, &ed, &who, w->arena, &content, NULL) == CMC_OK)
        assert_false(cmc_slice_eq(content, CMC_SLICE_LIT(text)));
    who.key = w->key;
    assert_int_equal(cmc_enveloped_data_decrypt(w->c, &ed, &who, w->arena, &content, NULL), CMC_OK);
    assert_true(cmc_slice_eq(content, CMC_SLICE_LIT(text)));
}

/* A wrong padding must look like any other failure of the second step (RFC 3218). */
static void wrong_key_gives_a_key(void **state)
{
    struct world *w = *state;
    const struct cmc_cms_recipient who = {.key = w->other};
    struct cmc_enveloped_data ed;
    struct cmc_slice a, b;

    make(w, EVP_aes_128_cbc(), NULL, false, &ed);
    assert_int_equal(cmc_enveloped_data_key(w->c, &ed, &who, 16, w->arena, &a, NULL), CMC_OK);
    assert_int_equal(cmc_enveloped_data_key(w->c, &ed, &who, 16, w->arena, &b, NULL), CMC_OK);
    assert_int_equal(a.n, 16);
    assert_int_equal(b.n, 16);
    assert_false(cmc_slice_eq(a, b));
}

static void unknown_algorithms_are_refused(void **state)
{
    struct world *w = *state;
    const struct cmc_cms_recipient who = {.key = w->key};
    struct cmc_enveloped_data ed;
    struct cmc_recipient_info *ri;
    struct cmc_slice content;
    struct cmc_err err = {0};

    make(w, EVP_aes_128_cbc(), NULL, false, &ed);
    ri = CMC_AT(struct cmc_recipient_info, ed.recipients, 0);
    ri->u.ktri.key_encryption.algorithm = hex(w->arena, "2a0304");
    assert_int_equal(cmc_enveloped_data_decrypt(w->c, &ed, &who, w->arena, &content, &err),
                     CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    make(w, EVP_aes_128_cbc(), NULL, false, &ed);
    ed.content.algorithm.parameters = hex(w->arena, "0403010203");
    assert_int_equal(cmc_enveloped_data_decrypt(w->c, &ed, &who, w->arena, &content, &err),
                     CMC_E_INPUT);
    ed.content.algorithm.algorithm = hex(w->arena, "2a0304");
    assert_int_equal(cmc_enveloped_data_decrypt(w->c, &ed, &who, w->arena, &content, &err),
                     CMC_E_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_openssl_made),
        cmocka_unit_test(other_recipients_get_nothing),
        cmocka_unit_test(wrong_key_gives_a_key),
        cmocka_unit_test(unknown_algorithms_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
