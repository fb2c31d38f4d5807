/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd officer add|remove|list: whose signature counts, and for what. */
#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "key/key.h"
#include "server/cmd.h"

struct values {
    const char *config, *cert, *roles;
};

static const struct cmc_option conf_rows[] = {
    CMCD_OPTION_CONF(struct values, config),
    CMC_OPTION_END,
};

/* -- add --------------------------------------------------------------------------------- */

/* The name stands in log lines and the audit record. */
static enum cmc_rc check_name(const char *name, struct cmc_err *err)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < n; i++) {
        if (iscntrl((unsigned char)name[i]))
            return cmc_fail(err, CMC_E_USAGE, NULL, "the name holds a control character");
    }
    if (n == 0 || n > 100)
        return cmc_fail(err, CMC_E_USAGE, NULL, "a name has 1 to 100 octets");
    return CMC_OK;
}

static bool not_after(const struct cmc_cert *cert, int64_t *t)
{
    struct cmc_slice tlv = cert->tbs.validity.not_after;

    /* A Time is short: one octet of tag, one of length. */
    return tlv.n > 2 && cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), t);
}

static enum cmc_rc load_certificate(struct cmcd_run *r, const char *uri, struct cmc_officer *o,
                                    struct cmc_cert *cert)
{
    const struct cmc_passphrase none = {0};
    uint8_t digest[CMC_DIGEST_MAX];
    struct cmc_slice *certs = NULL;
    size_t ncerts = 0, n;
    int64_t end;
    char when[CMCD_TIME_SIZE];
    enum cmc_rc rc = cmc_certs_load(r->crypto, uri, &none, r->arena, &certs, &ncerts, &r->err);

    if (rc != CMC_OK)
        return rc;
    o->cert = certs[0];
    rc = cmc_decode(&cmc_it_cert, o->cert, r->arena, cert, &r->err);
    if (rc == CMC_OK)
        rc = cmc_digest(r->crypto, CMC_DIGEST_SHA256, o->cert, digest, &n, &r->err);
    if (rc != CMC_OK)
        return rc;
    memcpy(o->cert_digest, digest, sizeof o->cert_digest);
    if (!not_after(cert, &end))
        return cmc_fail(&r->err, CMC_E_INPUT, NULL, "%s: notAfter cannot be read", uri);
    if (end < o->added_at)
        return cmc_fail(&r->err, CMC_E_REFUSED, NULL, "%s: the certificate expired at %s", uri,
                        cmcd_time(end, when));
    return CMC_OK;
}

static enum cmc_rc add(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("cert", 0, STRING, "FILE", struct values, cert, "the officer's certificate"),
        CMC_OPTION("roles", 0, STRING, "LIST", struct values, roles,
                   "enroll, revoke, ra, or several with a comma"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd officer add",
        "NAME",
        1,
        1,
        "Register a certificate under a name, with roles. It works at once.",
        rows};
    struct cmc_officer o = {.added_at = time(NULL)};
    struct cmcd_db db = {0};
    struct values v = {0};
    struct cmc_cert cert = {0};
    struct cmc_buf out;
    char **names, roles[64];
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &names, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    if (v.cert == NULL || v.roles == NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "--cert and --roles are needed; see 'cmcd officer add --help'");
    cmc_buf_init(&out, CMC_LIMIT_LOG_LINE);
    o.name = names[0];
    rc = check_name(o.name, &r->err);
    if (rc == CMC_OK)
        rc = cmc_roles_parse(v.roles, &o.roles, &r->err);
    if (rc == CMC_OK)
        rc = load_certificate(r, v.cert, &o, &cert);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_store_officer_add(db.store, &o, &r->err);
    if (rc == CMC_OK) {
        cmc_buf_printf(&out, "officer %s: %s, subject ", o.name,
                       cmc_roles_text(o.roles, roles, sizeof roles));
        cmc_name_print(cert.tbs.subject, &out);
        cmc_buf_str(&out, "\n");
        rc = cmcd_print(&out, &r->err);
    }
    cmcd_db_close(&db);
    cmc_buf_free(&out);
    return rc;
}

/* -- remove ------------------------------------------------------------------------------ */

static enum cmc_rc remove_officer(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd officer remove",
        "NAME",
        1,
        1,
        "Take an officer off the register. The certificate itself is not revoked.",
        conf_rows};
    struct cmcd_db db = {0};
    struct values v = {0};
    char **names;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &names, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_store_officer_remove(db.store, names[0], time(NULL), &r->err);
    cmcd_db_close(&db);
    return rc;
}

/* -- list -------------------------------------------------------------------------------- */

struct listing {
    struct cmc_arena *arena;
    struct cmc_buf out;
};

static enum cmc_rc list_one(void *arg, const struct cmc_officer *o)
{
    struct listing *l = arg;
    struct cmc_cert cert = {0};
    char roles[64], when[CMCD_TIME_SIZE];
    int64_t end = 0;

    cmc_arena_reset(l->arena);
    cmc_buf_printf(&l->out, "%-20s  %-14s  ", o->name,
                   cmc_roles_text(o->roles, roles, sizeof roles));
    if (cmc_decode(&cmc_it_cert, o->cert, l->arena, &cert, NULL) == CMC_OK) {
        if (not_after(&cert, &end))
            cmc_buf_printf(&l->out, "until %s  ", cmcd_time(end, when));
        cmc_name_print(cert.tbs.subject, &l->out);
    }
    cmc_buf_str(&l->out, "\n");
    return CMC_OK;
}

static enum cmc_rc list(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd officer list",
        "",
        0,
        0,
        "Name, roles, end of validity and subject of each officer.",
        conf_rows};
    struct listing l = {0};
    struct cmcd_db db = {0};
    struct values v = {0};
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&l.out, CMC_LIMIT_FILE_OCTETS);
    l.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (l.arena == NULL)
        rc = cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for the list");
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_reader_officers(db.reader, list_one, &l, &r->err);
    if (rc == CMC_OK)
        rc = cmcd_print(&l.out, &r->err);
    cmcd_db_close(&db);
    cmc_arena_free(l.arena);
    cmc_buf_free(&l.out);
    return rc;
}

enum cmc_rc cmcd_cmd_officer(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmcd_command rows[] = {
        {"add", "register a certificate as that of an officer", add},
        {"remove", "take an officer off the register", remove_officer},
        {"list", "list the officers", list},
    };
    static const struct cmcd_group group = {"cmcd officer", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
