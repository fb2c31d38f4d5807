/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite, the writer's side of shared secrets: within sqlite_write.c's transaction. */
#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/sqlite_int.h"

enum { G_SECRET_ADD, G_SECRET_REMOVE, G_COUNT };

static const char *const statements[G_COUNT] = {
    [G_SECRET_ADD] =
        "INSERT INTO secret (name, purpose, sealed, once, added_at, expires_at, subject,"
        " issuer, serial, names) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [G_SECRET_REMOVE] = "DELETE FROM secret WHERE name = ?",
};

enum cmc_rc cmc_sqlite_register_writer(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                                       struct cmc_err *err)
{
    return cmc_sqlite_share(c, of, statements, G_COUNT, err);
}

/* -- shared secrets --------------------------------------------------------------------------- */

static enum cmc_rc audit_secret(void *db, int64_t at, const char *event, const char *name,
                                const struct cmc_secret *s, struct cmc_err *err)
{
    const char *purpose = s == NULL ? NULL : s->purpose == CMC_SECRET_REVOKE ? "revoke" : "enroll";
    struct cmc_buf hex;
    json_t *o = NULL;
    char *text = NULL;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&hex, 2 * CMC_LIMIT_INTEGER_OCTETS + 1);
    if (s != NULL && s->serial.p != NULL) {
        cmc_buf_hex(&hex, s->serial);
        if (cmc_buf_cstr(&hex) == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    }
    if (rc == CMC_OK) {
        o = json_pack("{s:s, s:s, s:s*, s:s*, s:s*}", "event", event, "name", name, "purpose",
                      purpose, "serial", (const char *)hex.p, "names", s != NULL ? s->names : NULL);
        text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
        rc = text != NULL ? cmc_sqlite_write_audit(db, at, text, err)
                          : cmc_fail(err, CMC_E_USAGE, NULL,
                                     "the name of a shared secret must be UTF-8 text");
    }
    free(text);
    json_decref(o);
    cmc_buf_free(&hex);
    return rc;
}

static enum cmc_rc secret_add(struct cmc_sqlite *c, void *db, const struct cmc_secret *s,
                              struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, G_SECRET_ADD);
    int code;

    if (s->name == NULL || s->name[0] == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL, "a shared secret needs a name");
    cmc_bind_text(&b, s->name);
    cmc_bind_int(&b, s->purpose);
    cmc_bind_blob(&b, s->sealed);
    cmc_bind_int(&b, s->once);
    cmc_bind_int(&b, s->added_at);
    cmc_bind_int(&b, s->expires_at);
    cmc_bind_blob(&b, s->subject);
    cmc_bind_blob(&b, s->issuer);
    cmc_bind_blob(&b, s->serial);
    cmc_bind_text(&b, s->names);
    code = cmc_bind_run(&b);
    if (cmc_sqlite_is_duplicate(code))
        return cmc_fail(err, CMC_E_CONFLICT, NULL,
                        "secret %s: one with this name, or for this certificate, is there",
                        s->name);
    if (code != SQLITE_DONE)
        return cmc_sqlite_fail(c, code, err);
    return audit_secret(db, s->added_at, "secret-add", s->name, s, err);
}

static enum cmc_rc secret_remove(struct cmc_sqlite *c, void *db, const char *name, int64_t at,
                                 struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, G_SECRET_REMOVE);
    enum cmc_rc rc;

    cmc_bind_text(&b, name);
    rc = cmc_sqlite_run(c, &b, err);
    if (rc == CMC_OK && sqlite3_changes(c->db) == 0)
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "there is no secret %s", name);
    return rc == CMC_OK ? audit_secret(db, at, "secret-remove", name, NULL, err) : rc;
}

/* -- the jobs ------------------------------------------------------------------------------------
 */

enum cmc_rc cmc_sqlite_register_job(struct cmc_sqlite *c, void *db, const struct cmc_job *job,
                                    struct cmc_err *err)
{
    switch (job->kind) {
    case CMC_JOB_SECRET_ADD:
        return secret_add(c, db, job->u.secret, err);
    default:
        return secret_remove(c, db, job->u.removal.name, job->u.removal.at, err);
    }
}
