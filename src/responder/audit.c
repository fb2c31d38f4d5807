/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was decided, for the audit log: one record for each stage of verification and one for
 * each body part (or for the refused message), with both message digests, who asked, the
 * outcome and the clause it rests on. No passphrase, no key.
 */
#include "asn1/codec.h"
#include "base/json.h"
#include "responder/responder_int.h"

/* One status may reject all certificates of a transaction, and each is named in its record. */
#define RECORD_MAX (32768u + 2u * CMC_LIMIT_REQUESTS * 64u)
/* A longer name is cut in the log; it stands whole in the certificate. */
#define NAME_MAX_TEXT 2048u
/* So is longer registration information. */
#define REG_INFO_MAX 4096u

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
    struct cmc_buf same; /* the members that every record of this message has */
    struct cmc_slice answer_digest;
    uint8_t digest[CMC_DIGEST_MAX];
};

/* With the comma before the first of them. */
static void make_same(struct audit *a)
{
    const struct job *j = a->j;

    cmc_json_str(&a->same, "endpoint", cmc_slice_str(j->rules->path));
    if (j->rules->authority != NULL)
        cmc_json_str(&a->same, "authority", cmc_slice_str(j->rules->authority));
    cmc_json_str(&a->same, "peer", cmc_slice_str(j->x->peer));
    cmc_json_hex(&a->same, "request", cmc_slice(j->digest, sizeof j->digest));
    if (j->transaction_id.n > 0)
        cmc_json_hex(&a->same, "transaction", j->transaction_id);
    if (j->requester.name != NULL)
        cmc_json_str(&a->same, "requester", cmc_slice_str(j->requester.name));
    if (j->nofficers > 1)
        cmc_json_str(&a->same, "signers", cmc_slice_str(cmc_quorum_names(j)));
}

static void begin(struct audit *a, const char *event)
{
    cmc_buf_reset(&a->buf);
    cmc_json_begin(&a->buf);
    cmc_json_str(&a->buf, "event", cmc_slice_str(event));
    cmc_buf_byte(&a->buf, ',');
    cmc_buf_slice(&a->buf, cmc_buf_get0(&a->same));
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
    if (json != NULL && cmc_buf_ok(&a->same))
        json = cmc_arena_strndup(a->j->arena, json, a->buf.n);
    else
        json = NULL;
    if (json == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an audit record");
    a->records[a->n++].json = json;
    return CMC_OK;
}

static enum cmc_rc audit_stage(struct audit *a, const char *name, const struct cmc_err *failure,
                               struct cmc_err *err)
{
    begin(a, name);
    outcome(a, failure == NULL ? CMC_STATUS_SUCCESS : CMC_STATUS_FAILED,
            failure == NULL ? CMC_FAIL_INFO_NONE : failure->fail_info,
            failure == NULL ? NULL : failure->clause,
            failure == NULL ? CMC_SLICE_NONE : cmc_slice_str(failure->text));
    return end(a, err);
}

static enum cmc_rc audit_stages(struct audit *a, struct cmc_err *err)
{
    const struct job *j = a->j;
    const struct protection *p = &j->protection;
    bool failed = j->stage_err.rc != CMC_OK;
    enum cmc_rc rc = CMC_OK;

    if (!j->full)
        return CMC_OK;
    if (p->decrypted && (!failed || p->failed_at == NULL || strcmp(p->failed_at, "open") != 0))
        rc = audit_stage(a, "open", NULL, err);
    if (rc == CMC_OK && failed && p->failed_at != NULL)
        return audit_stage(a, p->failed_at, &j->stage_err, err);
    if (rc == CMC_OK && p->mac_good)
        rc = audit_stage(a, "verify.mac", NULL, err);
    for (unsigned int s = 0; rc == CMC_OK && s < j->stages_passed + failed && s < STAGE_COUNT; s++)
        rc = audit_stage(a, stage_names[s], s < j->stages_passed ? NULL : &j->stage_err, err);
    return rc;
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

static const char *event_of(const struct plan_item *it)
{
    static const char *const names[] = {
        [PLAN_ISSUE] = "issue",     [PLAN_REVOKE] = "revoke",  [PLAN_QUERY] = "query-pending",
        [PLAN_CONFIRM] = "confirm", [PLAN_REJECT] = "reject",  [PLAN_RETRIEVE] = "retrieve",
        [PLAN_PUBLISH] = "publish", [PLAN_APPROVE] = "approve"};

    return it->kind == PLAN_ISSUE && it->status == CMC_STATUS_PENDING ? "hold" : names[it->kind];
}

/* What a query, a confirmation or a rejection is about. */
static void follow_up_members(struct audit *a, const struct plan_item *it)
{
    if (it->held != NULL)
        cmc_json_int(&a->buf, "held", it->held->id);
    for (size_t i = 0; i < it->nawaits; i++)
        cmc_json_hex(&a->buf, "serial", it->awaits[i].serial);
}

static enum cmc_rc audit_item(struct audit *a, const struct plan_item *it, struct cmc_err *err)
{
    bool ok = cmc_item_done(it);

    begin(a, event_of(it));
    cmc_json_hex(&a->buf, "answer", a->answer_digest);
    cmc_json_int(&a->buf, "bodyPart", it->body_part);
    if (it->kind == PLAN_ISSUE) {
        cmc_json_str(&a->buf, "profile", cmc_slice_str(cmc_item_profile(a->j, it)));
        name_member(a, "subject", it->request.subject);
        if (it->changes != NULL) {
            cmc_json_str(&a->buf, "changed", cmc_slice_str(it->changes));
            name_member(a, "subjectAsked", it->asked.subject);
        }
        if (it->ra_pop || it->ra_identity)
            cmc_json_str(&a->buf, "vouchedFor",
                         cmc_slice_str(it->ra_pop
                                           ? it->ra_identity ? "possession,identity" : "possession"
                                           : "identity"));
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
    follow_up_members(a, it);
    /* Else it stands in the reason for the refusal. */
    if (ok && it->officers.not_counted != NULL)
        cmc_json_str(&a->buf, "notCounted", cmc_slice_str(it->officers.not_counted));
    outcome(a, it->status, it->fail_info, it->clause,
            ok ? CMC_SLICE_NONE : cmc_slice_str(it->text));
    return end(a, err);
}

/* RFC 10002 section 6.12: bilateral, so it is kept as it is, up to a bound. */
static enum cmc_rc audit_reg_info(struct audit *a, struct cmc_err *err)
{
    struct cmc_slice info = a->j->reg_info;

    begin(a, "registration-info");
    cmc_json_int(&a->buf, "octets", (int64_t)info.n);
    if (info.n > REG_INFO_MAX)
        info.n = REG_INFO_MAX;
    cmc_json_hex(&a->buf, "hex", info);
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
    cmc_buf_init(&a.same, RECORD_MAX);
    make_same(&a);
    a.records = cmc_arena_array(j->arena, STAGE_COUNT + 2 + SECRET_EVENTS_MAX + j->nitems + 2,
                                sizeof *a.records);
    if (a.records == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for the audit log");
        goto out;
    }
    rc = cmc_digest(j->r->crypto, CMC_DIGEST_SHA256, j->reply.body, a.digest, &n, err);
    a.answer_digest = cmc_slice(a.digest, CMC_SHA256_OCTETS);
    if (rc == CMC_OK)
        rc = audit_stages(&a, err);
    for (size_t i = 0; i < j->nsecret_events && rc == CMC_OK; i++)
        rc = audit_secret(&a, &j->secret_events[i], err);
    if (rc == CMC_OK && j->reg_info.p != NULL)
        rc = audit_reg_info(&a, err);
    for (size_t i = 0; i < j->nitems && rc == CMC_OK; i++)
        rc = audit_item(&a, &j->items[i], err);
    if (rc == CMC_OK && j->refused)
        rc = audit_refusal(&a, err);
    j->txn.audits = a.records;
    j->txn.naudits = a.n;
out:
    cmc_buf_free(&a.buf);
    cmc_buf_free(&a.same);
    return rc;
}
