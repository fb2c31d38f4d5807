/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: the readers' side. Each reader is a connection of its own that cannot write. */
#include "store/sqlite_row.h"

#include <stdlib.h>

enum {
    R_CERT,
    R_CERTS,
    R_CERTS_LIKE,
    R_STATE,
    R_ANSWER,
    R_UNIQUE_KEY,
    R_OFFICER,
    R_OFFICER_NAMED,
    R_OFFICERS,
    R_SECRET,
    R_SECRET_REVOKE,
    R_SECRETS,
    R_GENERATION,
    R_HOLD,
    R_AUDIT,
    R_AUDIT_COUNT,
    R_COUNT
};

#define CERT_COLUMNS    CMC_SQLITE_CERT_COLUMNS
#define OFFICER_COLUMNS "id, name, roles, cert_digest, cert, added_at, profiles, names"
#define SECRET_COLUMNS                                                                             \
    "id, name, purpose, sealed, once, added_at, used_at, expires_at, failures, locked, subject,"   \
    " issuer, serial, names"

static const char *const statements[R_COUNT] = {
    [R_CERT] = "SELECT " CERT_COLUMNS " FROM cert c"
               " WHERE c.issuer = (SELECT id FROM issuer WHERE name = ?) AND c.serial = ?",
    [R_CERTS] = "SELECT " CERT_COLUMNS " FROM cert c ORDER BY c.id DESC LIMIT ? OFFSET ?",
    [R_CERTS_LIKE] = "SELECT " CERT_COLUMNS " FROM cert c"
                     " WHERE instr(lower(c.subject_text), lower(?)) > 0"
                     " ORDER BY c.id DESC LIMIT ? OFFSET ?",
    [R_STATE] = "SELECT state, reason, revoked_at FROM cert"
                " WHERE issuer = (SELECT id FROM issuer WHERE name = ?1) AND serial = ?2"
                " AND NOT EXISTS (SELECT 1 FROM crl_part p WHERE p.issuer = cert.issuer"
                " AND p.part = cert.part AND p.key <> ?3)",
    [R_ANSWER] = "SELECT type, answer, at FROM message WHERE request_digest = ?",
    [R_UNIQUE_KEY] = "SELECT 1 FROM unique_key WHERE spki_digest = ?",
    [R_OFFICER] = "SELECT " OFFICER_COLUMNS " FROM officer WHERE cert_digest = ?",
    [R_OFFICER_NAMED] = "SELECT " OFFICER_COLUMNS " FROM officer WHERE name = ?",
    [R_OFFICERS] = "SELECT " OFFICER_COLUMNS " FROM officer ORDER BY name",
    [R_SECRET] = "SELECT " SECRET_COLUMNS " FROM secret WHERE name = ? AND purpose = 1",
    [R_SECRET_REVOKE] = "SELECT " SECRET_COLUMNS " FROM secret"
                        " WHERE issuer = ? AND serial = ? AND purpose = 2",
    [R_SECRETS] = "SELECT " SECRET_COLUMNS " FROM secret ORDER BY name",
    [R_GENERATION] = "SELECT value FROM counter WHERE name = 'generation'",
    [R_HOLD] = "SELECT value FROM counter WHERE name = 'generation'",
    [R_AUDIT] = "SELECT seq, at, json, hash FROM audit WHERE seq >= ? ORDER BY seq",
    [R_AUDIT_COUNT] = "SELECT value FROM counter WHERE name = 'audit'",
};

/* -- rows and columns -------------------------------------------------------------------------- */

/* A reading in progress: what the handler of a row needs. */
struct reading {
    struct cmc_sqlite *c;
    struct cmc_err *err;
};
typedef enum cmc_rc (*row_fn)(const struct reading *rd, sqlite3_stmt *st, void *arg);

static enum cmc_rc damaged(const struct reading *rd, const char *what)
{
    return cmc_fail(rd->err, CMC_E_LOCAL, NULL, "store %s: %s is damaged", rd->c->path, what);
}

/* Give each row to fn; *rows counts them. */
static enum cmc_rc each_row(struct cmc_sqlite *c, struct cmc_bind *b, row_fn fn, void *arg,
                            size_t *rows, struct cmc_err *err)
{
    struct reading rd = {c, err};
    enum cmc_rc rc = CMC_OK;
    int code;

    *rows = 0;
    while ((code = cmc_bind_step(b)) == SQLITE_ROW) {
        ++*rows;
        rc = fn(&rd, b->st, arg);
        if (rc != CMC_OK)
            break;
    }
    if (rc == CMC_OK && code != SQLITE_DONE)
        rc = cmc_sqlite_fail(c, code, err);
    cmc_bind_end(b);
    return rc;
}

static enum cmc_rc one_row(struct cmc_sqlite *c, struct cmc_bind *b, row_fn fn, void *arg,
                           const char *what, struct cmc_err *err)
{
    size_t rows;
    enum cmc_rc rc = each_row(c, b, fn, arg, &rows, err);

    if (rc == CMC_OK && rows == 0)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "%s", what);
    return rc;
}

static enum cmc_rc no_room(const struct reading *rd)
{
    return cmc_fail(rd->err, CMC_E_MEM, NULL, "out of memory for what the store holds");
}

/* -- certificates ------------------------------------------------------------------------------ */

static enum cmc_rc cert_row(const struct reading *rd, sqlite3_stmt *st, struct cmc_cert_record *r)
{
    struct cmc_slice digest = column_slice(st, 12);
    int64_t state = sqlite3_column_int64(st, 2);

    *r = (struct cmc_cert_record){
        .issuer = column_slice(st, 0),
        .serial = column_slice(st, 1),
        .state = (enum cmc_cert_state)state,
        .reason = (uint32_t)sqlite3_column_int64(st, 3),
        .revoked_at = sqlite3_column_int64(st, 4),
        .invalidity_at = sqlite3_column_int64(st, 5),
        .not_before = sqlite3_column_int64(st, 6),
        .not_after = sqlite3_column_int64(st, 7),
        .issued_at = sqlite3_column_int64(st, 8),
        .subject = column_slice(st, 9),
        .subject_text = column_text(st, 10),
        .ski = column_slice(st, 11),
        .profile = column_text(st, 13),
        .requester = column_text(st, 14),
        .der = column_slice(st, 15),
        .part = (uint32_t)sqlite3_column_int64(st, 16),
    };
    if (state < CMC_CERT_VALID || state > CMC_CERT_HELD || digest.n != CMC_SHA256_OCTETS ||
        r->issuer.p == NULL || r->der.p == NULL)
        return damaged(rd, "a certificate");
    memcpy(r->spki_digest, digest.p, CMC_SHA256_OCTETS);
    return CMC_OK;
}

enum cmc_rc cmc_sqlite_cert_row(struct cmc_sqlite *c, sqlite3_stmt *st, struct cmc_cert_record *out,
                                struct cmc_err *err)
{
    const struct reading rd = {c, err};

    return cert_row(&rd, st, out);
}

struct cert_out {
    struct cmc_arena *arena;
    struct cmc_cert_record *out;
};

static enum cmc_rc cert_keep(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    struct cert_out *o = arg;
    struct cmc_cert_record *r = o->out;
    enum cmc_rc rc = cert_row(rd, st, r);

    if (rc != CMC_OK)
        return rc;
    if (!keep_slice(o->arena, &r->issuer) || !keep_slice(o->arena, &r->serial) ||
        !keep_slice(o->arena, &r->subject) || !keep_slice(o->arena, &r->ski) ||
        !keep_slice(o->arena, &r->der) || !keep_text(o->arena, &r->subject_text) ||
        !keep_text(o->arena, &r->profile) || !keep_text(o->arena, &r->requester))
        return no_room(rd);
    return CMC_OK;
}

enum cmc_rc cmc_sqlite_cert(void *rd, struct cmc_slice issuer, struct cmc_slice serial,
                            struct cmc_arena *arena, struct cmc_cert_record *out,
                            struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_CERT);
    struct cert_out o = {arena, out};

    cmc_bind_blob(&b, issuer);
    cmc_bind_blob(&b, serial);
    return one_row(rd, &b, cert_keep, &o, "no certificate has this issuer and serial number", err);
}

static enum cmc_rc state_row(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    struct cmc_cert_status *out = arg;
    int64_t state = sqlite3_column_int64(st, 0);

    if (state < CMC_CERT_VALID || state > CMC_CERT_HELD)
        return damaged(rd, "a certificate's state");
    *out = (struct cmc_cert_status){.state = (enum cmc_cert_state)state,
                                    .reason = (uint32_t)sqlite3_column_int64(st, 1),
                                    .revoked_at = sqlite3_column_int64(st, 2)};
    return CMC_OK;
}

enum cmc_rc cmc_sqlite_cert_status(void *rd, struct cmc_slice issuer, struct cmc_slice key,
                                   struct cmc_slice serial, struct cmc_cert_status *out,
                                   struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_STATE);

    cmc_bind_blob(&b, issuer);
    cmc_bind_blob(&b, serial);
    cmc_bind_blob(&b, key);
    return one_row(rd, &b, state_row, out, "no certificate has this issuer and serial number", err);
}

struct cert_call {
    enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c);
    void *arg;
};

static enum cmc_rc cert_give(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    const struct cert_call *call = arg;
    struct cmc_cert_record r;
    enum cmc_rc rc = cert_row(rd, st, &r);

    return rc == CMC_OK ? call->fn(call->arg, &r) : rc;
}

static int64_t clamp(size_t n)
{
    return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

enum cmc_rc cmc_sqlite_certs(void *rd, const char *subject_like, size_t offset, size_t limit,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                             void *arg, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, subject_like != NULL ? R_CERTS_LIKE : R_CERTS);
    struct cert_call call = {.fn = fn, .arg = arg};
    size_t rows;

    if (subject_like != NULL)
        cmc_bind_text(&b, subject_like);
    cmc_bind_int(&b, clamp(limit));
    cmc_bind_int(&b, clamp(offset));
    return each_row(rd, &b, cert_give, &call, &rows, err);
}

/* -- answers ----------------------------------------------------------------------------------- */

struct answer_out {
    struct cmc_arena *arena;
    struct cmc_answer *out;
};

static enum cmc_rc answer_keep(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    struct answer_out *o = arg;

    o->out->type = column_text(st, 0);
    o->out->octets = column_slice(st, 1);
    o->out->at = sqlite3_column_int64(st, 2);
    if (!keep_text(o->arena, &o->out->type) || !keep_slice(o->arena, &o->out->octets))
        return no_room(rd);
    return CMC_OK;
}

enum cmc_rc cmc_sqlite_answer(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                              struct cmc_arena *arena, struct cmc_answer *out, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_ANSWER);
    struct answer_out o = {arena, out};

    cmc_bind_blob(&b, cmc_slice(digest, CMC_SHA256_OCTETS));
    return one_row(rd, &b, answer_keep, &o, "no request with this digest was answered", err);
}

/* -- officers ---------------------------------------------------------------------------------- */

static enum cmc_rc officer_row(const struct reading *rd, sqlite3_stmt *st, struct cmc_officer *o)
{
    struct cmc_slice digest = column_slice(st, 3);

    *o = (struct cmc_officer){
        .id = sqlite3_column_int64(st, 0),
        .name = column_text(st, 1),
        .roles = (unsigned int)sqlite3_column_int64(st, 2),
        .cert = column_slice(st, 4),
        .added_at = sqlite3_column_int64(st, 5),
        .profiles = column_text(st, 6),
        .names = column_text(st, 7),
    };
    if (digest.n != CMC_SHA256_OCTETS || o->name == NULL)
        return damaged(rd, "an officer");
    memcpy(o->cert_digest, digest.p, CMC_SHA256_OCTETS);
    return CMC_OK;
}

struct officer_out {
    struct cmc_arena *arena;
    struct cmc_officer *out;
};

static enum cmc_rc officer_keep(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    struct officer_out *o = arg;
    enum cmc_rc rc = officer_row(rd, st, o->out);

    if (rc == CMC_OK &&
        (!keep_text(o->arena, &o->out->name) || !keep_slice(o->arena, &o->out->cert) ||
         !keep_text(o->arena, &o->out->profiles) || !keep_text(o->arena, &o->out->names)))
        rc = no_room(rd);
    return rc;
}

enum cmc_rc cmc_sqlite_officer(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_officer *out,
                               struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_OFFICER);
    struct officer_out o = {arena, out};

    cmc_bind_blob(&b, cmc_slice(digest, CMC_SHA256_OCTETS));
    return one_row(rd, &b, officer_keep, &o, "no officer has this certificate", err);
}

enum cmc_rc cmc_sqlite_officer_named(void *rd, const char *name, struct cmc_arena *arena,
                                     struct cmc_officer *out, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_OFFICER_NAMED);
    struct officer_out o = {arena, out};

    cmc_bind_text(&b, name);
    return one_row(rd, &b, officer_keep, &o, "no officer has this name", err);
}

struct officer_call {
    enum cmc_rc (*fn)(void *arg, const struct cmc_officer *o);
    void *arg;
};

static enum cmc_rc officer_give(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    const struct officer_call *call = arg;
    struct cmc_officer o;
    enum cmc_rc rc = officer_row(rd, st, &o);

    return rc == CMC_OK ? call->fn(call->arg, &o) : rc;
}

enum cmc_rc cmc_sqlite_officers(void *rd, enum cmc_rc (*fn)(void *arg, const struct cmc_officer *o),
                                void *arg, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_OFFICERS);
    struct officer_call call = {fn, arg};
    size_t rows;

    return each_row(rd, &b, officer_give, &call, &rows, err);
}

/* -- shared secrets ---------------------------------------------------------------------------- */

static enum cmc_rc secret_row(const struct reading *rd, sqlite3_stmt *st, struct cmc_secret *s)
{
    int64_t purpose = sqlite3_column_int64(st, 2), failures = sqlite3_column_int64(st, 8);

    *s = (struct cmc_secret){
        .id = sqlite3_column_int64(st, 0),
        .name = column_text(st, 1),
        .purpose = (enum cmc_secret_purpose)purpose,
        .sealed = column_slice(st, 3),
        .once = sqlite3_column_int64(st, 4) != 0,
        .added_at = sqlite3_column_int64(st, 5),
        .used_at = sqlite3_column_int64(st, 6),
        .expires_at = sqlite3_column_int64(st, 7),
        .failures = failures < UINT32_MAX ? (uint32_t)failures : UINT32_MAX,
        .locked = sqlite3_column_int64(st, 9) != 0,
        .subject = column_slice(st, 10),
        .issuer = column_slice(st, 11),
        .serial = column_slice(st, 12),
        .names = column_text(st, 13),
    };
    if (s->name == NULL || s->sealed.p == NULL || failures < 0 ||
        (purpose != CMC_SECRET_ENROLL && purpose != CMC_SECRET_REVOKE))
        return damaged(rd, "a shared secret");
    return CMC_OK;
}

struct secret_out {
    struct cmc_arena *arena;
    struct cmc_secret *out;
};

static enum cmc_rc secret_keep(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    struct secret_out *o = arg;
    struct cmc_secret *s = o->out;
    enum cmc_rc rc = secret_row(rd, st, s);

    if (rc == CMC_OK && (!keep_text(o->arena, &s->name) || !keep_slice(o->arena, &s->sealed) ||
                         !keep_slice(o->arena, &s->subject) || !keep_slice(o->arena, &s->issuer) ||
                         !keep_slice(o->arena, &s->serial) || !keep_text(o->arena, &s->names)))
        rc = no_room(rd);
    return rc;
}

enum cmc_rc cmc_sqlite_unique_key(void *rd, const uint8_t digest[CMC_SHA256_OCTETS], bool *found,
                                  struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_UNIQUE_KEY);
    int code;

    cmc_bind_blob(&b, cmc_slice(digest, CMC_SHA256_OCTETS));
    code = cmc_bind_step(&b);
    *found = code == SQLITE_ROW;
    cmc_bind_end(&b);
    return *found || code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(rd, code, err);
}

enum cmc_rc cmc_sqlite_secret(void *rd, const char *name, struct cmc_arena *arena,
                              struct cmc_secret *out, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_SECRET);
    struct secret_out o = {arena, out};

    cmc_bind_text(&b, name);
    return one_row(rd, &b, secret_keep, &o, "no shared secret has this name", err);
}

enum cmc_rc cmc_sqlite_revocation_secret(void *rd, struct cmc_slice issuer, struct cmc_slice serial,
                                         struct cmc_arena *arena, struct cmc_secret *out,
                                         struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_SECRET_REVOKE);
    struct secret_out o = {arena, out};

    cmc_bind_blob(&b, issuer);
    cmc_bind_blob(&b, serial);
    return one_row(rd, &b, secret_keep, &o, "no shared secret revokes this certificate", err);
}

struct secret_call {
    enum cmc_rc (*fn)(void *arg, const struct cmc_secret *s);
    void *arg;
};

static enum cmc_rc secret_give(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    const struct secret_call *call = arg;
    struct cmc_secret s;
    enum cmc_rc rc = secret_row(rd, st, &s);

    return rc == CMC_OK ? call->fn(call->arg, &s) : rc;
}

enum cmc_rc cmc_sqlite_secrets(void *rd, enum cmc_rc (*fn)(void *arg, const struct cmc_secret *s),
                               void *arg, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_SECRETS);
    struct secret_call call = {fn, arg};
    size_t rows;

    return each_row(rd, &b, secret_give, &call, &rows, err);
}

/* -- counters, audit --------------------------------------------------------------------------- */

static enum cmc_rc counter_row(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    int64_t *out = arg;

    (void)rd;
    *out = sqlite3_column_int64(st, 0);
    return CMC_OK;
}

enum cmc_rc cmc_sqlite_generation(void *rd, uint64_t *out, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_GENERATION);
    int64_t v = 0;
    enum cmc_rc rc = one_row(rd, &b, counter_row, &v, "the store has no generation", err);

    if (rc == CMC_OK)
        *out = (uint64_t)v;
    return rc;
}

/* A statement that has given a row and is not reset keeps what it read from as it was. */
enum cmc_rc cmc_sqlite_hold(void *rd, uint64_t *generation, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_HOLD);
    int code = cmc_bind_step(&b);

    if (code == SQLITE_ROW) {
        *generation = (uint64_t)sqlite3_column_int64(b.st, 0);
        return CMC_OK;
    }
    cmc_bind_end(&b);
    return code == SQLITE_DONE ? cmc_fail(err, CMC_E_NOTFOUND, NULL, "the store has no generation")
                               : cmc_sqlite_fail(rd, code, err);
}

void cmc_sqlite_release(void *rd)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_HOLD);

    cmc_bind_end(&b);
}

enum cmc_rc cmc_sqlite_audit_count(void *rd, int64_t *out, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_AUDIT_COUNT);

    return one_row(rd, &b, counter_row, out, "the store does not count its audit records", err);
}

struct audit_call {
    cmc_audit_row_fn fn;
    void *arg;
};

static enum cmc_rc audit_give(const struct reading *rd, sqlite3_stmt *st, void *arg)
{
    const struct audit_call *call = arg;
    struct cmc_audit_row row = {
        .seq = sqlite3_column_int64(st, 0),
        .at = sqlite3_column_int64(st, 1),
        .json = column_text(st, 2),
        .json_octets = (size_t)sqlite3_column_bytes(st, 2),
        .hash = column_slice(st, 3),
    };

    if (row.json == NULL)
        return damaged(rd, "an audit record");
    return call->fn(call->arg, &row, rd->err);
}

enum cmc_rc cmc_sqlite_audit(void *rd, int64_t from, cmc_audit_row_fn fn, void *arg,
                             struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(rd, R_AUDIT);
    struct audit_call call = {fn, arg};
    size_t rows;

    cmc_bind_int(&b, from);
    return each_row(rd, &b, audit_give, &call, &rows, err);
}

/* -- opening ----------------------------------------------------------------------------------- */

enum cmc_rc cmc_sqlite_reader_new(const void *db, void **rd, struct cmc_err *err)
{
    struct cmc_sqlite_reader *r = calloc(1, sizeof *r);
    enum cmc_rc rc;

    if (r == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    rc = cmc_sqlite_connect(&r->c, cmc_sqlite_writer_path(db), err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_exec(&r->c, "PRAGMA query_only = ON", err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_prepare(&r->c, statements, R_COUNT, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_pending_reader(&r->pending, &r->c, err);
    if (rc != CMC_OK) {
        cmc_sqlite_reader_free(r);
        return rc;
    }
    *rd = r;
    return CMC_OK;
}

void cmc_sqlite_reader_free(void *rd)
{
    struct cmc_sqlite_reader *r = rd;

    cmc_sqlite_unshare(&r->pending);
    cmc_sqlite_close(&r->c);
    free(r);
}
