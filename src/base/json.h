/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing one flat JSON object into a buffer, for log and audit lines: members in the order they
 * are added, so that the same facts give the same octets. Octets that are not UTF-8 become
 * U+FFFD. Reading JSON is jansson's.
 */
#ifndef CMC_BASE_JSON_H
#define CMC_BASE_JSON_H

#include "base/buf.h"

void cmc_json_begin(struct cmc_buf *b);
/* An absent slice (p == NULL) leaves the member out. */
void cmc_json_str(struct cmc_buf *b, const char *key, struct cmc_slice value);
/* As lower-case hex. */
void cmc_json_hex(struct cmc_buf *b, const char *key, struct cmc_slice value);
void cmc_json_int(struct cmc_buf *b, const char *key, int64_t value);
void cmc_json_end(struct cmc_buf *b);
/* The quoted and escaped string alone. */
void cmc_json_quote(struct cmc_buf *b, struct cmc_slice value);

#endif
