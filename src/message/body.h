/* SPDX-License-Identifier: Apache-2.0 */
/* PKIData and PKIResponse: opening with the rules of RFC 10002 section 3.2.2, and building. */
#ifndef CMC_MESSAGE_BODY_H
#define CMC_MESSAGE_BODY_H

#include "asn1/cmc.h"
#include "base/arena.h"
#include "base/err.h"

/*
 * Decode a PKIData and check what holds for every one: body part ids unique over controls,
 * requests, cmsSequence and otherMsgSequence, and not 0 (unless lax_ids, for Dogtag's clients);
 * each control has at least one value.
 * Errors: CMC_E_INPUT with failInfo badRequest and the body part where there is one; CMC_E_LIMIT.
 */
enum cmc_rc cmc_pkidata_open(struct cmc_slice der, bool lax_ids, struct cmc_arena *arena,
                             struct cmc_pkidata *out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_pkiresponse_open(struct cmc_slice der, struct cmc_arena *arena,
                                 struct cmc_pkiresponse *out, struct cmc_err *err) CMC_MUST_USE;

/* The body part id of a request, whichever form it has. */
uint32_t cmc_tagged_request_id(const struct cmc_tagged_request *tr);

/* The first control of this type, or NULL. */
const struct cmc_tagged_attribute *cmc_control_first(const struct cmc_list *controls,
                                                     struct cmc_slice type);

/*
 * Append a control with one value of type it to a controlSequence.
 * Errors: CMC_E_MEM, or those of cmc_encode().
 */
enum cmc_rc cmc_control_add(struct cmc_arena *arena, struct cmc_list *controls, uint32_t id,
                            struct cmc_slice type, const struct cmc_item *it, const void *value,
                            struct cmc_err *err) CMC_MUST_USE;

/* Append a request (whole DER of a CertificationRequest or CertReqMsg) to a reqSequence. The
 * CRMF message must already hold id as certReqId. */
enum cmc_rc cmc_body_add_pkcs10(struct cmc_arena *arena, struct cmc_pkidata *body, uint32_t id,
                                struct cmc_slice csr, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_body_add_crmf(struct cmc_arena *arena, struct cmc_pkidata *body,
                              struct cmc_slice msg, struct cmc_err *err) CMC_MUST_USE;

/* Make the absent sequences of a body present and empty, and encode it. */
enum cmc_rc cmc_pkidata_encode(struct cmc_arena *arena, struct cmc_pkidata *body,
                               struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_pkiresponse_encode(struct cmc_arena *arena, struct cmc_pkiresponse *body,
                                   struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

#endif
