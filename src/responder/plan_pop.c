/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof of possession of one request: by its signature, or by challenge in two trips (RFC 10002
 * section 6.7). Nothing is kept between the trips; see pop/challenge.h.
 */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

#define CLAUSE "RFC 10002 section 6.7"

static enum cmc_rc bad_control(uint32_t control, struct cmc_err *err, const char *text)
{
    enum cmc_rc rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE, "%s", text);

    cmc_err_body_part(err, control);
    return rc;
}

static bool has_request(const struct job *j, uint32_t id)
{
    for (size_t i = 0; i < j->body.requests.n; i++) {
        if (cmc_tagged_request_id(CMC_AT(const struct cmc_tagged_request, j->body.requests, i)) ==
            id)
            return true;
    }
    return false;
}

static const struct cmc_decrypted_pop *find_answer(const struct job *j, uint32_t id)
{
    for (size_t i = 0; i < j->npops; i++) {
        if (j->pops[i].body_part_id == id)
            return &j->pops[i];
    }
    return NULL;
}

/* [10002-6.7-h, 10002-6.7-u6] */
enum cmc_rc cmc_plan_decrypted_pop(struct job *j, const struct cmc_tagged_attribute *ta,
                                   struct cmc_err *err)
{
    struct cmc_decrypted_pop pop = {0};
    enum cmc_rc rc = cmc_control_decode(ta, j->arena, &pop, err);

    if (rc != CMC_OK)
        return rc;
    /* One for each request: controls under authData are not counted among the message's. */
    if (j->pops == NULL)
        j->pops = cmc_arena_array(j->arena, j->body.requests.n, sizeof *j->pops);
    if (j->pops == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a plan");
    /* Dogtag's client always writes 1; where there is one request only, that is the one. */
    if (j->rules->lax_ids && !has_request(j, pop.body_part_id) && j->body.requests.n == 1)
        pop.body_part_id =
            cmc_tagged_request_id(CMC_AT(const struct cmc_tagged_request, j->body.requests, 0));
    if (!has_request(j, pop.body_part_id))
        return bad_control(ta->body_part_id, err,
                           "decryptedPOP names a body part that is no request of this message");
    if (find_answer(j, pop.body_part_id) != NULL)
        return bad_control(ta->body_part_id, err, "two decryptedPOP for the same request");
    j->pops[j->npops++] = pop;
    return CMC_OK;
}

/* What may be challenged: a request that asks for it, or that shows nothing at all. */
static bool may_challenge(const struct plan_item *it)
{
    return it->tagged != NULL && cmc_envelope_can(it->key) &&
           (it->asked.pop == CMC_POP_BY_CHALLENGE ||
            (it->asked.pop == CMC_POP_NONE && !it->asked.ra_verified));
}

static enum cmc_rc secrets_of(struct job *j, struct cmc_challenge_secrets *out, struct cmc_err *err)
{
    return j->r->auth->ops->challenge_secrets(j->r->auth->self, j->x->now, out, err);
}

/*
 * [10002-6.8-a, 10002-6.8-u2, 10004-10-d] An RA says that it has seen the proof: no challenge then,
 * and no certificate where that is not taken. A signature that is there must be right all the same,
 * unless it is of a kind that only the RA knows.
 */
static enum cmc_rc check_vouched(struct job *j, const struct plan_item *it, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    if ((j->rules->ra & CMC_RA_POP) == 0)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_POP_FAILED, "RFC 10002 section 6.8",
                             "proof of possession is not taken from registration authorities at "
                             "this endpoint");
    if (it->asked.pop == CMC_POP_BY_SIGNATURE)
        rc = cmc_request_check_pop(j->r->crypto, &it->asked, it->key, j->rules->allow_weak,
                                   j->arena, err);
    return rc == CMC_E_REFUSED ? CMC_OK : rc;
}

/* [10004-5.1-ab] A DH key cannot sign; it proves itself to a DH certificate of the CA. */
static enum cmc_rc check_dh(struct job *j, const struct plan_item *it, struct cmc_err *err)
{
    struct cmc_dh_pop ours;
    enum cmc_rc rc = j->r->auth->ops->dh_pop(j->r->auth->self, &ours, err);

    if (rc == CMC_E_NOTFOUND)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 6955 section 4",
                             "this authority has no Diffie-Hellman certificate to prove "
                             "possession to");
    return rc == CMC_OK ? cmc_dh_pop_check(j->r->crypto, &ours, &it->asked, it->key,
                                           j->rules->allow_weak, j->arena, err)
                        : rc;
}

/* [10004-10-c, 10002-C.1-d] */
enum cmc_rc cmc_plan_check_pop(struct job *j, struct plan_item *it, struct cmc_err *err)
{
    const struct cmc_decrypted_pop *answer =
        it->tagged != NULL ? find_answer(j, it->body_part) : NULL;
    struct cmc_challenge_secrets secrets;
    enum cmc_rc rc = CMC_OK;

    if (it->ra_pop)
        return check_vouched(j, it, err);
    if (it->asked.pop == CMC_POP_BY_SIGNATURE && cmc_dh_pop_is(&it->asked.pop_alg))
        return check_dh(j, it, err);
    if (!may_challenge(it))
        rc = cmc_request_check_pop(j->r->crypto, &it->asked, it->key, j->rules->allow_weak,
                                   j->arena, err);
    else
        it->challenge_due = answer == NULL;
    if (rc == CMC_E_CRYPTO && j->rules->dogtag && it->request.form == CMC_FORM_CRMF &&
        cmc_extension_find(&it->request.extensions, cmc_oid_id_ce_subjectKeyIdentifier) != NULL)
        rc = cmc_fail_info(err, rc, CMC_FAIL_POP_FAILED, "RFC 4211 section 4.1",
                           "the proof of possession does not verify; if CRMFPopClient 11.7 or "
                           "newer made this with -y, CMCRequest has taken a DEFAULT out of what "
                           "was signed: use PKCS10Client, or CRMFPopClient without -y");
    if (rc != CMC_OK || answer == NULL)
        return rc;
    rc = secrets_of(j, &secrets, err);
    if (rc == CMC_OK)
        rc =
            cmc_challenge_check(j->r->crypto, &secrets, it->tagged, answer, j->rules->lax_ids, err);
    OPENSSL_cleanse(&secrets, sizeof secrets);
    if (rc == CMC_E_CRYPTO)
        rc = cmc_fail_info(err, rc, CMC_FAIL_POP_FAILED, CLAUSE,
                           "decryptedPOP is not the answer to the challenge for this request; "
                           "begin anew without it");
    it->challenge_met = rc == CMC_OK;
    return rc;
}

/* [10002-6.7-c, 10002-6.7-u1, 10004-5.1-af, 10004-5.1-ag, 10004-5.2-p, 10004-5.2-q]
 * [10002-3.1-u2] */
enum cmc_rc cmc_plan_challenge(struct job *j, struct plan_item *it, struct cmc_err *err)
{
    struct cmc_encrypted_pop *challenge;
    struct cmc_challenge_secrets secrets;
    enum cmc_rc rc;

    if (!it->challenge_due)
        return CMC_OK;
    challenge = cmc_arena_alloc(j->arena, sizeof *challenge);
    if (challenge == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a challenge");
    rc = secrets_of(j, &secrets, err);
    /* Dogtag's client reads its own form only, and knows no challenge but for RSA. */
    if (rc == CMC_OK && j->rules->dogtag && EVP_PKEY_is_a(it->key, "RSA") == 1)
        rc = cmc_challenge_make_dogtag(j->r->crypto, &secrets, it->tagged, it->key, j->arena,
                                       challenge, err);
    else if (rc == CMC_OK)
        rc = cmc_challenge_make(j->r->crypto, &secrets, it->tagged, &it->asked, it->key, j->arena,
                                challenge, err);
    OPENSSL_cleanse(&secrets, sizeof secrets);
    if (rc != CMC_OK)
        return rc;
    it->challenge = challenge;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_POP_REQUIRED, CLAUSE,
                         "the key is to show that it can decrypt: send the same request again with "
                         "decryptedPOP for the challenge in this response");
}

enum cmc_rc cmc_answer_challenges(const struct job *j, struct cmc_pkiresponse *resp,
                                  uint32_t *next_id, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < j->nitems; i++) {
        if (j->items[i].challenge != NULL)
            rc = cmc_control_add(j->arena, &resp->controls, (*next_id)++,
                                 cmc_oid_id_cmc_encryptedPOP, &cmc_it_encrypted_pop,
                                 j->items[i].challenge, err);
    }
    return rc;
}

/* Eight octets that name the request, positive for those who read a number: Dogtag's client gives
 * them back as regInfo, and does not go on without. */
static enum cmc_rc add_request_number(const struct job *j, struct cmc_pkiresponse *resp,
                                      uint32_t *next_id, struct cmc_err *err)
{
    uint8_t number[8];
    const struct cmc_slice value = {number, sizeof number};

    memcpy(number, j->digest, sizeof number);
    number[0] &= 0x7f;
    return cmc_control_add(j->arena, &resp->controls, (*next_id)++, cmc_oid_id_cmc_responseInfo,
                           &cmc_it_octet_string, &value, err);
}

enum cmc_rc cmc_answer_request_number(const struct job *j, struct cmc_pkiresponse *resp,
                                      uint32_t *next_id, struct cmc_err *err)
{
    for (size_t i = 0; i < j->nitems; i++) {
        if (j->items[i].challenge != NULL)
            return add_request_number(j, resp, next_id, err);
    }
    return CMC_OK;
}
