/* SPDX-License-Identifier: Apache-2.0 */
/* The file with the key that shared secrets are sealed under: 32 octets, for its owner alone. */
#ifndef CMC_SERVER_SECRETS_H
#define CMC_SERVER_SECRETS_H

#include "crypto/seal.h"

/* A new one. Errors: CMC_E_CONFLICT (it is there), CMC_E_LOCAL. */
enum cmc_rc cmc_secrets_key_make(const struct cmc_crypto *c, const char *path,
                                 struct cmc_err *err) CMC_MUST_USE;
/* Into the arena. Errors: CMC_E_LOCAL (cannot be read, or others may read it), CMC_E_USAGE (it is
 * no such key). */
enum cmc_rc cmc_secrets_key_load(const char *path, struct cmc_arena *arena, struct cmc_slice *out,
                                 struct cmc_err *err) CMC_MUST_USE;

#endif
