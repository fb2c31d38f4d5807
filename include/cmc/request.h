/* SPDX-License-Identifier: Apache-2.0 */
/* Certification requests, and the Full PKI Request that carries them (RFC 10002 section 3). */
#ifndef CMC_REQUEST_H
#define CMC_REQUEST_H

#include <cmc/key.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- a certification request: PKCS#10 and CRMF seen as one (section 3.2.1.2) --------------- */

struct cmcl_csr;

enum cmcl_form { CMCL_PKCS10 = 0, CMCL_CRMF = 1 };

/* Ask for a subjectKeyIdentifier, computed from the key: a message that the same key signs names
 * its signer by it (section 3.2.1). */
#define CMCL_CSR_SKI 1u

/*
 * Make a request for a certificate on key, which signs it as proof of possession.
 * subject: "C=SE, O=Example, CN=alice" (RFC 4514 escapes), "/C=SE/O=Example/CN=alice", or "".
 * san: "DNS:a.example,IP:192.0.2.1,email:x@y,URI:https://..", or NULL.
 * flags: CMCL_CSR_SKI or 0.
 * Errors: CMCL_E_USAGE (says where in subject or san), CMCL_E_CRYPTO, CMCL_E_MEM.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_csr_new(struct cmcl_key *key, enum cmcl_form form,
                                      const char *subject, const char *san, unsigned int flags,
                                      struct cmcl_csr **out) CMCL_MUST_USE;

/*
 * Take a ready one: PKCS#10, CertReqMsg or CertReqMessages with one message; DER, PEM or base64.
 * Errors: CMCL_E_INPUT, CMCL_E_REFUSED (against a rule of section 3.2.1.2), CMCL_E_MEM.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_csr_read(struct cmcl_context *ctx, const void *data, size_t n,
                                       struct cmcl_csr **out) CMCL_MUST_USE;

CMCL_PUBLIC enum cmcl_form cmcl_csr_form(const struct cmcl_csr *csr);
/* DER of the CertificationRequest or CertReqMsg, *n octets. Borrowed. */
CMCL_PUBLIC const uint8_t *cmcl_csr_get0_der(const struct cmcl_csr *csr, size_t *n);
CMCL_PUBLIC void cmcl_csr_free(struct cmcl_csr *csr);

/* -- a Full PKI Request (section 3.2) ------------------------------------------------------ */

struct cmcl_request;

/* How the message names its signer. */
enum cmcl_sid { CMCL_SID_ISSUER_SERIAL = 0, CMCL_SID_SKI = 1 };

/* CRLReason, RFC 5280 section 5.3.1. */
enum cmcl_reason {
    CMCL_REASON_UNSPECIFIED = 0,
    CMCL_REASON_KEY_COMPROMISE = 1,
    CMCL_REASON_CA_COMPROMISE = 2,
    CMCL_REASON_AFFILIATION_CHANGED = 3,
    CMCL_REASON_SUPERSEDED = 4,
    CMCL_REASON_CESSATION_OF_OPERATION = 5,
    CMCL_REASON_CERTIFICATE_HOLD = 6,
    CMCL_REASON_REMOVE_FROM_CRL = 8, /* the hold is over */
    CMCL_REASON_PRIVILEGE_WITHDRAWN = 9,
    CMCL_REASON_AA_COMPROMISE = 10
};

/* An empty request; nonce and transactionId are put in when it is built. Errors: CMCL_E_MEM. */
CMCL_PUBLIC enum cmcl_rc cmcl_request_new(struct cmcl_context *ctx,
                                          struct cmcl_request **out) CMCL_MUST_USE;
CMCL_PUBLIC void cmcl_request_free(struct cmcl_request *rq);

/* Add a certification request; copied. Errors: CMCL_E_MEM. */
CMCL_PUBLIC enum cmcl_rc cmcl_request_add_csr(struct cmcl_request *rq,
                                              const struct cmcl_csr *csr) CMCL_MUST_USE;

/*
 * Add the revocation of a certificate (DER), named by its issuer and serial number (section 6.11).
 * invalid_since: when the key became unsafe, or 0 for not said. comment: or NULL.
 * Errors: CMCL_E_INPUT (no certificate), CMCL_E_USAGE (no such reason), CMCL_E_MEM.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_request_add_revocation(struct cmcl_request *rq, const void *cert,
                                                     size_t n, enum cmcl_reason reason,
                                                     int64_t invalid_since,
                                                     const char *comment) CMCL_MUST_USE;

/* Octets that the server returns as they are (dataReturn, section 6.4); copied. A second call
 * replaces the first. Errors: CMCL_E_MEM. */
CMCL_PUBLIC enum cmcl_rc cmcl_request_set1_data_return(struct cmcl_request *rq, const void *data,
                                                       size_t n) CMCL_MUST_USE;

/*
 * Prove the identity by a shared secret (identityProofV2 with SHA-256 and HMAC-SHA256, section
 * 6.2). identification: whose secret it is, UTF-8, or NULL. secret: its octets, UTF-8. Copied, and
 * zeroised with the request; a second call replaces the first, and n = 0 takes the secret away.
 * Where the signer's key is that of every certification request, these are linked to the secret
 * too (popLinkWitnessV2, section 6.3).
 * Errors: CMCL_E_MEM; cmcl_request_build() says CMCL_E_LIMIT for one that is too long.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_request_set1_secret(struct cmcl_request *rq,
                                                  const char *identification, const void *secret,
                                                  size_t n) CMCL_MUST_USE;

/*
 * Who signs. certs: the signer's certificate, told by its key, and what should travel with it.
 * NULL only with CMCL_SID_SKI: the key of a request in this message signs it, and that request was
 * made with CMCL_CSR_SKI. Copied; a second call replaces the first.
 * Errors: CMCL_E_USAGE (no certificate has this key), CMCL_E_INPUT, CMCL_E_MEM.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_request_set1_signer(struct cmcl_request *rq,
                                                  const struct cmcl_key *key,
                                                  const struct cmcl_certs *certs,
                                                  enum cmcl_sid sid) CMCL_MUST_USE;

/*
 * Build and sign: *der is a ContentInfo, *n octets, borrowed until it is built again. Each time
 * it has a new nonce and transactionId; the request remembers the last ones, by which
 * cmcl_response_open() knows the answer. Send it as CMCL_TYPE_REQUEST (transport.h).
 * Errors: CMCL_E_USAGE (nothing asked for, no signer, certReqId twice), CMCL_E_CRYPTO,
 * CMCL_E_LIMIT, CMCL_E_MEM.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_request_build(struct cmcl_request *rq, const uint8_t **der,
                                            size_t *n) CMCL_MUST_USE;

/* The body part id, in the message last built, of certification request or revocation i, counted
 * from 0 as they were added; 0 when there is none. Outcomes name what they are about by these. */
CMCL_PUBLIC uint32_t cmcl_request_csr_id(const struct cmcl_request *rq, size_t i);
CMCL_PUBLIC uint32_t cmcl_request_revocation_id(const struct cmcl_request *rq, size_t i);

#ifdef __cplusplus
}
#endif

#endif
