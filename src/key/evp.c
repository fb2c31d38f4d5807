/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EVP_PKEYs over keys in tokens, by libp11.
 *
 * Of keys in HSMs, and of those in NSS databases that may not leave softoken (token_wrap.c has the
 * others). Three things of libp11 0.4.12 and of NSS shape this file:
 * - NSS encrypts each private attribute in key4.db under a key of its own, derived by 10 000 rounds
 *   of PBKDF2. An RSA key has six, and softoken keeps only one derived key: every signature derives
 *   them all anew, 27 signatures a second. So we work with a copy of the key in a session, which
 *   softoken has in the clear: 15 times faster, and at home in the memory of the process, where the
 *   key passes through anyhow.
 * - libp11 finds a key among all private keys of a token, by label and id. The copy has a label of
 *   our own, no other key has that.
 * - libp11 cannot pass over keys that are neither RSA nor EC: it fails for the whole token. That
 *   failure is told as what it is.
 */
#include "key/module_int.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
    ok = module_index >= 0 && EVP_PKEY_set_ex_data(key, module_index, m) == 1;
    if (ok)
        m->users++; /* key_freed() gives it back */
    cmc_modules_unlock();
    return ok ? CMC_OK : cmc_fail_openssl(err, CMC_E_MEM, "no memory for a key in a token");
}

/*
 * libp11 keeps its EVP_PKEY for as long as it has the token, so that one's end says nothing. Ours
 * shares the RSA or EC_KEY in it.
 */
static enum cmc_rc wrap(struct cmc_module *m, EVP_PKEY *key, EVP_PKEY **out, struct cmc_err *err)
{
    EVP_PKEY *own = EVP_PKEY_new();
    bool ok = own != NULL;

    if (ok && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
        ok = EVP_PKEY_set1_RSA(own, (RSA *)(uintptr_t)EVP_PKEY_get0_RSA(key)) == 1;
    else if (ok)
        ok = EVP_PKEY_set1_EC_KEY(own, (EC_KEY *)(uintptr_t)EVP_PKEY_get0_EC_KEY(key)) == 1;
    (void)pthread_once(&module_index_once, make_module_index);
    if (!ok || module_index < 0 || EVP_PKEY_set_ex_data(own, module_index, m) != 1) {
        EVP_PKEY_free(own);
        return cmc_fail_openssl(err, CMC_E_MEM, "no memory for a key in a token");
    }
    m->users++; /* under the lock; key_freed() gives it back */
    *out = own;
    return CMC_OK;
}

/* -- finding it in libp11 ---------------------------------------------------------------- */

/* How libp11 can tell the key from others. */
struct tell {
    char *label;
    CK_BYTE *id;
    CK_ULONG nid;
};

static CK_BYTE *get(struct cmc_module *m, struct cmc_slot *s, CK_OBJECT_HANDLE o,
                    CK_ATTRIBUTE_TYPE type, CK_ULONG *n)
{
    CK_ATTRIBUTE a = {.type = type};
    CK_BYTE *p = NULL;

    *n = 0;
    if (m->f->C_GetAttributeValue(s->session, o, &a, 1) != CKR_OK ||
        a.ulValueLen == CK_UNAVAILABLE_INFORMATION || a.ulValueLen > CMC_LIMIT_FILE_OCTETS)
        return NULL;
    p = calloc(1, a.ulValueLen + 1);
    a.pValue = p;
    if (p == NULL || m->f->C_GetAttributeValue(s->session, o, &a, 1) != CKR_OK) {
        free(p);
        return NULL;
    }
    *n = a.ulValueLen;
    return p;
}

static bool fits(const PKCS11_KEY *k, const struct tell *t)
{
    const char *label = k->label != NULL ? k->label : "";

    return strcmp(label, t->label != NULL ? t->label : "") == 0 && k->id_len == t->nid &&
           (t->nid == 0 || memcmp(k->id, t->id, t->nid) == 0);
}

static enum cmc_rc find(struct cmc_slot *s, const struct tell *t, EVP_PKEY **out,
                        struct cmc_err *err)
{
    PKCS11_KEY *keys = NULL, *found = NULL;
    unsigned int n = 0;

    if (PKCS11_enumerate_keys(s->p11->token, &keys, &n) != 0)
        return cmc_fail_openssl(err, CMC_E_LOCAL,
                                "libp11 cannot list the private keys of this token; one that is "
                                "neither RSA nor EC among them is enough for that");
    for (unsigned int i = 0; i < n; i++) {
        if (!fits(&keys[i], t))
            continue;
        if (found != NULL)
            return cmc_fail(err, CMC_E_USAGE, NULL,
                            "several private keys in this token have the same label and id");
        found = &keys[i];
    }
    if (found == NULL)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "libp11 does not see the private key");
    *out = PKCS11_get_private_key(found);
    if (*out == NULL)
        return cmc_fail_openssl(err, CMC_E_LOCAL,
                                "the token does not give the public half of the key");
    return CMC_OK;
}

/*
 * Where a token does not copy, the key itself will do. The label also names the process: the
 * token may show session objects of others.
 */
static CK_OBJECT_HANDLE copy_of(struct cmc_module *m, struct cmc_slot *s, CK_OBJECT_HANDLE object)
{
    char label[64];
    CK_BBOOL no = CK_FALSE;
    CK_OBJECT_HANDLE copy = object;
    CK_ATTRIBUTE want[] = {{CKA_TOKEN, &no, sizeof no}, {CKA_LABEL, label, 0}};

    want[1].ulValueLen =
        (CK_ULONG)snprintf(label, sizeof label, "chancery %ld %lx", (long)getpid(), object);
    if (m->f->C_CopyObject(s->session, object, want, 2, &copy) != CKR_OK)
        return object;
    return copy;
}

static enum cmc_rc make(struct cmc_module *m, struct cmc_slot *s, CK_OBJECT_HANDLE object,
                        bool copy, struct cmc_slot_evp **out, struct cmc_err *err)
{
    enum cmc_rc rc;
    CK_OBJECT_HANDLE use = copy ? copy_of(m, s, object) : object;
    struct cmc_slot_evp *k = calloc(1, sizeof *k);
    struct tell t = {0};
    CK_ULONG n;

    t.label = (char *)get(m, s, use, CKA_LABEL, &n);
    t.id = get(m, s, use, CKA_ID, &t.nid);
    rc = k != NULL ? find(s, &t, &k->key, err)
                   : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key in a token");
    if (rc != CMC_OK) {
        if (use != object)
            (void)m->f->C_DestroyObject(s->session, use);
        goto out;
    }
    k->object = object;
    k->used = use;
    k->next = s->keys;
    s->keys = k;
    *out = k;
    k = NULL;
out:
    free(k);
    free(t.label);
    free(t.id);
    return rc;
}

enum cmc_rc cmc_slot_key(struct cmc_module *m, struct cmc_slot *s, CK_OBJECT_HANDLE object,
                         bool copy, EVP_PKEY **out, struct cmc_err *err)
{
    struct cmc_slot_evp *k;
    enum cmc_rc rc = CMC_OK;

    *out = NULL;
    cmc_modules_lock();
    for (k = s->keys; k != NULL && k->object != object;)
        k = k->next;
    if (k == NULL)
        rc = make(m, s, object, copy, &k, err);
    if (rc == CMC_OK)
        rc = wrap(m, k->key, out, err);
    cmc_modules_unlock();
    return rc;
}

bool cmc_slot_is_copy(const struct cmc_slot *s, CK_OBJECT_HANDLE object)
{
    bool copy = false;

    cmc_modules_lock();
    for (const struct cmc_slot_evp *k = s->keys; k != NULL; k = k->next)
        copy = copy || (k->used == object && k->object != object);
    cmc_modules_unlock();
    return copy;
}

bool cmc_key_in_token(const EVP_PKEY *key)
{
    (void)pthread_once(&module_index_once, make_module_index);
    return module_index >= 0 && EVP_PKEY_get_ex_data(key, module_index) != NULL;
}
