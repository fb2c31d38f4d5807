/* SPDX-License-Identifier: Apache-2.0 */
/* POP link witnesses against known answers, PBKDF2 parameters, and where the witness stands. */
#include "kat.h"

#include "asn1/oids.h"
#include "message/request.h"

static struct cmc_slice random_value(const struct kat *k)
{
    return kat_hex(k, "popLinkRandom");
}

/* [10002-6.3.1.2-u1, 10004-5.2-i, 10004-5.2-h] */
static void v1_known_answer(void **state)
{
    struct kat *k = *state;
    struct cmc_proof_secret s = kat_secret(k, false), with = kat_secret(k, true);
    struct cmc_slice want = kat_hex(k, "popLinkWitness_v1_sha1");
    uint8_t out[CMC_PROOF_V1_OCTETS];
    struct cmc_err err = {0};

    assert_int_equal(cmc_pop_link_witness(k->c, &s, random_value(k), out, NULL), CMC_OK);
    assert_slice(cmc_slice(out, sizeof out), want);
    assert_int_equal(cmc_pop_link_witness_check(k->c, &s, random_value(k), want, NULL), CMC_OK);
    assert_int_equal(cmc_pop_link_witness_check(k->c, &with, random_value(k), want, &err),
                     CMC_E_CRYPTO);
    assert_int_equal(err.fail_info, CMC_FAIL_POP_FAILED);
}

/* SEQUENCE { OCTET STRING 00010203, INTEGER 2048, INTEGER 32, { hmacWithSHA256, NULL } } */
static const char pbkdf2_params[] = "301b 0404 00010203 0202 0800 0201 20 "
                                    "300c 0608 2a864886f70d0209 0500";

/* [10002-6.3.1.1-u1, 10004-5.1-t, 10004-5.1-u, 10004-5.1-v, 10004-5.2-g] */
static void v2_known_answers(void **state)
{
    struct kat *k = *state;
    const struct cmc_mac_alg *mac = cmc_mac_by_digest(CMC_DIGEST_SHA256);
    struct cmc_algid sha256, pbkdf2 = {cmc_oid_id_PBKDF2, hex(k->arena, pbkdf2_params)};
    const struct {
        const char *name;
        const struct cmc_algid *key_gen;
        bool ident;
    } rows[] = {
        {"popLinkWitnessV2_sha256_hmacsha256_rfc_text", &sha256, false},
        {"popLinkWitnessV2_sha256_hmacsha256_dogtag_secret_plus_ident", &sha256, true},
        {"popLinkWitnessV2_pbkdf2_hmacsha256_salt_00010203_iter2048_len32_then_hmacsha256", &pbkdf2,
         false},
    };

    cmc_digest_algid(CMC_DIGEST_SHA256, &sha256);
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_proof_secret s = kat_secret(k, rows[i].ident);
        struct cmc_proof_secret other = kat_secret(k, !rows[i].ident);
        struct cmc_proof_v2 w;

        assert_int_equal(cmc_pop_link_witness_v2(k->c, &s, rows[i].key_gen, mac, random_value(k),
                                                 k->arena, &w, NULL),
                         CMC_OK);
        assert_slice(w.witness, kat_hex(k, rows[i].name));
        assert_int_equal(
            cmc_pop_link_witness_v2_check(k->c, &s, &w, random_value(k), false, k->arena, NULL),
            CMC_OK);
        assert_int_equal(
            cmc_pop_link_witness_v2_check(k->c, &other, &w, random_value(k), false, k->arena, NULL),
            CMC_E_CRYPTO);
        assert_int_equal(
            cmc_pop_link_witness_v2_check(k->c, &s, &w, hex(k->arena, "00"), false, k->arena, NULL),
            CMC_E_CRYPTO);
    }
}

static void our_pbkdf2_parameters_verify(void **state)
{
    struct kat *k = *state;
    const struct cmc_mac_alg *mac = cmc_mac_by_digest(CMC_DIGEST_SHA512);
    struct cmc_proof_secret s = kat_secret(k, true);
    struct cmc_algid a, b;
    struct cmc_pbkdf2_params p = {0};
    struct cmc_proof_v2 w;
    uint64_t length = 0;

    assert_int_equal(cmc_pop_link_pbkdf2(k->c, mac, 1000, k->arena, &a, NULL), CMC_OK);
    assert_int_equal(cmc_pop_link_pbkdf2(k->c, mac, 1000, k->arena, &b, NULL), CMC_OK);
    assert_false(cmc_slice_eq(a.parameters, b.parameters)); /* another salt */
    assert_int_equal(cmc_decode(&cmc_it_pbkdf2_params, a.parameters, k->arena, &p, NULL), CMC_OK);
    assert_int_equal(p.iterations, 1000);
    assert_true(cmc_int_get_u64(p.key_length, &length) && length == 64);
    assert_true(cmc_slice_eq(p.prf->algorithm, cmc_oid_hmacWithSHA512));
    assert_null(p.prf->parameters.p); /* [10002-A-bg] */
    p = (struct cmc_pbkdf2_params){0};
    assert_int_equal(
        cmc_pop_link_pbkdf2(k->c, cmc_mac_by_digest(CMC_DIGEST_SHA1), 1000, k->arena, &b, NULL),
        CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_pbkdf2_params, b.parameters, k->arena, &p, NULL), CMC_OK);
    assert_null(p.prf); /* the DEFAULT [10002-A-bf] */
    assert_int_equal(
        cmc_pop_link_witness_v2(k->c, &s, &a, mac, random_value(k), k->arena, &w, NULL), CMC_OK);
    assert_int_equal(
        cmc_pop_link_witness_v2_check(k->c, &s, &w, random_value(k), false, k->arena, NULL),
        CMC_OK);
}

/* A peer must not be able to make us work for hours. [10002-A-bd, 10002-A-be] */
static void bad_pbkdf2_parameters(void **state)
{
    struct kat *k = *state;
    static const char *const params[] = {
        "300c 0404 00010203 0204 7fffffff",                               /* 2^31 rounds */
        "3009 0404 00010203 0201 00",                                     /* none */
        "300d 0404 00010203 0201 01 0202 7fff",                           /* key of 32767 octets */
        "300c 0404 00010203 0201 01 0201 00",                             /* key of none */
        "3019 0404 00010203 0201 01 300e 060a 2b060105050708010203 0500", /* PRF unknown */
        "3003 0201 01",                                                   /* no salt */
        "300b 3006 0604 2a030405 0201 01",    /* a salt of another source: none is defined */
        "3009 0404 00010203 0201 ff",         /* rounds below 0 */
        "300c 0404 00010203 0201 01 0201 ff", /* key of less than none */
    };
    struct cmc_proof_secret s = kat_secret(k, false);

    for (size_t i = 0; i < CMC_COUNT(params); i++) {
        struct cmc_proof_v2 w = {.hash = {cmc_oid_id_PBKDF2, hex(k->arena, params[i])},
                                 .mac = {cmc_oid_hmacWithSHA256, CMC_SLICE_NONE},
                                 .witness = hex(k->arena, "00")};
        enum cmc_rc rc =
            cmc_pop_link_witness_v2_check(k->c, &s, &w, random_value(k), false, k->arena, NULL);

        if (rc != CMC_E_REFUSED && rc != CMC_E_INPUT)
            fail_msg("row %zu gives %s", i, cmc_rc_name(rc));
    }
    {
        struct cmc_proof_v2 w = {.hash = {cmc_oid_id_PBKDF2, CMC_SLICE_NONE},
                                 .mac = {cmc_oid_hmacWithSHA256, CMC_SLICE_NONE},
                                 .witness = hex(k->arena, "00")};

        assert_int_equal(
            cmc_pop_link_witness_v2_check(k->c, &s, &w, random_value(k), false, k->arena, NULL),
            CMC_E_INPUT);
    }
}

/* [10002-6.3.1.1-u2, 10002-6.3.1.1-u3] */
static void witness_is_found_once(void **state)
{
    struct kat *k = *state;
    struct cmc_slice one = hex(k->arena, "0401aa");
    struct cmc_slice two[] = {one, one};
    struct cmc_attribute attrs[] = {
        {cmc_oid_id_cmc_popLinkWitness, {&one, 1}},
        {cmc_oid_id_cmc_popLinkWitnessV2, {&two[0], 1}},
        {cmc_oid_id_cmc_popLinkWitnessV2, {&two[1], 1}},
    };
    struct cmc_atv controls[] = {{cmc_oid_id_cmc_popLinkWitnessV2, one}};
    struct cmc_request rq = {.body_part_id = 7, .attributes = {attrs, 2}};
    struct cmc_slice out;
    struct cmc_err err = {0};

    assert_int_equal(cmc_pop_link_find(&rq, true, &out, NULL), CMC_OK);
    assert_slice(out, one);
    assert_int_equal(cmc_pop_link_find(&rq, false, &out, NULL), CMC_OK);
    assert_slice(out, one);
    rq.attributes.n = 3;
    assert_int_equal(cmc_pop_link_find(&rq, true, &out, &err), CMC_E_INPUT);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    assert_int_equal(err.body_part, 7);
    rq.attributes = (struct cmc_list){&attrs[1], 1};
    attrs[1].values = (struct cmc_list){two, 2};
    assert_int_equal(cmc_pop_link_find(&rq, true, &out, NULL), CMC_E_INPUT);
    rq.attributes = (struct cmc_list){0};
    assert_int_equal(cmc_pop_link_find(&rq, true, &out, NULL), CMC_OK);
    assert_null(out.p);
    rq.controls = (struct cmc_list){controls, 1};
    assert_int_equal(cmc_pop_link_find(&rq, true, &out, NULL), CMC_OK);
    assert_slice(out, one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KAT(v1_known_answer),       WITH_KAT(v2_known_answers),
        WITH_KAT(bad_pbkdf2_parameters), WITH_KAT(our_pbkdf2_parameters_verify),
        WITH_KAT(witness_is_found_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
