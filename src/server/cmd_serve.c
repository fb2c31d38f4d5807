/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd serve: start the workers, wait for signals, load the configuration anew, stop in order. */
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
#include "server/generation.h"
#include "server/notify.h"
#include "server/sweep.h"

/* Requests under way get so long after SIGTERM. */
#define GRACE_SECONDS 10u
/* How often to look whether what is retiring has ended. */
#define RETIRING_NANOSECONDS 50000000l
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
    "Serve until SIGTERM or SIGINT. Requests that are under way are answered first.\n"
    "SIGHUP loads the configuration anew; if anything in it is wrong, the old one holds.",
    rows};

struct serving {
    struct cmcd_run *run;
    const char *path;
    struct cmc_store *store;
    struct cmc_challenges *challenges;
    struct cmc_counters counters;
    struct cmc_generation *now;
    struct cmc_generation *retiring; /* whose place now took, while it has something to do */
    int64_t checkpoint;              /* number of the record that holds the last one */
    bool hangs;                      /* a thread, in a token: see leave() */
};

static struct cmc_lasting lasting(struct serving *s)
{
    return (struct cmc_lasting){.crypto = s->run->crypto,
                                .store = s->store,
                                .challenges = s->challenges,
                                .counters = &s->counters};
}

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
    (void)sigaddset(set, SIGHUP);
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
    rc = record.json != NULL ? cmc_store_commit(s->store, &txn, &s->run->err)
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
    rc = cmc_store_commit(s->store, &txn, &s->run->err);
    if (rc != CMC_OK)
        return rc;
    s->checkpoint = p->seq + 1;
    (void)snprintf(seq, sizeof seq, "%lld", (long long)p->seq);
    for (size_t i = 0; i < CMC_SHA256_OCTETS; i++)
        (void)snprintf(hash + 2 * i, 3, "%02x", p->hash[i]);
    /* In the log too, which is kept elsewhere: see cmcd audit verify --checkpoint. */
    cmc_log_event(s->now->log, CMC_LOG_INFO, "checkpoint", "seq", seq, "hash", hash, NULL);
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
    rc = cmc_reader_new(s->store, &reader, &s->run->err);
    if (rc == CMC_OK)
        rc = cmc_reader_audit_last(reader, &last, &s->run->err);
    if (rc == CMC_OK && last > s->checkpoint)
        rc = cmc_checkpoint_make(s->run->crypto, reader,
                                 s->now->service.authorities[0].responder_cert,
                                 s->now->responder_key, arena, &p, &s->run->err);
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

/* Which configuration holds from now on, and which certificates of CAs are new with it. */
static enum cmc_rc audit_configuration(struct serving *s, const struct cmc_generation *g,
                                       const struct cmc_generation *before)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    struct cmc_audit_record *records = NULL;
    struct cmc_txn txn = {.at = time(NULL)};
    enum cmc_rc rc;

    if (arena == NULL)
        return cmc_fail(&s->run->err, CMC_E_MEM, NULL, "no memory for an audit record");
    rc = cmc_generation_audit(g, before, s->run->crypto, arena, &records, &txn.naudits,
                              &s->run->err);
    txn.audits = records;
    if (rc == CMC_OK)
        rc = cmc_store_commit(s->store, &txn, &s->run->err);
    cmc_arena_free(arena);
    return rc;
}

static enum cmc_rc load(struct serving *s)
{
    struct cmc_err *err = &s->run->err;
    enum cmc_rc rc = cmc_generation_load(s->path, s->run->crypto, &s->now, err);

    if (rc != CMC_OK)
        return rc;
    cmc_tokens_watch(token_changed, s->now->log);
    s->challenges = cmc_challenges_new();
    if (s->challenges == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to begin");
    return cmc_store_open(s->now->conf->database, false, &s->store, err);
}

/* All of them listen before the first serves: then either all is well, or nothing has begun. */
static enum cmc_rc start(struct serving *s)
{
    const struct cmc_lasting all = lasting(s);
    enum cmc_rc rc;

    s->counters.started_at = time(NULL);
    rc = cmc_generation_make(s->now, &all, NULL, &s->run->err);
    if (rc == CMC_OK)
        rc = audit(s, "start");
    if (rc == CMC_OK)
        rc = audit_configuration(s, s->now, NULL);
    if (rc == CMC_OK)
        rc = checkpoint(s);
    return rc == CMC_OK ? cmc_generation_start(s->now, &s->run->err) : rc;
}

static void describe_listeners(const struct cmc_generation *g, struct cmc_buf *out)
{
    for (unsigned int i = 0; i < g->conf->listener_count; i++)
        cmc_buf_printf(out, "%s %u %s\n", g->conf->listeners[i].address,
                       cmc_sockets_port(g->sockets, i),
                       g->conf->listeners[i].tls != NULL ? "tls" : "plain");
}

static void log_listeners(const struct cmc_generation *g)
{
    for (unsigned int i = 0; i < g->conf->listener_count; i++) {
        char port[8];

        (void)snprintf(port, sizeof port, "%u", cmc_sockets_port(g->sockets, i));
        cmc_log_event(g->log, CMC_LOG_INFO, "listening", "address", g->conf->listeners[i].address,
                      "port", port, "tls", g->conf->listeners[i].tls != NULL ? "yes" : "no", NULL);
    }
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

    log_listeners(s->now);
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    describe_listeners(s->now, &b);
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
        cmc_log_event(s->now->log, CMC_LOG_ERROR, "stop", "outcome", s->run->err.text, NULL);
    cmc_log_event(s->now->log, CMC_LOG_WARNING, "stopped", "outcome",
                  "a token hangs; the last checkpoint is that of before", NULL);
    _exit(so_far == CMC_OK ? 0 : 1);
}

static void bury(struct cmc_generation **g)
{
    cmc_generation_free(*g);
    *g = NULL;
}

static void stop(struct serving *s, enum cmc_rc so_far)
{
    struct cmc_err first = s->run->err;
    bool began;

    if (s->now == NULL)
        return; /* the configuration was not even read */
    began = s->now->workers[0] != NULL;
    cmc_generation_stop(s->now, GRACE_SECONDS, false);
    if (s->retiring != NULL) {
        cmc_generation_stop(s->retiring, GRACE_SECONDS, false);
        s->hangs = !cmc_generation_join(s->retiring) || s->hangs;
    }
    s->hangs = !cmc_generation_join(s->now) || s->hangs;
    if (s->hangs)
        leave(s, so_far);
    if (began &&
        (audit(s, "stop") != CMC_OK || (s->now->responder_key != NULL && checkpoint(s) != CMC_OK)))
        cmc_log_event(s->now->log, CMC_LOG_ERROR, "stop", "outcome", s->run->err.text, NULL);
    bury(&s->retiring);
    if (so_far == CMC_OK)
        cmc_log_event(s->now->log, CMC_LOG_INFO, "stopped", NULL);
    cmc_tokens_watch(NULL, NULL);
    bury(&s->now);
    cmc_store_close(s->store);
    cmc_challenges_free(s->challenges);
    /* What ended the run is what main() tells. */
    if (so_far != CMC_OK)
        s->run->err = first;
}

/* -- loading anew ------------------------------------------------------------------------ */

/* The store's writer is first in, first out: after this, all that was submitted is called back. */
static void let_go(struct serving *s)
{
    const struct cmc_txn nothing = {.at = time(NULL)};
    bool ended = cmc_generation_join(s->retiring);

    if (cmc_store_commit(s->store, &nothing, &s->run->err) != CMC_OK)
        cmc_log_event(s->now->log, CMC_LOG_ERROR, "reload", "outcome", s->run->err.text, NULL);
    if (ended) {
        bury(&s->retiring);
        return;
    }
    /* What it works with has to stay until the process ends. */
    cmc_log_event(s->now->log, CMC_LOG_WARNING, "reload", "outcome",
                  "a token hangs; what waits for it is kept", NULL);
    s->hangs = true;
    s->retiring = NULL;
}

/* Whatever is wrong leaves all as it is. */
static enum cmc_rc make_next(struct serving *s, struct cmc_generation **out)
{
    const struct cmc_lasting all = lasting(s);
    struct cmc_generation *next = NULL;
    struct cmc_err *err = &s->run->err;
    enum cmc_rc rc = cmc_generation_load(s->path, s->run->crypto, &next, err);

    if (rc == CMC_OK && strcmp(next->conf->database, s->now->conf->database) != 0)
        rc =
            cmc_fail(err, CMC_E_USAGE, NULL,
                     "%s: 'database' is %s, and %s is in use; to change it, stop cmcd and start it",
                     next->conf->path, next->conf->database, s->now->conf->database);
    if (rc == CMC_OK)
        rc = cmc_generation_make(next, &all, s->now, err);
    if (rc == CMC_OK)
        rc = audit_configuration(s, next, s->now);
    if (rc == CMC_OK)
        rc = cmc_generation_start(next, err);
    if (rc == CMC_OK) {
        *out = next;
        return CMC_OK;
    }
    if (next != NULL) {
        cmc_generation_stop(next, 0, false);
        if (!cmc_generation_join(next)) {
            s->hangs = true;
            next = NULL;
        }
    }
    bury(&next);
    return rc;
}

static void reload(struct serving *s)
{
    struct cmc_generation *next = NULL;

    (void)cmc_notify("RELOADING=1", NULL);
    if (s->retiring != NULL)
        let_go(s);
    if (make_next(s, &next) == CMC_OK) {
        s->retiring = s->now;
        s->now = next;
        cmc_tokens_watch(token_changed, s->now->log);
        cmc_generation_stop(s->retiring, GRACE_SECONDS, true);
        cmc_log_event(s->now->log, CMC_LOG_INFO, "reload", "outcome", "success", NULL);
        log_listeners(s->now);
        /* The responder may be another one, and the first thing it did be lost otherwise. */
        if (checkpoint(s) != CMC_OK)
            cmc_log_event(s->now->log, CMC_LOG_ERROR, "checkpoint", "outcome", s->run->err.text,
                          NULL);
    } else {
        cmc_log_event(s->now->log, CMC_LOG_ERROR, "reload", "outcome", s->run->err.text, "clause",
                      s->run->err.clause, NULL);
    }
    s->run->err = (struct cmc_err){0};
    (void)cmc_notify("READY=1", NULL);
}

/* -- waiting ----------------------------------------------------------------------------- */

static int64_t monotonic_seconds(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

/* What time brings about, and a checkpoint now and then. */
static void tick(struct serving *s, int64_t *sweep_due, int64_t *checkpoint_due)
{
    int64_t now = monotonic_seconds();

    if (s->retiring != NULL && cmc_generation_has_ended(s->retiring))
        let_go(s);
    if (now >= *sweep_due) {
        *sweep_due = now + CMC_SWEEP_SECONDS;
        cmc_sweep_store(s->store, s->now->conf, s->now->log);
    }
    if (now >= *checkpoint_due) {
        *checkpoint_due = now + (int64_t)s->now->conf->checkpoint_minutes * 60;
        if (checkpoint(s) != CMC_OK)
            cmc_log_event(s->now->log, CMC_LOG_ERROR, "checkpoint", "outcome", s->run->err.text,
                          NULL);
    }
}

/* Until a signal comes that ends us. */
static void wait_for_end(struct serving *s, const sigset_t *set)
{
    static const struct timespec seldom = {.tv_sec = CMC_SWEEP_SECONDS};
    static const struct timespec soon = {.tv_nsec = RETIRING_NANOSECONDS};
    int64_t sweep_due = monotonic_seconds();
    int64_t checkpoint_due = sweep_due + (int64_t)s->now->conf->checkpoint_minutes * 60;
    int sig;

    do {
        tick(s, &sweep_due, &checkpoint_due);
        sig = sigtimedwait(set, NULL, s->retiring != NULL ? &soon : &seldom);
        if (sig == SIGHUP)
            reload(s);
    } while (sig < 0 || sig == SIGHUP);
    cmc_log_event(s->now->log, CMC_LOG_INFO, "stopping", "signal",
                  sig == SIGTERM ? "SIGTERM" : "SIGINT", NULL);
    (void)cmc_notify("STOPPING=1", NULL);
}

enum cmc_rc cmcd_cmd_serve(struct cmcd_run *r, int argc, char **argv)
{
    struct values v = {.ready_fd = NO_FD};
    struct serving s = {.run = r, .path = CMCD_DEFAULT_CONF};
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
    if (v.config != NULL)
        s.path = v.config;
    if (rc == CMC_OK)
        rc = load(&s);
    if (rc == CMC_OK)
        rc = start(&s);
    if (rc == CMC_OK)
        rc = announce(&s, &v);
    if (rc == CMC_OK)
        wait_for_end(&s, &signals);
    stop(&s, rc);
    return rc;
}
