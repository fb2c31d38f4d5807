/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes as a whole: making them for one public key, opening what is in a ContentInfo. */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/envelope_int.h"
#include "crypto/aead.h"
#include "crypto/agree.h"

#define KEY_OCTETS 32u
#define IV_OCTETS  16u

static const uint8_t empty_name[] = {0x30, 0};

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an envelope");
}

/* -- making ------------------------------------------------------------------------------ */

/* Octets from the DRBG in the arena. */
static enum cmc_rc random_octets(const struct cmc_crypto *c, size_t n, struct cmc_arena *arena,
                                 struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t *p = cmc_arena_alloc(arena, n);

    *out = cmc_slice(p, n);
    return p != NULL ? cmc_random(c, p, n, err) : no_memory(err);
}

/* [10004-5.1-k, 10004-5.1-l] */
static enum cmc_rc key_transport(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                 const struct cmc_signer_id *rid, struct cmc_slice key,
                                 struct cmc_arena *arena, struct cmc_ktri *out, struct cmc_err *err)
{
    enum cmc_rc rc = cmc_key_transport_algid(to->padding, arena, &out->key_encryption, err);

    out->version = rid->which == CMC_SID_SKI ? 2 : 0;
    out->rid = *rid;
    if (rc == CMC_OK)
        rc = cmc_rsa_encrypt(c, to->key, to->padding, key, arena, &out->encrypted_key, err);
    return rc;
}

static enum cmc_rc recipient(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                             struct cmc_slice key, struct cmc_arena *arena, struct cmc_list *out,
                             struct cmc_err *err)
{
    struct cmc_recipient_info *ri = cmc_arena_alloc(arena, sizeof *ri);
    struct cmc_signer_id rid = {.which = CMC_SID_SKI, .u.ski = to->ski};

    if (ri == NULL)
        return no_memory(err);
    if (to->ski.p == NULL) {
        rid.which = CMC_SID_ISSUER_SERIAL;
        rid.u.issuer_serial.issuer = cmc_slice(empty_name, sizeof empty_name);
        rid.u.issuer_serial.serial = cmc_int_from_u64(arena, to->serial);
        if (rid.u.issuer_serial.serial.p == NULL)
            return no_memory(err);
    }
    *out = (struct cmc_list){.v = ri, .n = 1};
    ri->which = cmc_key_agrees(to->key) ? CMC_RI_KARI : CMC_RI_KTRI;
    if (ri->which == CMC_RI_KARI)
        return cmc_key_agree_make(c, to, &rid, key, arena, &ri->u.kari, err);
    return key_transport(c, to, &rid, key, arena, &ri->u.ktri, err);
}

/* RFC 5083 section 2.1: content that is not id-data has its type among authAttrs. The attributes
 * as they are covered, with the tag of SET OF; absent for id-data. */
static enum cmc_rc auth_attrs(struct cmc_slice type, struct cmc_arena *arena, struct cmc_slice *out,
                              struct cmc_err *err)
{
    struct cmc_list attrs = {0};
    struct cmc_attribute *a;
    struct cmc_slice *value;
    enum cmc_rc rc;

    *out = CMC_SLICE_NONE;
    if (cmc_slice_eq(type, cmc_oid_id_data))
        return CMC_OK;
    a = cmc_list_add(arena, &cmc_it_attributes, &attrs, 1);
    value = a != NULL ? cmc_list_add(arena, &cmc_it_set_any, &a->values, 1) : NULL;
    if (value == NULL)
        return no_memory(err);
    a->type = cmc_oid_id_contentType;
    rc = cmc_encode_arena(&cmc_it_oid, &type, arena, value, err);
    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_attributes, &attrs, arena, out, err) : rc;
}

/* The same octets under another tag: [1] in the message, SET OF where they are covered. */
static struct cmc_slice retagged(struct cmc_slice tlv, uint8_t tag, struct cmc_arena *arena)
{
    uint8_t *p = tlv.n > 0 ? cmc_arena_dup(arena, tlv.p, tlv.n) : NULL;

    if (p == NULL)
        return CMC_SLICE_NONE;
    p[0] = tag;
    return cmc_slice(p, tlv.n);
}

/* [10004-5.1-e, 10004-5.1-k] */
static enum cmc_rc make_enveloped(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                  struct cmc_slice type, struct cmc_slice content,
                                  struct cmc_arena *arena, struct cmc_slice *out,
                                  struct cmc_err *err)
{
    const struct cmc_cipher_alg *alg = cmc_cipher_by_name("aes256-cbc");
    struct cmc_enveloped_data ed = {.content.type = type};
    struct cmc_slice key, iv;
    enum cmc_rc rc = random_octets(c, KEY_OCTETS, arena, &key, err);

    if (rc == CMC_OK)
        rc = random_octets(c, IV_OCTETS, arena, &iv, err);
    if (rc == CMC_OK)
        rc = recipient(c, to, key, arena, &ed.recipients, err);
    if (rc == CMC_OK)
        rc = cmc_cipher_algid(alg, iv, arena, &ed.content.algorithm, err);
    if (rc == CMC_OK)
        rc = cmc_cipher(c, alg, CMC_ENCRYPT, key, iv, true, content, arena, &ed.content.content,
                        err);
    if (rc != CMC_OK)
        return rc;
    /* RFC 5652 section 6.1: 0 where every RecipientInfo has the version 0. */
    ed.version = cmc_key_agrees(to->key) || to->ski.p != NULL ? 2 : 0;
    return cmc_encode_arena(&cmc_it_enveloped_data, &ed, arena, out, err);
}

/* [10004-5.1-g, 10004-5.1-h, 10004-5.1-l] */
static enum cmc_rc make_auth_enveloped(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                       struct cmc_slice type, struct cmc_slice content,
                                       struct cmc_arena *arena, struct cmc_slice *out,
                                       struct cmc_err *err)
{
    const struct cmc_aead_alg *alg = cmc_aead_by_name("aes256-gcm");
    struct cmc_auth_enveloped_data ad = {.content.type = type};
    struct cmc_slice key, nonce, aad = CMC_SLICE_NONE;
    enum cmc_rc rc = random_octets(c, KEY_OCTETS, arena, &key, err);

    if (rc == CMC_OK)
        rc = random_octets(c, CMC_GCM_NONCE_OCTETS, arena, &nonce, err);
    if (rc == CMC_OK)
        rc = recipient(c, to, key, arena, &ad.recipients, err);
    if (rc == CMC_OK)
        rc = cmc_aead_algid(alg, nonce, arena, &ad.content.algorithm, err);
    if (rc == CMC_OK)
        rc = auth_attrs(type, arena, &aad, err);
    if (rc == CMC_OK)
        rc = cmc_aead_seal(c, alg, key, nonce, aad, content, arena, &ad.content.content, &ad.mac,
                           err);
    if (rc != CMC_OK)
        return rc;
    if (aad.p != NULL) {
        ad.auth_attrs = retagged(aad, 0xa1, arena);
        if (ad.auth_attrs.p == NULL)
            return no_memory(err);
    }
    return cmc_encode_arena(&cmc_it_auth_enveloped_data, &ad, arena, out, err);
}

enum cmc_rc cmc_envelope_create(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                                struct cmc_slice type, struct cmc_slice content,
                                struct cmc_arena *arena, struct cmc_content_info *out,
                                struct cmc_err *err)
{
    *out = (struct cmc_content_info){.content_type = to->authenticated
                                                         ? cmc_oid_id_ct_authEnvelopedData
                                                         : cmc_oid_id_envelopedData};
    if (!cmc_envelope_can(to->key))
        return cmc_fail(err, CMC_E_USAGE, NULL, "nothing can be encrypted to a key of type %s",
                        EVP_PKEY_get0_type_name(to->key));
    return to->authenticated ? make_auth_enveloped(c, to, type, content, arena, &out->content, err)
                             : make_enveloped(c, to, type, content, arena, &out->content, err);
}

bool cmc_envelope_can(EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "RSA") == 1 || cmc_key_agrees(key);
}

/* -- opening ----------------------------------------------------------------------------- */

/* authAttrs as they are covered; they must say the type of the content unless it is id-data. */
static enum cmc_rc check_auth_attrs(const struct cmc_auth_enveloped_data *ad,
                                    struct cmc_arena *arena, struct cmc_slice *aad,
                                    struct cmc_err *err)
{
    struct cmc_list attrs = {0};
    struct cmc_slice type = CMC_SLICE_NONE;
    enum cmc_rc rc;

    *aad = CMC_SLICE_NONE;
    if (ad->auth_attrs.p != NULL) {
        *aad = retagged(ad->auth_attrs, 0x31, arena);
        if (aad->p == NULL)
            return no_memory(err);
        rc = cmc_decode(&cmc_it_attributes, *aad, arena, &attrs, err);
        if (rc != CMC_OK)
            return rc;
    }
    for (size_t i = 0; i < attrs.n; i++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, attrs, i);

        if (cmc_slice_eq(a->type, cmc_oid_id_contentType) && a->values.n == 1 &&
            cmc_decode(&cmc_it_oid, *CMC_AT(const struct cmc_slice, a->values, 0), arena, &type,
                       err) != CMC_OK)
            return CMC_E_INPUT;
    }
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
