/* SPDX-License-Identifier: Apache-2.0 */
/* A certification request that asks for another name than it has (RFC 10002 section 7.1). */
#ifndef CMC_TOOL_CHANGENAME_H
#define CMC_TOOL_CHANGENAME_H

#include "message/request.h"
#include "tool/tool.h"

struct tool_change_options {
    const char *subject, *san; /* NULL: as it is; "": none */
};

#define TOOL_CHANGE_ROWS(T, m)                                                                     \
    CMC_OPTION("change-subject", 0, STRING, "NAME", T, m.subject,                                  \
               "ask for this subject instead of the one that the request\n"                        \
               "(and the certificate that signs it) has; \"\" for none"),                          \
        CMC_OPTION("change-san", 0, STRING, "NAMES", T, m.san,                                     \
                   "ask for this subjectAltName instead; \"\" for none")

/*
 * Add changeSubjectName to p, as attribute or as control by form, if o asks for it. What o does
 * not name stays as p has it: the RFC would take it away. Errors: CMC_E_USAGE.
 */
enum cmc_rc tool_change_name(struct tool *t, const struct tool_change_options *o,
                             enum cmc_request_form form, struct cmc_request_params *p) CMC_MUST_USE;

#endif
