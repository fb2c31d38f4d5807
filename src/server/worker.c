/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <stdlib.h>

struct cmc_worker {
    const struct cmc_service *service;
    struct cmc_front front;
    struct cmc_crypto *crypto;
    SSL_CTX *tls[CMC_LIMIT_CONF_LISTENERS]; /* NULL where a listener is plain */
    bool started;
    pthread_t thread;
};

/* -- making ------------------------------------------------------------------------------ */

static enum cmc_rc listen_all(struct cmc_worker *w, uint16_t *ports, struct cmc_err *err)
{
    const struct cmc_conf *conf = w->service->conf;
    enum cmc_rc rc = CMC_OK;

    for (unsigned int i = 0; i < conf->listener_count && rc == CMC_OK; i++) {
        const struct cmc_conf_listener *l = &conf->listeners[i];

        if (l->tls != NULL)
            rc = cmc_service_tls(w->service, l->tls, w->crypto, &w->tls[i], err);
        if (rc == CMC_OK)
            rc = cmc_http_listen(w->front.http, l->address, ports[i], w->tls[i], &ports[i], err);
    }
    return rc;
}

static enum cmc_rc make_loop(struct cmc_worker *w, struct cmc_err *err)
{
    struct cmc_http_limits limits = CMC_HTTP_LIMITS_DEFAULT;

    limits.body_octets = w->service->conf->message_octets;
    return cmc_http_new(&limits, cmc_routes_handle, &w->front, w->front.log, &w->front.http, err);
}

enum cmc_rc cmc_worker_new(const struct cmc_service *service, const struct cmc_routes *routes,
                           struct cmc_counters *counters, struct cmc_desks *desks,
                           struct cmc_log *log, uint16_t *ports, struct cmc_worker **out,
                           struct cmc_err *err)
{
    struct cmc_worker *w = calloc(1, sizeof *w);
    enum cmc_rc rc;

    if (w == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a worker");
    w->service = service;
    w->front = (struct cmc_front){
        .service = service, .routes = routes, .counters = counters, .desks = desks, .log = log};
    w->front.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (w->front.arena == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a worker");
        goto out;
    }
    rc = cmc_crypto_new(&w->crypto, err);
    for (size_t i = 0; i < service->nauthorities && rc == CMC_OK; i++) {
        rc = cmc_seat_make(service, i, w->crypto, log, &w->front.seats[i], err);
        /* A loop has others to serve while a token works. */
        if (rc == CMC_OK && cmc_authority_has_token(service->authorities[i].conf))
            cmc_ca_hands_off(w->front.seats[i].ca);
    }
    if (rc == CMC_OK)
        rc = make_loop(w, err);
    if (rc == CMC_OK)
        rc = listen_all(w, ports, err);
    if (rc != CMC_OK)
        goto out;
    *out = w;
    w = NULL;
out:
    cmc_worker_free(w);
    return rc;
}

void cmc_worker_free(struct cmc_worker *w)
{
    if (w == NULL)
        return;
    /* The loop first: it may still hold answers that were posted to it. */
    cmc_http_free(w->front.http);
    for (size_t i = 0; i < CMC_LIMIT_CONF_AUTHORITIES; i++)
        cmc_seat_end(&w->front.seats[i]);
    for (size_t i = 0; i < CMC_LIMIT_CONF_LISTENERS; i++)
        SSL_CTX_free(w->tls[i]);
    cmc_arena_free(w->front.arena);
    cmc_crypto_free(w->crypto);
    free(w);
}

/* -- running ----------------------------------------------------------------------------- */

static void *run(void *arg)
{
    struct cmc_worker *w = arg;
    struct cmc_err err = {0};

    w->front.thread = pthread_self();
    if (cmc_http_run(w->front.http, &err) != CMC_OK)
        cmc_log_event(w->front.log, CMC_LOG_ERROR, "worker-ended", "outcome", err.text, NULL);
    return NULL;
}

enum cmc_rc cmc_worker_start(struct cmc_worker *w, struct cmc_err *err)
{
    int e = pthread_create(&w->thread, NULL, run, w);

    if (e != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "a worker's thread cannot start: %s", strerror(e));
    w->started = true;
    return CMC_OK;
}

void cmc_worker_stop(struct cmc_worker *w, unsigned int grace_seconds)
{
    if (w->started)
        cmc_http_stop(w->front.http, grace_seconds);
}

void cmc_worker_join(struct cmc_worker *w)
{
    if (!w->started)
        return;
    (void)pthread_join(w->thread, NULL);
    w->started = false;
    w->front.ended = true;
}
