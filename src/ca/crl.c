/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CRL is in force, and when another is made. Without delta CRLs each revocation stands in the
 * full CRL that is fetched next. With them the full one is made by the clock alone, and each
 * revocation stands in the delta that is fetched next.
 */
#include <errno.h>
#include <unistd.h>

#include "base/json.h"
#include "ca/crl_int.h"
#include "store/crl_file.h"

/* -- when ---------------------------------------------------------------------------------- */

/* With an overlap a CRL is in force for longer than until the next is made; without one half of
 * its life has to do for that. */
static int64_t renew_after(const struct cmc_ca_shared *s, bool delta)
{
    if (delta)
        return s->crl_delta_seconds / 2;
    return s->crl_overlap_seconds > 0 ? s->crl_seconds : s->crl_seconds / 2;
}

static int64_t life(const struct cmc_ca_shared *s, bool delta)
{
    return delta ? s->crl_delta_seconds : s->crl_seconds + s->crl_overlap_seconds;
}

static bool too_old(const struct cmc_ca_shared *s, const struct cmc_crl_made *m, bool delta,
                    int64_t now, int64_t ahead)
{
    return !m->known || now < m->this_update ||
           now - m->this_update + ahead > renew_after(s, delta);
}

/* Did a certificate of the scope change since this generation? Where that is not known, yes. */
static enum cmc_rc has_changed(struct cmc_ca *ca, const struct cmc_crl_line *scope, uint64_t since,
                               bool *changed, struct cmc_err *err)
{
    const struct cmc_ca_shared *s = ca->shared;
    enum cmc_rc rc = CMC_OK;

    *changed = false;
    for (size_t i = 0; rc == CMC_OK && !*changed && i < s->nlines; i++) {
        if (cmc_crl_covers(scope, &s->lines[i]))
            rc = cmc_reader_crl_changed(ca->reader, s->ca_cert.tbs.subject, s->lines[i].part, since,
                                        changed, err);
    }
    *changed |= rc == CMC_E_NOTFOUND;
    return *changed ? CMC_OK : rc;
}

/* The same of a CRL that we have. generation is that of now. */
static enum cmc_rc is_outdated(struct cmc_ca *ca, const struct cmc_crl_line *scope,
                               struct cmc_crl_made *m, uint64_t generation, bool *outdated,
                               struct cmc_err *err)
{
    enum cmc_rc rc;

    *outdated = false;
    if (m->checked >= generation)
        return CMC_OK;
    rc = has_changed(ca, scope, m->checked, outdated, err);
    if (rc == CMC_OK && !*outdated)
        m->checked = generation;
    return rc;
}

/* -- making -------------------------------------------------------------------------------- */

static void remember(struct cmc_crl_made *m, const struct cmc_crl_record *crl)
{
    m->known = true;
    m->generation = crl->generation;
    m->checked = crl->generation;
    m->this_update = crl->this_update;
    m->next_update = crl->next_update;
    m->number = crl->number;
    m->base = crl->base;
    m->octets = crl->octets;
}

/* What the store has from before a restart. */
static void recall(struct cmc_ca *ca, const struct cmc_crl_line *line, struct cmc_crl_made *m,
                   bool delta, struct cmc_arena *arena)
{
    const struct cmc_crl_id id = cmc_crl_id_of(ca->shared, line, delta);
    struct cmc_crl_record crl;

    if (m->known || cmc_reader_crl(ca->reader, &id, arena, &crl, NULL) != CMC_OK)
        return;
    cmc_buf_reset(&m->der);
    cmc_buf_slice(&m->der, crl.der);
    if (cmc_buf_ok(&m->der))
        remember(m, &crl);
}

/* The lock is held, so that the file is not removed on the way. */
static enum cmc_rc open_known(const struct cmc_ca_shared *s, const struct cmc_crl_line *line,
                              const struct cmc_crl_made *m, bool delta, int *fd,
                              struct cmc_err *err)
{
    const struct cmc_crl_record crl = {.number = m->number, .octets = m->octets};
    const struct cmc_crl_id id = cmc_crl_id_of(s, line, delta);

    *fd = -1;
    return crl.octets == 0 ? CMC_OK : cmc_crl_file_open(s->store, &id, &crl, fd, err);
}

/* A refusal is on record once, not with each request for the CRL. */
static void audit_refusal(struct cmc_ca_shared *s, int64_t now, const struct cmc_err *why)
{
    struct cmc_audit_record record = {0};
    const struct cmc_txn txn = {.at = now, .audits = &record, .naudits = 1};
    struct cmc_buf b;

    if (s->crl_refused)
        return;
    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", CMC_SLICE_LIT("crl-refused"));
    cmc_json_str(&b, "reason", cmc_slice_str(why->text));
    cmc_json_end(&b);
    record.json = cmc_buf_cstr(&b);
    s->crl_refused = record.json != NULL && cmc_store_commit(s->store, &txn, NULL) == CMC_OK;
    cmc_buf_free(&b);
}

static enum cmc_rc check_parts(struct cmc_ca *ca, int64_t now, struct cmc_err *err)
{
    const struct cmc_ca_shared *s = ca->shared;
    const struct cmc_crl_served served = {.issuer = s->ca_cert.tbs.subject,
                                          .key = cmc_crl_key(s->ca_ski),
                                          .sharded = s->crl_sharded,
                                          .complete = s->crl_complete};
    enum cmc_rc rc = cmc_crl_check_parts(&served, ca->reader, now, err);

    if (rc == CMC_E_REFUSED)
        audit_refusal(ca->shared, now, err);
    else if (rc == CMC_OK)
        ca->shared->crl_refused = false;
    return rc;
}

/*
 * RFC 5280 section 3.3: an expired certificate may leave the list, after it was on one CRL issued
 * beyond its end. What had not ended when the last one was made has to be on this; one CRL's life
 * more does no harm.
 */
static int64_t oldest_end(const struct cmc_ca_shared *s, const struct cmc_crl_made *last,
                          int64_t now)
{
    int64_t from = now - life(s, false);

    return last->known && last->this_update < from ? last->this_update : from;
}

/*
 * Make, sign and store a new CRL; the lock is held. While the token with the CA's key is away, the
 * one before goes on being given out for as long as it is valid: it is true, if not new, and
 * without one every certificate would count as revoked.
 */
static enum cmc_rc renew(struct cmc_ca *ca, struct cmc_crl_line *line, bool delta,
                         uint64_t generation, int64_t now, struct cmc_arena *arena,
                         struct cmc_err *err)
{
    struct cmc_ca_shared *s = ca->shared;
    struct cmc_crl_made *m = delta ? &line->delta : &line->full;
    const struct cmc_crl_id id = cmc_crl_id_of(s, line, delta);
    struct cmc_crl_order o = {
        .line = line,
        .delta = delta,
        .not_after_from = oldest_end(s, &line->full, now),
        .since = line->full.generation,
        .record = {.this_update = now,
                   .next_update = now + life(s, delta),
                   .generation = generation,
                   .base = delta ? line->full.number : 0,
                   .keep = s->crl_keep,
                   .keep_from = s->crl_keep_seconds > 0 ? now - s->crl_keep_seconds : 0}};
    const bool valid = m->known && now >= m->this_update && now - m->this_update < life(s, delta);
    enum cmc_rc rc;

    if (ca->hands_off)
        return cmc_fail(err, CMC_E_RETRY, NULL, "a CRL is due, which is made elsewhere");
    rc = check_parts(ca, now, err);
    if (rc != CMC_OK)
        return rc;
    m->known = false;
    rc = cmc_crl_make(ca, &o, arena, &m->der, err);
    if (rc == CMC_E_RETRY && valid) {
        m->known = true; /* signing comes before anything is replaced */
        return CMC_OK;
    }
    if (rc == CMC_OK)
        rc = cmc_store_crl_put(s->store, &id, &o.record, err);
    if (rc == CMC_OK)
        remember(m, &o.record);
    if (rc == CMC_OK && s->publish_wake != NULL)
        s->publish_wake(s->publish_arg);
    return rc;
}

/* -- what is in force ---------------------------------------------------------------------- */

/* What is asked for: now, or a little earlier by who renews ahead of time. */
struct ask {
    uint64_t generation;
    int64_t now, ahead;
};

static enum cmc_rc have_full(struct cmc_ca *ca, struct cmc_crl_line *line, const struct ask *ask,
                             struct cmc_arena *arena, int *fd, struct cmc_err *err)
{
    struct cmc_ca_shared *s = ca->shared;
    bool due;
    enum cmc_rc rc = CMC_OK;

    recall(ca, line, &line->full, false, arena);
    due = too_old(s, &line->full, false, ask->now, ask->ahead);
    if (!due && !cmc_crl_has_delta(s, line))
        rc = is_outdated(ca, line, &line->full, ask->generation, &due, err);
    /* A file that is gone (a database that was put back, say) is made again. */
    if (rc == CMC_OK && !due)
        due = open_known(s, line, &line->full, false, fd, NULL) != CMC_OK;
    if (rc != CMC_OK || !due)
        return rc;
    rc = renew(ca, line, false, ask->generation, ask->now, arena, err);
    return rc == CMC_OK ? open_known(s, line, &line->full, false, fd, err) : rc;
}

static enum cmc_rc have_delta(struct cmc_ca *ca, struct cmc_crl_line *line, const struct ask *ask,
                              struct cmc_arena *arena, int *fd, struct cmc_err *err)
{
    struct cmc_ca_shared *s = ca->shared;
    bool due;
    enum cmc_rc rc = have_full(ca, line, ask, arena, fd, err);

    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    if (rc != CMC_OK)
        return rc;
    recall(ca, line, &line->delta, true, arena);
    due = too_old(s, &line->delta, true, ask->now, ask->ahead) ||
          line->delta.base != line->full.number;
    if (!due)
        rc = is_outdated(ca, line, &line->delta, ask->generation, &due, err);
    if (rc == CMC_OK && !due)
        due = open_known(s, line, &line->delta, true, fd, NULL) != CMC_OK;
    if (rc != CMC_OK || !due)
        return rc;
    rc = renew(ca, line, true, ask->generation, ask->now, arena, err);
    /* Of what came after the base not all is known (it is from before there were deltas, say). */
    if (rc == CMC_E_NOTFOUND) {
        rc = renew(ca, line, false, ask->generation, ask->now, arena, err);
        if (rc == CMC_OK)
            rc = renew(ca, line, true, ask->generation, ask->now, arena, err);
    }
    return rc == CMC_OK ? open_known(s, line, &line->delta, true, fd, err) : rc;
}

static enum cmc_rc crl_open(struct cmc_ca *ca, const struct cmc_crl_scope *scope, int64_t now,
                            int64_t ahead, struct cmc_arena *arena, struct cmc_slice *out, int *fd,
                            struct cmc_crl_facts *facts, struct cmc_err *err)
{
    struct cmc_ca_shared *s = ca->shared;
    struct cmc_crl_line *line = cmc_crl_line(s, scope->shard);
    struct ask ask = {.now = now, .ahead = ahead};
    const struct cmc_crl_made *m;
    enum cmc_rc rc;

    *out = CMC_SLICE_NONE;
    *facts = (struct cmc_crl_facts){0};
    *fd = -1;
    if (line == NULL || (scope->delta && !cmc_crl_has_delta(s, line)) ||
        (scope->shard > 0 && !s->crl_sharded))
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "there is no %sCRL of shard %u",
                        scope->delta ? "delta " : "", scope->shard);
    /* Asked before the lock: a change that comes later makes the CRL older than it says, never
     * newer. */
    rc = cmc_reader_generation(ca->reader, &ask.generation, err);
    if (rc != CMC_OK)
        return rc;
    m = scope->delta ? &line->delta : &line->full;
    if (!ca->hands_off)
        (void)pthread_mutex_lock(&s->crl_lock);
    else if (pthread_mutex_trylock(&s->crl_lock) != 0)
        return cmc_fail(err, CMC_E_RETRY, NULL, "a CRL is being made");
    rc = scope->delta ? have_delta(ca, line, &ask, arena, fd, err)
                      : have_full(ca, line, &ask, arena, fd, err);
    if (rc == CMC_OK)
        *facts = (struct cmc_crl_facts){.number = m->number,
                                        .octets = *fd >= 0 ? m->octets : m->der.n,
                                        .this_update = m->this_update,
                                        .next_update = m->next_update};
    if (rc == CMC_OK && *fd < 0) {
        *out = cmc_arena_slice(arena, cmc_buf_get0(&m->der));
        if (out->p == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
    }
    (void)pthread_mutex_unlock(&s->crl_lock);
    return rc;
}

enum cmc_rc cmc_ca_crl_open(struct cmc_ca *ca, const struct cmc_crl_scope *scope, int64_t now,
                            struct cmc_arena *arena, struct cmc_slice *out, int *fd,
                            struct cmc_crl_facts *facts, struct cmc_err *err)
{
    return crl_open(ca, scope, now, 0, arena, out, fd, facts, err);
}

enum cmc_rc cmc_ca_crl_renew(struct cmc_ca *ca, const struct cmc_crl_scope *scope, int64_t now,
                             int64_t ahead, struct cmc_arena *arena, struct cmc_err *err)
{
    int64_t most = renew_after(ca->shared, scope->delta) / 4;
    struct cmc_crl_facts facts;
    struct cmc_slice der;
    int fd;
    enum cmc_rc rc =
        crl_open(ca, scope, now, ahead < most ? ahead : most, arena, &der, &fd, &facts, err);

    if (fd >= 0)
        (void)close(fd);
    return rc;
}

/* All of an open file into the arena; the file is closed. */
static enum cmc_rc load_file(int fd, uint64_t octets, struct cmc_arena *arena,
                             struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t *p = octets <= SIZE_MAX ? cmc_arena_alloc(arena, (size_t)octets) : NULL;
    enum cmc_rc rc = CMC_OK;
    size_t done = 0;

    if (p == NULL)
        rc = cmc_fail(err, CMC_E_LIMIT, NULL, "the CRL is above CMC_LIMIT_ARENA_OCTETS (%u)",
                      CMC_LIMIT_ARENA_OCTETS);
    while (rc == CMC_OK && done < octets) {
        ssize_t n = pread(fd, p + done, (size_t)octets - done, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            rc = cmc_fail(err, CMC_E_LOCAL, NULL, "cannot read the CRL: %s",
                          n < 0 ? strerror(errno) : "it has become shorter");
        else
            done += (size_t)n;
    }
    if (rc == CMC_OK)
        *out = cmc_slice(p, done);
    (void)close(fd);
    return rc;
}

enum cmc_rc cmc_ca_crl_get(struct cmc_ca *ca, const struct cmc_crl_scope *scope, int64_t now,
                           struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_crl_facts facts;
    int fd;
    enum cmc_rc rc = cmc_ca_crl_open(ca, scope, now, arena, out, &fd, &facts, err);

    return rc == CMC_OK && fd >= 0 ? load_file(fd, facts.octets, arena, out, err) : rc;
}

enum cmc_rc cmc_ca_crl(struct cmc_ca *ca, int64_t now, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_crl_scope complete = {0};

    return cmc_ca_crl_get(ca, &complete, now, arena, out, err);
}

enum cmc_rc cmc_ca_crl_load(struct cmc_ca *ca, const struct cmc_crl_id *id,
                            const struct cmc_crl_record *crl, struct cmc_arena *arena,
                            struct cmc_slice *out, struct cmc_err *err)
{
    int fd;
    enum cmc_rc rc = cmc_crl_file_open(ca->shared->store, id, crl, &fd, err);

    return rc == CMC_OK ? load_file(fd, crl->octets, arena, out, err) : rc;
}
