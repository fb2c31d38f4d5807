/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints: what is checked of a POST before the responder sees it, and its answer. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "server/body_text.h"
#include "server/call.h"
#include "server/media.h"

/* So many octets of a body tell whether it is text. */
#define PEEK_OCTETS 64u

/* EST, RFC 7030 section 4. */
static void finish_base64(struct cmc_call *e, struct cmc_slice body)
{
    static const char *const coded[] = {"Content-Transfer-Encoding", "base64", NULL};
    struct cmc_buf b;

    cmc_buf_init(&b, 2u * CMC_LIMIT_MESSAGE_OCTETS);
    cmc_body_to_base64(body, &b);
    if (cmc_buf_ok(&b))
        cmc_call_finish(e, e->status, e->content_type, cmc_buf_get0(&b), coded, e->reason);
    else
        cmc_call_finish(e, 503, CMC_TEXT_PLAIN,
                        CMC_SLICE_LIT("out of memory; send the request again\n"), NULL,
                        "out of memory");
    cmc_buf_free(&b);
}

/* In the loop's thread, with the copy of the reply. */
static void finish_exchange(void *arg)
{
    static const char *const fresh[] = {"Cache-Control", "no-store", NULL};
    static const char *const later[] = {"Cache-Control", "no-store", "Retry-After", "1", NULL};
    struct cmc_call *e = arg;
    struct cmc_slice body = cmc_slice(e->body, e->body_octets);
    const char *const *headers = e->status == 503 ? later : fresh;
    char line[sizeof e->reason + 1];

    /* Dogtag's HttpClient cuts its answer off behind the sixth line: a status, four headers, an
     * empty line. Date, Content-Length, Content-Type and Connection are four. */
    if (e->x.rules->dogtag)
        headers = NULL;
    if (e->status == 204) {
        cmc_call_finish(e, e->status, NULL, CMC_SLICE_NONE, headers, e->reason);
        return;
    }
    if (e->body_octets == 0) {
        (void)snprintf(line, sizeof line, "%s\n", e->reason);
        cmc_call_finish(e, e->status, CMC_TEXT_PLAIN, cmc_slice_str(line), headers, e->reason);
        return;
    }
    if (e->endpoint->base64 && e->status == 200)
        finish_base64(e, body);
    else
        cmc_call_finish(e, e->status, e->content_type, body, headers, e->reason);
}

static void answered(void *arg, const struct cmc_reply *reply);

static struct cmc_responder *responder_of(const struct cmc_call *e)
{
    return e->front->seats[e->endpoint->authority].responder;
}

/* In the loop's thread: the commit did not happen, so the request is planned anew. */
static void respond_again(void *arg)
{
    struct cmc_call *e = arg;

    if (e->front->ended) {
        cmc_call_refuse_text(e, 503, "the server is stopping; send the request again");
        return;
    }
    e->x.attempt++;
    cmc_respond(responder_of(e), &e->x, answered, e);
}

static void copy_reply(struct cmc_call *e, const struct cmc_reply *reply)
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
    struct cmc_call *e = arg;

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

static void exchange_done(void *arg, struct cmc_slow_result *r)
{
    cmc_call_take_result(arg, r);
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

static bool check_type(struct cmc_call *e, const struct cmc_conf_endpoint *ep)
{
    const char *coding = cmc_http_header(e->rq, "Content-Encoding");
    const char *type = cmc_http_header(e->rq, "Content-Type");
    struct cmc_err err = {0};

    if (coding != NULL && strcasecmp(coding, "identity") != 0) {
        cmc_call_refuse_text(e, 415,
                             "Content-Encoding is not understood here; send the body as it is");
        return false;
    }
    if (ep->rules.dogtag && (type == NULL || cmc_media_request(type, &e->x.type, &err) != CMC_OK)) {
        /* Dogtag's CA does not look at the type, and its HttpClient names none. */
        e->x.type = accepts(ep, CMC_TYPE_CMC) ? CMC_TYPE_CMC : CMC_TYPE_PKCS10;
    } else if (cmc_media_request(type, &e->x.type, &err) != CMC_OK) {
        cmc_call_refuse(e, 415, NULL, &err);
        return false;
    }
    if (!accepts(ep, e->x.type)) {
        cmc_call_refuse_text(e, 415, "%s is not accepted at %s; send %s",
                             e->x.type == CMC_TYPE_CMC ? "a CMC request" : "a bare PKCS#10",
                             ep->rules.path,
                             e->x.type == CMC_TYPE_CMC ? CMC_MEDIA_PKCS10 : CMC_MEDIA_REQUEST);
        return false;
    }
    return true;
}

/* A form at an endpoint for Dogtag's clients, base64 where EST is spoken: to what is in it. */
static bool take_text(struct cmc_call *e)
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
        cmc_call_refuse(e, 400, NULL, &err);
    return rc == CMC_OK;
}

static bool check_body(struct cmc_call *e)
{
    e->x.body = cmc_http_body(e->rq);
    if (e->x.body.n == 0) {
        cmc_call_refuse_text(e, 400, "the body is empty; send the request as binary DER");
        return false;
    }
    if (!take_text(e))
        return false;
    if (looks_like_text(e->x.body)) {
        cmc_call_refuse_text(e, 400,
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
static unsigned int offered(const struct cmc_call *e, const struct cmc_conf_endpoint *ep,
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

static bool check_accept(struct cmc_call *e, const struct cmc_conf_endpoint *ep)
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
    cmc_call_refuse(e, rc == CMC_E_INPUT ? 400 : 406, NULL, &err);
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
static bool read_profile_id(struct cmc_call *e)
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
static const struct cmc_conf_endpoint *choose_endpoint(struct cmc_call *e,
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
void cmc_route_endpoint(struct cmc_call *e, const struct cmc_route *route)
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
        cmc_call_submit(e,
                        &(struct cmc_slow_request){
                            .kind = CMC_SLOW_EXCHANGE, .authority = ep->authority, .x = &e->x},
                        exchange_done);
        return;
    }
    hold_store(e->front);
    cmc_respond(responder_of(e), &e->x, answered, e);
}
