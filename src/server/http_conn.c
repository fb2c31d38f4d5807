/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection: a state that says what it waits for, an absolute deadline for each state, and
 * step(), which goes from state to state as far as the octets that have arrived allow.
 */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/http_int.h"

#define ANSWER_OCTETS_PER_DEADLINE (1024u * 1024u)

/* -- life -------------------------------------------------------------------------------- */

static void set_deadline(struct cmc_http_conn *c, unsigned int seconds)
{
    struct timeval tv = {.tv_sec = (time_t)seconds};

    /* Fails only without memory, where a connection without a deadline is worse than none. */
    if (event_add(&c->deadline, &tv) != 0)
        event_active(&c->deadline, EV_TIMEOUT, 0);
}

static void set_state(struct cmc_http_conn *c, enum cmc_http_state state)
{
    const struct cmc_http_limits *l = &c->http->limits;
    size_t left;

    c->state = state;
    switch (state) {
    case CMC_HTTP_HANDSHAKE:
        set_deadline(c, l->handshake_seconds);
        break;
    case CMC_HTTP_IDLE:
        set_deadline(c, c->http->stopping ? CMC_HTTP_PARTING_SECONDS : l->idle_seconds);
        break;
    case CMC_HTTP_HEAD:
        set_deadline(c, l->header_seconds);
        break;
    case CMC_HTTP_BODY:
        set_deadline(c, l->body_seconds);
        break;
    case CMC_HTTP_HANDLER:
        (void)event_del(&c->deadline);
        break;
    case CMC_HTTP_WRITE:
        left = evbuffer_get_length(bufferevent_get_output(c->bev));
        set_deadline(c, l->write_seconds * (unsigned int)(1 + left / ANSWER_OCTETS_PER_DEADLINE));
        break;
    case CMC_HTTP_LINGER:
        set_deadline(c, CMC_HTTP_LINGER_SECONDS);
        break;
    }
}

void cmc_http_request_free(struct cmc_http_request *rq)
{
    if (rq == NULL)
        return;
    if (rq->conn != NULL)
        rq->conn->rq = NULL;
    cmc_buf_free(&rq->body);
    cmc_buf_free(&rq->cert);
    free(rq);
}

void cmc_http_conn_free(struct cmc_http_conn *c)
{
    struct cmc_http *h = c->http;

    if (c->rq != NULL && c->state == CMC_HTTP_HANDLER)
        c->rq->conn = NULL; /* the handler's until it replies */
    else
        cmc_http_request_free(c->rq);
    (void)event_del(&c->deadline);
    bufferevent_free(c->bev);
    cmc_buf_free(&c->cert);
    LIST_REMOVE(c, link);
    LIST_REMOVE(c, by_address);
    h->conn_count--;
    free(c);
    cmc_http_conn_gone(h);
}

static void drop_input(struct cmc_http_conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);

    (void)evbuffer_drain(in, evbuffer_get_length(in));
}

/*
 * Tell the peer that no more comes. Octets that it sends after a plain close would make the
 * kernel reset the connection, and the answer be lost before it is read: hence the lingering.
 */
static void end(struct cmc_http_conn *c)
{
    if (c->ssl != NULL) {
        (void)SSL_shutdown(c->ssl);
        ERR_clear_error();
    }
    if (c->peer_ended || (!c->linger && evbuffer_get_length(bufferevent_get_input(c->bev)) == 0)) {
        cmc_http_conn_free(c);
        return;
    }
    (void)shutdown(bufferevent_getfd(c->bev), SHUT_WR);
    set_state(c, CMC_HTTP_LINGER);
    drop_input(c);
}

void cmc_http_conn_stop(struct cmc_http_conn *c)
{
    c->close = true;
    if (c->state == CMC_HTTP_HANDSHAKE)
        cmc_http_conn_free(c);
    else if (c->state == CMC_HTTP_IDLE)
        end(c);
}

/* An answer on its way may have said that the connection stays: the one behind it says otherwise.
 */
void cmc_http_conn_retire(struct cmc_http_conn *c)
{
    if (c->state == CMC_HTTP_IDLE)
        set_deadline(c, CMC_HTTP_PARTING_SECONDS);
}

/* -- refusing and answering -------------------------------------------------------------- */

/* Nothing can be said any more. The caller may still hold c, so that it is freed later. */
static void give_up(struct cmc_http_conn *c)
{
    c->close = true;
    c->state = CMC_HTTP_WRITE;
    event_active(&c->deadline, EV_TIMEOUT, 0);
}

static void send_answer(struct cmc_http_conn *c, bool head_only, unsigned int status,
                        const char *content_type, struct cmc_slice body, const char *const *headers)
{
    bool sent;

    if (cmc_http_write_answer(c, head_only, status, content_type, body, headers, &sent)) {
        set_state(c, sent ? CMC_HTTP_IDLE : CMC_HTTP_WRITE);
        return;
    }
    give_up(c);
}

/* What the seam itself answers: one line of text, and the end of the connection. */
static void refuse(struct cmc_http_conn *c, unsigned int status, const char *why)
{
    static const char *const allow[] = {"Allow", "GET, HEAD, POST", NULL};
    bool head_only = c->rq != NULL && c->rq->head.head_only;
    char text[160];
    char code[16];
    int n = snprintf(text, sizeof text, "%u: %s\n", status, why);

    (void)snprintf(code, sizeof code, "%u", status);
    cmc_log_event(c->http->log, CMC_LOG_INFO, "http-refused", "peer", c->peer, "status", code,
                  "reason", why, NULL);
    cmc_http_request_free(c->rq);
    c->close = c->linger = true;
    send_answer(c, head_only, status, "text/plain; charset=utf-8", cmc_slice(text, (size_t)n),
                status == 405 ? allow : NULL);
}

void cmc_http_reply(struct cmc_http_request *rq, unsigned int status, const char *content_type,
                    struct cmc_slice body, const char *const *headers)
{
    struct cmc_http_conn *c = rq->conn;

    if (c != NULL) {
        c->close = c->close || c->http->stopping || !rq->head.keep_alive;
        send_answer(c, rq->head.head_only, status, content_type, body, headers);
    }
    /* Only now: body and headers may be the request's own. */
    cmc_http_request_free(rq);
}

void cmc_http_reply_file(struct cmc_http_request *rq, unsigned int status, const char *content_type,
                         int fd, uint64_t octets, const char *const *headers)
{
    struct cmc_http_conn *c = rq->conn;

    if (c != NULL) {
        c->close = c->close || c->http->stopping || !rq->head.keep_alive;
        if (cmc_http_write_file(c, rq->head.head_only, status, content_type, fd, octets, headers))
            set_state(c, CMC_HTTP_WRITE);
        else
            give_up(c);
    } else {
        (void)close(fd);
    }
    cmc_http_request_free(rq);
}

/* -- from state to state ----------------------------------------------------------------- */

/* The header is whole: give it a request to live in. */
static unsigned int request_new(struct cmc_http_conn *c, const uint8_t *p, size_t n,
                                const char **why)
{
    struct cmc_http_request *rq = malloc(sizeof *rq + n);

    if (rq == NULL) {
        *why = "out of memory";
        return 503;
    }
    rq->conn = c;
    rq->tls = c->ssl != NULL;
    rq->head.head_only = false;
    memcpy(rq->peer, c->peer, sizeof rq->peer);
    memcpy(rq->text, p, n);
    cmc_buf_init(&rq->body, c->http->limits.body_octets);
    cmc_buf_init(&rq->cert, c->cert.max);
    cmc_buf_slice(&rq->cert, cmc_buf_get0(&c->cert));
    c->rq = rq;
    if (!cmc_buf_ok(&rq->cert)) {
        *why = "out of memory";
        return 503;
    }
    return cmc_http_parse_head(rq->text, n, &rq->head, why);
}

/* Returns whether there is more to do at once; if not, c may have gone. */
static bool step_head(struct cmc_http_conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t max = c->http->limits.header_octets;
    size_t n = evbuffer_get_length(in);
    const char *why = NULL;
    unsigned int status;
    const uint8_t *p;

    if (n > max)
        n = max;
    p = evbuffer_pullup(in, (ev_ssize_t)n);
    if (p == NULL) {
        refuse(c, 503, "out of memory");
        return false;
    }
    status = cmc_http_scan(&c->scan, p, n, &why);
    if (status == 0 && c->scan.end == 0) {
        if (n == max)
            refuse(c, 431, "the request header is too long");
        else if (c->peer_ended)
            refuse(c, 400, "the request ended within its header");
        return false;
    }
    if (status == 0)
        status = request_new(c, p + c->scan.begin, c->scan.end - c->scan.begin, &why);
    if (status == 0 && c->rq->head.length > c->http->limits.body_octets) {
        status = 413;
        why = "the body is too large";
    }
    if (status != 0) {
        refuse(c, status, why);
        return false;
    }
    (void)evbuffer_drain(in, c->scan.end);
    c->chunks = (struct cmc_http_chunks){0};
    set_state(c, CMC_HTTP_BODY);
    if (c->rq->head.expect_continue && (c->rq->head.chunked || c->rq->head.length > 0) &&
        evbuffer_get_length(in) == 0)
        (void)bufferevent_write(c->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    return true;
}

/* Take what has arrived of the body. */
static unsigned int take_body(struct cmc_http_conn *c, bool *whole, const char **why)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    struct cmc_http_request *rq = c->rq;
    unsigned int status = 0;

    *whole = !rq->head.chunked && rq->body.n == rq->head.length;
    while (status == 0 && !*whole && evbuffer_get_length(in) > 0) {
        size_t n = evbuffer_get_contiguous_space(in);
        const uint8_t *p = evbuffer_pullup(in, (ev_ssize_t)n);

        if (rq->head.chunked) {
            status = cmc_http_chunks(&c->chunks, p, n, &n, &rq->body, why);
            *whole = status == 0 && c->chunks.state == CMC_CHUNK_DONE;
        } else {
            if (n > rq->head.length - rq->body.n)
                n = (size_t)(rq->head.length - rq->body.n);
            cmc_buf_add(&rq->body, p, n);
            if (!cmc_buf_ok(&rq->body)) {
                status = 503;
                *why = "out of memory";
            }
            *whole = rq->body.n == rq->head.length;
        }
        (void)evbuffer_drain(in, n);
    }
    return status;
}

static bool step_body(struct cmc_http_conn *c)
{
    const char *why = NULL;
    bool whole;
    unsigned int status = take_body(c, &whole, &why);

    if (status == 0 && !whole && c->peer_ended) {
        status = 400;
        why = "the request ended within its body";
    }
    if (status != 0)
        refuse(c, status, why);
    if (status != 0 || !whole)
        return false;
    set_state(c, CMC_HTTP_HANDLER);
    c->http->handler(c->http->arg, c->rq);
    return false;
}

static bool step(struct cmc_http_conn *c)
{
    switch (c->state) {
    case CMC_HTTP_IDLE:
        if (evbuffer_get_length(bufferevent_get_input(c->bev)) > 0) {
            c->scan = (struct cmc_http_scan){0};
            set_state(c, CMC_HTTP_HEAD);
            return true;
        }
        if (c->peer_ended)
            end(c);
        return false;
    case CMC_HTTP_HEAD:
        return step_head(c);
    case CMC_HTTP_BODY:
        return step_body(c);
    case CMC_HTTP_LINGER:
        drop_input(c);
        if (c->peer_ended)
            cmc_http_conn_free(c);
        return false;
    case CMC_HTTP_HANDSHAKE:
    case CMC_HTTP_HANDLER:
    case CMC_HTTP_WRITE:
        break;
    }
    return false;
}

static void advance(struct cmc_http_conn *c)
{
    while (step(c)) {
    }
}

/* -- what libevent calls ----------------------------------------------------------------- */

static void on_read(struct bufferevent *bev, void *arg)
{
    (void)bev;
    advance(arg);
}

/* All output has been handed to the kernel. */
static void on_written(struct bufferevent *bev, void *arg)
{
    struct cmc_http_conn *c = arg;

    if (c->state != CMC_HTTP_WRITE || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
        return;
    if (c->close) {
        end(c);
        return;
    }
    set_state(c, CMC_HTTP_IDLE);
    advance(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct cmc_http_conn *c = arg;

    (void)fd;
    (void)what;
    switch (c->state) {
    case CMC_HTTP_HEAD:
        refuse(c, 408, "the request header did not arrive in time");
        break;
    case CMC_HTTP_BODY:
        refuse(c, 408, "the request body did not arrive in time");
        break;
    case CMC_HTTP_IDLE:
        end(c);
        break;
    default:
        cmc_log_event(c->http->log, CMC_LOG_INFO, "http-timeout", "peer", c->peer, "waiting-for",
                      c->state == CMC_HTTP_HANDSHAKE ? "handshake"
                      : c->state == CMC_HTTP_WRITE   ? "write"
                                                     : NULL,
                      NULL);
        cmc_http_conn_free(c);
        break;
    }
}

/* Keep the DER of a client certificate, if OpenSSL found it good. False: out of memory. */
static bool keep_cert(struct cmc_http_conn *c)
{
    X509 *x = SSL_get0_peer_certificate(c->ssl);
    unsigned char *der = NULL;
    int n;

    if (x == NULL || SSL_get_verify_result(c->ssl) != X509_V_OK)
        return true;
    n = i2d_X509(x, &der);
    if (n < 0)
        return false;
    cmc_buf_add(&c->cert, der, (size_t)n);
    OPENSSL_free(der);
    return cmc_buf_ok(&c->cert);
}

static void on_error(struct cmc_http_conn *c)
{
    unsigned long code = bufferevent_get_openssl_error(c->bev);

    if (c->state == CMC_HTTP_HANDSHAKE)
        cmc_log_event(c->http->log, CMC_LOG_INFO, "tls-handshake-failed", "peer", c->peer, "reason",
                      code != 0 ? ERR_reason_error_string(code) : "connection lost", NULL);
    ERR_clear_error();
    cmc_http_conn_free(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct cmc_http_conn *c = arg;

    if ((what & BEV_EVENT_ERROR) != 0) {
        on_error(c);
    } else if ((what & BEV_EVENT_EOF) != 0) {
        if (c->state == CMC_HTTP_HANDSHAKE) {
            on_error(c);
            return;
        }
        c->peer_ended = true;
        /* bufferevent_openssl stops writing too; an answer to a half-closed peer must go on. */
        if (evbuffer_get_length(bufferevent_get_output(bev)) > 0)
            (void)bufferevent_enable(bev, EV_WRITE);
        advance(c);
    } else if ((what & BEV_EVENT_CONNECTED) != 0) {
        if (!keep_cert(c)) {
            cmc_http_conn_free(c);
            return;
        }
        set_state(c, CMC_HTTP_IDLE);
    }
}

void cmc_http_conn_new(struct cmc_http *h, evutil_socket_t fd, const struct sockaddr *sa,
                       SSL_CTX *tls)
{
    struct cmc_http_conn *c = calloc(1, sizeof *c);
    uint64_t address = cmc_http_address_key(sa);
    SSL *ssl = NULL;

    if (c == NULL)
        goto out;
    cmc_http_peer_text(sa, c->peer);
    if (!cmc_http_may_connect(h, address, c->peer))
        goto out;
    if (tls != NULL) {
        ssl = SSL_new(tls);
        if (ssl == NULL)
            goto out;
        /*
         * A reference of our own, as the call frees what it was given when it fails. Deferred,
         * as libevent 2.1 else tells of the peer's end from within its reading, before it has
         * handed over the octets that came with it.
         */
        (void)SSL_up_ref(ssl);
        c->bev = bufferevent_openssl_socket_new(h->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                                BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    } else {
        c->bev = bufferevent_socket_new(h->base, fd, BEV_OPT_CLOSE_ON_FREE);
    }
    if (c->bev == NULL)
        goto out;
    fd = -1;
    c->ssl = ssl;
    c->http = h;
    c->address = address;
    cmc_buf_init(&c->cert, CMC_HTTP_CERT_OCTETS);
    evtimer_assign(&c->deadline, h->base, on_deadline, c);
    LIST_INSERT_HEAD(&h->conns, c, link);
    LIST_INSERT_HEAD(&h->by_address[cmc_http_address_list(address)], c, by_address);
    h->conn_count++;
    bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
    /* Backpressure: while a request is being handled, no more than this is read ahead. */
    bufferevent_setwatermark(c->bev, EV_READ, 0, h->limits.header_octets);
    set_state(c, c->ssl != NULL ? CMC_HTTP_HANDSHAKE : CMC_HTTP_IDLE);
    if (bufferevent_enable(c->bev, EV_READ) != 0)
        event_active(&c->deadline, EV_TIMEOUT, 0);
    c = NULL;
out:
    SSL_free(ssl);
    free(c);
    if (fd >= 0)
        (void)close(fd);
}
