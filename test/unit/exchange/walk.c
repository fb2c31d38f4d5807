/* SPDX-License-Identifier: Apache-2.0 */
#include "walk.h"

#include <stdio.h>
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"

/* -- what the store tells ------------------------------------------------------------------ */

static enum cmc_rc count_cert(void *arg, const struct cmc_cert_record *c)
{
    struct effect *e = arg;

    e->certs++;
    e->revoked += c->state != CMC_CERT_VALID;
    return CMC_OK;
}

static enum cmc_rc count_held(void *arg, const struct cmc_held *h)
{
    (void)h;
    ((struct effect *)arg)->held++;
    return CMC_OK;
}

static enum cmc_rc count_event(void *arg, int64_t seq, int64_t at, const char *json,
                               const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct effect *e = arg;
    const struct {
        const char *event;
        int *n;
    } events[] = {{"\"event\":\"confirm\"", &e->confirmed},
                  {"\"event\":\"reject\"", &e->rejected},
                  {"\"event\":\"publish\"", &e->published}};

    (void)seq, (void)at, (void)hash;
    if (strstr(json, "\"outcome\":\"success\"") == NULL)
        return CMC_OK;
    for (size_t i = 0; i < CMC_COUNT(events); i++)
        *events[i].n += strstr(json, events[i].event) != NULL;
    return CMC_OK;
}

struct effect effect_now(struct test_authority *t)
{
    struct cmc_reader *reader;
    struct effect e = {0};

    assert_int_equal(cmc_reader_new(t->store, &reader, NULL), CMC_OK);
    assert_int_equal(cmc_reader_certs(reader, NULL, 0, 100000, count_cert, &e, NULL), CMC_OK);
    assert_int_equal(cmc_reader_held_each(reader, true, count_held, &e, NULL), CMC_OK);
    assert_int_equal(cmc_reader_audit(reader, 1, count_event, &e, NULL), CMC_OK);
    cmc_reader_free(reader);
    return e;
}

struct effect effect_since(struct test_authority *t, struct effect before)
{
    struct effect e = effect_now(t);

    return (struct effect){e.certs - before.certs,       e.revoked - before.revoked,
                           e.held - before.held,         e.confirmed - before.confirmed,
                           e.rejected - before.rejected, e.published - before.published};
}

void effect_is(struct effect got, struct effect want)
{
    assert_int_equal(got.certs, want.certs);
    assert_int_equal(got.revoked, want.revoked);
    assert_int_equal(got.held, want.held);
    assert_int_equal(got.confirmed, want.confirmed);
    assert_int_equal(got.rejected, want.rejected);
    assert_int_equal(got.published, want.published);
}

bool effect_none(struct effect e)
{
    return e.certs == 0 && e.revoked == 0 && e.held == 0 && e.confirmed == 0 && e.rejected == 0 &&
           e.published == 0;
}

/* -- a place and a walk ---------------------------------------------------------------------- */

struct place *place_new(const struct path *path)
{
    struct place *p = calloc(1, sizeof *p);
    struct walk w = {.place = p, .path = path};

    assert_non_null(p);
    p->path = path;
    p->t = w.t = test_authority_new("EC", "P-256");
    for (size_t i = 0; i < KEYS_MAX; i++)
        p->keys[i] = path->key[i][0] == NULL ? test_key(p->t, "EC", "P-256")
                                             : test_key(p->t, path->key[i][0], path->key[i][1]);
    if (path->arrange != NULL)
        path->arrange(&w);
    return p;
}

void place_free(struct place *p)
{
    for (size_t i = 0; i < KEYS_MAX; i++)
        EVP_PKEY_free(p->keys[i]);
    test_party_free(&p->who);
    test_party_free(&p->next);
    test_authority_free(p->t);
    free(p);
}

struct walk *walk_begin(struct place *p)
{
    struct walk *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->place = p;
    w->t = p->t;
    w->path = p->path;
    w->keys = p->keys;
    (void)snprintf(w->name, sizeof w->name, "alice-%u", p->walks++);
    w->signer = (struct cmc_cms_signer){.key = p->t->officer.key, .cert = p->t->officer.cert};
    w->signer_cert = p->t->officer.cert;
    if (p->path->begin != NULL)
        p->path->begin(w);
    w->before = effect_now(w->t);
    return w;
}

void walk_end(struct walk *w)
{
    test_party_free(&w->party);
    free(w);
}

size_t walk_steps(const struct path *path)
{
    size_t n = 0;

    while (n < STEPS_MAX && (path->steps[n].make != NULL || path->steps[n].craft != NULL))
        n++;
    return n;
}

/* -- the parts of a step --------------------------------------------------------------------- */

void walk_write_changed(struct walk *w, size_t step, void (*change)(struct cmc_full_request *rq))
{
    const struct step *s = &w->path->steps[step];

    w->rq = (struct cmc_full_request){0};
    if (s->craft != NULL) {
        s->craft(w);
        return;
    }
    s->make(w);
    if (w->signer.key != NULL && !w->protection.mac) {
        w->signer.signing_time = true;
        w->signer.time = TEST_NOW + w->t->later;
        w->rq.signer = &w->signer;
    }
    if (w->signer_cert.p != NULL && w->rq.signer != NULL) {
        w->rq.certs = &w->signer_cert;
        w->rq.ncerts = 1;
    }
    if (w->protection.mac || w->protection.envelope != CMC_ENVELOPE_NONE)
        w->rq.protection = &w->protection;
    if (change != NULL)
        change(&w->rq);
    if (cmc_full_request_create(w->t->crypto, &w->rq, w->t->arena, &w->state, &w->message,
                                &w->err) != CMC_OK)
        fail_msg("step %zu: %s", step, w->err.text);
}

void walk_write(struct walk *w, size_t step)
{
    walk_write_changed(w, step, NULL);
}

void walk_post(struct walk *w, struct cmc_slice message)
{
    w->reply = test_send(w->t, CMC_TYPE_CMC, message, CMC_ANSWER_CMC);
}

enum cmc_rc walk_open(struct walk *w)
{
    const struct cmc_trust trust = {
        .anchors = &w->t->root.cert, .nanchors = 1, .now = TEST_NOW + w->t->later};

    return cmc_answer_open(w->t->crypto, w->reply.body, &w->state, &trust, w->t->arena, &w->answer,
                           &w->err);
}

static void open_well(struct walk *w)
{
    assert_int_equal(w->reply.http_status, 200);
    if (walk_open(w) != CMC_OK)
        fail_msg("the client does not take the answer: %s", w->err.text);
}

static void look_for_certs(struct walk *w, unsigned int n)
{
    const struct cmc_trust trust = {
        .anchors = &w->t->root.cert, .nanchors = 1, .now = TEST_NOW + w->t->later};

    for (unsigned int i = 0; i < n; i++) {
        struct cmc_slice spki, cert;

        assert_int_equal(cmc_key_spki(w->keys[i], w->t->arena, &spki, NULL), CMC_OK);
        if (cmc_answer_cert(w->t->crypto, &w->answer, spki, &trust, w->t->arena, &cert, &w->err) !=
            CMC_OK)
            fail_msg("%s", w->err.text);
        if (i == 0)
            w->cert = cmc_arena_slice(w->t->arena, cert);
    }
}

static void says(const struct walk *w, uint32_t status, int fail_info)
{
    const struct cmc_outcome *o = w->answer.outcomes;

    assert_true(w->answer.noutcomes >= 1);
    if (o->status != status || o->fail_info != fail_info)
        print_message("# %s %d: %.*s\n", cmc_status_name(o->status), o->fail_info, (int)o->text.n,
                      (const char *)o->text.p);
    assert_int_equal(w->answer.worst, status);
    assert_int_equal(o->status, status);
    assert_int_equal(o->fail_info, fail_info);
}

void walk_expect(struct walk *w, size_t step)
{
    const struct step *s = &w->path->steps[step];

    open_well(w);
    says(w, s->status, s->fail_info);
    look_for_certs(w, s->ncerts);
    if (s->look != NULL)
        s->look(w);
}

void walk_expect_refused(struct walk *w, int fail_info)
{
    open_well(w);
    says(w, fail_info == CMC_FAIL_INFO_NONE ? CMC_STATUS_SUCCESS : CMC_STATUS_FAILED, fail_info);
}

void walk_expect_unbound(struct walk *w, int fail_info)
{
    const char *name = cmc_fail_info_name(fail_info);

    assert_int_equal(w->reply.http_status, 200);
    assert_int_equal(walk_open(w), CMC_E_REFUSED);
    assert_non_null(strstr(w->err.text, "recipientNonce is missing"));
    assert_non_null(name);
    assert_non_null(strstr(w->err.text, name));
}

void walk_keep(struct walk *w, struct cmc_slice message)
{
    struct cmc_pending *p;
    size_t n;

    if (w->request_id == 0 && w->state.nsent > 0)
        w->request_id = cmc_tagged_request_id(&w->state.sent[0]);
    w->sent[w->nsent] = message;
    w->got[w->nsent++] = w->reply.body;
    w->follow = (struct cmc_follow_up){w->state.transaction_id, w->answer.sender_nonce};
    assert_int_equal(cmc_pending_read(&w->answer, &w->state, w->t->arena, &p, &n, NULL), CMC_OK);
    if (n > 0)
        w->pending = *p;
}

void walk_rest(struct walk *w, size_t step)
{
    struct effect before = effect_now(w->t);

    walk_post(w, w->message);
    walk_expect(w, step);
    effect_is(effect_since(w->t, before), w->path->steps[step].effect);
    walk_keep(w, w->message);
}

void walk_go(struct walk *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (w->path->steps[i].before != NULL)
            w->path->steps[i].before(w);
        walk_write(w, i);
        walk_rest(w, i);
    }
}
