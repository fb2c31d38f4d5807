/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BLOCK 16384u
/* A block above this was an exception; it is not kept for what comes next. */
#define KEEP_MAX (1024u * 1024u)

/* What is not used is zero: it comes so, and is made so again. */
struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) unsigned char data[];
};

struct cmc_arena {
    struct block *head; /* the newest, which is the largest but where one value was larger still */
    size_t total, max;
    struct cmc_arena *next; /* in a pool */
};

/* More than these are freed when they are put back. */
#define POOL_KEEPS 64u

struct cmc_arena_pool {
    pthread_mutex_t lock;
    struct cmc_arena *first;
    unsigned int n, out; /* here, and in use */
    bool ended;          /* by its owner */
    size_t max;
};

static struct block *block_new(size_t size)
{
    struct block *b = calloc(1, sizeof *b + size);

    if (b != NULL)
        b->size = size;
    return b;
}

/*
 * A request may hold a passphrase or a shared secret: never leave it in freed memory.
 * explicit_bzero() is no more left out by a compiler than OPENSSL_cleanse(), and a tenth of the
 * time where there is much.
 */
static void block_clear(struct block *b)
{
    explicit_bzero(b->data, b->used);
    b->used = 0;
}

static void block_free(struct block *b)
{
    block_clear(b);
    free(b);
}

struct cmc_arena *cmc_arena_new(size_t max)
{
    struct cmc_arena *a = calloc(1, sizeof *a);

    if (a == NULL)
        return NULL;
    a->max = max;
    a->head = block_new(FIRST_BLOCK);
    if (a->head == NULL) {
        free(a);
        return NULL;
    }
    return a;
}

void cmc_arena_reset(struct cmc_arena *a)
{
    struct block *b, *next;

    if (a == NULL)
        return;
    while (a->head->next != NULL && a->head->size > KEEP_MAX) {
        b = a->head;
        a->head = b->next;
        block_free(b);
    }
    for (b = a->head->next; b != NULL; b = next) {
        next = b->next;
        block_free(b);
    }
    a->head->next = NULL;
    block_clear(a->head);
    a->total = 0;
}

void cmc_arena_free(struct cmc_arena *a)
{
    if (a == NULL)
        return;
    cmc_arena_reset(a);
    block_free(a->head);
    free(a);
}

void *cmc_arena_alloc(struct cmc_arena *a, size_t n)
{
    const size_t align = alignof(max_align_t);
    size_t need = n == 0 ? align : (n + align - 1) / align * align;
    struct block *b = a->head;
    void *p;

    if (need < n || need > a->max - a->total)
        return NULL;
    if (need > b->size - b->used) {
        size_t size = b->size * 2 > need ? b->size * 2 : need;

        b = block_new(size);
        if (b == NULL)
            return NULL;
        b->next = a->head;
        a->head = b;
    }
    p = b->data + b->used;
    b->used += need;
    a->total += need;
    return p;
}

void *cmc_arena_array(struct cmc_arena *a, size_t count, size_t size)
{
    size_t n;

    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    return cmc_arena_alloc(a, n);
}

void *cmc_arena_dup(struct cmc_arena *a, const void *p, size_t n)
{
    void *q = cmc_arena_alloc(a, n);

    if (q != NULL && n > 0)
        memcpy(q, p, n);
    return q;
}

char *cmc_arena_strndup(struct cmc_arena *a, const char *s, size_t n)
{
    char *q = cmc_arena_alloc(a, n + 1);

    if (q != NULL && n > 0)
        memcpy(q, s, n);
    return q;
}

char *cmc_arena_strdup(struct cmc_arena *a, const char *s)
{
    return cmc_arena_strndup(a, s, strlen(s));
}

char *cmc_arena_printf(struct cmc_arena *a, const char *fmt, ...)
{
    va_list ap;
    char *s = NULL;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    s = cmc_arena_alloc(a, (size_t)n + 1);
    if (s == NULL)
        return NULL;
    va_start(ap, fmt);
    (void)vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}

struct cmc_slice cmc_arena_slice(struct cmc_arena *a, struct cmc_slice s)
{
    if (s.p == NULL)
        return CMC_SLICE_NONE;
    s.p = cmc_arena_dup(a, s.p, s.n);
    if (s.p == NULL)
        s.n = 0;
    return s;
}

/* -- pools ------------------------------------------------------------------------------- */

struct cmc_arena_pool *cmc_arena_pool_new(size_t max)
{
    struct cmc_arena_pool *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    (void)pthread_mutex_init(&p->lock, NULL);
    p->max = max;
    return p;
}

static void pool_destroy(struct cmc_arena_pool *p)
{
    while (p->first != NULL) {
        struct cmc_arena *a = p->first;

        p->first = a->next;
        cmc_arena_free(a);
    }
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

void cmc_arena_pool_free(struct cmc_arena_pool *p)
{
    bool last;

    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->ended = true;
    last = p->out == 0;
    (void)pthread_mutex_unlock(&p->lock);
    if (last)
        pool_destroy(p);
}

struct cmc_arena *cmc_arena_pool_get(struct cmc_arena_pool *p)
{
    struct cmc_arena *a;

    (void)pthread_mutex_lock(&p->lock);
    a = p->first;
    if (a != NULL) {
        p->first = a->next;
        p->n--;
    }
    p->out++;
    (void)pthread_mutex_unlock(&p->lock);
    if (a == NULL)
        a = cmc_arena_new(p->max);
    if (a == NULL) {
        (void)pthread_mutex_lock(&p->lock);
        p->out--;
        (void)pthread_mutex_unlock(&p->lock);
    }
    return a;
}

void cmc_arena_pool_put(struct cmc_arena_pool *p, struct cmc_arena *a)
{
    bool kept, last;

    if (a == NULL)
        return;
    cmc_arena_reset(a);
    (void)pthread_mutex_lock(&p->lock);
    kept = p->n < POOL_KEEPS;
    if (kept) {
        a->next = p->first;
        p->first = a;
        p->n++;
    }
    p->out--;
    last = p->ended && p->out == 0;
    (void)pthread_mutex_unlock(&p->lock);
    if (!kept)
        cmc_arena_free(a);
    if (last)
        pool_destroy(p);
}
