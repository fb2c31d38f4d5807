/* SPDX-License-Identifier: Apache-2.0 */
/* Key agreement and what follows it: ECDH and DH, the key derivations of RFC 5753 and RFC 8418,
 * key wrap. */
#ifndef CMC_CRYPTO_AGREE_H
#define CMC_CRYPTO_AGREE_H

#include "crypto/crypto.h"

/* True for a key that can agree on a secret: EC, X25519, X448, DH of X9.42. */
bool cmc_key_agrees(EVP_PKEY *key);

/* A new key of the same kind and curve. The caller frees *out. */
enum cmc_rc cmc_key_ephemeral(const struct cmc_crypto *c, EVP_PKEY *like, EVP_PKEY **out,
                              struct cmc_err *err) CMC_MUST_USE;

/*
 * The shared secret of our private key and a peer's public one (X coordinate, what RFC 7748
 * gives, or ZZ of RFC 2631 with its leading zeros). Errors: CMC_E_CRYPTO (not of one kind and
 * curve, or the all-zero secret).
 */
enum cmc_rc cmc_agree(const struct cmc_crypto *c, EVP_PKEY *own, EVP_PKEY *peer,
                      struct cmc_arena *arena, struct cmc_slice *z,
                      struct cmc_err *err) CMC_MUST_USE;

enum cmc_kdf { CMC_KDF_X963, CMC_KDF_HKDF }; /* HKDF: without a salt */

/* n octets derived of the secret z and info. */
enum cmc_rc cmc_derive(const struct cmc_crypto *c, enum cmc_kdf kdf, enum cmc_digest_id digest,
                       struct cmc_slice z, struct cmc_slice info, size_t n, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * AES key wrap (RFC 3394) with a key of 16, 24 or 32 octets, and the way back.
 * Errors: CMC_E_CRYPTO (does not unwrap, or no multiple of 8 octets).
 */
enum cmc_rc cmc_key_wrap(const struct cmc_crypto *c, struct cmc_slice kek, struct cmc_slice key,
                         struct cmc_arena *arena, struct cmc_slice *out,
                         struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_key_unwrap(const struct cmc_crypto *c, struct cmc_slice kek,
                           struct cmc_slice wrapped, struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err) CMC_MUST_USE;

#endif
