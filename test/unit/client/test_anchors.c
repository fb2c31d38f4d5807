/* SPDX-License-Identifier: Apache-2.0 */
/* Published trust anchors (RFC 10002 sections 6.15 and 6.16): what a client believes. */
#include "client/anchors.h"

#include "../authority.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"

#define SECRET "sixteen or more characters"

struct world {
    struct test_authority *t;
    struct test_party next; /* a certificate that is published beside the root */
    struct cmc_trust trust;
    struct cmc_anchor_policy policy;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->t = test_authority_new("EC", "P-256");
    w->t->rules.publish_anchors = true;
    w->t->rules.secrets = true;
    w->next = test_party_new(w->t, "root", "CN=Next Root");
    w->trust = (struct cmc_trust){.anchors = &w->t->root.cert, .nanchors = 1, .now = TEST_NOW};
    w->policy = (struct cmc_anchor_policy){.now = TEST_NOW};
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    test_party_free(&w->next);
    test_authority_free(w->t);
    free(w);
    return 0;
}

/* -- a response of the server ------------------------------------------------------------ */

static void publish(struct world *w, const struct cmc_slice *certs, size_t n)
{
    struct cmc_anchor_set set = {.at = TEST_NOW, .certs = certs, .ncerts = n};
    struct cmc_err err = {0};

    assert_int_equal(cmc_store_anchors_put(w->t->store, &set, &err), CMC_OK);
}

static void publish_both(struct world *w)
{
    const struct cmc_slice both[] = {w->t->root.cert, w->next.cert};

    publish(w, both, 2);
}

/* Ask for nothing, unsigned; with a secret, prove it. */
static struct cmc_slice ask(struct world *w, bool secret, struct cmc_exchange_state *state)
{
    struct cmc_full_request rq = {0};
    struct cmc_extra_control *proof;
    struct test_reply r;
    struct cmc_slice body;
    struct cmc_err err = {0};

    if (secret) {
        assert_int_equal(cmc_anchors_proof(w->t->crypto, cmc_slice_str("alice"),
                                           cmc_slice_str(SECRET), w->t->arena, &proof, &err),
                         CMC_OK);
        rq.controls = proof;
        rq.ncontrols = 2;
    }
    assert_int_equal(cmc_full_request_create(w->t->crypto, &rq, w->t->arena, state, &body, &err),
                     CMC_OK);
    r = test_send(w->t, CMC_TYPE_CMC, body, CMC_ANSWER_CMC);
    assert_int_equal(r.http_status, 200);
    return r.body;
}

/* -- a response made by hand ------------------------------------------------------------- */

struct made {
    struct cmc_pkiresponse body;
    uint32_t last;
    bool no_time;
    int64_t at; /* signing time; 0: now */
    struct cmc_slice more;
};

static void add(struct world *w, struct cmc_list *controls, uint32_t id, struct cmc_slice type,
                const struct cmc_item *it, const void *value)
{
    struct cmc_err err = {0};

    assert_int_equal(cmc_control_add(w->t->arena, controls, id, type, it, value, &err), CMC_OK);
}

static struct cmc_trust_anchors anchors_of(struct world *w, const char *seq, struct cmc_slice cert,
                                           enum cmc_digest_id hash)
{
    struct cmc_trust_anchors v = {.seq_number = cmc_slice(seq, 1)};
    uint8_t *digest = cmc_arena_alloc(w->t->arena, CMC_DIGEST_MAX);
    struct cmc_slice *to;
    struct cmc_err err = {0};
    size_t n;

    cmc_digest_algid(hash, &v.hash);
    /* An empty list is there, and holds nothing. */
    to = cmc_list_add(w->t->arena, &cmc_it_set_any, &v.anchor_hashes, cert.p != NULL);
    if (cert.p == NULL)
        return v;
    assert_int_equal(cmc_digest(w->t->crypto, hash, cert, digest, &n, &err), CMC_OK);
    *to = cmc_slice(digest, n);
    return v;
}

static struct cmc_slice sign(struct world *w, struct made *m)
{
    struct test_authority *t = w->t;
    const struct cmc_cms_signer signer = {.key = t->resp.key,
                                          .sid = CMC_SID_ISSUER_SERIAL,
                                          .cert = t->resp.cert,
                                          .signing_time = !m->no_time,
                                          .time = m->at != 0 ? m->at : TEST_NOW};
    const struct cmc_slice certs[] = {t->resp.cert, t->root.cert, m->more};
    struct cmc_cms_content what = {
        .type = cmc_oid_id_cct_PKIResponse, .certs = certs, .ncerts = m->more.p != NULL ? 3 : 2};
    struct cmc_slice out;
    struct cmc_err err = {0};

    assert_int_equal(cmc_pkiresponse_encode(t->arena, &m->body, &what.content, &err), CMC_OK);
    assert_int_equal(cmc_signed_data_create(t->crypto, &what, &signer, 1, t->arena, &out, &err),
                     CMC_OK);
    return out;
}

static struct cmc_slice made_of(struct world *w, const struct cmc_trust_anchors *v)
{
    struct made m = {0};

    add(w, &m.body.controls, 1, cmc_oid_id_cmc_trustedAnchors, &cmc_it_trust_anchors, v);
    return sign(w, &m);
}

/* -- reading ----------------------------------------------------------------------------- */

static enum cmc_rc read_anchors(struct world *w, struct cmc_slice response,
                                const struct cmc_exchange_state *state,
                                struct cmc_anchor_update *out, struct cmc_err *err)
{
    const struct cmc_trust *trust = w->policy.secret.p != NULL ? NULL : &w->trust;
    struct cmc_answer_view view;
    enum cmc_rc rc = cmc_answer_open(w->t->crypto, response, state, trust, w->t->arena, &view, err);

    if (rc != CMC_OK)
        return rc;
    return cmc_anchors_read(w->t->crypto, &view, state, trust, &w->policy, w->t->arena, out, err);
}

static void accepted(struct world *w, struct cmc_slice response, size_t n)
{
    struct cmc_anchor_update u;
    struct cmc_err err = {0};
    enum cmc_rc rc = read_anchors(w, response, NULL, &u, &err);

    if (rc != CMC_OK)
        print_message("# %s\n", err.text);
    assert_int_equal(rc, CMC_OK);
    assert_int_equal(u.ncerts, n);
}

static void refused(struct world *w, struct cmc_slice response, enum cmc_rc rc, const char *words)
{
    struct cmc_anchor_update u;
    struct cmc_err err = {0};
    enum cmc_rc got = read_anchors(w, response, NULL, &u, &err);

    if (got != rc || strstr(err.text, words) == NULL)
        print_message("# %s: %s\n", cmc_rc_name(got), err.text);
    assert_int_equal(got, rc);
    assert_non_null(strstr(err.text, words));
}

/* -- from the server --------------------------------------------------------------------- */

/* [10002-6.15-a, 10002-6.15-u1, 10004-5.1-y]: SHA-256 of certificates that come along. */
static void test_published(void **state)
{
    struct world *w = *state;
    struct cmc_exchange_state s, s2;
    struct cmc_anchor_update u, u2;
    struct cmc_err err = {0};

    publish_both(w);
    assert_int_equal(read_anchors(w, ask(w, false, &s), &s, &u, &err), CMC_OK);
    assert_int_equal(u.ncerts, 2);
    assert_true(cmc_slice_eq(u.certs[0], w->t->root.cert));
    assert_true(cmc_slice_eq(u.certs[1], w->next.cert));
    assert_int_equal(u.signed_at, TEST_NOW);
    assert_false(u.by_secret);
    assert_true(cmc_slice_eq(u.signer, w->t->resp.cert));
    /* The next set has a greater number, and the same publisher. */
    publish(w, &w->next.cert, 1);
    assert_int_equal(read_anchors(w, ask(w, false, &s2), &s2, &u2, &err), CMC_OK);
    /* What comes along without being named is trusted by nobody: the root is in the message. */
    assert_int_equal(u2.ncerts, 1);
    assert_true(cmc_slice_eq(u2.certs[0], w->next.cert));
    assert_true(cmc_sequence_compare(u2.sequence, u.sequence) > 0);
    assert_memory_equal(u.publisher, u2.publisher, sizeof u.publisher);
}

static void test_nothing_published(void **state)
{
    struct world *w = *state;
    struct cmc_exchange_state s;

    refused(w, ask(w, false, &s), CMC_E_NOTFOUND, "publishes no trust anchors");
    publish_both(w);
    w->t->rules.publish_anchors = false;
    w->t->rules.retrieve = CMC_RETRIEVE_ANYONE;
    /* Now the question is none, and an unsigned message that asks nothing is refused. */
    refused(w, ask(w, false, &s), CMC_E_NOTFOUND, "publishes no trust anchors");
}

static void test_simple_response(void **state)
{
    struct world *w = *state;
    struct cmc_slice simple;
    struct cmc_err err = {0};

    assert_int_equal(cmc_certs_only_create(&w->next.cert, 1, NULL, 0, w->t->arena, &simple, &err),
                     CMC_OK);
    refused(w, simple, CMC_E_NOTFOUND, "Full PKI Response");
}

/* -- the checks, each ------------------------------------------------------------------- */

/* [10002-6.15-b] */
static void test_signature_to_an_anchor(void **state)
{
    struct world *w = *state;
    struct cmc_exchange_state s;
    struct cmc_slice response;
    struct cmc_answer_view view;
    struct cmc_anchor_update u;
    struct cmc_err err = {0};
    uint8_t *tampered;

    publish_both(w);
    response = ask(w, false, &s);
    accepted(w, response, 2);
    w->trust.anchors = &w->next.cert; /* another root: neither in the message helps */
    refused(w, response, CMC_E_REFUSED, "no trusted path");
    w->trust.anchors = &w->t->root.cert;
    tampered = cmc_arena_dup(w->t->arena, response.p, response.n);
    tampered[response.n - 3] ^= 1;
    refused(w, cmc_slice(tampered, response.n), CMC_E_CRYPTO, "signature");
    /* Without anything trusted nothing can be added to it. */
    assert_int_equal(cmc_answer_open(w->t->crypto, response, NULL, NULL, w->t->arena, &view, &err),
                     CMC_OK);
    assert_int_equal(
        cmc_anchors_read(w->t->crypto, &view, NULL, NULL, &w->policy, w->t->arena, &u, &err),
        CMC_E_USAGE);
}

/* [10002-6.15-c] */
static void test_permitted_signer(void **state)
{
    struct world *w = *state;
    uint8_t digest[3][CMC_DIGEST_MAX];
    struct cmc_slice list[2];
    struct cmc_cert cert = {0};
    struct cmc_exchange_state s;
    struct cmc_slice response;
    struct cmc_err err = {0};
    size_t n;

    publish_both(w);
    response = ask(w, false, &s);
    assert_int_equal(cmc_decode(&cmc_it_cert, w->t->resp.cert, w->t->arena, &cert, &err), CMC_OK);
    assert_int_equal(
        cmc_digest(w->t->crypto, CMC_DIGEST_SHA256, w->t->officer.cert, digest[0], &n, &err),
        CMC_OK);
    assert_int_equal(
        cmc_digest(w->t->crypto, CMC_DIGEST_SHA256, w->t->resp.cert, digest[1], &n, &err), CMC_OK);
    assert_int_equal(
        cmc_digest(w->t->crypto, CMC_DIGEST_SHA256, cert.tbs.spki.raw, digest[2], &n, &err),
        CMC_OK);
    w->policy.signers = list;
    w->policy.nsigners = 1;
    list[0] = cmc_slice(digest[0], n);
    refused(w, response, CMC_E_REFUSED, "none of those that may publish");
    list[1] = cmc_slice(digest[1], n);
    w->policy.nsigners = 2;
    accepted(w, response, 2);
    list[1] = cmc_slice(digest[2], n);
    accepted(w, response, 2);
}

/* Anybody with a certificate of the CA could sign; id-kp-cmcCA is what tells a responder. */
static void test_signer_without_purpose(void **state)
{
    struct world *w = *state;
    struct cmc_trust_anchors v = anchors_of(w, "\x05", w->t->root.cert, CMC_DIGEST_SHA256);
    struct test_party resp = w->t->resp;
    struct cmc_slice response;

    w->t->resp = w->t->officer;
    response = made_of(w, &v);
    w->t->resp = resp;
    refused(w, response, CMC_E_REFUSED, "id-kp-cmcCA");
}

/* [10002-6.15-d] */
static void test_signing_time(void **state)
{
    struct world *w = *state;
    struct cmc_trust_anchors v = anchors_of(w, "\x05", w->t->root.cert, CMC_DIGEST_SHA256);
    struct made without = {.no_time = true};
    struct cmc_slice response = made_of(w, &v);

    accepted(w, response, 1);
    w->policy.now = TEST_NOW + 300;
    accepted(w, response, 1);
    w->policy.now = TEST_NOW + 301;
    refused(w, response, CMC_E_REFUSED, "301 seconds before now");
    w->policy.now = TEST_NOW - 301;
    refused(w, response, CMC_E_REFUSED, "301 seconds after now");
    w->policy.window_seconds = 1000;
    accepted(w, response, 1);
    w->policy.now = TEST_NOW;
    add(w, &without.body.controls, 1, cmc_oid_id_cmc_trustedAnchors, &cmc_it_trust_anchors, &v);
    refused(w, sign(w, &without), CMC_E_REFUSED, "does not say");
}

/* [10002-6.15-e]: as numbers, not as octets. */
static void test_sequence(void **state)
{
    const struct cmc_slice zero = CMC_SLICE_LIT("\0"), one = CMC_SLICE_LIT("\x01"),
                           high = CMC_SLICE_LIT("\0\xff"), more = CMC_SLICE_LIT("\x01\0");

    (void)state;
    assert_true(cmc_sequence_compare(zero, one) < 0);
    assert_true(cmc_sequence_compare(one, zero) > 0);
    assert_int_equal(cmc_sequence_compare(one, one), 0);
    assert_true(cmc_sequence_compare(one, high) < 0);
    assert_true(cmc_sequence_compare(high, more) < 0);
}

static void test_bad_sets(void **state)
{
    struct world *w = *state;
    struct cmc_trust_anchors v = anchors_of(w, "\x80", w->t->root.cert, CMC_DIGEST_SHA256);
    struct made twice = {0};

    refused(w, made_of(w, &v), CMC_E_REFUSED, "negative");
    v = anchors_of(w, "\x05", CMC_SLICE_NONE, CMC_DIGEST_SHA256);
    refused(w, made_of(w, &v), CMC_E_REFUSED, "empty");
    v = anchors_of(w, "\x05", w->t->root.cert, CMC_DIGEST_SHA1);
    refused(w, made_of(w, &v), CMC_E_REFUSED, "weak");
    v = anchors_of(w, "\x05", w->t->root.cert, CMC_DIGEST_SHA384);
    accepted(w, made_of(w, &v), 1);
    add(w, &twice.body.controls, 1, cmc_oid_id_cmc_trustedAnchors, &cmc_it_trust_anchors, &v);
    add(w, &twice.body.controls, 2, cmc_oid_id_cmc_trustedAnchors, &cmc_it_trust_anchors, &v);
    refused(w, sign(w, &twice), CMC_E_REFUSED, "2 sets");
}

/* [10002-6.15-u1]: or obtained elsewhere. */
static void test_certificate_from_elsewhere(void **state)
{
    struct world *w = *state;
    struct cmc_trust_anchors v = anchors_of(w, "\x05", w->next.cert, CMC_DIGEST_SHA256);

    refused(w, made_of(w, &v), CMC_E_REFUSED, "did not come along");
    w->policy.certs = &w->t->officer.cert;
    w->policy.ncerts = 1;
    refused(w, made_of(w, &v), CMC_E_REFUSED, "did not come along");
    w->policy.certs = &w->next.cert;
    accepted(w, made_of(w, &v), 1);
}

/* -- first contact ----------------------------------------------------------------------- */

static void use_secret(struct world *w, const char *secret)
{
    w->policy.identification = cmc_slice_str("alice");
    w->policy.secret = cmc_slice_str(secret);
}

/* [10002-6.16-u1]: nothing is trusted yet but the secret. */
static void test_first_contact(void **state)
{
    struct world *w = *state;
    struct cmc_exchange_state s, other;
    struct cmc_anchor_update u;
    struct cmc_slice response;
    struct cmc_err err = {0};

    test_secret_add(w->t, (struct cmc_secret){.name = "alice"}, SECRET);
    publish_both(w);
    response = ask(w, true, &s);
    use_secret(w, SECRET);
    assert_int_equal(read_anchors(w, response, &s, &u, &err), CMC_OK);
    assert_int_equal(u.ncerts, 2);
    assert_true(u.by_secret);
    /* The same octets to another question: the outer nonce is refused, and the inner one too. */
    (void)ask(w, true, &other);
    assert_int_equal(read_anchors(w, response, &other, &u, &err), CMC_E_REFUSED);
    /* [10002-6.16-u2] */
    use_secret(w, "another secret of the same");
    refused(w, response, CMC_E_CRYPTO, "not authenticated by the shared secret");
    use_secret(w, SECRET);
    w->policy.identification = cmc_slice_str("bob");
    refused(w, response, CMC_E_CRYPTO, "not authenticated by the shared secret");
    w->policy.identification = cmc_slice_str("alice");
    w->policy.now += 301;
    refused(w, response, CMC_E_REFUSED, "seconds before now");
    w->policy.now -= 301;
    /* Whoever did not prove the secret gets no authData. */
    refused(w, ask(w, false, &s), CMC_E_NOTFOUND, "authData");
}

static struct cmc_slice inner_of(struct world *w, const struct cmc_trust_anchors *v,
                                 struct cmc_slice nonce)
{
    struct cmc_pkidata inner = {0};
    struct cmc_slice out;
    struct cmc_err err = {0};

    add(w, &inner.controls, 1, cmc_oid_id_cmc_trustedAnchors, &cmc_it_trust_anchors, v);
    if (nonce.p != NULL)
        add(w, &inner.controls, 2, cmc_oid_id_cmc_recipientNonce, &cmc_it_nonce, &nonce);
    assert_int_equal(cmc_pkidata_encode(w->t->arena, &inner, &out, &err), CMC_OK);
    return out;
}

/* A response whose authData points to `to`, while the AuthenticatedData is body part 2. */
static struct cmc_slice under_mac(struct world *w, struct cmc_slice type, struct cmc_slice content,
                                  uint32_t to, int controls)
{
    struct made m = {.more = w->next.cert};
    struct cmc_mac_content what = {.type = type, .content = content, .rounds = 1000};
    struct cmc_tagged_content_info *tagged =
        cmc_list_add(w->t->arena, &cmc_it_cms_sequence, &m.body.cms, 1);
    struct cmc_err err = {0};

    assert_int_equal(cmc_shared_password(cmc_slice_str("alice"), cmc_slice_str(SECRET), w->t->arena,
                                         &what.password, &err),
                     CMC_OK);
    tagged->body_part_id = 2;
    assert_int_equal(
        cmc_authenticated_data_create(w->t->crypto, &what, w->t->arena, &tagged->content, &err),
        CMC_OK);
    for (int i = 0; i < controls; i++)
        add(w, &m.body.controls, 10 + (uint32_t)i, cmc_oid_id_cmc_authData, &cmc_it_body_part_id,
            &to);
    return sign(w, &m);
}

static void test_bad_auth_data(void **state)
{
    struct world *w = *state;
    struct cmc_trust_anchors root = anchors_of(w, "\x05", w->t->root.cert, CMC_DIGEST_SHA256),
                             next = anchors_of(w, "\x05", w->next.cert, CMC_DIGEST_SHA256);
    struct cmc_slice good = inner_of(w, &root, CMC_SLICE_NONE), type = cmc_oid_id_cct_PKIData;
    struct cmc_exchange_state s = {.has_nonce = true, .sender_nonce = "0123456789abcde"};
    struct cmc_answer_view view;
    struct cmc_anchor_update u;
    struct cmc_err err = {0};

    use_secret(w, SECRET);
    accepted(w, under_mac(w, type, good, 2, 1), 1);
    refused(w, under_mac(w, cmc_oid_id_cct_PKIResponse, good, 2, 1), CMC_E_INPUT,
            "no id-cct-PKIData");
    refused(w, under_mac(w, type, good, 3, 1), CMC_E_INPUT, "not in the cmsSequence");
    refused(w, under_mac(w, type, good, 2, 2), CMC_E_NOTFOUND, "2 authData");
    refused(w, under_mac(w, type, good, 2, 0), CMC_E_NOTFOUND, "0 authData");
    /* The signature has to lead to what is brought. */
    refused(w, under_mac(w, type, inner_of(w, &next, CMC_SLICE_NONE), 2, 1), CMC_E_REFUSED,
            "does not lead to the anchors it brings");
    /* The nonce of another exchange under the MAC. */
    assert_int_equal(
        cmc_answer_open(
            w->t->crypto,
            under_mac(w, type, inner_of(w, &root, cmc_slice_str("another nonce...")), 2, 1), NULL,
            NULL, w->t->arena, &view, &err),
        CMC_OK);
    assert_int_equal(
        cmc_anchors_read(w->t->crypto, &view, &s, NULL, &w->policy, w->t->arena, &u, &err),
        CMC_E_REFUSED);
    assert_non_null(strstr(err.text, "another request"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_published, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_published, setup, teardown),
        cmocka_unit_test_setup_teardown(test_simple_response, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signature_to_an_anchor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_permitted_signer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signer_without_purpose, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signing_time, setup, teardown),
        cmocka_unit_test(test_sequence),
        cmocka_unit_test_setup_teardown(test_bad_sets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_certificate_from_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_first_contact, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_auth_data, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
