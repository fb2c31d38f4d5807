/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and making the contents of INTEGER, BIT STRING, times and OBJECT IDENTIFIER. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"

struct cmc_slice cmc_int_from_u64(struct cmc_arena *arena, uint64_t v)
{
    uint8_t b[8];

    for (size_t i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(v >> (8 * (7 - i)));
    return cmc_int_from_magnitude(arena, cmc_slice(b, sizeof b));
}

struct cmc_slice cmc_int_from_magnitude(struct cmc_arena *arena, struct cmc_slice m)
{
    uint8_t *p;
    size_t pad;

    while (m.n > 0 && m.p[0] == 0) {
        m.p++;
        m.n--;
    }
    pad = m.n == 0 || (m.p[0] & 0x80) != 0;
    p = cmc_arena_alloc(arena, m.n + pad);
    if (p == NULL)
        return CMC_SLICE_NONE;
    if (m.n > 0)
        memcpy(p + pad, m.p, m.n);
    return cmc_slice(p, m.n + pad);
}

bool cmc_int_get_u64(struct cmc_slice c, uint64_t *v)
{
    *v = 0;
    if (c.p == NULL || c.n == 0 || c.n > 9 || (c.p[0] & 0x80) != 0 || (c.n == 9 && c.p[0] != 0))
        return false;
    for (size_t i = 0; i < c.n; i++)
        *v = (*v << 8) | c.p[i];
    return true;
}

bool cmc_bits_get(struct cmc_slice c, unsigned int bit)
{
    size_t octet = 1 + bit / 8;

    if (c.n < 2 || octet >= c.n || (octet == c.n - 1 && bit % 8 >= 8u - c.p[0]))
        return false;
    return (c.p[octet] & (0x80u >> (bit % 8))) != 0;
}

size_t cmc_utf8_next(struct cmc_slice s, uint32_t *cp)
{
    /* What the first octet says: octets that follow, and the least code point they may spell. */
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t c = s.n > 0 ? s.p[0] : 0xff;
    size_t n = c < 0x80 ? 0 : (c & 0xe0) == 0xc0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : 3;
    uint32_t v = n == 0 ? c : c & (0x3fu >> n);

    if ((c & 0xc0) == 0x80 || c >= 0xf8 || n >= s.n)
        return 0;
    for (size_t i = 1; i <= n; i++) {
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
        v = (v << 6) | (s.p[i] & 0x3fu);
    }
    if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
        return 0;
    *cp = v;
    return n + 1;
}

/* -- times ------------------------------------------------------------------------------- */

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static int64_t days_of(int64_t y, int m, int d)
{
    int64_t era, yoe, doy, doe;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static int two(const uint8_t *p)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
        return -1;
    return (p[0] - '0') * 10 + (p[1] - '0');
}

static int month_days(int64_t y, int m)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return days[m - 1] + (m == 2 && leap);
}

bool cmc_time_parse(uint16_t universal, struct cmc_slice c, int64_t *t)
{
    const uint8_t *p = c.p;
    int64_t year;
    int f[5];

    if (universal == CMC_T_GENTIME) {
        if (c.n < 15 || two(p) < 0 || two(p + 2) < 0)
            return false;
        year = two(p) * 100 + two(p + 2);
        p += 4;
    } else {
        /* RFC 5280 section 4.1.2.5.1: two digits below 50 are 20xx. */
        if (c.n != 13 || two(p) < 0)
            return false;
        year = two(p) + (two(p) < 50 ? 2000 : 1900);
        p += 2;
    }
    for (int i = 0; i < 5; i++, p += 2) {
        f[i] = two(p);
        if (f[i] < 0)
            return false;
    }
    /* Fractions of a second are legal in GeneralizedTime; we do not keep them. */
    if (*p == '.' && universal == CMC_T_GENTIME && p[1] != 'Z') {
        p++;
        while (p < c.p + c.n && *p >= '0' && *p <= '9')
            p++;
    }
    if (p != c.p + c.n - 1 || *p != 'Z')
        return false;
    if (f[0] < 1 || f[0] > 12 || f[1] < 1 || f[1] > month_days(year, f[0]) || f[2] > 23 ||
        f[3] > 59 || f[4] > 59)
        return false;
    *t = days_of(year, f[0], f[1]) * 86400 + f[2] * 3600 + f[3] * 60 + f[4];
    return true;
}

static bool time_text(int64_t t, char out[32])
{
    time_t tt = (time_t)t;
    struct tm tm;

    if (gmtime_r(&tt, &tm) == NULL || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900)
        return false;
    return strftime(out, 32, "%Y%m%d%H%M%SZ", &tm) == 15;
}

struct cmc_slice cmc_gentime(struct cmc_arena *arena, int64_t t)
{
    char s[32];

    if (!time_text(t, s))
        return CMC_SLICE_NONE;
    return cmc_arena_slice(arena, cmc_slice(s, 15));
}

struct cmc_slice cmc_time_tlv(struct cmc_arena *arena, int64_t t)
{
    const int64_t first_of_1950 = -631152000, first_of_2050 = 2524608000;
    uint8_t tlv[17];
    char s[32];

    if (!time_text(t, s))
        return CMC_SLICE_NONE;
    if (t >= first_of_1950 && t < first_of_2050) {
        tlv[0] = CMC_T_UTCTIME;
        tlv[1] = 13;
        memcpy(tlv + 2, s + 2, 13);
        return cmc_arena_slice(arena, cmc_slice(tlv, 15));
    }
    tlv[0] = CMC_T_GENTIME;
    tlv[1] = 15;
    memcpy(tlv + 2, s, 15);
    return cmc_arena_slice(arena, cmc_slice(tlv, 17));
}

/* -- object identifiers ------------------------------------------------------------------ */

const char *cmc_oid_text(struct cmc_slice oid, char *buf, size_t size)
{
    uint64_t arc = 0;
    size_t used = 0;
    bool first = true;

    buf[0] = '\0';
    for (size_t i = 0; i < oid.n && used < size; i++) {
        int n;

        if (arc > (UINT64_MAX >> 7)) {
            (void)snprintf(buf, size, "(an arc above 64 bits)");
            return buf;
        }
        arc = (arc << 7) | (oid.p[i] & 127u);
        if ((oid.p[i] & 128u) != 0)
            continue;
        if (first) {
            uint64_t top = arc < 80 ? arc / 40 : 2;

            n = snprintf(buf + used, size - used, "%llu.%llu", (unsigned long long)top,
                         (unsigned long long)(arc - top * 40));
            first = false;
        } else {
            n = snprintf(buf + used, size - used, ".%llu", (unsigned long long)arc);
        }
        used += n > 0 ? (size_t)n : 0;
        arc = 0;
    }
    return buf;
}

struct cmc_slice cmc_oid_parse(const char *dotted, uint8_t *buf, size_t size)
{
    uint64_t arcs[64];
    size_t n = 0, used = 0;

    for (const char *p = dotted;;) {
        uint64_t v = 0;

        if (*p < '0' || *p > '9' || n == 64)
            return CMC_SLICE_NONE;
        for (; *p >= '0' && *p <= '9'; p++) {
            if (v > UINT64_MAX / 10 - 1)
                return CMC_SLICE_NONE;
            v = v * 10 + (uint64_t)(*p - '0');
        }
        arcs[n++] = v;
        if (*p == '\0')
            break;
        if (*p++ != '.')
            return CMC_SLICE_NONE;
    }
    if (n < 2 || arcs[0] > 2 || (arcs[0] < 2 && arcs[1] > 39) || arcs[1] > UINT64_MAX - 80)
        return CMC_SLICE_NONE;
    arcs[1] += arcs[0] * 40;
    for (size_t i = 1; i < n; i++) {
        unsigned int k = 1;

        for (uint64_t v = arcs[i] >> 7; v != 0; v >>= 7)
            k++;
        if (k > size - used)
            return CMC_SLICE_NONE;
        while (k-- > 0)
            buf[used++] = (uint8_t)(((arcs[i] >> (7 * k)) & 127u) | (k > 0 ? 128u : 0));
    }
    return cmc_slice(buf, used);
}

static int by_octets(const void *key, const void *el)
{
    const struct cmc_slice *a = key;
    const struct cmc_slice *b = &((const struct cmc_oid_row *)el)->oid;
    size_t n = a->n < b->n ? a->n : b->n;
    int c = n > 0 ? memcmp(a->p, b->p, n) : 0;

    return c != 0 ? c : a->n < b->n ? -1 : a->n > b->n;
}

const char *cmc_oid_name(struct cmc_slice oid)
{
    const struct cmc_oid_row *row =
        bsearch(&oid, cmc_oid_rows, cmc_oid_row_count, sizeof *cmc_oid_rows, by_octets);

    return row != NULL ? row->name : NULL;
}
