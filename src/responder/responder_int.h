/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange on its way through the stages: open, authenticate, plan, commit, answer. */
#ifndef CMC_RESPONDER_RESPONDER_INT_H
#define CMC_RESPONDER_RESPONDER_INT_H

#include "cms/signed_data.h"
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
    EVP_PKEY *self_key;      /* owned: the request's own key that signed the message */
    uint32_t self_body_part; /* which request that is */

    /* plan */
    struct plan_item *items;
    size_t nitems, max_items;
    struct cmc_decrypted_pop *pops; /* of the message, each for a request in it */
    size_t npops;
    bool refused; /* the whole message; the rest says how */
    struct cmc_outcome refusal;
    const char *refusal_clause;
    struct cmc_slice transaction_id, sender_nonce, data_return; /* to be given back, or absent */
    bool only_status; /* nothing in it but status controls: no error answer */

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

/* Read what is to be given back, without judging it. */
void cmc_job_read_echoes(struct job *j);

/* again.c: the reply to a message that was answered before. */
enum cmc_rc cmc_job_again(struct job *j, const struct cmc_answer *answer,
                          struct cmc_err *err) CMC_MUST_USE;

/* plan_issue.c, plan_revoke.c: one item each. */
enum cmc_rc cmc_plan_issue(struct job *j, const struct cmc_tagged_request *tr,
                           struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_simple(struct job *j, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_revoke(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err) CMC_MUST_USE;

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
