/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was decided, for the audit log: one record for each stage of verification and one for
 * each body part (or for the refused message), with both message digests, who asked, the
 * outcome and the clause it rests on. No passphrase, no key.
 */
#include "asn1/codec.h"
#include "base/json.h"
#include "responder/responder_int.h"

#define RECORD_MAX 32768u
/* A longer name is cut in the log; it stands whole in the certificate. */
#define NAME_MAX_TEXT 2048u

static const char *const stage_names[STAGE_COUNT] = {
    [STAGE_DIGEST] = "verify.message-digest",
    [STAGE_CONTENT_TYPE] = "verify.content-type",
    [STAGE_OFFICER] = "verify.officer",
};

struct audit {
    struct job *j;
    struct cmc_audit_record *records;
    size_t n;
    struct cmc_buf buf;
    struct cmc_slice answer_digest;
    uint8_t digest[CMC_DIGEST_MAX];
};

static void begin(struct audit *a, const char *event)
{
    const struct job *j = a->j;

    cmc_buf_reset(&a->buf);
    cmc_json_begin(&a->buf);
    cmc_json_str(&a->buf, "event", cmc_slice_str(event));
    cmc_json_str(&a->buf, "endpoint", cmc_slice_str(j->rules->path));
    cmc_json_str(&a->buf, "peer", cmc_slice_str(j->x->peer));
    cmc_json_hex(&a->buf, "request", cmc_slice(j->digest, sizeof j->digest));
    if (j->transaction_id.n > 0)
        cmc_json_hex(&a->buf, "transaction", j->transaction_id);
    if (j->requester.name != NULL)
        cmc_json_str(&a->buf, "requester", cmc_slice_str(j->requester.name));
}

static void outcome(struct audit *a, uint32_t status, int fail_info, const char *clause,
                    struct cmc_slice text)
{
    cmc_json_str(&a->buf, "outcome", cmc_slice_str(cmc_status_name(status)));
    if (fail_info != CMC_FAIL_INFO_NONE)
        cmc_json_str(&a->buf, "failInfo", cmc_slice_str(cmc_fail_info_name((uint32_t)fail_info)));
    cmc_json_str(&a->buf, "clause", cmc_slice_str(clause));
    cmc_json_str(&a->buf, "text", text);
}

static enum cmc_rc end(struct audit *a, struct cmc_err *err)
{
    char *json;

    cmc_json_end(&a->buf);
    json = cmc_buf_cstr(&a->buf);
    if (json != NULL)
        json = cmc_arena_strdup(a->j->arena, json);
    if (json == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an audit record");
    a->records[a->n++].json = json;
    return CMC_OK;
}

static enum cmc_rc audit_stages(struct audit *a, struct cmc_err *err)
{
    const struct job *j = a->j;
    bool failed = j->stage_err.rc != CMC_OK;

    if (!j->full)
        return CMC_OK;
    for (unsigned int s = 0; s < j->stages_passed + failed && s < STAGE_COUNT; s++) {
        bool ok = s < j->stages_passed;
        enum cmc_rc rc;

        begin(a, stage_names[s]);
        outcome(a, ok ? CMC_STATUS_SUCCESS : CMC_STATUS_FAILED,
                ok ? CMC_FAIL_INFO_NONE : j->stage_err.fail_info, ok ? NULL : j->stage_err.clause,
                ok ? CMC_SLICE_NONE : cmc_slice_str(j->stage_err.text));
        rc = end(a, err);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

static void name_member(struct audit *a, const char *key, struct cmc_slice name)
{
    struct cmc_buf text;

    if (name.p == NULL)
        return;
    cmc_buf_init(&text, NAME_MAX_TEXT);
    cmc_name_print(name, &text);
    cmc_json_str(&a->buf, key, cmc_buf_get0(&text));
    cmc_buf_free(&text);
}

static const char *const item_names[] = {
    [PLAN_ISSUE] = "issue",
    [PLAN_REVOKE] = "revoke",
    [PLAN_RETRIEVE] = "retrieve",
    [PLAN_PUBLISH] = "publish",
};

static enum cmc_rc audit_item(struct audit *a, const struct plan_item *it, struct cmc_err *err)
{
    bool ok = it->status == CMC_STATUS_SUCCESS;

    begin(a, item_names[it->kind]);
    cmc_json_hex(&a->buf, "answer", a->answer_digest);
    cmc_json_int(&a->buf, "bodyPart", it->body_part);
    if (it->kind == PLAN_ISSUE) {
        cmc_json_str(&a->buf, "profile", cmc_slice_str(a->j->rules->profile));
        name_member(a, "subject", it->request.subject);
        if (ok)
            cmc_json_hex(&a->buf, "serial", it->issued.record.serial);
    } else if (it->kind == PLAN_REVOKE) {
        cmc_json_hex(&a->buf, "serial", it->change.serial);
        if (ok)
            cmc_json_int(&a->buf, "reason", it->change.reason);
    } else if (it->kind == PLAN_PUBLISH && ok) {
        cmc_json_str(&a->buf, "action",
                     it->publications[0].wanted ? CMC_SLICE_LIT("publish")
                                                : CMC_SLICE_LIT("remove"));
        for (size_t i = 0; i < it->npublications; i++)
            cmc_json_hex(&a->buf, "serial", it->publications[i].serial);
    }
    outcome(a, it->status, it->fail_info, it->clause,
            ok ? CMC_SLICE_NONE : cmc_slice_str(it->text));
    return end(a, err);
}

static enum cmc_rc audit_refusal(struct audit *a, struct cmc_err *err)
{
    const struct job *j = a->j;

    begin(a, "refuse");
    cmc_json_hex(&a->buf, "answer", a->answer_digest);
    cmc_json_int(&a->buf, "bodyPart",
                 j->refusal.body_parts != NULL ? (int64_t)j->refusal.body_parts[0] : 0);
    outcome(a, j->refusal.status, j->refusal.fail_info, j->refusal_clause, j->refusal.text);
    return end(a, err);
}

/* Identity proofs, good and bad. The true reason stands here alone; the peer is not told it. */
static enum cmc_rc audit_secret(struct audit *a, const struct secret_event *e, struct cmc_err *err)
{
    bool ok = e->failure == NULL;

    begin(a, e->purpose == CMC_SECRET_REVOKE ? "revocation-passphrase" : "identity-proof");
    if (e->name.p != NULL)
        cmc_json_str(&a->buf, "identity",
                     e->name.n <= CMC_LIMIT_IDENTITY_OCTETS ? e->name
                                                            : CMC_SLICE_LIT("(too long)"));
    if (e->serial.p != NULL)
        cmc_json_hex(&a->buf, "serial", e->serial);
    outcome(a, ok ? CMC_STATUS_SUCCESS : CMC_STATUS_FAILED,
            ok ? CMC_FAIL_INFO_NONE : CMC_FAIL_BAD_IDENTITY, ok ? NULL : "RFC 10002 section 6.2",
            ok ? CMC_SLICE_NONE : cmc_slice_str(e->failure));
    return end(a, err);
}

enum cmc_rc cmc_job_audit(struct job *j, struct cmc_err *err)
{
    struct audit a = {.j = j};
    enum cmc_rc rc;
    size_t n;

    cmc_buf_init(&a.buf, RECORD_MAX);
    a.records = cmc_arena_array(j->arena, STAGE_COUNT + SECRET_EVENTS_MAX + j->nitems + 1,
                                sizeof *a.records);
    if (a.records == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the audit log");
    rc = cmc_digest(j->r->crypto, CMC_DIGEST_SHA256, j->reply.body, a.digest, &n, err);
    a.answer_digest = cmc_slice(a.digest, CMC_SHA256_OCTETS);
    if (rc == CMC_OK)
        rc = audit_stages(&a, err);
    for (size_t i = 0; i < j->nsecret_events && rc == CMC_OK; i++)
        rc = audit_secret(&a, &j->secret_events[i], err);
    for (size_t i = 0; i < j->nitems && rc == CMC_OK; i++)
        rc = audit_item(&a, &j->items[i], err);
    if (rc == CMC_OK && j->refused)
        rc = audit_refusal(&a, err);
    cmc_buf_free(&a.buf);
    j->txn.audits = a.records;
    j->txn.naudits = a.n;
    return rc;
}
