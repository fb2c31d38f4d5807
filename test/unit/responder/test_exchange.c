/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exchanges in one process: a request is built, answered by a real authority, and read. */
#include "../authority.h"

#include <stdio.h>

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

/* -- building ---------------------------------------------------------------------------- */

static struct cmc_slice sign_as(struct test_authority *t, const struct test_party *who,
                                struct cmc_slice content, struct cmc_slice type)
{
    const struct cmc_cms_signer signer = {
        .key = who->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = who->cert};
    const struct cmc_cms_content what = {
        .type = type, .content = content, .certs = &who->cert, .ncerts = 1};
    struct cmc_slice out;
    struct cmc_err err;

    assert_int_equal(cmc_signed_data_create(t->crypto, &what, &signer, 1, t->arena, &out, &err),
                     CMC_OK);
    return out;
}

static struct cmc_slice pkidata(struct test_authority *t, struct cmc_pkidata *body)
{
    struct cmc_slice out;
    struct cmc_err err;

    assert_int_equal(cmc_pkidata_encode(t->arena, body, &out, &err), CMC_OK);
    return out;
}

static struct cmc_slice enrol(struct test_authority *t, const struct test_party *who,
                              struct cmc_slice csr)
{
    struct cmc_pkidata body = {0};
    struct cmc_slice nonce = cmc_slice_str("0123456789abcdef");
    struct cmc_err err;

    assert_int_equal(cmc_control_add(t->arena, &body.controls, 7, cmc_oid_id_cmc_senderNonce,
                                     &cmc_it_nonce, &nonce, &err),
                     CMC_OK);
    assert_int_equal(cmc_body_add_pkcs10(t->arena, &body, 42, csr, &err), CMC_OK);
    return sign_as(t, who, pkidata(t, &body), cmc_oid_id_cct_PKIData);
}

static struct cmc_slice revocation(struct test_authority *t, const struct test_party *who,
                                   struct cmc_slice cert, uint32_t reason, bool wrong_issuer)
{
    struct cmc_pkidata body = {0};
    struct cmc_revoke_request rr = {.reason = reason};
    struct cmc_cert c = {0};
    struct cmc_err err;

    assert_int_equal(cmc_decode(&cmc_it_cert, cert, t->arena, &c, &err), CMC_OK);
    rr.issuer = wrong_issuer ? c.tbs.subject : c.tbs.issuer;
    rr.serial = c.tbs.serial;
    assert_int_equal(cmc_control_add(t->arena, &body.controls, 9, cmc_oid_id_cmc_revokeRequest,
                                     &cmc_it_revoke_request, &rr, &err),
                     CMC_OK);
    return sign_as(t, who, pkidata(t, &body), cmc_oid_id_cct_PKIData);
}

/* -- reading ----------------------------------------------------------------------------- */

struct answer {
    struct cmc_signed_data sd;
    struct cmc_pkiresponse body;
    struct cmc_outcome *outcomes;
    size_t n;
};

static struct answer read_full(struct test_authority *t, const struct test_reply *r)
{
    struct answer a = {0};
    struct cmc_err err = {0};

    assert_int_equal(r->http_status, 200);
    assert_string_equal(r->content_type, CMC_MEDIA_RESPONSE);
    assert_int_equal(cmc_signed_data_open(r->body, t->arena, &a.sd, &err), CMC_OK);
    assert_int_equal(cmc_signer_check_digest(t->crypto, &a.sd, 0, false, t->arena, &err), CMC_OK);
    assert_int_equal(cmc_signer_check_content_type(&a.sd, 0, t->arena, &err), CMC_OK);
    assert_int_equal(
        cmc_signer_check_signature(t->crypto, &a.sd, 0, t->resp.key, false, t->arena, &err),
        CMC_OK);
    assert_int_equal(cmc_pkiresponse_open(a.sd.encap.content, t->arena, &a.body, &err), CMC_OK);
    assert_int_equal(cmc_status_read(t->arena, &a.body.controls, &a.outcomes, &a.n, &err), CMC_OK);
    return a;
}

static void expect(struct test_authority *t, const struct test_reply *r, uint32_t status,
                   int fail_info, uint32_t body_part)
{
    struct answer a = read_full(t, r);

    assert_int_equal(a.n, 1);
    if (a.outcomes[0].status != status || a.outcomes[0].fail_info != fail_info)
        print_message("# status %s, text %.*s\n", cmc_status_name(a.outcomes[0].status),
                      (int)a.outcomes[0].text.n, (const char *)a.outcomes[0].text.p);
    assert_int_equal(a.outcomes[0].status, status);
    assert_int_equal(a.outcomes[0].fail_info, fail_info);
    assert_int_equal(a.outcomes[0].nbody_parts, 1);
    assert_int_equal(a.outcomes[0].body_parts[0], body_part);
}

static struct cmc_slice first_cert(const struct answer *a, struct test_authority *t,
                                   struct cmc_slice csr)
{
    struct cmc_request rq;
    struct cmc_err err;

    assert_int_equal(cmc_request_from_pkcs10(csr, t->arena, &rq, &err), CMC_OK);
    for (size_t i = 0; i < a->sd.certs.n; i++) {
        struct cmc_slice der = *CMC_AT(const struct cmc_slice, a->sd.certs, i);
        struct cmc_cert c = {0};

        assert_int_equal(cmc_decode(&cmc_it_cert, der, t->arena, &c, &err), CMC_OK);
        if (cmc_slice_eq(c.tbs.spki.raw, rq.spki))
            return der;
    }
    fail_msg("no certificate for the requested key");
    return CMC_SLICE_NONE;
}

static int64_t audit_count(struct test_authority *t)
{
    struct cmc_reader *reader;
    struct cmc_err err = {0};
    int64_t n = 0;

    assert_int_equal(cmc_reader_new(t->store, &reader, &err), CMC_OK);
    assert_int_equal(cmc_reader_audit_verify(reader, &n, &err), CMC_OK);
    cmc_reader_free(reader);
    return n;
}

/* -- tests ------------------------------------------------------------------------------- */

/* [10002-6.6-e, 10002-6.6-f, 10002-6.6-d, 10002-3.2.1-u2, 10004-5.2-n, 10004-5.2-o, 10004-5.2-a] */
static void enrolls(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = test_csr(t, key, "CN=host.example", "DNS:host.example");
    struct cmc_slice request = enrol(t, &t->officer, csr);
    int64_t before = audit_count(t);
    struct test_reply r = test_send(t, CMC_TYPE_CMC, request, CMC_ANSWER_CMC);
    struct test_reply again;
    const struct cmc_tagged_attribute *nonce;
    struct answer a;

    expect(t, &r, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, 42);
    a = read_full(t, &r);
    (void)first_cert(&a, t, csr);
    nonce = cmc_control_first(&a.body.controls, cmc_oid_id_cmc_recipientNonce);
    assert_non_null(nonce);
    assert_memory_equal(CMC_AT(struct cmc_slice, nonce->values, 0)->p + 2, "0123456789abcdef", 16);
    assert_non_null(cmc_control_first(&a.body.controls, cmc_oid_id_cmc_senderNonce));
    /* three stages and the decision */
    assert_int_equal(audit_count(t), before + 4);

    /* RFC 10002 section 6.6 and our promise: the same message, the same answer. */
    again = test_send(t, CMC_TYPE_CMC, request, CMC_ANSWER_CMC);
    assert_true(cmc_slice_eq(again.body, r.body));
    assert_int_equal(audit_count(t), before + 4);
    EVP_PKEY_free(key);
}

/* [10002-4.1-c, 10002-4.1-u1, 10002-3.2.1.3.4-u1, 10002-3.2-a] */
static void answer_forms(void **state)
{
    struct test_authority *t = *state;
    static const struct {
        enum cmc_answer_form form;
        const char *type;
        size_t certs;
    } rows[] = {
        {CMC_ANSWER_CERTS_ONLY, CMC_MEDIA_CERTS_ONLY, 1},
        {CMC_ANSWER_CERTS_ONLY_CHAIN, CMC_MEDIA_CERTS_ONLY, 2},
        {CMC_ANSWER_PKIX_CERT, CMC_MEDIA_PKIX_CERT, 0},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        EVP_PKEY *key = test_key(t, "EC", "P-384");
        struct cmc_slice csr = test_csr(t, key, "CN=forms", NULL);
        struct test_reply r = test_send(t, CMC_TYPE_CMC, enrol(t, &t->officer, csr), rows[i].form);
        struct cmc_signed_data sd;
        struct cmc_cert cert = {0};
        struct cmc_err err = {0};

        assert_int_equal(r.http_status, 200);
        assert_string_equal(r.content_type, rows[i].type);
        if (rows[i].certs > 0) {
            assert_int_equal(cmc_signed_data_open(r.body, t->arena, &sd, &err), CMC_OK);
            assert_true(cmc_is_certs_only(&sd));
            assert_int_equal(sd.certs.n, rows[i].certs);
        } else {
            assert_int_equal(cmc_decode(&cmc_it_cert, r.body, t->arena, &cert, &err), CMC_OK);
        }
        EVP_PKEY_free(key);
    }
}

/* Asked again in another form: the same certificate in that form, not a second one. */
static void same_message_in_another_form(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice request = enrol(t, &t->officer, test_csr(t, key, "CN=forms", NULL));
    struct test_reply bare = test_send(t, CMC_TYPE_CMC, request, CMC_ANSWER_PKIX_CERT);
    int64_t records = audit_count(t);
    static const enum cmc_answer_form forms[] = {CMC_ANSWER_CERTS_ONLY, CMC_ANSWER_CERTS_ONLY_CHAIN,
                                                 CMC_ANSWER_CMC, CMC_ANSWER_PKIX_CERT};

    assert_string_equal(bare.content_type, CMC_MEDIA_PKIX_CERT);
    for (size_t i = 0; i < CMC_COUNT(forms); i++) {
        struct test_reply r = test_send(t, CMC_TYPE_CMC, request, forms[i]);
        struct cmc_signed_data sd;
        bool found = false;

        if (forms[i] == CMC_ANSWER_PKIX_CERT) {
            assert_true(cmc_slice_eq(r.body, bare.body));
            continue;
        }
        assert_int_equal(cmc_signed_data_open(r.body, t->arena, &sd, NULL), CMC_OK);
        assert_int_equal(cmc_is_certs_only(&sd), forms[i] != CMC_ANSWER_CMC);
        for (size_t k = 0; k < sd.certs.n; k++)
            found = found || cmc_slice_eq(*CMC_AT(struct cmc_slice, sd.certs, k), bare.body);
        assert_true(found);
        if (forms[i] == CMC_ANSWER_CMC)
            expect(t, &r, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, 42);
    }
    assert_int_equal(audit_count(t), records);
    EVP_PKEY_free(key);
}

/* [10002-6.11-d, 10004-5.2-v] */
static void revokes_holds_and_releases(void **state)
{
    struct test_authority *t = *state;
    struct test_party p = test_party_new(t, "ee", "CN=victim");
    struct test_reply r;

    r = test_send(t, CMC_TYPE_CMC, revocation(t, &t->officer, p.cert, 6, false), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, 9);
    r = test_send(t, CMC_TYPE_CMC, revocation(t, &t->officer, p.cert, 8, false), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, 9);
    /* nothing to release any more */
    r = test_send(t, CMC_TYPE_CMC, revocation(t, &t->officer, p.cert, 8, true), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_CERT_ID, 9);
    r = test_send(t, CMC_TYPE_CMC, revocation(t, &t->officer, p.cert, 1, false), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, 9);
    r = test_send(t, CMC_TYPE_CMC, revocation(t, &t->officer, p.cert, 4, false), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, 9);
    test_party_free(&p);
}

/* [10002-6.11-u1] */
static void nexus_rules(void **state)
{
    struct test_authority *t = *state;
    struct test_party p = test_party_new(t, "ee", "CN=victim");
    struct test_reply r;

    t->rules.reasons = CMC_REASONS_NEXUS;
    t->rules.revoke_max = 1;
    t->rules.mandatory_fields_only = true;
    r = test_send(t, CMC_TYPE_CMC, revocation(t, &t->officer, p.cert, 6, false), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, 9);
    r = test_send(t, CMC_TYPE_CMC, revocation(t, &t->officer, p.cert, 3, false), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, 9);
    test_party_free(&p);
}

static void crl_follows_at_once(void **state)
{
    struct test_authority *t = *state;
    struct test_party p = test_party_new(t, "ee", "CN=victim");
    struct cmc_crl first = {0}, second = {0};
    struct cmc_slice der;
    struct cmc_err err = {0};

    assert_int_equal(cmc_ca_crl(t->ca, TEST_NOW, t->arena, &der, &err), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_crl, der, t->arena, &first, &err), CMC_OK);
    assert_int_equal(first.tbs.revoked.n, 0);
    (void)test_send(t, CMC_TYPE_CMC, revocation(t, &t->officer, p.cert, 1, false), CMC_ANSWER_CMC);
    assert_int_equal(cmc_ca_crl(t->ca, TEST_NOW, t->arena, &der, &err), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_crl, der, t->arena, &second, &err), CMC_OK);
    assert_int_equal(second.tbs.revoked.n, 1);
    assert_int_equal(cmc_verify(t->crypto, t->root.key, cmc_sig_default(t->root.key),
                                second.tbs.raw,
                                cmc_slice(second.signature.p + 1, second.signature.n - 1), &err),
                     CMC_OK);
    test_party_free(&p);
}

static void roles_are_needed(void **state)
{
    struct test_authority *t = *state;
    struct test_party revoker = test_party_new(t, "ee", "CN=revoker");
    struct test_party enroller = test_party_new(t, "ee", "CN=enroller");
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = test_csr(t, key, "CN=x", NULL);
    struct test_reply r;

    test_officer_add(t, "revoker", &revoker, CMC_ROLE_REVOKE);
    test_officer_add(t, "enroller", &enroller, CMC_ROLE_ENROLL);
    r = test_send(t, CMC_TYPE_CMC, enrol(t, &revoker, csr), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, 42);
    r = test_send(t, CMC_TYPE_CMC, revocation(t, &enroller, revoker.cert, 1, false),
                  CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, 9);
    /* a removed officer is nobody at once: the holder of a certificate, not of a role */
    assert_int_equal(cmc_store_officer_remove(t->store, "enroller", TEST_NOW, NULL), CMC_OK);
    r = test_send(t, CMC_TYPE_CMC, enrol(t, &enroller, csr), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY, 42);
    EVP_PKEY_free(key);
    test_party_free(&revoker);
    test_party_free(&enroller);
}

/* [10002-3.2-g, 10002-6.3-b, 10002-6.3.3-u1, 10002-6.3.3-u2] */
static void renewal(void **state)
{
    struct test_authority *t = *state;
    struct test_party p = test_party_new(t, "ee", "CN=holder");
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice same = test_csr(t, key, "CN=holder", NULL);
    struct cmc_slice other = test_csr(t, key, "CN=somebody else", NULL);
    struct cmc_slice more = test_csr(t, key, "CN=holder", "DNS:other.example");
    struct cmc_slice old_key = test_csr(t, p.key, "CN=holder", NULL);
    struct test_reply r;

    r = test_send(t, CMC_TYPE_CMC, enrol(t, &p, other), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY, 42);
    r = test_send(t, CMC_TYPE_CMC, enrol(t, &p, more), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY, 42);
    r = test_send(t, CMC_TYPE_CMC, enrol(t, &p, old_key), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_NO_KEY_REUSE, 42);
    r = test_send(t, CMC_TYPE_CMC, enrol(t, &p, same), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, 42);
    t->rules.profile = "other";
    r = test_send(t, CMC_TYPE_CMC, enrol(t, &p, same), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY, 42);
    t->rules.profile = "ee";
    t->rules.allow_renewal = false;
    r = test_send(t, CMC_TYPE_CMC, enrol(t, &p, same), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY, 42);
    EVP_PKEY_free(key);
    test_party_free(&p);
}

/* [10002-3.2.1.3.4-a, 10002-3.2.1.3.4-b] */
static void three_stages(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice good = enrol(t, &t->officer, test_csr(t, key, "CN=x", NULL));
    struct test_party stranger = {.key = key};
    struct test_reply r;
    uint8_t *bad;
    struct cmc_pkidata empty = {0};

    /* stage 1: an octet of the content changed; the name "CN=x" stands in it */
    bad = cmc_arena_dup(t->arena, good.p, good.n);
    for (size_t i = 0; i + 3 < good.n; i++) {
        if (bad[i] == CMC_T_UTF8 && bad[i + 1] == 1 && bad[i + 2] == 'x')
            bad[i + 2] = 'y';
    }
    r = test_send(t, CMC_TYPE_CMC, cmc_slice(bad, good.n), CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_MESSAGE_CHECK, 0);
    {
        /* a refusal answers the nonce too */
        struct answer a = read_full(t, &r);

        assert_non_null(cmc_control_first(&a.body.controls, cmc_oid_id_cmc_recipientNonce));
    }

    /* stage 2 needs another content type in the attribute: see test/unit/cms. Here the type of
     * the content itself is wrong. */
    r = test_send(t, CMC_TYPE_CMC,
                  sign_as(t, &t->officer, pkidata(t, &empty), cmc_oid_id_cct_PKIResponse),
                  CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, 0);

    /* stage 3: the officer's certificate with somebody else's key */
    stranger.cert = t->officer.cert;
    r = test_send(t, CMC_TYPE_CMC, enrol(t, &stranger, test_csr(t, key, "CN=z", NULL)),
                  CMC_ANSWER_CMC);
    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_MESSAGE_CHECK, 0);
    EVP_PKEY_free(key);
}

/* RFC 10002 section 3.2: a status that does not verify gets no answer, but leaves its records. */
static void a_bad_status_is_not_answered(void **state)
{
    struct test_authority *t = *state;
    struct cmc_status_info_v2 si = {.status = CMC_STATUS_FAILED};
    struct cmc_body_part_reference *ref =
        cmc_list_add(t->arena, &cmc_it_status_body_list_v2, &si.body_list, 1);
    struct test_party forger = {.key = test_key(t, "EC", "P-256"), .cert = t->officer.cert};
    struct cmc_pkidata body = {0};
    int64_t before = audit_count(t);
    struct test_reply r;

    ref->u.id = 1;
    assert_int_equal(cmc_control_add(t->arena, &body.controls, 1, cmc_oid_id_cmc_statusInfoV2,
                                     &cmc_it_status_info_v2, &si, NULL),
                     CMC_OK);
    r = test_send(t, CMC_TYPE_CMC, sign_as(t, &forger, pkidata(t, &body), cmc_oid_id_cct_PKIData),
                  CMC_ANSWER_CMC);
    assert_int_equal(r.http_status, 204);
    assert_int_equal(r.body.n, 0);
    /* three stages, of which the last failed, and the refusal */
    assert_int_equal(audit_count(t), before + 4);
    test_party_free(&forger);
}

/* [10002-6.1.1-u1, 10002-3.1-u1] */
static void simple_request_needs_an_officer(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_slice csr = test_csr(t, key, "CN=simple", NULL);
    struct test_reply r = test_send(t, CMC_TYPE_PKCS10, csr, CMC_ANSWER_CERTS_ONLY);

    expect(t, &r, CMC_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY, 1);
    t->rules.require_officer = false;
    r = test_send(t, CMC_TYPE_PKCS10, csr, CMC_ANSWER_CERTS_ONLY);
    assert_string_equal(r.content_type, CMC_MEDIA_CERTS_ONLY);
    EVP_PKEY_free(key);
}

static void garbage_is_no_message(void **state)
{
    struct test_authority *t = *state;
    struct test_reply r =
        test_send(t, CMC_TYPE_CMC, cmc_slice_str("\x30\x03garbage"), CMC_ANSWER_CMC);

    assert_int_equal(r.http_status, 400);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(enrolls),
        TEST(answer_forms),
        TEST(same_message_in_another_form),
        TEST(revokes_holds_and_releases),
        TEST(nexus_rules),
        TEST(crl_follows_at_once),
        TEST(roles_are_needed),
        TEST(renewal),
        TEST(three_stages),
        TEST(a_bad_status_is_not_answered),
        TEST(simple_request_needs_an_officer),
        TEST(garbage_is_no_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
