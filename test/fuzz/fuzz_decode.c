/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every type: octet 0 of the input names it (test/items.h), the rest is its encoding. What
 * decodes is encoded, decodes again, and then comes back octet for octet.
 */
#include "fuzz.h"

#include "../items.h"
#include "asn1/codec.h"

#define ARENA_OCTETS (64u * 1024u * 1024u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cmc_item *it;
    struct cmc_arena *arena;
    struct cmc_slice first, second;
    struct cmc_err err;
    void *x, *y;

    if (size == 0)
        return 0;
    it = all_items[data[0] % ALL_ITEMS];
    arena = cmc_arena_new(ARENA_OCTETS);
    PROMISE(arena != NULL);
    x = cmc_arena_alloc(arena, it->size);
    y = cmc_arena_alloc(arena, it->size);
    PROMISE(x != NULL && y != NULL);
    if (cmc_decode(it, cmc_slice(data + 1, size - 1), arena, x, &err) == CMC_OK) {
        PROMISE(cmc_encode_arena(it, x, arena, &first, &err) == CMC_OK);
        PROMISE(cmc_decode(it, first, arena, y, &err) == CMC_OK);
        PROMISE(cmc_encode_arena(it, y, arena, &second, &err) == CMC_OK);
        PROMISE(cmc_slice_eq(first, second));
    } else {
        PROMISE(err.text[0] != '\0');
        PROMISE(err.rc == CMC_E_INPUT || err.rc == CMC_E_LIMIT || err.rc == CMC_E_MEM);
    }
    cmc_arena_free(arena);
    return 0;
}
