/* SPDX-License-Identifier: Apache-2.0 */
/* What identity_proof.c and pop_link.c share. */
#ifndef CMC_CONTROL_PROOF_INT_H
#define CMC_CONTROL_PROOF_INT_H

#include "control/proof.h"

/* hash(secret || identification) into out (CMC_DIGEST_MAX octets). */
enum cmc_rc cmc_proof_key(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                          enum cmc_digest_id hash, uint8_t *out, size_t *n,
                          struct cmc_err *err) CMC_MUST_USE;

/* HMAC with that key over data. */
enum cmc_rc cmc_proof_mac(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                          enum cmc_digest_id hash, const struct cmc_mac_alg *mac,
                          struct cmc_slice data, uint8_t *out, size_t *n,
                          struct cmc_err *err) CMC_MUST_USE;

/* The digest that an AlgorithmIdentifier names. CMC_E_REFUSED with failInfo badAlg. */
enum cmc_rc cmc_proof_digest(const struct cmc_algid *id, bool allow_weak,
                             const struct cmc_digest_alg **out, struct cmc_err *err) CMC_MUST_USE;

/* Compare in constant time. */
bool cmc_proof_eq(struct cmc_slice a, const uint8_t *b, size_t n);

#endif
