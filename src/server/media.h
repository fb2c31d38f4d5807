/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media types of CMC over HTTP (RFC 10003 section 3): what a Content-Type announces, and which
 * of the answers an endpoint offers an Accept header asks for (RFC 9110 section 12.5.1).
 * Names and smime-type are compared without regard to case; name= and other parameters are
 * passed over.
 */
#ifndef CMC_SERVER_MEDIA_H
#define CMC_SERVER_MEDIA_H

#include "base/err.h"
#include "responder/responder.h"

/*
 * What a request with this Content-Type (NULL: none) is. application/pkcs7-mime without
 * smime-type is taken for a CMC request. Errors: CMC_E_REFUSED, text says what would be right.
 */
enum cmc_rc cmc_media_request(const char *content_type, enum cmc_request_type *out,
                              struct cmc_err *err) CMC_MUST_USE;

/*
 * Choose among the n answer forms on offer; accept NULL: the first. Of equally wanted ones the
 * first offered wins. "certsonly" is read as "certs-only": one vendor's manual writes it so.
 * Errors: CMC_E_REFUSED (none of them; text names what is offered), CMC_E_INPUT (malformed).
 */
enum cmc_rc cmc_media_choose(const char *accept, const enum cmc_answer_form *offer, size_t n,
                             enum cmc_answer_form *out, struct cmc_err *err) CMC_MUST_USE;

#endif
