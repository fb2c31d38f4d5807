/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is issued is published: `publish` and `publication` of an authority. */
#include <stdio.h>

#include "server/conf_int.h"

#define DEFAULT_FOLDER_SECONDS  60u
#define DEFAULT_LDAP_SECONDS    10u
#define DEFAULT_COMMAND_SECONDS 30u
#define MAX_SECONDS             3600u
/* The name of the folder that `publish` is about. */
#define PLAIN_FOLDER "publish"

const char *cmc_conf_publishes_on(const struct cmc_conf_authority *a, bool ldap)
{
    for (unsigned int i = 0; i < a->target_count; i++) {
        const struct cmc_conf_target *t = &a->targets[i];

        if ((t->what & CMC_PUBLISH_BIT(CMC_PUBLISH_CERT)) != 0 &&
            (t->kind == CMC_TARGET_LDAP) == ldap)
            return ldap ? t->ldap.url : "";
    }
    return NULL;
}

bool cmc_conf_publishes_certs(const struct cmc_conf_authority *a)
{
    return cmc_conf_publishes_on(a, false) != NULL || cmc_conf_publishes_on(a, true) != NULL;
}

/* One target on its way from the raw form. */
struct one {
    struct cmc_conf_loading *l;
    const struct cmc_raw_target *raw;
    struct cmc_conf_authority *a;
    bool previous; /* a is a key of before */
    struct cmc_conf_target *t;
    char place[CMC_CONF_PLACE_MAX]; /* "authority/publication/2" */
};

static const char *at(char place[CMC_CONF_PLACE_MAX], const struct one *o, const char *key)
{
    (void)snprintf(place, CMC_CONF_PLACE_MAX, "%.80s/%.40s", o->place, key);
    return place;
}

static enum cmc_rc fail_at(const struct one *o, const char *key, const char *text)
{
    char place[CMC_CONF_PLACE_MAX];

    return cmc_conf_tree_fail(o->l->tree, o->l->err, at(place, o, key), "%s", text);
}

/* -- keys that belong to one kind -------------------------------------------------------- */

static enum cmc_rc check_keys(const struct one *o)
{
    const struct cmc_raw_target *raw = o->raw;
    const struct {
        enum cmc_conf_target_kind kind;
        const char *key;
        bool there, needed;
    } rows[] = {
        {CMC_TARGET_FOLDER, "directory", raw->directory != NULL, true},
        {CMC_TARGET_FOLDER, "crl-file", raw->crl_file != NULL, false},
        {CMC_TARGET_FOLDER, "delta-file", raw->delta_file != NULL, false},
        {CMC_TARGET_FOLDER, "ca-certificate-file", raw->ca_file != NULL, false},
        {CMC_TARGET_FOLDER, "chain-file", raw->chain_file != NULL, false},
        {CMC_TARGET_COMMAND, "command", raw->command != NULL, true},
        {CMC_TARGET_LDAP, "url", raw->url != NULL, true},
        {CMC_TARGET_LDAP, "tls", raw->tls != NULL, false},
        {CMC_TARGET_LDAP, "tls-ca", raw->ca != NULL, false},
        {CMC_TARGET_LDAP, "bind", raw->bind != NULL, false},
        {CMC_TARGET_LDAP, "password-file", raw->password_file != NULL, false},
        {CMC_TARGET_LDAP, "sasl", raw->sasl != NULL, false},
        {CMC_TARGET_LDAP, "dn", raw->dn != NULL, false},
        {CMC_TARGET_LDAP, "crl-dn", raw->crl_dn != NULL, false},
        {CMC_TARGET_LDAP, "certificate-dn", raw->certificate_dn != NULL, false},
        {CMC_TARGET_LDAP, "create", raw->create, false},
    };
    static const char *const kinds[] = {"folder", "ldap", "command"};
    char text[160];

    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        bool ours = (int)rows[k].kind == raw->kind;

        /* What a folder is served under may be said too. */
        if (raw->kind == CMC_TARGET_FOLDER && strcmp(rows[k].key, "url") == 0)
            continue;
        if (ours == rows[k].there || (ours && !rows[k].needed))
            continue;
        (void)snprintf(text, sizeof text,
                       ours ? "'%s' is missing; a target of kind %s needs it"
                            : "'%s' means nothing for a target of kind %s",
                       rows[k].key, kinds[raw->kind]);
        return fail_at(o, rows[k].key, text);
    }
    return CMC_OK;
}

/* -- each kind --------------------------------------------------------------------------- */

/* A name within the folder: no way out of it, and none that hides. */
static enum cmc_rc copy_file(const struct one *o, const char *key, const char *name,
                             const char *otherwise, char **out)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    struct cmc_conf_loading *l = o->l;
    const char *p = name, *hole;

    if (name == NULL)
        return cmc_conf_copy(l, otherwise, out);
    hole = strstr(name, "{shard}");
    p += strspn(p, allowed);
    if (p == hole && hole != NULL)
        p += strlen("{shard}");
    p += strspn(p, allowed);
    if (*p != '\0' || name[0] == '.')
        return fail_at(o, key,
                       "it is a file's name: letters, digits and -._ and once {shard}, and no dot "
                       "at its beginning");
    return cmc_conf_copy(l, name, out);
}

/* Of the whole CRL {shard} is nothing. */
static bool same_file(const char *a, const char *b)
{
    static const char hole[] = "{shard}";

    for (;; a++, b++) {
        a += strncmp(a, hole, sizeof hole - 1) == 0 ? sizeof hole - 1 : 0;
        b += strncmp(b, hole, sizeof hole - 1) == 0 ? sizeof hole - 1 : 0;
        if (*a != *b || *a == '\0')
            return *a == *b;
    }
}

static enum cmc_rc load_folder(const struct one *o)
{
    const struct cmc_raw_target *raw = o->raw;
    const struct {
        enum cmc_publish_kind kind;
        const char *key, *name, *otherwise;
    } rows[] = {
        {CMC_PUBLISH_CRL, "crl-file", raw->crl_file, "ca{shard}.crl"},
        {CMC_PUBLISH_DELTA, "delta-file", raw->delta_file, "delta{shard}.crl"},
        {CMC_PUBLISH_CA_CERT, "ca-certificate-file", raw->ca_file, "ca.crt"},
        {CMC_PUBLISH_CHAIN, "chain-file", raw->chain_file, "ca.p7c"},
    };
    struct cmc_conf_loading *l = o->l;
    struct cmc_conf_target *t = o->t;
    struct cmc_conf_authority *a = o->a;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc = cmc_conf_copy_path(l, raw->directory, &t->directory);

    if (rc == CMC_OK && raw->url != NULL)
        rc = cmc_conf_check_url(l, at(place, o, "url"), raw->url);
    if (rc == CMC_OK && raw->url != NULL && a->publish_url != NULL)
        rc = fail_at(o, "url", "published certificates have one URL; another target has it");
    if (rc == CMC_OK && raw->url != NULL)
        rc = cmc_conf_copy(l, raw->url, &a->publish_url);
    for (size_t k = 0; rc == CMC_OK && k < sizeof rows / sizeof rows[0]; k++) {
        rc = copy_file(o, rows[k].key, rows[k].name, rows[k].otherwise, &t->files[rows[k].kind]);
        for (size_t m = 0; rc == CMC_OK && m < k; m++) {
            if (same_file(t->files[rows[m].kind], t->files[rows[k].kind]))
                rc = fail_at(o, rows[k].key, "two objects would be one file");
        }
    }
    return rc;
}

static enum cmc_rc load_command(const struct one *o)
{
    const struct cmc_raw_target *raw = o->raw;
    struct cmc_conf_loading *l = o->l;
    struct cmc_conf_target *t = o->t;
    enum cmc_rc rc = CMC_OK;

    /* No shell looks for it, and the current folder is no matter. */
    if (raw->command[0][0] != '/')
        return fail_at(o, "command/0", "the program is named by its whole path, from '/' on");
    t->command = cmc_arena_array(l->arena, (size_t)raw->command_count + 1, sizeof *t->command);
    if (t->command == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t k = 0; rc == CMC_OK && k < raw->command_count; k++)
        rc = cmc_conf_copy(l, raw->command[k], &t->command[k]);
    return rc;
}

/* Nobody should change on the way what a directory is told, nor read the password. */
static enum cmc_rc load_ldap_safety(const struct one *o, struct cmc_publish_ldap_rules *r)
{
    const struct cmc_raw_target *raw = o->raw;
    bool plain = strncmp(raw->url, "ldap://", 7) == 0;
    bool tls = strncmp(raw->url, "ldaps://", 8) == 0;
    bool local = strncmp(raw->url, "ldapi://", 8) == 0;

    if (!plain && !tls && !local)
        return fail_at(o, "url", "write ldap://HOST, ldaps://HOST or ldapi://SOCKET (with %2f)");
    if (plain && raw->url[7] == '\0')
        return fail_at(o, "url", "it names no host");
    if (tls && raw->url[8] == '\0')
        return fail_at(o, "url", "it names no host");
    if (strpbrk(raw->url, " ?#,") != NULL)
        return fail_at(o, "url", "only scheme, host and port belong here; the entry is 'dn'");
    if (!plain && raw->tls != NULL)
        return fail_at(o, "tls",
                       "it is about ldap:// only; ldaps:// always has TLS, ldapi:// "
                       "stays on this machine");
    r->start_tls = plain && (raw->tls == NULL || *raw->tls == CMC_LDAP_TLS_REQUIRED);
    if (raw->ca != NULL && !tls && !r->start_tls)
        return fail_at(o, "tls-ca", "it has no effect without TLS");
    if ((raw->bind != NULL) != (raw->password_file != NULL))
        return fail_at(o, raw->bind != NULL ? "bind" : "password-file",
                       "'bind' and 'password-file' belong together");
    r->external = raw->sasl != NULL && *raw->sasl == CMC_RAW_SASL_EXTERNAL;
    if (r->external && raw->bind != NULL)
        return fail_at(o, "sasl", "either 'bind' or 'sasl: external' says who we are");
    return CMC_OK;
}

static enum cmc_rc load_ldap(const struct one *o)
{
    const unsigned int cert = CMC_PUBLISH_BIT(CMC_PUBLISH_CERT);
    const struct cmc_raw_target *raw = o->raw;
    struct cmc_conf_loading *l = o->l;
    struct cmc_conf_target *t = o->t;
    struct cmc_publish_ldap_rules *r = &t->ldap;
    enum cmc_rc rc = load_ldap_safety(o, r);

    if (rc != CMC_OK)
        return rc;
    if ((t->what & ~cert) != 0 && raw->dn == NULL)
        return fail_at(o, "dn", "'dn' is missing: the entry of the authority");
    if ((t->what & cert) != 0 && raw->certificate_dn == NULL)
        return fail_at(o, "certificate-dn",
                       "'certificate-dn' is missing: \"{subject}\", or something like "
                       "\"cn={cn},ou=People,dc=example\"");
    if ((t->what & CMC_PUBLISH_BIT(CMC_PUBLISH_CHAIN)) != 0)
        return fail_at(o, "what", "a directory has no place for a chain; publish it in a folder");
    if (raw->crl_dn != NULL && strstr(raw->crl_dn, "{shard}") == NULL)
        return fail_at(o, "crl-dn", "each shard needs an entry of its own; write {shard} in it");
    r->create = raw->create;
    r->timeout = t->timeout;
    rc = cmc_conf_copy(l, raw->url, &r->url);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->bind, &r->bind);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->dn, &r->dn);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->crl_dn, &r->crl_dn);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->certificate_dn, &r->certificate_dn);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_path(l, raw->ca, &r->ca);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_path(l, raw->password_file, &r->password_file);
    return rc;
}

/* -- the list ---------------------------------------------------------------------------- */

static bool is_taken(const struct cmc_conf_authority *a, const char *name)
{
    for (unsigned int i = 0; i < a->target_count; i++) {
        if (strcmp(a->targets[i].name, name) == 0)
            return true;
    }
    return false;
}

/* By its name alone a target is known, so several authorities share no name. */
static enum cmc_rc check_name(const struct one *o, const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    const struct cmc_conf *c = o->l->conf;

    if (name[strspn(name, allowed)] != '\0')
        return fail_at(o, "name", "letters, digits and -._ make a name");
    for (unsigned int i = 0; i < c->authority_count; i++) {
        const struct cmc_conf_authority *a = &c->authorities[i];
        bool taken = is_taken(a, name);

        for (unsigned int k = 0; k < a->previous_count; k++)
            taken = taken || is_taken(&a->previous[k], name);
        if (taken)
            return fail_at(o, "name", "another target has this name");
    }
    return CMC_OK;
}

/* Would one's CRL be written over the other's? */
static bool collide(const struct cmc_conf_target *t, const struct cmc_conf_target *u)
{
    const unsigned int crls = CMC_PUBLISH_BIT(CMC_PUBLISH_CRL) | CMC_PUBLISH_BIT(CMC_PUBLISH_DELTA);
    const unsigned int files = ~CMC_PUBLISH_BIT(CMC_PUBLISH_CERT);

    if (t->kind != u->kind || t->kind == CMC_TARGET_COMMAND)
        return false;
    if (t->kind == CMC_TARGET_LDAP)
        return (t->what & u->what & crls) != 0 && strcmp(t->ldap.url, u->ldap.url) == 0 &&
               strcmp(t->ldap.dn, u->ldap.dn) == 0;
    for (unsigned int i = 0; i < CMC_PUBLISH_KINDS * CMC_PUBLISH_KINDS; i++) {
        unsigned int mine = i / CMC_PUBLISH_KINDS, theirs = i % CMC_PUBLISH_KINDS;

        if ((t->what & files & CMC_PUBLISH_BIT(mine)) != 0 &&
            (u->what & files & CMC_PUBLISH_BIT(theirs)) != 0 &&
            strcmp(t->directory, u->directory) == 0 && same_file(t->files[mine], u->files[theirs]))
            return true;
    }
    return false;
}

static enum cmc_rc check_unlike(const struct one *o, const struct cmc_conf_authority *other)
{
    for (unsigned int i = 0; other != o->a && i < other->target_count; i++) {
        if (collide(o->t, &other->targets[i]))
            return fail_at(o, o->t->kind == CMC_TARGET_LDAP ? "dn" : "directory",
                           "what another authority or key publishes would be overwritten; give it "
                           "another place or another name");
    }
    return CMC_OK;
}

/* Each authority, and each key that it had before, publishes at a place of its own. */
static enum cmc_rc check_place(const struct one *o)
{
    const struct cmc_conf *c = o->l->conf;
    enum cmc_rc rc = CMC_OK;

    for (unsigned int i = 0; i < c->authority_count && rc == CMC_OK; i++) {
        const struct cmc_conf_authority *a = &c->authorities[i];

        rc = check_unlike(o, a);
        for (unsigned int k = 0; k < a->previous_count && rc == CMC_OK; k++)
            rc = check_unlike(o, &a->previous[k]);
    }
    return rc;
}

static enum cmc_rc load_kind(const struct one *o)
{
    switch (o->t->kind) {
    case CMC_TARGET_FOLDER:
        return load_folder(o);
    case CMC_TARGET_LDAP:
        return load_ldap(o);
    case CMC_TARGET_COMMAND:
    default:
        return load_command(o);
    }
}

static enum cmc_rc load_target(const struct one *o)
{
    static const unsigned int seconds[] = {[CMC_TARGET_FOLDER] = DEFAULT_FOLDER_SECONDS,
                                           [CMC_TARGET_LDAP] = DEFAULT_LDAP_SECONDS,
                                           [CMC_TARGET_COMMAND] = DEFAULT_COMMAND_SECONDS};
    const struct cmc_raw_target *raw = o->raw;
    struct cmc_conf_loading *l = o->l;
    struct cmc_conf_target *t = o->t;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc = check_name(o, raw->name);

    if (rc == CMC_OK)
        rc = check_keys(o);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->name, &t->name);
    if (rc != CMC_OK)
        return rc;
    t->kind = (enum cmc_conf_target_kind)raw->kind;
    for (uint32_t k = 0; k < raw->what_count; k++)
        t->what |= CMC_PUBLISH_BIT((unsigned int)raw->what[k]);
    t->timeout = raw->timeout != NULL ? *raw->timeout : seconds[t->kind];
    rc = cmc_conf_in_range(l, at(place, o, "timeout"), "'timeout'", t->timeout, 1, MAX_SECONDS);
    if (rc != CMC_OK)
        return rc;
    /* Certificates are published as the authority's, whichever key signed them. */
    if (o->previous &&
        (t->what & (CMC_PUBLISH_BIT(CMC_PUBLISH_CERT) | CMC_PUBLISH_BIT(CMC_PUBLISH_CHAIN))) != 0)
        return fail_at(o, "what", "of a key of before there are crl, delta and ca-certificate");
    rc = load_kind(o);
    return rc == CMC_OK ? check_place(o) : rc;
}

/* `publish` is short for a folder with what publishCert asks for. */
static enum cmc_rc load_plain(const struct one *o, const struct cmc_raw_publish *raw)
{
    struct cmc_conf_authority *a = o->a;
    struct cmc_conf_target *t = &a->targets[a->target_count++];
    char place[CMC_CONF_PLACE_MAX];
    bool first = a == o->l->conf->authorities;

    t->name = first ? cmc_arena_strdup(o->l->arena, PLAIN_FOLDER)
                    : cmc_arena_printf(o->l->arena, PLAIN_FOLDER "-%s", a->name);
    if (t->name == NULL)
        return cmc_conf_no_memory(o->l->err);
    t->what = CMC_PUBLISH_BIT(CMC_PUBLISH_CERT);
    t->timeout = DEFAULT_FOLDER_SECONDS;
    (void)snprintf(place, sizeof place, "%.100s/publish/url", o->place);
    if (raw->url != NULL && cmc_conf_check_url(o->l, place, raw->url) != CMC_OK)
        return CMC_E_USAGE;
    if (cmc_conf_copy(o->l, raw->url, &a->publish_url) != CMC_OK)
        return CMC_E_MEM;
    return cmc_conf_copy_path(o->l, raw->directory, &t->directory);
}

enum cmc_rc cmc_conf_load_publication(struct cmc_conf_loading *l,
                                      const struct cmc_raw_authority *raw, const char *place,
                                      bool previous, struct cmc_conf_authority *a)
{
    struct one o = {.l = l, .a = a, .previous = previous};
    enum cmc_rc rc = CMC_OK;

    a->targets = cmc_arena_array(l->arena, (size_t)raw->publication_count + 1, sizeof *a->targets);
    if (a->targets == NULL)
        return cmc_conf_no_memory(l->err);
    (void)snprintf(o.place, sizeof o.place, "%.80s", place);
    if (raw->publish != NULL)
        rc = load_plain(&o, raw->publish);
    for (uint32_t i = 0; rc == CMC_OK && i < raw->publication_count; i++) {
        o.raw = &raw->publication[i];
        o.t = &a->targets[a->target_count];
        (void)snprintf(o.place, sizeof o.place, "%.80s/publication/%u", place, i);
        rc = load_target(&o);
        a->target_count += rc == CMC_OK;
    }
    return rc;
}
