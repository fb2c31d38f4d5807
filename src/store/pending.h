/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lasts longer than one exchange (RFC 10002 sections 6.6, 6.13 and 6.14): requests that
 * wait for an administrator, certificates that wait for their confirmation, nonces that were
 * used. store.h includes this.
 */
#ifndef CMC_STORE_PENDING_H
#define CMC_STORE_PENDING_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#define CMC_TXN_DIGEST_OCTETS 32

struct cmc_store;
struct cmc_reader;

/* -- requests that wait ------------------------------------------------------------------ */

enum cmc_held_state {
    CMC_HELD_WAITING = 0,  /* nobody, or not enough of them, has decided */
    CMC_HELD_APPROVED = 1, /* issued when it is asked for next */
    CMC_HELD_REFUSED = 2,
    CMC_HELD_ISSUED = 3
};

/* A certification request that is held. The token itself is nowhere kept. */
struct cmc_held {
    int64_t id; /* given by the store: what an administrator names it by */
    uint8_t token_digest[CMC_TXN_DIGEST_OCTETS];
    enum cmc_held_state state;
    uint8_t owner[CMC_TXN_DIGEST_OCTETS];      /* who sent it: the responder's digest of that */
    uint8_t key_digest[CMC_TXN_DIGEST_OCTETS]; /* SHA-256 of the SubjectPublicKeyInfo */
    const char *requester;                     /* name, or NULL */
    const char *endpoint, *profile;
    uint32_t body_part;
    bool simple; /* request is a CertificationRequest; else a TaggedRequest */
    struct cmc_slice request;
    struct cmc_slice subject;        /* Name as it is to be issued */
    const char *subject_text;        /* the same to read */
    struct cmc_slice extensions;     /* Extensions DER as judged; absent: none */
    struct cmc_slice transaction_id; /* INTEGER content, or absent */
    int64_t held_at, poll_at;        /* poll_at: the pendTime that was told */
    uint32_t needed;                 /* approvals */
    const uint8_t *message_digest;   /* of the whole message, NULL when read from a list */
    struct cmc_slice message;        /* the whole message; absent when read from a list */
    /* The officers by whose right it was asked for, a line each: role, blank, name. NULL: none. */
    const char *asked_by;
    /* What became of it. */
    uint32_t approvals;
    int64_t decided_at;              /* 0: not yet */
    const char *decided_by, *reason; /* or NULL */
    struct cmc_slice issuer, serial; /* CMC_HELD_ISSUED: of the certificate */
};

/* A held request that is issued now: CMC_E_CONFLICT unless it is approved and not issued. */
struct cmc_held_release {
    int64_t id;
    struct cmc_slice issuer, serial;
};

/* -- certificates that wait for their confirmation --------------------------------------- */

enum cmc_await_state {
    CMC_AWAIT_OPEN = 0,
    CMC_AWAIT_CONFIRMED = 1,
    CMC_AWAIT_REJECTED = 2,
    CMC_AWAIT_LAPSED = 3 /* nobody confirmed it in time */
};

struct cmc_await {
    struct cmc_slice issuer, serial;
    enum cmc_await_state state;
    uint8_t owner[CMC_TXN_DIGEST_OCTETS];
    uint8_t key_digest[CMC_TXN_DIGEST_OCTETS]; /* SHA-256 of its SubjectPublicKeyInfo */
    const char *endpoint;
    uint32_t body_part;              /* of the request in its message */
    struct cmc_slice transaction_id; /* or absent */
    int64_t issued_at, deadline;
};

/*
 * The end of the wait: CMC_E_CONFLICT unless it is open. One that is rejected is revoked in the
 * same transaction for this reason, unless it is revoked already.
 */
struct cmc_await_end {
    struct cmc_slice issuer, serial;
    enum cmc_await_state to; /* CMC_AWAIT_CONFIRMED or CMC_AWAIT_REJECTED */
    uint32_t reason;         /* CRLReason */
};

/* -- nonces ------------------------------------------------------------------------------ */

#define CMC_NONCE_KEY_OCTETS 16

/* A senderNonce that was used. CMC_E_CONFLICT when it is there for another message. */
struct cmc_nonce_use {
    uint8_t key[CMC_NONCE_KEY_OCTETS];     /* of who sent it, and of the nonce */
    uint8_t message[CMC_NONCE_KEY_OCTETS]; /* the beginning of the request's digest */
};

/* -- writing ----------------------------------------------------------------------------- */

/* What an administrator decides. by is his name; text is for the requester, or NULL. */
struct cmc_held_decision {
    int64_t id;
    bool approve;
    const char *by;
    const char *text;
    int64_t at;
};
/*
 * Durable on return, with an audit record. *state is what the request is in then: one that needs
 * more approvals still waits. Errors: CMC_E_NOTFOUND, CMC_E_CONFLICT (decided already, or
 * approved by the same name before; the text says which).
 */
enum cmc_rc cmc_store_held_decide(struct cmc_store *s, const struct cmc_held_decision *d,
                                  enum cmc_held_state *state, struct cmc_err *err) CMC_MUST_USE;

/*
 * What time brings about: certificates that nobody confirmed are revoked, each with an audit
 * record; what is too old is forgotten. Does a bounded amount of work: *more says that there is
 * more to do at once.
 */
struct cmc_sweep {
    int64_t now;
    uint32_t reason;        /* CRLReason of what was not confirmed */
    int64_t nonces_before;  /* nonces used before this are forgotten; 0: none */
    int64_t answers_before; /* so are answers given before this, but not that there was one; 0:
                               none */
    int64_t ended_before;   /* held requests that came to an end before this; 0: none */
};
struct cmc_swept {
    size_t lapsed, nonces, answers, ended;
    bool more;
};
enum cmc_rc cmc_store_sweep(struct cmc_store *s, const struct cmc_sweep *what,
                            struct cmc_swept *out, struct cmc_err *err) CMC_MUST_USE;

/* -- reading ----------------------------------------------------------------------------- */

/* CMC_E_NOTFOUND when there is none, for each of these. message is read by id only. */
enum cmc_rc cmc_reader_held(struct cmc_reader *r, const uint8_t token_digest[CMC_TXN_DIGEST_OCTETS],
                            struct cmc_arena *arena, struct cmc_held *out,
                            struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_reader_held_id(struct cmc_reader *r, int64_t id, struct cmc_arena *arena,
                               struct cmc_held *out, struct cmc_err *err) CMC_MUST_USE;
/* Each held request for a key (SHA-256 of its SubjectPublicKeyInfo) with its message, the newest
 * first. As other listings. */
enum cmc_rc cmc_reader_held_for_key(struct cmc_reader *r,
                                    const uint8_t key_digest[CMC_TXN_DIGEST_OCTETS],
                                    enum cmc_rc (*fn)(void *arg, const struct cmc_held *h),
                                    void *arg, struct cmc_err *err) CMC_MUST_USE;
/* Each held request in order of id; all: those that came to an end too. As other listings. */
enum cmc_rc cmc_reader_held_each(struct cmc_reader *r, bool all,
                                 enum cmc_rc (*fn)(void *arg, const struct cmc_held *h), void *arg,
                                 struct cmc_err *err) CMC_MUST_USE;
/* Who approved it, in order. */
enum cmc_rc cmc_reader_approvals(struct cmc_reader *r, int64_t id,
                                 enum cmc_rc (*fn)(void *arg, const char *by, int64_t at),
                                 void *arg, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_reader_await(struct cmc_reader *r, struct cmc_slice issuer, struct cmc_slice serial,
                             struct cmc_arena *arena, struct cmc_await *out,
                             struct cmc_err *err) CMC_MUST_USE;
/* Each open one of a transaction. */
enum cmc_rc cmc_reader_await_each(struct cmc_reader *r, struct cmc_slice transaction_id,
                                  enum cmc_rc (*fn)(void *arg, const struct cmc_await *a),
                                  void *arg, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_reader_nonce(struct cmc_reader *r, const uint8_t key[CMC_NONCE_KEY_OCTETS],
                             struct cmc_nonce_use *out, struct cmc_err *err) CMC_MUST_USE;
/* The secret that our own nonces are made with; the same for ever in this store. */
enum cmc_rc cmc_reader_nonce_secret(struct cmc_reader *r, uint8_t out[CMC_TXN_DIGEST_OCTETS],
                                    struct cmc_err *err) CMC_MUST_USE;

#endif
