/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three stages of verification: message digest, content type, and who signed. Each has its
 * own answer; the first that fails decides. Every signed layer goes through them, from the outside
 * in [10002-3.2.1.3.4-a]; an AuthenticatedData has its MAC in their place.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

/* One signed layer under verification. */
struct verify {
    struct job *j;
    const struct cmc_signed_data *sd;
    struct cmc_requester who; /* the officer among its signers, or the first of them */
    EVP_PKEY *self_key;       /* the request's own key, if that signed */
    struct signed_by by[CMC_LIMIT_CMS_SIGNERS];
    size_t nby;
};

static const struct cmc_signer_id *sid_of(const struct verify *v, size_t i)
{
    return &CMC_AT(const struct cmc_signer_info, v->sd->signer_infos, i)->sid;
}

static void note_signer(struct verify *v, struct cmc_slice spki, bool officer)
{
    if (v->nby < CMC_LIMIT_CMS_SIGNERS)
        v->by[v->nby++] = (struct signed_by){spki, officer};
}

/* The certificate that a SignerInfo names: from its layer, from the innermost one, else from the
 * authority's own. */
static struct cmc_slice signer_cert(struct verify *v, size_t i)
{
    const struct cmc_list *const lists[] = {&v->sd->certs, &v->j->sd.certs};
    const struct cmc_signer_id *sid = sid_of(v, i);
    struct cmc_cert_record rec;

    for (size_t n = 0; n < CMC_COUNT(lists); n++) {
        size_t k = cmc_signer_find_cert(v->sd, i, lists[n]->v, lists[n]->n, v->j->arena);

        if (k != SIZE_MAX)
            return *CMC_AT(const struct cmc_slice, *lists[n], k);
    }
    if (sid->which == CMC_SID_ISSUER_SERIAL &&
        v->j->r->auth->ops->find(v->j->r->auth->self, sid->u.issuer_serial.issuer,
                                 sid->u.issuer_serial.serial, v->j->arena, &rec, NULL) == CMC_OK)
        return rec.der;
    return CMC_SLICE_NONE;
}

/* The subjectKeyIdentifier that a request asks for, absent if none. */
static struct cmc_slice request_ski(struct job *j, const struct cmc_request *rq)
{
    const struct cmc_extension *e =
        cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectKeyIdentifier);
    struct cmc_slice ski = CMC_SLICE_NONE;

    if (e == NULL || cmc_decode(&cmc_it_octet_string, e->value, j->arena, &ski, NULL) != CMC_OK)
        return CMC_SLICE_NONE;
    return ski;
}

/*
 * Does the sid name this request? By the SKI extension that it asks for; a request without one
 * has the identifier that is computed from its key. Dogtag's CRMF client repeats the octets of
 * the extension as they stand, with or without the OCTET STRING around the identifier.
 */
bool cmc_job_names_request(struct job *j, const struct cmc_request *rq, struct cmc_slice sid)
{
    const struct cmc_extension *e =
        cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectKeyIdentifier);
    uint8_t computed[CMC_SKI_OCTETS];

    if (e != NULL)
        return cmc_slice_eq(request_ski(j, rq), sid) ||
               (j->rules->dogtag && cmc_slice_eq(e->value, sid));
    return cmc_spki_ski(j->r->crypto, rq->spki, computed, NULL) == CMC_OK &&
           cmc_slice_eq(cmc_slice(computed, sizeof computed), sid);
}

/*
 * RFC 10002 section 3.2: the key that is being certified may sign the message; its request then
 * has an SKI extension, the sid is that SKI, and there is one SignerInfo.
 * [10002-3.2-b, 10002-3.2-c, 10002-3.2-d, 10002-3.2-e, 10002-3.2-u2]
 */
static enum cmc_rc signed_by_request_key(struct verify *v, size_t i)
{
    const struct cmc_signer_id *sid = sid_of(v, i);
    struct job *j = v->j;
    struct cmc_pkidata body;
    enum cmc_rc rc;

    if (sid->which != CMC_SID_SKI || v->sd->signer_infos.n != 1 ||
        cmc_pkidata_open(j->sd.encap.content, j->rules->lax_ids, j->arena, &body, NULL) != CMC_OK)
        return CMC_E_NOTFOUND;
    for (size_t k = 0; k < body.requests.n; k++) {
        struct cmc_request rq;

        if (cmc_request_from_tagged(CMC_AT(const struct cmc_tagged_request, body.requests, k),
                                    j->arena, &rq, NULL) != CMC_OK ||
            !cmc_job_names_request(j, &rq, sid->u.ski))
            continue;
        j->self_index = k;
        note_signer(v, rq.spki, false);
        j->self_spki = rq.spki;
        j->self_extensions = rq.extensions;
        return cmc_spki_key(j->r->crypto, rq.spki, &v->self_key, NULL);
    }
    j->self_index = SIZE_MAX;
    rc = cmc_pending_signer(j, sid->u.ski, &v->self_key);
    if (rc == CMC_OK)
        note_signer(v, j->self_spki, false);
    return rc;
}

/* Stage 3 for a signer with a certificate: its signature, then who it is. */
static enum cmc_rc check_holder(struct verify *v, size_t i, struct cmc_slice cert,
                                struct cmc_err *err)
{
    struct job *j = v->j;
    struct cmc_requester who = {0};
    struct cmc_err why = {0};
    struct cmc_cert c = {0};
    EVP_PKEY *key = NULL;
    struct cmc_slice spki;
    enum cmc_rc rc = CMC_OK, identified;

    identified = j->r->auth->ops->identify(j->r->auth->self, cert, v->sd->certs.v, v->sd->certs.n,
                                           j->x->now, j->arena, &who, &why);
    spki = who.spki;
    if (identified != CMC_OK) { /* A wrong signature is worse than an unknown signer, and is told
                                   first. */
        rc = cmc_decode(&cmc_it_cert, cert, j->arena, &c, err);
        spki = c.tbs.spki.raw;
        if (rc == CMC_OK)
            rc = cmc_spki_key(j->r->crypto, spki, &key, err);
    }
    if (rc == CMC_OK)
        rc = cmc_signer_check_signature(j->r->crypto, v->sd, i, key != NULL ? key : who.key,
                                        j->rules->allow_weak, j->arena, err);
    EVP_PKEY_free(key);
    j->protection.signature_good = rc == CMC_OK;
    if (rc == CMC_OK && identified != CMC_OK) {
        if (err != NULL)
            *err = why;
        return identified;
    }
    if (rc == CMC_OK) {
        note_signer(v, spki, who.kind == CMC_REQUESTER_OFFICER);
        if (v->sd == &j->sd)
            cmc_quorum_note(j, &who);
        if (v->who.kind == CMC_REQUESTER_NONE || who.kind == CMC_REQUESTER_OFFICER)
            v->who = who;
    }
    return rc;
}

static enum cmc_rc check_signer(struct verify *v, size_t i, struct cmc_err *err)
{
    struct cmc_slice cert = signer_cert(v, i);
    enum cmc_rc rc;

    if (cert.p != NULL)
        return check_holder(v, i, cert, err);
    rc = signed_by_request_key(v, i);
    if (rc != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 5652 section 5.3",
                             "the certificate of the signer is not in the message; send it along");
    return cmc_signer_check_signature(v->j->r->crypto, v->sd, i, v->self_key,
                                      v->j->rules->allow_weak, v->j->arena, err);
}

static enum cmc_rc run_stage(struct verify *v, enum stage stage, size_t i, struct cmc_err *err)
{
    struct job *j = v->j;

    switch (stage) {
    case STAGE_DIGEST:
        return cmc_signer_check_digest(j->r->crypto, v->sd, i, j->rules->allow_weak, j->arena, err);
    case STAGE_CONTENT_TYPE:
        return cmc_signer_check_content_type(v->sd, i, j->arena, err);
    case STAGE_OFFICER:
    case STAGE_COUNT:
    default:
        return check_signer(v, i, err);
    }
}

/*
 * Questions that anyone may put, and what is to be given back with the answer. The trust anchors
 * come without a question; an identity proved by a shared secret gets them under a MAC.
 */
static bool only_asks(const struct cmc_endpoint_rules *rules, const struct cmc_list *controls)
{
    bool anchors = rules->publish_anchors;
    size_t questions = 0, proofs = 0, echoes = 0;

    for (size_t i = 0; i < controls->n; i++) {
        struct cmc_slice type = CMC_AT(const struct cmc_tagged_attribute, *controls, i)->type;

        questions += cmc_control_retrieves(type);
        proofs += cmc_slice_eq(type, cmc_oid_id_cmc_identification) ||
                  cmc_slice_eq(type, cmc_oid_id_cmc_identityProofV2);
        echoes += cmc_slice_eq(type, cmc_oid_id_cmc_transactionId) ||
                  cmc_slice_eq(type, cmc_oid_id_cmc_senderNonce) ||
                  cmc_slice_eq(type, cmc_oid_id_cmc_dataReturn);
    }
    return (questions > 0 || anchors) &&
           (questions == 0 || rules->retrieve == CMC_RETRIEVE_ANYONE) &&
           (proofs == 0 || (anchors && rules->secrets)) &&
           questions + proofs + echoes == controls->n;
}

/*
 * RFC 10002 section 6.11: a revocation by passphrase needs no signature. Such a message asks for
 * nothing else. Neither does a question where anyone may ask.
 * [10002-6.11-e]
 */
static bool may_be_unsigned(struct job *j)
{
    const struct cmc_endpoint_rules *rules = j->rules;
    struct cmc_pkidata body;

    if (j->sd.encap.content.p == NULL ||
        cmc_pkidata_open(j->sd.encap.content, rules->lax_ids, j->arena, &body, NULL) != CMC_OK ||
        body.requests.n + body.cms.n + body.other.n > 0)
        return false;
    return (rules->revoke && rules->secrets &&
            cmc_control_first(&body.controls, cmc_oid_id_cmc_revokeRequest) != NULL) ||
           only_asks(rules, &body.controls);
}

/* -- a message --------------------------------------------------------------------------- */

static bool is_ours(enum cmc_rc rc)
{
    return rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG;
}

/* [10002-3.2.1.3.4-b] */
static void refuse(struct job *j, struct cmc_err *err)
{
    if (err->fail_info == CMC_FAIL_INFO_NONE)
        err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK;
    err->has_body_part = false;
    cmc_job_hide(j, err);
    j->stage_err = j->protection.why.rc != CMC_OK ? j->protection.why : *err;
    cmc_job_refuse(j, err, CMC_STATUS_FAILED, NULL, 0);
    cmc_job_peek_echoes(j);
}

static enum cmc_rc verify_layer(struct verify *v, struct cmc_err *err)
{
    struct job *j = v->j;

    j->stages_passed = 0;
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        for (size_t i = 0; i < v->sd->signer_infos.n; i++) {
            enum cmc_rc rc;

            j->protection.signature_good = false;
            rc = run_stage(v, (enum stage)stage, i, err);
            if (rc != CMC_OK)
                return rc;
        }
        j->stages_passed++;
    }
    return CMC_OK;
}

/*
 * The outer signature protects the envelope and gives no rights: it is that of an officer, or of
 * somebody who signed the inside as well.
 */
static enum cmc_rc check_outer(const struct verify *outer, const struct verify *inner,
                               struct cmc_err *err)
{
    for (size_t i = 0; i < outer->nby; i++) {
        bool known = outer->by[i].officer;

        for (size_t k = 0; k < inner->nby && !known; k++)
            known = cmc_slice_eq(outer->by[i].spki, inner->by[k].spki);
        if (!known)
            return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 5",
                                 "the envelope is signed by somebody who neither signed what is in "
                                 "it nor is an officer");
    }
    return CMC_OK;
}

/* A response may hold more, one for each request; a path is not made of so many. */
static enum cmc_rc check_certs(const struct cmc_signed_data *sd, struct cmc_err *err)
{
    if (sd->certs.n <= CMC_LIMIT_CMS_CERTS)
        return CMC_OK;
    return cmc_fail_info(err, CMC_E_LIMIT, CMC_FAIL_BAD_REQUEST, "RFC 5652 section 5.1",
                         "%zu certificates in the message, above CMC_LIMIT_CMS_CERTS (%u)",
                         sd->certs.n, CMC_LIMIT_CMS_CERTS);
}

static enum cmc_rc not_signed(struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 3.2",
                         "the message is not signed");
}

/* The layer around the PKIData, and the one around its envelope. */
static enum cmc_rc verify_signatures(struct job *j, struct cmc_err *err)
{
    struct verify inner = {.j = j, .sd = &j->sd}, outer = {.j = j};
    const struct layer *first = &j->protection.layers[0];
    enum cmc_rc rc = CMC_OK;

    if (j->protection.n > 1 && first->kind == LAYER_SIGNED) {
        outer.sd = &first->sd;
        rc = check_certs(&first->sd, err);
        if (rc == CMC_OK)
            rc = first->sd.signer_infos.n > 0 ? verify_layer(&outer, err) : not_signed(err);
    }
    if (rc == CMC_OK && j->sd.signer_infos.n > 0)
        rc = verify_layer(&inner, err);
    if (rc == CMC_OK)
        rc = check_outer(&outer, &inner, err);
    EVP_PKEY_free(outer.self_key);
    j->requester = inner.who;
    j->self_key = inner.self_key;
    return rc;
}

/*
 * Whose secret it is stands in the content, which anybody may read [10002-3.2-u1]. What fails is
 * told like a signature that does not verify, whether the name is unknown, the secret another one
 * or the message changed.
 */
static enum cmc_rc verify_mac(struct job *j, const struct cmc_authenticated_data *ad,
                              struct cmc_err *err)
{
    struct protection *p = &j->protection;
    const struct cmc_tagged_attribute *ta = NULL;
    struct cmc_slice name = CMC_SLICE_NONE;
    struct cmc_pkidata body;
    enum cmc_rc rc;

    p->failed_at = "verify.mac";
    rc = cmc_pkidata_open(ad->encap.content, j->rules->lax_ids, j->arena, &body, err);
    if (rc != CMC_OK)
        return rc;
    ta = cmc_control_first(&body.controls, cmc_oid_id_cmc_identification);
    if (ta != NULL)
        rc = cmc_control_decode(ta, j->arena, &name, err);
    if (rc == CMC_OK)
        rc = cmc_job_secret(j, name, err);
    if (rc != CMC_OK)
        return rc;
    rc = cmc_authenticated_data_check(j->r->crypto, ad, p->password, j->rules->allow_weak, j->arena,
                                      err);
    if (rc != CMC_OK && rc != CMC_E_CRYPTO)
        return rc;
    cmc_identity_tried(j, p->name, &p->secret, rc == CMC_OK);
    p->mac_good = rc == CMC_OK && p->secret.unusable == NULL;
    if (!p->mac_good) {
        (void)cmc_fail_info(&p->why, CMC_E_CRYPTO, CMC_FAIL_BAD_MESSAGE_CHECK, NULL, "%s",
                            p->secret.unusable != NULL ? p->secret.unusable : err->text);
        return cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_BAD_MESSAGE_CHECK,
                             "RFC 10002 section 3.2.1.3.1",
                             "the message is not authentic: the identification is unknown, the "
                             "shared secret is another or may not be used any more, or the message "
                             "was changed");
    }
    p->signature_good = true;
    p->failed_at = NULL;
    return CMC_OK;
}

/* [10002-3.2.1.3.4-b] */
enum cmc_rc cmc_job_authenticate(struct job *j, struct cmc_err *err)
{
    const struct protection *p = &j->protection;
    bool by_mac = p->n > 0 && p->layers[p->n - 1].kind == LAYER_AUTHENTICATED;
    enum cmc_rc rc = check_certs(&j->sd, err);

    if (rc == CMC_OK && !by_mac && j->sd.signer_infos.n == 0 && !may_be_unsigned(j))
        rc = not_signed(err); /* else the passphrase is judged with the revocation */
    if (rc == CMC_OK && (p->n > 1 || j->sd.signer_infos.n > 0))
        rc = verify_signatures(j, err);
    if (rc == CMC_OK && by_mac)
        rc = verify_mac(j, &p->layers[p->n - 1].ad, err);
    if (is_ours(rc))
        return rc;
    if (rc != CMC_OK)
        refuse(j, err);
    return CMC_OK;
}
