/* SPDX-License-Identifier: Apache-2.0 */
/* cmc get cert|crl: ask for a certificate or a CRL (RFC 10002 sections 6.9 and 6.10). */
#include <jansson.h>
#include <time.h>

#include "asn1/codec.h"
#include "client/retrieve.h"
#include "tool/exchange.h"
#include "tool/input.h"
#include "tool/revocation.h"

#define LABEL_CRL "X509 CRL"

struct get {
    struct cmc_option_list serials;
    const char *issuer, *issuer_cert;
    const char *time, *crl_url;
    struct cmc_option_list reasons;
    const char *cert, *key, *pass, *sid;
    bool unsigned_, no_nonce;
    struct tool_net_options net;
    struct tool_trust_options trust;
    const char *out, *form;
    bool json;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("Which certificate or CRL"),
    CMC_OPTION("issuer", 0, STRING, "NAME", struct get, issuer,
               "the issuer's name, as \"O=Example, CN=CA\""),
    CMC_OPTION("issuer-cert", 0, STRING, "FILE", struct get, issuer_cert,
               "the issuer's certificate, whose subject is that name and\n"
               "which must have signed what comes"),
    CMC_OPTION("serial", 0, LIST, "NUMBER", struct get, serials,
               "of a certificate: 0x1fa0, 1f:a0 or decimal 8096 (may be\n"
               "repeated)"),
    CMC_OPTION("time", 0, STRING, "DATE", struct get, time,
               "the CRL issued last before 2026-11-21T10:00:00Z (the\n"
               "newest otherwise)"),
    CMC_OPTION("crl-url", 0, STRING, "URL", struct get, crl_url,
               "the CRL that a certificate's distribution point names"),
    CMC_OPTION("reason", 0, LIST, "REASON", struct get, reasons,
               "a CRL that has revocations for this reason (may be\n"
               "repeated)"),
    CMC_OPTION_HEADING("Who asks"),
    CMC_OPTION("signer-cert", 0, STRING, "URI", struct get, cert,
               "a certificate that the server knows: an officer's or one\n"
               "of its own"),
    CMC_OPTION("signer-key", 0, STRING, "URI", struct get, key,
               "its key (not needed with PKCS#12)"),
    CMC_OPTION("key-pass", 0, STRING, "FILE", struct get, pass,
               "first line of FILE is the passphrase of that key"),
    CMC_OPTION("sid", 0, STRING, "FORM", struct get, sid,
               "name the signer by issuer-serial (the default) or ski"),
    CMC_OPTION("unsigned", 0, FLAG, NULL, struct get, unsigned_,
               "ask without a signature, where anyone may ask"),
    CMC_OPTION("no-nonce", 0, FLAG, NULL, struct get, no_nonce,
               "no nonce and no transactionId: the server can then answer\n"
               "with a Simple PKI Response"),
    CMC_OPTION_HEADING("Where to"),
    TOOL_NET_ROWS(struct get, net),
    CMC_OPTION_HEADING("The answer"),
    CMC_OPTION("out", 'o', STRING, "FILE", struct get, out,
               "write what came here (standard output)"),
    CMC_OPTION("form", 0, STRING, "FORM", struct get, form, "write it as pem (the default) or der"),
    TOOL_TRUST_ROWS(struct get, trust),
    CMC_OPTION("json", 0, FLAG, NULL, struct get, json, "print the result as JSON; needs --out"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc get",
    .operands = "cert|crl",
    .min_operands = 1,
    .max_operands = 1,
    .about =
        "Ask the CA for certificates by issuer and serial number, or for a CRL. What comes is\n"
        "written only if it is what was asked for and its issuer has signed it.",
    .rows = rows,
};

struct run {
    struct tool *t;
    const struct get *o;
    bool crl;
    struct cmc_slice issuer, issuer_der;
    struct cmc_issuer_serial *refs;
    size_t nrefs;
    struct cmc_crl_wish wish;
    struct tool_signer signer;
    struct cmc_exchange_state state;
    struct cmc_answer_view answer;
    struct cmc_trust store;
    struct cmc_issuers issuers;
    struct cmc_slice *got;
    size_t ngot;
};

/* -- the command line -------------------------------------------------------------------- */

static enum cmc_rc check(struct run *r, const char *what)
{
    const struct get *o = r->o;
    struct tool *t = r->t;
    int sid;

    r->crl = strcmp(what, "crl") == 0;
    if (!r->crl && strcmp(what, "cert") != 0)
        return tool_usage(t, "'%s': want cert or crl", what);
    if ((o->issuer != NULL) + (o->issuer_cert != NULL) != 1)
        return tool_usage(t, "whose? Give one of --issuer NAME and --issuer-cert FILE");
    if (r->crl && o->serials.n > 0)
        return tool_usage(t, "--serial names a certificate, and a CRL is asked for");
    if (!r->crl && o->serials.n == 0)
        return tool_usage(t, "which certificate? Give --serial");
    if (!r->crl && (o->time != NULL || o->crl_url != NULL || o->reasons.n > 0))
        return tool_usage(t, "--time, --crl-url and --reason choose a CRL");
    if (o->unsigned_ == (o->cert != NULL))
        return tool_usage(t, "who asks? Give one of --signer-cert and --unsigned");
    if (o->form != NULL && strcmp(o->form, "pem") != 0 && strcmp(o->form, "der") != 0)
        return tool_usage(t, "--form %s: want pem or der", o->form);
    if (o->form != NULL && strcmp(o->form, "der") == 0 && o->serials.n > 1)
        return tool_usage(t, "several certificates make no DER file; leave --form der out");
    if (o->json && (o->out == NULL || strcmp(o->out, "-") == 0))
        return tool_usage(t, "--json and the object itself cannot both go to standard output; "
                             "name a file with --out");
    if (tool_sid(t, o->sid, &sid) != CMC_OK)
        return CMC_E_USAGE;
    return tool_net_check(t, &o->net);
}

static enum cmc_rc read_issuer(struct run *r)
{
    struct cmc_cert cert = {0};
    enum cmc_rc rc;

    if (r->o->issuer_cert == NULL)
        return cmc_name_parse(r->o->issuer, r->t->arena, &r->issuer, &r->t->err);
    rc = tool_cert(r->t, r->o->issuer_cert, &r->issuer_der, &cert);
    r->issuer = cert.tbs.subject;
    r->issuers.certs = &r->issuer_der;
    r->issuers.ncerts = rc == CMC_OK;
    return rc;
}

static enum cmc_rc read_refs(struct run *r)
{
    struct tool *t = r->t;
    enum cmc_rc rc = CMC_OK;

    r->refs = cmc_arena_array(t->arena, r->o->serials.n, sizeof *r->refs);
    if (r->refs == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a request");
    for (size_t i = 0; rc == CMC_OK && i < r->o->serials.n; i++) {
        r->refs[i].issuer = r->issuer;
        rc = tool_serial(t, r->o->serials.v[i], &r->refs[i].serial);
        r->nrefs++;
    }
    return rc;
}

static enum cmc_rc read_wish(struct run *r)
{
    enum { LAST_FLAG = 8, REMOVE = 8, PRIVILEGE = 9, AA = 10 };
    const struct get *o = r->o;
    enum cmc_rc rc = CMC_OK;

    r->wish = (struct cmc_crl_wish){
        .issuer = r->issuer, .url = o->crl_url, .has_before = o->time != NULL};
    if (o->time != NULL)
        rc = tool_date(r->t, o->time, &r->wish.before);
    for (size_t i = 0; rc == CMC_OK && i < o->reasons.n; i++) {
        uint32_t reason = 0;

        rc = tool_reason(r->t, o->reasons.v[i], &reason);
        if (rc == CMC_OK && (reason == 0 || reason == REMOVE))
            return tool_usage(r->t, "--reason %s: CRLs are not divided by it", o->reasons.v[i]);
        /* ReasonFlags has no removeFromCRL: the last two stand one and two bits before. */
        if (reason == PRIVILEGE || reason == AA)
            reason -= 2;
        r->wish.reasons |= 1u << reason;
    }
    return rc;
}

/* -- the exchange ------------------------------------------------------------------------ */

static enum cmc_rc make_controls(struct run *r, struct cmc_full_request *rq)
{
    struct tool *t = r->t;
    size_t n = r->crl ? 1 : r->nrefs;
    struct cmc_extra_control *controls = cmc_arena_array(t->arena, n, sizeof *controls);
    enum cmc_rc rc = CMC_OK;

    if (controls == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a request");
    if (r->crl)
        rc = cmc_get_crl_control(&r->wish, t->arena, controls, &t->err);
    for (size_t i = 0; rc == CMC_OK && i < r->nrefs; i++)
        rc = cmc_get_cert_control(&r->refs[i], t->arena, &controls[i], &t->err);
    rq->controls = controls;
    rq->ncontrols = n;
    return rc;
}

static enum cmc_rc load_signer(struct run *r, struct cmc_full_request *rq,
                               struct cmc_cms_signer *signer)
{
    const struct get *o = r->o;
    enum cmc_rc rc = tool_crypto(r->t);

    if (rc != CMC_OK || o->unsigned_)
        return rc;
    rc = tool_signer_load(r->t, o->cert, o->key, o->pass, &r->signer);
    if (rc == CMC_OK)
        rc = tool_sid(r->t, o->sid, &signer->sid);
    if (rc != CMC_OK)
        return rc;
    signer->key = r->signer.key;
    signer->cert = r->signer.certs[0];
    rq->signer = signer;
    rq->certs = r->signer.certs;
    rq->ncerts = r->signer.ncerts;
    return CMC_OK;
}

static enum cmc_rc submit(struct run *r)
{
    struct tool *t = r->t;
    struct cmc_cms_signer signer = {.signing_time = true, .time = (int64_t)time(NULL)};
    struct cmc_full_request rq = {.no_nonce = r->o->no_nonce, .no_transaction_id = r->o->no_nonce};
    struct cmc_slice body = CMC_SLICE_NONE;
    struct cmc_transport_reply reply;
    const struct cmc_trust *trust = NULL;
    enum cmc_rc rc = tool_trust_load(t, &r->o->trust, &r->store, &trust);

    r->issuers.trust = trust;
    r->issuers.now = r->store.now;
    if (rc == CMC_OK)
        rc = load_signer(r, &rq, &signer);
    if (rc == CMC_OK)
        rc = make_controls(r, &rq);
    if (rc == CMC_OK)
        rc = cmc_full_request_create(t->crypto, &rq, t->arena, &r->state, &body, &t->err);
    if (rc == CMC_OK)
        rc = tool_net_post(t, &r->o->net, TOOL_TYPE_CMC, NULL, body, &reply);
    if (rc == CMC_OK)
        rc =
            cmc_answer_open(t->crypto, reply.body, &r->state, trust, t->arena, &r->answer, &t->err);
    return rc;
}

/* Each object that was asked for, checked, in the order it was asked for. */
static enum cmc_rc collect(struct run *r)
{
    struct tool *t = r->t;
    size_t n = r->crl ? 1 : r->nrefs;
    enum cmc_rc rc = CMC_OK;

    r->got = cmc_arena_array(t->arena, n, sizeof *r->got);
    if (r->got == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for an answer");
    for (size_t i = 0; rc == CMC_OK && i < n; i++) {
        struct cmc_slice der;

        rc = r->crl ? cmc_answer_get_crl(t->crypto, &r->answer, &r->wish, &r->issuers, t->arena,
                                         &der, &t->err)
                    : cmc_answer_get_cert(t->crypto, &r->answer, &r->refs[i], &r->issuers, t->arena,
                                          &der, &t->err);
        if (rc == CMC_OK)
            r->got[r->ngot++] = der;
        /* The server has said which it does not have: the others are still of use. */
        else if (rc == CMC_E_NOTFOUND && r->answer.worst != CMC_STATUS_SUCCESS)
            rc = CMC_OK;
    }
    return rc;
}

/* -- the results ------------------------------------------------------------------------- */

static enum cmc_rc write_all(struct run *r)
{
    const char *label = r->crl ? LABEL_CRL : TOOL_LABEL_CERT;
    bool der = r->o->form != NULL && strcmp(r->o->form, "der") == 0;
    struct tool *t = r->t;
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    if (r->ngot == 0)
        return CMC_OK;
    if (der || r->ngot == 1)
        return tool_write(t, r->o->out, der ? NULL : label, r->got[0]);
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; rc == CMC_OK && i < r->ngot; i++)
        rc = cmc_pem_write(label, r->got[i], &b, &t->err);
    if (rc == CMC_OK)
        rc = tool_write(t, r->o->out != NULL ? r->o->out : "-", NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc say_json(struct run *r)
{
    json_t *list = json_array();

    for (size_t i = 0; !r->crl && i < r->ngot; i++)
        (void)json_array_append_new(list, tool_json_cert(r->t, r->got[i], NULL));
    return tool_json_print(r->t, json_pack("{s:s, s:b, s:s, s:o, s:i, s:o}", "result",
                                           tool_status_word(r->answer.worst), "full",
                                           r->answer.full, "file", r->o->out, "certificates", list,
                                           "crls", r->crl ? (int)r->ngot : 0, "statuses",
                                           tool_json_outcomes(&r->answer)));
}

static int run(struct run *r, const char *what)
{
    struct tool *t = r->t;
    int code = TOOL_OK;
    enum cmc_rc rc = check(r, what);

    if (rc == CMC_OK)
        rc = read_issuer(r);
    if (rc == CMC_OK)
        rc = r->crl ? read_wish(r) : read_refs(r);
    if (rc == CMC_OK)
        rc = submit(r);
    if (rc == CMC_OK)
        rc = collect(r);
    if (rc == CMC_OK)
        code = tool_say_refusals(t, &r->answer);
    if (rc == CMC_OK)
        rc = write_all(r);
    if (rc == CMC_OK && r->o->json)
        rc = say_json(r);
    return rc == CMC_OK ? code : tool_end(t, rc);
}

int tool_cmd_get(struct tool *t, int argc, char **argv)
{
    struct get o = {0};
    struct run r = {.t = t, .o = &o};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);

    if (code != TOOL_GO_ON)
        return code;
    code = run(&r, operands[0]);
    tool_signer_clean(&r.signer);
    return code;
}
