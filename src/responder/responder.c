/* SPDX-License-Identifier: Apache-2.0 */
/* The way of one exchange: open, authenticate, plan, issue, answer, commit, and only then done. */
#include "responder/responder.h"

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
    return CMC_OK;
}

void cmc_responder_free(struct cmc_responder *r)
{
    free(r);
}

static void job_free(struct job *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < j->nitems; i++)
        EVP_PKEY_free(j->items[i].key);
    EVP_PKEY_free(j->self_key);
    cmc_arena_free(j->arena); /* j itself lives in it */
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
 * RFC 10002 section 3.2.1.3.4, of a server that cannot sign: a SignedData without content and
 * without SignerInfo. The status that the same section asks for has no place in it.
 * [10002-3.2.1.3.4-d, 10002-3.2.1.3.4-e]
 */
static void reply_unsigned(struct job *j)
{
    const struct cmc_cms_content nothing = {.type = cmc_oid_id_cct_PKIResponse};
    struct cmc_slice body;

    if (cmc_signed_data_create(j->r->crypto, &nothing, NULL, 0, j->arena, &body, NULL) == CMC_OK)
        j->reply = (struct cmc_reply){.http_status = 500,
                                      .content_type = CMC_MEDIA_RESPONSE,
                                      .body = body,
                                      .reason = "the answer could not be signed"};
}

/*
 * What makes two messages the same: their octets, where they came in and, for a bare PKCS#10
 * that does not say who sent it, whose connection they came over.
 */
static enum cmc_rc job_digest(struct job *j, struct cmc_err *err)
{
    struct cmc_buf b;
    enum cmc_rc rc;
    size_t n;

    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS * 2u);
    cmc_buf_add(&b, j->rules->path, strlen(j->rules->path) + 1);
    if (j->x->type == CMC_TYPE_PKCS10) {
        cmc_buf_printf(&b, "%zu:", j->x->tls_cert.n);
        cmc_buf_slice(&b, j->x->tls_cert);
    }
    cmc_buf_slice(&b, j->x->body);
    rc = cmc_buf_ok(&b)
             ? cmc_digest(j->r->crypto, CMC_DIGEST_SHA256, cmc_buf_get0(&b), j->digest, &n, err)
             : cmc_fail(err, CMC_E_LIMIT, NULL, "the message is too large");
    cmc_buf_free(&b);
    return rc;
}

/* -- open -------------------------------------------------------------------------------- */

/* Dogtag's client sends an unsigned revocation as id-data: the PKIData without a SignedData. */
static bool open_bare(struct job *j, const struct cmc_content_info *ci)
{
    struct cmc_err err = {0};

    if (ci->content.p == NULL || cmc_decode(&cmc_it_octet_string, ci->content, j->arena,
                                            &j->sd.encap.content, &err) != CMC_OK) {
        reply_text(j, 400, cmc_arena_printf(j->arena, "the body is no PKIData: %s", err.text));
        return false;
    }
    j->sd.encap.type = cmc_oid_id_cct_PKIData;
    return true;
}

/* False when the octets are not even the outermost structure: HTTP 400 was prepared. [10004-5-b] */
static bool job_open(struct job *j)
{
    struct cmc_content_info ci = {0};
    struct cmc_err err = {0};
    enum cmc_rc rc;

    if (j->x->type == CMC_TYPE_PKCS10)
        return true;
    j->full = true;
    rc = cmc_decode(&cmc_it_content_info, j->x->body, j->arena, &ci, &err);
    if (rc != CMC_OK) {
        reply_text(j, 400,
                   cmc_arena_printf(j->arena,
                                    "the body is no CMC message (a ContentInfo in binary BER or "
                                    "DER is due): %s",
                                    err.text));
        return false;
    }
    if (j->rules->dogtag && cmc_slice_eq(ci.content_type, cmc_oid_id_data))
        return open_bare(j, &ci);
    rc = cmc_signed_data_read(&ci, j->arena, &j->sd, &err);
    if (rc != CMC_OK && cmc_slice_eq(ci.content_type, cmc_oid_id_signedData)) {
        reply_text(j, 400, cmc_arena_printf(j->arena, "the body is no SignedData: %s", err.text));
        return false;
    }
    /* RFC 10002 section 5: what cannot be decrypted is answered like a bad signature. */
    if (rc != CMC_OK) {
        err.fail_info = cmc_slice_eq(ci.content_type, cmc_oid_id_envelopedData) ||
                                cmc_slice_eq(ci.content_type, cmc_oid_id_ct_authEnvelopedData)
                            ? CMC_FAIL_BAD_MESSAGE_CHECK
                            : CMC_FAIL_BAD_REQUEST;
        cmc_job_refuse(j, &err, CMC_STATUS_FAILED, NULL, 0);
    } else if (!cmc_slice_eq(j->sd.encap.type, cmc_oid_id_cct_PKIData)) {
        (void)cmc_fail_info(&err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2",
                            "the content of the SignedData is %s where id-cct-PKIData is due",
                            cmc_oid_name(j->sd.encap.type) != NULL ? cmc_oid_name(j->sd.encap.type)
                                                                   : "of an unknown type");
        cmc_job_refuse(j, &err, CMC_STATUS_FAILED, NULL, 0);
    }
    return true;
}

/* -- commit ------------------------------------------------------------------------------ */

static bool issues_or_changes(const struct job *j)
{
    for (size_t i = 0; i < j->nitems; i++) {
        if (j->items[i].status == CMC_STATUS_SUCCESS)
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

        if (it->status != CMC_STATUS_SUCCESS)
            continue;
        if (it->kind == PLAN_ISSUE)
            certs[j->txn.ncerts++] = it->issued.record;
        else
            changes[j->txn.nchanges++] = it->change;
    }
    rc = cmc_identity_uses(j, err);
    if (rc != CMC_OK)
        return rc;
    /* Only what had an effect is remembered: a refused message may be mended by an
     * administrator and sent again as it is. */
    if (issues_or_changes(j)) {
        j->txn.request_digest = j->digest;
        j->txn.answer_type = j->reply.content_type;
        j->txn.answer = j->reply.body;
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

static enum cmc_rc job_issue(struct job *j, struct cmc_err *err)
{
    for (size_t i = 0; i < j->nitems; i++) {
        struct plan_item *it = &j->items[i];
        const struct cmc_issue_order order = {.request = &it->request,
                                              .key = it->key,
                                              .profile = j->rules->profile,
                                              .requester = &j->requester,
                                              .now = j->x->now};
        enum cmc_rc rc;

        if (it->kind != PLAN_ISSUE || it->status != CMC_STATUS_SUCCESS)
            continue;
        rc = j->r->auth->ops->issue(j->r->auth->self, &order, j->arena, &it->issued, err);
        if (rc == CMC_E_MEM)
            return rc;
        if (rc != CMC_OK)
            cmc_item_refuse(j, it, err);
    }
    return CMC_OK;
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
    j->nitems = 0;
    cmc_job_refuse(j, &err, CMC_STATUS_FAILED, NULL, 0);
}

/* Everything up to the commit. CMC_OK: txn and reply are ready (or only reply: *final). */
static enum cmc_rc job_run(struct job *j, bool *final, struct cmc_err *err)
{
    bool give_up = j->x->commit_rc != CMC_OK &&
                   (j->x->commit_rc != CMC_E_CONFLICT || j->x->attempt >= ATTEMPTS_MAX);
    struct cmc_answer before;
    bool opened;
    enum cmc_rc rc;

    *final = true;
    rc = job_digest(j, err);
    if (rc != CMC_OK || !job_open(j))
        return rc;
    if (j->r->auth->ops->remembered(j->r->auth->self, j->digest, j->arena, &before, NULL) == CMC_OK)
        return cmc_job_again(j, &before, err);
    opened = j->full && !j->refused;
    if (opened) {
        rc = cmc_job_authenticate(j, err);
        if (rc != CMC_OK)
            return rc;
    }
    if (give_up)
        refuse_for_commit(j);
    else if (!j->refused)
        rc = cmc_job_plan(j, err);
    if (rc == CMC_OK)
        rc = job_issue(j, err);
    /* RFC 10002 section 3.2: no error answer to a status, lest two peers loop. */
    if (rc == CMC_OK && j->refused && opened && cmc_job_holds_only_status(j))
        j->reply = (struct cmc_reply){.http_status = 204, .reason = "a status got no answer"};
    else if (rc == CMC_OK)
        rc = cmc_job_answer(j, err);
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
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct job *j = arena != NULL ? cmc_arena_alloc(arena, sizeof *j) : NULL;
    struct cmc_err err = {0};
    bool final = true;
    enum cmc_rc rc;

    if (j == NULL) {
        cmc_arena_free(arena);
        done(arg, &no_memory);
        return;
    }
    j->r = r;
    j->x = x;
    j->rules = x->rules;
    j->done = done;
    j->done_arg = arg;
    j->arena = arena;
    rc = job_run(j, &final, &err);
    if (rc == CMC_OK && !final) {
        rc = r->auth->ops->commit(r->auth->self, &j->txn, committed, j, &err);
        if (rc == CMC_OK)
            return; /* committed() has the job */
        committed(j, rc, &err);
        return;
    }
    if (rc != CMC_OK) {
        cmc_log_event(r->log, CMC_LOG_ERROR, "respond", "error", err.text, "rc", cmc_rc_name(rc),
                      NULL);
        reply_text(j, rc == CMC_E_MEM ? 503 : 500, "the server could not answer; see its log");
        if (rc != CMC_E_MEM && j->full)
            reply_unsigned(j);
    }
    job_done(j);
}
