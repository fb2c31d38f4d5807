/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acceptance of a certificate by its requester (RFC 10002 section 6.14). Where the endpoint wants
 * it, what is issued waits for confirmCertAcceptance; a status of failed in its place, or nothing
 * in time, and the certificate is revoked.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/cert_ref.h"
#include "control/control.h"
#include "responder/responder_int.h"

/* [10002-6.14-c, 10002-6.14-u2, 10004-5.2-z]: each of these is an item of the plan, and the answer
 * to such an item is always a Full PKI Response with a status. */
#define CLAUSE "RFC 10002 section 6.14"
/* RFC 5280 section 5.3.1: cessationOfOperation; nobody has anything against the key. */
#define REASON_NOT_ACCEPTED 5u

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a confirmation");
}

void cmc_job_require_confirmation(struct job *j)
{
    for (size_t i = 0; j->rules->confirm_seconds > 0 && i < j->nitems; i++) {
        struct plan_item *it = &j->items[i];

        if (it->kind == PLAN_ISSUE && it->status == CMC_STATUS_SUCCESS) {
            it->status = CMC_STATUS_CONFIRM_REQUIRED;
            it->text = "do not use the certificate before it is confirmed by "
                       "confirmCertAcceptance; else it will be revoked";
        } else if (it->kind == PLAN_QUERY && it->status == CMC_STATUS_CONFIRM_REQUIRED) {
            it->text = "the certificate still waits for its confirmation by "
                       "confirmCertAcceptance";
        }
    }
}

/* -- who may ----------------------------------------------------------------------------- */

/* Whoever asked for the certificate, or whoever has it: its key signed the message. */
static enum cmc_rc may_end(struct job *j, const struct cmc_await *a, bool *may, struct cmc_err *err)
{
    struct cmc_cert_record rec;
    enum cmc_rc rc = cmc_job_is_owner(j, a->owner, a->key_digest, may, err);

    if (rc != CMC_OK || *may || j->requester.kind != CMC_REQUESTER_HOLDER)
        return rc;
    rc = j->r->auth->ops->find(j->r->auth->self, a->issuer, a->serial, j->arena, &rec, err);
    *may = rc == CMC_OK && cmc_slice_eq(rec.der, j->requester.cert);
    return rc == CMC_E_NOTFOUND ? CMC_OK : rc;
}

/* -- acceptance -------------------------------------------------------------------------- */

/* One text for what is not there and for what is somebody else's. */
static enum cmc_rc unknown(struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_CERT_ID, CLAUSE,
                         "no certificate of yours with that issuer and serial number waits for "
                         "confirmation; both must match");
}

static bool ended_in_plan(const struct job *j, const struct plan_item *it,
                          const struct cmc_await *a, enum plan_kind *how)
{
    for (const struct plan_item *o = j->items; o < it; o++) {
        for (size_t i = 0; i < o->nawaits; i++) {
            if (cmc_slice_eq(o->awaits[i].serial, a->serial) &&
                cmc_slice_eq(o->awaits[i].issuer, a->issuer)) {
                *how = o->kind;
                return true;
            }
        }
    }
    return false;
}

/* Revoked by somebody else while it waited: there is nothing left to accept. */
static enum cmc_rc check_not_revoked(struct job *j, const struct cmc_await *a, struct cmc_err *err)
{
    struct cmc_cert_record rec;
    enum cmc_rc rc =
        j->r->auth->ops->find(j->r->auth->self, a->issuer, a->serial, j->arena, &rec, err);

    if (rc == CMC_OK && rec.state == CMC_CERT_REVOKED)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "the certificate is revoked; ask for a new one");
    return rc;
}

static enum cmc_rc accept(struct job *j, struct plan_item *it, const struct cmc_await *a,
                          struct cmc_err *err)
{
    enum plan_kind how;
    enum cmc_rc rc;

    if (a->state == CMC_AWAIT_CONFIRMED)
        return CMC_OK; /* the answer to the first was lost */
    if (a->state == CMC_AWAIT_REJECTED)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "the certificate was rejected before, and is revoked");
    /* What is past its deadline is about to be revoked. */
    if (a->state != CMC_AWAIT_OPEN || j->x->now > a->deadline)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "the confirmation comes too late: the certificate is revoked; ask "
                             "for a new one");
    rc = check_not_revoked(j, a, err);
    if (rc != CMC_OK || ended_in_plan(j, it, a, &how)) /* twice in one message */
        return rc;
    it->awaits = a;
    it->nawaits = 1;
    return CMC_OK;
}

static enum cmc_rc confirm(struct job *j, struct plan_item *it,
                           const struct cmc_tagged_attribute *ta, struct cmc_err *err)
{
    struct cmc_await *a = cmc_arena_alloc(j->arena, sizeof *a);
    struct cmc_issuer_serial ref;
    bool may = false;
    enum cmc_rc rc;

    if (a == NULL)
        return no_memory(err);
    /* [10002-A-an] */
    rc = cmc_confirm_cert_decode(*CMC_AT(const struct cmc_slice, ta->values, 0), j->rules->dogtag,
                                 j->arena, &ref, err);
    if (rc == CMC_OK)
        rc = j->r->auth->ops->await(j->r->auth->self, ref.issuer, ref.serial, j->arena, a, err);
    if (rc == CMC_OK)
        rc = may_end(j, a, &may, err);
    if (rc == CMC_E_NOTFOUND || (rc == CMC_OK && !may))
        return unknown(err);
    if (rc == CMC_OK)
        rc = cmc_job_same_transaction(j, a->transaction_id, ta->body_part_id, err);
    return rc == CMC_OK ? accept(j, it, a, err) : rc;
}

enum cmc_rc cmc_plan_confirm(struct job *j, const struct cmc_tagged_attribute *ta,
                             struct cmc_err *err)
{
    struct plan_item *it = cmc_job_add_item(j, PLAN_CONFIRM, ta->body_part_id);
    enum cmc_rc rc;

    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    rc = confirm(j, it, ta, err);
    if (rc == CMC_OK || rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG)
        return rc;
    cmc_item_refuse(j, it, err);
    return CMC_OK;
}

/* -- rejection --------------------------------------------------------------------------- */

/* What a status control says, whichever version it has. */
struct verdict {
    uint32_t status;
    uint32_t *parts;
    size_t n;
};

static enum cmc_rc read_verdict(struct job *j, const struct cmc_tagged_attribute *ta,
                                struct verdict *out, struct cmc_err *err)
{
    const struct cmc_list one = {.v = (void *)(uintptr_t)ta, .n = 1};
    struct cmc_outcome *outcomes;
    enum cmc_rc rc;
    size_t n;

    *out = (struct verdict){0};
    rc = cmc_status_read(j->arena, &one, &outcomes, &n, err);
    if (rc != CMC_OK || n == 0)
        return rc;
    out->status = outcomes[0].status;
    out->n = outcomes[0].nbody_parts;
    out->parts = cmc_arena_dup(j->arena, outcomes[0].body_parts, out->n * sizeof *out->parts);
    return out->parts != NULL ? CMC_OK : no_memory(err);
}

static bool names_part(const struct verdict *v, uint32_t part)
{
    for (size_t i = 0; i < v->n; i++) {
        if (v->parts[i] == 0 || v->parts[i] == part)
            return true;
    }
    return false;
}

/* The certificates of the transaction that still wait. */
struct gathering {
    struct job *j;
    const struct verdict *v;
    struct cmc_await *list;
    size_t n, max;
};

static enum cmc_rc gather_one(void *arg, const struct cmc_await *a)
{
    struct gathering *g = arg;
    struct cmc_await *to;

    if (!names_part(g->v, a->body_part))
        return CMC_OK;
    if (g->n == g->max) {
        size_t max = g->max == 0 ? 8 : 2 * g->max;
        struct cmc_await *more;

        if (max > 2 * CMC_LIMIT_REQUESTS)
            return CMC_E_LIMIT;
        more = cmc_arena_array(g->j->arena, max, sizeof *more);
        if (more == NULL)
            return CMC_E_MEM;
        if (g->n > 0)
            memcpy(more, g->list, g->n * sizeof *more);
        g->list = more;
        g->max = max;
    }
    to = &g->list[g->n];
    *to = *a;
    to->issuer = cmc_arena_slice(g->j->arena, a->issuer);
    to->serial = cmc_arena_slice(g->j->arena, a->serial);
    to->transaction_id = CMC_SLICE_NONE;
    to->endpoint = NULL;
    if (to->issuer.p == NULL || to->serial.p == NULL)
        return CMC_E_MEM;
    g->n++;
    return CMC_OK;
}

/* Of what was gathered, what the sender may reject. */
static enum cmc_rc keep_own(struct gathering *g, struct cmc_err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < g->n; i++) {
        bool may;
        enum cmc_rc rc = may_end(g->j, &g->list[i], &may, err);

        if (rc != CMC_OK)
            return rc;
        if (may)
            g->list[kept++] = g->list[i];
    }
    g->n = kept;
    return CMC_OK;
}

/* A status names no certificate: without a transaction it is the one whose key signed. */
static enum cmc_rc gather_signers(struct gathering *g, struct cmc_err *err)
{
    struct job *j = g->j;
    struct cmc_cert cert = {0};
    struct cmc_await a;
    enum cmc_rc rc;

    if (j->requester.kind != CMC_REQUESTER_HOLDER)
        return CMC_OK;
    rc = cmc_decode(&cmc_it_cert, j->requester.cert, j->arena, &cert, err);
    if (rc == CMC_OK)
        rc = j->r->auth->ops->await(j->r->auth->self, cert.tbs.issuer, cert.tbs.serial, j->arena,
                                    &a, err);
    if (rc == CMC_E_NOTFOUND)
        return CMC_OK;
    if (rc == CMC_OK && a.state == CMC_AWAIT_OPEN) {
        a.body_part = g->v->parts[0];
        rc = gather_one(g, &a);
    }
    return rc;
}

static enum cmc_rc gather(struct gathering *g, struct cmc_err *err)
{
    struct job *j = g->j;
    enum cmc_rc rc = CMC_OK;

    if (j->transaction_id.p != NULL)
        rc = j->r->auth->ops->await_each(j->r->auth->self, j->transaction_id, gather_one, g, err);
    if (rc == CMC_E_MEM)
        return no_memory(err);
    if (rc == CMC_E_LIMIT)
        return cmc_fail(err, rc, CLAUSE, "too many certificates wait in this transaction");
    if (rc == CMC_OK)
        rc = keep_own(g, err);
    if (rc == CMC_OK && g->n == 0)
        rc = gather_signers(g, err);
    return rc;
}

/* [10002-6.14-u1]: a status of failed in place of confirmCertAcceptance. */
enum cmc_rc cmc_plan_reject(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err)
{
    struct verdict v;
    struct gathering g = {.j = j, .v = &v};
    struct plan_item *it;
    enum plan_kind how;
    enum cmc_rc rc = read_verdict(j, ta, &v, err);

    if (rc != CMC_OK || v.status != CMC_STATUS_FAILED)
        return rc;
    rc = gather(&g, err);
    if (rc != CMC_OK || g.n == 0)
        return rc; /* nothing of theirs waits: the status is taken note of */
    it = cmc_job_add_item(j, PLAN_REJECT, ta->body_part_id);
    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    for (size_t i = 0; i < g.n; i++) {
        if (!ended_in_plan(j, it, &g.list[i], &how))
            continue;
        (void)cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE, "%s",
                            how == PLAN_CONFIRM
                                ? "the message accepts and rejects the same certificate"
                                : "two statuses reject the same certificate");
        cmc_item_refuse(j, it, err);
        return CMC_OK;
    }
    it->awaits = g.list;
    it->nawaits = g.n;
    return CMC_OK;
}

/* -- the transaction --------------------------------------------------------------------- */

static enum cmc_rc begin(struct job *j, const struct plan_item *it, struct cmc_await *a,
                         struct cmc_err *err)
{
    bool known;
    enum cmc_rc rc;

    *a = (struct cmc_await){.issuer = it->issued.record.issuer,
                            .serial = it->issued.record.serial,
                            .endpoint = j->rules->path,
                            .body_part = it->held != NULL ? it->held->body_part : it->body_part,
                            .transaction_id = j->transaction_id,
                            .issued_at = j->x->now,
                            .deadline = j->x->now + j->rules->confirm_seconds};
    rc = cmc_job_key_digest(j, it->request.spki, a->key_digest, err);
    if (rc == CMC_OK)
        rc = cmc_job_owner(j, a->owner, &known, err);
    if (rc == CMC_OK && !known)
        memcpy(a->owner, a->key_digest, sizeof a->owner);
    return rc;
}

enum cmc_rc cmc_confirm_txn(struct job *j, struct cmc_err *err)
{
    struct cmc_await *awaits = cmc_arena_array(j->arena, j->nitems, sizeof *awaits);
    struct cmc_await_end *ends;
    size_t n = 0;

    for (size_t i = 0; i < j->nitems; i++)
        n += j->items[i].nawaits;
    ends = cmc_arena_array(j->arena, n, sizeof *ends);
    if (awaits == NULL || ends == NULL)
        return no_memory(err);
    j->txn.awaits = awaits;
    j->txn.await_ends = ends;
    for (size_t i = 0; i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];
        enum cmc_rc rc;

        if (it->kind == PLAN_ISSUE && it->status == CMC_STATUS_CONFIRM_REQUIRED) {
            rc = begin(j, it, &awaits[j->txn.nawaits++], err);
            if (rc != CMC_OK)
                return rc;
        }
        for (size_t k = 0; k < it->nawaits; k++)
            ends[j->txn.nawait_ends++] = (struct cmc_await_end){
                it->awaits[k].issuer, it->awaits[k].serial,
                it->kind == PLAN_CONFIRM ? CMC_AWAIT_CONFIRMED : CMC_AWAIT_REJECTED,
                REASON_NOT_ACCEPTED};
    }
    return CMC_OK;
}
