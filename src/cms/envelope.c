/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes as a whole: making them for one public key, opening what is in a ContentInfo. */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/envelope_int.h"
#include "crypto/aead.h"
#include "crypto/agree.h"

#define TAG_IN_MESSAGE 0xa1 /* authAttrs [1] IMPLICIT */
#define TAG_COVERED    (CMC_T_SET | 0x20)

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an envelope");
}

/* -- making ------------------------------------------------------------------------------ */

static enum cmc_rc no_cipher(const struct cmc_envelope *how, struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_USAGE, NULL, "%s does not go with this envelope; want %s",
                    how->cipher,
                    how->authenticated ? "aes256-gcm, aes192-gcm or aes128-gcm"
                                       : "aes256-cbc, aes192-cbc or aes128-cbc");
}

/* [10004-5.1-e] [10004-5.1-k] */
static enum cmc_rc make_enveloped(const struct cmc_crypto *c, const struct cmc_envelope *how,
                                  struct cmc_slice type, struct cmc_slice content,
                                  struct cmc_arena *arena, struct cmc_slice *out,
                                  struct cmc_err *err)
{
    const struct cmc_cipher_alg *alg =
        cmc_cipher_by_name(how->cipher != NULL ? how->cipher : "aes256-cbc");
    struct cmc_enveloped_data ed = {.content.type = type};
    struct cmc_slice key, iv;
    enum cmc_rc rc;

    if (alg == NULL || alg->weak)
        return no_cipher(how, err);
    rc = cmc_random_octets(c, alg->key_octets, arena, &key, err);
    if (rc == CMC_OK)
        rc = cmc_random_octets(c, alg->iv_octets, arena, &iv, err);
    if (rc == CMC_OK)
        rc = cmc_recipients_make(c, how->to, how->nto, key, arena, &ed.recipients, err);
    if (rc == CMC_OK)
        rc = cmc_cipher_algid(alg, iv, arena, &ed.content.algorithm, err);
    if (rc == CMC_OK)
        rc = cmc_cipher(c, alg, CMC_ENCRYPT, key, iv, true, content, arena, &ed.content.content,
                        err);
    if (rc != CMC_OK)
        return rc;
    if (how->attributes != NULL)
        ed.unprotected_attrs = *how->attributes;
    ed.version = cmc_enveloped_version(&ed.recipients, ed.unprotected_attrs.n > 0);
    return cmc_encode_arena(&cmc_it_enveloped_data, &ed, arena, out, err);
}

/* RFC 5083 section 2.1: content that is not id-data has its type among authAttrs. */
static enum cmc_rc set_auth_attrs(struct cmc_slice type, struct cmc_arena *arena,
                                  struct cmc_auth_enveloped_data *ad, struct cmc_slice *aad,
                                  struct cmc_err *err)
{
    enum cmc_rc rc;

    *aad = CMC_SLICE_NONE;
    if (cmc_slice_eq(type, cmc_oid_id_data))
        return CMC_OK;
    rc = cmc_auth_attrs_make(type, CMC_SLICE_NONE, arena, aad, err);
    if (rc != CMC_OK)
        return rc;
    ad->auth_attrs = cmc_retagged(*aad, TAG_IN_MESSAGE, arena);
    return ad->auth_attrs.p != NULL ? CMC_OK : no_memory(err);
}

/* [10004-5.1-g, 10004-5.1-h, 10004-5.1-i] [10004-5.1-l] */
static enum cmc_rc make_auth_enveloped(const struct cmc_crypto *c, const struct cmc_envelope *how,
                                       struct cmc_slice type, struct cmc_slice content,
                                       struct cmc_arena *arena, struct cmc_slice *out,
                                       struct cmc_err *err)
{
    const struct cmc_aead_alg *alg =
        cmc_aead_by_name(how->cipher != NULL ? how->cipher : "aes256-gcm");
    size_t tag_octets = how->tag_octets != 0 ? how->tag_octets : CMC_GCM_TAG_OCTETS;
    struct cmc_auth_enveloped_data ad = {.content.type = type};
    struct cmc_slice key, nonce, aad = CMC_SLICE_NONE;
    enum cmc_rc rc;

    if (alg == NULL)
        return no_cipher(how, err);
    if (tag_octets < CMC_GCM_TAG_OCTETS_MIN || tag_octets > CMC_GCM_TAG_OCTETS)
        return cmc_fail(err, CMC_E_USAGE, "RFC 5084 section 3.2",
                        "an ICV of %zu octets; want 12 to 16", tag_octets);
    rc = cmc_random_octets(c, alg->key_octets, arena, &key, err);
    if (rc == CMC_OK)
        rc = cmc_random_octets(c, CMC_GCM_NONCE_OCTETS, arena, &nonce, err);
    if (rc == CMC_OK)
        rc = cmc_recipients_make(c, how->to, how->nto, key, arena, &ad.recipients, err);
    if (rc == CMC_OK)
        rc = cmc_aead_algid(alg, nonce, tag_octets, arena, &ad.content.algorithm, err);
    if (rc == CMC_OK)
        rc = set_auth_attrs(type, arena, &ad, &aad, err);
    if (rc == CMC_OK)
        rc = cmc_aead_seal(c, alg, key, nonce, aad, content, arena, &ad.content.content, &ad.mac,
                           err);
    if (rc != CMC_OK)
        return rc;
    ad.mac.n = tag_octets; /* SP 800-38D: the leftmost octets */
    if (how->attributes != NULL)
        ad.unauth_attrs = *how->attributes;
    return cmc_encode_arena(&cmc_it_auth_enveloped_data, &ad, arena, out, err);
}

enum cmc_rc cmc_envelope_make(const struct cmc_crypto *c, const struct cmc_envelope *how,
                              struct cmc_slice type, struct cmc_slice content,
                              struct cmc_arena *arena, struct cmc_content_info *out,
                              struct cmc_err *err)
{
    *out = (struct cmc_content_info){.content_type = how->authenticated
                                                         ? cmc_oid_id_ct_authEnvelopedData
                                                         : cmc_oid_id_envelopedData};
    return how->authenticated
               ? make_auth_enveloped(c, how, type, content, arena, &out->content, err)
               : make_enveloped(c, how, type, content, arena, &out->content, err);
}

enum cmc_rc cmc_envelope_create(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                struct cmc_slice type, struct cmc_slice content,
                                struct cmc_arena *arena, struct cmc_content_info *out,
                                struct cmc_err *err)
{
    const struct cmc_envelope how = {.to = to, .nto = 1, .authenticated = to->authenticated};

    return cmc_envelope_make(c, &how, type, content, arena, out, err);
}

bool cmc_envelope_can(EVP_PKEY *key)
{
    return cmc_key_is(key, "RSA") || cmc_key_agrees(key);
}

/* -- opening ----------------------------------------------------------------------------- */

/* authAttrs as they are covered; they must say the type of the content unless it is id-data. */
static enum cmc_rc check_auth_attrs(const struct cmc_auth_enveloped_data *ad,
                                    struct cmc_arena *arena, struct cmc_slice *aad,
                                    struct cmc_err *err)
{
    struct cmc_slice type = CMC_SLICE_NONE;
    enum cmc_rc rc = CMC_OK;

    *aad = CMC_SLICE_NONE;
    if (ad->auth_attrs.p != NULL) {
        *aad = cmc_retagged(ad->auth_attrs, TAG_COVERED, arena);
        if (aad->p == NULL)
            return no_memory(err);
        rc = cmc_auth_attr(*aad, cmc_oid_id_contentType, &cmc_it_oid, arena, &type, err);
    }
    if (rc != CMC_OK)
        return rc;
    if (type.p != NULL ? !cmc_slice_eq(type, ad->content.type)
                       : !cmc_slice_eq(ad->content.type, cmc_oid_id_data))
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 5083 section 2.1",
                             "the contentType attribute of the AuthEnvelopedData is missing or "
                             "names another type");
    return CMC_OK;
}

/* [10004-5.1-g, 10004-5.1-h, 10004-5.1-i] */
static enum cmc_rc open_auth(const struct cmc_crypto *c, struct cmc_slice der,
                             const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                             struct cmc_slice *type, struct cmc_slice *content, struct cmc_err *err)
{
    struct cmc_auth_enveloped_data ad = {0};
    struct cmc_enveloped_data ed = {0};
    const struct cmc_aead_alg *alg = NULL;
    struct cmc_slice nonce, key, aad;
    size_t tag_octets = 0;
    enum cmc_rc rc = cmc_decode(&cmc_it_auth_enveloped_data, der, arena, &ad, err);

    if (rc == CMC_E_INPUT && err != NULL)
        err->fail_info = CMC_FAIL_BAD_REQUEST;
    if (rc == CMC_OK)
        rc = cmc_aead_from_algid(&ad.content.algorithm, arena, &alg, &nonce, &tag_octets, err);
    if (rc == CMC_OK)
        rc = check_auth_attrs(&ad, arena, &aad, err);
    if (rc == CMC_OK && (ad.content.content.p == NULL || ad.mac.n != tag_octets))
        rc = cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 5083 section 2.1",
                           "the AuthEnvelopedData holds no encrypted content, or a mac of another "
                           "length than its parameters say");
    ed.recipients = ad.recipients;
    if (rc == CMC_OK)
        rc = cmc_enveloped_data_key(c, &ed, who, alg->key_octets, arena, &key, err);
    if (rc == CMC_OK)
        rc =
            cmc_aead_open(c, alg, key, nonce, aad, ad.content.content, ad.mac, arena, content, err);
    *type = ad.content.type;
    return rc;
}

enum cmc_rc cmc_envelope_open(const struct cmc_crypto *c, const struct cmc_content_info *ci,
                              const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                              struct cmc_slice *type, struct cmc_slice *content,
                              struct cmc_err *err)
{
    struct cmc_enveloped_data ed;
    enum cmc_rc rc;

    if (cmc_slice_eq(ci->content_type, cmc_oid_id_ct_authEnvelopedData) && ci->content.p != NULL)
        return open_auth(c, ci->content, who, arena, type, content, err);
    rc = cmc_enveloped_data_open(ci, arena, &ed, err);
    if (rc == CMC_OK)
        rc = cmc_enveloped_data_decrypt(c, &ed, who, arena, content, err);
    *type = ed.content.type;
    return rc;
}
