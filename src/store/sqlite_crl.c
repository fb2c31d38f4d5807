/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: CRLs and their parts; see store/crl.h. */
#include "store/sqlite_once.h"

/*
 * A part is a number within its issuer, so that the certificates of old databases stand in part 0
 * of theirs as they are. cert_revoked holds all that a CRL needs, part by part; issuing does not
 * touch it. crl_change grows at its end, and only with revocations and releases; the generation
 * from which on it is complete is counted in crl-changes.
 */
const char cmc_sqlite_schema_crl[] =
    "ALTER TABLE cert ADD COLUMN part INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX cert_revoked;"
    "CREATE INDEX cert_revoked ON cert"
    " (issuer, part, serial, not_after, state, reason, revoked_at, invalidity_at) WHERE state <> 0;"
    "CREATE TABLE crl_part ("
    " issuer INTEGER NOT NULL REFERENCES issuer(id),"
    " part INTEGER NOT NULL,"
    " key BLOB,"
    " shard INTEGER NOT NULL,"
    " crl_number INTEGER NOT NULL DEFAULT 0,"
    " PRIMARY KEY (issuer, part),"
    " UNIQUE (issuer, key, shard)) STRICT, WITHOUT ROWID;"
    "INSERT INTO crl_part (issuer, part, key, shard, crl_number)"
    " SELECT id, 0, NULL, 0, crl_number FROM issuer;"
    "ALTER TABLE issuer DROP COLUMN crl_number;"

    "ALTER TABLE crl RENAME TO crl_whole;"
    "CREATE TABLE crl ("
    " issuer INTEGER NOT NULL REFERENCES issuer(id),"
    " part INTEGER NOT NULL,"
    " delta INTEGER NOT NULL,"
    " number INTEGER NOT NULL,"
    " this_update INTEGER NOT NULL,"
    " next_update INTEGER NOT NULL,"
    " generation INTEGER NOT NULL,"
    " base INTEGER NOT NULL,"
    " der BLOB NOT NULL,"
    " PRIMARY KEY (issuer, part, delta)) STRICT;"
    "INSERT INTO crl SELECT issuer, 0, 0, number, this_update, next_update, generation, 0, der"
    " FROM crl_whole;"
    "DROP TABLE crl_whole;"

    "DROP INDEX crl_history_time;"
    "ALTER TABLE crl_history RENAME TO crl_history_whole;"
    "CREATE TABLE crl_history ("
    " issuer INTEGER NOT NULL REFERENCES issuer(id),"
    " part INTEGER NOT NULL,"
    " number INTEGER NOT NULL,"
    " this_update INTEGER NOT NULL,"
    " next_update INTEGER NOT NULL,"
    " der BLOB NOT NULL,"
    " PRIMARY KEY (issuer, part, number)) STRICT;"
    "INSERT INTO crl_history SELECT issuer, 0, number, this_update, next_update, der"
    " FROM crl_history_whole;"
    "DROP TABLE crl_history_whole;"
    "CREATE INDEX crl_history_time ON crl_history (issuer, part, this_update, number);"

    "ALTER TABLE crl_file RENAME TO crl_file_whole;"
    "CREATE TABLE crl_file ("
    " issuer INTEGER NOT NULL REFERENCES issuer(id),"
    " part INTEGER NOT NULL,"
    " delta INTEGER NOT NULL,"
    " number INTEGER NOT NULL,"
    " octets INTEGER NOT NULL,"
    " PRIMARY KEY (issuer, part, delta, number)) STRICT, WITHOUT ROWID;"
    "INSERT INTO crl_file SELECT issuer, 0, 0, number, octets FROM crl_file_whole;"
    "DROP TABLE crl_file_whole;"

    "CREATE TABLE crl_change ("
    " generation INTEGER NOT NULL,"
    " cert INTEGER NOT NULL REFERENCES cert(id),"
    " PRIMARY KEY (generation, cert)) STRICT, WITHOUT ROWID;"
    "INSERT INTO counter SELECT 'crl-changes', value FROM counter WHERE name = 'generation';";

#define ISSUER "(SELECT id FROM issuer WHERE name = ?)"
/* A column: the octets of a CRL that is a file, or NULL (0). */
#define FILE_OCTETS(table, delta)                                                                  \
    "(SELECT octets FROM crl_file f WHERE f.issuer = " table ".issuer AND f.part = " table ".part" \
    " AND f.delta = " delta " AND f.number = " table ".number)"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "out of memory for what the store holds");
}

static enum cmc_rc damaged(const struct cmc_sqlite *c, struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: a certificate's state is damaged", c->path);
}

/* -- parts ------------------------------------------------------------------------------------- */

/* Part 0, whosever it is. */
static enum cmc_rc first_part(struct cmc_sqlite *c, int64_t issuer, struct cmc_err *err)
{
    struct cmc_bind b = once(c, "INSERT INTO crl_part (issuer, part, key, shard)"
                                " VALUES (?, 0, NULL, 0) ON CONFLICT DO NOTHING");

    cmc_bind_int(&b, issuer);
    return once_finish(c, &b, err);
}

static enum cmc_rc make_part(struct cmc_sqlite *c, int64_t issuer, struct cmc_slice key,
                             uint32_t shard, struct cmc_err *err)
{
    struct cmc_bind b = once(c, "INSERT INTO crl_part (issuer, part, key, shard)"
                                " SELECT ?1, max(part) + 1, ?2, ?3 FROM crl_part WHERE issuer = ?1"
                                " ON CONFLICT DO NOTHING");

    cmc_bind_int(&b, issuer);
    cmc_bind_blob(&b, key);
    cmc_bind_int(&b, shard);
    return once_finish(c, &b, err);
}

static enum cmc_rc list_parts(struct cmc_sqlite *c, int64_t issuer, struct cmc_slice key,
                              struct cmc_crl_part *out, size_t *n, struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, "SELECT part, shard FROM crl_part WHERE issuer = ? AND key = ? ORDER BY shard");
    enum cmc_rc rc;
    int code;

    *n = 0;
    cmc_bind_int(&b, issuer);
    cmc_bind_blob(&b, key);
    rc = once_step(c, &b, &code, err);
    while (rc == CMC_OK && code == SQLITE_ROW && *n < CMC_CRL_PARTS_MAX) {
        out[(*n)++] = (struct cmc_crl_part){.part = (uint32_t)sqlite3_column_int64(b.st, 0),
                                            .shard = (uint32_t)sqlite3_column_int64(b.st, 1)};
        rc = once_step(c, &b, &code, err);
    }
    (void)sqlite3_finalize(b.st);
    return rc;
}

static enum cmc_rc do_parts(struct cmc_sqlite *c, int64_t issuer, const struct cmc_job *job,
                            struct cmc_err *err)
{
    struct cmc_slice key = job->u.crl_parts.key;
    enum cmc_rc rc = first_part(c, issuer, err);

    /* The first key has it, if it has no other. */
    if (rc == CMC_OK) {
        struct cmc_bind b =
            once(c, "UPDATE crl_part SET key = ?2 WHERE issuer = ?1 AND part = 0 AND key IS NULL"
                    " AND NOT EXISTS (SELECT 1 FROM crl_part WHERE issuer = ?1 AND key = ?2)");

        cmc_bind_int(&b, issuer);
        cmc_bind_blob(&b, key);
        rc = once_finish(c, &b, err);
    }
    for (uint32_t shard = 0; rc == CMC_OK && shard <= job->u.crl_parts.shards; shard++)
        rc = make_part(c, issuer, key, shard, err);
    return rc == CMC_OK
               ? list_parts(c, issuer, key, job->u.crl_parts.parts, job->u.crl_parts.n, err)
               : rc;
}

static enum cmc_rc each_part(void *rd, struct cmc_slice issuer,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_crl_part *p), void *arg,
                             struct cmc_err *err)
{
    struct cmc_bind b =
        once(rd, "SELECT part, shard, key FROM crl_part WHERE issuer = " ISSUER " ORDER BY part");
    enum cmc_rc rc;
    int code;

    cmc_bind_blob(&b, issuer);
    rc = once_step(rd, &b, &code, err);
    while (rc == CMC_OK && code == SQLITE_ROW) {
        const struct cmc_crl_part p = {.part = (uint32_t)sqlite3_column_int64(b.st, 0),
                                       .shard = (uint32_t)sqlite3_column_int64(b.st, 1),
                                       .key = once_column(b.st, 2)};

        rc = fn(arg, &p);
        if (rc == CMC_OK)
            rc = once_step(rd, &b, &code, err);
    }
    (void)sqlite3_finalize(b.st);
    return rc;
}

/* -- writing ----------------------------------------------------------------------------------- */

static enum cmc_rc do_number(struct cmc_sqlite *c, int64_t issuer, const struct cmc_crl_id *id,
                             uint64_t *number, struct cmc_err *err)
{
    struct cmc_bind b;
    int64_t next = 0;
    bool found = false;
    enum cmc_rc rc = first_part(c, issuer, err);

    if (rc != CMC_OK)
        return rc;
    b = once(c, "UPDATE crl_part SET crl_number = crl_number + 1 WHERE issuer = ? AND part = ?"
                " RETURNING crl_number");
    cmc_bind_int(&b, issuer);
    cmc_bind_int(&b, id->part);
    rc = once_number(c, &b, &next, &found, err);
    if (rc == CMC_OK && !found)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "this issuer has no part %u of its CRL", id->part);
    *number = (uint64_t)next;
    return rc;
}

/* Before the full CRL of this part is replaced by next. */
static enum cmc_rc keep_earlier(struct cmc_sqlite *c, int64_t issuer, const struct cmc_crl_id *id,
                                const struct cmc_crl_record *next, struct cmc_err *err)
{
    struct cmc_bind b;
    enum cmc_rc rc = CMC_OK;

    if (next->keep > 0) {
        b = once(c, "INSERT INTO crl_history (issuer, part, number, this_update, next_update, der)"
                    " SELECT issuer, part, number, this_update, next_update, der FROM crl"
                    " WHERE issuer = ? AND part = ? AND delta = 0 AND number < ?");
        cmc_bind_int(&b, issuer);
        cmc_bind_int(&b, id->part);
        cmc_bind_int(&b, (int64_t)next->number);
        rc = once_finish(c, &b, err);
    }
    if (rc != CMC_OK)
        return rc;
    b = once(c, "DELETE FROM crl_history WHERE issuer = ?1 AND part = ?2 AND (this_update < ?3 OR"
                " number NOT IN (SELECT number FROM crl_history WHERE issuer = ?1 AND part = ?2"
                " ORDER BY number DESC LIMIT ?4))");
    cmc_bind_int(&b, issuer);
    cmc_bind_int(&b, id->part);
    cmc_bind_int(&b, next->keep_from);
    cmc_bind_int(&b, next->keep);
    return once_finish(c, &b, err);
}

/* Files of CRLs that are neither kept nor in force any more. */
static enum cmc_rc forget_files(struct cmc_sqlite *c, int64_t issuer, const struct cmc_crl_id *id,
                                struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, id->delta ? "DELETE FROM crl_file WHERE issuer = ?1 AND part = ?2 AND delta = 1"
                          : "DELETE FROM crl_file WHERE issuer = ?1 AND part = ?2 AND delta = 0 AND"
                            " number NOT IN (SELECT number FROM crl_history WHERE issuer = ?1"
                            " AND part = ?2)");

    cmc_bind_int(&b, issuer);
    cmc_bind_int(&b, id->part);
    return once_finish(c, &b, err);
}

static enum cmc_rc note_file(struct cmc_sqlite *c, int64_t issuer, const struct cmc_crl_id *id,
                             const struct cmc_crl_record *crl, struct cmc_err *err)
{
    struct cmc_bind b = once(
        c, "INSERT INTO crl_file (issuer, part, delta, number, octets) VALUES (?, ?, ?, ?, ?)");

    cmc_bind_int(&b, issuer);
    cmc_bind_int(&b, id->part);
    cmc_bind_int(&b, id->delta);
    cmc_bind_int(&b, (int64_t)crl->number);
    cmc_bind_int(&b, (int64_t)crl->octets);
    return once_finish(c, &b, err);
}

static enum cmc_rc replace(struct cmc_sqlite *c, int64_t issuer, const struct cmc_crl_id *id,
                           const struct cmc_crl_record *crl, struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, "INSERT INTO crl (issuer, part, delta, number, this_update, next_update,"
                " generation, base, der) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (issuer, part, delta) DO UPDATE SET"
                " number = excluded.number, this_update = excluded.this_update,"
                " next_update = excluded.next_update, generation = excluded.generation,"
                " base = excluded.base, der = excluded.der WHERE excluded.number > crl.number");
    enum cmc_rc rc;

    cmc_bind_int(&b, issuer);
    cmc_bind_int(&b, id->part);
    cmc_bind_int(&b, id->delta);
    cmc_bind_int(&b, (int64_t)crl->number);
    cmc_bind_int(&b, crl->this_update);
    cmc_bind_int(&b, crl->next_update);
    cmc_bind_int(&b, (int64_t)crl->generation);
    cmc_bind_int(&b, (int64_t)crl->base);
    cmc_bind_blob(&b, crl->octets > 0 ? CMC_SLICE_LIT("") : crl->der);
    rc = once_finish(c, &b, err);
    if (rc == CMC_OK && sqlite3_changes(c->db) == 0)
        rc = cmc_fail(err, CMC_E_CONFLICT, NULL,
                      "a CRL with number %llu or a later one is there already",
                      (unsigned long long)crl->number);
    return rc;
}

/* A CRL from elsewhere, of a CA that was taken over, may be ahead of our count. */
static enum cmc_rc raise_number(struct cmc_sqlite *c, int64_t issuer, const struct cmc_crl_id *id,
                                const struct cmc_crl_record *crl, struct cmc_err *err)
{
    struct cmc_bind b = once(c, "UPDATE crl_part SET crl_number = max(crl_number, ?)"
                                " WHERE issuer = ? AND part = ?");

    cmc_bind_int(&b, (int64_t)crl->number);
    cmc_bind_int(&b, issuer);
    cmc_bind_int(&b, id->part);
    return once_finish(c, &b, err);
}

/* Changes that every full CRL in force has in it. */
static enum cmc_rc forget_changes(struct cmc_sqlite *c, int64_t now, struct cmc_err *err)
{
    struct cmc_bind b =
        once(c, "SELECT min(generation) FROM crl WHERE delta = 0 AND next_update > ?"
                " HAVING count(*) > 0");
    int64_t upto = 0;
    bool found = false;
    enum cmc_rc rc;

    cmc_bind_int(&b, now);
    rc = once_number(c, &b, &upto, &found, err);
    if (rc != CMC_OK || !found)
        return rc;
    b = once(c, "DELETE FROM crl_change WHERE generation <= ?");
    cmc_bind_int(&b, upto);
    rc = once_finish(c, &b, err);
    if (rc != CMC_OK)
        return rc;
    b = once(c, "UPDATE counter SET value = max(value, ?) WHERE name = 'crl-changes'");
    cmc_bind_int(&b, upto);
    return once_finish(c, &b, err);
}

static enum cmc_rc do_put(struct cmc_sqlite *c, int64_t issuer, const struct cmc_crl_id *id,
                          const struct cmc_crl_record *crl, struct cmc_err *err)
{
    enum cmc_rc rc;

    if (crl->number > INT64_MAX || crl->generation > INT64_MAX || crl->octets > INT64_MAX ||
        crl->base > INT64_MAX)
        return cmc_fail(err, CMC_E_LIMIT, NULL, "a CRL number must be below 2^63");
    rc = first_part(c, issuer, err);
    if (rc == CMC_OK && !id->delta)
        rc = keep_earlier(c, issuer, id, crl, err);
    if (rc == CMC_OK)
        rc = forget_files(c, issuer, id, err);
    if (rc == CMC_OK && crl->octets > 0)
        rc = note_file(c, issuer, id, crl, err);
    if (rc == CMC_OK)
        rc = replace(c, issuer, id, crl, err);
    if (rc == CMC_OK)
        rc = raise_number(c, issuer, id, crl, err);
    if (rc == CMC_OK && !id->delta)
        rc = forget_changes(c, crl->this_update, err);
    return rc;
}

enum cmc_rc cmc_sqlite_crl_job(struct cmc_sqlite *c, int64_t issuer, const struct cmc_job *job,
                               struct cmc_err *err)
{
    switch (job->kind) {
    case CMC_JOB_CRL_PARTS:
        return do_parts(c, issuer, job, err);
    case CMC_JOB_CRL_NUMBER:
        return do_number(c, issuer, job->u.crl_number.id, job->u.crl_number.number, err);
    case CMC_JOB_CRL_PUT:
        return do_put(c, issuer, job->u.crl.id, job->u.crl.crl, err);
    default:
        return cmc_fail(err, CMC_E_BUG, NULL, "this job is not about CRLs");
    }
}

/* -- reading ----------------------------------------------------------------------------------- */

/* Columns: number, this_update, next_update, generation, base, octets of a file, der. */
static enum cmc_rc read_crl(sqlite3_stmt *st, struct cmc_arena *arena, struct cmc_crl_record *out,
                            struct cmc_err *err)
{
    *out = (struct cmc_crl_record){.number = (uint64_t)sqlite3_column_int64(st, 0),
                                   .this_update = sqlite3_column_int64(st, 1),
                                   .next_update = sqlite3_column_int64(st, 2),
                                   .generation = (uint64_t)sqlite3_column_int64(st, 3),
                                   .base = (uint64_t)sqlite3_column_int64(st, 4),
                                   .octets = (uint64_t)sqlite3_column_int64(st, 5)};
    if (out->octets > 0)
        return CMC_OK;
    out->der = cmc_arena_slice(arena, once_column(st, 6));
    return out->der.p != NULL ? CMC_OK : no_memory(err);
}

static enum cmc_rc crl_in_force(void *rd, const struct cmc_crl_id *id, struct cmc_arena *arena,
                                struct cmc_crl_record *out, struct cmc_err *err)
{
    struct cmc_bind b = once(rd, "SELECT number, this_update, next_update, generation, base,"
                                 " " FILE_OCTETS("crl", "crl.delta") ", der FROM crl"
                                                                     " WHERE issuer = " ISSUER
                                                                     " AND part = ? AND delta = ?");
    enum cmc_rc rc;
    int code;

    cmc_bind_blob(&b, id->issuer);
    cmc_bind_int(&b, id->part);
    cmc_bind_int(&b, id->delta);
    rc = once_step(rd, &b, &code, err);
    if (rc == CMC_OK && code == SQLITE_ROW)
        rc = read_crl(b.st, arena, out, err);
    else if (rc == CMC_OK)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "this issuer has no CRL yet");
    (void)sqlite3_finalize(b.st);
    return rc;
}

static enum cmc_rc best_crl(struct cmc_sqlite *c, const char *sql, const struct cmc_crl_id *id,
                            int64_t before, struct cmc_arena *arena, struct cmc_crl_record *out,
                            struct cmc_err *err)
{
    struct cmc_bind b = once(c, sql);
    enum cmc_rc rc;
    int code;

    cmc_bind_blob(&b, id->issuer);
    cmc_bind_int(&b, id->part);
    cmc_bind_int(&b, before);
    rc = once_step(c, &b, &code, err);
    /* A candidate that is not nearer than what was found is not copied. */
    if (rc == CMC_OK && code == SQLITE_ROW &&
        (out->number == 0 || sqlite3_column_int64(b.st, 1) > out->this_update))
        rc = read_crl(b.st, arena, out, err);
    (void)sqlite3_finalize(b.st);
    return rc;
}

static enum cmc_rc crl_before(void *rd, const struct cmc_crl_id *id, int64_t before,
                              struct cmc_arena *arena, struct cmc_crl_record *out,
                              struct cmc_err *err)
{
    static const char *const places[] = {
        "SELECT number, this_update, next_update, generation, 0, " FILE_OCTETS(
            "crl", "0") ", der FROM crl WHERE issuer = " ISSUER " AND part = ? AND delta = 0"
                        " AND this_update < ?",
        "SELECT number, this_update, next_update, 0, 0, " FILE_OCTETS(
            "crl_history", "0") ", der FROM crl_history WHERE issuer = " ISSUER
                                " AND part = ? AND this_update < ?"
                                " ORDER BY this_update DESC, number DESC LIMIT 1",
    };
    enum cmc_rc rc = CMC_OK;

    *out = (struct cmc_crl_record){0};
    for (size_t i = 0; rc == CMC_OK && i < sizeof places / sizeof places[0]; i++)
        rc = best_crl(rd, places[i], id, before, arena, out, err);
    if (rc == CMC_OK && out->number == 0)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "no CRL of this issuer is that old");
    return rc;
}

static enum cmc_rc is_file(void *rd, const struct cmc_crl_id *id, uint64_t number, bool *known,
                           struct cmc_err *err)
{
    struct cmc_bind b = once(rd, "SELECT 1 FROM crl_file WHERE issuer = " ISSUER
                                 " AND part = ? AND delta = ? AND number = ?");
    int64_t one = 0;

    cmc_bind_blob(&b, id->issuer);
    cmc_bind_int(&b, id->part);
    cmc_bind_int(&b, id->delta);
    cmc_bind_int(&b, number <= INT64_MAX ? (int64_t)number : 0);
    return once_number(rd, &b, &one, known, err);
}

/* -- what a CRL is made of --------------------------------------------------------------------- */

/* Each row to fn; columns as read here. The statement is finalized. */
static enum cmc_rc each_entry(struct cmc_sqlite *c, struct cmc_bind *b, struct cmc_slice issuer,
                              uint32_t part,
                              enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                              void *arg, struct cmc_err *err)
{
    int code;
    enum cmc_rc rc = once_step(c, b, &code, err);

    while (rc == CMC_OK && code == SQLITE_ROW) {
        const struct cmc_cert_record r = {
            .issuer = issuer,
            .part = part,
            .serial = once_column(b->st, 0),
            .not_after = sqlite3_column_int64(b->st, 1),
            .state = (enum cmc_cert_state)sqlite3_column_int64(b->st, 2),
            .reason = (uint32_t)sqlite3_column_int64(b->st, 3),
            .revoked_at = sqlite3_column_int64(b->st, 4),
            .invalidity_at = sqlite3_column_int64(b->st, 5),
        };

        rc = (size_t)r.state > CMC_CERT_HELD ? damaged(c, err) : fn(arg, &r);
        if (rc == CMC_OK)
            rc = once_step(c, b, &code, err);
    }
    (void)sqlite3_finalize(b->st);
    return rc;
}

static enum cmc_rc revoked(void *rd, struct cmc_slice issuer, uint32_t part, int64_t not_after_from,
                           enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c), void *arg,
                           struct cmc_err *err)
{
    struct cmc_bind b = once(rd, "SELECT serial, not_after, state, reason, revoked_at,"
                                 " invalidity_at FROM cert INDEXED BY cert_revoked"
                                 " WHERE issuer = " ISSUER " AND part = ? AND state <> 0"
                                 " AND not_after >= ? ORDER BY serial");

    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, part);
    cmc_bind_int(&b, not_after_from);
    return each_entry(rd, &b, issuer, part, fn, arg, err);
}

static enum cmc_rc revoked_count(void *rd, struct cmc_slice issuer, int64_t part,
                                 int64_t not_after_from, uint64_t *n, struct cmc_err *err)
{
    struct cmc_bind b =
        once(rd, part == CMC_CRL_PART_ANY
                     ? "SELECT count(*) FROM cert INDEXED BY cert_revoked WHERE issuer = " ISSUER
                       " AND state <> 0 AND not_after >= ?"
                     : "SELECT count(*) FROM cert INDEXED BY cert_revoked WHERE issuer = " ISSUER
                       " AND state <> 0 AND not_after >= ? AND part = ?");
    int64_t count = 0;
    bool found;
    enum cmc_rc rc;

    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, not_after_from);
    if (part != CMC_CRL_PART_ANY)
        cmc_bind_int(&b, part);
    rc = once_number(rd, &b, &count, &found, err);
    *n = (uint64_t)count;
    return rc;
}

static enum cmc_rc revoked_part_after(void *rd, struct cmc_slice issuer, int64_t part,
                                      int64_t *next, struct cmc_err *err)
{
    struct cmc_bind b = once(rd, "SELECT part FROM cert INDEXED BY cert_revoked"
                                 " WHERE issuer = " ISSUER " AND state <> 0 AND part > ?"
                                 " ORDER BY part LIMIT 1");
    bool found = false;
    enum cmc_rc rc;

    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, part);
    rc = once_number(rd, &b, next, &found, err);
    if (rc == CMC_OK && !found)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "there is no further part");
    return rc;
}

/* Are all changes after this generation still there? */
static enum cmc_rc check_known(void *rd, uint64_t since, int64_t *from, struct cmc_err *err)
{
    struct cmc_bind b =
        once(rd, "SELECT value FROM counter WHERE name = 'crl-changes' AND value <= ?");
    int64_t known = 0;
    bool found = false;
    enum cmc_rc rc;

    *from = since <= INT64_MAX ? (int64_t)since : INT64_MAX;
    cmc_bind_int(&b, *from);
    rc = once_number(rd, &b, &known, &found, err);
    if (rc == CMC_OK && !found)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "changes are not kept from so far back");
    return rc;
}

static enum cmc_rc changed(void *rd, struct cmc_slice issuer, uint32_t part, uint64_t since,
                           bool *any, struct cmc_err *err)
{
    struct cmc_bind b;
    int64_t from, one = 0;
    enum cmc_rc rc = check_known(rd, since, &from, err);

    *any = false;
    if (rc != CMC_OK)
        return rc;
    /* The order of a CROSS JOIN is kept: else SQLite may go through all certificates, and for each
     * through all changes. */
    b = once(rd, "SELECT 1 FROM crl_change CROSS JOIN cert ON cert.id = crl_change.cert"
                 " WHERE generation > ? AND issuer = " ISSUER " AND part = ? LIMIT 1");
    cmc_bind_int(&b, from);
    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, part);
    return once_number(rd, &b, &one, any, err);
}

static enum cmc_rc changes(void *rd, struct cmc_slice issuer, uint32_t part, uint64_t since,
                           enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c), void *arg,
                           struct cmc_err *err)
{
    struct cmc_bind b;
    int64_t from;
    enum cmc_rc rc = check_known(rd, since, &from, err);

    if (rc != CMC_OK)
        return rc;
    b = once(rd, "SELECT serial, not_after, state, reason, revoked_at, invalidity_at"
                 " FROM (SELECT DISTINCT cert AS changed FROM crl_change WHERE generation > ?)"
                 " CROSS JOIN cert ON cert.id = changed"
                 " WHERE issuer = " ISSUER " AND part = ? ORDER BY serial");
    cmc_bind_int(&b, from);
    cmc_bind_blob(&b, issuer);
    cmc_bind_int(&b, part);
    return each_entry(rd, &b, issuer, part, fn, arg, err);
}

const struct cmc_store_crl_ops cmc_sqlite_crl_ops = {
    .crl = crl_in_force,
    .crl_before = crl_before,
    .is_file = is_file,
    .parts = each_part,
    .revoked = revoked,
    .revoked_count = revoked_count,
    .revoked_part_after = revoked_part_after,
    .changed = changed,
    .changes = changes,
};
