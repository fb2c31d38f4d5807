/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of a token: found by attributes, and their attributes read. */
#include "key/token_int.h"

/* Handles fetched by one call. */
#define BATCH 64u

/* The handles in the buffer, moved to the arena. */
static enum cmc_rc keep(const struct cmc_buf *b, struct cmc_arena *arena, CK_OBJECT_HANDLE **out,
                        size_t *n, struct cmc_err *err)
{
    if (!cmc_buf_ok(b))
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "more objects in the token than CMC_LIMIT_ASN1_ELEMENTS (%u)",
                        CMC_LIMIT_ASN1_ELEMENTS);
    *out = cmc_arena_dup(arena, b->n > 0 ? b->p : (const void *)"", b->n);
    *n = b->n / sizeof **out;
    if (*out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the objects of a token");
    return CMC_OK;
}

enum cmc_rc cmc_objects(const struct cmc_token *t, CK_ATTRIBUTE *want, CK_ULONG nwant,
                        struct cmc_arena *arena, CK_OBJECT_HANDLE **out, size_t *n,
                        struct cmc_err *err)
{
    CK_OBJECT_HANDLE batch[BATCH];
    CK_ULONG found = 0;
    enum cmc_rc rc = CMC_OK;
    struct cmc_buf b;
    CK_RV rv;

    *out = NULL;
    *n = 0;
    rv = t->f->C_FindObjectsInit(t->session, want, nwant);
    if (rv != CKR_OK)
        return cmc_fail_ckr(err, rv, "token '%s': cannot be searched", t->label);
    cmc_buf_init(&b, CMC_LIMIT_ASN1_ELEMENTS * sizeof batch[0]);
    do {
        rv = t->f->C_FindObjects(t->session, batch, BATCH, &found);
        if (rv == CKR_OK)
            cmc_buf_add(&b, batch, found * sizeof batch[0]);
    } while (rv == CKR_OK && found > 0 && cmc_buf_ok(&b));
    (void)t->f->C_FindObjectsFinal(t->session);
    if (rv != CKR_OK)
        rc = cmc_fail_ckr(err, rv, "token '%s': cannot be searched", t->label);
    else
        rc = keep(&b, arena, out, n, err);
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc cmc_object_get(const struct cmc_token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
                           struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    CK_ATTRIBUTE a = {.type = type};
    CK_RV rv = t->f->C_GetAttributeValue(t->session, o, &a, 1);

    *out = CMC_SLICE_NONE;
    if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE ||
        (rv == CKR_OK && a.ulValueLen == CK_UNAVAILABLE_INFORMATION))
        return CMC_OK;
    if (rv == CKR_OK && a.ulValueLen > CMC_LIMIT_MESSAGE_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "token '%s': an attribute above CMC_LIMIT_MESSAGE_OCTETS (%u)", t->label,
                        CMC_LIMIT_MESSAGE_OCTETS);
    if (rv == CKR_OK) {
        a.pValue = cmc_arena_alloc(arena, a.ulValueLen + 1);
        if (a.pValue == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the objects of a token");
        rv = t->f->C_GetAttributeValue(t->session, o, &a, 1);
    }
    if (rv != CKR_OK)
        return cmc_fail_ckr(err, rv, "token '%s': an object cannot be read", t->label);
    *out = cmc_slice(a.pValue, a.ulValueLen);
    return CMC_OK;
}

CK_ULONG cmc_object_ulong(const struct cmc_token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
                          CK_ULONG missing)
{
    CK_ULONG v = 0;
    CK_ATTRIBUTE a = {type, &v, sizeof v};

    if (t->f->C_GetAttributeValue(t->session, o, &a, 1) != CKR_OK || a.ulValueLen != sizeof v)
        return missing;
    return v;
}
