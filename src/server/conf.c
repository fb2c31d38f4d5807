/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "server/conf_schema.h"
#include "server/conf_tree.h"

#define CONF_OCTETS       (4u * 1024u * 1024u)
#define DEFAULT_MESSAGE   (4u * 1024u * 1024u)
#define MIN_MESSAGE       1024u
#define DEFAULT_CRL_HOURS 168u
#define MAX_CRL_HOURS     (10u * 366u * 24u)
#define DEFAULT_BACKDATE  5u
#define MAX_BACKDATE      (7u * 24u * 60u)
#define MAX_DAYS          36525u
#define URL_PATHS_MAX     (CMC_LIMIT_CONF_ENDPOINTS + 4u)
#define PLACE_MAX         128

/* What cmc_conf_load() hands out; the arena holds all that the configuration points to. */
struct whole {
    struct cmc_conf conf;
    struct cmc_arena *arena;
};

struct load {
    const struct cmc_conf_tree *tree;
    const struct cmc_raw_conf *raw;
    struct cmc_arena *arena;
    struct cmc_conf *conf;
    struct cmc_err *err;
    /* URL paths that are taken, and by what. */
    const char *taken[URL_PATHS_MAX];
    const char *owner[URL_PATHS_MAX];
    size_t ntaken;
};

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the configuration");
}

/* -- pieces ------------------------------------------------------------------------------ */

static enum cmc_rc copy(struct load *l, const char *s, char **out)
{
    if (s == NULL)
        return CMC_OK;
    *out = cmc_arena_strdup(l->arena, s);
    return *out != NULL ? CMC_OK : no_memory(l->err);
}

static bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The path of a file, or the URI of something else, such that the current folder is no matter. */
static enum cmc_rc copy_path(struct load *l, const char *s, char **out)
{
    static const char *const file_schemes[] = {"file:", "sqlite:"};
    static const char *const other_schemes[] = {"pkcs11:", "nss:", "postgresql:"};

    if (s == NULL)
        return CMC_OK;
    for (size_t i = 0; i < sizeof other_schemes / sizeof other_schemes[0]; i++) {
        if (has_prefix(s, other_schemes[i]))
            return copy(l, s, out);
    }
    for (size_t i = 0; i < sizeof file_schemes / sizeof file_schemes[0]; i++) {
        if (has_prefix(s, file_schemes[i])) {
            s += strlen(file_schemes[i]);
            break;
        }
    }
    if (s[0] == '/')
        return copy(l, s, out);
    *out = cmc_arena_printf(l->arena, "%s/%s", l->conf->directory, s);
    return *out != NULL ? CMC_OK : no_memory(l->err);
}

static enum cmc_rc copy_paths(struct load *l, char *const *from, uint32_t n, char ***out,
                              unsigned int *count)
{
    char **list = cmc_arena_array(l->arena, n, sizeof *list);

    if (list == NULL)
        return no_memory(l->err);
    for (uint32_t i = 0; i < n; i++) {
        enum cmc_rc rc = copy_path(l, from[i], &list[i]);

        if (rc != CMC_OK)
            return rc;
    }
    *out = list;
    *count = n;
    return CMC_OK;
}

/* A path of ours in URLs, which nothing else may have. owner: "endpoint /cmc", for the text. */
static enum cmc_rc copy_url_path(struct load *l, const char *place, const char *owner,
                                 const char *s, char **out)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

    if (s == NULL)
        return CMC_OK;
    if (s[0] != '/')
        return cmc_conf_tree_fail(l->tree, l->err, place,
                                  "path '%.60s' does not begin with '/'; write '/%.60s'", s, s);
    if (s[strspn(s, allowed)] != '\0')
        return cmc_conf_tree_fail(l->tree, l->err, place,
                                  "path '%.60s' holds '%c'; letters, digits and -._~/ are allowed",
                                  s, s[strspn(s, allowed)]);
    for (size_t i = 0; i < l->ntaken; i++) {
        if (strcmp(l->taken[i], s) == 0)
            return cmc_conf_tree_fail(l->tree, l->err, place,
                                      "path '%.60s' is taken by %s; each needs its own", s,
                                      l->owner[i]);
    }
    l->taken[l->ntaken] = s;
    l->owner[l->ntaken++] = owner;
    return copy(l, s, out);
}

static enum cmc_rc in_range(struct load *l, const char *place, const char *what, uint32_t v,
                            uint32_t min, uint32_t max)
{
    if (v >= min && v <= max)
        return CMC_OK;
    return cmc_conf_tree_fail(l->tree, l->err, place, "%s is %u; %u to %u are allowed", what, v,
                              min, max);
}

static const char *at(char place[PLACE_MAX], const char *list, uint32_t i, const char *key)
{
    (void)snprintf(place, PLACE_MAX, "%s/%u/%s", list, i, key);
    return place;
}

/* -- the process ------------------------------------------------------------------------- */

static uint32_t processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    if (n < 1)
        return 1;
    return n > (long)CMC_LIMIT_WORKERS ? CMC_LIMIT_WORKERS : (uint32_t)n;
}

static enum cmc_rc load_process(struct load *l)
{
    const struct cmc_raw_conf *raw = l->raw;
    struct cmc_conf *c = l->conf;
    enum cmc_rc rc;

    c->workers = raw->workers != NULL ? *raw->workers : processors();
    c->message_octets = DEFAULT_MESSAGE;
    c->log_level = CMC_LOG_INFO;
    if (raw->log != NULL) {
        c->log_format = (enum cmc_log_format)raw->log->format;
        if (raw->log->level != NULL)
            c->log_level = (enum cmc_log_level) * raw->log->level;
    }
    if (raw->limits != NULL && raw->limits->message != NULL)
        c->message_octets = *raw->limits->message;
    rc = in_range(l, "workers", "'workers'", c->workers, 1, CMC_LIMIT_WORKERS);
    if (rc == CMC_OK)
        rc = in_range(l, "limits/message", "'message'", (uint32_t)c->message_octets, MIN_MESSAGE,
                      CMC_LIMIT_MESSAGE_OCTETS);
    if (rc == CMC_OK)
        rc = copy_path(l, raw->database, &c->database);
    if (rc == CMC_OK)
        rc = copy_url_path(l, "status", "'status'", raw->status, &c->status_path);
    return rc;
}

/* -- who signs --------------------------------------------------------------------------- */

/* It goes into every certificate: a slip here cannot be called back. */
static enum cmc_rc check_crl_url(struct load *l, const char *url)
{
    static const char *const schemes[] = {"http://", "https://", "ldap://"};
    size_t scheme = 0;

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (has_prefix(url, schemes[i]))
            scheme = strlen(schemes[i]);
    }
    if (scheme == 0 || strchr("/:", url[scheme]) != NULL || strpbrk(url, " <>\"\\") != NULL)
        return cmc_conf_tree_fail(l->tree, l->err, "authority/crl/url",
                                  "'%.80s' is not an absolute URL; write for instance "
                                  "http://ca.example/ca.crl",
                                  url);
    return CMC_OK;
}

static enum cmc_rc load_crl(struct load *l, const struct cmc_raw_crl *raw,
                            struct cmc_conf_authority *a)
{
    enum cmc_rc rc = CMC_OK;

    a->crl_hours = DEFAULT_CRL_HOURS;
    if (raw == NULL)
        return CMC_OK;
    if (raw->hours != NULL)
        a->crl_hours = *raw->hours;
    rc = in_range(l, "authority/crl/hours", "'hours'", a->crl_hours, 1, MAX_CRL_HOURS);
    if (rc == CMC_OK)
        rc = copy_url_path(l, "authority/crl/path", "the CRL", raw->path, &a->crl_path);
    if (rc == CMC_OK && raw->url != NULL)
        rc = check_crl_url(l, raw->url);
    if (rc == CMC_OK)
        rc = copy(l, raw->url, &a->crl_url);
    return rc;
}

static enum cmc_rc load_authority(struct load *l)
{
    const struct cmc_raw_authority *raw = &l->raw->authority;
    struct cmc_conf_authority *a = &l->conf->authority;
    enum cmc_rc rc = copy_path(l, raw->certificate, &a->certificate);

    if (rc == CMC_OK)
        rc = copy_path(l, raw->key, &a->key);
    if (rc == CMC_OK)
        rc = copy_path(l, raw->passphrase_file, &a->key_passphrase_file);
    if (rc == CMC_OK)
        rc = copy_paths(l, raw->chain, raw->chain_count, &a->chain, &a->chain_count);
    if (rc == CMC_OK)
        rc = load_crl(l, raw->crl, a);
    if (rc == CMC_OK)
        rc = copy_url_path(l, "authority/certificate-path", "the CA certificate",
                           raw->certificate_path, &a->ca_path);
    if (rc == CMC_OK)
        rc = copy_url_path(l, "authority/chain-path", "the chain", raw->chain_path, &a->chain_path);
    return rc;
}

static enum cmc_rc load_signers(struct load *l)
{
    const struct cmc_raw_responder *raw = &l->raw->responder;
    struct cmc_conf *c = l->conf;
    enum cmc_rc rc = load_authority(l);

    if (rc == CMC_OK)
        rc = copy_path(l, raw->certificate, &c->responder_certificate);
    if (rc == CMC_OK)
        rc = copy_path(l, raw->key, &c->responder_key);
    if (rc == CMC_OK)
        rc = copy_path(l, raw->passphrase_file, &c->responder_passphrase_file);
    if (rc == CMC_OK && l->raw->officers != NULL)
        rc = copy_paths(l, l->raw->officers->trust, l->raw->officers->trust_count,
                        &c->officer_trust, &c->officer_trust_count);
    return rc;
}

/* -- where we listen --------------------------------------------------------------------- */

static enum cmc_rc check_address(struct load *l, uint32_t i)
{
    const struct cmc_raw_listener *raw = &l->raw->listen[i];
    unsigned char binary[sizeof(struct in6_addr)];
    char place[PLACE_MAX];

    if (inet_pton(AF_INET, raw->address, binary) != 1 &&
        inet_pton(AF_INET6, raw->address, binary) != 1)
        return cmc_conf_tree_fail(l->tree, l->err, at(place, "listen", i, "address"),
                                  "'%.60s' is not an IP address; write 127.0.0.1 or ::1, or "
                                  "0.0.0.0 or :: for all",
                                  raw->address);
    for (uint32_t k = 0; k < i && raw->port != 0; k++) {
        if (l->raw->listen[k].port == raw->port &&
            strcmp(l->raw->listen[k].address, raw->address) == 0)
            return cmc_conf_tree_fail(l->tree, l->err, at(place, "listen", i, "port"),
                                      "%s port %u is listed twice", raw->address, raw->port);
    }
    return CMC_OK;
}

static enum cmc_rc load_tls(struct load *l, uint32_t i, struct cmc_conf_tls **out)
{
    const struct cmc_raw_tls *raw = l->raw->listen[i].tls;
    struct cmc_conf_tls *tls;
    char place[PLACE_MAX];
    enum cmc_rc rc;

    if (raw == NULL)
        return CMC_OK;
    if (raw->client_ca != NULL && raw->client == CMC_CLIENT_NONE)
        return cmc_conf_tree_fail(l->tree, l->err, at(place, "listen", i, "tls/client-ca"),
                                  "'client-ca' has no effect without 'client: optional' or "
                                  "'client: required'");
    tls = cmc_arena_alloc(l->arena, sizeof *tls);
    if (tls == NULL)
        return no_memory(l->err);
    *out = tls;
    tls->client_auth = (enum cmc_client_auth)raw->client;
    rc = copy_path(l, raw->certificate, &tls->certificate);
    if (rc == CMC_OK)
        rc = copy_path(l, raw->key, &tls->key);
    if (rc == CMC_OK)
        rc = copy_path(l, raw->client_ca, &tls->client_ca);
    return rc;
}

static enum cmc_rc load_listeners(struct load *l)
{
    struct cmc_conf *c = l->conf;

    c->listener_count = l->raw->listen_count;
    c->listeners = cmc_arena_array(l->arena, c->listener_count, sizeof *c->listeners);
    if (c->listeners == NULL)
        return no_memory(l->err);
    for (uint32_t i = 0; i < c->listener_count; i++) {
        enum cmc_rc rc = check_address(l, i);

        c->listeners[i].port = l->raw->listen[i].port;
        if (rc == CMC_OK)
            rc = copy(l, l->raw->listen[i].address, &c->listeners[i].address);
        if (rc == CMC_OK)
            rc = load_tls(l, i, &c->listeners[i].tls);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

/* -- profiles ---------------------------------------------------------------------------- */

/* A list of words in which none may stand twice; place is that of the list. */
static enum cmc_rc copy_words(struct load *l, const char *place, const char *what,
                              char *const *from, uint32_t n, char ***out, unsigned int *count)
{
    char **list = cmc_arena_array(l->arena, n, sizeof *list);

    if (list == NULL)
        return no_memory(l->err);
    for (uint32_t i = 0; i < n; i++) {
        enum cmc_rc rc = copy(l, from[i], &list[i]);

        for (uint32_t k = 0; k < i && rc == CMC_OK; k++) {
            char here[PLACE_MAX];

            (void)snprintf(here, sizeof here, "%s/%u", place, i);
            if (strcmp(list[k], list[i]) == 0)
                rc = cmc_conf_tree_fail(l->tree, l->err, here, "%s '%.60s' is listed twice", what,
                                        list[i]);
        }
        if (rc != CMC_OK)
            return rc;
    }
    *out = list;
    *count = n;
    return CMC_OK;
}

static enum cmc_rc load_extensions(struct load *l, uint32_t i, struct cmc_profile_spec *p)
{
    const struct cmc_raw_profile *raw = &l->raw->profiles[i];
    char place[PLACE_MAX], key[PLACE_MAX / 2];
    enum cmc_rc rc = CMC_OK;

    p->extension_count = raw->extensions_count;
    p->extensions = cmc_arena_array(l->arena, p->extension_count, sizeof *p->extensions);
    if (p->extensions == NULL)
        return no_memory(l->err);
    for (uint32_t k = 0; k < p->extension_count && rc == CMC_OK; k++) {
        rc = copy(l, raw->extensions[k].name, &p->extensions[k].name);
        if (rc == CMC_OK)
            rc = copy(l, raw->extensions[k].value, &p->extensions[k].value);
        (void)snprintf(key, sizeof key, "extensions/%u/name", k);
        for (uint32_t m = 0; m < k && rc == CMC_OK; m++) {
            if (strcmp(p->extensions[m].name, p->extensions[k].name) == 0)
                rc = cmc_conf_tree_fail(l->tree, l->err, at(place, "profiles", i, key),
                                        "extension '%.60s' is listed twice", p->extensions[k].name);
        }
        for (uint32_t m = 0; m < raw->from_request_count && rc == CMC_OK; m++) {
            if (strcmp(raw->from_request[m], p->extensions[k].name) == 0)
                rc = cmc_conf_tree_fail(l->tree, l->err, at(place, "profiles", i, key),
                                        "extension '%.60s' is both fixed and in 'from-request'; "
                                        "choose one",
                                        p->extensions[k].name);
        }
    }
    return rc;
}

static enum cmc_rc load_profile(struct load *l, uint32_t i, struct cmc_profile_spec *p)
{
    const struct cmc_raw_profile *raw = &l->raw->profiles[i];
    char place[PLACE_MAX];
    enum cmc_rc rc;

    for (uint32_t k = 0; k < i; k++) {
        if (strcmp(l->raw->profiles[k].name, raw->name) == 0)
            return cmc_conf_tree_fail(l->tree, l->err, at(place, "profiles", i, "name"),
                                      "a second profile '%.60s'; each needs its own name",
                                      raw->name);
    }
    p->days = raw->days;
    p->backdate_minutes = raw->backdate != NULL ? *raw->backdate : DEFAULT_BACKDATE;
    p->refuse_other_extensions = raw->other_extensions == CMC_RAW_OTHER_REFUSE;
    p->allow_empty_subject = raw->empty_subject;
    p->require_san = raw->require_san;
    rc = in_range(l, at(place, "profiles", i, "days"), "'days'", p->days, 1, MAX_DAYS);
    if (rc == CMC_OK)
        rc = in_range(l, at(place, "profiles", i, "backdate"), "'backdate' (minutes)",
                      p->backdate_minutes, 0, MAX_BACKDATE);
    if (rc == CMC_OK)
        rc = copy(l, raw->name, &p->name);
    if (rc == CMC_OK)
        rc = copy_words(l, at(place, "profiles", i, "keys"), "key type", raw->keys, raw->keys_count,
                        &p->key_types, &p->key_type_count);
    if (rc == CMC_OK)
        rc = copy_words(l, at(place, "profiles", i, "from-request"), "extension", raw->from_request,
                        raw->from_request_count, &p->request_extensions,
                        &p->request_extension_count);
    if (rc == CMC_OK)
        rc = load_extensions(l, i, p);
    return rc;
}

static enum cmc_rc load_profiles(struct load *l)
{
    struct cmc_conf *c = l->conf;
    enum cmc_rc rc = CMC_OK;

    c->profile_count = l->raw->profiles_count;
    c->profiles = cmc_arena_array(l->arena, c->profile_count, sizeof *c->profiles);
    if (c->profiles == NULL)
        return no_memory(l->err);
    for (uint32_t i = 0; i < c->profile_count && rc == CMC_OK; i++)
        rc = load_profile(l, i, &c->profiles[i]);
    return rc;
}

/* -- endpoints --------------------------------------------------------------------------- */

static bool contains(const int *list, uint32_t n, int v)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i] == v)
            return true;
    }
    return false;
}

/* accept, answer and reasons are sets in which order may matter, but nothing stands twice. */
static enum cmc_rc check_set(struct load *l, uint32_t endpoint, const char *key, const int *list,
                             uint32_t n)
{
    char place[PLACE_MAX], entry[PLACE_MAX / 2];

    for (uint32_t i = 0; i < n; i++) {
        (void)snprintf(entry, sizeof entry, "%s/%u", key, i);
        if (contains(list, i, list[i]))
            return cmc_conf_tree_fail(l->tree, l->err, at(place, "endpoints", endpoint, entry),
                                      "listed twice in '%s'", key);
    }
    return CMC_OK;
}

static enum cmc_rc load_reasons(struct load *l, uint32_t i, const struct cmc_raw_revoke *raw,
                                unsigned int *out)
{
    char place[PLACE_MAX];
    enum cmc_rc rc = check_set(l, i, "revoke/reasons", raw->reasons, raw->reasons_count);

    if (rc != CMC_OK)
        return rc;
    *out = 0;
    if (raw->reasons_count == 0 || contains(raw->reasons, raw->reasons_count, CMC_RAW_REASON_ALL)) {
        if (raw->reasons_count > 1)
            return cmc_conf_tree_fail(l->tree, l->err, at(place, "endpoints", i, "revoke/reasons"),
                                      "'all' leaves nothing to add; write [all] or the list");
        *out = CMC_REASONS_RFC5280;
        return CMC_OK;
    }
    for (uint32_t k = 0; k < raw->reasons_count; k++)
        *out |= CMC_REASON_BIT(raw->reasons[k]);
    return CMC_OK;
}

static enum cmc_rc load_revoke(struct load *l, uint32_t i, struct cmc_endpoint_rules *r)
{
    const struct cmc_raw_endpoint *ep = &l->raw->endpoints[i];
    const struct cmc_raw_revoke *raw = ep->revoke;
    char place[PLACE_MAX];

    if (raw == NULL || (raw->allow != NULL && !*raw->allow))
        return CMC_OK;
    if (!contains(ep->accept, ep->accept_count, CMC_TYPE_CMC))
        return cmc_conf_tree_fail(l->tree, l->err, at(place, "endpoints", i, "revoke"),
                                  "revocation comes in a CMC request; add 'cmc' to 'accept', or "
                                  "write 'allow: false'");
    if (!contains(ep->answer, ep->answer_count, CMC_ANSWER_CMC))
        return cmc_conf_tree_fail(l->tree, l->err, at(place, "endpoints", i, "revoke"),
                                  "revocation is answered by a Full PKI Response; add 'cmc' to "
                                  "'answer', or write 'allow: false'");
    r->revoke = true;
    r->revoke_max = raw->max;
    r->mandatory_fields_only = raw->mandatory_fields_only;
    return load_reasons(l, i, raw, &r->reasons);
}

static enum cmc_rc find_profile(struct load *l, uint32_t i, const char **out)
{
    const char *name = l->raw->endpoints[i].profile;
    char place[PLACE_MAX];

    for (uint32_t k = 0; k < l->conf->profile_count; k++) {
        if (strcmp(l->conf->profiles[k].name, name) == 0) {
            *out = l->conf->profiles[k].name;
            return CMC_OK;
        }
    }
    return cmc_conf_tree_fail(l->tree, l->err, at(place, "endpoints", i, "profile"),
                              "profile '%.60s' is not in 'profiles'", name);
}

static enum cmc_rc load_endpoint(struct load *l, uint32_t i, struct cmc_conf_endpoint *ep)
{
    const struct cmc_raw_endpoint *raw = &l->raw->endpoints[i];
    struct cmc_endpoint_rules *r = &ep->rules;
    char *path = NULL, place[PLACE_MAX];
    enum cmc_rc rc;

    ep->accept_count = raw->accept_count;
    for (uint32_t k = 0; k < raw->accept_count; k++)
        ep->accept[k] = (enum cmc_request_type)raw->accept[k];
    ep->answer_count = raw->answer_count;
    for (uint32_t k = 0; k < raw->answer_count; k++)
        ep->answer[k] = (enum cmc_answer_form)raw->answer[k];
    r->require_officer = raw->officer == CMC_RAW_OFFICER_REQUIRED;
    r->allow_renewal = raw->renewal;
    r->same_key_renewal = raw->same_key;
    r->status_v1 = raw->status_v1;
    r->allow_weak = raw->weak;
    r->lax_ids = raw->compat == CMC_RAW_COMPAT_DOGTAG;
    if (raw->same_key && !raw->renewal)
        return cmc_conf_tree_fail(l->tree, l->err, at(place, "endpoints", i, "same-key"),
                                  "'same-key' has no effect without 'renewal: true'");
    rc = copy_url_path(l, at(place, "endpoints", i, "path"), "another endpoint", raw->path, &path);
    r->path = path;
    if (rc == CMC_OK)
        rc = check_set(l, i, "accept", raw->accept, raw->accept_count);
    if (rc == CMC_OK)
        rc = check_set(l, i, "answer", raw->answer, raw->answer_count);
    if (rc == CMC_OK)
        rc = find_profile(l, i, &r->profile);
    if (rc == CMC_OK)
        rc = load_revoke(l, i, r);
    return rc;
}

static enum cmc_rc load_endpoints(struct load *l)
{
    struct cmc_conf *c = l->conf;
    enum cmc_rc rc = CMC_OK;

    c->endpoint_count = l->raw->endpoints_count;
    c->endpoints = cmc_arena_array(l->arena, c->endpoint_count, sizeof *c->endpoints);
    if (c->endpoints == NULL)
        return no_memory(l->err);
    for (uint32_t i = 0; i < c->endpoint_count && rc == CMC_OK; i++)
        rc = load_endpoint(l, i, &c->endpoints[i]);
    return rc;
}

/* -- the whole --------------------------------------------------------------------------- */

/* The folder as it is named: a symbolic link to the file is not followed, its folder counts. */
static enum cmc_rc load_place(struct load *l, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = NULL, *real = NULL;
    enum cmc_rc rc;

    folder = slash == NULL ? cmc_arena_strdup(l->arena, ".")
                           : cmc_arena_strndup(l->arena, path, (size_t)(slash - path) + 1);
    if (folder == NULL)
        return no_memory(l->err);
    real = realpath(folder, NULL);
    if (real == NULL)
        return cmc_fail(l->err, CMC_E_LOCAL, NULL, "%s: the folder cannot be found", folder);
    rc = copy(l, path, &l->conf->path);
    if (rc == CMC_OK)
        rc = copy(l, real, &l->conf->directory);
    free(real);
    return rc;
}

static enum cmc_rc load_all(struct load *l, const char *path)
{
    enum cmc_rc rc = load_place(l, path);

    if (rc == CMC_OK)
        rc = load_process(l);
    if (rc == CMC_OK)
        rc = load_signers(l);
    if (rc == CMC_OK)
        rc = load_listeners(l);
    if (rc == CMC_OK)
        rc = load_profiles(l);
    if (rc == CMC_OK)
        rc = load_endpoints(l);
    return rc;
}

/* libcyaml may still find what our check did not; its first line says what. */
static void keep_first_line(cyaml_log_t level, void *ctx, const char *fmt, va_list ap)
{
    char *text = ctx;

    (void)level;
    if (text[0] != '\0')
        return;
    (void)vsnprintf(text, CMC_LIMIT_ERROR_TEXT / 2, fmt, ap);
    text[strcspn(text, "\n")] = '\0';
}

static enum cmc_rc read_raw(const char *path, struct cmc_slice text, const cyaml_config_t *cfg,
                            struct cmc_raw_conf **out, struct cmc_err *err)
{
    cyaml_err_t e = cyaml_load_data(text.p, text.n, cfg, &cmc_conf_schema, (void **)out, NULL);

    if (e == CYAML_OK && *out != NULL)
        return CMC_OK;
    return cmc_fail(err, CMC_E_USAGE, NULL, "%s: %s: %s", path, cyaml_strerror(e),
                    (const char *)cfg->log_ctx);
}

enum cmc_rc cmc_conf_load(const char *path, struct cmc_conf **out, struct cmc_err *err)
{
    char message[CMC_LIMIT_ERROR_TEXT / 2] = "";
    const cyaml_config_t cfg = {.log_fn = keep_first_line,
                                .log_ctx = message,
                                .log_level = CYAML_LOG_ERROR,
                                .mem_fn = cyaml_mem};
    struct cmc_conf_tree *tree = NULL;
    struct cmc_raw_conf *raw = NULL;
    struct cmc_arena *arena = NULL;
    struct whole *w = NULL;
    struct cmc_buf text;
    enum cmc_rc rc;

    cmc_buf_init(&text, CONF_OCTETS);
    rc = cmc_file_read(path, &text, err);
    if (rc != CMC_OK)
        goto out;
    rc = cmc_conf_tree_new(path, cmc_buf_get0(&text), &tree, err);
    if (rc != CMC_OK)
        goto out;
    rc = cmc_conf_tree_check(tree, &cmc_conf_schema, err);
    if (rc != CMC_OK)
        goto out;
    rc = read_raw(path, cmc_buf_get0(&text), &cfg, &raw, err);
    if (rc != CMC_OK)
        goto out;
    arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    w = arena != NULL ? cmc_arena_alloc(arena, sizeof *w) : NULL;
    if (w == NULL) {
        rc = no_memory(err);
        goto out;
    }
    w->arena = arena;
    rc = load_all(
        &(struct load){.tree = tree, .raw = raw, .arena = arena, .conf = &w->conf, .err = err},
        path);
    if (rc != CMC_OK)
        goto out;
    *out = &w->conf;
    arena = NULL;
out:
    cmc_arena_free(arena);
    (void)cyaml_free(&cfg, &cmc_conf_schema, raw, 0);
    cmc_conf_tree_free(tree);
    cmc_buf_free(&text);
    return rc;
}

void cmc_conf_free(struct cmc_conf *conf)
{
    /* conf is the first member of struct whole, which lives in the arena itself. */
    if (conf != NULL)
        cmc_arena_free(((struct whole *)conf)->arena);
}
