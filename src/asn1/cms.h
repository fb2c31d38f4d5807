/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5652, 5083, 5084, 9629: Cryptographic Message Syntax. The module text stands in cms.c. */
#ifndef CMC_ASN1_CMS_H
#define CMC_ASN1_CMS_H

#include "asn1/item.h"
#include "asn1/pkix.h"

struct cmc_content_info {
    struct cmc_slice raw;
    struct cmc_slice content_type;
    struct cmc_slice content; /* whole TLV inside the [0], absent when the [0] is */
};

struct cmc_encap_content {
    struct cmc_slice type;
    struct cmc_slice content; /* octets of the OCTET STRING; absent: no eContent */
};

enum { CMC_SID_ISSUER_SERIAL = 0, CMC_SID_SKI = 1 };
struct cmc_signer_id {
    int which; /* CMC_SID_* */
    union {
        struct cmc_issuer_serial issuer_serial;
        struct cmc_slice ski;
    } u;
};

struct cmc_signer_info {
    uint32_t version; /* 1 or 3 */
    struct cmc_signer_id sid;
    struct cmc_algid digest_algorithm;
    struct cmc_slice signed_attrs; /* whole TLV with its [0] tag, absent when not there */
    struct cmc_algid signature_algorithm;
    struct cmc_slice signature;
    struct cmc_list unsigned_attrs; /* struct cmc_attribute */
};

struct cmc_signed_data {
    uint32_t version;
    struct cmc_list digest_algorithms; /* struct cmc_algid */
    struct cmc_encap_content encap;
    struct cmc_list certs;        /* struct cmc_slice: CertificateChoices, whole TLVs */
    struct cmc_list crls;         /* struct cmc_slice: RevocationInfoChoice, whole TLVs */
    struct cmc_list signer_infos; /* struct cmc_signer_info */
};

/* -- recipients -------------------------------------------------------------------------- */

struct cmc_ktri {
    uint32_t version;
    struct cmc_signer_id rid; /* same two alternatives as a SignerIdentifier */
    struct cmc_algid key_encryption;
    struct cmc_slice encrypted_key;
};
struct cmc_originator_id {
    int which; /* 0 issuerAndSerialNumber, 1 subjectKeyIdentifier, 2 originatorKey */
    union {
        struct cmc_issuer_serial issuer_serial;
        struct cmc_slice ski;
        struct cmc_spki key;
    } u;
};
struct cmc_recipient_key_id {
    struct cmc_slice ski, date, other;
};
struct cmc_kari_rid {
    int which; /* 0 issuerAndSerialNumber, 1 rKeyId */
    union {
        struct cmc_issuer_serial issuer_serial;
        struct cmc_recipient_key_id key_id;
    } u;
};
struct cmc_recipient_encrypted_key {
    struct cmc_kari_rid rid;
    struct cmc_slice encrypted_key;
};
struct cmc_kari {
    uint32_t version;
    struct cmc_originator_id originator;
    struct cmc_slice ukm;
    struct cmc_algid key_encryption;
    struct cmc_list keys; /* struct cmc_recipient_encrypted_key */
};
struct cmc_kek_id {
    struct cmc_slice key_id, date, other;
};
struct cmc_kekri {
    uint32_t version;
    struct cmc_kek_id id;
    struct cmc_algid key_encryption;
    struct cmc_slice encrypted_key;
};
struct cmc_pwri {
    uint32_t version;
    struct cmc_algid *key_derivation; /* NULL: absent */
    struct cmc_algid key_encryption;
    struct cmc_slice encrypted_key;
};
struct cmc_ori {
    struct cmc_slice type;
    struct cmc_slice value;
};
/* RFC 9629 */
struct cmc_kemri {
    uint32_t version;
    struct cmc_signer_id rid;
    struct cmc_algid kem;
    struct cmc_slice kemct;
    struct cmc_algid kdf;
    uint32_t kek_length;
    struct cmc_slice ukm;
    struct cmc_algid wrap;
    struct cmc_slice encrypted_key;
};
enum { CMC_RI_KTRI = 0, CMC_RI_KARI, CMC_RI_KEKRI, CMC_RI_PWRI, CMC_RI_ORI };
struct cmc_recipient_info {
    int which; /* CMC_RI_* */
    union {
        struct cmc_ktri ktri;
        struct cmc_kari kari;
        struct cmc_kekri kekri;
        struct cmc_pwri pwri;
        struct cmc_ori ori;
    } u;
};

struct cmc_originator_info {
    struct cmc_list certs, crls;
};

struct cmc_encrypted_content {
    struct cmc_slice type;
    struct cmc_algid algorithm;
    struct cmc_slice content; /* absent: none */
};

struct cmc_enveloped_data {
    uint32_t version;
    struct cmc_originator_info *originator;
    struct cmc_list recipients; /* struct cmc_recipient_info */
    struct cmc_encrypted_content content;
    struct cmc_list unprotected_attrs;
};

struct cmc_auth_enveloped_data {
    uint32_t version;
    struct cmc_originator_info *originator;
    struct cmc_list recipients;
    struct cmc_encrypted_content content;
    struct cmc_slice auth_attrs; /* whole TLV with its [1] tag */
    struct cmc_slice mac;
    struct cmc_list unauth_attrs;
};

struct cmc_authenticated_data {
    uint32_t version;
    struct cmc_originator_info *originator;
    struct cmc_list recipients;
    struct cmc_algid mac_algorithm;
    struct cmc_algid *digest_algorithm;
    struct cmc_encap_content encap;
    struct cmc_slice auth_attrs; /* whole TLV with its [2] tag */
    struct cmc_slice mac;
    struct cmc_list unauth_attrs;
};

/* -- algorithm parameters ---------------------------------------------------------------- */

/* CMSAlgorithmProtection, RFC 6211 */
struct cmc_algorithm_protection {
    struct cmc_algid digest;
    struct cmc_algid *signature, *mac;
};
/* RSASSA-PSS-params, RFC 4055; absent pointers mean the SHA-1 defaults, salt absent means 20 */
struct cmc_pss_params {
    struct cmc_algid *hash, *mgf;
    struct cmc_slice salt_length, trailer;
};
/* GCMParameters, RFC 5084; icv_len 0 means the default 12 */
struct cmc_gcm_params {
    struct cmc_slice nonce;
    uint32_t icv_len;
};
/* PBKDF2-params, RFC 8018; salt is the specified OCTET STRING alternative */
struct cmc_pbkdf2_params {
    struct cmc_slice salt;
    uint32_t iterations;
    struct cmc_slice key_length;
    struct cmc_algid *prf;
};

/* A list of struct cmc_recipient_info */
extern const struct cmc_item cmc_it_recipient_infos;
extern const struct cmc_item cmc_it_content_info, cmc_it_signed_data, cmc_it_signer_info,
    cmc_it_enveloped_data, cmc_it_auth_enveloped_data, cmc_it_authenticated_data,
    cmc_it_recipient_info, cmc_it_kemri, cmc_it_pss_params, cmc_it_gcm_params, cmc_it_pbkdf2_params,
    cmc_it_algorithm_protection;

/* The type inside a ContentInfo or eContent with this content type, or NULL. */
const struct cmc_item *cmc_content_item(struct cmc_slice content_type);

#endif
