/* SPDX-License-Identifier: Apache-2.0 */
#include "server/crl_schedule.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/seat.h"

/* How often it looks, and how long before a CRL is due it makes another: two looks. */
#define TICK_SECONDS  15
#define AHEAD_SECONDS 30
#define SEATS         (CMC_LIMIT_CONF_AUTHORITIES * (1 + CMC_LIMIT_CONF_PREVIOUS))

/* The thread's part of one authority, or of a key that it had before. */
struct seat {
    const struct cmc_service_authority *a;
    struct cmc_ca *ca;
    bool failed; /* the last round: it is logged once, not four times a minute */
};

struct cmc_crl_schedule {
    struct cmc_log *log;
    struct cmc_crypto *crypto;
    struct cmc_arena *arena;
    struct seat seats[SEATS];
    size_t nseats;
    pthread_t thread;
    bool slow;            /* a key is in a token */
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t cond, end;
    bool stopping, ended;
    struct timespec until; /* stopping: so long may it take, if a token has to do with it */
};

static bool is_stopping(struct cmc_crl_schedule *c)
{
    bool stopping;

    (void)pthread_mutex_lock(&c->lock);
    stopping = c->stopping;
    (void)pthread_mutex_unlock(&c->lock);
    return stopping;
}

/* All CRLs of a seat that are due, up to the first that cannot be made. */
static void renew_all(struct cmc_crl_schedule *c, struct seat *seat)
{
    const struct cmc_crl_scope *scopes;
    struct cmc_err err = {0};
    enum cmc_rc rc = CMC_OK;
    size_t n;

    scopes = cmc_ca_get0_crl_scopes(seat->a->ca, &n);
    for (size_t k = 0; rc == CMC_OK && k < n && !is_stopping(c); k++) {
        cmc_arena_reset(c->arena);
        rc = cmc_ca_crl_renew(seat->ca, &scopes[k], time(NULL), AHEAD_SECONDS, c->arena, &err);
    }
    if (rc != CMC_OK && !seat->failed)
        cmc_log_event(c->log, CMC_LOG_ERROR, "crl", "authority",
                      cmc_conf_authority_name(seat->a->conf), "outcome", err.text, NULL);
    seat->failed = rc != CMC_OK;
}

static void wait_a_tick(struct cmc_crl_schedule *c)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TICK_SECONDS;
    (void)pthread_mutex_lock(&c->lock);
    if (!c->stopping)
        (void)pthread_cond_timedwait(&c->cond, &c->lock, &until);
    (void)pthread_mutex_unlock(&c->lock);
}

static void *schedule_main(void *arg)
{
    struct cmc_crl_schedule *c = arg;

    while (!is_stopping(c)) {
        for (size_t i = 0; i < c->nseats; i++)
            renew_all(c, &c->seats[i]);
        wait_a_tick(c);
    }
    (void)pthread_mutex_lock(&c->lock);
    c->ended = true;
    (void)pthread_cond_signal(&c->end);
    (void)pthread_mutex_unlock(&c->lock);
    return NULL;
}

static void destroy(struct cmc_crl_schedule *c)
{
    for (size_t i = 0; i < c->nseats; i++)
        cmc_ca_free(c->seats[i].ca);
    cmc_arena_free(c->arena);
    cmc_crypto_free(c->crypto);
    (void)pthread_cond_destroy(&c->end);
    (void)pthread_cond_destroy(&c->cond);
    (void)pthread_mutex_destroy(&c->lock);
    free(c);
}

/* It signs CRLs and nothing else, so it has no responder's key. */
static enum cmc_rc make_seat(struct cmc_crl_schedule *c, const struct cmc_service_authority *a,
                             struct cmc_err *err)
{
    struct seat *seat = &c->seats[c->nseats];
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->ca, c->crypto, &key, err);

    if (rc == CMC_OK)
        rc = cmc_ca_new(a->ca, c->crypto, key, NULL, &seat->ca, err);
    if (rc != CMC_OK) {
        EVP_PKEY_free(key);
        return rc;
    }
    seat->a = a;
    c->nseats++;
    return CMC_OK;
}

static enum cmc_rc make_seats(struct cmc_crl_schedule *c, const struct cmc_service_authority *a,
                              struct cmc_err *err)
{
    enum cmc_rc rc = make_seat(c, a, err);

    c->slow = c->slow || cmc_authority_has_token(a->conf);
    for (size_t i = 0; i < a->nprevious && rc == CMC_OK; i++)
        rc = make_seat(c, &a->previous[i], err);
    return rc;
}

enum cmc_rc cmc_crl_schedule_start(const struct cmc_service *service, struct cmc_log *log,
                                   struct cmc_crl_schedule **out, struct cmc_err *err)
{
    struct cmc_crl_schedule *c = calloc(1, sizeof *c);
    enum cmc_rc rc;
    int e;

    *out = NULL;
    if (c == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the schedule of CRLs");
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->cond, NULL);
    (void)pthread_cond_init(&c->end, NULL);
    c->log = log;
    c->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    rc = c->arena != NULL ? cmc_crypto_new(&c->crypto, err)
                          : cmc_fail(err, CMC_E_MEM, NULL, "no memory for the schedule of CRLs");
    for (size_t i = 0; i < service->nauthorities && rc == CMC_OK; i++)
        rc = make_seats(c, &service->authorities[i], err);
    if (rc == CMC_OK) {
        e = pthread_create(&c->thread, NULL, schedule_main, c);
        if (e != 0)
            rc = cmc_fail(err, CMC_E_LOCAL, NULL, "cannot start the schedule of CRLs: %s",
                          strerror(e));
    }
    if (rc != CMC_OK) {
        destroy(c);
        return rc;
    }
    *out = c;
    return CMC_OK;
}

void cmc_crl_schedule_ask(struct cmc_crl_schedule *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_lock(&c->lock);
    if (!c->stopping) {
        (void)clock_gettime(CLOCK_REALTIME, &c->until);
        c->until.tv_sec += CMC_LIMIT_TOKEN_SECONDS;
    }
    c->stopping = true;
    (void)pthread_cond_signal(&c->cond);
    (void)pthread_mutex_unlock(&c->lock);
}

bool cmc_crl_schedule_has_ended(struct cmc_crl_schedule *c)
{
    bool ended;

    if (c == NULL)
        return true;
    (void)pthread_mutex_lock(&c->lock);
    ended = c->ended;
    (void)pthread_mutex_unlock(&c->lock);
    return ended;
}

/* A large CRL takes its time, but only a token takes for ever. */
static bool wait_for_the_end(struct cmc_crl_schedule *c)
{
    bool ended;
    int e = 0;

    (void)pthread_mutex_lock(&c->lock);
    while (c->slow && !c->ended && e != ETIMEDOUT)
        e = pthread_cond_timedwait(&c->end, &c->lock, &c->until);
    ended = c->ended || !c->slow;
    (void)pthread_mutex_unlock(&c->lock);
    return ended;
}

bool cmc_crl_schedule_stop(struct cmc_crl_schedule *c)
{
    if (c == NULL)
        return true;
    cmc_crl_schedule_ask(c);
    if (!wait_for_the_end(c))
        return false;
    (void)pthread_join(c->thread, NULL);
    destroy(c);
    return true;
}
