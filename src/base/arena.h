/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one request: allocate freely, free once. What a decoder hands out
 * lives here, or points into the octets that were decoded.
 */
#ifndef CMC_BASE_ARENA_H
#define CMC_BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"
#include "base/slice.h"

struct cmc_arena;

/* max: octets that may be allocated in all. Returns NULL when out of memory. */
struct cmc_arena *cmc_arena_new(size_t max);
/* Free everything (zeroising it) but keep one block, the largest of use, for the next request. */
void cmc_arena_reset(struct cmc_arena *a);
void cmc_arena_free(struct cmc_arena *a);

/*
 * Arenas that are used again, so that a request neither asks the system for memory nor gives it
 * back. For any thread: one may take an arena and another put it back.
 */
struct cmc_arena_pool;

/* max: of each arena, as above. NULL: out of memory. */
struct cmc_arena_pool *cmc_arena_pool_new(size_t max);
/* Arenas that are still out may be put back later: the last of them ends the pool. NULL is legal.
 */
void cmc_arena_pool_free(struct cmc_arena_pool *p);
struct cmc_arena *cmc_arena_pool_get(struct cmc_arena_pool *p); /* NULL: out of memory */
/* Zeroised at once. NULL is legal. */
void cmc_arena_pool_put(struct cmc_arena_pool *p, struct cmc_arena *a);

/* n zeroed octets aligned for any type, or NULL (out of memory, or above max). n == 0 is legal. */
void *cmc_arena_alloc(struct cmc_arena *a, size_t n);
/* An array; overflow of count * size is refused with NULL. */
void *cmc_arena_array(struct cmc_arena *a, size_t count, size_t size);
/* Copy octets, or a string with its NUL. NULL on failure. */
void *cmc_arena_dup(struct cmc_arena *a, const void *p, size_t n);
char *cmc_arena_strdup(struct cmc_arena *a, const char *s);
char *cmc_arena_strndup(struct cmc_arena *a, const char *s, size_t n);
/* Formatted string; NULL on failure. */
char *cmc_arena_printf(struct cmc_arena *a, const char *fmt, ...) CMC_PRINTF(2, 3);
/* Copy a slice; an absent slice stays absent. On failure returns absent. */
struct cmc_slice cmc_arena_slice(struct cmc_arena *a, struct cmc_slice s);

#endif
