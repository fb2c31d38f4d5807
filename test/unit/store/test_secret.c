/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>

static struct cmc_secret secret(const char *name)
{
    return (struct cmc_secret){.name = name,
                               .purpose = CMC_SECRET_ENROLL,
                               .sealed = {(const uint8_t *)"sealed", 6},
                               .added_at = NOW};
}

static enum cmc_rc add(struct place *p, struct cmc_secret s)
{
    return cmc_store_secret_add(p->store, &s, &p->err);
}

static struct cmc_secret get(struct place *p, const char *name)
{
    struct cmc_secret s = {0};

    assert_int_equal(cmc_reader_secret(p->reader, name, p->arena, &s, &p->err), CMC_OK);
    return s;
}

static enum cmc_rc use_at(struct place *p, int64_t id, bool used, int64_t at)
{
    const struct cmc_secret_use u = {.id = id, .used = used, .max_failures = 3};
    const struct cmc_audit_record a = {"{\"event\":\"test\"}"};
    struct cmc_txn t = {.at = at, .secrets = &u, .nsecrets = 1, .audits = &a, .naudits = 1};

    return cmc_store_commit(p->store, &t, &p->err);
}

static enum cmc_rc use(struct place *p, int64_t id, bool used)
{
    return use_at(p, id, used, NOW);
}

static void a_secret_comes_back_whole(void **state)
{
    struct place *p = *state;
    struct cmc_secret in = secret("alice"), out;

    in.once = true;
    in.expires_at = NOW + 5;
    in.subject = issuer_b;
    assert_int_equal(add(p, in), CMC_OK);
    out = get(p, "alice");
    assert_string_equal(out.name, "alice");
    assert_int_equal(out.purpose, CMC_SECRET_ENROLL);
    assert_true(cmc_slice_eq(out.sealed, in.sealed));
    assert_true(cmc_slice_eq(out.subject, issuer_b));
    assert_true(out.once && !out.locked);
    assert_int_equal(out.added_at, NOW);
    assert_int_equal(out.used_at, 0);
    assert_int_equal(out.expires_at, NOW + 5);
    assert_int_equal(out.failures, 0);
    assert_null(out.issuer.p);
    assert_null(out.serial.p);
    assert_int_equal(audit_count(p), 1);
}

static void names_and_certificates_are_unique(void **state)
{
    struct place *p = *state;
    struct cmc_secret s = secret("alice"), out;

    assert_int_equal(add(p, s), CMC_OK);
    assert_int_equal(add(p, s), CMC_E_CONFLICT);
    s = secret("revoker");
    s.purpose = CMC_SECRET_REVOKE;
    s.issuer = issuer_a;
    s.serial = serial_make(1);
    assert_int_equal(add(p, s), CMC_OK);
    s.name = "another";
    assert_int_equal(add(p, s), CMC_E_CONFLICT);
    s.serial = serial_make(2);
    assert_int_equal(add(p, s), CMC_OK);
    assert_int_equal(audit_count(p), 3); /* what failed left no record */
    assert_int_equal(
        cmc_reader_revocation_secret(p->reader, issuer_a, serial_make(2), p->arena, &out, &p->err),
        CMC_OK);
    assert_string_equal(out.name, "another");
    assert_int_equal(
        cmc_reader_revocation_secret(p->reader, issuer_b, serial_make(2), p->arena, &out, &p->err),
        CMC_E_NOTFOUND);
    /* One kind does not serve for the other. */
    assert_int_equal(cmc_reader_secret(p->reader, "another", p->arena, &out, &p->err),
                     CMC_E_NOTFOUND);
}

static void a_name_is_needed_and_text(void **state)
{
    struct place *p = *state;

    assert_int_equal(add(p, secret("")), CMC_E_USAGE);
    assert_int_equal(add(p, secret("\xff\xfe")), CMC_E_USAGE);
    assert_int_equal(audit_count(p), 0);
}

static void removed_is_gone(void **state)
{
    struct place *p = *state;
    struct cmc_secret out;

    assert_int_equal(cmc_store_secret_remove(p->store, "alice", NOW, &p->err), CMC_E_NOTFOUND);
    assert_int_equal(add(p, secret("alice")), CMC_OK);
    assert_int_equal(cmc_store_secret_remove(p->store, "alice", NOW, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_secret(p->reader, "alice", p->arena, &out, &p->err),
                     CMC_E_NOTFOUND);
    assert_int_equal(audit_count(p), 2);
}

static void one_use_happens_once(void **state)
{
    struct place *p = *state;
    struct cmc_secret s = secret("alice");
    struct cmc_cert_record cert = cert_make(1), out;
    struct cmc_secret_use u = {.used = true};
    struct cmc_txn t = {.at = NOW, .certs = &cert, .ncerts = 1, .secrets = &u, .nsecrets = 1};

    s.once = true;
    assert_int_equal(add(p, s), CMC_OK);
    u.id = get(p, "alice").id;
    assert_int_equal(use(p, u.id, true), CMC_OK);
    assert_int_equal(get(p, "alice").used_at, NOW);
    /* The second brings about nothing of what it would authorise. */
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
    assert_int_equal(cmc_reader_cert(p->reader, issuer_a, serial_make(1), p->arena, &out, &p->err),
                     CMC_E_NOTFOUND);
}

/* Both wait for the same commit: only one of them gets it. */
static void two_at_once_cannot_both_use_it(void **state)
{
    struct place *p = *state;
    struct cmc_secret s = secret("alice");
    struct cmc_secret_use twice[2];
    struct cmc_txn t = {.at = NOW, .secrets = twice, .nsecrets = 2};

    s.once = true;
    assert_int_equal(add(p, s), CMC_OK);
    twice[0] = twice[1] = (struct cmc_secret_use){.id = get(p, "alice").id, .used = true};
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
    assert_int_equal(get(p, "alice").used_at, 0);
}

static void a_reusable_one_until_it_expires(void **state)
{
    struct place *p = *state;
    struct cmc_secret s = secret("alice");
    int64_t id;

    s.expires_at = NOW + 10;
    assert_int_equal(add(p, s), CMC_OK);
    id = get(p, "alice").id;
    assert_int_equal(use(p, id, true), CMC_OK);
    assert_int_equal(use_at(p, id, true, NOW + 10), CMC_OK);
    assert_int_equal(use_at(p, id, true, NOW + 11), CMC_E_CONFLICT);
    assert_int_equal(get(p, "alice").used_at, NOW + 10);
}

static void failures_lock(void **state)
{
    struct place *p = *state;
    int64_t id;

    assert_int_equal(add(p, secret("alice")), CMC_OK);
    id = get(p, "alice").id;
    assert_int_equal(use(p, id, false), CMC_OK);
    assert_int_equal(use(p, id, false), CMC_OK);
    assert_int_equal(get(p, "alice").failures, 2);
    assert_int_equal(use(p, id, true), CMC_OK); /* a use forgives */
    assert_int_equal(get(p, "alice").failures, 0);
    for (int i = 0; i < 3; i++) {
        assert_false(get(p, "alice").locked);
        assert_int_equal(use(p, id, false), CMC_OK);
    }
    assert_true(get(p, "alice").locked);
    assert_int_equal(use(p, id, true), CMC_E_CONFLICT);
    /* Durably. */
    place_close(p);
    place_open(p, false);
    assert_true(get(p, "alice").locked);
    assert_int_equal(get(p, "alice").failures, 3);
}

static void a_failure_of_nobody_is_no_error(void **state)
{
    struct place *p = *state;

    assert_int_equal(use(p, 0, false), CMC_OK);
    assert_int_equal(use(p, 0, true), CMC_E_CONFLICT);
    assert_int_equal(audit_count(p), 1);
}

static enum cmc_rc names(void *arg, const struct cmc_secret *s)
{
    char *out = arg;

    (void)strncat(out, s->name, 7);
    return CMC_OK;
}

static void listed_by_name(void **state)
{
    struct place *p = *state;
    char got[32] = "";

    assert_int_equal(add(p, secret("bob")), CMC_OK);
    assert_int_equal(add(p, secret("alice")), CMC_OK);
    assert_int_equal(cmc_reader_secrets(p->reader, names, got, &p->err), CMC_OK);
    assert_string_equal(got, "alicebob");
}

/* Schema 1 had no secrets; what it had is still there. */
static void schema_1_gets_the_table(void **state)
{
    struct place *p = *state;

    put_certs(p, 3);
    place_close(p);
    /* What later schemas brought. */
    sql(p->path, "DROP TABLE unique_key; DROP TABLE publication; DROP TABLE cert_digest;"
                 "DROP TABLE anchor; DROP TABLE anchor_set; DROP TABLE crl_history");
    sql(p->path, SQL_BEFORE_SCHEMA_3
        "DROP TABLE secret; UPDATE meta SET value = 1 WHERE key = 'schema_version'");
    place_open(p, false);
    assert_int_equal(add(p, secret("alice")), CMC_OK);
    assert_int_equal(change(p, 1, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
}

static void a_damaged_row_is_told(void **state)
{
    struct place *p = *state;
    struct cmc_secret out;

    assert_int_equal(add(p, secret("alice")), CMC_OK);
    sql(p->path, "UPDATE secret SET failures = -1");
    assert_int_equal(cmc_reader_secret(p->reader, "alice", p->arena, &out, &p->err), CMC_E_LOCAL);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_secret_comes_back_whole),
        IN_PLACE(names_and_certificates_are_unique),
        IN_PLACE(a_name_is_needed_and_text),
        IN_PLACE(removed_is_gone),
        IN_PLACE(one_use_happens_once),
        IN_PLACE(two_at_once_cannot_both_use_it),
        IN_PLACE(a_reusable_one_until_it_expires),
        IN_PLACE(failures_lock),
        IN_PLACE(a_failure_of_nobody_is_no_error),
        IN_PLACE(listed_by_name),
        IN_PLACE(schema_1_gets_the_table),
        IN_PLACE(a_damaged_row_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
