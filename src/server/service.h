/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a configuration names, loaded: certificates, keys, the store, the authority. The part
 * that all workers share; see worker.h for what each has of its own.
 */
#ifndef CMC_SERVER_SERVICE_H
#define CMC_SERVER_SERVICE_H

#include "ca/ca.h"
#include "server/conf.h"

struct cmc_service {
    const struct cmc_conf *conf;
    struct cmc_arena *arena; /* the certificates below */
    struct cmc_slice *chain; /* the CA itself first, root last; whole DERs */
    size_t nchain;
    struct cmc_slice responder_cert;
    struct cmc_slice ocsp_cert;        /* of the OCSP signer, or absent */
    struct cmc_slice *officer_anchors; /* none: the chain */
    size_t nofficer_anchors;
    struct cmc_slice secrets_key; /* in the arena, or absent */
    struct cmc_slice chain_p7c;   /* certs-only of the chain */
    struct cmc_store *store;
    struct cmc_ca_shared *ca;
};

/*
 * Load the certificates that conf names. conf is borrowed; s is zeroed before. c is used during
 * the call only. Errors: those of cmc_certs_load(). cmc_service_close() is due in any case.
 */
enum cmc_rc cmc_service_load(struct cmc_service *s, const struct cmc_conf *conf,
                             const struct cmc_crypto *c, struct cmc_err *err) CMC_MUST_USE;
/* Then open the store and make the shared authority. Errors: of cmc_store_open(), _ca_shared_new.
 */
enum cmc_rc cmc_service_open(struct cmc_service *s, struct cmc_err *err) CMC_MUST_USE;
void cmc_service_close(struct cmc_service *s);

/* The keys, loaded with the crypto context of who will use them. The caller frees. */
enum cmc_rc cmc_service_ca_key(const struct cmc_conf *conf, const struct cmc_crypto *c,
                               EVP_PKEY **out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_service_responder_key(const struct cmc_conf *conf, const struct cmc_crypto *c,
                                      EVP_PKEY **out, struct cmc_err *err) CMC_MUST_USE;
/* Only with conf->ocsp.path. */
enum cmc_rc cmc_service_ocsp_key(const struct cmc_conf *conf, const struct cmc_crypto *c,
                                 EVP_PKEY **out, struct cmc_err *err) CMC_MUST_USE;
/* The TLS of a listener that has it, in c's library context. */
enum cmc_rc cmc_service_tls(const struct cmc_service *s, const struct cmc_conf_tls *tls,
                            const struct cmc_crypto *c, SSL_CTX **out,
                            struct cmc_err *err) CMC_MUST_USE;

#endif
