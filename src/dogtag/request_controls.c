/* SPDX-License-Identifier: Apache-2.0 */
/* The controls of a CMCRequest message, in the order that Dogtag writes them. */
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/cert_ref.h"
#include "dogtag/dn.h"
#include "dogtag/request.h"
#include "dogtag/text.h"

static enum cmc_rc add(struct dog_request *rq, struct cmc_slice type, const struct cmc_item *it,
                       const void *value)
{
    return cmc_control_add(rq->d->arena, &rq->body.controls, dog_request_id(rq), type, it, value,
                           &rq->d->err);
}

/* getCert and confirmCertAcceptance name a certificate the same way. */
static enum cmc_rc cert_ref(struct dog_request *rq, const char *serial_param,
                            const char *issuer_param, struct cmc_issuer_serial *out)
{
    const char *serial = NULL, *issuer = NULL;
    enum cmc_rc rc =
        dog_config_want(rq->d, rq->cfg, serial_param, "the certificate's serial number", &serial);

    if (rc == CMC_OK)
        rc = dog_config_want(rq->d, rq->cfg, issuer_param, "the name of its issuer", &issuer);
    if (rc == CMC_OK)
        rc = dog_serial(rq->d, serial_param, serial, false, &out->serial);
    if (rc == CMC_OK)
        rc = dog_dn(rq->d, issuer, DOG_DN_UTF8, &out->issuer);
    return rc;
}

static enum cmc_rc confirm_cert(struct dog_request *rq)
{
    struct cmc_issuer_serial ref = {0};
    struct cmc_slice value;
    enum cmc_rc rc =
        cert_ref(rq, "confirmCertAcceptance.serial", "confirmCertAcceptance.issuer", &ref);

    if (rc == CMC_OK)
        rc = cmc_confirm_cert_encode(&ref, !rq->rfc, rq->d->arena, &value, &rq->d->err);
    if (rc == CMC_OK)
        rc = add(rq, cmc_oid_id_cmc_confirmCertAcceptance, &cmc_it_any, &value);
    return rc;
}

static enum cmc_rc get_cert(struct dog_request *rq)
{
    struct cmc_issuer_serial ref = {0};
    struct cmc_slice value;
    enum cmc_rc rc = cert_ref(rq, "getCert.serial", "getCert.issuer", &ref);

    if (rc == CMC_OK)
        rc = cmc_get_cert_encode(&ref, !rq->rfc, rq->d->arena, &value, &rq->d->err);
    if (rc == CMC_OK)
        rc = add(rq, cmc_oid_id_cmc_getCert, &cmc_it_any, &value);
    return rc;
}

static enum cmc_rc lra_pop_witness(struct dog_request *rq)
{
    struct cmc_lra_pop_witness w = {0};
    const char *text = NULL;
    uint32_t *ids;
    enum cmc_rc rc = dog_config_want(rq->d, rq->cfg, "LraPopWitness.bodyPartIDs",
                                     "the body part ids of the requests", &text);

    if (rc != CMC_OK)
        return rc;
    ids = cmc_arena_array(rq->d->arena, strlen(text), sizeof *ids);
    if (ids == NULL)
        return dog_no_memory(rq->d);
    for (const char *p = text + strspn(text, " \t"); *p != '\0'; p += strspn(p, " \t")) {
        char *end = NULL;
        unsigned long v = strtoul(p, &end, 10);

        if (*p < '0' || *p > '9' || (*end != '\0' && *end != ' ' && *end != '\t') || v > UINT32_MAX)
            return dog_usage(rq->d, "LraPopWitness.bodyPartIDs=%s: want numbers and blanks", text);
        ids[w.body_ids.n++] = (uint32_t)v;
        p = end;
    }
    if (w.body_ids.n == 0)
        return dog_usage(rq->d, "LraPopWitness.bodyPartIDs: names no request");
    w.body_ids.v = ids;
    return add(rq, cmc_oid_id_cmc_lraPOPWitness, &cmc_it_lra_pop_witness, &w);
}

static enum cmc_rc data_return(struct dog_request *rq)
{
    const char *text = NULL;
    struct cmc_slice data;
    enum cmc_rc rc =
        dog_config_want(rq->d, rq->cfg, "dataReturn.data", "what is to be given back", &text);

    data = cmc_slice_str(text);
    if (rc == CMC_OK)
        rc = add(rq, cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string, &data);
    return rc;
}

static enum cmc_rc sender_nonce(struct dog_request *rq)
{
    const char *text = dog_config_get(rq->cfg, "senderNonce");
    struct cmc_slice nonce;

    if (text == NULL || *text == '\0')
        return dog_add_nonce(rq->d, &rq->body, dog_request_id(rq), rq->rfc);
    nonce = cmc_slice_str(text);
    return add(rq, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &nonce);
}

static enum cmc_rc transaction_id(struct dog_request *rq)
{
    const char *text = dog_config_get(rq->cfg, "transactionMgt.id");
    struct cmc_slice id = CMC_SLICE_NONE;
    enum cmc_rc rc = CMC_OK;

    if (text != NULL && *text != '\0') {
        id = cmc_int_from_magnitude(rq->d->arena, cmc_slice_str(text));
        if (id.p == NULL)
            rc = dog_no_memory(rq->d);
    } else {
        rc = dog_transaction_id(rq->d, rq->inputs[rq->ninputs - 1].rq.spki, &id);
    }
    if (rc == CMC_OK)
        rc = add(rq, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, &id);
    return rc;
}

enum cmc_rc dog_request_early_controls(struct dog_request *rq)
{
    static const struct {
        const char *enable;
        enum cmc_rc (*add)(struct dog_request *rq);
    } rows[] = {
        {"confirmCertAcceptance.enable", confirm_cert},
        {"LraPopWitness.enable", lra_pop_witness},
        {"getCert.enable", get_cert},
        {"dataReturn.enable", data_return},
        {"senderNonce.enable", sender_nonce},
        {"popLinkWitness.enable", dog_request_pop_link_v1},
    };
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < CMC_COUNT(rows) && rc == CMC_OK; i++) {
        if (dog_config_on(rq->cfg, rows[i].enable))
            rc = rows[i].add(rq);
    }
    return rc;
}

enum cmc_rc dog_request_late_controls(struct dog_request *rq)
{
    enum cmc_rc rc = CMC_OK;

    if (dog_config_on(rq->cfg, "transactionMgt.enable"))
        rc = transaction_id(rq);
    return rc == CMC_OK ? dog_request_identity(rq) : rc;
}
