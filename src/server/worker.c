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

static enum cmc_rc make_dh_pop(const struct cmc_worker *w, const struct cmc_service_authority *a,
                               const struct cmc_seat *seat, struct cmc_err *err)
{
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->dh_pop, w->crypto, &key, err);

    if (rc != CMC_OK || key == NULL)
        return rc;
    rc = cmc_ca_set_dh_pop(seat->ca, a->dh_pop_cert, key, err);
    if (rc != CMC_OK)
        EVP_PKEY_free(key);
    return rc;
}

/* The key that clients encrypt to, if there is one. */
static enum cmc_rc give_encryption_key(const struct cmc_worker *w,
                                       const struct cmc_service_authority *a,
                                       const struct cmc_seat *seat, struct cmc_err *err)
{
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->encryption, w->crypto, &key, err);

    if (rc == CMC_OK && key != NULL)
        rc = cmc_ca_set0_encryption(seat->ca, key, a->encryption_cert, err);
    if (rc != CMC_OK)
        EVP_PKEY_free(key);
    return rc;
}

static enum cmc_rc make_ocsp(const struct cmc_worker *w, const struct cmc_service_authority *a,
                             struct cmc_seat *seat, struct cmc_err *err)
{
    const struct cmc_ocsp_params params = {.cert = a->ocsp_cert, .minutes = a->conf->ocsp.minutes};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->ocsp.signer, w->crypto, &key, err);

    if (rc != CMC_OK || key == NULL)
        return rc;
    rc = cmc_ocsp_new(seat->ca, &params, key, &seat->ocsp, err);
    if (rc != CMC_OK)
        EVP_PKEY_free(key);
    return rc;
}

/* This worker's key handles go to its authority, which frees them. */
static enum cmc_rc make_ca(const struct cmc_worker *w, const struct cmc_service_authority *a,
                           struct cmc_seat *seat, struct cmc_err *err)
{
    EVP_PKEY *ca_key = NULL, *responder_key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->ca, w->crypto, &ca_key, err);

    if (rc == CMC_OK)
        rc = cmc_service_key(&a->conf->responder, w->crypto, &responder_key, err);
    if (rc == CMC_OK)
        rc = cmc_ca_new(a->ca, w->crypto, ca_key, responder_key, &seat->ca, err);
    if (rc != CMC_OK) {
        EVP_PKEY_free(ca_key);
        EVP_PKEY_free(responder_key);
    }
    return rc;
}

/* Keys of before make CRLs and answer OCSP; that is all. */
static enum cmc_rc make_previous(const struct cmc_worker *w, const struct cmc_service_authority *a,
                                 struct cmc_seat *seat, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    seat->previous = calloc(a->nprevious + 1, sizeof *seat->previous);
    if (seat->previous == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a worker");
    seat->nprevious = a->nprevious;
    for (size_t i = 0; i < a->nprevious && rc == CMC_OK; i++) {
        rc = make_ca(w, &a->previous[i], &seat->previous[i], err);
        if (rc == CMC_OK)
            rc = make_ocsp(w, &a->previous[i], &seat->previous[i], err);
        if (rc != CMC_OK)
            cmc_err_prefix(err, "%s", a->previous[i].conf->ca.certificate);
    }
    return rc;
}

static enum cmc_rc make_seat(struct cmc_worker *w, size_t i, struct cmc_err *err)
{
    const struct cmc_service_authority *a = &w->service->authorities[i];
    struct cmc_seat *seat = &w->front.seats[i];
    enum cmc_rc rc = make_ca(w, a, seat, err);

    if (rc == CMC_OK)
        rc = make_dh_pop(w, a, seat, err);
    if (rc == CMC_OK)
        rc = give_encryption_key(w, a, seat, err);
    if (rc == CMC_OK)
        rc = cmc_responder_new(w->crypto, cmc_ca_get0_authority(seat->ca), w->front.log,
                               &seat->responder, err);
    if (rc == CMC_OK)
        rc = make_ocsp(w, a, seat, err);
    if (rc == CMC_OK)
        rc = make_previous(w, a, seat, err);
    /* Of several it must be said which. */
    if (rc != CMC_OK && w->service->nauthorities > 1)
        cmc_err_prefix(err, "%s", cmc_conf_authority_name(a->conf));
    return rc;
}

static void free_seat(struct cmc_seat *seat)
{
    for (size_t i = 0; i < seat->nprevious; i++) {
        cmc_ocsp_free(seat->previous[i].ocsp);
        cmc_ca_free(seat->previous[i].ca);
    }
    free(seat->previous);
    cmc_responder_free(seat->responder);
    cmc_ocsp_free(seat->ocsp);
    cmc_ca_free(seat->ca);
}

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
    w->front = (struct cmc_front){
        .service = p->service, .routes = p->routes, .counters = p->counters, .log = p->log};
    w->front.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (w->front.arena == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a worker");
        goto out;
    }
    rc = cmc_crypto_new(&w->crypto, err);
    for (size_t k = 0; k < p->service->nauthorities && rc == CMC_OK; k++)
        rc = make_seat(w, k, err);
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
        free_seat(&w->front.seats[i]);
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
