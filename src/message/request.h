/* SPDX-License-Identifier: Apache-2.0 */
/* Certification requests: PKCS#10 and CRMF seen as one (RFC 10002 section 3.2.1.2). */
#ifndef CMC_MESSAGE_REQUEST_H
#define CMC_MESSAGE_REQUEST_H

#include "asn1/cmc.h"
#include "crypto/crypto.h"

enum cmc_request_form { CMC_FORM_PKCS10, CMC_FORM_CRMF };

/* How possession of the private key is shown. */
enum cmc_pop_kind {
    CMC_POP_NONE,         /* nothing, or raVerified, or id-alg-noSignature */
    CMC_POP_BY_SIGNATURE, /* the key signed the request */
    CMC_POP_BY_CHALLENGE  /* the key cannot sign: encryptedPOP (RFC 10002 section 6.7) */
};

struct cmc_request {
    enum cmc_request_form form;
    uint32_t body_part_id;
    struct cmc_slice subject;   /* Name, whole TLV; an empty sequence when the request has none */
    struct cmc_slice spki;      /* SubjectPublicKeyInfo, whole TLV */
    struct cmc_list extensions; /* struct cmc_extension asked for */
    struct cmc_list attributes; /* PKCS#10: struct cmc_attribute; CRMF: empty */
    struct cmc_list controls;   /* CRMF: struct cmc_atv; PKCS#10: empty */
    struct cmc_slice not_before, not_after; /* CRMF: Times asked for, whole TLVs, or absent */
    enum cmc_pop_kind pop;
    bool ra_verified;               /* CRMF raVerified */
    bool change_of_name;            /* subject and subjectAltName are those of changeSubjectName */
    struct cmc_slice signed_octets; /* what the POP signature covers */
    struct cmc_algid pop_alg;
    struct cmc_slice pop_signature;
};

/*
 * Read one element of reqSequence, or a bare PKCS#10, or the first of a CertReqMessages.
 * Rules of RFC 10002 sections 3.1 and 3.2.1.2 are checked: CRMF subject and publicKey present,
 * no POPOSigningKeyInput, no regInfo, no encrCert; at most one ExtensionReq with one value.
 * *out points into the input and the arena.
 * Errors: CMC_E_INPUT, CMC_E_REFUSED with failInfo and body part set. An orm request gives
 * CMC_E_REFUSED with failInfo CMC_FAIL_INFO_NONE: status noSupport is due.
 */
enum cmc_rc cmc_request_from_tagged(const struct cmc_tagged_request *tr, struct cmc_arena *arena,
                                    struct cmc_request *out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_request_from_pkcs10(struct cmc_slice der, struct cmc_arena *arena,
                                    struct cmc_request *out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_request_from_crmf(struct cmc_slice der, struct cmc_arena *arena,
                                  struct cmc_request *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * Check the POP by signature with the key of the request itself (which the caller got by
 * cmc_spki_key()). Errors: CMC_E_CRYPTO with failInfo popFailed, CMC_E_REFUSED with badAlg, or
 * with popRequired when pop is not CMC_POP_BY_SIGNATURE.
 */
enum cmc_rc cmc_request_check_pop(const struct cmc_crypto *c, const struct cmc_request *rq,
                                  EVP_PKEY *key, bool allow_weak, struct cmc_arena *arena,
                                  struct cmc_err *err) CMC_MUST_USE;

/* -- making ------------------------------------------------------------------------------ */

struct cmc_request_params {
    EVP_PKEY *key;
    const struct cmc_sig_alg *alg;    /* NULL: default for the key */
    struct cmc_slice subject;         /* Name, whole TLV */
    const struct cmc_extension *exts; /* asked for; may be NULL */
    size_t nexts;
    const struct cmc_attribute *attrs; /* PKCS#10: further attributes; may be NULL */
    size_t nattrs;
    uint32_t cert_req_id;           /* CRMF */
    const struct cmc_atv *controls; /* CRMF: controls of the CertRequest; may be NULL */
    size_t ncontrols;
    bool dogtag; /* CRMF as Dogtag's client makes it and its tools want it: a version in the
                    template, and the controls there though empty */
    bool no_pop; /* CRMF: without proof of possession */
    /*
     * For a key that cannot sign, or shall not: the server will challenge it. PKCS#10 with
     * id-alg-noSignature (RFC 10002 appendix C), CRMF with keyEncipherment or keyAgreement,
     * subsequentMessage challengeResp. alg is not used.
     */
    bool no_signature;
    /*
     * What stands in the place of a signature by key over octets, instead of one: *alg and BIT
     * STRING content. NULL: a signature.
     */
    enum cmc_rc (*prove)(void *arg, EVP_PKEY *key, struct cmc_slice octets, struct cmc_arena *arena,
                         struct cmc_algid *alg, struct cmc_slice *bits, struct cmc_err *err);
    void *prove_arg;
};

/* A PKCS#10 CertificationRequest, whole DER into the arena. */
enum cmc_rc cmc_pkcs10_create(const struct cmc_crypto *c, const struct cmc_request_params *p,
                              struct cmc_arena *arena, struct cmc_slice *out,
                              struct cmc_err *err) CMC_MUST_USE;
/* A CertReqMsg with proof of possession as the parameters say, whole DER into the arena. */
enum cmc_rc cmc_crmf_create(const struct cmc_crypto *c, const struct cmc_request_params *p,
                            struct cmc_arena *arena, struct cmc_slice *out,
                            struct cmc_err *err) CMC_MUST_USE;

/*
 * A Name (whole DER) from text: "C=SE, O=Example, CN=alice" (RFC 4514 escapes, first RDN
 * first) or "/C=SE/O=Example/CN=alice". UTF8String, PrintableString for C and serialNumber,
 * IA5String for DC and emailAddress. "" gives the empty Name.
 * Errors: CMC_E_USAGE (says where).
 */
enum cmc_rc cmc_name_parse(const char *text, struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err) CMC_MUST_USE;

/* Names as other programs write them. */
struct cmc_name_style {
    bool reversed;  /* the text begins with the most specific RDN, as RFC 4514 has it */
    bool semicolon; /* ';' separates too, as in RFC 1779 */
    /*
     * Choose the string type of a value: *tag holds the usual one, *value the octets as written.
     * Both may be changed. NULL: the usual ones.
     */
    enum cmc_rc (*string)(struct cmc_slice type, uint8_t *tag, struct cmc_slice *value,
                          struct cmc_arena *arena, struct cmc_err *err);
};
enum cmc_rc cmc_name_parse_as(const char *text, const struct cmc_name_style *style,
                              struct cmc_arena *arena, struct cmc_slice *out,
                              struct cmc_err *err) CMC_MUST_USE;

/*
 * A SubjectAltName extension from "DNS:a.example,IP:192.0.2.1,email:x@y,URI:https://..".
 * Errors: CMC_E_USAGE.
 */
enum cmc_rc cmc_san_parse(const char *text, struct cmc_arena *arena, struct cmc_extension *out,
                          struct cmc_err *err) CMC_MUST_USE;

/* True when two Names are equal: octets first, else RFC 5280 section 7.1 (case, white space). */
bool cmc_name_eq(struct cmc_slice a, struct cmc_slice b);
/* True when name has all the RDNs of base, and then maybe more: it lies in that subtree. */
bool cmc_name_begins(struct cmc_slice name, struct cmc_slice base);
/* The same for two attribute values (whole TLVs). */
bool cmc_name_value_eq(struct cmc_slice a, struct cmc_slice b);
/*
 * The type of an attribute by its label ("CN", "serialNumber") or dotted OID, and the tag of the
 * string that it usually is. Gives the label as it is usually written, or NULL: not known.
 */
const char *cmc_name_attribute(const char *label, struct cmc_arena *arena, struct cmc_slice *type,
                               uint8_t *tag);

#endif
