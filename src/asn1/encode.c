/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one encoder. It writes backwards, so that each length is known when its header is
 * written and nothing is measured twice.
 */
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/tlv.h"

#define FIRST_CAPACITY 1024u

struct enc {
    uint8_t *p; /* the octets stand at p + at .. p + cap */
    size_t at, cap;
    struct cmc_err *err;
};

static enum cmc_rc put(struct enc *e, const void *src, size_t n)
{
    if (n > e->at) {
        size_t used = e->cap - e->at;
        size_t cap = e->cap > 0 ? e->cap : FIRST_CAPACITY;
        uint8_t *p;

        while (cap - used < n) {
            if (cap > CMC_LIMIT_ARENA_OCTETS)
                return cmc_fail(e->err, CMC_E_LIMIT, NULL,
                                "encoding is above CMC_LIMIT_ARENA_OCTETS (%u)",
                                CMC_LIMIT_ARENA_OCTETS);
            cap *= 2;
        }
        p = malloc(cap);
        if (p == NULL)
            return cmc_fail(e->err, CMC_E_MEM, NULL, "no memory to encode %zu octets", cap);
        if (used > 0)
            memcpy(p + cap - used, e->p + e->at, used);
        free(e->p);
        e->p = p;
        e->cap = cap;
        e->at = cap - used;
    }
    e->at -= n;
    if (n > 0)
        memcpy(e->p + e->at, src, n);
    return CMC_OK;
}

/* Header before everything written since `end` (the value of cap - at back then). */
static enum cmc_rc put_header(struct enc *e, uint8_t first, uint32_t tag, size_t end)
{
    size_t len = e->cap - e->at - end;
    uint8_t h[16];
    size_t i = sizeof h;

    if (len < 128) {
        h[--i] = (uint8_t)len;
    } else {
        uint8_t k = 0;

        for (; len != 0; len >>= 8, k++)
            h[--i] = (uint8_t)len;
        h[--i] = 128u | k;
    }
    if (tag < 31) {
        h[--i] = (uint8_t)(first | tag);
    } else {
        h[--i] = tag & 127u;
        for (tag >>= 7; tag != 0; tag >>= 7)
            h[--i] = (uint8_t)(128u | (tag & 127u));
        h[--i] = first | 31u;
    }
    return put(e, h + i, sizeof h - i);
}

static size_t mark(const struct enc *e)
{
    return e->cap - e->at;
}

static enum cmc_rc enc_value(struct enc *e, const struct cmc_item *it, const void *v, int16_t tag);

static enum cmc_rc missing(const struct enc *e, const struct cmc_item *it, const char *what)
{
    return cmc_fail(e->err, CMC_E_BUG, NULL, "%s.%s: mandatory, but absent", it->name, what);
}

/* Is the member what "absent" looks like in C? */
static bool is_absent(const struct cmc_field *f, const void *member)
{
    struct cmc_slice s;
    struct cmc_list l;
    const void *ptr;
    uint32_t u;
    bool b;

    if ((f->flags & CMC_F_POINTER) != 0) {
        memcpy(&ptr, member, sizeof ptr);
        return ptr == NULL;
    }
    switch (f->item->kind) {
    case CMC_K_SEQUENCE_OF:
    case CMC_K_SET_OF:
        memcpy(&l, member, sizeof l);
        return l.v == NULL;
    case CMC_K_ANY:
    case CMC_K_PRIM:
        memcpy(&s, member, sizeof s);
        return s.p == NULL;
    case CMC_K_BOOLEAN:
        memcpy(&b, member, sizeof b);
        return ((f->flags & CMC_F_DEFAULT_FALSE) != 0 && !b) ||
               ((f->flags & CMC_F_DEFAULT_TRUE) != 0 && b);
    case CMC_K_UINT32:
        memcpy(&u, member, sizeof u);
        return (f->flags & (CMC_F_DEFAULT_ZERO | CMC_F_OPTIONAL)) != 0 && u == 0;
    case CMC_K_SEQUENCE:
    case CMC_K_SET:
    case CMC_K_CHOICE:
    default:
        return false;
    }
}

static enum cmc_rc enc_field(struct enc *e, const struct cmc_field *f, const void *member)
{
    const void *v = member;
    enum cmc_rc rc;
    size_t end;

    if ((f->flags & CMC_F_POINTER) != 0)
        memcpy(&v, member, sizeof v);
    if (f->tag == CMC_NO_TAG)
        return enc_value(e, f->item, v, CMC_NO_TAG);
    if ((f->flags & CMC_F_EXPLICIT) == 0)
        return enc_value(e, f->item, v, f->tag);
    end = mark(e);
    rc = enc_value(e, f->item, v, CMC_NO_TAG);
    if (rc != CMC_OK)
        return rc;
    return put_header(e, CMC_CLASS_CONTEXT | CMC_CONSTRUCTED, (uint32_t)f->tag, end);
}

static enum cmc_rc enc_fields(struct enc *e, const struct cmc_item *it, const void *v)
{
    const uint16_t absent_ok =
        CMC_F_OPTIONAL | CMC_F_DEFAULT_FALSE | CMC_F_DEFAULT_TRUE | CMC_F_DEFAULT_ZERO;
    uint32_t present = 0;

    for (size_t i = it->nfields; i-- > 0;) {
        const struct cmc_field *f = &it->fields[i];
        const void *member = (const char *)v + f->offset;
        enum cmc_rc rc;

        if (is_absent(f, member)) {
            if ((f->flags & absent_ok) == 0)
                return missing(e, it, f->name);
            continue;
        }
        rc = enc_field(e, f, member);
        if (rc != CMC_OK)
            return rc;
        present++;
    }
    return present >= it->min ? CMC_OK : missing(e, it, "every field");
}

/* X.690 section 11.6: ascending order of the encodings, the shorter padded with zero octets. */
static int der_order(const void *a, const void *b)
{
    const struct cmc_slice *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int c = n > 0 ? memcmp(x->p, y->p, n) : 0;

    if (c != 0)
        return c;
    return x->n < y->n ? -1 : x->n > y->n;
}

/* Put the n elements whose encodings stand at the front of e into DER order. */
static enum cmc_rc sort_set(struct enc *e, size_t n, size_t end)
{
    size_t len = mark(e) - end;
    struct cmc_slice *els, in;
    enum cmc_rc rc = CMC_OK;
    uint8_t *copy, *p;

    if (n < 2)
        return CMC_OK;
    els = calloc(n, sizeof *els);
    copy = malloc(len);
    if (els == NULL || copy == NULL) {
        rc = cmc_fail(e->err, CMC_E_MEM, NULL, "no memory to sort a SET OF");
        goto out;
    }
    memcpy(copy, e->p + e->at, len);
    in = cmc_slice(copy, len);
    for (size_t i = 0; i < n; i++) {
        struct cmc_tlv t;

        rc = cmc_tlv_next(&in, &t, e->err);
        if (rc != CMC_OK)
            goto out;
        els[i] = t.whole;
    }
    qsort(els, n, sizeof *els, der_order);
    p = e->p + e->at;
    for (size_t i = 0; i < n; i++) {
        memcpy(p, els[i].p, els[i].n);
        p += els[i].n;
    }
out:
    free(els);
    free(copy);
    return rc;
}

static enum cmc_rc enc_list(struct enc *e, const struct cmc_item *it, const void *v)
{
    size_t end = mark(e);
    struct cmc_list l;
    enum cmc_rc rc;

    memcpy(&l, v, sizeof l);
    if (l.n < it->min)
        return cmc_fail(e->err, CMC_E_BUG, NULL, "%s: %zu elements, at least %u needed", it->name,
                        l.n, it->min);
    for (size_t i = l.n; i-- > 0;) {
        rc = enc_value(e, it->of, (const char *)l.v + i * it->of->size, CMC_NO_TAG);
        if (rc != CMC_OK)
            return rc;
    }
    return it->kind == CMC_K_SET_OF ? sort_set(e, l.n, end) : CMC_OK;
}

static enum cmc_rc enc_uint32(struct enc *e, uint32_t u)
{
    uint8_t b[5] = {0, (uint8_t)(u >> 24), (uint8_t)(u >> 16), (uint8_t)(u >> 8), (uint8_t)u};
    size_t i = 0;

    while (i < 4 && b[i] == 0 && (b[i + 1] & 0x80) == 0)
        i++;
    return put(e, b + i, 5 - i);
}

static enum cmc_rc enc_choice(struct enc *e, const struct cmc_item *it, const void *v)
{
    struct cmc_slice s;
    int which;

    if (it->raw != CMC_NO_RAW) {
        memcpy(&s, (const char *)v + it->raw, sizeof s);
        if (s.p != NULL)
            return put(e, s.p, s.n);
    }
    memcpy(&which, v, sizeof which);
    if (which < 0 || which >= (int)it->nfields)
        return missing(e, it, "alternative");
    if (is_absent(&it->fields[which], (const char *)v + it->fields[which].offset))
        return missing(e, it, it->fields[which].name);
    return enc_field(e, &it->fields[which], (const char *)v + it->fields[which].offset);
}

/* tag: context tag to use instead of the universal one (IMPLICIT), or CMC_NO_TAG. */
static enum cmc_rc enc_value(struct enc *e, const struct cmc_item *it, const void *v, int16_t tag)
{
    size_t end = mark(e);
    struct cmc_slice s;
    enum cmc_rc rc;
    uint8_t first = tag != CMC_NO_TAG ? CMC_CLASS_CONTEXT : CMC_CLASS_UNIVERSAL;
    uint32_t number = it->universal;
    uint32_t u;
    bool b;

    switch (it->kind) {
    case CMC_K_CHOICE:
        return enc_choice(e, it, v);
    case CMC_K_ANY:
        memcpy(&s, v, sizeof s);
        return s.p != NULL ? put(e, s.p, s.n) : missing(e, it, "value");
    case CMC_K_SEQUENCE:
    case CMC_K_SET:
        if (it->raw != CMC_NO_RAW && tag == CMC_NO_TAG) {
            memcpy(&s, (const char *)v + it->raw, sizeof s);
            if (s.p != NULL)
                return put(e, s.p, s.n);
        }
        rc = enc_fields(e, it, v);
        first |= CMC_CONSTRUCTED;
        number = it->kind == CMC_K_SET ? CMC_T_SET : CMC_T_SEQUENCE;
        break;
    case CMC_K_SEQUENCE_OF:
    case CMC_K_SET_OF:
        rc = enc_list(e, it, v);
        first |= CMC_CONSTRUCTED;
        number = it->kind == CMC_K_SET_OF ? CMC_T_SET : CMC_T_SEQUENCE;
        break;
    case CMC_K_UINT32:
        memcpy(&u, v, sizeof u);
        rc = enc_uint32(e, u);
        break;
    case CMC_K_BOOLEAN:
        memcpy(&b, v, sizeof b);
        rc = put(e, b ? "\xff" : "\0", 1);
        break;
    case CMC_K_PRIM:
    default:
        memcpy(&s, v, sizeof s);
        if (s.p == NULL)
            return missing(e, it, "value");
        rc = put(e, s.p, s.n);
        break;
    }
    if (rc != CMC_OK)
        return rc;
    return put_header(e, first, tag != CMC_NO_TAG ? (uint32_t)tag : number, end);
}

enum cmc_rc cmc_encode(const struct cmc_item *it, const void *value, struct cmc_buf *out,
                       struct cmc_err *err)
{
    struct enc e = {.err = err};
    enum cmc_rc rc = enc_value(&e, it, value, CMC_NO_TAG);

    if (rc == CMC_OK) {
        cmc_buf_add(out, e.p + e.at, e.cap - e.at);
        if (!cmc_buf_ok(out))
            rc = cmc_fail(err, CMC_E_LIMIT, NULL, "%s: the output buffer is full", it->name);
    }
    free(e.p);
    return rc;
}

enum cmc_rc cmc_encode_arena(const struct cmc_item *it, const void *value, struct cmc_arena *arena,
                             struct cmc_slice *out, struct cmc_err *err)
{
    struct enc e = {.err = err};
    enum cmc_rc rc = enc_value(&e, it, value, CMC_NO_TAG);

    if (rc == CMC_OK) {
        *out = cmc_arena_slice(arena, cmc_slice(e.p + e.at, e.cap - e.at));
        if (out->p == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for %s", it->name);
    }
    free(e.p);
    return rc;
}

/*
 * The room behind the elements of a list that grew one by one, so that many do not cost the square
 * of their number. Lists are copied by assignment: of several that share it, only the one that
 * has all that was added so far may go on in place.
 */
struct cmc_list_room {
    const void *v; /* the array that it is of */
    size_t used, max;
};

static void *list_in_place(struct cmc_list *list, size_t n, size_t size)
{
    struct cmc_list_room *room = list->room;

    if (room == NULL || room->v != list->v || room->used != list->n || room->max - room->used < n)
        return NULL;
    room->used += n;
    list->n += n;
    return (char *)list->v + (list->n - n) * size;
}

void *cmc_list_add(struct cmc_arena *arena, const struct cmc_item *it, struct cmc_list *list,
                   size_t n)
{
    size_t size = it->of->size, max = list->n + n;
    void *v = list_in_place(list, n, size);

    if (v != NULL)
        return v;
    /* The first elements are mostly the only ones. */
    if (list->n > 4)
        max += list->n;
    v = cmc_arena_array(arena, max, size);
    if (v == NULL)
        return NULL;
    if (list->v != NULL)
        memcpy(v, list->v, list->n * size);
    list->v = v;
    list->n += n;
    list->room = max > list->n ? cmc_arena_alloc(arena, sizeof *list->room) : NULL;
    if (list->room != NULL)
        *list->room = (struct cmc_list_room){.v = v, .used = list->n, .max = max};
    return (char *)v + (list->n - n) * size;
}
