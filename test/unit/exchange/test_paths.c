/* SPDX-License-Identifier: Apache-2.0 */
/* Each way of paths.c, with each fault at each of its steps. */
#include "walk.h"

#include <stdlib.h>

#define HOUR        3600
#define TAMPERED    8 /* octets of a message that are changed, each by itself */
#define TAMPERED_IN 4 /* of them in one walk: secrets are locked after TEST_FAILURES */

/* Up to the step that goes wrong; what has to happen before it has happened. */
static struct walk *up_to(struct place *p, size_t step)
{
    struct walk *w = walk_begin(p);

    walk_go(w, 0, step);
    if (w->path->steps[step].before != NULL)
        w->path->steps[step].before(w);
    return w;
}

/* From the step after this on; and all in all nothing happened but what had to. */
static void to_the_end(struct walk *w, size_t step)
{
    const struct path *path = w->path;
    struct effect all = {0};

    walk_go(w, step + 1, walk_steps(path));
    for (size_t i = 0; i < walk_steps(path); i++) {
        const struct effect *e = &path->steps[i].effect;

        all.certs += e->certs;
        all.revoked += e->revoked;
        all.held += e->held;
        all.confirmed += e->confirmed;
        all.rejected += e->rejected;
        all.published += e->published;
    }
    effect_is(effect_since(w->t, w->before), all);
    walk_end(w);
}

/* -- the faults -------------------------------------------------------------------------------- */

static void nothing(struct place *p, size_t step)
{
    struct walk *w = up_to(p, step);

    walk_write(w, step);
    walk_rest(w, step);
    to_the_end(w, step);
}

/* The answer of a message that had an effect is kept: the same octets are given again. */
static void same_answer(const struct walk *w, size_t step, struct cmc_slice first)
{
    if (!effect_none(w->path->steps[step].effect))
        assert_true(cmc_slice_eq(first, w->reply.body));
}

/* The answer gets lost, twice: the same octets again bring the same answer, and happen once. */
static void lost_answer(struct place *p, size_t step)
{
    struct walk *w = up_to(p, step);
    struct effect before = effect_now(w->t);
    struct cmc_slice first;

    walk_write(w, step);
    walk_post(w, w->message);
    first = w->reply.body;
    walk_post(w, w->message);
    effect_is(effect_since(w->t, before), w->path->steps[step].effect);
    walk_post(w, w->message);
    same_answer(w, step, first);
    walk_expect(w, step);
    walk_keep(w, w->message);
    effect_is(effect_since(w->t, before), w->path->steps[step].effect);
    to_the_end(w, step);
}

/* Somebody kept the message, and sends it again when all is over, a day later. */
static void repeated_later(struct place *p, size_t step)
{
    struct walk *w = up_to(p, step);
    struct test_authority *t = p->t;
    struct effect before;
    struct cmc_slice kept, answer;

    walk_write(w, step);
    walk_rest(w, step);
    kept = w->sent[step];
    answer = w->got[step];
    walk_go(w, step + 1, walk_steps(w->path));
    t->later += 24 * HOUR;
    before = effect_now(t);
    walk_post(w, kept);
    assert_int_equal(w->reply.http_status, 200);
    same_answer(w, step, answer);
    effect_is(effect_since(t, before), (struct effect){0});
    walk_end(w);
}

/* An octet of the request is changed on the way. What is not signed, as a certificate beside, may
 * be; then it has the one right effect. Else there is none, and the right message still works. */
static bool tampered_once(struct walk *w, size_t step, size_t at)
{
    const struct step *s = &w->path->steps[step];
    struct effect before = effect_now(w->t), got;
    uint8_t *changed = cmc_arena_dup(w->t->arena, w->message.p, w->message.n);
    bool opened;

    changed[at] ^= (uint8_t)(1u << (at % 8));
    walk_post(w, cmc_slice(changed, w->message.n));
    opened = w->reply.http_status == 200 && walk_open(w) == CMC_OK;
    got = effect_since(w->t, before);
    if (effect_none(got)) {
        if (opened && !effect_none(s->effect))
            assert_int_equal(w->answer.worst, CMC_STATUS_FAILED);
        return false;
    }
    effect_is(got, s->effect);
    if (w->path->unsigned_request)
        return true; /* and the nonce may be another one now */
    walk_expect(w, step);
    walk_keep(w, cmc_slice(changed, w->message.n));
    return true;
}

static void tampered_request(struct place *p, size_t step)
{
    size_t i = 0, believed = 0;

    while (i < TAMPERED) {
        struct walk *w = up_to(p, step);
        bool done = false;

        walk_write(w, step);
        for (size_t n = 0; n < TAMPERED_IN && i < TAMPERED && !done; n++, i++)
            done = tampered_once(w, step, (2 * i + 1) * w->message.n / (2 * TAMPERED));
        if (!done)
            walk_rest(w, step);
        believed += done;
        to_the_end(w, step);
    }
    if (!p->path->unsigned_request)
        assert_true(believed <= TAMPERED / 2);
}

/* An octet of the answer is changed on the way: refused, or it says the same. */
static void tampered_answer(struct place *p, size_t step)
{
    struct walk *w = up_to(p, step);
    struct cmc_slice right, nonce, text;
    struct cmc_answer_view view;
    uint8_t *changed;
    size_t believed = 0, n = 0, stride;

    walk_write(w, step);
    walk_rest(w, step);
    right = w->reply.body;
    view = w->answer;
    nonce = w->answer.sender_nonce;
    text = w->answer.noutcomes > 0 ? w->answer.outcomes[0].text : CMC_SLICE_NONE;
    changed = cmc_arena_dup(w->t->arena, right.p, right.n);
    stride = right.n / 50 + 1;
    for (size_t i = 0; i < right.n; i += stride, n++) {
        changed[i] ^= 0x40;
        w->reply.body = cmc_slice(changed, right.n);
        if (walk_open(w) == CMC_OK) {
            struct cmc_slice spki, cert;

            believed++;
            assert_int_equal(w->answer.worst, view.worst);
            assert_int_equal(w->answer.noutcomes, view.noutcomes);
            assert_true(cmc_slice_eq(w->answer.sender_nonce, nonce));
            if (text.p != NULL)
                assert_true(cmc_slice_eq(w->answer.outcomes[0].text, text));
            assert_int_equal(cmc_key_spki(w->keys[0], w->t->arena, &spki, NULL), CMC_OK);
            if (w->path->steps[step].ncerts > 0 &&
                cmc_answer_cert(w->t->crypto, &w->answer, spki,
                                &(struct cmc_trust){.anchors = &w->t->root.cert,
                                                    .nanchors = 1,
                                                    .now = TEST_NOW + w->t->later},
                                w->t->arena, &cert, NULL) == CMC_OK)
                assert_true(cmc_slice_eq(cert, w->cert));
        }
        changed[i] ^= 0x40;
    }
    assert_true(believed < n * 3 / 4);
    w->answer = view;
    to_the_end(w, step);
}

/* [10002-6.6-u2, 10002-6.6-u4] The nonce or the transaction of the answer are not ours. */
static void answer_to_another_message(struct place *p, size_t step)
{
    struct walk *w = up_to(p, step);
    struct cmc_exchange_state sent;

    walk_write(w, step);
    walk_rest(w, step);
    sent = w->state;
    w->state.sender_nonce[5] ^= 1;
    assert_int_equal(walk_open(w), CMC_E_REFUSED);
    assert_non_null(strstr(w->err.text, "recipientNonce"));
    w->state = sent;
    w->state.transaction_id = CMC_SLICE_LIT("\x05");
    assert_int_equal(walk_open(w), CMC_E_REFUSED);
    assert_non_null(strstr(w->err.text, "transactionId"));
    w->state = sent;
    assert_int_equal(walk_open(w), CMC_OK);
    to_the_end(w, step);
}

/* What another client got, who goes the same way. */
static void answer_of_another_exchange(struct place *p, size_t step)
{
    struct walk *other = up_to(p, step), *w;
    struct test_reply theirs;

    walk_write(other, step);
    walk_rest(other, step);
    theirs = other->reply;
    to_the_end(other, step);
    w = up_to(p, step);
    walk_write(w, step);
    w->reply = theirs;
    assert_int_not_equal(walk_open(w), CMC_OK);
    walk_rest(w, step);
    to_the_end(w, step);
}

static void strange_nonce(struct cmc_full_request *rq)
{
    rq->recipient_nonce = CMC_SLICE_LIT("0123456789abcdef0123456789abcdef");
}

static void strange_transaction(struct cmc_full_request *rq)
{
    rq->transaction_id = CMC_SLICE_LIT("\x05");
}

/* [10002-6.6-b] The client answers a nonce that the server did not give, or, with the one that it
 * gave, leaves the transaction. */
static void strange_follow_up(struct place *p, size_t step)
{
    void (*const changes[])(struct cmc_full_request *) = {strange_nonce, strange_transaction};
    struct walk *w = up_to(p, step);
    const struct cmc_answer_view answer = w->answer;
    const struct cmc_exchange_state sent = w->state;

    for (size_t i = 0; i < (step > 0 ? 2u : 1u) && w->path->steps[step].make != NULL; i++) {
        struct effect before = effect_now(w->t);

        walk_write_changed(w, step, changes[i]);
        walk_post(w, w->message);
        walk_expect_refused(w, p->path->strange != 0 ? p->path->strange : CMC_FAIL_BAD_REQUEST);
        effect_is(effect_since(w->t, before), (struct effect){0});
        w->answer = answer;
        w->state = sent;
    }
    walk_write(w, step);
    walk_rest(w, step);
    to_the_end(w, step);
}

/* The client is late; the authority has looked after its own in between. */
static void late(struct place *p, size_t step)
{
    struct walk *w = up_to(p, step);
    const struct step *s = &p->path->steps[step];
    struct test_authority *t = p->t;
    struct effect before = effect_now(t), then;
    struct cmc_sweep what = {.reason = 5};
    struct cmc_swept swept;

    t->later += s->late != 0 ? s->late : (int64_t)6 * HOUR;
    what.now = TEST_NOW + t->later;
    assert_int_equal(cmc_store_sweep(t->store, &what, &swept, NULL), CMC_OK);
    effect_is(effect_since(t, before), s->late_effect);
    then = effect_now(t);
    walk_write(w, step);
    if (s->late == 0) {
        walk_rest(w, step);
        to_the_end(w, step);
        return;
    }
    for (int i = 0; i < 2; i++) {
        walk_post(w, w->message);
        walk_expect_refused(w, s->late_fail_info);
        effect_is(effect_since(t, then), (struct effect){0});
    }
    walk_end(w);
}

/* -- a store in trouble --------------------------------------------------------------------------
 */

static enum cmc_rc is_busy(void *self, const struct cmc_txn *txn, cmc_commit_done_fn done,
                           void *arg, struct cmc_err *err)
{
    (void)self, (void)txn, (void)done, (void)arg;
    return cmc_fail(err, CMC_E_RETRY, NULL, "too much waits");
}

static enum cmc_rc is_full(void *self, const struct cmc_txn *txn, cmc_commit_done_fn done,
                           void *arg, struct cmc_err *err)
{
    (void)self, (void)txn, (void)done, (void)arg;
    return cmc_fail(err, CMC_E_LOCAL, NULL, "the disk is full");
}

/* The refusal answers the nonce, nothing is done, and the same octets are good afterwards. */
static void store_in_trouble(struct place *p, size_t step)
{
    static const struct {
        enum cmc_rc (*commit)(void *, const struct cmc_txn *, cmc_commit_done_fn, void *,
                              struct cmc_err *);
        int fail_info;
    } rows[] = {{is_busy, CMC_FAIL_TRY_LATER}, {is_full, CMC_FAIL_INTERNAL_CA_ERROR}};
    struct test_authority *t = p->t;
    const struct cmc_authority *good = cmc_ca_get0_authority(t->ca);
    struct cmc_authority broken = *good;
    struct cmc_authority_ops ops = *good->ops;
    struct cmc_responder *right = t->responder;
    struct walk *w = up_to(p, step);
    struct effect before = effect_now(t);

    broken.ops = &ops;
    walk_write(w, step);
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        ops.commit = rows[i].commit;
        assert_int_equal(cmc_responder_new(t->crypto, &broken, NULL, &t->responder, NULL), CMC_OK);
        walk_post(w, w->message);
        cmc_responder_free(t->responder);
        t->responder = right;
        if (p->path->untold_when_busy)
            walk_expect_unbound(w, rows[i].fail_info);
        else
            walk_expect_refused(w, rows[i].fail_info);
        effect_is(effect_since(t, before), (struct effect){0});
    }
    walk_rest(w, step);
    to_the_end(w, step);
}

/* -- all of it ------------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    void (*run)(struct place *p, size_t step);
} faults[] = {
    {"nothing", nothing},
    {"lost answer", lost_answer},
    {"repeated later", repeated_later},
    {"tampered request", tampered_request},
    {"tampered answer", tampered_answer},
    {"answer to another message", answer_to_another_message},
    {"answer of another exchange", answer_of_another_exchange},
    {"strange follow-up", strange_follow_up},
    {"late", late},
    {"store in trouble", store_in_trouble},
};

static void walked(void **state)
{
    const struct path *path = *state;
    struct place *p = place_new(path);

    assert_true(walk_steps(path) > 0);
    for (size_t f = 0; f < CMC_COUNT(faults); f++) {
        for (size_t s = 0; s < walk_steps(path); s++) {
            if (getenv("CMC_TEST_VERBOSE") != NULL)
                print_message("# %s, step %zu: %s\n", path->name, s, faults[f].name);
            faults[f].run(p, s);
        }
    }
    place_free(p);
}

/* With two numbers, part and parts: every parts-th way from there on, so that they go side by
 * side. */
int main(int argc, char **argv)
{
    struct CMUnitTest tests[64];
    size_t part = argc == 3 ? strtoul(argv[1], NULL, 10) : 0, n = 0;
    size_t parts = argc == 3 ? strtoul(argv[2], NULL, 10) : 1;

    for (size_t i = 0; all_paths[i].name != NULL && n < CMC_COUNT(tests); i++) {
        if (i % parts == part)
            tests[n++] = (struct CMUnitTest){.name = all_paths[i].name,
                                             .test_func = walked,
                                             .initial_state = (void *)(uintptr_t)&all_paths[i]};
    }
    return _cmocka_run_group_tests("paths", tests, n, NULL, NULL);
}
