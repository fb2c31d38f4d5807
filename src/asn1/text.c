/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as text, from the same tables that decode them: names as in the RFC, open types
 * followed down to the last field. Nothing a peer sends reaches the terminal unescaped.
 */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"

#define INDENT_STEP    2u
#define HEX_PER_LINE   32u
#define HEX_INLINE_MAX 40u
/* Open types and wrapped encodings may nest; every level is a decode of its own. */
#define OPEN_DEPTH_MAX 16u

struct out {
    struct cmc_arena *arena;
    struct cmc_buf *buf;
    unsigned int open_depth;
};

static void print_value(struct out *o, const struct cmc_item *it, const void *v,
                        unsigned int indent);

static void pad(struct out *o, unsigned int indent)
{
    cmc_buf_printf(o->buf, "%*s", (int)indent, "");
}

static bool is_struct(const struct cmc_item *it)
{
    return it->kind == CMC_K_SEQUENCE || it->kind == CMC_K_SET;
}

static bool is_list(const struct cmc_item *it)
{
    return it->kind == CMC_K_SEQUENCE_OF || it->kind == CMC_K_SET_OF;
}

/* ASCII text of a peer, safe for a terminal: control octets as \xNN. */
static void put_text(struct cmc_buf *b, struct cmc_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (c == '\\')
            cmc_buf_str(b, "\\\\");
        else if (c < 0x20 || c == 0x7f)
            cmc_buf_printf(b, "\\x%02x", c);
        else
            cmc_buf_byte(b, c);
    }
}

/* Characters that a terminal may act on, or that make text look like other text. */
static bool is_unsafe(uint32_t cp)
{
    return (cp >= 0x80 && cp < 0xa0) ||      /* C1 controls */
           cp == 0x061c || cp == 0xfeff ||   /* Arabic letter mark, byte order mark */
           (cp >= 0x200b && cp <= 0x200f) || /* zero width, direction marks */
           (cp >= 0x2028 && cp <= 0x202e) || /* line separators, direction overrides */
           (cp >= 0x2060 && cp <= 0x206f);   /* invisible operators, direction isolates */
}

/* The first character of s, safe for a terminal. Returns its octets; s is not empty. */
static size_t put_utf8_char(struct cmc_buf *b, struct cmc_slice s)
{
    uint32_t cp;
    size_t n = cmc_utf8_next(s, &cp);

    if (n == 0) {
        cmc_buf_printf(b, "\\x%02x", s.p[0]);
        return 1;
    }
    if (n == 1)
        put_text(b, cmc_slice(s.p, 1));
    else if (is_unsafe(cp))
        cmc_buf_printf(b, "\\u%04x", cp);
    else
        cmc_buf_add(b, s.p, n);
    return n;
}

static void put_utf8(struct cmc_buf *b, struct cmc_slice s)
{
    while (s.n > 0) {
        size_t n = put_utf8_char(b, s);

        s.p += n;
        s.n -= n;
    }
}

static void put_latin(struct cmc_buf *b, struct cmc_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= 0x80)
            cmc_buf_printf(b, "\\x%02x", s.p[i]);
        else
            put_text(b, cmc_slice(s.p + i, 1));
    }
}

static void put_utf16(struct cmc_buf *b, struct cmc_slice s)
{
    for (size_t i = 0; i + 1 < s.n; i += 2) {
        unsigned int u = ((unsigned int)s.p[i] << 8) | s.p[i + 1];

        if (u >= 0x20 && u < 0x7f)
            cmc_buf_byte(b, (uint8_t)u);
        else
            cmc_buf_printf(b, "\\u%04x", u);
    }
}

static void put_hex(struct out *o, struct cmc_slice s, unsigned int indent)
{
    if (s.n <= HEX_INLINE_MAX) {
        cmc_buf_hex(o->buf, s);
        cmc_buf_printf(o->buf, "%s(%zu octets)\n", s.n > 0 ? " " : "", s.n);
        return;
    }
    cmc_buf_printf(o->buf, "(%zu octets)\n", s.n);
    for (size_t i = 0; i < s.n; i += HEX_PER_LINE) {
        pad(o, indent + INDENT_STEP);
        cmc_buf_hex(o->buf, cmc_slice(s.p + i, s.n - i < HEX_PER_LINE ? s.n - i : HEX_PER_LINE));
        cmc_buf_byte(o->buf, '\n');
    }
}

static void put_oid(struct cmc_buf *b, struct cmc_slice oid)
{
    const char *name = cmc_oid_name(oid);
    char dotted[256];

    cmc_oid_text(oid, dotted, sizeof dotted);
    if (name != NULL)
        cmc_buf_printf(b, "%s (%s)", name, dotted);
    else
        cmc_buf_str(b, dotted);
}

static void put_integer(struct cmc_buf *b, struct cmc_slice c)
{
    uint64_t v;

    if (cmc_int_get_u64(c, &v))
        cmc_buf_printf(b, "%llu (", (unsigned long long)v);
    cmc_buf_str(b, c.n > 0 && (c.p[0] & 0x80) != 0 ? "negative 0x" : "0x");
    cmc_buf_hex(b, c);
    if (cmc_int_get_u64(c, &v))
        cmc_buf_byte(b, ')');
}

static void put_time(struct cmc_buf *b, uint16_t universal, struct cmc_slice c)
{
    const char *p = (const char *)c.p;
    int64_t ignored;
    size_t century = universal == CMC_T_GENTIME ? 4 : 2;

    if (!cmc_time_parse(universal, c, &ignored)) {
        put_latin(b, c);
        return;
    }
    if (century == 2)
        cmc_buf_str(b, p[0] < '5' ? "20" : "19");
    cmc_buf_printf(b, "%.*s-%.2s-%.2s %.2s:%.2s:%.2sZ", (int)century, p, p + century,
                   p + century + 2, p + century + 4, p + century + 6, p + century + 8);
}

static void put_bits(struct out *o, const struct cmc_item *it, struct cmc_slice c,
                     unsigned int indent)
{
    const char *sep = "";

    if (it->bits == NULL) {
        put_hex(o, c.n > 0 ? cmc_slice(c.p + 1, c.n - 1) : c, indent);
        return;
    }
    for (unsigned int i = 0; it->bits[i] != NULL; i++) {
        if (cmc_bits_get(c, i)) {
            cmc_buf_printf(o->buf, "%s%s", sep, it->bits[i]);
            sep = ", ";
        }
    }
    cmc_buf_printf(o->buf, "%s\n", *sep == '\0' ? "(none)" : "");
}

static void print_prim(struct out *o, const struct cmc_item *it, struct cmc_slice c,
                       unsigned int indent)
{
    switch (it->universal) {
    case CMC_T_INTEGER:
    case CMC_T_ENUMERATED:
        put_integer(o->buf, c);
        break;
    case CMC_T_OID:
        put_oid(o->buf, c);
        break;
    case CMC_T_NULL:
        cmc_buf_str(o->buf, "NULL");
        break;
    case CMC_T_UTCTIME:
    case CMC_T_GENTIME:
        put_time(o->buf, it->universal, c);
        break;
    case CMC_T_UTF8:
        cmc_buf_byte(o->buf, '"');
        put_utf8(o->buf, c);
        cmc_buf_byte(o->buf, '"');
        break;
    case CMC_T_PRINTABLE:
    case CMC_T_IA5:
    case CMC_T_VISIBLE:
    case CMC_T_NUMERIC:
    case CMC_T_T61:
        cmc_buf_byte(o->buf, '"');
        put_latin(o->buf, c);
        cmc_buf_byte(o->buf, '"');
        break;
    case CMC_T_BMP:
        cmc_buf_byte(o->buf, '"');
        put_utf16(o->buf, c);
        cmc_buf_byte(o->buf, '"');
        break;
    case CMC_T_BIT_STRING:
        put_bits(o, it, c, indent);
        return;
    default:
        put_hex(o, c, indent);
        return;
    }
    cmc_buf_byte(o->buf, '\n');
}

/* An encoding whose type we do not know: walk it by its tags. */
static void print_unknown(struct out *o, struct cmc_slice whole, unsigned int indent)
{
    static const struct cmc_item *const known[] = {
        &cmc_it_boolean,   &cmc_it_integer, &cmc_it_bit_string, &cmc_it_octet_string,
        &cmc_it_null,      &cmc_it_oid,     &cmc_it_enumerated, &cmc_it_utf8,
        &cmc_it_printable, &cmc_it_ia5,     &cmc_it_utctime,    &cmc_it_gentime};
    struct cmc_slice in = whole;
    struct cmc_tlv t;

    if (cmc_tlv_next(&in, &t, NULL) != CMC_OK || in.n != 0) {
        put_hex(o, whole, indent);
        return;
    }
    if (t.constructed && o->open_depth < OPEN_DEPTH_MAX) {
        struct cmc_slice rest = t.content;
        struct cmc_tlv el;

        if (t.cls == CMC_CLASS_CONTEXT)
            cmc_buf_printf(o->buf, "[%u]\n", t.tag);
        else
            cmc_buf_str(o->buf, t.tag == CMC_T_SET ? "SET\n" : "SEQUENCE\n");
        o->open_depth++;
        while (rest.n > 0 && cmc_tlv_next(&rest, &el, NULL) == CMC_OK) {
            pad(o, indent + INDENT_STEP);
            print_unknown(o, el.whole, indent + INDENT_STEP);
        }
        if (rest.n > 0) {
            pad(o, indent + INDENT_STEP);
            cmc_buf_str(o->buf, "(no encoding) ");
            put_hex(o, rest, indent + INDENT_STEP);
        }
        o->open_depth--;
        return;
    }
    if (t.cls == CMC_CLASS_CONTEXT) {
        cmc_buf_printf(o->buf, "[%u] ", t.tag);
        put_hex(o, t.content, indent);
        return;
    }
    for (size_t i = 0; i < CMC_COUNT(known); i++) {
        if (known[i]->universal == t.tag && known[i]->kind == CMC_K_PRIM) {
            print_prim(o, known[i], t.content, indent);
            return;
        }
    }
    if (t.tag == CMC_T_BMP) {
        cmc_buf_byte(o->buf, '"');
        put_utf16(o->buf, t.content);
        cmc_buf_str(o->buf, "\"\n");
        return;
    }
    if (t.tag == CMC_T_BOOLEAN && t.content.n == 1) {
        cmc_buf_str(o->buf, t.content.p[0] != 0 ? "TRUE\n" : "FALSE\n");
        return;
    }
    put_hex(o, t.content, indent);
}

/* An encoding whose type may be known from the struct around it. */
static void print_open(struct out *o, const struct cmc_item *it, struct cmc_slice whole,
                       unsigned int indent)
{
    void *v;

    if (it == NULL || o->open_depth >= OPEN_DEPTH_MAX) {
        print_unknown(o, whole, indent);
        return;
    }
    v = cmc_arena_alloc(o->arena, it->size);
    if (v == NULL) {
        o->buf->failed = true;
        return;
    }
    if (cmc_decode(it, whole, o->arena, v, NULL) != CMC_OK) {
        cmc_buf_printf(o->buf, "(does not decode as %s) ", it->name);
        print_unknown(o, whole, indent);
        return;
    }
    o->open_depth++;
    print_value(o, it, v, indent);
    o->open_depth--;
}

/* The whole TLV of a field with an IMPLICIT tag, as if it had the universal tag of it. */
static struct cmc_slice retag(struct out *o, struct cmc_slice whole, const struct cmc_item *it)
{
    uint8_t *p;

    if (it == NULL || whole.n == 0 || (whole.p[0] & CMC_CLASS_MASK) != CMC_CLASS_CONTEXT)
        return whole;
    p = cmc_arena_dup(o->arena, whole.p, whole.n);
    if (p == NULL)
        return whole;
    p[0] = CMC_CONSTRUCTED | (it->kind == CMC_K_SET_OF ? CMC_T_SET : CMC_T_SEQUENCE);
    return cmc_slice(p, whole.n);
}

static bool field_absent(const struct cmc_field *f, const void *member)
{
    struct cmc_slice s;
    struct cmc_list l;
    const void *p;

    if ((f->flags & CMC_F_POINTER) != 0) {
        memcpy(&p, member, sizeof p);
        return p == NULL;
    }
    if (is_list(f->item)) {
        memcpy(&l, member, sizeof l);
        return l.v == NULL;
    }
    if (f->item->kind == CMC_K_PRIM || f->item->kind == CMC_K_ANY) {
        memcpy(&s, member, sizeof s);
        return s.p == NULL;
    }
    return false;
}

static void print_open_list(struct out *o, const struct cmc_item *it, const void *member,
                            unsigned int indent)
{
    struct cmc_list l;

    memcpy(&l, member, sizeof l);
    cmc_buf_printf(o->buf, "(%zu)\n", l.n);
    for (size_t i = 0; i < l.n; i++) {
        pad(o, indent + INDENT_STEP);
        cmc_buf_printf(o->buf, "[%zu] ", i);
        print_open(o, it, *CMC_AT(const struct cmc_slice, l, i), indent + INDENT_STEP);
    }
}

/* The field's name and value, on the line that the caller has indented. */
static void print_field(struct out *o, const struct cmc_field *f, const void *parent,
                        unsigned int indent)
{
    const void *at = (const char *)parent + f->offset, *member = at;
    const struct cmc_item *open = f->open != NULL ? f->open(parent) : NULL;
    struct cmc_slice s;

    cmc_buf_printf(o->buf, "%s: ", f->name);
    if ((f->flags & CMC_F_POINTER) != 0)
        memcpy(&member, at, sizeof member);
    if ((f->flags & CMC_F_OPEN_LIST) != 0) {
        print_open_list(o, open, member, indent);
        return;
    }
    if (f->item->kind == CMC_K_ANY && f->open != NULL) {
        memcpy(&s, member, sizeof s);
        if (f->tag != CMC_NO_TAG && (f->flags & CMC_F_EXPLICIT) == 0)
            s = retag(o, s, open);
        print_open(o, open, s, indent);
        return;
    }
    if ((f->flags & CMC_F_WRAPPED) != 0) {
        memcpy(&s, member, sizeof s);
        print_open(o, open, s, indent);
        return;
    }
    print_value(o, f->item, member, indent);
}

static void print_list(struct out *o, const struct cmc_item *it, const void *v, unsigned int indent)
{
    struct cmc_list l;

    memcpy(&l, v, sizeof l);
    cmc_buf_printf(o->buf, "(%zu)\n", l.n);
    for (size_t i = 0; i < l.n; i++) {
        pad(o, indent + INDENT_STEP);
        cmc_buf_printf(o->buf, "[%zu] ", i);
        print_value(o, it->of, (const char *)l.v + i * it->of->size, indent + INDENT_STEP);
    }
}

static void print_uint32(struct out *o, const struct cmc_item *it, uint32_t u)
{
    if (it->values != NULL) {
        for (uint32_t i = 0; it->values[i] != NULL; i++) {
            if (i == u) {
                cmc_buf_printf(o->buf, "%s (%u)\n", it->values[i], u);
                return;
            }
        }
    }
    cmc_buf_printf(o->buf, "%u\n", u);
}

/* Print v after a "name: " that stands on the line already; ends with a newline. */
static void print_value(struct out *o, const struct cmc_item *it, const void *v,
                        unsigned int indent)
{
    struct cmc_slice s;
    uint32_t u;
    bool b;
    int which;

    if (it == &cmc_it_name) {
        memcpy(&s, v, sizeof s);
        cmc_name_print(s, o->buf);
        cmc_buf_byte(o->buf, '\n');
        return;
    }
    switch (it->kind) {
    case CMC_K_SEQUENCE:
    case CMC_K_SET:
        cmc_buf_printf(o->buf, "%s\n", it->name);
        for (size_t i = 0; i < it->nfields; i++) {
            if (field_absent(&it->fields[i], (const char *)v + it->fields[i].offset))
                continue;
            pad(o, indent + INDENT_STEP);
            print_field(o, &it->fields[i], v, indent + INDENT_STEP);
        }
        return;
    case CMC_K_CHOICE:
        memcpy(&which, v, sizeof which);
        if (which < 0 || which >= (int)it->nfields)
            return;
        if (is_struct(it->fields[which].item) || is_list(it->fields[which].item)) {
            cmc_buf_printf(o->buf, "%s\n", it->name);
            pad(o, indent + INDENT_STEP);
            print_field(o, &it->fields[which], v, indent + INDENT_STEP);
        } else {
            print_field(o, &it->fields[which], v, indent);
        }
        return;
    case CMC_K_SEQUENCE_OF:
    case CMC_K_SET_OF:
        print_list(o, it, v, indent);
        return;
    case CMC_K_ANY:
        memcpy(&s, v, sizeof s);
        print_unknown(o, s, indent);
        return;
    case CMC_K_UINT32:
        memcpy(&u, v, sizeof u);
        print_uint32(o, it, u);
        return;
    case CMC_K_BOOLEAN:
        memcpy(&b, v, sizeof b);
        cmc_buf_str(o->buf, b ? "TRUE\n" : "FALSE\n");
        return;
    case CMC_K_PRIM:
    default:
        memcpy(&s, v, sizeof s);
        print_prim(o, it, s, indent);
        return;
    }
}

enum cmc_rc cmc_item_print(const struct cmc_item *it, const void *value, struct cmc_arena *arena,
                           unsigned int indent, struct cmc_buf *out, struct cmc_err *err)
{
    struct out o = {.arena = arena, .buf = out};

    pad(&o, indent);
    print_value(&o, it, value, indent);
    if (!cmc_buf_ok(out))
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to print a %s", it->name);
    return CMC_OK;
}

/* -- names ------------------------------------------------------------------------------- */

static const char *attribute_label(struct cmc_slice type)
{
    const struct {
        const struct cmc_slice *oid;
        const char *label;
    } labels[] = {
        {&cmc_oid_id_at_commonName, "CN"},
        {&cmc_oid_id_at_countryName, "C"},
        {&cmc_oid_id_at_localityName, "L"},
        {&cmc_oid_id_at_stateOrProvinceName, "ST"},
        {&cmc_oid_id_at_streetAddress, "STREET"},
        {&cmc_oid_id_at_organizationName, "O"},
        {&cmc_oid_id_at_organizationalUnitName, "OU"},
        {&cmc_oid_id_at_serialNumber, "serialNumber"},
        {&cmc_oid_id_at_surname, "SN"},
        {&cmc_oid_id_at_givenName, "GN"},
        {&cmc_oid_id_domainComponent, "DC"},
        {&cmc_oid_id_userId, "UID"},
        {&cmc_oid_id_emailAddress, "emailAddress"},
        {&cmc_oid_id_at_title, "title"},
        {&cmc_oid_id_at_organizationIdentifier, "organizationIdentifier"},
        {&cmc_oid_id_at_pseudonym, "pseudonym"},
    };

    for (size_t i = 0; i < CMC_COUNT(labels); i++) {
        if (cmc_slice_eq(*labels[i].oid, type))
            return labels[i].label;
    }
    return NULL;
}

/* RFC 4514 section 2.4: what must be escaped in an attribute value. */
static void put_attribute_value(struct cmc_buf *b, struct cmc_slice value)
{
    struct cmc_slice in = value;
    struct cmc_tlv t;

    if (cmc_tlv_next(&in, &t, NULL) != CMC_OK || t.constructed || t.cls != CMC_CLASS_UNIVERSAL) {
        cmc_buf_byte(b, '#');
        cmc_buf_hex(b, value);
        return;
    }
    if (t.tag == CMC_T_BMP) {
        put_utf16(b, t.content);
        return;
    }
    if (t.tag != CMC_T_UTF8 && t.tag != CMC_T_PRINTABLE && t.tag != CMC_T_IA5 &&
        t.tag != CMC_T_T61 && t.tag != CMC_T_NUMERIC && t.tag != CMC_T_VISIBLE) {
        cmc_buf_byte(b, '#');
        cmc_buf_hex(b, value);
        return;
    }
    for (size_t i = 0, step; i < t.content.n; i += step) {
        uint8_t c = t.content.p[i];
        bool edge = (i == 0 && (c == ' ' || c == '#')) || (i == t.content.n - 1 && c == ' ');

        step = 1;
        if (edge || c == ',' || c == '+' || c == '"' || c == ';' || c == '<' || c == '>' ||
            c == '\\')
            cmc_buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f || (c >= 0x80 && t.tag != CMC_T_UTF8))
            cmc_buf_printf(b, "\\%02x", c);
        else if (c >= 0x80)
            step = put_utf8_char(b, cmc_slice(&t.content.p[i], t.content.n - i));
        else
            cmc_buf_byte(b, c);
    }
}

void cmc_name_print(struct cmc_slice name, struct cmc_buf *out)
{
    struct cmc_slice in = name, rdns;
    struct cmc_tlv t, rdn, atv, type, value;
    const char *sep = "";

    if (cmc_tlv_next(&in, &t, NULL) != CMC_OK || t.tag != CMC_T_SEQUENCE) {
        cmc_buf_str(out, "(not a Name)");
        return;
    }
    if (t.content.n == 0) {
        cmc_buf_str(out, "(empty)");
        return;
    }
    for (rdns = t.content; rdns.n > 0 && cmc_tlv_next(&rdns, &rdn, NULL) == CMC_OK;) {
        struct cmc_slice atvs = rdn.content;

        while (atvs.n > 0 && cmc_tlv_next(&atvs, &atv, NULL) == CMC_OK) {
            struct cmc_slice parts = atv.content;
            const char *label;

            if (cmc_tlv_next(&parts, &type, NULL) != CMC_OK ||
                cmc_tlv_next(&parts, &value, NULL) != CMC_OK || parts.n != 0)
                return;
            label = attribute_label(type.content);
            cmc_buf_str(out, sep);
            if (label != NULL) {
                cmc_buf_str(out, label);
            } else {
                char dotted[256];

                cmc_buf_str(out, cmc_oid_text(type.content, dotted, sizeof dotted));
            }
            cmc_buf_byte(out, '=');
            put_attribute_value(out, value.whole);
            sep = "+";
        }
        sep = ", ";
    }
}
