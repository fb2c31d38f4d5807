/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd init: what its three files share. */
#ifndef CMC_SERVER_INIT_H
#define CMC_SERVER_INIT_H

#include "base/options.h"
#include "crypto/crypto.h"
#include "store/store.h"

/* What was asked for, defaults filled in. */
struct cmc_init {
    const char *name;                                  /* subject of a new CA */
    const char *key_type;                              /* "ec:P-256" */
    const char *encryption_type;                       /* "rsa:2048": what clients encrypt to */
    const char *ca_cert, *ca_key, *ca_pass, *ca_chain; /* an existing CA, absolute; or NULL */
    struct cmc_option_list hosts;
    const char *address;
    unsigned int port, tls_port;
    const char *url; /* base of URLs: "http://localhost:8080" */
    const char *officer;
    const char *profiles; /* folder of profiles, absolute; or NULL: in the configuration */
    int64_t now;
};

/* Names of the files in the folder that is made. */
#define CMC_INIT_CONF            "cmcd.yaml"
#define CMC_INIT_DATABASE        "chancery.db"
#define CMC_INIT_CA_CERT         "ca.crt"
#define CMC_INIT_CA_KEY          "ca.key"
#define CMC_INIT_CHAIN           "chain.crt"
#define CMC_INIT_RESPONDER_CERT  "responder.crt"
#define CMC_INIT_RESPONDER_KEY   "responder.key"
#define CMC_INIT_ENCRYPTION_CERT "encryption.crt"
#define CMC_INIT_ENCRYPTION_KEY  "encryption.key"
#define CMC_INIT_OCSP_CERT       "ocsp.crt"
#define CMC_INIT_OCSP_KEY        "ocsp.key"
#define CMC_INIT_TLS_CERT        "tls.crt"
#define CMC_INIT_TLS_KEY         "tls.key"
#define CMC_INIT_OFFICER_CERT    "officer.crt"
#define CMC_INIT_OFFICER_KEY     "officer.key"
#define CMC_INIT_SECRETS_KEY     "secrets.key"
/* URL paths under url. */
#define CMC_INIT_ENCRYPTION_PATH "/encryption.crt"
#define CMC_INIT_CRL_PATH        "/ca.crl"
#define CMC_INIT_OCSP_PATH       "/ocsp"

/* What was made, for the message at the end. */
struct cmc_init_result {
    struct cmc_slice ca_subject; /* Name */
    char ca_key_kind[64];        /* "EC-P-256" */
    int64_t ca_not_after, officer_not_after;
    size_t nchain; /* certificates of the chain, the CA's own too */
};

/*
 * Keys, certificates, and the database that records them and the officer, into the folder dir.
 * Errors: those of key, ca and store; files of a failed run are left for the caller to remove.
 */
enum cmc_rc cmc_init_make(const struct cmc_init *in, const struct cmc_crypto *c, const char *dir,
                          struct cmc_arena *arena, struct cmc_init_result *out,
                          struct cmc_err *err) CMC_MUST_USE;

/* The configuration that fits, into dir. */
enum cmc_rc cmc_init_write_conf(const struct cmc_init *in, const struct cmc_init_result *made,
                                const char *dir, struct cmc_err *err) CMC_MUST_USE;

#endif
