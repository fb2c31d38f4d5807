/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make certification requests share. */
#ifndef CMC_MESSAGE_REQUEST_INT_H
#define CMC_MESSAGE_REQUEST_INT_H

#include "message/request.h"

/* Sign octets and give the signature as BIT STRING content. */
enum cmc_rc cmc_sign_bits(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                          struct cmc_slice octets, struct cmc_arena *arena, struct cmc_slice *out,
                          struct cmc_err *err) CMC_MUST_USE;

/* id-alg-noSignature over octets: the AlgorithmIdentifier, and the value as BIT STRING content. */
enum cmc_rc cmc_no_signature(const struct cmc_crypto *c, struct cmc_slice octets,
                             struct cmc_arena *arena, struct cmc_algid *alg, struct cmc_slice *bits,
                             struct cmc_err *err) CMC_MUST_USE;

#endif
