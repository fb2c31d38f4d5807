/* SPDX-License-Identifier: Apache-2.0 */
/* Several revocations in one message: one by one, or all of them or none. */
#include "talk.h"

#define MANY 5

struct world {
    struct test_authority *t;
    struct test_party victims[MANY];
    struct cmc_revocation list[MANY];
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->t = test_authority_new("EC", "P-256");
    for (size_t i = 0; i < MANY; i++) {
        struct cmc_cert_record rec;

        w->victims[i] = test_party_new(w->t, "ee", "CN=victim");
        rec = talk_record(w->t, w->victims[i].cert);
        w->list[i] =
            (struct cmc_revocation){.issuer = rec.issuer, .serial = rec.serial, .reason = 1};
    }
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < MANY; i++)
        test_party_free(&w->victims[i]);
    test_authority_free(w->t);
    free(w);
    return 0;
}

static size_t revoked(struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < MANY; i++)
        n += talk_record(w->t, w->victims[i].cert).state == CMC_CERT_REVOKED;
    return n;
}

/* Is there an outcome of this kind for the revocation with this number? */
static bool told(const struct talk *k, size_t i, const char *text)
{
    for (size_t o = 0; o < k->answer.noutcomes; o++) {
        const struct cmc_outcome *out = &k->answer.outcomes[o];

        if (out->body_parts[0] == k->state.first_revocation_id + i &&
            out->status == CMC_STATUS_FAILED && out->fail_info == CMC_FAIL_BAD_REQUEST &&
            memmem(out->text.p, out->text.n, text, strlen(text)) != NULL)
            return true;
    }
    return false;
}

static void one_by_one(void **state)
{
    struct world *w = *state;
    struct talk k = talk_new(w->t, &w->t->officer, "CN=x");

    w->list[3].reason = 8; /* nothing to release */
    talk_send(&k, (struct cmc_full_request){.revocations = w->list, .nrevocations = MANY});
    assert_true(told(&k, 3, "not on hold"));
    assert_int_equal(revoked(w), MANY - 1);
    talk_free(&k);
}

static void all_or_none(void **state)
{
    struct world *w = *state;
    struct talk k = talk_new(w->t, &w->t->officer, "CN=x");
    struct cmc_full_request rq = {.revocations = w->list, .nrevocations = MANY};

    w->t->rules.revoke_atomic = true;
    w->list[3].reason = 8;
    talk_send(&k, rq);
    for (size_t i = 0; i < MANY; i++)
        assert_true(told(&k, i, i == 3 ? "not on hold" : "done all, or none"));
    assert_int_equal(revoked(w), 0);
    assert_true(talk_audited(w->t, "\"event\":\"revoke\"", "done all, or none"));
    /* a request beside is not touched by that */
    rq.pkcs10 = &k.csr;
    rq.npkcs10 = 1;
    talk_send(&k, rq);
    assert_true(talk_has_cert(&k, NULL));
    assert_int_equal(revoked(w), 0);
    /* once they are all well they are done */
    w->list[3].reason = 4;
    rq.npkcs10 = 0;
    talk_send(&k, rq);
    assert_int_equal(k.answer.noutcomes, 1);
    assert_int_equal(k.answer.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(k.answer.outcomes[0].nbody_parts, MANY);
    assert_int_equal(revoked(w), MANY);
    talk_free(&k);
}

/* Which of them is meant? The first is done, or with all or none: neither. */
static void named_twice(void **state)
{
    struct world *w = *state;
    struct talk k = talk_new(w->t, &w->t->officer, "CN=x");
    const struct cmc_full_request rq = {.revocations = w->list, .nrevocations = MANY};

    w->list[4] = w->list[0];
    w->t->rules.revoke_atomic = true;
    talk_send(&k, rq);
    assert_true(told(&k, 4, "named twice"));
    assert_int_equal(revoked(w), 0);
    w->t->rules.revoke_atomic = false;
    talk_send(&k, rq);
    assert_true(told(&k, 4, "named twice"));
    assert_int_equal(revoked(w), MANY - 1);
    talk_free(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_by_one, setup, teardown),
        cmocka_unit_test_setup_teardown(all_or_none, setup, teardown),
        cmocka_unit_test_setup_teardown(named_twice, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
