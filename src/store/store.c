/* SPDX-License-Identifier: Apache-2.0 */
/* The front of the store: which backend, the queue, and the one thread that writes. */
#include "store/store_int.h"

#include <ctype.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* A group of so many tells that many work at once; how long then to wait for more. */
#define BUSY_GROUP        4u
#define BUSY_MICROSECONDS 3000

struct cmc_store {
    char *place; /* without the scheme */
    const struct cmc_store_ops *ops;
    void *db;
    pthread_t writer;
    pthread_mutex_t lock;   /* of all below */
    pthread_cond_t arrived; /* something to do, or stopping */
    bool stopping;
    bool idle;            /* the writer waits for the first of a group */
    unsigned int holders; /* threads that will submit more in a moment */
    size_t last;          /* members of the last group */
    size_t first, count;  /* of the ring */
    struct cmc_job ring[CMC_LIMIT_WRITER_QUEUE];

    /* The group that is being written: the writer's own. */
    struct cmc_job group[CMC_LIMIT_GROUP_COMMIT];
    struct cmc_outcome outcome[CMC_LIMIT_GROUP_COMMIT];
};

static const struct cmc_store_ops *const backends[] = {&cmc_store_sqlite};

/* -- the writer thread --------------------------------------------------------------------- */

/*
 * So long, from the first of a group on, it pays to wait for more: each commit costs its own
 * pages and its own sync. Where several came together last time others are on their way, and
 * even when nobody announces them a moment is worth it; a lone one is never kept waiting.
 */
static long patience(const struct cmc_store *s)
{
    if (s->count >= CMC_LIMIT_GROUP_GATHER || s->stopping)
        return 0;
    if (s->holders > 0)
        return CMC_LIMIT_GROUP_MICROSECONDS;
    return s->last >= BUSY_GROUP ? BUSY_MICROSECONDS : 0;
}

static long microseconds_since(const struct timespec *t)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)(now.tv_sec - t->tv_sec) * 1000000 + (now.tv_nsec - t->tv_nsec) / 1000;
}

/* The lock is held, and something waits. */
static void gather(struct cmc_store *s)
{
    struct timespec first;

    (void)clock_gettime(CLOCK_MONOTONIC, &first);
    while (microseconds_since(&first) < patience(s)) {
        struct timespec until = first;

        until.tv_nsec += patience(s) * 1000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        (void)pthread_cond_timedwait(&s->arrived, &s->lock, &until);
    }
}

/* Wait for work and take as much of it as one commit may hold. 0: nothing more will come. */
static size_t take_group(struct cmc_store *s)
{
    size_t n = 0;

    pthread_mutex_lock(&s->lock);
    s->idle = true;
    while (s->count == 0 && !s->stopping)
        pthread_cond_wait(&s->arrived, &s->lock);
    s->idle = false;
    gather(s);
    while (s->count > 0 && n < CMC_LIMIT_GROUP_COMMIT) {
        s->group[n++] = s->ring[s->first];
        s->first = (s->first + 1) % CMC_LIMIT_WRITER_QUEUE;
        s->count--;
    }
    s->last = n;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static void *writer_main(void *arg)
{
    struct cmc_store *s = arg;
    size_t n;

    while ((n = take_group(s)) > 0) {
        s->ops->group(s->db, s->group, s->outcome, n);
        for (size_t i = 0; i < n; i++)
            s->group[i].done(s->group[i].arg, s->outcome[i].rc, &s->outcome[i].err);
    }
    return NULL;
}

static enum cmc_rc start_writer(struct cmc_store *s, struct cmc_err *err)
{
    pthread_condattr_t monotonic;
    sigset_t all, old;
    int e;

    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&s->arrived, &monotonic);
    pthread_condattr_destroy(&monotonic);
    /* Signals are for the threads that wait for them, never for the writer. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    e = pthread_create(&s->writer, NULL, writer_main, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (e == 0)
        return CMC_OK;
    pthread_cond_destroy(&s->arrived);
    pthread_mutex_destroy(&s->lock);
    return cmc_fail(err, CMC_E_LOCAL, NULL, "cannot start the store's thread: %s", strerror(e));
}

static enum cmc_rc enqueue(struct cmc_store *s, const struct cmc_job *job, struct cmc_err *err)
{
    bool full;

    pthread_mutex_lock(&s->lock);
    full = s->count == CMC_LIMIT_WRITER_QUEUE;
    if (!full) {
        s->ring[(s->first + s->count) % CMC_LIMIT_WRITER_QUEUE] = *job;
        s->count++;
        /* While it gathers, the writer is woken by what ends that. */
        if (s->idle || patience(s) == 0)
            pthread_cond_signal(&s->arrived);
    }
    pthread_mutex_unlock(&s->lock);
    if (full)
        return cmc_fail(err, CMC_E_RETRY, NULL,
                        "the database is behind: %u transactions wait (CMC_LIMIT_WRITER_QUEUE)",
                        CMC_LIMIT_WRITER_QUEUE);
    return CMC_OK;
}

/* -- waiting for a job --------------------------------------------------------------------- */

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t cond;
    bool done;
    enum cmc_rc rc;
    struct cmc_err *err;
};

static void wake(void *arg, enum cmc_rc rc, const struct cmc_err *err)
{
    struct waiter *w = arg;

    pthread_mutex_lock(&w->lock);
    w->rc = rc;
    if (rc != CMC_OK && w->err != NULL)
        *w->err = *err;
    w->done = true;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->lock);
}

static enum cmc_rc run(struct cmc_store *s, struct cmc_job *job, struct cmc_err *err)
{
    struct waiter w = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER, .err = err};
    enum cmc_rc rc;

    job->done = wake;
    job->arg = &w;
    rc = enqueue(s, job, err);
    if (rc == CMC_OK) {
        pthread_mutex_lock(&w.lock);
        while (!w.done)
            pthread_cond_wait(&w.cond, &w.lock);
        rc = w.rc;
        pthread_mutex_unlock(&w.lock);
    }
    pthread_cond_destroy(&w.cond);
    pthread_mutex_destroy(&w.lock);
    return rc;
}

enum cmc_rc cmc_store_run(struct cmc_store *s, struct cmc_job *job, struct cmc_err *err)
{
    return run(s, job, err);
}

/* -- opening and closing ------------------------------------------------------------------- */

/* "scheme:place", or a path, which is SQLite's. */
static enum cmc_rc choose(const char *url, const struct cmc_store_ops **ops, const char **place,
                          struct cmc_err *err)
{
    size_t n = 0;

    *ops = &cmc_store_sqlite;
    *place = url;
    while (isalnum((unsigned char)url[n]) || (n > 0 && strchr("+-.", url[n]) && url[n] != '\0'))
        n++;
    if (n > 0 && url[n] == ':') {
        *ops = NULL;
        *place = url + n + 1;
        for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
            if (strlen(backends[i]->scheme) == n && memcmp(backends[i]->scheme, url, n) == 0)
                *ops = backends[i];
    }
    if (*ops == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "store %s: unknown kind of database; write sqlite:PATH", url);
    if (**place == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "store \"%s\": the path is missing; write sqlite:PATH", url);
    return CMC_OK;
}

enum cmc_rc cmc_store_open(const char *url, bool create, struct cmc_store **out,
                           struct cmc_err *err)
{
    const struct cmc_store_ops *ops;
    const char *place;
    struct cmc_store *s = NULL;
    enum cmc_rc rc;

    rc = choose(url, &ops, &place, err);
    if (rc != CMC_OK)
        return rc;
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    s->ops = ops;
    s->place = strdup(place);
    if (s->place == NULL) {
        free(s);
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    }
    rc = ops->open(place, create, &s->db, err);
    if (rc == CMC_OK) {
        rc = start_writer(s, err);
        if (rc != CMC_OK)
            ops->close(s->db);
    }
    if (rc != CMC_OK) {
        free(s->place);
        free(s);
        return rc;
    }
    *out = s;
    return CMC_OK;
}

void cmc_store_close(struct cmc_store *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->arrived);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->writer, NULL);
    pthread_cond_destroy(&s->arrived);
    pthread_mutex_destroy(&s->lock);
    s->ops->close(s->db);
    free(s->place);
    free(s);
}

const char *cmc_store_get0_place(const struct cmc_store *s)
{
    return s->place;
}

/* -- writing ------------------------------------------------------------------------------- */

enum cmc_rc cmc_store_submit(struct cmc_store *s, const struct cmc_txn *txn, cmc_store_done_fn done,
                             void *arg, struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_TXN, .u.txn = txn, .done = done, .arg = arg};

    return enqueue(s, &job, err);
}

void cmc_store_hold(struct cmc_store *s)
{
    pthread_mutex_lock(&s->lock);
    s->holders++;
    pthread_mutex_unlock(&s->lock);
}

void cmc_store_release(struct cmc_store *s)
{
    pthread_mutex_lock(&s->lock);
    s->holders--;
    if (s->holders == 0 && s->count > 0)
        pthread_cond_signal(&s->arrived);
    pthread_mutex_unlock(&s->lock);
}

enum cmc_rc cmc_store_commit(struct cmc_store *s, const struct cmc_txn *txn, struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_TXN, .u.txn = txn};

    return run(s, &job, err);
}

enum cmc_rc cmc_store_officer_change(struct cmc_store *s, const struct cmc_officer_change *ch,
                                     struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_OFFICER, .u.officer = ch};

    return run(s, &job, err);
}

enum cmc_rc cmc_store_officer_add(struct cmc_store *s, const struct cmc_officer *o,
                                  struct cmc_err *err)
{
    const struct cmc_officer_change ch = {.act = CMC_OFFICER_ADD, .officer = *o, .at = o->added_at};

    return cmc_store_officer_change(s, &ch, err);
}

enum cmc_rc cmc_store_officer_remove(struct cmc_store *s, const char *name, int64_t at,
                                     struct cmc_err *err)
{
    const struct cmc_officer_change ch = {
        .act = CMC_OFFICER_REMOVE, .officer.name = name, .at = at};

    return cmc_store_officer_change(s, &ch, err);
}

enum cmc_rc cmc_store_secret_add(struct cmc_store *s, const struct cmc_secret *secret,
                                 struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_SECRET_ADD, .u.secret = secret};

    return run(s, &job, err);
}

enum cmc_rc cmc_store_secret_remove(struct cmc_store *s, const char *name, int64_t at,
                                    struct cmc_err *err)
{
    struct cmc_job job = {
        .kind = CMC_JOB_SECRET_REMOVE, .u.removal.name = name, .u.removal.at = at};

    return run(s, &job, err);
}

enum cmc_rc cmc_store_anchors_put(struct cmc_store *s, struct cmc_anchor_set *set,
                                  struct cmc_err *err)
{
    struct cmc_anchor_set next = *set;
    struct cmc_job job = {.kind = CMC_JOB_ANCHORS_PUT, .u.anchors = &next};
    enum cmc_rc rc;

    if (set->ncerts == 0 || set->ncerts > CMC_LIMIT_ANCHORS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "%zu trust anchors where 1 to %u can be published (CMC_LIMIT_ANCHORS)",
                        set->ncerts, CMC_LIMIT_ANCHORS);
    rc = run(s, &job, err);
    if (rc == CMC_OK)
        set->sequence = next.sequence;
    return rc;
}

/* -- reading ------------------------------------------------------------------------------- */

enum cmc_rc cmc_reader_new(struct cmc_store *s, struct cmc_reader **out, struct cmc_err *err)
{
    struct cmc_reader *r = calloc(1, sizeof *r);
    enum cmc_rc rc;

    if (r == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    r->ops = s->ops;
    rc = r->ops->reader_new(s->db, &r->rd, err);
    if (rc != CMC_OK) {
        free(r);
        return rc;
    }
    *out = r;
    return CMC_OK;
}

void cmc_reader_free(struct cmc_reader *r)
{
    if (r == NULL)
        return;
    r->ops->reader_free(r->rd);
    free(r);
}

enum cmc_rc cmc_reader_cert(struct cmc_reader *r, struct cmc_slice issuer, struct cmc_slice serial,
                            struct cmc_arena *arena, struct cmc_cert_record *out,
                            struct cmc_err *err)
{
    return r->ops->cert(r->rd, issuer, serial, arena, out, err);
}

enum cmc_rc cmc_reader_cert_status(struct cmc_reader *r, struct cmc_slice issuer,
                                   struct cmc_slice key, struct cmc_slice serial,
                                   struct cmc_cert_status *out, struct cmc_err *err)
{
    return r->ops->cert_status(r->rd, issuer, key, serial, out, err);
}

enum cmc_rc cmc_reader_answer(struct cmc_reader *r, const uint8_t digest[CMC_SHA256_OCTETS],
                              struct cmc_arena *arena, struct cmc_answer *out, struct cmc_err *err)
{
    return r->ops->answer(r->rd, digest, arena, out, err);
}

enum cmc_rc cmc_reader_officer(struct cmc_reader *r, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_officer *out,
                               struct cmc_err *err)
{
    return r->ops->officer(r->rd, digest, arena, out, err);
}

enum cmc_rc cmc_reader_officer_named(struct cmc_reader *r, const char *name,
                                     struct cmc_arena *arena, struct cmc_officer *out,
                                     struct cmc_err *err)
{
    return r->ops->officer_named(r->rd, name, arena, out, err);
}

enum cmc_rc cmc_reader_anchors(struct cmc_reader *r, struct cmc_arena *arena,
                               struct cmc_anchor_set *out, struct cmc_err *err)
{
    return r->ops->anchors(r->rd, arena, out, err);
}

enum cmc_rc cmc_reader_cert_by_digest(struct cmc_reader *r, const uint8_t digest[CMC_SHA256_OCTETS],
                                      struct cmc_arena *arena, struct cmc_slice *der,
                                      struct cmc_err *err)
{
    return r->ops->cert_by_digest(r->rd, digest, arena, der, err);
}

enum cmc_rc cmc_reader_generation(struct cmc_reader *r, uint64_t *out, struct cmc_err *err)
{
    return r->ops->generation(r->rd, out, err);
}

enum cmc_rc cmc_reader_hold(struct cmc_reader *r, uint64_t *generation, struct cmc_err *err)
{
    return r->ops->hold(r->rd, generation, err);
}

void cmc_reader_release(struct cmc_reader *r)
{
    r->ops->release(r->rd);
}

enum cmc_rc cmc_reader_officers(struct cmc_reader *r,
                                enum cmc_rc (*fn)(void *arg, const struct cmc_officer *o),
                                void *arg, struct cmc_err *err)
{
    return r->ops->officers(r->rd, fn, arg, err);
}

enum cmc_rc cmc_reader_unique_key(struct cmc_reader *r, const uint8_t digest[CMC_SHA256_OCTETS],
                                  bool *found, struct cmc_err *err)
{
    return r->ops->unique_key(r->rd, digest, found, err);
}

enum cmc_rc cmc_reader_secret(struct cmc_reader *r, const char *name, struct cmc_arena *arena,
                              struct cmc_secret *out, struct cmc_err *err)
{
    return r->ops->secret(r->rd, name, arena, out, err);
}

enum cmc_rc cmc_reader_revocation_secret(struct cmc_reader *r, struct cmc_slice issuer,
                                         struct cmc_slice serial, struct cmc_arena *arena,
                                         struct cmc_secret *out, struct cmc_err *err)
{
    return r->ops->revocation_secret(r->rd, issuer, serial, arena, out, err);
}

enum cmc_rc cmc_reader_secrets(struct cmc_reader *r,
                               enum cmc_rc (*fn)(void *arg, const struct cmc_secret *s), void *arg,
                               struct cmc_err *err)
{
    return r->ops->secrets(r->rd, fn, arg, err);
}

enum cmc_rc cmc_reader_certs(struct cmc_reader *r, const char *subject_like, size_t offset,
                             size_t limit,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                             void *arg, struct cmc_err *err)
{
    return r->ops->certs(r->rd, subject_like, offset, limit, fn, arg, err);
}

enum cmc_rc cmc_search_open(struct cmc_store *s, struct cmc_search_index **out, struct cmc_err *err)
{
    return cmc_search_wrap(s->ops->search, s->db, out, err);
}

struct audit_call {
    enum cmc_rc (*fn)(void *arg, int64_t seq, int64_t at, const char *json,
                      const uint8_t hash[CMC_SHA256_OCTETS]);
    void *arg;
};

static enum cmc_rc audit_row(void *arg, const struct cmc_audit_row *row, struct cmc_err *err)
{
    const struct audit_call *call = arg;

    if (row->hash.n != CMC_SHA256_OCTETS || strlen(row->json) != row->json_octets)
        return cmc_fail(err, CMC_E_CRYPTO, NULL, "audit record %lld is damaged",
                        (long long)row->seq);
    return call->fn(call->arg, row->seq, row->at, row->json, row->hash.p);
}

enum cmc_rc cmc_reader_audit(struct cmc_reader *r, int64_t from,
                             enum cmc_rc (*fn)(void *arg, int64_t seq, int64_t at, const char *json,
                                               const uint8_t hash[CMC_SHA256_OCTETS]),
                             void *arg, struct cmc_err *err)
{
    struct audit_call call = {fn, arg};

    return r->ops->audit(r->rd, from, audit_row, &call, err);
}

enum cmc_rc cmc_reader_audit_last(struct cmc_reader *r, int64_t *seq, struct cmc_err *err)
{
    return r->ops->audit_count(r->rd, seq, err);
}

/* -- keeping ------------------------------------------------------------------------------- */

enum cmc_rc cmc_reader_backup(struct cmc_reader *r, const char *path, struct cmc_err *err)
{
    return r->ops->backup(r->rd, path, err);
}

enum cmc_rc cmc_store_check(const char *url, struct cmc_err *err)
{
    const struct cmc_store_ops *ops;
    const char *place;
    enum cmc_rc rc = choose(url, &ops, &place, err);

    return rc == CMC_OK ? ops->check(place, err) : rc;
}

enum cmc_rc cmc_store_unused(const char *url, struct cmc_err *err)
{
    const struct cmc_store_ops *ops;
    const char *place;
    enum cmc_rc rc = choose(url, &ops, &place, err);

    return rc == CMC_OK ? ops->unused(place, err) : rc;
}
