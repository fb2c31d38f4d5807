/* SPDX-License-Identifier: Apache-2.0 */
#include "server/worker.h"

#include <stdlib.h>

struct cmc_worker {
    const struct cmc_service *service;
    struct cmc_front front;
    struct cmc_crypto *crypto;
    SSL_CTX *tls[CMC_LIMIT_CONF_LISTENERS]; /* NULL where a listener is plain */
    bool started;
    atomic_bool ended;
    pthread_t thread;
};

/* -- making ------------------------------------------------------------------------------ */

/* Each socket of a listener is one worker's. */
static enum cmc_rc listen_all(struct cmc_worker *w, const struct cmc_sockets *sockets,
                              unsigned int i, struct cmc_err *err)
{
    const struct cmc_conf *conf = w->service->conf;
    enum cmc_rc rc = CMC_OK;

    for (unsigned int n = 0; n < conf->listener_count && rc == CMC_OK; n++) {
        const struct cmc_conf_listener *l = &conf->listeners[n];
        int fd;

        if (l->tls != NULL)
            rc = cmc_service_tls(w->service, l->tls, w->crypto, &w->tls[n], err);
        for (unsigned int k = i; rc == CMC_OK && (fd = cmc_sockets_fd(sockets, n, k)) >= 0;
             k += conf->workers)
            rc = cmc_http_listen_on(w->front.http, fd, w->tls[n], err);
    }
    return rc;
}

static enum cmc_rc make_loop(struct cmc_worker *w, struct cmc_err *err)
{
    struct cmc_http_limits limits = CMC_HTTP_LIMITS_DEFAULT;

    limits.body_octets = w->service->conf->message_octets;
    return cmc_http_new(&limits, cmc_routes_handle, &w->front, w->front.log, &w->front.http, err);
}

enum cmc_rc cmc_worker_new(const struct cmc_worker_params *p, unsigned int i,
                           struct cmc_worker **out, struct cmc_err *err)
{
    struct cmc_worker *w = calloc(1, sizeof *w);
    enum cmc_rc rc;

    if (w == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a worker");
    w->service = p->service;
    w->front = (struct cmc_front){.service = p->service,
                                  .routes = p->routes,
                                  .counters = p->counters,
                                  .desks = p->desks,
                                  .log = p->log};
    w->front.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (w->front.arena == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a worker");
        goto out;
    }
    rc = cmc_crypto_new(&w->crypto, err);
    for (size_t k = 0; k < p->service->nauthorities && rc == CMC_OK; k++) {
        rc = cmc_seat_make(p->service, k, w->crypto, p->log, &w->front.seats[k], err);
        /* A loop has others to serve while a token works. */
        if (rc == CMC_OK && cmc_authority_has_token(p->service->authorities[k].conf))
            cmc_seat_hands_off(&w->front.seats[k]);
    }
    if (rc == CMC_OK)
        rc = make_loop(w, err);
    if (rc == CMC_OK)
        rc = listen_all(w, p->sockets, i, err);
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
    atomic_store(&w->ended, true);
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

void cmc_worker_retire(struct cmc_worker *w, unsigned int grace_seconds)
{
    if (w->started)
        cmc_http_retire(w->front.http, grace_seconds);
}

bool cmc_worker_has_ended(const struct cmc_worker *w)
{
    return !w->started || atomic_load(&w->ended);
}

void cmc_worker_join(struct cmc_worker *w)
{
    if (!w->started)
        return;
    (void)pthread_join(w->thread, NULL);
    w->started = false;
    w->front.ended = true;
}
