/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key agreement: an ephemeral key and the recipient's agree on a secret, of which the key is
 * derived that wraps the content-encryption key (RFC 5753 for EC, RFC 8418 for X25519 and X448,
 * RFC 3370 section 4.1 for DH, which who does any of these must do [10004-5.1-n]).
 */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/envelope_int.h"
#include "cms/signed_data.h"
#include "crypto/agree.h"

#define KARI_VERSION 3u

static const struct scheme {
    const struct cmc_slice *oid;
    enum cmc_kdf kdf;
    enum cmc_digest_id digest;
    bool esdh; /* the derivation of RFC 2631 instead; for DH keys, and no others */
} schemes[] = {
    {&cmc_oid_dhSinglePass_stdDH_sha256kdf_scheme, CMC_KDF_X963, CMC_DIGEST_SHA256, false},
    {&cmc_oid_dhSinglePass_stdDH_sha384kdf_scheme, CMC_KDF_X963, CMC_DIGEST_SHA384, false},
    {&cmc_oid_dhSinglePass_stdDH_sha512kdf_scheme, CMC_KDF_X963, CMC_DIGEST_SHA512, false},
    {&cmc_oid_dhSinglePass_stdDH_hkdf_sha256_scheme, CMC_KDF_HKDF, CMC_DIGEST_SHA256, false},
    {&cmc_oid_dhSinglePass_stdDH_hkdf_sha384_scheme, CMC_KDF_HKDF, CMC_DIGEST_SHA384, false},
    {&cmc_oid_dhSinglePass_stdDH_hkdf_sha512_scheme, CMC_KDF_HKDF, CMC_DIGEST_SHA512, false},
    /* What openssl cms does when nothing else is said. SHA-1 as a derivation is not broken. */
    {&cmc_oid_dhSinglePass_stdDH_sha1kdf_scheme, CMC_KDF_X963, CMC_DIGEST_SHA1, false},
    {&cmc_oid_id_alg_ESDH, CMC_KDF_X963, CMC_DIGEST_SHA1, true},
};

/*
 * ECC-CMS-SharedInfo ::= SEQUENCE {  -- RFC 5753 section 7.2
 *     keyInfo AlgorithmIdentifier,
 *     entityUInfo [0] EXPLICIT OCTET STRING OPTIONAL,
 *     suppPubInfo [2] EXPLICIT OCTET STRING }
 */
struct shared_info {
    struct cmc_algid wrap;
    struct cmc_slice ukm, bits;
};
static const struct cmc_field f_shared_info[] = {
    CMC_FIELD(shared_info, wrap, "keyInfo", cmc_it_algid),
    CMC_FIELD_X(shared_info, ukm, "entityUInfo", cmc_it_octet_string, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD_X(shared_info, bits, "suppPubInfo", cmc_it_octet_string, 2, CMC_F_EXPLICIT),
};
static CMC_SEQUENCE(shared_info, "ECC-CMS-SharedInfo", it_shared_info, f_shared_info);

/* The key that wraps: derived of what the two keys agree on. */
static enum cmc_rc wrapping_key(const struct cmc_crypto *c, EVP_PKEY *own, EVP_PKEY *peer,
                                const struct scheme *scheme, const struct cmc_algid *wrap_id,
                                const struct cmc_wrap_alg *wrap, struct cmc_slice ukm,
                                struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    const uint8_t bits[4] = {0, 0, (uint8_t)(wrap->octets * 8 >> 8), (uint8_t)(wrap->octets * 8)};
    const struct shared_info info = {
        .wrap = *wrap_id, .ukm = ukm, .bits = cmc_slice(bits, sizeof bits)};
    struct cmc_slice z, der;
    enum cmc_rc rc = cmc_agree(c, own, peer, arena, &z, err);

    if (rc == CMC_OK && scheme->esdh)
        return cmc_esdh_derive(c, z, wrap, ukm, arena, out, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&it_shared_info, &info, arena, &der, err);
    if (rc == CMC_OK)
        rc = cmc_derive(c, scheme->kdf, scheme->digest, z, der, wrap->octets, arena, out, err);
    return rc;
}

static enum cmc_rc spki_of(EVP_PKEY *key, struct cmc_arena *arena, struct cmc_spki *out,
                           struct cmc_err *err)
{
    struct cmc_slice der;
    enum cmc_rc rc = cmc_key_spki(key, arena, &der, err);

    *out = (struct cmc_spki){0};
    return rc == CMC_OK ? cmc_decode(&cmc_it_spki, der, arena, out, err) : rc;
}

/* -- making ------------------------------------------------------------------------------ */

/* RFC 8418 section 2.2 goes with X25519 and X448; what stands beside it is as strong as the key. */
static const struct scheme *scheme_for(EVP_PKEY *key)
{
    const struct cmc_slice *oid =
        EVP_PKEY_is_a(key, "X25519") == 1 ? &cmc_oid_dhSinglePass_stdDH_hkdf_sha256_scheme
        : EVP_PKEY_is_a(key, "X448") == 1 ? &cmc_oid_dhSinglePass_stdDH_hkdf_sha512_scheme
        : EVP_PKEY_is_a(key, "DHX") == 1  ? &cmc_oid_id_alg_ESDH
                                          : &cmc_oid_dhSinglePass_stdDH_sha256kdf_scheme;
    size_t i = 0;

    while (schemes[i].oid != oid)
        i++;
    return &schemes[i];
}

/* The public key of the ephemeral one, as the originator's. */
static enum cmc_rc set_originator(EVP_PKEY *ephemeral, struct cmc_arena *arena,
                                  struct cmc_kari *out, struct cmc_err *err)
{
    struct cmc_spki spki;
    enum cmc_rc rc = spki_of(ephemeral, arena, &spki, err);

    out->originator.which = 2;
    out->originator.u.key.algorithm = spki.algorithm;
    out->originator.u.key.public_key = spki.public_key;
    /* The curve is that of the recipient's key: it need not be named (RFC 5753 section 3.1.1). */
    out->originator.u.key.algorithm.parameters = CMC_SLICE_NONE;
    return rc;
}

static enum cmc_rc set_recipient(const struct cmc_signer_id *rid, struct cmc_slice wrapped,
                                 struct cmc_arena *arena, struct cmc_kari *out, struct cmc_err *err)
{
    struct cmc_recipient_encrypted_key *rek = cmc_arena_alloc(arena, sizeof *rek);

    if (rek == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a RecipientInfo");
    rek->encrypted_key = wrapped;
    if (rid->which == CMC_SID_SKI) {
        rek->rid.which = 1;
        rek->rid.u.key_id.ski = rid->u.ski;
    } else {
        rek->rid.u.issuer_serial = rid->u.issuer_serial;
    }
    out->keys = (struct cmc_list){.v = rek, .n = 1};
    return CMC_OK;
}

enum cmc_rc cmc_key_agree_make(const struct cmc_crypto *c, const struct cmc_envelope_to *to,
                               const struct cmc_signer_id *rid, struct cmc_slice key,
                               struct cmc_arena *arena, struct cmc_kari *out, struct cmc_err *err)
{
    const struct scheme *scheme = scheme_for(to->key);
    const struct cmc_wrap_alg *wrap = cmc_wrap_strongest();
    const struct cmc_algid wrap_id = {.algorithm = *wrap->oid};
    struct cmc_slice kek, wrapped;
    EVP_PKEY *ephemeral = NULL;
    enum cmc_rc rc = cmc_key_ephemeral(c, to->key, &ephemeral, err);

    *out = (struct cmc_kari){.version = KARI_VERSION, .key_encryption.algorithm = *scheme->oid};
    if (rc == CMC_OK)
        rc = set_originator(ephemeral, arena, out, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_algid, &wrap_id, arena, &out->key_encryption.parameters, err);
    if (rc == CMC_OK)
        rc = wrapping_key(c, ephemeral, to->key, scheme, &wrap_id, wrap, CMC_SLICE_NONE, arena,
                          &kek, err);
    if (rc == CMC_OK)
        rc = cmc_key_wrap(c, kek, key, arena, &wrapped, err);
    if (rc == CMC_OK)
        rc = set_recipient(rid, wrapped, arena, out, err);
    EVP_PKEY_free(ephemeral);
    return rc;
}

/* -- opening ----------------------------------------------------------------------------- */

static bool names(const struct cmc_kari_rid *rid, const struct cmc_cert *cert,
                  struct cmc_arena *arena)
{
    if (rid->which == 0)
        return cmc_slice_eq(rid->u.issuer_serial.serial, cert->tbs.serial) &&
               cmc_slice_eq(rid->u.issuer_serial.issuer, cert->tbs.issuer);
    return rid->u.key_id.ski.p != NULL &&
           cmc_slice_eq(rid->u.key_id.ski, cmc_cert_ski(cert, arena));
}

/* The entry for us. Without a certificate it is the first whose ephemeral key is of our kind. */
static enum cmc_rc find(const struct cmc_enveloped_data *ed, const struct cmc_cms_recipient *who,
                        const struct cmc_spki *own, struct cmc_arena *arena,
                        const struct cmc_kari **kari, struct cmc_slice *wrapped,
                        struct cmc_err *err)
{
    struct cmc_cert cert = {0};
    enum cmc_rc rc =
        who->cert.p != NULL ? cmc_decode(&cmc_it_cert, who->cert, arena, &cert, err) : CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < ed->recipients.n; i++) {
        const struct cmc_recipient_info *ri =
            CMC_AT(const struct cmc_recipient_info, ed->recipients, i);
        const struct cmc_kari *k = &ri->u.kari;

        if (ri->which != CMC_RI_KARI || k->originator.which != 2 ||
            !cmc_slice_eq(k->originator.u.key.algorithm.algorithm, own->algorithm.algorithm))
            continue;
        for (size_t n = 0; n < k->keys.n; n++) {
            const struct cmc_recipient_encrypted_key *rek =
                CMC_AT(const struct cmc_recipient_encrypted_key, k->keys, n);

            if (who->cert.p != NULL && !names(&rek->rid, &cert, arena))
                continue;
            *kari = k;
            *wrapped = rek->encrypted_key;
            return CMC_OK;
        }
    }
    if (rc != CMC_OK)
        return rc;
    return cmc_fail(err, CMC_E_NOTFOUND, "RFC 5652 section 6.2",
                    "none of the %zu recipients of the EnvelopedData is ours", ed->recipients.n);
}

static enum cmc_rc bad_alg(struct cmc_err *err, const char *text)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 5753 section 3.1.1", "%s",
                         text);
}

/* esdh: what the recipient's key is for. */
static enum cmc_rc find_algorithms(const struct cmc_kari *kari, bool esdh, struct cmc_arena *arena,
                                   const struct scheme **scheme, struct cmc_algid *wrap_id,
                                   const struct cmc_wrap_alg **wrap, struct cmc_err *err)
{
    *scheme = NULL;
    for (size_t i = 0; i < CMC_COUNT(schemes); i++) {
        if (cmc_slice_eq(*schemes[i].oid, kari->key_encryption.algorithm))
            *scheme = &schemes[i];
    }
    if (*scheme == NULL || (*scheme)->esdh != esdh)
        return bad_alg(err, "the key agreement is not one of stdDH with X9.63 KDF or HKDF, or "
                            "id-alg-ESDH for DH");
    if (kari->key_encryption.parameters.p == NULL ||
        cmc_decode(&cmc_it_algid, kari->key_encryption.parameters, arena, wrap_id, NULL) != CMC_OK)
        return bad_alg(err, "the key agreement names no key wrap algorithm");
    *wrap = cmc_wrap_by_oid(wrap_id->algorithm);
    return *wrap != NULL ? CMC_OK : bad_alg(err, "the key wrap is not AES");
}

/* The originator's key lies on the curve of ours: only its point is taken from the message. */
static enum cmc_rc originator_key(const struct cmc_crypto *c, const struct cmc_kari *kari,
                                  const struct cmc_spki *own, struct cmc_arena *arena,
                                  EVP_PKEY **out, struct cmc_err *err)
{
    const struct cmc_spki spki = {.algorithm = own->algorithm,
                                  .public_key = kari->originator.u.key.public_key};
    struct cmc_slice der;
    enum cmc_rc rc = cmc_encode_arena(&cmc_it_spki, &spki, arena, &der, err);

    return rc == CMC_OK ? cmc_spki_key(c, der, out, err) : rc;
}

enum cmc_rc cmc_key_agree_open(const struct cmc_crypto *c, const struct cmc_enveloped_data *ed,
                               const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                               struct cmc_slice *key, struct cmc_err *err)
{
    const struct cmc_kari *kari = NULL;
    const struct scheme *scheme = NULL;
    const struct cmc_wrap_alg *wrap = NULL;
    struct cmc_algid wrap_id = {0};
    struct cmc_slice wrapped, kek;
    struct cmc_spki own;
    EVP_PKEY *peer = NULL;
    enum cmc_rc rc = spki_of(who->key, arena, &own, err);

    if (rc == CMC_OK)
        rc = find(ed, who, &own, arena, &kari, &wrapped, err);
    if (rc == CMC_OK)
        rc = find_algorithms(kari, EVP_PKEY_is_a(who->key, "DHX") == 1, arena, &scheme, &wrap_id,
                             &wrap, err);
    if (rc == CMC_OK)
        rc = originator_key(c, kari, &own, arena, &peer, err);
    if (rc == CMC_OK)
        rc = wrapping_key(c, who->key, peer, scheme, &wrap_id, wrap, kari->ukm, arena, &kek, err);
    if (rc == CMC_OK)
        rc = cmc_key_unwrap(c, kek, wrapped, arena, key, err);
    EVP_PKEY_free(peer);
    return rc;
}
