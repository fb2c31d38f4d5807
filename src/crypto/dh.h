/* SPDX-License-Identifier: Apache-2.0 */
/* Diffie-Hellman keys of X9.42 (RFC 3279 section 2.3.3): what "DHX" is called in OpenSSL. */
#ifndef CMC_CRYPTO_DH_H
#define CMC_CRYPTO_DH_H

#include "asn1/pkix.h"
#include "crypto/crypto.h"

/*
 * The key of a SubjectPublicKeyInfo whose algorithm is dhpublicnumber. Its domain parameters may
 * be anybody's, so they are checked to be of a size that is worth it, and the public number to
 * lie in the subgroup of order q (RFC 2631 section 2.1.5). The caller frees *out.
 * Errors: CMC_E_INPUT with badRequest, CMC_E_REFUSED with badAlg (modulus outside
 * CMC_LIMIT_DH_BITS_MIN and MAX).
 */
enum cmc_rc cmc_dh_public(const struct cmc_crypto *c, const struct cmc_spki *spki,
                          struct cmc_arena *arena, EVP_PKEY **out,
                          struct cmc_err *err) CMC_MUST_USE;

#endif
