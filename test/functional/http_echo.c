/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server for test_http_probes.py: the HTTP seam with a handler that echoes. Prints "port N",
 * runs until SIGTERM, then stops with the grace given. Options are name=value:
 *   connections per_address handshake header body idle write (seconds) header_octets body_octets
 *   grace chain key auth (none, optional, required) anchor (DER)
 * Paths: /echo, /later?MS (answered from another thread), /big?OCTETS, /cert (the client's DER).
 */
#include <openssl/pem.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "crypto/crypto.h"
#include "server/http.h"
#include "server/tls.h"

struct options {
    struct cmc_http_limits limits;
    unsigned int grace;
    enum cmc_client_auth auth;
    const char *chain, *key, *anchor;
};

struct later {
    struct later *next;
    struct echo *echo;
    struct cmc_http_request *rq;
    unsigned long ms;
    pthread_t thread;
};

struct echo {
    struct cmc_http *http;
    struct later *laters; /* loop's thread, and after it has ended main's */
};

_Noreturn static void die(const char *what)
{
    (void)fprintf(stderr, "http_echo: %s\n", what);
    exit(2);
}

static bool set_number(const char *name, const char *value, struct options *o)
{
    const struct {
        const char *name;
        unsigned int *field;
    } rows[] = {
        {"connections", &o->limits.connections},     {"per_address", &o->limits.per_address},
        {"handshake", &o->limits.handshake_seconds}, {"header", &o->limits.header_seconds},
        {"body", &o->limits.body_seconds},           {"idle", &o->limits.idle_seconds},
        {"write", &o->limits.write_seconds},         {"grace", &o->grace},
    };
    unsigned long n = strtoul(value, NULL, 10);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(name, rows[i].name) == 0) {
            *rows[i].field = (unsigned int)n;
            return true;
        }
    }
    if (strcmp(name, "header_octets") == 0)
        o->limits.header_octets = n;
    else if (strcmp(name, "body_octets") == 0)
        o->limits.body_octets = n;
    else
        return false;
    return true;
}

static bool set_text(const char *name, const char *value, struct options *o)
{
    if (strcmp(name, "chain") == 0)
        o->chain = value;
    else if (strcmp(name, "key") == 0)
        o->key = value;
    else if (strcmp(name, "anchor") == 0)
        o->anchor = value;
    else if (strcmp(name, "auth") == 0)
        o->auth = strcmp(value, "required") == 0   ? CMC_CLIENT_REQUIRED
                  : strcmp(value, "optional") == 0 ? CMC_CLIENT_OPTIONAL
                                                   : CMC_CLIENT_NONE;
    else
        return false;
    return true;
}

static void read_options(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        char *value = strchr(argv[i], '=');

        if (value == NULL)
            die("options are name=value");
        *value++ = 0;
        if (!set_number(argv[i], value, o) && !set_text(argv[i], value, o))
            die(argv[i]);
    }
}

/* -- the handler ------------------------------------------------------------------------- */

static void answer_later(void *arg)
{
    struct later *l = arg;

    cmc_http_reply(l->rq, 200, "text/plain", CMC_SLICE_LIT("later"), NULL);
}

static void *later_thread(void *arg)
{
    struct later *l = arg;
    struct timespec ts = {.tv_sec = (time_t)(l->ms / 1000),
                          .tv_nsec = (long)(l->ms % 1000) * 1000000};

    (void)nanosleep(&ts, NULL);
    if (!cmc_http_post(l->echo->http, answer_later, l))
        die("out of memory");
    return NULL;
}

static void handle_later(struct echo *e, struct cmc_http_request *rq, unsigned long ms)
{
    struct later *l = malloc(sizeof *l);

    if (l == NULL)
        die("out of memory");
    *l = (struct later){.next = e->laters, .echo = e, .rq = rq, .ms = ms};
    e->laters = l;
    if (pthread_create(&l->thread, NULL, later_thread, l) != 0)
        die("no thread");
}

static void handle_big(struct cmc_http_request *rq, size_t n)
{
    uint8_t *p = malloc(n + 1);

    if (p == NULL)
        die("out of memory");
    memset(p, 'x', n);
    cmc_http_reply(rq, 200, "application/octet-stream", cmc_slice(p, n), NULL);
    free(p);
}

static void handle(void *arg, struct cmc_http_request *rq)
{
    static const char *const no_store[] = {"Cache-Control", "no-store", NULL};
    const char *query = cmc_http_query(rq);
    const char *path = cmc_http_path(rq);
    unsigned long n = query != NULL ? strtoul(query, NULL, 10) : 0;

    if (strcmp(path, "/echo") == 0)
        cmc_http_reply(rq, 200, "application/octet-stream", cmc_http_body(rq), no_store);
    else if (strcmp(path, "/cert") == 0)
        cmc_http_reply(rq, 200, "application/pkix-cert", cmc_http_tls_cert(rq), no_store);
    else if (strcmp(path, "/later") == 0)
        handle_later(arg, rq, n);
    else if (strcmp(path, "/big") == 0)
        handle_big(rq, n);
    else
        cmc_http_reply(rq, 404, "text/plain", CMC_SLICE_LIT("not here\n"), NULL);
}

/* -- the server -------------------------------------------------------------------------- */

static SSL_CTX *make_tls(const struct cmc_crypto *c, const struct options *o)
{
    FILE *f = fopen(o->key, "r");
    EVP_PKEY *key =
        f != NULL ? PEM_read_PrivateKey_ex(f, NULL, NULL, NULL, cmc_crypto_get0_libctx(c), NULL)
                  : NULL;
    struct cmc_slice anchor = CMC_SLICE_NONE;
    struct cmc_buf buf;
    SSL_CTX *ctx = NULL;
    struct cmc_err err;

    if (key == NULL)
        die("no key");
    (void)fclose(f);
    cmc_buf_init(&buf, CMC_LIMIT_FILE_OCTETS);
    if (o->anchor != NULL && cmc_file_read(o->anchor, &buf, &err) != CMC_OK)
        die(err.text);
    anchor = cmc_buf_get0(&buf);
    if (cmc_tls_context_new(c, o->chain, key, o->auth, &anchor, o->anchor != NULL ? 1 : 0, &ctx,
                            &err) != CMC_OK)
        die(err.text);
    cmc_buf_free(&buf);
    EVP_PKEY_free(key);
    return ctx;
}

static void *loop_thread(void *arg)
{
    struct echo *e = arg;
    struct cmc_err err;

    if (cmc_http_run(e->http, &err) != CMC_OK)
        die(err.text);
    /* Awake main also when nobody asked the loop to end. */
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

int main(int argc, char **argv)
{
    struct options o = {.limits = CMC_HTTP_LIMITS_DEFAULT, .grace = 5};
    struct cmc_log *log = cmc_log_new(2, CMC_LOG_DEBUG, CMC_LOG_TEXT);
    struct cmc_crypto *c = NULL;
    struct echo e = {0};
    SSL_CTX *tls = NULL;
    struct cmc_err err;
    pthread_t thread;
    uint16_t port;
    sigset_t set;
    int sig;

    read_options(argc, argv, &o);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (cmc_crypto_new(&c, &err) != CMC_OK)
        die(err.text);
    if (o.chain != NULL)
        tls = make_tls(c, &o);
    if (cmc_http_new(&o.limits, handle, &e, log, &e.http, &err) != CMC_OK ||
        cmc_http_listen(e.http, "127.0.0.1", 0, tls, &port, &err) != CMC_OK)
        die(err.text);
    if (pthread_create(&thread, NULL, loop_thread, &e) != 0)
        die("no thread");
    (void)printf("port %u\n", port);
    (void)fflush(stdout);
    (void)sigwait(&set, &sig);
    cmc_http_stop(e.http, o.grace);
    (void)pthread_join(thread, NULL);
    for (struct later *l = e.laters; l != NULL; l = l->next)
        (void)pthread_join(l->thread, NULL);
    cmc_http_free(e.http);
    while (e.laters != NULL) {
        struct later *l = e.laters;

        e.laters = l->next;
        free(l);
    }
    SSL_CTX_free(tls);
    cmc_crypto_free(c);
    cmc_log_free(log);
    return 0;
}
