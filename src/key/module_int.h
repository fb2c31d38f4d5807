/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of a module in use, for module.c, slot.c, method.c and evp.c only. */
#ifndef CMC_KEY_MODULE_INT_H
#define CMC_KEY_MODULE_INT_H

#include <pthread.h>

#include "key/token_int.h"

/* Sessions of a slot that are kept open between two operations. */
#define CMC_SESSIONS_IDLE 64u

/* A key object that EVP_PKEYs stand for. Lives as long as its slot. */
struct cmc_slot_key {
    struct cmc_slot_key *next;
    struct cmc_slot *slot;
    CK_OBJECT_HANDLE object; /* as the caller found it, */
    unsigned int found;      /* in this generation */
    CK_KEY_TYPE type;
    bool copy;      /* work with a copy in the lasting session */
    CK_BYTE *id;    /* how it is found again in a token that came back; NULL: it has none */
    CK_BYTE *label; /* the same */
    CK_ULONG nid, nlabel;
    /* Under the slot's lock: */
    CK_OBJECT_HANDLE used;   /* the copy, or the object itself */
    unsigned int generation; /* of the slot, that used is a handle of */
};

/* Where the password of a token comes from, to log in again. */
struct cmc_pin {
    char *file; /* read again each time, or NULL */
    char *text; /* or NULL */
};

struct cmc_slot {
    struct cmc_slot *next;
    struct cmc_module *module;
    CK_SLOT_ID id;
    char label[33], serial[17]; /* of its token */

    pthread_mutex_t lock;      /* over what follows; never held while the token works */
    pthread_cond_t back;       /* somebody who tried to come back is through */
    CK_SESSION_HANDLE session; /* stays: session objects and the login live by it */
    CK_SESSION_HANDLE idle[CMC_SESSIONS_IDLE];
    size_t nidle;
    unsigned int generation; /* of sessions and handles; a token that came back has new ones */
    struct cmc_slot_key *keys;
    struct cmc_pin pin;
    bool away, told; /* told: the watcher knows */
    bool returning;  /* somebody tries just now */
    int64_t next_ms; /* monotonic: not to be tried before */
    int64_t wait_ms; /* that the next failure costs */
    int64_t since;   /* away since then; seconds of the epoch */
    char why[CMC_LIMIT_ERROR_TEXT];
};

struct cmc_module {
    struct cmc_module *next;
    char *path;
    char *init;   /* NULL: none */
    bool write;   /* as initialised */
    bool foreign; /* somebody else in this process has initialised it, and will finalise it */
    bool started; /* initialised by us */
    unsigned int users;
    CK_FUNCTION_LIST *f;
    struct cmc_slot *slots;
};

/* The lock of the process: held while the list of modules and their lists of slots are touched. */
void cmc_modules_lock(void);
void cmc_modules_unlock(void);
/* cmc_module_put() by one who holds the lock. */
void cmc_module_put_locked(struct cmc_module *m);

/* slot.c */
enum cmc_rc cmc_slot_new(struct cmc_module *m, CK_SLOT_ID id, struct cmc_slot **out,
                         struct cmc_err *err) CMC_MUST_USE;
void cmc_slot_free(struct cmc_slot *s);
/* What a watcher is told; see token.h. Under no lock. */
void cmc_token_tell(const struct cmc_token_state *state);

/* Do something with a key: an operation of PKCS#11 in a session that nobody else uses. */
typedef CK_RV (*cmc_slot_fn)(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key,
                             void *arg);
/*
 * Where the token has gone, or has forgotten us, it is gone back to once: sessions, login, key. So
 * fn may be called twice. Errors: CMC_E_RETRY (the token is away), CMC_E_LOCAL (it refuses).
 */
enum cmc_rc cmc_slot_run(struct cmc_slot_key *k, cmc_slot_fn fn, void *arg,
                         struct cmc_err *err) CMC_MUST_USE;

/* evp.c: a copy of a key object in this session, or the object where the token does not copy. */
CK_OBJECT_HANDLE cmc_slot_copy(struct cmc_module *m, CK_SESSION_HANDLE session,
                               CK_OBJECT_HANDLE object);

/* method.c: an EVP_PKEY of a public key whose private operations are those of k. */
enum cmc_rc cmc_method_rsa(struct cmc_slot_key *k, struct cmc_slice n, struct cmc_slice e,
                           EVP_PKEY **out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_method_ec(struct cmc_slot_key *k, struct cmc_slice params, struct cmc_slice point,
                          EVP_PKEY **out, struct cmc_err *err) CMC_MUST_USE;

#endif
