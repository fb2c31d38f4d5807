/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dogtag's shared token: a shared secret encrypted to the CA's issuance protection certificate
 * (RSA), in the form that Dogtag keeps for each user. SEQUENCE { OCTET STRING wrapped session key,
 * OCTET STRING encrypted secret }, AES-128-CBC with a fixed IV; the session key is used once.
 */
#ifndef CMC_CMS_SHARED_TOKEN_H
#define CMC_CMS_SHARED_TOKEN_H

#include "crypto/cipher.h"

/* The token for a secret, DER into the arena. Errors: CMC_E_USAGE (no RSA key), CMC_E_CRYPTO. */
enum cmc_rc cmc_shared_token_seal(const struct cmc_crypto *c, EVP_PKEY *key, bool oaep,
                                  struct cmc_slice secret, struct cmc_arena *arena,
                                  struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/* Does this look like one: two OCTET STRINGs, and no more? */
bool cmc_is_shared_token(struct cmc_slice der, struct cmc_arena *arena);

/*
 * The secret in a token, with the CA's private key; both paddings are tried.
 * Errors: CMC_E_INPUT (no such structure), CMC_E_CRYPTO (not for this key).
 */
enum cmc_rc cmc_shared_token_open(const struct cmc_crypto *c, EVP_PKEY *key, struct cmc_slice der,
                                  struct cmc_arena *arena, struct cmc_slice *out,
                                  struct cmc_err *err) CMC_MUST_USE;

#endif
