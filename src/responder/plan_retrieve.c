/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked for and given out: getCert and getCRL, RFC 10002 sections 6.9 and 6.10. Judged
 * when the rest of the message has been, because only then it is known who asks.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/cert_ref.h"
#include "control/control.h"
#include "responder/responder_int.h"

#define CLAUSE_CERT "RFC 10002 section 6.9"
#define CLAUSE_CRL  "RFC 10002 section 6.10"

enum cmc_rc cmc_plan_keep_retrieval(struct job *j, const struct cmc_tagged_attribute *ta,
                                    struct cmc_err *err)
{
    struct plan_item *it = cmc_job_add_item(j, PLAN_RETRIEVE, ta->body_part_id);

    if (it == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "more items than the plan has room for");
    it->control = ta;
    return CMC_OK;
}

bool cmc_control_retrieves(struct cmc_slice type)
{
    return cmc_slice_eq(type, cmc_oid_id_cmc_getCert) || cmc_slice_eq(type, cmc_oid_id_cmc_getCRL);
}

static const char *clause(const struct plan_item *it)
{
    return cmc_slice_eq(it->control->type, cmc_oid_id_cmc_getCRL) ? CLAUSE_CRL : CLAUSE_CERT;
}

static enum cmc_rc permitted(const struct job *j, const struct plan_item *it, struct cmc_err *err)
{
    switch (j->rules->retrieve) {
    case CMC_RETRIEVE_ANYONE:
        return CMC_OK;
    case CMC_RETRIEVE_AUTHENTICATED:
        if (j->requester.kind != CMC_REQUESTER_NONE)
            return CMC_OK;
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, clause(it),
                             "certificates and CRLs are given out here to those who are known: "
                             "sign with a certificate of this authority, or prove an identity");
    case CMC_RETRIEVE_OFFICER:
        if (j->requester.kind == CMC_REQUESTER_OFFICER)
            return CMC_OK;
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, clause(it),
                             "certificates and CRLs are given out here to officers; the signer is "
                             "none");
    case CMC_RETRIEVE_OFF:
    default:
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, clause(it),
                             "certificates and CRLs are not given out at this endpoint");
    }
}

/* A certificate of the authority's own chain: the store has only what was issued. */
static struct cmc_slice in_chain(struct job *j, const struct cmc_issuer_serial *ref)
{
    const struct cmc_slice *chain;
    size_t n;

    j->r->auth->ops->chain(j->r->auth->self, &chain, &n);
    for (size_t i = 0; i < n; i++) {
        struct cmc_cert cert = {0};

        if (cmc_decode(&cmc_it_cert, chain[i], j->arena, &cert, NULL) == CMC_OK &&
            cmc_slice_eq(cert.tbs.serial, ref->serial) && cmc_name_eq(cert.tbs.issuer, ref->issuer))
            return chain[i];
    }
    return CMC_SLICE_NONE;
}

/* [10002-6.9-u1]: the certificate stands in SignedData.certificates. */
static enum cmc_rc give_cert(struct job *j, const struct plan_item *it, struct cmc_err *err)
{
    struct cmc_issuer_serial ref;
    struct cmc_cert_record rec = {0};
    enum cmc_rc rc = cmc_get_cert_decode(*CMC_AT(const struct cmc_slice, it->control->values, 0),
                                         j->rules->dogtag, j->arena, &ref, err);

    if (rc != CMC_OK)
        return rc;
    rec.der = in_chain(j, &ref);
    if (rec.der.p == NULL)
        rc = j->r->auth->ops->find(j->r->auth->self, ref.issuer, ref.serial, j->arena, &rec, err);
    if (rc == CMC_E_NOTFOUND)
        return cmc_fail_info(err, rc, CMC_FAIL_BAD_CERT_ID, CLAUSE_CERT,
                             "this authority has no certificate with that issuer and serial "
                             "number; both must match");
    if (rc != CMC_OK)
        return rc;
    /* The same thing asked for twice stands once in the answer. */
    if (j->answer_certs.n >= CMC_LIMIT_GET_CERTS && !cmc_job_answers_cert(j, rec.der))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE_CERT,
                             "one message may ask for %u certificates (CMC_LIMIT_GET_CERTS); send "
                             "another for the rest",
                             CMC_LIMIT_GET_CERTS);
    return cmc_job_answer_cert(j, rec.der, err);
}

/* How many CRLs the message has been given so far, the same one counted each time. */
static size_t crls_given(const struct job *j, const struct plan_item *it)
{
    size_t n = 0;

    for (const struct plan_item *o = j->items; o < it; o++)
        n += o->kind == PLAN_RETRIEVE && o->status == CMC_STATUS_SUCCESS &&
             cmc_slice_eq(o->control->type, cmc_oid_id_cmc_getCRL);
    return n;
}

/* [10002-6.10-u1, 10002-6.10-u2]: the CRL stands in SignedData.crls. */
static enum cmc_rc give_crl(struct job *j, const struct plan_item *it, struct cmc_err *err)
{
    struct cmc_get_crl ask = {0};
    struct cmc_crl_query query = {.now = j->x->now};
    struct cmc_slice der;
    enum cmc_rc rc = cmc_control_decode(it->control, j->arena, &ask, err);

    if (rc != CMC_OK)
        return rc;
    query.issuer = ask.issuer;
    query.name = ask.name;
    query.has_before = ask.time.p != NULL;
    if (query.has_before)
        (void)cmc_time_parse(CMC_T_GENTIME, ask.time, &query.before);
    /* Before it is fetched: a CRL may be large, and anybody may ask. */
    if (crls_given(j, it) >= CMC_LIMIT_GET_CRLS)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE_CRL,
                             "one message may ask for %u CRLs (CMC_LIMIT_GET_CRLS); send another "
                             "for the rest",
                             CMC_LIMIT_GET_CRLS);
    rc = j->r->auth->ops->crl(j->r->auth->self, &query, j->arena, &der, err);
    return rc == CMC_OK ? cmc_job_answer_crl(j, der, err) : rc;
}

enum cmc_rc cmc_plan_retrieve(struct job *j, struct cmc_err *err)
{
    for (size_t i = 0; i < j->nitems; i++) {
        struct plan_item *it = &j->items[i];
        enum cmc_rc rc;

        if (it->kind != PLAN_RETRIEVE)
            continue;
        rc = permitted(j, it, err);
        if (rc == CMC_OK)
            rc = cmc_slice_eq(it->control->type, cmc_oid_id_cmc_getCRL) ? give_crl(j, it, err)
                                                                        : give_cert(j, it, err);
        if (rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG)
            return rc;
        if (rc != CMC_OK)
            cmc_item_refuse(j, it, err);
    }
    return CMC_OK;
}

/*
 * [10002-6.9-u1, 10002-6.10-u1]: a message that only asks, and gets all of it, is answered with a
 * Simple PKI Response. What is to be given back (RFC 10002 sections 6.4 and 6.6) has no place in
 * one, and any other control makes it more than a question.
 */
bool cmc_plan_is_question(const struct job *j)
{
    if (j->refused || j->nitems == 0 || j->x->no_simple || j->body.controls.n != j->nitems ||
        j->body.cms.n > 0)
        return false;
    for (size_t i = 0; i < j->nitems; i++) {
        if (j->items[i].kind != PLAN_RETRIEVE || j->items[i].status != CMC_STATUS_SUCCESS)
            return false;
    }
    return true;
}
