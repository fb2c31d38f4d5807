/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.x messages from outside, strictly (RFC 9112): the octets of a head, and the chunked
 * coding. Pure functions over memory: no socket, no clock. A refusal is an HTTP status and one
 * clear line; 0 is "fine so far".
 */
#ifndef CMC_SERVER_HTTP_PARSE_H
#define CMC_SERVER_HTTP_PARSE_H

#include "base/buf.h"

/* Header fields of one request; more are refused with 431. */
#define CMC_HTTP_FIELDS_MAX 64
/* One chunk-size line with its extensions, and all trailer fields of one body. */
#define CMC_HTTP_CHUNK_LINE_OCTETS 256u
#define CMC_HTTP_TRAILER_OCTETS    4096u

/* -- where the head ends ----------------------------------------------------------------- */

/* What is known of the octets seen so far. Starts as {0}. */
struct cmc_http_scan {
    size_t begin; /* of the request line: 2 after one empty line (RFC 9112 section 2.2), else 0 */
    size_t line;  /* where the current line begins */
    size_t seen;  /* octets looked at */
    size_t end;   /* of the head with its empty line; 0: not arrived yet */
};

/*
 * p is all n octets that have arrived since the last request; called again with more of them.
 * Sets s->end when the head is complete. A line that ends in a bare LF, a second empty line and
 * a first octet that no method begins with are refused (400) as soon as they are seen.
 */
unsigned int cmc_http_scan(struct cmc_http_scan *s, const uint8_t *p, size_t n, const char **why);

/* -- what the head says ------------------------------------------------------------------ */

struct cmc_http_field {
    const char *name, *value;
};

struct cmc_http_head {
    const char *method; /* GET, HEAD or POST */
    const char *path;   /* as sent: nothing is percent-decoded */
    const char *query;  /* or NULL */
    bool head_only;     /* HEAD: the answer has no body */
    bool http_1_0;
    bool keep_alive;
    bool expect_continue;
    bool chunked;
    bool has_length;
    uint64_t length;
    unsigned int field_count;
    struct cmc_http_field fields[CMC_HTTP_FIELDS_MAX];
};

/*
 * p: the n octets from the request line to the empty line, which are cut into strings in place;
 * *out points into them. Refuses with 400 (syntax, Host, framing), 405 (a method that is not
 * served), 411 (POST without a length), 417, 431 (too many fields), 501 (unknown method), 505.
 */
unsigned int cmc_http_parse_head(char *p, size_t n, struct cmc_http_head *out, const char **why);

/* Compare header names or values that are tokens: ASCII, without regard to case. */
bool cmc_http_token_eq(const char *a, const char *b);

/* -- the chunked coding ------------------------------------------------------------------ */

enum cmc_http_chunk_state {
    CMC_CHUNK_SIZE_FIRST,
    CMC_CHUNK_SIZE,
    CMC_CHUNK_BWS,
    CMC_CHUNK_EXT,
    CMC_CHUNK_SIZE_LF,
    CMC_CHUNK_DATA,
    CMC_CHUNK_DATA_CR,
    CMC_CHUNK_DATA_LF,
    CMC_CHUNK_TRAILER_FIRST,
    CMC_CHUNK_TRAILER_NAME,
    CMC_CHUNK_TRAILER_VALUE,
    CMC_CHUNK_TRAILER_LF,
    CMC_CHUNK_LAST_LF,
    CMC_CHUNK_DONE
};

/* Starts as {0}. */
struct cmc_http_chunks {
    enum cmc_http_chunk_state state;
    size_t left;    /* of this chunk */
    size_t line;    /* octets of this chunk-size line */
    size_t trailer; /* octets of all trailer fields, which are checked and dropped */
};

/*
 * Decode from p; *used octets of the n were taken (all, unless the body ended before). The data
 * goes to body, whose maximum is the limit. Ended when c->state is CMC_CHUNK_DONE. Refuses with
 * 400, 413 (at the size line that would go above the limit), 431 (trailer), 500 (out of memory).
 */
unsigned int cmc_http_chunks(struct cmc_http_chunks *c, const uint8_t *p, size_t n, size_t *used,
                             struct cmc_buf *body, const char **why);

#endif
