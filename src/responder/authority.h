/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the responder needs of an authority, as one table of functions: a CA, an RA that
 * forwards and a test double are the same to it. One value belongs to one worker thread.
 */
#ifndef CMC_RESPONDER_AUTHORITY_H
#define CMC_RESPONDER_AUTHORITY_H

#include "cms/enveloped_data.h"
#include "crypto/crypto.h"
#include "message/request.h"
#include "pop/challenge.h"
#include "pop/dh_pop.h"
#include "store/store.h"

/* Who sent the message, as far as the authority knows them. */
enum cmc_requester_kind {
    CMC_REQUESTER_NONE,    /* nobody authenticated */
    CMC_REQUESTER_OFFICER, /* registered certificate with roles */
    CMC_REQUESTER_SECRET,  /* identity proved by a shared secret */
    CMC_REQUESTER_HOLDER   /* holder of a valid certificate of this authority (renewal) */
};

struct cmc_requester {
    enum cmc_requester_kind kind;
    const char *name;     /* of the officer, or the subject as text; for the audit log */
    unsigned int roles;   /* CMC_ROLE_* of an officer */
    const char *profiles; /* what it is limited to, as struct cmc_officer has it */
    const char *names;
    bool cmc_ra;              /* its certificate is for an RA (id-kp-cmcRA), or need not be */
    const char *profile;      /* of a holder: what its certificate was issued under, or NULL */
    struct cmc_slice san;     /* subjectAltName extension value of the certificate, or absent */
    struct cmc_slice cert;    /* whole DER */
    struct cmc_slice subject; /* Name of the certificate */
    struct cmc_slice spki;    /* SubjectPublicKeyInfo of the certificate */
    EVP_PKEY *key;            /* public key; borrowed from the authority's cache */
};

/* Which shared secret: the one of this name, or the one that revokes this certificate. */
struct cmc_secret_query {
    enum cmc_secret_purpose purpose;
    struct cmc_slice name;           /* CMC_SECRET_ENROLL: octets of the identification control */
    struct cmc_slice issuer, serial; /* CMC_SECRET_REVOKE */
    int64_t now;
};

/* What is known of it. The value lives in the caller's arena, which is zeroised. */
struct cmc_secret_found {
    struct cmc_slice value;   /* a random one when there is none: the work must be the same */
    const char *unusable;     /* NULL: good; else why not, for the audit log only */
    bool once;                /* for one use only */
    struct cmc_slice subject; /* Name that each request must have, or absent */
    const char *names;        /* a name space that the names of each must lie in, or NULL */
    int64_t id;               /* for struct cmc_secret_use; 0: there is none */
    uint32_t max_failures;
};

struct cmc_issue_order {
    const struct cmc_request *request;
    EVP_PKEY *key; /* public key of the request */
    const char *profile;
    const struct cmc_requester *requester;
    int64_t now;
    bool judged;             /* it was held: request has the names that check gave it then */
    struct cmc_request *due; /* check: the request as it is to be issued, or NULL */
};

struct cmc_issued {
    struct cmc_slice cert;         /* whole DER */
    struct cmc_cert_record record; /* for the store */
};

/* What is to be signed, as a rule a Full PKI Response: PKIResponse, and what travels beside it. */
struct cmc_response {
    struct cmc_slice type;         /* of the content; absent: id-cct-PKIResponse */
    struct cmc_slice body;         /* PKIResponse DER, or what type says */
    const struct cmc_slice *certs; /* issued or asked for, and the chain */
    size_t ncerts;
    const struct cmc_slice *crls;
    size_t ncrls;
};

/* Called once, in the worker's thread or another; see commit. */
typedef void (*cmc_commit_done_fn)(void *arg, enum cmc_rc rc, const struct cmc_err *err);

/* Which CRL. */
struct cmc_crl_query {
    struct cmc_slice issuer;             /* Name */
    const struct cmc_general_name *name; /* as in a CRL distribution point, or NULL */
    bool has_before;                     /* else the newest */
    int64_t before;                      /* the one whose thisUpdate is nearest before this */
    int64_t now;
};

/* How certificates are published, where they are. */
struct cmc_publishing {
    bool web;             /* in a folder, or by a program of the operator's */
    const char *url;      /* what those are found below, or NULL: not known */
    const char *ldap_url; /* of the directory server they are in, or NULL: in none */
};

struct cmc_authority_ops {
    /*
     * Who holds this certificate (whole DER)? chain: further certificates of the message.
     * Checks chain, validity at now, revocation, registration.
     * Errors: CMC_E_REFUSED with failInfo badIdentity and a text that says which of them failed.
     */
    enum cmc_rc (*identify)(void *self, struct cmc_slice cert, const struct cmc_slice *chain,
                            size_t nchain, int64_t now, struct cmc_arena *arena,
                            struct cmc_requester *out, struct cmc_err *err);
    /*
     * The officer of this name as it is registered now: roles and limits. Errors: CMC_E_NOTFOUND;
     * CMC_E_REFUSED: its certificate is revoked or on hold.
     */
    enum cmc_rc (*officer)(void *self, const char *name, struct cmc_arena *arena,
                           struct cmc_requester *out, struct cmc_err *err);
    /* May this request be issued under the order's profile, and with which names and extensions?
     * No side effects. Errors: CMC_E_REFUSED with the failInfo due. */
    enum cmc_rc (*check)(void *self, const struct cmc_issue_order *order, struct cmc_arena *arena,
                         struct cmc_err *err);
    /* Sign the certificate for a request as check gave it. Nothing is stored: that is commit's. */
    enum cmc_rc (*issue)(void *self, const struct cmc_issue_order *order, struct cmc_arena *arena,
                         struct cmc_issued *out, struct cmc_err *err);
    /*
     * The shared secret that is asked for. One that is not known is no error: out then holds what
     * nobody knows, at the same cost. Errors: CMC_E_LOCAL, CMC_E_MEM.
     */
    enum cmc_rc (*secret)(void *self, const struct cmc_secret_query *query, struct cmc_arena *arena,
                          struct cmc_secret_found *out, struct cmc_err *err);
    /* The record of a certificate; CMC_E_NOTFOUND. */
    enum cmc_rc (*find)(void *self, struct cmc_slice issuer, struct cmc_slice serial,
                        struct cmc_arena *arena, struct cmc_cert_record *out, struct cmc_err *err);
    /* A CRL. Errors: CMC_E_NOTFOUND with the failInfo due. */
    enum cmc_rc (*crl)(void *self, const struct cmc_crl_query *query, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err);
    /* NULL: certificates are not published. Static for the authority's life. */
    const struct cmc_publishing *(*publishing)(void *self);
    /* A certificate (its DER) of this authority by SHA-256, as far as it knows; CMC_E_NOTFOUND. */
    enum cmc_rc (*find_digest)(void *self, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_slice *der, struct cmc_err *err);
    /* The trust anchors that are published; CMC_E_NOTFOUND: none are. */
    enum cmc_rc (*anchors)(void *self, struct cmc_arena *arena, struct cmc_anchor_set *out,
                           struct cmc_err *err);
    /* The answer that this request digest got before; CMC_E_NOTFOUND. The first question of an
     * exchange. */
    enum cmc_rc (*remembered)(void *self, const uint8_t digest[CMC_SHA256_OCTETS],
                              struct cmc_arena *arena, struct cmc_answer *out, struct cmc_err *err);
    /* The exchange has no more questions. May be NULL. */
    void (*asked)(void *self);
    /* Sign a response with the responder key: ContentInfo into the arena. */
    enum cmc_rc (*sign_response)(void *self, const struct cmc_response *response, int64_t now,
                                 struct cmc_arena *arena, struct cmc_slice *out,
                                 struct cmc_err *err);
    /*
     * The keys that messages to this authority are encrypted for, borrowed. May be NULL: there
     * are none.
     */
    void (*recipients)(void *self, const struct cmc_cms_recipient **keys, size_t *n);
    /* The chain of the issuing CA, itself first, root last. Static for the authority's life. */
    void (*chain)(void *self, const struct cmc_slice **certs, size_t *n);
    /* The subject Name of the issuing CA. */
    struct cmc_slice (*issuer)(void *self);
    /*
     * What challenges for proof of possession are made with; the same for every worker. The
     * caller wipes *out.
     */
    enum cmc_rc (*challenge_secrets)(void *self, int64_t now, struct cmc_challenge_secrets *out,
                                     struct cmc_err *err);
    /* What lasts longer than one exchange, as store/pending.h has it. CMC_E_NOTFOUND. */
    enum cmc_rc (*held)(void *self, const uint8_t token_digest[CMC_TXN_DIGEST_OCTETS],
                        struct cmc_arena *arena, struct cmc_held *out, struct cmc_err *err);
    /* Each held request for a key with its message, the newest first; and who approved one. */
    enum cmc_rc (*held_for_key)(void *self, const uint8_t key_digest[CMC_TXN_DIGEST_OCTETS],
                                enum cmc_rc (*fn)(void *arg, const struct cmc_held *h), void *arg,
                                struct cmc_err *err);
    enum cmc_rc (*approvals)(void *self, int64_t id,
                             enum cmc_rc (*fn)(void *arg, const char *by, int64_t at), void *arg,
                             struct cmc_err *err);
    enum cmc_rc (*await)(void *self, struct cmc_slice issuer, struct cmc_slice serial,
                         struct cmc_arena *arena, struct cmc_await *out, struct cmc_err *err);
    enum cmc_rc (*await_each)(void *self, struct cmc_slice transaction_id,
                              enum cmc_rc (*fn)(void *arg, const struct cmc_await *a), void *arg,
                              struct cmc_err *err);
    enum cmc_rc (*nonce)(void *self, const uint8_t key[CMC_NONCE_KEY_OCTETS],
                         struct cmc_nonce_use *out, struct cmc_err *err);
    /* The secret of our own nonces; the same for every worker, and after a restart. */
    enum cmc_rc (*nonce_secret)(void *self, uint8_t out[CMC_TXN_DIGEST_OCTETS],
                                struct cmc_err *err);
    /* The DH certificate and key that DH keys prove themselves to; CMC_E_NOTFOUND: there is none.
     * Borrowed from the authority. */
    enum cmc_rc (*dh_pop)(void *self, struct cmc_dh_pop *out, struct cmc_err *err);
    /*
     * Make the transaction durable and then call done. txn lives until then.
     * Errors: CMC_E_RETRY (too much waits; done is not called).
     */
    enum cmc_rc (*commit)(void *self, const struct cmc_txn *txn, cmc_commit_done_fn done, void *arg,
                          struct cmc_err *err);
};

struct cmc_authority {
    const struct cmc_authority_ops *ops;
    void *self;
};

#endif
