/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 10002 appendix A as tables. The module has IMPLICIT TAGS. */
#include "asn1/cmc.h"

#include "asn1/oids.h"

/* BodyPartID ::= INTEGER (0..4294967295) [10002-A-d] */
const struct cmc_item cmc_it_body_part_id = {.name = "BodyPartID",
                                             .kind = CMC_K_UINT32,
                                             .universal = CMC_T_INTEGER,
                                             .size = sizeof(uint32_t),
                                             .raw = CMC_NO_RAW};
/* BodyPartPath, BodyPartList ::= SEQUENCE SIZE (1..MAX) OF BodyPartID
 * [10002-A-e, 10002-A-f, 10002-A-ax, 10002-A-ay, 10002-A-as] */
CMC_SEQUENCE_OF("BodyPartPath", cmc_it_body_part_path, cmc_it_body_part_id, 1, CMC_LIMIT_PATH);
CMC_SEQUENCE_OF("BodyPartList", cmc_it_body_part_list, cmc_it_body_part_id, 1, CMC_LIMIT_CONTROLS);
static CMC_SEQUENCE_OF("SEQUENCE OF BodyPartID", body_part_ids, cmc_it_body_part_id, 0,
                       CMC_LIMIT_CONTROLS);

/* BodyPartReference ::= CHOICE { bodyPartID BodyPartID, bodyPartPath BodyPartPath } [10002-A-g] */
static const struct cmc_field f_body_part_reference[] = {
    CMC_FIELD(cmc_body_part_reference, u.id, "bodyPartID", cmc_it_body_part_id),
    CMC_FIELD(cmc_body_part_reference, u.path, "bodyPartPath", cmc_it_body_part_path),
};
CMC_CHOICE(cmc_body_part_reference, "BodyPartReference", cmc_it_body_part_reference,
           f_body_part_reference);
CMC_SEQUENCE_OF("SEQUENCE OF BodyPartReference", cmc_it_reference_list, cmc_it_body_part_reference,
                1, CMC_LIMIT_CONTROLS);

/*
 * TaggedAttribute ::= SEQUENCE {
 *     bodyPartID BodyPartID, attrType OBJECT IDENTIFIER, attrValues SET OF AttributeValue }
 * [10002-A-h, 10002-A-i]
 */
static const struct cmc_item *control_open(const void *parent)
{
    return cmc_control_item(((const struct cmc_tagged_attribute *)parent)->type);
}
static CMC_SET_OF("attrValues", control_values, cmc_it_any, 0, CMC_LIMIT_ATTRIBUTES);
static const struct cmc_field f_tagged_attribute[] = {
    CMC_FIELD(cmc_tagged_attribute, body_part_id, "bodyPartID", cmc_it_body_part_id),
    CMC_FIELD(cmc_tagged_attribute, type, "attrType", cmc_it_oid),
    CMC_FIELD_OPEN(cmc_tagged_attribute, values, "attrValues", control_values, CMC_NO_TAG,
                   CMC_F_OPEN_LIST, control_open),
};
CMC_SEQUENCE(cmc_tagged_attribute, "TaggedAttribute", cmc_it_tagged_attribute, f_tagged_attribute);
CMC_SEQUENCE_OF("controlSequence", cmc_it_controls, cmc_it_tagged_attribute, 0, CMC_LIMIT_CONTROLS);

/*
 * TaggedRequest ::= CHOICE {
 *     tcr [0] TaggedCertificationRequest,
 *     crm [1] CertReqMsg,
 *     orm [2] SEQUENCE { bodyPartID, requestMessageType OID, requestMessageValue ANY } }
 * TaggedCertificationRequest ::= SEQUENCE { bodyPartID, certificationRequest }
 * [10002-A-n, 10002-A-o, 10002-A-r, 10002-A-q]
 */
static const struct cmc_field f_tcr[] = {
    CMC_FIELD(cmc_tagged_certification_request, body_part_id, "bodyPartID", cmc_it_body_part_id),
    CMC_FIELD(cmc_tagged_certification_request, csr, "certificationRequest", cmc_it_csr),
};
static CMC_SEQUENCE(cmc_tagged_certification_request, "TaggedCertificationRequest", tcr, f_tcr);
static const struct cmc_field f_orm[] = {
    CMC_FIELD(cmc_other_request, body_part_id, "bodyPartID", cmc_it_body_part_id),
    CMC_FIELD(cmc_other_request, type, "requestMessageType", cmc_it_oid),
    CMC_FIELD(cmc_other_request, value, "requestMessageValue", cmc_it_any),
};
static CMC_SEQUENCE(cmc_other_request, "OtherRequest", orm, f_orm);
static const struct cmc_field f_tagged_request[] = {
    CMC_FIELD_X(cmc_tagged_request, u.tcr, "tcr", tcr, 0, 0),
    CMC_FIELD_X(cmc_tagged_request, u.crm, "crm", cmc_it_cert_req_msg, 1, 0),
    CMC_FIELD_X(cmc_tagged_request, u.orm, "orm", orm, 2, 0),
};
CMC_CHOICE_RAW(cmc_tagged_request, "TaggedRequest", cmc_it_tagged_request, f_tagged_request);
CMC_SEQUENCE_OF("reqSequence", cmc_it_tagged_requests, cmc_it_tagged_request, 0,
                CMC_LIMIT_REQUESTS);

/* TaggedContentInfo ::= SEQUENCE { bodyPartID BodyPartID, contentInfo ContentInfo } [10002-A-s] */
static const struct cmc_field f_tagged_content_info[] = {
    CMC_FIELD(cmc_tagged_content_info, body_part_id, "bodyPartID", cmc_it_body_part_id),
    CMC_FIELD(cmc_tagged_content_info, content, "contentInfo", cmc_it_content_info),
};
CMC_SEQUENCE(cmc_tagged_content_info, "TaggedContentInfo", cmc_it_tagged_content_info,
             f_tagged_content_info);
CMC_SEQUENCE_OF("cmsSequence", cmc_it_cms_sequence, cmc_it_tagged_content_info, 0,
                CMC_LIMIT_REQUESTS);

/* OtherMsg ::= SEQUENCE { bodyPartID, otherMsgType OID, otherMsgValue ANY } [10002-A-t] */
static const struct cmc_field f_other_msg[] = {
    CMC_FIELD(cmc_other_msg, body_part_id, "bodyPartID", cmc_it_body_part_id),
    CMC_FIELD(cmc_other_msg, type, "otherMsgType", cmc_it_oid),
    CMC_FIELD(cmc_other_msg, value, "otherMsgValue", cmc_it_any),
};
CMC_SEQUENCE(cmc_other_msg, "OtherMsg", cmc_it_other_msg, f_other_msg);
CMC_SEQUENCE_OF("otherMsgSequence", cmc_it_other_msgs, cmc_it_other_msg, 0, CMC_LIMIT_CONTROLS);

/*
 * PKIData ::= SEQUENCE {
 *     controlSequence  SEQUENCE SIZE (0..MAX) OF TaggedAttribute,
 *     reqSequence      SEQUENCE SIZE (0..MAX) OF TaggedRequest,
 *     cmsSequence      SEQUENCE SIZE (0..MAX) OF TaggedContentInfo,
 *     otherMsgSequence SEQUENCE SIZE (0..MAX) OF OtherMsg }
 * [10002-A-b]
 */
static const struct cmc_field f_pkidata[] = {
    CMC_FIELD(cmc_pkidata, controls, "controlSequence", cmc_it_controls),
    CMC_FIELD(cmc_pkidata, requests, "reqSequence", cmc_it_tagged_requests),
    CMC_FIELD(cmc_pkidata, cms, "cmsSequence", cmc_it_cms_sequence),
    CMC_FIELD(cmc_pkidata, other, "otherMsgSequence", cmc_it_other_msgs),
};
CMC_SEQUENCE(cmc_pkidata, "PKIData", cmc_it_pkidata, f_pkidata);

/* PKIResponse ::= SEQUENCE { controlSequence, cmsSequence, otherMsgSequence } [10002-A-c] */
static const struct cmc_field f_pkiresponse[] = {
    CMC_FIELD(cmc_pkiresponse, controls, "controlSequence", cmc_it_controls),
    CMC_FIELD(cmc_pkiresponse, cms, "cmsSequence", cmc_it_cms_sequence),
    CMC_FIELD(cmc_pkiresponse, other, "otherMsgSequence", cmc_it_other_msgs),
};
CMC_SEQUENCE(cmc_pkiresponse, "PKIResponse", cmc_it_pkiresponse, f_pkiresponse);

/* -- status ------------------------------------------------------------------------------ */

/* [10002-A-ab] */
static const char *const status_values[] = {"success",     "(reserved)", "failed",
                                            "pending",     "noSupport",  "confirmRequired",
                                            "popRequired", "partial",    NULL};
static const struct cmc_item cmc_status = {.name = "CMCStatus",
                                           .kind = CMC_K_UINT32,
                                           .universal = CMC_T_INTEGER,
                                           .size = sizeof(uint32_t),
                                           .raw = CMC_NO_RAW,
                                           .values = status_values};
/* [10002-A-ac] */
static const char *const fail_info_values[] = {
    "badAlg",         "badMessageCheck", "badRequest",  "badTime",      "badCertId",
    "unsupportedExt", "mustArchiveKeys", "badIdentity", "popRequired",  "popFailed",
    "noKeyReuse",     "internalCAError", "tryLater",    "authDataFail", NULL};
static const struct cmc_item fail_info = {.name = "CMCFailInfo",
                                          .kind = CMC_K_UINT32,
                                          .universal = CMC_T_INTEGER,
                                          .size = sizeof(uint32_t),
                                          .raw = CMC_NO_RAW,
                                          .values = fail_info_values};

/* PendInfo ::= SEQUENCE { pendToken OCTET STRING, pendTime GeneralizedTime } [10002-A-ad] */
static const struct cmc_field f_pend_info[] = {
    CMC_FIELD(cmc_pend_info, token, "pendToken", cmc_it_octet_string),
    CMC_FIELD(cmc_pend_info, time, "pendTime", cmc_it_gentime),
};
static CMC_SEQUENCE(cmc_pend_info, "PendInfo", pend_info, f_pend_info);

/* ExtendedFailInfo ::= SEQUENCE { failInfoOID OBJECT IDENTIFIER, failInfoValue ANY } [10002-A-z] */
static const struct cmc_field f_extended_fail_info[] = {
    CMC_FIELD(cmc_extended_fail_info, type, "failInfoOID", cmc_it_oid),
    CMC_FIELD(cmc_extended_fail_info, value, "failInfoValue", cmc_it_any),
};
static CMC_SEQUENCE(cmc_extended_fail_info, "ExtendedFailInfo", extended_fail_info,
                    f_extended_fail_info);

/*
 * OtherStatusInfo ::= CHOICE {
 *     failInfo CMCFailInfo, pendInfo PendInfo, extendedFailInfo [1] ExtendedFailInfo }
 * RFC 5272's 1988 module left the [1] out, and peers still send it so: a SEQUENCE that starts
 * with an OBJECT IDENTIFIER, where pendInfo starts with an OCTET STRING. CMCStatusInfo has
 * only the first two; its table is the same without the last alternative.
 * [10002-A-a, 10002-A-w, 10002-A-y]
 */
static const struct cmc_field f_other_info[] = {
    CMC_FIELD(cmc_other_status_info, u.fail_info, "failInfo", fail_info),
    CMC_FIELD_X(cmc_other_status_info, u.extended, "extendedFailInfo", extended_fail_info,
                CMC_NO_TAG, CMC_F_STARTS_WITH_OID),
    CMC_FIELD(cmc_other_status_info, u.pend, "pendInfo", pend_info),
    CMC_FIELD_X(cmc_other_status_info, u.extended, "extendedFailInfo", extended_fail_info, 1, 0),
};
static CMC_CHOICE(cmc_other_status_info, "OtherStatusInfo", other_info, f_other_info);
static const struct cmc_item other_info_v1 = {.name = "CMCStatusInfo.otherInfo",
                                              .kind = CMC_K_CHOICE,
                                              .fields = f_other_info,
                                              .nfields = CMC_OI_PEND + 1,
                                              .size = sizeof(struct cmc_other_status_info),
                                              .raw = CMC_NO_RAW};

/*
 * CMCStatusInfo ::= SEQUENCE {
 *     cMCStatus CMCStatus,
 *     bodyList SEQUENCE SIZE (1..MAX) OF BodyPartID,
 *     statusString UTF8String OPTIONAL,
 *     otherInfo CHOICE { failInfo, pendInfo } OPTIONAL }
 * CMCStatusInfoV2: bodyList of BodyPartReference, otherInfo OtherStatusInfo
 * [10002-A-v, 10002-A-x, 10002-A-aa]
 */
CMC_SEQUENCE_OF("bodyList", cmc_it_status_body_list, cmc_it_body_part_id, 1, CMC_LIMIT_CONTROLS);
CMC_SEQUENCE_OF("bodyList", cmc_it_status_body_list_v2, cmc_it_body_part_reference, 1,
                CMC_LIMIT_CONTROLS);
static const struct cmc_field f_status_info[] = {
    CMC_FIELD(cmc_status_info, status, "cMCStatus", cmc_status),
    CMC_FIELD(cmc_status_info, body_list, "bodyList", cmc_it_status_body_list),
    CMC_FIELD_X(cmc_status_info, string, "statusString", cmc_it_utf8, CMC_NO_TAG, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_status_info, other, "otherInfo", other_info_v1, CMC_NO_TAG,
                CMC_F_POINTER | CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_status_info, "CMCStatusInfo", cmc_it_status_info, f_status_info);
static const struct cmc_field f_status_info_v2[] = {
    CMC_FIELD(cmc_status_info_v2, status, "cMCStatus", cmc_status),
    CMC_FIELD(cmc_status_info_v2, body_list, "bodyList", cmc_it_status_body_list_v2),
    CMC_FIELD_X(cmc_status_info_v2, string, "statusString", cmc_it_utf8, CMC_NO_TAG,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_status_info_v2, other, "otherInfo", other_info, CMC_NO_TAG,
                CMC_F_POINTER | CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_status_info_v2, "CMCStatusInfoV2", cmc_it_status_info_v2, f_status_info_v2);

/* -- controls ---------------------------------------------------------------------------- */

/* [10002-A-l] */
const struct cmc_item cmc_it_identification = {.name = "identification",
                                               .kind = CMC_K_PRIM,
                                               .universal = CMC_T_UTF8,
                                               .size = sizeof(struct cmc_slice),
                                               .raw = CMC_NO_RAW};
/* [10002-A-m] */
const struct cmc_item cmc_it_transaction_id = {.name = "transactionId",
                                               .kind = CMC_K_PRIM,
                                               .universal = CMC_T_INTEGER,
                                               .size = sizeof(struct cmc_slice),
                                               .raw = CMC_NO_RAW};
const struct cmc_item cmc_it_nonce = {.name = "nonce",
                                      .kind = CMC_K_PRIM,
                                      .universal = CMC_T_OCTET_STRING,
                                      .size = sizeof(struct cmc_slice),
                                      .raw = CMC_NO_RAW};

/*
 * AddExtensions ::= SEQUENCE {
 *     pkiDataReference BodyPartID,
 *     certReferences SEQUENCE OF BodyPartID,
 *     extensions SEQUENCE OF Extension }
 * [10002-A-ae]
 */
static const struct cmc_field f_add_extensions[] = {
    CMC_FIELD(cmc_add_extensions, pki_data_reference, "pkiDataReference", cmc_it_body_part_id),
    CMC_FIELD(cmc_add_extensions, cert_references, "certReferences", body_part_ids),
    CMC_FIELD(cmc_add_extensions, extensions, "extensions", cmc_it_extensions),
};
CMC_SEQUENCE(cmc_add_extensions, "AddExtensions", cmc_it_add_extensions, f_add_extensions);

/*
 * ModCertTemplate ::= SEQUENCE {
 *     pkiDataReference BodyPartPath,
 *     certReferences BodyPartList,
 *     replace BOOLEAN DEFAULT TRUE,
 *     certTemplate CertTemplate }
 * [10002-A-af, 10002-A-ag]
 */
static const struct cmc_field f_mod_cert_template[] = {
    CMC_FIELD(cmc_mod_cert_template, pki_data_reference, "pkiDataReference", cmc_it_body_part_path),
    CMC_FIELD(cmc_mod_cert_template, cert_references, "certReferences", cmc_it_body_part_list),
    CMC_FIELD_X(cmc_mod_cert_template, replace, "replace", cmc_it_boolean, CMC_NO_TAG,
                CMC_F_DEFAULT_TRUE),
    CMC_FIELD(cmc_mod_cert_template, tmpl, "certTemplate", cmc_it_cert_template),
};
CMC_SEQUENCE(cmc_mod_cert_template, "ModCertTemplate", cmc_it_mod_cert_template,
             f_mod_cert_template);

/*
 * EncryptedPOP ::= SEQUENCE {
 *     request TaggedRequest,
 *     cms ContentInfo,
 *     thePOPAlgID AlgorithmIdentifier,
 *     witnessAlgID AlgorithmIdentifier,
 *     witness OCTET STRING }
 * [10002-A-ah]
 */
static const struct cmc_field f_encrypted_pop[] = {
    CMC_FIELD(cmc_encrypted_pop, request, "request", cmc_it_tagged_request),
    CMC_FIELD(cmc_encrypted_pop, cms, "cms", cmc_it_content_info),
    CMC_FIELD(cmc_encrypted_pop, pop_alg, "thePOPAlgID", cmc_it_algid),
    CMC_FIELD(cmc_encrypted_pop, witness_alg, "witnessAlgID", cmc_it_algid),
    CMC_FIELD(cmc_encrypted_pop, witness, "witness", cmc_it_octet_string),
};
CMC_SEQUENCE(cmc_encrypted_pop, "EncryptedPOP", cmc_it_encrypted_pop, f_encrypted_pop);

/* DecryptedPOP ::= SEQUENCE { bodyPartID, thePOPAlgID AlgorithmIdentifier, thePOP OCTET STRING }
 * [10002-A-ai] */
static const struct cmc_field f_decrypted_pop[] = {
    CMC_FIELD(cmc_decrypted_pop, body_part_id, "bodyPartID", cmc_it_body_part_id),
    CMC_FIELD(cmc_decrypted_pop, pop_alg, "thePOPAlgID", cmc_it_algid),
    CMC_FIELD(cmc_decrypted_pop, pop, "thePOP", cmc_it_octet_string),
};
CMC_SEQUENCE(cmc_decrypted_pop, "DecryptedPOP", cmc_it_decrypted_pop, f_decrypted_pop);

/* LraPopWitness ::= SEQUENCE { pkiDataBodyid BodyPartID, bodyIds SEQUENCE OF BodyPartID }
 * [10002-A-aj] */
static const struct cmc_field f_lra_pop_witness[] = {
    CMC_FIELD(cmc_lra_pop_witness, pki_data_body_id, "pkiDataBodyid", cmc_it_body_part_id),
    CMC_FIELD(cmc_lra_pop_witness, body_ids, "bodyIds", body_part_ids),
};
CMC_SEQUENCE(cmc_lra_pop_witness, "LraPopWitness", cmc_it_lra_pop_witness, f_lra_pop_witness);

/* GetCert ::= SEQUENCE { issuerName GeneralName, serialNumber INTEGER } [10002-A-ak] */
static const struct cmc_field f_get_cert[] = {
    CMC_FIELD(cmc_get_cert, issuer, "issuerName", cmc_it_general_name),
    CMC_FIELD(cmc_get_cert, serial, "serialNumber", cmc_it_serial_number),
};
CMC_SEQUENCE(cmc_get_cert, "GetCert", cmc_it_get_cert, f_get_cert);

/*
 * GetCRL ::= SEQUENCE {
 *     issuerName Name,
 *     cRLName GeneralName OPTIONAL,
 *     time GeneralizedTime OPTIONAL,
 *     reasons ReasonFlags OPTIONAL }
 * [10002-A-al]
 */
static const struct cmc_field f_get_crl[] = {
    CMC_FIELD(cmc_get_crl, issuer, "issuerName", cmc_it_name),
    CMC_FIELD_X(cmc_get_crl, name, "cRLName", cmc_it_general_name, CMC_NO_TAG,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_get_crl, time, "time", cmc_it_gentime, CMC_NO_TAG, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_get_crl, reasons, "reasons", cmc_it_reason_flags, CMC_NO_TAG, CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_get_crl, "GetCRL", cmc_it_get_crl, f_get_crl);

/*
 * RevokeRequest ::= SEQUENCE {
 *     issuerName Name,
 *     serialNumber INTEGER,
 *     reason CRLReason,
 *     invalidityDate GeneralizedTime OPTIONAL,
 *     passphrase OCTET STRING OPTIONAL,
 *     comment UTF8String OPTIONAL }
 * [10002-A-am]
 */
static const struct cmc_field f_revoke_request[] = {
    CMC_FIELD(cmc_revoke_request, issuer, "issuerName", cmc_it_name),
    CMC_FIELD(cmc_revoke_request, serial, "serialNumber", cmc_it_serial_number),
    CMC_FIELD(cmc_revoke_request, reason, "reason", cmc_it_crl_reason),
    CMC_FIELD_X(cmc_revoke_request, invalidity_date, "invalidityDate", cmc_it_gentime, CMC_NO_TAG,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_revoke_request, passphrase, "passphrase", cmc_it_octet_string, CMC_NO_TAG,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_revoke_request, comment, "comment", cmc_it_utf8, CMC_NO_TAG, CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_revoke_request, "RevokeRequest", cmc_it_revoke_request, f_revoke_request);

/* IdentityProofV2 ::= SEQUENCE { proofAlgID, macAlgId, witness OCTET STRING } [10002-A-av] */
static const struct cmc_field f_identity_proof_v2[] = {
    CMC_FIELD(cmc_proof_v2, hash, "proofAlgID", cmc_it_algid),
    CMC_FIELD(cmc_proof_v2, mac, "macAlgId", cmc_it_algid),
    CMC_FIELD(cmc_proof_v2, witness, "witness", cmc_it_octet_string),
};
CMC_SEQUENCE(cmc_proof_v2, "IdentityProofV2", cmc_it_identity_proof_v2, f_identity_proof_v2);

/* PopLinkWitnessV2 ::= SEQUENCE { keyGenAlgorithm, macAlgorithm, witness OCTET STRING }
 * [10002-A-aw] */
static const struct cmc_field f_pop_link_witness_v2[] = {
    CMC_FIELD(cmc_proof_v2, hash, "keyGenAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_proof_v2, mac, "macAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_proof_v2, witness, "witness", cmc_it_octet_string),
};
CMC_SEQUENCE(cmc_proof_v2, "PopLinkWitnessV2", cmc_it_pop_link_witness_v2, f_pop_link_witness_v2);

/*
 * PublishTrustAnchors ::= SEQUENCE {
 *     seqNumber INTEGER, hashAlgorithm AlgorithmIdentifier, anchorHashes SEQUENCE OF OCTET STRING }
 * [10002-A-aq]
 */
static CMC_SEQUENCE_OF("SEQUENCE OF OCTET STRING", octet_strings, cmc_it_octet_string, 0,
                       CMC_LIMIT_CONTROLS);
static const struct cmc_field f_trust_anchors[] = {
    CMC_FIELD(cmc_trust_anchors, seq_number, "seqNumber", cmc_it_integer),
    CMC_FIELD(cmc_trust_anchors, hash, "hashAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_trust_anchors, anchor_hashes, "anchorHashes", octet_strings),
};
CMC_SEQUENCE(cmc_trust_anchors, "PublishTrustAnchors", cmc_it_trust_anchors, f_trust_anchors);

/*
 * CMCPublicationInfo ::= SEQUENCE {
 *     hashAlg AlgorithmIdentifier, certHashes SEQUENCE OF OCTET STRING, pubInfo PKIPublicationInfo
 * } PKIPublicationInfo ::= SEQUENCE {  -- RFC 4211 action INTEGER { dontPublish(0),
 * pleasePublish(1) }, pubInfos SEQUENCE SIZE (1..MAX) OF SinglePubInfo OPTIONAL } SinglePubInfo ::=
 * SEQUENCE { pubMethod INTEGER { dontCare(0), x500(1), web(2), ldap(3) }, pubLocation GeneralName
 * OPTIONAL }
 * [10002-A-at]
 */
static const char *const pub_methods[] = {"dontCare", "x500", "web", "ldap", NULL};
static const struct cmc_item pub_method = {.name = "pubMethod",
                                           .kind = CMC_K_UINT32,
                                           .universal = CMC_T_INTEGER,
                                           .size = sizeof(uint32_t),
                                           .raw = CMC_NO_RAW,
                                           .values = pub_methods};
static const char *const pub_actions[] = {"dontPublish", "pleasePublish", NULL};
static const struct cmc_item pub_action = {.name = "action",
                                           .kind = CMC_K_UINT32,
                                           .universal = CMC_T_INTEGER,
                                           .size = sizeof(uint32_t),
                                           .raw = CMC_NO_RAW,
                                           .values = pub_actions};
static const struct cmc_field f_single_pub_info[] = {
    CMC_FIELD(cmc_single_pub_info, method, "pubMethod", pub_method),
    CMC_FIELD_X(cmc_single_pub_info, location, "pubLocation", cmc_it_general_name, CMC_NO_TAG,
                CMC_F_POINTER | CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_single_pub_info, "SinglePubInfo", single_pub_info, f_single_pub_info);
CMC_SEQUENCE_OF("pubInfos", cmc_it_pub_infos, single_pub_info, 1, CMC_LIMIT_ATTRIBUTES);
static const struct cmc_field f_pub_info[] = {
    CMC_FIELD(cmc_pub_info, action, "action", pub_action),
    CMC_FIELD_X(cmc_pub_info, infos, "pubInfos", cmc_it_pub_infos, CMC_NO_TAG, CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_pub_info, "PKIPublicationInfo", pub_info, f_pub_info);
static const struct cmc_field f_publish_cert[] = {
    CMC_FIELD(cmc_publish_cert, hash, "hashAlg", cmc_it_algid),
    CMC_FIELD(cmc_publish_cert, cert_hashes, "certHashes", octet_strings),
    CMC_FIELD(cmc_publish_cert, info, "pubInfo", pub_info),
};
CMC_SEQUENCE(cmc_publish_cert, "CMCPublicationInfo", cmc_it_publish_cert, f_publish_cert);

/* ControlsProcessed ::= SEQUENCE { bodyList SEQUENCE SIZE (1..MAX) OF BodyPartReference }
 * [10002-A-au] */
static const struct cmc_field f_control_processed[] = {
    CMC_FIELD(cmc_control_processed, body_list, "bodyList", cmc_it_reference_list),
};
CMC_SEQUENCE(cmc_control_processed, "ControlsProcessed", cmc_it_control_processed,
             f_control_processed);

/*
 * ChangeSubjectName ::= SEQUENCE {
 *     subject Name OPTIONAL, subjectAlt [1] GeneralNames OPTIONAL }
 *     ( WITH COMPONENTS { ..., subject PRESENT } | WITH COMPONENTS { ..., subjectAlt PRESENT } )
 * [10002-A-az, 10002-7.1-b]
 */
static const struct cmc_field f_change_subject_name[] = {
    CMC_FIELD_X(cmc_change_subject_name, subject, "subject", cmc_it_name, CMC_NO_TAG,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_change_subject_name, alt_names, "subjectAlt", cmc_it_general_names, 1,
                CMC_F_OPTIONAL),
};
const struct cmc_item cmc_it_change_subject_name = {.name = "ChangeSubjectName",
                                                    .kind = CMC_K_SEQUENCE,
                                                    .fields = f_change_subject_name,
                                                    .nfields = CMC_COUNT(f_change_subject_name),
                                                    .size = sizeof(struct cmc_change_subject_name),
                                                    .raw = CMC_NO_RAW,
                                                    .min = 1};

/* CMCUnsignedData ::= SEQUENCE { bodyPartPath, identifier OBJECT IDENTIFIER, content ANY }
 * [10002-A-ap] */
static const struct cmc_field f_unsigned_data[] = {
    CMC_FIELD(cmc_unsigned_data, path, "bodyPartPath", cmc_it_body_part_path),
    CMC_FIELD(cmc_unsigned_data, identifier, "identifier", cmc_it_oid),
    CMC_FIELD(cmc_unsigned_data, content, "content", cmc_it_any),
};
CMC_SEQUENCE(cmc_unsigned_data, "CMCUnsignedData", cmc_it_unsigned_data, f_unsigned_data);

/* -- Microsoft's controls, so that Windows messages can be read (MS-WCCE 2.2.2.7) -------- */

struct ms_add {
    uint32_t data_reference;
    struct cmc_list cert_references;
    struct cmc_list attributes;
};
static CMC_SET_OF("attributes", ms_attributes, cmc_it_attribute, 0, CMC_LIMIT_ATTRIBUTES);
static const struct cmc_field f_ms_add_attributes[] = {
    CMC_FIELD(ms_add, data_reference, "pkiDataReference", cmc_it_body_part_id),
    CMC_FIELD(ms_add, cert_references, "certReferences", body_part_ids),
    CMC_FIELD(ms_add, attributes, "attributes", ms_attributes),
};
static CMC_SEQUENCE(ms_add, "CmcAddAttributes", ms_add_attributes, f_ms_add_attributes);

/* -- open types -------------------------------------------------------------------------- */

/* [10002-A-i, 10002-A-j, 10002-A-k, 10002-A-an, 10002-A-ar, 10002-A-as] */
const struct cmc_item *cmc_control_item(struct cmc_slice type)
{
    const struct {
        const struct cmc_slice *oid;
        const struct cmc_item *item;
    } types[] = {
        {&cmc_oid_id_cmc_statusInfoV2, &cmc_it_status_info_v2},
        {&cmc_oid_id_cmc_statusInfo, &cmc_it_status_info},
        {&cmc_oid_id_cmc_identification, &cmc_it_identification},
        {&cmc_oid_id_cmc_identityProof, &cmc_it_octet_string},
        {&cmc_oid_id_cmc_identityProofV2, &cmc_it_identity_proof_v2},
        {&cmc_oid_id_cmc_dataReturn, &cmc_it_octet_string},
        {&cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id},
        {&cmc_oid_id_cmc_senderNonce, &cmc_it_nonce},
        {&cmc_oid_id_cmc_recipientNonce, &cmc_it_nonce},
        {&cmc_oid_id_cmc_addExtensions, &cmc_it_add_extensions},
        {&cmc_oid_id_cmc_modCertTemplate, &cmc_it_mod_cert_template},
        {&cmc_oid_id_cmc_encryptedPOP, &cmc_it_encrypted_pop},
        {&cmc_oid_id_cmc_decryptedPOP, &cmc_it_decrypted_pop},
        {&cmc_oid_id_cmc_lraPOPWitness, &cmc_it_lra_pop_witness},
        {&cmc_oid_id_cmc_getCert, &cmc_it_get_cert},
        {&cmc_oid_id_cmc_getCRL, &cmc_it_get_crl},
        {&cmc_oid_id_cmc_revokeRequest, &cmc_it_revoke_request},
        {&cmc_oid_id_cmc_regInfo, &cmc_it_octet_string},
        {&cmc_oid_id_cmc_responseInfo, &cmc_it_octet_string},
        {&cmc_oid_id_cmc_queryPending, &cmc_it_octet_string},
        {&cmc_oid_id_cmc_popLinkRandom, &cmc_it_octet_string},
        {&cmc_oid_id_cmc_popLinkWitness, &cmc_it_octet_string},
        {&cmc_oid_id_cmc_popLinkWitnessV2, &cmc_it_pop_link_witness_v2},
        {&cmc_oid_id_cmc_confirmCertAcceptance, &cmc_it_issuer_serial},
        {&cmc_oid_id_cmc_trustedAnchors, &cmc_it_trust_anchors},
        {&cmc_oid_id_cmc_authData, &cmc_it_body_part_id},
        {&cmc_oid_id_cmc_batchRequests, &cmc_it_body_part_list},
        {&cmc_oid_id_cmc_batchResponses, &cmc_it_body_part_list},
        {&cmc_oid_id_cmc_publishCert, &cmc_it_publish_cert},
        {&cmc_oid_id_cmc_controlProcessed, &cmc_it_control_processed},
        {&cmc_oid_id_cmc_raIdentityWitness, &cmc_it_body_part_path},
        {&cmc_oid_id_cmc_responseBody, &cmc_it_body_part_path},
        {&cmc_oid_szOID_CMC_ADD_ATTRIBUTES, &ms_add_attributes},
        {&cmc_oid_szOID_ISSUED_CERT_HASH, &cmc_it_octet_string},
    };

    for (size_t i = 0; i < CMC_COUNT(types); i++) {
        if (cmc_slice_eq(*types[i].oid, type))
            return types[i].item;
    }
    return NULL;
}
