/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and certificates by URI:
 *
 *   PATH, file:PATH            PEM, DER or PKCS#12, told by the octets
 *   pkcs11:token=T;object=O    RFC 7512. Token by token, serial, manufacturer, model, slot-id;
 *                              object by object (label) and id; module-path (otherwise the
 *                              modules that p11-kit knows are looked through). object is the
 *                              label of the key, or else of the certificate whose key it is
 *   nss:DIR?nickname=N         an NSS database (cert9.db, key4.db): a certificate and its key.
 *   nss:DIR?id=HEX             by key id, in the notation of cmc_key_id_parse() (token.h).
 *                              '&' adds token=T (a token beside the database), module-path=.
 *                              %XX in DIR and values stands for an octet: write ?, & and % so
 *
 * The password of a token comes from pin-source=FILE in the query, otherwise from struct
 * cmc_passphrase. pin-value=TEXT is refused, since a URI stands where others read it; errors do
 * not show it. Certificates are read without the password if possible.
 * Keys in tokens work until they are freed; what else there is to know of them stands in token.h.
 */
#ifndef CMC_KEY_KEY_H
#define CMC_KEY_KEY_H

#include "base/buf.h"
#include "crypto/crypto.h"

/* Where a passphrase comes from. Both NULL: none; encrypted keys are then refused. */
struct cmc_passphrase {
    const char *file; /* path whose first line is the passphrase, or "credential:NAME", which
                         systemd has put into $CREDENTIALS_DIRECTORY, or NULL */
    const char *text; /* the passphrase itself, or NULL; borrowed */
    bool prompt;      /* ask on /dev/tty when neither is given and it is needed */
};

/*
 * A private key. For PKCS#12 the key in it. The caller frees *out with EVP_PKEY_free().
 * Errors: CMC_E_LOCAL (file), CMC_E_INPUT (no key in it), CMC_E_USAGE (passphrase wrong or
 * missing, token or directory wrong), CMC_E_NOTFOUND (no such token, certificate or key).
 */
enum cmc_rc cmc_key_load(const struct cmc_crypto *c, const char *uri,
                         const struct cmc_passphrase *pass, EVP_PKEY **out,
                         struct cmc_err *err) CMC_MUST_USE;

/*
 * All certificates that stand at the URI (PEM may hold several, PKCS#12 too, a certs-only
 * PKCS#7 too), whole DERs into the arena. At least one, else CMC_E_INPUT, or CMC_E_NOTFOUND in a
 * token. Others: as cmc_key_load().
 */
enum cmc_rc cmc_certs_load(const struct cmc_crypto *c, const char *uri,
                           const struct cmc_passphrase *pass, struct cmc_arena *arena,
                           struct cmc_slice **out, size_t *n, struct cmc_err *err) CMC_MUST_USE;

/*
 * The DER inside data that may be DER, PEM (the first block with one of the labels given, a
 * NULL-ended list; labels NULL: the first block) or bare base64. DER is not checked further.
 * *out points into data or into the arena. Errors: CMC_E_INPUT, CMC_E_LIMIT, CMC_E_MEM.
 */
enum cmc_rc cmc_der_or_pem(struct cmc_slice data, const char *const *labels,
                           struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err) CMC_MUST_USE;

/* True when data is text and holds a PEM header. */
bool cmc_is_pem(struct cmc_slice data);
/*
 * The next PEM block of *in, which is stepped over: its label and content in the arena.
 * Errors: CMC_E_NOTFOUND (there is no further one), CMC_E_INPUT (damaged), CMC_E_MEM.
 */
enum cmc_rc cmc_pem_next(struct cmc_slice *in, struct cmc_arena *arena, const char **label,
                         struct cmc_slice *der, struct cmc_err *err) CMC_MUST_USE;

/* PEM text of one DER with this label, appended to out. */
enum cmc_rc cmc_pem_write(const char *label, struct cmc_slice der, struct cmc_buf *out,
                          struct cmc_err *err) CMC_MUST_USE;

/*
 * A new key: "rsa:2048", "rsa:3072", "rsa:4096", "ec:P-256", "ec:P-384", "ec:P-521", "ed25519",
 * "ed448", "x25519", "x448". Errors: CMC_E_USAGE (names what would be right), CMC_E_CRYPTO.
 */
enum cmc_rc cmc_key_generate(const struct cmc_crypto *c, const char *spec, EVP_PKEY **out,
                             struct cmc_err *err) CMC_MUST_USE;

/*
 * Write a private key as PKCS#8 PEM, mode 0600, never over an existing file; encrypted
 * (PBES2, AES-256-CBC) when pass gives one.
 */
enum cmc_rc cmc_key_save(const struct cmc_crypto *c, EVP_PKEY *key, const char *path,
                         const struct cmc_passphrase *pass, struct cmc_err *err) CMC_MUST_USE;

/* Does this URI name a token: "pkcs11:" or "nss:"? */
bool cmc_uri_is_token(const char *uri);
/* The file that pin-source in such a URI names, into the arena; NULL: none, or "credential:NAME".
 * Errors: CMC_E_USAGE, CMC_E_MEM. */
enum cmc_rc cmc_uri_pin_file(const char *uri, struct cmc_arena *arena, const char **out,
                             struct cmc_err *err) CMC_MUST_USE;
/*
 * Make a key in the token that the URI names ("rsa:BITS" or "ec:CURVE"); object= becomes its
 * label, which no key there may have. stays: it can never be taken out of the token. *id: its
 * CKA_ID as cmc_key_id_text() writes it, into the arena. The key works until it is freed. Errors:
 * those of cmc_token_open() and cmc_token_generate() in token.h.
 */
enum cmc_rc cmc_key_generate_at(const struct cmc_crypto *c, const char *uri, const char *spec,
                                const struct cmc_passphrase *pass, bool stays,
                                struct cmc_arena *arena, const char **id, EVP_PKEY **out,
                                struct cmc_err *err) CMC_MUST_USE;

/*
 * The same text appended to out, which cmc_buf_free() zeroises: for libraries that want a key
 * as PEM. Errors: CMC_E_USAGE (passphrase), CMC_E_CRYPTO, CMC_E_MEM.
 */
enum cmc_rc cmc_key_pem(EVP_PKEY *key, const struct cmc_passphrase *pass, struct cmc_buf *out,
                        struct cmc_err *err) CMC_MUST_USE;

/* True when the private half is in a token, so that it can be used but not be written down. */
bool cmc_key_in_token(const EVP_PKEY *key);

#endif
