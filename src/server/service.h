/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a configuration names, loaded: certificates, keys, the store, the authority. The part
 * that all workers share; see worker.h for what each has of its own.
 */
#ifndef CMC_SERVER_SERVICE_H
#define CMC_SERVER_SERVICE_H

#include "ca/ca.h"
#include "server/conf.h"
#include "server/publisher.h"

/* One authority's part. */
struct cmc_service_authority {
    const struct cmc_conf_authority *conf;
    struct cmc_slice *chain; /* the CA itself first; whole DERs, as ca/ca_chain.h has them */
    size_t nchain;
    size_t npath; /* of them, up to the root; behind it are cross-certificates */
    struct cmc_slice responder_cert;
    struct cmc_slice encryption_cert;  /* or absent */
    struct cmc_slice ocsp_cert;        /* of the OCSP signer, or absent */
    struct cmc_slice *officer_anchors; /* none: the path */
    size_t nofficer_anchors;
    struct cmc_slice dh_pop_cert;    /* or absent */
    struct cmc_slice chain_p7c;      /* certs-only of the chain */
    struct cmc_publisher *publisher; /* NULL: nothing is published */
    struct cmc_ca_shared *ca;
    struct cmc_service_authority *previous; /* its keys of before, as in conf */
    size_t nprevious;
};

struct cmc_service {
    const struct cmc_conf *conf;
    struct cmc_arena *arena;                   /* the certificates */
    struct cmc_service_authority *authorities; /* as in conf */
    size_t nauthorities;
    struct cmc_slice secrets_key; /* in the arena, or absent */
    struct cmc_store *store;      /* borrowed */
};

/*
 * Load the certificates that conf names. conf is borrowed; s is zeroed before. c is used during
 * the call only. Errors: those of cmc_certs_load(), CMC_E_USAGE (two authorities of one
 * name, a certificate that has no place in a chain).
 * cmc_service_close() is due in any case.
 */
enum cmc_rc cmc_service_load(struct cmc_service *s, const struct cmc_conf *conf,
                             const struct cmc_crypto *c, struct cmc_err *err) CMC_MUST_USE;
/*
 * Then make the shared authorities. All is borrowed; store and challenges may be those of another
 * service. Errors: of cmc_ca_shared_new().
 */
enum cmc_rc cmc_service_open(struct cmc_service *s, struct cmc_store *store,
                             struct cmc_challenges *challenges, struct cmc_log *log,
                             struct cmc_err *err) CMC_MUST_USE;
void cmc_service_close(struct cmc_service *s);

/*
 * The key of a pair, loaded with the crypto context of who will use it. The caller frees. *out is
 * NULL where the configuration names none.
 */
enum cmc_rc cmc_service_key(const struct cmc_conf_pair *pair, const struct cmc_crypto *c,
                            EVP_PKEY **out, struct cmc_err *err) CMC_MUST_USE;
/* The TLS of a listener that has it, in c's library context. */
enum cmc_rc cmc_service_tls(const struct cmc_service *s, const struct cmc_conf_tls *tls,
                            const struct cmc_crypto *c, SSL_CTX **out,
                            struct cmc_err *err) CMC_MUST_USE;

#endif
