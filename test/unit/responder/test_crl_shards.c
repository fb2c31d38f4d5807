/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs in shards and their deltas by a moved clock: what OpenSSL's path validation finds with them
 * is what the store says, a delta added to its base is the full CRL of now, numbers grow, and
 * nothing is signed while a revoked certificate stands in no CRL.
 */
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../authority.h"
#include "asn1/codec.h"
#include "asn1/oids.h"

#define SHARDS 3u
#define CROWD  1000u
#define DAY    86400
#define HOUR   3600

static const struct cmc_ca_params sharded = {.crl_url = "http://ca.test/ca-{shard}.crl",
                                             .crl_hours = 24,
                                             .crl_shards = SHARDS,
                                             .crl_complete = true,
                                             .crl_delta_url = "http://ca.test/ca-{shard}.delta",
                                             .crl_delta_minutes = 60,
                                             .crl_keep = 3,
                                             .crl_days = 30};
static const struct cmc_ca_params unsharded = {.crl_url = "http://ca.test/ca.crl",
                                               .crl_hours = 24,
                                               .crl_delta_minutes = 60,
                                               .crl_keep = 3,
                                               .crl_days = 30};

/* -- people ------------------------------------------------------------------------------ */

struct one {
    X509 *cert;
    struct cmc_slice serial;
    int64_t not_after;
    enum cmc_cert_state state;
};

struct crowd {
    struct test_authority *t;
    struct one one[CROWD];
    size_t n;
    uint32_t dice;
};

/* The same each time. */
static uint32_t roll(struct crowd *c, uint32_t n)
{
    c->dice = c->dice * 1664525u + 1013904223u;
    return (c->dice >> 8) % n;
}

/* n certificates that end at some time of the next days. */
static void fill(struct crowd *c, size_t n)
{
    struct test_authority *t = c->t;
    EVP_PKEY *key = test_key(t, "EC", "P-256");
    struct cmc_issue_order order = {.key = key, .profile = "ee"};
    struct cmc_cert_record *records = cmc_arena_array(t->arena, n, sizeof *records);
    const struct cmc_txn txn = {.at = TEST_NOW, .certs = records, .ncerts = n};
    struct cmc_request rq;
    struct cmc_err err = {0};

    assert_int_equal(
        cmc_request_from_pkcs10(test_csr(t, key, "CN=One of many", NULL), t->arena, &rq, &err),
        CMC_OK);
    order.request = &rq;
    for (size_t i = 0; i < n; i++) {
        struct one *o = &c->one[c->n++];
        struct cmc_issued issued;
        const unsigned char *p;

        order.now = TEST_NOW;
        assert_int_equal(cmc_ca_issue(t->ca, &order, t->arena, &issued, &err), CMC_OK);
        /* Some end within the test: by as much as the profile is longer they are from before. */
        if (i % 4 == 0) {
            order.now -= issued.record.not_after - TEST_NOW - (int64_t)roll(c, 3 * DAY);
            assert_int_equal(cmc_ca_issue(t->ca, &order, t->arena, &issued, &err), CMC_OK);
        }
        records[i] = issued.record;
        p = issued.cert.p;
        *o = (struct one){.cert = d2i_X509(NULL, &p, (long)issued.cert.n),
                          .serial = issued.record.serial,
                          .not_after = issued.record.not_after};
        assert_non_null(o->cert);
    }
    assert_int_equal(cmc_store_commit(t->store, &txn, &err), CMC_OK);
    EVP_PKEY_free(key);
}

static struct cmc_slice issuer_of(struct test_authority *t)
{
    struct cmc_cert ca = {0};

    assert_int_equal(cmc_decode(&cmc_it_cert, t->root.cert, t->arena, &ca, NULL), CMC_OK);
    return ca.tbs.subject;
}

static struct cmc_state_change change_of(struct crowd *c, struct one *o, enum cmc_cert_state to,
                                         uint32_t reason, int64_t at)
{
    const struct cmc_state_change change = {.issuer = issuer_of(c->t),
                                            .serial = o->serial,
                                            .from = o->state,
                                            .to = to,
                                            .reason = reason,
                                            .at = at};

    o->state = to;
    return change;
}

static enum cmc_rc set_state(struct crowd *c, struct one *o, enum cmc_cert_state to,
                             uint32_t reason, int64_t at)
{
    const struct cmc_state_change change = change_of(c, o, to, reason, at);
    const struct cmc_txn txn = {.at = at, .changes = &change, .nchanges = 1};
    struct cmc_err err = {0};

    return cmc_store_commit(c->t->store, &txn, &err);
}

/* Revoke, hold and release at random those that have not ended. */
static void stir(struct crowd *c, int64_t now)
{
    static const uint32_t reasons[] = {0, 1, 3, 4, 5, 9};
    struct cmc_state_change *changes = cmc_arena_array(c->t->arena, c->n, sizeof *changes);
    struct cmc_txn txn = {.at = now, .changes = changes};
    struct cmc_err err = {0};

    for (size_t i = 0; i < c->n; i++) {
        struct one *o = &c->one[i];
        uint32_t what = roll(c, 6);

        if (o->not_after < now || what > 1 || o->state == CMC_CERT_REVOKED)
            continue;
        if (o->state == CMC_CERT_HELD)
            changes[txn.nchanges++] =
                change_of(c, o, what == 0 ? CMC_CERT_REVOKED : CMC_CERT_VALID, 1, now);
        else if (what == 0)
            changes[txn.nchanges++] =
                change_of(c, o, CMC_CERT_REVOKED, reasons[roll(c, CMC_COUNT(reasons))], now);
        else
            changes[txn.nchanges++] = change_of(c, o, CMC_CERT_HELD, 6, now);
    }
    assert_int_equal(cmc_store_commit(c->t->store, &txn, &err), CMC_OK);
}

/* -- CRLs -------------------------------------------------------------------------------- */

static struct cmc_slice get(struct test_authority *t, uint32_t shard, bool delta, int64_t now)
{
    const struct cmc_crl_scope scope = {.shard = shard, .delta = delta};
    struct cmc_slice der;
    struct cmc_err err = {0};
    enum cmc_rc rc = cmc_ca_crl_get(t->ca, &scope, now, t->arena, &der, &err);

    if (rc != CMC_OK)
        print_error("shard %u: %s\n", shard, err.text);
    assert_int_equal(rc, CMC_OK);
    return der;
}

static void decode(struct test_authority *t, struct cmc_slice der, struct cmc_crl *crl)
{
    struct cmc_err err;

    *crl = (struct cmc_crl){0};
    assert_int_equal(cmc_decode(&cmc_it_crl, der, t->arena, crl, &err), CMC_OK);
}

/* The number in an extension of a CRL; 0: it has none. */
static uint64_t number_in(struct test_authority *t, struct cmc_slice der, struct cmc_slice oid)
{
    const struct cmc_extension *e;
    struct cmc_slice v = CMC_SLICE_NONE;
    struct cmc_crl crl;
    uint64_t n = 0;

    decode(t, der, &crl);
    e = cmc_extension_find(&crl.tbs.extensions, oid);
    if (e == NULL)
        return 0;
    assert_int_equal(cmc_decode(&cmc_it_integer, e->value, t->arena, &v, NULL), CMC_OK);
    assert_true(cmc_int_get_u64(v, &n));
    return n;
}

static uint64_t number_of(struct test_authority *t, struct cmc_slice der)
{
    return number_in(t, der, cmc_oid_id_ce_cRLNumber);
}

static uint64_t base_of(struct test_authority *t, struct cmc_slice der)
{
    return number_in(t, der, cmc_oid_id_ce_deltaCRLIndicator);
}

static uint32_t reason_of(struct test_authority *t, const struct cmc_revoked *r)
{
    const struct cmc_extension *e = cmc_extension_find(&r->extensions, cmc_oid_id_ce_cRLReasons);
    uint32_t reason = 0;

    if (e != NULL)
        assert_int_equal(cmc_decode(&cmc_it_crl_reason, e->value, t->arena, &reason, NULL), CMC_OK);
    return reason;
}

/* -- what OpenSSL finds ------------------------------------------------------------------- */

static void add_crl(STACK_OF(X509_CRL) * to, struct cmc_slice der)
{
    const unsigned char *p = der.p;
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.n);

    assert_non_null(crl);
    assert_true(sk_X509_CRL_push(to, crl) > 0);
}

/* X509_V_OK, X509_V_ERR_CERT_REVOKED, ... of each that has not ended, with these CRLs. */
static void judge(struct crowd *c, STACK_OF(X509_CRL) * crls, unsigned long flags, int64_t now)
{
    X509_STORE *store = X509_STORE_new();
    const unsigned char *p = c->t->root.cert.p;
    X509 *root = d2i_X509(NULL, &p, (long)c->t->root.cert.n);
    size_t judged = 0;

    assert_true(store != NULL && root != NULL && X509_STORE_add_cert(store, root) == 1);
    for (size_t i = 0; i < c->n; i++) {
        const struct one *o = &c->one[i];
        X509_STORE_CTX *ctx = X509_STORE_CTX_new();
        int want = o->not_after < now           ? X509_V_ERR_CERT_HAS_EXPIRED
                   : o->state == CMC_CERT_VALID ? X509_V_OK
                                                : X509_V_ERR_CERT_REVOKED;

        assert_int_equal(X509_STORE_CTX_init(ctx, store, o->cert, NULL), 1);
        X509_STORE_CTX_set0_crls(ctx, crls);
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), (time_t)now);
        X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_CRL_CHECK | flags);
        (void)X509_verify_cert(ctx);
        /* Ended and revoked: OpenSSL looks at the CRL first, and it may have left that. */
        if (want == X509_V_ERR_CERT_HAS_EXPIRED)
            assert_int_not_equal(X509_STORE_CTX_get_error(ctx), X509_V_OK);
        else
            assert_int_equal(X509_STORE_CTX_get_error(ctx), want);
        judged += want != X509_V_ERR_CERT_HAS_EXPIRED;
        X509_STORE_CTX_free(ctx);
    }
    assert_true(judged > c->n / 2);
    X509_free(root);
    X509_STORE_free(store);
}

#define WITH_DELTAS (X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS)

/* At this time: shards with their deltas, and the complete CRL. */
static void all_agree(struct crowd *c, int64_t now)
{
    STACK_OF(X509_CRL) *parts = sk_X509_CRL_new_null(), *complete = sk_X509_CRL_new_null();

    for (uint32_t s = 1; s <= SHARDS; s++) {
        add_crl(parts, get(c->t, s, false, now));
        add_crl(parts, get(c->t, s, true, now));
    }
    add_crl(complete, get(c->t, 0, false, now));
    judge(c, parts, WITH_DELTAS, now);
    judge(c, complete, X509_V_FLAG_CRL_CHECK_ALL, now);
    sk_X509_CRL_pop_free(parts, X509_CRL_free);
    sk_X509_CRL_pop_free(complete, X509_CRL_free);
}

/* -- tests ------------------------------------------------------------------------------- */

static struct crowd *crowd_new(const struct cmc_ca_params *crl, size_t n)
{
    struct crowd *c = calloc(1, sizeof *c);

    assert_non_null(c);
    c->dice = 5280;
    c->t = test_authority_new("EC", "P-256");
    c->t->crl = *crl;
    test_authority_restart(c->t);
    fill(c, n);
    return c;
}

static void crowd_free(struct crowd *c)
{
    for (size_t i = 0; i < c->n; i++)
        X509_free(c->one[i].cert);
    test_authority_free(c->t);
    free(c);
}

/* Three days of revoking, holding and releasing, in which a quarter of the certificates ends. */
static void openssl_agrees_with_the_store(void **state)
{
    struct crowd *c = crowd_new(&sharded, CROWD);

    (void)state;
    for (int64_t now = TEST_NOW; now < TEST_NOW + 3 * DAY; now += 11 * HOUR) {
        stir(c, now);
        all_agree(c, now + 1);
    }
    test_authority_restart(c->t);
    all_agree(c, TEST_NOW + 3 * DAY);
    crowd_free(c);
}

/* What a CRL lists, by number of the certificate: its reason + 1, or 0. */
static void entries(struct crowd *c, struct cmc_slice der, uint32_t *out)
{
    struct cmc_crl crl;
    size_t found = 0;

    decode(c->t, der, &crl);
    memset(out, 0, c->n * sizeof *out);
    for (size_t k = 0; k < crl.tbs.revoked.n; k++) {
        const struct cmc_revoked *r = CMC_AT(const struct cmc_revoked, crl.tbs.revoked, k);

        for (size_t i = 0; i < c->n; i++) {
            if (!cmc_slice_eq(c->one[i].serial, r->serial))
                continue;
            assert_int_equal(out[i], 0); /* none is there twice */
            out[i] = reason_of(c->t, r) + 1;
            found++;
        }
    }
    assert_int_equal(found, crl.tbs.revoked.n);
}

#define REMOVED (8 + 1)

/* RFC 5280 section 5.2.4: base and delta are the full CRL of the same moment. */
static void delta_and_base_are_the_full_one(void **state)
{
    struct crowd *c = crowd_new(&unsharded, 60);
    uint32_t base[CROWD], delta[CROWD], full[CROWD];
    bool removed = false;
    struct cmc_slice first;
    int64_t now = TEST_NOW;

    (void)state;
    stir(c, now);
    first = get(c->t, 0, false, now);
    entries(c, first, base);
    for (int round = 0; round < 6; round++) {
        struct cmc_slice der;

        now += 600;
        stir(c, now);
        der = get(c->t, 0, true, now);
        assert_true(cmc_slice_eq(get(c->t, 0, false, now), first));
        assert_int_equal(base_of(c->t, der), number_of(c->t, first));
        entries(c, der, delta);
        for (size_t i = 0; i < c->n; i++) {
            uint32_t sum = delta[i] == REMOVED ? 0 : delta[i] != 0 ? delta[i] : base[i];

            removed |= delta[i] == REMOVED;
            full[i] = c->one[i].state != CMC_CERT_VALID;
            assert_int_equal(sum != 0, full[i]);
        }
    }
    assert_true(removed);
    /* The same once more of a full CRL, made when half of the period is over. */
    now = TEST_NOW + 13 * HOUR;
    first = get(c->t, 0, false, now);
    entries(c, first, full);
    for (size_t i = 0; i < c->n; i++) {
        if (c->one[i].not_after >= now)
            assert_int_equal(full[i] != 0, c->one[i].state != CMC_CERT_VALID);
    }
    crowd_free(c);
}

/* A delta of the moment of its base has its number; else full and delta count on together. */
static void one_sequence_of_numbers(void **state)
{
    struct crowd *c = crowd_new(&sharded, 8);
    struct test_authority *t = c->t;
    struct one *o = &c->one[1];
    uint64_t full, last;

    (void)state;
    for (uint32_t s = 1; s <= SHARDS; s++) {
        full = number_of(t, get(t, s, false, TEST_NOW));
        assert_int_equal(full, 1);
        assert_int_equal(number_of(t, get(t, s, true, TEST_NOW)), full);
        last = number_of(t, get(t, s, true, TEST_NOW + HOUR));
        assert_int_equal(last, 2);
        assert_int_equal(number_of(t, get(t, s, false, TEST_NOW + 13 * HOUR)), 3);
        /* The delta was to the base before. */
        assert_int_equal(base_of(t, get(t, s, true, TEST_NOW + 13 * HOUR)), 3);
    }
    /* Only the shard in which something changed has another delta; the complete one has it too. */
    full = number_of(t, get(t, 0, false, TEST_NOW + 13 * HOUR));
    assert_int_equal(set_state(c, o, CMC_CERT_REVOKED, 1, TEST_NOW + 13 * HOUR), CMC_OK);
    last = 0;
    for (uint32_t s = 1; s <= SHARDS; s++)
        last += number_of(t, get(t, s, true, TEST_NOW + 13 * HOUR + 1));
    assert_int_equal(last, 3 + 3 + 4);
    assert_int_equal(number_of(t, get(t, 0, false, TEST_NOW + 13 * HOUR + 1)), full + 1);
    crowd_free(c);
}

/* What ended stays until it was on a CRL after its end, be that when it may. */
static void expired_ones_leave_after_one_more(void **state)
{
    struct crowd *c = crowd_new(&unsharded, 1);
    struct one *o = &c->one[0]; /* ends within three days */
    uint32_t on[CROWD];

    (void)state;
    /* It is on a delta first, and on no full CRL when it ends. */
    entries(c, get(c->t, 0, false, TEST_NOW), on);
    assert_int_equal(on[0], 0);
    assert_int_equal(set_state(c, o, CMC_CERT_REVOKED, 1, TEST_NOW), CMC_OK);
    entries(c, get(c->t, 0, true, TEST_NOW + 1), on);
    assert_true(on[0] != 0);
    /* The server was down for a month. */
    entries(c, get(c->t, 0, false, TEST_NOW + 30 * DAY), on);
    assert_true(on[0] != 0);
    entries(c, get(c->t, 0, false, TEST_NOW + 60 * DAY), on);
    assert_int_equal(on[0], 0);
    crowd_free(c);
}

/* The overlap: in force for longer, and made when the period is over and no sooner. */
static void period_and_overlap(void **state)
{
    struct cmc_ca_params p = unsharded;
    struct crowd *c;
    struct cmc_crl crl;
    struct cmc_slice first;
    int64_t next;
    struct cmc_err err = {0};
    const struct cmc_crl_scope scope = {0};

    (void)state;
    p.crl_overlap_hours = 6;
    c = crowd_new(&p, 1);
    first = get(c->t, 0, false, TEST_NOW);
    decode(c->t, first, &crl);
    assert_true(cmc_time_parse(crl.tbs.next_update.p[0],
                               cmc_slice(crl.tbs.next_update.p + 2, crl.tbs.next_update.n - 2),
                               &next));
    assert_int_equal(next, TEST_NOW + 30 * HOUR);
    assert_true(cmc_slice_eq(get(c->t, 0, false, TEST_NOW + 24 * HOUR), first));
    /* Ahead of time, by who makes it by the clock. */
    assert_int_equal(
        cmc_ca_crl_renew(c->t->ca, &scope, TEST_NOW + 24 * HOUR - 60, 30, c->t->arena, &err),
        CMC_OK);
    assert_true(cmc_slice_eq(get(c->t, 0, false, TEST_NOW + 24 * HOUR - 60), first));
    assert_int_equal(
        cmc_ca_crl_renew(c->t->ca, &scope, TEST_NOW + 24 * HOUR - 20, 30, c->t->arena, &err),
        CMC_OK);
    assert_int_equal(number_of(c->t, get(c->t, 0, false, TEST_NOW + 24 * HOUR)), 2);
    crowd_free(c);
}

static void refused(struct test_authority *t, uint32_t shard, int64_t now, const char *why)
{
    const struct cmc_crl_scope scope = {.shard = shard};
    struct cmc_slice der;
    struct cmc_err err = {0};

    assert_int_equal(cmc_ca_crl_get(t->ca, &scope, now, t->arena, &der, &err), CMC_E_REFUSED);
    assert_non_null(strstr(err.text, why));
}

/* Put certificates of a part that is none of ours past the authority. */
static void none_is_signed_while_one_is_missing(void **state)
{
    struct crowd *c = crowd_new(&sharded, 4);
    struct test_authority *t = c->t;
    struct cmc_cert_record r = {.serial = CMC_SLICE_LIT("\x07"),
                                .subject = CMC_SLICE_LIT("\x30\x00"),
                                .der = CMC_SLICE_LIT("lost"),
                                .not_before = TEST_NOW,
                                .not_after = TEST_NOW + DAY,
                                .issued_at = TEST_NOW,
                                .state = CMC_CERT_REVOKED,
                                .reason = 1,
                                .revoked_at = TEST_NOW,
                                .part = 99};
    const struct cmc_txn txn = {.at = TEST_NOW, .certs = &r, .ncerts = 1};
    struct cmc_err err = {0};
    int64_t audits, again;
    struct cmc_reader *reader;

    (void)state;
    assert_int_equal(cmc_reader_new(t->store, &reader, &err), CMC_OK);
    r.issuer = issuer_of(t);
    (void)get(t, 1, false, TEST_NOW);
    assert_int_equal(cmc_store_commit(t->store, &txn, &err), CMC_OK);
    assert_int_equal(cmc_reader_audit_last(reader, &audits, &err), CMC_OK);
    refused(t, 0, TEST_NOW + 1, "1 revoked certificate stands in part 99 of it, which does not");
    refused(t, 1, TEST_NOW + 13 * HOUR, "part 99");
    refused(t, 2, TEST_NOW + 1, "part 99");
    assert_int_equal(cmc_reader_audit_last(reader, &again, &err), CMC_OK);
    assert_int_equal(again, audits + 1);
    /* When it has ended nobody misses it. */
    (void)get(t, 2, false, TEST_NOW + DAY + 1);
    cmc_reader_free(reader);
    crowd_free(c);
}

/* The same when the configuration leaves one out. */
static void parts_that_are_not_given_out(void **state)
{
    struct crowd *c = crowd_new(&unsharded, 1);
    struct test_authority *t = c->t;
    struct one *o = &c->one[0];

    (void)state;
    assert_int_equal(set_state(c, o, CMC_CERT_REVOKED, 1, TEST_NOW), CMC_OK);
    t->crl = sharded;
    t->crl.crl_complete = false;
    test_authority_restart(t);
    refused(t, 1, TEST_NOW, "the complete CRL");
    t->crl.crl_complete = true;
    test_authority_restart(t);
    (void)get(t, 1, false, TEST_NOW);
    fill(c, 1);
    assert_int_equal(set_state(c, &c->one[1], CMC_CERT_REVOKED, 1, TEST_NOW), CMC_OK);
    t->crl = unsharded;
    test_authority_restart(t);
    refused(t, 0, TEST_NOW + 1, "which is a shard");
    crowd_free(c);
}

static void which_scopes_there_are(void **state)
{
    struct crowd *c = crowd_new(&sharded, 0);
    struct test_authority *t = c->t;
    const struct cmc_crl_scope *scopes;
    const struct cmc_crl_scope none[] = {{0, true}, {SHARDS + 1, false}, {9, true}};
    struct cmc_slice der;
    struct cmc_err err;
    size_t n;

    (void)state;
    scopes = cmc_ca_get0_crl_scopes(t->shared, &n);
    assert_int_equal(n, 1 + 2 * SHARDS);
    assert_true(scopes[0].shard == 0 && !scopes[0].delta);
    assert_null(cmc_ca_get0_crl_url(t->shared, &scopes[0]));
    assert_string_equal(cmc_ca_get0_crl_url(t->shared, &scopes[1]), "http://ca.test/ca-1.crl");
    assert_string_equal(cmc_ca_get0_crl_url(t->shared, &scopes[2]), "http://ca.test/ca-1.delta");
    for (size_t i = 0; i < CMC_COUNT(none); i++)
        assert_int_equal(cmc_ca_crl_get(t->ca, &none[i], TEST_NOW, t->arena, &der, &err),
                         CMC_E_NOTFOUND);
    t->crl = unsharded;
    test_authority_restart(t);
    scopes = cmc_ca_get0_crl_scopes(t->shared, &n);
    assert_int_equal(n, 2);
    assert_string_equal(cmc_ca_get0_crl_url(t->shared, &scopes[0]), "http://ca.test/ca.crl");
    assert_null(cmc_ca_get0_crl_url(t->shared, &scopes[1]));
    crowd_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_agrees_with_the_store),
        cmocka_unit_test(delta_and_base_are_the_full_one),
        cmocka_unit_test(one_sequence_of_numbers),
        cmocka_unit_test(expired_ones_leave_after_one_more),
        cmocka_unit_test(period_and_overlap),
        cmocka_unit_test(none_is_signed_while_one_is_missing),
        cmocka_unit_test(parts_that_are_not_given_out),
        cmocka_unit_test(which_scopes_there_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
