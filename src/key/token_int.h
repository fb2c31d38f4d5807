/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about tokens share: modules of the process, sessions, objects. */
#ifndef CMC_KEY_TOKEN_INT_H
#define CMC_KEY_TOKEN_INT_H

#include <p11-kit/pkcs11.h>
#include <p11-kit/pkcs11x.h>

#include "key/key_int.h"
#include "key/token.h"

/* -- modules (module.c) ------------------------------------------------------------------ */

/*
 * A PKCS#11 module is initialised once for a whole process (PKCS#11 v2.40 section 5.4), so the
 * modules in use are kept in one list of the process, counted, under one lock. So are the slots
 * that somebody has opened: a login and the session objects belong to the process too.
 */
struct cmc_module;
struct cmc_slot;

/*
 * Take the module at path into use, or count one user more. init: the parameters that softoken
 * wants, or NULL; write: those allow changes. Two inits of one module do not go together.
 * Errors: CMC_E_LOCAL (not loadable, does not start), CMC_E_USAGE (in use with another init).
 */
enum cmc_rc cmc_module_get1(const char *path, const char *init, bool write, struct cmc_module **out,
                            struct cmc_err *err) CMC_MUST_USE;
void cmc_module_ref(struct cmc_module *m);
/* One user less; the last one closes sessions and finalises the module. Takes NULL. */
void cmc_module_put(struct cmc_module *m);
CK_FUNCTION_LIST *cmc_module_calls(const struct cmc_module *m);

/*
 * The slot with this id, opened: it has a session that stays until the module is finalised, or the
 * token goes away. Errors: CMC_E_LOCAL, CMC_E_MEM.
 */
enum cmc_rc cmc_module_slot(struct cmc_module *m, CK_SLOT_ID id, struct cmc_slot **out,
                            struct cmc_err *err) CMC_MUST_USE;
CK_SESSION_HANDLE cmc_slot_session(struct cmc_slot *s);
/* It has been logged in to with this password: how to log in again. False: no memory. */
bool cmc_slot_keep_pin(struct cmc_slot *s, const char *file, const char *text) CMC_MUST_USE;
/*
 * pin.c: the password that this slot's token has refused last, in this process: it is not to be
 * offered a second time. cmc_pin_trouble(): does a result say that it was refused?
 */
bool cmc_pin_is_refused(const struct cmc_slot *s, const struct cmc_pass *pass);
void cmc_pin_refused(const struct cmc_slot *s, const struct cmc_pass *pass);
void cmc_pin_taken(const struct cmc_slot *s);
bool cmc_pin_trouble(CK_RV rv);
/* Its state, for who holds its lock. */
struct cmc_token_state cmc_slot_state(const struct cmc_slot *s);

/*
 * An EVP_PKEY for a private key object, RSA or EC, whose operations are those of the token. It
 * holds the module. copy: work with a copy of it in the session; see evp.c.
 * Errors: CMC_E_LOCAL (another kind of key, no public half), CMC_E_MEM.
 */
enum cmc_rc cmc_slot_key(struct cmc_module *m, struct cmc_slot *s, CK_OBJECT_HANDLE object,
                         bool copy, EVP_PKEY **out, struct cmc_err *err) CMC_MUST_USE;

/* Mark a key as one of a token, which holds the module as long as the key lives. */
enum cmc_rc cmc_module_hold(struct cmc_module *m, EVP_PKEY *key, struct cmc_err *err) CMC_MUST_USE;

/* True for a copy that cmc_slot_key() has made: it has the id of the key, and is none to find. */
bool cmc_slot_is_copy(struct cmc_slot *s, CK_OBJECT_HANDLE object);

/* -- results of PKCS#11 calls (ckr.c) ----------------------------------------------------- */

/* What a CK_RV means to a person, such as "the token has been removed". Static, or in buf. */
const char *cmc_ckr_text(CK_RV rv, char *buf, size_t size);
/* Fill *err with "fmt: what rv means". Returns CMC_E_USAGE for PINs, otherwise CMC_E_LOCAL. */
enum cmc_rc cmc_fail_ckr(struct cmc_err *err, CK_RV rv, const char *fmt, ...) CMC_PRINTF(3, 4);

/* -- tokens (token.c) --------------------------------------------------------------------- */

struct cmc_token {
    const struct cmc_crypto *crypto;
    struct cmc_module *module;
    struct cmc_slot *slot;
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE session; /* ours; read-write where the place says so */
    bool nss;                  /* the softoken: trust objects, keys without labels, the copy */
    bool write;
    bool logged_in; /* or no login is wanted */
    char label[33];
};

/* Paths of modules, each once. */
struct cmc_paths {
    const char **v;
    size_t n;
};

/* Chooses among tokens: true for one that fits. */
struct cmc_token_match {
    bool (*fits)(const struct cmc_token_match *m, CK_SLOT_ID id, const CK_SLOT_INFO *slot,
                 const CK_TOKEN_INFO *token);
    const void *what; /* for fits */
    const char *name; /* for messages */
};

/*
 * The token that fits among those of the modules (paths, in order). Errors: as cmc_token_open();
 * CMC_E_USAGE when several fit.
 */
enum cmc_rc cmc_token_pick(const struct cmc_paths *paths, const struct cmc_token_match *match,
                           bool write, struct cmc_token **out, struct cmc_err *err) CMC_MUST_USE;
/* Open the one token of a module that fits; not logged in. CMC_E_NOTFOUND: none does. */
enum cmc_rc cmc_token_of(struct cmc_module *m, const struct cmc_token_match *match, bool write,
                         struct cmc_token **out, struct cmc_buf *seen,
                         struct cmc_err *err) CMC_MUST_USE;
/* Log in, where the token wants it. what: for the prompt and messages. */
enum cmc_rc cmc_token_login(struct cmc_token *t, const struct cmc_passphrase *from,
                            struct cmc_err *err) CMC_MUST_USE;
/* Paths of the modules that p11-kit knows, added to paths. */
enum cmc_rc cmc_modules_known(struct cmc_arena *arena, struct cmc_paths *paths,
                              struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_paths_add(struct cmc_arena *arena, struct cmc_paths *paths, const char *path,
                          struct cmc_err *err) CMC_MUST_USE;

/* -- objects (object.c) ------------------------------------------------------------------- */

/* Handles of the objects that fit the template, at most CMC_LIMIT_ASN1_ELEMENTS, in the arena. */
enum cmc_rc cmc_objects(const struct cmc_token *t, CK_ATTRIBUTE *want, CK_ULONG nwant,
                        struct cmc_arena *arena, CK_OBJECT_HANDLE **out, size_t *n,
                        struct cmc_err *err) CMC_MUST_USE;
/* An attribute's octets; absent where the object has none. */
enum cmc_rc cmc_object_get(const struct cmc_token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
                           struct cmc_arena *arena, struct cmc_slice *out,
                           struct cmc_err *err) CMC_MUST_USE;
/* A CK_ULONG attribute; missing where it has none. */
CK_ULONG cmc_object_ulong(const struct cmc_token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
                          CK_ULONG missing);

/* Private keys by id and label, either absent. Needs a login. */
enum cmc_rc cmc_private_keys(const struct cmc_token *t, struct cmc_slice id, struct cmc_slice label,
                             struct cmc_arena *arena, CK_OBJECT_HANDLE **out, size_t *n,
                             struct cmc_err *err) CMC_MUST_USE;

/*
 * An EVP_PKEY for a private key object: of OpenSSL's own where NSS's softoken lets the key out
 * (token_wrap.c), else by cmc_slot_key(). Errors: as that.
 */
enum cmc_rc cmc_token_evp(struct cmc_token *t, CK_OBJECT_HANDLE object, bool permanent,
                          struct cmc_arena *arena, EVP_PKEY **out,
                          struct cmc_err *err) CMC_MUST_USE;

/* The one key that fits id and label, either absent. Errors: as cmc_token_key_by_id(). */
enum cmc_rc cmc_token_key(struct cmc_token *t, struct cmc_slice id, struct cmc_slice label,
                          struct cmc_arena *arena, EVP_PKEY **out,
                          struct cmc_err *err) CMC_MUST_USE;

/* -- NSS databases (nss.c) ---------------------------------------------------------------- */

/* True when the name means the softoken: NULL, "", "internal" and its two labels. */
bool cmc_nss_internal(const char *token);
enum cmc_rc cmc_nss_open(const char *dbdir, bool write, struct cmc_token **out,
                         struct cmc_err *err) CMC_MUST_USE;
/* The modules that the directory's pkcs11.txt names, added to paths; none if there is no file. */
enum cmc_rc cmc_nss_modules(const char *dbdir, struct cmc_arena *arena, struct cmc_paths *paths,
                            struct cmc_err *err) CMC_MUST_USE;

/* -- URIs (uri_token.c) ------------------------------------------------------------------- */

enum cmc_rc cmc_token_uri_key(const struct cmc_crypto *c, const char *uri,
                              const struct cmc_passphrase *pass, EVP_PKEY **out,
                              struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_token_uri_certs(const struct cmc_crypto *c, const char *uri,
                                const struct cmc_passphrase *pass, struct cmc_arena *arena,
                                struct cmc_slice **out, size_t *n,
                                struct cmc_err *err) CMC_MUST_USE;

#endif
