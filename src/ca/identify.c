/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a certificate: chain, validity, revocation, registration. The path is validated by
 * OpenSSL; what was found out is kept for as long as nothing changes in the store.
 */
#include <openssl/x509_vfy.h>
#include <stdlib.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/ca_int.h"

static X509 *parse(const struct cmc_ca *ca, struct cmc_slice der)
{
    X509 *x = X509_new_ex(cmc_crypto_get0_libctx(ca->crypto), NULL);
    const unsigned char *p = der.p;

    if (x == NULL || d2i_X509(&x, &p, (long)der.n) == NULL || p != der.p + der.n) {
        X509_free(x);
        return NULL;
    }
    return x;
}

enum cmc_rc cmc_ca_trust_new(struct cmc_ca *ca, struct cmc_err *err)
{
    ca->trust = X509_STORE_new();
    ca->intermediates = sk_X509_new_null();
    if (ca->trust == NULL || ca->intermediates == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for trust anchors");
    for (size_t i = 0; i < ca->shared->nanchors; i++) {
        X509 *x = parse(ca, ca->shared->anchors[i]);
        bool ok = x != NULL && X509_STORE_add_cert(ca->trust, x) == 1;

        X509_free(x);
        if (!ok)
            return cmc_fail_openssl(err, CMC_E_USAGE, "a trust anchor for officers is unusable");
    }
    for (size_t i = 0; i < ca->shared->nchain; i++) {
        X509 *x = parse(ca, ca->shared->chain[i]);

        if (x == NULL || sk_X509_push(ca->intermediates, x) == 0) {
            X509_free(x);
            return cmc_fail_openssl(err, CMC_E_USAGE,
                                    "a certificate of the CA's chain is unusable");
        }
    }
    return CMC_OK;
}

static enum cmc_rc stranger(struct cmc_err *err, const char *clause, const char *text)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, clause, "%s", text);
}

static void narrow(struct known *k, const X509 *x)
{
    struct tm tm;
    int64_t t;

    if (ASN1_TIME_to_tm(X509_get0_notBefore(x), &tm) == 1) {
        t = (int64_t)timegm(&tm);
        k->not_before = t > k->not_before ? t : k->not_before;
    }
    if (ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1) {
        t = (int64_t)timegm(&tm);
        k->not_after = t < k->not_after ? t : k->not_after;
    }
}

/* RFC 5280 section 6 with the anchors for officers. */
static enum cmc_rc check_path(const struct cmc_ca *ca, X509 *leaf, const struct cmc_slice *chain,
                              size_t nchain, int64_t now, struct known *k, struct cmc_err *err)
{
    X509_STORE_CTX *ctx = NULL;
    STACK_OF(X509) *untrusted = sk_X509_dup(ca->intermediates);
    enum cmc_rc rc = CMC_E_MEM;
    X509 **extra = calloc(nchain + 1, sizeof(X509 *));

    ctx = X509_STORE_CTX_new_ex(cmc_crypto_get0_libctx(ca->crypto), NULL);
    if (untrusted == NULL || extra == NULL || ctx == NULL)
        goto out;
    for (size_t i = 0; i < nchain; i++) {
        extra[i] = parse(ca, chain[i]);
        if (extra[i] != NULL && sk_X509_push(untrusted, extra[i]) == 0)
            goto out;
    }
    if (X509_STORE_CTX_init(ctx, ca->trust, leaf, untrusted) != 1)
        goto out;
    X509_STORE_CTX_set_time(ctx, 0, (time_t)now);
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
    if (X509_verify_cert(ctx) == 1) {
        const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);

        for (int i = 0; i < sk_X509_num(path); i++)
            narrow(k, sk_X509_value(path, i));
        rc = CMC_OK;
    } else {
        rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 5280 section 6",
                           "the signer's certificate is not accepted: %s",
                           X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    }
out:
    if (rc == CMC_E_MEM)
        (void)cmc_fail_openssl(err, CMC_E_MEM, "no memory to validate a certificate");
    X509_STORE_CTX_free(ctx);
    for (size_t i = 0; extra != NULL && i < nchain; i++)
        X509_free(extra[i]);
    free(extra);
    sk_X509_free(untrusted);
    return rc;
}

/*
 * Of a certificate that is in our store: is it the one, and not revoked? *own: this authority
 * issued it; the store may hold those of others too, whose officers are known here.
 */
static enum cmc_rc check_own(struct cmc_ca *ca, const struct cmc_cert *cert, struct cmc_slice der,
                             struct known *k, bool *own, struct cmc_err *err)
{
    struct cmc_cert_record rec;
    enum cmc_rc rc;

    *own = cmc_slice_eq(cert->tbs.issuer, ca->shared->ca_cert.tbs.subject);
    rc = cmc_reader_cert(ca->reader, cert->tbs.issuer, cert->tbs.serial, k->arena, &rec, err);
    if (rc == CMC_E_NOTFOUND) {
        /* An existing CA was taken over: what it issued before is not in our store. */
        *own = false;
        return CMC_OK;
    }
    if (rc != CMC_OK)
        return rc;
    if (!cmc_slice_eq(rec.der, der))
        return stranger(err, "RFC 5280 section 4.1.2.2",
                        "the signer's certificate has a serial number of ours, but is not ours");
    if (rec.state == CMC_CERT_REVOKED)
        return stranger(err, "RFC 5280 section 6.3", "the signer's certificate is revoked");
    if (rec.state == CMC_CERT_HELD)
        return stranger(err, "RFC 5280 section 6.3", "the signer's certificate is on hold");
    if (*own)
        k->who.profile = rec.profile;
    return CMC_OK;
}

/* May the key sign at all (RFC 5280 section 4.2.1.3)? */
static enum cmc_rc check_usage(const struct cmc_cert *cert, struct cmc_arena *arena,
                               struct cmc_err *err)
{
    const struct cmc_extension *e =
        cmc_extension_find(&cert->tbs.extensions, cmc_oid_id_ce_keyUsage);
    struct cmc_slice usage = CMC_SLICE_NONE;

    if (e == NULL)
        return CMC_OK;
    if (cmc_decode(&cmc_it_bit_string, e->value, arena, &usage, NULL) != CMC_OK ||
        (!cmc_bits_get(usage, 0) && !cmc_bits_get(usage, 1)))
        return stranger(err, "RFC 5280 section 4.2.1.3",
                        "the keyUsage of the signer's certificate does not allow signing");
    return CMC_OK;
}

/* RFC 10002 section 9.1: a certificate that says so is that of an RA. [10002-9.1-u1] */
static bool is_cmc_ra(const struct cmc_cert *cert, struct cmc_arena *arena)
{
    const struct cmc_extension *e =
        cmc_extension_find(&cert->tbs.extensions, cmc_oid_id_ce_extKeyUsage);
    struct cmc_list purposes = {0};

    if (e == NULL || cmc_decode(&cmc_it_eku, e->value, arena, &purposes, NULL) != CMC_OK)
        return false;
    for (size_t i = 0; i < purposes.n; i++) {
        if (cmc_slice_eq(*CMC_AT(const struct cmc_slice, purposes, i), cmc_oid_id_kp_cmcRA))
            return true;
    }
    return false;
}

static enum cmc_rc subject_text(struct known *k, struct cmc_slice subject, struct cmc_err *err)
{
    struct cmc_buf b;
    char *text;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_name_print(subject, &b);
    text = cmc_buf_cstr(&b);
    k->who.name = cmc_arena_strdup(k->arena, text != NULL ? text : "?");
    cmc_buf_free(&b);
    return k->who.name != NULL ? CMC_OK : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
}

static enum cmc_rc find_out(struct cmc_ca *ca, struct cmc_slice der, const struct cmc_slice *chain,
                            size_t nchain, int64_t now, struct known *k, struct cmc_err *err)
{
    const struct cmc_extension *san;
    struct cmc_officer officer;
    struct cmc_cert cert = {0};
    X509 *leaf = NULL;
    bool own = false;
    enum cmc_rc rc;

    k->not_after = INT64_MAX;
    k->who.cert = cmc_arena_slice(k->arena, der);
    if (k->who.cert.p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certificate");
    rc = cmc_decode(&cmc_it_cert, k->who.cert, k->arena, &cert, err);
    leaf = rc == CMC_OK ? parse(ca, der) : NULL;
    if (leaf == NULL) {
        rc = stranger(err, "RFC 5280 section 4.1", "the signer's certificate is malformed");
        goto out;
    }
    rc = check_path(ca, leaf, chain, nchain, now, k, err);
    if (rc == CMC_OK)
        rc = check_usage(&cert, k->arena, err);
    if (rc == CMC_OK)
        rc = check_own(ca, &cert, der, k, &own, err);
    if (rc != CMC_OK)
        goto out;
    k->who.subject = cert.tbs.subject;
    k->who.spki = cert.tbs.spki.raw;
    san = cmc_extension_find(&cert.tbs.extensions, cmc_oid_id_ce_subjectAltName);
    k->who.san = san != NULL ? san->value : CMC_SLICE_NONE;
    rc = cmc_reader_officer(ca->reader, k->digest, k->arena, &officer, err);
    if (rc == CMC_OK) {
        k->who.kind = CMC_REQUESTER_OFFICER;
        k->who.roles = officer.roles;
        k->who.profiles = officer.profiles;
        k->who.names = officer.names;
        k->who.cmc_ra = ca->shared->ra_any_eku || is_cmc_ra(&cert, k->arena);
        k->who.name = officer.name;
    } else if (rc == CMC_E_NOTFOUND && own) {
        k->who.kind = CMC_REQUESTER_HOLDER;
        rc = subject_text(k, cert.tbs.subject, err);
    } else if (rc == CMC_E_NOTFOUND) {
        rc = stranger(err, "RFC 10002 section 6.1.3",
                      "the signer's certificate is valid, but not registered as an officer");
    }
    if (rc == CMC_OK)
        rc = cmc_spki_lend(ca->crypto, cert.tbs.spki.raw, &k->who.key, err);
out:
    X509_free(leaf);
    return rc;
}

static struct known *lookup(struct cmc_ca *ca, const uint8_t *digest, uint64_t generation,
                            int64_t now)
{
    for (size_t i = 0; i < OFFICER_CACHE; i++) {
        struct known *k = &ca->known[i];

        if (k->arena != NULL && memcmp(k->digest, digest, CMC_SHA256_OCTETS) == 0 &&
            k->generation == generation && now >= k->not_before && now <= k->not_after)
            return k;
    }
    return NULL;
}

/*
 * The place of what was not asked for longest. One exchange borrows keys of far fewer entries than
 * there are, and what it has asked for is the newest: so none of them is freed under it, not even
 * where its entry is out of date by now.
 */
static struct known *oldest(struct cmc_ca *ca)
{
    struct known *k = &ca->known[0];

    for (size_t i = 1; i < OFFICER_CACHE; i++) {
        if (ca->known[i].used < k->used)
            k = &ca->known[i];
    }
    return k;
}

static void forget(const struct cmc_ca *ca, struct known *k)
{
    cmc_spki_give_back(ca->crypto, k->who.key);
    cmc_arena_free(k->arena);
    memset(k, 0, sizeof *k);
}

/* What the caller keeps goes into its arena; the key stays ours. */
static enum cmc_rc hand_out(const struct known *k, struct cmc_arena *arena,
                            struct cmc_requester *out, struct cmc_err *err)
{
    *out = k->who;
    out->name = k->who.name != NULL ? cmc_arena_strdup(arena, k->who.name) : NULL;
    out->profile = k->who.profile != NULL ? cmc_arena_strdup(arena, k->who.profile) : NULL;
    out->profiles = k->who.profiles != NULL ? cmc_arena_strdup(arena, k->who.profiles) : NULL;
    out->names = k->who.names != NULL ? cmc_arena_strdup(arena, k->who.names) : NULL;
    out->cert = cmc_arena_slice(arena, k->who.cert);
    out->subject = cmc_arena_slice(arena, k->who.subject);
    out->san = cmc_arena_slice(arena, k->who.san);
    /* A limit that got lost would be none. */
    if (out->cert.p == NULL || out->subject.p == NULL ||
        (out->profiles == NULL) != (k->who.profiles == NULL) ||
        (out->names == NULL) != (k->who.names == NULL))
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a requester");
    out->spki = cmc_slice(out->cert.p + (k->who.spki.p - k->who.cert.p), k->who.spki.n);
    return CMC_OK;
}

enum cmc_rc cmc_ca_identify(void *self, struct cmc_slice cert, const struct cmc_slice *chain,
                            size_t nchain, int64_t now, struct cmc_arena *arena,
                            struct cmc_requester *out, struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    uint8_t digest[CMC_DIGEST_MAX];
    struct known fresh = {0};
    struct known *k;
    enum cmc_rc rc;
    size_t n;

    memset(out, 0, sizeof *out);
    rc = cmc_digest(ca->crypto, CMC_DIGEST_SHA256, cert, digest, &n, err);
    fresh.generation = ca->generation;
    if (rc == CMC_OK && !ca->holds)
        rc = cmc_reader_generation(ca->reader, &fresh.generation, err);
    cmc_ca_let_go(ca); /* verifying takes long */
    if (rc != CMC_OK)
        return rc;
    k = lookup(ca, digest, fresh.generation, now);
    if (k == NULL) {
        fresh.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
        if (fresh.arena == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a requester");
        memcpy(fresh.digest, digest, CMC_SHA256_OCTETS);
        rc = find_out(ca, cert, chain, nchain, now, &fresh, err);
        if (rc != CMC_OK) { /* a stranger takes nobody's place */
            forget(ca, &fresh);
            return rc;
        }
        k = oldest(ca);
        forget(ca, k);
        *k = fresh;
    }
    k->used = ++ca->asked;
    return hand_out(k, arena, out, err);
}

enum cmc_rc cmc_ca_officer(void *self, const char *name, struct cmc_arena *arena,
                           struct cmc_requester *out, struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    struct known k = {.arena = arena};
    struct cmc_officer officer = {0};
    struct cmc_cert cert = {0};
    bool own;
    enum cmc_rc rc = cmc_reader_officer_named(ca->reader, name, arena, &officer, err);

    memset(out, 0, sizeof *out);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, officer.cert, arena, &cert, err);
    if (rc == CMC_OK)
        rc = check_own(ca, &cert, officer.cert, &k, &own, err);
    if (rc != CMC_OK)
        return rc;
    *out = (struct cmc_requester){.kind = CMC_REQUESTER_OFFICER,
                                  .name = officer.name,
                                  .roles = officer.roles,
                                  .profiles = officer.profiles,
                                  .names = officer.names,
                                  .cert = officer.cert,
                                  .subject = cert.tbs.subject};
    return CMC_OK;
}
