/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof of possession of a Diffie-Hellman key, RFC 6955 section 4 (static DH): what stands in the
 * place of the signature of a request is a MAC whose key both sides derive, from the new key and
 * from a DH certificate of the CA that has the same parameters.
 *
 *     K   = H(subject of that certificate || ZZ || its issuer)
 *     MAC = HMAC-H(K, what a signature would cover)
 */
#ifndef CMC_POP_DH_POP_H
#define CMC_POP_DH_POP_H

#include "message/request.h"

/* Is this one of id-alg-dhPop-static-*? */
bool cmc_dh_pop_is(const struct cmc_algid *alg);

/* The CA's part: its DH certificate (whole DER) and, for checking, the private key. */
struct cmc_dh_pop {
    struct cmc_slice cert;
    EVP_PKEY *key;
};

/* Does the certificate hold a DH key? Errors: CMC_E_USAGE. */
enum cmc_rc cmc_dh_pop_certificate(const struct cmc_crypto *c, struct cmc_slice cert,
                                   EVP_PKEY **key, struct cmc_err *err) CMC_MUST_USE;

/*
 * Make the proof over octets with a DH key of the parameters of ca->cert (ca->key is not used),
 * with SHA-256. *bits is BIT STRING content. Errors: CMC_E_USAGE (other parameters, no DH key).
 */
enum cmc_rc cmc_dh_pop_make(const struct cmc_crypto *c, const struct cmc_dh_pop *ca, EVP_PKEY *key,
                            struct cmc_slice octets, struct cmc_arena *arena, struct cmc_algid *alg,
                            struct cmc_slice *bits, struct cmc_err *err) CMC_MUST_USE;

/*
 * Check the proof of a request for the public key. Errors: CMC_E_CRYPTO with popFailed,
 * CMC_E_REFUSED with badAlg (SHA-1 unless allow_weak; other parameters than the CA's).
 */
enum cmc_rc cmc_dh_pop_check(const struct cmc_crypto *c, const struct cmc_dh_pop *ca,
                             const struct cmc_request *rq, EVP_PKEY *key, bool allow_weak,
                             struct cmc_arena *arena, struct cmc_err *err) CMC_MUST_USE;

#endif
