/* SPDX-License-Identifier: Apache-2.0 */
/* Statements for what is rare: prepared when they are needed, and not kept by each connection. */
#ifndef CMC_STORE_SQLITE_ONCE_H
#define CMC_STORE_SQLITE_ONCE_H

#include "store/sqlite_int.h"

static inline struct cmc_bind once(struct cmc_sqlite *c, const char *sql)
{
    struct cmc_bind b = {0};

    b.code = sqlite3_prepare_v2(c->db, sql, -1, &b.st, NULL);
    return b;
}

/* SQLITE_ROW or SQLITE_DONE is CMC_OK; the caller looks at *code. */
static inline enum cmc_rc once_step(const struct cmc_sqlite *c, struct cmc_bind *b, int *code,
                                    struct cmc_err *err)
{
    *code = cmc_bind_step(b);
    return *code == SQLITE_ROW || *code == SQLITE_DONE ? CMC_OK : cmc_sqlite_fail(c, *code, err);
}

/* One step to the end, for statements without rows. */
static inline enum cmc_rc once_finish(const struct cmc_sqlite *c, struct cmc_bind *b,
                                      struct cmc_err *err)
{
    int code;
    enum cmc_rc rc = once_step(c, b, &code, err);

    (void)sqlite3_finalize(b->st);
    return rc;
}

/* One number, and the end. *found is false, and *out stays, where there is no row. */
static inline enum cmc_rc once_number(const struct cmc_sqlite *c, struct cmc_bind *b, int64_t *out,
                                      bool *found, struct cmc_err *err)
{
    int code;
    enum cmc_rc rc = once_step(c, b, &code, err);

    *found = rc == CMC_OK && code == SQLITE_ROW;
    if (*found)
        *out = sqlite3_column_int64(b->st, 0);
    (void)sqlite3_finalize(b->st);
    return rc;
}

/* Borrowed until the next step. An empty value is absent. */
static inline struct cmc_slice once_column(sqlite3_stmt *st, int i)
{
    const void *p = sqlite3_column_blob(st, i);

    return p != NULL ? cmc_slice(p, (size_t)sqlite3_column_bytes(st, i)) : CMC_SLICE_NONE;
}

#endif
