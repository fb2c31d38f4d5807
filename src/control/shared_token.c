/* SPDX-License-Identifier: Apache-2.0 */
#include "control/shared_token.h"

#include <openssl/crypto.h>

#include "asn1/codec.h"

#define SESSION_OCTETS 16u
#define IV_OCTETS      16u

/* SEQUENCE { OCTET STRING wrapped session key, OCTET STRING encrypted passphrase } */
struct cmc_shared_token {
    struct cmc_slice key, passphrase;
};
static const struct cmc_field f_shared_token[] = {
    CMC_FIELD(cmc_shared_token, key, "wrappedSessionKey", cmc_it_octet_string),
    CMC_FIELD(cmc_shared_token, passphrase, "encryptedPassphrase", cmc_it_octet_string),
};
static CMC_SEQUENCE(cmc_shared_token, "SharedToken", shared_token, f_shared_token);

/* Dogtag's word: the IV is fixed. The session key is used once, so that does no harm. */
static const uint8_t fixed_iv[IV_OCTETS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

enum cmc_rc cmc_shared_token_make(const struct cmc_crypto *c, EVP_PKEY *key,
                                  enum cmc_rsa_padding padding, struct cmc_slice secret,
                                  struct cmc_arena *arena, struct cmc_slice *der,
                                  struct cmc_err *err)
{
    const struct cmc_cipher_alg *aes = cmc_cipher_by_name("aes128-cbc");
    struct cmc_shared_token st = {0};
    uint8_t session[SESSION_OCTETS];
    enum cmc_rc rc = cmc_random(c, session, sizeof session, err);

    if (rc == CMC_OK)
        rc = cmc_rsa_encrypt(c, key, padding, cmc_slice(session, sizeof session), arena, &st.key,
                             err);
    if (rc == CMC_OK)
        rc = cmc_cipher(c, aes, CMC_ENCRYPT, cmc_slice(session, sizeof session),
                        cmc_slice(fixed_iv, sizeof fixed_iv), true, secret, arena, &st.passphrase,
                        err);
    OPENSSL_cleanse(session, sizeof session);
    return rc == CMC_OK ? cmc_encode_arena(&shared_token, &st, arena, der, err) : rc;
}

enum cmc_rc cmc_shared_token_open(const struct cmc_crypto *c, EVP_PKEY *key,
                                  enum cmc_rsa_padding padding, struct cmc_slice der,
                                  struct cmc_arena *arena, struct cmc_slice *secret,
                                  struct cmc_err *err)
{
    const struct cmc_cipher_alg *aes = cmc_cipher_by_name("aes128-cbc");
    struct cmc_shared_token st = {0};
    struct cmc_slice session = CMC_SLICE_NONE;
    enum cmc_rc rc = cmc_decode(&shared_token, der, arena, &st, err);

    if (rc != CMC_OK)
        return rc;
    rc = cmc_rsa_decrypt(c, key, padding, st.key, arena, &session, err);
    if (rc == CMC_OK && session.n != SESSION_OCTETS)
        rc = CMC_E_CRYPTO;
    if (rc == CMC_OK)
        rc = cmc_cipher(c, aes, CMC_DECRYPT, session, cmc_slice(fixed_iv, sizeof fixed_iv), true,
                        st.passphrase, arena, secret, err);
    if (rc == CMC_E_CRYPTO)
        rc =
            cmc_fail(err, rc, NULL,
                     "the shared token does not open with this key: it was made for another "
                     "certificate, or with the other kind of RSA encryption (OAEP or PKCS#1 v1.5)");
    return rc;
}
