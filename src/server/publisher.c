/* SPDX-License-Identifier: Apache-2.0 */
#include "server/publisher.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/json.h"
#include "server/target.h"

/* Another process may have made something due. */
#define LOOK_SECONDS 5
/* After a failure, and twice as long after each further one. */
#define RETRY_SECONDS     1
#define RETRY_SECONDS_MAX 300

/* One target and its thread. */
struct line {
    struct cmc_publisher *all;
    struct cmc_target target;
    struct cmc_crypto *crypto;
    struct cmc_reader *reader;
    pthread_t thread;
    bool started;
    unsigned int delay; /* of the thread alone: 0 while all is well */
    bool told;          /* the same: the log has it */
    bool due;           /* under the lock, from here on: */
    int64_t last;       /* when something was published */
    uint64_t published; /* so many */
    uint64_t refused;
    int64_t since; /* 0: no trouble */
    char text[CMC_LIMIT_ERROR_TEXT];
};

struct cmc_publisher {
    struct cmc_publisher_params params;
    pthread_mutex_t lock;
    pthread_cond_t cond;
    atomic_bool stopping;
    struct line *lines;
};

/* -- what is told ------------------------------------------------------------------------ */

static void note_trouble(struct line *l, int64_t since, const char *text)
{
    const struct cmc_target_trouble t = {
        .target = l->target.conf->name, .since = since, .text = text};
    struct cmc_err err;

    /* For cmcd doctor. If the store is in trouble too, that is told elsewhere. */
    if (cmc_store_target_trouble(l->all->params.store, &t, &err) != CMC_OK)
        cmc_log_event(l->all->params.log, CMC_LOG_DEBUG, "publish", "outcome", err.text, NULL);
}

static void tell_done(struct line *l, size_t done, size_t refused, const char *why)
{
    char count[24];

    if (done > 0) {
        (void)snprintf(count, sizeof count, "%zu", done);
        cmc_log_event(l->all->params.log, CMC_LOG_INFO, "publish", "target", l->target.conf->name,
                      "objects", count, NULL);
    }
    if (refused > 0) {
        (void)snprintf(count, sizeof count, "%zu", refused);
        cmc_log_event(l->all->params.log, CMC_LOG_WARNING, "publish", "target",
                      l->target.conf->name, "not-taken", count, "outcome", why, NULL);
    }
}

static void tell_trouble(struct line *l, bool before, bool now, const char *text, int64_t at)
{
    struct cmc_log *log = l->all->params.log;

    if (now)
        cmc_log_event(log, l->told ? CMC_LOG_DEBUG : CMC_LOG_ERROR, "publish", "target",
                      l->target.conf->name, "outcome", text, NULL);
    else if (before)
        cmc_log_event(log, CMC_LOG_INFO, "publish", "target", l->target.conf->name, "outcome",
                      "well again", NULL);
    l->told = now;
    if (before != now)
        note_trouble(l, now ? at : 0, now ? text : NULL);
}

/* -- the work ---------------------------------------------------------------------------- */

static void work(struct line *l)
{
    const struct cmc_publisher_params *p = &l->all->params;
    const struct cmc_publish_source src = {.crypto = l->crypto,
                                           .store = p->store,
                                           .reader = l->reader,
                                           .ca_cert = p->ca_cert,
                                           .chain = p->chain};
    int64_t now = time(NULL);
    struct cmc_err err = {0};
    size_t done, refused;
    bool before;
    enum cmc_rc rc = cmc_publish(&src, &l->target.base, false, now, &done, &refused, &err);

    cmc_target_rest(&l->target);
    (void)pthread_mutex_lock(&l->all->lock);
    before = l->since != 0;
    if (rc == CMC_OK) {
        l->since = 0;
    } else {
        l->since = before ? l->since : now;
        (void)snprintf(l->text, sizeof l->text, "%s", err.text);
    }
    l->published += done;
    l->refused += refused;
    l->last = done > 0 ? now : l->last;
    (void)pthread_mutex_unlock(&l->all->lock);
    if (rc == CMC_OK)
        l->delay = 0;
    else
        l->delay = l->delay == 0 ? RETRY_SECONDS : l->delay * 2;
    if (l->delay > RETRY_SECONDS_MAX)
        l->delay = RETRY_SECONDS_MAX;
    tell_done(l, done, rc == CMC_OK ? refused : 0, err.text);
    tell_trouble(l, before, rc != CMC_OK, err.text, now);
}

/* Until there may be something to do. A target in trouble is not asked more often because more is
 * due. */
static void wait_for_work(struct line *l)
{
    struct cmc_publisher *p = l->all;
    struct timespec at;
    int e = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += l->delay > 0 ? (time_t)l->delay : LOOK_SECONDS;
    (void)pthread_mutex_lock(&p->lock);
    while (e == 0 && !atomic_load(&p->stopping) && (!l->due || l->delay > 0))
        e = pthread_cond_timedwait(&p->cond, &p->lock, &at);
    l->due = false;
    (void)pthread_mutex_unlock(&p->lock);
}

static void *line_main(void *arg)
{
    struct line *l = arg;
    struct cmc_target_trouble trouble;
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);

    /* A trouble that was there before a restart is the same still. */
    if (arena != NULL && cmc_reader_target_trouble(l->reader, l->target.conf->name, arena, &trouble,
                                                   NULL) == CMC_OK) {
        (void)pthread_mutex_lock(&l->all->lock);
        l->since = trouble.since;
        (void)pthread_mutex_unlock(&l->all->lock);
    }
    cmc_arena_free(arena);
    do {
        work(l);
        wait_for_work(l);
    } while (!atomic_load(&l->all->stopping));
    /* What is left of a target that is well; one in trouble would only make us wait. */
    if (l->delay == 0)
        work(l);
    return NULL;
}

/* -- starting and stopping --------------------------------------------------------------- */

static void destroy(struct cmc_publisher *p)
{
    for (unsigned int i = 0; p->lines != NULL && i < p->params.ntargets; i++) {
        cmc_target_end(&p->lines[i].target);
        cmc_reader_free(p->lines[i].reader);
        cmc_crypto_free(p->lines[i].crypto);
    }
    (void)pthread_cond_destroy(&p->cond);
    (void)pthread_mutex_destroy(&p->lock);
    free(p->lines);
    free(p);
}

static enum cmc_rc start_line(struct cmc_publisher *p, struct line *l,
                              const struct cmc_conf_target *conf, struct cmc_err *err)
{
    enum cmc_rc rc;
    int e;

    l->all = p;
    l->due = true;
    rc = cmc_target_init(&l->target, conf, &p->stopping, err);
    if (rc == CMC_OK)
        rc = cmc_crypto_new(&l->crypto, err);
    if (rc == CMC_OK)
        rc = cmc_reader_new(p->params.store, &l->reader, err);
    if (rc != CMC_OK)
        return rc;
    e = pthread_create(&l->thread, NULL, line_main, l);
    if (e != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "cannot start the publisher: %s", strerror(e));
    l->started = true;
    return CMC_OK;
}

enum cmc_rc cmc_publisher_start(const struct cmc_publisher_params *params,
                                struct cmc_publisher **out, struct cmc_err *err)
{
    struct cmc_publisher *p = calloc(1, sizeof *p);
    pthread_condattr_t monotonic;
    enum cmc_rc rc = CMC_OK;

    *out = NULL;
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the publisher");
    p->params = *params;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&p->cond, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    p->lines = calloc(params->ntargets, sizeof *p->lines);
    if (p->lines == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for the publisher");
    for (unsigned int i = 0; rc == CMC_OK && i < params->ntargets; i++)
        rc = start_line(p, &p->lines[i], &params->targets[i], err);
    if (rc != CMC_OK) {
        cmc_publisher_stop(p);
        return rc;
    }
    *out = p;
    return CMC_OK;
}

void cmc_publisher_wake(void *publisher)
{
    struct cmc_publisher *p = publisher;

    (void)pthread_mutex_lock(&p->lock);
    for (unsigned int i = 0; i < p->params.ntargets; i++)
        p->lines[i].due = true;
    (void)pthread_cond_broadcast(&p->cond);
    (void)pthread_mutex_unlock(&p->lock);
}

void cmc_publisher_status(struct cmc_publisher *p, bool *some, struct cmc_buf *json)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    for (unsigned int i = 0; i < p->params.ntargets; i++) {
        const struct line *l = &p->lines[i];

        cmc_buf_str(json, *some ? "," : "");
        *some = true;
        cmc_json_begin(json);
        cmc_json_str(json, "target", cmc_slice_str(l->target.conf->name));
        cmc_json_str(json, "state", cmc_slice_str(l->since == 0 ? "good" : "failing"));
        cmc_json_int(json, "published", (int64_t)l->published);
        cmc_json_int(json, "not_taken", (int64_t)l->refused);
        cmc_json_int(json, "last", l->last);
        if (l->since != 0) {
            cmc_json_int(json, "failing_since", l->since);
            cmc_json_str(json, "error", cmc_slice_str(l->text));
        }
        cmc_json_end(json);
    }
    (void)pthread_mutex_unlock(&p->lock);
}

void cmc_publisher_stop(struct cmc_publisher *p)
{
    if (p == NULL)
        return;
    atomic_store(&p->stopping, true);
    (void)pthread_mutex_lock(&p->lock);
    (void)pthread_cond_broadcast(&p->cond);
    (void)pthread_mutex_unlock(&p->lock);
    for (unsigned int i = 0; p->lines != NULL && i < p->params.ntargets; i++) {
        if (p->lines[i].started)
            (void)pthread_join(p->lines[i].thread, NULL);
    }
    destroy(p);
}
