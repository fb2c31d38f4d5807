/* SPDX-License-Identifier: Apache-2.0 */
/* A private key of a token leaves it, wrapped by a secret key: what key archival is made of. */
#include "key/token_int.h"

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
