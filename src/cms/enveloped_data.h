/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EnvelopedData, RFC 5652 section 6, and AuthEnvelopedData, RFC 5083: making them for public keys
 * (RSA, EC, X25519, X448, DH) and shared secrets, and opening what was encrypted to ours. The two
 * steps (the content-encryption key, the content) stand apart, because a peer may keep what belongs
 * to the second elsewhere, as Dogtag does with the IV of its encryptedPOP.
 */
#ifndef CMC_CMS_ENVELOPED_DATA_H
#define CMC_CMS_ENVELOPED_DATA_H

#include "asn1/cms.h"
#include "crypto/cipher.h"

/* -- envelopes as a whole: envelope.c ---------------------------------------------------- */

/* For whom an envelope is made: who has the private key, or who knows the secret. All borrowed. */
struct cmc_envelope_to {
    EVP_PKEY *key;         /* public; NULL: password */
    struct cmc_slice ski;  /* names the recipient; absent: the certificate does */
    struct cmc_slice cert; /* whole DER; absent: an empty issuer Name and serial name it */
    uint32_t serial;
    bool authenticated;           /* as in struct cmc_envelope; for cmc_envelope_create() */
    enum cmc_rsa_padding padding; /* RSA */
    struct cmc_slice password;    /* see cmc_shared_password() */
    uint32_t rounds;              /* of PBKDF2; 0: CMC_PASSWORD_ROUNDS */
};

/* Can something be encrypted to a key of this kind? */
bool cmc_envelope_can(EVP_PKEY *key);

/*
 * May something be encrypted to this key as a keyUsage among these extensions (struct
 * cmc_extension) says? RFC 5280 section 4.2.1.3: RSA keys encipher keys, others agree on them.
 */
bool cmc_envelope_may(const struct cmc_list *extensions, EVP_PKEY *key, struct cmc_arena *arena);

/* How an envelope is made. All borrowed. */
struct cmc_envelope {
    const struct cmc_envelope_to *to;
    size_t nto;         /* 1 to CMC_LIMIT_CMS_RECIPIENTS */
    bool authenticated; /* AuthEnvelopedData with AES-GCM; else EnvelopedData with AES-CBC */
    const char *cipher; /* "aes128-gcm", "aes192-cbc" ..; NULL: the one with 256 bits */
    size_t tag_octets;  /* of AES-GCM, 12 to 16; 0: 16 */
    const struct cmc_list *attributes; /* struct cmc_attribute: unprotectedAttrs, unauthAttrs;
                                          or NULL */
};

/*
 * Encrypt content (of this type) for all recipients: RSA key transport, an ephemeral key and
 * AES-256 key wrap (RFC 5753, RFC 8418, RFC 3370), or PBKDF2 and AES-256 key wrap. *out lives in
 * the arena.
 * Errors: CMC_E_USAGE (cmc_envelope_can() is false, no such cipher), CMC_E_LIMIT (recipients),
 * CMC_E_CRYPTO.
 */
enum cmc_rc cmc_envelope_make(const struct cmc_crypto *c, const struct cmc_envelope *how,
                              struct cmc_slice type, struct cmc_slice content,
                              struct cmc_arena *arena, struct cmc_content_info *out,
                              struct cmc_err *err) CMC_MUST_USE;
/* The same for one recipient. */
enum cmc_rc cmc_envelope_create(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                struct cmc_slice type, struct cmc_slice content,
                                struct cmc_arena *arena, struct cmc_content_info *out,
                                struct cmc_err *err) CMC_MUST_USE;

struct cmc_cms_recipient;
/*
 * Open an EnvelopedData or AuthEnvelopedData: the type of the content and its octets.
 * Errors: those of cmc_enveloped_data_decrypt(). Whatever goes wrong with a key that is for us,
 * the error is the same; nothing is given out before a GCM tag was verified.
 */
enum cmc_rc cmc_envelope_open(const struct cmc_crypto *c, const struct cmc_content_info *ci,
                              const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                              struct cmc_slice *type, struct cmc_slice *content,
                              struct cmc_err *err) CMC_MUST_USE;

/* -- step by step: enveloped_data.c ------------------------------------------------------ */

/* Decode a ContentInfo that must hold EnvelopedData. Errors: CMC_E_INPUT with badRequest. */
enum cmc_rc cmc_enveloped_data_open(const struct cmc_content_info *ci, struct cmc_arena *arena,
                                    struct cmc_enveloped_data *out,
                                    struct cmc_err *err) CMC_MUST_USE;

/* Who decrypts. All borrowed. */
struct cmc_cms_recipient {
    EVP_PKEY *key;         /* NULL: password */
    struct cmc_slice cert; /* whole DER, to find the RecipientInfo by; absent: the first one that
                              is for a key of this kind is taken for ours */
    bool force_padding;    /* padding below, whatever the RecipientInfo says */
    enum cmc_rsa_padding padding;
    struct cmc_slice password; /* see cmc_shared_password() */
};

/*
 * The content-encryption key. size: the octets that it must have (the cipher's; 0: any); where the
 * recipient's key gives something else, a random key is returned, so that nobody learns by asking
 * which of the two steps failed (RFC 3218 section 2.3.2). Errors: CMC_E_NOTFOUND (no RecipientInfo
 * for this recipient), CMC_E_REFUSED with badAlg.
 */
enum cmc_rc cmc_enveloped_data_key(const struct cmc_crypto *c, const struct cmc_enveloped_data *ed,
                                   const struct cmc_cms_recipient *who, size_t size,
                                   struct cmc_arena *arena, struct cmc_slice *key,
                                   struct cmc_err *err) CMC_MUST_USE;

/* Both steps: the content as the message says it. Errors also: CMC_E_CRYPTO. */
enum cmc_rc cmc_enveloped_data_decrypt(const struct cmc_crypto *c,
                                       const struct cmc_enveloped_data *ed,
                                       const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                                       struct cmc_slice *content, struct cmc_err *err) CMC_MUST_USE;

#endif
