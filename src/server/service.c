/* SPDX-License-Identifier: Apache-2.0 */
#include "server/service.h"

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

static enum cmc_rc load_chain(struct cmc_service *s, const struct cmc_crypto *c,
                              struct cmc_err *err)
{
    const struct cmc_conf_authority *a = &s->conf->authority;
    char *const *files = a->chain;
    struct cmc_slice ca;
    enum cmc_rc rc = load_one(s, c, a->certificate, &ca, err);

    if (rc != CMC_OK)
        return rc;
    return load_files(s, c, &ca, files, a->chain_count, &s->chain, &s->nchain, err);
}

enum cmc_rc cmc_service_load(struct cmc_service *s, const struct cmc_conf *conf,
                             const struct cmc_crypto *c, struct cmc_err *err)
{
    enum cmc_rc rc;

    s->conf = conf;
    s->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (s->arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to begin");
    rc = load_chain(s, c, err);
    if (rc == CMC_OK)
        rc = load_one(s, c, conf->responder_certificate, &s->responder_cert, err);
    if (rc == CMC_OK && conf->encryption_certificate != NULL)
        rc = load_one(s, c, conf->encryption_certificate, &s->encryption_cert, err);
    if (rc == CMC_OK && conf->ocsp.path != NULL)
        rc = load_one(s, c, conf->ocsp.certificate, &s->ocsp_cert, err);
    if (rc == CMC_OK && conf->officer_trust_count > 0)
        rc = load_files(s, c, NULL, conf->officer_trust, conf->officer_trust_count,
                        &s->officer_anchors, &s->nofficer_anchors, err);
    if (rc == CMC_OK && conf->dh_pop_certificate != NULL)
        rc = load_one(s, c, conf->dh_pop_certificate, &s->dh_pop_cert, err);
    if (rc == CMC_OK && conf->secrets_key != NULL)
        rc = cmc_secrets_key_load(conf->secrets_key, s->arena, &s->secrets_key, err);
    if (rc == CMC_OK)
        rc = cmc_certs_only_create(s->chain, s->nchain, NULL, 0, s->arena, &s->chain_p7c, err);
    return rc;
}

/* -- the store and the authority --------------------------------------------------------- */

enum cmc_rc cmc_service_open(struct cmc_service *s, struct cmc_log *log, struct cmc_err *err)
{
    const struct cmc_conf *conf = s->conf;
    enum cmc_rc rc = cmc_store_open(conf->database, false, &s->store, err);

    if (rc == CMC_OK && conf->authority.target_count > 0)
        rc = cmc_publisher_start(
            &(struct cmc_publisher_params){.store = s->store,
                                           .targets = conf->authority.targets,
                                           .ntargets = conf->authority.target_count,
                                           .ca_cert = s->chain[0],
                                           .chain = s->chain_p7c,
                                           .log = log},
            &s->publisher, err);
    if (rc != CMC_OK)
        return rc;
    return cmc_ca_shared_new(
        &(struct cmc_ca_params){.store = s->store,
                                .chain = s->chain,
                                .nchain = s->nchain,
                                .responder_cert = s->responder_cert,
                                .officer_anchors = s->officer_anchors,
                                .nofficer_anchors = s->nofficer_anchors,
                                .ra_any_eku = conf->ra_any_eku,
                                .profiles = conf->profiles,
                                .nprofiles = conf->profile_count,
                                .secrets_key = s->secrets_key.p,
                                .secret_failures = conf->secret_failures,
                                .crl_url = conf->authority.crl_url,
                                .crl_hours = conf->authority.crl_hours,
                                .publish_web =
                                    cmc_conf_publishes_on(&conf->authority, false) != NULL,
                                .publish_url = conf->authority.publish_url,
                                .publish_ldap_url = cmc_conf_publishes_on(&conf->authority, true),
                                .publish_wake = s->publisher != NULL ? cmc_publisher_wake : NULL,
                                .publish_arg = s->publisher,
                                .crl_keep = conf->authority.crl_keep,
                                .crl_days = conf->authority.crl_days},
        &s->ca, err);
}

void cmc_service_close(struct cmc_service *s)
{
    cmc_ca_shared_free(s->ca);
    cmc_publisher_stop(s->publisher);
    cmc_store_close(s->store);
    cmc_arena_free(s->arena);
    *s = (struct cmc_service){0};
}

/* -- keys -------------------------------------------------------------------------------- */

enum cmc_rc cmc_service_ca_key(const struct cmc_conf *conf, const struct cmc_crypto *c,
                               EVP_PKEY **out, struct cmc_err *err)
{
    const struct cmc_passphrase pass = {.file = conf->authority.key_passphrase_file};

    return cmc_key_load(c, conf->authority.key, &pass, out, err);
}

enum cmc_rc cmc_service_responder_key(const struct cmc_conf *conf, const struct cmc_crypto *c,
                                      EVP_PKEY **out, struct cmc_err *err)
{
    const struct cmc_passphrase pass = {.file = conf->responder_passphrase_file};

    return cmc_key_load(c, conf->responder_key, &pass, out, err);
}

enum cmc_rc cmc_service_dh_key(const struct cmc_conf *conf, const struct cmc_crypto *c,
                               EVP_PKEY **out, struct cmc_err *err)
{
    const struct cmc_passphrase none = {0};

    *out = NULL;
    return conf->dh_pop_key != NULL ? cmc_key_load(c, conf->dh_pop_key, &none, out, err) : CMC_OK;
}

enum cmc_rc cmc_service_encryption_key(const struct cmc_conf *conf, const struct cmc_crypto *c,
                                       EVP_PKEY **out, struct cmc_err *err)
{
    const struct cmc_passphrase pass = {.file = conf->encryption_passphrase_file};

    *out = NULL;
    return conf->encryption_key != NULL ? cmc_key_load(c, conf->encryption_key, &pass, out, err)
                                        : CMC_OK;
}

enum cmc_rc cmc_service_ocsp_key(const struct cmc_conf *conf, const struct cmc_crypto *c,
                                 EVP_PKEY **out, struct cmc_err *err)
{
    const struct cmc_passphrase pass = {.file = conf->ocsp.key_passphrase_file};

    return cmc_key_load(c, conf->ocsp.key, &pass, out, err);
}

enum cmc_rc cmc_service_tls(const struct cmc_service *s, const struct cmc_conf_tls *tls,
                            const struct cmc_crypto *c, SSL_CTX **out, struct cmc_err *err)
{
    const struct cmc_passphrase none = {0};
    struct cmc_arena *arena = NULL;
    struct cmc_slice *anchors = s->chain;
    size_t n = s->nchain;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for TLS");
    rc = cmc_key_load(c, tls->key, &none, &key, err);
    if (rc == CMC_OK && tls->client_ca != NULL)
        rc = cmc_certs_load(c, tls->client_ca, &none, arena, &anchors, &n, err);
    if (rc == CMC_OK)
        rc = cmc_tls_context_new(c, tls->certificate, key, tls->client_auth, anchors, n, out, err);
    EVP_PKEY_free(key);
    cmc_arena_free(arena);
    return rc;
}
