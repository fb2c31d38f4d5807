/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4211 appendix B as tables. Its module has IMPLICIT TAGS. */
#include "asn1/crmf.h"

#include "asn1/cmc.h"
#include "asn1/oids.h"

/* OptionalValidity ::= SEQUENCE { notBefore [0] Time OPTIONAL, notAfter [1] Time OPTIONAL }
 * A tag on the CHOICE Time is EXPLICIT (X.680 section 31.2.7). */
static const struct cmc_field f_optional_validity[] = {
    CMC_FIELD_X(cmc_optional_validity, not_before, "notBefore", cmc_it_time_any, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_optional_validity, not_after, "notAfter", cmc_it_time_any, 1,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_optional_validity, "OptionalValidity", optional_validity,
                    f_optional_validity);

/*
 * CertTemplate ::= SEQUENCE {
 *     version      [0] Version               OPTIONAL,
 *     serialNumber [1] INTEGER               OPTIONAL,
 *     signingAlg   [2] AlgorithmIdentifier   OPTIONAL,
 *     issuer       [3] Name                  OPTIONAL,   -- EXPLICIT, Name is a CHOICE
 *     validity     [4] OptionalValidity      OPTIONAL,
 *     subject      [5] Name                  OPTIONAL,   -- EXPLICIT
 *     publicKey    [6] SubjectPublicKeyInfo  OPTIONAL,
 *     issuerUID    [7] UniqueIdentifier      OPTIONAL,
 *     subjectUID   [8] UniqueIdentifier      OPTIONAL,
 *     extensions   [9] Extensions            OPTIONAL }
 */
static const struct cmc_field f_cert_template[] = {
    CMC_FIELD_X(cmc_cert_template, version, "version", cmc_it_integer, 0, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, serial, "serialNumber", cmc_it_serial_number, 1, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, signing_alg, "signingAlg", cmc_it_algid, 2,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, issuer, "issuer", cmc_it_name, 3,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, validity, "validity", optional_validity, 4,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, subject, "subject", cmc_it_name, 5,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, spki, "publicKey", cmc_it_spki, 6,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, issuer_uid, "issuerUID", cmc_it_bit_string, 7, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, subject_uid, "subjectUID", cmc_it_bit_string, 8, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_template, extensions, "extensions", cmc_it_extensions, 9, CMC_F_OPTIONAL),
};
CMC_SEQUENCE_RAW(cmc_cert_template, "CertTemplate", cmc_it_cert_template, f_cert_template);

/* CertRequest ::= SEQUENCE { certReqId INTEGER, certTemplate, controls Controls OPTIONAL }
 * Controls ::= SEQUENCE SIZE (1..MAX) OF AttributeTypeAndValue; an empty one is accepted, as
 * deployed clients send it.
 * In CMC the certReqId is a BodyPartID (RFC 10002 section 3.2.1.2). */
CMC_SEQUENCE_OF("Controls", cmc_it_crmf_controls, cmc_it_atv, 0, CMC_LIMIT_ATTRIBUTES);
static const struct cmc_field f_cert_request[] = {
    CMC_FIELD(cmc_cert_request, cert_req_id, "certReqId", cmc_it_uint32),
    CMC_FIELD(cmc_cert_request, tmpl, "certTemplate", cmc_it_cert_template),
    CMC_FIELD_X(cmc_cert_request, controls, "controls", cmc_it_crmf_controls, CMC_NO_TAG,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE_RAW(cmc_cert_request, "CertRequest", cmc_it_cert_request, f_cert_request);

/*
 * POPOSigningKey ::= SEQUENCE {
 *     poposkInput [0] POPOSigningKeyInput OPTIONAL,
 *     algorithmIdentifier AlgorithmIdentifier,
 *     signature BIT STRING }
 */
static const struct cmc_field f_pop_signing_key[] = {
    CMC_FIELD_X(cmc_pop_signing_key, poposk_input, "poposkInput", cmc_it_any, 0, CMC_F_OPTIONAL),
    CMC_FIELD(cmc_pop_signing_key, algorithm, "algorithmIdentifier", cmc_it_algid),
    CMC_FIELD(cmc_pop_signing_key, signature, "signature", cmc_it_bit_string),
};
static CMC_SEQUENCE(cmc_pop_signing_key, "POPOSigningKey", pop_signing_key, f_pop_signing_key);

/*
 * POPOPrivKey ::= CHOICE {
 *     thisMessage       [0] BIT STRING,
 *     subsequentMessage [1] SubsequentMessage,  -- INTEGER { encrCert(0), challengeResp(1) }
 *     dhMAC             [2] BIT STRING,
 *     agreeMAC          [3] PKMACValue,
 *     encryptedKey      [4] EnvelopedData }
 */
static const char *const subsequent_values[] = {"encrCert", "challengeResp", NULL};
static const struct cmc_item subsequent_message = {.name = "SubsequentMessage",
                                                   .kind = CMC_K_UINT32,
                                                   .universal = CMC_T_INTEGER,
                                                   .size = sizeof(uint32_t),
                                                   .raw = CMC_NO_RAW,
                                                   .values = subsequent_values};
static const struct cmc_field f_pop_priv_key[] = {
    CMC_FIELD_X(cmc_pop_priv_key, u.octets, "thisMessage", cmc_it_bit_string, 0, 0),
    CMC_FIELD_X(cmc_pop_priv_key, u.subsequent, "subsequentMessage", subsequent_message, 1, 0),
    CMC_FIELD_X(cmc_pop_priv_key, u.octets, "dhMAC", cmc_it_bit_string, 2, 0),
    CMC_FIELD_X(cmc_pop_priv_key, u.octets, "agreeMAC", cmc_it_any, 3, 0),
    CMC_FIELD_X(cmc_pop_priv_key, u.octets, "encryptedKey", cmc_it_any, 4, 0),
};
static CMC_CHOICE(cmc_pop_priv_key, "POPOPrivKey", pop_priv_key, f_pop_priv_key);

/*
 * ProofOfPossession ::= CHOICE {
 *     raVerified      [0] NULL,
 *     signature       [1] POPOSigningKey,
 *     keyEncipherment [2] POPOPrivKey,   -- EXPLICIT, POPOPrivKey is a CHOICE
 *     keyAgreement    [3] POPOPrivKey }
 */
static const struct cmc_field f_pop[] = {
    CMC_FIELD_X(cmc_pop, u.ra_verified, "raVerified", cmc_it_null, 0, 0),
    CMC_FIELD_X(cmc_pop, u.signature, "signature", pop_signing_key, 1, 0),
    CMC_FIELD_X(cmc_pop, u.priv_key, "keyEncipherment", pop_priv_key, 2, CMC_F_EXPLICIT),
    CMC_FIELD_X(cmc_pop, u.priv_key, "keyAgreement", pop_priv_key, 3, CMC_F_EXPLICIT),
};
CMC_CHOICE(cmc_pop, "ProofOfPossession", cmc_it_pop, f_pop);

/*
 * CertReqMsg ::= SEQUENCE {
 *     certReq CertRequest,
 *     popo    ProofOfPossession OPTIONAL,
 *     regInfo SEQUENCE SIZE (1..MAX) OF AttributeTypeAndValue OPTIONAL }
 * CertReqMessages ::= SEQUENCE SIZE (1..MAX) OF CertReqMsg
 */
static CMC_SEQUENCE_OF("regInfo", reg_info, cmc_it_atv, 0, CMC_LIMIT_ATTRIBUTES);
static const struct cmc_field f_cert_req_msg[] = {
    CMC_FIELD(cmc_cert_req_msg, request, "certReq", cmc_it_cert_request),
    CMC_FIELD_X(cmc_cert_req_msg, pop, "popo", cmc_it_pop, CMC_NO_TAG,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_cert_req_msg, reg_info, "regInfo", reg_info, CMC_NO_TAG, CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_cert_req_msg, "CertReqMsg", cmc_it_cert_req_msg, f_cert_req_msg);
CMC_SEQUENCE_OF("CertReqMessages", cmc_it_cert_req_messages, cmc_it_cert_req_msg, 1,
                CMC_LIMIT_REQUESTS);
