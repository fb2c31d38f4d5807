/* SPDX-License-Identifier: Apache-2.0 */
/* Which names lie in a name space: subjects by how they begin, hosts by how they end. */
#include "message/name_space.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "message/request.h"

/* Octets of a name in a text for people; what is longer is cut. */
#define SHOWN_MAX 160u

/* -- entries ----------------------------------------------------------------------------- */

static bool is_host_octet(uint8_t c)
{
    return isalnum(c) || c == '-' || c == '.' || c == '_' || c == '*';
}

static bool is_host(struct cmc_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_host_octet(s.p[i]))
            return false;
    }
    return s.n > 0;
}

static enum cmc_rc parse_domain(const char *value, struct cmc_arena *arena,
                                struct cmc_name_rule *out, struct cmc_err *err)
{
    (void)arena;
    if (value[0] == '.' || !is_host(cmc_slice_str(value)))
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "a domain such as DNS:example.org is due; it stands for all names below "
                        "it");
    out->base = cmc_slice_str(value);
    return CMC_OK;
}

static enum cmc_rc parse_network(const char *value, struct cmc_arena *arena,
                                 struct cmc_name_rule *out, struct cmc_err *err)
{
    const char *slash = strchr(value, '/');
    size_t n = slash != NULL ? (size_t)(slash - value) : strlen(value);
    char address[INET6_ADDRSTRLEN] = "", *end = NULL;
    uint8_t octets[16];
    size_t size = 0;
    unsigned long bits;

    if (n < sizeof address)
        memcpy(address, value, n);
    if (n < sizeof address && inet_pton(AF_INET, address, octets) == 1)
        size = 4;
    else if (n < sizeof address && inet_pton(AF_INET6, address, octets) == 1)
        size = 16;
    bits =
        slash != NULL && isdigit((unsigned char)slash[1]) ? strtoul(slash + 1, &end, 10) : 8 * size;
    if (size == 0 || bits > 8 * size || (slash != NULL && (end == NULL || *end != '\0')))
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "'%.60s' is no network; write IP:192.0.2.0/24 or IP:2001:db8::/32", value);
    out->bits = (unsigned int)bits;
    out->base = cmc_arena_slice(arena, cmc_slice(octets, size));
    return out->base.p != NULL ? CMC_OK : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
}

static enum cmc_rc parse_subject(const char *value, struct cmc_arena *arena,
                                 struct cmc_name_rule *out, struct cmc_err *err)
{
    return cmc_name_parse(value, arena, &out->base, err);
}

enum cmc_rc cmc_name_rule_parse(const char *text, struct cmc_arena *arena,
                                struct cmc_name_rule *out, struct cmc_err *err)
{
    static const struct {
        const char *prefix;
        enum cmc_name_kind kind;
        enum cmc_rc (*parse)(const char *value, struct cmc_arena *arena, struct cmc_name_rule *out,
                             struct cmc_err *err);
    } rows[] = {
        {"DNS:", CMC_NAME_DNS, parse_domain},     {"email:", CMC_NAME_EMAIL, parse_domain},
        {"IP:", CMC_NAME_IP, parse_network},      {"URI:", CMC_NAME_URI, parse_domain},
        {"DN:", CMC_NAME_SUBJECT, parse_subject}, {"", CMC_NAME_SUBJECT, parse_subject},
    };

    *out = (struct cmc_name_rule){0};
    if (text[0] == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "an entry of a name space is empty; DNS:example.org or \"C=SE, "
                        "O=Example\" would be one");
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        size_t n = strlen(rows[i].prefix);

        if (strncasecmp(text, rows[i].prefix, n) != 0)
            continue;
        text = cmc_arena_strdup(arena, text + n);
        if (text == NULL)
            break;
        out->kind = rows[i].kind;
        return rows[i].parse(text, arena, out, err);
    }
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
}

enum cmc_rc cmc_name_space_parse(const char *lines, struct cmc_arena *arena,
                                 struct cmc_name_space *out, struct cmc_err *err)
{
    struct cmc_name_rule *rules;
    size_t room = 1;

    *out = (struct cmc_name_space){0};
    if (lines == NULL || lines[0] == '\0')
        return CMC_OK;
    for (const char *p = lines; *p != '\0'; p++)
        room += *p == '\n';
    if (room > CMC_LIMIT_NAME_RULES)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "%zu entries of a name space where %u can be (CMC_LIMIT_NAME_RULES)", room,
                        CMC_LIMIT_NAME_RULES);
    rules = cmc_arena_array(arena, room, sizeof *rules);
    if (rules == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name space");
    for (const char *p = lines; out->n < room; out->n++) {
        size_t n = strcspn(p, "\n");
        char *line = cmc_arena_strndup(arena, p, n);
        enum cmc_rc rc;

        if (line == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name space");
        rc = cmc_name_rule_parse(line, arena, &rules[out->n], err);
        if (rc != CMC_OK)
            return rc;
        p += n + (p[n] == '\n');
    }
    out->rules = rules;
    return CMC_OK;
}

/* -- one name ---------------------------------------------------------------------------- */

bool cmc_name_space_has(const struct cmc_name_space *ns, enum cmc_name_kind kind)
{
    for (size_t i = 0; i < ns->n; i++) {
        if (ns->rules[i].kind == kind)
            return true;
    }
    return false;
}

/* The octets that the first n RDNs of a Name take, 0 when it has fewer. */
static size_t rdns_octets(struct cmc_slice content, size_t n)
{
    struct cmc_slice rest = content;
    struct cmc_tlv rdn;

    for (size_t i = 0; i < n; i++) {
        if (rest.n == 0 || cmc_tlv_next(&rest, &rdn, NULL) != CMC_OK)
            return 0;
    }
    return content.n - rest.n;
}

static size_t count_rdns(struct cmc_slice content)
{
    struct cmc_tlv rdn;
    size_t n = 0;

    while (content.n > 0 && cmc_tlv_next(&content, &rdn, NULL) == CMC_OK)
        n++;
    return n;
}

/* Does name begin with the RDNs of base? */
static bool begins_with(struct cmc_slice name, struct cmc_slice base, struct cmc_arena *arena)
{
    struct cmc_slice in = name, other = base;
    uint8_t header[CMC_DER_HEADER_MAX];
    struct cmc_tlv seq, base_seq;
    size_t n, h;
    uint8_t *p;

    if (cmc_tlv_next(&in, &seq, NULL) != CMC_OK || cmc_tlv_next(&other, &base_seq, NULL) != CMC_OK)
        return false;
    n = rdns_octets(seq.content, count_rdns(base_seq.content));
    if (n == 0)
        return base_seq.content.n == 0;
    h = cmc_der_header(header, CMC_T_SEQUENCE | CMC_CONSTRUCTED, n);
    p = cmc_arena_alloc(arena, h + n);
    if (p == NULL)
        return false;
    memcpy(p, header, h);
    memcpy(p + h, seq.content.p, n);
    return cmc_name_eq(cmc_slice(p, h + n), base);
}

bool cmc_name_space_subject(const struct cmc_name_space *ns, struct cmc_slice name,
                            struct cmc_arena *arena)
{
    for (size_t i = 0; i < ns->n; i++) {
        if (ns->rules[i].kind == CMC_NAME_SUBJECT && begins_with(name, ns->rules[i].base, arena))
            return true;
    }
    return false;
}

/* The domain itself, or a name below it. What is no host name at all, with a NUL in it say, is
 * read otherwise by others, and lies in no domain. */
static bool host_within(const struct cmc_name_space *ns, enum cmc_name_kind kind,
                        struct cmc_slice host)
{
    if (!is_host(host) || host.p[0] == '.')
        return false;
    for (size_t i = 0; i < ns->n; i++) {
        struct cmc_slice base = ns->rules[i].base;
        const char *end;

        if (ns->rules[i].kind != kind || host.n < base.n)
            continue;
        end = (const char *)host.p + host.n - base.n;
        if (strncasecmp(end, (const char *)base.p, base.n) == 0 &&
            (host.n == base.n || end[-1] == '.'))
            return true;
    }
    return false;
}

static bool mailbox_within(const struct cmc_name_space *ns, struct cmc_slice v)
{
    for (size_t i = v.n; i > 1; i--) {
        if (v.p[i - 1] == '@')
            return memchr(v.p, 0, v.n) == NULL &&
                   host_within(ns, CMC_NAME_EMAIL, cmc_slice(v.p + i, v.n - i));
    }
    return false;
}

static bool address_within(const struct cmc_name_space *ns, struct cmc_slice v)
{
    for (size_t i = 0; i < ns->n; i++) {
        const struct cmc_name_rule *r = &ns->rules[i];
        unsigned int octets = r->bits / 8, rest = r->bits % 8;

        if (r->kind != CMC_NAME_IP || r->base.n != v.n || memcmp(r->base.p, v.p, octets) != 0)
            continue;
        if (rest == 0 || ((r->base.p[octets] ^ v.p[octets]) >> (8 - rest)) == 0)
            return true;
    }
    return false;
}

/* scheme "://" [user "@"] host [":" port] and then the path; anything else has no host. */
static bool uri_within(const struct cmc_name_space *ns, struct cmc_slice v)
{
    const uint8_t *p = memmem(v.p, v.n, "://", 3);
    struct cmc_slice host;

    if (p == NULL)
        return false;
    host = cmc_slice(p + 3, v.n - (size_t)(p + 3 - v.p));
    for (size_t i = 0; i < host.n; i++) {
        if (strchr("/?#\\", host.p[i]) != NULL) { /* a NUL ends it too, and is no host's */
            host.n = i;
            break;
        }
    }
    for (size_t i = host.n; i > 0; i--) {
        if (host.p[i - 1] == '@') {
            host = cmc_slice(host.p + i, host.n - i);
            break;
        }
    }
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] == ':') {
            host.n = i;
            break;
        }
    }
    return memchr(v.p, 0, v.n) == NULL && host_within(ns, CMC_NAME_URI, host);
}

bool cmc_name_space_general(const struct cmc_name_space *ns, const struct cmc_general_name *gn,
                            struct cmc_arena *arena)
{
    switch (gn->which) {
    case CMC_GN_DIRECTORY:
        return cmc_name_space_subject(ns, gn->v, arena);
    case CMC_GN_DNS:
        return host_within(ns, CMC_NAME_DNS, gn->v);
    case CMC_GN_EMAIL:
        return mailbox_within(ns, gn->v);
    case CMC_GN_IP:
        return address_within(ns, gn->v);
    case CMC_GN_URI:
        return uri_within(ns, gn->v);
    default:
        return false; /* otherName and its like say nothing that we could judge */
    }
}

/* -- all names --------------------------------------------------------------------------- */

/* Printable ASCII, so that nothing in it plays tricks in a log. */
static const char *shown(const char *kind, struct cmc_slice v, struct cmc_arena *arena)
{
    size_t n = v.n > SHOWN_MAX ? SHOWN_MAX : v.n;
    size_t k = strlen(kind);
    char *out = cmc_arena_alloc(arena, k + n + 1);

    if (out == NULL)
        return NULL;
    memcpy(out, kind, k);
    for (size_t i = 0; i < n; i++)
        out[k + i] = v.p[i] >= 0x20 && v.p[i] < 0x7f ? (char)v.p[i] : '?';
    out[k + n] = '\0';
    return out;
}

static const char *shown_name(const char *kind, struct cmc_slice name, struct cmc_arena *arena)
{
    struct cmc_buf b;
    const char *text;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_name_print(name, &b);
    text = shown(kind, cmc_buf_ok(&b) ? cmc_buf_get0(&b) : CMC_SLICE_LIT("(long)"), arena);
    cmc_buf_free(&b);
    return text;
}

static const char *shown_general(const struct cmc_general_name *gn, struct cmc_arena *arena)
{
    char address[INET6_ADDRSTRLEN];

    switch (gn->which) {
    case CMC_GN_DIRECTORY:
        return shown_name("directoryName ", gn->v, arena);
    case CMC_GN_DNS:
        return shown("DNS:", gn->v, arena);
    case CMC_GN_EMAIL:
        return shown("email:", gn->v, arena);
    case CMC_GN_URI:
        return shown("URI:", gn->v, arena);
    case CMC_GN_IP:
        if ((gn->v.n == 4 || gn->v.n == 16) &&
            inet_ntop(gn->v.n == 4 ? AF_INET : AF_INET6, gn->v.p, address, sizeof address) != NULL)
            return shown("IP:", cmc_slice_str(address), arena);
        return "an iPAddress that is none";
    default:
        return "a subjectAltName of a kind that is not judged";
    }
}

/* Letters, and a dot with something on both sides. */
static bool reads_as_domain(struct cmc_slice s)
{
    return is_host(s) && memchr(s.p, '.', s.n) != NULL && s.p[0] != '.' && s.p[s.n - 1] != '.';
}

/* A common name or an e-mail address in a subject, as what a client would take it for. False: it
 * reads as none of these. */
static bool read_as(struct cmc_slice value, bool email, uint8_t ip[16],
                    struct cmc_general_name *out, struct cmc_arena *arena)
{
    const char *text = cmc_arena_strndup(arena, (const char *)value.p, value.n);

    if (text == NULL)
        return false;
    *out = (struct cmc_general_name){.which = CMC_GN_DNS, .v = value};
    if (email || memchr(value.p, '@', value.n) != NULL) {
        out->which = CMC_GN_EMAIL;
        return true;
    }
    if (inet_pton(AF_INET, text, ip) == 1)
        out->v.n = 4;
    else if (inet_pton(AF_INET6, text, ip) == 1)
        out->v.n = 16;
    else
        return reads_as_domain(value);
    out->which = CMC_GN_IP;
    out->v.p = ip;
    return true;
}

/* strict: the attribute must be one that is judged, and lie within; else it must not lie outside
 * of what is there for its kind. */
static bool attribute_within(const struct cmc_name_space *ns, const struct cmc_atv *atv,
                             bool strict, struct cmc_arena *arena)
{
    static const enum cmc_name_kind kinds[] = {
        [CMC_GN_DNS] = CMC_NAME_DNS, [CMC_GN_EMAIL] = CMC_NAME_EMAIL, [CMC_GN_IP] = CMC_NAME_IP};
    bool cn = cmc_slice_eq(atv->type, cmc_oid_id_at_commonName);
    bool email = cmc_slice_eq(atv->type, cmc_oid_id_emailAddress);
    struct cmc_slice in = atv->value;
    struct cmc_general_name gn;
    struct cmc_tlv tlv;
    uint8_t ip[16];

    if (!cn && !email)
        return !strict;
    if (cmc_tlv_next(&in, &tlv, NULL) != CMC_OK ||
        (tlv.tag != CMC_T_UTF8 && tlv.tag != CMC_T_PRINTABLE && tlv.tag != CMC_T_IA5))
        return false; /* what others may read in it, nobody knows */
    if (!read_as(tlv.content, email, ip, &gn, arena))
        return !strict;
    if (!strict && !cmc_name_space_has(ns, kinds[gn.which]))
        return true;
    return cmc_name_space_general(ns, &gn, arena);
}

static bool attributes_within(const struct cmc_name_space *ns, struct cmc_slice subject,
                              bool strict, struct cmc_arena *arena)
{
    struct cmc_list rdns = {0};

    if (cmc_decode(&cmc_it_name_rdns, subject, arena, &rdns, NULL) != CMC_OK)
        return false;
    for (size_t i = 0; i < rdns.n; i++) {
        const struct cmc_list *rdn = CMC_AT(const struct cmc_list, rdns, i);

        for (size_t k = 0; k < rdn->n; k++) {
            if (!attribute_within(ns, CMC_AT(const struct cmc_atv, *rdn, k), strict, arena))
                return false;
        }
    }
    return true;
}

enum cmc_rc cmc_name_space_check(const struct cmc_name_space *ns, struct cmc_slice subject,
                                 struct cmc_slice san, struct cmc_arena *arena,
                                 const char **outside, struct cmc_err *err)
{
    bool by_subject = cmc_name_space_has(ns, CMC_NAME_SUBJECT);
    bool empty = subject.n <= 2; /* then subjectAltName alone names it */
    struct cmc_list list = {0};

    *outside = NULL;
    if (ns->n == 0)
        return CMC_OK;
    if (!empty && ((by_subject && !cmc_name_space_subject(ns, subject, arena)) ||
                   !attributes_within(ns, subject, !by_subject, arena))) {
        *outside = shown_name("the subject ", subject, arena);
        return *outside != NULL ? CMC_OK : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
    }
    if (san.p == NULL)
        return CMC_OK;
    if (cmc_decode(&cmc_it_general_names, san, arena, &list, NULL) != CMC_OK) {
        *outside = "a subjectAltName that cannot be read";
        return CMC_OK;
    }
    for (size_t i = 0; i < list.n; i++) {
        const struct cmc_general_name *gn = CMC_AT(const struct cmc_general_name, list, i);

        if (cmc_name_space_general(ns, gn, arena))
            continue;
        *outside = shown_general(gn, arena);
        return *outside != NULL ? CMC_OK : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
    }
    return CMC_OK;
}
