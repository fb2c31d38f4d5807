/* SPDX-License-Identifier: Apache-2.0 */
/* The front of store/pending.h: to the writer's queue, or to the backend's reader. */
#include "store/store_int.h"

enum cmc_rc cmc_store_held_decide(struct cmc_store *s, const struct cmc_held_decision *d,
                                  enum cmc_held_state *state, struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_HELD_DECIDE, .u.held = {.decision = d, .state = state}};

    *state = CMC_HELD_WAITING;
    return cmc_store_run(s, &job, err);
}

enum cmc_rc cmc_store_sweep(struct cmc_store *s, const struct cmc_sweep *what,
                            struct cmc_swept *out, struct cmc_err *err)
{
    struct cmc_job job = {.kind = CMC_JOB_SWEEP, .u.sweep = {.what = what, .out = out}};

    *out = (struct cmc_swept){0};
    return cmc_store_run(s, &job, err);
}

enum cmc_rc cmc_reader_held(struct cmc_reader *r, const uint8_t token_digest[CMC_TXN_DIGEST_OCTETS],
                            struct cmc_arena *arena, struct cmc_held *out, struct cmc_err *err)
{
    return r->ops->pending->held(r->rd, token_digest, arena, out, err);
}

enum cmc_rc cmc_reader_held_id(struct cmc_reader *r, int64_t id, struct cmc_arena *arena,
                               struct cmc_held *out, struct cmc_err *err)
{
    return r->ops->pending->held_id(r->rd, id, arena, out, err);
}

enum cmc_rc cmc_reader_held_for_key(struct cmc_reader *r,
                                    const uint8_t key_digest[CMC_TXN_DIGEST_OCTETS],
                                    enum cmc_rc (*fn)(void *arg, const struct cmc_held *h),
                                    void *arg, struct cmc_err *err)
{
    return r->ops->pending->held_for_key(r->rd, key_digest, fn, arg, err);
}

enum cmc_rc cmc_reader_held_each(struct cmc_reader *r, bool all,
                                 enum cmc_rc (*fn)(void *arg, const struct cmc_held *h), void *arg,
                                 struct cmc_err *err)
{
    return r->ops->pending->held_each(r->rd, all, fn, arg, err);
}

enum cmc_rc cmc_reader_approvals(struct cmc_reader *r, int64_t id,
                                 enum cmc_rc (*fn)(void *arg, const char *by, int64_t at),
                                 void *arg, struct cmc_err *err)
{
    return r->ops->pending->approvals(r->rd, id, fn, arg, err);
}

enum cmc_rc cmc_reader_await(struct cmc_reader *r, struct cmc_slice issuer, struct cmc_slice serial,
                             struct cmc_arena *arena, struct cmc_await *out, struct cmc_err *err)
{
    return r->ops->pending->await(r->rd, issuer, serial, arena, out, err);
}

enum cmc_rc cmc_reader_await_each(struct cmc_reader *r, struct cmc_slice transaction_id,
                                  enum cmc_rc (*fn)(void *arg, const struct cmc_await *a),
                                  void *arg, struct cmc_err *err)
{
    return r->ops->pending->await_each(r->rd, transaction_id, fn, arg, err);
}

enum cmc_rc cmc_reader_nonce(struct cmc_reader *r, const uint8_t key[CMC_NONCE_KEY_OCTETS],
                             struct cmc_nonce_use *out, struct cmc_err *err)
{
    return r->ops->pending->nonce(r->rd, key, out, err);
}

enum cmc_rc cmc_reader_nonce_secret(struct cmc_reader *r, uint8_t out[CMC_TXN_DIGEST_OCTETS],
                                    struct cmc_err *err)
{
    return r->ops->pending->nonce_secret(r->rd, out, err);
}
