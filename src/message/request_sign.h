/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A certification request that is there already, with something added and signed anew: how the
 * POP link witness gets in (RFC 10002 section 6.3.1).
 */
#ifndef CMC_MESSAGE_REQUEST_SIGN_H
#define CMC_MESSAGE_REQUEST_SIGN_H

#include "message/request.h"

/*
 * Append an attribute with one value (whole TLV) to a PKCS#10 and sign it with key, which must be
 * the key of the request. alg NULL: the default of the key. A request with id-alg-noSignature gets
 * that anew; key may be NULL for it.
 * Errors: CMC_E_INPUT, CMC_E_USAGE (another key), CMC_E_CRYPTO.
 */
enum cmc_rc cmc_pkcs10_add_attribute(const struct cmc_crypto *c, struct cmc_slice csr,
                                     struct cmc_slice type, struct cmc_slice value, EVP_PKEY *key,
                                     const struct cmc_sig_alg *alg, struct cmc_arena *arena,
                                     struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * Append a control to a CertReqMsg (whole DER). When it has a POP by signature, that is made
 * anew with key; without one, or with one that covers nothing (raVerified, subsequentMessage), key
 * may be NULL. alg NULL: as it was signed before.
 * Errors: as above; CMC_E_REFUSED (a POP of another form would not cover the addition).
 */
enum cmc_rc cmc_crmf_add_control(const struct cmc_crypto *c, struct cmc_slice msg,
                                 struct cmc_slice type, struct cmc_slice value, EVP_PKEY *key,
                                 const struct cmc_sig_alg *alg, struct cmc_arena *arena,
                                 struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * The CertReqMsg as DER says it: explicit DEFAULT values left out, lengths minimal. changed tells
 * whether the octets that a POP covers became others.
 */
enum cmc_rc cmc_crmf_canonical(struct cmc_slice msg, struct cmc_arena *arena, struct cmc_slice *out,
                               bool *changed, struct cmc_err *err) CMC_MUST_USE;

#endif
