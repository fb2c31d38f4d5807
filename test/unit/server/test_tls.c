/* SPDX-License-Identifier: Apache-2.0 */
/* What cmc_tls_context_new() refuses; what it lets through is tried by test_http_probes.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "server/tls.h"

/* A self-signed P-256 certificate, as PEM file and as DER. */
struct fixture {
    struct cmc_crypto *crypto;
    EVP_PKEY *key;
    char path[32];
    struct cmc_slice der;
};

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);

    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -60));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"a", -1, -1, 0),
        1);
    assert_int_equal(X509_set_issuer_name(x, name), 1);
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    unsigned char *der = NULL;
    struct cmc_err err;
    FILE *out;
    X509 *x;
    int fd;

    assert_non_null(f);
    assert_int_equal(cmc_crypto_new(&f->crypto, &err), CMC_OK);
    f->key = EVP_EC_gen("P-256");
    assert_non_null(f->key);
    x = self_signed(f->key);
    (void)snprintf(f->path, sizeof f->path, "/tmp/test_tls.XXXXXX");
    fd = mkstemp(f->path);
    assert_true(fd >= 0);
    out = fdopen(fd, "w");
    assert_non_null(out);
    assert_int_equal(PEM_write_X509(out, x), 1);
    assert_int_equal(fclose(out), 0);
    f->der.n = (size_t)i2d_X509(x, &der);
    f->der.p = der;
    X509_free(x);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)unlink(f->path);
    OPENSSL_free((void *)(uintptr_t)f->der.p);
    EVP_PKEY_free(f->key);
    cmc_crypto_free(f->crypto);
    free(f);
    return 0;
}

static void good(void **state)
{
    struct fixture *f = *state;

    for (int auth = CMC_CLIENT_NONE; auth <= CMC_CLIENT_REQUIRED; auth++) {
        SSL_CTX *ctx = NULL;

        assert_int_equal(cmc_tls_context_new(f->crypto, f->path, f->key, (enum cmc_client_auth)auth,
                                             &f->der, 1, &ctx, NULL),
                         CMC_OK);
        assert_non_null(ctx);
        assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
        assert_int_equal(SSL_CTX_get_max_early_data(ctx), 0);
        SSL_CTX_free(ctx);
    }
}

static void no_chain(void **state)
{
    struct fixture *f = *state;
    SSL_CTX *ctx = NULL;
    struct cmc_err err;

    assert_int_equal(cmc_tls_context_new(f->crypto, "/nonexistent/tls.pem", f->key, CMC_CLIENT_NONE,
                                         NULL, 0, &ctx, &err),
                     CMC_E_USAGE);
    assert_non_null(strstr(err.text, "/nonexistent/tls.pem: "));
    assert_null(ctx);
}

static void key_of_another(void **state)
{
    struct fixture *f = *state;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    SSL_CTX *ctx = NULL;
    struct cmc_err err;

    assert_int_equal(
        cmc_tls_context_new(f->crypto, f->path, other, CMC_CLIENT_NONE, NULL, 0, &ctx, &err),
        CMC_E_USAGE);
    assert_non_null(strstr(err.text, "the private key is not this certificate's"));
    assert_null(ctx);
    EVP_PKEY_free(other);
}

static void anchors(void **state)
{
    struct fixture *f = *state;
    uint8_t *longer = malloc(f->der.n + 1);
    const struct cmc_slice bad[] = {
        CMC_SLICE_LIT("-----BEGIN CERTIFICATE-----"), /* PEM, where DER is meant */
        cmc_slice(f->der.p, f->der.n - 1),
        cmc_slice(longer, f->der.n + 1),
        cmc_slice("", 0),
    };
    SSL_CTX *ctx = NULL;
    struct cmc_err err;

    assert_non_null(longer);
    memcpy(longer, f->der.p, f->der.n);
    longer[f->der.n] = 0;
    assert_int_equal(
        cmc_tls_context_new(f->crypto, f->path, f->key, CMC_CLIENT_REQUIRED, NULL, 0, &ctx, &err),
        CMC_E_USAGE);
    assert_non_null(strstr(err.text, "no trust anchor"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(cmc_tls_context_new(f->crypto, f->path, f->key, CMC_CLIENT_OPTIONAL,
                                             &bad[i], 1, &ctx, &err),
                         CMC_E_USAGE);
        assert_non_null(strstr(err.text, "trust anchor"));
        assert_null(ctx);
    }
    free(longer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(no_chain),
        cmocka_unit_test(key_of_another),
        cmocka_unit_test(anchors),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
