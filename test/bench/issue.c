/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one issuance costs the server, over the cryptography that it cannot avoid.
 *
 *     bench-issue CMCD [REQUESTS [CONNECTIONS]]
 *
 * Makes an authority with cmcd init in a temporary folder, serves it, and sends officer-signed
 * CMC requests (P-256 throughout) over keep-alive connections. The cost is the CPU time of the
 * cmcd process, all threads, read from its CPU clock; the floor is two verifications and two
 * signatures by EVP with keys loaded, measured by this program in the same run, before, in the
 * middle and after. Everything is on: SQLite with synchronous=FULL, audit, all checks.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/buf.h"
#include "cms/signed_data.h"
#include "key/key.h"
#include "message/body.h"
#include "message/request.h"

#define PATH_SIZE       256
#define WARM_UP         200u
#define CONNECTIONS_MAX 256u
#define FLOOR_ROUNDS    2000u
#define START_TRIES     2000
#define RESPONSE_MAX    (1u << 20)
#define MICRO           1e6

struct bench {
    char dir[PATH_SIZE];
    const char *cmcd;
    pid_t pid;
    uint16_t port;
    clockid_t cpu; /* of the server process */
    struct cmc_crypto *crypto;
    struct cmc_arena *arena;
    EVP_PKEY *officer_key;
    struct cmc_slice officer_cert;
    EVP_PKEY *key;
    struct cmc_slice csr;
    struct cmc_slice *requests; /* whole HTTP requests */
    double *latency;            /* microseconds, of each */
    size_t n;
};

static void die(const char *what, const struct cmc_err *err)
{
    (void)fprintf(stderr, "bench-issue: %s%s%s\n", what, err != NULL ? ": " : "",
                  err != NULL ? err->text : "");
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec ts;

    if (clock_gettime(clock, &ts) != 0)
        die("a clock cannot be read", NULL);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* -- the server -------------------------------------------------------------------------- */

static void run(const char *const *argv)
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
        die("cmcd init failed", NULL);
}

static bool read_port(struct bench *b, const char *file)
{
    FILE *f = fopen(file, "re");
    char address[64], kind[16];
    unsigned int port;
    bool found = false;

    while (f != NULL && !found && fscanf(f, "%63s %u %15s", address, &port, kind) == 3) {
        b->port = (uint16_t)port;
        found = strcmp(kind, "plain") == 0;
    }
    if (f != NULL)
        (void)fclose(f);
    return found;
}

static void serve(struct bench *b)
{
    char ca[PATH_SIZE + 16], conf[PATH_SIZE + 32], ports[PATH_SIZE + 16], log[PATH_SIZE + 16];
    const struct timespec nap = {0, 5000000};

    (void)snprintf(ca, sizeof ca, "%s/ca", b->dir);
    (void)snprintf(conf, sizeof conf, "%s/ca/cmcd.yaml", b->dir);
    (void)snprintf(ports, sizeof ports, "%s/ports", b->dir);
    (void)snprintf(log, sizeof log, "%s/log", b->dir);
    run((const char *const[]){b->cmcd, "init", "--port", "0", "--tls-port", "0", "--url",
                              "http://127.0.0.1", ca, NULL});
    b->pid = fork();
    if (b->pid == 0) {
        int out = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        (void)dup2(out, STDERR_FILENO);
        (void)dup2(out, STDOUT_FILENO);
        (void)execl(b->cmcd, b->cmcd, "serve", "-c", conf, "--port-file", ports, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < START_TRIES && !read_port(b, ports); i++)
        (void)nanosleep(&nap, NULL);
    if (b->port == 0 || clock_getcpuclockid(b->pid, &b->cpu) != 0)
        die("cmcd does not serve", NULL);
}

static void stop(struct bench *b)
{
    char cmd[PATH_SIZE + 16];
    int status;

    (void)kill(b->pid, SIGTERM);
    (void)waitpid(b->pid, &status, 0);
    (void)snprintf(cmd, sizeof cmd, "%s", b->dir);
    run((const char *const[]){"/bin/rm", "-r", cmd, NULL});
}

/* -- the requests ------------------------------------------------------------------------ */

static void load(struct bench *b)
{
    struct cmc_request_params p = {0};
    char key[PATH_SIZE + 32], cert[PATH_SIZE + 32];
    struct cmc_slice *certs = NULL;
    struct cmc_err err;
    size_t n;

    (void)snprintf(key, sizeof key, "%s/ca/officer.key", b->dir);
    (void)snprintf(cert, sizeof cert, "%s/ca/officer.crt", b->dir);
    if (cmc_key_load(b->crypto, key, NULL, &b->officer_key, &err) != CMC_OK ||
        cmc_certs_load(b->crypto, cert, NULL, b->arena, &certs, &n, &err) != CMC_OK ||
        cmc_key_generate(b->crypto, "ec:P-256", &b->key, &err) != CMC_OK ||
        cmc_name_parse("C=SE, O=Example, CN=host.example", b->arena, &p.subject, &err) != CMC_OK)
        die("cannot prepare", &err);
    b->officer_cert = certs[0];
    p.key = b->key;
    if (cmc_pkcs10_create(b->crypto, &p, b->arena, &b->csr, &err) != CMC_OK)
        die("cannot make a request", &err);
}

/* One signed message, of its own nonce, as a whole HTTP request. */
static struct cmc_slice make_request(struct bench *b, struct cmc_arena *scratch)
{
    const struct cmc_cms_signer signer = {
        .key = b->officer_key, .sid = CMC_SID_ISSUER_SERIAL, .cert = b->officer_cert};
    struct cmc_cms_content what = {
        .type = cmc_oid_id_cct_PKIData, .certs = &b->officer_cert, .ncerts = 1};
    struct cmc_pkidata body = {0};
    struct cmc_slice message = CMC_SLICE_NONE, nonce, http;
    struct cmc_buf buf;
    struct cmc_err err;
    uint8_t random[16];

    if (cmc_random(b->crypto, random, sizeof random, &err) != CMC_OK)
        die("no nonce", &err);
    nonce = cmc_slice(random, sizeof random);
    if (cmc_control_add(scratch, &body.controls, 1, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce,
                        &nonce, &err) != CMC_OK ||
        cmc_body_add_pkcs10(scratch, &body, 2, b->csr, &err) != CMC_OK ||
        cmc_pkidata_encode(scratch, &body, &what.content, &err) != CMC_OK ||
        cmc_signed_data_create(b->crypto, &what, &signer, 1, scratch, &message, &err) != CMC_OK)
        die("cannot make a request", &err);
    cmc_buf_init(&buf, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_printf(&buf,
                   "POST /cmc HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   "Content-Type: application/pkcs7-mime; smime-type=CMC-request\r\n"
                   "Content-Length: %zu\r\n\r\n",
                   message.n);
    cmc_buf_slice(&buf, message);
    http = cmc_arena_slice(b->arena, cmc_buf_get0(&buf));
    cmc_buf_free(&buf);
    if (http.p == NULL)
        die("no memory for the requests", NULL);
    return http;
}

/* -- the load ---------------------------------------------------------------------------- */

struct conn {
    int fd;
    size_t request; /* which one is under way */
    size_t sent, got;
    double began;
    char *in;
};

static void conn_start(struct bench *b, struct conn *c, size_t request)
{
    c->request = request;
    c->sent = c->got = 0;
    c->began = seconds(CLOCK_MONOTONIC);
    (void)b;
}

static void conn_open(const struct bench *b, struct conn *c)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(b->port)};
    int one = 1;

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    c->in = malloc(RESPONSE_MAX);
    if (c->in == NULL || c->fd < 0 ||
        connect(c->fd, (const struct sockaddr *)&sin, sizeof sin) != 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0)
        die("cannot connect", NULL);
}

/* True when the whole answer is there; it must be a CMC response with HTTP 200. */
static bool conn_answered(struct conn *c)
{
    const char *end, *length;

    c->in[c->got] = '\0';
    end = strstr(c->in, "\r\n\r\n");
    if (end == NULL)
        return false;
    if (strncmp(c->in, "HTTP/1.1 200 ", 13) != 0)
        die(c->in, NULL);
    length = strcasestr(c->in, "\r\nContent-Length:");
    if (length == NULL)
        die("an answer without Content-Length", NULL);
    return c->got >= (size_t)(end + 4 - c->in) + strtoul(length + 17, NULL, 10);
}

/* Move what can be moved; true when the request is answered. */
static bool conn_step(const struct bench *b, struct conn *c)
{
    struct cmc_slice rq = b->requests[c->request];
    ssize_t n;

    while (c->sent < rq.n) {
        n = send(c->fd, rq.p + c->sent, rq.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0)
            die("the server closed a connection", NULL);
        c->sent += (size_t)n;
    }
    for (;;) {
        n = recv(c->fd, c->in + c->got, RESPONSE_MAX - 1 - c->got, 0);
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0)
            die("the server closed a connection", NULL);
        c->got += (size_t)n;
        if (conn_answered(c))
            return true;
    }
}

/* Send requests from..to over the connections. Returns the wall seconds. */
static double drive(struct bench *b, struct conn *conns, size_t nconns, size_t from, size_t to)
{
    struct pollfd fds[CONNECTIONS_MAX];
    double began = seconds(CLOCK_MONOTONIC);
    size_t next = from, done = 0;

    for (size_t i = 0; i < nconns; i++) {
        fds[i].fd = -1;
        fds[i].events = 0;
        if (next < to) {
            fds[i].fd = conns[i].fd;
            fds[i].events = POLLIN | POLLOUT;
            conn_start(b, &conns[i], next++);
        }
    }
    while (done < to - from) {
        if (poll(fds, nconns, 10000) <= 0)
            die("the server does not answer", NULL);
        for (size_t i = 0; i < nconns; i++) {
            struct conn *c = &conns[i];

            if (fds[i].fd < 0 || fds[i].revents == 0)
                continue;
            if (!conn_step(b, c)) {
                fds[i].events = c->sent < b->requests[c->request].n ? POLLIN | POLLOUT : POLLIN;
                continue;
            }
            b->latency[c->request] = (seconds(CLOCK_MONOTONIC) - c->began) * MICRO;
            done++;
            if (next < to) {
                conn_start(b, c, next++);
                fds[i].events = POLLIN | POLLOUT;
            } else {
                fds[i].fd = -1;
            }
        }
    }
    return seconds(CLOCK_MONOTONIC) - began;
}

/* -- the floor --------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Microseconds of CPU for two verifications and two signatures. */
static double measure_floor(struct bench *b)
{
    EVP_MD *md = EVP_MD_fetch(cmc_crypto_get0_libctx(b->crypto), "SHA256", NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char sig[256];
    double began;

    if (md == NULL || ctx == NULL)
        die("no SHA-256", NULL);
    began = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (unsigned int i = 0; i < FLOOR_ROUNDS; i++) {
        for (int twice = 0; twice < 2; twice++) {
            size_t n = sizeof sig;

            if (EVP_DigestSignInit(ctx, NULL, md, NULL, b->key) != 1 ||
                EVP_DigestSign(ctx, sig, &n, b->csr.p, b->csr.n) != 1 ||
                EVP_MD_CTX_reset(ctx) != 1 ||
                EVP_DigestVerifyInit(ctx, NULL, md, NULL, b->key) != 1 ||
                EVP_DigestVerify(ctx, sig, n, b->csr.p, b->csr.n) != 1 ||
                EVP_MD_CTX_reset(ctx) != 1)
                die("bare cryptography failed", NULL);
        }
    }
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    return (seconds(CLOCK_PROCESS_CPUTIME_ID) - began) / FLOOR_ROUNDS * MICRO;
}

int main(int argc, char **argv)
{
    struct bench b = {.n = argc > 2 ? strtoul(argv[2], NULL, 10) : 5000};
    size_t nconns = argc > 3 ? strtoul(argv[3], NULL, 10) : 32;
    struct conn conns[CONNECTIONS_MAX];
    struct cmc_arena *scratch = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    double floors[3], cpu, wall;
    struct cmc_err err;

    if (argc < 2 || b.n < 2 || nconns < 1 || nconns > CONNECTIONS_MAX) {
        (void)fprintf(stderr, "usage: bench-issue CMCD [REQUESTS [CONNECTIONS]]\n");
        return 2;
    }
    b.cmcd = argv[1];
    (void)snprintf(b.dir, sizeof b.dir, "/tmp/bench-issue-XXXXXX");
    b.arena = cmc_arena_new((size_t)1 << 34);
    b.requests = calloc(b.n + WARM_UP, sizeof *b.requests);
    b.latency = calloc(b.n + WARM_UP, sizeof *b.latency);
    if (mkdtemp(b.dir) == NULL || b.arena == NULL || scratch == NULL || b.requests == NULL ||
        b.latency == NULL || cmc_crypto_new(&b.crypto, &err) != CMC_OK)
        die("cannot start", NULL);
    serve(&b);
    load(&b);
    for (size_t i = 0; i < b.n + WARM_UP; i++) {
        b.requests[i] = make_request(&b, scratch);
        cmc_arena_reset(scratch);
    }
    for (size_t i = 0; i < nconns; i++)
        conn_open(&b, &conns[i]);
    floors[0] = measure_floor(&b);
    (void)drive(&b, conns, nconns, 0, WARM_UP);
    cpu = seconds(b.cpu);
    wall = drive(&b, conns, nconns, WARM_UP, WARM_UP + b.n / 2);
    cpu = seconds(b.cpu) - cpu;
    floors[1] = measure_floor(&b);
    cpu -= seconds(b.cpu);
    wall += drive(&b, conns, nconns, WARM_UP + b.n / 2, WARM_UP + b.n);
    cpu += seconds(b.cpu);
    floors[2] = measure_floor(&b);
    qsort(floors, 3, sizeof floors[0], by_value);
    qsort(b.latency + WARM_UP, b.n, sizeof *b.latency, by_value);
    (void)printf("issuances              %zu over %zu connections\n", b.n, nconns);
    (void)printf("server CPU             %.1f us each\n", cpu / (double)b.n * MICRO);
    (void)printf("floor                  %.1f us (2 verify + 2 sign, P-256; %.1f to %.1f)\n",
                 floors[1], floors[0], floors[2]);
    (void)printf("cost over floor        %.2f\n", cpu / (double)b.n * MICRO / floors[1]);
    (void)printf("throughput             %.0f per second, the load on the same machine\n",
                 (double)b.n / wall);
    (void)printf("latency                p50 %.0f us, p99 %.0f us\n", b.latency[WARM_UP + b.n / 2],
                 b.latency[WARM_UP + b.n * 99 / 100]);
    for (size_t i = 0; i < nconns; i++) {
        (void)close(conns[i].fd);
        free(conns[i].in);
    }
    stop(&b);
    EVP_PKEY_free(b.key);
    EVP_PKEY_free(b.officer_key);
    cmc_arena_free(scratch);
    cmc_arena_free(b.arena);
    cmc_crypto_free(b.crypto);
    free(b.requests);
    free(b.latency);
    return 0;
}
