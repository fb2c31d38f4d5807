/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authData in a request, RFC 10002 section 6.16: controls in an AuthenticatedData of the
 * cmsSequence. They are processed as if they stood in the message, once the MAC has been found
 * right; what becomes of them is told about the body part of the authData control.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "control/control.h"
#include "responder/responder_int.h"

#define CLAUSE "RFC 10002 section 6.16"

enum cmc_rc cmc_plan_keep_auth_data(struct job *j, const struct cmc_tagged_attribute *ta,
                                    struct cmc_err *err)
{
    enum cmc_rc rc;

    /* Each would be a guess at the secret. */
    if (j->auth_data == NULL) {
        j->auth_data = ta;
        return CMC_OK;
    }
    rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                       "one authData control in a message is taken here");
    cmc_err_body_part(err, ta->body_part_id);
    return rc;
}

static enum cmc_rc find_content(const struct job *j, const struct cmc_content_info **out,
                                struct cmc_err *err)
{
    uint32_t id = 0;
    enum cmc_rc rc = cmc_control_decode(j->auth_data, j->arena, &id, err);

    for (size_t i = 0; rc == CMC_OK && i < j->body.cms.n; i++) {
        const struct cmc_tagged_content_info *t =
            CMC_AT(const struct cmc_tagged_content_info, j->body.cms, i);

        if (t->body_part_id == id) {
            *out = &t->content;
            return CMC_OK;
        }
    }
    if (rc != CMC_OK)
        return rc;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "authData points to body part %u, which is not in the cmsSequence", id);
}

/* Who sent the message, and what belongs to it as a whole, is said outside. */
static bool belongs_outside(struct cmc_slice type)
{
    const struct cmc_slice *const outside[] = {
        &cmc_oid_id_cmc_transactionId,    &cmc_oid_id_cmc_senderNonce,
        &cmc_oid_id_cmc_dataReturn,       &cmc_oid_id_cmc_identification,
        &cmc_oid_id_cmc_identityProofV2,  &cmc_oid_id_cmc_identityProof,
        &cmc_oid_id_cmc_popLinkRandom,    &cmc_oid_id_cmc_authData,
        &cmc_oid_id_cmc_controlProcessed, /* by body part ids, which are those of the message */
    };

    for (size_t i = 0; i < CMC_COUNT(outside); i++) {
        if (cmc_slice_eq(type, *outside[i]))
            return true;
    }
    return false;
}

/* Room in the plan, and among what is judged later, for the controls inside. */
static enum cmc_rc make_room(struct job *j, size_t n, struct cmc_err *err)
{
    struct plan_item *items = cmc_arena_array(j->arena, j->max_items + n, sizeof *items);
    const struct cmc_tagged_attribute **later =
        cmc_arena_array(j->arena, j->follow_ups.n + n, sizeof(*later));

    if (items == NULL || later == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a plan");
    memcpy(items, j->items, j->nitems * sizeof *items);
    if (j->follow_ups.n > 0)
        memcpy(later, j->follow_ups.v, j->follow_ups.n * sizeof(*later));
    j->items = items;
    j->follow_ups.v = later;
    j->max_items += n;
    return CMC_OK;
}

static enum cmc_rc read_inner(struct job *j, struct cmc_slice content, struct cmc_list *controls,
                              struct cmc_err *err)
{
    struct cmc_pkidata inner;
    enum cmc_rc rc = cmc_pkidata_open(content, j->rules->lax_ids, j->arena, &inner, err);

    if (rc != CMC_OK)
        return rc;
    if (inner.requests.n + inner.cms.n + inner.other.n > 0)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "only the controls under authData are processed; put the rest into "
                             "the message itself");
    for (size_t i = 0; i < inner.controls.n; i++) {
        struct cmc_tagged_attribute *ta = CMC_AT(struct cmc_tagged_attribute, inner.controls, i);
        const struct cmc_control *row = cmc_control_find(ta->type);

        if (belongs_outside(ta->type))
            return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                                 "control %s belongs into the message itself, not under authData",
                                 row->name);
        ta->body_part_id = j->auth_data->body_part_id;
    }
    *controls = inner.controls;
    return CMC_OK;
}

enum cmc_rc cmc_plan_auth_data(struct job *j, struct cmc_list *controls, struct cmc_err *err)
{
    const struct cmc_content_info *ci = NULL;
    struct cmc_authenticated_data ad = {0};
    enum cmc_rc rc;

    *controls = (struct cmc_list){0};
    if (j->auth_data == NULL)
        return CMC_OK;
    rc = find_content(j, &ci, err);
    if (rc == CMC_OK)
        rc = cmc_authenticated_data_read(ci, j->arena, &ad, err);
    /* [10002-6.16-u1] */
    if (rc == CMC_OK && !cmc_slice_eq(ad.encap.type, cmc_oid_id_cct_PKIData))
        rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                           "the content under authData is no id-cct-PKIData");
    /* [10002-6.16-u2]: nothing inside is looked at before. */
    if (rc == CMC_OK)
        rc = cmc_identity_auth_data(j, &ad, err);
    if (rc == CMC_OK)
        rc = read_inner(j, ad.encap.content, controls, err);
    if (rc == CMC_OK)
        rc = make_room(j, controls->n, err);
    if (rc != CMC_OK)
        cmc_err_body_part(err, j->auth_data->body_part_id);
    return rc;
}
