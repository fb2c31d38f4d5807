/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of octets. p == NULL means absent; n == 0 with p != NULL means empty. */
#ifndef CMC_BASE_SLICE_H
#define CMC_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cmc_slice {
    const uint8_t *p;
    size_t n;
};

#define CMC_SLICE_NONE ((struct cmc_slice){NULL, 0})
/* A slice over a string literal or character array constant, without its NUL. */
#define CMC_SLICE_LIT(s) ((struct cmc_slice){(const uint8_t *)(s), sizeof(s) - 1})

static inline struct cmc_slice cmc_slice(const void *p, size_t n)
{
    return (struct cmc_slice){(const uint8_t *)p, n};
}

static inline struct cmc_slice cmc_slice_str(const char *s)
{
    return (struct cmc_slice){(const uint8_t *)s, s != NULL ? strlen(s) : 0};
}

/* Not for secrets: use CRYPTO_memcmp for those. */
static inline bool cmc_slice_eq(struct cmc_slice a, struct cmc_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif
