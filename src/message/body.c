/* SPDX-License-Identifier: Apache-2.0 */
/* PKIData and PKIResponse, RFC 10002 sections 3.2.1 and 4.2. */
#include "message/body.h"

#include <stdlib.h>

#include "asn1/codec.h"

/* [10002-3.2.2-u1] */
uint32_t cmc_tagged_request_id(const struct cmc_tagged_request *tr)
{
    switch (tr->which) {
    case CMC_TR_TCR:
        return tr->u.tcr.body_part_id;
    case CMC_TR_CRM:
        return tr->u.crm.request.cert_req_id;
    case CMC_TR_ORM:
    default:
        return tr->u.orm.body_part_id;
    }
}

/* The body part ids of everything in a body. */
struct ids {
    uint32_t *v;
    size_t n;
};

static enum cmc_rc collect(struct cmc_arena *arena, const struct cmc_list *controls,
                           const struct cmc_list *requests, const struct cmc_list *cms,
                           const struct cmc_list *other, struct ids *out, struct cmc_err *err)
{
    out->n = 0;
    out->v = cmc_arena_array(arena, controls->n + requests->n + cms->n + other->n, sizeof *out->v);
    if (out->v == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for body part ids");
    for (size_t i = 0; i < controls->n; i++)
        out->v[out->n++] = CMC_AT(const struct cmc_tagged_attribute, *controls, i)->body_part_id;
    for (size_t i = 0; i < requests->n; i++)
        out->v[out->n++] =
            cmc_tagged_request_id(CMC_AT(const struct cmc_tagged_request, *requests, i));
    for (size_t i = 0; i < cms->n; i++)
        out->v[out->n++] = CMC_AT(const struct cmc_tagged_content_info, *cms, i)->body_part_id;
    for (size_t i = 0; i < other->n; i++)
        out->v[out->n++] = CMC_AT(const struct cmc_other_msg, *other, i)->body_part_id;
    return CMC_OK;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static enum cmc_rc bad_part(struct cmc_err *err, uint32_t id, const char *clause, const char *fmt)
{
    enum cmc_rc rc =
        cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, clause, "body part %u: %s", id, fmt);

    cmc_err_body_part(err, id);
    return rc;
}

/* RFC 10002 section 3.2.2: unique within one body, and 0 is the body itself.
 * [10002-3.2.2-a, 10002-3.2.2-u2] */
static enum cmc_rc check_ids(struct ids *ids, struct cmc_err *err)
{
    qsort(ids->v, ids->n, sizeof *ids->v, by_value);
    for (size_t i = 0; i < ids->n; i++) {
        if (ids->v[i] == 0)
            return bad_part(err, 0, "RFC 10002 section 3.2.2",
                            "the id 0 names the message itself; number from 1");
        if (i > 0 && ids->v[i] == ids->v[i - 1])
            return bad_part(err, ids->v[i], "RFC 10002 section 3.2.2", "the id is used twice");
    }
    return CMC_OK;
}

static enum cmc_rc check_values(const struct cmc_list *controls, struct cmc_err *err)
{
    for (size_t i = 0; i < controls->n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, *controls, i);

        if (ta->values.n == 0)
            return bad_part(err, ta->body_part_id, "RFC 10002 section 3.2.1.1",
                            "a control without a value");
    }
    return CMC_OK;
}

enum cmc_rc cmc_pkidata_open(struct cmc_slice der, bool lax_ids, struct cmc_arena *arena,
                             struct cmc_pkidata *out, struct cmc_err *err)
{
    struct ids ids;
    enum cmc_rc rc;

    memset(out, 0, sizeof *out);
    rc = cmc_decode(&cmc_it_pkidata, der, arena, out, err);
    if (rc != CMC_OK) {
        if (err != NULL && rc == CMC_E_INPUT)
            err->fail_info = CMC_FAIL_BAD_REQUEST;
        return rc;
    }
    if (!lax_ids) {
        rc = collect(arena, &out->controls, &out->requests, &out->cms, &out->other, &ids, err);
        if (rc == CMC_OK)
            rc = check_ids(&ids, err);
    }
    if (rc == CMC_OK)
        rc = check_values(&out->controls, err);
    return rc;
}

enum cmc_rc cmc_pkiresponse_open(struct cmc_slice der, struct cmc_arena *arena,
                                 struct cmc_pkiresponse *out, struct cmc_err *err)
{
    const struct cmc_list none = {0};
    struct ids ids;
    enum cmc_rc rc;

    memset(out, 0, sizeof *out);
    rc = cmc_decode(&cmc_it_pkiresponse, der, arena, out, err);
    if (rc == CMC_OK)
        rc = collect(arena, &out->controls, &none, &out->cms, &out->other, &ids, err);
    if (rc == CMC_OK)
        rc = check_ids(&ids, err);
    if (rc == CMC_OK)
        rc = check_values(&out->controls, err);
    return rc;
}

const struct cmc_tagged_attribute *cmc_control_first(const struct cmc_list *controls,
                                                     struct cmc_slice type)
{
    for (size_t i = 0; i < controls->n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, *controls, i);

        if (cmc_slice_eq(ta->type, type))
            return ta;
    }
    return NULL;
}

enum cmc_rc cmc_control_add(struct cmc_arena *arena, struct cmc_list *controls, uint32_t id,
                            struct cmc_slice type, const struct cmc_item *it, const void *value,
                            struct cmc_err *err)
{
    struct cmc_tagged_attribute *ta = cmc_list_add(arena, &cmc_it_controls, controls, 1);
    struct cmc_slice *v;

    if (ta == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a control");
    ta->body_part_id = id;
    ta->type = type;
    v = cmc_list_add(arena, &cmc_it_set_any, &ta->values, 1);
    if (v == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a control");
    return cmc_encode_arena(it, value, arena, v, err);
}

enum cmc_rc cmc_body_add_pkcs10(struct cmc_arena *arena, struct cmc_pkidata *body, uint32_t id,
                                struct cmc_slice csr, struct cmc_err *err)
{
    struct cmc_tagged_request *tr =
        cmc_list_add(arena, &cmc_it_tagged_requests, &body->requests, 1);

    if (tr == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certification request");
    tr->which = CMC_TR_TCR;
    tr->u.tcr.body_part_id = id;
    return cmc_decode(&cmc_it_csr, csr, arena, &tr->u.tcr.csr, err);
}

enum cmc_rc cmc_body_add_crmf(struct cmc_arena *arena, struct cmc_pkidata *body,
                              struct cmc_slice msg, struct cmc_err *err)
{
    struct cmc_tagged_request *tr =
        cmc_list_add(arena, &cmc_it_tagged_requests, &body->requests, 1);

    if (tr == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certification request");
    tr->which = CMC_TR_CRM;
    return cmc_decode(&cmc_it_cert_req_msg, msg, arena, &tr->u.crm, err);
}

/* An absent sequence becomes an empty one. */
static enum cmc_rc present(struct cmc_arena *arena, const struct cmc_item *it,
                           struct cmc_list *list, struct cmc_err *err)
{
    if (list->v == NULL && cmc_list_add(arena, it, list, 0) == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a message body");
    return CMC_OK;
}

enum cmc_rc cmc_pkidata_encode(struct cmc_arena *arena, struct cmc_pkidata *body,
                               struct cmc_slice *out, struct cmc_err *err)
{
    enum cmc_rc rc = present(arena, &cmc_it_controls, &body->controls, err);

    if (rc == CMC_OK)
        rc = present(arena, &cmc_it_tagged_requests, &body->requests, err);
    if (rc == CMC_OK)
        rc = present(arena, &cmc_it_cms_sequence, &body->cms, err);
    if (rc == CMC_OK)
        rc = present(arena, &cmc_it_other_msgs, &body->other, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_pkidata, body, arena, out, err);
    return rc;
}

enum cmc_rc cmc_pkiresponse_encode(struct cmc_arena *arena, struct cmc_pkiresponse *body,
                                   struct cmc_slice *out, struct cmc_err *err)
{
    enum cmc_rc rc = present(arena, &cmc_it_controls, &body->controls, err);

    if (rc == CMC_OK)
        rc = present(arena, &cmc_it_cms_sequence, &body->cms, err);
    if (rc == CMC_OK)
        rc = present(arena, &cmc_it_other_msgs, &body->other, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_pkiresponse, body, arena, out, err);
    return rc;
}
