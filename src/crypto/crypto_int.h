/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMC_CRYPTO_CRYPTO_INT_H
#define CMC_CRYPTO_CRYPTO_INT_H

#include <sys/types.h>

#include "crypto/crypto.h"

enum { CMC_CURVE_P256, CMC_CURVE_P384, CMC_CURVE_P521, CMC_CURVE_COUNT };

/* A private key that has signed, ready to sign again. Holds a reference to the key. */
struct cmc_signing {
    EVP_PKEY *key; /* NULL: the slot is free */
    const struct cmc_sig_alg *alg;
    EVP_PKEY_CTX *ctx;
};
/* The CA's and the responder's, and two more. */
#define CMC_SIGNINGS 4

/* A public key that is lent, or one on a curve that is back and waits for its next point. */
struct cmc_lent {
    EVP_PKEY *key;        /* NULL: the place is free */
    EVP_PKEY_CTX *verify; /* made with the first verification by digest */
    const struct cmc_sig_alg *alg;
    int curve; /* CMC_CURVE_COUNT: it is none on a curve, and freed when it is back */
    bool out;
};
/* The officers' of a worker and a message's. More that are out at once are made and freed. */
#define CMC_LENT 192u

/* Each draw costs what some hundred octets do. */
#define CMC_RANDOM_AHEAD 512u

/* What is not const in a context that is: each belongs to one thread. */
struct cmc_crypto_scratch {
    EVP_MD_CTX *digest;
    struct cmc_arena *arena;             /* reset after each use */
    EVP_MAC_CTX *hmac[CMC_DIGEST_COUNT]; /* made with the first use, without a key between uses */
    uint8_t random[CMC_RANDOM_AHEAD];    /* the last random_left of it */
    size_t random_left;
    pid_t random_pid; /* who drew it: a child must not give out the same */
    struct cmc_signing signing[CMC_SIGNINGS];
    unsigned int next; /* the slot to be used next */
    struct cmc_lent lent[CMC_LENT];
};

struct cmc_crypto {
    OSSL_LIB_CTX *lib;
    struct cmc_crypto_scratch *scratch;
    EVP_MD *md[CMC_DIGEST_COUNT];
    EVP_PKEY *curve[CMC_CURVE_COUNT]; /* domain parameters: a key is a copy of these and a point */
    EVP_PKEY_CTX *rsa;                /* makes RSA keys of their numbers */
    EVP_MAC *hmac;
};

/* point: encoded, more than one octet; NULL when it is none of the curve (spki.c). */
EVP_PKEY *cmc_make_ec(const struct cmc_crypto *c, int curve, struct cmc_slice point);

/* -- lend.c -------------------------------------------------------------------------------- */

/* The same, to be given back. */
EVP_PKEY *cmc_lend_ec(const struct cmc_crypto *c, int curve, struct cmc_slice point);
/* Lend one of another kind; it is given out as it came. NULL is. */
EVP_PKEY *cmc_lend_other(const struct cmc_crypto *c, EVP_PKEY *key);
/* NULL: it is none that is lent. */
struct cmc_lent *cmc_lent_find(const struct cmc_crypto *c, const EVP_PKEY *key);
void cmc_lent_free(struct cmc_crypto_scratch *s);

#endif
