/* SPDX-License-Identifier: Apache-2.0 */
/* The subject as a profile wants it: attribute after attribute, each with where it is from. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "ca/profile_int.h"

#define CLAUSE "RFC 5280 section 4.1.2.6"

/* -- compiling --------------------------------------------------------------------------- */

/* The one attribute of a Name "CN=value". */
static enum cmc_rc fixed_value(struct cmc_profile *p, const char *label, const char *text,
                               struct cmc_slice *out, struct cmc_err *err)
{
    const char *whole = cmc_arena_printf(p->arena, "%s=%s", label, text);
    struct cmc_slice name = CMC_SLICE_NONE;
    struct cmc_list rdns = {0};
    const struct cmc_list *rdn;
    enum cmc_rc rc;

    if (whole == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    rc = cmc_name_parse(whole, p->arena, &name, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_name_rdns, name, p->arena, &rdns, err);
    if (rc != CMC_OK) {
        cmc_err_prefix(err, "profile %s", p->name);
        return rc;
    }
    rdn = CMC_AT(const struct cmc_list, rdns, 0);
    if (rdns.n != 1 || rdn->n != 1)
        return cmc_fail(err, CMC_E_USAGE, "RFC 4514 section 2.4",
                        "profile %s: the value of %s is more than one attribute; put a backslash "
                        "before a comma or plus sign",
                        p->name, label);
    *out = CMC_AT(const struct cmc_atv, *rdn, 0)->value;
    return CMC_OK;
}

static enum cmc_rc compile_row(struct cmc_profile *p, const struct cmc_profile_attribute *a,
                               struct subject_rule *r, struct cmc_err *err)
{
    uint8_t tag;
    enum cmc_rc rc = CMC_OK;

    r->label = cmc_name_attribute(a->type, p->arena, &r->type, &tag);
    if (r->label == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "profile %s: attribute type \"%s\" of the subject is not known; use CN, C, "
                        "O, OU, L, ST, DC, UID, serialNumber, emailAddress or a dotted OID",
                        p->name, a->type);
    r->label = cmc_arena_strdup(p->arena, r->label);
    if (r->label == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    r->from = a->from;
    r->max = a->max > 0 ? a->max : 1;
    r->optional = a->optional;
    if (a->from == CMC_FROM_PROFILE)
        rc = fixed_value(p, r->label, a->value, &r->value, err);
    if (rc == CMC_OK && a->pattern != NULL)
        rc = cmc_pattern_add(p, a->pattern, &r->pattern, err);
    p->wants_officer = p->wants_officer || a->from == CMC_FROM_OFFICER;
    return rc;
}

enum cmc_rc cmc_profile_compile_subject(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                        struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    p->drop_other_names = spec->drop_other_names;
    p->nsubject = spec->subject_count;
    p->subject = cmc_arena_array(p->arena, p->nsubject, sizeof *p->subject);
    if (p->subject == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    for (size_t i = 0; i < p->nsubject && rc == CMC_OK; i++)
        rc = compile_row(p, &spec->subject[i], &p->subject[i], err);
    return rc;
}

/* -- making the subject ------------------------------------------------------------------ */

/* The attributes of a Name, one after the other. */
struct pool {
    const struct cmc_atv **v;
    bool *used;
    size_t n;
};

static enum cmc_rc fill_pool(const struct cmc_profile *p, struct cmc_slice name,
                             struct cmc_arena *arena, struct pool *out, struct cmc_err *err)
{
    struct cmc_list rdns = {0};
    size_t n = 0;

    *out = (struct pool){0};
    if (name.p == NULL)
        return CMC_OK;
    if (cmc_decode(&cmc_it_name_rdns, name, arena, &rdns, NULL) != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "profile %s: the subject is not a well-formed Name", p->name);
    for (size_t i = 0; i < rdns.n; i++)
        n += CMC_AT(const struct cmc_list, rdns, i)->n;
    out->v = cmc_arena_array(arena, n, sizeof(const struct cmc_atv *));
    out->used = cmc_arena_array(arena, n, sizeof *out->used);
    if (out->v == NULL || out->used == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a subject");
    for (size_t i = 0; i < rdns.n; i++) {
        const struct cmc_list *rdn = CMC_AT(const struct cmc_list, rdns, i);

        for (size_t k = 0; k < rdn->n; k++)
            out->v[out->n++] = CMC_AT(const struct cmc_atv, *rdn, k);
    }
    return CMC_OK;
}

struct making {
    const struct cmc_profile *p;
    struct cmc_arena *arena;
    struct pool asked, officer;
    struct cmc_list rdns; /* what comes of it */
    struct cmc_err *err;
};

static enum cmc_rc refuse(const struct making *m, const struct subject_rule *r, const char *why)
{
    return cmc_fail_info(m->err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "profile %s: the subject %s (rule subject %s)", m->p->name, why, r->label);
}

/* [RFC 5280 section 4.1.2.4] One RDN for each attribute, as is usual. */
static enum cmc_rc emit(struct making *m, struct cmc_slice type, struct cmc_slice value)
{
    struct cmc_list *rdn = cmc_list_add(m->arena, &cmc_it_name_rdns, &m->rdns, 1);
    struct cmc_atv *atv = rdn != NULL ? cmc_list_add(m->arena, cmc_it_name_rdns.of, rdn, 1) : NULL;

    if (atv == NULL)
        return cmc_fail(m->err, CMC_E_MEM, NULL, "no memory for a subject");
    atv->type = type;
    atv->value = value;
    return CMC_OK;
}

/* Who has the value already, as in a renewal, may ask for it. */
static void strike(struct making *m, struct cmc_slice type, struct cmc_slice value)
{
    for (size_t i = 0; i < m->asked.n; i++) {
        if (!m->asked.used[i] && cmc_slice_eq(m->asked.v[i]->type, type) &&
            cmc_name_value_eq(m->asked.v[i]->value, value)) {
            m->asked.used[i] = true;
            return;
        }
    }
}

/* Before the rows that take from the request, so that one of the same type gets what is left. */
static void strike_given(struct making *m)
{
    for (size_t i = 0; i < m->p->nsubject; i++) {
        const struct subject_rule *r = &m->p->subject[i];

        if (r->from == CMC_FROM_PROFILE)
            strike(m, r->type, r->value);
        for (size_t k = 0; r->from == CMC_FROM_OFFICER && k < m->officer.n; k++) {
            if (cmc_slice_eq(m->officer.v[k]->type, r->type))
                strike(m, r->type, m->officer.v[k]->value);
        }
    }
}

static enum cmc_rc from_officer(struct making *m, const struct subject_rule *r)
{
    unsigned int n = 0;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < m->officer.n && n < r->max && rc == CMC_OK; i++) {
        if (cmc_slice_eq(m->officer.v[i]->type, r->type)) {
            rc = emit(m, r->type, m->officer.v[i]->value);
            n++;
        }
    }
    if (rc != CMC_OK || n > 0 || r->optional)
        return rc;
    return cmc_fail_info(m->err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, CLAUSE,
                         "profile %s: %s is that of the officer's certificate, %s (rule subject "
                         "%s)",
                         m->p->name, r->label,
                         m->officer.v == NULL ? "and none signed" : "which has none", r->label);
}

static bool matches(const struct subject_rule *r, struct cmc_slice value)
{
    struct cmc_tlv tlv;

    return r->pattern == NULL || (cmc_tlv_next(&value, &tlv, NULL) == CMC_OK &&
                                  cmc_pattern_matches(r->pattern, tlv.content));
}

static enum cmc_rc from_request(struct making *m, const struct subject_rule *r)
{
    unsigned int n = 0;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < m->asked.n && rc == CMC_OK; i++) {
        const struct cmc_atv *a = m->asked.v[i];

        if (m->asked.used[i] || !cmc_slice_eq(a->type, r->type))
            continue;
        if (n == r->max)
            return m->p->drop_other_names ? CMC_OK
                                          : refuse(m, r, "has more of an attribute than it may");
        if (!matches(r, a->value))
            return refuse(m, r, "has a value that does not match the pattern");
        m->asked.used[i] = true;
        rc = emit(m, a->type, a->value);
        n++;
    }
    if (rc == CMC_OK && n == 0 && !r->optional)
        return refuse(m, r, "lacks an attribute");
    return rc;
}

static enum cmc_rc apply(struct making *m, const struct subject_rule *r)
{
    switch (r->from) {
    case CMC_FROM_PROFILE:
        return emit(m, r->type, r->value);
    case CMC_FROM_OFFICER:
        return from_officer(m, r);
    case CMC_FROM_REQUEST:
    default:
        return from_request(m, r);
    }
}

/* What no rule has taken. */
static enum cmc_rc check_rest(const struct making *m)
{
    for (size_t i = 0; i < m->asked.n && !m->p->drop_other_names; i++) {
        struct cmc_slice type = m->asked.v[i]->type;
        const char *name = cmc_oid_name(type);
        char dotted[256];

        if (m->asked.used[i])
            continue;
        return cmc_fail_info(m->err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "profile %s: the subject may not have %s, or not this one (rule "
                             "other-names)",
                             m->p->name,
                             name != NULL ? name : cmc_oid_text(type, dotted, sizeof dotted));
    }
    return CMC_OK;
}

enum cmc_rc cmc_profile_subject(const struct cmc_profile *p, const struct cmc_profile_case *x,
                                struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    struct making m = {.p = p, .arena = arena, .err = err};
    enum cmc_rc rc;

    *out = x->request->subject;
    if (p->nsubject == 0 || x->judged)
        return CMC_OK;
    rc = fill_pool(p, x->request->subject, arena, &m.asked, err);
    if (rc == CMC_OK && p->wants_officer)
        rc = fill_pool(p, x->signer, arena, &m.officer, err);
    if (rc == CMC_OK)
        strike_given(&m);
    for (size_t i = 0; i < p->nsubject && rc == CMC_OK; i++)
        rc = apply(&m, &p->subject[i]);
    if (rc == CMC_OK)
        rc = check_rest(&m);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_name_rdns, &m.rdns, arena, out, err);
    return rc;
}
