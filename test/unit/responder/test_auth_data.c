/* SPDX-License-Identifier: Apache-2.0 */
/* Controls under a MAC in a request (authData, RFC 10002 section 6.16), by whole exchanges. */
#include "../authority.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "message/body.h"
#include "message/status.h"

#define SECRET "sixteen or more characters"
#define NAME   "alice"

static int setup(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");

    t->rules.retrieve = CMC_RETRIEVE_AUTHENTICATED;
    t->rules.secrets = true;
    test_secret_add(t, (struct cmc_secret){.name = NAME}, SECRET);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

static void add(struct test_authority *t, struct cmc_list *controls, uint32_t id,
                struct cmc_slice type, const struct cmc_item *it, const void *value)
{
    struct cmc_err err;

    assert_int_equal(cmc_control_add(t->arena, controls, id, type, it, value, &err), CMC_OK);
}

/* What stands in a message, but for what a test changes. */
struct how {
    const char *name, *secret; /* of the MAC, and of the identification control */
    bool no_identification;
    uint32_t to;           /* what authData points to; 0: the AuthenticatedData, which is 20 */
    unsigned int controls; /* authData controls; 0: one */
    struct cmc_slice type; /* of the content; absent: id-cct-PKIData */
    struct cmc_pkidata inner;
    bool tampered;
};

static void ask_inside(struct test_authority *t, struct how *h, struct cmc_slice serial_of)
{
    struct cmc_cert c = {0};
    struct cmc_get_cert gc;
    struct cmc_err err;

    assert_int_equal(cmc_decode(&cmc_it_cert, serial_of, t->arena, &c, &err), CMC_OK);
    gc = (struct cmc_get_cert){{CMC_GN_DIRECTORY, c.tbs.issuer}, c.tbs.serial};
    add(t, &h->inner.controls, (uint32_t)h->inner.controls.n + 1, cmc_oid_id_cmc_getCert,
        &cmc_it_get_cert, &gc);
}

/* Signed by an officer, so that nothing but authData can be the reason of a refusal. */
static struct test_reply send(struct test_authority *t, struct how *h)
{
    const char *name = h->name != NULL ? h->name : NAME;
    struct cmc_slice id = cmc_slice_str(name), out;
    const struct test_party *who = &t->officer;
    const struct cmc_cms_signer signer = {
        .key = who->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = who->cert};
    struct cmc_cms_content what = {
        .type = cmc_oid_id_cct_PKIData, .certs = &who->cert, .ncerts = 1};
    struct cmc_mac_content mac = {.type = h->type.p != NULL ? h->type : cmc_oid_id_cct_PKIData,
                                  .rounds = 1000};
    struct cmc_pkidata body = {0};
    struct cmc_tagged_content_info *tagged =
        cmc_list_add(t->arena, &cmc_it_cms_sequence, &body.cms, 1);
    uint32_t to = h->to != 0 ? h->to : 20;
    struct cmc_err err;

    assert_int_equal(cmc_pkidata_encode(t->arena, &h->inner, &mac.content, &err), CMC_OK);
    assert_int_equal(cmc_shared_password(id, cmc_slice_str(h->secret != NULL ? h->secret : SECRET),
                                         t->arena, &mac.password, &err),
                     CMC_OK);
    tagged->body_part_id = 20;
    assert_int_equal(
        cmc_authenticated_data_create(t->crypto, &mac, t->arena, &tagged->content, &err), CMC_OK);
    if (h->tampered)
        ((uint8_t *)(uintptr_t)tagged->content.content.p)[tagged->content.content.n - 1] ^= 1;
    for (unsigned int i = 0; i < (h->controls != 0 ? h->controls : 1); i++)
        add(t, &body.controls, 5 + i, cmc_oid_id_cmc_authData, &cmc_it_body_part_id, &to);
    if (!h->no_identification)
        add(t, &body.controls, 9, cmc_oid_id_cmc_identification, &cmc_it_identification, &id);
    assert_int_equal(cmc_pkidata_encode(t->arena, &body, &what.content, &err), CMC_OK);
    assert_int_equal(cmc_signed_data_create(t->crypto, &what, &signer, 1, t->arena, &out, &err),
                     CMC_OK);
    return test_send(t, CMC_TYPE_CMC, out, CMC_ANSWER_CMC);
}

struct answer {
    struct cmc_signed_data sd;
    struct cmc_outcome *outcomes;
    size_t n;
};

static struct answer read_full(struct test_authority *t, const struct test_reply *r)
{
    struct answer a = {0};
    struct cmc_pkiresponse body;
    struct cmc_err err = {0};

    assert_int_equal(r->http_status, 200);
    assert_string_equal(r->content_type, CMC_MEDIA_RESPONSE);
    assert_int_equal(cmc_signed_data_open(r->body, t->arena, &a.sd, &err), CMC_OK);
    assert_int_equal(cmc_pkiresponse_open(a.sd.encap.content, t->arena, &body, &err), CMC_OK);
    assert_int_equal(cmc_status_read(t->arena, &body.controls, &a.outcomes, &a.n, &err), CMC_OK);
    return a;
}

static struct cmc_outcome refused(struct test_authority *t, struct how *h, int fail_info,
                                  uint32_t body_part)
{
    struct test_reply r = send(t, h);
    struct answer a = read_full(t, &r);

    assert_int_equal(a.n, 1);
    if (a.outcomes[0].fail_info != fail_info)
        print_message("# %.*s\n", (int)a.outcomes[0].text.n, (const char *)a.outcomes[0].text.p);
    assert_int_equal(a.outcomes[0].status, CMC_STATUS_FAILED);
    assert_int_equal(a.outcomes[0].fail_info, fail_info);
    assert_int_equal(a.outcomes[0].body_parts[0], body_part);
    return a.outcomes[0];
}

/* -- what is authenticated is done ------------------------------------------------------- */

static void test_done(void **state)
{
    struct test_authority *t = *state;
    struct how h = {0};
    struct test_reply r;
    struct answer a;

    ask_inside(t, &h, t->resp.cert);
    ask_inside(t, &h, t->officer.cert);
    r = send(t, &h);
    a = read_full(t, &r);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(a.outcomes[0].nbody_parts, 1); /* both are told by the authData control */
    assert_int_equal(a.outcomes[0].body_parts[0], 5);
    assert_int_equal(a.sd.certs.n, 3); /* the officer, the root and the responder */
    assert_int_equal(test_secret(t, NAME).failures, 0);
}

/* [10002-6.16-u2]: a wrong secret, an unknown name and a changed MAC are one answer, and nothing
 * of what is inside is looked at: here it would be refused for another reason. */
static void test_not_authenticated(void **state)
{
    struct test_authority *t = *state;
    const struct how rows[] = {
        {.secret = "another secret of sixteen"}, {.name = "bob"}, {.tampered = true}};
    struct cmc_slice text = CMC_SLICE_NONE;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct how h = rows[i];
        struct cmc_outcome o;

        add(t, &h.inner.controls, 1, cmc_oid_id_cmc_identification, &cmc_it_identification,
            &cmc_oid_id_cmc_identification);
        o = refused(t, &h, CMC_FAIL_AUTH_DATA_FAIL, 5);
        if (text.p != NULL)
            assert_true(cmc_slice_eq(o.text, text));
        text = o.text;
    }
    assert_int_equal(test_secret(t, NAME).failures, 2); /* bob is another */
}

/* Wrong guesses lock it, and then the right one is the same answer. */
static void test_locked(void **state)
{
    struct test_authority *t = *state;
    struct how right = {0};

    for (int i = 0; i < TEST_FAILURES; i++) {
        struct how wrong = {.secret = "another secret of sixteen"};

        (void)refused(t, &wrong, CMC_FAIL_AUTH_DATA_FAIL, 5);
    }
    assert_true(test_secret(t, NAME).locked);
    ask_inside(t, &right, t->resp.cert);
    (void)refused(t, &right, CMC_FAIL_AUTH_DATA_FAIL, 5);
}

/* [10002-6.16-u1] and the rest of the form. */
static void test_form(void **state)
{
    struct test_authority *t = *state;
    const struct {
        struct how how;
        int fail_info;
        uint32_t body_part;
    } rows[] = {
        {{.to = 21}, CMC_FAIL_BAD_REQUEST, 5},
        {{.controls = 2}, CMC_FAIL_BAD_REQUEST, 6},
        {{.type = cmc_oid_id_cct_PKIResponse}, CMC_FAIL_BAD_REQUEST, 5},
        {{.type = cmc_oid_id_data}, CMC_FAIL_BAD_REQUEST, 5},
        {{.no_identification = true}, CMC_FAIL_BAD_IDENTITY, 5},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct how h = rows[i].how;

        ask_inside(t, &h, t->resp.cert);
        (void)refused(t, &h, rows[i].fail_info, rows[i].body_part);
    }
    assert_int_equal(test_secret(t, NAME).failures, 0);
}

static void test_where_secrets_are_not_used(void **state)
{
    struct test_authority *t = *state;
    struct how h = {0};

    t->rules.secrets = false;
    ask_inside(t, &h, t->resp.cert);
    (void)refused(t, &h, CMC_FAIL_BAD_REQUEST, 5);
}

/* -- what may not stand inside ----------------------------------------------------------- */

static void test_inside(void **state)
{
    struct test_authority *t = *state;
    const struct cmc_slice nonce = cmc_slice_str("0123456789abcdef");
    struct cmc_slice csr = test_csr(t, t->officer.key, "CN=x", NULL);
    struct how outer = {0}, request = {0}, unknown = {0}, anchors = {0};
    struct cmc_trust_anchors v = {.seq_number = CMC_SLICE_LIT("\x01")};
    struct cmc_err err;

    add(t, &outer.inner.controls, 1, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &nonce);
    (void)refused(t, &outer, CMC_FAIL_BAD_REQUEST, 5);
    assert_int_equal(cmc_body_add_pkcs10(t->arena, &request.inner, 1, csr, &err), CMC_OK);
    (void)refused(t, &request, CMC_FAIL_BAD_REQUEST, 5);
    add(t, &unknown.inner.controls, 1, cmc_oid_id_data, &cmc_it_nonce, &nonce);
    (void)refused(t, &unknown, CMC_FAIL_BAD_REQUEST, 5);
    /* Trust anchors are for clients: nobody tells a CA whom to trust. */
    (void)cmc_list_add(t->arena, &cmc_it_set_any, &v.anchor_hashes, 0);
    cmc_digest_algid(CMC_DIGEST_SHA256, &v.hash);
    add(t, &anchors.inner.controls, 1, cmc_oid_id_cmc_trustedAnchors, &cmc_it_trust_anchors, &v);
    (void)refused(t, &anchors, CMC_FAIL_BAD_REQUEST, 5);
}

/* The same rules hold inside: what is not there is told. */
static void test_failure_inside(void **state)
{
    struct test_authority *t = *state;
    struct how h = {0};
    struct cmc_get_cert gc = {.issuer = {CMC_GN_DIRECTORY, CMC_SLICE_LIT("\x30\x00")},
                              .serial = CMC_SLICE_LIT("\x01")};

    add(t, &h.inner.controls, 1, cmc_oid_id_cmc_getCert, &cmc_it_get_cert, &gc);
    (void)refused(t, &h, CMC_FAIL_BAD_CERT_ID, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_done, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_authenticated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_form, setup, teardown),
        cmocka_unit_test_setup_teardown(test_where_secrets_are_not_used, setup, teardown),
        cmocka_unit_test_setup_teardown(test_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failure_inside, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
