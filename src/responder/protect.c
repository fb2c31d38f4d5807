/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer is protected as the request was, layer by layer. What cannot be protected so is not
 * sent: the answer then says that, in clear, and gives nothing of the request back but its nonce.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "responder/responder_int.h"

/* So many certificates of a message are looked at for one that decrypts. The authority's cache,
 * whose keys are borrowed, holds more. */
#define OTHERS_MAX 8u

/* -- for whom ---------------------------------------------------------------------------- */

static bool is_signed(const struct job *j)
{
    return j->sd.signer_infos.n > 0;
}

static bool is_authenticated(const struct job *j)
{
    return j->protection.n > 0 &&
           j->protection.layers[j->protection.n - 1].kind == LAYER_AUTHENTICATED;
}

/* A certificate whose key decrypts: its keyUsage must say so, if there is one. */
static bool decrypts(struct job *j, struct cmc_slice der, EVP_PKEY *key)
{
    struct cmc_cert cert = {0};

    return key != NULL && cmc_decode(&cmc_it_cert, der, j->arena, &cert, NULL) == CMC_OK &&
           cmc_envelope_may(&cert.tbs.extensions, key, j->arena);
}

/* The same officer, or the same subject: the certificates of a message are not signed, so anybody
 * may have put one there. */
static bool same_entity(const struct cmc_requester *a, const struct cmc_requester *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == CMC_REQUESTER_OFFICER && a->name != NULL && b->name != NULL &&
        strcmp(a->name, b->name) == 0)
        return true;
    return a->subject.n > 2 && cmc_name_eq(a->subject, b->subject);
}

static void encrypt_to_cert(struct job *j, struct cmc_slice cert, EVP_PKEY *key)
{
    j->protection.to = (struct cmc_envelope_to){.key = key, .cert = cert};
}

/* Another certificate of who signed, which came with the message. */
static bool find_other(struct job *j)
{
    size_t n = j->sd.certs.n < OTHERS_MAX ? j->sd.certs.n : OTHERS_MAX;

    for (size_t i = 0; i < n; i++) {
        struct cmc_slice der = *CMC_AT(const struct cmc_slice, j->sd.certs, i);
        struct cmc_requester who = {0};

        if (cmc_slice_eq(der, j->requester.cert) ||
            j->r->auth->ops->identify(j->r->auth->self, der, j->sd.certs.v, j->sd.certs.n,
                                      j->x->now, j->arena, &who, NULL) != CMC_OK ||
            !same_entity(&j->requester, &who) || !decrypts(j, der, who.key))
            continue;
        encrypt_to_cert(j, der, who.key);
        return true;
    }
    return false;
}

/* The key of the request that signed the message, be that in it or held since an earlier one. */
static bool find_own(struct job *j)
{
    const struct cmc_signer_info *si = CMC_AT(const struct cmc_signer_info, j->sd.signer_infos, 0);

    if (!cmc_envelope_may(&j->self_extensions, j->self_key, j->arena))
        return false;
    j->protection.to = (struct cmc_envelope_to){.key = j->self_key, .ski = si->sid.u.ski};
    return true;
}

static bool find_recipient(struct job *j)
{
    struct protection *p = &j->protection;

    if (is_authenticated(j))
        p->to.password = p->password;
    if (p->to.password.p != NULL)
        return true;
    if (j->self_key != NULL)
        return find_own(j);
    if (decrypts(j, j->requester.cert, j->requester.key)) {
        encrypt_to_cert(j, j->requester.cert, j->requester.key);
        return true;
    }
    return find_other(j);
}

enum cmc_rc cmc_protect_prepare(struct job *j, struct cmc_err *err)
{
    if (j->refused || !cmc_job_is_encrypted(j) || find_recipient(j))
        return CMC_OK;
    /* An unsigned revocation: nobody to encrypt to, and nothing to tell but a status. */
    if (!is_signed(j)) {
        j->protection.in_clear = true;
        return CMC_OK;
    }
    (void)cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 5",
                        "the request was encrypted, and its answer can be encrypted to nobody: "
                        "sign with a key whose keyUsage lets it decrypt, or send another "
                        "certificate of the same name along");
    j->protection.in_clear = true;
    cmc_job_refuse(j, err, CMC_STATUS_FAILED, NULL, 0);
    cmc_job_peek_echoes(j);
    return CMC_OK;
}

/* [10002-5-b, 10002-5-c]: "and the same for PKIResponse". */
bool cmc_protect_due(const struct job *j)
{
    const struct protection *p = &j->protection;

    if (!p->wrapped || !p->opened || p->in_clear)
        return false;
    if (is_authenticated(j) && !p->mac_good)
        return false;
    return !cmc_job_is_encrypted(j) || p->to.key != NULL || p->to.password.p != NULL;
}

/* -- the layers -------------------------------------------------------------------------- */

static enum cmc_rc sign(struct job *j, const struct cmc_response *response,
                        struct cmc_content_info *out, struct cmc_err *err)
{
    struct cmc_slice der;
    enum cmc_rc rc =
        j->r->auth->ops->sign_response(j->r->auth->self, response, j->x->now, j->arena, &der, err);

    memset(out, 0, sizeof *out);
    return rc == CMC_OK ? cmc_decode(&cmc_it_content_info, der, j->arena, out, err) : rc;
}

/* [10002-4.2-u1]: there is no SignedData for the certificates, so originatorInfo takes them. */
static enum cmc_rc authenticate(struct job *j, const struct cmc_response *response,
                                struct cmc_content_info *out, struct cmc_err *err)
{
    const struct cmc_mac_content what = {.type = cmc_oid_id_cct_PKIResponse,
                                         .content = response->body,
                                         .password = j->protection.password,
                                         .certs = response->certs,
                                         .ncerts = response->ncerts,
                                         .crls = response->crls,
                                         .ncrls = response->ncrls};

    return cmc_authenticated_data_create(j->r->crypto, &what, j->arena, out, err);
}

static enum cmc_rc encrypt(struct job *j, enum layer_kind kind, struct cmc_content_info *ci,
                           struct cmc_err *err)
{
    const struct cmc_envelope how = {
        .to = &j->protection.to, .nto = 1, .authenticated = kind == LAYER_AUTH_ENVELOPED};
    struct cmc_content_info out;
    enum cmc_rc rc =
        cmc_envelope_make(j->r->crypto, &how, ci->content_type, ci->content, j->arena, &out, err);

    *ci = out;
    return rc;
}

/* A layer around what there is. */
static enum cmc_rc wrap(struct job *j, enum layer_kind kind, struct cmc_content_info *ci,
                        struct cmc_err *err)
{
    const struct cmc_response outer = {.type = ci->content_type, .body = ci->content};

    return kind == LAYER_SIGNED ? sign(j, &outer, ci, err) : encrypt(j, kind, ci, err);
}

enum cmc_rc cmc_protect_answer(struct job *j, const struct cmc_response *response,
                               struct cmc_slice *out, struct cmc_err *err)
{
    const struct protection *p = &j->protection;
    struct cmc_content_info ci;
    enum cmc_rc rc;

    if (!cmc_protect_due(j))
        return j->r->auth->ops->sign_response(j->r->auth->self, response, j->x->now, j->arena, out,
                                              err);
    rc = is_authenticated(j) ? authenticate(j, response, &ci, err) : sign(j, response, &ci, err);
    for (size_t i = p->n - 1; rc == CMC_OK && i-- > 0;)
        rc = wrap(j, p->layers[i].kind, &ci, err);
    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_content_info, &ci, j->arena, out, err) : rc;
}
