/* SPDX-License-Identifier: Apache-2.0 */
/* ECDH, X9.63 and HKDF derivation, AES key wrap, on EVP. */
#include "crypto/agree.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#define WRAP_OVERHEAD 8u
#define WRAPPED_MAX   1024u

bool cmc_key_agrees(EVP_PKEY *key)
{
    return cmc_key_is(key, "EC") || cmc_key_is(key, "X25519") || cmc_key_is(key, "X448") ||
           cmc_key_is(key, "DHX");
}

/* A key with the same domain parameters. */
static EVP_PKEY *same_group(OSSL_LIB_CTX *lib, EVP_PKEY *like)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(lib, like, NULL);
    EVP_PKEY *key = NULL;

    if (ctx == NULL || EVP_PKEY_keygen_init(ctx) <= 0 || EVP_PKEY_generate(ctx, &key) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

enum cmc_rc cmc_key_ephemeral(const struct cmc_crypto *c, EVP_PKEY *like, EVP_PKEY **out,
                              struct cmc_err *err)
{
    OSSL_LIB_CTX *lib = cmc_crypto_get0_libctx(c);
    char group[64];

    *out = NULL;
    if (cmc_key_is(like, "EC")) {
        if (EVP_PKEY_get_group_name(like, group, sizeof group, NULL) == 1)
            *out = EVP_PKEY_Q_keygen(lib, NULL, "EC", group);
    } else if (cmc_key_is(like, "DHX")) {
        *out = same_group(lib, like);
    } else if (cmc_key_agrees(like)) {
        *out = EVP_PKEY_Q_keygen(lib, NULL, EVP_PKEY_get0_type_name(like));
    } else {
        return cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot agree on a secret",
                        EVP_PKEY_get0_type_name(like));
    }
    if (*out == NULL)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "cannot make an ephemeral key");
    return CMC_OK;
}

/* RFC 2631 section 2.1.2: leading zeros of ZZ are kept. */
static bool keep_zeros(EVP_PKEY_CTX *ctx, EVP_PKEY *own)
{
    unsigned int yes = 1;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &yes),
                                 OSSL_PARAM_construct_end()};

    return !cmc_key_is(own, "DHX") || EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

enum cmc_rc cmc_agree(const struct cmc_crypto *c, EVP_PKEY *own, EVP_PKEY *peer,
                      struct cmc_arena *arena, struct cmc_slice *z, struct cmc_err *err)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(cmc_crypto_get0_libctx(c), own, NULL);
    enum cmc_rc rc = CMC_OK;
    uint8_t *p = NULL;
    size_t n = 0;

    if (ctx == NULL || EVP_PKEY_derive_init(ctx) <= 0 || !keep_zeros(ctx, own) ||
        EVP_PKEY_derive_set_peer(ctx, peer) <= 0 || EVP_PKEY_derive(ctx, NULL, &n) <= 0) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "the two keys cannot agree on a secret");
        goto out;
    }
    p = cmc_arena_alloc(arena, n);
    if (p == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a shared secret");
        goto out;
    }
    if (EVP_PKEY_derive(ctx, p, &n) <= 0) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "the two keys cannot agree on a secret");
        goto out;
    }
    *z = cmc_slice(p, n);
out:
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

/* OSSL_PARAM has no const members, though these are only read. */
static OSSL_PARAM octets(const char *name, struct cmc_slice s)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)s.p, s.n);
}

enum cmc_rc cmc_derive(const struct cmc_crypto *c, enum cmc_kdf which, enum cmc_digest_id digest,
                       struct cmc_slice z, struct cmc_slice info, size_t n, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err)
{
    const char *name = which == CMC_KDF_HKDF ? OSSL_KDF_NAME_HKDF : OSSL_KDF_NAME_X963KDF;
    EVP_KDF *kdf = EVP_KDF_fetch(cmc_crypto_get0_libctx(c), name, NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    uint8_t *p = cmc_arena_alloc(arena, n);
    enum cmc_rc rc = CMC_OK;
    OSSL_PARAM params[4];

    if (ctx == NULL || p == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_MEM, "no memory for %s", name);
        goto out;
    }
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                 (char *)(uintptr_t)cmc_digest_alg(digest)->evp, 0);
    params[1] = octets(OSSL_KDF_PARAM_KEY, z);
    params[2] = octets(OSSL_KDF_PARAM_INFO, info);
    params[3] = OSSL_PARAM_construct_end();
    if (EVP_KDF_derive(ctx, p, n, params) != 1) {
        rc = cmc_fail_openssl(err, CMC_E_CRYPTO, "%s failed", name);
        goto out;
    }
    *out = cmc_slice(p, n);
out:
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return rc;
}

static enum cmc_rc wrap(const struct cmc_crypto *c, int encrypt, struct cmc_slice kek,
                        struct cmc_slice in, struct cmc_arena *arena, struct cmc_slice *out,
                        struct cmc_err *err)
{
    const char *name = kek.n == 16 ? "AES-128-WRAP" : kek.n == 24 ? "AES-192-WRAP" : "AES-256-WRAP";
    enum cmc_rc rc = CMC_OK;
    EVP_CIPHER *cipher = NULL;
    EVP_CIPHER_CTX *ctx = NULL;
    uint8_t *p;
    int n = 0, last = 0;

    if ((kek.n != 16 && kek.n != 24 && kek.n != 32) || in.n > WRAPPED_MAX)
        return cmc_fail(err, CMC_E_CRYPTO, NULL, "AES key wrap: sizes out of range");
    p = cmc_arena_alloc(arena, in.n + 2 * WRAP_OVERHEAD);
    ctx = EVP_CIPHER_CTX_new();
    cipher = EVP_CIPHER_fetch(cmc_crypto_get0_libctx(c), name, NULL);
    if (p == NULL || ctx == NULL || cipher == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_MEM, "no memory for AES key wrap");
        goto out;
    }
    EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    if (EVP_CipherInit_ex2(ctx, cipher, kek.p, NULL, encrypt, NULL) != 1 ||
        EVP_CipherUpdate(ctx, p, &n, in.p, (int)in.n) != 1 ||
        EVP_CipherFinal_ex(ctx, p + n, &last) != 1) {
        ERR_clear_error();
        rc = cmc_fail(err, CMC_E_CRYPTO, NULL, "AES key wrap failed");
        goto out;
    }
    *out = cmc_slice(p, (size_t)n + (size_t)last);
out:
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(cipher);
    return rc;
}

enum cmc_rc cmc_key_wrap(const struct cmc_crypto *c, struct cmc_slice kek, struct cmc_slice key,
                         struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    return wrap(c, 1, kek, key, arena, out, err);
}

enum cmc_rc cmc_key_unwrap(const struct cmc_crypto *c, struct cmc_slice kek,
                           struct cmc_slice wrapped, struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err)
{
    return wrap(c, 0, kek, wrapped, arena, out, err);
}
