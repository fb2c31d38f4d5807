/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 6960 appendix B.2: the Online Certificate Status Protocol. The text stands in ocsp.c. */
#ifndef CMC_ASN1_OCSP_H
#define CMC_ASN1_OCSP_H

#include "asn1/item.h"
#include "asn1/pkix.h"

struct cmc_ocsp_cert_id {
    struct cmc_slice raw;
    struct cmc_algid hash;
    struct cmc_slice issuer_name_hash, issuer_key_hash;
    struct cmc_slice serial; /* INTEGER content */
};

struct cmc_ocsp_single_request {
    struct cmc_ocsp_cert_id cert_id;
    struct cmc_list extensions; /* struct cmc_extension; v == NULL: none */
};

struct cmc_ocsp_tbs_request {
    uint32_t version;
    struct cmc_general_name *requestor; /* NULL: absent */
    struct cmc_list requests;           /* struct cmc_ocsp_single_request */
    struct cmc_list extensions;         /* struct cmc_extension; v == NULL: none */
};

struct cmc_ocsp_request {
    struct cmc_ocsp_tbs_request tbs;
    struct cmc_slice signature; /* whole TLV of Signature, or absent; we do not look at it */
};

/* OCSPResponseStatus */
enum cmc_ocsp_response_status {
    CMC_OCSP_SUCCESSFUL = 0,
    CMC_OCSP_MALFORMED_REQUEST = 1,
    CMC_OCSP_INTERNAL_ERROR = 2,
    CMC_OCSP_TRY_LATER = 3,
    CMC_OCSP_SIG_REQUIRED = 5,
    CMC_OCSP_UNAUTHORIZED = 6
};

struct cmc_ocsp_response_bytes {
    struct cmc_slice type; /* OID */
    struct cmc_slice response;
};
struct cmc_ocsp_response {
    uint32_t status;                       /* CMC_OCSP_* */
    struct cmc_ocsp_response_bytes *bytes; /* NULL: absent */
};

enum { CMC_OCSP_BY_NAME = 0, CMC_OCSP_BY_KEY };
struct cmc_ocsp_responder_id {
    int which;
    struct cmc_slice v; /* Name, whole TLV; or the SHA-1 of the key's bits */
};

struct cmc_ocsp_revoked_info {
    struct cmc_slice time;   /* GeneralizedTime content */
    struct cmc_slice reason; /* CRLReason, whole TLV, or absent */
};
enum { CMC_OCSP_GOOD = 0, CMC_OCSP_REVOKED, CMC_OCSP_UNKNOWN };
struct cmc_ocsp_cert_status {
    int which;
    union {
        struct cmc_slice none; /* good and unknown: the content of a NULL */
        struct cmc_ocsp_revoked_info revoked;
    } u;
};
struct cmc_ocsp_single_response {
    struct cmc_ocsp_cert_id cert_id;
    struct cmc_ocsp_cert_status status;
    struct cmc_slice this_update; /* GeneralizedTime content */
    struct cmc_slice next_update; /* the same, or absent */
    struct cmc_list extensions;   /* struct cmc_extension; v == NULL: none */
};
struct cmc_ocsp_response_data {
    struct cmc_slice raw; /* what is signed */
    uint32_t version;
    struct cmc_ocsp_responder_id responder;
    struct cmc_slice produced_at; /* GeneralizedTime content */
    struct cmc_list responses;    /* struct cmc_ocsp_single_response */
    struct cmc_list extensions;   /* struct cmc_extension; v == NULL: none */
};
struct cmc_ocsp_basic_response {
    struct cmc_ocsp_response_data data;
    struct cmc_algid algorithm;
    struct cmc_slice signature; /* BIT STRING content */
    struct cmc_list certs;      /* struct cmc_slice, whole TLVs; v == NULL: none */
};

extern const struct cmc_item cmc_it_ocsp_request, cmc_it_ocsp_response, cmc_it_ocsp_basic_response,
    cmc_it_ocsp_response_data, cmc_it_ocsp_single_responses;

#endif
