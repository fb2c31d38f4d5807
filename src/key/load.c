/* SPDX-License-Identifier: Apache-2.0 */
/* Private keys from files: PEM, DER (PKCS#8 plain or encrypted, traditional) and PKCS#12. */
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "key/token_int.h"

static enum cmc_rc decode_key(const struct cmc_crypto *c, struct cmc_slice data,
                              struct cmc_pass *pass, EVP_PKEY **out, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    OSSL_DECODER_CTX *ctx = NULL;
    const unsigned char *p = data.p;
    size_t n = data.n;

    ctx = OSSL_DECODER_CTX_new_for_pkey(out, NULL, NULL, NULL, EVP_PKEY_KEYPAIR,
                                        cmc_crypto_get0_libctx(c), NULL);
    if (ctx == NULL || OSSL_DECODER_CTX_set_pem_password_cb(ctx, cmc_pass_callback, pass) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_MEM, "%s: cannot read a key", pass->what);
        goto out;
    }
    if (OSSL_DECODER_from_data(ctx, &p, &n) != 1 || *out == NULL) {
        ERR_clear_error();
        if (pass->asked && !pass->have) {
            if (err != NULL)
                *err = pass->err;
            rc = pass->err.rc;
        } else if (pass->asked) {
            rc = cmc_fail(err, CMC_E_USAGE, NULL, "%s: the passphrase is wrong", pass->what);
        } else {
            rc = cmc_fail(err, CMC_E_INPUT, NULL,
                          "%s: holds no private key; want PEM, DER or PKCS#12", pass->what);
        }
    }
out:
    OSSL_DECODER_CTX_free(ctx);
    return rc;
}

/* The decoder takes a public key for a key pair when there is nothing better. */
static bool has_private(EVP_PKEY *key)
{
    static const char *const names[] = {"priv", "d"};
    bool found = false;

    for (size_t i = 0; i < sizeof names / sizeof names[0] && !found; i++) {
        BIGNUM *bn = NULL;
        uint8_t raw[256];
        size_t n = sizeof raw;

        found = EVP_PKEY_get_bn_param(key, names[i], &bn) == 1 ||
                EVP_PKEY_get_octet_string_param(key, names[i], raw, sizeof raw, &n) == 1;
        BN_clear_free(bn);
        OPENSSL_cleanse(raw, sizeof raw);
    }
    ERR_clear_error();
    return found;
}

enum cmc_rc cmc_key_load(const struct cmc_crypto *c, const char *uri,
                         const struct cmc_passphrase *from, EVP_PKEY **out, struct cmc_err *err)
{
    enum cmc_rc rc;
    struct cmc_pass pass = {.from = from};
    struct cmc_buf b;
    EVP_PKEY *key = NULL;
    const char *path = NULL;

    *out = NULL;
    if (cmc_uri_is_token(uri))
        return cmc_token_uri_key(c, uri, from, out, err);
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_uri_path(uri, &path, err);
    if (rc != CMC_OK)
        goto out;
    pass.what = path;
    rc = cmc_file_read(path, &b, err);
    if (rc != CMC_OK)
        goto out;
    rc = CMC_E_NOTFOUND;
    if (!cmc_is_pem(cmc_buf_get0(&b))) {
        rc = cmc_pkcs12_open(c, cmc_buf_get0(&b), &pass, &key, NULL, err);
        if (rc == CMC_OK && key == NULL)
            rc = cmc_fail(err, CMC_E_INPUT, NULL, "%s: this PKCS#12 holds no private key", path);
    }
    if (rc == CMC_E_NOTFOUND)
        rc = decode_key(c, cmc_buf_get0(&b), &pass, &key, err);
    if (rc == CMC_OK && !has_private(key))
        rc = cmc_fail(err, CMC_E_INPUT, NULL, "%s: holds a public key only, not a private one",
                      path);
    if (rc != CMC_OK)
        goto out;
    *out = key;
    key = NULL;
out:
    EVP_PKEY_free(key);
    cmc_buf_free(&b);
    cmc_pass_clean(&pass);
    return rc;
}
