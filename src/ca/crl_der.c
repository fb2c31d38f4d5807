/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The octets of a CRL, RFC 5280 section 5. Entries are written forwards as the store gives them,
 * into memory while they are few and else into a file, so the cost is one pass over the store, a
 * hash, a signature, and a pass that puts the parts together. A CRL whose entries went into a file
 * is a file itself (store/crl_file.h), and none of it is ever in memory whole, however many there
 * are.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "base/file.h"
#include "ca/crl_int.h"
#include "store/crl_file.h"

/* RFC 5280 section 5.3.1 */
#define REMOVE_FROM_CRL 8u

struct entries {
    struct cmc_spool spool;
    struct cmc_buf der;      /* of one entry that is not a usual one */
    struct cmc_arena *arena; /* of one entry, reset each time */
    struct cmc_err *err;
    int64_t released_at; /* a date for what is taken from the list */
    int64_t date_at;     /* the second that date is for: many are revoked in the same one */
    size_t date_octets;
    uint8_t date[20]; /* Time, whole TLV */
};

static void add_header(struct cmc_buf *b, uint8_t first, size_t len)
{
    uint8_t h[CMC_DER_HEADER_MAX];

    cmc_buf_add(b, h, cmc_der_header(h, first, len));
}

/*
 * An entry as nearly all of them are, with a reason at most: a serial number, a time, and twelve
 * octets of which the last is the reason. Written as it stands, for there may be ten million.
 * False: it is another one.
 */
static bool add_short_entry(struct entries *es, const struct cmc_cert_record *c, enum cmc_rc *rc)
{
    /* Extensions, Extension, id-ce-cRLReasons, OCTET STRING, ENUMERATED */
    uint8_t reason[] = {0x30, 12,   0x30, 10, 0x06, 3,    0x55,
                        0x1d, 0x15, 0x04, 3,  0x0a, 0x01, (uint8_t)c->reason};
    size_t extra = c->reason != 0 ? sizeof reason : 0;
    uint8_t entry[128], *p = entry;

    if (c->invalidity_at != 0 || c->reason > 10 || c->serial.n == 0 || c->serial.n > 20)
        return false;
    if (es->date_octets == 0 || es->date_at != c->revoked_at) {
        struct cmc_slice date = cmc_time_tlv(es->arena, c->revoked_at);

        if (date.p == NULL || date.n > sizeof es->date)
            return false;
        memcpy(es->date, date.p, date.n);
        es->date_octets = date.n;
        es->date_at = c->revoked_at;
        cmc_arena_reset(es->arena);
    }
    *p++ = CMC_T_SEQUENCE | CMC_CONSTRUCTED;
    *p++ = (uint8_t)(2 + c->serial.n + es->date_octets + extra);
    *p++ = CMC_T_INTEGER;
    *p++ = (uint8_t)c->serial.n;
    memcpy(p, c->serial.p, c->serial.n);
    p += c->serial.n;
    memcpy(p, es->date, es->date_octets);
    p += es->date_octets;
    memcpy(p, reason, extra);
    *rc = cmc_spool_add(&es->spool, cmc_slice(entry, (size_t)(p - entry) + extra), es->err);
    return true;
}

static enum cmc_rc add_revoked(void *arg, const struct cmc_cert_record *c)
{
    struct entries *es = arg;
    struct cmc_revoked r = {.serial = c->serial};
    enum cmc_rc rc = CMC_OK;

    if (add_short_entry(es, c, &rc))
        return rc;
    r.date = cmc_time_tlv(es->arena, c->revoked_at);
    /* RFC 5280 section 5.3.1: unspecified is not written. */
    if (c->reason != 0)
        rc = cmc_crl_extension(es->arena, &r.extensions, cmc_oid_id_ce_cRLReasons, false,
                               &cmc_it_crl_reason, &c->reason, es->err);
    if (rc == CMC_OK && c->invalidity_at != 0) {
        struct cmc_slice t = cmc_gentime(es->arena, c->invalidity_at);

        rc = cmc_crl_extension(es->arena, &r.extensions, cmc_oid_id_ce_invalidityDate, false,
                               &cmc_it_gentime, &t, es->err);
    }
    cmc_buf_reset(&es->der);
    if (rc == CMC_OK)
        rc = cmc_encode(&cmc_it_revoked, &r, &es->der, es->err);
    if (rc == CMC_OK)
        rc = cmc_spool_add(&es->spool, cmc_buf_get0(&es->der), es->err);
    cmc_arena_reset(es->arena);
    return rc;
}

/*
 * What a delta CRL says of a certificate that was changed. RFC 5280 section 5.2.4: one that is
 * good again has removeFromCRL, and may have it also where the base did not list it.
 */
static enum cmc_rc add_change(void *arg, const struct cmc_cert_record *c)
{
    const struct entries *es = arg;
    struct cmc_cert_record gone = {
        .serial = c->serial, .reason = REMOVE_FROM_CRL, .revoked_at = es->released_at};

    return add_revoked(arg, c->state == CMC_CERT_VALID ? &gone : c);
}

/* Of each part that is in the scope. */
static enum cmc_rc list_entries(struct cmc_ca *ca, const struct cmc_crl_order *o,
                                struct entries *es)
{
    struct cmc_ca_shared *s = ca->shared;
    struct cmc_slice issuer = s->ca_cert.tbs.subject;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < s->nlines; i++) {
        const struct cmc_crl_line *line = &s->lines[i];

        if (!cmc_crl_covers(o->line, line))
            continue;
        rc = o->delta ? cmc_reader_crl_changes(ca->reader, issuer, line->part, o->since, add_change,
                                               es, es->err)
                      : cmc_reader_revoked(ca->reader, issuer, line->part, o->not_after_from,
                                           add_revoked, es, es->err);
    }
    return rc;
}

/* What stands around the entries. All of it is small. */
struct frame {
    struct cmc_buf before;             /* TBSCertList up to the first entry, with its own header */
    struct cmc_buf after;              /* and from behind the last one on */
    struct cmc_slice algid, signature; /* whole TLVs */
    struct cmc_buf header;             /* of the whole */
    uint64_t octets;                   /* of the whole */
};

static void frame_init(struct frame *f)
{
    *f = (struct frame){0};
    cmc_buf_init(&f->before, CMC_LIMIT_CRL_HELD_OCTETS);
    cmc_buf_init(&f->after, CMC_LIMIT_CRL_HELD_OCTETS);
    cmc_buf_init(&f->header, CMC_DER_HEADER_MAX);
}

static void frame_end(struct frame *f)
{
    cmc_buf_free(&f->before);
    cmc_buf_free(&f->after);
    cmc_buf_free(&f->header);
}

static enum cmc_rc frame_ok(const struct cmc_buf *b, struct cmc_err *err)
{
    return cmc_buf_ok(b) ? CMC_OK : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
}

static enum cmc_rc crl_extensions(const struct cmc_ca *ca, const struct cmc_crl_order *o,
                                  struct cmc_arena *arena, struct cmc_slice *out,
                                  struct cmc_err *err)
{
    struct cmc_authority_key_id aki = {.key_id = ca->shared->ca_ski};
    struct cmc_slice n = cmc_int_from_u64(arena, o->record.number);
    struct cmc_slice base = cmc_int_from_u64(arena, o->record.base);
    struct cmc_list exts = {0};
    enum cmc_rc rc = CMC_OK;

    if (aki.key_id.p != NULL)
        rc = cmc_crl_extension(arena, &exts, cmc_oid_id_ce_authorityKeyIdentifier, false,
                               &cmc_it_authority_key_id, &aki, err);
    if (rc == CMC_OK)
        rc = cmc_crl_extension(arena, &exts, cmc_oid_id_ce_cRLNumber, false, &cmc_it_integer, &n,
                               err);
    if (rc == CMC_OK && o->delta)
        rc = cmc_crl_extension(arena, &exts, cmc_oid_id_ce_deltaCRLIndicator, true, &cmc_it_integer,
                               &base, err);
    if (rc == CMC_OK && o->line->shard > 0)
        rc = cmc_crl_scope_extension(o->line, arena, &exts, err);
    /* RFC 5280 section 5.2.6: it does not appear in delta CRLs. */
    if (rc == CMC_OK && !o->delta && o->line->delta_url != NULL)
        rc = cmc_crl_points_extension(o->line->delta_url, cmc_oid_id_ce_freshestCRL, arena, &exts,
                                      err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_extensions, &exts, arena, out, err);
    return rc;
}

/* The TBSCertList around so many octets of entries. */
static enum cmc_rc make_tbs(const struct cmc_ca *ca, const struct cmc_crl_order *o,
                            uint64_t entries, struct cmc_arena *arena, struct frame *f,
                            struct cmc_err *err)
{
    static const uint8_t version[] = {CMC_T_INTEGER, 1, 1}; /* v2 */
    struct cmc_slice exts, this_update, next_update;
    struct cmc_algid alg;
    struct cmc_buf body;
    enum cmc_rc rc;

    cmc_buf_init(&body, CMC_LIMIT_CRL_HELD_OCTETS);
    this_update = cmc_time_tlv(arena, o->record.this_update);
    next_update = cmc_time_tlv(arena, o->record.next_update);
    rc = cmc_sig_algid(ca->ca_alg, arena, &alg, err);
    if (rc == CMC_OK)
        rc = crl_extensions(ca, o, arena, &exts, err);
    if (rc != CMC_OK)
        goto out;
    cmc_buf_add(&body, version, sizeof version);
    rc = cmc_encode(&cmc_it_algid, &alg, &body, err);
    if (rc != CMC_OK)
        goto out;
    cmc_buf_slice(&body, ca->shared->ca_cert.tbs.subject);
    cmc_buf_slice(&body, this_update);
    cmc_buf_slice(&body, next_update);
    /* RFC 5280 section 5.1.2.6: the list is absent when it is empty. */
    if (entries > 0)
        add_header(&body, CMC_T_SEQUENCE | CMC_CONSTRUCTED, entries);
    add_header(&f->after, CMC_CLASS_CONTEXT | CMC_CONSTRUCTED, exts.n);
    cmc_buf_slice(&f->after, exts);
    add_header(&f->before, CMC_T_SEQUENCE | CMC_CONSTRUCTED, body.n + entries + f->after.n);
    cmc_buf_add(&f->before, body.p, body.n);
    rc = frame_ok(&body, err);
    if (rc == CMC_OK)
        rc = frame_ok(&f->after, err);
    if (rc == CMC_OK)
        rc = frame_ok(&f->before, err);
out:
    cmc_buf_free(&body);
    return rc;
}

static enum cmc_rc hash_piece(void *arg, struct cmc_slice piece, struct cmc_err *err)
{
    return cmc_sign_stream_add(arg, piece, err);
}

static enum cmc_rc hold_piece(void *arg, struct cmc_slice piece, struct cmc_err *err)
{
    struct cmc_buf *b = arg;

    cmc_buf_slice(b, piece);
    return cmc_buf_ok(b)
               ? CMC_OK
               : cmc_fail(err, CMC_E_LIMIT, NULL, "the CRL is above CMC_LIMIT_ARENA_OCTETS (%u)",
                          CMC_LIMIT_ARENA_OCTETS);
}

static enum cmc_rc write_piece(void *arg, struct cmc_slice piece, struct cmc_err *err)
{
    const int *fd = arg;

    return cmc_file_add(*fd, piece, err);
}

/* The TBSCertList to fn, in pieces. */
static enum cmc_rc each_tbs(const struct frame *f, struct cmc_spool *entries,
                            enum cmc_rc (*fn)(void *arg, struct cmc_slice piece,
                                              struct cmc_err *err),
                            void *arg, struct cmc_err *err)
{
    enum cmc_rc rc = fn(arg, cmc_buf_get0(&f->before), err);

    if (rc == CMC_OK)
        rc = cmc_spool_each(entries, fn, arg, err);
    if (rc == CMC_OK)
        rc = fn(arg, cmc_buf_get0(&f->after), err);
    return rc;
}

/* All of the CRL to fn, in pieces. */
static enum cmc_rc each_all(const struct frame *f, struct cmc_spool *entries,
                            enum cmc_rc (*fn)(void *arg, struct cmc_slice piece,
                                              struct cmc_err *err),
                            void *arg, struct cmc_err *err)
{
    enum cmc_rc rc = fn(arg, cmc_buf_get0(&f->header), err);

    if (rc == CMC_OK)
        rc = each_tbs(f, entries, fn, arg, err);
    if (rc == CMC_OK)
        rc = fn(arg, f->algid, err);
    if (rc == CMC_OK)
        rc = fn(arg, f->signature, err);
    return rc;
}

static enum cmc_rc sign_streaming(const struct cmc_ca *ca, const struct frame *f,
                                  struct cmc_spool *entries, struct cmc_arena *arena,
                                  struct cmc_slice *sig, struct cmc_err *err)
{
    struct cmc_sign_stream *stream = NULL;
    enum cmc_rc rc = cmc_sign_stream_new(ca->crypto, ca->ca_key, ca->ca_alg, &stream, err);

    if (rc == CMC_OK)
        rc = each_tbs(f, entries, hash_piece, stream, err);
    if (rc == CMC_OK)
        rc = cmc_sign_stream_end(stream, arena, sig, err);
    cmc_sign_stream_free(stream);
    return rc;
}

static enum cmc_rc sign_whole(const struct cmc_ca *ca, const struct frame *f,
                              struct cmc_spool *entries, struct cmc_arena *arena,
                              struct cmc_slice *sig, struct cmc_err *err)
{
    struct cmc_buf tbs;
    enum cmc_rc rc;

    cmc_buf_init(&tbs, CMC_LIMIT_ARENA_OCTETS);
    rc = each_tbs(f, entries, hold_piece, &tbs, err);
    if (rc == CMC_OK)
        rc = cmc_sign(ca->crypto, ca->ca_key, ca->ca_alg, cmc_buf_get0(&tbs), arena, sig, err);
    cmc_buf_free(&tbs);
    return rc;
}

static enum cmc_rc sign_crl(const struct cmc_ca *ca, struct cmc_spool *entries,
                            struct cmc_arena *arena, struct frame *f, struct cmc_err *err)
{
    struct cmc_slice sig, bits;
    struct cmc_algid alg;
    uint64_t content;
    uint8_t *p;
    enum cmc_rc rc = cmc_sign_can_stream(ca->ca_alg)
                         ? sign_streaming(ca, f, entries, arena, &sig, err)
                         : sign_whole(ca, f, entries, arena, &sig, err);

    if (rc == CMC_OK)
        rc = cmc_sig_algid(ca->ca_alg, arena, &alg, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_algid, &alg, arena, &f->algid, err);
    if (rc != CMC_OK)
        return rc;
    p = cmc_arena_alloc(arena, sig.n + 1);
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
    memcpy(p + 1, sig.p, sig.n);
    bits = cmc_slice(p, sig.n + 1);
    rc = cmc_encode_arena(&cmc_it_bit_string, &bits, arena, &f->signature, err);
    if (rc != CMC_OK)
        return rc;
    content = f->before.n + entries->octets + f->after.n + f->algid.n + f->signature.n;
    add_header(&f->header, CMC_T_SEQUENCE | CMC_CONSTRUCTED, content);
    f->octets = f->header.n + content;
    return frame_ok(&f->header, err);
}

/* Into a file that survives, before the row that speaks of it. */
static enum cmc_rc write_crl(struct cmc_ca_shared *s, const struct cmc_crl_order *o,
                             const struct frame *f, struct cmc_spool *entries, struct cmc_err *err)
{
    const struct cmc_crl_id id = cmc_crl_id_of(s, o->line, o->delta);
    char *path = NULL;
    int fd = -1;
    enum cmc_rc rc = cmc_crl_file_new(s->store, &path, &fd, err);

    if (rc != CMC_OK)
        return rc;
    rc = each_all(f, entries, write_piece, &fd, err);
    if (rc == CMC_OK)
        rc = cmc_crl_file_keep(s->store, &id, o->record.number, path, fd, err);
    if (rc != CMC_OK)
        (void)unlink(path);
    (void)close(fd);
    free(path);
    return rc;
}

/* The parts are made: put them together where they belong. */
static enum cmc_rc finish(struct cmc_ca_shared *s, struct cmc_crl_order *o, const struct frame *f,
                          struct cmc_spool *entries, struct cmc_buf *held, struct cmc_err *err)
{
    bool is_file = entries->fd >= 0;
    enum cmc_rc rc;

    cmc_buf_reset(held);
    o->record.octets = is_file ? f->octets : 0;
    rc = is_file ? write_crl(s, o, f, entries, err) : each_all(f, entries, hold_piece, held, err);
    o->record.der = is_file ? CMC_SLICE_NONE : cmc_buf_get0(held);
    return rc;
}

/*
 * The number, when it is known what the CRL says. RFC 5280 section 5.2.4: a delta of the same time
 * as the full one has its number, and says the same: nothing more.
 */
static enum cmc_rc number(struct cmc_ca_shared *s, struct cmc_crl_order *o, uint64_t entries,
                          struct cmc_err *err)
{
    const struct cmc_crl_id id = cmc_crl_id_of(s, o->line, o->delta);

    if (o->delta && entries == 0 && o->record.this_update == o->line->full.this_update) {
        o->record.number = o->record.base;
        return CMC_OK;
    }
    return cmc_store_crl_number(s->store, &id, &o->record.number, err);
}

enum cmc_rc cmc_crl_make(struct cmc_ca *ca, struct cmc_crl_order *o, struct cmc_arena *arena,
                         struct cmc_buf *held, struct cmc_err *err)
{
    struct cmc_ca_shared *s = ca->shared;
    const struct cmc_crl_id id = cmc_crl_id_of(s, o->line, o->delta);
    struct entries *es = calloc(1, sizeof *es);
    struct frame f;
    enum cmc_rc rc;

    if (es == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
    es->err = err;
    es->released_at = o->record.this_update;
    cmc_spool_init(&es->spool, s->store);
    cmc_buf_init(&es->der, CMC_LIMIT_CRL_HELD_OCTETS);
    frame_init(&f);
    es->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    rc = es->arena != NULL ? cmc_crl_file_sweep(s->store, ca->reader, &id, err)
                           : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
    if (rc == CMC_OK)
        rc = list_entries(ca, o, es);
    if (rc == CMC_OK)
        rc = number(s, o, es->spool.octets, err);
    if (rc == CMC_OK)
        rc = make_tbs(ca, o, es->spool.octets, arena, &f, err);
    if (rc == CMC_OK)
        rc = sign_crl(ca, &es->spool, arena, &f, err);
    if (rc == CMC_OK)
        rc = finish(s, o, &f, &es->spool, held, err);
    frame_end(&f);
    cmc_arena_free(es->arena);
    cmc_buf_free(&es->der);
    cmc_spool_end(&es->spool);
    free(es);
    return rc;
}
