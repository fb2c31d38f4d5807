/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proof of possession by challenge, RFC 10002 section 6.7: a key that cannot sign shows that it
 * can decrypt. The server encrypts y to the new key (encryptedPOP); the client sends the same
 * request again with a MAC over it that is keyed with y (decryptedPOP).
 *
 * y is made of the request itself and a secret of the server, so that nothing is stored between
 * the two trips, and a request that was changed has another y.
 */
#ifndef CMC_POP_CHALLENGE_H
#define CMC_POP_CHALLENGE_H

#include "cms/enveloped_data.h"
#include "message/request.h"

#define CMC_CHALLENGE_SECRET_OCTETS 32u

/* What challenges are made with; the one before is still good for answers that are under way. */
struct cmc_challenge_secrets {
    uint8_t now[CMC_CHALLENGE_SECRET_OCTETS];
    uint8_t before[CMC_CHALLENGE_SECRET_OCTETS];
};

/* -- the server -------------------------------------------------------------------------- */

/*
 * The encryptedPOP for a request. tr must have its raw octets; rq is the same request read; key
 * its public key. The recipient is named by the SKI that the request asks for, else by an empty
 * issuer and the body part id. *out lives in the arena and points into tr.
 * Errors: CMC_E_USAGE (nothing can be encrypted to such a key).
 */
enum cmc_rc cmc_challenge_make(const struct cmc_crypto *c,
                               const struct cmc_challenge_secrets *secrets,
                               const struct cmc_tagged_request *tr, const struct cmc_request *rq,
                               EVP_PKEY *key, struct cmc_arena *arena,
                               struct cmc_encrypted_pop *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * The same in the form that Dogtag's Java client reads (dogtag.c); RSA keys only. It is known by
 * the content cipher in thePOPAlgID, and has a y of its own, of 64 octets.
 * Errors: CMC_E_USAGE (another kind of key).
 */
#define CMC_CHALLENGE_DOGTAG_DIGEST CMC_DIGEST_SHA512
enum cmc_rc cmc_challenge_make_dogtag(const struct cmc_crypto *c,
                                      const struct cmc_challenge_secrets *secrets,
                                      const struct cmc_tagged_request *tr, EVP_PKEY *key,
                                      struct cmc_arena *arena, struct cmc_encrypted_pop *out,
                                      struct cmc_err *err) CMC_MUST_USE;

/*
 * Is this the answer to the challenge for this request? dogtag: thePOPAlgID may name a content
 * cipher, as Dogtag's client copies it from the challenge; HMAC-SHA256 is meant.
 * Errors: CMC_E_CRYPTO with failInfo popFailed, CMC_E_REFUSED with badAlg.
 */
enum cmc_rc cmc_challenge_check(const struct cmc_crypto *c,
                                const struct cmc_challenge_secrets *secrets,
                                const struct cmc_tagged_request *tr,
                                const struct cmc_decrypted_pop *pop, bool dogtag,
                                struct cmc_err *err) CMC_MUST_USE;

/* -- the client -------------------------------------------------------------------------- */

/*
 * Answer a challenge with the private key of the request. Dogtag's form is known by a content
 * cipher in thePOPAlgID, whose IV is the one to decrypt with.
 * Errors: CMC_E_CRYPTO with failInfo popFailed (not for this key, or the witness does not fit:
 * one text for all reasons), CMC_E_NOTFOUND, CMC_E_REFUSED with badAlg.
 */
enum cmc_rc cmc_challenge_answer(const struct cmc_crypto *c, const struct cmc_encrypted_pop *ep,
                                 EVP_PKEY *key, struct cmc_arena *arena,
                                 struct cmc_decrypted_pop *out, struct cmc_err *err) CMC_MUST_USE;

#endif
