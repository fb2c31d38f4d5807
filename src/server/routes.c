/* SPDX-License-Identifier: Apache-2.0 */
/* The table of paths, and which row a request is for. */
#include "server/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/shard.h"
#include "server/call.h"

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
        {a->crl_path, ALLOW_GET, cmc_route_crl, NULL, i, previous, false},
        {a->crl_delta_path, ALLOW_GET, cmc_route_crl, NULL, i, previous, true},
        {a->crl_complete_path, ALLOW_GET, cmc_route_crl, NULL, i, previous, false},
        {a->ca_path, ALLOW_GET, cmc_route_ca, NULL, i, previous, false},
        {a->chain_path, ALLOW_GET, cmc_route_chain, NULL, i, previous, false},
        {a->encryption_path, ALLOW_GET, cmc_route_encryption, NULL, i, previous, false},
        {a->ocsp.path, ALLOW_OCSP, cmc_route_ocsp, NULL, i, previous, false},
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
            (struct cmc_route){conf->status_path, ALLOW_GET, cmc_route_status, NULL, 0, 0, false};
    for (unsigned int i = 0; i < conf->endpoint_count; i++)
        out->rows[out->n++] = (struct cmc_route){conf->endpoints[i].rules.path,
                                                 ALLOW_POST,
                                                 cmc_route_endpoint,
                                                 &conf->endpoints[i],
                                                 conf->endpoints[i].authority,
                                                 0,
                                                 false};
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
    struct cmc_call *e = calloc(1, sizeof *e);

    if (e == NULL) {
        cmc_http_reply(rq, 503, NULL, CMC_SLICE_NONE, NULL);
        return;
    }
    e->front = f;
    e->rq = rq;
    (void)clock_gettime(CLOCK_MONOTONIC, &e->begun);
    if (route == NULL) {
        cmc_call_refuse_text(e, 404, "nothing is served at this path");
    } else if (!is_allowed(route->allow, cmc_http_method(rq))) {
        struct cmc_err err = {0};

        (void)snprintf(err.text, sizeof err.text, "%s is not served here; use %s",
                       cmc_http_method(rq), route->allow);
        cmc_call_refuse(e, 405, (const char *const[]){"Allow", route->allow, NULL}, &err);
    } else {
        route->serve(e, route);
    }
}
