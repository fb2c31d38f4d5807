/* SPDX-License-Identifier: Apache-2.0 */
/* CRLs that are files: made, found again, kept, lost, and cleared away. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../authority.h"
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "store/crl_file.h"

#define MANY 3000u

static const char *directory(const struct test_authority *t, char out[96])
{
    (void)snprintf(out, 96, "%s/db.crls", t->dir);
    return out;
}

/* How many files are beside the database; -1: not even a directory for them. */
static int files_beside(const struct test_authority *t, bool remove_them)
{
    char path[96];
    DIR *d = opendir(directory(t, path));
    struct dirent *e;
    int n = 0;

    if (d == NULL)
        return -1;
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        n++;
        if (remove_them)
            assert_int_equal(unlinkat(dirfd(d), e->d_name, 0), 0);
    }
    (void)closedir(d);
    return n;
}

static struct cmc_slice issuer_of(struct test_authority *t)
{
    struct cmc_cert root = {0};

    assert_int_equal(cmc_decode(&cmc_it_cert, t->root.cert, t->arena, &root, NULL), CMC_OK);
    return root.tbs.subject;
}

static void revoke_many(struct test_authority *t, uint32_t first, uint32_t n)
{
    struct cmc_slice issuer = issuer_of(t);
    struct cmc_err err;

    for (uint32_t i = first; i < first + n; i += 500) {
        struct cmc_cert_record *v = cmc_arena_array(t->arena, 500, sizeof *v);
        struct cmc_txn txn = {.at = TEST_NOW, .certs = v, .ncerts = 500};

        assert_non_null(v);
        for (uint32_t k = 0; k < 500; k++) {
            /* In no order: the list is by serial number all the same. */
            uint32_t x = (i + k) * 2654435761u;
            const uint8_t serial[] = {1, (uint8_t)(x >> 24), (uint8_t)(x >> 16), (uint8_t)(x >> 8),
                                      (uint8_t)x};

            v[k] = (struct cmc_cert_record){
                .issuer = issuer,
                .serial = cmc_arena_slice(t->arena, cmc_slice(serial, sizeof serial)),
                .subject = issuer,
                .der = CMC_SLICE_LIT("a certificate"),
                .not_before = TEST_NOW,
                .not_after = TEST_NOW + 100000000,
                .issued_at = TEST_NOW,
                .state = CMC_CERT_REVOKED,
                .reason = k % 7 == 0 ? 0 : 1,
                .revoked_at = TEST_NOW + k / 100,
                .invalidity_at = k % 11 == 0 ? TEST_NOW - 5 : 0};
        }
        assert_int_equal(cmc_store_commit(t->store, &txn, &err), CMC_OK);
    }
}

/* The CRL as of then: right, signed, of so many entries. Returns its octets. */
static struct cmc_slice fetch(struct test_authority *t, int64_t at, size_t entries)
{
    struct cmc_crl crl = {0};
    struct cmc_slice der;
    struct cmc_err err;

    assert_int_equal(cmc_ca_crl(t->ca, at, t->arena, &der, &err), CMC_OK);
    assert_int_equal(cmc_decode(&cmc_it_crl, der, t->arena, &crl, &err), CMC_OK);
    assert_int_equal(crl.tbs.revoked.n, entries);
    for (size_t i = 1; i < entries; i++)
        assert_true(memcmp(CMC_AT(const struct cmc_revoked, crl.tbs.revoked, i - 1)->serial.p,
                           CMC_AT(const struct cmc_revoked, crl.tbs.revoked, i)->serial.p, 5) < 0);
    assert_int_equal(cmc_verify(t->crypto, t->root.key, cmc_sig_default(t->root.key), crl.tbs.raw,
                                cmc_slice(crl.signature.p + 1, crl.signature.n - 1), &err),
                     CMC_OK);
    return der;
}

static void open_is_file(struct test_authority *t, int64_t at, struct cmc_slice same)
{
    uint8_t *p = cmc_arena_alloc(t->arena, same.n);
    struct cmc_slice der;
    struct cmc_err err;
    const struct cmc_crl_scope complete = {0};
    uint64_t octets;
    int fd;

    assert_non_null(p);
    assert_int_equal(cmc_ca_crl_open(t->ca, &complete, at, t->arena, &der, &fd, &octets, &err),
                     CMC_OK);
    assert_true(fd >= 0 && der.p == NULL);
    assert_int_equal(octets, same.n);
    assert_int_equal(pread(fd, p, same.n, 0), (ssize_t)same.n);
    assert_memory_equal(p, same.p, same.n);
    (void)close(fd);
}

static void life_of_a_file(struct test_authority *t)
{
    struct cmc_slice first, again, third;
    struct cmc_crl_query query = {.issuer = issuer_of(t)};
    const struct cmc_authority *auth = cmc_ca_get0_authority(t->ca);
    char path[96], stray[128];
    struct cmc_err err;
    FILE *f;

    /* Few entries: nothing beside the database. */
    (void)fetch(t, TEST_NOW, 0);
    assert_int_equal(files_beside(t, false), -1);
    revoke_many(t, 0, MANY);
    first = fetch(t, TEST_NOW + 1, MANY);
    assert_int_equal(files_beside(t, false), 1);
    open_is_file(t, TEST_NOW + 1, first);

    /* After a restart it is the same one. */
    test_authority_restart(t);
    auth = cmc_ca_get0_authority(t->ca);
    again = fetch(t, TEST_NOW + 1, MANY);
    assert_true(cmc_slice_eq(first, again));

    /* What a crash leaves, finished or not, goes with the next making; the earlier CRL stays. */
    (void)snprintf(stray, sizeof stray, "%s/new.abcdef", directory(t, path));
    f = fopen(stray, "we");
    assert_non_null(f);
    (void)fclose(f);
    revoke_many(t, MANY, 500);
    (void)fetch(t, TEST_NOW + 20, MANY + 500);
    assert_int_equal(access(stray, F_OK), -1);
    assert_int_equal(files_beside(t, false), 2);
    query.has_before = true;
    query.before = TEST_NOW + 10;
    query.now = TEST_NOW + 30;
    assert_int_equal(auth->ops->crl(auth->self, &query, t->arena, &again, &err), CMC_OK);
    assert_true(cmc_slice_eq(first, again));

    /* Files that are gone: the newest is made anew, an earlier one is not there. */
    assert_int_equal(files_beside(t, true), 2);
    assert_int_equal(auth->ops->crl(auth->self, &query, t->arena, &again, &err), CMC_E_NOTFOUND);
    assert_int_equal(err.fail_info, CMC_FAIL_BAD_REQUEST);
    third = fetch(t, TEST_NOW + 21, MANY + 500);
    open_is_file(t, TEST_NOW + 21, third);

    /* So is one that was cut short. */
    test_authority_restart(t);
    {
        DIR *d = opendir(directory(t, path));
        struct dirent *e;

        assert_non_null(d);
        while ((e = readdir(d)) != NULL) {
            (void)snprintf(stray, sizeof stray, "%s/%.30s", path, e->d_name);
            if (e->d_name[0] != '.')
                assert_int_equal(truncate(stray, 1000), 0);
        }
        (void)closedir(d);
    }
    (void)fetch(t, TEST_NOW + 22, MANY + 500);
}

static void clean(struct test_authority *t)
{
    char path[96];

    (void)files_beside(t, true);
    (void)rmdir(directory(t, path));
    test_authority_free(t);
}

static void test_file(void **state)
{
    struct test_authority *t = test_authority_new("EC", "P-256");

    (void)state;
    life_of_a_file(t);
    clean(t);
}

/* Ed25519 has to see what it signs whole. */
static void test_file_eddsa(void **state)
{
    struct test_authority *t = test_authority_new("ED25519", NULL);

    (void)state;
    life_of_a_file(t);
    clean(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_eddsa),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
