/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publication: CRLs, the CA's certificate and chain, and the certificates that publishCert asks for
 * (RFC 10002 section 6.18), to targets. A target is a place and what belongs there. What it has is
 * noted in the store when it is there (store/publication.h), so what is due is what the store has
 * and the note has not: a crash leaves it due, and a restart repeats nothing else.
 */
#ifndef CMC_CA_PUBLISH_H
#define CMC_CA_PUBLISH_H

#include "crypto/crypto.h"
#include "store/publication.h"

enum cmc_publish_kind {
    CMC_PUBLISH_CRL,
    CMC_PUBLISH_DELTA,
    CMC_PUBLISH_CA_CERT,
    CMC_PUBLISH_CHAIN,
    CMC_PUBLISH_CERT
};
#define CMC_PUBLISH_KINDS     5
#define CMC_PUBLISH_BIT(kind) (1u << (kind))
/* "crl", "delta", "ca-certificate", "chain", "certificates": as the configuration says it. */
const char *cmc_publish_kind_name(enum cmc_publish_kind kind);

struct cmc_publish_object {
    enum cmc_publish_kind kind;
    struct cmc_slice issuer;           /* Name of the CA */
    uint32_t shard;                    /* of a CRL, 1 and on; 0: the CRL of all certificates */
    uint64_t number;                   /* of a CRL */
    int64_t this_update, next_update;  /* of a CRL */
    bool wanted;                       /* false: a certificate is to be taken back */
    struct cmc_slice der;              /* absent: it is a file */
    int fd;                            /* -1: it is none; may be read and its offset moved */
    uint64_t octets;                   /* of either */
    uint8_t digest[CMC_SHA256_OCTETS]; /* of a certificate, the CA's and the chain */
};

struct cmc_publish_target {
    const char *name;
    unsigned int what; /* CMC_PUBLISH_BIT */
    /*
     * Bring the object there, or take it back, durably, in a bounded time. Errors: CMC_E_REFUSED
     * (this one will not do at this place; others may), any other (the place is in trouble).
     */
    enum cmc_rc (*put)(void *self, const struct cmc_publish_object *o, struct cmc_err *err);
    void *self;
};

/* What there is to be published. All borrowed. */
struct cmc_publish_source {
    const struct cmc_crypto *crypto;
    struct cmc_store *store;
    struct cmc_reader *reader; /* of this thread */
    struct cmc_slice ca_cert;  /* whole DER */
    struct cmc_slice chain;    /* certs-only of the chain */
};

/*
 * Do what is due, or with `again` all there is. *done is how many objects went. What cannot be done
 * stays due. Errors: those of put, but for a certificate that was refused, which is noted, counted
 * in *refused and tried again each hour; CMC_E_LOCAL (the store).
 */
enum cmc_rc cmc_publish(const struct cmc_publish_source *src, const struct cmc_publish_target *t,
                        bool again, int64_t now, size_t *done, size_t *refused,
                        struct cmc_err *err) CMC_MUST_USE;

/* How a target is with one object. Of the certificates together there is one. */
struct cmc_publish_state {
    enum cmc_publish_kind kind;
    uint32_t shard;
    uint64_t newest;    /* number: of the CRL that there is; 0: there is none */
    uint64_t has;       /* number that the target has; 0: none */
    int64_t at;         /* when it got that; 0: never */
    bool due;           /* it lacks something */
    int64_t since;      /* when that came to be */
    uint64_t waiting;   /* certificates that are due */
    uint64_t not_taken; /* certificates that were refused */
};
enum cmc_rc cmc_publish_look(const struct cmc_publish_source *src,
                             const struct cmc_publish_target *t,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_publish_state *st),
                             void *arg, struct cmc_err *err) CMC_MUST_USE;

/* -- folders (publish_folder.c) ---------------------------------------------------------- */

/* What a certificate's file is called: hex digits of its SHA-256, and this. */
#define CMC_PUBLISH_SUFFIX ".cer"

/* File names may hold "{shard}", which is "-7" for shard 7 and nothing for the whole CRL. */
struct cmc_publish_folder {
    const char *directory;
    const char *names[CMC_PUBLISH_KINDS]; /* certificates have no name here */
};
/* struct cmc_publish_target.put; self is a struct cmc_publish_folder. */
enum cmc_rc cmc_publish_folder_put(void *self, const struct cmc_publish_object *o,
                                   struct cmc_err *err);
/* pattern with the shard filled in, freed by the caller; NULL: no memory. */
char *cmc_publish_name(const char *pattern, uint32_t shard);

#endif
