/* SPDX-License-Identifier: Apache-2.0 */
#include "server/desks.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* How often it is looked who waits for too long. */
#define LOOK_MS 100
/* At the end a desk gets so long to come to one. */
#define LAST_SECONDS 1

struct seated {
    struct cmc_desk desk;
    struct cmc_desks *desks;
    struct cmc_crypto *crypto;
    pthread_t thread;
};

struct cmc_desks {
    const struct cmc_service *service;
    bool slow[CMC_LIMIT_CONF_AUTHORITIES];
    struct seated seated[CMC_LIMIT_DESKS];
    unsigned int nstarted;
    pthread_t watch;
    bool watching;

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t work, ended;
    struct cmc_desk_job *first, *last; /* queued */
    struct cmc_desk_job *waiting;      /* these and those at desks */
    unsigned int nwaiting, nrunning;   /* nrunning: threads that have not ended */
    bool stopping;
};

static int64_t now_ms(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* -- jobs, with the lock ------------------------------------------------------------------- */

static void begin_waiting(struct cmc_desks *d, struct cmc_desk_job *job)
{
    job->waiting = true;
    job->prev = NULL;
    job->next = d->waiting;
    if (d->waiting != NULL)
        d->waiting->prev = job;
    d->waiting = job;
    d->nwaiting++;
}

static void end_waiting(struct cmc_desks *d, struct cmc_desk_job *job)
{
    if (job->prev != NULL)
        job->prev->next = job->next;
    else
        d->waiting = job->next;
    if (job->next != NULL)
        job->next->prev = job->prev;
    job->waiting = false;
    d->nwaiting--;
}

static void push(struct cmc_desks *d, struct cmc_desk_job *job)
{
    job->queued = true;
    job->next_queued = NULL;
    if (d->last != NULL)
        d->last->next_queued = job;
    else
        d->first = job;
    d->last = job;
}

static void unqueue(struct cmc_desks *d, struct cmc_desk_job *job)
{
    struct cmc_desk_job *before = NULL, *at = d->first;

    while (at != job) {
        before = at;
        at = at->next_queued;
    }
    if (before != NULL)
        before->next_queued = job->next_queued;
    else
        d->first = job->next_queued;
    if (d->last == job)
        d->last = before;
    job->queued = false;
}

/* Those whose time is over; at the end all of them. */
static void give_up(struct cmc_desks *d, int64_t now)
{
    struct cmc_desk_job *next;

    for (struct cmc_desk_job *job = d->waiting; job != NULL; job = next) {
        bool queued = job->queued;

        next = job->next;
        if (!d->stopping && now < job->deadline_ms)
            continue;
        end_waiting(d, job);
        if (queued)
            unqueue(d, job);
        job->give_up(job);
        if (queued)
            job->discard(job);
    }
}

bool cmc_desks_submit(struct cmc_desks *d, struct cmc_desk_job *job)
{
    bool ok;

    (void)pthread_mutex_lock(&d->lock);
    ok = !d->stopping && d->nwaiting < CMC_LIMIT_DESK_REQUESTS;
    if (ok) {
        if (job->deadline_ms == 0)
            job->deadline_ms = now_ms() + (int64_t)CMC_LIMIT_TOKEN_SECONDS * 1000;
        begin_waiting(d, job);
        push(d, job);
        (void)pthread_cond_signal(&d->work);
    }
    (void)pthread_mutex_unlock(&d->lock);
    return ok;
}

bool cmc_desks_take(struct cmc_desks *d, struct cmc_desk_job *job)
{
    bool ours;

    (void)pthread_mutex_lock(&d->lock);
    ours = job->waiting;
    if (ours)
        end_waiting(d, job);
    (void)pthread_mutex_unlock(&d->lock);
    return ours;
}

bool cmc_desks_has(const struct cmc_desks *d, unsigned int authority)
{
    return d != NULL && d->slow[authority];
}

/* -- threads ----------------------------------------------------------------------------- */

static void *run_desk(void *arg)
{
    struct seated *s = arg;
    struct cmc_desks *d = s->desks;

    (void)pthread_mutex_lock(&d->lock);
    for (;;) {
        struct cmc_desk_job *job = d->first;

        if (job == NULL && d->stopping)
            break;
        if (job == NULL) {
            (void)pthread_cond_wait(&d->work, &d->lock);
            continue;
        }
        unqueue(d, job);
        (void)pthread_mutex_unlock(&d->lock);
        cmc_arena_reset(s->desk.arena);
        job->work(job, &s->desk);
        (void)pthread_mutex_lock(&d->lock);
    }
    d->nrunning--;
    (void)pthread_cond_signal(&d->ended);
    (void)pthread_mutex_unlock(&d->lock);
    return NULL;
}

static void *run_watch(void *arg)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    struct cmc_desks *d = arg;
    bool stopping;

    do {
        (void)nanosleep(&pause, NULL);
        (void)pthread_mutex_lock(&d->lock);
        give_up(d, now_ms());
        stopping = d->stopping;
        (void)pthread_mutex_unlock(&d->lock);
    } while (!stopping);
    return NULL;
}

/* -- making and ending ------------------------------------------------------------------- */

static enum cmc_rc seat(struct cmc_desks *d, struct seated *s, struct cmc_log *log,
                        struct cmc_err *err)
{
    enum cmc_rc rc = cmc_crypto_new(&s->crypto, err);

    s->desks = d;
    s->desk.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (rc == CMC_OK && s->desk.arena == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a thread that waits for tokens");
    for (size_t i = 0; i < d->service->nauthorities && rc == CMC_OK; i++) {
        if (d->slow[i])
            rc = cmc_seat_make(d->service, i, s->crypto, log, &s->desk.seats[i], err);
    }
    return rc;
}

static enum cmc_rc start(struct cmc_desks *d, struct cmc_err *err)
{
    int e = 0;

    for (size_t i = 0; i < CMC_LIMIT_DESKS && e == 0; i++) {
        e = pthread_create(&d->seated[i].thread, NULL, run_desk, &d->seated[i]);
        if (e == 0)
            d->nstarted++;
    }
    (void)pthread_mutex_lock(&d->lock);
    d->nrunning = d->nstarted;
    (void)pthread_mutex_unlock(&d->lock);
    if (e == 0)
        e = pthread_create(&d->watch, NULL, run_watch, d);
    d->watching = e == 0;
    return e == 0 ? CMC_OK
                  : cmc_fail(err, CMC_E_LOCAL, NULL,
                             "a thread that waits for tokens cannot start: "
                             "%s",
                             strerror(e));
}

enum cmc_rc cmc_desks_new(const struct cmc_service *service, struct cmc_log *log,
                          struct cmc_desks **out, struct cmc_err *err)
{
    struct cmc_desks *d = NULL;
    bool any = false;
    enum cmc_rc rc = CMC_OK;

    *out = NULL;
    for (size_t i = 0; i < service->nauthorities; i++)
        any = any || cmc_authority_has_token(service->authorities[i].conf);
    if (!any)
        return CMC_OK;
    d = calloc(1, sizeof *d);
    if (d == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for threads that wait for tokens");
    d->service = service;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_cond_init(&d->work, NULL);
    (void)pthread_cond_init(&d->ended, NULL);
    for (size_t i = 0; i < service->nauthorities; i++)
        d->slow[i] = cmc_authority_has_token(service->authorities[i].conf);
    for (size_t i = 0; i < CMC_LIMIT_DESKS && rc == CMC_OK; i++)
        rc = seat(d, &d->seated[i], log, err);
    if (rc == CMC_OK)
        rc = start(d, err);
    if (rc == CMC_OK)
        *out = d;
    else if (cmc_desks_stop(d))
        cmc_desks_free(d);
    return rc;
}

bool cmc_desks_stop(struct cmc_desks *d)
{
    struct timespec until;
    bool all;

    if (d == NULL)
        return true;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LAST_SECONDS;
    (void)pthread_mutex_lock(&d->lock);
    d->stopping = true;
    give_up(d, now_ms());
    (void)pthread_cond_broadcast(&d->work);
    while (d->nrunning > 0 && pthread_cond_timedwait(&d->ended, &d->lock, &until) != ETIMEDOUT)
        ;
    all = d->nrunning == 0;
    (void)pthread_mutex_unlock(&d->lock);
    if (d->watching)
        (void)pthread_join(d->watch, NULL);
    d->watching = false;
    for (unsigned int i = 0; all && i < d->nstarted; i++)
        (void)pthread_join(d->seated[i].thread, NULL);
    if (all)
        d->nstarted = 0;
    return all;
}

void cmc_desks_free(struct cmc_desks *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < CMC_LIMIT_DESKS; i++) {
        struct seated *s = &d->seated[i];

        for (size_t k = 0; k < CMC_LIMIT_CONF_AUTHORITIES; k++)
            cmc_seat_end(&s->desk.seats[k]);
        cmc_arena_free(s->desk.arena);
        cmc_crypto_free(s->crypto);
    }
    (void)pthread_cond_destroy(&d->ended);
    (void)pthread_cond_destroy(&d->work);
    (void)pthread_mutex_destroy(&d->lock);
    free(d);
}
