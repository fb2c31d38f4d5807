/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/alg.h"

#include <string.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "crypto/crypto.h"

static const struct cmc_digest_alg digests[] = {
    {CMC_DIGEST_SHA1, "sha1", "SHA1", &cmc_oid_sha1, 20, true},
    {CMC_DIGEST_SHA224, "sha224", "SHA2-224", &cmc_oid_sha224, 28, false},
    {CMC_DIGEST_SHA256, "sha256", "SHA2-256", &cmc_oid_sha256, 32, false},
    {CMC_DIGEST_SHA384, "sha384", "SHA2-384", &cmc_oid_sha384, 48, false},
    {CMC_DIGEST_SHA512, "sha512", "SHA2-512", &cmc_oid_sha512, 64, false},
    {CMC_DIGEST_SHA512_224, "sha512-224", "SHA2-512/224", &cmc_oid_sha512_224, 28, false},
    {CMC_DIGEST_SHA512_256, "sha512-256", "SHA2-512/256", &cmc_oid_sha512_256, 32, false},
    {CMC_DIGEST_SHAKE256, "shake256", "SHAKE-256", &cmc_oid_shake256, 64, false},
};

/* [10004-5.1-a, 10004-5.1-b, 10004-5.1-c, 10004-5.1-d] */
static const struct cmc_sig_alg signatures[] = {
    {"rsa-sha256", CMC_SIG_RSA_PKCS1, CMC_DIGEST_SHA256, &cmc_oid_sha256WithRSAEncryption, "RSA"},
    {"rsa-sha384", CMC_SIG_RSA_PKCS1, CMC_DIGEST_SHA384, &cmc_oid_sha384WithRSAEncryption, "RSA"},
    {"rsa-sha512", CMC_SIG_RSA_PKCS1, CMC_DIGEST_SHA512, &cmc_oid_sha512WithRSAEncryption, "RSA"},
    {"rsa-sha1", CMC_SIG_RSA_PKCS1, CMC_DIGEST_SHA1, &cmc_oid_sha1WithRSAEncryption, "RSA"},
    {"rsa-pss-sha256", CMC_SIG_RSA_PSS, CMC_DIGEST_SHA256, &cmc_oid_id_RSASSA_PSS, "RSA"},
    {"rsa-pss-sha384", CMC_SIG_RSA_PSS, CMC_DIGEST_SHA384, &cmc_oid_id_RSASSA_PSS, "RSA"},
    {"rsa-pss-sha512", CMC_SIG_RSA_PSS, CMC_DIGEST_SHA512, &cmc_oid_id_RSASSA_PSS, "RSA"},
    {"ecdsa-sha256", CMC_SIG_ECDSA, CMC_DIGEST_SHA256, &cmc_oid_ecdsa_with_SHA256, "EC"},
    {"ecdsa-sha384", CMC_SIG_ECDSA, CMC_DIGEST_SHA384, &cmc_oid_ecdsa_with_SHA384, "EC"},
    {"ecdsa-sha512", CMC_SIG_ECDSA, CMC_DIGEST_SHA512, &cmc_oid_ecdsa_with_SHA512, "EC"},
    {"ecdsa-sha1", CMC_SIG_ECDSA, CMC_DIGEST_SHA1, &cmc_oid_ecdsa_with_SHA1, "EC"},
    {"ed25519", CMC_SIG_ED25519, CMC_DIGEST_SHA512, &cmc_oid_id_Ed25519, "ED25519"},
    {"ed448", CMC_SIG_ED448, CMC_DIGEST_SHAKE256, &cmc_oid_id_Ed448, "ED448"},
};

const struct cmc_digest_alg *cmc_digest_alg(enum cmc_digest_id id)
{
    for (size_t i = 0; i < CMC_COUNT(digests); i++) {
        if (digests[i].id == id)
            return &digests[i];
    }
    return NULL;
}

const struct cmc_digest_alg *cmc_digest_by_oid(struct cmc_slice oid)
{
    for (size_t i = 0; i < CMC_COUNT(digests); i++) {
        if (cmc_slice_eq(*digests[i].oid, oid))
            return &digests[i];
    }
    return NULL;
}

/* The same name but for case and dashes: "SHA-256" is "sha256". */
static bool same_name(const char *a, const char *b)
{
    for (;;) {
        char x, y;

        while (*a == '-')
            a++;
        while (*b == '-')
            b++;
        x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        y = *b >= 'A' && *b <= 'Z' ? (char)(*b + 32) : *b;
        if (x != y)
            return false;
        if (x == '\0')
            return true;
        a++;
        b++;
    }
}

const struct cmc_digest_alg *cmc_digest_by_name(const char *name)
{
    for (size_t i = 0; i < CMC_COUNT(digests); i++) {
        if (same_name(digests[i].name, name))
            return &digests[i];
    }
    return NULL;
}

const struct cmc_sig_alg *cmc_sig_by_name(const char *name)
{
    for (size_t i = 0; i < CMC_COUNT(signatures); i++) {
        if (strcmp(signatures[i].name, name) == 0)
            return &signatures[i];
    }
    return NULL;
}

const struct cmc_sig_alg *cmc_sig_find(enum cmc_sig_scheme scheme, enum cmc_digest_id digest)
{
    for (size_t i = 0; i < CMC_COUNT(signatures); i++) {
        if (signatures[i].scheme == scheme && signatures[i].digest == digest)
            return &signatures[i];
    }
    return NULL;
}

const struct cmc_sig_alg *cmc_sig_default(EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);

    if (cmc_key_is(key, "EC"))
        return cmc_sig_find(CMC_SIG_ECDSA, bits > 400   ? CMC_DIGEST_SHA512
                                           : bits > 300 ? CMC_DIGEST_SHA384
                                                        : CMC_DIGEST_SHA256);
    if (cmc_key_is(key, "RSA"))
        return cmc_sig_find(CMC_SIG_RSA_PKCS1, CMC_DIGEST_SHA256);
    if (cmc_key_is(key, "ED25519"))
        return cmc_sig_find(CMC_SIG_ED25519, CMC_DIGEST_SHA512);
    if (cmc_key_is(key, "ED448"))
        return cmc_sig_find(CMC_SIG_ED448, CMC_DIGEST_SHAKE256);
    return NULL;
}

bool cmc_sig_fits(const struct cmc_sig_alg *alg, EVP_PKEY *key)
{
    return cmc_key_is(key, alg->key_type);
}

static enum cmc_rc bad_alg(struct cmc_err *err, const struct cmc_algid *id, const char *why)
{
    const char *name = cmc_oid_name(id->algorithm);
    char dotted[256];

    if (name == NULL)
        name = cmc_oid_text(id->algorithm, dotted, sizeof dotted);
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10002 section 6.1.3",
                         "signature algorithm %s: %s", name, why);
}

/* RFC 4055 section 3.1: the digest of PSS parameters, NONE if we do not do them. */
static enum cmc_digest_id pss_digest(const struct cmc_algid *id, struct cmc_arena *arena)
{
    struct cmc_pss_params params = {0};
    struct cmc_algid mgf_hash = {0};
    const struct cmc_digest_alg *hash, *mgf;

    if (id->parameters.p == NULL ||
        cmc_decode(&cmc_it_pss_params, id->parameters, arena, &params, NULL) != CMC_OK)
        return CMC_DIGEST_NONE;
    if (params.hash == NULL || params.mgf == NULL)
        return CMC_DIGEST_NONE; /* the defaults are SHA-1 */
    if (!cmc_slice_eq(params.mgf->algorithm, cmc_oid_id_mgf1) || params.mgf->parameters.p == NULL ||
        cmc_decode(&cmc_it_algid, params.mgf->parameters, arena, &mgf_hash, NULL) != CMC_OK)
        return CMC_DIGEST_NONE;
    hash = cmc_digest_by_oid(params.hash->algorithm);
    mgf = cmc_digest_by_oid(mgf_hash.algorithm);
    return hash != NULL && hash == mgf ? hash->id : CMC_DIGEST_NONE;
}

enum cmc_rc cmc_sig_from_algid(const struct cmc_algid *id, enum cmc_digest_id digest,
                               bool allow_weak, struct cmc_arena *arena,
                               const struct cmc_sig_alg **out, struct cmc_err *err)
{
    const struct cmc_sig_alg *alg = NULL;

    if (cmc_slice_eq(id->algorithm, cmc_oid_rsaEncryption))
        alg = cmc_sig_find(CMC_SIG_RSA_PKCS1, digest);
    else if (cmc_slice_eq(id->algorithm, cmc_oid_id_ecPublicKey))
        alg = cmc_sig_find(CMC_SIG_ECDSA, digest);
    else if (cmc_slice_eq(id->algorithm, cmc_oid_id_RSASSA_PSS))
        alg = cmc_sig_find(CMC_SIG_RSA_PSS, pss_digest(id, arena));
    else
        for (size_t i = 0; i < CMC_COUNT(signatures) && alg == NULL; i++) {
            if (cmc_slice_eq(*signatures[i].oid, id->algorithm))
                alg = &signatures[i];
        }
    if (alg == NULL)
        return bad_alg(err, id, "not known here, or not with these parameters");
    if (cmc_digest_alg(alg->digest)->weak && !allow_weak)
        return bad_alg(err, id, "SHA-1 is not accepted; sign with SHA-256 or better");
    /* RFC 5754 section 3: the digest inside the signature is that of the SignerInfo. EdDSA
     * hashes by itself; its SignerInfo may name another digest for the content. */
    if (digest != CMC_DIGEST_NONE && digest != alg->digest && alg->scheme != CMC_SIG_ED25519 &&
        alg->scheme != CMC_SIG_ED448)
        return bad_alg(err, id, "differs from the digestAlgorithm beside it");
    *out = alg;
    return CMC_OK;
}

static const uint8_t der_null[] = {CMC_T_NULL, 0};

/* RSASSA-PSS-params with salt as long as the digest, as RFC 4055 section 3.1 advises. */
static enum cmc_rc pss_params(const struct cmc_sig_alg *alg, struct cmc_arena *arena,
                              struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_digest_alg *d = cmc_digest_alg(alg->digest);
    struct cmc_algid hash = {*d->oid, cmc_slice(der_null, sizeof der_null)};
    struct cmc_algid mgf = {cmc_oid_id_mgf1, CMC_SLICE_NONE};
    struct cmc_pss_params params = {.hash = &hash, .mgf = &mgf};
    enum cmc_rc rc;

    rc = cmc_encode_arena(&cmc_it_algid, &hash, arena, &mgf.parameters, err);
    if (rc != CMC_OK)
        return rc;
    params.salt_length = cmc_int_from_u64(arena, d->size);
    return cmc_encode_arena(&cmc_it_pss_params, &params, arena, out, err);
}

enum cmc_rc cmc_sig_algid(const struct cmc_sig_alg *alg, struct cmc_arena *arena,
                          struct cmc_algid *out, struct cmc_err *err)
{
    *out = (struct cmc_algid){*alg->oid, CMC_SLICE_NONE};
    if (alg->scheme == CMC_SIG_RSA_PKCS1)
        out->parameters = cmc_slice(der_null, sizeof der_null);
    if (alg->scheme == CMC_SIG_RSA_PSS)
        return pss_params(alg, arena, &out->parameters, err);
    return CMC_OK;
}

void cmc_digest_algid(enum cmc_digest_id id, struct cmc_algid *out)
{
    const struct cmc_digest_alg *d = cmc_digest_alg(id);

    *out = (struct cmc_algid){*d->oid, CMC_SLICE_NONE};
    if (id == CMC_DIGEST_SHA1)
        out->parameters = cmc_slice(der_null, sizeof der_null);
}
