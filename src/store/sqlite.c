/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: connections, the schema and its migrations, and binding. */
#include "store/sqlite_int.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "store/sqlite_schema_3.h"
#include "store/sqlite_schema_officer.h"

const struct cmc_store_ops cmc_store_sqlite = {
    .scheme = "sqlite",
    .open = cmc_sqlite_writer_open,
    .close = cmc_sqlite_writer_close,
    .group = cmc_sqlite_group,
    .reader_new = cmc_sqlite_reader_new,
    .reader_free = cmc_sqlite_reader_free,
    .cert = cmc_sqlite_cert,
    .answer = cmc_sqlite_answer,
    .unique_key = cmc_sqlite_unique_key,
    .officer = cmc_sqlite_officer,
    .officer_named = cmc_sqlite_officer_named,
    .anchors = cmc_sqlite_anchors,
    .cert_by_digest = cmc_sqlite_cert_by_digest,
    .generation = cmc_sqlite_generation,
    .hold = cmc_sqlite_hold,
    .release = cmc_sqlite_release,
    .officers = cmc_sqlite_officers,
    .secret = cmc_sqlite_secret,
    .revocation_secret = cmc_sqlite_revocation_secret,
    .secrets = cmc_sqlite_secrets,
    .cert_status = cmc_sqlite_cert_status,
    .certs = cmc_sqlite_certs,
    .audit = cmc_sqlite_audit,
    .audit_count = cmc_sqlite_audit_count,
    .backup = cmc_sqlite_backup,
    .check = cmc_sqlite_check,
    .unused = cmc_sqlite_unused,
    .crls = &cmc_sqlite_crl_ops,
    .pending = &cmc_sqlite_pending_ops,
    .publication = &cmc_sqlite_publication_ops,
    .search = &cmc_sqlite_search_ops,
};

/* -- the schema ------------------------------------------------------------------------------ */

/* "CMCS" in the header of the file: this database is ours. */
#define APPLICATION_ID 0x434d4353

static const char schema_base[] =
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO meta VALUES ('schema_version', 0);";

/*
 * Step i brings schema i to i + 1. A step that was released is never changed.
 *
 * Serial numbers and digests are random, so each index over them costs every issuance a page of
 * its own in the WAL; there is one only where something is read by it. Rows of cert are small
 * because the DER lies in a table beside: a listing or a change of state does not touch it.
 * cert_revoked holds all that a CRL needs.
 */
static const char *const migrations[] = {
    "CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "INSERT INTO counter VALUES ('generation', 0), ('audit', 0);"
    "CREATE TABLE issuer ("
    " id INTEGER PRIMARY KEY,"
    " name BLOB NOT NULL UNIQUE,"
    " crl_number INTEGER NOT NULL DEFAULT 0) STRICT;"
    "CREATE TABLE cert ("
    " id INTEGER PRIMARY KEY,"
    " issuer INTEGER NOT NULL REFERENCES issuer(id),"
    " serial BLOB NOT NULL,"
    " state INTEGER NOT NULL,"
    " reason INTEGER NOT NULL,"
    " revoked_at INTEGER NOT NULL,"
    " invalidity_at INTEGER NOT NULL,"
    " not_before INTEGER NOT NULL,"
    " not_after INTEGER NOT NULL,"
    " issued_at INTEGER NOT NULL,"
    " subject BLOB NOT NULL,"
    " subject_text TEXT,"
    " ski BLOB,"
    " spki_digest BLOB NOT NULL,"
    " profile TEXT,"
    " requester TEXT,"
    " UNIQUE (issuer, serial)) STRICT;"
    "CREATE INDEX cert_revoked ON cert"
    " (issuer, serial, not_after, state, reason, revoked_at, invalidity_at) WHERE state <> 0;"
    "CREATE TABLE cert_der ("
    " id INTEGER PRIMARY KEY REFERENCES cert(id),"
    " der BLOB NOT NULL) STRICT;"
    "CREATE TABLE officer ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " roles INTEGER NOT NULL,"
    " cert_digest BLOB NOT NULL UNIQUE,"
    " cert BLOB NOT NULL,"
    " added_at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE message ("
    " id INTEGER PRIMARY KEY,"
    " request_digest BLOB NOT NULL UNIQUE,"
    " type TEXT NOT NULL,"
    " answer BLOB NOT NULL,"
    " at INTEGER NOT NULL) STRICT;"
    "CREATE TABLE audit ("
    " seq INTEGER PRIMARY KEY,"
    " at INTEGER NOT NULL,"
    " json TEXT NOT NULL,"
    " hash BLOB NOT NULL) STRICT;"
    "CREATE TABLE crl ("
    " issuer INTEGER PRIMARY KEY REFERENCES issuer(id),"
    " number INTEGER NOT NULL,"
    " this_update INTEGER NOT NULL,"
    " next_update INTEGER NOT NULL,"
    " generation INTEGER NOT NULL,"
    " der BLOB NOT NULL) STRICT;",

    "CREATE TABLE secret ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " purpose INTEGER NOT NULL,"
    " sealed BLOB NOT NULL,"
    " once INTEGER NOT NULL,"
    " added_at INTEGER NOT NULL,"
    " used_at INTEGER NOT NULL DEFAULT 0,"
    " expires_at INTEGER NOT NULL,"
    " failures INTEGER NOT NULL DEFAULT 0,"
    " locked INTEGER NOT NULL DEFAULT 0,"
    " subject BLOB,"
    " issuer BLOB,"
    " serial BLOB,"
    " UNIQUE (issuer, serial)) STRICT;",

    CMC_SQLITE_SCHEMA_3,
    cmc_sqlite_schema_retrieve,
    /* Keys that may be certified once only; see struct cmc_cert_record. */
    "CREATE TABLE unique_key (spki_digest BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;",
    /* An approval by signature comes with the request, not with its number. */
    "CREATE INDEX held_by_key ON held (key);",
    /* CRLs whose der is empty, because they are files; see store/crl_file.h. */
    "CREATE TABLE crl_file ("
    " issuer INTEGER NOT NULL REFERENCES issuer(id),"
    " number INTEGER NOT NULL,"
    " octets INTEGER NOT NULL,"
    " PRIMARY KEY (issuer, number)) STRICT, WITHOUT ROWID;",
    cmc_sqlite_schema_crl,
    CMC_SQLITE_SCHEMA_OFFICER,
    cmc_sqlite_schema_publication,
};
#define SCHEMA_VERSION ((int64_t)(sizeof migrations / sizeof migrations[0]))

/* -- errors ---------------------------------------------------------------------------------- */

enum cmc_rc cmc_sqlite_fail(const struct cmc_sqlite *c, int code, struct cmc_err *err)
{
    const char *text = c->db != NULL ? sqlite3_errmsg(c->db) : sqlite3_errstr(code);

    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return cmc_fail(err, CMC_E_MEM, NULL, "store %s: out of memory", c->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return cmc_fail(err, CMC_E_RETRY, NULL, "store %s: another process holds it (%s)", c->path,
                        text);
    case SQLITE_TOOBIG:
        return cmc_fail(err, CMC_E_LIMIT, NULL, "store %s: the value is too large", c->path);
    default:
        return cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: %s", c->path, text);
    }
}

enum cmc_rc cmc_sqlite_exec(struct cmc_sqlite *c, const char *sql, struct cmc_err *err)
{
    int code = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

/* The first column of the first row of a statement that is needed once. */
static enum cmc_rc query_int(struct cmc_sqlite *c, const char *sql, int64_t *out,
                             struct cmc_err *err)
{
    sqlite3_stmt *st = NULL;
    enum cmc_rc rc = CMC_OK;
    int code = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code == SQLITE_ROW)
        *out = sqlite3_column_int64(st, 0);
    else if (code == SQLITE_DONE)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: it has no schema version", c->path);
    else
        rc = cmc_sqlite_fail(c, code, err);
    sqlite3_finalize(st);
    return rc;
}

/* -- connections ----------------------------------------------------------------------------- */

/*
 * Tell what is wrong with the place before SQLite only says that it cannot. The file must not be
 * opened for this: closing it would drop the locks that this process has on it.
 */
static enum cmc_rc check_place(const char *path, struct cmc_err *err)
{
    struct stat st;
    char *copy = NULL;
    enum cmc_rc rc = CMC_OK;

    if (stat(path, &st) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: not a regular file", path);
    if (access(path, R_OK | W_OK) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: %s", path, strerror(errno));
    copy = strdup(path);
    if (copy == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    if (access(dirname(copy), W_OK | X_OK) != 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL,
                      "store %s: its directory must be writable, for the write-ahead log: %s", path,
                      strerror(errno));
    free(copy);
    return rc;
}

/* ":memory:" and "file:..." would be more than a path to SQLite; "./" in front makes them one. */
static char *plain_path(const char *path)
{
    char *p = NULL;

    if (path[0] == '/')
        return strdup(path);
    return asprintf(&p, "./%s", path) < 0 ? NULL : p;
}

static enum cmc_rc open_file(struct cmc_sqlite *c, const char *path, int mode, struct cmc_err *err)
{
    const int flags = mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code;

    *c = (struct cmc_sqlite){0};
    c->path = plain_path(path);
    if (c->path == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): cmc_sqlite_close() frees path */
    code = sqlite3_open_v2(c->path, &c->db, flags, cmc_sqlite_vfs());
    if (code != SQLITE_OK)
        return cmc_sqlite_fail(c, code, err);
    (void)sqlite3_busy_timeout(c->db, CMC_SQLITE_BUSY_MS);
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return cmc_sqlite_exec(c, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;", err);
}

/*
 * FULL: a commit is on the disk when it returns. The log may grow to 64 MiB before it is put
 * into the database, since many issuances then share the writing of one index page.
 */
static enum cmc_rc set_wal(struct cmc_sqlite *c, struct cmc_err *err)
{
    sqlite3_stmt *st = NULL;
    enum cmc_rc rc = CMC_OK;
    int code = sqlite3_prepare_v2(c->db, "PRAGMA journal_mode = WAL", -1, &st, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code != SQLITE_ROW)
        rc = cmc_sqlite_fail(c, code, err);
    else if (strcmp((const char *)sqlite3_column_text(st, 0), "wal") != 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL,
                      "store %s: this file system does not allow a write-ahead log", c->path);
    sqlite3_finalize(st);
    if (rc != CMC_OK)
        return rc;
    return cmc_sqlite_exec(c,
                           "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
                           "PRAGMA wal_autocheckpoint = 4096;"
                           "PRAGMA journal_size_limit = 67108864;",
                           err);
}

enum cmc_rc cmc_sqlite_connect(struct cmc_sqlite *c, const char *path, struct cmc_err *err)
{
    int64_t id;
    enum cmc_rc rc;

    *c = (struct cmc_sqlite){0};
    rc = check_place(path, err);
    if (rc == CMC_OK)
        rc = open_file(c, path, SQLITE_OPEN_READWRITE, err);
    if (rc == CMC_OK)
        rc = query_int(c, "PRAGMA application_id", &id, err);
    if (rc != CMC_OK)
        return rc;
    if (id != APPLICATION_ID)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: not a database of cmcd", path);
    return set_wal(c, err);
}

enum cmc_rc cmc_sqlite_look(struct cmc_sqlite *c, const char *path, struct cmc_err *err)
{
    int64_t id, version = 0;
    enum cmc_rc rc = open_file(c, path, SQLITE_OPEN_READONLY, err);

    if (rc == CMC_OK)
        rc = query_int(c, "PRAGMA application_id", &id, err);
    if (rc == CMC_OK && id != APPLICATION_ID)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: not a database of cmcd", path);
    if (rc == CMC_OK)
        rc = query_int(c, "SELECT value FROM meta WHERE key = 'schema_version'", &version, err);
    if (rc == CMC_OK && (version < 1 || version > SCHEMA_VERSION))
        rc = cmc_fail(err, CMC_E_LOCAL, NULL,
                      "store %s: schema version %" PRId64 " is not known to this program, which "
                      "knows up to %" PRId64,
                      path, version, SCHEMA_VERSION);
    return rc;
}

void cmc_sqlite_close(struct cmc_sqlite *c)
{
    for (size_t i = 0; i < c->nstmts; i++)
        (void)sqlite3_finalize(c->stmts[i]);
    free(c->stmts);
    (void)sqlite3_close(c->db);
    free(c->path);
    *c = (struct cmc_sqlite){0};
}

enum cmc_rc cmc_sqlite_prepare(struct cmc_sqlite *c, const char *const *sql, size_t n,
                               struct cmc_err *err)
{
    c->stmts = calloc(n, sizeof(*c->stmts));
    if (c->stmts == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    for (; c->nstmts < n; c->nstmts++) {
        int code = sqlite3_prepare_v3(c->db, sql[c->nstmts], -1, SQLITE_PREPARE_PERSISTENT,
                                      &c->stmts[c->nstmts], NULL);

        if (code != SQLITE_OK)
            return cmc_sqlite_fail(c, code, err);
    }
    return CMC_OK;
}

enum cmc_rc cmc_sqlite_share(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                             const char *const *sql, size_t n, struct cmc_err *err)
{
    *c = (struct cmc_sqlite){.db = of->db, .path = of->path};
    return cmc_sqlite_prepare(c, sql, n, err);
}

void cmc_sqlite_unshare(struct cmc_sqlite *c)
{
    for (size_t i = 0; i < c->nstmts; i++)
        (void)sqlite3_finalize(c->stmts[i]);
    free(c->stmts);
    *c = (struct cmc_sqlite){0};
}

/* -- making and migrating ---------------------------------------------------------------------- */

/* Steps from the version found to ours. The write lock is held. */
static enum cmc_rc migrate_locked(struct cmc_sqlite *c, struct cmc_err *err)
{
    int64_t version = 0;
    char sql[80];
    enum cmc_rc rc;

    rc = query_int(c, "SELECT value FROM meta WHERE key = 'schema_version'", &version, err);
    if (rc == CMC_OK && version < 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL,
                      "store %s: schema version %" PRId64 " is none of ours", c->path, version);
    for (; rc == CMC_OK && version < SCHEMA_VERSION; version++) {
        rc = cmc_sqlite_exec(c, migrations[version], err);
        if (rc == CMC_OK) {
            (void)snprintf(sql, sizeof sql,
                           "UPDATE meta SET value = %" PRId64 " WHERE key = 'schema_version'",
                           version + 1);
            rc = cmc_sqlite_exec(c, sql, err);
        }
    }
    return rc;
}

enum cmc_rc cmc_sqlite_migrate(struct cmc_sqlite *c, struct cmc_err *err)
{
    int64_t version = 0;
    enum cmc_rc rc;

    rc = query_int(c, "SELECT value FROM meta WHERE key = 'schema_version'", &version, err);
    if (rc != CMC_OK || version == SCHEMA_VERSION)
        return rc;
    if (version > SCHEMA_VERSION)
        return cmc_fail(err, CMC_E_LOCAL, NULL,
                        "store %s: schema version %" PRId64 " is newer than this program, which "
                        "knows up to %" PRId64,
                        c->path, version, SCHEMA_VERSION);
    rc = cmc_sqlite_exec(c, "BEGIN IMMEDIATE", err);
    if (rc != CMC_OK)
        return rc;
    rc = migrate_locked(c, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_exec(c, "COMMIT", err);
    if (rc != CMC_OK)
        (void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static enum cmc_rc write_schema(struct cmc_sqlite *c, struct cmc_err *err)
{
    char pragma[64];
    enum cmc_rc rc;

    (void)snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d", APPLICATION_ID);
    rc = cmc_sqlite_exec(c, "BEGIN IMMEDIATE", err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_exec(c, pragma, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_exec(c, schema_base, err);
    if (rc == CMC_OK)
        rc = migrate_locked(c, err);
    if (rc == CMC_OK)
        rc = cmc_sqlite_exec(c, "COMMIT", err);
    return rc;
}

enum cmc_rc cmc_sqlite_create(const char *path, struct cmc_err *err)
{
    struct cmc_sqlite c = {0};
    enum cmc_rc rc;
    int fd;

    /* O_EXCL: what is there already is never touched. SQLite gives its log the same mode. */
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return cmc_fail(err, CMC_E_CONFLICT, NULL, "store %s: it is there already", path);
    if (fd < 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: cannot make it: %s", path,
                        strerror(errno));
    (void)close(fd);
    rc = check_place(path, err);
    if (rc == CMC_OK)
        rc = open_file(&c, path, SQLITE_OPEN_READWRITE, err);
    if (rc == CMC_OK)
        rc = set_wal(&c, err);
    if (rc == CMC_OK)
        rc = write_schema(&c, err);
    if (rc == CMC_OK)
        rc = cmc_file_sync_directory(path, err);
    cmc_sqlite_close(&c);
    if (rc != CMC_OK)
        (void)unlink(path);
    return rc;
}

/* -- binding ----------------------------------------------------------------------------------- */

struct cmc_bind cmc_bind_begin(const struct cmc_sqlite *c, size_t stmt)
{
    return (struct cmc_bind){.st = c->stmts[stmt], .index = 0, .code = SQLITE_OK};
}

static void bound(struct cmc_bind *b, int code)
{
    if (b->code == SQLITE_OK)
        b->code = code;
}

void cmc_bind_int(struct cmc_bind *b, int64_t v)
{
    bound(b, sqlite3_bind_int64(b->st, ++b->index, v));
}

void cmc_bind_blob(struct cmc_bind *b, struct cmc_slice s)
{
    bound(b, sqlite3_bind_blob64(b->st, ++b->index, s.p, s.n, SQLITE_STATIC));
}

void cmc_bind_text(struct cmc_bind *b, const char *s)
{
    bound(b, sqlite3_bind_text(b->st, ++b->index, s, -1, SQLITE_STATIC));
}

int cmc_bind_step(struct cmc_bind *b)
{
    return b->code != SQLITE_OK ? b->code : sqlite3_step(b->st);
}

void cmc_bind_end(struct cmc_bind *b)
{
    (void)sqlite3_reset(b->st);
    (void)sqlite3_clear_bindings(b->st);
}

int cmc_bind_run(struct cmc_bind *b)
{
    int code = cmc_bind_step(b);

    cmc_bind_end(b);
    return code == SQLITE_ROW ? SQLITE_DONE : code;
}

enum cmc_rc cmc_sqlite_run(const struct cmc_sqlite *c, struct cmc_bind *b, struct cmc_err *err)
{
    int code = cmc_bind_run(b);

    return code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

bool cmc_sqlite_is_duplicate(int code)
{
    return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY;
}
