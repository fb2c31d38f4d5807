/* SPDX-License-Identifier: Apache-2.0 */
/* Static DH proof of possession, RFC 6955 section 4. */
#include "pop/dh_pop.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "crypto/agree.h"
#include "crypto/mac.h"

#define CLAUSE "RFC 6955 section 4"

/* DhSigStatic ::= SEQUENCE {
 *     issuerAndSerial IssuerAndSerialNumber OPTIONAL, -- of the CA's DH certificate
 *     hashValue       OCTET STRING } */
struct dh_sig_static {
    struct cmc_issuer_serial *id;
    struct cmc_slice hash;
};
static const struct cmc_field f_dh_sig_static[] = {
    CMC_FIELD_X(dh_sig_static, id, "issuerAndSerial", cmc_it_issuer_serial, CMC_NO_TAG,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD(dh_sig_static, hash, "hashValue", cmc_it_octet_string),
};
static CMC_SEQUENCE(dh_sig_static, "DhSigStatic", dh_sig_static, f_dh_sig_static);

static const struct {
    const struct cmc_slice *oid;
    enum cmc_digest_id digest;
} algs[] = {
    {&cmc_oid_id_alg_dhPop_static_sha256_hmac_sha256, CMC_DIGEST_SHA256},
    {&cmc_oid_id_alg_dhPop_static_sha384_hmac_sha384, CMC_DIGEST_SHA384},
    {&cmc_oid_id_alg_dhPop_static_sha512_hmac_sha512, CMC_DIGEST_SHA512},
    {&cmc_oid_id_alg_dhPop_static_sha224_hmac_sha224, CMC_DIGEST_SHA224},
    {&cmc_oid_id_alg_dhPop_static_sha1_hmac_sha1, CMC_DIGEST_SHA1},
};

static enum cmc_digest_id digest_of(const struct cmc_algid *alg)
{
    for (size_t i = 0; i < CMC_COUNT(algs); i++) {
        if (cmc_slice_eq(*algs[i].oid, alg->algorithm))
            return algs[i].digest;
    }
    return CMC_DIGEST_NONE;
}

bool cmc_dh_pop_is(const struct cmc_algid *alg)
{
    return digest_of(alg) != CMC_DIGEST_NONE;
}

static bool is_dh(EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "DHX") == 1;
}

enum cmc_rc cmc_dh_pop_certificate(const struct cmc_crypto *c, struct cmc_slice cert,
                                   EVP_PKEY **key, struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_cert decoded = {0};
    enum cmc_rc rc;

    *key = NULL;
    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    rc = cmc_decode(&cmc_it_cert, cert, arena, &decoded, err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(c, decoded.tbs.spki.raw, key, err);
    cmc_arena_free(arena);
    if (rc == CMC_OK && !is_dh(*key))
        rc = cmc_fail(err, CMC_E_USAGE, CLAUSE,
                      "a certificate with a Diffie-Hellman key (X9.42) is due");
    if (rc != CMC_OK) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    return rc;
}

/* -- the MAC ----------------------------------------------------------------------------- */

/* RFC 2631 section 2.1.2: ZZ is as long as p, zeros in front and all. */
static enum cmc_rc compute(const struct cmc_crypto *c, const struct cmc_cert *ca,
                           enum cmc_digest_id digest, EVP_PKEY *own, EVP_PKEY *peer,
                           struct cmc_slice octets, struct cmc_arena *arena,
                           uint8_t out[CMC_DIGEST_MAX], size_t *n, struct cmc_err *err)
{
    struct cmc_slice zz = CMC_SLICE_NONE;
    uint8_t k[CMC_DIGEST_MAX];
    struct cmc_buf b;
    size_t klen = 0;
    enum cmc_rc rc = cmc_agree(c, own, peer, arena, &zz, err);

    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_slice(&b, ca->tbs.subject);
    cmc_buf_slice(&b, zz);
    cmc_buf_slice(&b, ca->tbs.issuer);
    rc = cmc_buf_ok(&b) ? cmc_digest(c, digest, cmc_buf_get0(&b), k, &klen, err)
                        : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a proof of possession");
    cmc_buf_free(&b);
    if (rc == CMC_OK)
        rc = cmc_hmac(c, cmc_mac_by_digest(digest), cmc_slice(k, klen), octets, out, n, err);
    OPENSSL_cleanse(k, sizeof k);
    return rc;
}

/* -- making ------------------------------------------------------------------------------ */

/* [10004-5.1-z, 10004-8-a] */
enum cmc_rc cmc_dh_pop_make(const struct cmc_crypto *c, const struct cmc_dh_pop *ca, EVP_PKEY *key,
                            struct cmc_slice octets, struct cmc_arena *arena, struct cmc_algid *alg,
                            struct cmc_slice *bits, struct cmc_err *err)
{
    struct cmc_issuer_serial id = {0};
    struct dh_sig_static sig = {.id = &id};
    uint8_t mac[CMC_DIGEST_MAX], *p;
    struct cmc_cert cert = {0};
    EVP_PKEY *ca_key = NULL;
    struct cmc_slice der;
    size_t n = 0;
    enum cmc_rc rc = cmc_dh_pop_certificate(c, ca->cert, &ca_key, err);

    if (rc != CMC_OK)
        return rc;
    if (!is_dh(key) || EVP_PKEY_parameters_eq(key, ca_key) != 1)
        rc = cmc_fail(err, CMC_E_USAGE, CLAUSE,
                      "the key must be a Diffie-Hellman key with the parameters of the CA's "
                      "certificate");
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, ca->cert, arena, &cert, err);
    if (rc == CMC_OK)
        rc = compute(c, &cert, CMC_DIGEST_SHA256, key, ca_key, octets, arena, mac, &n, err);
    EVP_PKEY_free(ca_key);
    if (rc != CMC_OK)
        return rc;
    id = (struct cmc_issuer_serial){cert.tbs.issuer, cert.tbs.serial};
    sig.hash = cmc_slice(mac, n);
    rc = cmc_encode_arena(&dh_sig_static, &sig, arena, &der, err);
    if (rc != CMC_OK)
        return rc;
    p = cmc_arena_alloc(arena, der.n + 1);
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a proof of possession");
    memcpy(p + 1, der.p, der.n);
    *bits = cmc_slice(p, der.n + 1);
    *alg = (struct cmc_algid){.algorithm = cmc_oid_id_alg_dhPop_static_sha256_hmac_sha256};
    return CMC_OK;
}

/* -- checking ---------------------------------------------------------------------------- */

static enum cmc_rc failed(struct cmc_err *err, const char *text)
{
    return cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_POP_FAILED, CLAUSE, "%s", text);
}

/* The value is for this certificate of ours? When it names none, ours is meant. */
static bool is_for(const struct dh_sig_static *sig, const struct cmc_cert *ca)
{
    return sig->id == NULL || (cmc_name_eq(sig->id->issuer, ca->tbs.issuer) &&
                               cmc_slice_eq(sig->id->serial, ca->tbs.serial));
}

/*
 * A value in a small subgroup would let the sender know ZZ without the private key, and would tell
 * of ours what it is modulo the order of that subgroup. Ours are the parameters, so that nothing
 * else has to be checked of them.
 */
static bool in_group(EVP_PKEY *key, const struct cmc_crypto *c)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(cmc_crypto_get0_libctx(c), key, NULL);
    bool ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

/* [10004-5.1-ab, 10004-10-e] */
enum cmc_rc cmc_dh_pop_check(const struct cmc_crypto *c, const struct cmc_dh_pop *ca,
                             const struct cmc_request *rq, EVP_PKEY *key, bool allow_weak,
                             struct cmc_arena *arena, struct cmc_err *err)
{
    enum cmc_digest_id digest = digest_of(&rq->pop_alg);
    struct dh_sig_static sig = {0};
    struct cmc_cert cert = {0};
    uint8_t mac[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc;

    if (digest == CMC_DIGEST_SHA1 && !allow_weak)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE,
                             "the proof of possession is made with SHA-1, which is not accepted "
                             "here");
    if (!is_dh(key) || EVP_PKEY_parameters_eq(key, ca->key) != 1)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE,
                             "the key does not have the Diffie-Hellman parameters of the CA's "
                             "certificate");
    if (!in_group(key, c))
        return failed(err, "the public value is not in the group that its parameters say");
    rc = cmc_decode(&dh_sig_static, rq->pop_signature, arena, &sig, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, ca->cert, arena, &cert, err);
    if (rc != CMC_OK)
        return failed(err, "the static DH proof of possession is malformed");
    if (!is_for(&sig, &cert))
        return failed(err, "the proof of possession was made for another certificate of the CA");
    rc = compute(c, &cert, digest, ca->key, key, rq->signed_octets, arena, mac, &n, err);
    if (rc == CMC_OK && (sig.hash.n != n || CRYPTO_memcmp(sig.hash.p, mac, n) != 0))
        rc = failed(err, "the static DH proof of possession does not verify");
    OPENSSL_cleanse(mac, sizeof mac);
    return rc;
}
