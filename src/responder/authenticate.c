/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three stages of verification: message digest, content type, and who signed. Each has its
 * own answer; the first that fails decides.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "responder/responder_int.h"

/* The certificate that a SignerInfo names: from the message, else from the authority's own. */
static struct cmc_slice signer_cert(struct job *j, size_t i)
{
    const struct cmc_signer_id *sid =
        &CMC_AT(const struct cmc_signer_info, j->sd.signer_infos, i)->sid;
    struct cmc_cert_record rec;
    size_t k = cmc_signer_find_cert(&j->sd, i, j->sd.certs.v, j->sd.certs.n, j->arena);

    if (k != SIZE_MAX)
        return *CMC_AT(const struct cmc_slice, j->sd.certs, k);
    if (sid->which == CMC_SID_ISSUER_SERIAL &&
        j->r->auth->ops->find(j->r->auth->self, sid->u.issuer_serial.issuer,
                              sid->u.issuer_serial.serial, j->arena, &rec, NULL) == CMC_OK)
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
static bool names_request(struct job *j, const struct cmc_request *rq, struct cmc_slice sid)
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
static enum cmc_rc signed_by_request_key(struct job *j, size_t i, EVP_PKEY **key)
{
    const struct cmc_signer_id *sid =
        &CMC_AT(const struct cmc_signer_info, j->sd.signer_infos, i)->sid;
    struct cmc_pkidata body;

    *key = NULL;
    if (sid->which != CMC_SID_SKI || j->sd.signer_infos.n != 1 ||
        cmc_pkidata_open(j->sd.encap.content, j->rules->lax_ids, j->arena, &body, NULL) != CMC_OK)
        return CMC_E_NOTFOUND;
    for (size_t k = 0; k < body.requests.n; k++) {
        struct cmc_request rq;

        if (cmc_request_from_tagged(CMC_AT(const struct cmc_tagged_request, body.requests, k),
                                    j->arena, &rq, NULL) != CMC_OK ||
            !names_request(j, &rq, sid->u.ski))
            continue;
        j->self_index = k;
        return cmc_spki_key(j->r->crypto, rq.spki, key, NULL);
    }
    return CMC_E_NOTFOUND;
}

/* Stage 3 for a signer with a certificate: its signature, then who it is. [10002-3.2.1.3.4-a] */
static enum cmc_rc check_holder(struct job *j, size_t i, struct cmc_slice cert, struct cmc_err *err)
{
    struct cmc_requester who = {0};
    struct cmc_err why = {0};
    struct cmc_cert c = {0};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc, identified;

    identified = j->r->auth->ops->identify(j->r->auth->self, cert, j->sd.certs.v, j->sd.certs.n,
                                           j->x->now, j->arena, &who, &why);
    if (identified != CMC_OK) {
        /* A wrong signature is worse than an unknown signer, and is told first. */
        rc = cmc_decode(&cmc_it_cert, cert, j->arena, &c, err);
        if (rc == CMC_OK)
            rc = cmc_spki_key(j->r->crypto, c.tbs.spki.raw, &key, err);
        if (rc != CMC_OK)
            return rc;
    }
    rc = cmc_signer_check_signature(j->r->crypto, &j->sd, i, key != NULL ? key : who.key,
                                    j->rules->allow_weak, j->arena, err);
    EVP_PKEY_free(key);
    if (rc == CMC_OK && identified != CMC_OK) {
        if (err != NULL)
            *err = why;
        return identified;
    }
    if (rc == CMC_OK &&
        (j->requester.kind == CMC_REQUESTER_NONE || who.kind == CMC_REQUESTER_OFFICER))
        j->requester = who;
    return rc;
}

/* [10002-3.2.1.3.4-a] */
static enum cmc_rc check_signer(struct job *j, size_t i, struct cmc_err *err)
{
    struct cmc_slice cert = signer_cert(j, i);
    enum cmc_rc rc;

    if (cert.p != NULL)
        return check_holder(j, i, cert, err);
    rc = signed_by_request_key(j, i, &j->self_key);
    if (rc != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 5652 section 5.3",
                             "the certificate of the signer is not in the message; send it along");
    return cmc_signer_check_signature(j->r->crypto, &j->sd, i, j->self_key, j->rules->allow_weak,
                                      j->arena, err);
}

static enum cmc_rc run_stage(struct job *j, enum stage stage, size_t i, struct cmc_err *err)
{
    switch (stage) {
    case STAGE_DIGEST:
        return cmc_signer_check_digest(j->r->crypto, &j->sd, i, j->rules->allow_weak, j->arena,
                                       err);
    case STAGE_CONTENT_TYPE:
        return cmc_signer_check_content_type(&j->sd, i, j->arena, err);
    case STAGE_OFFICER:
    case STAGE_COUNT:
    default:
        return check_signer(j, i, err);
    }
}

/*
 * RFC 10002 section 6.6: a refusal answers the nonce too, so that the client knows which request
 * was refused. Nothing else is taken from content that is not verified.
 */
static void peek_echoes(struct job *j)
{
    if (j->sd.encap.content.p != NULL &&
        cmc_pkidata_open(j->sd.encap.content, true, j->arena, &j->body, NULL) == CMC_OK)
        cmc_job_read_echoes(j);
}

/*
 * RFC 10002 section 6.11: a revocation by passphrase needs no signature. Such a message asks for
 * nothing else.
 * [10002-6.11-e]
 */
static bool may_be_unsigned(struct job *j)
{
    struct cmc_pkidata body;

    return j->rules->revoke && j->rules->secrets && j->sd.encap.content.p != NULL &&
           cmc_pkidata_open(j->sd.encap.content, j->rules->lax_ids, j->arena, &body, NULL) ==
               CMC_OK &&
           body.requests.n + body.cms.n + body.other.n == 0 &&
           cmc_control_first(&body.controls, cmc_oid_id_cmc_revokeRequest) != NULL;
}

/* [10002-3.2.1.3.4-b] */
enum cmc_rc cmc_job_authenticate(struct job *j, struct cmc_err *err)
{
    if (j->sd.signer_infos.n == 0 && may_be_unsigned(j))
        return CMC_OK; /* the passphrase is judged with the revocation */
    if (j->sd.signer_infos.n == 0) {
        (void)cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 3.2",
                            "the message is not signed");
        j->stage_err = *err;
        cmc_job_refuse(j, err, CMC_STATUS_FAILED, NULL, 0);
        peek_echoes(j);
        return CMC_OK;
    }
    for (int stage = 0; stage < STAGE_COUNT; stage++) {
        for (size_t i = 0; i < j->sd.signer_infos.n; i++) {
            enum cmc_rc rc = run_stage(j, (enum stage)stage, i, err);

            if (rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG)
                return rc;
            if (rc != CMC_OK) {
                if (err->fail_info == CMC_FAIL_INFO_NONE)
                    err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK;
                err->has_body_part = false;
                j->stage_err = *err;
                cmc_job_refuse(j, err, CMC_STATUS_FAILED, NULL, 0);
                peek_echoes(j);
                return CMC_OK;
            }
        }
        j->stages_passed++;
    }
    return CMC_OK;
}
