/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an HTTP request until its answer: what the handlers of all routes work with. The answer may
 * come from another thread (the store's, a desk's); it ends in the loop's.
 */
#ifndef CMC_SERVER_CALL_H
#define CMC_SERVER_CALL_H

#include "server/routes.h"
#include "server/slow.h"

#define CMC_TEXT_PLAIN "text/plain; charset=utf-8"
/* Longer names of profiles are none. */
#define CMC_PROFILE_ID_MAX 64u

struct cmc_call {
    struct cmc_front *front;
    struct cmc_http_request *rq;
    struct timespec begun;
    struct cmc_exchange x;
    const struct cmc_conf_endpoint *endpoint;
    const struct cmc_route *route;           /* of OCSP */
    struct cmc_buf decoded;                  /* the request, where it came as text */
    char profile_id[CMC_PROFILE_ID_MAX + 1]; /* of the query, where that counts */
    unsigned int status;                     /* from here on: copy of the reply */
    const char *content_type;
    uint8_t *body;
    size_t body_octets;
    char reason[CMC_LIMIT_ERROR_TEXT];
};

struct cmc_route {
    const char *path;
    const char *allow; /* methods, as the Allow header lists them */
    void (*serve)(struct cmc_call *e, const struct cmc_route *route);
    const struct cmc_conf_endpoint *endpoint; /* or NULL */
    unsigned int authority;
    unsigned int previous; /* which key of before, counted from 1; 0: the one of now */
    bool delta;            /* a CRL */
};

/* The end of a call: answer, log, count, free. In the loop's thread. */
void cmc_call_finish(struct cmc_call *e, unsigned int status, const char *content_type,
                     struct cmc_slice body, const char *const *headers, const char *outcome);
/* The same with an open file as the body, which is taken over. */
void cmc_call_finish_file(struct cmc_call *e, const char *content_type, int fd, uint64_t octets,
                          const char *const *headers, const char *outcome);
/* A refusal of ours: one line, which also goes to the log. later: 503, to be sent again. */
void cmc_call_refuse(struct cmc_call *e, unsigned int status, const char *const *headers,
                     const struct cmc_err *err);
void cmc_call_refuse_text(struct cmc_call *e, unsigned int status, const char *fmt, ...)
    CMC_PRINTF(3, 4);
void cmc_call_refuse_later(struct cmc_call *e, const char *fmt, ...) CMC_PRINTF(2, 3);

/* A result that came from a desk becomes the call's; so does that of what no desk takes. */
void cmc_call_take_result(struct cmc_call *e, struct cmc_slow_result *r);
/* To a desk; done is called in any case, in the loop's thread. */
void cmc_call_submit(struct cmc_call *e, const struct cmc_slow_request *rq, cmc_slow_done_fn done);

/* The handlers: struct cmc_route.serve. */
void cmc_route_endpoint(struct cmc_call *e, const struct cmc_route *route);
void cmc_route_crl(struct cmc_call *e, const struct cmc_route *route);
void cmc_route_ocsp(struct cmc_call *e, const struct cmc_route *route);
void cmc_route_ca(struct cmc_call *e, const struct cmc_route *route);
void cmc_route_encryption(struct cmc_call *e, const struct cmc_route *route);
void cmc_route_chain(struct cmc_call *e, const struct cmc_route *route);
void cmc_route_status(struct cmc_call *e, const struct cmc_route *route);

#endif
