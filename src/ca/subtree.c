/* SPDX-License-Identifier: Apache-2.0 */
/* Which names lie in a subtree: name constraints, RFC 5280 section 4.2.1.10. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

#include "ca/name_form.h"
#include "message/request.h"

static bool same_text(struct cmc_slice a, struct cmc_slice b)
{
    return a.n == b.n && (a.n == 0 || strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0);
}

/* Is it below, that is, are there labels before it? */
static bool below(struct cmc_slice name, struct cmc_slice domain)
{
    return name.n > domain.n + 1 && name.p[name.n - domain.n - 1] == '.' &&
           same_text(cmc_slice(name.p + name.n - domain.n, domain.n), domain);
}

static struct cmc_slice without_dot(struct cmc_slice s)
{
    return s.n > 0 && s.p[0] == '.' ? cmc_slice(s.p + 1, s.n - 1) : s;
}

/* The domain itself or below it; with a dot before it, as some write it, only below. */
static bool dns_covers(struct cmc_slice base, struct cmc_slice name)
{
    if (base.n > 0 && base.p[0] == '.')
        return below(name, without_dot(base));
    return base.n == 0 || same_text(name, base) || below(name, base);
}

/* A host, or with a dot before it all below. */
static bool host_covers(struct cmc_slice base, struct cmc_slice host)
{
    return base.n > 0 && base.p[0] == '.' ? below(host, without_dot(base)) : same_text(host, base);
}

static const uint8_t *last_at(struct cmc_slice s)
{
    return s.n > 0 ? memrchr(s.p, '@', s.n) : NULL;
}

static bool mailbox_covers(struct cmc_slice base, struct cmc_slice name)
{
    const uint8_t *at = last_at(name), *base_at = last_at(base);
    size_t local;

    if (at == NULL)
        return false;
    local = (size_t)(at - name.p) + 1;
    if (base_at == NULL)
        return host_covers(base, cmc_slice(at + 1, name.n - local));
    /* the part before the '@' is the mail server's own, in small letters or not */
    return (size_t)(base_at - base.p) + 1 == local && memcmp(base.p, name.p, local) == 0 &&
           same_text(cmc_slice(base_at + 1, base.n - local), cmc_slice(at + 1, name.n - local));
}

/* base: address and mask */
static bool ip_covers(struct cmc_slice base, struct cmc_slice ip)
{
    if (base.n != 2 * ip.n)
        return false;
    for (size_t i = 0; i < ip.n; i++) {
        if (((ip.p[i] ^ base.p[i]) & base.p[ip.n + i]) != 0)
            return false;
    }
    return true;
}

bool cmc_subtree_covers(const struct cmc_general_name *base, const struct cmc_general_name *name)
{
    struct cmc_slice host;

    if (base->which != name->which)
        return false;
    switch (base->which) {
    case CMC_GN_DNS:
        return dns_covers(base->v, name->v);
    case CMC_GN_EMAIL:
        return mailbox_covers(base->v, name->v);
    case CMC_GN_URI:
        return cmc_uri_ok(name->v, &host) && host.p != NULL && host_covers(base->v, host);
    case CMC_GN_IP:
        return ip_covers(base->v, name->v);
    case CMC_GN_DIRECTORY:
        return cmc_name_begins(name->v, base->v);
    default: /* no meaning is defined for the others but to be the same */
        return cmc_slice_eq(base->v, name->v);
    }
}

/* "*.example.org" stands for what lies one label below, some of which may be excluded. */
static bool wildcard_meets(struct cmc_slice base, struct cmc_slice name)
{
    return cmc_is_wildcard(name) && below(without_dot(base), cmc_slice(name.p + 2, name.n - 2));
}

static bool excluded_by(const struct cmc_general_name *base, const struct cmc_general_name *name)
{
    struct cmc_slice host;

    if (cmc_subtree_covers(base, name))
        return true;
    if (base->which != name->which)
        return false;
    if (name->which == CMC_GN_DNS)
        return wildcard_meets(base->v, name->v);
    /* a URI without a host cannot be told to be outside */
    return name->which == CMC_GN_URI && (!cmc_uri_ok(name->v, &host) || host.p == NULL);
}

bool cmc_subtrees_allow(const struct cmc_list *permitted, const struct cmc_list *excluded,
                        const struct cmc_general_name *name)
{
    bool limited = false, in = false;

    for (size_t i = 0; i < permitted->n && !in; i++) {
        const struct cmc_general_name *base =
            &CMC_AT(const struct cmc_subtree, *permitted, i)->base;

        if (base->which != name->which)
            continue;
        limited = true;
        in = cmc_subtree_covers(base, name);
    }
    for (size_t i = 0; i < excluded->n; i++) {
        if (excluded_by(&CMC_AT(const struct cmc_subtree, *excluded, i)->base, name))
            return false;
    }
    return in || !limited;
}

/* -- from text --------------------------------------------------------------------------- */

/* "192.0.2.0/24": address and mask. */
static bool parse_network(const char *text, struct cmc_arena *arena, struct cmc_slice *out)
{
    const char *slash = strchr(text, '/');
    char *address = slash != NULL ? cmc_arena_strndup(arena, text, (size_t)(slash - text))
                                  : cmc_arena_strdup(arena, text);
    uint8_t *p = cmc_arena_alloc(arena, 32), ip[16];
    size_t n = 0;
    long bits;
    char *rest;

    if (address == NULL || p == NULL)
        return false;
    if (inet_pton(AF_INET, address, ip) == 1)
        n = 4;
    else if (inet_pton(AF_INET6, address, ip) == 1)
        n = 16;
    bits = slash != NULL ? strtol(slash + 1, &rest, 10) : (long)n * 8;
    if (n == 0 || (slash != NULL && (*rest != '\0' || slash[1] < '0' || slash[1] > '9')) ||
        bits < 0 || bits > (long)n * 8)
        return false;
    for (size_t i = 0; i < n * 8; i++) {
        uint8_t bit = (uint8_t)(0x80u >> i % 8);

        if ((long)i < bits)
            p[n + i / 8] |= bit;
        else if ((ip[i / 8] & bit) != 0)
            return false; /* 192.0.2.1/24 is no network: one of both is a slip */
    }
    memcpy(p, ip, n);
    *out = cmc_slice(p, 2 * n);
    return true;
}

enum cmc_rc cmc_subtree_parse(const char *text, struct cmc_arena *arena,
                              struct cmc_general_name *out, struct cmc_err *err)
{
    static const struct {
        const char *prefix;
        int which;
    } rows[] = {{"DNS:", CMC_GN_DNS},
                {"email:", CMC_GN_EMAIL},
                {"URI:", CMC_GN_URI},
                {"IP:", CMC_GN_IP},
                {"dirName:", CMC_GN_DIRECTORY}};

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        size_t n = strlen(rows[i].prefix);
        const char *value = text + n, *host;
        char *copy;

        if (strncasecmp(text, rows[i].prefix, n) != 0)
            continue;
        out->which = rows[i].which;
        if (out->which == CMC_GN_DIRECTORY)
            return cmc_name_parse(value, arena, &out->v, err);
        if (out->which == CMC_GN_IP) {
            if (parse_network(value, arena, &out->v))
                return CMC_OK;
            break;
        }
        host = strrchr(value, '@');
        host = host != NULL && out->which == CMC_GN_EMAIL ? host + 1 : value;
        if (!cmc_dns_name_ok(without_dot(cmc_slice_str(host)), false))
            break;
        copy = cmc_arena_strdup(arena, value);
        if (copy == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
        out->v = cmc_slice_str(copy);
        return CMC_OK;
    }
    return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2.1.10",
                    "\"%s\" should be like DNS:example.org, email:.example.org, IP:192.0.2.0/24, "
                    "URI:www.example.org or dirName:C=SE,O=Example",
                    text);
}
