/* SPDX-License-Identifier: Apache-2.0 */
/* store/crl.h: jobs for the writer, and questions to the backend. */
#include "store/store_int.h"

enum cmc_rc cmc_store_crl_parts(struct cmc_store *s, struct cmc_slice issuer, struct cmc_slice key,
                                uint32_t shards, struct cmc_crl_part *parts, size_t *n,
                                struct cmc_err *err)
{
    size_t found = 0;
    struct cmc_job job = {
        .kind = CMC_JOB_CRL_PARTS,
        .u.crl_parts = {
            .issuer = issuer, .key = key, .shards = shards, .parts = parts, .n = &found}};
    enum cmc_rc rc;

    if (shards > CMC_LIMIT_CRL_SHARDS)
        return cmc_fail(err, CMC_E_LIMIT, NULL,
                        "%u shards of a CRL where there can be %u (CMC_LIMIT_CRL_SHARDS)", shards,
                        CMC_LIMIT_CRL_SHARDS);
    rc = cmc_store_run(s, &job, err);
    *n = rc == CMC_OK ? found : 0;
    return rc;
}

enum cmc_rc cmc_store_crl_number(struct cmc_store *s, const struct cmc_crl_id *id, uint64_t *number,
                                 struct cmc_err *err)
{
    uint64_t next = 0;
    struct cmc_job job = {.kind = CMC_JOB_CRL_NUMBER, .u.crl_number = {.id = id, .number = &next}};
    enum cmc_rc rc = cmc_store_run(s, &job, err);

    if (rc == CMC_OK)
        *number = next;
    return rc;
}

enum cmc_rc cmc_store_crl_put(struct cmc_store *s, const struct cmc_crl_id *id,
                              const struct cmc_crl_record *crl, struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_CRL_PUT, .u.crl = {.id = id, .crl = crl}};

    return cmc_store_run(s, &job, err);
}

enum cmc_rc cmc_reader_crl(struct cmc_reader *r, const struct cmc_crl_id *id,
                           struct cmc_arena *arena, struct cmc_crl_record *out, struct cmc_err *err)
{
    return r->ops->crls->crl(r->rd, id, arena, out, err);
}

enum cmc_rc cmc_reader_crl_before(struct cmc_reader *r, const struct cmc_crl_id *id, int64_t before,
                                  struct cmc_arena *arena, struct cmc_crl_record *out,
                                  struct cmc_err *err)
{
    return r->ops->crls->crl_before(r->rd, id, before, arena, out, err);
}

enum cmc_rc cmc_reader_crl_parts(struct cmc_reader *r, struct cmc_slice issuer,
                                 enum cmc_rc (*fn)(void *arg, const struct cmc_crl_part *p),
                                 void *arg, struct cmc_err *err)
{
    return r->ops->crls->parts(r->rd, issuer, fn, arg, err);
}

enum cmc_rc cmc_reader_revoked(struct cmc_reader *r, struct cmc_slice issuer, uint32_t part,
                               int64_t not_after_from,
                               enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                               void *arg, struct cmc_err *err)
{
    return r->ops->crls->revoked(r->rd, issuer, part, not_after_from, fn, arg, err);
}

enum cmc_rc cmc_reader_revoked_count(struct cmc_reader *r, struct cmc_slice issuer, int64_t part,
                                     int64_t not_after_from, uint64_t *n, struct cmc_err *err)
{
    return r->ops->crls->revoked_count(r->rd, issuer, part, not_after_from, n, err);
}

enum cmc_rc cmc_reader_revoked_part_after(struct cmc_reader *r, struct cmc_slice issuer,
                                          int64_t part, int64_t *next, struct cmc_err *err)
{
    return r->ops->crls->revoked_part_after(r->rd, issuer, part, next, err);
}

enum cmc_rc cmc_reader_crl_changes(struct cmc_reader *r, struct cmc_slice issuer, uint32_t part,
                                   uint64_t since,
                                   enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                                   void *arg, struct cmc_err *err)
{
    return r->ops->crls->changes(r->rd, issuer, part, since, fn, arg, err);
}

enum cmc_rc cmc_reader_crl_changed(struct cmc_reader *r, struct cmc_slice issuer, uint32_t part,
                                   uint64_t since, bool *changed, struct cmc_err *err)
{
    return r->ops->crls->changed(r->rd, issuer, part, since, changed, err);
}
