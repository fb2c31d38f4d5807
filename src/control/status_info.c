/* SPDX-License-Identifier: Apache-2.0 */
/* CMC Status Info, V2 and v1, RFC 10002 section 6.1. */
#include "control/control.h"

/* Section 6.1.2: failInfo belongs to failed, pendInfo to pending and partial.
 * [10002-6.1.1-u3, 10002-A-ab] */
static enum cmc_rc check(uint32_t status, const struct cmc_other_status_info *oi,
                         struct cmc_err *err)
{
    if (status > CMC_STATUS_PARTIAL || status == 1)
        return cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 6.1.3", "%u is no CMCStatus", status);
    if (oi != NULL && oi->which == CMC_OI_PEND && status != CMC_STATUS_PENDING &&
        status != CMC_STATUS_PARTIAL)
        return cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 6.1.2",
                        "pendInfo with a status that is neither pending nor partial");
    return CMC_OK;
}

enum cmc_rc cmc_status_info_check(const void *value, struct cmc_err *err)
{
    const struct cmc_status_info *si = value;

    return check(si->status, si->other, err);
}

enum cmc_rc cmc_status_info_v2_check(const void *value, struct cmc_err *err)
{
    const struct cmc_status_info_v2 *si = value;

    return check(si->status, si->other, err);
}
