/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extensions of RFC 5280 section 4.2.1 that we only check and pass on, as tables: what goes
 * into a certificate must be what its type says.
 */
#include "asn1/pkix.h"

/* PrivateKeyUsagePeriod ::= SEQUENCE {
 *     notBefore [0] GeneralizedTime OPTIONAL, notAfter [1] GeneralizedTime OPTIONAL } */
static const struct cmc_field f_usage_period[] = {
    CMC_FIELD_X(cmc_usage_period, not_before, "notBefore", cmc_it_gentime, 0, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_usage_period, not_after, "notAfter", cmc_it_gentime, 1, CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_usage_period, "PrivateKeyUsagePeriod", cmc_it_usage_period, f_usage_period);

/*
 * CertificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation
 * PolicyInformation ::= SEQUENCE {
 *     policyIdentifier OBJECT IDENTIFIER,
 *     policyQualifiers SEQUENCE SIZE (1..MAX) OF PolicyQualifierInfo OPTIONAL }
 * PolicyQualifierInfo ::= SEQUENCE { policyQualifierId OBJECT IDENTIFIER, qualifier ANY }
 */
static const struct cmc_field f_qualifier[] = {
    CMC_FIELD(cmc_policy_qualifier, id, "policyQualifierId", cmc_it_oid),
    CMC_FIELD(cmc_policy_qualifier, value, "qualifier", cmc_it_any),
};
static CMC_SEQUENCE(cmc_policy_qualifier, "PolicyQualifierInfo", qualifier_info, f_qualifier);

static CMC_SEQUENCE_OF("policyQualifiers", qualifiers, qualifier_info, 1, 64);
static const struct cmc_field f_policy[] = {
    CMC_FIELD(cmc_policy, id, "policyIdentifier", cmc_it_oid),
    CMC_FIELD_X(cmc_policy, qualifiers, "policyQualifiers", qualifiers, CMC_NO_TAG, CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_policy, "PolicyInformation", policy_information, f_policy);
CMC_SEQUENCE_OF("CertificatePolicies", cmc_it_policies, policy_information, 1, 64);

/*
 * UserNotice ::= SEQUENCE { noticeRef NoticeReference OPTIONAL, explicitText DisplayText OPTIONAL }
 * DisplayText ::= CHOICE { ia5String (SIZE (1..200)), visibleString, bmpString, utf8String }
 */
static const struct cmc_item notice_reference = {.name = "NoticeReference",
                                                 .kind = CMC_K_ANY,
                                                 .universal = CMC_T_SEQUENCE,
                                                 .size = sizeof(struct cmc_slice),
                                                 .raw = CMC_NO_RAW};
static const struct cmc_field f_user_notice[] = {
    CMC_FIELD_X(cmc_user_notice, reference, "noticeRef", notice_reference, CMC_NO_TAG,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_user_notice, text, "explicitText", cmc_it_any, CMC_NO_TAG, CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_user_notice, "UserNotice", cmc_it_user_notice, f_user_notice);

/* PolicyMappings ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { issuerDomainPolicy, subjectDomainPolicy }
 */
static const struct cmc_field f_mapping[] = {
    CMC_FIELD(cmc_policy_mapping, issuer, "issuerDomainPolicy", cmc_it_oid),
    CMC_FIELD(cmc_policy_mapping, subject, "subjectDomainPolicy", cmc_it_oid),
};
static CMC_SEQUENCE(cmc_policy_mapping, "PolicyMapping", policy_mapping, f_mapping);
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
static const struct cmc_field f_subtree[] = {
    CMC_FIELD(cmc_subtree, base, "base", cmc_it_general_name),
    CMC_FIELD_X(cmc_subtree, minimum, "minimum", cmc_it_integer, 0, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_subtree, maximum, "maximum", cmc_it_integer, 1, CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_subtree, "GeneralSubtree", general_subtree, f_subtree);
static CMC_SEQUENCE_OF("GeneralSubtrees", general_subtrees, general_subtree, 1, 256);
static const struct cmc_field f_name_constraints[] = {
    CMC_FIELD_X(cmc_name_constraints, permitted, "permittedSubtrees", general_subtrees, 0,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_name_constraints, excluded, "excludedSubtrees", general_subtrees, 1,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_name_constraints, "NameConstraints", cmc_it_name_constraints, f_name_constraints);

/* PolicyConstraints ::= SEQUENCE {
 *     requireExplicitPolicy [0] INTEGER OPTIONAL, inhibitPolicyMapping [1] INTEGER OPTIONAL } */
static const struct cmc_field f_policy_constraints[] = {
    CMC_FIELD_X(cmc_policy_constraints, require_explicit, "requireExplicitPolicy", cmc_it_integer,
                0, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_policy_constraints, inhibit_mapping, "inhibitPolicyMapping", cmc_it_integer, 1,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_policy_constraints, "PolicyConstraints", cmc_it_policy_constraints,
             f_policy_constraints);
