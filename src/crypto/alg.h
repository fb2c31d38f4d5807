/* SPDX-License-Identifier: Apache-2.0 */
/* The algorithm table: our name, the OID, the library's name, what goes with what. */
#ifndef CMC_CRYPTO_ALG_H
#define CMC_CRYPTO_ALG_H

#include <openssl/evp.h>

#include "asn1/pkix.h"
#include "base/arena.h"
#include "base/err.h"

enum cmc_digest_id {
    CMC_DIGEST_NONE = 0,
    CMC_DIGEST_SHA1,
    CMC_DIGEST_SHA224,
    CMC_DIGEST_SHA256,
    CMC_DIGEST_SHA384,
    CMC_DIGEST_SHA512,
    CMC_DIGEST_SHAKE256, /* 64 octets of output: what Ed448 goes with in CMS, RFC 8419 */
    CMC_DIGEST_SHA512_224,
    CMC_DIGEST_SHA512_256,
    CMC_DIGEST_COUNT
};
#define CMC_DIGEST_MAX 64

struct cmc_digest_alg {
    enum cmc_digest_id id;
    const char *name; /* "sha256" */
    const char *evp;  /* "SHA2-256" */
    const struct cmc_slice *oid;
    size_t size; /* octets of a value */
    bool weak;   /* only where an old peer forces it: SHA-1 */
};

const struct cmc_digest_alg *cmc_digest_alg(enum cmc_digest_id id);
const struct cmc_digest_alg *cmc_digest_by_oid(struct cmc_slice oid); /* NULL: unknown */
const struct cmc_digest_alg *cmc_digest_by_name(const char *name);    /* "sha256", "SHA-256" */

enum cmc_sig_scheme {
    CMC_SIG_RSA_PKCS1,
    CMC_SIG_RSA_PSS,
    CMC_SIG_ECDSA,
    CMC_SIG_ED25519,
    CMC_SIG_ED448
};

struct cmc_sig_alg {
    const char *name; /* "rsa-sha256", "rsa-pss-sha256", "ecdsa-sha256", "ed25519", "ed448" */
    enum cmc_sig_scheme scheme;
    enum cmc_digest_id digest; /* what the scheme hashes with, and what the message digest of a
                                  SignerInfo is made with: for Ed25519 SHA-512 and for Ed448
                                  SHAKE256, RFC 8419 section 3 */
    const struct cmc_slice *oid;
    const char *key_type; /* EVP key type name: "RSA", "EC", "ED25519", "ED448" */
};

const struct cmc_sig_alg *cmc_sig_by_name(const char *name);
/* What a key signs with when nothing else is said: by kind and, for EC, by curve. */
const struct cmc_sig_alg *cmc_sig_default(EVP_PKEY *key);
/* The algorithm with this scheme and digest, or NULL. */
const struct cmc_sig_alg *cmc_sig_find(enum cmc_sig_scheme scheme, enum cmc_digest_id digest);
/* True when the key is of the kind that the algorithm signs with. */
bool cmc_sig_fits(const struct cmc_sig_alg *alg, EVP_PKEY *key);

/*
 * Which algorithm an AlgorithmIdentifier names. digest is that of the SignerInfo around it, or
 * CMC_DIGEST_NONE where there is none: it completes rsaEncryption and id-ecPublicKey, and must
 * agree with the algorithm's own digest.
 * Errors: CMC_E_REFUSED with failInfo badAlg (unknown, weak, or parameters that we do not do).
 * SHA-1 is refused unless allow_weak.
 */
enum cmc_rc cmc_sig_from_algid(const struct cmc_algid *id, enum cmc_digest_id digest,
                               bool allow_weak, struct cmc_arena *arena,
                               const struct cmc_sig_alg **out, struct cmc_err *err) CMC_MUST_USE;

/* The AlgorithmIdentifier of a signature algorithm: NULL parameters for RSA PKCS#1 v1.5, full
 * parameters for PSS (salt as long as the digest), none for the others. */
enum cmc_rc cmc_sig_algid(const struct cmc_sig_alg *alg, struct cmc_arena *arena,
                          struct cmc_algid *out, struct cmc_err *err) CMC_MUST_USE;

/* The AlgorithmIdentifier of a digest: parameters absent for SHA-2 (RFC 5754), NULL for SHA-1. */
void cmc_digest_algid(enum cmc_digest_id id, struct cmc_algid *out);

#endif
