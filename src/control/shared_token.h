/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dogtag's shared token: a shared secret encrypted to the CA's issuance protection certificate,
 * as its CMCSharedToken writes it and its CA keeps it in LDAP.
 */
#ifndef CMC_CONTROL_SHARED_TOKEN_H
#define CMC_CONTROL_SHARED_TOKEN_H

#include "crypto/cipher.h"

/* Encrypt to an RSA public key. *der lives in the arena. Errors: CMC_E_USAGE (another key). */
enum cmc_rc cmc_shared_token_make(const struct cmc_crypto *c, EVP_PKEY *key,
                                  enum cmc_rsa_padding padding, struct cmc_slice secret,
                                  struct cmc_arena *arena, struct cmc_slice *der,
                                  struct cmc_err *err) CMC_MUST_USE;

/*
 * The secret in a token. Nothing in it is authentic: whoever has the certificate can make one.
 * Errors: CMC_E_INPUT (no such structure), CMC_E_CRYPTO (not for this key, or another padding).
 */
enum cmc_rc cmc_shared_token_open(const struct cmc_crypto *c, EVP_PKEY *key,
                                  enum cmc_rsa_padding padding, struct cmc_slice der,
                                  struct cmc_arena *arena, struct cmc_slice *secret,
                                  struct cmc_err *err) CMC_MUST_USE;

#endif
