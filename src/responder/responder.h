/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answering side: open, authenticate, plan, commit, answer. Moves no bytes itself: the
 * server gives it the body of a request and gets the body of the answer, which may leave only
 * when done is called.
 */
#ifndef CMC_RESPONDER_RESPONDER_H
#define CMC_RESPONDER_RESPONDER_H

#include "base/log.h"
#include "message/name_space.h"
#include "responder/authority.h"

/* What an endpoint answers with. */
enum cmc_answer_form {
    CMC_ANSWER_CMC,              /* Full PKI Response */
    CMC_ANSWER_CERTS_ONLY,       /* Simple PKI Response, the certificate alone */
    CMC_ANSWER_CERTS_ONLY_CHAIN, /* Simple PKI Response with the issuer chain */
    CMC_ANSWER_PKIX_CERT         /* the certificate alone, not wrapped */
};

enum cmc_request_type { CMC_TYPE_PKCS10, CMC_TYPE_CMC };

/* Who may ask for certificates and CRLs (RFC 10002 sections 6.9 and 6.10). */
enum cmc_retrieve {
    CMC_RETRIEVE_OFF,
    CMC_RETRIEVE_OFFICER,
    CMC_RETRIEVE_AUTHENTICATED, /* officers, holders of a certificate, proved identities */
    CMC_RETRIEVE_ANYONE         /* also by an unsigned message */
};

#define CMC_REASON_BIT(r)   (1u << (r))
#define CMC_REASONS_RFC5280 0x077fu /* 0..6, 8..10 */
#define CMC_REASONS_NEXUS                                                                          \
    (CMC_REASON_BIT(0) | CMC_REASON_BIT(1) | CMC_REASON_BIT(3) | CMC_REASON_BIT(4) |               \
     CMC_REASON_BIT(5))

/* What an officer with the role ra may do at an endpoint. */
enum {
    CMC_RA_TEMPLATE = 1, /* change what requests ask for: modCertTemplate, addExtensions */
    CMC_RA_POP = 2,      /* vouch for possession: lraPOPWitness */
    CMC_RA_IDENTITY = 4, /* vouch for identity: raIdentityWitness */
    CMC_RA_CONTROLS = 8  /* say that controls are dealt with: controlProcessed */
};

/* How possession of the key has to be shown. */
enum cmc_pop_rule {
    CMC_POP_ANY,
    CMC_POP_SIGNED,     /* the request is signed by its key */
    CMC_POP_CHALLENGED, /* the key has decrypted a challenge */
    CMC_POP_VOUCHED     /* a registration authority has seen it */
};
/* Who has to have asked. */
enum cmc_identity_rule {
    CMC_IDENTITY_ANY,
    CMC_IDENTITY_OFFICER, /* or a registration authority that vouches */
    CMC_IDENTITY_SECRET,  /* who proved a shared secret */
    CMC_IDENTITY_HOLDER   /* who renews */
};

/* The rules of one endpoint. All borrowed; the same for all threads. */
struct cmc_endpoint_rules {
    const char *path;
    const char *authority; /* its name for the audit log, or NULL: it has none */
    const char *profile;
    bool require_officer;       /* the CMC signer; for a bare PKCS#10 the TLS client certificate */
    bool allow_renewal;         /* signed by an existing certificate of the same subject */
    bool secrets;               /* a shared secret may prove identity, and revoke */
    bool same_key_renewal;      /* a renewal may keep the old key; else noKeyReuse */
    bool revoke;                /* revokeRequest is served here */
    unsigned int quorum;        /* officers who must sign a message that enrols; 0: no such rule */
    unsigned int revoke_quorum; /* the same for one that revokes */
    bool revoke_atomic;         /* revocations of one message are done all, or none */
    unsigned int revoke_max;    /* revocations in one message; 0: no limit but the message's */
    unsigned int reasons;       /* CMC_REASON_BIT() of those allowed */
    unsigned int ra;            /* CMC_RA_* that officers with the role ra may do */
    struct cmc_name_space ra_names; /* that RAs may give: ra_names.c */
    bool mandatory_fields_only;     /* ignore invalidityDate, passphrase and comment (Nexus) */
    enum cmc_retrieve retrieve;     /* who may ask for certificates and CRLs */
    bool publish;                   /* publishCert is served here */
    bool publish_anchors;           /* trust anchors come with each Full PKI Response */
    bool status_v1;                 /* statusInfo v1 beside V2 */
    bool allow_weak;                /* SHA-1 of old peers */
    bool lax_ids;                   /* compat: dogtag, duplicate body part ids */
    bool dogtag;                    /* compat: dogtag, its other deviations */
    unsigned int approvals;         /* that a request needs before it is issued; 0: none */
    int64_t poll_seconds;           /* after which a held request is to be asked for again */
    int64_t confirm_seconds;        /* in which a certificate must be confirmed; 0: it need not */
    int64_t time_seconds;           /* how far signingTime may be from now; 0: any */
    bool refuse_nonces;             /* a senderNonce serves one message of who sends it */
    /* Of the endpoint itself, and of its profile: both must be met. */
    enum cmc_pop_rule pop, profile_pop;
    enum cmc_identity_rule identity, profile_identity;
    struct cmc_slice response_info; /* for the responseInfo control, or absent */
};

struct cmc_exchange {
    enum cmc_request_type type;
    struct cmc_slice body;
    enum cmc_answer_form form;
    bool no_simple; /* the client would not take a Simple PKI Response */
    const struct cmc_endpoint_rules *rules;
    struct cmc_slice tls_cert; /* client certificate of the connection, whole DER, or absent */
    const char *peer;          /* address, for the audit log */
    int64_t now;
    const char *unknown_profile; /* asked for beside the message and not there, or NULL */
    /*
     * Asked once before a commit, unless NULL. False: nobody waits for the answer any more, so
     * nothing is done.
     */
    bool (*may_commit)(void *arg);
    void *may_commit_arg;
    /* 0 and CMC_OK the first time; see cmc_reply.again. */
    unsigned int attempt;
    enum cmc_rc commit_rc;
};

struct cmc_reply {
    unsigned int http_status; /* 200, or 4xx/5xx for what no CMC response can say */
    const char *content_type; /* static */
    struct cmc_slice body;
    const char *reason; /* one line for the log; never NULL */
    /*
     * The commit did not happen (somebody else changed the same state, the same message came
     * twice at once, or the store failed): this is no answer. Call cmc_respond() again, in the
     * worker's thread, with the same exchange, attempt + 1 and commit_rc set to this one.
     */
    bool again;
    enum cmc_rc commit_rc;
};

struct cmc_responder; /* one for each worker thread */

/* log may be NULL. auth is borrowed. */
enum cmc_rc cmc_responder_new(const struct cmc_crypto *crypto, const struct cmc_authority *auth,
                              struct cmc_log *log, struct cmc_responder **out,
                              struct cmc_err *err) CMC_MUST_USE;
void cmc_responder_free(struct cmc_responder *r);

/*
 * done is called exactly once for each cmc_respond(), maybe before cmc_respond() returns, maybe
 * later in the thread that the authority's commit calls back in (so it only copies what it needs
 * and posts it to the worker). reply and what it points to live until done returns.
 */
typedef void (*cmc_respond_done_fn)(void *arg, const struct cmc_reply *reply);

/* What x points to must live until done is called. */
void cmc_respond(struct cmc_responder *r, const struct cmc_exchange *x, cmc_respond_done_fn done,
                 void *arg);

/*
 * From one state to another: what a revocation for this reason comes to, if that can be. Fills
 * change->from and change->to. Errors: CMC_E_REFUSED with badRequest.
 */
enum cmc_rc cmc_revocation_change(const struct cmc_cert_record *rec, uint32_t reason,
                                  struct cmc_state_change *change,
                                  struct cmc_err *err) CMC_MUST_USE;

/* Media types, RFC 10003 section 3. */
#define CMC_MEDIA_PKCS10     "application/pkcs10"
#define CMC_MEDIA_PKCS7      "application/pkcs7-mime"
#define CMC_MEDIA_REQUEST    "application/pkcs7-mime; smime-type=CMC-request"
#define CMC_MEDIA_RESPONSE   "application/pkcs7-mime; smime-type=CMC-response; name=smime.p7m"
#define CMC_MEDIA_CERTS_ONLY "application/pkcs7-mime; smime-type=certs-only; name=smime.p7c"
#define CMC_MEDIA_PKIX_CERT  "application/pkix-cert"
#define CMC_MEDIA_PKIX_CRL   "application/pkix-crl"
/* RFC 6960 appendix C. */
#define CMC_MEDIA_OCSP_REQUEST  "application/ocsp-request"
#define CMC_MEDIA_OCSP_RESPONSE "application/ocsp-response"

#endif
