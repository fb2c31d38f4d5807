/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, EACH = 60 };

static enum cmc_rc commit_one(struct cmc_store *s, uint32_t n, struct cmc_err *err)
{
    struct cmc_cert_record r = cert_make(n);
    struct cmc_audit_record a = {"{\"event\":\"issue\"}"};
    struct cmc_txn t = {.request_digest = digest_make(n),
                        .answer_type = "x/y",
                        .answer = r.serial,
                        .at = NOW,
                        .certs = &r,
                        .ncerts = 1,
                        .audits = &a,
                        .naudits = 1};

    return cmc_store_commit(s, &t, err);
}

/* -- many threads --------------------------------------------------------------------------------
 */

struct worker {
    struct place *p;
    uint32_t base;
    int failures;
};

/* Commit, and see what was committed at once through a reader of one's own. */
static void *work(void *arg)
{
    struct worker *w = arg;
    struct cmc_reader *reader = NULL;
    struct cmc_arena *arena = cmc_arena_new(1 << 20);
    struct cmc_cert_record out;

    if (cmc_reader_new(w->p->store, &reader, NULL) != CMC_OK)
        w->failures++;
    for (uint32_t i = 0; reader != NULL && i < EACH; i++) {
        if (commit_one(w->p->store, w->base + i, NULL) != CMC_OK)
            w->failures++;
        if (cmc_reader_cert(reader, issuer_a, serial_make(w->base + i), arena, &out, NULL) !=
            CMC_OK)
            w->failures++;
        cmc_arena_reset(arena);
    }
    cmc_reader_free(reader);
    cmc_arena_free(arena);
    return NULL;
}

static void eight_threads_commit_and_read(void **state)
{
    struct worker w[THREADS];
    pthread_t threads[THREADS];

    for (uint32_t i = 0; i < THREADS; i++) {
        w[i] = (struct worker){*state, i * 1000, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &w[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(w[i].failures, 0);
    }
    assert_int_equal(audit_count(*state), THREADS * EACH);
}

/* All threads send the same requests: of each, exactly one commits. */
static void *race(void *arg)
{
    struct worker *w = arg;

    for (uint32_t i = 0; i < EACH; i++) {
        enum cmc_rc rc = commit_one(w->p->store, i, NULL);

        if (rc == CMC_OK)
            w->base++;
        else if (rc != CMC_E_CONFLICT)
            w->failures++;
    }
    return NULL;
}

static void of_equal_requests_one_commits(void **state)
{
    struct worker w[THREADS];
    pthread_t threads[THREADS];
    uint32_t won = 0;

    for (int i = 0; i < THREADS; i++) {
        w[i] = (struct worker){*state, 0, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &w[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(w[i].failures, 0);
        won += w[i].base;
    }
    assert_int_equal(won, EACH);
    assert_int_equal(audit_count(*state), EACH);
}

/* -- groups
 * ---------------------------------------------------------------------------------------- */

struct ticket {
    struct cmc_cert_record cert;
    struct cmc_audit_record audits[2];
    struct cmc_txn txn;
    enum cmc_rc rc;
    sem_t *done;
};

static void ticket_done(void *arg, enum cmc_rc rc, const struct cmc_err *err)
{
    struct ticket *t = arg;

    t->rc = rc;
    if (rc != err->rc)
        t->rc = CMC_E_BUG;
    sem_post(t->done);
}

static void ticket_fill(struct place *p, struct ticket *t, uint32_t n, sem_t *done)
{
    *t = (struct ticket){.audits = {{"{\"event\":\"issue\"}"}}, .done = done};
    t->cert.issuer = issuer_a;
    t->cert.serial = cmc_arena_slice(p->arena, serial_make(n));
    t->cert.subject = t->cert.der = CMC_SLICE_LIT("x");
    t->txn = (struct cmc_txn){
        .at = NOW, .certs = &t->cert, .ncerts = 1, .audits = t->audits, .naudits = 1};
}

static enum cmc_rc ticket_submit(struct place *p, struct ticket *t)
{
    return cmc_store_submit(p->store, &t->txn, ticket_done, t, &p->err);
}

/* Hold the write lock as another process would, so that everything submitted has to wait. */
static sqlite3 *hold(struct place *p)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static enum cmc_rc expected_of(uint32_t i)
{
    return i % 10 == 9 ? CMC_E_CONFLICT : i % 10 == 4 ? CMC_E_BUG : CMC_OK;
}

static void in_a_group_a_failure_stays_alone(void **state)
{
    enum { N = 100 };
    struct place *p = *state;
    static struct ticket tickets[N];
    sqlite3 *db = hold(p);
    sem_t done;

    sem_init(&done, 0, 0);
    for (uint32_t i = 0; i < N; i++) {
        /* Every tenth is the same certificate as the one before. */
        ticket_fill(p, &tickets[i], i % 10 == 9 ? i - 1 : i, &done);
        /* Another fails late, when its first audit record is in the chain already. */
        if (expected_of(i) == CMC_E_BUG) {
            tickets[i].audits[1].json = "not an object";
            tickets[i].txn.naudits = 2;
        }
        assert_int_equal(ticket_submit(p, &tickets[i]), CMC_OK);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    for (int i = 0; i < N; i++)
        sem_wait(&done);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(tickets[i].rc, expected_of(i));
    assert_int_equal(audit_count(p), N - 2 * N / 10);
    sem_destroy(&done);
}

/* Who holds and never submits, or never lets go, keeps nobody waiting for long. */
static void a_hold_ends_by_itself(void **state)
{
    enum { N = 3 };
    struct place *p = *state;
    struct ticket tickets[N];
    struct timespec began, now;
    sem_t done;

    sem_init(&done, 0, 0);
    clock_gettime(CLOCK_MONOTONIC, &began);
    cmc_store_hold(p->store);
    for (uint32_t i = 0; i < N; i++) {
        ticket_fill(p, &tickets[i], i, &done);
        assert_int_equal(ticket_submit(p, &tickets[i]), CMC_OK);
    }
    for (uint32_t i = 0; i < N; i++)
        sem_wait(&done);
    clock_gettime(CLOCK_MONOTONIC, &now);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(tickets[i].rc, CMC_OK);
    assert_true((now.tv_sec - began.tv_sec) * 1000000 + (now.tv_nsec - began.tv_nsec) / 1000 >=
                CMC_LIMIT_GROUP_MICROSECONDS);
    cmc_store_release(p->store);
    assert_int_equal(commit_one(p->store, N, NULL), CMC_OK);
    assert_int_equal(audit_count(p), N + 1);
    sem_destroy(&done);
}

/* Enough of them are a group, whoever holds. */
static void a_full_group_does_not_wait(void **state)
{
    enum { N = CMC_LIMIT_GROUP_GATHER };
    struct place *p = *state;
    struct ticket *tickets = calloc(N, sizeof *tickets);
    sem_t done;

    sem_init(&done, 0, 0);
    cmc_store_hold(p->store);
    for (uint32_t i = 0; i < N; i++) {
        ticket_fill(p, &tickets[i], i, &done);
        assert_int_equal(ticket_submit(p, &tickets[i]), CMC_OK);
    }
    for (uint32_t i = 0; i < N; i++)
        sem_wait(&done);
    for (uint32_t i = 0; i < N; i++)
        assert_int_equal(tickets[i].rc, CMC_OK);
    cmc_store_release(p->store);
    sem_destroy(&done);
    free(tickets);
}

static void a_full_queue_says_try_later(void **state)
{
    enum { MOST = CMC_LIMIT_WRITER_QUEUE + CMC_LIMIT_GROUP_COMMIT + 1 };
    struct place *p = *state;
    struct ticket *tickets = calloc(MOST, sizeof *tickets);
    sqlite3 *db = hold(p);
    enum cmc_rc rc = CMC_OK;
    uint32_t n = 0;
    sem_t done;

    sem_init(&done, 0, 0);
    while (rc == CMC_OK && n < MOST) {
        ticket_fill(p, &tickets[n], n, &done);
        rc = ticket_submit(p, &tickets[n]);
        n += rc == CMC_OK;
    }
    assert_int_equal(rc, CMC_E_RETRY);
    assert_non_null(strstr(p->err.text, "CMC_LIMIT_WRITER_QUEUE"));
    assert_true(n >= CMC_LIMIT_WRITER_QUEUE);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    for (uint32_t i = 0; i < n; i++)
        sem_wait(&done);
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(tickets[i].rc, CMC_OK);
    /* And later is better. */
    assert_int_equal(ticket_submit(p, &tickets[n]), CMC_OK);
    sem_wait(&done);
    assert_int_equal(tickets[n].rc, CMC_OK);
    assert_int_equal(audit_count(p), n + 1);
    sem_destroy(&done);
    free(tickets);
}

static void close_commits_what_waits(void **state)
{
    enum { N = 300 };
    struct place *p = *state;
    static struct ticket tickets[N];
    sem_t done;
    int count = 0;

    sem_init(&done, 0, 0);
    for (uint32_t i = 0; i < N; i++) {
        ticket_fill(p, &tickets[i], i, &done);
        assert_int_equal(ticket_submit(p, &tickets[i]), CMC_OK);
    }
    place_close(p);
    sem_getvalue(&done, &count);
    assert_int_equal(count, N);
    place_open(p, false);
    assert_int_equal(audit_count(p), N);
    sem_destroy(&done);
}

/* -- two processes
 * --------------------------------------------------------------------------------- */

/* In a child, where cmocka must not be used: exit status 0 is success. */
static int other_process(const char *path, uint32_t base)
{
    struct cmc_store *s = NULL;
    uint64_t number, last = 0;
    int bad = 0;

    if (cmc_store_open(path, false, &s, NULL) != CMC_OK)
        return 1;
    for (uint32_t i = 0; i < EACH; i++) {
        if (commit_one(s, base + i, NULL) != CMC_OK)
            bad = 2;
        if (cmc_store_crl_number(s, &(struct cmc_crl_id){.issuer = issuer_a}, &number, NULL) !=
                CMC_OK ||
            number <= last)
            bad = 3;
        last = number;
    }
    cmc_store_close(s);
    return bad;
}

static void three_processes_share_one_chain(void **state)
{
    struct place *p = *state;
    uint64_t number = 0;
    pid_t pids[3];
    int status;

    place_close(p);
    for (uint32_t i = 0; i < 3; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(other_process(p->path, i * 1000));
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    place_open(p, false);
    assert_int_equal(audit_count(p), 3 * EACH);
    assert_int_equal(
        cmc_store_crl_number(p->store, &(struct cmc_crl_id){.issuer = issuer_a}, &number, &p->err),
        CMC_OK);
    assert_int_equal(number, 3 * EACH + 1);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(eight_threads_commit_and_read),
        IN_PLACE(of_equal_requests_one_commits),
        IN_PLACE(in_a_group_a_failure_stays_alone),
        IN_PLACE(a_full_queue_says_try_later),
        IN_PLACE(a_hold_ends_by_itself),
        IN_PLACE(a_full_group_does_not_wait),
        IN_PLACE(close_commits_what_waits),
        IN_PLACE(three_processes_share_one_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
