/* SPDX-License-Identifier: Apache-2.0 */
/* The one decoder: tables in, C values out. Everything from outside comes through here. */
#include "asn1/codec.h"
#include "asn1/tlv.h"

struct dec {
    struct cmc_arena *arena;
    struct cmc_err *err;
};

static enum cmc_rc malformed(const struct dec *d, const struct cmc_item *it, const char *why)
{
    return cmc_fail(d->err, CMC_E_INPUT, NULL, "%s: %s", it->name, why);
}

/* Does the next TLV, with this class, tag and form, begin a value of type it? */
static bool starts(const struct cmc_item *it, const struct cmc_tlv *t)
{
    switch (it->kind) {
    case CMC_K_ANY:
        return it->universal == 0 ||
               (t->cls == CMC_CLASS_UNIVERSAL && (t->tag == it->universal || t->tag == it->max));
    case CMC_K_CHOICE:
        for (size_t i = 0; i < it->nfields; i++) {
            const struct cmc_field *f = &it->fields[i];

            if (f->tag != CMC_NO_TAG) {
                if (t->cls == CMC_CLASS_CONTEXT && t->tag == (uint32_t)f->tag)
                    return true;
            } else if (starts(f->item, t)) {
                return true;
            }
        }
        return false;
    case CMC_K_SEQUENCE:
    case CMC_K_SEQUENCE_OF:
        return t->cls == CMC_CLASS_UNIVERSAL && t->tag == CMC_T_SEQUENCE;
    case CMC_K_SET:
    case CMC_K_SET_OF:
        return t->cls == CMC_CLASS_UNIVERSAL && t->tag == CMC_T_SET;
    case CMC_K_UINT32:
    case CMC_K_BOOLEAN:
    case CMC_K_PRIM:
    default:
        return t->cls == CMC_CLASS_UNIVERSAL && t->tag == it->universal;
    }
}

static bool is_composite(const struct cmc_item *it)
{
    return it->kind == CMC_K_SEQUENCE || it->kind == CMC_K_SET || it->kind == CMC_K_SEQUENCE_OF ||
           it->kind == CMC_K_SET_OF;
}

static bool utf8_valid(struct cmc_slice s)
{
    while (s.n > 0) {
        uint32_t cp;
        size_t n = cmc_utf8_next(s, &cp);

        if (n == 0)
            return false;
        s.p += n;
        s.n -= n;
    }
    return true;
}

static enum cmc_rc check_integer(const struct dec *d, const struct cmc_item *it, struct cmc_slice c)
{
    if (c.n == 0)
        return malformed(d, it, "INTEGER without octets");
    if (c.n > CMC_LIMIT_INTEGER_OCTETS)
        return cmc_fail(d->err, CMC_E_LIMIT, NULL,
                        "%s of %zu octets is above CMC_LIMIT_INTEGER_OCTETS (%u)", it->name, c.n,
                        CMC_LIMIT_INTEGER_OCTETS);
    /* X.690 section 8.3.2 binds BER too. */
    if (c.n > 1 && ((c.p[0] == 0 && (c.p[1] & 0x80) == 0) || (c.p[0] == 0xff && (c.p[1] & 0x80))))
        return malformed(d, it, "INTEGER not in its shortest form");
    return CMC_OK;
}

static enum cmc_rc check_oid(const struct dec *d, const struct cmc_item *it, struct cmc_slice c)
{
    bool start = true;

    if (c.n == 0 || c.n > CMC_LIMIT_OID_OCTETS || (c.p[c.n - 1] & 0x80) != 0)
        return malformed(d, it, "OBJECT IDENTIFIER empty, cut short or too long");
    for (size_t i = 0; i < c.n; i++) {
        if (start && c.p[i] == 0x80)
            return malformed(d, it, "OBJECT IDENTIFIER arc not in its shortest form");
        start = (c.p[i] & 0x80) == 0;
    }
    return CMC_OK;
}

/* The content of a primitive, by its universal type. */
static enum cmc_rc check_primitive(const struct dec *d, const struct cmc_item *it,
                                   struct cmc_slice c)
{
    int64_t ignored;

    switch (it->universal) {
    case CMC_T_INTEGER:
    case CMC_T_ENUMERATED:
        return check_integer(d, it, c);
    case CMC_T_OID:
        return check_oid(d, it, c);
    case CMC_T_NULL:
        return c.n == 0 ? CMC_OK : malformed(d, it, "NULL with content");
    case CMC_T_BOOLEAN:
        return c.n == 1 ? CMC_OK : malformed(d, it, "BOOLEAN not of one octet");
    case CMC_T_BIT_STRING:
        return c.n >= 1 && c.p[0] <= 7 && (c.n > 1 || c.p[0] == 0)
                   ? CMC_OK
                   : malformed(d, it, "BIT STRING with a wrong count of unused bits");
    case CMC_T_UTF8:
        return utf8_valid(c) ? CMC_OK : malformed(d, it, "not UTF-8");
    case CMC_T_UTCTIME:
    case CMC_T_GENTIME:
        return cmc_time_parse(it->universal, c, &ignored) ? CMC_OK
                                                          : malformed(d, it, "not a time in UTC");
    default:
        return CMC_OK;
    }
}

/* One value of type it whose TLV is t; its tag was checked by the caller. */
static enum cmc_rc dec_content(const struct dec *d, const struct cmc_item *it,
                               const struct cmc_tlv *t, void *out);

/* Decode the field's value from its TLV, tagging undone. */
static enum cmc_rc dec_field_value(const struct dec *d, const struct cmc_field *f,
                                   const struct cmc_tlv *t, void *member)
{
    struct cmc_tlv inner = *t;
    void *target = member;

    if (f->tag != CMC_NO_TAG && (f->flags & CMC_F_EXPLICIT) != 0) {
        struct cmc_slice content = t->content;
        enum cmc_rc rc;

        if (!t->constructed)
            return malformed(d, f->item, "explicit tag in primitive form");
        rc = cmc_tlv_next(&content, &inner, d->err);
        if (rc != CMC_OK)
            return rc;
        if (content.n != 0)
            return malformed(d, f->item, "more than one value in an explicit tag");
        if (!starts(f->item, &inner))
            return malformed(d, f->item, "wrong type inside its explicit tag");
    }
    if ((f->flags & CMC_F_POINTER) != 0) {
        target = cmc_arena_alloc(d->arena, f->item->size);
        if (target == NULL)
            return cmc_fail(d->err, CMC_E_MEM, NULL, "no memory for %s", f->item->name);
        memcpy(member, &target, sizeof target);
    }
    return dec_content(d, f->item, &inner, target);
}

static enum cmc_rc dec_choice(const struct dec *d, const struct cmc_item *it,
                              const struct cmc_tlv *t, void *out)
{
    for (size_t i = 0; i < it->nfields; i++) {
        const struct cmc_field *f = &it->fields[i];
        bool match = f->tag != CMC_NO_TAG
                         ? t->cls == CMC_CLASS_CONTEXT && t->tag == (uint32_t)f->tag
                         : starts(f->item, t);

        if ((f->flags & CMC_F_STARTS_WITH_OID) != 0)
            match = match && t->content.n > 0 && t->content.p[0] == CMC_T_OID;
        if (match) {
            int which = (int)i;

            memcpy(out, &which, sizeof which);
            if (it->raw != CMC_NO_RAW)
                memcpy((char *)out + it->raw, &t->whole, sizeof t->whole);
            return dec_field_value(d, f, t, (char *)out + f->offset);
        }
    }
    return malformed(d, it, "none of the alternatives");
}

static void set_default(const struct cmc_field *f, void *member)
{
    bool yes = true;

    if ((f->flags & CMC_F_DEFAULT_TRUE) != 0)
        memcpy(member, &yes, sizeof yes);
    /* Everything else: the zeroed value is the default, or means absent. */
}

static enum cmc_rc dec_sequence(const struct dec *d, const struct cmc_item *it,
                                const struct cmc_tlv *t, void *out)
{
    const uint16_t absent_ok =
        CMC_F_OPTIONAL | CMC_F_DEFAULT_FALSE | CMC_F_DEFAULT_TRUE | CMC_F_DEFAULT_ZERO;
    struct cmc_slice in = t->content;
    struct cmc_tlv next = {0};
    bool have = false;
    uint32_t present = 0;
    enum cmc_rc rc;

    for (size_t i = 0; i < it->nfields; i++) {
        const struct cmc_field *f = &it->fields[i];
        void *member = (char *)out + f->offset;
        bool match;

        if (!have && in.n > 0) {
            rc = cmc_tlv_next(&in, &next, d->err);
            if (rc != CMC_OK) {
                cmc_err_prefix(d->err, "%s.%s", it->name, f->name);
                return rc;
            }
            have = true;
        }
        match = have && (f->tag != CMC_NO_TAG
                             ? next.cls == CMC_CLASS_CONTEXT && next.tag == (uint32_t)f->tag
                             : starts(f->item, &next));
        if (!match) {
            if ((f->flags & absent_ok) == 0)
                return cmc_fail(d->err, CMC_E_INPUT, NULL, "%s.%s: %s", it->name, f->name,
                                have ? "another type stands in its place" : "missing");
            set_default(f, member);
            continue;
        }
        rc = dec_field_value(d, f, &next, member);
        if (rc != CMC_OK) {
            cmc_err_prefix(d->err, "%s.%s", it->name, f->name);
            return rc;
        }
        have = false;
        present++;
    }
    if (have || in.n > 0)
        return malformed(d, it, "more fields than the type has");
    if (present < it->min)
        return malformed(d, it, "none of its fields is there; at least one must be");
    return CMC_OK;
}

static enum cmc_rc dec_list(const struct dec *d, const struct cmc_item *it, const struct cmc_tlv *t,
                            void *out)
{
    uint32_t max = it->max != 0 ? it->max : CMC_LIMIT_ASN1_ELEMENTS;
    struct cmc_slice in = t->content;
    struct cmc_list list = {0};
    struct cmc_tlv el;
    enum cmc_rc rc;
    size_t n = 0;

    while (in.n > 0) {
        rc = cmc_tlv_next(&in, &el, d->err);
        if (rc != CMC_OK)
            return rc;
        if (++n > max)
            return cmc_fail(d->err, CMC_E_LIMIT, NULL, "%s: more than %u elements", it->name, max);
    }
    if (n < it->min)
        return cmc_fail(d->err, CMC_E_INPUT, NULL, "%s: %zu elements, at least %u needed", it->name,
                        n, it->min);
    list.v = cmc_arena_array(d->arena, n, it->of->size);
    if (list.v == NULL)
        return cmc_fail(d->err, CMC_E_MEM, NULL, "no memory for %zu elements of %s", n, it->name);
    list.n = n;
    in = t->content;
    for (size_t i = 0; i < n; i++) {
        rc = cmc_tlv_next(&in, &el, d->err);
        if (rc != CMC_OK)
            return rc;
        if (!starts(it->of, &el))
            return cmc_fail(d->err, CMC_E_INPUT, NULL, "%s: element %zu is no %s", it->name, i,
                            it->of->name);
        rc = dec_content(d, it->of, &el, (char *)list.v + i * it->of->size);
        if (rc != CMC_OK)
            return rc;
    }
    memcpy(out, &list, sizeof list);
    return CMC_OK;
}

static enum cmc_rc dec_uint32(const struct dec *d, const struct cmc_item *it, struct cmc_slice c,
                              void *out)
{
    enum cmc_rc rc = check_integer(d, it, c);
    uint64_t v;
    uint32_t u;

    if (rc != CMC_OK)
        return rc;
    if (!cmc_int_get_u64(c, &v) || v > UINT32_MAX)
        return malformed(d, it, "outside 0..4294967295");
    u = (uint32_t)v;
    memcpy(out, &u, sizeof u);
    return CMC_OK;
}

/*
 * An OCTET STRING under an implicit tag, in parts: BER that the first pass cannot join, because
 * only the table says that [0] holds a string (the encryptedContent of a streamed EnvelopedData).
 * The parts themselves are joined and in DER form already.
 */
static enum cmc_rc dec_parts(const struct dec *d, const struct cmc_item *it,
                             const struct cmc_tlv *t, void *out)
{
    struct cmc_slice in = t->content, joined;
    uint8_t *p = cmc_arena_alloc(d->arena, t->content.n);
    size_t n = 0;

    if (p == NULL)
        return cmc_fail(d->err, CMC_E_MEM, NULL, "no memory for %s", it->name);
    while (in.n > 0) {
        struct cmc_tlv part;
        enum cmc_rc rc = cmc_tlv_next(&in, &part, d->err);

        if (rc != CMC_OK)
            return rc;
        if (part.cls != CMC_CLASS_UNIVERSAL || part.tag != CMC_T_OCTET_STRING || part.constructed)
            return malformed(d, it, "part of a string that is no OCTET STRING");
        if (part.content.n > 0)
            memcpy(p + n, part.content.p, part.content.n);
        n += part.content.n;
    }
    joined = cmc_slice(p, n);
    memcpy(out, &joined, sizeof joined);
    return CMC_OK;
}

static enum cmc_rc dec_content(const struct dec *d, const struct cmc_item *it,
                               const struct cmc_tlv *t, void *out)
{
    enum cmc_rc rc;
    bool yes;

    if (it->kind == CMC_K_CHOICE)
        return dec_choice(d, it, t, out);
    if (it->kind == CMC_K_ANY) {
        memcpy(out, &t->whole, sizeof t->whole);
        return CMC_OK;
    }
    if (it->kind == CMC_K_PRIM && it->universal == CMC_T_OCTET_STRING && t->constructed &&
        t->cls == CMC_CLASS_CONTEXT)
        return dec_parts(d, it, t, out);
    if (t->constructed != is_composite(it))
        return malformed(d, it,
                         t->constructed ? "constructed, must be primitive"
                                        : "primitive, must be constructed");
    switch (it->kind) {
    case CMC_K_SEQUENCE:
    case CMC_K_SET:
        if (it->raw != CMC_NO_RAW)
            memcpy((char *)out + it->raw, &t->whole, sizeof t->whole);
        return dec_sequence(d, it, t, out);
    case CMC_K_SEQUENCE_OF:
    case CMC_K_SET_OF:
        return dec_list(d, it, t, out);
    case CMC_K_UINT32:
        return dec_uint32(d, it, t->content, out);
    case CMC_K_BOOLEAN:
        if (t->content.n != 1)
            return malformed(d, it, "not of one octet");
        yes = t->content.p[0] != 0;
        memcpy(out, &yes, sizeof yes);
        return CMC_OK;
    case CMC_K_PRIM:
        rc = check_primitive(d, it, t->content);
        if (rc == CMC_OK)
            memcpy(out, &t->content, sizeof t->content);
        return rc;
    case CMC_K_ANY:
    case CMC_K_CHOICE:
    default:
        return cmc_fail(d->err, CMC_E_BUG, NULL, "%s: kind %d", it->name, (int)it->kind);
    }
}

enum cmc_rc cmc_decode_part(const struct cmc_item *it, struct cmc_slice part,
                            struct cmc_arena *arena, void *out, struct cmc_err *err)
{
    const struct dec d = {.arena = arena, .err = err};
    struct cmc_tlv t;
    enum cmc_rc rc = cmc_tlv_next(&part, &t, err);

    if (rc != CMC_OK) {
        cmc_err_prefix(err, "%s", it->name);
        return rc;
    }
    if (part.n != 0)
        return malformed(&d, it, "octets behind it");
    if (!starts(it, &t))
        return malformed(&d, it, "another type stands in its place");
    return dec_content(&d, it, &t, out);
}

enum cmc_rc cmc_decode(const struct cmc_item *it, struct cmc_slice in, struct cmc_arena *arena,
                       void *out, struct cmc_err *err)
{
    struct cmc_slice der;
    enum cmc_rc rc = cmc_ber_to_der(in, arena, &der, err);

    if (rc != CMC_OK) {
        cmc_err_prefix(err, "%s", it->name);
        return rc;
    }
    return cmc_decode_part(it, der, arena, out, err);
}
