/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: listening sockets, posts from other threads, the graceful stop.
 *
 * Of libevent this seam takes the loop, the listeners, the timers and the buffered sockets with
 * and without TLS, but not evhttp. evhttp takes two differing Content-Length fields, "+5" and
 * "Content-Length : 5", keeps a dripping connection open for ever, and gives no hook before a
 * connection is accepted. To be strict in front of it one would have to find the end of each
 * pipelined message, and thus read Content-Length and the chunked coding, in a second parser
 * that must agree with evhttp's to the octet: exactly the disagreement that request smuggling
 * lives on. One strict reader (http_parse.c) is less code than two, and holds no socket, so that
 * it can be tested and fuzzed by itself.
 */
#include <errno.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/http_int.h"

/* After accept(2) failed for want of descriptors: how long the loop leaves new peers waiting. */
#define ACCEPT_PAUSE_MICROSECONDS 200000
#define LISTEN_BACKLOG            1024
#define SCRATCH_OCTETS            65536u

struct cmc_http_listener {
    LIST_ENTRY(cmc_http_listener) link;
    struct cmc_http *http;
    struct evconnlistener *listener;
    struct event *resume;
    SSL_CTX *tls; /* borrowed; NULL: plain */
};

struct cmc_http_post {
    struct cmc_http_post *next;
    void (*fn)(void *arg);
    void *arg;
};

static void prepare_process(void)
{
    (void)evthread_use_pthreads();
    /* A peer that has gone is an error code of write(2), not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
}

/* -- listening --------------------------------------------------------------------------- */

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa,
                      int len, void *arg)
{
    struct cmc_http_listener *l = arg;

    (void)listener;
    (void)len;
    cmc_http_conn_new(l->http, fd, sa, l->tls);
}

static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    static const struct timeval pause = {.tv_usec = ACCEPT_PAUSE_MICROSECONDS};
    struct cmc_http_listener *l = arg;

    cmc_log_event(l->http->log, CMC_LOG_ERROR, "http-accept-failed", "reason",
                  evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()), NULL);
    /* The socket stays readable: without a pause this would be a busy loop. */
    (void)evconnlistener_disable(listener);
    (void)event_add(l->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct cmc_http_listener *l = arg;

    (void)fd;
    (void)what;
    (void)evconnlistener_enable(l->listener);
}

static void listener_free(struct cmc_http_listener *l)
{
    if (l == NULL)
        return;
    if (l->listener != NULL)
        evconnlistener_free(l->listener);
    if (l->resume != NULL)
        event_free(l->resume);
    free(l);
}

static void listeners_free(struct cmc_http *h)
{
    struct cmc_http_listener *l;

    while ((l = LIST_FIRST(&h->listeners)) != NULL) {
        LIST_REMOVE(l, link);
        listener_free(l);
    }
}

/* A bound socket that listens; *fd is -1 on failure. shared: other loops may have it too. */
static enum cmc_rc bind_socket(const char *address, uint16_t port, bool shared, int *fd,
                               struct cmc_err *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *ai = NULL;
    const int on = 1, sharing = shared;
    enum cmc_rc rc;
    char service[8];

    *fd = -1;
    (void)snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(address, service, &hints, &ai) != 0)
        return cmc_fail(
            err, CMC_E_USAGE, NULL,
            "%s: not a numeric address; write it like 127.0.0.1, 0.0.0.0, ::1 or ::", address);
    *fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /*
     * TCP_NODELAY is inherited by accepted sockets. Without it a TLS answer waits 44 ms for the
     * peer's delayed acknowledgement.
     */
    if (*fd < 0 || setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(*fd, SOL_SOCKET, SO_REUSEPORT, &sharing, sizeof sharing) != 0 ||
        setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        (ai->ai_family == AF_INET6 &&
         setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
        bind(*fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(*fd, LISTEN_BACKLOG) != 0) {
        rc = cmc_fail(err, CMC_E_LOCAL, NULL,
                      ai->ai_family == AF_INET6 ? "[%s]:%u: %s" : "%s:%u: %s", address, port,
                      strerror(errno));
        if (*fd >= 0)
            (void)close(*fd);
        *fd = -1;
    } else {
        rc = CMC_OK;
    }
    freeaddrinfo(ai);
    return rc;
}

static uint16_t bound_port(int fd)
{
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } u = {0};
    socklen_t len = sizeof u;

    if (getsockname(fd, &u.sa, &len) != 0)
        return 0;
    return ntohs(u.sa.sa_family == AF_INET6 ? u.v6.sin6_port : u.v4.sin_port);
}

enum cmc_rc cmc_http_port_check(const char *address, uint16_t port, struct cmc_err *err)
{
    int fd = -1;
    enum cmc_rc rc = port == 0 ? CMC_OK : bind_socket(address, port, false, &fd, err);

    if (fd >= 0)
        (void)close(fd);
    return rc;
}

enum cmc_rc cmc_http_bind(const char *address, uint16_t port, int *fd, uint16_t *bound,
                          struct cmc_err *err)
{
    enum cmc_rc rc = bind_socket(address, port, true, fd, err);

    if (rc == CMC_OK && bound != NULL)
        *bound = bound_port(*fd);
    return rc;
}

/* fd is the listener's own on success. */
static enum cmc_rc listen_own(struct cmc_http *h, int fd, SSL_CTX *tls, struct cmc_err *err)
{
    struct cmc_http_listener *l = calloc(1, sizeof *l);

    if (l == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    l->http = h;
    l->tls = tls;
    l->resume = evtimer_new(h->base, on_resume, l);
    if (l->resume != NULL)
        l->listener = evconnlistener_new(h->base, on_accept, l,
                                         LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (l->listener == NULL) {
        listener_free(l);
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    }
    evconnlistener_set_error_cb(l->listener, on_accept_error);
    LIST_INSERT_HEAD(&h->listeners, l, link);
    return CMC_OK;
}

enum cmc_rc cmc_http_listen_on(struct cmc_http *h, int fd, SSL_CTX *tls, struct cmc_err *err)
{
    int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    enum cmc_rc rc;

    if (own < 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "a listening socket cannot be shared: %s",
                        strerror(errno));
    rc = listen_own(h, own, tls, err);
    if (rc != CMC_OK)
        (void)close(own);
    return rc;
}

enum cmc_rc cmc_http_listen(struct cmc_http *h, const char *address, uint16_t port, SSL_CTX *tls,
                            uint16_t *bound, struct cmc_err *err)
{
    int fd = -1;
    enum cmc_rc rc = cmc_http_bind(address, port, &fd, bound, err);

    if (rc != CMC_OK)
        return rc;
    rc = listen_own(h, fd, tls, err);
    if (rc != CMC_OK)
        (void)close(fd);
    return rc;
}

/* -- from other threads ------------------------------------------------------------------ */

bool cmc_http_post(struct cmc_http *h, void (*fn)(void *arg), void *arg)
{
    struct cmc_http_post *post = malloc(sizeof *post);

    if (post == NULL)
        return false;
    *post = (struct cmc_http_post){.fn = fn, .arg = arg};
    (void)pthread_mutex_lock(&h->lock);
    if (h->last_post != NULL)
        h->last_post->next = post;
    else
        h->first_post = post;
    h->last_post = post;
    event_active(h->wake, EV_TIMEOUT, 0);
    (void)pthread_mutex_unlock(&h->lock);
    return true;
}

static void want_stop(struct cmc_http *h, unsigned int grace_seconds, bool polite)
{
    (void)pthread_mutex_lock(&h->lock);
    h->stop_wanted = true;
    h->stop_politely = polite;
    h->grace_seconds = grace_seconds;
    event_active(h->wake, EV_TIMEOUT, 0);
    (void)pthread_mutex_unlock(&h->lock);
}

void cmc_http_stop(struct cmc_http *h, unsigned int grace_seconds)
{
    want_stop(h, grace_seconds, false);
}

void cmc_http_retire(struct cmc_http *h, unsigned int grace_seconds)
{
    want_stop(h, grace_seconds, true);
}

static void close_all(struct cmc_http *h)
{
    struct cmc_http_conn *c;

    while ((c = LIST_FIRST(&h->conns)) != NULL)
        cmc_http_conn_free(c);
}

void cmc_http_conn_gone(struct cmc_http *h)
{
    if (h->stopping && h->conn_count == 0)
        (void)event_base_loopexit(h->base, NULL);
}

static void on_grace_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    close_all(arg);
}

/* A second call, with a shorter time, is how an operator says "now". */
static void begin_stop(struct cmc_http *h, unsigned int grace_seconds, bool polite)
{
    struct timeval tv = {.tv_sec = (time_t)grace_seconds};
    struct cmc_http_conn *c = LIST_FIRST(&h->conns);

    h->stopping = true;
    listeners_free(h);
    while (c != NULL) {
        struct cmc_http_conn *next = LIST_NEXT(c, link);

        if (polite)
            cmc_http_conn_retire(c);
        else
            cmc_http_conn_stop(c);
        c = next;
    }
    if (event_add(h->grace, &tv) != 0)
        close_all(h);
    cmc_http_conn_gone(h);
}

static void run_posts(struct cmc_http *h)
{
    struct cmc_http_post *post;

    (void)pthread_mutex_lock(&h->lock);
    post = h->first_post;
    h->first_post = h->last_post = NULL;
    (void)pthread_mutex_unlock(&h->lock);
    while (post != NULL) {
        struct cmc_http_post *next = post->next;

        post->fn(post->arg);
        free(post);
        post = next;
    }
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct cmc_http *h = arg;
    unsigned int grace_seconds;
    bool stop, polite;

    (void)fd;
    (void)what;
    run_posts(h);
    (void)pthread_mutex_lock(&h->lock);
    stop = h->stop_wanted;
    h->stop_wanted = false;
    polite = h->stop_politely;
    grace_seconds = h->grace_seconds;
    (void)pthread_mutex_unlock(&h->lock);
    if (stop)
        begin_stop(h, grace_seconds, polite);
}

/* -- when nothing else is to do ---------------------------------------------------------- */

/* Everything else has the middle one of three, which is libevent's default. */
#define PRIORITIES      3
#define LOWEST_PRIORITY 2

static void on_quiet(evutil_socket_t fd, short what, void *arg)
{
    struct cmc_http *h = arg;
    void (*fn)(void *arg) = h->quiet_fn;

    (void)fd;
    (void)what;
    h->quiet_fn = NULL;
    if (fn != NULL)
        fn(h->quiet_arg);
}

void cmc_http_when_quiet(struct cmc_http *h, void (*fn)(void *arg), void *arg)
{
    h->quiet_fn = fn;
    h->quiet_arg = arg;
    event_active(h->quiet, EV_TIMEOUT, 0);
}

/* -- the loop ---------------------------------------------------------------------------- */

const char *cmc_http_date(struct cmc_http *h)
{
    time_t now = time(NULL);
    struct tm tm;

    if (now != h->date_at && gmtime_r(&now, &tm) != NULL) {
        static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

        /* Not strftime(): its names follow the locale. */
        (void)snprintf(h->date, sizeof h->date, "%s, %02d %s %d %02d:%02d:%02d GMT",
                       days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
                       tm.tm_hour, tm.tm_min, tm.tm_sec);
        h->date_at = now;
    }
    return h->date;
}

static enum cmc_rc check_limits(const struct cmc_http_limits *l, struct cmc_err *err)
{
    if (l->connections == 0 || l->handshake_seconds == 0 || l->header_seconds == 0 ||
        l->body_seconds == 0 || l->idle_seconds == 0 || l->write_seconds == 0 ||
        l->header_octets == 0)
        return cmc_fail(err, CMC_E_USAGE, NULL, "a limit of the HTTP server is 0");
    /* What http_parse.c and evbuffer count in. */
    if (l->body_octets > SIZE_MAX / 64 || l->header_octets > SIZE_MAX / 64)
        return cmc_fail(err, CMC_E_USAGE, NULL, "a limit of the HTTP server is too large");
    return CMC_OK;
}

enum cmc_rc cmc_http_new(const struct cmc_http_limits *limits, cmc_http_handler_fn handler,
                         void *arg, struct cmc_log *log, struct cmc_http **out, struct cmc_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    enum cmc_rc rc = check_limits(limits, err);
    struct cmc_http *h;

    if (rc != CMC_OK)
        return rc;
    (void)pthread_once(&once, prepare_process);
    h = calloc(1, sizeof *h);
    if (h == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    (void)pthread_mutex_init(&h->lock, NULL);
    h->limits = *limits;
    h->handler = handler;
    h->arg = arg;
    h->log = log;
    cmc_buf_init(&h->scratch, SCRATCH_OCTETS);
    h->base = event_base_new();
    if (h->base != NULL && event_base_priority_init(h->base, PRIORITIES) == 0) {
        h->quiet = event_new(h->base, -1, 0, on_quiet, h);
        h->wake = event_new(h->base, -1, EV_PERSIST, on_wake, h);
        h->grace = evtimer_new(h->base, on_grace_over, h);
    }
    if (h->quiet == NULL || event_priority_set(h->quiet, LOWEST_PRIORITY) != 0 || h->wake == NULL ||
        h->grace == NULL) {
        cmc_http_free(h);
        return cmc_fail(err, CMC_E_LOCAL, NULL, "no event loop can be made: %s", strerror(errno));
    }
    *out = h;
    return CMC_OK;
}

enum cmc_rc cmc_http_run(struct cmc_http *h, struct cmc_err *err)
{
    int ret = event_base_loop(h->base, EVLOOP_NO_EXIT_ON_EMPTY);

    listeners_free(h);
    close_all(h);
    /* libevent closes sockets in the turn after they were freed. */
    (void)event_base_loop(h->base, EVLOOP_NONBLOCK);
    if (ret < 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "the event loop failed: %s", strerror(errno));
    return CMC_OK;
}

void cmc_http_free(struct cmc_http *h)
{
    if (h == NULL)
        return;
    listeners_free(h);
    close_all(h);
    /* Whoever posted counts on being called: answers to connections that have gone, say. */
    run_posts(h);
    on_quiet(-1, 0, h);
    if (h->quiet != NULL)
        event_free(h->quiet);
    if (h->wake != NULL)
        event_free(h->wake);
    if (h->grace != NULL)
        event_free(h->grace);
    if (h->base != NULL)
        event_base_free(h->base);
    cmc_buf_free(&h->scratch);
    (void)pthread_mutex_destroy(&h->lock);
    free(h);
}
