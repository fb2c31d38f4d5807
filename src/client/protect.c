/* SPDX-License-Identifier: Apache-2.0 */
/* Protection of a message beyond its signature: RFC 10002 sections 3.2 (MAC) and 5 (encryption). */
#include "client/protect.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/enveloped_data.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a protected message");
}

bool cmc_is_envelope(struct cmc_slice type)
{
    return cmc_slice_eq(type, cmc_oid_id_envelopedData) ||
           cmc_slice_eq(type, cmc_oid_id_ct_authEnvelopedData);
}

/* -- a request --------------------------------------------------------------------------- */

static size_t signers_of(const struct cmc_full_request *rq)
{
    if (rq->signer == NULL)
        return 0;
    return rq->nsigners > 0 ? rq->nsigners : 1;
}

static enum cmc_rc sign(const struct cmc_crypto *c, const struct cmc_full_request *rq,
                        const struct cmc_cms_content *content, struct cmc_arena *arena,
                        struct cmc_content_info *out, struct cmc_err *err)
{
    struct cmc_slice der;
    enum cmc_rc rc =
        cmc_signed_data_create(c, content, rq->signer, signers_of(rq), arena, &der, err);

    memset(out, 0, sizeof *out);
    return rc == CMC_OK ? cmc_decode(&cmc_it_content_info, der, arena, out, err) : rc;
}

static enum cmc_rc password_of(const struct cmc_protection *p, struct cmc_arena *arena,
                               struct cmc_slice *out, struct cmc_err *err)
{
    return cmc_shared_password(p->identification, p->secret, arena, out, err);
}

/* [10002-3.2-f, 10002-3.2-u1, 10004-5.1-q] */
static enum cmc_rc authenticate(const struct cmc_crypto *c, const struct cmc_protection *p,
                                const struct cmc_cms_content *content, struct cmc_arena *arena,
                                struct cmc_content_info *out, struct cmc_err *err)
{
    struct cmc_mac_content what = {.type = content->type,
                                   .content = content->content,
                                   .rounds = p->rounds,
                                   .certs = content->certs,
                                   .ncerts = content->ncerts};
    enum cmc_rc rc = password_of(p, arena, &what.password, err);

    return rc == CMC_OK ? cmc_authenticated_data_create(c, &what, arena, out, err) : rc;
}

/* The public key of a certificate that messages may be encrypted to; the caller frees to->key. */
static enum cmc_rc recipient(const struct cmc_crypto *c, struct cmc_slice der,
                             struct cmc_arena *arena, struct cmc_envelope_to *to,
                             struct cmc_err *err)
{
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, der, arena, &cert, err);

    if (rc == CMC_OK)
        rc = cmc_spki_key(c, cert.tbs.spki.raw, &to->key, err);
    to->cert = der;
    if (rc == CMC_OK && !cmc_envelope_may(&cert.tbs.extensions, to->key, arena))
        rc = cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2.1.3",
                      "nothing can be encrypted to this certificate: its key is %s, and its "
                      "keyUsage must have keyEncipherment (RSA) or keyAgreement (EC, DH)",
                      EVP_PKEY_get0_type_name(to->key));
    if (rc != CMC_OK)
        cmc_err_prefix(err, "the recipient's certificate");
    return rc;
}

/* The attribute that says whose secret is meant: without it a server would have to try them all. */
static enum cmc_rc name_attribute(const struct cmc_protection *p, struct cmc_arena *arena,
                                  struct cmc_list *out, struct cmc_err *err)
{
    struct cmc_attribute *a = cmc_list_add(arena, &cmc_it_attributes, out, 1);
    struct cmc_slice *v = a != NULL ? cmc_list_add(arena, &cmc_it_set_any, &a->values, 1) : NULL;

    if (v == NULL)
        return no_memory(err);
    a->type = cmc_oid_id_cmc_identification;
    return cmc_encode_arena(&cmc_it_utf8, &p->identification, arena, v, err);
}

static enum cmc_rc encrypt(const struct cmc_crypto *c, const struct cmc_protection *p,
                           struct cmc_arena *arena, struct cmc_content_info *ci,
                           struct cmc_err *err)
{
    struct cmc_envelope_to *to = cmc_arena_array(arena, p->nto + 1, sizeof *to);
    struct cmc_list attributes = {0};
    struct cmc_envelope how = {.to = to,
                               .authenticated = p->envelope == CMC_ENVELOPE_AUTHENTICATED,
                               .cipher = p->cipher,
                               .tag_octets = p->tag_octets};
    struct cmc_content_info out = {0};
    enum cmc_rc rc = CMC_OK;

    if (to == NULL)
        return no_memory(err);
    for (size_t i = 0; i < p->nto && rc == CMC_OK; i++) {
        to[i].padding = p->padding;
        rc = recipient(c, p->to[i], arena, &to[how.nto++], err);
    }
    if (rc == CMC_OK && p->to_secret) {
        to[how.nto].rounds = p->rounds;
        rc = password_of(p, arena, &to[how.nto++].password, err);
        if (rc == CMC_OK)
            rc = name_attribute(p, arena, &attributes, err);
        how.attributes = &attributes;
    }
    if (rc == CMC_OK)
        rc = cmc_envelope_make(c, &how, ci->content_type, ci->content, arena, &out, err);
    for (size_t i = 0; i < how.nto; i++)
        EVP_PKEY_free(to[i].key);
    *ci = out;
    return rc;
}

static enum cmc_rc check(const struct cmc_full_request *rq, struct cmc_err *err)
{
    const struct cmc_protection *p = rq->protection;

    if ((p->mac || p->to_secret) && (p->identification.p == NULL || p->secret.p == NULL))
        return cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 3.2",
                        "protection by a shared secret needs the secret and its identification");
    if (p->envelope != CMC_ENVELOPE_NONE && p->nto == 0 && !p->to_secret)
        return cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 5",
                        "there is nobody to encrypt the request to");
    if (p->sign_outside && (p->envelope == CMC_ENVELOPE_NONE || signers_of(rq) == 0))
        return cmc_fail(err, CMC_E_USAGE, "RFC 10002 section 5",
                        "a signature outside goes around an envelope, and needs a signer");
    return CMC_OK;
}

enum cmc_rc cmc_protect_request(const struct cmc_crypto *c, const struct cmc_full_request *rq,
                                const struct cmc_cms_content *content, struct cmc_arena *arena,
                                struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_protection *p = rq->protection;
    struct cmc_content_info ci;
    enum cmc_rc rc;

    if (p == NULL)
        return cmc_signed_data_create(c, content, rq->signer, signers_of(rq), arena, out, err);
    rc = check(rq, err);
    if (rc == CMC_OK)
        rc = p->mac ? authenticate(c, p, content, arena, &ci, err)
                    : sign(c, rq, content, arena, &ci, err);
    if (rc == CMC_OK && p->envelope != CMC_ENVELOPE_NONE)
        rc = encrypt(c, p, arena, &ci, err);
    if (rc == CMC_OK && p->sign_outside) {
        const struct cmc_cms_content outer = {.type = ci.content_type,
                                              .content = ci.content,
                                              .certs = content->certs,
                                              .ncerts = content->ncerts};

        rc = sign(c, rq, &outer, arena, &ci, err);
    }
    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_content_info, &ci, arena, out, err) : rc;
}

/* -- an answer --------------------------------------------------------------------------- */

static enum cmc_rc open_with(const struct cmc_crypto *c, const struct cmc_protection *p,
                             const struct cmc_content_info *ci, struct cmc_arena *arena,
                             struct cmc_slice *type, struct cmc_slice *content, struct cmc_err *err)
{
    struct cmc_cms_recipient by_secret = {0};
    enum cmc_rc rc = CMC_E_NOTFOUND;

    for (size_t i = 0; i < p->nkeys && rc == CMC_E_NOTFOUND; i++)
        rc = cmc_envelope_open(c, ci, &p->keys[i], arena, type, content, err);
    if (rc != CMC_E_NOTFOUND || p->secret.p == NULL)
        return rc;
    rc = password_of(p, arena, &by_secret.password, err);
    return rc == CMC_OK ? cmc_envelope_open(c, ci, &by_secret, arena, type, content, err) : rc;
}

enum cmc_rc cmc_unwrap_envelope(const struct cmc_crypto *c, const struct cmc_protection *p,
                                const struct cmc_content_info *ci, struct cmc_arena *arena,
                                struct cmc_content_info *out, struct cmc_err *err)
{
    struct cmc_slice type = CMC_SLICE_NONE, content = CMC_SLICE_NONE;
    enum cmc_rc rc = CMC_E_NOTFOUND;

    memset(out, 0, sizeof *out);
    if (p != NULL)
        rc = open_with(c, p, ci, arena, &type, &content, err);
    if (rc == CMC_E_NOTFOUND)
        return cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 5",
                        "the message is encrypted, and not to a key or secret that is known here");
    if (rc != CMC_OK)
        return rc;
    /* Some peers put a whole ContentInfo where the content of its type is due. */
    if (cmc_decode(&cmc_it_content_info, content, arena, out, NULL) == CMC_OK &&
        cmc_slice_eq(out->content_type, type))
        return CMC_OK;
    *out = (struct cmc_content_info){.content_type = type, .content = content};
    return CMC_OK;
}

enum cmc_rc cmc_unwrap_authenticated(const struct cmc_crypto *c, const struct cmc_protection *p,
                                     const struct cmc_content_info *ci, struct cmc_arena *arena,
                                     struct cmc_authenticated_data *out, struct cmc_err *err)
{
    struct cmc_slice password;
    enum cmc_rc rc = cmc_authenticated_data_read(ci, arena, out, err);

    if (rc == CMC_OK && (p == NULL || p->secret.p == NULL))
        rc = cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 3.2",
                      "the message is authenticated by a shared secret, which is not known here");
    if (rc == CMC_OK)
        rc = password_of(p, arena, &password, err);
    return rc == CMC_OK ? cmc_authenticated_data_check(c, out, password, false, arena, err) : rc;
}
