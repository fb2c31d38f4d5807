/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a module in use, for module.c and evp.c only. */
#ifndef CMC_KEY_MODULE_INT_H
#define CMC_KEY_MODULE_INT_H

/* libp11 and its keys are of OpenSSL's legacy kind, whose types and functions OpenSSL 3 calls
 * deprecated. This header comes first in a file, before OpenSSL decides what it declares. */
#undef OPENSSL_NO_DEPRECATED
#define OPENSSL_SUPPRESS_DEPRECATED
#include <libp11.h>

#include "key/token_int.h"

/* A key that libp11 has made an EVP_PKEY of. */
struct cmc_slot_evp {
    struct cmc_slot_evp *next;
    CK_OBJECT_HANDLE object; /* as the caller found it */
    CK_OBJECT_HANDLE used;   /* the copy, or the same */
    EVP_PKEY *key;           /* libp11's */
};

struct cmc_slot {
    struct cmc_slot *next;
    CK_SLOT_ID id;
    PKCS11_SLOT *p11;
    CK_SESSION_HANDLE session;
    struct cmc_slot_evp *keys;
};

struct cmc_module {
    struct cmc_module *next;
    char *path;
    char *init;   /* NULL: none */
    bool write;   /* as initialised */
    bool foreign; /* somebody else in this process has initialised it, and will finalise it */
    unsigned int users;
    CK_FUNCTION_LIST *f;
    PKCS11_CTX *ctx;
    PKCS11_SLOT *p11_slots;
    unsigned int np11_slots;
    struct cmc_slot *slots;
};

/* The lock of the process: held while modules, slots and libp11's lists of keys are touched. */
void cmc_modules_lock(void);
void cmc_modules_unlock(void);
/* cmc_module_put() by one who holds the lock. */
void cmc_module_put_locked(struct cmc_module *m);

#endif
