/* SPDX-License-Identifier: Apache-2.0 */
/* PKCS#12 (RFC 7292): a key and certificates in one file. */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include "key/key_int.h"

/*
 * An empty passphrase may have been written as no octets or as one NUL character; which of
 * them cannot be seen from outside.
 */
static const char empty_passphrase[] = "";

static bool mac_fits(PKCS12 *p12, struct cmc_pass *pass, const char **text)
{
    if (PKCS12_mac_present(p12) != 1) {
        *text = cmc_pass_get(pass) ? pass->text : NULL;
        return true;
    }
    if (PKCS12_verify_mac(p12, NULL, 0) == 1) {
        *text = NULL;
        return true;
    }
    if (PKCS12_verify_mac(p12, empty_passphrase, 0) == 1) {
        *text = empty_passphrase;
        return true;
    }
    if (!cmc_pass_get(pass))
        return false;
    *text = pass->text;
    return PKCS12_verify_mac(p12, pass->text, (int)pass->n) == 1;
}

enum cmc_rc cmc_pkcs12_open(const struct cmc_crypto *c, struct cmc_slice data,
                            struct cmc_pass *pass, EVP_PKEY **key, STACK_OF(X509) * *certs,
                            struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    PKCS12 *p12 = NULL;
    EVP_PKEY *k = NULL;
    X509 *cert = NULL;
    STACK_OF(X509) *cas = NULL;
    const unsigned char *p = data.p;
    const char *text = NULL;

    *key = NULL;
    if (certs != NULL)
        *certs = NULL;
    p12 = PKCS12_init_ex(NID_pkcs7_data, cmc_crypto_get0_libctx(c), NULL);
    if (p12 == NULL)
        return cmc_fail_openssl(err, CMC_E_MEM, "%s: cannot read PKCS#12", pass->what);
    if (d2i_PKCS12(&p12, &p, (long)data.n) == NULL) {
        ERR_clear_error();
        /* d2i has freed and cleared p12. */
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "%s: is no PKCS#12", pass->what);
        goto out;
    }
    if (!mac_fits(p12, pass, &text)) {
        ERR_clear_error();
        if (pass->asked && !pass->have) {
            if (err != NULL)
                *err = pass->err;
            rc = pass->err.rc;
            goto out;
        }
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "%s: the passphrase is wrong", pass->what);
        goto out;
    }
    if (PKCS12_parse(p12, text, &k, &cert, &cas) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_INPUT,
                              "%s: this PKCS#12 cannot be opened; if it was encrypted with an "
                              "algorithm of old (RC2, 3DES), write it anew with AES",
                              pass->what);
        goto out;
    }
    if (certs != NULL) {
        if (cas == NULL)
            cas = sk_X509_new_null();
        /* The key's own certificate first. */
        if (cas == NULL || (cert != NULL && sk_X509_unshift(cas, cert) <= 0)) {
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory to read PKCS#12");
            goto out;
        }
        cert = NULL;
        *certs = cas;
        cas = NULL;
    }
    *key = k;
    k = NULL;
out:
    ERR_clear_error();
    PKCS12_free(p12);
    EVP_PKEY_free(k);
    X509_free(cert);
    sk_X509_pop_free(cas, X509_free);
    return rc;
}
