/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that get something added and a new signature. */
#include "../asn1/helper.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request.h"
#include "message/request_sign.h"

struct world {
    struct cmc_arena *arena;
    struct cmc_crypto *c;
    EVP_PKEY *rsa, *p384, *other;
};

static EVP_PKEY *make(const struct cmc_crypto *c, const char *type, const char *group)
{
    EVP_PKEY *key = group != NULL
                        ? EVP_PKEY_Q_keygen(cmc_crypto_get0_libctx(c), NULL, type, group)
                        : EVP_PKEY_Q_keygen(cmc_crypto_get0_libctx(c), NULL, type, (size_t)2048);

    assert_non_null(key);
    return key;
}

static int setup(void **state)
{
    static struct world w;

    w.arena = cmc_arena_new(ARENA_OCTETS);
    assert_int_equal(cmc_crypto_new(&w.c, NULL), CMC_OK);
    w.rsa = make(w.c, "RSA", NULL);
    w.p384 = make(w.c, "EC", "P-384");
    w.other = make(w.c, "EC", "P-384");
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    EVP_PKEY_free(w->rsa);
    EVP_PKEY_free(w->p384);
    EVP_PKEY_free(w->other);
    cmc_crypto_free(w->c);
    cmc_arena_free(w->arena);
    return 0;
}

static struct cmc_request_params params(struct world *w, EVP_PKEY *key)
{
    struct cmc_slice name;

    assert_int_equal(cmc_name_parse("CN=a", w->arena, &name, NULL), CMC_OK);
    return (struct cmc_request_params){.key = key, .subject = name, .cert_req_id = 3};
}

static void check_pop(struct world *w, const struct cmc_request *rq, enum cmc_rc want)
{
    EVP_PKEY *key = NULL;

    assert_int_equal(cmc_spki_key(w->c, rq->spki, &key, NULL), CMC_OK);
    assert_int_equal(cmc_request_check_pop(w->c, rq, key, false, w->arena, NULL), want);
    EVP_PKEY_free(key);
}

/* [10002-6.3.1.1-u3] */
static void pkcs10_gets_an_attribute(void **state)
{
    struct world *w = *state;
    EVP_PKEY *const keys[] = {w->rsa, w->p384};
    struct cmc_slice value = hex(w->arena, "0401aa");

    for (size_t i = 0; i < 2; i++) {
        struct cmc_request_params p = params(w, keys[i]);
        const struct cmc_attribute *a;
        struct cmc_slice csr, out;
        struct cmc_request rq;

        assert_int_equal(cmc_pkcs10_create(w->c, &p, w->arena, &csr, NULL), CMC_OK);
        assert_int_equal(cmc_pkcs10_add_attribute(w->c, csr, cmc_oid_id_cmc_popLinkWitnessV2, value,
                                                  keys[i], NULL, w->arena, &out, NULL),
                         CMC_OK);
        assert_int_equal(cmc_request_from_pkcs10(out, w->arena, &rq, NULL), CMC_OK);
        check_pop(w, &rq, CMC_OK);
        a = cmc_attribute_find(&rq.attributes, cmc_oid_id_cmc_popLinkWitnessV2);
        assert_non_null(a);
        assert_int_equal(a->values.n, 1);
        assert_true(cmc_slice_eq(*CMC_AT(struct cmc_slice, a->values, 0), value));
    }
}

/* The POP is made with the algorithm it had, over the request with the addition.
 * [10002-6.3.1.1-u2] */
static void crmf_gets_a_control(void **state)
{
    struct world *w = *state;
    struct cmc_request_params p = params(w, w->p384);
    struct cmc_slice value = hex(w->arena, "0401aa"), msg, out;
    struct cmc_request rq;

    p.alg = cmc_sig_find(CMC_SIG_ECDSA, CMC_DIGEST_SHA256);
    for (int with_list = 0; with_list < 2; with_list++) {
        p.dogtag = with_list == 1;
        assert_int_equal(cmc_crmf_create(w->c, &p, w->arena, &msg, NULL), CMC_OK);
        assert_int_equal(cmc_crmf_add_control(w->c, msg, cmc_oid_id_cmc_popLinkWitnessV2, value,
                                              w->p384, NULL, w->arena, &out, NULL),
                         CMC_OK);
        assert_int_equal(cmc_request_from_crmf(out, w->arena, &rq, NULL), CMC_OK);
        check_pop(w, &rq, CMC_OK);
        assert_int_equal(rq.body_part_id, 3);
        assert_int_equal(rq.controls.n, 1);
        assert_true(cmc_slice_eq(rq.pop_alg.algorithm, cmc_oid_ecdsa_with_SHA256));
    }
}

static void crmf_without_pop_stays_so(void **state)
{
    struct world *w = *state;
    struct cmc_request_params p = params(w, w->rsa);
    struct cmc_slice value = hex(w->arena, "0401aa"), msg, out;
    struct cmc_request rq;

    p.no_pop = true;
    assert_int_equal(cmc_crmf_create(w->c, &p, w->arena, &msg, NULL), CMC_OK);
    assert_int_equal(cmc_crmf_add_control(w->c, msg, cmc_oid_id_cmc_popLinkWitnessV2, value, NULL,
                                          NULL, w->arena, &out, NULL),
                     CMC_OK);
    assert_int_equal(cmc_request_from_crmf(out, w->arena, &rq, NULL), CMC_OK);
    assert_int_equal(rq.pop, CMC_POP_NONE);
    assert_int_equal(rq.controls.n, 1);
}

static void another_key_is_refused(void **state)
{
    struct world *w = *state;
    struct cmc_request_params p = params(w, w->p384);
    struct cmc_slice value = hex(w->arena, "0401aa"), msg, csr, out;

    assert_int_equal(cmc_pkcs10_create(w->c, &p, w->arena, &csr, NULL), CMC_OK);
    assert_int_equal(cmc_crmf_create(w->c, &p, w->arena, &msg, NULL), CMC_OK);
    assert_int_equal(cmc_pkcs10_add_attribute(w->c, csr, cmc_oid_id_cmc_popLinkWitnessV2, value,
                                              w->other, NULL, w->arena, &out, NULL),
                     CMC_E_USAGE);
    assert_int_equal(cmc_crmf_add_control(w->c, msg, cmc_oid_id_cmc_popLinkWitnessV2, value,
                                          w->other, NULL, w->arena, &out, NULL),
                     CMC_E_USAGE);
    assert_int_equal(cmc_crmf_add_control(w->c, msg, cmc_oid_id_cmc_popLinkWitnessV2, value, NULL,
                                          NULL, w->arena, &out, NULL),
                     CMC_E_USAGE);
}

/* What Dogtag's CRMFPopClient 11.7 -y does: an extension with critical FALSE written out. */
static void explicit_defaults_are_seen(void **state)
{
    struct world *w = *state;
    struct cmc_request_params p = params(w, w->p384);
    const struct cmc_extension ski = {.extn_id = cmc_oid_id_ce_subjectKeyIdentifier,
                                      .value = hex(w->arena, "040101")};
    static const uint8_t oid[] = {0x06, 0x03, 0x55, 0x1d, 0x0e};
    struct cmc_slice msg, out;
    struct cmc_cert_req_msg m = {0};
    uint8_t *ext, *longer;
    size_t at;
    bool changed = true;

    p.exts = &ski;
    p.nexts = 1;
    assert_int_equal(cmc_crmf_create(w->c, &p, w->arena, &msg, NULL), CMC_OK);
    assert_int_equal(cmc_crmf_canonical(msg, w->arena, &out, &changed, NULL), CMC_OK);
    assert_false(changed);
    assert_true(cmc_slice_eq(out, msg));
    /* Put the BOOLEAN in behind the OID, in the extensions as they are encoded alone. */
    assert_int_equal(cmc_decode(&cmc_it_cert_req_msg, msg, w->arena, &m, NULL), CMC_OK);
    ext = memmem(m.request.tmpl.raw.p, m.request.tmpl.raw.n, oid, sizeof oid);
    assert_non_null(ext);
    at = (size_t)(ext - m.request.tmpl.raw.p);
    longer = cmc_arena_alloc(w->arena, m.request.tmpl.raw.n + 3);
    memcpy(longer, m.request.tmpl.raw.p, at + sizeof oid);
    memcpy(longer + at + sizeof oid, "\x01\x01\x00", 3);
    memcpy(longer + at + sizeof oid + 3, ext + sizeof oid, m.request.tmpl.raw.n - at - sizeof oid);
    /* SEQUENCE extension, [9] extensions, template: short forms but the last. */
    longer[at - 1] = (uint8_t)(longer[at - 1] + 3);
    longer[at - 3] = (uint8_t)(longer[at - 3] + 3);
    assert_int_equal(longer[1], 0x81);
    longer[2] = (uint8_t)(longer[2] + 3);
    m.request.tmpl.raw = cmc_slice(longer, m.request.tmpl.raw.n + 3);
    m.request.raw = CMC_SLICE_NONE;
    assert_int_equal(cmc_encode_arena(&cmc_it_cert_req_msg, &m, w->arena, &msg, NULL), CMC_OK);
    assert_int_equal(cmc_crmf_canonical(msg, w->arena, &out, &changed, NULL), CMC_OK);
    assert_true(changed);
    assert_int_equal(out.n, msg.n - 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pkcs10_gets_an_attribute),   cmocka_unit_test(crmf_gets_a_control),
        cmocka_unit_test(crmf_without_pop_stays_so),  cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(explicit_defaults_are_seen),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
