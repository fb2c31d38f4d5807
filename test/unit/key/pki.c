/* SPDX-License-Identifier: Apache-2.0 */
#include "pki.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

const struct pki_ext pki_ca_exts[] = {{"basicConstraints", "critical,CA:TRUE"},
                                      {"keyUsage", "critical,keyCertSign,cRLSign"},
                                      {"subjectKeyIdentifier", "hash"},
                                      {NULL, NULL}};
const struct pki_ext pki_responder_exts[] = {{"keyUsage", "critical,digitalSignature"},
                                             {"extendedKeyUsage", "1.3.6.1.5.5.7.3.27"},
                                             {"subjectKeyIdentifier", "hash"},
                                             {NULL, NULL}};
const struct pki_ext pki_ee_exts[] = {
    {"keyUsage", "critical,digitalSignature"}, {"subjectKeyIdentifier", "hash"}, {NULL, NULL}};

/* A test that cannot make its material cannot go on. */
static void need(bool ok)
{
    if (!ok)
        abort();
}

EVP_PKEY *pki_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    need(key != NULL);
    return key;
}

static X509 *parse(const struct pki_cert *c)
{
    const unsigned char *p = c->der.p;
    X509 *x = d2i_X509(NULL, &p, (long)c->der.n);

    need(x != NULL);
    return x;
}

static void add_exts(X509 *x, X509 *issuer, const struct pki_ext *exts)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    for (; exts->name != NULL; exts++) {
        X509_EXTENSION *e = X509V3_EXT_conf(NULL, &ctx, exts->name, exts->value);

        need(e != NULL && X509_add_ext(x, e, -1) == 1);
        X509_EXTENSION_free(e);
    }
}

struct pki_cert pki_make(struct cmc_arena *arena, const char *cn, EVP_PKEY *key,
                         const struct pki_cert *issuer, long not_before, long not_after,
                         const struct pki_ext *exts)
{
    static long serial = 1000;
    struct pki_cert out = {.key = key, .cn = cn};
    X509 *x = X509_new();
    X509 *from = issuer != NULL ? parse(issuer) : NULL;
    X509_NAME *name;
    unsigned char *der = NULL;
    int n;

    need(x != NULL && X509_set_version(x, X509_VERSION_3) == 1);
    name = X509_get_subject_name(x);
    need(ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial) == 1);
    need(X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Test", -1, -1,
                                    0) == 1);
    need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1,
                                    0) == 1);
    need(X509_set_issuer_name(x, from != NULL ? X509_get_subject_name(from) : name) == 1);
    need(X509_gmtime_adj(X509_getm_notBefore(x), not_before) != NULL);
    need(X509_gmtime_adj(X509_getm_notAfter(x), not_after) != NULL);
    need(X509_set_pubkey(x, key) == 1);
    add_exts(x, from != NULL ? from : x, exts);
    need(X509_sign(x, issuer != NULL ? issuer->key : key, EVP_sha256()) > 0);
    n = i2d_X509(x, &der);
    need(n > 0);
    out.der = cmc_arena_slice(arena, cmc_slice(der, (size_t)n));
    need(out.der.p != NULL);
    OPENSSL_free(der);
    X509_free(from);
    X509_free(x);
    return out;
}

void pki_free(struct pki_cert *c)
{
    EVP_PKEY_free(c->key);
    c->key = NULL;
}
