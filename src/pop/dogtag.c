/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The challenge in the form that Dogtag's Java client can read: RSA and AES-128-CBC without
 * padding, the IV that counts in thePOPAlgID, where the RFC has the MAC; the IV inside the
 * EnvelopedData is a placeholder. The client answers with HMAC-SHA256, which nothing names.
 */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/proof.h"
#include "pop/challenge.h"

#define SESSION_OCTETS 16u
#define IV_OCTETS      16u
#define ISSUER         "CN=unUsedIssuerName"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a challenge");
}

/* The one KeyTransRecipientInfo: it names nobody, whoever gets it knows that it is theirs. */
static enum cmc_rc recipient(const struct cmc_crypto *c, EVP_PKEY *key, struct cmc_slice session,
                             struct cmc_arena *arena, struct cmc_recipient_info *ri,
                             struct cmc_err *err)
{
    static const uint8_t zero[] = {0}, null[] = {CMC_T_NULL, 0};
    struct cmc_ktri *k = &ri->u.ktri;
    enum cmc_rc rc;

    ri->which = CMC_RI_KTRI;
    k->rid.which = CMC_SID_ISSUER_SERIAL;
    k->rid.u.issuer_serial.serial = cmc_slice(zero, sizeof zero);
    k->key_encryption = (struct cmc_algid){.algorithm = cmc_oid_rsaEncryption,
                                           .parameters = cmc_slice(null, sizeof null)};
    rc = cmc_name_parse(ISSUER, arena, &k->rid.u.issuer_serial.issuer, err);
    if (rc == CMC_OK)
        rc = cmc_rsa_encrypt(c, key, CMC_RSA_PKCS1_V15, session, arena, &k->encrypted_key, err);
    return rc;
}

static enum cmc_rc envelope(const struct cmc_crypto *c, EVP_PKEY *key, struct cmc_slice y,
                            struct cmc_slice iv, struct cmc_arena *arena,
                            struct cmc_content_info *out, struct cmc_err *err)
{
    static const uint8_t placeholder[IV_OCTETS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    const struct cmc_cipher_alg *alg = cmc_cipher_by_name("aes128-cbc");
    struct cmc_recipient_info *ri = cmc_arena_alloc(arena, sizeof *ri);
    struct cmc_enveloped_data ed = {.recipients = {.v = ri, .n = 1},
                                    .content.type = cmc_oid_id_data};
    uint8_t session[SESSION_OCTETS];
    enum cmc_rc rc;

    if (ri == NULL)
        return no_memory(err);
    rc = cmc_random(c, session, sizeof session, err);
    if (rc == CMC_OK)
        rc = recipient(c, key, cmc_slice(session, sizeof session), arena, ri, err);
    if (rc == CMC_OK)
        rc = cmc_cipher_algid(alg, cmc_slice(placeholder, sizeof placeholder), arena,
                              &ed.content.algorithm, err);
    if (rc == CMC_OK)
        rc = cmc_cipher(c, alg, CMC_ENCRYPT, cmc_slice(session, sizeof session), iv, false, y,
                        arena, &ed.content.content, err);
    OPENSSL_cleanse(session, sizeof session);
    *out = (struct cmc_content_info){.content_type = cmc_oid_id_envelopedData};
    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_enveloped_data, &ed, arena, &out->content, err)
                        : rc;
}

enum cmc_rc cmc_challenge_make_dogtag(const struct cmc_crypto *c,
                                      const struct cmc_challenge_secrets *secrets,
                                      const struct cmc_tagged_request *tr, EVP_PKEY *key,
                                      struct cmc_arena *arena, struct cmc_encrypted_pop *out,
                                      struct cmc_err *err)
{
    const struct cmc_cipher_alg *alg = cmc_cipher_by_name("aes128-cbc");
    uint8_t iv[IV_OCTETS], y[CMC_DIGEST_MAX], md[CMC_DIGEST_MAX];
    size_t n = 0, nmd = 0;
    enum cmc_rc rc;

    *out = (struct cmc_encrypted_pop){.request = *tr};
    if (EVP_PKEY_is_a(key, "RSA") != 1)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "Dogtag's form of encryptedPOP is for RSA keys, not for %s",
                        EVP_PKEY_get0_type_name(key));
    rc = cmc_hmac(c, cmc_mac_by_digest(CMC_CHALLENGE_DOGTAG_DIGEST),
                  cmc_slice(secrets->now, CMC_CHALLENGE_SECRET_OCTETS), tr->raw, y, &n, err);
    if (rc == CMC_OK)
        rc = cmc_random(c, iv, sizeof iv, err);
    if (rc == CMC_OK)
        rc = envelope(c, key, cmc_slice(y, n), cmc_slice(iv, sizeof iv), arena, &out->cms, err);
    if (rc == CMC_OK)
        rc = cmc_cipher_algid(alg, cmc_slice(iv, sizeof iv), arena, &out->pop_alg, err);
    cmc_digest_algid(CMC_DIGEST_SHA256, &out->witness_alg);
    if (rc == CMC_OK)
        rc = cmc_digest(c, CMC_DIGEST_SHA256, cmc_slice(y, n), md, &nmd, err);
    OPENSSL_cleanse(y, sizeof y);
    out->witness = cmc_arena_slice(arena, cmc_slice(md, nmd));
    return rc == CMC_OK && out->witness.p == NULL ? no_memory(err) : rc;
}
