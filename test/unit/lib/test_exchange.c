/* SPDX-License-Identifier: Apache-2.0 */
/* Whole exchanges in one process: the library asks, a real authority answers, by a transport that
 * is the test's own. */
#include "../authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/lib_int.h"

/* How the transport behaves. */
enum manner { HONEST, STALE, SILENT, FAILING, TERSE, BOUNDLESS };

struct fixture {
    struct test_authority *authority;
    enum manner manner;
    struct cmc_slice last; /* answer */
    struct cmcl_context *ctx;
    struct cmcl_certs *anchors, *officer, *responder;
    struct cmcl_key *officer_key, *key;
    struct cmcl_csr *csr;
    struct cmcl_request *rq;
    struct cmcl_transport *transport;
    struct cmcl_response *response;
};

static enum cmcl_rc carry(void *self, const char *content_type, const void *body, size_t n,
                          struct cmcl_reply *reply)
{
    struct fixture *f = self;
    struct cmc_slice message = cmc_arena_slice(f->authority->arena, cmc_slice(body, n));

    assert_string_equal(content_type, "application/pkcs7-mime; smime-type=CMC-request");
    switch (f->manner) {
    case SILENT:
        return CMCL_OK;
    case FAILING:
        cmcl_reply_set1_error(reply, "the pigeon is ill");
        return CMCL_E_RETRY;
    case TERSE:
        return (enum cmcl_rc)99;
    case BOUNDLESS:
        return cmcl_reply_set1_body(reply, body, CMC_LIMIT_MESSAGE_OCTETS + 1u);
    case STALE:
        break;
    case HONEST:
        f->last = test_send(f->authority, CMC_TYPE_CMC, message, CMC_ANSWER_CMC).body;
        break;
    }
    return cmcl_reply_set1_body(reply, f->last.p, f->last.n);
}

/* -- the fixture ------------------------------------------------------------------------- */

static void path_of(const struct fixture *f, const char *name, char *path, size_t size)
{
    (void)snprintf(path, size, "%s/%s", f->authority->dir, name);
}

/* By way of a file, because that is how a user has it. */
static struct cmcl_certs *load_cert(struct fixture *f, struct cmc_slice der)
{
    struct cmcl_certs *certs;
    char path[128], *pem;
    FILE *file;
    size_t n;

    path_of(f, "cert.pem", path, sizeof path);
    assert_int_equal(cmcl_pem_get1(f->ctx, "CERTIFICATE", der.p, der.n, &pem), CMCL_OK);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(pem, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(cmcl_certs_load(f->ctx, path, NULL, &certs), CMCL_OK);
    assert_int_equal(unlink(path), 0);
    cmcl_free(pem);
    assert_int_equal(cmcl_certs_count(certs), 1);
    assert_memory_equal(cmcl_certs_get0(certs, 0, &n), der.p, der.n);
    assert_int_equal(n, der.n);
    assert_null(cmcl_certs_get0(certs, 1, &n));
    return certs;
}

static struct cmcl_key *load_key(struct fixture *f, EVP_PKEY *pkey)
{
    struct cmcl_key *key;
    char path[128];

    path_of(f, "key.pem", path, sizeof path);
    assert_int_equal(cmc_key_save(f->ctx->crypto, pkey, path, NULL, NULL), CMC_OK);
    assert_int_equal(cmcl_key_load(f->ctx, path, NULL, &key), CMCL_OK);
    assert_int_equal(unlink(path), 0);
    return key;
}

static void new_request(struct fixture *f)
{
    cmcl_request_free(f->rq);
    assert_int_equal(cmcl_request_new(f->ctx, &f->rq), CMCL_OK);
    assert_int_equal(
        cmcl_request_set1_signer(f->rq, f->officer_key, f->officer, CMCL_SID_ISSUER_SERIAL),
        CMCL_OK);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->authority = test_authority_new("EC", "P-256");
    assert_int_equal(cmcl_context_new(&f->ctx), CMCL_OK);
    cmcl_context_set_time(f->ctx, TEST_NOW);
    f->anchors = load_cert(f, f->authority->root.cert);
    f->officer = load_cert(f, f->authority->officer.cert);
    f->responder = load_cert(f, f->authority->resp.cert);
    f->officer_key = load_key(f, f->authority->officer.key);
    assert_int_equal(cmcl_key_generate(f->ctx, "ec:P-256", &f->key), CMCL_OK);
    assert_int_equal(
        cmcl_csr_new(f->key, CMCL_PKCS10, "CN=a.example", "DNS:a.example", CMCL_CSR_SKI, &f->csr),
        CMCL_OK);
    assert_int_equal(cmcl_transport_new_callback(f->ctx, carry, f, &f->transport), CMCL_OK);
    new_request(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    cmcl_response_free(f->response);
    cmcl_transport_free(f->transport);
    cmcl_request_free(f->rq);
    cmcl_csr_free(f->csr);
    cmcl_key_free(f->key);
    cmcl_key_free(f->officer_key);
    cmcl_certs_free(f->responder);
    cmcl_certs_free(f->officer);
    cmcl_certs_free(f->anchors);
    cmcl_context_free(f->ctx);
    test_authority_free(f->authority);
    free(f);
    return 0;
}

static enum cmcl_rc exchange(struct fixture *f)
{
    cmcl_response_free(f->response);
    return cmcl_exchange(f->transport, f->rq, f->anchors, 0, &f->response);
}

static void must(struct fixture *f, enum cmcl_rc rc)
{
    if (rc != CMCL_OK)
        fail_msg("%s: %s", cmcl_rc_name(rc), cmcl_error_text(f->ctx));
}

static void must_fail(struct fixture *f, enum cmcl_rc rc, enum cmcl_rc want, const char *text)
{
    if (rc != want || strstr(cmcl_error_text(f->ctx), text) == NULL)
        fail_msg("%s where %s is due: %s", cmcl_rc_name(rc), cmcl_rc_name(want),
                 cmcl_error_text(f->ctx));
}

static struct cmc_slice cert_for(struct fixture *f, const struct cmcl_csr *csr)
{
    struct cmc_slice cert;

    must(f, cmcl_response_get0_cert_for(f->response, csr, &cert.p, &cert.n));
    return cmc_arena_slice(f->authority->arena, cert);
}

/* The one outcome about this body part. */
static size_t outcome_about(struct fixture *f, uint32_t id)
{
    size_t found = SIZE_MAX;

    for (size_t i = 0; i < cmcl_response_outcome_count(f->response); i++) {
        size_t n;
        const uint32_t *ids = cmcl_response_outcome_get0_body_parts(f->response, i, &n);

        for (size_t k = 0; k < n; k++) {
            if (ids[k] == id && found != SIZE_MAX)
                fail_msg("two outcomes are about body part %u", id);
            if (ids[k] == id)
                found = i;
        }
    }
    if (found == SIZE_MAX)
        fail_msg("no outcome is about body part %u", id);
    return found;
}

static void must_be(struct fixture *f, uint32_t id, uint32_t status, int fail_info)
{
    size_t i = outcome_about(f, id);

    assert_int_equal(cmcl_response_outcome_status(f->response, i), status);
    assert_int_equal(cmcl_response_outcome_fail_info(f->response, i), fail_info);
    assert_true(status == CMCL_STATUS_SUCCESS ||
                *cmcl_response_outcome_get0_text(f->response, i) != '\0');
}

static void enrol(struct fixture *f)
{
    must(f, cmcl_request_add_csr(f->rq, f->csr));
    must(f, exchange(f));
    assert_int_equal(cmcl_response_status(f->response), CMCL_STATUS_SUCCESS);
}

/* -- what succeeds ----------------------------------------------------------------------- */

static void two_forms_are_enrolled_in_one_message(void **state)
{
    struct fixture *f = *state;
    struct cmcl_key *other_key;
    struct cmcl_csr *other;
    struct cmc_slice a, b;
    const uint8_t *returned;
    size_t n;

    must(f, cmcl_key_generate(f->ctx, "ed25519", &other_key));
    must(f, cmcl_csr_new(other_key, CMCL_CRMF, "CN=b.example", NULL, 0, &other));
    must(f, cmcl_request_add_csr(f->rq, other));
    must(f, cmcl_request_set1_data_return(f->rq, "mine\0too", 8));
    enrol(f);
    assert_int_equal(cmcl_response_is_full(f->response), 1);
    must_be(f, cmcl_request_csr_id(f->rq, 0), CMCL_STATUS_SUCCESS, CMCL_FAIL_NONE);
    must_be(f, cmcl_request_csr_id(f->rq, 1), CMCL_STATUS_SUCCESS, CMCL_FAIL_NONE);
    a = cert_for(f, f->csr);
    b = cert_for(f, other);
    assert_false(cmc_slice_eq(a, b));
    assert_true(cmcl_response_cert_count(f->response) >= 2);
    returned = cmcl_response_get0_data_return(f->response, &n);
    assert_int_equal(n, 8);
    assert_memory_equal(returned, "mine\0too", 8);
    cmcl_csr_free(other);
    cmcl_key_free(other_key);
}

static void a_certificate_is_revoked_once(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice cert;

    enrol(f);
    cert = cert_for(f, f->csr);
    new_request(f);
    must(f, cmcl_request_add_revocation(f->rq, cert.p, cert.n, CMCL_REASON_KEY_COMPROMISE,
                                        TEST_NOW - 60, "lost"));
    must(f, exchange(f));
    assert_int_equal(cmcl_response_status(f->response), CMCL_STATUS_SUCCESS);
    must_be(f, cmcl_request_revocation_id(f->rq, 0), CMCL_STATUS_SUCCESS, CMCL_FAIL_NONE);
    must(f, exchange(f));
    assert_int_equal(cmcl_response_status(f->response), CMCL_STATUS_FAILED);
    must_be(f, cmcl_request_revocation_id(f->rq, 0), CMCL_STATUS_FAILED, CMCL_FAIL_BAD_REQUEST);
}

static void other_forms_of_answer_are_read(void **state)
{
    struct fixture *f = *state;

    /* What has a nonce gets a full answer; these come to a bare PKCS#10. */
    f->authority->rules.require_officer = false;
    for (int form = CMC_ANSWER_CERTS_ONLY; form <= CMC_ANSWER_PKIX_CERT; form++) {
        struct cmc_slice body;
        size_t n;

        f->authority->rules.require_officer = false;
        body =
            test_send(f->authority, CMC_TYPE_PKCS10, f->csr->der, (enum cmc_answer_form)form).body;
        cmcl_response_free(f->response);
        must(f, cmcl_response_open(f->ctx, body.p, body.n, NULL, f->anchors, 0, &f->response));
        assert_int_equal(cmcl_response_is_full(f->response), 0);
        assert_int_equal(cmcl_response_outcome_count(f->response), 0);
        assert_int_equal(cmcl_response_status(f->response), CMCL_STATUS_SUCCESS);
        (void)cert_for(f, f->csr);
        assert_null(cmcl_response_get0_data_return(f->response, &n));
        assert_null(cmcl_response_get0_cert(f->response, 99, &n));
    }
}

/* -- what the server refuses ------------------------------------------------------------- */

static void a_refusal_is_an_outcome(void **state)
{
    struct fixture *f = *state;
    const uint8_t *cert;
    size_t n;

    /* The new key signs for itself, which an officer ought to have done. */
    must(f, cmcl_request_set1_signer(f->rq, f->key, NULL, CMCL_SID_SKI));
    must(f, cmcl_request_add_csr(f->rq, f->csr));
    must(f, exchange(f));
    assert_int_equal(cmcl_response_status(f->response), CMCL_STATUS_FAILED);
    assert_true(cmcl_response_outcome_count(f->response) > 0);
    assert_int_equal(cmcl_response_outcome_fail_info(f->response, 0), CMCL_FAIL_BAD_IDENTITY);
    assert_true(strlen(cmcl_response_outcome_get0_text(f->response, 0)) > 10);
    must_fail(f, cmcl_response_get0_cert_for(f->response, f->csr, &cert, &n), CMCL_E_REFUSED,
              "no certificate for the requested key");
    assert_null(cert);
}

static void an_outcome_that_is_not_there_is_no_success(void **state)
{
    struct fixture *f = *state;
    size_t n, none;

    enrol(f);
    none = cmcl_response_outcome_count(f->response);
    assert_int_equal(cmcl_response_outcome_status(f->response, none), CMCL_STATUS_FAILED);
    assert_int_equal(cmcl_response_outcome_fail_info(f->response, none), CMCL_FAIL_NONE);
    assert_string_equal(cmcl_response_outcome_get0_text(f->response, none), "");
    assert_null(cmcl_response_outcome_get0_body_parts(f->response, none, &n));
    assert_int_equal(n, 0);
}

/* -- what is not believed ---------------------------------------------------------------- */

static void the_answer_to_another_request_is_not_believed(void **state)
{
    struct fixture *f = *state;

    enrol(f);
    f->manner = STALE;
    must_fail(f, exchange(f), CMCL_E_REFUSED, "recipientNonce");
    assert_null(f->response);
    assert_string_equal(cmcl_error_clause(f->ctx), "RFC 10002 section 6.6");
}

static void only_anchors_are_believed(void **state)
{
    struct fixture *f = *state;
    struct cmcl_response *r;
    const uint8_t *cert;
    size_t n;

    enrol(f);
    must_fail(f, cmcl_response_open(f->ctx, f->last.p, f->last.n, f->rq, f->officer, 0, &r),
              CMCL_E_REFUSED, "the response's signature");
    must_fail(f, cmcl_response_open(f->ctx, f->last.p, f->last.n, f->rq, NULL, 0, &r), CMCL_E_USAGE,
              "no anchors");
    assert_null(r);
    must_fail(
        f,
        cmcl_response_open(f->ctx, f->last.p, f->last.n, f->rq, f->anchors, CMCL_TRUST_ANYBODY, &r),
        CMCL_E_USAGE, "exclude");
    must(f, cmcl_response_open(f->ctx, f->last.p, f->last.n, f->rq, NULL, CMCL_TRUST_ANYBODY, &r));
    must(f, cmcl_response_get0_cert_for(r, f->csr, &cert, &n));
    cmcl_response_free(r);
    /* The responder as anchor is itself believed; what the CA issued is not. */
    must(f, cmcl_response_open(f->ctx, f->last.p, f->last.n, f->rq, f->responder, 0, &r));
    must_fail(f, cmcl_response_get0_cert_for(r, f->csr, &cert, &n), CMCL_E_REFUSED,
              "the new certificate");
    assert_null(cert);
    cmcl_response_free(r);
}

static void the_time_of_the_context_counts(void **state)
{
    struct fixture *f = *state;
    struct cmcl_response *r;

    enrol(f);
    cmcl_context_set_time(f->ctx, TEST_NOW + 800LL * 86400);
    must_fail(f, cmcl_response_open(f->ctx, f->last.p, f->last.n, f->rq, f->anchors, 0, &r),
              CMCL_E_REFUSED, "expired");
}

static void a_changed_answer_is_not_believed(void **state)
{
    struct fixture *f = *state;
    struct cmcl_response *r;
    uint8_t *copy;

    enrol(f);
    copy = cmc_arena_dup(f->authority->arena, f->last.p, f->last.n);
    assert_non_null(copy);
    /* The last octet is the signature's. */
    copy[f->last.n - 1] ^= 1;
    must_fail(f, cmcl_response_open(f->ctx, copy, f->last.n, f->rq, f->anchors, 0, &r),
              CMCL_E_CRYPTO, "signature");
    for (size_t n = 0; n < f->last.n; n += 7) {
        assert_int_equal(cmcl_response_open(f->ctx, f->last.p, n, f->rq, f->anchors, 0, &r),
                         CMCL_E_INPUT);
        assert_null(r);
    }
}

/* -- transports -------------------------------------------------------------------------- */

static void a_transport_says_why_it_failed(void **state)
{
    struct fixture *f = *state;

    must(f, cmcl_request_add_csr(f->rq, f->csr));
    f->manner = FAILING;
    must_fail(f, exchange(f), CMCL_E_RETRY, "the pigeon is ill");
    f->manner = TERSE;
    must_fail(f, exchange(f), CMCL_E_LOCAL, "the transport failed");
    f->manner = SILENT;
    must_fail(f, exchange(f), CMCL_E_USAGE, "brought no answer");
    f->manner = BOUNDLESS;
    must_fail(f, exchange(f), CMCL_E_LIMIT, "CMC_LIMIT_MESSAGE_OCTETS");
}

static void http_wants_a_url_and_a_server(void **state)
{
    struct fixture *f = *state;
    struct cmcl_transport *t;
    struct cmcl_response *r;

    must_fail(f, cmcl_transport_new_http(f->ctx, "ftp://a.example/", 0, &t), CMCL_E_USAGE, "ftp:");
    assert_null(t);
    must_fail(f, cmcl_transport_new_http(f->ctx, NULL, 0, &t), CMCL_E_USAGE, "no URL");
    must_fail(f, cmcl_transport_set1_tls(f->transport, NULL, NULL, NULL, NULL), CMCL_E_USAGE,
              "no TLS");
    must(f, cmcl_transport_new_http(f->ctx, "http://127.0.0.1:1/cmc", 5, &t));
    must_fail(f, cmcl_transport_set1_tls(t, NULL, NULL, "key.pem", NULL), CMCL_E_USAGE,
              "without its certificate");
    must_fail(f, cmcl_transport_set1_tls(t, NULL, "cert.pem", NULL, NULL), CMCL_E_USAGE, "https:");
    must(f, cmcl_request_add_csr(f->rq, f->csr));
    must_fail(f, cmcl_exchange(t, f->rq, f->anchors, 0, &r), CMCL_E_LOCAL, "127.0.0.1");
    assert_null(r);
    cmcl_transport_free(t);
}

static void a_signer_has_a_certificate_for_its_key(void **state)
{
    struct fixture *f = *state;

    must_fail(f, cmcl_request_set1_signer(f->rq, f->key, f->officer, CMCL_SID_ISSUER_SERIAL),
              CMCL_E_USAGE, "none of the 1 certificates");
    /* The signer that was there is there still. */
    enrol(f);
    new_request(f);
    must(f, cmcl_request_set1_signer(f->rq, f->officer_key, f->officer, CMCL_SID_SKI));
    enrol(f);
}

/* Identity by a shared secret, with the key to be certified as signer; linked to it too. */
static void identity_by_secret(void **state)
{
    struct fixture *f = *state;
    static const char right[] = "a secret of many characters";

    f->authority->rules.secrets = true;
    test_secret_add(f->authority, (struct cmc_secret){.name = "alice"}, right);
    must(f, cmcl_request_add_csr(f->rq, f->csr));
    must(f, cmcl_request_set1_signer(f->rq, f->key, NULL, CMCL_SID_SKI));
    must(f, cmcl_request_set1_secret(f->rq, "alice", "another secret of many", 22));
    must(f, exchange(f));
    must_be(f, *cmcl_response_outcome_get0_body_parts(f->response, 0, &(size_t){0}),
            CMCL_STATUS_FAILED, CMC_FAIL_BAD_IDENTITY);
    must(f, cmcl_request_set1_secret(f->rq, "alice", right, strlen(right)));
    must(f, exchange(f));
    assert_int_equal(cmcl_response_status(f->response), CMCL_STATUS_SUCCESS);
    assert_int_equal(f->rq->state.link_random.n, 64);
    (void)cert_for(f, f->csr);
    /* Taken away again: nobody is proved. */
    must(f, cmcl_request_set1_secret(f->rq, NULL, NULL, 0));
    must(f, exchange(f));
    assert_int_equal(cmcl_response_status(f->response), CMCL_STATUS_FAILED);
    /* Another's request is not linked, which an officer's signature makes up for. */
    must(f, cmcl_request_set1_signer(f->rq, f->officer_key, f->officer, CMCL_SID_ISSUER_SERIAL));
    must(f, cmcl_request_set1_secret(f->rq, "alice", right, strlen(right)));
    must(f, exchange(f));
    assert_int_equal(cmcl_response_status(f->response), CMCL_STATUS_SUCCESS);
    assert_null(f->rq->state.link_random.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(identity_by_secret, setup, teardown),
        cmocka_unit_test_setup_teardown(two_forms_are_enrolled_in_one_message, setup, teardown),
        cmocka_unit_test_setup_teardown(a_certificate_is_revoked_once, setup, teardown),
        cmocka_unit_test_setup_teardown(other_forms_of_answer_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_is_an_outcome, setup, teardown),
        cmocka_unit_test_setup_teardown(an_outcome_that_is_not_there_is_no_success, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_answer_to_another_request_is_not_believed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(only_anchors_are_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_time_of_the_context_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_answer_is_not_believed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_transport_says_why_it_failed, setup, teardown),
        cmocka_unit_test_setup_teardown(http_wants_a_url_and_a_server, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signer_has_a_certificate_for_its_key, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
