/* SPDX-License-Identifier: Apache-2.0 */
/* What came back, and whether to believe it (RFC 10002 section 4). */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/chain.h"
#include "client/protect.h"
#include "control/control.h"

#define OID_TEXT 128u

struct answer {
    const struct cmc_crypto *c;
    const struct cmc_exchange_state *state;
    const struct cmc_trust *trust;
    struct cmc_arena *arena;
    struct cmc_answer_view *out;
};

/* Is this a bare certificate: application/pkix-cert? */
static bool bare_cert(const struct answer *a, struct cmc_slice body)
{
    struct cmc_cert cert = {0};
    struct cmc_slice *one;

    if (cmc_decode(&cmc_it_cert, body, a->arena, &cert, NULL) != CMC_OK)
        return false;
    one = cmc_arena_dup(a->arena, &cert.raw, sizeof cert.raw);
    if (one == NULL)
        return false;
    a->out->certs = one;
    a->out->ncerts = 1;
    return true;
}

/* -- who signed -------------------------------------------------------------------------- */

static size_t find_signer(const struct answer *a, const struct cmc_signed_data *sd, size_t i,
                          struct cmc_slice *cert)
{
    size_t k = cmc_signer_find_cert(sd, i, a->out->certs, a->out->ncerts, a->arena);

    if (k != SIZE_MAX) {
        *cert = a->out->certs[k];
        return k;
    }
    if (a->trust != NULL) {
        k = cmc_signer_find_cert(sd, i, a->trust->anchors, a->trust->nanchors, a->arena);
        if (k != SIZE_MAX)
            *cert = a->trust->anchors[k];
    }
    return k;
}

/* [10002-3.2.1.3.4-a] */
static enum cmc_rc check_signer(const struct answer *a, const struct cmc_signed_data *sd, size_t i,
                                struct cmc_err *err)
{
    enum cmc_rc rc;
    struct cmc_slice der = CMC_SLICE_NONE;
    struct cmc_cert cert = {0};
    EVP_PKEY *key = NULL;

    if (find_signer(a, sd, i, &der) == SIZE_MAX) {
        rc = cmc_fail(err, CMC_E_CRYPTO, NULL,
                      "the certificate of the response's signer is neither in the response nor "
                      "among the trusted ones");
        goto out;
    }
    rc = cmc_signer_check_digest(a->c, sd, i, false, a->arena, err);
    if (rc == CMC_OK)
        rc = cmc_signer_check_content_type(sd, i, a->arena, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, der, a->arena, &cert, err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(a->c, cert.tbs.spki.raw, &key, err);
    if (rc == CMC_OK)
        rc = cmc_signer_check_signature(a->c, sd, i, key, false, a->arena, err);
    if (rc == CMC_OK && a->trust != NULL)
        rc = cmc_chain_check(a->c, der, a->out->certs, a->out->ncerts, a->trust, a->arena, NULL,
                             err);
    if (rc == CMC_OK && a->trust != NULL)
        rc = cmc_responder_check(der, a->trust, a->arena, err);
    if (rc == CMC_OK && i == 0) {
        a->out->signer_cert = der;
        rc =
            cmc_signer_time(sd, i, a->arena, &a->out->signing_time, &a->out->has_signing_time, err);
    }
    if (rc != CMC_OK)
        cmc_err_prefix(err, "the response's signature");
out:
    EVP_PKEY_free(key);
    return rc;
}

/* -- is it the answer to this request ---------------------------------------------------- */

static bool control_value(const struct answer *a, const struct cmc_list *controls,
                          struct cmc_slice type, const struct cmc_item *it, struct cmc_slice *out)
{
    const struct cmc_tagged_attribute *ta = cmc_control_first(controls, type);

    *out = CMC_SLICE_NONE;
    return ta != NULL && ta->values.n == 1 &&
           cmc_decode(it, *CMC_AT(struct cmc_slice, ta->values, 0), a->arena, out, NULL) == CMC_OK;
}

/* What the server said, for an error that would otherwise hide it. */
static const char *first_status(const struct answer *a)
{
    const struct cmc_outcome *o = a->out->outcomes;
    const char *text;

    for (size_t i = 0; i < a->out->noutcomes; i++, o++) {
        if (o->status == CMC_STATUS_SUCCESS)
            continue;
        text = cmc_arena_printf(
            a->arena, "; its status is %s%s%s%s%.*s", cmc_status_name(o->status),
            o->fail_info != CMC_FAIL_INFO_NONE ? " " : "",
            o->fail_info != CMC_FAIL_INFO_NONE ? cmc_fail_info_name((uint32_t)o->fail_info) : "",
            o->text.n > 0 ? ": " : "", o->text.n < 200 ? (int)o->text.n : 200,
            o->text.n > 0 ? (const char *)o->text.p : "");
        return text != NULL ? text : "";
    }
    return "";
}

/* [10002-6.6-u2, 10002-6.6-c, 10004-5.2-m, 10004-5.2-n, 10004-5.2-o] */
static enum cmc_rc check_match(const struct answer *a, const struct cmc_list *controls,
                               struct cmc_err *err)
{
    const struct cmc_exchange_state *s = a->state;
    struct cmc_slice v;

    if (s == NULL)
        return CMC_OK;
    if (s->has_nonce &&
        (!control_value(a, controls, cmc_oid_id_cmc_recipientNonce, &cmc_it_nonce, &v) ||
         !cmc_slice_eq(v, cmc_slice(s->sender_nonce, sizeof s->sender_nonce))))
        return cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 6.6",
                        "the response is not to this request: its recipientNonce is %s%s",
                        v.p == NULL ? "missing" : "another", first_status(a));
    if (s->transaction_id.p != NULL &&
        (!control_value(a, controls, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, &v) ||
         !cmc_slice_eq(v, s->transaction_id)))
        return cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 6.6",
                        "the response is not to this request: its transactionId is %s%s",
                        v.p == NULL ? "missing" : "another", first_status(a));
    return CMC_OK;
}

/* -- statuses ---------------------------------------------------------------------------- */

/* How bad a status is, from best to worst; one that we do not know counts as failed.
 * [10002-6.1.1-a, 10002-6.1.2-b, 10002-6.1.2-u1, 10002-6.1-b] */
int cmc_status_badness(uint32_t status)
{
    static const uint32_t order[] = {CMC_STATUS_SUCCESS,      CMC_STATUS_CONFIRM_REQUIRED,
                                     CMC_STATUS_PENDING,      CMC_STATUS_PARTIAL,
                                     CMC_STATUS_POP_REQUIRED, CMC_STATUS_NO_SUPPORT};

    for (size_t i = 0; i < CMC_COUNT(order); i++) {
        if (order[i] == status)
            return (int)i;
    }
    return (int)CMC_COUNT(order);
}

/* Each challenge for proof of possession (RFC 10002 section 6.7). */
static enum cmc_rc read_challenges(const struct answer *a, const struct cmc_list *controls,
                                   struct cmc_err *err)
{
    struct cmc_encrypted_pop *out = cmc_arena_array(a->arena, controls->n, sizeof *out);

    if (out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a response");
    a->out->challenges = out;
    for (size_t i = 0; i < controls->n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, *controls, i);
        enum cmc_rc rc;

        if (!cmc_slice_eq(ta->type, cmc_oid_id_cmc_encryptedPOP))
            continue;
        rc = cmc_control_decode(ta, a->arena, &out[a->out->nchallenges++], err);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

/* [10002-4.2-a, 10002-4.2.1-u1] Messages inside that no control refers to are left alone.
 * [10002-6.1-b, 10002-6.1-e, 10002-6.1.1-a, 10002-6.1.2-b, 10004-5.2-a]: none is success, the
 * worst of several counts. [10002-6.6-u3] */
static enum cmc_rc read_full(const struct answer *a, const struct cmc_encap_content *encap,
                             struct cmc_err *err)
{
    struct cmc_pkiresponse *body = &a->out->body;
    struct cmc_outcome *outcomes = NULL;
    enum cmc_rc rc = cmc_pkiresponse_open(encap->content, a->arena, body, err);

    if (rc == CMC_OK)
        rc = cmc_status_read(a->arena, &body->controls, &outcomes, &a->out->noutcomes, err);
    if (rc != CMC_OK)
        return rc;
    a->out->outcomes = outcomes;
    for (size_t i = 0; i < a->out->noutcomes; i++) {
        if (cmc_status_badness(outcomes[i].status) > cmc_status_badness(a->out->worst))
            a->out->worst = outcomes[i].status;
    }
    (void)control_value(a, &body->controls, cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string,
                        &a->out->data_return);
    (void)control_value(a, &body->controls, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce,
                        &a->out->sender_nonce);
    rc = read_challenges(a, &body->controls, err);
    if (rc != CMC_OK)
        return rc;
    return check_match(a, &body->controls, err);
}

/* -- layers ------------------------------------------------------------------------------ */

static const char *type_name(const struct answer *a, struct cmc_slice type)
{
    const char *name = cmc_oid_name(type);
    char *dotted = name == NULL ? cmc_arena_alloc(a->arena, OID_TEXT) : NULL;

    if (name != NULL)
        return name;
    return dotted != NULL ? cmc_oid_text(type, dotted, OID_TEXT) : "of an unknown type";
}

static enum cmc_rc check_signers(const struct answer *a, const struct cmc_signed_data *sd,
                                 struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    if (sd->signer_infos.n == 0)
        return cmc_fail(err, CMC_E_CRYPTO, "RFC 10002 section 4.2", "the response is not signed");
    for (size_t i = 0; rc == CMC_OK && i < sd->signer_infos.n; i++)
        rc = check_signer(a, sd, i, err);
    return rc;
}

static enum cmc_rc check_type(const struct answer *a, const struct cmc_encap_content *encap,
                              struct cmc_err *err)
{
    if (!cmc_slice_eq(encap->type, cmc_oid_id_cct_PKIResponse))
        return cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 4.2",
                        "the answer holds %s where id-cct-PKIResponse is due",
                        type_name(a, encap->type));
    if (encap->content.p == NULL)
        return cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 4.2", "the response is empty");
    return CMC_OK;
}

/* A SignedData: with a PKIResponse, certificates only, or an envelope, which is then next.
 * [10004-5-d] */
static enum cmc_rc open_signed(const struct answer *a, struct cmc_content_info *ci, bool *done,
                               struct cmc_err *err)
{
    struct cmc_signed_data sd = {0};
    enum cmc_rc rc = cmc_signed_data_read(ci, a->arena, &sd, err);

    if (rc != CMC_OK)
        return rc;
    a->out->certs = sd.certs.v;
    a->out->ncerts = sd.certs.n;
    a->out->crls = sd.crls.v;
    a->out->ncrls = sd.crls.n;
    *done = !cmc_is_envelope(sd.encap.type) || sd.encap.content.p == NULL;
    if (cmc_is_certs_only(&sd)) {
        /* [10002-3.2.1.3.4-c] */
        if (sd.certs.n + sd.crls.n == 0)
            return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_INTERNAL_CA_ERROR,
                                 "RFC 10002 section 3.2.1.3.4",
                                 "the server cannot sign an answer (internalCAError): what came "
                                 "has neither a signature nor certificates");
        return CMC_OK;
    }
    a->out->full = true;
    rc = *done ? check_type(a, &sd.encap, err) : CMC_OK;
    if (rc == CMC_OK)
        rc = check_signers(a, &sd, err);
    if (rc == CMC_OK && *done)
        return read_full(a, &sd.encap, err);
    *ci = (struct cmc_content_info){.content_type = sd.encap.type, .content = sd.encap.content};
    return rc;
}

/* The shared secret vouches for it; its certificates are those of the originator. */
static enum cmc_rc open_authenticated(const struct answer *a, const struct cmc_content_info *ci,
                                      struct cmc_err *err)
{
    const struct cmc_protection *p = a->state != NULL ? a->state->protection : NULL;
    struct cmc_authenticated_data ad;
    enum cmc_rc rc = cmc_unwrap_authenticated(a->c, p, ci, a->arena, &ad, err);

    if (rc == CMC_OK)
        rc = check_type(a, &ad.encap, err);
    if (rc != CMC_OK)
        return rc;
    a->out->full = a->out->authenticated = true;
    a->out->certs = a->out->crls = NULL;
    a->out->ncerts = a->out->ncrls = 0;
    if (ad.originator != NULL) {
        a->out->certs = ad.originator->certs.v;
        a->out->ncerts = ad.originator->certs.n;
        a->out->crls = ad.originator->crls.v;
        a->out->ncrls = ad.originator->crls.n;
    }
    return read_full(a, &ad.encap, err);
}

static enum cmc_rc open_envelope(const struct answer *a, struct cmc_content_info *ci,
                                 struct cmc_err *err)
{
    const struct cmc_protection *p = a->state != NULL ? a->state->protection : NULL;
    struct cmc_content_info inside;
    enum cmc_rc rc = cmc_unwrap_envelope(a->c, p, ci, a->arena, &inside, err);

    a->out->encrypted = true;
    *ci = inside;
    if (rc != CMC_OK)
        cmc_err_prefix(err, "the answer");
    else if (!cmc_slice_eq(ci->content_type, cmc_oid_id_signedData) &&
             !cmc_slice_eq(ci->content_type, cmc_oid_id_ct_authData))
        rc = cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 5",
                      "the envelope of the answer holds %s where id-signedData is due",
                      type_name(a, ci->content_type));
    return rc;
}

/* [10002-4.2-a] and, for the layers, [10002-5-b, 10002-5-c] */
static enum cmc_rc open_layers(const struct answer *a, struct cmc_content_info *ci,
                               struct cmc_err *err)
{
    bool done = false;
    enum cmc_rc rc = CMC_OK;

    for (unsigned int n = 0; rc == CMC_OK && !done; n++) {
        if (n == CMC_LIMIT_CMS_LAYERS)
            return cmc_fail(err, CMC_E_LIMIT, "RFC 10002 section 5",
                            "more than CMC_LIMIT_CMS_LAYERS (%u) layers around the response",
                            CMC_LIMIT_CMS_LAYERS);
        if (cmc_is_envelope(ci->content_type)) {
            rc = open_envelope(a, ci, err);
        } else if (cmc_slice_eq(ci->content_type, cmc_oid_id_ct_authData)) {
            done = true;
            rc = open_authenticated(a, ci, err);
        } else {
            rc = open_signed(a, ci, &done, err);
        }
    }
    return rc;
}

/* [10002-4.1-a, 10002-4.1-d, 10002-4.2-d, 10002-4.1-e, 10002-4.2-e, 10004-5-c] */
enum cmc_rc cmc_answer_open_one(const struct cmc_crypto *c, struct cmc_slice body,
                                const struct cmc_exchange_state *state,
                                const struct cmc_trust *trust, struct cmc_arena *arena,
                                struct cmc_answer_view *out, struct cmc_err *err)
{
    struct answer a = {.c = c, .state = state, .trust = trust, .arena = arena, .out = out};
    struct cmc_content_info ci = {0};
    enum cmc_rc rc;

    *out = (struct cmc_answer_view){.worst = CMC_STATUS_SUCCESS};
    if (bare_cert(&a, body))
        return CMC_OK;
    rc = cmc_decode(&cmc_it_content_info, body, arena, &ci, err);
    if (rc == CMC_E_INPUT && err != NULL)
        err->fail_info = CMC_FAIL_BAD_REQUEST;
    if (rc != CMC_OK) {
        cmc_err_prefix(err, "the answer is neither a CMC response nor a certificate");
        return rc;
    }
    /* [10002-4.1-d, 10002-4.1-e, 10002-4.2-d, 10002-4.2-e] Whatever certificates and CRLs come
     * along, none is trusted for being there. */
    return open_layers(&a, &ci, err);
}

/* [10002-4.1-b, 10002-4.2-b] */
enum cmc_rc cmc_answer_cert(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                            struct cmc_slice spki, const struct cmc_trust *trust,
                            struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    *out = CMC_SLICE_NONE;
    for (size_t i = 0; i < answer->ncerts; i++) {
        struct cmc_cert cert = {0};
        enum cmc_rc rc;

        if (cmc_decode(&cmc_it_cert, answer->certs[i], arena, &cert, NULL) != CMC_OK ||
            !cmc_slice_eq(cert.tbs.spki.raw, spki))
            continue;
        if (trust != NULL) {
            rc = cmc_chain_check(c, answer->certs[i], answer->certs, answer->ncerts, trust, arena,
                                 NULL, err);
            if (rc != CMC_OK) {
                cmc_err_prefix(err, "the new certificate");
                return rc;
            }
        }
        *out = answer->certs[i];
        return CMC_OK;
    }
    return cmc_fail(err, CMC_E_REFUSED, NULL,
                    "no certificate for the requested key among the %zu of the answer",
                    answer->ncerts);
}
