/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of cmcd: one YAML file, read by libcyaml against a schema; unknown keys are
 * refused with line and column. Paths are relative to the file's folder. cmcd.conf(5).
 */
#ifndef CMC_SERVER_CONF_H
#define CMC_SERVER_CONF_H

#include "base/err.h"
#include "base/log.h"
#include "ca/profile.h"
#include "ca/publish.h"
#include "responder/responder.h"
#include "server/publish_ldap.h"
#include "server/tls.h"

struct cmc_conf_tls {
    char *certificate; /* chain, leaf first */
    char *key;
    enum cmc_client_auth client_auth;
    char *client_ca; /* trust anchors for client certificates; NULL: the authority's own chain */
};

struct cmc_conf_listener {
    char *address;
    uint16_t port;
    struct cmc_conf_tls *tls; /* NULL: plain HTTP */
};

enum cmc_conf_target_kind { CMC_TARGET_FOLDER, CMC_TARGET_LDAP, CMC_TARGET_COMMAND };

/* A target of publication. What is not of its kind is NULL. */
struct cmc_conf_target {
    char *name;
    enum cmc_conf_target_kind kind;
    unsigned int what;    /* CMC_PUBLISH_BIT */
    unsigned int timeout; /* seconds for one object */
    char *directory;
    char *files[CMC_PUBLISH_KINDS]; /* names in the folder */
    char **command;                 /* ended by NULL */
    struct cmc_publish_ldap_rules ldap;
};

/* A certificate and its private key; certificate NULL: there is none. */
struct cmc_conf_pair {
    char *certificate;
    char *key; /* URI */
    char *passphrase_file;
};

/* OCSP; path NULL: not served. */
struct cmc_conf_ocsp {
    char *path; /* URL path: POST there, GET below it */
    struct cmc_conf_pair signer;
    unsigned int minutes; /* nextUpdate - thisUpdate */
};

struct cmc_conf_authority {
    char *name; /* NULL: there is one, and it needs none */
    struct cmc_conf_pair ca;
    char **chain; /* further certificates up to the root, files */
    unsigned int chain_count;
    char *crl_path;          /* URL path that serves the CRL, e.g. /ca.crl, or with {shard} */
    char *crl_complete_path; /* where there are shards: of the complete one; or NULL */
    char *crl_delta_path, *crl_delta_url;
    unsigned int crl_overlap; /* hours that a CRL is in force for longer than until the next */
    uint32_t crl_shards;
    unsigned int crl_delta_minutes; /* 0: no delta CRLs */
    char *ca_path;                  /* URL path of the CA certificate (pkix-cert), e.g. /ca.crt */
    char *chain_path;               /* URL path of the chain (certs-only), e.g. /ca.p7c */
    char *crl_url;          /* absolute URL for the CRL distribution point of certificates */
    unsigned int crl_hours; /* nextUpdate - thisUpdate */
    struct cmc_conf_target *targets; /* the folder under 'publish' is the first of them */
    unsigned int target_count;
    char *publish_url;     /* that published certificates are given out under, or NULL */
    uint32_t crl_keep;     /* how many earlier CRLs are kept */
    unsigned int crl_days; /* and for how long */
    /* Its own, or what all have. */
    struct cmc_conf_pair responder;
    struct cmc_conf_pair encryption; /* none: nothing is decrypted */
    char *encryption_path;           /* URL path of that certificate, or NULL */
    struct cmc_conf_ocsp ocsp;
    struct cmc_conf_pair dh_pop; /* none: DH keys cannot prove themselves */
    char **officer_trust; /* files: trust anchors for officers; none: the authority's chain */
    unsigned int officer_trust_count;
    bool ra_any_eku; /* the certificate of an RA need not have id-kp-cmcRA */
    /*
     * The CA's keys of before: their CRL and OCSP signer, for what they issued. Of OCSP there is
     * the signer alone: it answers at the path of the authority.
     */
    struct cmc_conf_authority *previous;
    unsigned int previous_count;
};

struct cmc_conf_endpoint {
    struct cmc_endpoint_rules rules;
    unsigned int authority; /* which of them serves it */
    enum cmc_request_type accept[2];
    unsigned int accept_count;
    enum cmc_answer_form answer[4]; /* the first is the default; for a bare PKCS#10 the first that
                                       is not the Full PKI Response */
    unsigned int answer_count;
    char **profile_ids; /* ?profileId= of compat: dogtag: what leads here from any such endpoint */
    unsigned int profile_id_count;
    bool base64; /* answers in base64, requests in it too: EST */
};

struct cmc_conf {
    char *path;            /* of the file itself */
    char *directory;       /* that other paths are relative to */
    struct cmc_slice text; /* the file, and behind it those of profiles */
    char *database;        /* absolute */
    unsigned int workers;  /* at least 1 */
    enum cmc_log_level log_level;
    enum cmc_log_format log_format;
    char *status_path; /* URL path of health and metrics, or NULL */
    size_t message_octets;
    struct cmc_conf_authority *authorities;
    unsigned int authority_count;    /* at least 1 */
    unsigned int checkpoint_minutes; /* between checkpoints of the audit chain */
    char *secrets_key;               /* file, or NULL: no shared secrets */
    uint32_t secret_failures;
    uint32_t keep_answers_days; /* 0: for ever */
    uint32_t keep_nonces_hours;
    uint32_t keep_requests_days; /* after their end; 0: for ever */
    struct cmc_conf_listener *listeners;
    unsigned int listener_count;
    struct cmc_profile_spec *profiles;
    unsigned int profile_count;
    struct cmc_conf_endpoint *endpoints;
    unsigned int endpoint_count;
};

/*
 * Read and check a configuration. Errors: CMC_E_USAGE ("cmcd.yaml:12:5: unknown key 'portt'; did
 * you mean 'port'?", an endpoint naming a profile that is not there, a path used twice, ...),
 * CMC_E_LOCAL (cannot be read).
 */
enum cmc_rc cmc_conf_load(const char *path, struct cmc_conf **out,
                          struct cmc_err *err) CMC_MUST_USE;
void cmc_conf_free(struct cmc_conf *conf);

/* Is there a target that takes what publishCert asks for? */
bool cmc_conf_publishes_certs(const struct cmc_conf_authority *a);
/* The first such target that is, or is no, directory server; its URL, "" for the others, or NULL:
 * there is none. */
const char *cmc_conf_publishes_on(const struct cmc_conf_authority *a, bool ldap);

/* The authority of that name, of which the first is meant by NULL; NULL if there is none. */
const struct cmc_conf_authority *cmc_conf_authority(const struct cmc_conf *conf, const char *name);
/* What to call it in a message: its name, or "authority". */
const char *cmc_conf_authority_name(const struct cmc_conf_authority *a);

/* Does this ?profileId= lead to the endpoint? */
bool cmc_conf_has_profile_id(const struct cmc_conf_endpoint *ep, const char *id);

#endif
