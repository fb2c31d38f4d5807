/* SPDX-License-Identifier: Apache-2.0 */
/* What was acknowledged is there after a crash; what could not be written is not acknowledged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* SQLite's calls come here first: they are counted, or fail when a test wants them to. */
static atomic_int syncs, sync_fails;

__attribute__((visibility("default"))) int fsync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    if (atomic_load(&sync_fails)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
    return fsync(fd);
}

/* Certificate n, its answer, its audit record, and the revocation of certificate n - 1. */
static enum cmc_rc commit_step(struct cmc_store *s, uint32_t n, struct cmc_err *err)
{
    char json[32];
    struct cmc_cert_record r = cert_make(n);
    struct cmc_audit_record a = {json};
    struct cmc_state_change ch = {.issuer = issuer_a,
                                  .serial = serial_make(n - 1),
                                  .from = CMC_CERT_VALID,
                                  .to = CMC_CERT_REVOKED,
                                  .reason = 1,
                                  .at = NOW};
    struct cmc_txn t = {.request_digest = digest_make(n),
                        .answer_type = "x/y",
                        .answer = r.serial,
                        .at = NOW,
                        .certs = &r,
                        .ncerts = 1,
                        .changes = &ch,
                        .nchanges = n > 0,
                        .audits = &a,
                        .naudits = 1};

    (void)snprintf(json, sizeof json, "{\"n\":%u}", n);
    return cmc_store_commit(s, &t, err);
}

/* Commit without end from number n on, and tell each one that is acknowledged. */
static void commit_until_killed(const char *path, uint32_t n, int out)
{
    struct cmc_store *s = NULL;

    if (cmc_store_open(path, false, &s, NULL) != CMC_OK)
        _exit(1);
    for (;; n++)
        if (commit_step(s, n, NULL) != CMC_OK || write(out, &n, sizeof n) != sizeof n)
            _exit(2);
}

struct records {
    uint32_t next;
};

static enum cmc_rc record_in_order(void *arg, int64_t seq, int64_t at, const char *json,
                                   const uint8_t hash[CMC_SHA256_OCTETS])
{
    struct records *r = arg;
    char expected[32];

    (void)at;
    (void)hash;
    (void)snprintf(expected, sizeof expected, "{\"n\":%u}", r->next++);
    assert_int_equal(seq, r->next);
    assert_string_equal(json, expected);
    return CMC_OK;
}

/* Certificates 0 .. count-1 are there with all that belongs to them, and nothing else is. */
static void assert_complete(struct place *p, uint32_t count)
{
    struct records r = {0};
    struct cmc_cert_record c;
    struct cmc_answer a;

    assert_int_equal(audit_count(p), count);
    assert_int_equal(cmc_reader_audit(p->reader, 1, record_in_order, &r, &p->err), CMC_OK);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(
            cmc_reader_cert(p->reader, issuer_a, serial_make(i), p->arena, &c, &p->err), CMC_OK);
        assert_int_equal(c.state, i + 1 < count ? CMC_CERT_REVOKED : CMC_CERT_VALID);
        assert_int_equal(cmc_reader_answer(p->reader, digest_make(i), p->arena, &a, &p->err),
                         CMC_OK);
        assert_true(cmc_slice_eq(a.octets, c.serial));
        cmc_arena_reset(p->arena);
    }
    assert_int_equal(
        cmc_reader_cert(p->reader, issuer_a, serial_make(count), p->arena, &c, &p->err),
        CMC_E_NOTFOUND);
}

/* Let a child commit, kill it at an arbitrary moment; returns how many it said were durable. */
static uint32_t run_and_kill(const char *path, uint32_t from, uint32_t at_least, long nanoseconds)
{
    struct timespec pause = {0, nanoseconds};
    uint32_t said = from, n;
    int fds[2], status;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        commit_until_killed(path, from, fds[1]);
    }
    close(fds[1]);
    while (said < from + at_least && read(fds[0], &n, sizeof n) == sizeof n)
        said = n + 1;
    nanosleep(&pause, NULL);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(fds[0], &n, sizeof n) == sizeof n)
        said = n + 1;
    close(fds[0]);
    return said;
}

static void a_killed_process_loses_nothing_that_was_acknowledged(void **state)
{
    struct place *p = *state;
    uint32_t count = 0;

    place_close(p);
    for (int round = 0; round < 6; round++) {
        uint32_t said = run_and_kill(p->path, count, 20 + (uint32_t)round, round * 137000L);
        int64_t there;

        place_open(p, false);
        there = audit_count(p);
        /* The one under way may have become durable before it could be said. */
        assert_in_range(there, said, said + 1);
        assert_complete(p, (uint32_t)there);
        count = (uint32_t)there;
        place_close(p);
    }
}

static void each_commit_is_synced_before_it_is_acknowledged(void **state)
{
    struct place *p = *state;

    for (uint32_t n = 0; n < 5; n++) {
        int before = atomic_load(&syncs);

        assert_int_equal(commit_step(p->store, n, &p->err), CMC_OK);
        assert_true(atomic_load(&syncs) > before);
    }
}

static void a_commit_that_cannot_be_synced_did_not_happen(void **state)
{
    struct place *p = *state;

    assert_int_equal(commit_step(p->store, 0, &p->err), CMC_OK);
    atomic_store(&sync_fails, 1);
    assert_int_equal(commit_step(p->store, 1, &p->err), CMC_E_LOCAL);
    atomic_store(&sync_fails, 0);
    assert_non_null(strstr(p->err.text, "disk I/O error"));
    assert_complete(p, 1);
    assert_int_equal(commit_step(p->store, 1, &p->err), CMC_OK);
    assert_complete(p, 2);
    place_close(p);
    place_open(p, false);
    assert_complete(p, 2);
}

static void a_full_disk_fails_and_passes(void **state)
{
    struct place *p = *state;
    struct rlimit old, small;
    uint32_t n = 0;
    enum cmc_rc rc;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 256 * 1024;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while ((rc = commit_step(p->store, n, &p->err)) == CMC_OK && n < 1000)
        n++;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(rc, CMC_E_LOCAL);
    assert_non_null(strstr(p->err.text, p->path));
    assert_true(n > 0);
    assert_complete(p, n);
    assert_int_equal(commit_step(p->store, n, &p->err), CMC_OK);
    assert_complete(p, n + 1);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_killed_process_loses_nothing_that_was_acknowledged),
        IN_PLACE(each_commit_is_synced_before_it_is_acknowledged),
        IN_PLACE(a_commit_that_cannot_be_synced_did_not_happen),
        IN_PLACE(a_full_disk_fails_and_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
