/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module for tests: another module (PULLED_MODULE in the environment) whose token can be
 * pulled, be slow, or forget its sessions, as a file (PULLED_CONTROL) says in one line:
 *
 *   ok              as the other module is
 *   away            the token has been pulled: nothing of it is there
 *   delay MS        each signature, decryption and derivation takes so much longer
 *   forget N        all sessions are closed behind the caller's back, once for each new line
 *   logout N        the user is logged out, once for each new line
 *   lose N          the next N signatures say CKR_DEVICE_REMOVED, and the rest is as ever
 *
 * It counts calls in a file (PULLED_COUNTS): 64-bit numbers in the order of enum counter.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum counter { LOGINS, FINDS, SIGNATURES, DECRYPTIONS, DERIVATIONS, SESSIONS, REFUSED, COUNTERS };

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST list;
static _Atomic uint64_t *counts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char line[64] = "ok";
static unsigned int to_lose;

static void count(enum counter c)
{
    if (counts != NULL)
        atomic_fetch_add(&counts[c], 1);
}

/* What happens once when a line is read for the first time. */
static void obey(void)
{
    CK_SLOT_ID ids[64];
    CK_ULONG n = 64;

    to_lose = strncmp(line, "lose", 4) == 0 ? (unsigned int)atoi(line + 4) : 0;
    if (strncmp(line, "away", 4) != 0 && strncmp(line, "forget", 6) != 0)
        return;
    if (real->C_GetSlotList(CK_TRUE, ids, &n) != CKR_OK)
        return;
    for (CK_ULONG i = 0; i < n; i++)
        (void)real->C_CloseAllSessions(ids[i]);
}

static void look(CK_SESSION_HANDLE session)
{
    char now[sizeof line] = "";
    const char *path = getenv("PULLED_CONTROL");
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? read(fd, now, sizeof now - 1) : -1;

    if (fd >= 0)
        (void)close(fd);
    (void)pthread_mutex_lock(&lock);
    now[n > 0 ? n : 0] = '\0';
    now[strcspn(now, "\n")] = '\0';
    if (n > 0 && strcmp(now, line) != 0) {
        memcpy(line, now, sizeof line);
        obey();
        if (strncmp(line, "logout", 6) == 0)
            (void)real->C_Logout(session);
    }
    (void)pthread_mutex_unlock(&lock);
}

static int is_away(CK_SESSION_HANDLE session)
{
    int away;

    look(session);
    (void)pthread_mutex_lock(&lock);
    away = strncmp(line, "away", 4) == 0;
    (void)pthread_mutex_unlock(&lock);
    if (away)
        count(REFUSED);
    return away;
}

static int is_lost(void)
{
    int lost;

    (void)pthread_mutex_lock(&lock);
    lost = to_lose > 0;
    to_lose -= lost ? 1 : 0;
    (void)pthread_mutex_unlock(&lock);
    return lost;
}

static void work(void)
{
    long ms;

    (void)pthread_mutex_lock(&lock);
    ms = strncmp(line, "delay", 5) == 0 ? atol(line + 5) : 0;
    (void)pthread_mutex_unlock(&lock);
    if (ms > 0)
        (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static CK_RV get_slots(CK_BBOOL present, CK_SLOT_ID *ids, CK_ULONG *n)
{
    if (!is_away(0) || !present)
        return real->C_GetSlotList(present, ids, n);
    *n = 0;
    return CKR_OK;
}

static CK_RV get_token(CK_SLOT_ID id, CK_TOKEN_INFO *info)
{
    return is_away(0) ? CKR_TOKEN_NOT_PRESENT : real->C_GetTokenInfo(id, info);
}

static CK_RV open_session(CK_SLOT_ID id, CK_FLAGS flags, void *app, CK_NOTIFY notify,
                          CK_SESSION_HANDLE *s)
{
    count(SESSIONS);
    return is_away(0) ? CKR_TOKEN_NOT_PRESENT : real->C_OpenSession(id, flags, app, notify, s);
}

static CK_RV get_session(CK_SESSION_HANDLE s, CK_SESSION_INFO *info)
{
    return is_away(s) ? CKR_DEVICE_REMOVED : real->C_GetSessionInfo(s, info);
}

static CK_RV login(CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG n)
{
    count(LOGINS);
    return is_away(s) ? CKR_DEVICE_REMOVED : real->C_Login(s, user, pin, n);
}

static CK_RV find_init(CK_SESSION_HANDLE s, CK_ATTRIBUTE *want, CK_ULONG n)
{
    count(FINDS);
    return is_away(s) ? CKR_DEVICE_REMOVED : real->C_FindObjectsInit(s, want, n);
}

static CK_RV sign_init(CK_SESSION_HANDLE s, CK_MECHANISM *how, CK_OBJECT_HANDLE key)
{
    return is_away(s) || is_lost() ? CKR_DEVICE_REMOVED : real->C_SignInit(s, how, key);
}

static CK_RV sign(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *nout)
{
    count(SIGNATURES);
    work();
    return is_away(s) ? CKR_DEVICE_REMOVED : real->C_Sign(s, in, n, out, nout);
}

static CK_RV decrypt_init(CK_SESSION_HANDLE s, CK_MECHANISM *how, CK_OBJECT_HANDLE key)
{
    return is_away(s) ? CKR_DEVICE_REMOVED : real->C_DecryptInit(s, how, key);
}

static CK_RV decrypt(CK_SESSION_HANDLE s, CK_BYTE *in, CK_ULONG n, CK_BYTE *out, CK_ULONG *nout)
{
    count(DECRYPTIONS);
    work();
    return is_away(s) ? CKR_DEVICE_REMOVED : real->C_Decrypt(s, in, n, out, nout);
}

static CK_RV derive(CK_SESSION_HANDLE s, CK_MECHANISM *how, CK_OBJECT_HANDLE key,
                    CK_ATTRIBUTE *want, CK_ULONG n, CK_OBJECT_HANDLE *out)
{
    count(DERIVATIONS);
    work();
    return is_away(s) ? CKR_DEVICE_REMOVED : real->C_DeriveKey(s, how, key, want, n, out);
}

static void map_counts(void)
{
    const char *path = getenv("PULLED_COUNTS");
    int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    const size_t size = COUNTERS * sizeof *counts;
    void *p = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        (void)close(fd);
    counts = p != MAP_FAILED ? p : NULL;
}

static CK_RV initialise(void *args)
{
    map_counts();
    return real->C_Initialize(args);
}

static CK_RV get_list(CK_FUNCTION_LIST **out);

static CK_RV load(void)
{
    const char *path = getenv("PULLED_MODULE");
    void *dl = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    CK_C_GetFunctionList get = NULL;

    if (dl != NULL)
        *(void **)&get = dlsym(dl, "C_GetFunctionList");
    if (get == NULL || get(&real) != CKR_OK)
        return CKR_GENERAL_ERROR;
    list = *real;
    list.C_Initialize = initialise;
    list.C_GetFunctionList = get_list;
    list.C_GetSlotList = get_slots;
    list.C_GetTokenInfo = get_token;
    list.C_OpenSession = open_session;
    list.C_GetSessionInfo = get_session;
    list.C_Login = login;
    list.C_FindObjectsInit = find_init;
    list.C_SignInit = sign_init;
    list.C_Sign = sign;
    list.C_DecryptInit = decrypt_init;
    list.C_Decrypt = decrypt;
    list.C_DeriveKey = derive;
    return CKR_OK;
}

static CK_RV get_list(CK_FUNCTION_LIST **out)
{
    CK_RV rv = CKR_OK;

    (void)pthread_mutex_lock(&lock);
    if (real == NULL)
        rv = load();
    (void)pthread_mutex_unlock(&lock);
    *out = &list;
    return rv;
}

/* The one function that a PKCS#11 module must export. */
__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST **out)
{
    return get_list(out);
}
