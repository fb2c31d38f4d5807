/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for certificates and CRLs (RFC 10002 sections 6.9 and 6.10), by whole exchanges. */
#include "../authority.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/cert_ref.h"
#include "message/body.h"
#include "message/status.h"

#define DAY 86400

static int setup(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");

    t->rules.retrieve = CMC_RETRIEVE_AUTHENTICATED;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* -- asking ------------------------------------------------------------------------------ */

struct message {
    struct test_authority *t;
    struct cmc_pkidata body;
    uint32_t last;
};

static uint32_t add(struct message *m, struct cmc_slice type, const struct cmc_item *it,
                    const void *value)
{
    struct cmc_err err;

    assert_int_equal(
        cmc_control_add(m->t->arena, &m->body.controls, ++m->last, type, it, value, &err), CMC_OK);
    return m->last;
}

static uint32_t add_nonce(struct message *m)
{
    const struct cmc_slice nonce = cmc_slice_str("0123456789abcdef");

    return add(m, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &nonce);
}

static struct cmc_issuer_serial ref_of(struct test_authority *t, struct cmc_slice der)
{
    struct cmc_cert c = {0};
    struct cmc_err err;

    assert_int_equal(cmc_decode(&cmc_it_cert, der, t->arena, &c, &err), CMC_OK);
    return (struct cmc_issuer_serial){c.tbs.issuer, c.tbs.serial};
}

static uint32_t ask_cert(struct message *m, struct cmc_issuer_serial ref)
{
    const struct cmc_get_cert gc = {.issuer = {CMC_GN_DIRECTORY, ref.issuer}, .serial = ref.serial};

    return add(m, cmc_oid_id_cmc_getCert, &cmc_it_get_cert, &gc);
}

static struct cmc_slice our_name(struct test_authority *t)
{
    return ref_of(t, t->root.cert).issuer;
}

static uint32_t ask_crl(struct message *m, struct cmc_get_crl ask, int64_t before)
{
    if (ask.issuer.p == NULL)
        ask.issuer = our_name(m->t);
    if (before != 0) {
        struct cmc_slice tlv = cmc_gentime(m->t->arena, before);

        ask.time = tlv;
    }
    return add(m, cmc_oid_id_cmc_getCRL, &cmc_it_get_crl, &ask);
}

static struct test_reply send(struct message *m, const struct test_party *who)
{
    struct test_authority *t = m->t;
    struct cmc_cms_signer signer = {.sid = CMC_SID_ISSUER_SERIAL};
    struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData};
    struct cmc_slice out;
    struct cmc_err err;

    assert_int_equal(cmc_pkidata_encode(t->arena, &m->body, &what.content, &err), CMC_OK);
    if (who != NULL) {
        signer.key = who->key;
        signer.cert = who->cert;
        what.certs = &who->cert;
        what.ncerts = 1;
    }
    assert_int_equal(
        cmc_signed_data_create(t->crypto, &what, &signer, who != NULL, t->arena, &out, &err),
        CMC_OK);
    return test_send(t, CMC_TYPE_CMC, out, CMC_ANSWER_CMC);
}

/* -- reading ----------------------------------------------------------------------------- */

/* A Simple PKI Response with so many certificates and CRLs. */
static struct cmc_signed_data simple(struct test_authority *t, const struct test_reply *r,
                                     size_t certs, size_t crls)
{
    struct cmc_signed_data sd = {0};
    struct cmc_err err;

    assert_int_equal(r->http_status, 200);
    assert_string_equal(r->content_type, CMC_MEDIA_CERTS_ONLY);
    assert_int_equal(cmc_signed_data_open(r->body, t->arena, &sd, &err), CMC_OK);
    assert_true(cmc_is_certs_only(&sd));
    assert_int_equal(sd.certs.n, certs);
    assert_int_equal(sd.crls.n, crls);
    return sd;
}

struct full {
    struct cmc_signed_data sd;
    struct cmc_pkiresponse body;
    struct cmc_outcome *outcomes;
    size_t n;
};

static struct full full(struct test_authority *t, const struct test_reply *r)
{
    struct full f = {0};
    struct cmc_err err;

    assert_int_equal(r->http_status, 200);
    assert_string_equal(r->content_type, CMC_MEDIA_RESPONSE);
    assert_int_equal(cmc_signed_data_open(r->body, t->arena, &f.sd, &err), CMC_OK);
    assert_int_equal(
        cmc_signer_check_signature(t->crypto, &f.sd, 0, t->resp.key, false, t->arena, &err),
        CMC_OK);
    assert_int_equal(cmc_pkiresponse_open(f.sd.encap.content, t->arena, &f.body, &err), CMC_OK);
    assert_int_equal(cmc_status_read(t->arena, &f.body.controls, &f.outcomes, &f.n, &err), CMC_OK);
    return f;
}

/* One failure about one body part, and no certificate or CRL that was asked for. */
static void refused(struct test_authority *t, const struct test_reply *r, int fail_info,
                    uint32_t body_part)
{
    struct full f = full(t, r);

    assert_int_equal(f.n, 1);
    if (f.outcomes[0].fail_info != fail_info)
        print_message("# %.*s\n", (int)f.outcomes[0].text.n, (const char *)f.outcomes[0].text.p);
    assert_int_equal(f.outcomes[0].status, CMC_STATUS_FAILED);
    assert_int_equal(f.outcomes[0].fail_info, fail_info);
    assert_int_equal(f.outcomes[0].nbody_parts, 1);
    assert_int_equal(f.outcomes[0].body_parts[0], body_part);
    assert_int_equal(f.sd.crls.n, 0);
    assert_int_equal(f.sd.certs.n, 2); /* the root and the responder */
}

static bool holds(const struct cmc_list *list, struct cmc_slice der)
{
    for (size_t i = 0; i < list->n; i++) {
        if (cmc_slice_eq(*CMC_AT(const struct cmc_slice, *list, i), der))
            return true;
    }
    return false;
}

static int64_t this_update(struct test_authority *t, struct cmc_slice der)
{
    struct cmc_crl crl = {0};
    struct cmc_slice tlv;
    struct cmc_err err;
    int64_t at;

    assert_int_equal(cmc_decode(&cmc_it_crl, der, t->arena, &crl, &err), CMC_OK);
    tlv = crl.tbs.this_update;
    assert_true(cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), &at));
    return at;
}

/* -- certificates ------------------------------------------------------------------------ */

/* [10002-6.9-u1]: in SignedData.certificates, and alone it is a Simple PKI Response. */
static void test_cert(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct test_party ee = test_party_new(t, "ee", "CN=Somebody");
    struct cmc_signed_data sd;
    struct test_reply r;

    ask_cert(&m, ref_of(t, ee.cert));
    r = send(&m, &t->officer);
    sd = simple(t, &r, 1, 0);
    assert_true(holds(&sd.certs, ee.cert));
    /* The holder of another certificate is known too. */
    r = send(&m, &ee);
    (void)simple(t, &r, 1, 0);
    test_party_free(&ee);
}

/* A nonce has to be given back, and that has no place in a Simple PKI Response. */
static void test_cert_with_nonce(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct test_reply r;
    struct full f;
    uint32_t id;

    add_nonce(&m);
    id = ask_cert(&m, ref_of(t, t->resp.cert));
    r = send(&m, &t->officer);
    f = full(t, &r);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(f.outcomes[0].body_parts[0], id);
    assert_true(holds(&f.sd.certs, t->resp.cert));
    assert_non_null(cmc_control_first(&f.body.controls, cmc_oid_id_cmc_recipientNonce));
}

/* The authority's own certificate was never issued by it, and is given out all the same. */
static void test_root(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct cmc_signed_data sd;
    struct test_reply r;

    ask_cert(&m, ref_of(t, t->root.cert));
    r = send(&m, &t->officer);
    sd = simple(t, &r, 1, 0);
    assert_true(holds(&sd.certs, t->root.cert));
}

static void test_no_such_cert(void **state)
{
    struct test_authority *t = *state;
    struct cmc_issuer_serial ref = ref_of(t, t->officer.cert), other = ref;
    struct cmc_get_cert uri = {.issuer = {CMC_GN_URI, cmc_slice_str("http://ca.test")},
                               .serial = ref.serial};
    struct message m = {.t = t}, m2 = {.t = t}, m3 = {.t = t};
    struct cmc_err err;
    struct test_reply r;
    uint32_t id;

    ref.serial = CMC_SLICE_LIT("\x7f\x01");
    id = ask_cert(&m, ref);
    r = send(&m, &t->officer);
    refused(t, &r, CMC_FAIL_BAD_CERT_ID, id);
    assert_int_equal(cmc_name_parse("CN=Elsewhere", t->arena, &other.issuer, &err), CMC_OK);
    id = ask_cert(&m2, other);
    r = send(&m2, &t->officer);
    refused(t, &r, CMC_FAIL_BAD_CERT_ID, id);
    id = add(&m3, cmc_oid_id_cmc_getCert, &cmc_it_get_cert, &uri);
    r = send(&m3, &t->officer);
    refused(t, &r, CMC_FAIL_BAD_CERT_ID, id);
}

/* Dogtag writes a bare Name; it is understood where the endpoint says so, and only there. */
static void test_dogtag_form(void **state)
{
    struct test_authority *t = *state;
    const struct cmc_issuer_serial ref = ref_of(t, t->officer.cert);
    struct message m = {.t = t};
    struct test_reply r;
    uint32_t id = add(&m, cmc_oid_id_cmc_getCert, &cmc_it_issuer_serial, &ref);

    r = send(&m, &t->officer);
    refused(t, &r, CMC_FAIL_BAD_REQUEST, id);
    t->rules.dogtag = t->rules.lax_ids = true;
    r = send(&m, &t->officer);
    (void)simple(t, &r, 1, 0);
}

/* -- who asks ---------------------------------------------------------------------------- */

static void test_who(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t}, more = {.t = t};
    struct test_party ee = test_party_new(t, "ee", "CN=Somebody");
    const struct cmc_slice info = cmc_slice_str("x");
    struct test_reply r;
    uint32_t id = ask_cert(&m, ref_of(t, t->officer.cert));

    r = send(&m, NULL);
    refused(t, &r, CMC_FAIL_BAD_IDENTITY, 0);
    t->rules.retrieve = CMC_RETRIEVE_OFFICER;
    r = send(&m, &ee);
    refused(t, &r, CMC_FAIL_BAD_IDENTITY, id);
    r = send(&m, &t->officer);
    (void)simple(t, &r, 1, 0);
    t->rules.retrieve = CMC_RETRIEVE_ANYONE;
    r = send(&m, NULL);
    (void)simple(t, &r, 1, 0);
    r = send(&m, &ee);
    (void)simple(t, &r, 1, 0);
    t->rules.retrieve = CMC_RETRIEVE_OFF;
    r = send(&m, &t->officer);
    refused(t, &r, CMC_FAIL_BAD_REQUEST, id);
    r = send(&m, NULL);
    refused(t, &r, CMC_FAIL_BAD_IDENTITY, 0);
    /* Unsigned is a question, and nothing beside it. */
    t->rules.retrieve = CMC_RETRIEVE_ANYONE;
    ask_cert(&more, ref_of(t, t->officer.cert));
    add(&more, cmc_oid_id_cmc_regInfo, &cmc_it_octet_string, &info);
    r = send(&more, NULL);
    refused(t, &r, CMC_FAIL_BAD_IDENTITY, 0);
    test_party_free(&ee);
}

/* -- CRLs -------------------------------------------------------------------------------- */

static struct cmc_slice make_crl(struct test_authority *t, int64_t at)
{
    struct cmc_slice der;
    struct cmc_err err;

    assert_int_equal(cmc_ca_crl(t->ca, at, t->arena, &der, &err), CMC_OK);
    assert_int_equal(this_update(t, der), at);
    return der;
}

static void expect_crl(struct test_authority *t, int64_t before, int64_t at)
{
    struct message m = {.t = t};
    struct cmc_signed_data sd;
    struct test_reply r;

    ask_crl(&m, (struct cmc_get_crl){0}, before);
    r = send(&m, &t->officer);
    sd = simple(t, &r, 0, 1);
    assert_int_equal(this_update(t, *CMC_AT(const struct cmc_slice, sd.crls, 0)), at);
}

/* [10002-6.10-u1, 10002-6.10-u2]: the newest, or the one whose thisUpdate is nearest before. */
static void test_crl_by_time(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct test_reply r;
    uint32_t id;

    for (int days = 5; days >= 1; days--)
        (void)make_crl(t, TEST_NOW - days * DAY);
    expect_crl(t, TEST_NOW - 2 * DAY + 1, TEST_NOW - 2 * DAY);
    expect_crl(t, TEST_NOW - 2 * DAY, TEST_NOW - 3 * DAY); /* less than, not equal */
    expect_crl(t, TEST_NOW - DAY - 1, TEST_NOW - 2 * DAY);
    expect_crl(t, TEST_NOW, TEST_NOW - DAY);
    /* Three earlier ones are kept, so that of five days ago is gone. */
    expect_crl(t, TEST_NOW - 4 * DAY + 1, TEST_NOW - 4 * DAY);
    id = ask_crl(&m, (struct cmc_get_crl){0}, TEST_NOW - 4 * DAY);
    r = send(&m, &t->officer);
    refused(t, &r, CMC_FAIL_BAD_REQUEST, id);
    /* The newest is as new as it can be. */
    expect_crl(t, 0, TEST_NOW);
    expect_crl(t, TEST_NOW + DAY, TEST_NOW);
}

static void test_crl_age(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct test_reply r;
    uint32_t id;

    (void)make_crl(t, TEST_NOW - 40 * DAY);
    (void)make_crl(t, TEST_NOW - 20 * DAY);
    expect_crl(t, TEST_NOW - 30 * DAY, TEST_NOW - 40 * DAY);
    (void)make_crl(t, TEST_NOW - DAY); /* kept are 30 days */
    expect_crl(t, TEST_NOW - 10 * DAY, TEST_NOW - 20 * DAY);
    id = ask_crl(&m, (struct cmc_get_crl){0}, TEST_NOW - 30 * DAY);
    r = send(&m, &t->officer);
    refused(t, &r, CMC_FAIL_BAD_REQUEST, id);
}

static void test_crl_name(void **state)
{
    struct test_authority *t = *state;
    struct cmc_general_name url = {CMC_GN_URI, cmc_slice_str("http://ca.test/ca.crl")},
                            name = {CMC_GN_DIRECTORY, our_name(t)},
                            other = {CMC_GN_URI, cmc_slice_str("http://ca.test/other.crl")};
    const struct {
        struct cmc_get_crl ask;
        bool found;
    } rows[] = {
        {{.name = &url}, true},
        {{.name = &name}, true},
        {{.name = &other}, false},
        {{.reasons = CMC_SLICE_LIT("\x06\x40")}, true}, /* keyCompromise: a full CRL has it */
        {{.issuer = ref_of(t, t->officer.cert).issuer}, true},
        {{.issuer = CMC_SLICE_LIT("\x30\x00")}, false},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct message m = {.t = t};
        uint32_t id = ask_crl(&m, rows[i].ask, 0);
        struct test_reply r = send(&m, &t->officer);

        if (rows[i].found)
            (void)simple(t, &r, 0, 1);
        else
            refused(t, &r, CMC_FAIL_BAD_CERT_ID, id);
    }
}

/* -- several ----------------------------------------------------------------------------- */

static void test_both(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct test_reply r;

    ask_crl(&m, (struct cmc_get_crl){0}, 0);
    ask_cert(&m, ref_of(t, t->officer.cert));
    ask_cert(&m, ref_of(t, t->officer.cert));
    ask_crl(&m, (struct cmc_get_crl){0}, 0);
    ask_cert(&m, ref_of(t, t->resp.cert));
    r = send(&m, &t->officer);
    (void)simple(t, &r, 2, 1); /* what was asked for twice stands once */
}

/* What is there is given, what is not is told, in one Full PKI Response. */
static void test_one_missing(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct cmc_issuer_serial none = ref_of(t, t->officer.cert);
    struct test_reply r;
    struct full f;
    uint32_t good, bad;

    none.serial = CMC_SLICE_LIT("\x11");
    good = ask_cert(&m, ref_of(t, t->officer.cert));
    bad = ask_cert(&m, none);
    r = send(&m, &t->officer);
    f = full(t, &r);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(f.outcomes[0].body_parts[0], good);
    assert_int_equal(f.outcomes[1].fail_info, CMC_FAIL_BAD_CERT_ID);
    assert_int_equal(f.outcomes[1].body_parts[0], bad);
    assert_true(holds(&f.sd.certs, t->officer.cert));
}

static void test_limit(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct test_party p[CMC_LIMIT_GET_CERTS];
    struct test_reply r;
    struct full f;
    uint32_t last;

    for (size_t i = 0; i < CMC_COUNT(p); i++) {
        p[i] = test_party_new(t, "ee", "CN=One of many");
        ask_cert(&m, ref_of(t, p[i].cert));
    }
    r = send(&m, &t->officer);
    (void)simple(t, &r, CMC_LIMIT_GET_CERTS, 0);
    last = ask_cert(&m, ref_of(t, t->resp.cert));
    r = send(&m, &t->officer);
    f = full(t, &r);
    assert_int_equal(f.n, 2);
    assert_int_equal(f.outcomes[0].nbody_parts, CMC_LIMIT_GET_CERTS);
    assert_int_equal(f.outcomes[1].fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(f.outcomes[1].body_parts[0], last);
    for (size_t i = 0; i < CMC_COUNT(p); i++)
        test_party_free(&p[i]);
}

/* [10002-6.11-g]: with a revocation beside it nothing is simple. The revoked certificate is still
 * one that was issued. */
static void test_beside_revocation(void **state)
{
    struct test_authority *t = *state;
    struct message m = {.t = t};
    struct test_party ee = test_party_new(t, "ee", "CN=Lost");
    const struct cmc_issuer_serial ref = ref_of(t, ee.cert);
    const struct cmc_revoke_request rr = {.issuer = ref.issuer, .serial = ref.serial, .reason = 1};
    struct message after = {.t = t};
    struct test_reply r;
    struct full f;

    add(&m, cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request, &rr);
    ask_cert(&m, ref);
    r = send(&m, &t->officer);
    f = full(t, &r);
    assert_int_equal(f.n, 1);
    assert_int_equal(f.outcomes[0].nbody_parts, 2);
    assert_true(holds(&f.sd.certs, ee.cert));
    ask_cert(&after, ref);
    r = send(&after, &t->officer);
    (void)simple(t, &r, 1, 0);
    test_party_free(&ee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cert, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cert_with_nonce, setup, teardown),
        cmocka_unit_test_setup_teardown(test_root, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_such_cert, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dogtag_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crl_by_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crl_age, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crl_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_both, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_missing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_beside_revocation, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
