/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about the subject and the subjectAltName. */
#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "ca/lint_int.h"
#include "ca/name_form.h"

/* Which strings an attribute may be. */
enum strings { ANY_TEXT, PRINTABLE, IA5 };

/* RFC 5280 appendix A.1: upper bounds in characters, and types of strings. */
static const struct {
    const struct cmc_slice *oid;
    size_t max;
    enum strings strings;
} attributes[] = {
    {&cmc_oid_id_at_commonName, 64, ANY_TEXT},
    {&cmc_oid_id_at_surname, 32768, ANY_TEXT},
    {&cmc_oid_id_at_givenName, 32768, ANY_TEXT},
    {&cmc_oid_id_at_name, 32768, ANY_TEXT},
    {&cmc_oid_id_at_initials, 32768, ANY_TEXT},
    {&cmc_oid_id_at_generationQualifier, 32768, ANY_TEXT},
    {&cmc_oid_id_at_localityName, 128, ANY_TEXT},
    {&cmc_oid_id_at_stateOrProvinceName, 128, ANY_TEXT},
    {&cmc_oid_id_at_organizationName, 64, ANY_TEXT},
    {&cmc_oid_id_at_organizationalUnitName, 64, ANY_TEXT},
    {&cmc_oid_id_at_title, 64, ANY_TEXT},
    {&cmc_oid_id_at_pseudonym, 128, ANY_TEXT},
    {&cmc_oid_id_at_dnQualifier, SIZE_MAX, PRINTABLE},
    {&cmc_oid_id_at_countryName, 2, PRINTABLE},
    {&cmc_oid_id_at_serialNumber, 64, PRINTABLE},
    {&cmc_oid_id_domainComponent, SIZE_MAX, IA5},
    {&cmc_oid_id_emailAddress, 255, IA5},
};

/* An attribute of the subject with its value read. */
struct value {
    const struct cmc_atv *atv;
    struct cmc_tlv tlv;
    size_t row; /* of attributes; CMC_COUNT(attributes): another */
};

/* The attribute after *v, RDN by RDN; begin with rdn and i 0. */
struct walk {
    size_t rdn, i;
};

static bool next_value(const struct lint *l, struct walk *w, struct value *v)
{
    for (; l->has_rdns && w->rdn < l->rdns.n; w->rdn++, w->i = 0) {
        const struct cmc_list *rdn = CMC_AT(const struct cmc_list, l->rdns, w->rdn);
        struct cmc_slice in;

        if (w->i >= rdn->n)
            continue;
        v->atv = CMC_AT(const struct cmc_atv, *rdn, w->i++);
        in = v->atv->value;
        if (cmc_tlv_next(&in, &v->tlv, NULL) != CMC_OK)
            v->tlv = (struct cmc_tlv){0};
        for (v->row = 0; v->row < CMC_COUNT(attributes); v->row++) {
            if (cmc_slice_eq(*attributes[v->row].oid, v->atv->type))
                break;
        }
        return true;
    }
    return false;
}

/* Is this the one that breaks the rule? */
typedef bool (*value_fn)(const struct value *v);

static bool any_value(struct lint *l, value_fn broken)
{
    struct walk w = {0};
    struct value v;

    while (next_value(l, &w, &v)) {
        const char *name = cmc_oid_name(v.atv->type);

        if (!broken(&v))
            continue;
        (void)snprintf(l->detail, sizeof l->detail, "%s", name != NULL ? name : "subject");
        return true;
    }
    return false;
}

static bool is_universal(const struct value *v, uint32_t tag)
{
    return v->tlv.cls == CMC_CLASS_UNIVERSAL && !v->tlv.constructed && v->tlv.tag == tag;
}

static bool is_string(const struct value *v)
{
    static const uint32_t tags[] = {CMC_T_UTF8, CMC_T_PRINTABLE, CMC_T_IA5,     CMC_T_T61,
                                    CMC_T_BMP,  CMC_T_UNIVERSAL, CMC_T_NUMERIC, CMC_T_VISIBLE};

    for (size_t i = 0; i < CMC_COUNT(tags); i++) {
        if (is_universal(v, tags[i]))
            return true;
    }
    return false;
}

bool lint_name_syntax(struct lint *l)
{
    return !l->has_rdns;
}

static bool is_empty(const struct value *v)
{
    return v->tlv.content.n == 0;
}

bool lint_name_empty(struct lint *l)
{
    return any_value(l, is_empty);
}

/* Characters of a string; SIZE_MAX when it holds what is none. */
static size_t characters(const struct value *v)
{
    struct cmc_slice s = v->tlv.content;
    size_t n = 0;

    if (is_universal(v, CMC_T_BMP) || is_universal(v, CMC_T_UNIVERSAL)) {
        size_t each = v->tlv.tag == CMC_T_BMP ? 2 : 4;

        return s.n % each == 0 ? s.n / each : SIZE_MAX;
    }
    if (!is_universal(v, CMC_T_UTF8))
        return s.n;
    while (s.n > 0) {
        uint32_t cp;
        size_t k = cmc_utf8_next(s, &cp);

        if (k == 0 || cp == 0)
            return SIZE_MAX;
        s = cmc_slice(s.p + k, s.n - k);
        n++;
    }
    return n;
}

static bool is_long(const struct value *v)
{
    size_t n = characters(v);

    return v->row < CMC_COUNT(attributes) && n != SIZE_MAX && n > attributes[v->row].max;
}

bool lint_name_bounds(struct lint *l)
{
    return any_value(l, is_long);
}

static bool is_no_country(const struct value *v)
{
    struct cmc_slice s = v->tlv.content;

    if (!cmc_slice_eq(v->atv->type, cmc_oid_id_at_countryName))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if ((s.p[i] | 0x20u) < 'a' || (s.p[i] | 0x20u) > 'z')
            return true;
    }
    return s.n != 2;
}

bool lint_name_country(struct lint *l)
{
    return any_value(l, is_no_country);
}

static bool is_other_type(const struct value *v)
{
    if (v->row == CMC_COUNT(attributes))
        return false;
    switch (attributes[v->row].strings) {
    case PRINTABLE:
        return !is_universal(v, CMC_T_PRINTABLE);
    case IA5:
        return !is_universal(v, CMC_T_IA5);
    case ANY_TEXT:
    default:
        return !is_universal(v, CMC_T_UTF8) && !is_universal(v, CMC_T_PRINTABLE) &&
               !is_universal(v, CMC_T_T61) && !is_universal(v, CMC_T_BMP) &&
               !is_universal(v, CMC_T_UNIVERSAL);
    }
}

bool lint_name_type(struct lint *l)
{
    return any_value(l, is_other_type);
}

/* X.680 section 41.4 */
static bool is_printable(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr(" '()+,-./:=?", c) != NULL);
}

static bool is_foreign(const struct value *v)
{
    struct cmc_slice s = v->tlv.content;

    if (!is_string(v))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if ((v->tlv.tag == CMC_T_PRINTABLE && !is_printable(s.p[i])) ||
            (v->tlv.tag == CMC_T_NUMERIC && s.p[i] != ' ' && (s.p[i] < '0' || s.p[i] > '9')) ||
            ((v->tlv.tag == CMC_T_IA5 || v->tlv.tag == CMC_T_VISIBLE) &&
             (s.p[i] < ' ' || s.p[i] >= 0x7f)))
            return true;
    }
    return characters(v) == SIZE_MAX;
}

bool lint_name_charset(struct lint *l)
{
    return any_value(l, is_foreign);
}

static bool is_old(const struct value *v)
{
    return is_universal(v, CMC_T_T61) || is_universal(v, CMC_T_BMP) ||
           is_universal(v, CMC_T_UNIVERSAL);
}

bool lint_name_old_type(struct lint *l)
{
    return any_value(l, is_old);
}

bool lint_name_twins(struct lint *l)
{
    for (size_t i = 0; l->has_rdns && i < l->rdns.n; i++) {
        const struct cmc_list *rdn = CMC_AT(const struct cmc_list, l->rdns, i);

        for (size_t k = 1; k < rdn->n; k++) {
            for (size_t m = 0; m < k; m++) {
                if (cmc_slice_eq(CMC_AT(const struct cmc_atv, *rdn, k)->type,
                                 CMC_AT(const struct cmc_atv, *rdn, m)->type))
                    return true;
            }
        }
    }
    return false;
}

bool lint_issuer_empty(struct lint *l)
{
    return l->tbs->issuer.n <= 2;
}

/* -- subjectAltName ---------------------------------------------------------------------- */

bool lint_subject_nobody(struct lint *l)
{
    return l->tbs->subject.n <= 2 && l->san_ext == NULL;
}

bool lint_san_critical(struct lint *l)
{
    return l->tbs->subject.n <= 2 && l->san_ext != NULL && !l->san_ext->critical;
}

bool lint_san_needless(struct lint *l)
{
    return l->tbs->subject.n > 2 && l->san_ext != NULL && l->san_ext->critical;
}

bool lint_san_syntax(struct lint *l)
{
    return l->san_ext != NULL && (!l->has_san || l->san.n == 0);
}

typedef bool (*alt_name_fn)(const struct cmc_general_name *gn);

static bool any_alt_name(struct lint *l, int which, alt_name_fn ok)
{
    for (size_t i = 0; l->has_san && i < l->san.n; i++) {
        const struct cmc_general_name *gn = CMC_AT(const struct cmc_general_name, l->san, i);

        if (gn->which == which && !ok(gn)) {
            (void)cmc_general_name_text(gn, l->detail, sizeof l->detail);
            return true;
        }
    }
    return false;
}

static bool dns_ok(const struct cmc_general_name *gn)
{
    return cmc_dns_name_ok(gn->v, true);
}

static bool email_ok(const struct cmc_general_name *gn)
{
    return cmc_mailbox_ok(gn->v);
}

static bool uri_ok(const struct cmc_general_name *gn)
{
    struct cmc_slice host;

    return cmc_uri_ok(gn->v, &host);
}

static bool ip_ok(const struct cmc_general_name *gn)
{
    return gn->v.n == 4 || gn->v.n == 16;
}

bool lint_san_dns(struct lint *l)
{
    return any_alt_name(l, CMC_GN_DNS, dns_ok);
}

bool lint_san_email(struct lint *l)
{
    return any_alt_name(l, CMC_GN_EMAIL, email_ok);
}

bool lint_san_uri(struct lint *l)
{
    return any_alt_name(l, CMC_GN_URI, uri_ok);
}

bool lint_san_ip(struct lint *l)
{
    return any_alt_name(l, CMC_GN_IP, ip_ok);
}

bool lint_san_directory(struct lint *l)
{
    for (size_t i = 0; l->has_san && i < l->san.n; i++) {
        const struct cmc_general_name *gn = CMC_AT(const struct cmc_general_name, l->san, i);
        struct cmc_list rdns = {0};

        if (gn->which == CMC_GN_DIRECTORY &&
            (cmc_decode(&cmc_it_name_rdns, gn->v, l->arena, &rdns, NULL) != CMC_OK || rdns.n == 0))
            return true;
    }
    return false;
}

/* -- the constraints of the CAs above ---------------------------------------------------- */

static bool allowed(struct lint *l, const struct cmc_general_name *gn)
{
    for (size_t i = 0; i < l->issuer->nconstraints; i++) {
        const struct cmc_name_constraints *nc = &l->issuer->constraints[i];

        if (!cmc_subtrees_allow(&nc->permitted, &nc->excluded, gn)) {
            (void)cmc_general_name_text(gn, l->detail, sizeof l->detail);
            return false;
        }
    }
    return true;
}

/* RFC 5280 section 4.2.1.10: an emailAddress in the subject is a mail address, too. */
static bool mail_allowed(struct lint *l)
{
    struct walk w = {0};
    struct value v;

    while (next_value(l, &w, &v)) {
        const struct cmc_general_name gn = {.which = CMC_GN_EMAIL, .v = v.tlv.content};

        if (cmc_slice_eq(v.atv->type, cmc_oid_id_emailAddress) && !allowed(l, &gn))
            return false;
    }
    return true;
}

bool lint_subtrees(struct lint *l)
{
    const struct cmc_general_name subject = {.which = CMC_GN_DIRECTORY, .v = l->tbs->subject};

    if (l->issuer->nconstraints == 0)
        return false;
    if ((l->tbs->subject.n > 2 && !allowed(l, &subject)) || !mail_allowed(l))
        return true;
    for (size_t i = 0; l->has_san && i < l->san.n; i++) {
        if (!allowed(l, CMC_AT(const struct cmc_general_name, l->san, i)))
            return true;
    }
    return false;
}
