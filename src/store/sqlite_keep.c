/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite: copies of a database that is in use, and judging one that is not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "store/sqlite_int.h"

/* -- backup ------------------------------------------------------------------------------ */

static enum cmc_rc sync_file(const char *path, struct cmc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int failed = fd < 0 || fsync(fd) != 0 ? errno : 0;

    if (fd >= 0)
        (void)close(fd);
    return failed == 0 ? CMC_OK
                       : cmc_fail(err, CMC_E_LOCAL, NULL, "backup %s: %s", path, strerror(failed));
}

/* VACUUM INTO reads in one transaction: a whole state, and no free pages in the copy. */
static enum cmc_rc copy_into(struct cmc_sqlite *c, const char *path, struct cmc_err *err)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(c->db, "VACUUM INTO ?", -1, &st, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    sqlite3_finalize(st);
    return code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(c, code, err);
}

enum cmc_rc cmc_sqlite_backup(void *rd, const char *path, struct cmc_err *err)
{
    const struct cmc_sqlite *from = rd;
    struct cmc_sqlite c = {0};
    char *temp = NULL;
    enum cmc_rc rc;
    int fd = -1;

    /* The file comes to be under another name, and gets its own when it is whole. It is made
     * here, for its mode; VACUUM takes an empty one. */
    if (asprintf(&temp, "%s.XXXXXX", path) < 0)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    fd = mkstemp(temp);
    if (fd < 0) {
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "backup %s: %s", path, strerror(errno));
        free(temp);
        return rc;
    }
    (void)close(fd);
    rc = cmc_sqlite_connect(&c, from->path, err);
    if (rc == CMC_OK)
        rc = copy_into(&c, temp, err);
    if (rc == CMC_OK)
        rc = sync_file(temp, err);
    if (rc == CMC_OK && link(temp, path) != 0)
        rc = errno == EEXIST
                 ? cmc_fail(err, CMC_E_CONFLICT, NULL,
                            "backup %s: it is there already; name a new file", path)
                 : cmc_fail(err, CMC_E_LOCAL, NULL, "backup %s: %s", path, strerror(errno));
    if (rc == CMC_OK)
        rc = cmc_file_sync_directory(path, err);
    (void)unlink(temp);
    free(temp);
    cmc_sqlite_close(&c);
    return rc;
}

/* -- judging ----------------------------------------------------------------------------- */

/* What PRAGMA integrity_check says; "ok" when all is well. */
static enum cmc_rc integrity(struct cmc_sqlite *c, struct cmc_err *err)
{
    sqlite3_stmt *st = NULL;
    enum cmc_rc rc = CMC_OK;
    int code = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(1)", -1, &st, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    if (code != SQLITE_ROW)
        rc = cmc_sqlite_fail(c, code, err);
    else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
        rc = cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: damaged: %s", c->path,
                      (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    return rc;
}

enum cmc_rc cmc_sqlite_check(const char *path, struct cmc_err *err)
{
    struct cmc_sqlite c = {0};
    enum cmc_rc rc = cmc_sqlite_look(&c, path, err);

    if (rc == CMC_OK)
        rc = integrity(&c, err);
    cmc_sqlite_close(&c);
    return rc;
}

enum cmc_rc cmc_sqlite_unused(const char *path, struct cmc_err *err)
{
    struct cmc_sqlite c = {0};
    enum cmc_rc rc = cmc_sqlite_connect(&c, path, err);

    /* Every connection keeps a lock on the file that this one does not go with. */
    if (rc == CMC_OK) {
        (void)sqlite3_busy_timeout(c.db, 0);
        rc = cmc_sqlite_exec(&c, "PRAGMA journal_mode = DELETE", err);
    }
    if (rc == CMC_E_RETRY)
        rc = cmc_fail(err, CMC_E_RETRY, NULL, "store %s: it is in use; stop cmcd first", path);
    cmc_sqlite_close(&c);
    return rc;
}
