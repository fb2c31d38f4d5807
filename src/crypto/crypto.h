/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cryptographic context of one thread: its own OSSL_LIB_CTX, its algorithms fetched once.
 * OpenSSL 3.0's shared default context costs a third of two cores in locks, so nothing here is
 * shared between threads.
 */
#ifndef CMC_CRYPTO_CRYPTO_H
#define CMC_CRYPTO_CRYPTO_H

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/err.h"
#include "crypto/alg.h"

struct cmc_crypto;

/* Errors: CMC_E_CRYPTO (a provider or algorithm cannot be had), CMC_E_MEM. */
enum cmc_rc cmc_crypto_new(struct cmc_crypto **out, struct cmc_err *err) CMC_MUST_USE;
void cmc_crypto_free(struct cmc_crypto *c);
OSSL_LIB_CTX *cmc_crypto_get0_libctx(const struct cmc_crypto *c);

/* The digest of data into out (at least CMC_DIGEST_MAX octets); *n is its length. */
enum cmc_rc cmc_digest(const struct cmc_crypto *c, enum cmc_digest_id id, struct cmc_slice data,
                       uint8_t *out, size_t *n, struct cmc_err *err) CMC_MUST_USE;

/* The digest of several pieces one after another. */
enum cmc_rc cmc_digest_pieces(const struct cmc_crypto *c, enum cmc_digest_id id,
                              const struct cmc_slice *pieces, size_t npieces, uint8_t *out,
                              size_t *n, struct cmc_err *err) CMC_MUST_USE;

/* n octets from the DRBG. */
enum cmc_rc cmc_random(const struct cmc_crypto *c, void *out, size_t n,
                       struct cmc_err *err) CMC_MUST_USE;

/* The same for what everybody will see, serial numbers and nonces: drawn in advance and kept until
 * it is given out. */
enum cmc_rc cmc_random_public(const struct cmc_crypto *c, void *out, size_t n,
                              struct cmc_err *err) CMC_MUST_USE;

/*
 * Sign data (hashed as alg says) with key; the signature goes into the arena.
 * Errors: CMC_E_USAGE (alg does not fit the key), CMC_E_CRYPTO, CMC_E_MEM.
 */
enum cmc_rc cmc_sign(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                     struct cmc_slice data, struct cmc_arena *arena, struct cmc_slice *sig,
                     struct cmc_err *err) CMC_MUST_USE;

/*
 * The same for what is too long to be held: new, add as often as there is something, end. EdDSA
 * reads its data twice, so what it signs has to be held: cmc_sign() then.
 */
struct cmc_sign_stream;
bool cmc_sign_can_stream(const struct cmc_sig_alg *alg);
/* c, key and alg are borrowed until it is freed. Errors: as cmc_sign(). */
enum cmc_rc cmc_sign_stream_new(const struct cmc_crypto *c, EVP_PKEY *key,
                                const struct cmc_sig_alg *alg, struct cmc_sign_stream **out,
                                struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sign_stream_add(struct cmc_sign_stream *s, struct cmc_slice data,
                                struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_sign_stream_end(struct cmc_sign_stream *s, struct cmc_arena *arena,
                                struct cmc_slice *sig, struct cmc_err *err) CMC_MUST_USE;
void cmc_sign_stream_free(struct cmc_sign_stream *s);

/*
 * Do not keep this key ready between two signatures: what it came from (a token) ends with its last
 * reference. False: no memory.
 */
bool cmc_sign_keep_nothing(EVP_PKEY *key) CMC_MUST_USE;

/*
 * Verify. Errors: CMC_E_CRYPTO (does not verify; failInfo badMessageCheck), CMC_E_REFUSED (alg
 * does not fit the key; failInfo badAlg).
 */
enum cmc_rc cmc_verify(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                       struct cmc_slice data, struct cmc_slice sig,
                       struct cmc_err *err) CMC_MUST_USE;

/*
 * The public key of a SubjectPublicKeyInfo (whole DER). The caller frees *out.
 * Errors: CMC_E_INPUT (no key, or a point not on its curve; failInfo badRequest),
 * CMC_E_REFUSED (algorithm not known; failInfo badAlg).
 */
enum cmc_rc cmc_spki_key(const struct cmc_crypto *c, struct cmc_slice spki, EVP_PKEY **out,
                         struct cmc_err *err) CMC_MUST_USE;

/*
 * The same for a key that is used for a while and given back, to the same context, for the next
 * one: it must not be freed, kept, nor be given out as one's own. Give back takes NULL.
 */
enum cmc_rc cmc_spki_lend(const struct cmc_crypto *c, struct cmc_slice spki, EVP_PKEY **out,
                          struct cmc_err *err) CMC_MUST_USE;
void cmc_spki_give_back(const struct cmc_crypto *c, EVP_PKEY *key);

/* EVP_PKEY_is_a() without its locks and lists, where the provider's name for the type is a known
 * one. type: "RSA", "EC", "DHX", "ED25519", "ED448", "X25519" or "X448". */
bool cmc_key_is(const EVP_PKEY *key, const char *type);

/*
 * Is this public key one that nobody should have a certificate for (key_check.c)? RSA: exponent
 * below 65537 or beyond 256 bits, a factor below 752, the marks of CVE-2017-15361; X25519, X448,
 * Ed25519, Ed448: a point of small order; DH: below 2048 bits, a group that is none, a value of
 * small order (that takes tens of milliseconds: prove possession first). Whether it is a key at all
 * cmc_spki_key() has found. Errors: CMC_E_REFUSED with failInfo badAlg.
 */
enum cmc_rc cmc_key_check(EVP_PKEY *key, struct cmc_err *err) CMC_MUST_USE;

/* The SubjectPublicKeyInfo DER of a key into the arena. */
enum cmc_rc cmc_key_spki(EVP_PKEY *key, struct cmc_arena *arena, struct cmc_slice *out,
                         struct cmc_err *err) CMC_MUST_USE;

#define CMC_SKI_OCTETS 20
/* RFC 5280 section 4.2.1.2 method 1: SHA-1 of the subjectPublicKey bits. spki is whole DER. */
enum cmc_rc cmc_spki_ski(const struct cmc_crypto *c, struct cmc_slice spki,
                         uint8_t out[CMC_SKI_OCTETS], struct cmc_err *err) CMC_MUST_USE;

/* "RSA-2048", "EC-P-256", "Ed25519": kind and size of a key, into buf. Returns buf. */
const char *cmc_key_describe(EVP_PKEY *key, char *buf, size_t size);

#endif
