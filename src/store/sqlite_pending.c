/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite, the writer's side of store/pending.h: all within the transaction of sqlite_write.c. */
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "base/json.h"
#include "store/sqlite_int.h"

/* How much one sweep does at most of each kind, so that it does not keep requests waiting. */
#define SWEEP_ROWS 500

enum {
    P_MESSAGE,
    P_MESSAGE_ADD,
    P_HOLD,
    P_RELEASE,
    P_STATE,
    P_APPROVE,
    P_DECIDE,
    P_AWAIT,
    P_AWAIT_END,
    P_NONCE,
    P_NONCE_FIND,
    P_SECRET,
    P_SWEEP_LAPSED,
    P_SWEEP_NONCES,
    P_SWEEP_ANSWERS,
    P_SWEEP_ANSWERS_END,
    P_SWEEP_HELD,
    P_SWEEP_MESSAGES,
    P_SWEEP_AWAIT,
    P_COUNT
};

static const char *const statements[P_COUNT] = {
    [P_MESSAGE] = "SELECT id FROM held_message WHERE digest = ?",
    [P_MESSAGE_ADD] = "INSERT INTO held_message (digest, octets) VALUES (?, ?)",
    [P_HOLD] = "INSERT INTO held (token, state, owner, key, requester, endpoint, profile,"
               " body_part, simple, request, subject, subject_text, extensions, txn_id, held_at,"
               " poll_at, needed, message, asked_by)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [P_RELEASE] = "UPDATE held SET state = 3, issuer = ?, serial = ? WHERE id = ? AND state = 1",
    [P_STATE] = "SELECT state, needed, (SELECT count(*) FROM approval WHERE held = h.id),"
                " subject_text, endpoint FROM held h WHERE id = ?",
    [P_APPROVE] = "INSERT INTO approval (held, by, at) VALUES (?, ?, ?)",
    [P_DECIDE] = "UPDATE held SET state = ?, decided_at = ?, decided_by = ?, reason = ?"
                 " WHERE id = ?",
    [P_AWAIT] = "INSERT INTO await (issuer, serial, state, owner, key, endpoint, body_part,"
                " txn_id, issued_at, deadline) VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?)",
    [P_AWAIT_END] = "UPDATE await SET state = ? WHERE serial = ? AND issuer = ? AND state = 0",
    [P_NONCE] = "INSERT INTO nonce (key, message, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    [P_NONCE_FIND] = "SELECT message FROM nonce WHERE key = ?",
    [P_SECRET] = "INSERT INTO nonce_secret (id, secret) VALUES (1, ?) ON CONFLICT DO NOTHING",
    /* A certificate that was revoked meanwhile is left as it is. */
    [P_SWEEP_LAPSED] =
        "SELECT a.issuer, a.serial, a.endpoint, a.deadline,"
        " coalesce((SELECT c.state FROM cert c JOIN issuer i ON c.issuer = i.id"
        " WHERE i.name = a.issuer AND c.serial = a.serial), 1)"
        " FROM await a WHERE a.state = 0 AND a.deadline < ? ORDER BY a.deadline LIMIT 1",
    [P_SWEEP_NONCES] = "DELETE FROM nonce WHERE key IN"
                       " (SELECT key FROM nonce WHERE at < ? ORDER BY at LIMIT ?)",
    /* Answers are in order of time by their id; counter says how far they were forgotten. */
    [P_SWEEP_ANSWERS] =
        "UPDATE message SET answer = x'' WHERE id IN (SELECT id FROM message WHERE id >"
        " (SELECT value FROM counter WHERE name = 'answers-forgotten') AND at < ?"
        " ORDER BY id LIMIT ?)",
    [P_SWEEP_ANSWERS_END] =
        "UPDATE counter SET value = coalesce((SELECT max(id) FROM (SELECT id FROM message"
        " WHERE id > (SELECT value FROM counter WHERE name = 'answers-forgotten') AND at < ?"
        " ORDER BY id LIMIT ?)), value) WHERE name = 'answers-forgotten'",
    [P_SWEEP_HELD] = "DELETE FROM held WHERE id IN (SELECT id FROM held"
                     " WHERE state >= 2 AND decided_at < ? ORDER BY decided_at LIMIT ?)",
    [P_SWEEP_MESSAGES] = "DELETE FROM held_message WHERE id IN (SELECT m.id FROM held_message m"
                         " WHERE NOT EXISTS (SELECT 1 FROM held h WHERE h.message = m.id))",
    [P_SWEEP_AWAIT] = "DELETE FROM await WHERE state <> 0 AND deadline < ?",
};

static struct cmc_slice digest(const uint8_t *p)
{
    return cmc_slice(p, CMC_TXN_DIGEST_OCTETS);
}

/* -- opening ----------------------------------------------------------------------------------- */

/* The same secret for ever: nonces that were given out before a restart are still known. */
static enum cmc_rc make_secret(struct cmc_sqlite *c, struct cmc_err *err)
{
    uint8_t octets[CMC_TXN_DIGEST_OCTETS];
    struct cmc_bind b;
    enum cmc_rc rc;

    if (RAND_bytes(octets, sizeof octets) != 1)
        return cmc_fail_openssl(err, CMC_E_LOCAL, "no random octets can be had");
    b = cmc_bind_begin(c, P_SECRET);
    cmc_bind_blob(&b, digest(octets));
    rc = cmc_sqlite_run(c, &b, err);
    OPENSSL_cleanse(octets, sizeof octets);
    return rc;
}

enum cmc_rc cmc_sqlite_pending_writer(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                                      struct cmc_err *err)
{
    enum cmc_rc rc = cmc_sqlite_share(c, of, statements, P_COUNT, err);

    return rc == CMC_OK ? make_secret(c, err) : rc;
}

/* -- a request's transaction ------------------------------------------------------------------- */

static enum cmc_rc message_id(struct cmc_sqlite *c, const struct cmc_held *h, int64_t *id,
                              struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, P_MESSAGE);
    int code;

    cmc_bind_blob(&b, digest(h->message_digest));
    code = cmc_bind_step(&b);
    if (code == SQLITE_ROW)
        *id = sqlite3_column_int64(b.st, 0);
    cmc_bind_end(&b);
    if (code == SQLITE_ROW)
        return CMC_OK;
    if (code == SQLITE_DONE) {
        b = cmc_bind_begin(c, P_MESSAGE_ADD);
        cmc_bind_blob(&b, digest(h->message_digest));
        cmc_bind_blob(&b, h->message);
        code = cmc_bind_run(&b);
    }
    if (code != SQLITE_DONE)
        return cmc_sqlite_fail(c, code, err);
    *id = sqlite3_last_insert_rowid(c->db);
    return CMC_OK;
}

static enum cmc_rc hold(struct cmc_sqlite *c, const struct cmc_held *h, struct cmc_err *err)
{
    struct cmc_bind b;
    int64_t message = 0;
    enum cmc_rc rc = message_id(c, h, &message, err);

    if (rc != CMC_OK)
        return rc;
    b = cmc_bind_begin(c, P_HOLD);
    cmc_bind_blob(&b, digest(h->token_digest));
    cmc_bind_int(&b, CMC_HELD_WAITING);
    cmc_bind_blob(&b, digest(h->owner));
    cmc_bind_blob(&b, digest(h->key_digest));
    cmc_bind_text(&b, h->requester);
    cmc_bind_text(&b, h->endpoint);
    cmc_bind_text(&b, h->profile);
    cmc_bind_int(&b, h->body_part);
    cmc_bind_int(&b, h->simple);
    cmc_bind_blob(&b, h->request);
    cmc_bind_blob(&b, h->subject);
    cmc_bind_text(&b, h->subject_text);
    cmc_bind_blob(&b, h->extensions);
    cmc_bind_blob(&b, h->transaction_id);
    cmc_bind_int(&b, h->held_at);
    cmc_bind_int(&b, h->poll_at);
    cmc_bind_int(&b, h->needed);
    cmc_bind_int(&b, message);
    cmc_bind_text(&b, h->asked_by);
    return cmc_sqlite_run(c, &b, err);
}

static enum cmc_rc release(struct cmc_sqlite *c, const struct cmc_held_release *r,
                           struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, P_RELEASE);
    enum cmc_rc rc;

    cmc_bind_blob(&b, r->issuer);
    cmc_bind_blob(&b, r->serial);
    cmc_bind_int(&b, r->id);
    rc = cmc_sqlite_run(c, &b, err);
    if (rc == CMC_OK && sqlite3_changes(c->db) == 0)
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "request %lld is not approved, or issued before",
                        (long long)r->id);
    return rc;
}

static enum cmc_rc await_begin(struct cmc_sqlite *c, const struct cmc_await *a, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, P_AWAIT);

    cmc_bind_blob(&b, a->issuer);
    cmc_bind_blob(&b, a->serial);
    cmc_bind_blob(&b, digest(a->owner));
    cmc_bind_blob(&b, digest(a->key_digest));
    cmc_bind_text(&b, a->endpoint);
    cmc_bind_int(&b, a->body_part);
    cmc_bind_blob(&b, a->transaction_id);
    cmc_bind_int(&b, a->issued_at);
    cmc_bind_int(&b, a->deadline);
    return cmc_sqlite_run(c, &b, err);
}

static enum cmc_rc set_await(struct cmc_sqlite *c, struct cmc_slice issuer, struct cmc_slice serial,
                             enum cmc_await_state to, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, P_AWAIT_END);
    enum cmc_rc rc;

    cmc_bind_int(&b, to);
    cmc_bind_blob(&b, serial);
    cmc_bind_blob(&b, issuer);
    rc = cmc_sqlite_run(c, &b, err);
    if (rc == CMC_OK && sqlite3_changes(c->db) == 0)
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "the certificate waits for no confirmation");
    return rc;
}

static enum cmc_rc revoke(void *db, struct cmc_slice issuer, struct cmc_slice serial,
                          enum cmc_cert_state from, uint32_t reason, int64_t at,
                          struct cmc_err *err)
{
    const struct cmc_state_change ch = {.issuer = issuer,
                                        .serial = serial,
                                        .from = from,
                                        .to = CMC_CERT_REVOKED,
                                        .reason = reason,
                                        .at = at};

    return cmc_sqlite_write_change(db, &ch, err);
}

static enum cmc_rc await_end(struct cmc_sqlite *c, void *db, const struct cmc_await_end *e,
                             int64_t at, struct cmc_err *err)
{
    enum cmc_rc rc = set_await(c, e->issuer, e->serial, e->to, err);

    if (rc != CMC_OK || e->to != CMC_AWAIT_REJECTED)
        return rc;
    rc = revoke(db, e->issuer, e->serial, CMC_CERT_VALID, e->reason, at, err);
    if (rc == CMC_E_CONFLICT)
        rc = revoke(db, e->issuer, e->serial, CMC_CERT_HELD, e->reason, at, err);
    return rc == CMC_E_CONFLICT ? CMC_OK : rc; /* revoked already */
}

/* The same nonce for the same message is no conflict: that message is judged by its digest. */
static enum cmc_rc use_nonce(struct cmc_sqlite *c, const struct cmc_nonce_use *n, int64_t at,
                             struct cmc_err *err)
{
    struct cmc_slice key = cmc_slice(n->key, sizeof n->key);
    struct cmc_bind b = cmc_bind_begin(c, P_NONCE);
    enum cmc_rc rc;
    bool same;
    int code;

    cmc_bind_blob(&b, key);
    cmc_bind_blob(&b, cmc_slice(n->message, sizeof n->message));
    cmc_bind_int(&b, at);
    rc = cmc_sqlite_run(c, &b, err);
    if (rc != CMC_OK || sqlite3_changes(c->db) == 1)
        return rc;
    b = cmc_bind_begin(c, P_NONCE_FIND);
    cmc_bind_blob(&b, key);
    code = cmc_bind_step(&b);
    same = code == SQLITE_ROW && sqlite3_column_bytes(b.st, 0) == (int)sizeof n->message &&
           memcmp(sqlite3_column_blob(b.st, 0), n->message, sizeof n->message) == 0;
    cmc_bind_end(&b);
    return same ? CMC_OK : cmc_fail(err, CMC_E_CONFLICT, NULL, "the nonce was used before");
}

static enum cmc_rc decide(struct cmc_sqlite *c, void *db, const struct cmc_held_decision *d,
                          enum cmc_held_state *state, struct cmc_err *err);

enum cmc_rc cmc_sqlite_pending_txn(struct cmc_sqlite *c, void *db, const struct cmc_txn *t,
                                   struct cmc_err *err)
{
    enum cmc_held_state state;
    enum cmc_rc rc = CMC_OK;

    if (t->nonce != NULL)
        rc = use_nonce(c, t->nonce, t->at, err);
    for (size_t i = 0; rc == CMC_OK && i < t->nheld; i++)
        rc = hold(c, &t->held[i], err);
    for (size_t i = 0; rc == CMC_OK && i < t->nreleases; i++)
        rc = release(c, &t->releases[i], err);
    for (size_t i = 0; rc == CMC_OK && i < t->napprovals; i++)
        rc = decide(c, db, &t->approvals[i], &state, err);
    for (size_t i = 0; rc == CMC_OK && i < t->nawaits; i++)
        rc = await_begin(c, &t->awaits[i], err);
    for (size_t i = 0; rc == CMC_OK && i < t->nawait_ends; i++)
        rc = await_end(c, db, &t->await_ends[i], t->at, err);
    return rc;
}

/* -- decisions --------------------------------------------------------------------------------- */

/* What a decision needs to know of its request. */
struct request {
    int64_t state;
    uint32_t needed, approvals;
    char subject[CMC_LIMIT_ERROR_TEXT];
    char endpoint[CMC_LIMIT_ERROR_TEXT];
};

static enum cmc_rc find_request(struct cmc_sqlite *c, int64_t id, struct request *out,
                                struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, P_STATE);
    enum cmc_rc rc = CMC_OK;
    int code;

    cmc_bind_int(&b, id);
    code = cmc_bind_step(&b);
    if (code == SQLITE_ROW) {
        const char *subject = (const char *)sqlite3_column_text(b.st, 3);
        const char *endpoint = (const char *)sqlite3_column_text(b.st, 4);

        out->state = sqlite3_column_int64(b.st, 0);
        out->needed = (uint32_t)sqlite3_column_int64(b.st, 1);
        out->approvals = (uint32_t)sqlite3_column_int64(b.st, 2);
        (void)snprintf(out->subject, sizeof out->subject, "%s", subject != NULL ? subject : "");
        (void)snprintf(out->endpoint, sizeof out->endpoint, "%s", endpoint != NULL ? endpoint : "");
    } else if (code == SQLITE_DONE) {
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "there is no request %lld", (long long)id);
    } else {
        rc = cmc_sqlite_fail(c, code, err);
    }
    cmc_bind_end(&b);
    return rc;
}

static enum cmc_rc audit_decision(void *db, const struct cmc_held_decision *d,
                                  const struct request *rq, struct cmc_err *err)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE * 2u);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", cmc_slice_str(d->approve ? "request-approve" : "request-refuse"));
    cmc_json_int(&b, "request", d->id);
    cmc_json_str(&b, "endpoint", cmc_slice_str(rq->endpoint));
    cmc_json_str(&b, "subject", cmc_slice_str(rq->subject));
    cmc_json_str(&b, "by", cmc_slice_str(d->by));
    if (d->approve) {
        cmc_json_int(&b, "approvals", rq->approvals);
        cmc_json_int(&b, "needed", rq->needed);
    }
    cmc_json_str(&b, "reason", cmc_slice_str(d->text));
    cmc_json_end(&b);
    rc = cmc_buf_cstr(&b) != NULL
             ? cmc_sqlite_write_audit(db, d->at, (const char *)b.p, err)
             : cmc_fail(err, CMC_E_LIMIT, NULL, "the reason is too long for the audit log");
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc add_approval(struct cmc_sqlite *c, const struct cmc_held_decision *d,
                                struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, P_APPROVE);
    int code;

    cmc_bind_int(&b, d->id);
    cmc_bind_text(&b, d->by);
    cmc_bind_int(&b, d->at);
    code = cmc_bind_run(&b);
    if (cmc_sqlite_is_duplicate(code))
        return cmc_fail(err, CMC_E_CONFLICT, NULL,
                        "request %lld: %s approved it before; another must", (long long)d->id,
                        d->by);
    return code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

static enum cmc_rc decide(struct cmc_sqlite *c, void *db, const struct cmc_held_decision *d,
                          enum cmc_held_state *state, struct cmc_err *err)
{
    static const char *const names[] = {"waiting", "approved", "refused", "issued"};
    struct request rq = {0};
    struct cmc_bind b;
    enum cmc_rc rc = find_request(c, d->id, &rq, err);

    if (rc != CMC_OK)
        return rc;
    if (d->by == NULL || d->by[0] == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL, "a decision needs the name of who decides");
    /* What was approved may be refused for as long as it is not issued. */
    if (rq.state >= CMC_HELD_REFUSED || (d->approve && rq.state != CMC_HELD_WAITING))
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "request %lld is %s already", (long long)d->id,
                        rq.state <= CMC_HELD_ISSUED ? names[rq.state] : "decided");
    *state = CMC_HELD_REFUSED;
    if (d->approve) {
        rc = add_approval(c, d, err);
        if (rc != CMC_OK)
            return rc;
        rq.approvals++;
        *state = rq.approvals >= rq.needed ? CMC_HELD_APPROVED : CMC_HELD_WAITING;
    }
    if (*state != CMC_HELD_WAITING) {
        b = cmc_bind_begin(c, P_DECIDE);
        cmc_bind_int(&b, *state);
        cmc_bind_int(&b, d->at);
        cmc_bind_text(&b, d->by);
        cmc_bind_text(&b, d->text);
        cmc_bind_int(&b, d->id);
        rc = cmc_sqlite_run(c, &b, err);
    }
    return rc == CMC_OK ? audit_decision(db, d, &rq, err) : rc;
}

/* -- sweeping ---------------------------------------------------------------------------------- */

static enum cmc_rc audit_lapse(void *db, int64_t at, struct cmc_slice serial, const char *endpoint,
                               uint32_t reason, bool revoked, struct cmc_err *err)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE * 2u);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", CMC_SLICE_LIT("confirmation-lapsed"));
    cmc_json_str(&b, "endpoint", cmc_slice_str(endpoint));
    cmc_json_hex(&b, "serial", serial);
    cmc_json_str(&b, "outcome", cmc_slice_str(revoked ? "revoked" : "was revoked before"));
    if (revoked)
        cmc_json_int(&b, "reason", reason);
    cmc_json_str(&b, "clause", CMC_SLICE_LIT("RFC 10002 section 6.14"));
    cmc_json_end(&b);
    rc = cmc_buf_cstr(&b) != NULL ? cmc_sqlite_write_audit(db, at, (const char *)b.p, err)
                                  : cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    cmc_buf_free(&b);
    return rc;
}

/* The certificate whose deadline passed first. *found false: none is left. */
static enum cmc_rc lapse_one(struct cmc_sqlite *c, void *db, const struct cmc_sweep *what,
                             bool *found, struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_MESSAGE_OCTETS);
    struct cmc_bind b = cmc_bind_begin(c, P_SWEEP_LAPSED);
    struct cmc_slice issuer = CMC_SLICE_NONE, serial = CMC_SLICE_NONE;
    const char *endpoint = NULL;
    int64_t state = CMC_CERT_REVOKED;
    enum cmc_rc rc = CMC_OK;
    int code = SQLITE_NOMEM;

    *found = false;
    if (arena != NULL) {
        cmc_bind_int(&b, what->now);
        code = cmc_bind_step(&b);
    }
    if (code == SQLITE_ROW) {
        *found = true;
        issuer = cmc_arena_slice(
            arena, cmc_slice(sqlite3_column_blob(b.st, 0), (size_t)sqlite3_column_bytes(b.st, 0)));
        serial = cmc_arena_slice(
            arena, cmc_slice(sqlite3_column_blob(b.st, 1), (size_t)sqlite3_column_bytes(b.st, 1)));
        endpoint = cmc_arena_strdup(arena, (const char *)sqlite3_column_text(b.st, 2));
        state = sqlite3_column_int64(b.st, 4);
    } else if (code != SQLITE_DONE) {
        rc = cmc_sqlite_fail(c, code, err);
    }
    cmc_bind_end(&b);
    if (rc != CMC_OK || !*found)
        goto out;
    if (issuer.p == NULL || serial.p == NULL || endpoint == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    if (rc == CMC_OK)
        rc = set_await(c, issuer, serial, CMC_AWAIT_LAPSED, err);
    if (rc == CMC_OK && state != CMC_CERT_REVOKED)
        rc = revoke(db, issuer, serial, (enum cmc_cert_state)state, what->reason, what->now, err);
    if (rc == CMC_OK)
        rc = audit_lapse(db, what->now, serial, endpoint, what->reason, state != CMC_CERT_REVOKED,
                         err);
out:
    cmc_arena_free(arena);
    return rc;
}

/* One statement with a time and how many rows at most. */
static enum cmc_rc forget(struct cmc_sqlite *c, size_t stmt, int64_t before, int64_t rows,
                          size_t *count, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, stmt);
    enum cmc_rc rc;

    cmc_bind_int(&b, before);
    if (rows > 0)
        cmc_bind_int(&b, rows);
    rc = cmc_sqlite_run(c, &b, err);
    if (rc == CMC_OK && count != NULL)
        *count = (size_t)sqlite3_changes(c->db);
    return rc;
}

static enum cmc_rc sweep_held(struct cmc_sqlite *c, const struct cmc_sweep *what,
                              struct cmc_swept *out, struct cmc_err *err)
{
    struct cmc_bind b;
    enum cmc_rc rc = forget(c, P_SWEEP_HELD, what->ended_before, SWEEP_ROWS, &out->ended, err);

    if (rc == CMC_OK && out->ended > 0) {
        b = cmc_bind_begin(c, P_SWEEP_MESSAGES);
        rc = cmc_sqlite_run(c, &b, err);
    }
    if (rc == CMC_OK)
        rc = forget(c, P_SWEEP_AWAIT, what->ended_before, 0, NULL, err);
    return rc;
}

static enum cmc_rc sweep(struct cmc_sqlite *c, void *db, const struct cmc_sweep *what,
                         struct cmc_swept *out, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    bool found = true;

    while (rc == CMC_OK && found && out->lapsed < SWEEP_ROWS) {
        rc = lapse_one(c, db, what, &found, err);
        out->lapsed += rc == CMC_OK && found;
    }
    if (rc == CMC_OK && what->nonces_before != 0)
        rc = forget(c, P_SWEEP_NONCES, what->nonces_before, SWEEP_ROWS, &out->nonces, err);
    if (rc == CMC_OK && what->answers_before != 0)
        rc = forget(c, P_SWEEP_ANSWERS, what->answers_before, SWEEP_ROWS, &out->answers, err);
    if (rc == CMC_OK && out->answers > 0)
        rc = forget(c, P_SWEEP_ANSWERS_END, what->answers_before, SWEEP_ROWS, NULL, err);
    if (rc == CMC_OK && what->ended_before != 0)
        rc = sweep_held(c, what, out, err);
    out->more = out->lapsed == SWEEP_ROWS || out->nonces == SWEEP_ROWS ||
                out->answers == SWEEP_ROWS || out->ended == SWEEP_ROWS;
    return rc;
}

enum cmc_rc cmc_sqlite_pending_job(struct cmc_sqlite *c, void *db, const struct cmc_job *job,
                                   struct cmc_err *err)
{
    if (job->kind == CMC_JOB_HELD_DECIDE)
        return decide(c, db, job->u.held.decision, job->u.held.state, err);
    return sweep(c, db, job->u.sweep.what, job->u.sweep.out, err);
}
