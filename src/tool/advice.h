/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about a status of the server's: one line for each failInfo and CMCStatus. */
#ifndef CMC_TOOL_ADVICE_H
#define CMC_TOOL_ADVICE_H

#include "message/status.h"

/* What the operator of the client does next; NULL when there is nothing to do. Static. */
const char *tool_advice(const struct cmc_outcome *o);

/* The exit code that an outcome leads to: enum tool_exit. */
int tool_outcome_exit(const struct cmc_outcome *o);

/* "badRequest", or for a number without a name "failInfo 1234": into buf, which is given back. */
const char *tool_fail_info_text(int fail_info, char *buf, size_t size);

#endif
