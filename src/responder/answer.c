/* SPDX-License-Identifier: Apache-2.0 */
/* The answer: a Full PKI Response, a Simple one or a bare certificate, as the plan came out. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "responder/responder_int.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an answer");
}

static size_t count(const struct job *j, enum plan_kind kind, uint32_t status)
{
    size_t n = 0;

    for (size_t i = 0; i < j->nitems; i++)
        n += j->items[i].kind == kind && j->items[i].status == status;
    return n;
}

static size_t failures(const struct job *j)
{
    size_t n = 0;

    for (size_t i = 0; i < j->nitems; i++)
        n += j->items[i].status != CMC_STATUS_SUCCESS;
    return n;
}

/* The issued certificates, those that were asked for, then (with_chain) the issuer's chain.
 * [10002-4.1-c, 10002-4.2-c] */
static enum cmc_rc certificates(const struct job *j, bool with_chain, struct cmc_slice **out,
                                size_t *n, struct cmc_err *err)
{
    const struct cmc_slice *chain = NULL;
    size_t nchain = 0;

    if (with_chain)
        j->r->auth->ops->chain(j->r->auth->self, &chain, &nchain);
    *n = 0;
    *out = cmc_arena_array(j->arena, j->nitems + j->answer_certs.n + nchain, sizeof **out);
    if (*out == NULL)
        return no_memory(err);
    for (size_t i = 0; i < j->nitems; i++) {
        if (j->items[i].kind == PLAN_ISSUE && cmc_item_done(&j->items[i]))
            (*out)[(*n)++] = j->items[i].issued.cert;
    }
    for (size_t i = 0; i < j->answer_certs.n && !j->refused; i++)
        (*out)[(*n)++] = *CMC_AT(const struct cmc_slice, j->answer_certs, i);
    /* What was asked for, or is published, may be of the chain. */
    for (size_t i = 0; i < nchain; i++) {
        if (j->refused || !cmc_job_answers_cert(j, chain[i]))
            (*out)[(*n)++] = chain[i];
    }
    return CMC_OK;
}

/* -- Full PKI Response ------------------------------------------------------------------- */

/* [10002-6.1-c] */
static enum cmc_rc add_success(const struct job *j, struct cmc_pkiresponse *resp, uint32_t *next_id,
                               struct cmc_err *err)
{
    uint32_t *ids = cmc_arena_array(j->arena, j->nitems + 1, sizeof *ids);
    struct cmc_outcome o = {.status = CMC_STATUS_SUCCESS, .fail_info = CMC_FAIL_INFO_NONE};
    size_t issued = count(j, PLAN_ISSUE, CMC_STATUS_SUCCESS);
    size_t changed = count(j, PLAN_REVOKE, CMC_STATUS_SUCCESS);
    size_t given = count(j, PLAN_RETRIEVE, CMC_STATUS_SUCCESS);
    char *text;

    if (ids == NULL)
        return no_memory(err);
    for (size_t i = 0; i < j->nitems; i++) {
        /* Several controls under one authData are told by it, once. */
        if (j->items[i].status == CMC_STATUS_SUCCESS &&
            (o.nbody_parts == 0 || ids[o.nbody_parts - 1] != j->items[i].body_part))
            ids[o.nbody_parts++] = j->items[i].body_part;
    }
    if (o.nbody_parts == 0) {
        if (j->nitems > 0)
            return CMC_OK;
        ids[o.nbody_parts++] = 0; /* nothing was asked for: the message itself went well */
    }
    text = cmc_arena_printf(j->arena, "%zu certificate(s) issued, %zu changed in status", issued,
                            changed);
    if (text != NULL && given > 0)
        text = cmc_arena_printf(j->arena, "%s, %zu question(s) answered", text, given);
    for (size_t i = 0; i < j->nitems && text != NULL; i++) {
        const struct plan_item *it = &j->items[i];

        if (it->kind == PLAN_APPROVE && cmc_item_done(it))
            text = cmc_arena_printf(j->arena, "%s; %s", text, it->text);
    }
    if (text == NULL)
        return no_memory(err);
    o.body_parts = ids;
    o.text = cmc_slice_str(text);
    return cmc_status_add(j->arena, &resp->controls, &o, j->rules->status_v1, next_id, err);
}

static enum cmc_rc add_failures(const struct job *j, struct cmc_pkiresponse *resp,
                                uint32_t *next_id, struct cmc_err *err)
{
    for (size_t i = 0; i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];
        /* Dogtag's CA says popRequired in both places. */
        const struct cmc_outcome o = {.status = it->challenge != NULL && j->rules->dogtag
                                                    ? CMC_STATUS_POP_REQUIRED
                                                    : it->status,
                                      .fail_info = it->fail_info,
                                      .body_parts = &it->body_part,
                                      .nbody_parts = 1,
                                      .text = cmc_slice_str(it->text)};
        enum cmc_rc rc;

        if (it->status != CMC_STATUS_FAILED)
            continue;
        rc = cmc_status_add(j->arena, &resp->controls, &o, j->rules->status_v1, next_id, err);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

/* What became of the parts, and the challenges: in Dogtag's order where its clients are served. */
static enum cmc_rc add_outcomes(const struct job *j, struct cmc_pkiresponse *resp,
                                uint32_t *next_id, struct cmc_err *err)
{
    bool dogtag = j->rules->dogtag;
    enum cmc_rc rc = dogtag ? cmc_answer_challenges(j, resp, next_id, err) : CMC_OK;

    if (rc == CMC_OK)
        rc = add_success(j, resp, next_id, err);
    if (rc == CMC_OK)
        rc = add_failures(j, resp, next_id, err);
    if (rc == CMC_OK)
        rc = dogtag ? cmc_answer_request_number(j, resp, next_id, err)
                    : cmc_answer_challenges(j, resp, next_id, err);
    return rc;
}

/* RFC 10002 section 6.12: what the operator wants to be told [10002-6.12-u1, 10004-5.2-x]. */
static enum cmc_rc add_response_info(const struct job *j, struct cmc_pkiresponse *resp,
                                     uint32_t *next_id, struct cmc_err *err)
{
    if (j->rules->response_info.p == NULL)
        return CMC_OK;
    return cmc_control_add(j->arena, &resp->controls, (*next_id)++, cmc_oid_id_cmc_responseInfo,
                           &cmc_it_octet_string, &j->rules->response_info, err);
}

/* RFC 10002 sections 6.4 and 6.6: what is given back [10002-6.4-a, 10002-6.4-u1, 10002-6.6-a,
 * 10002-6.6-c, 10002-6.6-d, 10002-6.6-e]. [10004-5.2-j, 10004-5.2-m, 10004-5.2-n, 10004-5.2-o] */
static enum cmc_rc add_echoes(const struct job *j, struct cmc_pkiresponse *resp, uint32_t *next_id,
                              struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    if (j->transaction_id.p != NULL)
        rc = cmc_control_add(j->arena, &resp->controls, (*next_id)++, cmc_oid_id_cmc_transactionId,
                             &cmc_it_transaction_id, &j->transaction_id, err);
    if (rc == CMC_OK && j->sender_nonce.p != NULL) {
        struct cmc_slice nonce;

        rc = cmc_job_make_nonce(j, &nonce, err); /* [10002-6.6-f] */
        if (rc == CMC_OK)
            rc = cmc_control_add(j->arena, &resp->controls, (*next_id)++,
                                 cmc_oid_id_cmc_recipientNonce, &cmc_it_nonce, &j->sender_nonce,
                                 err);
        if (rc == CMC_OK)
            rc = cmc_control_add(j->arena, &resp->controls, (*next_id)++,
                                 cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &nonce, err);
    }
    /* What came encrypted does not go back in clear. */
    if (rc == CMC_OK && j->data_return.p != NULL &&
        (!cmc_job_is_encrypted(j) || cmc_protect_due(j)))
        rc = cmc_control_add(j->arena, &resp->controls, (*next_id)++, cmc_oid_id_cmc_dataReturn,
                             &cmc_it_octet_string, &j->data_return, err);
    return rc;
}

/* [10002-4.2-u1, 10004-5-d, 10003-6.2-a] */
static enum cmc_rc full_response(struct job *j, struct cmc_err *err)
{
    struct cmc_pkiresponse resp = {0};
    struct cmc_response response = {.crls = j->answer_crls.v,
                                    .ncrls = j->refused ? 0 : j->answer_crls.n};
    struct cmc_slice *certs;
    uint32_t next_id = 1;
    enum cmc_rc rc;

    if (j->refused)
        rc = cmc_status_add(j->arena, &resp.controls, &j->refusal, j->rules->status_v1, &next_id,
                            err);
    else
        rc = add_outcomes(j, &resp, &next_id, err);
    if (rc == CMC_OK && !j->refused)
        rc = cmc_answer_waiting(j, &resp, &next_id, err);
    if (rc == CMC_OK)
        rc = add_echoes(j, &resp, &next_id, err);
    if (rc == CMC_OK)
        rc = cmc_answer_anchors(j, &resp, &next_id, err);
    if (rc == CMC_OK)
        rc = add_response_info(j, &resp, &next_id, err);
    if (rc == CMC_OK)
        rc = cmc_pkiresponse_encode(j->arena, &resp, &response.body, err);
    if (rc == CMC_OK)
        rc = certificates(j, true, &certs, &response.ncerts, err);
    if (rc == CMC_OK) {
        response.certs = certs;
        rc = cmc_protect_answer(j, &response, &j->reply.body, err);
    }
    j->reply.content_type = CMC_MEDIA_RESPONSE;
    return rc;
}

/* -- which form -------------------------------------------------------------------------- */

/*
 * A Simple PKI Response or a bare certificate can say one thing only: here it is. Anything else,
 * a failure, a revocation, a count of certificates that does not fit, needs a Full one
 * (RFC 10002 section 4).
 * [10002-3.1-u1, 10002-3.2-a, 10002-6.11-g, 10004-5-c, 10004-5-d]
 */
static enum cmc_answer_form answer_form(const struct job *j)
{
    size_t issued = count(j, PLAN_ISSUE, CMC_STATUS_SUCCESS);

    /* A Simple one cannot be encrypted (RFC 10002 section 5), nor can a MAC cover it; and
     * dataReturn has a place in a Full one only [10002-6.4-a]. */
    if (j->refused || cmc_job_is_wrapped(j) || j->data_return.p != NULL)
        return CMC_ANSWER_CMC;
    if (cmc_plan_is_question(j))
        return j->x->form == CMC_ANSWER_CERTS_ONLY_CHAIN ? j->x->form : CMC_ANSWER_CERTS_ONLY;
    if (issued == 0 || issued != j->nitems || (j->x->form == CMC_ANSWER_PKIX_CERT && issued != 1))
        return CMC_ANSWER_CMC;
    return j->x->form;
}

static const char *reason(const struct job *j)
{
    char *text = NULL;

    if (j->refused)
        text = cmc_arena_printf(j->arena, "%s%s%s: %.*s", cmc_status_name(j->refusal.status),
                                j->refusal.fail_info != CMC_FAIL_INFO_NONE ? " " : "",
                                j->refusal.fail_info != CMC_FAIL_INFO_NONE
                                    ? cmc_fail_info_name((uint32_t)j->refusal.fail_info)
                                    : "",
                                (int)j->refusal.text.n, (const char *)j->refusal.text.p);
    else
        text = cmc_arena_printf(
            j->arena, "%zu issued, %zu changed in status, %zu given out, %zu refused",
            count(j, PLAN_ISSUE, CMC_STATUS_SUCCESS), count(j, PLAN_REVOKE, CMC_STATUS_SUCCESS),
            count(j, PLAN_RETRIEVE, CMC_STATUS_SUCCESS), failures(j));
    return text != NULL ? text : "out of memory";
}

/* [10002-3.2-a, 10003-6-a, 10003-6.2-b] */
enum cmc_rc cmc_job_answer(struct job *j, struct cmc_err *err)
{
    enum cmc_answer_form form = answer_form(j);
    struct cmc_slice *certs;
    size_t ncerts;
    enum cmc_rc rc;

    j->reply = (struct cmc_reply){.http_status = 200};
    if (form == CMC_ANSWER_CMC) {
        rc = full_response(j, err);
    } else {
        rc = certificates(j, form == CMC_ANSWER_CERTS_ONLY_CHAIN, &certs, &ncerts, err);
        if (rc == CMC_OK && form == CMC_ANSWER_PKIX_CERT) {
            j->reply.content_type = CMC_MEDIA_PKIX_CERT;
            j->reply.body = certs[0];
        } else if (rc == CMC_OK) {
            j->reply.content_type = CMC_MEDIA_CERTS_ONLY;
            rc = cmc_certs_only_create(certs, ncerts, j->answer_crls.v, j->answer_crls.n, j->arena,
                                       &j->reply.body, err);
        }
    }
    j->reply.reason = reason(j);
    return rc;
}
