/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a registration authority vouches for: possession (RFC 10002 section 6.8), controls that it
 * has dealt with (section 6.19), identity (section 6.20). Whether it may is asked before anything
 * is believed (section 10).
 */
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

static enum cmc_rc about(const struct cmc_tagged_attribute *ta, enum cmc_rc rc, struct cmc_err *err)
{
    cmc_err_body_part(err, ta->body_part_id);
    return rc;
}

static enum cmc_rc bad(const struct cmc_tagged_attribute *ta, const char *clause, const char *text,
                       struct cmc_err *err)
{
    return about(ta,
                 cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, clause, "control %s %s",
                               cmc_control_find(ta->type)->name, text),
                 err);
}

/* [10002-10-a, 10002-10-b, 10002-10-c, 10002-9.1-u1] */
enum cmc_rc cmc_ra_permitted(const struct job *j, unsigned int right,
                             const struct cmc_tagged_attribute *ta, struct cmc_err *err)
{
    const struct cmc_requester *who = &j->requester;

    if (who->kind != CMC_REQUESTER_OFFICER || (who->roles & CMC_ROLE_RA) == 0)
        return bad(ta, "RFC 10002 section 10",
                   "is for registration authorities; the signer is no officer with the role ra",
                   err);
    if (!who->cmc_ra)
        return about(ta,
                     cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY,
                                   "RFC 10002 section 9.1",
                                   "control %s: officer %s has the role ra, but its certificate "
                                   "lacks the extended key usage id-kp-cmcRA",
                                   cmc_control_find(ta->type)->name, who->name),
                     err);
    if (right != 0 && (j->rules->ra & right) == 0)
        return bad(ta, "RFC 10002 section 10",
                   "is not taken from registration authorities at this endpoint", err);
    return CMC_OK;
}

/* -- requests by their id ---------------------------------------------------------------- */

static int by_id(const void *a, const void *b)
{
    uint32_t x = ((const struct ra_request *)a)->id, y = ((const struct ra_request *)b)->id;

    return x < y ? -1 : x > y;
}

struct ra_request *cmc_ra_request(struct job *j, uint32_t id)
{
    const struct ra_request key = {.id = id};
    struct ra_claims *ra = &j->ra;

    if (ra->requests == NULL) {
        ra->requests = cmc_arena_array(j->arena, j->body.requests.n, sizeof *ra->requests);
        for (size_t i = 0; ra->requests != NULL && i < j->body.requests.n; i++)
            ra->requests[ra->nrequests++].id =
                cmc_tagged_request_id(CMC_AT(const struct cmc_tagged_request, j->body.requests, i));
        if (ra->nrequests > 0)
            qsort(ra->requests, ra->nrequests, sizeof *ra->requests, by_id);
    }
    if (ra->nrequests == 0)
        return NULL;
    return bsearch(&key, ra->requests, ra->nrequests, sizeof *ra->requests, by_id);
}

void cmc_ra_note(struct job *j, struct plan_item *it)
{
    /* Nobody has said anything: most messages. */
    const struct ra_request *r = j->ra.requests != NULL ? cmc_ra_request(j, it->body_part) : NULL;

    it->ra_pop = r != NULL && r->pop;
    it->ra_identity = j->ra.identity || (r != NULL && r->identity);
}

/* -- possession: section 6.8 ------------------------------------------------------------- */

/* [10004-5.2-ag] Whether the endpoint takes it is told for each request, in plan_pop.c. */
enum cmc_rc cmc_plan_ra_pop(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err)
{
    struct cmc_lra_pop_witness w = {0};
    enum cmc_rc rc = cmc_ra_permitted(j, 0, ta, err);

    if (rc == CMC_OK)
        rc = cmc_control_decode(ta, j->arena, &w, err);
    if (rc != CMC_OK)
        return rc;
    if (w.pki_data_body_id != 0) /* [10002-6.8-u1] */
        return bad(ta, "RFC 10002 section 6.8",
                   "points into a nested message, which is not processed here; pkiDataBodyid 0 "
                   "means this one",
                   err);
    for (size_t i = 0; i < w.body_ids.n; i++) {
        struct ra_request *r = cmc_ra_request(j, *CMC_AT(const uint32_t, w.body_ids, i));

        if (r == NULL)
            return bad(ta, "RFC 10002 section 6.8",
                       "names a body part that is no certification request of this message", err);
        r->pop = true;
    }
    return CMC_OK;
}

/* -- identity: section 6.20 -------------------------------------------------------------- */

/* The identity proof of this message, which is then not checked here. */
static bool is_identity_proof(const struct job *j, uint32_t id)
{
    for (size_t i = 0; i < j->body.controls.n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, j->body.controls, i);

        if (ta->body_part_id == id)
            return cmc_slice_eq(ta->type, cmc_oid_id_cmc_identityProofV2) ||
                   cmc_slice_eq(ta->type, cmc_oid_id_cmc_identityProof);
    }
    return false;
}

/* [10004-5.2-al, 10002-6.20-u1, 10002-6.20-u2] */
enum cmc_rc cmc_plan_ra_identity(struct job *j, const struct cmc_tagged_attribute *ta,
                                 struct cmc_err *err)
{
    struct cmc_list path = {0};
    struct ra_request *r;
    uint32_t target;
    enum cmc_rc rc = cmc_ra_permitted(j, CMC_RA_IDENTITY, ta, err);

    if (rc == CMC_OK)
        rc = cmc_control_decode(ta, j->arena, &path, err);
    if (rc != CMC_OK)
        return rc;
    if (path.n != 1)
        return bad(ta, "RFC 10002 section 6.20",
                   "points into a nested message, which is not processed here", err);
    target = *CMC_AT(const uint32_t, path, 0);
    if (is_identity_proof(j, target)) {
        j->ra.identity = true;
        return CMC_OK;
    }
    r = cmc_ra_request(j, target);
    if (r == NULL)
        return bad(ta, "RFC 10002 section 6.20",
                   "must point to an identity proof or a certification request of this message",
                   err);
    r->identity = true;
    return CMC_OK;
}

/* -- what it has dealt with: section 6.19 ------------------------------------------------ */

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

bool cmc_ra_has_processed(const struct job *j, uint32_t control)
{
    return j->ra.processed.n > 0 && bsearch(&control, j->ra.processed.v, j->ra.processed.n,
                                            sizeof control, by_number) != NULL;
}

/* The controls of this body that one controlProcessed lists. A path leads into a nested one. */
static enum cmc_rc take_list(struct job *j, const struct cmc_tagged_attribute *ta,
                             struct cmc_err *err)
{
    struct cmc_control_processed cp = {0};
    enum cmc_rc rc = cmc_control_decode(ta, j->arena, &cp, err);
    uint32_t *ids;

    if (rc != CMC_OK)
        return rc;
    if (cp.body_list.n > j->body.controls.n - j->ra.processed.n)
        return bad(ta, "RFC 10002 section 6.19", "lists more than the controls of the message",
                   err);
    ids = cmc_list_add(j->arena, &cmc_it_body_part_list, &j->ra.processed, cp.body_list.n);
    if (ids == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a plan");
    for (size_t i = 0; i < cp.body_list.n; i++) {
        const struct cmc_body_part_reference *ref =
            CMC_AT(const struct cmc_body_part_reference, cp.body_list, i);

        if (ref->which == CMC_REF_PATH && ref->u.path.n != 1)
            return bad(ta, "RFC 10002 section 6.19",
                       "points into a nested message, which is not processed here", err);
        ids[i] = ref->which == CMC_REF_PATH ? *CMC_AT(const uint32_t, ref->u.path, 0) : ref->u.id;
    }
    return CMC_OK;
}

/* [10002-3.2.1.1-a, 10002-6.19-u1, 10004-5.2-ak] */
enum cmc_rc cmc_ra_processed(struct job *j, struct cmc_list *unknown, struct cmc_err *err)
{
    uint32_t *left = unknown->v;
    size_t n = 0;

    for (size_t i = 0; i < j->body.controls.n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, j->body.controls, i);
        enum cmc_rc rc;

        if (!cmc_slice_eq(ta->type, cmc_oid_id_cmc_controlProcessed))
            continue;
        rc = cmc_ra_permitted(j, CMC_RA_CONTROLS, ta, err);
        if (rc == CMC_OK)
            rc = take_list(j, ta, err);
        if (rc != CMC_OK)
            return rc;
    }
    if (j->ra.processed.n > 0)
        qsort(j->ra.processed.v, j->ra.processed.n, sizeof(uint32_t), by_number);
    for (size_t i = 0; i < unknown->n; i++) {
        if (!cmc_ra_has_processed(j, left[i]))
            left[n++] = left[i];
    }
    unknown->n = n;
    return CMC_OK;
}
