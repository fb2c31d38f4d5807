/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5652 section 12.1, RFC 5083, RFC 5084, RFC 6211, RFC 4055, RFC 8018 and RFC 9629 as tables.
 */
#include "asn1/cms.h"

#include "asn1/cmc.h"
#include "asn1/oids.h"

/*
 * ContentInfo ::= SEQUENCE {
 *     contentType ContentType,
 *     content [0] EXPLICIT ANY DEFINED BY contentType OPTIONAL }
 * CMS makes the content mandatory; PKCS#7 does not, and the decoder leaves that to the caller.
 */
static const struct cmc_item *content_open(const void *parent)
{
    return cmc_content_item(((const struct cmc_content_info *)parent)->content_type);
}
static const struct cmc_field f_content_info[] = {
    CMC_FIELD(cmc_content_info, content_type, "contentType", cmc_it_oid),
    CMC_FIELD_OPEN(cmc_content_info, content, "content", cmc_it_any, 0,
                   CMC_F_EXPLICIT | CMC_F_OPTIONAL, content_open),
};
CMC_SEQUENCE_RAW(cmc_content_info, "ContentInfo", cmc_it_content_info, f_content_info);

/*
 * EncapsulatedContentInfo ::= SEQUENCE {
 *     eContentType ContentType,
 *     eContent [0] EXPLICIT OCTET STRING OPTIONAL }
 */
static const struct cmc_item *encap_open(const void *parent)
{
    return cmc_content_item(((const struct cmc_encap_content *)parent)->type);
}
static const struct cmc_field f_encap[] = {
    CMC_FIELD(cmc_encap_content, type, "eContentType", cmc_it_oid),
    CMC_FIELD_OPEN(cmc_encap_content, content, "eContent", cmc_it_octet_string, 0,
                   CMC_F_EXPLICIT | CMC_F_OPTIONAL | CMC_F_WRAPPED, encap_open),
};
static CMC_SEQUENCE(cmc_encap_content, "EncapsulatedContentInfo", encap, f_encap);

/* SignerIdentifier ::= CHOICE { issuerAndSerialNumber, subjectKeyIdentifier [0] OCTET STRING } */
static const struct cmc_field f_sid[] = {
    CMC_FIELD(cmc_signer_id, u.issuer_serial, "issuerAndSerialNumber", cmc_it_issuer_serial),
    CMC_FIELD_X(cmc_signer_id, u.ski, "subjectKeyIdentifier", cmc_it_octet_string, 0, 0),
};
static CMC_CHOICE(cmc_signer_id, "SignerIdentifier", sid, f_sid);

/*
 * SignerInfo ::= SEQUENCE {
 *     version CMSVersion,
 *     sid SignerIdentifier,
 *     digestAlgorithm DigestAlgorithmIdentifier,
 *     signedAttrs [0] IMPLICIT SET SIZE (1..MAX) OF Attribute OPTIONAL,
 *     signatureAlgorithm SignatureAlgorithmIdentifier,
 *     signature OCTET STRING,
 *     unsignedAttrs [1] IMPLICIT SET SIZE (1..MAX) OF Attribute OPTIONAL }
 * signedAttrs is kept whole: its octets, with the tag of SET OF, are what is signed.
 */
static const struct cmc_item *attributes_open(const void *parent)
{
    (void)parent;
    return &cmc_it_attributes;
}
static const struct cmc_field f_signer_info[] = {
    CMC_FIELD(cmc_signer_info, version, "version", cmc_it_uint32),
    CMC_FIELD(cmc_signer_info, sid, "sid", sid),
    CMC_FIELD(cmc_signer_info, digest_algorithm, "digestAlgorithm", cmc_it_algid),
    CMC_FIELD_OPEN(cmc_signer_info, signed_attrs, "signedAttrs", cmc_it_any, 0, CMC_F_OPTIONAL,
                   attributes_open),
    CMC_FIELD(cmc_signer_info, signature_algorithm, "signatureAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_signer_info, signature, "signature", cmc_it_octet_string),
    CMC_FIELD_X(cmc_signer_info, unsigned_attrs, "unsignedAttrs", cmc_it_attributes, 1,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_signer_info, "SignerInfo", cmc_it_signer_info, f_signer_info);

/*
 * SignedData ::= SEQUENCE {
 *     version CMSVersion,
 *     digestAlgorithms SET OF DigestAlgorithmIdentifier,
 *     encapContentInfo EncapsulatedContentInfo,
 *     certificates [0] IMPLICIT SET OF CertificateChoices OPTIONAL,
 *     crls [1] IMPLICIT SET OF RevocationInfoChoice OPTIONAL,
 *     signerInfos SET OF SignerInfo }
 */
static const struct cmc_item *certificate_open(const void *parent)
{
    (void)parent;
    return &cmc_it_cert;
}
static const struct cmc_item *crl_open(const void *parent)
{
    (void)parent;
    return &cmc_it_crl;
}
static CMC_SET_OF("DigestAlgorithmIdentifiers", digest_algorithms, cmc_it_algid, 0,
                  CMC_LIMIT_CMS_SIGNERS);
static CMC_SET_OF("CertificateSet", certificate_set, cmc_it_any, 0, CMC_LIMIT_CMS_ISSUED);
static CMC_SET_OF("RevocationInfoChoices", crl_set, cmc_it_any, 0, CMC_LIMIT_CMS_CRLS);
static CMC_SET_OF("SignerInfos", signer_infos, cmc_it_signer_info, 0, CMC_LIMIT_CMS_SIGNERS);
static const struct cmc_field f_signed_data[] = {
    CMC_FIELD(cmc_signed_data, version, "version", cmc_it_uint32),
    CMC_FIELD(cmc_signed_data, digest_algorithms, "digestAlgorithms", digest_algorithms),
    CMC_FIELD(cmc_signed_data, encap, "encapContentInfo", encap),
    CMC_FIELD_OPEN(cmc_signed_data, certs, "certificates", certificate_set, 0,
                   CMC_F_OPTIONAL | CMC_F_OPEN_LIST, certificate_open),
    CMC_FIELD_OPEN(cmc_signed_data, crls, "crls", crl_set, 1, CMC_F_OPTIONAL | CMC_F_OPEN_LIST,
                   crl_open),
    CMC_FIELD(cmc_signed_data, signer_infos, "signerInfos", signer_infos),
};
CMC_SEQUENCE(cmc_signed_data, "SignedData", cmc_it_signed_data, f_signed_data);

/* -- recipients: RFC 5652 section 6.2 ---------------------------------------------------- */

/* KeyTransRecipientInfo ::= SEQUENCE { version, rid, keyEncryptionAlgorithm, encryptedKey } */
static const struct cmc_field f_ktri[] = {
    CMC_FIELD(cmc_ktri, version, "version", cmc_it_uint32),
    CMC_FIELD(cmc_ktri, rid, "rid", sid),
    CMC_FIELD(cmc_ktri, key_encryption, "keyEncryptionAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_ktri, encrypted_key, "encryptedKey", cmc_it_octet_string),
};
static CMC_SEQUENCE(cmc_ktri, "KeyTransRecipientInfo", ktri, f_ktri);

/*
 * KeyAgreeRecipientInfo ::= SEQUENCE {
 *     version CMSVersion,  -- 3
 *     originator [0] EXPLICIT OriginatorIdentifierOrKey,
 *     ukm [1] EXPLICIT UserKeyingMaterial OPTIONAL,
 *     keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
 *     recipientEncryptedKeys SEQUENCE OF RecipientEncryptedKey }
 * OriginatorIdentifierOrKey ::= CHOICE {
 *     issuerAndSerialNumber, subjectKeyIdentifier [0], originatorKey [1] OriginatorPublicKey }
 */
static const struct cmc_field f_originator_key[] = {
    CMC_FIELD(cmc_spki, algorithm, "algorithm", cmc_it_algid),
    CMC_FIELD(cmc_spki, public_key, "publicKey", cmc_it_bit_string),
};
static CMC_SEQUENCE(cmc_spki, "OriginatorPublicKey", originator_key, f_originator_key);
static const struct cmc_field f_originator_id[] = {
    CMC_FIELD(cmc_originator_id, u.issuer_serial, "issuerAndSerialNumber", cmc_it_issuer_serial),
    CMC_FIELD_X(cmc_originator_id, u.ski, "subjectKeyIdentifier", cmc_it_octet_string, 0, 0),
    CMC_FIELD_X(cmc_originator_id, u.key, "originatorKey", originator_key, 1, 0),
};
static CMC_CHOICE(cmc_originator_id, "OriginatorIdentifierOrKey", originator_id, f_originator_id);
static const struct cmc_field f_recipient_key_id[] = {
    CMC_FIELD(cmc_recipient_key_id, ski, "subjectKeyIdentifier", cmc_it_octet_string),
    CMC_FIELD_X(cmc_recipient_key_id, date, "date", cmc_it_gentime, CMC_NO_TAG, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_recipient_key_id, other, "other", cmc_it_any, CMC_NO_TAG, CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_recipient_key_id, "RecipientKeyIdentifier", recipient_key_id,
                    f_recipient_key_id);
static const struct cmc_field f_kari_rid[] = {
    CMC_FIELD(cmc_kari_rid, u.issuer_serial, "issuerAndSerialNumber", cmc_it_issuer_serial),
    CMC_FIELD_X(cmc_kari_rid, u.key_id, "rKeyId", recipient_key_id, 0, 0),
};
static CMC_CHOICE(cmc_kari_rid, "KeyAgreeRecipientIdentifier", kari_rid, f_kari_rid);
static const struct cmc_field f_recipient_encrypted_key[] = {
    CMC_FIELD(cmc_recipient_encrypted_key, rid, "rid", kari_rid),
    CMC_FIELD(cmc_recipient_encrypted_key, encrypted_key, "encryptedKey", cmc_it_octet_string),
};
static CMC_SEQUENCE(cmc_recipient_encrypted_key, "RecipientEncryptedKey", recipient_encrypted_key,
                    f_recipient_encrypted_key);
static CMC_SEQUENCE_OF("RecipientEncryptedKeys", recipient_encrypted_keys, recipient_encrypted_key,
                       1, CMC_LIMIT_CMS_RECIPIENTS);
static const struct cmc_field f_kari[] = {
    CMC_FIELD(cmc_kari, version, "version", cmc_it_uint32),
    CMC_FIELD_X(cmc_kari, originator, "originator", originator_id, 0, CMC_F_EXPLICIT),
    CMC_FIELD_X(cmc_kari, ukm, "ukm", cmc_it_octet_string, 1, CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD(cmc_kari, key_encryption, "keyEncryptionAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_kari, keys, "recipientEncryptedKeys", recipient_encrypted_keys),
};
static CMC_SEQUENCE(cmc_kari, "KeyAgreeRecipientInfo", kari, f_kari);

/* KEKRecipientInfo ::= SEQUENCE { version 4, kekid, keyEncryptionAlgorithm, encryptedKey } */
static const struct cmc_field f_kek_id[] = {
    CMC_FIELD(cmc_kek_id, key_id, "keyIdentifier", cmc_it_octet_string),
    CMC_FIELD_X(cmc_kek_id, date, "date", cmc_it_gentime, CMC_NO_TAG, CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_kek_id, other, "other", cmc_it_any, CMC_NO_TAG, CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_kek_id, "KEKIdentifier", kek_id, f_kek_id);
static const struct cmc_field f_kekri[] = {
    CMC_FIELD(cmc_kekri, version, "version", cmc_it_uint32),
    CMC_FIELD(cmc_kekri, id, "kekid", kek_id),
    CMC_FIELD(cmc_kekri, key_encryption, "keyEncryptionAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_kekri, encrypted_key, "encryptedKey", cmc_it_octet_string),
};
static CMC_SEQUENCE(cmc_kekri, "KEKRecipientInfo", kekri, f_kekri);

/*
 * PasswordRecipientInfo ::= SEQUENCE {
 *     version CMSVersion,  -- 0
 *     keyDerivationAlgorithm [0] KeyDerivationAlgorithmIdentifier OPTIONAL,
 *     keyEncryptionAlgorithm KeyEncryptionAlgorithmIdentifier,
 *     encryptedKey EncryptedKey }
 */
static const struct cmc_field f_pwri[] = {
    CMC_FIELD(cmc_pwri, version, "version", cmc_it_uint32),
    CMC_FIELD_X(cmc_pwri, key_derivation, "keyDerivationAlgorithm", cmc_it_algid, 0,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD(cmc_pwri, key_encryption, "keyEncryptionAlgorithm", cmc_it_algid),
    CMC_FIELD(cmc_pwri, encrypted_key, "encryptedKey", cmc_it_octet_string),
};
static CMC_SEQUENCE(cmc_pwri, "PasswordRecipientInfo", pwri, f_pwri);

/*
 * KEMRecipientInfo ::= SEQUENCE {  -- RFC 9629
 *     version CMSVersion,  -- 0
 *     rid RecipientIdentifier,
 *     kem KEMAlgorithmIdentifier,
 *     kemct OCTET STRING,
 *     kdf KeyDerivationAlgorithmIdentifier,
 *     kekLength INTEGER (1..65535),
 *     ukm [0] EXPLICIT UserKeyingMaterial OPTIONAL,
 *     wrap KeyEncryptionAlgorithmIdentifier,
 *     encryptedKey EncryptedKey }
 */
static const struct cmc_field f_kemri[] = {
    CMC_FIELD(cmc_kemri, version, "version", cmc_it_uint32),
    CMC_FIELD(cmc_kemri, rid, "rid", sid),
    CMC_FIELD(cmc_kemri, kem, "kem", cmc_it_algid),
    CMC_FIELD(cmc_kemri, kemct, "kemct", cmc_it_octet_string),
    CMC_FIELD(cmc_kemri, kdf, "kdf", cmc_it_algid),
    CMC_FIELD(cmc_kemri, kek_length, "kekLength", cmc_it_uint32),
    CMC_FIELD_X(cmc_kemri, ukm, "ukm", cmc_it_octet_string, 0, CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD(cmc_kemri, wrap, "wrap", cmc_it_algid),
    CMC_FIELD(cmc_kemri, encrypted_key, "encryptedKey", cmc_it_octet_string),
};
CMC_SEQUENCE(cmc_kemri, "KEMRecipientInfo", cmc_it_kemri, f_kemri);

/* OtherRecipientInfo ::= SEQUENCE { oriType OBJECT IDENTIFIER, oriValue ANY } */
static const struct cmc_item *ori_open(const void *parent)
{
    const struct cmc_ori *ori = parent;

    return cmc_slice_eq(ori->type, cmc_oid_id_ori_kem) ? &cmc_it_kemri : NULL;
}
static const struct cmc_field f_ori[] = {
    CMC_FIELD(cmc_ori, type, "oriType", cmc_it_oid),
    CMC_FIELD_OPEN(cmc_ori, value, "oriValue", cmc_it_any, CMC_NO_TAG, 0, ori_open),
};
static CMC_SEQUENCE(cmc_ori, "OtherRecipientInfo", ori, f_ori);

/*
 * RecipientInfo ::= CHOICE {
 *     ktri KeyTransRecipientInfo, kari [1] KeyAgreeRecipientInfo, kekri [2] KEKRecipientInfo,
 *     pwri [3] PasswordRecipientInfo, ori [4] OtherRecipientInfo }
 */
static const struct cmc_field f_recipient_info[] = {
    CMC_FIELD(cmc_recipient_info, u.ktri, "ktri", ktri),
    CMC_FIELD_X(cmc_recipient_info, u.kari, "kari", kari, 1, 0),
    CMC_FIELD_X(cmc_recipient_info, u.kekri, "kekri", kekri, 2, 0),
    CMC_FIELD_X(cmc_recipient_info, u.pwri, "pwri", pwri, 3, 0),
    CMC_FIELD_X(cmc_recipient_info, u.ori, "ori", ori, 4, 0),
};
CMC_CHOICE(cmc_recipient_info, "RecipientInfo", cmc_it_recipient_info, f_recipient_info);
CMC_SET_OF("RecipientInfos", cmc_it_recipient_infos, cmc_it_recipient_info, 0,
           CMC_LIMIT_CMS_RECIPIENTS);

/* OriginatorInfo ::= SEQUENCE { certs [0] CertificateSet OPTIONAL, crls [1] OPTIONAL } */
static const struct cmc_field f_originator_info[] = {
    CMC_FIELD_OPEN(cmc_originator_info, certs, "certs", certificate_set, 0,
                   CMC_F_OPTIONAL | CMC_F_OPEN_LIST, certificate_open),
    CMC_FIELD_OPEN(cmc_originator_info, crls, "crls", crl_set, 1, CMC_F_OPTIONAL | CMC_F_OPEN_LIST,
                   crl_open),
};
static CMC_SEQUENCE(cmc_originator_info, "OriginatorInfo", originator_info, f_originator_info);

/*
 * EncryptedContentInfo ::= SEQUENCE {
 *     contentType ContentType,
 *     contentEncryptionAlgorithm ContentEncryptionAlgorithmIdentifier,
 *     encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL }
 */
static const struct cmc_field f_encrypted_content[] = {
    CMC_FIELD(cmc_encrypted_content, type, "contentType", cmc_it_oid),
    CMC_FIELD(cmc_encrypted_content, algorithm, "contentEncryptionAlgorithm", cmc_it_algid),
    CMC_FIELD_X(cmc_encrypted_content, content, "encryptedContent", cmc_it_octet_string, 0,
                CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(cmc_encrypted_content, "EncryptedContentInfo", encrypted_content,
                    f_encrypted_content);

/*
 * EnvelopedData ::= SEQUENCE {
 *     version CMSVersion,
 *     originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
 *     recipientInfos SET SIZE (1..MAX) OF RecipientInfo,
 *     encryptedContentInfo EncryptedContentInfo,
 *     unprotectedAttrs [1] IMPLICIT SET OF Attribute OPTIONAL }
 */
static const struct cmc_field f_enveloped_data[] = {
    CMC_FIELD(cmc_enveloped_data, version, "version", cmc_it_uint32),
    CMC_FIELD_X(cmc_enveloped_data, originator, "originatorInfo", originator_info, 0,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD(cmc_enveloped_data, recipients, "recipientInfos", cmc_it_recipient_infos),
    CMC_FIELD(cmc_enveloped_data, content, "encryptedContentInfo", encrypted_content),
    CMC_FIELD_X(cmc_enveloped_data, unprotected_attrs, "unprotectedAttrs", cmc_it_attributes, 1,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_enveloped_data, "EnvelopedData", cmc_it_enveloped_data, f_enveloped_data);

/*
 * AuthEnvelopedData ::= SEQUENCE {  -- RFC 5083
 *     version CMSVersion,  -- 0
 *     originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
 *     recipientInfos RecipientInfos,
 *     authEncryptedContentInfo EncryptedContentInfo,
 *     authAttrs [1] IMPLICIT AuthAttributes OPTIONAL,
 *     mac MessageAuthenticationCode,
 *     unauthAttrs [2] IMPLICIT UnauthAttributes OPTIONAL }
 */
static const struct cmc_field f_auth_enveloped_data[] = {
    CMC_FIELD(cmc_auth_enveloped_data, version, "version", cmc_it_uint32),
    CMC_FIELD_X(cmc_auth_enveloped_data, originator, "originatorInfo", originator_info, 0,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD(cmc_auth_enveloped_data, recipients, "recipientInfos", cmc_it_recipient_infos),
    CMC_FIELD(cmc_auth_enveloped_data, content, "authEncryptedContentInfo", encrypted_content),
    CMC_FIELD_OPEN(cmc_auth_enveloped_data, auth_attrs, "authAttrs", cmc_it_any, 1, CMC_F_OPTIONAL,
                   attributes_open),
    CMC_FIELD(cmc_auth_enveloped_data, mac, "mac", cmc_it_octet_string),
    CMC_FIELD_X(cmc_auth_enveloped_data, unauth_attrs, "unauthAttrs", cmc_it_attributes, 2,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_auth_enveloped_data, "AuthEnvelopedData", cmc_it_auth_enveloped_data,
             f_auth_enveloped_data);

/*
 * AuthenticatedData ::= SEQUENCE {
 *     version CMSVersion,
 *     originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL,
 *     recipientInfos RecipientInfos,
 *     macAlgorithm MessageAuthenticationCodeAlgorithm,
 *     digestAlgorithm [1] DigestAlgorithmIdentifier OPTIONAL,
 *     encapContentInfo EncapsulatedContentInfo,
 *     authAttrs [2] IMPLICIT AuthAttributes OPTIONAL,
 *     mac MessageAuthenticationCode,
 *     unauthAttrs [3] IMPLICIT UnauthAttributes OPTIONAL }
 */
static const struct cmc_field f_authenticated_data[] = {
    CMC_FIELD(cmc_authenticated_data, version, "version", cmc_it_uint32),
    CMC_FIELD_X(cmc_authenticated_data, originator, "originatorInfo", originator_info, 0,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD(cmc_authenticated_data, recipients, "recipientInfos", cmc_it_recipient_infos),
    CMC_FIELD(cmc_authenticated_data, mac_algorithm, "macAlgorithm", cmc_it_algid),
    CMC_FIELD_X(cmc_authenticated_data, digest_algorithm, "digestAlgorithm", cmc_it_algid, 1,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD(cmc_authenticated_data, encap, "encapContentInfo", encap),
    CMC_FIELD_OPEN(cmc_authenticated_data, auth_attrs, "authAttrs", cmc_it_any, 2, CMC_F_OPTIONAL,
                   attributes_open),
    CMC_FIELD(cmc_authenticated_data, mac, "mac", cmc_it_octet_string),
    CMC_FIELD_X(cmc_authenticated_data, unauth_attrs, "unauthAttrs", cmc_it_attributes, 3,
                CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_authenticated_data, "AuthenticatedData", cmc_it_authenticated_data,
             f_authenticated_data);

/* -- algorithm parameters ---------------------------------------------------------------- */

/*
 * CMSAlgorithmProtection ::= SEQUENCE {  -- RFC 6211
 *     digestAlgorithm DigestAlgorithmIdentifier,
 *     signatureAlgorithm [1] SignatureAlgorithmIdentifier OPTIONAL,
 *     macAlgorithm [2] MessageAuthenticationCodeAlgorithm OPTIONAL }
 */
static const struct cmc_field f_algorithm_protection[] = {
    CMC_FIELD(cmc_algorithm_protection, digest, "digestAlgorithm", cmc_it_algid),
    CMC_FIELD_X(cmc_algorithm_protection, signature, "signatureAlgorithm", cmc_it_algid, 1,
                CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_algorithm_protection, mac, "macAlgorithm", cmc_it_algid, 2,
                CMC_F_POINTER | CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_algorithm_protection, "CMSAlgorithmProtection", cmc_it_algorithm_protection,
             f_algorithm_protection);

/*
 * RSASSA-PSS-params ::= SEQUENCE {  -- RFC 4055, all EXPLICIT
 *     hashAlgorithm    [0] HashAlgorithm DEFAULT sha1Identifier,
 *     maskGenAlgorithm [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
 *     saltLength       [2] INTEGER DEFAULT 20,
 *     trailerField     [3] INTEGER DEFAULT 1 }
 */
static const struct cmc_field f_pss_params[] = {
    CMC_FIELD_X(cmc_pss_params, hash, "hashAlgorithm", cmc_it_algid, 0,
                CMC_F_EXPLICIT | CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_pss_params, mgf, "maskGenAlgorithm", cmc_it_algid, 1,
                CMC_F_EXPLICIT | CMC_F_POINTER | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_pss_params, salt_length, "saltLength", cmc_it_integer, 2,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_pss_params, trailer, "trailerField", cmc_it_integer, 3,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_pss_params, "RSASSA-PSS-params", cmc_it_pss_params, f_pss_params);

/* GCMParameters ::= SEQUENCE { aes-nonce OCTET STRING, aes-ICVlen INTEGER DEFAULT 12 } */
static const struct cmc_field f_gcm_params[] = {
    CMC_FIELD(cmc_gcm_params, nonce, "aes-nonce", cmc_it_octet_string),
    CMC_FIELD_X(cmc_gcm_params, icv_len, "aes-ICVlen", cmc_it_uint32, CMC_NO_TAG,
                CMC_F_DEFAULT_ZERO),
};
CMC_SEQUENCE(cmc_gcm_params, "GCMParameters", cmc_it_gcm_params, f_gcm_params);

/*
 * PBKDF2-params ::= SEQUENCE {  -- RFC 8018
 *     salt CHOICE { specified OCTET STRING, otherSource AlgorithmIdentifier },
 *     iterationCount INTEGER (1..MAX),
 *     keyLength INTEGER (1..MAX) OPTIONAL,
 *     prf AlgorithmIdentifier DEFAULT algid-hmacWithSHA1 }
 * [10002-A-bd]
 */
static const struct cmc_field f_pbkdf2_params[] = {
    CMC_FIELD(cmc_pbkdf2_params, salt, "salt", cmc_it_octet_string),
    CMC_FIELD(cmc_pbkdf2_params, iterations, "iterationCount", cmc_it_uint32),
    CMC_FIELD_X(cmc_pbkdf2_params, key_length, "keyLength", cmc_it_integer, CMC_NO_TAG,
                CMC_F_OPTIONAL),
    CMC_FIELD_X(cmc_pbkdf2_params, prf, "prf", cmc_it_algid, CMC_NO_TAG,
                CMC_F_POINTER | CMC_F_OPTIONAL),
};
CMC_SEQUENCE(cmc_pbkdf2_params, "PBKDF2-params", cmc_it_pbkdf2_params, f_pbkdf2_params);

/* -- content types ----------------------------------------------------------------------- */

const struct cmc_item *cmc_content_item(struct cmc_slice type)
{
    const struct {
        const struct cmc_slice *oid;
        const struct cmc_item *item;
    } types[] = {
        {&cmc_oid_id_signedData, &cmc_it_signed_data},
        {&cmc_oid_id_envelopedData, &cmc_it_enveloped_data},
        {&cmc_oid_id_ct_authEnvelopedData, &cmc_it_auth_enveloped_data},
        {&cmc_oid_id_ct_authData, &cmc_it_authenticated_data},
        {&cmc_oid_id_cct_PKIData, &cmc_it_pkidata},
        {&cmc_oid_id_cct_PKIResponse, &cmc_it_pkiresponse},
    };

    for (size_t i = 0; i < CMC_COUNT(types); i++) {
        if (cmc_slice_eq(*types[i].oid, type))
            return types[i].item;
    }
    return NULL;
}
