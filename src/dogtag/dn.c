/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/dn.h"

#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request.h"

/* How the characters of a string type are written. */
enum unit { OCTETS, LATIN1, UTF16, UTF32 };

struct string_type {
    const char *prefix;
    uint8_t tag;
    enum unit unit;
};

static const struct string_type types[] = {
    {"UTF8String:", CMC_T_UTF8, OCTETS},
    {"PrintableString:", CMC_T_PRINTABLE, OCTETS},
    {"IA5String:", CMC_T_IA5, OCTETS},
    {"T61String:", CMC_T_T61, LATIN1},
    {"TeletexString:", CMC_T_T61, LATIN1},
    {"BMPString:", CMC_T_BMP, UTF16},
    {"UniversalString:", CMC_T_UNIVERSAL, UTF32},
};

static enum cmc_rc convert(enum unit unit, struct cmc_slice *value, struct cmc_arena *arena,
                           struct cmc_err *err)
{
    static const uint32_t most[] = {[LATIN1] = 0xff, [UTF16] = 0xffff, [UTF32] = 0x10ffff};
    static const size_t width[] = {[LATIN1] = 1, [UTF16] = 2, [UTF32] = 4};
    struct cmc_slice in = *value;
    uint8_t *v;
    size_t n = 0;

    if (unit == OCTETS)
        return CMC_OK;
    v = cmc_arena_alloc(arena, in.n * width[unit]);
    if (v == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
    while (in.n > 0) {
        uint32_t cp = 0;
        size_t octets = cmc_utf8_next(in, &cp);

        if (octets == 0 || cp > most[unit])
            return cmc_fail(err, CMC_E_USAGE, NULL,
                            "name: a character that does not fit the string type asked for");
        for (size_t i = width[unit]; i-- > 0;)
            v[n++] = (uint8_t)(cp >> (8 * i));
        in = cmc_slice(in.p + octets, in.n - octets);
    }
    *value = cmc_slice(v, n);
    return CMC_OK;
}

/* A type that the value begins with; true when there was one. */
static bool take_prefix(uint8_t *tag, enum unit *unit, struct cmc_slice *value)
{
    for (size_t i = 0; i < CMC_COUNT(types); i++) {
        size_t n = strlen(types[i].prefix);

        if (value->n > n && strncasecmp((const char *)value->p, types[i].prefix, n) == 0) {
            *tag = types[i].tag;
            *unit = types[i].unit;
            *value = cmc_slice(value->p + n, value->n - n);
            return true;
        }
    }
    return false;
}

static enum cmc_rc typed(struct cmc_slice type, uint8_t *tag, struct cmc_slice *value,
                         struct cmc_arena *arena, struct cmc_err *err)
{
    enum unit unit = OCTETS;

    (void)type;
    (void)take_prefix(tag, &unit, value);
    return convert(unit, value, arena, err);
}

/* X.680 section 41.4. */
static bool is_printable(struct cmc_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = (char)s.p[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              (c != '\0' && strchr(" '()+,-./:=?", c) != NULL)))
            return false;
    }
    return true;
}

static enum cmc_rc crmf_attribute(struct cmc_slice type, struct cmc_err *err)
{
    static const struct cmc_slice *const known[] = {
        &cmc_oid_id_userId,
        &cmc_oid_id_at_countryName,
        &cmc_oid_id_at_commonName,
        &cmc_oid_id_at_localityName,
        &cmc_oid_id_at_organizationName,
        &cmc_oid_id_at_stateOrProvinceName,
        &cmc_oid_id_at_organizationalUnitName,
    };
    char text[64];

    for (size_t i = 0; i < CMC_COUNT(known); i++) {
        if (cmc_slice_eq(*known[i], type))
            return CMC_OK;
    }
    return cmc_fail(
        err, CMC_E_USAGE, NULL,
        "Unsupported attribute: %s (a CRMF subject takes UID, C, CN, L, O, ST and OU)",
        cmc_slice_eq(type, cmc_oid_id_emailAddress) ? "E" : cmc_oid_text(type, text, sizeof text));
}

static enum cmc_rc crmf(struct cmc_slice type, uint8_t *tag, struct cmc_slice *value,
                        struct cmc_arena *arena, struct cmc_err *err)
{
    enum cmc_rc rc = crmf_attribute(type, err);

    if (rc != CMC_OK)
        return rc;
    *tag = is_printable(*value) ? CMC_T_PRINTABLE : CMC_T_T61;
    return convert(*tag == CMC_T_T61 ? LATIN1 : OCTETS, value, arena, err);
}

static enum cmc_rc crmf_typed(struct cmc_slice type, uint8_t *tag, struct cmc_slice *value,
                              struct cmc_arena *arena, struct cmc_err *err)
{
    enum unit unit = OCTETS;
    enum cmc_rc rc = crmf_attribute(type, err);

    if (rc != CMC_OK)
        return rc;
    if (!take_prefix(tag, &unit, value))
        return crmf(type, tag, value, arena, err);
    return convert(unit, value, arena, err);
}

enum cmc_rc dog_dn(struct dog *d, const char *text, enum dog_dn_kind kind, struct cmc_slice *out)
{
    static const struct cmc_name_style styles[] = {
        [DOG_DN_UTF8] = {.reversed = true, .semicolon = true, .string = NULL},
        [DOG_DN_TYPED] = {.reversed = true, .semicolon = true, .string = typed},
        [DOG_DN_CRMF] = {.reversed = true, .semicolon = true, .string = crmf},
        [DOG_DN_CRMF_TYPED] = {.reversed = true, .semicolon = true, .string = crmf_typed},
    };

    return cmc_name_parse_as(text, &styles[kind], d->arena, out, &d->err);
}
