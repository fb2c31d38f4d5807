/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256u
#define START_TRIES     4000
#define RESPONSE_MAX    (1u << 20)
#define FLOOR_SECONDS   0.15
#define POLL_MS         60000

_Noreturn void bench_die(const char *what, const struct cmc_err *err)
{
    (void)fprintf(stderr, "bench: %s%s%s\n", what, err != NULL ? ": " : "",
                  err != NULL ? err->text : "");
    exit(1);
}

double bench_seconds(clockid_t clock)
{
    struct timespec ts;

    if (clock_gettime(clock, &ts) != 0)
        bench_die("a clock cannot be read", NULL);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void *bench_alloc(size_t count, size_t size)
{
    void *p = calloc(count, size);

    if (p == NULL)
        bench_die("out of memory", NULL);
    return p;
}

void bench_run(const char *const *argv)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void)dup2(null, STDOUT_FILENO);
        (void)execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0)
        bench_die("a program that prepares the run failed", NULL);
}

pid_t bench_spawn(const char *const *argv)
{
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    if (pid < 0)
        bench_die("no process", NULL);
    return pid;
}

void bench_kill(pid_t pid)
{
    int status;

    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, &status, 0);
}

void bench_result(const char *name, double value, const char *unit, const char *better, double goal)
{
    bool good = better[0] == '<' ? value <= goal : value >= goal;

    (void)printf("RESULT %s\t%.6g\t%s\t%s %g\t%s\n", name, value, unit, better, goal,
                 good ? "reached" : "missed");
}

void bench_note(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
    (void)putchar('\n');
}

/* -- the server -------------------------------------------------------------------------- */

const char *bench_file(const struct bench_server *s, const char *name, char out[BENCH_PATH * 2])
{
    (void)snprintf(out, BENCH_PATH * 2, "%s/ca/%s", s->dir, name);
    return out;
}

void bench_server_init(struct bench_server *s, const char *cmcd, const char *key_type,
                       unsigned int workers)
{
    char ca[BENCH_PATH * 2];
    FILE *conf;

    *s = (struct bench_server){.cmcd = cmcd};
    (void)snprintf(s->dir, sizeof s->dir, "/tmp/bench-XXXXXX");
    if (mkdtemp(s->dir) == NULL)
        bench_die("no folder in /tmp", NULL);
    (void)bench_file(s, "", ca);
    bench_run((const char *const[]){cmcd, "init", "--port", "0", "--tls-port", "0", "--key-type",
                                    key_type, "--url", "http://127.0.0.1", ca, NULL});
    if (workers == 0)
        return;
    conf = fopen(bench_file(s, "cmcd.yaml", ca), "ae");
    if (conf == NULL || fprintf(conf, "\nworkers: %u\n", workers) < 0 || fclose(conf) != 0)
        bench_die("the configuration cannot be written", NULL);
}

static bool read_ports(struct bench_server *s, const char *file)
{
    FILE *f = fopen(file, "re");
    char address[64], kind[16];
    unsigned int port;

    while (f != NULL && fscanf(f, "%63s %u %15s", address, &port, kind) == 3) {
        if (strcmp(kind, "plain") == 0)
            s->port = (uint16_t)port;
        else
            s->tls_port = (uint16_t)port;
    }
    if (f != NULL)
        (void)fclose(f);
    return s->port != 0 && s->tls_port != 0;
}

void bench_server_start(struct bench_server *s)
{
    char conf[BENCH_PATH * 2], ports[BENCH_PATH + 16], log[BENCH_PATH + 16];
    const struct timespec nap = {0, 5000000};
    int out;

    (void)bench_file(s, "cmcd.yaml", conf);
    (void)snprintf(ports, sizeof ports, "%s/ports", s->dir);
    (void)snprintf(log, sizeof log, "%s/log", s->dir);
    s->pid = fork();
    if (s->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a benchmark that dies leaves no server */
        out = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        (void)dup2(out, STDERR_FILENO);
        (void)dup2(out, STDOUT_FILENO);
        (void)execl(s->cmcd, s->cmcd, "serve", "-c", conf, "--port-file", ports, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < START_TRIES && !read_ports(s, ports); i++)
        (void)nanosleep(&nap, NULL);
    if (s->port == 0 || clock_getcpuclockid(s->pid, &s->cpu) != 0)
        bench_die("cmcd does not serve", NULL);
}

void bench_server_end(struct bench_server *s)
{
    char ports[BENCH_PATH + 16];
    int status;

    if (s->pid > 0) {
        (void)kill(s->pid, SIGTERM);
        (void)waitpid(s->pid, &status, 0);
    }
    (void)snprintf(ports, sizeof ports, "%s/ports", s->dir);
    (void)unlink(ports);
    s->pid = 0;
    s->port = s->tls_port = 0;
}

void bench_server_stop(struct bench_server *s)
{
    bench_server_end(s);
    bench_run((const char *const[]){"/bin/rm", "-r", s->dir, NULL});
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&sin, sizeof sin) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

bool bench_listens(uint16_t port)
{
    int fd = connect_to(port);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

uint16_t bench_free_port(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    socklen_t n = sizeof sin;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&sin, sizeof sin) != 0 ||
        getsockname(fd, (struct sockaddr *)&sin, &n) != 0)
        bench_die("no free port", NULL);
    (void)close(fd);
    return ntohs(sin.sin_port);
}

double bench_fetch(uint16_t port, struct cmc_slice request, size_t *octets)
{
    double began = bench_seconds(CLOCK_MONOTONIC);
    size_t size = 1u << 20, got = 0, want = SIZE_MAX;
    char *in = bench_alloc(1, size + 1);
    int fd = connect_to(port);

    if (fd < 0 || send(fd, request.p, request.n, MSG_NOSIGNAL) != (ssize_t)request.n)
        bench_die("cannot connect", NULL);
    *octets = 0;
    while (*octets < want) {
        /* The head stays at the front; what follows is counted and dropped. */
        ssize_t n = recv(fd, in + got, size - got, 0);
        const char *end, *length;

        if (n <= 0)
            bench_die("the server closed a connection", NULL);
        *octets += (size_t)n;
        if (want != SIZE_MAX)
            continue;
        got += (size_t)n;
        in[got] = '\0';
        end = strstr(in, "\r\n\r\n");
        if (end == NULL)
            continue;
        length = strcasestr(in, "\r\nContent-Length:");
        if (strncmp(in, "HTTP/1.1 200 ", 13) != 0 || length == NULL)
            bench_die(in, NULL);
        want = (size_t)(end + 4 - in) + strtoul(length + 17, NULL, 10);
        got = 0;
    }
    (void)close(fd);
    free(in);
    return bench_seconds(CLOCK_MONOTONIC) - began;
}

/* -- the load ---------------------------------------------------------------------------- */

struct conn {
    int fd;
    SSL *ssl;
    size_t request; /* which one is under way */
    size_t sent, got;
    double began;
    char *in;
};

struct driver {
    const struct bench_load *l;
    struct conn conns[CONNECTIONS_MAX];
    SSL_CTX *tls;
    double *latency;
};

static void conn_open(struct driver *d, struct conn *c)
{
    int one = 1;

    c->fd = connect_to(d->l->port);
    c->in = bench_alloc(1, RESPONSE_MAX);
    if (c->fd < 0 || setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        bench_die("cannot connect", NULL);
    if (d->tls != NULL) {
        c->ssl = SSL_new(d->tls);
        if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 || SSL_connect(c->ssl) != 1 ||
            strcmp(SSL_get_version(c->ssl), "TLSv1.3") != 0)
            bench_die("no TLS 1.3", NULL);
    }
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
        bench_die("cannot connect", NULL);
}

/* Octets moved; 0: would block. */
static size_t conn_send(struct conn *c, const uint8_t *p, size_t n)
{
    ssize_t moved;
    int e;

    if (c->ssl == NULL) {
        moved = send(c->fd, p, n, MSG_NOSIGNAL);
        if (moved > 0 || (moved < 0 && errno == EAGAIN))
            return moved > 0 ? (size_t)moved : 0;
    } else {
        e = SSL_write(c->ssl, p, (int)n);
        if (e > 0)
            return (size_t)e;
        e = SSL_get_error(c->ssl, e);
        if (e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ)
            return 0;
    }
    bench_die("the server closed a connection", NULL);
}

static size_t conn_recv(struct conn *c, char *p, size_t n)
{
    ssize_t moved;
    int e;

    if (c->ssl == NULL) {
        moved = recv(c->fd, p, n, 0);
        if (moved > 0 || (moved < 0 && errno == EAGAIN))
            return moved > 0 ? (size_t)moved : 0;
    } else {
        e = SSL_read(c->ssl, p, (int)n);
        if (e > 0)
            return (size_t)e;
        e = SSL_get_error(c->ssl, e);
        if (e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ)
            return 0;
    }
    bench_die("the server closed a connection", NULL);
}

/* True when the whole answer is there; HTTP 200 is the only good one. */
static bool conn_answered(struct conn *c)
{
    const char *end, *length;

    c->in[c->got] = '\0';
    end = strstr(c->in, "\r\n\r\n");
    if (end == NULL)
        return false;
    if (strncmp(c->in, "HTTP/1.1 200 ", 13) != 0)
        bench_die(c->in, NULL);
    length = strcasestr(c->in, "\r\nContent-Length:");
    if (length == NULL) /* chunked: the peer's way */
        return c->got > 5 && memcmp(c->in + c->got - 5, "0\r\n\r\n", 5) == 0;
    return c->got >= (size_t)(end + 4 - c->in) + strtoul(length + 17, NULL, 10);
}

/* Move what can be moved; true when the request is answered. */
static bool conn_step(const struct driver *d, struct conn *c)
{
    struct cmc_slice rq = d->l->requests[c->request];
    size_t n;

    while (c->sent < rq.n) {
        n = conn_send(c, rq.p + c->sent, rq.n - c->sent);
        if (n == 0)
            return false;
        c->sent += n;
    }
    while ((n = conn_recv(c, c->in + c->got, RESPONSE_MAX - 1 - c->got)) > 0) {
        c->got += n;
        if (conn_answered(c))
            return true;
    }
    return false;
}

static void conn_start(struct conn *c, size_t request)
{
    c->request = request;
    c->sent = c->got = 0;
    c->began = bench_seconds(CLOCK_MONOTONIC);
}

/* Send requests from..to over the connections. Returns the wall seconds. */
static double drive(struct driver *d, size_t from, size_t to)
{
    struct pollfd fds[CONNECTIONS_MAX];
    double began = bench_seconds(CLOCK_MONOTONIC);
    size_t next = from, done = 0, nconns = d->l->connections;

    for (size_t i = 0; i < nconns; i++) {
        fds[i] = (struct pollfd){.fd = -1};
        if (next < to) {
            fds[i] = (struct pollfd){.fd = d->conns[i].fd, .events = POLLIN | POLLOUT};
            conn_start(&d->conns[i], next++);
        }
    }
    while (done < to - from) {
        if (poll(fds, nconns, POLL_MS) <= 0)
            bench_die("the server does not answer", NULL);
        for (size_t i = 0; i < nconns; i++) {
            struct conn *c = &d->conns[i];

            if (fds[i].fd < 0 || fds[i].revents == 0)
                continue;
            if (!conn_step(d, c)) {
                fds[i].events = c->sent < d->l->requests[c->request].n ? POLLIN | POLLOUT : POLLIN;
                continue;
            }
            d->latency[c->request] = (bench_seconds(CLOCK_MONOTONIC) - c->began) * MICRO;
            done++;
            if (next < to) {
                conn_start(c, next++);
                fds[i].events = POLLIN | POLLOUT;
            } else {
                fds[i].fd = -1;
            }
        }
    }
    return bench_seconds(CLOCK_MONOTONIC) - began;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

void bench_drive(const struct bench_load *l, struct bench_outcome *out)
{
    struct driver *d = bench_alloc(1, sizeof *d);
    size_t measured = l->n - l->warm_up, half = l->warm_up + measured / 2;
    double floors[3], cpu, wall;

    if (l->connections > CONNECTIONS_MAX || l->n <= l->warm_up + 1)
        bench_die("too many connections, or too few requests", NULL);
    d->l = l;
    d->latency = bench_alloc(l->n, sizeof *d->latency);
    if (l->tls)
        d->tls = SSL_CTX_new(TLS_client_method());
    if (l->tls && (d->tls == NULL || SSL_CTX_set_min_proto_version(d->tls, TLS1_3_VERSION) != 1))
        bench_die("no TLS", NULL);
    for (size_t i = 0; i < l->connections; i++)
        conn_open(d, &d->conns[i]);
    floors[0] = l->floor(l->floor_arg);
    (void)drive(d, 0, l->warm_up);
    cpu = bench_seconds(l->cpu);
    wall = drive(d, l->warm_up, half);
    cpu = bench_seconds(l->cpu) - cpu;
    floors[1] = l->floor(l->floor_arg);
    cpu -= bench_seconds(l->cpu);
    wall += drive(d, half, l->n);
    cpu += bench_seconds(l->cpu);
    floors[2] = l->floor(l->floor_arg);
    qsort(floors, 3, sizeof floors[0], by_value);
    qsort(d->latency + l->warm_up, measured, sizeof *d->latency, by_value);
    *out = (struct bench_outcome){.cpu = cpu / (double)measured * MICRO,
                                  .floor = floors[1],
                                  .floor_min = floors[0],
                                  .floor_max = floors[2],
                                  .rate = (double)measured / wall,
                                  .p50 = d->latency[l->warm_up + measured / 2],
                                  .p99 = d->latency[l->warm_up + measured * 99 / 100]};
    for (size_t i = 0; i < l->connections; i++) {
        SSL_free(d->conns[i].ssl);
        (void)close(d->conns[i].fd);
        free(d->conns[i].in);
    }
    SSL_CTX_free(d->tls);
    free(d->latency);
    free(d);
}

void bench_print(const struct bench_outcome *o, size_t per_request, const char *what)
{
    double n = (double)per_request;

    bench_note("  CPU of the server   %8.1f us for each %s", o->cpu / n, what);
    bench_note("  floor               %8.1f us (%.1f to %.1f), ratio %.2f", o->floor / n,
               o->floor_min / n, o->floor_max / n, o->cpu / o->floor);
    bench_note("  throughput          %8.0f a second, the load on the same machine", o->rate * n);
    bench_note("  latency             %8.0f us p50, %.0f us p99, of a message", o->p50, o->p99);
}

/* -- the floor --------------------------------------------------------------------------- */

static const uint8_t floor_data[600] = {0x30};

static double measure(EVP_PKEY *key, bool verify)
{
    EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char sig[1024];
    size_t n = sizeof sig, rounds = 0;
    double began, now;

    if (md == NULL || ctx == NULL || EVP_DigestSignInit(ctx, NULL, md, NULL, key) != 1 ||
        EVP_DigestSign(ctx, sig, &n, floor_data, sizeof floor_data) != 1)
        bench_die("bare cryptography failed", NULL);
    began = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    do {
        size_t m = sizeof sig;
        bool ok = EVP_MD_CTX_reset(ctx) == 1;

        if (verify)
            ok = ok && EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) == 1 &&
                 EVP_DigestVerify(ctx, sig, n, floor_data, sizeof floor_data) == 1;
        else
            ok = ok && EVP_DigestSignInit(ctx, NULL, md, NULL, key) == 1 &&
                 EVP_DigestSign(ctx, sig, &m, floor_data, sizeof floor_data) == 1;
        if (!verify)
            n = m;
        if (!ok)
            bench_die("bare cryptography failed", NULL);
        rounds++;
        now = bench_seconds(CLOCK_PROCESS_CPUTIME_ID);
    } while (now - began < FLOOR_SECONDS);
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    return (now - began) / (double)rounds * MICRO;
}

double bench_sign_us(EVP_PKEY *key)
{
    return measure(key, false);
}

double bench_verify_us(EVP_PKEY *key)
{
    return measure(key, true);
}
