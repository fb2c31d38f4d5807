/* SPDX-License-Identifier: Apache-2.0 */
/* The rules as a table, and the walk along it. */
#include "ca/lint.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/lint_int.h"
#include "ca/profile_int.h"
#include "message/status.h"

#define P CMC_LINT_PROFILE
#define R CMC_LINT_REQUEST
#define F CMC_LINT_FINAL

#define E(id, clause, fail, parts, fn, text)                                                       \
    {                                                                                              \
        {id, clause, text, CMC_LINT_ERROR, CMC_FAIL_##fail, parts}, fn                             \
    }
#define W(id, clause, parts, fn, text)                                                             \
    {                                                                                              \
        {id, clause, text, CMC_LINT_WARNING, CMC_FAIL_INFO_NONE, parts}, fn                        \
    }
#define S "RFC 5280 section "

/* In the order of what is told first. */
static const struct {
    struct cmc_lint_rule rule;
    lint_fn broken;
} rows[] = {
    /* the certificate as such */
    E("version", S "4.1.2.1", INTERNAL_CA_ERROR, F, lint_version,
      "a certificate with extensions is not of version 3"),
    E("serial-positive", S "4.1.2.2", INTERNAL_CA_ERROR, F, lint_serial_positive,
      "the serial number is not positive"),
    E("serial-length", S "4.1.2.2", INTERNAL_CA_ERROR, F, lint_serial_long,
      "the serial number is longer than 20 octets"),
    E("signature-algorithm", S "4.1.2.3", INTERNAL_CA_ERROR, F, lint_algorithm,
      "the algorithm named is not the one that signs, or has other parameters"),
    E("unique-identifier", S "4.1.2.8", INTERNAL_CA_ERROR, F, lint_unique_ids,
      "unique identifiers are not to be made"),
    E("issuer-empty", S "4.1.2.4", INTERNAL_CA_ERROR, F, lint_issuer_empty,
      "the issuer has no name"),
    E("validity-form", S "4.1.2.5", INTERNAL_CA_ERROR, R, lint_time_form,
      "a time is not UTCTime through 2049 and GeneralizedTime from 2050, both to the second and "
      "with Z"),
    E("validity-order", S "4.1.2.5", BAD_REQUEST, R, lint_time_order,
      "the validity ends before it begins"),
    W("validity-beyond", S "6.1.3", R, lint_time_beyond,
      "the certificate outlives its issuer's, and is worth nothing then"),
    W("validity-before", S "6.1.3", R, lint_time_before,
      "the certificate begins before its issuer's, and is worth nothing until then"),
    /* names */
    E("name-syntax", S "4.1.2.4", BAD_REQUEST, R, lint_name_syntax,
      "the subject is no well-formed Name"),
    E("name-empty-value", S "appendix A.1", BAD_REQUEST, R, lint_name_empty,
      "an attribute of the subject has no value"),
    E("name-string-type", S "appendix A.1", BAD_REQUEST, R, lint_name_type,
      "an attribute of the subject is of another string type than it has to be"),
    E("name-charset", S "appendix A.1", BAD_REQUEST, R, lint_name_charset,
      "an attribute of the subject holds what its string type does not have"),
    E("name-bounds", S "appendix A.1", BAD_REQUEST, R, lint_name_bounds,
      "an attribute of the subject is too long"),
    E("name-country", S "appendix A.1", BAD_REQUEST, R, lint_name_country,
      "countryName is not two letters"),
    E("name-twice", "X.501 section 9.3", BAD_REQUEST, R, lint_name_twins,
      "an attribute stands twice in one RDN of the subject"),
    W("name-old-string", S "4.1.2.4", R, lint_name_old_type,
      "an attribute of the subject is neither UTF8String nor PrintableString"),
    E("subject-empty", S "4.1.2.6", BAD_REQUEST, R, lint_subject_nobody,
      "the subject is empty, and there is no subjectAltName"),
    E("san-critical", S "4.2.1.6", BAD_REQUEST, R, lint_san_critical,
      "the subject is empty, and the subjectAltName not critical"),
    W("san-not-critical", S "4.2.1.6", R, lint_san_needless,
      "subjectAltName is critical beside a subject"),
    E("san-syntax", S "4.2.1.6", BAD_REQUEST, R, lint_san_syntax,
      "subjectAltName is malformed or empty"),
    E("san-dns", S "4.2.1.6", BAD_REQUEST, R, lint_san_dns, "no host name"),
    E("san-email", S "4.2.1.6", BAD_REQUEST, R, lint_san_email, "no mail address"),
    E("san-uri", S "4.2.1.6", BAD_REQUEST, R, lint_san_uri, "no absolute URI with a host"),
    E("san-ip", S "4.2.1.6", BAD_REQUEST, R, lint_san_ip, "an IP address of 4 or 16 octets is due"),
    E("san-directory", S "4.2.1.6", BAD_REQUEST, R, lint_san_directory,
      "a directoryName is empty or malformed"),
    E("issuer-constraints", S "4.2.1.10", BAD_REQUEST, R, lint_subtrees,
      "a name that the nameConstraints of the CA do not allow"),
    /* the key */
    E("key-syntax", S "4.1.2.7", BAD_REQUEST, R, lint_key_syntax,
      "the SubjectPublicKeyInfo is malformed"),
    E("key-parameters", "RFC 3279 section 2.3, RFC 5480 section 2.1.1, RFC 8410 section 3", BAD_ALG,
      R, lint_key_parameters, "the algorithm of the key has parameters that it must not have"),
    E("key-bits", S "4.1.2.7", BAD_REQUEST, R, lint_key_bits,
      "the key does not end with a whole octet"),
    E("key-usage", "RFC 5480 section 3, RFC 8410 section 5", BAD_ALG, R, lint_key_usage,
      "keyUsage has a use that such a key does not have"),
    /* what it is for */
    E("usage-empty", S "4.2.1.3", UNSUPPORTED_EXT, P, lint_usage_empty, "keyUsage names no use"),
    W("usage-critical", S "4.2.1.3", P, lint_usage_critical, "keyUsage is not critical"),
    E("usage-needs-ca", S "4.2.1.9", UNSUPPORTED_EXT, P, lint_usage_needs_ca,
      "keyUsage has keyCertSign, but the certificate is no CA's"),
    W("usage-only", S "4.2.1.3", P, lint_usage_only,
      "encipherOnly and decipherOnly mean nothing without keyAgreement"),
    E("ca-usage", S "4.2.1.3", UNSUPPORTED_EXT, P, lint_ca_usage,
      "the certificate of a CA needs a keyUsage with keyCertSign"),
    E("ca-critical", S "4.2.1.9", UNSUPPORTED_EXT, P, lint_ca_critical,
      "basicConstraints of a CA is not critical"),
    E("ca-ski", S "4.2.1.2", INTERNAL_CA_ERROR, P, lint_ca_ski,
      "the certificate of a CA needs a subjectKeyIdentifier"),
    E("ca-path", S "4.2.1.9", UNSUPPORTED_EXT, P, lint_ca_path,
      "pathLenConstraint is only for a CA with keyCertSign"),
    E("ca-path-value", S "4.2.1.9", UNSUPPORTED_EXT, P, lint_ca_path_value,
      "pathLenConstraint is negative or beyond reason"),
    E("ca-below", S "4.2.1.9", UNSUPPORTED_EXT, P, lint_ca_below,
      "the pathLenConstraint of the issuer allows no CA below it"),
    W("ca-deeper", S "4.2.1.9", P, lint_ca_deeper,
      "more CAs below are allowed than the issuer's pathLenConstraint leaves"),
    E("eku-usage", S "4.2.1.12", UNSUPPORTED_EXT, P, lint_eku_none,
      "no purpose of the extKeyUsage goes with the keyUsage"),
    W("eku-usage-some", S "4.2.1.12", P, lint_eku_some,
      "a purpose of the extKeyUsage does not go with the keyUsage"),
    W("eku-any-critical", S "4.2.1.12", P, lint_eku_any_critical,
      "extKeyUsage with anyExtendedKeyUsage is critical"),
    E("eku-time-stamping", "RFC 3161 section 2.3", UNSUPPORTED_EXT, P, lint_eku_time_stamping,
      "timeStamping stands alone, and critical"),
    /* other extensions */
    E("extension-none", S "4.1", INTERNAL_CA_ERROR, P, lint_ext_none,
      "an empty list of extensions"),
    E("extension-twice", S "4.2", BAD_REQUEST, P | R, lint_ext_twice,
      "an extension is there twice"),
    E("extension-syntax", S "4.2", BAD_REQUEST, P, lint_ext_syntax, "an extension is malformed"),
    E("extension-critical", S "4.2.1", UNSUPPORTED_EXT, P, lint_ext_must_critical,
      "an extension must be critical"),
    E("extension-not-critical", S "4.2", UNSUPPORTED_EXT, P, lint_ext_not_critical,
      "an extension must not be critical"),
    W("extension-need-not", S "4.2.1", P, lint_ext_should_not_critical,
      "an extension should not be critical"),
    W("mappings-critical", S "4.2.1.5", P, lint_ext_mappings_critical,
      "policyMappings should be critical"),
    W("unknown-critical", S "4.2", P, lint_ext_unknown_critical,
      "a critical extension that RFC 5280 does not know: many will refuse the certificate"),
    E("aki-key-identifier", S "4.2.1.1", INTERNAL_CA_ERROR, P, lint_aki,
      "authorityKeyIdentifier lacks the keyIdentifier of the issuer"),
    W("aki-none", S "4.2.1.1", P, lint_aki_none,
      "the CA's certificate has no subjectKeyIdentifier, so there is no authorityKeyIdentifier"),
    E("constraints-ca", S "4.2.1.10", UNSUPPORTED_EXT, P, lint_constraints_ca,
      "nameConstraints, policyConstraints, inhibitAnyPolicy and policyMappings are for CAs"),
    E("constraints-empty", S "4.2.1.10", UNSUPPORTED_EXT, P, lint_constraints_empty,
      "nameConstraints constrains nothing"),
    E("constraints-range", S "4.2.1.10", UNSUPPORTED_EXT, P, lint_constraints_range,
      "a subtree of the nameConstraints has a minimum or a maximum"),
    E("constraints-ip", S "4.2.1.10", UNSUPPORTED_EXT, P, lint_constraints_ip,
      "an iPAddress of the nameConstraints is no address with its mask"),
    E("policy-constraints-empty", S "4.2.1.11", UNSUPPORTED_EXT, P, lint_policy_constraints,
      "policyConstraints constrains nothing"),
    E("policy-twice", S "4.2.1.4", UNSUPPORTED_EXT, P, lint_policy_twice,
      "a policy stands twice in certificatePolicies"),
    E("policy-any", S "4.2.1.4", UNSUPPORTED_EXT, P, lint_policy_any,
      "anyPolicy has a qualifier other than CPS and user notice"),
    W("policy-qualifier", S "4.2.1.4", P, lint_policy_qualifier,
      "a policy qualifier other than CPS and user notice"),
    E("policy-text", S "4.2.1.4", UNSUPPORTED_EXT, P, lint_policy_text,
      "a policy qualifier is malformed, or a user notice longer than 200 characters"),
    E("mapping-any", S "4.2.1.5", UNSUPPORTED_EXT, P, lint_mapping_any, "anyPolicy is mapped"),
    E("point-empty", S "4.2.1.13", UNSUPPORTED_EXT, P, lint_point_empty,
      "a distribution point has neither a place nor a CRL issuer"),
    E("point-uri", S "4.2.1.13", UNSUPPORTED_EXT, P, lint_point_uri,
      "a distribution point has no absolute URI"),
    E("access-uri", S "4.2.2.1", UNSUPPORTED_EXT, P, lint_access_uri,
      "an access location is no absolute URI"),
    E("usage-period", "RFC 3280 section 4.2.1.4", UNSUPPORTED_EXT, P | R, lint_usage_period,
      "privateKeyUsagePeriod has no time, or ends before it begins"),
};

const struct cmc_lint_rule *cmc_lint_rule_at(size_t i)
{
    return i < CMC_COUNT(rows) ? &rows[i].rule : NULL;
}

/* -- taking apart ------------------------------------------------------------------------ */

bool lint_read(struct lint *l, struct cmc_slice oid, const struct cmc_item *it, void *out)
{
    const struct cmc_extension *e = lint_ext(l, oid);

    return e != NULL && cmc_decode(it, e->value, l->arena, out, NULL) == CMC_OK;
}

static void take_apart(struct lint *l, unsigned int parts)
{
    const struct cmc_tbs_cert *t = l->tbs;
    const struct cmc_extension *usage;

    l->san_ext = lint_ext(l, cmc_oid_id_ce_subjectAltName);
    usage = lint_ext(l, cmc_oid_id_ce_keyUsage);
    l->has_usage = usage != NULL && cmc_usage_read(usage->value, l->arena, &l->usage);
    if ((parts & R) != 0) {
        l->has_rdns = cmc_decode(&cmc_it_name_rdns, t->subject, l->arena, &l->rdns, NULL) == CMC_OK;
        l->has_spki = cmc_decode(&cmc_it_spki, t->spki.raw, l->arena, &l->spki, NULL) == CMC_OK;
        l->has_san = lint_read(l, cmc_oid_id_ce_subjectAltName, &cmc_it_general_names, &l->san);
    }
    if ((parts & P) != 0) {
        l->has_bc = lint_read(l, cmc_oid_id_ce_basicConstraints, &cmc_it_basic_constraints, &l->bc);
        l->has_eku = lint_read(l, cmc_oid_id_ce_extKeyUsage, &cmc_it_eku, &l->eku);
    }
}

/* -- the walk ---------------------------------------------------------------------------- */

enum cmc_rc cmc_lint(const struct cmc_tbs_cert *tbs, const struct cmc_lint_issuer *issuer,
                     unsigned int parts, struct cmc_arena *arena, cmc_lint_report_fn report,
                     void *arg, struct cmc_err *err)
{
    static const struct cmc_lint_issuer nobody = {.not_after = INT64_MAX, .not_before = INT64_MIN};
    struct lint l = {.tbs = tbs, .issuer = issuer != NULL ? issuer : &nobody, .arena = arena};
    enum cmc_rc rc = CMC_OK;

    take_apart(&l, parts);
    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        const struct cmc_lint_rule *r = &rows[i].rule;

        if ((r->parts & parts) == 0 || (report == NULL && r->level != CMC_LINT_ERROR))
            continue;
        l.detail[0] = '\0';
        if (!rows[i].broken(&l))
            continue;
        if (r->level == CMC_LINT_ERROR && rc == CMC_OK)
            rc = cmc_fail_info(err, CMC_E_REFUSED, r->fail_info, r->clause, "%s%s%s (rule %s)",
                               l.detail, l.detail[0] != '\0' ? ": " : "", r->text, r->id);
        if (report == NULL)
            return rc;
        report(arg, r, l.detail[0] != '\0' ? l.detail : NULL);
    }
    return rc;
}

/* -- the issuer -------------------------------------------------------------------------- */

static bool read_time(struct cmc_slice tlv, int64_t *t)
{
    return tlv.n > 2 && cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), t);
}

static enum cmc_rc unreadable(const char *what, struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2", "CA certificate: %s cannot be read",
                    what);
}

/* A self-issued root's constraints are no business of path validation, but of its own will. */
static enum cmc_rc read_constraints(const struct cmc_cert *cert, struct cmc_arena *arena,
                                    struct cmc_name_constraints *out, size_t *n,
                                    struct cmc_err *err)
{
    const struct cmc_extension *e =
        cmc_extension_find(&cert->tbs.extensions, cmc_oid_id_ce_nameConstraints);

    if (e == NULL)
        return CMC_OK;
    if (cmc_decode(&cmc_it_name_constraints, e->value, arena, &out[*n], NULL) != CMC_OK)
        return unreadable("nameConstraints", err);
    (*n)++;
    return CMC_OK;
}

enum cmc_rc cmc_lint_issuer_read(const struct cmc_slice *chain, size_t n, struct cmc_arena *arena,
                                 struct cmc_lint_issuer *out, struct cmc_err *err)
{
    struct cmc_name_constraints *constraints = cmc_arena_array(arena, n, sizeof *constraints);
    struct cmc_basic_constraints bc = {0};
    const struct cmc_extension *e;
    enum cmc_rc rc = CMC_OK;

    *out = (struct cmc_lint_issuer){.constraints = constraints};
    if (constraints == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the issuer");
    for (size_t i = 0; i < n && rc == CMC_OK; i++) {
        struct cmc_cert cert = {0};

        if (cmc_decode(&cmc_it_cert, chain[i], arena, &cert, NULL) != CMC_OK)
            return unreadable("a certificate of the chain", err);
        rc = read_constraints(&cert, arena, constraints, &out->nconstraints, err);
        if (rc != CMC_OK || i > 0)
            continue;
        if (!read_time(cert.tbs.validity.not_before, &out->not_before) ||
            !read_time(cert.tbs.validity.not_after, &out->not_after))
            return unreadable("validity", err);
        e = cmc_extension_find(&cert.tbs.extensions, cmc_oid_id_ce_basicConstraints);
        if (e != NULL &&
            cmc_decode(&cmc_it_basic_constraints, e->value, arena, &bc, NULL) != CMC_OK)
            return unreadable("basicConstraints", err);
        out->has_path_len = bc.path_len.p != NULL;
        if (out->has_path_len && !cmc_int_get_u64(bc.path_len, &out->path_len))
            return unreadable("pathLenConstraint", err);
        e = cmc_extension_find(&cert.tbs.extensions, cmc_oid_id_ce_subjectKeyIdentifier);
        if (e != NULL &&
            cmc_decode(&cmc_it_octet_string, e->value, arena, &out->ski, NULL) != CMC_OK)
            return unreadable("subjectKeyIdentifier", err);
    }
    return rc;
}
