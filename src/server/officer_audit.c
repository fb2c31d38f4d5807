/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders in the audit log: the register of officers is gone through again, change by change, and
 * each change must be signed by who was an admin at that time. So a record that somebody put into
 * the database, with a chain computed anew, is found by the lack of a key.
 */
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "server/officer_int.h"
#include "server/officer_order.h"

/* One officer as the log has it so far. */
struct entry {
    char *name;
    char digest[2 * CMC_SHA256_OCTETS + 1];
    unsigned int roles;
};

struct cmcd_order_audit {
    struct cmcd_run *r;
    struct cmc_reader *reader;
    struct entry *list;
    size_t n, room;
    int64_t last; /* record of the last change */
    unsigned int orders, recoveries;
};

struct cmcd_order_audit *cmcd_order_audit_new(struct cmcd_run *r, struct cmc_reader *reader)
{
    struct cmcd_order_audit *a = calloc(1, sizeof *a);

    if (a != NULL)
        *a = (struct cmcd_order_audit){.r = r, .reader = reader};
    return a;
}

void cmcd_order_audit_free(struct cmcd_order_audit *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->n; i++)
        free(a->list[i].name);
    free(a->list);
    free(a);
}

void cmcd_order_audit_count(const struct cmcd_order_audit *a, unsigned int *orders,
                            unsigned int *recoveries)
{
    *orders = a->orders;
    *recoveries = a->recoveries;
}

/* -- the register ------------------------------------------------------------------------ */

static bool anybody(const struct cmcd_order_audit *a, unsigned int role)
{
    for (size_t i = 0; i < a->n; i++) {
        if ((a->list[i].roles & role) != 0)
            return true;
    }
    return false;
}

static struct entry *find(struct cmcd_order_audit *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->list[i].name, name) == 0)
            return &a->list[i];
    }
    return NULL;
}

static enum cmc_rc put(struct cmcd_order_audit *a, const char *name, unsigned int roles,
                       const char *digest, struct cmc_err *err)
{
    struct entry *e = find(a, name);

    if (e == NULL && a->n == a->room) {
        size_t room = a->room > 0 ? 2 * a->room : 16;
        struct entry *more = realloc(a->list, room * sizeof *more);

        if (more == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the officers of the log");
        a->list = more;
        a->room = room;
    }
    if (e == NULL) {
        e = &a->list[a->n];
        *e = (struct entry){.name = strdup(name)};
        if (e->name == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the officers of the log");
        a->n++;
    }
    e->roles = roles;
    (void)snprintf(e->digest, sizeof e->digest, "%s", digest);
    return CMC_OK;
}

static void drop(struct cmcd_order_audit *a, const char *name)
{
    struct entry *e = find(a, name);

    if (e == NULL)
        return;
    free(e->name);
    *e = a->list[--a->n];
}

/* -- one order --------------------------------------------------------------------------- */

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static enum cmc_rc wrong(int64_t seq, const char *why, struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_CRYPTO, NULL, "audit record %lld: %s", (long long)seq, why);
}

static struct cmc_slice octets_of(const json_t *o, const char *name, struct cmc_arena *arena)
{
    const char *text = text_of(o, name);
    long n = 0;
    unsigned char *p = text != NULL ? OPENSSL_hexstr2buf(text, &n) : NULL;
    struct cmc_slice out = CMC_SLICE_NONE;

    if (p != NULL && n > 0)
        out = cmc_arena_slice(arena, cmc_slice(p, (size_t)n));
    OPENSSL_free(p);
    return out;
}

/* What came out must be what was ordered. */
static bool same_content(const json_t *record, const json_t *order, bool removal)
{
    static const char *const members[] = {"name", "roles", "profiles", "names", "certificate"};
    const char *event = text_of(record, "event"), *what = text_of(order, "order");

    if (event == NULL || what == NULL || strcmp(event, what) != 0)
        return false;
    for (size_t i = 0; i < (removal ? 1 : CMC_COUNT(members)); i++) {
        const json_t *x = json_object_get(record, members[i]);
        const json_t *y = json_object_get(order, members[i]);

        if (x != y && !json_equal(x, y)) /* json_equal() of two that are absent is false */
            return false;
    }
    return true;
}

struct one {
    int64_t seq;
    char hash[2 * CMC_SHA256_OCTETS + 1];
};

static enum cmc_rc note_one(void *arg, int64_t seq, int64_t at, const char *json,
                            const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct one *one = arg;

    (void)at;
    (void)json;
    one->seq = seq;
    for (size_t i = 0; i < CMC_SHA256_OCTETS; i++)
        (void)snprintf(one->hash + 2 * i, 3, "%02x", hash[i]);
    return CMC_E_CONFLICT; /* that is enough */
}

/* "SEQ:HASH": a record before this one, with that hash. */
static enum cmc_rc check_place(struct cmcd_order_audit *a, int64_t seq, const char *after,
                               struct cmc_err *err)
{
    struct one one = {0};
    char *end = NULL;
    long long at = after != NULL ? strtoll(after, &end, 10) : -1;
    enum cmc_rc rc = CMC_OK;

    if (at < 0 || at >= seq || end == NULL || *end != ':')
        return wrong(seq, "its order does not say behind which record it was given", err);
    if (at < a->last)
        return wrong(seq, "its order was used before, or is older than another change", err);
    if (at > 0)
        rc = cmc_reader_audit(a->reader, at, note_one, &one, err);
    if (rc != CMC_OK && rc != CMC_E_CONFLICT)
        return rc;
    return strcmp(end + 1, one.hash) == 0
               ? CMC_OK
               : wrong(seq, "its order was given for another log, or at another time", err);
}

static enum cmc_rc check_order(struct cmcd_order_audit *a, int64_t seq, const json_t *record,
                               unsigned int role, struct cmc_err *err)
{
    struct cmc_arena *arena = a->r->arena;
    const char *text = text_of(record, "order"), *admin = text_of(record, "admin");
    struct cmc_slice cert = octets_of(record, "adminCertificate", arena);
    struct cmc_slice signature = octets_of(record, "signature", arena);
    const struct entry *e = admin != NULL ? find(a, admin) : NULL;
    const char *event = text_of(record, "event");
    char hex[2 * CMC_SHA256_OCTETS + 1];
    uint8_t digest[CMC_DIGEST_MAX];
    json_t *order = NULL;
    size_t n;
    enum cmc_rc rc;

    if (text == NULL || cert.p == NULL || signature.p == NULL)
        return wrong(seq, "it lacks the order of an officer, which was due", err);
    rc = cmc_digest(a->r->crypto, CMC_DIGEST_SHA256, cert, digest, &n, err);
    if (rc != CMC_OK)
        return rc;
    for (size_t i = 0; i < CMC_SHA256_OCTETS; i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (e == NULL || (e->roles & role) == 0 || strcmp(e->digest, hex) != 0)
        return wrong(seq, "who ordered it had not the role for it at that time", err);
    if (cmcd_order_check(a->r->crypto, text, cert, signature, arena, NULL) != CMC_OK)
        return wrong(seq, "the signature of its order is wrong", err);
    order = json_loads(text, 0, NULL);
    if (order == NULL ||
        !same_content(record, order, event != NULL && strcmp(event, "officer-remove") == 0))
        rc = wrong(seq, "it is not what was ordered", err);
    else
        rc = check_place(a, seq, text_of(order, "after"), err);
    json_decref(order);
    a->orders += rc == CMC_OK;
    return rc;
}

/* -- the records ------------------------------------------------------------------------- */

static enum cmc_rc change(struct cmcd_order_audit *a, int64_t seq, const json_t *record,
                          struct cmc_err *err)
{
    const char *event = text_of(record, "event"), *name = text_of(record, "name");
    const char *roles = text_of(record, "roles"), *digest = text_of(record, "certificate");
    bool removal = strcmp(event, "officer-remove") == 0, admins = anybody(a, CMC_ROLE_ADMIN);
    unsigned int flags = 0;
    enum cmc_rc rc = CMC_OK;

    if (name == NULL)
        return wrong(seq, "it names no officer", err);
    if (json_is_true(json_object_get(record, "recovery")))
        a->recoveries++;
    else if (admins)
        rc = check_order(a, seq, record, CMC_ROLE_ADMIN, err);
    if (rc != CMC_OK)
        return rc;
    if (removal) {
        drop(a, name);
    } else {
        /* "none" is what an officer without a role has. */
        if (roles == NULL || digest == NULL ||
            (strcmp(roles, "none") != 0 && cmc_roles_parse(roles, &flags, NULL) != CMC_OK))
            return wrong(seq, "it does not say what the officer is", err);
        rc = put(a, name, flags, digest, err);
    }
    if (rc == CMC_OK && admins && !anybody(a, CMC_ROLE_ADMIN))
        rc = wrong(seq, "it leaves nobody with the role admin", err);
    a->last = seq;
    return rc;
}

enum cmc_rc cmcd_order_audit_record(struct cmcd_order_audit *a, int64_t seq, const char *json,
                                    struct cmc_err *err)
{
    const char *event;
    json_t *o;
    enum cmc_rc rc = CMC_OK;

    if (strstr(json, "\"officer-") == NULL && strstr(json, "\"audit-export\"") == NULL)
        return CMC_OK; /* nearly every record: it need not be parsed */
    o = json_loads(json, 0, NULL);
    event = text_of(o, "event");
    if (event == NULL)
        event = "";
    if (strcmp(event, "officer-add") == 0 || strcmp(event, "officer-modify") == 0 ||
        strcmp(event, "officer-remove") == 0)
        rc = change(a, seq, o, err);
    else if (strcmp(event, "audit-export") == 0 && anybody(a, CMC_ROLE_AUDIT))
        rc = check_order(a, seq, o, CMC_ROLE_AUDIT, err);
    json_decref(o);
    return rc;
}
