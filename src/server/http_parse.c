/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_parse.h"

#include <strings.h>

#include "base/hex.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* tchar of RFC 9110 section 5.6.2: what methods and field names are made of. */
static bool is_tchar(char c)
{
    char l = lower(c);

    return (l >= 'a' && l <= 'z') || is_digit(c) ||
           (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* What a field value, an extension of a chunk or a trailer may hold: no control but HTAB. */
static bool is_text(char c)
{
    return c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

bool cmc_http_token_eq(const char *a, const char *b)
{
    while (*a != 0 && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static unsigned int refuse(unsigned int status, const char *text, const char **why)
{
    *why = text;
    return status;
}

/* -- where the head ends ----------------------------------------------------------------- */

/* The request line, as far as it has begun, does so as a method does (or is an empty line). */
static bool begins_well(const struct cmc_http_scan *s, const uint8_t *p, size_t n)
{
    return n <= s->begin || p[s->begin] == '\r' || p[s->begin] == '\n' ||
           is_tchar((char)p[s->begin]);
}

unsigned int cmc_http_scan(struct cmc_http_scan *s, const uint8_t *p, size_t n, const char **why)
{
    const uint8_t *lf;

    if (!begins_well(s, p, n))
        return refuse(400, "this is not an HTTP request", why);
    while (s->seen < n && (lf = memchr(p + s->seen, '\n', n - s->seen)) != NULL) {
        size_t i = (size_t)(lf - p);
        size_t line = s->line;

        if (i == line || p[i - 1] != '\r')
            return refuse(400, "a line ends in LF without CR", why);
        s->line = s->seen = i + 1;
        if (i - 1 > line)
            continue;
        if (line > s->begin) {
            s->end = i + 1;
            return 0;
        }
        if (s->begin > 0)
            return refuse(400, "empty lines before the request line", why);
        s->begin = i + 1;
        if (!begins_well(s, p, n))
            return refuse(400, "this is not an HTTP request", why);
    }
    s->seen = n;
    return 0;
}

/* -- fields that the transport itself obeys ---------------------------------------------- */

/* What has been met in this head. */
struct seen {
    unsigned int host, length, coding;
};

static unsigned int on_host(struct cmc_http_head *head, struct seen *seen, const char *value,
                            const char **why)
{
    (void)head;
    if (++seen->host > 1)
        return refuse(400, "more than one Host field", why);
    if (*value == 0)
        return refuse(400, "the Host field is empty", why);
    for (; *value != 0; value++)
        if (!is_tchar(*value) && strchr(":[]", *value) == NULL)
            return refuse(400, "the Host field is not a host name", why);
    return 0;
}

/*
 * RFC 9112 section 6.3 lets equal values that are repeated pass; they are refused here, since
 * nobody sends them in good faith.
 */
static unsigned int on_length(struct cmc_http_head *head, struct seen *seen, const char *value,
                              const char **why)
{
    uint64_t n = 0;

    if (++seen->length > 1)
        return refuse(400, "more than one Content-Length field", why);
    if (*value == 0)
        return refuse(400, "the Content-Length field is empty", why);
    for (; *value != 0; value++) {
        unsigned int d = (unsigned int)(*value - '0');

        if (!is_digit(*value))
            return refuse(400, "the Content-Length field is not a decimal number", why);
        if (n > (UINT64_MAX - d) / 10)
            return refuse(400, "the Content-Length field is too large a number", why);
        n = n * 10 + d;
    }
    head->has_length = true;
    head->length = n;
    return 0;
}

static unsigned int on_coding(struct cmc_http_head *head, struct seen *seen, const char *value,
                              const char **why)
{
    if (++seen->coding > 1)
        return refuse(400, "more than one Transfer-Encoding field", why);
    if (!cmc_http_token_eq(value, "chunked"))
        return refuse(400, "the only Transfer-Encoding known here is chunked", why);
    head->chunked = true;
    return 0;
}

/* Is token a member of a comma-separated list? */
static bool list_has(const char *list, const char *token)
{
    size_t n = strlen(token);

    while (*list != 0) {
        size_t len = strcspn(list, ",");
        size_t i = strspn(list, " \t");
        size_t k = 0;

        while (k < n && i + k < len && lower(list[i + k]) == token[k])
            k++;
        if (k == n && i + n + strspn(list + i + n, " \t") == len)
            return true;
        list += len;
        if (*list == ',')
            list++;
    }
    return false;
}

static unsigned int on_connection(struct cmc_http_head *head, struct seen *seen, const char *value,
                                  const char **why)
{
    (void)seen;
    (void)why;
    if (list_has(value, "close"))
        head->keep_alive = false;
    else if (head->http_1_0 && list_has(value, "keep-alive"))
        head->keep_alive = true;
    return 0;
}

static unsigned int on_expect(struct cmc_http_head *head, struct seen *seen, const char *value,
                              const char **why)
{
    (void)seen;
    if (!cmc_http_token_eq(value, "100-continue"))
        return refuse(417, "the only expectation known here is 100-continue", why);
    head->expect_continue = !head->http_1_0;
    return 0;
}

typedef unsigned int (*field_fn)(struct cmc_http_head *head, struct seen *seen, const char *value,
                                 const char **why);

static const struct {
    const char *name;
    field_fn on;
} transport_fields[] = {
    {"host", on_host},
    {"content-length", on_length},
    {"transfer-encoding", on_coding},
    {"connection", on_connection},
    {"expect", on_expect},
};

/* -- the lines of a head ----------------------------------------------------------------- */

/* Cut the next line, which scan() has seen to end in CRLF, out of *p. */
static char *next_line(char **p, const char *end)
{
    char *line = *p;
    char *lf = memchr(line, '\n', (size_t)(end - line));

    lf[-1] = 0;
    *p = lf + 1;
    return line;
}

/* RFC 9112 section 3.2: origin-form, or absolute-form of which only the path is of interest. */
static unsigned int parse_target(char *target, struct cmc_http_head *out, const char **why)
{
    static char root[] = "/";
    static const char *const schemes[] = {"http://", "https://"};
    char *query;

    for (const char *p = target; *p != 0; p++)
        if (*p <= ' ' || *p >= 0x7f || *p == '#')
            return refuse(400, "a character in the request target that must be percent-encoded",
                          why);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i]);

        if (strncasecmp(target, schemes[i], n) == 0) {
            size_t authority = strcspn(target + n, "/?");

            if (authority == 0)
                return refuse(400, "the request target names no host", why);
            target += n + authority;
            break;
        }
    }
    query = strchr(target, '?');
    if (query != NULL)
        *query++ = 0;
    if (*target == 0)
        target = root;
    if (*target != '/')
        return refuse(400, "the request target is not a path", why);
    out->path = target;
    out->query = query;
    return 0;
}

static unsigned int parse_version(const char *version, struct cmc_http_head *out, const char **why)
{
    if (strncmp(version, "HTTP/", 5) != 0 || !is_digit(version[5]) || version[6] != '.' ||
        !is_digit(version[7]) || version[8] != 0)
        return refuse(400, "the request line does not end in an HTTP version", why);
    if (version[5] != '1')
        return refuse(505, "this server speaks HTTP/1.1", why);
    /* A higher minor version is understood as 1.1: RFC 9110 section 2.5. */
    out->http_1_0 = version[7] == '0';
    out->keep_alive = !out->http_1_0;
    return 0;
}

static unsigned int parse_request_line(char *line, struct cmc_http_head *out, const char **why)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    unsigned int status;

    if (target == line || version == NULL || version == target + 1)
        return refuse(400, "the request line is not 'method target version'", why);
    *target++ = 0;
    *version++ = 0;
    for (const char *p = line; *p != 0; p++)
        if (!is_tchar(*p))
            return refuse(400, "the method is not a token", why);
    out->method = line;
    status = parse_version(version, out, why);
    /* The target of OPTIONS and CONNECT has forms of its own; they are refused by name later. */
    if (status == 0 && strcmp(target, "*") != 0 && strcmp(line, "CONNECT") != 0)
        status = parse_target(target, out, why);
    return status;
}

static unsigned int parse_field(char *line, struct cmc_http_field *out, const char **why)
{
    char *p = line;
    char *end;

    if (*p == ' ' || *p == '\t')
        return refuse(400, "a header field is folded over two lines", why);
    while (is_tchar(*p))
        p++;
    if (*p != ':' || p == line)
        return refuse(400, "a header field is not 'name: value' (no space before the colon)", why);
    *p++ = 0;
    p += strspn(p, " \t");
    for (end = p; *end != 0; end++)
        if (!is_text(*end))
            return refuse(400, "a control character in a header field", why);
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    *end = 0;
    *out = (struct cmc_http_field){.name = line, .value = p};
    return 0;
}

static unsigned int obey_field(const struct cmc_http_field *f, struct cmc_http_head *out,
                               struct seen *seen, const char **why)
{
    for (size_t i = 0; i < sizeof transport_fields / sizeof transport_fields[0]; i++)
        if (cmc_http_token_eq(f->name, transport_fields[i].name))
            return transport_fields[i].on(out, seen, f->value, why);
    return 0;
}

/* Methods are case-sensitive. Those of RFC 9110 and RFC 5789 that are known are "not allowed". */
static unsigned int check_method(struct cmc_http_head *out, const char **why)
{
    static const struct {
        const char *name;
        bool served;
    } methods[] = {{"GET", true},      {"HEAD", true},    {"POST", true},
                   {"PUT", false},     {"DELETE", false}, {"OPTIONS", false},
                   {"CONNECT", false}, {"TRACE", false},  {"PATCH", false}};

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(out->method, methods[i].name) != 0)
            continue;
        out->head_only = strcmp(out->method, "HEAD") == 0;
        return methods[i].served ? 0 : refuse(405, "the methods here are GET, HEAD and POST", why);
    }
    return refuse(501, "unknown method: the methods here are GET, HEAD and POST", why);
}

/* What only the whole head can tell. */
static unsigned int check_whole(struct cmc_http_head *out, const struct seen *seen,
                                const char **why)
{
    unsigned int status;

    if (seen->host == 0 && !out->http_1_0)
        return refuse(400, "the Host field is missing", why);
    if (seen->coding > 0 && seen->length > 0)
        return refuse(400, "Transfer-Encoding and Content-Length in one request", why);
    if (seen->coding > 0 && out->http_1_0)
        return refuse(400, "Transfer-Encoding in an HTTP/1.0 request", why);
    status = check_method(out, why);
    if (status != 0)
        return status;
    if (out->path == NULL)
        return refuse(400, "the request target is not a path", why);
    if (strcmp(out->method, "POST") == 0 && seen->length == 0 && seen->coding == 0)
        return refuse(411, "a POST needs Content-Length or Transfer-Encoding: chunked", why);
    return 0;
}

unsigned int cmc_http_parse_head(char *p, size_t n, struct cmc_http_head *out, const char **why)
{
    const char *end = p + n;
    struct seen seen = {0};
    unsigned int status;
    char *line;

    out->path = out->query = NULL;
    out->head_only = out->expect_continue = out->chunked = out->has_length = false;
    out->length = 0;
    out->field_count = 0;
    /* A NUL would end a string early and hide what comes after it. */
    if (memchr(p, 0, n) != NULL)
        return refuse(400, "a control character in the header", why);
    line = next_line(&p, end);
    status = parse_request_line(line, out, why);
    while (status == 0 && *(line = next_line(&p, end)) != 0) {
        struct cmc_http_field *f = &out->fields[out->field_count];

        if (out->field_count == CMC_HTTP_FIELDS_MAX)
            return refuse(431, "too many header fields", why);
        status = parse_field(line, f, why);
        if (status == 0)
            status = obey_field(f, out, &seen, why);
        out->field_count++;
    }
    if (status == 0)
        status = check_whole(out, &seen, why);
    return status;
}

/* -- the chunked coding ------------------------------------------------------------------ */

/* One octet of a chunk-size line: size, whitespace, extensions, CR. */
static unsigned int size_octet(struct cmc_http_chunks *c, char b, const struct cmc_buf *body,
                               const char **why)
{
    int v = cmc_hex_digit(b);
    bool first = c->state == CMC_CHUNK_SIZE_FIRST;

    if (first)
        c->left = c->line = 0;
    if (++c->line > CMC_HTTP_CHUNK_LINE_OCTETS)
        return refuse(400, "a chunk-size line is too long", why);
    if (v >= 0 && (first || c->state == CMC_CHUNK_SIZE)) {
        /* left is at most the limit here, which is far below SIZE_MAX / 16. */
        c->left = c->left * 16 + (size_t)v;
        c->state = CMC_CHUNK_SIZE;
        if (c->left > body->max - body->n)
            return refuse(413, "the body is too large", why);
    } else if (first) {
        return refuse(400, "a chunk does not begin with its size", why);
    } else if (b == '\r' && c->state != CMC_CHUNK_BWS) {
        c->state = CMC_CHUNK_SIZE_LF;
    } else if (c->state == CMC_CHUNK_EXT) {
        if (!is_text(b))
            return refuse(400, "a control character in a chunk extension", why);
    } else if (b == ';') {
        c->state = CMC_CHUNK_EXT;
    } else if (b == ' ' || b == '\t') {
        c->state = CMC_CHUNK_BWS;
    } else {
        return refuse(400, "a chunk size is not a hexadecimal number", why);
    }
    return 0;
}

/* One octet of the trailer section, whose fields are dropped. */
static unsigned int trailer_octet(struct cmc_http_chunks *c, char b, const char **why)
{
    if (++c->trailer > CMC_HTTP_TRAILER_OCTETS)
        return refuse(431, "the trailer fields are too long", why);
    if (c->state == CMC_CHUNK_TRAILER_FIRST && b == '\r') {
        c->state = CMC_CHUNK_LAST_LF;
    } else if (c->state == CMC_CHUNK_TRAILER_VALUE && b == '\r') {
        c->state = CMC_CHUNK_TRAILER_LF;
    } else if (c->state == CMC_CHUNK_TRAILER_VALUE ? is_text(b) : is_tchar(b)) {
        if (c->state == CMC_CHUNK_TRAILER_FIRST)
            c->state = CMC_CHUNK_TRAILER_NAME;
    } else if (c->state == CMC_CHUNK_TRAILER_NAME && b == ':') {
        c->state = CMC_CHUNK_TRAILER_VALUE;
    } else {
        return refuse(400, "a trailer field is not 'name: value'", why);
    }
    return 0;
}

/* One octet that can only be this one. */
static unsigned int exact_octet(struct cmc_http_chunks *c, char b, const char **why)
{
    static const struct {
        enum cmc_http_chunk_state state, next;
        char octet;
    } rows[] = {
        {CMC_CHUNK_SIZE_LF, CMC_CHUNK_DATA, '\n'},
        {CMC_CHUNK_DATA_CR, CMC_CHUNK_DATA_LF, '\r'},
        {CMC_CHUNK_DATA_LF, CMC_CHUNK_SIZE_FIRST, '\n'},
        {CMC_CHUNK_TRAILER_LF, CMC_CHUNK_TRAILER_FIRST, '\n'},
        {CMC_CHUNK_LAST_LF, CMC_CHUNK_DONE, '\n'},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].state != c->state)
            continue;
        if (b != rows[i].octet)
            return refuse(400, "a line of the chunked body does not end in CR LF", why);
        c->state = rows[i].next;
        if (c->state == CMC_CHUNK_DATA && c->left == 0)
            c->state = CMC_CHUNK_TRAILER_FIRST;
        return 0;
    }
    return refuse(500, "the chunk decoder lost its way", why);
}

static unsigned int one_octet(struct cmc_http_chunks *c, char b, const struct cmc_buf *body,
                              const char **why)
{
    switch (c->state) {
    case CMC_CHUNK_SIZE_FIRST:
    case CMC_CHUNK_SIZE:
    case CMC_CHUNK_BWS:
    case CMC_CHUNK_EXT:
        return size_octet(c, b, body, why);
    case CMC_CHUNK_TRAILER_FIRST:
    case CMC_CHUNK_TRAILER_NAME:
    case CMC_CHUNK_TRAILER_VALUE:
        return trailer_octet(c, b, why);
    default:
        return exact_octet(c, b, why);
    }
}

unsigned int cmc_http_chunks(struct cmc_http_chunks *c, const uint8_t *p, size_t n, size_t *used,
                             struct cmc_buf *body, const char **why)
{
    unsigned int status = 0;
    size_t i = 0;

    while (i < n && status == 0 && c->state != CMC_CHUNK_DONE) {
        size_t run = n - i < c->left ? n - i : c->left;

        if (c->state != CMC_CHUNK_DATA) {
            status = one_octet(c, (char)p[i++], body, why);
            continue;
        }
        cmc_buf_add(body, p + i, run);
        if (!cmc_buf_ok(body))
            status = refuse(500, "out of memory", why);
        i += run;
        c->left -= run;
        if (c->left == 0)
            c->state = CMC_CHUNK_DATA_CR;
    }
    *used = i;
    return status;
}
