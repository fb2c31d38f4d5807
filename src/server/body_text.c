/* SPDX-License-Identifier: Apache-2.0 */
#include "server/body_text.h"

#include <openssl/evp.h>

#include "base/hex.h"

#define LINE_OCTETS 48u

static int base64_value(uint8_t c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != 0 ? strchr(alphabet, c) : NULL;

    return at != NULL ? (int)(at - alphabet) : -1;
}

enum cmc_rc cmc_body_from_base64(struct cmc_slice body, struct cmc_buf *out, struct cmc_err *err)
{
    uint32_t v = 0;
    unsigned int n = 0, pad = 0;
    bool good = true;

    for (size_t i = 0; i < body.n && good; i++) {
        int bits = base64_value(body.p[i]);

        if (strchr(" \t\r\n", body.p[i]) != NULL && body.p[i] != 0)
            continue;
        pad += body.p[i] == '=';
        good = (bits >= 0 && pad == 0) || (body.p[i] == '=' && pad <= 2);
        v = v << 6 | (uint32_t)(bits >= 0 ? bits : 0);
        if (good && ++n % 4 == 0) {
            cmc_buf_byte(out, (uint8_t)(v >> 16));
            if (pad < 2)
                cmc_buf_byte(out, (uint8_t)(v >> 8));
            if (pad < 1)
                cmc_buf_byte(out, (uint8_t)v);
        }
    }
    if (!good || n == 0 || n % 4 != 0)
        return cmc_fail(err, CMC_E_INPUT, NULL, "the body is no base64");
    return cmc_buf_ok(out) ? CMC_OK : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a body");
}

/* application/x-www-form-urlencoded. A '+' that nobody encoded is one of base64: no blank can be
 * meant there but between lines. */
static void decode_percent(struct cmc_slice s, struct cmc_buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '%' && i + 2 < s.n ? cmc_hex_digit(s.p[i + 1]) : -1;
        int low = high >= 0 ? cmc_hex_digit(s.p[i + 2]) : -1;

        if (low >= 0) {
            cmc_buf_byte(out, (uint8_t)(high << 4 | low));
            i += 2;
        } else {
            cmc_buf_byte(out, s.p[i]);
        }
    }
}

/* The value of a field, still encoded; absent when it is not there. */
static struct cmc_slice field(struct cmc_slice body, const char *name)
{
    const size_t n = strlen(name);

    while (body.n > 0) {
        const uint8_t *end = memchr(body.p, '&', body.n);
        size_t part = end != NULL ? (size_t)(end - body.p) : body.n;

        if (part > n && memcmp(body.p, name, n) == 0 && body.p[n] == '=')
            return cmc_slice(body.p + n + 1, part - n - 1);
        part += end != NULL;
        body = cmc_slice(body.p + part, body.n - part);
    }
    return CMC_SLICE_NONE;
}

enum cmc_rc cmc_body_from_form(struct cmc_slice body, struct cmc_buf *out, struct cmc_err *err)
{
    struct cmc_slice value = field(body, "cmcRequest"), rest;
    struct cmc_buf text, lines;
    enum cmc_rc rc;

    if (value.p == NULL)
        return cmc_fail(err, CMC_E_INPUT, NULL, "the form has no field cmcRequest");
    cmc_buf_init(&text, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_init(&lines, CMC_LIMIT_MESSAGE_OCTETS);
    decode_percent(value, &text);
    rest = cmc_buf_get0(&text);
    while (rest.n > 0) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.p) + 1 : rest.n;

        if (n < 5 || memcmp(rest.p, "-----", 5) != 0)
            cmc_buf_add(&lines, rest.p, n);
        rest = cmc_slice(rest.p + n, rest.n - n);
    }
    if (!cmc_buf_ok(&text) || !cmc_buf_ok(&lines))
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a form");
    else
        rc = cmc_body_from_base64(cmc_buf_get0(&lines), out, err);
    cmc_buf_free(&lines);
    cmc_buf_free(&text);
    return rc;
}

void cmc_body_to_base64(struct cmc_slice body, struct cmc_buf *out)
{
    uint8_t line[4 * LINE_OCTETS / 3 + 1];

    for (size_t i = 0; i < body.n; i += LINE_OCTETS) {
        size_t n = body.n - i < LINE_OCTETS ? body.n - i : LINE_OCTETS;

        cmc_buf_add(out, line, (size_t)EVP_EncodeBlock(line, body.p + i, (int)n));
        cmc_buf_str(out, "\r\n");
    }
}
