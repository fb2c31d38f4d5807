/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that carry a key to its recipients share. */
#ifndef CMC_CMS_ENVELOPE_INT_H
#define CMC_CMS_ENVELOPE_INT_H

#include "cms/enveloped_data.h"

/* enveloped_data.c: the AlgorithmIdentifier of an RSA padding. */
enum cmc_rc cmc_key_transport_algid(enum cmc_rsa_padding padding, struct cmc_arena *arena,
                                    struct cmc_algid *out, struct cmc_err *err) CMC_MUST_USE;

/* key_agree.c: KeyAgreeRecipientInfo for one recipient, RFC 5753, RFC 8418 and RFC 3370. */
enum cmc_rc cmc_key_agree_make(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                               const struct cmc_signer_id *rid, struct cmc_slice key,
                               struct cmc_arena *arena, struct cmc_kari *out,
                               struct cmc_err *err) CMC_MUST_USE;
/* The key in it. Errors: CMC_E_NOTFOUND, CMC_E_REFUSED with badAlg, CMC_E_CRYPTO. */
enum cmc_rc cmc_key_agree_open(const struct cmc_crypto *c, const struct cmc_enveloped_data *ed,
                               const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                               struct cmc_slice *key, struct cmc_err *err) CMC_MUST_USE;

/* wrap.c: the AES key wraps of RFC 3565; NULL: none of them. The strongest comes first. */
struct cmc_wrap_alg {
    const struct cmc_slice *oid;
    size_t octets; /* of the key that wraps */
};
const struct cmc_wrap_alg *cmc_wrap_by_oid(struct cmc_slice oid);
const struct cmc_wrap_alg *cmc_wrap_strongest(void);

/*
 * esdh.c: the key of RFC 2631 section 2.1.2 that is derived of the secret zz for this wrap. ukm
 * may be absent.
 */
enum cmc_rc cmc_esdh_derive(const struct cmc_crypto *c, struct cmc_slice zz,
                            const struct cmc_wrap_alg *wrap, struct cmc_slice ukm,
                            struct cmc_arena *arena, struct cmc_slice *out,
                            struct cmc_err *err) CMC_MUST_USE;

/* password.c: PasswordRecipientInfo for a key. */
enum cmc_rc cmc_password_make(const struct cmc_crypto *c, struct cmc_slice password,
                              uint32_t rounds, struct cmc_slice key, struct cmc_arena *arena,
                              struct cmc_pwri *out, struct cmc_err *err) CMC_MUST_USE;
/*
 * The key in the first PasswordRecipientInfo: a message is one guess, so the others are not tried.
 * Errors: CMC_E_NOTFOUND, CMC_E_REFUSED with badAlg, CMC_E_INPUT, CMC_E_CRYPTO.
 */
enum cmc_rc cmc_password_open(const struct cmc_crypto *c, const struct cmc_list *recipients,
                              struct cmc_slice password, struct cmc_arena *arena,
                              struct cmc_slice *key, struct cmc_err *err) CMC_MUST_USE;

/* recipient.c: one RecipientInfo for each, and the version of an EnvelopedData around them. */
enum cmc_rc cmc_recipients_make(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                size_t n, struct cmc_slice key, struct cmc_arena *arena,
                                struct cmc_list *out, struct cmc_err *err) CMC_MUST_USE;
uint32_t cmc_enveloped_version(const struct cmc_list *recipients, bool attributes);

/* Octets from the DRBG in the arena. */
enum cmc_rc cmc_random_octets(const struct cmc_crypto *c, size_t n, struct cmc_arena *arena,
                              struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * auth_attrs.c: the attributes that a MAC covers, with the tag of SET OF: contentType and, unless
 * digest is absent, messageDigest.
 */
enum cmc_rc cmc_auth_attrs_make(struct cmc_slice type, struct cmc_slice digest,
                                struct cmc_arena *arena, struct cmc_slice *out,
                                struct cmc_err *err) CMC_MUST_USE;
/* The same octets under another tag; absent on lack of memory. */
struct cmc_slice cmc_retagged(struct cmc_slice tlv, uint8_t tag, struct cmc_arena *arena);
/*
 * The value of an attribute among those that a MAC covers (with the tag of SET OF); *value is
 * absent when the attribute is. Errors: CMC_E_INPUT (malformed, twice, not one value).
 */
enum cmc_rc cmc_auth_attr(struct cmc_slice attrs, struct cmc_slice type, const struct cmc_item *it,
                          struct cmc_arena *arena, struct cmc_slice *value,
                          struct cmc_err *err) CMC_MUST_USE;

#endif
