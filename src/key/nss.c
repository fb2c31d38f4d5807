/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NSS databases: a directory with cert9.db and key4.db, which NSS's softoken serves as a PKCS#11
 * token. Its parameters come in C_Initialize's reserved pointer.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "key/token_int.h"

#define SOFTOKEN       "libsoftokn3.so"
#define SOFTOKEN_LABEL "NSS Certificate DB"
#define PKCS11_TXT_MAX (1024u * 1024u)

bool cmc_nss_internal(const char *token)
{
    static const char *const names[] = {"", "internal", "Internal Key Storage Token",
                                        SOFTOKEN_LABEL};

    if (token == NULL)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(token, names[i]) == 0)
            return true;
    }
    return false;
}

/* -- the directory ----------------------------------------------------------------------- */

static const char *without_type(const char *dbdir)
{
    return strncmp(dbdir, "sql:", 4) == 0 ? dbdir + 4 : dbdir;
}

static bool has_file(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);

    return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

/* Softoken would open, or even make, an empty database where there is none. */
static enum cmc_rc check(const char *dbdir, struct cmc_err *err)
{
    const char *dir = without_type(dbdir);
    struct stat st;

    if (strncmp(dbdir, "dbm:", 4) == 0)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%s: the old format is not supported; convert it: certutil -K -X -d sql:%s "
                        "-f PASSWORD-FILE",
                        dbdir, dbdir + 4);
    if (stat(dir, &st) != 0)
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s: no NSS database: %s", dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%s: is no directory; give the one with cert9.db and key4.db", dir);
    if (has_file(dir, "cert9.db") && has_file(dir, "key4.db"))
        return CMC_OK;
    if (has_file(dir, "cert8.db") || has_file(dir, "key3.db"))
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%s: holds an NSS database of the old format (cert8.db, key3.db); convert "
                        "it: certutil -K -X -d sql:%s -f PASSWORD-FILE",
                        dir, dir);
    return cmc_fail(err, CMC_E_USAGE, NULL,
                    "%s: holds no NSS database (cert9.db and key4.db); certutil -N -d sql:%s makes "
                    "one",
                    dir, dir);
}

/* configdir='sql:DIR' in softoken's own syntax: a backslash before ' and before itself. */
static enum cmc_rc parameters(const char *dir, bool write, struct cmc_buf *out, struct cmc_err *err)
{
    cmc_buf_str(out, "configdir='sql:");
    for (const char *p = dir; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            cmc_buf_byte(out, '\\');
        cmc_buf_byte(out, (uint8_t)*p);
    }
    cmc_buf_printf(out, "' certPrefix='' keyPrefix='' secmod='' flags=%s", write ? "" : "readOnly");
    if (cmc_buf_cstr(out) == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "%s: no memory for its path", dir);
    return CMC_OK;
}

static bool database_fits(const struct cmc_token_match *m, CK_SLOT_ID id, const CK_SLOT_INFO *slot,
                          const CK_TOKEN_INFO *token)
{
    (void)m;
    (void)id;
    (void)slot;
    return memcmp(token->label, SOFTOKEN_LABEL, sizeof SOFTOKEN_LABEL - 1) == 0;
}

enum cmc_rc cmc_nss_open(const char *dbdir, bool write, struct cmc_token **out, struct cmc_err *err)
{
    const struct cmc_token_match match = {database_fits, NULL, SOFTOKEN_LABEL};
    enum cmc_rc rc = check(dbdir, err);
    struct cmc_module *m = NULL;
    struct cmc_buf init, seen;
    char *dir = NULL;

    cmc_buf_init(&init, 4 * PATH_MAX);
    cmc_buf_init(&seen, 1024);
    if (rc != CMC_OK)
        goto out;
    /* Two ways to write one directory are one database. */
    dir = realpath(without_type(dbdir), NULL);
    if (dir == NULL) {
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "%s: %s", dbdir, strerror(errno));
        goto out;
    }
    rc = parameters(dir, write, &init, err);
    if (rc == CMC_OK)
        rc = cmc_module_get1(SOFTOKEN, cmc_buf_cstr(&init), write, &m, err);
    if (rc == CMC_OK)
        rc = cmc_token_of(m, &match, write, out, &seen, err);
    if (rc == CMC_E_NOTFOUND)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "NSS shows no database token");
    if (rc != CMC_OK)
        cmc_err_prefix(err, "NSS database %s", dir);
    else
        (*out)->nss = true;
out:
    cmc_module_put(m);
    cmc_buf_free(&init);
    cmc_buf_free(&seen);
    free(dir);
    return rc;
}

/* -- pkcs11.txt -------------------------------------------------------------------------- */

/* Blocks of NAME=VALUE lines; "library=" is empty for softoken itself. */
enum cmc_rc cmc_nss_modules(const char *dbdir, struct cmc_arena *arena, struct cmc_paths *paths,
                            struct cmc_err *err)
{
    static const char key[] = "library=";
    const char *dir = without_type(dbdir);
    enum cmc_rc rc = CMC_OK;
    struct cmc_buf b;
    char *file = cmc_arena_printf(arena, "%s/pkcs11.txt", dir);

    if (file == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a list of PKCS#11 modules");
    if (access(file, F_OK) != 0)
        return CMC_OK;
    cmc_buf_init(&b, PKCS11_TXT_MAX);
    rc = cmc_file_read(file, &b, err);
    for (size_t at = 0; rc == CMC_OK && at < b.n;) {
        const uint8_t *line = b.p + at;
        const uint8_t *end = memchr(line, '\n', b.n - at);
        size_t n = end != NULL ? (size_t)(end - line) : b.n - at;
        const char *path;

        at += n + 1;
        if (n <= sizeof key - 1 || memcmp(line, key, sizeof key - 1) != 0)
            continue;
        path = cmc_arena_strndup(arena, (const char *)line + sizeof key - 1, n - (sizeof key - 1));
        rc = path != NULL ? cmc_paths_add(arena, paths, path, err)
                          : cmc_fail(err, CMC_E_MEM, NULL, "no memory for PKCS#11 modules");
    }
    cmc_buf_free(&b);
    return rc;
}
