/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is proved with a shared secret: identity (RFC 10002 section 6.2), and that the holder of
 * the secret holds the private keys too (section 6.3). Pure computation: the same functions make
 * a proof and check one.
 */
#ifndef CMC_CONTROL_PROOF_H
#define CMC_CONTROL_PROOF_H

#include "asn1/cmc.h"
#include "crypto/mac.h"

/* What the key of a proof is made of: hash(secret || identification), without a separator. */
struct cmc_proof_secret {
    struct cmc_slice secret;
    struct cmc_slice
        identification; /* octets of the identification control; absent: not mixed in */
};

/* -- identity proof: identity_proof.c ---------------------------------------------------- */

/*
 * The octets that an identity proof covers: the reqSequence with its tag and length. A request
 * that was decoded keeps its octets.
 */
enum cmc_rc cmc_req_sequence(const struct cmc_pkidata *body, struct cmc_arena *arena,
                             struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

#define CMC_PROOF_V1_OCTETS 20
/* identityProof: HMAC-SHA1 with the key SHA-1(secret) over the reqSequence. */
enum cmc_rc cmc_identity_proof(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                               struct cmc_slice req_sequence, uint8_t out[CMC_PROOF_V1_OCTETS],
                               struct cmc_err *err) CMC_MUST_USE;
/* Errors: CMC_E_CRYPTO with failInfo badIdentity. */
enum cmc_rc cmc_identity_proof_check(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                     struct cmc_slice req_sequence, struct cmc_slice witness,
                                     struct cmc_err *err) CMC_MUST_USE;

/* identityProofV2 with the digest hash and HMAC mac. *out points into the arena. */
enum cmc_rc cmc_identity_proof_v2(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                  const struct cmc_digest_alg *hash, const struct cmc_mac_alg *mac,
                                  struct cmc_slice req_sequence, struct cmc_arena *arena,
                                  struct cmc_proof_v2 *out, struct cmc_err *err) CMC_MUST_USE;
/*
 * Errors: CMC_E_CRYPTO with failInfo badIdentity; CMC_E_REFUSED with badAlg (unknown, or SHA-1
 * unless allow_weak).
 */
enum cmc_rc cmc_identity_proof_v2_check(const struct cmc_crypto *c,
                                        const struct cmc_proof_secret *s,
                                        const struct cmc_proof_v2 *proof,
                                        struct cmc_slice req_sequence, bool allow_weak,
                                        struct cmc_arena *arena, struct cmc_err *err) CMC_MUST_USE;

/* -- linking identity and possession: pop_link.c ----------------------------------------- */

/* Octets of the random value that we send in popLinkRandom (RFC 10002 section 6.3.1: 512 bits). */
#define CMC_POP_LINK_RANDOM_OCTETS 64

/* popLinkWitness: HMAC-SHA1 with the key SHA-1(secret) over the random value. */
enum cmc_rc cmc_pop_link_witness(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                 struct cmc_slice random, uint8_t out[CMC_PROOF_V1_OCTETS],
                                 struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_pop_link_witness_check(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                       struct cmc_slice random, struct cmc_slice witness,
                                       struct cmc_err *err) CMC_MUST_USE;

/*
 * popLinkWitnessV2. key_gen is a digest or id-PBKDF2 with its parameters (cmc_pop_link_pbkdf2()
 * makes them). The RFC does not mix the identification in; Dogtag does: the caller's choice by
 * what stands in s.
 */
enum cmc_rc cmc_pop_link_witness_v2(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                    const struct cmc_algid *key_gen, const struct cmc_mac_alg *mac,
                                    struct cmc_slice random, struct cmc_arena *arena,
                                    struct cmc_proof_v2 *out, struct cmc_err *err) CMC_MUST_USE;
/* Errors: CMC_E_CRYPTO with failInfo popFailed; CMC_E_REFUSED with badAlg. */
enum cmc_rc cmc_pop_link_witness_v2_check(const struct cmc_crypto *c,
                                          const struct cmc_proof_secret *s,
                                          const struct cmc_proof_v2 *witness,
                                          struct cmc_slice random, bool allow_weak,
                                          struct cmc_arena *arena,
                                          struct cmc_err *err) CMC_MUST_USE;
/* id-PBKDF2 with a random salt, the rounds given, and a key as long as the MAC's value. */
enum cmc_rc cmc_pop_link_pbkdf2(const struct cmc_crypto *c, const struct cmc_mac_alg *mac,
                                uint32_t rounds, struct cmc_arena *arena, struct cmc_algid *out,
                                struct cmc_err *err) CMC_MUST_USE;

/*
 * The witness inside a certification request: attribute of a PKCS#10, control of a CRMF message.
 * *out is the whole TLV of its one value, absent when the request has none. v2 tells which.
 * Errors: CMC_E_INPUT with failInfo badRequest (twice, or not one value).
 */
struct cmc_request;
enum cmc_rc cmc_pop_link_find(const struct cmc_request *rq, bool v2, struct cmc_slice *out,
                              struct cmc_err *err) CMC_MUST_USE;

/* -- proof of possession by challenge: decrypted_pop.c ----------------------------------- */

/* Does the digest of y that came with the challenge fit? CMC_E_CRYPTO with popFailed. */
enum cmc_rc cmc_encrypted_pop_check(const struct cmc_crypto *c, const struct cmc_encrypted_pop *ep,
                                    struct cmc_slice y, struct cmc_err *err) CMC_MUST_USE;

/*
 * thePOP: the MAC with key y, of which only the first 64 octets count (RFC 10002 section 6.7),
 * over the whole TLV of the TaggedRequest. *n is its length.
 */
enum cmc_rc cmc_decrypted_pop(const struct cmc_crypto *c, const struct cmc_mac_alg *mac,
                              struct cmc_slice y, struct cmc_slice tagged_request,
                              uint8_t out[CMC_DIGEST_MAX], size_t *n,
                              struct cmc_err *err) CMC_MUST_USE;
/* Errors: CMC_E_CRYPTO with failInfo popFailed. */
enum cmc_rc cmc_decrypted_pop_check(const struct cmc_crypto *c, const struct cmc_mac_alg *mac,
                                    struct cmc_slice y, struct cmc_slice tagged_request,
                                    struct cmc_slice pop, struct cmc_err *err) CMC_MUST_USE;

#endif
