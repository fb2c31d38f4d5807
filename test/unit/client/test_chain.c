/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates lead to an anchor, and which may sign responses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../key/pki.h"
#include "client/chain.h"

struct fixture {
    struct cmc_crypto *c;
    struct cmc_arena *arena;
    struct pki_cert root, sub, ee;
    struct cmc_trust trust;
    struct cmc_err err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || cmc_crypto_new(&f->c, NULL) != CMC_OK)
        return 1;
    f->arena = cmc_arena_new(1u << 24);
    f->root = pki_make(f->arena, "root", pki_key(), NULL, -60, 3600, pki_ca_exts);
    f->sub = pki_make(f->arena, "sub", pki_key(), &f->root, -60, 3600, pki_ca_exts);
    f->ee = pki_make(f->arena, "ee", pki_key(), &f->sub, -60, 1800, pki_ee_exts);
    f->trust =
        (struct cmc_trust){.anchors = &f->root.der, .nanchors = 1, .now = (int64_t)time(NULL)};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pki_free(&f->ee);
    pki_free(&f->sub);
    pki_free(&f->root);
    cmc_crypto_free(f->c);
    cmc_arena_free(f->arena);
    free(f);
    return 0;
}

static enum cmc_rc check(struct fixture *f, struct cmc_slice leaf, const struct cmc_slice *others,
                         size_t n, struct cmc_chain *chain)
{
    return cmc_chain_check(f->c, leaf, others, n, &f->trust, f->arena, chain, &f->err);
}

static void assert_refused(struct fixture *f, struct cmc_slice leaf, const struct cmc_slice *others,
                           size_t n, const char *text)
{
    assert_int_equal(check(f, leaf, others, n, NULL), CMC_E_REFUSED);
    if (strstr(f->err.text, text) == NULL)
        fail_msg("'%s' does not say '%s'", f->err.text, text);
}

static void path_over_an_intermediate(void **state)
{
    struct fixture *f = *state;
    struct cmc_chain chain;

    assert_int_equal(check(f, f->ee.der, &f->sub.der, 1, &chain), CMC_OK);
    assert_int_equal(chain.n, 3);
    assert_true(cmc_slice_eq(chain.certs[0], f->ee.der));
    assert_true(cmc_slice_eq(chain.certs[1], f->sub.der));
    assert_true(cmc_slice_eq(chain.certs[2], f->root.der));
    assert_refused(f, f->ee.der, NULL, 0, "CN=ee");
}

static void an_intermediate_may_be_the_anchor(void **state)
{
    struct fixture *f = *state;
    struct cmc_chain chain;

    f->trust.anchors = &f->sub.der;
    assert_int_equal(check(f, f->ee.der, NULL, 0, &chain), CMC_OK);
    assert_int_equal(chain.n, 2);
}

/* RFC 10002 section 4.1: a self-signed certificate is not trusted because it came along.
 * [10002-4.1-f, 10002-4.2-f, 10002-4.1-e, 10002-4.2-e] */
static void a_root_that_came_along_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    struct pki_cert other = pki_make(f->arena, "other", pki_key(), NULL, -60, 3600, pki_ca_exts);
    struct pki_cert leaf = pki_make(f->arena, "leaf", pki_key(), &other, -60, 3600, pki_ee_exts);

    assert_refused(f, leaf.der, &other.der, 1, "no trusted path");
    pki_free(&leaf);
    pki_free(&other);
}

/* A CA of two superiors: who trusts either finds the way, whatever came first. */
static void a_cross_certified_ca(void **state)
{
    struct fixture *f = *state;
    struct pki_cert other = pki_make(f->arena, "other", pki_key(), NULL, -60, 3600, pki_ca_exts);
    struct pki_cert cross;
    struct cmc_slice roots[2] = {f->root.der, other.der};

    assert_int_equal(EVP_PKEY_up_ref(f->sub.key), 1);
    cross = pki_make(f->arena, "sub", f->sub.key, &other, -60, 3600, pki_ca_exts);
    for (size_t i = 0; i < 4; i++) {
        struct cmc_slice way[2] = {f->sub.der, cross.der};
        struct cmc_slice others[] = {way[i / 2], way[1 - i / 2], f->root.der, other.der};
        struct cmc_chain chain;

        f->trust.anchors = &roots[i % 2];
        assert_int_equal(check(f, f->ee.der, others, 4, &chain), CMC_OK);
        assert_int_equal(chain.n, 3);
        assert_true(cmc_slice_eq(chain.certs[1], way[i % 2]));
        assert_true(cmc_slice_eq(chain.certs[2], roots[i % 2]));
        /* Not over the one that leads elsewhere. */
        assert_refused(f, f->ee.der, &way[1 - i % 2], 1, "no trusted path");
    }
    pki_free(&cross);
    pki_free(&other);
}

static void an_end_entity_issues_nothing(void **state)
{
    struct fixture *f = *state;
    struct pki_cert leaf = pki_make(f->arena, "leaf", pki_key(), &f->ee, -60, 3600, pki_ee_exts);
    struct cmc_slice others[] = {f->ee.der, f->sub.der};

    assert_refused(f, leaf.der, others, 2, "CN=ee");
    pki_free(&leaf);
}

static void time_is_the_callers(void **state)
{
    struct fixture *f = *state;

    f->trust.now += 1900;
    assert_refused(f, f->ee.der, &f->sub.der, 1, "expired");
    f->trust.now -= 2 * 1900;
    assert_refused(f, f->ee.der, &f->sub.der, 1, "not yet valid");
}

static void changed_signature(void **state)
{
    struct fixture *f = *state;
    uint8_t *p = cmc_arena_dup(f->arena, f->ee.der.p, f->ee.der.n);

    p[f->ee.der.n - 1] ^= 1;
    assert_refused(f, cmc_slice(p, f->ee.der.n), &f->sub.der, 1, "no trusted path");
}

static void no_anchor_and_no_certificate(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(check(f, CMC_SLICE_LIT("0123"), NULL, 0, NULL), CMC_E_INPUT);
    f->trust.nanchors = 0;
    assert_int_equal(check(f, f->ee.der, NULL, 0, NULL), CMC_E_USAGE);
}

/* -- responders -------------------------------------------------------------------------- */

static void who_may_sign_responses(void **state)
{
    static const struct pki_ext wrong_usage[] = {{"keyUsage", "critical,keyEncipherment"},
                                                 {"extendedKeyUsage", "1.3.6.1.5.5.7.3.27"},
                                                 {NULL, NULL}};
    static const struct pki_ext other_purpose[] = {{"keyUsage", "critical,digitalSignature"},
                                                   {"extendedKeyUsage", "serverAuth"},
                                                   {NULL, NULL}};
    static const struct pki_ext no_usage[] = {{"extendedKeyUsage", "1.3.6.1.5.5.7.3.27"},
                                              {NULL, NULL}};
    static const struct {
        const struct pki_ext *exts;
        enum cmc_rc rc, rc_without_eku;
    } cases[] = {
        {pki_responder_exts, CMC_OK, CMC_OK},        {no_usage, CMC_OK, CMC_OK},
        {pki_ee_exts, CMC_E_REFUSED, CMC_OK},        {other_purpose, CMC_E_REFUSED, CMC_OK},
        {wrong_usage, CMC_E_REFUSED, CMC_E_REFUSED},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pki_cert c =
            pki_make(f->arena, "responder", pki_key(), &f->root, -60, 3600, cases[i].exts);

        f->trust.no_eku = false;
        assert_int_equal(cmc_responder_check(c.der, &f->trust, f->arena, &f->err), cases[i].rc);
        f->trust.no_eku = true;
        assert_int_equal(cmc_responder_check(c.der, &f->trust, f->arena, &f->err),
                         cases[i].rc_without_eku);
        pki_free(&c);
    }
}

/* The trusted CA itself may sign; another CA may not, without the purpose. */
static void the_anchor_may_sign(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(cmc_responder_check(f->root.der, &f->trust, f->arena, &f->err), CMC_OK);
    assert_int_equal(cmc_responder_check(f->sub.der, &f->trust, f->arena, &f->err), CMC_E_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(path_over_an_intermediate, setup, teardown),
        cmocka_unit_test_setup_teardown(an_intermediate_may_be_the_anchor, setup, teardown),
        cmocka_unit_test_setup_teardown(a_root_that_came_along_is_not_trusted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cross_certified_ca, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_entity_issues_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(time_is_the_callers, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(no_anchor_and_no_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(who_may_sign_responses, setup, teardown),
        cmocka_unit_test_setup_teardown(the_anchor_may_sign, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
