/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one seam to libevent: HTTP/1.x in, HTTP/1.x out, over plain sockets and TLS. Strict where
 * evhttp is not: header names and Content-Length, one deadline for each phase, caps on
 * connections. Moves bytes, decides nothing.
 *
 * One struct cmc_http is one event loop in one thread. Several share an address by SO_REUSEPORT.
 *
 * What the seam answers by itself, in one line of text/plain, and then closes the connection:
 *   400  request line, a header field, Host or the framing is not exactly RFC 9112: also a bare
 *        LF, a folded line, space before the colon, Content-Length that is repeated or not
 *        1*DIGIT, Transfer-Encoding that is not "chunked" or comes with Content-Length or in
 *        HTTP/1.0, Host that is missing (HTTP/1.1), empty or repeated; a request cut short
 *   405  PUT, DELETE, OPTIONS, CONNECT, TRACE, PATCH        501  any other unknown method
 *   408  header or body not there in time                   411  POST without a length
 *   413  body above the limit, before it is read            417  Expect other than 100-continue
 *   431  header above the limit or of too many fields       503  out of memory
 *   505  another major version of HTTP
 *
 * The process gets libevent's locking for pthreads, and SIGPIPE ignored, by cmc_http_new().
 */
#ifndef CMC_SERVER_HTTP_H
#define CMC_SERVER_HTTP_H

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/log.h"
#include "base/slice.h"

struct event_base;
struct cmc_http;
struct cmc_http_request; /* alive from handler call until cmc_http_reply() */

struct cmc_http_limits {
    unsigned int connections;       /* of this loop */
    unsigned int per_address;       /* from one IPv4 address or IPv6 /64 to it; 0: no cap */
    unsigned int handshake_seconds; /* TLS handshake */
    unsigned int header_seconds;    /* from first octet to end of headers, absolute */
    unsigned int body_seconds;      /* whole body, absolute */
    unsigned int idle_seconds;      /* keep-alive */
    unsigned int write_seconds;     /* the peer takes the answer; so many for each MiB begun */
    size_t header_octets;
    size_t body_octets;
};
#define CMC_HTTP_LIMITS_DEFAULT                                                                    \
    {                                                                                              \
        .connections = 1024, .per_address = 256, .handshake_seconds = 10, .header_seconds = 10,    \
        .body_seconds = 30, .idle_seconds = 60, .write_seconds = 30, .header_octets = 16384,       \
        .body_octets = 4u * 1024u * 1024u                                                          \
    }

/*
 * Called in the loop's thread for each whole GET, HEAD or POST. The handler, or somebody later,
 * calls cmc_http_reply() exactly once, in this thread (see cmc_http_post() to get there).
 */
typedef void (*cmc_http_handler_fn)(void *arg, struct cmc_http_request *rq);

enum cmc_rc cmc_http_new(const struct cmc_http_limits *limits, cmc_http_handler_fn handler,
                         void *arg, struct cmc_log *log, struct cmc_http **out,
                         struct cmc_err *err) CMC_MUST_USE;
/*
 * After cmc_http_run() has returned and every thread that posts has ended. Calls what was posted
 * and not yet called, so that a cmc_http_reply() in there is still made.
 */
void cmc_http_free(struct cmc_http *h);

/*
 * Serve an address, before cmc_http_run(). It is numeric; "::" is IPv6 alone. port 0: any free
 * one. tls NULL: plain. tls is borrowed; each loop may have its own (own library context).
 * *bound (may be NULL) gets the port.
 * Errors: CMC_E_LOCAL ("127.0.0.1:80: Permission denied"), CMC_E_USAGE (not a numeric address).
 */
enum cmc_rc cmc_http_listen(struct cmc_http *h, const char *address, uint16_t port, SSL_CTX *tls,
                            uint16_t *bound, struct cmc_err *err) CMC_MUST_USE;

/*
 * The two halves of it: a socket that listens, of the caller, and serving it, for which the loop
 * has a descriptor of its own. Connections that wait on the socket are lost only when nobody has
 * it any more, so that a loop can take the place of another.
 */
enum cmc_rc cmc_http_bind(const char *address, uint16_t port, int *fd, uint16_t *bound,
                          struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_http_listen_on(struct cmc_http *h, int fd, SSL_CTX *tls,
                               struct cmc_err *err) CMC_MUST_USE;

/*
 * Is the address free of other processes? Loops share a port by SO_REUSEPORT, and so would a
 * second server, silently taking half of the requests: ask this before the first loop listens.
 * Errors: CMC_E_LOCAL ("127.0.0.1:8080: Address already in use"), CMC_E_USAGE.
 */
enum cmc_rc cmc_http_port_check(const char *address, uint16_t port,
                                struct cmc_err *err) CMC_MUST_USE;

/* Run until cmc_http_stop(). Returns when the loop has ended. */
enum cmc_rc cmc_http_run(struct cmc_http *h, struct cmc_err *err) CMC_MUST_USE;
/*
 * From any thread, also before cmc_http_run(): stop accepting, close what is idle, answer the
 * requests that are under way (for at most grace_seconds), close, and let cmc_http_run() return.
 * Called again: a new grace. A request that was not answered by then is still to be let go of by
 * cmc_http_reply().
 */
void cmc_http_stop(struct cmc_http *h, unsigned int grace_seconds);

/*
 * The same for a loop in whose place another one is there: it still answers the next request of
 * each connection that is open, and says "Connection: close" with it; who asks nothing more is
 * parted from after a moment.
 */
void cmc_http_retire(struct cmc_http *h, unsigned int grace_seconds);

/* From any thread: have fn(arg) called in the loop's thread. False when out of memory. */
bool cmc_http_post(struct cmc_http *h, void (*fn)(void *arg), void *arg);

/*
 * In the loop's thread: have fn(arg) called once, when all that has arrived by then is dealt with
 * and the loop would wait. Only one fn at a time: a later call takes the place of the one before.
 * cmc_http_free() calls one that is still due.
 */
void cmc_http_when_quiet(struct cmc_http *h, void (*fn)(void *arg), void *arg);

/* -- the request ------------------------------------------------------------------------- */

/*
 * "GET", "HEAD" or "POST"; path without query, as sent (not percent-decoded), begins with "/";
 * query or NULL. All NUL-terminated and borrowed.
 */
const char *cmc_http_method(const struct cmc_http_request *rq);
const char *cmc_http_path(const struct cmc_http_request *rq);
const char *cmc_http_query(const struct cmc_http_request *rq);
/* The value of a header, or NULL. Repeated ones: the first. */
const char *cmc_http_header(const struct cmc_http_request *rq, const char *name);
struct cmc_slice cmc_http_body(const struct cmc_http_request *rq);
/* "192.0.2.1:4711" */
const char *cmc_http_peer(const struct cmc_http_request *rq);
/* The TLS client certificate, whole DER, if it was verified, or absent. Lives with the request. */
struct cmc_slice cmc_http_tls_cert(struct cmc_http_request *rq);
bool cmc_http_is_tls(const struct cmc_http_request *rq);

/*
 * Answer, and let go of rq. body is copied (and left out for HEAD). content_type NULL with an
 * empty body. headers: pairs of name and value ended by NULL, or NULL; a line end in one of them
 * makes the answer an empty 500. Date, Content-Length and Connection are added. Safe also when
 * the peer has gone.
 */
void cmc_http_reply(struct cmc_http_request *rq, unsigned int status, const char *content_type,
                    struct cmc_slice body, const char *const *headers);
/* The same with an open file as the body, which is taken over and passed on as the peer takes it.
 */
void cmc_http_reply_file(struct cmc_http_request *rq, unsigned int status, const char *content_type,
                         int fd, uint64_t octets, const char *const *headers);

#endif
