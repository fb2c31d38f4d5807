/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust anchors that are published with each Full PKI Response of an endpoint (RFC 10002 section
 * 6.15). Whoever proved an identity by a shared secret may have nothing yet that the signature
 * leads to, and gets them under a MAC of that secret too (section 6.16).
 */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "responder/responder_int.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for trust anchors");
}

/* [10002-6.15-a, 10002-6.15-u1, 10004-5.1-y]: SHA-256 of whole certificates. */
static enum cmc_rc make_value(const struct job *j, const struct cmc_anchor_set *set,
                              struct cmc_trust_anchors *out, struct cmc_err *err)
{
    struct cmc_slice *hashes =
        cmc_list_add(j->arena, &cmc_it_set_any, &out->anchor_hashes, set->ncerts);

    out->seq_number = cmc_int_from_u64(j->arena, set->sequence);
    if (hashes == NULL || out->seq_number.p == NULL)
        return no_memory(err);
    cmc_digest_algid(CMC_DIGEST_SHA256, &out->hash);
    for (size_t i = 0; i < set->ncerts; i++) {
        uint8_t *digest = cmc_arena_alloc(j->arena, CMC_DIGEST_MAX);
        enum cmc_rc rc;
        size_t n;

        if (digest == NULL)
            return no_memory(err);
        rc = cmc_digest(j->r->crypto, CMC_DIGEST_SHA256, set->certs[i], digest, &n, err);
        if (rc != CMC_OK)
            return rc;
        hashes[i] = cmc_slice(digest, n);
    }
    return CMC_OK;
}

/*
 * [10002-6.16-u1]: the content type is id-cct-PKIData in a response too. The nonce of the request
 * stands under the MAC, so that old anchors cannot be given out again in a new answer.
 */
static enum cmc_rc make_inner(const struct job *j, const struct cmc_trust_anchors *anchors,
                              struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_pkidata inner = {0};
    enum cmc_rc rc = cmc_control_add(j->arena, &inner.controls, 1, cmc_oid_id_cmc_trustedAnchors,
                                     &cmc_it_trust_anchors, anchors, err);

    if (rc == CMC_OK && j->sender_nonce.p != NULL)
        rc = cmc_control_add(j->arena, &inner.controls, 2, cmc_oid_id_cmc_recipientNonce,
                             &cmc_it_nonce, &j->sender_nonce, err);
    return rc == CMC_OK ? cmc_pkidata_encode(j->arena, &inner, out, err) : rc;
}

static enum cmc_rc add_auth_data(const struct job *j, const struct cmc_trust_anchors *anchors,
                                 struct cmc_pkiresponse *resp, uint32_t *next_id,
                                 struct cmc_err *err)
{
    struct cmc_tagged_content_info *to =
        cmc_list_add(j->arena, &cmc_it_cms_sequence, &resp->cms, 1);
    struct cmc_mac_content what = {.type = cmc_oid_id_cct_PKIData};
    enum cmc_rc rc;

    if (to == NULL)
        return no_memory(err);
    to->body_part_id = (*next_id)++;
    rc = make_inner(j, anchors, &what.content, err);
    if (rc == CMC_OK)
        rc = cmc_shared_password(j->identity.name, j->identity.secret.value, j->arena,
                                 &what.password, err);
    if (rc == CMC_OK)
        rc = cmc_authenticated_data_create(j->r->crypto, &what, j->arena, &to->content, err);
    if (rc == CMC_OK)
        rc = cmc_control_add(j->arena, &resp->controls, (*next_id)++, cmc_oid_id_cmc_authData,
                             &cmc_it_body_part_id, &to->body_part_id, err);
    return rc;
}

enum cmc_rc cmc_answer_anchors(struct job *j, struct cmc_pkiresponse *resp, uint32_t *next_id,
                               struct cmc_err *err)
{
    struct cmc_anchor_set set;
    struct cmc_trust_anchors value = {0};
    enum cmc_rc rc;

    if (!j->rules->publish_anchors || j->refused)
        return CMC_OK;
    rc = j->r->auth->ops->anchors(j->r->auth->self, j->arena, &set, err);
    if (rc == CMC_E_NOTFOUND)
        return CMC_OK; /* none were published yet */
    if (rc == CMC_OK)
        rc = make_value(j, &set, &value, err);
    for (size_t i = 0; rc == CMC_OK && i < set.ncerts; i++)
        rc = cmc_job_answer_cert(j, set.certs[i], err);
    if (rc == CMC_OK)
        rc = cmc_control_add(j->arena, &resp->controls, (*next_id)++, cmc_oid_id_cmc_trustedAnchors,
                             &cmc_it_trust_anchors, &value, err);
    if (rc == CMC_OK && j->requester.kind == CMC_REQUESTER_SECRET &&
        j->identity.secret.value.p != NULL)
        rc = add_auth_data(j, &value, resp, next_id, err);
    return rc;
}
