/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates from files: PEM (any number), DER, a certs-only message, PKCS#12. */
#include <limits.h>
#include <openssl/x509.h>

#include "asn1/cms.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/file.h"
#include "key/token_int.h"

/* What one load gathers. */
struct gather {
    struct cmc_arena *arena;
    struct cmc_list certs; /* struct cmc_slice */
    const char *path;
};

static enum cmc_rc add(struct gather *g, struct cmc_slice der, struct cmc_err *err)
{
    struct cmc_slice *p;

    if (g->certs.n >= CMC_LIMIT_ASN1_ELEMENTS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "%s: more certificates than CMC_LIMIT_ASN1_ELEMENTS (%u)", g->path,
                        CMC_LIMIT_ASN1_ELEMENTS);
    p = cmc_list_add(g->arena, &cmc_it_seq_any, &g->certs, 1);
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "%s: no memory for certificates", g->path);
    *p = der;
    return CMC_OK;
}

/* A certificate that is kept must decode, so that the error names the file and not the use. */
static enum cmc_rc add_cert(struct gather *g, struct cmc_slice octets, struct cmc_err *err)
{
    struct cmc_slice own = cmc_arena_slice(g->arena, octets);
    struct cmc_cert cert = {0};
    enum cmc_rc rc;

    if (own.p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "%s: no memory for certificates", g->path);
    rc = cmc_decode(&cmc_it_cert, own, g->arena, &cert, err);
    if (rc == CMC_OK)
        rc = add(g, cert.raw, err);
    else
        cmc_err_prefix(err, "%s: certificate %zu", g->path, g->certs.n + 1);
    return rc;
}

/* The certificates of a SignedData; CMC_E_NOTFOUND when this is none. */
static enum cmc_rc add_signed_data(struct gather *g, struct cmc_slice octets, struct cmc_err *err)
{
    struct cmc_slice own = cmc_arena_slice(g->arena, octets);
    struct cmc_content_info ci = {0};
    struct cmc_signed_data sd = {0};
    enum cmc_rc rc = CMC_OK;

    if (own.p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "%s: no memory for certificates", g->path);
    if (cmc_decode(&cmc_it_content_info, own, g->arena, &ci, NULL) != CMC_OK ||
        !cmc_slice_eq(ci.content_type, cmc_oid_id_signedData) ||
        cmc_decode(&cmc_it_signed_data, ci.content, g->arena, &sd, NULL) != CMC_OK)
        return CMC_E_NOTFOUND;
    for (size_t i = 0; rc == CMC_OK && i < sd.certs.n; i++)
        rc = add_cert(g, *CMC_AT(struct cmc_slice, sd.certs, i), err);
    return rc;
}

static bool is_cert_label(const char *name)
{
    return strcmp(name, "CERTIFICATE") == 0 || strcmp(name, "X509 CERTIFICATE") == 0;
}

static bool is_message_label(const char *name)
{
    return strcmp(name, "PKCS7") == 0 || strcmp(name, "CMS") == 0;
}

static enum cmc_rc add_pem(struct gather *g, struct cmc_slice data, struct cmc_err *err)
{
    struct cmc_slice der = CMC_SLICE_NONE;
    const char *label = NULL;
    enum cmc_rc rc;

    while ((rc = cmc_pem_next(&data, g->arena, &label, &der, err)) == CMC_OK) {
        if (is_cert_label(label))
            rc = add_cert(g, der, err);
        else if (is_message_label(label))
            rc = add_signed_data(g, der, err);
        if (rc == CMC_E_NOTFOUND)
            rc = cmc_fail(err, CMC_E_INPUT, NULL, "%s: the %s block is no SignedData", g->path,
                          label);
        if (rc != CMC_OK)
            return rc;
    }
    if (rc != CMC_E_NOTFOUND)
        cmc_err_prefix(err, "%s", g->path);
    return rc == CMC_E_NOTFOUND ? CMC_OK : rc;
}

static enum cmc_rc add_pkcs12(struct gather *g, const struct cmc_crypto *c, struct cmc_slice data,
                              const struct cmc_passphrase *from, struct cmc_err *err)
{
    struct cmc_pass pass = {.from = from, .what = g->path};
    STACK_OF(X509) *certs = NULL;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_pkcs12_open(c, data, &pass, &key, &certs, err);

    for (int i = 0; rc == CMC_OK && i < sk_X509_num(certs); i++) {
        unsigned char *der = NULL;
        int n = i2d_X509(sk_X509_value(certs, i), &der);

        if (n < 0)
            rc = cmc_fail_openssl(err, CMC_E_INPUT, "%s: a certificate cannot be read", g->path);
        else
            rc = add_cert(g, cmc_slice(der, (size_t)n), err);
        OPENSSL_free(der);
    }
    EVP_PKEY_free(key);
    sk_X509_pop_free(certs, X509_free);
    cmc_pass_clean(&pass);
    return rc;
}

static enum cmc_rc gather(struct gather *g, const struct cmc_crypto *c, struct cmc_slice data,
                          const struct cmc_passphrase *from, struct cmc_err *err)
{
    struct cmc_slice der = CMC_SLICE_NONE;
    struct cmc_cert cert = {0};
    enum cmc_rc rc;

    if (data.n > INT_MAX)
        return cmc_fail(err, CMC_E_LIMIT, NULL, "%s: is larger than %d octets", g->path, INT_MAX);
    if (cmc_is_pem(data))
        return add_pem(g, data, err);
    rc = cmc_der_or_pem(data, NULL, g->arena, &der, err);
    if (rc != CMC_OK) {
        cmc_err_prefix(err, "%s", g->path);
        return rc;
    }
    if (cmc_decode(&cmc_it_cert, der, g->arena, &cert, NULL) == CMC_OK)
        return add_cert(g, der, err);
    rc = add_signed_data(g, der, err);
    if (rc == CMC_E_NOTFOUND)
        rc = add_pkcs12(g, c, der, from, err);
    if (rc == CMC_E_NOTFOUND)
        rc = CMC_OK; /* nothing found; the caller says so */
    return rc;
}

enum cmc_rc cmc_certs_load(const struct cmc_crypto *c, const char *uri,
                           const struct cmc_passphrase *pass, struct cmc_arena *arena,
                           struct cmc_slice **out, size_t *n, struct cmc_err *err)
{
    struct gather g = {.arena = arena};
    enum cmc_rc rc;
    struct cmc_buf b;

    *out = NULL;
    *n = 0;
    if (cmc_uri_is_token(uri))
        return cmc_token_uri_certs(c, uri, pass, arena, out, n, err);
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_uri_path(uri, &g.path, err);
    if (rc == CMC_OK)
        rc = cmc_file_read(g.path, &b, err);
    if (rc == CMC_OK)
        rc = gather(&g, c, cmc_buf_get0(&b), pass, err);
    if (rc == CMC_OK && g.certs.n == 0)
        rc = cmc_fail(err, CMC_E_INPUT, NULL,
                      "%s: holds no certificate; want PEM, DER, certs-only or PKCS#12", g.path);
    if (rc == CMC_OK) {
        *out = g.certs.v;
        *n = g.certs.n;
    }
    cmc_buf_free(&b);
    return rc;
}
