/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token in use: its sessions, its login, and how it is gone back to after it was away.
 *
 * Operations run in sessions of their own, one thread in each, taken from those that are idle. No
 * lock is held while the token works. What a token that was pulled leaves behind are handles that
 * mean nothing, or, worse, something else when it is back: so all of them have a generation, and
 * none of an earlier one is used. One thread at a time goes back; the others wait for it a moment,
 * and are told to come later when it takes longer.
 */
#include "key/module_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Between two attempts to go back: doubled from the first to the last. */
#define WAIT_FIRST_MS 200
#define WAIT_LAST_MS  3000
/* So long a thread waits for another one that goes back. */
#define RETURN_WAIT_SECONDS 2
#define SLOTS_MAX           1024u

/* -- made and freed ---------------------------------------------------------------------- */

/* Blanks fill these fields up. */
static void get_text(const CK_UTF8CHAR *p, size_t n, char *out)
{
    while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\0'))
        n--;
    memcpy(out, p, n);
    out[n] = '\0';
}

enum cmc_rc cmc_slot_new(struct cmc_module *m, CK_SLOT_ID id, struct cmc_slot **out,
                         struct cmc_err *err)
{
    struct cmc_slot *s = calloc(1, sizeof *s);
    CK_TOKEN_INFO info = {.flags = 0};
    CK_RV rv;

    if (s == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a PKCS#11 slot");
    rv = m->f->C_GetTokenInfo(id, &info);
    if (rv == CKR_OK)
        rv = m->f->C_OpenSession(id, CKF_SERIAL_SESSION, NULL, NULL, &s->session);
    if (rv != CKR_OK) {
        free(s);
        return cmc_fail_ckr(err, rv, "%s: no session with the token", m->path);
    }
    get_text(info.label, sizeof info.label, s->label);
    get_text(info.serialNumber, sizeof info.serialNumber, s->serial);
    s->id = id;
    s->module = m;
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->back, NULL);
    s->next = m->slots;
    m->slots = s;
    *out = s;
    return CMC_OK;
}

static void pin_free(struct cmc_pin *p)
{
    free(p->file);
    if (p->text != NULL)
        OPENSSL_clear_free(p->text, strlen(p->text) + 1);
    *p = (struct cmc_pin){.file = NULL};
}

void cmc_slot_free(struct cmc_slot *s)
{
    CK_FUNCTION_LIST *f = s->module->f;

    while (s->keys != NULL) {
        struct cmc_slot_key *k = s->keys;

        s->keys = k->next;
        free(k->id);
        free(k->label);
        free(k);
    }
    while (s->nidle > 0)
        (void)f->C_CloseSession(s->idle[--s->nidle]);
    (void)f->C_CloseSession(s->session);
    pin_free(&s->pin);
    (void)pthread_cond_destroy(&s->back);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}

CK_SESSION_HANDLE cmc_slot_session(struct cmc_slot *s)
{
    CK_SESSION_HANDLE h;

    (void)pthread_mutex_lock(&s->lock);
    h = s->session;
    (void)pthread_mutex_unlock(&s->lock);
    return h;
}

struct cmc_token_state cmc_slot_state(const struct cmc_slot *s)
{
    struct cmc_token_state state = {.away = s->away, .since = s->since};

    memcpy(state.label, s->label, sizeof state.label);
    memcpy(state.why, s->why, sizeof state.why);
    return state;
}

/* -- the password ------------------------------------------------------------------------ */

bool cmc_slot_keep_pin(struct cmc_slot *s, const char *file, const char *text)
{
    struct cmc_pin pin = {.file = file != NULL ? strdup(file) : NULL,
                          .text = text != NULL ? OPENSSL_strdup(text) : NULL};

    if ((file != NULL && pin.file == NULL) || (text != NULL && pin.text == NULL)) {
        pin_free(&pin);
        return false;
    }
    (void)pthread_mutex_lock(&s->lock);
    pin_free(&s->pin);
    s->pin = pin;
    (void)pthread_mutex_unlock(&s->lock);
    return true;
}

static enum cmc_rc login_with(struct cmc_slot *s, CK_SESSION_HANDLE session, struct cmc_pass *pass,
                              struct cmc_err *err)
{
    CK_RV rv;

    if (!cmc_pass_get(pass)) {
        if (err != NULL)
            *err = pass->err;
        return pass->err.rc;
    }
    if (cmc_pin_is_refused(s, pass))
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "token '%s': its password was refused and is still the same, so it is not "
                        "tried again",
                        s->label);
    rv = s->module->f->C_Login(session, CKU_USER, (CK_UTF8CHAR *)pass->text, pass->n);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) {
        cmc_pin_taken(s);
        return CMC_OK;
    }
    if (cmc_pin_trouble(rv))
        cmc_pin_refused(s, pass);
    return cmc_fail_ckr(err, rv, "token '%s'", s->label);
}

/* Only the thread that goes back is here, so s->pin stands still. */
static enum cmc_rc login(struct cmc_slot *s, CK_SESSION_HANDLE session, const CK_TOKEN_INFO *token,
                         struct cmc_err *err)
{
    const struct cmc_passphrase from = {.file = s->pin.file, .text = s->pin.text};
    struct cmc_pass pass = {.from = &from, .what = s->label};
    CK_SESSION_INFO info;
    enum cmc_rc rc;

    if ((token->flags & CKF_LOGIN_REQUIRED) == 0 ||
        (s->module->f->C_GetSessionInfo(session, &info) == CKR_OK &&
         (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS)))
        return CMC_OK;
    if ((token->flags & CKF_USER_PIN_LOCKED) != 0)
        return cmc_fail_ckr(err, CKR_PIN_LOCKED, "token '%s'", s->label);
    if (from.file == NULL && from.text == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "token '%s': wants its password again, and none is known", s->label);
    rc = login_with(s, session, &pass, err);
    cmc_pass_clean(&pass);
    return rc;
}

/* -- going back -------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec t = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The slot that the token is in now, which need not be the one that it was in. */
static bool find_token(struct cmc_slot *s, CK_SLOT_ID *id, CK_TOKEN_INFO *info, CK_RV *rv)
{
    CK_FUNCTION_LIST *f = s->module->f;
    CK_SLOT_ID ids[SLOTS_MAX];
    CK_ULONG n = 0;

    /* A call for the number alone is what makes a module look. */
    *rv = f->C_GetSlotList(CK_TRUE, NULL, &n);
    n = SLOTS_MAX;
    if (*rv == CKR_OK)
        *rv = f->C_GetSlotList(CK_TRUE, ids, &n);
    for (CK_ULONG i = 0; *rv == CKR_OK && i < n; i++) {
        char label[33], serial[17];

        if (f->C_GetTokenInfo(ids[i], info) != CKR_OK)
            continue;
        get_text(info->label, sizeof info->label, label);
        get_text(info->serialNumber, sizeof info->serialNumber, serial);
        if (strcmp(label, s->label) == 0 && strcmp(serial, s->serial) == 0) {
            *id = ids[i];
            return true;
        }
    }
    if (*rv == CKR_OK)
        *rv = CKR_TOKEN_NOT_PRESENT;
    return false;
}

/* Without the lock; s->returning keeps the others away. */
static enum cmc_rc reopen(struct cmc_slot *s, CK_SLOT_ID *id, CK_SESSION_HANDLE *session,
                          struct cmc_err *err)
{
    CK_FUNCTION_LIST *f = s->module->f;
    CK_TOKEN_INFO info = {.flags = 0};
    enum cmc_rc rc;
    CK_RV rv;

    if (!find_token(s, id, &info, &rv))
        return cmc_fail_ckr(err, rv, "token '%s'", s->label);
    rv = f->C_OpenSession(*id, CKF_SERIAL_SESSION, NULL, NULL, session);
    if (rv != CKR_OK)
        return cmc_fail_ckr(err, rv, "token '%s'", s->label);
    rc = login(s, *session, &info, err);
    if (rc != CMC_OK)
        (void)f->C_CloseSession(*session);
    return rc;
}

static void came_back(struct cmc_slot *s, CK_SLOT_ID id, CK_SESSION_HANDLE session)
{
    s->id = id;
    s->session = session;
    s->generation++;
    s->wait_ms = 0;
}

static void stayed_away(struct cmc_slot *s, const struct cmc_err *err)
{
    s->wait_ms = s->wait_ms == 0 ? WAIT_FIRST_MS : s->wait_ms * 2;
    if (s->wait_ms > WAIT_LAST_MS)
        s->wait_ms = WAIT_LAST_MS;
    s->next_ms = now_ms() + s->wait_ms;
    (void)snprintf(s->why, sizeof s->why, "%s", err->text);
}

/* With the lock, which is let go of meanwhile. Leaves s->away as it then is. */
static void go_back(struct cmc_slot *s)
{
    CK_FUNCTION_LIST *f = s->module->f;
    CK_SESSION_HANDLE old[CMC_SESSIONS_IDLE + 1], session = CK_INVALID_HANDLE;
    size_t nold = s->nidle;
    struct cmc_token_state state;
    struct cmc_err err = {0};
    CK_SLOT_ID id = s->id;
    bool tell;
    enum cmc_rc rc;

    s->returning = true;
    memcpy(old, s->idle, nold * sizeof old[0]);
    old[nold++] = s->session;
    s->nidle = 0;
    s->session = CK_INVALID_HANDLE;
    (void)pthread_mutex_unlock(&s->lock);
    rc = reopen(s, &id, &session, &err);
    /* Afterwards: the last session to be closed takes the login along. */
    for (size_t i = 0; i < nold; i++) {
        if (old[i] != CK_INVALID_HANDLE && old[i] != session)
            (void)f->C_CloseSession(old[i]);
    }
    (void)pthread_mutex_lock(&s->lock);
    s->returning = false;
    s->away = rc != CMC_OK;
    if (rc == CMC_OK)
        came_back(s, id, session);
    else
        stayed_away(s, &err);
    tell = !s->away || !s->told;
    s->told = s->away;
    state = cmc_slot_state(s);
    (void)pthread_cond_broadcast(&s->back);
    if (!tell)
        return;
    (void)pthread_mutex_unlock(&s->lock);
    cmc_token_tell(&state);
    (void)pthread_mutex_lock(&s->lock);
}

/* With the lock. True: the token is there, as far as anybody knows. */
static bool is_there(struct cmc_slot *s)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += RETURN_WAIT_SECONDS;
    while (s->returning && pthread_cond_timedwait(&s->back, &s->lock, &until) == 0)
        ;
    if (s->away && !s->returning && now_ms() >= s->next_ms)
        go_back(s);
    return !s->away;
}

/* The handles of this generation are worth nothing any more. */
static void lost(struct cmc_slot *s, unsigned int generation, CK_RV rv)
{
    char other[48];

    (void)pthread_mutex_lock(&s->lock);
    if (s->generation == generation && !s->away) {
        s->away = true;
        s->since = time(NULL);
        s->next_ms = 0;
        (void)snprintf(s->why, sizeof s->why, "token '%s': %s", s->label,
                       cmc_ckr_text(rv, other, sizeof other));
    }
    (void)pthread_mutex_unlock(&s->lock);
}

/* -- operations -------------------------------------------------------------------------- */

/* What says by itself that the token, or our session with it, is no more. */
static bool is_loss(CK_RV rv)
{
    static const CK_RV rows[] = {CKR_DEVICE_REMOVED,         CKR_TOKEN_NOT_PRESENT,
                                 CKR_TOKEN_NOT_RECOGNIZED,   CKR_SLOT_ID_INVALID,
                                 CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
                                 CKR_USER_NOT_LOGGED_IN,     CKR_KEY_HANDLE_INVALID,
                                 CKR_OBJECT_HANDLE_INVALID,  CKR_CRYPTOKI_NOT_INITIALIZED};

    for (size_t i = 0; i < CMC_COUNT(rows); i++) {
        if (rows[i] == rv)
            return true;
    }
    return false;
}

/*
 * Some modules say of a token that does not answer that "the device" or "the function" failed, and
 * some say the same of a ciphertext that does not decrypt. Whether the session lives tells which.
 */
static bool is_vague_loss(CK_FUNCTION_LIST *f, CK_SESSION_HANDLE session, CK_RV rv)
{
    CK_SESSION_INFO info;

    return (rv == CKR_DEVICE_ERROR || rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED) &&
           f->C_GetSessionInfo(session, &info) != CKR_OK;
}

/* One operation's way to the token. */
struct run {
    struct cmc_slot *slot;
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;    /* CK_INVALID_HANDLE: it has to be found again */
    unsigned int generation; /* of both */
};

/* With the lock. */
static CK_RV begin(struct run *r, const struct cmc_slot_key *k)
{
    struct cmc_slot *s = r->slot;

    r->generation = s->generation;
    r->key = k->generation == s->generation ? k->used : CK_INVALID_HANDLE;
    if (s->nidle > 0) {
        r->session = s->idle[--s->nidle];
        return CKR_OK;
    }
    return CKR_SESSION_COUNT; /* none is idle: open one, without the lock */
}

static void end(struct run *r, bool good)
{
    struct cmc_slot *s = r->slot;
    bool kept = false;

    if (r->session == CK_INVALID_HANDLE)
        return;
    (void)pthread_mutex_lock(&s->lock);
    kept = good && !s->away && s->generation == r->generation && s->nidle < CMC_SESSIONS_IDLE;
    if (kept)
        s->idle[s->nidle++] = r->session;
    (void)pthread_mutex_unlock(&s->lock);
    /* An operation that failed in the middle may still stand open in its session. */
    if (!kept)
        (void)s->module->f->C_CloseSession(r->session);
}

/* The same key in a token that has come back. */
static CK_RV find_again(struct run *r, struct cmc_slot_key *k)
{
    CK_FUNCTION_LIST *f = r->slot->module->f;
    CK_OBJECT_CLASS cls = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE want[4] = {{CKA_CLASS, &cls, sizeof cls},
                            {CKA_KEY_TYPE, &k->type, sizeof k->type}};
    CK_ULONG nwant = 2, n = 0;
    CK_OBJECT_HANDLE found[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
    CK_RV rv;

    if (k->id != NULL)
        want[nwant++] = (CK_ATTRIBUTE){CKA_ID, k->id, k->nid};
    if (k->label != NULL)
        want[nwant++] = (CK_ATTRIBUTE){CKA_LABEL, k->label, k->nlabel};
    rv = f->C_FindObjectsInit(r->session, want, nwant);
    if (rv == CKR_OK) {
        rv = f->C_FindObjects(r->session, found, 2, &n);
        (void)f->C_FindObjectsFinal(r->session);
    }
    if (rv == CKR_OK && n != 1)
        rv = CKR_KEY_NEEDED; /* another token, or somebody has worked on this one */
    if (rv != CKR_OK)
        return rv;
    r->key =
        k->copy ? cmc_slot_copy(k->slot->module, cmc_slot_session(k->slot), found[0]) : found[0];
    (void)pthread_mutex_lock(&r->slot->lock);
    if (r->slot->generation == r->generation) {
        k->used = r->key;
        k->generation = r->generation;
    }
    (void)pthread_mutex_unlock(&r->slot->lock);
    return CKR_OK;
}

/* One attempt. False: the token is away, and *err says why. */
static bool attempt(struct cmc_slot_key *k, cmc_slot_fn fn, void *arg, CK_RV *rv,
                    struct cmc_err *err)
{
    struct run r = {.slot = k->slot, .session = CK_INVALID_HANDLE};
    CK_FUNCTION_LIST *f = k->slot->module->f;
    CK_SLOT_ID id;

    (void)pthread_mutex_lock(&k->slot->lock);
    if (!is_there(k->slot)) {
        (void)cmc_fail(err, CMC_E_RETRY, NULL, "%s", k->slot->why);
        (void)pthread_mutex_unlock(&k->slot->lock);
        return false;
    }
    *rv = begin(&r, k);
    id = k->slot->id;
    (void)pthread_mutex_unlock(&k->slot->lock);
    if (*rv != CKR_OK)
        *rv = f->C_OpenSession(id, CKF_SERIAL_SESSION, NULL, NULL, &r.session);
    if (*rv == CKR_OK && r.key == CK_INVALID_HANDLE)
        *rv = find_again(&r, k);
    if (*rv == CKR_OK)
        *rv = fn(f, r.session, r.key, arg);
    if (is_loss(*rv) || is_vague_loss(f, r.session, *rv)) {
        end(&r, false);
        lost(k->slot, r.generation, *rv);
        *rv = CKR_DEVICE_REMOVED;
        return true;
    }
    end(&r, *rv == CKR_OK);
    return true;
}

enum cmc_rc cmc_slot_run(struct cmc_slot_key *k, cmc_slot_fn fn, void *arg, struct cmc_err *err)
{
    CK_RV rv = CKR_OK;

    for (int i = 0; i < 2; i++) {
        if (!attempt(k, fn, arg, &rv, err))
            return CMC_E_RETRY;
        if (rv == CKR_OK)
            return CMC_OK;
        if (rv != CKR_DEVICE_REMOVED)
            return cmc_fail_ckr(err, rv, "token '%s'", k->slot->label);
    }
    return cmc_fail(err, CMC_E_RETRY, NULL, "token '%s': it went away twice", k->slot->label);
}
