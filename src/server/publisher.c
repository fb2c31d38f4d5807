/* SPDX-License-Identifier: Apache-2.0 */
#include "server/publisher.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "ca/publish.h"

/* When the folder could not be written to. */
#define RETRY_SECONDS 10

struct cmc_publisher {
    struct cmc_store *store;
    struct cmc_log *log;
    struct cmc_buf issuer;
    char *directory;
    struct cmc_crypto *crypto;
    struct cmc_reader *reader;
    pthread_t thread;
    pthread_mutex_t lock; /* of the two below */
    pthread_cond_t cond;
    bool due, stopping;
};

/* False: what is left has to wait. */
static bool work(struct cmc_publisher *p)
{
    struct cmc_err err = {0};
    char count[24];
    size_t done = 0;
    enum cmc_rc rc;

    do {
        rc = cmc_publish_due(p->crypto, p->store, p->reader, cmc_buf_get0(&p->issuer), p->directory,
                             &done, &err);
        if (done > 0) {
            (void)snprintf(count, sizeof count, "%zu", done);
            cmc_log_event(p->log, CMC_LOG_INFO, "publish", "certificates", count, NULL);
        }
    } while (rc == CMC_OK && done > 0);
    if (rc != CMC_OK)
        cmc_log_event(p->log, CMC_LOG_ERROR, "publish", "outcome", err.text, NULL);
    return rc == CMC_OK;
}

static void *publisher_main(void *arg)
{
    struct cmc_publisher *p = arg;
    bool all_done = true, stop = false;

    while (!stop) {
        (void)pthread_mutex_lock(&p->lock);
        while (!p->due && !p->stopping && all_done)
            (void)pthread_cond_wait(&p->cond, &p->lock);
        if (!p->due && !p->stopping) {
            struct timespec at;

            (void)clock_gettime(CLOCK_REALTIME, &at);
            at.tv_sec += RETRY_SECONDS;
            (void)pthread_cond_timedwait(&p->cond, &p->lock, &at);
        }
        stop = p->stopping;
        p->due = false;
        (void)pthread_mutex_unlock(&p->lock);
        all_done = work(p);
    }
    return NULL;
}

static void destroy(struct cmc_publisher *p)
{
    cmc_reader_free(p->reader);
    cmc_crypto_free(p->crypto);
    (void)pthread_cond_destroy(&p->cond);
    (void)pthread_mutex_destroy(&p->lock);
    cmc_buf_free(&p->issuer);
    free(p->directory);
    free(p);
}

enum cmc_rc cmc_publisher_start(struct cmc_store *store, struct cmc_slice issuer,
                                const char *directory, struct cmc_log *log,
                                struct cmc_publisher **out, struct cmc_err *err)
{
    struct cmc_publisher *p = calloc(1, sizeof *p);
    enum cmc_rc rc = CMC_OK;
    int e;

    *out = NULL;
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the publisher");
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->cond, NULL);
    p->store = store;
    p->log = log;
    p->due = true;
    cmc_buf_init(&p->issuer, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_slice(&p->issuer, issuer);
    p->directory = strdup(directory);
    if (p->directory == NULL || !cmc_buf_ok(&p->issuer))
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for the publisher");
    if (rc == CMC_OK)
        rc = cmc_crypto_new(&p->crypto, err);
    if (rc == CMC_OK)
        rc = cmc_reader_new(store, &p->reader, err);
    if (rc == CMC_OK) {
        e = pthread_create(&p->thread, NULL, publisher_main, p);
        if (e != 0)
            rc = cmc_fail(err, CMC_E_LOCAL, NULL, "cannot start the publisher: %s", strerror(e));
    }
    if (rc != CMC_OK) {
        destroy(p);
        return rc;
    }
    *out = p;
    return CMC_OK;
}

void cmc_publisher_wake(void *publisher)
{
    struct cmc_publisher *p = publisher;

    (void)pthread_mutex_lock(&p->lock);
    p->due = true;
    (void)pthread_cond_signal(&p->cond);
    (void)pthread_mutex_unlock(&p->lock);
}

void cmc_publisher_stop(struct cmc_publisher *p)
{
    if (p == NULL)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->stopping = true;
    (void)pthread_cond_signal(&p->cond);
    (void)pthread_mutex_unlock(&p->lock);
    (void)pthread_join(p->thread, NULL);
    destroy(p);
}
