/* SPDX-License-Identifier: Apache-2.0 */
/* The CMS around a PKIData, as Dogtag's CA wants it. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/signed_data.h"
#include "dogtag/request.h"

/* The kind of key alone decides, and the digest is SHA-256. */
static const struct cmc_sig_alg *dogtag_alg(EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "RSA") == 1)
        return cmc_sig_find(CMC_SIG_RSA_PKCS1, CMC_DIGEST_SHA256);
    if (EVP_PKEY_is_a(key, "EC") == 1)
        return cmc_sig_find(CMC_SIG_ECDSA, CMC_DIGEST_SHA256);
    return cmc_sig_default(key);
}

enum cmc_rc dog_envelope(struct dog *d, const struct dog_envelope *e, struct cmc_slice pkidata,
                         struct cmc_slice *out)
{
    struct cmc_cms_signer signer = {
        .key = e->key,
        .alg = e->alg,
        .sid = e->cert.p != NULL ? CMC_SID_ISSUER_SERIAL : CMC_SID_SKI,
        .cert = e->cert,
        .ski = e->ski,
        .digest_null = !e->rfc,
    };
    const struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData,
                                         .content = pkidata,
                                         .certs = e->certs,
                                         .ncerts = e->ncerts,
                                         .certs_present = !e->rfc};

    if (signer.alg == NULL && !e->rfc)
        signer.alg = dogtag_alg(e->key);
    return cmc_signed_data_create(d->crypto, &what, &signer, 1, d->arena, out, &d->err);
}

/* A revocation by shared secret: Dogtag puts the PKIData into id-data, bare. */
static enum cmc_rc unsigned_message(struct dog_request *rq, struct cmc_slice pkidata,
                                    struct cmc_slice *out)
{
    struct dog *d = rq->d;
    const struct cmc_cms_content what = {.type = cmc_oid_id_cct_PKIData, .content = pkidata};
    struct cmc_content_info ci = {.content_type = cmc_oid_id_data};
    enum cmc_rc rc;

    if (rq->rfc)
        return cmc_signed_data_create(d->crypto, &what, NULL, 0, d->arena, out, &d->err);
    rc = cmc_encode_arena(&cmc_it_octet_string, &pkidata, d->arena, &ci.content, &d->err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_content_info, &ci, d->arena, out, &d->err);
    return rc;
}

/* What the key of the request signs must be a request for that key. */
static enum cmc_rc check_own_key(struct dog_request *rq, const struct cmc_request *request)
{
    struct dog *d = rq->d;
    struct cmc_slice own = CMC_SLICE_NONE, asked = CMC_SLICE_NONE;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_spki_key(d->crypto, request->spki, &key, &d->err);

    if (rc == CMC_OK)
        rc = cmc_key_spki(key, d->arena, &asked, &d->err);
    if (rc == CMC_OK)
        rc = cmc_key_spki(rq->own, d->arena, &own, &d->err);
    if (rc == CMC_OK && !cmc_slice_eq(own, asked))
        rc = dog_usage(d, "request.privKeyId=%s is not the key of the request in %s",
                       dog_config_get(rq->cfg, "request.privKeyId"),
                       rq->inputs[rq->ninputs - 1].path);
    EVP_PKEY_free(key);
    return rc;
}

enum cmc_rc dog_request_envelope(struct dog_request *rq, bool signed_, struct cmc_slice *out)
{
    struct dog *d = rq->d;
    struct dog_envelope e = {.rfc = rq->rfc};
    struct cmc_slice pkidata;
    enum cmc_rc rc = cmc_pkidata_encode(d->arena, &rq->body, &pkidata, &d->err);

    if (rc != CMC_OK)
        return rc;
    if (!signed_)
        return unsigned_message(rq, pkidata, out);
    if (!rq->self_signed || rq->ninputs == 0) {
        e.key = rq->signer.key;
        e.cert = rq->signer.cert;
        e.certs = rq->signer.chain;
        e.ncerts = rq->signer.nchain;
        return dog_envelope(d, &e, pkidata, out);
    }
    rc = dog_request_own_key(rq, "the key of the request, which signs the message");
    if (rc == CMC_OK)
        rc = dog_request_ski(rq, &rq->inputs[rq->ninputs - 1].rq, &e.ski);
    if (rc == CMC_OK)
        rc = check_own_key(rq, &rq->inputs[rq->ninputs - 1].rq);
    e.key = rq->own;
    return rc == CMC_OK ? dog_envelope(d, &e, pkidata, out) : rc;
}

/* -- test_cmc ---------------------------------------------------------------------------- */

enum cmc_rc dog_request_resign(struct dog_request *rq, const char *path, struct cmc_slice *out)
{
    struct dog *d = rq->d;
    struct cmc_signed_data sd = {0};
    struct dog_envelope e = {.rfc = rq->rfc};
    const struct cmc_signer_info *si;
    struct cmc_slice file;
    enum cmc_rc rc = dog_read(d, path, &file);

    if (rc == CMC_OK)
        rc = cmc_signed_data_open(file, d->arena, &sd, &d->err);
    if (rc == CMC_OK &&
        (sd.encap.content.p == NULL || !cmc_slice_eq(sd.encap.type, cmc_oid_id_cct_PKIData)))
        rc = cmc_fail(&d->err, CMC_E_INPUT, NULL, "the message holds no PKIData to sign");
    if (rc != CMC_OK) {
        cmc_err_prefix(&d->err, "%s", path);
        return rc;
    }
    if (rq->signer.key != NULL) {
        e.key = rq->signer.key;
        e.cert = rq->signer.cert;
        e.certs = rq->signer.chain;
        e.ncerts = rq->signer.nchain;
        return dog_envelope(d, &e, sd.encap.content, out);
    }
    /* The old name of the signer stays, whatever key signs now: this is for negative tests. */
    if (sd.signer_infos.n != 1)
        return dog_usage(d, "%s: %zu signers; want one, or give 'nickname'", path,
                         sd.signer_infos.n);
    si = CMC_AT(const struct cmc_signer_info, sd.signer_infos, 0);
    rc = dog_request_own_key(rq, "the key to sign with, when there is no 'nickname'");
    if (rc != CMC_OK)
        return rc;
    e.key = rq->own;
    e.certs = sd.certs.v;
    e.ncerts = sd.certs.n;
    if (si->sid.which == CMC_SID_SKI) {
        e.ski = si->sid.u.ski;
    } else {
        size_t i = cmc_signer_find_cert(&sd, 0, e.certs, e.ncerts, d->arena);

        if (i == SIZE_MAX)
            return dog_usage(d, "%s: the signer's certificate is not in the message", path);
        e.cert = e.certs[i];
    }
    return dog_envelope(d, &e, sd.encap.content, out);
}
