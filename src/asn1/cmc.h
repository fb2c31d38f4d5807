/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 10002 appendix A, module EnrollmentMessageSyntax-2025. The text stands in cmc.c. */
#ifndef CMC_ASN1_CMC_H
#define CMC_ASN1_CMC_H

#include "asn1/cms.h"
#include "asn1/crmf.h"
#include "asn1/item.h"
#include "asn1/pkix.h"

/* -- bodies ------------------------------------------------------------------------------ */

struct cmc_tagged_attribute {
    uint32_t body_part_id;
    struct cmc_slice type;
    struct cmc_list values; /* struct cmc_slice, whole TLVs */
};

struct cmc_tagged_certification_request {
    uint32_t body_part_id;
    struct cmc_csr csr;
};

struct cmc_other_request {
    uint32_t body_part_id;
    struct cmc_slice type, value;
};

enum { CMC_TR_TCR = 0, CMC_TR_CRM, CMC_TR_ORM };
struct cmc_tagged_request {
    int which; /* CMC_TR_* */
    struct cmc_slice raw;
    union {
        struct cmc_tagged_certification_request tcr;
        struct cmc_cert_req_msg crm;
        struct cmc_other_request orm;
    } u;
};

struct cmc_tagged_content_info {
    uint32_t body_part_id;
    struct cmc_content_info content;
};

struct cmc_other_msg {
    uint32_t body_part_id;
    struct cmc_slice type, value;
};

struct cmc_pkidata {
    struct cmc_list controls; /* struct cmc_tagged_attribute */
    struct cmc_list requests; /* struct cmc_tagged_request */
    struct cmc_list cms;      /* struct cmc_tagged_content_info */
    struct cmc_list other;    /* struct cmc_other_msg */
};

struct cmc_pkiresponse {
    struct cmc_list controls;
    struct cmc_list cms;
    struct cmc_list other;
};

/* BodyPartReference: a list of ids either way; which tells how it was, or is, written. */
enum { CMC_REF_ID = 0, CMC_REF_PATH = 1 };
struct cmc_body_part_reference {
    int which;
    union {
        uint32_t id;
        struct cmc_list path; /* uint32_t */
    } u;
};

/* -- status ------------------------------------------------------------------------------ */

enum cmc_status {
    CMC_STATUS_SUCCESS = 0,
    CMC_STATUS_FAILED = 2,
    CMC_STATUS_PENDING = 3,
    CMC_STATUS_NO_SUPPORT = 4,
    CMC_STATUS_CONFIRM_REQUIRED = 5,
    CMC_STATUS_POP_REQUIRED = 6,
    CMC_STATUS_PARTIAL = 7
};

enum cmc_fail_info {
    CMC_FAIL_BAD_ALG = 0,
    CMC_FAIL_BAD_MESSAGE_CHECK = 1,
    CMC_FAIL_BAD_REQUEST = 2,
    CMC_FAIL_BAD_TIME = 3,
    CMC_FAIL_BAD_CERT_ID = 4,
    CMC_FAIL_UNSUPPORTED_EXT = 5,
    CMC_FAIL_MUST_ARCHIVE_KEYS = 6,
    CMC_FAIL_BAD_IDENTITY = 7,
    CMC_FAIL_POP_REQUIRED = 8,
    CMC_FAIL_POP_FAILED = 9,
    CMC_FAIL_NO_KEY_REUSE = 10,
    CMC_FAIL_INTERNAL_CA_ERROR = 11,
    CMC_FAIL_TRY_LATER = 12,
    CMC_FAIL_AUTH_DATA_FAIL = 13
};

struct cmc_pend_info {
    struct cmc_slice token, time; /* time: GeneralizedTime content */
};
struct cmc_extended_fail_info {
    struct cmc_slice type, value;
};
enum { CMC_OI_FAIL = 0, CMC_OI_EXTENDED_UNTAGGED, CMC_OI_PEND, CMC_OI_EXTENDED };
struct cmc_other_status_info {
    int which; /* CMC_OI_*; EXTENDED_UNTAGGED is what RFC 5272's 1988 module made: read only */
    union {
        uint32_t fail_info;
        struct cmc_pend_info pend;
        struct cmc_extended_fail_info extended;
    } u;
};
struct cmc_status_info {
    uint32_t status;
    struct cmc_list body_list; /* uint32_t */
    struct cmc_slice string;
    struct cmc_other_status_info *other;
};
struct cmc_status_info_v2 {
    uint32_t status;
    struct cmc_list body_list; /* struct cmc_body_part_reference */
    struct cmc_slice string;
    struct cmc_other_status_info *other;
};

/* -- controls ---------------------------------------------------------------------------- */

struct cmc_add_extensions {
    uint32_t pki_data_reference;
    struct cmc_list cert_references; /* uint32_t */
    struct cmc_list extensions;      /* struct cmc_extension */
};
struct cmc_mod_cert_template {
    struct cmc_list pki_data_reference; /* uint32_t: a BodyPartPath */
    struct cmc_list cert_references;    /* uint32_t */
    bool replace;
    struct cmc_cert_template tmpl;
};
struct cmc_encrypted_pop {
    struct cmc_tagged_request request;
    struct cmc_content_info cms;
    struct cmc_algid pop_alg, witness_alg;
    struct cmc_slice witness;
};
struct cmc_decrypted_pop {
    uint32_t body_part_id;
    struct cmc_algid pop_alg;
    struct cmc_slice pop;
};
struct cmc_lra_pop_witness {
    uint32_t pki_data_body_id;
    struct cmc_list body_ids; /* uint32_t */
};
struct cmc_get_cert {
    struct cmc_general_name issuer;
    struct cmc_slice serial;
};
struct cmc_get_crl {
    struct cmc_slice issuer;       /* Name, whole TLV */
    struct cmc_general_name *name; /* NULL: absent */
    struct cmc_slice time;         /* GeneralizedTime content, or absent */
    struct cmc_slice reasons;      /* BIT STRING content, or absent */
};
struct cmc_revoke_request {
    struct cmc_slice issuer; /* Name, whole TLV */
    struct cmc_slice serial; /* INTEGER content */
    uint32_t reason;
    struct cmc_slice invalidity_date; /* GeneralizedTime content, or absent */
    struct cmc_slice passphrase;      /* secret; or absent */
    struct cmc_slice comment;
};
/* identityProofV2 and popLinkWitnessV2 have the same shape. */
struct cmc_proof_v2 {
    struct cmc_algid hash; /* proofAlgID, keyGenAlgorithm */
    struct cmc_algid mac;
    struct cmc_slice witness;
};
struct cmc_trust_anchors {
    struct cmc_slice seq_number;
    struct cmc_algid hash;
    struct cmc_list anchor_hashes; /* struct cmc_slice */
};
enum { CMC_DONT_PUBLISH = 0, CMC_PLEASE_PUBLISH = 1 };
enum { CMC_PUBLISH_DONT_CARE = 0, CMC_PUBLISH_X500 = 1, CMC_PUBLISH_WEB = 2, CMC_PUBLISH_LDAP = 3 };
struct cmc_single_pub_info {
    uint32_t method;
    struct cmc_general_name *location;
};
struct cmc_pub_info {
    uint32_t action;
    struct cmc_list infos; /* struct cmc_single_pub_info; v == NULL: absent */
};
struct cmc_publish_cert {
    struct cmc_algid hash;
    struct cmc_list cert_hashes; /* struct cmc_slice */
    struct cmc_pub_info info;
};
struct cmc_control_processed {
    struct cmc_list body_list; /* struct cmc_body_part_reference */
};
struct cmc_change_subject_name {
    struct cmc_slice subject;  /* Name, whole TLV, or absent */
    struct cmc_list alt_names; /* struct cmc_general_name; v == NULL: absent */
};
struct cmc_unsigned_data {
    struct cmc_list path; /* uint32_t */
    struct cmc_slice identifier;
    struct cmc_slice content;
};

extern const struct cmc_item cmc_it_body_part_id, cmc_it_body_part_path, cmc_it_body_part_list,
    cmc_it_body_part_reference, cmc_it_tagged_attribute, cmc_it_tagged_request,
    cmc_it_tagged_content_info, cmc_it_other_msg, cmc_it_pkidata, cmc_it_pkiresponse,
    cmc_it_controls, cmc_it_status_info, cmc_it_status_info_v2, cmc_it_add_extensions,
    cmc_it_mod_cert_template, cmc_it_encrypted_pop, cmc_it_decrypted_pop, cmc_it_lra_pop_witness,
    cmc_it_get_cert, cmc_it_get_crl, cmc_it_revoke_request, cmc_it_identity_proof_v2,
    cmc_it_pop_link_witness_v2, cmc_it_trust_anchors, cmc_it_publish_cert, cmc_it_control_processed,
    cmc_it_change_subject_name, cmc_it_unsigned_data, cmc_it_identification, cmc_it_transaction_id,
    cmc_it_nonce, cmc_it_tagged_requests, cmc_it_status_body_list, cmc_it_status_body_list_v2,
    cmc_it_cms_sequence, cmc_it_other_msgs, cmc_it_reference_list, cmc_it_pub_infos;

/* The type of the values of a control (attrType of TaggedAttribute), or NULL: unknown control. */
const struct cmc_item *cmc_control_item(struct cmc_slice type);

#endif
