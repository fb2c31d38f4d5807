/* SPDX-License-Identifier: Apache-2.0 */
/* Identity Proof, version 2 and version 1, RFC 10002 section 6.2. */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "control/proof_int.h"

#define CLAUSE "RFC 10002 section 6.2"

/* [10002-6.2.1-u2, 10002-6.2.3-u1, 10002-6.2.3-a, 10004-5.2-e] */
enum cmc_rc cmc_proof_key(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                          enum cmc_digest_id hash, uint8_t *out, size_t *n, struct cmc_err *err)
{
    enum cmc_rc rc;
    struct cmc_buf b;

    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_slice(&b, s->secret);
    if (s->identification.p != NULL)
        cmc_buf_slice(&b, s->identification);
    rc = cmc_buf_ok(&b) ? cmc_digest(c, hash, cmc_buf_get0(&b), out, n, err)
                        : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a shared secret");
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc cmc_proof_mac(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                          enum cmc_digest_id hash, const struct cmc_mac_alg *mac,
                          struct cmc_slice data, uint8_t *out, size_t *n, struct cmc_err *err)
{
    uint8_t key[CMC_DIGEST_MAX];
    size_t nkey = 0;
    enum cmc_rc rc = cmc_proof_key(c, s, hash, key, &nkey, err);

    if (rc == CMC_OK)
        rc = cmc_hmac(c, mac, cmc_slice(key, nkey), data, out, n, err);
    OPENSSL_cleanse(key, sizeof key);
    return rc;
}

enum cmc_rc cmc_proof_digest(const struct cmc_algid *id, bool allow_weak,
                             const struct cmc_digest_alg **out, struct cmc_err *err)
{
    const struct cmc_digest_alg *d = cmc_digest_by_oid(id->algorithm);
    char text[64];

    if (d == NULL || d->id == CMC_DIGEST_SHAKE256)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE,
                             "digest algorithm %s is not done here; use sha256, sha384 or sha512",
                             cmc_oid_text(id->algorithm, text, sizeof text));
    if (d->weak && !allow_weak)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10004 section 4",
                             "%s is not accepted here; use sha256 or better", d->name);
    *out = d;
    return CMC_OK;
}

bool cmc_proof_eq(struct cmc_slice a, const uint8_t *b, size_t n)
{
    return a.n == n && CRYPTO_memcmp(a.p, b, n) == 0;
}

static enum cmc_rc bad_identity(struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_BAD_IDENTITY, CLAUSE,
                         "the identity proof does not fit the shared secret and the requests");
}

enum cmc_rc cmc_req_sequence(const struct cmc_pkidata *body, struct cmc_arena *arena,
                             struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_list requests = body->requests;

    if (requests.v == NULL && cmc_list_add(arena, &cmc_it_tagged_requests, &requests, 0) == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an identity proof");
    return cmc_encode_arena(&cmc_it_tagged_requests, &requests, arena, out, err);
}

/* -- version 1 --------------------------------------------------------------------------- */

/* [10002-6.2.2-u1, 10004-5.2-d] */
enum cmc_rc cmc_identity_proof(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                               struct cmc_slice req_sequence, uint8_t out[CMC_PROOF_V1_OCTETS],
                               struct cmc_err *err)
{
    uint8_t mac[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = cmc_proof_mac(c, s, CMC_DIGEST_SHA1, cmc_mac_by_digest(CMC_DIGEST_SHA1),
                                   req_sequence, mac, &n, err);

    if (rc == CMC_OK)
        memcpy(out, mac, CMC_PROOF_V1_OCTETS);
    return rc;
}

/* [10002-6.2.2-u1, 10004-5.2-d] */
enum cmc_rc cmc_identity_proof_check(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                     struct cmc_slice req_sequence, struct cmc_slice witness,
                                     struct cmc_err *err)
{
    uint8_t want[CMC_PROOF_V1_OCTETS];
    enum cmc_rc rc = cmc_identity_proof(c, s, req_sequence, want, err);

    if (rc == CMC_OK && !cmc_proof_eq(witness, want, sizeof want))
        rc = bad_identity(err);
    return rc;
}

/* -- version 2 --------------------------------------------------------------------------- */

/* [10002-6.2.1-u1, 10004-5.1-r, 10004-5.1-s, 10004-5.2-c] */
enum cmc_rc cmc_identity_proof_v2(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                  const struct cmc_digest_alg *hash, const struct cmc_mac_alg *mac,
                                  struct cmc_slice req_sequence, struct cmc_arena *arena,
                                  struct cmc_proof_v2 *out, struct cmc_err *err)
{
    uint8_t value[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = cmc_proof_mac(c, s, hash->id, mac, req_sequence, value, &n, err);

    if (rc != CMC_OK)
        return rc;
    *out = (struct cmc_proof_v2){.witness = cmc_arena_slice(arena, cmc_slice(value, n))};
    cmc_digest_algid(hash->id, &out->hash);
    cmc_mac_algid(mac, &out->mac);
    if (out->witness.p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an identity proof");
    return CMC_OK;
}

/* [10002-6.2-b, 10002-6.2.1-u1, 10004-5.1-r, 10004-5.1-s, 10004-5.2-c] */
enum cmc_rc cmc_identity_proof_v2_check(const struct cmc_crypto *c,
                                        const struct cmc_proof_secret *s,
                                        const struct cmc_proof_v2 *proof,
                                        struct cmc_slice req_sequence, bool allow_weak,
                                        struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_digest_alg *hash = NULL;
    const struct cmc_mac_alg *mac = NULL;
    struct cmc_proof_v2 want;
    enum cmc_rc rc = cmc_proof_digest(&proof->hash, allow_weak, &hash, err);

    if (rc == CMC_OK)
        rc = cmc_mac_from_algid(&proof->mac, allow_weak, &mac, err);
    if (rc == CMC_OK)
        rc = cmc_identity_proof_v2(c, s, hash, mac, req_sequence, arena, &want, err);
    if (rc == CMC_OK && !cmc_proof_eq(proof->witness, want.witness.p, want.witness.n))
        rc = bad_identity(err);
    return rc;
}
