/* SPDX-License-Identifier: Apache-2.0 */
/* Acceptance and rejection of certificates (RFC 10002 section 6.14), by a clock that the test
 * moves. */
#include "talk.h"

#include "asn1/codec.h"
#include "asn1/oids.h"

#define WINDOW 600

static int setup(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");

    t->rules.confirm_seconds = WINDOW;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* What is issued, and asks for confirmation [10002-6.1.3-u3]. */
static struct cmc_slice issue(struct talk *k, struct cmc_follow_up *f)
{
    struct cmc_slice cert;

    talk_enrol(k);
    talk_expect(k, CMC_STATUS_CONFIRM_REQUIRED, CMC_FAIL_INFO_NONE, k->state.first_request_id);
    assert_true(talk_has_cert(k, &cert));
    assert_int_equal(talk_record(k->t, cert).state, CMC_CERT_VALID);
    *f = (struct cmc_follow_up){k->state.transaction_id, k->answer.sender_nonce};
    return cert;
}

static void accept(struct talk *k, struct cmc_slice cert, const struct cmc_follow_up *f)
{
    struct cmc_full_request rq = {0};

    assert_int_equal(cmc_confirm_accept(cert, f, k->t->arena, &rq, NULL), CMC_OK);
    talk_send(k, rq);
}

static void reject(struct talk *k, uint32_t part, const struct cmc_follow_up *f)
{
    struct cmc_full_request rq = {0};

    assert_int_equal(cmc_confirm_reject(part, CMC_FAIL_BAD_REQUEST, "not what was asked for", f,
                                        k->t->arena, &rq, NULL),
                     CMC_OK);
    talk_send(k, rq);
}

static struct cmc_swept sweep(struct test_authority *t)
{
    const struct cmc_sweep what = {.now = TEST_NOW + t->later, .reason = 5};
    struct cmc_swept out;

    assert_int_equal(cmc_store_sweep(t->store, &what, &out, NULL), CMC_OK);
    return out;
}

/* [10002-6.14-a, 10002-6.14-c, 10002-6.14-u2, 10002-A-an, 10004-5.2-z]; twice is once. */
static void accepted(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=accepted");
    struct cmc_follow_up f;
    struct cmc_slice cert = issue(&k, &f);

    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, k.state.first_control_id);
    assert_true(k.answer.full);
    assert_true(talk_audited(t, "\"event\":\"confirm\"", "\"outcome\":\"success\""));
    talk_again(&k);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, k.state.first_control_id);
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    t->later = 10 * WINDOW;
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_int_equal(sweep(t).lapsed, 0);
    assert_int_equal(talk_record(t, cert).state, CMC_CERT_VALID);
    talk_free(&k);
}

/* An officer revokes what still waits: there is nothing to accept, and the end of its time is
 * quiet. */
static void revoked_meanwhile(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=meanwhile");
    struct cmc_follow_up f;
    struct cmc_slice cert = issue(&k, &f);
    struct cmc_cert c = {0};
    struct cmc_revocation rv = {.reason = 1};

    t->rules.revoke = true;
    assert_int_equal(cmc_decode(&cmc_it_cert, cert, t->arena, &c, NULL), CMC_OK);
    rv.issuer = c.tbs.issuer;
    rv.serial = c.tbs.serial;
    talk_send(&k, (struct cmc_full_request){.revocations = &rv, .nrevocations = 1});
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, k.state.first_control_id);
    t->later = 10 * WINDOW;
    (void)sweep(t);
    assert_int_equal(talk_record(t, cert).state, CMC_CERT_REVOKED);
    talk_free(&k);
}

/* The answer with the certificate was lost: the same message has the same answer. */
static void repeated_message(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=repeated");
    struct cmc_follow_up f;
    struct cmc_slice first = issue(&k, &f), second;
    struct test_reply r;

    talk_again(&k);
    talk_expect(&k, CMC_STATUS_CONFIRM_REQUIRED, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_true(talk_has_cert(&k, &second) && cmc_slice_eq(first, second));
    /* and none that hides what is to be done */
    r = test_send(t, CMC_TYPE_CMC, k.sent, CMC_ANSWER_PKIX_CERT);
    assert_string_equal(r.content_type, CMC_MEDIA_RESPONSE);
    talk_free(&k);
}

/* The certificate's own key may confirm, as may whoever asked for it; nobody else. */
static void by_whom(void **state)
{
    struct test_authority *t = *state;
    struct test_party bob = test_party_new(t, "ee", "CN=bob"), self;
    struct talk k = talk_new(t, &t->officer, "CN=whose");
    struct talk other = talk_new(t, &bob, "CN=other");
    struct cmc_follow_up f;
    struct cmc_slice cert = issue(&k, &f);
    const struct cmc_outcome *o, *p;

    test_officer_add(t, "bob", &bob, CMC_ROLE_ENROLL | CMC_ROLE_REVOKE);
    accept(&other, cert, &f);
    o = talk_expect(&other, CMC_STATUS_FAILED, CMC_FAIL_BAD_CERT_ID, UINT32_MAX);
    /* a certificate that waits for nothing, one that is not ours: the same */
    accept(&k, bob.cert, &f);
    p = talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_CERT_ID, UINT32_MAX);
    assert_true(cmc_slice_eq(o->text, p->text));
    reject(&other, 0, &f);
    assert_int_equal(talk_record(t, cert).state, CMC_CERT_VALID);
    self = (struct test_party){.key = k.key, .cert = cert};
    k.signer = &self;
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
    talk_free(&other);
    test_party_free(&bob);
}

/* [10002-6.6-b] */
static void of_the_same_transaction(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=transaction");
    struct cmc_follow_up f, bad = {0};
    struct cmc_slice cert = issue(&k, &f);

    accept(&k, cert, &bad);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    bad.transaction_id = CMC_SLICE_LIT("\x07");
    accept(&k, cert, &bad);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    bad = f;
    bad.recipient_nonce = CMC_SLICE_LIT("0123456789abcdef0123456789abcdef");
    accept(&k, cert, &bad);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
}

/* [10002-6.14-u1, 10002-6.14-u2] */
static void rejected(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=rejected");
    struct cmc_follow_up f;
    struct cmc_slice cert = issue(&k, &f);
    uint32_t part = k.state.first_request_id;
    struct cmc_cert_record rec;

    reject(&k, part + 1, &f); /* another body part: nothing of it */
    assert_int_equal(talk_record(t, cert).state, CMC_CERT_VALID);
    reject(&k, part, &f);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, k.state.first_control_id);
    assert_true(k.answer.full);
    rec = talk_record(t, cert);
    assert_int_equal(rec.state, CMC_CERT_REVOKED);
    assert_int_equal(rec.reason, 5);
    assert_true(talk_audited(t, "\"event\":\"reject\"", "\"outcome\":\"success\""));
    talk_again(&k);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(sweep(t).lapsed, 0);
    talk_free(&k);
}

/* A client without a transaction rejects with the new key. */
static void rejected_by_its_key(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=no transaction");
    struct cmc_follow_up none = {0};
    struct test_party self;
    struct cmc_slice cert;

    talk_send(&k,
              (struct cmc_full_request){.pkcs10 = &k.csr, .npkcs10 = 1, .no_transaction_id = true});
    assert_true(talk_has_cert(&k, &cert));
    self = (struct test_party){.key = k.key, .cert = cert};
    k.signer = &self;
    reject(&k, 0, &none);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_int_equal(talk_record(t, cert).state, CMC_CERT_REVOKED);
    talk_free(&k);
}

static void accepted_and_rejected(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=both");
    struct cmc_follow_up f;
    struct cmc_slice cert = issue(&k, &f);
    struct cmc_full_request a = {0}, b = {0};
    struct cmc_extra_control both[4];

    assert_int_equal(cmc_confirm_accept(cert, &f, t->arena, &a, NULL), CMC_OK);
    assert_int_equal(cmc_confirm_reject(0, CMC_FAIL_BAD_REQUEST, "no", &f, t->arena, &b, NULL),
                     CMC_OK);
    both[0] = b.controls[0];
    both[1] = a.controls[0];
    both[2] = a.controls[0];
    both[3] = b.controls[0];
    a.controls = both;
    a.ncontrols = 4;
    talk_send(&k, a);
    assert_int_equal(cmc_answer_outcome(&k.answer, k.state.first_control_id)->fail_info,
                     CMC_FAIL_BAD_REQUEST);
    assert_int_equal(cmc_answer_outcome(&k.answer, k.state.first_control_id + 1)->status,
                     CMC_STATUS_SUCCESS);
    assert_int_equal(cmc_answer_outcome(&k.answer, k.state.first_control_id + 2)->status,
                     CMC_STATUS_SUCCESS);
    assert_int_equal(talk_record(t, cert).state, CMC_CERT_VALID);
    talk_free(&k);
}

/* Nobody confirms: the certificate is revoked, and a late confirmation does not help. */
static void too_late(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=late"), l = talk_new(t, &t->officer, "CN=held");
    struct cmc_follow_up f, g;
    struct cmc_slice cert = issue(&k, &f), gone = issue(&l, &g);
    const struct cmc_state_change ch = {.issuer = talk_record(t, gone).issuer,
                                        .serial = talk_record(t, gone).serial,
                                        .from = CMC_CERT_VALID,
                                        .to = CMC_CERT_REVOKED,
                                        .reason = 1,
                                        .at = TEST_NOW};
    const struct cmc_txn txn = {.at = TEST_NOW, .changes = &ch, .nchanges = 1};

    assert_int_equal(cmc_store_commit(t->store, &txn, NULL), CMC_OK);
    t->later = WINDOW;
    assert_int_equal(sweep(t).lapsed, 0);
    t->later = WINDOW + 1;
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(sweep(t).lapsed, 2);
    assert_int_equal(sweep(t).lapsed, 0);
    assert_int_equal(talk_record(t, cert).state, CMC_CERT_REVOKED);
    assert_int_equal(talk_record(t, cert).reason, 5);
    assert_int_equal(talk_record(t, gone).reason, 1); /* it was revoked before */
    assert_true(talk_audited(t, "confirmation-lapsed", "\"outcome\":\"revoked\""));
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    talk_free(&k);
    talk_free(&l);
}

static void survives_a_restart(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=restart");
    struct cmc_follow_up f;
    struct cmc_slice cert = issue(&k, &f);

    test_authority_restart(t);
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
}

/* Held, approved, issued, and only then confirmed. */
static void after_an_approval(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=both ways");
    struct cmc_full_request rq = {0};
    struct cmc_follow_up f;
    struct cmc_pending *p;
    struct cmc_slice cert;
    size_t n;

    t->rules.approvals = 1;
    t->rules.poll_seconds = 60;
    talk_enrol(&k);
    assert_int_equal(cmc_pending_read(&k.answer, &k.state, t->arena, &p, &n, NULL), CMC_OK);
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmc_pending_query(p, 1, t->arena, &rq, NULL), CMC_OK);
        talk_send(&k, rq);
        talk_expect(&k, CMC_STATUS_CONFIRM_REQUIRED, CMC_FAIL_INFO_NONE, k.state.first_control_id);
        assert_true(talk_has_cert(&k, &cert));
    }
    f = (struct cmc_follow_up){k.state.transaction_id, k.answer.sender_nonce};
    accept(&k, cert, &f);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_int_equal(cmc_pending_query(p, 1, t->arena, &rq, NULL), CMC_OK);
    talk_send(&k, rq);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
}

int main(void)
{
#define AT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        AT(accepted),
        AT(revoked_meanwhile),
        AT(repeated_message),
        AT(by_whom),
        AT(of_the_same_transaction),
        AT(rejected),
        AT(rejected_by_its_key),
        AT(accepted_and_rejected),
        AT(too_late),
        AT(survives_a_restart),
        AT(after_an_approval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
