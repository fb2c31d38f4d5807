/* SPDX-License-Identifier: Apache-2.0 */
#include "server/service.h"

#include <unistd.h>

#include "asn1/codec.h"
#include "ca/ca_chain.h"
#include "cms/signed_data.h"
#include "key/key.h"
#include "server/secrets.h"
#include "server/tls.h"

/* -- certificates ------------------------------------------------------------------------ */

/* The certificates of several files as one list behind `first`, without those already there. */
static enum cmc_rc load_files(struct cmc_service *s, const struct cmc_crypto *c,
                              const struct cmc_slice *first, char *const *files, size_t nfiles,
                              struct cmc_slice **out, size_t *n, struct cmc_err *err)
{
    const struct cmc_passphrase none = {0};
    struct cmc_slice *list = NULL;
    size_t count = 0;

    list = cmc_arena_array(s->arena, CMC_LIMIT_CMS_CERTS, sizeof *list);
    if (list == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for certificates");
    if (first != NULL)
        list[count++] = *first;
    for (size_t i = 0; i < nfiles; i++) {
        struct cmc_slice *certs = NULL;
        size_t ncerts = 0;
        enum cmc_rc rc = cmc_certs_load(c, files[i], &none, s->arena, &certs, &ncerts, err);

        if (rc != CMC_OK)
            return rc;
        for (size_t k = 0; k < ncerts; k++) {
            bool known = false;

            for (size_t m = 0; m < count && !known; m++)
                known = cmc_slice_eq(list[m], certs[k]);
            if (known)
                continue;
            if (count == CMC_LIMIT_CMS_CERTS)
                return cmc_fail(err, CMC_E_LIMIT, NULL,
                                "%s: more certificates than CMC_LIMIT_CMS_CERTS (%u)", files[i],
                                CMC_LIMIT_CMS_CERTS);
            list[count++] = certs[k];
        }
    }
    *out = list;
    *n = count;
    return CMC_OK;
}

/* The first certificate of a file. */
static enum cmc_rc load_one(struct cmc_service *s, const struct cmc_crypto *c, const char *file,
                            struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_passphrase none = {0};
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc = cmc_certs_load(c, file, &none, s->arena, &certs, &n, err);

    if (rc == CMC_OK)
        *out = certs[0];
    return rc;
}

static enum cmc_rc load_pair(struct cmc_service *s, const struct cmc_crypto *c,
                             const struct cmc_conf_pair *pair, struct cmc_slice *out,
                             struct cmc_err *err)
{
    return pair->certificate != NULL ? load_one(s, c, pair->certificate, out, err) : CMC_OK;
}

/* The file of a list that a certificate came from, or what stands for it. */
static const char *file_with(struct cmc_service *s, const struct cmc_crypto *c,
                             struct cmc_slice cert, const struct cmc_conf_authority *conf)
{
    const struct cmc_passphrase none = {0};

    for (size_t i = 0; i < conf->chain_count; i++) {
        struct cmc_slice *certs = NULL;
        size_t n = 0;

        if (cmc_certs_load(c, conf->chain[i], &none, s->arena, &certs, &n, NULL) != CMC_OK)
            continue;
        for (size_t k = 0; k < n; k++) {
            if (cmc_slice_eq(certs[k], cert))
                return conf->chain[i];
        }
    }
    return conf->ca.certificate;
}

/* In order, and with nothing in it that leads nowhere. */
static enum cmc_rc load_chain(struct cmc_service *s, const struct cmc_crypto *c,
                              struct cmc_slice ca, struct cmc_service_authority *a,
                              struct cmc_err *err)
{
    const struct cmc_conf_authority *conf = a->conf;
    size_t odd = 0;
    enum cmc_rc rc =
        load_files(s, c, &ca, conf->chain, conf->chain_count, &a->chain, &a->nchain, err);

    if (rc != CMC_OK)
        return rc;
    rc = cmc_ca_chain_sort(c, a->chain, a->nchain, s->arena, &a->npath, &odd, err);
    if (rc == CMC_E_USAGE)
        cmc_err_prefix(err, "%s", file_with(s, c, a->chain[odd], conf));
    return rc;
}

/* Its name is the same, or it is another CA. */
static enum cmc_rc check_previous(struct cmc_service *s, const struct cmc_service_authority *now,
                                  const struct cmc_service_authority *before, struct cmc_err *err)
{
    struct cmc_cert a = {0}, b = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, now->chain[0], s->arena, &a, err);

    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, before->chain[0], s->arena, &b, err);
    /* Octet by octet: the store finds by it what was issued. */
    if (rc == CMC_OK && !cmc_slice_eq(a.tbs.subject, b.tbs.subject))
        rc = cmc_fail(err, CMC_E_USAGE, NULL,
                      "%s: its subject is not, octet by octet, that of %s; 'previous' is for keys "
                      "that the same CA had before",
                      before->conf->ca.certificate, now->conf->ca.certificate);
    if (rc == CMC_OK && cmc_slice_eq(a.tbs.spki.raw, b.tbs.spki.raw))
        rc = cmc_fail(err, CMC_E_USAGE, NULL,
                      "%s: it has the key of %s; a certificate that was renewed needs no "
                      "'previous'",
                      before->conf->ca.certificate, now->conf->ca.certificate);
    return rc;
}

static enum cmc_rc load_previous(struct cmc_service *s, const struct cmc_crypto *c,
                                 struct cmc_service_authority *a, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    a->previous = cmc_arena_array(s->arena, a->conf->previous_count, sizeof *a->previous);
    if (a->previous == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for certificates");
    a->nprevious = a->conf->previous_count;
    for (size_t i = 0; i < a->nprevious && rc == CMC_OK; i++) {
        struct cmc_service_authority *before = &a->previous[i];
        struct cmc_slice ca;

        before->conf = &a->conf->previous[i];
        rc = load_one(s, c, before->conf->ca.certificate, &ca, err);
        if (rc == CMC_OK)
            rc = load_files(s, c, &ca, NULL, 0, &before->chain, &before->nchain, err);
        if (rc == CMC_OK)
            rc = load_pair(s, c, &before->conf->ocsp.signer, &before->ocsp_cert, err);
        if (rc == CMC_OK)
            rc = check_previous(s, a, before, err);
    }
    return rc;
}

/* Where nothing else is said officers are trusted by any of its keys. */
static enum cmc_rc trust_previous(struct cmc_service *s, struct cmc_service_authority *a,
                                  struct cmc_err *err)
{
    struct cmc_slice *list;

    if (a->nofficer_anchors > 0 || a->nprevious == 0)
        return CMC_OK;
    list = cmc_arena_array(s->arena, a->npath + a->nprevious, sizeof *list);
    if (list == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for certificates");
    memcpy(list, a->chain, a->npath * sizeof *list);
    for (size_t i = 0; i < a->nprevious; i++)
        list[a->npath + i] = a->previous[i].chain[0];
    a->officer_anchors = list;
    a->nofficer_anchors = a->npath + a->nprevious;
    return CMC_OK;
}

static enum cmc_rc load_authority(struct cmc_service *s, const struct cmc_crypto *c,
                                  struct cmc_service_authority *a, struct cmc_err *err)
{
    const struct cmc_conf_authority *conf = a->conf;
    struct cmc_slice ca;
    enum cmc_rc rc = load_one(s, c, conf->ca.certificate, &ca, err);

    if (rc == CMC_OK)
        rc = load_chain(s, c, ca, a, err);
    if (rc == CMC_OK)
        rc = load_pair(s, c, &conf->responder, &a->responder_cert, err);
    if (rc == CMC_OK)
        rc = load_pair(s, c, &conf->encryption, &a->encryption_cert, err);
    if (rc == CMC_OK)
        rc = load_pair(s, c, &conf->ocsp.signer, &a->ocsp_cert, err);
    if (rc == CMC_OK && conf->officer_trust_count > 0)
        rc = load_files(s, c, NULL, conf->officer_trust, conf->officer_trust_count,
                        &a->officer_anchors, &a->nofficer_anchors, err);
    if (rc == CMC_OK)
        rc = load_pair(s, c, &conf->dh_pop, &a->dh_pop_cert, err);
    if (rc == CMC_OK)
        rc = load_previous(s, c, a, err);
    if (rc == CMC_OK)
        rc = trust_previous(s, a, err);
    if (rc == CMC_OK)
        rc = cmc_certs_only_create(a->chain, a->nchain, NULL, 0, s->arena, &a->chain_p7c, err);
    return rc;
}

static enum cmc_rc subject_of(struct cmc_service *s, size_t i, struct cmc_slice *out,
                              struct cmc_err *err)
{
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, s->authorities[i].chain[0], s->arena, &cert, err);

    if (rc != CMC_OK) {
        cmc_err_prefix(err, "%s", s->authorities[i].conf->ca.certificate);
        return CMC_E_USAGE;
    }
    *out = cert.tbs.subject;
    return CMC_OK;
}

/* The issuer's name is what certificates, revocations and CRLs are found by. */
static enum cmc_rc check_names(struct cmc_service *s, struct cmc_err *err)
{
    for (size_t i = 1; i < s->nauthorities; i++) {
        struct cmc_slice mine, theirs;
        enum cmc_rc rc = subject_of(s, i, &mine, err);

        for (size_t k = 0; k < i && rc == CMC_OK; k++) {
            rc = subject_of(s, k, &theirs, err);
            if (rc == CMC_OK && cmc_name_eq(mine, theirs))
                rc = cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.1.2.4",
                              "%s: its CA certificates of '%s' and '%s' have the same subject; "
                              "each authority needs a name of its own",
                              s->conf->path, cmc_conf_authority_name(s->authorities[k].conf),
                              cmc_conf_authority_name(s->authorities[i].conf));
        }
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

enum cmc_rc cmc_service_load(struct cmc_service *s, const struct cmc_conf *conf,
                             const struct cmc_crypto *c, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    s->conf = conf;
    s->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (s->arena != NULL)
        s->authorities = cmc_arena_array(s->arena, conf->authority_count, sizeof *s->authorities);
    if (s->authorities == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to begin");
    s->nauthorities = conf->authority_count;
    for (size_t i = 0; i < s->nauthorities; i++)
        s->authorities[i].conf = &conf->authorities[i];
    for (size_t i = 0; i < s->nauthorities && rc == CMC_OK; i++)
        rc = load_authority(s, c, &s->authorities[i], err);
    if (rc == CMC_OK)
        rc = check_names(s, err);
    if (rc == CMC_OK && conf->secrets_key != NULL)
        rc = cmc_secrets_key_load(conf->secrets_key, s->arena, &s->secrets_key, err);
    return rc;
}

/* -- the store and the authorities -------------------------------------------------------- */

/* Of an authority, or of a key that it had before. */
static enum cmc_rc start_publisher(const struct cmc_service *s, struct cmc_service_authority *a,
                                   struct cmc_log *log, struct cmc_err *err)
{
    const struct cmc_publisher_params params = {.store = s->store,
                                                .targets = a->conf->targets,
                                                .ntargets = a->conf->target_count,
                                                .ca_cert = a->chain[0],
                                                .chain = a->chain_p7c,
                                                .log = log};

    return params.ntargets > 0 ? cmc_publisher_start(&params, &a->publisher, err) : CMC_OK;
}

static enum cmc_rc open_authority(struct cmc_service *s, struct cmc_service_authority *a,
                                  struct cmc_challenges *challenges, struct cmc_log *log,
                                  struct cmc_err *err)
{
    const struct cmc_conf_authority *conf = a->conf;
    enum cmc_rc rc = start_publisher(s, a, log, err);

    if (rc != CMC_OK)
        return rc;
    rc = cmc_ca_shared_new(
        &(struct cmc_ca_params){.store = s->store,
                                .chain = a->chain,
                                .nchain = a->nchain,
                                .npath = a->npath,
                                .responder_cert = a->responder_cert,
                                .officer_anchors = a->officer_anchors,
                                .nofficer_anchors = a->nofficer_anchors,
                                .ra_any_eku = conf->ra_any_eku,
                                .profiles = s->conf->profiles,
                                .nprofiles = s->conf->profile_count,
                                .secrets_key = s->secrets_key.p,
                                .secret_failures = s->conf->secret_failures,
                                .crl_url = conf->crl_url,
                                .crl_hours = conf->crl_hours,
                                .crl_overlap_hours = conf->crl_overlap,
                                .crl_shards = conf->crl_shards,
                                .crl_complete = conf->crl_complete_path != NULL,
                                .crl_delta_url = conf->crl_delta_url,
                                .crl_delta_minutes = conf->crl_delta_minutes,
                                .publish_web = cmc_conf_publishes_on(conf, false) != NULL,
                                .publish_ldap_url = cmc_conf_publishes_on(conf, true),
                                .publish_url = conf->publish_url,
                                .publish_wake = a->publisher != NULL ? cmc_publisher_wake : NULL,
                                .publish_arg = a->publisher,
                                .crl_keep = conf->crl_keep,
                                .crl_days = conf->crl_days,
                                .challenges = challenges},
        &a->ca, err);
    /* Of several it must be said which. */
    if (rc != CMC_OK && s->nauthorities > 1)
        cmc_err_prefix(err, "%s", cmc_conf_authority_name(conf));
    return rc;
}

/* The parts of the CRL that belong to keys of before. */
static enum cmc_rc open_previous(struct cmc_service *s, struct cmc_service_authority *a,
                                 struct cmc_challenges *challenges, struct cmc_log *log,
                                 struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < a->nprevious && rc == CMC_OK; i++) {
        const struct cmc_conf_authority *conf = a->previous[i].conf;

        rc = start_publisher(s, &a->previous[i], log, err);
        if (rc != CMC_OK)
            return rc;
        rc = cmc_ca_shared_new(
            &(struct cmc_ca_params){
                .store = s->store,
                .chain = a->previous[i].chain,
                .nchain = a->previous[i].nchain,
                .crl_url = conf->crl_url,
                .crl_hours = conf->crl_hours,
                .crl_overlap_hours = conf->crl_overlap,
                .crl_shards = conf->crl_shards,
                .crl_complete = conf->crl_complete_path != NULL,
                .crl_delta_url = conf->crl_delta_url,
                .crl_delta_minutes = conf->crl_delta_minutes,
                .crl_keep = conf->crl_keep,
                .crl_days = conf->crl_days,
                .publish_wake = a->previous[i].publisher != NULL ? cmc_publisher_wake : NULL,
                .publish_arg = a->previous[i].publisher,
                .challenges = challenges},
            &a->previous[i].ca, err);
        if (rc != CMC_OK)
            cmc_err_prefix(err, "%s", conf->ca.certificate);
    }
    return rc;
}

enum cmc_rc cmc_service_open(struct cmc_service *s, struct cmc_store *store,
                             struct cmc_challenges *challenges, struct cmc_log *log,
                             struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    s->store = store;
    for (size_t i = 0; i < s->nauthorities && rc == CMC_OK; i++) {
        /* The keys of before first: what was stored before there were parts is theirs (crl.h). */
        rc = open_previous(s, &s->authorities[i], challenges, log, err);
        if (rc == CMC_OK)
            rc = open_authority(s, &s->authorities[i], challenges, log, err);
    }
    return rc;
}

void cmc_service_close(struct cmc_service *s)
{
    for (size_t i = 0; i < s->nauthorities; i++) {
        for (size_t k = 0; k < s->authorities[i].nprevious; k++) {
            cmc_ca_shared_free(s->authorities[i].previous[k].ca);
            cmc_publisher_stop(s->authorities[i].previous[k].publisher);
        }
        cmc_ca_shared_free(s->authorities[i].ca);
        cmc_publisher_stop(s->authorities[i].publisher);
    }
    cmc_arena_free(s->arena);
    *s = (struct cmc_service){0};
}

/* -- keys -------------------------------------------------------------------------------- */

enum cmc_rc cmc_service_key(const struct cmc_conf_pair *pair, const struct cmc_crypto *c,
                            EVP_PKEY **out, struct cmc_err *err)
{
    /* Somebody who starts this by hand may be asked, once for each token. */
    const struct cmc_passphrase pass = {.file = pair->passphrase_file,
                                        .prompt = cmc_uri_is_token(pair->key) &&
                                                  isatty(STDIN_FILENO) == 1};

    *out = NULL;
    return pair->key != NULL ? cmc_key_load(c, pair->key, &pass, out, err) : CMC_OK;
}

static void add_once(struct cmc_slice *list, size_t *n, struct cmc_slice cert)
{
    for (size_t i = 0; i < *n; i++) {
        if (cmc_slice_eq(list[i], cert))
            return;
    }
    list[(*n)++] = cert;
}

/* Clients of whom nothing else is said show certificates of any of the authorities. */
static enum cmc_rc all_chains(const struct cmc_service *s, struct cmc_arena *arena,
                              struct cmc_slice **out, size_t *n, struct cmc_err *err)
{
    size_t count = 0;

    for (size_t i = 0; i < s->nauthorities; i++)
        count += s->authorities[i].npath + s->authorities[i].nprevious;
    *n = 0;
    *out = cmc_arena_array(arena, count, sizeof **out);
    if (*out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for TLS");
    for (size_t i = 0; i < s->nauthorities; i++) {
        const struct cmc_service_authority *a = &s->authorities[i];

        for (size_t k = 0; k < a->npath; k++)
            add_once(*out, n, a->chain[k]);
        for (size_t k = 0; k < a->nprevious; k++)
            add_once(*out, n, a->previous[k].chain[0]);
    }
    return CMC_OK;
}

enum cmc_rc cmc_service_tls(const struct cmc_service *s, const struct cmc_conf_tls *tls,
                            const struct cmc_crypto *c, SSL_CTX **out, struct cmc_err *err)
{
    const struct cmc_passphrase none = {0};
    struct cmc_arena *arena = NULL;
    struct cmc_slice *anchors = NULL;
    size_t n = 0;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for TLS");
    rc = cmc_key_load(c, tls->key, &none, &key, err);
    if (rc == CMC_OK && tls->client_ca != NULL)
        rc = cmc_certs_load(c, tls->client_ca, &none, arena, &anchors, &n, err);
    else if (rc == CMC_OK)
        rc = all_chains(s, arena, &anchors, &n, err);
    if (rc == CMC_OK)
        rc = cmc_tls_context_new(c, tls->certificate, key, tls->client_auth, anchors, n, out, err);
    EVP_PKEY_free(key);
    cmc_arena_free(arena);
    return rc;
}
