/* SPDX-License-Identifier: Apache-2.0 */
/* A few lines that say what a message is, before all of its fields. */
#ifndef CMC_TOOL_SUMMARY_H
#define CMC_TOOL_SUMMARY_H

#include "asn1/cmc.h"
#include "message/status.h"
#include "tool/tool.h"

struct tool_summary {
    struct tool *t;
    struct cmc_buf *out;
    unsigned int indent;
};

/* Each takes a decoded value of the type in its name. Errors stick in the buffer. */
void tool_summary_content(struct tool_summary *s, const void *content_info);
void tool_summary_cert(struct tool_summary *s, const void *cert);
void tool_summary_csr(struct tool_summary *s, const void *csr);
void tool_summary_crl(struct tool_summary *s, const void *crl);
void tool_summary_crmf(struct tool_summary *s, const void *cert_req_msg);
void tool_summary_crmf_list(struct tool_summary *s, const void *cert_req_messages);
void tool_summary_pkidata(struct tool_summary *s, const void *pkidata);
void tool_summary_pkiresponse(struct tool_summary *s, const void *pkiresponse);

/* "failed badRequest, body part 3: text" without a newline. */
void tool_outcome_text(struct cmc_buf *b, const struct cmc_outcome *o);

#endif
