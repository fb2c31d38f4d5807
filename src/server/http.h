/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one seam to libevent: HTTP/1.x in, HTTP/1.x out, over plain sockets and TLS. Strict where
 * evhttp is not: header names and Content-Length, one deadline for each phase, caps on
 * connections. Moves bytes, decides nothing.
 *
 * One struct cmc_http is one event loop in one thread. Several share an address by SO_REUSEPORT.
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
    unsigned int per_address;       /* connections from one address to this loop; 0: no cap */
    unsigned int handshake_seconds; /* TLS handshake */
    unsigned int header_seconds;    /* from first octet to end of headers, absolute */
    unsigned int body_seconds;      /* whole body, absolute */
    unsigned int idle_seconds;      /* keep-alive */
    unsigned int write_seconds;     /* the peer takes the answer */
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
 * Called in the loop's thread for each whole request. The handler, or somebody later, calls
 * cmc_http_reply() exactly once, in this thread (see cmc_http_post() to get there).
 */
typedef void (*cmc_http_handler_fn)(void *arg, struct cmc_http_request *rq);

enum cmc_rc cmc_http_new(const struct cmc_http_limits *limits, cmc_http_handler_fn handler,
                         void *arg, struct cmc_log *log, struct cmc_http **out,
                         struct cmc_err *err) CMC_MUST_USE;
void cmc_http_free(struct cmc_http *h);

/*
 * Serve an address. port 0: any free one. tls NULL: plain. tls is borrowed; each loop may have
 * its own (own library context). *bound (may be NULL) gets the port.
 * Errors: CMC_E_LOCAL ("127.0.0.1:80: Permission denied").
 */
enum cmc_rc cmc_http_listen(struct cmc_http *h, const char *address, uint16_t port, SSL_CTX *tls,
                            uint16_t *bound, struct cmc_err *err) CMC_MUST_USE;

/* Run until cmc_http_stop(). Returns when the loop has ended. */
enum cmc_rc cmc_http_run(struct cmc_http *h, struct cmc_err *err) CMC_MUST_USE;
/*
 * From any thread: stop accepting, answer the requests that are under way (for at most
 * grace_seconds), close, and let cmc_http_run() return.
 */
void cmc_http_stop(struct cmc_http *h, unsigned int grace_seconds);

/* From any thread: have fn(arg) called in the loop's thread. False when out of memory. */
bool cmc_http_post(struct cmc_http *h, void (*fn)(void *arg), void *arg);

/* -- the request ------------------------------------------------------------------------- */

/* "GET", "POST", ...; path without query; query or NULL. All NUL-terminated and borrowed. */
const char *cmc_http_method(const struct cmc_http_request *rq);
const char *cmc_http_path(const struct cmc_http_request *rq);
const char *cmc_http_query(const struct cmc_http_request *rq);
/* The value of a header, or NULL. Repeated ones: the first. */
const char *cmc_http_header(const struct cmc_http_request *rq, const char *name);
struct cmc_slice cmc_http_body(const struct cmc_http_request *rq);
/* "192.0.2.1:4711" */
const char *cmc_http_peer(const struct cmc_http_request *rq);
/* The TLS client certificate that was verified, whole DER, or absent. Lives with the request. */
struct cmc_slice cmc_http_tls_cert(struct cmc_http_request *rq);
bool cmc_http_is_tls(const struct cmc_http_request *rq);

/*
 * Answer, and let go of rq. body is copied. content_type NULL with an empty body. headers: pairs
 * of name and value ended by NULL, or NULL. Safe also when the peer has gone.
 */
void cmc_http_reply(struct cmc_http_request *rq, unsigned int status, const char *content_type,
                    struct cmc_slice body, const char *const *headers);

#endif
