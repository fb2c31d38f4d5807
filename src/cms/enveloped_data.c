/* SPDX-License-Identifier: Apache-2.0 */
/* Opening EnvelopedData, RFC 5652 section 6; the key of recipients with an RSA key. */
#include "cms/enveloped_data.h"

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/envelope_int.h"
#include "cms/signed_data.h"
#include "crypto/agree.h"

/* The decoy where a key may have any length. */
#define CMC_KEY_OCTETS_ANY 32u

enum cmc_rc cmc_enveloped_data_open(const struct cmc_content_info *ci, struct cmc_arena *arena,
                                    struct cmc_enveloped_data *out, struct cmc_err *err)
{
    enum cmc_rc rc;

    memset(out, 0, sizeof *out);
    if (!cmc_slice_eq(ci->content_type, cmc_oid_id_envelopedData) || ci->content.p == NULL)
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 5652 section 6.1",
                             "the ContentInfo does not hold EnvelopedData");
    rc = cmc_decode(&cmc_it_enveloped_data, ci->content, arena, out, err);
    if (rc == CMC_E_INPUT && err != NULL)
        err->fail_info = CMC_FAIL_BAD_REQUEST;
    return rc;
}

/* Does this recipient identifier name the certificate? */
static bool names(const struct cmc_signer_id *rid, const struct cmc_cert *cert,
                  struct cmc_arena *arena)
{
    if (rid->which == CMC_SID_ISSUER_SERIAL)
        return cmc_slice_eq(rid->u.issuer_serial.serial, cert->tbs.serial) &&
               cmc_slice_eq(rid->u.issuer_serial.issuer, cert->tbs.issuer);
    return rid->u.ski.p != NULL && cmc_slice_eq(rid->u.ski, cmc_cert_ski(cert, arena));
}

static enum cmc_rc find_ktri(const struct cmc_enveloped_data *ed,
                             const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                             const struct cmc_ktri **out, struct cmc_err *err)
{
    struct cmc_cert cert = {0};
    enum cmc_rc rc;

    if (who->cert.p != NULL) {
        rc = cmc_decode(&cmc_it_cert, who->cert, arena, &cert, err);
        if (rc != CMC_OK)
            return rc;
    }
    for (size_t i = 0; i < ed->recipients.n; i++) {
        const struct cmc_recipient_info *ri =
            CMC_AT(const struct cmc_recipient_info, ed->recipients, i);

        if (ri->which != CMC_RI_KTRI)
            continue;
        if (who->cert.p == NULL || names(&ri->u.ktri.rid, &cert, arena)) {
            *out = &ri->u.ktri;
            return CMC_OK;
        }
    }
    return cmc_fail(err, CMC_E_NOTFOUND, "RFC 5652 section 6.2",
                    "none of the %zu recipients of the EnvelopedData is ours", ed->recipients.n);
}

/* RSAES-OAEP-params, RFC 4055 section 4.1; absent fields mean SHA-1. */
struct cmc_oaep_params {
    struct cmc_algid *hash, *mgf, *source;
};
static const struct cmc_field f_oaep_params[] = {
    CMC_FIELD_X(cmc_oaep_params, hash, "hashFunc", cmc_it_algid, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL | CMC_F_POINTER),
    CMC_FIELD_X(cmc_oaep_params, mgf, "maskGenFunc", cmc_it_algid, 1,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL | CMC_F_POINTER),
    CMC_FIELD_X(cmc_oaep_params, source, "pSourceFunc", cmc_it_algid, 2,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL | CMC_F_POINTER),
};
static CMC_SEQUENCE(cmc_oaep_params, "RSAES-OAEP-params", oaep_params, f_oaep_params);

static enum cmc_rc bad_alg(struct cmc_err *err, const char *text)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 5652 section 6.2.1", "%s",
                         text);
}

static enum cmc_digest_id digest_of(const struct cmc_algid *id)
{
    const struct cmc_digest_alg *d = id != NULL ? cmc_digest_by_oid(id->algorithm) : NULL;

    if (id == NULL)
        return CMC_DIGEST_SHA1;
    return d != NULL ? d->id : CMC_DIGEST_NONE;
}

static enum cmc_rc oaep_padding(const struct cmc_algid *id, struct cmc_arena *arena,
                                enum cmc_rsa_padding *out, struct cmc_err *err)
{
    struct cmc_oaep_params p = {0};
    struct cmc_algid mgf_hash = {0};
    enum cmc_digest_id hash, mgf = CMC_DIGEST_SHA1;
    enum cmc_rc rc = CMC_OK;

    if (id->parameters.p != NULL)
        rc = cmc_decode(&oaep_params, id->parameters, arena, &p, err);
    if (rc == CMC_OK && p.mgf != NULL) {
        if (p.mgf->parameters.p == NULL)
            return bad_alg(err, "RSAES-OAEP with a mask generation function not known here");
        rc = cmc_decode(&cmc_it_algid, p.mgf->parameters, arena, &mgf_hash, err);
        mgf = digest_of(&mgf_hash);
    }
    if (rc != CMC_OK)
        return rc;
    hash = digest_of(p.hash);
    if (p.source != NULL || hash != mgf || (hash != CMC_DIGEST_SHA1 && hash != CMC_DIGEST_SHA256))
        return bad_alg(err, "RSAES-OAEP with parameters other than SHA-256 or SHA-1 throughout");
    *out = hash == CMC_DIGEST_SHA256 ? CMC_RSA_OAEP_SHA256 : CMC_RSA_OAEP_SHA1;
    return CMC_OK;
}

enum cmc_rc cmc_key_transport_algid(enum cmc_rsa_padding padding, struct cmc_arena *arena,
                                    struct cmc_algid *out, struct cmc_err *err)
{
    static const uint8_t null[] = {CMC_T_NULL, 0};
    struct cmc_algid hash = {0}, mgf = {.algorithm = cmc_oid_id_mgf1};
    struct cmc_oaep_params p = {.hash = &hash, .mgf = &mgf};
    enum cmc_rc rc;

    if (padding == CMC_RSA_PKCS1_V15) {
        *out = (struct cmc_algid){.algorithm = cmc_oid_rsaEncryption,
                                  .parameters = cmc_slice(null, sizeof null)};
        return CMC_OK;
    }
    cmc_digest_algid(CMC_DIGEST_SHA256, &hash);
    *out = (struct cmc_algid){.algorithm = cmc_oid_id_RSAES_OAEP};
    rc = cmc_encode_arena(&cmc_it_algid, &hash, arena, &mgf.parameters, err);
    if (padding == CMC_RSA_OAEP_SHA1) /* SHA-1 is what absent fields mean */
        p = (struct cmc_oaep_params){0};
    return rc == CMC_OK ? cmc_encode_arena(&oaep_params, &p, arena, &out->parameters, err) : rc;
}

static enum cmc_rc padding_of(const struct cmc_ktri *ktri, const struct cmc_cms_recipient *who,
                              struct cmc_arena *arena, enum cmc_rsa_padding *out,
                              struct cmc_err *err)
{
    if (who->force_padding) {
        *out = who->padding;
        return CMC_OK;
    }
    if (cmc_slice_eq(ktri->key_encryption.algorithm, cmc_oid_rsaEncryption)) {
        *out = CMC_RSA_PKCS1_V15;
        return CMC_OK;
    }
    if (cmc_slice_eq(ktri->key_encryption.algorithm, cmc_oid_id_RSAES_OAEP))
        return oaep_padding(&ktri->key_encryption, arena, out, err);
    return bad_alg(err, "the key-encryption algorithm is not RSA");
}

/* [10004-5.1-k, 10004-5.1-l] */
static enum cmc_rc key_transport_open(const struct cmc_crypto *c,
                                      const struct cmc_enveloped_data *ed,
                                      const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                                      struct cmc_slice *key, struct cmc_err *err)
{
    const struct cmc_ktri *ktri = NULL;
    enum cmc_rsa_padding padding = CMC_RSA_PKCS1_V15;
    enum cmc_rc rc = find_ktri(ed, who, arena, &ktri, err);

    if (rc == CMC_OK)
        rc = padding_of(ktri, who, arena, &padding, err);
    if (rc == CMC_OK)
        rc = cmc_rsa_decrypt(c, who->key, padding, ktri->encrypted_key, arena, key, err);
    return rc;
}

static enum cmc_rc open_key(const struct cmc_crypto *c, const struct cmc_enveloped_data *ed,
                            const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                            struct cmc_slice *key, struct cmc_err *err)
{
    if (who->key == NULL)
        return cmc_password_open(c, &ed->recipients, who->password, arena, key, err);
    if (cmc_key_agrees(who->key))
        return cmc_key_agree_open(c, ed, who, arena, key, err);
    return key_transport_open(c, ed, who, arena, key, err);
}

enum cmc_rc cmc_enveloped_data_key(const struct cmc_crypto *c, const struct cmc_enveloped_data *ed,
                                   const struct cmc_cms_recipient *who, size_t size,
                                   struct cmc_arena *arena, struct cmc_slice *key,
                                   struct cmc_err *err)
{
    struct cmc_slice got = CMC_SLICE_NONE, decoy;
    enum cmc_rc rc =
        cmc_random_octets(c, size != 0 ? size : CMC_KEY_OCTETS_ANY, arena, &decoy, err);

    if (rc != CMC_OK)
        return rc;
    rc = open_key(c, ed, who, arena, &got, err);
    if (rc == CMC_E_CRYPTO || (rc == CMC_OK && (size != 0 ? got.n != size : got.n == 0))) {
        got = decoy;
        rc = CMC_OK;
    }
    *key = got;
    return rc;
}

/* [10004-5.1-e] */
enum cmc_rc cmc_enveloped_data_decrypt(const struct cmc_crypto *c,
                                       const struct cmc_enveloped_data *ed,
                                       const struct cmc_cms_recipient *who, struct cmc_arena *arena,
                                       struct cmc_slice *content, struct cmc_err *err)
{
    const struct cmc_cipher_alg *alg = NULL;
    struct cmc_slice key, iv;
    enum cmc_rc rc = cmc_cipher_from_algid(&ed->content.algorithm, &alg, err);

    if (rc == CMC_OK)
        rc = cmc_cipher_iv(alg, &ed->content.algorithm, arena, &iv, err);
    if (rc == CMC_OK && ed->content.content.p == NULL)
        rc = cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 5652 section 6.1",
                           "the EnvelopedData holds no encrypted content");
    if (rc == CMC_OK)
        rc = cmc_enveloped_data_key(c, ed, who, alg->key_octets, arena, &key, err);
    if (rc == CMC_OK)
        rc = cmc_cipher(c, alg, CMC_DECRYPT, key, iv, true, ed->content.content, arena, content,
                        err);
    return rc;
}
