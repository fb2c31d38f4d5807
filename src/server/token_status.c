/* SPDX-License-Identifier: Apache-2.0 */
#include "server/token_status.h"

#include "base/json.h"
#include "key/token.h"

void cmc_token_status(struct cmc_buf *out)
{
    struct cmc_token_state tokens[CMC_LIMIT_TOKENS];
    size_t n = cmc_tokens_now(tokens, CMC_LIMIT_TOKENS);

    if (n == 0)
        return;
    cmc_buf_str(out, ",\"tokens\":[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            cmc_buf_byte(out, ',');
        cmc_json_begin(out);
        cmc_json_str(out, "token", cmc_slice_str(tokens[i].label));
        cmc_json_str(out, "state", cmc_slice_str(tokens[i].away ? "away" : "there"));
        if (tokens[i].away)
            cmc_json_int(out, "since", tokens[i].since);
        cmc_json_end(out);
    }
    cmc_buf_byte(out, ']');
}
