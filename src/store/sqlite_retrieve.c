/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite: what is published. Trust anchors, and certificates to be published. All of it is rare, so
 * its statements are prepared when they are needed, and are not kept by each connection.
 */
#include "store/sqlite_once.h"

/* A CRL that was replaced; the one in force is in crl. */
const char cmc_sqlite_schema_retrieve[] =
    "CREATE TABLE crl_history ("
    " issuer INTEGER NOT NULL REFERENCES issuer(id),"
    " number INTEGER NOT NULL,"
    " this_update INTEGER NOT NULL,"
    " next_update INTEGER NOT NULL,"
    " der BLOB NOT NULL,"
    " PRIMARY KEY (issuer, number)) STRICT;"
    "CREATE INDEX crl_history_time ON crl_history (issuer, this_update, number);"
    "CREATE TABLE anchor_set ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " seq INTEGER NOT NULL,"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE anchor (position INTEGER PRIMARY KEY, der BLOB NOT NULL) STRICT;"
    /* Filled only by an authority that publishes: an index over digests is not for free. */
    "CREATE TABLE cert_digest ("
    " digest BLOB PRIMARY KEY,"
    " cert INTEGER NOT NULL REFERENCES cert(id)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE publication ("
    " cert INTEGER PRIMARY KEY REFERENCES cert(id),"
    " wanted INTEGER NOT NULL,"
    " done INTEGER NOT NULL,"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE INDEX publication_due ON publication (at) WHERE done = 0;";

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "out of memory for what the store holds");
}

/* -- trust anchors that are published ---------------------------------------------------------- */

static enum cmc_rc next_sequence(struct cmc_sqlite *c, int64_t at, uint64_t *seq,
                                 struct cmc_err *err)
{
    struct cmc_bind b = once(c, "INSERT INTO anchor_set (id, seq, at) VALUES (1, 1, ?1)"
                                " ON CONFLICT (id) DO UPDATE SET seq = seq + 1, at = ?1"
                                " RETURNING seq");
    enum cmc_rc rc;
    int code;

    cmc_bind_int(&b, at);
    rc = once_step(c, &b, &code, err);
    if (rc == CMC_OK && code == SQLITE_ROW)
        *seq = (uint64_t)sqlite3_column_int64(b.st, 0);
    (void)sqlite3_finalize(b.st);
    return rc;
}

enum cmc_rc cmc_sqlite_anchors_put(struct cmc_sqlite *c, struct cmc_anchor_set *set,
                                   struct cmc_err *err)
{
    enum cmc_rc rc = cmc_sqlite_exec(c, "DELETE FROM anchor", err);

    for (size_t i = 0; rc == CMC_OK && i < set->ncerts; i++) {
        struct cmc_bind b = once(c, "INSERT INTO anchor (position, der) VALUES (?, ?)");

        cmc_bind_int(&b, (int64_t)i + 1);
        cmc_bind_blob(&b, set->certs[i]);
        rc = once_finish(c, &b, err);
    }
    return rc == CMC_OK ? next_sequence(c, set->at, &set->sequence, err) : rc;
}

static enum cmc_rc anchor_certs(struct cmc_sqlite *c, struct cmc_arena *arena,
                                struct cmc_anchor_set *out, struct cmc_err *err)
{
    struct cmc_bind b = once(c, "SELECT der FROM anchor ORDER BY position");
    struct cmc_slice *certs = cmc_arena_array(arena, CMC_LIMIT_ANCHORS, sizeof *certs);
    enum cmc_rc rc = certs != NULL ? CMC_OK : no_memory(err);
    int code = SQLITE_DONE;

    if (rc == CMC_OK)
        rc = once_step(c, &b, &code, err);
    while (rc == CMC_OK && code == SQLITE_ROW && out->ncerts < CMC_LIMIT_ANCHORS) {
        certs[out->ncerts] = cmc_arena_slice(arena, once_column(b.st, 0));
        if (certs[out->ncerts++].p == NULL)
            rc = no_memory(err);
        else
            rc = once_step(c, &b, &code, err);
    }
    out->certs = certs;
    (void)sqlite3_finalize(b.st);
    return rc;
}

enum cmc_rc cmc_sqlite_anchors(void *rd, struct cmc_arena *arena, struct cmc_anchor_set *out,
                               struct cmc_err *err)
{
    struct cmc_sqlite *c = rd;
    struct cmc_bind b;
    enum cmc_rc rc;
    int code;

    *out = (struct cmc_anchor_set){0};
    /* Both questions in one transaction: a set and its number belong together. */
    rc = cmc_sqlite_exec(c, "BEGIN", err);
    if (rc != CMC_OK)
        return rc;
    b = once(c, "SELECT seq, at FROM anchor_set");
    rc = once_step(c, &b, &code, err);
    if (rc == CMC_OK && code == SQLITE_ROW) {
        out->sequence = (uint64_t)sqlite3_column_int64(b.st, 0);
        out->at = sqlite3_column_int64(b.st, 1);
    } else if (rc == CMC_OK) {
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "no trust anchors are published");
    }
    (void)sqlite3_finalize(b.st);
    if (rc == CMC_OK)
        rc = anchor_certs(c, arena, out, err);
    (void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

/* -- publication of certificates --------------------------------------------------------------- */

enum cmc_rc cmc_sqlite_cert_digest(struct cmc_sqlite *c, int64_t cert, const uint8_t *digest,
                                   struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, "INSERT INTO cert_digest (digest, cert) VALUES (?, ?) ON CONFLICT DO NOTHING");

    cmc_bind_blob(&b, cmc_slice(digest, CMC_SHA256_OCTETS));
    cmc_bind_int(&b, cert);
    return once_finish(c, &b, err);
}

enum cmc_rc cmc_sqlite_cert_by_digest(void *rd, const uint8_t digest[CMC_SHA256_OCTETS],
                                      struct cmc_arena *arena, struct cmc_slice *der,
                                      struct cmc_err *err)
{
    struct cmc_sqlite *c = rd;
    struct cmc_bind b = once(c, "SELECT der FROM cert_digest JOIN cert_der"
                                " ON cert_der.id = cert_digest.cert WHERE digest = ?");
    enum cmc_rc rc;
    int code;

    *der = CMC_SLICE_NONE;
    cmc_bind_blob(&b, cmc_slice(digest, CMC_SHA256_OCTETS));
    rc = once_step(c, &b, &code, err);
    if (rc == CMC_OK && code == SQLITE_ROW) {
        *der = cmc_arena_slice(arena, once_column(b.st, 0));
        if (der->p == NULL)
            rc = no_memory(err);
    } else if (rc == CMC_OK) {
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "no certificate has this digest");
    }
    (void)sqlite3_finalize(b.st);
    return rc;
}

enum cmc_rc cmc_sqlite_publication(struct cmc_sqlite *c, const struct cmc_publication *p,
                                   int64_t at, struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, "INSERT INTO publication (cert, wanted, done, at) SELECT id, ?, 0, ? FROM cert"
                " WHERE issuer = (SELECT id FROM issuer WHERE name = ?) AND serial = ?"
                " ON CONFLICT (cert) DO UPDATE SET wanted = excluded.wanted, done = 0,"
                " at = excluded.at");
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

enum cmc_rc cmc_sqlite_published(struct cmc_sqlite *c, const struct cmc_publication *p,
                                 struct cmc_err *err)
{
    /* Only what was done: another wish may have come meanwhile. */
    struct cmc_bind b =
        once(c, p->wanted ? "UPDATE publication SET done = 1 WHERE cert = ? AND wanted <> 0"
                          : "DELETE FROM publication WHERE cert = ? AND wanted = 0");

    cmc_bind_int(&b, p->id);
    return once_finish(c, &b, err);
}

enum cmc_rc cmc_sqlite_publications_due(void *rd, struct cmc_slice issuer, size_t limit,
                                        enum cmc_rc (*fn)(void *arg,
                                                          const struct cmc_publication *p),
                                        void *arg, struct cmc_err *err)
{
    struct cmc_sqlite *c = rd;
    struct cmc_bind b = once(c, "SELECT publication.cert, wanted, der FROM publication"
                                " JOIN cert_der ON cert_der.id = publication.cert"
                                " JOIN cert ON cert.id = publication.cert"
                                " WHERE done = 0 AND cert.issuer ="
                                " (SELECT id FROM issuer WHERE name = ?) ORDER BY at LIMIT ?");
    enum cmc_rc rc;
    int code;

    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, limit > INT64_MAX ? INT64_MAX : (int64_t)limit);
    rc = once_step(c, &b, &code, err);
    while (rc == CMC_OK && code == SQLITE_ROW) {
        const struct cmc_publication p = {.id = sqlite3_column_int64(b.st, 0),
                                          .wanted = sqlite3_column_int64(b.st, 1) != 0,
                                          .der = once_column(b.st, 2)};

        rc = fn(arg, &p);
        if (rc == CMC_OK)
            rc = once_step(c, &b, &code, err);
    }
    (void)sqlite3_finalize(b.st);
    return rc;
}
