/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: the writer thread's side. A group of jobs is one transaction of savepoints. */
#include "store/sqlite_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

enum {
    W_BEGIN,
    W_COMMIT,
    W_ROLLBACK,
    W_SAVEPOINT,
    W_SAVEPOINT_ROLLBACK,
    W_SAVEPOINT_RELEASE,
    W_AUDIT_HEAD,
    W_AUDIT,
    W_AUDIT_COUNT,
    W_GENERATION,
    W_ISSUER,
    W_ISSUER_ADD,
    W_MESSAGE,
    W_CERT,
    W_CERT_DER,
    W_UNIQUE_KEY,
    W_STATE,
    W_CHANGE,
    W_SECRET_USE,
    W_SECRET_FAILURE,
    W_COUNT
};

static const char *const statements[W_COUNT] = {
    [W_BEGIN] = "BEGIN IMMEDIATE",
    [W_COMMIT] = "COMMIT",
    [W_ROLLBACK] = "ROLLBACK",
    [W_SAVEPOINT] = "SAVEPOINT job",
    [W_SAVEPOINT_ROLLBACK] = "ROLLBACK TO job",
    [W_SAVEPOINT_RELEASE] = "RELEASE job",
    [W_AUDIT_HEAD] = "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1",
    [W_AUDIT] = "INSERT INTO audit (seq, at, json, hash) VALUES (?, ?, ?, ?)",
    [W_AUDIT_COUNT] = "UPDATE counter SET value = ? WHERE name = 'audit'",
    [W_GENERATION] = "UPDATE counter SET value = value + 1 WHERE name = 'generation'",
    [W_ISSUER] = "SELECT id FROM issuer WHERE name = ?",
    [W_ISSUER_ADD] = "INSERT INTO issuer (name) VALUES (?)",
    [W_MESSAGE] = "INSERT INTO message (request_digest, type, answer, at) VALUES (?, ?, ?, ?)",
    [W_CERT] = "INSERT INTO cert (issuer, serial, state, reason, revoked_at, invalidity_at,"
               " not_before, not_after, issued_at, subject, subject_text, ski, spki_digest,"
               " profile, requester, part) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [W_CERT_DER] = "INSERT INTO cert_der (id, der) VALUES (?, ?)",
    [W_UNIQUE_KEY] = "INSERT INTO unique_key (spki_digest) VALUES (?)",
    [W_STATE] = "UPDATE cert SET state = ?, reason = ?, revoked_at = ?, invalidity_at = ?"
                " WHERE issuer = (SELECT id FROM issuer WHERE name = ?) AND serial = ?"
                " AND state = ? RETURNING id",
    /* Under the generation that the transaction is going to make. */
    [W_CHANGE] = "INSERT INTO crl_change (generation, cert) SELECT value + 1, ? FROM counter"
                 " WHERE name = 'generation' ON CONFLICT DO NOTHING",
    [W_SECRET_USE] = "UPDATE secret SET used_at = ?1, failures = 0 WHERE id = ?2 AND locked = 0"
                     " AND (once = 0 OR used_at = 0) AND (expires_at = 0 OR expires_at >= ?1)",
    [W_SECRET_FAILURE] = "UPDATE secret SET failures = failures + 1,"
                         " locked = (locked <> 0 OR failures + 1 >= ?) WHERE id = ?",
};

/* The end of the audit chain. Another process may append, so it is read in each transaction. */
struct head {
    int64_t seq;
    uint8_t hash[CMC_SHA256_OCTETS];
};

struct writer {
    struct cmc_sqlite c;
    struct cmc_sqlite pending;   /* sqlite_pending.c's */
    struct cmc_sqlite registers; /* sqlite_register.c's */
    struct cmc_sqlite officers;  /* sqlite_officer.c's */
    struct cmc_chain *chain;
    struct head head;
    /* The issuer that was last asked for, as there is seldom more than one. Forgotten with each
     * rollback, which may undo its adding. */
    struct cmc_buf issuer_name;
    int64_t issuer;
};

/* A Name is never longer. */
#define ISSUER_OCTETS_MAX 65536u

/* -- small steps ------------------------------------------------------------------------------- */

static enum cmc_rc run(struct writer *w, struct cmc_bind *b, struct cmc_err *err)
{
    return cmc_sqlite_run(&w->c, b, err);
}

static enum cmc_rc run_plain(struct writer *w, size_t stmt, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(&w->c, stmt);

    return run(w, &b, err);
}

/* "certificate 0a1b..." for messages. */
static const char *serial_text(struct cmc_slice serial, char *buf, size_t size)
{
    size_t n = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < serial.n && n + 3 <= size; i++)
        n += (size_t)snprintf(buf + n, size - n, "%02x", serial.p[i]);
    return buf;
}

static enum cmc_rc issuer_id(struct writer *w, struct cmc_slice name, int64_t *id,
                             struct cmc_err *err)
{
    struct cmc_bind b;
    int code;

    if (w->issuer != 0 && cmc_slice_eq(cmc_buf_get0(&w->issuer_name), name)) {
        *id = w->issuer;
        return CMC_OK;
    }
    b = cmc_bind_begin(&w->c, W_ISSUER);
    cmc_bind_blob(&b, name);
    code = cmc_bind_step(&b);
    if (code == SQLITE_ROW)
        *id = sqlite3_column_int64(b.st, 0);
    cmc_bind_end(&b);
    if (code == SQLITE_DONE) {
        b = cmc_bind_begin(&w->c, W_ISSUER_ADD);
        cmc_bind_blob(&b, name);
        code = cmc_bind_run(&b);
        if (code == SQLITE_DONE)
            *id = sqlite3_last_insert_rowid(w->c.db);
    }
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return cmc_sqlite_fail(&w->c, code, err);
    cmc_buf_reset(&w->issuer_name);
    cmc_buf_slice(&w->issuer_name, name);
    w->issuer = cmc_buf_ok(&w->issuer_name) ? *id : 0;
    return CMC_OK;
}

static enum cmc_rc grow_generation(struct writer *w, struct cmc_err *err)
{
    return run_plain(w, W_GENERATION, err);
}

static enum cmc_rc append_audit(struct writer *w, int64_t at, const char *json, struct cmc_err *err)
{
    struct cmc_slice text = cmc_slice_str(json);
    struct cmc_bind b;
    enum cmc_rc rc;

    if (text.n < 2 || json[0] != '{' || json[text.n - 1] != '}')
        return cmc_fail(err, CMC_E_BUG, NULL, "an audit record must be one JSON object");
    rc = cmc_chain_next(w->chain, w->head.seq + 1, at, text, w->head.hash, err);
    if (rc != CMC_OK)
        return rc;
    w->head.seq++;
    b = cmc_bind_begin(&w->c, W_AUDIT);
    cmc_bind_int(&b, w->head.seq);
    cmc_bind_int(&b, at);
    cmc_bind_text(&b, json);
    cmc_bind_blob(&b, cmc_slice(w->head.hash, sizeof w->head.hash));
    return run(w, &b, err);
}

/* -- a request's transaction ---------------------------------------------------------------------
 */

static enum cmc_rc put_message(struct writer *w, const struct cmc_txn *t, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(&w->c, W_MESSAGE);
    int code;

    cmc_bind_blob(&b, cmc_slice(t->request_digest, CMC_SHA256_OCTETS));
    cmc_bind_text(&b, t->answer_type);
    cmc_bind_blob(&b, t->answer);
    cmc_bind_int(&b, t->at);
    code = cmc_bind_run(&b);
    if (cmc_sqlite_is_duplicate(code))
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "this request was answered already");
    return code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(&w->c, code, err);
}

static enum cmc_rc put_unique_key(struct writer *w, const struct cmc_cert_record *r,
                                  struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(&w->c, W_UNIQUE_KEY);
    int code;

    cmc_bind_blob(&b, cmc_slice(r->spki_digest, sizeof r->spki_digest));
    code = cmc_bind_run(&b);
    if (cmc_sqlite_is_duplicate(code))
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "the key has a certificate already");
    return code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(&w->c, code, err);
}

/* What a delta CRL has to say. */
static enum cmc_rc note_change(struct writer *w, int64_t cert, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(&w->c, W_CHANGE);

    cmc_bind_int(&b, cert);
    return run(w, &b, err);
}

static enum cmc_rc put_cert(struct writer *w, const struct cmc_cert_record *r, struct cmc_err *err)
{
    struct cmc_bind b;
    char serial[48];
    int64_t issuer = 0, cert;
    enum cmc_rc rc;
    int code;

    rc = issuer_id(w, r->issuer, &issuer, err);
    if (rc != CMC_OK)
        return rc;
    b = cmc_bind_begin(&w->c, W_CERT);
    cmc_bind_int(&b, issuer);
    cmc_bind_blob(&b, r->serial);
    cmc_bind_int(&b, r->state);
    cmc_bind_int(&b, r->reason);
    cmc_bind_int(&b, r->revoked_at);
    cmc_bind_int(&b, r->invalidity_at);
    cmc_bind_int(&b, r->not_before);
    cmc_bind_int(&b, r->not_after);
    cmc_bind_int(&b, r->issued_at);
    cmc_bind_blob(&b, r->subject);
    cmc_bind_text(&b, r->subject_text);
    cmc_bind_blob(&b, r->ski);
    cmc_bind_blob(&b, cmc_slice(r->spki_digest, sizeof r->spki_digest));
    cmc_bind_text(&b, r->profile);
    cmc_bind_text(&b, r->requester);
    cmc_bind_int(&b, r->part);
    code = cmc_bind_run(&b);
    if (cmc_sqlite_is_duplicate(code))
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "certificate %s of this issuer exists already",
                        serial_text(r->serial, serial, sizeof serial));
    if (code != SQLITE_DONE)
        return cmc_sqlite_fail(&w->c, code, err);
    cert = sqlite3_last_insert_rowid(w->c.db);
    b = cmc_bind_begin(&w->c, W_CERT_DER);
    cmc_bind_int(&b, cert);
    cmc_bind_blob(&b, r->der);
    rc = run(w, &b, err);
    if (rc == CMC_OK && r->digest != NULL)
        rc = cmc_sqlite_cert_digest(&w->c, cert, r->digest, err);
    if (rc == CMC_OK && r->state != CMC_CERT_VALID)
        rc = note_change(w, cert, err);
    return rc;
}

static enum cmc_rc change_state(struct writer *w, const struct cmc_state_change *ch,
                                struct cmc_err *err)
{
    static const char *const names[] = {"valid", "revoked", "held"};
    bool valid = ch->to == CMC_CERT_VALID;
    struct cmc_bind b = cmc_bind_begin(&w->c, W_STATE);
    char serial[48];
    int64_t cert = 0;
    int code;

    if ((size_t)ch->from > CMC_CERT_HELD || (size_t)ch->to > CMC_CERT_HELD)
        return cmc_fail(err, CMC_E_BUG, NULL, "unknown certificate state");
    cmc_bind_int(&b, ch->to);
    cmc_bind_int(&b, valid ? 0 : ch->reason);
    cmc_bind_int(&b, valid ? 0 : ch->at);
    cmc_bind_int(&b, valid ? 0 : ch->invalidity_at);
    cmc_bind_blob(&b, ch->issuer);
    cmc_bind_blob(&b, ch->serial);
    cmc_bind_int(&b, ch->from);
    code = cmc_bind_step(&b);
    if (code == SQLITE_ROW)
        cert = sqlite3_column_int64(b.st, 0);
    cmc_bind_end(&b);
    if (code == SQLITE_DONE)
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "certificate %s of this issuer is not %s",
                        serial_text(ch->serial, serial, sizeof serial), names[ch->from]);
    return code == SQLITE_ROW ? note_change(w, cert, err) : cmc_sqlite_fail(&w->c, code, err);
}

static enum cmc_rc use_secret(struct writer *w, const struct cmc_secret_use *u, int64_t at,
                              struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(&w->c, u->used ? W_SECRET_USE : W_SECRET_FAILURE);
    enum cmc_rc rc;

    cmc_bind_int(&b, u->used ? at : (int64_t)u->max_failures);
    cmc_bind_int(&b, u->id);
    rc = run(w, &b, err);
    if (rc == CMC_OK && u->used && sqlite3_changes(w->c.db) == 0)
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "the shared secret cannot be used any more");
    return rc;
}

static enum cmc_rc do_txn(struct writer *w, const struct cmc_txn *t, struct cmc_err *err)
{
    bool state_changed = t->nchanges > 0;
    enum cmc_rc rc = CMC_OK;

    if (t->request_digest != NULL)
        rc = put_message(w, t, err);
    for (size_t i = 0; rc == CMC_OK && i < t->ncerts; i++) {
        rc = put_cert(w, &t->certs[i], err);
        if (rc == CMC_OK && t->certs[i].unique_key)
            rc = put_unique_key(w, &t->certs[i], err);
        state_changed |= t->certs[i].state != CMC_CERT_VALID;
    }
    for (size_t i = 0; rc == CMC_OK && i < t->nchanges; i++)
        rc = change_state(w, &t->changes[i], err);
    for (size_t i = 0; rc == CMC_OK && i < t->nsecrets; i++)
        rc = use_secret(w, &t->secrets[i], t->at, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_pending_txn(&w->pending, w, t, err);
    for (size_t i = 0; rc == CMC_OK && i < t->npublications; i++)
        rc = cmc_sqlite_publication(&w->c, &t->publications[i], t->at, err);
    for (size_t i = 0; rc == CMC_OK && i < t->naudits; i++)
        rc = append_audit(w, t->at, t->audits[i].json, err);
    if (rc == CMC_OK && state_changed)
        rc = grow_generation(w, err);
    return rc;
}

enum cmc_rc cmc_sqlite_write_audit(void *db, int64_t at, const char *json, struct cmc_err *err)
{
    return append_audit(db, at, json, err);
}

enum cmc_rc cmc_sqlite_write_change(void *db, const struct cmc_state_change *ch,
                                    struct cmc_err *err)
{
    enum cmc_rc rc = change_state(db, ch, err);

    return rc == CMC_OK ? grow_generation(db, err) : rc;
}

/* -- CRLs ----------------------------------------------------------------------------------------
 */

static enum cmc_rc do_crl(struct writer *w, const struct cmc_job *job, struct cmc_slice issuer,
                          struct cmc_err *err)
{
    int64_t id;
    enum cmc_rc rc = issuer_id(w, issuer, &id, err);

    return rc == CMC_OK ? cmc_sqlite_crl_job(&w->c, id, job, err) : rc;
}

/* -- trust anchors -------------------------------------------------------------------------------
 */

static enum cmc_rc do_anchors_put(struct writer *w, struct cmc_anchor_set *set, struct cmc_err *err)
{
    char json[128];
    enum cmc_rc rc = cmc_sqlite_anchors_put(&w->c, set, err);

    if (rc != CMC_OK)
        return rc;
    (void)snprintf(json, sizeof json,
                   "{\"event\":\"anchors-publish\",\"seqNumber\":%llu,"
                   "\"certificates\":%zu}",
                   (unsigned long long)set->sequence, set->ncerts);
    return append_audit(w, set->at, json, err);
}

/* -- the group -----------------------------------------------------------------------------------
 */

static enum cmc_rc read_head(struct writer *w, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(&w->c, W_AUDIT_HEAD);
    enum cmc_rc rc = CMC_OK;
    int code = cmc_bind_step(&b);

    w->head = (struct head){0};
    if (code == SQLITE_ROW) {
        w->head.seq = sqlite3_column_int64(b.st, 0);
        if (sqlite3_column_bytes(b.st, 1) == CMC_SHA256_OCTETS)
            memcpy(w->head.hash, sqlite3_column_blob(b.st, 1), CMC_SHA256_OCTETS);
        else
            rc = cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: the last audit record is damaged",
                          w->c.path);
    } else if (code != SQLITE_DONE) {
        rc = cmc_sqlite_fail(&w->c, code, err);
    }
    cmc_bind_end(&b);
    return rc;
}

static enum cmc_rc do_job(struct writer *w, const struct cmc_job *job, struct cmc_err *err)
{
    switch (job->kind) {
    case CMC_JOB_TXN:
        return do_txn(w, job->u.txn, err);
    case CMC_JOB_OFFICER:
        return cmc_sqlite_officer_job(&w->officers, w, job->u.officer, err);
    case CMC_JOB_SECRET_ADD:
    case CMC_JOB_SECRET_REMOVE:
        return cmc_sqlite_register_job(&w->registers, w, job, err);
    case CMC_JOB_CRL_PARTS:
        return do_crl(w, job, job->u.crl_parts.issuer, err);
    case CMC_JOB_CRL_NUMBER:
        return do_crl(w, job, job->u.crl_number.id->issuer, err);
    case CMC_JOB_CRL_PUT:
        return do_crl(w, job, job->u.crl.id->issuer, err);
    case CMC_JOB_HELD_DECIDE:
    case CMC_JOB_SWEEP:
        return cmc_sqlite_pending_job(&w->pending, w, job, err);
    case CMC_JOB_ANCHORS_PUT:
        return do_anchors_put(w, job->u.anchors, err);
    case CMC_JOB_PUBLISHED:
        return cmc_sqlite_published(&w->c, job->u.publication, err);
    default:
        return cmc_fail(err, CMC_E_BUG, NULL, "unknown kind of job");
    }
}

/*
 * One job in a savepoint. Its own failure goes to its outcome and is undone; what is returned is
 * a failure of the transaction as a whole.
 */
static enum cmc_rc do_member(struct writer *w, const struct cmc_job *job, struct cmc_outcome *out,
                             struct cmc_err *err)
{
    struct head before = w->head;
    enum cmc_rc rc = run_plain(w, W_SAVEPOINT, err);

    if (rc != CMC_OK)
        return rc;
    out->rc = do_job(w, job, &out->err);
    if (out->rc != CMC_OK) {
        /* A full disk and its like make SQLite undo everything at once. */
        if (sqlite3_get_autocommit(w->c.db) != 0) {
            if (err != NULL)
                *err = out->err;
            return out->rc;
        }
        w->head = before;
        w->issuer = 0;
        rc = run_plain(w, W_SAVEPOINT_ROLLBACK, err);
    }
    return rc == CMC_OK ? run_plain(w, W_SAVEPOINT_RELEASE, err) : rc;
}

static enum cmc_rc put_audit_count(struct writer *w, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(&w->c, W_AUDIT_COUNT);

    cmc_bind_int(&b, w->head.seq);
    return run(w, &b, err);
}

/* How the jobs of a group are kept apart. */
enum apart {
    APART_NOT,       /* all of them go well: nothing needs to be undone by itself */
    APART_SAVEPOINTS /* each may fail by itself */
};

static enum cmc_rc do_jobs(struct writer *w, const struct cmc_job *jobs, struct cmc_outcome *out,
                           size_t n, enum apart apart, bool *any, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < n; i++) {
        rc = apart == APART_NOT ? do_job(w, &jobs[i], err) : do_member(w, &jobs[i], &out[i], err);
        *any |= rc == CMC_OK && out[i].rc == CMC_OK;
    }
    return rc;
}

/* *job_failed: it was a job that went wrong, and not the database as a whole. */
static enum cmc_rc do_group(struct writer *w, const struct cmc_job *jobs, struct cmc_outcome *out,
                            size_t n, enum apart apart, bool *job_failed, struct cmc_err *err)
{
    int64_t first_seq;
    bool any = false;
    enum cmc_rc rc = run_plain(w, W_BEGIN, err);

    if (rc == CMC_OK)
        rc = read_head(w, err);
    first_seq = w->head.seq;
    if (rc == CMC_OK) {
        rc = do_jobs(w, jobs, out, n, apart, &any, err);
        *job_failed = rc != CMC_OK;
    }
    if (rc == CMC_OK && w->head.seq != first_seq)
        rc = put_audit_count(w, err);
    if (rc == CMC_OK && any)
        rc = run_plain(w, W_COMMIT, err);
    /* Also when there was nothing to commit, or when the commit failed. */
    if (sqlite3_get_autocommit(w->c.db) == 0)
        (void)run_plain(w, W_ROLLBACK, NULL);
    if (rc != CMC_OK)
        w->issuer = 0;
    return rc;
}

/*
 * A savepoint makes SQLite copy each page before the job changes it, which costs more than the
 * changes do, and jobs seldom fail. So a group is first tried without, and a second time, each
 * job by itself, when one of them fails.
 */
void cmc_sqlite_group(void *db, const struct cmc_job *jobs, struct cmc_outcome *out, size_t n)
{
    bool job_failed = false;
    struct cmc_err err;
    enum cmc_rc rc;

    for (size_t i = 0; i < n; i++) {
        out[i].rc = CMC_OK;
        (void)cmc_fail(&out[i].err, CMC_OK, NULL, "%s", "");
    }
    rc = do_group(db, jobs, out, n, APART_NOT, &job_failed, &err);
    if (job_failed)
        rc = do_group(db, jobs, out, n, APART_SAVEPOINTS, &job_failed, &err);
    for (size_t i = 0; rc != CMC_OK && i < n; i++)
        if (out[i].rc == CMC_OK)
            out[i] = (struct cmc_outcome){.rc = rc, .err = err};
}

/* -- opening -------------------------------------------------------------------------------------
 */

enum cmc_rc cmc_sqlite_writer_open(const char *path, bool create, void **db, struct cmc_err *err)
{
    struct writer *w = calloc(1, sizeof *w);
    enum cmc_rc rc = CMC_OK;

    if (w == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    cmc_buf_init(&w->issuer_name, ISSUER_OCTETS_MAX);
    if (create)
        rc = cmc_sqlite_create(path, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_connect(&w->c, path, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_migrate(&w->c, err);
    /* Room for the upper pages of the indexes over random keys. */
    if (rc == CMC_OK)
        rc = cmc_sqlite_exec(&w->c, "PRAGMA cache_size = -16384", err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_prepare(&w->c, statements, W_COUNT, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_pending_writer(&w->pending, &w->c, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_register_writer(&w->registers, &w->c, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_officer_writer(&w->officers, &w->c, err);
    if (rc == CMC_OK)
        rc = cmc_chain_new(&w->chain, err);
    if (rc != CMC_OK) {
        cmc_sqlite_writer_close(w);
        return rc;
    }
    *db = w;
    return CMC_OK;
}

void cmc_sqlite_writer_close(void *db)
{
    struct writer *w = db;

    cmc_chain_free(w->chain);
    cmc_buf_free(&w->issuer_name);
    cmc_sqlite_unshare(&w->registers);
    cmc_sqlite_unshare(&w->officers);
    cmc_sqlite_unshare(&w->pending);
    cmc_sqlite_close(&w->c);
    free(w);
}

const char *cmc_sqlite_writer_path(const void *db)
{
    const struct writer *w = db;

    return w->c.path;
}
