/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Printing: octet 0 of the input names the type, the rest is its encoding. The text is UTF-8
 * without control characters, ends with a newline, and its size is bounded by the input's.
 */
#include "fuzz.h"

#include "../items.h"
#include "asn1/codec.h"

#define ARENA_OCTETS (64u * 1024u * 1024u)
#define TEXT_OCTETS  (64u * 1024u * 1024u)

static void check_text(struct cmc_slice s)
{
    PROMISE(s.n > 0 && s.p[s.n - 1] == '\n');
    while (s.n > 0) {
        uint32_t cp;
        size_t n = cmc_utf8_next(s, &cp);

        PROMISE(n > 0);
        PROMISE(cp == '\n' || (cp >= 0x20 && cp < 0x7f) || cp >= 0xa0);
        PROMISE(!(cp >= 0x202a && cp <= 0x202e) && !(cp >= 0x2066 && cp <= 0x2069));
        s.p += n;
        s.n -= n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cmc_item *it;
    struct cmc_arena *arena;
    struct cmc_buf buf;
    void *v;

    if (size == 0)
        return 0;
    it = all_items[data[0] % ALL_ITEMS];
    arena = cmc_arena_new(ARENA_OCTETS);
    PROMISE(arena != NULL);
    cmc_buf_init(&buf, TEXT_OCTETS);
    v = cmc_arena_alloc(arena, it->size);
    PROMISE(v != NULL);
    if (cmc_decode(it, cmc_slice(data + 1, size - 1), arena, v, NULL) == CMC_OK &&
        cmc_item_print(it, v, arena, 0, &buf, NULL) == CMC_OK)
        check_text(cmc_buf_get0(&buf));
    cmc_buf_free(&buf);
    cmc_arena_free(arena);
    return 0;
}
