/* SPDX-License-Identifier: Apache-2.0 */
/* Reading certification requests: PKCS#10 (RFC 2986) and CRMF (RFC 4211) seen as one. */
#include "message/request.h"

#include "asn1/codec.h"
#include "asn1/oids.h"

static const uint8_t empty_name[] = {0x30, 0};

static enum cmc_rc refuse(struct cmc_err *err, const struct cmc_request *rq, int fail_info,
                          const char *clause, const char *text)
{
    enum cmc_rc rc = cmc_fail_info(err, CMC_E_REFUSED, fail_info, clause, "%s", text);

    cmc_err_body_part(err, rq->body_part_id);
    return rc;
}

/* BIT STRING content of a signature without its unused-bits octet, which must be 0. */
static bool signature_octets(struct cmc_slice bits, struct cmc_slice *out)
{
    if (bits.n < 2 || bits.p[0] != 0)
        return false;
    *out = cmc_slice(bits.p + 1, bits.n - 1);
    return true;
}

/* RFC 10002 section 3.1: extensions travel in one ExtensionReq attribute. [10002-3.1-c] */
static enum cmc_rc pkcs10_extensions(const struct cmc_csr *csr, struct cmc_arena *arena,
                                     struct cmc_request *rq, struct cmc_err *err)
{
    bool found = false;

    for (size_t i = 0; i < csr->info.attributes.n; i++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, csr->info.attributes, i);
        enum cmc_rc rc;

        if (!cmc_slice_eq(a->type, cmc_oid_id_extensionRequest))
            continue;
        if (found || a->values.n != 1)
            return refuse(err, rq, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.1",
                          "more than one ExtensionReq attribute or value");
        found = true;
        rc = cmc_decode(&cmc_it_extension_req, *CMC_AT(const struct cmc_slice, a->values, 0), arena,
                        &rq->extensions, err);
        if (rc != CMC_OK) {
            if (err != NULL)
                err->fail_info = CMC_FAIL_BAD_REQUEST;
            cmc_err_body_part(err, rq->body_part_id);
            return rc;
        }
    }
    return CMC_OK;
}

/* RFC 5280 section 4.2: a certificate holds no extension twice, so nobody may ask for that. */
static enum cmc_rc no_twin_extensions(const struct cmc_request *rq, struct cmc_err *err)
{
    for (size_t i = 0; i < rq->extensions.n; i++) {
        const struct cmc_extension *e = CMC_AT(const struct cmc_extension, rq->extensions, i);

        if (cmc_extension_find(&rq->extensions, e->extn_id) != e)
            return refuse(err, rq, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2",
                          "the request asks for the same extension twice");
    }
    return CMC_OK;
}

/* [10002-3.2.1.2.1-b, 10004-5-g, 10002-C.1-c] */
static enum cmc_rc from_csr(const struct cmc_csr *csr, struct cmc_arena *arena,
                            struct cmc_request *rq, struct cmc_err *err)
{
    enum cmc_rc rc;

    rq->form = CMC_FORM_PKCS10;
    rq->subject = csr->info.subject;
    rq->spki = csr->info.spki.raw;
    rq->attributes = csr->info.attributes;
    rq->signed_octets = csr->info.raw;
    rq->pop_alg = csr->signature_algorithm;
    if (csr->info.version != 0)
        return refuse(err, rq, CMC_FAIL_BAD_REQUEST, "RFC 2986 section 4.1",
                      "PKCS#10 of a version other than 0");
    if (cmc_slice_eq(csr->signature_algorithm.algorithm, cmc_oid_id_alg_noSignature))
        rq->pop = CMC_POP_BY_CHALLENGE;
    else if (signature_octets(csr->signature, &rq->pop_signature))
        rq->pop = CMC_POP_BY_SIGNATURE;
    else
        return refuse(err, rq, CMC_FAIL_POP_FAILED, "RFC 2986 section 4.2",
                      "PKCS#10 without a usable signature");
    rc = pkcs10_extensions(csr, arena, rq, err);
    return rc == CMC_OK ? no_twin_extensions(rq, err) : rc;
}

/* RFC 10002 section 3.2.1.2.2 on the forms of ProofOfPossession.
 * [10002-3.2.1.2.2-g, 10002-3.2.1.2.2-h, 10002-3.2.1.2.2-f] */
static enum cmc_rc crmf_pop(const struct cmc_cert_req_msg *msg, struct cmc_request *rq,
                            struct cmc_err *err)
{
    const struct cmc_pop *pop = msg->pop;

    rq->pop = CMC_POP_NONE;
    if (pop == NULL)
        return CMC_OK;
    switch (pop->which) {
    case CMC_POP_RA_VERIFIED:
        rq->ra_verified = true;
        return CMC_OK;
    case CMC_POP_SIGNATURE:
        if (pop->u.signature.poposk_input.p != NULL)
            return refuse(err, rq, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2.1.2.2",
                          "POPOSigningKeyInput must not be used; sign the CertRequest");
        if (cmc_slice_eq(pop->u.signature.algorithm.algorithm, cmc_oid_id_alg_noSignature)) {
            rq->pop = CMC_POP_BY_CHALLENGE;
            return CMC_OK;
        }
        rq->pop_alg = pop->u.signature.algorithm;
        if (!signature_octets(pop->u.signature.signature, &rq->pop_signature))
            return refuse(err, rq, CMC_FAIL_POP_FAILED, "RFC 4211 section 4.1",
                          "CRMF without a usable signature");
        rq->pop = CMC_POP_BY_SIGNATURE;
        return CMC_OK;
    case CMC_POP_KEY_ENC:
    case CMC_POP_KEY_AGREE:
    default:
        if (pop->u.priv_key.which == CMC_POPK_SUBSEQUENT_MESSAGE &&
            pop->u.priv_key.u.subsequent == 1) {
            rq->pop = CMC_POP_BY_CHALLENGE;
            return CMC_OK;
        }
        return refuse(err, rq, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2.1.2.2",
                      "this form of proof of possession must not be used; ask for a challenge");
    }
}

/* [10002-3.2.1.2.2-a, 10002-3.2.1.2.2-b, 10002-3.2.1.2.2-e, 10004-5-f] */
static enum cmc_rc from_crmf(const struct cmc_cert_req_msg *msg, struct cmc_arena *arena,
                             struct cmc_request *rq, struct cmc_err *err)
{
    const struct cmc_cert_template *t = &msg->request.tmpl;
    enum cmc_rc rc;

    rq->form = CMC_FORM_CRMF;
    rq->controls = msg->request.controls;
    rq->signed_octets = msg->request.raw;
    rq->extensions = t->extensions;
    if (t->validity != NULL) {
        rq->not_before = t->validity->not_before;
        rq->not_after = t->validity->not_after;
    }
    if (t->subject.p == NULL || t->spki == NULL)
        return refuse(err, rq, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2.1.2.2",
                      "CRMF without subject or publicKey; both are mandatory in CMC");
    if (msg->reg_info.v != NULL)
        return refuse(err, rq, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2.1.2.2",
                      "the regInfo field must not be used; send a regInfo control");
    rq->subject = t->subject;
    {
        /* The field has the implicit tag [6]: give it back the tag of a SEQUENCE. */
        struct cmc_spki spki = *t->spki;

        spki.raw = CMC_SLICE_NONE;
        rc = cmc_encode_arena(&cmc_it_spki, &spki, arena, &rq->spki, err);
        if (rc != CMC_OK)
            return rc;
    }
    rc = crmf_pop(msg, rq, err);
    return rc == CMC_OK ? no_twin_extensions(rq, err) : rc;
}

enum cmc_rc cmc_request_from_tagged(const struct cmc_tagged_request *tr, struct cmc_arena *arena,
                                    struct cmc_request *out, struct cmc_err *err)
{
    *out = (struct cmc_request){.subject = {empty_name, sizeof empty_name}};
    switch (tr->which) {
    case CMC_TR_TCR:
        out->body_part_id = tr->u.tcr.body_part_id;
        return from_csr(&tr->u.tcr.csr, arena, out, err);
    case CMC_TR_CRM:
        out->body_part_id = tr->u.crm.request.cert_req_id;
        return from_crmf(&tr->u.crm, arena, out, err);
    case CMC_TR_ORM:
    default:
        out->body_part_id = tr->u.orm.body_part_id;
        return refuse(err, out, CMC_FAIL_INFO_NONE, "RFC 10002 section 3.2.1.2",
                      "this type of certification request is not supported; use PKCS#10 or CRMF");
    }
}

/* [10002-6.1.1-u1, 10004-5-e] */
enum cmc_rc cmc_request_from_pkcs10(struct cmc_slice der, struct cmc_arena *arena,
                                    struct cmc_request *out, struct cmc_err *err)
{
    struct cmc_csr *csr = cmc_arena_alloc(arena, sizeof *csr);
    enum cmc_rc rc;

    /* RFC 10002 section 3.1: errors about a Simple PKI Request name body part 1. */
    *out = (struct cmc_request){.body_part_id = 1, .subject = {empty_name, sizeof empty_name}};
    if (csr == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a PKCS#10 request");
    rc = cmc_decode(&cmc_it_csr, der, arena, csr, err);
    if (rc != CMC_OK) {
        if (err != NULL)
            err->fail_info = CMC_FAIL_BAD_REQUEST;
        cmc_err_body_part(err, out->body_part_id);
        return rc;
    }
    return from_csr(csr, arena, out, err);
}

enum cmc_rc cmc_request_from_crmf(struct cmc_slice der, struct cmc_arena *arena,
                                  struct cmc_request *out, struct cmc_err *err)
{
    struct cmc_cert_req_msg *msg = cmc_arena_alloc(arena, sizeof *msg);
    struct cmc_list msgs = {0};
    enum cmc_rc rc;

    *out = (struct cmc_request){.body_part_id = 1, .subject = {empty_name, sizeof empty_name}};
    if (msg == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRMF request");
    /* A CertReqMsg starts with the SEQUENCE CertRequest, whose first element is an INTEGER;
     * CertReqMessages start one level further up. */
    rc = cmc_decode(&cmc_it_cert_req_msg, der, arena, msg, err);
    if (rc != CMC_OK && cmc_decode(&cmc_it_cert_req_messages, der, arena, &msgs, NULL) == CMC_OK) {
        *msg = *CMC_AT(struct cmc_cert_req_msg, msgs, 0);
        rc = CMC_OK;
    }
    if (rc != CMC_OK) {
        if (err != NULL)
            err->fail_info = CMC_FAIL_BAD_REQUEST;
        return rc;
    }
    out->body_part_id = msg->request.cert_req_id;
    return from_crmf(msg, arena, out, err);
}

/* [10004-10-c, 10002-6.7-a] */
enum cmc_rc cmc_request_check_pop(const struct cmc_crypto *c, const struct cmc_request *rq,
                                  EVP_PKEY *key, bool allow_weak, struct cmc_arena *arena,
                                  struct cmc_err *err)
{
    const struct cmc_sig_alg *alg;
    enum cmc_rc rc;

    if (rq->pop != CMC_POP_BY_SIGNATURE)
        return refuse(err, rq, CMC_FAIL_POP_REQUIRED, "RFC 10004 section 10",
                      "the request does not prove possession of the private key by a signature");
    rc = cmc_sig_from_algid(&rq->pop_alg, CMC_DIGEST_NONE, allow_weak, arena, &alg, err);
    if (rc == CMC_OK)
        rc = cmc_verify(c, key, alg, rq->signed_octets, rq->pop_signature, err);
    if (rc == CMC_E_CRYPTO)
        rc = cmc_fail_info(err, rc, CMC_FAIL_POP_FAILED, "RFC 10004 section 10",
                           "proof of possession failed: the signature of the request does not "
                           "verify with the key it asks a certificate for");
    if (rc != CMC_OK)
        cmc_err_body_part(err, rq->body_part_id);
    return rc;
}
