/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of a CA and of those above it: which of them are the way up. */
#ifndef CMC_CA_CA_CHAIN_H
#define CMC_CA_CA_CHAIN_H

#include "crypto/crypto.h"

/*
 * Put certs (whole DERs, the CA's own first, at most CMC_LIMIT_CMS_CERTS) into order: *npath of
 * them are the path, each issued by the next one, up to a self-signed one or as far as there are
 * issuers. Behind it stand cross-certificates, which are CA certificates with the subject and the
 * key of one of the path, and what leads up from them. A path needs no root.
 * Errors: CMC_E_USAGE (a certificate is none, or has no place: *odd is its index, and the order is
 * as it was), CMC_E_MEM.
 */
enum cmc_rc cmc_ca_chain_sort(const struct cmc_crypto *c, struct cmc_slice *certs, size_t n,
                              struct cmc_arena *arena, size_t *npath, size_t *odd,
                              struct cmc_err *err) CMC_MUST_USE;

#endif
