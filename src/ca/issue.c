/* SPDX-License-Identifier: Apache-2.0 */
/* Issuing: the profile's TBSCertificate, a serial number, a signature. */
#include <time.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "ca/crl_int.h"

/*
 * RFC 5280 section 4.1.2.2: at most 20 octets, positive. Seven are the microsecond of issuing
 * (positive until the year 3111), so that serial numbers grow, and the store's index over them
 * is written at its end and not all over; thirteen are random, 104 bits where 64 would do.
 */
#define SERIAL_OCTETS      20
#define SERIAL_TIME_OCTETS 7

/* Its number; nprofiles: there is none of this name. */
static size_t find_profile(const struct cmc_ca *ca, const char *name)
{
    size_t i = 0;

    while (i < ca->shared->nprofiles &&
           strcmp(cmc_profile_name(ca->shared->profiles[i]), name) != 0)
        i++;
    return i;
}

static struct cmc_profile_case make_case(const struct cmc_ca *ca,
                                         const struct cmc_issue_order *order)
{
    const struct cmc_requester *who = order->requester;

    return (struct cmc_profile_case){.request = order->request,
                                     .key = order->key,
                                     /* who renews keeps what an officer gave */
                                     .signer = who != NULL && (who->kind == CMC_REQUESTER_OFFICER ||
                                                               who->kind == CMC_REQUESTER_HOLDER)
                                                   ? who->subject
                                                   : CMC_SLICE_NONE,
                                     .judged = order->judged,
                                     .now = order->now,
                                     .issuer = &ca->shared->lint_issuer};
}

/* [10002-3.2-g] A key that was certified before, where each gets one certificate only. */
static enum cmc_rc check_key_reuse(const struct cmc_ca *ca, const struct cmc_request *rq,
                                   struct cmc_err *err)
{
    uint8_t digest[CMC_DIGEST_MAX];
    bool found = false;
    size_t n;
    enum cmc_rc rc = cmc_digest(ca->crypto, CMC_DIGEST_SHA256, rq->spki, digest, &n, err);

    if (rc == CMC_OK)
        rc = cmc_reader_unique_key(ca->reader, digest, &found, err);
    if (rc == CMC_OK && found)
        rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_NO_KEY_REUSE, "RFC 10002 section 6.1.4",
                           "the key was certified before; make a new one");
    return rc;
}

enum cmc_rc cmc_ca_check(void *self, const struct cmc_issue_order *order, struct cmc_arena *arena,
                         struct cmc_err *err)
{
    const struct cmc_ca *ca = self;
    const struct cmc_profile_case x = make_case(ca, order);
    size_t i = find_profile(ca, order->profile);
    const struct cmc_profile *p;
    struct cmc_profile_due due;
    enum cmc_rc rc;

    if (i == ca->shared->nprofiles) /* of an endpoint there always is one; of a request that was
                                       held, no longer */
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_INTERNAL_CA_ERROR,
                             "RFC 10002 section 6.1.3", "there is no profile %s any more",
                             order->profile);
    if (order->now > ca->shared->ca_not_after)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_INTERNAL_CA_ERROR,
                             "RFC 5280 section 4.1.2.5", "the CA's own certificate has expired");
    if (ca->profile_alg[i] == NULL)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_INTERNAL_CA_ERROR,
                             "RFC 5280 section 4.1.1.2",
                             "the key of the CA does not sign as profile %s wants", order->profile);
    p = ca->shared->profiles[i];
    rc = cmc_profile_check(p, &x, arena, &due, err);
    if (rc == CMC_OK && cmc_profile_unique_keys(p))
        rc = check_key_reuse(ca, order->request, err);
    if (rc != CMC_OK)
        cmc_err_body_part(err, order->request->body_part_id);
    else if (order->due != NULL)
        *order->due = due.request;
    return rc;
}

static enum cmc_rc make_serial(const struct cmc_ca *ca, struct cmc_arena *arena,
                               struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t *p = cmc_arena_alloc(arena, SERIAL_OCTETS);
    struct timespec ts = {0};
    uint64_t us;
    enum cmc_rc rc;

    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a serial number");
    rc = cmc_random_public(ca->crypto, p, SERIAL_OCTETS, err);
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    us = (uint64_t)ts.tv_sec * 1000000u + (uint64_t)ts.tv_nsec / 1000u;
    for (size_t i = SERIAL_TIME_OCTETS; i-- > 0; us >>= 8)
        p[i] = (uint8_t)us;
    if (p[0] == 0 || (p[0] & 0x80u) != 0) /* a clock that is far off: all 20 octets, positive */
        p[0] = 1;
    *out = cmc_slice(p, SERIAL_OCTETS);
    return rc;
}

static enum cmc_rc sign_cert(const struct cmc_ca *ca, const struct cmc_sig_alg *by,
                             struct cmc_slice tbs, struct cmc_arena *arena, struct cmc_slice *out,
                             struct cmc_err *err)
{
    struct cmc_cert cert = {.tbs.raw = tbs};
    struct cmc_slice sig;
    uint8_t *bits;
    enum cmc_rc rc;

    rc = cmc_sign(ca->crypto, ca->ca_key, by, tbs, arena, &sig, err);
    if (rc == CMC_OK)
        rc = cmc_sig_algid(by, arena, &cert.signature_algorithm, err);
    if (rc != CMC_OK)
        return rc;
    bits = cmc_arena_alloc(arena, sig.n + 1);
    if (bits == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    memcpy(bits + 1, sig.p, sig.n);
    cert.signature = cmc_slice(bits, sig.n + 1);
    return cmc_encode_arena(&cmc_it_cert, &cert, arena, out, err);
}

/* The subject as text, for listings and searches; cut where it is longer than a line. */
static const char *subject_text(struct cmc_slice subject, struct cmc_arena *arena)
{
    struct cmc_buf b;
    char *text;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_name_print(subject, &b);
    text = cmc_arena_strndup(arena, b.p != NULL ? (const char *)b.p : "", b.n);
    cmc_buf_free(&b);
    return text;
}

/* By the random octets of the serial number, so that all shards grow alike. */
static const struct cmc_crl_line *choose_line(const struct cmc_ca_shared *s,
                                              struct cmc_slice serial)
{
    uint32_t n = 0;

    for (size_t i = SERIAL_OCTETS - sizeof n; i < SERIAL_OCTETS; i++)
        n = n << 8 | serial.p[i];
    return cmc_crl_line(s, s->crl_sharded ? 1 + n % s->crl_shards : 0);
}

static enum cmc_rc make_record(const struct cmc_ca *ca, const struct cmc_issue_order *order,
                               const struct cmc_cert_params *params, struct cmc_arena *arena,
                               struct cmc_issued *out, struct cmc_err *err)
{
    struct cmc_cert_record *r = &out->record;
    uint8_t digest[CMC_DIGEST_MAX];
    uint8_t *ski;
    enum cmc_rc rc;
    size_t n;

    *r = (struct cmc_cert_record){.issuer = params->issuer,
                                  .serial = params->serial,
                                  .subject = order->request->subject,
                                  .der = out->cert,
                                  .not_before = params->not_before,
                                  .not_after = params->not_after,
                                  .issued_at = order->now,
                                  .profile = order->profile,
                                  .requester =
                                      order->requester != NULL ? order->requester->name : NULL,
                                  .state = CMC_CERT_VALID};
    r->subject_text = subject_text(r->subject, arena);
    ski = cmc_arena_alloc(arena, CMC_SKI_OCTETS);
    if (ski == NULL || r->subject_text == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    rc = cmc_spki_ski(ca->crypto, order->request->spki, ski, err);
    r->ski = cmc_slice(ski, CMC_SKI_OCTETS);
    if (rc == CMC_OK)
        rc = cmc_digest(ca->crypto, CMC_DIGEST_SHA256, order->request->spki, digest, &n, err);
    memcpy(r->spki_digest, digest, sizeof r->spki_digest);
    if (rc == CMC_OK && ca->shared->publishes) {
        rc = cmc_digest(ca->crypto, CMC_DIGEST_SHA256, out->cert, digest, &n, err);
        r->digest = cmc_arena_dup(arena, digest, CMC_SHA256_OCTETS);
        if (r->digest == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    }
    return rc;
}

enum cmc_rc cmc_ca_issue_op(void *self, const struct cmc_issue_order *order,
                            struct cmc_arena *arena, struct cmc_issued *out, struct cmc_err *err)
{
    const struct cmc_ca *ca = self;
    const struct cmc_profile_case x = make_case(ca, order);
    size_t i = find_profile(ca, order->profile);
    struct cmc_cert_params params = {.issuer = ca->shared->ca_cert.tbs.subject,
                                     .issuer_ski = ca->shared->ca_ski};
    const struct cmc_crl_line *line = NULL;
    const struct cmc_profile *p;
    struct cmc_slice tbs;
    enum cmc_rc rc;

    memset(out, 0, sizeof *out);
    if (i == ca->shared->nprofiles)
        return cmc_fail(err, CMC_E_BUG, NULL, "there is no profile %s", order->profile);
    p = ca->shared->profiles[i];
    params.alg = ca->profile_alg[i];
    rc = cmc_profile_validity(p, &x, &params.not_before, &params.not_after, err);
    if (rc == CMC_OK)
        rc = make_serial(ca, arena, &params.serial, err);
    if (rc == CMC_OK) {
        line = choose_line(ca->shared, params.serial);
        params.crl_extensions = &line->cert_extensions;
    }
    if (rc == CMC_OK)
        rc = cmc_profile_tbs(p, ca->crypto, order->request, &params, arena, &tbs, err);
    if (rc == CMC_OK)
        rc = sign_cert(ca, params.alg, tbs, arena, &out->cert, err);
    if (rc == CMC_OK)
        rc = make_record(ca, order, &params, arena, out, err);
    if (rc == CMC_OK)
        out->record.part = line->part;
    out->record.unique_key = cmc_profile_unique_keys(p);
    return rc;
}
