/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a token among modules, opening it, logging in. */
#include <openssl/crypto.h>
#include <p11-kit/p11-kit.h>
#include <stdlib.h>

#include "key/token_int.h"

/* Slots looked at in one module, and octets of the list of tokens in a message. */
#define SLOTS_MAX 1024u
#define SEEN_MAX  256u

/* -- which modules there are -------------------------------------------------------------- */

enum cmc_rc cmc_paths_add(struct cmc_arena *arena, struct cmc_paths *paths, const char *path,
                          struct cmc_err *err)
{
    const char **v;

    for (size_t i = 0; i < paths->n; i++) {
        if (strcmp(paths->v[i], path) == 0)
            return CMC_OK;
    }
    v = cmc_arena_array(arena, paths->n + 1, sizeof *v);
    if (v != NULL && paths->n > 0)
        memcpy(v, paths->v, paths->n * sizeof *v);
    if (v != NULL)
        v[paths->n] = cmc_arena_strdup(arena, path);
    if (v == NULL || v[paths->n] == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a list of PKCS#11 modules");
    paths->v = v;
    paths->n++;
    return CMC_OK;
}

/* p11-kit is asked for names only; the modules are initialised by ourselves. */
enum cmc_rc cmc_modules_known(struct cmc_arena *arena, struct cmc_paths *paths, struct cmc_err *err)
{
    CK_FUNCTION_LIST **list = p11_kit_modules_load(NULL, P11_KIT_MODULE_UNMANAGED);
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && list != NULL && list[i] != NULL; i++) {
        char *path = p11_kit_module_get_filename(list[i]);

        if (path != NULL)
            rc = cmc_paths_add(arena, paths, path, err);
        free(path);
    }
    if (list != NULL)
        p11_kit_modules_release(list);
    return rc;
}

/* -- opening ----------------------------------------------------------------------------- */

/* Blanks fill the label up to its 32 octets. */
static void get_label(const CK_TOKEN_INFO *info, char out[33])
{
    size_t n = sizeof info->label;

    while (n > 0 && (info->label[n - 1] == ' ' || info->label[n - 1] == '\0'))
        n--;
    memcpy(out, info->label, n);
    out[n] = '\0';
}

static enum cmc_rc open_slot(struct cmc_module *m, CK_SLOT_ID id, const CK_TOKEN_INFO *info,
                             bool write, struct cmc_token **out, struct cmc_err *err)
{
    struct cmc_token *t = calloc(1, sizeof *t);
    CK_FLAGS flags = CKF_SERIAL_SESSION | (write ? CKF_RW_SESSION : 0);
    enum cmc_rc rc;
    CK_RV rv;

    if (t == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a token");
    get_label(info, t->label);
    t->f = cmc_module_calls(m);
    t->write = write;
    rc = cmc_module_slot(m, id, &t->slot, err);
    if (rc != CMC_OK)
        goto out;
    if (write && (info->flags & CKF_WRITE_PROTECTED) != 0) {
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "token '%s': is write-protected", t->label);
        goto out;
    }
    rv = t->f->C_OpenSession(id, flags, NULL, NULL, &t->session);
    if (rv != CKR_OK) {
        rc = cmc_fail_ckr(err, rv, "token '%s': cannot be opened", t->label);
        goto out;
    }
    t->logged_in = (info->flags & CKF_LOGIN_REQUIRED) == 0;
    cmc_module_ref(m);
    t->module = m;
    *out = t;
    t = NULL;
out:
    free(t);
    return rc;
}

enum cmc_rc cmc_token_of(struct cmc_module *m, const struct cmc_token_match *match, bool write,
                         struct cmc_token **out, struct cmc_buf *seen, struct cmc_err *err)
{
    CK_FUNCTION_LIST *f = cmc_module_calls(m);
    CK_SLOT_ID ids[SLOTS_MAX];
    CK_ULONG n = SLOTS_MAX;
    enum cmc_rc rc = CMC_E_NOTFOUND;
    CK_RV rv = f->C_GetSlotList(CK_TRUE, ids, &n);

    *out = NULL;
    if (rv != CKR_OK)
        return cmc_fail_ckr(err, rv, "cannot list tokens");
    for (CK_ULONG i = 0; i < n && (rc == CMC_E_NOTFOUND || rc == CMC_OK); i++) {
        CK_SLOT_INFO slot;
        CK_TOKEN_INFO info;
        char label[33];

        if (f->C_GetSlotInfo(ids[i], &slot) != CKR_OK ||
            f->C_GetTokenInfo(ids[i], &info) != CKR_OK || (info.flags & CKF_TOKEN_INITIALIZED) == 0)
            continue;
        get_label(&info, label);
        cmc_buf_printf(seen, "%s'%s'", seen->n > 0 ? ", " : "", label);
        if (!match->fits(match, ids[i], &slot, &info))
            continue;
        if (*out != NULL)
            rc = cmc_fail(err, CMC_E_USAGE, NULL,
                          "%s: fits more than one token (%s and %s); name one", match->name,
                          (*out)->label, label);
        else
            rc = open_slot(m, ids[i], &info, write, out, err);
    }
    if (rc != CMC_OK) {
        cmc_token_free(*out);
        *out = NULL;
    }
    return rc;
}

enum cmc_rc cmc_token_pick(const struct cmc_paths *paths, const struct cmc_token_match *match,
                           bool write, struct cmc_token **out, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_E_NOTFOUND;
    struct cmc_err first = {.rc = CMC_OK};
    struct cmc_buf seen;

    *out = NULL;
    cmc_buf_init(&seen, SEEN_MAX);
    for (size_t i = 0; i < paths->n && rc == CMC_E_NOTFOUND; i++) {
        struct cmc_module *m = NULL;
        struct cmc_err e = {.rc = CMC_OK};

        rc = cmc_module_get1(paths->v[i], NULL, false, &m, &e);
        if (rc == CMC_OK) {
            rc = cmc_token_of(m, match, write, out, &seen, &e);
        } else {
            /* One broken module does not hide the tokens of the others. */
            if (first.rc == CMC_OK)
                first = e;
            rc = CMC_E_NOTFOUND;
        }
        if (rc != CMC_OK && rc != CMC_E_NOTFOUND && err != NULL)
            *err = e;
        cmc_module_put(m);
    }
    if (rc == CMC_E_NOTFOUND && first.rc != CMC_OK && seen.n == 0) {
        rc = first.rc;
        if (err != NULL)
            *err = first;
    } else if (rc == CMC_E_NOTFOUND) {
        const char *names = cmc_buf_cstr(&seen);

        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "%s: no such token; there %s", match->name,
                      seen.n == 0 && !seen.failed ? "is none"
                      : names != NULL             ? "are:"
                                                  : "are many");
        if (err != NULL && seen.n > 0 && names != NULL) {
            size_t used = strlen(err->text);

            (void)snprintf(err->text + used, sizeof err->text - used, " %s", names);
        }
    }
    cmc_buf_free(&seen);
    return rc;
}

void cmc_token_free(struct cmc_token *t)
{
    if (t == NULL)
        return;
    (void)t->f->C_CloseSession(t->session);
    cmc_module_put(t->module);
    free(t);
}

const char *cmc_token_label(const struct cmc_token *t)
{
    return t->label;
}

/* -- logging in -------------------------------------------------------------------------- */

static CK_FLAGS token_flags(const struct cmc_token *t)
{
    CK_SESSION_INFO s;
    CK_TOKEN_INFO info;

    if (t->f->C_GetSessionInfo(t->session, &s) != CKR_OK ||
        t->f->C_GetTokenInfo(s.slotID, &info) != CKR_OK)
        return 0;
    return info.flags;
}

/* Another URI of this process may have logged in already: that counts for us. */
static bool already(const struct cmc_token *t)
{
    CK_SESSION_INFO s;

    return t->f->C_GetSessionInfo(t->session, &s) == CKR_OK &&
           (s.state == CKS_RO_USER_FUNCTIONS || s.state == CKS_RW_USER_FUNCTIONS);
}

/* Once only, whatever comes of it: tokens count failures and lock themselves. */
static enum cmc_rc try_once(struct cmc_token *t, struct cmc_pass *pass, struct cmc_err *err)
{
    CK_FLAGS flags;
    CK_RV rv;

    if (pass != NULL && cmc_pin_is_refused(t->slot, pass))
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "token '%s': the password is wrong; it was refused a moment ago and is not "
                        "tried again",
                        t->label);
    rv = t->f->C_Login(t->session, CKU_USER, pass != NULL ? (CK_UTF8CHAR *)pass->text : NULL,
                       pass != NULL ? pass->n : 0);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
        cmc_pin_taken(t->slot);
        t->logged_in = true;
        return CMC_OK;
    }
    if (pass != NULL && cmc_pin_trouble(rv))
        cmc_pin_refused(t->slot, pass);
    flags = token_flags(t);
    if (rv == CKR_PIN_INCORRECT && (flags & CKF_USER_PIN_LOCKED) != 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL,
                        "token '%s': the password is wrong, and the token is locked now", t->label);
    if (rv == CKR_PIN_INCORRECT && (flags & CKF_USER_PIN_FINAL_TRY) != 0)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "token '%s': the password is wrong; one more wrong one locks the token",
                        t->label);
    return cmc_fail_ckr(err, rv, "token '%s'", t->label);
}

enum cmc_rc cmc_token_login(struct cmc_token *t, const struct cmc_passphrase *from,
                            struct cmc_err *err)
{
    char what[64];
    struct cmc_pass pass = {.from = from, .what = what};
    CK_FLAGS flags = token_flags(t);
    enum cmc_rc rc = CMC_OK;

    t->logged_in = t->logged_in || already(t);
    if (t->logged_in)
        return CMC_OK;
    if ((flags & CKF_USER_PIN_LOCKED) != 0)
        return cmc_fail_ckr(err, CKR_PIN_LOCKED, "token '%s'", t->label);
    if ((flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
        return try_once(t, NULL, err); /* its own keypad asks */
    (void)snprintf(what, sizeof what, "token '%s'", t->label);
    if (!cmc_pass_get(&pass)) {
        bool none = from == NULL || (from->text == NULL && from->file == NULL && !from->prompt);

        rc = none ? cmc_fail(err, CMC_E_USAGE, NULL, "%s: needs its password, and none was given",
                             what)
                  : pass.err.rc;
        if (!none && err != NULL)
            *err = pass.err;
    } else {
        rc = try_once(t, &pass, err);
        /* For the next time, as it was given: a file is read again, what was typed is kept. */
        if (rc == CMC_OK &&
            !cmc_slot_keep_pin(t->slot, from->text == NULL ? from->file : NULL,
                               from->text == NULL && from->file != NULL ? NULL : pass.text))
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a password");
    }
    cmc_pass_clean(&pass);
    return rc;
}

/* -- the public face --------------------------------------------------------------------- */

static bool label_fits(const struct cmc_token_match *m, CK_SLOT_ID id, const CK_SLOT_INFO *slot,
                       const CK_TOKEN_INFO *token)
{
    char label[33];

    (void)id;
    (void)slot;
    get_label(token, label);
    return strcmp(label, m->what) == 0;
}

static bool any_fits(const struct cmc_token_match *m, CK_SLOT_ID id, const CK_SLOT_INFO *slot,
                     const CK_TOKEN_INFO *token)
{
    (void)m;
    (void)id;
    (void)slot;
    (void)token;
    return true;
}

static enum cmc_rc open_named(const struct cmc_token_place *place, struct cmc_token **out,
                              struct cmc_err *err)
{
    const bool any = place->token == NULL || *place->token == '\0';
    const struct cmc_token_match match = {any ? any_fits : label_fits, place->token,
                                          any ? place->module : place->token};
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    struct cmc_paths paths = {0};
    enum cmc_rc rc = CMC_OK;

    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a list of PKCS#11 modules");
    if (place->module != NULL) {
        rc = cmc_paths_add(arena, &paths, place->module, err);
    } else {
        if (place->dbdir != NULL)
            rc = cmc_nss_modules(place->dbdir, arena, &paths, err);
        if (rc == CMC_OK)
            rc = cmc_modules_known(arena, &paths, err);
    }
    if (rc == CMC_OK)
        rc = cmc_token_pick(&paths, &match, place->write, out, err);
    cmc_arena_free(arena);
    return rc;
}

enum cmc_rc cmc_token_open(const struct cmc_crypto *c, const struct cmc_token_place *place,
                           const struct cmc_passphrase *pass, struct cmc_token **out,
                           struct cmc_err *err)
{
    struct cmc_token *t = NULL;
    enum cmc_rc rc;

    *out = NULL;
    if (place->dbdir == NULL && place->module == NULL && place->token == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "no token was named; give an NSS database or a token's name");
    if (place->dbdir != NULL && place->module == NULL && cmc_nss_internal(place->token))
        rc = cmc_nss_open(place->dbdir, place->write, &t, err);
    else
        rc = open_named(place, &t, err);
    if (rc == CMC_OK && pass != NULL && t != NULL)
        rc = cmc_token_login(t, pass, err);
    if (rc != CMC_OK || t == NULL) {
        cmc_token_free(t);
        return rc;
    }
    t->crypto = c;
    *out = t;
    return CMC_OK;
}
