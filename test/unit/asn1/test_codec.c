/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoder and encoder against each other: for every type, values made at random from its table
 * come back as they were; what is mandatory is asked for; lack of memory is an error.
 */
#include "helper.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../items.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"

/* -- allocations that fail on command ----------------------------------------------------- */

static int fail_after = -1; /* so many more allocations succeed; -1: all */

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool fails(void)
{
    return fail_after >= 0 && fail_after-- == 0;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

/* -- random values ------------------------------------------------------------------------ */

struct gen {
    struct cmc_arena *arena;
    uint32_t seed;
};

static uint32_t rnd(struct gen *g, uint32_t below)
{
    g->seed = g->seed * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)(g->seed >> 8) * below) >> 24);
}

static struct cmc_slice octets(struct gen *g, size_t n)
{
    uint8_t *p = cmc_arena_alloc(g->arena, n);

    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)rnd(g, 256);
    return cmc_slice(p, n);
}

static struct cmc_slice gen_prim(struct gen *g, uint16_t universal)
{
    static const char *const texts[] = {"", "a", "Chancery",
                                        "\xc3\xa5\xe2\x82\xac\xf0\x9f\x98\x80"};
    struct cmc_slice s;
    uint8_t *p;

    switch (universal) {
    case CMC_T_INTEGER:
    case CMC_T_ENUMERATED:
        s = cmc_int_from_magnitude(g->arena, octets(g, rnd(g, 21)));
        assert_non_null(s.p);
        if (rnd(g, 8) == 0)
            s = cmc_arena_slice(g->arena, CMC_SLICE_LIT("\x80\x01")); /* a negative one */
        return s;
    case CMC_T_OID:
        return cmc_oid_rows[rnd(g, (uint32_t)cmc_oid_row_count)].oid;
    case CMC_T_NULL:
        return cmc_slice("", 0);
    case CMC_T_BIT_STRING:
        s = octets(g, 1 + rnd(g, 40));
        p = cmc_arena_dup(g->arena, s.p, s.n);
        assert_non_null(p);
        p[0] = s.n > 1 ? p[0] % 8 : 0;
        return cmc_slice(p, s.n);
    case CMC_T_UTF8:
        return cmc_slice_str(texts[rnd(g, 4)]);
    case CMC_T_GENTIME:
        return cmc_gentime(g->arena, (int64_t)rnd(g, UINT32_MAX) * 50);
    case CMC_T_UTCTIME:
        s = cmc_time_tlv(g->arena, rnd(g, 0x7fffffff));
        return cmc_slice(s.p + 2, s.n - 2);
    default:
        return octets(g, rnd(g, 4) == 0 ? rnd(g, 300) : rnd(g, 9));
    }
}

/* A whole TLV for an open type, with the tag that its field or type asks for. */
static struct cmc_slice gen_any(struct gen *g, const struct cmc_item *it, const struct cmc_field *f)
{
    uint8_t *p;

    if (f != NULL && f->tag != CMC_NO_TAG && (f->flags & CMC_F_EXPLICIT) == 0) {
        p = cmc_arena_dup(g->arena, "\xa0\x02\x05\x00", 4);
        assert_non_null(p);
        p[0] = (uint8_t)(0xa0 + f->tag);
        return cmc_slice(p, 4);
    }
    if (it->universal == CMC_T_UTCTIME)
        return cmc_time_tlv(g->arena, rnd(g, UINT32_MAX));
    if (it->universal == CMC_T_SEQUENCE)
        return CMC_SLICE_LIT("\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02hi");
    assert_int_equal(it->universal, 0);
    return CMC_SLICE_LIT("\x05\x00");
}

static void gen_value(struct gen *g, const struct cmc_item *it, const struct cmc_field *f,
                      void *out);

static void gen_member(struct gen *g, const struct cmc_field *f, void *member)
{
    void *target = member;

    if ((f->flags & CMC_F_OPTIONAL) != 0 && rnd(g, 2) == 0)
        return;
    if ((f->flags & CMC_F_POINTER) != 0) {
        target = cmc_arena_alloc(g->arena, f->item->size);
        assert_non_null(target);
        memcpy(member, &target, sizeof target);
    }
    gen_value(g, f->item, f, target);
}

static void gen_value(struct gen *g, const struct cmc_item *it, const struct cmc_field *f,
                      void *out)
{
    struct cmc_list list = {0};
    struct cmc_slice s;
    uint32_t u;
    bool b;
    int which;
    char *el;

    switch (it->kind) {
    case CMC_K_SEQUENCE:
    case CMC_K_SET:
        for (size_t i = 0; i < it->nfields; i++)
            gen_member(g, &it->fields[i], (char *)out + it->fields[i].offset);
        /* Where all may be absent but not all at once. */
        if (it->min > 0)
            gen_value(g, it->fields[0].item, &it->fields[0], (char *)out + it->fields[0].offset);
        return;
    case CMC_K_CHOICE:
        which = (int)rnd(g, it->nfields);
        memcpy(out, &which, sizeof which);
        gen_value(g, it->fields[which].item, &it->fields[which],
                  (char *)out + it->fields[which].offset);
        return;
    case CMC_K_SEQUENCE_OF:
    case CMC_K_SET_OF:
        u = it->min + rnd(g, 3);
        el = cmc_list_add(g->arena, it, &list, u);
        assert_non_null(el);
        for (uint32_t i = 0; i < u; i++)
            gen_value(g, it->of, NULL, el + i * it->of->size);
        memcpy(out, &list, sizeof list);
        return;
    case CMC_K_UINT32:
        u = rnd(g, 3) == 0 ? rnd(g, UINT32_MAX) * 2 + 1 : rnd(g, 300);
        memcpy(out, &u, sizeof u);
        return;
    case CMC_K_BOOLEAN:
        b = rnd(g, 2) != 0;
        memcpy(out, &b, sizeof b);
        return;
    case CMC_K_ANY:
        s = gen_any(g, it, f);
        memcpy(out, &s, sizeof s);
        return;
    case CMC_K_PRIM:
    default:
        s = gen_prim(g, it->universal);
        assert_non_null(s.p);
        memcpy(out, &s, sizeof s);
        return;
    }
}

/* -- equality of C values ------------------------------------------------------------------ */

static bool same(const struct cmc_item *it, const void *a, const void *b);

static bool same_member(const struct cmc_field *f, const void *a, const void *b)
{
    const void *pa = a, *pb = b;

    if ((f->flags & CMC_F_POINTER) != 0) {
        memcpy(&pa, a, sizeof pa);
        memcpy(&pb, b, sizeof pb);
        if (pa == NULL || pb == NULL)
            return pa == pb;
    }
    return same(f->item, pa, pb);
}

static bool same(const struct cmc_item *it, const void *a, const void *b)
{
    struct cmc_list la, lb;
    struct cmc_slice sa, sb;
    int wa, wb;

    switch (it->kind) {
    case CMC_K_SEQUENCE:
    case CMC_K_SET:
        for (size_t i = 0; i < it->nfields; i++) {
            size_t at = it->fields[i].offset;

            if (!same_member(&it->fields[i], (const char *)a + at, (const char *)b + at))
                return false;
        }
        return true;
    case CMC_K_CHOICE:
        memcpy(&wa, a, sizeof wa);
        memcpy(&wb, b, sizeof wb);
        return wa == wb && same_member(&it->fields[wa], (const char *)a + it->fields[wa].offset,
                                       (const char *)b + it->fields[wb].offset);
    case CMC_K_SEQUENCE_OF:
    case CMC_K_SET_OF:
        memcpy(&la, a, sizeof la);
        memcpy(&lb, b, sizeof lb);
        if (la.n != lb.n || (la.v == NULL) != (lb.v == NULL))
            return false;
        /* The encoder may have put a set into another order: its octets are compared below. */
        for (size_t i = 0; it->kind == CMC_K_SEQUENCE_OF && i < la.n; i++) {
            if (!same(it->of, (const char *)la.v + i * it->of->size,
                      (const char *)lb.v + i * it->of->size))
                return false;
        }
        return true;
    case CMC_K_UINT32:
        return memcmp(a, b, sizeof(uint32_t)) == 0;
    case CMC_K_BOOLEAN:
        return memcmp(a, b, sizeof(bool)) == 0;
    case CMC_K_ANY:
    case CMC_K_PRIM:
    default:
        memcpy(&sa, a, sizeof sa);
        memcpy(&sb, b, sizeof sb);
        return (sa.p == NULL) == (sb.p == NULL) && cmc_slice_eq(sa, sb);
    }
}

static void every_type_comes_back(void **state)
{
    for (size_t t = 0; t < ALL_ITEMS; t++) {
        const struct cmc_item *it = all_items[t];

        for (uint32_t seed = 1; seed <= 60; seed++) {
            struct gen g = {.arena = *state, .seed = seed * 2654435761u};
            void *x = cmc_arena_alloc(*state, it->size), *y = cmc_arena_alloc(*state, it->size);
            struct cmc_slice first, second;
            struct cmc_err err = {0};

            assert_non_null(x);
            assert_non_null(y);
            gen_value(&g, it, NULL, x);
            if (cmc_encode_arena(it, x, *state, &first, &err) != CMC_OK)
                fail_msg("%s seed %u: encode: %s", it->name, seed, err.text);
            if (cmc_decode(it, first, *state, y, &err) != CMC_OK)
                fail_msg("%s seed %u: decode: %s", it->name, seed, err.text);
            if (!same(it, x, y))
                fail_msg("%s seed %u: another value came back", it->name, seed);
            assert_int_equal(cmc_encode_arena(it, y, *state, &second, &err), CMC_OK);
            if (!cmc_slice_eq(first, second))
                fail_msg("%s seed %u: other octets came back", it->name, seed);
            cmc_arena_reset(*state);
        }
    }
}

static void every_truncated_type_is_refused(void **state)
{
    for (size_t t = 0; t < ALL_ITEMS; t++) {
        const struct cmc_item *it = all_items[t];
        struct gen g = {.arena = *state, .seed = 77};
        void *x = cmc_arena_alloc(*state, it->size);
        struct cmc_slice der;

        assert_non_null(x);
        gen_value(&g, it, NULL, x);
        assert_int_equal(cmc_encode_arena(it, x, *state, &der, NULL), CMC_OK);
        for (size_t n = 0; n < der.n; n++) {
            uint8_t *cut = __real_malloc(n + 1);
            void *y = cmc_arena_alloc(*state, it->size);

            assert_non_null(cut);
            assert_non_null(y);
            memcpy(cut + 1, der.p, n);
            if (cmc_decode(it, cmc_slice(cut + 1, n), *state, y, NULL) != CMC_E_INPUT)
                fail_msg("%s cut to %zu of %zu octets decodes", it->name, n, der.n);
            free(cut);
        }
        cmc_arena_reset(*state);
    }
}

/* Without a mandatory field the encoder refuses, and names it. */
static void every_mandatory_field_is_asked_for(void **state)
{
    const uint16_t may_be_absent =
        CMC_F_OPTIONAL | CMC_F_DEFAULT_FALSE | CMC_F_DEFAULT_TRUE | CMC_F_DEFAULT_ZERO;
    unsigned int tried = 0;

    for (size_t t = 0; t < ALL_ITEMS; t++) {
        const struct cmc_item *it = all_items[t];

        for (size_t i = 0; it->kind == CMC_K_SEQUENCE && i < it->nfields; i++) {
            const struct cmc_field *f = &it->fields[i];
            struct gen g = {.arena = *state, .seed = 5};
            void *x = cmc_arena_alloc(*state, it->size);
            struct cmc_slice der;
            struct cmc_err err = {0};

            assert_non_null(x);
            if ((f->flags & may_be_absent) != 0 || f->item->kind == CMC_K_UINT32 ||
                f->item->kind == CMC_K_BOOLEAN)
                continue;
            gen_value(&g, it, NULL, x);
            memset((char *)x + f->offset, 0,
                   (f->flags & CMC_F_POINTER) != 0 ? sizeof(void *) : f->item->size);
            /* A zeroed struct without a mandatory part of its own, or choice 0 of one, passes. */
            if ((f->item->kind == CMC_K_SEQUENCE || f->item->kind == CMC_K_CHOICE) &&
                cmc_encode_arena(it, x, *state, &der, &err) == CMC_OK)
                continue;
            tried++;
            if (cmc_encode_arena(it, x, *state, &der, &err) != CMC_E_BUG)
                fail_msg("%s without %s is encoded", it->name, f->name);
            assert_non_null(strstr(err.text, "mandatory"));
        }
        cmc_arena_reset(*state);
    }
    assert_true(tried > 60);
}

static void lists_have_their_minimum(void **state)
{
    struct cmc_list path = {.v = cmc_arena_alloc(*state, 1)};
    struct cmc_slice der;

    assert_int_equal(cmc_encode_arena(&cmc_it_body_part_path, &path, *state, &der, NULL),
                     CMC_E_BUG);
    assert_int_equal(cmc_decode(&cmc_it_body_part_path, hex(*state, "30 00"), *state, &path, NULL),
                     CMC_E_INPUT);
}

static void lists_have_their_maximum(void **state)
{
    uint8_t der[2 + 3 * (CMC_LIMIT_PATH + 1)] = {0x30, 3 * CMC_LIMIT_PATH};
    struct cmc_list path = {0};
    struct cmc_err err;

    for (size_t i = 0; i <= CMC_LIMIT_PATH; i++)
        memcpy(der + 2 + 3 * i, "\x02\x01\x07", 3);
    assert_int_equal(
        cmc_decode(&cmc_it_body_part_path, cmc_slice(der, sizeof der - 3), *state, &path, &err),
        CMC_OK);
    assert_int_equal(path.n, CMC_LIMIT_PATH);
    der[1] += 3;
    assert_int_equal(
        cmc_decode(&cmc_it_body_part_path, cmc_slice(der, sizeof der), *state, &path, &err),
        CMC_E_LIMIT);
}

/* A choice that names none of its alternatives is no value. */
static void a_choice_out_of_range(void **state)
{
    struct cmc_body_part_reference r = {.which = 2};
    struct cmc_slice der;

    assert_int_equal(cmc_encode_arena(&cmc_it_body_part_reference, &r, *state, &der, NULL),
                     CMC_E_BUG);
    r.which = -1;
    assert_int_equal(cmc_encode_arena(&cmc_it_body_part_reference, &r, *state, &der, NULL),
                     CMC_E_BUG);
}

static void sets_are_put_in_order(void **state)
{
    struct cmc_attribute a = {.type = cmc_oid_id_data};
    struct cmc_slice *v = cmc_list_add(*state, &cmc_it_set_any, &a.values, 4), der;

    assert_non_null(v);
    v[0] = hex(*state, "04 02 61 62");
    v[1] = hex(*state, "02 01 05");
    v[2] = hex(*state, "04 01 7a");
    v[3] = hex(*state, "02 01 03");
    assert_int_equal(cmc_encode_arena(&cmc_it_attribute, &a, *state, &der, NULL), CMC_OK);
    assert_slice_equal(der, hex(*state, "30 1a 06 09 2a 86 48 86 f7 0d 01 07 01"
                                        "31 0d 02 01 03 02 01 05 04 01 7a 04 02 61 62"));
}

struct bad_row {
    const char *what;
    const struct cmc_item *it;
    const char *in;
    enum cmc_rc rc;
};

static void bad_values(void **state)
{
    const struct bad_row rows[] = {
        {"another type", &cmc_it_oid, "02 01 05", CMC_E_INPUT},
        {"constructed INTEGER", &cmc_it_integer, "22 03 02 01 05", CMC_E_INPUT},
        {"INTEGER of no octets", &cmc_it_integer, "02 00", CMC_E_INPUT},
        {"INTEGER with a zero too many", &cmc_it_integer, "02 02 00 7f", CMC_E_INPUT},
        {"INTEGER with a ff too many", &cmc_it_integer, "02 02 ff 80", CMC_E_INPUT},
        {"id of 33 bits", &cmc_it_body_part_id, "02 05 01 00 00 00 00", CMC_E_INPUT},
        {"negative id", &cmc_it_body_part_id, "02 01 ff", CMC_E_INPUT},
        {"highest id", &cmc_it_body_part_id, "02 05 00 ff ff ff ff", CMC_OK},
        {"BOOLEAN of two octets", &cmc_it_boolean, "01 02 ff ff", CMC_E_INPUT},
        {"BOOLEAN of BER", &cmc_it_boolean, "01 01 01", CMC_OK},
        {"NULL with content", &cmc_it_null, "05 01 00", CMC_E_INPUT},
        {"OID of no octets", &cmc_it_oid, "06 00", CMC_E_INPUT},
        {"OID cut in an arc", &cmc_it_oid, "06 02 2a 86", CMC_E_INPUT},
        {"OID arc with a zero too many", &cmc_it_oid, "06 03 2a 80 01", CMC_E_INPUT},
        {"BIT STRING of no octets", &cmc_it_bit_string, "03 00", CMC_E_INPUT},
        {"8 unused bits", &cmc_it_bit_string, "03 02 08 00", CMC_E_INPUT},
        {"unused bits of nothing", &cmc_it_bit_string, "03 01 01", CMC_E_INPUT},
        {"no bits", &cmc_it_bit_string, "03 01 00", CMC_OK},
        {"not UTF-8", &cmc_it_utf8, "0c 02 c3 28", CMC_E_INPUT},
        {"no time", &cmc_it_gentime, "18 0f 32303236303130313030303030785a", CMC_E_INPUT},
        {"29 February 2026", &cmc_it_gentime, "18 0f 3230323630323239303030303030 5a", CMC_E_INPUT},
        {"too few fields", &cmc_it_lra_pop_witness, "30 03 02 01 00", CMC_E_INPUT},
        {"too many fields", &cmc_it_lra_pop_witness, "30 07 02 01 00 30 00 05 00", CMC_E_INPUT},
        {"fields in another order", &cmc_it_lra_pop_witness, "30 05 30 00 02 01 00", CMC_E_INPUT},
        {"an element of another type", &cmc_it_lra_pop_witness, "30 07 02 01 00 30 02 05 00",
         CMC_E_INPUT},
        {"none of the alternatives", &cmc_it_body_part_reference, "04 00", CMC_E_INPUT},
        {"none of the tags", &cmc_it_tagged_request, "a3 00", CMC_E_INPUT},
        {"explicit tag, primitive", &cmc_it_content_info,
         "30 0d 06 09 2a 86 48 86 f7 0d 01 07 01 80 00", CMC_E_INPUT},
        {"explicit tag of nothing", &cmc_it_content_info,
         "30 0d 06 09 2a 86 48 86 f7 0d 01 07 01 a0 00", CMC_E_INPUT},
        {"explicit tag of two values", &cmc_it_content_info,
         "30 11 06 09 2a 86 48 86 f7 0d 01 07 01 a0 04 05 00 05 00", CMC_E_INPUT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        void *v = cmc_arena_alloc(*state, rows[i].it->size);
        struct cmc_err err = {0};
        enum cmc_rc rc;

        assert_non_null(v);
        rc = cmc_decode(rows[i].it, hex(*state, rows[i].in), *state, v, &err);
        if (rc != rows[i].rc)
            fail_msg("%s: %s", rows[i].what, cmc_rc_name(rc));
        if (rc != CMC_OK)
            assert_true(err.text[0] != '\0' && err.rc == rc);
    }
}

static void integers_have_a_limit(void **state)
{
    uint8_t *p = cmc_arena_alloc(*state, 4 + CMC_LIMIT_INTEGER_OCTETS + 1);
    struct cmc_slice v;

    assert_non_null(p);
    p[0] = CMC_T_INTEGER;
    p[1] = 0x82;
    p[2] = CMC_LIMIT_INTEGER_OCTETS >> 8;
    p[3] = CMC_LIMIT_INTEGER_OCTETS & 255;
    p[4] = 1;
    assert_int_equal(
        cmc_decode(&cmc_it_integer, cmc_slice(p, 4 + CMC_LIMIT_INTEGER_OCTETS), *state, &v, NULL),
        CMC_OK);
    p[3]++;
    assert_int_equal(
        cmc_decode(&cmc_it_integer, cmc_slice(p, 5 + CMC_LIMIT_INTEGER_OCTETS), *state, &v, NULL),
        CMC_E_LIMIT);
}

static void defaults(void **state)
{
    struct cmc_mod_cert_template m = {0};
    struct cmc_slice der;

    /* replace BOOLEAN DEFAULT TRUE, left out */
    assert_int_equal(cmc_decode(&cmc_it_mod_cert_template,
                                hex(*state, "30 0c 30 03 02 01 00 30 03 02 01 01 30 00"), *state,
                                &m, NULL),
                     CMC_OK);
    assert_true(m.replace);
    /* and written out, as BER may: the DER of it leaves it out again */
    m = (struct cmc_mod_cert_template){0};
    assert_int_equal(cmc_decode(&cmc_it_mod_cert_template,
                                hex(*state, "30 0f 30 03 02 01 00 30 03 02 01 01 01 01 ff 30 00"),
                                *state, &m, NULL),
                     CMC_OK);
    assert_true(m.replace);
    assert_int_equal(cmc_encode_arena(&cmc_it_mod_cert_template, &m, *state, &der, NULL), CMC_OK);
    assert_slice_equal(der, hex(*state, "30 0c 30 03 02 01 00 30 03 02 01 01 30 00"));
    m.replace = false;
    m.tmpl.raw = CMC_SLICE_NONE;
    assert_int_equal(cmc_encode_arena(&cmc_it_mod_cert_template, &m, *state, &der, NULL), CMC_OK);
    assert_slice_equal(der, hex(*state, "30 0f 30 03 02 01 00 30 03 02 01 01 01 01 00 30 00"));
}

static void a_full_buffer_is_an_error(void **state)
{
    uint32_t id = 70000;
    struct cmc_buf buf;
    struct cmc_err err;

    (void)state;
    cmc_buf_init(&buf, 4);
    assert_int_equal(cmc_encode(&cmc_it_body_part_id, &id, &buf, &err), CMC_E_LIMIT);
    cmc_buf_free(&buf);
    cmc_buf_init(&buf, 5);
    assert_int_equal(cmc_encode(&cmc_it_body_part_id, &id, &buf, &err), CMC_OK);
    assert_slice_equal(cmc_buf_get0(&buf), CMC_SLICE_LIT("\x02\x03\x01\x11\x70"));
    cmc_buf_free(&buf);
}

static void lack_of_memory_while_encoding(void **state)
{
    for (size_t t = 0; t < ALL_ITEMS; t++) {
        const struct cmc_item *it = all_items[t];
        struct gen g = {.arena = *state, .seed = (uint32_t)t + 11};
        void *x = cmc_arena_alloc(*state, it->size);
        struct cmc_slice der;
        enum cmc_rc rc = CMC_E_MEM;

        assert_non_null(x);
        gen_value(&g, it, NULL, x);
        for (int n = 0; rc != CMC_OK; n++) {
            assert_true(n < 1000);
            fail_after = n;
            rc = cmc_encode_arena(it, x, *state, &der, NULL);
            fail_after = -1;
            assert_true(rc == CMC_OK || (rc == CMC_E_MEM));
            assert_true(n > 0 || rc == CMC_E_MEM);
        }
        cmc_arena_reset(*state);
    }
}

static void lack_of_memory_while_decoding(void **state)
{
    for (size_t t = 0; t < ALL_ITEMS; t++) {
        const struct cmc_item *it = all_items[t];
        struct gen g = {.arena = *state, .seed = (uint32_t)t + 3};
        void *x = cmc_arena_alloc(*state, it->size), *y = cmc_arena_alloc(*state, it->size);
        struct cmc_slice der;
        enum cmc_rc rc = CMC_E_MEM;

        assert_non_null(x);
        assert_non_null(y);
        gen_value(&g, it, NULL, x);
        assert_int_equal(cmc_encode_arena(it, x, *state, &der, NULL), CMC_OK);
        for (size_t max = 0; rc != CMC_OK; max += 16) {
            struct cmc_arena *small = cmc_arena_new(max);

            assert_non_null(small);
            assert_true(max < 1000000);
            memset(y, 0, it->size);
            rc = cmc_decode(it, der, small, y, NULL);
            assert_true(rc == CMC_OK || rc == CMC_E_MEM);
            cmc_arena_free(small);
        }
        cmc_arena_reset(*state);
    }
}

/* EncryptedContentInfo { id-data, algorithm, [0] IMPLICIT OCTET STRING } as streaming writers make
 * it: indefinite, in parts. */
static void implicit_string_in_parts(void **state)
{
    struct cmc_arena *arena = *state;
    static const char head[] = "06092a864886f70d010701 3003 0601 2a";
    struct cmc_enveloped_data ed;
    struct {
        const char *content;
        enum cmc_rc rc;
        const char *joined;
    } rows[] = {
        {"8003 010203", CMC_OK, "010203"},
        {"a080 0402 0102 0401 03 0000", CMC_OK, "010203"},
        {"a007 0402 0102 0401 03", CMC_OK, "010203"},
        {"a080 2480 0401 01 0401 02 0000 0401 03 0000", CMC_OK, "010203"},
        {"a080 0000", CMC_OK, ""},
        {"a080 0402 0102 0201 03 0000", CMC_E_INPUT, NULL},
        {"a080 0402 0102 8001 03 0000", CMC_E_INPUT, NULL},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        char text[256];
        struct cmc_slice der;
        struct cmc_err err;

        (void)snprintf(text, sizeof text, "3080 020100 3100 3080 %s %s 0000 0000", head,
                       rows[i].content);
        der = hex(arena, text);
        memset(&ed, 0, sizeof ed);
        assert_int_equal(cmc_decode(&cmc_it_enveloped_data, der, arena, &ed, &err), rows[i].rc);
        if (rows[i].rc == CMC_OK)
            assert_slice_equal(ed.content.content, hex(arena, rows[i].joined));
    }
}

/* Copies of a list may both grow, and neither sees what the other adds. */
static void lists_grow_apart(void **state)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_list a = {0}, b;
    uint32_t other[3] = {7, 8, 9};

    (void)state;
    for (uint32_t i = 0; i < 100000; i++) { /* the square of that would not fit */
        uint32_t *p = cmc_list_add(arena, &cmc_it_body_part_list, &a, 1);

        assert_non_null(p);
        assert_int_equal(*p, 0);
        *p = i;
    }
    b = a;
    *(uint32_t *)cmc_list_add(arena, &cmc_it_body_part_list, &a, 1) = 1111;
    *(uint32_t *)cmc_list_add(arena, &cmc_it_body_part_list, &b, 1) = 2222;
    assert_int_equal(a.n, 100001);
    assert_int_equal(b.n, 100001);
    assert_int_equal(*CMC_AT(uint32_t, a, 100000), 1111);
    assert_int_equal(*CMC_AT(uint32_t, b, 100000), 2222);
    for (uint32_t i = 0; i < 100000; i++)
        assert_int_equal(*CMC_AT(uint32_t, b, i), i);
    /* one that became shorter, and one that got another array */
    a.n = 5;
    *(uint32_t *)cmc_list_add(arena, &cmc_it_body_part_list, &a, 1) = 3333;
    assert_int_equal(*CMC_AT(uint32_t, a, 5), 3333);
    assert_int_equal(*CMC_AT(uint32_t, b, 5), 5);
    b.v = other;
    b.n = 3;
    *(uint32_t *)cmc_list_add(arena, &cmc_it_body_part_list, &b, 1) = 10;
    assert_int_equal(*CMC_AT(uint32_t, b, 0), 7);
    assert_int_equal(*CMC_AT(uint32_t, b, 3), 10);
    cmc_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_grow_apart),
        WITH_ARENA(implicit_string_in_parts),
        WITH_ARENA(every_type_comes_back),
        WITH_ARENA(every_truncated_type_is_refused),
        WITH_ARENA(every_mandatory_field_is_asked_for),
        WITH_ARENA(lists_have_their_minimum),
        WITH_ARENA(lists_have_their_maximum),
        WITH_ARENA(a_choice_out_of_range),
        WITH_ARENA(sets_are_put_in_order),
        WITH_ARENA(bad_values),
        WITH_ARENA(integers_have_a_limit),
        WITH_ARENA(defaults),
        WITH_ARENA(a_full_buffer_is_an_error),
        WITH_ARENA(lack_of_memory_while_encoding),
        WITH_ARENA(lack_of_memory_while_decoding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
