/* SPDX-License-Identifier: Apache-2.0 */
/* Making certification requests, with proof of possession by signature or by challenge. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request_int.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a certification request");
}

static const struct cmc_sig_alg *pick_alg(const struct cmc_request_params *p, struct cmc_err *err)
{
    const struct cmc_sig_alg *alg = p->alg != NULL ? p->alg : cmc_sig_default(p->key);

    if (alg == NULL)
        (void)cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot sign its own request",
                       EVP_PKEY_get0_type_name(p->key));
    return alg;
}

enum cmc_rc cmc_sign_bits(const struct cmc_crypto *c, EVP_PKEY *key, const struct cmc_sig_alg *alg,
                          struct cmc_slice octets, struct cmc_arena *arena, struct cmc_slice *out,
                          struct cmc_err *err)
{
    struct cmc_slice sig;
    enum cmc_rc rc = cmc_sign(c, key, alg, octets, arena, &sig, err);
    uint8_t *bits;

    if (rc != CMC_OK)
        return rc;
    bits = cmc_arena_alloc(arena, sig.n + 1);
    if (bits == NULL)
        return no_memory(err);
    memcpy(bits + 1, sig.p, sig.n);
    *out = cmc_slice(bits, sig.n + 1);
    return CMC_OK;
}

static enum cmc_rc extension_list(const struct cmc_request_params *p, struct cmc_arena *arena,
                                  struct cmc_list *out, struct cmc_err *err)
{
    struct cmc_extension *e;

    if (p->nexts == 0)
        return CMC_OK;
    e = cmc_list_add(arena, &cmc_it_extensions, out, p->nexts);
    if (e == NULL)
        return no_memory(err);
    memcpy(e, p->exts, p->nexts * sizeof *e);
    return CMC_OK;
}

/* The attributes of a PKCS#10: ExtensionReq first, then the caller's. [10002-A-p, 10002-A-u] */
static enum cmc_rc attribute_list(const struct cmc_request_params *p, struct cmc_arena *arena,
                                  struct cmc_list *out, struct cmc_err *err)
{
    struct cmc_list exts = {0};
    struct cmc_attribute *a;
    struct cmc_slice *value;
    enum cmc_rc rc;

    /* RFC 2986: the attributes are there though they may be empty. */
    a = cmc_list_add(arena, &cmc_it_attributes, out, p->nattrs + (p->nexts > 0));
    if (a == NULL)
        return no_memory(err);
    if (p->nexts > 0) {
        rc = extension_list(p, arena, &exts, err);
        if (rc != CMC_OK)
            return rc;
        a->type = cmc_oid_id_extensionRequest;
        value = cmc_list_add(arena, &cmc_it_set_any, &a->values, 1);
        if (value == NULL)
            return no_memory(err);
        rc = cmc_encode_arena(&cmc_it_extensions, &exts, arena, value, err);
        if (rc != CMC_OK)
            return rc;
        a++;
    }
    if (p->nattrs > 0)
        memcpy(a, p->attrs, p->nattrs * sizeof *a);
    return CMC_OK;
}

/*
 * RFC 10002 appendix C: id-alg-noSignature with NULL, and the SHA-1 of what would be signed. The
 * module of RFC 6402 puts it into the BIT STRING as a DER OCTET STRING. It protects nothing.
 * [10002-C.1-a, 10002-C.1-b, 10002-C.1-u1]
 * [10002-A-ao]
 */
enum cmc_rc cmc_no_signature(const struct cmc_crypto *c, struct cmc_slice octets,
                             struct cmc_arena *arena, struct cmc_algid *alg, struct cmc_slice *bits,
                             struct cmc_err *err)
{
    static const uint8_t null[] = {CMC_T_NULL, 0};
    uint8_t md[CMC_DIGEST_MAX];
    struct cmc_slice digest = {md, 0}, der;
    enum cmc_rc rc = cmc_digest(c, CMC_DIGEST_SHA1, octets, md, &digest.n, err);
    uint8_t *p;

    *alg = (struct cmc_algid){.algorithm = cmc_oid_id_alg_noSignature,
                              .parameters = cmc_slice(null, sizeof null)};
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_octet_string, &digest, arena, &der, err);
    if (rc != CMC_OK)
        return rc;
    p = cmc_arena_alloc(arena, der.n + 1);
    if (p == NULL)
        return no_memory(err);
    memcpy(p + 1, der.p, der.n);
    *bits = cmc_slice(p, der.n + 1);
    return CMC_OK;
}

/* [10002-3.2.1.2.1-a, 10002-3.2.1.2.1-c] */
enum cmc_rc cmc_pkcs10_create(const struct cmc_crypto *c, const struct cmc_request_params *p,
                              struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    bool other = p->no_signature || p->prove != NULL;
    const struct cmc_sig_alg *alg = other ? NULL : pick_alg(p, err);
    struct cmc_csr csr = {.info.subject = p->subject};
    enum cmc_rc rc;

    if (alg == NULL && !other)
        return CMC_E_USAGE;
    rc = cmc_key_spki(p->key, arena, &csr.info.spki.raw, err);
    if (rc == CMC_OK)
        rc = attribute_list(p, arena, &csr.info.attributes, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_csr_info, &csr.info, arena, &csr.info.raw, err);
    if (rc == CMC_OK && p->prove != NULL)
        rc = p->prove(p->prove_arg, p->key, csr.info.raw, arena, &csr.signature_algorithm,
                      &csr.signature, err);
    else if (rc == CMC_OK && alg == NULL)
        rc =
            cmc_no_signature(c, csr.info.raw, arena, &csr.signature_algorithm, &csr.signature, err);
    if (rc == CMC_OK && alg != NULL)
        rc = cmc_sign_bits(c, p->key, alg, csr.info.raw, arena, &csr.signature, err);
    if (rc == CMC_OK && alg != NULL)
        rc = cmc_sig_algid(alg, arena, &csr.signature_algorithm, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_csr, &csr, arena, out, err);
    return rc;
}

static enum cmc_rc control_list(const struct cmc_request_params *p, struct cmc_arena *arena,
                                struct cmc_list *out, struct cmc_err *err)
{
    struct cmc_atv *atv;

    if (p->ncontrols == 0 && !p->dogtag)
        return CMC_OK;
    atv = cmc_list_add(arena, &cmc_it_crmf_controls, out, p->ncontrols);
    if (atv == NULL)
        return no_memory(err);
    if (p->ncontrols > 0)
        memcpy(atv, p->controls, p->ncontrols * sizeof *atv);
    return CMC_OK;
}

/* The CertRequest of a message: what its POP covers.
 * [10002-3.2.1.2.2-a, 10002-3.2.1.2.2-b, 10002-3.2.1.2.2-e, 10004-5.3-a, 10004-5.3-u1]
 * [10002-3.2.1.2.2-c] */
static enum cmc_rc cert_request(const struct cmc_request_params *p, struct cmc_arena *arena,
                                struct cmc_spki *spki, struct cmc_cert_request *out,
                                struct cmc_err *err)
{
    static const uint8_t v3[] = {2};
    struct cmc_slice der;
    enum cmc_rc rc;

    if (p->subject.p == NULL)
        return cmc_fail(err, CMC_E_BUG, "RFC 10002 section 3.2.1.2.2", "CRMF without a subject");
    out->cert_req_id = p->cert_req_id;
    out->tmpl.subject = p->subject;
    out->tmpl.spki = spki;
    if (p->dogtag)
        out->tmpl.version = cmc_slice(v3, sizeof v3);
    rc = cmc_key_spki(p->key, arena, &der, err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_spki, der, arena, spki, err);
    if (rc == CMC_OK)
        rc = extension_list(p, arena, &out->tmpl.extensions, err);
    if (rc == CMC_OK)
        rc = control_list(p, arena, &out->controls, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_cert_request, out, arena, &out->raw, err);
    return rc;
}

/* [10002-3.2.1.2.2-g, 10002-3.2.1.2.2-h, 10002-3.2.1.2.2-f, 10004-5-f] [10004-5.1-ad] */
enum cmc_rc cmc_crmf_create(const struct cmc_crypto *c, const struct cmc_request_params *p,
                            struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_sig_alg *alg = NULL;
    struct cmc_pop pop = {.which = CMC_POP_SIGNATURE};
    struct cmc_cert_req_msg msg = {0};
    struct cmc_spki spki = {0};
    enum cmc_rc rc;

    if (p->prove != NULL) {
        msg.pop = &pop;
    } else if (p->no_signature) {
        pop.which = EVP_PKEY_is_a(p->key, "RSA") == 1 ? CMC_POP_KEY_ENC : CMC_POP_KEY_AGREE;
        pop.u.priv_key.which = CMC_POPK_SUBSEQUENT_MESSAGE;
        pop.u.priv_key.u.subsequent = 1; /* challengeResp */
        msg.pop = &pop;
    } else if (!p->no_pop) {
        alg = pick_alg(p, err);
        if (alg == NULL)
            return CMC_E_USAGE;
        msg.pop = &pop;
    }
    rc = cert_request(p, arena, &spki, &msg.request, err);
    if (rc == CMC_OK && p->prove != NULL)
        rc = p->prove(p->prove_arg, p->key, msg.request.raw, arena, &pop.u.signature.algorithm,
                      &pop.u.signature.signature, err);
    if (rc == CMC_OK && alg != NULL)
        rc = cmc_sign_bits(c, p->key, alg, msg.request.raw, arena, &pop.u.signature.signature, err);
    if (rc == CMC_OK && alg != NULL)
        rc = cmc_sig_algid(alg, arena, &pop.u.signature.algorithm, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_cert_req_msg, &msg, arena, out, err);
    return rc;
}
