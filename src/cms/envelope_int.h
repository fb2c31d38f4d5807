/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that carry a content-encryption key share. */
#ifndef CMC_CMS_ENVELOPE_INT_H
#define CMC_CMS_ENVELOPE_INT_H

#include "cms/enveloped_data.h"

/* enveloped_data.c: the AlgorithmIdentifier of an RSA padding. */
enum cmc_rc cmc_key_transport_algid(enum cmc_rsa_padding padding, struct cmc_arena *arena,
                                    struct cmc_algid *out, struct cmc_err *err) CMC_MUST_USE;

/* key_agree.c: KeyAgreeRecipientInfo for one recipient, RFC 5753 and RFC 8418. */
enum cmc_rc cmc_key_agree_make(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                               const struct cmc_signer_id *rid, struct cmc_slice key,
                               struct cmc_arena *arena, struct cmc_kari *out,
                               struct cmc_err *err) CMC_MUST_USE;
/* The key in it. Errors: CMC_E_NOTFOUND, CMC_E_REFUSED with badAlg, CMC_E_CRYPTO. */
enum cmc_rc cmc_key_agree_open(const struct cmc_crypto *c, const struct cmc_enveloped_data *ed,
                               const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                               struct cmc_slice *key, struct cmc_err *err) CMC_MUST_USE;

#endif
