/* SPDX-License-Identifier: Apache-2.0 */
/* Authenticated encryption of content: AES-GCM with the parameters of RFC 5084. */
#ifndef CMC_CRYPTO_AEAD_H
#define CMC_CRYPTO_AEAD_H

#include "asn1/cms.h"
#include "crypto/crypto.h"

struct cmc_aead_alg {
    const char *name; /* "aes256-gcm" */
    const char *evp;
    const struct cmc_slice *oid;
    size_t key_octets;
};

#define CMC_GCM_NONCE_OCTETS   12u
#define CMC_GCM_TAG_OCTETS     16u
#define CMC_GCM_TAG_OCTETS_MIN 12u

const struct cmc_aead_alg *cmc_aead_by_name(const char *name); /* NULL: unknown */
/*
 * The algorithm and its parameters; *tag_octets is what the sender says (12 when it says nothing).
 * Errors: CMC_E_REFUSED with failInfo badAlg, CMC_E_INPUT with badRequest.
 */
enum cmc_rc cmc_aead_from_algid(const struct cmc_algid *id, struct cmc_arena *arena,
                                const struct cmc_aead_alg **out, struct cmc_slice *nonce,
                                size_t *tag_octets, struct cmc_err *err) CMC_MUST_USE;
/* tag_octets: 12 to 16. */
enum cmc_rc cmc_aead_algid(const struct cmc_aead_alg *alg, struct cmc_slice nonce,
                           size_t tag_octets, struct cmc_arena *arena, struct cmc_algid *out,
                           struct cmc_err *err) CMC_MUST_USE;

/* Encrypt; *tag has CMC_GCM_TAG_OCTETS. aad is covered and not encrypted; it may be absent. */
enum cmc_rc cmc_aead_seal(const struct cmc_crypto *c, const struct cmc_aead_alg *alg,
                          struct cmc_slice key, struct cmc_slice nonce, struct cmc_slice aad,
                          struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *out,
                          struct cmc_slice *tag, struct cmc_err *err) CMC_MUST_USE;
/* Decrypt. Nothing is given out before the tag was verified. Errors: CMC_E_CRYPTO. */
enum cmc_rc cmc_aead_open(const struct cmc_crypto *c, const struct cmc_aead_alg *alg,
                          struct cmc_slice key, struct cmc_slice nonce, struct cmc_slice aad,
                          struct cmc_slice data, struct cmc_slice tag, struct cmc_arena *arena,
                          struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

#endif
