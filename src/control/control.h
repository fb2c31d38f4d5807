/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry: one row for each control of RFC 10002, and the checks that hold for a control
 * wherever it stands. One file for each control holds its rules; see registry.c.
 */
#ifndef CMC_CONTROL_CONTROL_H
#define CMC_CONTROL_CONTROL_H

#include "asn1/cmc.h"
#include "base/arena.h"
#include "base/err.h"

enum {
    CMC_CTL_REQUEST = 1,     /* may stand in a PKIData */
    CMC_CTL_RESPONSE = 2,    /* may stand in a PKIResponse */
    CMC_CTL_ONCE = 4,        /* at most one in a body */
    CMC_CTL_MANY_VALUES = 8, /* attrValues may hold more than one value */
    CMC_CTL_DOGTAG = 16      /* Dogtag writes the value otherwise: see cert_ref.h */
};

struct cmc_control {
    const char *name; /* "id-cmc-senderNonce" */
    const struct cmc_slice *oid;
    const struct cmc_item *item;
    unsigned int flags;
    /* Rules beyond the syntax; value is a decoded value of item. NULL: none. */
    enum cmc_rc (*check)(const void *value, struct cmc_err *err);
};

/* The row of a control, or NULL: unknown control. */
const struct cmc_control *cmc_control_find(struct cmc_slice type);
const struct cmc_control *cmc_control_rows(size_t *n);

/*
 * Decode the one value of a control into *out (zeroed, of item->size octets) and run the row's
 * check. Errors: CMC_E_INPUT or CMC_E_REFUSED with failInfo badRequest and the control's body
 * part set.
 */
enum cmc_rc cmc_control_decode(const struct cmc_tagged_attribute *ta, struct cmc_arena *arena,
                               void *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * What holds for every control of a body (where may have CMC_CTL_DOGTAG: then a value that Dogtag
 * writes otherwise is left to who processes it): known (else *unknown, a list of uint32_t body part
 * ids, grows), allowed on this side (where: CMC_CTL_REQUEST or CMC_CTL_RESPONSE), once if it is
 * CMC_CTL_ONCE, exactly one value unless CMC_CTL_MANY_VALUES, value well formed.
 * Errors: CMC_E_INPUT, CMC_E_REFUSED with failInfo badRequest and body part.
 */
enum cmc_rc cmc_controls_check(const struct cmc_list *controls, unsigned int where,
                               struct cmc_arena *arena, struct cmc_list *unknown,
                               struct cmc_err *err) CMC_MUST_USE;

/* -- per control ------------------------------------------------------------------------- */

/* revoke_request.c */
enum cmc_rc cmc_revoke_request_check(const void *value, struct cmc_err *err);
/* nonce.c */
enum cmc_rc cmc_nonce_check(const void *value, struct cmc_err *err);
/* transaction_id.c */
enum cmc_rc cmc_transaction_id_check(const void *value, struct cmc_err *err);
/* data_return.c */
enum cmc_rc cmc_data_return_check(const void *value, struct cmc_err *err);
/* lra_pop_witness.c */
enum cmc_rc cmc_lra_pop_witness_check(const void *value, struct cmc_err *err);
/* status_info.c */
enum cmc_rc cmc_status_info_check(const void *value, struct cmc_err *err);
enum cmc_rc cmc_status_info_v2_check(const void *value, struct cmc_err *err);

#endif
