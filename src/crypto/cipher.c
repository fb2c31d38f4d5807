/* SPDX-License-Identifier: Apache-2.0 */
/* CBC ciphers and RSA encryption on EVP. */
#include "crypto/cipher.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"

#define BLOCK_MAX 32

static const struct cmc_cipher_alg ciphers[] = {
    {"aes128-cbc", "AES-128-CBC", &cmc_oid_aes128_CBC, 16, 16, false},
    {"aes192-cbc", "AES-192-CBC", &cmc_oid_aes192_CBC, 24, 16, false},
    {"aes256-cbc", "AES-256-CBC", &cmc_oid_aes256_CBC, 32, 16, false},
    {"des-ede3-cbc", "DES-EDE3-CBC", &cmc_oid_des_EDE3_CBC, 24, 8, true},
};

const struct cmc_cipher_alg *cmc_cipher_by_name(const char *name)
{
    for (size_t i = 0; i < CMC_COUNT(ciphers); i++) {
        if (strcasecmp(ciphers[i].name, name) == 0)
            return &ciphers[i];
    }
    return NULL;
}

enum cmc_rc cmc_cipher_from_algid(const struct cmc_algid *id, const struct cmc_cipher_alg **out,
                                  struct cmc_err *err)
{
    char text[64];

    for (size_t i = 0; i < CMC_COUNT(ciphers); i++) {
        if (cmc_slice_eq(*ciphers[i].oid, id->algorithm)) {
            *out = &ciphers[i];
            return CMC_OK;
        }
    }
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, NULL,
                         "content encryption algorithm %s is not done here",
                         cmc_oid_text(id->algorithm, text, sizeof text));
}

enum cmc_rc cmc_cipher_algid(const struct cmc_cipher_alg *alg, struct cmc_slice iv,
                             struct cmc_arena *arena, struct cmc_algid *out, struct cmc_err *err)
{
    *out = (struct cmc_algid){.algorithm = *alg->oid};
    return cmc_encode_arena(&cmc_it_octet_string, &iv, arena, &out->parameters, err);
}

enum cmc_rc cmc_cipher_iv(const struct cmc_cipher_alg *alg, const struct cmc_algid *id,
                          struct cmc_arena *arena, struct cmc_slice *iv, struct cmc_err *err)
{
    *iv = CMC_SLICE_NONE;
    if (id->parameters.p != NULL &&
        cmc_decode(&cmc_it_octet_string, id->parameters, arena, iv, NULL) == CMC_OK &&
        iv->n == alg->iv_octets)
        return CMC_OK;
    return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 3565 section 4.1",
                         "%s without an IV of %zu octets in its parameters", alg->name,
                         alg->iv_octets);
}

enum cmc_rc cmc_cipher(const struct cmc_crypto *c, const struct cmc_cipher_alg *alg,
                       enum cmc_cipher_direction direction, struct cmc_slice key,
                       struct cmc_slice iv, bool padding, struct cmc_slice data,
                       struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    EVP_CIPHER *cipher = NULL;
    EVP_CIPHER_CTX *ctx = NULL;
    uint8_t *p;
    int n = 0, last = 0;

    if (key.n != alg->key_octets || iv.n != alg->iv_octets || data.n > INT_MAX - BLOCK_MAX)
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s takes a key of %zu octets, not %zu", alg->name,
                        alg->key_octets, key.n);
    p = cmc_arena_alloc(arena, data.n + BLOCK_MAX);
    ctx = EVP_CIPHER_CTX_new();
    if (p == NULL || ctx == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for encrypted content");
        goto out;
    }
    cipher = EVP_CIPHER_fetch(cmc_crypto_get0_libctx(c), alg->evp, NULL);
    if (cipher == NULL || EVP_CipherInit_ex2(ctx, cipher, key.p, iv.p, direction, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(ctx, padding) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "%s cannot be had from OpenSSL", alg->name);
        goto out;
    }
    if (EVP_CipherUpdate(ctx, p, &n, data.p, (int)data.n) != 1 ||
        EVP_CipherFinal_ex(ctx, p + n, &last) != 1) {
        /* Why it failed is nobody's business who might ask again: one text for all reasons. */
        ERR_clear_error();
        OPENSSL_cleanse(p, data.n + BLOCK_MAX);
        rc = cmc_fail(err, CMC_E_CRYPTO, NULL, "%s: %s failed", alg->name,
                      direction == CMC_ENCRYPT ? "encrypting" : "decrypting");
        goto out;
    }
    *out = cmc_slice(p, (size_t)n + (size_t)last);
out:
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return rc;
}

static bool set_rsa_padding(EVP_PKEY_CTX *ctx, enum cmc_rsa_padding padding)
{
    const EVP_MD *md = padding == CMC_RSA_OAEP_SHA256 ? EVP_sha256() : EVP_sha1();

    if (padding == CMC_RSA_PKCS1_V15)
        return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) > 0 && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) > 0;
}

enum cmc_rc cmc_rsa_encrypt(const struct cmc_crypto *c, EVP_PKEY *key, enum cmc_rsa_padding padding,
                            struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *out,
                            struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    EVP_PKEY_CTX *ctx = NULL;
    size_t n = (size_t)EVP_PKEY_get_size(key);
    uint8_t *p;

    if (EVP_PKEY_is_a(key, "RSA") != 1)
        return cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot encrypt; RSA can",
                        EVP_PKEY_get0_type_name(key));
    p = cmc_arena_alloc(arena, n);
    ctx = EVP_PKEY_CTX_new_from_pkey(cmc_crypto_get0_libctx(c), key, NULL);
    if (p == NULL || ctx == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for RSA encryption");
        goto out;
    }
    if (EVP_PKEY_encrypt_init(ctx) <= 0 || !set_rsa_padding(ctx, padding) ||
        EVP_PKEY_encrypt(ctx, p, &n, data.p, data.n) <= 0) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "RSA encryption failed");
        goto out;
    }
    *out = cmc_slice(p, n);
out:
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

enum cmc_rc cmc_rsa_decrypt(const struct cmc_crypto *c, EVP_PKEY *key, enum cmc_rsa_padding padding,
                            struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *out,
                            struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    EVP_PKEY_CTX *ctx = NULL;
    size_t n = (size_t)EVP_PKEY_get_size(key);
    uint8_t *p;

    if (EVP_PKEY_is_a(key, "RSA") != 1)
        return cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot decrypt; RSA can",
                        EVP_PKEY_get0_type_name(key));
    p = cmc_arena_alloc(arena, n);
    ctx = EVP_PKEY_CTX_new_from_pkey(cmc_crypto_get0_libctx(c), key, NULL);
    if (p == NULL || ctx == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for RSA decryption");
        goto out;
    }
    if (EVP_PKEY_decrypt_init(ctx) <= 0 || !set_rsa_padding(ctx, padding) ||
        EVP_PKEY_decrypt(ctx, p, &n, data.p, data.n) <= 0) {
        /* A token that is away says nothing about the ciphertext. */
        if (cmc_openssl_retry(err)) {
            rc = CMC_E_RETRY;
            goto out;
        }
        rc = cmc_fail(err, CMC_E_CRYPTO, NULL,
                      "RSA decryption failed: not for this key, or another padding");
        goto out;
    }
    *out = cmc_slice(p, n);
out:
    EVP_PKEY_CTX_free(ctx);
    return rc;
}
