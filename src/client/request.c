/* SPDX-License-Identifier: Apache-2.0 */
/* A Full PKI Request from its parts (RFC 10002 section 3.2). */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/protect.h"

#define TRANSACTION_ID_OCTETS 16u

struct builder {
    const struct cmc_crypto *c;
    struct cmc_arena *arena;
    const struct cmc_full_request *rq;
    struct cmc_exchange_state *state;
    struct cmc_pkidata body;
    uint32_t *taken; /* certReqIds: they are signed and cannot be chosen anew */
    size_t ntaken;
    uint32_t last; /* the body part id given out last */
};

static bool is_taken(const struct builder *b, uint32_t id)
{
    for (size_t i = 0; i < b->ntaken; i++) {
        if (b->taken[i] == id)
            return true;
    }
    return false;
}

/* [10002-3.2.2-a] */
static uint32_t next_id(struct builder *b)
{
    do
        b->last++;
    while (is_taken(b, b->last));
    return b->last;
}

/* What was sent before keeps its body part id, because the answer to a challenge covers it. */
static enum cmc_rc take_tagged_ids(struct builder *b, struct cmc_err *err)
{
    b->taken = cmc_arena_array(b->arena, b->rq->ntagged + b->rq->ncrmf, sizeof *b->taken);
    if (b->taken == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
    for (size_t i = 0; i < b->rq->ntagged; i++)
        b->taken[b->ntaken++] = cmc_tagged_request_id(&b->rq->tagged[i]);
    return CMC_OK;
}

/* The certReqId of each CRMF message is its body part id, unique and not 0 (section 3.2.1.2). */
static enum cmc_rc take_crmf_ids(struct builder *b, struct cmc_err *err)
{
    for (size_t i = 0; i < b->rq->ncrmf; i++) {
        struct cmc_cert_req_msg msg = {0};
        enum cmc_rc rc = cmc_decode(&cmc_it_cert_req_msg, b->rq->crmf[i], b->arena, &msg, err);
        uint32_t id = msg.request.cert_req_id;

        if (rc != CMC_OK)
            return rc;
        if (id == 0)
            return cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 3.2.1.2",
                            "CRMF request %zu has the certReqId 0, which names the whole message; "
                            "make it anew with another",
                            i + 1);
        if (is_taken(b, id))
            return cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 3.2.1.2",
                            "two CRMF requests have the certReqId %u; make one anew with another, "
                            "or send them apart",
                            id);
        b->taken[b->ntaken++] = id;
    }
    return CMC_OK;
}

/* -- controls ---------------------------------------------------------------------------- */

static enum cmc_rc add(struct builder *b, struct cmc_slice type, const struct cmc_item *it,
                       const void *value, struct cmc_err *err)
{
    return cmc_control_add(b->arena, &b->body.controls, next_id(b), type, it, value, err);
}

/* [10002-6.6-a, 10004-5.2-m] */
static enum cmc_rc add_transaction_id(struct builder *b, struct cmc_err *err)
{
    uint8_t r[TRANSACTION_ID_OCTETS];
    enum cmc_rc rc = cmc_random(b->c, r, sizeof r, err);

    if (rc != CMC_OK)
        return rc;
    b->state->transaction_id = b->rq->transaction_id;
    if (b->state->transaction_id.p != NULL)
        return add(b, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id,
                   &b->state->transaction_id, err);
    r[0] = (r[0] & 0x7f) | 0x40; /* always as many octets, always positive */
    b->state->transaction_id = cmc_int_from_magnitude(b->arena, cmc_slice(r, sizeof r));
    if (b->state->transaction_id.p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
    return add(b, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, &b->state->transaction_id,
               err);
}

/* [10002-6.6-d, 10004-5.2-n] */
static enum cmc_rc add_nonce(struct builder *b, struct cmc_err *err)
{
    struct cmc_slice nonce = cmc_slice(b->state->sender_nonce, sizeof b->state->sender_nonce);
    enum cmc_rc rc = cmc_random(b->c, b->state->sender_nonce, sizeof b->state->sender_nonce, err);

    if (rc != CMC_OK)
        return rc;
    b->state->has_nonce = true;
    return add(b, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &nonce, err);
}

/* [10002-6.11-a, 10004-5.2-u] */
static enum cmc_rc add_revocation(struct builder *b, const struct cmc_revocation *r,
                                  struct cmc_err *err)
{
    struct cmc_revoke_request v = {
        .issuer = r->issuer,
        .serial = r->serial,
        .reason = r->reason,
        .comment = cmc_slice_str(r->comment),
    };

    if (r->invalidity_at != 0) {
        v.invalidity_date = cmc_gentime(b->arena, r->invalidity_at);
        if (v.invalidity_date.p == NULL)
            return cmc_fail(err, CMC_E_USAGE, NULL, "the invalidity date is out of range");
    }
    return add(b, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &v, err);
}

/* RFC 10002 section 3.2: whose secret the MAC is made with stands in the message. */
static bool wants_identification(const struct cmc_full_request *rq)
{
    for (size_t i = 0; i < rq->ncontrols; i++) {
        if (cmc_slice_eq(rq->controls[i].type, cmc_oid_id_cmc_identification))
            return false;
    }
    return rq->protection != NULL && rq->protection->mac;
}

/* [10002-6.6-u1, 10004-5.2-j] */
static enum cmc_rc add_controls(struct builder *b, struct cmc_err *err)
{
    const struct cmc_full_request *rq = b->rq;
    enum cmc_rc rc = CMC_OK;

    if (!rq->no_transaction_id)
        rc = add_transaction_id(b, err);
    if (rc == CMC_OK && !rq->no_nonce)
        rc = add_nonce(b, err);
    if (rc == CMC_OK && rq->recipient_nonce.p != NULL)
        rc = add(b, cmc_oid_id_cmc_recipientNonce, &cmc_it_nonce, &rq->recipient_nonce, err);
    for (size_t i = 0; rc == CMC_OK && i < rq->npops; i++)
        rc = add(b, cmc_oid_id_cmc_decryptedPOP, &cmc_it_decrypted_pop, &rq->pops[i], err);
    if (rc == CMC_OK && rq->data_return.p != NULL)
        rc = add(b, cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string, &rq->data_return, err);
    for (size_t i = 0; rc == CMC_OK && i < rq->nrevocations; i++) {
        rc = add_revocation(b, &rq->revocations[i], err);
        if (i == 0)
            b->state->first_revocation_id = b->last;
    }
    for (size_t i = 0; rc == CMC_OK && i < rq->ncontrols; i++) {
        rc = add(b, rq->controls[i].type, rq->controls[i].item, rq->controls[i].value, err);
        if (i == 0)
            b->state->first_control_id = b->last;
    }
    if (rc == CMC_OK && wants_identification(rq))
        rc = add(b, cmc_oid_id_cmc_identification, &cmc_it_identification,
                 &rq->protection->identification, err);
    return rc;
}

/* -- the whole --------------------------------------------------------------------------- */

static enum cmc_rc add_requests(struct builder *b, struct cmc_err *err)
{
    const struct cmc_full_request *rq = b->rq;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < rq->npkcs10; i++) {
        uint32_t id = next_id(b);

        rc = cmc_body_add_pkcs10(b->arena, &b->body, id, rq->pkcs10[i], err);
        if (i == 0)
            b->state->first_request_id = id;
    }
    for (size_t i = 0; rc == CMC_OK && i < rq->ncrmf; i++)
        rc = cmc_body_add_crmf(b->arena, &b->body, rq->crmf[i], err);
    if (rc == CMC_OK && rq->ntagged > 0) {
        struct cmc_tagged_request *tr =
            cmc_list_add(b->arena, &cmc_it_tagged_requests, &b->body.requests, rq->ntagged);

        if (tr == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
        memcpy(tr, rq->tagged, rq->ntagged * sizeof *tr);
    }
    if (rq->npkcs10 == 0 && b->ntaken > 0)
        b->state->first_request_id = b->taken[0];
    return rc;
}

/* [10002-3.2-u1, 10004-5-b] */
enum cmc_rc cmc_full_request_create(const struct cmc_crypto *c, const struct cmc_full_request *rq,
                                    struct cmc_arena *arena, struct cmc_exchange_state *state,
                                    struct cmc_slice *out, struct cmc_err *err)
{
    struct builder b = {.c = c, .arena = arena, .rq = rq, .state = state};
    struct cmc_cms_content content = {
        .type = cmc_oid_id_cct_PKIData, .certs = rq->certs, .ncerts = rq->ncerts};
    enum cmc_rc rc;

    *state = (struct cmc_exchange_state){.protection = rq->protection};
    *out = CMC_SLICE_NONE;
    if (rq->nrevocations + rq->ncontrols > CMC_LIMIT_CONTROLS ||
        rq->npkcs10 + rq->ncrmf + rq->ntagged > CMC_LIMIT_REQUESTS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "too much for one request: at most %u certification requests "
                        "(CMC_LIMIT_REQUESTS) and %u controls (CMC_LIMIT_CONTROLS)",
                        CMC_LIMIT_REQUESTS, CMC_LIMIT_CONTROLS);
    rc = take_tagged_ids(&b, err);
    if (rc == CMC_OK)
        rc = take_crmf_ids(&b, err);
    if (rc == CMC_OK)
        rc = add_controls(&b, err);
    if (rc == CMC_OK)
        rc = add_requests(&b, err);
    if (rc == CMC_OK)
        rc = cmc_pkidata_encode(arena, &b.body, &content.content, err);
    if (rc == CMC_OK)
        rc = cmc_protect_request(c, rq, &content, arena, out, err);
    return rc;
}
