/* SPDX-License-Identifier: Apache-2.0 */
#include "server/slow.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

/* What the loop hears when the token took too long. Made beforehand, so that memory is there. */
struct too_long {
    cmc_slow_done_fn done;
    void *arg;
};

struct slow {
    struct cmc_desk_job job; /* first */
    struct cmc_desks *desks;
    struct cmc_http *http;
    cmc_slow_done_fn done;
    void *arg;
    struct too_long *too_long;
    struct cmc_slow_request rq; /* x and ocsp point below */
    struct cmc_exchange x;
    struct cmc_buf copies; /* the octets of the request; grows before anything points into it */
    struct cmc_desk *desk; /* where it is worked on */
    bool taken;
    struct cmc_slow_result result;
};

static void slow_free(struct slow *s)
{
    if (s == NULL)
        return;
    if (s->result.fd >= 0)
        (void)close(s->result.fd);
    free(s->result.body);
    free(s->too_long);
    cmc_buf_free(&s->copies);
    free(s);
}

/* -- back to the loop --------------------------------------------------------------------- */

static void deliver(void *arg)
{
    struct slow *s = arg;

    s->done(s->arg, &s->result);
    slow_free(s);
}

/* Without memory for a message to the loop the connection waits until the loop ends. */
static void post(struct slow *s)
{
    if (!cmc_http_post(s->http, deliver, s))
        slow_free(s);
}

static void deliver_too_long(void *arg)
{
    struct too_long *t = arg;
    struct cmc_slow_result r = {.status = 503, .fd = -1};

    (void)snprintf(r.reason, sizeof r.reason,
                   "a token did not answer within CMC_LIMIT_TOKEN_SECONDS (%u); send the same "
                   "request again",
                   CMC_LIMIT_TOKEN_SECONDS);
    t->done(t->arg, &r);
    free(t);
}

static void give_up(struct cmc_desk_job *job)
{
    struct slow *s = (struct slow *)job;

    if (!cmc_http_post(s->http, deliver_too_long, s->too_long))
        free(s->too_long);
    s->too_long = NULL;
}

static void discard(struct cmc_desk_job *job)
{
    slow_free((struct slow *)job);
}

/* -- results ------------------------------------------------------------------------------ */

static bool take(struct slow *s)
{
    s->taken = s->taken || cmc_desks_take(s->desks, &s->job);
    return s->taken;
}

static void later(struct slow *s, const char *reason)
{
    s->result.status = 503;
    s->result.octets = 0;
    (void)snprintf(s->result.reason, sizeof s->result.reason, "%s", reason);
}

static void set_body(struct slow *s, struct cmc_slice body)
{
    if (body.n == 0)
        return;
    s->result.body = malloc(body.n);
    if (s->result.body == NULL) {
        later(s, "out of memory; send the request again");
        return;
    }
    memcpy(s->result.body, body.p, body.n);
    s->result.octets = body.n;
}

/* -- an exchange -------------------------------------------------------------------------- */

/* From the responder, at the desk or in the store's thread. */
static void answered(void *arg, const struct cmc_reply *reply)
{
    struct slow *s = arg;

    if (!take(s)) {
        slow_free(s);
        return;
    }
    if (reply->again) {
        s->x.commit_rc = reply->commit_rc;
        s->x.attempt++;
        s->taken = false;
        if (cmc_desks_submit(s->desks, &s->job))
            return;
        s->taken = true;
        later(s, "too many requests wait for a token; send the request again");
    } else {
        s->result.status = reply->http_status;
        s->result.content_type = reply->content_type;
        (void)snprintf(s->result.reason, sizeof s->result.reason, "%s", reply->reason);
        set_body(s, reply->body);
    }
    post(s);
}

/* Where nobody waits any more, nothing is done that nobody would hear of. */
static bool may_commit(void *arg)
{
    return take(arg);
}

static void work_exchange(struct slow *s)
{
    cmc_respond(s->desk->seats[s->rq.authority].responder, &s->x, answered, s);
}

/* -- CRL and OCSP ------------------------------------------------------------------------- */

static void work_crl(struct slow *s)
{
    struct cmc_slow_result *r = &s->result;
    struct cmc_err err = {0};
    struct cmc_slice crl;

    if (cmc_ca_crl_open(cmc_seat_ca(&s->desk->seats[s->rq.authority], s->rq.previous), &s->rq.scope,
                        s->rq.now, s->desk->arena, &crl, &r->fd, &r->facts, &err) == CMC_OK) {
        r->status = 200;
        set_body(s, crl);
    } else {
        later(s, err.text);
    }
    if (take(s))
        post(s);
    else
        slow_free(s);
}

static void work_ocsp(struct slow *s)
{
    struct cmc_slow_result *r = &s->result;
    struct cmc_err err = {0};

    if (cmc_seat_ocsp(&s->desk->seats[s->rq.authority], s->rq.ocsp, s->rq.now, s->desk->arena,
                      &r->ocsp, &err) == CMC_OK) {
        r->status = 200;
        (void)snprintf(r->reason, sizeof r->reason, "%s", r->ocsp.outcome);
        set_body(s, r->ocsp.der);
        r->ocsp.der = cmc_slice(r->body, r->octets);
    } else {
        later(s, "out of memory; send the request again");
    }
    if (take(s))
        post(s);
    else
        slow_free(s);
}

static void work(struct cmc_desk_job *job, struct cmc_desk *desk)
{
    static void (*const rows[])(struct slow * s) = {[CMC_SLOW_EXCHANGE] = work_exchange,
                                                    [CMC_SLOW_CRL] = work_crl,
                                                    [CMC_SLOW_OCSP] = work_ocsp};
    struct slow *s = (struct slow *)job;

    s->desk = desk;
    rows[s->rq.kind](s);
}

/* -- what it needs ------------------------------------------------------------------------ */

/* Text with its NUL, or octets; where they stand in the copies. */
static size_t add(struct slow *s, struct cmc_slice octets)
{
    size_t at = s->copies.n;

    cmc_buf_slice(&s->copies, octets);
    cmc_buf_byte(&s->copies, 0);
    return at;
}

static struct cmc_slice at(const struct slow *s, size_t where, struct cmc_slice was)
{
    return was.p != NULL ? cmc_slice(s->copies.p + where, was.n) : CMC_SLICE_NONE;
}

static const char *text_at(const struct slow *s, size_t where, const char *was)
{
    return was != NULL ? (const char *)s->copies.p + where : NULL;
}

static struct cmc_slice slice_of(const char *text)
{
    return text != NULL ? cmc_slice_str(text) : CMC_SLICE_NONE;
}

static bool copy(struct slow *s, const struct cmc_slow_request *rq)
{
    static const struct cmc_exchange none = {.attempt = 0};
    const struct cmc_exchange *x = rq->x != NULL ? rq->x : &none;
    size_t body = add(s, x->body), tls = add(s, x->tls_cert), peer = add(s, slice_of(x->peer)),
           profile = add(s, slice_of(x->unknown_profile)), ocsp = add(s, rq->ocsp);

    if (!cmc_buf_ok(&s->copies))
        return false;
    s->rq = *rq;
    s->rq.ocsp = at(s, ocsp, rq->ocsp);
    s->rq.x = &s->x;
    s->x = *x;
    s->x.body = at(s, body, x->body);
    s->x.tls_cert = at(s, tls, x->tls_cert);
    s->x.peer = text_at(s, peer, x->peer);
    s->x.unknown_profile = text_at(s, profile, x->unknown_profile);
    s->x.may_commit = may_commit;
    s->x.may_commit_arg = s;
    return true;
}

bool cmc_slow_submit(struct cmc_desks *desks, struct cmc_http *http,
                     const struct cmc_slow_request *rq, cmc_slow_done_fn done, void *arg)
{
    struct slow *s = calloc(1, sizeof *s);

    if (s == NULL)
        return false;
    cmc_buf_init(&s->copies, 2u * CMC_LIMIT_MESSAGE_OCTETS);
    s->job = (struct cmc_desk_job){.work = work, .give_up = give_up, .discard = discard};
    s->desks = desks;
    s->http = http;
    s->done = done;
    s->arg = arg;
    s->result.fd = -1;
    s->too_long = malloc(sizeof *s->too_long);
    if (s->too_long != NULL)
        *s->too_long = (struct too_long){done, arg};
    if (s->too_long != NULL && copy(s, rq) && cmc_desks_submit(desks, &s->job))
        return true;
    slow_free(s);
    return false;
}
