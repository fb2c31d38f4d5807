/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMC_CA_OCSP_INT_H
#define CMC_CA_OCSP_INT_H

#include "ca/ca_int.h"
#include "ca/ocsp.h"

struct ocsp_cache;
struct ocsp_cache *ocsp_cache_new(void); /* NULL: no memory */
void ocsp_cache_free(struct ocsp_cache *c);
/* *out points into the cache, until the next put. */
bool ocsp_cache_get(struct ocsp_cache *c, struct cmc_slice request, uint64_t generation,
                    int64_t now, struct cmc_ocsp_answer *out);
void ocsp_cache_put(struct ocsp_cache *c, struct cmc_slice request, uint64_t generation,
                    const struct cmc_ocsp_answer *answer);

#endif
