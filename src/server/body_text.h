/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that come as text: a form of Dogtag's pages, base64 of EST; and answers in base64. */
#ifndef CMC_SERVER_BODY_TEXT_H
#define CMC_SERVER_BODY_TEXT_H

#include "base/buf.h"

#define CMC_MEDIA_FORM "application/x-www-form-urlencoded"

/*
 * The field cmcRequest of a form (CMCRevReq of Dogtag): base64, lines that begin with "-----" left
 * out. Errors: CMC_E_INPUT (no such field, no base64).
 */
enum cmc_rc cmc_body_from_form(struct cmc_slice body, struct cmc_buf *out,
                               struct cmc_err *err) CMC_MUST_USE;
/* Base64, in lines or not. Errors: CMC_E_INPUT. */
enum cmc_rc cmc_body_from_base64(struct cmc_slice body, struct cmc_buf *out,
                                 struct cmc_err *err) CMC_MUST_USE;
/* Base64 in lines of 64 characters, each ended by CR LF. */
void cmc_body_to_base64(struct cmc_slice body, struct cmc_buf *out);

#endif
