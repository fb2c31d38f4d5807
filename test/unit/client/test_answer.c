/* SPDX-License-Identifier: Apache-2.0 */
/* Which answers are believed. A small responder here makes right ones and wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../key/pki.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"

static const uint8_t nonce[16] = "0123456789abcdef";
static const uint8_t transaction[] = {0x41, 0x42};

struct fixture {
    struct cmc_crypto *c;
    struct cmc_arena *arena;
    struct pki_cert ca, responder, other, ee;
    struct cmc_slice certs[3]; /* responder, ee, CA: what travels */
    struct cmc_trust trust;
    struct cmc_exchange_state state;
    struct cmc_answer_view view;
    struct cmc_err err;
};

/* What the responder says; what is absent is left out. */
struct script {
    struct cmc_slice recipient_nonce, transaction_id, data_return;
    const struct cmc_outcome *outcomes;
    size_t noutcomes;
    const struct pki_cert *signer; /* NULL: unsigned */
    struct cmc_slice type;
    bool unnamed; /* with parts that no control names */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || cmc_crypto_new(&f->c, NULL) != CMC_OK)
        return 1;
    f->arena = cmc_arena_new(1u << 24);
    f->ca = pki_make(f->arena, "CA", pki_key(), NULL, -60, 3600, pki_ca_exts);
    f->responder =
        pki_make(f->arena, "responder", pki_key(), &f->ca, -60, 3600, pki_responder_exts);
    f->other = pki_make(f->arena, "other", pki_key(), NULL, -60, 3600, pki_responder_exts);
    f->ee = pki_make(f->arena, "ee", pki_key(), &f->ca, -60, 3600, pki_ee_exts);
    f->certs[0] = f->responder.der;
    f->certs[1] = f->ee.der;
    f->certs[2] = f->ca.der;
    f->trust = (struct cmc_trust){.anchors = &f->ca.der, .nanchors = 1, .now = (int64_t)time(NULL)};
    memcpy(f->state.sender_nonce, nonce, sizeof nonce);
    f->state.has_nonce = true;
    f->state.transaction_id = cmc_slice(transaction, sizeof transaction);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pki_free(&f->ee);
    pki_free(&f->other);
    pki_free(&f->responder);
    pki_free(&f->ca);
    cmc_crypto_free(f->c);
    cmc_arena_free(f->arena);
    free(f);
    return 0;
}

/* The script of a right answer. */
static struct script right(const struct fixture *f)
{
    return (struct script){.recipient_nonce = cmc_slice(nonce, sizeof nonce),
                           .transaction_id = cmc_slice(transaction, sizeof transaction),
                           .signer = &f->responder,
                           .type = cmc_oid_id_cct_PKIResponse};
}

static void add(struct fixture *f, struct cmc_pkiresponse *body, uint32_t *id,
                struct cmc_slice type, const struct cmc_item *it, struct cmc_slice value)
{
    if (value.p != NULL)
        assert_int_equal(
            cmc_control_add(f->arena, &body->controls, (*id)++, type, it, &value, NULL), CMC_OK);
}

static struct cmc_slice respond(struct fixture *f, const struct script *s)
{
    struct cmc_pkiresponse body = {0};
    struct cmc_cms_content content = {.type = s->type, .certs = f->certs, .ncerts = 3};
    struct cmc_cms_signer signer = {0};
    struct cmc_slice out;
    uint32_t id = 1;

    for (size_t i = 0; i < s->noutcomes; i++)
        assert_int_equal(
            cmc_status_add(f->arena, &body.controls, &s->outcomes[i], false, &id, NULL), CMC_OK);
    add(f, &body, &id, cmc_oid_id_cmc_recipientNonce, &cmc_it_nonce, s->recipient_nonce);
    add(f, &body, &id, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, s->transaction_id);
    add(f, &body, &id, cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string, s->data_return);
    if (s->unnamed) {
        struct cmc_tagged_content_info *ci =
            cmc_list_add(f->arena, &cmc_it_cms_sequence, &body.cms, 1);
        struct cmc_other_msg *om = cmc_list_add(f->arena, &cmc_it_other_msgs, &body.other, 1);

        assert_true(ci != NULL && om != NULL);
        *ci = (struct cmc_tagged_content_info){
            id++, {.content_type = cmc_oid_id_data, .content = CMC_SLICE_LIT("\x04\x01x")}};
        *om =
            (struct cmc_other_msg){id++, CMC_SLICE_LIT("\x2a\x03\x04"), CMC_SLICE_LIT("\x05\x00")};
    }
    assert_int_equal(cmc_pkiresponse_encode(f->arena, &body, &content.content, NULL), CMC_OK);
    if (s->signer != NULL)
        signer = (struct cmc_cms_signer){.key = s->signer->key, .cert = s->signer->der};
    if (cmc_signed_data_create(f->c, &content, &signer, s->signer != NULL, f->arena, &out,
                               &f->err) != CMC_OK)
        fail_msg("%s", f->err.text);
    return out;
}

static enum cmc_rc open_answer(struct fixture *f, struct cmc_slice body)
{
    return cmc_answer_open(f->c, body, &f->state, &f->trust, f->arena, &f->view, &f->err);
}

static void assert_believed(struct fixture *f, struct cmc_slice body)
{
    if (open_answer(f, body) != CMC_OK)
        fail_msg("%s", f->err.text);
}

static void assert_not_believed(struct fixture *f, struct cmc_slice body, enum cmc_rc rc,
                                const char *text)
{
    assert_int_equal(open_answer(f, body), rc);
    if (strstr(f->err.text, text) == NULL)
        fail_msg("'%s' does not say '%s'", f->err.text, text);
}

static struct cmc_slice ee_spki(struct fixture *f, EVP_PKEY *key)
{
    struct cmc_slice spki;

    assert_int_equal(cmc_key_spki(key, f->arena, &spki, NULL), CMC_OK);
    return spki;
}

/* -- full responses ---------------------------------------------------------------------- */

/* [10002-4.2-a, 10002-4.2-b, 10002-6.1.1-a, 10002-6.1.2-b, 10002-6.1.2-u1, 10004-5-d] */
static void a_right_answer(void **state)
{
    struct fixture *f = *state;
    struct script s = right(f);

    s.data_return = CMC_SLICE_LIT("mine");
    assert_believed(f, respond(f, &s));
    assert_true(f->view.full);
    assert_int_equal(f->view.ncerts, 3);
    assert_int_equal(f->view.noutcomes, 0);
    assert_int_equal(f->view.worst, CMC_STATUS_SUCCESS);
    assert_true(cmc_slice_eq(f->view.signer_cert, f->responder.der));
    assert_true(cmc_slice_eq(f->view.data_return, CMC_SLICE_LIT("mine")));
}

/* [10002-6.1-b, 10002-6.1-e, 10004-5.2-a] */
static void the_worst_status(void **state)
{
    static const uint32_t parts[] = {3, 4};
    static const struct cmc_outcome outcomes[] = {
        {CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, &parts[0], 1, {NULL, 0}, {NULL, 0}, 0},
        {CMC_STATUS_FAILED,
         CMC_FAIL_BAD_REQUEST,
         &parts[1],
         1,
         {(const uint8_t *)"no", 2},
         {NULL, 0},
         0},
        {CMC_STATUS_PENDING,
         CMC_FAIL_INFO_NONE,
         &parts[0],
         1,
         {NULL, 0},
         {(const uint8_t *)"tok", 3},
         1700000000},
    };
    struct fixture *f = *state;
    struct script s = right(f);

    s.outcomes = outcomes;
    s.noutcomes = 3;
    assert_believed(f, respond(f, &s));
    assert_int_equal(f->view.worst, CMC_STATUS_FAILED);
    assert_int_equal(f->view.noutcomes, 3);
    assert_int_equal(f->view.outcomes[1].fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(f->view.outcomes[1].body_parts[0], 4);
    assert_true(cmc_slice_eq(f->view.outcomes[2].pend_token, CMC_SLICE_LIT("tok")));
}

/* [10002-6.6-u2, 10004-5.2-o, 10004-5.2-m] */
static void answers_to_others(void **state)
{
    struct fixture *f = *state;
    struct script s = right(f);

    s.recipient_nonce = CMC_SLICE_LIT("0123456789abcdeX");
    assert_not_believed(f, respond(f, &s), CMC_E_REFUSED, "recipientNonce is another");
    s.recipient_nonce = CMC_SLICE_LIT("0123456789abcde");
    assert_not_believed(f, respond(f, &s), CMC_E_REFUSED, "recipientNonce is another");
    s.recipient_nonce = CMC_SLICE_NONE;
    assert_not_believed(f, respond(f, &s), CMC_E_REFUSED, "recipientNonce is missing");
    s = right(f);
    s.transaction_id = cmc_slice(transaction, 1);
    assert_not_believed(f, respond(f, &s), CMC_E_REFUSED, "transactionId is another");
    s.transaction_id = CMC_SLICE_NONE;
    assert_not_believed(f, respond(f, &s), CMC_E_REFUSED, "transactionId is missing");
    assert_int_equal(
        cmc_answer_open(f->c, respond(f, &s), NULL, &f->trust, f->arena, &f->view, &f->err),
        CMC_OK);
}

/* A server that could not read the request cannot know its nonce; its reason must be seen. */
static void a_refusal_without_nonce_is_told(void **state)
{
    static const uint32_t whole[] = {0};
    static const struct cmc_outcome refusal = {CMC_STATUS_FAILED,
                                               CMC_FAIL_BAD_MESSAGE_CHECK,
                                               whole,
                                               1,
                                               {(const uint8_t *)"not signed", 10},
                                               {NULL, 0},
                                               0};
    struct fixture *f = *state;
    struct script s = right(f);

    s.outcomes = &refusal;
    s.noutcomes = 1;
    s.recipient_nonce = CMC_SLICE_NONE;
    assert_not_believed(f, respond(f, &s), CMC_E_REFUSED, "failed badMessageCheck: not signed");
}

/* [10002-3.2.1.3.4-a, 10002-9.1-u1, 10002-9-b] */
static void wrong_signers(void **state)
{
    struct fixture *f = *state;
    struct script s = right(f);

    s.signer = &f->ee; /* of the CA, but not for responses */
    assert_not_believed(f, respond(f, &s), CMC_E_REFUSED, "id-kp-cmcCA");
    f->trust.no_eku = true;
    assert_believed(f, respond(f, &s));
    f->trust.no_eku = false;
    s.signer = &f->other;
    assert_not_believed(f, respond(f, &s), CMC_E_CRYPTO, "neither in the response");
    f->certs[2] = f->other.der;
    assert_not_believed(f, respond(f, &s), CMC_E_REFUSED, "no trusted path");
    s.signer = NULL;
    assert_not_believed(f, respond(f, &s), CMC_E_CRYPTO, "not signed");
}

static void the_ca_itself_may_sign(void **state)
{
    struct fixture *f = *state;
    struct script s = right(f);

    s.signer = &f->ca;
    assert_believed(f, respond(f, &s));
    /* Its certificate need not travel. */
    f->certs[2] = f->ee.der;
    assert_believed(f, respond(f, &s));
}

static void another_content_type(void **state)
{
    struct fixture *f = *state;
    struct script s = right(f);

    s.type = cmc_oid_id_data;
    assert_not_believed(f, respond(f, &s), CMC_E_INPUT, "id-cct-PKIResponse");
}

/* Each octet that the signature covers, or that names the signer, changed once: no such answer
 * is believed and unchanged at the same time. [10002-3.2.1.3.4-a] */
static void changed_octets(void **state)
{
    struct fixture *f = *state;
    struct script s = right(f);
    struct cmc_slice body = respond(f, &s);
    uint8_t *p = cmc_arena_dup(f->arena, body.p, body.n);
    struct cmc_slice at;
    size_t content;

    /* The nonce stands in the signed content. */
    at.p = memmem(body.p, body.n, nonce, sizeof nonce);
    assert_non_null(at.p);
    content = (size_t)(at.p - body.p);
    p[content - 1] ^= 1; /* its length: the content does not even decode */
    assert_int_not_equal(open_answer(f, cmc_slice(p, body.n)), CMC_OK);
    p[content - 1] ^= 1;
    f->state.sender_nonce[0] ^= 1; /* so that only the digest can tell */
    p[content] ^= 1;
    assert_not_believed(f, cmc_slice(p, body.n), CMC_E_CRYPTO, "signature");
    p[content] ^= 1;
    f->state.sender_nonce[0] ^= 1;
    p[body.n - 1] ^= 1; /* the end of the signature value */
    assert_not_believed(f, cmc_slice(p, body.n), CMC_E_CRYPTO, "signature");
    p[body.n - 1] ^= 1;
    assert_believed(f, cmc_slice(p, body.n));
}

static void cut_short(void **state)
{
    struct fixture *f = *state;
    struct script s = right(f);
    struct cmc_slice body = respond(f, &s);

    for (size_t n = 0; n < body.n; n += 7)
        assert_int_equal(open_answer(f, cmc_slice(body.p, n)), CMC_E_INPUT);
}

/* Where the certificate stands among the others means nothing. [10002-4.1-b, 10002-4.2-b] */
static void certificates_in_any_order(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct fixture *f = *state;
    const struct cmc_slice all[] = {f->responder.der, f->ee.der, f->ca.der};
    struct cmc_slice spki = ee_spki(f, f->ee.key), cert, body;
    struct script s = right(f);

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        for (size_t k = 0; k < 3; k++)
            f->certs[k] = all[orders[i][k]];
        assert_believed(f, respond(f, &s));
        assert_int_equal(cmc_answer_cert(f->c, &f->view, spki, &f->trust, f->arena, &cert, &f->err),
                         CMC_OK);
        assert_true(cmc_slice_eq(cert, f->ee.der));
        assert_int_equal(cmc_certs_only_create(f->certs, 3, NULL, 0, f->arena, &body, &f->err),
                         CMC_OK);
        assert_believed(f, body);
        assert_int_equal(cmc_answer_cert(f->c, &f->view, spki, &f->trust, f->arena, &cert, &f->err),
                         CMC_OK);
        assert_true(cmc_slice_eq(cert, f->ee.der));
    }
}

/* Items of cmsSequence and otherMsgSequence that no control names. [10002-4.2.1-u1] */
static void parts_that_nobody_names_are_ignored(void **state)
{
    static const uint8_t oid[] = {0x2a, 3, 4};
    struct fixture *f = *state;
    struct script s = right(f);

    s.unnamed = true;
    assert_believed(f, respond(f, &s));
    assert_int_equal(f->view.worst, CMC_STATUS_SUCCESS);
    assert_int_equal(f->view.body.cms.n, 1);
    assert_int_equal(f->view.body.other.n, 1);
    assert_true(cmc_slice_eq(CMC_AT(struct cmc_other_msg, f->view.body.other, 0)->type,
                             cmc_slice(oid, sizeof oid)));
}

/* -- a response within the response ------------------------------------------------------ */

/* An RA's response (signed by the responder) whose responseBody names item, and the CA's own. */
static struct cmc_slice nested(struct fixture *f, struct cmc_slice inner, uint32_t item)
{
    struct cmc_pkiresponse body = {0};
    struct cmc_cms_content content = {
        .type = cmc_oid_id_cct_PKIResponse, .certs = f->certs, .ncerts = 1};
    const struct cmc_cms_signer signer = {.key = f->responder.key, .cert = f->responder.der};
    struct cmc_tagged_content_info *ci = cmc_list_add(f->arena, &cmc_it_cms_sequence, &body.cms, 1);
    struct cmc_list path = {.v = &item, .n = 1};
    struct cmc_slice out;
    uint32_t id = 1;

    assert_non_null(ci);
    ci->body_part_id = 20;
    ci->content.raw = inner;
    add(f, &body, &id, cmc_oid_id_cmc_recipientNonce, &cmc_it_nonce,
        cmc_slice(nonce, sizeof nonce));
    add(f, &body, &id, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id,
        cmc_slice(transaction, sizeof transaction));
    assert_int_equal(cmc_control_add(f->arena, &body.controls, id++, cmc_oid_id_cmc_responseBody,
                                     &cmc_it_body_part_path, &path, NULL),
                     CMC_OK);
    assert_int_equal(cmc_pkiresponse_encode(f->arena, &body, &content.content, NULL), CMC_OK);
    assert_int_equal(cmc_signed_data_create(f->c, &content, &signer, 1, f->arena, &out, &f->err),
                     CMC_OK);
    return out;
}

/* Its certificates and statuses count, its nonce is not ours, and it is checked like any other.
 * [10002-6.21-a, 10004-5.2-aq, 10004-5.2-ar] */
static void a_response_within_the_response(void **state)
{
    static const uint32_t part = 9;
    static const struct cmc_outcome pending = {.status = CMC_STATUS_PENDING,
                                               .fail_info = CMC_FAIL_INFO_NONE,
                                               .body_parts = &part,
                                               .nbody_parts = 1,
                                               .pend_token = {(const uint8_t *)"tok", 3},
                                               .pend_time = 1790000000};
    struct fixture *f = *state;
    struct cmc_slice cert, body, spki = ee_spki(f, f->ee.key);
    struct script s = right(f);
    uint8_t *bad;

    s.recipient_nonce = CMC_SLICE_LIT("the RA's nonce");
    body = respond(f, &s);
    assert_believed(f, nested(f, body, 20));
    assert_int_equal(f->view.ncerts, 1 + 3);
    assert_int_equal(f->view.worst, CMC_STATUS_SUCCESS);
    assert_int_equal(cmc_answer_cert(f->c, &f->view, spki, &f->trust, f->arena, &cert, &f->err),
                     CMC_OK);
    assert_believed(f, nested(f, nested(f, body, 20), 20));
    assert_int_equal(f->view.ncerts, 1 + 1 + 3);

    s.outcomes = &pending;
    s.noutcomes = 1;
    assert_believed(f, nested(f, respond(f, &s), 20));
    assert_int_equal(f->view.worst, CMC_STATUS_PENDING);
    assert_int_equal(f->view.noutcomes, 1);
    assert_int_equal(f->view.outcomes[0].body_parts[0], 9);

    assert_not_believed(f, nested(f, body, 21), CMC_E_INPUT, "body part 21");
    bad = cmc_arena_dup(f->arena, body.p, body.n);
    bad[body.n - 1] ^= 1;
    assert_not_believed(f, nested(f, cmc_slice(bad, body.n), 20), CMC_E_CRYPTO,
                        "response within the response");
    s.signer = &f->other;
    f->certs[2] = f->other.der;
    assert_not_believed(f, nested(f, respond(f, &s), 20), CMC_E_REFUSED, "no trusted path");
    for (int i = 0; i < 40; i++)
        body = nested(f, body, 20);
    assert_int_not_equal(open_answer(f, body), CMC_OK);
}

/* -- other answers, and the certificate -------------------------------------------------- */

/* [10002-4.1-a, 10004-5-c] */
static void certs_only_and_bare_certificates(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice body, cert, spki = ee_spki(f, f->ee.key);

    assert_int_equal(cmc_certs_only_create(&f->certs[1], 2, NULL, 0, f->arena, &body, &f->err),
                     CMC_OK);
    assert_believed(f, body);
    assert_false(f->view.full);
    assert_int_equal(f->view.ncerts, 2);
    assert_null(f->view.signer_cert.p);
    assert_int_equal(cmc_answer_cert(f->c, &f->view, spki, &f->trust, f->arena, &cert, &f->err),
                     CMC_OK);
    assert_true(cmc_slice_eq(cert, f->ee.der));

    assert_believed(f, f->ee.der);
    assert_false(f->view.full);
    assert_int_equal(cmc_answer_cert(f->c, &f->view, spki, &f->trust, f->arena, &cert, &f->err),
                     CMC_OK);
    assert_true(cmc_slice_eq(cert, f->ee.der));
}

static void a_certificate_for_another_key(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice cert, spki = ee_spki(f, f->other.key);

    assert_believed(f, f->ee.der);
    assert_int_equal(cmc_answer_cert(f->c, &f->view, spki, &f->trust, f->arena, &cert, &f->err),
                     CMC_E_REFUSED);
    assert_null(cert.p);
    assert_non_null(strstr(f->err.text, "no certificate for the requested key"));
}

/* certs-only has no signature: the new certificate itself must lead to the CA. */
static void a_certificate_of_another_ca(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice cert, spki = ee_spki(f, f->other.key);

    assert_believed(f, f->other.der);
    assert_int_equal(cmc_answer_cert(f->c, &f->view, spki, &f->trust, f->arena, &cert, &f->err),
                     CMC_E_REFUSED);
    assert_null(cert.p);
    assert_int_equal(cmc_answer_cert(f->c, &f->view, spki, NULL, f->arena, &cert, &f->err), CMC_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_right_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(the_worst_status, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_to_others, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_without_nonce_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_signers, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ca_itself_may_sign, setup, teardown),
        cmocka_unit_test_setup_teardown(another_content_type, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_octets, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_short, setup, teardown),
        cmocka_unit_test_setup_teardown(certificates_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_response_within_the_response, setup, teardown),
        cmocka_unit_test_setup_teardown(parts_that_nobody_names_are_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(certs_only_and_bare_certificates, setup, teardown),
        cmocka_unit_test_setup_teardown(a_certificate_for_another_key, setup, teardown),
        cmocka_unit_test_setup_teardown(a_certificate_of_another_ca, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
