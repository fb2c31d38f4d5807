/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd officer add|modify|remove|show|list: whose signature counts, and for what. */
#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "base/json.h"
#include "key/key.h"
#include "message/name_space.h"
#include "server/officer_int.h"
#include "server/officer_order.h"

struct values {
    const char *config, *cert, *roles, *profiles;
    struct cmc_option_list names;
    bool any_profile, any_name, recover;
    struct cmcd_order_options order;
};

static const struct cmc_option conf_rows[] = {
    CMCD_OPTION_CONF(struct values, config),
    CMC_OPTION_END,
};

#define RECOVER_ROW                                                                                \
    CMC_OPTION("recover", 0, FLAG, NULL, struct values, recover,                                   \
               "no admin can sign any more: each certificate has expired\n"                        \
               "or is revoked")

/* -- what an officer is ------------------------------------------------------------------ */

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

static enum cmc_rc load_certificate(struct cmcd_run *r, const char *uri, int64_t now,
                                    struct cmc_officer *o)
{
    const struct cmc_passphrase none = {0};
    uint8_t digest[CMC_DIGEST_MAX];
    struct cmc_slice *certs = NULL;
    struct cmc_cert cert = {0};
    size_t ncerts = 0, n;
    int64_t end;
    char when[CMCD_TIME_SIZE];
    enum cmc_rc rc = cmc_certs_load(r->crypto, uri, &none, r->arena, &certs, &ncerts, &r->err);

    if (rc != CMC_OK)
        return rc;
    o->cert = certs[0];
    rc = cmc_decode(&cmc_it_cert, o->cert, r->arena, &cert, &r->err);
    if (rc == CMC_OK)
        rc = cmc_digest(r->crypto, CMC_DIGEST_SHA256, o->cert, digest, &n, &r->err);
    if (rc != CMC_OK)
        return rc;
    memcpy(o->cert_digest, digest, sizeof o->cert_digest);
    if (!cmcd_cert_end(&cert, &end))
        return cmc_fail(&r->err, CMC_E_INPUT, NULL, "%s: notAfter cannot be read", uri);
    if (end < now)
        return cmc_fail(&r->err, CMC_E_REFUSED, NULL, "%s: the certificate expired at %s", uri,
                        cmcd_time(end, when));
    return CMC_OK;
}

/* A slip in the name of a profile would be a limit to nothing. */
static enum cmc_rc check_profiles(struct cmcd_run *r, const struct cmc_conf *conf, const char *list)
{
    for (const char *p = list;; p++) {
        size_t n = strcspn(p, ",");
        bool known = false;

        for (unsigned int i = 0; i < conf->profile_count && !known; i++)
            known =
                strlen(conf->profiles[i].name) == n && memcmp(conf->profiles[i].name, p, n) == 0;
        if (!known)
            return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                            "--profiles: '%.*s' is no profile of the configuration; write their "
                            "names with a comma between",
                            n > 64 ? 64 : (int)n, p);
        p += n;
        if (*p == '\0')
            return CMC_OK;
    }
}

enum cmc_rc cmcd_names_option(struct cmcd_run *r, const struct cmc_option_list *names,
                              const char **out)
{
    struct cmc_name_space ns;
    const char *text = NULL;
    enum cmc_rc rc;

    for (size_t i = 0; i < names->n; i++) {
        for (const char *p = names->v[i]; *p != '\0'; p++) {
            if (iscntrl((unsigned char)*p))
                return cmc_fail(&r->err, CMC_E_USAGE, NULL, "--names: a control character");
        }
        text = cmc_arena_printf(r->arena, "%s%s%s", text != NULL ? text : "",
                                text != NULL ? "\n" : "", names->v[i]);
        if (text == NULL)
            return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for names");
    }
    /* An empty option would be no limit to the parser. */
    if (text != NULL && text[0] == '\0')
        text = "\n";
    rc = cmc_name_space_parse(text, r->arena, &ns, &r->err);
    if (rc != CMC_OK) {
        cmc_err_prefix(&r->err, "--names");
        return rc;
    }
    *out = text;
    return CMC_OK;
}

/* What the options say, onto what is there. */
static enum cmc_rc apply(struct cmcd_run *r, const struct cmcd_db *db, const struct values *v,
                         int64_t now, struct cmc_officer *o)
{
    enum cmc_rc rc = CMC_OK;

    if ((v->any_profile && v->profiles != NULL) || (v->any_name && v->names.n > 0))
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "a limit and no limit at once");
    if (v->any_profile)
        o->profiles = NULL;
    if (v->any_name)
        o->names = NULL;
    if (v->roles != NULL)
        rc = cmc_roles_parse(v->roles, &o->roles, &r->err);
    if (rc == CMC_OK && v->profiles != NULL) {
        rc = check_profiles(r, db->conf, v->profiles);
        o->profiles = v->profiles;
    }
    if (rc == CMC_OK && v->names.n > 0)
        rc = cmcd_names_option(r, &v->names, &o->names);
    if (rc == CMC_OK && v->cert != NULL)
        rc = load_certificate(r, v->cert, now, o);
    return rc;
}

static enum cmc_rc get(struct cmcd_run *r, struct cmcd_db *db, const char *name,
                       struct cmc_officer *out)
{
    enum cmc_rc rc = cmc_reader_officer_named(db->reader, name, r->arena, out, &r->err);

    return rc == CMC_E_NOTFOUND
               ? cmc_fail(&r->err, rc, NULL, "officer %.100s is not registered", name)
               : rc;
}

/* -- printing ---------------------------------------------------------------------------- */

/* An entry of names a line in the database; here they stand in one. */
static void print_limits(const struct cmc_officer *o, const char *between, struct cmc_buf *out)
{
    if (o->profiles != NULL)
        cmc_buf_printf(out, "%sprofiles: %s", between, o->profiles);
    for (const char *p = o->names; p != NULL;) {
        int n = (int)strcspn(p, "\n");

        if (p == o->names)
            cmc_buf_printf(out, "%snames: %.*s", between, n, p);
        else
            cmc_buf_printf(out, "; %.*s", n, p);
        p = p[n] == '\n' ? p + n + 1 : NULL;
    }
}

static enum cmc_rc report(struct cmcd_run *r, const struct cmc_officer *o)
{
    struct cmc_cert cert = {0};
    char roles[CMC_ROLES_TEXT_SIZE];
    struct cmc_buf out;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, o->cert, r->arena, &cert, &r->err);

    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_printf(&out, "officer %s: %s, subject ", o->name,
                   cmc_roles_text(o->roles, roles, sizeof roles));
    cmc_name_print(cert.tbs.subject, &out);
    print_limits(o, ", ", &out);
    cmc_buf_str(&out, "\n");
    rc = cmcd_print(&out, &r->err);
    cmc_buf_free(&out);
    return rc;
}

/* -- a change ---------------------------------------------------------------------------- */

/* That somebody wanted it, and who, is worth a record when it is refused. What is told is the
 * refusal all the same. */
static enum cmc_rc audit_refusal(struct cmcd_run *r, struct cmcd_db *db, const char *event,
                                 const char *name, const char *as, int64_t now)
{
    struct cmc_audit_record record = {0};
    const struct cmc_txn txn = {.at = now, .audits = &record, .naudits = 1};
    const char *by = as;
    struct cmc_err ignored;
    struct cmc_buf b;
    enum cmc_rc rc = CMC_E_MEM;

    if (by == NULL && cmcd_decider(r, NULL, &by) != CMC_OK)
        by = "?";
    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", CMC_SLICE_LIT("officer-refused"));
    cmc_json_str(&b, "change", cmc_slice_str(event));
    cmc_json_str(&b, "name", cmc_slice_str(name));
    cmc_json_str(&b, "by", cmc_slice_str(by));
    cmc_json_str(&b, "outcome", CMC_SLICE_LIT("failed"));
    cmc_json_str(&b, "text", cmc_slice_str(r->err.text));
    cmc_json_end(&b);
    record.json = cmc_buf_cstr(&b);
    if (record.json != NULL)
        rc = cmc_store_commit(db->store, &txn, &ignored);
    cmc_buf_free(&b);
    return rc == CMC_OK ? CMC_E_REFUSED : rc;
}

static enum cmc_rc check_recovery(struct cmcd_run *r, struct cmcd_db *db, int64_t now)
{
    bool lost;
    enum cmc_rc rc = cmcd_admins_lost(r, db, now, &lost);

    if (rc == CMC_OK && !lost)
        rc = cmc_fail(&r->err, CMC_E_REFUSED, NULL,
                      "--recover: an officer with the role admin can sign; give --as and --key");
    return rc;
}

/* Have it ordered where that is due, and do it. */
static enum cmc_rc change(struct cmcd_run *r, struct cmcd_db *db, const struct values *v,
                          struct cmc_officer_change *ch)
{
    static const char *const events[] = {[CMC_OFFICER_ADD] = "officer-add",
                                         [CMC_OFFICER_MODIFY] = "officer-modify",
                                         [CMC_OFFICER_REMOVE] = "officer-remove"};
    const char *event = events[ch->act];
    struct cmc_officer_order order;
    bool admins = false;
    enum cmc_rc rc = cmcd_role_held(db->reader, CMC_ROLE_ADMIN, &admins, &r->err);

    if (rc == CMC_OK && !admins && (v->order.as != NULL || v->order.key != NULL || v->recover))
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "no officer has the role admin yet: whoever owns the database changes "
                        "them, and nobody signs");
    if (rc == CMC_OK && v->recover && v->order.as != NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "--recover is for where nobody can sign");
    ch->recover = v->recover;
    if (rc == CMC_OK && v->recover)
        rc = check_recovery(r, db, ch->at);
    else if (rc == CMC_OK && admins)
        rc = cmcd_order_sign(r, db, &v->order, CMC_ROLE_ADMIN, event, &ch->officer, ch->at, &order);
    if (rc == CMC_OK && admins && !v->recover)
        ch->order = &order;
    if (rc == CMC_OK)
        rc = cmc_store_officer_change(db->store, ch, &r->err);
    if (rc == CMC_E_REFUSED)
        rc = audit_refusal(r, db, event, ch->officer.name, v->order.as, ch->at);
    return rc;
}

static enum cmc_rc add(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("cert", 0, STRING, "FILE", struct values, cert, "the officer's certificate"),
        CMC_OPTION("roles", 0, STRING, "LIST", struct values, roles,
                   "enroll, revoke, ra, approve, audit, admin, or several\n"
                   "with a comma"),
        CMC_OPTION("profiles", 0, STRING, "LIST", struct values, profiles,
                   "limited to these profiles, with a comma between (any)"),
        CMC_OPTION("names", 0, LIST, "ENTRY", struct values, names,
                   "limited to names of this name space, as DNS:example.org,\n"
                   "email:, IP:, URI: or \"C=SE, O=Example\" (any; may be\n"
                   "repeated)"),
        CMCD_ORDER_ROWS(struct values, order),
        RECOVER_ROW,
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd officer add",
        "NAME",
        1,
        1,
        "Register a certificate under a name, with roles and limits. It works at once.",
        rows};
    struct cmc_officer_change ch = {.act = CMC_OFFICER_ADD, .at = time(NULL)};
    struct cmcd_db db = {0};
    struct values v = {0};
    char **names;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &names, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    if (v.cert == NULL || v.roles == NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "--cert and --roles are needed; see 'cmcd officer add --help'");
    ch.officer.name = names[0];
    ch.officer.added_at = ch.at;
    rc = check_name(names[0], &r->err);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = apply(r, &db, &v, ch.at, &ch.officer);
    if (rc == CMC_OK)
        rc = change(r, &db, &v, &ch);
    if (rc == CMC_OK)
        rc = report(r, &ch.officer);
    cmcd_db_close(&db);
    return rc;
}

static enum cmc_rc modify(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("cert", 0, STRING, "FILE", struct values, cert, "a new certificate"),
        CMC_OPTION("roles", 0, STRING, "LIST", struct values, roles, "these roles and no others"),
        CMC_OPTION("profiles", 0, STRING, "LIST", struct values, profiles,
                   "limited to these profiles and no others"),
        CMC_OPTION("any-profile", 0, FLAG, NULL, struct values, any_profile,
                   "no such limit any more"),
        CMC_OPTION("names", 0, LIST, "ENTRY", struct values, names,
                   "limited to this name space and no other (may be\n"
                   "repeated)"),
        CMC_OPTION("any-name", 0, FLAG, NULL, struct values, any_name, "no such limit any more"),
        CMCD_ORDER_ROWS(struct values, order),
        RECOVER_ROW,
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd officer modify",
        "NAME",
        1,
        1,
        "Change what an officer is; what no option names stays. It works at once.",
        rows};
    struct cmc_officer_change ch = {.act = CMC_OFFICER_MODIFY, .at = time(NULL)};
    struct cmc_officer before = {0};
    struct cmcd_db db = {0};
    struct values v = {0};
    char **names;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &names, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    if (v.cert == NULL && v.roles == NULL && v.profiles == NULL && v.names.n == 0 &&
        !v.any_profile && !v.any_name)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "nothing to change; see 'cmcd officer modify --help'");
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = get(r, &db, names[0], &before);
    ch.officer = before;
    ch.before = &before;
    if (rc == CMC_OK)
        rc = apply(r, &db, &v, ch.at, &ch.officer);
    if (rc == CMC_OK)
        rc = change(r, &db, &v, &ch);
    if (rc == CMC_OK)
        rc = report(r, &ch.officer);
    cmcd_db_close(&db);
    return rc;
}

static enum cmc_rc remove_officer(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMCD_ORDER_ROWS(struct values, order),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd officer remove",
        "NAME",
        1,
        1,
        "Take an officer off the register. The certificate itself is not revoked.",
        rows};
    struct cmc_officer_change ch = {.act = CMC_OFFICER_REMOVE, .at = time(NULL)};
    struct cmc_officer before = {0};
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
        rc = get(r, &db, names[0], &before);
    ch.officer.name = before.name;
    ch.before = &before;
    if (rc == CMC_OK)
        rc = change(r, &db, &v, &ch);
    cmcd_db_close(&db);
    return rc;
}

/* -- show -------------------------------------------------------------------------------- */

static enum cmc_rc show(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd officer show", "NAME", 1, 1, "What is registered of one officer.", conf_rows};
    struct cmc_officer o = {0};
    struct cmc_cert cert = {0};
    struct cmcd_db db = {0};
    struct values v = {0};
    char **names, roles[CMC_ROLES_TEXT_SIZE], added[CMCD_TIME_SIZE], until[CMCD_TIME_SIZE];
    struct cmc_buf out;
    int64_t end = 0;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &names, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&out, CMC_LIMIT_FILE_OCTETS);
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = get(r, &db, names[0], &o);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, o.cert, r->arena, &cert, &r->err);
    if (rc == CMC_OK) {
        (void)cmcd_cert_end(&cert, &end);
        cmc_buf_printf(&out, "officer: %s\nroles: %s\nregistered: %s\nuntil: %s\nsubject: ", o.name,
                       cmc_roles_text(o.roles, roles, sizeof roles), cmcd_time(o.added_at, added),
                       cmcd_time(end, until));
        cmc_name_print(cert.tbs.subject, &out);
        cmc_buf_str(&out, "\ncertificate (SHA-256): ");
        cmc_buf_hex(&out, cmc_slice(o.cert_digest, sizeof o.cert_digest));
        if (o.profiles == NULL)
            cmc_buf_str(&out, "\nprofiles: any");
        print_limits(&o, "\n", &out);
        cmc_buf_str(&out, o.names == NULL ? "\nnames: any\n" : "\n");
        rc = cmcd_print(&out, &r->err);
    }
    cmcd_db_close(&db);
    cmc_buf_free(&out);
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
    char roles[CMC_ROLES_TEXT_SIZE], when[CMCD_TIME_SIZE];
    int64_t end = 0;

    cmc_arena_reset(l->arena);
    cmc_buf_printf(&l->out, "%-20s  %-14s  ", o->name,
                   cmc_roles_text(o->roles, roles, sizeof roles));
    if (cmc_decode(&cmc_it_cert, o->cert, l->arena, &cert, NULL) == CMC_OK) {
        if (cmcd_cert_end(&cert, &end))
            cmc_buf_printf(&l->out, "until %s  ", cmcd_time(end, when));
        cmc_name_print(cert.tbs.subject, &l->out);
    }
    print_limits(o, "  ", &l->out);
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
        "Name, roles, end of validity, subject and limits of each officer.",
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
        {"modify", "change roles, limits or certificate of an officer", modify},
        {"remove", "take an officer off the register", remove_officer},
        {"show", "show one officer", show},
        {"list", "list the officers", list},
    };
    static const struct cmcd_group group = {"cmcd officer", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
