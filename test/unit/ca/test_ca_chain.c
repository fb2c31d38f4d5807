/* SPDX-License-Identifier: Apache-2.0 */
/* Which certificates belong to the chain of a CA, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../key/pki.h"
#include "base/limit.h"
#include "ca/ca_chain.h"

struct fixture {
    struct cmc_crypto *c;
    struct cmc_arena *arena;
    struct pki_cert root, upper, ca;        /* ours */
    struct pki_cert other, cross, new_root; /* other certifies upper; it is certified in turn */
    struct pki_cert leaf;
    size_t npath, odd;
    struct cmc_err err;
};

/* Another certificate of the same CA. */
static struct pki_cert again(struct fixture *f, const struct pki_cert *of,
                             const struct pki_cert *issuer)
{
    struct pki_cert out;

    assert_int_equal(EVP_PKEY_up_ref(of->key), 1);
    out = pki_make(f->arena, of->cn, of->key, issuer, -60, 3600, pki_ca_exts);
    return out;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (f == NULL || cmc_crypto_new(&f->c, NULL) != CMC_OK)
        return 1;
    f->arena = cmc_arena_new(1u << 24);
    f->root = pki_make(f->arena, "root", pki_key(), NULL, -60, 3600, pki_ca_exts);
    f->upper = pki_make(f->arena, "upper", pki_key(), &f->root, -60, 3600, pki_ca_exts);
    f->ca = pki_make(f->arena, "ca", pki_key(), &f->upper, -60, 3600, pki_ca_exts);
    f->other = pki_make(f->arena, "other", pki_key(), NULL, -60, 3600, pki_ca_exts);
    f->cross = again(f, &f->upper, &f->other);
    f->new_root = pki_make(f->arena, "root", pki_key(), NULL, -60, 3600, pki_ca_exts);
    f->leaf = pki_make(f->arena, "leaf", pki_key(), &f->upper, -60, 3600, pki_ee_exts);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pki_free(&f->leaf);
    pki_free(&f->new_root);
    pki_free(&f->cross);
    pki_free(&f->other);
    pki_free(&f->ca);
    pki_free(&f->upper);
    pki_free(&f->root);
    cmc_crypto_free(f->c);
    cmc_arena_free(f->arena);
    free(f);
    return 0;
}

static enum cmc_rc sort(struct fixture *f, struct cmc_slice *certs, size_t n)
{
    return cmc_ca_chain_sort(f->c, certs, n, f->arena, &f->npath, &f->odd, &f->err);
}

#define SORT(f, certs) sort(f, certs, sizeof(certs) / sizeof(certs)[0])

static void assert_order(const struct cmc_slice *certs, const struct cmc_slice *expected, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_true(cmc_slice_eq(certs[i], expected[i]));
}

/* Refused at this place, and nothing was moved. */
static void assert_odd(struct fixture *f, struct cmc_slice *certs, size_t n, size_t odd,
                       const char *text)
{
    struct cmc_slice *was = cmc_arena_dup(f->arena, certs, n * sizeof *certs);

    assert_int_equal(sort(f, certs, n), CMC_E_USAGE);
    assert_int_equal(f->odd, odd);
    assert_order(certs, was, n);
    if (strstr(f->err.text, text) == NULL)
        fail_msg("'%s' does not say '%s'", f->err.text, text);
}

#define ASSERT_ODD(f, certs, odd, text)                                                            \
    assert_odd(f, certs, sizeof(certs) / sizeof(certs)[0], odd, text)

static void the_path_comes_first(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice alone[] = {f->root.der};
    struct cmc_slice mixed[] = {f->ca.der, f->root.der, f->upper.der};
    struct cmc_slice expected[] = {f->ca.der, f->upper.der, f->root.der};
    struct cmc_slice rootless[] = {f->ca.der, f->upper.der};

    assert_int_equal(SORT(f, alone), CMC_OK);
    assert_int_equal(f->npath, 1);
    assert_int_equal(SORT(f, mixed), CMC_OK);
    assert_int_equal(f->npath, 3);
    assert_order(mixed, expected, 3);
    assert_int_equal(SORT(f, rootless), CMC_OK);
    assert_int_equal(f->npath, 2);
}

static void as_deep_as_the_limit(void **state)
{
    struct fixture *f = *state;
    struct pki_cert made[CMC_LIMIT_CMS_CERTS];
    struct cmc_slice certs[CMC_LIMIT_CMS_CERTS], expected[CMC_LIMIT_CMS_CERTS];
    size_t n = CMC_LIMIT_CMS_CERTS;

    for (size_t i = 0; i < n; i++) {
        char cn[] = {'c', (char)('A' + (char)i), '\0'};

        made[i] =
            pki_make(f->arena, cn, pki_key(), i > 0 ? &made[i - 1] : NULL, -60, 3600, pki_ca_exts);
        expected[n - 1 - i] = made[i].der;
        certs[i] = made[i].der;
    }
    /* The CA itself is the first; the others stand from the root down. */
    certs[0] = made[n - 1].der;
    certs[n - 1] = made[0].der;
    assert_int_equal(sort(f, certs, n), CMC_OK);
    assert_int_equal(f->npath, n);
    assert_order(certs, expected, n);
    for (size_t i = 0; i < n; i++)
        pki_free(&made[i]);
}

static void cross_certificates_come_behind(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice certs[] = {f->ca.der, f->other.der, f->cross.der, f->root.der, f->upper.der};
    struct cmc_slice expected[] = {f->ca.der, f->upper.der, f->root.der, f->cross.der,
                                   f->other.der};
    struct cmc_slice given[] = {f->ca.der, f->upper.der, f->cross.der, f->root.der};

    /* Of two issuers that fit the first goes into the path, if none of them is a root. */
    assert_int_equal(SORT(f, given), CMC_OK);
    assert_int_equal(f->npath, 3);
    assert_true(cmc_slice_eq(given[3], f->cross.der));
    certs[2] = f->upper.der;
    certs[4] = f->cross.der;
    assert_int_equal(SORT(f, certs), CMC_OK);
    assert_int_equal(f->npath, 3);
    assert_order(certs, expected, 5);
}

/* A root that is certified by another is still the end, wherever it stands. */
static void a_root_goes_before_its_cross_certificate(void **state)
{
    struct fixture *f = *state;
    struct pki_cert cross = again(f, &f->root, &f->other);
    struct cmc_slice certs[] = {f->upper.der, cross.der, f->other.der, f->root.der};
    struct cmc_slice expected[] = {f->upper.der, f->root.der, cross.der, f->other.der};

    assert_int_equal(SORT(f, certs), CMC_OK);
    assert_int_equal(f->npath, 2);
    assert_order(certs, expected, 4);
    pki_free(&cross);
}

/* RFC 4210 section 4.4: the old root, the new one, and what each says of the other. */
static void a_root_with_a_new_key(void **state)
{
    struct fixture *f = *state;
    struct pki_cert new_with_old = again(f, &f->new_root, &f->root);
    struct pki_cert old_with_new = again(f, &f->root, &f->new_root);
    struct cmc_slice certs[] = {f->new_root.der, old_with_new.der, f->root.der, new_with_old.der};
    struct cmc_slice unrelated[] = {f->new_root.der, f->root.der};

    assert_int_equal(SORT(f, certs), CMC_OK);
    assert_int_equal(f->npath, 1);
    assert_true(cmc_slice_eq(certs[1], new_with_old.der));
    /* The same name alone is no relation. */
    ASSERT_ODD(f, unrelated, 1, "CN=root");
    pki_free(&old_with_new);
    pki_free(&new_with_old);
}

static void two_that_certify_each_other(void **state)
{
    struct fixture *f = *state;
    struct pki_cert back = again(f, &f->other, &f->upper);
    struct cmc_slice certs[] = {f->ca.der, f->cross.der, back.der};

    assert_int_equal(SORT(f, certs), CMC_OK);
    assert_int_equal(f->npath, 3);
    pki_free(&back);
}

static void what_has_no_place(void **state)
{
    struct fixture *f = *state;
    struct cmc_slice foreign[] = {f->ca.der, f->upper.der, f->other.der, f->root.der};
    struct cmc_slice gap[] = {f->ca.der, f->root.der};
    struct cmc_slice leaf[] = {f->ca.der, f->upper.der, f->leaf.der};
    struct cmc_slice below[] = {f->upper.der, f->root.der, f->ca.der};
    struct cmc_slice none[] = {f->ca.der, CMC_SLICE_LIT("0123")};

    ASSERT_ODD(f, foreign, 2, "CN=other");
    ASSERT_ODD(f, gap, 1, "CN=root");
    ASSERT_ODD(f, leaf, 2, "not the certificate of a CA");
    ASSERT_ODD(f, below, 2, "CN=ca");
    ASSERT_ODD(f, none, 1, "");
}

/* The name and the key are those of a CA of the path, but it is none: it leads nowhere. */
static void neither_a_ca_nor_its_signature(void **state)
{
    struct fixture *f = *state;
    struct pki_cert fake;
    uint8_t *p = cmc_arena_dup(f->arena, f->ca.der.p, f->ca.der.n);
    struct cmc_slice changed[2], certs[4] = {f->ca.der, f->upper.der, f->root.der};

    assert_int_equal(EVP_PKEY_up_ref(f->upper.key), 1);
    fake = pki_make(f->arena, "upper", f->upper.key, &f->other, -60, 3600, pki_ee_exts);
    certs[3] = fake.der;
    ASSERT_ODD(f, certs, 3, "not the certificate of a CA");
    p[f->ca.der.n - 1] ^= 1;
    changed[0] = cmc_slice(p, f->ca.der.n);
    changed[1] = f->upper.der;
    ASSERT_ODD(f, changed, 1, "CN=upper");
    pki_free(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_path_comes_first, setup, teardown),
        cmocka_unit_test_setup_teardown(as_deep_as_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(cross_certificates_come_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(a_root_goes_before_its_cross_certificate, setup, teardown),
        cmocka_unit_test_setup_teardown(a_root_with_a_new_key, setup, teardown),
        cmocka_unit_test_setup_teardown(two_that_certify_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_no_place, setup, teardown),
        cmocka_unit_test_setup_teardown(neither_a_ca_nor_its_signature, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
