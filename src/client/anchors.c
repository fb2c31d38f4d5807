/* SPDX-License-Identifier: Apache-2.0 */
#include "client/anchors.h"

#include <inttypes.h>
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "client/chain.h"
#include "cms/authenticated_data.h"
#include "control/control.h"
#include "control/proof.h"

#define CLAUSE           "RFC 10002 section 6.15"
#define CLAUSE_AUTH_DATA "RFC 10002 section 6.16"

struct reading {
    const struct cmc_crypto *c;
    const struct cmc_answer_view *answer;
    const struct cmc_exchange_state *state;
    const struct cmc_trust *trust;
    const struct cmc_anchor_policy *policy;
    struct cmc_arena *arena;
    struct cmc_anchor_update *out;
};

/* -- numbers ----------------------------------------------------------------------------- */

static struct cmc_slice magnitude(struct cmc_slice s)
{
    while (s.n > 0 && s.p[0] == 0)
        s = cmc_slice(s.p + 1, s.n - 1);
    return s;
}

int cmc_sequence_compare(struct cmc_slice a, struct cmc_slice b)
{
    a = magnitude(a);
    b = magnitude(b);
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return a.n > 0 ? memcmp(a.p, b.p, a.n) : 0;
}

/* -- who published ----------------------------------------------------------------------- */

static bool listed(const struct reading *r, struct cmc_slice octets)
{
    uint8_t digest[CMC_DIGEST_MAX];
    size_t n = 0;

    if (cmc_digest(r->c, CMC_DIGEST_SHA256, octets, digest, &n, NULL) != CMC_OK)
        return false;
    for (size_t i = 0; i < r->policy->nsigners; i++) {
        if (cmc_slice_eq(r->policy->signers[i], cmc_slice(digest, n)))
            return true;
    }
    return false;
}

/* [10002-6.15-c] */
static enum cmc_rc check_permitted(const struct reading *r, const struct cmc_trust *trust,
                                   struct cmc_err *err)
{
    struct cmc_slice der = r->answer->signer_cert;
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, der, r->arena, &cert, err);

    if (rc != CMC_OK)
        return rc;
    if (r->policy->nsigners == 0)
        return cmc_responder_check(der, trust, r->arena, err);
    if (listed(r, der) || listed(r, cert.tbs.spki.raw))
        return CMC_OK;
    return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                    "the signer of the response is none of those that may publish trust anchors "
                    "here");
}

/* [10002-6.15-d] */
static enum cmc_rc check_time(const struct reading *r, struct cmc_err *err)
{
    const struct cmc_anchor_policy *p = r->policy;
    int64_t window = p->window_seconds != 0 ? p->window_seconds : CMC_ANCHORS_WINDOW_SECONDS;
    int64_t at = r->answer->signing_time;

    if (!r->answer->has_signing_time)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                        "the response does not say in its signature when it was signed");
    if (at < p->now - window || at > p->now + window)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                        "the response was signed %" PRId64 " seconds %s now, and %" PRId64
                        " are allowed; is the clock right?",
                        at < p->now ? p->now - at : at - p->now, at < p->now ? "before" : "after",
                        window);
    r->out->signed_at = at;
    return CMC_OK;
}

/*
 * By its name, and by the key of who issued its certificate: a publisher that renews its own key
 * goes on counting, and two CAs of the same name are two.
 */
static enum cmc_rc name_publisher(const struct reading *r, const struct cmc_trust *trust,
                                  struct cmc_err *err)
{
    uint8_t digest[CMC_DIGEST_MAX];
    struct cmc_cert cert = {0}, issuer = {0};
    struct cmc_chain chain = {0};
    struct cmc_buf b;
    enum cmc_rc rc;
    size_t n;

    r->out->signer = r->answer->signer_cert;
    rc = cmc_chain_check(r->c, r->out->signer, r->answer->certs, r->answer->ncerts, trust, r->arena,
                         &chain, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, r->out->signer, r->arena, &cert, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, chain.certs[chain.n > 1], r->arena, &issuer, err);
    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_slice(&b, issuer.tbs.spki.raw);
    cmc_buf_slice(&b, cert.tbs.subject);
    rc = cmc_buf_ok(&b) ? cmc_digest(r->c, CMC_DIGEST_SHA256, cmc_buf_get0(&b), digest, &n, err)
                        : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
    cmc_buf_free(&b);
    if (rc == CMC_OK)
        memcpy(r->out->publisher, digest, sizeof r->out->publisher);
    return rc;
}

/* -- what was published ------------------------------------------------------------------ */

static const struct cmc_tagged_attribute *only(const struct cmc_list *controls,
                                               struct cmc_slice type, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < controls->n; i++)
        *n += cmc_slice_eq(CMC_AT(const struct cmc_tagged_attribute, *controls, i)->type, type);
    return cmc_control_first(controls, type);
}

/* The certificate with this digest: it came along, or is at hand. */
static bool find_anchor(const struct reading *r, const struct cmc_digest_alg *alg,
                        struct cmc_slice hash, struct cmc_slice *out)
{
    const struct {
        const struct cmc_slice *v;
        size_t n;
    } places[] = {{r->answer->certs, r->answer->ncerts}, {r->policy->certs, r->policy->ncerts}};

    for (size_t p = 0; p < CMC_COUNT(places); p++) {
        for (size_t i = 0; i < places[p].n; i++) {
            uint8_t digest[CMC_DIGEST_MAX];
            struct cmc_cert cert = {0};
            size_t n = 0;

            if (cmc_digest(r->c, alg->id, places[p].v[i], digest, &n, NULL) == CMC_OK &&
                cmc_slice_eq(hash, cmc_slice(digest, n)) &&
                cmc_decode(&cmc_it_cert, places[p].v[i], r->arena, &cert, NULL) == CMC_OK) {
                *out = places[p].v[i];
                return true;
            }
        }
    }
    return false;
}

/* [10002-6.15-a, 10002-6.15-u1, 10004-5.1-y] */
static enum cmc_rc resolve(const struct reading *r, const struct cmc_trust_anchors *v,
                           struct cmc_err *err)
{
    const struct cmc_digest_alg *alg = cmc_digest_by_oid(v->hash.algorithm);
    struct cmc_slice *certs;

    if (alg == NULL || alg->weak)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE,
                             "the trust anchors are named by a hash that is not known here, or "
                             "too weak; SHA-256 is what everybody has");
    if (v->seq_number.n == 0 || (v->seq_number.p[0] & 0x80) != 0)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE, "the sequence number is negative");
    if (v->anchor_hashes.n == 0)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                        "the published set of trust anchors is empty; that would end all trust");
    if (v->anchor_hashes.n > CMC_LIMIT_ANCHORS)
        return cmc_fail(err, CMC_E_LIMIT, CLAUSE, "more than CMC_LIMIT_ANCHORS (%u) trust anchors",
                        CMC_LIMIT_ANCHORS);
    certs = cmc_arena_array(r->arena, v->anchor_hashes.n, sizeof *certs);
    if (certs == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for trust anchors");
    for (size_t i = 0; i < v->anchor_hashes.n; i++) {
        if (!find_anchor(r, alg, *CMC_AT(const struct cmc_slice, v->anchor_hashes, i), &certs[i]))
            return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                            "the certificate of trust anchor %zu of %zu did not come along; get it "
                            "elsewhere and name its file",
                            i + 1, v->anchor_hashes.n);
    }
    r->out->sequence = v->seq_number;
    r->out->certs = certs;
    r->out->ncerts = v->anchor_hashes.n;
    return CMC_OK;
}

static enum cmc_rc read_control(const struct reading *r, const struct cmc_list *controls,
                                struct cmc_err *err)
{
    struct cmc_trust_anchors v = {0};
    const struct cmc_tagged_attribute *ta;
    enum cmc_rc rc;
    size_t n;

    ta = only(controls, cmc_oid_id_cmc_trustedAnchors, &n);
    if (ta == NULL)
        return cmc_fail(err, CMC_E_NOTFOUND, CLAUSE, "the response publishes no trust anchors");
    if (n > 1)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                        "the response publishes %zu sets of trust anchors; which is meant?", n);
    rc = cmc_control_decode(ta, r->arena, &v, err);
    return rc == CMC_OK ? resolve(r, &v, err) : rc;
}

/* -- under a MAC ------------------------------------------------------------------------- */

static enum cmc_rc find_auth_data(const struct reading *r, struct cmc_authenticated_data *ad,
                                  struct cmc_err *err)
{
    const struct cmc_pkiresponse *body = &r->answer->body;
    const struct cmc_tagged_attribute *ta;
    uint32_t id = 0;
    enum cmc_rc rc;
    size_t n;

    ta = only(&body->controls, cmc_oid_id_cmc_authData, &n);
    if (ta == NULL || n > 1)
        return cmc_fail(err, CMC_E_NOTFOUND, CLAUSE_AUTH_DATA,
                        "the response holds %zu authData controls where one is due: nothing in it "
                        "is authenticated by the shared secret",
                        n);
    rc = cmc_control_decode(ta, r->arena, &id, err);
    for (size_t i = 0; rc == CMC_OK && i < body->cms.n; i++) {
        const struct cmc_tagged_content_info *t =
            CMC_AT(const struct cmc_tagged_content_info, body->cms, i);

        if (t->body_part_id == id)
            return cmc_authenticated_data_read(&t->content, r->arena, ad, err);
    }
    if (rc != CMC_OK)
        return rc;
    return cmc_fail(err, CMC_E_INPUT, CLAUSE_AUTH_DATA,
                    "authData points to body part %u, which is not in the cmsSequence", id);
}

/* The nonce under the MAC, where the server put one there, ties the anchors to this exchange. */
static enum cmc_rc check_inner_nonce(const struct reading *r, const struct cmc_list *controls,
                                     struct cmc_err *err)
{
    const struct cmc_tagged_attribute *ta =
        cmc_control_first(controls, cmc_oid_id_cmc_recipientNonce);
    struct cmc_slice nonce = CMC_SLICE_NONE;
    enum cmc_rc rc;

    if (ta == NULL || r->state == NULL || !r->state->has_nonce)
        return CMC_OK;
    rc = cmc_control_decode(ta, r->arena, &nonce, err);
    if (rc == CMC_OK &&
        !cmc_slice_eq(nonce, cmc_slice(r->state->sender_nonce, sizeof r->state->sender_nonce)))
        rc = cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 6.6",
                      "what authData points to was made for another request");
    return rc;
}

/* [10002-6.16-u1, 10002-6.16-u2]: nothing inside is looked at before the MAC was found right. */
static enum cmc_rc read_by_secret(const struct reading *r, struct cmc_err *err)
{
    struct cmc_authenticated_data ad = {0};
    struct cmc_slice password = CMC_SLICE_NONE;
    struct cmc_pkidata inner = {0};
    enum cmc_rc rc = find_auth_data(r, &ad, err);

    if (rc != CMC_OK)
        return rc;
    if (!cmc_slice_eq(ad.encap.type, cmc_oid_id_cct_PKIData))
        return cmc_fail(err, CMC_E_INPUT, CLAUSE_AUTH_DATA,
                        "the content under authData is no id-cct-PKIData");
    rc =
        cmc_shared_password(r->policy->identification, r->policy->secret, r->arena, &password, err);
    if (rc != CMC_OK)
        return rc;
    rc = cmc_authenticated_data_check(r->c, &ad, password, false, r->arena, err);
    OPENSSL_cleanse((void *)(uintptr_t)password.p, password.n);
    if (rc == CMC_E_CRYPTO)
        return cmc_fail_info(err, rc, CMC_FAIL_AUTH_DATA_FAIL, CLAUSE_AUTH_DATA,
                             "the trust anchors are not authenticated by the shared secret");
    if (rc == CMC_OK)
        rc = cmc_pkidata_open(ad.encap.content, false, r->arena, &inner, err);
    if (rc == CMC_OK)
        rc = check_inner_nonce(r, &inner.controls, err);
    return rc == CMC_OK ? read_control(r, &inner.controls, err) : rc;
}

/* -- the whole --------------------------------------------------------------------------- */

enum cmc_rc cmc_anchors_read(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                             const struct cmc_exchange_state *state, const struct cmc_trust *trust,
                             const struct cmc_anchor_policy *policy, struct cmc_arena *arena,
                             struct cmc_anchor_update *out, struct cmc_err *err)
{
    const struct reading r = {c, answer, state, trust, policy, arena, out};
    struct cmc_trust anew = {.now = policy->now};
    enum cmc_rc rc;

    *out = (struct cmc_anchor_update){.by_secret = policy->secret.p != NULL};
    if (!answer->full || answer->signer_cert.p == NULL)
        return cmc_fail(err, CMC_E_NOTFOUND, CLAUSE,
                        "trust anchors come in a Full PKI Response, and this is none");
    if (!out->by_secret && trust == NULL)
        return cmc_fail(err, CMC_E_USAGE, CLAUSE,
                        "trust anchors are believed only where something is trusted already");
    rc = out->by_secret ? read_by_secret(&r, err) : read_control(&r, &answer->body.controls, err);
    /* [10002-6.15-b]: the signature was checked against trust by cmc_answer_open(); after a first
     * contact the new anchors have to bear it. */
    if (rc == CMC_OK && out->by_secret) {
        anew.anchors = out->certs;
        anew.nanchors = out->ncerts;
        rc = cmc_chain_check(c, answer->signer_cert, answer->certs, answer->ncerts, &anew, arena,
                             NULL, err);
        if (rc != CMC_OK)
            cmc_err_prefix(err, "the response's signature does not lead to the anchors it brings");
    }
    if (rc == CMC_OK)
        rc = check_permitted(&r, out->by_secret ? &anew : trust, err);
    if (rc == CMC_OK)
        rc = check_time(&r, err);
    if (rc == CMC_OK)
        rc = name_publisher(&r, out->by_secret ? &anew : trust, err);
    return rc;
}

enum cmc_rc cmc_anchors_proof(const struct cmc_crypto *c, struct cmc_slice identification,
                              struct cmc_slice secret, struct cmc_arena *arena,
                              struct cmc_extra_control **out, struct cmc_err *err)
{
    static const uint8_t no_requests[] = {CMC_T_SEQUENCE | CMC_CONSTRUCTED, 0};
    const struct cmc_proof_secret s = {.secret = secret, .identification = identification};
    struct cmc_extra_control *controls = cmc_arena_array(arena, 2, sizeof *controls);
    struct cmc_slice *name = cmc_arena_dup(arena, &identification, sizeof identification);
    struct cmc_proof_v2 *proof = cmc_arena_alloc(arena, sizeof *proof);

    *out = controls;
    if (controls == NULL || name == NULL || proof == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
    controls[0] =
        (struct cmc_extra_control){cmc_oid_id_cmc_identification, &cmc_it_identification, name};
    controls[1] = (struct cmc_extra_control){cmc_oid_id_cmc_identityProofV2,
                                             &cmc_it_identity_proof_v2, proof};
    return cmc_identity_proof_v2(c, &s, cmc_digest_alg(CMC_DIGEST_SHA256),
                                 cmc_mac_by_name("hmac-sha256"),
                                 cmc_slice(no_requests, sizeof no_requests), arena, proof, err);
}
