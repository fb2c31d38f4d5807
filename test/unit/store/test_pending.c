/* SPDX-License-Identifier: Apache-2.0 */
/* What lasts longer than one exchange, in the store itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>

#define BLOB(s)                                                                                    \
    {                                                                                              \
        (const uint8_t *)(s), sizeof(s) - 1                                                        \
    }

static struct cmc_held held_make(uint32_t n)
{
    struct cmc_held h = {.requester = "alice",
                         .endpoint = "/cmc",
                         .profile = "client",
                         .body_part = n,
                         .request = BLOB("request"),
                         .subject = BLOB("subject"),
                         .subject_text = "CN=subject",
                         .extensions = BLOB("extensions"),
                         .transaction_id = BLOB("\x01\x02"),
                         .held_at = NOW,
                         .poll_at = NOW + 60,
                         .needed = 2,
                         .message = BLOB("message")};

    memcpy(h.token_digest, digest_make(n), sizeof h.token_digest);
    memcpy(h.owner, digest_make(n + 1000), sizeof h.owner);
    memcpy(h.key_digest, digest_make(n + 2000), sizeof h.key_digest);
    h.message_digest = digest_make(77);
    return h;
}

static enum cmc_rc hold(struct place *p, const struct cmc_held *h, size_t n)
{
    const struct cmc_txn t = {.at = NOW, .held = h, .nheld = n};

    return cmc_store_commit(p->store, &t, &p->err);
}

static enum cmc_rc decide(struct place *p, int64_t id, bool approve, const char *by,
                          enum cmc_held_state *state)
{
    const struct cmc_held_decision d = {
        .id = id, .approve = approve, .by = by, .text = "text", .at = NOW + 1};

    return cmc_store_held_decide(p->store, &d, state, &p->err);
}

static void a_held_request_comes_back_whole(void **state)
{
    struct place *p = *state;
    struct cmc_held in[2] = {held_make(1), held_make(2)}, out;

    assert_int_equal(hold(p, in, 2), CMC_OK);
    assert_int_equal(cmc_reader_held(p->reader, in[1].token_digest, p->arena, &out, &p->err),
                     CMC_OK);
    assert_int_equal(out.id, 2);
    assert_int_equal(out.state, CMC_HELD_WAITING);
    assert_memory_equal(out.owner, in[1].owner, sizeof out.owner);
    assert_memory_equal(out.key_digest, in[1].key_digest, sizeof out.key_digest);
    assert_string_equal(out.requester, "alice");
    assert_string_equal(out.endpoint, "/cmc");
    assert_string_equal(out.profile, "client");
    assert_int_equal(out.body_part, 2);
    assert_true(cmc_slice_eq(out.request, in[1].request));
    assert_true(cmc_slice_eq(out.subject, in[1].subject));
    assert_true(cmc_slice_eq(out.extensions, in[1].extensions));
    assert_true(cmc_slice_eq(out.transaction_id, in[1].transaction_id));
    assert_int_equal(out.poll_at, NOW + 60);
    assert_int_equal(out.needed, 2);
    assert_null(out.message.p);
    assert_int_equal(cmc_reader_held_id(p->reader, 1, p->arena, &out, &p->err), CMC_OK);
    assert_true(cmc_slice_eq(out.message, in[0].message));
    assert_memory_equal(out.message_digest, in[0].message_digest, CMC_TXN_DIGEST_OCTETS);
    assert_int_equal(cmc_reader_held(p->reader, digest_make(9), p->arena, &out, &p->err),
                     CMC_E_NOTFOUND);
    assert_int_equal(cmc_reader_held_id(p->reader, 3, p->arena, &out, &p->err), CMC_E_NOTFOUND);
    /* a token is there once */
    assert_int_not_equal(hold(p, in, 1), CMC_OK);
}

/* Two answers at once cannot both issue what was approved. */
static void released_once(void **state)
{
    struct place *p = *state;
    struct cmc_held h = held_make(1);
    const struct cmc_held_release r = {.id = 1, .issuer = issuer_a, .serial = BLOB("\x05")};
    const struct cmc_txn t = {.at = NOW, .releases = &r, .nreleases = 1};
    enum cmc_held_state now;

    h.needed = 1;
    assert_int_equal(hold(p, &h, 1), CMC_OK);
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
    assert_int_equal(decide(p, 1, true, "ann", &now), CMC_OK);
    assert_int_equal(now, CMC_HELD_APPROVED);
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
    assert_int_equal(decide(p, 1, false, "ann", &now), CMC_E_CONFLICT);
}

static void a_decision_that_fails_leaves_nothing(void **state)
{
    struct place *p = *state;
    struct cmc_held h = held_make(1), out;
    enum cmc_held_state now;
    int64_t audits;

    assert_int_equal(hold(p, &h, 1), CMC_OK);
    assert_int_equal(decide(p, 1, true, "ann", &now), CMC_OK);
    assert_int_equal(now, CMC_HELD_WAITING);
    audits = audit_count(p);
    assert_int_equal(decide(p, 1, true, "ann", &now), CMC_E_CONFLICT);
    assert_int_equal(audit_count(p), audits);
    assert_int_equal(cmc_reader_held_id(p->reader, 1, p->arena, &out, &p->err), CMC_OK);
    assert_int_equal(out.approvals, 1);
}

static void a_nonce_is_for_one_message(void **state)
{
    struct place *p = *state;
    struct cmc_nonce_use n = {.key = "key", .message = "message"}, out;
    struct cmc_txn t = {.at = NOW, .nonce = &n};

    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    n.message[0] = 'M';
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
    assert_int_equal(cmc_reader_nonce(p->reader, n.key, &out, &p->err), CMC_OK);
    assert_string_equal((const char *)out.message, "message");
    n.key[0] = 'K';
    assert_int_equal(cmc_reader_nonce(p->reader, n.key, &out, &p->err), CMC_E_NOTFOUND);
}

/* The secret of our nonces is made once, and is another in each store. */
static void one_secret_for_ever(void **state)
{
    struct place *p = *state;
    uint8_t first[CMC_TXN_DIGEST_OCTETS], second[CMC_TXN_DIGEST_OCTETS], zero[sizeof first] = {0};

    assert_int_equal(cmc_reader_nonce_secret(p->reader, first, &p->err), CMC_OK);
    assert_memory_not_equal(first, zero, sizeof zero);
    place_close(p);
    place_open(p, false);
    assert_int_equal(cmc_reader_nonce_secret(p->reader, second, &p->err), CMC_OK);
    assert_memory_equal(first, second, sizeof first);
}

/* A rejected certificate is revoked with the rejection, or neither happens. */
static void rejected_and_revoked_at_once(void **state)
{
    struct place *p = *state;
    struct cmc_cert_record cert = cert_make(1);
    struct cmc_await a = {.issuer = cert.issuer,
                          .serial = cert.serial,
                          .endpoint = "/cmc",
                          .body_part = 3,
                          .issued_at = NOW,
                          .deadline = NOW + 60},
                     out;
    struct cmc_txn t = {.at = NOW, .awaits = &a, .nawaits = 1};
    struct cmc_await_end e = {
        .issuer = a.issuer, .serial = a.serial, .to = CMC_AWAIT_REJECTED, .reason = 5};
    uint64_t before;

    put_certs(p, 2);
    before = generation(p);
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    t = (struct cmc_txn){.at = NOW, .await_ends = &e, .nawait_ends = 1};
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    assert_true(generation(p) > before); /* so the next CRL has it */
    assert_int_equal(cmc_reader_await(p->reader, a.issuer, a.serial, p->arena, &out, &p->err),
                     CMC_OK);
    assert_int_equal(out.state, CMC_AWAIT_REJECTED);
    assert_int_equal(cmc_reader_cert(p->reader, a.issuer, a.serial, p->arena, &cert, &p->err),
                     CMC_OK);
    assert_int_equal(cert.state, CMC_CERT_REVOKED);
    assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_E_CONFLICT);
}

static void a_sweep_is_bounded(void **state)
{
    struct place *p = *state;
    struct cmc_sweep what = {.now = NOW + 100, .nonces_before = NOW + 1, .answers_before = NOW + 1};
    struct cmc_swept out;
    struct cmc_answer answer;
    size_t nonces = 0, answers = 0, rounds = 0;

    for (uint32_t i = 0; i < 1200; i++) {
        struct cmc_nonce_use n = {.key = ""};
        struct cmc_txn t = {.at = NOW,
                            .nonce = &n,
                            .request_digest = digest_make(i),
                            .answer_type = "type",
                            .answer = BLOB("answer")};

        memcpy(n.key, digest_make(i), sizeof n.key);
        assert_int_equal(cmc_store_commit(p->store, &t, &p->err), CMC_OK);
    }
    do {
        assert_int_equal(cmc_store_sweep(p->store, &what, &out, &p->err), CMC_OK);
        assert_true(out.nonces <= 500 && out.answers <= 500);
        nonces += out.nonces;
        answers += out.answers;
        rounds++;
    } while (out.more);
    assert_int_equal(nonces, 1200);
    assert_int_equal(answers, 1200);
    assert_int_equal(rounds, 3);
    /* that there was an answer is not forgotten */
    assert_int_equal(cmc_reader_answer(p->reader, digest_make(7), p->arena, &answer, &p->err),
                     CMC_OK);
    assert_int_equal(answer.octets.n, 0);
    assert_int_equal(answer.at, NOW);
}

/* A store of version 2 keeps what it has, and gets the tables. */
static void schema_2_gets_the_tables(void **state)
{
    struct place *p = *state;
    struct cmc_held h = held_make(1);
    uint8_t secret[CMC_TXN_DIGEST_OCTETS];
    struct cmc_cert_record cert;

    put_certs(p, 3);
    place_close(p);
    sql(p->path, SQL_BEFORE_SCHEMA_3 "UPDATE meta SET value = 2 WHERE key = 'schema_version'");
    place_open(p, false);
    assert_int_equal(hold(p, &h, 1), CMC_OK);
    assert_int_equal(cmc_reader_nonce_secret(p->reader, secret, &p->err), CMC_OK);
    assert_int_equal(cmc_reader_cert(p->reader, issuer_a, serial_make(2), p->arena, &cert, &p->err),
                     CMC_OK);
    assert_int_equal(change(p, 1, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
}

static void damaged_rows_are_told(void **state)
{
    struct place *p = *state;
    struct cmc_held h = held_make(1), out;

    assert_int_equal(hold(p, &h, 1), CMC_OK);
    sql(p->path, "UPDATE held SET state = 9");
    assert_int_equal(cmc_reader_held(p->reader, h.token_digest, p->arena, &out, &p->err),
                     CMC_E_LOCAL);
    sql(p->path, "UPDATE held SET state = 0, owner = x'00'");
    assert_int_equal(cmc_reader_held_id(p->reader, 1, p->arena, &out, &p->err), CMC_E_LOCAL);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_held_request_comes_back_whole),
        IN_PLACE(released_once),
        IN_PLACE(a_decision_that_fails_leaves_nothing),
        IN_PLACE(a_nonce_is_for_one_message),
        IN_PLACE(one_secret_for_ever),
        IN_PLACE(rejected_and_revoked_at_once),
        IN_PLACE(a_sweep_is_bounded),
        IN_PLACE(schema_2_gets_the_tables),
        IN_PLACE(damaged_rows_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
