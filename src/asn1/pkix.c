/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5280 appendix A and RFC 2986 as tables. */
#include "asn1/pkix.h"

#include "asn1/cmc.h"
#include "asn1/cms.h"
#include "asn1/oids.h"

/*
 * AlgorithmIdentifier ::= SEQUENCE {
 *     algorithm   OBJECT IDENTIFIER,
 *     parameters  ANY DEFINED BY algorithm OPTIONAL }
 */
static const struct cmc_field f_algid[] = {
    CMC_FIELD(cmc_algid, algorithm, "algorithm", cmc_it_oid),
    CMC_FIELD_X(cmc_algid, parameters, "parameters", cmc_it_any, CMC_NO_TAG, CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_algid, "AlgorithmIdentifier", cmc_it_algid, f_algid);

/* Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values SET OF AttributeValue } */
static const struct cmc_item *attribute_open(const void *parent)
{
    return cmc_attribute_type(((const struct cmc_attribute *)parent)->type);
}
static const struct cmc_field f_attribute[] = {
    CMC_FIELD(cmc_attribute, type, "type", cmc_it_oid),
    CMC_FIELD_OPEN(cmc_attribute, values, "values", cmc_it_set_any, CMC_NO_TAG, CMC_F_OPEN_LIST,
                   attribute_open),
};
CMC_SEQUENCE(cmc_attribute, "Attribute", cmc_it_attribute, f_attribute);
CMC_SET_OF("Attributes", cmc_it_attributes, cmc_it_attribute, 0, CMC_LIMIT_ATTRIBUTES);

/*
 * Extension ::= SEQUENCE {
 *     extnID     OBJECT IDENTIFIER,
 *     critical   BOOLEAN DEFAULT FALSE,
 *     extnValue  OCTET STRING }
 */
static const struct cmc_item *extension_open(const void *parent)
{
    return cmc_extension_type(((const struct cmc_extension *)parent)->extn_id);
}
static const struct cmc_field f_extension[] = {
    CMC_FIELD(cmc_extension, extn_id, "extnID", cmc_it_oid),
    CMC_FIELD_X(cmc_extension, critical, "critical", cmc_it_boolean, CMC_NO_TAG,
                CMC_F_DEFAULT_FALSE),
    CMC_FIELD_OPEN(cmc_extension, value, "extnValue", cmc_it_octet_string, CMC_NO_TAG,
                   CMC_F_WRAPPED, extension_open),
};
CMC_SEQUENCE(cmc_extension, "Extension", cmc_it_extension, f_extension);
CMC_SEQUENCE_OF("Extensions", cmc_it_extensions, cmc_it_extension, 0, CMC_LIMIT_EXTENSIONS);
/* ExtensionReq ::= SEQUENCE SIZE (1..MAX) OF Extension, RFC 10002 section 3.1 [10002-A-u] */
CMC_SEQUENCE_OF("ExtensionReq", cmc_it_extension_req, cmc_it_extension, 1, CMC_LIMIT_EXTENSIONS);

/* SubjectPublicKeyInfo ::= SEQUENCE { algorithm, subjectPublicKey BIT STRING } */
static const struct cmc_field f_spki[] = {
    CMC_FIELD(cmc_spki, algorithm, "algorithm", cmc_it_algid),
    CMC_FIELD(cmc_spki, public_key, "subjectPublicKey", cmc_it_bit_string),
};
CMC_SEQUENCE_RAW(cmc_spki, "SubjectPublicKeyInfo", cmc_it_spki, f_spki);

/*
 * Name ::= CHOICE { rdnSequence SEQUENCE OF RelativeDistinguishedName }
 * Carried whole (cmc_it_name is an open type that must be a SEQUENCE); cmc_it_name_rdns
 * decodes it.
 */
static const struct cmc_field f_atv[] = {
    CMC_FIELD(cmc_atv, type, "type", cmc_it_oid),
    CMC_FIELD(cmc_atv, value, "value", cmc_it_any),
};
CMC_SEQUENCE(cmc_atv, "AttributeTypeAndValue", cmc_it_atv, f_atv);
static CMC_SET_OF("RelativeDistinguishedName", rdn, cmc_it_atv, 1, CMC_LIMIT_ATTRIBUTES);
CMC_SEQUENCE_OF("RDNSequence", cmc_it_name_rdns, rdn, 0, CMC_LIMIT_ATTRIBUTES);
const struct cmc_item cmc_it_name = {.name = "Name",
                                     .kind = CMC_K_ANY,
                                     .universal = CMC_T_SEQUENCE,
                                     .size = sizeof(struct cmc_slice),
                                     .raw = CMC_NO_RAW};

/* Time ::= CHOICE { utcTime UTCTime, generalTime GeneralizedTime } */
const struct cmc_item cmc_it_time_any = {.name = "Time",
                                         .kind = CMC_K_ANY,
                                         .universal = CMC_T_UTCTIME,
                                         .max = CMC_T_GENTIME,
                                         .size = sizeof(struct cmc_slice),
                                         .raw = CMC_NO_RAW};

const struct cmc_item cmc_it_serial_number = {.name = "CertificateSerialNumber",
                                              .kind = CMC_K_PRIM,
                                              .universal = CMC_T_INTEGER,
                                              .size = sizeof(struct cmc_slice),
                                              .raw = CMC_NO_RAW};

/*
 * Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue BIT STRING }
 * TBSCertificate ::= SEQUENCE {
 *     version         [0] EXPLICIT Version DEFAULT v1,
 *     serialNumber        CertificateSerialNumber,
 *     signature           AlgorithmIdentifier,
 *     issuer              Name,
 *     validity            Validity,
 *     subject             Name,
 *     subjectPublicKeyInfo SubjectPublicKeyInfo,
 *     issuerUniqueID  [1] IMPLICIT UniqueIdentifier OPTIONAL,
 *     subjectUniqueID [2] IMPLICIT UniqueIdentifier OPTIONAL,
 *     extensions      [3] EXPLICIT Extensions OPTIONAL }
 */
static const struct cmc_field f_validity[] = {
    CMC_FIELD(cmc_validity, not_before, "notBefore", cmc_it_time_any),
    CMC_FIELD(cmc_validity, not_after, "notAfter", cmc_it_time_any),
};
static CMC_SEQUENCE(cmc_validity, "Validity", validity, f_validity);
static const struct cmc_field f_tbs_cert[] = {
    CMC_FIELD_X(cmc_tbs_cert, version, "version", cmc_it_uint32, 0,
                CMC_F_EXPLICIT | CMC_F_DEFAULT_ZERO),
    CMC_FIELD(cmc_tbs_cert, serial, "serialNumber", cmc_it_serial_number),
    CMC_FIELD(cmc_tbs_cert, signature, "signature", cmc_it_algid),
    CMC_FIELD(cmc_tbs_cert, issuer, "issuer", cmc_it_name),
    CMC_FIELD(cmc_tbs_cert, validity, "validity", validity),
    CMC_FIELD(cmc_tbs_cert, subject, "subject", cmc_it_name),
    CMC_FIELD(cmc_tbs_cert, spki, "subjectPublicKeyInfo", cmc_it_spki),
    CMC_FIELD_X(cmc_tbs_cert, issuer_uid, "issuerUniqueID", cmc_it_bit_string, 1, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_tbs_cert, subject_uid, "subjectUniqueID", cmc_it_bit_string, 2, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_tbs_cert, extensions, "extensions", cmc_it_extensions, 3,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
CMC_SEQUENCE_RAW(cmc_tbs_cert, "TBSCertificate", cmc_it_tbs_cert, f_tbs_cert);
static const struct cmc_field f_cert[] = {
    CMC_FIELD(cmc_cert, tbs, "tbsCertificate", cmc_it_tbs_cert),
    CMC_FIELD(cmc_cert, signature_algorithm, "signatureAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_cert, signature, "signatureValue", cmc_it_bit_string),
};
CMC_SEQUENCE_RAW(cmc_cert, "Certificate", cmc_it_cert, f_cert);

/*
 * TBSCertList ::= SEQUENCE {
 *     version              Version OPTIONAL,
 *     signature            AlgorithmIdentifier,
 *     issuer               Name,
 *     thisUpdate           Time,
 *     nextUpdate           Time OPTIONAL,
 *     revokedCertificates  SEQUENCE OF SEQUENCE {
 *          userCertificate     CertificateSerialNumber,
 *          revocationDate      Time,
 *          crlEntryExtensions  Extensions OPTIONAL } OPTIONAL,
 *     crlExtensions   [0]  EXPLICIT Extensions OPTIONAL }
 */
static const struct cmc_field f_revoked[] = {
    CMC_FIELD(cmc_revoked, serial, "userCertificate", cmc_it_serial_number),
    CMC_FIELD(cmc_revoked, date, "revocationDate", cmc_it_time_any),
    CMC_FIELD_X(cmc_revoked, extensions, "crlEntryExtensions", cmc_it_extensions, CMC_NO_TAG,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_revoked, "revokedCertificate", cmc_it_revoked, f_revoked);
static CMC_SEQUENCE_OF("revokedCertificates", revoked_list, cmc_it_revoked, 0, 10000000);
static const struct cmc_field f_tbs_crl[] = {
    CMC_FIELD_X(cmc_tbs_crl, version, "version", cmc_it_uint32, CMC_NO_TAG, CMC_F_OPTIONAL),
    CMC_FIELD(cmc_tbs_crl, signature, "signature", cmc_it_algid),
    CMC_FIELD(cmc_tbs_crl, issuer, "issuer", cmc_it_name),
    CMC_FIELD(cmc_tbs_crl, this_update, "thisUpdate", cmc_it_time_any),
    CMC_FIELD_X(cmc_tbs_crl, next_update, "nextUpdate", cmc_it_time_any, CMC_NO_TAG,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_tbs_crl, revoked, "revokedCertificates", revoked_list, CMC_NO_TAG,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_tbs_crl, extensions, "crlExtensions", cmc_it_extensions, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
CMC_SEQUENCE_RAW(cmc_tbs_crl, "TBSCertList", cmc_it_tbs_crl, f_tbs_crl);
static const struct cmc_field f_crl[] = {
    CMC_FIELD(cmc_crl, tbs, "tbsCertList", cmc_it_tbs_crl),
    CMC_FIELD(cmc_crl, signature_algorithm, "signatureAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_crl, signature, "signatureValue", cmc_it_bit_string),
};
CMC_SEQUENCE_RAW(cmc_crl, "CertificateList", cmc_it_crl, f_crl);

/*
 * CertificationRequest ::= SEQUENCE {
 *     certificationRequestInfo  CertificationRequestInfo,
 *     signatureAlgorithm        AlgorithmIdentifier,
 *     signature                 BIT STRING }
 * CertificationRequestInfo ::= SEQUENCE {
 *     version        INTEGER { v1(0) },
 *     subject        Name,
 *     subjectPKInfo  SubjectPublicKeyInfo,
 *     attributes     [0] IMPLICIT SET OF Attribute }
 * The attributes are mandatory in RFC 2986; old tools leave an empty set out, so do we accept.
 * [10002-A-p, 10002-A-ba]
 */
static const struct cmc_field f_csr_info[] = {
    CMC_FIELD(cmc_csr_info, version, "version", cmc_it_uint32),
    CMC_FIELD(cmc_csr_info, subject, "subject", cmc_it_name),
    CMC_FIELD(cmc_csr_info, spki, "subjectPKInfo", cmc_it_spki),
    CMC_FIELD_X(cmc_csr_info, attributes, "attributes", cmc_it_attributes, 0, CMC_F_OPTIONAL),
};
CMC_SEQUENCE_RAW(cmc_csr_info, "CertificationRequestInfo", cmc_it_csr_info, f_csr_info);
static const struct cmc_field f_csr[] = {
    CMC_FIELD(cmc_csr, info, "certificationRequestInfo", cmc_it_csr_info),
    CMC_FIELD(cmc_csr, signature_algorithm, "signatureAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_csr, signature, "signature", cmc_it_bit_string),
};
CMC_SEQUENCE_RAW(cmc_csr, "CertificationRequest", cmc_it_csr, f_csr);

/* IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber CertificateSerialNumber } */
static const struct cmc_field f_issuer_serial[] = {
    CMC_FIELD(cmc_issuer_serial, issuer, "issuer", cmc_it_name),
    CMC_FIELD(cmc_issuer_serial, serial, "serialNumber", cmc_it_serial_number),
};
CMC_SEQUENCE(cmc_issuer_serial, "IssuerAndSerialNumber", cmc_it_issuer_serial, f_issuer_serial);

/*
 * GeneralName ::= CHOICE {
 *     otherName                 [0] IMPLICIT OtherName,
 *     rfc822Name                [1] IMPLICIT IA5String,
 *     dNSName                   [2] IMPLICIT IA5String,
 *     x400Address               [3] IMPLICIT ORAddress,
 *     directoryName             [4] EXPLICIT Name,
 *     ediPartyName              [5] IMPLICIT EDIPartyName,
 *     uniformResourceIdentifier [6] IMPLICIT IA5String,
 *     iPAddress                 [7] IMPLICIT OCTET STRING,
 *     registeredID              [8] IMPLICIT OBJECT IDENTIFIER }
 */
static const struct cmc_field f_general_name[] = {
    CMC_FIELD_X(cmc_general_name, v, "otherName", cmc_it_any, 0, 0),
    CMC_FIELD_X(cmc_general_name, v, "rfc822Name", cmc_it_ia5, 1, 0),
    CMC_FIELD_X(cmc_general_name, v, "dNSName", cmc_it_ia5, 2, 0),
    CMC_FIELD_X(cmc_general_name, v, "x400Address", cmc_it_any, 3, 0),
    CMC_FIELD_X(cmc_general_name, v, "directoryName", cmc_it_name, 4, CMC_F_EXPLICIT),
    CMC_FIELD_X(cmc_general_name, v, "ediPartyName", cmc_it_any, 5, 0),
    CMC_FIELD_X(cmc_general_name, v, "uniformResourceIdentifier", cmc_it_ia5, 6, 0),
    CMC_FIELD_X(cmc_general_name, v, "iPAddress", cmc_it_octet_string, 7, 0),
    CMC_FIELD_X(cmc_general_name, v, "registeredID", cmc_it_oid, 8, 0),
};
CMC_CHOICE(cmc_general_name, "GeneralName", cmc_it_general_name, f_general_name);
CMC_SEQUENCE_OF("GeneralNames", cmc_it_general_names, cmc_it_general_name, 1, 1024);

/* -- what extensions hold ---------------------------------------------------------------- */

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
static const struct cmc_field f_basic_constraints[] = {
    CMC_FIELD_X(cmc_basic_constraints, ca, "cA", cmc_it_boolean, CMC_NO_TAG, CMC_F_DEFAULT_FALSE),
    CMC_FIELD_X(cmc_basic_constraints, path_len, "pathLenConstraint", cmc_it_integer, CMC_NO_TAG,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_basic_constraints, "BasicConstraints", cmc_it_basic_constraints,
             f_basic_constraints);

/*
 * AuthorityKeyIdentifier ::= SEQUENCE {
 *     keyIdentifier             [0] OCTET STRING OPTIONAL,
 *     authorityCertIssuer       [1] GeneralNames OPTIONAL,
 *     authorityCertSerialNumber [2] CertificateSerialNumber OPTIONAL }
 */
static const struct cmc_field f_authority_key_id[] = {
    CMC_FIELD_X(cmc_authority_key_id, key_id, "keyIdentifier", cmc_it_octet_string, 0,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_authority_key_id, issuer, "authorityCertIssuer", cmc_it_general_names, 1,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_authority_key_id, serial, "authorityCertSerialNumber", cmc_it_serial_number, 2,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_authority_key_id, "AuthorityKeyIdentifier", cmc_it_authority_key_id,
             f_authority_key_id);

static const char *const key_usage_bits[] = {
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",     NULL};
const struct cmc_item cmc_it_key_usage = {.name = "KeyUsage",
                                          .kind = CMC_K_PRIM,
                                          .universal = CMC_T_BIT_STRING,
                                          .size = sizeof(struct cmc_slice),
                                          .raw = CMC_NO_RAW,
                                          .bits = key_usage_bits};
static const char *const reason_bits[] = {"unused",          "keyCompromise",
                                          "cACompromise",    "affiliationChanged",
                                          "superseded",      "cessationOfOperation",
                                          "certificateHold", "privilegeWithdrawn",
                                          "aACompromise",    NULL};
const struct cmc_item cmc_it_reason_flags = {.name = "ReasonFlags",
                                             .kind = CMC_K_PRIM,
                                             .universal = CMC_T_BIT_STRING,
                                             .size = sizeof(struct cmc_slice),
                                             .raw = CMC_NO_RAW,
                                             .bits = reason_bits};
static const char *const reason_values[] = {
    "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
    "superseded",    "cessationOfOperation", "certificateHold", "(unused)",
    "removeFromCRL", "privilegeWithdrawn",   "aACompromise",    NULL};
const struct cmc_item cmc_it_crl_reason = {.name = "CRLReason",
                                           .kind = CMC_K_UINT32,
                                           .universal = CMC_T_ENUMERATED,
                                           .size = sizeof(uint32_t),
                                           .raw = CMC_NO_RAW,
                                           .values = reason_values};
CMC_SEQUENCE_OF("ExtKeyUsageSyntax", cmc_it_eku, cmc_it_oid, 1, 64);

/*
 * CRLDistributionPoints ::= SEQUENCE OF DistributionPoint
 * DistributionPoint ::= SEQUENCE {
 *     distributionPoint [0] EXPLICIT DistributionPointName OPTIONAL,
 *     reasons           [1] ReasonFlags OPTIONAL,
 *     cRLIssuer         [2] GeneralNames OPTIONAL }
 * DistributionPointName ::= CHOICE {
 *     fullName                [0] GeneralNames,
 *     nameRelativeToCRLIssuer [1] RelativeDistinguishedName }
 */
static const struct cmc_field f_dist_point_name[] = {
    CMC_FIELD_X(cmc_dist_point_name, u.full_name, "fullName", cmc_it_general_names, 0, 0),
    CMC_FIELD_X(cmc_dist_point_name, u.relative_name, "nameRelativeToCRLIssuer", rdn, 1, 0),
};
static CMC_CHOICE(cmc_dist_point_name, "DistributionPointName", dist_point_name, f_dist_point_name);
static const struct cmc_field f_dist_point[] = {
    CMC_FIELD_X(cmc_dist_point, name, "distributionPoint", dist_point_name, 0,
                CMC_F_EXPLICIT | CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_dist_point, reasons, "reasons", cmc_it_reason_flags, 1, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_dist_point, crl_issuer, "cRLIssuer", cmc_it_general_names, 2, CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_dist_point, "DistributionPoint", dist_point, f_dist_point);
CMC_SEQUENCE_OF("CRLDistributionPoints", cmc_it_dist_points, dist_point, 1, 64);

/*
 * IssuingDistributionPoint ::= SEQUENCE {
 *     distributionPoint          [0] EXPLICIT DistributionPointName OPTIONAL,
 *     onlyContainsUserCerts      [1] BOOLEAN DEFAULT FALSE,
 *     onlyContainsCACerts        [2] BOOLEAN DEFAULT FALSE,
 *     onlySomeReasons            [3] ReasonFlags OPTIONAL,
 *     indirectCRL                [4] BOOLEAN DEFAULT FALSE,
 *     onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
 */
static const struct cmc_field f_issuing_dist_point[] = {
    CMC_FIELD_X(cmc_issuing_dist_point, name, "distributionPoint", dist_point_name, 0,
                CMC_F_EXPLICIT | CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_issuing_dist_point, only_user, "onlyContainsUserCerts", cmc_it_boolean, 1,
                CMC_F_DEFAULT_FALSE),
    CMC_FIELD_X(cmc_issuing_dist_point, only_ca, "onlyContainsCACerts", cmc_it_boolean, 2,
                CMC_F_DEFAULT_FALSE),
    CMC_FIELD_X(cmc_issuing_dist_point, only_some_reasons, "onlySomeReasons", cmc_it_reason_flags,
                3, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_issuing_dist_point, indirect, "indirectCRL", cmc_it_boolean, 4,
                CMC_F_DEFAULT_FALSE),
    CMC_FIELD_X(cmc_issuing_dist_point, only_attribute, "onlyContainsAttributeCerts",
                cmc_it_boolean, 5, CMC_F_DEFAULT_FALSE),
};
CMC_SEQUENCE(cmc_issuing_dist_point, "IssuingDistributionPoint", cmc_it_issuing_dist_point,
             f_issuing_dist_point);

/* AuthorityInfoAccessSyntax ::= SEQUENCE OF SEQUENCE { accessMethod OID, accessLocation } */
static const struct cmc_field f_access_description[] = {
    CMC_FIELD(cmc_access_description, method, "accessMethod", cmc_it_oid),
    CMC_FIELD(cmc_access_description, location, "accessLocation", cmc_it_general_name),
};
static CMC_SEQUENCE(cmc_access_description, "AccessDescription", access_description,
                    f_access_description);
CMC_SEQUENCE_OF("InfoAccessSyntax", cmc_it_access_info, access_description, 1, 64);

/* -- open types -------------------------------------------------------------------------- */

const struct cmc_item *cmc_extension_type(struct cmc_slice id)
{
    const struct {
        const struct cmc_slice *oid;
        const struct cmc_item *item;
    } types[] = {
        {&cmc_oid_id_ce_subjectKeyIdentifier, &cmc_it_octet_string},
        {&cmc_oid_id_ce_authorityKeyIdentifier, &cmc_it_authority_key_id},
        {&cmc_oid_id_ce_keyUsage, &cmc_it_key_usage},
        {&cmc_oid_id_ce_extKeyUsage, &cmc_it_eku},
        {&cmc_oid_id_ce_basicConstraints, &cmc_it_basic_constraints},
        {&cmc_oid_id_ce_subjectAltName, &cmc_it_general_names},
        {&cmc_oid_id_ce_issuerAltName, &cmc_it_general_names},
        {&cmc_oid_id_ce_cRLDistributionPoints, &cmc_it_dist_points},
        {&cmc_oid_id_ce_freshestCRL, &cmc_it_dist_points},
        {&cmc_oid_id_ce_issuingDistributionPoint, &cmc_it_issuing_dist_point},
        {&cmc_oid_id_pe_authorityInfoAccess, &cmc_it_access_info},
        {&cmc_oid_id_pe_subjectInfoAccess, &cmc_it_access_info},
        {&cmc_oid_id_ce_privateKeyUsagePeriod, &cmc_it_usage_period},
        {&cmc_oid_id_ce_certificatePolicies, &cmc_it_policies},
        {&cmc_oid_id_ce_policyMappings, &cmc_it_policy_mappings},
        {&cmc_oid_id_ce_subjectDirectoryAttributes, &cmc_it_directory_attributes},
        {&cmc_oid_id_ce_nameConstraints, &cmc_it_name_constraints},
        {&cmc_oid_id_ce_policyConstraints, &cmc_it_policy_constraints},
        {&cmc_oid_id_ce_inhibitAnyPolicy, &cmc_it_integer},
        {&cmc_oid_id_ce_cRLNumber, &cmc_it_integer},
        {&cmc_oid_id_ce_deltaCRLIndicator, &cmc_it_integer},
        {&cmc_oid_id_ce_cRLReasons, &cmc_it_crl_reason},
        {&cmc_oid_id_ce_invalidityDate, &cmc_it_gentime},
    };

    for (size_t i = 0; i < CMC_COUNT(types); i++) {
        if (cmc_slice_eq(*types[i].oid, id))
            return types[i].item;
    }
    return NULL;
}

const struct cmc_item *cmc_attribute_type(struct cmc_slice type)
{
    const struct {
        const struct cmc_slice *oid;
        const struct cmc_item *item;
    } types[] = {
        {&cmc_oid_id_contentType, &cmc_it_oid},
        {&cmc_oid_id_messageDigest, &cmc_it_octet_string},
        {&cmc_oid_id_extensionRequest, &cmc_it_extension_req},
        {&cmc_oid_id_cmc_changeSubjectName, &cmc_it_change_subject_name},
        {&cmc_oid_id_aa_CMSAlgorithmProtection, &cmc_it_algorithm_protection},
    };

    for (size_t i = 0; i < CMC_COUNT(types); i++) {
        if (cmc_slice_eq(*types[i].oid, type))
            return types[i].item;
    }
    return NULL;
}

const struct cmc_extension *cmc_extension_find(const struct cmc_list *exts, struct cmc_slice oid)
{
    for (size_t i = 0; i < exts->n; i++) {
        const struct cmc_extension *e = CMC_AT(const struct cmc_extension, *exts, i);

        if (cmc_slice_eq(e->extn_id, oid))
            return e;
    }
    return NULL;
}

const struct cmc_attribute *cmc_attribute_find(const struct cmc_list *attrs, struct cmc_slice oid)
{
    for (size_t i = 0; i < attrs->n; i++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, *attrs, i);

        if (cmc_slice_eq(a->type, oid))
            return a;
    }
    return NULL;
}
