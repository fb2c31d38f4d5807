/* SPDX-License-Identifier: Apache-2.0 */
/* CMCRequest, taken apart: what its steps share while they build one message. */
#ifndef CMC_DOGTAG_REQUEST_H
#define CMC_DOGTAG_REQUEST_H

#include "control/proof.h"
#include "dogtag/config.h"
#include "dogtag/db.h"
#include "message/body.h"
#include "message/request.h"

/* One certification request of the input. */
struct dog_input {
    const char *path;
    struct cmc_slice der;  /* CertificationRequest or CertReqMsg */
    struct cmc_request rq; /* the same, read */
};

struct dog_request {
    struct dog *d;
    const struct dog_config *cfg;
    bool rfc;         /* rfc=true: as the RFC says, not as Dogtag's CA wants it */
    bool crmf;        /* format=crmf */
    bool fixed_ids;   /* the requests bring their body part ids */
    bool self_signed; /* by the key of the request */
    struct dog_db db;
    struct dog_signer signer; /* nickname; key NULL: none */
    EVP_PKEY *own;            /* request.privKeyId, or NULL */
    struct dog_input *inputs;
    size_t ninputs;
    struct cmc_pkidata body;
    uint32_t next_id; /* body part id to give next: see dog_request_id() */
};

/* The next body part id that no request of the input brings. */
uint32_t dog_request_id(struct dog_request *rq);

/* request.privKeyId into rq->own. why: what it is needed for. */
enum cmc_rc dog_request_own_key(struct dog_request *rq, const char *why) CMC_MUST_USE;

/* -- request_input.c --------------------------------------------------------------------- */

/* Read the input files: decoded, and their proofs of possession checked. */
enum cmc_rc dog_request_read(struct dog_request *rq) CMC_MUST_USE;
/* Put one more thing into each request and sign it anew with request.privKeyId. */
enum cmc_rc dog_request_amend(struct dog_request *rq, struct cmc_slice type,
                              struct cmc_slice value) CMC_MUST_USE;
/* Give the requests their ids and put them into the body. */
enum cmc_rc dog_request_tag(struct dog_request *rq) CMC_MUST_USE;
/* The subjectKeyIdentifier that a request signed by its own key is named by. */
enum cmc_rc dog_request_ski(struct dog_request *rq, const struct cmc_request *request,
                            struct cmc_slice *out) CMC_MUST_USE;

/* -- request_controls.c ------------------------------------------------------------------ */

/* The controls that stand before the requests' ids are given, and those after. */
enum cmc_rc dog_request_early_controls(struct dog_request *rq) CMC_MUST_USE;
enum cmc_rc dog_request_late_controls(struct dog_request *rq) CMC_MUST_USE;

/* -- request_proof.c --------------------------------------------------------------------- */

enum cmc_rc dog_request_pop_link_v1(struct dog_request *rq) CMC_MUST_USE;
enum cmc_rc dog_request_pop_link_v2(struct dog_request *rq) CMC_MUST_USE;
/* identification, and identityProofV2 or identityProof, as far as they are switched on. */
enum cmc_rc dog_request_identity(struct dog_request *rq) CMC_MUST_USE;

/* -- request_revoke.c, request_pop.c ----------------------------------------------------- */

/* The revokeRequest control. *signed_ is false when a shared secret stands for a signature. */
enum cmc_rc dog_request_revoke(struct dog_request *rq, bool *signed_) CMC_MUST_USE;
/* The body of the second trip: the answer to an encryptedPOP. */
enum cmc_rc dog_request_decrypted_pop(struct dog_request *rq) CMC_MUST_USE;

/* -- request_envelope.c ------------------------------------------------------------------ */

/* Sign the PKIData (or leave it unsigned) and give the whole message. */
enum cmc_rc dog_request_envelope(struct dog_request *rq, bool signed_,
                                 struct cmc_slice *out) CMC_MUST_USE;
/* format=test_cmc: a message made before, signed again. */
enum cmc_rc dog_request_resign(struct dog_request *rq, const char *path,
                               struct cmc_slice *out) CMC_MUST_USE;

/* What CMCRevoke and CMCEnroll need too. */
struct dog_envelope {
    EVP_PKEY *key;
    const struct cmc_sig_alg *alg; /* NULL: SHA-256 with the kind of key, as Dogtag does */
    bool rfc;
    struct cmc_slice cert; /* absent: signed by ski */
    struct cmc_slice ski;
    const struct cmc_slice *certs;
    size_t ncerts;
};
enum cmc_rc dog_envelope(struct dog *d, const struct dog_envelope *e, struct cmc_slice pkidata,
                         struct cmc_slice *out) CMC_MUST_USE;

/* -- body_parts.c: values that the tools make up ----------------------------------------- */

/* Random text as Dogtag's nonces look: base64 and CR LF, 46 octets; with rfc 32 random octets. */
enum cmc_rc dog_nonce(struct dog *d, bool rfc, struct cmc_slice *out) CMC_MUST_USE;
/* transactionId: the MD5 of the public key of a request, as positive INTEGER content. */
enum cmc_rc dog_transaction_id(struct dog *d, struct cmc_slice spki,
                               struct cmc_slice *out) CMC_MUST_USE;
/* senderNonce with dog_nonce(). */
enum cmc_rc dog_add_nonce(struct dog *d, struct cmc_pkidata *body, uint32_t id,
                          bool rfc) CMC_MUST_USE;

/* CRLReason of a name ("keyCompromise", in any case), or -1. */
int dog_reason(const char *name);

/* Print the message in base64, and say where it was written. */
void dog_request_say(struct cmc_slice message, const char *path);

#endif
