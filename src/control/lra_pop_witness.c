/* SPDX-License-Identifier: Apache-2.0 */
/* RA POP Witness, RFC 10002 section 6.8: an RA has seen the proof of possession itself. */
#include "control/control.h"

enum cmc_rc cmc_lra_pop_witness_check(const void *value, struct cmc_err *err)
{
    const struct cmc_lra_pop_witness *w = value;

    if (w->body_ids.n == 0)
        return cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 6.8",
                        "lraPOPWitness names no certification request");
    return CMC_OK;
}
