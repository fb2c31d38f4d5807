/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status of certificates, asked for one by one: RFC 6960, with the short cuts of RFC 5019.
 * A signer of its own (id-kp-OCSPSigning) signs, never the CA's key.
 */
#ifndef CMC_CA_OCSP_H
#define CMC_CA_OCSP_H

#include "ca/ca.h"

struct cmc_ocsp_params {
    struct cmc_slice cert; /* of the signer, whole DER; copied */
    unsigned int minutes;  /* nextUpdate - thisUpdate; at least 1 */
};

struct cmc_ocsp; /* a worker's */

/*
 * ca is borrowed and must outlive it; key is taken over on success. Errors: CMC_E_USAGE (the
 * certificate is not from this CA, lacks id-kp-OCSPSigning, or the key is another one's).
 */
enum cmc_rc cmc_ocsp_new(struct cmc_ca *ca, const struct cmc_ocsp_params *p, EVP_PKEY *key,
                         struct cmc_ocsp **out, struct cmc_err *err) CMC_MUST_USE;
void cmc_ocsp_free(struct cmc_ocsp *o);

struct cmc_ocsp_answer {
    struct cmc_slice der;   /* OCSPResponse */
    const char *outcome;    /* "successful", "malformedRequest", ...; static, for the log */
    bool shared;            /* no nonce and nothing unknown in it: others may be told the same */
    int64_t at, good_until; /* thisUpdate and nextUpdate of a successful one */
    uint64_t generation;    /* of the store, that it speaks of */
};

/*
 * Answer an OCSPRequest. Whatever is wrong with it, or here, is an answer too (RFC 6960 section
 * 2.3); *out lives in the arena, or until the next call. Errors: CMC_E_MEM, CMC_E_RETRY (it is not
 * kept, and this authority keeps its hands off keys).
 *
 * A signed answer is kept and given again while no certificate has changed its state, for half of
 * its life.
 */
enum cmc_rc cmc_ocsp_respond(struct cmc_ocsp *o, struct cmc_slice request, int64_t now,
                             struct cmc_arena *arena, struct cmc_ocsp_answer *out,
                             struct cmc_err *err) CMC_MUST_USE;
/* Keep an answer that somebody else has signed for this authority, if it is one to be shared. */
void cmc_ocsp_keep(struct cmc_ocsp *o, struct cmc_slice request,
                   const struct cmc_ocsp_answer *answer);

#endif
