/* SPDX-License-Identifier: Apache-2.0 */
/* The challenge of RFC 10002 section 6.7 without a server around it, and Dogtag's form of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/file.h"
#include "control/proof.h"
#include "message/body.h"
#include "pop/challenge.h"

struct world {
    struct cmc_crypto *crypto;
    struct cmc_arena *arena;
    struct cmc_challenge_secrets secrets;
};

static int setup(void **state)
{
    static struct world w;

    assert_int_equal(cmc_crypto_new(&w.crypto, NULL), CMC_OK);
    w.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    memset(&w.secrets.now, 0x11, sizeof w.secrets.now);
    memset(&w.secrets.before, 0x22, sizeof w.secrets.before);
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

static const char *const kinds[][2] = {
    {"RSA", NULL}, {"EC", "P-256"}, {"EC", "P-521"}, {"X25519", NULL}, {"X448", NULL}};

static EVP_PKEY *new_key(struct world *w, size_t kind)
{
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(w->crypto);
    EVP_PKEY *key = kind == 0 ? EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)2048)
                    : kinds[kind][1] != NULL
                        ? EVP_PKEY_Q_keygen(lib, NULL, kinds[kind][0], kinds[kind][1])
                        : EVP_PKEY_Q_keygen(lib, NULL, kinds[kind][0]);

    assert_non_null(key);
    return key;
}

/* A no-signature PKCS#10 as TaggedRequest number 42. */
static struct cmc_tagged_request request_for(struct world *w, EVP_PKEY *key, const char *subject)
{
    struct cmc_request_params p = {.key = key, .no_signature = true};
    struct cmc_pkidata body = {0}, again = {0};
    struct cmc_slice csr, der;

    assert_int_equal(cmc_name_parse(subject, w->arena, &p.subject, NULL), CMC_OK);
    assert_int_equal(cmc_pkcs10_create(w->crypto, &p, w->arena, &csr, NULL), CMC_OK);
    assert_int_equal(cmc_body_add_pkcs10(w->arena, &body, 42, csr, NULL), CMC_OK);
    assert_int_equal(cmc_pkidata_encode(w->arena, &body, &der, NULL), CMC_OK);
    assert_int_equal(cmc_pkidata_open(der, false, w->arena, &again, NULL), CMC_OK);
    return *CMC_AT(struct cmc_tagged_request, again.requests, 0);
}

/* The challenge as it arrives: through octets. */
static struct cmc_encrypted_pop challenge(struct world *w, const struct cmc_tagged_request *tr,
                                          EVP_PKEY *key)
{
    struct cmc_encrypted_pop made, got = {0};
    struct cmc_request rq;
    struct cmc_slice der;

    assert_int_equal(cmc_request_from_tagged(tr, w->arena, &rq, NULL), CMC_OK);
    assert_int_equal(rq.pop, CMC_POP_BY_CHALLENGE);
    assert_int_equal(
        cmc_challenge_make(w->crypto, &w->secrets, tr, &rq, key, w->arena, &made, NULL), CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_encrypted_pop, &made, w->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_encrypted_pop, der, w->arena, &got, NULL), CMC_OK);
    assert_true(cmc_slice_eq(got.request.raw, tr->raw));
    return got;
}

static enum cmc_rc check(struct world *w, const struct cmc_tagged_request *tr,
                         const struct cmc_decrypted_pop *pop, struct cmc_err *err)
{
    return cmc_challenge_check(w->crypto, &w->secrets, tr, pop, false, err);
}

/* [10002-6.7-u2, 10002-6.7-u8, 10002-6.7-u3] [10002-6.7-u6, 10002-6.7-u7] */
static void both_sides(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        EVP_PKEY *key = new_key(w, i);
        struct cmc_tagged_request tr = request_for(w, key, "CN=a"),
                                  other = request_for(w, key, "CN=b");
        struct cmc_encrypted_pop ep = challenge(w, &tr, key);
        struct cmc_decrypted_pop pop;
        struct cmc_err err = {0};

        assert_int_equal(cmc_challenge_answer(w->crypto, &ep, key, w->arena, &pop, &err), CMC_OK);
        assert_int_equal(pop.body_part_id, 42);
        assert_true(cmc_slice_eq(pop.pop_alg.algorithm, cmc_oid_hmacWithSHA256));
        assert_int_equal(check(w, &tr, &pop, &err), CMC_OK);
        /* for this request only */
        assert_int_equal(check(w, &other, &pop, &err), CMC_E_CRYPTO);
        assert_int_equal(err.fail_info, CMC_FAIL_POP_FAILED);
        /* and as it is */
        ((uint8_t *)(uintptr_t)pop.pop.p)[31] ^= 1;
        assert_int_equal(check(w, &tr, &pop, &err), CMC_E_CRYPTO);
        ((uint8_t *)(uintptr_t)pop.pop.p)[31] ^= 1;
        pop.pop.n = 16;
        assert_int_equal(check(w, &tr, &pop, &err), CMC_E_CRYPTO);
        EVP_PKEY_free(key);
    }
}

/* An answer that was under way when the secret changed is good; one from longer ago is not. */
static void secrets_change(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, 3);
    struct cmc_tagged_request tr = request_for(w, key, "CN=a");
    struct cmc_encrypted_pop ep = challenge(w, &tr, key);
    struct cmc_decrypted_pop pop;

    assert_int_equal(cmc_challenge_answer(w->crypto, &ep, key, w->arena, &pop, NULL), CMC_OK);
    memcpy(w->secrets.before, w->secrets.now, sizeof w->secrets.before);
    memset(w->secrets.now, 0x33, sizeof w->secrets.now);
    assert_int_equal(check(w, &tr, &pop, NULL), CMC_OK);
    memset(w->secrets.before, 0x33, sizeof w->secrets.before);
    assert_int_equal(check(w, &tr, &pop, NULL), CMC_E_CRYPTO);
    EVP_PKEY_free(key);
}

/* Other HMACs go too, an unknown MAC and SHA-1 do not. [10004-5.1-w, 10004-5.1-x, 10002-A-bc] */
static void algorithms(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, 3);
    struct cmc_tagged_request tr = request_for(w, key, "CN=a");
    static const struct {
        const struct cmc_slice *oid;
        enum cmc_rc rc;
    } rows[] = {{&cmc_oid_hmacWithSHA384, CMC_OK},
                {&cmc_oid_hmacWithSHA512, CMC_OK},
                {&cmc_oid_hmacWithSHA1, CMC_E_REFUSED},
                {&cmc_oid_sha256, CMC_E_REFUSED}};

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct cmc_encrypted_pop ep = challenge(w, &tr, key);
        struct cmc_decrypted_pop pop = {0};
        struct cmc_err err = {0};

        ep.pop_alg = (struct cmc_algid){.algorithm = *rows[i].oid};
        assert_int_equal(cmc_challenge_answer(w->crypto, &ep, key, w->arena, &pop, &err),
                         rows[i].rc);
        assert_int_equal(check(w, &tr, &pop, &err), rows[i].rc);
        if (rows[i].rc != CMC_OK)
            assert_int_equal(err.fail_info, CMC_FAIL_BAD_ALG);
    }
    EVP_PKEY_free(key);
}

/* A challenge for another key, one whose witness is wrong, one that was touched: one error.
 * [10002-6.7-u4] */
static void client_refuses(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        EVP_PKEY *key = new_key(w, i), *other = new_key(w, i);
        struct cmc_tagged_request tr = request_for(w, key, "CN=a");
        struct cmc_encrypted_pop ep = challenge(w, &tr, key);
        struct cmc_decrypted_pop pop;
        struct cmc_err first = {0}, second = {0};

        assert_int_equal(cmc_challenge_answer(w->crypto, &ep, other, w->arena, &pop, &first),
                         CMC_E_CRYPTO);
        assert_int_equal(first.fail_info, CMC_FAIL_POP_FAILED);
        assert_null(pop.pop.p);
        ((uint8_t *)(uintptr_t)ep.witness.p)[0] ^= 1;
        assert_int_equal(cmc_challenge_answer(w->crypto, &ep, key, w->arena, &pop, &second),
                         CMC_E_CRYPTO);
        assert_string_equal(first.text, second.text);
        assert_null(pop.pop.p);
        EVP_PKEY_free(other);
        EVP_PKEY_free(key);
    }
}

/* Named by the SKI that is asked for; else by an empty issuer and the body part id.
 * [10002-6.7-d, 10002-6.7-e, 10002-6.7-f] */
static void recipient_is_named(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, 0);
    struct cmc_tagged_request tr = request_for(w, key, "CN=a");
    static const uint8_t ski[] = {4, 3, 1, 2, 3};
    struct cmc_extension ext = {.extn_id = cmc_oid_id_ce_subjectKeyIdentifier,
                                .value = {ski, sizeof ski}};
    struct cmc_encrypted_pop ep;
    struct cmc_request rq;

    for (int with_ski = 0; with_ski < 2; with_ski++) {
        const struct cmc_ktri *ktri;
        struct cmc_enveloped_data ed;
        uint64_t serial = 0;

        assert_int_equal(cmc_request_from_tagged(&tr, w->arena, &rq, NULL), CMC_OK);
        if (with_ski)
            rq.extensions = (struct cmc_list){.v = &ext, .n = 1};
        assert_int_equal(
            cmc_challenge_make(w->crypto, &w->secrets, &tr, &rq, key, w->arena, &ep, NULL), CMC_OK);
        assert_int_equal(cmc_enveloped_data_open(&ep.cms, w->arena, &ed, NULL), CMC_OK);
        ktri = &CMC_AT(const struct cmc_recipient_info, ed.recipients, 0)->u.ktri;
        assert_int_equal(ktri->rid.which, with_ski ? CMC_SID_SKI : CMC_SID_ISSUER_SERIAL);
        if (with_ski) {
            assert_true(cmc_slice_eq(ktri->rid.u.ski, cmc_slice(ski + 2, 3)));
        } else {
            assert_true(cmc_slice_eq(ktri->rid.u.issuer_serial.issuer, CMC_SLICE_LIT("\x30\x00")));
            assert_true(cmc_int_get_u64(ktri->rid.u.issuer_serial.serial, &serial));
            assert_int_equal(serial, 42);
        }
    }
    EVP_PKEY_free(key);
}

/* -- Dogtag ------------------------------------------------------------------------------ */

/*
 * As Dogtag makes it: y of 64 octets, AES-128-CBC without padding, the IV that counts in
 * thePOPAlgID, another one in the envelope.
 */
static struct cmc_encrypted_pop dogtag_challenge(struct world *w,
                                                 const struct cmc_tagged_request *tr, EVP_PKEY *key,
                                                 struct cmc_slice y)
{
    const struct cmc_cipher_alg *alg = cmc_cipher_by_name("aes128-cbc");
    static const uint8_t session[16] = {7}, iv[16] = {9}, placeholder[16] = {1};
    struct cmc_recipient_info *ri = cmc_arena_alloc(w->arena, sizeof *ri);
    struct cmc_enveloped_data ed = {.recipients = {.v = ri, .n = 1},
                                    .content.type = cmc_oid_id_data};
    struct cmc_encrypted_pop ep = {.request = *tr};
    static const uint8_t zero[] = {0}, null[] = {5, 0};
    uint8_t md[CMC_DIGEST_MAX];
    size_t n;

    ri->which = CMC_RI_KTRI;
    assert_int_equal(cmc_name_parse("CN=unUsedIssuerName", w->arena,
                                    &ri->u.ktri.rid.u.issuer_serial.issuer, NULL),
                     CMC_OK);
    ri->u.ktri.rid.u.issuer_serial.serial = cmc_slice(zero, 1);
    ri->u.ktri.key_encryption =
        (struct cmc_algid){.algorithm = cmc_oid_rsaEncryption, .parameters = cmc_slice(null, 2)};
    assert_int_equal(cmc_rsa_encrypt(w->crypto, key, CMC_RSA_PKCS1_V15, cmc_slice(session, 16),
                                     w->arena, &ri->u.ktri.encrypted_key, NULL),
                     CMC_OK);
    assert_int_equal(
        cmc_cipher_algid(alg, cmc_slice(placeholder, 16), w->arena, &ed.content.algorithm, NULL),
        CMC_OK);
    assert_int_equal(cmc_cipher(w->crypto, alg, CMC_ENCRYPT, cmc_slice(session, 16),
                                cmc_slice(iv, 16), false, y, w->arena, &ed.content.content, NULL),
                     CMC_OK);
    ep.cms.content_type = cmc_oid_id_envelopedData;
    assert_int_equal(cmc_encode_arena(&cmc_it_enveloped_data, &ed, w->arena, &ep.cms.content, NULL),
                     CMC_OK);
    assert_int_equal(cmc_cipher_algid(alg, cmc_slice(iv, 16), w->arena, &ep.pop_alg, NULL), CMC_OK);
    cmc_digest_algid(CMC_DIGEST_SHA256, &ep.witness_alg);
    assert_int_equal(cmc_digest(w->crypto, CMC_DIGEST_SHA256, y, md, &n, NULL), CMC_OK);
    ep.witness = cmc_arena_slice(w->arena, cmc_slice(md, n));
    return ep;
}

static void dogtag_form(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, 0);
    struct cmc_tagged_request tr = request_for(w, key, "CN=a");
    uint8_t y[64], want[CMC_DIGEST_MAX];
    struct cmc_encrypted_pop ep;
    struct cmc_decrypted_pop pop;
    size_t n;

    memset(y, 0x5a, sizeof y);
    ep = dogtag_challenge(w, &tr, key, cmc_slice(y, sizeof y));
    assert_int_equal(cmc_challenge_answer(w->crypto, &ep, key, w->arena, &pop, NULL), CMC_OK);
    assert_true(cmc_slice_eq(pop.pop_alg.algorithm, cmc_oid_aes128_CBC));
    assert_int_equal(cmc_hmac(w->crypto, cmc_mac_by_name("hmac-sha256"), cmc_slice(y, sizeof y),
                              tr.raw, want, &n, NULL),
                     CMC_OK);
    assert_true(cmc_slice_eq(pop.pop, cmc_slice(want, n)));
    /* a server that does not serve Dogtag's clients knows no such MAC */
    assert_int_equal(check(w, &tr, &pop, NULL), CMC_E_REFUSED);
    assert_int_equal(cmc_challenge_check(w->crypto, &w->secrets, &tr, &pop, true, NULL),
                     CMC_E_CRYPTO); /* known, but another y */
    EVP_PKEY_free(key);
}

/* What the server makes for Dogtag's client: as that reads it, answered, checked. */
static void dogtag_form_made(void **state)
{
    struct world *w = *state;
    EVP_PKEY *key = new_key(w, 0), *ec = new_key(w, 1);
    struct cmc_tagged_request tr = request_for(w, key, "CN=a"), other = request_for(w, key, "CN=b");
    struct cmc_slice der, iv;
    struct cmc_encrypted_pop made, ep = {0};
    struct cmc_enveloped_data ed;
    const struct cmc_cipher_alg *alg;
    const struct cmc_ktri *ktri;
    struct cmc_decrypted_pop pop;

    assert_int_equal(
        cmc_challenge_make_dogtag(w->crypto, &w->secrets, &tr, ec, w->arena, &made, NULL),
        CMC_E_USAGE);
    assert_int_equal(
        cmc_challenge_make_dogtag(w->crypto, &w->secrets, &tr, key, w->arena, &made, NULL), CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_encrypted_pop, &made, w->arena, &der, NULL), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_encrypted_pop, der, w->arena, &ep, NULL), CMC_OK);
    assert_true(cmc_slice_eq(ep.request.raw, tr.raw));
    /* AES-128 in both places, the IV in the first */
    assert_int_equal(cmc_enveloped_data_open(&ep.cms, w->arena, &ed, NULL), CMC_OK);
    assert_true(cmc_slice_eq(ep.pop_alg.algorithm, cmc_oid_aes128_CBC));
    assert_true(cmc_slice_eq(ed.content.algorithm.algorithm, cmc_oid_aes128_CBC));
    assert_true(cmc_slice_eq(ed.content.type, cmc_oid_id_data));
    assert_int_equal(cmc_cipher_from_algid(&ep.pop_alg, &alg, NULL), CMC_OK);
    assert_int_equal(cmc_cipher_iv(alg, &ed.content.algorithm, w->arena, &iv, NULL), CMC_OK);
    for (size_t i = 0; i < iv.n; i++)
        assert_int_equal(iv.p[i], 1);
    assert_int_equal(cmc_cipher_iv(alg, &ep.pop_alg, w->arena, &iv, NULL), CMC_OK);
    assert_false(iv.p[0] == 1 && iv.p[1] == 1 && iv.p[2] == 1 && iv.p[3] == 1);
    assert_int_equal(ed.content.content.n, 64); /* whole blocks, no padding */
    assert_int_equal(ed.version, 0);
    assert_int_equal(ed.recipients.n, 1);
    ktri = &CMC_AT(const struct cmc_recipient_info, ed.recipients, 0)->u.ktri;
    assert_int_equal(ktri->version, 0);
    assert_true(cmc_slice_eq(ktri->key_encryption.algorithm, cmc_oid_rsaEncryption));
    assert_int_equal(ktri->key_encryption.parameters.n, 2);
    assert_true(cmc_slice_eq(ep.witness_alg.algorithm, cmc_oid_sha256));
    assert_null(ep.witness_alg.parameters.p);

    assert_int_equal(cmc_challenge_answer(w->crypto, &ep, key, w->arena, &pop, NULL), CMC_OK);
    assert_int_equal(cmc_challenge_check(w->crypto, &w->secrets, &tr, &pop, true, NULL), CMC_OK);
    assert_int_equal(cmc_challenge_check(w->crypto, &w->secrets, &other, &pop, true, NULL),
                     CMC_E_CRYPTO);
    assert_int_equal(check(w, &tr, &pop, NULL), CMC_E_REFUSED);
    /* the RFC's MAC named instead: another y, so not this answer */
    pop.pop_alg = (struct cmc_algid){.algorithm = cmc_oid_hmacWithSHA256};
    assert_int_equal(cmc_challenge_check(w->crypto, &w->secrets, &tr, &pop, true, NULL),
                     CMC_E_CRYPTO);
    EVP_PKEY_free(ec);
    EVP_PKEY_free(key);
}

/* -- known answers ----------------------------------------------------------------------- */

/* The value of a member of kat.json, which is one level of strings in hex. */
static struct cmc_slice kat(struct world *w, struct cmc_slice json, const char *name)
{
    char *text = cmc_arena_strndup(w->arena, (const char *)json.p, json.n);
    char *quoted = cmc_arena_printf(w->arena, "\"%s\": \"", name);
    char *at = strstr(text, quoted);
    uint8_t *out;
    size_t n;

    assert_non_null(at);
    at += strlen(quoted);
    n = strcspn(at, "\"") / 2;
    out = cmc_arena_alloc(w->arena, n);
    for (size_t i = 0; i < n; i++) {
        const char two[3] = {at[2 * i], at[2 * i + 1], '\0'};

        out[i] = (uint8_t)strtoul(two, NULL, 16);
    }
    return cmc_slice(out, n);
}

static struct cmc_slice data_file(struct world *w, const char *name)
{
    char *path = cmc_arena_printf(w->arena, "%s/cmc/%s", getenv("CMC_TEST_DATA"), name);
    struct cmc_buf b;
    struct cmc_slice out;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    assert_int_equal(cmc_file_read(path, &b, NULL), CMC_OK);
    out = cmc_arena_slice(w->arena, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return out;
}

/* [10002-6.7-u4, 10002-6.7-u8, 10004-5.1-w, 10004-5.1-x] */
static void known_answers(void **state)
{
    struct world *w = *state;
    struct cmc_slice json = data_file(w, "kat.json");
    struct cmc_slice y = kat(w, json, "encryptedPOP_y"), y96 = kat(w, json, "decryptedPOP_y96");
    struct cmc_tagged_attribute ta = {0};
    struct cmc_encrypted_pop ep = {0};
    const struct cmc_mac_alg *mac = cmc_mac_by_name("hmac-sha256");
    uint8_t out[CMC_DIGEST_MAX];
    size_t n = 0;

    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute, data_file(w, "ctl_encryptedPOP.der"),
                                w->arena, &ta, NULL),
                     CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_encrypted_pop, *CMC_AT(struct cmc_slice, ta.values, 0),
                                w->arena, &ep, NULL),
                     CMC_OK);
    /* the TaggedRequest is the one that the values were computed over */
    assert_int_equal(cmc_digest(w->crypto, CMC_DIGEST_SHA256, ep.request.raw, out, &n, NULL),
                     CMC_OK);
    assert_true(cmc_slice_eq(kat(w, json, "taggedRequest_der_sha256"), cmc_slice(out, n)));
    assert_true(cmc_slice_eq(kat(w, json, "encryptedPOP_witness_sha256"), ep.witness));
    assert_int_equal(cmc_encrypted_pop_check(w->crypto, &ep, y, NULL), CMC_OK);
    assert_int_equal(cmc_encrypted_pop_check(w->crypto, &ep, y96, NULL), CMC_E_CRYPTO);
    assert_int_equal(cmc_decrypted_pop(w->crypto, mac, y, ep.request.raw, out, &n, NULL), CMC_OK);
    assert_true(cmc_slice_eq(kat(w, json, "decryptedPOP_thePOP_hmacsha256_over_TaggedRequest_der"),
                             cmc_slice(out, n)));
    assert_int_equal(cmc_decrypted_pop(w->crypto, mac, y96, ep.request.raw, out, &n, NULL), CMC_OK);
    assert_true(cmc_slice_eq(kat(w, json, "decryptedPOP_thePOP_y_longer_than_64_uses_first_64"),
                             cmc_slice(out, n)));
    assert_false(cmc_slice_eq(kat(w, json, "decryptedPOP_thePOP_y96_plain_hmac_(WRONG_per_RFC)"),
                              cmc_slice(out, n)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_sides, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets_change, setup, teardown),
        cmocka_unit_test_setup_teardown(algorithms, setup, teardown),
        cmocka_unit_test_setup_teardown(client_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(recipient_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(dogtag_form, setup, teardown),
        cmocka_unit_test_setup_teardown(dogtag_form_made, setup, teardown),
        cmocka_unit_test_setup_teardown(known_answers, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
