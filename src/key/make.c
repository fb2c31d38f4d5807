/* SPDX-License-Identifier: Apache-2.0 */
/* New keys, and writing them down. */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "base/file.h"
#include "key/key_int.h"

struct key_kind {
    const char *spec;
    const char *type;
    unsigned int bits; /* RSA */
    const char *group; /* EC */
};

static const struct key_kind kinds[] = {
    {"rsa:2048", "RSA", 2048, NULL}, {"rsa:3072", "RSA", 3072, NULL},
    {"rsa:4096", "RSA", 4096, NULL}, {"ec:P-256", "EC", 0, "P-256"},
    {"ec:P-384", "EC", 0, "P-384"},  {"ec:P-521", "EC", 0, "P-521"},
    {"ed25519", "ED25519", 0, NULL}, {"ed448", "ED448", 0, NULL},
    {"x25519", "X25519", 0, NULL},   {"x448", "X448", 0, NULL},
};
#define NKINDS (sizeof kinds / sizeof kinds[0])

static enum cmc_rc unknown_spec(const char *spec, struct cmc_err *err)
{
    char all[128] = "";
    size_t n = 0;

    for (size_t i = 0; i < NKINDS && n < sizeof all; i++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", i > 0 ? ", " : "", kinds[i].spec);
    return cmc_fail(err, CMC_E_USAGE, NULL, "unknown kind of key '%s'; want one of %s", spec, all);
}

enum cmc_rc cmc_key_generate(const struct cmc_crypto *c, const char *spec, EVP_PKEY **out,
                             struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    const struct key_kind *kind = NULL;
    EVP_PKEY_CTX *ctx = NULL;
    EVP_PKEY *key = NULL;

    *out = NULL;
    for (size_t i = 0; i < NKINDS && kind == NULL; i++) {
        if (strcasecmp(kinds[i].spec, spec) == 0)
            kind = &kinds[i];
    }
    if (kind == NULL)
        return unknown_spec(spec, err);
    ctx = EVP_PKEY_CTX_new_from_name(cmc_crypto_get0_libctx(c), kind->type, NULL);
    if (ctx == NULL || EVP_PKEY_keygen_init(ctx) <= 0 ||
        (kind->bits != 0 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)kind->bits) <= 0) ||
        (kind->group != NULL && EVP_PKEY_CTX_set_group_name(ctx, kind->group) <= 0) ||
        EVP_PKEY_generate(ctx, &key) <= 0) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "cannot make a key of kind %s", kind->spec);
        goto out;
    }
    *out = key;
    key = NULL;
out:
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

/* PKCS#8 PEM, encrypted when there is a passphrase. */
enum cmc_rc cmc_key_pem(EVP_PKEY *key, const struct cmc_passphrase *from, struct cmc_buf *out,
                        struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    struct cmc_pass pass = {.from = from, .what = "the new key"};
    bool encrypt = from != NULL && (from->text != NULL || from->file != NULL);
    OSSL_ENCODER_CTX *ctx = NULL;
    unsigned char *pem = NULL;
    size_t n = 0;

    if (cmc_key_in_token(key)) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the private key is in a token and stays there");
        goto out;
    }
    if (encrypt && !cmc_pass_get(&pass)) {
        if (err != NULL)
            *err = pass.err;
        rc = pass.err.rc;
        goto out;
    }
    if (encrypt && pass.n == 0) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the passphrase for the new key is empty");
        goto out;
    }
    ctx = OSSL_ENCODER_CTX_new_for_pkey(
        key, EVP_PKEY_KEYPAIR, "PEM", encrypt ? "EncryptedPrivateKeyInfo" : "PrivateKeyInfo", NULL);
    if (ctx == NULL ||
        (encrypt &&
         (OSSL_ENCODER_CTX_set_cipher(ctx, "AES-256-CBC", NULL) != 1 ||
          OSSL_ENCODER_CTX_set_passphrase(ctx, (unsigned char *)pass.text, pass.n) != 1)) ||
        OSSL_ENCODER_to_data(ctx, &pem, &n) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "cannot encode the private key");
        goto out;
    }
    cmc_buf_add(out, pem, n);
    if (!cmc_buf_ok(out))
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory to encode the private key");
out:
    OPENSSL_clear_free(pem, n);
    OSSL_ENCODER_CTX_free(ctx);
    cmc_pass_clean(&pass);
    return rc;
}

enum cmc_rc cmc_key_save(const struct cmc_crypto *c, EVP_PKEY *key, const char *path,
                         const struct cmc_passphrase *pass, struct cmc_err *err)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    (void)c; /* the key knows its library context */
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_uri_path(path, &path, err);
    if (rc == CMC_OK)
        rc = cmc_key_pem(key, pass, &b, err);
    if (rc == CMC_OK)
        rc = cmc_file_create(path, 0600, cmc_buf_get0(&b), err);
    cmc_buf_free(&b);
    return rc;
}
