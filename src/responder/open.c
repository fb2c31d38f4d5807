/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From octets to PKIData: the layers that RFC 10002 section 5 knows, peeled from the outside in.
 *
 *     SignedData{PKIData}                     [10002-5-b, 10002-5-c]
 *     (Auth)EnvelopedData{SignedData{PKIData}}
 *     SignedData{(Auth)EnvelopedData{SignedData{PKIData}}}
 *     AuthenticatedData{PKIData}, also where SignedData{PKIData} stands inside an envelope
 *
 * Nothing is verified here. What cannot be decrypted, and what is not right inside of it, gets
 * one answer with one text, whatever the reason: a peer that may ask again must not learn from
 * it.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/control.h"
#include "responder/responder_int.h"

#define CLAUSE_ENVELOPE "RFC 10002 section 3.2.1.3.3"

static const struct {
    const struct cmc_slice *oid;
    enum layer_kind kind;
} kinds[] = {
    {&cmc_oid_id_signedData, LAYER_SIGNED},
    {&cmc_oid_id_envelopedData, LAYER_ENVELOPED},
    {&cmc_oid_id_ct_authEnvelopedData, LAYER_AUTH_ENVELOPED},
    {&cmc_oid_id_ct_authData, LAYER_AUTHENTICATED},
};

static bool kind_of(struct cmc_slice type, enum layer_kind *kind)
{
    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        if (cmc_slice_eq(*kinds[i].oid, type)) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static bool is_envelope(enum layer_kind kind)
{
    return kind == LAYER_ENVELOPED || kind == LAYER_AUTH_ENVELOPED;
}

bool cmc_job_is_wrapped(const struct job *j)
{
    return j->protection.wrapped;
}

bool cmc_job_is_encrypted(const struct job *j)
{
    for (size_t i = 0; i < j->protection.n; i++) {
        if (is_envelope(j->protection.layers[i].kind))
            return true;
    }
    return false;
}

static const char *type_name(struct cmc_slice type)
{
    const char *name = cmc_oid_name(type);

    return name != NULL ? name : "of an unknown type";
}

/* -- what is told ------------------------------------------------------------------------ */

void cmc_job_hide(struct job *j, struct cmc_err *err)
{
    if (!j->protection.decrypted || j->protection.signature_good)
        return;
    if (j->protection.why.rc == CMC_OK)
        j->protection.why = *err;
    /* [10002-3.2.1.3.3-u1, 10002-3.2.1.3.5-u1] */
    (void)cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_BAD_MESSAGE_CHECK, CLAUSE_ENVELOPE,
                        "the message cannot be decrypted here, or what is inside is not right");
}

static void refuse(struct job *j, struct cmc_err *err)
{
    j->protection.failed_at = "open";
    cmc_job_hide(j, err);
    err->has_body_part = false;
    j->stage_err = j->protection.why.rc != CMC_OK ? j->protection.why : *err;
    cmc_job_refuse(j, err, CMC_STATUS_FAILED, NULL, 0);
}

/* -- shared secrets ---------------------------------------------------------------------- */

enum cmc_rc cmc_job_secret(struct job *j, struct cmc_slice name, struct cmc_err *err)
{
    struct protection *p = &j->protection;
    const struct cmc_secret_query query = {
        .purpose = CMC_SECRET_ENROLL, .name = name, .now = j->x->now};
    enum cmc_rc rc;

    if (!j->rules->secrets)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2",
                             "messages are not protected by a shared secret at this endpoint");
    if (name.p == NULL)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_MESSAGE_CHECK,
                             "RFC 10002 section 3.2",
                             "the identification is missing: whose secret is meant?");
    /* [10002-10-u2] */
    if (p->name.p != NULL && !cmc_slice_eq(p->name, name))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 10",
                             "the message is protected by the secrets of two entities");
    if (p->name.p != NULL)
        return CMC_OK; /* looked up for the layer around this one */
    rc = j->r->auth->ops->secret(j->r->auth->self, &query, j->arena, &p->secret, err);
    if (rc == CMC_OK)
        rc = cmc_shared_password(name, p->secret.value, j->arena, &p->password, err);
    if (rc == CMC_OK)
        p->name = name;
    return rc;
}

/* -- envelopes --------------------------------------------------------------------------- */

/* What of an envelope is read before its key is known. */
struct envelope {
    struct cmc_list recipients, attributes;
};

static enum cmc_rc read_envelope(struct job *j, const struct cmc_content_info *ci,
                                 enum layer_kind kind, struct envelope *out, struct cmc_err *err)
{
    struct cmc_auth_enveloped_data ad = {0};
    struct cmc_enveloped_data ed = {0};
    enum cmc_rc rc;

    if (ci->content.p == NULL)
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_MESSAGE_CHECK, "RFC 5652 section 3",
                             "ContentInfo without content");
    rc = kind == LAYER_ENVELOPED
             ? cmc_decode(&cmc_it_enveloped_data, ci->content, j->arena, &ed, err)
             : cmc_decode(&cmc_it_auth_enveloped_data, ci->content, j->arena, &ad, err);
    if (rc == CMC_E_INPUT)
        err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK; /* it cannot be decrypted */
    out->recipients = kind == LAYER_ENVELOPED ? ed.recipients : ad.recipients;
    out->attributes = kind == LAYER_ENVELOPED ? ed.unprotected_attrs : ad.unauth_attrs;
    return rc;
}

/* No RFC says how a PasswordRecipientInfo names the secret; see doc/decisions.md. */
static struct cmc_slice identification(struct job *j, const struct cmc_list *attributes)
{
    struct cmc_slice name = CMC_SLICE_NONE;

    for (size_t i = 0; i < attributes->n; i++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, *attributes, i);

        if (cmc_slice_eq(a->type, cmc_oid_id_cmc_identification) && a->values.n == 1 &&
            cmc_decode(&cmc_it_utf8, *CMC_AT(const struct cmc_slice, a->values, 0), j->arena, &name,
                       NULL) == CMC_OK)
            return name;
    }
    return CMC_SLICE_NONE;
}

static bool has_secret(const struct envelope *e)
{
    for (size_t i = 0; i < e->recipients.n; i++) {
        if (CMC_AT(const struct cmc_recipient_info, e->recipients, i)->which == CMC_RI_PWRI)
            return true;
    }
    return false;
}

/* Each of the authority's keys, until one is among the recipients. */
static enum cmc_rc open_with_keys(struct job *j, const struct cmc_content_info *ci,
                                  struct cmc_slice *type, struct cmc_slice *content,
                                  struct cmc_err *err)
{
    const struct cmc_cms_recipient *keys = NULL;
    enum cmc_rc rc = CMC_E_NOTFOUND;
    size_t n = 0;

    if (j->r->auth->ops->recipients != NULL)
        j->r->auth->ops->recipients(j->r->auth->self, &keys, &n);
    for (size_t i = 0; i < n && rc == CMC_E_NOTFOUND; i++)
        rc = cmc_envelope_open(j->r->crypto, ci, &keys[i], j->arena, type, content, err);
    if (n == 0)
        rc = cmc_fail(err, CMC_E_NOTFOUND, CLAUSE_ENVELOPE, "this server has no key that decrypts");
    return rc;
}

static enum cmc_rc open_with_secret(struct job *j, const struct cmc_content_info *ci,
                                    const struct envelope *e, struct cmc_slice *type,
                                    struct cmc_slice *content, struct cmc_err *err)
{
    struct protection *p = &j->protection;
    enum cmc_rc rc = cmc_job_secret(j, identification(j, &e->attributes), err);
    struct cmc_cms_recipient who = {.password = p->password};

    if (rc != CMC_OK)
        return rc;
    rc = cmc_envelope_open(j->r->crypto, ci, &who, j->arena, type, content, err);
    if (rc == CMC_E_CRYPTO || (rc == CMC_OK && p->secret.unusable != NULL)) {
        cmc_identity_tried(j, p->name, &p->secret, rc == CMC_OK);
        rc = cmc_fail(err, CMC_E_CRYPTO, CLAUSE_ENVELOPE, "%s",
                      p->secret.unusable != NULL ? p->secret.unusable
                                                 : "the envelope does not open with the secret");
    }
    if (rc == CMC_OK)
        p->to.password = p->password;
    return rc;
}

/*
 * The content as a ContentInfo. Some peers put a whole ContentInfo where the content of its type
 * is due; a SignedData begins with its version, a ContentInfo with its type.
 */
static struct cmc_content_info inside(struct job *j, struct cmc_slice type,
                                      struct cmc_slice content)
{
    struct cmc_content_info ci = {0};

    if (cmc_decode(&cmc_it_content_info, content, j->arena, &ci, NULL) == CMC_OK &&
        cmc_slice_eq(ci.content_type, type))
        return ci;
    return (struct cmc_content_info){.content_type = type, .content = content};
}

static enum cmc_rc open_envelope(struct job *j, enum layer_kind kind, struct cmc_err *err)
{
    struct protection *p = &j->protection;
    struct cmc_slice type = CMC_SLICE_NONE, content = CMC_SLICE_NONE;
    struct envelope e = {0};
    enum layer_kind next = LAYER_SIGNED;
    enum cmc_rc rc = read_envelope(j, &p->inner, kind, &e, err);

    if (rc != CMC_OK)
        return rc;
    rc = open_with_keys(j, &p->inner, &type, &content, err);
    if (rc == CMC_E_NOTFOUND && has_secret(&e))
        rc = open_with_secret(j, &p->inner, &e, &type, &content, err);
    /* From here on nothing that the ciphertext became may be told apart. */
    p->decrypted = p->decrypted || rc == CMC_OK || rc == CMC_E_CRYPTO || rc == CMC_E_NOTFOUND;
    if (rc == CMC_E_INPUT)
        err->fail_info = CMC_FAIL_BAD_MESSAGE_CHECK;
    if (rc != CMC_OK)
        return rc;
    p->inner = inside(j, type, content);
    /* [10002-5-u1] */
    if (!kind_of(p->inner.content_type, &next) || is_envelope(next))
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 5",
                             "the content of the envelope is %s where id-signedData is due",
                             type_name(p->inner.content_type));
    return CMC_OK;
}

/* -- the others -------------------------------------------------------------------------- */

static enum cmc_rc wrong_content(struct job *j, struct cmc_slice type, struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2",
                         "the content of the %s is %s where id-cct-PKIData is due",
                         j->protection.layers[j->protection.n - 1].kind == LAYER_AUTHENTICATED
                             ? "AuthenticatedData"
                             : "SignedData",
                         type_name(type));
}

static enum cmc_rc open_signed(struct job *j, struct layer *layer, bool *done, struct cmc_err *err)
{
    struct protection *p = &j->protection;
    enum layer_kind next = LAYER_SIGNED;
    enum cmc_rc rc = cmc_signed_data_read(&p->inner, j->arena, &layer->sd, err);

    if (rc != CMC_OK)
        return rc;
    *done = cmc_slice_eq(layer->sd.encap.type, cmc_oid_id_cct_PKIData);
    j->sd = layer->sd;
    if (*done)
        return CMC_OK;
    if (!kind_of(layer->sd.encap.type, &next) || !is_envelope(next) ||
        layer->sd.encap.content.p == NULL)
        return wrong_content(j, layer->sd.encap.type, err);
    p->inner = inside(j, layer->sd.encap.type, layer->sd.encap.content);
    return CMC_OK;
}

static enum cmc_rc open_authenticated(struct job *j, struct layer *layer, struct cmc_err *err)
{
    enum cmc_rc rc = cmc_authenticated_data_read(&j->protection.inner, j->arena, &layer->ad, err);

    if (rc != CMC_OK)
        return rc;
    j->sd = (struct cmc_signed_data){.encap = layer->ad.encap};
    if (layer->ad.originator != NULL)
        j->sd.certs = layer->ad.originator->certs;
    if (!cmc_slice_eq(layer->ad.encap.type, cmc_oid_id_cct_PKIData))
        return wrong_content(j, layer->ad.encap.type, err);
    return CMC_OK;
}

/* The layer that p->inner is. */
static enum cmc_rc open_layer(struct job *j, bool *done, struct cmc_err *err)
{
    struct protection *p = &j->protection;
    struct layer *layer;
    enum layer_kind kind = LAYER_SIGNED;

    if (p->n == CMC_LIMIT_CMS_LAYERS)
        return cmc_fail_info(err, CMC_E_LIMIT, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 5",
                             "more than CMC_LIMIT_CMS_LAYERS (%u) layers around the PKIData",
                             CMC_LIMIT_CMS_LAYERS);
    if (!kind_of(p->inner.content_type, &kind))
        return cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 3.2",
                             "the message is %s where SignedData, AuthenticatedData, EnvelopedData "
                             "or AuthEnvelopedData is due",
                             type_name(p->inner.content_type));
    layer = &p->layers[p->n++];
    layer->kind = kind;
    switch (kind) {
    case LAYER_SIGNED:
        return open_signed(j, layer, done, err);
    case LAYER_AUTHENTICATED:
        *done = true;
        return open_authenticated(j, layer, err);
    case LAYER_ENVELOPED:
    case LAYER_AUTH_ENVELOPED:
    default:
        return open_envelope(j, kind, err);
    }
}

/* -- the message ------------------------------------------------------------------------- */

/* Dogtag's client sends an unsigned revocation as id-data: the PKIData without a SignedData. */
static bool open_bare(struct job *j, const char **why)
{
    struct cmc_err err = {0};

    if (j->protection.inner.content.p == NULL ||
        cmc_decode(&cmc_it_octet_string, j->protection.inner.content, j->arena,
                   &j->sd.encap.content, &err) != CMC_OK) {
        *why = cmc_arena_printf(j->arena, "the body is no PKIData: %s", err.text);
        return false;
    }
    j->sd.encap.type = cmc_oid_id_cct_PKIData;
    return true;
}

/* [10004-5-b] */
bool cmc_job_open(struct job *j, const char **why)
{
    struct protection *p = &j->protection;
    struct cmc_err err = {0};
    bool done = false;

    if (j->x->type == CMC_TYPE_PKCS10)
        return true;
    j->full = true;
    if (cmc_decode(&cmc_it_content_info, j->x->body, j->arena, &p->inner, &err) != CMC_OK) {
        *why = cmc_arena_printf(j->arena,
                                "the body is no CMC message (a ContentInfo in binary BER or DER "
                                "is due): %s",
                                err.text);
        return false;
    }
    if (j->rules->dogtag && cmc_slice_eq(p->inner.content_type, cmc_oid_id_data))
        return open_bare(j, why);
    p->wrapped = !cmc_slice_eq(p->inner.content_type, cmc_oid_id_signedData);
    if (p->wrapped)
        return true;
    switch (open_layer(j, &done, &err)) {
    case CMC_OK:
        p->wrapped = !done;
        return true;
    case CMC_E_REFUSED:
        cmc_job_refuse(j, &err, CMC_STATUS_FAILED, NULL, 0);
        return true;
    default:
        *why = cmc_arena_printf(j->arena, "the body is no SignedData: %s", err.text);
        return false;
    }
}

enum cmc_rc cmc_job_peel(struct job *j, struct cmc_err *err)
{
    bool done = !j->protection.wrapped;

    while (!done && !j->refused) {
        enum cmc_rc rc = open_layer(j, &done, err);

        if (rc == CMC_E_MEM || rc == CMC_E_LOCAL || rc == CMC_E_BUG)
            return rc;
        if (rc != CMC_OK)
            refuse(j, err);
    }
    j->protection.opened = !j->refused;
    return CMC_OK;
}
