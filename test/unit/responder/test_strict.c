/* SPDX-License-Identifier: Apache-2.0 */
/* The strict rules of RFC 10002 and RFC 10004 section 5.3, each with its failInfo. */
#include "ra_bench.h"

static const uint8_t null_tlv[] = {5, 0};

/* [10002-3.2-g] A key once, in one message and in two. */
static void keys_are_not_used_again(void **state)
{
    struct bench *b = *state;
    struct cmc_request_params p = {.key = test_key(b->t, "EC", "P-256"),
                                   .subject = bench_name(b, "CN=once"),
                                   .cert_req_id = 50};
    struct cmc_slice both[2], third;
    struct cmc_full_request full = {.crmf = both, .ncrmf = 2};

    b->t->rules.profile = "unique";
    assert_int_equal(cmc_crmf_create(b->t->crypto, &p, b->t->arena, &both[0], NULL), CMC_OK);
    p.cert_req_id = 51;
    p.subject = bench_name(b, "CN=twice");
    assert_int_equal(cmc_crmf_create(b->t->crypto, &p, b->t->arena, &both[1], NULL), CMC_OK);
    bench_send(b, &b->t->officer, full);
    assert_int_equal(b->answer.noutcomes, 2);
    assert_int_equal(b->answer.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(b->answer.outcomes[0].body_parts[0], 50);
    assert_int_equal(b->answer.outcomes[1].fail_info, CMC_FAIL_NO_KEY_REUSE);
    assert_int_equal(b->answer.outcomes[1].body_parts[0], 51);
    p.cert_req_id = 52;
    assert_int_equal(cmc_crmf_create(b->t->crypto, &p, b->t->arena, &third, NULL), CMC_OK);
    bench_send_crmf(b, &b->t->officer, third, NULL, 0);
    bench_expect(b, CMC_FAIL_NO_KEY_REUSE, 52);
    /* another profile does not ask, and is not asked */
    b->t->rules.profile = "all";
    bench_send_crmf(b, &b->t->officer, third, NULL, 0);
    bench_expect(b, CMC_FAIL_INFO_NONE, 52);
    EVP_PKEY_free(p.key);
}

/* The store itself takes such a key once, whoever comes first. */
static void store_takes_a_key_once(void **state)
{
    struct bench *b = *state;
    struct cmc_cert_record r = {.issuer = bench_name(b, "CN=ca"),
                                .serial = CMC_SLICE_LIT("\x01"),
                                .subject = bench_name(b, "CN=s"),
                                .der = CMC_SLICE_LIT("der"),
                                .spki_digest = {9},
                                .unique_key = true};
    struct cmc_txn txn = {.at = TEST_NOW, .certs = &r, .ncerts = 1};
    struct cmc_reader *reader;
    bool found = true;

    assert_int_equal(cmc_reader_new(b->t->store, &reader, NULL), CMC_OK);
    assert_int_equal(cmc_reader_unique_key(reader, r.spki_digest, &found, NULL), CMC_OK);
    assert_false(found);
    assert_int_equal(cmc_store_commit(b->t->store, &txn, NULL), CMC_OK);
    assert_int_equal(cmc_reader_unique_key(reader, r.spki_digest, &found, NULL), CMC_OK);
    assert_true(found);
    r.serial = CMC_SLICE_LIT("\x02");
    assert_int_equal(cmc_store_commit(b->t->store, &txn, NULL), CMC_E_CONFLICT);
    r.unique_key = false;
    assert_int_equal(cmc_store_commit(b->t->store, &txn, NULL), CMC_OK);
    cmc_reader_free(reader);
}

/* mustArchiveKeys where a profile demands it; [10004-5.3-b] no archive here. */
static void archiving(void **state)
{
    struct bench *b = *state;
    const struct cmc_atv archive = {.type = cmc_oid_id_regCtrl_pkiArchiveOptions,
                                    .value = {null_tlv, sizeof null_tlv}};
    struct cmc_request rq;
    struct cmc_slice with = bench_crmf(b, "CN=with", NULL, &archive, false, &rq);
    struct cmc_slice without = bench_crmf(b, "CN=without", NULL, NULL, false, &rq);

    bench_send_crmf(b, &b->t->officer, with, NULL, 0);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, REQUEST_ID);
    b->t->rules.profile = "archive";
    bench_send_crmf(b, &b->t->officer, without, NULL, 0);
    bench_expect(b, CMC_FAIL_MUST_ARCHIVE_KEYS, REQUEST_ID);
    bench_send_crmf(b, &b->t->officer, with, NULL, 0);
    bench_expect(b, CMC_FAIL_BAD_REQUEST, REQUEST_ID);
    bench_says(b, "keeps no private keys");
    b->t->rules.profile = "all";
}

/* [10004-5.3-a, 10004-5.3-u1, 10002-3.2.1.2.2-d] */
static void crmf_controls(void **state)
{
    static const struct {
        const struct cmc_slice *oid;
        const char *says; /* NULL: no effect */
    } rows[] = {
        {&cmc_oid_id_regCtrl_regToken, "regToken"},
        {&cmc_oid_id_regCtrl_authenticator, "authenticator"},
        {&cmc_oid_id_regCtrl_oldCertID, "oldCertID"},
        {&cmc_oid_id_regCtrl_protocolEncrKey, "protocolEncrKey"},
        {&cmc_oid_id_regCtrl_pkiPublicationInfo, NULL},
    };
    struct bench *b = *state;

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const struct cmc_atv control = {.type = *rows[i].oid, .value = {null_tlv, sizeof null_tlv}};
        struct cmc_request rq;
        struct cmc_slice crmf = bench_crmf(b, "CN=control", NULL, &control, false, &rq);

        bench_send_crmf(b, &b->t->officer, crmf, NULL, 0);
        bench_expect(b, rows[i].says != NULL ? CMC_FAIL_BAD_REQUEST : CMC_FAIL_INFO_NONE,
                     REQUEST_ID);
        if (rows[i].says != NULL)
            bench_says(b, rows[i].says);
    }
}

/* [10002-3.2.1-a, 10002-3.2.1-b] The other request of the message is not processed. */
static void other_request_types(void **state)
{
    struct bench *b = *state;
    struct cmc_tagged_request orm = {.which = CMC_TR_ORM,
                                     .u.orm = {.body_part_id = 60,
                                               .type = cmc_oid_netscape_cert_type,
                                               .value = {null_tlv, sizeof null_tlv}}};
    struct cmc_request rq;
    struct cmc_slice crmf = bench_crmf(b, "CN=beside", NULL, NULL, false, &rq), cert;
    const struct cmc_full_request full = {.crmf = &crmf, .ncrmf = 1, .tagged = &orm, .ntagged = 1};

    bench_send(b, &b->t->officer, full);
    assert_int_equal(b->answer.noutcomes, 1);
    assert_int_equal(b->answer.outcomes[0].status, CMC_STATUS_NO_SUPPORT);
    assert_int_equal(b->answer.outcomes[0].body_parts[0], 60);
    assert_int_not_equal(
        cmc_answer_cert(b->t->crypto, &b->answer, rq.spki, NULL, b->t->arena, &cert, NULL), CMC_OK);
}

/* [10002-3.2.1.2.1-e] */
static void empty_subjects(void **state)
{
    struct bench *b = *state;
    struct cmc_extension san = bench_san(b, "DNS:named.example");
    struct cmc_request rq;
    struct cmc_slice csr = bench_pkcs10(b, "", NULL, NULL, &rq);

    bench_send(b, &b->t->officer, (struct cmc_full_request){.pkcs10 = &csr, .npkcs10 = 1});
    bench_expect(b, CMC_FAIL_BAD_REQUEST, b->state.first_request_id);
    /* [10002-3.2.1.2.1-b] a name may stand elsewhere */
    csr = bench_pkcs10(b, "", &san, NULL, &rq);
    bench_send(b, &b->t->officer, (struct cmc_full_request){.pkcs10 = &csr, .npkcs10 = 1});
    bench_expect(b, CMC_FAIL_INFO_NONE, b->state.first_request_id);
}

/* [10002-3.1-e, 10002-3.1-f, 10002-3.2.1.2.2-j, 10002-3.2.1.2.2-k] In both forms. */
static void uses_that_the_profile_does_not_give(void **state)
{
    static const uint8_t client_auth[] = {0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2};
    struct bench *b = *state;
    struct cmc_extension exts[] = {
        bench_usage(0x02), /* cRLSign, where digitalSignature and keyAgreement are given */
        {.extn_id = cmc_oid_id_ce_extKeyUsage, .value = {client_auth, sizeof client_auth}},
    };

    b->t->rules.profile = "ee";
    for (size_t i = 0; i < CMC_COUNT(exts); i++) {
        struct cmc_request rq;
        struct cmc_slice crmf = bench_crmf(b, "CN=use", &exts[i], NULL, false, &rq);
        struct cmc_slice csr = bench_pkcs10(b, "CN=use", &exts[i], NULL, &rq);

        bench_send_crmf(b, &b->t->officer, crmf, NULL, 0);
        bench_expect(b, CMC_FAIL_UNSUPPORTED_EXT, REQUEST_ID);
        bench_send(b, &b->t->officer, (struct cmc_full_request){.pkcs10 = &csr, .npkcs10 = 1});
        bench_expect(b, CMC_FAIL_UNSUPPORTED_EXT, b->state.first_request_id);
    }
    /* one of several is enough */
    exts[0] = bench_usage(0xa0);
    for (int form = 0; form < 2; form++) {
        struct cmc_request rq;
        struct cmc_slice der = form == 0 ? bench_crmf(b, "CN=u", exts, NULL, false, &rq)
                                         : bench_pkcs10(b, "CN=u", exts, NULL, &rq);

        bench_send(b, &b->t->officer,
                   (struct cmc_full_request){
                       .crmf = &der, .ncrmf = form == 0, .pkcs10 = &der, .npkcs10 = form == 1});
        bench_expect(b, CMC_FAIL_INFO_NONE, b->state.first_request_id);
    }
    b->t->rules.profile = "all";
}

/* The uses of a certificate are those that its kind of key can have. */
static void usage_follows_the_key(void **state)
{
    static const struct {
        const char *type, *param;
        uint8_t usage; /* of digitalSignature, keyEncipherment, keyAgreement */
    } rows[] = {{"RSA", NULL, 0xa0},
                {"EC", "P-256", 0x88},
                {"ED25519", NULL, 0x80},
                {"X25519", NULL, 0x08}};
    struct bench *b = *state;

    b->t->rules.profile = "ee";
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_request_params p = {.key = test_key(b->t, rows[i].type, rows[i].param),
                                       .subject = bench_name(b, "CN=kind"),
                                       .cert_req_id = REQUEST_ID,
                                       .no_pop = true};
        uint32_t id = REQUEST_ID;
        const struct cmc_lra_pop_witness w = {.body_ids = {&id, 1}};
        const struct cmc_extra_control control = {cmc_oid_id_cmc_lraPOPWitness,
                                                  &cmc_it_lra_pop_witness, &w};
        struct cmc_request rq;
        struct cmc_slice crmf;
        struct cmc_cert cert;

        assert_int_equal(cmc_crmf_create(b->t->crypto, &p, b->t->arena, &crmf, NULL), CMC_OK);
        assert_int_equal(cmc_request_from_crmf(crmf, b->t->arena, &rq, NULL), CMC_OK);
        bench_send_crmf(b, &b->ra, crmf, &control, 1);
        bench_expect(b, CMC_FAIL_INFO_NONE, REQUEST_ID);
        cert = bench_cert(b, &rq);
        assert_int_equal(
            cmc_extension_find(&cert.tbs.extensions, cmc_oid_id_ce_keyUsage)->value.p[3],
            rows[i].usage);
        EVP_PKEY_free(p.key);
    }
    /* a profile for signing alone takes no key that cannot */
    b->t->rules.profile = "ra";
    {
        struct cmc_request_params p = {.key = test_key(b->t, "X25519", NULL),
                                       .subject = bench_name(b, "CN=kind"),
                                       .cert_req_id = REQUEST_ID,
                                       .no_signature = true};
        struct cmc_slice crmf;

        assert_int_equal(cmc_crmf_create(b->t->crypto, &p, b->t->arena, &crmf, NULL), CMC_OK);
        bench_send_crmf(b, &b->ra, crmf, NULL, 0);
        bench_expect(b, CMC_FAIL_BAD_ALG, REQUEST_ID);
        EVP_PKEY_free(p.key);
    }
    b->t->rules.profile = "all";
}

/* [10004-10-b] A bad key gets no certificate, though it signs its request well. */
static void bad_keys(void **state)
{
    struct bench *b = *state;
    EVP_PKEY_CTX *ctx =
        EVP_PKEY_CTX_new_from_name(cmc_crypto_get0_libctx(b->t->crypto), "RSA", NULL);
    struct cmc_request_params p = {.subject = bench_name(b, "CN=weak"), .cert_req_id = REQUEST_ID};
    struct cmc_slice crmf;
    unsigned int bits = 2048, e = 3;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_uint("bits", &bits),
                           OSSL_PARAM_construct_uint("e", &e), OSSL_PARAM_construct_end()};

    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &p.key), 1);
    assert_int_equal(cmc_crmf_create(b->t->crypto, &p, b->t->arena, &crmf, NULL), CMC_OK);
    bench_send_crmf(b, &b->t->officer, crmf, NULL, 0);
    bench_expect(b, CMC_FAIL_BAD_ALG, REQUEST_ID);
    bench_says(b, "exponent");
    EVP_PKEY_free(p.key);
    EVP_PKEY_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_not_used_again),
        cmocka_unit_test(store_takes_a_key_once),
        cmocka_unit_test(archiving),
        cmocka_unit_test(crmf_controls),
        cmocka_unit_test(other_request_types),
        cmocka_unit_test(empty_subjects),
        cmocka_unit_test(uses_that_the_profile_does_not_give),
        cmocka_unit_test(usage_follows_the_key),
        cmocka_unit_test(bad_keys),
    };

    return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
