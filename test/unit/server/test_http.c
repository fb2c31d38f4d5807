/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP seam on loopback: a loop in a thread of its own, blocking clients in this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server/http_int.h"

#define ANSWER_MAX     65536
#define SOCKET_SECONDS 20
#define POST_THREADS   4
#define POSTS_EACH     1000

/* One server. held is the request of "/hold", which nobody answers until release(). */
struct server {
    struct cmc_http *http;
    pthread_t thread;
    uint16_t port;
    atomic_bool returned;           /* cmc_http_run() has */
    struct cmc_http_request *held;  /* loop's thread only */
    atomic_bool holding, held_gone; /* as seen there */
};

struct later {
    struct server *server;
    struct cmc_http_request *rq;
    pthread_t thread;
};

static void sleep_ms(long ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    (void)nanosleep(&ts, NULL);
}

/* Wait for something that happens in another thread; a broken server must fail, not hang. */
static void wait_for(atomic_bool *flag)
{
    for (int i = 0; i < SOCKET_SECONDS * 1000 && !atomic_load(flag); i++)
        sleep_ms(1);
    assert_true(atomic_load(flag));
}

/* -- the handlers ------------------------------------------------------------------------ */

static void answer_later(void *arg)
{
    struct later *l = arg;

    cmc_http_reply(l->rq, 200, "text/plain", CMC_SLICE_LIT("later"), NULL);
    (void)pthread_join(l->thread, NULL);
    free(l);
}

static void *later_thread(void *arg)
{
    struct later *l = arg;

    sleep_ms(20);
    if (!cmc_http_post(l->server->http, answer_later, l))
        abort();
    return NULL;
}

static void handle_later(struct server *s, struct cmc_http_request *rq)
{
    struct later *l = malloc(sizeof *l);

    if (l == NULL)
        abort();
    *l = (struct later){.server = s, .rq = rq};
    if (pthread_create(&l->thread, NULL, later_thread, l) != 0)
        abort();
}

static void handle_echo(struct server *s, struct cmc_http_request *rq)
{
    const char *type = cmc_http_header(rq, "content-TYPE");
    const char *headers[] = {"X-Method",
                             cmc_http_method(rq),
                             "X-Peer",
                             cmc_http_peer(rq),
                             "X-Query",
                             cmc_http_query(rq) != NULL ? cmc_http_query(rq) : "-",
                             "Cache-Control",
                             "no-store",
                             "X-Tls",
                             cmc_http_is_tls(rq) ? "yes" : "no",
                             "X-Tls-Cert",
                             cmc_http_tls_cert(rq).p != NULL ? "yes" : "no",
                             NULL};

    (void)s;
    cmc_http_reply(rq, 200, type != NULL ? type : "text/plain", cmc_http_body(rq), headers);
}

static void handle_hold(struct server *s, struct cmc_http_request *rq)
{
    s->held = rq;
    atomic_store(&s->holding, true);
}

static void handle_injection(struct server *s, struct cmc_http_request *rq)
{
    static const char *const headers[] = {"X-A", "b\r\nX-Injected: c", NULL};

    (void)s;
    cmc_http_reply(rq, 200, "text/plain", CMC_SLICE_LIT("body"), headers);
}

static void handle_empty(struct server *s, struct cmc_http_request *rq)
{
    (void)s;
    cmc_http_reply(rq, 204, NULL, CMC_SLICE_NONE, NULL);
}

static void handle(void *arg, struct cmc_http_request *rq)
{
    static const struct {
        const char *path;
        void (*fn)(struct server *s, struct cmc_http_request *rq);
    } routes[] = {{"/echo", handle_echo},
                  {"/later", handle_later},
                  {"/hold", handle_hold},
                  {"/injection", handle_injection},
                  {"/empty", handle_empty}};

    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(cmc_http_path(rq), routes[i].path) == 0) {
            routes[i].fn(arg, rq);
            return;
        }
    }
    cmc_http_reply(rq, 404, "text/plain", CMC_SLICE_LIT("not here\n"), NULL);
}

static void release(void *arg)
{
    struct server *s = arg;

    cmc_http_reply(s->held, 200, "text/plain", CMC_SLICE_LIT("released"), NULL);
    s->held = NULL;
}

static void look_at_held(void *arg)
{
    struct server *s = arg;

    atomic_store(&s->held_gone, s->held->conn == NULL);
}

/* -- the server and its clients ---------------------------------------------------------- */

static void *server_thread(void *arg)
{
    struct server *s = arg;
    struct cmc_err err;

    if (cmc_http_run(s->http, &err) != CMC_OK)
        abort();
    atomic_store(&s->returned, true);
    return NULL;
}

static void server_new(struct server *s)
{
    const struct cmc_http_limits limits = CMC_HTTP_LIMITS_DEFAULT;
    struct cmc_err err;

    memset(s, 0, sizeof *s);
    assert_int_equal(cmc_http_new(&limits, handle, s, NULL, &s->http, &err), CMC_OK);
    assert_int_equal(cmc_http_listen(s->http, "127.0.0.1", 0, NULL, &s->port, &err), CMC_OK);
    assert_int_not_equal(s->port, 0);
}

static void server_start(struct server *s)
{
    server_new(s);
    assert_int_equal(pthread_create(&s->thread, NULL, server_thread, s), 0);
}

static void server_end(struct server *s)
{
    cmc_http_stop(s->http, 5);
    (void)pthread_join(s->thread, NULL);
    cmc_http_free(s->http);
}

static int try_connect(uint16_t port)
{
    const struct timeval tv = {.tv_sec = SOCKET_SECONDS};
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    if (connect(fd, (const struct sockaddr *)&sa, sizeof sa) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

static int connect_to(const struct server *s)
{
    int fd = try_connect(s->port);

    assert_true(fd >= 0);
    return fd;
}

static void send_text(int fd, const char *text)
{
    size_t n = strlen(text);

    assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

/* Read until the answer ends in last, or the server closes (last NULL). */
static const char *receive(int fd, const char *last)
{
    static char answer[ANSWER_MAX];
    size_t n = 0;

    for (;;) {
        ssize_t got = recv(fd, answer + n, sizeof answer - 1 - n, 0);

        if (got < 0)
            fail_msg("recv: %s", strerror(errno));
        n += (size_t)got;
        answer[n] = 0;
        if (got == 0 && last != NULL)
            fail_msg("closed after: %s", answer);
        if (got == 0 ||
            (last != NULL && n >= strlen(last) && strcmp(answer + n - strlen(last), last) == 0))
            return answer;
    }
}

static void assert_has(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("'%s' is not in: %s", part, text != NULL ? text : "(nothing)");
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("'%s' is in: %s", part, text);
}

/* -- the tests --------------------------------------------------------------------------- */

static void echo_and_keep_alive(void **state)
{
    struct server s;
    const char *answer;
    int fd;

    (void)state;
    server_start(&s);
    fd = connect_to(&s);
    for (int i = 0; i < 3; i++) {
        send_text(fd, "POST /echo?q=1 HTTP/1.1\r\nHost: a\r\nContent-Type: x/y\r\n"
                      "Content-Length: 5\r\n\r\nhello");
        answer = receive(fd, "hello");
        assert_has(answer, "HTTP/1.1 200 OK\r\n");
        assert_has(answer, "\r\nDate: ");
        assert_has(answer, " GMT\r\n");
        assert_has(answer, "\r\nContent-Type: x/y\r\n");
        assert_has(answer, "\r\nContent-Length: 5\r\n");
        assert_has(answer, "\r\nConnection: keep-alive\r\n");
        assert_has(answer, "\r\nCache-Control: no-store\r\n");
        assert_has(answer, "\r\nX-Method: POST\r\n");
        assert_has(answer, "\r\nX-Query: q=1\r\n");
        assert_has(answer, "\r\nX-Peer: 127.0.0.1:");
        assert_has(answer, "\r\nX-Tls: no\r\n");
        assert_has(answer, "\r\nX-Tls-Cert: no\r\n");
    }
    send_text(fd, "GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    answer = receive(fd, NULL);
    assert_has(answer, "HTTP/1.1 404 Not Found\r\n");
    assert_has(answer, "\r\nConnection: close\r\n");
    (void)close(fd);
    server_end(&s);
}

static void answers_without_a_body(void **state)
{
    struct server s;
    const char *answer;
    int fd;

    (void)state;
    server_start(&s);
    fd = connect_to(&s);
    send_text(fd, "HEAD /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    answer = receive(fd, "\r\n\r\n");
    assert_has(answer, "\r\nContent-Length: 5\r\n");
    send_text(fd, "GET /empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    answer = receive(fd, NULL);
    /* Begins with it: nothing was left over from the answer to HEAD. */
    assert_memory_equal(answer, "HTTP/1.1 204 ", 13);
    assert_has_not(answer, "Content-Length");
    (void)close(fd);
    server_end(&s);
}

static void a_handler_cannot_be_made_to_inject(void **state)
{
    struct server s;
    const char *answer;
    int fd;

    (void)state;
    server_start(&s);
    fd = connect_to(&s);
    send_text(fd, "GET /injection HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    answer = receive(fd, NULL);
    assert_has(answer, "HTTP/1.1 500 ");
    assert_has_not(answer, "X-Injected");
    (void)close(fd);
    server_end(&s);
}

static void answered_from_another_thread(void **state)
{
    struct server s;
    int fd[8];

    (void)state;
    server_start(&s);
    for (int i = 0; i < 8; i++) {
        fd[i] = connect_to(&s);
        send_text(fd[i], "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    for (int i = 0; i < 8; i++) {
        assert_has(receive(fd[i], "later"), "HTTP/1.1 200 OK\r\n");
        (void)close(fd[i]);
    }
    server_end(&s);
}

static void the_peer_goes_while_under_way(void **state)
{
    const struct linger reset = {.l_onoff = 1};
    struct server s;
    int fd;

    (void)state;
    server_start(&s);
    fd = connect_to(&s);
    send_text(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for(&s.holding);
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    (void)close(fd);
    for (int i = 0; i < SOCKET_SECONDS * 100 && !atomic_load(&s.held_gone); i++) {
        assert_true(cmc_http_post(s.http, look_at_held, &s));
        sleep_ms(10);
    }
    assert_true(atomic_load(&s.held_gone));
    assert_true(cmc_http_post(s.http, release, &s));
    /* And the server lives. */
    fd = connect_to(&s);
    send_text(fd, "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_has(receive(fd, NULL), "HTTP/1.1 200 OK\r\n");
    (void)close(fd);
    server_end(&s);
}

/* -- posts ------------------------------------------------------------------------------- */

struct poster {
    struct server *server;
    pthread_t thread;
    unsigned int next;  /* number of the next one to be called; loop's thread only */
    atomic_bool broken; /* called out of turn or in another thread */
};

struct numbered {
    struct poster *poster;
    unsigned int number;
};

static void on_numbered(void *arg)
{
    struct numbered *n = arg;

    if (n->poster->next != n->number || !pthread_equal(pthread_self(), n->poster->server->thread))
        atomic_store(&n->poster->broken, true);
    n->poster->next++;
    free(n);
}

static void *poster_thread(void *arg)
{
    struct poster *p = arg;

    for (unsigned int i = 0; i < POSTS_EACH; i++) {
        struct numbered *n = malloc(sizeof *n);

        if (n == NULL)
            abort();
        *n = (struct numbered){.poster = p, .number = i};
        if (!cmc_http_post(p->server->http, on_numbered, n))
            abort();
    }
    return NULL;
}

static void posts_are_called_in_order(void **state)
{
    struct poster posters[POST_THREADS];
    struct server s;

    (void)state;
    server_start(&s);
    memset(posters, 0, sizeof posters);
    for (int i = 0; i < POST_THREADS; i++) {
        posters[i].server = &s;
        assert_int_equal(pthread_create(&posters[i].thread, NULL, poster_thread, &posters[i]), 0);
    }
    for (int i = 0; i < POST_THREADS; i++)
        (void)pthread_join(posters[i].thread, NULL);
    cmc_http_stop(s.http, 5);
    (void)pthread_join(s.thread, NULL);
    for (int i = 0; i < POST_THREADS; i++) {
        assert_int_equal(posters[i].next, POSTS_EACH);
        assert_false(atomic_load(&posters[i].broken));
    }
    cmc_http_free(s.http);
}

/* -- stopping ---------------------------------------------------------------------------- */

static void stop_lets_the_request_under_way_end(void **state)
{
    struct server s;
    const char *answer;
    int idle, fd;

    (void)state;
    server_start(&s);
    idle = connect_to(&s);
    send_text(idle, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)receive(idle, "\r\n\r\n");
    fd = connect_to(&s);
    send_text(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for(&s.holding);
    cmc_http_stop(s.http, SOCKET_SECONDS);
    /* The idle one is closed; whoever comes now is refused; the one under way is kept. */
    assert_string_equal(receive(idle, NULL), "");
    assert_int_equal(try_connect(s.port), -1);
    assert_false(atomic_load(&s.returned));
    assert_true(cmc_http_post(s.http, release, &s));
    answer = receive(fd, NULL);
    assert_has(answer, "released");
    assert_has(answer, "\r\nConnection: close\r\n");
    wait_for(&s.returned);
    (void)pthread_join(s.thread, NULL);
    cmc_http_free(s.http);
    (void)close(idle);
    (void)close(fd);
}

static void stop_waits_no_longer_than_its_grace(void **state)
{
    struct server s;
    int fd;

    (void)state;
    server_start(&s);
    fd = connect_to(&s);
    send_text(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for(&s.holding);
    cmc_http_stop(s.http, SOCKET_SECONDS * 10);
    cmc_http_stop(s.http, 0); /* "now" */
    wait_for(&s.returned);
    (void)pthread_join(s.thread, NULL);
    assert_string_equal(receive(fd, NULL), "");
    (void)close(fd);
    /* The handler answers too late: called by cmc_http_free(), it goes nowhere and leaks nothing.
     */
    assert_true(cmc_http_post(s.http, release, &s));
    cmc_http_free(s.http);
    assert_null(s.held);
}

/* Nobody is accepted any more; who is connected may ask once. */
static void retired(struct server *s)
{
    cmc_http_retire(s->http, SOCKET_SECONDS);
    for (int fd = 0; fd != -1; sleep_ms(1)) {
        fd = try_connect(s->port);
        if (fd != -1)
            (void)close(fd);
    }
}

static void retiring_answers_once_more(void **state)
{
    struct server s;
    const char *answer;
    int idle, fd;

    (void)state;
    server_start(&s);
    idle = connect_to(&s);
    send_text(idle, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    (void)receive(idle, "\r\n\r\n");
    fd = connect_to(&s);
    send_text(fd, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    wait_for(&s.holding);
    retired(&s);
    send_text(idle, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    answer = receive(idle, NULL);
    assert_has(answer, " 200 ");
    assert_has(answer, "\r\nConnection: close\r\n");
    assert_true(cmc_http_post(s.http, release, &s));
    answer = receive(fd, NULL);
    assert_has(answer, "released");
    assert_has(answer, "\r\nConnection: close\r\n");
    wait_for(&s.returned);
    (void)pthread_join(s.thread, NULL);
    cmc_http_free(s.http);
    (void)close(idle);
    (void)close(fd);
}

/* Octet by octet, so that the body is left where it is. */
static const char *receive_head(int fd)
{
    static char head[1024];
    size_t n = 0;

    do {
        assert_int_equal(recv(fd, head + n, 1, 0), 1);
        head[++n] = 0;
    } while (n < sizeof head - 1 && strstr(head, "\r\n\r\n") == NULL);
    return head;
}

/* An answer that is on its way has said that the connection stays, so it must. */
static void retiring_keeps_its_word(void **state)
{
    const struct cmc_http_limits limits = CMC_HTTP_LIMITS_DEFAULT;
    const size_t n = 1024u * 1024u;
    char *body = calloc(1, n), head[128];
    struct server s = {0};
    const int little = 65536;
    struct cmc_err err;
    const char *answer;
    size_t got = 0;
    int listening, fd;

    (void)state;
    assert_non_null(body);
    assert_int_equal(cmc_http_bind("127.0.0.1", 0, &listening, &s.port, &err), CMC_OK);
    assert_int_equal(setsockopt(listening, SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
    assert_int_equal(cmc_http_new(&limits, handle, &s, NULL, &s.http, &err), CMC_OK);
    assert_int_equal(cmc_http_listen_on(s.http, listening, NULL, &err), CMC_OK);
    (void)close(listening);
    assert_int_equal(pthread_create(&s.thread, NULL, server_thread, &s), 0);
    fd = connect_to(&s);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
    (void)snprintf(head, sizeof head,
                   "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", n);
    send_text(fd, head);
    for (size_t sent = 0; sent < n;) {
        ssize_t k = send(fd, body + sent, n - sent, MSG_NOSIGNAL);

        assert_true(k > 0);
        sent += (size_t)k;
    }
    /* More than the kernel takes: most of it waits until it is read. */
    assert_int_equal(recv(fd, head, 1, MSG_PEEK), 1);
    retired(&s);
    answer = receive_head(fd);
    assert_has(answer, "\r\nConnection: keep-alive\r\n");
    while (got < n) {
        ssize_t k = recv(fd, body, n - got, 0);

        assert_true(k > 0);
        got += (size_t)k;
    }
    send_text(fd, "GET /empty HTTP/1.1\r\nHost: a\r\n\r\n");
    answer = receive(fd, NULL);
    assert_has(answer, " 204 ");
    assert_has(answer, "\r\nConnection: close\r\n");
    wait_for(&s.returned);
    (void)pthread_join(s.thread, NULL);
    cmc_http_free(s.http);
    (void)close(fd);
    free(body);
}

/* What waits to be accepted is the socket's, and the next loop on it answers. */
static void who_waits_is_not_lost(void **state)
{
    const struct cmc_http_limits limits = CMC_HTTP_LIMITS_DEFAULT;
    struct server first = {0}, s = {0};
    struct cmc_err err;
    int listening, fd;

    (void)state;
    assert_int_equal(cmc_http_bind("127.0.0.1", 0, &listening, &s.port, &err), CMC_OK);
    assert_int_equal(cmc_http_new(&limits, handle, &first, NULL, &first.http, &err), CMC_OK);
    assert_int_equal(cmc_http_listen_on(first.http, listening, NULL, &err), CMC_OK);
    fd = connect_to(&s);
    send_text(fd, "GET /empty HTTP/1.0\r\n\r\n");
    cmc_http_free(first.http);
    assert_int_equal(cmc_http_new(&limits, handle, &s, NULL, &s.http, &err), CMC_OK);
    assert_int_equal(cmc_http_listen_on(s.http, listening, NULL, &err), CMC_OK);
    (void)close(listening);
    assert_int_equal(pthread_create(&s.thread, NULL, server_thread, &s), 0);
    assert_has(receive(fd, NULL), " 204 ");
    (void)close(fd);
    server_end(&s);
    assert_int_equal(cmc_http_bind("nowhere", 0, &listening, NULL, &err), CMC_E_USAGE);
}

static void stop_before_run(void **state)
{
    struct server s;

    (void)state;
    server_new(&s);
    cmc_http_stop(s.http, 5);
    assert_int_equal(cmc_http_run(s.http, NULL), CMC_OK);
    assert_int_equal(try_connect(s.port), -1);
    cmc_http_free(s.http);
}

/* -- listening --------------------------------------------------------------------------- */

static void listen_errors(void **state)
{
    struct sockaddr_in sa = {.sin_family = AF_INET};
    socklen_t len = sizeof sa;
    struct cmc_err err;
    struct server s;
    int fd;

    (void)state;
    server_new(&s);
    assert_int_equal(cmc_http_listen(s.http, "localhost", 0, NULL, NULL, &err), CMC_E_USAGE);
    assert_has(err.text, "localhost: not a numeric address");
    assert_int_equal(cmc_http_listen(s.http, "192.0.2.1", 0, NULL, NULL, &err), CMC_E_LOCAL);
    assert_has(err.text, "192.0.2.1:0: ");
    /* A port that another program has, which does not share it. */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&sa, sizeof sa), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
    assert_int_equal(cmc_http_listen(s.http, "127.0.0.1", ntohs(sa.sin_port), NULL, NULL, &err),
                     CMC_E_LOCAL);
    assert_has(err.text, strerror(EADDRINUSE));
    (void)close(fd);
    cmc_http_free(s.http);
}

static void loops_share_an_address(void **state)
{
    struct server s;
    struct server other;
    uint16_t port = 0;

    (void)state;
    server_new(&s);
    server_new(&other);
    assert_int_equal(cmc_http_listen(other.http, "127.0.0.1", s.port, NULL, &port, NULL), CMC_OK);
    assert_int_equal(port, s.port);
    cmc_http_free(s.http);
    cmc_http_free(other.http);
}

static void limits_of_zero_are_refused(void **state)
{
    struct cmc_http_limits limits = CMC_HTTP_LIMITS_DEFAULT;
    struct cmc_http *h = NULL;

    (void)state;
    limits.idle_seconds = 0;
    assert_int_equal(cmc_http_new(&limits, handle, NULL, NULL, &h, NULL), CMC_E_USAGE);
    assert_null(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo_and_keep_alive),
        cmocka_unit_test(answers_without_a_body),
        cmocka_unit_test(a_handler_cannot_be_made_to_inject),
        cmocka_unit_test(answered_from_another_thread),
        cmocka_unit_test(the_peer_goes_while_under_way),
        cmocka_unit_test(posts_are_called_in_order),
        cmocka_unit_test(stop_lets_the_request_under_way_end),
        cmocka_unit_test(stop_waits_no_longer_than_its_grace),
        cmocka_unit_test(retiring_answers_once_more),
        cmocka_unit_test(retiring_keeps_its_word),
        cmocka_unit_test(who_waits_is_not_lost),
        cmocka_unit_test(stop_before_run),
        cmocka_unit_test(listen_errors),
        cmocka_unit_test(loops_share_an_address),
        cmocka_unit_test(limits_of_zero_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
