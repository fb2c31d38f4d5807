/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/crypto.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "asn1/cmc.h"
#include "crypto/crypto_int.h"

static EVP_PKEY *curve_new(OSSL_LIB_CTX *lib, const char *group)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(lib, "EC", NULL);
    EVP_PKEY *params = NULL;

    if (ctx != NULL && EVP_PKEY_paramgen_init(ctx) > 0 &&
        EVP_PKEY_CTX_set_group_name(ctx, group) > 0)
        (void)EVP_PKEY_paramgen(ctx, &params);
    EVP_PKEY_CTX_free(ctx);
    return params;
}

enum cmc_rc cmc_crypto_new(struct cmc_crypto **out, struct cmc_err *err)
{
    static const char *const groups[CMC_CURVE_COUNT] = {"P-256", "P-384", "P-521"};
    struct cmc_crypto *c = calloc(1, sizeof *c);
    enum cmc_rc rc = CMC_E_CRYPTO;

    *out = NULL;
    if (c == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a cryptographic context");
    c->lib = OSSL_LIB_CTX_new();
    if (c->lib == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "no OpenSSL library context");
        goto out;
    }
    for (int id = CMC_DIGEST_NONE + 1; id < CMC_DIGEST_COUNT; id++) {
        const struct cmc_digest_alg *d = cmc_digest_alg((enum cmc_digest_id)id);

        c->md[id] = EVP_MD_fetch(c->lib, d->evp, NULL);
        if (c->md[id] == NULL) {
            rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "digest %s cannot be had from OpenSSL",
                                  d->name);
            goto out;
        }
    }
    for (int i = 0; i < CMC_CURVE_COUNT; i++) {
        c->curve[i] = curve_new(c->lib, groups[i]);
        if (c->curve[i] == NULL) {
            rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "curve %s cannot be had from OpenSSL",
                                  groups[i]);
            goto out;
        }
    }
    c->rsa = EVP_PKEY_CTX_new_from_name(c->lib, "RSA", NULL);
    if (c->rsa == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "RSA cannot be had from OpenSSL");
        goto out;
    }
    *out = c;
    c = NULL;
    rc = CMC_OK;
out:
    cmc_crypto_free(c);
    return rc;
}

void cmc_crypto_free(struct cmc_crypto *c)
{
    if (c == NULL)
        return;
    EVP_PKEY_CTX_free(c->rsa);
    for (int i = 0; i < CMC_CURVE_COUNT; i++)
        EVP_PKEY_free(c->curve[i]);
    for (int i = 0; i < CMC_DIGEST_COUNT; i++)
        EVP_MD_free(c->md[i]);
    OSSL_LIB_CTX_free(c->lib);
    free(c);
}

OSSL_LIB_CTX *cmc_crypto_get0_libctx(const struct cmc_crypto *c)
{
    return c->lib;
}

enum cmc_rc cmc_digest(const struct cmc_crypto *c, enum cmc_digest_id id, struct cmc_slice data,
                       uint8_t *out, size_t *n, struct cmc_err *err)
{
    const struct cmc_digest_alg *d = cmc_digest_alg(id);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex2(ctx, c->md[id], NULL) == 1 &&
              EVP_DigestUpdate(ctx, data.p, data.n) == 1;

    if (ok && id == CMC_DIGEST_SHAKE256)
        ok = EVP_DigestFinalXOF(ctx, out, d->size) == 1;
    else if (ok)
        ok = EVP_DigestFinal_ex(ctx, out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "digest %s failed", d->name);
    *n = d->size;
    return CMC_OK;
}

enum cmc_rc cmc_random(const struct cmc_crypto *c, void *out, size_t n, struct cmc_err *err)
{
    if (RAND_bytes_ex(c->lib, out, n, 0) != 1)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "no random octets");
    return CMC_OK;
}

/* PSS: salt as long as the digest when signing, whatever it is when verifying. */
static bool set_padding(EVP_PKEY_CTX *ctx, const struct cmc_sig_alg *alg, bool signing)
{
    if (alg->scheme != CMC_SIG_RSA_PSS)
        return true;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, signing ? RSA_PSS_SALTLEN_DIGEST
                                                         : RSA_PSS_SALTLEN_AUTO) > 0;
}

static const char *md_name(const struct cmc_sig_alg *alg)
{
    if (alg->scheme == CMC_SIG_ED25519 || alg->scheme == CMC_SIG_ED448)
        return NULL;
    return cmc_digest_alg(alg->digest)->evp;
}

enum cmc_rc cmc_sign(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                     struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *sig,
                     struct cmc_err *err)
{
    EVP_MD_CTX *ctx = NULL;
    EVP_PKEY_CTX *pctx = NULL;
    enum cmc_rc rc = CMC_E_CRYPTO;
    size_t n = (size_t)EVP_PKEY_get_size(key);
    uint8_t *out;

    if (!cmc_sig_fits(alg, key))
        return cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot sign with %s",
                        EVP_PKEY_get0_type_name(key), alg->name);
    out = cmc_arena_alloc(arena, n);
    ctx = EVP_MD_CTX_new();
    if (out == NULL || ctx == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a signature");
        goto out;
    }
    if (EVP_DigestSignInit_ex(ctx, &pctx, md_name(alg), c->lib, NULL, key, NULL) != 1 ||
        !set_padding(pctx, alg, true) || EVP_DigestSign(ctx, out, &n, data.p, data.n) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "signing with %s failed", alg->name);
        goto out;
    }
    *sig = cmc_slice(out, n);
    rc = CMC_OK;
out:
    EVP_MD_CTX_free(ctx);
    return rc;
}

enum cmc_rc cmc_verify(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                       struct cmc_slice data, struct cmc_slice sig, struct cmc_err *err)
{
    EVP_MD_CTX *ctx = NULL;
    EVP_PKEY_CTX *pctx = NULL;
    enum cmc_rc rc = CMC_OK;

    if (!cmc_sig_fits(alg, key))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, NULL,
                             "a key of type %s cannot have signed with %s",
                             EVP_PKEY_get0_type_name(key), alg->name);
    ctx = EVP_MD_CTX_new();
    if (ctx == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to verify a signature");
    if (EVP_DigestVerifyInit_ex(ctx, &pctx, md_name(alg), c->lib, NULL, key, NULL) != 1 ||
        !set_padding(pctx, alg, false)) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "verifying with %s failed", alg->name);
        goto out;
    }
    if (EVP_DigestVerify(ctx, sig.p, sig.n, data.p, data.n) != 1)
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "the %s signature does not verify", alg->name);
    if (rc != CMC_OK && err != NULL)
        err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK;
out:
    EVP_MD_CTX_free(ctx);
    return rc;
}
