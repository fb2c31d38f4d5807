/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP seam share: http.c (the loop), http_conn.c (one connection). */
#ifndef CMC_SERVER_HTTP_INT_H
#define CMC_SERVER_HTTP_INT_H

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <pthread.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>

#include "server/http.h"
#include "server/http_parse.h"

/* "[ffff:...:255.255.255.255]:65535" */
#define CMC_HTTP_PEER_OCTETS 64
/* After a refusal: how long what the peer still sends is read and dropped, before the close. */
#define CMC_HTTP_LINGER_SECONDS 2u
/* A loop that retires: how long who is connected may take to ask once more. */
#define CMC_HTTP_PARTING_SECONDS 3u
/* A TLS client certificate. */
#define CMC_HTTP_CERT_OCTETS 65536u
/* Connections are found by address in this many lists. */
#define CMC_HTTP_ADDRESS_LISTS 256u

/* What a connection waits for. Each has its own deadline (set_state() in http_conn.c). */
enum cmc_http_state {
    CMC_HTTP_HANDSHAKE,
    CMC_HTTP_IDLE,    /* the first octet of a request */
    CMC_HTTP_HEAD,    /* the end of the header */
    CMC_HTTP_BODY,    /* the end of the body */
    CMC_HTTP_HANDLER, /* cmc_http_reply() */
    CMC_HTTP_WRITE,   /* the peer to take the answer */
    CMC_HTTP_LINGER   /* the peer to close, after a refusal */
};

struct cmc_http_conn {
    LIST_ENTRY(cmc_http_conn) link, by_address;
    struct cmc_http *http;
    struct bufferevent *bev;
    SSL *ssl; /* owned by bev; NULL: plain */
    struct event deadline;
    enum cmc_http_state state;
    struct cmc_http_scan scan;
    struct cmc_http_chunks chunks;
    struct cmc_http_request *rq; /* from the end of the header to the reply */
    bool peer_ended;             /* the peer sends no more; it may still read */
    bool close;                  /* after the current answer */
    bool linger;                 /* there may be unread octets: close gently */
    uint64_t address;
    char peer[CMC_HTTP_PEER_OCTETS];
    struct cmc_buf cert; /* DER of the verified client certificate */
};

/* Owns all that its accessors lend, so that it outlives the connection. */
struct cmc_http_request {
    struct cmc_http_conn *conn; /* NULL when the connection has gone */
    struct cmc_http_head head;
    struct cmc_buf body, cert;
    bool tls;
    char peer[CMC_HTTP_PEER_OCTETS];
    char text[]; /* the octets of the head, which head points into */
};

struct cmc_http_post;
LIST_HEAD(cmc_http_listeners, cmc_http_listener);
LIST_HEAD(cmc_http_conns, cmc_http_conn);

struct cmc_http {
    struct cmc_http_limits limits;
    cmc_http_handler_fn handler;
    void *arg;
    struct cmc_log *log;
    struct event_base *base;
    struct event *wake;          /* made active from other threads */
    struct event *grace;         /* the end of a graceful stop */
    struct event *quiet;         /* of the lowest priority: runs when nothing else can */
    void (*quiet_fn)(void *arg); /* NULL: none is due */
    void *quiet_arg;
    struct cmc_http_listeners listeners;
    struct cmc_http_conns conns;
    struct cmc_http_conns by_address[CMC_HTTP_ADDRESS_LISTS];
    unsigned int conn_count;
    bool stopping;
    time_t date_at; /* the second that date is for */
    char date[40];
    time_t refused_at; /* when refused connections were last logged, and how many since */
    unsigned int refused;
    struct cmc_buf scratch; /* the head of the answer being written */

    pthread_mutex_t lock; /* guards what follows */
    struct cmc_http_post *first_post, *last_post;
    bool stop_wanted, stop_politely;
    unsigned int grace_seconds;
};

/* What the cap on connections of an address counts by, and the list of by_address for it. */
uint64_t cmc_http_address_key(const struct sockaddr *sa);
size_t cmc_http_address_list(uint64_t address);
/* "192.0.2.1:4711", "[2001:db8::1]:4711" */
void cmc_http_peer_text(const struct sockaddr *sa, char out[CMC_HTTP_PEER_OCTETS]);
/* Is there room for one more from this address? A refusal is logged. */
bool cmc_http_may_connect(struct cmc_http *h, uint64_t address, const char *peer);

/*
 * Take over an accepted socket; it is closed at once when a cap is reached.
 * tls NULL: plain.
 */
void cmc_http_conn_new(struct cmc_http *h, evutil_socket_t fd, const struct sockaddr *sa,
                       SSL_CTX *tls);
/* Close now. A request that the handler still has loses its connection, not its life. */
void cmc_http_conn_free(struct cmc_http_conn *c);
/* The loop is stopping: close if nothing is under way, else after the answer. */
void cmc_http_conn_stop(struct cmc_http_conn *c);

/* The same, but one that is open may still ask once. */
void cmc_http_conn_retire(struct cmc_http_conn *c);

/* "Sun, 06 Nov 1994 08:49:37 GMT", made once a second. */
const char *cmc_http_date(struct cmc_http *h);
/* Called whenever a connection has gone: ends the loop when it was the last of a stop. */
void cmc_http_conn_gone(struct cmc_http *h);

void cmc_http_request_free(struct cmc_http_request *rq);

/*
 * The octets of an answer to the kernel, if it takes all of them at once and nothing else is to be
 * done on the connection (*sent: it waits for the next request then); else into the connection's
 * output, in one piece. False: out of memory.
 */
bool cmc_http_write_answer(struct cmc_http_conn *c, bool head_only, unsigned int status,
                           const char *content_type, struct cmc_slice body,
                           const char *const *headers, bool *sent);
/* The same for a file, which is taken over, into the connection's output. */
bool cmc_http_write_file(struct cmc_http_conn *c, bool head_only, unsigned int status,
                         const char *content_type, int fd, uint64_t octets,
                         const char *const *headers);

#endif
