/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a registration authority may give: those within its own namespace. */
#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "responder/responder_int.h"

#define CLAUSE "RFC 10002 section 10"

static enum cmc_rc outside(struct cmc_err *err, const char *what)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "%s that the registration authority gives lies outside of its names",
                         what);
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

static bool subject_within(const struct cmc_ra_names *names, struct cmc_slice subject,
                           struct cmc_arena *arena)
{
    for (size_t i = 0; i < names->nsubjects; i++) {
        if (begins_with(subject, names->subjects[i], arena))
            return true;
    }
    return names->nsubjects == 0;
}

/* The domain itself, or a name below it. */
static bool host_within(const struct cmc_ra_names *names, struct cmc_slice host)
{
    for (size_t i = 0; i < names->ndomains; i++) {
        const char *domain = names->domains[i];
        size_t n = strlen(domain);

        if (host.n >= n && strncasecmp((const char *)host.p + host.n - n, domain, n) == 0 &&
            (host.n == n || host.p[host.n - n - 1] == '.'))
            return true;
    }
    return false;
}

static bool alt_name_within(const struct cmc_ra_names *names, const struct cmc_general_name *gn,
                            struct cmc_arena *arena)
{
    struct cmc_slice host = gn->v;

    if (gn->which == CMC_GN_DIRECTORY)
        return subject_within(names, gn->v, arena);
    if (names->ndomains == 0)
        return true;
    if (gn->which == CMC_GN_DNS)
        return host_within(names, host);
    if (gn->which != CMC_GN_EMAIL)
        return false;
    for (size_t i = gn->v.n; i > 0; i--) {
        if (gn->v.p[i - 1] == '@')
            return host_within(names, cmc_slice(gn->v.p + i, gn->v.n - i));
    }
    return false;
}

static enum cmc_rc check_alt_names(const struct cmc_ra_names *names,
                                   const struct cmc_extension *san, struct cmc_arena *arena,
                                   struct cmc_err *err)
{
    struct cmc_list list = {0};

    if (cmc_decode(&cmc_it_general_names, san->value, arena, &list, NULL) != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2.1.6",
                             "the subjectAltName of the registration authority is malformed");
    for (size_t i = 0; i < list.n; i++) {
        if (!alt_name_within(names, CMC_AT(const struct cmc_general_name, list, i), arena))
            return outside(err, "a subjectAltName");
    }
    return CMC_OK;
}

/* [10002-10-b] What the client itself asked for is not the RA's. */
enum cmc_rc cmc_ra_check_names(const struct cmc_ra_names *names, const struct cmc_request *asked,
                               const struct cmc_request *due, struct cmc_arena *arena,
                               struct cmc_err *err)
{
    const struct cmc_extension *before =
        cmc_extension_find(&asked->extensions, cmc_oid_id_ce_subjectAltName);
    const struct cmc_extension *after =
        cmc_extension_find(&due->extensions, cmc_oid_id_ce_subjectAltName);

    if (!cmc_slice_eq(asked->subject, due->subject) && due->subject.n > 2 &&
        !subject_within(names, due->subject, arena))
        return outside(err, "the subject");
    if (after == NULL || (before != NULL && cmc_slice_eq(before->value, after->value)))
        return CMC_OK;
    return check_alt_names(names, after, arena, err);
}
