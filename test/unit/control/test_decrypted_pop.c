/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypted and decrypted POP against known answers. */
#include "kat.h"

#include "asn1/oids.h"

static struct cmc_slice tagged(const struct kat *k)
{
    return CMC_AT(const struct cmc_tagged_request, k->body.requests, 0)->raw;
}

/* [10002-6.7-u4] */
static void witness(void **state)
{
    struct kat *k = *state;
    struct cmc_slice y = kat_hex(k, "encryptedPOP_y"), other = kat_hex(k, "decryptedPOP_y96");
    struct cmc_encrypted_pop ep = {.witness_alg = {cmc_oid_sha256, CMC_SLICE_NONE},
                                   .witness = kat_hex(k, "encryptedPOP_witness_sha256")};
    struct cmc_err err = {0};

    assert_int_equal(cmc_encrypted_pop_check(k->c, &ep, y, NULL), CMC_OK);
    assert_int_equal(cmc_encrypted_pop_check(k->c, &ep, other, &err), CMC_E_CRYPTO);
    assert_int_equal(err.fail_info, CMC_FAIL_POP_FAILED);
    ep.witness_alg.algorithm = cmc_oid_sha1;
    assert_int_equal(cmc_encrypted_pop_check(k->c, &ep, y, &err), CMC_E_REFUSED);
}

/* [10002-6.7-u8] */
static void known_answers(void **state)
{
    struct kat *k = *state;
    const struct cmc_mac_alg *mac = cmc_mac_by_digest(CMC_DIGEST_SHA256);
    static const char *const rows[][2] = {
        {"encryptedPOP_y", "decryptedPOP_thePOP_hmacsha256_over_TaggedRequest_der"},
        {"decryptedPOP_y96", "decryptedPOP_thePOP_y_longer_than_64_uses_first_64"},
    };
    struct cmc_slice wrong = kat_hex(k, "decryptedPOP_thePOP_y96_plain_hmac_(WRONG_per_RFC)");

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_slice y = kat_hex(k, rows[i][0]), want = kat_hex(k, rows[i][1]);
        uint8_t out[CMC_DIGEST_MAX];
        size_t n = 0;

        assert_int_equal(cmc_decrypted_pop(k->c, mac, y, tagged(k), out, &n, NULL), CMC_OK);
        assert_slice(cmc_slice(out, n), want);
        assert_int_equal(cmc_decrypted_pop_check(k->c, mac, y, tagged(k), want, NULL), CMC_OK);
        assert_int_equal(cmc_decrypted_pop_check(k->c, mac, y, tagged(k), wrong, NULL),
                         CMC_E_CRYPTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_KAT(witness), WITH_KAT(known_answers)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
