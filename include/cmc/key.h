/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys, and lists of certificates, by URI: "file:PATH" or a bare path, holding PEM, DER or
 * PKCS#12, and whatever else cmc(1) takes as a key or certificate. passphrase: of what is encrypted
 * there, borrowed for the call; NULL: none is known. Nothing is ever asked for on a terminal.
 */
#ifndef CMC_KEY_H
#define CMC_KEY_H

#include <cmc/context.h>

#ifdef __cplusplus
extern "C" {
#endif

struct cmcl_key;
struct cmcl_certs;

/* Errors: CMCL_E_LOCAL (file), CMCL_E_INPUT (no key in it), CMCL_E_USAGE (passphrase wrong or
 * missing, URI scheme not known), CMCL_E_MEM. */
CMCL_PUBLIC enum cmcl_rc cmcl_key_load(struct cmcl_context *ctx, const char *uri,
                                       const char *passphrase, struct cmcl_key **out) CMCL_MUST_USE;

/*
 * A new key: "rsa:2048", "rsa:3072", "rsa:4096", "ec:P-256", "ec:P-384", "ec:P-521", "ed25519" or
 * "ed448". Errors: CMCL_E_USAGE (names what would be right), CMCL_E_CRYPTO, CMCL_E_MEM.
 */
CMCL_PUBLIC enum cmcl_rc cmcl_key_generate(struct cmcl_context *ctx, const char *kind,
                                           struct cmcl_key **out) CMCL_MUST_USE;

/*
 * Write the key as PKCS#8 PEM with mode 0600, never over an existing file; encrypted (PBES2,
 * AES-256-CBC) when there is a passphrase.
 * Errors: CMCL_E_CONFLICT (the file is there), CMCL_E_LOCAL, CMCL_E_USAGE (empty passphrase).
 */
CMCL_PUBLIC enum cmcl_rc cmcl_key_save(struct cmcl_key *key, const char *path,
                                       const char *passphrase) CMCL_MUST_USE;
CMCL_PUBLIC void cmcl_key_free(struct cmcl_key *key);

/*
 * All certificates that stand at the URI, at least one, in their order. Errors: as
 * cmcl_key_load().
 */
CMCL_PUBLIC enum cmcl_rc cmcl_certs_load(struct cmcl_context *ctx, const char *uri,
                                         const char *passphrase,
                                         struct cmcl_certs **out) CMCL_MUST_USE;
CMCL_PUBLIC size_t cmcl_certs_count(const struct cmcl_certs *certs);
/* DER of certificate i (from 0), *n octets; NULL when there is none. Borrowed. */
CMCL_PUBLIC const uint8_t *cmcl_certs_get0(const struct cmcl_certs *certs, size_t i, size_t *n);
CMCL_PUBLIC void cmcl_certs_free(struct cmcl_certs *certs);

#ifdef __cplusplus
}
#endif

#endif
