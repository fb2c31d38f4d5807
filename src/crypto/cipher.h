/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypting content, and moving its key: AES and triple DES in CBC, RSA. */
#ifndef CMC_CRYPTO_CIPHER_H
#define CMC_CRYPTO_CIPHER_H

#include "crypto/crypto.h"

struct cmc_cipher_alg {
    const char *name; /* "aes128-cbc" */
    const char *evp;
    const struct cmc_slice *oid;
    size_t key_octets, iv_octets;
    bool weak; /* only what old peers sent: not for making */
};

const struct cmc_cipher_alg *cmc_cipher_by_name(const char *name); /* NULL: unknown */
/* Errors: CMC_E_REFUSED with failInfo badAlg. */
enum cmc_rc cmc_cipher_from_algid(const struct cmc_algid *id, const struct cmc_cipher_alg **out,
                                  struct cmc_err *err) CMC_MUST_USE;
/* The AlgorithmIdentifier of a CBC cipher: its parameter is the IV as OCTET STRING. */
enum cmc_rc cmc_cipher_algid(const struct cmc_cipher_alg *alg, struct cmc_slice iv,
                             struct cmc_arena *arena, struct cmc_algid *out,
                             struct cmc_err *err) CMC_MUST_USE;
/* The IV in it. Errors: CMC_E_INPUT with failInfo badRequest. */
enum cmc_rc cmc_cipher_iv(const struct cmc_cipher_alg *alg, const struct cmc_algid *id,
                          struct cmc_arena *arena, struct cmc_slice *iv,
                          struct cmc_err *err) CMC_MUST_USE;

enum cmc_cipher_direction { CMC_DECRYPT = 0, CMC_ENCRYPT = 1 };

/*
 * Encrypt or decrypt data whole into the arena. padding: PKCS#7 as RFC 5652 section 6.3 has it;
 * without it data must be a multiple of the block. key and iv have the cipher's sizes.
 * Errors: CMC_E_CRYPTO (padding wrong, or not whole blocks), CMC_E_USAGE (sizes).
 */
enum cmc_rc cmc_cipher(const struct cmc_crypto *c, const struct cmc_cipher_alg *alg,
                       enum cmc_cipher_direction direction, struct cmc_slice key,
                       struct cmc_slice iv, bool padding, struct cmc_slice data,
                       struct cmc_arena *arena, struct cmc_slice *out,
                       struct cmc_err *err) CMC_MUST_USE;

/* How RSA carries a key. OAEP: MGF1 with the same digest, empty label. */
enum cmc_rsa_padding { CMC_RSA_PKCS1_V15, CMC_RSA_OAEP_SHA1, CMC_RSA_OAEP_SHA256 };

enum cmc_rc cmc_rsa_encrypt(const struct cmc_crypto *c, EVP_PKEY *key, enum cmc_rsa_padding padding,
                            struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *out,
                            struct cmc_err *err) CMC_MUST_USE;
/* Errors: CMC_E_CRYPTO (not for this key, or another padding), CMC_E_USAGE (no RSA key). */
enum cmc_rc cmc_rsa_decrypt(const struct cmc_crypto *c, EVP_PKEY *key, enum cmc_rsa_padding padding,
                            struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *out,
                            struct cmc_err *err) CMC_MUST_USE;

#endif
