/* SPDX-License-Identifier: Apache-2.0 */
/* Making SignedData, RFC 5652 section 5. */
#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/der_list.h"
#include "cms/signed_data.h"

/* One signed attribute with one value, whole TLV. */
static enum cmc_rc add_attribute(struct cmc_arena *arena, struct cmc_list *attrs,
                                 struct cmc_slice type, const struct cmc_item *it,
                                 const void *value, struct cmc_err *err)
{
    struct cmc_attribute *a = cmc_list_add(arena, &cmc_it_attributes, attrs, 1);
    struct cmc_slice *v;

    if (a == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a signed attribute");
    a->type = type;
    v = cmc_list_add(arena, &cmc_it_set_any, &a->values, 1);
    if (v == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a signed attribute");
    return cmc_encode_arena(it, value, arena, v, err);
}

/* RFC 5652 section 11: contentType, messageDigest, signingTime. [10002-10-u1] */
static enum cmc_rc signed_attributes(const struct cmc_crypto *c, const struct cmc_cms_content *what,
                                     const struct cmc_cms_signer *s, enum cmc_digest_id digest,
                                     struct cmc_arena *arena, struct cmc_slice *out,
                                     struct cmc_err *err)
{
    uint8_t md[CMC_DIGEST_MAX];
    struct cmc_list attrs = {0};
    struct cmc_slice value;
    enum cmc_rc rc;
    size_t n = 0;

    rc = add_attribute(arena, &attrs, cmc_oid_id_contentType, &cmc_it_oid, &what->type, err);
    if (rc != CMC_OK)
        return rc;
    rc = cmc_digest(c, digest, what->content, md, &n, err);
    if (rc != CMC_OK)
        return rc;
    value = cmc_slice(md, n);
    rc = add_attribute(arena, &attrs, cmc_oid_id_messageDigest, &cmc_it_octet_string, &value, err);
    if (rc == CMC_OK && s->signing_time) {
        value = cmc_time_tlv(arena, s->time);
        rc = add_attribute(arena, &attrs, cmc_oid_id_signingTime, &cmc_it_any, &value, err);
    }
    if (rc != CMC_OK)
        return rc;
    /* The tag of SET OF, as it is signed; the caller makes it [0] to put it in the message. */
    return cmc_encode_arena(&cmc_it_attributes, &attrs, arena, out, err);
}

/* The sid, and the version that follows from it (RFC 5652 section 5.3). */
static enum cmc_rc signer_id(const struct cmc_crypto *c, const struct cmc_cms_signer *s,
                             struct cmc_arena *arena, struct cmc_signer_info *si,
                             struct cmc_err *err)
{
    struct cmc_slice spki;
    struct cmc_cert cert = {0};
    uint8_t *ski;
    enum cmc_rc rc;

    if (s->parsed != NULL) {
        cert = *s->parsed;
    } else if (s->cert.p != NULL) {
        rc = cmc_decode(&cmc_it_cert, s->cert, arena, &cert, err);
        if (rc != CMC_OK)
            return rc;
    }
    si->sid.which = s->sid;
    if (s->sid == CMC_SID_ISSUER_SERIAL) {
        if (s->cert.p == NULL)
            return cmc_fail(err, CMC_E_USAGE, "RFC 5652 section 5.3",
                            "signing by issuerAndSerialNumber needs the signer's certificate");
        si->version = 1;
        si->sid.u.issuer_serial.issuer = cert.tbs.issuer;
        si->sid.u.issuer_serial.serial = cert.tbs.serial;
        return CMC_OK;
    }
    si->version = 3;
    si->sid.u.ski = s->ski;
    if (si->sid.u.ski.p == NULL && s->cert.p != NULL)
        si->sid.u.ski = cmc_cert_ski(&cert, arena);
    if (si->sid.u.ski.p != NULL)
        return CMC_OK;
    ski = cmc_arena_alloc(arena, CMC_SKI_OCTETS);
    if (ski == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key identifier");
    rc = cmc_key_spki(s->key, arena, &spki, err);
    if (rc == CMC_OK)
        rc = cmc_spki_ski(c, spki, ski, err);
    si->sid.u.ski = cmc_slice(ski, CMC_SKI_OCTETS);
    return rc;
}

static const uint8_t der_null[] = {CMC_T_NULL, 0};

/* [10004-5.1-c] */
static enum cmc_rc signer_info(const struct cmc_crypto *c, const struct cmc_cms_content *what,
                               const struct cmc_cms_signer *s, struct cmc_arena *arena,
                               struct cmc_signer_info *si, struct cmc_err *err)
{
    const struct cmc_sig_alg *alg = s->alg != NULL ? s->alg : cmc_sig_default(s->key);
    struct cmc_slice attrs;
    uint8_t *tagged;
    enum cmc_rc rc;

    if (alg == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL, "a key of type %s cannot sign",
                        EVP_PKEY_get0_type_name(s->key));
    rc = signer_id(c, s, arena, si, err);
    if (rc == CMC_OK)
        rc = signed_attributes(c, what, s, alg->digest, arena, &attrs, err);
    if (rc == CMC_OK)
        rc = cmc_sign(c, s->key, alg, attrs, arena, &si->signature, err);
    if (rc == CMC_OK)
        rc = cmc_sig_algid(alg, arena, &si->signature_algorithm, err);
    if (rc != CMC_OK)
        return rc;
    cmc_digest_algid(alg->digest, &si->digest_algorithm);
    if (s->digest_null)
        si->digest_algorithm.parameters = cmc_slice(der_null, sizeof der_null);
    tagged = cmc_arena_dup(arena, attrs.p, attrs.n);
    if (tagged == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for signed attributes");
    tagged[0] = 0xa0; /* [0] IMPLICIT */
    si->signed_attrs = cmc_slice(tagged, attrs.n);
    return CMC_OK;
}

/* Copy whole TLVs into a list that is absent when there are none. */
/* Each digest algorithm of the signers once. */
static enum cmc_rc add_digest(struct cmc_arena *arena, struct cmc_list *list,
                              const struct cmc_algid *id, struct cmc_err *err)
{
    struct cmc_algid *to;

    for (size_t i = 0; i < list->n; i++) {
        if (cmc_slice_eq(CMC_AT(struct cmc_algid, *list, i)->algorithm, id->algorithm))
            return CMC_OK;
    }
    /* The element type is what matters to cmc_list_add(): the list of SignedData is private. */
    to = cmc_arena_array(arena, list->n + 1, sizeof *to);
    if (to == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a digest algorithm");
    if (list->n > 0)
        memcpy(to, list->v, list->n * sizeof *to);
    to[list->n] = *id;
    list->v = to;
    list->n++;
    return CMC_OK;
}

static enum cmc_rc wrap(struct cmc_signed_data *sd, struct cmc_arena *arena, struct cmc_slice *out,
                        struct cmc_err *err)
{
    struct cmc_content_info ci = {.content_type = cmc_oid_id_signedData};
    enum cmc_rc rc;

    /* A SET OF that must be there though it is empty. */
    if (sd->digest_algorithms.v == NULL)
        sd->digest_algorithms.v = sd;
    if (sd->signer_infos.v == NULL)
        sd->signer_infos.v = sd;
    rc = cmc_encode_arena(&cmc_it_signed_data, sd, arena, &ci.content, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_content_info, &ci, arena, out, err);
    return rc;
}

enum cmc_rc cmc_signed_data_create(const struct cmc_crypto *c, const struct cmc_cms_content *what,
                                   const struct cmc_cms_signer *signers, size_t nsigners,
                                   struct cmc_arena *arena, struct cmc_slice *out,
                                   struct cmc_err *err)
{
    /* RFC 5652 section 5.1: version 3 because the content is not id-data. */
    struct cmc_signed_data sd = {.version = 3, .encap = {what->type, what->content}};
    enum cmc_rc rc = CMC_OK;

    if (nsigners > 0) {
        sd.signer_infos.v = cmc_arena_array(arena, nsigners, sizeof(struct cmc_signer_info));
        sd.signer_infos.n = nsigners;
        if (sd.signer_infos.v == NULL)
            return cmc_fail(err, CMC_E_MEM, NULL, "no memory for %zu signers", nsigners);
    }
    for (size_t i = 0; i < nsigners && rc == CMC_OK; i++) {
        struct cmc_signer_info *si = CMC_AT(struct cmc_signer_info, sd.signer_infos, i);

        rc = signer_info(c, what, &signers[i], arena, si, err);
        if (rc == CMC_OK)
            rc = add_digest(arena, &sd.digest_algorithms, &si->digest_algorithm, err);
    }
    if (rc == CMC_OK)
        rc = cmc_cms_add_der(arena, &sd.certs, what->certs, what->ncerts, err);
    if (what->certs_present && sd.certs.v == NULL)
        sd.certs.v = &sd; /* there, and empty */
    if (rc == CMC_OK)
        rc = cmc_cms_add_der(arena, &sd.crls, what->crls, what->ncrls, err);
    if (rc == CMC_OK)
        rc = wrap(&sd, arena, out, err);
    return rc;
}

/* RFC 5652 section 5.4: what is there stays; a signature covers the content, not the others. */
enum cmc_rc cmc_signed_data_add_signer(const struct cmc_crypto *c, const struct cmc_signed_data *of,
                                       const struct cmc_cms_signer *signer, bool alone,
                                       const struct cmc_slice *certs, size_t ncerts,
                                       struct cmc_arena *arena, struct cmc_slice *out,
                                       struct cmc_err *err)
{
    struct cmc_signed_data sd = *of;
    const struct cmc_cms_content what = {.type = of->encap.type, .content = of->encap.content};
    size_t before = alone ? 0 : of->signer_infos.n;
    struct cmc_signer_info *infos = cmc_arena_array(arena, before + 1, sizeof *infos);
    enum cmc_rc rc;

    if (infos == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for another signer");
    if (of->encap.content.p == NULL)
        return cmc_fail(err, CMC_E_INPUT, "RFC 5652 section 5.2",
                        "the SignedData has no content that could be signed");
    if (before + 1 > CMC_LIMIT_CMS_SIGNERS)
        return cmc_fail(err, CMC_E_LIMIT, NULL, "%zu signers already; CMC_LIMIT_CMS_SIGNERS is %u",
                        before, CMC_LIMIT_CMS_SIGNERS);
    if (before > 0)
        memcpy(infos, of->signer_infos.v, before * sizeof *infos);
    if (alone)
        sd.digest_algorithms = (struct cmc_list){0};
    rc = signer_info(c, &what, signer, arena, &infos[before], err);
    if (rc == CMC_OK)
        rc = add_digest(arena, &sd.digest_algorithms, &infos[before].digest_algorithm, err);
    for (size_t i = 0; rc == CMC_OK && i < ncerts; i++) {
        bool there = false;

        for (size_t k = 0; k < sd.certs.n; k++)
            there |= cmc_slice_eq(*CMC_AT(const struct cmc_slice, sd.certs, k), certs[i]);
        if (!there)
            rc = cmc_cms_add_der(arena, &sd.certs, &certs[i], 1, err);
    }
    sd.signer_infos.v = infos;
    sd.signer_infos.n = before + 1;
    return rc == CMC_OK ? wrap(&sd, arena, out, err) : rc;
}

/* [10002-4.1-u1, 10002-3.2.1.3.4-u1, 10004-5-c] */
enum cmc_rc cmc_certs_only_create(const struct cmc_slice *certs, size_t ncerts,
                                  const struct cmc_slice *crls, size_t ncrls,
                                  struct cmc_arena *arena, struct cmc_slice *out,
                                  struct cmc_err *err)
{
    struct cmc_signed_data sd = {.version = 1, .encap = {.type = cmc_oid_id_data}};
    enum cmc_rc rc;

    rc = cmc_cms_add_der(arena, &sd.certs, certs, ncerts, err);
    if (rc == CMC_OK)
        rc = cmc_cms_add_der(arena, &sd.crls, crls, ncrls, err);
    if (rc == CMC_OK)
        rc = wrap(&sd, arena, out, err);
    return rc;
}
