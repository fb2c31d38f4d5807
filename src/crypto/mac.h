/* SPDX-License-Identifier: Apache-2.0 */
/* Message authentication codes and keys made of passwords. */
#ifndef CMC_CRYPTO_MAC_H
#define CMC_CRYPTO_MAC_H

#include "crypto/crypto.h"

struct cmc_mac_alg {
    const char *name; /* "hmac-sha256" */
    enum cmc_digest_id digest;
    const struct cmc_slice *oid;
};

const struct cmc_mac_alg *cmc_mac_by_name(const char *name);        /* NULL: unknown */
const struct cmc_mac_alg *cmc_mac_by_digest(enum cmc_digest_id id); /* HMAC with it, or NULL */
void cmc_mac_algid(const struct cmc_mac_alg *alg, struct cmc_algid *out); /* no parameters */

/*
 * Which MAC an AlgorithmIdentifier names; parameters must be absent or NULL. Both OIDs of
 * HMAC-SHA1 are known; it is refused unless allow_weak.
 * Errors: CMC_E_REFUSED with failInfo badAlg.
 */
enum cmc_rc cmc_mac_from_algid(const struct cmc_algid *id, bool allow_weak,
                               const struct cmc_mac_alg **out, struct cmc_err *err) CMC_MUST_USE;

/* HMAC (RFC 2104) into out (at least CMC_DIGEST_MAX octets); *n is its length. */
enum cmc_rc cmc_hmac(const struct cmc_crypto *c, const struct cmc_mac_alg *alg,
                     struct cmc_slice key, struct cmc_slice data, uint8_t *out, size_t *n,
                     struct cmc_err *err) CMC_MUST_USE;

/*
 * PBKDF2 (RFC 8018 section 5.2) with the parameters of an AlgorithmIdentifier id-PBKDF2. What a
 * key length that is absent means is the caller's word: fallback, in octets.
 * Errors: CMC_E_REFUSED with failInfo badAlg (PRF unknown, too few or too many rounds, length of
 * 0 or above CMC_LIMIT_PBKDF2_KEY), CMC_E_INPUT (malformed parameters).
 */
enum cmc_rc cmc_pbkdf2(const struct cmc_crypto *c, const struct cmc_algid *id,
                       struct cmc_slice password, size_t fallback, struct cmc_arena *arena,
                       struct cmc_slice *key, struct cmc_err *err) CMC_MUST_USE;

#endif
