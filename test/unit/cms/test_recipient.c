/* SPDX-License-Identifier: Apache-2.0 */
/* Several recipients, shared secrets among them, and all ciphers; OpenSSL's own PWRI. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/cms.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/authenticated_data.h"
#include "cms/enveloped_data.h"

#define TEXT   "what only those may read who are meant; longer than a block of any cipher"
#define ROUNDS 1000u

struct world {
    struct cmc_crypto *crypto;
    struct cmc_arena *arena;
    EVP_PKEY *rsa, *ec, *x25519;
};

static EVP_PKEY *new_key(struct world *w, const char *type, const char *param)
{
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(w->crypto);
    EVP_PKEY *key = param != NULL              ? EVP_PKEY_Q_keygen(lib, NULL, type, param)
                    : strcmp(type, "RSA") == 0 ? EVP_PKEY_Q_keygen(lib, NULL, type, (size_t)2048)
                                               : EVP_PKEY_Q_keygen(lib, NULL, type);

    assert_non_null(key);
    return key;
}

static int setup(void **state)
{
    static struct world w;

    assert_int_equal(cmc_crypto_new(&w.crypto, NULL), CMC_OK);
    w.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    w.rsa = new_key(&w, "RSA", NULL);
    w.ec = new_key(&w, "EC", "P-256");
    w.x25519 = new_key(&w, "X25519", NULL);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    EVP_PKEY_free(w->rsa);
    EVP_PKEY_free(w->ec);
    EVP_PKEY_free(w->x25519);
    cmc_arena_free(w->arena);
    cmc_crypto_free(w->crypto);
    return 0;
}

static struct cmc_content_info make(struct world *w, const struct cmc_envelope *how)
{
    struct cmc_content_info ci, again = {0};
    struct cmc_slice der;
    struct cmc_err err = {0};

    if (cmc_envelope_make(w->crypto, how, cmc_oid_id_signedData, cmc_slice_str(TEXT), w->arena, &ci,
                          &err) != CMC_OK)
        fail_msg("%s", err.text);
    assert_int_equal(cmc_encode_arena(&cmc_it_content_info, &ci, w->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_content_info, der, w->arena, &again, NULL), CMC_OK);
    return again;
}

static enum cmc_rc open_it(struct world *w, const struct cmc_content_info *ci,
                           const struct cmc_cms_recipient *who, struct cmc_err *err)
{
    struct cmc_slice type, content = CMC_SLICE_NONE;
    enum cmc_rc rc = cmc_envelope_open(w->crypto, ci, who, w->arena, &type, &content, err);

    if (rc == CMC_OK) {
        assert_true(cmc_slice_eq(content, cmc_slice_str(TEXT)));
        assert_true(cmc_slice_eq(type, cmc_oid_id_signedData));
    }
    return rc;
}

/* Not even garbage with a GCM tag; with CBC one random key of 256 seems to fit. */
static void stays_shut(struct world *w, const struct cmc_content_info *ci,
                       const struct cmc_cms_recipient *who)
{
    bool cbc = cmc_slice_eq(ci->content_type, cmc_oid_id_envelopedData);
    struct cmc_slice type, content = CMC_SLICE_NONE;
    enum cmc_rc rc = cmc_envelope_open(w->crypto, ci, who, w->arena, &type, &content, NULL);

    assert_true(rc == CMC_E_CRYPTO || (rc == CMC_OK && cbc));
    assert_false(cmc_slice_eq(content, cmc_slice_str(TEXT)));
}

/* Everybody who is meant can open it with what they have, nobody else. */
static void each_of_them(void **state)
{
    struct world *w = *state;
    const struct cmc_envelope_to to[] = {
        {.key = w->rsa, .serial = 1},
        {.key = w->ec, .serial = 2},
        {.key = w->x25519, .serial = 3},
        {.password = CMC_SLICE_LIT("bobs secret"), .rounds = ROUNDS},
    };
    const struct cmc_cms_recipient who[] = {{.key = w->rsa},
                                            {.key = w->ec},
                                            {.key = w->x25519},
                                            {.password = CMC_SLICE_LIT("bobs secret")}};
    const struct cmc_cms_recipient wrong = {.password = CMC_SLICE_LIT("bobs secreT")};

    for (int authenticated = 0; authenticated < 2; authenticated++) {
        for (size_t n = 1; n <= CMC_COUNT(to); n++) {
            const struct cmc_envelope how = {
                .to = to, .nto = n, .authenticated = authenticated != 0};
            struct cmc_content_info ci = make(w, &how);

            for (size_t i = 0; i < CMC_COUNT(who); i++)
                assert_int_equal(open_it(w, &ci, &who[i], NULL), i < n ? CMC_OK : CMC_E_NOTFOUND);
            if (n == CMC_COUNT(to))
                stays_shut(w, &ci, &wrong);
        }
    }
}

/* RFC 5652 section 6.1: the version follows from the recipients. */
static void version(void **state)
{
    struct world *w = *state;
    static const uint8_t ski[] = {1, 2, 3};
    const struct cmc_envelope_to to[] = {
        {.key = w->rsa, .serial = 1},
        {.key = w->rsa, .ski = cmc_slice(ski, sizeof ski)},
        {.password = CMC_SLICE_LIT("bobs secret"), .rounds = ROUNDS},
    };
    static const uint32_t want[] = {0, 2, 3};

    for (size_t n = 1; n <= CMC_COUNT(to); n++) {
        const struct cmc_envelope how = {.to = to, .nto = n};
        struct cmc_content_info ci = make(w, &how);
        struct cmc_enveloped_data ed;

        assert_int_equal(cmc_enveloped_data_open(&ci, w->arena, &ed, NULL), CMC_OK);
        assert_int_equal(ed.version, want[n - 1]);
    }
}

/* [10004-5.1-e, 10004-5.1-g, 10004-5.1-h, 10004-5.1-i]: all of AES, and an ICV of 12 octets. */
static void ciphers_and_tags(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *name;
        bool authenticated;
        size_t tag;
    } rows[] = {{"aes128-cbc", false, 0}, {"aes192-cbc", false, 0}, {"aes256-cbc", false, 0},
                {"aes128-gcm", true, 12}, {"aes192-gcm", true, 13}, {"aes256-gcm", true, 12},
                {"aes256-gcm", true, 16}};
    const struct cmc_envelope_to to = {.key = w->ec, .serial = 1};
    const struct cmc_cms_recipient who = {.key = w->ec};

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const struct cmc_envelope how = {.to = &to,
                                         .nto = 1,
                                         .cipher = rows[i].name,
                                         .authenticated = rows[i].authenticated,
                                         .tag_octets = rows[i].tag};
        struct cmc_content_info ci = make(w, &how);
        struct cmc_auth_enveloped_data ad = {0};
        struct cmc_gcm_params p = {0};

        assert_int_equal(open_it(w, &ci, &who, NULL), CMC_OK);
        if (!rows[i].authenticated)
            continue;
        assert_int_equal(cmc_decode(&cmc_it_auth_enveloped_data, ci.content, w->arena, &ad, NULL),
                         CMC_OK);
        assert_int_equal(
            cmc_decode(&cmc_it_gcm_params, ad.content.algorithm.parameters, w->arena, &p, NULL),
            CMC_OK);
        assert_int_equal(p.nonce.n, 12);
        assert_int_equal(ad.mac.n, rows[i].tag);
        assert_int_equal(p.icv_len,
                         rows[i].tag == 12 ? 0 : rows[i].tag); /* DER omits the DEFAULT */
    }
}

static void what_is_not_made(void **state)
{
    struct world *w = *state;
    EVP_PKEY *signs = new_key(w, "ED25519", NULL);
    struct cmc_envelope_to to = {.key = w->ec, .serial = 1}, many[CMC_LIMIT_CMS_RECIPIENTS + 1];
    struct cmc_envelope how[] = {
        {.to = &to, .nto = 1, .cipher = "aes256-gcm"},
        {.to = &to, .nto = 1, .cipher = "aes256-cbc", .authenticated = true},
        {.to = &to, .nto = 1, .cipher = "des-ede3-cbc"},
        {.to = &to, .nto = 1, .authenticated = true, .tag_octets = 11},
        {.to = &to, .nto = 1, .authenticated = true, .tag_octets = 17},
        {.to = &to, .nto = 0},
        {.to = many, .nto = CMC_COUNT(many)},
    };
    struct cmc_content_info ci;

    for (size_t i = 0; i < CMC_COUNT(many); i++)
        many[i] = to;
    for (size_t i = 0; i < CMC_COUNT(how); i++)
        assert_int_equal(cmc_envelope_make(w->crypto, &how[i], cmc_oid_id_data, cmc_slice_str(TEXT),
                                           w->arena, &ci, NULL),
                         i < 5 ? CMC_E_USAGE : CMC_E_LIMIT);
    to.key = signs;
    how[0].cipher = NULL;
    assert_int_equal(cmc_envelope_make(w->crypto, &how[0], cmc_oid_id_data, cmc_slice_str(TEXT),
                                       w->arena, &ci, NULL),
                     CMC_E_USAGE);
    EVP_PKEY_free(signs);
}

/* keyUsage, RFC 5280 section 4.2.1.3 */
static void what_keys_are_for(void **state)
{
    struct world *w = *state;
    static const uint8_t encipher[] = {3, 2, 5, 0x20}, agree[] = {3, 2, 3, 0x08},
                         sign[] = {3, 2, 7, 0x80};
    struct cmc_extension e = {.extn_id = cmc_oid_id_ce_keyUsage};
    const struct cmc_list none = {0}, one = {.v = &e, .n = 1};

    assert_true(cmc_envelope_may(&none, w->rsa, w->arena));
    assert_true(cmc_envelope_may(&none, w->ec, w->arena));
    e.value = cmc_slice(encipher, sizeof encipher);
    assert_true(cmc_envelope_may(&one, w->rsa, w->arena));
    assert_false(cmc_envelope_may(&one, w->ec, w->arena));
    e.value = cmc_slice(agree, sizeof agree);
    assert_false(cmc_envelope_may(&one, w->rsa, w->arena));
    assert_true(cmc_envelope_may(&one, w->x25519, w->arena));
    e.value = cmc_slice(sign, sizeof sign);
    assert_false(cmc_envelope_may(&one, w->rsa, w->arena));
    e.value = CMC_SLICE_LIT("?");
    assert_false(cmc_envelope_may(&one, w->rsa, w->arena));
}

/* -- shared secrets ---------------------------------------------------------------------- */

/* A message is one guess: only the first PasswordRecipientInfo is tried. */
static void one_guess(void **state)
{
    struct world *w = *state;
    const struct cmc_envelope_to to[] = {
        {.password = CMC_SLICE_LIT("first guess"), .rounds = ROUNDS},
        {.password = CMC_SLICE_LIT("second guess"), .rounds = ROUNDS}};
    const struct cmc_envelope how = {.to = to, .nto = 2, .authenticated = true};
    struct cmc_content_info ci = make(w, &how);
    const struct cmc_cms_recipient first = {.password = to[0].password},
                                   second = {.password = to[1].password};
    enum cmc_rc a = open_it(w, &ci, &first, NULL), b = open_it(w, &ci, &second, NULL);

    /* which one is first is the order of DER */
    assert_true((a == CMC_OK && b == CMC_E_CRYPTO) || (a == CMC_E_CRYPTO && b == CMC_OK));
}

/* What is asked of PBKDF2 is judged before it is done. */
static void work_is_bounded(void **state)
{
    struct world *w = *state;
    const struct cmc_envelope_to to = {.password = CMC_SLICE_LIT("x"), .rounds = ROUNDS};
    const struct cmc_envelope how = {.to = &to, .nto = 1};
    const struct cmc_cms_recipient who = {.password = to.password};
    static const struct {
        uint32_t rounds;
        uint8_t length;
    } rows[] = {{CMC_LIMIT_PASSWORD_ROUNDS + 1, 32}, {10000000, 32}, {ROUNDS, 33}, {0, 32}};

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_content_info ci = make(w, &how);
        struct cmc_pbkdf2_params p = {0};
        struct cmc_enveloped_data ed;
        struct cmc_pwri *pwri;
        struct cmc_err err = {0};

        assert_int_equal(cmc_enveloped_data_open(&ci, w->arena, &ed, NULL), CMC_OK);
        pwri = &CMC_AT(struct cmc_recipient_info, ed.recipients, 0)->u.pwri;
        assert_int_equal(
            cmc_decode(&cmc_it_pbkdf2_params, pwri->key_derivation->parameters, w->arena, &p, NULL),
            CMC_OK);
        p.iterations = rows[i].rounds;
        p.key_length = cmc_slice(&rows[i].length, 1);
        assert_int_equal(cmc_encode_arena(&cmc_it_pbkdf2_params, &p, w->arena,
                                          &pwri->key_derivation->parameters, NULL),
                         CMC_OK);
        assert_int_equal(cmc_encode_arena(&cmc_it_enveloped_data, &ed, w->arena, &ci.content, NULL),
                         CMC_OK);
        assert_int_equal(open_it(w, &ci, &who, &err), CMC_E_REFUSED);
        assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    }
}

static void other_algorithms(void **state)
{
    struct world *w = *state;
    const struct cmc_envelope_to to = {.password = CMC_SLICE_LIT("x"), .rounds = ROUNDS};
    const struct cmc_envelope how = {.to = &to, .nto = 1};
    const struct cmc_cms_recipient who = {.password = to.password};

    for (int what = 0; what < 4; what++) {
        struct cmc_content_info ci = make(w, &how);
        struct cmc_enveloped_data ed;
        struct cmc_pwri *pwri;

        assert_int_equal(cmc_enveloped_data_open(&ci, w->arena, &ed, NULL), CMC_OK);
        pwri = &CMC_AT(struct cmc_recipient_info, ed.recipients, 0)->u.pwri;
        if (what == 0)
            pwri->key_derivation = NULL;
        else if (what == 1)
            pwri->key_derivation->algorithm = cmc_oid_id_data;
        else
            pwri->key_encryption.algorithm =
                what == 2 ? cmc_oid_aes128_CBC : cmc_oid_id_alg_PWRI_KEK;
        assert_int_equal(cmc_encode_arena(&cmc_it_enveloped_data, &ed, w->arena, &ci.content, NULL),
                         CMC_OK);
        assert_int_equal(open_it(w, &ci, &who, NULL), CMC_E_REFUSED);
    }
}

/* OpenSSL's PasswordRecipientInfo is that of RFC 3211; it is read. */
static void ours_opens_openssl(void **state)
{
    struct world *w = *state;
    const EVP_CIPHER *ciphers[] = {EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc()};
    static const unsigned char password[] = "a password of OpenSSL's";

    for (size_t i = 0; i < CMC_COUNT(ciphers); i++) {
        BIO *in = BIO_new_mem_buf(TEXT, sizeof TEXT - 1), *out = BIO_new(BIO_s_mem());
        CMS_ContentInfo *cms = CMS_encrypt(NULL, in, ciphers[i], CMS_BINARY | CMS_PARTIAL);
        struct cmc_cms_recipient who = {.password = cmc_slice(password, sizeof password - 1)};
        struct cmc_slice type, content;
        struct cmc_content_info ci = {0};
        struct cmc_err err = {0};
        char *p;
        long n;

        assert_non_null(CMS_add0_recipient_password(cms, -1, NID_undef, NID_undef,
                                                    OPENSSL_memdup(password, sizeof password - 1),
                                                    (ossl_ssize_t)sizeof password - 1, NULL));
        assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
        assert_int_equal(i2d_CMS_bio(out, cms), 1);
        n = BIO_get_mem_data(out, &p);
        assert_int_equal(
            cmc_decode(&cmc_it_content_info, cmc_slice(p, (size_t)n), w->arena, &ci, NULL), CMC_OK);
        if (cmc_envelope_open(w->crypto, &ci, &who, w->arena, &type, &content, &err) != CMC_OK)
            fail_msg("%s", err.text);
        assert_true(cmc_slice_eq(content, cmc_slice_str(TEXT)));
        who.password.n--;
        stays_shut(w, &ci, &who);
        CMS_ContentInfo_free(cms);
        BIO_free(in);
        BIO_free(out);
    }
}

/* -- DH ---------------------------------------------------------------------------------- */

/* RFC 2631 section 2.1.5: a public number outside of the subgroup is no key; [10004-5.1-n] */
static void dh_keys(void **state)
{
    struct world *w = *state;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(cmc_crypto_get0_libctx(w->crypto), "DHX", NULL);
    EVP_PKEY *key = NULL, *again = NULL;
    struct cmc_slice der;
    struct cmc_spki spki = {0};
    uint8_t *bits;

    assert_true(EVP_PKEY_keygen_init(ctx) > 0);
    assert_true(EVP_PKEY_CTX_set_group_name(ctx, "dh_2048_224") > 0);
    assert_true(EVP_PKEY_generate(ctx, &key) > 0);
    assert_int_equal(cmc_key_spki(key, w->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_spki_key(w->crypto, der, &again, NULL), CMC_OK);
    assert_int_equal(EVP_PKEY_eq(key, again), 1);
    EVP_PKEY_free(again);
    assert_int_equal(cmc_decode(&cmc_it_spki, der, w->arena, &spki, NULL), CMC_OK);
    bits = cmc_arena_dup(w->arena, spki.public_key.p, spki.public_key.n);
    bits[spki.public_key.n - 1] ^= 1;
    spki = (struct cmc_spki){.algorithm = spki.algorithm,
                             .public_key = cmc_slice(bits, spki.public_key.n)};
    assert_int_equal(cmc_encode_arena(&cmc_it_spki, &spki, w->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_spki_key(w->crypto, der, &again, NULL), CMC_E_INPUT);
    assert_null(again);
    spki.algorithm.parameters = CMC_SLICE_NONE;
    assert_int_equal(cmc_encode_arena(&cmc_it_spki, &spki, w->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_spki_key(w->crypto, der, &again, NULL), CMC_E_INPUT);
    EVP_PKEY_free(key);
    key = NULL;
    /* too small to be worth anything */
    assert_true(EVP_PKEY_CTX_set_group_name(ctx, "dh_1024_160") > 0);
    assert_true(EVP_PKEY_generate(ctx, &key) > 0);
    assert_int_equal(cmc_key_spki(key, w->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_spki_key(w->crypto, der, &again, NULL), CMC_E_REFUSED);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_of_them, setup, teardown),
        cmocka_unit_test_setup_teardown(version, setup, teardown),
        cmocka_unit_test_setup_teardown(ciphers_and_tags, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_made, setup, teardown),
        cmocka_unit_test_setup_teardown(what_keys_are_for, setup, teardown),
        cmocka_unit_test_setup_teardown(one_guess, setup, teardown),
        cmocka_unit_test_setup_teardown(work_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(other_algorithms, setup, teardown),
        cmocka_unit_test_setup_teardown(ours_opens_openssl, setup, teardown),
        cmocka_unit_test_setup_teardown(dh_keys, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
