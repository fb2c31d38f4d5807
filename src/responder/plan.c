/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: walk controls and requests once and write down what would happen. No side effects,
 * so it may be fuzzed, repeated and thrown away.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

/* -- controls ---------------------------------------------------------------------------- */

typedef enum cmc_rc (*plan_control_fn)(struct job *j, const struct cmc_tagged_attribute *ta,
                                       struct cmc_err *err);

static enum cmc_rc keep_transaction_id(struct job *j, const struct cmc_tagged_attribute *ta,
                                       struct cmc_err *err)
{
    return cmc_control_decode(ta, j->arena, &j->transaction_id, err);
}

static enum cmc_rc keep_sender_nonce(struct job *j, const struct cmc_tagged_attribute *ta,
                                     struct cmc_err *err)
{
    return cmc_control_decode(ta, j->arena, &j->sender_nonce, err);
}

static enum cmc_rc keep_data_return(struct job *j, const struct cmc_tagged_attribute *ta,
                                    struct cmc_err *err)
{
    return cmc_control_decode(ta, j->arena, &j->data_return, err);
}

/* It answers ours of an earlier message. */
static enum cmc_rc keep_recipient_nonce(struct job *j, const struct cmc_tagged_attribute *ta,
                                        struct cmc_err *err)
{
    return cmc_control_decode(ta, j->arena, &j->recipient_nonce, err);
}

/* RFC 10002 section 6.12: a bilateral matter [10002-6.12-u1]; the audit log keeps it.
 * [10004-5.2-w] */
static enum cmc_rc keep_reg_info(struct job *j, const struct cmc_tagged_attribute *ta,
                                 struct cmc_err *err)
{
    return cmc_control_decode(ta, j->arena, &j->reg_info, err);
}

/* What was read before all others, and checked to be well formed. */
static enum cmc_rc nothing_to_do(struct job *j, const struct cmc_tagged_attribute *ta,
                                 struct cmc_err *err)
{
    (void)j;
    (void)ta;
    (void)err;
    return CMC_OK;
}

/* The controls that are acted on here [10004-5.2-j, 10004-5.2-m, 10004-5.2-n, 10004-5.2-o,
 * 10004-5.2-w, 10004-5.2-y, 10004-5.2-z]. A control that is known but has no row is refused. */
static const struct {
    const struct cmc_slice *oid;
    plan_control_fn plan;
} handled[] = {
    {&cmc_oid_id_cmc_transactionId, keep_transaction_id},
    {&cmc_oid_id_cmc_senderNonce, keep_sender_nonce},
    {&cmc_oid_id_cmc_dataReturn, keep_data_return},
    {&cmc_oid_id_cmc_identification, cmc_identity_keep},
    {&cmc_oid_id_cmc_identityProofV2, cmc_identity_keep},
    {&cmc_oid_id_cmc_identityProof, cmc_identity_keep},
    {&cmc_oid_id_cmc_popLinkRandom, cmc_identity_keep},
    {&cmc_oid_id_cmc_recipientNonce, keep_recipient_nonce},
    {&cmc_oid_id_cmc_regInfo, keep_reg_info},
    {&cmc_oid_id_cmc_statusInfoV2, cmc_follow_up_keep},
    {&cmc_oid_id_cmc_statusInfo, cmc_follow_up_keep},
    {&cmc_oid_id_cmc_queryPending, cmc_follow_up_keep},
    {&cmc_oid_id_cmc_confirmCertAcceptance, cmc_follow_up_keep},
    {&cmc_oid_id_cmc_revokeRequest, cmc_plan_revoke},
    {&cmc_oid_id_cmc_decryptedPOP, cmc_plan_decrypted_pop},
    {&cmc_oid_id_cmc_getCert, cmc_plan_keep_retrieval},
    {&cmc_oid_id_cmc_getCRL, cmc_plan_keep_retrieval},
    {&cmc_oid_id_cmc_modCertTemplate, cmc_plan_template},
    {&cmc_oid_id_cmc_addExtensions, cmc_plan_template},
    {&cmc_oid_id_cmc_lraPOPWitness, cmc_plan_ra_pop},
    {&cmc_oid_id_cmc_raIdentityWitness, cmc_plan_ra_identity},
    {&cmc_oid_id_cmc_controlProcessed, nothing_to_do},
    {&cmc_oid_id_cmc_publishCert, cmc_plan_keep_publication},
    {&cmc_oid_id_cmc_authData, cmc_plan_keep_auth_data},
};

static plan_control_fn find_handler(struct cmc_slice type)
{
    for (size_t i = 0; i < CMC_COUNT(handled); i++) {
        if (cmc_slice_eq(*handled[i].oid, type))
            return handled[i].plan;
    }
    return NULL;
}

/* [10002-3.2.1.1-a, 10002-3.2.1.1-b, 10002-3.2.1.1-c] */
static void refuse_unknown(struct job *j, const struct cmc_list *controls,
                           const struct cmc_list *unknown)
{
    struct cmc_err err;
    char dotted[256];
    const struct cmc_tagged_attribute *first = NULL;

    for (size_t i = 0; i < controls->n && first == NULL; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, *controls, i);

        if (ta->body_part_id == *CMC_AT(const uint32_t, *unknown, 0))
            first = ta;
    }
    (void)cmc_fail_info(&err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2.1.1",
                        "%zu control(s) not known here, the first of type %s: the whole message "
                        "is refused",
                        unknown->n,
                        first != NULL ? cmc_oid_text(first->type, dotted, sizeof dotted) : "?");
    cmc_job_refuse(j, &err, CMC_STATUS_FAILED, unknown->v, unknown->n);
}

/* How many at once are taken is asked of all, and those under authData come second. */
static size_t revocations(const struct cmc_list *controls)
{
    size_t n = 0;

    for (size_t i = 0; i < controls->n; i++)
        n += cmc_slice_eq(CMC_AT(const struct cmc_tagged_attribute, *controls, i)->type,
                          cmc_oid_id_cmc_revokeRequest);
    return n;
}

/* [10002-3.2.1-u1, 10002-3.2.1.1-u1] */
static enum cmc_rc plan_controls(struct job *j, const struct cmc_list *controls,
                                 struct cmc_err *err)
{
    struct cmc_list unknown = {0};
    enum cmc_rc rc;

    rc = cmc_controls_check(controls, CMC_CTL_REQUEST | (j->rules->dogtag ? CMC_CTL_DOGTAG : 0),
                            j->arena, &unknown, err);
    if (rc != CMC_OK)
        return rc;
    if (controls == &j->body.controls) /* once: it lists controls of the message itself */
        rc = cmc_ra_processed(j, &unknown, err);
    if (rc != CMC_OK)
        return rc;
    j->nrevocations += revocations(controls);
    if (unknown.n > 0) {
        refuse_unknown(j, controls, &unknown);
        return CMC_OK;
    }
    for (size_t i = 0; i < controls->n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, *controls, i);
        plan_control_fn plan = find_handler(ta->type);

        if (cmc_ra_has_processed(j, ta->body_part_id))
            continue;
        if (plan == NULL) {
            rc = cmc_fail_info(
                err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2.1.1",
                "control %s is not processed by this server", cmc_control_find(ta->type)->name);
            cmc_err_body_part(err, ta->body_part_id);
            return rc;
        }
        rc = plan(j, ta, err);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

/* -- requests ---------------------------------------------------------------------------- */

/* RFC 10002 section 3.2.1.2: a type that we do not do stops every other request.
 * [10002-3.2.1-a, 10002-3.2.1-b] */
static bool refuse_other_types(struct job *j)
{
    for (size_t i = 0; i < j->body.requests.n; i++) {
        const struct cmc_tagged_request *tr =
            CMC_AT(const struct cmc_tagged_request, j->body.requests, i);
        struct cmc_err err;

        if (tr->which != CMC_TR_ORM)
            continue;
        (void)cmc_fail(&err, CMC_E_REFUSED, "RFC 10002 section 3.2.1.2",
                       "this type of certification request is not supported; use PKCS#10 or CRMF");
        cmc_err_body_part(&err, tr->u.orm.body_part_id);
        cmc_job_refuse(j, &err, CMC_STATUS_NO_SUPPORT, NULL, 0);
        return true;
    }
    return false;
}

/* RFC 10002 section 3.2: if POP is missing for one, all are rejected. [10002-6.7-b] */
static void reject_all_without_pop(struct job *j)
{
    const struct plan_item *bad = NULL;
    struct cmc_err err;

    for (size_t i = 0; i < j->nitems && bad == NULL; i++) {
        const struct plan_item *it = &j->items[i];

        if (it->kind == PLAN_ISSUE && it->status == CMC_STATUS_FAILED &&
            (it->fail_info == CMC_FAIL_POP_REQUIRED || it->fail_info == CMC_FAIL_POP_FAILED))
            bad = it;
    }
    if (bad == NULL)
        return;
    (void)cmc_fail_info(&err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2",
                        "not issued, because body part %u has no proof of possession",
                        bad->body_part);
    for (size_t i = 0; i < j->nitems; i++) {
        struct plan_item *it = &j->items[i];

        if (it->kind == PLAN_ISSUE && it->status == CMC_STATUS_SUCCESS)
            cmc_item_refuse(j, it, &err);
    }
}

/* [10002-3.2.1-u2, 10002-3.2.1-u3] */
static enum cmc_rc plan_full(struct job *j, struct cmc_err *err)
{
    struct cmc_list inner;
    bool approves;
    enum cmc_rc rc;

    rc = cmc_pkidata_open(j->sd.encap.content, j->rules->lax_ids, j->arena, &j->body, err);
    if (rc != CMC_OK)
        return rc;
    cmc_job_read_echoes(j);
    j->max_items = j->body.controls.n + j->body.requests.n;
    j->items = cmc_arena_array(j->arena, j->max_items, sizeof *j->items);
    if (j->items == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a plan");
    rc = cmc_plan_approve(j, &approves, err);
    if (rc != CMC_OK || approves)
        return rc;
    rc = plan_controls(j, &j->body.controls, err);
    if (rc != CMC_OK || j->refused || refuse_other_types(j))
        return rc;
    rc = cmc_identity_check(j, err);
    if (rc == CMC_OK)
        rc = cmc_plan_auth_data(j, &inner, err);
    if (rc == CMC_OK)
        rc = plan_controls(j, &inner, err);
    if (rc != CMC_OK || j->refused)
        return rc;
    rc = cmc_job_check_time(j, err);
    if (rc == CMC_OK)
        rc = cmc_job_check_nonces(j, err);
    if (rc == CMC_OK)
        rc = cmc_plan_follow_ups(j, err);
    for (size_t i = 0; rc == CMC_OK && i < j->body.requests.n; i++)
        rc = cmc_plan_issue(j, i, err);
    if (rc != CMC_OK)
        return rc;
    cmc_plan_revoke_together(j);
    reject_all_without_pop(j);
    rc = cmc_plan_hold(j, err);
    return rc == CMC_OK ? cmc_plan_retrieve(j, err) : rc;
}

static enum cmc_rc plan_simple(struct job *j, struct cmc_err *err)
{
    enum cmc_rc rc;

    j->max_items = 1;
    j->items = cmc_arena_array(j->arena, 1, sizeof *j->items);
    if (j->items == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a plan");
    rc = cmc_plan_simple(j, err);
    return rc == CMC_OK ? cmc_plan_hold(j, err) : rc;
}

/* A decision about the message, rather than a failure of ours? */
static bool is_refusal(enum cmc_rc rc)
{
    return rc == CMC_E_INPUT || rc == CMC_E_LIMIT || rc == CMC_E_REFUSED || rc == CMC_E_CRYPTO ||
           rc == CMC_E_NOTFOUND;
}

enum cmc_rc cmc_job_plan(struct job *j, struct cmc_err *err)
{
    enum cmc_rc rc = j->full ? plan_full(j, err) : plan_simple(j, err);

    if (rc != CMC_OK && is_refusal(rc)) {
        cmc_job_refuse(j, err, CMC_STATUS_FAILED, NULL, 0);
        rc = CMC_OK;
    }
    if (j->refused) {
        /* Nothing of a refused message happens. */
        cmc_job_give_keys_back(j);
        j->nitems = 0;
    }
    return rc;
}
