/* SPDX-License-Identifier: Apache-2.0 */
#include "client/retrieve.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/chain.h"

#define CLAUSE_CERT "RFC 10002 section 6.9"
#define CLAUSE_CRL  "RFC 10002 section 6.10"
/* Clocks differ. */
#define SKEW_SECONDS 300
#define REASON_BITS  9u

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request");
}

/* -- asking ------------------------------------------------------------------------------ */

enum cmc_rc cmc_get_cert_control(const struct cmc_issuer_serial *ref, struct cmc_arena *arena,
                                 struct cmc_extra_control *out, struct cmc_err *err)
{
    const struct cmc_get_cert gc = {.issuer = {CMC_GN_DIRECTORY, ref->issuer},
                                    .serial = ref->serial};

    *out = (struct cmc_extra_control){.type = cmc_oid_id_cmc_getCert,
                                      .item = &cmc_it_get_cert,
                                      .value = cmc_arena_dup(arena, &gc, sizeof gc)};
    return out->value != NULL ? CMC_OK : no_memory(err);
}

/* A named BIT STRING: the unused bits, then no octet behind the last bit that is set. */
static struct cmc_slice reason_flags(unsigned int reasons, struct cmc_arena *arena)
{
    uint8_t *p = cmc_arena_alloc(arena, 3);
    unsigned int last = 0;

    if (p == NULL)
        return CMC_SLICE_NONE;
    for (unsigned int i = 0; i < REASON_BITS; i++) {
        if ((reasons & (1u << i)) == 0)
            continue;
        p[1 + i / 8] |= (uint8_t)(0x80u >> (i % 8));
        last = i;
    }
    p[0] = (uint8_t)(7 - last % 8);
    return cmc_slice(p, 2 + last / 8);
}

enum cmc_rc cmc_get_crl_control(const struct cmc_crl_wish *wish, struct cmc_arena *arena,
                                struct cmc_extra_control *out, struct cmc_err *err)
{
    struct cmc_get_crl ask = {.issuer = wish->issuer};
    struct cmc_general_name name = {CMC_GN_URI, cmc_slice_str(wish->url)};

    if (wish->url != NULL) {
        ask.name = cmc_arena_dup(arena, &name, sizeof name);
        if (ask.name == NULL)
            return no_memory(err);
    }
    if (wish->has_before) {
        ask.time = cmc_gentime(arena, wish->before);
        if (ask.time.p == NULL)
            return cmc_fail(err, CMC_E_USAGE, NULL, "the time is out of range");
    }
    if (wish->reasons != 0) {
        ask.reasons = reason_flags(wish->reasons, arena);
        if (ask.reasons.p == NULL)
            return no_memory(err);
    }
    *out = (struct cmc_extra_control){.type = cmc_oid_id_cmc_getCRL,
                                      .item = &cmc_it_get_crl,
                                      .value = cmc_arena_dup(arena, &ask, sizeof ask)};
    return out->value != NULL ? CMC_OK : no_memory(err);
}

/* -- who signed it ----------------------------------------------------------------------- */

/* Something that an issuer signed. */
struct signed_object {
    const char *what;
    struct cmc_slice issuer; /* Name */
    struct cmc_slice octets; /* what is signed */
    const struct cmc_algid *alg;
    struct cmc_slice bits; /* BIT STRING content */
};

struct checking {
    const struct cmc_crypto *c;
    const struct cmc_answer_view *answer;
    const struct cmc_issuers *issuers;
    struct cmc_arena *arena;
};

/* Has this certificate's key signed it? False, and *known, when only the signature is wrong. */
static bool signed_by(const struct checking *k, const struct signed_object *o, struct cmc_slice der,
                      bool *known)
{
    struct cmc_cert cert = {0};
    const struct cmc_sig_alg *alg;
    EVP_PKEY *key = NULL;
    bool good;

    if (cmc_decode(&cmc_it_cert, der, k->arena, &cert, NULL) != CMC_OK ||
        !cmc_name_eq(cert.tbs.subject, o->issuer))
        return false;
    *known = true;
    good = o->bits.n > 1 && o->bits.p[0] == 0 &&
           cmc_sig_from_algid(o->alg, CMC_DIGEST_NONE, false, k->arena, &alg, NULL) == CMC_OK &&
           cmc_spki_key(k->c, cert.tbs.spki.raw, &key, NULL) == CMC_OK &&
           cmc_verify(k->c, key, alg, o->octets, cmc_slice(o->bits.p + 1, o->bits.n - 1), NULL) ==
               CMC_OK;
    EVP_PKEY_free(key);
    return good;
}

static bool any_signed(const struct checking *k, const struct signed_object *o,
                       const struct cmc_slice *certs, size_t n, bool *known)
{
    for (size_t i = 0; i < n; i++) {
        if (signed_by(k, o, certs[i], known))
            return true;
    }
    return false;
}

/* An issuer that came with the answer counts when it leads to an anchor. */
static bool came_along(const struct checking *k, const struct signed_object *o, bool *known)
{
    const struct cmc_answer_view *a = k->answer;

    for (size_t i = 0; k->issuers->trust != NULL && i < a->ncerts; i++) {
        bool is_issuer = false;

        if (!signed_by(k, o, a->certs[i], &is_issuer))
            continue;
        if (cmc_chain_check(k->c, a->certs[i], a->certs, a->ncerts, k->issuers->trust, k->arena,
                            NULL, NULL) == CMC_OK) {
            *known = true;
            return true;
        }
    }
    return false;
}

static enum cmc_rc check_signature(const struct checking *k, const struct signed_object *o,
                                   struct cmc_err *err)
{
    const struct cmc_issuers *is = k->issuers;
    bool known = false;

    if (is->trust == NULL && is->ncerts == 0)
        return CMC_OK;
    if (any_signed(k, o, is->certs, is->ncerts, &known) ||
        (is->trust != NULL && any_signed(k, o, is->trust->anchors, is->trust->nanchors, &known)) ||
        came_along(k, o, &known))
        return CMC_OK;
    if (known)
        return cmc_fail(err, CMC_E_CRYPTO, "RFC 5280 section 6",
                        "the %s that came is not signed by its issuer", o->what);
    return cmc_fail(err, CMC_E_REFUSED, "RFC 5280 section 6",
                    "the certificate of the %s's issuer is not among the trusted ones, and none "
                    "that came along leads to one of them",
                    o->what);
}

/* -- what came --------------------------------------------------------------------------- */

enum cmc_rc cmc_answer_get_cert(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                                const struct cmc_issuer_serial *ref,
                                const struct cmc_issuers *issuers, struct cmc_arena *arena,
                                struct cmc_slice *out, struct cmc_err *err)
{
    const struct checking k = {c, answer, issuers, arena};

    *out = CMC_SLICE_NONE;
    for (size_t i = 0; i < answer->ncerts; i++) {
        struct cmc_cert cert = {0};
        struct signed_object o = {.what = "certificate"};
        enum cmc_rc rc;

        if (cmc_decode(&cmc_it_cert, answer->certs[i], arena, &cert, NULL) != CMC_OK ||
            !cmc_slice_eq(cert.tbs.serial, ref->serial) ||
            !cmc_name_eq(cert.tbs.issuer, ref->issuer))
            continue;
        o.issuer = cert.tbs.issuer;
        o.octets = cert.tbs.raw;
        o.alg = &cert.signature_algorithm;
        o.bits = cert.signature;
        rc = check_signature(&k, &o, err);
        if (rc == CMC_OK)
            *out = answer->certs[i];
        return rc;
    }
    return cmc_fail(err, CMC_E_NOTFOUND, CLAUSE_CERT,
                    "the certificate that was asked for is not among the %zu of the answer",
                    answer->ncerts);
}

static bool time_of(struct cmc_slice tlv, int64_t *at)
{
    /* A Time is short: one octet of tag, one of length. */
    return tlv.n > 2 && cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), at);
}

/* The latest that fits the wish. False: none. */
static bool find_crl(const struct checking *k, const struct cmc_crl_wish *wish, struct cmc_crl *out,
                     int64_t *this_update, struct cmc_slice *der)
{
    bool found = false;

    for (size_t i = 0; i < k->answer->ncrls; i++) {
        struct cmc_crl crl = {0};
        int64_t at;

        if (cmc_decode(&cmc_it_crl, k->answer->crls[i], k->arena, &crl, NULL) != CMC_OK ||
            !cmc_name_eq(crl.tbs.issuer, wish->issuer) || !time_of(crl.tbs.this_update, &at) ||
            (wish->has_before && at >= wish->before) || (found && at <= *this_update))
            continue;
        found = true;
        *out = crl;
        *this_update = at;
        *der = k->answer->crls[i];
    }
    return found;
}

/* An old CRL in the place of the newest hides what was revoked since. */
static enum cmc_rc check_dates(const struct cmc_crl_wish *wish, const struct cmc_crl *crl,
                               int64_t this_update, int64_t now, struct cmc_err *err)
{
    int64_t next;

    if (this_update > now + SKEW_SECONDS)
        return cmc_fail(err, CMC_E_REFUSED, "RFC 5280 section 5.1.2.4",
                        "the CRL that came was made in the future; is the clock right?");
    if (!wish->has_before && crl->tbs.next_update.p != NULL &&
        (!time_of(crl->tbs.next_update, &next) || next < now))
        return cmc_fail(err, CMC_E_REFUSED, "RFC 5280 section 5.1.2.5",
                        "the CRL that came is past its nextUpdate: there must be a newer one");
    return CMC_OK;
}

enum cmc_rc cmc_answer_get_crl(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                               const struct cmc_crl_wish *wish, const struct cmc_issuers *issuers,
                               struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    const struct checking k = {c, answer, issuers, arena};
    struct signed_object o = {.what = "CRL"};
    struct cmc_slice der;
    struct cmc_crl crl;
    int64_t at = 0;
    enum cmc_rc rc;

    *out = CMC_SLICE_NONE;
    if (!find_crl(&k, wish, &crl, &at, &der))
        return cmc_fail(err, CMC_E_NOTFOUND, CLAUSE_CRL,
                        "the CRL that was asked for is not among the %zu of the answer",
                        answer->ncrls);
    o.issuer = crl.tbs.issuer;
    o.octets = crl.tbs.raw;
    o.alg = &crl.signature_algorithm;
    o.bits = crl.signature;
    rc = check_signature(&k, &o, err);
    if (rc == CMC_OK)
        rc = check_dates(wish, &crl, at, issuers->now, err);
    if (rc == CMC_OK)
        *out = der;
    return rc;
}
