/* SPDX-License-Identifier: Apache-2.0 */
/* Identity proofs against known answers, and that each wrong ingredient is noticed. */
#include "kat.h"

#include "cms/authenticated_data.h"

#include "asn1/oids.h"

static struct cmc_slice covered(const struct kat *k)
{
    struct cmc_slice out = CMC_SLICE_NONE;

    assert_int_equal(cmc_req_sequence(&k->body, k->arena, &out, NULL), CMC_OK);
    return out;
}

/* What is covered is the reqSequence as it stands in the message. [10002-6.2.1-u1] */
static void covers_the_octets_received(void **state)
{
    struct kat *k = *state;
    uint8_t md[CMC_DIGEST_MAX];
    size_t n = 0;

    assert_int_equal(cmc_digest(k->c, CMC_DIGEST_SHA256, covered(k), md, &n, NULL), CMC_OK);
    assert_slice(cmc_slice(md, n), kat_hex(k, "reqSequence_der_sha256"));
    assert_int_equal(covered(k).n, json_integer_value(json_object_get(k->json, "reqSequence_len")));
}

static void empty_sequence_is_covered_too(void **state)
{
    struct kat *k = *state;
    const struct cmc_pkidata none = {0};
    struct cmc_slice out;

    assert_int_equal(cmc_req_sequence(&none, k->arena, &out, NULL), CMC_OK);
    assert_slice(out, hex(k->arena, "3000"));
}

/* [10002-6.2.1-u1, 10002-6.2.1-u2, 10002-6.2.3-u1, 10002-6.2.3-a, 10004-5.1-r, 10004-5.1-s,
 * 10004-5.2-c, 10004-5.2-e] */
static void v2_known_answers(void **state)
{
    struct kat *k = *state;
    static const struct {
        const char *name;
        enum cmc_digest_id digest;
        bool ident;
    } rows[] = {
        {"identityProofV2_sha256_hmacsha256_no_ident", CMC_DIGEST_SHA256, false},
        {"identityProofV2_sha256_hmacsha256_with_ident", CMC_DIGEST_SHA256, true},
        {"identityProofV2_sha384_hmacsha384_with_ident_CNSA", CMC_DIGEST_SHA384, true},
    };

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_proof_secret s = kat_secret(k, rows[i].ident);
        struct cmc_proof_v2 proof;

        assert_int_equal(cmc_identity_proof_v2(k->c, &s, cmc_digest_alg(rows[i].digest),
                                               cmc_mac_by_digest(rows[i].digest), covered(k),
                                               k->arena, &proof, NULL),
                         CMC_OK);
        assert_slice(proof.witness, kat_hex(k, rows[i].name));
        assert_int_equal(
            cmc_identity_proof_v2_check(k->c, &s, &proof, covered(k), false, k->arena, NULL),
            CMC_OK);
    }
}

/* The proof that stands in the message was made by somebody else's program. */
static void v2_of_the_message_verifies(void **state)
{
    struct kat *k = *state;
    const struct cmc_tagged_attribute *ta =
        cmc_control_first(&k->body.controls, cmc_oid_id_cmc_identityProofV2);
    struct cmc_proof_secret s = kat_secret(k, true);
    struct cmc_proof_v2 proof = {0};

    assert_non_null(ta);
    assert_int_equal(cmc_decode(&cmc_it_identity_proof_v2,
                                *CMC_AT(const struct cmc_slice, ta->values, 0), k->arena, &proof,
                                NULL),
                     CMC_OK);
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &s, &proof, covered(k), false, k->arena, NULL), CMC_OK);
}

/* [10002-6.2.2-u1, 10004-5.2-d] */
static void v1_known_answers(void **state)
{
    struct kat *k = *state;

    for (int ident = 0; ident < 2; ident++) {
        struct cmc_proof_secret s = kat_secret(k, ident == 1);
        struct cmc_slice want = kat_hex(k, ident == 1 ? "identityProof_v1_sha1_with_ident"
                                                      : "identityProof_v1_sha1_no_ident");
        uint8_t out[CMC_PROOF_V1_OCTETS];

        assert_int_equal(cmc_identity_proof(k->c, &s, covered(k), out, NULL), CMC_OK);
        assert_slice(cmc_slice(out, sizeof out), want);
        assert_int_equal(cmc_identity_proof_check(k->c, &s, covered(k), want, NULL), CMC_OK);
    }
}

/* [10002-3.2-u4] What PasswordRecipientInfo is derived of has the two the other way round. */
static void the_password_of_a_mac_begins_with_the_name(void **state)
{
    struct kat *k = *state;
    struct cmc_proof_secret s = kat_secret(k, true);
    struct cmc_slice password;

    assert_int_equal(cmc_shared_password(s.identification, s.secret, k->arena, &password, NULL),
                     CMC_OK);
    assert_slice(password, kat_hex(k, "authenticatedData_pbkdf2_password_bytes"));
}

static void wrong_ingredients_are_noticed(void **state)
{
    struct kat *k = *state;
    struct cmc_proof_secret s = kat_secret(k, true), wrong = s, without = kat_secret(k, false);
    struct cmc_slice other = hex(k->arena, "3000"), cut;
    struct cmc_proof_v2 proof;
    struct cmc_err err = {0};

    wrong.secret = CMC_SLICE_LIT("0123456789abcdefGHIK");
    assert_int_equal(cmc_identity_proof_v2(k->c, &s, cmc_digest_alg(CMC_DIGEST_SHA256),
                                           cmc_mac_by_digest(CMC_DIGEST_SHA256), covered(k),
                                           k->arena, &proof, NULL),
                     CMC_OK);
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &wrong, &proof, covered(k), false, k->arena, &err),
        CMC_E_CRYPTO);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_IDENTITY);
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &without, &proof, covered(k), false, k->arena, NULL),
        CMC_E_CRYPTO);
    assert_int_equal(cmc_identity_proof_v2_check(k->c, &s, &proof, other, false, k->arena, NULL),
                     CMC_E_CRYPTO);
    /* A witness that is right as far as it goes. */
    cut = proof.witness;
    proof.witness.n--;
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &s, &proof, covered(k), false, k->arena, NULL),
        CMC_E_CRYPTO);
    proof.witness = cmc_slice(cut.p, 0);
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &s, &proof, covered(k), false, k->arena, NULL),
        CMC_E_CRYPTO);
    assert_int_equal(cmc_identity_proof_check(k->c, &s, covered(k), cmc_slice(cut.p, 0), NULL),
                     CMC_E_CRYPTO);
}

/* [10002-A-bc] */
static void algorithms_are_checked(void **state)
{
    struct kat *k = *state;
    struct cmc_proof_secret s = kat_secret(k, true);
    struct cmc_proof_v2 proof;
    struct cmc_err err = {0};

    assert_int_equal(cmc_identity_proof_v2(k->c, &s, cmc_digest_alg(CMC_DIGEST_SHA1),
                                           cmc_mac_by_digest(CMC_DIGEST_SHA1), covered(k), k->arena,
                                           &proof, NULL),
                     CMC_OK);
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &s, &proof, covered(k), false, k->arena, &err),
        CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &s, &proof, covered(k), true, k->arena, NULL), CMC_OK);
    proof.mac.algorithm = cmc_oid_md5;
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &s, &proof, covered(k), true, k->arena, &err),
        CMC_E_REFUSED);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    proof.hash.algorithm = cmc_oid_md5;
    assert_int_equal(
        cmc_identity_proof_v2_check(k->c, &s, &proof, covered(k), true, k->arena, &err),
        CMC_E_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KAT(covers_the_octets_received), WITH_KAT(empty_sequence_is_covered_too),
        WITH_KAT(v2_known_answers),           WITH_KAT(v2_of_the_message_verifies),
        WITH_KAT(v1_known_answers),           WITH_KAT(wrong_ingredients_are_noticed),
        WITH_KAT(algorithms_are_checked),     WITH_KAT(the_password_of_a_mac_begins_with_the_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
