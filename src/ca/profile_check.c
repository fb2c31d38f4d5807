/* SPDX-License-Identifier: Apache-2.0 */
/* May a request be issued under a profile? */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/profile_int.h"

/*
 * The extensions of RFC 5280 section 4.2: each of them is known and checked, so that it may be
 * left out without harm. [10002-3.1-d, 10002-3.2.1.2.2-i, 10002-6.5.1-b, 10002-6.5.2-b]
 */
static const struct cmc_slice *const rfc5280[] = {
    &cmc_oid_id_ce_authorityKeyIdentifier,
    &cmc_oid_id_ce_subjectKeyIdentifier,
    &cmc_oid_id_ce_keyUsage,
    &cmc_oid_id_ce_privateKeyUsagePeriod,
    &cmc_oid_id_ce_certificatePolicies,
    &cmc_oid_id_ce_policyMappings,
    &cmc_oid_id_ce_subjectAltName,
    &cmc_oid_id_ce_issuerAltName,
    &cmc_oid_id_ce_subjectDirectoryAttributes,
    &cmc_oid_id_ce_basicConstraints,
    &cmc_oid_id_ce_nameConstraints,
    &cmc_oid_id_ce_policyConstraints,
    &cmc_oid_id_ce_extKeyUsage,
    &cmc_oid_id_ce_cRLDistributionPoints,
    &cmc_oid_id_ce_inhibitAnyPolicy,
    &cmc_oid_id_ce_freshestCRL,
    &cmc_oid_id_pe_authorityInfoAccess,
    &cmc_oid_id_pe_subjectInfoAccess,
};

bool cmc_profile_lists(const struct cmc_slice *oids, size_t n, struct cmc_slice oid)
{
    for (size_t i = 0; i < n; i++) {
        if (cmc_slice_eq(oids[i], oid))
            return true;
    }
    return false;
}

bool cmc_profile_takes(const struct cmc_profile *p, struct cmc_slice oid)
{
    return cmc_profile_lists(p->taken, p->ntaken, oid);
}

static bool is_rfc5280(struct cmc_slice oid)
{
    for (size_t i = 0; i < CMC_COUNT(rfc5280); i++) {
        if (cmc_slice_eq(*rfc5280[i], oid))
            return true;
    }
    return false;
}

/* -- the key ----------------------------------------------------------------------------- */

static bool key_allowed(const struct cmc_profile *p, EVP_PKEY *key, const char *kind)
{
    if (p->nkeys == 0)
        return EVP_PKEY_is_a(key, "RSA") != 1 || EVP_PKEY_get_bits(key) >= 2048;
    for (size_t i = 0; i < p->nkeys; i++) {
        if (p->keys[i].min_bits > 0
                ? EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= p->keys[i].min_bits
            : strcmp(p->keys[i].type, "DHX") == 0 ? EVP_PKEY_is_a(key, "DHX") == 1
                                                  : strcmp(p->keys[i].type, kind) == 0)
            return true;
    }
    return false;
}

/* Of a kind that is allowed, and of use for what the profile is for. [10004-10-a] */
static enum cmc_rc check_key(const struct cmc_profile *p, EVP_PKEY *key, struct cmc_err *err)
{
    char kind[64];

    cmc_key_describe(key, kind, sizeof kind);
    if (!key_allowed(p, key, kind))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10002 section 6.1.3",
                             "profile %s does not take keys of kind %s", p->name, kind);
    if (p->usage_index != SIZE_MAX && p->usage[cmc_key_class(key)] == 0)
        return cmc_fail_info(
            err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 5280 section 4.2.1.3",
            "profile %s is for uses (keyUsage) that a key of kind %s does not have", p->name, kind);
    return cmc_key_check(key, err);
}

/* -- extensions -------------------------------------------------------------------------- */

static enum cmc_rc unsupported(const struct cmc_profile *p, const struct cmc_extension *e,
                               const char *why, struct cmc_err *err)
{
    const char *name = cmc_oid_name(e->extn_id);
    char dotted[256];

    if (name == NULL)
        name = cmc_oid_text(e->extn_id, dotted, sizeof dotted);
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_UNSUPPORTED_EXT, "RFC 10002 section 3.1",
                         "profile %s: extension %s %s", p->name, name, why);
}

static enum cmc_rc check_usage(const struct cmc_profile *p, const struct cmc_extension *e,
                               EVP_PKEY *key, struct cmc_arena *arena, struct cmc_err *err)
{
    enum key_class kind = cmc_key_class(key);
    unsigned int asked, given;

    if (!cmc_usage_read(e->value, arena, &asked))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2.1.3",
                             "profile %s: the keyUsage of the request names no use", p->name);
    /* Not one of the uses asked for: that would be another certificate than was meant. */
    if (p->usage_index != SIZE_MAX)
        return (asked & p->usage[kind]) != 0
                   ? CMC_OK
                   : unsupported(p, e, "asks for nothing that this profile gives", err);
    if (!cmc_profile_takes(p, e->extn_id))
        return CMC_OK;
    given = cmc_usage_possible(kind);
    if (!p->is_ca)
        given &= ~(unsigned int)(USAGE_CERT_SIGN | USAGE_CRL_SIGN);
    if ((asked & ~given) != 0)
        return unsupported(p, e, "asks for a use that such a key cannot have here", err);
    if ((asked & (USAGE_ENCIPHER_ONLY | USAGE_DECIPHER_ONLY)) != 0 &&
        (asked & USAGE_KEY_AGREEMENT) == 0)
        return unsupported(p, e, "limits keyAgreement without asking for it", err);
    return CMC_OK;
}

/* Is one of these purposes among those, or any of them meant? */
static bool purposes_meet(const struct cmc_list *a, const struct cmc_list *b)
{
    for (size_t i = 0; i < a->n; i++) {
        struct cmc_slice x = *CMC_AT(const struct cmc_slice, *a, i);

        if (cmc_slice_eq(x, cmc_oid_anyExtendedKeyUsage))
            return true;
        for (size_t k = 0; k < b->n; k++) {
            if (cmc_slice_eq(x, *CMC_AT(const struct cmc_slice, *b, k)))
                return true;
        }
    }
    return false;
}

static enum cmc_rc check_purposes(const struct cmc_profile *p, const struct cmc_extension *e,
                                  struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_extension *fixed = cmc_extension_find(&p->fixed, e->extn_id);
    struct cmc_list asked = {0}, given = {0};

    if (fixed == NULL || cmc_decode(&cmc_it_eku, fixed->value, arena, &given, NULL) != CMC_OK ||
        cmc_decode(&cmc_it_eku, e->value, arena, &asked, NULL) != CMC_OK ||
        purposes_meet(&asked, &given))
        return CMC_OK;
    return unsupported(p, e, "asks for nothing that this profile gives", err);
}

static enum cmc_rc check_ca(const struct cmc_profile *p, const struct cmc_extension *e,
                            struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_basic_constraints bc = {0};

    if (!p->is_ca &&
        (cmc_decode(&cmc_it_basic_constraints, e->value, arena, &bc, NULL) != CMC_OK || bc.ca))
        return unsupported(p, e, "asks for a CA, which this profile does not make", err);
    return CMC_OK;
}

/*
 * RFC 5280 section 4.2.1.6: host names, addresses and URIs are printed characters. An octet 0 in
 * one ends the name for some who read it, which is then somebody else's name.
 */
static bool are_printed(const struct cmc_list *names)
{
    for (size_t i = 0; i < names->n; i++) {
        const struct cmc_general_name *gn = CMC_AT(const struct cmc_general_name, *names, i);

        if (gn->which != CMC_GN_EMAIL && gn->which != CMC_GN_DNS && gn->which != CMC_GN_URI)
            continue;
        for (size_t k = 0; k < gn->v.n; k++) {
            if (gn->v.p[k] <= 0x20 || gn->v.p[k] >= 0x7f)
                return false;
        }
        if (gn->v.n == 0)
            return false;
    }
    return true;
}

static enum cmc_rc check_alt_names(const struct cmc_profile *p, const struct cmc_extension *e,
                                   struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_list names = {0};

    if (!cmc_slice_eq(e->extn_id, cmc_oid_id_ce_subjectAltName) ||
        cmc_decode(&cmc_it_general_names, e->value, arena, &names, NULL) != CMC_OK ||
        are_printed(&names))
        return CMC_OK;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2.1.6",
                         "profile %s: a name in the subjectAltName is empty, or has characters "
                         "that are not printed ones of ASCII",
                         p->name);
}

/* What goes into a certificate must be what its type says. */
static enum cmc_rc check_syntax(const struct cmc_profile *p, const struct cmc_extension *e,
                                struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_item *type = cmc_extension_type(e->extn_id);
    void *v = type != NULL ? cmc_arena_alloc(arena, type->size) : NULL;

    if (type == NULL || (v != NULL && cmc_decode(type, e->value, arena, v, NULL) == CMC_OK))
        return check_alt_names(p, e, arena, err);
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2",
                         "profile %s: extension %s is malformed in the request", p->name,
                         cmc_oid_name(e->extn_id));
}

/*
 * [10002-3.1-e, 10002-3.1-f, 10002-3.2.1.2.2-j, 10002-3.2.1.2.2-k, 10002-6.5.1-d, 10002-6.5.2-d]
 * What cannot be left out or overridden without turning it into its contrary is refused.
 */
static enum cmc_rc check_extension(const struct cmc_profile *p, const struct cmc_extension *e,
                                   EVP_PKEY *key, struct cmc_arena *arena, struct cmc_err *err)
{
    bool taken = cmc_profile_takes(p, e->extn_id);

    if (cmc_profile_lists(p->refused, p->nrefused, e->extn_id))
        return unsupported(p, e, "may not be asked for", err);
    if (cmc_profile_lists(p->overridden, p->noverridden, e->extn_id))
        return CMC_OK;
    if (cmc_slice_eq(e->extn_id, cmc_oid_id_ce_keyUsage))
        return check_usage(p, e, key, arena, err);
    if (cmc_slice_eq(e->extn_id, cmc_oid_id_ce_extKeyUsage)) {
        enum cmc_rc rc = check_purposes(p, e, arena, err);

        if (rc != CMC_OK)
            return rc;
    }
    if (cmc_slice_eq(e->extn_id, cmc_oid_id_ce_basicConstraints)) {
        enum cmc_rc rc = check_ca(p, e, arena, err);

        if (rc != CMC_OK || !taken)
            return rc;
    }
    if (taken)
        return check_syntax(p, e, arena, err);
    /* An SKI in the request links the signature to the key; ours is computed. */
    if (cmc_extension_find(&p->fixed, e->extn_id) != NULL ||
        cmc_slice_eq(e->extn_id, cmc_oid_id_ce_subjectKeyIdentifier))
        return CMC_OK;
    if (p->refuse_others)
        return unsupported(p, e, "may not be asked for", err);
    if (!is_rfc5280(e->extn_id) && e->critical)
        return unsupported(p, e, "is critical and not supported", err);
    return CMC_OK;
}

/* -- the rest ---------------------------------------------------------------------------- */

/*
 * [10004-5.3-b] There is no archive here. A profile may demand one all the same, as a policy may
 * that another authority serves: whoever sends no key is told so, and whoever sends one is not
 * left in the belief that it was kept.
 */
static enum cmc_rc check_archive(const struct cmc_profile *p, const struct cmc_request *rq,
                                 struct cmc_err *err)
{
    bool there = false;

    for (size_t i = 0; i < rq->controls.n; i++)
        there = there || cmc_slice_eq(CMC_AT(const struct cmc_atv, rq->controls, i)->type,
                                      cmc_oid_id_regCtrl_pkiArchiveOptions);
    if (there)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10004 section 5.3",
                             "profile %s: pkiArchiveOptions are not taken; this authority keeps "
                             "no private keys",
                             p->name);
    if (p->require_archive)
        return cmc_fail_info(
            err, CMC_E_REFUSED, CMC_FAIL_MUST_ARCHIVE_KEYS, "RFC 10002 section 6.1.4",
            "profile %s: the private key must be archived (pkiArchiveOptions)", p->name);
    return CMC_OK;
}

/* [10002-3.2.1.2.1-d, 10002-3.2.1.2.1-e, 10002-10-u5] */
static enum cmc_rc check_names(const struct cmc_profile *p, const struct cmc_request *rq,
                               struct cmc_arena *arena, struct cmc_err *err)
{
    bool empty_subject = rq->subject.n <= 2;
    bool san = cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectAltName) != NULL &&
               cmc_profile_takes(p, cmc_oid_id_ce_subjectAltName);
    struct cmc_list rdns = {0};

    if (rq->change_of_name && !p->change_subject_name)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 7.1",
                             "profile %s: names are not changed (changeSubjectName)", p->name);
    if (empty_subject && !(p->allow_empty_subject && san))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.1",
                             "profile %s: the subject is empty%s", p->name,
                             p->allow_empty_subject ? " and there is no subjectAltName" : "");
    if (cmc_decode(&cmc_it_name_rdns, rq->subject, arena, &rdns, NULL) != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.1.2.6",
                             "profile %s: the subject is not a well-formed Name", p->name);
    if (p->require_san && !san)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 5280 section 4.2.1.6",
                             "profile %s: the request needs a subjectAltName", p->name);
    return CMC_OK;
}

/* -- one after the other ----------------------------------------------------------------- */

struct judging {
    const struct cmc_profile *p;
    const struct cmc_profile_case *x;
    const struct cmc_profile_listener *listener; /* NULL: the first refusal ends it */
    struct cmc_arena *arena;
    struct cmc_profile_due due;
    struct cmc_err *err;
    struct cmc_err first; /* what refused it, where there is a listener */
};

typedef enum cmc_rc (*step_fn)(struct judging *j, struct cmc_err *err);

static enum cmc_rc step_key(struct judging *j, struct cmc_err *err)
{
    return check_key(j->p, j->x->key, err);
}

static enum cmc_rc step_subject(struct judging *j, struct cmc_err *err)
{
    return cmc_profile_subject(j->p, j->x, j->arena, &j->due.request.subject, err);
}

static enum cmc_rc step_san(struct judging *j, struct cmc_err *err)
{
    return j->p->san != NULL && !j->x->judged
               ? cmc_profile_san(j->p, &j->due.request, j->arena, err)
               : CMC_OK;
}

static enum cmc_rc step_names(struct judging *j, struct cmc_err *err)
{
    return check_names(j->p, &j->due.request, j->arena, err);
}

static enum cmc_rc step_archive(struct judging *j, struct cmc_err *err)
{
    return check_archive(j->p, j->x->request, err);
}

static enum cmc_rc step_validity(struct judging *j, struct cmc_err *err)
{
    return cmc_profile_validity(j->p, j->x, &j->due.not_before, &j->due.not_after, err);
}

/* What lint finds after its first error, which it gives back itself. */
struct finding {
    struct judging *j;
    size_t errors;
};

static void found(void *arg, const struct cmc_lint_rule *rule, const char *detail)
{
    struct finding *f = arg;
    const struct cmc_profile_listener *to = f->j->listener;
    struct cmc_err why = {0};

    if (rule->level == CMC_LINT_WARNING) {
        to->warn(to->arg, rule, detail);
    } else if (f->errors++ > 0) {
        (void)cmc_fail_info(&why, CMC_E_REFUSED, rule->fail_info, rule->clause,
                            "profile %s: %s%s%s (rule %s)", f->j->p->name,
                            detail != NULL ? detail : "", detail != NULL ? ": " : "", rule->text,
                            rule->id);
        to->refused(to->arg, &why);
    }
}

/* What the profile fixes was looked at when it was loaded, unless a request has a part in it. */
static enum cmc_rc step_lint(struct judging *j, struct cmc_err *err)
{
    static const uint8_t name[] = {0x30, 0};
    const struct cmc_cert_params params = {
        .issuer = {name, sizeof name}, /* looked at only when it signs */
        .issuer_ski = j->x->issuer != NULL ? j->x->issuer->ski : CMC_SLICE_NONE,
        .not_before = j->due.not_before,
        .not_after = j->due.not_after};
    unsigned int parts = CMC_LINT_REQUEST;
    struct finding finding = {.j = j};
    struct cmc_tbs_cert t;
    enum cmc_rc rc;

    for (size_t i = 0; i < j->due.request.extensions.n; i++) {
        struct cmc_slice oid =
            CMC_AT(const struct cmc_extension, j->due.request.extensions, i)->extn_id;

        if (cmc_profile_takes(j->p, oid) && !cmc_slice_eq(oid, cmc_oid_id_ce_subjectAltName))
            parts |= CMC_LINT_PROFILE;
    }
    /* Which issuer it has, the profile does not know. */
    if (j->p->usage_varies || j->p->is_ca || j->listener != NULL)
        parts |= CMC_LINT_PROFILE;
    rc = cmc_profile_fill(j->p, NULL, &j->due.request, &params, j->arena, &t, err);
    if (rc == CMC_OK)
        rc = cmc_lint(&t, j->x->issuer, parts, j->arena, j->listener != NULL ? found : NULL,
                      &finding, err);
    if (rc == CMC_E_REFUSED)
        cmc_err_prefix(err, "profile %s", j->p->name);
    return rc;
}

/* A refusal is told, and the next rule is looked at; anything else ends it. */
static enum cmc_rc settle(struct judging *j, enum cmc_rc rc, const struct cmc_err *err)
{
    if (rc == CMC_OK || j->listener == NULL)
        return rc;
    if (rc != CMC_E_REFUSED)
        return rc;
    j->listener->refused(j->listener->arg, err);
    if (j->first.rc == CMC_OK)
        j->first = *err;
    return CMC_OK;
}

static enum cmc_rc run(struct judging *j, const step_fn *steps, size_t n)
{
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; i < n && rc == CMC_OK; i++)
        rc = settle(j, steps[i](j, j->err), j->err);
    return rc;
}

static enum cmc_rc judge(struct judging *j)
{
    static const step_fn before[] = {step_key, step_subject, step_san, step_names, step_archive};
    static const step_fn after[] = {step_validity, step_lint};
    const struct cmc_list *exts = &j->x->request->extensions;
    enum cmc_rc rc;

    j->due.request = *j->x->request;
    rc = run(j, before, CMC_COUNT(before));
    for (size_t i = 0; i < exts->n && rc == CMC_OK; i++)
        rc = settle(j,
                    check_extension(j->p, CMC_AT(const struct cmc_extension, *exts, i), j->x->key,
                                    j->arena, j->err),
                    j->err);
    if (rc == CMC_OK)
        rc = run(j, after, CMC_COUNT(after));
    return rc;
}

enum cmc_rc cmc_profile_check(const struct cmc_profile *p, const struct cmc_profile_case *x,
                              struct cmc_arena *arena, struct cmc_profile_due *out,
                              struct cmc_err *err)
{
    struct judging j = {.p = p, .x = x, .arena = arena, .err = err};
    enum cmc_rc rc = judge(&j);

    if (rc == CMC_OK && out != NULL)
        *out = j.due;
    return rc;
}

enum cmc_rc cmc_profile_check_all(const struct cmc_profile *p, const struct cmc_profile_case *x,
                                  const struct cmc_profile_listener *listener,
                                  struct cmc_arena *arena, struct cmc_profile_due *out,
                                  struct cmc_err *err)
{
    struct judging j = {.p = p, .x = x, .listener = listener, .arena = arena, .err = err};
    enum cmc_rc rc = judge(&j);

    if (rc == CMC_OK && j.first.rc != CMC_OK) {
        *err = j.first;
        rc = CMC_E_REFUSED;
    }
    if (rc == CMC_OK && out != NULL)
        *out = j.due;
    return rc;
}

/* -- what a profile fixes ---------------------------------------------------------------- */

enum cmc_rc cmc_profile_lint(const struct cmc_profile *p, const struct cmc_lint_issuer *issuer,
                             struct cmc_arena *arena, cmc_lint_report_fn report, void *arg,
                             struct cmc_err *err)
{
    static const uint8_t nothing[] = {0x30, 0};
    const struct cmc_request rq = {.subject = {nothing, sizeof nothing},
                                   .spki = {nothing, sizeof nothing}};
    const struct cmc_cert_params params = {.issuer = {nothing, sizeof nothing},
                                           .issuer_ski =
                                               issuer != NULL ? issuer->ski : CMC_SLICE_NONE};
    struct cmc_tbs_cert t;
    enum cmc_rc rc = cmc_profile_fill(p, NULL, &rq, &params, arena, &t, err);

    /* The keyUsage as it is written; what a kind of key leaves of it, a request shows. */
    if (rc == CMC_OK && p->usage_index != SIZE_MAX)
        CMC_AT(struct cmc_extension, t.extensions, p->usage_index)->value =
            CMC_AT(const struct cmc_extension, p->fixed, p->usage_index)->value;
    if (rc == CMC_OK)
        rc = cmc_lint(&t, issuer, CMC_LINT_PROFILE, arena, report, arg, err);
    if (rc != CMC_E_REFUSED)
        return rc;
    cmc_err_prefix(err, "profile %s", p->name);
    return CMC_E_USAGE;
}
