/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tls.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include "crypto/crypto.h"

/* RFC 9325 section 4.2, without the static and the CBC suites. TLS 1.3 has only good ones. */
#define CIPHERS_1_2                                                                                \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                                   \
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"                                   \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"

/* 112 bits: RSA keys below 2048 and SHA-1 signatures are refused, also in client certificates. */
#define SECURITY_LEVEL 2

/* [10003-6-c, 10003-6-d] */
static enum cmc_rc set_protocol(SSL_CTX *ctx, struct cmc_err *err)
{
    SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, CIPHERS_1_2) != 1 || SSL_CTX_set_max_early_data(ctx, 0) != 1 ||
        SSL_CTX_set_recv_max_early_data(ctx, 0) != 1)
        return cmc_fail_openssl(err, CMC_E_LOCAL, "TLS cannot be set up");
    return CMC_OK;
}

static enum cmc_rc set_identity(SSL_CTX *ctx, const char *chain_path, EVP_PKEY *key,
                                struct cmc_err *err)
{
    if (SSL_CTX_use_certificate_chain_file(ctx, chain_path) != 1)
        return cmc_fail_openssl(err, CMC_E_USAGE,
                                "%s: cannot be read as PEM certificates, or is "
                                "not fit for TLS",
                                chain_path);
    if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return cmc_fail_openssl(err, CMC_E_USAGE, "%s: the private key is not this certificate's",
                                chain_path);
    return CMC_OK;
}

static enum cmc_rc add_anchor(SSL_CTX *ctx, OSSL_LIB_CTX *libctx, struct cmc_slice der,
                              struct cmc_err *err)
{
    X509 *x = X509_new_ex(libctx, NULL);
    const unsigned char *p = der.p;
    enum cmc_rc rc = CMC_OK;

    if (x == NULL || d2i_X509(&x, &p, (long)der.n) == NULL || p != der.p + der.n)
        rc = cmc_fail_openssl(err, CMC_E_USAGE,
                              "a trust anchor for client certificates is not "
                              "one certificate in DER");
    else if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) != 1 ||
             SSL_CTX_add_client_CA(ctx, x) != 1)
        rc = cmc_fail_openssl(err, CMC_E_LOCAL, "a trust anchor cannot be taken");
    X509_free(x);
    return rc;
}

static enum cmc_rc set_client_auth(SSL_CTX *ctx, OSSL_LIB_CTX *libctx, enum cmc_client_auth auth,
                                   const struct cmc_slice *anchors, size_t n, struct cmc_err *err)
{
    int mode = SSL_VERIFY_PEER;

    if (n == 0)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "client certificates are asked for, but no trust anchor is named");
    for (size_t i = 0; i < n; i++) {
        enum cmc_rc rc = add_anchor(ctx, libctx, anchors[i], err);

        if (rc != CMC_OK)
            return rc;
    }
    if (auth == CMC_CLIENT_REQUIRED)
        mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(ctx, mode, NULL);
    (void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    if (SSL_CTX_set_num_tickets(ctx, 0) != 1)
        return cmc_fail_openssl(err, CMC_E_LOCAL, "TLS cannot be set up");
    return CMC_OK;
}

enum cmc_rc cmc_tls_context_new(const struct cmc_crypto *c, const char *chain_path, EVP_PKEY *key,
                                enum cmc_client_auth auth, const struct cmc_slice *anchors,
                                size_t n, SSL_CTX **out, struct cmc_err *err)
{
    OSSL_LIB_CTX *libctx = cmc_crypto_get0_libctx(c);
    SSL_CTX *ctx = SSL_CTX_new_ex(libctx, NULL, TLS_server_method());
    enum cmc_rc rc;

    if (ctx == NULL)
        return cmc_fail_openssl(err, CMC_E_LOCAL, "TLS cannot be set up");
    rc = set_protocol(ctx, err);
    if (rc == CMC_OK)
        rc = set_identity(ctx, chain_path, key, err);
    if (rc == CMC_OK && auth != CMC_CLIENT_NONE)
        rc = set_client_auth(ctx, libctx, auth, anchors, n, err);
    if (rc != CMC_OK)
        goto out;
    *out = ctx;
    ctx = NULL;
out:
    SSL_CTX_free(ctx);
    return rc;
}
