/* SPDX-License-Identifier: Apache-2.0 */
/* CMC status: names, and the status controls of a response (RFC 10002 section 6.1). */
#ifndef CMC_MESSAGE_STATUS_H
#define CMC_MESSAGE_STATUS_H

#include "asn1/cmc.h"
#include "base/arena.h"
#include "base/err.h"

/* "success", "failed", ...; "badAlg", ...; or "unknown". Static. */
const char *cmc_status_name(uint32_t status);
const char *cmc_fail_info_name(uint32_t fail_info);

/* One outcome, before it is written and after it is read. */
struct cmc_outcome {
    uint32_t status;            /* enum cmc_status */
    int fail_info;              /* enum cmc_fail_info, or CMC_FAIL_INFO_NONE */
    const uint32_t *body_parts; /* at least one; 0 names the whole message */
    size_t nbody_parts;
    struct cmc_slice text;       /* statusString, UTF-8; may be absent */
    struct cmc_slice pend_token; /* absent: no pendInfo */
    int64_t pend_time;
};

/*
 * Append statusInfoV2 for the outcome, and statusInfo v1 too when v1 is set. *next_id is the
 * next free body part id and is advanced.
 */
enum cmc_rc cmc_status_add(struct cmc_arena *arena, struct cmc_list *controls,
                           const struct cmc_outcome *o, bool v1, uint32_t *next_id,
                           struct cmc_err *err) CMC_MUST_USE;

/*
 * Read every status control (V2 and v1) of a response into an array in the arena, in order.
 * V1 controls whose V2 twin is there are left out.
 */
enum cmc_rc cmc_status_read(struct cmc_arena *arena, const struct cmc_list *controls,
                            struct cmc_outcome **out, size_t *n, struct cmc_err *err) CMC_MUST_USE;

#endif
