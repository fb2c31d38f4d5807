/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4211: Certificate Request Message Format. The module text stands in crmf.c. */
#ifndef CMC_ASN1_CRMF_H
#define CMC_ASN1_CRMF_H

#include "asn1/item.h"
#include "asn1/pkix.h"

/* OptionalValidity; each an EXPLICIT Time, whole TLV, or absent. */
struct cmc_optional_validity {
    struct cmc_slice not_before, not_after;
};

struct cmc_cert_template {
    struct cmc_slice raw;
    struct cmc_slice version; /* INTEGER content, or absent */
    struct cmc_slice serial;  /* INTEGER content, or absent */
    struct cmc_algid *signing_alg;
    struct cmc_slice issuer; /* Name, whole TLV, or absent */
    struct cmc_optional_validity *validity;
    struct cmc_slice subject; /* Name, whole TLV, or absent */
    struct cmc_spki *spki;    /* raw holds the [6] form: use cmc_spki_der() for the SPKI */
    struct cmc_slice issuer_uid, subject_uid;
    struct cmc_list extensions; /* struct cmc_extension; v == NULL: none */
};

struct cmc_cert_request {
    struct cmc_slice raw; /* what the POP signature covers */
    uint32_t cert_req_id;
    struct cmc_cert_template tmpl;
    struct cmc_list controls; /* struct cmc_atv; v == NULL: none */
};

struct cmc_pop_signing_key {
    struct cmc_slice poposk_input; /* whole TLV with its [0], absent in CMC */
    struct cmc_algid algorithm;
    struct cmc_slice signature; /* BIT STRING content */
};

/* POPOPrivKey */
enum {
    CMC_POPK_THIS_MESSAGE = 0,
    CMC_POPK_SUBSEQUENT_MESSAGE,
    CMC_POPK_DH_MAC,
    CMC_POPK_AGREE_MAC,
    CMC_POPK_ENCRYPTED_KEY
};
struct cmc_pop_priv_key {
    int which;
    union {
        struct cmc_slice octets; /* thisMessage, dhMAC: BIT STRING content; agreeMAC,
                                    encryptedKey: whole TLV */
        uint32_t subsequent;     /* 0 encrCert, 1 challengeResp */
    } u;
};

enum { CMC_POP_RA_VERIFIED = 0, CMC_POP_SIGNATURE, CMC_POP_KEY_ENC, CMC_POP_KEY_AGREE };
struct cmc_pop {
    int which; /* CMC_POP_* */
    union {
        struct cmc_slice ra_verified;
        struct cmc_pop_signing_key signature;
        struct cmc_pop_priv_key priv_key;
    } u;
};

struct cmc_cert_req_msg {
    struct cmc_cert_request request;
    struct cmc_pop *pop;      /* NULL: absent */
    struct cmc_list reg_info; /* struct cmc_atv; v == NULL: none */
};

extern const struct cmc_item cmc_it_cert_template, cmc_it_cert_request, cmc_it_cert_req_msg,
    cmc_it_cert_req_messages, cmc_it_pop, cmc_it_crmf_controls;

#endif
