/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the authority gives out: its CRLs, old and new (RFC 10002 section 6.10), and the trust
 * anchors that are published (section 6.15).
 */
#include "asn1/codec.h"
#include "ca/crl_int.h"

#define CLAUSE "RFC 10002 section 6.10"

/*
 * cRLName is what a CRL distribution point says: the URL of a CRL of ours, or the issuer's name,
 * which means the complete one, as does none at all. All our CRLs are for any reasons. NULL: it is
 * not ours.
 */
static const struct cmc_crl_line *find_line(const struct cmc_ca_shared *s,
                                            const struct cmc_general_name *name)
{
    if (name == NULL ||
        (name->which == CMC_GN_DIRECTORY && cmc_name_eq(name->v, s->ca_cert.tbs.subject)))
        return cmc_crl_line(s, 0);
    for (size_t i = 0; name->which == CMC_GN_URI && i < s->nlines; i++) {
        const char *url = s->lines[i].url;

        if (url != NULL && cmc_slice_eq(name->v, cmc_slice_str(url)))
            return &s->lines[i];
    }
    return NULL;
}

enum cmc_rc cmc_ca_anchors_op(void *self, struct cmc_arena *arena, struct cmc_anchor_set *out,
                              struct cmc_err *err)
{
    struct cmc_ca *ca = self;

    return cmc_reader_anchors(ca->reader, arena, out, err);
}

enum cmc_rc cmc_ca_crl_op(void *self, const struct cmc_crl_query *query, struct cmc_arena *arena,
                          struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    const struct cmc_crl_line *line = find_line(ca->shared, query->name);
    struct cmc_crl_record crl;
    struct cmc_crl_id id;
    enum cmc_rc rc;

    if (!cmc_name_eq(query->issuer, ca->shared->ca_cert.tbs.subject))
        return cmc_fail_info(err, CMC_E_NOTFOUND, CMC_FAIL_BAD_CERT_ID, CLAUSE,
                             "this authority issues no CRLs under that name");
    if (line == NULL)
        return cmc_fail_info(err, CMC_E_NOTFOUND, CMC_FAIL_BAD_CERT_ID, CLAUSE,
                             "this authority has no CRL of that cRLName; leave it out for the "
                             "complete one");
    /* Before a time that is still to come the newest is nearest. */
    if (!query->has_before || query->before > query->now)
        return cmc_ca_crl_get(ca, &(struct cmc_crl_scope){.shard = line->shard}, query->now, arena,
                              out, err);
    id = cmc_crl_id_of(ca->shared, line, false);
    rc = cmc_reader_crl_before(ca->reader, &id, query->before, arena, &crl, err);
    if (rc == CMC_OK && crl.octets > 0)
        rc = cmc_ca_crl_load(ca, &id, &crl, arena, out, err);
    else
        *out = crl.der;
    /* Earlier ones are a service; what became of the file is for cmcd doctor to say. */
    if (rc == CMC_E_NOTFOUND)
        return cmc_fail_info(err, rc, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "no CRL from before that time is kept; ask for a later one");
    return rc;
}
