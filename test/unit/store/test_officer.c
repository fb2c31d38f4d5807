/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of officers: who may order them, that an admin is left, and what is recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "helper.h"

#include <cmocka.h>

static struct cmc_officer officer(const char *name, unsigned int roles)
{
    struct cmc_officer o = {
        .name = name, .roles = roles, .cert = CMC_SLICE_LIT("certificate"), .added_at = NOW};

    memcpy(o.cert_digest, name, strlen(name));
    return o;
}

/* As admin orders it, after the last record. */
static struct cmc_officer_order order_of(struct place *p, const char *admin)
{
    struct cmc_officer_order order = {.admin = admin,
                                      .text = "{\"order\":1}",
                                      .after = audit_count(p),
                                      .certificate = CMC_SLICE_LIT("cert"),
                                      .signature = CMC_SLICE_LIT("sig")};

    memcpy(order.admin_digest, admin, strlen(admin));
    return order;
}

static enum cmc_rc alter(struct place *p, enum cmc_officer_act act, struct cmc_officer o,
                         const char *admin)
{
    struct cmc_officer_order order;
    struct cmc_officer_change ch = {.act = act, .officer = o, .at = NOW};

    if (admin != NULL) {
        order = order_of(p, admin);
        ch.order = &order;
    }
    return cmc_store_officer_change(p->store, &ch, &p->err);
}

#define ADD    CMC_OFFICER_ADD
#define MODIFY CMC_OFFICER_MODIFY
#define REMOVE CMC_OFFICER_REMOVE

static enum cmc_rc last_json(void *arg, int64_t seq, int64_t at, const char *json,
                             const uint8_t hash[CMC_SHA256_OCTETS])
{
    (void)seq;
    (void)at;
    (void)hash;
    (void)snprintf(arg, 1024, "%s", json);
    return CMC_OK;
}

static void what_is_written_is_read(void **state)
{
    struct place *p = *state;
    struct cmc_officer o = officer("ann", CMC_ROLE_ENROLL), found;
    uint64_t before = generation(p);

    o.profiles = "a,b";
    o.names = "DNS:example.org\nC=SE";
    assert_int_equal(alter(p, ADD, o, NULL), CMC_OK);
    assert_true(generation(p) > before);
    assert_int_equal(cmc_reader_officer_named(p->reader, "ann", p->arena, &found, &p->err), CMC_OK);
    assert_string_equal(found.profiles, "a,b");
    assert_string_equal(found.names, o.names);
    assert_int_equal(cmc_reader_officer_named(p->reader, "eve", p->arena, &found, &p->err),
                     CMC_E_NOTFOUND);
    before = generation(p);
    o.roles = CMC_ROLE_REVOKE;
    o.profiles = NULL;
    o.names = NULL;
    assert_int_equal(alter(p, MODIFY, o, NULL), CMC_OK);
    assert_true(generation(p) > before);
    assert_int_equal(cmc_reader_officer(p->reader, o.cert_digest, p->arena, &found, &p->err),
                     CMC_OK);
    assert_int_equal(found.roles, CMC_ROLE_REVOKE);
    assert_null(found.profiles);
    assert_null(found.names);
}

static void records_hold_what_was(void **state)
{
    struct place *p = *state;
    struct cmc_officer o = officer("ann", CMC_ROLE_ENROLL | CMC_ROLE_ADMIN);
    char json[1024] = "";

    assert_int_equal(alter(p, ADD, o, NULL), CMC_OK);
    o.roles = CMC_ROLE_ADMIN;
    o.names = "C=SE\nDNS:a.test";
    o.profiles = "x";
    assert_int_equal(alter(p, MODIFY, o, "ann"), CMC_OK);
    assert_int_equal(cmc_reader_audit(p->reader, 2, last_json, json, &p->err), CMC_OK);
    assert_string_equal(
        json,
        "{\"event\":\"officer-modify\",\"name\":\"ann\",\"roles\":\"admin\",\"profiles\":\"x\","
        "\"names\":[\"C=SE\",\"DNS:a.test\"],\"certificate\":"
        "\"616e6e0000000000000000000000000000000000000000000000000000000000\",\"before\":{"
        "\"roles\":\"enroll,admin\",\"certificate\":"
        "\"616e6e0000000000000000000000000000000000000000000000000000000000\"},\"admin\":\"ann\","
        "\"order\":\"{\\\"order\\\":1}\",\"adminCertificate\":\"63657274\",\"signature\":"
        "\"736967\"}");
}

static void only_admins_order(void **state)
{
    struct place *p = *state;
    struct cmc_officer_order stale, other;
    struct cmc_officer_change ch = {
        .act = ADD, .officer = officer("new", CMC_ROLE_ENROLL), .at = NOW};
    int64_t records;

    /* before there is one, nobody needs to */
    assert_int_equal(alter(p, ADD, officer("ann", CMC_ROLE_ENROLL), NULL), CMC_OK);
    assert_int_equal(alter(p, ADD, officer("root", CMC_ROLE_ADMIN), NULL), CMC_OK);
    records = audit_count(p);
    assert_int_equal(alter(p, ADD, officer("new", CMC_ROLE_ENROLL), NULL), CMC_E_REFUSED);
    assert_int_equal(alter(p, REMOVE, officer("ann", 0), NULL), CMC_E_REFUSED);
    assert_int_equal(alter(p, MODIFY, officer("ann", 0), "ann"), CMC_E_REFUSED);
    assert_int_equal(alter(p, MODIFY, officer("ann", 0), "nobody"), CMC_E_REFUSED);
    /* the name of one, and another's certificate */
    other = order_of(p, "root");
    other.admin_digest[0] ^= 1;
    ch.order = &other;
    assert_int_equal(cmc_store_officer_change(p->store, &ch, &p->err), CMC_E_REFUSED);
    assert_int_equal(audit_count(p), records);
    /* one order, one change */
    stale = order_of(p, "root");
    ch.order = &stale;
    assert_int_equal(cmc_store_officer_change(p->store, &ch, &p->err), CMC_OK);
    ch.officer.name = "newer";
    ch.officer.cert_digest[0] ^= 1;
    assert_int_equal(cmc_store_officer_change(p->store, &ch, &p->err), CMC_E_CONFLICT);
    assert_non_null(strstr(p->err.text, "try again"));
    /* what is no change of an officer uses no order up */
    stale = order_of(p, "root");
    put_certs(p, 1);
    assert_int_equal(cmc_store_officer_change(p->store, &ch, &p->err), CMC_OK);
    /* where no admin can sign, which is for the caller to find out */
    ch = (struct cmc_officer_change){
        .act = REMOVE, .officer = officer("newer", 0), .at = NOW, .recover = true};
    assert_int_equal(cmc_store_officer_change(p->store, &ch, &p->err), CMC_OK);
}

static void an_admin_is_left(void **state)
{
    struct place *p = *state;

    assert_int_equal(alter(p, ADD, officer("root", CMC_ROLE_ADMIN), NULL), CMC_OK);
    assert_int_equal(alter(p, REMOVE, officer("root", 0), "root"), CMC_E_REFUSED);
    assert_non_null(strstr(p->err.text, "the last with the role admin"));
    assert_int_equal(alter(p, MODIFY, officer("root", CMC_ROLE_AUDIT), "root"), CMC_E_REFUSED);
    assert_int_equal(alter(p, ADD, officer("two", CMC_ROLE_ADMIN), "root"), CMC_OK);
    assert_int_equal(alter(p, REMOVE, officer("root", 0), "root"), CMC_OK);
    assert_int_equal(alter(p, REMOVE, officer("two", 0), "two"), CMC_E_REFUSED);
    assert_int_equal(alter(p, MODIFY, officer("two", CMC_ROLE_ADMIN | CMC_ROLE_ENROLL), "two"),
                     CMC_OK);
}

static void changed_meanwhile(void **state)
{
    struct place *p = *state;
    const struct cmc_officer before = officer("ann", CMC_ROLE_ENROLL);
    struct cmc_officer_change ch = {
        .act = MODIFY, .officer = officer("ann", CMC_ROLE_REVOKE), .before = &before, .at = NOW};

    assert_int_equal(alter(p, ADD, before, NULL), CMC_OK);
    assert_int_equal(cmc_store_officer_change(p->store, &ch, &p->err), CMC_OK);
    assert_int_equal(cmc_store_officer_change(p->store, &ch, &p->err), CMC_E_CONFLICT);
    assert_int_equal(alter(p, MODIFY, officer("eve", 1), NULL), CMC_E_NOTFOUND);
    assert_int_equal(alter(p, REMOVE, officer("eve", 1), NULL), CMC_E_NOTFOUND);
    assert_int_equal(alter(p, ADD, officer("", 1), NULL), CMC_E_USAGE);
}

/* An officer of a schema without limits has none. */
static void an_older_schema_gets_the_columns(void **state)
{
    struct place *p = *state;
    struct cmc_officer found;

    assert_int_equal(alter(p, ADD, officer("ann", CMC_ROLE_ENROLL), NULL), CMC_OK);
    place_close(p);
    sql(p->path, SQL_BEFORE_OFFICER);
    place_open(p, false);
    assert_int_equal(cmc_reader_officer_named(p->reader, "ann", p->arena, &found, &p->err), CMC_OK);
    assert_null(found.profiles);
    assert_null(found.names);
    assert_int_equal(alter(p, ADD, officer("root", CMC_ROLE_ADMIN), NULL), CMC_OK);
    assert_int_equal(alter(p, REMOVE, officer("ann", 0), "root"), CMC_OK);
}

#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(what_is_written_is_read), IN_PLACE(records_hold_what_was),
        IN_PLACE(only_admins_order),       IN_PLACE(an_admin_is_left),
        IN_PLACE(changed_meanwhile),       IN_PLACE(an_older_schema_gets_the_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
