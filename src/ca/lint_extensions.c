/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about the other extensions. */
#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "ca/lint_int.h"
#include "ca/name_form.h"

#define EXPLICIT_TEXT_MAX 200u

static bool name_it(struct lint *l, struct cmc_slice oid)
{
    const char *name = cmc_oid_name(oid);
    char dotted[LINT_DETAIL];

    (void)snprintf(l->detail, sizeof l->detail, "%s",
                   name != NULL ? name : cmc_oid_text(oid, dotted, sizeof dotted));
    return true;
}

static const struct cmc_extension *extension_at(const struct lint *l, size_t i)
{
    return CMC_AT(const struct cmc_extension, l->tbs->extensions, i);
}

/* Extensions ::= SEQUENCE SIZE (1..MAX) */
bool lint_ext_none(struct lint *l)
{
    return l->tbs->extensions.v != NULL && l->tbs->extensions.n == 0;
}

bool lint_ext_twice(struct lint *l)
{
    for (size_t i = 0; i < l->tbs->extensions.n; i++) {
        const struct cmc_extension *e = extension_at(l, i);

        if (lint_ext(l, e->extn_id) != e)
            return name_it(l, e->extn_id);
    }
    return false;
}

bool lint_ext_syntax(struct lint *l)
{
    for (size_t i = 0; i < l->tbs->extensions.n; i++) {
        const struct cmc_extension *e = extension_at(l, i);
        const struct cmc_item *type = cmc_extension_type(e->extn_id);
        void *v = type != NULL ? cmc_arena_alloc(l->arena, type->size) : NULL;

        if (type != NULL && (v == NULL || cmc_decode(type, e->value, l->arena, v, NULL) != CMC_OK))
            return name_it(l, e->extn_id);
    }
    return false;
}

/* -- critical or not --------------------------------------------------------------------- */

static bool any_with(struct lint *l, const struct cmc_slice *const *oids, size_t n, bool critical)
{
    for (size_t i = 0; i < n; i++) {
        const struct cmc_extension *e = lint_ext(l, *oids[i]);

        if (e != NULL && e->critical == critical)
            return name_it(l, e->extn_id);
    }
    return false;
}

/* RFC 5280 sections 4.2.1.10, 4.2.1.11, 4.2.1.14 */
bool lint_ext_must_critical(struct lint *l)
{
    static const struct cmc_slice *const oids[] = {&cmc_oid_id_ce_nameConstraints,
                                                   &cmc_oid_id_ce_policyConstraints,
                                                   &cmc_oid_id_ce_inhibitAnyPolicy};

    return any_with(l, oids, CMC_COUNT(oids), false);
}

/* Sections 4.2.1.1, 4.2.1.2, 4.2.1.8, 4.2.1.15, 4.2.2.1, 4.2.2.2; RFC 6960 section 4.2.2.2.1 */
bool lint_ext_not_critical(struct lint *l)
{
    static const struct cmc_slice *const oids[] = {
        &cmc_oid_id_ce_authorityKeyIdentifier,     &cmc_oid_id_ce_subjectKeyIdentifier,
        &cmc_oid_id_ce_subjectDirectoryAttributes, &cmc_oid_id_ce_freshestCRL,
        &cmc_oid_id_pe_authorityInfoAccess,        &cmc_oid_id_pe_subjectInfoAccess};

    return any_with(l, oids, CMC_COUNT(oids), true);
}

bool lint_ext_should_not_critical(struct lint *l)
{
    static const struct cmc_slice *const oids[] = {&cmc_oid_id_ce_issuerAltName,
                                                   &cmc_oid_id_ce_cRLDistributionPoints,
                                                   &cmc_oid_id_pkix_ocsp_nocheck};

    return any_with(l, oids, CMC_COUNT(oids), true);
}

bool lint_ext_mappings_critical(struct lint *l)
{
    const struct cmc_extension *e = lint_ext(l, cmc_oid_id_ce_policyMappings);

    return e != NULL && !e->critical;
}

bool lint_ext_unknown_critical(struct lint *l)
{
    for (size_t i = 0; i < l->tbs->extensions.n; i++) {
        const struct cmc_extension *e = extension_at(l, i);

        if (e->critical && cmc_extension_type(e->extn_id) == NULL)
            return name_it(l, e->extn_id);
    }
    return false;
}

/* -- the issuer's key -------------------------------------------------------------------- */

bool lint_aki(struct lint *l)
{
    struct cmc_authority_key_id aki = {0};

    return l->issuer->ski.p != NULL &&
           (!lint_read(l, cmc_oid_id_ce_authorityKeyIdentifier, &cmc_it_authority_key_id, &aki) ||
            !cmc_slice_eq(aki.key_id, l->issuer->ski));
}

bool lint_aki_none(struct lint *l)
{
    return l->issuer->ski.p == NULL && lint_ext(l, cmc_oid_id_ce_authorityKeyIdentifier) == NULL;
}

/* -- constraints ------------------------------------------------------------------------- */

bool lint_constraints_ca(struct lint *l)
{
    static const struct cmc_slice *const oids[] = {
        &cmc_oid_id_ce_nameConstraints, &cmc_oid_id_ce_policyConstraints,
        &cmc_oid_id_ce_inhibitAnyPolicy, &cmc_oid_id_ce_policyMappings};

    for (size_t i = 0; i < CMC_COUNT(oids) && !(l->has_bc && l->bc.ca); i++) {
        if (lint_ext(l, *oids[i]) != NULL)
            return name_it(l, *oids[i]);
    }
    return false;
}

static bool read_constraints(struct lint *l, struct cmc_name_constraints *nc)
{
    *nc = (struct cmc_name_constraints){0};
    return lint_read(l, cmc_oid_id_ce_nameConstraints, &cmc_it_name_constraints, nc);
}

bool lint_constraints_empty(struct lint *l)
{
    struct cmc_name_constraints nc;

    return read_constraints(l, &nc) && nc.permitted.n + nc.excluded.n == 0;
}

typedef bool (*subtree_fn)(const struct cmc_subtree *s);

static bool any_subtree(struct lint *l, subtree_fn broken)
{
    struct cmc_name_constraints nc;
    const struct cmc_list *lists[] = {&nc.permitted, &nc.excluded};

    if (!read_constraints(l, &nc))
        return false;
    for (size_t k = 0; k < CMC_COUNT(lists); k++) {
        for (size_t i = 0; i < lists[k]->n; i++) {
            if (broken(CMC_AT(const struct cmc_subtree, *lists[k], i)))
                return true;
        }
    }
    return false;
}

static bool has_range(const struct cmc_subtree *s)
{
    uint64_t least = 0;

    return s->maximum.p != NULL ||
           (s->minimum.p != NULL && (!cmc_int_get_u64(s->minimum, &least) || least != 0));
}

bool lint_constraints_range(struct lint *l)
{
    return any_subtree(l, has_range);
}

/* RFC 4632: the ones of a mask stand before its zeros. */
static bool is_no_network(const struct cmc_subtree *s)
{
    size_t half = s->base.v.n / 2;
    bool ended = false;

    if (s->base.which != CMC_GN_IP)
        return false;
    if (s->base.v.n != 8 && s->base.v.n != 32)
        return true;
    for (size_t bit = 0; bit < half * 8; bit++) {
        bool one = (s->base.v.p[half + bit / 8] & (0x80u >> bit % 8)) != 0;

        if (one && ended)
            return true;
        ended = ended || !one;
    }
    return false;
}

bool lint_constraints_ip(struct lint *l)
{
    return any_subtree(l, is_no_network);
}

bool lint_policy_constraints(struct lint *l)
{
    struct cmc_policy_constraints pc = {0};

    return lint_read(l, cmc_oid_id_ce_policyConstraints, &cmc_it_policy_constraints, &pc) &&
           pc.require_explicit.p == NULL && pc.inhibit_mapping.p == NULL;
}

/* -- policies ---------------------------------------------------------------------------- */

static bool read_policies(struct lint *l, struct cmc_list *out)
{
    *out = (struct cmc_list){0};
    return lint_read(l, cmc_oid_id_ce_certificatePolicies, &cmc_it_policies, out);
}

bool lint_policy_twice(struct lint *l)
{
    struct cmc_list list;

    if (!read_policies(l, &list))
        return false;
    for (size_t i = 1; i < list.n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (cmc_slice_eq(CMC_AT(const struct cmc_policy, list, i)->id,
                             CMC_AT(const struct cmc_policy, list, k)->id))
                return true;
        }
    }
    return false;
}

typedef bool (*qualifier_fn)(struct lint *l, const struct cmc_policy *p,
                             const struct cmc_policy_qualifier *q);

static bool any_qualifier(struct lint *l, qualifier_fn broken)
{
    struct cmc_list list;

    if (!read_policies(l, &list))
        return false;
    for (size_t i = 0; i < list.n; i++) {
        const struct cmc_policy *p = CMC_AT(const struct cmc_policy, list, i);

        for (size_t k = 0; k < p->qualifiers.n; k++) {
            if (broken(l, p, CMC_AT(const struct cmc_policy_qualifier, p->qualifiers, k)))
                return true;
        }
    }
    return false;
}

static bool is_other(struct lint *l, const struct cmc_policy *p,
                     const struct cmc_policy_qualifier *q)
{
    (void)l;
    (void)p;
    return !cmc_slice_eq(q->id, cmc_oid_id_qt_cps) && !cmc_slice_eq(q->id, cmc_oid_id_qt_unotice);
}

static bool is_other_of_any(struct lint *l, const struct cmc_policy *p,
                            const struct cmc_policy_qualifier *q)
{
    return cmc_slice_eq(p->id, cmc_oid_anyPolicy) && is_other(l, p, q);
}

bool lint_policy_any(struct lint *l)
{
    return any_qualifier(l, is_other_of_any);
}

bool lint_policy_qualifier(struct lint *l)
{
    return any_qualifier(l, is_other);
}

static size_t text_length(const struct cmc_tlv *t)
{
    struct cmc_slice s = t->content;
    size_t n = 0;
    uint32_t cp;

    if (t->tag == CMC_T_BMP)
        return s.n / 2;
    if (t->tag != CMC_T_UTF8)
        return s.n;
    while (s.n > 0) {
        size_t k = cmc_utf8_next(s, &cp);

        if (k == 0)
            return SIZE_MAX;
        s = cmc_slice(s.p + k, s.n - k);
        n++;
    }
    return n;
}

static bool is_bad_text(struct lint *l, const struct cmc_policy *p,
                        const struct cmc_policy_qualifier *q)
{
    struct cmc_user_notice notice = {0};
    struct cmc_slice cps = CMC_SLICE_NONE, host, in;
    struct cmc_tlv t;

    (void)p;
    if (cmc_slice_eq(q->id, cmc_oid_id_qt_cps))
        return cmc_decode(&cmc_it_ia5, q->value, l->arena, &cps, NULL) != CMC_OK ||
               !cmc_uri_ok(cps, &host);
    if (!cmc_slice_eq(q->id, cmc_oid_id_qt_unotice))
        return false;
    if (cmc_decode(&cmc_it_user_notice, q->value, l->arena, &notice, NULL) != CMC_OK)
        return true;
    in = notice.text;
    if (in.p == NULL)
        return false;
    if (cmc_tlv_next(&in, &t, NULL) != CMC_OK ||
        (t.tag != CMC_T_UTF8 && t.tag != CMC_T_IA5 && t.tag != CMC_T_VISIBLE && t.tag != CMC_T_BMP))
        return true;
    return t.content.n == 0 || text_length(&t) > EXPLICIT_TEXT_MAX;
}

bool lint_policy_text(struct lint *l)
{
    return any_qualifier(l, is_bad_text);
}

bool lint_mapping_any(struct lint *l)
{
    struct cmc_list list = {0};

    if (!lint_read(l, cmc_oid_id_ce_policyMappings, &cmc_it_policy_mappings, &list))
        return false;
    for (size_t i = 0; i < list.n; i++) {
        const struct cmc_policy_mapping *m = CMC_AT(const struct cmc_policy_mapping, list, i);

        if (cmc_slice_eq(m->issuer, cmc_oid_anyPolicy) ||
            cmc_slice_eq(m->subject, cmc_oid_anyPolicy))
            return true;
    }
    return false;
}

/* -- places ------------------------------------------------------------------------------ */

/* Are the URIs among the names good, and is there one, or another kind of name? */
static bool names_ok(struct lint *l, const struct cmc_list *names)
{
    for (size_t i = 0; i < names->n; i++) {
        const struct cmc_general_name *gn = CMC_AT(const struct cmc_general_name, *names, i);
        struct cmc_slice host;

        if (gn->which == CMC_GN_URI && !cmc_uri_ok(gn->v, &host)) {
            (void)cmc_general_name_text(gn, l->detail, sizeof l->detail);
            return false;
        }
    }
    return true;
}

static bool any_point(struct lint *l,
                      bool (*broken)(struct lint *l, const struct cmc_dist_point *p))
{
    static const struct cmc_slice *const oids[] = {&cmc_oid_id_ce_cRLDistributionPoints,
                                                   &cmc_oid_id_ce_freshestCRL};

    for (size_t k = 0; k < CMC_COUNT(oids); k++) {
        struct cmc_list points = {0};

        if (!lint_read(l, *oids[k], &cmc_it_dist_points, &points))
            continue;
        for (size_t i = 0; i < points.n; i++) {
            if (broken(l, CMC_AT(const struct cmc_dist_point, points, i)))
                return true;
        }
    }
    return false;
}

static bool says_nothing(struct lint *l, const struct cmc_dist_point *p)
{
    (void)l;
    return p->name == NULL && p->crl_issuer.n == 0;
}

bool lint_point_empty(struct lint *l)
{
    return any_point(l, says_nothing);
}

static bool has_bad_uri(struct lint *l, const struct cmc_dist_point *p)
{
    return p->name != NULL && p->name->which == 0 && !names_ok(l, &p->name->u.full_name);
}

bool lint_point_uri(struct lint *l)
{
    return any_point(l, has_bad_uri);
}

bool lint_access_uri(struct lint *l)
{
    static const struct cmc_slice *const oids[] = {&cmc_oid_id_pe_authorityInfoAccess,
                                                   &cmc_oid_id_pe_subjectInfoAccess};

    for (size_t k = 0; k < CMC_COUNT(oids); k++) {
        struct cmc_list list = {0};

        if (!lint_read(l, *oids[k], &cmc_it_access_info, &list))
            continue;
        for (size_t i = 0; i < list.n; i++) {
            struct cmc_access_description *d = CMC_AT(struct cmc_access_description, list, i);
            const struct cmc_list one = {&d->location, 1};

            if (!names_ok(l, &one))
                return true;
        }
    }
    return false;
}

bool lint_usage_period(struct lint *l)
{
    struct cmc_usage_period p = {0};
    int64_t from, to;

    if (!lint_read(l, cmc_oid_id_ce_privateKeyUsagePeriod, &cmc_it_usage_period, &p))
        return false;
    if (p.not_before.p == NULL && p.not_after.p == NULL)
        return true;
    return p.not_before.p != NULL && p.not_after.p != NULL &&
           cmc_time_parse(CMC_T_GENTIME, p.not_before, &from) &&
           cmc_time_parse(CMC_T_GENTIME, p.not_after, &to) && to < from;
}
