/* SPDX-License-Identifier: Apache-2.0 */
/* Certification requests and the messages that carry them; OpenSSL reads what it can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "lib/lib_int.h"
#include "message/body.h"

struct fixture {
    struct cmcl_context *ctx;
    struct cmcl_key *key;
    struct cmc_arena *arena;
    struct cmcl_request *rq;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || cmcl_context_new(&f->ctx) != CMCL_OK ||
        cmcl_key_generate(f->ctx, "ec:P-256", &f->key) != CMCL_OK ||
        cmcl_request_new(f->ctx, &f->rq) != CMCL_OK)
        return 1;
    f->arena = cmc_arena_new(1u << 24);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    cmcl_request_free(f->rq);
    cmc_arena_free(f->arena);
    cmcl_key_free(f->key);
    cmcl_context_free(f->ctx);
    free(f);
    return 0;
}

static struct cmcl_csr *new_csr(struct fixture *f, enum cmcl_form form, unsigned int flags)
{
    struct cmcl_csr *csr;

    if (cmcl_csr_new(f->key, form, "C=SE, O=Example, CN=alice", "DNS:a.example", flags, &csr) !=
        CMCL_OK)
        fail_msg("%s", cmcl_error_text(f->ctx));
    return csr;
}

static void add_csr(struct fixture *f, enum cmcl_form form)
{
    struct cmcl_csr *csr = new_csr(f, form, CMCL_CSR_SKI);

    assert_int_equal(cmcl_request_add_csr(f->rq, csr), CMCL_OK);
    cmcl_csr_free(csr);
}

/* -- certification requests -------------------------------------------------------------- */

/* [10002-3.2.1.2.1-a] */
static void openssl_accepts_a_pkcs10(void **state)
{
    struct cmcl_csr *csr = new_csr(*state, CMCL_PKCS10, CMCL_CSR_SKI);
    size_t n;
    const unsigned char *p = cmcl_csr_get0_der(csr, &n);
    X509_REQ *req = d2i_X509_REQ(NULL, &p, (long)n);
    STACK_OF(X509_EXTENSION) * exts;
    char name[64];

    assert_non_null(req);
    assert_int_equal(cmcl_csr_form(csr), CMCL_PKCS10);
    assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
    assert_non_null(X509_NAME_oneline(X509_REQ_get_subject_name(req), name, sizeof name));
    assert_string_equal(name, "/C=SE/O=Example/CN=alice");
    exts = X509_REQ_get_extensions(req);
    assert_int_equal(sk_X509_EXTENSION_num(exts), 2);
    assert_true(X509v3_get_ext_by_NID(exts, NID_subject_alt_name, -1) >= 0);
    assert_true(X509v3_get_ext_by_NID(exts, NID_subject_key_identifier, -1) >= 0);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    X509_REQ_free(req);
    cmcl_csr_free(csr);
}

static void wrong_wishes_are_refused_by_name(void **state)
{
    struct fixture *f = *state;
    struct cmcl_csr *csr;

    assert_int_equal(cmcl_csr_new(f->key, CMCL_PKCS10, "CN", NULL, 0, &csr), CMCL_E_USAGE);
    assert_null(csr);
    assert_int_equal(cmcl_csr_new(f->key, CMCL_PKCS10, "CN=a", "IP:nowhere", 0, &csr),
                     CMCL_E_USAGE);
    assert_non_null(strstr(cmcl_error_text(f->ctx), "nowhere"));
    assert_int_equal(cmcl_csr_new(f->key, (enum cmcl_form)2, "CN=a", NULL, 0, &csr), CMCL_E_USAGE);
}

static void assert_reads_back(struct fixture *f, const struct cmcl_csr *want, const void *data,
                              size_t n)
{
    struct cmcl_csr *got;

    if (cmcl_csr_read(f->ctx, data, n, &got) != CMCL_OK)
        fail_msg("%s", cmcl_error_text(f->ctx));
    assert_int_equal(got->form, want->form);
    assert_true(cmc_slice_eq(got->der, want->der));
    assert_true(cmc_slice_eq(got->spki, want->spki));
    cmcl_csr_free(got);
}

static void ready_requests_are_read_in_each_form(void **state)
{
    struct fixture *f = *state;
    struct cmcl_csr *p10 = new_csr(f, CMCL_PKCS10, 0), *crmf = new_csr(f, CMCL_CRMF, 0), *none;
    struct cmc_slice two[2] = {crmf->der, crmf->der}, wrapped;
    struct cmc_list list = {two, 1};
    char *pem;

    assert_int_equal(cmcl_pem_get1(f->ctx, "CERTIFICATE REQUEST", p10->der.p, p10->der.n, &pem),
                     CMCL_OK);
    assert_reads_back(f, p10, p10->der.p, p10->der.n);
    assert_reads_back(f, p10, pem, strlen(pem));
    assert_reads_back(f, crmf, crmf->der.p, crmf->der.n);
    assert_int_equal(cmc_encode_arena(&cmc_it_seq_any, &list, f->arena, &wrapped, NULL), CMC_OK);
    assert_reads_back(f, crmf, wrapped.p, wrapped.n);
    list.n = 2;
    assert_int_equal(cmc_encode_arena(&cmc_it_seq_any, &list, f->arena, &wrapped, NULL), CMC_OK);
    assert_int_equal(cmcl_csr_read(f->ctx, wrapped.p, wrapped.n, &none), CMCL_E_INPUT);
    assert_non_null(strstr(cmcl_error_text(f->ctx), "these are 2"));
    cmcl_free(pem);
    cmcl_csr_free(p10);
    cmcl_csr_free(crmf);
}

static void every_truncation_is_refused(void **state)
{
    struct fixture *f = *state;

    for (int form = CMCL_PKCS10; form <= CMCL_CRMF; form++) {
        struct cmcl_csr *csr = new_csr(f, (enum cmcl_form)form, 0), *none;

        for (size_t n = 0; n < csr->der.n; n++) {
            assert_int_equal(cmcl_csr_read(f->ctx, csr->der.p, n, &none), CMCL_E_INPUT);
            assert_null(none);
        }
        cmcl_csr_free(csr);
    }
}

/* -- messages ---------------------------------------------------------------------------- */

/* The PKIData of the message, and the nonce in it. */
static struct cmc_slice read_message(struct fixture *f, const uint8_t *der, size_t n,
                                     struct cmc_pkidata *body)
{
    struct cmc_signed_data sd = {0};
    const struct cmc_tagged_attribute *ta;
    struct cmc_slice nonce = CMC_SLICE_NONE;

    *body = (struct cmc_pkidata){0};
    assert_int_equal(
        cmc_signed_data_open(cmc_arena_slice(f->arena, cmc_slice(der, n)), f->arena, &sd, NULL),
        CMC_OK);
    assert_int_equal(cmc_signer_check_digest(f->ctx->crypto, &sd, 0, false, f->arena, NULL),
                     CMC_OK);
    assert_int_equal(
        cmc_signer_check_signature(f->ctx->crypto, &sd, 0, f->key->pkey, false, f->arena, NULL),
        CMC_OK);
    assert_int_equal(cmc_pkidata_open(sd.encap.content, false, f->arena, body, NULL), CMC_OK);
    ta = cmc_control_first(&body->controls, cmc_oid_id_cmc_senderNonce);
    assert_non_null(ta);
    assert_int_equal(
        cmc_decode(&cmc_it_nonce, *CMC_AT(struct cmc_slice, ta->values, 0), f->arena, &nonce, NULL),
        CMC_OK);
    return nonce;
}

static void requests_are_found_by_their_ids(void **state)
{
    static const enum cmcl_form forms[] = {CMCL_CRMF, CMCL_PKCS10, CMCL_CRMF, CMCL_PKCS10};
    static const size_t places[] = {2, 0, 3, 1}; /* PKCS#10 first in the message */
    struct fixture *f = *state;
    struct cmc_pkidata body;
    const uint8_t *der;
    size_t n;

    for (size_t i = 0; i < CMC_COUNT(forms); i++)
        add_csr(f, forms[i]);
    assert_int_equal(cmcl_request_set1_signer(f->rq, f->key, NULL, CMCL_SID_SKI), CMCL_OK);
    assert_int_equal(cmcl_request_csr_id(f->rq, 0), 0); /* not built yet */
    assert_int_equal(cmcl_request_build(f->rq, &der, &n), CMCL_OK);
    (void)read_message(f, der, n, &body);
    assert_int_equal(body.requests.n, 4);
    for (size_t i = 0; i < CMC_COUNT(forms); i++) {
        const struct cmc_tagged_request *tr =
            CMC_AT(struct cmc_tagged_request, body.requests, places[i]);

        assert_int_equal(tr->which, forms[i] == CMCL_CRMF ? CMC_TR_CRM : CMC_TR_TCR);
        assert_int_equal(cmcl_request_csr_id(f->rq, i), cmc_tagged_request_id(tr));
    }
    assert_int_equal(cmcl_request_csr_id(f->rq, 4), 0);
    assert_int_equal(cmcl_request_revocation_id(f->rq, 0), 0);
}

static void each_build_is_a_new_message(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice first, second;
    struct cmc_pkidata body;
    const uint8_t *der;
    size_t n;

    add_csr(f, CMCL_PKCS10);
    assert_int_equal(cmcl_request_set1_data_return(f->rq, "mine", 4), CMCL_OK);
    assert_int_equal(cmcl_request_set1_signer(f->rq, f->key, NULL, CMCL_SID_SKI), CMCL_OK);
    assert_int_equal(cmcl_request_build(f->rq, &der, &n), CMCL_OK);
    first = read_message(f, der, n, &body);
    assert_non_null(cmc_control_first(&body.controls, cmc_oid_id_cmc_transactionId));
    assert_non_null(cmc_control_first(&body.controls, cmc_oid_id_cmc_dataReturn));
    assert_int_equal(cmcl_request_build(f->rq, &der, &n), CMCL_OK);
    second = read_message(f, der, n, &body);
    assert_int_equal(first.n, second.n);
    assert_false(cmc_slice_eq(first, second));
}

static void what_is_not_ready_is_not_built(void **state)
{
    struct fixture *f = *state;
    struct cmcl_response *none;
    const uint8_t *der = (const uint8_t *)f;
    size_t n = 1;

    assert_int_equal(cmcl_request_build(f->rq, &der, &n), CMCL_E_USAGE);
    assert_null(der);
    assert_int_equal(n, 0);
    add_csr(f, CMCL_PKCS10);
    assert_int_equal(cmcl_request_build(f->rq, &der, &n), CMCL_E_USAGE);
    assert_non_null(strstr(cmcl_error_text(f->ctx), "no signer"));
    assert_int_equal(cmcl_request_set1_signer(f->rq, f->key, NULL, CMCL_SID_ISSUER_SERIAL),
                     CMCL_E_USAGE);
    assert_int_equal(cmcl_response_open(f->ctx, "", 0, f->rq, NULL, CMCL_TRUST_ANYBODY, &none),
                     CMCL_E_USAGE);
}

static void the_same_crmf_twice_is_refused(void **state)
{
    struct fixture *f = *state;
    struct cmcl_csr *csr = new_csr(f, CMCL_CRMF, CMCL_CSR_SKI);
    const uint8_t *der;
    size_t n;

    assert_int_equal(cmcl_request_add_csr(f->rq, csr), CMCL_OK);
    assert_int_equal(cmcl_request_add_csr(f->rq, csr), CMCL_OK);
    assert_int_equal(cmcl_request_set1_signer(f->rq, f->key, NULL, CMCL_SID_SKI), CMCL_OK);
    assert_int_equal(cmcl_request_build(f->rq, &der, &n), CMCL_E_USAGE);
    assert_string_equal(cmcl_error_clause(f->ctx), "RFC 10002 section 3.2.1.2");
    assert_null(der);
    assert_int_equal(cmcl_request_csr_id(f->rq, 0), 0);
    cmcl_csr_free(csr);
}

static void a_revocation_needs_a_certificate_and_a_reason(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        cmcl_request_add_revocation(f->rq, "\x30\x00", 2, CMCL_REASON_SUPERSEDED, 0, NULL),
        CMCL_E_INPUT);
    assert_int_equal(
        cmcl_request_add_revocation(f->rq, "\x30\x00", 2, (enum cmcl_reason)7, 0, NULL),
        CMCL_E_USAGE);
    assert_int_equal(
        cmcl_request_add_revocation(f->rq, "\x30\x00", 2, (enum cmcl_reason)11, 0, NULL),
        CMCL_E_USAGE);
    assert_string_equal(cmcl_error_clause(f->ctx), "RFC 5280 section 5.3.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(openssl_accepts_a_pkcs10, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_wishes_are_refused_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(ready_requests_are_read_in_each_form, setup, teardown),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(requests_are_found_by_their_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(each_build_is_a_new_message, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_ready_is_not_built, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_crmf_twice_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_revocation_needs_a_certificate_and_a_reason, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
