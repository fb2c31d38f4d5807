/* SPDX-License-Identifier: Apache-2.0 */
/* The strict reader of http_parse.c: one row for each thing that it takes or refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/http_parse.h"

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))
#define H       "Host: a\r\n"

/* A message in a block of exactly its size, so that ASan sees a step too far. */
static char *exact(const char *p, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, p, n);
    return copy;
}

/* Scan text whole, then parse; the status, with the head in *copy, which the caller frees. */
static unsigned int read_head(const char *text, size_t n, char **copy, struct cmc_http_head *head)
{
    struct cmc_http_scan scan = {0};
    const char *why = NULL;
    unsigned int status;

    *copy = exact(text, n);
    status = cmc_http_scan(&scan, (const uint8_t *)*copy, n, &why);
    if (status == 0) {
        assert_true(scan.end > 0);
        status = cmc_http_parse_head(*copy + scan.begin, scan.end - scan.begin, head, &why);
    }
    if (status != 0)
        assert_non_null(why);
    return status;
}

struct head_row {
    const char *text;
    size_t n;
    unsigned int status;
};
#define ROW(text, status)                                                                          \
    {                                                                                              \
        text, sizeof(text) - 1, status                                                             \
    }

static const struct head_row head_rows[] = {
    ROW("GET / HTTP/1.1\r\n" H "\r\n", 0),
    ROW("\r\nGET / HTTP/1.1\r\n" H "\r\n", 0),
    ROW("\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET / HTTP/1.0\r\n\r\n", 0),
    ROW("GET / HTTP/1.2\r\n" H "\r\n", 0),
    ROW("HEAD / HTTP/1.1\r\n" H "\r\n", 0),
    /* the request line */
    ROW("GET / HTTP/2.0\r\n" H "\r\n", 505),
    ROW("GET / HTTP/0.9\r\n" H "\r\n", 505),
    ROW("GET / HTTP/1.1x\r\n" H "\r\n", 400),
    ROW("GET / HTTP/11\r\n" H "\r\n", 400),
    ROW("GET / http/1.1\r\n" H "\r\n", 400),
    ROW("GET /\r\n" H "\r\n", 400),
    ROW("GET\r\n" H "\r\n", 400),
    ROW("GET  / HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET /  HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET / HTTP/1.1 \r\n" H "\r\n", 400),
    ROW(" GET / HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET\t/ HTTP/1.1\r\n" H "\r\n", 400),
    ROW("G(T / HTTP/1.1\r\n" H "\r\n", 400),
    ROW("get / HTTP/1.1\r\n" H "\r\n", 501),
    ROW("BREW / HTTP/1.1\r\n" H "\r\n", 501),
    ROW("PUT / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 405),
    ROW("DELETE / HTTP/1.1\r\n" H "\r\n", 405),
    ROW("OPTIONS * HTTP/1.1\r\n" H "\r\n", 405),
    ROW("CONNECT a:443 HTTP/1.1\r\n" H "\r\n", 405),
    ROW("TRACE / HTTP/1.1\r\n" H "\r\n", 405),
    ROW("PATCH / HTTP/1.1\r\n" H "\r\n", 405),
    /* the target */
    ROW("GET * HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET a HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET /a#b HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET /\x01 HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET http:// HTTP/1.1\r\n" H "\r\n", 400),
    ROW("GET ftp://a/ HTTP/1.1\r\n" H "\r\n", 400),
    /* line ends */
    ROW("GET / HTTP/1.1\nHost: a\n\n", 400),
    ROW("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    ROW("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400),
    ROW("\x16\x03\x01", 400),
    /* fields */
    ROW("GET / HTTP/1.1\r\n" H "X : b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X\t: b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H ": b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n X: a\r\n" H "\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X: a\x1b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X(y): a\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\n" H "X:\r\nY: \t\r\nZ: \xe4\r\n\r\n", 0),
    /* Host */
    ROW("GET / HTTP/1.1\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ROW("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ROW("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0),
    /* the length of the body */
    ROW("POST / HTTP/1.1\r\n" H "\r\n", 411),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 0),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551615\r\n\r\n", 0),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551616\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length : 5\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: CHUNKED\r\n\r\n", 0),
    ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, identity\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \x0b"
        "chunked\r\n\r\n",
        400),
    ROW("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        400),
    ROW("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nExpect: 200-ok\r\n\r\n", 417),
    ROW("POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n", 0),
};

static void heads(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(head_rows); i++) {
        const struct head_row *r = &head_rows[i];
        struct cmc_http_head head;
        char *copy;
        unsigned int status = read_head(r->text, r->n, &copy, &head);

        if (status != r->status)
            fail_msg("row %zu: %u, not %u: %s", i, status, r->status, r->text);
        free(copy);
    }
}

/* However the octets arrive, the end is found at the same place and not before. */
static void scan_in_pieces(void **state)
{
    static const char text[] = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nnext";
    const size_t end = sizeof text - 1 - strlen("next");
    const char *why;

    (void)state;
    for (size_t cut = 0; cut < end; cut++) {
        struct cmc_http_scan scan = {0};

        assert_int_equal(cmc_http_scan(&scan, (const uint8_t *)text, cut, &why), 0);
        assert_int_equal(scan.end, 0);
        assert_int_equal(cmc_http_scan(&scan, (const uint8_t *)text, sizeof text - 1, &why), 0);
        assert_int_equal(scan.end, end);
        assert_int_equal(scan.begin, 2);
    }
}

static void what_a_head_says(void **state)
{
    static const char text[] = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 42\r\n"
                               "X-Y: \t z z \t\r\nExpect: 100-continue\r\n\r\n";
    struct cmc_http_head head;
    char *copy;

    (void)state;
    assert_int_equal(read_head(text, sizeof text - 1, &copy, &head), 0);
    assert_string_equal(head.method, "POST");
    assert_false(head.head_only);
    assert_false(head.chunked);
    assert_true(head.has_length);
    assert_int_equal(head.length, 42);
    assert_true(head.expect_continue);
    assert_int_equal(head.field_count, 4);
    assert_string_equal(head.fields[2].name, "X-Y");
    assert_string_equal(head.fields[2].value, "z z");
    free(copy);
}

static void connection(void **state)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } rows[] = {
        {"GET / HTTP/1.1\r\n" H "\r\n", true},
        {"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" H "Connection: foo , Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" H "Connection: closed\r\n\r\n", true},
        {"GET / HTTP/1.1\r\n" H "Connection: clos\r\n\r\n", true},
        {"GET / HTTP/1.1\r\n" H "Connection: ,,\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct cmc_http_head head;
        char *copy;

        assert_int_equal(read_head(rows[i].text, strlen(rows[i].text), &copy, &head), 0);
        if (head.keep_alive != rows[i].keep_alive)
            fail_msg("row %zu: %s", i, rows[i].text);
        free(copy);
    }
}

static void targets(void **state)
{
    static const struct {
        const char *target, *path, *query;
    } rows[] = {
        {"/", "/", NULL},
        {"/a%20b?c=d?e", "/a%20b", "c=d?e"},
        {"/?", "/", ""},
        {"http://a/b?c", "/b", "c"},
        {"HTTPS://a:1", "/", NULL},
        {"http://a?q", "/", "q"},
        {"//a/b", "//a/b", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct cmc_http_head head;
        char text[128];
        char *copy;
        int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" H "\r\n", rows[i].target);

        assert_int_equal(read_head(text, (size_t)n, &copy, &head), 0);
        assert_string_equal(head.path, rows[i].path);
        if (rows[i].query == NULL)
            assert_null(head.query);
        else
            assert_string_equal(head.query, rows[i].query);
        free(copy);
    }
}

static void too_many_fields(void **state)
{
    (void)state;
    for (unsigned int fields = CMC_HTTP_FIELDS_MAX; fields <= CMC_HTTP_FIELDS_MAX + 1; fields++) {
        struct cmc_http_head head;
        struct cmc_buf b;
        char *copy;

        cmc_buf_init(&b, 65536);
        cmc_buf_str(&b, "GET / HTTP/1.1\r\n" H);
        for (unsigned int i = 1; i < fields; i++)
            cmc_buf_str(&b, "X: y\r\n");
        cmc_buf_str(&b, "\r\n");
        assert_int_equal(read_head((const char *)b.p, b.n, &copy, &head),
                         fields > CMC_HTTP_FIELDS_MAX ? 431 : 0);
        free(copy);
        cmc_buf_free(&b);
    }
}

/* -- the chunked coding ------------------------------------------------------------------ */

#define CHUNK_LIMIT 16

struct chunk_row {
    const char *text;
    const char *body; /* NULL: refused with status */
    unsigned int status;
    size_t rest; /* octets that belong to the next message */
};

static const struct chunk_row chunk_rows[] = {
    {"0\r\n\r\n", "", 0, 0},
    {"3\r\nabc\r\n0\r\n\r\n", "abc", 0, 0},
    {"3\r\nabc\r\n0\r\n\r\nGET", "abc", 0, 3},
    {"003\r\nabc\r\n00\r\n\r\n", "abc", 0, 0},
    {"a\r\n0123456789\r\n6\r\nabcdef\r\n0\r\n\r\n", "0123456789abcdef", 0, 0},
    {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0, 0},
    {"3;x=y;z=\"q\"\r\nabc\r\n0;l\r\n\r\n", "abc", 0, 0},
    {"3 ;x\r\nabc\r\n0\r\n\r\n", "abc", 0, 0},
    {"0\r\nX: y\r\nZ:\r\n\r\n", "", 0, 0},
    {"11\r\n", NULL, 413, 0},
    {"a\r\n0123456789\r\n7\r\n", NULL, 413, 0},
    {"ffffffffffffffffffff\r\n", NULL, 413, 0},
    {"10000000000000003\r\n", NULL, 413, 0},
    {"\r\n", NULL, 400, 0},
    {"+3\r\n", NULL, 400, 0},
    {"-3\r\n", NULL, 400, 0},
    {"0x3\r\n", NULL, 400, 0},
    {" 3\r\n", NULL, 400, 0},
    {"3 \r\n", NULL, 400, 0},
    {"3 3\r\n", NULL, 400, 0},
    {"g\r\n", NULL, 400, 0},
    {"3\nabc\n", NULL, 400, 0},
    {"3\rabc", NULL, 400, 0},
    {"3;x\nabc", NULL, 400, 0},
    {"3\r\nabcd\r\n", NULL, 400, 0},
    {"3\r\nabc\n", NULL, 400, 0},
    {"3\r\nabc\rx", NULL, 400, 0},
    {"3\r\nabc0\r\n", NULL, 400, 0},
    {"0\r\n\n", NULL, 400, 0},
    {"0\r\nX : y\r\n", NULL, 400, 0},
    {"0\r\n: y\r\n", NULL, 400, 0},
    {"0\r\nX\r\n", NULL, 400, 0},
    {"0\r\n X: y\r\n", NULL, 400, 0},
    {"0\r\nX: y\n", NULL, 400, 0},
};

/* Decode in pieces of at most step octets. */
static unsigned int decode(const char *text, size_t n, size_t step, struct cmc_buf *body,
                           size_t *taken, bool *done)
{
    struct cmc_http_chunks c = {0};
    unsigned int status = 0;
    const char *why = NULL;

    *taken = 0;
    while (status == 0 && *taken < n && c.state != CMC_CHUNK_DONE) {
        size_t piece = n - *taken < step ? n - *taken : step;
        char *copy = exact(text + *taken, piece);
        size_t used = 0;

        status = cmc_http_chunks(&c, (const uint8_t *)copy, piece, &used, body, &why);
        free(copy);
        assert_in_range(used, 1, piece);
        *taken += used;
    }
    if (status != 0)
        assert_non_null(why);
    *done = c.state == CMC_CHUNK_DONE;
    return status;
}

static void chunks(void **state)
{
    static const size_t steps[] = {1, 2, 3, 5, SIZE_MAX};

    (void)state;
    for (size_t i = 0; i < ROWS(chunk_rows); i++) {
        const struct chunk_row *r = &chunk_rows[i];

        for (size_t k = 0; k < ROWS(steps); k++) {
            struct cmc_buf body;
            size_t n = strlen(r->text);
            size_t taken;
            bool done;
            unsigned int status;

            cmc_buf_init(&body, CHUNK_LIMIT);
            status = decode(r->text, n, steps[k], &body, &taken, &done);
            if (status != r->status)
                fail_msg("row %zu: %u, not %u: %s", i, status, r->status, r->text);
            if (r->body != NULL) {
                assert_true(done);
                assert_int_equal(n - taken, r->rest);
                assert_int_equal(body.n, strlen(r->body));
                assert_memory_equal(cmc_buf_get0(&body).p, r->body, body.n);
            } else {
                assert_false(done);
            }
            cmc_buf_free(&body);
        }
    }
}

/* Every proper prefix of a good body is neither refused nor whole. */
static void chunks_cut_short(void **state)
{
    static const char text[] = "3;x\r\nabc\r\n0\r\nX: y\r\n\r\n";

    (void)state;
    for (size_t n = 0; n < sizeof text - 1; n++) {
        struct cmc_buf body;
        size_t taken;
        bool done;

        cmc_buf_init(&body, CHUNK_LIMIT);
        assert_int_equal(decode(text, n, SIZE_MAX, &body, &taken, &done), 0);
        assert_false(done);
        cmc_buf_free(&body);
    }
}

static void chunk_lines_are_bounded(void **state)
{
    static const struct {
        const char *begin;
        unsigned int status;
    } rows[] = {{"3;", 400}, {"0", 400}, {"0\r\nX: ", 431}};

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct cmc_buf text, body;
        size_t taken;
        bool done;

        cmc_buf_init(&text, 65536);
        cmc_buf_init(&body, CHUNK_LIMIT);
        cmc_buf_str(&text, rows[i].begin);
        for (size_t k = 0; k < CMC_HTTP_TRAILER_OCTETS; k++)
            cmc_buf_byte(&text, '0');
        assert_int_equal(decode((const char *)text.p, text.n, SIZE_MAX, &body, &taken, &done),
                         rows[i].status);
        cmc_buf_free(&text);
        cmc_buf_free(&body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(scan_in_pieces),
        cmocka_unit_test(what_a_head_says),
        cmocka_unit_test(connection),
        cmocka_unit_test(targets),
        cmocka_unit_test(too_many_fields),
        cmocka_unit_test(chunks),
        cmocka_unit_test(chunks_cut_short),
        cmocka_unit_test(chunk_lines_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
