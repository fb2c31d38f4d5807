/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <limits.h>
#include <openssl/err.h>

#define VERSION      1
#define NONCE_OCTETS 12
#define TAG_OCTETS   16
#define OVERHEAD     (1 + NONCE_OCTETS + TAG_OCTETS)

/* What both ways need: a context that knows direction, key, nonce and what is bound. */
static EVP_CIPHER_CTX *begin(const struct cmc_crypto *c, int encrypt, const uint8_t *key,
                             const uint8_t *nonce, struct cmc_slice bound)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(cmc_crypto_get0_libctx(c), "AES-256-GCM", NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;

    if (cipher == NULL || ctx == NULL || bound.n > INT_MAX ||
        EVP_CipherInit_ex2(ctx, cipher, key, nonce, encrypt, NULL) != 1 ||
        EVP_CipherUpdate(ctx, NULL, &n, bound.p, (int)bound.n) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(cipher);
    return ctx;
}

enum cmc_rc cmc_seal(const struct cmc_crypto *c, const uint8_t key[CMC_SEAL_KEY_OCTETS],
                     struct cmc_slice bound, struct cmc_slice plain, struct cmc_arena *arena,
                     struct cmc_slice *out, struct cmc_err *err)
{
    EVP_CIPHER_CTX *ctx = NULL;
    enum cmc_rc rc;
    uint8_t *p, *text;
    int n = 0, last = 0;

    if (plain.n > CMC_LIMIT_SECRET_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "a secret of %zu octets is above CMC_LIMIT_SECRET_OCTETS (%u)", plain.n,
                        CMC_LIMIT_SECRET_OCTETS);
    p = cmc_arena_alloc(arena, plain.n + OVERHEAD);
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to seal a secret");
    p[0] = VERSION;
    text = p + 1 + NONCE_OCTETS;
    rc = cmc_random(c, p + 1, NONCE_OCTETS, err);
    if (rc != CMC_OK)
        return rc;
    ctx = begin(c, 1, key, p + 1, bound);
    if (ctx == NULL || EVP_CipherUpdate(ctx, text, &n, plain.p, (int)plain.n) != 1 ||
        EVP_CipherFinal_ex(ctx, text + n, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_OCTETS, text + plain.n) != 1)
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "a secret cannot be sealed");
    EVP_CIPHER_CTX_free(ctx);
    *out = cmc_slice(p, plain.n + OVERHEAD);
    return rc;
}

enum cmc_rc cmc_unseal(const struct cmc_crypto *c, const uint8_t key[CMC_SEAL_KEY_OCTETS],
                       struct cmc_slice bound, struct cmc_slice sealed, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err)
{
    EVP_CIPHER_CTX *ctx = NULL;
    uint8_t tag[TAG_OCTETS], *plain;
    enum cmc_rc rc = CMC_OK;
    int n = 0, last = 0;
    size_t len;

    if (sealed.n < OVERHEAD || sealed.n - OVERHEAD > CMC_LIMIT_SECRET_OCTETS ||
        sealed.p[0] != VERSION)
        return cmc_fail(err, CMC_E_CRYPTO, NULL, "a sealed secret is damaged");
    len = sealed.n - OVERHEAD;
    memcpy(tag, sealed.p + 1 + NONCE_OCTETS + len, TAG_OCTETS);
    plain = cmc_arena_alloc(arena, len + 1);
    if (plain == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a secret");
    ctx = begin(c, 0, key, sealed.p + 1, bound);
    if (ctx == NULL ||
        EVP_CipherUpdate(ctx, plain, &n, sealed.p + 1 + NONCE_OCTETS, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_OCTETS, tag) != 1 ||
        EVP_CipherFinal_ex(ctx, plain + n, &last) != 1) {
        ERR_clear_error();
        rc = cmc_fail(err, CMC_E_CRYPTO, NULL,
                      "a sealed secret does not open: another key, or it was tampered with");
    }
    EVP_CIPHER_CTX_free(ctx);
    *out = cmc_slice(plain, len);
    return rc;
}
