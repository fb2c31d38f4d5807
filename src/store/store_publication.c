/* SPDX-License-Identifier: Apache-2.0 */
/* The front of store/publication.h: to the writer's queue, or to the backend's reader. */
#include "store/publication.h"
#include "store/store_int.h"

enum cmc_rc cmc_store_mark(struct cmc_store *s, const struct cmc_mark *m, struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_MARK, .u.mark = m};

    return cmc_store_run(s, &job, err);
}

enum cmc_rc cmc_store_target_trouble(struct cmc_store *s, const struct cmc_target_trouble *t,
                                     struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_TROUBLE, .u.trouble = t};

    return cmc_store_run(s, &job, err);
}

enum cmc_rc cmc_store_not_taken(struct cmc_store *s, const struct cmc_not_taken *n,
                                struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_NOT_TAKEN, .u.not_taken = n};

    return cmc_store_run(s, &job, err);
}

enum cmc_rc cmc_reader_mark(struct cmc_reader *r, struct cmc_mark *m, struct cmc_err *err)
{
    return r->ops->publication->mark(r->rd, m, err);
}

enum cmc_rc cmc_reader_target_trouble(struct cmc_reader *r, const char *target,
                                      struct cmc_arena *arena, struct cmc_target_trouble *out,
                                      struct cmc_err *err)
{
    return r->ops->publication->trouble(r->rd, target, arena, out, err);
}

enum cmc_rc cmc_reader_publications(struct cmc_reader *r, struct cmc_slice issuer, uint64_t after,
                                    size_t limit,
                                    enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p),
                                    void *arg, struct cmc_err *err)
{
    return r->ops->publication->wishes(r->rd, issuer, after, limit, fn, arg, err);
}

enum cmc_rc cmc_reader_not_taken(struct cmc_reader *r, struct cmc_slice issuer, const char *target,
                                 int64_t before, size_t limit,
                                 enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p),
                                 void *arg, struct cmc_err *err)
{
    return r->ops->publication->not_taken(r->rd, issuer, target, before, limit, fn, arg, err);
}

enum cmc_rc cmc_reader_publication_count(struct cmc_reader *r, struct cmc_slice issuer,
                                         const char *target, uint64_t after,
                                         struct cmc_publication_count *out, struct cmc_err *err)
{
    return r->ops->publication->count(r->rd, issuer, target, after, out, err);
}
