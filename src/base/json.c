/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

void cmc_json_begin(struct cmc_buf *b)
{
    cmc_buf_byte(b, '{');
}

void cmc_json_end(struct cmc_buf *b)
{
    cmc_buf_byte(b, '}');
}

/* Octets of the well-formed UTF-8 sequence at the start of s; 0 when there is none. */
static size_t sequence(struct cmc_slice s)
{
    uint8_t c = s.p[0];
    size_t n = c < 0x80                ? 1
               : c >= 0xc2 && c < 0xe0 ? 2
               : (c & 0xf0) == 0xe0    ? 3
               : c >= 0xf0 && c < 0xf5 ? 4
                                       : 0;

    if (n == 0 || n > s.n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((c == 0xe0 && s.p[1] < 0xa0) || (c == 0xed && s.p[1] > 0x9f) ||
        (c == 0xf0 && s.p[1] < 0x90) || (c == 0xf4 && s.p[1] > 0x8f))
        return 0;
    return n;
}

/* So many octets at the start of s stand for themselves. */
static size_t plain(struct cmc_slice s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] >= 0x20 && s.p[n] < 0x7f && s.p[n] != '"' && s.p[n] != '\\')
        n++;
    return n;
}

void cmc_json_quote(struct cmc_buf *b, struct cmc_slice s)
{
    cmc_buf_byte(b, '"');
    while (s.n > 0) {
        size_t n = plain(s);

        if (n > 0) {
            cmc_buf_add(b, s.p, n);
            s.p += n;
            s.n -= n;
            continue;
        }
        n = sequence(s);
        if (n == 0) {
            cmc_buf_str(b, "\\ufffd");
            n = 1;
        } else if (*s.p == '"' || *s.p == '\\') {
            cmc_buf_printf(b, "\\%c", *s.p);
        } else if (*s.p < 0x20 || *s.p == 0x7f) {
            cmc_buf_printf(b, "\\u%04x", *s.p);
        } else {
            cmc_buf_add(b, s.p, n);
        }
        s.p += n;
        s.n -= n;
    }
    cmc_buf_byte(b, '"');
}

static void key_write(struct cmc_buf *b, const char *key)
{
    if (b->n > 0 && b->p[b->n - 1] != '{')
        cmc_buf_byte(b, ',');
    cmc_json_quote(b, cmc_slice_str(key));
    cmc_buf_byte(b, ':');
}

void cmc_json_str(struct cmc_buf *b, const char *key, struct cmc_slice value)
{
    if (value.p == NULL)
        return;
    key_write(b, key);
    cmc_json_quote(b, value);
}

void cmc_json_hex(struct cmc_buf *b, const char *key, struct cmc_slice value)
{
    if (value.p == NULL)
        return;
    key_write(b, key);
    cmc_buf_byte(b, '"');
    cmc_buf_hex(b, value);
    cmc_buf_byte(b, '"');
}

void cmc_json_int(struct cmc_buf *b, const char *key, int64_t value)
{
    key_write(b, key);
    cmc_buf_printf(b, "%lld", (long long)value);
}
