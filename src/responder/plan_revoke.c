/* SPDX-License-Identifier: Apache-2.0 */
/* What one revokeRequest would come to, RFC 10002 section 6.11. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

enum { REASON_HOLD = 6, REASON_REMOVE = 8 };

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a revocation");
}

/* Is it the passphrase that has to authorise this? An officer needs none. */
static bool by_passphrase(const struct job *j, const struct cmc_revoke_request *rr)
{
    return j->rules->secrets && !j->rules->mandatory_fields_only &&
           j->requester.kind != CMC_REQUESTER_OFFICER && rr->passphrase.p != NULL;
}

/* May this requester revoke at this endpoint, for this reason?
 * [10002-6.11-d, 10002-6.11-u1, 10004-5.2-v] */
static enum cmc_rc permitted(const struct job *j, const struct cmc_revoke_request *rr,
                             struct cmc_err *err)
{
    const struct cmc_endpoint_rules *rules = j->rules;

    if (!rules->revoke)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.1.3",
                             "certificates are not revoked at this endpoint");
    if (j->requester.kind != CMC_REQUESTER_OFFICER && !by_passphrase(j, rr))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 6.11",
                             j->rules->secrets
                                 ? "only an officer, or the passphrase registered for the "
                                   "certificate, may revoke here"
                                 : "only an officer may revoke here; the signer is none");
    if (j->requester.kind == CMC_REQUESTER_OFFICER && (j->requester.roles & CMC_ROLE_REVOKE) == 0 &&
        cmc_quorum_count(j, CMC_ROLE_REVOKE) == 0)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.11",
                             "officer %s does not have the role revoke", j->requester.name);
    if (rules->revoke_max != 0 && j->nrevocations > rules->revoke_max)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.1.3",
                             "%zu revocations in one message where this endpoint takes %u",
                             j->nrevocations, rules->revoke_max);
    if ((rules->reasons & CMC_REASON_BIT(rr->reason)) == 0)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 5.3.1",
                             "reason %u is not allowed at this endpoint", rr->reason);
    return CMC_OK;
}

enum cmc_rc cmc_revocation_change(const struct cmc_cert_record *rec, uint32_t reason,
                                  struct cmc_state_change *change, struct cmc_err *err)
{
    const char *why;

    change->from = rec->state;
    if (rec->state == CMC_CERT_REVOKED) {
        why = "the certificate is revoked already; that is final";
    } else if (reason == REASON_REMOVE) {
        change->to = CMC_CERT_VALID;
        if (rec->state == CMC_CERT_HELD)
            return CMC_OK;
        why = "the certificate is not on hold, so there is nothing to release";
    } else if (reason == REASON_HOLD) {
        change->to = CMC_CERT_HELD;
        if (rec->state == CMC_CERT_VALID)
            return CMC_OK;
        why = "the certificate is on hold already";
    } else {
        change->to = CMC_CERT_REVOKED;
        return CMC_OK;
    }
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 5.3.1", "%s",
                         why);
}

/* A Name says itself how long it is. */
static struct cmc_slice name_of(const struct job *j, const struct cmc_cert_record *rec)
{
    uint8_t *p = cmc_arena_alloc(j->arena, rec->issuer.n + rec->serial.n);

    if (p == NULL)
        return CMC_SLICE_NONE;
    memcpy(p, rec->issuer.p, rec->issuer.n);
    memcpy(p + rec->issuer.n, rec->serial.p, rec->serial.n);
    return cmc_slice(p, rec->issuer.n + rec->serial.n);
}

/* The names of the certificate are what an officer is limited by, as when it was issued. */
static enum cmc_rc within_limits(const struct job *j, const struct cmc_cert_record *rec,
                                 struct plan_item *it, struct cmc_err *err)
{
    struct acted_on on = {.profile = rec->profile, .subject = rec->subject};
    unsigned int needed = j->rules->revoke_quorum > 0 ? j->rules->revoke_quorum : 1;
    struct cmc_cert cert = {0};
    bool limited = false;

    for (size_t i = 0; i < j->nofficers; i++)
        limited |= j->officers[i].profiles != NULL || j->officers[i].names != NULL;
    if (!limited)
        return CMC_OK; /* most of all: nothing needs to be decoded */
    if (cmc_decode(&cmc_it_cert, rec->der, j->arena, &cert, NULL) != CMC_OK)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "a certificate in the database cannot be read");
    on = cmc_acted_on(rec->profile, cert.tbs.subject, &cert.tbs.extensions);
    return cmc_limits_check(j, CMC_ROLE_REVOKE, needed, &on, &it->officers, err);
}

static enum cmc_rc check(struct job *j, struct plan_item *it, const struct cmc_revoke_request *rr,
                         struct cmc_err *err)
{
    struct cmc_cert_record rec;
    struct cmc_slice name;
    enum cmc_rc rc = permitted(j, rr, err);

    /* A passphrase is its owner's own; officers decide over others. */
    if (rc == CMC_OK && !by_passphrase(j, rr))
        rc = cmc_quorum_check(j, CMC_ROLE_REVOKE, j->rules->revoke_quorum, err);

    /* A passphrase is told apart by nothing else: whether there is such a certificate, neither. */
    if (rc == CMC_OK && by_passphrase(j, rr))
        rc = j->nrevocations == 1
                 ? cmc_identity_passphrase(j, rr, err)
                 : cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.11",
                                 "one certificate in a message is revoked by a passphrase; send "
                                 "a message for each");
    if (rc != CMC_OK)
        return rc;
    rc = j->r->auth->ops->find(j->r->auth->self, rr->issuer, rr->serial, j->arena, &rec, err);
    if (rc == CMC_E_NOTFOUND)
        return cmc_fail_info(err, rc, CMC_FAIL_BAD_CERT_ID, "RFC 10002 section 6.11",
                             "this authority has no certificate with that issuer and serial "
                             "number; both must match");
    if (rc != CMC_OK)
        return rc;
    if (!by_passphrase(j, rr))
        rc = within_limits(j, &rec, it, err);
    if (rc != CMC_OK)
        return rc;
    it->change.issuer = rec.issuer;
    it->change.serial = rec.serial;
    it->change.reason = rr->reason;
    it->change.at = j->x->now;
    name = name_of(j, &rec);
    if (name.p == NULL)
        return no_memory(err);
    /* The same certificate twice in one message: which of them is meant? */
    if (cmc_slice_set_has(&j->revoked, name))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.11",
                             "the same certificate is named twice in the message");
    if (rr->invalidity_date.p != NULL && !j->rules->mandatory_fields_only) {
        (void)cmc_time_parse(CMC_T_GENTIME, rr->invalidity_date, &it->change.invalidity_at);
        if (it->change.invalidity_at > j->x->now)
            return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_TIME, "RFC 10002 section 6.11",
                                 "the invalidityDate lies in the future");
    }
    rc = cmc_revocation_change(&rec, rr->reason, &it->change, err);
    if (rc == CMC_OK && !cmc_slice_set_add(&j->revoked, name, j->arena))
        rc = no_memory(err);
    return rc;
}

void cmc_plan_revoke_together(struct job *j)
{
    const struct plan_item *bad = NULL;
    struct cmc_err err;

    if (!j->rules->revoke_atomic)
        return;
    for (size_t i = 0; i < j->nitems && bad == NULL; i++) {
        if (j->items[i].kind == PLAN_REVOKE && j->items[i].status != CMC_STATUS_SUCCESS)
            bad = &j->items[i];
    }
    if (bad == NULL)
        return;
    (void)cmc_fail_info(&err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.1.3",
                        "not changed, because body part %u is refused: the revocations of one "
                        "message are done all, or none, here",
                        bad->body_part);
    for (size_t i = 0; i < j->nitems; i++) {
        struct plan_item *it = &j->items[i];

        if (it->kind == PLAN_REVOKE && it->status == CMC_STATUS_SUCCESS)
            cmc_item_refuse(j, it, &err);
    }
}

enum cmc_rc cmc_plan_revoke(struct job *j, const struct cmc_tagged_attribute *ta,
                            struct cmc_err *err)
{
    struct plan_item *it = cmc_job_add_item(j, PLAN_REVOKE, ta->body_part_id);
    struct cmc_revoke_request rr = {0};
    enum cmc_rc rc;

    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    rc = cmc_control_decode(ta, j->arena, &rr, err);
    if (rc == CMC_OK)
        rc = check(j, it, &rr, err);
    if (rc == CMC_OK || rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG)
        return rc;
    it->change.serial = rr.serial; /* for the audit log */
    cmc_item_refuse(j, it, err);
    return CMC_OK;
}
