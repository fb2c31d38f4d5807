/* SPDX-License-Identifier: Apache-2.0 */
/* Small secrets at rest: AES-256-GCM under a key that is kept elsewhere. */
#ifndef CMC_CRYPTO_SEAL_H
#define CMC_CRYPTO_SEAL_H

#include "crypto/crypto.h"

#define CMC_SEAL_KEY_OCTETS 32

/*
 * Seal plain under key: one octet of version (1), 12 of a random nonce, the ciphertext, 16 of the
 * tag. bound is not stored, but must be the same when it is opened: what the value belongs to.
 * *out points into the arena.
 */
enum cmc_rc cmc_seal(const struct cmc_crypto *c, const uint8_t key[CMC_SEAL_KEY_OCTETS],
                     struct cmc_slice bound, struct cmc_slice plain, struct cmc_arena *arena,
                     struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;
/* Errors: CMC_E_CRYPTO (another key, another bound, or tampered with). */
enum cmc_rc cmc_unseal(const struct cmc_crypto *c, const uint8_t key[CMC_SEAL_KEY_OCTETS],
                       struct cmc_slice bound, struct cmc_slice sealed, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

#endif
