/* SPDX-License-Identifier: Apache-2.0 */
#include "server/publish_ldap.h"

#include <errno.h>
#include <ldap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/file.h"

#define PASSWORD_OCTETS 1024u
/* Attributes that name an entry, and what it is made of. */
#define NAMING_MAX  8
#define CLASSES_MAX 4
/* Without crl-dn a shard's entry is below that of the CA. */
#define SHARD "{shard}"
/* What libldap only reads, but does not say so. */
#define PLAIN(p) ((char *)(uintptr_t)(p))

struct cmc_publish_ldap {
    const struct cmc_publish_ldap_rules *rules;
    LDAP *ld; /* NULL: not connected */
};

/* One change of one attribute of one entry. */
struct change {
    const char *dn;
    const char *attribute;
    int op; /* LDAP_MOD_... */
    struct berval value;
    const char *auxiliary; /* object class that allows the attribute */
    bool shard;            /* an entry of class cRLDistributionPoint */
    bool cert;             /* an entry of somebody who has a certificate */
};

bool cmc_publish_ldap_built(void)
{
    return true;
}

/* -- errors ------------------------------------------------------------------------------ */

/* Is it about the entry or the value, and not about the server? */
static bool is_refusal(int code)
{
    switch (code) {
    case LDAP_NO_SUCH_OBJECT:
    case LDAP_INVALID_DN_SYNTAX:
    case LDAP_INVALID_SYNTAX:
    case LDAP_UNDEFINED_TYPE:
    case LDAP_CONSTRAINT_VIOLATION:
    case LDAP_NAMING_VIOLATION:
    case LDAP_OBJECT_CLASS_VIOLATION:
    case LDAP_NOT_ALLOWED_ON_RDN:
    case LDAP_NO_OBJECT_CLASS_MODS:
        return true;
    default:
        return false;
    }
}

static enum cmc_rc fail_ldap(const struct cmc_publish_ldap *l, int code, const char *what,
                             const char *hint, struct cmc_err *err)
{
    char *more = NULL;

    if (l->ld != NULL)
        (void)ldap_get_option(l->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
    (void)cmc_fail(err, is_refusal(code) ? CMC_E_REFUSED : CMC_E_LOCAL, NULL, "%s: %s: %s%s%s%s",
                   l->rules->url, what, ldap_err2string(code),
                   more != NULL && more[0] != '\0' ? ": " : "", more != NULL ? more : "", hint);
    ldap_memfree(more);
    return is_refusal(code) ? CMC_E_REFUSED : CMC_E_LOCAL;
}

/* -- the connection ---------------------------------------------------------------------- */

static int set_options(LDAP *ld, const struct cmc_publish_ldap_rules *r)
{
    const struct timeval limit = {.tv_sec = (time_t)r->timeout};
    const int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
    int code = ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);

    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &limit);
    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(ld, LDAP_OPT_TIMEOUT, &limit);
    /* Where a server sends us is nobody we know. */
    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
    /* Whatever ldap.conf says of it. */
    if (code == LDAP_OPT_SUCCESS)
        code = ldap_set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
    if (code == LDAP_OPT_SUCCESS && r->ca != NULL)
        code = ldap_set_option(ld, LDAP_OPT_X_TLS_CACERTFILE, r->ca);
    if (code == LDAP_OPT_SUCCESS && (r->start_tls || strncmp(r->url, "ldaps:", 6) == 0))
        code = ldap_set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &client);
    return code;
}

static enum cmc_rc bind_simple(struct cmc_publish_ldap *l, struct cmc_err *err)
{
    struct cmc_buf b;
    struct berval cred;
    enum cmc_rc rc;
    char *password;
    int code;

    cmc_buf_init(&b, PASSWORD_OCTETS);
    rc = cmc_file_read(l->rules->password_file, &b, err);
    password = rc == CMC_OK ? cmc_buf_cstr(&b) : NULL;
    if (rc == CMC_OK && password == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a password");
    if (rc == CMC_OK) {
        cred.bv_val = password;
        cred.bv_len = strcspn(password, "\r\n");
        /* RFC 4513 section 5.1.2: no password would be no authentication, and a success. */
        if (cred.bv_len == 0) {
            rc = cmc_fail(err, CMC_E_LOCAL, NULL, "%s: the first line is empty",
                          l->rules->password_file);
        } else {
            code =
                ldap_sasl_bind_s(l->ld, l->rules->bind, LDAP_SASL_SIMPLE, &cred, NULL, NULL, NULL);
            if (code != LDAP_SUCCESS)
                rc = fail_ldap(l, code, "cannot bind", "", err);
        }
    }
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc authenticate(struct cmc_publish_ldap *l, struct cmc_err *err)
{
    struct berval none = {0, PLAIN("")};
    int code;

    if (l->rules->bind != NULL)
        return bind_simple(l, err);
    if (!l->rules->external)
        return CMC_OK;
    code = ldap_sasl_bind_s(l->ld, NULL, "EXTERNAL", &none, NULL, NULL, NULL);
    return code == LDAP_SUCCESS ? CMC_OK : fail_ldap(l, code, "cannot bind", "", err);
}

static enum cmc_rc connect_to(struct cmc_publish_ldap *l, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    int code;

    if (l->ld != NULL)
        return CMC_OK;
    code = ldap_initialize(&l->ld, l->rules->url);
    if (code == LDAP_SUCCESS && set_options(l->ld, l->rules) != LDAP_OPT_SUCCESS)
        code = LDAP_LOCAL_ERROR;
    if (code != LDAP_SUCCESS)
        rc = fail_ldap(l, code, l->rules->ca != NULL ? l->rules->ca : "cannot begin", "", err);
    if (rc == CMC_OK && l->rules->start_tls) {
        code = ldap_start_tls_s(l->ld, NULL, NULL);
        if (code != LDAP_SUCCESS)
            rc = fail_ldap(l, code, "StartTLS", "", err);
    }
    if (rc == CMC_OK)
        rc = authenticate(l, err);
    if (rc != CMC_OK)
        cmc_publish_ldap_rest(l);
    return rc;
}

void cmc_publish_ldap_rest(struct cmc_publish_ldap *l)
{
    if (l->ld != NULL)
        (void)ldap_unbind_ext_s(l->ld, NULL, NULL);
    l->ld = NULL;
}

/* -- changing an entry ------------------------------------------------------------------- */

static int modify(struct cmc_publish_ldap *l, const struct change *c, bool with_class)
{
    struct berval value = c->value, *values[] = {&value, NULL};
    char *classes[] = {PLAIN(c->auxiliary), NULL};
    LDAPMod class_mod = {.mod_op = LDAP_MOD_ADD, .mod_type = PLAIN("objectClass")};
    LDAPMod mod = {.mod_op = c->op | LDAP_MOD_BVALUES, .mod_type = PLAIN(c->attribute)};
    LDAPMod *mods[] = {&mod, NULL, NULL};

    mod.mod_bvalues = values;
    class_mod.mod_values = classes;
    if (with_class)
        mods[1] = &class_mod;
    return ldap_modify_ext_s(l->ld, c->dn, mods, NULL, NULL);
}

/* The structural class of an entry, by what names it. */
static const char *structural(const struct change *c, const struct berval *type)
{
    static const struct {
        const char *type, *of_ca, *of_holder;
    } rows[] = {
        {"cn", "applicationProcess", "device"},
        {"commonName", "applicationProcess", "device"},
        {"o", "organization", "organization"},
        {"ou", "organizationalUnit", "organizationalUnit"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (type->bv_len == strlen(rows[i].type) &&
            strncasecmp(type->bv_val, rows[i].type, type->bv_len) == 0) {
            if (c->shard)
                return i < 2 ? "cRLDistributionPoint" : NULL;
            return c->cert ? rows[i].of_holder : rows[i].of_ca;
        }
    }
    return NULL;
}

/* All that an entry is made of; the pointers are into name and change. */
struct entry {
    char types[NAMING_MAX][64];
    struct berval *values[NAMING_MAX][2];
    char *classes[CLASSES_MAX];
    struct berval value, *object[2];
    LDAPMod mods[NAMING_MAX + 2], *list[NAMING_MAX + 3];
};

static bool fill_entry(const struct change *c, LDAPDN name, struct entry *e)
{
    const char *kind = name != NULL && name[0] != NULL && name[0][0] != NULL
                           ? structural(c, &name[0][0]->la_attr)
                           : NULL;
    size_t n = 0;

    if (kind == NULL)
        return false;
    e->classes[0] = PLAIN(kind);
    if (!c->shard)
        e->classes[1] = PLAIN(c->auxiliary);
    e->mods[n] = (LDAPMod){.mod_op = LDAP_MOD_ADD, .mod_type = PLAIN("objectClass")};
    e->mods[n++].mod_values = e->classes;
    for (size_t i = 0; i < NAMING_MAX && name[0][i] != NULL; i++) {
        (void)snprintf(e->types[i], sizeof e->types[i], "%.*s", (int)name[0][i]->la_attr.bv_len,
                       name[0][i]->la_attr.bv_val);
        e->values[i][0] = &name[0][i]->la_value;
        e->mods[n] = (LDAPMod){.mod_op = LDAP_MOD_ADD | LDAP_MOD_BVALUES, .mod_type = e->types[i]};
        e->mods[n++].mod_bvalues = e->values[i];
    }
    e->value = c->value;
    e->object[0] = &e->value;
    e->mods[n] =
        (LDAPMod){.mod_op = LDAP_MOD_ADD | LDAP_MOD_BVALUES, .mod_type = PLAIN(c->attribute)};
    e->mods[n++].mod_bvalues = e->object;
    for (size_t i = 0; i < n; i++)
        e->list[i] = &e->mods[i];
    return true;
}

static enum cmc_rc create(struct cmc_publish_ldap *l, const struct change *c, struct cmc_err *err)
{
    struct entry e = {0};
    LDAPDN name = NULL;
    enum cmc_rc rc = CMC_OK;
    int code = ldap_str2dn(c->dn, &name, LDAP_DN_FORMAT_LDAPV3);

    if (code != LDAP_SUCCESS) {
        rc = fail_ldap(l, LDAP_INVALID_DN_SYNTAX, c->dn, "", err);
    } else if (!fill_entry(c, name, &e)) {
        rc = cmc_fail(err, CMC_E_REFUSED, NULL,
                      "%s: %s: an entry is only made where its name begins with cn%s; make this "
                      "one yourself",
                      l->rules->url, c->dn, c->shard ? "" : ", ou or o");
    } else {
        code = ldap_add_ext_s(l->ld, c->dn, e.list, NULL, NULL);
        if (code != LDAP_SUCCESS)
            rc = fail_ldap(l, code, c->dn, "", err);
    }
    ldap_dnfree(name);
    return rc;
}

static enum cmc_rc apply(struct cmc_publish_ldap *l, const struct change *c, struct cmc_err *err)
{
    const char *hint = "";
    int code = modify(l, c, false);

    if (c->op == LDAP_MOD_ADD && code == LDAP_TYPE_OR_VALUE_EXISTS)
        return CMC_OK;
    /* [10002-6.18-u2]: that it was not there is well too. */
    if (c->op == LDAP_MOD_DELETE && (code == LDAP_NO_SUCH_ATTRIBUTE || code == LDAP_NO_SUCH_OBJECT))
        return CMC_OK;
    if (code == LDAP_NO_SUCH_OBJECT && l->rules->create)
        return create(l, c, err);
    if (code == LDAP_NO_SUCH_OBJECT)
        hint = "; make the entry, or set 'create: true'";
    if (code == LDAP_OBJECT_CLASS_VIOLATION && l->rules->create && !c->shard) {
        int again = modify(l, c, true);

        if (again == LDAP_SUCCESS)
            return CMC_OK;
    } else if (code == LDAP_OBJECT_CLASS_VIOLATION) {
        hint = c->shard ? "; its objectClass should be cRLDistributionPoint"
                        : "; add the objectClass of RFC 4523, or set 'create: true'";
    }
    return code == LDAP_SUCCESS ? CMC_OK : fail_ldap(l, code, c->dn, hint, err);
}

/* -- objects ----------------------------------------------------------------------------- */

/* "{shard}" becomes its number. */
static char *shard_dn(const struct cmc_publish_ldap_rules *r, uint32_t shard,
                      struct cmc_arena *arena)
{
    const char *hole = r->crl_dn != NULL ? strstr(r->crl_dn, SHARD) : NULL;

    if (hole == NULL)
        return cmc_arena_printf(arena, "cn=CRL %u,%s", shard, r->dn);
    return cmc_arena_printf(arena, "%.*s%u%s", (int)(hole - r->crl_dn), r->crl_dn, shard,
                            hole + strlen(SHARD));
}

static enum cmc_rc make_change(const struct cmc_publish_ldap *l, const struct cmc_publish_object *o,
                               struct cmc_arena *arena, struct change *c, struct cmc_err *err)
{
    char *dn = l->rules->dn;
    enum cmc_rc rc = CMC_OK;

    *c = (struct change){.op = LDAP_MOD_REPLACE, .auxiliary = "pkiCA", .shard = o->shard != 0};
    switch (o->kind) {
    case CMC_PUBLISH_CRL:
        c->attribute = "certificateRevocationList;binary";
        break;
    case CMC_PUBLISH_DELTA:
        c->attribute = "deltaRevocationList;binary";
        c->auxiliary = "deltaCRL";
        break;
    case CMC_PUBLISH_CA_CERT:
        c->attribute = "cACertificate;binary";
        break;
    case CMC_PUBLISH_CERT:
        /* Those of others stay. */
        c->op = o->wanted ? LDAP_MOD_ADD : LDAP_MOD_DELETE;
        c->attribute = "userCertificate;binary";
        c->auxiliary = "pkiUser";
        c->cert = true;
        rc = cmc_publish_ldap_dn(l->rules->certificate_dn, o->der, arena, &dn, err);
        break;
    case CMC_PUBLISH_CHAIN:
    default:
        return cmc_fail(err, CMC_E_REFUSED, NULL, "a directory has no place for a chain");
    }
    if (rc == CMC_OK && c->shard)
        dn = shard_dn(l->rules, o->shard, arena);
    c->dn = dn;
    return rc != CMC_OK || dn != NULL ? rc : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a DN");
}

static enum cmc_rc put(struct cmc_publish_ldap *l, const struct cmc_publish_object *o,
                       struct cmc_arena *arena, struct cmc_err *err)
{
    void *map = MAP_FAILED;
    struct change c;
    enum cmc_rc rc;

    if (o->octets > CMC_LIMIT_LDAP_OCTETS)
        return cmc_fail(err, CMC_E_REFUSED, NULL,
                        "a CRL of %llu octets is above CMC_LIMIT_LDAP_OCTETS (%u); publish it in a "
                        "folder, or in shards",
                        (unsigned long long)o->octets, CMC_LIMIT_LDAP_OCTETS);
    rc = make_change(l, o, arena, &c, err);
    if (rc != CMC_OK)
        return rc;
    if (o->fd >= 0) {
        map = mmap(NULL, (size_t)o->octets, PROT_READ, MAP_PRIVATE, o->fd, 0);
        if (map == MAP_FAILED)
            return cmc_fail(err, CMC_E_LOCAL, NULL, "the CRL cannot be read: %s", strerror(errno));
    }
    c.value.bv_val = map != MAP_FAILED ? map : PLAIN(o->der.p);
    c.value.bv_len = (ber_len_t)o->octets;
    rc = connect_to(l, err);
    if (rc == CMC_OK)
        rc = apply(l, &c, err);
    if (map != MAP_FAILED)
        (void)munmap(map, (size_t)o->octets);
    /* After anything but a refusal the connection is not to be trusted. */
    if (rc != CMC_OK && rc != CMC_E_REFUSED)
        cmc_publish_ldap_rest(l);
    return rc;
}

enum cmc_rc cmc_publish_ldap_put(void *self, const struct cmc_publish_object *o,
                                 struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    enum cmc_rc rc = arena != NULL ? put(self, o, arena, err)
                                   : cmc_fail(err, CMC_E_MEM, NULL, "no memory to publish");

    cmc_arena_free(arena);
    return rc;
}

/* -- making and checking ----------------------------------------------------------------- */

enum cmc_rc cmc_publish_ldap_new(const struct cmc_publish_ldap_rules *rules,
                                 struct cmc_publish_ldap **out, struct cmc_err *err)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a target");
    (*out)->rules = rules;
    return CMC_OK;
}

void cmc_publish_ldap_free(struct cmc_publish_ldap *l)
{
    if (l != NULL)
        cmc_publish_ldap_rest(l);
    free(l);
}

enum cmc_rc cmc_publish_ldap_check(const struct cmc_publish_ldap_rules *r, struct cmc_err *err)
{
    const char *const dns[] = {r->dn, r->bind};
    LDAPURLDesc *url = NULL;
    int code = ldap_url_parse(r->url, &url);

    ldap_free_urldesc(url);
    if (code != LDAP_URL_SUCCESS)
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s: not a URL of a directory server", r->url);
    for (size_t i = 0; i < sizeof dns / sizeof dns[0]; i++) {
        LDAPDN name = NULL;
        int good =
            dns[i] == NULL || ldap_str2dn(dns[i], &name, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS;

        ldap_dnfree(name);
        if (!good)
            return cmc_fail(err, CMC_E_USAGE, "RFC 4514", "'%s' is not a distinguished name",
                            dns[i]);
    }
    return CMC_OK;
}
