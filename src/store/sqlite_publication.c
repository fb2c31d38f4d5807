/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite: store/publication.h. All of it is rare, so statements are prepared when they are needed,
 * and are not kept by each connection.
 */
#include "store/publication.h"
#include "store/sqlite_once.h"

/*
 * Each wish for a certificate has a number of its own, so that any number of targets can say how
 * far they are. The folder of before is the target "publish".
 */
const char cmc_sqlite_schema_publication[] =
    "DROP INDEX publication_due;"
    "ALTER TABLE publication ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;"
    "UPDATE publication SET seq = n.n FROM"
    " (SELECT cert, row_number() OVER (ORDER BY done DESC, at, cert) AS n FROM publication) AS n"
    " WHERE n.cert = publication.cert;"
    "CREATE UNIQUE INDEX publication_seq ON publication (seq);"
    "CREATE TABLE publish_mark ("
    " target TEXT NOT NULL,"
    " issuer BLOB NOT NULL,"
    " object TEXT NOT NULL,"
    " number INTEGER NOT NULL,"
    " digest BLOB NOT NULL,"
    " at INTEGER NOT NULL,"
    " PRIMARY KEY (target, issuer, object)) STRICT, WITHOUT ROWID;"
    "INSERT INTO publish_mark SELECT 'publish', name, 'certificates',"
    " (SELECT count(*) FROM publication WHERE done = 1), zeroblob(32), 0 FROM issuer;"
    "ALTER TABLE publication DROP COLUMN done;"
    "CREATE TABLE publish_trouble ("
    " target TEXT PRIMARY KEY,"
    " since INTEGER NOT NULL,"
    " text TEXT NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE publish_not_taken ("
    " target TEXT NOT NULL,"
    " cert INTEGER NOT NULL REFERENCES publication(cert),"
    " at INTEGER NOT NULL,"
    " text TEXT NOT NULL,"
    " PRIMARY KEY (target, cert)) STRICT, WITHOUT ROWID;";

/* *row: there is one. */
static enum cmc_rc step(const struct cmc_sqlite *c, struct cmc_bind *b, bool *row,
                        struct cmc_err *err)
{
    int code;
    enum cmc_rc rc = once_step(c, b, &code, err);

    *row = rc == CMC_OK && code == SQLITE_ROW;
    return rc;
}

/* -- writing ----------------------------------------------------------------------------------- */

enum cmc_rc cmc_sqlite_publication(struct cmc_sqlite *c, const struct cmc_publication *p,
                                   int64_t at, struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, "INSERT INTO publication (cert, wanted, at, seq) SELECT id, ?, ?,"
                " (SELECT coalesce(max(seq), 0) + 1 FROM publication) FROM cert"
                " WHERE issuer = (SELECT id FROM issuer WHERE name = ?) AND serial = ?"
                " ON CONFLICT (cert) DO UPDATE SET wanted = excluded.wanted, at = excluded.at,"
                " seq = excluded.seq");
    enum cmc_rc rc;

    cmc_bind_int(&b, p->wanted);
    cmc_bind_int(&b, at);
    cmc_bind_blob(&b, p->issuer);
    cmc_bind_blob(&b, p->serial);
    rc = once_finish(c, &b, err);
    if (rc == CMC_OK && sqlite3_changes(c->db) == 0)
        rc = cmc_fail(err, CMC_E_CONFLICT, NULL, "the certificate to be published is not there");
    return rc;
}

static enum cmc_rc write_mark(struct cmc_sqlite *c, const struct cmc_mark *m, struct cmc_err *err)
{
    struct cmc_bind b = once(c, "INSERT OR REPLACE INTO publish_mark"
                                " (target, issuer, object, number, digest, at)"
                                " VALUES (?, ?, ?, ?, ?, ?)");

    cmc_bind_text(&b, m->target);
    cmc_bind_blob(&b, m->issuer.p != NULL ? m->issuer : CMC_SLICE_LIT(""));
    cmc_bind_text(&b, m->object);
    cmc_bind_int(&b, (int64_t)m->number);
    cmc_bind_blob(&b, cmc_slice(m->digest, sizeof m->digest));
    cmc_bind_int(&b, m->at);
    return once_finish(c, &b, err);
}

static enum cmc_rc write_trouble(struct cmc_sqlite *c, const struct cmc_target_trouble *t,
                                 struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, t->since != 0 ? "INSERT OR REPLACE INTO publish_trouble (target, since, text)"
                                " VALUES (?, ?, ?)"
                              : "DELETE FROM publish_trouble WHERE target = ?");

    cmc_bind_text(&b, t->target);
    if (t->since != 0) {
        cmc_bind_int(&b, t->since);
        cmc_bind_text(&b, t->text);
    }
    return once_finish(c, &b, err);
}

static enum cmc_rc write_not_taken(struct cmc_sqlite *c, const struct cmc_not_taken *n,
                                   struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, n->at != 0 ? "INSERT OR REPLACE INTO publish_not_taken (target, cert, at, text)"
                             " VALUES (?, ?, ?, ?)"
                           : "DELETE FROM publish_not_taken WHERE target = ? AND cert = ?");

    cmc_bind_text(&b, n->target);
    cmc_bind_int(&b, n->id);
    if (n->at != 0) {
        cmc_bind_int(&b, n->at);
        cmc_bind_text(&b, n->text);
    }
    return once_finish(c, &b, err);
}

enum cmc_rc cmc_sqlite_publication_job(struct cmc_sqlite *c, const struct cmc_job *job,
                                       struct cmc_err *err)
{
    switch (job->kind) {
    case CMC_JOB_MARK:
        return write_mark(c, job->u.mark, err);
    case CMC_JOB_TROUBLE:
        return write_trouble(c, job->u.trouble, err);
    default:
        return write_not_taken(c, job->u.not_taken, err);
    }
}

/* -- reading ----------------------------------------------------------------------------------- */

static enum cmc_rc read_mark(void *rd, struct cmc_mark *m, struct cmc_err *err)
{
    struct cmc_sqlite *c = rd;
    struct cmc_bind b = once(c, "SELECT number, digest, at FROM publish_mark"
                                " WHERE target = ? AND issuer = ? AND object = ?");
    enum cmc_rc rc;
    bool row;

    cmc_bind_text(&b, m->target);
    cmc_bind_blob(&b, m->issuer.p != NULL ? m->issuer : CMC_SLICE_LIT(""));
    cmc_bind_text(&b, m->object);
    rc = step(c, &b, &row, err);
    m->number = 0;
    m->at = 0;
    memset(m->digest, 0, sizeof m->digest);
    if (rc == CMC_OK && row) {
        m->number = (uint64_t)sqlite3_column_int64(b.st, 0);
        m->at = sqlite3_column_int64(b.st, 2);
        if (sqlite3_column_bytes(b.st, 1) == (int)sizeof m->digest)
            memcpy(m->digest, sqlite3_column_blob(b.st, 1), sizeof m->digest);
    }
    (void)sqlite3_finalize(b.st);
    return rc;
}

static enum cmc_rc read_trouble(void *rd, const char *target, struct cmc_arena *arena,
                                struct cmc_target_trouble *out, struct cmc_err *err)
{
    struct cmc_sqlite *c = rd;
    struct cmc_bind b = once(c, "SELECT since, text FROM publish_trouble WHERE target = ?");
    enum cmc_rc rc;
    bool row;

    *out = (struct cmc_target_trouble){.target = target};
    cmc_bind_text(&b, target);
    rc = step(c, &b, &row, err);
    if (rc == CMC_OK && row) {
        out->since = sqlite3_column_int64(b.st, 0);
        out->text = cmc_arena_strdup(arena, (const char *)sqlite3_column_text(b.st, 1));
        if (out->text == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "out of memory for what the store holds");
    }
    (void)sqlite3_finalize(b.st);
    return rc;
}

/* The rows of a statement whose columns are cert, wanted, seq, at, der; ended here. */
static enum cmc_rc each_wish(const struct cmc_sqlite *c, struct cmc_bind *b,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p),
                             void *arg, struct cmc_err *err)
{
    bool row;
    enum cmc_rc rc = step(c, b, &row, err);

    while (rc == CMC_OK && row) {
        const struct cmc_publication p = {
            .id = sqlite3_column_int64(b->st, 0),
            .wanted = sqlite3_column_int64(b->st, 1) != 0,
            .seq = (uint64_t)sqlite3_column_int64(b->st, 2),
            .at = sqlite3_column_int64(b->st, 3),
            .der = cmc_slice(sqlite3_column_blob(b->st, 4), (size_t)sqlite3_column_bytes(b->st, 4)),
        };

        rc = fn(arg, &p);
        if (rc == CMC_OK)
            rc = step(c, b, &row, err);
    }
    (void)sqlite3_finalize(b->st);
    return rc;
}

#define WISH                                                                                       \
    "SELECT p.cert, p.wanted, p.seq, p.at, d.der FROM publication p"                               \
    " JOIN cert c ON c.id = p.cert JOIN cert_der d ON d.id = p.cert"

#define OF_ISSUER "c.issuer = (SELECT id FROM issuer WHERE name = ?)"

static int64_t limited(uint64_t n)
{
    return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static enum cmc_rc wishes(void *rd, struct cmc_slice issuer, uint64_t after, size_t limit,
                          enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p), void *arg,
                          struct cmc_err *err)
{
    struct cmc_sqlite *c = rd;
    struct cmc_bind b = once(c, WISH " WHERE p.seq > ? AND " OF_ISSUER " ORDER BY p.seq LIMIT ?");

    cmc_bind_int(&b, limited(after));
    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, limited(limit));
    return each_wish(c, &b, fn, arg, err);
}

static enum cmc_rc not_taken(void *rd, struct cmc_slice issuer, const char *target, int64_t before,
                             size_t limit,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p),
                             void *arg, struct cmc_err *err)
{
    struct cmc_sqlite *c = rd;
    struct cmc_bind b =
        once(c, WISH " JOIN publish_not_taken n ON n.cert = p.cert"
                     " WHERE n.target = ? AND n.at <= ? AND " OF_ISSUER " ORDER BY p.seq LIMIT ?");

    cmc_bind_text(&b, target);
    cmc_bind_int(&b, before);
    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, limited(limit));
    return each_wish(c, &b, fn, arg, err);
}

static enum cmc_rc count(void *rd, struct cmc_slice issuer, const char *target, uint64_t after,
                         struct cmc_publication_count *out, struct cmc_err *err)
{
    struct cmc_sqlite *c = rd;
    struct cmc_bind b =
        once(c, "SELECT count(*), min(p.at), (SELECT count(*) FROM publish_not_taken n"
                " JOIN cert c ON c.id = n.cert WHERE n.target = ? AND " OF_ISSUER ")"
                " FROM publication p JOIN cert c ON c.id = p.cert WHERE p.seq > ? AND " OF_ISSUER);
    enum cmc_rc rc;
    bool row;

    *out = (struct cmc_publication_count){0};
    cmc_bind_text(&b, target);
    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, limited(after));
    cmc_bind_blob(&b, issuer);
    rc = step(c, &b, &row, err);
    if (rc == CMC_OK && row) {
        out->due = (uint64_t)sqlite3_column_int64(b.st, 0);
        out->since = sqlite3_column_int64(b.st, 1);
        out->not_taken = (uint64_t)sqlite3_column_int64(b.st, 2);
    }
    (void)sqlite3_finalize(b.st);
    return rc;
}

const struct cmc_store_publication_ops cmc_sqlite_publication_ops = {
    .mark = read_mark,
    .trouble = read_trouble,
    .wishes = wishes,
    .not_taken = not_taken,
    .count = count,
};
