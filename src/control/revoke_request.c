/* SPDX-License-Identifier: Apache-2.0 */
/* RevokeRequest, RFC 10002 section 6.11. */
#include "control/control.h"

enum cmc_rc cmc_revoke_request_check(const void *value, struct cmc_err *err)
{
    const struct cmc_revoke_request *rr = value;

    /* CRLReason, RFC 5280 section 5.3.1: 7 is not used, 10 is the last. */
    if (rr->reason > 10 || rr->reason == 7)
        return cmc_fail(err, CMC_E_REFUSED, "RFC 5280 section 5.3.1",
                        "reason %u is no CRLReason; use 0 to 6 or 8 to 10", rr->reason);
    return CMC_OK;
}
