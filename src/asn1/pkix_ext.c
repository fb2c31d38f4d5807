/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extensions of RFC 5280 section 4.2.1 that we only check and pass on, as tables: what goes
 * into a certificate must be what its type says.
 */
#include "asn1/pkix.h"

/* PrivateKeyUsagePeriod ::= SEQUENCE {
 *     notBefore [0] GeneralizedTime OPTIONAL, notAfter [1] GeneralizedTime OPTIONAL } */
struct usage_period {
    struct cmc_slice not_before, not_after;
};
static const struct cmc_field f_usage_period[] = {
    CMC_FIELD_X(usage_period, not_before, "notBefore", cmc_it_gentime, 0, CMC_F_OPTIONAL),
    CMC_FIELD_X(usage_period, not_after, "notAfter", cmc_it_gentime, 1, CMC_F_OPTIONAL),
};
CMC_SEQUENCE(usage_period, "PrivateKeyUsagePeriod", cmc_it_usage_period, f_usage_period);

/*
 * CertificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation
 * PolicyInformation ::= SEQUENCE {
 *     policyIdentifier OBJECT IDENTIFIER,
 *     policyQualifiers SEQUENCE SIZE (1..MAX) OF PolicyQualifierInfo OPTIONAL }
 * PolicyQualifierInfo ::= SEQUENCE { policyQualifierId OBJECT IDENTIFIER, qualifier ANY }
 */
struct qualifier {
    struct cmc_slice id, value;
};
static const struct cmc_field f_qualifier[] = {
    CMC_FIELD(qualifier, id, "policyQualifierId", cmc_it_oid),
    CMC_FIELD(qualifier, value, "qualifier", cmc_it_any),
};
static CMC_SEQUENCE(qualifier, "PolicyQualifierInfo", qualifier_info, f_qualifier);
static CMC_SEQUENCE_OF("policyQualifiers", qualifiers, qualifier_info, 1, 64);
struct policy {
    struct cmc_slice id;
    struct cmc_list qualifiers;
};
static const struct cmc_field f_policy[] = {
    CMC_FIELD(policy, id, "policyIdentifier", cmc_it_oid),
    CMC_FIELD_X(policy, qualifiers, "policyQualifiers", qualifiers, CMC_NO_TAG, CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(policy, "PolicyInformation", policy_information, f_policy);
CMC_SEQUENCE_OF("CertificatePolicies", cmc_it_policies, policy_information, 1, 64);

/* PolicyMappings ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { issuerDomainPolicy, subjectDomainPolicy }
 */
struct mapping {
    struct cmc_slice issuer, subject;
};
static const struct cmc_field f_mapping[] = {
    CMC_FIELD(mapping, issuer, "issuerDomainPolicy", cmc_it_oid),
    CMC_FIELD(mapping, subject, "subjectDomainPolicy", cmc_it_oid),
};
static CMC_SEQUENCE(mapping, "PolicyMapping", policy_mapping, f_mapping);
CMC_SEQUENCE_OF("PolicyMappings", cmc_it_policy_mappings, policy_mapping, 1, 64);

/* SubjectDirectoryAttributes ::= SEQUENCE SIZE (1..MAX) OF Attribute */
CMC_SEQUENCE_OF("SubjectDirectoryAttributes", cmc_it_directory_attributes, cmc_it_attribute, 1, 64);

/*
 * NameConstraints ::= SEQUENCE {
 *     permittedSubtrees [0] GeneralSubtrees OPTIONAL,
 *     excludedSubtrees  [1] GeneralSubtrees OPTIONAL }
 * GeneralSubtree ::= SEQUENCE {
 *     base GeneralName, minimum [0] INTEGER DEFAULT 0, maximum [1] INTEGER OPTIONAL }
 */
struct subtree {
    struct cmc_general_name base;
    struct cmc_slice minimum, maximum;
};
static const struct cmc_field f_subtree[] = {
    CMC_FIELD(subtree, base, "base", cmc_it_general_name),
    CMC_FIELD_X(subtree, minimum, "minimum", cmc_it_integer, 0, CMC_F_OPTIONAL),
    CMC_FIELD_X(subtree, maximum, "maximum", cmc_it_integer, 1, CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(subtree, "GeneralSubtree", general_subtree, f_subtree);
static CMC_SEQUENCE_OF("GeneralSubtrees", general_subtrees, general_subtree, 1, 256);
struct name_constraints {
    struct cmc_list permitted, excluded;
};
static const struct cmc_field f_name_constraints[] = {
    CMC_FIELD_X(name_constraints, permitted, "permittedSubtrees", general_subtrees, 0,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(name_constraints, excluded, "excludedSubtrees", general_subtrees, 1,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(name_constraints, "NameConstraints", cmc_it_name_constraints, f_name_constraints);

/* PolicyConstraints ::= SEQUENCE {
 *     requireExplicitPolicy [0] INTEGER OPTIONAL, inhibitPolicyMapping [1] INTEGER OPTIONAL } */
struct policy_constraints {
    struct cmc_slice require_explicit, inhibit_mapping;
};
static const struct cmc_field f_policy_constraints[] = {
    CMC_FIELD_X(policy_constraints, require_explicit, "requireExplicitPolicy", cmc_it_integer, 0,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(policy_constraints, inhibit_mapping, "inhibitPolicyMapping", cmc_it_integer, 1,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(policy_constraints, "PolicyConstraints", cmc_it_policy_constraints,
             f_policy_constraints);
