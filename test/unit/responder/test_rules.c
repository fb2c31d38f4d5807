/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of RFC 10002 about whole messages that no single control is about. */
#include "../authority.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/body.h"
#include "message/status.h"

static int setup(void **state)
{
    *state = test_authority_new("EC", "P-256");
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* -- building and reading ---------------------------------------------------------------- */

static void add(struct test_authority *t, struct cmc_pkidata *body, uint32_t id,
                struct cmc_slice type, const struct cmc_item *it, struct cmc_slice value)
{
    assert_int_equal(cmc_control_add(t->arena, &body->controls, id, type, it, &value, NULL),
                     CMC_OK);
}

static void add_request(struct test_authority *t, struct cmc_pkidata *body, uint32_t id)
{
    EVP_PKEY *key = test_key(t, "EC", "P-256");

    assert_int_equal(
        cmc_body_add_pkcs10(t->arena, body, id, test_csr(t, key, "CN=host.example", NULL), NULL),
        CMC_OK);
    EVP_PKEY_free(key);
}

static struct cmc_slice sign(struct test_authority *t, struct cmc_pkidata *body,
                             const struct cmc_cms_signer *signers, size_t nsigners)
{
    struct cmc_cms_content what = {
        .type = cmc_oid_id_cct_PKIData, .certs = &t->officer.cert, .ncerts = 1};
    struct cmc_slice out;

    assert_int_equal(cmc_pkidata_encode(t->arena, body, &what.content, NULL), CMC_OK);
    assert_int_equal(
        cmc_signed_data_create(t->crypto, &what, signers, nsigners, t->arena, &out, NULL), CMC_OK);
    return out;
}

static struct cmc_slice by_officer(struct test_authority *t, struct cmc_pkidata *body)
{
    const struct cmc_cms_signer signer = {
        .key = t->officer.key, .sid = CMC_SID_ISSUER_SERIAL, .cert = t->officer.cert};

    return sign(t, body, &signer, 1);
}

struct answer {
    struct cmc_signed_data sd;
    struct cmc_pkiresponse body;
    struct cmc_outcome *outcomes;
    size_t n;
};

static struct answer read_full(struct test_authority *t, const struct test_reply *r)
{
    struct answer a = {0};

    assert_int_equal(r->http_status, 200);
    assert_string_equal(r->content_type, CMC_MEDIA_RESPONSE);
    assert_int_equal(cmc_signed_data_open(r->body, t->arena, &a.sd, NULL), CMC_OK);
    assert_int_equal(cmc_pkiresponse_open(a.sd.encap.content, t->arena, &a.body, NULL), CMC_OK);
    assert_int_equal(cmc_status_read(t->arena, &a.body.controls, &a.outcomes, &a.n, NULL), CMC_OK);
    return a;
}

static struct cmc_slice echoed(const struct answer *a, struct cmc_slice type)
{
    const struct cmc_tagged_attribute *ta = cmc_control_first(&a->body.controls, type);

    assert_non_null(ta);
    return *CMC_AT(struct cmc_slice, ta->values, 0);
}

/* -- tests ------------------------------------------------------------------------------- */

/* Where a control stands among the others means nothing. [10002-3.2.1-u1] */
static void controls_in_any_order(void **state)
{
    static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                    {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    struct test_authority *t = *state;
    const struct {
        struct cmc_slice type;
        const struct cmc_item *item;
        struct cmc_slice value;
    } controls[] = {
        {cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, CMC_SLICE_LIT("\x11")},
        {cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, CMC_SLICE_LIT("sixteen octets..")},
        {cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string, CMC_SLICE_LIT("mine")},
    };

    for (size_t i = 0; i < CMC_COUNT(orders); i++) {
        struct cmc_pkidata body = {0};
        struct test_reply r;
        struct answer a;

        for (size_t k = 0; k < 3; k++)
            add(t, &body, (uint32_t)(9 - k), controls[orders[i][k]].type,
                controls[orders[i][k]].item, controls[orders[i][k]].value);
        add_request(t, &body, 42);
        r = test_send(t, CMC_TYPE_CMC, by_officer(t, &body), CMC_ANSWER_CMC);
        a = read_full(t, &r);
        assert_int_equal(a.n, 1);
        assert_int_equal(a.outcomes[0].status, CMC_STATUS_SUCCESS);
        assert_int_equal(a.outcomes[0].body_parts[0], 42);
        assert_true(
            cmc_slice_eq(echoed(&a, cmc_oid_id_cmc_transactionId), CMC_SLICE_LIT("\x02\x01\x11")));
        assert_true(cmc_slice_eq(echoed(&a, cmc_oid_id_cmc_recipientNonce),
                                 CMC_SLICE_LIT("\x04\x10sixteen octets..")));
        assert_true(
            cmc_slice_eq(echoed(&a, cmc_oid_id_cmc_dataReturn), CMC_SLICE_LIT("\x04\x04mine")));
    }
}

/* A negative transactionId, and a long one, come back as they are. [10002-A-m, 10002-6.6-c] */
static void any_transaction_id_comes_back(void **state)
{
    static uint8_t wide[200];
    struct test_authority *t = *state;
    const struct cmc_slice ids[] = {CMC_SLICE_LIT("\x80"), CMC_SLICE_LIT("\xff\x7f"),
                                    cmc_slice(wide, sizeof wide)};

    memset(wide, 0x91, sizeof wide);
    for (size_t i = 0; i < CMC_COUNT(ids); i++) {
        struct cmc_pkidata body = {0};
        struct test_reply r;
        struct answer a;
        struct cmc_slice got = CMC_SLICE_NONE;

        add(t, &body, 1, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id, ids[i]);
        add_request(t, &body, 42);
        r = test_send(t, CMC_TYPE_CMC, by_officer(t, &body), CMC_ANSWER_CMC);
        a = read_full(t, &r);
        assert_int_equal(cmc_decode(&cmc_it_transaction_id,
                                    echoed(&a, cmc_oid_id_cmc_transactionId), t->arena, &got, NULL),
                         CMC_OK);
        assert_true(cmc_slice_eq(got, ids[i]));
    }
}

/* What no control refers to is ignored. [10002-3.2.1-u3] */
static void parts_that_nobody_names_are_ignored(void **state)
{
    static const uint8_t oid[] = {0x2a, 3, 4};
    struct test_authority *t = *state;
    struct cmc_pkidata body = {0};
    struct cmc_tagged_content_info *ci = cmc_list_add(t->arena, &cmc_it_cms_sequence, &body.cms, 1);
    struct cmc_other_msg *om = cmc_list_add(t->arena, &cmc_it_other_msgs, &body.other, 1);
    struct test_reply r;
    struct answer a;

    ci->body_part_id = 5;
    ci->content = (struct cmc_content_info){.content_type = cmc_oid_id_data,
                                            .content = CMC_SLICE_LIT("\x04\x01x")};
    *om = (struct cmc_other_msg){6, cmc_slice(oid, sizeof oid), CMC_SLICE_LIT("\x05\x00")};
    add_request(t, &body, 42);
    r = test_send(t, CMC_TYPE_CMC, by_officer(t, &body), CMC_ANSWER_CMC);
    a = read_full(t, &r);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(a.outcomes[0].nbody_parts, 1);
    assert_int_equal(a.outcomes[0].body_parts[0], 42);
}

static bool holds(const struct answer *a, struct cmc_slice cert)
{
    for (size_t i = 0; i < a->sd.certs.n; i++) {
        if (cmc_slice_eq(*CMC_AT(struct cmc_slice, a->sd.certs, i), cert))
            return true;
    }
    return false;
}

/* The chain comes along, and the certificate itself is in the SignedData around the PKIResponse,
 * not in it. [10002-4.2-c, 10002-4.2-u1] */
static void a_full_response_holds_the_chain(void **state)
{
    struct test_authority *t = *state;
    struct cmc_pkidata body = {0};
    struct test_reply r;
    struct answer a;

    add_request(t, &body, 42);
    r = test_send(t, CMC_TYPE_CMC, by_officer(t, &body), CMC_ANSWER_CMC);
    a = read_full(t, &r);
    assert_true(cmc_slice_eq(a.sd.encap.type, cmc_oid_id_cct_PKIResponse));
    assert_true(holds(&a, t->root.cert));
    assert_true(holds(&a, t->resp.cert));
    assert_int_equal(a.sd.certs.n, 3);
    assert_int_equal(a.body.cms.n, 0);
}

/* Whatever form was asked for. [10002-6.11-g] */
static void a_revocation_gets_a_full_response(void **state)
{
    static const enum cmc_answer_form forms[] = {CMC_ANSWER_CERTS_ONLY, CMC_ANSWER_CERTS_ONLY_CHAIN,
                                                 CMC_ANSWER_PKIX_CERT, CMC_ANSWER_CMC};
    struct test_authority *t = *state;

    for (size_t i = 0; i < CMC_COUNT(forms); i++) {
        struct test_party p = test_party_new(t, "ee", "CN=victim");
        struct cmc_pkidata body = {0};
        struct cmc_cert c = {0};
        struct cmc_revoke_request rr = {.reason = 1};
        struct test_reply r;
        struct answer a;

        assert_int_equal(cmc_decode(&cmc_it_cert, p.cert, t->arena, &c, NULL), CMC_OK);
        rr.issuer = c.tbs.issuer;
        rr.serial = c.tbs.serial;
        assert_int_equal(cmc_control_add(t->arena, &body.controls, 9, cmc_oid_id_cmc_revokeRequest,
                                         &cmc_it_revoke_request, &rr, NULL),
                         CMC_OK);
        r = test_send(t, CMC_TYPE_CMC, by_officer(t, &body), forms[i]);
        a = read_full(t, &r);
        assert_int_equal(a.n, 1);
        assert_int_equal(a.outcomes[0].status, CMC_STATUS_SUCCESS);
        assert_int_equal(a.outcomes[0].body_parts[0], 9);
        test_party_free(&p);
    }
}

/*
 * The key that is being certified signs alone, and is named by the SKI that its request asks for.
 * [10002-3.2-b, 10002-3.2-c, 10002-3.2-d, 10002-3.2-e]
 */
static void the_new_key_signs_alone(void **state)
{
    struct test_authority *t = *state;
    static const uint8_t ski_ext[] = {4, 3, 7, 7, 7};
    struct cmc_extension ext = {.extn_id = cmc_oid_id_ce_subjectKeyIdentifier,
                                .value = {ski_ext, sizeof ski_ext}};
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_request_params params = {.key = key, .exts = &ext, .nexts = 1};
    struct cmc_slice csr = CMC_SLICE_NONE;
    const struct {
        size_t signers;
        const char *ski;
        uint32_t status;
    } rows[] = {
        {1, "\7\7\7", CMC_STATUS_SUCCESS},
        {2, "\7\7\7", CMC_STATUS_FAILED},
        {1, "\7\7\6", CMC_STATUS_FAILED},
    };

    t->rules.require_officer = false;
    assert_int_equal(cmc_name_parse("CN=self", t->arena, &params.subject, NULL), CMC_OK);
    assert_int_equal(cmc_pkcs10_create(t->crypto, &params, t->arena, &csr, NULL), CMC_OK);
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_cms_signer signers[] = {
            {.key = key, .sid = CMC_SID_SKI, .ski = cmc_slice_str(rows[i].ski)},
            {.key = key, .sid = CMC_SID_SKI, .ski = cmc_slice_str(rows[i].ski)},
        };
        struct cmc_pkidata body = {0};
        struct test_reply r;
        struct answer a;

        assert_int_equal(cmc_body_add_pkcs10(t->arena, &body, 42, csr, NULL), CMC_OK);
        r = test_send(t, CMC_TYPE_CMC, sign(t, &body, signers, rows[i].signers), CMC_ANSWER_CMC);
        a = read_full(t, &r);
        assert_int_equal(a.n, 1);
        assert_int_equal(a.outcomes[0].status, rows[i].status);
        if (rows[i].status == CMC_STATUS_FAILED)
            assert_int_equal(a.outcomes[0].fail_info, CMC_FAIL_BAD_IDENTITY);
    }
    EVP_PKEY_free(key);
}

/* -- a server that cannot sign ----------------------------------------------------------- */

static enum cmc_rc cannot_sign(void *self, const struct cmc_response *response, int64_t now,
                               struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    (void)self;
    (void)response;
    (void)now;
    (void)arena;
    (void)out;
    return cmc_fail(err, CMC_E_CRYPTO, NULL, "the token is gone");
}

/* Neither content nor SignerInfo, and nothing was done. [10002-3.2.1.3.4-d, 10002-3.2.1.3.4-e] */
static void a_server_that_cannot_sign(void **state)
{
    struct test_authority *t = *state;
    const struct cmc_authority *real = cmc_ca_get0_authority(t->ca);
    struct cmc_authority_ops ops = *real->ops;
    const struct cmc_authority broken = {.ops = &ops, .self = real->self};
    struct cmc_responder *right = t->responder;
    struct cmc_pkidata body = {0};
    struct cmc_signed_data sd = {0};
    struct cmc_slice message;
    struct test_reply r;
    struct answer a;

    add_request(t, &body, 42);
    message = by_officer(t, &body);
    ops.sign_response = cannot_sign;
    assert_int_equal(cmc_responder_new(t->crypto, &broken, NULL, &t->responder, NULL), CMC_OK);
    r = test_send(t, CMC_TYPE_CMC, message, CMC_ANSWER_CMC);
    cmc_responder_free(t->responder);
    t->responder = right;
    assert_int_equal(r.http_status, 500);
    assert_string_equal(r.content_type, CMC_MEDIA_RESPONSE);
    assert_int_equal(cmc_signed_data_open(r.body, t->arena, &sd, NULL), CMC_OK);
    assert_null(sd.encap.content.p);
    assert_int_equal(sd.signer_infos.n, 0);
    assert_int_equal(sd.certs.n, 0);
    /* The same message is not taken for one that was answered. */
    r = test_send(t, CMC_TYPE_CMC, message, CMC_ANSWER_CMC);
    a = read_full(t, &r);
    assert_int_equal(a.outcomes[0].status, CMC_STATUS_SUCCESS);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(controls_in_any_order),
        TEST(any_transaction_id_comes_back),
        TEST(parts_that_nobody_names_are_ignored),
        TEST(a_full_response_holds_the_chain),
        TEST(a_revocation_gets_a_full_response),
        TEST(the_new_key_signs_alone),
        TEST(a_server_that_cannot_sign),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
