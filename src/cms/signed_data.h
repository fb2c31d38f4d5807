/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SignedData, RFC 5652 section 5 as RFC 10002 uses it: signed attributes always, sid by
 * issuerAndSerialNumber or subjectKeyIdentifier.
 */
#ifndef CMC_CMS_SIGNED_DATA_H
#define CMC_CMS_SIGNED_DATA_H

#include "asn1/cms.h"
#include "crypto/crypto.h"

/* -- making ------------------------------------------------------------------------------ */

/* Who signs. All borrowed. */
struct cmc_cms_signer {
    EVP_PKEY *key;
    const struct cmc_sig_alg *alg; /* NULL: cmc_sig_default(key) */
    int sid;                       /* CMC_SID_ISSUER_SERIAL (needs cert) or CMC_SID_SKI */
    struct cmc_slice cert;         /* whole DER; may be absent with CMC_SID_SKI and ski */
    const struct cmc_cert *parsed; /* the same, if it is decoded already; else NULL */
    struct cmc_slice ski;          /* for CMC_SID_SKI; absent: the certificate's SKI extension, or
                                      computed from the key */
    bool digest_null;              /* RSA: write the digestAlgorithm with NULL parameters, which
                                      RFC 5754 lets every reader take and Dogtag's CA demands */
    bool signing_time;             /* add the attribute, with time */
    int64_t time;                  /* seconds since 1970 */
};

struct cmc_cms_content {
    struct cmc_slice type;         /* content type OID */
    struct cmc_slice content;      /* octets of the eContent */
    const struct cmc_slice *certs; /* whole DERs for the certificates field; the signers' own must
                                      be among them if they are to travel */
    size_t ncerts;
    const struct cmc_slice *crls;
    size_t ncrls;
    bool certs_present; /* the certificates field is there though it is empty */
};

/*
 * A ContentInfo holding SignedData over content, into the arena. nsigners may be 0 (an unsigned
 * PKIData, RFC 10002 section 6.11). Version as RFC 5652 section 5.1.
 * Errors: CMC_E_USAGE, CMC_E_CRYPTO, CMC_E_MEM.
 */
enum cmc_rc cmc_signed_data_create(const struct cmc_crypto *c, const struct cmc_cms_content *what,
                                   const struct cmc_cms_signer *signers, size_t nsigners,
                                   struct cmc_arena *arena, struct cmc_slice *out,
                                   struct cmc_err *err) CMC_MUST_USE;

/*
 * The same SignedData, content and all, with one more signer; alone: with that signer only.
 * certs: further certificates to travel with it. Errors: CMC_E_USAGE, CMC_E_CRYPTO, CMC_E_INPUT
 * (there is no content), CMC_E_LIMIT, CMC_E_MEM.
 */
enum cmc_rc cmc_signed_data_add_signer(const struct cmc_crypto *c, const struct cmc_signed_data *of,
                                       const struct cmc_cms_signer *signer, bool alone,
                                       const struct cmc_slice *certs, size_t ncerts,
                                       struct cmc_arena *arena, struct cmc_slice *out,
                                       struct cmc_err *err) CMC_MUST_USE;

/*
 * A Simple PKI Response (RFC 10002 section 4.1): SignedData without eContent and SignerInfos.
 */
enum cmc_rc cmc_certs_only_create(const struct cmc_slice *certs, size_t ncerts,
                                  const struct cmc_slice *crls, size_t ncrls,
                                  struct cmc_arena *arena, struct cmc_slice *out,
                                  struct cmc_err *err) CMC_MUST_USE;

/* -- reading ----------------------------------------------------------------------------- */

/*
 * Decode a ContentInfo that must hold SignedData. Structure only; nothing is verified.
 * *out points into der and the arena.
 * Errors: CMC_E_INPUT (failInfo badRequest), CMC_E_LIMIT, CMC_E_MEM.
 */
enum cmc_rc cmc_signed_data_open(struct cmc_slice der, struct cmc_arena *arena,
                                 struct cmc_signed_data *out, struct cmc_err *err) CMC_MUST_USE;

/* The same for a ContentInfo that is decoded already. */
enum cmc_rc cmc_signed_data_read(const struct cmc_content_info *ci, struct cmc_arena *arena,
                                 struct cmc_signed_data *out, struct cmc_err *err) CMC_MUST_USE;

/* True for a Simple PKI Response: no SignerInfo, and no eContent or an empty one. */
bool cmc_is_certs_only(const struct cmc_signed_data *sd);

/*
 * The three stages of verification, each with its own answer. i: index of the SignerInfo.
 *
 * Stage 1, message digest: the SHA-2 of the eContent equals the messageDigest attribute.
 * Stage 2, content type: signedAttrs are there, hold exactly one contentType with one value,
 * and it equals eContentType.
 * Stage 3 begins with the signature over the signed attributes, by key; who that key belongs
 * to is the caller's matter.
 *
 * Errors: CMC_E_CRYPTO with failInfo badMessageCheck (does not verify), CMC_E_REFUSED with
 * failInfo badAlg (algorithm unknown, or weak and !allow_weak), CMC_E_INPUT with failInfo
 * badMessageCheck (attributes missing or malformed).
 */
enum cmc_rc cmc_signer_check_digest(const struct cmc_crypto *c, const struct cmc_signed_data *sd,
                                    size_t i, bool allow_weak, struct cmc_arena *arena,
                                    struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_signer_check_content_type(const struct cmc_signed_data *sd, size_t i,
                                          struct cmc_arena *arena,
                                          struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_signer_check_signature(const struct cmc_crypto *c, const struct cmc_signed_data *sd,
                                       size_t i, EVP_PKEY *key, bool allow_weak,
                                       struct cmc_arena *arena, struct cmc_err *err) CMC_MUST_USE;

/*
 * The signingTime of SignerInfo i, RFC 5652 section 11.3. *present false: it has none. It says
 * what the signer claims; verify the signature first. Errors: CMC_E_INPUT.
 */
enum cmc_rc cmc_signer_time(const struct cmc_signed_data *sd, size_t i, struct cmc_arena *arena,
                            int64_t *time, bool *present, struct cmc_err *err) CMC_MUST_USE;

/*
 * The certificate that SignerInfo i names, from among n candidates (whole DERs). Returns its
 * index or SIZE_MAX when none matches. Candidates that are no certificates are passed over.
 */
size_t cmc_signer_find_cert(const struct cmc_signed_data *sd, size_t i,
                            const struct cmc_slice *certs, size_t n, struct cmc_arena *arena);

/* The value of the subjectKeyIdentifier extension of a decoded certificate; absent if none. */
struct cmc_slice cmc_cert_ski(const struct cmc_cert *cert, struct cmc_arena *arena);

#endif
