/* SPDX-License-Identifier: Apache-2.0 */
/* What the requests that we make hold, and what they must not. */
#include "../asn1/helper.h"

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request.h"

struct world {
    struct cmc_arena *arena;
    struct cmc_crypto *c;
    EVP_PKEY *rsa, *ec, *x25519;
};

static int setup(void **state)
{
    static struct world w;
    OSSL_LIB_CTX *lib;

    w.arena = cmc_arena_new(ARENA_OCTETS);
    assert_int_equal(cmc_crypto_new(&w.c, NULL), CMC_OK);
    lib = cmc_crypto_get0_libctx(w.c);
    w.rsa = EVP_PKEY_Q_keygen(lib, NULL, "RSA", (size_t)2048);
    w.ec = EVP_PKEY_Q_keygen(lib, NULL, "EC", "P-256");
    w.x25519 = EVP_PKEY_Q_keygen(lib, NULL, "X25519");
    assert_true(w.rsa != NULL && w.ec != NULL && w.x25519 != NULL);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    EVP_PKEY_free(w->rsa);
    EVP_PKEY_free(w->ec);
    EVP_PKEY_free(w->x25519);
    cmc_crypto_free(w->c);
    cmc_arena_free(w->arena);
    return 0;
}

static struct cmc_request_params params(struct world *w, EVP_PKEY *key, const char *subject)
{
    struct cmc_request_params p = {.key = key, .cert_req_id = 3, .no_signature = key == w->x25519};

    assert_int_equal(cmc_name_parse(subject, w->arena, &p.subject, NULL), CMC_OK);
    return p;
}

static const char *const subjects[] = {"", "CN=a"};

/* Subject and public key, also where the name is empty. [10002-3.2.1.2.1-a, 10002-3.2.1.2.1-c] */
static void a_pkcs10_has_a_subject_and_a_key(void **state)
{
    struct world *w = *state;
    EVP_PKEY *const keys[] = {w->rsa, w->ec, w->x25519};

    for (size_t i = 0; i < CMC_COUNT(keys); i++) {
        for (size_t k = 0; k < CMC_COUNT(subjects); k++) {
            struct cmc_request_params p = params(w, keys[i], subjects[k]);
            struct cmc_slice der, spki;
            struct cmc_csr csr = {0};

            assert_int_equal(cmc_pkcs10_create(w->c, &p, w->arena, &der, NULL), CMC_OK);
            assert_int_equal(cmc_decode(&cmc_it_csr, der, w->arena, &csr, NULL), CMC_OK);
            assert_slice_equal(csr.info.subject, p.subject);
            if (k == 0)
                assert_slice_equal(csr.info.subject, CMC_SLICE_LIT("\x30\x00"));
            assert_int_equal(cmc_key_spki(keys[i], w->arena, &spki, NULL), CMC_OK);
            assert_slice_equal(csr.info.spki.raw, spki);
            assert_non_null(csr.info.attributes.v); /* there, though empty [10002-A-p] */
            assert_int_equal(csr.info.attributes.n, 0);
        }
    }
}

/*
 * Subject and public key; no regInfo, no POPOSigningKeyInput, no indirect method, and no control
 * but the caller's.
 * [10002-3.2.1.2.2-a, 10002-3.2.1.2.2-b, 10002-3.2.1.2.2-c, 10002-3.2.1.2.2-e, 10002-3.2.1.2.2-f]
 * [10002-3.2.1.2.2-g, 10002-3.2.1.2.2-h, 10004-5.3-a, 10004-5.3-u1]
 */
static void a_crmf_is_what_cmc_allows(void **state)
{
    struct world *w = *state;
    EVP_PKEY *const keys[] = {w->rsa, w->ec, w->x25519, w->rsa};

    for (size_t i = 0; i < CMC_COUNT(keys); i++) {
        for (size_t k = 0; k < CMC_COUNT(subjects); k++) {
            struct cmc_request_params p = params(w, keys[i], subjects[k]);
            struct cmc_cert_req_msg msg = {0};
            struct cmc_slice der;

            if (i == 3)
                p.no_signature = true;
            assert_int_equal(cmc_crmf_create(w->c, &p, w->arena, &der, NULL), CMC_OK);
            assert_int_equal(cmc_decode(&cmc_it_cert_req_msg, der, w->arena, &msg, NULL), CMC_OK);
            assert_non_null(msg.request.tmpl.spki);
            assert_slice_equal(msg.request.tmpl.subject, p.subject);
            assert_null(msg.reg_info.v);
            assert_null(msg.request.controls.v);
            assert_non_null(msg.pop);
            if (p.no_signature) {
                assert_int_equal(msg.pop->which, i == 3 ? CMC_POP_KEY_ENC : CMC_POP_KEY_AGREE);
                assert_int_equal(msg.pop->u.priv_key.which, CMC_POPK_SUBSEQUENT_MESSAGE);
                assert_int_equal(msg.pop->u.priv_key.u.subsequent, 1); /* challengeResp */
            } else {
                assert_int_equal(msg.pop->which, CMC_POP_SIGNATURE);
                assert_null(msg.pop->u.signature.poposk_input.p);
            }
        }
    }
}

static void without_a_subject_there_is_none(void **state)
{
    struct world *w = *state;
    struct cmc_request_params p = params(w, w->ec, "");
    struct cmc_slice der;

    p.subject = CMC_SLICE_NONE;
    assert_int_equal(cmc_pkcs10_create(w->c, &p, w->arena, &der, NULL), CMC_E_BUG);
    assert_int_equal(cmc_crmf_create(w->c, &p, w->arena, &der, NULL), CMC_E_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pkcs10_has_a_subject_and_a_key),
        cmocka_unit_test(a_crmf_is_what_cmc_allows),
        cmocka_unit_test(without_a_subject_there_is_none),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
