/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared secrets. Whether one is known, used up or locked must not show in what an answer says or
 * in how long it takes, so each look-up ends with a value of the same kind.
 */
#include "asn1/cmc.h"
#include "base/buf.h"
#include "ca/ca_int.h"

/* As long as the secrets that cmcd makes. */
#define DUMMY_OCTETS 32

struct cmc_slice cmc_ca_secret_bound(const struct cmc_secret *s, struct cmc_arena *arena)
{
    struct cmc_slice bound;
    struct cmc_buf b;

    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_byte(&b, (uint8_t)s->purpose);
    if (s->purpose == CMC_SECRET_REVOKE) {
        /* A Name says itself how long it is. */
        cmc_buf_slice(&b, s->issuer);
        cmc_buf_slice(&b, s->serial);
    } else {
        cmc_buf_str(&b, s->name);
    }
    bound = cmc_buf_ok(&b) ? cmc_arena_slice(arena, cmc_buf_get0(&b)) : CMC_SLICE_NONE;
    cmc_buf_free(&b);
    return bound;
}

/* What is opened when there is no secret: a value that nobody knows, at the same cost. */
enum cmc_rc cmc_ca_secret_init(struct cmc_ca *ca, struct cmc_err *err)
{
    struct cmc_arena *arena = NULL;
    struct cmc_slice sealed;
    uint8_t octets[DUMMY_OCTETS];
    enum cmc_rc rc;

    if (ca->shared->secrets_key == NULL)
        return CMC_OK;
    arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (arena == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for shared secrets");
    rc = cmc_random(ca->crypto, octets, sizeof octets, err);
    if (rc == CMC_OK)
        rc = cmc_seal(ca->crypto, ca->shared->secrets_key, CMC_SLICE_LIT(""),
                      cmc_slice(octets, sizeof octets), arena, &sealed, err);
    if (rc == CMC_OK) {
        cmc_buf_slice(&ca->no_secret, sealed);
        if (!cmc_buf_ok(&ca->no_secret))
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for shared secrets");
    }
    cmc_arena_free(arena);
    return rc;
}

static enum cmc_rc look_up(struct cmc_ca *ca, const struct cmc_secret_query *q, const char *name,
                           struct cmc_arena *arena, struct cmc_secret *out, struct cmc_err *err)
{
    struct cmc_slice mine = ca->shared->ca_cert.tbs.subject;

    if (q->purpose == CMC_SECRET_ENROLL)
        return cmc_reader_secret(ca->reader, name, arena, out, err);
    /* The store knows the Name as we write it; the peer may write an equal one otherwise. */
    if (!cmc_name_eq(q->issuer, mine))
        return cmc_fail(err, CMC_E_NOTFOUND, NULL, "the issuer is not this authority");
    return cmc_reader_revocation_secret(ca->reader, mine, q->serial, arena, out, err);
}

static const char *why_unusable(const struct cmc_secret *s, int64_t now)
{
    if (s->locked)
        return "the secret is locked after too many failures";
    if (s->once && s->used_at != 0)
        return "the secret was for one use and is used up";
    if (s->expires_at != 0 && s->expires_at < now)
        return "the secret has expired";
    return NULL;
}

/* The identification as the store's key. What no name can be finds nothing. */
static const char *name_of(const struct cmc_secret_query *q, struct cmc_arena *arena)
{
    if (q->name.p == NULL || q->name.n > CMC_LIMIT_IDENTITY_OCTETS ||
        memchr(q->name.p, 0, q->name.n) != NULL)
        return "";
    return cmc_arena_strndup(arena, (const char *)q->name.p, q->name.n);
}

enum cmc_rc cmc_ca_secret(void *self, const struct cmc_secret_query *query, struct cmc_arena *arena,
                          struct cmc_secret_found *out, struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    struct cmc_slice bound = CMC_SLICE_LIT("");
    const char *name = name_of(query, arena);
    struct cmc_secret s = {0};
    bool known;
    enum cmc_rc rc;

    *out = (struct cmc_secret_found){.max_failures = ca->shared->secret_failures};
    if (ca->shared->secrets_key == NULL)
        return cmc_fail(err, CMC_E_LOCAL, NULL,
                        "the authority has no key for shared secrets; see 'secrets' in "
                        "cmcd.conf(5)");
    if (name == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a shared secret");
    rc = look_up(ca, query, name, arena, &s, err);
    if (rc != CMC_OK && rc != CMC_E_NOTFOUND)
        return rc;
    known = rc == CMC_OK;
    if (known)
        bound = cmc_ca_secret_bound(&s, arena);
    if (bound.p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a shared secret");
    rc = cmc_unseal(ca->crypto, ca->shared->secrets_key, bound,
                    known ? s.sealed : cmc_buf_get0(&ca->no_secret), arena, &out->value, err);
    if (rc == CMC_E_CRYPTO)
        /* The operator's trouble, not the peer's. */
        return cmc_fail(err, CMC_E_LOCAL, NULL,
                        "secret %s does not open: is the key of 'secrets' the one it was sealed "
                        "under?",
                        known ? s.name : "(none)");
    out->unusable = known ? why_unusable(&s, query->now) : "there is no such secret";
    out->once = s.once;
    out->subject = s.subject;
    out->names = s.names;
    out->id = s.id;
    return rc;
}
