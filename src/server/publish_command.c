/* SPDX-License-Identifier: Apache-2.0 */
#include "server/publish_command.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "base/file.h"

/* From SIGTERM to SIGKILL, and so long a program may work while cmcd stops. */
#define GRACE_MS 2000
#define STOP_MS  5000
/* How often we look whether it has ended. */
#define LOOK_MS 20
/* Of the first line that it writes to standard error. */
#define LINE_OCTETS 200
#define FACTS_MAX   12

/* -- what it is told --------------------------------------------------------------------- */

struct facts {
    char *list[FACTS_MAX]; /* ended by NULL */
    size_t n;
    bool failed;
};

static void CMC_PRINTF(2, 3) add_fact(struct facts *f, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0 || f->n + 1 >= FACTS_MAX) {
        f->failed = true;
        if (n >= 0)
            free(text);
        return;
    }
    f->list[f->n++] = text;
}

static void add_time(struct facts *f, const char *name, int64_t t)
{
    time_t when = (time_t)t;
    struct tm tm;
    char text[32];

    if (gmtime_r(&when, &tm) != NULL && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
        add_fact(f, "%s=%s", name, text);
}

static void gather(const struct cmc_publish_object *o, struct facts *f)
{
    bool cert = o->kind == CMC_PUBLISH_CERT;
    struct cmc_buf issuer;

    cmc_buf_init(&issuer, CMC_LIMIT_LOG_LINE);
    cmc_name_print(o->issuer, &issuer);
    add_fact(f, "PATH=/usr/local/bin:/usr/bin:/bin");
    add_fact(f, "CMC_KIND=%s", cert ? "certificate" : cmc_publish_kind_name(o->kind));
    add_fact(f, "CMC_ACTION=%s", o->wanted ? "publish" : "remove");
    add_fact(f, "CMC_ISSUER=%s", cmc_buf_cstr(&issuer) != NULL ? cmc_buf_cstr(&issuer) : "");
    /* A program that wants a name for what it reads. */
    add_fact(f, "CMC_FILE=/dev/stdin");
    if (o->kind == CMC_PUBLISH_CRL || o->kind == CMC_PUBLISH_DELTA) {
        add_fact(f, "CMC_SHARD=%u", o->shard);
        add_fact(f, "CMC_NUMBER=%" PRIu64, o->number);
        add_time(f, "CMC_THIS_UPDATE", o->this_update);
        add_time(f, "CMC_NEXT_UPDATE", o->next_update);
    }
    cmc_buf_free(&issuer);
}

static void forget(struct facts *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->list[i]);
}

/* -- starting it ------------------------------------------------------------------------- */

/* The object as a file that begins at its beginning. */
static enum cmc_rc open_input(const struct cmc_publish_object *o, int *fd, struct cmc_err *err)
{
    enum cmc_rc rc;

    if (o->fd >= 0) {
        *fd = o->fd;
        if (lseek(o->fd, 0, SEEK_SET) == 0)
            return CMC_OK;
        return cmc_fail(err, CMC_E_LOCAL, NULL, "the CRL cannot be read: %s", strerror(errno));
    }
    *fd = memfd_create("object", MFD_CLOEXEC);
    if (*fd < 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "no file in memory: %s", strerror(errno));
    rc = cmc_file_add(*fd, o->der, err);
    if (rc == CMC_OK && lseek(*fd, 0, SEEK_SET) != 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "no file in memory: %s", strerror(errno));
    return rc;
}

/* Nothing of ours goes along: not what we ignore or block, no descriptor but three. */
static int set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, int in, int err_fd)
{
    sigset_t none, all;
    int e;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    e = posix_spawnattr_setsigmask(attr, &none);
    if (e == 0)
        e = posix_spawnattr_setsigdefault(attr, &all);
    /* A group of its own, so that what it starts ends with it. */
    if (e == 0)
        e = posix_spawnattr_setpgroup(attr, 0);
    if (e == 0)
        e = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                               POSIX_SPAWN_SETPGROUP);
    if (e == 0)
        e = posix_spawn_file_actions_adddup2(actions, in, STDIN_FILENO);
    if (e == 0)
        e = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (e == 0)
        e = posix_spawn_file_actions_adddup2(actions, err_fd, STDERR_FILENO);
    if (e == 0)
        e = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    if (e == 0)
        e = posix_spawn_file_actions_addchdir_np(actions, "/");
    return e;
}

static int start(const struct cmc_publish_command *c, char *const *facts, int in, int err_fd,
                 pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int e = posix_spawn_file_actions_init(&actions);

    if (e != 0)
        return e;
    e = posix_spawnattr_init(&attr);
    if (e == 0) {
        e = set_up(&actions, &attr, in, err_fd);
        if (e == 0)
            e = posix_spawn(pid, c->argv[0], &actions, &attr, c->argv, facts);
        (void)posix_spawnattr_destroy(&attr);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return e;
}

/* -- waiting for it ---------------------------------------------------------------------- */

struct watch {
    pid_t pid;
    int fd; /* its standard error */
    int64_t begun;
    char line[LINE_OCTETS + 1];
    size_t n;
    bool full; /* the first line is there whole */
};

static int64_t now_ms(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Keep the first line; the rest is read so that nobody waits, and thrown away. */
static void drain(struct watch *w)
{
    char piece[4096];
    ssize_t n;

    while (w->fd >= 0 && (n = read(w->fd, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return; /* nothing now */
        for (ssize_t i = 0; i < n && !w->full; i++) {
            if (piece[i] == '\n' || w->n == LINE_OCTETS)
                w->full = true;
            else
                w->line[w->n++] = isprint((unsigned char)piece[i]) ? piece[i] : '?';
        }
    }
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
}

/* True: it has ended, with *status. */
static bool ended(struct watch *w, int *status)
{
    struct pollfd p = {.fd = w->fd, .events = POLLIN};

    (void)poll(&p, w->fd >= 0 ? 1 : 0, LOOK_MS);
    if (w->fd >= 0)
        drain(w);
    return waitpid(w->pid, status, WNOHANG) == w->pid;
}

static bool out_of_time(const struct cmc_publish_command *c, const struct watch *w)
{
    int64_t so_far = now_ms() - w->begun;

    return so_far > (int64_t)c->timeout * 1000 ||
           (c->stop != NULL && atomic_load(c->stop) && so_far > STOP_MS);
}

/* False: it was stopped, because its time was over. */
static bool wait_for(const struct cmc_publish_command *c, struct watch *w, int *status)
{
    int64_t killed = 0;
    bool last = false;

    while (!ended(w, status)) {
        if (killed == 0 && out_of_time(c, w)) {
            (void)kill(-w->pid, SIGTERM);
            killed = now_ms();
        } else if (killed != 0 && !last && now_ms() - killed > GRACE_MS) {
            (void)kill(-w->pid, SIGKILL);
            last = true;
        }
    }
    /* What it left behind in its group holds nothing of ours, but is not to go on either. */
    (void)kill(-w->pid, SIGKILL);
    if (w->fd >= 0)
        drain(w);
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
    return killed == 0;
}

static enum cmc_rc judge(const struct cmc_publish_command *c, const struct watch *w, bool in_time,
                         int status, struct cmc_err *err)
{
    const char *colon = w->n > 0 ? ": " : "";

    if (!in_time)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "%s: stopped after %u seconds%s%s", c->argv[0],
                        (unsigned int)((now_ms() - w->begun) / 1000), colon, w->line);
    if (WIFSIGNALED(status))
        return cmc_fail(err, CMC_E_LOCAL, NULL, "%s: ended by signal %d%s%s", c->argv[0],
                        WTERMSIG(status), colon, w->line);
    if (WEXITSTATUS(status) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "%s: exit status %d%s%s", c->argv[0],
                        WEXITSTATUS(status), colon, w->line);
    return CMC_OK;
}

static enum cmc_rc run(const struct cmc_publish_command *c, char *const *facts, int in,
                       struct cmc_err *err)
{
    struct watch w = {.fd = -1};
    int pipes[2], status = 0, e;
    bool in_time;

    if (pipe2(pipes, O_CLOEXEC) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "no pipe: %s", strerror(errno));
    /* Our end only: the program may be one that does not expect it. */
    (void)fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    w.begun = now_ms();
    e = start(c, facts, in, pipes[1], &w.pid);
    (void)close(pipes[1]);
    w.fd = pipes[0];
    if (e != 0) {
        (void)close(w.fd);
        return cmc_fail(err, CMC_E_LOCAL, NULL, "%s: cannot be run: %s", c->argv[0], strerror(e));
    }
    in_time = wait_for(c, &w, &status);
    return judge(c, &w, in_time, status, err);
}

enum cmc_rc cmc_publish_command_put(void *self, const struct cmc_publish_object *o,
                                    struct cmc_err *err)
{
    struct facts facts = {0};
    int in = -1;
    enum cmc_rc rc = open_input(o, &in, err);

    gather(o, &facts);
    if (rc == CMC_OK && facts.failed)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory to run %s",
                      ((struct cmc_publish_command *)self)->argv[0]);
    if (rc == CMC_OK)
        rc = run(self, facts.list, in, err);
    if (in >= 0 && in != o->fd)
        (void)close(in);
    forget(&facts);
    return rc;
}
