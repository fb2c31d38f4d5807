/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that says who signs: one authority, or several. */
#include <stdio.h>

#include "server/conf_int.h"

#define DEFAULT_OCSP_MINUTES 60u
#define MAX_OCSP_MINUTES     (60u * 24u * 31u)
/* A name stands in command lines, logs and the audit chain. */
#define NAME_OCTETS 64u

/* One authority on its way from the raw form; place is where it stands: "authorities/1". */
struct one {
    struct cmc_conf_loading *l;
    const struct cmc_raw_authority *raw;
    struct cmc_conf_authority *a;
    char place[CMC_CONF_PLACE_MAX / 2];
    bool first; /* serves the encryption certificate that all have */
};

/* "authorities/1/crl/url" into buf; returns it. */
static const char *at(char buf[CMC_CONF_PLACE_MAX], const struct one *o, const char *key)
{
    (void)snprintf(buf, CMC_CONF_PLACE_MAX, "%s/%.60s", o->place, key);
    return buf;
}

static enum cmc_rc copy_pair(struct cmc_conf_loading *l, const char *certificate, const char *key,
                             const char *passphrase_file, struct cmc_conf_pair *out)
{
    enum cmc_rc rc = cmc_conf_copy_path(l, certificate, &out->certificate);

    if (rc == CMC_OK)
        rc = cmc_conf_copy_path(l, key, &out->key);
    return rc == CMC_OK ? cmc_conf_copy_path(l, passphrase_file, &out->passphrase_file) : rc;
}

/* -- the authority itself ---------------------------------------------------------------- */

/* A word that needs no quoting anywhere. */
static enum cmc_rc load_name(const struct one *o)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-._";
    const char *name = o->raw->name;
    char place[CMC_CONF_PLACE_MAX];

    if (name == NULL && o->l->raw->authority != NULL)
        return CMC_OK;
    if (name == NULL)
        return cmc_conf_tree_fail(o->l->tree, o->l->err, o->place,
                                  "key 'name' is missing in 'authorities'");
    if (name[strspn(name, allowed)] != '\0' || strlen(name) > NAME_OCTETS)
        return cmc_conf_tree_fail(o->l->tree, o->l->err, at(place, o, "name"),
                                  "'%.60s' is no name of an authority; up to %u letters, digits "
                                  "and -._ are allowed",
                                  name, NAME_OCTETS);
    return cmc_conf_copy(o->l, name, &o->a->name);
}

static enum cmc_rc load_own(const struct one *o)
{
    const struct cmc_raw_authority *raw = o->raw;
    struct cmc_conf_loading *l = o->l;
    struct cmc_conf_authority *a = o->a;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc = load_name(o);

    if (rc == CMC_OK)
        rc = copy_pair(l, raw->certificate, raw->key, raw->passphrase_file, &a->ca);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_paths(l, raw->chain, raw->chain_count, &a->chain, &a->chain_count);
    if (rc == CMC_OK)
        rc = cmc_conf_load_crl(l, o->place, raw->crl, a);
    if (rc == CMC_OK)
        rc = cmc_conf_load_publication(l, raw, o->place, false, a);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_url_path(l, at(place, o, "certificate-path"), "the CA certificate",
                                    raw->certificate_path, &a->ca_path);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_url_path(l, at(place, o, "chain-path"), "the chain", raw->chain_path,
                                    &a->chain_path);
    return rc;
}

/* -- its own, or what all have ----------------------------------------------------------- */

static enum cmc_rc load_responder(const struct one *o)
{
    const struct cmc_raw_responder *raw =
        o->raw->responder != NULL ? o->raw->responder : o->l->raw->responder;

    if (raw == NULL)
        return cmc_conf_tree_fail(o->l->tree, o->l->err, o->place,
                                  "key 'responder' is missing, both here and at the top level");
    return copy_pair(o->l, raw->certificate, raw->key, raw->passphrase_file, &o->a->responder);
}

static enum cmc_rc load_encryption(const struct one *o)
{
    const struct cmc_raw_encryption *own = o->raw->encryption;
    const struct cmc_raw_encryption *raw = own != NULL ? own : o->l->raw->encryption;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc;

    if (raw == NULL)
        return CMC_OK;
    rc = copy_pair(o->l, raw->certificate, raw->key, raw->passphrase_file, &o->a->encryption);
    if (rc == CMC_OK && own != NULL)
        rc =
            cmc_conf_copy_url_path(o->l, at(place, o, "encryption/path"),
                                   "the encryption certificate", raw->path, &o->a->encryption_path);
    /* What all have is served once, by the first. */
    if (rc == CMC_OK && own == NULL && o->first)
        rc = cmc_conf_copy_url_path(o->l, "encryption/path", "the encryption certificate",
                                    raw->path, &o->a->encryption_path);
    return rc;
}

static enum cmc_rc load_officers(const struct one *o)
{
    const struct cmc_raw_officers *raw =
        o->raw->officers != NULL ? o->raw->officers : o->l->raw->officers;

    if (raw == NULL)
        return CMC_OK;
    o->a->ra_any_eku = raw->ra_eku == CMC_RAW_OPTIONAL;
    return cmc_conf_copy_paths(o->l, raw->trust, raw->trust_count, &o->a->officer_trust,
                               &o->a->officer_trust_count);
}

static enum cmc_rc load_ocsp(const struct one *o)
{
    const bool own = o->raw->ocsp != NULL;
    const struct cmc_raw_ocsp *raw = own ? o->raw->ocsp : o->l->raw->ocsp;
    struct cmc_conf_ocsp *out = &o->a->ocsp;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc;

    if (raw == NULL)
        return CMC_OK;
    out->minutes = raw->minutes != NULL ? *raw->minutes : DEFAULT_OCSP_MINUTES;
    rc = cmc_conf_in_range(o->l, own ? at(place, o, "ocsp/minutes") : "ocsp/minutes", "'minutes'",
                           out->minutes, 1, MAX_OCSP_MINUTES);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_url_path(o->l, own ? at(place, o, "ocsp/path") : "ocsp/path", "OCSP",
                                    raw->path, &out->path);
    if (rc == CMC_OK)
        rc = copy_pair(o->l, raw->certificate, raw->key, raw->passphrase_file, &out->signer);
    return rc;
}

static enum cmc_rc load_dh_pop(const struct one *o)
{
    const struct cmc_raw_dh_pop *raw = o->raw->dh_pop != NULL ? o->raw->dh_pop : o->l->raw->dh_pop;

    return raw != NULL ? copy_pair(o->l, raw->certificate, raw->key, NULL, &o->a->dh_pop) : CMC_OK;
}

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* A key of before: no more than what its certificates still need. */
static enum cmc_rc load_previous_one(const struct one *o)
{
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc =
        copy_pair(o->l, o->raw->certificate, o->raw->key, o->raw->passphrase_file, &o->a->ca);

    o->a->name = o->a->ca.certificate; /* what it is called in messages */
    if (rc == CMC_OK)
        rc = cmc_conf_load_crl(o->l, o->place, o->raw->crl, o->a);
    if (rc == CMC_OK)
        rc = cmc_conf_load_publication(o->l, o->raw, o->place, true, o->a);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_url_path(o->l, at(place, o, "certificate-path"), "the CA certificate",
                                    o->raw->certificate_path, &o->a->ca_path);
    if (rc == CMC_OK && o->raw->ocsp != NULL)
        rc = load_ocsp(o);
    return rc;
}

/* Each key's CRL has its own URL: who fetches another key's finds no revocation there. */
static enum cmc_rc check_urls(const struct one *before, const struct cmc_conf_authority *other)
{
    char place[CMC_CONF_PLACE_MAX];

    if (same(before->a->crl_url, other->crl_url))
        return cmc_conf_tree_fail(before->l->tree, before->l->err, at(place, before, "crl/url"),
                                  "the CRL of another key of this authority has this URL; each "
                                  "needs its own");
    return CMC_OK;
}

static enum cmc_rc load_previous(const struct one *o)
{
    uint32_t n = o->raw->previous_count;
    enum cmc_rc rc = CMC_OK;

    o->a->previous = cmc_arena_array(o->l->arena, n, sizeof *o->a->previous);
    if (o->a->previous == NULL)
        return cmc_conf_no_memory(o->l->err);
    o->a->previous_count = n;
    for (uint32_t i = 0; i < n && rc == CMC_OK; i++) {
        struct one before = {.l = o->l, .raw = &o->raw->previous[i], .a = &o->a->previous[i]};
        char place[CMC_CONF_PLACE_MAX];

        (void)snprintf(before.place, sizeof before.place, "%.40s/previous/%u", o->place, i);
        rc = load_previous_one(&before);
        if (rc == CMC_OK && before.a->ocsp.signer.key != NULL && o->a->ocsp.path == NULL)
            rc = cmc_conf_tree_fail(o->l->tree, o->l->err, at(place, &before, "ocsp"),
                                    "OCSP is answered for a key of before where it is for the "
                                    "one of now; 'ocsp' is missing there");
        if (rc == CMC_OK && strcmp(before.a->ca.certificate, o->a->ca.certificate) == 0)
            rc = cmc_conf_tree_fail(o->l->tree, o->l->err, at(place, &before, "certificate"),
                                    "that is the certificate of now; write the one of before");
        if (rc == CMC_OK)
            rc = check_urls(&before, o->a);
        for (uint32_t k = 0; k < i && rc == CMC_OK; k++)
            rc = check_urls(&before, &o->a->previous[k]);
    }
    return rc;
}

static enum cmc_rc load_one(const struct one *o)
{
    enum cmc_rc rc = load_own(o);

    if (rc == CMC_OK)
        rc = load_responder(o);
    if (rc == CMC_OK)
        rc = load_encryption(o);
    if (rc == CMC_OK)
        rc = load_officers(o);
    if (rc == CMC_OK)
        rc = load_ocsp(o);
    if (rc == CMC_OK)
        rc = load_dh_pop(o);
    if (rc == CMC_OK)
        rc = load_previous(o);
    return rc;
}

/* -- all of them ------------------------------------------------------------------------- */

/* What tells two authorities apart must not be the same. */
static enum cmc_rc check_unlike(const struct one *o, const struct cmc_conf_authority *other)
{
    const struct cmc_conf_authority *a = o->a;
    const struct {
        const char *key, *what, *mine, *theirs;
    } rows[] = {
        {"name", "the name", a->name, other->name},
        {"certificate", "the certificate", a->ca.certificate, other->ca.certificate},
        /* Whoever fetches the CRL would find another issuer's. */
        {"crl/url", "the URL of the CRL", a->crl_url, other->crl_url},
    };
    char place[CMC_CONF_PLACE_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (same(rows[i].mine, rows[i].theirs))
            return cmc_conf_tree_fail(o->l->tree, o->l->err, at(place, o, rows[i].key),
                                      "%s is that of authority '%s' too; each needs its own",
                                      rows[i].what, cmc_conf_authority_name(other));
    }
    return CMC_OK;
}

static enum cmc_rc check_which(struct cmc_conf_loading *l)
{
    if (l->raw->authority != NULL && l->raw->authorities != NULL)
        return cmc_conf_tree_fail(l->tree, l->err, "authorities",
                                  "both 'authority' and 'authorities'; write one of them");
    if (l->raw->authority == NULL && l->raw->authorities == NULL)
        return cmc_conf_tree_fail(l->tree, l->err, "",
                                  "key 'authority' is missing in 'the configuration'; for several "
                                  "write 'authorities'");
    /* RFC 6960 section 4.2.2.2: each CA certifies who answers for it. */
    if (l->raw->ocsp != NULL && l->raw->authorities_count > 1)
        return cmc_conf_tree_fail(l->tree, l->err, "ocsp",
                                  "the signer of OCSP answers belongs to one authority; move "
                                  "'ocsp' to where that stands in 'authorities'");
    return CMC_OK;
}

enum cmc_rc cmc_conf_load_authorities(struct cmc_conf_loading *l)
{
    struct cmc_conf *c = l->conf;
    bool several = l->raw->authorities != NULL;
    enum cmc_rc rc = check_which(l);

    if (rc != CMC_OK)
        return rc;
    c->authority_count = several ? l->raw->authorities_count : 1;
    c->authorities = cmc_arena_array(l->arena, c->authority_count, sizeof *c->authorities);
    if (c->authorities == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t i = 0, shared = 0; i < c->authority_count && rc == CMC_OK; i++) {
        struct one o = {.l = l,
                        .raw = several ? &l->raw->authorities[i] : l->raw->authority,
                        .a = &c->authorities[i],
                        .place = "authority"};

        if (several)
            (void)snprintf(o.place, sizeof o.place, "authorities/%u", i);
        o.first = o.raw->encryption == NULL && shared++ == 0;
        rc = load_one(&o);
        for (uint32_t k = 0; k < i && rc == CMC_OK; k++)
            rc = check_unlike(&o, &c->authorities[k]);
    }
    return rc;
}

const struct cmc_conf_authority *cmc_conf_authority(const struct cmc_conf *conf, const char *name)
{
    for (unsigned int i = 0; i < conf->authority_count; i++) {
        if (name == NULL || same(conf->authorities[i].name, name))
            return &conf->authorities[i];
    }
    return NULL;
}

const char *cmc_conf_authority_name(const struct cmc_conf_authority *a)
{
    return a->name != NULL ? a->name : "authority";
}
