/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes that a MAC covers: authAttrs of AuthEnvelopedData and AuthenticatedData. */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/envelope_int.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for authenticated attributes");
}

static enum cmc_rc add(struct cmc_list *attrs, struct cmc_slice type, const struct cmc_item *it,
                       const void *value, struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_attribute *a = cmc_list_add(arena, &cmc_it_attributes, attrs, 1);
    struct cmc_slice *v = a != NULL ? cmc_list_add(arena, &cmc_it_set_any, &a->values, 1) : NULL;

    if (v == NULL)
        return no_memory(err);
    a->type = type;
    return cmc_encode_arena(it, value, arena, v, err);
}

enum cmc_rc cmc_auth_attrs_make(struct cmc_slice type, struct cmc_slice digest,
                                struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_list attrs = {0};
    enum cmc_rc rc = add(&attrs, cmc_oid_id_contentType, &cmc_it_oid, &type, arena, err);

    if (rc == CMC_OK && digest.p != NULL)
        rc = add(&attrs, cmc_oid_id_messageDigest, &cmc_it_octet_string, &digest, arena, err);
    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_attributes, &attrs, arena, out, err) : rc;
}

struct cmc_slice cmc_retagged(struct cmc_slice tlv, uint8_t tag, struct cmc_arena *arena)
{
    uint8_t *p = tlv.n > 0 ? cmc_arena_dup(arena, tlv.p, tlv.n) : NULL;

    if (p == NULL)
        return CMC_SLICE_NONE;
    p[0] = tag;
    return cmc_slice(p, tlv.n);
}

enum cmc_rc cmc_auth_attr(struct cmc_slice octets, struct cmc_slice type, const struct cmc_item *it,
                          struct cmc_arena *arena, struct cmc_slice *value, struct cmc_err *err)
{
    const struct cmc_attribute *found = NULL;
    struct cmc_list attrs = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_attributes, octets, arena, &attrs, err);

    *value = CMC_SLICE_NONE;
    for (size_t i = 0; rc == CMC_OK && i < attrs.n; i++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, attrs, i);

        if (!cmc_slice_eq(a->type, type))
            continue;
        if (found != NULL || a->values.n != 1)
            return cmc_fail(err, CMC_E_INPUT, "RFC 5652 section 11",
                            "authenticated attribute %s is there twice, or has not one value",
                            cmc_oid_name(type));
        found = a;
    }
    if (rc == CMC_OK && found != NULL)
        rc = cmc_decode(it, *CMC_AT(const struct cmc_slice, found->values, 0), arena, value, err);
    return rc;
}
