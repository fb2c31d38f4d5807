/* SPDX-License-Identifier: Apache-2.0 */
/* Several officers: their signatures over the same PKIData, and approval by such a signature. */
#include "talk.h"

#include "asn1/codec.h"
#include "asn1/oids.h"

struct people {
    struct test_authority *t;
    struct test_party ann, bob, eve; /* beside the authority's own officer */
};

static int setup(void **state)
{
    struct people *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->t = test_authority_new("EC", "P-256");
    p->ann = test_party_new(p->t, "ee", "CN=ann");
    p->bob = test_party_new(p->t, "ee", "CN=bob");
    p->eve = test_party_new(p->t, "ee", "CN=eve");
    test_officer_add(p->t, "ann", &p->ann, CMC_ROLE_ENROLL | CMC_ROLE_APPROVE | CMC_ROLE_REVOKE);
    test_officer_add(p->t, "bob", &p->bob, CMC_ROLE_APPROVE | CMC_ROLE_RA);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct people *p = *state;

    test_party_free(&p->ann);
    test_party_free(&p->bob);
    test_party_free(&p->eve);
    test_authority_free(p->t);
    free(p);
    return 0;
}

/* Send the request rq signed by all of these. */
static void send_signed(struct talk *k, struct cmc_full_request rq,
                        const struct test_party *const *who, size_t n)
{
    struct cmc_cms_signer signers[4] = {0};
    struct cmc_slice certs[4];
    struct cmc_err err = {0};

    for (size_t i = 0; i < n; i++) {
        certs[i] = who[i]->cert;
        signers[i] = (struct cmc_cms_signer){
            .key = who[i]->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = who[i]->cert};
    }
    rq.signer = signers;
    rq.nsigners = n;
    rq.certs = certs;
    rq.ncerts = n;
    if (cmc_full_request_create(k->t->crypto, &rq, k->t->arena, &k->state, &k->sent, &err) !=
        CMC_OK)
        fail_msg("%s", err.text);
    talk_again(k);
}

static void enrol_signed(struct talk *k, const struct test_party *const *who, size_t n)
{
    send_signed(k, (struct cmc_full_request){.pkcs10 = &k->csr, .npkcs10 = 1}, who, n);
}

/* The last message with one more signature, or with that alone. */
static void sign_again(struct talk *k, const struct test_party *who, bool alone)
{
    const struct cmc_cms_signer signer = {
        .key = who->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = who->cert};
    struct cmc_signed_data sd;
    struct cmc_slice content;

    assert_int_equal(cmc_signed_data_open(k->sent, k->t->arena, &sd, NULL), CMC_OK);
    content = sd.encap.content;
    assert_int_equal(cmc_signed_data_add_signer(k->t->crypto, &sd, &signer, alone, &who->cert, 1,
                                                k->t->arena, &k->sent, NULL),
                     CMC_OK);
    assert_int_equal(cmc_signed_data_open(k->sent, k->t->arena, &sd, NULL), CMC_OK);
    assert_true(cmc_slice_eq(sd.encap.content, content));
    talk_again(k);
}

/* -- signatures on one message ------------------------------------------------------------ */

static void two_of_three_issue(void **state)
{
    struct people *p = *state;
    struct talk k = talk_new(p->t, NULL, "CN=two");

    p->t->rules.quorum = 2;
    enrol_signed(&k, (const struct test_party *const[]){&p->t->officer, &p->ann}, 2);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_true(talk_has_cert(&k, NULL));
    assert_true(talk_audited(p->t, "\"signers\":\"", "\"event\":\"issue\""));
    talk_free(&k);
}

static void refused(struct people *p, const char *subject, const struct test_party *const *who,
                    size_t n)
{
    struct talk k = talk_new(p->t, NULL, subject);
    const struct cmc_outcome *o;

    enrol_signed(&k, who, n);
    o = talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, k.state.first_request_id);
    assert_non_null(memmem(o->text.p, o->text.n, "2 different officers", 20));
    assert_false(talk_has_cert(&k, NULL));
    assert_int_equal(talk_cert_count(p->t, subject), 0);
    assert_true(talk_audited(p->t, "\"failInfo\":\"badRequest\"", subject));
    talk_free(&k);
}

static void too_few_do_not(void **state)
{
    struct people *p = *state;
    struct test_party twin = {.key = p->ann.key};
    struct talk k;

    p->t->rules.quorum = 2;
    refused(p, "CN=one", (const struct test_party *const[]){&p->ann}, 1);
    refused(p, "CN=twice", (const struct test_party *const[]){&p->ann, &p->ann}, 2);
    /* bob is an officer, and has not the role */
    refused(p, "CN=norole", (const struct test_party *const[]){&p->ann, &p->bob}, 2);
    /* the same key with a second certificate, registered under another name */
    EVP_PKEY_up_ref(p->ann.key);
    twin = test_party_keyed(p->t, "ee", "CN=twin", p->ann.key);
    test_officer_add(p->t, "twin", &twin, CMC_ROLE_ENROLL);
    refused(p, "CN=samekey", (const struct test_party *const[]){&p->ann, &twin}, 2);
    test_party_free(&twin);
    /* eve has a good certificate, and is no officer: as elsewhere, she is somebody's holder */
    refused(p, "CN=noofficer", (const struct test_party *const[]){&p->ann, &p->eve}, 2);
    /* one bad signature among good ones is worse: the message is not authentic */
    k = talk_new(p->t, NULL, "CN=forged");
    {
        struct test_party forged = {.key = p->bob.key, .cert = p->t->officer.cert};

        enrol_signed(&k, (const struct test_party *const[]){&p->ann, &forged}, 2);
    }
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_MESSAGE_CHECK, UINT32_MAX);
    talk_free(&k);
}

static void revocation_has_its_own(void **state)
{
    struct people *p = *state;
    struct cmc_cert_record rec = talk_record(p->t, p->eve.cert);
    struct cmc_revocation rev = {.issuer = rec.issuer, .serial = rec.serial, .reason = 1};
    const struct cmc_full_request rq = {.revocations = &rev, .nrevocations = 1};
    struct talk k = talk_new(p->t, NULL, "CN=x");

    p->t->rules.revoke_quorum = 2;
    send_signed(&k, rq, (const struct test_party *const[]){&p->ann}, 1);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    send_signed(&k, rq, (const struct test_party *const[]){&p->ann, &p->bob}, 2);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(talk_record(p->t, p->eve.cert).state, CMC_CERT_VALID);
    assert_true(talk_audited(p->t, "\"event\":\"revoke\"", "\"failInfo\":\"badRequest\""));
    send_signed(&k, rq, (const struct test_party *const[]){&p->ann, &p->t->officer}, 2);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_int_equal(talk_record(p->t, p->eve.cert).state, CMC_CERT_REVOKED);
    talk_free(&k);
}

/* -- approval from afar ------------------------------------------------------------------- */

static struct cmc_pending held(struct talk *k)
{
    struct cmc_pending *pending;
    size_t n;

    talk_expect(k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, k->state.first_request_id);
    assert_int_equal(cmc_pending_read(&k->answer, &k->state, k->t->arena, &pending, &n, NULL),
                     CMC_OK);
    assert_int_equal(n, 1);
    return *pending;
}

static void poll(struct talk *k, const struct cmc_pending *pending)
{
    struct cmc_full_request rq = {0};

    assert_int_equal(cmc_pending_query(pending, 1, k->t->arena, &rq, NULL), CMC_OK);
    talk_send(k, rq);
}

static void says(const struct cmc_outcome *o, const char *what)
{
    if (memmem(o->text.p, o->text.n, what, strlen(what)) == NULL)
        fail_msg("no \"%s\" in \"%.*s\"", what, (int)o->text.n, (const char *)o->text.p);
}

static void two_approve_by_signature(void **state)
{
    struct people *p = *state;
    struct talk k = talk_new(p->t, &p->t->officer, "CN=held");
    struct cmc_pending pending;
    struct cmc_exchange_state state_of_first;
    struct cmc_slice first;

    p->t->rules.approvals = 2;
    p->t->rules.refuse_nonces = true;
    p->t->rules.time_seconds = 60;
    talk_enrol(&k);
    first = k.sent;
    state_of_first = k.state;
    pending = held(&k);

    /* days later: the first signature is old, and nobody minds */
    p->t->later = 100000;
    sign_again(&k, &p->ann, false);
    says(talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, k.state.first_request_id),
         "1 of 2 approvals");
    assert_false(talk_has_cert(&k, NULL));
    assert_int_equal(talk_held(p->t).approvals, 1);
    /* the same message again: the same answer, and no second approval */
    talk_again(&k);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_int_equal(talk_held(p->t).approvals, 1);
    /* the same officer with a new signature */
    k.sent = first;
    k.state = state_of_first;
    sign_again(&k, &p->ann, true);
    says(talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, k.state.first_request_id),
         "ann approved it before");
    assert_true(talk_audited(p->t, "\"event\":\"approve\"", "approved it before"));
    assert_int_equal(talk_held(p->t).approvals, 1);
    poll(&k, &pending);
    talk_expect(&k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, UINT32_MAX);

    k.sent = first;
    k.state = state_of_first;
    sign_again(&k, &p->bob, true);
    says(talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX), "2 of 2 approvals");
    assert_true(talk_audited(p->t, "\"event\":\"request-approve\"", "\"by\":\"bob\""));
    poll(&k, &pending);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_true(talk_has_cert(&k, NULL));
    /* too late now */
    k.sent = first;
    k.state = state_of_first;
    sign_again(&k, &p->bob, false);
    says(talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX), "issued already");
    talk_free(&k);
}

static void not_by_anybody(void **state)
{
    struct people *p = *state;
    struct talk k = talk_new(p->t, &p->ann, "CN=mine");
    struct test_party dan = test_party_new(p->t, "ee", "CN=dan");
    struct cmc_slice first;

    test_officer_add(p->t, "dan", &dan, CMC_ROLE_ENROLL);
    p->t->rules.approvals = 1;
    p->t->rules.refuse_nonces = true;
    talk_enrol(&k);
    (void)held(&k);
    first = k.sent;
    /* an officer without the role */
    sign_again(&k, &dan, false);
    says(talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX),
         "dan does not have the role approve");
    assert_true(talk_audited(p->t, "\"event\":\"approve\"", "role approve"));
    /* nobody approves his own: for ann, who may, it is the nonce of before */
    k.sent = first;
    sign_again(&k, &p->ann, true);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(talk_held(p->t).approvals, 0);
    /* who is no officer */
    k.sent = first;
    sign_again(&k, &p->eve, true);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY, UINT32_MAX);
    /* at another endpoint it is another request */
    k.sent = first;
    p->t->rules.path = "/elsewhere";
    sign_again(&k, &p->bob, true);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(talk_held(p->t).approvals, 0);
    assert_int_equal(talk_held(p->t).state, CMC_HELD_WAITING);
    test_party_free(&dan);
    talk_free(&k);
}

/* Fewer than the quorum signed: with approvals it waits; as many as that: it does not. */
static void quorum_instead_of_approval(void **state)
{
    struct people *p = *state;
    struct talk k = talk_new(p->t, &p->t->officer, "CN=waits");
    struct talk now = talk_new(p->t, NULL, "CN=now");

    p->t->rules.approvals = 1;
    p->t->rules.quorum = 2;
    talk_enrol(&k);
    (void)held(&k);
    enrol_signed(&now, (const struct test_party *const[]){&p->t->officer, &p->ann}, 2);
    talk_expect(&now, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_true(talk_has_cert(&now, NULL));
    talk_free(&k);
    talk_free(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_of_three_issue, setup, teardown),
        cmocka_unit_test_setup_teardown(too_few_do_not, setup, teardown),
        cmocka_unit_test_setup_teardown(revocation_has_its_own, setup, teardown),
        cmocka_unit_test_setup_teardown(two_approve_by_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(not_by_anybody, setup, teardown),
        cmocka_unit_test_setup_teardown(quorum_instead_of_approval, setup, teardown),
    };

    return cmocka_run_group_tests_name("responder-quorum", tests, NULL, NULL);
}
