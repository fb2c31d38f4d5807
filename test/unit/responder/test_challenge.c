/* SPDX-License-Identifier: Apache-2.0 */
/* The two trips of proof of possession by challenge: the client's code against the responder's. */
#include "../authority.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"
#include "pop/challenge.h"

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

static const char *const kinds[][2] = {{"RSA", NULL},   {"EC", "P-256"},  {"EC", "P-384"},
                                       {"EC", "P-521"}, {"X25519", NULL}, {"X448", NULL}};

#define BODY_PART 77u

struct mine {
    EVP_PKEY *key;
    enum cmc_request_form form;
    struct cmc_slice request;
    struct cmc_request rq;
    struct cmc_exchange_state state;
    struct cmc_answer_view answer;
    struct test_reply reply;
};

static struct cmc_slice make_request(struct test_authority *t, EVP_PKEY *key,
                                     enum cmc_request_form form, const char *subject)
{
    struct cmc_request_params p = {.key = key, .no_signature = true, .cert_req_id = BODY_PART};
    struct cmc_slice der;

    assert_int_equal(cmc_name_parse(subject, t->arena, &p.subject, NULL), CMC_OK);
    assert_int_equal(form == CMC_FORM_CRMF ? cmc_crmf_create(t->crypto, &p, t->arena, &der, NULL)
                                           : cmc_pkcs10_create(t->crypto, &p, t->arena, &der, NULL),
                     CMC_OK);
    return der;
}

static struct mine new_mine(struct test_authority *t, size_t kind, enum cmc_request_form form)
{
    struct mine m = {.key = test_key(t, kinds[kind][0], kinds[kind][1]), .form = form};

    m.request = make_request(t, m.key, form, "CN=cannot sign");
    assert_int_equal(form == CMC_FORM_CRMF
                         ? cmc_request_from_crmf(m.request, t->arena, &m.rq, NULL)
                         : cmc_request_from_pkcs10(m.request, t->arena, &m.rq, NULL),
                     CMC_OK);
    assert_int_equal(m.rq.pop, CMC_POP_BY_CHALLENGE);
    return m;
}

/* Sign as the officer (or as who), send, open the answer as the client does. */
static void exchange_as(struct test_authority *t, const struct test_party *who, struct mine *m,
                        struct cmc_full_request full)
{
    const struct cmc_cms_signer signer = {
        .key = who->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = who->cert};
    const struct cmc_trust trust = {.anchors = &t->root.cert, .nanchors = 1, .now = TEST_NOW};
    struct cmc_err err = {0};
    struct cmc_slice message;

    full.signer = &signer;
    full.certs = &who->cert;
    full.ncerts = 1;
    assert_int_equal(cmc_full_request_create(t->crypto, &full, t->arena, &m->state, &message, &err),
                     CMC_OK);
    m->reply = test_send(t, CMC_TYPE_CMC, message, CMC_ANSWER_CMC);
    if (cmc_answer_open(t->crypto, m->reply.body, &m->state, &trust, t->arena, &m->answer, &err) !=
        CMC_OK)
        fail_msg("%s", err.text);
}

static void exchange(struct test_authority *t, struct mine *m, struct cmc_full_request full)
{
    exchange_as(t, &t->officer, m, full);
}

static struct cmc_full_request first_trip(const struct mine *m)
{
    return m->form == CMC_FORM_CRMF
               ? (struct cmc_full_request){.crmf = &m->request, .ncrmf = 1}
               : (struct cmc_full_request){.pkcs10 = &m->request, .npkcs10 = 1};
}

static void expect(const struct mine *m, int fail_info, uint32_t body_part)
{
    const struct cmc_outcome *o = m->answer.outcomes;

    assert_int_equal(m->answer.noutcomes, 1);
    if (o->fail_info != fail_info)
        print_message("# %.*s\n", (int)o->text.n, (const char *)o->text.p);
    assert_int_equal(o->status,
                     fail_info == CMC_FAIL_INFO_NONE ? CMC_STATUS_SUCCESS : CMC_STATUS_FAILED);
    assert_int_equal(o->fail_info, fail_info);
    assert_int_equal(o->nbody_parts, 1);
    assert_int_equal(o->body_parts[0], body_part);
}

static int64_t issued(struct test_authority *t, const struct mine *m)
{
    struct cmc_slice cert;

    return cmc_answer_cert(t->crypto, &m->answer, m->rq.spki, NULL, t->arena, &cert, NULL) ==
           CMC_OK;
}

/* Trip one, which must end with a challenge and no certificate; what trip two takes. */
static struct cmc_full_request challenged(struct test_authority *t, struct mine *m)
{
    struct cmc_full_request next = {0};

    exchange(t, m, first_trip(m));
    expect(m, CMC_FAIL_POP_REQUIRED, m->state.first_request_id);
    assert_int_equal(m->answer.nchallenges, 1);
    assert_false(issued(t, m));
    assert_int_equal(cmc_answer_challenge(t->crypto, &m->answer, &m->state, m->request, m->key,
                                          t->arena, &next, NULL),
                     CMC_OK);
    return next;
}

/* [10002-6.7-c, 10002-6.7-u1, 10004-5.1-ag, 10004-5.2-p, 10004-5.2-q, 10002-6.7-a] */
static void two_trips(void **state)
{
    struct test_authority *t = *state;

    for (size_t kind = 0; kind < CMC_COUNT(kinds); kind++) {
        for (int form = 0; form < 2; form++) {
            struct mine m = new_mine(t, kind, form == 0 ? CMC_FORM_PKCS10 : CMC_FORM_CRMF);
            struct cmc_full_request next = challenged(t, &m);
            struct cmc_slice id = m.state.transaction_id;
            uint32_t part = m.state.first_request_id;

            assert_int_equal(next.recipient_nonce.n, 32);
            exchange(t, &m, next);
            expect(&m, CMC_FAIL_INFO_NONE, part);
            assert_true(cmc_slice_eq(m.state.transaction_id, id));
            assert_int_equal(m.answer.nchallenges, 0);
            assert_true(issued(t, &m));
            EVP_PKEY_free(m.key);
        }
    }
}

/* What the client sent along comes back in both trips. */
static void data_returns(void **state)
{
    struct test_authority *t = *state;
    struct mine m = new_mine(t, 4, CMC_FORM_PKCS10);
    struct cmc_full_request rq = first_trip(&m), next = {0};

    rq.data_return = cmc_slice_str("where I was");
    exchange(t, &m, rq);
    assert_true(cmc_slice_eq(m.answer.data_return, rq.data_return));
    assert_int_equal(cmc_answer_challenge(t->crypto, &m.answer, &m.state, m.request, m.key,
                                          t->arena, &next, NULL),
                     CMC_OK);
    exchange(t, &m, next);
    assert_true(cmc_slice_eq(m.answer.data_return, rq.data_return));
    assert_true(issued(t, &m));
    EVP_PKEY_free(m.key);
}

/* [10002-6.7-h] */
static void wrong_answer(void **state)
{
    struct test_authority *t = *state;
    struct mine m = new_mine(t, 4, CMC_FORM_PKCS10);
    struct cmc_full_request next = challenged(t, &m);
    struct cmc_decrypted_pop pop = *next.pops;
    uint8_t octets[32];

    memcpy(octets, pop.pop.p, sizeof octets);
    octets[7] ^= 4;
    pop.pop = cmc_slice(octets, sizeof octets);
    next.pops = &pop;
    exchange(t, &m, next);
    expect(&m, CMC_FAIL_POP_FAILED, m.state.first_request_id);
    assert_false(issued(t, &m));
    assert_int_equal(m.answer.nchallenges, 0);
    EVP_PKEY_free(m.key);
}

/* [10002-A-bc] */
static void unknown_mac(void **state)
{
    struct test_authority *t = *state;
    struct mine m = new_mine(t, 4, CMC_FORM_PKCS10);
    struct cmc_full_request next = challenged(t, &m);
    struct cmc_decrypted_pop pop = *next.pops;

    pop.pop_alg = (struct cmc_algid){.algorithm = cmc_oid_sha256};
    next.pops = &pop;
    exchange(t, &m, next);
    expect(&m, CMC_FAIL_BAD_ALG, m.state.first_request_id);
    assert_false(issued(t, &m));
    EVP_PKEY_free(m.key);
}

/* The same key and the right answer, but for another name than was challenged. [10002-6.7-u8] */
static void changed_request(void **state)
{
    struct test_authority *t = *state;
    struct mine m = new_mine(t, 4, CMC_FORM_CRMF);
    struct cmc_full_request next = challenged(t, &m);

    m.request = make_request(t, m.key, m.form, "CN=somebody else");
    next.tagged = NULL;
    next.ntagged = 0;
    next.crmf = &m.request;
    next.ncrmf = 1;
    exchange(t, &m, next);
    expect(&m, CMC_FAIL_POP_FAILED, BODY_PART);
    assert_false(issued(t, &m));
    EVP_PKEY_free(m.key);
}

/* decryptedPOP must name a request of the message, and each but once. [10002-6.7-u6] */
static void stray_answers(void **state)
{
    struct test_authority *t = *state;
    struct mine m = new_mine(t, 4, CMC_FORM_CRMF);
    struct cmc_full_request next = challenged(t, &m);
    struct cmc_decrypted_pop pops[2] = {*next.pops, *next.pops};

    next.pops = pops;
    next.npops = 2;
    next.no_transaction_id = next.no_nonce = true;
    next.recipient_nonce = CMC_SLICE_NONE;
    exchange(t, &m, next);
    expect(&m, CMC_FAIL_BAD_REQUEST, 2); /* the second of the controls */
    next.npops = 1;
    pops[0].body_part_id = 4711;
    exchange(t, &m, next);
    expect(&m, CMC_FAIL_BAD_REQUEST, 1);
    assert_false(issued(t, &m));
    /* Dogtag's client always writes the same id */
    t->rules.lax_ids = true;
    exchange(t, &m, next);
    expect(&m, CMC_FAIL_INFO_NONE, BODY_PART);
    assert_true(issued(t, &m));
    EVP_PKEY_free(m.key);
}

/* A challenge lives for one to two hours. */
static void secret_is_shared_and_changes(void **state)
{
    struct test_authority *t = *state;
    const struct cmc_authority *auth = cmc_ca_get0_authority(t->ca);
    struct cmc_challenge_secrets a, b, c, d;

    assert_int_equal(auth->ops->challenge_secrets(auth->self, TEST_NOW, &a, NULL), CMC_OK);
    assert_int_equal(auth->ops->challenge_secrets(auth->self, TEST_NOW + 3599, &b, NULL), CMC_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(auth->ops->challenge_secrets(auth->self, TEST_NOW + 3600, &c, NULL), CMC_OK);
    assert_memory_equal(c.before, a.now, sizeof a.now);
    assert_memory_not_equal(c.now, a.now, sizeof a.now);
    assert_int_equal(auth->ops->challenge_secrets(auth->self, TEST_NOW + 3 * 3600, &d, NULL),
                     CMC_OK);
    assert_memory_not_equal(d.before, c.now, sizeof c.now);
    assert_memory_not_equal(d.now, c.now, sizeof c.now);
}

/* Who may not have the certificate gets no challenge, and is told why. */
static void only_for_who_may(void **state)
{
    struct test_authority *t = *state;
    struct test_party revoker = test_party_new(t, "ee", "CN=revoker");
    struct mine m = new_mine(t, 4, CMC_FORM_PKCS10);

    test_officer_add(t, "revoker", &revoker, CMC_ROLE_REVOKE);
    exchange_as(t, &revoker, &m, first_trip(&m));
    expect(&m, CMC_FAIL_BAD_REQUEST, m.state.first_request_id);
    assert_int_equal(m.answer.nchallenges, 0);
    /* nor with the answer to a challenge that an officer got */
    exchange_as(t, &revoker, &m, challenged(t, &m));
    expect(&m, CMC_FAIL_BAD_REQUEST, m.state.first_request_id);
    assert_false(issued(t, &m));
    EVP_PKEY_free(m.key);
    test_party_free(&revoker);
}

/* RFC 10002 section 3.2: without POP for one, none is issued; both may be answered at once. */
static void others_wait(void **state)
{
    struct test_authority *t = *state;
    EVP_PKEY *signing = test_key(t, "EC", "P-256");
    struct mine m = new_mine(t, 4, CMC_FORM_CRMF);
    struct cmc_slice csr = test_csr(t, signing, "CN=signs", NULL);
    struct cmc_full_request rq = first_trip(&m), next = {0};
    uint32_t signs;

    rq.pkcs10 = &csr;
    rq.npkcs10 = 1;
    exchange(t, &m, rq);
    signs = m.state.first_request_id;
    assert_int_equal(m.answer.noutcomes, 2);
    assert_int_equal(m.answer.outcomes[0].body_parts[0], signs);
    assert_int_equal(m.answer.outcomes[0].fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(m.answer.outcomes[1].body_parts[0], BODY_PART);
    assert_int_equal(m.answer.outcomes[1].fail_info, CMC_FAIL_POP_REQUIRED);
    assert_int_equal(m.answer.nchallenges, 1);
    m.state.first_request_id = BODY_PART;
    assert_int_equal(cmc_answer_challenge(t->crypto, &m.answer, &m.state, m.request, m.key,
                                          t->arena, &next, NULL),
                     CMC_OK);
    next.pkcs10 = &csr;
    next.npkcs10 = 1;
    exchange(t, &m, next);
    assert_int_equal(m.answer.noutcomes, 1);
    assert_int_equal(m.answer.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(m.answer.outcomes[0].nbody_parts, 2);
    assert_true(issued(t, &m));
    EVP_PKEY_free(signing);
    EVP_PKEY_free(m.key);
}

/* The client answers for its own request only, and with the right key only. */
static void client_is_careful(void **state)
{
    struct test_authority *t = *state;
    struct mine m = new_mine(t, 4, CMC_FORM_PKCS10), other = new_mine(t, 4, CMC_FORM_PKCS10);
    struct cmc_full_request next;
    struct cmc_err err = {0};

    next = challenged(t, &m);
    assert_int_equal(cmc_answer_challenge(t->crypto, &m.answer, &m.state, other.request, m.key,
                                          t->arena, &next, &err),
                     CMC_E_REFUSED);
    assert_int_equal(cmc_answer_challenge(t->crypto, &m.answer, &m.state, m.request, other.key,
                                          t->arena, &next, &err),
                     CMC_E_CRYPTO);
    assert_int_equal(err.fail_info, CMC_FAIL_POP_FAILED);
    m.state.first_request_id++;
    assert_int_equal(cmc_answer_challenge(t->crypto, &m.answer, &m.state, m.request, m.key,
                                          t->arena, &next, &err),
                     CMC_E_REFUSED);
    EVP_PKEY_free(other.key);
    EVP_PKEY_free(m.key);
}

/* A bare PKCS#10 has no body part that could be sent again. */
static void not_for_a_simple_request(void **state)
{
    struct test_authority *t = *state;
    struct mine m = new_mine(t, 4, CMC_FORM_PKCS10);
    const struct cmc_trust trust = {.anchors = &t->root.cert, .nanchors = 1, .now = TEST_NOW};

    t->rules.require_officer = false;
    m.reply = test_send(t, CMC_TYPE_PKCS10, m.request, CMC_ANSWER_CERTS_ONLY);
    assert_int_equal(
        cmc_answer_open(t->crypto, m.reply.body, NULL, &trust, t->arena, &m.answer, NULL), CMC_OK);
    expect(&m, CMC_FAIL_POP_REQUIRED, 1);
    assert_int_equal(m.answer.nchallenges, 0);
    EVP_PKEY_free(m.key);
}

/* RFC 10002 appendix C: the digest in its OCTET STRING in the BIT STRING.
 * [10002-A-ao, 10002-C.1-a, 10002-C.1-b, 10002-C.1-d, 10002-C.1-u1, 10004-5.1-af] */
static void no_signature_form(void **state)
{
    struct test_authority *t = *state;
    struct mine m = new_mine(t, 4, CMC_FORM_PKCS10);
    struct cmc_csr csr = {0};
    struct cmc_slice digest;
    uint8_t md[CMC_DIGEST_MAX];
    size_t n;

    assert_int_equal(cmc_decode(&cmc_it_csr, m.request, t->arena, &csr, NULL), CMC_OK);
    assert_true(cmc_slice_eq(csr.signature_algorithm.algorithm, cmc_oid_id_alg_noSignature));
    assert_true(cmc_slice_eq(csr.signature_algorithm.parameters, cmc_slice("\x05", 2)));
    assert_int_equal(csr.signature.p[0], 0);
    assert_int_equal(cmc_decode(&cmc_it_octet_string,
                                cmc_slice(csr.signature.p + 1, csr.signature.n - 1), t->arena,
                                &digest, NULL),
                     CMC_OK);
    assert_int_equal(cmc_digest(t->crypto, CMC_DIGEST_SHA1, csr.info.raw, md, &n, NULL), CMC_OK);
    assert_true(cmc_slice_eq(digest, cmc_slice(md, n)));
    EVP_PKEY_free(m.key);
}

/* compat: dogtag: its own form for RSA keys, the RFC's for the others and everywhere else. */
static void form_by_endpoint(void **state)
{
    struct test_authority *t = *state;

    for (size_t kind = 0; kind < 2; kind++) { /* RSA, EC */
        for (int dogtag = 0; dogtag < 2; dogtag++) {
            struct mine m = new_mine(t, kind, CMC_FORM_CRMF);
            bool its_own = dogtag && kind == 0;
            struct cmc_full_request next = {0};

            t->rules.dogtag = t->rules.lax_ids = dogtag == 1;
            exchange(t, &m, first_trip(&m));
            assert_int_equal(m.answer.noutcomes, 1);
            assert_int_equal(m.answer.outcomes[0].status,
                             dogtag ? CMC_STATUS_POP_REQUIRED : CMC_STATUS_FAILED);
            assert_int_equal(m.answer.outcomes[0].fail_info, CMC_FAIL_POP_REQUIRED);
            assert_int_equal(m.answer.nchallenges, 1);
            assert_true(cmc_slice_eq(m.answer.challenges[0].pop_alg.algorithm,
                                     its_own ? cmc_oid_aes128_CBC : cmc_oid_hmacWithSHA256));
            assert_int_equal(cmc_answer_challenge(t->crypto, &m.answer, &m.state, m.request, m.key,
                                                  t->arena, &next, NULL),
                             CMC_OK);
            if (its_own) {
                /* sent to an endpoint for others it is a MAC that is not known */
                t->rules.dogtag = t->rules.lax_ids = false;
                exchange(t, &m, next);
                expect(&m, CMC_FAIL_BAD_ALG, BODY_PART);
                t->rules.dogtag = t->rules.lax_ids = true;
            }
            exchange(t, &m, next);
            expect(&m, CMC_FAIL_INFO_NONE, BODY_PART);
            assert_true(issued(t, &m));
            EVP_PKEY_free(m.key);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_trips, setup, teardown),
        cmocka_unit_test_setup_teardown(data_returns, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_mac, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_request, setup, teardown),
        cmocka_unit_test_setup_teardown(stray_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(secret_is_shared_and_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(only_for_who_may, setup, teardown),
        cmocka_unit_test_setup_teardown(others_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(client_is_careful, setup, teardown),
        cmocka_unit_test_setup_teardown(not_for_a_simple_request, setup, teardown),
        cmocka_unit_test_setup_teardown(no_signature_form, setup, teardown),
        cmocka_unit_test_setup_teardown(form_by_endpoint, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
