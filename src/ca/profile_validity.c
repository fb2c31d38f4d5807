/* SPDX-License-Identifier: Apache-2.0 */
/* From when to when a certificate is valid. */
#include "asn1/codec.h"
#include "ca/profile_int.h"

/* RFC 5280 section 4.1.2.5: a certificate without a well-defined end. */
#define NO_EXPIRY INT64_C(253402300799)

enum cmc_rc cmc_profile_compile_validity(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                         struct cmc_err *err)
{
    int64_t days = (int64_t)spec->days * 86400, hours = (int64_t)spec->hours * 3600;

    p->seconds = days > 0 && (hours == 0 || days < hours) ? days : hours;
    p->last = spec->not_after;
    p->no_expiry = spec->no_expiry;
    p->validity_from_request = spec->validity_from_request;
    p->backdate = (int64_t)spec->backdate_minutes * 60;
    if (p->no_expiry && (p->seconds > 0 || p->last > 0))
        return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.1.2.5",
                        "profile %s: a certificate without an end has no days, hours or notAfter",
                        p->name);
    if (!p->no_expiry && p->seconds <= 0 && p->last <= 0)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "profile %s: days must be at least 1, or hours, or a notAfter given",
                        p->name);
    if (p->seconds > 0 && p->backdate >= p->seconds)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "profile %s: it begins so long before now that it is over by then",
                        p->name);
    return CMC_OK;
}

static enum cmc_rc refuse(const struct cmc_profile *p, const char *why, struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 4211 section 5",
                         "profile %s: %s", p->name, why);
}

static bool read_time(struct cmc_slice tlv, int64_t *t)
{
    return tlv.n > 2 && cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), t);
}

/* RFC 4211 section 5: what is asked for, within what there is. */
static enum cmc_rc as_requested(const struct cmc_profile *p, const struct cmc_profile_case *x,
                                int64_t *not_before, int64_t *not_after, struct cmc_err *err)
{
    int64_t from = *not_before, to = *not_after;

    if ((x->request->not_before.p != NULL && !read_time(x->request->not_before, &from)) ||
        (x->request->not_after.p != NULL && !read_time(x->request->not_after, &to)))
        return refuse(p, "a time in the validity of the request is malformed", err);
    if (from < *not_before && x->judged) /* it was not, before the request was held */
        from = *not_before;
    if (from < *not_before)
        return refuse(p, "the validity asked for begins in the past", err);
    if (to > *not_after)
        return refuse(p, "the validity asked for ends later than is given", err);
    if (to <= from || to <= x->now)
        return refuse(p, "the validity asked for ends before it begins, or is over", err);
    *not_before = from;
    *not_after = to;
    return CMC_OK;
}

enum cmc_rc cmc_profile_validity(const struct cmc_profile *p, const struct cmc_profile_case *x,
                                 int64_t *not_before, int64_t *not_after, struct cmc_err *err)
{
    int64_t end = x->issuer != NULL ? x->issuer->not_after : NO_EXPIRY;

    *not_before = x->now - p->backdate;
    *not_after = NO_EXPIRY;
    if (p->seconds > 0)
        *not_after = *not_before + p->seconds - 1;
    if (p->last > 0 && *not_after > p->last)
        *not_after = p->last;
    if (p->last > 0 && p->last <= x->now)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_INTERNAL_CA_ERROR,
                             "RFC 5280 section 4.1.2.5",
                             "profile %s: the time that its certificates end at is past", p->name);
    /* What has no end outlives its issuer: that is what it says (IEEE 802.1AR section 8.7). */
    if (!p->no_expiry && *not_after > end)
        *not_after = end;
    return p->validity_from_request ? as_requested(p, x, not_before, not_after, err) : CMC_OK;
}
