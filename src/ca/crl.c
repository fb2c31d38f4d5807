/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The full CRL, RFC 5280 section 5. Entries are written forwards into one buffer as the store
 * gives them, so the cost is one pass, a hash and a signature.
 */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "ca/ca_int.h"

struct entries {
    struct cmc_buf der;
    struct cmc_arena *arena; /* of one entry, reset each time */
    struct cmc_err *err;
    int64_t date_at; /* the second that date is for: many are revoked in the same one */
    size_t date_octets;
    uint8_t date[20]; /* Time, whole TLV */
};

static enum cmc_rc add_extension(struct cmc_arena *arena, struct cmc_list *exts,
                                 struct cmc_slice oid, const struct cmc_item *it, const void *value,
                                 struct cmc_err *err)
{
    struct cmc_extension *e = cmc_list_add(arena, &cmc_it_extensions, exts, 1);

    if (e == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
    e->extn_id = oid;
    return cmc_encode_arena(it, value, arena, &e->value, err);
}

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
static bool add_short_entry(struct entries *es, const struct cmc_cert_record *c)
{
    /* Extensions, Extension, id-ce-cRLReasons, OCTET STRING, ENUMERATED */
    uint8_t reason[] = {0x30, 12,   0x30, 10,   0x06, 3,    0x55,
                        0x1d, 0x15, 0x04, 3,    0x0a, 0x01, (uint8_t)c->reason};
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
    cmc_buf_add(&es->der, entry, (size_t)(p - entry) + extra);
    return true;
}

static enum cmc_rc add_entry(void *arg, const struct cmc_cert_record *c)
{
    struct entries *es = arg;
    struct cmc_revoked r = {.serial = c->serial};
    enum cmc_rc rc = CMC_OK;

    if (add_short_entry(es, c))
        return cmc_buf_ok(&es->der)
                   ? CMC_OK
                   : cmc_fail(es->err, CMC_E_LIMIT, NULL,
                              "the CRL is above CMC_LIMIT_ARENA_OCTETS (%u)",
                              CMC_LIMIT_ARENA_OCTETS);

    r.date = cmc_time_tlv(es->arena, c->revoked_at);
    /* RFC 5280 section 5.3.1: unspecified is not written. */
    if (c->reason != 0)
        rc = add_extension(es->arena, &r.extensions, cmc_oid_id_ce_cRLReasons, &cmc_it_crl_reason,
                           &c->reason, es->err);
    if (rc == CMC_OK && c->invalidity_at != 0) {
        struct cmc_slice t = cmc_gentime(es->arena, c->invalidity_at);

        rc = add_extension(es->arena, &r.extensions, cmc_oid_id_ce_invalidityDate, &cmc_it_gentime,
                           &t, es->err);
    }
    if (rc == CMC_OK)
        rc = cmc_encode(&cmc_it_revoked, &r, &es->der, es->err);
    cmc_arena_reset(es->arena);
    return rc;
}

/* authorityKeyIdentifier and cRLNumber, in their [0]. */
static enum cmc_rc crl_extensions(const struct cmc_ca *ca, uint64_t number, struct cmc_arena *arena,
                                  struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_authority_key_id aki = {.key_id = ca->shared->ca_ski};
    struct cmc_slice n = cmc_int_from_u64(arena, number);
    struct cmc_list exts = {0};
    enum cmc_rc rc = CMC_OK;

    if (aki.key_id.p != NULL)
        rc = add_extension(arena, &exts, cmc_oid_id_ce_authorityKeyIdentifier,
                           &cmc_it_authority_key_id, &aki, err);
    if (rc == CMC_OK)
        rc = add_extension(arena, &exts, cmc_oid_id_ce_cRLNumber, &cmc_it_integer, &n, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_extensions, &exts, arena, out, err);
    return rc;
}

/* The TBSCertList around the entries. */
static enum cmc_rc make_tbs(const struct cmc_ca *ca, const struct cmc_crl_record *crl,
                            const struct cmc_buf *entries, struct cmc_arena *arena,
                            struct cmc_buf *out, struct cmc_err *err)
{
    static const uint8_t version[] = {CMC_T_INTEGER, 1, 1}; /* v2 */
    struct cmc_slice exts, this_update, next_update;
    uint8_t explicit_header[CMC_DER_HEADER_MAX];
    size_t explicit_len;
    struct cmc_algid alg;
    struct cmc_buf body;
    enum cmc_rc rc;

    cmc_buf_init(&body, CMC_LIMIT_ARENA_OCTETS);
    this_update = cmc_time_tlv(arena, crl->this_update);
    next_update = cmc_time_tlv(arena, crl->next_update);
    rc = cmc_sig_algid(ca->ca_alg, arena, &alg, err);
    if (rc == CMC_OK)
        rc = crl_extensions(ca, crl->number, arena, &exts, err);
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
    if (entries->n > 0)
        add_header(&body, CMC_T_SEQUENCE | CMC_CONSTRUCTED, entries->n);
    explicit_len = cmc_der_header(explicit_header, CMC_CLASS_CONTEXT | CMC_CONSTRUCTED, exts.n);
    add_header(out, CMC_T_SEQUENCE | CMC_CONSTRUCTED,
               body.n + entries->n + explicit_len + exts.n);
    cmc_buf_add(out, body.p, body.n);
    cmc_buf_add(out, entries->p, entries->n);
    cmc_buf_add(out, explicit_header, explicit_len);
    cmc_buf_slice(out, exts);
    if (!cmc_buf_ok(&body) || !cmc_buf_ok(out))
        rc = cmc_fail(err, CMC_E_LIMIT, NULL, "the CRL is above CMC_LIMIT_ARENA_OCTETS (%u)",
                      CMC_LIMIT_ARENA_OCTETS);
out:
    cmc_buf_free(&body);
    return rc;
}

static enum cmc_rc sign_crl(const struct cmc_ca *ca, const struct cmc_buf *tbs,
                            struct cmc_arena *arena, struct cmc_buf *out, struct cmc_err *err)
{
    struct cmc_slice sig, algid, bits;
    struct cmc_algid alg;
    uint8_t *p;
    enum cmc_rc rc;

    rc = cmc_sign(ca->crypto, ca->ca_key, ca->ca_alg, cmc_buf_get0(tbs), arena, &sig, err);
    if (rc == CMC_OK)
        rc = cmc_sig_algid(ca->ca_alg, arena, &alg, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_algid, &alg, arena, &algid, err);
    if (rc != CMC_OK)
        return rc;
    p = cmc_arena_alloc(arena, sig.n + 1);
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
    memcpy(p + 1, sig.p, sig.n);
    bits = cmc_slice(p, sig.n + 1);
    rc = cmc_encode_arena(&cmc_it_bit_string, &bits, arena, &bits, err);
    if (rc != CMC_OK)
        return rc;
    cmc_buf_reset(out);
    add_header(out, CMC_T_SEQUENCE | CMC_CONSTRUCTED, tbs->n + algid.n + bits.n);
    cmc_buf_add(out, tbs->p, tbs->n);
    cmc_buf_slice(out, algid);
    cmc_buf_slice(out, bits);
    return cmc_buf_ok(out)
               ? CMC_OK
               : cmc_fail(err, CMC_E_LIMIT, NULL, "the CRL is above CMC_LIMIT_ARENA_OCTETS (%u)",
                          CMC_LIMIT_ARENA_OCTETS);
}

/* Make, sign and store a new CRL; the lock is held. */
static enum cmc_rc renew(struct cmc_ca *ca, uint64_t generation, int64_t now,
                         struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_ca_shared *s = ca->shared;
    struct cmc_slice issuer = s->ca_cert.tbs.subject;
    struct cmc_crl_record crl = {.this_update = now,
                                 .next_update = now + s->crl_seconds,
                                 .generation = generation,
                                 .keep = s->crl_keep,
                                 .keep_from =
                                     s->crl_keep_seconds > 0 ? now - s->crl_keep_seconds : 0};
    struct entries es = {.err = err};
    struct cmc_buf tbs;
    enum cmc_rc rc;

    cmc_buf_init(&tbs, CMC_LIMIT_ARENA_OCTETS);
    cmc_buf_init(&es.der, CMC_LIMIT_ARENA_OCTETS);
    es.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (es.arena == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
        goto out;
    }
    rc = cmc_store_crl_number(s->store, issuer, &crl.number, err);
    /* RFC 5280 section 3.3: an expired certificate may leave the list, after it was on one CRL
     * issued beyond its end. One CRL's life more is surely that. */
    if (rc == CMC_OK)
        rc = cmc_reader_revoked(ca->reader, issuer, now - s->crl_seconds, add_entry, &es, err);
    if (rc == CMC_OK)
        rc = make_tbs(ca, &crl, &es.der, arena, &tbs, err);
    s->crl_known = false;
    if (rc == CMC_OK)
        rc = sign_crl(ca, &tbs, arena, &s->crl, err);
    crl.der = cmc_buf_get0(&s->crl);
    if (rc == CMC_OK)
        rc = cmc_store_crl_put(s->store, issuer, &crl, err);
    if (rc == CMC_OK) {
        s->crl_known = true;
        s->crl_generation = generation;
        s->crl_this_update = now;
    }
out:
    cmc_arena_free(es.arena);
    cmc_buf_free(&es.der);
    cmc_buf_free(&tbs);
    return rc;
}

/* What the store has from before a restart. */
static void recall(struct cmc_ca *ca, struct cmc_arena *arena)
{
    struct cmc_ca_shared *s = ca->shared;
    struct cmc_crl_record crl;

    if (s->crl_known ||
        cmc_reader_crl(ca->reader, s->ca_cert.tbs.subject, arena, &crl, NULL) != CMC_OK)
        return;
    cmc_buf_reset(&s->crl);
    cmc_buf_slice(&s->crl, crl.der);
    s->crl_known = cmc_buf_ok(&s->crl);
    s->crl_generation = crl.generation;
    s->crl_this_update = crl.this_update;
}

enum cmc_rc cmc_ca_crl(struct cmc_ca *ca, int64_t now, struct cmc_arena *arena,
                       struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_ca_shared *s = ca->shared;
    uint64_t generation = 0;
    enum cmc_rc rc;

    /* Asked before the lock: a change that comes later makes the CRL older than it says, never
     * newer. */
    rc = cmc_reader_generation(ca->reader, &generation, err);
    if (rc != CMC_OK)
        return rc;
    (void)pthread_mutex_lock(&s->crl_lock);
    recall(ca, arena);
    if (!s->crl_known || s->crl_generation < generation || now < s->crl_this_update ||
        now - s->crl_this_update > s->crl_seconds / 2)
        rc = renew(ca, generation, now, arena, err);
    if (rc == CMC_OK) {
        *out = cmc_arena_slice(arena, cmc_buf_get0(&s->crl));
        if (out->p == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a CRL");
    }
    (void)pthread_mutex_unlock(&s->crl_lock);
    return rc;
}
