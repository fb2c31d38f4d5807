/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EnvelopedData, RFC 5652 section 6: opening what was encrypted to an RSA key. The two steps
 * (the content-encryption key, the content) stand apart, because a peer may keep what belongs to
 * the second elsewhere, as Dogtag does with the IV of its encryptedPOP.
 */
#ifndef CMC_CMS_ENVELOPED_DATA_H
#define CMC_CMS_ENVELOPED_DATA_H

#include "asn1/cms.h"
#include "crypto/cipher.h"

/* Decode a ContentInfo that must hold EnvelopedData. Errors: CMC_E_INPUT with badRequest. */
enum cmc_rc cmc_enveloped_data_open(const struct cmc_content_info *ci, struct cmc_arena *arena,
                                    struct cmc_enveloped_data *out,
                                    struct cmc_err *err) CMC_MUST_USE;

/* Who decrypts. All borrowed. */
struct cmc_cms_recipient {
    EVP_PKEY *key;
    struct cmc_slice cert; /* whole DER, to find the RecipientInfo by; absent: the first one that
                              is for a key of this kind is taken for ours */
    bool force_padding;    /* padding below, whatever the RecipientInfo says */
    enum cmc_rsa_padding padding;
};

/*
 * The content-encryption key. size: the octets that it must have (the cipher's); where RSA gives
 * something else, a random key is returned, so that nobody learns by asking which of the two
 * steps failed (RFC 3218 section 2.3.2).
 * Errors: CMC_E_NOTFOUND (no RecipientInfo for this recipient), CMC_E_REFUSED with badAlg.
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
