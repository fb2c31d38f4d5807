/* SPDX-License-Identifier: Apache-2.0 */
#include "cms/shared_token.h"

#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "crypto/crypto.h"

#define SESSION_OCTETS 16

struct cmc_shared_token {
    struct cmc_slice key, secret;
};
static const struct cmc_field f_shared_token[] = {
    CMC_FIELD(cmc_shared_token, key, "wrappedSessionKey", cmc_it_octet_string),
    CMC_FIELD(cmc_shared_token, secret, "encryptedPassphrase", cmc_it_octet_string),
};
static CMC_SEQUENCE(cmc_shared_token, "SharedToken", shared_token, f_shared_token);

/* Dogtag's word: the IV is fixed. The session key is used once, so that does no harm. */
static const uint8_t iv[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

enum cmc_rc cmc_shared_token_seal(const struct cmc_crypto *c, EVP_PKEY *key, bool oaep,
                                  struct cmc_slice secret, struct cmc_arena *arena,
                                  struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_shared_token st = {0};
    uint8_t session[SESSION_OCTETS];
    const struct cmc_slice octets = {session, sizeof session};
    enum cmc_rc rc = cmc_random(c, session, sizeof session, err);

    if (rc == CMC_OK)
        rc = cmc_rsa_encrypt(c, key, oaep ? CMC_RSA_OAEP_SHA256 : CMC_RSA_PKCS1_V15, octets, arena,
                             &st.key, err);
    if (rc == CMC_OK)
        rc = cmc_cipher(c, cmc_cipher_by_name("aes128-cbc"), CMC_ENCRYPT, octets,
                        cmc_slice(iv, sizeof iv), true, secret, arena, &st.secret, err);
    OPENSSL_cleanse(session, sizeof session);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&shared_token, &st, arena, out, err);
    return rc;
}

bool cmc_is_shared_token(struct cmc_slice der, struct cmc_arena *arena)
{
    struct cmc_shared_token st = {0};

    return cmc_decode(&shared_token, der, arena, &st, NULL) == CMC_OK;
}

enum cmc_rc cmc_shared_token_open(const struct cmc_crypto *c, EVP_PKEY *key, struct cmc_slice der,
                                  struct cmc_arena *arena, struct cmc_slice *out,
                                  struct cmc_err *err)
{
    static const enum cmc_rsa_padding paddings[] = {CMC_RSA_OAEP_SHA256, CMC_RSA_PKCS1_V15};
    struct cmc_shared_token st = {0};
    enum cmc_rc rc = cmc_decode(&shared_token, der, arena, &st, err);
    bool found = false;

    *out = CMC_SLICE_NONE;
    if (rc != CMC_OK)
        return rc;
    for (size_t i = 0; i < CMC_COUNT(paddings) && !found; i++) {
        struct cmc_slice session;

        rc = cmc_rsa_decrypt(c, key, paddings[i], st.key, arena, &session, err);
        if (rc == CMC_E_USAGE)
            return rc;
        found = rc == CMC_OK && session.n == SESSION_OCTETS &&
                cmc_cipher(c, cmc_cipher_by_name("aes128-cbc"), CMC_DECRYPT, session,
                           cmc_slice(iv, sizeof iv), true, st.secret, arena, out, err) == CMC_OK;
    }
    return found ? CMC_OK
                 : cmc_fail(err, CMC_E_CRYPTO, NULL,
                            "the shared token does not decrypt with this key");
}
