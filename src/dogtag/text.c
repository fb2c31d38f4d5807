/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/text.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "key/key.h"

#define COLUMNS     76u
#define DIGITS_MOST (2u * CMC_LIMIT_TRANSACTION_OCTETS)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void dog_base64_line(struct cmc_buf *out, struct cmc_slice s)
{
    for (size_t i = 0; i < s.n; i += 3) {
        size_t left = s.n - i;
        uint32_t v = (uint32_t)s.p[i] << 16 | (left > 1 ? (uint32_t)s.p[i + 1] << 8 : 0) |
                     (left > 2 ? s.p[i + 2] : 0);

        cmc_buf_byte(out, (uint8_t)alphabet[v >> 18]);
        cmc_buf_byte(out, (uint8_t)alphabet[v >> 12 & 63]);
        cmc_buf_byte(out, left > 1 ? (uint8_t)alphabet[v >> 6 & 63] : '=');
        cmc_buf_byte(out, left > 2 ? (uint8_t)alphabet[v & 63] : '=');
    }
}

void dog_base64(struct cmc_buf *out, struct cmc_slice s)
{
    const size_t octets = COLUMNS / 4 * 3;

    for (size_t i = 0; i < s.n; i += octets) {
        dog_base64_line(out, cmc_slice(s.p + i, s.n - i < octets ? s.n - i : octets));
        cmc_buf_str(out, "\r\n");
    }
}

void dog_pem(struct cmc_buf *out, const char *label, struct cmc_slice der)
{
    cmc_buf_printf(out, "-----BEGIN %s-----\n", label);
    dog_base64(out, der);
    cmc_buf_printf(out, "-----END %s-----\n", label);
}

bool dog_next_line(struct cmc_slice *text, struct cmc_slice *line)
{
    size_t n = 0;

    if (text->n == 0)
        return false;
    while (n < text->n && text->p[n] != '\n' && text->p[n] != '\r')
        n++;
    *line = cmc_slice(text->p, n);
    if (n + 1 < text->n && text->p[n] == '\r' && text->p[n + 1] == '\n')
        n++;
    n = n < text->n ? n + 1 : n;
    *text = cmc_slice(text->p + n, text->n - n);
    return true;
}

static bool starts(struct cmc_slice line, const char *with)
{
    return line.n >= strlen(with) && memcmp(line.p, with, strlen(with)) == 0;
}

/*
 * Base64 of either alphabet to the one that cmc_der_or_pem() reads, line ends left out. False
 * where something else stands.
 */
static bool add_line(struct cmc_buf *b, struct cmc_slice line)
{
    for (size_t i = 0; i < line.n; i++) {
        uint8_t c = line.p[i];

        if (c == ' ' || c == '\t' || c == '\r')
            continue;
        c = c == '-' ? '+' : c == '_' ? '/' : c;
        if (c != '=' && (c == 0 || strchr(alphabet, c) == NULL))
            return false;
        cmc_buf_byte(b, c);
    }
    return true;
}

enum cmc_rc dog_text_der(struct dog *d, const char *path, struct cmc_slice text,
                         struct cmc_slice *out)
{
    static const char *const none[] = {NULL};
    enum cmc_rc rc;
    struct cmc_buf b;
    struct cmc_slice line;
    bool good = true;

    *out = CMC_SLICE_NONE;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    while (good && dog_next_line(&text, &line)) {
        if (!starts(line, "-----BEGIN") && !starts(line, "-----END"))
            good = add_line(&b, line);
    }
    /* Text without padding is taken as Java's decoder does. */
    while (cmc_buf_ok(&b) && b.n % 4 != 0 && b.n % 4 != 1)
        cmc_buf_byte(&b, '=');
    if (!cmc_buf_ok(&b))
        rc = dog_no_memory(d);
    else if (!good)
        rc = CMC_E_INPUT; /* told below */
    else
        rc = cmc_der_or_pem(cmc_buf_get0(&b), none, d->arena, out, &d->err);
    if (rc == CMC_OK && (out->n == 0 || out->p[0] != 0x30))
        rc = cmc_fail(&d->err, CMC_E_INPUT, NULL, "holds base64, but no ASN.1 in it");
    if (rc == CMC_E_INPUT)
        rc = cmc_fail(&d->err, rc, NULL, "%s: no request here; want PEM or base64 text", path);
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc dog_serial(struct dog *d, const char *param, const char *text, bool hex_too,
                       struct cmc_slice *out)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    size_t n = strlen(digits);
    BIGNUM *bn = NULL;
    uint8_t *p = NULL;
    int octets = 0;
    enum cmc_rc rc = CMC_OK;

    if (hex && !hex_too)
        return dog_usage(d, "%s=%s: want decimal digits; hexadecimal is not taken here", param,
                         text);
    if (n == 0 || n > DIGITS_MOST ||
        strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != n)
        return dog_usage(d, "%s=%s: want a serial number in decimal%s", param, text,
                         hex_too ? ", or in hexadecimal after 0x" : "");
    if ((hex ? BN_hex2bn(&bn, digits) : BN_dec2bn(&bn, digits)) != (int)n) {
        rc = dog_no_memory(d);
        goto out;
    }
    octets = BN_num_bytes(bn);
    p = cmc_arena_alloc(d->arena, (size_t)octets);
    if (p == NULL) {
        rc = dog_no_memory(d);
        goto out;
    }
    (void)BN_bn2bin(bn, p);
    *out = cmc_int_from_magnitude(d->arena, cmc_slice(p, (size_t)octets));
    if (out->p == NULL)
        rc = dog_no_memory(d);
out:
    BN_free(bn);
    return rc;
}
