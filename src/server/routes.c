/* SPDX-License-Identifier: Apache-2.0 */
#include "server/routes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/shard.h"
#include "server/body_text.h"
#include "server/http_cache.h"
#include "server/media.h"
#include "server/ocsp_url.h"
#include "server/slow.h"
#include "server/token_status.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"
/* So many octets of a body tell whether it is text. */
#define PEEK_OCTETS 64u
/* So long a revocation may stay hidden behind somebody's HTTP cache. */
#define OCSP_CACHE_SECONDS 60
#define CRL_CACHE_SECONDS  60
/* Nobody is put at risk by these. */
#define CERT_CACHE_SECONDS 3600
/* Longer names of profiles are none. */
#define PROFILE_ID_MAX 64u

struct cmc_route;
/* From a request until its answer; the responder may answer from another thread. */
struct exchange {
    struct cmc_front *front;
    struct cmc_http_request *rq;
    struct timespec begun;
    struct cmc_exchange x;
    const struct cmc_conf_endpoint *endpoint;
    const struct cmc_route *route;       /* of OCSP */
    struct cmc_buf decoded;              /* the request, where it came as text */
    char profile_id[PROFILE_ID_MAX + 1]; /* of the query, where that counts */
    unsigned int status;                 /* from here on: copy of the reply */
    const char *content_type;
    uint8_t *body;
    size_t body_octets;
    char reason[CMC_LIMIT_ERROR_TEXT];
};

struct cmc_route {
    const char *path;
    const char *allow; /* methods, as the Allow header lists them */
    void (*serve)(struct exchange *e, const struct cmc_route *route);
    const struct cmc_conf_endpoint *endpoint; /* or NULL */
    unsigned int authority;
    unsigned int previous; /* which key of before, counted from 1; 0: the one of now */
    bool delta;            /* a CRL */
};

/* -- answering --------------------------------------------------------------------------- */

static void count(struct cmc_counters *c, unsigned int status)
{
    atomic_fetch_add_explicit(&c->requests, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(status < 400   ? &c->ok
                              : status < 500 ? &c->client_errors
                                             : &c->server_errors,
                              1, memory_order_relaxed);
}

static void log_request(const struct exchange *e, unsigned int status, const char *outcome)
{
    struct timespec now;
    char code[16], ms[32];
    long long us;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    us = (long long)(now.tv_sec - e->begun.tv_sec) * 1000000 +
         (now.tv_nsec - e->begun.tv_nsec) / 1000;
    (void)snprintf(code, sizeof code, "%u", status);
    (void)snprintf(ms, sizeof ms, "%lld.%03lld", us / 1000, us % 1000);
    cmc_log_event(e->front->log, status >= 500 ? CMC_LOG_ERROR : CMC_LOG_INFO, "request", "peer",
                  cmc_http_peer(e->rq), "method", cmc_http_method(e->rq), "path",
                  cmc_http_path(e->rq), "status", code, "outcome", outcome, "ms", ms, NULL);
}

/* The end of an exchange: answer, log, count, free. In the loop's thread. */
static void finish(struct exchange *e, unsigned int status, const char *content_type,
                   struct cmc_slice body, const char *const *headers, const char *outcome)
{
    log_request(e, status, outcome);
    count(e->front->counters, status);
    cmc_http_reply(e->rq, status, content_type, body, headers);
    cmc_buf_free(&e->decoded);
    free(e->body);
    free(e);
}

/* The same with an open file as the body, which is taken over. */
static void finish_file(struct exchange *e, const char *content_type, int fd, uint64_t octets,
                        const char *const *headers, const char *outcome)
{
    log_request(e, 200, outcome);
    count(e->front->counters, 200);
    cmc_http_reply_file(e->rq, 200, content_type, fd, octets, headers);
    cmc_buf_free(&e->decoded);
    free(e->body);
    free(e);
}

/* A refusal of ours: one line, which also goes to the log. */
static void refuse(struct exchange *e, unsigned int status, const char *const *headers,
                   const struct cmc_err *err)
{
    char line[CMC_LIMIT_ERROR_TEXT + 80];

    (void)snprintf(line, sizeof line, "%s%s%s%s\n", err->text, err->clause != NULL ? " (" : "",
                   err->clause != NULL ? err->clause : "", err->clause != NULL ? ")" : "");
    finish(e, status, TEXT_PLAIN, cmc_slice_str(line), headers, err->text);
}

static void CMC_PRINTF(3, 4)
    refuse_text(struct exchange *e, unsigned int status, const char *fmt, ...)
{
    struct cmc_err err = {0};
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(err.text, sizeof err.text, fmt, ap);
    va_end(ap);
    refuse(e, status, NULL, &err);
}

static void CMC_PRINTF(2, 3) refuse_later(struct exchange *e, const char *fmt, ...)
{
    struct cmc_err err = {0};
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(err.text, sizeof err.text, fmt, ap);
    va_end(ap);
    refuse(e, 503, (const char *const[]){"Retry-After", "1", NULL}, &err);
}

/* -- endpoints: POST --------------------------------------------------------------------- */

/* EST, RFC 7030 section 4. */
static void finish_base64(struct exchange *e, struct cmc_slice body)
{
    static const char *const coded[] = {"Content-Transfer-Encoding", "base64", NULL};
    struct cmc_buf b;

    cmc_buf_init(&b, 2u * CMC_LIMIT_MESSAGE_OCTETS);
    cmc_body_to_base64(body, &b);
    if (cmc_buf_ok(&b))
        finish(e, e->status, e->content_type, cmc_buf_get0(&b), coded, e->reason);
    else
        finish(e, 503, TEXT_PLAIN, CMC_SLICE_LIT("out of memory; send the request again\n"), NULL,
               "out of memory");
    cmc_buf_free(&b);
}

/* In the loop's thread, with the copy of the reply. */
static void finish_exchange(void *arg)
{
    static const char *const fresh[] = {"Cache-Control", "no-store", NULL};
    static const char *const later[] = {"Cache-Control", "no-store", "Retry-After", "1", NULL};
    struct exchange *e = arg;
    struct cmc_slice body = cmc_slice(e->body, e->body_octets);
    const char *const *headers = e->status == 503 ? later : fresh;
    char line[sizeof e->reason + 1];

    /* Dogtag's HttpClient cuts its answer off behind the sixth line: a status, four headers, an
     * empty line. Date, Content-Length, Content-Type and Connection are four. */
    if (e->x.rules->dogtag)
        headers = NULL;
    if (e->status == 204) {
        finish(e, e->status, NULL, CMC_SLICE_NONE, headers, e->reason);
        return;
    }
    if (e->body_octets == 0) {
        (void)snprintf(line, sizeof line, "%s\n", e->reason);
        finish(e, e->status, TEXT_PLAIN, cmc_slice_str(line), headers, e->reason);
        return;
    }
    if (e->endpoint->base64 && e->status == 200)
        finish_base64(e, body);
    else
        finish(e, e->status, e->content_type, body, headers, e->reason);
}

static void answered(void *arg, const struct cmc_reply *reply);

static struct cmc_responder *responder_of(const struct exchange *e)
{
    return e->front->seats[e->endpoint->authority].responder;
}

/* In the loop's thread: the commit did not happen, so the request is planned anew. */
static void respond_again(void *arg)
{
    struct exchange *e = arg;

    if (e->front->ended) {
        refuse_text(e, 503, "the server is stopping; send the request again");
        return;
    }
    e->x.attempt++;
    cmc_respond(responder_of(e), &e->x, answered, e);
}

static void copy_reply(struct exchange *e, const struct cmc_reply *reply)
{
    e->status = reply->http_status;
    e->content_type = reply->content_type;
    (void)snprintf(e->reason, sizeof e->reason, "%s", reply->reason);
    if (reply->body.n > 0) {
        e->body = malloc(reply->body.n);
        if (e->body != NULL) {
            memcpy(e->body, reply->body.p, reply->body.n);
            e->body_octets = reply->body.n;
        } else {
            e->status = 503;
            (void)snprintf(e->reason, sizeof e->reason, "out of memory; send the request again");
        }
    }
}

/* From the responder, in this thread or the store's: the reply lives only until we return. */
static void answered(void *arg, const struct cmc_reply *reply)
{
    struct exchange *e = arg;

    if (reply->again)
        e->x.commit_rc = reply->commit_rc;
    else
        copy_reply(e, reply);
    if (!reply->again && pthread_equal(pthread_self(), e->front->thread)) {
        finish_exchange(e);
        return;
    }
    /* Without memory for a message to the loop the connection waits until the loop ends. */
    if (!cmc_http_post(e->front->http, reply->again ? respond_again : finish_exchange, e))
        cmc_log_event(e->front->log, CMC_LOG_ERROR, "answer-lost", "outcome", "out of memory",
                      NULL);
}

/* -- at a desk ----------------------------------------------------------------------------- */

/* A result that came from a desk; so is that of a request that the desks do not take. */
static void take_result(struct exchange *e, struct cmc_slow_result *r)
{
    e->status = r->status;
    e->content_type = r->content_type;
    e->body = r->body;
    e->body_octets = r->octets;
    r->body = NULL;
    (void)snprintf(e->reason, sizeof e->reason, "%s", r->reason);
}

static void submit(struct exchange *e, const struct cmc_slow_request *rq, cmc_slow_done_fn done)
{
    struct cmc_slow_result busy = {
        .status = 503,
        .fd = -1,
        .reason = "too many requests wait for a token; send the same request again"};

    if (!cmc_slow_submit(e->front->desks, e->front->http, rq, done, e))
        done(e, &busy);
}

static void exchange_done(void *arg, struct cmc_slow_result *r)
{
    take_result(arg, r);
    finish_exchange(arg);
}

static bool accepts(const struct cmc_conf_endpoint *ep, enum cmc_request_type type)
{
    for (unsigned int i = 0; i < ep->accept_count; i++) {
        if (ep->accept[i] == type)
            return true;
    }
    return false;
}

/* PEM, or bare base64: the mistake that everybody makes once. DER begins with 0x30. */
static bool looks_like_text(struct cmc_slice body)
{
    size_t n = body.n < PEEK_OCTETS ? body.n : PEEK_OCTETS;

    for (size_t i = 0; i < n; i++) {
        if (!isprint(body.p[i]) && !isspace(body.p[i]))
            return false;
    }
    return n > 0;
}

static bool check_type(struct exchange *e, const struct cmc_conf_endpoint *ep)
{
    const char *coding = cmc_http_header(e->rq, "Content-Encoding");
    const char *type = cmc_http_header(e->rq, "Content-Type");
    struct cmc_err err = {0};

    if (coding != NULL && strcasecmp(coding, "identity") != 0) {
        refuse_text(e, 415, "Content-Encoding is not understood here; send the body as it is");
        return false;
    }
    if (ep->rules.dogtag && (type == NULL || cmc_media_request(type, &e->x.type, &err) != CMC_OK)) {
        /* Dogtag's CA does not look at the type, and its HttpClient names none. */
        e->x.type = accepts(ep, CMC_TYPE_CMC) ? CMC_TYPE_CMC : CMC_TYPE_PKCS10;
    } else if (cmc_media_request(type, &e->x.type, &err) != CMC_OK) {
        refuse(e, 415, NULL, &err);
        return false;
    }
    if (!accepts(ep, e->x.type)) {
        refuse_text(e, 415, "%s is not accepted at %s; send %s",
                    e->x.type == CMC_TYPE_CMC ? "a CMC request" : "a bare PKCS#10", ep->rules.path,
                    e->x.type == CMC_TYPE_CMC ? CMC_MEDIA_PKCS10 : CMC_MEDIA_REQUEST);
        return false;
    }
    return true;
}

/* A form at an endpoint for Dogtag's clients, base64 where EST is spoken: to what is in it. */
static bool take_text(struct exchange *e)
{
    const char *type = cmc_http_header(e->rq, "Content-Type");
    bool form = e->endpoint->rules.dogtag && type != NULL &&
                strncasecmp(type, CMC_MEDIA_FORM, strlen(CMC_MEDIA_FORM)) == 0;
    struct cmc_err err = {0};
    enum cmc_rc rc;

    if (!looks_like_text(e->x.body) || (!form && !e->endpoint->base64))
        return true;
    cmc_buf_init(&e->decoded, CMC_LIMIT_MESSAGE_OCTETS);
    rc = form ? cmc_body_from_form(e->x.body, &e->decoded, &err)
              : cmc_body_from_base64(e->x.body, &e->decoded, &err);
    if (rc == CMC_OK)
        e->x.body = cmc_buf_get0(&e->decoded);
    else
        refuse(e, 400, NULL, &err);
    return rc == CMC_OK;
}

static bool check_body(struct exchange *e)
{
    e->x.body = cmc_http_body(e->rq);
    if (e->x.body.n == 0) {
        refuse_text(e, 400, "the body is empty; send the request as binary DER");
        return false;
    }
    if (!take_text(e))
        return false;
    if (looks_like_text(e->x.body)) {
        refuse_text(e, 400,
                    "the body is text; send binary DER, not base64 or PEM (RFC 10003 "
                    "section 3)");
        return false;
    }
    return true;
}

/*
 * The forms on offer, the preferred first. A Simple PKI Request gets a Simple PKI Response where
 * the client has no wish (RFC 10002 section 3.1), so the Full one goes behind.
 */
static unsigned int offered(const struct exchange *e, const struct cmc_conf_endpoint *ep,
                            enum cmc_answer_form *out)
{
    unsigned int n = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (unsigned int i = 0; i < ep->answer_count; i++) {
            bool behind = e->x.type == CMC_TYPE_PKCS10 && ep->answer[i] == CMC_ANSWER_CMC;

            if (behind == (pass == 1))
                out[n++] = ep->answer[i];
        }
    }
    return n;
}

static bool check_accept(struct exchange *e, const struct cmc_conf_endpoint *ep)
{
    const enum cmc_answer_form simple = CMC_ANSWER_CERTS_ONLY;
    enum cmc_answer_form ignored;
    enum cmc_answer_form offer[sizeof ep->answer / sizeof ep->answer[0]];
    unsigned int n = offered(e, ep, offer);
    struct cmc_err err = {0};
    enum cmc_rc rc = cmc_media_choose(cmc_http_header(e->rq, "Accept"), offer, n, &e->x.form, &err);

    /* A question is answered with a Simple PKI Response, whatever the endpoint issues in. */
    e->x.no_simple =
        cmc_media_choose(cmc_http_header(e->rq, "Accept"), &simple, 1, &ignored, NULL) != CMC_OK;
    if (rc == CMC_OK)
        return true;
    refuse(e, rc == CMC_E_INPUT ? 400 : 406, NULL, &err);
    return false;
}

static void through(void *arg)
{
    struct cmc_front *f = arg;

    f->holding = false;
    cmc_store_release(f->service->store);
}

/* What has arrived together is committed together. */
static void hold_store(struct cmc_front *f)
{
    if (f->holding)
        return;
    f->holding = true;
    cmc_store_hold(f->service->store);
    cmc_http_when_quiet(f->http, through, f);
}

/* The value of profileId in a query into e->profile_id; false: there is none. */
static bool read_profile_id(struct exchange *e)
{
    static const char name[] = "profileId=";
    const char *p = cmc_http_query(e->rq);

    while (p != NULL && strncmp(p, name, sizeof name - 1) != 0) {
        p = strchr(p, '&');
        p = p != NULL ? p + 1 : NULL;
    }
    if (p == NULL)
        return false;
    p += sizeof name - 1;
    (void)snprintf(e->profile_id, sizeof e->profile_id, "%.*s", (int)strcspn(p, "&"), p);
    for (char *c = e->profile_id; *c != '\0'; c++)
        *c = isalnum((unsigned char)*c) || strchr("-._", *c) != NULL ? *c : '?';
    return true;
}

/* compat: dogtag, where a profileId in the query leads to the endpoint that has it. */
static const struct cmc_conf_endpoint *choose_endpoint(struct exchange *e,
                                                       const struct cmc_conf_endpoint *ep)
{
    const struct cmc_conf *conf = e->front->service->conf;

    if (!ep->rules.dogtag || !read_profile_id(e))
        return ep;
    for (unsigned int i = 0; i < conf->endpoint_count; i++) {
        if (cmc_conf_has_profile_id(&conf->endpoints[i], e->profile_id))
            return &conf->endpoints[i];
    }
    e->x.unknown_profile = e->profile_id;
    return ep;
}

/* [10003-6-u1, 10003-6-u3, 10003-6-u4, 10004-5-j, 10003-6.2-u1] */
static void serve_endpoint(struct exchange *e, const struct cmc_route *route)
{
    const struct cmc_conf_endpoint *ep = choose_endpoint(e, route->endpoint);

    e->endpoint = ep;
    if (!check_type(e, ep) || !check_accept(e, ep) || !check_body(e))
        return;
    e->x.rules = &ep->rules;
    e->x.tls_cert = cmc_http_tls_cert(e->rq);
    e->x.peer = cmc_http_peer(e->rq);
    e->x.now = time(NULL);
    if (cmc_desks_has(e->front->desks, ep->authority)) {
        submit(e,
               &(struct cmc_slow_request){
                   .kind = CMC_SLOW_EXCHANGE, .authority = ep->authority, .x = &e->x},
               exchange_done);
        return;
    }
    hold_store(e->front);
    cmc_respond(responder_of(e), &e->x, answered, e);
}

/* -- the CA's own: GET ------------------------------------------------------------------- */

static bool has_it(const struct exchange *e, const struct cmc_http_cache *c)
{
    return cmc_http_cache_has(c, cmc_http_header(e->rq, "If-None-Match"),
                              cmc_http_header(e->rq, "If-Modified-Since"));
}

/* What changes when the configuration does. */
static void finish_fixed(struct exchange *e, const char *type, struct cmc_slice octets,
                         const char *outcome)
{
    struct cmc_http_cache cache;

    cmc_http_cache_octets(&cache, octets, e->front->counters->started_at, time(NULL),
                          CERT_CACHE_SECONDS);
    if (has_it(e, &cache))
        finish(e, 304, NULL, CMC_SLICE_NONE, cache.headers, outcome);
    else
        finish(e, 200, type, octets, cache.headers, outcome);
}

/* What went wrong inside is for the log, not for whoever asks. */
static void no_crl(struct exchange *e, const char *why)
{
    finish(e, 503, TEXT_PLAIN, CMC_SLICE_LIT("the CRL cannot be made now; try again later\n"),
           (const char *const[]){"Retry-After", "10", NULL}, why);
}

/* A CRL in memory, or where fd is not -1 the file, which is taken over. */
static void give_crl(struct exchange *e, const struct cmc_crl_facts *facts, struct cmc_slice crl,
                     int fd)
{
    struct cmc_http_cache cache;
    char etag[64];

    /* A number may come again after a backup was put back; with its time it does not. */
    (void)snprintf(etag, sizeof etag, "%llu-%lld", (unsigned long long)facts->number,
                   (long long)facts->this_update);
    cmc_http_cache_init(&cache, etag, facts->this_update, facts->next_update, time(NULL),
                        CRL_CACHE_SECONDS);
    if (has_it(e, &cache)) {
        if (fd >= 0)
            (void)close(fd);
        finish(e, 304, NULL, CMC_SLICE_NONE, cache.headers, "CRL");
    } else if (fd >= 0) {
        finish_file(e, CMC_MEDIA_PKIX_CRL, fd, facts->octets, cache.headers, "CRL");
    } else {
        finish(e, 200, CMC_MEDIA_PKIX_CRL, crl, cache.headers, "CRL");
    }
}

static void crl_done(void *arg, struct cmc_slow_result *r)
{
    struct exchange *e = arg;
    int fd = r->fd;

    take_result(e, r);
    if (r->status != 200) {
        no_crl(e, e->reason);
        return;
    }
    r->fd = -1;
    give_crl(e, &r->facts, cmc_slice(e->body, e->body_octets), fd);
}

static void serve_crl(struct exchange *e, const struct cmc_route *route)
{
    struct cmc_slow_request rq = {.kind = CMC_SLOW_CRL,
                                  .authority = route->authority,
                                  .previous = route->previous,
                                  .scope.delta = route->delta,
                                  .now = time(NULL)};
    struct cmc_front *f = e->front;
    struct cmc_crl_facts facts;
    struct cmc_slice crl;
    struct cmc_err err = {0};
    enum cmc_rc rc;
    int fd;

    if (cmc_shard_is_template(route->path) &&
        !cmc_shard_match(route->path, cmc_http_path(e->rq), &rq.scope.shard))
        rq.scope.shard = UINT32_MAX;
    atomic_fetch_add_explicit(&f->counters->crl_fetches, 1, memory_order_relaxed);
    cmc_arena_reset(f->arena);
    rc = cmc_ca_crl_open(cmc_seat_ca(&f->seats[route->authority], route->previous), &rq.scope,
                         rq.now, f->arena, &crl, &fd, &facts, &err);
    if (rc == CMC_E_RETRY && cmc_desks_has(f->desks, route->authority))
        submit(e, &rq, crl_done);
    else if (rc == CMC_E_NOTFOUND && crl.p == NULL && fd < 0 && rq.scope.shard != 0)
        refuse_text(e, 404, "there is no such shard of the CRL");
    else if (rc != CMC_OK)
        no_crl(e, err.text);
    else
        give_crl(e, &facts, crl, fd);
}

static void finish_ocsp(struct exchange *e, const struct cmc_ocsp_answer *answer)
{
    bool post = strcmp(cmc_http_method(e->rq), "POST") == 0;
    char cache[64] = "no-store";

    if (!post && answer->shared)
        (void)snprintf(cache, sizeof cache, "max-age=%d, public, no-transform, must-revalidate",
                       OCSP_CACHE_SECONDS);
    finish(e, 200, CMC_MEDIA_OCSP_RESPONSE, answer->der,
           (const char *const[]){"Cache-Control", cache, NULL}, answer->outcome);
}

/* The OCSPRequest, wherever it stands. */
static enum cmc_rc ocsp_request(struct exchange *e, struct cmc_slice *out, struct cmc_err *err)
{
    *out = cmc_http_body(e->rq);
    return strcmp(cmc_http_method(e->rq), "POST") == 0
               ? CMC_OK
               : cmc_ocsp_from_path(cmc_http_path(e->rq) + strlen(e->route->path), e->front->arena,
                                    out, err);
}

/* Signed at a desk; kept here, so that who asks for the same need not wait. */
static void ocsp_done(void *arg, struct cmc_slow_result *r)
{
    struct exchange *e = arg;
    struct cmc_slice request;

    take_result(e, r);
    cmc_arena_reset(e->front->arena);
    if (r->status != 200) {
        refuse_later(e, "%s", e->reason);
        return;
    }
    if (ocsp_request(e, &request, NULL) == CMC_OK)
        cmc_ocsp_keep(e->front->seats[e->route->authority].ocsp, request, &r->ocsp);
    finish_ocsp(e, &r->ocsp);
}

/*
 * RFC 6960 appendix A: the request is the body of a POST, or stands in the path of a GET. RFC 5019
 * section 6: what others may be told too may be kept by what is in between.
 */
static void serve_ocsp(struct exchange *e, const struct cmc_route *route)
{
    struct cmc_front *f = e->front;
    struct cmc_slow_request rq = {
        .kind = CMC_SLOW_OCSP, .authority = route->authority, .now = time(NULL)};
    const char *type = cmc_http_header(e->rq, "Content-Type");
    bool post = strcmp(cmc_http_method(e->rq), "POST") == 0;
    struct cmc_ocsp_answer answer = {0};
    struct cmc_err err = {0};
    enum cmc_rc rc;

    e->route = route;
    atomic_fetch_add_explicit(&f->counters->ocsp_requests, 1, memory_order_relaxed);
    cmc_arena_reset(f->arena);
    if (post && (type == NULL || strcasecmp(type, CMC_MEDIA_OCSP_REQUEST) != 0)) {
        refuse_text(e, 415, "an OCSP request has the Content-Type " CMC_MEDIA_OCSP_REQUEST);
        return;
    }
    if (ocsp_request(e, &rq.ocsp, &err) != CMC_OK) {
        refuse(e, 400, NULL, &err);
        return;
    }
    rc = cmc_seat_ocsp(&f->seats[route->authority], rq.ocsp, rq.now, f->arena, &answer, &err);
    if (rc == CMC_E_RETRY && cmc_desks_has(f->desks, route->authority))
        submit(e, &rq, ocsp_done);
    else if (rc != CMC_OK)
        refuse_text(e, 503, "out of memory; send the request again");
    else
        finish_ocsp(e, &answer);
}

static const struct cmc_service_authority *authority_of(const struct exchange *e,
                                                        const struct cmc_route *route)
{
    const struct cmc_service_authority *a = &e->front->service->authorities[route->authority];

    return route->previous > 0 ? &a->previous[route->previous - 1] : a;
}

static void serve_ca(struct exchange *e, const struct cmc_route *route)
{
    finish_fixed(e, CMC_MEDIA_PKIX_CERT, authority_of(e, route)->chain[0], "CA certificate");
}

static void serve_encryption(struct exchange *e, const struct cmc_route *route)
{
    finish_fixed(e, CMC_MEDIA_PKIX_CERT, authority_of(e, route)->encryption_cert,
                 "encryption certificate");
}

static void serve_chain(struct exchange *e, const struct cmc_route *route)
{
    finish_fixed(e, CMC_MEDIA_CERTS_ONLY, authority_of(e, route)->chain_p7c, "CA chain");
}

static void serve_status(struct exchange *e, const struct cmc_route *route)
{
    const struct cmc_service *service = e->front->service;
    const struct cmc_counters *c = e->front->counters;
    struct cmc_buf json;
    bool some = false;

    (void)route;
    cmc_buf_init(&json, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_printf(&json,
                   "{\"ready\":true,\"uptime_seconds\":%lld,\"workers\":%u,\"requests\":%llu,"
                   "\"ok\":%llu,\"client_errors\":%llu,\"server_errors\":%llu,"
                   "\"crl_fetches\":%llu,\"ocsp_requests\":%llu",
                   (long long)(time(NULL) - c->started_at), e->front->service->conf->workers,
                   atomic_load_explicit(&c->requests, memory_order_relaxed),
                   atomic_load_explicit(&c->ok, memory_order_relaxed),
                   atomic_load_explicit(&c->client_errors, memory_order_relaxed),
                   atomic_load_explicit(&c->server_errors, memory_order_relaxed),
                   atomic_load_explicit(&c->crl_fetches, memory_order_relaxed),
                   atomic_load_explicit(&c->ocsp_requests, memory_order_relaxed));
    cmc_token_status(&json);
    cmc_buf_str(&json, ",\"publication\":[");
    for (size_t i = 0; i < service->nauthorities; i++) {
        const struct cmc_service_authority *a = &service->authorities[i];

        cmc_publisher_status(a->publisher, &some, &json);
        for (size_t k = 0; k < a->nprevious; k++)
            cmc_publisher_status(a->previous[k].publisher, &some, &json);
    }
    cmc_buf_str(&json, "]}\n");
    finish(e, cmc_buf_ok(&json) ? 200 : 503, "application/json", cmc_buf_get0(&json),
           (const char *const[]){"Cache-Control", "no-store", NULL}, "status");
    cmc_buf_free(&json);
}

/* -- the table --------------------------------------------------------------------------- */

#define ALLOW_GET  "GET, HEAD"
#define ALLOW_POST "POST"
#define ALLOW_OCSP "GET, HEAD, POST"

static int compare_routes(const void *a, const void *b)
{
    return strcmp(((const struct cmc_route *)a)->path, ((const struct cmc_route *)b)->path);
}

/* Of one authority, besides its endpoints. */
#define OWN_ROUTES 7u

static void add_own(struct cmc_routes *out, const struct cmc_conf_authority *a, unsigned int i,
                    unsigned int previous)
{
    const struct cmc_route own[OWN_ROUTES] = {
        {a->crl_path, ALLOW_GET, serve_crl, NULL, i, previous, false},
        {a->crl_delta_path, ALLOW_GET, serve_crl, NULL, i, previous, true},
        {a->crl_complete_path, ALLOW_GET, serve_crl, NULL, i, previous, false},
        {a->ca_path, ALLOW_GET, serve_ca, NULL, i, previous, false},
        {a->chain_path, ALLOW_GET, serve_chain, NULL, i, previous, false},
        {a->encryption_path, ALLOW_GET, serve_encryption, NULL, i, previous, false},
        {a->ocsp.path, ALLOW_OCSP, serve_ocsp, NULL, i, previous, false},
    };

    for (size_t k = 0; k < OWN_ROUTES; k++) {
        if (own[k].path != NULL)
            out->rows[out->n++] = own[k];
    }
}

/* It, and its keys of before. */
static void add_authority(struct cmc_routes *out, const struct cmc_conf_authority *a,
                          unsigned int i)
{
    add_own(out, a, i, 0);
    for (unsigned int k = 0; k < a->previous_count; k++)
        add_own(out, &a->previous[k], i, k + 1);
}

#define CMC_CONF_ROUTES_MAX(conf)                                                                  \
    ((conf)->endpoint_count +                                                                      \
     (size_t)(conf)->authority_count * OWN_ROUTES * (1 + CMC_LIMIT_CONF_PREVIOUS) + 1)

enum cmc_rc cmc_routes_new(const struct cmc_conf *conf, struct cmc_routes *out, struct cmc_err *err)
{
    out->n = 0;
    out->rows = calloc(CMC_CONF_ROUTES_MAX(conf), sizeof *out->rows);
    if (out->rows == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the routes");
    for (unsigned int i = 0; i < conf->authority_count; i++)
        add_authority(out, &conf->authorities[i], i);
    if (conf->status_path != NULL)
        out->rows[out->n++] =
            (struct cmc_route){conf->status_path, ALLOW_GET, serve_status, NULL, 0, 0, false};
    for (unsigned int i = 0; i < conf->endpoint_count; i++)
        out->rows[out->n++] = (struct cmc_route){
            conf->endpoints[i].rules.path, ALLOW_POST, serve_endpoint, &conf->endpoints[i],
            conf->endpoints[i].authority,  0,          false};
    qsort(out->rows, out->n, sizeof *out->rows, compare_routes);
    return CMC_OK;
}

void cmc_routes_free(struct cmc_routes *r)
{
    free(r->rows);
    *r = (struct cmc_routes){0};
}

static bool is_allowed(const char *allow, const char *method)
{
    size_t n = strlen(method);

    for (const char *p = allow; p != NULL; p = strchr(p, ',')) {
        p += strspn(p, ", ");
        if (strncmp(p, method, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    }
    return false;
}

/* OCSP alone has requests in its path: the longest that this one goes on from, or NULL. */
static const char *ocsp_path(const struct cmc_conf *conf, const char *path)
{
    const char *best = NULL;
    size_t longest = 0;

    for (unsigned int i = 0; i < conf->authority_count; i++) {
        const char *ocsp = conf->authorities[i].ocsp.path;
        size_t n = ocsp != NULL ? strlen(ocsp) : 0;

        if (n > longest && strncmp(path, ocsp, n) == 0 && path[n] == '/') {
            best = ocsp;
            longest = n;
        }
    }
    return best;
}

static const struct cmc_route *find_route(const struct cmc_front *f, const char *path)
{
    struct cmc_route key = {.path = path};
    const struct cmc_route *found =
        bsearch(&key, f->routes->rows, f->routes->n, sizeof key, compare_routes);

    if (found != NULL)
        return found;
    for (size_t i = 0; i < f->routes->n; i++) {
        uint32_t shard;

        if (cmc_shard_match(f->routes->rows[i].path, path, &shard))
            return &f->routes->rows[i];
    }
    key.path = ocsp_path(f->service->conf, path);
    return key.path != NULL
               ? bsearch(&key, f->routes->rows, f->routes->n, sizeof key, compare_routes)
               : NULL;
}

void cmc_routes_handle(void *front, struct cmc_http_request *rq)
{
    struct cmc_front *f = front;
    const struct cmc_route *route = find_route(f, cmc_http_path(rq));
    struct exchange *e = calloc(1, sizeof *e);

    if (e == NULL) {
        cmc_http_reply(rq, 503, NULL, CMC_SLICE_NONE, NULL);
        return;
    }
    e->front = f;
    e->rq = rq;
    (void)clock_gettime(CLOCK_MONOTONIC, &e->begun);
    if (route == NULL) {
        refuse_text(e, 404, "nothing is served at this path");
    } else if (!is_allowed(route->allow, cmc_http_method(rq))) {
        struct cmc_err err = {0};

        (void)snprintf(err.text, sizeof err.text, "%s is not served here; use %s",
                       cmc_http_method(rq), route->allow);
        refuse(e, 405, (const char *const[]){"Allow", route->allow, NULL}, &err);
    } else {
        route->serve(e, route);
    }
}
