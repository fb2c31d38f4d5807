/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256u

void cmc_buf_init(struct cmc_buf *b, size_t max)
{
    *b = (struct cmc_buf){.max = max};
}

void cmc_buf_free(struct cmc_buf *b)
{
    if (b == NULL)
        return;
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    free(b->p);
    *b = (struct cmc_buf){.max = b->max};
}

void cmc_buf_reset(struct cmc_buf *b)
{
    b->n = 0;
    b->failed = false;
}

bool cmc_buf_ok(const struct cmc_buf *b)
{
    return !b->failed;
}

/* Room for n more octets. The old block is zeroised, so realloc() will not do. */
static bool grow_slowly(struct cmc_buf *b, size_t n)
{
    size_t cap = b->cap > 0 ? b->cap : FIRST_CAPACITY;
    uint8_t *p;

    if (b->failed)
        return false;
    if (n > b->max - b->n) {
        b->failed = true;
        return false;
    }
    if (n <= b->cap - b->n)
        return true;
    while (cap - b->n < n)
        cap *= 2;
    p = malloc(cap);
    if (p == NULL) {
        b->failed = true;
        return false;
    }
    if (b->n > 0)
        memcpy(p, b->p, b->n);
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    free(b->p);
    b->p = p;
    b->cap = cap;
    return true;
}

static inline bool grow(struct cmc_buf *b, size_t n)
{
    return (!b->failed && n <= b->cap - b->n && n <= b->max - b->n) || grow_slowly(b, n);
}

void cmc_buf_add(struct cmc_buf *b, const void *p, size_t n)
{
    if (n == 0 || !grow(b, n))
        return;
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void cmc_buf_slice(struct cmc_buf *b, struct cmc_slice s)
{
    cmc_buf_add(b, s.p, s.n);
}

void cmc_buf_str(struct cmc_buf *b, const char *s)
{
    cmc_buf_add(b, s, strlen(s));
}

void cmc_buf_byte(struct cmc_buf *b, uint8_t c)
{
    if (!grow(b, 1))
        return;
    b->p[b->n++] = c;
}

void cmc_buf_printf(struct cmc_buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!grow(b, (size_t)n + 1))
        return;
    va_start(ap, fmt);
    (void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

void cmc_buf_hex(struct cmc_buf *b, struct cmc_slice s)
{
    static const char digits[] = "0123456789abcdef";

    if (s.n > SIZE_MAX / 2 || !grow(b, 2 * s.n))
        return;
    for (size_t i = 0; i < s.n; i++) {
        b->p[b->n++] = (uint8_t)digits[s.p[i] >> 4];
        b->p[b->n++] = (uint8_t)digits[s.p[i] & 15];
    }
}

char *cmc_buf_cstr(struct cmc_buf *b)
{
    if (!grow(b, 1))
        return NULL;
    b->p[b->n] = 0;
    return (char *)b->p;
}
