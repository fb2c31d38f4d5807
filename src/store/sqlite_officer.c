/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite, the writer's side of officers: within sqlite_write.c's transaction. Who may order a
 * change, and that an admin is left, is decided here, where no other change comes between.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/buf.h"
#include "store/sqlite_int.h"

enum {
    O_ADD,
    O_MODIFY,
    O_REMOVE,
    O_NAMED,
    O_ADMINS,
    O_IS_ADMIN,
    O_LAST_CHANGE,
    O_CHANGED,
    O_GENERATION,
    O_COUNT
};

static const char *const statements[O_COUNT] = {
    [O_ADD] = "INSERT INTO officer (roles, cert_digest, cert, profiles, names, name, added_at)"
              " VALUES (?, ?, ?, ?, ?, ?, ?)",
    [O_MODIFY] = "UPDATE officer SET roles = ?, cert_digest = ?, cert = ?, profiles = ?, names = ?"
                 " WHERE name = ?",
    [O_REMOVE] = "DELETE FROM officer WHERE name = ?",
    [O_NAMED] = "SELECT roles, cert_digest, profiles, names FROM officer WHERE name = ?",
    [O_ADMINS] = "SELECT count(*) FROM officer WHERE (roles & ?) <> 0",
    [O_IS_ADMIN] = "SELECT 1 FROM officer WHERE name = ? AND cert_digest = ? AND (roles & ?) <> 0",
    [O_LAST_CHANGE] = "SELECT value FROM counter WHERE name = 'officer-change'",
    [O_CHANGED] = "UPDATE counter SET value = (SELECT max(seq) FROM audit)"
                  " WHERE name = 'officer-change'",
    [O_GENERATION] = "UPDATE counter SET value = value + 1 WHERE name = 'generation'",
};

enum cmc_rc cmc_sqlite_officer_writer(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                                      struct cmc_err *err)
{
    return cmc_sqlite_share(c, of, statements, O_COUNT, err);
}

/* -- the audit record ------------------------------------------------------------------------- */

static json_t *hex(struct cmc_slice octets)
{
    struct cmc_buf b;
    json_t *o;

    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_hex(&b, octets);
    o = cmc_buf_ok(&b) && b.n > 0 ? json_stringn((const char *)b.p, b.n) : NULL;
    cmc_buf_free(&b);
    return o;
}

static json_t *lines(const char *text)
{
    json_t *list = text != NULL ? json_array() : NULL;

    for (const char *p = text; p != NULL; p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL)
        (void)json_array_append_new(list, json_stringn(p, strcspn(p, "\n")));
    return list;
}

/* What counts of an officer: an object, or members of one. */
static json_t *state(const struct cmc_officer *o)
{
    char roles[CMC_ROLES_TEXT_SIZE];

    return json_pack("{s:s, s:s*, s:o*, s:o}", "roles",
                     cmc_roles_text(o->roles, roles, sizeof roles), "profiles", o->profiles,
                     "names", lines(o->names), "certificate",
                     hex(cmc_slice(o->cert_digest, sizeof o->cert_digest)));
}

/* The record of a change: the same change always gives the same octets. */
static json_t *record(const struct cmc_officer_change *ch, const struct cmc_officer *before)
{
    static const char *const events[] = {[CMC_OFFICER_ADD] = "officer-add",
                                         [CMC_OFFICER_MODIFY] = "officer-modify",
                                         [CMC_OFFICER_REMOVE] = "officer-remove"};
    const struct cmc_officer_order *order = ch->order;
    json_t *o = json_pack("{s:s, s:s}", "event", events[ch->act], "name", ch->officer.name);

    if (o != NULL && ch->act != CMC_OFFICER_REMOVE)
        (void)json_object_update_new(o, state(&ch->officer));
    if (o != NULL && ch->act != CMC_OFFICER_ADD)
        (void)json_object_set_new(o, "before", state(before));
    if (o != NULL && ch->recover)
        (void)json_object_set_new(o, "recovery", json_true());
    if (o != NULL && order != NULL) {
        (void)json_object_set_new(o, "admin", json_string(order->admin));
        (void)json_object_set_new(o, "order", json_string(order->text));
        (void)json_object_set_new(o, "adminCertificate", hex(order->certificate));
        (void)json_object_set_new(o, "signature", hex(order->signature));
    }
    return o;
}

static enum cmc_rc audit(void *db, const struct cmc_officer_change *ch,
                         const struct cmc_officer *before, struct cmc_err *err)
{
    json_t *o = record(ch, before);
    char *text = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
    enum cmc_rc rc;

    if (text == NULL)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the officer's name must be UTF-8 text");
    else
        rc = cmc_sqlite_write_audit(db, ch->at, text, err);
    free(text);
    json_decref(o);
    return rc;
}

/* -- what must hold --------------------------------------------------------------------------- */

static enum cmc_rc number(struct cmc_sqlite *c, struct cmc_bind *b, int64_t *n, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    int code = cmc_bind_step(b);

    if (code == SQLITE_ROW)
        *n = sqlite3_column_int64(b->st, 0);
    else
        rc = cmc_sqlite_fail(c, code, err);
    cmc_bind_end(b);
    return rc;
}

static enum cmc_rc admins(struct cmc_sqlite *c, int64_t *n, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, O_ADMINS);

    cmc_bind_int(&b, CMC_ROLE_ADMIN);
    return number(c, &b, n, err);
}

/* One order, one change: what was signed before another change is not what is meant now. */
static enum cmc_rc unused(struct cmc_sqlite *c, const struct cmc_officer_order *order,
                          struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, O_LAST_CHANGE);
    int64_t last = 0;
    enum cmc_rc rc = number(c, &b, &last, err);

    if (rc == CMC_OK && order->after < last)
        rc = cmc_fail(err, CMC_E_CONFLICT, NULL,
                      "officers were changed by somebody else at this moment; try again");
    return rc;
}

static enum cmc_rc ordered_by_admin(struct cmc_sqlite *c, const struct cmc_officer_order *order,
                                    struct cmc_err *err)
{
    struct cmc_bind b;
    int code;

    if (order == NULL)
        return cmc_fail(err, CMC_E_REFUSED, NULL,
                        "officers are changed by order of an officer with the role admin here; "
                        "give --as and --key");
    b = cmc_bind_begin(c, O_IS_ADMIN);
    cmc_bind_text(&b, order->admin);
    cmc_bind_blob(&b, cmc_slice(order->admin_digest, sizeof order->admin_digest));
    cmc_bind_int(&b, CMC_ROLE_ADMIN);
    code = cmc_bind_step(&b);
    cmc_bind_end(&b);
    if (code == SQLITE_DONE)
        return cmc_fail(err, CMC_E_REFUSED, NULL, "%s is no officer with the role admin",
                        order->admin);
    return code == SQLITE_ROW ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* What is there, into text that the caller keeps. */
struct found {
    struct cmc_officer officer;
    char *profiles, *names;
};

static enum cmc_rc find(struct cmc_sqlite *c, const char *name, struct found *f,
                        struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, O_NAMED);
    enum cmc_rc rc = CMC_OK;
    int code;

    cmc_bind_text(&b, name);
    code = cmc_bind_step(&b);
    if (code == SQLITE_DONE)
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "officer %s is not registered", name);
    else if (code != SQLITE_ROW)
        rc = cmc_sqlite_fail(c, code, err);
    else if (sqlite3_column_bytes(b.st, 1) != CMC_SHA256_OCTETS)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: officer %s is damaged", c->path, name);
    if (rc == CMC_OK) {
        const char *profiles = (const char *)sqlite3_column_text(b.st, 2);
        const char *names = (const char *)sqlite3_column_text(b.st, 3);

        f->officer.roles = (unsigned int)sqlite3_column_int64(b.st, 0);
        memcpy(f->officer.cert_digest, sqlite3_column_blob(b.st, 1), CMC_SHA256_OCTETS);
        f->profiles = profiles != NULL ? strdup(profiles) : NULL;
        f->names = names != NULL ? strdup(names) : NULL;
        f->officer.profiles = f->profiles;
        f->officer.names = f->names;
        if ((profiles != NULL) != (f->profiles != NULL) || (names != NULL) != (f->names != NULL))
            rc = cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    }
    cmc_bind_end(&b);
    return rc;
}

static bool same(const struct cmc_officer *a, const struct cmc_officer *b)
{
    return a->roles == b->roles && same_text(a->profiles, b->profiles) &&
           same_text(a->names, b->names) &&
           memcmp(a->cert_digest, b->cert_digest, sizeof a->cert_digest) == 0;
}

/* -- the change ------------------------------------------------------------------------------- */

static enum cmc_rc write(struct cmc_sqlite *c, const struct cmc_officer_change *ch,
                         struct cmc_err *err)
{
    static const int rows[] = {[CMC_OFFICER_ADD] = O_ADD,
                               [CMC_OFFICER_MODIFY] = O_MODIFY,
                               [CMC_OFFICER_REMOVE] = O_REMOVE};
    const struct cmc_officer *o = &ch->officer;
    struct cmc_bind b = cmc_bind_begin(c, (size_t)rows[ch->act]);
    int code;

    if (ch->act != CMC_OFFICER_REMOVE) {
        cmc_bind_int(&b, o->roles);
        cmc_bind_blob(&b, cmc_slice(o->cert_digest, sizeof o->cert_digest));
        cmc_bind_blob(&b, o->cert);
        cmc_bind_text(&b, o->profiles);
        cmc_bind_text(&b, o->names);
    }
    cmc_bind_text(&b, o->name);
    if (ch->act == CMC_OFFICER_ADD)
        cmc_bind_int(&b, o->added_at);
    code = cmc_bind_run(&b);
    if (cmc_sqlite_is_duplicate(code))
        return cmc_fail(err, CMC_E_CONFLICT, NULL,
                        "officer %s: an officer with this name or certificate is registered",
                        o->name);
    return code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

/* What was answered before may be answered otherwise now: cmc_reader_generation(). */
static enum cmc_rc note_change(struct cmc_sqlite *c, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(c, O_GENERATION);
    enum cmc_rc rc = cmc_sqlite_run(c, &b, err);

    b = cmc_bind_begin(c, O_CHANGED);
    return rc == CMC_OK ? cmc_sqlite_run(c, &b, err) : rc;
}

enum cmc_rc cmc_sqlite_officer_job(struct cmc_sqlite *c, void *db,
                                   const struct cmc_officer_change *ch, struct cmc_err *err)
{
    int64_t before = 0, after = 0;
    struct found f = {0};
    enum cmc_rc rc;

    if (ch->officer.name == NULL || ch->officer.name[0] == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL, "an officer needs a name");
    rc = admins(c, &before, err);
    if (rc == CMC_OK && before > 0 && !ch->recover)
        rc = ordered_by_admin(c, ch->order, err);
    if (rc == CMC_OK && ch->order != NULL)
        rc = unused(c, ch->order, err);
    if (rc == CMC_OK && ch->act != CMC_OFFICER_ADD)
        rc = find(c, ch->officer.name, &f, err);
    if (rc == CMC_OK && ch->before != NULL && !same(&f.officer, ch->before))
        rc = cmc_fail(err, CMC_E_CONFLICT, NULL,
                      "officer %s was changed by somebody else at this moment; try again",
                      ch->officer.name);
    if (rc == CMC_OK)
        rc = write(c, ch, err);
    if (rc == CMC_OK)
        rc = admins(c, &after, err);
    if (rc == CMC_OK && before > 0 && after == 0)
        rc = cmc_fail(err, CMC_E_REFUSED, NULL,
                      "officer %s is the last with the role admin; another must have it first",
                      ch->officer.name);
    if (rc == CMC_OK)
        rc = audit(db, ch, &f.officer, err);
    if (rc == CMC_OK)
        rc = note_change(c, err);
    free(f.profiles);
    free(f.names);
    return rc;
}
