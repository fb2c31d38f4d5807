/* SPDX-License-Identifier: Apache-2.0 */
/* Wishes for certificates, and how far each target is with what is published. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above */
#include <cmocka.h>

#include "helper.h"
#include "store/publication.h"

static enum cmc_rc wish(struct place *p, uint32_t n, bool wanted)
{
    struct cmc_cert_record c = cert_make(n);
    const struct cmc_publication pub = {.issuer = c.issuer, .serial = c.serial, .wanted = wanted};
    const struct cmc_txn txn = {.at = NOW + n, .publications = &pub, .npublications = 1};

    return cmc_store_commit(p->store, &txn, &p->err);
}

struct list {
    struct cmc_publication p[8];
    size_t n;
};

static enum cmc_rc keep(void *arg, const struct cmc_publication *pub)
{
    struct list *d = arg;

    assert_non_null(pub->der.p);
    d->p[d->n++] = *pub;
    return CMC_OK;
}

static struct list wishes(struct place *p, uint64_t after, size_t limit)
{
    struct list d = {0};

    assert_int_equal(cmc_reader_publications(p->reader, issuer_a, after, limit, keep, &d, &p->err),
                     CMC_OK);
    return d;
}

static struct list not_taken(struct place *p, const char *target, int64_t before)
{
    struct list d = {0};

    assert_int_equal(
        cmc_reader_not_taken(p->reader, issuer_a, target, before, 8, keep, &d, &p->err), CMC_OK);
    return d;
}

/* Any number of targets, each with a mark of its own, see each wish once. */
static void wishes_have_an_order(void **state)
{
    struct place *p = *state;
    struct list d;
    uint64_t first;

    put_certs(p, 3);
    assert_int_equal(wish(p, 1, true), CMC_OK);
    assert_int_equal(wish(p, 0, false), CMC_OK);
    assert_int_equal(wishes(p, 0, 1).n, 1);
    d = wishes(p, 0, 8);
    assert_int_equal(d.n, 2);
    assert_true(d.p[0].wanted); /* in the order in which they were made */
    assert_int_equal(d.p[0].at, NOW + 1);
    assert_false(d.p[1].wanted);
    assert_true(d.p[0].seq < d.p[1].seq);
    first = d.p[0].seq;
    assert_int_equal(wishes(p, first, 8).n, 1);
    assert_int_equal(wishes(p, d.p[1].seq, 8).n, 0);
    /* A later wish for the same certificate takes the place of the first, and comes last. */
    assert_int_equal(wish(p, 1, false), CMC_OK);
    d = wishes(p, first, 8);
    assert_int_equal(d.n, 2);
    assert_false(d.p[1].wanted);
    assert_int_equal(wishes(p, 0, 8).n, 2);
    /* Another authority has its own. */
    assert_int_equal(cmc_reader_publications(p->reader, issuer_b, 0, 8, keep, &d, &p->err), CMC_OK);
    assert_int_equal(d.n, 2);
    /* Of what is not there nothing is promised. */
    assert_int_equal(wish(p, 7, true), CMC_E_CONFLICT);
}

static void marks_are_per_target_issuer_and_object(void **state)
{
    struct place *p = *state;
    struct cmc_mark m = {
        .target = "web", .issuer = issuer_a, .object = "crl", .number = 7, .at = NOW};
    const struct {
        const char *target, *object;
        struct cmc_slice issuer;
    } others[] = {{"ldap", "crl", issuer_a},
                  {"web", "delta", issuer_a},
                  {"web", "crl", issuer_b},
                  {"web", "crl", CMC_SLICE_NONE}};

    memcpy(m.digest, digest_make(3), sizeof m.digest);
    assert_int_equal(cmc_store_mark(p->store, &m, &p->err), CMC_OK);
    m.number = 8;
    m.at = NOW + 1;
    assert_int_equal(cmc_store_mark(p->store, &m, &p->err), CMC_OK);
    place_close(p);
    place_open(p, false);
    m = (struct cmc_mark){.target = "web", .issuer = issuer_a, .object = "crl"};
    assert_int_equal(cmc_reader_mark(p->reader, &m, &p->err), CMC_OK);
    assert_int_equal(m.number, 8);
    assert_int_equal(m.at, NOW + 1);
    assert_memory_equal(m.digest, digest_make(3), sizeof m.digest);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        m = (struct cmc_mark){.target = others[i].target,
                              .issuer = others[i].issuer,
                              .object = others[i].object,
                              .number = 99,
                              .at = 99};
        assert_int_equal(cmc_reader_mark(p->reader, &m, &p->err), CMC_OK);
        assert_int_equal(m.number, 0);
        assert_int_equal(m.at, 0);
    }
}

static void trouble_comes_and_goes(void **state)
{
    struct place *p = *state;
    struct cmc_target_trouble t = {.target = "web", .since = NOW, .text = "disk full"}, out;

    assert_int_equal(cmc_store_target_trouble(p->store, &t, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_target_trouble(p->reader, "web", p->arena, &out, &p->err), CMC_OK);
    assert_int_equal(out.since, NOW);
    assert_string_equal(out.text, "disk full");
    assert_int_equal(cmc_reader_target_trouble(p->reader, "ldap", p->arena, &out, &p->err), CMC_OK);
    assert_int_equal(out.since, 0);
    t.since = 0;
    assert_int_equal(cmc_store_target_trouble(p->store, &t, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_target_trouble(p->reader, "web", p->arena, &out, &p->err), CMC_OK);
    assert_int_equal(out.since, 0);
    assert_null(out.text);
}

static void what_was_not_taken_is_found_again(void **state)
{
    struct place *p = *state;
    struct cmc_publication_count count;
    struct cmc_not_taken n = {.target = "ldap", .at = NOW, .text = "no such entry"};
    struct list d;

    put_certs(p, 2);
    assert_int_equal(wish(p, 0, true), CMC_OK);
    assert_int_equal(wish(p, 1, true), CMC_OK);
    d = wishes(p, 0, 8);
    n.id = d.p[0].id;
    assert_int_equal(cmc_store_not_taken(p->store, &n, &p->err), CMC_OK);
    assert_int_equal(not_taken(p, "ldap", NOW).n, 1);
    assert_int_equal(not_taken(p, "ldap", NOW).p[0].id, n.id);
    assert_int_equal(not_taken(p, "ldap", NOW - 1).n, 0);
    assert_int_equal(not_taken(p, "web", NOW).n, 0);
    assert_int_equal(
        cmc_reader_publication_count(p->reader, issuer_a, "ldap", d.p[0].seq, &count, &p->err),
        CMC_OK);
    assert_int_equal(count.due, 1);
    assert_int_equal(count.since, NOW + 1);
    assert_int_equal(count.not_taken, 1);
    n.at = 0;
    assert_int_equal(cmc_store_not_taken(p->store, &n, &p->err), CMC_OK);
    assert_int_equal(not_taken(p, "ldap", NOW).n, 0);
    assert_int_equal(
        cmc_reader_publication_count(p->reader, issuer_a, "ldap", d.p[1].seq, &count, &p->err),
        CMC_OK);
    assert_int_equal(count.due, 0);
    assert_int_equal(count.not_taken, 0);
}

/* A store of before, whose only target was a folder: what was done is, what was due stays due. */
static void an_older_store_goes_on(void **state)
{
    struct place *p = *state;
    struct cmc_mark m = {.target = "publish", .issuer = issuer_a, .object = "certificates"};
    struct list d;

    put_certs(p, 4);
    place_close(p);
    sql(p->path, SQL_BEFORE_PUBLICATION
        "INSERT INTO publication VALUES (1, 1, 0, 30), (2, 1, 1, 40), (3, 0, 0, 20), (4, 1, 1, "
        "10)");
    place_open(p, false);
    assert_int_equal(cmc_reader_mark(p->reader, &m, &p->err), CMC_OK);
    assert_int_equal(m.number, 2);
    d = wishes(p, m.number, 8);
    assert_int_equal(d.n, 2);
    assert_int_equal(d.p[0].id, 3);
    assert_false(d.p[0].wanted);
    assert_int_equal(d.p[1].id, 1);
    assert_int_equal(wishes(p, 0, 8).n, 4);
    assert_int_equal(wish(p, 0, false), CMC_OK);
    assert_int_equal(wishes(p, d.p[1].seq, 8).n, 1);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(wishes_have_an_order),   IN_PLACE(marks_are_per_target_issuer_and_object),
        IN_PLACE(trouble_comes_and_goes), IN_PLACE(what_was_not_taken_is_found_again),
        IN_PLACE(an_older_store_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
