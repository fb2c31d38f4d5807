/* SPDX-License-Identifier: Apache-2.0 */
/* The front of store/search.h: to the backend's index. */
#include <stdlib.h>

#include "store/store_int.h"

enum cmc_rc cmc_search_wrap(const struct cmc_store_search_ops *ops, const void *db,
                            struct cmc_search_index **out, struct cmc_err *err)
{
    struct cmc_search_index *x = calloc(1, sizeof *x);
    enum cmc_rc rc;

    *out = NULL;
    if (x == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "out of memory");
    x->ops = ops;
    rc = ops->open(db, &x->ix, err);
    if (rc != CMC_OK) {
        free(x);
        return rc;
    }
    *out = x;
    return CMC_OK;
}

void cmc_search_close(struct cmc_search_index *ix)
{
    if (ix == NULL)
        return;
    ix->ops->close(ix->ix);
    free(ix);
}

enum cmc_rc cmc_search_behind(struct cmc_search_index *ix, int64_t *n, struct cmc_err *err)
{
    return ix->ops->behind(ix->ix, n, err);
}

enum cmc_rc cmc_search_fill(struct cmc_search_index *ix, bool *more, struct cmc_err *err)
{
    return ix->ops->fill(ix->ix, more, err);
}

enum cmc_rc cmc_search_run(struct cmc_search_index *ix, const struct cmc_search *q,
                           enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c), void *arg,
                           struct cmc_err *err)
{
    return ix->ops->run(ix->ix, q, fn, arg, err);
}
