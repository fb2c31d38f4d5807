/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange on its way through the stages: open, authenticate, plan, commit, answer. */
#ifndef CMC_RESPONDER_RESPONDER_INT_H
#define CMC_RESPONDER_RESPONDER_INT_H

#include "cms/signed_data.h"
#include "control/proof.h"
#include "message/body.h"
#include "message/status.h"
#include "responder/responder.h"

struct cmc_responder {
    const struct cmc_crypto *crypto;
    const struct cmc_authority *auth;
    struct cmc_log *log;
};

enum plan_kind { PLAN_ISSUE, PLAN_REVOKE };

/* What would happen to one body part. */
struct plan_item {
    enum plan_kind kind;
    uint32_t body_part;
    uint32_t status; /* CMC_STATUS_SUCCESS: planned */
    int fail_info;
    const char *clause;                      /* of a refusal, or NULL */
    const char *text;                        /* statusString */
    struct cmc_request request;              /* PLAN_ISSUE */
    const struct cmc_tagged_request *tagged; /* as it stands in the message; NULL: bare PKCS#10 */
    bool challenge_due;                      /* possession is to be shown by challenge */
    struct cmc_encrypted_pop *challenge;     /* what the response asks, or NULL */
    EVP_PKEY *key;                           /* owned: public key of the request */
    struct cmc_issued issued;                /* after issuing */
    struct cmc_state_change change;          /* PLAN_REVOKE */
};

/* What the controls of a message say about who sent it (identity.c). */
struct identity {
    struct cmc_slice name;          /* identification, or absent */
    bool has_v1, has_v2;            /* a proof is there */
    struct cmc_slice proof_v1;      /* identityProof */
    struct cmc_proof_v2 proof_v2;   /* identityProofV2 */
    struct cmc_slice random;        /* popLinkRandom, or absent */
    uint32_t body_part;             /* the first of these controls: where failures are told */
    struct cmc_secret_found secret; /* of that name */
    uint64_t rounds;                /* of PBKDF2, spent on POP link witnesses */
};

/* A secret that was put to the proof: for the audit log, and for the store. */
struct secret_event {
    enum cmc_secret_purpose purpose;
    struct cmc_slice name;   /* identification */
    struct cmc_slice serial; /* of a revocation */
    const char *failure;     /* why, as nobody but the audit log is told; NULL: good */
    struct cmc_secret_use use;
};
/* One message proves one identity, or revokes by one passphrase. */
#define SECRET_EVENTS_MAX 2

/* The three stages of verification, in order. */
enum stage { STAGE_DIGEST, STAGE_CONTENT_TYPE, STAGE_OFFICER, STAGE_COUNT };

struct job {
    struct cmc_responder *r;
    const struct cmc_exchange *x;
    const struct cmc_endpoint_rules *rules;
    cmc_respond_done_fn done;
    void *done_arg;
    struct cmc_arena *arena;
    uint8_t digest[CMC_SHA256_OCTETS]; /* of the request and where it came in */

    /* open */
    struct cmc_signed_data sd;
    struct cmc_pkidata body;
    bool full; /* a Full PKI Request; else a bare PKCS#10 */

    /* authenticate */
    unsigned int stages_passed; /* the first so many of enum stage */
    struct cmc_err stage_err;   /* why the next one failed */
    struct cmc_requester requester;
    EVP_PKEY *self_key; /* owned: the request's own key that signed the message */
    size_t self_index;  /* which request that is, counted from 0 */

    /* plan */
    struct plan_item *items;
    size_t nitems, max_items;
    struct cmc_decrypted_pop *pops; /* of the message, each for a request in it */
    size_t npops;
    bool refused; /* the whole message; the rest says how */
    struct cmc_outcome refusal;
    const char *refusal_clause;
    struct identity identity;
    struct secret_event secret_events[SECRET_EVENTS_MAX];
    size_t nsecret_events;
    struct cmc_slice transaction_id, sender_nonce, data_return; /* to be given back, or absent */

    /* what else the plan puts into the answer; see cmc_job_answer_control() and its kin */
    struct cmc_list answer_controls; /* struct cmc_tagged_attribute; the answer numbers them */
    struct cmc_list answer_certs;    /* struct cmc_slice */
    struct cmc_list answer_crls;     /* struct cmc_slice */

    /* commit and answer */
    struct cmc_txn txn;
    struct cmc_reply reply;
};

/* authenticate.c: run the stages. CMC_OK also when one failed (job->stages_passed tells). */
enum cmc_rc cmc_job_authenticate(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* plan.c: no side effects. Fills items, refusal. */
enum cmc_rc cmc_job_plan(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* job.c: what the stages note down. */
/* Refuse the whole message for what err says. body_parts NULL: the one of err, or 0. */
void cmc_job_refuse(struct job *j, const struct cmc_err *err, uint32_t status,
                    const uint32_t *body_parts, size_t n);
/* Mark one item as refused for what err says. */
void cmc_item_refuse(struct job *j, struct plan_item *it, const struct cmc_err *err);
struct plan_item *cmc_job_add_item(struct job *j, enum plan_kind kind, uint32_t body_part);
/*
 * Put a control, a certificate or a CRL into the answer, if the message is not refused after
 * all. certs and crls are whole DERs that live as long as the job. Errors: CMC_E_MEM; for a
 * control also those of cmc_encode().
 */
enum cmc_rc cmc_job_answer_control(struct job *j, struct cmc_slice type, const struct cmc_item *it,
                                   const void *value, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_job_answer_cert(struct job *j, struct cmc_slice cert,
                                struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_job_answer_crl(struct job *j, struct cmc_slice crl,
                               struct cmc_err *err) CMC_MUST_USE;

/* Read what is to be given back, without judging it. */
void cmc_job_read_echoes(struct job *j);

/* Does the content, verified or not, hold nothing but status controls? */
bool cmc_job_holds_only_status(struct job *j);

/* again.c: the reply to a message that was answered before. */
enum cmc_rc cmc_job_again(struct job *j, const struct cmc_answer *answer,
                          struct cmc_err *err) CMC_MUST_USE;

/* plan_issue.c, plan_revoke.c: one item each. */
enum cmc_rc cmc_plan_issue(struct job *j, size_t index, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_simple(struct job *j, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_revoke(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err) CMC_MUST_USE;

/* identity.c */
/* Rows of plan.c: what the identity controls say. */
enum cmc_rc cmc_identity_keep(struct job *j, const struct cmc_tagged_attribute *ta,
                              struct cmc_err *err) CMC_MUST_USE;
/* Check the identity proof, if there is one; the requester is then who was proved. Errors:
 * a refusal of the whole message. */
enum cmc_rc cmc_identity_check(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* Does this request (number index) belong to who proved an identity? A refusal of the request. */
enum cmc_rc cmc_identity_check_request(struct job *j, const struct cmc_request *rq, size_t index,
                                       struct cmc_err *err) CMC_MUST_USE;
/* Does the passphrase revoke this certificate? */
enum cmc_rc cmc_identity_passphrase(struct job *j, const struct cmc_revoke_request *rr,
                                    struct cmc_err *err) CMC_MUST_USE;
/* The secrets that were put to the proof, for the transaction. */
enum cmc_rc cmc_identity_uses(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* plan_pop.c */
enum cmc_rc cmc_plan_decrypted_pop(struct job *j, const struct cmc_tagged_attribute *ta,
                                   struct cmc_err *err) CMC_MUST_USE;
/* Possession: by signature, or by the answer to a challenge; else a challenge is noted as due. */
enum cmc_rc cmc_plan_check_pop(struct job *j, struct plan_item *it,
                               struct cmc_err *err) CMC_MUST_USE;
/* Make the challenge that is due, when all else is well: CMC_E_REFUSED with popRequired. */
enum cmc_rc cmc_plan_challenge(struct job *j, struct plan_item *it,
                               struct cmc_err *err) CMC_MUST_USE;
/* Append the challenges of the plan to a response. */
enum cmc_rc cmc_answer_challenges(const struct job *j, struct cmc_pkiresponse *resp,
                                  uint32_t *next_id, struct cmc_err *err) CMC_MUST_USE;

/* answer.c: the reply's body and media type. */
enum cmc_rc cmc_job_answer(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* audit.c: the records of what was decided. */
enum cmc_rc cmc_job_audit(struct job *j, struct cmc_err *err) CMC_MUST_USE;

#endif
