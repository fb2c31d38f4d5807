/* SPDX-License-Identifier: Apache-2.0 */
/* What officers are limited to, and that it is judged again for what was held. */
#include "talk.h"

#include "asn1/codec.h"

struct people {
    struct test_authority *t;
    struct test_party ann; /* registered as the test says */
};

static int setup(void **state)
{
    struct people *p = calloc(1, sizeof *p);

    assert_non_null(p);
    p->t = test_authority_new("EC", "P-256");
    p->ann = test_party_new(p->t, "ee", "CN=ann");
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct people *p = *state;

    test_party_free(&p->ann);
    test_authority_free(p->t);
    free(p);
    return 0;
}

static void registered(struct people *p, unsigned int roles, const char *profiles,
                       const char *names)
{
    struct cmc_officer o = {
        .name = "ann", .roles = roles, .profiles = profiles, .names = names, .cert = p->ann.cert};
    struct cmc_officer_change ch = {.act = CMC_OFFICER_ADD, .officer = o, .at = TEST_NOW};
    struct cmc_officer found;
    uint8_t digest[CMC_DIGEST_MAX];
    struct cmc_reader *reader;
    struct cmc_err err;
    size_t n;

    assert_int_equal(cmc_digest(p->t->crypto, CMC_DIGEST_SHA256, o.cert, digest, &n, &err), CMC_OK);
    memcpy(ch.officer.cert_digest, digest, sizeof ch.officer.cert_digest);
    assert_int_equal(cmc_reader_new(p->t->store, &reader, &err), CMC_OK);
    if (cmc_reader_officer_named(reader, "ann", p->t->arena, &found, &err) == CMC_OK)
        ch.act = CMC_OFFICER_MODIFY;
    cmc_reader_free(reader);
    if (cmc_store_officer_change(p->t->store, &ch, &err) != CMC_OK)
        fail_msg("%s", err.text);
}

static void says(const struct cmc_outcome *o, const char *what)
{
    if (memmem(o->text.p, o->text.n, what, strlen(what)) == NULL)
        fail_msg("no \"%s\" in \"%.*s\"", what, (int)o->text.n, (const char *)o->text.p);
}

static void limits_of_one(void **state)
{
    static const struct {
        const char *profiles, *names, *subject, *why; /* NULL: it is issued */
    } rows[] = {
        {NULL, NULL, "CN=x", NULL},
        {"other,server", NULL, "CN=x", "is not among its own (other,server)"},
        {"serve", NULL, "CN=x", "is not among its own"},
        {NULL, "C=SE", "C=SE, CN=x", NULL},
        {NULL, "C=SE", "C=NO, CN=x", "officer ann: the subject C=NO, CN=x lies outside"},
        {NULL, "DNS:a.test", "CN=www.a.test", NULL},
        {NULL, "DNS:a.test", "CN=www.b.test", "CN=www.b.test lies outside of its names"},
    };
    struct people *p = *state;
    char own[64];

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        struct talk k = talk_new(p->t, &p->ann, rows[i].subject);

        registered(p, CMC_ROLE_ENROLL, rows[i].profiles, rows[i].names);
        talk_enrol(&k);
        if (rows[i].why == NULL)
            talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
        else
            says(talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, k.state.first_request_id),
                 rows[i].why);
        assert_true(rows[i].why == NULL || talk_audited(p->t, "badRequest", rows[i].why));
        talk_free(&k);
    }
    /* the profile of the endpoint as one of several */
    (void)snprintf(own, sizeof own, "other,%s", p->t->rules.profile);
    {
        struct talk k = talk_new(p->t, &p->ann, "CN=x");

        registered(p, CMC_ROLE_ENROLL, own, NULL);
        talk_enrol(&k);
        talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
        talk_free(&k);
    }
}

/* A name space that this version cannot read allows nothing, and is the operator's trouble. */
static void an_unreadable_limit(void **state)
{
    struct people *p = *state;
    struct talk k = talk_new(p->t, &p->ann, "CN=x");

    registered(p, CMC_ROLE_ENROLL, NULL, "C=NO");
    talk_enrol(&k);
    talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX);
    registered(p, CMC_ROLE_ENROLL, NULL, "UPN:example.org");
    assert_int_equal(test_send(p->t, CMC_TYPE_CMC, k.sent, CMC_ANSWER_CMC).http_status, 500);
    assert_int_equal(talk_cert_count(p->t, "CN=x"), 0);
    talk_free(&k);
}

static void revocations(void **state)
{
    struct people *p = *state;
    struct test_party victim = test_party_new(p->t, "ee", "C=SE, CN=victim");
    struct cmc_cert_record rec = talk_record(p->t, victim.cert);
    const struct cmc_revocation rev = {.issuer = rec.issuer, .serial = rec.serial, .reason = 1};
    const struct cmc_full_request rq = {.revocations = &rev, .nrevocations = 1};
    struct talk k = talk_new(p->t, &p->ann, "CN=x");

    registered(p, CMC_ROLE_REVOKE, NULL, "C=NO");
    talk_send(&k, rq);
    says(talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, k.state.first_revocation_id),
         "C=SE, CN=victim lies outside");
    registered(p, CMC_ROLE_REVOKE, "none", NULL);
    talk_send(&k, rq);
    says(talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, k.state.first_revocation_id),
         "is not among its own");
    assert_int_equal(talk_record(p->t, victim.cert).state, CMC_CERT_VALID);
    registered(p, CMC_ROLE_REVOKE, "none,ee", "C=NO\nC=SE");
    talk_send(&k, rq);
    talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
    assert_int_equal(talk_record(p->t, victim.cert).state, CMC_CERT_REVOKED);
    talk_free(&k);
    test_party_free(&victim);
}

/* -- what was held ------------------------------------------------------------------------ */

static struct cmc_pending hold(struct talk *k)
{
    struct cmc_pending *pending;
    size_t n;

    talk_enrol(k);
    talk_expect(k, CMC_STATUS_PENDING, CMC_FAIL_INFO_NONE, k->state.first_request_id);
    assert_int_equal(cmc_pending_read(&k->answer, &k->state, k->t->arena, &pending, &n, NULL),
                     CMC_OK);
    return *pending;
}

static void poll(struct talk *k, const struct cmc_pending *pending)
{
    struct cmc_full_request rq = {0};

    assert_int_equal(cmc_pending_query(pending, 1, k->t->arena, &rq, NULL), CMC_OK);
    talk_send(k, rq);
}

/* Whoever asks for it, be it the key of the request: the right was the officer's. */
static void judged_again(void **state)
{
    static const struct {
        unsigned int roles; /* 0: the officer is not there any more */
        const char *names, *why;
    } rows[] = {
        {CMC_ROLE_REVOKE, NULL, "officer ann: has the role enroll no more"},
        {CMC_ROLE_ENROLL, "C=NO", "officer ann: the subject CN=held lies outside of its names"},
        {0, NULL, "officer ann: not registered any more"},
    };
    struct people *p = *state;

    p->t->rules.approvals = 1;
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        for (int by_key = 0; by_key < 2; by_key++) {
            struct talk k = talk_new(p->t, &p->ann, "CN=held");
            struct cmc_pending pending;
            struct cmc_err err;

            registered(p, CMC_ROLE_ENROLL, NULL, NULL);
            pending = hold(&k);
            assert_string_equal(talk_held(p->t).asked_by, "enroll ann");
            assert_int_equal(talk_decide(p->t, talk_held(p->t).id, true, "admin", NULL), CMC_OK);
            if (rows[i].roles != 0)
                registered(p, rows[i].roles, NULL, rows[i].names);
            else
                assert_int_equal(cmc_store_officer_remove(p->t->store, "ann", TEST_NOW, &err),
                                 CMC_OK);
            if (by_key == 1)
                k.signer = NULL;
            poll(&k, &pending);
            says(talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX), rows[i].why);
            assert_true(talk_audited(p->t, "\"outcome\":\"failed\"", rows[i].why));
            assert_int_equal(talk_held(p->t).state, CMC_HELD_APPROVED);
            /* it is not lost by that */
            registered(p, CMC_ROLE_ENROLL, NULL, NULL);
            poll(&k, &pending);
            talk_expect(&k, CMC_STATUS_SUCCESS, CMC_FAIL_INFO_NONE, UINT32_MAX);
            talk_free(&k);
        }
    }
}

static void a_revoked_officer(void **state)
{
    struct people *p = *state;
    struct talk k = talk_new(p->t, &p->ann, "CN=held");
    struct cmc_cert_record rec = talk_record(p->t, p->ann.cert);
    const struct cmc_state_change ch = {.issuer = rec.issuer,
                                        .serial = rec.serial,
                                        .from = CMC_CERT_VALID,
                                        .to = CMC_CERT_REVOKED,
                                        .reason = 1,
                                        .at = TEST_NOW};
    const struct cmc_txn txn = {.at = TEST_NOW, .changes = &ch, .nchanges = 1};
    struct cmc_pending pending;
    struct cmc_err err;

    p->t->rules.approvals = 1;
    registered(p, CMC_ROLE_ENROLL, NULL, NULL);
    pending = hold(&k);
    assert_int_equal(talk_decide(p->t, talk_held(p->t).id, true, "admin", NULL), CMC_OK);
    assert_int_equal(cmc_store_commit(p->t->store, &txn, &err), CMC_OK);
    k.signer = NULL;
    poll(&k, &pending);
    says(talk_expect(&k, CMC_STATUS_FAILED, CMC_FAIL_BAD_REQUEST, UINT32_MAX),
         "officer ann: its certificate was revoked");
    talk_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(limits_of_one, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unreadable_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(revocations, setup, teardown),
        cmocka_unit_test_setup_teardown(judged_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_revoked_officer, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
