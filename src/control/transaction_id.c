/* SPDX-License-Identifier: Apache-2.0 */
/* Transaction Identifier, RFC 10002 section 6.6: an INTEGER of any size, kept as octets. */
#include "control/control.h"

/* [10002-A-m]: no range but a bound on memory. */
enum cmc_rc cmc_transaction_id_check(const void *value, struct cmc_err *err)
{
    const struct cmc_slice *id = value;

    if (id->n > CMC_LIMIT_TRANSACTION_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, "RFC 10002 section 6.6",
                        "transactionId of %zu octets is above CMC_LIMIT_TRANSACTION_OCTETS (%u)",
                        id->n, CMC_LIMIT_TRANSACTION_OCTETS);
    return CMC_OK;
}
