/* SPDX-License-Identifier: Apache-2.0 */
/* Reading SignedData and verifying it in stages, RFC 5652 section 5. */
#include <openssl/crypto.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/signed_data.h"

static enum cmc_rc bad_check(struct cmc_err *err, enum cmc_rc rc, const char *clause,
                             const char *text)
{
    return cmc_fail_info(err, rc, CMC_FAIL_BAD_MESSAGE_CHECK, clause, "%s", text);
}

enum cmc_rc cmc_signed_data_read(const struct cmc_content_info *ci, struct cmc_arena *arena,
                                 struct cmc_signed_data *out, struct cmc_err *err)
{
    enum cmc_rc rc;

    memset(out, 0, sizeof *out);
    if (!cmc_slice_eq(ci->content_type, cmc_oid_id_signedData)) {
        const char *name = cmc_oid_name(ci->content_type);

        rc = cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 3.2",
                      "the message is %s where SignedData is due",
                      name != NULL ? name : "of an unknown content type");
    } else if (ci->content.p == NULL) {
        rc = cmc_fail(err, CMC_E_INPUT, "RFC 5652 section 3", "ContentInfo without content");
    } else {
        rc = cmc_decode_part(&cmc_it_signed_data, ci->content, arena, out, err);
    }
    if (rc == CMC_E_INPUT && err != NULL)
        err->fail_info = CMC_FAIL_BAD_REQUEST;
    return rc;
}

enum cmc_rc cmc_signed_data_open(struct cmc_slice der, struct cmc_arena *arena,
                                 struct cmc_signed_data *out, struct cmc_err *err)
{
    struct cmc_content_info ci = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_content_info, der, arena, &ci, err);

    if (rc == CMC_OK)
        return cmc_signed_data_read(&ci, arena, out, err);
    memset(out, 0, sizeof *out);
    if (rc == CMC_E_INPUT && err != NULL)
        err->fail_info = CMC_FAIL_BAD_REQUEST;
    return rc;
}

bool cmc_is_certs_only(const struct cmc_signed_data *sd)
{
    return sd->signer_infos.n == 0 && sd->encap.content.n == 0;
}

/* The signed attributes as they were signed: with the tag of SET OF. [10002-10-u1] */
static enum cmc_rc signed_octets(const struct cmc_signer_info *si, struct cmc_arena *arena,
                                 struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t *p;

    if (si->signed_attrs.p == NULL)
        return bad_check(err, CMC_E_INPUT, "RFC 5652 section 5.3",
                         "SignerInfo without signed attributes; they are mandatory here");
    p = cmc_arena_dup(arena, si->signed_attrs.p, si->signed_attrs.n);
    if (p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for signed attributes");
    p[0] = CMC_T_SET | 0x20;
    *out = cmc_slice(p, si->signed_attrs.n);
    return CMC_OK;
}

/* The one value of the one signed attribute of this type. */
static enum cmc_rc signed_attribute(const struct cmc_signer_info *si, struct cmc_slice type,
                                    const struct cmc_item *it, struct cmc_arena *arena,
                                    struct cmc_slice *value, struct cmc_err *err)
{
    const char *name = cmc_oid_name(type);
    const struct cmc_attribute *found = NULL;
    struct cmc_list attrs = {0};
    struct cmc_slice octets;
    enum cmc_rc rc;

    rc = signed_octets(si, arena, &octets, err);
    if (rc != CMC_OK)
        return rc;
    rc = cmc_decode_part(&cmc_it_attributes, octets, arena, &attrs, err);
    if (rc != CMC_OK) {
        if (err != NULL)
            err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK;
        return rc;
    }
    for (size_t i = 0; i < attrs.n; i++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, attrs, i);

        if (!cmc_slice_eq(a->type, type))
            continue;
        if (found != NULL)
            return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_MESSAGE_CHECK,
                                 "RFC 5652 section 11", "signed attribute %s is there twice", name);
        found = a;
    }
    if (found == NULL || found->values.n != 1)
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_MESSAGE_CHECK, "RFC 5652 section 11",
                             "signed attribute %s %s", name,
                             found == NULL ? "is missing" : "must have exactly one value");
    rc = cmc_decode(it, *CMC_AT(const struct cmc_slice, found->values, 0), arena, value, err);
    if (rc != CMC_OK && err != NULL)
        err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK;
    return rc;
}

static const struct cmc_signer_info *signer(const struct cmc_signed_data *sd, size_t i)
{
    return CMC_AT(const struct cmc_signer_info, sd->signer_infos, i);
}

static enum cmc_rc digest_algorithm(const struct cmc_signer_info *si, bool allow_weak,
                                    const struct cmc_digest_alg **out, struct cmc_err *err)
{
    *out = cmc_digest_by_oid(si->digest_algorithm.algorithm);
    if (*out == NULL)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10002 section 6.1.3",
                             "digestAlgorithm of the SignerInfo is not known here");
    if ((*out)->weak && !allow_weak)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10002 section 6.1.3",
                             "digestAlgorithm %s is not accepted; use SHA-256 or better",
                             (*out)->name);
    return CMC_OK;
}

enum cmc_rc cmc_signer_check_digest(const struct cmc_crypto *c, const struct cmc_signed_data *sd,
                                    size_t i, bool allow_weak, struct cmc_arena *arena,
                                    struct cmc_err *err)
{
    const struct cmc_digest_alg *d;
    uint8_t md[CMC_DIGEST_MAX];
    struct cmc_slice value = CMC_SLICE_NONE;
    enum cmc_rc rc;
    size_t n = 0;

    rc = digest_algorithm(signer(sd, i), allow_weak, &d, err);
    if (rc != CMC_OK)
        return rc;
    if (sd->encap.content.p == NULL)
        return bad_check(err, CMC_E_INPUT, "RFC 5652 section 5.2",
                         "signed, but there is no eContent");
    rc = signed_attribute(signer(sd, i), cmc_oid_id_messageDigest, &cmc_it_octet_string, arena,
                          &value, err);
    if (rc == CMC_OK)
        rc = cmc_digest(c, d->id, sd->encap.content, md, &n, err);
    if (rc != CMC_OK)
        return rc;
    if (value.n != n || CRYPTO_memcmp(value.p, md, n) != 0)
        return bad_check(err, CMC_E_CRYPTO, "RFC 5652 section 5.6",
                         "the message digest does not match the content: it was changed on the "
                         "way, or signed wrongly");
    return CMC_OK;
}

enum cmc_rc cmc_signer_check_content_type(const struct cmc_signed_data *sd, size_t i,
                                          struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_slice value = CMC_SLICE_NONE;
    enum cmc_rc rc;

    rc = signed_attribute(signer(sd, i), cmc_oid_id_contentType, &cmc_it_oid, arena, &value, err);
    if (rc != CMC_OK)
        return rc;
    if (!cmc_slice_eq(value, sd->encap.type))
        return bad_check(err, CMC_E_CRYPTO, "RFC 5652 section 11.1",
                         "the contentType attribute differs from the type of the content");
    return CMC_OK;
}

/* [10004-5.1-a] */
enum cmc_rc cmc_signer_check_signature(const struct cmc_crypto *c, const struct cmc_signed_data *sd,
                                       size_t i, EVP_PKEY *key, bool allow_weak,
                                       struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_signer_info *si = signer(sd, i);
    const struct cmc_digest_alg *d;
    const struct cmc_sig_alg *alg;
    struct cmc_slice octets;
    enum cmc_rc rc;

    rc = digest_algorithm(si, allow_weak, &d, err);
    if (rc == CMC_OK)
        rc = cmc_sig_from_algid(&si->signature_algorithm, d->id, allow_weak, arena, &alg, err);
    if (rc == CMC_OK)
        rc = signed_octets(si, arena, &octets, err);
    if (rc == CMC_OK)
        rc = cmc_verify(c, key, alg, octets, si->signature, err);
    return rc;
}

struct cmc_slice cmc_cert_ski(const struct cmc_cert *cert, struct cmc_arena *arena)
{
    const struct cmc_extension *e =
        cmc_extension_find(&cert->tbs.extensions, cmc_oid_id_ce_subjectKeyIdentifier);
    struct cmc_slice ski = CMC_SLICE_NONE;

    if (e == NULL || cmc_decode(&cmc_it_octet_string, e->value, arena, &ski, NULL) != CMC_OK)
        return CMC_SLICE_NONE;
    return ski;
}

size_t cmc_signer_find_cert(const struct cmc_signed_data *sd, size_t i,
                            const struct cmc_slice *certs, size_t n, struct cmc_arena *arena)
{
    const struct cmc_signer_id *sid = &signer(sd, i)->sid;

    for (size_t k = 0; k < n; k++) {
        struct cmc_cert cert = {0};

        if (cmc_decode(&cmc_it_cert, certs[k], arena, &cert, NULL) != CMC_OK)
            continue;
        if (sid->which == CMC_SID_ISSUER_SERIAL
                ? cmc_slice_eq(sid->u.issuer_serial.serial, cert.tbs.serial) &&
                      cmc_slice_eq(sid->u.issuer_serial.issuer, cert.tbs.issuer)
                : sid->u.ski.n > 0 && cmc_slice_eq(sid->u.ski, cmc_cert_ski(&cert, arena)))
            return k;
    }
    return SIZE_MAX;
}
