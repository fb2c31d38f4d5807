/* SPDX-License-Identifier: Apache-2.0 */
/* AES-GCM on EVP. */
#include "crypto/aead.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"

#define CLAUSE          "RFC 5084 section 3.2"
#define NONCE_MIN       8u
#define NONCE_MAX       64u
#define DEFAULT_ICV_LEN 12u

static const struct cmc_aead_alg aeads[] = {
    {"aes128-gcm", "AES-128-GCM", &cmc_oid_aes128_GCM, 16},
    {"aes192-gcm", "AES-192-GCM", &cmc_oid_aes192_GCM, 24},
    {"aes256-gcm", "AES-256-GCM", &cmc_oid_aes256_GCM, 32},
};

const struct cmc_aead_alg *cmc_aead_by_name(const char *name)
{
    for (size_t i = 0; i < CMC_COUNT(aeads); i++) {
        if (strcasecmp(aeads[i].name, name) == 0)
            return &aeads[i];
    }
    return NULL;
}

static enum cmc_rc parameters(const struct cmc_algid *id, struct cmc_arena *arena,
                              struct cmc_slice *nonce, size_t *tag_octets, struct cmc_err *err)
{
    struct cmc_gcm_params p = {0};

    if (id->parameters.p == NULL ||
        cmc_decode(&cmc_it_gcm_params, id->parameters, arena, &p, NULL) != CMC_OK)
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "AES-GCM without its nonce and ICV length");
    *nonce = p.nonce;
    *tag_octets = p.icv_len != 0 ? p.icv_len : DEFAULT_ICV_LEN;
    if (p.nonce.n < NONCE_MIN || p.nonce.n > NONCE_MAX || *tag_octets < CMC_GCM_TAG_OCTETS_MIN ||
        *tag_octets > CMC_GCM_TAG_OCTETS)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE,
                             "AES-GCM with a nonce of %zu and an ICV of %zu octets; want 8 to 64 "
                             "and 12 to 16",
                             p.nonce.n, *tag_octets);
    return CMC_OK;
}

enum cmc_rc cmc_aead_from_algid(const struct cmc_algid *id, struct cmc_arena *arena,
                                const struct cmc_aead_alg **out, struct cmc_slice *nonce,
                                size_t *tag_octets, struct cmc_err *err)
{
    char text[64];

    for (size_t i = 0; i < CMC_COUNT(aeads); i++) {
        if (cmc_slice_eq(*aeads[i].oid, id->algorithm)) {
            *out = &aeads[i];
            return parameters(id, arena, nonce, tag_octets, err);
        }
    }
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, NULL,
                         "authenticated encryption algorithm %s is not done here",
                         cmc_oid_text(id->algorithm, text, sizeof text));
}

enum cmc_rc cmc_aead_algid(const struct cmc_aead_alg *alg, struct cmc_slice nonce,
                           size_t tag_octets, struct cmc_arena *arena, struct cmc_algid *out,
                           struct cmc_err *err)
{
    /* DER leaves a DEFAULT out: 0 stands for it. */
    const struct cmc_gcm_params p = {
        .nonce = nonce, .icv_len = tag_octets == DEFAULT_ICV_LEN ? 0 : (uint32_t)tag_octets};

    *out = (struct cmc_algid){.algorithm = *alg->oid};
    return cmc_encode_arena(&cmc_it_gcm_params, &p, arena, &out->parameters, err);
}

static bool start(const struct cmc_crypto *c, EVP_CIPHER_CTX *ctx, const struct cmc_aead_alg *alg,
                  int encrypt, struct cmc_slice key, struct cmc_slice nonce, struct cmc_slice aad)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(cmc_crypto_get0_libctx(c), alg->evp, NULL);
    int n = 0;
    bool ok = cipher != NULL && EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, encrypt, NULL) == 1 &&
              EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)nonce.n, NULL) == 1 &&
              EVP_CipherInit_ex2(ctx, NULL, key.p, nonce.p, encrypt, NULL) == 1 &&
              (aad.n == 0 || EVP_CipherUpdate(ctx, NULL, &n, aad.p, (int)aad.n) == 1);

    EVP_CIPHER_free(cipher);
    return ok;
}

static bool sizes_fit(const struct cmc_aead_alg *alg, struct cmc_slice key, struct cmc_slice aad,
                      struct cmc_slice data)
{
    return key.n == alg->key_octets && aad.n <= INT_MAX && data.n <= INT_MAX;
}

enum cmc_rc cmc_aead_seal(const struct cmc_crypto *c, const struct cmc_aead_alg *alg,
                          struct cmc_slice key, struct cmc_slice nonce, struct cmc_slice aad,
                          struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *out,
                          struct cmc_slice *tag, struct cmc_err *err)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *p = cmc_arena_alloc(arena, data.n + 1);
    uint8_t *t = cmc_arena_alloc(arena, CMC_GCM_TAG_OCTETS);
    enum cmc_rc rc = CMC_OK;
    int n = 0, last = 0;

    if (ctx == NULL || p == NULL || t == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for encrypted content");
        goto out;
    }
    if (!sizes_fit(alg, key, aad, data)) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "%s takes a key of %zu octets", alg->name,
                      alg->key_octets);
        goto out;
    }
    if (!start(c, ctx, alg, 1, key, nonce, aad) ||
        (data.n > 0 && EVP_CipherUpdate(ctx, p, &n, data.p, (int)data.n) != 1) ||
        EVP_CipherFinal_ex(ctx, p + n, &last) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CMC_GCM_TAG_OCTETS, t) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "%s: encrypting failed", alg->name);
        goto out;
    }
    *out = cmc_slice(p, data.n);
    *tag = cmc_slice(t, CMC_GCM_TAG_OCTETS);
out:
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}

enum cmc_rc cmc_aead_open(const struct cmc_crypto *c, const struct cmc_aead_alg *alg,
                          struct cmc_slice key, struct cmc_slice nonce, struct cmc_slice aad,
                          struct cmc_slice data, struct cmc_slice tag, struct cmc_arena *arena,
                          struct cmc_slice *out, struct cmc_err *err)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *p = cmc_arena_alloc(arena, data.n + 1);
    enum cmc_rc rc = CMC_OK;
    int n = 0, last = 0;

    if (ctx == NULL || p == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for decrypted content");
        goto out;
    }
    if (!sizes_fit(alg, key, aad, data) || !start(c, ctx, alg, 0, key, nonce, aad) ||
        (data.n > 0 && EVP_CipherUpdate(ctx, p, &n, data.p, (int)data.n) != 1) ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag.n, (void *)(uintptr_t)tag.p) !=
            1 ||
        EVP_CipherFinal_ex(ctx, p + n, &last) != 1) {
        ERR_clear_error();
        OPENSSL_cleanse(p, data.n + 1);
        rc = cmc_fail(err, CMC_E_CRYPTO, NULL, "%s: decrypting failed", alg->name);
        goto out;
    }
    *out = cmc_slice(p, data.n);
out:
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}
