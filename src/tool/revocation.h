/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons and dates of revocation as people write them. */
#ifndef CMC_TOOL_REVOCATION_H
#define CMC_TOOL_REVOCATION_H

#include "tool/tool.h"

/*
 * A CRLReason (RFC 5280 section 5.3.1) by name or number; "hold" is certificateHold, "release"
 * is removeFromCRL. Case and dashes do not count. Errors: CMC_E_USAGE names those there are.
 */
enum cmc_rc tool_reason(struct tool *t, const char *text, uint32_t *reason) CMC_MUST_USE;
const char *tool_reason_name(uint32_t reason);

/*
 * "2026-11-21", "2026-11-21T10:00:00Z", "20261121100000Z": seconds since 1970, in UTC.
 * Errors: CMC_E_USAGE.
 */
enum cmc_rc tool_date(struct tool *t, const char *text, int64_t *at) CMC_MUST_USE;

#endif
