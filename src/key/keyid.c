/* SPDX-License-Identifier: Apache-2.0 */
/* Key ids as Dogtag writes them: Java's BigInteger of the octets, in hex. */
#include <stdio.h>

#include "base/hex.h"
#include "key/token.h"

#define ID_OCTETS     20u /* SHA-1, what NSS makes ids of */
#define ID_OCTETS_MAX 64u

/* Two's complement of a big-endian number, in place. */
static void negate(uint8_t *p, size_t n)
{
    unsigned int carry = 1;

    for (size_t i = n; i-- > 0;) {
        carry += (uint8_t)~p[i];
        p[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

/* The digits to the right end of p, which has room for them. False: one is no digit. */
static bool digits(const char *text, size_t ntext, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < ntext; i++) {
        size_t nibble = ntext - 1 - i;
        int d = cmc_hex_digit(text[i]);

        if (d < 0)
            return false;
        p[n - 1 - nibble / 2] |= (uint8_t)(d << (4 * (nibble % 2)));
    }
    return true;
}

/* An id of n octets that is no number of so many: it was written by something else. */
static bool sign_fits(const uint8_t *p, size_t n, bool negative)
{
    bool zero = true;

    for (size_t i = 0; i < n; i++)
        zero = zero && p[i] == 0;
    return zero || ((p[0] & 0x80) != 0) == negative;
}

enum cmc_rc cmc_key_id_parse(const char *text, struct cmc_arena *arena, struct cmc_slice *id,
                             struct cmc_err *err)
{
    const bool plain = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const bool negative = !plain && text[0] == '-';
    const char *hex = text + (plain ? 2 : negative ? 1 : 0);
    size_t nhex = strlen(hex), n = (nhex + 1) / 2;
    uint8_t *p;

    *id = CMC_SLICE_NONE;
    if (nhex == 0 || n > ID_OCTETS_MAX)
        return cmc_fail(err, CMC_E_INPUT, NULL,
                        "'%.80s' is no key id; want 1 to %u hex digits, after '-' or '0x' or "
                        "nothing",
                        text, 2 * ID_OCTETS_MAX);
    if (!plain && n < ID_OCTETS)
        n = ID_OCTETS;
    p = cmc_arena_alloc(arena, n);
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key id");
    if (!digits(hex, nhex, p, n))
        return cmc_fail(err, CMC_E_INPUT, NULL,
                        "'%.80s' is no key id; a character in it is no hex digit", text);
    if (negative)
        negate(p, n);
    if (negative && !sign_fits(p, n, true))
        return cmc_fail(err, CMC_E_INPUT, NULL, "'%.80s' is no key id of %zu octets", text, n);
    *id = cmc_slice(p, n);
    return CMC_OK;
}

const char *cmc_key_id_text(struct cmc_slice id, struct cmc_arena *arena)
{
    bool negative = id.n > 0 && (id.p[0] & 0x80) != 0;
    char *text = cmc_arena_alloc(arena, 2 * id.n + 3), *p = text;
    uint8_t *copy = cmc_arena_dup(arena, id.n > 0 ? id.p : (const uint8_t *)"", id.n);
    size_t skip = 0;

    if (text == NULL || copy == NULL)
        return NULL;
    if (negative) {
        negate(copy, id.n);
        *p++ = '-';
    }
    for (size_t i = 0; i < id.n; i++)
        p += snprintf(p, 3, "%02x", copy[i]);
    *p = '\0';
    p = text + (negative ? 1 : 0);
    while (p[skip] == '0' && p[skip + 1] != '\0')
        skip++;
    memmove(p, p + skip, strlen(p + skip) + 1);
    if (*p == '\0')
        return "0";
    return text;
}
