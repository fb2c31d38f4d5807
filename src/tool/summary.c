/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/summary.h"

#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request.h"
#include "tool/advice.h"
#include "tool/check.h"

#define STEP 2u

/* -- lines and parts of lines ------------------------------------------------------------ */

static void line(struct tool_summary *s, const char *text)
{
    cmc_buf_printf(s->out, "%*s%s", (int)s->indent, "", text);
}

static void end(struct tool_summary *s)
{
    cmc_buf_byte(s->out, '\n');
}

static void put_key(struct tool_summary *s, struct cmc_slice spki)
{
    char text[64];
    struct cmc_err err;
    EVP_PKEY *key = NULL;

    if (tool_crypto(s->t) == CMC_OK && cmc_spki_key(s->t->crypto, spki, &key, &err) == CMC_OK)
        cmc_buf_str(s->out, cmc_key_describe(key, text, sizeof text));
    else
        cmc_buf_str(s->out, "of a kind that is not known here");
    EVP_PKEY_free(key);
}

static void put_time(struct tool_summary *s, struct cmc_slice tlv)
{
    struct cmc_slice content = CMC_SLICE_NONE;
    uint16_t universal = CMC_T_UTCTIME;
    int64_t at = 0;
    time_t when;
    struct tm tm;
    char text[32];

    if (cmc_decode(&cmc_it_utctime, tlv, s->t->arena, &content, NULL) != CMC_OK) {
        universal = CMC_T_GENTIME;
        if (cmc_decode(&cmc_it_gentime, tlv, s->t->arena, &content, NULL) != CMC_OK)
            content = CMC_SLICE_NONE;
    }
    when = content.p != NULL && cmc_time_parse(universal, content, &at) ? (time_t)at : 0;
    if (when != 0 && gmtime_r(&when, &tm) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &tm) > 0)
        cmc_buf_str(s->out, text);
    else
        cmc_buf_str(s->out, "?");
}

/* -- certificates, CRLs ------------------------------------------------------------------ */

void tool_summary_cert(struct tool_summary *s, const void *value)
{
    const struct cmc_cert *cert = value;

    line(s, "Certificate ");
    cmc_name_print(cert->tbs.subject, s->out);
    end(s);
    s->indent += STEP;
    line(s, "issuer: ");
    cmc_name_print(cert->tbs.issuer, s->out);
    end(s);
    line(s, "serial number: ");
    cmc_buf_hex(s->out, cert->tbs.serial);
    end(s);
    line(s, "valid: ");
    put_time(s, cert->tbs.validity.not_before);
    cmc_buf_str(s->out, " to ");
    put_time(s, cert->tbs.validity.not_after);
    end(s);
    line(s, "key: ");
    put_key(s, cert->tbs.spki.raw);
    end(s);
    s->indent -= STEP;
}

void tool_summary_crl(struct tool_summary *s, const void *value)
{
    const struct cmc_crl *crl = value;

    line(s, "CRL of ");
    cmc_name_print(crl->tbs.issuer, s->out);
    end(s);
    s->indent += STEP;
    line(s, "this update: ");
    put_time(s, crl->tbs.this_update);
    end(s);
    if (crl->tbs.next_update.p != NULL) {
        line(s, "next update: ");
        put_time(s, crl->tbs.next_update);
        end(s);
    }
    line(s, "");
    cmc_buf_printf(s->out, "revoked certificates: %zu\n", crl->tbs.revoked.n);
    s->indent -= STEP;
}

static void put_certs(struct tool_summary *s, const struct cmc_signed_data *sd)
{
    for (size_t i = 0; i < sd->certs.n; i++) {
        struct cmc_cert cert = {0};

        if (cmc_decode(&cmc_it_cert, *CMC_AT(struct cmc_slice, sd->certs, i), s->t->arena, &cert,
                       NULL) == CMC_OK) {
            tool_summary_cert(s, &cert);
        } else {
            line(s, "a certificate of another form\n");
        }
    }
    for (size_t i = 0; i < sd->crls.n; i++) {
        struct cmc_crl crl = {0};

        if (cmc_decode(&cmc_it_crl, *CMC_AT(struct cmc_slice, sd->crls, i), s->t->arena, &crl,
                       NULL) == CMC_OK)
            tool_summary_crl(s, &crl);
    }
}

/* -- certification requests -------------------------------------------------------------- */

static void put_pop(struct tool_summary *s, const struct cmc_tagged_request *tr)
{
    struct cmc_request rq = {0};
    struct cmc_err err = {0};

    line(s, "proof of possession: ");
    if (cmc_request_from_tagged(tr, s->t->arena, &rq, NULL) == CMC_OK &&
        rq.pop == CMC_POP_BY_CHALLENGE) {
        cmc_buf_str(s->out, "not yet; by a challenge of the server's\n");
        return;
    }
    if (tool_crypto(s->t) != CMC_OK) {
        cmc_buf_str(s->out, "not checked\n");
        return;
    }
    if (tool_check_pop(s->t, tr, false, &err) == CMC_OK)
        cmc_buf_str(s->out, "verifies");
    else if (tool_check_pop(s->t, tr, true, NULL) == CMC_OK)
        cmc_buf_str(s->out, "verifies, with an algorithm that is weak");
    else {
        cmc_buf_str(s->out, "no: ");
        tool_safe(s->out, cmc_slice_str(err.text));
    }
    end(s);
}

static void put_extensions(struct tool_summary *s, const struct cmc_list *exts)
{
    const char *sep = "";

    if (exts->n == 0)
        return;
    line(s, "extensions: ");
    for (size_t i = 0; i < exts->n; i++) {
        const struct cmc_extension *e = CMC_AT(struct cmc_extension, *exts, i);

        cmc_buf_printf(s->out, "%s%s", sep, tool_oid(s->t, e->extn_id));
        sep = ", ";
    }
    end(s);
}

static void put_request(struct tool_summary *s, const char *what,
                        const struct cmc_tagged_request *tr)
{
    struct cmc_request rq = {0};
    struct cmc_err err = {0};

    line(s, what);
    if (cmc_request_from_tagged(tr, s->t->arena, &rq, &err) != CMC_OK) {
        cmc_buf_str(s->out, ", not usable: ");
        tool_safe(s->out, cmc_slice_str(err.text));
        end(s);
        return;
    }
    end(s);
    s->indent += STEP;
    line(s, "subject: ");
    cmc_name_print(rq.subject, s->out);
    end(s);
    line(s, "key: ");
    put_key(s, rq.spki);
    end(s);
    put_extensions(s, &rq.extensions);
    put_pop(s, tr);
    s->indent -= STEP;
}

void tool_summary_csr(struct tool_summary *s, const void *value)
{
    struct cmc_tagged_request tr = {.which = CMC_TR_TCR};

    tr.u.tcr.body_part_id = 1;
    tr.u.tcr.csr = *(const struct cmc_csr *)value;
    put_request(s, "Simple PKI Request (PKCS#10)", &tr);
}

void tool_summary_crmf(struct tool_summary *s, const void *value)
{
    struct cmc_tagged_request tr = {.which = CMC_TR_CRM};

    tr.u.crm = *(const struct cmc_cert_req_msg *)value;
    put_request(s, "CRMF request", &tr);
}

void tool_summary_crmf_list(struct tool_summary *s, const void *value)
{
    const struct cmc_list *list = value;

    for (size_t i = 0; i < list->n; i++)
        tool_summary_crmf(s, CMC_AT(struct cmc_cert_req_msg, *list, i));
}

/* -- bodies ------------------------------------------------------------------------------ */

static void put_controls(struct tool_summary *s, const struct cmc_list *controls)
{
    for (size_t i = 0; i < controls->n; i++) {
        const struct cmc_tagged_attribute *ta = CMC_AT(struct cmc_tagged_attribute, *controls, i);

        line(s, "");
        cmc_buf_printf(s->out, "control %u: %s%s\n", ta->body_part_id, tool_oid(s->t, ta->type),
                       cmc_control_item(ta->type) == NULL ? " (not known here)" : "");
    }
}

void tool_summary_pkidata(struct tool_summary *s, const void *value)
{
    static const char *const forms[] = {"PKCS#10", "CRMF", "other form"};
    const struct cmc_pkidata *body = value;

    line(s, "");
    cmc_buf_printf(s->out, "PKIData: %zu controls, %zu certification requests", body->controls.n,
                   body->requests.n);
    if (body->cms.n + body->other.n > 0)
        cmc_buf_printf(s->out, ", %zu messages inside, %zu others", body->cms.n, body->other.n);
    end(s);
    s->indent += STEP;
    put_controls(s, &body->controls);
    for (size_t i = 0; i < body->requests.n; i++) {
        const struct cmc_tagged_request *tr = CMC_AT(struct cmc_tagged_request, body->requests, i);
        uint32_t id = tr->which == CMC_TR_TCR   ? tr->u.tcr.body_part_id
                      : tr->which == CMC_TR_CRM ? tr->u.crm.request.cert_req_id
                                                : tr->u.orm.body_part_id;
        const char *what = cmc_arena_printf(s->t->arena, "request %u (%s)", id, forms[tr->which]);

        put_request(s, what != NULL ? what : "request", tr);
    }
    s->indent -= STEP;
}

/* When to ask again, and with what. */
static void put_pending(struct cmc_buf *b, const struct cmc_outcome *o)
{
    time_t when = (time_t)o->pend_time;
    struct tm tm;
    char text[32];

    if (o->pend_token.p == NULL)
        return;
    cmc_buf_str(b, ", token ");
    cmc_buf_hex(b, o->pend_token);
    if (gmtime_r(&when, &tm) != NULL && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &tm) > 0)
        cmc_buf_printf(b, ", ask again at %s", text);
}

void tool_outcome_text(struct cmc_buf *b, const struct cmc_outcome *o)
{
    char number[32];

    cmc_buf_str(b, cmc_status_name(o->status));
    if (strcmp(cmc_status_name(o->status), "unknown") == 0)
        cmc_buf_printf(b, " status %u", o->status);
    if (o->fail_info != CMC_FAIL_INFO_NONE)
        cmc_buf_printf(b, " %s", tool_fail_info_text(o->fail_info, number, sizeof number));
    for (size_t i = 0; i < o->nbody_parts; i++) {
        if (o->nbody_parts == 1 && o->body_parts[0] == 0)
            cmc_buf_str(b, ", the whole request");
        else
            cmc_buf_printf(b, "%s%u", i == 0 ? ", body part " : " ", o->body_parts[i]);
    }
    put_pending(b, o);
    if (o->text.n > 0) {
        cmc_buf_str(b, ": ");
        tool_safe(b, o->text);
    }
}

void tool_summary_pkiresponse(struct tool_summary *s, const void *value)
{
    const struct cmc_pkiresponse *body = value;
    struct cmc_outcome *outcomes = NULL;
    size_t n = 0;

    line(s, "");
    cmc_buf_printf(s->out, "PKIResponse: %zu controls", body->controls.n);
    if (body->cms.n + body->other.n > 0)
        cmc_buf_printf(s->out, ", %zu messages inside, %zu others", body->cms.n, body->other.n);
    end(s);
    s->indent += STEP;
    put_controls(s, &body->controls);
    if (cmc_status_read(s->t->arena, &body->controls, &outcomes, &n, NULL) != CMC_OK)
        line(s, "status: not readable\n");
    for (size_t i = 0; i < n; i++) {
        line(s, "status: ");
        tool_outcome_text(s->out, &outcomes[i]);
        end(s);
        if (tool_advice(&outcomes[i]) != NULL) {
            line(s, "  what to do: ");
            cmc_buf_str(s->out, tool_advice(&outcomes[i]));
            end(s);
        }
    }
    s->indent -= STEP;
}

/* -- signed and other content ------------------------------------------------------------ */

static void put_stage(struct tool_summary *s, const char *name, const struct tool_stage *stage)
{
    cmc_buf_printf(s->out, "%s%s%s", name, stage->rc == CMC_OK ? " ok" : " not ok: ",
                   stage->rc == CMC_OK ? "" : stage->err.text);
}

static void put_signer(struct tool_summary *s, const struct cmc_signed_data *sd, size_t i)
{
    struct tool_check ck;
    struct cmc_cert cert = {0};

    line(s, "signer: ");
    tool_check_signer(s->t, sd, i, NULL, 0, true, &ck);
    if (ck.own_key) {
        cmc_buf_printf(s->out, "the key of request %u", ck.request_id);
    } else if (ck.cert.p != NULL &&
               cmc_decode(&cmc_it_cert, ck.cert, s->t->arena, &cert, NULL) == CMC_OK) {
        cmc_name_print(cert.tbs.subject, s->out);
    } else if (ck.ski.p != NULL) {
        cmc_buf_str(s->out, "subject key identifier ");
        cmc_buf_hex(s->out, ck.ski);
    } else {
        cmc_buf_str(s->out, "serial number ");
        cmc_buf_hex(s->out, ck.serial);
        cmc_buf_str(s->out, " of ");
        cmc_name_print(ck.issuer, s->out);
    }
    cmc_buf_printf(s->out, " (%s, %s)\n", ck.digest_alg, ck.signature_alg);
    s->indent += STEP;
    line(s, "");
    put_stage(s, "message digest", &ck.digest);
    put_stage(s, ", content type", &ck.content_type);
    put_stage(s, ", signature", &ck.signature);
    end(s);
    s->indent -= STEP;
}

static void put_body(struct tool_summary *s, const struct cmc_signed_data *sd)
{
    struct cmc_pkidata data = {0};
    struct cmc_pkiresponse response = {0};
    struct cmc_err err = {0};
    enum cmc_rc rc = CMC_OK;

    if (cmc_slice_eq(sd->encap.type, cmc_oid_id_cct_PKIData)) {
        rc = cmc_decode(&cmc_it_pkidata, sd->encap.content, s->t->arena, &data, &err);
        if (rc == CMC_OK)
            tool_summary_pkidata(s, &data);
    } else if (cmc_slice_eq(sd->encap.type, cmc_oid_id_cct_PKIResponse)) {
        rc = cmc_decode(&cmc_it_pkiresponse, sd->encap.content, s->t->arena, &response, &err);
        if (rc == CMC_OK)
            tool_summary_pkiresponse(s, &response);
    }
    if (rc != CMC_OK) {
        line(s, "the content does not decode: ");
        tool_safe(s->out, cmc_slice_str(err.text));
        end(s);
    }
}

static const char *message_name(const struct cmc_signed_data *sd)
{
    if (cmc_is_certs_only(sd))
        return "Simple PKI Response (certs-only)";
    if (cmc_slice_eq(sd->encap.type, cmc_oid_id_cct_PKIData))
        return "Full PKI Request";
    if (cmc_slice_eq(sd->encap.type, cmc_oid_id_cct_PKIResponse))
        return "Full PKI Response";
    return "SignedData";
}

static void put_signed(struct tool_summary *s, const struct cmc_signed_data *sd)
{
    bool bare = cmc_is_certs_only(sd);

    line(s, message_name(sd));
    if (!bare)
        cmc_buf_printf(s->out, ", %s, %zu signature%s", tool_oid(s->t, sd->encap.type),
                       sd->signer_infos.n, sd->signer_infos.n == 1 ? "" : "s");
    cmc_buf_printf(s->out, ", %zu certificate%s, %zu CRL%s\n", sd->certs.n,
                   sd->certs.n == 1 ? "" : "s", sd->crls.n, sd->crls.n == 1 ? "" : "s");
    s->indent += STEP;
    if (!bare)
        put_body(s, sd);
    for (size_t i = 0; i < sd->signer_infos.n && tool_crypto(s->t) == CMC_OK; i++)
        put_signer(s, sd, i);
    put_certs(s, sd);
    s->indent -= STEP;
}

void tool_summary_content(struct tool_summary *s, const void *value)
{
    const struct cmc_content_info *ci = value;
    struct cmc_signed_data sd = {0};

    if (cmc_slice_eq(ci->content_type, cmc_oid_id_signedData) &&
        cmc_decode(&cmc_it_signed_data, ci->content, s->t->arena, &sd, NULL) == CMC_OK) {
        put_signed(s, &sd);
        return;
    }
    line(s, "ContentInfo of ");
    cmc_buf_str(s->out, tool_oid(s->t, ci->content_type));
    end(s);
}
