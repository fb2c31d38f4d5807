/* SPDX-License-Identifier: Apache-2.0 */
/* BER to DER: what comes out is DER, stays as it is, and is not longer than what went in. */
#include "fuzz.h"

#include "asn1/tlv.h"

#define ARENA_OCTETS (256u * 1024u * 1024u)

/* Every TLV in it, down to the primitives, reads as DER. */
static void walk(struct cmc_slice in, unsigned int depth)
{
    PROMISE(depth <= CMC_LIMIT_ASN1_DEPTH);
    while (in.n > 0) {
        struct cmc_tlv t;

        PROMISE(cmc_tlv_next(&in, &t, NULL) == CMC_OK);
        if (t.constructed)
            walk(t.content, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cmc_arena *arena = cmc_arena_new(ARENA_OCTETS);
    struct cmc_slice in = cmc_slice(data, size), der, again;
    struct cmc_err err;
    size_t len = 0;

    PROMISE(arena != NULL);
    if (cmc_ber_to_der(in, arena, &der, &err) == CMC_OK) {
        PROMISE(der.n <= size);
        walk(der, 0);
        PROMISE(cmc_ber_to_der(der, arena, &again, &err) == CMC_OK);
        PROMISE(again.p == der.p && again.n == der.n);
        PROMISE(cmc_ber_frame(der, &len, &err) == CMC_OK && len == der.n);
    } else {
        PROMISE(err.text[0] != '\0');
    }
    /* A frame is known from a few octets or not at all, and never changes with more of them. */
    if (size > 0 && cmc_ber_frame(in, &len, NULL) == CMC_OK && len != 0) {
        size_t shorter = 0;

        PROMISE(cmc_ber_frame(cmc_slice(data, size - 1), &shorter, NULL) == CMC_OK);
        PROMISE(shorter == 0 || shorter == len);
    }
    cmc_arena_free(arena);
    return 0;
}
