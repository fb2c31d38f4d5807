/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the opaque types of include/cmc. */
#ifndef CMC_LIB_LIB_INT_H
#define CMC_LIB_LIB_INT_H

#include <cmc/cmc.h>

#include "client/client.h"
#include "key/key.h"

struct cmcl_context {
    struct cmc_crypto *crypto;
    struct cmc_err err; /* the error record */
    int64_t time;       /* 0: the clock */
};

struct cmcl_key {
    struct cmcl_context *ctx;
    EVP_PKEY *pkey;
};

/* What is kept lives in the object's arena, here and below. */
struct cmcl_certs {
    struct cmc_arena *arena;
    struct cmc_slice *v;
    size_t n;
};

struct cmcl_csr {
    struct cmc_arena *arena;
    enum cmcl_form form;
    struct cmc_slice der;  /* CertificationRequest or CertReqMsg */
    struct cmc_slice spki; /* the key in it */
};

/* One thing that was asked for: which kind, and which one of that kind. */
struct cmc_lib_csr_ref {
    enum cmcl_form form;
    size_t i;
};

struct cmcl_request {
    struct cmcl_context *ctx;
    struct cmc_arena *arena;
    struct cmc_list pkcs10, crmf; /* struct cmc_slice */
    struct cmc_list refs;         /* struct cmc_lib_csr_ref, as they were added */
    struct cmc_list revocations;  /* struct cmc_revocation */
    struct cmc_slice data_return;
    struct cmc_shared_secret secret; /* its secret absent: none */
    struct cmc_cms_signer signer;    /* its key is owned */
    struct cmc_slice *certs;
    size_t ncerts;
    /* As last built; in an arena that each build begins anew. */
    struct cmc_arena *built;
    struct cmc_slice der;
    struct cmc_exchange_state state;
    struct cmc_list request_ids, revocation_ids; /* uint32_t, in the order of the message */
};

/* The one time of a call. */
int64_t cmc_lib_now(const struct cmcl_context *ctx);

/* Fill the error record. */
enum cmc_rc cmc_lib_no_memory(struct cmcl_context *ctx);

/* A copy of certificates in an arena, NULL when out of memory. */
struct cmc_slice *cmc_lib_copy_certs(struct cmc_arena *arena, const struct cmcl_certs *certs);

/* One more zeroed element of this size at the end of a list; NULL when out of memory. */
void *cmc_lib_grow(struct cmc_arena *arena, struct cmc_list *list, size_t size);

/* The caller's octets, where NULL and 0 mean empty. */
static inline struct cmc_slice cmc_lib_octets(const void *p, size_t n)
{
    return cmc_slice(p != NULL ? p : "", p != NULL ? n : 0);
}

/* Lend out a slice. */
static inline const uint8_t *cmc_lib_lend(struct cmc_slice s, size_t *n)
{
    *n = s.p != NULL ? s.n : 0;
    return s.p;
}

#endif
