/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/publish.h"

#include <stdlib.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "ca/ca_int.h"
#include "store/crl_file.h"

/* As many as are read before the first is done: a reader must not be open while we write. */
#define BATCH 64u
/* A certificate that was refused is tried again after so long: an entry may have come to be. */
#define REFUSED_SECONDS 3600

const char *cmc_publish_kind_name(enum cmc_publish_kind kind)
{
    static const char *const names[CMC_PUBLISH_KINDS] = {
        [CMC_PUBLISH_CRL] = "crl",
        [CMC_PUBLISH_DELTA] = "delta",
        [CMC_PUBLISH_CA_CERT] = "ca-certificate",
        [CMC_PUBLISH_CHAIN] = "chain",
        [CMC_PUBLISH_CERT] = "certificates",
    };

    return names[kind];
}

static bool takes(const struct cmc_publish_target *t, enum cmc_publish_kind kind)
{
    return (t->what & CMC_PUBLISH_BIT(kind)) != 0;
}

static enum cmc_rc digest_of(const struct cmc_crypto *c, struct cmc_slice der,
                             uint8_t out[CMC_SHA256_OCTETS], struct cmc_err *err)
{
    uint8_t digest[CMC_DIGEST_MAX];
    size_t n;
    enum cmc_rc rc = cmc_digest(c, CMC_DIGEST_SHA256, der, digest, &n, err);

    if (rc == CMC_OK)
        memcpy(out, digest, CMC_SHA256_OCTETS);
    return rc;
}

/* -- one run ----------------------------------------------------------------------------- */

struct work {
    const struct cmc_publish_source *src;
    const struct cmc_publish_target *target;
    struct cmc_slice issuer;
    struct cmc_arena *arena; /* of one object or batch */
    bool again;
    int64_t now;
    size_t done, refused;
    struct cmc_err *err;
    /* of a look: */
    enum cmc_rc (*fn)(void *arg, const struct cmc_publish_state *st);
    void *arg;
};

/* The mark's name of an object; of a CRL with its part, in which its numbers count: a new key of
 * the CA has other parts, whose numbers begin anew. */
static const char *object_name(struct work *w, enum cmc_publish_kind kind, uint32_t part)
{
    return part == 0 ? cmc_publish_kind_name(kind)
                     : cmc_arena_printf(w->arena, "%s %u", cmc_publish_kind_name(kind), part);
}

static enum cmc_rc no_memory(struct work *w)
{
    return cmc_fail(w->err, CMC_E_MEM, NULL, "no memory to publish");
}

static enum cmc_rc read_mark(struct work *w, enum cmc_publish_kind kind, uint32_t part,
                             struct cmc_mark *m)
{
    *m = (struct cmc_mark){
        .target = w->target->name,
        .issuer = w->issuer,
        .object = object_name(w, kind, part),
    };
    return m->object != NULL ? cmc_reader_mark(w->src->reader, m, w->err) : no_memory(w);
}

/* It is there: noted only now, so that a crash before does it once more. */
static enum cmc_rc put(struct work *w, const struct cmc_publish_object *o, struct cmc_mark *m)
{
    enum cmc_rc rc = w->target->put(w->target->self, o, w->err);

    if (rc != CMC_OK)
        return rc;
    w->done++;
    m->number = o->number;
    memcpy(m->digest, o->digest, sizeof m->digest);
    m->at = w->now;
    return cmc_store_mark(w->src->store, m, w->err);
}

/* -- CRLs -------------------------------------------------------------------------------- */

/* A CRL that the store has, and that may be newer than what the target has. */
static enum cmc_rc do_crl(struct work *w, const struct cmc_crl_id *id, uint32_t shard,
                          const struct cmc_crl_record *crl)
{
    enum cmc_publish_kind kind = id->delta ? CMC_PUBLISH_DELTA : CMC_PUBLISH_CRL;
    struct cmc_publish_object o = {.kind = kind,
                                   .issuer = w->issuer,
                                   .shard = shard,
                                   .number = crl->number,
                                   .this_update = crl->this_update,
                                   .next_update = crl->next_update,
                                   .wanted = true,
                                   .der = crl->der,
                                   .fd = -1,
                                   .octets = crl->octets != 0 ? crl->octets : crl->der.n};
    struct cmc_mark m;
    enum cmc_rc rc = read_mark(w, kind, id->part, &m);

    if (rc != CMC_OK)
        return rc;
    if (w->fn != NULL)
        return w->fn(w->arg, &(struct cmc_publish_state){.kind = kind,
                                                         .shard = shard,
                                                         .newest = crl->number,
                                                         .has = m.number,
                                                         .at = m.at,
                                                         .due = crl->number > m.number,
                                                         .since = crl->this_update});
    if (!w->again && crl->number <= m.number)
        return CMC_OK;
    if (crl->octets != 0) {
        rc = cmc_crl_file_open(w->src->store, id, crl, &o.fd, w->err);
        /* The file is lost, or was just replaced: another CRL is made, and that is due. */
        if (rc == CMC_E_NOTFOUND)
            return CMC_OK;
        if (rc != CMC_OK)
            return rc;
    }
    rc = put(w, &o, &m);
    if (o.fd >= 0)
        (void)close(o.fd);
    return rc;
}

/* The parts of our key's CRL. Those of an earlier key are an earlier authority's. */
struct parts {
    struct work *w;
    struct cmc_slice key;
    struct cmc_crl_part list[CMC_CRL_PARTS_MAX];
    size_t n;
};

static enum cmc_rc keep_part(void *arg, const struct cmc_crl_part *p)
{
    struct parts *ps = arg;

    if (p->key.p != NULL && !cmc_slice_eq(p->key, ps->key))
        return CMC_OK;
    if (ps->n == CMC_CRL_PARTS_MAX)
        return cmc_fail(ps->w->err, CMC_E_LIMIT, NULL, "more parts of a CRL than shards can be");
    ps->list[ps->n++] = (struct cmc_crl_part){.part = p->part, .shard = p->shard};
    return CMC_OK;
}

/* The full or delta CRL of a part, if there is one. */
static enum cmc_rc do_part(struct work *w, const struct cmc_crl_part *part, bool delta, bool *some)
{
    const struct cmc_crl_id id = {.issuer = w->issuer, .part = part->part, .delta = delta};
    struct cmc_crl_record crl = {0};
    enum cmc_rc rc;

    if (!takes(w->target, delta ? CMC_PUBLISH_DELTA : CMC_PUBLISH_CRL))
        return CMC_OK;
    cmc_arena_reset(w->arena);
    rc = cmc_reader_crl(w->src->reader, &id, w->arena, &crl, w->err);
    if (rc == CMC_E_NOTFOUND)
        return CMC_OK;
    *some = *some || !delta;
    return rc == CMC_OK ? do_crl(w, &id, part->shard, &crl) : rc;
}

/* Each CRL that there is; of a part the full one first, which the delta is to be added to. */
static enum cmc_rc do_crls(struct work *w, struct cmc_slice key)
{
    struct parts *ps = calloc(1, sizeof *ps);
    bool some = false;
    enum cmc_rc rc;

    if (ps == NULL)
        return no_memory(w);
    ps->w = w;
    ps->key = key;
    rc = cmc_reader_crl_parts(w->src->reader, w->issuer, keep_part, ps, w->err);
    for (size_t i = 0; rc == CMC_OK && i < ps->n; i++) {
        rc = do_part(w, &ps->list[i], false, &some);
        if (rc == CMC_OK)
            rc = do_part(w, &ps->list[i], true, &some);
    }
    if (rc == CMC_OK && !some && w->fn != NULL && takes(w->target, CMC_PUBLISH_CRL))
        rc = w->fn(w->arg, &(struct cmc_publish_state){.kind = CMC_PUBLISH_CRL});
    free(ps);
    return rc;
}

/* -- the CA's certificate and chain ------------------------------------------------------ */

static enum cmc_rc do_fixed(struct work *w, enum cmc_publish_kind kind, struct cmc_slice der)
{
    struct cmc_publish_object o = {
        .kind = kind, .issuer = w->issuer, .wanted = true, .der = der, .fd = -1, .octets = der.n};
    struct cmc_mark m;
    bool due;
    enum cmc_rc rc;

    if (!takes(w->target, kind))
        return CMC_OK;
    rc = read_mark(w, kind, 0, &m);
    if (rc == CMC_OK)
        rc = digest_of(w->src->crypto, der, o.digest, w->err);
    if (rc != CMC_OK)
        return rc;
    due = memcmp(m.digest, o.digest, sizeof m.digest) != 0;
    if (w->fn != NULL)
        return w->fn(w->arg, &(struct cmc_publish_state){.kind = kind, .at = m.at, .due = due});
    return due || w->again ? put(w, &o, &m) : CMC_OK;
}

/* -- certificates ------------------------------------------------------------------------ */

struct batch {
    struct cmc_arena *arena;
    struct cmc_publication list[BATCH];
    size_t n;
};

static enum cmc_rc keep(void *arg, const struct cmc_publication *p)
{
    struct batch *b = arg;

    b->list[b->n] = *p;
    b->list[b->n].der = cmc_arena_slice(b->arena, p->der);
    return b->list[b->n++].der.p != NULL ? CMC_OK : CMC_E_MEM;
}

/* [10002-6.18-u2]: dontPublish removes what was published; that it was not is well too. */
static enum cmc_rc do_cert(struct work *w, const struct cmc_publication *p, bool noted)
{
    struct cmc_publish_object o = {.kind = CMC_PUBLISH_CERT,
                                   .issuer = w->issuer,
                                   .wanted = p->wanted,
                                   .der = p->der,
                                   .fd = -1,
                                   .octets = p->der.n};
    struct cmc_not_taken n = {.target = w->target->name, .id = p->id};
    struct cmc_err why = {0};
    enum cmc_rc rc = digest_of(w->src->crypto, p->der, o.digest, w->err);

    if (rc != CMC_OK)
        return rc;
    rc = w->target->put(w->target->self, &o, &why);
    if (rc == CMC_OK) {
        w->done++;
        return noted ? cmc_store_not_taken(w->src->store, &n, w->err) : CMC_OK;
    }
    if (w->err != NULL)
        *w->err = why;
    if (rc != CMC_E_REFUSED)
        return rc;
    /* One certificate must not hold up those behind it. */
    w->refused++;
    n.at = w->now;
    n.text = why.text;
    return cmc_store_not_taken(w->src->store, &n, w->err);
}

/* The wishes from behind the mark. *more: there may be some left. */
static enum cmc_rc do_wishes(struct work *w, uint64_t *from, struct cmc_mark *m, bool noted,
                             bool *more)
{
    struct batch *b = cmc_arena_alloc(w->arena, sizeof *b);
    enum cmc_rc rc;

    if (b == NULL)
        return no_memory(w);
    b->arena = w->arena;
    rc = cmc_reader_publications(w->src->reader, w->issuer, *from, BATCH, keep, b, w->err);
    for (size_t i = 0; rc == CMC_OK && i < b->n; i++) {
        rc = do_cert(w, &b->list[i], noted);
        if (rc == CMC_OK)
            *from = b->list[i].seq;
    }
    *more = rc == CMC_OK && b->n == BATCH;
    if (*from > m->number) {
        enum cmc_rc marked;

        m->number = *from;
        m->at = w->now;
        marked = cmc_store_mark(w->src->store, m, rc == CMC_OK ? w->err : NULL);
        rc = rc == CMC_OK ? marked : rc;
    }
    return rc;
}

/* Those that were refused, and have waited long enough. */
static enum cmc_rc do_not_taken(struct work *w)
{
    struct batch *b = cmc_arena_alloc(w->arena, sizeof *b);
    enum cmc_rc rc;

    if (b == NULL)
        return no_memory(w);
    b->arena = w->arena;
    rc = cmc_reader_not_taken(w->src->reader, w->issuer, w->target->name,
                              w->again ? w->now : w->now - REFUSED_SECONDS, BATCH, keep, b, w->err);
    for (size_t i = 0; rc == CMC_OK && i < b->n; i++)
        rc = do_cert(w, &b->list[i], true);
    return rc;
}

static enum cmc_rc do_certs(struct work *w)
{
    struct cmc_publication_count count;
    struct cmc_mark m;
    uint64_t from;
    bool more = true;
    enum cmc_rc rc;

    if (!takes(w->target, CMC_PUBLISH_CERT))
        return CMC_OK;
    rc = read_mark(w, CMC_PUBLISH_CERT, 0, &m);
    if (rc == CMC_OK)
        rc = cmc_reader_publication_count(w->src->reader, w->issuer, w->target->name, m.number,
                                          &count, w->err);
    if (rc != CMC_OK)
        return rc;
    if (w->fn != NULL)
        return w->fn(w->arg, &(struct cmc_publish_state){.kind = CMC_PUBLISH_CERT,
                                                         .has = m.number,
                                                         .at = m.at,
                                                         .due = count.due > 0,
                                                         .since = count.since,
                                                         .waiting = count.due,
                                                         .not_taken = count.not_taken});
    from = w->again ? 0 : m.number;
    /* Those first: a later wish for one of them is among the others. */
    if (count.not_taken > 0)
        rc = do_not_taken(w);
    while (rc == CMC_OK && more) {
        cmc_arena_reset(w->arena);
        m.object = cmc_publish_kind_name(CMC_PUBLISH_CERT);
        rc = do_wishes(w, &from, &m, count.not_taken > 0, &more);
    }
    return rc;
}

/* -- the whole --------------------------------------------------------------------------- */

static enum cmc_rc do_all(struct work *w)
{
    struct cmc_arena *names = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_cert ca = {0};
    enum cmc_rc rc;

    w->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (names == NULL || w->arena == NULL) {
        rc = no_memory(w);
        goto out;
    }
    rc = cmc_decode(&cmc_it_cert, w->src->ca_cert, names, &ca, w->err);
    w->issuer = ca.tbs.subject;
    if (rc == CMC_OK)
        rc = do_crls(w, cmc_cert_ski(&ca, names));
    cmc_arena_reset(w->arena);
    if (rc == CMC_OK)
        rc = do_fixed(w, CMC_PUBLISH_CA_CERT, w->src->ca_cert);
    if (rc == CMC_OK)
        rc = do_fixed(w, CMC_PUBLISH_CHAIN, w->src->chain);
    if (rc == CMC_OK)
        rc = do_certs(w);
out:
    cmc_arena_free(w->arena);
    cmc_arena_free(names);
    return rc;
}

enum cmc_rc cmc_publish(const struct cmc_publish_source *src, const struct cmc_publish_target *t,
                        bool again, int64_t now, size_t *done, size_t *refused, struct cmc_err *err)
{
    struct work w = {.src = src, .target = t, .again = again, .now = now, .err = err};
    enum cmc_rc rc = do_all(&w);

    *done = w.done;
    *refused = w.refused;
    return rc;
}

enum cmc_rc cmc_publish_look(const struct cmc_publish_source *src,
                             const struct cmc_publish_target *t,
                             enum cmc_rc (*fn)(void *arg, const struct cmc_publish_state *st),
                             void *arg, struct cmc_err *err)
{
    struct work w = {.src = src, .target = t, .fn = fn, .arg = arg, .err = err};

    return do_all(&w);
}

/* -- struct cmc_authority_ops ------------------------------------------------------------- */

const struct cmc_publishing *cmc_ca_publishing(void *self)
{
    const struct cmc_ca *ca = self;

    return ca->shared->publishes ? &ca->shared->publishing : NULL;
}

enum cmc_rc cmc_ca_find_digest(void *self, const uint8_t digest[CMC_SHA256_OCTETS],
                               struct cmc_arena *arena, struct cmc_slice *der, struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_reader_cert_by_digest(ca->reader, digest, arena, der, err);

    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, *der, arena, &cert, err);
    /* The store is that of other authorities too. */
    if (rc == CMC_OK && !cmc_slice_eq(cert.tbs.issuer, ca->shared->ca_cert.tbs.subject))
        rc = cmc_fail(err, CMC_E_NOTFOUND, NULL, "the certificate is not from this authority");
    return rc;
}
