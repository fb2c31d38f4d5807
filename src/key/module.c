/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#11 modules in use by this process.
 *
 * The list below is process-wide state, of which this project otherwise has none: PKCS#11 itself
 * is so. C_Initialize() and C_Finalize() count for all threads and all users of a module, a login
 * counts for all sessions of the process, and a second user of the same token (a URI for the key,
 * one for the certificate; one key for each worker) must neither initialise nor finalise it.
 */
#include "key/module_int.h"

#include <dlfcn.h>
#include <stdlib.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cmc_module *modules;

void cmc_modules_lock(void)
{
    (void)pthread_mutex_lock(&lock);
}

void cmc_modules_unlock(void)
{
    (void)pthread_mutex_unlock(&lock);
}

CK_FUNCTION_LIST *cmc_module_calls(const struct cmc_module *m)
{
    return m->f;
}

/* -- coming ------------------------------------------------------------------------------ */

/*
 * The module stays mapped until the process ends: several of the real ones have threads, or
 * handlers for exit(), that do not survive being unmapped.
 */
static enum cmc_rc map(struct cmc_module *m, struct cmc_err *err)
{
    void *dl = dlopen(m->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    CK_C_GetFunctionList get = NULL;
    const char *why;
    enum cmc_rc rc = CMC_OK;

    if (dl == NULL) {
        why = dlerror();
        return cmc_fail(err, CMC_E_LOCAL, NULL, "cannot load the PKCS#11 module %s: %s", m->path,
                        why != NULL ? why : "no reason given");
    }
    /* POSIX has data pointers and function pointers alike here; ISO C has no cast for it. */
    *(void **)&get = dlsym(dl, "C_GetFunctionList");
    if (get == NULL || get(&m->f) != CKR_OK || m->f == NULL)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "%s is no PKCS#11 module", m->path);
    (void)dlclose(dl);
    return rc;
}

static enum cmc_rc initialise(struct cmc_module *m, struct cmc_err *err)
{
    CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK, .pReserved = m->init};
    CK_RV rv = m->f->C_Initialize(&args);

    if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        if (m->init != NULL)
            return cmc_fail(err, CMC_E_LOCAL, NULL,
                            "another library in this process uses %s already", m->path);
        m->foreign = true;
        return CMC_OK;
    }
    if (rv != CKR_OK)
        return cmc_fail_ckr(err, rv, "%s does not start", m->path);
    m->started = true;
    return CMC_OK;
}

/* -- going ------------------------------------------------------------------------------- */

static void module_free(struct cmc_module *m)
{
    while (m->slots != NULL) {
        struct cmc_slot *s = m->slots;

        m->slots = s->next;
        cmc_slot_free(s);
    }
    /* Not ours to do for a module that was there before. */
    if (m->started)
        (void)m->f->C_Finalize(NULL);
    free(m->path);
    free(m->init);
    free(m);
}

void cmc_module_put_locked(struct cmc_module *m)
{
    struct cmc_module **p = &modules;

    if (--m->users > 0)
        return;
    while (*p != m)
        p = &(*p)->next;
    *p = m->next;
    module_free(m);
}

void cmc_module_put(struct cmc_module *m)
{
    if (m == NULL)
        return;
    cmc_modules_lock();
    cmc_module_put_locked(m);
    cmc_modules_unlock();
}

void cmc_module_ref(struct cmc_module *m)
{
    cmc_modules_lock();
    m->users++;
    cmc_modules_unlock();
}

/* Mapped, but not yet initialised. */
static enum cmc_rc module_new(const char *path, const char *init, bool write,
                              struct cmc_module **out, struct cmc_err *err)
{
    struct cmc_module *m = calloc(1, sizeof *m);
    enum cmc_rc rc;

    if (m != NULL) {
        m->path = strdup(path);
        m->init = init != NULL ? strdup(init) : NULL;
        m->write = write;
    }
    if (m == NULL || m->path == NULL || (init != NULL && m->init == NULL))
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a PKCS#11 module");
    else
        rc = map(m, err);
    if (rc == CMC_OK)
        *out = m;
    else if (m != NULL)
        module_free(m);
    return rc;
}

/* -- using ------------------------------------------------------------------------------- */

/* One library may be known by several paths; its table of functions is one. */
static struct cmc_module *same_module(const struct cmc_module *m)
{
    struct cmc_module *p = modules;

    while (p != NULL && p->f != m->f)
        p = p->next;
    return p;
}

/* The same database, whatever it was opened for: what follows the last '=' are the flags. */
static bool same_database(const char *a, const char *b)
{
    const char *flags = a != NULL ? strrchr(a, '=') : NULL;
    size_t n = flags != NULL ? (size_t)(flags - a) : 0;

    if (flags == NULL || b == NULL)
        return a == b;
    return strncmp(a, b, n + 1) == 0 && strrchr(b, '=') == b + n;
}

static enum cmc_rc join(struct cmc_module *m, const char *init, bool write, struct cmc_err *err)
{
    if (!same_database(m->init, init))
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "another NSS database is open in this process, and NSS's module does one "
                        "at a time");
    if (m->init != NULL && write && !m->write)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "this NSS database is open for reading in this process, so it cannot be "
                        "opened for writing now");
    m->users++;
    return CMC_OK;
}

enum cmc_rc cmc_module_get1(const char *path, const char *init, bool write, struct cmc_module **out,
                            struct cmc_err *err)
{
    struct cmc_module *m = NULL, *there;
    enum cmc_rc rc;

    *out = NULL;
    cmc_modules_lock();
    rc = module_new(path, init, write, &m, err);
    if (rc != CMC_OK)
        goto out;
    there = same_module(m);
    if (there != NULL) {
        module_free(m);
        m = there;
        rc = join(m, init, write, err);
        goto out;
    }
    rc = initialise(m, err);
    if (rc != CMC_OK) {
        module_free(m);
        goto out;
    }
    m->users = 1;
    m->next = modules;
    modules = m;
out:
    if (rc == CMC_OK)
        *out = m;
    cmc_modules_unlock();
    return rc;
}

enum cmc_rc cmc_module_slot(struct cmc_module *m, CK_SLOT_ID id, struct cmc_slot **out,
                            struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    *out = NULL;
    cmc_modules_lock();
    for (struct cmc_slot *s = m->slots; s != NULL && *out == NULL; s = s->next) {
        if (s->id == id)
            *out = s;
    }
    if (*out == NULL)
        rc = cmc_slot_new(m, id, out, err);
    cmc_modules_unlock();
    return rc;
}

/* -- telling ----------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t lock;
    cmc_token_watch_fn fn;
    void *arg;
} watcher = {.lock = PTHREAD_MUTEX_INITIALIZER};

void cmc_tokens_watch(cmc_token_watch_fn fn, void *arg)
{
    (void)pthread_mutex_lock(&watcher.lock);
    watcher.fn = fn;
    watcher.arg = arg;
    (void)pthread_mutex_unlock(&watcher.lock);
}

void cmc_token_tell(const struct cmc_token_state *state)
{
    (void)pthread_mutex_lock(&watcher.lock);
    if (watcher.fn != NULL)
        watcher.fn(watcher.arg, state);
    (void)pthread_mutex_unlock(&watcher.lock);
}

size_t cmc_tokens_now(struct cmc_token_state *out, size_t max)
{
    size_t n = 0;

    cmc_modules_lock();
    for (const struct cmc_module *m = modules; m != NULL; m = m->next) {
        for (struct cmc_slot *s = m->slots; s != NULL && n < max; s = s->next) {
            (void)pthread_mutex_lock(&s->lock);
            out[n++] = cmc_slot_state(s);
            (void)pthread_mutex_unlock(&s->lock);
        }
    }
    cmc_modules_unlock();
    return n;
}
