/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

static enum cmc_rc put(struct place *p, const struct cmc_cert_record *r)
{
    struct cmc_txn t = {.at = NOW, .certs = r, .ncerts = 1};

    return cmc_store_commit(p->store, &t, &p->err);
}

static enum cmc_rc get(struct place *p, struct cmc_slice issuer, uint32_t n,
                       struct cmc_cert_record *out)
{
    return cmc_reader_cert(p->reader, issuer, serial_make(n), p->arena, out, &p->err);
}

static void assert_slices(struct cmc_slice a, struct cmc_slice b)
{
    assert_int_equal(a.p == NULL, b.p == NULL);
    assert_true(cmc_slice_eq(a, b));
}

static void a_certificate_comes_back_whole(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record in = cert_make(7), out;

    in.state = CMC_CERT_HELD;
    in.reason = 6;
    in.revoked_at = NOW + 2;
    in.invalidity_at = NOW + 3;
    assert_int_equal(put(p, &in), CMC_OK);
    assert_int_equal(get(p, issuer_a, 7, &out), CMC_OK);
    assert_slices(out.issuer, in.issuer);
    assert_slices(out.serial, in.serial);
    assert_slices(out.subject, in.subject);
    assert_slices(out.der, in.der);
    assert_slices(out.ski, in.ski);
    assert_memory_equal(out.spki_digest, in.spki_digest, CMC_SHA256_OCTETS);
    assert_string_equal(out.subject_text, in.subject_text);
    assert_string_equal(out.profile, in.profile);
    assert_string_equal(out.requester, in.requester);
    assert_int_equal(out.not_before, in.not_before);
    assert_int_equal(out.not_after, in.not_after);
    assert_int_equal(out.issued_at, in.issued_at);
    assert_int_equal(out.state, CMC_CERT_HELD);
    assert_int_equal(out.reason, 6);
    assert_int_equal(out.revoked_at, NOW + 2);
    assert_int_equal(out.invalidity_at, NOW + 3);
}

static void what_is_absent_stays_absent(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record in = cert_make(1), out;

    in.ski = CMC_SLICE_NONE;
    in.subject = CMC_SLICE_LIT("");
    in.subject_text = in.profile = in.requester = NULL;
    assert_int_equal(put(p, &in), CMC_OK);
    assert_int_equal(get(p, issuer_a, 1, &out), CMC_OK);
    assert_null(out.ski.p);
    assert_slices(out.subject, in.subject);
    assert_null(out.subject_text);
    assert_null(out.profile);
    assert_null(out.requester);
}

static void issuer_and_serial_together_are_the_key(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record r = cert_make(1), out;

    assert_int_equal(put(p, &r), CMC_OK);
    assert_int_equal(put(p, &r), CMC_E_CONFLICT);
    assert_non_null(strstr(p->err.text, "exists already"));
    assert_int_equal(get(p, issuer_b, 1, &out), CMC_E_NOTFOUND);
    assert_int_equal(get(p, issuer_a, 2, &out), CMC_E_NOTFOUND);
    r.issuer = issuer_b;
    assert_int_equal(put(p, &r), CMC_OK);
    assert_int_equal(get(p, issuer_b, 1, &out), CMC_OK);
    assert_slices(out.issuer, issuer_b);
}

static void an_answer_is_remembered(void **state)
{
    struct place *p = *state;
    struct cmc_txn t = {.request_digest = digest_make(1),
                        .answer_type = "application/pkcs7-mime",
                        .answer = CMC_SLICE_LIT("an\0swer"),
                        .at = NOW};
    struct cmc_answer a;

    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_answer(p->reader, digest_make(1), p->arena, &a, &p->err), CMC_OK);
    assert_string_equal(a.type, "application/pkcs7-mime");
    assert_slices(a.octets, CMC_SLICE_LIT("an\0swer"));
    assert_int_equal(cmc_reader_answer(p->reader, digest_make(2), p->arena, &a, &p->err),
                     CMC_E_NOTFOUND);
}

/* More than the layer under SQLite gathers at once, and in pieces that do not fit its pieces. */
static void large_answers_go_through_the_log(void **state)
{
    enum { OCTETS = 3 * 1024 * 1024 + 12345, ANSWERS = 3 };
    struct place *p = *state;
    uint8_t *octets = malloc(OCTETS);
    struct cmc_arena *arena = cmc_arena_new((size_t)8 * OCTETS);
    struct cmc_answer a;

    assert_non_null(octets);
    assert_non_null(arena);
    for (uint32_t i = 0; i < ANSWERS; i++) {
        struct cmc_txn t = {.request_digest = digest_make(i),
                            .answer_type = "x/y",
                            .answer = cmc_slice(octets, OCTETS),
                            .at = NOW};

        for (size_t k = 0; k < OCTETS; k++)
            octets[k] = (uint8_t)(k * 31 + k / 251 + i);
        assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
        assert_int_equal(cmc_reader_answer(p->reader, digest_make(i), arena, &a, &p->err), CMC_OK);
        assert_slices(a.octets, t.answer);
    }
    place_close(p);
    place_open(p, false);
    assert_int_equal(cmc_reader_answer(p->reader, digest_make(ANSWERS - 1), arena, &a, &p->err),
                     CMC_OK);
    assert_slices(a.octets, cmc_slice(octets, OCTETS));
    cmc_arena_free(arena);
    free(octets);
}

static void a_request_seen_again_changes_nothing(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record r[2] = {cert_make(1), cert_make(2)}, out;
    struct cmc_audit_record audit = {"{\"event\":\"issue\"}"};
    struct cmc_txn t = {.request_digest = digest_make(1),
                        .answer_type = "x/y",
                        .answer = CMC_SLICE_LIT("first"),
                        .at = NOW,
                        .certs = &r[0],
                        .ncerts = 1,
                        .audits = &audit,
                        .naudits = 1};
    struct cmc_answer a;

    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    t.certs = &r[1];
    t.answer = CMC_SLICE_LIT("second");
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
    assert_non_null(strstr(p->err.text, "answered already"));
    assert_int_equal(get(p, issuer_a, 2, &out), CMC_E_NOTFOUND);
    assert_int_equal(audit_count(p), 1);
    assert_int_equal(cmc_reader_answer(p->reader, digest_make(1), p->arena, &a, &p->err), CMC_OK);
    assert_slices(a.octets, CMC_SLICE_LIT("first"));
}

static void a_transaction_is_all_or_nothing(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record r = cert_make(5), out;
    struct cmc_state_change ch[2] = {
        {.issuer = issuer_a, .serial = serial_make(0), .to = CMC_CERT_REVOKED, .at = NOW},
        {.issuer = issuer_a, .serial = serial_make(99), .to = CMC_CERT_REVOKED, .at = NOW},
    };
    struct cmc_audit_record audits[2] = {{"{\"n\":1}"}, {"not an object"}};
    struct cmc_txn t = {.request_digest = digest_make(1),
                        .answer_type = "x/y",
                        .answer = CMC_SLICE_LIT("z"),
                        .at = NOW,
                        .certs = &r,
                        .ncerts = 1,
                        .changes = ch,
                        .nchanges = 2,
                        .audits = audits,
                        .naudits = 1};
    struct cmc_answer a;
    uint64_t before;

    put_certs(p, 1);
    before = generation(p);
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
    t.nchanges = 1;
    t.naudits = 2;
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_BUG);
    assert_int_equal(get(p, issuer_a, 5, &out), CMC_E_NOTFOUND);
    assert_int_equal(get(p, issuer_a, 0, &out), CMC_OK);
    assert_int_equal(out.state, CMC_CERT_VALID);
    assert_int_equal(cmc_reader_answer(p->reader, digest_make(1), p->arena, &a, &p->err),
                     CMC_E_NOTFOUND);
    assert_int_equal(audit_count(p), 0);
    assert_int_equal(generation(p), before);

    t.naudits = 1;
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    assert_int_equal(get(p, issuer_a, 5, &out), CMC_OK);
    assert_int_equal(audit_count(p), 1);
    assert_int_equal(generation(p), before + 1);
}

static void states_change_only_from_where_they_are(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record out;

    put_certs(p, 1);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_HELD, 6), CMC_OK);
    assert_int_equal(get(p, issuer_a, 0, &out), CMC_OK);
    assert_int_equal(out.state, CMC_CERT_HELD);
    assert_int_equal(out.reason, 6);
    assert_int_equal(out.revoked_at, NOW + 50);
    assert_int_equal(out.invalidity_at, NOW + 40);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_E_CONFLICT);
    assert_non_null(strstr(p->err.text, "is not valid"));
    assert_int_equal(change(p, 0, CMC_CERT_HELD, CMC_CERT_VALID, 8), CMC_OK);
    assert_int_equal(get(p, issuer_a, 0, &out), CMC_OK);
    assert_int_equal(out.state, CMC_CERT_VALID);
    assert_int_equal(out.reason, 0);
    assert_int_equal(out.revoked_at, 0);
    assert_int_equal(out.invalidity_at, 0);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_E_CONFLICT);
    assert_int_equal(change(p, 99, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_E_CONFLICT);
}

static void the_issuer_of_a_change_must_match(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record r = cert_make(3), out;
    struct cmc_state_change ch = {
        .issuer = issuer_b, .serial = serial_make(0), .to = CMC_CERT_REVOKED, .at = NOW};
    struct cmc_txn t = {.at = NOW, .changes = &ch, .nchanges = 1};

    put_certs(p, 1);
    r.issuer = issuer_b; /* so that the store knows this issuer */
    assert_int_equal(put(p, &r), CMC_OK);
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
    assert_int_equal(get(p, issuer_a, 0, &out), CMC_OK);
    assert_int_equal(out.state, CMC_CERT_VALID);
}

static void generation_grows_with_states_and_officers(void **state)
{
    struct place *p = *state;
    struct cmc_officer o = {.name = "Alice", .roles = 1, .cert = CMC_SLICE_LIT("c")};
    struct cmc_cert_record r = cert_make(9);
    uint64_t g = generation(p);

    put_certs(p, 2);
    assert_int_equal(generation(p), g);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    assert_true(generation(p) > g);
    g = generation(p);
    assert_int_equal(change(p, 0, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_E_CONFLICT);
    assert_int_equal(generation(p), g);
    assert_int_equal(cmc_store_officer_add(p->store, &o, &p->err), CMC_OK);
    assert_true(generation(p) > g);
    g = generation(p);
    assert_int_equal(cmc_store_officer_remove(p->store, "Alice", NOW, &p->err), CMC_OK);
    assert_true(generation(p) > g);
    g = generation(p);
    r.state = CMC_CERT_REVOKED;
    assert_int_equal(put(p, &r), CMC_OK);
    assert_true(generation(p) > g);
}

/* -- officers ---------------------------------------------------------------------------------- */

struct seen {
    size_t n;
    char text[8][256];
};

static enum cmc_rc see_json(void *arg, int64_t seq, int64_t at, const char *json,
                            const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct seen *s = arg;

    (void)hash;
    assert_int_equal(seq, s->n + 1);
    assert_true(at >= NOW);
    (void)snprintf(s->text[s->n++], sizeof s->text[0], "%s", json);
    return CMC_OK;
}

static enum cmc_rc see_officer(void *arg, const struct cmc_officer *o)
{
    struct seen *s = arg;

    (void)snprintf(s->text[s->n++], sizeof s->text[0], "%s %u", o->name, o->roles);
    return CMC_OK;
}

static void officers(void **state)
{
    struct place *p = *state;
    struct cmc_officer bob = {.name = "Bob",
                              .roles = CMC_ROLE_ENROLL | CMC_ROLE_REVOKE,
                              .cert = CMC_SLICE_LIT("\x30 bob"),
                              .added_at = NOW + 5};
    struct cmc_officer alice = {.name = "Alice", .roles = CMC_ROLE_REVOKE, .added_at = NOW},
                       twin = alice, out;
    struct seen seen = {0};

    memcpy(bob.cert_digest, digest_make(1), CMC_SHA256_OCTETS);
    memcpy(alice.cert_digest, digest_make(2), CMC_SHA256_OCTETS);
    alice.cert = CMC_SLICE_LIT("\x30 alice");
    assert_int_equal(cmc_store_officer_add(p->store, &bob, &p->err), CMC_OK);
    assert_int_equal(cmc_store_officer_add(p->store, &alice, &p->err), CMC_OK);

    assert_int_equal(cmc_reader_officer(p->reader, digest_make(1), p->arena, &out, &p->err),
                     CMC_OK);
    assert_string_equal(out.name, "Bob");
    assert_int_equal(out.roles, CMC_ROLE_ENROLL | CMC_ROLE_REVOKE);
    assert_memory_equal(out.cert_digest, bob.cert_digest, CMC_SHA256_OCTETS);
    assert_slices(out.cert, bob.cert);
    assert_int_equal(out.added_at, NOW + 5);
    assert_true(out.id > 0);

    twin.cert = CMC_SLICE_LIT("\x30 twin");
    memcpy(twin.cert_digest, digest_make(3), CMC_SHA256_OCTETS);
    assert_int_equal(cmc_store_officer_add(p->store, &twin, &p->err), CMC_E_CONFLICT);
    twin.name = "Carol";
    memcpy(twin.cert_digest, digest_make(2), CMC_SHA256_OCTETS);
    assert_int_equal(cmc_store_officer_add(p->store, &twin, &p->err), CMC_E_CONFLICT);

    assert_int_equal(cmc_reader_officers(p->reader, see_officer, &seen, &p->err), CMC_OK);
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.text[0], "Alice 2");
    assert_string_equal(seen.text[1], "Bob 3");

    assert_int_equal(cmc_store_officer_remove(p->store, "bob", NOW + 9, &p->err), CMC_E_NOTFOUND);
    assert_int_equal(cmc_store_officer_remove(p->store, "Bob", NOW + 9, &p->err), CMC_OK);
    assert_int_equal(cmc_store_officer_remove(p->store, "Bob", NOW + 9, &p->err), CMC_E_NOTFOUND);
    assert_int_equal(cmc_reader_officer(p->reader, digest_make(1), p->arena, &out, &p->err),
                     CMC_E_NOTFOUND);
    assert_int_equal(audit_count(p), 3);
}

static void officer_changes_are_audited(void **state)
{
    struct place *p = *state;
    struct cmc_officer o = {.name = "A \"q\"", .roles = CMC_ROLE_ENROLL, .added_at = NOW};
    struct seen seen = {0};

    memset(o.cert_digest, 0xab, sizeof o.cert_digest);
    o.cert = CMC_SLICE_LIT("c");
    assert_int_equal(cmc_store_officer_add(p->store, &o, &p->err), CMC_OK);
    assert_int_equal(cmc_store_officer_remove(p->store, o.name, NOW + 1, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_audit(p->reader, 1, see_json, &seen, &p->err), CMC_OK);
    assert_int_equal(seen.n, 2);
#define DIGEST "abababababababababababababababababababababababababababababababab"
    assert_string_equal(seen.text[0], "{\"event\":\"officer-add\",\"name\":\"A \\\"q\\\"\","
                                      "\"roles\":\"enroll\",\"certificate\":\"" DIGEST "\"}");
    assert_string_equal(seen.text[1], "{\"event\":\"officer-remove\",\"name\":\"A \\\"q\\\"\","
                                      "\"before\":{\"roles\":\"enroll\","
                                      "\"certificate\":\"" DIGEST "\"}}");
}

static void an_officer_needs_a_name_that_is_text(void **state)
{
    struct place *p = *state;
    struct cmc_officer o = {.name = "\xff\xfe", .roles = 1, .cert = CMC_SLICE_LIT("c")};
    struct cmc_officer out;

    assert_int_equal(cmc_store_officer_add(p->store, &o, &p->err), CMC_E_USAGE);
    assert_non_null(strstr(p->err.text, "UTF-8"));
    o.name = "";
    assert_int_equal(cmc_store_officer_add(p->store, &o, &p->err), CMC_E_USAGE);
    o.name = NULL;
    assert_int_equal(cmc_store_officer_add(p->store, &o, &p->err), CMC_E_USAGE);
    assert_int_equal(cmc_reader_officer(p->reader, o.cert_digest, p->arena, &out, &p->err),
                     CMC_E_NOTFOUND);
    assert_int_equal(audit_count(p), 0);
}

/* -- CRLs -------------------------------------------------------------------------------------- */

static uint64_t next_number(struct place *p, struct cmc_slice issuer)
{
    uint64_t n = 0;

    assert_int_equal(
        cmc_store_crl_number(p->store, &(struct cmc_crl_id){.issuer = issuer}, &n, &p->err),
        CMC_OK);
    return n;
}

static void crl_numbers_grow_for_each_issuer(void **state)
{
    struct place *p = *state;

    assert_int_equal(next_number(p, issuer_a), 1);
    assert_int_equal(next_number(p, issuer_a), 2);
    assert_int_equal(next_number(p, issuer_b), 1);
    place_close(p);
    place_open(p, false);
    assert_int_equal(next_number(p, issuer_a), 3);
}

static void only_a_newer_crl_replaces(void **state)
{
    struct place *p = *state;
    struct cmc_crl_record crl = {.number = 40,
                                 .this_update = NOW,
                                 .next_update = NOW + 100,
                                 .generation = 7,
                                 .der = CMC_SLICE_LIT("\x30 crl")},
                          old = crl, out;

    assert_int_equal(cmc_reader_crl(p->reader, &(struct cmc_crl_id){.issuer = issuer_a}, p->arena,
                                    &out, &p->err),
                     CMC_E_NOTFOUND);
    assert_int_equal(
        cmc_store_crl_put(p->store, &(struct cmc_crl_id){.issuer = issuer_a}, &crl, &p->err),
        CMC_OK);
    old.der = CMC_SLICE_LIT("\x30 old");
    assert_int_equal(
        cmc_store_crl_put(p->store, &(struct cmc_crl_id){.issuer = issuer_a}, &old, &p->err),
        CMC_E_CONFLICT);
    old.number = 39;
    assert_int_equal(
        cmc_store_crl_put(p->store, &(struct cmc_crl_id){.issuer = issuer_a}, &old, &p->err),
        CMC_E_CONFLICT);
    assert_int_equal(cmc_reader_crl(p->reader, &(struct cmc_crl_id){.issuer = issuer_a}, p->arena,
                                    &out, &p->err),
                     CMC_OK);
    assert_int_equal(out.number, 40);
    assert_int_equal(out.this_update, NOW);
    assert_int_equal(out.next_update, NOW + 100);
    assert_int_equal(out.generation, 7);
    assert_slices(out.der, crl.der);
    /* One that was made elsewhere moves our count. */
    assert_int_equal(next_number(p, issuer_a), 41);
    old.number = 41;
    assert_int_equal(
        cmc_store_crl_put(p->store, &(struct cmc_crl_id){.issuer = issuer_a}, &old, &p->err),
        CMC_OK);
    assert_int_equal(cmc_reader_crl(p->reader, &(struct cmc_crl_id){.issuer = issuer_a}, p->arena,
                                    &out, &p->err),
                     CMC_OK);
    assert_slices(out.der, old.der);
    old.number = UINT64_MAX;
    assert_int_equal(
        cmc_store_crl_put(p->store, &(struct cmc_crl_id){.issuer = issuer_a}, &old, &p->err),
        CMC_E_LIMIT);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_certificate_comes_back_whole),
        IN_PLACE(what_is_absent_stays_absent),
        IN_PLACE(issuer_and_serial_together_are_the_key),
        IN_PLACE(an_answer_is_remembered),
        IN_PLACE(a_request_seen_again_changes_nothing),
        IN_PLACE(large_answers_go_through_the_log),
        IN_PLACE(a_transaction_is_all_or_nothing),
        IN_PLACE(states_change_only_from_where_they_are),
        IN_PLACE(the_issuer_of_a_change_must_match),
        IN_PLACE(generation_grows_with_states_and_officers),
        IN_PLACE(officers),
        IN_PLACE(officer_changes_are_audited),
        IN_PLACE(an_officer_needs_a_name_that_is_text),
        IN_PLACE(crl_numbers_grow_for_each_issuer),
        IN_PLACE(only_a_newer_crl_replaces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
