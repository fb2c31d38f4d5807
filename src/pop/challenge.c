/* SPDX-License-Identifier: Apache-2.0 */
/* Making, checking and answering the challenge of RFC 10002 section 6.7. */
#include "pop/challenge.h"

#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/proof.h"
#include "message/body.h"

#define CLAUSE "RFC 10002 section 6.7"

/* y: 32 octets (64 in Dogtag's form), so that "the first 64" and plain HMAC agree.
 * [10002-6.7-u3] */
static enum cmc_rc challenge_for(const struct cmc_crypto *c, const uint8_t *secret,
                                 struct cmc_slice request, bool dogtag, uint8_t y[CMC_DIGEST_MAX],
                                 size_t *n, struct cmc_err *err)
{
    return cmc_hmac(c, cmc_mac_by_digest(dogtag ? CMC_CHALLENGE_DOGTAG_DIGEST : CMC_DIGEST_SHA256),
                    cmc_slice(secret, CMC_CHALLENGE_SECRET_OCTETS), request, y, n, err);
}

/* -- the server -------------------------------------------------------------------------- */

/* The SKI that the request asks for, absent when it does not. [10002-6.7-d] */
static struct cmc_slice asked_ski(const struct cmc_request *rq, struct cmc_arena *arena)
{
    const struct cmc_extension *e =
        cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectKeyIdentifier);
    struct cmc_slice ski = CMC_SLICE_NONE;

    if (e == NULL || cmc_decode(&cmc_it_octet_string, e->value, arena, &ski, NULL) != CMC_OK)
        return CMC_SLICE_NONE;
    return ski;
}

/* [10002-6.7-u4, 10004-5.1-w] */
static enum cmc_rc set_witness(const struct cmc_crypto *c, struct cmc_slice y,
                               struct cmc_arena *arena, struct cmc_encrypted_pop *out,
                               struct cmc_err *err)
{
    uint8_t md[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = cmc_digest(c, CMC_DIGEST_SHA256, y, md, &n, err);

    cmc_digest_algid(CMC_DIGEST_SHA256, &out->witness_alg);
    cmc_mac_algid(cmc_mac_by_digest(CMC_DIGEST_SHA256), &out->pop_alg);
    out->witness = cmc_arena_slice(arena, cmc_slice(md, n));
    if (rc == CMC_OK && out->witness.p == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a challenge");
    return rc;
}

/* [10002-6.7-d, 10002-6.7-e, 10002-6.7-f, 10002-6.7-u2] */
enum cmc_rc cmc_challenge_make(const struct cmc_crypto *c,
                               const struct cmc_challenge_secrets *secrets,
                               const struct cmc_tagged_request *tr, const struct cmc_request *rq,
                               EVP_PKEY *key, struct cmc_arena *arena,
                               struct cmc_encrypted_pop *out, struct cmc_err *err)
{
    const struct cmc_envelope_to to = {.key = key,
                                       .ski = asked_ski(rq, arena),
                                       .serial = rq->body_part_id,
                                       /* RFC 10004: what everybody must know */
                                       .padding = CMC_RSA_PKCS1_V15};
    uint8_t y[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = challenge_for(c, secrets->now, tr->raw, false, y, &n, err);

    *out = (struct cmc_encrypted_pop){.request = *tr};
    if (rc == CMC_OK)
        rc = set_witness(c, cmc_slice(y, n), arena, out, err);
    if (rc == CMC_OK)
        rc = cmc_envelope_create(c, &to, cmc_oid_id_data, cmc_slice(y, n), arena, &out->cms, err);
    OPENSSL_cleanse(y, sizeof y);
    return rc;
}

/* Dogtag puts the content cipher, with the IV that counts, where the MAC algorithm belongs. */
static bool is_dogtag(const struct cmc_algid *pop_alg)
{
    const struct cmc_cipher_alg *alg;

    return cmc_cipher_from_algid(pop_alg, &alg, NULL) == CMC_OK;
}

/* [10004-5.1-x] */
static enum cmc_rc find_mac(const struct cmc_algid *id, bool dogtag, const struct cmc_mac_alg **out,
                            struct cmc_err *err)
{
    if (!dogtag || !is_dogtag(id))
        return cmc_mac_from_algid(id, false, out, err);
    *out = cmc_mac_by_digest(CMC_DIGEST_SHA256);
    return CMC_OK;
}

/* [10002-6.7-h, 10002-6.7-u8, 10004-5.1-x] */
enum cmc_rc cmc_challenge_check(const struct cmc_crypto *c,
                                const struct cmc_challenge_secrets *secrets,
                                const struct cmc_tagged_request *tr,
                                const struct cmc_decrypted_pop *pop, bool dogtag,
                                struct cmc_err *err)
{
    const uint8_t *const both[] = {secrets->now, secrets->before};
    const struct cmc_mac_alg *mac = NULL;
    uint8_t y[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = find_mac(&pop->pop_alg, dogtag, &mac, err);

    if (rc != CMC_OK)
        return rc;
    for (size_t i = 0; i < CMC_COUNT(both); i++) {
        rc = challenge_for(c, both[i], tr->raw, is_dogtag(&pop->pop_alg), y, &n, err);
        if (rc == CMC_OK)
            rc = cmc_decrypted_pop_check(c, mac, cmc_slice(y, n), tr->raw, pop->pop, err);
        OPENSSL_cleanse(y, sizeof y);
        if (rc == CMC_OK)
            break;
    }
    return rc;
}

/* -- the client -------------------------------------------------------------------------- */

static enum cmc_rc open_dogtag(const struct cmc_crypto *c, const struct cmc_encrypted_pop *ep,
                               const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                               struct cmc_slice *y, struct cmc_err *err)
{
    const struct cmc_cipher_alg *alg = NULL;
    struct cmc_enveloped_data ed;
    struct cmc_slice key, iv;
    enum cmc_rc rc = cmc_enveloped_data_open(&ep->cms, arena, &ed, err);

    if (rc == CMC_OK && ed.content.content.p == NULL)
        rc = cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, CLAUSE,
                           "the challenge holds no encrypted content");
    if (rc == CMC_OK)
        rc = cmc_cipher_from_algid(&ep->pop_alg, &alg, err);
    if (rc == CMC_OK)
        rc = cmc_cipher_iv(alg, &ep->pop_alg, arena, &iv, err);
    if (rc == CMC_OK)
        rc = cmc_enveloped_data_key(c, &ed, who, alg->key_octets, arena, &key, err);
    if (rc == CMC_OK)
        rc = cmc_cipher(c, alg, CMC_DECRYPT, key, iv, false, ed.content.content, arena, y, err);
    return rc;
}

static enum cmc_rc open_challenge(const struct cmc_crypto *c, const struct cmc_encrypted_pop *ep,
                                  EVP_PKEY *key, struct cmc_arena *arena, struct cmc_slice *y,
                                  struct cmc_err *err)
{
    const struct cmc_cms_recipient who = {.key = key};
    struct cmc_slice type = CMC_SLICE_NONE;
    enum cmc_rc rc;

    if (is_dogtag(&ep->pop_alg))
        return open_dogtag(c, ep, &who, arena, y, err);
    rc = cmc_envelope_open(c, &ep->cms, &who, arena, &type, y, err);
    if (rc == CMC_OK && !cmc_slice_eq(type, cmc_oid_id_data))
        rc = cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, CLAUSE,
                           "the content of the challenge is not id-data");
    return rc;
}

/* [10002-6.7-u6, 10002-6.7-u7] */
enum cmc_rc cmc_challenge_answer(const struct cmc_crypto *c, const struct cmc_encrypted_pop *ep,
                                 EVP_PKEY *key, struct cmc_arena *arena,
                                 struct cmc_decrypted_pop *out, struct cmc_err *err)
{
    const struct cmc_mac_alg *mac = NULL;
    struct cmc_slice y = CMC_SLICE_NONE;
    uint8_t pop[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = find_mac(&ep->pop_alg, true, &mac, err);

    *out = (struct cmc_decrypted_pop){.body_part_id = cmc_tagged_request_id(&ep->request),
                                      .pop_alg = ep->pop_alg};
    if (rc == CMC_OK)
        rc = open_challenge(c, ep, key, arena, &y, err);
    if (rc == CMC_OK)
        rc = cmc_encrypted_pop_check(c, ep, y, err);
    /* Whoever sent this must not learn which of the steps went wrong. */
    if (rc == CMC_E_CRYPTO)
        rc = cmc_fail_info(err, rc, CMC_FAIL_POP_FAILED, CLAUSE,
                           "the challenge does not decrypt with this key to what its witness says");
    if (rc == CMC_OK)
        rc = cmc_decrypted_pop(c, mac, y, ep->request.raw, pop, &n, err);
    if (rc != CMC_OK)
        return rc;
    out->pop = cmc_arena_slice(arena, cmc_slice(pop, n));
    return out->pop.p != NULL ? CMC_OK : cmc_fail(err, CMC_E_MEM, NULL, "no memory for an answer");
}
