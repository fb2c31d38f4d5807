/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 5280 (certificates, CRLs, names) and RFC 2986 (PKCS#10). The module text stands in pkix.c. */
#ifndef CMC_ASN1_PKIX_H
#define CMC_ASN1_PKIX_H

#include "asn1/item.h"

struct cmc_algid {
    struct cmc_slice algorithm;
    struct cmc_slice parameters; /* whole TLV, absent when not there */
};

struct cmc_attribute {
    struct cmc_slice type;
    struct cmc_list values; /* struct cmc_slice, whole TLVs */
};

struct cmc_extension {
    struct cmc_slice extn_id;
    bool critical;
    struct cmc_slice value; /* content of the OCTET STRING */
};

struct cmc_spki {
    struct cmc_slice raw;
    struct cmc_algid algorithm;
    struct cmc_slice public_key; /* BIT STRING content, unused-bits octet first */
};

struct cmc_validity {
    struct cmc_slice not_before, not_after; /* whole TLVs */
};

struct cmc_tbs_cert {
    struct cmc_slice raw;
    uint32_t version;        /* 0 = v1, 2 = v3 */
    struct cmc_slice serial; /* INTEGER content */
    struct cmc_algid signature;
    struct cmc_slice issuer; /* Name, whole TLV */
    struct cmc_validity validity;
    struct cmc_slice subject; /* Name, whole TLV */
    struct cmc_spki spki;
    struct cmc_slice issuer_uid, subject_uid;
    struct cmc_list extensions; /* struct cmc_extension; v == NULL: none */
};

struct cmc_cert {
    struct cmc_slice raw;
    struct cmc_tbs_cert tbs;
    struct cmc_algid signature_algorithm;
    struct cmc_slice signature; /* BIT STRING content */
};

struct cmc_revoked {
    struct cmc_slice serial;
    struct cmc_slice date; /* Time, whole TLV */
    struct cmc_list extensions;
};

struct cmc_tbs_crl {
    struct cmc_slice raw;
    uint32_t version;
    struct cmc_algid signature;
    struct cmc_slice issuer;
    struct cmc_slice this_update, next_update; /* whole TLVs */
    struct cmc_list revoked;                   /* struct cmc_revoked */
    struct cmc_list extensions;
};

struct cmc_crl {
    struct cmc_slice raw;
    struct cmc_tbs_crl tbs;
    struct cmc_algid signature_algorithm;
    struct cmc_slice signature;
};

struct cmc_csr_info {
    struct cmc_slice raw;
    uint32_t version; /* 0 */
    struct cmc_slice subject;
    struct cmc_spki spki;
    struct cmc_list attributes; /* struct cmc_attribute */
};

struct cmc_csr {
    struct cmc_slice raw;
    struct cmc_csr_info info;
    struct cmc_algid signature_algorithm;
    struct cmc_slice signature; /* BIT STRING content */
};

struct cmc_issuer_serial {
    struct cmc_slice issuer; /* Name, whole TLV */
    struct cmc_slice serial; /* INTEGER content */
};

/* GeneralName: which alternative, and its octets. */
enum {
    CMC_GN_OTHER = 0,
    CMC_GN_EMAIL,
    CMC_GN_DNS,
    CMC_GN_X400,
    CMC_GN_DIRECTORY,
    CMC_GN_EDI,
    CMC_GN_URI,
    CMC_GN_IP,
    CMC_GN_RID
};
struct cmc_general_name {
    int which;
    struct cmc_slice v; /* content octets; for OTHER, X400, EDI the whole TLV; for DIRECTORY the
                           Name, whole TLV */
};

struct cmc_atv {
    struct cmc_slice type;
    struct cmc_slice value; /* whole TLV */
};

struct cmc_basic_constraints {
    bool ca;
    struct cmc_slice path_len; /* INTEGER content, or absent */
};

struct cmc_authority_key_id {
    struct cmc_slice key_id;
    struct cmc_list issuer; /* struct cmc_general_name */
    struct cmc_slice serial;
};

struct cmc_dist_point_name {
    int which; /* 0 fullName, 1 nameRelativeToCRLIssuer */
    union {
        struct cmc_list full_name;     /* struct cmc_general_name */
        struct cmc_list relative_name; /* struct cmc_atv */
    } u;
};
struct cmc_dist_point {
    struct cmc_dist_point_name *name;
    struct cmc_slice reasons;
    struct cmc_list crl_issuer;
};
struct cmc_issuing_dist_point {
    struct cmc_dist_point_name *name;
    bool only_user, only_ca;
    struct cmc_slice only_some_reasons;
    bool indirect, only_attribute;
};
struct cmc_access_description {
    struct cmc_slice method;
    struct cmc_general_name location;
};

struct cmc_usage_period {
    struct cmc_slice not_before, not_after; /* GeneralizedTime content, or absent */
};
struct cmc_policy_qualifier {
    struct cmc_slice id, value; /* value: whole TLV */
};
struct cmc_policy {
    struct cmc_slice id;
    struct cmc_list qualifiers; /* struct cmc_policy_qualifier; v == NULL: none */
};
struct cmc_user_notice {
    struct cmc_slice reference, text; /* whole TLVs, or absent */
};
struct cmc_policy_mapping {
    struct cmc_slice issuer, subject;
};
/* GeneralSubtree */
struct cmc_subtree {
    struct cmc_general_name base;
    struct cmc_slice minimum, maximum; /* INTEGER content, or absent */
};
struct cmc_name_constraints {
    struct cmc_list permitted, excluded; /* struct cmc_subtree; v == NULL: absent */
};
struct cmc_policy_constraints {
    struct cmc_slice require_explicit, inhibit_mapping; /* INTEGER content, or absent */
};

extern const struct cmc_item cmc_it_algid, cmc_it_attribute, cmc_it_attributes, cmc_it_extension,
    cmc_it_extensions, cmc_it_extension_req, cmc_it_spki, cmc_it_name, cmc_it_name_rdns,
    cmc_it_cert, cmc_it_tbs_cert, cmc_it_crl, cmc_it_tbs_crl, cmc_it_revoked, cmc_it_csr,
    cmc_it_csr_info, cmc_it_issuer_serial, cmc_it_general_name, cmc_it_general_names, cmc_it_atv,
    cmc_it_basic_constraints, cmc_it_authority_key_id, cmc_it_dist_points,
    cmc_it_issuing_dist_point, cmc_it_access_info, cmc_it_key_usage, cmc_it_eku, cmc_it_crl_reason,
    cmc_it_time_any, cmc_it_serial_number, cmc_it_reason_flags;
/* pkix_ext.c: extensions that are only checked and passed on */
extern const struct cmc_item cmc_it_usage_period, cmc_it_policies, cmc_it_policy_mappings,
    cmc_it_directory_attributes, cmc_it_name_constraints, cmc_it_policy_constraints,
    cmc_it_user_notice;

/* The type inside an extension's value, or NULL when it is not known here. */
const struct cmc_item *cmc_extension_type(struct cmc_slice extn_id);
/* The type of the values of an attribute (PKCS#10, CMS signed attributes), or NULL. */
const struct cmc_item *cmc_attribute_type(struct cmc_slice type);

/* The extension with this OID in a list of struct cmc_extension, or NULL. */
const struct cmc_extension *cmc_extension_find(const struct cmc_list *exts, struct cmc_slice oid);
/* The attribute with this OID in a list of struct cmc_attribute, or NULL. */
const struct cmc_attribute *cmc_attribute_find(const struct cmc_list *attrs, struct cmc_slice oid);

#endif
