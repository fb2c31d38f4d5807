/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must survive. One writer thread drains a queue and makes one durable transaction of all
 * that waits (group commit); readers have connections of their own, one for each thread.
 *
 * Backends stand behind struct cmc_store_ops (store_int.h): SQLite now, PostgreSQL later.
 * Nothing above this floor sees SQL.
 */
#ifndef CMC_STORE_STORE_H
#define CMC_STORE_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"
#include "store/crl.h"
#include "store/officer.h"
#include "store/pending.h"

enum cmc_cert_state {
    CMC_CERT_VALID = 0,
    CMC_CERT_REVOKED = 1,
    CMC_CERT_HELD = 2 /* on hold: may be released */
};

/* A certificate as the store knows it. Slices read from a store live in the caller's arena. */
struct cmc_cert_record {
    struct cmc_slice issuer;                /* Name, whole DER */
    struct cmc_slice serial;                /* INTEGER content octets */
    struct cmc_slice subject;               /* Name, whole DER */
    const char *subject_text;               /* the same to read and to search, or NULL */
    struct cmc_slice der;                   /* the certificate */
    struct cmc_slice ski;                   /* subjectKeyIdentifier, or absent */
    uint8_t spki_digest[CMC_SHA256_OCTETS]; /* SHA-256 of the SubjectPublicKeyInfo */
    /* Writing only: the key must not have been certified with this flag before, or the commit is
     * CMC_E_CONFLICT. What profiles ask for that want each key once; nobody else pays for it. */
    bool unique_key;
    int64_t not_before, not_after;
    int64_t issued_at;
    uint32_t part;         /* of the CRL, in which it stands when revoked: store/crl.h */
    const char *profile;   /* or NULL */
    const char *requester; /* officer name, or "self" for a renewal, or NULL */
    enum cmc_cert_state state;
    uint32_t reason;       /* CRLReason when not valid */
    int64_t revoked_at;    /* 0 when valid */
    int64_t invalidity_at; /* 0: none given */
    const uint8_t *digest; /* written only: SHA-256 of der when it is to be found by it, or NULL */
};

/* No more of it than OCSP wants to know. */
struct cmc_cert_status {
    enum cmc_cert_state state;
    uint32_t reason;
    int64_t revoked_at;
};

/* A change of state of one certificate. Applied only if it still is in state `from`. */
struct cmc_state_change {
    struct cmc_slice issuer, serial;
    enum cmc_cert_state from, to;
    uint32_t reason;
    int64_t at;
    int64_t invalidity_at; /* 0: none */
};

/* What a shared secret is for. */
enum cmc_secret_purpose {
    CMC_SECRET_ENROLL = 1, /* identity proofs; found by its name */
    CMC_SECRET_REVOKE = 2  /* the passphrase that revokes one certificate; found by that */
};

/* A shared secret. Its value is sealed by who put it there; the store cannot read it. */
struct cmc_secret {
    int64_t id;
    const char *name; /* unique; of an enrolment the octets of the identification control */
    enum cmc_secret_purpose purpose;
    struct cmc_slice sealed;
    bool once;                       /* for one use only */
    int64_t added_at, used_at;       /* used_at: the last use; 0: never */
    int64_t expires_at;              /* 0: never */
    uint32_t failures;               /* since the last use */
    bool locked;                     /* too many of them */
    struct cmc_slice subject;        /* Name that requests must have, or absent */
    const char *names;               /* a name space that their names lie in, or NULL: any */
    struct cmc_slice issuer, serial; /* CMC_SECRET_REVOKE: of the certificate; else absent */
};

/*
 * A secret was put to the proof. Used: it must still be usable (not locked, not expired, not used
 * up), else the commit is CMC_E_CONFLICT, so that two messages at once cannot both use it. Else a
 * failure is counted, and the secret is locked with failure number max_failures. An id that is
 * not there (0) is no error: what happens is then the same.
 */
struct cmc_secret_use {
    int64_t id;
    bool used;
    uint32_t max_failures;
};

/* The publication of a certificate: to be published, or taken back. */
struct cmc_publication {
    struct cmc_slice issuer, serial; /* in a transaction */
    bool wanted;                     /* false: it is not to be published any more */
    /* read; store/publication.h has the functions: */
    int64_t id;
    uint64_t seq; /* grows with each wish */
    int64_t at;
    struct cmc_slice der; /* the certificate */
};

/* One decision, for the audit log: a JSON object without braces around its own fields is not
 * accepted; json is a whole object. */
struct cmc_audit_record {
    const char *json;
};

/*
 * Everything one request changes: all of it or nothing. All borrowed until the commit ends.
 * A request digest that is there already makes the commit CMC_E_CONFLICT, and nothing of it
 * happens; so does a state change whose certificate is not in state `from` any more, and the use
 * of a secret that cannot be used any more.
 */
struct cmc_txn {
    const uint8_t *request_digest; /* CMC_SHA256_OCTETS octets, or NULL: not remembered */
    const char *answer_type;       /* media type of the answer */
    struct cmc_slice answer;       /* what the request is answered with, also when it comes again */
    int64_t at;                    /* now, seconds since 1970 */
    const struct cmc_cert_record *certs;
    size_t ncerts;
    const struct cmc_state_change *changes;
    size_t nchanges;
    const struct cmc_secret_use *secrets;
    size_t nsecrets;
    const struct cmc_held *held; /* from here on: store/pending.h */
    size_t nheld;
    const struct cmc_held_release *releases;
    size_t nreleases;
    const struct cmc_held_decision *approvals; /* each with an audit record of its own */
    size_t napprovals;
    const struct cmc_await *awaits;
    size_t nawaits;
    const struct cmc_await_end *await_ends;
    size_t nawait_ends;
    const struct cmc_nonce_use *nonce;          /* or NULL */
    const struct cmc_publication *publications; /* of certificates that are there or in certs */
    size_t npublications;
    const struct cmc_audit_record *audits;
    size_t naudits;
};

struct cmc_answer {
    const char *type;
    struct cmc_slice octets; /* n 0: it was given, but is not kept any more */
    int64_t at;
};

/* The trust anchors that are published (RFC 10002 section 6.15). */
struct cmc_anchor_set {
    uint64_t sequence; /* grows with each put */
    int64_t at;
    const struct cmc_slice *certs; /* whole DERs */
    size_t ncerts;
};

struct cmc_store;
struct cmc_reader;

/*
 * Open a store and start its writer. url: "sqlite:PATH" or a path. create: make the file and
 * its tables, failing with CMC_E_CONFLICT when it is there; otherwise the file must be there,
 * with a schema version that we know (an older one is migrated, a newer one refused).
 * SQLite: WAL, synchronous=FULL, foreign_keys on.
 * Errors: CMC_E_LOCAL (says which file and why), CMC_E_USAGE (scheme), CMC_E_CONFLICT.
 */
enum cmc_rc cmc_store_open(const char *url, bool create, struct cmc_store **out,
                           struct cmc_err *err) CMC_MUST_USE;
/* Commits what waits, stops the writer. NULL is legal. All readers must be freed before. */
void cmc_store_close(struct cmc_store *s);

/* -- writing ----------------------------------------------------------------------------- */

/*
 * Called in the writer thread when the transaction is durable (CMC_OK) or did not happen
 * (CMC_E_CONFLICT, CMC_E_LOCAL, ...; err says why). Must be quick and must not call the store.
 */
typedef void (*cmc_store_done_fn)(void *arg, enum cmc_rc rc, const struct cmc_err *err);

/*
 * Queue a transaction. txn and what it points to must live until done is called.
 * Errors: CMC_E_RETRY when CMC_LIMIT_WRITER_QUEUE transactions wait (done is then not called).
 */
enum cmc_rc cmc_store_submit(struct cmc_store *s, const struct cmc_txn *txn, cmc_store_done_fn done,
                             void *arg, struct cmc_err *err) CMC_MUST_USE;
/*
 * A thread that goes through a batch of requests says that it will submit more in a moment, and
 * when it is through: the writer then makes one commit of them all. It waits until nobody holds,
 * CMC_LIMIT_GROUP_GATHER transactions are there, or CMC_LIMIT_GROUP_MICROSECONDS have passed.
 * Each hold needs its release. Where transactions come one by one none waits for another.
 */
void cmc_store_hold(struct cmc_store *s);
void cmc_store_release(struct cmc_store *s);

/* As submit, but waits. For commands and tests, not for event loops. */
enum cmc_rc cmc_store_commit(struct cmc_store *s, const struct cmc_txn *txn,
                             struct cmc_err *err) CMC_MUST_USE;

/* Shared secrets. Each change is durable on return and leaves an audit record of its own, which
 * never holds the value. add: CMC_E_CONFLICT when the name, or for a revocation the certificate,
 * has one. remove: CMC_E_NOTFOUND. */
enum cmc_rc cmc_store_secret_add(struct cmc_store *s, const struct cmc_secret *secret,
                                 struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_store_secret_remove(struct cmc_store *s, const char *name, int64_t at,
                                    struct cmc_err *err) CMC_MUST_USE;

/* Replace the set of published trust anchors; set->sequence is what it was given. Durable on
 * return, with an audit record of its own. CMC_E_LIMIT above CMC_LIMIT_ANCHORS. */
enum cmc_rc cmc_store_anchors_put(struct cmc_store *s, struct cmc_anchor_set *set,
                                  struct cmc_err *err) CMC_MUST_USE;

/* The path of the database, borrowed. */
const char *cmc_store_get0_place(const struct cmc_store *s);

/* -- keeping ----------------------------------------------------------------------------- */

/*
 * A copy of the whole database as it is at one moment, while others go on writing, into a file
 * that must not be there; readable by its owner only, and durable on return. r is in use for as
 * long as it takes. Errors: CMC_E_CONFLICT (the file is there), CMC_E_LOCAL.
 */
enum cmc_rc cmc_reader_backup(struct cmc_reader *r, const char *path,
                              struct cmc_err *err) CMC_MUST_USE;
/*
 * Is the file a whole database of ours, of a schema that we know? It is not changed. Errors:
 * CMC_E_LOCAL with the first fault.
 */
enum cmc_rc cmc_store_check(const char *path, struct cmc_err *err) CMC_MUST_USE;
/* Can it be had for us alone, so that its file may be replaced? Errors: CMC_E_RETRY (somebody has
 * it open). */
enum cmc_rc cmc_store_unused(const char *path, struct cmc_err *err) CMC_MUST_USE;

/* -- reading ----------------------------------------------------------------------------- */

/* What a callback gets lives until it returns. A callback must not use the reader. */

enum cmc_rc cmc_reader_new(struct cmc_store *s, struct cmc_reader **out,
                           struct cmc_err *err) CMC_MUST_USE;
void cmc_reader_free(struct cmc_reader *r);

/* CMC_E_NOTFOUND when there is none, for each of these. */
enum cmc_rc cmc_reader_cert(struct cmc_reader *r, struct cmc_slice issuer, struct cmc_slice serial,
                            struct cmc_arena *arena, struct cmc_cert_record *out,
                            struct cmc_err *err) CMC_MUST_USE;
/* key: only what this key of the issuer's has signed, by its parts (crl.h); absent: any. */
enum cmc_rc cmc_reader_cert_status(struct cmc_reader *r, struct cmc_slice issuer,
                                   struct cmc_slice key, struct cmc_slice serial,
                                   struct cmc_cert_status *out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_reader_answer(struct cmc_reader *r, const uint8_t digest[CMC_SHA256_OCTETS],
                              struct cmc_arena *arena, struct cmc_answer *out,
                              struct cmc_err *err) CMC_MUST_USE;

/* The published trust anchors; CMC_E_NOTFOUND when none ever were. */
enum cmc_rc cmc_reader_anchors(struct cmc_reader *r, struct cmc_arena *arena,
                               struct cmc_anchor_set *out, struct cmc_err *err) CMC_MUST_USE;
/* A certificate (its DER) by its digest, if it was stored with one; CMC_E_NOTFOUND. */
enum cmc_rc cmc_reader_cert_by_digest(struct cmc_reader *r, const uint8_t digest[CMC_SHA256_OCTETS],
                                      struct cmc_arena *arena, struct cmc_slice *der,
                                      struct cmc_err *err) CMC_MUST_USE;
/* Was this key (digest of its SubjectPublicKeyInfo) certified as a unique one? */
enum cmc_rc cmc_reader_unique_key(struct cmc_reader *r, const uint8_t digest[CMC_SHA256_OCTETS],
                                  bool *found, struct cmc_err *err) CMC_MUST_USE;

/*
 * A number that grows with each change of a certificate's state or of the officers. Cheap
 * enough to ask for each request: a cached officer or CRL is good while it stands still.
 */
enum cmc_rc cmc_reader_generation(struct cmc_reader *r, uint64_t *out,
                                  struct cmc_err *err) CMC_MUST_USE;

/*
 * The same, and what is asked until release is answered as of this moment, each question for a
 * third of what it costs by itself. Microseconds only: meanwhile the log cannot start anew.
 * Release after a hold that failed, or without one, does nothing.
 */
enum cmc_rc cmc_reader_hold(struct cmc_reader *r, uint64_t *generation,
                            struct cmc_err *err) CMC_MUST_USE;
void cmc_reader_release(struct cmc_reader *r);

/* The secret for identity proofs with this name; CMC_E_NOTFOUND. */
enum cmc_rc cmc_reader_secret(struct cmc_reader *r, const char *name, struct cmc_arena *arena,
                              struct cmc_secret *out, struct cmc_err *err) CMC_MUST_USE;
/* The secret that revokes this certificate; CMC_E_NOTFOUND. */
enum cmc_rc cmc_reader_revocation_secret(struct cmc_reader *r, struct cmc_slice issuer,
                                         struct cmc_slice serial, struct cmc_arena *arena,
                                         struct cmc_secret *out, struct cmc_err *err) CMC_MUST_USE;
/* Each secret in order of name, as cmc_reader_officers(). */
enum cmc_rc cmc_reader_secrets(struct cmc_reader *r,
                               enum cmc_rc (*fn)(void *arg, const struct cmc_secret *s), void *arg,
                               struct cmc_err *err) CMC_MUST_USE;

/* Certificates, newest first, at most limit from the offset-th on; subject_like (NULL: all) is a
 * part of subject_text, compared without regard to the case of ASCII letters. For listings. */
enum cmc_rc cmc_reader_certs(struct cmc_reader *r, const char *subject_like, size_t offset,
                             size_t limit,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                             void *arg, struct cmc_err *err) CMC_MUST_USE;

/* Each audit record from sequence number `from` (1 is the first) in order. */
enum cmc_rc cmc_reader_audit(struct cmc_reader *r, int64_t from,
                             enum cmc_rc (*fn)(void *arg, int64_t seq, int64_t at, const char *json,
                                               const uint8_t hash[CMC_SHA256_OCTETS]),
                             void *arg, struct cmc_err *err) CMC_MUST_USE;

/* The number of the last audit record; 0: there is none. */
enum cmc_rc cmc_reader_audit_last(struct cmc_reader *r, int64_t *seq,
                                  struct cmc_err *err) CMC_MUST_USE;

/*
 * Recompute the audit chain: hash(n) = SHA-256(hash(n-1) || seq || at || json), seq and at as 8
 * octets big-endian, hash(0) all zero. *count is the number of records that fit. Errors:
 * CMC_E_CRYPTO names the first record that does not fit, or that is missing (also at the end).
 */
enum cmc_rc cmc_reader_audit_verify(struct cmc_reader *r, int64_t *count,
                                    struct cmc_err *err) CMC_MUST_USE;

#endif
