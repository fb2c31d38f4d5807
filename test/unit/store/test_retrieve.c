/* SPDX-License-Identifier: Apache-2.0 */
/* Earlier CRLs, published trust anchors and publications, as the store keeps them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helper.h"

/* -- earlier CRLs ------------------------------------------------------------------------ */

static enum cmc_rc put_crl(struct place *p, uint64_t number, int64_t at, uint32_t keep,
                           int64_t from)
{
    char text[32];
    int n = snprintf(text, sizeof text, "CRL %d", (int)number);
    const struct cmc_crl_record crl = {.number = number,
                                       .this_update = at,
                                       .next_update = at + 100,
                                       .der = cmc_slice(text, (size_t)n),
                                       .keep = keep,
                                       .keep_from = from};

    return cmc_store_crl_put(p->store, &(struct cmc_crl_id){.issuer = issuer_a}, &crl, &p->err);
}

/* The number of the CRL nearest before a time; 0: none. */
static uint64_t before(struct place *p, struct cmc_slice issuer, int64_t at)
{
    struct cmc_crl_record crl;
    enum cmc_rc rc = cmc_reader_crl_before(p->reader, &(struct cmc_crl_id){.issuer = issuer}, at,
                                           p->arena, &crl, &p->err);
    char text[32];

    if (rc == CMC_E_NOTFOUND)
        return 0;
    assert_int_equal(rc, CMC_OK);
    (void)snprintf(text, sizeof text, "CRL %d", (int)crl.number);
    assert_true(cmc_slice_eq(crl.der, cmc_slice_str(text)));
    return crl.number;
}

/* [10002-6.10-u2] */
static void nearest_before(void **state)
{
    struct place *p = *state;

    assert_int_equal(before(p, issuer_a, NOW), 0);
    for (uint32_t i = 1; i <= 5; i++)
        assert_int_equal(put_crl(p, i, NOW + 10 * i, 100, 0), CMC_OK);
    assert_int_equal(before(p, issuer_a, NOW + 10), 0); /* less than, not equal */
    assert_int_equal(before(p, issuer_a, NOW + 11), 1);
    assert_int_equal(before(p, issuer_a, NOW + 30), 2);
    assert_int_equal(before(p, issuer_a, NOW + 50), 4);
    assert_int_equal(before(p, issuer_a, NOW + 51), 5); /* the one in force */
    assert_int_equal(before(p, issuer_b, NOW + 51), 0);
    place_close(p);
    place_open(p, false);
    assert_int_equal(before(p, issuer_a, NOW + 30), 2);
}

/* A clock that was set back: the nearest counts, and of two at once the later. */
static void clock_set_back(void **state)
{
    struct place *p = *state;

    assert_int_equal(put_crl(p, 1, NOW + 50, 100, 0), CMC_OK);
    assert_int_equal(put_crl(p, 2, NOW + 20, 100, 0), CMC_OK);
    assert_int_equal(put_crl(p, 3, NOW + 20, 100, 0), CMC_OK);
    assert_int_equal(put_crl(p, 4, NOW + 10, 100, 0), CMC_OK);
    assert_int_equal(before(p, issuer_a, NOW + 100), 1);
    assert_int_equal(before(p, issuer_a, NOW + 30), 3);
    assert_int_equal(before(p, issuer_a, NOW + 15), 4);
}

static void so_many_are_kept(void **state)
{
    struct place *p = *state;

    for (uint32_t i = 1; i <= 5; i++)
        assert_int_equal(put_crl(p, i, NOW + 10 * i, 2, 0), CMC_OK);
    assert_int_equal(before(p, issuer_a, NOW + 30), 0);
    assert_int_equal(before(p, issuer_a, NOW + 31), 3);
    assert_int_equal(put_crl(p, 6, NOW + 60, 2, NOW + 45), CMC_OK);
    assert_int_equal(before(p, issuer_a, NOW + 50), 0); /* 4 is too old */
    assert_int_equal(before(p, issuer_a, NOW + 60), 5);
    assert_int_equal(put_crl(p, 7, NOW + 70, 0, 0), CMC_OK);
    assert_int_equal(before(p, issuer_a, NOW + 70), 0);
    assert_int_equal(before(p, issuer_a, NOW + 71), 7);
}

/* One that is refused moves nothing. */
static void a_conflict_changes_nothing(void **state)
{
    struct place *p = *state;

    assert_int_equal(put_crl(p, 1, NOW + 10, 5, 0), CMC_OK);
    assert_int_equal(put_crl(p, 2, NOW + 20, 5, 0), CMC_OK);
    assert_int_equal(put_crl(p, 2, NOW + 30, 0, 0), CMC_E_CONFLICT);
    assert_int_equal(before(p, issuer_a, NOW + 15), 1);
    assert_int_equal(before(p, issuer_a, NOW + 40), 2);
}

/* -- trust anchors ----------------------------------------------------------------------- */

static void anchors_grow_in_number(void **state)
{
    struct place *p = *state;
    struct cmc_slice certs[] = {CMC_SLICE_LIT("one"), CMC_SLICE_LIT("two")};
    struct cmc_anchor_set set = {.at = NOW, .certs = certs, .ncerts = 2}, got;
    int64_t audits = audit_count(p);

    assert_int_equal(cmc_reader_anchors(p->reader, p->arena, &got, &p->err), CMC_E_NOTFOUND);
    assert_int_equal(cmc_store_anchors_put(p->store, &set, &p->err), CMC_OK);
    assert_int_equal(set.sequence, 1);
    assert_int_equal(cmc_reader_anchors(p->reader, p->arena, &got, &p->err), CMC_OK);
    assert_int_equal(got.sequence, 1);
    assert_int_equal(got.ncerts, 2);
    assert_true(cmc_slice_eq(got.certs[0], certs[0]) && cmc_slice_eq(got.certs[1], certs[1]));
    set.certs = &certs[1];
    set.ncerts = 1;
    assert_int_equal(cmc_store_anchors_put(p->store, &set, &p->err), CMC_OK);
    place_close(p);
    place_open(p, false);
    assert_int_equal(cmc_reader_anchors(p->reader, p->arena, &got, &p->err), CMC_OK);
    assert_int_equal(got.sequence, 2);
    assert_int_equal(got.ncerts, 1);
    assert_true(cmc_slice_eq(got.certs[0], certs[1]));
    assert_int_equal(audit_count(p), audits + 2);
    set.ncerts = 0;
    assert_int_equal(cmc_store_anchors_put(p->store, &set, &p->err), CMC_E_LIMIT);
    set.ncerts = CMC_LIMIT_ANCHORS + 1;
    assert_int_equal(cmc_store_anchors_put(p->store, &set, &p->err), CMC_E_LIMIT);
}

/* -- publication ------------------------------------------------------------------------- */

static enum cmc_rc wish(struct place *p, uint32_t n, bool wanted)
{
    struct cmc_cert_record c = cert_make(n);
    const struct cmc_publication pub = {.issuer = c.issuer, .serial = c.serial, .wanted = wanted};
    const struct cmc_txn txn = {.at = NOW + n, .publications = &pub, .npublications = 1};

    return cmc_store_commit(p->store, &txn, &p->err);
}

struct due {
    struct cmc_publication list[8];
    size_t n;
};

static enum cmc_rc keep(void *arg, const struct cmc_publication *pub)
{
    struct due *d = arg;

    assert_non_null(pub->der.p);
    d->list[d->n++] = *pub;
    return CMC_OK;
}

static struct due due(struct place *p, size_t limit)
{
    struct due d = {0};

    assert_int_equal(cmc_reader_publications_due(p->reader, issuer_a, limit, keep, &d, &p->err),
                     CMC_OK);
    return d;
}

static void publications_are_due_until_done(void **state)
{
    struct place *p = *state;
    struct due d;

    put_certs(p, 3);
    assert_int_equal(wish(p, 1, true), CMC_OK);
    assert_int_equal(wish(p, 0, false), CMC_OK);
    assert_int_equal(due(p, 1).n, 1);
    d = due(p, 8);
    assert_int_equal(d.n, 2);
    assert_false(d.list[0].wanted); /* the oldest first */
    assert_true(d.list[1].wanted);
    assert_int_equal(cmc_store_published(p->store, &d.list[1], &p->err), CMC_OK);
    assert_int_equal(due(p, 8).n, 1);
    place_close(p);
    place_open(p, false);
    assert_int_equal(due(p, 8).n, 1);
    assert_int_equal(cmc_store_published(p->store, &d.list[0], &p->err), CMC_OK);
    assert_int_equal(due(p, 8).n, 0);
    /* Of what is not there nothing is promised. */
    assert_int_equal(wish(p, 7, true), CMC_E_CONFLICT);
}

/* Another wish came while the first was being done: it is not taken for done. */
static void a_later_wish_stays_due(void **state)
{
    struct place *p = *state;
    struct due d;

    put_certs(p, 1);
    assert_int_equal(wish(p, 0, true), CMC_OK);
    d = due(p, 8);
    assert_int_equal(wish(p, 0, false), CMC_OK);
    assert_int_equal(cmc_store_published(p->store, &d.list[0], &p->err), CMC_OK);
    d = due(p, 8);
    assert_int_equal(d.n, 1);
    assert_false(d.list[0].wanted);
    assert_int_equal(wish(p, 0, true), CMC_OK);
    assert_int_equal(cmc_store_published(p->store, &d.list[0], &p->err), CMC_OK);
    d = due(p, 8);
    assert_int_equal(d.n, 1);
    assert_true(d.list[0].wanted);
}

static void found_by_digest(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record with = cert_make(0), without = cert_make(1);
    const struct cmc_cert_record *const all[] = {&with, &without};
    struct cmc_slice der;

    with.digest = digest_make(100);
    for (size_t i = 0; i < 2; i++) {
        const struct cmc_txn txn = {.at = NOW, .certs = all[i], .ncerts = 1};

        assert_int_equal(cmc_store_commit(p->store, &txn, &p->err), CMC_OK);
    }
    assert_int_equal(
        cmc_reader_cert_by_digest(p->reader, digest_make(100), p->arena, &der, &p->err), CMC_OK);
    assert_true(cmc_slice_eq(der, with.der));
    assert_int_equal(
        cmc_reader_cert_by_digest(p->reader, digest_make(101), p->arena, &der, &p->err),
        CMC_E_NOTFOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nearest_before, place_make, place_remove),
        cmocka_unit_test_setup_teardown(clock_set_back, place_make, place_remove),
        cmocka_unit_test_setup_teardown(so_many_are_kept, place_make, place_remove),
        cmocka_unit_test_setup_teardown(a_conflict_changes_nothing, place_make, place_remove),
        cmocka_unit_test_setup_teardown(anchors_grow_in_number, place_make, place_remove),
        cmocka_unit_test_setup_teardown(publications_are_due_until_done, place_make, place_remove),
        cmocka_unit_test_setup_teardown(a_later_wish_stays_due, place_make, place_remove),
        cmocka_unit_test_setup_teardown(found_by_digest, place_make, place_remove),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
