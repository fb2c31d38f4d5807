/* SPDX-License-Identifier: Apache-2.0 */
/* Sender Nonce and Recipient Nonce, RFC 10002 section 6.6. */
#include "control/control.h"

enum cmc_rc cmc_nonce_check(const void *value, struct cmc_err *err)
{
    const struct cmc_slice *nonce = value;

    if (nonce->n == 0)
        return cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 6.6", "a nonce without octets");
    if (nonce->n > CMC_LIMIT_NONCE_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, "RFC 10002 section 6.6",
                        "nonce of %zu octets is above CMC_LIMIT_NONCE_OCTETS (%u)", nonce->n,
                        CMC_LIMIT_NONCE_OCTETS);
    return CMC_OK;
}
