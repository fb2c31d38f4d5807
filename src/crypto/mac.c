/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC and PBKDF2 on EVP. */
#include "crypto/mac.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "crypto/crypto_int.h"

/* [10002-A-bg] */
static const struct cmc_mac_alg macs[] = {
    {"hmac-sha256", CMC_DIGEST_SHA256, &cmc_oid_hmacWithSHA256},
    {"hmac-sha384", CMC_DIGEST_SHA384, &cmc_oid_hmacWithSHA384},
    {"hmac-sha512", CMC_DIGEST_SHA512, &cmc_oid_hmacWithSHA512},
    {"hmac-sha224", CMC_DIGEST_SHA224, &cmc_oid_hmacWithSHA224},
    {"hmac-sha512-224", CMC_DIGEST_SHA512_224, &cmc_oid_hmacWithSHA512_224},
    {"hmac-sha512-256", CMC_DIGEST_SHA512_256, &cmc_oid_hmacWithSHA512_256},
    {"hmac-sha1", CMC_DIGEST_SHA1, &cmc_oid_hmac_sha1},
    /* The same function; the PRF of PBKDF2 and some peers name it so. */
    {"hmac-sha1", CMC_DIGEST_SHA1, &cmc_oid_hmacWithSHA1},
};

const struct cmc_mac_alg *cmc_mac_by_name(const char *name)
{
    for (size_t i = 0; i < CMC_COUNT(macs); i++) {
        if (strcasecmp(macs[i].name, name) == 0)
            return &macs[i];
    }
    return NULL;
}

const struct cmc_mac_alg *cmc_mac_by_digest(enum cmc_digest_id id)
{
    for (size_t i = 0; i < CMC_COUNT(macs); i++) {
        if (macs[i].digest == id)
            return &macs[i];
    }
    return NULL;
}

/* [10002-A-bg] */
void cmc_mac_algid(const struct cmc_mac_alg *alg, struct cmc_algid *out)
{
    *out = (struct cmc_algid){.algorithm = *alg->oid};
}

static bool no_parameters(struct cmc_slice parameters)
{
    static const uint8_t null[] = {CMC_T_NULL, 0};

    return parameters.p == NULL || cmc_slice_eq(parameters, cmc_slice(null, sizeof null));
}

enum cmc_rc cmc_mac_from_algid(const struct cmc_algid *id, bool allow_weak,
                               const struct cmc_mac_alg **out, struct cmc_err *err)
{
    char text[64];

    for (size_t i = 0; i < CMC_COUNT(macs); i++) {
        if (!cmc_slice_eq(*macs[i].oid, id->algorithm))
            continue;
        if (!no_parameters(id->parameters))
            return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, NULL,
                                 "%s takes no parameters", macs[i].name);
        if (cmc_digest_alg(macs[i].digest)->weak && !allow_weak)
            return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10004 section 4",
                                 "%s is not accepted; use hmac-sha256 or better", macs[i].name);
        *out = &macs[i];
        return CMC_OK;
    }
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, NULL,
                         "MAC algorithm %s is not known; use hmac-sha256, hmac-sha384 or "
                         "hmac-sha512",
                         cmc_oid_text(id->algorithm, text, sizeof text));
}

/* An HMAC with this digest that waits for a key, or NULL. To fetch it takes longer than the MAC. */
static EVP_MAC_CTX *hmac_ctx(const struct cmc_crypto *c, const struct cmc_mac_alg *alg)
{
    EVP_MAC_CTX **kept = &c->scratch->hmac[alg->digest];
    EVP_MAC_CTX *ctx;
    OSSL_PARAM params[2];

    if (*kept != NULL)
        return *kept;
    params[0] = OSSL_PARAM_construct_utf8_string(
        OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)cmc_digest_alg(alg->digest)->evp, 0);
    params[1] = OSSL_PARAM_construct_end();
    ctx = EVP_MAC_CTX_new(c->hmac);
    if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) == 1)
        *kept = ctx;
    else
        EVP_MAC_CTX_free(ctx);
    return *kept;
}

enum cmc_rc cmc_hmac(const struct cmc_crypto *c, const struct cmc_mac_alg *alg,
                     struct cmc_slice key, struct cmc_slice data, uint8_t *out, size_t *n,
                     struct cmc_err *err)
{
    static const uint8_t none[] = "";
    EVP_MAC_CTX *ctx = hmac_ctx(c, alg);
    bool ok = ctx != NULL && EVP_MAC_init(ctx, key.p != NULL ? key.p : none, key.n, NULL) == 1 &&
              EVP_MAC_update(ctx, data.p != NULL ? data.p : none, data.n) == 1 &&
              EVP_MAC_final(ctx, out, n, CMC_DIGEST_MAX) == 1;

    /* Another key, which is nobody's, takes the place of this one. */
    if (ctx != NULL && EVP_MAC_init(ctx, none, 0, NULL) != 1) {
        EVP_MAC_CTX_free(ctx);
        c->scratch->hmac[alg->digest] = NULL;
    }
    return ok ? CMC_OK : cmc_fail_openssl(err, CMC_E_CRYPTO, "%s failed", alg->name);
}

/* [10002-A-bd, 10002-A-be, 10002-A-bf, 10002-A-bc] */
static enum cmc_rc pbkdf2_params(const struct cmc_algid *id, size_t fallback,
                                 struct cmc_arena *arena, struct cmc_pbkdf2_params *p,
                                 const struct cmc_mac_alg **prf, size_t *length,
                                 struct cmc_err *err)
{
    uint64_t want = fallback;
    enum cmc_rc rc;

    if (id->parameters.p == NULL)
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_ALG, "RFC 8018 section A.2",
                             "PBKDF2 without its parameters");
    rc = cmc_decode(&cmc_it_pbkdf2_params, id->parameters, arena, p, err);
    if (rc != CMC_OK)
        return rc;
    if (p->iterations == 0 || p->iterations > CMC_LIMIT_PBKDF2_ROUNDS)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 8018 section A.2",
                             "PBKDF2 of %u rounds; want 1 to CMC_LIMIT_PBKDF2_ROUNDS (%u)",
                             p->iterations, CMC_LIMIT_PBKDF2_ROUNDS);
    if ((p->key_length.p != NULL && !cmc_int_get_u64(p->key_length, &want)) || want == 0 ||
        want > CMC_LIMIT_PBKDF2_KEY)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 8018 section A.2",
                             "PBKDF2 key length; want 1 to CMC_LIMIT_PBKDF2_KEY (%u) octets",
                             CMC_LIMIT_PBKDF2_KEY);
    *length = (size_t)want;
    *prf = cmc_mac_by_digest(CMC_DIGEST_SHA1); /* the DEFAULT of the syntax */
    return p->prf == NULL ? CMC_OK : cmc_mac_from_algid(p->prf, true, prf, err);
}

/* [10004-5.1-o] */
enum cmc_rc cmc_pbkdf2(const struct cmc_crypto *c, const struct cmc_algid *id,
                       struct cmc_slice password, size_t fallback, struct cmc_arena *arena,
                       struct cmc_slice *key, struct cmc_err *err)
{
    struct cmc_pbkdf2_params p = {0};
    const struct cmc_mac_alg *prf = NULL;
    size_t n = 0;
    enum cmc_rc rc = pbkdf2_params(id, fallback, arena, &p, &prf, &n, err);
    OSSL_PARAM params[6], *at = params;
    EVP_KDF *kdf = NULL;
    EVP_KDF_CTX *ctx = NULL;
    uint8_t *out;
    int pkcs5 = 1; /* without SP 800-132's limits: the peer chose salt and rounds */

    if (rc != CMC_OK)
        return rc;
    out = cmc_arena_alloc(arena, n);
    kdf = EVP_KDF_fetch(cmc_crypto_get0_libctx(c), OSSL_KDF_NAME_PBKDF2, NULL);
    ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    if (out == NULL || ctx == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_MEM, "no memory for PBKDF2");
        goto out;
    }
    /* OSSL_PARAM has no const members, though these are only read. */
    *at++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
                                              (void *)(uintptr_t)password.p, password.n);
    *at++ = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)p.salt.p,
                                              p.salt.n);
    *at++ = OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &p.iterations);
    *at++ = OSSL_PARAM_construct_utf8_string(
        OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)cmc_digest_alg(prf->digest)->evp, 0);
    *at++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &pkcs5);
    *at = OSSL_PARAM_construct_end();
    if (EVP_KDF_derive(ctx, out, n, params) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "PBKDF2 failed");
        goto out;
    }
    *key = cmc_slice(out, n);
out:
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return rc;
}
