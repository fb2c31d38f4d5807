/* SPDX-License-Identifier: Apache-2.0 */
/* Names as Java prints them. */
#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "dogtag/print.h"

void dog_indent(struct cmc_buf *out, unsigned int n)
{
    cmc_buf_printf(out, "%*s", (int)n, "");
}

void dog_hex(struct cmc_buf *out, unsigned int indent, struct cmc_slice s)
{
    dog_indent(out, indent);
    for (size_t i = 0; i < s.n; i++) {
        if (i > 0 && i % 16 == 0) {
            cmc_buf_byte(out, '\n');
            dog_indent(out, indent);
        }
        cmc_buf_printf(out, "%02X%s", s.p[i], i + 1 < s.n ? ":" : "");
    }
    if (s.n > 0)
        cmc_buf_byte(out, '\n');
}

void dog_text(struct cmc_buf *out, struct cmc_slice s)
{
    while (s.n > 0) {
        uint32_t cp = 0;
        size_t n = cmc_utf8_next(s, &cp);

        if (n == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
            cmc_buf_byte(out, '?');
            n = n > 0 ? n : 1;
        } else {
            cmc_buf_add(out, s.p, n);
        }
        s = cmc_slice(s.p + n, s.n - n);
    }
}

struct keyword {
    const struct cmc_slice *oid;
    const char *word;
};
static const struct keyword keywords[] = {
    {&cmc_oid_id_at_commonName, "CN"},
    {&cmc_oid_id_at_countryName, "C"},
    {&cmc_oid_id_at_localityName, "L"},
    {&cmc_oid_id_at_stateOrProvinceName, "ST"},
    {&cmc_oid_id_at_organizationName, "O"},
    {&cmc_oid_id_at_organizationalUnitName, "OU"},
    {&cmc_oid_id_at_title, "T"},
    {&cmc_oid_id_at_streetAddress, "STREET"},
    {&cmc_oid_id_domainComponent, "DC"},
    {&cmc_oid_id_at_dnQualifier, "DNQ"},
    {&cmc_oid_id_at_surname, "SURNAME"},
    {&cmc_oid_id_at_givenName, "GIVENNAME"},
    {&cmc_oid_id_at_initials, "INITIALS"},
    {&cmc_oid_id_at_generationQualifier, "GENERATION"},
    {&cmc_oid_id_emailAddress, "EMAILADDRESS"},
    {&cmc_oid_id_userId, "UID"},
    {&cmc_oid_id_at_serialNumber, "SERIALNUMBER"},
};

static void print_type(struct cmc_slice oid, struct cmc_buf *out)
{
    char text[128];

    for (size_t i = 0; i < CMC_COUNT(keywords); i++) {
        if (cmc_slice_eq(*keywords[i].oid, oid)) {
            cmc_buf_printf(out, "%s=", keywords[i].word);
            return;
        }
    }
    cmc_buf_printf(out, "OID.%s=", cmc_oid_text(oid, text, sizeof text));
}

/* The value in UTF-8; false when it is no string, or one whose characters we do not know. */
static bool to_utf8(struct cmc_slice value, struct cmc_buf *out)
{
    struct cmc_tlv t;

    if (cmc_tlv_next(&value, &t, NULL) != CMC_OK || t.cls != CMC_CLASS_UNIVERSAL)
        return false;
    switch (t.tag) {
    case CMC_T_UTF8:
    case CMC_T_PRINTABLE:
    case CMC_T_IA5:
    case CMC_T_VISIBLE:
    case CMC_T_NUMERIC:
        cmc_buf_slice(out, t.content);
        return true;
    case CMC_T_T61:
        for (size_t i = 0; i < t.content.n; i++) {
            uint8_t c = t.content.p[i];

            if (c >= 0x80)
                cmc_buf_byte(out, (uint8_t)(0xc0 | c >> 6));
            cmc_buf_byte(out, c >= 0x80 ? (uint8_t)(0x80 | (c & 0x3f)) : c);
        }
        return true;
    case CMC_T_BMP:
        for (size_t i = 0; i + 1 < t.content.n; i += 2) {
            unsigned int c = (unsigned int)t.content.p[i] << 8 | t.content.p[i + 1];

            if (c >= 0x800) {
                cmc_buf_byte(out, (uint8_t)(0xe0 | c >> 12));
                cmc_buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
            } else if (c >= 0x80) {
                cmc_buf_byte(out, (uint8_t)(0xc0 | c >> 6));
            }
            cmc_buf_byte(out, c >= 0x80 ? (uint8_t)(0x80 | (c & 0x3f)) : (uint8_t)c);
        }
        return true;
    default:
        return false;
    }
}

static bool wants_quotes(struct cmc_slice s)
{
    bool blank = true; /* as if one stood before the first */

    for (size_t i = 0; i < s.n; i++) {
        if (strchr(",+=\n<>#;\\\"", s.p[i]) != NULL || (s.p[i] == ' ' && blank))
            return true;
        blank = s.p[i] == ' ';
    }
    return s.n == 0 ? false : blank;
}

static void print_value(struct cmc_slice value, struct cmc_buf *out)
{
    struct cmc_buf text;
    struct cmc_slice s;
    bool quotes;

    cmc_buf_init(&text, 4u * CMC_LIMIT_MESSAGE_OCTETS);
    if (!to_utf8(value, &text)) {
        cmc_buf_byte(out, '#');
        cmc_buf_hex(out, value);
        cmc_buf_free(&text);
        return;
    }
    s = cmc_buf_get0(&text);
    quotes = wants_quotes(s);
    if (quotes)
        cmc_buf_byte(out, '"');
    for (size_t from = 0, i = 0; i <= s.n; i++) {
        if (i < s.n && s.p[i] != '"' && s.p[i] != '\\')
            continue;
        dog_text(out, cmc_slice(s.p + from, i - from));
        if (i < s.n)
            cmc_buf_printf(out, "\\%c", s.p[i]);
        from = i + 1;
    }
    if (quotes)
        cmc_buf_byte(out, '"');
    cmc_buf_free(&text);
}

void dog_print_name(struct dog *d, struct cmc_slice name, bool tight, struct cmc_buf *out)
{
    struct cmc_list rdns = {0};

    if (cmc_decode(&cmc_it_name_rdns, name, d->arena, &rdns, NULL) != CMC_OK)
        return;
    for (size_t i = rdns.n; i-- > 0;) {
        const struct cmc_list *rdn = CMC_AT(const struct cmc_list, rdns, i);

        for (size_t k = 0; k < rdn->n; k++) {
            const struct cmc_atv *atv = CMC_AT(const struct cmc_atv, *rdn, k);

            if (k > 0)
                cmc_buf_str(out, tight ? "+" : " + ");
            print_type(atv->type, out);
            print_value(atv->value, out);
        }
        if (i > 0)
            cmc_buf_str(out, tight ? "," : ", ");
    }
}

static void print_ip(struct cmc_slice v, struct cmc_buf *out)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.n == 16 || v.n == 32) {
            if (i % 2 == 0)
                cmc_buf_printf(out, "%s%x",
                               i == 16 ? ","
                               : i > 0 ? ":"
                                       : "",
                               (unsigned int)v.p[i] << 8 | v.p[i + 1]);
        } else {
            cmc_buf_printf(out, "%s%u", i == 4 ? "," : i > 0 ? "." : "", v.p[i]);
        }
    }
}

void dog_print_general_name(struct dog *d, const struct cmc_general_name *gn, struct cmc_buf *out)
{
    static const char *const words[] = {
        [CMC_GN_OTHER] = "OtherName: ", [CMC_GN_EMAIL] = "RFC822Name: ",
        [CMC_GN_DNS] = "DNSName: ",     [CMC_GN_X400] = "X400Address: ",
        [CMC_GN_DIRECTORY] = "",        [CMC_GN_EDI] = "EDIPartyName: ",
        [CMC_GN_URI] = "URIName: ",     [CMC_GN_IP] = "IPAddress: ",
        [CMC_GN_RID] = "OIDName: "};
    char oid[128];

    cmc_buf_str(out, words[gn->which]);
    switch (gn->which) {
    case CMC_GN_EMAIL:
    case CMC_GN_DNS:
    case CMC_GN_URI:
        dog_text(out, gn->v);
        break;
    case CMC_GN_DIRECTORY:
        dog_print_name(d, gn->v, true, out);
        break;
    case CMC_GN_IP:
        print_ip(gn->v, out);
        break;
    case CMC_GN_RID:
        cmc_buf_str(out, cmc_oid_text(gn->v, oid, sizeof oid));
        break;
    default:
        cmc_buf_hex(out, gn->v);
        break;
    }
}
