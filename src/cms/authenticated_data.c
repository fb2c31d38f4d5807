/* SPDX-License-Identifier: Apache-2.0 */
/* AuthenticatedData, RFC 5652 section 9, for one recipient who shares a secret with us. */
#include "cms/authenticated_data.h"

#include <openssl/crypto.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/der_list.h"
#include "cms/envelope_int.h"
#include "crypto/mac.h"

#define CLAUSE         "RFC 5652 section 9"
#define MAC_KEY_OCTETS 32u
#define TAG_IN_MESSAGE 0xa2 /* authAttrs [2] IMPLICIT */
#define TAG_COVERED    (CMC_T_SET | 0x20)

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an AuthenticatedData");
}

/* -- making ------------------------------------------------------------------------------ */

static enum cmc_rc set_originator(const struct cmc_mac_content *what, struct cmc_arena *arena,
                                  struct cmc_authenticated_data *ad, struct cmc_err *err)
{
    enum cmc_rc rc;

    if (what->ncerts + what->ncrls == 0)
        return CMC_OK;
    ad->originator = cmc_arena_alloc(arena, sizeof *ad->originator);
    if (ad->originator == NULL)
        return no_memory(err);
    rc = cmc_cms_add_der(arena, &ad->originator->certs, what->certs, what->ncerts, err);
    if (rc == CMC_OK)
        rc = cmc_cms_add_der(arena, &ad->originator->crls, what->crls, what->ncrls, err);
    return rc;
}

/* The attributes and the MAC over them. */
static enum cmc_rc set_mac(const struct cmc_crypto *c, const struct cmc_mac_alg *alg,
                           struct cmc_slice key, struct cmc_arena *arena,
                           struct cmc_authenticated_data *ad, struct cmc_err *err)
{
    uint8_t md[CMC_DIGEST_MAX], *mac = cmc_arena_alloc(arena, CMC_DIGEST_MAX);
    struct cmc_slice attrs;
    size_t n = 0;
    enum cmc_rc rc;

    if (mac == NULL)
        return no_memory(err);
    rc = cmc_digest(c, alg->digest, ad->encap.content, md, &n, err);
    if (rc == CMC_OK)
        rc = cmc_auth_attrs_make(ad->encap.type, cmc_slice(md, n), arena, &attrs, err);
    if (rc == CMC_OK)
        rc = cmc_hmac(c, alg, key, attrs, mac, &n, err);
    if (rc != CMC_OK)
        return rc;
    ad->mac = cmc_slice(mac, n);
    ad->auth_attrs = cmc_retagged(attrs, TAG_IN_MESSAGE, arena);
    return ad->auth_attrs.p != NULL ? CMC_OK : no_memory(err);
}

enum cmc_rc cmc_authenticated_data_create(const struct cmc_crypto *c,
                                          const struct cmc_mac_content *what,
                                          struct cmc_arena *arena, struct cmc_content_info *out,
                                          struct cmc_err *err)
{
    const struct cmc_mac_alg *alg = cmc_mac_by_name(what->mac != NULL ? what->mac : "hmac-sha256");
    const struct cmc_envelope_to to = {.password = what->password, .rounds = what->rounds};
    struct cmc_algid digest;
    struct cmc_authenticated_data ad = {.digest_algorithm = &digest,
                                        .encap = {what->type, what->content}};
    struct cmc_slice key;
    enum cmc_rc rc;

    *out = (struct cmc_content_info){.content_type = cmc_oid_id_ct_authData};
    if (alg == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL, "MAC algorithm %s is not known", what->mac);
    cmc_mac_algid(alg, &ad.mac_algorithm);
    cmc_digest_algid(alg->digest, &digest);
    /* [10002-3.2-u3] */
    rc = cmc_random_octets(c, MAC_KEY_OCTETS, arena, &key, err);
    if (rc == CMC_OK)
        rc = cmc_recipients_make(c, &to, 1, key, arena, &ad.recipients, err);
    if (rc == CMC_OK)
        rc = set_originator(what, arena, &ad, err);
    if (rc == CMC_OK)
        rc = set_mac(c, alg, key, arena, &ad, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_authenticated_data, &ad, arena, &out->content, err);
    return rc;
}

/* -- reading ----------------------------------------------------------------------------- */

enum cmc_rc cmc_authenticated_data_read(const struct cmc_content_info *ci, struct cmc_arena *arena,
                                        struct cmc_authenticated_data *out, struct cmc_err *err)
{
    enum cmc_rc rc;

    memset(out, 0, sizeof *out);
    if (!cmc_slice_eq(ci->content_type, cmc_oid_id_ct_authData) || ci->content.p == NULL)
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "the ContentInfo does not hold AuthenticatedData");
    rc = cmc_decode(&cmc_it_authenticated_data, ci->content, arena, out, err);
    if (rc == CMC_E_INPUT && err != NULL)
        err->fail_info = CMC_FAIL_BAD_REQUEST;
    return rc;
}

static enum cmc_rc bad_check(struct cmc_err *err, enum cmc_rc rc, const char *text)
{
    return cmc_fail_info(err, rc, CMC_FAIL_BAD_MESSAGE_CHECK, CLAUSE, "%s", text);
}

/* What anybody can check: the attributes say the type and the digest of the content. */
static enum cmc_rc check_attributes(const struct cmc_crypto *c,
                                    const struct cmc_authenticated_data *ad,
                                    const struct cmc_mac_alg *alg, bool allow_weak,
                                    struct cmc_arena *arena, struct cmc_slice *covered,
                                    struct cmc_err *err)
{
    const struct cmc_digest_alg *d = ad->digest_algorithm != NULL
                                         ? cmc_digest_by_oid(ad->digest_algorithm->algorithm)
                                         : cmc_digest_alg(alg->digest);
    struct cmc_slice type = CMC_SLICE_NONE, digest = CMC_SLICE_NONE;
    uint8_t md[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc;

    if (ad->auth_attrs.p == NULL)
        return bad_check(err, CMC_E_INPUT,
                         "AuthenticatedData without authenticated attributes; "
                         "they are due where the content is not id-data");
    if (ad->encap.content.p == NULL)
        return bad_check(err, CMC_E_INPUT, "AuthenticatedData without content");
    if (d == NULL || (d->weak && !allow_weak))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE,
                             "the digest algorithm of the AuthenticatedData is not accepted; use "
                             "SHA-256 or better");
    *covered = cmc_retagged(ad->auth_attrs, TAG_COVERED, arena);
    if (covered->p == NULL)
        return no_memory(err);
    rc = cmc_auth_attr(*covered, cmc_oid_id_contentType, &cmc_it_oid, arena, &type, err);
    if (rc == CMC_OK)
        rc = cmc_auth_attr(*covered, cmc_oid_id_messageDigest, &cmc_it_octet_string, arena, &digest,
                           err);
    if (rc == CMC_OK)
        rc = cmc_digest(c, d->id, ad->encap.content, md, &n, err);
    if (rc == CMC_E_INPUT && err != NULL)
        err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK;
    if (rc != CMC_OK)
        return rc;
    if (type.p == NULL || !cmc_slice_eq(type, ad->encap.type))
        return bad_check(err, CMC_E_CRYPTO,
                         "the contentType attribute is missing or differs from "
                         "the type of the content");
    if (digest.n != n || CRYPTO_memcmp(digest.p, md, n) != 0)
        return bad_check(err, CMC_E_CRYPTO,
                         "the message digest is missing or does not match the "
                         "content: it was changed on the way");
    return CMC_OK;
}

enum cmc_rc cmc_authenticated_data_check(const struct cmc_crypto *c,
                                         const struct cmc_authenticated_data *ad,
                                         struct cmc_slice password, bool allow_weak,
                                         struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_enveloped_data ed = {.recipients = ad->recipients};
    const struct cmc_cms_recipient who = {.password = password};
    const struct cmc_mac_alg *alg = NULL;
    struct cmc_slice covered = CMC_SLICE_NONE, key;
    uint8_t mac[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = cmc_mac_from_algid(&ad->mac_algorithm, allow_weak, &alg, err);

    if (rc == CMC_OK)
        rc = check_attributes(c, ad, alg, allow_weak, arena, &covered, err);
    /* A password that does not fit gives a key that nobody knows; the MAC tells. Other peers'
     * MAC keys may have another length. */
    if (rc == CMC_OK)
        rc = cmc_enveloped_data_key(c, &ed, &who, 0, arena, &key, err);
    if (rc == CMC_E_NOTFOUND)
        rc = bad_check(err, CMC_E_INPUT,
                       "AuthenticatedData without a PasswordRecipientInfo "
                       "(RFC 10002 section 3.2)");
    if (rc == CMC_OK)
        rc = cmc_hmac(c, alg, key, covered, mac, &n, err);
    if (rc != CMC_OK)
        return rc;
    if (ad->mac.n != n || CRYPTO_memcmp(ad->mac.p, mac, n) != 0)
        rc = bad_check(err, CMC_E_CRYPTO,
                       "the MAC does not verify: the message was changed, or "
                       "made with another shared secret");
    OPENSSL_cleanse(mac, sizeof mac);
    return rc;
}
