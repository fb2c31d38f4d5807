/* SPDX-License-Identifier: Apache-2.0 */
#include "server/call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* -- answering --------------------------------------------------------------------------- */

static void count(struct cmc_counters *c, unsigned int status)
{
    atomic_fetch_add_explicit(&c->requests, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(status < 400   ? &c->ok
                              : status < 500 ? &c->client_errors
                                             : &c->server_errors,
                              1, memory_order_relaxed);
}

static void log_request(const struct cmc_call *e, unsigned int status, const char *outcome)
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

void cmc_call_finish(struct cmc_call *e, unsigned int status, const char *content_type,
                     struct cmc_slice body, const char *const *headers, const char *outcome)
{
    log_request(e, status, outcome);
    count(e->front->counters, status);
    cmc_http_reply(e->rq, status, content_type, body, headers);
    cmc_buf_free(&e->decoded);
    free(e->body);
    free(e);
}

void cmc_call_finish_file(struct cmc_call *e, const char *content_type, int fd, uint64_t octets,
                          const char *const *headers, const char *outcome)
{
    log_request(e, 200, outcome);
    count(e->front->counters, 200);
    cmc_http_reply_file(e->rq, 200, content_type, fd, octets, headers);
    cmc_buf_free(&e->decoded);
    free(e->body);
    free(e);
}

void cmc_call_refuse(struct cmc_call *e, unsigned int status, const char *const *headers,
                     const struct cmc_err *err)
{
    char line[CMC_LIMIT_ERROR_TEXT + 80];

    (void)snprintf(line, sizeof line, "%s%s%s%s\n", err->text, err->clause != NULL ? " (" : "",
                   err->clause != NULL ? err->clause : "", err->clause != NULL ? ")" : "");
    cmc_call_finish(e, status, CMC_TEXT_PLAIN, cmc_slice_str(line), headers, err->text);
}

void cmc_call_refuse_text(struct cmc_call *e, unsigned int status, const char *fmt, ...)
{
    struct cmc_err err = {0};
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(err.text, sizeof err.text, fmt, ap);
    va_end(ap);
    cmc_call_refuse(e, status, NULL, &err);
}

void cmc_call_refuse_later(struct cmc_call *e, const char *fmt, ...)
{
    struct cmc_err err = {0};
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(err.text, sizeof err.text, fmt, ap);
    va_end(ap);
    cmc_call_refuse(e, 503, (const char *const[]){"Retry-After", "1", NULL}, &err);
}

/* -- at a desk ----------------------------------------------------------------------------- */

void cmc_call_take_result(struct cmc_call *e, struct cmc_slow_result *r)
{
    e->status = r->status;
    e->content_type = r->content_type;
    e->body = r->body;
    e->body_octets = r->octets;
    r->body = NULL;
    (void)snprintf(e->reason, sizeof e->reason, "%s", r->reason);
}

void cmc_call_submit(struct cmc_call *e, const struct cmc_slow_request *rq, cmc_slow_done_fn done)
{
    struct cmc_slow_result busy = {
        .status = 503,
        .fd = -1,
        .reason = "too many requests wait for a token; send the same request again"};

    if (!cmc_slow_submit(e->front->desks, e->front->http, rq, done, e))
        done(e, &busy);
}
