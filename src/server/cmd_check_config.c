/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd check-config: load all that serve would load, and go on after the first mistake. */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/chain.h"
#include "server/check.h"

struct values {
    const char *config;
};

/* -- findings ---------------------------------------------------------------------------- */

void cmcd_warn(struct checking *c, const char *fmt, ...)
{
    char text[CMC_LIMIT_ERROR_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    cmc_buf_printf(&c->out, "warning: %s\n", text);
    c->warnings++;
}

bool cmcd_ok(struct checking *c, enum cmc_rc rc, const char *where)
{
    const struct cmc_err *e = &c->run->err;

    if (rc == CMC_OK)
        return true;
    cmc_buf_printf(&c->out, "error: %s%s%s%s%s%s\n", where != NULL ? where : "",
                   where != NULL ? ": " : "", e->text, e->clause != NULL ? " (" : "",
                   e->clause != NULL ? e->clause : "", e->clause != NULL ? ")" : "");
    c->errors++;
    return false;
}

/* -- certificates ------------------------------------------------------------------------ */

static bool read_time(struct cmc_slice tlv, int64_t *t)
{
    return tlv.n > 2 && cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), t);
}

bool cmcd_check_validity(struct checking *c, struct cmc_slice der, const char *whose,
                         struct cmc_cert *cert)
{
    struct cmc_err *err = &c->run->err;
    char when[CMCD_TIME_SIZE];
    int64_t from, to;

    if (!cmcd_ok(c, cmc_decode(&cmc_it_cert, der, c->run->arena, cert, err), whose))
        return false;
    if (!read_time(cert->tbs.validity.not_before, &from) ||
        !read_time(cert->tbs.validity.not_after, &to))
        return cmcd_ok(c, cmc_fail(err, CMC_E_INPUT, NULL, "its validity cannot be read"), whose);
    if (c->now > to)
        return cmcd_ok(
            c, cmc_fail(err, CMC_E_REFUSED, NULL, "expired at %s; renew it", cmcd_time(to, when)),
            whose);
    if (c->now < from)
        return cmcd_ok(
            c, cmc_fail(err, CMC_E_REFUSED, NULL, "not valid before %s", cmcd_time(from, when)),
            whose);
    if (to - c->now < (int64_t)SOON_DAYS * 86400)
        cmcd_warn(c, "%s: expires at %s", whose, cmcd_time(to, when));
    return true;
}

#define WHOSE_MAX 96

const char *cmcd_whose(const struct checking *c, const struct cmc_service_authority *a,
                       const char *what, char *buf, size_t size)
{
    if (c->service.nauthorities > 1)
        (void)snprintf(buf, size, "%s: %s", cmc_conf_authority_name(a->conf), what);
    else
        (void)snprintf(buf, size, "%s", what);
    return buf;
}

/* To the end of the path of one authority, or to a key that it had before. */
static enum cmc_rc path_in(struct checking *c, const struct cmc_service_authority *a,
                           struct cmc_slice cert, struct cmc_trust *trust, struct cmc_err *err)
{
    enum cmc_rc rc;

    *trust = (struct cmc_trust){.anchors = &a->chain[a->npath - 1], .nanchors = 1, .now = c->now};
    rc =
        cmc_chain_check(c->run->crypto, cert, a->chain, a->nchain, trust, c->run->arena, NULL, err);
    for (size_t i = 0; i < a->nprevious && rc != CMC_OK; i++) {
        trust->anchors = &a->previous[i].chain[0];
        rc = cmc_chain_check(c->run->crypto, cert, trust->anchors, 1, trust, c->run->arena, NULL,
                             NULL);
    }
    return rc;
}

/* What several authorities share is issued by one of them. */
static enum cmc_rc find_path(struct checking *c, const struct cmc_service_authority *mine,
                             struct cmc_slice cert, struct cmc_trust *trust)
{
    const struct cmc_service *s = &c->service;
    enum cmc_rc rc = path_in(c, mine, cert, trust, &c->run->err);

    for (size_t i = 0; i < s->nauthorities && rc != CMC_OK; i++)
        rc = path_in(c, &s->authorities[i], cert, trust, NULL);
    return rc;
}

static bool check_path(struct checking *c, const struct cmc_service_authority *a,
                       struct cmc_slice cert, const char *whose)
{
    struct cmc_trust trust;

    return cmcd_ok(c, find_path(c, a, cert, &trust), whose);
}

/* Which tokens are in use, as long as a key of theirs is. */
static void note_tokens(struct checking *c)
{
    struct cmc_token_state now[CMC_LIMIT_TOKENS];
    size_t n = cmc_tokens_now(now, CMC_LIMIT_TOKENS);

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < c->ntokens && strcmp(c->tokens[k].label, now[i].label) != 0)
            k++;
        if (k == c->ntokens && k < CMC_LIMIT_TOKENS)
            c->tokens[c->ntokens++] = now[i];
    }
}

static void check_key(struct checking *c, enum cmc_rc loaded, EVP_PKEY *key,
                      const struct cmc_cert *cert, const char *whose)
{
    EVP_PKEY *pub = NULL;

    if (!cmcd_ok(c, loaded, whose))
        return;
    note_tokens(c);
    if (cmcd_ok(c, cmc_spki_key(c->run->crypto, cert->tbs.spki.raw, &pub, &c->run->err), whose) &&
        EVP_PKEY_eq(pub, key) != 1)
        (void)cmcd_ok(c,
                      cmc_fail(&c->run->err, CMC_E_USAGE, NULL,
                               "the private key does not belong to the certificate"),
                      whose);
    EVP_PKEY_free(pub);
}

/* The certificate of a pair and its key. False: it is out of date or no certificate at all. */
static bool check_pair(struct checking *c, const struct cmc_service_authority *a,
                       struct cmc_slice der, const struct cmc_conf_pair *pair, const char *what)
{
    char whose[WHOSE_MAX], text[WHOSE_MAX / 2];
    struct cmc_cert cert = {0};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    (void)snprintf(text, sizeof text, "%s certificate", what);
    if (!cmcd_check_validity(c, der, cmcd_whose(c, a, text, whose, sizeof whose), &cert))
        return false;
    (void)check_path(c, a, der, whose);
    (void)snprintf(text, sizeof text, "%s key", what);
    rc = cmc_service_key(pair, c->run->crypto, &key, &c->run->err);
    check_key(c, rc, key, &cert, cmcd_whose(c, a, text, whose, sizeof whose));
    EVP_PKEY_free(key);
    return true;
}

static void check_signers(struct checking *c, const struct cmc_service_authority *a)
{
    char whose[WHOSE_MAX];
    struct cmc_trust trust;
    struct cmc_cert cert = {0};

    (void)check_pair(c, a, a->chain[0], &a->conf->ca, "CA");
    for (size_t i = 1; i < a->nchain; i++)
        (void)cmcd_check_validity(c, a->chain[i], cmcd_whose(c, a, "CA chain", whose, sizeof whose),
                                  &cert);
    if (check_pair(c, a, a->responder_cert, &a->conf->responder, "responder") &&
        find_path(c, a, a->responder_cert, &trust) == CMC_OK)
        (void)cmcd_ok(c,
                      cmc_responder_check(a->responder_cert, &trust, c->run->arena, &c->run->err),
                      cmcd_whose(c, a, "responder certificate", whose, sizeof whose));
    if (a->conf->ocsp.path != NULL)
        (void)check_pair(c, a, a->ocsp_cert, &a->conf->ocsp.signer, "OCSP");
    for (size_t i = 0; i < a->nprevious; i++) {
        const struct cmc_service_authority *before = &a->previous[i];

        (void)check_pair(c, a, before->chain[0], &before->conf->ca, "previous CA");
        if (before->ocsp_cert.p != NULL)
            (void)check_pair(c, a, before->ocsp_cert, &before->conf->ocsp.signer, "previous OCSP");
    }
}

/* DH keys prove themselves to it: a DH key, its own, and not run out. */
static void check_dh_pop(struct checking *c, const struct cmc_service_authority *a)
{
    char whose[WHOSE_MAX];
    struct cmc_cert cert = {0};
    EVP_PKEY *key = NULL, *pub = NULL;
    enum cmc_rc rc;

    (void)cmcd_whose(c, a, "dh-pop", whose, sizeof whose);
    if (a->conf->dh_pop.certificate == NULL ||
        !cmcd_check_validity(c, a->dh_pop_cert, whose, &cert))
        return;
    rc = cmc_dh_pop_certificate(c->run->crypto, a->dh_pop_cert, &pub, &c->run->err);
    if (cmcd_ok(c, rc, whose) && cmcd_ok(c, cmc_key_check(pub, &c->run->err), whose)) {
        rc = cmc_service_key(&a->conf->dh_pop, c->run->crypto, &key, &c->run->err);
        check_key(c, rc, key, &cert, whose);
    }
    EVP_PKEY_free(key);
    EVP_PKEY_free(pub);
}

/* What clients encrypt to: a certificate whose key may decrypt, and that key. */
static void check_encryption(struct checking *c, const struct cmc_service_authority *a)
{
    char whose[WHOSE_MAX];
    struct cmc_slice der = a->encryption_cert;
    struct cmc_cert cert = {0};
    EVP_PKEY *pub = NULL;

    if (der.p == NULL || !check_pair(c, a, der, &a->conf->encryption, "encryption") ||
        cmc_decode(&cmc_it_cert, der, c->run->arena, &cert, NULL) != CMC_OK)
        return;
    if (cmc_spki_key(c->run->crypto, cert.tbs.spki.raw, &pub, NULL) == CMC_OK &&
        !cmc_envelope_may(&cert.tbs.extensions, pub, c->run->arena))
        (void)cmcd_ok(c,
                      cmc_fail(&c->run->err, CMC_E_USAGE, "RFC 5280 section 4.2.1.3",
                               "its keyUsage does not let clients encrypt to it: RSA needs "
                               "keyEncipherment, EC and DH keyAgreement"),
                      cmcd_whose(c, a, "encryption certificate", whose, sizeof whose));
    EVP_PKEY_free(pub);
}

/* -- the rest ---------------------------------------------------------------------------- */

static void check_listeners(struct checking *c)
{
    for (unsigned int i = 0; i < c->conf->listener_count; i++) {
        const struct cmc_conf_listener *l = &c->conf->listeners[i];
        struct cmc_slice leaf = CMC_SLICE_NONE;
        struct cmc_cert cert = {0};
        SSL_CTX *tls = NULL;
        unsigned char *der = NULL;
        char where[80];
        int n;

        if (l->tls == NULL)
            continue;
        (void)snprintf(where, sizeof where, "TLS of %s port %u", l->address, l->port);
        if (cmcd_ok(c, cmc_service_tls(&c->service, l->tls, c->run->crypto, &tls, &c->run->err),
                    where)) {
            n = i2d_X509(SSL_CTX_get0_certificate(tls), &der);
            if (n > 0)
                leaf = cmc_arena_slice(c->run->arena, cmc_slice(der, (size_t)n));
            (void)cmcd_check_validity(c, leaf, where, &cert);
        }
        OPENSSL_free(der);
        SSL_CTX_free(tls);
    }
}

struct linting {
    struct checking *c;
    const char *profile;
};

static void warn_of_profile(void *arg, const struct cmc_lint_rule *rule, const char *detail)
{
    struct linting *l = arg;

    if (rule->level == CMC_LINT_WARNING)
        cmcd_warn(l->c, "profile %s: %s%s%s (rule %s, %s)", l->profile,
                  detail != NULL ? detail : "", detail != NULL ? ": " : "", rule->text, rule->id,
                  rule->clause);
}

/* Does an endpoint of this authority issue under it? */
static bool is_used(const struct checking *c, size_t authority, const char *profile)
{
    for (unsigned int i = 0; i < c->conf->endpoint_count; i++) {
        if (c->conf->endpoints[i].authority == authority &&
            strcmp(c->conf->endpoints[i].rules.profile, profile) == 0)
            return true;
    }
    return false;
}

/* What the CA makes of a profile that it issues under, where its certificate can be read. */
static void check_with_ca(struct checking *c, const struct cmc_service_authority *a,
                          struct cmc_profile *p)
{
    struct linting l = {.c = c, .profile = cmc_profile_name(p)};
    struct cmc_lint_issuer issuer = {0};
    struct cmc_err *err = &c->run->err;
    const struct cmc_sig_alg *alg;
    struct cmc_cert ca = {0};
    EVP_PKEY *key = NULL;
    bool known =
        cmcd_ok(c, cmc_lint_issuer_read(a->chain, a->npath, c->run->arena, &issuer, err), NULL);

    if (known)
        (void)cmcd_ok(c, cmc_profile_lint(p, &issuer, c->run->arena, warn_of_profile, &l, err),
                      NULL);
    /* What is wrong with the certificate was told with the CA. */
    if (known && cmc_decode(&cmc_it_cert, a->chain[0], c->run->arena, &ca, NULL) == CMC_OK &&
        cmc_spki_key(c->run->crypto, ca.tbs.spki.raw, &key, NULL) == CMC_OK)
        (void)cmcd_ok(c, cmc_profile_signature(p, key, &alg, err), NULL);
    EVP_PKEY_free(key);
}

static void check_profiles(struct checking *c)
{
    for (unsigned int i = 0; i < c->conf->profile_count; i++) {
        struct cmc_profile *p = NULL;
        bool used = false;

        if (!cmcd_ok(c,
                     cmc_profile_compile(&c->conf->profiles[i],
                                         cmcd_crl_url(c->run, &c->conf->authorities[0]), &p,
                                         &c->run->err),
                     NULL))
            continue;
        for (size_t k = 0; k < c->service.nauthorities; k++) {
            if (c->service.authorities[k].nchain == 0 || !is_used(c, k, cmc_profile_name(p)))
                continue;
            used = true;
            check_with_ca(c, &c->service.authorities[k], p);
        }
        if (!used)
            (void)cmcd_ok(c, cmc_profile_lint(p, NULL, c->run->arena, NULL, NULL, &c->run->err),
                          NULL);
        cmc_profile_free(p);
    }
}

static bool accepts_pkcs10(const struct cmc_conf_endpoint *ep)
{
    for (unsigned int i = 0; i < ep->accept_count; i++) {
        if (ep->accept[i] == CMC_TYPE_PKCS10)
            return true;
    }
    return false;
}

static void check_endpoints(struct checking *c)
{
    bool client_certs = false;

    for (unsigned int i = 0; i < c->conf->listener_count; i++) {
        const struct cmc_conf_tls *tls = c->conf->listeners[i].tls;

        client_certs = client_certs || (tls != NULL && tls->client_auth != CMC_CLIENT_NONE);
    }
    for (unsigned int i = 0; i < c->conf->endpoint_count; i++) {
        const struct cmc_endpoint_rules *r = &c->conf->endpoints[i].rules;

        if (!accepts_pkcs10(&c->conf->endpoints[i]))
            continue;
        if (r->require_officer && !client_certs)
            cmcd_warn(
                c,
                "endpoint %s: no listener takes client certificates, so no officer can send a "
                "bare PKCS#10; set 'client: optional' in a listener's tls",
                r->path);
        if (!r->require_officer)
            cmcd_warn(c, "endpoint %s: anybody gets a certificate of profile %s for a bare PKCS#10",
                      r->path, r->profile);
    }
}

/* A folder must be there, and ours to write to; a program ours to run. */
static void check_target(struct checking *c, const struct cmc_conf_target *t)
{
    char where[160];
    enum cmc_rc rc = CMC_OK;

    if (strcmp(t->name, "publish") == 0)
        (void)snprintf(where, sizeof where, "authority/publish/directory");
    else
        (void)snprintf(where, sizeof where, "publication target %.100s", t->name);
    if (t->kind == CMC_TARGET_FOLDER && access(t->directory, W_OK | X_OK) != 0)
        rc = cmc_fail(&c->run->err, CMC_E_LOCAL, NULL, "%s: %s", t->directory, strerror(errno));
    if (t->kind == CMC_TARGET_COMMAND && access(t->command[0], X_OK) != 0)
        rc = cmc_fail(&c->run->err, CMC_E_LOCAL, NULL, "%s: %s", t->command[0], strerror(errno));
    if (t->kind == CMC_TARGET_LDAP)
        rc = cmc_publish_ldap_check(&t->ldap, &c->run->err);
    if (cmcd_ok(c, rc, where) && t->ldap.password_file != NULL &&
        access(t->ldap.password_file, R_OK) != 0)
        (void)cmcd_ok(c,
                      cmc_fail(&c->run->err, CMC_E_LOCAL, NULL, "%s: %s", t->ldap.password_file,
                               strerror(errno)),
                      where);
    if (t->kind == CMC_TARGET_LDAP && strncmp(t->ldap.url, "ldap:", 5) == 0 && !t->ldap.start_tls)
        cmcd_warn(c, "%s: without TLS anybody on the way can change what is published%s", where,
                  t->ldap.bind != NULL ? ", and read the password" : "");
}

static bool publishes_crls(const struct cmc_conf_authority *a)
{
    unsigned int what = 0;

    for (unsigned int i = 0; i < a->target_count; i++)
        what |= a->targets[i].what;
    return (what & CMC_PUBLISH_BIT(CMC_PUBLISH_CRL)) != 0;
}

static void check_targets(struct checking *c, const struct cmc_conf_authority *a)
{
    for (unsigned int i = 0; i < a->target_count; i++)
        check_target(c, &a->targets[i]);
}

static void check_publish(struct checking *c, const struct cmc_conf_authority *a)
{
    check_targets(c, a);
    for (unsigned int i = 0; i < a->previous_count; i++) {
        check_targets(c, &a->previous[i]);
        if (publishes_crls(a) && !publishes_crls(&a->previous[i]))
            cmcd_warn(c,
                      "%s: the CRL of this previous key is published nowhere, as that of the key "
                      "of now is; see 'publication' under 'previous'",
                      a->previous[i].ca.certificate);
    }
}

static void check_crl_url(struct checking *c, const struct cmc_conf_authority *a)
{
    size_t nurl, npath;

    if (a->crl_url == NULL) {
        cmcd_warn(c, "%s/crl/url is not set: certificates will not say where the CRL is",
                  cmc_conf_authority_name(a));
        return;
    }
    nurl = strlen(a->crl_url);
    npath = a->crl_path != NULL ? strlen(a->crl_path) : 0;
    if (npath > nurl || (npath > 0 && strcmp(a->crl_url + nurl - npath, a->crl_path) != 0))
        cmcd_warn(c, "%s/crl/url %s does not end in the path %s where the CRL is served",
                  cmc_conf_authority_name(a), a->crl_url, a->crl_path);
}

struct officers {
    unsigned int n;
};

static enum cmc_rc count_officer(void *arg, const struct cmc_officer *o)
{
    struct officers *count = arg;

    (void)o;
    count->n++;
    return CMC_OK;
}

static void check_store(struct checking *c)
{
    struct cmc_store *store = NULL;
    struct cmc_reader *reader = NULL;
    struct officers count = {0};
    struct cmc_err *err = &c->run->err;

    if (cmcd_ok(c, cmc_store_open(c->conf->database, false, &store, err), NULL) &&
        cmcd_ok(c, cmc_reader_new(store, &reader, err), NULL) &&
        cmcd_ok(c, cmc_reader_officers(reader, count_officer, &count, err), NULL) && count.n == 0)
        cmcd_warn(c, "no officer is registered; see 'cmcd officer add --help'");
    cmc_reader_free(reader);
    cmc_store_close(store);
}

/* -- the whole --------------------------------------------------------------------------- */

void cmcd_check_all(struct checking *c, const char *path)
{
    struct cmc_err *err = &c->run->err;

    if (!cmcd_ok(c, cmc_conf_load(path, &c->conf, err), NULL))
        return;
    if (cmcd_ok(c, cmc_service_load(&c->service, c->conf, c->run->crypto, err), NULL)) {
        for (size_t i = 0; i < c->service.nauthorities; i++) {
            check_signers(c, &c->service.authorities[i]);
            check_dh_pop(c, &c->service.authorities[i]);
            check_encryption(c, &c->service.authorities[i]);
        }
        check_listeners(c);
    }
    check_profiles(c);
    check_endpoints(c);
    for (unsigned int i = 0; i < c->conf->authority_count; i++) {
        check_publish(c, &c->conf->authorities[i]);
        check_crl_url(c, &c->conf->authorities[i]);
    }
    check_store(c);
}

void cmcd_check_end(struct checking *c)
{
    cmc_service_close(&c->service);
    cmc_conf_free(c->conf);
    cmc_buf_free(&c->out);
}

/* The file on the command line, in one way or the other. */
enum cmc_rc cmcd_check_path(struct cmcd_run *r, const char *config, char **files, size_t n,
                            const char **path)
{
    if (n == 1 && config != NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "both --config and FILE; one is enough");
    *path = n == 1 ? files[0] : config != NULL ? config : CMCD_DEFAULT_CONF;
    return CMC_OK;
}

enum cmc_rc cmcd_cmd_check_config(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd check-config",
        "[FILE]",
        0,
        1,
        "Load all that serve would load. One line for each finding; exit status 1 with an error.",
        rows};
    struct checking c = {.run = r, .now = time(NULL)};
    struct values v = {0};
    const char *path = CMCD_DEFAULT_CONF;
    char **files;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &files, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    rc = cmcd_check_path(r, v.config, files, n, &path);
    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&c.out, CMC_LIMIT_FILE_OCTETS);
    cmcd_check_all(&c, path);
    if (c.errors == 0)
        cmc_buf_printf(&c.out, "%s: good, %u warning%s\n", path, c.warnings,
                       c.warnings == 1 ? "" : "s");
    /* The findings are the answer; nothing is left for main() to say. */
    r->err = (struct cmc_err){0};
    rc = cmcd_print(&c.out, &r->err);
    if (rc == CMC_OK && c.errors > 0)
        rc = CMC_E_REFUSED;
    cmcd_check_end(&c);
    return rc;
}
