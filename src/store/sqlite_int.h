/* SPDX-License-Identifier: Apache-2.0 */
/* One SQLite connection with its prepared statements: what the writer and the readers share. */
#ifndef CMC_STORE_SQLITE_INT_H
#define CMC_STORE_SQLITE_INT_H

#include <sqlite3.h>

#include "store/store_int.h"

/* How long a statement waits for another process that writes. */
#define CMC_SQLITE_BUSY_MS 10000

struct cmc_sqlite {
    sqlite3 *db;
    char *path;
    sqlite3_stmt **stmts;
    size_t nstmts;
};

/* -- sqlite.c ------------------------------------------------------------------------------ */

/* Connect to a file that is there and is a store of ours. *c need not be initialised; it is to be
 * closed also after a failure. */
enum cmc_rc cmc_sqlite_connect(struct cmc_sqlite *c, const char *path,
                               struct cmc_err *err) CMC_MUST_USE;
/* The same, but only to look: nothing is changed, and the schema may be an older one. */
enum cmc_rc cmc_sqlite_look(struct cmc_sqlite *c, const char *path,
                            struct cmc_err *err) CMC_MUST_USE;
void cmc_sqlite_close(struct cmc_sqlite *c);
/* Prepare the statements; the index into sql is what cmc_bind_begin() takes. */
enum cmc_rc cmc_sqlite_prepare(struct cmc_sqlite *c, const char *const *sql, size_t n,
                               struct cmc_err *err) CMC_MUST_USE;
/*
 * Further statements over the connection of another, which must stay until unshare. For parts
 * that have a file of their own.
 */
enum cmc_rc cmc_sqlite_share(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                             const char *const *sql, size_t n, struct cmc_err *err) CMC_MUST_USE;
void cmc_sqlite_unshare(struct cmc_sqlite *c);
/* Make a new store (CMC_E_CONFLICT when the file exists), or bring an old schema up to date. */
enum cmc_rc cmc_sqlite_create(const char *path, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sqlite_migrate(struct cmc_sqlite *c, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sqlite_exec(struct cmc_sqlite *c, const char *sql,
                            struct cmc_err *err) CMC_MUST_USE;
/* What the connection's last error, which had this result code, means to a caller. */
enum cmc_rc cmc_sqlite_fail(const struct cmc_sqlite *c, int code, struct cmc_err *err);

/* A statement being filled in. A failed bind sticks, and comes out of the step. */
struct cmc_bind {
    sqlite3_stmt *st;
    int index, code;
};
struct cmc_bind cmc_bind_begin(const struct cmc_sqlite *c, size_t stmt);
void cmc_bind_int(struct cmc_bind *b, int64_t v);
/* An absent slice and a NULL string are NULL. Nothing is copied. */
void cmc_bind_blob(struct cmc_bind *b, struct cmc_slice s);
void cmc_bind_text(struct cmc_bind *b, const char *s);
/* SQLITE_ROW, SQLITE_DONE or an error. */
int cmc_bind_step(struct cmc_bind *b);
/* Let go of what was bound, and of the read lock. */
void cmc_bind_end(struct cmc_bind *b);
/* One step and the end, for statements without rows that matter. SQLITE_DONE, or an error. */
int cmc_bind_run(struct cmc_bind *b);
/* The same, as an error. */
enum cmc_rc cmc_sqlite_run(const struct cmc_sqlite *c, struct cmc_bind *b,
                           struct cmc_err *err) CMC_MUST_USE;
/* A result code: what a UNIQUE column or the key holds is there already. */
bool cmc_sqlite_is_duplicate(int code);

/* -- sqlite_vfs.c ---------------------------------------------------------------------------- */

/* The name of the layer under SQLite that gathers writes to the log; NULL: SQLite's own. */
const char *cmc_sqlite_vfs(void);

/* -- sqlite_write.c ------------------------------------------------------------------------ */

enum cmc_rc cmc_sqlite_writer_open(const char *path, bool create, void **db, struct cmc_err *err);
void cmc_sqlite_writer_close(void *db);
void cmc_sqlite_group(void *db, const struct cmc_job *jobs, struct cmc_outcome *out, size_t n);
const char *cmc_sqlite_writer_path(const void *db);

/* For those parts: an audit record, and a change of a certificate's state with all it entails, in
 * the writer's transaction. */
enum cmc_rc cmc_sqlite_write_audit(void *db, int64_t at, const char *json,
                                   struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sqlite_write_change(void *db, const struct cmc_state_change *ch,
                                    struct cmc_err *err) CMC_MUST_USE;

/* -- sqlite_register.c ----------------------------------------------------------------------- */

/* Its statements over a writer's connection, and the jobs of shared secrets. */
enum cmc_rc cmc_sqlite_register_writer(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                                       struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sqlite_register_job(struct cmc_sqlite *c, void *db, const struct cmc_job *job,
                                    struct cmc_err *err) CMC_MUST_USE;

/* -- sqlite_officer.c ------------------------------------------------------------------------ */

/* The same for officers. */
enum cmc_rc cmc_sqlite_officer_writer(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                                      struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sqlite_officer_job(struct cmc_sqlite *c, void *db,
                                   const struct cmc_officer_change *ch,
                                   struct cmc_err *err) CMC_MUST_USE;

/* -- sqlite_pending.c, sqlite_pending_read.c ------------------------------------------------ */

extern const struct cmc_store_pending_ops cmc_sqlite_pending_ops;
/* The statements of a writer, and of a reader. of is the connection. */
enum cmc_rc cmc_sqlite_pending_writer(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                                      struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sqlite_pending_reader(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                                      struct cmc_err *err) CMC_MUST_USE;
/* Its part of a request's transaction. db is the writer, for the functions above. */
enum cmc_rc cmc_sqlite_pending_txn(struct cmc_sqlite *c, void *db, const struct cmc_txn *t,
                                   struct cmc_err *err) CMC_MUST_USE;
/* CMC_JOB_HELD_DECIDE and CMC_JOB_SWEEP. */
enum cmc_rc cmc_sqlite_pending_job(struct cmc_sqlite *c, void *db, const struct cmc_job *job,
                                   struct cmc_err *err) CMC_MUST_USE;

/* A reader's connection. What reader_new gives out; its first member is what sqlite_read.c uses. */
struct cmc_sqlite_reader {
    struct cmc_sqlite c;
    struct cmc_sqlite pending;
};

/* -- sqlite_crl.c ---------------------------------------------------------------------------- */

extern const char cmc_sqlite_schema_crl[];
extern const struct cmc_store_crl_ops cmc_sqlite_crl_ops;
/* The CRL jobs. issuer is the id of the one that the job names. */
enum cmc_rc cmc_sqlite_crl_job(struct cmc_sqlite *c, int64_t issuer, const struct cmc_job *job,
                               struct cmc_err *err) CMC_MUST_USE;

/* -- sqlite_retrieve.c ----------------------------------------------------------------------- */

extern const char cmc_sqlite_schema_retrieve[];
enum cmc_rc cmc_sqlite_anchors_put(struct cmc_sqlite *c, struct cmc_anchor_set *set,
                                   struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sqlite_cert_digest(struct cmc_sqlite *c, int64_t cert, const uint8_t *digest,
                                   struct cmc_err *err) CMC_MUST_USE;
/* As in struct cmc_store_ops. */
enum cmc_rc cmc_sqlite_anchors(void *rd, struct cmc_arena *arena, struct cmc_anchor_set *out,
                               struct cmc_err *err);
enum cmc_rc cmc_sqlite_cert_by_digest(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                                      struct cmc_arena *arena, struct cmc_slice *der,
                                      struct cmc_err *err);

/* -- sqlite_publication.c -------------------------------------------------------------------- */

extern const char cmc_sqlite_schema_publication[];
extern const struct cmc_store_publication_ops cmc_sqlite_publication_ops;
/* A wish for a certificate, in the transaction that makes it. */
enum cmc_rc cmc_sqlite_publication(struct cmc_sqlite *c, const struct cmc_publication *p,
                                   int64_t at, struct cmc_err *err) CMC_MUST_USE;
/* CMC_JOB_MARK, CMC_JOB_TROUBLE and CMC_JOB_NOT_TAKEN. */
enum cmc_rc cmc_sqlite_publication_job(struct cmc_sqlite *c, const struct cmc_job *job,
                                       struct cmc_err *err) CMC_MUST_USE;

/* -- sqlite_read.c ------------------------------------------------------------------------- */

/* In the order that cmc_sqlite_cert_row() reads. Subqueries, so that rows which OFFSET skips cost
 * little. */
#define CMC_SQLITE_CERT_COLUMNS                                                                    \
    "(SELECT name FROM issuer WHERE id = c.issuer), c.serial, c.state, c.reason, c.revoked_at,"    \
    " c.invalidity_at, c.not_before, c.not_after, c.issued_at, c.subject, c.subject_text, c.ski,"  \
    " c.spki_digest, c.profile, c.requester, (SELECT der FROM cert_der WHERE id = c.id), c.part"
enum cmc_rc cmc_sqlite_cert_row(struct cmc_sqlite *c, sqlite3_stmt *st, struct cmc_cert_record *out,
                                struct cmc_err *err) CMC_MUST_USE;

/* -- sqlite_search.c ----------------------------------------------------------------------- */

extern const struct cmc_store_search_ops cmc_sqlite_search_ops;

/* -- sqlite_read.c: as in struct cmc_store_ops ---------------------------------------------- */

enum cmc_rc cmc_sqlite_reader_new(const void *db, void **rd, struct cmc_err *err);
void cmc_sqlite_reader_free(void *rd);
enum cmc_rc cmc_sqlite_cert(void *rd, struct cmc_slice issuer, struct cmc_slice serial,
                            struct cmc_arena *arena, struct cmc_cert_record *out,
                            struct cmc_err *err);
enum cmc_rc cmc_sqlite_answer(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                              struct cmc_arena *arena, struct cmc_answer *out, struct cmc_err *err);
enum cmc_rc cmc_sqlite_unique_key(void *rd, const uint8_t digest[CMC_SHA256_OCTETS], bool *found,
                                  struct cmc_err *err);
enum cmc_rc cmc_sqlite_officer(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_officer *out,
                               struct cmc_err *err);
enum cmc_rc cmc_sqlite_officer_named(void *rd, const char *name, struct cmc_arena *arena,
                                     struct cmc_officer *out, struct cmc_err *err);
enum cmc_rc cmc_sqlite_cert_status(void *rd, struct cmc_slice issuer, struct cmc_slice key,
                                   struct cmc_slice serial, struct cmc_cert_status *out,
                                   struct cmc_err *err);
enum cmc_rc cmc_sqlite_generation(void *rd, uint64_t *out, struct cmc_err *err);
enum cmc_rc cmc_sqlite_hold(void *rd, uint64_t *generation, struct cmc_err *err);
void cmc_sqlite_release(void *rd);
enum cmc_rc cmc_sqlite_officers(void *rd, enum cmc_rc (*fn)(void *arg, const struct cmc_officer *o),
                                void *arg, struct cmc_err *err);
enum cmc_rc cmc_sqlite_secret(void *rd, const char *name, struct cmc_arena *arena,
                              struct cmc_secret *out, struct cmc_err *err);
enum cmc_rc cmc_sqlite_revocation_secret(void *rd, struct cmc_slice issuer, struct cmc_slice serial,
                                         struct cmc_arena *arena, struct cmc_secret *out,
                                         struct cmc_err *err);
enum cmc_rc cmc_sqlite_secrets(void *rd, enum cmc_rc (*fn)(void *arg, const struct cmc_secret *s),
                               void *arg, struct cmc_err *err);
enum cmc_rc cmc_sqlite_certs(void *rd, const char *subject_like, size_t offset, size_t limit,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                             void *arg, struct cmc_err *err);
enum cmc_rc cmc_sqlite_audit(void *rd, int64_t from, cmc_audit_row_fn fn, void *arg,
                             struct cmc_err *err);
enum cmc_rc cmc_sqlite_audit_count(void *rd, int64_t *out, struct cmc_err *err);

/* -- sqlite_keep.c: as in struct cmc_store_ops ---------------------------------------------- */

enum cmc_rc cmc_sqlite_backup(void *rd, const char *path, struct cmc_err *err);
enum cmc_rc cmc_sqlite_check(const char *path, struct cmc_err *err);
enum cmc_rc cmc_sqlite_unused(const char *path, struct cmc_err *err);

#endif
