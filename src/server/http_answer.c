/* SPDX-License-Identifier: Apache-2.0 */
/* The octets of an answer, and what a request tells its handler. */
#include <event2/buffer.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server/http_int.h"

static const char *reason_phrase(unsigned int status)
{
    static const struct {
        unsigned int status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "";
}

static void add_field(struct cmc_buf *b, const char *name, const char *value)
{
    cmc_buf_str(b, name);
    cmc_buf_str(b, ": ");
    cmc_buf_str(b, value);
    cmc_buf_str(b, "\r\n");
}

/* A line end within a value would let whoever chose it write headers of his own. */
static bool headers_sane(const char *const *headers)
{
    for (; headers != NULL && *headers != NULL; headers++)
        if (strpbrk(*headers, "\r\n") != NULL)
            return false;
    return true;
}

/*
 * The usual case needs no event for writing: a plain connection that is kept, whose peer waits for
 * the answer and has sent nothing behind its request. Returns the octets that went.
 */
static size_t send_at_once(struct cmc_http_conn *c, struct cmc_slice head, struct cmc_slice body)
{
    struct iovec iov[2] = {{(void *)(uintptr_t)head.p, head.n},
                           {(void *)(uintptr_t)body.p, body.n}};
    ssize_t n;

    if (c->ssl != NULL || c->close || c->peer_ended ||
        evbuffer_get_length(bufferevent_get_output(c->bev)) > 0 ||
        evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
        return 0;
    n = writev(bufferevent_getfd(c->bev), iov, body.n > 0 ? 2 : 1);
    /* What went wrong libevent will meet too, and tell. */
    return n > 0 ? (size_t)n : 0;
}

static struct cmc_slice rest_of(struct cmc_slice s, size_t n)
{
    n = n < s.n ? n : s.n;
    return cmc_slice(s.p + n, s.n - n);
}

/* The head into the scratch buffer; bodiless: no length is told. */
static bool make_head(struct cmc_http_conn *c, unsigned int status, const char *content_type,
                      bool bodiless, uint64_t octets, const char *const *headers)
{
    struct cmc_buf *b = &c->http->scratch;

    cmc_buf_reset(b);
    cmc_buf_printf(b, "HTTP/1.1 %u %s\r\nDate: %s\r\n", status, reason_phrase(status),
                   cmc_http_date(c->http));
    if (!bodiless)
        cmc_buf_printf(b, "Content-Length: %llu\r\n", (unsigned long long)octets);
    if (content_type != NULL)
        add_field(b, "Content-Type", content_type);
    for (; headers != NULL && headers[0] != NULL; headers += 2)
        add_field(b, headers[0], headers[1]);
    /* HTTP/1.0 must be told that the connection stays, HTTP/1.1 that it does not. */
    add_field(b, "Connection", c->close ? "close" : "keep-alive");
    cmc_buf_str(b, "\r\n");
    return cmc_buf_ok(b);
}

bool cmc_http_write_file(struct cmc_http_conn *c, bool head_only, unsigned int status,
                         const char *content_type, int fd, uint64_t octets,
                         const char *const *headers)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);
    const struct cmc_buf *b = &c->http->scratch;
    struct evbuffer_file_segment *piece;
    bool ok = headers_sane(headers) && octets <= EV_SSIZE_MAX &&
              make_head(c, status, content_type, false, octets, headers) &&
              evbuffer_add(out, b->p, b->n) == 0;

    if (!ok || head_only) {
        (void)close(fd);
        return ok;
    }
    /* sendfile(2) over a plain socket, mmap(2) below TLS. */
    piece = evbuffer_file_segment_new(fd, 0, (ev_off_t)octets, EVBUF_FS_CLOSE_ON_FREE);
    if (piece == NULL) {
        (void)close(fd);
        return false;
    }
    ok = evbuffer_add_file_segment(out, piece, 0, (ev_off_t)octets) == 0;
    evbuffer_file_segment_free(piece);
    return ok;
}

bool cmc_http_write_answer(struct cmc_http_conn *c, bool head_only, unsigned int status,
                           const char *content_type, struct cmc_slice body,
                           const char *const *headers, bool *sent)
{
    struct evbuffer *out = bufferevent_get_output(c->bev);
    struct cmc_buf *b = &c->http->scratch;
    struct evbuffer_iovec room;
    bool bodiless = status == 204 || status == 304;
    struct cmc_slice head;
    size_t n;

    *sent = false;
    if (!headers_sane(headers)) {
        cmc_log_event(c->http->log, CMC_LOG_ERROR, "http-header-has-line-end", NULL);
        status = 500;
        content_type = NULL;
        body = CMC_SLICE_NONE;
        headers = NULL;
    }
    if (bodiless)
        body = CMC_SLICE_NONE;
    if (!make_head(c, status, content_type, bodiless, body.n, headers))
        return false;
    if (head_only)
        body = CMC_SLICE_NONE;
    /* One contiguous piece: one write(2), or one TLS record. */
    head = cmc_buf_get0(b);
    n = send_at_once(c, head, body);
    if (n == head.n + body.n) {
        *sent = true;
        return true;
    }
    if (n > head.n)
        body = rest_of(body, n - head.n);
    head = rest_of(head, n);
    if (evbuffer_reserve_space(out, (ev_ssize_t)(head.n + body.n), &room, 1) != 1)
        return false;
    if (head.n > 0)
        memcpy(room.iov_base, head.p, head.n);
    if (body.n > 0)
        memcpy((uint8_t *)room.iov_base + head.n, body.p, body.n);
    room.iov_len = head.n + body.n;
    return evbuffer_commit_space(out, &room, 1) == 0;
}

/* -- the request ------------------------------------------------------------------------- */

const char *cmc_http_method(const struct cmc_http_request *rq)
{
    return rq->head.method;
}

const char *cmc_http_path(const struct cmc_http_request *rq)
{
    return rq->head.path;
}

const char *cmc_http_query(const struct cmc_http_request *rq)
{
    return rq->head.query;
}

const char *cmc_http_header(const struct cmc_http_request *rq, const char *name)
{
    for (unsigned int i = 0; i < rq->head.field_count; i++)
        if (cmc_http_token_eq(rq->head.fields[i].name, name))
            return rq->head.fields[i].value;
    return NULL;
}

struct cmc_slice cmc_http_body(const struct cmc_http_request *rq)
{
    return cmc_buf_get0(&rq->body);
}

const char *cmc_http_peer(const struct cmc_http_request *rq)
{
    return rq->peer;
}

struct cmc_slice cmc_http_tls_cert(struct cmc_http_request *rq)
{
    return rq->cert.n > 0 ? cmc_buf_get0(&rq->cert) : CMC_SLICE_NONE;
}

bool cmc_http_is_tls(const struct cmc_http_request *rq)
{
    return rq->tls;
}
