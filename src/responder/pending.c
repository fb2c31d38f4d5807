/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait for somebody's approval (RFC 10002 section 6.13). One that is well in every
 * respect is held; its requester gets a token and asks again with it. It is issued in that later
 * exchange, by the same way as any other.
 *
 * The token alone opens nothing: who asks must be who sent the request. Whether a token is
 * unknown or somebody else's is not told.
 */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

#define CLAUSE       "RFC 10002 section 6.13"
#define TOKEN_OCTETS 32u

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request that waits");
}

/* -- holding ----------------------------------------------------------------------------- */

enum cmc_rc cmc_plan_hold(struct job *j, struct cmc_err *err)
{
    for (size_t i = 0; j->rules->approvals > 0 && i < j->nitems; i++) {
        struct plan_item *it = &j->items[i];
        uint8_t *token;
        enum cmc_rc rc;

        if (it->kind != PLAN_ISSUE || it->status != CMC_STATUS_SUCCESS || it->held != NULL)
            continue;
        /* A quorum that signed has approved it. */
        if (j->rules->quorum > 0 && it->officers.n >= j->rules->quorum)
            continue;
        token = cmc_arena_alloc(j->arena, TOKEN_OCTETS);
        if (token == NULL)
            return no_memory(err);
        rc = cmc_random(j->r->crypto, token, TOKEN_OCTETS, err);
        if (rc != CMC_OK)
            return rc;
        it->status = CMC_STATUS_PENDING; /* [10002-6.1.3-u1]: for certification requests only */
        it->text = "the request waits for approval; ask for it with queryPending";
        it->pend_token = cmc_slice(token, TOKEN_OCTETS);
        it->pend_time = j->x->now + j->rules->poll_seconds;
    }
    return CMC_OK;
}

/* Room for the subject as text; it is for lists and logs. */
static const char *subject_text(struct job *j, struct cmc_slice subject)
{
    struct cmc_buf b;
    char *text;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_name_print(subject, &b);
    text = cmc_arena_strndup(j->arena, b.p != NULL ? (const char *)b.p : "", b.n);
    cmc_buf_free(&b);
    return text;
}

static enum cmc_rc fill(struct job *j, const struct plan_item *it, struct cmc_held *h,
                        struct cmc_err *err)
{
    struct cmc_request rq = it->request;
    bool known;
    enum cmc_rc rc;

    *h = (struct cmc_held){.requester = j->requester.name,
                           .endpoint = j->rules->path,
                           .profile = j->rules->profile,
                           .body_part = it->body_part,
                           .simple = it->tagged == NULL,
                           .request = it->tagged != NULL ? it->tagged->raw : j->x->body,
                           .subject = rq.subject,
                           .subject_text = subject_text(j, rq.subject),
                           .transaction_id = j->transaction_id,
                           .held_at = j->x->now,
                           .poll_at = it->pend_time,
                           .needed = j->rules->approvals,
                           .message_digest = j->digest,
                           .message = j->x->body,
                           .asked_by = it->officers.asked_by};
    if (h->subject_text == NULL)
        return no_memory(err);
    rc = cmc_job_key_digest(j, it->pend_token, h->token_digest, err);
    if (rc == CMC_OK)
        rc = cmc_job_key_digest(j, rq.spki, h->key_digest, err);
    if (rc == CMC_OK)
        rc = cmc_job_owner(j, h->owner, &known, err);
    /* Whoever sent a bare PKCS#10 is who has its key. */
    if (rc == CMC_OK && !known)
        memcpy(h->owner, h->key_digest, sizeof h->owner);
    if (rc == CMC_OK && rq.extensions.n > 0)
        rc = cmc_encode_arena(&cmc_it_extensions, &rq.extensions, j->arena, &h->extensions, err);
    return rc;
}

/* What is held now, and what was held and is issued now. */
enum cmc_rc cmc_pending_txn(struct job *j, struct cmc_err *err)
{
    struct cmc_held *held = cmc_arena_array(j->arena, j->nitems, sizeof *held);
    struct cmc_held_release *releases = cmc_arena_array(j->arena, j->nitems, sizeof *releases);
    enum cmc_rc rc = CMC_OK;

    if (held == NULL || releases == NULL)
        return no_memory(err);
    j->txn.held = held;
    j->txn.releases = releases;
    for (size_t i = 0; rc == CMC_OK && i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];

        if (it->kind != PLAN_ISSUE)
            continue;
        if (it->status == CMC_STATUS_PENDING)
            rc = fill(j, it, &held[j->txn.nheld++], err);
        else if (it->held != NULL && cmc_item_done(it))
            releases[j->txn.nreleases++] = (struct cmc_held_release){
                it->held->id, it->issued.record.issuer, it->issued.record.serial};
    }
    return rc;
}

/* -- asking [10004-5.2-y]
 * ------------------------------------------------------------------------------ */

static enum cmc_rc refuse(uint32_t control, int fail_info, const char *text, struct cmc_err *err)
{
    enum cmc_rc rc = cmc_fail_info(err, CMC_E_REFUSED, fail_info, CLAUSE, "%s", text);

    cmc_err_body_part(err, control);
    return rc;
}

static enum cmc_rc look_up(struct job *j, struct cmc_slice token, struct cmc_held *out,
                           struct cmc_err *err)
{
    uint8_t digest[CMC_SHA256_OCTETS];
    enum cmc_rc rc = cmc_job_key_digest(j, token, digest, err);

    return rc == CMC_OK ? j->r->auth->ops->held(j->r->auth->self, digest, j->arena, out, err) : rc;
}

/* The request as it was judged when it was held. */
static enum cmc_rc recall(struct job *j, const struct cmc_held *h, struct cmc_request *out,
                          struct cmc_err *err)
{
    struct cmc_tagged_request *tr;
    enum cmc_rc rc;

    if (h->simple) {
        rc = cmc_request_from_pkcs10(h->request, j->arena, out, err);
    } else {
        tr = cmc_arena_alloc(j->arena, sizeof *tr);
        if (tr == NULL)
            return no_memory(err);
        rc = cmc_decode(&cmc_it_tagged_request, h->request, j->arena, tr, err);
        if (rc == CMC_OK)
            rc = cmc_request_from_tagged(tr, j->arena, out, err);
    }
    if (rc != CMC_OK)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "held request %lld cannot be read any more",
                        (long long)h->id);
    out->subject = h->subject;
    out->extensions = (struct cmc_list){0};
    if (h->extensions.p != NULL)
        rc = cmc_decode(&cmc_it_extensions, h->extensions, j->arena, &out->extensions, err);
    return rc;
}

enum cmc_rc cmc_pending_signer(struct job *j, struct cmc_slice sid, EVP_PKEY **key)
{
    struct cmc_pkidata body;

    if (cmc_pkidata_open(j->sd.encap.content, j->rules->lax_ids, j->arena, &body, NULL) != CMC_OK)
        return CMC_E_NOTFOUND;
    for (size_t i = 0; i < body.controls.n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, body.controls, i);
        struct cmc_slice token;
        struct cmc_request rq;
        struct cmc_held h;

        if (!cmc_slice_eq(ta->type, cmc_oid_id_cmc_queryPending))
            continue;
        /* All that one message asks for was sent by one: the first tells whose it is. */
        if (cmc_control_decode(ta, j->arena, &token, NULL) != CMC_OK ||
            look_up(j, token, &h, NULL) != CMC_OK || recall(j, &h, &rq, NULL) != CMC_OK ||
            !cmc_job_names_request(j, &rq, sid))
            return CMC_E_NOTFOUND;
        j->self_spki = rq.spki;
        j->self_extensions = rq.extensions;
        return cmc_spki_key(j->r->crypto, rq.spki, key, NULL);
    }
    return CMC_E_NOTFOUND;
}

/* Is it still to be issued? What was true when it was held may have changed. */
static enum cmc_rc release(struct job *j, struct plan_item *it, struct cmc_err *err)
{
    struct cmc_issue_order order = {.request = &it->request,
                                    .profile = it->held->profile,
                                    .requester = &j->requester,
                                    .now = j->x->now,
                                    .judged = true};
    enum cmc_rc rc = recall(j, it->held, &it->request, err);
    struct acted_on on;

    it->kind = PLAN_ISSUE;
    on = cmc_acted_on(it->held->profile, it->request.subject, &it->request.extensions);
    /* Who polls may be the key of the request: the right was another's, and may be gone. */
    if (rc == CMC_OK)
        rc = cmc_limits_still(j, it->held->asked_by, &on, err);
    if (rc == CMC_OK && j->requester.kind == CMC_REQUESTER_OFFICER &&
        (j->requester.roles & CMC_ROLE_ENROLL) == 0)
        rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.1.4",
                           "officer %s does not have the role enroll any more", j->requester.name);
    if (rc == CMC_OK)
        rc = cmc_spki_lend(j->r->crypto, it->request.spki, &it->key, err);
    order.key = it->key;
    if (rc == CMC_OK)
        rc = j->r->auth->ops->check(j->r->auth->self, &order, j->arena, err);
    return rc;
}

/* It was issued before, and the answer was lost, or it is asked for once more. */
static enum cmc_rc hand_out(struct job *j, struct plan_item *it, struct cmc_err *err)
{
    struct cmc_cert_record rec;
    struct cmc_await await;
    enum cmc_rc rc = j->r->auth->ops->find(j->r->auth->self, it->held->issuer, it->held->serial,
                                           j->arena, &rec, err);

    if (rc != CMC_OK)
        return rc == CMC_E_NOTFOUND ? cmc_fail(err, CMC_E_LOCAL, NULL,
                                               "the certificate of held request %lld is missing",
                                               (long long)it->held->id)
                                    : rc;
    if (rec.state == CMC_CERT_REVOKED)
        return refuse(it->body_part, CMC_FAIL_BAD_REQUEST,
                      "the certificate was issued, and is revoked since", err);
    rc = j->r->auth->ops->await(j->r->auth->self, rec.issuer, rec.serial, j->arena, &await, err);
    if (rc == CMC_OK && await.state == CMC_AWAIT_OPEN)
        it->status = CMC_STATUS_CONFIRM_REQUIRED;
    else if (rc != CMC_OK && rc != CMC_E_NOTFOUND)
        return rc;
    return cmc_job_answer_cert(j, rec.der, err);
}

static enum cmc_rc answer_query(struct job *j, struct plan_item *it, struct cmc_slice token,
                                struct cmc_err *err)
{
    const struct cmc_held *h = it->held;
    const char *text;

    switch (h->state) {
    case CMC_HELD_APPROVED:
        return release(j, it, err);
    case CMC_HELD_ISSUED:
        return hand_out(j, it, err);
    case CMC_HELD_REFUSED:
        text = cmc_arena_printf(j->arena, "the request was refused%s%s",
                                h->reason != NULL ? ": " : "", h->reason != NULL ? h->reason : "");
        return refuse(it->body_part, CMC_FAIL_BAD_REQUEST, text != NULL ? text : "refused", err);
    case CMC_HELD_WAITING:
    default:
        /* [10002-6.13-a, 10002-6.13-b]: the same pendInfo as the first time. */
        it->status = CMC_STATUS_PENDING;
        it->text = "the request still waits for approval";
        it->pend_token = token;
        it->pend_time = h->poll_at;
        return CMC_OK;
    }
}

static bool asked_before(const struct job *j, const struct plan_item *it)
{
    for (const struct plan_item *o = j->items; o < it; o++) {
        if (o->held != NULL && o->held->id == it->held->id)
            return true;
    }
    return false;
}

static enum cmc_rc query(struct job *j, struct plan_item *it, const struct cmc_tagged_attribute *ta,
                         struct cmc_err *err)
{
    static const char stranger[] = "no request of yours waits under this token at this endpoint";
    struct cmc_held *h = cmc_arena_alloc(j->arena, sizeof *h);
    struct cmc_slice token = CMC_SLICE_NONE;
    bool mine = false;
    enum cmc_rc rc;

    if (h == NULL)
        return no_memory(err);
    rc = cmc_control_decode(ta, j->arena, &token, err);
    if (rc == CMC_OK)
        rc = look_up(j, token, h, err);
    if (rc == CMC_OK)
        rc = cmc_job_is_owner(j, h->owner, h->key_digest, &mine, err);
    if (rc == CMC_E_NOTFOUND ||
        (rc == CMC_OK && (!mine || strcmp(h->endpoint, j->rules->path) != 0)))
        return refuse(ta->body_part_id, CMC_FAIL_BAD_REQUEST, stranger, err);
    if (rc == CMC_OK)
        rc = cmc_job_same_transaction(j, h->transaction_id, ta->body_part_id, err);
    if (rc != CMC_OK)
        return rc;
    it->held = h;
    if (asked_before(j, it))
        return refuse(ta->body_part_id, CMC_FAIL_BAD_REQUEST, "the same token twice in one message",
                      err);
    return answer_query(j, it, token, err);
}

/* -- what is judged when it is known who asks -------------------------------------------- */

enum cmc_rc cmc_follow_up_keep(struct job *j, const struct cmc_tagged_attribute *ta,
                               struct cmc_err *err)
{
    const struct cmc_tagged_attribute **to;

    if (j->follow_ups.v == NULL)
        j->follow_ups.v = cmc_arena_array(j->arena, j->body.controls.n, sizeof(*to));
    if (j->follow_ups.v == NULL)
        return no_memory(err);
    to = j->follow_ups.v;
    to[j->follow_ups.n++] = ta;
    return CMC_OK;
}

static enum cmc_rc plan_query(struct job *j, const struct cmc_tagged_attribute *ta,
                              struct cmc_err *err)
{
    struct plan_item *it = cmc_job_add_item(j, PLAN_QUERY, ta->body_part_id);
    enum cmc_rc rc;

    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    rc = query(j, it, ta, err);
    if (rc == CMC_OK || rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG)
        return rc;
    cmc_item_refuse(j, it, err);
    return CMC_OK;
}

enum cmc_rc cmc_plan_follow_ups(struct job *j, struct cmc_err *err)
{
    static const struct {
        const struct cmc_slice *oid;
        enum cmc_rc (*plan)(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err);
    } rows[] = {
        {&cmc_oid_id_cmc_queryPending, plan_query},
        {&cmc_oid_id_cmc_confirmCertAcceptance, cmc_plan_confirm},
        {&cmc_oid_id_cmc_statusInfoV2, cmc_plan_reject},
        {&cmc_oid_id_cmc_statusInfo, cmc_plan_reject},
    };
    enum cmc_rc rc = CMC_OK;

    /* In the order of the rows: what is accepted is known before what is rejected. */
    for (size_t k = 0; k < CMC_COUNT(rows); k++) {
        for (size_t i = 0; rc == CMC_OK && i < j->follow_ups.n; i++) {
            const struct cmc_tagged_attribute *ta =
                *CMC_AT(const struct cmc_tagged_attribute *, j->follow_ups, i);

            if (cmc_slice_eq(ta->type, *rows[k].oid))
                rc = rows[k].plan(j, ta, err);
        }
    }
    return rc;
}

/* -- the answer -------------------------------------------------------------------------- */

static enum cmc_rc add_status(const struct job *j, struct cmc_pkiresponse *resp,
                              const struct plan_item *it, uint32_t status, uint32_t *next_id,
                              struct cmc_err *err)
{
    const struct cmc_outcome o = {.status = status,
                                  .fail_info = CMC_FAIL_INFO_NONE,
                                  .body_parts = &it->body_part,
                                  .nbody_parts = 1,
                                  .text = cmc_slice_str(it->text),
                                  .pend_token = it->pend_token,
                                  .pend_time = it->pend_time};

    return cmc_status_add(j->arena, &resp->controls, &o, j->rules->status_v1, next_id, err);
}

enum cmc_rc cmc_answer_waiting(const struct job *j, struct cmc_pkiresponse *resp, uint32_t *next_id,
                               struct cmc_err *err)
{
    /* RFC 10002 section 6.1.3: a part of it is here, the rest is to be polled for. */
    bool partial = false;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < j->nitems; i++)
        partial |= cmc_item_done(&j->items[i]);
    for (size_t i = 0; rc == CMC_OK && i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];

        if (it->status == CMC_STATUS_PENDING) /* [10002-6.1.2-a, 10002-6.1.1-u3] */
            rc = add_status(j, resp, it, partial ? CMC_STATUS_PARTIAL : CMC_STATUS_PENDING, next_id,
                            err);
        else if (it->status == CMC_STATUS_CONFIRM_REQUIRED)
            rc = add_status(j, resp, it, CMC_STATUS_CONFIRM_REQUIRED, next_id, err);
    }
    return rc;
}
