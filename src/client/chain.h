/* SPDX-License-Identifier: Apache-2.0 */
/* From a certificate to a trusted anchor (RFC 5280 section 6, by OpenSSL). */
#ifndef CMC_CLIENT_CHAIN_H
#define CMC_CLIENT_CHAIN_H

#include "client/client.h"

struct cmc_chain {
    struct cmc_slice *certs; /* the leaf first, the anchor last; whole DERs in the arena */
    size_t n;
};

/*
 * Find and check a path from leaf to an anchor of trust at trust->now, over any of the untrusted
 * certificates. An anchor need not be self-signed. chain may be NULL.
 * Errors: CMC_E_REFUSED (no path, expired, not a CA, ...: says which certificate and why),
 * CMC_E_INPUT (a certificate does not decode), CMC_E_MEM.
 */
enum cmc_rc cmc_chain_check(const struct cmc_crypto *c, struct cmc_slice leaf,
                            const struct cmc_slice *untrusted, size_t nuntrusted,
                            const struct cmc_trust *trust, struct cmc_arena *arena,
                            struct cmc_chain *chain, struct cmc_err *err) CMC_MUST_USE;

/*
 * May this certificate sign CMC responses: key usage digitalSignature or nonRepudiation where
 * it has one, and id-kp-cmcCA (RFC 10002 section 9.1) or itself one of the anchors.
 * Errors: CMC_E_REFUSED, CMC_E_INPUT.
 */
enum cmc_rc cmc_responder_check(struct cmc_slice cert, const struct cmc_trust *trust,
                                struct cmc_arena *arena, struct cmc_err *err) CMC_MUST_USE;

#endif
