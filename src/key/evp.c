/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVP_PKEYs over keys in tokens: what an object's attributes say, and what holds its module.
 *
 * Of keys in HSMs, and of those in NSS databases that may not leave softoken (token_wrap.c has the
 * others). NSS encrypts each private attribute in key4.db under a key of its own, derived by 10 000
 * rounds of PBKDF2. An RSA key has six, and softoken keeps only one derived key: every signature
 * derives them all anew, 27 signatures a second. So we work with a copy of the key in a session,
 * which softoken has in the clear: 15 times faster, and at home in the memory of the process, where
 * the key passes through anyhow.
 */
#include "key/module_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "asn1/codec.h"

/* -- an EVP_PKEY holds its module -------------------------------------------------------- */

static int module_index = -1;
static pthread_once_t module_index_once = PTHREAD_ONCE_INIT;

static void key_freed(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int idx, long argl, void *argp)
{
    (void)parent;
    (void)ad;
    (void)idx;
    (void)argl;
    (void)argp;
    cmc_module_put(ptr);
}

static int key_copied(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from, void **ptr, int idx,
                      long argl, void *argp)
{
    (void)to;
    (void)from;
    (void)idx;
    (void)argl;
    (void)argp;
    if (*ptr != NULL)
        cmc_module_ref(*ptr);
    return 1;
}

static void make_module_index(void)
{
    module_index =
        CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_EVP_PKEY, 0, NULL, NULL, key_copied, key_freed);
}

enum cmc_rc cmc_module_hold(struct cmc_module *m, EVP_PKEY *key, struct cmc_err *err)
{
    bool ok;

    cmc_modules_lock();
    (void)pthread_once(&module_index_once, make_module_index);
    ok = module_index >= 0 && cmc_sign_keep_nothing(key) &&
         EVP_PKEY_set_ex_data(key, module_index, m) == 1;
    if (ok)
        m->users++; /* key_freed() gives it back */
    cmc_modules_unlock();
    return ok ? CMC_OK : cmc_fail_openssl(err, CMC_E_MEM, "no memory for a key in a token");
}

/* -- the object --------------------------------------------------------------------------- */

static CK_BYTE *get(struct cmc_module *m, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE o,
                    CK_ATTRIBUTE_TYPE type, CK_ULONG *n)
{
    CK_ATTRIBUTE a = {.type = type};
    CK_BYTE *p = NULL;

    *n = 0;
    if (m->f->C_GetAttributeValue(session, o, &a, 1) != CKR_OK || a.ulValueLen == 0 ||
        a.ulValueLen == CK_UNAVAILABLE_INFORMATION || a.ulValueLen > CMC_LIMIT_FILE_OCTETS)
        return NULL;
    p = calloc(1, a.ulValueLen + 1);
    a.pValue = p;
    if (p == NULL || m->f->C_GetAttributeValue(session, o, &a, 1) != CKR_OK) {
        free(p);
        return NULL;
    }
    *n = a.ulValueLen;
    return p;
}

/* The public key object with the same id, or CK_INVALID_HANDLE. */
static CK_OBJECT_HANDLE public_of(const struct cmc_slot_key *k, CK_SESSION_HANDLE session)
{
    CK_FUNCTION_LIST *f = k->slot->module->f;
    CK_OBJECT_CLASS cls = CKO_PUBLIC_KEY;
    CK_KEY_TYPE type = k->type;
    CK_ATTRIBUTE want[] = {
        {CKA_CLASS, &cls, sizeof cls}, {CKA_KEY_TYPE, &type, sizeof type}, {CKA_ID, k->id, k->nid}};
    CK_OBJECT_HANDLE o = CK_INVALID_HANDLE;
    CK_ULONG n = 0;

    if (k->id == NULL || f->C_FindObjectsInit(session, want, CMC_COUNT(want)) != CKR_OK)
        return CK_INVALID_HANDLE;
    if (f->C_FindObjects(session, &o, 1, &n) != CKR_OK || n == 0)
        o = CK_INVALID_HANDLE;
    (void)f->C_FindObjectsFinal(session);
    return o;
}

/* An attribute of the private key, or else of the public one. The caller frees. */
static CK_BYTE *either(struct cmc_slot_key *k, CK_SESSION_HANDLE session, CK_ATTRIBUTE_TYPE type,
                       struct cmc_slice *out)
{
    struct cmc_module *m = k->slot->module;
    CK_OBJECT_HANDLE pub;
    CK_ULONG n;
    CK_BYTE *p = get(m, session, k->object, type, &n);

    if (p == NULL && (pub = public_of(k, session)) != CK_INVALID_HANDLE)
        p = get(m, session, pub, type, &n);
    *out = cmc_slice(p, n);
    return p;
}

static enum cmc_rc no_public_half(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_LOCAL, NULL,
                    "the token does not give the public half of the key; put a public key with "
                    "the same id beside it");
}

static enum cmc_rc rsa_key(struct cmc_slot_key *k, CK_SESSION_HANDLE session, EVP_PKEY **out,
                           struct cmc_err *err)
{
    struct cmc_slice n, e;
    CK_BYTE *pn = either(k, session, CKA_MODULUS, &n);
    CK_BYTE *pe = either(k, session, CKA_PUBLIC_EXPONENT, &e);
    enum cmc_rc rc =
        pn != NULL && pe != NULL ? cmc_method_rsa(k, n, e, out, err) : no_public_half(err);

    free(pn);
    free(pe);
    return rc;
}

/* CKA_EC_POINT is the point in an OCTET STRING; some modules leave that out. */
static enum cmc_rc ec_key(struct cmc_slot_key *k, CK_SESSION_HANDLE session, EVP_PKEY **out,
                          struct cmc_err *err)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    struct cmc_slice params, point, inner = CMC_SLICE_NONE;
    CK_BYTE *pparams = either(k, session, CKA_EC_PARAMS, &params);
    CK_BYTE *ppoint = either(k, session, CKA_EC_POINT, &point);
    enum cmc_rc rc;

    if (pparams == NULL || ppoint == NULL) {
        rc = no_public_half(err);
    } else if (arena == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key in a token");
    } else {
        if (cmc_decode(&cmc_it_octet_string, point, arena, &inner, NULL) == CMC_OK)
            point = inner;
        rc = cmc_method_ec(k, params, point, out, err);
    }
    cmc_arena_free(arena);
    free(pparams);
    free(ppoint);
    return rc;
}

static enum cmc_rc evp_of(struct cmc_slot_key *k, CK_SESSION_HANDLE session, EVP_PKEY **out,
                          struct cmc_err *err)
{
    if (k->type == CKK_RSA)
        return rsa_key(k, session, out, err);
    if (k->type == CKK_EC)
        return ec_key(k, session, out, err);
    return cmc_fail(err, CMC_E_LOCAL, NULL,
                    "the key is neither RSA nor EC, and keys of other kinds are not used in "
                    "tokens");
}

/*
 * Where a token does not copy, the key itself will do. The label names the process: the token may
 * show session objects of others.
 */
CK_OBJECT_HANDLE cmc_slot_copy(struct cmc_module *m, CK_SESSION_HANDLE session,
                               CK_OBJECT_HANDLE object)
{
    char label[64];
    CK_BBOOL no = CK_FALSE;
    CK_OBJECT_HANDLE copy = object;
    CK_ATTRIBUTE want[] = {{CKA_TOKEN, &no, sizeof no}, {CKA_LABEL, label, 0}};

    want[1].ulValueLen =
        (CK_ULONG)snprintf(label, sizeof label, "chancery %ld %lx", (long)getpid(), object);
    if (m->f->C_CopyObject(session, object, want, 2, &copy) != CKR_OK)
        return object;
    return copy;
}

/* The record of an object, made when it is first asked for. Under the lock of the process. */
static enum cmc_rc record(struct cmc_slot *s, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                          bool copy, struct cmc_slot_key **out, struct cmc_err *err)
{
    unsigned int generation;
    struct cmc_slot_key *k;
    CK_ULONG n;
    CK_BYTE *type;

    (void)pthread_mutex_lock(&s->lock);
    generation = s->generation;
    (void)pthread_mutex_unlock(&s->lock);
    for (k = s->keys; k != NULL; k = k->next) {
        if (k->object == object && k->found == generation) {
            *out = k;
            return CMC_OK;
        }
    }
    k = calloc(1, sizeof *k);
    type = get(s->module, session, object, CKA_KEY_TYPE, &n);
    if (k == NULL || type == NULL || n != sizeof k->type) {
        free(k);
        free(type);
        return cmc_fail(err, CMC_E_LOCAL, NULL, "the token does not tell what kind of key this is");
    }
    memcpy(&k->type, type, sizeof k->type);
    free(type);
    k->slot = s;
    k->object = object;
    k->id = get(s->module, session, object, CKA_ID, &k->nid);
    k->label = get(s->module, session, object, CKA_LABEL, &k->nlabel);
    k->found = k->generation = generation;
    k->copy = copy;
    k->used = copy ? cmc_slot_copy(s->module, session, object) : object;
    k->next = s->keys;
    s->keys = k;
    *out = k;
    return CMC_OK;
}

enum cmc_rc cmc_slot_key(struct cmc_module *m, struct cmc_slot *s, CK_OBJECT_HANDLE object,
                         bool copy, EVP_PKEY **out, struct cmc_err *err)
{
    CK_SESSION_HANDLE session = cmc_slot_session(s);
    struct cmc_slot_key *k = NULL;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    *out = NULL;
    cmc_modules_lock();
    rc = record(s, session, object, copy, &k, err);
    if (rc == CMC_OK)
        rc = evp_of(k, session, &key, err);
    cmc_modules_unlock();
    if (rc == CMC_OK)
        rc = cmc_module_hold(m, key, err);
    if (rc == CMC_OK) {
        *out = key;
        key = NULL;
    }
    EVP_PKEY_free(key);
    return rc;
}

bool cmc_slot_is_copy(struct cmc_slot *s, CK_OBJECT_HANDLE object)
{
    bool copy = false;

    cmc_modules_lock();
    (void)pthread_mutex_lock(&s->lock);
    for (const struct cmc_slot_key *k = s->keys; k != NULL; k = k->next)
        copy = copy || (k->used == object && k->object != object);
    (void)pthread_mutex_unlock(&s->lock);
    cmc_modules_unlock();
    return copy;
}

bool cmc_key_in_token(const EVP_PKEY *key)
{
    (void)pthread_once(&module_index_once, make_module_index);
    return module_index >= 0 && EVP_PKEY_get_ex_data(key, module_index) != NULL;
}
