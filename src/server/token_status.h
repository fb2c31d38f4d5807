/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the tokens with the keys of this server are there, for its status page. */
#ifndef CMC_SERVER_TOKEN_STATUS_H
#define CMC_SERVER_TOKEN_STATUS_H

#include "base/buf.h"

/* ,"tokens":[...] appended to a JSON object; nothing when no key is in a token. */
void cmc_token_status(struct cmc_buf *out);

#endif
