/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/name_form.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "asn1/codec.h"

#define DNS_OCTETS       253u
#define LABEL_OCTETS     63u
#define LOCAL_OCTETS     64u
#define MAILBOX_OCTETS   254u
#define CODE_POINT_MAX   0x10ffffu
#define PUNYCODE_INITIAL 128u

/* Not those of <ctype.h>, which go by the locale. */
static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static const uint8_t *find(struct cmc_slice s, uint8_t c)
{
    return s.n > 0 ? memchr(s.p, c, s.n) : NULL;
}

/* -- DNS --------------------------------------------------------------------------------- */

/* RFC 3492 section 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t n, bool first)
{
    uint32_t k = 0;

    delta = first ? delta / 700 : delta / 2;
    delta += delta / n;
    for (; delta > 455; k += 36)
        delta /= 35;
    return k + 36 * delta / (delta + 38);
}

/* RFC 3492 section 6.2: does it stand for characters? The label is at most 63 octets. */
static bool punycode_ok(struct cmc_slice s)
{
    uint32_t n = PUNYCODE_INITIAL, i = 0, bias = 72, out = 0;
    size_t at = 0;

    for (size_t k = 0; k < s.n; k++) {
        if (s.p[k] == '-') {
            out = (uint32_t)k;
            at = k + 1;
        }
    }
    if (at == s.n)
        return false;
    while (at < s.n) {
        uint32_t old = i, w = 1;

        for (uint32_t k = 36;; k += 36) {
            uint32_t digit, t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
            uint8_t c;

            if (at == s.n)
                return false;
            c = s.p[at++];
            digit = is_digit(c) ? c - '0' + 26u : is_letter(c) ? (c | 0x20u) - 'a' : 36u;
            if (digit > 35 || digit > (UINT32_MAX - i) / w)
                return false;
            i += digit * w;
            if (digit < t)
                break;
            if (w > UINT32_MAX / (36 - t))
                return false;
            w *= 36 - t;
        }
        out++;
        bias = adapt(i - old, out, old == 0);
        if (i / out > CODE_POINT_MAX - n)
            return false;
        n += i / out;
        i %= out;
        i++;
    }
    return true;
}

static bool label_ok(struct cmc_slice l)
{
    if (l.n == 0 || l.n > LABEL_OCTETS || l.p[0] == '-' || l.p[l.n - 1] == '-')
        return false;
    for (size_t i = 0; i < l.n; i++) {
        if (!is_letter(l.p[i]) && !is_digit(l.p[i]) && l.p[i] != '-')
            return false;
    }
    return l.n < 4 || strncasecmp((const char *)l.p, "xn--", 4) != 0 ||
           punycode_ok(cmc_slice(l.p + 4, l.n - 4));
}

bool cmc_is_wildcard(struct cmc_slice name)
{
    return name.n > 2 && name.p[0] == '*' && name.p[1] == '.';
}

bool cmc_dns_name_ok(struct cmc_slice name, bool wildcard)
{
    if (wildcard && cmc_is_wildcard(name))
        name = cmc_slice(name.p + 2, name.n - 2);
    if (name.n == 0 || name.n > DNS_OCTETS)
        return false;
    for (;;) {
        const uint8_t *dot = find(name, '.');
        size_t n = dot != NULL ? (size_t)(dot - name.p) : name.n;

        if (!label_ok(cmc_slice(name.p, n)))
            return false;
        if (dot == NULL)
            return true;
        name = cmc_slice(dot + 1, name.n - n - 1);
    }
}

/* -- mail -------------------------------------------------------------------------------- */

static bool is_atom(uint8_t c)
{
    return is_letter(c) || is_digit(c) || (c != 0 && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool local_ok(struct cmc_slice s)
{
    if (s.n == 0 || s.n > LOCAL_OCTETS)
        return false;
    if (s.p[0] == '"') {
        for (size_t i = 1; i + 1 < s.n; i++) {
            if (s.p[i] < ' ' || s.p[i] >= 0x7f || s.p[i] == '"')
                return false;
            if (s.p[i] == '\\' && ++i + 1 >= s.n)
                return false;
        }
        return s.n > 2 && s.p[s.n - 1] == '"';
    }
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' ? i == 0 || i + 1 == s.n || s.p[i - 1] == '.' : !is_atom(s.p[i]))
            return false;
    }
    return true;
}

/* The part behind the last '@', absent without one. */
static struct cmc_slice domain_of(struct cmc_slice mailbox)
{
    for (size_t i = mailbox.n; i > 0; i--) {
        if (mailbox.p[i - 1] == '@')
            return cmc_slice(mailbox.p + i, mailbox.n - i);
    }
    return CMC_SLICE_NONE;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]", and without the word for URIs. */
static bool literal_ok(struct cmc_slice s, const char *prefix)
{
    char text[INET6_ADDRSTRLEN + 8];
    uint8_t ip[16];
    size_t skip = strlen(prefix);

    if (s.n < 3 || s.n > sizeof text || s.p[0] != '[' || s.p[s.n - 1] != ']')
        return false;
    (void)snprintf(text, sizeof text, "%.*s", (int)(s.n - 2), (const char *)s.p + 1);
    if (skip > 0 && inet_pton(AF_INET, text, ip) == 1)
        return true;
    return strncasecmp(text, prefix, skip) == 0 && inet_pton(AF_INET6, text + skip, ip) == 1;
}

bool cmc_mailbox_ok(struct cmc_slice name)
{
    struct cmc_slice domain = domain_of(name);

    if (domain.p == NULL || name.n > MAILBOX_OCTETS)
        return false;
    return local_ok(cmc_slice(name.p, name.n - domain.n - 1)) &&
           (cmc_dns_name_ok(domain, false) || literal_ok(domain, "IPv6:"));
}

/* -- URI --------------------------------------------------------------------------------- */

static bool is_uri_octet(uint8_t c)
{
    return c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}", c) == NULL;
}

/* [userinfo "@"] host [":" port] */
static bool authority_ok(struct cmc_slice a, struct cmc_slice *host)
{
    const uint8_t *at = find(a, '@'), *colon;
    struct cmc_slice port = CMC_SLICE_NONE;

    if (at != NULL)
        a = cmc_slice(at + 1, a.n - (size_t)(at + 1 - a.p));
    colon = a.n > 0 && a.p[0] == '[' ? find(a, ']') : find(a, ':');
    if (colon != NULL && *colon == ']')
        colon++;
    if (colon != NULL && colon < a.p + a.n) {
        port = cmc_slice(colon, a.n - (size_t)(colon - a.p));
        a.n = (size_t)(colon - a.p);
    }
    for (size_t i = 0; i < port.n; i++) {
        if (i == 0 ? port.p[i] != ':' : !is_digit(port.p[i]))
            return false;
    }
    *host = a;
    return cmc_dns_name_ok(a, false) || literal_ok(a, "");
}

bool cmc_uri_ok(struct cmc_slice uri, struct cmc_slice *host)
{
    const uint8_t *colon = find(uri, ':');
    struct cmc_slice rest;
    size_t n = 0;

    *host = CMC_SLICE_NONE;
    if (colon == NULL || colon + 1 == uri.p + uri.n || !is_letter(uri.p[0]))
        return false;
    for (const uint8_t *p = uri.p; p < colon; p++) {
        if (!is_letter(*p) && !is_digit(*p) && *p != '+' && *p != '-' && *p != '.')
            return false;
    }
    rest = cmc_slice(colon + 1, uri.n - (size_t)(colon + 1 - uri.p));
    for (size_t i = 0; i < rest.n; i++) {
        if (!is_uri_octet(rest.p[i]))
            return false;
    }
    if (rest.n < 2 || rest.p[0] != '/' || rest.p[1] != '/')
        return true;
    rest = cmc_slice(rest.p + 2, rest.n - 2);
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
        n++;
    return authority_ok(cmc_slice(rest.p, n), host);
}

/* -- as text ----------------------------------------------------------------------------- */

static const char *ip_text(struct cmc_slice ip, char *buf, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "?";

    if (ip.n == 4 || ip.n == 16)
        (void)inet_ntop(ip.n == 4 ? AF_INET : AF_INET6, ip.p, text, sizeof text);
    (void)snprintf(buf, size, "IP:%s", text);
    return buf;
}

const char *cmc_general_name_text(const struct cmc_general_name *name, char *buf, size_t size)
{
    static const char *const kinds[] = {"otherName",    "email", "DNS", "x400Address", "dirName",
                                        "ediPartyName", "URI",   "IP",  "RID"};
    const char *kind = kinds[name->which];
    struct cmc_buf b;
    size_t n;

    switch (name->which) {
    case CMC_GN_IP:
        return ip_text(name->v, buf, size);
    case CMC_GN_DIRECTORY:
        cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
        cmc_name_print(name->v, &b);
        (void)snprintf(buf, size, "%s:%.*s", kind, (int)b.n, b.p != NULL ? (const char *)b.p : "");
        cmc_buf_free(&b);
        return buf;
    case CMC_GN_EMAIL:
    case CMC_GN_DNS:
    case CMC_GN_URI:
        (void)snprintf(buf, size, "%s:%.*s", kind, (int)(name->v.n < 200 ? name->v.n : 200),
                       (const char *)name->v.p);
        n = strlen(buf);
        for (size_t i = 0; i < n; i++) {
            if ((uint8_t)buf[i] < ' ' || (uint8_t)buf[i] >= 0x7f)
                buf[i] = '?';
        }
        return buf;
    default:
        (void)snprintf(buf, size, "%s", kind);
        return buf;
    }
}
