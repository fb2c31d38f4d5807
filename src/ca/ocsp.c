/* SPDX-License-Identifier: Apache-2.0 */
/* An OCSP request, and what the store says to it. */
#include <openssl/err.h>
#include <stdlib.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/ocsp.h"
#include "asn1/oids.h"
#include "ca/ocsp_int.h"

/* Digests that a CertID may name its issuer by. SHA-1 is what everybody sends, and no proof of
 * anything here. */
static const enum cmc_digest_id digests[] = {CMC_DIGEST_SHA1, CMC_DIGEST_SHA256, CMC_DIGEST_SHA384,
                                             CMC_DIGEST_SHA512};

struct cmc_ocsp {
    struct cmc_ca *ca;
    EVP_PKEY *key;
    const struct cmc_sig_alg *alg;
    struct cmc_arena *arena; /* of what follows */
    struct cmc_slice cert;
    struct cmc_ocsp_responder_id responder;
    struct {
        uint8_t name[CMC_DIGEST_MAX], key[CMC_DIGEST_MAX];
        size_t size;
    } issuer[CMC_COUNT(digests)];
    int64_t seconds;
    struct ocsp_cache *cache;
};

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for OCSP");
}

/* -- the signer -------------------------------------------------------------------------- */

/* With this key of the CA: the certificate of one that signs for a key of before looks the same. */
static enum cmc_rc check_issued(const struct cmc_ocsp *o, struct cmc_err *err)
{
    const unsigned char *p = o->cert.p;
    X509 *x = X509_new_ex(cmc_crypto_get0_libctx(o->ca->crypto), NULL);
    EVP_PKEY *ca = NULL;
    enum cmc_rc rc = cmc_spki_key(o->ca->crypto, o->ca->shared->ca_cert.tbs.spki.raw, &ca, err);

    if (rc == CMC_OK && (x == NULL || d2i_X509(&x, &p, (long)o->cert.n) == NULL))
        rc = cmc_fail_openssl(err, CMC_E_USAGE, "the OCSP signer's certificate is malformed");
    if (rc == CMC_OK && X509_verify(x, ca) != 1)
        rc = cmc_fail(err, CMC_E_USAGE, "RFC 6960 section 4.2.2.2",
                      "the OCSP signer's certificate was not signed with this key of the CA");
    ERR_clear_error();
    X509_free(x);
    EVP_PKEY_free(ca);
    return rc;
}

/* RFC 6960 section 4.2.2.2: issued by the CA that it speaks for, with id-kp-OCSPSigning. */
static enum cmc_rc check_signer(const struct cmc_ocsp *o, const struct cmc_cert *cert,
                                struct cmc_err *err)
{
    const struct cmc_extension *e =
        cmc_extension_find(&cert->tbs.extensions, cmc_oid_id_ce_extKeyUsage);
    struct cmc_list purposes = {0};
    bool may = false;

    if (!cmc_slice_eq(cert->tbs.issuer, o->ca->shared->ca_cert.tbs.subject))
        return cmc_fail(err, CMC_E_USAGE, "RFC 6960 section 4.2.2.2",
                        "the OCSP signer's certificate is from another CA than this one");
    if (e != NULL && cmc_decode(&cmc_it_eku, e->value, o->arena, &purposes, NULL) == CMC_OK) {
        for (size_t i = 0; i < purposes.n; i++)
            may = may || cmc_slice_eq(*CMC_AT(const struct cmc_slice, purposes, i),
                                      cmc_oid_id_kp_OCSPSigning);
    }
    if (!may)
        return cmc_fail(err, CMC_E_USAGE, "RFC 6960 section 4.2.2.2",
                        "the OCSP signer's certificate lacks the extended key usage "
                        "id-kp-OCSPSigning");
    return check_issued(o, err);
}

static enum cmc_rc load_signer(struct cmc_ocsp *o, const struct cmc_ocsp_params *p, EVP_PKEY *key,
                               struct cmc_err *err)
{
    struct cmc_cert cert = {0};
    uint8_t *ski = cmc_arena_alloc(o->arena, CMC_SKI_OCTETS);
    EVP_PKEY *pub = NULL;
    enum cmc_rc rc;

    o->cert = cmc_arena_slice(o->arena, p->cert);
    if (ski == NULL || o->cert.p == NULL)
        return no_memory(err);
    rc = cmc_decode(&cmc_it_cert, o->cert, o->arena, &cert, err);
    if (rc == CMC_OK)
        rc = check_signer(o, &cert, err);
    if (rc == CMC_OK)
        rc = cmc_spki_key(o->ca->crypto, cert.tbs.spki.raw, &pub, err);
    if (rc == CMC_OK && EVP_PKEY_eq(pub, key) != 1)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the OCSP key does not belong to its certificate");
    o->alg = cmc_sig_default(key);
    if (rc == CMC_OK && o->alg == NULL)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the OCSP key is of a kind that cannot sign");
    if (rc == CMC_OK)
        rc = cmc_spki_ski(o->ca->crypto, cert.tbs.spki.raw, ski, err);
    o->responder = (struct cmc_ocsp_responder_id){.which = CMC_OCSP_BY_KEY,
                                                  .v = cmc_slice(ski, CMC_SKI_OCTETS)};
    EVP_PKEY_free(pub);
    return rc;
}

/* What a CertID says of our issuer, in each digest. */
static enum cmc_rc hash_issuer(struct cmc_ocsp *o, struct cmc_err *err)
{
    const struct cmc_cert *ca = &o->ca->shared->ca_cert;
    struct cmc_slice bits = ca->tbs.spki.public_key;

    for (size_t i = 0; i < CMC_COUNT(digests); i++) {
        enum cmc_rc rc = cmc_digest(o->ca->crypto, digests[i], ca->tbs.subject, o->issuer[i].name,
                                    &o->issuer[i].size, err);

        if (rc == CMC_OK) /* without the octet that counts unused bits */
            rc = cmc_digest(o->ca->crypto, digests[i], cmc_slice(bits.p + 1, bits.n - 1),
                            o->issuer[i].key, &o->issuer[i].size, err);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

enum cmc_rc cmc_ocsp_new(struct cmc_ca *ca, const struct cmc_ocsp_params *p, EVP_PKEY *key,
                         struct cmc_ocsp **out, struct cmc_err *err)
{
    struct cmc_ocsp *o = calloc(1, sizeof *o);
    enum cmc_rc rc;

    *out = NULL;
    if (o == NULL)
        return no_memory(err);
    o->ca = ca;
    o->seconds = (int64_t)p->minutes * 60;
    o->arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    o->cache = ocsp_cache_new();
    rc = o->arena == NULL || o->cache == NULL ? no_memory(err) : load_signer(o, p, key, err);
    if (rc == CMC_OK)
        rc = hash_issuer(o, err);
    if (rc == CMC_OK) {
        o->key = key;
        *out = o;
        o = NULL;
    }
    cmc_ocsp_free(o);
    return rc;
}

void cmc_ocsp_free(struct cmc_ocsp *o)
{
    if (o == NULL)
        return;
    EVP_PKEY_free(o->key);
    ocsp_cache_free(o->cache);
    cmc_arena_free(o->arena);
    free(o);
}

/* -- one certificate --------------------------------------------------------------------- */

/* Is the CertID about a certificate of this CA? */
static bool is_ours(const struct cmc_ocsp *o, const struct cmc_ocsp_cert_id *id)
{
    const struct cmc_digest_alg *alg = cmc_digest_by_oid(id->hash.algorithm);

    for (size_t i = 0; alg != NULL && i < CMC_COUNT(digests); i++) {
        if (digests[i] == alg->id)
            return cmc_slice_eq(cmc_slice(o->issuer[i].name, o->issuer[i].size),
                                id->issuer_name_hash) &&
                   cmc_slice_eq(cmc_slice(o->issuer[i].key, o->issuer[i].size),
                                id->issuer_key_hash);
    }
    return false;
}

static enum cmc_rc revoked(const struct cmc_cert_status *rec, struct cmc_arena *arena,
                           struct cmc_ocsp_cert_status *out, struct cmc_err *err)
{
    out->which = CMC_OCSP_REVOKED;
    out->u.revoked.time = cmc_gentime(arena, rec->revoked_at);
    if (out->u.revoked.time.p == NULL)
        return no_memory(err);
    if (rec->reason == 0)
        return CMC_OK; /* unspecified: RFC 5280 section 5.3.1 says to leave it out */
    return cmc_encode_arena(&cmc_it_crl_reason, &rec->reason, arena, &out->u.revoked.reason, err);
}

/* What another key of the CA has issued is not this one's: whoever asks has the wrong certificate
 * of the CA, and would believe it to be good. *known: false when the status is unknown, which may
 * change without any change of state. */
static enum cmc_rc status_of(const struct cmc_ocsp *o, const struct cmc_ocsp_cert_id *id,
                             struct cmc_arena *arena, struct cmc_ocsp_cert_status *out, bool *known,
                             struct cmc_err *err)
{
    struct cmc_cert_status rec;
    enum cmc_rc rc = CMC_E_NOTFOUND;

    *known = true;
    if (is_ours(o, id))
        rc = cmc_reader_cert_status(o->ca->reader, o->ca->shared->ca_cert.tbs.subject,
                                    cmc_crl_key(o->ca->shared->ca_ski), id->serial, &rec, err);
    if (rc == CMC_E_NOTFOUND) {
        *known = false;
        *out =
            (struct cmc_ocsp_cert_status){.which = CMC_OCSP_UNKNOWN, .u.none = CMC_SLICE_LIT("")};
        return CMC_OK;
    }
    if (rc != CMC_OK || rec.state != CMC_CERT_VALID)
        return rc == CMC_OK ? revoked(&rec, arena, out, err) : rc;
    *out = (struct cmc_ocsp_cert_status){.which = CMC_OCSP_GOOD, .u.none = CMC_SLICE_LIT("")};
    return CMC_OK;
}

/* -- the request ------------------------------------------------------------------------- */

/*
 * RFC 6960 section 4.4: nonce is all we know; what is critical and not known is refused. RFC 9654
 * section 2.1: 1 to 128 octets.
 */
static bool read_extensions(const struct cmc_ocsp_tbs_request *tbs, struct cmc_arena *arena,
                            const struct cmc_extension **nonce)
{
    struct cmc_slice octets = CMC_SLICE_NONE;

    *nonce = NULL;
    for (size_t i = 0; i < tbs->extensions.n; i++) {
        const struct cmc_extension *e = CMC_AT(const struct cmc_extension, tbs->extensions, i);

        if (cmc_slice_eq(e->extn_id, cmc_oid_id_pkix_ocsp_nonce)) {
            if (*nonce != NULL ||
                cmc_decode(&cmc_it_octet_string, e->value, arena, &octets, NULL) != CMC_OK ||
                octets.n == 0 || octets.n > CMC_LIMIT_OCSP_NONCE_OCTETS)
                return false;
            *nonce = e;
        } else if (e->critical) {
            return false;
        }
    }
    for (size_t i = 0; i < tbs->requests.n; i++) {
        const struct cmc_ocsp_single_request *one =
            CMC_AT(const struct cmc_ocsp_single_request, tbs->requests, i);

        for (size_t k = 0; k < one->extensions.n; k++) {
            if (CMC_AT(const struct cmc_extension, one->extensions, k)->critical)
                return false;
        }
    }
    return true;
}

/* RFC 5019 section 2.2.3: a responder that cannot say anything says unauthorized. */
static bool any_ours(const struct cmc_ocsp *o, const struct cmc_ocsp_tbs_request *tbs)
{
    for (size_t i = 0; i < tbs->requests.n; i++) {
        if (is_ours(o, &CMC_AT(const struct cmc_ocsp_single_request, tbs->requests, i)->cert_id))
            return true;
    }
    return false;
}

/* -- the answer -------------------------------------------------------------------------- */

/* An answer that is not signed. */
static enum cmc_rc refuse(enum cmc_ocsp_response_status status, struct cmc_arena *arena,
                          struct cmc_ocsp_answer *out, struct cmc_err *err)
{
    static const char *const names[] = {
        [CMC_OCSP_MALFORMED_REQUEST] = "malformedRequest",
        [CMC_OCSP_INTERNAL_ERROR] = "internalError",
        [CMC_OCSP_TRY_LATER] = "tryLater",
        [CMC_OCSP_UNAUTHORIZED] = "unauthorized",
    };
    const struct cmc_ocsp_response response = {.status = (uint32_t)status};

    out->outcome = names[status];
    return cmc_encode_arena(&cmc_it_ocsp_response, &response, arena, &out->der, err);
}

static enum cmc_rc response_data(const struct cmc_ocsp *o, const struct cmc_ocsp_tbs_request *tbs,
                                 const struct cmc_extension *nonce, struct cmc_arena *arena,
                                 struct cmc_ocsp_answer *answer, struct cmc_slice *out,
                                 struct cmc_err *err)
{
    struct cmc_slice now = cmc_gentime(arena, answer->at);
    struct cmc_slice until = cmc_gentime(arena, answer->good_until);
    struct cmc_ocsp_response_data data = {.responder = o->responder, .produced_at = now};
    struct cmc_ocsp_single_response *all =
        cmc_list_add(arena, &cmc_it_ocsp_single_responses, &data.responses, tbs->requests.n);

    if (all == NULL || now.p == NULL || until.p == NULL)
        return no_memory(err);
    for (size_t i = 0; i < tbs->requests.n; i++) {
        bool known;
        enum cmc_rc rc;

        all[i].cert_id = CMC_AT(const struct cmc_ocsp_single_request, tbs->requests, i)->cert_id;
        all[i].this_update = now;
        all[i].next_update = until;
        rc = status_of(o, &all[i].cert_id, arena, &all[i].status, &known, err);
        if (rc != CMC_OK)
            return rc;
        answer->shared = answer->shared && known;
    }
    if (nonce != NULL) {
        struct cmc_extension *e = cmc_list_add(arena, &cmc_it_extensions, &data.extensions, 1);

        if (e == NULL)
            return no_memory(err);
        *e = *nonce;
    }
    return cmc_encode_arena(&cmc_it_ocsp_response_data, &data, arena, out, err);
}

static enum cmc_rc sign(const struct cmc_ocsp *o, struct cmc_slice data, struct cmc_arena *arena,
                        struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_slice cert = o->cert, sig;
    struct cmc_ocsp_basic_response basic = {.data.raw = data, .certs = {.v = &cert, .n = 1}};
    struct cmc_ocsp_response_bytes bytes = {.type = cmc_oid_id_pkix_ocsp_basic};
    const struct cmc_ocsp_response response = {.status = CMC_OCSP_SUCCESSFUL, .bytes = &bytes};
    uint8_t *bits;
    enum cmc_rc rc;

    rc = cmc_sign(o->ca->crypto, o->key, o->alg, data, arena, &sig, err);
    if (rc == CMC_OK)
        rc = cmc_sig_algid(o->alg, arena, &basic.algorithm, err);
    if (rc != CMC_OK)
        return rc;
    bits = cmc_arena_alloc(arena, sig.n + 1);
    if (bits == NULL)
        return no_memory(err);
    memcpy(bits + 1, sig.p, sig.n);
    basic.signature = cmc_slice(bits, sig.n + 1);
    rc = cmc_encode_arena(&cmc_it_ocsp_basic_response, &basic, arena, &bytes.response, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_ocsp_response, &response, arena, out, err);
    return rc;
}

/* Decoded and well formed: look it up and sign. */
static enum cmc_rc answer_signed(const struct cmc_ocsp *o, const struct cmc_ocsp_tbs_request *tbs,
                                 const struct cmc_extension *nonce, int64_t now,
                                 struct cmc_arena *arena, struct cmc_ocsp_answer *out,
                                 struct cmc_err *err)
{
    struct cmc_slice data;
    enum cmc_rc rc;

    out->at = now;
    out->good_until = now + o->seconds;
    out->shared = nonce == NULL;
    rc = response_data(o, tbs, nonce, arena, out, &data, err);
    cmc_reader_release(o->ca->reader); /* signing takes longer than all before */
    if (rc == CMC_OK)
        rc = sign(o, data, arena, &out->der, err);
    return rc;
}

static enum cmc_rc respond(struct cmc_ocsp *o, struct cmc_slice request, int64_t now,
                           struct cmc_arena *arena, struct cmc_ocsp_answer *out,
                           struct cmc_err *err)
{
    struct cmc_ocsp_request rq = {0};
    const struct cmc_extension *nonce;
    uint64_t generation = 0;
    enum cmc_rc rc;

    *out = (struct cmc_ocsp_answer){.outcome = "successful"};
    /* Nothing changes between this and the lookup. */
    rc = cmc_reader_hold(o->ca->reader, &generation, err);
    if (rc != CMC_OK)
        return rc == CMC_E_MEM ? rc : refuse(CMC_OCSP_TRY_LATER, arena, out, err);
    if (ocsp_cache_get(o->cache, request, generation, now, out))
        return CMC_OK;
    if (cmc_decode(&cmc_it_ocsp_request, request, arena, &rq, err) != CMC_OK ||
        rq.tbs.version != 0 || !read_extensions(&rq.tbs, arena, &nonce))
        return refuse(CMC_OCSP_MALFORMED_REQUEST, arena, out, err);
    if (!any_ours(o, &rq.tbs))
        return refuse(CMC_OCSP_UNAUTHORIZED, arena, out, err);
    if (o->ca->hands_off)
        return cmc_fail(err, CMC_E_RETRY, NULL, "the answer is signed elsewhere");
    rc = answer_signed(o, &rq.tbs, nonce, now, arena, out, err);
    if (rc == CMC_E_MEM)
        return rc;
    if (rc != CMC_OK) {
        *out = (struct cmc_ocsp_answer){0};
        return refuse(rc == CMC_E_RETRY ? CMC_OCSP_TRY_LATER : CMC_OCSP_INTERNAL_ERROR, arena, out,
                      err);
    }
    out->generation = generation;
    cmc_ocsp_keep(o, request, out);
    return CMC_OK;
}

void cmc_ocsp_keep(struct cmc_ocsp *o, struct cmc_slice request,
                   const struct cmc_ocsp_answer *answer)
{
    if (answer->shared)
        ocsp_cache_put(o->cache, request, answer->generation, answer);
}

enum cmc_rc cmc_ocsp_respond(struct cmc_ocsp *o, struct cmc_slice request, int64_t now,
                             struct cmc_arena *arena, struct cmc_ocsp_answer *out,
                             struct cmc_err *err)
{
    enum cmc_rc rc = respond(o, request, now, arena, out, err);

    cmc_reader_release(o->ca->reader);
    return rc;
}
