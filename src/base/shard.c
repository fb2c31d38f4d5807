/* SPDX-License-Identifier: Apache-2.0 */
#include "base/shard.h"

#include <string.h>

#include "base/limit.h"

bool cmc_shard_is_template(const char *text)
{
    return text != NULL && strstr(text, CMC_SHARD_MARK) != NULL;
}

char *cmc_shard_expand(const char *text, uint32_t shard, struct cmc_arena *arena)
{
    const char *at = strstr(text, CMC_SHARD_MARK);

    return at == NULL ? cmc_arena_strdup(arena, text)
                      : cmc_arena_printf(arena, "%.*s%u%s", (int)(at - text), text, shard,
                                         at + sizeof CMC_SHARD_MARK - 1);
}

bool cmc_shard_match(const char *template, const char *text, uint32_t *shard)
{
    const char *at = strstr(template, CMC_SHARD_MARK);
    size_t n = at != NULL ? (size_t)(at - template) : 0;
    uint32_t v = 0;

    if (at == NULL || strncmp(template, text, n) != 0 || text[n] == '0')
        return false;
    for (text += n; *text >= '0' && *text <= '9' && v <= CMC_LIMIT_CRL_SHARDS; text++)
        v = v * 10 + (uint32_t)(*text - '0');
    *shard = v;
    return v > 0 && v <= CMC_LIMIT_CRL_SHARDS && strcmp(text, at + sizeof CMC_SHARD_MARK - 1) == 0;
}
