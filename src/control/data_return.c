/* SPDX-License-Identifier: Apache-2.0 */
/* Data Return, RFC 10002 section 6.4: given back unchanged. */
#include "control/control.h"

enum cmc_rc cmc_data_return_check(const void *value, struct cmc_err *err)
{
    const struct cmc_slice *data = value;

    if (data->n > CMC_LIMIT_DATA_RETURN_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, "RFC 10002 section 6.4",
                        "dataReturn of %zu octets is above CMC_LIMIT_DATA_RETURN_OCTETS (%u)",
                        data->n, CMC_LIMIT_DATA_RETURN_OCTETS);
    return CMC_OK;
}
