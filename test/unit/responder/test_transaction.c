/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a message from being used twice, and what is given back (RFC 10002 sections 6.4,
 * 6.6 and 6.12). */
#include "talk.h"

#include "asn1/codec.h"
#include "asn1/oids.h"

static int setup(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");

    t->rules.refuse_nonces = true;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* An enrolment with this senderNonce. */
static void enrol_with(struct talk *k, const char *nonce)
{
    struct cmc_slice value = cmc_slice_str(nonce);
    const struct cmc_extra_control control = {cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &value};

    talk_send(k, (struct cmc_full_request){.pkcs10 = &k->csr,
                                           .npkcs10 = 1,
                                           .controls = &control,
                                           .ncontrols = 1,
                                           .no_nonce = true});
}

/* [10002-6.6-d, 10002-6.6-f, 10004-5.2-n]: the same nonce serves one message of one sender. */
static void a_nonce_is_for_one_message(void **state)
{
    struct test_authority *t = *state;
    struct test_party bob = test_party_new(t, "ee", "CN=bob");
    struct talk k = talk_new(t, &t->officer, "CN=one"), l = talk_new(t, &t->officer, "CN=two"),
                m = talk_new(t, &bob, "CN=three");
    struct cmc_slice cert, again;
    struct cmc_sweep what = {.now = TEST_NOW, .nonces_before = TEST_NOW + 1};
    struct cmc_swept out;

    test_officer_add(t, "bob", &bob, CMC_ROLE_ENROLL);
    enrol_with(&k, "the same nonce");
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_true(talk_has_cert(&k, &cert));
    enrol_with(&l, "the same nonce");
    talk_expect(&l, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, l.state.first_control_id);
    assert_int_equal(talk_cert_count(t, "CN=two"), 0);
    /* the same octets are no replay but a retry; another sender has nonces of its own */
    talk_again(&k);
    assert_true(talk_has_cert(&k, &again) && cmc_slice_eq(cert, again));
    enrol_with(&m, "the same nonce");
    talk_expect(&m, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    /* it lasts over a restart, until it is swept away */
    test_authority_restart(t);
    enrol_with(&l, "the same nonce");
    talk_expect(&l, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(cmc_store_sweep(t->store, &what, &out, NULL), CMC_OK);
    assert_int_equal(out.nonces, 2);
    enrol_with(&l, "the same nonce");
    talk_expect(&l, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
    talk_free(&l);
    talk_free(&m);
    test_party_free(&bob);
}

/* A refused message has used nothing up: mended, it may come again as it is. */
static void a_refused_message_uses_no_nonce(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=mended");

    t->rules.profile = "other";
    k.csr = test_csr(t, k.key, "", NULL);
    enrol_with(&k, "nonce");
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    k.csr = test_csr(t, k.key, "CN=mended", NULL);
    enrol_with(&k, "nonce");
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
}

static void where_it_is_allowed(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=one"), l = talk_new(t, &t->officer, "CN=two");

    t->rules.refuse_nonces = false;
    enrol_with(&k, "the same nonce");
    enrol_with(&l, "the same nonce");
    talk_expect(&l, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
    talk_free(&l);
}

/* [10002-6.6-u1, 10004-5.2-o]: there is nothing yet that a first message could answer. */
static void a_recipient_nonce_answers_ours(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=first");
    struct cmc_full_request rq = {
        .pkcs10 = &k.csr, .npkcs10 = 1, .recipient_nonce = CMC_SLICE_LIT("0123456789abcdef")};

    talk_send(&k, rq);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    assert_int_equal(talk_cert_count(t, "CN=first"), 0);
    t->rules.dogtag = true;
    talk_send(&k, rq);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    talk_free(&k);
}

/* Each answer has a nonce of its own [10002-6.6-f]. */
static void our_nonces_differ(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=ours");
    struct cmc_slice first;

    talk_enrol(&k);
    first = k.answer.sender_nonce;
    assert_int_equal(first.n, 32);
    talk_enrol(&k);
    assert_false(cmc_slice_eq(first, k.answer.sender_nonce));
    talk_free(&k);
}

static void a_clock_that_is_wrong(void **state)
{
    struct test_authority *t = *state;
    static const struct {
        int64_t off;
        bool good;
    } rows[] = {{0, true}, {300, true}, {-300, true}, {301, false}, {-301, false}, {-90000, false}};

    t->rules.time_seconds = 300;
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct talk k = talk_new(t, &t->officer, "CN=clock");
        const struct cmc_cms_signer signer = {.key = t->officer.key,
                                              .sid = CMC_SID_ISSUER_SERIAL,
                                              .cert = t->officer.cert,
                                              .signing_time = true,
                                              .time = TEST_NOW + rows[i].off};
        const struct cmc_full_request rq = {.pkcs10 = &k.csr,
                                            .npkcs10 = 1,
                                            .signer = &signer,
                                            .certs = &t->officer.cert,
                                            .ncerts = 1};
        struct test_reply r;

        assert_int_equal(cmc_full_request_create(t->crypto, &rq, t->arena, &k.state, &k.sent, NULL),
                         CMC_OK);
        r = test_send(t, CMC_TYPE_CMC, k.sent, CMC_ANSWER_CMC);
        assert_int_equal(
            cmc_answer_open(t->crypto, r.body, &k.state, NULL, t->arena, &k.answer, NULL), CMC_OK);
        talk_expect(&k, rows[i].good ? CMC_STATUS_SUCCESS : CMC_STATUS_FAILED,
                    rows[i].good ? CMC_FAIL_INFO_NONE : CMC_FAIL_BAD_TIME, UINT32_MAX);
        talk_free(&k);
    }
}

/* [10002-6.4-a, 10002-6.4-u1, 10004-5.2-j]: dataReturn comes back, whatever form was asked for. */
static void data_return_in_every_form(void **state)
{
    struct test_authority *t = *state;
    static const enum cmc_answer_form forms[] = {CMC_ANSWER_CERTS_ONLY, CMC_ANSWER_PKIX_CERT,
                                                 CMC_ANSWER_CERTS_ONLY_CHAIN};

    for (size_t i = 0; i < CMC_COUNT(forms); i++) {
        struct talk k = talk_new(t, &t->officer, "CN=returns");
        struct cmc_cms_signer signer = {
            .key = t->officer.key, .sid = CMC_SID_ISSUER_SERIAL, .cert = t->officer.cert};
        struct cmc_full_request rq = {.pkcs10 = &k.csr,
                                      .npkcs10 = 1,
                                      .data_return = CMC_SLICE_LIT("\x00\xff state"),
                                      .signer = &signer,
                                      .certs = &t->officer.cert,
                                      .ncerts = 1};

        assert_int_equal(cmc_full_request_create(t->crypto, &rq, t->arena, &k.state, &k.sent, NULL),
                         CMC_OK);
        for (int times = 0; times < 2; times++) {
            struct test_reply r = test_send(t, CMC_TYPE_CMC, k.sent, forms[i]);

            assert_string_equal(r.content_type, CMC_MEDIA_RESPONSE);
            assert_int_equal(
                cmc_answer_open(t->crypto, r.body, &k.state, NULL, t->arena, &k.answer, NULL),
                CMC_OK);
            assert_true(cmc_slice_eq(k.answer.data_return, CMC_SLICE_LIT("\x00\xff state")));
            assert_true(talk_has_cert(&k, NULL));
        }
        talk_free(&k);
    }
}

/* [10002-6.12-u1, 10004-5.2-w, 10004-5.2-x] */
static void information_both_ways(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=info");
    struct cmc_slice info = CMC_SLICE_LIT("floor=3"), got = CMC_SLICE_NONE;
    const struct cmc_extra_control control = {cmc_oid_id_cmc_regInfo, &cmc_it_octet_string, &info};
    const struct cmc_tagged_attribute *ta;

    t->rules.response_info = CMC_SLICE_LIT("ask the help desk");
    talk_send(&k, (struct cmc_full_request){
                      .pkcs10 = &k.csr, .npkcs10 = 1, .controls = &control, .ncontrols = 1});
    ta = cmc_control_first(&k.answer.body.controls, cmc_oid_id_cmc_responseInfo);
    assert_non_null(ta);
    assert_int_equal(cmc_decode(&cmc_it_octet_string, *CMC_AT(struct cmc_slice, ta->values, 0),
                                t->arena, &got, NULL),
                     CMC_OK);
    assert_true(cmc_slice_eq(got, t->rules.response_info));
    assert_true(talk_audited(t, "registration-info", "666c6f6f723d33"));
    talk_free(&k);
}

/* An answer that is kept no more: no second certificate, and the reason is told. */
static void forgotten_answers(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=forgotten");
    const struct cmc_sweep what = {.now = TEST_NOW, .answers_before = TEST_NOW + 1};
    struct cmc_swept out;
    const struct cmc_outcome *o;

    talk_enrol(&k);
    assert_true(talk_has_cert(&k, NULL));
    assert_int_equal(cmc_store_sweep(t->store, &what, &out, NULL), CMC_OK);
    assert_int_equal(out.answers, 1);
    assert_int_equal(cmc_store_sweep(t->store, &what, &out, NULL), CMC_OK);
    assert_int_equal(out.answers, 0);
    talk_again(&k);
    o = talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, 0);
    assert_non_null(memmem(o->text.p, o->text.n, "2026-09-21", 10));
    assert_int_equal(talk_cert_count(t, "CN=forgotten"), 1);
    talk_free(&k);
}

int main(void)
{
#define AT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        AT(a_nonce_is_for_one_message), AT(a_refused_message_uses_no_nonce),
        AT(where_it_is_allowed),        AT(a_recipient_nonce_answers_ours),
        AT(our_nonces_differ),          AT(a_clock_that_is_wrong),
        AT(data_return_in_every_form),  AT(information_both_ways),
        AT(forgotten_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
