/* SPDX-License-Identifier: Apache-2.0 */
/* Adding to a certification request and signing it anew. */
#include "message/request_sign.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request_int.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certification request");
}

/* A request signed by a key that it does not ask a certificate for proves nothing. */
static enum cmc_rc check_key(struct cmc_slice spki, EVP_PKEY *key, struct cmc_arena *arena,
                             const struct cmc_crypto *c, struct cmc_err *err)
{
    EVP_PKEY *asked = NULL;
    enum cmc_rc rc = cmc_spki_key(c, spki, &asked, err);
    struct cmc_slice a = CMC_SLICE_NONE, b = CMC_SLICE_NONE;

    if (rc == CMC_OK && key == NULL)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the private key of the request is needed");
    /* Compared as keys are written by one hand: peers differ in parameters. */
    if (rc == CMC_OK)
        rc = cmc_key_spki(asked, arena, &a, err);
    if (rc == CMC_OK)
        rc = cmc_key_spki(key, arena, &b, err);
    if (rc == CMC_OK && !cmc_slice_eq(a, b))
        rc = cmc_fail(err, CMC_E_USAGE, NULL,
                      "the private key is not that of the certification request");
    EVP_PKEY_free(asked);
    return rc;
}

/* [10002-6.3.1.1-u3] */
enum cmc_rc cmc_pkcs10_add_attribute(const struct cmc_crypto *c, struct cmc_slice der,
                                     struct cmc_slice type, struct cmc_slice value, EVP_PKEY *key,
                                     const struct cmc_sig_alg *alg, struct cmc_arena *arena,
                                     struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_csr csr = {0};
    struct cmc_attribute *a;
    struct cmc_slice *v;
    enum cmc_rc rc = cmc_decode(&cmc_it_csr, der, arena, &csr, err);
    /* A request without a signature stays so: its key does not sign, or shall not. */
    bool unsigned_ =
        rc == CMC_OK && cmc_slice_eq(csr.signature_algorithm.algorithm, cmc_oid_id_alg_noSignature);

    if (rc == CMC_OK && (key != NULL || !unsigned_))
        rc = check_key(csr.info.spki.raw, key, arena, c, err);
    if (rc != CMC_OK)
        return rc;
    if (alg == NULL && !unsigned_)
        alg = cmc_sig_default(key);
    if (alg == NULL && !unsigned_)
        return cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot sign its own request",
                        EVP_PKEY_get0_type_name(key));
    a = cmc_list_add(arena, &cmc_it_attributes, &csr.info.attributes, 1);
    v = a != NULL ? cmc_list_add(arena, &cmc_it_set_any, &a->values, 1) : NULL;
    if (v == NULL)
        return no_memory(err);
    a->type = type;
    *v = value;
    csr.raw = csr.info.raw = CMC_SLICE_NONE;
    rc = cmc_encode_arena(&cmc_it_csr_info, &csr.info, arena, &csr.info.raw, err);
    if (rc == CMC_OK && unsigned_)
        rc =
            cmc_no_signature(c, csr.info.raw, arena, &csr.signature_algorithm, &csr.signature, err);
    else if (rc == CMC_OK)
        rc = cmc_sign_bits(c, key, alg, csr.info.raw, arena, &csr.signature, err);
    if (rc == CMC_OK && !unsigned_)
        rc = cmc_sig_algid(alg, arena, &csr.signature_algorithm, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_csr, &csr, arena, out, err);
    return rc;
}

/* Forget the octets as they came, so that encoding writes DER; give the CertRequest anew. */
static enum cmc_rc encode_request(struct cmc_cert_req_msg *msg, struct cmc_arena *arena,
                                  struct cmc_err *err)
{
    msg->request.raw = msg->request.tmpl.raw = CMC_SLICE_NONE;
    if (msg->request.tmpl.spki != NULL)
        msg->request.tmpl.spki->raw = CMC_SLICE_NONE;
    return cmc_encode_arena(&cmc_it_cert_request, &msg->request, arena, &msg->request.raw, err);
}

/* Is there nothing in the POP that covers the CertRequest: an RA vouches, or a challenge follows?
 */
static bool covers_nothing(const struct cmc_pop *pop)
{
    if (pop->which == CMC_POP_SIGNATURE)
        return false;
    return pop->which == CMC_POP_RA_VERIFIED ||
           pop->u.priv_key.which == CMC_POPK_SUBSEQUENT_MESSAGE;
}

/* The POP of a message over its CertRequest as it stands now. */
static enum cmc_rc sign_again(const struct cmc_crypto *c, struct cmc_cert_req_msg *msg,
                              EVP_PKEY *key, const struct cmc_sig_alg *alg, struct cmc_arena *arena,
                              struct cmc_err *err)
{
    struct cmc_spki spki;
    struct cmc_slice der;
    enum cmc_rc rc;

    if (msg->pop->which != CMC_POP_SIGNATURE || msg->pop->u.signature.poposk_input.p != NULL)
        return cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 6.3.1",
                        "the proof of possession of this CRMF request does not cover what is "
                        "added; make one with a POP by signature, or without");
    if (key == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL, "the private key of the request is needed");
    if (msg->request.tmpl.spki == NULL)
        return cmc_fail(err, CMC_E_INPUT, NULL, "the CRMF request has no public key");
    spki = *msg->request.tmpl.spki;
    spki.raw = CMC_SLICE_NONE;
    rc = cmc_encode_arena(&cmc_it_spki, &spki, arena, &der, err);
    if (rc == CMC_OK)
        rc = check_key(der, key, arena, c, err);
    /* The algorithm that the request was signed with before, when nothing else is asked for. */
    if (rc == CMC_OK && alg == NULL)
        rc = cmc_sig_from_algid(&msg->pop->u.signature.algorithm, CMC_DIGEST_NONE, false, arena,
                                &alg, err);
    if (rc == CMC_OK)
        rc = cmc_sign_bits(c, key, alg, msg->request.raw, arena, &msg->pop->u.signature.signature,
                           err);
    if (rc == CMC_OK)
        rc = cmc_sig_algid(alg, arena, &msg->pop->u.signature.algorithm, err);
    return rc;
}

/* [10002-6.3.1.1-u2] */
enum cmc_rc cmc_crmf_add_control(const struct cmc_crypto *c, struct cmc_slice der,
                                 struct cmc_slice type, struct cmc_slice value, EVP_PKEY *key,
                                 const struct cmc_sig_alg *alg, struct cmc_arena *arena,
                                 struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_cert_req_msg msg = {0};
    struct cmc_atv *atv;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert_req_msg, der, arena, &msg, err);

    if (rc != CMC_OK)
        return rc;
    atv = cmc_list_add(arena, &cmc_it_crmf_controls, &msg.request.controls, 1);
    if (atv == NULL)
        return no_memory(err);
    *atv = (struct cmc_atv){type, value};
    rc = encode_request(&msg, arena, err);
    if (rc == CMC_OK && msg.pop != NULL && !covers_nothing(msg.pop))
        rc = sign_again(c, &msg, key, alg, arena, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_cert_req_msg, &msg, arena, out, err);
    return rc;
}

enum cmc_rc cmc_crmf_canonical(struct cmc_slice der, struct cmc_arena *arena, struct cmc_slice *out,
                               bool *changed, struct cmc_err *err)
{
    struct cmc_cert_req_msg msg = {0};
    struct cmc_slice before;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert_req_msg, der, arena, &msg, err);

    if (rc != CMC_OK)
        return rc;
    before = msg.request.raw;
    rc = encode_request(&msg, arena, err);
    *changed = rc == CMC_OK && !cmc_slice_eq(before, msg.request.raw);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_cert_req_msg, &msg, arena, out, err);
    return rc;
}
