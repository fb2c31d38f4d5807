/* SPDX-License-Identifier: Apache-2.0 */
/* A set of octet strings in an arena: is this one there already? */
#ifndef CMC_BASE_SLICE_SET_H
#define CMC_BASE_SLICE_SET_H

#include "base/arena.h"
#include "base/slice.h"

/* Zeroed: empty. What is in it is borrowed, and must stay. */
struct cmc_slice_set {
    struct cmc_slice *slots; /* room of them, a power of two; absent ones are free */
    size_t n, room;
};

bool cmc_slice_set_has(const struct cmc_slice_set *s, struct cmc_slice v);
/* v must be present. False: no memory. One that is there is not added again. */
bool cmc_slice_set_add(struct cmc_slice_set *s, struct cmc_slice v, struct cmc_arena *arena);

#endif
