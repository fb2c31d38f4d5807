/* SPDX-License-Identifier: Apache-2.0 */
/* X.501 Names: from text, and compared as RFC 5280 section 7.1 says. */
#include <stdio.h>
#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "base/hex.h"
#include "message/request.h"

struct attribute_row {
    const char *label;
    const struct cmc_slice *oid;
    uint8_t string_tag;
};

/* RFC 4514 section 3 and what openssl calls them. */
static const struct attribute_row attributes[] = {
    {"CN", &cmc_oid_id_at_commonName, CMC_T_UTF8},
    {"C", &cmc_oid_id_at_countryName, CMC_T_PRINTABLE},
    {"O", &cmc_oid_id_at_organizationName, CMC_T_UTF8},
    {"OU", &cmc_oid_id_at_organizationalUnitName, CMC_T_UTF8},
    {"L", &cmc_oid_id_at_localityName, CMC_T_UTF8},
    {"ST", &cmc_oid_id_at_stateOrProvinceName, CMC_T_UTF8},
    {"STREET", &cmc_oid_id_at_streetAddress, CMC_T_UTF8},
    {"DC", &cmc_oid_id_domainComponent, CMC_T_IA5},
    {"UID", &cmc_oid_id_userId, CMC_T_UTF8},
    {"SN", &cmc_oid_id_at_surname, CMC_T_UTF8},
    {"GN", &cmc_oid_id_at_givenName, CMC_T_UTF8},
    {"title", &cmc_oid_id_at_title, CMC_T_UTF8},
    {"serialNumber", &cmc_oid_id_at_serialNumber, CMC_T_PRINTABLE},
    {"emailAddress", &cmc_oid_id_emailAddress, CMC_T_IA5},
    {"organizationIdentifier", &cmc_oid_id_at_organizationIdentifier, CMC_T_UTF8},
    {"E", &cmc_oid_id_emailAddress, CMC_T_IA5},
    {"MAIL", &cmc_oid_id_rfc822Mailbox, CMC_T_IA5},
    {"SURNAME", &cmc_oid_id_at_surname, CMC_T_UTF8},
    {"GIVENNAME", &cmc_oid_id_at_givenName, CMC_T_UTF8},
    {"INITIALS", &cmc_oid_id_at_initials, CMC_T_UTF8},
    {"GENERATIONQUALIFIER", &cmc_oid_id_at_generationQualifier, CMC_T_UTF8},
    {"pseudonym", &cmc_oid_id_at_pseudonym, CMC_T_UTF8},
    {"dnQualifier", &cmc_oid_id_at_dnQualifier, CMC_T_PRINTABLE},
};

/* RDNSequence as cmc_it_name_rdns decodes it: a list of lists of struct cmc_atv. */
struct parser {
    const char *text, *p;
    char separator; /* ',' or '/' */
    const struct cmc_name_style *style;
    struct cmc_arena *arena;
    struct cmc_err *err;
};

static enum cmc_rc bad(const struct parser *ps, const char *why)
{
    return cmc_fail(ps->err, CMC_E_USAGE, "RFC 4514 section 3", "name \"%s\", column %zu: %s",
                    ps->text, (size_t)(ps->p - ps->text) + 1, why);
}

static void skip_blanks(struct parser *ps)
{
    while (*ps->p == ' ')
        ps->p++;
}

static enum cmc_rc parse_type(struct parser *ps, struct cmc_atv *atv, uint8_t *tag)
{
    const char *start = ps->p;
    size_t n;

    while (*ps->p != '\0' && *ps->p != '=' && *ps->p != ' ')
        ps->p++;
    n = (size_t)(ps->p - start);
    skip_blanks(ps);
    if (n == 0 || *ps->p != '=') {
        ps->p = start;
        return bad(ps, "here should stand an attribute such as CN=alice");
    }
    ps->p++;
    for (size_t i = 0; i < CMC_COUNT(attributes); i++) {
        if (strlen(attributes[i].label) == n && strncasecmp(attributes[i].label, start, n) == 0) {
            atv->type = *attributes[i].oid;
            *tag = attributes[i].string_tag;
            return CMC_OK;
        }
    }
    {
        bool prefixed = n > 4 && strncasecmp(start, "OID.", 4) == 0; /* RFC 1779 section 2.3 */
        char *dotted =
            cmc_arena_strndup(ps->arena, prefixed ? start + 4 : start, prefixed ? n - 4 : n);
        uint8_t *buf = cmc_arena_alloc(ps->arena, CMC_LIMIT_OID_OCTETS);

        if (dotted == NULL || buf == NULL)
            return cmc_fail(ps->err, CMC_E_MEM, NULL, "no memory for a name");
        atv->type = cmc_oid_parse(dotted, buf, CMC_LIMIT_OID_OCTETS);
        *tag = CMC_T_UTF8;
        if (atv->type.p == NULL) {
            ps->p = start;
            return bad(ps, "attribute type not known; use CN, C, O, OU, L, ST, DC, UID, SN, GN, "
                           "serialNumber, emailAddress or a dotted OID");
        }
    }
    return CMC_OK;
}

static bool at_end(const struct parser *ps)
{
    char c = *ps->p;

    return c == '\0' || c == ps->separator || (c == ';' && ps->style->semicolon) ||
           (c == '+' && ps->separator != '/');
}

/* One octet after a backslash, or two hex digits. */
static bool take_escaped(struct parser *ps, uint8_t *out)
{
    int hi = cmc_hex_digit(ps->p[1]);
    int lo = hi >= 0 ? cmc_hex_digit(ps->p[2]) : -1;

    if (lo < 0 && ps->p[1] == '\0')
        return false;
    *out = lo >= 0 ? (uint8_t)(hi * 16 + lo) : (uint8_t)ps->p[1];
    ps->p += lo >= 0 ? 3 : 2;
    return true;
}

/* "..." of RFC 1779: everything up to the closing quote, where only a backslash is special. */
static enum cmc_rc take_quoted(struct parser *ps, uint8_t *v, size_t *n)
{
    ps->p++;
    while (*ps->p != '\0' && *ps->p != '"') {
        if (*ps->p == '\\') {
            if (!take_escaped(ps, &v[*n]))
                return bad(ps, "a backslash at the end");
            (*n)++;
        } else {
            v[(*n)++] = (uint8_t)*ps->p++;
        }
    }
    if (*ps->p != '"')
        return bad(ps, "the closing quote is missing");
    ps->p++;
    skip_blanks(ps);
    return at_end(ps) ? CMC_OK : bad(ps, "text after the closing quote");
}

/* The octets of a value up to an unescaped separator, '+' or the end; trailing blanks are not
 * part of it. */
static enum cmc_rc take_value(struct parser *ps, struct cmc_slice *out)
{
    uint8_t *v = cmc_arena_alloc(ps->arena, strlen(ps->p) + 1);
    size_t n = 0, keep = 0;
    enum cmc_rc rc;

    if (v == NULL)
        return cmc_fail(ps->err, CMC_E_MEM, NULL, "no memory for a name");
    skip_blanks(ps);
    if (*ps->p == '"' && ps->separator != '/') {
        rc = take_quoted(ps, v, &keep);
        if (rc != CMC_OK)
            return rc;
    }
    while (!at_end(ps)) {
        if (*ps->p == '\\') {
            if (!take_escaped(ps, &v[n]))
                return bad(ps, "a backslash at the end");
            keep = ++n;
            continue;
        }
        v[n++] = (uint8_t)*ps->p++;
        if (v[n - 1] != ' ')
            keep = n;
    }
    if (keep == 0)
        return bad(ps, "an attribute without a value");
    *out = cmc_slice(v, keep);
    return CMC_OK;
}

static enum cmc_rc parse_value(struct parser *ps, struct cmc_slice type, uint8_t tag,
                               struct cmc_slice *out)
{
    struct cmc_item it = cmc_it_utf8;
    struct cmc_slice content, again = {0};
    enum cmc_rc rc = take_value(ps, &content);

    if (rc == CMC_OK && ps->style->string != NULL)
        rc = ps->style->string(type, &tag, &content, ps->arena, ps->err);
    if (rc != CMC_OK)
        return rc;
    for (size_t i = 0; i < content.n && (tag == CMC_T_PRINTABLE || tag == CMC_T_IA5); i++) {
        if (content.p[i] >= 0x80 || content.p[i] < 0x20)
            return bad(ps, "only ASCII may stand in this attribute");
    }
    it.universal = tag;
    rc = cmc_encode_arena(&it, &content, ps->arena, out, ps->err);
    /* The decoder knows what is valid UTF-8. */
    if (rc == CMC_OK && cmc_decode(&it, *out, ps->arena, &again, NULL) != CMC_OK)
        return bad(ps, "the value is not UTF-8");
    return rc;
}

/* RFC 4514 section 2.1: the text begins with the last RDN. */
static void reverse(struct cmc_list *rdns)
{
    struct cmc_list *v = rdns->v;

    for (size_t i = 0; i < rdns->n / 2; i++) {
        struct cmc_list other = v[rdns->n - 1 - i];

        v[rdns->n - 1 - i] = v[i];
        v[i] = other;
    }
}

enum cmc_rc cmc_name_parse(const char *text, struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err)
{
    static const struct cmc_name_style plain = {0};

    return cmc_name_parse_as(text, &plain, arena, out, err);
}

enum cmc_rc cmc_name_parse_as(const char *text, const struct cmc_name_style *style,
                              struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    struct parser ps = {text, text, text[0] == '/' ? '/' : ',', style, arena, err};
    struct cmc_list rdns = {0};
    enum cmc_rc rc;

    (void)cmc_list_add(arena, &cmc_it_name_rdns, &rdns, 0);
    if (*ps.p == '/')
        ps.p++;
    skip_blanks(&ps);
    while (*ps.p != '\0') {
        struct cmc_list *rdn = cmc_list_add(arena, &cmc_it_name_rdns, &rdns, 1);

        if (rdn == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
        for (;;) {
            struct cmc_atv *atv = cmc_list_add(arena, cmc_it_name_rdns.of, rdn, 1);
            uint8_t tag;

            if (atv == NULL)
                return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
            skip_blanks(&ps);
            rc = parse_type(&ps, atv, &tag);
            if (rc == CMC_OK)
                rc = parse_value(&ps, atv->type, tag, &atv->value);
            if (rc != CMC_OK)
                return rc;
            if (*ps.p != '+' || ps.separator == '/')
                break;
            ps.p++;
        }
        if (*ps.p == '\0')
            break;
        ps.p++;
        skip_blanks(&ps);
        if (*ps.p == '\0')
            return bad(&ps, "a separator at the end");
    }
    if (rdns.v == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
    if (style->reversed)
        reverse(&rdns);
    return cmc_encode_arena(&cmc_it_name_rdns, &rdns, arena, out, err);
}

/* -- comparison -------------------------------------------------------------------------- */

static bool is_text(uint32_t tag)
{
    return tag == CMC_T_UTF8 || tag == CMC_T_PRINTABLE || tag == CMC_T_IA5 || tag == CMC_T_T61 ||
           tag == CMC_T_VISIBLE;
}

/* The next octet of a value with blanks collapsed and ASCII letters lowered; -1 at the end. */
static int next_folded(struct cmc_slice *s)
{
    uint8_t c;

    if (s->n == 0)
        return -1;
    c = *s->p;
    s->p++;
    s->n--;
    if (c == ' ') {
        while (s->n > 0 && *s->p == ' ') {
            s->p++;
            s->n--;
        }
        return s->n == 0 ? -1 : ' ';
    }
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool value_eq(struct cmc_slice a, struct cmc_slice b)
{
    struct cmc_tlv x, y;

    if (cmc_slice_eq(a, b))
        return true;
    if (cmc_tlv_next(&a, &x, NULL) != CMC_OK || cmc_tlv_next(&b, &y, NULL) != CMC_OK ||
        x.cls != CMC_CLASS_UNIVERSAL || y.cls != CMC_CLASS_UNIVERSAL || !is_text(x.tag) ||
        !is_text(y.tag))
        return false;
    while (x.content.n > 0 && *x.content.p == ' ') {
        x.content.p++;
        x.content.n--;
    }
    while (y.content.n > 0 && *y.content.p == ' ') {
        y.content.p++;
        y.content.n--;
    }
    for (;;) {
        int c = next_folded(&x.content), d = next_folded(&y.content);

        if (c != d)
            return false;
        if (c < 0)
            return true;
    }
}

/* Each attribute of one RDN has its equal in the other. */
static bool rdn_eq(const struct cmc_list *a, const struct cmc_list *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        const struct cmc_atv *x = CMC_AT(const struct cmc_atv, *a, i);
        bool found = false;

        for (size_t k = 0; k < b->n && !found; k++) {
            const struct cmc_atv *y = CMC_AT(const struct cmc_atv, *b, k);

            found = cmc_slice_eq(x->type, y->type) && value_eq(x->value, y->value);
        }
        if (!found)
            return false;
    }
    return true;
}

/* Are the first RDNs of a those of b; all of them, where b must be the whole? */
static bool rdns_eq(struct cmc_slice a, struct cmc_slice b, bool whole)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_list x = {0}, y = {0};
    bool eq = false;

    if (arena == NULL)
        return false;
    if (cmc_decode(&cmc_it_name_rdns, a, arena, &x, NULL) == CMC_OK &&
        cmc_decode(&cmc_it_name_rdns, b, arena, &y, NULL) == CMC_OK &&
        (whole ? x.n == y.n : x.n >= y.n)) {
        eq = true;
        for (size_t i = 0; i < y.n && eq; i++)
            eq = rdn_eq(CMC_AT(const struct cmc_list, x, i), CMC_AT(const struct cmc_list, y, i));
    }
    cmc_arena_free(arena);
    return eq;
}

bool cmc_name_eq(struct cmc_slice a, struct cmc_slice b)
{
    if (cmc_slice_eq(a, b))
        return a.p != NULL;
    return rdns_eq(a, b, true);
}

bool cmc_name_begins(struct cmc_slice name, struct cmc_slice base)
{
    return rdns_eq(name, base, false);
}

bool cmc_name_value_eq(struct cmc_slice a, struct cmc_slice b)
{
    return value_eq(a, b);
}

const char *cmc_name_attribute(const char *label, struct cmc_arena *arena, struct cmc_slice *type,
                               uint8_t *tag)
{
    uint8_t *buf;

    for (size_t i = 0; i < CMC_COUNT(attributes); i++) {
        if (strcasecmp(attributes[i].label, label) == 0) {
            *type = *attributes[i].oid;
            *tag = attributes[i].string_tag;
            return attributes[i].label;
        }
    }
    buf = cmc_arena_alloc(arena, CMC_LIMIT_OID_OCTETS);
    *type = buf != NULL ? cmc_oid_parse(label, buf, CMC_LIMIT_OID_OCTETS) : CMC_SLICE_NONE;
    *tag = CMC_T_UTF8;
    return type->p != NULL ? label : NULL;
}
