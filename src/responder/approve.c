/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approval from afar: an officer takes the message that is held, signs the same PKIData and sends
 * it back. Nothing in it is planned a second time; whoever signed it, and may, has approved what
 * is held of it. It is issued when its requester asks for it, as after any other approval.
 *
 * It is no replay that nonces or signing times would have to find: the same officer counts once.
 */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "responder/responder_int.h"

#define CLAUSE "RFC 10002 section 6.13"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an approval");
}

/* -- what is held of this message -------------------------------------------------------- */

struct search {
    const struct job *j;
    uint32_t body_part;
    struct cmc_held *found; /* NULL: none yet */
    struct cmc_held out;
};

static bool same_content(const struct job *j, struct cmc_slice message)
{
    struct cmc_signed_data sd;

    return cmc_signed_data_open(message, j->arena, &sd, NULL) == CMC_OK &&
           cmc_slice_eq(sd.encap.type, j->sd.encap.type) &&
           cmc_slice_eq(sd.encap.content, j->sd.encap.content);
}

static const char *keep(const struct job *j, const char *text)
{
    return text != NULL ? cmc_arena_strdup(j->arena, text) : NULL;
}

/* The newest; of what follows only these members are needed. */
static enum cmc_rc look(void *arg, const struct cmc_held *h)
{
    struct search *s = arg;
    const struct job *j = s->j;

    if (s->found != NULL || h->simple || h->body_part != s->body_part ||
        strcmp(h->endpoint, j->rules->path) != 0 || !same_content(j, h->message))
        return CMC_OK;
    s->out = (struct cmc_held){.id = h->id,
                               .state = h->state,
                               .needed = h->needed,
                               .approvals = h->approvals,
                               .profile = keep(j, h->profile),
                               .subject = cmc_arena_slice(j->arena, h->subject),
                               .extensions = cmc_arena_slice(j->arena, h->extensions)};
    memcpy(s->out.owner, h->owner, sizeof s->out.owner);
    s->found = &s->out;
    return s->out.profile != NULL && s->out.subject.p != NULL &&
                   (h->extensions.p == NULL || s->out.extensions.p != NULL)
               ? CMC_OK
               : CMC_E_MEM;
}

static enum cmc_rc find(struct job *j, const struct cmc_tagged_request *tr, struct cmc_request *rq,
                        const struct cmc_held **out, struct cmc_err *err)
{
    const struct cmc_authority *a = j->r->auth;
    struct search s = {.j = j, .body_part = cmc_tagged_request_id(tr)};
    uint8_t key[CMC_SHA256_OCTETS];
    enum cmc_rc rc;

    *out = NULL;
    if (cmc_request_from_tagged(tr, j->arena, rq, NULL) != CMC_OK)
        return CMC_OK; /* then it is not held either */
    rc = cmc_job_key_digest(j, rq->spki, key, err);
    if (rc == CMC_OK)
        rc = a->ops->held_for_key(a->self, key, look, &s, err);
    if (rc != CMC_OK || s.found == NULL)
        return rc;
    *out = cmc_arena_dup(j->arena, &s.out, sizeof s.out);
    return *out != NULL ? CMC_OK : no_memory(err);
}

/* -- who approves ------------------------------------------------------------------------ */

struct approver {
    const char *name;
    bool before;
};

static enum cmc_rc compare(void *arg, const char *by, int64_t at)
{
    struct approver *a = arg;

    (void)at;
    a->before |= by != NULL && strcmp(by, a->name) == 0;
    return CMC_OK;
}

static enum cmc_rc is_requester(const struct job *j, const struct officer *o,
                                const struct cmc_held *h, bool *is, struct cmc_err *err)
{
    uint8_t owner[CMC_SHA256_OCTETS];
    enum cmc_rc rc = cmc_job_cert_owner(j, o->cert, owner, err);

    *is = rc == CMC_OK && CRYPTO_memcmp(owner, h->owner, sizeof owner) == 0;
    return rc;
}

/* Is anybody among the signers who did not send it first? */
static enum cmc_rc signed_by_another(const struct job *j, const struct cmc_held *h, bool *is,
                                     struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    *is = false;
    for (size_t i = 0; rc == CMC_OK && i < j->nofficers; i++) {
        bool mine;

        rc = is_requester(j, &j->officers[i], h, &mine, err);
        *is |= !mine;
    }
    return rc;
}

/* One decision for each officer who may and has not; *why: of the last who may not, or NULL. */
static enum cmc_rc gather(struct job *j, const struct cmc_held *h, struct cmc_held_decision *to,
                          size_t *n, const char **why, struct cmc_err *err)
{
    const struct cmc_authority *a = j->r->auth;
    struct cmc_list extensions = {0};
    struct acted_on on;

    *n = 0;
    *why = NULL;
    if (h->extensions.p != NULL &&
        cmc_decode(&cmc_it_extensions, h->extensions, j->arena, &extensions, NULL) != CMC_OK)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "held request %lld cannot be read any more",
                        (long long)h->id);
    on = cmc_acted_on(h->profile, h->subject, &extensions);
    for (size_t i = 0; i < j->nofficers; i++) {
        const struct officer *o = &j->officers[i];
        struct approver who = {.name = o->name};
        const char *limit = NULL;
        enum cmc_rc rc;
        bool mine;

        rc = is_requester(j, o, h, &mine, err);
        if (rc != CMC_OK)
            return rc;
        if (mine)
            continue; /* nobody approves what he asks for */
        if ((o->roles & CMC_ROLE_APPROVE) == 0) {
            *why = cmc_arena_printf(j->arena, "officer %s does not have the role approve", o->name);
            continue;
        }
        rc = cmc_limits_judge(j, o, &on, &limit, err);
        if (rc == CMC_OK)
            rc = a->ops->approvals(a->self, h->id, compare, &who, err);
        if (rc != CMC_OK)
            return rc;
        if (limit != NULL)
            *why = limit;
        else if (who.before)
            *why =
                cmc_arena_printf(j->arena, "officer %s approved it before; another must", o->name);
        else
            to[(*n)++] = (struct cmc_held_decision){
                .id = h->id, .approve = true, .by = o->name, .at = j->x->now};
    }
    return CMC_OK;
}

static enum cmc_rc approve(struct job *j, struct plan_item *it, struct cmc_err *err)
{
    static const char *const states[] = {[CMC_HELD_WAITING] = "waiting",
                                         [CMC_HELD_APPROVED] = "approved",
                                         [CMC_HELD_REFUSED] = "refused",
                                         [CMC_HELD_ISSUED] = "issued"};
    const struct cmc_held *h = it->held;
    struct cmc_held_decision *list = cmc_arena_array(j->arena, j->nofficers, sizeof *list);
    const char *why;
    enum cmc_rc rc;

    if (list == NULL)
        return no_memory(err);
    if (h->state != CMC_HELD_WAITING)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "request %lld is %s already", (long long)h->id, states[h->state]);
    rc = gather(j, h, list, &it->napprovals, &why, err);
    if (rc != CMC_OK)
        return rc;
    if (it->napprovals == 0)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "request %lld is not approved by this: %s", (long long)h->id,
                             why != NULL ? why : "nobody signed who may");
    /* What is enough is enough: the store takes no approval of what is approved. */
    if (it->napprovals > h->needed - h->approvals)
        it->napprovals = h->needed - h->approvals;
    it->approvals = list;
    it->text = cmc_arena_printf(j->arena, "request %lld has %zu of %u approvals", (long long)h->id,
                                h->approvals + it->napprovals, h->needed);
    return it->text != NULL ? CMC_OK : no_memory(err);
}

/* -- the plan ---------------------------------------------------------------------------- */

static enum cmc_rc plan_one(struct job *j, const struct cmc_tagged_request *tr, bool *is,
                            struct cmc_err *err)
{
    const struct cmc_held *h;
    struct cmc_request rq = {0};
    struct plan_item *it;
    enum cmc_rc rc = find(j, tr, &rq, &h, err);
    bool another;

    if (rc != CMC_OK || h == NULL)
        return rc;
    rc = signed_by_another(j, h, &another, err);
    if (rc != CMC_OK || !another)
        return rc;
    it = cmc_job_add_item(j, PLAN_APPROVE, cmc_tagged_request_id(tr));
    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    *is = true;
    it->held = h;
    it->request = rq;
    rc = approve(j, it, err);
    if (rc == CMC_E_REFUSED) {
        cmc_item_refuse(j, it, err);
        rc = CMC_OK;
    }
    return rc;
}

enum cmc_rc cmc_plan_approve(struct job *j, bool *is, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    *is = false;
    /* What came encrypted is held encrypted, and nobody else can sign its content. */
    if (j->rules->approvals == 0 || j->nofficers == 0 || cmc_job_is_wrapped(j))
        return CMC_OK;
    for (size_t i = 0; rc == CMC_OK && i < j->body.requests.n; i++)
        rc = plan_one(j, CMC_AT(const struct cmc_tagged_request, j->body.requests, i), is, err);
    return rc;
}

enum cmc_rc cmc_approve_txn(struct job *j, struct cmc_err *err)
{
    struct cmc_held_decision *to;
    size_t n = 0;

    for (size_t i = 0; i < j->nitems; i++)
        n += cmc_item_done(&j->items[i]) ? j->items[i].napprovals : 0;
    if (n == 0)
        return CMC_OK;
    to = cmc_arena_array(j->arena, n, sizeof *to);
    if (to == NULL)
        return no_memory(err);
    j->txn.approvals = to;
    for (size_t i = 0; i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];

        for (size_t k = 0; cmc_item_done(it) && k < it->napprovals; k++)
            to[j->txn.napprovals++] = it->approvals[k];
    }
    return CMC_OK;
}
