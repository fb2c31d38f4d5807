/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "lib/lib_int.h"

_Static_assert((int)CMCL_SID_ISSUER_SERIAL == (int)CMC_SID_ISSUER_SERIAL &&
                   (int)CMCL_SID_SKI == (int)CMC_SID_SKI,
               "enum cmcl_sid is CMC_SID_*");

enum cmcl_rc cmcl_request_new(struct cmcl_context *ctx, struct cmcl_request **out)
{
    struct cmcl_request *rq = calloc(1, sizeof *rq);

    *out = NULL;
    if (rq == NULL || (rq->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS)) == NULL ||
        (rq->built = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS)) == NULL) {
        cmcl_request_free(rq);
        return (enum cmcl_rc)cmc_lib_no_memory(ctx);
    }
    rq->ctx = ctx;
    *out = rq;
    return CMCL_OK;
}

void cmcl_request_free(struct cmcl_request *rq)
{
    if (rq == NULL)
        return;
    EVP_PKEY_free(rq->signer.key);
    cmc_arena_free(rq->built);
    cmc_arena_free(rq->arena);
    free(rq);
}

/* -- what is asked for ------------------------------------------------------------------- */

enum cmcl_rc cmcl_request_add_csr(struct cmcl_request *rq, const struct cmcl_csr *csr)
{
    struct cmc_list *list = csr->form == CMCL_PKCS10 ? &rq->pkcs10 : &rq->crmf;
    struct cmc_slice der = cmc_arena_slice(rq->arena, csr->der);
    struct cmc_lib_csr_ref *ref = NULL;
    struct cmc_slice *p = NULL;

    if (der.p != NULL)
        ref = cmc_lib_grow(rq->arena, &rq->refs, sizeof *ref);
    if (ref != NULL)
        p = cmc_lib_grow(rq->arena, list, sizeof *p);
    if (p == NULL) {
        rq->refs.n -= ref != NULL;
        return (enum cmcl_rc)cmc_lib_no_memory(rq->ctx);
    }
    *p = der;
    *ref = (struct cmc_lib_csr_ref){.form = csr->form, .i = list->n - 1};
    return CMCL_OK;
}

enum cmcl_rc cmcl_request_add_revocation(struct cmcl_request *rq, const void *cert, size_t n,
                                         enum cmcl_reason reason, int64_t invalid_since,
                                         const char *comment)
{
    struct cmcl_context *ctx = rq->ctx;
    struct cmc_slice der = cmc_arena_slice(rq->arena, cmc_lib_octets(cert, n));
    struct cmc_cert decoded = {0};
    struct cmc_revocation *r;
    enum cmc_rc rc;

    if ((int)reason < 0 || (int)reason > CMCL_REASON_AA_COMPROMISE || (int)reason == 7)
        return (enum cmcl_rc)cmc_fail(&ctx->err, CMC_E_USAGE, "RFC 5280 section 5.3.1",
                                      "%d is no reason for a revocation; want 0 to 10 but 7",
                                      (int)reason);
    if (der.p == NULL)
        return (enum cmcl_rc)cmc_lib_no_memory(ctx);
    rc = cmc_decode(&cmc_it_cert, der, rq->arena, &decoded, &ctx->err);
    if (rc != CMC_OK)
        return (enum cmcl_rc)rc;
    if (comment != NULL && (comment = cmc_arena_strdup(rq->arena, comment)) == NULL)
        return (enum cmcl_rc)cmc_lib_no_memory(ctx);
    r = cmc_lib_grow(rq->arena, &rq->revocations, sizeof *r);
    if (r == NULL)
        return (enum cmcl_rc)cmc_lib_no_memory(ctx);
    *r = (struct cmc_revocation){.issuer = decoded.tbs.issuer,
                                 .serial = decoded.tbs.serial,
                                 .reason = (uint32_t)reason,
                                 .invalidity_at = invalid_since,
                                 .comment = comment};
    return CMCL_OK;
}

enum cmcl_rc cmcl_request_set1_data_return(struct cmcl_request *rq, const void *data, size_t n)
{
    struct cmc_slice copy = cmc_arena_slice(rq->arena, cmc_lib_octets(data, n));

    if (copy.p == NULL)
        return (enum cmcl_rc)cmc_lib_no_memory(rq->ctx);
    rq->data_return = copy;
    return CMCL_OK;
}

enum cmcl_rc cmcl_request_set1_secret(struct cmcl_request *rq, const char *identification,
                                      const void *secret, size_t n)
{
    struct cmc_shared_secret s = {.hash = cmc_digest_alg(CMC_DIGEST_SHA256),
                                  .mac = cmc_mac_by_digest(CMC_DIGEST_SHA256),
                                  .link_hash = cmc_digest_alg(CMC_DIGEST_SHA256),
                                  .link_mac = cmc_mac_by_digest(CMC_DIGEST_SHA256)};

    if (n > 0)
        s.secret = cmc_arena_slice(rq->arena, cmc_lib_octets(secret, n));
    if (identification != NULL)
        s.identification = cmc_arena_slice(rq->arena, cmc_slice_str(identification));
    if ((n > 0 && s.secret.p == NULL) || (identification != NULL && s.identification.p == NULL))
        return (enum cmcl_rc)cmc_lib_no_memory(rq->ctx);
    rq->secret = s;
    return CMCL_OK;
}

/* -- who signs --------------------------------------------------------------------------- */

/* Put the certificate with this key first. */
static enum cmc_rc own_first(struct cmcl_request *rq, EVP_PKEY *pkey, struct cmc_slice *certs,
                             size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct cmc_slice der = certs[i];
        struct cmc_cert cert = {0};
        EVP_PKEY *other = NULL;
        bool same;
        enum cmc_rc rc = cmc_decode(&cmc_it_cert, der, rq->arena, &cert, &rq->ctx->err);

        if (rc != CMC_OK)
            return rc;
        if (cmc_spki_key(rq->ctx->crypto, cert.tbs.spki.raw, &other, NULL) != CMC_OK)
            continue; /* a key of a kind that we cannot have is not ours */
        same = EVP_PKEY_eq(other, pkey) == 1;
        EVP_PKEY_free(other);
        if (same) {
            certs[i] = certs[0];
            certs[0] = der;
            return CMC_OK;
        }
    }
    return cmc_fail(&rq->ctx->err, CMC_E_USAGE, NULL,
                    "none of the %zu certificates has the signer's key", n);
}

enum cmcl_rc cmcl_request_set1_signer(struct cmcl_request *rq, const struct cmcl_key *key,
                                      const struct cmcl_certs *certs, enum cmcl_sid sid)
{
    struct cmcl_context *ctx = rq->ctx;
    struct cmc_slice *copy = NULL;
    enum cmc_rc rc = CMC_OK;

    if (sid != CMCL_SID_SKI && (sid != CMCL_SID_ISSUER_SERIAL || certs == NULL))
        return (enum cmcl_rc)cmc_fail(&ctx->err, CMC_E_USAGE, "RFC 10002 section 3.2.1",
                                      "a signer without certificate is named by CMCL_SID_SKI");
    if (certs != NULL && (copy = cmc_lib_copy_certs(rq->arena, certs)) == NULL)
        rc = cmc_lib_no_memory(ctx);
    else if (certs != NULL)
        rc = own_first(rq, key->pkey, copy, certs->n);
    if (rc == CMC_OK && EVP_PKEY_up_ref(key->pkey) != 1)
        rc = cmc_lib_no_memory(ctx);
    if (rc != CMC_OK)
        return (enum cmcl_rc)rc;
    EVP_PKEY_free(rq->signer.key);
    rq->signer = (struct cmc_cms_signer){.key = key->pkey,
                                         .sid = (int)sid,
                                         .cert = copy != NULL ? copy[0] : CMC_SLICE_NONE,
                                         .signing_time = true};
    rq->certs = copy;
    rq->ncerts = certs != NULL ? certs->n : 0;
    return CMCL_OK;
}

/* -- building ---------------------------------------------------------------------------- */

/* Read back which body part ids were given out. */
static enum cmc_rc note_ids(struct cmcl_request *rq)
{
    struct cmc_signed_data sd = {0};
    struct cmc_pkidata body = {0};
    enum cmc_rc rc = cmc_signed_data_open(rq->der, rq->built, &sd, &rq->ctx->err);

    if (rc == CMC_OK)
        rc = cmc_pkidata_open(sd.encap.content, false, rq->built, &body, &rq->ctx->err);
    for (size_t i = 0; rc == CMC_OK && i < body.requests.n; i++) {
        uint32_t *id = cmc_lib_grow(rq->built, &rq->request_ids, sizeof *id);

        if (id == NULL)
            return cmc_lib_no_memory(rq->ctx);
        *id = cmc_tagged_request_id(CMC_AT(struct cmc_tagged_request, body.requests, i));
    }
    for (size_t i = 0; rc == CMC_OK && i < body.controls.n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(struct cmc_tagged_attribute, body.controls, i);
        uint32_t *id;

        if (!cmc_slice_eq(ta->type, cmc_oid_id_cmc_revokeRequest))
            continue;
        id = cmc_lib_grow(rq->built, &rq->revocation_ids, sizeof *id);
        if (id == NULL)
            return cmc_lib_no_memory(rq->ctx);
        *id = ta->body_part_id;
    }
    return rc;
}

static void forget(struct cmcl_request *rq)
{
    cmc_arena_reset(rq->built);
    rq->der = CMC_SLICE_NONE;
    rq->state = (struct cmc_exchange_state){0};
    rq->request_ids = rq->revocation_ids = (struct cmc_list){0};
}

/* Where the signer's key is that of each request, it can sign them with a witness in them. */
static enum cmc_rc link_requests(struct cmcl_request *rq, struct cmc_full_request *full)
{
    size_t n = full->npkcs10 + full->ncrmf;
    struct cmc_slice spki = CMC_SLICE_NONE;
    EVP_PKEY **keys;
    enum cmc_rc rc;

    full->secret = &rq->secret;
    rq->secret.link = CMC_LINK_NONE;
    if (rq->secret.secret.p == NULL)
        return CMC_OK;
    keys = cmc_arena_array(rq->built, n, sizeof *keys);
    if (keys == NULL)
        return cmc_lib_no_memory(rq->ctx);
    rc = cmc_key_spki(rq->signer.key, rq->built, &spki, &rq->ctx->err);
    for (size_t i = 0; rc == CMC_OK && i < n; i++) {
        struct cmc_request one = {0};

        rc = i < full->npkcs10
                 ? cmc_request_from_pkcs10(full->pkcs10[i], rq->built, &one, &rq->ctx->err)
                 : cmc_request_from_crmf(full->crmf[i - full->npkcs10], rq->built, &one,
                                         &rq->ctx->err);
        if (rc == CMC_OK && !cmc_slice_eq(one.spki, spki))
            return CMC_OK;
        keys[i] = rq->signer.key;
    }
    if (rc == CMC_OK && n > 0) {
        full->keys = keys;
        rq->secret.link = CMC_LINK_HASH;
    }
    return rc;
}

enum cmcl_rc cmcl_request_build(struct cmcl_request *rq, const uint8_t **der, size_t *n)
{
    struct cmc_full_request full = {.pkcs10 = rq->pkcs10.v,
                                    .npkcs10 = rq->pkcs10.n,
                                    .crmf = rq->crmf.v,
                                    .ncrmf = rq->crmf.n,
                                    .revocations = rq->revocations.v,
                                    .nrevocations = rq->revocations.n,
                                    .data_return = rq->data_return,
                                    .signer = &rq->signer,
                                    .certs = rq->certs,
                                    .ncerts = rq->ncerts};
    struct cmc_err *err = &rq->ctx->err;
    enum cmc_rc rc = CMC_OK;

    forget(rq);
    if (rq->refs.n + rq->revocations.n == 0)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "the request asks for nothing");
    else if (rq->signer.key == NULL)
        rc = cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 3.2", "the request has no signer");
    rq->signer.time = cmc_lib_now(rq->ctx);
    if (rc == CMC_OK)
        rc = link_requests(rq, &full);
    if (rc == CMC_OK)
        rc = cmc_full_request_create(rq->ctx->crypto, &full, rq->built, &rq->state, &rq->der, err);
    if (rc == CMC_OK)
        rc = note_ids(rq);
    if (rc != CMC_OK)
        forget(rq); /* half a request has no answer */
    *der = cmc_lib_lend(rq->der, n);
    return (enum cmcl_rc)rc;
}

static uint32_t nth(const struct cmc_list *ids, size_t i)
{
    return i < ids->n ? *CMC_AT(uint32_t, *ids, i) : 0;
}

uint32_t cmcl_request_csr_id(const struct cmcl_request *rq, size_t i)
{
    const struct cmc_lib_csr_ref *ref;

    if (i >= rq->refs.n)
        return 0;
    /* In the message, the PKCS#10 requests stand before the CRMF ones. */
    ref = CMC_AT(struct cmc_lib_csr_ref, rq->refs, i);
    return nth(&rq->request_ids, ref->i + (ref->form == CMCL_CRMF ? rq->pkcs10.n : 0));
}

uint32_t cmcl_request_revocation_id(const struct cmcl_request *rq, size_t i)
{
    return nth(&rq->revocation_ids, i);
}
