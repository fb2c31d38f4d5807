/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange on its way through the stages: open, authenticate, plan, commit, answer. */
#ifndef CMC_RESPONDER_RESPONDER_INT_H
#define CMC_RESPONDER_RESPONDER_INT_H

#include "base/slice_set.h"
#include "cms/authenticated_data.h"
#include "cms/enveloped_data.h"
#include "cms/signed_data.h"
#include "control/proof.h"
#include "message/body.h"
#include "message/status.h"
#include "responder/responder.h"

struct cmc_responder {
    const struct cmc_crypto *crypto;
    const struct cmc_authority *auth;
    struct cmc_log *log;
    struct cmc_arena_pool *arenas; /* of jobs; given back by the store's thread */
};

enum plan_kind {
    PLAN_ISSUE,
    PLAN_REVOKE,
    PLAN_QUERY,    /* a held request that is asked for; one that is approved becomes PLAN_ISSUE */
    PLAN_CONFIRM,  /* a certificate is accepted */
    PLAN_REJECT,   /* or it is not */
    PLAN_RETRIEVE, /* a certificate or CRL is asked for */
    PLAN_PUBLISH,  /* certificates are to be published, or not */
    PLAN_APPROVE   /* officers sign a message that is held */
};

/* The officers who signed and may act on one body part (limits.c). */
struct counted {
    size_t n;
    const char *not_counted; /* who has the role, and may not: the reasons, or NULL */
    const char *asked_by;    /* struct cmc_held has it */
};

/* What would happen to one body part. */
struct plan_item {
    enum plan_kind kind;
    uint32_t body_part;
    uint32_t status; /* CMC_STATUS_SUCCESS: planned */
    int fail_info;
    const char *clause;         /* of a refusal, or NULL */
    const char *text;           /* statusString */
    struct cmc_request asked;   /* PLAN_ISSUE: as it stands in the message */
    struct cmc_request request; /* the same with the names and extensions that are due */
    bool ra_pop, ra_identity;   /* an RA vouches for it */
    bool ra_changed;            /* an RA changed it */
    struct counted officers;    /* PLAN_ISSUE, PLAN_REVOKE */
    const char *changes;        /* what request has otherwise than asked, or NULL */
    const struct cmc_tagged_request *tagged; /* as it stands in the message; NULL: bare PKCS#10 */
    bool challenge_due;                      /* possession is to be shown by challenge */
    bool challenge_met;                      /* and was */
    struct cmc_encrypted_pop *challenge;     /* what the response asks, or NULL */
    EVP_PKEY *key;                           /* lent: public key of the request */
    struct cmc_issued issued;                /* after issuing */
    struct cmc_state_change change;          /* PLAN_REVOKE */
    const struct cmc_held *held;             /* PLAN_QUERY, PLAN_APPROVE, and PLAN_ISSUE of what was
                                                held */
    const struct cmc_held_decision *approvals; /* PLAN_APPROVE: one for each officer */
    size_t napprovals;
    struct cmc_slice pend_token; /* CMC_STATUS_PENDING */
    int64_t pend_time;
    const struct cmc_await *awaits; /* PLAN_CONFIRM, PLAN_REJECT: what comes to an end */
    size_t nawaits;
    const struct cmc_tagged_attribute *control; /* PLAN_RETRIEVE, PLAN_PUBLISH: as it stands in the
                                                   message */
    const struct cmc_publication *publications; /* PLAN_PUBLISH */
    size_t npublications;
};

/* What a registration authority says of one request, and wants it changed to. */
struct template_change;
struct template_link {
    const struct template_change *change;
    struct template_link *next;
};
struct ra_request {
    uint32_t id;
    bool pop, identity; /* vouched for */
    struct template_link *changes, *last;
};
struct ra_claims {
    struct ra_request *requests; /* in order of id; NULL: nothing is said */
    struct cmc_list processed;   /* uint32_t: controls that it has dealt with, in order */
    bool identity;               /* it has checked the identity proof of the message */
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
    bool controls_only;             /* proved by authData, which covers no certification request */
};

/* A secret that was put to the proof: for the audit log, and for the store. */
struct secret_event {
    enum cmc_secret_purpose purpose;
    struct cmc_slice name;   /* identification */
    struct cmc_slice serial; /* of a revocation */
    const char *failure;     /* why, as nobody but the audit log is told; NULL: good */
    struct cmc_secret_use use;
};
/* One message proves one identity, twice with authData, and revokes by one passphrase. */
#define SECRET_EVENTS_MAX 3

/* An officer who signed the PKIData; each of them once (quorum.c). */
struct officer {
    const char *name;
    unsigned int roles;
    const char *profiles, *names; /* its limits, as struct cmc_officer has them */
    struct cmc_slice cert;        /* whole DER */
    EVP_PKEY *key;                /* borrowed as struct cmc_requester has it */
};

/* The three stages of verification, in order. */
enum stage { STAGE_DIGEST, STAGE_CONTENT_TYPE, STAGE_OFFICER, STAGE_COUNT };

/* What lies around the PKIData, from the outside in (RFC 10002 section 5). */
enum layer_kind { LAYER_SIGNED, LAYER_ENVELOPED, LAYER_AUTH_ENVELOPED, LAYER_AUTHENTICATED };
struct layer {
    enum layer_kind kind;
    struct cmc_signed_data sd;        /* LAYER_SIGNED */
    struct cmc_authenticated_data ad; /* LAYER_AUTHENTICATED */
};

/* Who signed a layer: two layers must have one in common, or the outer one an officer. */
struct signed_by {
    struct cmc_slice spki; /* whole DER */
    bool officer;
};

/* How the message was protected, which is how the answer will be. */
struct protection {
    struct layer layers[CMC_LIMIT_CMS_LAYERS];
    size_t n;
    bool wrapped;                  /* more than a SignedData around the PKIData, or less */
    struct cmc_content_info inner; /* where open.c goes on */
    bool opened;                   /* down to the PKIData */
    bool decrypted;                /* something was opened with a key of ours or a secret */
    bool mac_good;                 /* the AuthenticatedData verified */
    bool signature_good;           /* of the layer that is verified now: what follows may be told */
    struct cmc_slice name;         /* identification of the secret that protects, or absent */
    struct cmc_slice password;     /* see cmc_shared_password(); of that secret */
    struct cmc_secret_found secret;
    struct cmc_envelope_to to; /* whom the answer is encrypted to; to.key and to.password absent:
                                  nobody */
    struct cmc_err why;        /* what was not told, for the audit log */
    const char *failed_at;     /* what it calls the stage, if it is none of enum stage */
    bool in_clear;             /* the answer cannot be protected: it says that and no more */
};

struct job {
    struct cmc_responder *r;
    const struct cmc_exchange *x;
    const struct cmc_endpoint_rules *rules;
    cmc_respond_done_fn done;
    void *done_arg;
    struct cmc_arena *arena;
    struct cmc_arena_pool *arenas;     /* where it came from; the responder may have gone by then */
    uint8_t digest[CMC_SHA256_OCTETS]; /* of the request and where it came in */

    /* open */
    struct protection protection;
    struct cmc_signed_data sd; /* around the PKIData; of an AuthenticatedData what it has of one */
    struct cmc_pkidata body;
    bool full; /* a Full PKI Request; else a bare PKCS#10 */

    /* authenticate */
    unsigned int stages_passed; /* the first so many of enum stage */
    struct cmc_err stage_err;   /* why the next one failed */
    struct cmc_requester requester;
    struct officer officers[CMC_LIMIT_CMS_SIGNERS];
    size_t nofficers;
    EVP_PKEY *self_key; /* owned: the request's own key that signed the message */
    size_t self_index;  /* which request that is, counted from 0; SIZE_MAX: one held before */
    struct cmc_slice self_spki;      /* of that request */
    struct cmc_list self_extensions; /* and what it asks for */

    /* plan */
    struct plan_item *items;
    size_t nitems, max_items;
    struct cmc_decrypted_pop *pops; /* of the message, each for a request in it */
    size_t npops;
    struct cmc_slice *digests_along[CMC_DIGEST_COUNT]; /* of the certificates that came along */
    struct cmc_slice_set revoked; /* issuer and serial of what is planned to change */
    size_t nrevocations;          /* revokeRequest controls, those under authData too */
    const struct cmc_tagged_attribute *auth_data; /* the authData control, or NULL */
    bool refused;                                 /* the whole message; the rest says how */
    struct cmc_outcome refusal;
    const char *refusal_clause;
    struct identity identity;
    struct ra_claims ra;
    struct secret_event secret_events[SECRET_EVENTS_MAX];
    size_t nsecret_events;
    struct cmc_slice transaction_id, sender_nonce, data_return; /* to be given back, or absent */
    struct cmc_slice recipient_nonce;                           /* ours, they say, or absent */
    struct cmc_slice reg_info;                                  /* for the audit log, or absent */
    struct cmc_list follow_ups; /* const struct cmc_tagged_attribute *: judged after identity */
    struct cmc_nonce_use nonce;
    bool nonce_known; /* there is a senderNonce, and it is known whose */

    /* what else the plan puts into the answer; see cmc_job_answer_cert() and _crl() */
    struct cmc_list answer_certs; /* struct cmc_slice */
    struct cmc_list answer_crls;  /* struct cmc_slice */

    /* commit and answer */
    struct cmc_txn txn;
    struct cmc_reply reply;
};

/*
 * open.c: the outermost structure. False when the octets are not even that: *why says why not,
 * for HTTP 400.
 */
bool cmc_job_open(struct job *j, const char **why);
/* Then every layer down to the PKIData, decrypting. A refusal is noted in the job. */
enum cmc_rc cmc_job_peel(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* Is there more than a SignedData around the PKIData; is something encrypted? */
bool cmc_job_is_wrapped(const struct job *j);
bool cmc_job_is_encrypted(const struct job *j);
/*
 * What the peer is told of a refusal inside of an envelope: nothing that tells how far its
 * ciphertext came. Replaces *err, which is kept for the audit log.
 */
void cmc_job_hide(struct job *j, struct cmc_err *err);
/* The shared secret of this name, for opening; at the same cost when there is none. */
enum cmc_rc cmc_job_secret(struct job *j, struct cmc_slice name, struct cmc_err *err) CMC_MUST_USE;

/* protect.c: whom the answer will be encrypted to. A refusal is noted in the job. */
enum cmc_rc cmc_protect_prepare(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* Is the answer to be protected as the request was, and can it be? */
bool cmc_protect_due(const struct job *j);
/* Sign a response, or protect it as the request was: ContentInfo into the arena. */
enum cmc_rc cmc_protect_answer(struct job *j, const struct cmc_response *response,
                               struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

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
/* The keys of all items, none of which is needed any more. */
void cmc_job_give_keys_back(struct job *j);
/*
 * Put a certificate or a CRL into the answer, if the message is not refused after all: a whole DER
 * that lives as long as the job. Errors: CMC_E_MEM.
 */
enum cmc_rc cmc_job_answer_cert(struct job *j, struct cmc_slice cert,
                                struct cmc_err *err) CMC_MUST_USE;
/* Is this certificate among them? */
bool cmc_job_answers_cert(const struct job *j, struct cmc_slice cert);
enum cmc_rc cmc_job_answer_crl(struct job *j, struct cmc_slice crl,
                               struct cmc_err *err) CMC_MUST_USE;

/* Read what is to be given back, without judging it. */
void cmc_job_read_echoes(struct job *j);
/* The same for content that is not read otherwise, because the message is refused. */
void cmc_job_peek_echoes(struct job *j);

/* Does the content, verified or not, hold nothing but status controls? */
bool cmc_job_holds_only_status(struct job *j);

/* again.c: the reply to a message that was answered before. */
enum cmc_rc cmc_job_again(struct job *j, const struct cmc_answer *answer,
                          struct cmc_err *err) CMC_MUST_USE;

/* again.c: the same where the answer itself is not kept any more. */
enum cmc_rc cmc_job_forgotten(struct job *j, const struct cmc_answer *answer, bool *final,
                              struct cmc_err *err) CMC_MUST_USE;

/* plan_issue.c, plan_revoke.c: one item each. */
enum cmc_rc cmc_plan_issue(struct job *j, size_t index, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_simple(struct job *j, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_revoke(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err) CMC_MUST_USE;
/* Where the endpoint says so, one revocation that is refused refuses the others. */
void cmc_plan_revoke_together(struct job *j);

/* quorum.c: how many officers signed */
/* Note a signer of the PKIData whose signature is good. */
void cmc_quorum_note(struct job *j, const struct cmc_requester *who);
/* How many different officers with this role signed. */
size_t cmc_quorum_count(const struct job *j, unsigned int role);
/* Their names, with a comma between; NULL: no memory. */
const char *cmc_quorum_names(const struct job *j);
/* Did as many with this role sign as are needed (0: no such rule)? badRequest. */
enum cmc_rc cmc_quorum_check(const struct job *j, unsigned int role, unsigned int needed,
                             struct cmc_err *err) CMC_MUST_USE;

/* limits.c: what officers may act on */
struct acted_on {
    const char *profile;           /* or NULL: none is known */
    struct cmc_slice subject, san; /* Name; value of the subjectAltName extension, or absent */
};
struct acted_on cmc_acted_on(const char *profile, struct cmc_slice subject,
                             const struct cmc_list *extensions);
/* The first name that lies outside of a name space as the store has it; NULL: none. */
enum cmc_rc cmc_names_outside(const char *names, const struct acted_on *on, struct cmc_arena *arena,
                              const char **outside, struct cmc_err *err) CMC_MUST_USE;
/* *why: NULL when this officer may act on it; else why not. */
enum cmc_rc cmc_limits_judge(const struct job *j, const struct officer *o,
                             const struct acted_on *on, const char **why,
                             struct cmc_err *err) CMC_MUST_USE;
/* Those with the role who signed and may. *c adds up over several calls, but for n. */
enum cmc_rc cmc_limits_count(const struct job *j, unsigned int role, const struct acted_on *on,
                             struct counted *c, struct cmc_err *err) CMC_MUST_USE;
/* Are they as many as are needed? badRequest names the others, and the name. */
enum cmc_rc cmc_limits_check(const struct job *j, unsigned int role, unsigned int needed,
                             const struct acted_on *on, struct counted *c,
                             struct cmc_err *err) CMC_MUST_USE;
/* May the requester, who is an RA? */
enum cmc_rc cmc_limits_check_ra(const struct job *j, const struct acted_on *on, struct counted *c,
                                struct cmc_err *err) CMC_MUST_USE;
/* Of those by whose right a request was held (struct cmc_held.asked_by, or NULL), may one of each
 * role still? badRequest. */
enum cmc_rc cmc_limits_still(const struct job *j, const char *asked_by, const struct acted_on *on,
                             struct cmc_err *err) CMC_MUST_USE;

/* approve.c: approval by a signature over the PKIData that is held */
/* *is: the message is one that is held, signed once more; then the plan is made of that alone. */
enum cmc_rc cmc_plan_approve(struct job *j, bool *is, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_approve_txn(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* plan_retrieve.c */
/* Does a control of this type ask for a certificate or a CRL? */
bool cmc_control_retrieves(struct cmc_slice type);
/* Row of plan.c; and, when it is known who asks, what is found for each. */
enum cmc_rc cmc_plan_keep_retrieval(struct job *j, const struct cmc_tagged_attribute *ta,
                                    struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_retrieve(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* Is the message a question that a Simple PKI Response answers? */
bool cmc_plan_is_question(const struct job *j);

/* plan_publish.c */
/* Row of plan.c; what becomes of it, after all is issued; and that for the transaction. */
enum cmc_rc cmc_plan_keep_publication(struct job *j, const struct cmc_tagged_attribute *ta,
                                      struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_publish(struct job *j, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_publications(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* identity.c */
/* Rows of plan.c: what the identity controls say. */
enum cmc_rc cmc_identity_keep(struct job *j, const struct cmc_tagged_attribute *ta,
                              struct cmc_err *err) CMC_MUST_USE;
/* Note down that a secret was put to the proof by opening or verifying with it. */
void cmc_identity_tried(struct job *j, struct cmc_slice name, const struct cmc_secret_found *s,
                        bool right);
/* Check the identity proof, if there is one; the requester is then who was proved. Errors:
 * a refusal of the whole message. */
enum cmc_rc cmc_identity_check(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* Does this request (number index) belong to who proved an identity? A refusal of the request. */
enum cmc_rc cmc_identity_check_request(struct job *j, const struct plan_item *it, size_t index,
                                       struct cmc_err *err) CMC_MUST_USE;
/* Does the passphrase revoke this certificate? */
enum cmc_rc cmc_identity_passphrase(struct job *j, const struct cmc_revoke_request *rr,
                                    struct cmc_err *err) CMC_MUST_USE;
/* The secrets that were put to the proof, for the transaction. */
enum cmc_rc cmc_identity_uses(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* Was what it asks for done? */
static inline bool cmc_item_done(const struct plan_item *it)
{
    return it->status == CMC_STATUS_SUCCESS || it->status == CMC_STATUS_CONFIRM_REQUIRED;
}
/* The profile that a certificate is issued under. */
static inline const char *cmc_item_profile(const struct job *j, const struct plan_item *it)
{
    return it->held != NULL ? it->held->profile : j->rules->profile;
}
/* authenticate.c: does a sid name the key of this request? */
bool cmc_job_names_request(struct job *j, const struct cmc_request *rq, struct cmc_slice sid);

/* transaction.c: who sent it, nonces, transactionId and signing time (RFC 10002 section 6.6) */
/* The digest of who sent the message. False: nobody is known to have. Errors: *err. */
enum cmc_rc cmc_job_owner(struct job *j, uint8_t out[CMC_SHA256_OCTETS], bool *known,
                          struct cmc_err *err) CMC_MUST_USE;
/* The same for who has a certificate. */
enum cmc_rc cmc_job_cert_owner(const struct job *j, struct cmc_slice cert,
                               uint8_t out[CMC_SHA256_OCTETS], struct cmc_err *err) CMC_MUST_USE;
/* The same for who sent a request that its own key stands for. */
enum cmc_rc cmc_job_key_digest(struct job *j, struct cmc_slice spki, uint8_t out[CMC_SHA256_OCTETS],
                               struct cmc_err *err) CMC_MUST_USE;
/* Did the one whose digests these are send this message? */
enum cmc_rc cmc_job_is_owner(struct job *j, const uint8_t owner[CMC_SHA256_OCTETS],
                             const uint8_t key[CMC_SHA256_OCTETS], bool *is,
                             struct cmc_err *err) CMC_MUST_USE;
/* Is this the transactionId of the message that it follows up? badRequest. */
enum cmc_rc cmc_job_same_transaction(const struct job *j, struct cmc_slice first, uint32_t control,
                                     struct cmc_err *err) CMC_MUST_USE;
/* Signing time; nonces. Refusals of the whole message. */
enum cmc_rc cmc_job_check_time(struct job *j, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_job_check_nonces(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* A senderNonce of ours, that only we can make, for the transaction of the message. */
enum cmc_rc cmc_job_make_nonce(const struct job *j, struct cmc_slice *out,
                               struct cmc_err *err) CMC_MUST_USE;

/* pending.c: requests that wait (RFC 10002 section 6.13) */
/* Row of plan.c for what is judged when it is known who asks: note it down. */
enum cmc_rc cmc_follow_up_keep(struct job *j, const struct cmc_tagged_attribute *ta,
                               struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_follow_ups(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* Hold what the endpoint wants to be approved. After all has been judged. */
enum cmc_rc cmc_plan_hold(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* The key that a sid names, of a held request that the message asks for; CMC_E_NOTFOUND. */
enum cmc_rc cmc_pending_signer(struct job *j, struct cmc_slice sid, EVP_PKEY **key);
enum cmc_rc cmc_pending_txn(struct job *j, struct cmc_err *err) CMC_MUST_USE;
/* Append the statuses of what waits to a response. */
enum cmc_rc cmc_answer_waiting(const struct job *j, struct cmc_pkiresponse *resp, uint32_t *next_id,
                               struct cmc_err *err) CMC_MUST_USE;

/* confirm.c: acceptance and rejection by the client (RFC 10002 section 6.14) */
enum cmc_rc cmc_plan_confirm(struct job *j, const struct cmc_tagged_attribute *ta,
                             struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_reject(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err) CMC_MUST_USE;
/* What was issued waits for its confirmation, where the endpoint says so. */
void cmc_job_require_confirmation(struct job *j);
enum cmc_rc cmc_confirm_txn(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* plan_ra.c: the controls of a registration authority */
/* May the signer use this control here? right 0: is the signer an RA at all? Errors:
 * CMC_E_REFUSED about the control. */
enum cmc_rc cmc_ra_permitted(const struct job *j, unsigned int right,
                             const struct cmc_tagged_attribute *ta,
                             struct cmc_err *err) CMC_MUST_USE;
/* The request with this id, NULL if there is none in the message or memory. */
struct ra_request *cmc_ra_request(struct job *j, uint32_t id);
/* Read the controlProcessed controls; unknown (uint32_t ids) loses what they list. */
enum cmc_rc cmc_ra_processed(struct job *j, struct cmc_list *unknown,
                             struct cmc_err *err) CMC_MUST_USE;
/* Has the RA dealt with this control? */
bool cmc_ra_has_processed(const struct job *j, uint32_t control);
/* Rows of plan.c. */
enum cmc_rc cmc_plan_ra_pop(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_ra_identity(struct job *j, const struct cmc_tagged_attribute *ta,
                                 struct cmc_err *err) CMC_MUST_USE;
/* Note on an item what is vouched for. */
void cmc_ra_note(struct job *j, struct plan_item *it);

/* plan_crmf.c: controls inside of a CRMF request that CMC does not use. */
enum cmc_rc cmc_plan_crmf_controls(const struct cmc_request *rq, struct cmc_err *err) CMC_MUST_USE;
/* compat: dogtag: a CA without a key archive passes over pkiArchiveOptions. */
void cmc_plan_crmf_no_archive(struct cmc_request *rq);

/* plan_template.c */
/* Row of plan.c: modCertTemplate and addExtensions. */
enum cmc_rc cmc_plan_template(struct job *j, const struct cmc_tagged_attribute *ta,
                              struct cmc_err *err) CMC_MUST_USE;
/* Make it->request of it->asked. Errors: a refusal of the request. */
enum cmc_rc cmc_template_apply(struct job *j, struct plan_item *it,
                               struct cmc_err *err) CMC_MUST_USE;

/* ra_names.c: does what an RA changed stay within the names it may give? */
enum cmc_rc cmc_ra_check_names(const struct cmc_name_space *names, const struct cmc_request *asked,
                               const struct cmc_request *due, struct cmc_arena *arena,
                               struct cmc_err *err) CMC_MUST_USE;

/* The MAC that authData points to, under the secret of the identification control; the requester
 * is then who knows it. Errors: CMC_E_CRYPTO with authDataFail. */
enum cmc_rc cmc_identity_auth_data(struct job *j, const struct cmc_authenticated_data *ad,
                                   struct cmc_err *err) CMC_MUST_USE;

/* plan_auth_data.c */
/* Row of plan.c; and the controls that are authenticated, which are to be planned like others. */
enum cmc_rc cmc_plan_keep_auth_data(struct job *j, const struct cmc_tagged_attribute *ta,
                                    struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_plan_auth_data(struct job *j, struct cmc_list *controls,
                               struct cmc_err *err) CMC_MUST_USE;

/* anchors.c: append the trust anchors of the endpoint to a response. */
enum cmc_rc cmc_answer_anchors(struct job *j, struct cmc_pkiresponse *resp, uint32_t *next_id,
                               struct cmc_err *err) CMC_MUST_USE;

/* plan_demands.c: what endpoint and profile demand. Refusals of the request. */
enum cmc_rc cmc_demand_identity(const struct job *j, const struct plan_item *it,
                                struct cmc_err *err) CMC_MUST_USE;
/* After cmc_plan_check_pop(). */
enum cmc_rc cmc_demand_pop(const struct job *j, const struct plan_item *it,
                           struct cmc_err *err) CMC_MUST_USE;
/* Is a request that a holder of a certificate signs nothing but a renewal? */
bool cmc_demand_renewal(const struct job *j);

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
/* Where there is a challenge: responseInfo, as Dogtag's client expects it beside. */
enum cmc_rc cmc_answer_request_number(const struct job *j, struct cmc_pkiresponse *resp,
                                      uint32_t *next_id, struct cmc_err *err) CMC_MUST_USE;

/* answer.c: the reply's body and media type. */
enum cmc_rc cmc_job_answer(struct job *j, struct cmc_err *err) CMC_MUST_USE;

/* audit.c: the records of what was decided. */
enum cmc_rc cmc_job_audit(struct job *j, struct cmc_err *err) CMC_MUST_USE;

#endif
