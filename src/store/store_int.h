/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind store.h: the table of functions that a backend fills, and the jobs that the
 * writer thread hands it. Nothing outside src/store includes this.
 */
#ifndef CMC_STORE_STORE_INT_H
#define CMC_STORE_STORE_INT_H

#include "store/publication.h"
#include "store/search.h"
#include "store/store.h"

enum cmc_job_kind {
    CMC_JOB_TXN,
    CMC_JOB_OFFICER,
    CMC_JOB_SECRET_ADD,
    CMC_JOB_SECRET_REMOVE,
    CMC_JOB_CRL_PARTS,
    CMC_JOB_CRL_NUMBER,
    CMC_JOB_CRL_PUT,
    CMC_JOB_HELD_DECIDE,
    CMC_JOB_SWEEP,
    CMC_JOB_ANCHORS_PUT,
    CMC_JOB_MARK, /* store/publication.h, and the two below */
    CMC_JOB_TROUBLE,
    CMC_JOB_NOT_TAKEN
};

/* One thing to write. All pointers are borrowed until done is called. */
struct cmc_job {
    enum cmc_job_kind kind;
    union {
        const struct cmc_txn *txn;
        const struct cmc_officer_change *officer;
        const struct cmc_secret *secret;
        struct {
            const char *name;
            int64_t at;
        } removal; /* of a secret */
        struct {
            struct cmc_slice issuer, key;
            uint32_t shards;
            struct cmc_crl_part *parts; /* as number below */
            size_t *n;
        } crl_parts;
        struct {
            const struct cmc_crl_id *id;
            uint64_t *number; /* set by the backend; holds only when the outcome is CMC_OK */
        } crl_number;
        struct {
            const struct cmc_crl_id *id;
            const struct cmc_crl_record *crl;
        } crl;
        struct {
            const struct cmc_held_decision *decision;
            enum cmc_held_state *state; /* as number above */
        } held;
        struct {
            const struct cmc_sweep *what;
            struct cmc_swept *out; /* as number above */
        } sweep;
        struct cmc_anchor_set *anchors; /* sequence is set; holds only when the outcome is CMC_OK */
        const struct cmc_mark *mark;
        const struct cmc_target_trouble *trouble;
        const struct cmc_not_taken *not_taken;
    } u;
    cmc_store_done_fn done;
    void *arg;
};

/* What became of a job. */
struct cmc_outcome {
    enum cmc_rc rc;
    struct cmc_err err;
};

/* An audit record as it lies in the database: it may have been tampered with. */
struct cmc_audit_row {
    int64_t seq, at;
    const char *json; /* NUL-terminated, and maybe with a NUL inside */
    size_t json_octets;
    struct cmc_slice hash;
};
typedef enum cmc_rc (*cmc_audit_row_fn)(void *arg, const struct cmc_audit_row *row,
                                        struct cmc_err *err);

/*
 * A backend. db is what open made, used by the writer thread alone; rd is what reader_new made,
 * used by one thread at a time. The reading functions are those of store.h.
 */
struct cmc_store_ops {
    const char *scheme;
    enum cmc_rc (*open)(const char *place, bool create, void **db, struct cmc_err *err);
    void (*close)(void *db);
    /*
     * Write n jobs in one durable transaction. A job that fails by itself leaves nothing and does
     * not disturb the others; when the transaction as a whole fails, none of them has happened.
     * Fills out[0..n-1]; returns when what is CMC_OK is durable.
     */
    void (*group)(void *db, const struct cmc_job *jobs, struct cmc_outcome *out, size_t n);

    /* db is only asked where the database is. */
    enum cmc_rc (*reader_new)(const void *db, void **rd, struct cmc_err *err);
    void (*reader_free)(void *rd);
    enum cmc_rc (*cert)(void *rd, struct cmc_slice issuer, struct cmc_slice serial,
                        struct cmc_arena *arena, struct cmc_cert_record *out, struct cmc_err *err);
    enum cmc_rc (*cert_status)(void *rd, struct cmc_slice issuer, struct cmc_slice key,
                               struct cmc_slice serial, struct cmc_cert_status *out,
                               struct cmc_err *err);
    enum cmc_rc (*answer)(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                          struct cmc_arena *arena, struct cmc_answer *out, struct cmc_err *err);
    enum cmc_rc (*unique_key)(void *rd, const uint8_t digest[CMC_SHA256_OCTETS], bool *found,
                              struct cmc_err *err);
    enum cmc_rc (*officer)(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                           struct cmc_arena *arena, struct cmc_officer *out, struct cmc_err *err);
    enum cmc_rc (*officer_named)(void *rd, const char *name, struct cmc_arena *arena,
                                 struct cmc_officer *out, struct cmc_err *err);
    enum cmc_rc (*anchors)(void *rd, struct cmc_arena *arena, struct cmc_anchor_set *out,
                           struct cmc_err *err);
    enum cmc_rc (*cert_by_digest)(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                                  struct cmc_arena *arena, struct cmc_slice *der,
                                  struct cmc_err *err);
    enum cmc_rc (*generation)(void *rd, uint64_t *out, struct cmc_err *err);
    enum cmc_rc (*hold)(void *rd, uint64_t *generation, struct cmc_err *err);
    void (*release)(void *rd);
    enum cmc_rc (*officers)(void *rd, enum cmc_rc (*fn)(void *arg, const struct cmc_officer *o),
                            void *arg, struct cmc_err *err);
    enum cmc_rc (*secret)(void *rd, const char *name, struct cmc_arena *arena,
                          struct cmc_secret *out, struct cmc_err *err);
    enum cmc_rc (*revocation_secret)(void *rd, struct cmc_slice issuer, struct cmc_slice serial,
                                     struct cmc_arena *arena, struct cmc_secret *out,
                                     struct cmc_err *err);
    enum cmc_rc (*secrets)(void *rd, enum cmc_rc (*fn)(void *arg, const struct cmc_secret *s),
                           void *arg, struct cmc_err *err);
    enum cmc_rc (*certs)(void *rd, const char *subject_like, size_t offset, size_t limit,
                         enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c), void *arg,
                         struct cmc_err *err);
    enum cmc_rc (*audit)(void *rd, int64_t from, cmc_audit_row_fn fn, void *arg,
                         struct cmc_err *err);
    /* How many audit records were ever written. */
    enum cmc_rc (*audit_count)(void *rd, int64_t *out, struct cmc_err *err);
    enum cmc_rc (*backup)(void *rd, const char *path, struct cmc_err *err);
    /* Without opening a store. */
    enum cmc_rc (*check)(const char *place, struct cmc_err *err);
    enum cmc_rc (*unused)(const char *place, struct cmc_err *err);
    /* The reading functions of store/crl.h. */
    const struct cmc_store_crl_ops *crls;
    /* The reading functions of store/pending.h, and of store/publication.h. */
    const struct cmc_store_pending_ops *pending;
    const struct cmc_store_publication_ops *publication;
    /* store/search.h. */
    const struct cmc_store_search_ops *search;
};

struct cmc_store_crl_ops {
    enum cmc_rc (*crl)(void *rd, const struct cmc_crl_id *id, struct cmc_arena *arena,
                       struct cmc_crl_record *out, struct cmc_err *err);
    enum cmc_rc (*crl_before)(void *rd, const struct cmc_crl_id *id, int64_t before,
                              struct cmc_arena *arena, struct cmc_crl_record *out,
                              struct cmc_err *err);
    /* Does the database know of a CRL with this number that is a file? */
    enum cmc_rc (*is_file)(void *rd, const struct cmc_crl_id *id, uint64_t number, bool *known,
                           struct cmc_err *err);
    enum cmc_rc (*parts)(void *rd, struct cmc_slice issuer,
                         enum cmc_rc (*fn)(void *arg, const struct cmc_crl_part *p), void *arg,
                         struct cmc_err *err);
    enum cmc_rc (*revoked)(void *rd, struct cmc_slice issuer, uint32_t part, int64_t not_after_from,
                           enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c), void *arg,
                           struct cmc_err *err);
    enum cmc_rc (*revoked_count)(void *rd, struct cmc_slice issuer, int64_t part,
                                 int64_t not_after_from, uint64_t *n, struct cmc_err *err);
    enum cmc_rc (*revoked_part_after)(void *rd, struct cmc_slice issuer, int64_t part,
                                      int64_t *next, struct cmc_err *err);
    enum cmc_rc (*changed)(void *rd, struct cmc_slice issuer, uint32_t part, uint64_t since,
                           bool *changed, struct cmc_err *err);
    enum cmc_rc (*changes)(void *rd, struct cmc_slice issuer, uint32_t part, uint64_t since,
                           enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c), void *arg,
                           struct cmc_err *err);
};

/* ix is what open made, used by one thread at a time. */
struct cmc_store_search_ops {
    enum cmc_rc (*open)(const void *db, void **ix, struct cmc_err *err);
    void (*close)(void *ix);
    enum cmc_rc (*behind)(void *ix, int64_t *n, struct cmc_err *err);
    enum cmc_rc (*fill)(void *ix, bool *more, struct cmc_err *err);
    enum cmc_rc (*run)(void *ix, const struct cmc_search *q,
                       enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c), void *arg,
                       struct cmc_err *err);
};

struct cmc_store_pending_ops {
    enum cmc_rc (*held)(void *rd, const uint8_t token_digest[CMC_TXN_DIGEST_OCTETS],
                        struct cmc_arena *arena, struct cmc_held *out, struct cmc_err *err);
    enum cmc_rc (*held_id)(void *rd, int64_t id, struct cmc_arena *arena, struct cmc_held *out,
                           struct cmc_err *err);
    enum cmc_rc (*held_for_key)(void *rd, const uint8_t key_digest[CMC_TXN_DIGEST_OCTETS],
                                enum cmc_rc (*fn)(void *arg, const struct cmc_held *h), void *arg,
                                struct cmc_err *err);
    enum cmc_rc (*held_each)(void *rd, bool all,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_held *h), void *arg,
                             struct cmc_err *err);
    enum cmc_rc (*approvals)(void *rd, int64_t id,
                             enum cmc_rc (*fn)(void *arg, const char *by, int64_t at), void *arg,
                             struct cmc_err *err);
    enum cmc_rc (*await)(void *rd, struct cmc_slice issuer, struct cmc_slice serial,
                         struct cmc_arena *arena, struct cmc_await *out, struct cmc_err *err);
    enum cmc_rc (*await_each)(void *rd, struct cmc_slice transaction_id,
                              enum cmc_rc (*fn)(void *arg, const struct cmc_await *a), void *arg,
                              struct cmc_err *err);
    enum cmc_rc (*nonce)(void *rd, const uint8_t key[CMC_NONCE_KEY_OCTETS],
                         struct cmc_nonce_use *out, struct cmc_err *err);
    enum cmc_rc (*nonce_secret)(void *rd, uint8_t out[CMC_TXN_DIGEST_OCTETS], struct cmc_err *err);
};

struct cmc_store_publication_ops {
    enum cmc_rc (*mark)(void *rd, struct cmc_mark *m, struct cmc_err *err);
    enum cmc_rc (*trouble)(void *rd, const char *target, struct cmc_arena *arena,
                           struct cmc_target_trouble *out, struct cmc_err *err);
    enum cmc_rc (*wishes)(void *rd, struct cmc_slice issuer, uint64_t after, size_t limit,
                          enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p), void *arg,
                          struct cmc_err *err);
    enum cmc_rc (*not_taken)(void *rd, struct cmc_slice issuer, const char *target, int64_t before,
                             size_t limit,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p),
                             void *arg, struct cmc_err *err);
    enum cmc_rc (*count)(void *rd, struct cmc_slice issuer, const char *target, uint64_t after,
                         struct cmc_publication_count *out, struct cmc_err *err);
};

extern const struct cmc_store_ops cmc_store_sqlite;

struct cmc_reader {
    const struct cmc_store_ops *ops;
    void *rd;
};

struct cmc_search_index {
    const struct cmc_store_search_ops *ops;
    void *ix;
};
enum cmc_rc cmc_search_wrap(const struct cmc_store_search_ops *ops, const void *db,
                            struct cmc_search_index **out, struct cmc_err *err) CMC_MUST_USE;

/* Queue a job and wait for its outcome (store.c). */
enum cmc_rc cmc_store_run(struct cmc_store *s, struct cmc_job *job,
                          struct cmc_err *err) CMC_MUST_USE;

/* -- the audit chain (audit.c) ------------------------------------------------------------ */

struct cmc_chain; /* hashes records; for one thread at a time */

enum cmc_rc cmc_chain_new(struct cmc_chain **out, struct cmc_err *err) CMC_MUST_USE;
void cmc_chain_free(struct cmc_chain *c);
/* hash: in that of the record before, out that of this one. */
enum cmc_rc cmc_chain_next(struct cmc_chain *c, int64_t seq, int64_t at, struct cmc_slice json,
                           uint8_t hash[CMC_SHA256_OCTETS], struct cmc_err *err) CMC_MUST_USE;

#endif
