/* SPDX-License-Identifier: Apache-2.0 */
/* The asking side: build a request, send it, check what comes back (RFC 10002 sections 3, 4). */
#ifndef CMC_CLIENT_CLIENT_H
#define CMC_CLIENT_CLIENT_H

#include "client/proof.h"
#include "cms/enveloped_data.h"
#include "cms/signed_data.h"
#include "message/body.h"
#include "message/request.h"
#include "message/status.h"

/* -- transport: HTTP, files, TCP and an in-process responder are the same to the client --- */

struct cmc_transport_reply {
    unsigned int http_status;
    char content_type[256];
    struct cmc_slice body; /* in the arena */
};
struct cmc_transport {
    enum cmc_rc (*exchange)(void *self, const char *content_type, const char *accept,
                            struct cmc_slice body, struct cmc_arena *arena,
                            struct cmc_transport_reply *out, struct cmc_err *err);
    void *self;
};

struct cmc_http_options {
    const char *url;
    const char *tls_ca;   /* file of trust anchors; NULL: the system's */
    const char *tls_cert; /* client certificate, or NULL */
    const char *tls_key;
    const struct cmc_passphrase *tls_pass; /* key/key.h; may be NULL */
    /* Instead of the files: what is in memory, or in a token. All borrowed for the call; the key
     * must be usable as long as the transport. */
    EVP_PKEY *key;                 /* client key, with its certificate and chain in certs */
    const struct cmc_slice *certs; /* whole DERs, the client's own first */
    size_t ncerts;
    const struct cmc_slice *anchors; /* whole DERs of the CAs that servers are trusted by; n 0 with
                                        anchors != NULL: none */
    size_t nanchors;
    unsigned int timeout_seconds;
    bool get; /* GET, and no body: what is sent stands in the URL */
    /* An HTTP error that brings a CMC message is no error of the transport: the caller reads it,
     * and must not take it for a success (RFC 10003 section 6: that is 2xx only). */
    bool read_refusals;
};
struct cmc_http_transport;
/* HTTP(S) by libcurl; a connection is kept for the next exchange. */
enum cmc_rc cmc_http_transport_new(const struct cmc_http_options *o,
                                   struct cmc_http_transport **out,
                                   struct cmc_err *err) CMC_MUST_USE;
void cmc_http_transport_free(struct cmc_http_transport *t);
struct cmc_transport cmc_http_transport_get(struct cmc_http_transport *t);

/* -- a request --------------------------------------------------------------------------- */

struct cmc_revocation {
    struct cmc_slice issuer;     /* Name */
    struct cmc_slice serial;     /* INTEGER content */
    uint32_t reason;             /* CRLReason */
    int64_t invalidity_at;       /* 0: none */
    const char *comment;         /* or NULL */
    struct cmc_slice passphrase; /* authorises it (RFC 10002 section 6.11); or absent */
};

/* A control that has no field of its own in struct cmc_full_request. All borrowed. */
struct cmc_extra_control {
    struct cmc_slice type; /* OID */
    const struct cmc_item *item;
    const void *value;
};

/* -- protection beyond the signature: protect.c ------------------------------------------ */

enum cmc_envelope_form { CMC_ENVELOPE_NONE, CMC_ENVELOPE_AUTHENTICATED, CMC_ENVELOPE_PLAIN };

/*
 * How a request is protected, and what opens its answer (RFC 10002 sections 3.2 and 5). The answer
 * comes in the same layers. All borrowed; it must live as long as the exchange.
 */
struct cmc_protection {
    enum cmc_envelope_form envelope; /* AuthEnvelopedData or EnvelopedData around all the rest */
    const struct cmc_slice *to;      /* whole DERs of the certificates it is encrypted to */
    size_t nto;
    enum cmc_rsa_padding padding;
    bool to_secret;     /* it is encrypted to who knows the secret, too */
    bool sign_outside;  /* a second SignedData around the envelope, by the same signers */
    bool mac;           /* AuthenticatedData by the secret in place of SignedData */
    const char *cipher; /* struct cmc_envelope */
    size_t tag_octets;
    struct cmc_slice identification, secret; /* UTF-8; the secret's octets */
    uint32_t rounds;                         /* of PBKDF2; 0: CMC_PASSWORD_ROUNDS */
    const struct cmc_cms_recipient *keys;    /* private keys that an answer may be encrypted to */
    size_t nkeys;
};

/* What a Full PKI Request is made of. All borrowed. */
struct cmc_full_request {
    const struct cmc_slice *pkcs10; /* whole DERs */
    size_t npkcs10;
    const struct cmc_slice *crmf; /* CertReqMsg DERs; their certReqId is their body part id */
    size_t ncrmf;
    const struct cmc_tagged_request *tagged; /* as they were sent before, octet by octet */
    size_t ntagged;
    const struct cmc_decrypted_pop *pops; /* for some of these */
    size_t npops;
    EVP_PKEY *const *keys; /* of the PKCS#10 requests, then of the CRMF ones; NULL, or a NULL among
                              them, where a POP link witness needs none */
    const struct cmc_shared_secret *secret; /* what is proved with it, or NULL */
    struct cmc_slice link_random; /* R of the message before, when the requests were linked
                                     then: no witness is added. Or absent: a new one */
    bool ra_vouches;              /* lraPOPWitness for each certification request (section 6.8) */
    const struct cmc_revocation *revocations;
    size_t nrevocations;
    const struct cmc_extra_control *controls; /* further ones, in this order */
    size_t ncontrols;
    struct cmc_slice data_return;        /* or absent */
    struct cmc_slice reg_info;           /* or absent */
    struct cmc_slice transaction_id;     /* INTEGER content; absent: a random one */
    struct cmc_slice recipient_nonce;    /* the senderNonce of the answer before, or absent */
    const struct cmc_cms_signer *signer; /* NULL: none, for a revocation by passphrase or a MAC */
    size_t nsigners;                     /* of an array; 0: one */
    const struct cmc_protection *protection; /* NULL: SignedData and no more */
    const struct cmc_slice *certs;           /* to travel with it: the signer's own and its chain */
    size_t ncerts;
    bool no_nonce, no_transaction_id;
    bool bare; /* unsigned: the PKIData in id-data and nothing around, as Dogtag's CA wants it */
};

/* What the client must remember to check the answer. */
struct cmc_exchange_state {
    uint8_t sender_nonce[16];
    bool has_nonce;
    struct cmc_slice transaction_id; /* INTEGER content, in the arena; absent when none was sent */
    uint32_t first_request_id;       /* body part id of the first certification request */
    uint32_t first_revocation_id;
    uint32_t first_control_id;             /* of the further controls */
    struct cmc_slice link_random;          /* R of popLinkRandom, or absent */
    const struct cmc_tagged_request *sent; /* the certification requests, as they were sent */
    size_t nsent;
    const struct cmc_protection *protection; /* of the request; NULL: the answer is not protected */
};

/*
 * Build and sign. First the controls (ids from 1), then the PKCS#10 requests; after them the
 * controls that are about the requests: identity proofs and lraPOPWitness.
 * Errors also: CMC_E_USAGE where the message would break a rule of RFC 10002 section 3.2: a signer
 * without a certificate that is not the key of a request with that SKI; nobody signs, and it is no
 * revocation by passphrase.
 */
enum cmc_rc cmc_full_request_create(const struct cmc_crypto *c, const struct cmc_full_request *rq,
                                    struct cmc_arena *arena, struct cmc_exchange_state *state,
                                    struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/* -- the answer -------------------------------------------------------------------------- */

struct cmc_trust {
    const struct cmc_slice *anchors; /* whole DERs of trusted CAs */
    size_t nanchors;
    bool no_eku; /* do not insist on id-kp-cmcCA (or the CA itself) */
    int64_t now;
    bool any_time; /* what was signed while all was valid is to be judged: now does not count */
};

struct cmc_answer_view {
    bool full;                     /* Full PKI Response; else certs-only or a bare certificate */
    const struct cmc_slice *certs; /* all certificates of the message */
    size_t ncerts;
    const struct cmc_slice *crls; /* all CRLs of the message */
    size_t ncrls;
    struct cmc_pkiresponse body; /* of a Full PKI Response: for what has no field here */
    const struct cmc_outcome *outcomes;
    size_t noutcomes;
    bool encrypted;               /* the answer came in an envelope */
    bool authenticated;           /* in AuthenticatedData: the shared secret vouches for it */
    struct cmc_slice signer_cert; /* of the responder; absent for a Simple Response */
    bool has_signing_time;        /* as the first signer says under its signature */
    int64_t signing_time;
    struct cmc_slice data_return;
    struct cmc_slice sender_nonce;              /* the server's, or absent */
    const struct cmc_encrypted_pop *challenges; /* proof of possession that is asked for */
    size_t nchallenges;
    uint32_t worst; /* worst CMCStatus; success when there is none */
};

/*
 * Read an answer of any form (told by its octets) and check it: signature, chain to an anchor,
 * responder's extended key usage, recipientNonce, transactionId. state NULL: those two are not
 * checked. trust NULL: the signature is checked, the chain is not. An answer that is encrypted or
 * has a MAC is opened with what state->protection holds; a MAC by the shared secret stands for
 * signature and chain. A response within the response (RFC 10002 section 6.21) is checked in the
 * same way, and its certificates and statuses are added to those of the outer one.
 * Errors: CMC_E_INPUT, CMC_E_CRYPTO, CMC_E_REFUSED. A status of failed is no error here.
 */
enum cmc_rc cmc_answer_open(const struct cmc_crypto *c, struct cmc_slice body,
                            const struct cmc_exchange_state *state, const struct cmc_trust *trust,
                            struct cmc_arena *arena, struct cmc_answer_view *out,
                            struct cmc_err *err) CMC_MUST_USE;

/* The same of one layer: what a responseBody control points to is not looked at. */
enum cmc_rc cmc_answer_open_one(const struct cmc_crypto *c, struct cmc_slice body,
                                const struct cmc_exchange_state *state,
                                const struct cmc_trust *trust, struct cmc_arena *arena,
                                struct cmc_answer_view *out, struct cmc_err *err) CMC_MUST_USE;

/* From 0 for success, the greater the worse. */
int cmc_status_badness(uint32_t status);

/*
 * The certificate in the answer that carries this public key (SPKI DER), and its chain to an
 * anchor is checked (unless trust is NULL). Errors: CMC_E_REFUSED ("no certificate for the
 * requested key").
 */
enum cmc_rc cmc_answer_cert(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                            struct cmc_slice spki, const struct cmc_trust *trust,
                            struct cmc_arena *arena, struct cmc_slice *cert,
                            struct cmc_err *err) CMC_MUST_USE;

/* What the answer says of one body part of the request; else of the whole; else NULL. */
const struct cmc_outcome *cmc_answer_outcome(const struct cmc_answer_view *answer,
                                             uint32_t body_part);

/* -- requests that wait: pending.c ------------------------------------------------------- */

/* What to keep of a request that waits, until it is decided. */
struct cmc_pending {
    struct cmc_slice token;
    int64_t poll_at;                  /* when to ask, seconds since 1970; 0: not told */
    uint32_t body_part;               /* of the request in its message */
    struct cmc_slice transaction_id;  /* INTEGER content, or absent */
    struct cmc_slice recipient_nonce; /* the senderNonce of the answer before, or absent */
};

/*
 * What of an answer waits: each body part with status pending or partial. Copied into the arena.
 * Errors: CMC_E_INPUT (no pendInfo).
 */
enum cmc_rc cmc_pending_read(const struct cmc_answer_view *answer,
                             const struct cmc_exchange_state *state, struct cmc_arena *arena,
                             struct cmc_pending **out, size_t *n, struct cmc_err *err) CMC_MUST_USE;
/*
 * Fill rq with what asks for n of them (at least one, all of one transaction); the caller adds
 * who signs: the same as the first time, or the key of the request. p must live as long as rq.
 * The answer's body parts are first_control_id and those that follow.
 */
enum cmc_rc cmc_pending_query(const struct cmc_pending *p, size_t n, struct cmc_arena *arena,
                              struct cmc_full_request *rq, struct cmc_err *err) CMC_MUST_USE;
/* After an answer to the query with this body part: what to keep now. Errors: CMC_E_INPUT. */
enum cmc_rc cmc_pending_update(struct cmc_pending *p, const struct cmc_answer_view *answer,
                               uint32_t control, struct cmc_arena *arena,
                               struct cmc_err *err) CMC_MUST_USE;

/* -- accepting a certificate: confirm.c -------------------------------------------------- */

/* What ties a message to the one before. */
struct cmc_follow_up {
    struct cmc_slice transaction_id;  /* INTEGER content, or absent */
    struct cmc_slice recipient_nonce; /* the senderNonce of the answer before, or absent */
};

/* Fill rq with the acceptance of a certificate (whole DER), or with the rejection of what was
 * issued for a body part of the request before. The caller adds who signs. */
enum cmc_rc cmc_confirm_accept(struct cmc_slice cert, const struct cmc_follow_up *f,
                               struct cmc_arena *arena, struct cmc_full_request *rq,
                               struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_confirm_reject(uint32_t body_part, uint32_t fail_info, const char *text,
                               const struct cmc_follow_up *f, struct cmc_arena *arena,
                               struct cmc_full_request *rq, struct cmc_err *err) CMC_MUST_USE;

/* -- proof of possession by challenge: challenge.c --------------------------------------- */

/*
 * Answer the challenge for a request (the CertificationRequest or CertReqMsg that was sent first
 * in the exchange of state) with its key: fill next with what the second trip takes. The caller
 * adds who signs.
 * Errors: CMC_E_REFUSED (for another request), CMC_E_CRYPTO with popFailed.
 */
enum cmc_rc cmc_answer_challenge(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                                 const struct cmc_exchange_state *state, struct cmc_slice request,
                                 EVP_PKEY *key, struct cmc_arena *arena,
                                 struct cmc_full_request *next, struct cmc_err *err) CMC_MUST_USE;

/*
 * The same for a message of any number of requests: answer each challenge, and send all requests
 * again, because none was issued. keys: one for each of state->sent, NULL where it is not at hand.
 * Errors also: CMC_E_USAGE (a key that is needed is not there).
 */
enum cmc_rc cmc_second_trip(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                            const struct cmc_exchange_state *state, EVP_PKEY *const *keys,
                            struct cmc_arena *arena, struct cmc_full_request *next,
                            struct cmc_err *err) CMC_MUST_USE;

/*
 * A challenge that does not decrypt, or whose witness does not fit, ends the enrolment: make next
 * the message that tells the server so, a status of failed with popFailed. The caller adds who
 * signs; no answer is to be expected.
 */
enum cmc_rc cmc_abort_challenge(const struct cmc_answer_view *answer,
                                const struct cmc_exchange_state *state, struct cmc_arena *arena,
                                struct cmc_full_request *next, struct cmc_err *err) CMC_MUST_USE;

#endif
