/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ties messages together, and what keeps one from being used twice: who sent it, nonces,
 * transactionId (RFC 10002 section 6.6) and signing time.
 *
 * Our own nonces need no memory: half of one is random, half a MAC over that and the
 * transactionId with a secret of the store. So one can be told apart from others for ever, and
 * only within the transaction that it was made for.
 */
#include <openssl/crypto.h>

#include "asn1/oids.h"
#include "base/buf.h"
#include "crypto/mac.h"
#include "responder/responder_int.h"

#define CLAUSE       "RFC 10002 section 6.6"
#define NONCE_RANDOM 16u
#define NONCE_MAC    16u

/* -- who sent it ------------------------------------------------------------------------- */

/* SHA-256 of two octet strings, of which the first says what the second is. */
static enum cmc_rc digest_of(const struct job *j, struct cmc_slice what, struct cmc_slice value,
                             uint8_t out[CMC_SHA256_OCTETS], struct cmc_err *err)
{
    const struct cmc_slice pieces[] = {what, value};
    uint8_t md[CMC_DIGEST_MAX];
    size_t n;
    enum cmc_rc rc =
        cmc_digest_pieces(j->r->crypto, CMC_DIGEST_SHA256, pieces, CMC_COUNT(pieces), md, &n, err);

    if (rc == CMC_OK)
        memcpy(out, md, CMC_SHA256_OCTETS);
    return rc;
}

enum cmc_rc cmc_job_key_digest(struct job *j, struct cmc_slice spki, uint8_t out[CMC_SHA256_OCTETS],
                               struct cmc_err *err)
{
    return digest_of(j, CMC_SLICE_LIT(""), spki, out, err);
}

enum cmc_rc cmc_job_cert_owner(const struct job *j, struct cmc_slice cert,
                               uint8_t out[CMC_SHA256_OCTETS], struct cmc_err *err)
{
    return digest_of(j, CMC_SLICE_LIT("certificate:"), cert, out, err);
}

enum cmc_rc cmc_job_owner(struct job *j, uint8_t out[CMC_SHA256_OCTETS], bool *known,
                          struct cmc_err *err)
{
    const struct cmc_requester *who = &j->requester;

    *known = true;
    switch (who->kind) {
    case CMC_REQUESTER_OFFICER:
    case CMC_REQUESTER_HOLDER:
        return cmc_job_cert_owner(j, who->cert, out, err);
    case CMC_REQUESTER_SECRET:
        return digest_of(j, CMC_SLICE_LIT("secret:"), cmc_slice_str(who->name), out, err);
    case CMC_REQUESTER_NONE:
    default:
        break;
    }
    if (j->self_key != NULL)
        return cmc_job_key_digest(j, j->self_spki, out, err);
    *known = false;
    return CMC_OK;
}

enum cmc_rc cmc_job_is_owner(struct job *j, const uint8_t owner[CMC_SHA256_OCTETS],
                             const uint8_t key[CMC_SHA256_OCTETS], bool *is, struct cmc_err *err)
{
    uint8_t me[CMC_SHA256_OCTETS], my_key[CMC_SHA256_OCTETS];
    bool known;
    enum cmc_rc rc = cmc_job_owner(j, me, &known, err);

    *is = rc == CMC_OK && known && CRYPTO_memcmp(me, owner, sizeof me) == 0;
    if (rc != CMC_OK || *is || j->self_key == NULL)
        return rc;
    rc = cmc_job_key_digest(j, j->self_spki, my_key, err);
    *is = rc == CMC_OK && CRYPTO_memcmp(my_key, key, sizeof my_key) == 0;
    return rc;
}

/* [10002-6.6-b] */
enum cmc_rc cmc_job_same_transaction(const struct job *j, struct cmc_slice first, uint32_t control,
                                     struct cmc_err *err)
{
    enum cmc_rc rc;

    if (first.p == NULL || cmc_slice_eq(first, j->transaction_id))
        return CMC_OK;
    rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                       "the transactionId is %s; repeat that of the first message of the "
                       "transaction",
                       j->transaction_id.p == NULL ? "missing" : "another");
    cmc_err_body_part(err, control);
    return rc;
}

/* -- signing time ------------------------------------------------------------------------ */

enum cmc_rc cmc_job_check_time(struct job *j, struct cmc_err *err)
{
    int64_t window = j->rules->time_seconds;

    for (size_t i = 0; window > 0 && i < j->sd.signer_infos.n; i++) {
        int64_t at = 0, off;
        bool present;
        enum cmc_rc rc = cmc_signer_time(&j->sd, i, j->arena, &at, &present, err);

        if (rc != CMC_OK)
            return rc;
        off = at > j->x->now ? at - j->x->now : j->x->now - at;
        if (present && off > window)
            return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_TIME, "RFC 10002 section 6.1.4",
                                 "the message was signed %lld seconds %s now, where %lld are "
                                 "allowed; check the clock",
                                 (long long)off, at > j->x->now ? "after" : "before",
                                 (long long)window);
    }
    return CMC_OK;
}

/* -- nonces ------------------------------------------------------------------------------ */

static enum cmc_rc nonce_mac(const struct job *j, const uint8_t random[NONCE_RANDOM],
                             uint8_t out[CMC_DIGEST_MAX], struct cmc_err *err)
{
    uint8_t secret[CMC_TXN_DIGEST_OCTETS];
    struct cmc_buf b;
    enum cmc_rc rc;
    size_t n;

    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_add(&b, random, NONCE_RANDOM);
    cmc_buf_byte(&b, j->transaction_id.p != NULL);
    cmc_buf_slice(&b, j->transaction_id);
    rc = cmc_buf_ok(&b) ? j->r->auth->ops->nonce_secret(j->r->auth->self, secret, err)
                        : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a nonce");
    if (rc == CMC_OK)
        rc = cmc_hmac(j->r->crypto, cmc_mac_by_digest(CMC_DIGEST_SHA256),
                      cmc_slice(secret, sizeof secret), cmc_buf_get0(&b), out, &n, err);
    OPENSSL_cleanse(secret, sizeof secret);
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc cmc_job_make_nonce(const struct job *j, struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t *octets = cmc_arena_alloc(j->arena, NONCE_RANDOM + NONCE_MAC);
    uint8_t mac[CMC_DIGEST_MAX];
    enum cmc_rc rc;

    if (octets == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a nonce");
    rc = cmc_random_public(j->r->crypto, octets, NONCE_RANDOM, err);
    if (rc == CMC_OK)
        rc = nonce_mac(j, octets, mac, err);
    if (rc != CMC_OK)
        return rc;
    memcpy(octets + NONCE_RANDOM, mac, NONCE_MAC);
    *out = cmc_slice(octets, NONCE_RANDOM + NONCE_MAC);
    return CMC_OK;
}

static enum cmc_rc bad_nonce(const struct job *j, struct cmc_slice control, struct cmc_err *err,
                             const char *text)
{
    const struct cmc_tagged_attribute *ta = cmc_control_first(&j->body.controls, control);
    enum cmc_rc rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE, "%s", text);

    if (ta != NULL)
        cmc_err_body_part(err, ta->body_part_id);
    return rc;
}

/* [10002-6.6-u1]: the first message has none, and later ones have ours of this transaction. */
static enum cmc_rc check_recipient_nonce(struct job *j, struct cmc_err *err)
{
    uint8_t mac[CMC_DIGEST_MAX];
    struct cmc_slice given = j->recipient_nonce;
    enum cmc_rc rc;

    if (given.p == NULL || j->rules->dogtag)
        return CMC_OK;
    if (given.n == NONCE_RANDOM + NONCE_MAC) {
        rc = nonce_mac(j, given.p, mac, err);
        if (rc != CMC_OK || CRYPTO_memcmp(mac, given.p + NONCE_RANDOM, NONCE_MAC) == 0)
            return rc;
    }
    return bad_nonce(j, cmc_oid_id_cmc_recipientNonce, err,
                     "the recipientNonce is no senderNonce that this server sent in this "
                     "transaction; the first message of a transaction has none");
}

/* The same sender, the same nonce and another message: a replay, or a client that cannot count. */
static enum cmc_rc check_sender_nonce(struct job *j, struct cmc_err *err)
{
    uint8_t owner[CMC_SHA256_OCTETS], md[CMC_SHA256_OCTETS];
    struct cmc_nonce_use before;
    enum cmc_rc rc;

    if (j->sender_nonce.p == NULL || !j->rules->refuse_nonces)
        return CMC_OK;
    rc = cmc_job_owner(j, owner, &j->nonce_known, err);
    if (rc != CMC_OK || !j->nonce_known)
        return rc;
    rc = digest_of(j, cmc_slice(owner, sizeof owner), j->sender_nonce, md, err);
    if (rc != CMC_OK)
        return rc;
    memcpy(j->nonce.key, md, sizeof j->nonce.key);
    memcpy(j->nonce.message, j->digest, sizeof j->nonce.message);
    /* Nearly every nonce is new, and the transaction finds the one that is not: then this is the
     * second attempt, and it is looked up to say so. */
    if (j->x->attempt == 0)
        return CMC_OK;
    rc = j->r->auth->ops->nonce(j->r->auth->self, j->nonce.key, &before, err);
    if (rc == CMC_E_NOTFOUND)
        return CMC_OK;
    if (rc == CMC_OK && memcmp(before.message, j->nonce.message, sizeof before.message) != 0)
        return bad_nonce(j, cmc_oid_id_cmc_senderNonce, err,
                         "this senderNonce was used before, for another message; make a new one "
                         "for each");
    return rc;
}

enum cmc_rc cmc_job_check_nonces(struct job *j, struct cmc_err *err)
{
    enum cmc_rc rc = check_recipient_nonce(j, err);

    return rc == CMC_OK ? check_sender_nonce(j, err) : rc;
}
