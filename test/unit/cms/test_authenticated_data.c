/* SPDX-License-Identifier: Apache-2.0 */
/* AuthenticatedData by a shared secret: what it is made of, and what does not verify. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "crypto/mac.h"

#define ROUNDS 1000u

struct world {
    struct cmc_crypto *crypto;
    struct cmc_arena *arena;
    struct cmc_slice password;
};

static int setup(void **state)
{
    static struct world w;

    assert_int_equal(cmc_crypto_new(&w.crypto, NULL), CMC_OK);
    w.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    assert_int_equal(cmc_shared_password(CMC_SLICE_LIT("alice"), CMC_SLICE_LIT("her secret"),
                                         w.arena, &w.password, NULL),
                     CMC_OK);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cmc_arena_free(w->arena);
    cmc_crypto_free(w->crypto);
    return 0;
}

static const struct cmc_slice content = {(const uint8_t *)"\x30\x00", 2};

static struct cmc_authenticated_data make(struct world *w, const char *mac)
{
    const struct cmc_mac_content what = {.type = cmc_oid_id_cct_PKIData,
                                         .content = content,
                                         .password = w->password,
                                         .rounds = ROUNDS,
                                         .mac = mac};
    struct cmc_content_info ci, again = {0};
    struct cmc_authenticated_data ad;
    struct cmc_slice der;
    struct cmc_err err = {0};

    if (cmc_authenticated_data_create(w->crypto, &what, w->arena, &ci, &err) != CMC_OK)
        fail_msg("%s", err.text);
    /* through octets, as it travels */
    assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &ci, w->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_content_info, der, w->arena, &again, NULL), CMC_OK);
    assert_int_equal(cmc_authenticated_data_read(&again, w->arena, &ad, NULL), CMC_OK);
    return ad;
}

static enum cmc_rc check(struct world *w, const struct cmc_authenticated_data *ad,
                         struct cmc_err *err)
{
    return cmc_authenticated_data_check(w->crypto, ad, w->password, false, w->arena, err);
}

/* [10002-3.2-f, 10002-3.2-u4]: the identifier comes first, and the order matters. */
static void order_of_the_password(void **state)
{
    struct world *w = *state;

    assert_true(cmc_slice_eq(w->password, CMC_SLICE_LIT("aliceher secret")));
}

/* RFC 5652 section 9.1; [10004-5.1-o, 10004-5.1-p, 10004-5.1-q] */
static void what_it_is_made_of(void **state)
{
    struct world *w = *state;
    struct cmc_authenticated_data ad = make(w, NULL);
    const struct cmc_pwri *pwri = &CMC_AT(struct cmc_recipient_info, ad.recipients, 0)->u.pwri;
    struct cmc_pbkdf2_params p = {0};
    struct cmc_err err;

    assert_int_equal(ad.version, 0);
    assert_null(ad.originator);
    assert_int_equal(ad.recipients.n, 1);
    assert_int_equal(CMC_AT(struct cmc_recipient_info, ad.recipients, 0)->which, CMC_RI_PWRI);
    assert_true(cmc_slice_eq(pwri->key_derivation->algorithm, cmc_oid_id_PBKDF2));
    assert_true(cmc_slice_eq(pwri->key_encryption.algorithm, cmc_oid_aes256_wrap));
    assert_int_equal(
        cmc_decode(&cmc_it_pbkdf2_params, pwri->key_derivation->parameters, w->arena, &p, NULL),
        CMC_OK);
    assert_int_equal(p.iterations, ROUNDS);
    assert_true(p.salt.n >= 16);
    assert_true(cmc_slice_eq(ad.mac_algorithm.algorithm, cmc_oid_hmacWithSHA256));
    assert_non_null(ad.digest_algorithm);
    assert_non_null(ad.auth_attrs.p);
    assert_int_equal(ad.mac.n, 32);
    assert_int_equal(check(w, &ad, &err), CMC_OK);
}

/* [10002-3.2-u3]: the MAC key is random, so two of the same content have nothing in common. */
static void a_new_key_each_time(void **state)
{
    struct world *w = *state;
    struct cmc_authenticated_data a = make(w, NULL), b = make(w, NULL);

    assert_false(cmc_slice_eq(a.mac, b.mac));
}

static void other_macs(void **state)
{
    struct world *w = *state;
    static const char *const names[] = {"hmac-sha384", "hmac-sha512", "hmac-sha1"};
    static const enum cmc_rc strict[] = {CMC_OK, CMC_OK, CMC_E_REFUSED};
    const struct cmc_mac_content unknown = {.mac = "none", .password = w->password};
    struct cmc_content_info ci;

    for (size_t i = 0; i < CMC_COUNT(names); i++) {
        struct cmc_authenticated_data ad = make(w, names[i]);

        assert_int_equal(check(w, &ad, NULL), strict[i]);
        assert_int_equal(
            cmc_authenticated_data_check(w->crypto, &ad, w->password, true, w->arena, NULL),
            CMC_OK);
    }
    assert_int_equal(cmc_authenticated_data_create(w->crypto, &unknown, w->arena, &ci, NULL),
                     CMC_E_USAGE);
}

/* One error for another password, a wrapped key and a MAC that were touched. */
static void one_error_for_all_reasons(void **state)
{
    struct world *w = *state;
    struct cmc_authenticated_data ad = make(w, NULL);
    struct cmc_pwri *pwri = &CMC_AT(struct cmc_recipient_info, ad.recipients, 0)->u.pwri;
    uint8_t *touch[] = {(uint8_t *)(uintptr_t)pwri->encrypted_key.p, (uint8_t *)(uintptr_t)ad.mac.p,
                        (uint8_t *)(uintptr_t)ad.mac.p + ad.mac.n - 1};
    struct cmc_err first = {0}, err = {0};

    assert_int_equal(cmc_authenticated_data_check(w->crypto, &ad, CMC_SLICE_LIT("her secretalice"),
                                                  false, w->arena, &first),
                     CMC_E_CRYPTO);
    assert_int_equal(first.fail_info, CMC_FAIL_BAD_MESSAGE_CHECK);
    for (size_t i = 0; i < CMC_COUNT(touch); i++) {
        *touch[i] ^= 1;
        assert_int_equal(check(w, &ad, &err), CMC_E_CRYPTO);
        assert_string_equal(err.text, first.text);
        *touch[i] ^= 1;
    }
    ad.mac.n--;
    assert_int_equal(check(w, &ad, &err), CMC_E_CRYPTO);
    assert_string_equal(err.text, first.text);
}

/* The content, its type and the attributes hold together, and must be there. */
static void content_and_attributes(void **state)
{
    struct world *w = *state;
    const struct cmc_authenticated_data good = make(w, NULL);
    struct cmc_authenticated_data ad = good;
    struct cmc_algid sha1;

    ad.encap.content = CMC_SLICE_LIT("\x30\x01");
    assert_int_equal(check(w, &ad, NULL), CMC_E_CRYPTO);
    ad.encap.content = CMC_SLICE_NONE;
    assert_int_equal(check(w, &ad, NULL), CMC_E_INPUT);
    ad = good;
    ad.encap.type = cmc_oid_id_cct_PKIResponse; /* a request is not an answer */
    assert_int_equal(check(w, &ad, NULL), CMC_E_CRYPTO);
    ad = good;
    ad.auth_attrs = CMC_SLICE_NONE;
    assert_int_equal(check(w, &ad, NULL), CMC_E_INPUT);
    ad = good;
    cmc_digest_algid(CMC_DIGEST_SHA1, &sha1);
    ad.digest_algorithm = &sha1;
    assert_int_equal(check(w, &ad, NULL), CMC_E_REFUSED);
    ad = good;
    ad.recipients.n = 0;
    assert_int_equal(check(w, &ad, NULL), CMC_E_INPUT);
    ad = good;
    ad.mac_algorithm.algorithm = cmc_oid_id_data;
    assert_int_equal(check(w, &ad, NULL), CMC_E_REFUSED);
}

/* A structure of another type, or none. */
static void not_authenticated_data(void **state)
{
    struct world *w = *state;
    struct cmc_content_info ci = {.content_type = cmc_oid_id_data, .content = content};
    struct cmc_authenticated_data ad;
    struct cmc_err err;

    assert_int_equal(cmc_authenticated_data_read(&ci, w->arena, &ad, &err), CMC_E_INPUT);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    ci.content_type = cmc_oid_id_ct_authData;
    assert_int_equal(cmc_authenticated_data_read(&ci, w->arena, &ad, &err), CMC_E_INPUT);
    ci.content = CMC_SLICE_NONE;
    assert_int_equal(cmc_authenticated_data_read(&ci, w->arena, &ad, &err), CMC_E_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(order_of_the_password, setup, teardown),
        cmocka_unit_test_setup_teardown(what_it_is_made_of, setup, teardown),
        cmocka_unit_test_setup_teardown(a_new_key_each_time, setup, teardown),
        cmocka_unit_test_setup_teardown(other_macs, setup, teardown),
        cmocka_unit_test_setup_teardown(one_error_for_all_reasons, setup, teardown),
        cmocka_unit_test_setup_teardown(content_and_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(not_authenticated_data, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
