/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd serve: start the workers, wait for a signal, stop in order. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "key/token.h"
#include "server/checkpoint.h"
#include "server/cmd.h"
#include "server/crl_schedule.h"
#include "server/notify.h"
#include "server/sweep.h"
#include "server/worker.h"

/* Requests under way get so long after SIGTERM. */
#define GRACE_SECONDS 10u
/* No descriptor was named. */
#define NO_FD UINT32_MAX

struct values {
    const char *config, *port_file;
    unsigned int ready_fd;
};

static const struct cmc_option rows[] = {
    CMCD_OPTION_CONF(struct values, config),
    CMC_OPTION("port-file", 0, STRING, "FILE", struct values, port_file,
               "write \"ADDRESS PORT plain|tls\" lines here when listening"),
    CMC_OPTION("ready-fd", 0, UINT, "N", struct values, ready_fd,
               "write them to this descriptor and close it"),
    CMC_OPTION_END,
};
static const struct cmc_options options = {
    "cmcd serve",
    "",
    0,
    0,
    "Serve until SIGTERM or SIGINT. Requests that are under way are answered first.",
    rows};

struct serving {
    struct cmcd_run *run;
    struct cmc_conf *conf;
    struct cmc_log *log;
    struct cmc_service service;
    struct cmc_routes routes;
    struct cmc_counters counters;
    struct cmc_desks *desks;
    struct cmc_worker *workers[CMC_LIMIT_WORKERS];
    uint16_t ports[CMC_LIMIT_CONF_LISTENERS];
    struct cmc_crl_schedule *schedule;
    EVP_PKEY *responder_key; /* the main thread's, for checkpoints */
    int64_t checkpoint;      /* number of the record that holds the last one */
};

/* -- the process ------------------------------------------------------------------------- */

/* A core file would hold the CA's key; so would the memory that a debugger reads. */
static enum cmc_rc protect(struct cmc_err *err)
{
    const struct rlimit none = {0, 0};

    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "core files cannot be switched off: %s",
                        strerror(errno));
    return CMC_OK;
}

/* Before any thread is made, so that all inherit it and only sigwait() sees them. */
static enum cmc_rc block_signals(sigset_t *set, struct cmc_err *err)
{
    int e;

    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
    e = pthread_sigmask(SIG_BLOCK, set, NULL);
    if (e != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "signals cannot be blocked: %s", strerror(e));
    return CMC_OK;
}

/*
 * A record of starting or stopping. At the stop it does a second thing: the store's writer is
 * first in, first out, so when this commit returns, every answer of ours has been called back.
 */
static enum cmc_rc audit(struct serving *s, const char *event)
{
    struct cmc_audit_record record = {0};
    const struct cmc_txn txn = {.at = time(NULL), .audits = &record, .naudits = 1};
    struct cmc_buf b;
    enum cmc_rc rc;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", cmc_slice_str(event));
    cmc_json_str(&b, "version", CMC_SLICE_LIT(CMC_VERSION));
    cmc_json_end(&b);
    record.json = cmc_buf_cstr(&b);
    rc = record.json != NULL ? cmc_store_commit(s->service.store, &txn, &s->run->err)
                             : cmc_fail(&s->run->err, CMC_E_MEM, NULL, "no memory for a record");
    cmc_buf_free(&b);
    return rc;
}

/* -- checkpoints ------------------------------------------------------------------------- */

static enum cmc_rc commit_checkpoint(struct serving *s, const struct cmc_checkpoint *p,
                                     struct cmc_arena *arena)
{
    struct cmc_audit_record record = {.json = cmc_checkpoint_json(p, arena)};
    const struct cmc_txn txn = {.at = time(NULL), .audits = &record, .naudits = 1};
    char seq[32], hash[2 * CMC_SHA256_OCTETS + 1];
    enum cmc_rc rc;

    if (record.json == NULL)
        return cmc_fail(&s->run->err, CMC_E_MEM, NULL, "no memory for a checkpoint");
    rc = cmc_store_commit(s->service.store, &txn, &s->run->err);
    if (rc != CMC_OK)
        return rc;
    s->checkpoint = p->seq + 1;
    (void)snprintf(seq, sizeof seq, "%lld", (long long)p->seq);
    for (size_t i = 0; i < CMC_SHA256_OCTETS; i++)
        (void)snprintf(hash + 2 * i, 3, "%02x", p->hash[i]);
    /* In the log too, which is kept elsewhere: see cmcd audit verify --checkpoint. */
    cmc_log_event(s->log, CMC_LOG_INFO, "checkpoint", "seq", seq, "hash", hash, NULL);
    return CMC_OK;
}

/* Sign the end of the audit chain, unless the last thing in it is the checkpoint before. */
static enum cmc_rc checkpoint(struct serving *s)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    struct cmc_reader *reader = NULL;
    struct cmc_checkpoint p = {0};
    int64_t last = 0;
    enum cmc_rc rc;

    if (arena == NULL)
        return cmc_fail(&s->run->err, CMC_E_MEM, NULL, "no memory for a checkpoint");
    rc = cmc_reader_new(s->service.store, &reader, &s->run->err);
    if (rc == CMC_OK)
        rc = cmc_reader_audit_last(reader, &last, &s->run->err);
    if (rc == CMC_OK && last > s->checkpoint)
        rc = cmc_checkpoint_make(s->run->crypto, reader, s->service.authorities[0].responder_cert,
                                 s->responder_key, arena, &p, &s->run->err);
    if (rc == CMC_OK && last > s->checkpoint)
        rc = commit_checkpoint(s, &p, arena);
    cmc_reader_free(reader);
    cmc_arena_free(arena);
    return rc;
}

/* -- tokens ------------------------------------------------------------------------------ */

/* One line when a token goes away and one when it is back, however many requests that hits. */
static void token_changed(void *arg, const struct cmc_token_state *state)
{
    struct cmc_log *log = arg;

    cmc_log_event(log, state->away ? CMC_LOG_ERROR : CMC_LOG_INFO,
                  state->away ? "token-away" : "token-back", "token", state->label,
                  state->away ? "why" : "was", state->why, NULL);
}

/* -- starting ---------------------------------------------------------------------------- */

static enum cmc_rc load(struct serving *s, const char *path)
{
    struct cmc_err *err = &s->run->err;
    enum cmc_rc rc = cmc_conf_load(path != NULL ? path : CMCD_DEFAULT_CONF, &s->conf, err);

    if (rc != CMC_OK)
        return rc;
    s->log = cmc_log_new(STDERR_FILENO, s->conf->log_level, s->conf->log_format);
    if (s->log == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the log");
    cmc_tokens_watch(token_changed, s->log);
    rc = cmc_service_load(&s->service, s->conf, s->run->crypto, err);
    if (rc == CMC_OK)
        rc = cmc_service_open(&s->service, s->log, err);
    if (rc == CMC_OK)
        rc = cmc_routes_new(s->conf, &s->routes, err);
    return rc;
}

/* All of them listen before the first serves: then either all is well, or nothing has begun. */
static enum cmc_rc start(struct serving *s)
{
    struct cmc_err *err = &s->run->err;
    enum cmc_rc rc = CMC_OK;

    s->counters.started_at = time(NULL);
    for (unsigned int i = 0; i < s->conf->listener_count && rc == CMC_OK; i++) {
        s->ports[i] = s->conf->listeners[i].port;
        rc = cmc_http_port_check(s->conf->listeners[i].address, s->ports[i], err);
    }
    if (rc == CMC_OK)
        rc = cmc_desks_new(&s->service, s->log, &s->desks, err);
    for (unsigned int i = 0; i < s->conf->workers && rc == CMC_OK; i++)
        rc = cmc_worker_new(&s->service, &s->routes, &s->counters, s->desks, s->log, s->ports,
                            &s->workers[i], err);
    if (rc == CMC_OK)
        rc = audit(s, "start");
    if (rc == CMC_OK)
        rc = cmc_service_key(&s->conf->authorities[0].responder, s->run->crypto, &s->responder_key,
                             err);
    if (rc == CMC_OK)
        rc = checkpoint(s);
    for (unsigned int i = 0; i < s->conf->workers && rc == CMC_OK; i++)
        rc = cmc_worker_start(s->workers[i], err);
    if (rc == CMC_OK)
        rc = cmc_crl_schedule_start(&s->service, s->log, &s->schedule, err);
    return rc;
}

static void describe_listeners(const struct serving *s, struct cmc_buf *out)
{
    for (unsigned int i = 0; i < s->conf->listener_count; i++)
        cmc_buf_printf(out, "%s %u %s\n", s->conf->listeners[i].address, s->ports[i],
                       s->conf->listeners[i].tls != NULL ? "tls" : "plain");
}

static enum cmc_rc write_fd(int fd, struct cmc_slice text, struct cmc_err *err)
{
    while (text.n > 0) {
        ssize_t n = write(fd, text.p, text.n);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return cmc_fail(err, CMC_E_LOCAL, NULL, "--ready-fd %d: %s", fd, strerror(errno));
        text.p += n;
        text.n -= (size_t)n;
    }
    return close(fd) == 0
               ? CMC_OK
               : cmc_fail(err, CMC_E_LOCAL, NULL, "--ready-fd %d: %s", fd, strerror(errno));
}

/* Whoever waits for us learns the ports: systemd, a script, a test. */
static enum cmc_rc announce(struct serving *s, const struct values *v)
{
    struct cmc_err *err = &s->run->err;
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    for (unsigned int i = 0; i < s->conf->listener_count; i++) {
        char port[8];

        (void)snprintf(port, sizeof port, "%u", s->ports[i]);
        cmc_log_event(s->log, CMC_LOG_INFO, "listening", "address", s->conf->listeners[i].address,
                      "port", port, "tls", s->conf->listeners[i].tls != NULL ? "yes" : "no", NULL);
    }
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    describe_listeners(s, &b);
    if (!cmc_buf_ok(&b))
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory to say where we listen");
    if (rc == CMC_OK && v->port_file != NULL)
        rc = cmc_file_write(v->port_file, 0644, cmc_buf_get0(&b), err);
    if (rc == CMC_OK && v->ready_fd != NO_FD)
        rc = write_fd((int)v->ready_fd, cmc_buf_get0(&b), err);
    if (rc == CMC_OK)
        rc = cmc_notify("READY=1", err);
    cmc_buf_free(&b);
    return rc;
}

/* -- stopping ---------------------------------------------------------------------------- */

/*
 * A thread hangs in a token, and with it what it works with; so nothing can be taken down in order.
 * What was answered is durable, and what was not is told so. A checkpoint would want the token.
 */
static void leave(struct serving *s, enum cmc_rc so_far)
{
    if (audit(s, "stop") != CMC_OK)
        cmc_log_event(s->log, CMC_LOG_ERROR, "stop", "outcome", s->run->err.text, NULL);
    cmc_log_event(s->log, CMC_LOG_WARNING, "stopped", "outcome",
                  "a token hangs; the last checkpoint is that of before", NULL);
    _exit(so_far == CMC_OK ? 0 : 1);
}

static void stop(struct serving *s, enum cmc_rc so_far)
{
    struct cmc_err first = s->run->err;
    unsigned int n = s->conf != NULL ? s->conf->workers : 0;

    for (unsigned int i = 0; i < n && s->workers[i] != NULL; i++)
        cmc_worker_stop(s->workers[i], GRACE_SECONDS);
    cmc_crl_schedule_stop(s->schedule);
    for (unsigned int i = 0; i < n && s->workers[i] != NULL; i++)
        cmc_worker_join(s->workers[i]);
    if (!cmc_desks_stop(s->desks))
        leave(s, so_far);
    if (n > 0 && s->workers[0] != NULL &&
        (audit(s, "stop") != CMC_OK || (s->responder_key != NULL && checkpoint(s) != CMC_OK)))
        cmc_log_event(s->log, CMC_LOG_ERROR, "stop", "outcome", s->run->err.text, NULL);
    EVP_PKEY_free(s->responder_key);
    for (unsigned int i = 0; i < n; i++)
        cmc_worker_free(s->workers[i]);
    cmc_desks_free(s->desks);
    cmc_routes_free(&s->routes);
    cmc_service_close(&s->service);
    if (so_far == CMC_OK)
        cmc_log_event(s->log, CMC_LOG_INFO, "stopped", NULL);
    cmc_tokens_watch(NULL, NULL);
    cmc_log_free(s->log);
    cmc_conf_free(s->conf);
    /* What ended the run is what main() tells. */
    if (so_far != CMC_OK)
        s->run->err = first;
}

static int64_t monotonic_seconds(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

/* Until a signal comes: what time brings about, and a checkpoint now and then. */
static void wait_for_signal(struct serving *s, const sigset_t *set)
{
    const struct timespec tick = {.tv_sec = CMC_SWEEP_SECONDS};
    int64_t due = monotonic_seconds() + (int64_t)s->conf->checkpoint_minutes * 60;
    int sig;

    do {
        cmc_sweep_store(s->service.store, s->conf, s->log);
        sig = sigtimedwait(set, NULL, &tick);
        if (sig < 0 && monotonic_seconds() >= due) {
            due = monotonic_seconds() + (int64_t)s->conf->checkpoint_minutes * 60;
            if (checkpoint(s) != CMC_OK)
                cmc_log_event(s->log, CMC_LOG_ERROR, "checkpoint", "outcome", s->run->err.text,
                              NULL);
        }
    } while (sig < 0);
    cmc_log_event(s->log, CMC_LOG_INFO, "stopping", "signal", sig == SIGTERM ? "SIGTERM" : "SIGINT",
                  NULL);
    (void)cmc_notify("STOPPING=1", NULL);
}

enum cmc_rc cmcd_cmd_serve(struct cmcd_run *r, int argc, char **argv)
{
    struct values v = {.ready_fd = NO_FD};
    struct serving s = {.run = r};
    sigset_t signals;
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    rc = protect(&r->err);
    if (rc == CMC_OK)
        rc = block_signals(&signals, &r->err);
    if (rc == CMC_OK)
        rc = load(&s, v.config);
    if (rc == CMC_OK)
        rc = start(&s);
    if (rc == CMC_OK)
        rc = announce(&s, &v);
    if (rc == CMC_OK)
        wait_for_signal(&s, &signals);
    stop(&s, rc);
    return rc;
}
