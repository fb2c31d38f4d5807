/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/check.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request.h"

const char *tool_oid(struct tool *t, struct cmc_slice oid)
{
    const char *name = cmc_oid_name(oid);
    char dotted[256];
    char *copy;

    if (name != NULL)
        return name;
    copy = cmc_arena_strdup(t->arena, cmc_oid_text(oid, dotted, sizeof dotted));
    return copy != NULL ? copy : "?";
}

/* -- the signer's key -------------------------------------------------------------------- */

static struct cmc_slice asked_ski(struct tool *t, const struct cmc_request *rq)
{
    const struct cmc_extension *e =
        cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectKeyIdentifier);
    struct cmc_slice ski = CMC_SLICE_NONE;

    if (e == NULL || cmc_decode(&cmc_it_octet_string, e->value, t->arena, &ski, NULL) != CMC_OK)
        return CMC_SLICE_NONE;
    return ski;
}

/* RFC 10002 section 3.2.1: a request may be signed with the key that it asks to certify. */
static bool own_key(struct tool *t, const struct cmc_signed_data *sd,
                    const struct cmc_signer_info *si, struct tool_check *out, EVP_PKEY **key)
{
    struct cmc_pkidata body = {0};

    if (si->sid.which != CMC_SID_SKI || !cmc_slice_eq(sd->encap.type, cmc_oid_id_cct_PKIData) ||
        cmc_decode(&cmc_it_pkidata, sd->encap.content, t->arena, &body, NULL) != CMC_OK)
        return false;
    for (size_t i = 0; i < body.requests.n; i++) {
        const struct cmc_tagged_request *tr = CMC_AT(struct cmc_tagged_request, body.requests, i);
        struct cmc_request rq = {0};

        if (cmc_request_from_tagged(tr, t->arena, &rq, NULL) != CMC_OK ||
            !cmc_slice_eq(asked_ski(t, &rq), si->sid.u.ski) ||
            cmc_spki_key(t->crypto, rq.spki, key, NULL) != CMC_OK)
            continue;
        out->own_key = true;
        out->request_id = rq.body_part_id;
        return true;
    }
    return false;
}

static bool from_cert(struct tool *t, struct cmc_slice der, struct tool_check *out, EVP_PKEY **key)
{
    struct cmc_cert cert = {0};

    if (cmc_decode(&cmc_it_cert, der, t->arena, &cert, NULL) != CMC_OK)
        return false;
    out->cert = der;
    return cmc_spki_key(t->crypto, cert.tbs.spki.raw, key, &out->signature.err) == CMC_OK;
}

static bool find_key(struct tool *t, const struct cmc_signed_data *sd, size_t i,
                     const struct cmc_slice *certs, size_t ncerts, struct tool_check *out,
                     EVP_PKEY **key)
{
    size_t k = cmc_signer_find_cert(sd, i, sd->certs.v, sd->certs.n, t->arena);

    if (k != SIZE_MAX)
        return from_cert(t, *CMC_AT(struct cmc_slice, sd->certs, k), out, key);
    k = cmc_signer_find_cert(sd, i, certs, ncerts, t->arena);
    if (k != SIZE_MAX)
        return from_cert(t, certs[k], out, key);
    return own_key(t, sd, CMC_AT(struct cmc_signer_info, sd->signer_infos, i), out, key);
}

/* -- stages ------------------------------------------------------------------------------ */

static void name_signer(struct tool *t, const struct cmc_signer_info *si, struct tool_check *out)
{
    if (si->sid.which == CMC_SID_SKI) {
        out->ski = si->sid.u.ski;
    } else {
        out->issuer = si->sid.u.issuer_serial.issuer;
        out->serial = si->sid.u.issuer_serial.serial;
    }
    out->digest_alg = tool_oid(t, si->digest_algorithm.algorithm);
    out->signature_alg = tool_oid(t, si->signature_algorithm.algorithm);
}

void tool_check_signer(struct tool *t, const struct cmc_signed_data *sd, size_t i,
                       const struct cmc_slice *certs, size_t ncerts, bool allow_weak,
                       struct tool_check *out)
{
    const struct cmc_signer_info *si = CMC_AT(struct cmc_signer_info, sd->signer_infos, i);
    EVP_PKEY *key = NULL;

    *out = (struct tool_check){0};
    name_signer(t, si, out);
    out->digest.rc =
        cmc_signer_check_digest(t->crypto, sd, i, allow_weak, t->arena, &out->digest.err);
    out->content_type.rc = cmc_signer_check_content_type(sd, i, t->arena, &out->content_type.err);
    if (find_key(t, sd, i, certs, ncerts, out, &key))
        out->signature.rc = cmc_signer_check_signature(t->crypto, sd, i, key, allow_weak, t->arena,
                                                       &out->signature.err);
    else if (out->cert.p != NULL)
        out->signature.rc = out->signature.err.rc != CMC_OK ? out->signature.err.rc : CMC_E_INPUT;
    else
        out->signature.rc = cmc_fail(&out->signature.err, CMC_E_NOTFOUND, NULL,
                                     "the signer's certificate is not in the message");
    EVP_PKEY_free(key);
}

enum cmc_rc tool_check_pop(struct tool *t, const struct cmc_tagged_request *tr, bool allow_weak,
                           struct cmc_err *err)
{
    struct cmc_request rq = {0};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_request_from_tagged(tr, t->arena, &rq, err);

    if (rc == CMC_OK)
        rc = cmc_spki_key(t->crypto, rq.spki, &key, err);
    if (rc == CMC_OK)
        rc = cmc_request_check_pop(t->crypto, &rq, key, allow_weak, t->arena, err);
    EVP_PKEY_free(key);
    return rc;
}
