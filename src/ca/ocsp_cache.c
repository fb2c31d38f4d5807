/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed answers that are still good. A slot is found by a hash of the request's octets; who
 * comes later to the same slot takes it over, so that the cache needs no order and no bound but
 * its size.
 */
#include <stdlib.h>

#include "ca/ocsp_int.h"

struct slot {
    uint8_t *octets; /* owned: the request, then the answer */
    size_t request_n, answer_n;
    uint64_t generation;
    int64_t at, good_until;
};

struct ocsp_cache {
    struct slot slots[CMC_LIMIT_OCSP_CACHE];
};

struct ocsp_cache *ocsp_cache_new(void)
{
    return calloc(1, sizeof(struct ocsp_cache));
}

void ocsp_cache_free(struct ocsp_cache *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < CMC_LIMIT_OCSP_CACHE; i++)
        free(c->slots[i].octets);
    free(c);
}

/* FNV-1a. Who finds requests that share a slot gains nothing: each is compared as a whole. */
static struct slot *find(struct ocsp_cache *c, struct cmc_slice request)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < request.n; i++)
        h = (h ^ request.p[i]) * 0x100000001b3u;
    return &c->slots[(h ^ (h >> 32)) % CMC_LIMIT_OCSP_CACHE];
}

bool ocsp_cache_get(struct ocsp_cache *c, struct cmc_slice request, uint64_t generation,
                    int64_t now, struct cmc_ocsp_answer *out)
{
    const struct slot *s = find(c, request);

    if (s->octets == NULL || s->generation != generation || now < s->at ||
        now - s->at > (s->good_until - s->at) / 2 ||
        !cmc_slice_eq(cmc_slice(s->octets, s->request_n), request))
        return false;
    out->der = cmc_slice(s->octets + s->request_n, s->answer_n);
    out->at = s->at;
    out->good_until = s->good_until;
    out->generation = generation;
    out->shared = true;
    return true;
}

void ocsp_cache_put(struct ocsp_cache *c, struct cmc_slice request, uint64_t generation,
                    const struct cmc_ocsp_answer *answer)
{
    struct slot *s = find(c, request);
    uint8_t *octets;

    if (request.n + answer->der.n > CMC_LIMIT_OCSP_CACHED_OCTETS)
        return;
    octets = malloc(request.n + answer->der.n);
    if (octets == NULL)
        return; /* the answer is none the worse */
    memcpy(octets, request.p, request.n);
    memcpy(octets + request.n, answer->der.p, answer->der.n);
    free(s->octets);
    *s = (struct slot){.octets = octets,
                       .request_n = request.n,
                       .answer_n = answer->der.n,
                       .generation = generation,
                       .at = answer->at,
                       .good_until = answer->good_until};
}
