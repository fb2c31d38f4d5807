/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for approval (RFC 10002 section 6.13): client against authority, by a clock
 * that the test moves. */
#include "talk.h"

#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/oids.h"

#define POLL_SECONDS 900

static int setup(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");

    t->rules.approvals = 1;
    t->rules.poll_seconds = POLL_SECONDS;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* Ask for p. */
static void poll(struct talk *k, const struct cmc_pending *p, size_t n)
{
    struct cmc_full_request rq = {0};

    assert_int_equal(cmc_pending_query(p, n, k->t->arena, &rq, NULL), CMC_OK);
    talk_send(k, rq);
}

/* A request that is held; what the client keeps of it. */
static struct cmc_pending hold(struct talk *k)
{
    const struct cmc_outcome *o;
    struct cmc_pending *p;
    size_t n;

    talk_enrol(k);
    o = talk_expect(k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, k->state.first_request_id);
    assert_false(talk_has_cert(k, NULL));
    /* [10002-6.1.2-a, 10002-6.1.1-u3]: pendInfo, with a token that cannot be guessed */
    assert_true(o->pend_token.n >= 16);
    assert_int_equal(o->pend_time, TEST_NOW + k->t->later + POLL_SECONDS);
    assert_int_equal(cmc_pending_read(&k->answer, &k->state, k->t->arena, &p, &n, NULL), CMC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(p->body_part, k->state.first_request_id);
    return *p;
}

static void next(struct talk *k, struct cmc_pending *p)
{
    assert_int_equal(
        cmc_pending_update(p, &k->answer, k->state.first_control_id, k->t->arena, NULL), CMC_OK);
}

/* -- the way of one request -------------------------------------------------------------- */

/* [10004-5.2-y, 10002-6.1-c, 10002-6.1-e, 10002-6.6-a, 10002-6.6-c, 10002-6.13-b, 10002-6.13-u1,
 * 10002-6.1.3-u2, 10002-6.6-u3, 10002-6.6-u4] */
static void held_asked_for_and_issued(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=held");
    struct cmc_pending p = hold(&k);
    struct cmc_slice first, second, id = p.transaction_id;
    const struct cmc_outcome *o;

    assert_int_equal(talk_cert_count(t, "CN=held"), 0);
    assert_true(talk_audited(t, "\"event\":\"hold\"", "CN=held"));
    t->later = POLL_SECONDS;
    for (int i = 0; i < 2; i++) {
        poll(&k, &p, 1);
        o = talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, k.state.first_control_id);
        assert_true(cmc_slice_eq(o->pend_token, p.token));
        assert_int_equal(o->pend_time, TEST_NOW + POLL_SECONDS);
        assert_true(cmc_slice_eq(k.state.transaction_id, id));
        next(&k, &p);
    }
    assert_int_equal(talk_decide(t, talk_held(t).id, true, "admin", NULL), CMC_OK);
    assert_int_equal(talk_cert_count(t, "CN=held"), 0);
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, k.state.first_control_id);
    assert_true(talk_has_cert(&k, &first));
    assert_true(talk_audited(t, "\"event\":\"issue\"", "\"held\":1"));
    assert_true(talk_audited(t, "request-approve", "\"by\":\"admin\""));

    /* The answer was lost: the same message has the same answer, and so has another. */
    talk_again(&k);
    assert_true(talk_has_cert(&k, &second) && cmc_slice_eq(first, second));
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, k.state.first_control_id);
    assert_true(talk_has_cert(&k, &second) && cmc_slice_eq(first, second));
    assert_int_equal(talk_cert_count(t, "CN=held"), 1);
    assert_int_equal(talk_held(t).state, CMC_HELD_ISSUED);
    talk_free(&k);
}

/* [10002-6.1.3-u1]: where requests are held, nothing else is. */
static void only_requests_wait(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=held and revoked");
    struct cmc_pending p = hold(&k);
    struct cmc_revocation r = {.reason = 4};
    struct cmc_cert c = {0};
    struct cmc_slice cert;

    assert_int_equal(talk_decide(t, talk_held(t).id, true, "admin", NULL), CMC_OK);
    poll(&k, &p, 1);
    assert_true(talk_has_cert(&k, &cert));
    assert_int_equal(cmc_decode(&cmc_it_cert, cert, t->arena, &c, NULL), CMC_OK);
    r.issuer = c.tbs.issuer;
    r.serial = c.tbs.serial;
    talk_send(&k, (struct cmc_full_request){.revocations = &r, .nrevocations = 1});
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, k.state.first_revocation_id);
    assert_int_equal(talk_record(t, cert).state, CMC_CERT_REVOKED);
    assert_int_equal(talk_held(t).state, CMC_HELD_ISSUED);
    talk_free(&k);
}

/* The message of the request once more: the same token, not a second request. */
static void repeated_message(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=repeated");
    struct cmc_pending p = hold(&k);

    talk_again(&k);
    assert_true(cmc_slice_eq(k.answer.outcomes[0].pend_token, p.token));
    assert_int_equal(talk_held(t).id, 1);
    talk_free(&k);
}

static void refused_with_a_reason(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=refused");
    struct cmc_pending p = hold(&k);
    const struct cmc_outcome *o;

    assert_int_equal(talk_decide(t, 1, false, "admin", "no such host"), CMC_OK);
    for (int i = 0; i < 2; i++) {
        poll(&k, &p, 1);
        o = talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, k.state.first_control_id);
        assert_non_null(memmem(o->text.p, o->text.n, "no such host", 12));
        assert_false(talk_has_cert(&k, NULL));
    }
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_E_CONFLICT);
    assert_true(talk_audited(t, "request-refuse", "no such host"));
    talk_free(&k);
}

static void survives_a_restart(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=restart");
    struct cmc_pending p = hold(&k);

    test_authority_restart(t);
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, UINT32_MAX);
    next(&k, &p);
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    test_authority_restart(t);
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_true(talk_has_cert(&k, NULL));
    test_authority_restart(t);
    poll(&k, &p, 1);
    assert_true(talk_has_cert(&k, NULL));
    assert_int_equal(talk_cert_count(t, "CN=restart"), 1);
    talk_free(&k);
}

/* What was asked for is what is issued, subject and extensions. */
static void the_request_stays_what_it_was(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=with san");
    const struct cmc_extension *san;
    struct cmc_pending p;
    struct cmc_cert c = {0};
    struct cmc_slice cert;

    k.csr = test_csr(t, k.key, "CN=with san", "DNS:held.example");
    p = hold(&k);
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    poll(&k, &p, 1);
    assert_true(talk_has_cert(&k, &cert));
    assert_int_equal(cmc_decode(&cmc_it_cert, cert, t->arena, &c, NULL), CMC_OK);
    san = cmc_extension_find(&c.tbs.extensions, cmc_oid_id_ce_subjectAltName);
    assert_non_null(san);
    assert_non_null(memmem(san->value.p, san->value.n, "held.example", 12));
    talk_free(&k);
}

/* -- who may ask ------------------------------------------------------------------------- */

/* Somebody else's token, one with a bit turned and none at all: one answer. */
static void only_who_sent_it(void **state)
{
    struct test_authority *t = *state;
    struct test_party bob = test_party_new(t, "ee", "CN=bob");
    struct talk k = talk_new(t, &t->officer, "CN=mine"), other = talk_new(t, &bob, "CN=bob's");
    struct cmc_pending p = hold(&k), bad = p;
    const struct cmc_outcome *a, *b;
    uint8_t *octets;

    test_officer_add(t, "bob", &bob, CMC_ROLE_ENROLL);
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    poll(&other, &p, 1);
    a = talk_expect(&other, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    octets = cmc_arena_dup(t->arena, p.token.p, p.token.n);
    octets[0] ^= 1;
    bad.token.p = octets;
    poll(&k, &bad, 1);
    b = talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_true(cmc_slice_eq(a->text, b->text));
    bad.token = CMC_SLICE_LIT("");
    poll(&k, &bad, 1);
    b = talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_true(cmc_slice_eq(a->text, b->text));
    /* nor at another endpoint */
    t->rules.path = "/other";
    poll(&k, &p, 1);
    b = talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_true(cmc_slice_eq(a->text, b->text));
    assert_int_equal(talk_cert_count(t, "CN=mine"), 0);
    t->rules.path = "/cmc";
    poll(&k, &p, 1);
    assert_true(talk_has_cert(&k, NULL));
    talk_free(&k);
    talk_free(&other);
    test_party_free(&bob);
}

/* The key of the request may ask, whoever sent it. */
static void the_key_may_ask(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=by its key"), other;
    struct cmc_pending p = hold(&k);

    other = talk_new(t, NULL, "CN=another key");
    poll(&other, &p, 1);
    talk_expect(&other, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY, 0);
    k.signer = NULL;
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, UINT32_MAX);
    next(&k, &p);
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    poll(&k, &p, 1);
    assert_true(talk_has_cert(&k, NULL));
    talk_free(&k);
    talk_free(&other);
}

/* A Simple PKI Request has no controls: its answer says pending of body part 1, and the key asks
 * [10002-3.1-u1]. */
static void simple_request(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, NULL, "CN=simple");
    struct cmc_exchange_state none = {0};
    struct cmc_pending *p;
    struct test_reply r;
    size_t n;

    t->rules.require_officer = false;
    r = test_send(t, CMC_TYPE_PKCS10, k.csr, CMC_ANSWER_PKIX_CERT);
    assert_string_equal(r.content_type, CMC_MEDIA_RESPONSE);
    assert_int_equal(cmc_answer_open(t->crypto, r.body, NULL, NULL, t->arena, &k.answer, NULL),
                     CMC_OK);
    talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, 1);
    assert_int_equal(cmc_pending_read(&k.answer, &none, t->arena, &p, &n, NULL), CMC_OK);
    assert_int_equal(n, 1);
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    poll(&k, p, 1);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_true(talk_has_cert(&k, NULL));
    talk_free(&k);
}

/* An officer who lost the role, or the registration, gets nothing any more. */
static void officer_who_may_not_any_more(void **state)
{
    struct test_authority *t = *state;
    struct test_party bob = test_party_new(t, "ee", "CN=bob");
    struct talk k = talk_new(t, &bob, "CN=late");
    struct cmc_pending p;

    test_officer_add(t, "bob", &bob, CMC_ROLE_ENROLL);
    p = hold(&k);
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    assert_int_equal(cmc_store_officer_remove(t->store, "bob", TEST_NOW, NULL), CMC_OK);
    test_officer_add(t, "bob", &bob, CMC_ROLE_REVOKE);
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(talk_cert_count(t, "CN=late"), 0);
    talk_free(&k);
    test_party_free(&bob);
}

/* [10002-6.6-b]; and our nonce must be ours, of this transaction. */
static void the_transaction_goes_on(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=transaction");
    struct cmc_pending p = hold(&k), bad = p;
    struct cmc_slice nonce = p.recipient_nonce;
    uint8_t *octets = cmc_arena_dup(t->arena, nonce.p, nonce.n);

    bad.transaction_id = CMC_SLICE_LIT("\x01");
    bad.recipient_nonce = CMC_SLICE_NONE;
    poll(&k, &bad, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    bad.transaction_id = CMC_SLICE_NONE;
    poll(&k, &bad, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    bad = p;
    octets[nonce.n - 1] ^= 1;
    bad.recipient_nonce.p = octets;
    poll(&k, &bad, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    bad.recipient_nonce = CMC_SLICE_LIT("0123456789abcdef");
    poll(&k, &bad, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    /* Ours, but of another transaction. */
    bad = p;
    bad.transaction_id = CMC_SLICE_LIT("\x01");
    poll(&k, &bad, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    /* An answer that was lost leaves the client with an older nonce of ours: that is good. */
    poll(&k, &p, 1);
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, UINT32_MAX);
    /* It need not be given. */
    bad = p;
    bad.recipient_nonce = CMC_SLICE_NONE;
    poll(&k, &bad, 1);
    talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
}

/* -- several at once --------------------------------------------------------------------- */

/* Two of one message: one is approved, the other still waits: partial [10002-6.1.2-a]. Several
 * statuses in one response, in both versions [10002-6.1-b, 10002-6.1-d, 10004-5.2-b]. */
static void partial_answer(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=first"), l = talk_new(t, &t->officer, "CN=second");
    struct cmc_slice csrs[2] = {k.csr, l.csr};
    struct cmc_pending *p, twice[2];
    const struct cmc_outcome *o;
    size_t n;

    t->rules.status_v1 = true;
    talk_send(&k, (struct cmc_full_request){.pkcs10 = csrs, .npkcs10 = 2});
    assert_int_equal(k.answer.noutcomes, 2);
    assert_int_equal(cmc_pending_read(&k.answer, &k.state, t->arena, &p, &n, NULL), CMC_OK);
    assert_int_equal(n, 2);
    assert_false(cmc_slice_eq(p[0].token, p[1].token));
    assert_int_equal(p[1].body_part, p[0].body_part + 1);
    assert_int_equal(talk_decide(t, 2, true, "admin", NULL), CMC_OK);
    poll(&k, p, 2);
    assert_int_equal(k.answer.noutcomes, 2);
    o = cmc_answer_outcome(&k.answer, k.state.first_control_id);
    assert_int_equal(o->status, CMC_STATUS_PARTIAL);
    assert_true(cmc_slice_eq(o->pend_token, p[0].token));
    o = cmc_answer_outcome(&k.answer, k.state.first_control_id + 1);
    assert_int_equal(o->status, CMC_STATUS_SUCCESS);
    assert_false(talk_has_cert(&k, NULL));
    l.answer = k.answer;
    assert_true(talk_has_cert(&l, NULL));
    /* the same token twice in a message */
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    twice[0] = twice[1] = p[0];
    poll(&k, twice, 2);
    o = cmc_answer_outcome(&k.answer, k.state.first_control_id + 1);
    assert_int_equal(o->fail_info, CMC_FAIL_BAD_REQUEST);
    assert_true(talk_has_cert(&k, NULL));
    assert_int_equal(talk_cert_count(t, "CN=first"), 1);
    talk_free(&k);
    talk_free(&l);
}

/* Nothing is held of a message of which one request is without POP (section 3.2). */
static void all_or_nothing(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=good"), l = talk_new(t, &t->officer, "CN=bad");
    struct cmc_slice csrs[2] = {k.csr, l.csr};
    uint8_t *octets = cmc_arena_dup(t->arena, l.csr.p, l.csr.n);
    struct cmc_reader *reader;
    struct cmc_held h;

    octets[l.csr.n - 1] ^= 1;
    csrs[1].p = octets;
    talk_send(&k, (struct cmc_full_request){.pkcs10 = csrs, .npkcs10 = 2});
    assert_int_equal(k.answer.noutcomes, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(k.answer.outcomes[i].status, CMC_STATUS_FAILED);
    assert_int_equal(cmc_reader_new(t->store, &reader, NULL), CMC_OK);
    assert_int_equal(cmc_reader_held_id(reader, 1, t->arena, &h, NULL), CMC_E_NOTFOUND);
    cmc_reader_free(reader);
    talk_free(&k);
    talk_free(&l);
}

/* [10002-6.13-a]: a later answer may be without pendInfo, the first must have it; another token is
 * none of ours. [10002-6.1.1-a]: no status at all is success. */
static void what_the_client_makes_of_it(void **state)
{
    struct test_authority *t = *state;
    uint32_t part = 3;
    struct cmc_outcome o = {
        .status = CMC_STATUS_PENDING, .fail_info = -1, .body_parts = &part, .nbody_parts = 1};
    const struct cmc_answer_view view = {.outcomes = &o, .noutcomes = 1}, none = {0};
    const struct cmc_exchange_state sent = {0};
    struct cmc_pending p = {.token = CMC_SLICE_LIT("token")}, *list;
    size_t n;

    assert_int_equal(cmc_pending_read(&view, &sent, t->arena, &list, &n, NULL), CMC_E_INPUT);
    assert_int_equal(cmc_pending_update(&p, &view, 3, t->arena, NULL), CMC_OK);
    assert_true(cmc_slice_eq(p.token, CMC_SLICE_LIT("token")));
    o.pend_token = CMC_SLICE_LIT("other");
    assert_int_equal(cmc_pending_update(&p, &view, 3, t->arena, NULL), CMC_E_INPUT);
    assert_ptr_equal(cmc_answer_outcome(&view, 3), &o);
    assert_null(cmc_answer_outcome(&view, 4));
    assert_null(cmc_answer_outcome(&none, 3));
    part = 0; /* the whole message */
    assert_ptr_equal(cmc_answer_outcome(&view, 4), &o);
}

/* -- deciding ---------------------------------------------------------------------------- */

static void two_of_them(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=quorum");
    struct cmc_pending p;

    t->rules.approvals = 2;
    p = hold(&k);
    assert_int_equal(talk_decide(t, 1, true, "ann", NULL), CMC_OK);
    assert_int_equal(talk_decide(t, 1, true, "ann", NULL), CMC_E_CONFLICT);
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_int_equal(talk_decide(t, 1, true, "ben", NULL), CMC_OK);
    assert_int_equal(talk_decide(t, 1, true, "carl", NULL), CMC_E_CONFLICT);
    poll(&k, &p, 1);
    assert_true(talk_has_cert(&k, NULL));
    assert_int_equal(talk_decide(t, 1, false, "ann", "too late"), CMC_E_CONFLICT);
    talk_free(&k);
}

static void decisions_that_cannot_be(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=decided");
    struct cmc_pending p = hold(&k);

    assert_int_equal(talk_decide(t, 2, true, "admin", NULL), CMC_E_NOTFOUND);
    assert_int_equal(talk_decide(t, 1, true, "", NULL), CMC_E_USAGE);
    assert_int_equal(talk_decide(t, 1, true, "admin", NULL), CMC_OK);
    /* An approval may be taken back for as long as nothing is issued. */
    assert_int_equal(talk_decide(t, 1, false, "boss", "second thoughts"), CMC_OK);
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(talk_cert_count(t, "CN=decided"), 0);
    talk_free(&k);
}

/* What came to an end is forgotten in time, what waits is not. */
static void swept(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=ended"), l = talk_new(t, &t->officer, "CN=waits");
    struct cmc_pending p = hold(&k), q;
    struct cmc_sweep what = {.now = TEST_NOW + 100, .ended_before = TEST_NOW + 100};
    struct cmc_swept out;

    assert_int_equal(talk_decide(t, 1, false, "admin", "no"), CMC_OK);
    q = hold(&l);
    assert_int_equal(cmc_store_sweep(t->store, &what, &out, NULL), CMC_OK);
    assert_int_equal(out.ended, 1);
    poll(&k, &p, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    poll(&l, &q, 1);
    talk_expect(&l, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_true(talk_held(t).message.n > 0);
    talk_free(&k);
    talk_free(&l);
}

int main(void)
{
#define AT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        AT(held_asked_for_and_issued),
        AT(only_requests_wait),
        AT(repeated_message),
        AT(refused_with_a_reason),
        AT(survives_a_restart),
        AT(the_request_stays_what_it_was),
        AT(only_who_sent_it),
        AT(the_key_may_ask),
        AT(simple_request),
        AT(officer_who_may_not_any_more),
        AT(the_transaction_goes_on),
        AT(partial_answer),
        AT(all_or_nothing),
        AT(what_the_client_makes_of_it),
        AT(two_of_them),
        AT(decisions_that_cannot_be),
        AT(swept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
