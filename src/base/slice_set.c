/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with FNV-1a. Whoever can choose what goes in can make it slow, never wrong. */
#include "base/slice_set.h"

#define FIRST_ROOM 64u

static size_t hash_of(struct cmc_slice v)
{
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < v.n; i++)
        h = (h ^ v.p[i]) * 1099511628211u;
    return (size_t)(h ^ (h >> 32));
}

/* The slot where v is, or where it would be. */
static struct cmc_slice *place(struct cmc_slice *slots, size_t room, struct cmc_slice v)
{
    size_t i = hash_of(v) & (room - 1);

    while (slots[i].p != NULL && !cmc_slice_eq(slots[i], v))
        i = (i + 1) & (room - 1);
    return &slots[i];
}

bool cmc_slice_set_has(const struct cmc_slice_set *s, struct cmc_slice v)
{
    return s->n > 0 && place(s->slots, s->room, v)->p != NULL;
}

static bool grow(struct cmc_slice_set *s, struct cmc_arena *arena)
{
    size_t room = s->room > 0 ? 2 * s->room : FIRST_ROOM;
    struct cmc_slice *slots = cmc_arena_array(arena, room, sizeof *slots);

    if (slots == NULL)
        return false;
    for (size_t i = 0; i < s->room; i++) {
        if (s->slots[i].p != NULL)
            *place(slots, room, s->slots[i]) = s->slots[i];
    }
    s->slots = slots;
    s->room = room;
    return true;
}

bool cmc_slice_set_add(struct cmc_slice_set *s, struct cmc_slice v, struct cmc_arena *arena)
{
    struct cmc_slice *at;

    if (2 * s->n >= s->room && !grow(s, arena))
        return false;
    at = place(s->slots, s->room, v);
    s->n += at->p == NULL;
    *at = v;
    return true;
}
