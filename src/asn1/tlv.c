/* SPDX-License-Identifier: Apache-2.0 */
#include "asn1/tlv.h"

#include "asn1/item.h"

/* Header of one TLV as BER allows it. */
struct header {
    uint8_t cls;
    bool constructed, indefinite;
    bool minimal; /* tag and length are in their shortest form */
    uint32_t tag;
    size_t hlen, clen;
};

enum hdr_result { HDR_OK, HDR_SHORT, HDR_BAD };

static enum hdr_result header_read(struct cmc_slice in, struct header *h, const char **why)
{
    size_t i = 0;
    uint8_t b;

    *h = (struct header){.minimal = true};
    if (in.n < 2)
        return HDR_SHORT;
    b = in.p[i++];
    h->cls = b & CMC_CLASS_MASK;
    h->constructed = (b & CMC_CONSTRUCTED) != 0;
    h->tag = b & 31u;
    if (h->tag == 31) {
        h->tag = 0;
        if (in.p[i] == 0x80)
            h->minimal = false;
        do {
            if (i >= in.n)
                return HDR_SHORT;
            if (h->tag > (UINT32_MAX >> 7)) {
                *why = "tag number too large";
                return HDR_BAD;
            }
            b = in.p[i++];
            h->tag = (h->tag << 7) | (b & 127u);
        } while ((b & 128u) != 0);
        if (h->tag < 31)
            h->minimal = false;
        if (i >= in.n)
            return HDR_SHORT;
    }
    b = in.p[i++];
    if (b < 128) {
        h->clen = b;
    } else if (b == 128) {
        if (!h->constructed) {
            *why = "indefinite length on a primitive encoding";
            return HDR_BAD;
        }
        h->indefinite = true;
    } else {
        unsigned int k = b & 127u;

        if (k > 8) {
            *why = "length of more than 8 octets";
            return HDR_BAD;
        }
        if (in.n - i < k)
            return HDR_SHORT;
        if (in.p[i] == 0)
            h->minimal = false;
        for (unsigned int j = 0; j < k; j++)
            h->clen = (h->clen << 8) | in.p[i++];
        if (h->clen < 128)
            h->minimal = false;
    }
    h->hlen = i;
    return HDR_OK;
}

enum cmc_rc cmc_tlv_next(struct cmc_slice *in, struct cmc_tlv *out, struct cmc_err *err)
{
    const char *why = "truncated header";
    struct header h;

    if (header_read(*in, &h, &why) != HDR_OK)
        return cmc_fail(err, CMC_E_INPUT, "X.690 section 8.1", "%s", why);
    if (h.indefinite || !h.minimal)
        return cmc_fail(err, CMC_E_INPUT, "X.690 section 10.1", "length is not in DER form");
    if (h.clen > in->n - h.hlen)
        return cmc_fail(err, CMC_E_INPUT, "X.690 section 8.1",
                        "truncated: a value of %zu octets where %zu are left", h.clen,
                        in->n - h.hlen);
    out->cls = h.cls;
    out->constructed = h.constructed;
    out->tag = h.tag;
    out->whole = cmc_slice(in->p, h.hlen + h.clen);
    out->content = cmc_slice(in->p + h.hlen, h.clen);
    in->p += h.hlen + h.clen;
    in->n -= h.hlen + h.clen;
    return CMC_OK;
}

enum cmc_rc cmc_ber_frame(struct cmc_slice in, size_t *len, struct cmc_err *err)
{
    const char *why = "truncated header";
    struct header h;

    *len = 0;
    switch (header_read(in, &h, &why)) {
    case HDR_SHORT:
        return CMC_OK;
    case HDR_BAD:
        return cmc_fail(err, CMC_E_INPUT, "X.690 section 8.1", "%s", why);
    case HDR_OK:
    default:
        break;
    }
    if (h.indefinite)
        return cmc_fail(err, CMC_E_INPUT, "RFC 10003 section 7",
                        "indefinite length cannot frame a message on a stream");
    if (h.clen > CMC_LIMIT_MESSAGE_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "message of %zu octets is above CMC_LIMIT_MESSAGE_OCTETS (%u)", h.clen,
                        CMC_LIMIT_MESSAGE_OCTETS);
    *len = h.hlen + h.clen;
    return CMC_OK;
}

/* Octets of the BER value at the start of in. 0: malformed. */
static size_t ber_length(struct cmc_slice in)
{
    size_t open = 0, pos = 0; /* open: indefinite lengths that wait for their end */

    do {
        const char *why;
        struct header h;

        if (header_read(cmc_slice(in.p + pos, in.n - pos), &h, &why) != HDR_OK)
            return 0;
        if (h.clen > in.n - pos - h.hlen)
            return 0;
        pos += h.hlen + h.clen;
        if (h.indefinite)
            open++;
        else if (h.cls == 0 && h.tag == 0 && open > 0)
            open--;
    } while (open > 0);
    return pos;
}

enum cmc_rc cmc_ber_element(struct cmc_slice in, size_t index, struct cmc_slice *out,
                            struct cmc_err *err)
{
    const char *why;
    struct header h;
    size_t len;

    if (header_read(in, &h, &why) != HDR_OK || !h.constructed || h.clen > in.n - h.hlen)
        return cmc_fail(err, CMC_E_INPUT, "X.690 section 8.1", "no constructed value");
    in = cmc_slice(in.p + h.hlen, h.indefinite ? in.n - h.hlen : h.clen);
    for (size_t i = 0; in.n > 0; i++) {
        if (h.indefinite && in.n >= 2 && in.p[0] == 0 && in.p[1] == 0)
            break;
        len = ber_length(in);
        if (len == 0)
            return cmc_fail(err, CMC_E_INPUT, "X.690 section 8.1", "malformed element %zu", i);
        if (i == index) {
            *out = cmc_slice(in.p, len);
            return CMC_OK;
        }
        in.p += len;
        in.n -= len;
    }
    return cmc_fail(err, CMC_E_NOTFOUND, NULL, "no element %zu", index);
}

/* -- BER to DER -------------------------------------------------------------------------- */

static bool is_string_tag(uint32_t tag)
{
    switch (tag) {
    case CMC_T_BIT_STRING:
    case CMC_T_OCTET_STRING:
    case CMC_T_UTF8:
    case CMC_T_NUMERIC:
    case CMC_T_PRINTABLE:
    case CMC_T_T61:
    case 21: /* VideotexString */
    case CMC_T_IA5:
    case CMC_T_UTCTIME:
    case CMC_T_GENTIME:
    case 25: /* GraphicString */
    case CMC_T_VISIBLE:
    case 27: /* GeneralString */
    case CMC_T_UNIVERSAL:
    case CMC_T_BMP:
        return true;
    default:
        return false;
    }
}

/* One open constructed value on the way down. */
struct level {
    size_t end;      /* offset where the content ends, or cannot go beyond when indefinite */
    bool indefinite; /* ends with end-of-contents octets */
    uint32_t string; /* tag of the constructed string whose parts are joined, or 0 */
    size_t node;     /* index of its node, in the second pass */
};

struct walk {
    bool der;    /* so far everything was in DER form */
    size_t tlvs; /* TLVs seen */
};

static enum cmc_rc bad(struct cmc_err *err, size_t at, const char *why)
{
    return cmc_fail(err, CMC_E_INPUT, "X.690 section 8.1", "not BER: %s at octet %zu", why, at);
}

/*
 * A node of the rewritten tree, in input order. For a constructed value clen is the sum of its
 * children's encoded lengths and is known only at its end.
 */
struct node {
    uint8_t first; /* identifier octet, constructed bit as it will be written */
    bool part;     /* a part of such a string: written without a header */
    uint32_t tag;
    size_t clen;        /* content octets in the output */
    const uint8_t *src; /* content of a primitive */
    size_t parent;      /* SIZE_MAX at the top */
};

static size_t tag_octets(uint32_t tag)
{
    size_t n = 1;

    if (tag < 31)
        return 1;
    for (; tag != 0; tag >>= 7)
        n++;
    return n;
}

static size_t length_octets(size_t len)
{
    size_t n = 1;

    if (len < 128)
        return 1;
    for (; len != 0; len >>= 8)
        n++;
    return n;
}

static uint8_t *header_write(uint8_t *p, const struct node *nd)
{
    size_t n;

    if (nd->tag < 31) {
        *p++ = nd->first;
    } else {
        *p++ = nd->first | 31u;
        n = tag_octets(nd->tag) - 1;
        while (n-- > 0)
            *p++ = (uint8_t)(((nd->tag >> (7 * n)) & 127u) | (n > 0 ? 128u : 0u));
    }
    n = length_octets(nd->clen) - 1;
    if (n == 0) {
        *p++ = (uint8_t)nd->clen;
    } else {
        *p++ = (uint8_t)(128u | n);
        while (n-- > 0)
            *p++ = (uint8_t)(nd->clen >> (8 * n));
    }
    return p;
}

/*
 * Walk the input once with an explicit stack. With nodes == NULL only check and count; else
 * also fill nodes, which has room for w->tlvs of the first walk.
 */
static enum cmc_rc walk(struct cmc_slice in, struct node *nodes, struct walk *w,
                        struct cmc_err *err)
{
    struct level stack[CMC_LIMIT_ASN1_DEPTH + 1]; /* [0] is the input itself */
    size_t depth = 0, pos = 0;

    stack[0] = (struct level){.end = in.n, .node = SIZE_MAX};
    *w = (struct walk){.der = true};
    do {
        struct header h;
        const char *why = "truncated header";
        bool end_of_contents;
        size_t limit = stack[depth].end;

        if (header_read(cmc_slice(in.p + pos, limit - pos), &h, &why) != HDR_OK)
            return bad(err, pos, why);
        /* X.690 section 8.1.5: exactly two zero octets. */
        end_of_contents = in.p[pos] == 0 && in.p[pos + 1] == 0;
        if (end_of_contents) {
            if (!stack[depth].indefinite)
                return bad(err, pos, "end-of-contents outside an indefinite length");
            pos += h.hlen;
            depth--;
        } else {
            uint32_t part_of = stack[depth].string;
            bool in_string = part_of != 0;
            bool string = h.cls == 0 && h.constructed && is_string_tag(h.tag);

            if (h.cls == 0 && h.tag == 0)
                return bad(err, pos, "tag 0 of the universal class");
            if (h.cls == 0 && (h.tag == 16 || h.tag == 17) && !h.constructed)
                return bad(err, pos, "primitive SEQUENCE or SET");
            if (!h.indefinite && h.clen > limit - pos - h.hlen)
                return bad(err, pos, "value longer than what holds it");
            /* X.690 section 8.21: OCTET STRINGs; some write the string's own tag again. */
            if (in_string && (h.cls != 0 || (h.tag != CMC_T_OCTET_STRING && h.tag != part_of)))
                return bad(err, pos, "part of a string that is no OCTET STRING");
            if (string && h.tag == CMC_T_BIT_STRING)
                return bad(err, pos, "BIT STRING in constructed form");
            if (h.indefinite || !h.minimal || string)
                w->der = false;
            if (++w->tlvs > CMC_LIMIT_ASN1_TLVS)
                return cmc_fail(err, CMC_E_LIMIT, NULL,
                                "more than CMC_LIMIT_ASN1_TLVS (%u) values in one message",
                                CMC_LIMIT_ASN1_TLVS);
            if (nodes != NULL) {
                struct node *nd = &nodes[w->tlvs - 1];

                *nd = (struct node){
                    .first = (uint8_t)(h.cls | (h.tag < 31 ? h.tag : 0) |
                                       (h.constructed && !string ? CMC_CONSTRUCTED : 0)),
                    .part = in_string,
                    .tag = h.tag,
                    .src = h.constructed ? NULL : in.p + pos + h.hlen,
                    .clen = h.constructed ? 0 : h.clen,
                    .parent = stack[depth].node,
                };
            }
            pos += h.hlen;
            if (h.constructed) {
                if (depth == CMC_LIMIT_ASN1_DEPTH)
                    return cmc_fail(err, CMC_E_LIMIT, NULL,
                                    "nested deeper than CMC_LIMIT_ASN1_DEPTH (%u)",
                                    CMC_LIMIT_ASN1_DEPTH);
                stack[++depth] = (struct level){
                    .end = h.indefinite ? limit : pos + h.clen,
                    .indefinite = h.indefinite,
                    .string = in_string ? part_of
                              : string  ? h.tag
                                        : 0,
                    .node = w->tlvs - 1,
                };
            } else {
                pos += h.clen;
            }
        }
        while (depth > 0 && !stack[depth].indefinite && stack[depth].end == pos)
            depth--;
    } while (depth > 0);
    if (pos != in.n)
        return cmc_fail(err, CMC_E_INPUT, "X.690 section 8.1",
                        "%zu octets after the end of the value", in.n - pos);
    return CMC_OK;
}

enum cmc_rc cmc_ber_to_der(struct cmc_slice in, struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err)
{
    struct node *nodes;
    struct walk w;
    enum cmc_rc rc;
    uint8_t *p, *der;
    size_t total;

    if (in.n > CMC_LIMIT_MESSAGE_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "message of %zu octets is above CMC_LIMIT_MESSAGE_OCTETS (%u)", in.n,
                        CMC_LIMIT_MESSAGE_OCTETS);
    rc = walk(in, NULL, &w, err);
    if (rc != CMC_OK)
        return rc;
    if (w.der) {
        *out = in;
        return CMC_OK;
    }
    nodes = cmc_arena_array(arena, w.tlvs, sizeof *nodes);
    if (nodes == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for %zu BER values", w.tlvs);
    rc = walk(in, nodes, &w, err);
    if (rc != CMC_OK)
        return rc;
    /* Children come after their parent, so going backwards every length is complete. */
    for (size_t i = w.tlvs; i-- > 0;) {
        struct node *nd = &nodes[i];
        size_t size = nd->clen;

        if (!nd->part)
            size += tag_octets(nd->tag) + length_octets(nd->clen);
        if (nd->parent != SIZE_MAX)
            nodes[nd->parent].clen += size;
    }
    total = tag_octets(nodes[0].tag) + length_octets(nodes[0].clen) + nodes[0].clen;
    der = cmc_arena_alloc(arena, total);
    if (der == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for %zu octets of DER", total);
    p = der;
    for (size_t i = 0; i < w.tlvs; i++) {
        if (!nodes[i].part)
            p = header_write(p, &nodes[i]);
        if (nodes[i].src != NULL && nodes[i].clen > 0) {
            memcpy(p, nodes[i].src, nodes[i].clen);
            p += nodes[i].clen;
        }
    }
    if ((size_t)(p - der) != total)
        return cmc_fail(err, CMC_E_BUG, NULL, "BER rewriting wrote %zu of %zu octets",
                        (size_t)(p - der), total);
    *out = cmc_slice(der, total);
    return CMC_OK;
}

size_t cmc_der_header(uint8_t out[CMC_DER_HEADER_MAX], uint8_t first, size_t len)
{
    const struct node nd = {.first = first, .tag = first & 31u, .clen = len};

    return (size_t)(header_write(out, &nd) - out);
}
