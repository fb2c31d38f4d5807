/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP from outside: whole or in two pieces, the reader comes to the same end; a head that is
 * accepted has what the rest relies on; a body never grows beyond its limit.
 */
#include "fuzz.h"

#include <stdlib.h>

#include "server/http_parse.h"

#define BODY_OCTETS 4096u

/* The end of the head when the octets arrive as n of size and then all. */
static unsigned int scan(const uint8_t *data, size_t size, size_t first, size_t *end)
{
    struct cmc_http_scan s = {0};
    const char *why = NULL;
    unsigned int status = first < size ? cmc_http_scan(&s, data, first, &why) : 0;

    if (status == 0 && s.end == 0)
        status = cmc_http_scan(&s, data, size, &why);
    PROMISE(status == 0 || why != NULL);
    PROMISE(s.end <= size && s.begin <= size);
    *end = status == 0 ? s.end : 0;
    return status;
}

static void head(const uint8_t *data, size_t end)
{
    struct cmc_http_head h = {0};
    char *copy = malloc(end + 1);
    const char *why = NULL;
    unsigned int status;

    PROMISE(copy != NULL);
    memcpy(copy, data, end);
    copy[end] = '\0';
    status = cmc_http_parse_head(copy, end, &h, &why);
    if (status != 0) {
        PROMISE(status >= 400 && status < 600 && why != NULL && *why != '\0');
    } else {
        PROMISE(h.path[0] == '/');
        PROMISE(!(h.chunked && h.has_length));
        PROMISE(h.field_count <= CMC_HTTP_FIELDS_MAX);
        for (unsigned int i = 0; i < h.field_count; i++)
            PROMISE(h.fields[i].name[0] != '\0' && strlen(h.fields[i].value) <= end);
    }
    free(copy);
}

/* Decode the chunked coding, in pieces of at most `piece` octets. */
static unsigned int chunks(const uint8_t *data, size_t size, size_t piece, struct cmc_buf *body)
{
    struct cmc_http_chunks c = {0};
    const char *why = NULL;
    unsigned int status = 0;

    cmc_buf_init(body, BODY_OCTETS);
    for (size_t at = 0; at < size && status == 0 && c.state != CMC_CHUNK_DONE;) {
        size_t n = size - at < piece ? size - at : piece, used = 0;

        status = cmc_http_chunks(&c, data + at, n, &used, body, &why);
        PROMISE(status != 0 || used == n || c.state == CMC_CHUNK_DONE);
        at += used;
    }
    PROMISE(status == 0 || why != NULL);
    PROMISE(body->n <= BODY_OCTETS);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cmc_buf whole, pieces;
    size_t end, split_end;
    unsigned int status;

    if (size == 0)
        return 0;
    status = scan(data, size, size, &end);
    PROMISE(scan(data, size, data[0] % size, &split_end) == status && split_end == end);
    if (end > 0)
        head(data, end);
    status = chunks(data, size, size, &whole);
    PROMISE(chunks(data, size, 1 + data[0] % 7u, &pieces) == status);
    PROMISE(status != 0 ||
            (whole.n == pieces.n && (whole.n == 0 || memcmp(whole.p, pieces.p, whole.n) == 0)));
    cmc_buf_free(&whole);
    cmc_buf_free(&pieces);
    return 0;
}
