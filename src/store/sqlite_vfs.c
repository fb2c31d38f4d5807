/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write-ahead log in large pieces. SQLite writes each page of a transaction with two calls,
 * one for 24 octets and one for the page, and only then asks for the sync that makes the
 * transaction durable and visible. Between the system and SQLite this layer gathers what is
 * written one after another, and writes it at the latest when the sync is asked for: with
 * synchronous = FULL nobody may look at it before. All else goes through untouched.
 */
#include <pthread.h>
#include <stdlib.h>

#include "store/sqlite_int.h"

#define VFS_NAME "cmc-gather"
/* A group of 32 issuances is about half of it. */
#define GATHER_OCTETS ((size_t)1024 * 1024)
/* SQLite's layer for Unix takes the lowest 17 bits of a length only. */
#define PIECE_OCTETS ((size_t)65536)

struct wal_file {
    sqlite3_file base;
    uint8_t *buf; /* allocated with the first write; readers never write */
    size_t n;
    sqlite3_int64 at; /* where buf belongs in the file */
    sqlite3_file *real;
};

static struct wal_file *wal_of(sqlite3_file *f)
{
    return (struct wal_file *)(void *)f;
}

static int flush(struct wal_file *w)
{
    int code = SQLITE_OK;

    for (size_t done = 0; code == SQLITE_OK && done < w->n;) {
        size_t n = w->n - done < PIECE_OCTETS ? w->n - done : PIECE_OCTETS;

        code =
            w->real->pMethods->xWrite(w->real, w->buf + done, (int)n, w->at + (sqlite3_int64)done);
        done += n;
    }
    /* After a failure SQLite rolls back and writes the same place anew. */
    w->n = 0;
    return code;
}

static int wal_close(sqlite3_file *f)
{
    struct wal_file *w = wal_of(f);
    int code = flush(w), closed = w->real->pMethods->xClose(w->real);

    free(w->buf);
    w->buf = NULL;
    return code != SQLITE_OK ? code : closed;
}

static int wal_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    struct wal_file *w = wal_of(f);
    int code = flush(w);

    return code != SQLITE_OK ? code : w->real->pMethods->xRead(w->real, p, n, at);
}

static int wal_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    struct wal_file *w = wal_of(f);
    size_t len = (size_t)n;
    int code = SQLITE_OK;

    if (w->buf == NULL)
        w->buf = malloc(GATHER_OCTETS);
    if (w->n > 0 && (at != w->at + (sqlite3_int64)w->n || len > GATHER_OCTETS - w->n))
        code = flush(w);
    if (code != SQLITE_OK)
        return code;
    if (w->buf == NULL || len > GATHER_OCTETS)
        return w->real->pMethods->xWrite(w->real, p, n, at);
    if (w->n == 0)
        w->at = at;
    memcpy(w->buf + w->n, p, len);
    w->n += len;
    return SQLITE_OK;
}

static int wal_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    struct wal_file *w = wal_of(f);
    int code = flush(w);

    return code != SQLITE_OK ? code : w->real->pMethods->xTruncate(w->real, size);
}

static int wal_sync(sqlite3_file *f, int flags)
{
    struct wal_file *w = wal_of(f);
    int code = flush(w);

    return code != SQLITE_OK ? code : w->real->pMethods->xSync(w->real, flags);
}

static int wal_size(sqlite3_file *f, sqlite3_int64 *size)
{
    struct wal_file *w = wal_of(f);
    int code = flush(w);

    return code != SQLITE_OK ? code : w->real->pMethods->xFileSize(w->real, size);
}

static int wal_lock(sqlite3_file *f, int level)
{
    struct wal_file *w = wal_of(f);

    return w->real->pMethods->xLock(w->real, level);
}

static int wal_unlock(sqlite3_file *f, int level)
{
    struct wal_file *w = wal_of(f);

    return w->real->pMethods->xUnlock(w->real, level);
}

static int wal_check_lock(sqlite3_file *f, int *held)
{
    struct wal_file *w = wal_of(f);

    return w->real->pMethods->xCheckReservedLock(w->real, held);
}

static int wal_control(sqlite3_file *f, int op, void *arg)
{
    struct wal_file *w = wal_of(f);

    return w->real->pMethods->xFileControl(w->real, op, arg);
}

static int wal_sector(sqlite3_file *f)
{
    struct wal_file *w = wal_of(f);

    return w->real->pMethods->xSectorSize(w->real);
}

static int wal_device(sqlite3_file *f)
{
    struct wal_file *w = wal_of(f);

    return w->real->pMethods->xDeviceCharacteristics(w->real);
}

/* Version 1: shared memory and mapping are the database file's, never the log's. */
static const sqlite3_io_methods wal_methods = {
    .iVersion = 1,
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_size,
    .xLock = wal_lock,
    .xUnlock = wal_unlock,
    .xCheckReservedLock = wal_check_lock,
    .xFileControl = wal_control,
    .xSectorSize = wal_sector,
    .xDeviceCharacteristics = wal_device,
};

static int gather_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
                       int *out_flags)
{
    sqlite3_vfs *real = vfs->pAppData;
    struct wal_file *w = wal_of(f);
    int code;

    if ((flags & SQLITE_OPEN_WAL) == 0)
        return real->xOpen(real, name, f, flags, out_flags);
    *w = (struct wal_file){.real = (sqlite3_file *)(void *)(w + 1)};
    code = real->xOpen(real, name, w->real, flags, out_flags);
    /* SQLite closes a file that failed to open if, and only if, it has methods. */
    if (w->real->pMethods != NULL)
        w->base.pMethods = &wal_methods;
    return code;
}

/* SQLite keeps a list of these, by name, for the process: this one is added to it once. */
static sqlite3_vfs gather;
static pthread_once_t gather_once = PTHREAD_ONCE_INIT;

static void gather_register(void)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);

    if (real == NULL)
        return;
    gather = *real;
    gather.zName = VFS_NAME;
    gather.pNext = NULL;
    gather.pAppData = real;
    gather.szOsFile = (int)sizeof(struct wal_file) + real->szOsFile;
    gather.xOpen = gather_open;
    (void)sqlite3_vfs_register(&gather, 0);
}

const char *cmc_sqlite_vfs(void)
{
    (void)pthread_once(&gather_once, gather_register);
    return sqlite3_vfs_find(VFS_NAME) != NULL ? VFS_NAME : NULL;
}
