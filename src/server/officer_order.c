/* SPDX-License-Identifier: Apache-2.0 */
/* Orders: made and signed. */
#include "server/officer_order.h"

#include <jansson.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "key/key.h"
#include "server/officer_int.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an order");
}

/* -- who --------------------------------------------------------------------------------- */

struct asked_role {
    unsigned int role;
    bool held;
};

static enum cmc_rc look_for_role(void *arg, const struct cmc_officer *o)
{
    struct asked_role *a = arg;

    a->held |= (o->roles & a->role) != 0;
    return CMC_OK;
}

enum cmc_rc cmcd_role_held(struct cmc_reader *reader, unsigned int role, bool *held,
                           struct cmc_err *err)
{
    struct asked_role a = {.role = role};
    enum cmc_rc rc = cmc_reader_officers(reader, look_for_role, &a, err);

    *held = a.held;
    return rc;
}

bool cmcd_cert_end(const struct cmc_cert *cert, int64_t *t)
{
    struct cmc_slice tlv = cert->tbs.validity.not_after;

    /* A Time is short: one octet of tag, one of length. */
    return tlv.n > 2 && cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), t);
}

/* Why its certificate cannot sign an order now; NULL: it can. */
static enum cmc_rc unusable(struct cmc_reader *reader, const struct cmc_officer *o, int64_t now,
                            struct cmc_arena *arena, const char **why, struct cmc_err *err)
{
    struct cmc_cert_status status;
    struct cmc_cert cert = {0};
    int64_t end = 0;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, o->cert, arena, &cert, err);

    *why = NULL;
    if (rc != CMC_OK)
        return rc;
    if (!cmcd_cert_end(&cert, &end) || end < now)
        *why = "its certificate has expired";
    rc = cmc_reader_cert_status(reader, cert.tbs.issuer, CMC_SLICE_NONE, cert.tbs.serial, &status,
                                err);
    if (rc == CMC_OK && status.state != CMC_CERT_VALID)
        *why = "its certificate is revoked or on hold";
    return rc == CMC_E_NOTFOUND ? CMC_OK : rc; /* another CA's */
}

struct lost {
    struct cmcd_run *r;
    struct cmc_officer *admins;
    size_t n, room;
};

static enum cmc_rc keep_admin(void *arg, const struct cmc_officer *o)
{
    struct lost *l = arg;
    struct cmc_officer *more;

    if ((o->roles & CMC_ROLE_ADMIN) == 0)
        return CMC_OK;
    if (l->n == l->room) {
        more = cmc_arena_array(l->r->arena, 2 * l->room + 4, sizeof *more);
        if (more == NULL)
            return CMC_E_MEM;
        if (l->n > 0)
            memcpy(more, l->admins, l->n * sizeof *more);
        l->admins = more;
        l->room = 2 * l->room + 4;
    }
    l->admins[l->n].cert = cmc_arena_slice(l->r->arena, o->cert);
    return l->admins[l->n++].cert.p != NULL ? CMC_OK : CMC_E_MEM;
}

enum cmc_rc cmcd_admins_lost(struct cmcd_run *r, struct cmcd_db *db, int64_t now, bool *lost)
{
    struct lost l = {.r = r};
    enum cmc_rc rc = cmc_reader_officers(db->reader, keep_admin, &l, &r->err);

    *lost = true;
    if (rc == CMC_E_MEM)
        return no_memory(&r->err);
    for (size_t i = 0; rc == CMC_OK && i < l.n; i++) {
        const char *why;

        rc = unusable(db->reader, &l.admins[i], now, r->arena, &why, &r->err);
        *lost &= why != NULL;
    }
    return rc;
}

/* -- what -------------------------------------------------------------------------------- */

struct last_record {
    int64_t seq;
    uint8_t hash[CMC_SHA256_OCTETS];
};

static enum cmc_rc note_last(void *arg, int64_t seq, int64_t at, const char *json,
                             const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct last_record *l = arg;

    (void)at;
    (void)json;
    l->seq = seq;
    memcpy(l->hash, hash, sizeof l->hash);
    return CMC_OK;
}

/* "SEQ:HASH" of the last audit record; "0:" before the first. */
static enum cmc_rc end_of_log(struct cmcd_run *r, struct cmc_reader *reader, int64_t *seq,
                              const char **out)
{
    struct last_record l = {0};
    struct cmc_buf b;
    int64_t last;
    enum cmc_rc rc = cmc_reader_audit_last(reader, &last, &r->err);

    if (rc == CMC_OK && last > 0)
        rc = cmc_reader_audit(reader, last, note_last, &l, &r->err);
    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_buf_printf(&b, "%lld:", (long long)l.seq);
    if (l.seq > 0)
        cmc_buf_hex(&b, cmc_slice(l.hash, sizeof l.hash));
    *seq = l.seq;
    *out = cmc_buf_ok(&b) ? cmc_arena_strndup(r->arena, (const char *)b.p, b.n) : NULL;
    cmc_buf_free(&b);
    return *out != NULL ? CMC_OK : no_memory(&r->err);
}

static json_t *names_of(const char *text)
{
    json_t *list = text != NULL ? json_array() : NULL;

    for (const char *p = text; p != NULL; p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL)
        (void)json_array_append_new(list, json_stringn(p, strcspn(p, "\n")));
    return list;
}

static json_t *make(const char *event, const struct cmc_officer *o, int64_t now, const char *after)
{
    json_t *j = json_pack("{s:s, s:s*}", "order", event, "name", o != NULL ? o->name : NULL);
    char roles[CMC_ROLES_TEXT_SIZE], digest[2 * CMC_SHA256_OCTETS + 1];

    if (o != NULL && o->cert.p != NULL) {
        for (size_t i = 0; i < sizeof o->cert_digest; i++)
            (void)snprintf(digest + 2 * i, 3, "%02x", o->cert_digest[i]);
        (void)json_object_update_new(j, json_pack("{s:s, s:s*, s:o*, s:s}", "roles",
                                                  cmc_roles_text(o->roles, roles, sizeof roles),
                                                  "profiles", o->profiles, "names",
                                                  names_of(o->names), "certificate", digest));
    }
    (void)json_object_set_new(j, "at", json_integer(now));
    (void)json_object_set_new(j, "after", json_string(after));
    return j;
}

/* -- signed ------------------------------------------------------------------------------ */

struct cmc_slice cmcd_order_octets(const char *text, struct cmc_arena *arena)
{
    struct cmc_slice order = cmc_slice_str(text);
    uint8_t *octets = cmc_arena_alloc(arena, sizeof CMCD_ORDER_CONTEXT + order.n);

    if (octets == NULL)
        return CMC_SLICE_NONE;
    memcpy(octets, CMCD_ORDER_CONTEXT, sizeof CMCD_ORDER_CONTEXT);
    memcpy(octets + sizeof CMCD_ORDER_CONTEXT, order.p, order.n);
    return cmc_slice(octets, sizeof CMCD_ORDER_CONTEXT + order.n);
}

enum cmc_rc cmcd_order_check(const struct cmc_crypto *c, const char *text,
                             struct cmc_slice certificate, struct cmc_slice signature,
                             struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_slice octets = cmcd_order_octets(text, arena);
    struct cmc_cert cert = {0};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    if (octets.p == NULL)
        return no_memory(err);
    rc = cmc_decode(&cmc_it_cert, certificate, arena, &cert, err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(c, cert.tbs.spki.raw, &key, err);
    if (rc == CMC_OK)
        rc = cmc_verify(c, key, cmc_sig_default(key), octets, signature, err);
    EVP_PKEY_free(key);
    return rc;
}

/* The officer in whose name it is signed, who must have the role. */
static enum cmc_rc find_signer(struct cmcd_run *r, struct cmcd_db *db, const char *as,
                               unsigned int role, int64_t now, struct cmc_officer *who)
{
    char name[CMC_ROLES_TEXT_SIZE];
    const char *why = NULL;
    enum cmc_rc rc = cmc_reader_officer_named(db->reader, as, r->arena, who, &r->err);

    if (rc == CMC_E_NOTFOUND || (rc == CMC_OK && (who->roles & role) == 0))
        return cmc_fail(&r->err, CMC_E_REFUSED, NULL, "%.100s is no officer with the role %s", as,
                        cmc_roles_text(role, name, sizeof name));
    if (rc == CMC_OK)
        rc = unusable(db->reader, who, now, r->arena, &why, &r->err);
    if (rc == CMC_OK && why != NULL)
        rc = cmc_fail(&r->err, CMC_E_REFUSED, NULL, "officer %s cannot sign: %s", as, why);
    return rc;
}

enum cmc_rc cmcd_order_sign(struct cmcd_run *r, struct cmcd_db *db,
                            const struct cmcd_order_options *o, unsigned int role,
                            const char *event, const struct cmc_officer *officer, int64_t now,
                            struct cmc_officer_order *out)
{
    const struct cmc_passphrase pass = {.file = o->pass, .prompt = o->pass == NULL};
    struct cmc_officer who = {0};
    struct cmc_slice octets;
    const char *after = NULL;
    char name[CMC_ROLES_TEXT_SIZE], *text = NULL;
    json_t *j = NULL;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    *out = (struct cmc_officer_order){0};
    if (o->as == NULL || o->key == NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "this is done by order of an officer with the role %s here: give --as "
                        "NAME and --key URI, whose key signs it",
                        cmc_roles_text(role, name, sizeof name));
    rc = find_signer(r, db, o->as, role, now, &who);
    if (rc == CMC_OK)
        rc = cmc_key_load(r->crypto, o->key, &pass, &key, &r->err);
    if (rc == CMC_OK)
        rc = end_of_log(r, db->reader, &out->after, &after);
    if (rc != CMC_OK)
        goto out;
    j = make(event, officer, now, after);
    text = j != NULL ? json_dumps(j, JSON_COMPACT) : NULL;
    out->text = text != NULL ? cmc_arena_strdup(r->arena, text) : NULL;
    octets = out->text != NULL ? cmcd_order_octets(out->text, r->arena) : CMC_SLICE_NONE;
    if (octets.p == NULL) {
        rc = no_memory(&r->err);
        goto out;
    }
    rc = cmc_sign(r->crypto, key, cmc_sig_default(key), octets, r->arena, &out->signature, &r->err);
    if (rc != CMC_OK)
        goto out;
    out->admin = who.name;
    out->certificate = who.cert;
    memcpy(out->admin_digest, who.cert_digest, sizeof out->admin_digest);
    if (cmcd_order_check(r->crypto, out->text, who.cert, out->signature, r->arena, &r->err) !=
        CMC_OK)
        rc = cmc_fail(&r->err, CMC_E_REFUSED, NULL,
                      "--key: this is not the key of officer %s's certificate", who.name);
out:
    EVP_PKEY_free(key);
    json_decref(j);
    free(text);
    return rc;
}
