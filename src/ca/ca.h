/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authority: a CA with its profiles, officers, CRL and store, behind responder/authority.h.
 * What is shared by all workers is immutable or locked (struct cmc_ca_shared); what a worker
 * uses is its own (struct cmc_ca): crypto context, key handles, store reader, caches.
 */
#ifndef CMC_CA_CA_H
#define CMC_CA_CA_H

#include "ca/profile.h"
#include "crypto/seal.h"
#include "responder/authority.h"

/*
 * The secrets of challenges (RFC 10002 section 6.7) in memory. An authority that takes the place
 * of another at run time is given the same ones, so that who was challenged may answer.
 */
struct cmc_challenges;
struct cmc_challenges *cmc_challenges_new(void); /* NULL: no memory */
void cmc_challenges_free(struct cmc_challenges *c);

struct cmc_ca_params {
    struct cmc_store *store;
    /* The chain, the issuing CA itself first; whole DERs. At least one. */
    const struct cmc_slice *chain;
    size_t nchain;
    size_t npath; /* of them, up to the root; the others are cross-certificates. 0: all */
    /* The responder's certificate (id-kp-cmcCA), issued by this CA or another. */
    struct cmc_slice responder_cert;
    /* Trust anchors for officers' certificates; none: the path in the chain. */
    const struct cmc_slice *officer_anchors;
    size_t nofficer_anchors;
    bool ra_any_eku; /* the certificate of an RA need not have id-kp-cmcRA */
    const struct cmc_profile_spec *profiles;
    size_t nprofiles;
    const uint8_t *secrets_key; /* CMC_SEAL_KEY_OCTETS that shared secrets are sealed under, or
                                   NULL: there are none */
    uint32_t secret_failures;   /* that lock a secret */
    /*
     * For the CRL distribution point, or NULL. With CMC_SHARD_MARK in it certificates are spread
     * over shards, and the complete CRL is given out beside them only with crl_complete, which
     * certificates from before need.
     */
    const char *crl_url;
    unsigned int crl_hours;         /* from one CRL to the next, or half of it without overlap */
    unsigned int crl_overlap_hours; /* that it is in force for longer */
    uint32_t crl_shards;
    bool crl_complete;
    const char *crl_delta_url;      /* for freshestCRL, as crl_url, or NULL */
    unsigned int crl_delta_minutes; /* that a delta CRL is in force; 0: there are none */
    bool publish_web;               /* certificates are published in a folder or by a program */
    const char *publish_url;        /* that they are served under, or NULL */
    const char *publish_ldap_url;   /* of the directory server they are published in, or NULL */
    /* Called when something is due to be published, also a new CRL, in any thread; or NULL. */
    void (*publish_wake)(void *arg);
    void *publish_arg;
    uint32_t crl_keep;                 /* how many earlier CRLs are kept to be asked for */
    unsigned int crl_days;             /* and for how long; 0: for ever */
    struct cmc_challenges *challenges; /* borrowed; NULL: the authority has its own */
};

struct cmc_ca_shared;
/*
 * Copies what it needs; store must outlive it. Errors: CMC_E_USAGE (a certificate is none, the CA
 * certificate may not issue, a profile does not compile: which and why).
 */
enum cmc_rc cmc_ca_shared_new(const struct cmc_ca_params *p, struct cmc_ca_shared **out,
                              struct cmc_err *err) CMC_MUST_USE;
void cmc_ca_shared_free(struct cmc_ca_shared *s);

struct cmc_ca;
/*
 * A worker's authority. crypto, shared borrowed; keys taken over on success: they were loaded
 * with this crypto. Errors: CMC_E_USAGE (a key does not fit its certificate).
 */
enum cmc_rc cmc_ca_new(struct cmc_ca_shared *shared, const struct cmc_crypto *crypto,
                       EVP_PKEY *ca_key, EVP_PKEY *responder_key, struct cmc_ca **out,
                       struct cmc_err *err) CMC_MUST_USE;
void cmc_ca_free(struct cmc_ca *ca);
/*
 * For who must not wait for a token: what would need a key, or somebody who is using it for the
 * same purpose, is CMC_E_RETRY from cmc_ca_crl_open() and cmc_ocsp_respond(). What is there already
 * is given out.
 */
void cmc_ca_hands_off(struct cmc_ca *ca);
/*
 * The key that messages to this authority are encrypted for; without one they cannot be opened.
 * key is taken over on success, cert (whole DER) borrowed. Errors: CMC_E_USAGE (they do not belong
 * together, or the keyUsage does not allow it).
 */
enum cmc_rc cmc_ca_set0_encryption(struct cmc_ca *ca, EVP_PKEY *key, struct cmc_slice cert,
                                   struct cmc_err *err) CMC_MUST_USE;

/*
 * The DH certificate (whole DER, copied) and its private key (taken over on success) that DH keys
 * prove themselves to. Errors: CMC_E_USAGE (no DH certificate, or the key of another).
 */
enum cmc_rc cmc_ca_set_dh_pop(struct cmc_ca *ca, struct cmc_slice cert, EVP_PKEY *key,
                              struct cmc_err *err) CMC_MUST_USE;
/* For cmc_responder_new(). Borrowed from ca. */
const struct cmc_authority *cmc_ca_get0_authority(const struct cmc_ca *ca);

/* -- CRLs ------------------------------------------------------------------------------ */

/* Which CRL: that of a shard, or the complete one (0); and the delta to it. */
struct cmc_crl_scope {
    uint32_t shard;
    bool delta;
};
/* What there is to know of one without reading it. */
struct cmc_crl_facts {
    uint64_t number, octets;
    int64_t this_update, next_update;
};
/* Those that this authority gives out, in order of shard; borrowed. */
const struct cmc_crl_scope *cmc_ca_get0_crl_scopes(const struct cmc_ca_shared *s, size_t *n);
/* Where certificates say that it is, or NULL; borrowed. */
const char *cmc_ca_get0_crl_url(const struct cmc_ca_shared *s, const struct cmc_crl_scope *scope);

/*
 * A CRL as of now, made and signed if it is due: half of its life has passed (with an overlap, the
 * period), or a certificate of its scope has changed since, unless it has deltas, which then have
 * the change. So every revocation that is durable stands in the delta, or in the full CRL where
 * there are no deltas. Else it is the stored one.
 *
 * One of millions of entries is given as a file, *fd, which the caller closes, of facts->octets;
 * *out is absent then. Else *fd is -1.
 *
 * Errors: CMC_E_NOTFOUND (no such scope), CMC_E_REFUSED (a revoked certificate stands in no CRL
 * that is given out, so none is signed), CMC_E_LOCAL, CMC_E_CRYPTO.
 */
enum cmc_rc cmc_ca_crl_open(struct cmc_ca *ca, const struct cmc_crl_scope *scope, int64_t now,
                            struct cmc_arena *arena, struct cmc_slice *out, int *fd,
                            struct cmc_crl_facts *facts, struct cmc_err *err) CMC_MUST_USE;
/* The same into memory. */
enum cmc_rc cmc_ca_crl_get(struct cmc_ca *ca, const struct cmc_crl_scope *scope, int64_t now,
                           struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err) CMC_MUST_USE;
/* The complete, full one. */
enum cmc_rc cmc_ca_crl(struct cmc_ca *ca, int64_t now, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;
/*
 * Every unexpired revoked certificate of the issuer stands in a part that is there and of which a
 * CRL is given out. A row names one part, so none stands in two. Errors: CMC_E_REFUSED, saying
 * which part it is and how many stand in it.
 */
struct cmc_crl_served {
    struct cmc_slice issuer, key; /* key: cmc_crl_key() */
    bool sharded, complete;       /* as in struct cmc_ca_params: crl_url, crl_complete */
};
enum cmc_rc cmc_crl_check_parts(const struct cmc_crl_served *served, struct cmc_reader *r,
                                int64_t now, struct cmc_err *err) CMC_MUST_USE;
/* What a CA key's parts are found by: its subjectKeyIdentifier, or absent. */
struct cmc_slice cmc_crl_key(struct cmc_slice ski);

/* Make it, if it is due or will be within so many seconds, so that who asks then need not wait. */
enum cmc_rc cmc_ca_crl_renew(struct cmc_ca *ca, const struct cmc_crl_scope *scope, int64_t now,
                             int64_t ahead, struct cmc_arena *arena,
                             struct cmc_err *err) CMC_MUST_USE;

/*
 * What a sealed secret is bound to, so that a value put into another row does not open: its
 * purpose, and its name or certificate. Into the arena; absent on lack of memory.
 */
struct cmc_slice cmc_ca_secret_bound(const struct cmc_secret *s, struct cmc_arena *arena);

/*
 * Issue a certificate outside of a request: for cmcd init (responder, TLS, officer). The subject
 * and SAN come from rq as for a request; record is for the store.
 */
enum cmc_rc cmc_ca_issue(struct cmc_ca *ca, const struct cmc_issue_order *order,
                         struct cmc_arena *arena, struct cmc_issued *out,
                         struct cmc_err *err) CMC_MUST_USE;

#endif
