/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite: the file that certificates are searched in. Parts of a subject are found by all their
 * groups of three characters (FTS5), and then looked at; the rest are plain tables in the order
 * that is asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/sqlite_row.h"

#define INDEX_ID  0x434d4353 /* application_id: "CMCS" */
#define INDEX_ID_ "1129136979"
#define FILL_ROWS 20000
/* Groups of three that are asked for; what a longer text adds to them is looked at anyway. */
#define GROUPS_MAX 32u

enum { KIND_REQUESTER = 1, KIND_PROFILE = 2 };

static const char schema[] =
    "CREATE TABLE position (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL,"
    " serial BLOB) STRICT;"
    "INSERT INTO position VALUES (1, 0, NULL);"
    "CREATE VIRTUAL TABLE subject USING"
    " fts5(t, content='', detail=none, columnsize=0, tokenize='trigram');"
    "CREATE TABLE word (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, value TEXT NOT NULL,"
    " UNIQUE (kind, value)) STRICT;"
    "CREATE TABLE posting (word INTEGER NOT NULL, cert INTEGER NOT NULL,"
    " PRIMARY KEY (word, cert)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE ending (not_after INTEGER NOT NULL, cert INTEGER NOT NULL,"
    " PRIMARY KEY (not_after, cert)) STRICT, WITHOUT ROWID;"
    "PRAGMA application_id = " INDEX_ID_ ";";

static const char forget[] = "INSERT INTO subject (subject) VALUES ('delete-all');"
                             "DELETE FROM posting; DELETE FROM word; DELETE FROM ending;"
                             "UPDATE position SET last = 0, serial = NULL;";

enum {
    X_FITS,
    X_BEHIND,
    X_RANGE,
    X_FILL_SUBJECT,
    X_FILL_REQUESTERS,
    X_FILL_PROFILES,
    X_FILL_REQUESTER,
    X_FILL_PROFILE,
    X_FILL_ENDING,
    X_FILLED,
    X_BY_SERIAL,
    X_BY_SUBJECT,
    X_BY_REQUESTER,
    X_BY_PROFILE,
    X_BY_ENDING,
    X_BY_STATE,
    X_BY_STATE_ALONE,
    X_ALL,
    X_COUNT
};

/* What is said holds, whichever of it the rows were found by. */
#define FILTER                                                                                     \
    "(?1 IS NULL OR instr(lower(c.subject_text), lower(?1)) > 0)"                                  \
    " AND (?2 IS NULL OR c.requester = ?2) AND (?3 IS NULL OR c.profile = ?3)"                     \
    " AND (?4 < 0 OR c.state = ?4) AND (?5 = 0 OR c.not_after >= ?5)"                              \
    " AND (?6 = 0 OR c.not_after < ?6) "
#define PAGE          " LIMIT ?7 OFFSET ?8"
#define SELECT        "SELECT " CMC_SQLITE_CERT_COLUMNS " FROM "
#define REVOKED       "(SELECT id FROM cert INDEXED BY cert_revoked WHERE state <> 0 AND state = ?4"
#define NEW_WORDS(k)  "INSERT OR IGNORE INTO word (kind, value) SELECT DISTINCT " k " FROM cert"
#define POSTINGS(k)   "INSERT OR IGNORE INTO posting SELECT w.id, c.id FROM cert c JOIN word w ON " k
#define BETWEEN(what) " WHERE " what " > ?1 AND " what " <= ?2"
#define BY_WORD(k)                                                                                 \
    SELECT "posting p CROSS JOIN cert c ON c.id = p.cert"                                          \
           " WHERE p.word = (SELECT id FROM word WHERE kind = " k ") AND " FILTER                  \
           " ORDER BY p.cert DESC" PAGE

static const char *const statements[X_COUNT] = {
    [X_FITS] = "SELECT last = 0 OR serial = (SELECT serial FROM cert WHERE id = last)"
               " FROM position",
    [X_BEHIND] = "SELECT coalesce((SELECT max(id) FROM cert), 0) - last FROM position",
    [X_RANGE] = "SELECT last, min(last + ?, coalesce((SELECT max(id) FROM cert), 0)),"
                " coalesce((SELECT max(id) FROM cert), 0) FROM position",
    [X_FILL_SUBJECT] = "INSERT INTO subject (rowid, t) SELECT id, subject_text FROM cert" BETWEEN(
        "id") " AND subject_text IS NOT NULL",
    [X_FILL_REQUESTERS] = NEW_WORDS("1, requester") BETWEEN("id") " AND requester IS NOT NULL",
    [X_FILL_PROFILES] = NEW_WORDS("2, profile") BETWEEN("id") " AND profile IS NOT NULL",
    [X_FILL_REQUESTER] = POSTINGS("w.kind = 1 AND w.value = c.requester") BETWEEN("c.id"),
    [X_FILL_PROFILE] = POSTINGS("w.kind = 2 AND w.value = c.profile") BETWEEN("c.id"),
    [X_FILL_ENDING] = "INSERT OR IGNORE INTO ending SELECT not_after, id FROM cert" BETWEEN("id"),
    [X_FILLED] = "UPDATE position SET last = ?,"
                 " serial = (SELECT serial FROM cert WHERE id = ?)",
    [X_BY_SERIAL] = SELECT "cert c WHERE c.issuer IN (SELECT id FROM issuer) AND c.serial = ?9"
                           " AND " FILTER " ORDER BY c.id DESC" PAGE,
    [X_BY_SUBJECT] = SELECT "subject s CROSS JOIN cert c ON c.id = s.rowid"
                            " WHERE s.subject MATCH ?9 AND " FILTER " ORDER BY s.rowid DESC" PAGE,
    [X_BY_REQUESTER] = BY_WORD("1 AND value = ?2"),
    [X_BY_PROFILE] = BY_WORD("2 AND value = ?3"),
    [X_BY_ENDING] = SELECT "ending e CROSS JOIN cert c ON c.id = e.cert"
                           " WHERE e.not_after >= ?5 AND (?6 = 0 OR e.not_after < ?6)"
                           " AND " FILTER " ORDER BY e.not_after, e.cert" PAGE,
    /* CROSS JOIN: else each certificate is looked at whether it is among them. */
    [X_BY_STATE] = SELECT REVOKED ") x CROSS JOIN cert c ON c.id = x.id WHERE " FILTER
                                  " ORDER BY x.id DESC" PAGE,
    /* Where no other row is left out, in the order of the index, and without a sort: our serial
     * numbers grow with time. */
    [X_BY_STATE_ALONE] = SELECT REVOKED " ORDER BY issuer DESC, serial DESC" PAGE
                                        ") x CROSS JOIN cert c ON c.id = x.id ORDER BY x.id DESC",
    [X_ALL] = SELECT "cert c WHERE " FILTER " ORDER BY c.id DESC" PAGE,
};

/* -- opening ----------------------------------------------------------------------------------- */

/* What has failed has left nothing. */
static enum cmc_rc end(struct cmc_sqlite *c, enum cmc_rc rc, struct cmc_err *err)
{
    if (rc == CMC_OK)
        return cmc_sqlite_exec(c, "COMMIT", err);
    (void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static enum cmc_rc one_int(struct cmc_sqlite *c, struct cmc_bind *b, int64_t *out, size_t n,
                           struct cmc_err *err)
{
    int code = cmc_bind_step(b);

    for (size_t i = 0; i < n && code == SQLITE_ROW; i++)
        out[i] = sqlite3_column_int64(b->st, (int)i);
    cmc_bind_end(b);
    return code == SQLITE_ROW ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

static enum cmc_rc query(struct cmc_sqlite *c, const char *sql, int64_t *out, struct cmc_err *err)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return code == SQLITE_ROW ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

/* SQLite makes files that others may read; names of subjects are nobody else's business. */
static enum cmc_rc make_file(const char *path, struct cmc_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "%s: %s", path, strerror(errno));
    (void)close(fd);
    return CMC_OK;
}

/* What another program has made is not touched; an empty file is a new one. */
static enum cmc_rc prepare_file(struct cmc_sqlite *c, struct cmc_err *err)
{
    int64_t id = 0, tables = 0;
    enum cmc_rc rc = cmc_sqlite_exec(c, "BEGIN IMMEDIATE", err);

    if (rc == CMC_OK)
        rc = query(c, "PRAGMA application_id", &id, err);
    if (rc == CMC_OK)
        rc = query(c, "SELECT count(*) FROM main.sqlite_schema", &tables, err);
    if (rc == CMC_OK && id != INDEX_ID && tables > 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL,
                      "%s: this file is no search index of cmcd; move it away", c->path);
    if (rc == CMC_OK && tables == 0)
        rc = cmc_sqlite_exec(c, schema, err);
    return end(c, rc, err);
}

static enum cmc_rc attach(struct cmc_sqlite *c, const char *store, struct cmc_err *err)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, "ATTACH ? AS store", -1, &st, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_bind_text(st, 1, store, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    sqlite3_finalize(st);
    return code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

/* A database that was restored, or another in its place, has other certificates by these ids. */
static enum cmc_rc check_fits(struct cmc_sqlite *c, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, X_FITS);
    int64_t fits = 0;
    enum cmc_rc rc = one_int(c, &b, &fits, 1, err);

    if (rc != CMC_OK || fits != 0)
        return rc;
    rc = cmc_sqlite_exec(c, "BEGIN IMMEDIATE", err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_exec(c, forget, err);
    return end(c, rc, err);
}

static enum cmc_rc open_index(struct cmc_sqlite *c, const char *store, struct cmc_err *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    struct cmc_buf path;
    enum cmc_rc rc;
    int code;

    cmc_buf_init(&path, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_printf(&path, "%s-search", store);
    c->path = cmc_buf_cstr(&path) != NULL ? strdup((const char *)path.p) : NULL;
    cmc_buf_free(&path);
    if (c->path == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    rc = make_file(c->path, err);
    if (rc != CMC_OK)
        return rc;
    code = sqlite3_open_v2(c->path, &c->db, flags, NULL);
    if (code != SQLITE_OK)
        return cmc_sqlite_fail(c, code, err);
    (void)sqlite3_busy_timeout(c->db, CMC_SQLITE_BUSY_MS);
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    rc = cmc_sqlite_exec(c,
                         "PRAGMA trusted_schema = OFF; PRAGMA journal_mode = WAL;"
                         "PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;",
                         err);
    if (rc == CMC_OK)
        rc = prepare_file(c, err);
    if (rc == CMC_OK)
        rc = attach(c, store, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_prepare(c, statements, X_COUNT, err);
    return rc == CMC_OK ? check_fits(c, err) : rc;
}

static void index_close(void *ix)
{
    struct cmc_sqlite *c = ix;

    if (c == NULL)
        return;
    cmc_sqlite_close(c);
    free(c);
}

static enum cmc_rc index_open(const void *db, void **ix, struct cmc_err *err)
{
    struct cmc_sqlite *c = calloc(1, sizeof *c);
    enum cmc_rc rc;

    if (c == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    rc = open_index(c, cmc_sqlite_writer_path(db), err);
    if (rc != CMC_OK) {
        index_close(c);
        return rc;
    }
    *ix = c;
    return CMC_OK;
}

/* -- filling ----------------------------------------------------------------------------------- */

static enum cmc_rc index_behind(void *ix, int64_t *n, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(ix, X_BEHIND);

    return one_int(ix, &b, n, 1, err);
}

static enum cmc_rc fill_rows(struct cmc_sqlite *c, bool *more, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, X_RANGE);
    int64_t range[3] = {0}; /* after, to, all */
    enum cmc_rc rc;

    cmc_bind_int(&b, FILL_ROWS);
    rc = one_int(c, &b, range, 3, err);
    for (size_t i = X_FILL_SUBJECT; rc == CMC_OK && i <= X_FILLED && range[1] > range[0]; i++) {
        b = cmc_bind_begin(c, i);
        cmc_bind_int(&b, i == X_FILLED ? range[1] : range[0]);
        cmc_bind_int(&b, range[1]);
        if (cmc_bind_run(&b) != SQLITE_DONE)
            rc = cmc_sqlite_fail(c, sqlite3_extended_errcode(c->db), err);
    }
    *more = range[1] < range[2];
    return rc;
}

static enum cmc_rc index_fill(void *ix, bool *more, struct cmc_err *err)
{
    enum cmc_rc rc = cmc_sqlite_exec(ix, "BEGIN IMMEDIATE", err);

    *more = false;
    if (rc != CMC_OK)
        return rc;
    rc = fill_rows(ix, more, err);
    return end(ix, rc, err);
}

/* -- searching --------------------------------------------------------------------------------- */

/* How many octets the character at p has; 0: it is no UTF-8, or the end. */
static size_t character(const char *p)
{
    unsigned char first = (unsigned char)*p;
    size_t n = first == 0      ? 0
               : first < 0x80  ? 1
               : first >= 0xf0 ? 4
               : first >= 0xe0 ? 3
               : first >= 0xc2 ? 2
                               : 0;

    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)p[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

static void add_group(struct cmc_buf *b, const char *p, size_t n)
{
    cmc_buf_str(b, b->n > 0 ? " AND \"" : "\"");
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"')
            cmc_buf_byte(b, '"');
        cmc_buf_byte(b, (uint8_t)p[i]);
    }
    cmc_buf_byte(b, '"');
}

/* All groups of three characters. False: there is none, or this is not for the index. */
static bool groups(const char *text, struct cmc_buf *b)
{
    size_t n = 0;

    for (const char *p = text; *p != '\0' && n < GROUPS_MAX; p += character(p), n++) {
        size_t size = 0;

        for (int i = 0; i < 3; i++) {
            size_t one = character(p + size);

            if (one == 0 && p[size] != '\0')
                return false;
            if (one == 0)
                return n > 0;
            size += one;
        }
        add_group(b, p, size);
    }
    return n > 0;
}

/* The one that leaves the fewest rows to look at. */
static size_t best(const struct cmc_search *q, bool grouped)
{
    if (q->serial.p != NULL)
        return X_BY_SERIAL;
    if (grouped)
        return X_BY_SUBJECT;
    if (q->requester != NULL)
        return X_BY_REQUESTER;
    if (q->state > CMC_CERT_VALID)
        return q->subject == NULL && q->profile == NULL && q->ends_from == 0 && q->ends_before == 0
                   ? X_BY_STATE_ALONE
                   : X_BY_STATE;
    if (q->ends_from != 0 || q->ends_before != 0)
        return X_BY_ENDING;
    return q->profile != NULL ? X_BY_PROFILE : X_ALL;
}

static int64_t clamp(size_t n)
{
    return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static enum cmc_rc index_run(void *ix, const struct cmc_search *q,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                             void *arg, struct cmc_err *err)
{
    struct cmc_sqlite *c = ix;
    enum cmc_rc rc = CMC_OK;
    struct cmc_bind b;
    struct cmc_buf match;
    int code = SQLITE_DONE;
    size_t by;

    cmc_buf_init(&match, CMC_LIMIT_LOG_LINE);
    by = best(q, q->subject != NULL && groups(q->subject, &match));
    if (by == X_BY_SUBJECT && cmc_buf_cstr(&match) == NULL) {
        cmc_buf_free(&match);
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    }
    b = cmc_bind_begin(c, by);
    cmc_bind_text(&b, q->subject);
    cmc_bind_text(&b, q->requester);
    cmc_bind_text(&b, q->profile);
    cmc_bind_int(&b, q->state);
    cmc_bind_int(&b, q->ends_from);
    cmc_bind_int(&b, q->ends_before);
    cmc_bind_int(&b, clamp(q->limit));
    cmc_bind_int(&b, clamp(q->offset));
    if (by == X_BY_SERIAL)
        cmc_bind_blob(&b, q->serial);
    else if (by == X_BY_SUBJECT)
        cmc_bind_text(&b, (const char *)match.p);
    while (rc == CMC_OK && (code = cmc_bind_step(&b)) == SQLITE_ROW) {
        struct cmc_cert_record r;

        rc = cmc_sqlite_cert_row(c, b.st, &r, err);
        if (rc == CMC_OK)
            rc = fn(arg, &r);
    }
    if (rc == CMC_OK && code != SQLITE_DONE)
        rc = cmc_sqlite_fail(c, code, err);
    cmc_bind_end(&b);
    cmc_buf_free(&match);
    return rc;
}

const struct cmc_store_search_ops cmc_sqlite_search_ops = {
    .open = index_open,
    .close = index_close,
    .behind = index_behind,
    .fill = index_fill,
    .run = index_run,
};
