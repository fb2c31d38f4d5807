/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the asking side proves with a shared secret: its identity (RFC 10002 section 6.2), and that
 * whoever knows the secret holds the private keys too (section 6.3). The computations are those
 * of control/proof.h; here is what goes into which control and request.
 */
#ifndef CMC_CLIENT_PROOF_H
#define CMC_CLIENT_PROOF_H

#include "asn1/cmc.h"
#include "control/proof.h"

/* How a request is linked to the identity. */
enum cmc_link_kind {
    CMC_LINK_NONE,
    CMC_LINK_HASH,   /* popLinkWitnessV2, its key made by a digest */
    CMC_LINK_PBKDF2, /* popLinkWitnessV2, its key made by PBKDF2: costs whoever guesses */
    CMC_LINK_V1      /* popLinkWitness, with SHA-1: for old servers only */
};

/* Rounds of PBKDF2 when nothing else is said. */
#define CMC_LINK_ROUNDS 100000u

/* A shared secret, and what is to be proved with it. All borrowed; the caller wipes the secret. */
struct cmc_shared_secret {
    struct cmc_slice secret;           /* octets of the text; absent: nothing is proved */
    struct cmc_slice identification;   /* whose secret, UTF-8; absent: no such control */
    const struct cmc_digest_alg *hash; /* of identityProofV2; NULL: none is sent */
    const struct cmc_mac_alg *mac;
    bool proof_v1; /* identityProof, with SHA-1 */
    enum cmc_link_kind link;
    const struct cmc_digest_alg *link_hash; /* CMC_LINK_HASH */
    const struct cmc_mac_alg *link_mac;     /* CMC_LINK_HASH, CMC_LINK_PBKDF2 */
    uint32_t link_rounds;                   /* CMC_LINK_PBKDF2; 0: CMC_LINK_ROUNDS */
    bool dogtag; /* Dogtag's keys: the identification goes into the link's, not into that of
                    identityProof */
};

/* A random value R of popLinkRandom, into the arena (RFC 10002 section 6.3.1.1). */
enum cmc_rc cmc_link_random(const struct cmc_crypto *c, struct cmc_arena *arena,
                            struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * The POP link witness over R: the type of attribute or control that it is, and its value (whole
 * TLV). One serves all requests of a message. Errors: CMC_E_USAGE (link is CMC_LINK_NONE, or an
 * algorithm is missing), CMC_E_CRYPTO.
 */
enum cmc_rc cmc_link_witness(const struct cmc_crypto *c, const struct cmc_shared_secret *s,
                             struct cmc_slice random, struct cmc_arena *arena,
                             struct cmc_slice *type, struct cmc_slice *value,
                             struct cmc_err *err) CMC_MUST_USE;

/*
 * Put a witness into a request (CertificationRequest, or CertReqMsg when crmf is set), which its
 * key signs anew. key may be NULL for a request without a signature.
 * Errors: as those of message/request_sign.h.
 */
enum cmc_rc cmc_link_request(const struct cmc_crypto *c, bool crmf, struct cmc_slice request,
                             struct cmc_slice type, struct cmc_slice value, EVP_PKEY *key,
                             struct cmc_arena *arena, struct cmc_slice *out,
                             struct cmc_err *err) CMC_MUST_USE;

/*
 * identityProofV2 or identityProof over the reqSequence of a body: *out is the value of the
 * control, whole TLV. v1 tells which.
 */
enum cmc_rc cmc_identity_value(const struct cmc_crypto *c, const struct cmc_shared_secret *s,
                               bool v1, const struct cmc_pkidata *body, struct cmc_arena *arena,
                               struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

#endif
