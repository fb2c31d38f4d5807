/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>
#include <openssl/sha.h>
#include <stdio.h>

static void append(struct place *p, int n)
{
    for (int i = 0; i < n; i++) {
        char json[2][32];
        struct cmc_audit_record a[2] = {{json[0]}, {json[1]}};
        struct cmc_txn t = {.at = NOW + i, .audits = a, .naudits = 2};

        (void)snprintf(json[0], sizeof json[0], "{\"i\":%d}", i);
        (void)snprintf(json[1], sizeof json[1], "{\"i\":%d,\"b\":1}", i);
        assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    }
}

struct expected {
    int64_t seq;
    uint8_t hash[CMC_SHA256_OCTETS];
};

/* The definition of store.h once more, written out in another way. */
static enum cmc_rc check_hash(void *arg, int64_t seq, int64_t at, const char *json,
                              const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct expected *e = arg;
    uint8_t in[200];
    uint64_t s = __builtin_bswap64((uint64_t)seq), a = __builtin_bswap64((uint64_t)at);

    assert_int_equal(seq, ++e->seq);
    memcpy(in, e->hash, 32);
    memcpy(in + 32, &s, 8);
    memcpy(in + 40, &a, 8);
    memcpy(in + 48, json, strlen(json));
    SHA256(in, 48 + strlen(json), e->hash);
    assert_memory_equal(hash, e->hash, 32);
    return CMC_OK;
}

static void the_chain_is_as_documented(void **state)
{
    struct place *p = *state;
    struct expected e = {0};

    assert_int_equal(audit_count(p), 0);
    append(p, 3);
    assert_int_equal(cmc_reader_audit(p->reader, 1, check_hash, &e, &p->err), CMC_OK);
    assert_int_equal(e.seq, 6);
    assert_int_equal(audit_count(p), 6);
    place_close(p);
    place_open(p, false);
    append(p, 1);
    assert_int_equal(audit_count(p), 8);
}

static enum cmc_rc first_seq(void *arg, int64_t seq, int64_t at, const char *json,
                             const uint8_t hash[CMC_SHA256_OCTETS])
{
    (void)at;
    (void)json;
    (void)hash;
    *(int64_t *)arg = seq;
    return CMC_E_REFUSED;
}

static void reading_from_the_middle(void **state)
{
    struct place *p = *state;
    int64_t seq = 0;

    append(p, 3);
    assert_int_equal(cmc_reader_audit(p->reader, 4, first_seq, &seq, &p->err), CMC_E_REFUSED);
    assert_int_equal(seq, 4);
    assert_int_equal(cmc_reader_audit(p->reader, 7, first_seq, &seq, &p->err), CMC_OK);
}

/* Each on a log of ten records. */
static const struct {
    const char *sql, *named;
    int64_t fit; /* records before the one that is named */
} tampering[] = {
    {"UPDATE audit SET json = '{\"i\":9}' WHERE seq = 3", "audit record 3 does not fit", 2},
    {"UPDATE audit SET json = json || char(0) || 'x' WHERE seq = 3", "audit record 3 does not", 2},
    {"UPDATE audit SET at = at + 1 WHERE seq = 5", "audit record 5 does not fit", 4},
    {"UPDATE audit SET hash = zeroblob(32) WHERE seq = 10", "audit record 10 does not fit", 9},
    {"UPDATE audit SET hash = x'' WHERE seq = 1", "audit record 1 does not fit", 0},
    {"DELETE FROM audit WHERE seq = 1", "audit record 1 is missing", 0},
    {"DELETE FROM audit WHERE seq = 4", "audit record 4 is missing", 3},
    {"DELETE FROM audit WHERE seq = 10", "audit record 10 is missing", 9},
    {"DELETE FROM audit", "audit record 1 is missing", 0},
    {"DELETE FROM audit WHERE seq = 4;"
     "UPDATE audit SET seq = -seq WHERE seq > 4; UPDATE audit SET seq = -seq - 1 WHERE seq < 0",
     "audit record 4 does not fit", 3},
    {"UPDATE audit SET seq = 100 WHERE seq = 6; UPDATE audit SET seq = 6 WHERE seq = 7;"
     "UPDATE audit SET seq = 7 WHERE seq = 100",
     "audit record 6 does not fit", 5},
    {"INSERT INTO audit VALUES (0, 1, '{}', zeroblob(32))", "audit record 1 is missing", 0},
    {"INSERT INTO audit VALUES (-5, 1, '{}', zeroblob(32))", "audit record 1 is missing", 0},
    {"INSERT INTO audit VALUES (11, 1, '{}', zeroblob(32))", "audit record 11 does not fit", 10},
};

static void tampering_is_found_and_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tampering / sizeof tampering[0]; i++) {
        void *vp = NULL;
        struct place *p;
        int64_t fit = -1;

        (void)place_make(&vp);
        p = vp;
        append(p, 5);
        assert_int_equal(audit_count(p), 10);
        sql(p->path, tampering[i].sql);
        assert_int_equal(cmc_reader_audit_verify(p->reader, &fit, &p->err), CMC_E_CRYPTO);
        if (strstr(p->err.text, tampering[i].named) == NULL)
            fail_msg("%s: %s", tampering[i].sql, p->err.text);
        assert_int_equal(fit, tampering[i].fit);
        (void)place_remove(&vp);
    }
}

static void nothing_is_appended_to_a_broken_end(void **state)
{
    struct place *p = *state;
    struct cmc_audit_record a = {"{}"};
    struct cmc_txn t = {.at = NOW, .audits = &a, .naudits = 1};

    append(p, 1);
    sql(p->path, "UPDATE audit SET hash = x'0102' WHERE seq = 2");
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_LOCAL);
    assert_non_null(strstr(p->err.text, "last audit record is damaged"));
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(the_chain_is_as_documented),
        IN_PLACE(reading_from_the_middle),
        cmocka_unit_test(tampering_is_found_and_named),
        IN_PLACE(nothing_is_appended_to_a_broken_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
