/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private key of a token leaves it, wrapped by a secret key: what key archival is made of.
 *
 * And how keys of NSS databases are used. Softoken is a library in our own process: the key is in
 * our memory one way or the other, but there it costs an RSA-2048 signature of 4 to 7 ms (the first
 * ones) where OpenSSL needs less than 1. So a key that may leave softoken does: wrapped under a key
 * of the moment, to be OpenSSL's. It still counts as a key in a token and is never written down.
 * One that may not (CKA_EXTRACTABLE is false, FIPS mode) works in softoken (evp.c).
 */
#include "key/token_int.h"

#include <openssl/x509.h>

#include "crypto/cipher.h"

/* p11-kit's header is older than this mechanism. */
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP 0x210bUL
#endif

static const struct {
    CK_MECHANISM_TYPE mechanism;
    CK_KEY_TYPE type;
    size_t iv_octets; /* that the mechanism takes */
} rows[] = {
    [CMC_WRAP_AES_PAD] = {CKM_AES_KEY_WRAP_PAD, CKK_AES, 0},
    [CMC_WRAP_AES_KWP] = {CKM_AES_KEY_WRAP_KWP, CKK_AES, 0},
    [CMC_WRAP_AES_CBC_PAD] = {CKM_AES_CBC_PAD, CKK_AES, 16},
    [CMC_WRAP_DES3_CBC_PAD] = {CKM_DES3_CBC_PAD, CKK_DES3, 8},
};

/* The secret key as an object of the session. */
static enum cmc_rc import_secret(struct cmc_token *t, CK_KEY_TYPE type, struct cmc_slice value,
                                 CK_OBJECT_HANDLE *out, struct cmc_err *err)
{
    CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    CK_ATTRIBUTE a[] = {
        {CKA_CLASS, &cls, sizeof cls},   {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &no, sizeof no},     {CKA_WRAP, &yes, sizeof yes},
        {CKA_ENCRYPT, &yes, sizeof yes}, {CKA_VALUE, (void *)(uintptr_t)value.p, value.n}};
    CK_RV rv = t->f->C_CreateObject(t->session, a, CMC_COUNT(a), out);

    return rv == CKR_OK ? CMC_OK : cmc_fail_ckr(err, rv, "token '%s': a session key", t->label);
}

static enum cmc_rc stays(const struct cmc_token *t, struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_USAGE, NULL, "token '%s': does not let this key out", t->label);
}

static enum cmc_rc wrap(struct cmc_token *t, CK_MECHANISM *how, CK_OBJECT_HANDLE by,
                        CK_OBJECT_HANDLE key, struct cmc_arena *arena, struct cmc_slice *out,
                        struct cmc_err *err)
{
    CK_ULONG n = CMC_LIMIT_MESSAGE_OCTETS / 64u;
    uint8_t *p = cmc_arena_alloc(arena, n);
    CK_RV rv;

    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a wrapped key");
    rv = t->f->C_WrapKey(t->session, how, by, key, p, &n);
    *out = cmc_slice(p, n);
    if (rv == CKR_MECHANISM_INVALID)
        return cmc_fail(err, CMC_E_USAGE, NULL, "token '%s': does not know this way to wrap a key",
                        t->label);
    if (rv == CKR_KEY_UNEXTRACTABLE || rv == CKR_KEY_NOT_WRAPPABLE)
        return stays(t, err);
    return rv == CKR_OK ? CMC_OK : cmc_fail_ckr(err, rv, "token '%s': wrapping a key", t->label);
}

/* Softoken wraps keys that are not to leave it, too. */
static enum cmc_rc check_extractable(const struct cmc_token *t, CK_OBJECT_HANDLE key,
                                     struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_slice v = CMC_SLICE_NONE;
    enum cmc_rc rc = cmc_object_get(t, key, CKA_EXTRACTABLE, arena, &v, err);

    if (rc == CMC_OK && v.n == sizeof(CK_BBOOL) && v.p[0] == CK_FALSE)
        return stays(t, err);
    return rc;
}

enum cmc_rc cmc_token_wrap(struct cmc_token *t, struct cmc_slice id, enum cmc_token_wrap_kind kind,
                           struct cmc_slice secret, struct cmc_slice iv, struct cmc_arena *arena,
                           struct cmc_slice *out, struct cmc_err *err)
{
    CK_MECHANISM how = {rows[kind].mechanism, NULL, 0};
    CK_OBJECT_HANDLE by = CK_INVALID_HANDLE, *keys = NULL;
    size_t n = 0;
    enum cmc_rc rc = cmc_private_keys(t, id, CMC_SLICE_NONE, arena, &keys, &n, err);

    if (rc == CMC_OK && n != 1)
        rc = cmc_fail(err, n == 0 ? CMC_E_NOTFOUND : CMC_E_USAGE, NULL,
                      "token '%s': %zu private keys have this id", t->label, n);
    if (rc == CMC_OK && rows[kind].iv_octets > 0 && iv.n != rows[kind].iv_octets)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "an IV of %zu octets is due, not of %zu",
                      rows[kind].iv_octets, iv.n);
    if (rc == CMC_OK)
        rc = check_extractable(t, keys[0], arena, err);
    if (rc == CMC_OK)
        rc = import_secret(t, rows[kind].type, secret, &by, err);
    if (rc != CMC_OK)
        return rc;
    if (rows[kind].iv_octets > 0) {
        how.pParameter = (void *)(uintptr_t)iv.p;
        how.ulParameterLen = iv.n;
    }
    rc = wrap(t, &how, by, keys[0], arena, out, err);
    (void)t->f->C_DestroyObject(t->session, by);
    return rc;
}

/* -- keys of NSS ------------------------------------------------------------------------- */

#define MOMENT_OCTETS 16u

static enum cmc_rc unwrapped(struct cmc_token *t, CK_OBJECT_HANDLE object, struct cmc_arena *arena,
                             struct cmc_slice *info, struct cmc_err *err)
{
    const struct cmc_cipher_alg *aes = cmc_cipher_by_name("aes128-cbc");
    uint8_t *moment = cmc_arena_alloc(arena, 2 * MOMENT_OCTETS); /* zeroised with the arena */
    const struct cmc_slice key = {moment, MOMENT_OCTETS},
                           iv = {moment != NULL ? moment + MOMENT_OCTETS : NULL, MOMENT_OCTETS};
    CK_MECHANISM how = {CKM_AES_CBC_PAD, (void *)(uintptr_t)iv.p, iv.n};
    CK_OBJECT_HANDLE by = CK_INVALID_HANDLE;
    struct cmc_slice sealed;
    enum cmc_rc rc;

    if (moment == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key in a token");
    rc = check_extractable(t, object, arena, err);
    if (rc == CMC_OK)
        rc = cmc_random(t->crypto, moment, 2 * MOMENT_OCTETS, err);
    if (rc == CMC_OK)
        rc = import_secret(t, CKK_AES, key, &by, err);
    if (rc != CMC_OK)
        return rc;
    rc = wrap(t, &how, by, object, arena, &sealed, err);
    (void)t->f->C_DestroyObject(t->session, by);
    if (rc == CMC_OK)
        rc = cmc_cipher(t->crypto, aes, CMC_DECRYPT, key, iv, true, sealed, arena, info, err);
    return rc;
}

static enum cmc_rc take(struct cmc_token *t, CK_OBJECT_HANDLE object, struct cmc_arena *arena,
                        EVP_PKEY **out, struct cmc_err *err)
{
    struct cmc_slice info = CMC_SLICE_NONE;
    PKCS8_PRIV_KEY_INFO *p8 = NULL;
    const unsigned char *p;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = unwrapped(t, object, arena, &info, err);

    if (rc != CMC_OK)
        return rc;
    p = info.p;
    p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)info.n);
    if (p8 != NULL)
        key = EVP_PKCS82PKEY_ex(p8, cmc_crypto_get0_libctx(t->crypto), NULL);
    PKCS8_PRIV_KEY_INFO_free(p8);
    if (key == NULL)
        return cmc_fail_openssl(err, CMC_E_LOCAL, "a key of a kind that OpenSSL does not know");
    rc = cmc_module_hold(t->module, key, err);
    if (rc == CMC_OK) {
        *out = key;
        key = NULL;
    }
    EVP_PKEY_free(key);
    return rc;
}

enum cmc_rc cmc_token_evp(struct cmc_token *t, CK_OBJECT_HANDLE object, bool permanent,
                          struct cmc_arena *arena, EVP_PKEY **out, struct cmc_err *err)
{
    *out = NULL;
    if (t->nss && take(t, object, arena, out, NULL) == CMC_OK)
        return CMC_OK;
    return cmc_slot_key(t->module, t->slot, object, t->nss && permanent, out, err);
}
