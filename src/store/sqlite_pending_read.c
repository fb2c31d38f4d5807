/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite, the readers' side of store/pending.h. */
#include "store/sqlite_row.h"

enum {
    Q_HELD,
    Q_HELD_ID,
    Q_HELD_KEY,
    Q_HELD_EACH,
    Q_HELD_OPEN,
    Q_APPROVALS,
    Q_AWAIT,
    Q_AWAIT_EACH,
    Q_NONCE,
    Q_SECRET,
    Q_COUNT
};

#define HELD_COLUMNS                                                                               \
    "h.id, h.token, h.state, h.owner, h.key, h.requester, h.endpoint, h.profile, h.body_part,"     \
    " h.simple, h.request, h.subject, h.subject_text, h.extensions, h.txn_id, h.held_at,"          \
    " h.poll_at, h.needed, h.decided_at, h.decided_by, h.reason, h.issuer, h.serial,"              \
    " (SELECT count(*) FROM approval WHERE held = h.id), h.asked_by"
#define AWAIT_COLUMNS                                                                              \
    "issuer, serial, state, owner, key, endpoint, body_part, txn_id, issued_at, deadline"

static const char *const statements[Q_COUNT] = {
    [Q_HELD] = "SELECT " HELD_COLUMNS ", NULL, NULL FROM held h WHERE token = ?",
    [Q_HELD_ID] = "SELECT " HELD_COLUMNS ", m.octets, m.digest FROM held h"
                  " JOIN held_message m ON h.message = m.id WHERE h.id = ?",
    [Q_HELD_KEY] = "SELECT " HELD_COLUMNS ", m.octets, m.digest FROM held h"
                   " JOIN held_message m ON h.message = m.id WHERE h.key = ? ORDER BY h.id DESC",
    [Q_HELD_EACH] = "SELECT " HELD_COLUMNS ", NULL, NULL FROM held h ORDER BY id",
    [Q_HELD_OPEN] = "SELECT " HELD_COLUMNS ", NULL, NULL FROM held h WHERE state < 2 ORDER BY id",
    [Q_APPROVALS] = "SELECT by, at FROM approval WHERE held = ? ORDER BY at, by",
    [Q_AWAIT] = "SELECT " AWAIT_COLUMNS " FROM await WHERE serial = ? AND issuer = ?",
    [Q_AWAIT_EACH] = "SELECT " AWAIT_COLUMNS " FROM await WHERE txn_id = ? AND state = 0"
                     " ORDER BY serial",
    [Q_NONCE] = "SELECT key, message FROM nonce WHERE key = ?",
    [Q_SECRET] = "SELECT secret FROM nonce_secret WHERE id = 1",
};

enum cmc_rc cmc_sqlite_pending_reader(struct cmc_sqlite *c, const struct cmc_sqlite *of,
                                      struct cmc_err *err)
{
    return cmc_sqlite_share(c, of, statements, Q_COUNT, err);
}

/* -- rows -------------------------------------------------------------------------------------- */

static struct cmc_sqlite *connection(void *rd)
{
    return &((struct cmc_sqlite_reader *)rd)->pending;
}

static enum cmc_rc damaged(const struct cmc_sqlite *c, const char *what, struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_LOCAL, NULL, "store %s: %s is damaged", c->path, what);
}

static enum cmc_rc no_room(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "out of memory for what the store holds");
}

/* What a step that gave no row means. */
static enum cmc_rc ended(const struct cmc_sqlite *c, int code, const char *what,
                         struct cmc_err *err)
{
    if (code == SQLITE_DONE)
        return what != NULL ? cmc_fail(err, CMC_E_NOTFOUND, NULL, "%s", what) : CMC_OK;
    return cmc_sqlite_fail(c, code, err);
}

/* -- held requests ----------------------------------------------------------------------------- */

static enum cmc_rc held_row(const struct cmc_sqlite *c, sqlite3_stmt *st, struct cmc_held *h,
                            struct cmc_err *err)
{
    struct cmc_slice digest = column_slice(st, 26);
    int64_t state = sqlite3_column_int64(st, 2);

    *h = (struct cmc_held){
        .id = sqlite3_column_int64(st, 0),
        .state = (enum cmc_held_state)state,
        .requester = column_text(st, 5),
        .endpoint = column_text(st, 6),
        .profile = column_text(st, 7),
        .body_part = (uint32_t)sqlite3_column_int64(st, 8),
        .simple = sqlite3_column_int64(st, 9) != 0,
        .request = column_slice(st, 10),
        .subject = column_slice(st, 11),
        .subject_text = column_text(st, 12),
        .extensions = column_slice(st, 13),
        .transaction_id = column_slice(st, 14),
        .held_at = sqlite3_column_int64(st, 15),
        .poll_at = sqlite3_column_int64(st, 16),
        .needed = (uint32_t)sqlite3_column_int64(st, 17),
        .decided_at = sqlite3_column_int64(st, 18),
        .decided_by = column_text(st, 19),
        .reason = column_text(st, 20),
        .issuer = column_slice(st, 21),
        .serial = column_slice(st, 22),
        .approvals = (uint32_t)sqlite3_column_int64(st, 23),
        .asked_by = column_text(st, 24),
        .message = column_slice(st, 25),
    };
    if (state < CMC_HELD_WAITING || state > CMC_HELD_ISSUED ||
        !column_octets(st, 1, h->token_digest, sizeof h->token_digest) ||
        !column_octets(st, 3, h->owner, sizeof h->owner) ||
        !column_octets(st, 4, h->key_digest, sizeof h->key_digest) || h->endpoint == NULL ||
        h->profile == NULL || (digest.p != NULL && digest.n != CMC_TXN_DIGEST_OCTETS))
        return damaged(c, "a held request", err);
    h->message_digest = digest.p;
    return CMC_OK;
}

static bool keep_held(struct cmc_arena *a, struct cmc_held *h)
{
    struct cmc_slice digest =
        cmc_slice(h->message_digest, h->message_digest != NULL ? CMC_TXN_DIGEST_OCTETS : 0);

    if (!keep_text(a, &h->requester) || !keep_text(a, &h->endpoint) || !keep_text(a, &h->profile) ||
        !keep_slice(a, &h->request) || !keep_slice(a, &h->subject) ||
        !keep_text(a, &h->subject_text) || !keep_slice(a, &h->extensions) ||
        !keep_slice(a, &h->transaction_id) || !keep_text(a, &h->decided_by) ||
        !keep_text(a, &h->reason) || !keep_slice(a, &h->issuer) || !keep_slice(a, &h->serial) ||
        !keep_slice(a, &h->message) || !keep_slice(a, &digest) || !keep_text(a, &h->asked_by))
        return false;
    h->message_digest = digest.p;
    return true;
}

static enum cmc_rc one_held(struct cmc_sqlite *c, struct cmc_bind *b, struct cmc_arena *arena,
                            struct cmc_held *out, struct cmc_err *err)
{
    int code = cmc_bind_step(b);
    enum cmc_rc rc;

    if (code != SQLITE_ROW) {
        rc = ended(c, code, "there is no such request", err);
    } else {
        rc = held_row(c, b->st, out, err);
        if (rc == CMC_OK && !keep_held(arena, out))
            rc = no_room(err);
    }
    cmc_bind_end(b);
    return rc;
}

static enum cmc_rc held(void *rd, const uint8_t token_digest[CMC_TXN_DIGEST_OCTETS],
                        struct cmc_arena *arena, struct cmc_held *out, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), Q_HELD);

    cmc_bind_blob(&b, cmc_slice(token_digest, CMC_TXN_DIGEST_OCTETS));
    return one_held(connection(rd), &b, arena, out, err);
}

static enum cmc_rc held_id(void *rd, int64_t id, struct cmc_arena *arena, struct cmc_held *out,
                           struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), Q_HELD_ID);

    cmc_bind_int(&b, id);
    return one_held(connection(rd), &b, arena, out, err);
}

static enum cmc_rc each_held(struct cmc_sqlite *c, struct cmc_bind *b,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_held *h), void *arg,
                             struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;
    int code = SQLITE_DONE;

    while (rc == CMC_OK && (code = cmc_bind_step(b)) == SQLITE_ROW) {
        struct cmc_held h;

        rc = held_row(c, b->st, &h, err);
        if (rc == CMC_OK)
            rc = fn(arg, &h);
    }
    if (rc == CMC_OK)
        rc = ended(c, code, NULL, err);
    cmc_bind_end(b);
    return rc;
}

static enum cmc_rc held_each(void *rd, bool all,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_held *h), void *arg,
                             struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), all ? Q_HELD_EACH : Q_HELD_OPEN);

    return each_held(connection(rd), &b, fn, arg, err);
}

static enum cmc_rc held_for_key(void *rd, const uint8_t key_digest[CMC_TXN_DIGEST_OCTETS],
                                enum cmc_rc (*fn)(void *arg, const struct cmc_held *h), void *arg,
                                struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), Q_HELD_KEY);

    cmc_bind_blob(&b, cmc_slice(key_digest, CMC_TXN_DIGEST_OCTETS));
    return each_held(connection(rd), &b, fn, arg, err);
}

static enum cmc_rc approvals(void *rd, int64_t id,
                             enum cmc_rc (*fn)(void *arg, const char *by, int64_t at), void *arg,
                             struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), Q_APPROVALS);
    enum cmc_rc rc = CMC_OK;
    int code;

    cmc_bind_int(&b, id);
    while (rc == CMC_OK && (code = cmc_bind_step(&b)) == SQLITE_ROW)
        rc = fn(arg, column_text(b.st, 0), sqlite3_column_int64(b.st, 1));
    if (rc == CMC_OK)
        rc = ended(connection(rd), code, NULL, err);
    cmc_bind_end(&b);
    return rc;
}

/* -- confirmations ----------------------------------------------------------------------------- */

static enum cmc_rc await_row(const struct cmc_sqlite *c, sqlite3_stmt *st, struct cmc_await *a,
                             struct cmc_err *err)
{
    int64_t state = sqlite3_column_int64(st, 2);

    *a = (struct cmc_await){
        .issuer = column_slice(st, 0),
        .serial = column_slice(st, 1),
        .state = (enum cmc_await_state)state,
        .endpoint = column_text(st, 5),
        .body_part = (uint32_t)sqlite3_column_int64(st, 6),
        .transaction_id = column_slice(st, 7),
        .issued_at = sqlite3_column_int64(st, 8),
        .deadline = sqlite3_column_int64(st, 9),
    };
    if (state < CMC_AWAIT_OPEN || state > CMC_AWAIT_LAPSED || a->endpoint == NULL ||
        !column_octets(st, 3, a->owner, sizeof a->owner) ||
        !column_octets(st, 4, a->key_digest, sizeof a->key_digest))
        return damaged(c, "a confirmation", err);
    return CMC_OK;
}

static enum cmc_rc await(void *rd, struct cmc_slice issuer, struct cmc_slice serial,
                         struct cmc_arena *arena, struct cmc_await *out, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), Q_AWAIT);
    enum cmc_rc rc;
    int code;

    cmc_bind_blob(&b, serial);
    cmc_bind_blob(&b, issuer);
    code = cmc_bind_step(&b);
    if (code != SQLITE_ROW) {
        rc = ended(connection(rd), code, "the certificate waits for no confirmation", err);
    } else {
        rc = await_row(connection(rd), b.st, out, err);
        if (rc == CMC_OK &&
            (!keep_slice(arena, &out->issuer) || !keep_slice(arena, &out->serial) ||
             !keep_text(arena, &out->endpoint) || !keep_slice(arena, &out->transaction_id)))
            rc = no_room(err);
    }
    cmc_bind_end(&b);
    return rc;
}

static enum cmc_rc await_each(void *rd, struct cmc_slice transaction_id,
                              enum cmc_rc (*fn)(void *arg, const struct cmc_await *a), void *arg,
                              struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), Q_AWAIT_EACH);
    enum cmc_rc rc = CMC_OK;
    int code;

    cmc_bind_blob(&b, transaction_id);
    while (rc == CMC_OK && (code = cmc_bind_step(&b)) == SQLITE_ROW) {
        struct cmc_await a;

        rc = await_row(connection(rd), b.st, &a, err);
        if (rc == CMC_OK)
            rc = fn(arg, &a);
    }
    if (rc == CMC_OK)
        rc = ended(connection(rd), code, NULL, err);
    cmc_bind_end(&b);
    return rc;
}

/* -- nonces ------------------------------------------------------------------------------------ */

static enum cmc_rc nonce(void *rd, const uint8_t key[CMC_NONCE_KEY_OCTETS],
                         struct cmc_nonce_use *out, struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), Q_NONCE);
    enum cmc_rc rc = CMC_OK;
    int code;

    cmc_bind_blob(&b, cmc_slice(key, CMC_NONCE_KEY_OCTETS));
    code = cmc_bind_step(&b);
    if (code != SQLITE_ROW)
        rc = ended(connection(rd), code, "the nonce is new", err);
    else if (!column_octets(b.st, 0, out->key, sizeof out->key) ||
             !column_octets(b.st, 1, out->message, sizeof out->message))
        rc = damaged(connection(rd), "a nonce", err);
    cmc_bind_end(&b);
    return rc;
}

static enum cmc_rc nonce_secret(void *rd, uint8_t out[CMC_TXN_DIGEST_OCTETS], struct cmc_err *err)
{
    struct cmc_bind b = cmc_bind_begin(connection(rd), Q_SECRET);
    enum cmc_rc rc = CMC_OK;
    int code = cmc_bind_step(&b);

    if (code != SQLITE_ROW)
        rc = ended(connection(rd), code, "the store has no secret for nonces", err);
    else if (!column_octets(b.st, 0, out, CMC_TXN_DIGEST_OCTETS))
        rc = damaged(connection(rd), "the secret for nonces", err);
    cmc_bind_end(&b);
    return rc;
}

const struct cmc_store_pending_ops cmc_sqlite_pending_ops = {
    .held = held,
    .held_id = held_id,
    .held_for_key = held_for_key,
    .held_each = held_each,
    .approvals = approvals,
    .await = await,
    .await_each = await_each,
    .nonce = nonce,
    .nonce_secret = nonce_secret,
};
