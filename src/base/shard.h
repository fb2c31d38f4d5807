/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and URLs of CRLs that there are many of: "/ca-{shard}.crl", shards counted from 1. */
#ifndef CMC_BASE_SHARD_H
#define CMC_BASE_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define CMC_SHARD_MARK "{shard}"

/* Has the text a place for the number? NULL has none. */
bool cmc_shard_is_template(const char *text);
/* The text with the number in its place, in the arena; NULL: no memory. */
char *cmc_shard_expand(const char *text, uint32_t shard, struct cmc_arena *arena);
/* Is it what the template makes of a number, 1 to CMC_LIMIT_CRL_SHARDS? */
bool cmc_shard_match(const char *template, const char *text, uint32_t *shard);

#endif
