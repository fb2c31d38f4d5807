/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the authority gives out: its CRLs, old and new (RFC 10002 section 6.10), and the trust
 * anchors that are published (section 6.15).
 */
#include "asn1/codec.h"
#include "ca/ca_int.h"

#define CLAUSE "RFC 10002 section 6.10"

/*
 * cRLName is what a CRL distribution point says: the URL of our CRL, or the issuer's name. All
 * our CRLs are of full scope, so there is one for each issuer, and for any reasons.
 */
static bool is_our_name(const struct cmc_ca_shared *s, const struct cmc_general_name *name)
{
    if (name->which == CMC_GN_DIRECTORY)
        return cmc_name_eq(name->v, s->ca_cert.tbs.subject);
    return name->which == CMC_GN_URI && s->crl_url != NULL &&
           cmc_slice_eq(name->v, cmc_slice_str(s->crl_url));
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
    struct cmc_slice mine = ca->shared->ca_cert.tbs.subject;
    struct cmc_crl_record crl;
    enum cmc_rc rc;

    if (!cmc_name_eq(query->issuer, mine))
        return cmc_fail_info(err, CMC_E_NOTFOUND, CMC_FAIL_BAD_CERT_ID, CLAUSE,
                             "this authority issues no CRLs under that name");
    if (query->name != NULL && !is_our_name(ca->shared, query->name))
        return cmc_fail_info(err, CMC_E_NOTFOUND, CMC_FAIL_BAD_CERT_ID, CLAUSE,
                             "this authority has no CRL of that cRLName; leave it out for the one "
                             "that it has");
    /* Before a time that is still to come the newest is nearest. */
    if (!query->has_before || query->before > query->now)
        return cmc_ca_crl(ca, query->now, arena, out, err);
    rc = cmc_reader_crl_before(ca->reader, mine, query->before, arena, &crl, err);
    if (rc == CMC_OK && crl.octets > 0)
        rc = cmc_ca_crl_load(ca, &crl, arena, out, err);
    else
        *out = crl.der;
    /* Earlier ones are a service; what became of the file is for cmcd doctor to say. */
    if (rc == CMC_E_NOTFOUND)
        return cmc_fail_info(err, rc, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "no CRL from before that time is kept; ask for a later one");
    return rc;
}
