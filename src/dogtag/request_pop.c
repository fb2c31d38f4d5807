/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second trip of a proof of possession by challenge: decrypt what the CA sent, answer it.
 * Dogtag's own way with EncryptedPOP: thePOPAlgID holds the cipher and the IV of the challenge
 * (the IV inside the EnvelopedData is a placeholder), the content has no padding, the MAC is
 * HMAC-SHA256 without being named. The RFC's way is read too.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"
#include "cms/enveloped_data.h"
#include "cms/signed_data.h"
#include "dogtag/request.h"
#include "message/status.h"

struct challenge {
    struct cmc_encrypted_pop pop;
    struct cmc_slice request_tlv; /* the TaggedRequest as it stands */
    bool has_info;
    struct cmc_slice info; /* responseInfo */
    struct cmc_slice y;
    const struct cmc_mac_alg *mac;
};

/* A response that asks for no POP is no challenge. */
static enum cmc_rc check_status(struct dog_request *rq, const struct cmc_pkiresponse *body)
{
    struct cmc_outcome *o = NULL;
    size_t n = 0;
    enum cmc_rc rc = cmc_status_read(rq->d->arena, &body->controls, &o, &n, &rq->d->err);

    for (size_t i = 0; i < n && rc == CMC_OK; i++) {
        if (o[i].fail_info == CMC_FAIL_POP_REQUIRED || o[i].status == CMC_STATUS_POP_REQUIRED)
            continue;
        rc = cmc_fail(&rq->d->err, CMC_E_REFUSED, NULL,
                      "the response asks for no proof of possession: its status is %s%s%s",
                      cmc_status_name(o[i].status), o[i].fail_info >= 0 ? ", " : "",
                      o[i].fail_info >= 0 ? cmc_fail_info_name((uint32_t)o[i].fail_info) : "");
    }
    return rc;
}

static enum cmc_rc value_of(struct dog_request *rq, const struct cmc_tagged_attribute *ta,
                            const struct cmc_item *it, void *out)
{
    return cmc_decode(it, *CMC_AT(const struct cmc_slice, ta->values, 0), rq->d->arena, out,
                      &rq->d->err);
}

static enum cmc_rc open_response(struct dog_request *rq, const char *path, struct challenge *ch)
{
    struct dog *d = rq->d;
    struct cmc_signed_data sd = {0};
    struct cmc_pkiresponse body = {0};
    struct cmc_answer_view view;
    const struct cmc_tagged_attribute *ta = NULL;
    struct cmc_slice file;
    enum cmc_rc rc = dog_read(d, path, &file);

    if (rc == CMC_OK)
        rc = cmc_signed_data_open(file, d->arena, &sd, &d->err);
    if (rc == CMC_OK && !cmc_slice_eq(sd.encap.type, cmc_oid_id_cct_PKIResponse))
        rc = cmc_fail(&d->err, CMC_E_INPUT, NULL, "the message is no CMC full response");
    /* Whose word it is the user's CA certificate would tell; that it is one piece, this does. */
    if (rc == CMC_OK)
        rc = cmc_answer_open(d->crypto, file, NULL, NULL, d->arena, &view, &d->err);
    if (rc == CMC_OK)
        rc = cmc_pkiresponse_open(sd.encap.content, d->arena, &body, &d->err);
    if (rc == CMC_OK)
        rc = check_status(rq, &body);
    if (rc != CMC_OK)
        return rc;
    ta = cmc_control_first(&body.controls, cmc_oid_id_cmc_encryptedPOP);
    if (ta == NULL)
        return cmc_fail(&d->err, CMC_E_INPUT, NULL, "the response holds no encryptedPOP control");
    rc = value_of(rq, ta, &cmc_it_encrypted_pop, &ch->pop);
    ch->request_tlv = ch->pop.request.raw;
    ta = cmc_control_first(&body.controls, cmc_oid_id_cmc_responseInfo);
    ch->has_info = ta != NULL;
    if (rc == CMC_OK && ta != NULL)
        rc = value_of(rq, ta, &cmc_it_octet_string, &ch->info);
    return rc;
}

static enum cmc_rc decrypt(struct dog_request *rq, struct challenge *ch)
{
    struct dog *d = rq->d;
    struct cmc_enveloped_data ed = {0};
    const struct cmc_cms_recipient who = {.key = rq->own,
                                          .force_padding = dog_config_on(rq->cfg, "oaep"),
                                          .padding = CMC_RSA_OAEP_SHA256};
    const struct cmc_cipher_alg *cipher = NULL;
    struct cmc_slice key, iv;
    enum cmc_rc rc = cmc_enveloped_data_open(&ch->pop.cms, d->arena, &ed, &d->err);

    if (rc != CMC_OK)
        return rc;
    if (cmc_mac_from_algid(&ch->pop.pop_alg, false, &ch->mac, NULL) == CMC_OK)
        return cmc_enveloped_data_decrypt(d->crypto, &ed, &who, d->arena, &ch->y, &d->err);
    ch->mac = cmc_mac_by_digest(CMC_DIGEST_SHA256);
    rc = cmc_cipher_from_algid(&ch->pop.pop_alg, &cipher, &d->err);
    if (rc == CMC_OK)
        rc = cmc_cipher_iv(cipher, &ch->pop.pop_alg, d->arena, &iv, &d->err);
    if (rc == CMC_OK)
        rc = cmc_enveloped_data_key(d->crypto, &ed, &who, cipher->key_octets, d->arena, &key,
                                    &d->err);
    if (rc == CMC_OK && ed.content.content.p == NULL)
        rc = cmc_fail(&d->err, CMC_E_INPUT, NULL, "the challenge is empty");
    if (rc == CMC_OK)
        rc = cmc_cipher(d->crypto, cipher, CMC_DECRYPT, key, iv, false, ed.content.content,
                        d->arena, &ch->y, &d->err);
    return rc;
}

/* decryptedPOP, and regInfo with what the CA told us to give back. */
static enum cmc_rc add_controls(struct dog_request *rq, const struct challenge *ch)
{
    struct dog *d = rq->d;
    uint8_t pop[CMC_DIGEST_MAX];
    size_t n = 0;
    struct cmc_decrypted_pop dp = {.body_part_id = cmc_tagged_request_id(&ch->pop.request),
                                   .pop_alg = ch->pop.pop_alg};
    enum cmc_rc rc =
        cmc_decrypted_pop(d->crypto, ch->mac, ch->y, ch->request_tlv, pop, &n, &d->err);

    dp.pop = cmc_slice(pop, n);
    if (rc == CMC_OK)
        rc = cmc_control_add(d->arena, &rq->body.controls, dog_request_id(rq),
                             cmc_oid_id_cmc_decryptedPOP, &cmc_it_decrypted_pop, &dp, &d->err);
    if (rc == CMC_OK && ch->has_info)
        rc = cmc_control_add(d->arena, &rq->body.controls, dog_request_id(rq),
                             cmc_oid_id_cmc_regInfo, &cmc_it_octet_string, &ch->info, &d->err);
    if (rc == CMC_OK && !ch->has_info)
        dog_warn(d, "the response holds no responseInfo; Dogtag's CA will not find the request");
    return rc;
}

enum cmc_rc dog_request_decrypted_pop(struct dog_request *rq)
{
    struct dog *d = rq->d;
    const char *path = NULL;
    struct challenge ch = {0};
    struct cmc_tagged_request *tr;
    enum cmc_rc rc = dog_config_want(d, rq->cfg, "encryptedPopResponseFile",
                                     "the CA's response with the challenge", &path);

    if (rc == CMC_OK)
        rc = dog_request_own_key(rq, "the key that decrypts the challenge");
    if (rc != CMC_OK)
        return rc;
    rc = open_response(rq, path, &ch);
    if (rc == CMC_OK)
        rc = decrypt(rq, &ch);
    if (rc == CMC_OK)
        rc = cmc_encrypted_pop_check(d->crypto, &ch.pop, ch.y, &d->err);
    if (rc != CMC_OK) {
        cmc_err_prefix(&d->err, "%s", path);
        return rc;
    }
    rq->inputs = cmc_arena_alloc(d->arena, sizeof *rq->inputs);
    tr = cmc_list_add(d->arena, &cmc_it_tagged_requests, &rq->body.requests, 1);
    if (rq->inputs == NULL || tr == NULL)
        return dog_no_memory(d);
    *tr = ch.pop.request;
    rq->ninputs = 1;
    rq->inputs[0].path = path;
    rc = cmc_request_from_tagged(tr, d->arena, &rq->inputs[0].rq, &d->err);
    rq->fixed_ids = true;
    rq->next_id = 2; /* as Dogtag numbers them, the request being 1 as a rule */
    return rc == CMC_OK ? add_controls(rq, &ch) : rc;
}
