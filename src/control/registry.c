/* SPDX-License-Identifier: Apache-2.0 */
/* The controls of RFC 10002 section 6, one row each. */
#include "control/control.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/body.h"

#define REQ  CMC_CTL_REQUEST
#define RESP CMC_CTL_RESPONSE
#define ONCE CMC_CTL_ONCE

#define ROW(ident, label, type, fl, fn)                                                            \
    {                                                                                              \
        label, &cmc_oid_##ident, &type, fl, fn                                                     \
    }

/* [10002-6.20-a, 10002-6.21-c] */
static const struct cmc_control rows[] = {
    /* section 6.1; an end entity sends it to abort or reject */
    ROW(id_cmc_statusInfoV2, "id-cmc-statusInfoV2", cmc_it_status_info_v2, REQ | RESP,
        cmc_status_info_v2_check),
    ROW(id_cmc_statusInfo, "id-cmc-statusInfo", cmc_it_status_info, REQ | RESP,
        cmc_status_info_check),
    /* section 6.2 */
    ROW(id_cmc_identification, "id-cmc-identification", cmc_it_identification, REQ | ONCE, NULL),
    ROW(id_cmc_identityProof, "id-cmc-identityProof", cmc_it_octet_string, REQ | ONCE, NULL),
    ROW(id_cmc_identityProofV2, "id-cmc-identityProofV2", cmc_it_identity_proof_v2, REQ | ONCE,
        NULL),
    /* section 6.3; the witnesses themselves travel inside the certification requests */
    ROW(id_cmc_popLinkRandom, "id-cmc-popLinkRandom", cmc_it_octet_string, REQ | ONCE, NULL),
    /* section 6.4 */
    ROW(id_cmc_dataReturn, "id-cmc-dataReturn", cmc_it_octet_string, REQ | RESP | ONCE,
        cmc_data_return_check),
    /* section 6.5 */
    ROW(id_cmc_modCertTemplate, "id-cmc-modCertTemplate", cmc_it_mod_cert_template, REQ, NULL),
    ROW(id_cmc_addExtensions, "id-cmc-addExtensions", cmc_it_add_extensions, REQ, NULL),
    /* section 6.6 */
    ROW(id_cmc_transactionId, "id-cmc-transactionId", cmc_it_transaction_id, REQ | RESP | ONCE,
        cmc_transaction_id_check),
    ROW(id_cmc_senderNonce, "id-cmc-senderNonce", cmc_it_nonce, REQ | RESP | ONCE, cmc_nonce_check),
    ROW(id_cmc_recipientNonce, "id-cmc-recipientNonce", cmc_it_nonce, REQ | RESP | ONCE,
        cmc_nonce_check),
    /* section 6.7 */
    ROW(id_cmc_encryptedPOP, "id-cmc-encryptedPOP", cmc_it_encrypted_pop, RESP, NULL),
    ROW(id_cmc_decryptedPOP, "id-cmc-decryptedPOP", cmc_it_decrypted_pop, REQ, NULL),
    /* section 6.8 */
    ROW(id_cmc_lraPOPWitness, "id-cmc-lraPOPWitness", cmc_it_lra_pop_witness, REQ,
        cmc_lra_pop_witness_check),
    /* sections 6.9 to 6.11 */
    ROW(id_cmc_getCert, "id-cmc-getCert", cmc_it_get_cert, REQ | CMC_CTL_DOGTAG, NULL),
    ROW(id_cmc_getCRL, "id-cmc-getCRL", cmc_it_get_crl, REQ, NULL),
    ROW(id_cmc_revokeRequest, "id-cmc-revokeRequest", cmc_it_revoke_request, REQ,
        cmc_revoke_request_check),
    /* section 6.12 */
    ROW(id_cmc_regInfo, "id-cmc-regInfo", cmc_it_octet_string, REQ, NULL),
    ROW(id_cmc_responseInfo, "id-cmc-responseInfo", cmc_it_octet_string, RESP, NULL),
    /* sections 6.13 to 6.21 */
    ROW(id_cmc_queryPending, "id-cmc-queryPending", cmc_it_octet_string, REQ, NULL),
    ROW(id_cmc_confirmCertAcceptance, "id-cmc-confirmCertAcceptance", cmc_it_issuer_serial, REQ,
        NULL),
    ROW(id_cmc_trustedAnchors, "id-cmc-trustedAnchors", cmc_it_trust_anchors, REQ | RESP, NULL),
    ROW(id_cmc_authData, "id-cmc-authData", cmc_it_body_part_id, REQ | RESP, NULL),
    ROW(id_cmc_batchRequests, "id-cmc-batchRequests", cmc_it_body_part_list, REQ, NULL),
    ROW(id_cmc_batchResponses, "id-cmc-batchResponses", cmc_it_body_part_list, RESP, NULL),
    ROW(id_cmc_publishCert, "id-cmc-publishCert", cmc_it_publish_cert, REQ, cmc_publish_cert_check),
    ROW(id_cmc_controlProcessed, "id-cmc-controlProcessed", cmc_it_control_processed, REQ, NULL),
    ROW(id_cmc_raIdentityWitness, "id-cmc-raIdentityWitness", cmc_it_body_part_path, REQ, NULL),
    ROW(id_cmc_responseBody, "id-cmc-responseBody", cmc_it_body_part_path, RESP, NULL),
};

const struct cmc_control *cmc_control_rows(size_t *n)
{
    *n = CMC_COUNT(rows);
    return rows;
}

const struct cmc_control *cmc_control_find(struct cmc_slice type)
{
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        if (cmc_slice_eq(*rows[i].oid, type))
            return &rows[i];
    }
    return NULL;
}

/* Whatever went wrong with a control is badRequest about its body part. */
static enum cmc_rc blame(const struct cmc_tagged_attribute *ta, const struct cmc_control *row,
                         enum cmc_rc rc, struct cmc_err *err)
{
    if (rc == CMC_OK || err == NULL)
        return rc;
    if (err->fail_info == CMC_FAIL_INFO_NONE)
        err->fail_info = CMC_FAIL_BAD_REQUEST;
    cmc_err_prefix(err, "control %s", row->name);
    cmc_err_body_part(err, ta->body_part_id);
    return rc;
}

enum cmc_rc cmc_control_decode(const struct cmc_tagged_attribute *ta, struct cmc_arena *arena,
                               void *out, struct cmc_err *err)
{
    const struct cmc_control *row = cmc_control_find(ta->type);
    enum cmc_rc rc;

    if (row == NULL)
        return cmc_fail(err, CMC_E_BUG, NULL, "a control without a row was to be decoded");
    /* RFC 10002 section 6: the control's syntax says one value; the SET could hold more. */
    if (ta->values.n != 1 && (row->flags & CMC_CTL_MANY_VALUES) == 0)
        rc = cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 6",
                      "%zu values where exactly one is due", ta->values.n);
    else
        rc = cmc_decode(row->item, *CMC_AT(const struct cmc_slice, ta->values, 0), arena, out, err);
    if (rc == CMC_OK && row->check != NULL)
        rc = row->check(out, err);
    return blame(ta, row, rc, err);
}

static enum cmc_rc check_one(const struct cmc_list *controls, const struct cmc_tagged_attribute *ta,
                             const struct cmc_control *row, unsigned int where,
                             struct cmc_arena *arena, struct cmc_err *err)
{
    void *value;

    if ((row->flags & where & (REQ | RESP)) == 0)
        return blame(ta, row,
                     cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 6", "must not stand in a %s",
                              (where & CMC_CTL_REQUEST) != 0 ? "PKIData" : "PKIResponse"),
                     err);
    if ((row->flags & CMC_CTL_ONCE) != 0 && cmc_control_first(controls, ta->type) != ta)
        return blame(ta, row,
                     cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 6", "is there more than once"),
                     err);
    if ((row->flags & where & CMC_CTL_DOGTAG) != 0 && ta->values.n == 1)
        return CMC_OK;
    value = cmc_arena_alloc(arena, row->item->size);
    if (value == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a control");
    return cmc_control_decode(ta, arena, value, err);
}

enum cmc_rc cmc_controls_check(const struct cmc_list *controls, unsigned int where,
                               struct cmc_arena *arena, struct cmc_list *unknown,
                               struct cmc_err *err)
{
    for (size_t i = 0; i < controls->n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, *controls, i);
        const struct cmc_control *row = cmc_control_find(ta->type);
        enum cmc_rc rc;

        if (row == NULL) {
            uint32_t *id = cmc_list_add(arena, &cmc_it_body_part_list, unknown, 1);

            if (id == NULL)
                return cmc_fail(err, CMC_E_MEM, NULL, "no memory for unknown controls");
            *id = ta->body_part_id;
            continue;
        }
        rc = check_one(controls, ta, row, where, arena, err);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}
