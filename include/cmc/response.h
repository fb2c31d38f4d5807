/* SPDX-License-Identifier: Apache-2.0 */
/* What came back, and whether to believe it (RFC 10002 section 4). */
#ifndef CMC_RESPONSE_H
#define CMC_RESPONSE_H

#include <cmc/request.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cmcl_response;

/* Do not insist that the responder's certificate is for CMC (id-kp-cmcCA, section 9.1) or itself an
 * anchor. */
#define CMCL_TRUST_NO_EKU 1u
/* Believe without an anchor: signatures are checked, who made them is not. */
#define CMCL_TRUST_ANYBODY 2u

/*
 * Read an answer of any form, told by its octets: Full PKI Response, Simple PKI Response
 * (certs-only) or a bare certificate. Of a full one these are checked: each signature, the path of
 * its certificate to an anchor, its extended key usage, and with rq (as last built; NULL: left out)
 * recipientNonce and transactionId. The other forms are not signed: what they hold is checked by
 * cmcl_response_get0_cert_for().
 *
 * body: copied. anchors: trusted CAs, copied; NULL only with CMCL_TRUST_ANYBODY.
 * Errors: CMCL_E_INPUT, CMCL_E_CRYPTO, CMCL_E_REFUSED, CMCL_E_USAGE, CMCL_E_MEM. That the server
 * refused what was asked is no error here: see the status.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_response_open(struct cmcl_context *ctx, const void *body, size_t n,
                                            const struct cmcl_request *rq,
                                            const struct cmcl_certs *anchors, unsigned int flags,
                                            struct cmcl_response **out) CMCL_MUST_USE;
CMCL_PUBLIC void cmcl_response_free(struct cmcl_response *r);

/* 1 for a Full PKI Response, which has outcomes; 0 for the forms that are certificates only. */
CMCL_PUBLIC int cmcl_response_is_full(const struct cmcl_response *r);

/* The worst status in it (enum cmcl_status, or another number that was sent); success when there
 * is none. */
CMCL_PUBLIC uint32_t cmcl_response_status(const struct cmcl_response *r);

/*
 * The outcomes, one for each status control (section 6.1), counted from 0. Of an outcome:
 * status: as above. fail_info: enum cmcl_fail_info or another number that was sent.
 * text: statusString, or "" when there is none, up to its first NUL; the server's words, so escape
 *   control characters before they reach a terminal. Borrowed.
 * body_parts: *n ids of what it is about; the one id 0 is the whole message. Borrowed.
 * Where there is no outcome i: failed, CMCL_FAIL_NONE, "", NULL.
 */
CMCL_PUBLIC size_t cmcl_response_outcome_count(const struct cmcl_response *r);
CMCL_PUBLIC uint32_t cmcl_response_outcome_status(const struct cmcl_response *r, size_t i);
CMCL_PUBLIC int cmcl_response_outcome_fail_info(const struct cmcl_response *r, size_t i);
CMCL_PUBLIC const char *cmcl_response_outcome_get0_text(const struct cmcl_response *r, size_t i);
CMCL_PUBLIC const uint32_t *cmcl_response_outcome_get0_body_parts(const struct cmcl_response *r,
                                                                  size_t i, size_t *n);

/* All certificates of the message, unchecked; DER, *n octets, NULL when there is none. Borrowed. */
CMCL_PUBLIC size_t cmcl_response_cert_count(const struct cmcl_response *r);
CMCL_PUBLIC const uint8_t *cmcl_response_get0_cert(const struct cmcl_response *r, size_t i,
                                                   size_t *n);

/*
 * The certificate that carries the key of csr, DER, borrowed. Its path to an anchor is checked,
 * unless the response was opened without anchors.
 * Errors: CMCL_E_REFUSED (there is none, or it has no path), CMCL_E_MEM.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_response_get0_cert_for(struct cmcl_response *r,
                                                     const struct cmcl_csr *csr,
                                                     const uint8_t **der, size_t *n) CMCL_MUST_USE;

/* The octets of dataReturn (section 6.4), *n of them, or NULL. Borrowed. */
CMCL_PUBLIC const uint8_t *cmcl_response_get0_data_return(const struct cmcl_response *r, size_t *n);

#ifdef __cplusplus
}
#endif

#endif
