/* SPDX-License-Identifier: Apache-2.0 */
/* What the readers do with the columns of a row. */
#ifndef CMC_STORE_SQLITE_ROW_H
#define CMC_STORE_SQLITE_ROW_H

#include "store/sqlite_int.h"

/* Borrowed until the next step. */
static inline struct cmc_slice column_slice(sqlite3_stmt *st, int i)
{
    const void *p;

    if (sqlite3_column_type(st, i) == SQLITE_NULL)
        return CMC_SLICE_NONE;
    p = sqlite3_column_blob(st, i);
    return cmc_slice(p != NULL ? p : "", (size_t)sqlite3_column_bytes(st, i));
}

static inline const char *column_text(sqlite3_stmt *st, int i)
{
    return (const char *)sqlite3_column_text(st, i);
}

/* Octets of a fixed length; false when there are more or fewer. */
static inline bool column_octets(sqlite3_stmt *st, int i, uint8_t *out, size_t n)
{
    struct cmc_slice s = column_slice(st, i);

    if (s.n != n)
        return false;
    memcpy(out, s.p, n);
    return true;
}

/* Copy a slice or text that was borrowed from a row. False: out of memory. */
static inline bool keep_slice(struct cmc_arena *a, struct cmc_slice *s)
{
    bool absent = s->p == NULL;

    *s = cmc_arena_slice(a, *s);
    return absent || s->p != NULL;
}

static inline bool keep_text(struct cmc_arena *a, const char **s)
{
    if (*s == NULL)
        return true;
    *s = cmc_arena_strdup(a, *s);
    return *s != NULL;
}

#endif
