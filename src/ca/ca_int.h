/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMC_CA_CA_INT_H
#define CMC_CA_CA_INT_H

#include <openssl/x509.h>
#include <pthread.h>

#include "base/buf.h"
#include "ca/ca.h"
#include "cms/signed_data.h"

/* Immutable after cmc_ca_shared_new(), but for the CRL, which has its lock. */
/* A CRL that is in force, as far as we know. */
struct cmc_crl_made {
    bool known;
    uint64_t generation; /* that it was made at */
    uint64_t checked;    /* up to this one nothing that is in it has changed */
    int64_t this_update, next_update;
    uint64_t number, base;
    struct cmc_buf der; /* one that is no file */
    uint64_t octets;    /* one that is */
};

/* A part of our CA key's certificates, and the CRLs of the scope that it stands for. */
struct cmc_crl_line {
    uint32_t shard, part;
    char *url, *delta_url;           /* or NULL */
    struct cmc_list cert_extensions; /* of its certificates: struct cmc_extension */
    struct cmc_crl_made full, delta;
};

struct cmc_ca_shared {
    struct cmc_arena *arena;
    struct cmc_store *store;
    struct cmc_slice *chain; /* the issuing CA first */
    size_t nchain;
    size_t npath;              /* of them; behind it are cross-certificates */
    struct cmc_slice *anchors; /* for officers */
    size_t nanchors;
    bool ra_any_eku;
    struct cmc_slice responder_cert;
    struct cmc_cert responder_parsed;
    struct cmc_cert ca_cert; /* chain[0] decoded */
    struct cmc_slice ca_ski;
    int64_t ca_not_after;
    struct cmc_profile **profiles;
    size_t nprofiles;
    struct cmc_lint_issuer lint_issuer; /* what rules need to know of ca_cert */
    bool publishes;
    struct cmc_publishing publishing;
    void (*publish_wake)(void *arg);
    void *publish_arg;
    int64_t crl_seconds, crl_overlap_seconds;
    int64_t crl_delta_seconds; /* 0: no delta CRLs */
    bool crl_sharded;          /* certificates that are issued stand in shards 1 to crl_shards */
    bool crl_complete;         /* where they do, the complete CRL is given out as well */
    uint32_t crl_shards;
    uint32_t crl_keep;
    int64_t crl_keep_seconds;     /* 0: for ever */
    struct cmc_crl_scope *scopes; /* of CRLs that are given out */
    size_t nscopes;
    const uint8_t *secrets_key; /* in the arena, or NULL */
    uint32_t secret_failures;

    pthread_mutex_t crl_lock;   /* over making a CRL: one at a time, and the rest wait for it */
    struct cmc_crl_line *lines; /* each but for what is made: immutable; shard 0 first */
    size_t nlines;
    bool crl_refused; /* the last CRL that was due was not signed, and that is on record */

    struct cmc_challenges *challenges;
    struct cmc_challenges *own_challenges; /* to be freed, or NULL */
};

#define OFFICER_CACHE 64u

/* Who holds a certificate, as found out once. Good while the store's generation stands still. */
struct known {
    struct cmc_arena *arena;
    uint8_t digest[CMC_SHA256_OCTETS];
    uint64_t generation;
    int64_t not_before, not_after; /* of the whole chain: the narrowest */
    uint64_t used;                 /* when it was asked for last; 0: never */
    struct cmc_requester who;
};

struct cmc_ca {
    struct cmc_ca_shared *shared;
    const struct cmc_crypto *crypto;
    bool hands_off; /* cmc_ca_hands_off() */
    EVP_PKEY *ca_key, *responder_key;
    struct cmc_cms_recipient encryption; /* key owned; NULL: nothing can be encrypted for us */
    struct cmc_buf dh_cert;              /* empty: no proof of possession of DH keys */
    EVP_PKEY *dh_key;
    const struct cmc_sig_alg *ca_alg;       /* CRLs, and what says nothing else */
    const struct cmc_sig_alg **profile_alg; /* what the key signs under each profile; owned */
    struct cmc_reader *reader;
    bool holds;                     /* the reader, since the exchange's first question: */
    uint64_t generation;            /* of the store then */
    X509_STORE *trust;              /* officers' anchors */
    STACK_OF(X509) * intermediates; /* the authority's own chain */
    struct known known[OFFICER_CACHE];
    uint64_t asked;           /* how often anybody was asked for */
    struct cmc_buf no_secret; /* sealed: stands in for a secret that is not there */
    uint8_t nonce_secret[CMC_TXN_DIGEST_OCTETS]; /* of our own senderNonces */
    struct cmc_authority authority;
};

/* ca.c: end what the exchange's first question began, if it is not ended yet. */
void cmc_ca_let_go(struct cmc_ca *ca);
/* identify.c: struct cmc_authority_ops.identify */
enum cmc_rc cmc_ca_identify(void *self, struct cmc_slice cert, const struct cmc_slice *chain,
                            size_t nchain, int64_t now, struct cmc_arena *arena,
                            struct cmc_requester *out, struct cmc_err *err) CMC_MUST_USE;
/* struct cmc_authority_ops.officer */
enum cmc_rc cmc_ca_officer(void *self, const char *name, struct cmc_arena *arena,
                           struct cmc_requester *out, struct cmc_err *err) CMC_MUST_USE;
/* Build trust and intermediates of a worker. */
enum cmc_rc cmc_ca_trust_new(struct cmc_ca *ca, struct cmc_err *err) CMC_MUST_USE;

/* secret.c */
enum cmc_rc cmc_ca_secret_init(struct cmc_ca *ca, struct cmc_err *err) CMC_MUST_USE;
/* struct cmc_authority_ops.secret */
enum cmc_rc cmc_ca_secret(void *self, const struct cmc_secret_query *query, struct cmc_arena *arena,
                          struct cmc_secret_found *out, struct cmc_err *err) CMC_MUST_USE;

/* challenge.c: struct cmc_authority_ops.challenge_secrets */
enum cmc_rc cmc_ca_challenge_secrets(void *self, int64_t now, struct cmc_challenge_secrets *out,
                                     struct cmc_err *err) CMC_MUST_USE;

/* retrieve.c: struct cmc_authority_ops.crl and anchors */
enum cmc_rc cmc_ca_anchors_op(void *self, struct cmc_arena *arena, struct cmc_anchor_set *out,
                              struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_ca_crl_op(void *self, const struct cmc_crl_query *query, struct cmc_arena *arena,
                          struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/* crl.c: a CRL of the store's that is a file, into the arena. CMC_E_NOTFOUND: the file is gone. */
enum cmc_rc cmc_ca_crl_load(struct cmc_ca *ca, const struct cmc_crl_id *id,
                            const struct cmc_crl_record *crl, struct cmc_arena *arena,
                            struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;
/* spool.c: octets that come one after the other; the first in memory, many in a file. */
struct cmc_spool {
    const struct cmc_store *store;
    int fd; /* -1: all of it is in held */
    size_t held_octets;
    uint64_t octets; /* of all */
    uint8_t held[CMC_LIMIT_CRL_HELD_OCTETS];
};
void cmc_spool_init(struct cmc_spool *s, const struct cmc_store *store);
void cmc_spool_end(struct cmc_spool *s);
/* Errors: CMC_E_LOCAL. */
enum cmc_rc cmc_spool_add(struct cmc_spool *s, struct cmc_slice data,
                          struct cmc_err *err) CMC_MUST_USE;
/* Give all of it to fn in pieces, in order, as often as wanted. Nothing is added any more. */
enum cmc_rc cmc_spool_each(struct cmc_spool *s,
                           enum cmc_rc (*fn)(void *arg, struct cmc_slice piece,
                                             struct cmc_err *err),
                           void *arg, struct cmc_err *err) CMC_MUST_USE;

/* publish.c: struct cmc_authority_ops.publishing and find_digest */
const struct cmc_publishing *cmc_ca_publishing(void *self);
enum cmc_rc cmc_ca_find_digest(void *self, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_slice *der,
                               struct cmc_err *err) CMC_MUST_USE;

/* issue.c */
enum cmc_rc cmc_ca_check(void *self, const struct cmc_issue_order *order, struct cmc_arena *arena,
                         struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_ca_issue_op(void *self, const struct cmc_issue_order *order,
                            struct cmc_arena *arena, struct cmc_issued *out,
                            struct cmc_err *err) CMC_MUST_USE;

#endif
