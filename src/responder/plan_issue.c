/* SPDX-License-Identifier: Apache-2.0 */
/* What one certification request would come to. */
#include "asn1/oids.h"
#include "responder/responder_int.h"

/* May this requester have a certificate for this request? */
static enum cmc_rc permitted(const struct job *j, const struct plan_item *it, struct cmc_err *err)
{
    if (it->ra_identity)
        return CMC_OK; /* only of an RA that may is that believed */
    switch (j->requester.kind) {
    case CMC_REQUESTER_OFFICER:
        if ((j->requester.roles & CMC_ROLE_ENROLL) != 0 || cmc_quorum_count(j, CMC_ROLE_ENROLL) > 0)
            return CMC_OK;
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.1.3",
                             "officer %s does not have the role enroll", j->requester.name);
    case CMC_REQUESTER_HOLDER:
        if (j->rules->allow_renewal)
            return CMC_OK;
        break;
    case CMC_REQUESTER_SECRET:
        return CMC_OK; /* only where the endpoint takes secrets does anybody come to this */
    case CMC_REQUESTER_NONE:
    default:
        break;
    }
    if (!j->rules->require_officer)
        return CMC_OK;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 6.1.3", "%s",
                         j->full ? "the signer is not registered as an officer, and no shared "
                                   "secret proves another identity"
                                 : "an officer's TLS client certificate is required here");
}

/* Of the officers who signed, may as many act on these names, under this profile? Judged of what
 * is to be issued, so after all changes. */
static enum cmc_rc within_limits(const struct job *j, struct plan_item *it, struct cmc_err *err)
{
    const struct acted_on on =
        cmc_acted_on(j->rules->profile, it->request.subject, &it->request.extensions);
    unsigned int needed = j->rules->approvals == 0 ? j->rules->quorum : 0;
    enum cmc_rc rc;

    if (j->requester.kind != CMC_REQUESTER_OFFICER)
        return CMC_OK;
    if (needed == 0 && !it->ra_identity)
        needed = 1;
    rc = cmc_limits_check(j, CMC_ROLE_ENROLL, needed, &on, &it->officers, err);
    if (rc == CMC_OK && (it->ra_identity || it->ra_pop || it->ra_changed))
        rc = cmc_limits_check_ra(j, &on, &it->officers, err);
    return rc;
}

/*
 * RFC 10002 section 3.2.1.2: a renewal has the names of the certificate that signs it, and
 * stays what it was. Only then may its holder do without an officer.
 * [10002-3.2-g, 10002-6.3-b, 10002-6.3.3-u1, 10002-6.3.3-u2]
 */
static enum cmc_rc check_renewal(const struct job *j, const struct cmc_request *rq, EVP_PKEY *key,
                                 struct cmc_err *err)
{
    const struct cmc_requester *who = &j->requester;
    const struct cmc_extension *san =
        cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectAltName);
    struct cmc_slice asked = san != NULL ? san->value : CMC_SLICE_NONE;

    if (who->profile == NULL || strcmp(who->profile, j->rules->profile) != 0)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 3.2.1.2",
                             "the certificate that signed was not issued under profile %s and "
                             "cannot be renewed here",
                             j->rules->profile);
    if (!cmc_name_eq(rq->subject, who->subject))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 3.2.1.2",
                             "the subject of a renewal must be that of the certificate that signs "
                             "it");
    if (!cmc_slice_eq(asked, who->san))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 3.2.1.2",
                             "the subjectAltName of a renewal must be that of the certificate "
                             "that signs it");
    if (!j->rules->same_key_renewal && EVP_PKEY_eq(key, who->key) == 1)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_NO_KEY_REUSE, "RFC 10002 section 6.1.3",
                             "the key was certified before; renew with a new one");
    return CMC_OK;
}

/*
 * [10002-7.1-a] Whoever asks for another name has the one in the request, by the certificate that
 * signs the message or by a shared secret that stands for it. An officer answers for the names.
 */
static enum cmc_rc check_old_name(const struct job *j, const struct plan_item *it,
                                  struct cmc_err *err)
{
    const struct cmc_requester *who = &j->requester;

    if (!it->request.change_of_name || who->kind == CMC_REQUESTER_OFFICER ||
        (who->kind == CMC_REQUESTER_SECRET && j->identity.secret.subject.p != NULL) ||
        (who->kind == CMC_REQUESTER_HOLDER && cmc_name_eq(it->asked.subject, who->subject)))
        return CMC_OK;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 7.1",
                         who->kind == CMC_REQUESTER_HOLDER
                             ? "a request for another name must have the old one, that of the "
                               "certificate that signs it, as its subject"
                             : "a change of name needs a certificate, or a shared secret bound "
                               "to a subject, that shows the old name");
}

/* [10004-10-c] */
static enum cmc_rc check_request(struct job *j, struct plan_item *it, size_t index,
                                 struct cmc_err *err)
{
    struct cmc_request due = {0};
    struct cmc_issue_order order = {.request = &it->request,
                                    .profile = j->rules->profile,
                                    .requester = &j->requester,
                                    .now = j->x->now,
                                    .due = &due};
    enum cmc_rc rc;

    cmc_ra_note(j, it);
    it->request = it->asked;
    rc = permitted(j, it, err);
    if (rc == CMC_OK)
        rc = cmc_demand_identity(j, it, err);
    /* Where approvals can make up for it, the request is held instead. */
    if (rc == CMC_OK && j->rules->approvals == 0)
        rc = cmc_quorum_check(j, CMC_ROLE_ENROLL, j->rules->quorum, err);
    if (rc == CMC_OK)
        rc = cmc_spki_lend(j->r->crypto, it->request.spki, &it->key, err);
    if (rc == CMC_OK)
        rc = cmc_plan_check_pop(j, it, err);
    if (rc == CMC_OK)
        rc = cmc_demand_pop(j, it, err);
    if (rc == CMC_OK && j->requester.kind == CMC_REQUESTER_HOLDER && cmc_demand_renewal(j))
        rc = check_renewal(j, &it->asked, it->key, err);
    if (rc == CMC_OK)
        rc = cmc_template_apply(j, it, err);
    if (rc == CMC_OK)
        rc = check_old_name(j, it, err);
    if (rc == CMC_OK)
        rc = within_limits(j, it, err);
    order.key = it->key;
    if (rc == CMC_OK)
        rc = j->r->auth->ops->check(j->r->auth->self, &order, j->arena, err);
    if (rc == CMC_OK)
        rc = cmc_identity_check_request(j, it, index, err);
    if (rc == CMC_OK)
        it->request = due; /* the names of the profile, after those that were asked for counted */
    if (rc == CMC_OK)
        rc = cmc_plan_challenge(j, it, err);
    return rc;
}

/* An error that is about the request becomes the item's; one of ours is given back. */
static enum cmc_rc settle(struct job *j, struct plan_item *it, enum cmc_rc rc,
                          const struct cmc_err *err)
{
    if (rc == CMC_OK || rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG)
        return rc;
    cmc_item_refuse(j, it, err);
    return CMC_OK;
}

enum cmc_rc cmc_plan_issue(struct job *j, size_t index, struct cmc_err *err)
{
    const struct cmc_tagged_request *tr =
        CMC_AT(const struct cmc_tagged_request, j->body.requests, index);
    struct plan_item *it = cmc_job_add_item(j, PLAN_ISSUE, cmc_tagged_request_id(tr));
    enum cmc_rc rc;

    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    it->tagged = tr;
    rc = cmc_request_from_tagged(tr, j->arena, &it->asked, err);
    if (rc == CMC_OK)
        rc = cmc_plan_crmf_controls(&it->asked, err);
    if (rc == CMC_OK && j->rules->dogtag)
        cmc_plan_crmf_no_archive(&it->asked);
    if (rc == CMC_OK)
        rc = check_request(j, it, index, err);
    return settle(j, it, rc, err);
}

/* [10002-6.1.1-u1, 10004-5-e] */
enum cmc_rc cmc_plan_simple(struct job *j, struct cmc_err *err)
{
    /* RFC 10002 section 3.1: what concerns a Simple PKI Request names body part 1. */
    struct plan_item *it = cmc_job_add_item(j, PLAN_ISSUE, 1);
    enum cmc_rc rc = CMC_OK;

    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    if (j->x->tls_cert.p != NULL)
        rc = j->r->auth->ops->identify(j->r->auth->self, j->x->tls_cert, NULL, 0, j->x->now,
                                       j->arena, &j->requester, err);
    /* Where nobody needs to be known, an unknown certificate does no harm. */
    if (rc == CMC_E_REFUSED && !j->rules->require_officer) {
        j->requester = (struct cmc_requester){0};
        rc = CMC_OK;
    }
    if (rc == CMC_OK)
        cmc_quorum_note(j, &j->requester);
    if (rc == CMC_OK)
        rc = cmc_request_from_pkcs10(j->x->body, j->arena, &it->asked, err);
    if (rc == CMC_OK)
        rc = check_request(j, it, 0, err);
    return settle(j, it, rc, err);
}
