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
    const struct cmc_slice *pkcs10; /* those of rq, or with POP link witnesses */
    const struct cmc_slice *crmf;
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

/* [10002-3.2.2-a] What was sent before keeps its body part id, because the answer to a challenge
 * covers it. */
static enum cmc_rc take_tagged_ids(struct builder *b, struct cmc_err *err)
{
    b->taken = cmc_arena_array(b->arena, b->rq->ntagged + b->rq->ncrmf, sizeof *b->taken);
    if (b->taken == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
    for (size_t i = 0; i < b->rq->ntagged; i++)
        b->taken[b->ntaken++] = cmc_tagged_request_id(&b->rq->tagged[i]);
    return CMC_OK;
}

/* [10002-3.2.2-u1] The certReqId of each CRMF message is its body part id, unique and not 0. */
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

/* -- proofs by shared secret ------------------------------------------------------------- */

static enum cmc_rc check_secret(const struct cmc_shared_secret *s, struct cmc_err *err)
{
    if (s == NULL)
        return CMC_OK;
    if (s->secret.n > CMC_LIMIT_SECRET_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "the shared secret has more than CMC_LIMIT_SECRET_OCTETS (%u) octets",
                        CMC_LIMIT_SECRET_OCTETS);
    if (s->identification.n > CMC_LIMIT_IDENTITY_OCTETS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "the identification has more than CMC_LIMIT_IDENTITY_OCTETS (%u) octets",
                        CMC_LIMIT_IDENTITY_OCTETS);
    return CMC_OK;
}

static enum cmc_rc link_all(struct builder *b, bool crmf, const struct cmc_slice *in, size_t n,
                            EVP_PKEY *const *keys, struct cmc_slice type, struct cmc_slice value,
                            const struct cmc_slice **out, struct cmc_err *err)
{
    struct cmc_slice *linked = cmc_arena_array(b->arena, n, sizeof *linked);

    if (linked == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
    for (size_t i = 0; i < n; i++) {
        enum cmc_rc rc = cmc_link_request(b->c, crmf, in[i], type, value,
                                          keys != NULL ? keys[i] : NULL, b->arena, &linked[i], err);

        if (rc != CMC_OK) {
            cmc_err_prefix(err, "%s request %zu: its POP link witness", crmf ? "CRMF" : "PKCS#10",
                           i + 1);
            return rc;
        }
    }
    *out = linked;
    return CMC_OK;
}

/* [10002-6.3-a] A witness in each request; one R, and so one value, serves them all. */
static enum cmc_rc link_requests(struct builder *b, struct cmc_err *err)
{
    const struct cmc_full_request *rq = b->rq;
    struct cmc_slice type, value;
    enum cmc_rc rc;

    b->state->link_random = rq->link_random;
    if (rq->secret == NULL || rq->secret->link == CMC_LINK_NONE || rq->link_random.p != NULL)
        return CMC_OK;
    rc = cmc_link_random(b->c, b->arena, &b->state->link_random, err);
    if (rc == CMC_OK)
        rc =
            cmc_link_witness(b->c, rq->secret, b->state->link_random, b->arena, &type, &value, err);
    if (rc == CMC_OK)
        rc = link_all(b, false, rq->pkcs10, rq->npkcs10, rq->keys, type, value, &b->pkcs10, err);
    if (rc == CMC_OK)
        rc = link_all(b, true, rq->crmf, rq->ncrmf,
                      rq->keys != NULL ? rq->keys + rq->npkcs10 : NULL, type, value, &b->crmf, err);
    return rc;
}

/* -- controls ---------------------------------------------------------------------------- */

static enum cmc_rc add(struct builder *b, struct cmc_slice type, const struct cmc_item *it,
                       const void *value, struct cmc_err *err)
{
    return cmc_control_add(b->arena, &b->body.controls, next_id(b), type, it, value, err);
}

/* [10002-6.6-a, 10002-6.6-b, 10004-5.2-m] */
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
        .passphrase = r->passphrase,
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
    return rq->protection != NULL && rq->protection->mac &&
           (rq->secret == NULL || rq->secret->identification.p == NULL);
}

/* [10002-6.3.1.1-b, 10002-6.2.4-a, 10004-5.2-e, 10004-5.2-f] */
static enum cmc_rc add_identification(struct builder *b, struct cmc_err *err)
{
    const struct cmc_shared_secret *s = b->rq->secret;
    enum cmc_rc rc = CMC_OK;

    if (b->state->link_random.p != NULL)
        rc =
            add(b, cmc_oid_id_cmc_popLinkRandom, &cmc_it_octet_string, &b->state->link_random, err);
    if (rc == CMC_OK && s != NULL && s->identification.p != NULL)
        rc = add(b, cmc_oid_id_cmc_identification, &cmc_it_identification, &s->identification, err);
    return rc;
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
    /* [10004-5.2-j, 10004-5.2-w, 10002-3.2.1.2.2-e] */
    if (rc == CMC_OK && rq->data_return.p != NULL)
        rc = add(b, cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string, &rq->data_return, err);
    if (rc == CMC_OK && rq->reg_info.p != NULL)
        rc = add(b, cmc_oid_id_cmc_regInfo, &cmc_it_octet_string, &rq->reg_info, err);
    if (rc == CMC_OK)
        rc = add_identification(b, err);
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

        rc = cmc_body_add_pkcs10(b->arena, &b->body, id, b->pkcs10[i], err);
        if (i == 0)
            b->state->first_request_id = id;
    }
    for (size_t i = 0; rc == CMC_OK && i < rq->ncrmf; i++)
        rc = cmc_body_add_crmf(b->arena, &b->body, b->crmf[i], err);
    if (rc == CMC_OK && rq->ntagged > 0) {
        struct cmc_tagged_request *tr =
            cmc_list_add(b->arena, &cmc_it_tagged_requests, &b->body.requests, rq->ntagged);

        if (tr == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
        memcpy(tr, rq->tagged, rq->ntagged * sizeof *tr);
    }
    if (rq->npkcs10 == 0 && b->ntaken > 0)
        b->state->first_request_id = b->taken[0];
    b->state->sent = b->body.requests.v;
    b->state->nsent = b->body.requests.n;
    return rc;
}

/* What is said about the requests, when they stand. */
static enum cmc_rc add_proofs(struct builder *b, struct cmc_err *err)
{
    const struct cmc_shared_secret *s = b->rq->secret;
    enum cmc_rc rc = CMC_OK;

    for (int v1 = 0; s != NULL && s->secret.p != NULL && v1 <= 1 && rc == CMC_OK; v1++) {
        struct cmc_slice value;

        if (v1 ? !s->proof_v1 : s->hash == NULL)
            continue;
        rc = cmc_identity_value(b->c, s, v1, &b->body, b->arena, &value, err);
        if (rc == CMC_OK)
            rc = add(b, v1 ? cmc_oid_id_cmc_identityProof : cmc_oid_id_cmc_identityProofV2,
                     &cmc_it_any, &value, err);
    }
    return rc;
}

/* Section 6.8: whoever signs has seen the private keys at work. */
static enum cmc_rc add_lra_witness(struct builder *b, struct cmc_err *err)
{
    struct cmc_lra_pop_witness w = {0};
    uint32_t *ids;

    if (!b->rq->ra_vouches)
        return CMC_OK;
    if (b->body.requests.n == 0)
        return cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 6.8",
                        "lraPOPWitness vouches for certification requests; there is none");
    ids = cmc_list_add(b->arena, &cmc_it_body_part_list, &w.body_ids, b->body.requests.n);
    if (ids == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
    for (size_t i = 0; i < b->body.requests.n; i++)
        ids[i] = cmc_tagged_request_id(&b->state->sent[i]);
    return add(b, cmc_oid_id_cmc_lraPOPWitness, &cmc_it_lra_pop_witness, &w, err);
}

/* -- who signs --------------------------------------------------------------------------- */

/* Is this the request of the key that signs the message? */
static bool is_signers(struct builder *b, const struct cmc_tagged_request *tr,
                       struct cmc_slice spki, struct cmc_slice *ski)
{
    const struct cmc_extension *e;
    struct cmc_request rq;

    *ski = CMC_SLICE_NONE;
    if (cmc_request_from_tagged(tr, b->arena, &rq, NULL) != CMC_OK || !cmc_slice_eq(rq.spki, spki))
        return false;
    e = cmc_extension_find(&rq.extensions, cmc_oid_id_ce_subjectKeyIdentifier);
    if (e != NULL && cmc_decode(&cmc_it_octet_string, e->value, b->arena, ski, NULL) != CMC_OK)
        *ski = CMC_SLICE_NONE;
    return true;
}

/*
 * Section 3.2: who signs has a certificate, or is the key of a request that asks for the SKI which
 * the signature names. [10002-3.2-b, 10002-3.2-c, 10002-3.2-d, 10002-3.2-e, 10002-3.2-u2]
 */
static enum cmc_rc check_signer(struct builder *b, struct cmc_err *err)
{
    const struct cmc_cms_signer *signer = b->rq->signer;
    struct cmc_slice spki, ski = CMC_SLICE_NONE, name = signer->ski;
    uint8_t computed[CMC_SKI_OCTETS];
    bool found = false;
    enum cmc_rc rc;

    if (signer->cert.p != NULL || b->state->nsent == 0)
        return CMC_OK;
    rc = cmc_key_spki(signer->key, b->arena, &spki, err);
    if (rc == CMC_OK && name.p == NULL) {
        rc = cmc_spki_ski(b->c, spki, computed, err);
        name = cmc_slice(computed, sizeof computed);
    }
    for (size_t i = 0; rc == CMC_OK && i < b->state->nsent && !found; i++)
        found = is_signers(b, &b->state->sent[i], spki, &ski);
    if (rc != CMC_OK)
        return rc;
    if (!found)
        return cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 3.2",
                        "the key that signs has no certificate, and no request of the message is "
                        "for it");
    if (signer->sid != CMC_SID_SKI || ski.p == NULL || !cmc_slice_eq(ski, name))
        return cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 3.2",
                        "a message signed by the key of a request names it by the "
                        "subjectKeyIdentifier that the request asks for; %s",
                        ski.p == NULL ? "it asks for none" : "the names differ");
    return CMC_OK;
}

/* Section 6.11: a revocation by passphrase alone. [10002-6.11-b] */
static enum cmc_rc check_unsigned(struct builder *b, struct cmc_err *err)
{
    const struct cmc_full_request *rq = b->rq;
    bool good = b->body.requests.n == 0;

    if (rq->protection != NULL && rq->protection->mac)
        return CMC_OK; /* the secret stands in for the signature */
    for (size_t i = 0; good && i < rq->nrevocations; i++)
        good = rq->revocations[i].passphrase.p != NULL;
    return good ? CMC_OK
                : cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 3.2",
                           "a message must be signed, unless it asks for no certificate and "
                           "revokes by passphrase alone");
}

/* Dogtag's own form of an unsigned message; RFC 10002 knows SignedData without signers only. */
static enum cmc_rc create_bare(struct builder *b, struct cmc_slice pkidata, struct cmc_slice *out,
                               struct cmc_err *err)
{
    struct cmc_content_info ci = {.content_type = cmc_oid_id_data};
    enum cmc_rc rc = cmc_encode_arena(&cmc_it_octet_string, &pkidata, b->arena, &ci.content, err);

    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_content_info, &ci, b->arena, out, err) : rc;
}

/* [10002-3.2-u1, 10004-5-b] */
enum cmc_rc cmc_full_request_create(const struct cmc_crypto *c, const struct cmc_full_request *rq,
                                    struct cmc_arena *arena, struct cmc_exchange_state *state,
                                    struct cmc_slice *out, struct cmc_err *err)
{
    struct builder b = {
        .c = c, .arena = arena, .rq = rq, .state = state, .pkcs10 = rq->pkcs10, .crmf = rq->crmf};
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
    rc = check_secret(rq->secret, err);
    if (rc == CMC_OK)
        rc = take_tagged_ids(&b, err);
    if (rc == CMC_OK)
        rc = take_crmf_ids(&b, err);
    if (rc == CMC_OK)
        rc = link_requests(&b, err);
    if (rc == CMC_OK)
        rc = add_controls(&b, err);
    if (rc == CMC_OK)
        rc = add_requests(&b, err);
    if (rc == CMC_OK)
        rc = add_proofs(&b, err);
    if (rc == CMC_OK)
        rc = add_lra_witness(&b, err);
    if (rc == CMC_OK)
        rc = rq->signer != NULL ? check_signer(&b, err) : check_unsigned(&b, err);
    if (rc == CMC_OK)
        rc = cmc_pkidata_encode(arena, &b.body, &content.content, err);
    if (rc == CMC_OK && rq->bare && rq->signer == NULL)
        rc = create_bare(&b, content.content, out, err);
    else if (rc == CMC_OK)
        rc = cmc_protect_request(c, rq, &content, arena, out, err);
    return rc;
}
