/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between HTTP and the authority: a table of paths, and what is checked of a request before the
 * responder sees it. What fails here is HTTP 4xx with one line of text; a protocol refusal is the
 * responder's and HTTP 200 (RFC 10003 section 3).
 */
#ifndef CMC_SERVER_ROUTES_H
#define CMC_SERVER_ROUTES_H

#include <pthread.h>
#include <stdatomic.h>

#include "ca/ocsp.h"
#include "server/http.h"
#include "server/service.h"

/* Since the start, over all workers. */
struct cmc_counters {
    int64_t started_at; /* seconds since 1970 */
    atomic_ullong requests, ok, client_errors, server_errors, crl_fetches, ocsp_requests;
};

struct cmc_route;
/* The table: immutable, shared by all workers. Sorted by path. */
struct cmc_routes {
    struct cmc_route *rows;
    size_t n;
};

/* conf is borrowed for the life of the table. Errors: CMC_E_MEM. */
enum cmc_rc cmc_routes_new(const struct cmc_conf *conf, struct cmc_routes *out,
                           struct cmc_err *err) CMC_MUST_USE;
void cmc_routes_free(struct cmc_routes *r);

/* One authority as one worker has it. All borrowed. */
struct cmc_seat {
    struct cmc_responder *responder;
    struct cmc_ca *ca;
    struct cmc_ocsp *ocsp;     /* NULL: not served */
    struct cmc_seat *previous; /* its keys of before: ca, and ocsp or NULL */
    size_t nprevious;
};

/* What the handler of one worker works with. All borrowed. */
struct cmc_front {
    const struct cmc_service *service;
    const struct cmc_routes *routes;
    struct cmc_counters *counters;
    struct cmc_seat seats[CMC_LIMIT_CONF_AUTHORITIES]; /* as in the configuration */
    struct cmc_http *http;
    struct cmc_log *log;
    struct cmc_arena *arena; /* of a GET, reset each time */
    pthread_t thread;        /* that runs the loop */
    bool ended;              /* the loop has ended; set once its thread is joined */
    bool holding;            /* the store waits for more of us: cmc_store_hold() */
};

/* The handler for cmc_http_new(); front is a struct cmc_front. */
void cmc_routes_handle(void *front, struct cmc_http_request *rq);

#endif
