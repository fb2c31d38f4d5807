/* SPDX-License-Identifier: Apache-2.0 */
/* What an authority gives to everybody: CRLs, OCSP, its certificates, and how it is. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/shard.h"
#include "server/call.h"
#include "server/http_cache.h"
#include "server/media.h"
#include "server/ocsp_url.h"
#include "server/token_status.h"

/* So long a revocation may stay hidden behind somebody's HTTP cache. */
#define OCSP_CACHE_SECONDS 60
#define CRL_CACHE_SECONDS  60
/* Nobody is put at risk by these. */
#define CERT_CACHE_SECONDS 3600

static bool has_it(const struct cmc_call *e, const struct cmc_http_cache *c)
{
    return cmc_http_cache_has(c, cmc_http_header(e->rq, "If-None-Match"),
                              cmc_http_header(e->rq, "If-Modified-Since"));
}

/* What changes when the configuration does. */
static void finish_fixed(struct cmc_call *e, const char *type, struct cmc_slice octets,
                         const char *outcome)
{
    struct cmc_http_cache cache;

    cmc_http_cache_octets(&cache, octets, e->front->counters->started_at, time(NULL),
                          CERT_CACHE_SECONDS);
    if (has_it(e, &cache))
        cmc_call_finish(e, 304, NULL, CMC_SLICE_NONE, cache.headers, outcome);
    else
        cmc_call_finish(e, 200, type, octets, cache.headers, outcome);
}

/* What went wrong inside is for the log, not for whoever asks. */
static void no_crl(struct cmc_call *e, const char *why)
{
    cmc_call_finish(e, 503, CMC_TEXT_PLAIN,
                    CMC_SLICE_LIT("the CRL cannot be made now; try again later\n"),
                    (const char *const[]){"Retry-After", "10", NULL}, why);
}

/* A CRL in memory, or where fd is not -1 the file, which is taken over. */
static void give_crl(struct cmc_call *e, const struct cmc_crl_facts *facts, struct cmc_slice crl,
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
        cmc_call_finish(e, 304, NULL, CMC_SLICE_NONE, cache.headers, "CRL");
    } else if (fd >= 0) {
        cmc_call_finish_file(e, CMC_MEDIA_PKIX_CRL, fd, facts->octets, cache.headers, "CRL");
    } else {
        cmc_call_finish(e, 200, CMC_MEDIA_PKIX_CRL, crl, cache.headers, "CRL");
    }
}

static void crl_done(void *arg, struct cmc_slow_result *r)
{
    struct cmc_call *e = arg;
    int fd = r->fd;

    cmc_call_take_result(e, r);
    if (r->status != 200) {
        no_crl(e, e->reason);
        return;
    }
    r->fd = -1;
    give_crl(e, &r->facts, cmc_slice(e->body, e->body_octets), fd);
}

void cmc_route_crl(struct cmc_call *e, const struct cmc_route *route)
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
        cmc_call_submit(e, &rq, crl_done);
    else if (rc == CMC_E_NOTFOUND && crl.p == NULL && fd < 0 && rq.scope.shard != 0)
        cmc_call_refuse_text(e, 404, "there is no such shard of the CRL");
    else if (rc != CMC_OK)
        no_crl(e, err.text);
    else
        give_crl(e, &facts, crl, fd);
}

static void finish_ocsp(struct cmc_call *e, const struct cmc_ocsp_answer *answer)
{
    bool post = strcmp(cmc_http_method(e->rq), "POST") == 0;
    char cache[64] = "no-store";

    if (!post && answer->shared)
        (void)snprintf(cache, sizeof cache, "max-age=%d, public, no-transform, must-revalidate",
                       OCSP_CACHE_SECONDS);
    cmc_call_finish(e, 200, CMC_MEDIA_OCSP_RESPONSE, answer->der,
                    (const char *const[]){"Cache-Control", cache, NULL}, answer->outcome);
}

/* The OCSPRequest, wherever it stands. */
static enum cmc_rc ocsp_request(struct cmc_call *e, struct cmc_slice *out, struct cmc_err *err)
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
    struct cmc_call *e = arg;
    struct cmc_slice request;

    cmc_call_take_result(e, r);
    cmc_arena_reset(e->front->arena);
    if (r->status != 200) {
        cmc_call_refuse_later(e, "%s", e->reason);
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
void cmc_route_ocsp(struct cmc_call *e, const struct cmc_route *route)
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
        cmc_call_refuse_text(e, 415,
                             "an OCSP request has the Content-Type " CMC_MEDIA_OCSP_REQUEST);
        return;
    }
    if (ocsp_request(e, &rq.ocsp, &err) != CMC_OK) {
        cmc_call_refuse(e, 400, NULL, &err);
        return;
    }
    rc = cmc_seat_ocsp(&f->seats[route->authority], rq.ocsp, rq.now, f->arena, &answer, &err);
    if (rc == CMC_E_RETRY && cmc_desks_has(f->desks, route->authority))
        cmc_call_submit(e, &rq, ocsp_done);
    else if (rc != CMC_OK)
        cmc_call_refuse_text(e, 503, "out of memory; send the request again");
    else
        finish_ocsp(e, &answer);
}

static const struct cmc_service_authority *authority_of(const struct cmc_call *e,
                                                        const struct cmc_route *route)
{
    const struct cmc_service_authority *a = &e->front->service->authorities[route->authority];

    return route->previous > 0 ? &a->previous[route->previous - 1] : a;
}

void cmc_route_ca(struct cmc_call *e, const struct cmc_route *route)
{
    finish_fixed(e, CMC_MEDIA_PKIX_CERT, authority_of(e, route)->chain[0], "CA certificate");
}

void cmc_route_encryption(struct cmc_call *e, const struct cmc_route *route)
{
    finish_fixed(e, CMC_MEDIA_PKIX_CERT, authority_of(e, route)->encryption_cert,
                 "encryption certificate");
}

void cmc_route_chain(struct cmc_call *e, const struct cmc_route *route)
{
    finish_fixed(e, CMC_MEDIA_CERTS_ONLY, authority_of(e, route)->chain_p7c, "CA chain");
}

void cmc_route_status(struct cmc_call *e, const struct cmc_route *route)
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
    cmc_call_finish(e, cmc_buf_ok(&json) ? 200 : 503, "application/json", cmc_buf_get0(&json),
                    (const char *const[]){"Cache-Control", "no-store", NULL}, "status");
    cmc_buf_free(&json);
}
