/* SPDX-License-Identifier: Apache-2.0 */
/* One POST over a real socket to a server that says what each test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/client.h"

struct fixture {
    int listener;
    const char *reply; /* octets to send for each connection */
    size_t nreply;
    char request[8192]; /* the last one that came */
    size_t nrequest;
    pthread_t thread;
    char url[64];
    struct cmc_arena *arena;
    struct cmc_transport_reply out;
    struct cmc_err err;
};

/* The whole request is here when its body is: requests of these tests end with "END". */
static void read_request(struct fixture *f, int fd)
{
    ssize_t n;

    f->nrequest = 0;
    while ((n = read(fd, f->request + f->nrequest, sizeof f->request - 1 - f->nrequest)) > 0) {
        f->nrequest += (size_t)n;
        f->request[f->nrequest] = '\0';
        if (f->nrequest >= 3 && memcmp(f->request + f->nrequest - 3, "END", 3) == 0)
            return;
    }
}

static void *serve_once(void *arg)
{
    struct fixture *f = arg;
    int fd = accept(f->listener, NULL, NULL);
    size_t sent = 0;

    if (fd < 0)
        return NULL;
    read_request(f, fd);
    while (sent < f->nreply) {
        ssize_t n = send(fd, f->reply + sent, f->nreply - sent, MSG_NOSIGNAL);

        if (n <= 0)
            break;
        sent += (size_t)n;
    }
    (void)close(fd);
    return NULL;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;

    if (f == NULL)
        return 1;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (f->listener < 0 || bind(f->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(f->listener, 4) != 0 || getsockname(f->listener, (struct sockaddr *)&at, &n) != 0)
        return 1;
    (void)snprintf(f->url, sizeof f->url, "http://127.0.0.1:%u/cmc", ntohs(at.sin_port));
    f->arena = cmc_arena_new(1u << 26);
    *state = f;
    return f->arena == NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    (void)close(f->listener);
    cmc_arena_free(f->arena);
    free(f);
    return 0;
}

static enum cmc_rc exchange(struct fixture *f, const char *reply, size_t n)
{
    struct cmc_http_options o = {.url = f->url, .timeout_seconds = 10};
    struct cmc_http_transport *t = NULL;
    struct cmc_transport transport;
    enum cmc_rc rc;

    f->reply = reply;
    f->nreply = n;
    assert_int_equal(pthread_create(&f->thread, NULL, serve_once, f), 0);
    assert_int_equal(cmc_http_transport_new(&o, &t, &f->err), CMC_OK);
    transport = cmc_http_transport_get(t);
    rc = transport.exchange(transport.self, "application/pkcs10", "application/pkix-cert",
                            CMC_SLICE_LIT("the body END"), f->arena, &f->out, &f->err);
    cmc_http_transport_free(t);
    assert_int_equal(pthread_join(f->thread, NULL), 0);
    return rc;
}

static enum cmc_rc exchange_text(struct fixture *f, const char *reply)
{
    return exchange(f, reply, strlen(reply));
}

/* [10003-6-u1, 10003-6-u2, 10003-6.1-u1, 10003-6-u4] */
static void a_post_and_its_answer(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(exchange_text(f, "HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\n"
                                      "Content-Length: 6\r\n\r\nanswer"),
                     CMC_OK);
    assert_int_equal(f->out.http_status, 200);
    assert_string_equal(f->out.content_type, "application/pkix-cert");
    assert_true(cmc_slice_eq(f->out.body, CMC_SLICE_LIT("answer")));
    assert_int_equal(strncmp(f->request, "POST /cmc HTTP/1.1\r\n", 20), 0);
    assert_non_null(strstr(f->request, "\r\nContent-Type: application/pkcs10\r\n"));
    assert_non_null(strstr(f->request, "\r\nAccept: application/pkix-cert\r\n"));
    assert_non_null(strstr(f->request, "\r\nContent-Length: 12\r\n"));
    assert_non_null(strstr(f->request, "\r\n\r\nthe body END"));
    assert_null(strstr(f->request, "Expect:"));
}

/* RFC 10003 section 6: any 2xx is success. */
static void another_success(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(exchange_text(f, "HTTP/1.1 202 Accepted\r\nContent-Length: 1\r\n\r\nx"),
                     CMC_OK);
    assert_int_equal(f->out.http_status, 202);
}

/* [10002-3.1-a] */
static void refusals_of_http(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(exchange_text(f, "HTTP/1.1 404 Not Found\r\nContent-Length: 24\r\n\r\n"
                                      "no such \x1b[31mpath\nmore..."),
                     CMC_E_LOCAL);
    assert_non_null(strstr(f->err.text, "HTTP 404: no such ?[31mpath"));
    assert_null(strstr(f->err.text, "more"));
    /* [10002-3.2.1.3.4-c]: a message in an error is that of a server that cannot sign */
    assert_int_equal(exchange_text(f, "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n0x"),
                     CMC_E_LOCAL);
    assert_int_equal(f->err.fail_info, 11);
    assert_int_equal(exchange_text(f, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
                     CMC_E_RETRY);
    assert_int_equal(exchange_text(f, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                                      "Content-Length: 0\r\n\r\n"),
                     CMC_E_LOCAL);
    assert_non_null(strstr(f->err.text, "302"));
}

static void no_answer(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(exchange_text(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), CMC_E_INPUT);
    assert_int_equal(exchange_text(f, ""), CMC_E_LOCAL);
    assert_int_equal(exchange_text(f, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
                     CMC_E_LOCAL);
}

static void an_answer_above_the_limit(void **state)
{
    struct fixture *f = *state;
    size_t head, n = CMC_LIMIT_MESSAGE_OCTETS + 1u;
    char *reply = calloc(1, n + 128);

    assert_non_null(reply);
    head = (size_t)snprintf(reply, 128, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
    assert_int_equal(exchange(f, reply, head + n), CMC_E_LIMIT);
    assert_non_null(strstr(f->err.text, "CMC_LIMIT_MESSAGE_OCTETS"));
    head = (size_t)snprintf(reply, 128, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n - 1);
    assert_int_equal(exchange(f, reply, head + n - 1), CMC_OK);
    assert_int_equal(f->out.body.n, n - 1);
    free(reply);
}

static void urls_that_will_not_do(void **state)
{
    static const char *const urls[] = {NULL, "", "ftp://127.0.0.1/", "file:///etc/passwd",
                                       "127.0.0.1/x"};
    struct fixture *f = *state;
    struct cmc_http_transport *t = NULL;

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct cmc_http_options o = {.url = urls[i]};

        assert_int_equal(cmc_http_transport_new(&o, &t, &f->err), CMC_E_USAGE);
        assert_null(t);
    }
}

static void nobody_there(void **state)
{
    struct fixture *f = *state;
    struct cmc_http_options o = {.url = f->url, .timeout_seconds = 10};
    struct cmc_http_transport *t = NULL;
    struct cmc_transport transport;

    (void)close(f->listener);
    assert_int_equal(cmc_http_transport_new(&o, &t, &f->err), CMC_OK);
    transport = cmc_http_transport_get(t);
    assert_int_equal(transport.exchange(transport.self, "a/b", NULL, CMC_SLICE_LIT("x"), f->arena,
                                        &f->out, &f->err),
                     CMC_E_LOCAL);
    assert_non_null(strstr(f->err.text, f->url));
    cmc_http_transport_free(t);
    f->listener = -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_post_and_its_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(another_success, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals_of_http, setup, teardown),
        cmocka_unit_test_setup_teardown(no_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_above_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(urls_that_will_not_do, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_there, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
