/* SPDX-License-Identifier: Apache-2.0 */
/* The way of one exchange: open, authenticate, plan, issue, answer, commit, and only then done. */
#include "responder/responder.h"

#include <stdio.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "responder/responder_int.h"

/* How often an exchange is planned anew because the state changed under it. */
#define ATTEMPTS_MAX 8u

enum cmc_rc cmc_responder_new(const struct cmc_crypto *crypto, const struct cmc_authority *auth,
                              struct cmc_log *log, struct cmc_responder **out, struct cmc_err *err)
{
    struct cmc_responder *r = calloc(1, sizeof *r);

    *out = r;
    if (r == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a responder");
    r->crypto = crypto;
    r->auth = auth;
    r->log = log;
    r->arenas = cmc_arena_pool_new(CMC_LIMIT_ARENA_OCTETS);
    if (r->arenas == NULL) {
        cmc_responder_free(r);
        *out = NULL;
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a responder");
    }
    return CMC_OK;
}

void cmc_responder_free(struct cmc_responder *r)
{
    if (r == NULL)
        return;
    cmc_arena_pool_free(r->arenas);
    free(r);
}

static void job_free(struct job *j)
{
    if (j == NULL)
        return;
    cmc_arena_pool_put(j->arenas, j->arena); /* j itself lives in it */
}

static void job_done(struct job *j)
{
    j->done(j->done_arg, &j->reply);
    job_free(j);
}

/* An answer of the transport: what no CMC response can say. */
static void reply_text(struct job *j, unsigned int status, const char *text)
{
    char *body = cmc_arena_printf(j->arena, "%s\n", text);

    j->reply = (struct cmc_reply){
        .http_status = status,
        .content_type = "text/plain; charset=utf-8",
        .body = body != NULL ? cmc_slice_str(body) : cmc_slice_str("\n"),
        .reason = body != NULL ? cmc_arena_strdup(j->arena, text) : "out of memory",
    };
    if (j->reply.reason == NULL)
        j->reply.reason = "out of memory";
}

/*
 * What a server that cannot sign says: a SignedData without eContent and without SignerInfos
 * [10002-3.2.1.3.4-d, 10002-3.2.1.3.4-e], which leaves no room for the status that the same clause
 * asks for; HTTP 500 says it in its place [10002-3.2.1.3.4-c].
 */
static void reply_unsigned(struct job *j)
{
    struct cmc_slice body;

    if (!j->full || cmc_certs_only_create(NULL, 0, NULL, 0, j->arena, &body, NULL) != CMC_OK)
        return;
    j->reply.content_type = CMC_MEDIA_RESPONSE;
    j->reply.body = body;
}

/*
 * What makes two messages the same: their octets, where they came in and, for a bare PKCS#10
 * that does not say who sent it, whose connection they came over.
 */
static enum cmc_rc job_digest(struct job *j, struct cmc_err *err)
{
    struct cmc_slice pieces[4];
    char length[24];
    size_t np = 0, n;

    pieces[np++] = cmc_slice(j->rules->path, strlen(j->rules->path) + 1);
    if (j->x->type == CMC_TYPE_PKCS10) {
        (void)snprintf(length, sizeof length, "%zu:", j->x->tls_cert.n);
        pieces[np++] = cmc_slice_str(length);
        pieces[np++] = j->x->tls_cert;
    }
    pieces[np++] = j->x->body;
    return cmc_digest_pieces(j->r->crypto, CMC_DIGEST_SHA256, pieces, np, j->digest, &n, err);
}

/* -- commit ------------------------------------------------------------------------------ */

static bool issues_or_changes(const struct job *j)
{
    for (size_t i = 0; i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];

        if (it->kind == PLAN_QUERY || it->kind == PLAN_RETRIEVE)
            continue; /* look only; what comes of it may be another answer next time */
        if (cmc_item_done(it) || it->status == CMC_STATUS_PENDING)
            return true;
    }
    return false;
}

/* Collect what the plan changes into one transaction. */
static enum cmc_rc job_txn(struct job *j, struct cmc_err *err)
{
    struct cmc_cert_record *certs = cmc_arena_array(j->arena, j->nitems, sizeof *certs);
    struct cmc_state_change *changes = cmc_arena_array(j->arena, j->nitems, sizeof *changes);
    enum cmc_rc rc;

    if (certs == NULL || changes == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a transaction");
    j->txn.at = j->x->now;
    j->txn.certs = certs;
    j->txn.changes = changes;
    for (size_t i = 0; i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];

        if (!cmc_item_done(it))
            continue;
        if (it->kind == PLAN_ISSUE)
            certs[j->txn.ncerts++] = it->issued.record;
        else if (it->kind == PLAN_REVOKE)
            changes[j->txn.nchanges++] = it->change;
    }
    rc = cmc_identity_uses(j, err);
    if (rc == CMC_OK)
        rc = cmc_pending_txn(j, err);
    if (rc == CMC_OK)
        rc = cmc_approve_txn(j, err);
    if (rc == CMC_OK)
        rc = cmc_confirm_txn(j, err);
    if (rc == CMC_OK)
        rc = cmc_publications(j, err);
    if (rc != CMC_OK)
        return rc;
    /* Only what had an effect is remembered: a refused message may be mended by an
     * administrator and sent again as it is. */
    if (issues_or_changes(j)) {
        j->txn.request_digest = j->digest;
        j->txn.answer_type = j->reply.content_type;
        j->txn.answer = j->reply.body;
        if (j->rules->refuse_nonces && j->nonce_known)
            j->txn.nonce = &j->nonce;
    }
    return cmc_job_audit(j, err);
}

static void committed(void *arg, enum cmc_rc rc, const struct cmc_err *err)
{
    struct job *j = arg;

    (void)err;
    if (rc != CMC_OK)
        j->reply = (struct cmc_reply){
            .again = true, .commit_rc = rc, .reason = "the commit did not happen"};
    job_done(j);
}

/* Two requests of one message for one key, of which the store would take one only. */
static bool key_issued_before(const struct job *j, const struct plan_item *it)
{
    for (const struct plan_item *o = j->items; it->issued.record.unique_key && o < it; o++) {
        if (o->kind == PLAN_ISSUE && o->status == CMC_STATUS_SUCCESS &&
            o->issued.record.unique_key &&
            memcmp(o->issued.record.spki_digest, it->issued.record.spki_digest,
                   CMC_SHA256_OCTETS) == 0)
            return true;
    }
    return false;
}

static enum cmc_rc job_issue(struct job *j, struct cmc_err *err)
{
    for (size_t i = 0; i < j->nitems; i++) {
        struct plan_item *it = &j->items[i];
        const struct cmc_issue_order order = {.request = &it->request,
                                              .key = it->key,
                                              .profile = cmc_item_profile(j, it),
                                              .requester = &j->requester,
                                              .now = j->x->now,
                                              .judged = it->held != NULL};
        enum cmc_rc rc;

        if (it->kind != PLAN_ISSUE || it->status != CMC_STATUS_SUCCESS)
            continue;
        rc = j->r->auth->ops->issue(j->r->auth->self, &order, j->arena, &it->issued, err);
        if (rc == CMC_E_MEM || rc == CMC_E_RETRY)
            return rc;
        if (rc == CMC_OK && key_issued_before(j, it))
            rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_NO_KEY_REUSE, "RFC 10002 section 6.1.4",
                               "another request of the message has the same key");
        if (rc != CMC_OK)
            cmc_item_refuse(j, it, err);
    }
    cmc_job_require_confirmation(j);
    return CMC_OK;
}

static void drop_items(struct job *j)
{
    cmc_job_give_keys_back(j);
    j->nitems = 0;
}

/*
 * A guess at a secret that cannot be counted must not be told right from wrong either: not by how
 * the answer is protected, nor by what is given back of the content.
 */
static void hide_secret(struct job *j)
{
    if (j->protection.name.p == NULL)
        return;
    j->protection.in_clear = true;
    cmc_job_peek_echoes(j);
    if (cmc_job_is_encrypted(j))
        j->transaction_id = j->sender_nonce = j->data_return = CMC_SLICE_NONE;
}

/* The store failed or is full: say so, and change nothing. */
static void refuse_for_commit(struct job *j)
{
    struct cmc_err err;
    bool later = j->x->commit_rc == CMC_E_RETRY || j->x->commit_rc == CMC_E_CONFLICT;

    (void)cmc_fail_info(&err, j->x->commit_rc,
                        later ? CMC_FAIL_TRY_LATER : CMC_FAIL_INTERNAL_CA_ERROR,
                        "RFC 10002 section 6.1.3", "%s",
                        later ? "the authority is busy; send the same message again later"
                              : "the authority cannot store its decision; nothing was done; tell "
                                "its operator");
    drop_items(j);
    /* The plan is not made again, and with it the client's nonce would be forgotten. */
    cmc_job_peek_echoes(j);
    hide_secret(j);
    cmc_job_refuse(j, &err, CMC_STATUS_FAILED, NULL, 0);
}

/* The token with the authority's key is away: nothing of the message is done, not half of it. */
static void put_off(struct job *j)
{
    struct cmc_err err;

    (void)cmc_fail_info(&err, CMC_E_RETRY, CMC_FAIL_TRY_LATER, "RFC 10002 section 6.1.3",
                        "the authority's key is out of reach; send the same message again later");
    drop_items(j);
    cmc_job_refuse(j, &err, CMC_STATUS_FAILED, NULL, 0);
}

/* In the words of Dogtag's CA, whose clients ask in this way. */
static void refuse_profile(struct job *j)
{
    struct cmc_err err;

    (void)cmc_fail_info(&err, CMC_E_REFUSED, CMC_FAIL_INTERNAL_CA_ERROR, NULL,
                        "Profile %s Not Found", j->x->unknown_profile);
    cmc_job_refuse(j, &err, CMC_STATUS_FAILED, NULL, 0);
}

/*
 * The answer; if it cannot be protected as the request was, one that says so in clear, and
 * nothing happens.
 */
static enum cmc_rc job_answer(struct job *j, struct cmc_err *err)
{
    struct cmc_err why;
    enum cmc_rc rc = cmc_job_answer(j, err);

    if (rc == CMC_OK || rc == CMC_E_MEM || rc == CMC_E_RETRY || !cmc_protect_due(j))
        return rc;
    cmc_log_event(j->r->log, CMC_LOG_ERROR, "respond", "error", err->text, "rc", cmc_rc_name(rc),
                  NULL);
    (void)cmc_fail_info(&why, rc, CMC_FAIL_INTERNAL_CA_ERROR, "RFC 10002 section 5",
                        "the answer cannot be protected as the request was; nothing was done; tell "
                        "the operator of the authority");
    drop_items(j);
    j->protection.in_clear = true;
    cmc_job_refuse(j, &why, CMC_STATUS_FAILED, NULL, 0);
    return cmc_job_answer(j, err);
}

/* Everything up to the commit. CMC_OK: txn and reply are ready (or only reply: *final). */
static enum cmc_rc job_run(struct job *j, bool *final, struct cmc_err *err)
{
    bool give_up = j->x->commit_rc != CMC_OK &&
                   (j->x->commit_rc != CMC_E_CONFLICT || j->x->attempt >= ATTEMPTS_MAX);
    struct cmc_answer before;
    const char *why = NULL;
    bool opened;
    enum cmc_rc rc;

    *final = true;
    rc = job_digest(j, err);
    if (rc != CMC_OK)
        return rc;
    if (!cmc_job_open(j, &why)) {
        reply_text(j, 400, why);
        return CMC_OK;
    }
    if (j->x->unknown_profile != NULL)
        refuse_profile(j);
    else if (j->r->auth->ops->remembered(j->r->auth->self, j->digest, j->arena, &before, NULL) ==
             CMC_OK)
        return before.octets.n > 0 ? cmc_job_again(j, &before, err)
                                   : cmc_job_forgotten(j, &before, final, err);
    if (j->full && !j->refused)
        rc = cmc_job_peel(j, err);
    opened = rc == CMC_OK && j->full && !j->refused;
    if (opened)
        rc = cmc_job_authenticate(j, err);
    if (rc == CMC_OK)
        rc = cmc_protect_prepare(j, err);
    if (rc != CMC_OK)
        return rc;
    if (give_up)
        refuse_for_commit(j);
    else if (!j->refused)
        rc = cmc_job_plan(j, err);
    if (rc == CMC_OK)
        rc = job_issue(j, err);
    if (rc == CMC_E_RETRY) {
        put_off(j);
        rc = CMC_OK;
    }
    if (rc == CMC_OK)
        rc = cmc_plan_publish(j, err);
    /* RFC 10002 section 3.2: no error answer to a status, lest two peers loop. */
    if (rc == CMC_OK && j->refused && opened && cmc_job_holds_only_status(j))
        j->reply = (struct cmc_reply){.http_status = 204, .reason = "a status got no answer"};
    else if (rc == CMC_OK)
        rc = job_answer(j, err);
    if (rc == CMC_OK)
        rc = job_txn(j, err);
    *final = give_up; /* a store that fails takes no audit record either */
    return rc;
}

void cmc_respond(struct cmc_responder *r, const struct cmc_exchange *x, cmc_respond_done_fn done,
                 void *arg)
{
    static const struct cmc_reply no_memory = {.http_status = 503,
                                               .content_type = "text/plain; charset=utf-8",
                                               .body = {(const uint8_t *)"out of memory\n", 14},
                                               .reason = "out of memory"};
    struct cmc_arena *arena = cmc_arena_pool_get(r->arenas);
    struct job *j = arena != NULL ? cmc_arena_alloc(arena, sizeof *j) : NULL;
    struct cmc_err err = {0};
    bool final = true;
    enum cmc_rc rc;

    if (j == NULL) {
        cmc_arena_pool_put(r->arenas, arena);
        done(arg, &no_memory);
        return;
    }
    j->r = r;
    j->x = x;
    j->rules = x->rules;
    j->done = done;
    j->done_arg = arg;
    j->arena = arena;
    j->arenas = r->arenas;
    rc = job_run(j, &final, &err);
    if (r->auth->ops->asked != NULL)
        r->auth->ops->asked(r->auth->self);
    /* Here and not with the job: that ends in the writer's thread, to which no key belongs. */
    cmc_job_give_keys_back(j);
    EVP_PKEY_free(j->self_key);
    j->self_key = NULL;
    if (rc == CMC_OK && !final && x->may_commit != NULL && !x->may_commit(x->may_commit_arg)) {
        reply_text(j, 503, "it took too long; send the same message again");
        final = true;
    }
    if (rc == CMC_OK && !final) {
        rc = r->auth->ops->commit(r->auth->self, &j->txn, committed, j, &err);
        if (rc == CMC_OK)
            return; /* committed() has the job */
        committed(j, rc, &err);
        return;
    }
    if (rc == CMC_E_RETRY) {
        /* Not even the answer can be signed; that the token is away has been logged once. */
        reply_text(j, 503, "the authority's keys are out of reach; send the same message again");
    } else if (rc != CMC_OK) {
        cmc_log_event(r->log, CMC_LOG_ERROR, "respond", "error", err.text, "rc", cmc_rc_name(rc),
                      NULL);
        reply_text(j, rc == CMC_E_MEM ? 503 : 500, "the server could not answer; see its log");
        if (rc != CMC_E_MEM)
            reply_unsigned(j);
    }
    job_done(j);
}
