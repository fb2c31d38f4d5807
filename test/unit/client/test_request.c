/* SPDX-License-Identifier: Apache-2.0 */
/* What a Full PKI Request is made of, read back by the decoder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../key/pki.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"

struct fixture {
    struct cmc_crypto *c;
    struct cmc_arena *arena;
    struct pki_cert officer;
    struct cmc_slice subject;
    struct cmc_cms_signer signer;
    struct cmc_full_request rq;
    struct cmc_exchange_state state;
    struct cmc_signed_data sd; /* what open_body() found */
    struct cmc_pkidata body;
    struct cmc_err err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || cmc_crypto_new(&f->c, NULL) != CMC_OK)
        return 1;
    f->arena = cmc_arena_new(1u << 24);
    f->officer = pki_make(f->arena, "officer", pki_key(), NULL, -60, 3600, pki_ee_exts);
    f->signer = (struct cmc_cms_signer){.key = f->officer.key, .cert = f->officer.der};
    f->rq = (struct cmc_full_request){.signer = &f->signer, .certs = &f->officer.der, .ncerts = 1};
    *state = f;
    return cmc_name_parse("CN=alice", f->arena, &f->subject, NULL) != CMC_OK;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pki_free(&f->officer);
    cmc_crypto_free(f->c);
    cmc_arena_free(f->arena);
    free(f);
    return 0;
}

static struct cmc_slice make_csr(struct fixture *f, bool crmf, uint32_t id)
{
    struct cmc_request_params p = {.key = f->officer.key, .subject = f->subject, .cert_req_id = id};
    struct cmc_slice der;
    enum cmc_rc rc = crmf ? cmc_crmf_create(f->c, &p, f->arena, &der, &f->err)
                          : cmc_pkcs10_create(f->c, &p, f->arena, &der, &f->err);

    if (rc != CMC_OK)
        fail_msg("%s", f->err.text);
    return der;
}

/* Build, then decode with the strict rules for bodies. */
static void build(struct fixture *f)
{
    struct cmc_slice der;

    if (cmc_full_request_create(f->c, &f->rq, f->arena, &f->state, &der, &f->err) != CMC_OK ||
        cmc_signed_data_open(der, f->arena, &f->sd, &f->err) != CMC_OK ||
        cmc_pkidata_open(f->sd.encap.content, false, f->arena, &f->body, &f->err) != CMC_OK)
        fail_msg("%s", f->err.text);
    assert_true(cmc_slice_eq(f->sd.encap.type, cmc_oid_id_cct_PKIData));
}

static struct cmc_slice control(struct fixture *f, struct cmc_slice type, const struct cmc_item *it)
{
    const struct cmc_tagged_attribute *ta = cmc_control_first(&f->body.controls, type);
    struct cmc_slice v = CMC_SLICE_NONE;

    if (ta != NULL) {
        assert_int_equal(ta->values.n, 1);
        assert_int_equal(
            cmc_decode(it, *CMC_AT(struct cmc_slice, ta->values, 0), f->arena, &v, NULL), CMC_OK);
    }
    return v;
}

/* [10002-3.2-u1, 10002-6.6-u1, 10002-6.6-a] */
static void signed_by_the_officer(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice csr = make_csr(f, false, 0);

    f->rq.pkcs10 = &csr;
    f->rq.npkcs10 = 1;
    build(f);
    assert_int_equal(f->sd.signer_infos.n, 1);
    assert_int_equal(cmc_signer_find_cert(&f->sd, 0, f->sd.certs.v, f->sd.certs.n, f->arena), 0);
    assert_int_equal(cmc_signer_check_digest(f->c, &f->sd, 0, false, f->arena, NULL), CMC_OK);
    assert_int_equal(cmc_signer_check_content_type(&f->sd, 0, f->arena, NULL), CMC_OK);
    assert_int_equal(
        cmc_signer_check_signature(f->c, &f->sd, 0, f->officer.key, false, f->arena, NULL), CMC_OK);
}

/* [10004-5.2-m] */
static void the_state_remembers_what_was_sent(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice csr = make_csr(f, false, 0), nonce, id, old_id;
    uint8_t old[sizeof f->state.sender_nonce];

    f->rq.pkcs10 = &csr;
    f->rq.npkcs10 = 1;
    build(f);
    nonce = control(f, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce);
    id = control(f, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id);
    assert_true(f->state.has_nonce);
    assert_int_equal(nonce.n, sizeof f->state.sender_nonce);
    assert_memory_equal(nonce.p, f->state.sender_nonce, nonce.n);
    assert_true(cmc_slice_eq(id, f->state.transaction_id));
    assert_int_equal(id.p[0] & 0x80, 0);
    assert_int_equal(CMC_AT(struct cmc_tagged_request, f->body.requests, 0)->u.tcr.body_part_id,
                     f->state.first_request_id);
    /* Fresh ones each time. */
    memcpy(old, f->state.sender_nonce, sizeof old);
    old_id = f->state.transaction_id;
    build(f);
    assert_memory_not_equal(old, f->state.sender_nonce, sizeof old);
    assert_false(cmc_slice_eq(old_id, f->state.transaction_id));
}

static void controls_that_are_not_wanted(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice csr = make_csr(f, false, 0);

    f->rq.pkcs10 = &csr;
    f->rq.npkcs10 = 1;
    f->rq.no_nonce = true;
    f->rq.no_transaction_id = true;
    f->rq.data_return = CMC_SLICE_LIT("come back");
    build(f);
    assert_int_equal(f->body.controls.n, 1);
    assert_true(cmc_slice_eq(control(f, cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string),
                             CMC_SLICE_LIT("come back")));
    assert_false(f->state.has_nonce);
    assert_null(f->state.transaction_id.p);
}

/* The certReqId is signed and stays; all other ids keep out of its way.
 * [10002-3.2.2-a, 10002-3.2.2-u1] */
static void ids_around_crmf(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice crmf[] = {make_csr(f, true, 2), make_csr(f, true, 4)};
    struct cmc_slice pkcs10[] = {make_csr(f, false, 0), make_csr(f, false, 0)};

    f->rq.crmf = crmf;
    f->rq.ncrmf = 2;
    f->rq.pkcs10 = pkcs10;
    f->rq.npkcs10 = 2;
    build(f); /* refuses an id that stands there twice */
    assert_int_equal(f->body.requests.n, 4);
    assert_int_equal(CMC_AT(struct cmc_tagged_attribute, f->body.controls, 0)->body_part_id, 1);
    assert_int_equal(CMC_AT(struct cmc_tagged_attribute, f->body.controls, 1)->body_part_id, 3);
    assert_int_equal(f->state.first_request_id, 5);
    assert_int_equal(cmc_tagged_request_id(CMC_AT(struct cmc_tagged_request, f->body.requests, 3)),
                     4);
}

static void crmf_ids_that_cannot_be(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice twins[] = {make_csr(f, true, 7), make_csr(f, true, 7)};
    struct cmc_slice zero = make_csr(f, true, 0), der;

    f->rq.crmf = twins;
    f->rq.ncrmf = 2;
    assert_int_equal(cmc_full_request_create(f->c, &f->rq, f->arena, &f->state, &der, &f->err),
                     CMC_E_USAGE);
    assert_non_null(strstr(f->err.text, "7"));
    f->rq.crmf = &zero;
    f->rq.ncrmf = 1;
    assert_int_equal(cmc_full_request_create(f->c, &f->rq, f->arena, &f->state, &der, &f->err),
                     CMC_E_USAGE);
}

/* [10002-6.11-a, 10004-5.2-u] */
static void revocations(void **state)
{
    struct fixture *f = *state;
    static const uint8_t serial[] = {0x00, 0x9f, 0x01};
    struct cmc_revocation list[] = {
        {.issuer = f->subject, .serial = {serial, sizeof serial}, .reason = 1},
        {.issuer = f->subject,
         .serial = {serial, sizeof serial},
         .reason = 6,
         .invalidity_at = 1700000000,
         .comment = "lost"},
    };
    struct cmc_revoke_request rr = {0};
    const struct cmc_tagged_attribute *ta;

    f->rq.revocations = list;
    f->rq.nrevocations = 2;
    build(f);
    assert_int_equal(f->body.requests.n, 0);
    assert_int_equal(f->body.controls.n, 4);
    ta = CMC_AT(struct cmc_tagged_attribute, f->body.controls, 2);
    assert_int_equal(ta->body_part_id, f->state.first_revocation_id);
    ta = CMC_AT(struct cmc_tagged_attribute, f->body.controls, 3);
    assert_int_equal(ta->body_part_id, f->state.first_revocation_id + 1);
    assert_int_equal(cmc_decode(&cmc_it_revoke_request, *CMC_AT(struct cmc_slice, ta->values, 0),
                                f->arena, &rr, NULL),
                     CMC_OK);
    assert_true(cmc_slice_eq(rr.issuer, f->subject));
    assert_true(cmc_slice_eq(rr.serial, cmc_slice(serial, sizeof serial)));
    assert_int_equal(rr.reason, 6);
    assert_true(cmc_slice_eq(rr.invalidity_date, CMC_SLICE_LIT("20231114221320Z")));
    assert_true(cmc_slice_eq(rr.comment, CMC_SLICE_LIT("lost")));
    assert_null(rr.passphrase.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signed_by_the_officer, setup, teardown),
        cmocka_unit_test_setup_teardown(the_state_remembers_what_was_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(controls_that_are_not_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_around_crmf, setup, teardown),
        cmocka_unit_test_setup_teardown(crmf_ids_that_cannot_be, setup, teardown),
        cmocka_unit_test_setup_teardown(revocations, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
