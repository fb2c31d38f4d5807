/* SPDX-License-Identifier: Apache-2.0 */
/* CRLs and their parts, as the store keeps them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "helper.h"

static const struct cmc_slice key_1 = {(const uint8_t *)"key one", 7};
static const struct cmc_slice key_2 = {(const uint8_t *)"key two", 7};

#define ID(n)       (&(struct cmc_crl_id){.issuer = issuer_a, .part = n})
#define ID_DELTA(n) (&(struct cmc_crl_id){.issuer = issuer_a, .part = n, .delta = true})

/* -- parts ------------------------------------------------------------------------------- */

/* The parts of a key of issuer_a are these, by shard. */
static void has_parts(struct place *p, struct cmc_slice key, uint32_t shards, size_t n,
                      const uint32_t *parts)
{
    struct cmc_crl_part out[CMC_CRL_PARTS_MAX];
    size_t found = 0;

    assert_int_equal(cmc_store_crl_parts(p->store, issuer_a, key, shards, out, &found, &p->err),
                     CMC_OK);
    assert_int_equal(found, n);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(out[i].shard, i);
        assert_int_equal(out[i].part, parts[i]);
    }
}

static void parts_are_made_once(void **state)
{
    struct place *p = *state;
    struct cmc_crl_part out[CMC_CRL_PARTS_MAX];
    size_t n = 0;

    has_parts(p, key_1, 0, 1, (const uint32_t[]){0});
    has_parts(p, key_1, 2, 3, (const uint32_t[]){0, 1, 2});
    has_parts(p, key_2, 1, 2, (const uint32_t[]){3, 4});
    has_parts(p, key_1, 3, 4, (const uint32_t[]){0, 1, 2, 5});
    /* Fewer shards: those that are there stay. */
    has_parts(p, key_1, 0, 4, (const uint32_t[]){0, 1, 2, 5});
    place_close(p);
    place_open(p, false);
    has_parts(p, key_2, 1, 2, (const uint32_t[]){3, 4});
    assert_int_equal(cmc_store_crl_parts(p->store, issuer_b, key_2, 0, out, &n, &p->err), CMC_OK);
    assert_true(n == 1 && out[0].part == 0);
    assert_int_equal(
        cmc_store_crl_parts(p->store, issuer_a, key_1, CMC_LIMIT_CRL_SHARDS + 1, out, &n, &p->err),
        CMC_E_LIMIT);
    assert_int_equal(cmc_store_crl_parts(p->store, issuer_a, CMC_SLICE_LIT("key three"),
                                         CMC_LIMIT_CRL_SHARDS, out, &n, &p->err),
                     CMC_OK);
    assert_int_equal(n, CMC_CRL_PARTS_MAX);
}

static enum cmc_rc add_up(void *arg, const struct cmc_crl_part *p)
{
    uint32_t *sum = arg;

    *sum += 1 + p->part * 10 + p->shard * 100 + (cmc_slice_eq(p->key, key_2) ? 1000 : 0);
    return CMC_OK;
}

static void parts_are_listed(void **state)
{
    struct place *p = *state;
    uint32_t sum = 0;

    has_parts(p, key_1, 1, 2, (const uint32_t[]){0, 1});
    has_parts(p, key_2, 0, 1, (const uint32_t[]){2});
    assert_int_equal(cmc_reader_crl_parts(p->reader, issuer_a, add_up, &sum, &p->err), CMC_OK);
    assert_int_equal(sum, 3 + 30 + 100 + 1000);
    sum = 0;
    assert_int_equal(cmc_reader_crl_parts(p->reader, issuer_b, add_up, &sum, &p->err), CMC_OK);
    assert_int_equal(sum, 0);
}

/* -- numbers and CRLs -------------------------------------------------------------------- */

static uint64_t next_number(struct place *p, const struct cmc_crl_id *id)
{
    uint64_t n = 0;

    assert_int_equal(cmc_store_crl_number(p->store, id, &n, &p->err), CMC_OK);
    return n;
}

/* Full and delta of a part count together, each part by itself. */
static void numbers_of_a_part(void **state)
{
    struct place *p = *state;
    uint64_t n;

    has_parts(p, key_1, 2, 3, (const uint32_t[]){0, 1, 2});
    assert_int_equal(next_number(p, ID(1)), 1);
    assert_int_equal(next_number(p, ID_DELTA(1)), 2);
    assert_int_equal(next_number(p, ID(1)), 3);
    assert_int_equal(next_number(p, ID(2)), 1);
    assert_int_equal(next_number(p, ID(0)), 1);
    assert_int_equal(cmc_store_crl_number(p->store, ID(9), &n, &p->err), CMC_E_NOTFOUND);
}

static enum cmc_rc put(struct place *p, const struct cmc_crl_id *id, uint64_t number,
                       uint64_t generation, const char *der)
{
    const struct cmc_crl_record crl = {.number = number,
                                       .this_update = NOW + (int64_t)number,
                                       .next_update = NOW + 1000,
                                       .generation = generation,
                                       .base = id->delta ? 1 : 0,
                                       .der = cmc_slice_str(der),
                                       .keep = 2};

    return cmc_store_crl_put(p->store, id, &crl, &p->err);
}

static void is_there(struct place *p, const struct cmc_crl_id *id, uint64_t number, const char *der)
{
    struct cmc_crl_record crl = {0};

    assert_int_equal(cmc_reader_crl(p->reader, id, p->arena, &crl, &p->err), CMC_OK);
    assert_int_equal(crl.number, number);
    assert_int_equal(crl.base, id->delta ? 1 : 0);
    assert_true(cmc_slice_eq(crl.der, cmc_slice_str(der)));
}

static void each_part_has_its_crls(void **state)
{
    struct place *p = *state;
    struct cmc_crl_record crl;

    has_parts(p, key_1, 1, 2, (const uint32_t[]){0, 1});
    assert_int_equal(put(p, ID(0), 1, 0, "whole 1"), CMC_OK);
    assert_int_equal(put(p, ID(1), 1, 0, "shard 1"), CMC_OK);
    /* A delta of the same moment has the number of the full one. */
    assert_int_equal(put(p, ID_DELTA(1), 1, 0, "delta 1"), CMC_OK);
    assert_int_equal(put(p, ID_DELTA(1), 1, 0, "again"), CMC_E_CONFLICT);
    assert_int_equal(put(p, ID_DELTA(1), 2, 0, "delta 2"), CMC_OK);
    assert_int_equal(put(p, ID(1), 3, 0, "shard 3"), CMC_OK);
    is_there(p, ID(0), 1, "whole 1");
    is_there(p, ID(1), 3, "shard 3");
    is_there(p, ID_DELTA(1), 2, "delta 2");
    /* Of earlier ones only the full are kept. */
    assert_int_equal(cmc_reader_crl_before(p->reader, ID(1), NOW + 3, p->arena, &crl, &p->err),
                     CMC_OK);
    assert_true(crl.number == 1 && cmc_slice_eq(crl.der, CMC_SLICE_LIT("shard 1")));
    assert_int_equal(cmc_reader_crl(p->reader, ID_DELTA(0), p->arena, &crl, &p->err),
                     CMC_E_NOTFOUND);
}

/* -- what CRLs are made of --------------------------------------------------------------- */

/* n certificates of issuer_a, in part i % parts. */
static void put_parted(struct place *p, uint32_t n, uint32_t parts)
{
    for (uint32_t i = 0; i < n; i++) {
        struct cmc_cert_record c = cert_make(i);
        const struct cmc_txn txn = {.at = NOW, .certs = &c, .ncerts = 1};

        c.part = i % parts;
        assert_int_equal(cmc_store_commit(p->store, &txn, &p->err), CMC_OK);
    }
}

struct seen {
    uint32_t n, valid, held;
};

static enum cmc_rc see(void *arg, const struct cmc_cert_record *c)
{
    struct seen *s = arg;

    s->n++;
    s->valid += c->state == CMC_CERT_VALID;
    s->held += c->state == CMC_CERT_HELD;
    return CMC_OK;
}

static struct seen changes(struct place *p, uint32_t part, uint64_t since)
{
    struct seen s = {0};
    bool any = false;

    assert_int_equal(cmc_reader_crl_changes(p->reader, issuer_a, part, since, see, &s, &p->err),
                     CMC_OK);
    assert_int_equal(cmc_reader_crl_changed(p->reader, issuer_a, part, since, &any, &p->err),
                     CMC_OK);
    assert_int_equal(any, s.n > 0);
    return s;
}

static void revoked_of_a_part(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record one;
    struct seen s = {0};
    int64_t part = INT64_MIN;
    uint64_t n;

    put_parted(p, 9, 3);
    for (uint32_t i = 0; i < 9; i++)
        if (i % 3 != 1)
            assert_int_equal(change(p, i, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    assert_int_equal(cmc_reader_cert(p->reader, issuer_a, serial_make(5), p->arena, &one, &p->err),
                     CMC_OK);
    assert_int_equal(one.part, 2);
    assert_int_equal(cmc_reader_revoked(p->reader, issuer_a, 2, 0, see, &s, &p->err), CMC_OK);
    assert_int_equal(s.n, 3);
    assert_int_equal(cmc_reader_revoked_count(p->reader, issuer_a, 1, 0, &n, &p->err), CMC_OK);
    assert_int_equal(n, 0);
    assert_int_equal(
        cmc_reader_revoked_count(p->reader, issuer_a, CMC_CRL_PART_ANY, 0, &n, &p->err), CMC_OK);
    assert_int_equal(n, 6);
    assert_int_equal(
        cmc_reader_revoked_count(p->reader, issuer_a, CMC_CRL_PART_ANY, INT64_MAX, &n, &p->err),
        CMC_OK);
    assert_int_equal(n, 0);
    /* From part to part; also to what is no part at all. */
    sql(p->path, "UPDATE cert SET part = -7 WHERE id = 1");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cmc_reader_revoked_part_after(p->reader, issuer_a, part, &part, &p->err),
                         CMC_OK);
        assert_int_equal(part, ((const int64_t[]){-7, 0, 2})[i]);
    }
    assert_int_equal(cmc_reader_revoked_part_after(p->reader, issuer_a, part, &part, &p->err),
                     CMC_E_NOTFOUND);
}

static void changes_since_a_generation(void **state)
{
    struct place *p = *state;
    uint64_t before, later;
    struct seen s;

    put_parted(p, 6, 2);
    before = generation(p);
    assert_int_equal(changes(p, 0, before).n, 0);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_HELD, 6), CMC_OK);
    assert_int_equal(change(p, 1, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    assert_int_equal(change(p, 2, CMC_CERT_VALID, CMC_CERT_HELD, 6), CMC_OK);
    later = generation(p);
    assert_int_equal(change(p, 0, CMC_CERT_HELD, CMC_CERT_VALID, 0), CMC_OK);
    /* A change that does not happen is none. */
    assert_int_equal(change(p, 4, CMC_CERT_HELD, CMC_CERT_VALID, 0), CMC_E_CONFLICT);
    s = changes(p, 0, before);
    assert_true(s.n == 2 && s.valid == 1 && s.held == 1);
    assert_int_equal(changes(p, 1, before).n, 1);
    s = changes(p, 0, later);
    assert_true(s.n == 1 && s.valid == 1);
    assert_int_equal(changes(p, 1, later).n, 0);
}

/* They are kept as long as a full CRL in force is without them, and that they are not is told. */
static void changes_are_forgotten(void **state)
{
    struct place *p = *state;
    struct seen s = {0};
    uint64_t first, second;

    has_parts(p, key_1, 1, 2, (const uint32_t[]){0, 1});
    put_parted(p, 6, 2);
    first = generation(p);
    assert_int_equal(put(p, ID(0), 1, first, "whole"), CMC_OK);
    assert_int_equal(put(p, ID(1), 1, first, "shard"), CMC_OK);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    assert_int_equal(change(p, 1, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    second = generation(p);
    assert_int_equal(put(p, ID_DELTA(0), 2, second, "delta"), CMC_OK);
    assert_int_equal(put(p, ID(0), 3, second, "whole"), CMC_OK);
    assert_int_equal(changes(p, 1, first).n, 1);
    assert_int_equal(put(p, ID(1), 3, second, "shard"), CMC_OK);
    assert_int_equal(cmc_reader_crl_changes(p->reader, issuer_a, 1, first, see, &s, &p->err),
                     CMC_E_NOTFOUND);
    assert_int_equal(changes(p, 1, second).n, 0);
    assert_int_equal(s.n, 0);
}

/* -- a store from before there were parts ------------------------------------------------ */

static void older_stores_have_one_part(void **state)
{
    struct place *p = *state;
    struct cmc_crl_record crl = {0};
    struct seen s = {0};
    uint64_t at;

    put_certs(p, 5);
    assert_int_equal(change(p, 1, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    assert_int_equal(change(p, 2, CMC_CERT_VALID, CMC_CERT_HELD, 6), CMC_OK);
    at = generation(p);
    assert_int_equal(next_number(p, ID(0)), 1);
    assert_int_equal(put(p, ID(0), 7, at, "seven"), CMC_OK);
    assert_int_equal(put(p, ID(0), 8, at, "eight"), CMC_OK);
    assert_int_equal(cmc_store_crl_put(p->store, ID(0),
                                       &(struct cmc_crl_record){.number = 9,
                                                                .this_update = NOW + 9,
                                                                .next_update = NOW + 1000,
                                                                .octets = 12345,
                                                                .keep = 5},
                                       &p->err),
                     CMC_OK);
    place_close(p);
    sql(p->path, SQL_BEFORE_CRL_PARTS);
    place_open(p, false);
    assert_int_equal(cmc_reader_revoked(p->reader, issuer_a, 0, 0, see, &s, &p->err), CMC_OK);
    assert_true(s.n == 2 && s.held == 1);
    assert_int_equal(cmc_reader_crl(p->reader, ID(0), p->arena, &crl, &p->err), CMC_OK);
    assert_true(crl.number == 9 && crl.octets == 12345);
    assert_int_equal(cmc_reader_crl_before(p->reader, ID(0), NOW + 8, p->arena, &crl, &p->err),
                     CMC_OK);
    assert_true(crl.number == 7 && cmc_slice_eq(crl.der, CMC_SLICE_LIT("seven")));
    assert_int_equal(next_number(p, ID(0)), 10);
    /* The changes from before are not known. */
    assert_int_equal(cmc_reader_crl_changes(p->reader, issuer_a, 0, at - 1, see, &s, &p->err),
                     CMC_E_NOTFOUND);
    assert_int_equal(changes(p, 0, at).n, 0);
    assert_int_equal(change(p, 3, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    assert_int_equal(changes(p, 0, at).n, 1);
    /* They belong to the first key that asks. */
    has_parts(p, key_1, 1, 2, (const uint32_t[]){0, 1});
    has_parts(p, key_2, 0, 1, (const uint32_t[]){2});
}

/*
 * Many certificates, of which one has changed many times: answered from the changes. If all
 * certificates were gone through, and for each of them all changes, this would be a thousand
 * million steps: not the few milliseconds that it takes, but a minute.
 */
static void many_changes_among_many(void **state)
{
    struct place *p = *state;
    struct timespec begun, ended;
    uint64_t at;

    put_certs(p, 1);
    at = generation(p);
    place_close(p);
    sql(p->path,
        "INSERT INTO cert (issuer, serial, state, reason, revoked_at, invalidity_at, not_before,"
        " not_after, issued_at, subject, spki_digest)"
        " WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 30000)"
        " SELECT issuer, CASE i WHEN 30000 THEN x'7f7f' ELSE CAST(printf('%06d', i) AS BLOB) END,"
        " 0, 0, 0, 0, not_before, not_after, issued_at, subject, spki_digest"
        " FROM n CROSS JOIN cert WHERE cert.id = 1;"
        "INSERT INTO crl_change WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 30000) SELECT 100 + i, (SELECT max(id) FROM cert) FROM n;");
    place_open(p, false);
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    assert_int_equal(changes(p, 0, at).n, 1);
    (void)clock_gettime(CLOCK_MONOTONIC, &ended);
    assert_true(ended.tv_sec - begun.tv_sec < 10);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(parts_are_made_once),     IN_PLACE(parts_are_listed),
        IN_PLACE(numbers_of_a_part),       IN_PLACE(each_part_has_its_crls),
        IN_PLACE(revoked_of_a_part),       IN_PLACE(changes_since_a_generation),
        IN_PLACE(changes_are_forgotten),   IN_PLACE(older_stores_have_one_part),
        IN_PLACE(many_changes_among_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
