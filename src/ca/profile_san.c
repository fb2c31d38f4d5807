/* SPDX-License-Identifier: Apache-2.0 */
/* The subjectAltName as a profile wants it. */
#include <stdio.h>
#include <strings.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "ca/name_form.h"
#include "ca/profile_int.h"

#define CLAUSE "RFC 5280 section 4.2.1.6"

/* -- compiling --------------------------------------------------------------------------- */

static const struct {
    const char *word;
    int which;
} kinds[] = {
    {"DNS", CMC_GN_DNS},         {"email", CMC_GN_EMAIL},       {"IP", CMC_GN_IP},
    {"URI", CMC_GN_URI},         {"dirName", CMC_GN_DIRECTORY}, {"RID", CMC_GN_RID},
    {"otherName", CMC_GN_OTHER},
};

static enum cmc_rc compile_kinds(struct cmc_profile *p, const struct cmc_profile_san *spec,
                                 struct cmc_err *err)
{
    for (unsigned int i = 0; i < spec->kind_count; i++) {
        size_t k = 0;

        while (k < CMC_COUNT(kinds) && strcasecmp(kinds[k].word, spec->kinds[i]) != 0)
            k++;
        if (k == CMC_COUNT(kinds))
            return cmc_fail(err, CMC_E_USAGE, CLAUSE,
                            "profile %s: \"%s\" is no kind of name; use DNS, email, IP, URI, "
                            "dirName, RID or otherName",
                            p->name, spec->kinds[i]);
        p->san->kinds |= 1u << kinds[k].which;
    }
    return CMC_OK;
}

static enum cmc_rc compile_subtrees(struct cmc_profile *p, char *const *texts, unsigned int n,
                                    struct cmc_list *out, struct cmc_err *err)
{
    struct cmc_subtree *list = cmc_arena_array(p->arena, n, sizeof *list);

    if (list == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    *out = (struct cmc_list){list, n};
    for (unsigned int i = 0; i < n; i++) {
        enum cmc_rc rc = cmc_subtree_parse(texts[i], p->arena, &list[i].base, err);

        if (rc != CMC_OK) {
            cmc_err_prefix(err, "profile %s", p->name);
            return rc;
        }
    }
    return CMC_OK;
}

static enum cmc_rc compile_patterns(struct cmc_profile *p, const struct cmc_profile_san *spec,
                                    struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    p->san->patterns = cmc_arena_array(p->arena, spec->pattern_count, sizeof *p->san->patterns);
    if (p->san->patterns == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    for (unsigned int i = 0; i < spec->pattern_count && rc == CMC_OK; i++) {
        struct san_pattern *to = &p->san->patterns[i];
        const char *text = spec->patterns[i], *colon = strchr(text, ':');

        to->which = -1;
        for (size_t k = 0; k < 4 && colon != NULL; k++) {
            if (strlen(kinds[k].word) == (size_t)(colon - text) &&
                strncasecmp(kinds[k].word, text, (size_t)(colon - text)) == 0 &&
                kinds[k].which != CMC_GN_IP)
                to->which = kinds[k].which;
        }
        if (to->which < 0)
            return cmc_fail(
                err, CMC_E_USAGE, CLAUSE,
                "profile %s: pattern \"%s\" should begin with DNS:, email: or URI:", p->name, text);
        rc = cmc_pattern_add(p, colon + 1, &to->pattern, err);
        p->san->npatterns++;
    }
    return rc;
}

enum cmc_rc cmc_profile_compile_san(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                    struct cmc_err *err)
{
    const struct cmc_profile_san *s = spec->san;
    struct cmc_extension ext;
    enum cmc_rc rc;

    if (s == NULL)
        return CMC_OK;
    p->san = cmc_arena_alloc(p->arena, sizeof *p->san);
    if (p->san == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    p->san->max = s->max;
    p->san->wildcards = s->wildcards;
    p->san->from_cn = s->from_cn;
    rc = compile_kinds(p, s, err);
    if (rc == CMC_OK)
        rc = compile_subtrees(p, s->permitted, s->permitted_count, &p->san->permitted, err);
    if (rc == CMC_OK)
        rc = compile_subtrees(p, s->excluded, s->excluded_count, &p->san->excluded, err);
    if (rc == CMC_OK)
        rc = compile_patterns(p, s, err);
    if (rc != CMC_OK || s->fixed == NULL)
        return rc;
    rc = cmc_san_parse(s->fixed, p->arena, &ext, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_general_names, ext.value, p->arena, &p->san->fixed, err);
    if (rc != CMC_OK)
        cmc_err_prefix(err, "profile %s", p->name);
    return rc;
}

/* -- one name that is asked for ---------------------------------------------------------- */

static enum cmc_rc refuse(const struct cmc_profile *p, const struct cmc_general_name *gn,
                          const char *why, const char *rule, struct cmc_err *err)
{
    char text[128];

    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "profile %s: %s %s (rule san %s)", p->name,
                         cmc_general_name_text(gn, text, sizeof text), why, rule);
}

static bool matches(const struct san_rules *r, const struct cmc_general_name *gn)
{
    bool limited = false;

    for (size_t i = 0; i < r->npatterns; i++) {
        if (r->patterns[i].which != gn->which)
            continue;
        if (cmc_pattern_matches(r->patterns[i].pattern, gn->v))
            return true;
        limited = true;
    }
    return !limited;
}

static enum cmc_rc check_name(const struct cmc_profile *p, const struct cmc_general_name *gn,
                              struct cmc_err *err)
{
    const struct san_rules *r = p->san;

    if (r->kinds != 0 && (r->kinds & 1u << gn->which) == 0)
        return refuse(p, gn, "is of a kind that may not be asked for", "kinds", err);
    if (gn->which == CMC_GN_DNS && cmc_is_wildcard(gn->v) && !r->wildcards)
        return refuse(p, gn, "is a wildcard", "wildcards", err);
    if (!cmc_subtrees_allow(&r->permitted, &r->excluded, gn))
        return refuse(p, gn, "lies outside of what is permitted", "permitted and excluded", err);
    if (!matches(r, gn))
        return refuse(p, gn, "does not match a pattern", "patterns", err);
    return CMC_OK;
}

/* -- making it --------------------------------------------------------------------------- */

static bool has(const struct cmc_list *list, const struct cmc_general_name *gn)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct cmc_general_name *x = CMC_AT(const struct cmc_general_name, *list, i);

        if (x->which == gn->which && x->v.n == gn->v.n &&
            (gn->which == CMC_GN_DNS
                 ? strncasecmp((const char *)x->v.p, (const char *)gn->v.p, gn->v.n) == 0
                 : cmc_slice_eq(x->v, gn->v)))
            return true;
    }
    return false;
}

static enum cmc_rc add(struct cmc_list *list, const struct cmc_general_name *gn,
                       struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_general_name *to;

    if (has(list, gn))
        return CMC_OK;
    to = cmc_list_add(arena, &cmc_it_general_names, list, 1);
    if (to == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a subjectAltName");
    *to = *gn;
    return CMC_OK;
}

/* The last commonName of a subject as a name of the other kind; false: it is none. */
static bool common_name(struct cmc_slice subject, struct cmc_arena *arena,
                        struct cmc_general_name *out)
{
    struct cmc_list rdns = {0};
    struct cmc_slice cn = CMC_SLICE_NONE;
    struct cmc_tlv tlv;

    if (cmc_decode(&cmc_it_name_rdns, subject, arena, &rdns, NULL) != CMC_OK)
        return false;
    for (size_t i = 0; i < rdns.n; i++) {
        const struct cmc_list *rdn = CMC_AT(const struct cmc_list, rdns, i);

        for (size_t k = 0; k < rdn->n; k++) {
            const struct cmc_atv *a = CMC_AT(const struct cmc_atv, *rdn, k);

            if (cmc_slice_eq(a->type, cmc_oid_id_at_commonName))
                cn = a->value;
        }
    }
    if (cn.p == NULL || cmc_tlv_next(&cn, &tlv, NULL) != CMC_OK)
        return false;
    out->v = tlv.content;
    out->which = cmc_mailbox_ok(tlv.content) ? CMC_GN_EMAIL : CMC_GN_DNS;
    return out->which == CMC_GN_EMAIL || cmc_dns_name_ok(tlv.content, true);
}

/* The list as the extension of the request, which is its own from now on. */
static enum cmc_rc put(struct cmc_request *rq, const struct cmc_list *names,
                       struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_list copy = {0};
    struct cmc_extension *e = cmc_list_add(arena, &cmc_it_extensions, &copy, rq->extensions.n + 1);
    size_t at = 0;

    if (e == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a subjectAltName");
    for (size_t i = 0; i < rq->extensions.n; i++)
        e[i] = *CMC_AT(const struct cmc_extension, rq->extensions, i);
    while (at < rq->extensions.n && !cmc_slice_eq(e[at].extn_id, cmc_oid_id_ce_subjectAltName))
        at++;
    copy.n = rq->extensions.n + (at == rq->extensions.n);
    e[at].extn_id = cmc_oid_id_ce_subjectAltName;
    rq->extensions = copy;
    return cmc_encode_arena(&cmc_it_general_names, names, arena, &e[at].value, err);
}

enum cmc_rc cmc_profile_san(const struct cmc_profile *p, struct cmc_request *rq,
                            struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_extension *asked =
        cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectAltName);
    struct cmc_general_name cn;
    struct cmc_list names = {0};
    size_t given;
    enum cmc_rc rc = CMC_OK;

    if (asked != NULL &&
        cmc_decode(&cmc_it_general_names, asked->value, arena, &names, NULL) != CMC_OK)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "profile %s: the subjectAltName is malformed", p->name);
    given = names.n;
    if (p->san->from_cn && common_name(rq->subject, arena, &cn))
        rc = add(&names, &cn, arena, err);
    for (size_t i = 0; i < names.n && rc == CMC_OK; i++) {
        const struct cmc_general_name *gn = CMC_AT(const struct cmc_general_name, names, i);

        /* Who has it already, as in a renewal, may ask for it. */
        if (!has(&p->san->fixed, gn))
            rc = check_name(p, gn, err);
    }
    for (size_t i = 0; i < p->san->fixed.n && rc == CMC_OK; i++)
        rc = add(&names, CMC_AT(const struct cmc_general_name, p->san->fixed, i), arena, err);
    if (rc == CMC_OK && p->san->max > 0 && names.n > p->san->max)
        rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                           "profile %s: the subjectAltName has %zu names, %zu are allowed (rule "
                           "san max)",
                           p->name, names.n, p->san->max);
    return rc == CMC_OK && names.n > given ? put(rq, &names, arena, err) : rc;
}
