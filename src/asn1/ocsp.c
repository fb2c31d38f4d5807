/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6960 appendix B.2 as tables. The module has EXPLICIT TAGS. */
#include "asn1/ocsp.h"

#include "base/limit.h"

/*
 * CertID ::= SEQUENCE {
 *     hashAlgorithm AlgorithmIdentifier,
 *     issuerNameHash OCTET STRING, -- hash of the issuer's Name
 *     issuerKeyHash OCTET STRING,  -- hash of the issuer's subjectPublicKey bits
 *     serialNumber CertificateSerialNumber }
 */
static const struct cmc_field f_cert_id[] = {
    CMC_FIELD(cmc_ocsp_cert_id, hash, "hashAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_ocsp_cert_id, issuer_name_hash, "issuerNameHash", cmc_it_octet_string),
    CMC_FIELD(cmc_ocsp_cert_id, issuer_key_hash, "issuerKeyHash", cmc_it_octet_string),
    CMC_FIELD(cmc_ocsp_cert_id, serial, "serialNumber", cmc_it_integer),
};
static CMC_SEQUENCE_RAW(cmc_ocsp_cert_id, "CertID", cert_id, f_cert_id);

/* -- the request ------------------------------------------------------------------------- */

/* Request ::= SEQUENCE { reqCert CertID, singleRequestExtensions [0] Extensions OPTIONAL } */
static const struct cmc_field f_single_request[] = {
    CMC_FIELD(cmc_ocsp_single_request, cert_id, "reqCert", cert_id),
    CMC_FIELD_X(cmc_ocsp_single_request, extensions, "singleRequestExtensions", cmc_it_extensions,
                0, CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_ocsp_single_request, "Request", single_request, f_single_request);
static CMC_SEQUENCE_OF("SEQUENCE OF Request", requests, single_request, 1, CMC_LIMIT_OCSP_REQUESTS);

/*
 * TBSRequest ::= SEQUENCE {
 *     version [0] Version DEFAULT v1,
 *     requestorName [1] GeneralName OPTIONAL,
 *     requestList SEQUENCE OF Request,
 *     requestExtensions [2] Extensions OPTIONAL }
 */
static const struct cmc_field f_tbs_request[] = {
    CMC_FIELD_X(cmc_ocsp_tbs_request, version, "version", cmc_it_uint32, 0,
                CMC_F_EXPLICIT | CMC_F_DEFAULT_ZERO),
    CMC_FIELD_X(cmc_ocsp_tbs_request, requestor, "requestorName", cmc_it_general_name, 1,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL | CMC_F_POINTER),
    CMC_FIELD(cmc_ocsp_tbs_request, requests, "requestList", requests),
    CMC_FIELD_X(cmc_ocsp_tbs_request, extensions, "requestExtensions", cmc_it_extensions, 2,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_ocsp_tbs_request, "TBSRequest", tbs_request, f_tbs_request);

/* OCSPRequest ::= SEQUENCE { tbsRequest, optionalSignature [0] Signature OPTIONAL } */
static const struct cmc_field f_request[] = {
    CMC_FIELD(cmc_ocsp_request, tbs, "tbsRequest", tbs_request),
    CMC_FIELD_X(cmc_ocsp_request, signature, "optionalSignature", cmc_it_any, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_ocsp_request, "OCSPRequest", cmc_it_ocsp_request, f_request);

/* -- the response ------------------------------------------------------------------------ */

/* ResponderID ::= CHOICE { byName [1] Name, byKey [2] KeyHash } */
static const struct cmc_field f_responder_id[] = {
    CMC_FIELD_X(cmc_ocsp_responder_id, v, "byName", cmc_it_name, 1, CMC_F_EXPLICIT),
    CMC_FIELD_X(cmc_ocsp_responder_id, v, "byKey", cmc_it_octet_string, 2, CMC_F_EXPLICIT),
};
static CMC_CHOICE(cmc_ocsp_responder_id, "ResponderID", responder_id, f_responder_id);

/* RevokedInfo ::= SEQUENCE { revocationTime, revocationReason [0] CRLReason OPTIONAL } */
static const struct cmc_field f_revoked_info[] = {
    CMC_FIELD(cmc_ocsp_revoked_info, time, "revocationTime", cmc_it_gentime),
    CMC_FIELD_X(cmc_ocsp_revoked_info, reason, "revocationReason", cmc_it_any, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_ocsp_revoked_info, "RevokedInfo", revoked_info, f_revoked_info);

/*
 * CertStatus ::= CHOICE {
 *     good [0] IMPLICIT NULL,
 *     revoked [1] IMPLICIT RevokedInfo,
 *     unknown [2] IMPLICIT UnknownInfo }
 */
static const struct cmc_field f_cert_status[] = {
    CMC_FIELD_X(cmc_ocsp_cert_status, u.none, "good", cmc_it_null, 0, 0),
    CMC_FIELD_X(cmc_ocsp_cert_status, u.revoked, "revoked", revoked_info, 1, 0),
    CMC_FIELD_X(cmc_ocsp_cert_status, u.none, "unknown", cmc_it_null, 2, 0),
};
static CMC_CHOICE(cmc_ocsp_cert_status, "CertStatus", cert_status, f_cert_status);

/*
 * SingleResponse ::= SEQUENCE {
 *     certID CertID,
 *     certStatus CertStatus,
 *     thisUpdate GeneralizedTime,
 *     nextUpdate [0] GeneralizedTime OPTIONAL,
 *     singleExtensions [1] Extensions OPTIONAL }
 */
static const struct cmc_field f_single_response[] = {
    CMC_FIELD(cmc_ocsp_single_response, cert_id, "certID", cert_id),
    CMC_FIELD(cmc_ocsp_single_response, status, "certStatus", cert_status),
    CMC_FIELD(cmc_ocsp_single_response, this_update, "thisUpdate", cmc_it_gentime),
    CMC_FIELD_X(cmc_ocsp_single_response, next_update, "nextUpdate", cmc_it_gentime, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_ocsp_single_response, extensions, "singleExtensions", cmc_it_extensions, 1,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_ocsp_single_response, "SingleResponse", single_response, f_single_response);
CMC_SEQUENCE_OF("SEQUENCE OF SingleResponse", cmc_it_ocsp_single_responses, single_response, 0,
                CMC_LIMIT_OCSP_REQUESTS);

/*
 * ResponseData ::= SEQUENCE {
 *     version [0] Version DEFAULT v1,
 *     responderID ResponderID,
 *     producedAt GeneralizedTime,
 *     responses SEQUENCE OF SingleResponse,
 *     responseExtensions [1] Extensions OPTIONAL }
 */
static const struct cmc_field f_response_data[] = {
    CMC_FIELD_X(cmc_ocsp_response_data, version, "version", cmc_it_uint32, 0,
                CMC_F_EXPLICIT | CMC_F_DEFAULT_ZERO),
    CMC_FIELD(cmc_ocsp_response_data, responder, "responderID", responder_id),
    CMC_FIELD(cmc_ocsp_response_data, produced_at, "producedAt", cmc_it_gentime),
    CMC_FIELD(cmc_ocsp_response_data, responses, "responses", cmc_it_ocsp_single_responses),
    CMC_FIELD_X(cmc_ocsp_response_data, extensions, "responseExtensions", cmc_it_extensions, 1,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
CMC_SEQUENCE_RAW(cmc_ocsp_response_data, "ResponseData", cmc_it_ocsp_response_data,
                 f_response_data);

/*
 * BasicOCSPResponse ::= SEQUENCE {
 *     tbsResponseData ResponseData,
 *     signatureAlgorithm AlgorithmIdentifier,
 *     signature BIT STRING,
 *     certs [0] SEQUENCE OF Certificate OPTIONAL }
 */
static const struct cmc_field f_basic[] = {
    CMC_FIELD(cmc_ocsp_basic_response, data, "tbsResponseData", cmc_it_ocsp_response_data),
    CMC_FIELD(cmc_ocsp_basic_response, algorithm, "signatureAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_ocsp_basic_response, signature, "signature", cmc_it_bit_string),
    CMC_FIELD_X(cmc_ocsp_basic_response, certs, "certs", cmc_it_seq_any, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_ocsp_basic_response, "BasicOCSPResponse", cmc_it_ocsp_basic_response, f_basic);

/* ResponseBytes ::= SEQUENCE { responseType OBJECT IDENTIFIER, response OCTET STRING } */
static const struct cmc_field f_bytes[] = {
    CMC_FIELD(cmc_ocsp_response_bytes, type, "responseType", cmc_it_oid),
    CMC_FIELD(cmc_ocsp_response_bytes, response, "response", cmc_it_octet_string),
};
static CMC_SEQUENCE(cmc_ocsp_response_bytes, "ResponseBytes", response_bytes, f_bytes);

static const char *const statuses[] = {
    "successful",   "malformedRequest", "internalError", "tryLater",
    "4 (not used)", "sigRequired",      "unauthorized",  NULL};
static const struct cmc_item response_status = {.name = "OCSPResponseStatus",
                                                .kind = CMC_K_UINT32,
                                                .universal = CMC_T_ENUMERATED,
                                                .size = sizeof(uint32_t),
                                                .raw = CMC_NO_RAW,
                                                .values = statuses};

/* OCSPResponse ::= SEQUENCE { responseStatus, responseBytes [0] ResponseBytes OPTIONAL } */
static const struct cmc_field f_response[] = {
    CMC_FIELD(cmc_ocsp_response, status, "responseStatus", response_status),
    CMC_FIELD_X(cmc_ocsp_response, bytes, "responseBytes", response_bytes, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL | CMC_F_POINTER),
};
CMC_SEQUENCE(cmc_ocsp_response, "OCSPResponse", cmc_it_ocsp_response, f_response);
