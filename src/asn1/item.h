/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ASN.1 types as tables. A module file (cmc.c, cms.c, crmf.c, pkix.c) describes each type
 * once; the one decoder (decode.c), the one encoder (encode.c) and the printer (text.c) all
 * read the same table, so what is decoded, written and shown cannot drift apart.
 *
 * How a type looks in C:
 *   SEQUENCE, SET       a struct; a field is embedded, or a pointer when it is OPTIONAL and
 *                       itself a struct (NULL = absent)
 *   CHOICE              a struct whose first member is "int which" (index of the alternative,
 *                       counted from 0) followed by a union
 *   SEQUENCE OF, SET OF struct cmc_list (v == NULL = absent)
 *   BOOLEAN             bool;  small INTEGER: uint32_t (0..4294967295)
 *   everything else     struct cmc_slice over the content octets (p == NULL = absent);
 *                       for ANY over the whole TLV (with the context tag, if the field has one)
 * Slices point into the octets that were decoded; arrays and pointers live in the arena.
 *
 * Recursion of decoder and encoder follows the tables, which are finite and acyclic, never
 * the input.
 */
#ifndef CMC_ASN1_ITEM_H
#define CMC_ASN1_ITEM_H

#include <stddef.h>

#include "base/limit.h"
#include "base/slice.h"

enum cmc_kind {
    CMC_K_SEQUENCE,
    CMC_K_SET, /* SET with named fields is not used by our modules; SET OF is */
    CMC_K_CHOICE,
    CMC_K_SEQUENCE_OF,
    CMC_K_SET_OF,
    CMC_K_ANY,     /* open type: the whole TLV; with `universal` set only that tag, or `max` */
    CMC_K_UINT32,  /* INTEGER or ENUMERATED (see universal) in 0..4294967295 */
    CMC_K_BOOLEAN, /* bool */
    CMC_K_PRIM     /* content octets of the universal type named by `universal` */
};

/* Universal tag numbers. */
enum {
    CMC_T_BOOLEAN = 1,
    CMC_T_INTEGER = 2,
    CMC_T_BIT_STRING = 3,
    CMC_T_OCTET_STRING = 4,
    CMC_T_NULL = 5,
    CMC_T_OID = 6,
    CMC_T_ENUMERATED = 10,
    CMC_T_UTF8 = 12,
    CMC_T_SEQUENCE = 16,
    CMC_T_SET = 17,
    CMC_T_NUMERIC = 18,
    CMC_T_PRINTABLE = 19,
    CMC_T_T61 = 20,
    CMC_T_IA5 = 22,
    CMC_T_UTCTIME = 23,
    CMC_T_GENTIME = 24,
    CMC_T_VISIBLE = 26,
    CMC_T_UNIVERSAL = 28,
    CMC_T_BMP = 30
};

/* A list of elements, each of the size of the element type's C type. */
struct cmc_list {
    void *v;
    size_t n;
    struct cmc_list_room *room; /* cmc_list_add()'s own, or NULL */
};

/* Element i of a list as a pointer to T. */
#define CMC_AT(T, list, i) (&((T *)(list).v)[i])

struct cmc_item;

/* Says which type the ANY of a field holds, from the struct around it (an OID in it, usually). */
typedef const struct cmc_item *(*cmc_open_type_fn)(const void *parent);

enum {
    CMC_F_OPTIONAL = 1,
    CMC_F_EXPLICIT = 2,     /* with a tag: EXPLICIT; without this flag a tag is IMPLICIT */
    CMC_F_POINTER = 4,      /* the C member is a pointer to the struct */
    CMC_F_DEFAULT_TRUE = 8, /* BOOLEAN DEFAULT TRUE */
    CMC_F_DEFAULT_FALSE = 16,
    CMC_F_OPEN_LIST = 32,       /* list of ANY whose elements all have the type open() names */
    CMC_F_WRAPPED = 64,         /* OCTET STRING whose content is itself an encoding (extnValue) */
    CMC_F_DEFAULT_ZERO = 128,   /* INTEGER DEFAULT 0 */
    CMC_F_STARTS_WITH_OID = 256 /* CHOICE alternative told by the OID it starts with */
};

#define CMC_NO_TAG (-1)

struct cmc_field {
    const char *name; /* as in the RFC's module */
    const struct cmc_item *item;
    uint32_t offset;
    int16_t tag; /* context tag number or CMC_NO_TAG */
    uint16_t flags;
    cmc_open_type_fn open; /* for the printer and for deep walks; may be NULL */
};

#define CMC_NO_RAW UINT32_MAX

struct cmc_item {
    const char *name; /* ASN.1 type name */
    enum cmc_kind kind;
    uint16_t universal; /* tag number of PRIM, UINT32 */
    uint16_t nfields;
    const struct cmc_field *fields; /* SEQUENCE, CHOICE */
    const struct cmc_item *of;      /* SEQUENCE OF, SET OF */
    uint32_t size;                  /* of the C type */
    uint32_t raw;      /* offset of a struct cmc_slice that keeps the whole TLV, or CMC_NO_RAW; when
                          that slice is set, the encoder writes it instead of the fields */
    uint32_t min, max; /* elements of a list; max 0 = CMC_LIMIT_ASN1_ELEMENTS. Of a SEQUENCE, min is
                          how many of its fields are there at least (WITH COMPONENTS) */
    const char *const *values; /* names of UINT32 values 0.. up to a NULL, for the printer */
    const char *const *bits;   /* names of BIT STRING bits up to a NULL, for the printer */
};

/* -- how the modules write their tables -------------------------------------------------- */

#define CMC_FIELD(T, member, asn1, type)                                                           \
    {                                                                                              \
        asn1, &type, offsetof(struct T, member), CMC_NO_TAG, 0, NULL                               \
    }
#define CMC_FIELD_X(T, member, asn1, type, tagno, fl)                                              \
    {                                                                                              \
        asn1, &type, offsetof(struct T, member), tagno, fl, NULL                                   \
    }
#define CMC_FIELD_OPEN(T, member, asn1, type, tagno, fl, fn)                                       \
    {                                                                                              \
        asn1, &type, offsetof(struct T, member), tagno, fl, fn                                     \
    }

#define CMC_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define CMC_SEQUENCE(T, asn1, var, flds)                                                           \
    const struct cmc_item var = {.name = asn1,                                                     \
                                 .kind = CMC_K_SEQUENCE,                                           \
                                 .fields = flds,                                                   \
                                 .nfields = CMC_COUNT(flds),                                       \
                                 .size = sizeof(struct T),                                         \
                                 .raw = CMC_NO_RAW}
#define CMC_SEQUENCE_RAW(T, asn1, var, flds)                                                       \
    const struct cmc_item var = {.name = asn1,                                                     \
                                 .kind = CMC_K_SEQUENCE,                                           \
                                 .fields = flds,                                                   \
                                 .nfields = CMC_COUNT(flds),                                       \
                                 .size = sizeof(struct T),                                         \
                                 .raw = offsetof(struct T, raw)}
#define CMC_CHOICE(T, asn1, var, flds)                                                             \
    const struct cmc_item var = {.name = asn1,                                                     \
                                 .kind = CMC_K_CHOICE,                                             \
                                 .fields = flds,                                                   \
                                 .nfields = CMC_COUNT(flds),                                       \
                                 .size = sizeof(struct T),                                         \
                                 .raw = CMC_NO_RAW}
#define CMC_CHOICE_RAW(T, asn1, var, flds)                                                         \
    const struct cmc_item var = {.name = asn1,                                                     \
                                 .kind = CMC_K_CHOICE,                                             \
                                 .fields = flds,                                                   \
                                 .nfields = CMC_COUNT(flds),                                       \
                                 .size = sizeof(struct T),                                         \
                                 .raw = offsetof(struct T, raw)}
#define CMC_LIST_OF(k, asn1, var, type, lo, hi)                                                    \
    const struct cmc_item var = {.name = asn1,                                                     \
                                 .kind = k,                                                        \
                                 .of = &type,                                                      \
                                 .size = sizeof(struct cmc_list),                                  \
                                 .raw = CMC_NO_RAW,                                                \
                                 .min = lo,                                                        \
                                 .max = hi}
#define CMC_SEQUENCE_OF(asn1, var, type, lo, hi)                                                   \
    CMC_LIST_OF(CMC_K_SEQUENCE_OF, asn1, var, type, lo, hi)
#define CMC_SET_OF(asn1, var, type, lo, hi) CMC_LIST_OF(CMC_K_SET_OF, asn1, var, type, lo, hi)

/* -- the universal types ----------------------------------------------------------------- */

extern const struct cmc_item cmc_it_any, cmc_it_boolean, cmc_it_integer, cmc_it_uint32,
    cmc_it_enumerated, cmc_it_bit_string, cmc_it_octet_string, cmc_it_null, cmc_it_oid, cmc_it_utf8,
    cmc_it_ia5, cmc_it_printable, cmc_it_gentime, cmc_it_utctime;
/* SEQUENCE OF ANY, SET OF ANY */
extern const struct cmc_item cmc_it_seq_any, cmc_it_set_any;

#endif
