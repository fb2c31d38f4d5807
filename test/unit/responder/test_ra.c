/* SPDX-License-Identifier: Apache-2.0 */
/* What a registration authority vouches for, and who may: RFC 10002 sections 6.8, 6.19, 6.20. */
#include "ra_bench.h"

#include "control/proof.h"

static uint32_t request_id[] = {REQUEST_ID};
static uint32_t stray_id[] = {4711};
static uint32_t here[] = {0};

static const struct cmc_lra_pop_witness pop_witness = {.body_ids = {request_id, 1}};
static const struct cmc_list request_path = {request_id, 1};

static struct cmc_extra_control pop_control(const struct cmc_lra_pop_witness *w)
{
    return (struct cmc_extra_control){cmc_oid_id_cmc_lraPOPWitness, &cmc_it_lra_pop_witness, w};
}

static struct cmc_extra_control identity_control(const struct cmc_list *path)
{
    return (struct cmc_extra_control){cmc_oid_id_cmc_raIdentityWitness, &cmc_it_body_part_path,
                                      path};
}

static struct cmc_extra_control processed_control(const struct cmc_control_processed *cp)
{
    return (struct cmc_extra_control){cmc_oid_id_cmc_controlProcessed, &cmc_it_control_processed,
                                      cp};
}

/* [10002-10-a, 10002-10-b, 10002-10-c] Each control by its name, from whoever may not. */
static void only_from_an_ra(void **state)
{
    struct bench *b = *state;
    struct cmc_extension san = bench_san(b, "DNS:a.example");
    const struct cmc_add_extensions add = {.cert_references = {request_id, 1},
                                           .extensions = {&san, 1}};
    const struct cmc_mod_cert_template mod = {.pki_data_reference = {here, 1},
                                              .cert_references = {request_id, 1},
                                              .replace = true,
                                              .tmpl.subject = bench_name(b, "CN=new")};
    struct cmc_body_part_reference ref = {.which = CMC_REF_ID, .u.id = 1};
    const struct cmc_control_processed cp = {.body_list = {&ref, 1}};
    const struct cmc_extra_control all[] = {
        pop_control(&pop_witness),
        identity_control(&request_path),
        processed_control(&cp),
        {cmc_oid_id_cmc_addExtensions, &cmc_it_add_extensions, &add},
        {cmc_oid_id_cmc_modCertTemplate, &cmc_it_mod_cert_template, &mod},
    };
    const struct test_party holder = test_party_new(b->t, "all", "CN=holder");

    for (size_t i = 0; i < CMC_COUNT(all); i++) {
        struct cmc_request rq;
        struct cmc_slice crmf = bench_crmf(b, "CN=holder", NULL, NULL, false, &rq);

        /* an officer without the role */
        bench_send_crmf(b, &b->t->officer, crmf, &all[i], 1);
        bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_control_id);
        bench_says(b, cmc_oid_name(all[i].type));
        /* somebody who renews */
        bench_send_crmf(b, &holder, crmf, &all[i], 1);
        bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_control_id);
        /* the role alone does not make a certificate that of an RA */
        bench_send_crmf(b, &b->plain, crmf, &all[i], 1);
        bench_expect(b, CMC_FAIL_BAD_IDENTITY, b->state.first_control_id);
        bench_says(b, "id-kp-cmcRA");
        /* an endpoint where nothing is taken from it; POP is told of the request */
        b->t->rules.ra = 0;
        bench_send_crmf(b, &b->ra, crmf, &all[i], 1);
        if (i == 0)
            bench_expect(b, CMC_FAIL_POP_FAILED, REQUEST_ID);
        else
            bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_control_id);
        b->t->rules.ra = CMC_RA_TEMPLATE | CMC_RA_POP | CMC_RA_IDENTITY | CMC_RA_CONTROLS;
        bench_send_crmf(b, &b->ra, crmf, &all[i], 1);
        bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
    }
    EVP_PKEY_free(holder.key);
}

/* [10002-6.8-a, 10002-6.8-u2, 10004-5.2-ag, 10004-10-d] */
static void possession_is_vouched_for(void **state)
{
    struct bench *b = *state;
    const struct cmc_extra_control control = pop_control(&pop_witness);
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=silent", NULL, NULL, true, &rq);

    /* nobody vouches: no certificate, but a challenge */
    bench_send_crmf(b, &b->ra, crmf, NULL, 0);
    bench_expect(b, CMC_FAIL_POP_REQUIRED, REQUEST_ID);
    assert_int_equal(b->answer.nchallenges, 1);
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
    assert_int_equal(b->answer.nchallenges, 0);
    (void)bench_cert(b, &rq);
    /* where that is not taken it fails, and no challenge is made of it either */
    b->t->rules.ra &= ~(unsigned int)CMC_RA_POP;
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    bench_expect(b, CMC_FAIL_POP_FAILED, REQUEST_ID);
    assert_int_equal(b->answer.nchallenges, 0);
    b->t->rules.ra |= CMC_RA_POP;
}

/* CRMF raVerified is only as good as the RA that says so beside it. */
static void ra_verified_needs_the_witness(void **state)
{
    struct bench *b = *state;
    const struct cmc_extra_control control = pop_control(&pop_witness);
    struct cmc_cert_req_msg msg = {0};
    struct cmc_pop pop = {.which = CMC_POP_RA_VERIFIED, .u.ra_verified = CMC_SLICE_LIT("")};
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=verified", NULL, NULL, true, &rq);

    assert_int_equal(cmc_decode(&cmc_it_cert_req_msg, crmf, b->t->arena, &msg, NULL), CMC_OK);
    msg.pop = &pop;
    assert_int_equal(cmc_encode_arena(&cmc_it_cert_req_msg, &msg, b->t->arena, &crmf, NULL),
                     CMC_OK);
    bench_send_crmf(b, &b->ra, crmf, NULL, 0);
    bench_expect(b, CMC_FAIL_POP_REQUIRED, REQUEST_ID);
    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
}

/* A signature that is there and wrong is not made right by an RA. */
static void wrong_signature_stays_wrong(void **state)
{
    struct bench *b = *state;
    const struct cmc_extra_control control = pop_control(&pop_witness);
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=wrong", NULL, NULL, false, &rq);
    uint8_t *octets = cmc_arena_dup(b->t->arena, crmf.p, crmf.n);

    octets[crmf.n - 1] ^= 1; /* the last octet of the signature */
    bench_send_crmf(b, &b->ra, cmc_slice(octets, crmf.n), &control, 1);
    bench_expect(b, CMC_FAIL_POP_FAILED, REQUEST_ID);
}

/* [10002-6.8-u1] References that lead nowhere. */
static void stray_witnesses(void **state)
{
    struct bench *b = *state;
    const struct cmc_lra_pop_witness stray = {.body_ids = {stray_id, 1}};
    const struct cmc_lra_pop_witness nested = {.pki_data_body_id = 5, .body_ids = {request_id, 1}};
    uint32_t deep[] = {5, REQUEST_ID};
    const struct cmc_list stray_path = {stray_id, 1}, deep_path = {deep, 2};
    const struct cmc_extra_control controls[] = {pop_control(&stray), pop_control(&nested),
                                                 identity_control(&stray_path),
                                                 identity_control(&deep_path)};

    for (size_t i = 0; i < CMC_COUNT(controls); i++) {
        struct cmc_request rq;
        struct cmc_slice crmf = bench_crmf(b, "CN=stray", NULL, NULL, false, &rq);

        bench_send_crmf(b, &b->ra, crmf, &controls[i], 1);
        bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_control_id);
    }
}

/* [10002-3.2.1.1-a, 10002-3.2.1.1-b, 10002-3.2.1.1-c, 10002-6.19-u1, 10004-5.2-ak] */
static void unknown_controls_that_are_dealt_with(void **state)
{
    struct bench *b = *state;
    static const struct cmc_slice value = {(const uint8_t *)"x", 1};
    struct cmc_body_part_reference ref = {.which = CMC_REF_ID};
    struct cmc_control_processed cp = {.body_list = {&ref, 1}};
    struct cmc_extra_control controls[] = {
        {cmc_oid_netscape_cert_type, &cmc_it_octet_string, &value},
        {cmc_oid_netscape_cert_type, &cmc_it_octet_string, &value},
        processed_control(&cp),
    };
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=extra", NULL, NULL, false, &rq);
    uint32_t first, both[1];

    bench_send_crmf(b, &b->ra, crmf, controls, 1);
    first = b->state.first_control_id;
    bench_expect(b, CMC_FAIL_BAD_REQUEST, first);
    /* listed as an id, and as a path of one */
    ref.u.id = first;
    controls[1] = controls[2];
    bench_send_crmf(b, &b->ra, crmf, controls, 2);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
    both[0] = first;
    ref = (struct cmc_body_part_reference){.which = CMC_REF_PATH, .u.path = {both, 1}};
    crmf = bench_crmf(b, "CN=extra", NULL, NULL, false, &rq);
    bench_send_crmf(b, &b->ra, crmf, controls, 2);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
    /* another than the one that is listed is as unknown as before */
    controls[1] = controls[0];
    bench_send_crmf(b, &b->ra, crmf, controls, 3);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, first + 1);
}

/* A known control that is dealt with has no effect any more. */
static void known_controls_that_are_dealt_with(void **state)
{
    struct bench *b = *state;
    struct cmc_body_part_reference ref = {.which = CMC_REF_ID};
    const struct cmc_control_processed cp = {.body_list = {&ref, 1}};
    const struct cmc_slice witness = CMC_SLICE_LIT("not right at all....");
    const struct cmc_extra_control controls[] = {
        {cmc_oid_id_cmc_identityProof, &cmc_it_octet_string, &witness}, processed_control(&cp)};
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=known", NULL, NULL, false, &rq);

    bench_send_crmf(b, &b->ra, crmf, controls, 1);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_control_id); /* no secrets here */
    ref.u.id = b->state.first_control_id;
    bench_send_crmf(b, &b->ra, crmf, controls, 2);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
}

/* More than half of the controls of a message may be dealt with. */
static void most_controls_are_dealt_with(void **state)
{
    enum { N = 5 };
    struct bench *b = *state;
    struct cmc_body_part_reference refs[N] = {{0}};
    const struct cmc_control_processed cp = {.body_list = {refs, N}};
    const struct cmc_slice value = CMC_SLICE_LIT("value");
    struct cmc_extra_control controls[1 + N] = {processed_control(&cp)};
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=most", NULL, NULL, false, &rq);

    for (size_t i = 1; i <= N; i++)
        controls[i] =
            (struct cmc_extra_control){cmc_oid_netscape_cert_type, &cmc_it_octet_string, &value};
    bench_send_crmf(b, &b->ra, crmf, controls, 1); /* to see the first body part id */
    for (uint32_t i = 0; i < N; i++)
        refs[i].u.id = b->state.first_control_id + 1 + i;
    bench_send_crmf(b, &b->ra, crmf, controls, CMC_COUNT(controls));
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
}

/* A list that is longer than the controls there are. */
static void list_of_nothing(void **state)
{
    struct bench *b = *state;
    struct cmc_body_part_reference refs[5] = {{0}};
    const struct cmc_control_processed cp = {.body_list = {refs, CMC_COUNT(refs)}};
    const struct cmc_extra_control control = processed_control(&cp);
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=list", NULL, NULL, false, &rq);

    bench_send_crmf(b, &b->ra, crmf, &control, 1);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_control_id);
}

/* [10004-5.2-al, 10002-6.20-u1, 10002-6.20-u2] An RA without the role enroll answers for who it is.
 */
static void identity_is_vouched_for(void **state)
{
    struct bench *b = *state;
    const struct cmc_extra_control control = identity_control(&request_path);
    struct test_party clerk = test_party_new(b->t, "ra", "CN=Clerk");
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=somebody", NULL, NULL, false, &rq);

    test_officer_add(b->t, "clerk", &clerk, CMC_ROLE_RA);
    bench_send_crmf(b, &clerk, crmf, NULL, 0);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, REQUEST_ID);
    bench_says(b, "enroll");
    bench_send_crmf(b, &clerk, crmf, &control, 1);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
    test_party_free(&clerk);
}

/*
 * [10002-6.20-d] The RA has checked the proof: it is not checked again. The name that goes with
 * the secret counts all the same.
 */
static void identity_proof_is_vouched_for(void **state)
{
    struct bench *b = *state;
    const struct cmc_slice who = CMC_SLICE_LIT("desk 7");
    const struct cmc_slice witness = CMC_SLICE_LIT("known to the RA only");
    uint32_t proof_id[] = {0};
    const struct cmc_list path = {proof_id, 1};
    const struct cmc_extra_control controls[] = {
        {cmc_oid_id_cmc_identityProof, &cmc_it_octet_string, &witness},
        {cmc_oid_id_cmc_identification, &cmc_it_identification, &who},
        identity_control(&path),
    };
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=desk 7", NULL, NULL, false, &rq);

    b->t->rules.secrets = true;
    test_secret_add(b->t,
                    (struct cmc_secret){.name = "desk 7", .subject = bench_name(b, "CN=desk 7")},
                    "a secret of sixteen");
    bench_send_crmf(b, &b->ra, crmf, controls, 2);
    assert_int_equal(b->answer.outcomes[0].status, CMC_STATUS_FAILED);
    proof_id[0] = b->state.first_control_id;
    bench_send_crmf(b, &b->ra, crmf, controls, 3);
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
    crmf = bench_crmf(b, "CN=desk 8", NULL, NULL, false, &rq);
    bench_send_crmf(b, &b->ra, crmf, controls, 3);
    bench_expect(b, CMC_FAIL_BAD_IDENTITY, REQUEST_ID);
    assert_int_equal(test_secret(b->t, "desk 7").failures, 0);
    b->t->rules.secrets = false;
}

/* What the RA said stands in the audit log. */
struct found {
    const char *text;
    bool seen;
};

static enum cmc_rc look(void *arg, int64_t seq, int64_t at, const char *json,
                        const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct found *f = arg;

    (void)seq;
    (void)at;
    (void)hash;
    f->seen = f->seen || strstr(json, f->text) != NULL;
    return CMC_OK;
}

static void audit_tells(void **state)
{
    static const char *const texts[] = {"\"vouchedFor\":\"possession,identity\"",
                                        "\"changed\":\"subject\""};
    struct bench *b = *state;
    const struct cmc_mod_cert_template mod = {.pki_data_reference = {here, 1},
                                              .cert_references = {request_id, 1},
                                              .replace = true,
                                              .tmpl.subject = bench_name(b, "CN=new")};
    const struct cmc_extra_control controls[] = {
        pop_control(&pop_witness),
        identity_control(&request_path),
        {cmc_oid_id_cmc_modCertTemplate, &cmc_it_mod_cert_template, &mod},
    };
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=old", NULL, NULL, true, &rq);
    struct cmc_reader *reader;

    bench_send_crmf(b, &b->ra, crmf, controls, CMC_COUNT(controls));
    bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
    assert_int_equal(cmc_reader_new(b->t->store, &reader, NULL), CMC_OK);
    for (size_t i = 0; i < CMC_COUNT(texts); i++) {
        struct found f = {.text = texts[i]};

        assert_int_equal(cmc_reader_audit(reader, 1, look, &f, NULL), CMC_OK);
        assert_true(f.seen);
    }
    cmc_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_from_an_ra),
        cmocka_unit_test(possession_is_vouched_for),
        cmocka_unit_test(ra_verified_needs_the_witness),
        cmocka_unit_test(wrong_signature_stays_wrong),
        cmocka_unit_test(stray_witnesses),
        cmocka_unit_test(unknown_controls_that_are_dealt_with),
        cmocka_unit_test(known_controls_that_are_dealt_with),
        cmocka_unit_test(most_controls_are_dealt_with),
        cmocka_unit_test(list_of_nothing),
        cmocka_unit_test(identity_is_vouched_for),
        cmocka_unit_test(identity_proof_is_vouched_for),
        cmocka_unit_test(audit_tells),
    };

    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
