/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing buffer with a maximum. Errors stick: after a failure every further
 * write is ignored and cmc_buf_ok() is false, so callers check once at the end.
 */
#ifndef CMC_BASE_BUF_H
#define CMC_BASE_BUF_H

#include "base/err.h"
#include "base/slice.h"

struct cmc_buf {
    uint8_t *p;
    size_t n, cap, max;
    bool failed;
};

void cmc_buf_init(struct cmc_buf *b, size_t max);
/* Zeroise and free what the buffer holds; it may be used again after cmc_buf_init(). */
void cmc_buf_free(struct cmc_buf *b);
void cmc_buf_reset(struct cmc_buf *b);
bool cmc_buf_ok(const struct cmc_buf *b);

void cmc_buf_add(struct cmc_buf *b, const void *p, size_t n);
void cmc_buf_slice(struct cmc_buf *b, struct cmc_slice s);
void cmc_buf_str(struct cmc_buf *b, const char *s);
void cmc_buf_byte(struct cmc_buf *b, uint8_t c);
void cmc_buf_printf(struct cmc_buf *b, const char *fmt, ...) CMC_PRINTF(2, 3);
/* Lower-case hex of p. */
void cmc_buf_hex(struct cmc_buf *b, struct cmc_slice s);
/* The content with a NUL after it (not counted in n), or NULL if the buffer failed. */
char *cmc_buf_cstr(struct cmc_buf *b);

static inline struct cmc_slice cmc_buf_get0(const struct cmc_buf *b)
{
    return cmc_slice(b->p != NULL ? (const void *)b->p : "", b->n);
}

#endif
