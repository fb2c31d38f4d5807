/* SPDX-License-Identifier: Apache-2.0 */
/* A thousand requests of both forms in one message, a thousand that wait, a thousand asked for:
 * all of it works, and the work grows with the number and not with its square. */
#include "talk.h"

#include <stdlib.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"

#define MANY 1000u

static int setup(void **state)
{
    *state = test_authority_new("EC", "P-256");
    return 0;
}

static int teardown(void **state)
{
    test_authority_free(*state);
    return 0;
}

/* CPU, not wall: others use the machine too. */
static double now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* n requests, half of them PKCS#10, half CRMF; each for a name of its own. */
struct crowd {
    struct cmc_slice *pkcs10, *crmf;
    size_t npkcs10, ncrmf;
};

static struct crowd gather(struct test_authority *t, size_t n, const char *stem)
{
    struct crowd c = {.npkcs10 = n / 2, .ncrmf = n - n / 2};
    EVP_PKEY *key = test_key(t, "EC", "P-256");

    c.pkcs10 = cmc_arena_array(t->arena, c.npkcs10, sizeof *c.pkcs10);
    c.crmf = cmc_arena_array(t->arena, c.ncrmf, sizeof *c.crmf);
    for (size_t i = 0; i < n; i++) {
        /* every tenth key is another's too: the same key may be asked for twice */
        struct cmc_request_params p = {.key = key, .cert_req_id = (uint32_t)(5000 + i)};
        struct cmc_err err;

        if (i % 10 != 1) {
            EVP_PKEY_free(key);
            key = test_key(t, "EC", "P-256");
            p.key = key;
        }
        assert_int_equal(cmc_name_parse(cmc_arena_printf(t->arena, "CN=%s %zu", stem, i), t->arena,
                                        &p.subject, &err),
                         CMC_OK);
        if (i < c.npkcs10)
            assert_int_equal(cmc_pkcs10_create(t->crypto, &p, t->arena, &c.pkcs10[i], &err),
                             CMC_OK);
        else
            assert_int_equal(cmc_crmf_create(t->crypto, &p, t->arena, &c.crmf[i - c.npkcs10], &err),
                             CMC_OK);
    }
    EVP_PKEY_free(key);
    return c;
}

static double send_crowd(struct talk *k, const struct crowd *c)
{
    double begun = now_ms();

    talk_send(k,
              (struct cmc_full_request){
                  .pkcs10 = c->pkcs10, .npkcs10 = c->npkcs10, .crmf = c->crmf, .ncrmf = c->ncrmf});
    return now_ms() - begun;
}

static int by_octets(const void *a, const void *b)
{
    const struct cmc_slice *x = a, *y = b;
    int d = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

    return d != 0 ? d : (x->n > y->n) - (x->n < y->n);
}

/* n certificates, and no two the same. */
static void expect_distinct(struct test_authority *t, struct cmc_slice p7c, size_t n)
{
    struct cmc_signed_data sd;
    struct cmc_slice *certs;
    struct cmc_err err;

    assert_int_equal(cmc_signed_data_open(p7c, t->arena, &sd, &err), CMC_OK);
    assert_int_equal(sd.certs.n, n);
    certs = sd.certs.v;
    qsort(certs, n, sizeof *certs, by_octets);
    for (size_t i = 1; i < n; i++)
        assert_false(cmc_slice_eq(certs[i - 1], certs[i]));
}

static void issued_at_once(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=unused");
    struct crowd few = gather(t, MANY / 4, "few"), all = gather(t, MANY, "many");
    double quarter = send_crowd(&k, &few), whole = send_crowd(&k, &all), again;
    struct test_reply r;

    assert_int_equal(k.answer.noutcomes, 1);
    assert_int_equal(k.answer.outcomes[0].status, CMC_STATUS_SUCCESS);
    assert_int_equal(k.answer.outcomes[0].nbody_parts, MANY);
    assert_int_equal(k.answer.ncerts, MANY + 2); /* the CA and the responder too */
    assert_int_equal(talk_cert_count(t, "CN=many"), MANY);
    /* the same message in another form: each request finds its certificate */
    again = now_ms();
    r = test_send(t, CMC_TYPE_CMC, k.sent, CMC_ANSWER_CERTS_ONLY);
    again = now_ms() - again;
    assert_string_equal(r.content_type, CMC_MEDIA_CERTS_ONLY);
    expect_distinct(t, r.body, MANY);
    assert_int_equal(talk_cert_count(t, "CN=many"), MANY);
    print_message("# %u requests: %.0f ms, %u: %.0f ms, again in another form: %.0f ms\n", MANY / 4,
                  quarter, MANY, whole, again);
    /* four times as many: by the square it would be sixteen */
    assert_true(whole < 10 * quarter);
    talk_free(&k);
}

/* One that is refused stops no other; one without POP stops all (section 3.2). */
static void one_is_bad(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=unused");
    struct crowd c = gather(t, 100, "some");
    struct cmc_slice good = c.pkcs10[7];
    uint8_t *octets;

    c.pkcs10[7] = test_csr(t, t->officer.key, "", NULL); /* the profile wants a subject */
    (void)send_crowd(&k, &c);
    assert_int_equal(k.answer.noutcomes, 2);
    assert_int_equal(k.answer.outcomes[0].nbody_parts, 99);
    assert_int_equal(k.answer.outcomes[1].status, CMC_STATUS_FAILED);
    assert_int_equal(talk_cert_count(t, "CN=some"), 99);
    octets = cmc_arena_dup(t->arena, good.p, good.n);
    octets[good.n - 1] ^= 1;
    c = gather(t, 100, "none");
    c.pkcs10[7] = cmc_slice(octets, good.n);
    (void)send_crowd(&k, &c);
    assert_int_equal(k.answer.noutcomes, 100);
    assert_int_equal(talk_cert_count(t, "CN=none"), 0);
    talk_free(&k);
}

/* All are held, approved, and asked for in one message; the message is kept once. */
static void held_and_asked_for(void **state)
{
    struct test_authority *t = *state;
    struct talk k = talk_new(t, &t->officer, "CN=unused");
    struct crowd all = gather(t, MANY, "held");
    struct cmc_full_request rq = {0};
    struct cmc_pending *p;
    double hold, poll;
    size_t n;

    t->rules.approvals = 1;
    t->rules.poll_seconds = 60;
    hold = send_crowd(&k, &all);
    assert_int_equal(k.answer.noutcomes, MANY);
    assert_int_equal(cmc_pending_read(&k.answer, &k.state, t->arena, &p, &n, NULL), CMC_OK);
    assert_int_equal(n, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(talk_decide(t, (int64_t)i + 1, i % 2 == 0, "admin", "because"), CMC_OK);
    assert_int_equal(cmc_pending_query(p, n, t->arena, &rq, NULL), CMC_OK);
    poll = now_ms();
    talk_send(&k, rq);
    poll = now_ms() - poll;
    assert_int_equal(k.answer.noutcomes, 1 + MANY / 2);
    assert_int_equal(k.answer.outcomes[0].nbody_parts, MANY / 2);
    assert_int_equal(talk_cert_count(t, "CN=held"), MANY / 2);
    print_message("# %u held: %.0f ms, asked for: %.0f ms\n", MANY, hold, poll);
    talk_free(&k);
}

int main(void)
{
#define AT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        AT(issued_at_once),
        AT(one_is_bad),
        AT(held_and_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
