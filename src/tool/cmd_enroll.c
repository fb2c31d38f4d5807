/* SPDX-License-Identifier: Apache-2.0 */
/* cmc enroll: from nothing, or from a request or an old certificate, to a new certificate. */
#include <jansson.h>
#include <time.h>

#include "asn1/codec.h"
#include "client/chain.h"
#include "tool/exchange.h"
#include "tool/input.h"
#include "tool/newcsr.h"

struct enroll {
    struct tool_key_options key;
    struct tool_csr_options csr;
    const char *csr_file;
    const char *officer_cert, *officer_key, *officer_pass;
    const char *renew, *renew_key, *renew_pass;
    bool self, simple;
    const char *sid;
    struct tool_net_options net;
    const char *answer;
    struct tool_trust_options trust;
    const char *cert_out, *chain_out;
    bool json;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("The key"),
    TOOL_KEY_ROWS(struct enroll, key),
    CMC_OPTION_HEADING("What is asked for"),
    CMC_OPTION("csr", 0, STRING, "FILE", struct enroll, csr_file,
               "a ready certification request (PKCS#10 or CRMF), in place\n"
               "of the key and the options below"),
    TOOL_CSR_ROWS(struct enroll, csr),
    CMC_OPTION_HEADING("Who asks (one of --officer-cert, --renew, --self, --simple)"),
    CMC_OPTION("officer-cert", 0, STRING, "URI", struct enroll, officer_cert,
               "an officer of the CA signs the request"),
    CMC_OPTION("officer-key", 0, STRING, "URI", struct enroll, officer_key,
               "the officer's key (not needed with PKCS#12)"),
    CMC_OPTION("officer-pass", 0, STRING, "FILE", struct enroll, officer_pass,
               "first line of FILE is the passphrase of that key"),
    CMC_OPTION("renew", 0, STRING, "URI", struct enroll, renew,
               "this certificate signs the request, and its subject and\n"
               "subjectAltName are asked for again; with --new-key for a\n"
               "new key, without for the same"),
    CMC_OPTION("renew-key", 0, STRING, "URI", struct enroll, renew_key, "the key of --renew"),
    CMC_OPTION("renew-pass", 0, STRING, "FILE", struct enroll, renew_pass,
               "first line of FILE is the passphrase of that key"),
    CMC_OPTION("self", 0, FLAG, NULL, struct enroll, self,
               "the new key signs the request, named by its SKI"),
    CMC_OPTION("simple", 0, FLAG, NULL, struct enroll, simple,
               "send a bare PKCS#10 (Simple PKI Request); the officer is\n"
               "who --tls-cert says"),
    CMC_OPTION("sid", 0, STRING, "FORM", struct enroll, sid,
               "name the signer by issuer-serial (the default) or ski"),
    CMC_OPTION_HEADING("Where to"),
    TOOL_NET_ROWS(struct enroll, net),
    CMC_OPTION_HEADING("The answer"),
    CMC_OPTION("answer", 'a', STRING, "FORM", struct enroll, answer,
               "ask for it as cmc, certs-only or pkix-cert"),
    TOOL_TRUST_ROWS(struct enroll, trust),
    CMC_OPTION("cert-out", 'o', STRING, "FILE", struct enroll, cert_out,
               "write the certificate here (PEM; standard output\n"
               "otherwise)"),
    CMC_OPTION("chain-out", 0, STRING, "FILE", struct enroll, chain_out,
               "write the CAs from its issuer to the trusted one here"),
    CMC_OPTION("json", 0, FLAG, NULL, struct enroll, json, "print the result as JSON"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc enroll",
    .operands = "",
    .about = "Make a key and a request, have it signed, send it, check the answer, and save the\n"
             "certificate. An existing key, request or certificate may stand in.",
    .rows = rows,
};

/* One enrolment under way. [10002-3.2-u5] */
struct run {
    struct tool *t;
    const struct enroll *o;
    EVP_PKEY *key;             /* to certify; NULL with --csr */
    struct tool_signer signer; /* its key is NULL with --self and --simple */
    struct cmc_slice csr;      /* CertificationRequest or CertReqMsg */
    struct cmc_request rq;
    struct cmc_exchange_state state;
    struct cmc_trust store;
    const struct cmc_trust *trust;
    struct cmc_answer_view answer;
    struct cmc_slice cert; /* the new one */
    struct cmc_chain chain;
};

/* -- the command line -------------------------------------------------------------------- */

static enum cmc_rc check_who(struct tool *t, const struct enroll *o)
{
    int ways = (o->officer_cert != NULL) + (o->renew != NULL) + o->self + o->simple;
    int sid;

    if (ways != 1)
        return tool_usage(t,
                          "%s of --officer-cert, --renew, --self and --simple is needed: who "
                          "asks for the certificate",
                          ways == 0 ? "one" : "only one");
    if (o->officer_cert == NULL && o->officer_key != NULL)
        return tool_usage(t, "--officer-key without --officer-cert; name the certificate too");
    if (o->renew == NULL && o->renew_key != NULL)
        return tool_usage(t, "--renew-key without --renew; name the certificate too");
    if (o->self && o->csr_file != NULL && o->key.key == NULL)
        return tool_usage(t, "--self with --csr wants the request's key too: --key URI");
    return tool_sid(t, o->sid, &sid);
}

static enum cmc_rc check_what(struct tool *t, const struct enroll *o)
{
    bool own_key = o->key.key != NULL || o->key.new_key != NULL || o->key.key_out != NULL;
    enum cmc_request_form form;
    enum cmc_rc rc = tool_csr_form(t, &o->csr, &form);

    if (rc != CMC_OK)
        return rc;
    if (o->simple && form == CMC_FORM_CRMF)
        return tool_usage(t, "--simple sends PKCS#10 only; leave out --form crmf");
    if (o->csr_file != NULL) {
        if (o->csr.subject != NULL || o->csr.san != NULL || o->csr.key_usage != NULL ||
            o->csr.eku != NULL || o->csr.ski || o->csr.form != NULL || o->key.new_key != NULL ||
            o->csr.no_signature)
            return tool_usage(t, "--csr brings its own key, subject and extensions; leave out the "
                                 "options that make them");
        return CMC_OK;
    }
    if (o->renew != NULL && !own_key)
        return CMC_OK; /* the same key again */
    if (o->renew == NULL && o->csr.subject == NULL)
        return tool_usage(t, "no --subject; as --subject \"O=Example, CN=alice\" (\"\" for none)");
    return tool_key_check(t, &o->key);
}

static enum cmc_rc check(struct tool *t, const struct enroll *o)
{
    const char *accept;
    enum cmc_rc rc = check_who(t, o);

    if (rc == CMC_OK)
        rc = check_what(t, o);
    if (rc == CMC_OK)
        rc = tool_net_check(t, &o->net);
    if (rc == CMC_OK)
        rc = tool_accept(t, o->answer, &accept);
    if (rc == CMC_OK && o->json && o->cert_out == NULL)
        rc = tool_usage(t, "--json takes standard output; say where the certificate goes with "
                           "--cert-out FILE");
    return rc;
}

/* -- the request ------------------------------------------------------------------------- */

static enum cmc_rc load_signer(struct run *r)
{
    const struct enroll *o = r->o;

    if (o->officer_cert != NULL)
        return tool_signer_load(r->t, o->officer_cert, o->officer_key, o->officer_pass, &r->signer);
    if (o->renew != NULL)
        return tool_signer_load(r->t, o->renew, o->renew_key, o->renew_pass, &r->signer);
    return tool_crypto(r->t);
}

static enum cmc_rc read_csr(struct run *r)
{
    struct tool_csrs csrs = {0};
    enum cmc_rc rc = tool_csrs_add(r->t, r->o->csr_file, &csrs);

    if (rc != CMC_OK)
        return rc;
    if (csrs.pkcs10.n + csrs.crmf.n != 1)
        return cmc_fail(&r->t->err, CMC_E_INPUT, NULL,
                        "%s: holds %zu requests; enroll takes one (see cmc request)",
                        r->o->csr_file, csrs.crmf.n);
    if (csrs.crmf.n == 1 && r->o->simple)
        return tool_usage(r->t, "%s: is CRMF; --simple sends PKCS#10 only", r->o->csr_file);
    r->csr = *(const struct cmc_slice *)(csrs.pkcs10.n == 1 ? csrs.pkcs10.v : csrs.crmf.v);
    r->rq.form = csrs.pkcs10.n == 1 ? CMC_FORM_PKCS10 : CMC_FORM_CRMF;
    if (r->o->key.key != NULL) /* to sign with it, or to answer a challenge */
        rc = tool_key_get(r->t, &r->o->key, &r->key);
    return rc;
}

static enum cmc_rc make_csr(struct run *r)
{
    struct tool_csr_options csr = r->o->csr;
    const struct cmc_cert *from = r->o->renew != NULL ? &r->signer.cert : NULL;
    enum cmc_rc rc = CMC_OK;

    if (r->o->key.key == NULL && r->o->key.new_key == NULL) {
        r->key = r->signer.key;
        (void)EVP_PKEY_up_ref(r->key);
    } else {
        rc = tool_key_get(r->t, &r->o->key, &r->key);
    }
    /* RFC 10002 section 3.2.1: who signs with the new key names it by an SKI that is asked for. */
    csr.ski = csr.ski || r->o->self;
    if (rc == CMC_OK)
        rc = tool_csr_make(r->t, &csr, r->key, from, &r->csr);
    if (rc == CMC_OK)
        rc = tool_csr_form(r->t, &csr, &r->rq.form);
    return rc;
}

/* Read back what is sent: its key is what the answer must certify. */
static enum cmc_rc get_csr(struct run *r)
{
    struct tool *t = r->t;
    enum cmc_rc rc = r->o->csr_file != NULL ? read_csr(r) : make_csr(r);

    if (rc == CMC_OK && r->rq.form == CMC_FORM_PKCS10)
        rc = cmc_request_from_pkcs10(r->csr, t->arena, &r->rq, &t->err);
    else if (rc == CMC_OK)
        rc = cmc_request_from_crmf(r->csr, t->arena, &r->rq, &t->err);
    return rc;
}

/* second: what the second trip takes, or NULL. [10002-6.3.3-u2, 10002-3.2-u2] */
static enum cmc_rc sign_request(struct run *r, const struct cmc_full_request *second,
                                struct cmc_slice *out)
{
    struct tool *t = r->t;
    struct cmc_cms_signer signer = {.signing_time = true, .time = (int64_t)time(NULL)};
    struct cmc_full_request rq = second != NULL ? *second : (struct cmc_full_request){0};
    enum cmc_rc rc = tool_sid(t, r->o->sid, &signer.sid);

    if (rc == CMC_OK && r->o->self) {
        signer.sid = CMC_SID_SKI;
        signer.key = r->key;
        rc = tool_self_ski(t, &r->rq, r->key, &signer.ski);
    } else if (rc == CMC_OK) {
        signer.key = r->signer.key;
        signer.cert = r->signer.certs[0];
        rq.certs = r->signer.certs;
        rq.ncerts = r->signer.ncerts;
    }
    rq.signer = &signer;
    if (second == NULL && r->rq.form == CMC_FORM_PKCS10) {
        rq.pkcs10 = &r->csr;
        rq.npkcs10 = 1;
    } else if (second == NULL) {
        rq.crmf = &r->csr;
        rq.ncrmf = 1;
    }
    if (rc == CMC_OK)
        rc = cmc_full_request_create(t->crypto, &rq, t->arena, &r->state, out, &t->err);
    return rc;
}

/* -- the exchange ------------------------------------------------------------------------ */

static enum cmc_rc send(struct run *r, const struct cmc_full_request *second)
{
    struct tool *t = r->t;
    bool simple = r->o->simple;
    struct cmc_slice body = r->csr;
    struct cmc_transport_reply reply;
    const char *accept = NULL;
    enum cmc_rc rc = tool_accept(t, r->o->answer, &accept);

    if (rc == CMC_OK && !simple)
        rc = sign_request(r, second, &body);
    if (rc == CMC_OK)
        rc = tool_net_post(t, &r->o->net, simple ? TOOL_TYPE_PKCS10 : TOOL_TYPE_CMC, accept, body,
                           &reply);
    if (rc == CMC_OK)
        rc = cmc_answer_open(t->crypto, reply.body, simple ? NULL : &r->state, r->trust, t->arena,
                             &r->answer, &t->err);
    return rc;
}

/* RFC 10002 section 6.7: a key that does not sign shows in a second trip that it decrypts. */
static enum cmc_rc submit(struct run *r)
{
    struct cmc_full_request second = {0};
    enum cmc_rc rc = send(r, NULL);

    if (rc != CMC_OK || r->answer.nchallenges == 0)
        return rc;
    if (r->key == NULL)
        return cmc_fail(&r->t->err, CMC_E_USAGE, "RFC 10002 section 6.7",
                        "the server wants to see that the key of the request decrypts; name it "
                        "with --key");
    rc = cmc_answer_challenge(r->t->crypto, &r->answer, &r->state, r->csr, r->key, r->t->arena,
                              &second, &r->t->err);
    return rc == CMC_OK ? send(r, &second) : rc;
}

/* The new certificate and the path from it to the trusted CA. */
static enum cmc_rc find_cert(struct run *r)
{
    struct tool *t = r->t;
    enum cmc_rc rc =
        cmc_answer_cert(t->crypto, &r->answer, r->rq.spki, NULL, t->arena, &r->cert, &t->err);

    if (rc == CMC_OK && r->trust != NULL) {
        rc = cmc_chain_check(t->crypto, r->cert, r->answer.certs, r->answer.ncerts, r->trust,
                             t->arena, &r->chain, &t->err);
        if (rc != CMC_OK)
            cmc_err_prefix(&t->err, "the new certificate");
    }
    return rc;
}

/* -- what is left behind ----------------------------------------------------------------- */

static enum cmc_rc write_chain(struct run *r)
{
    struct tool *t = r->t;
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 1; rc == CMC_OK && i < r->chain.n; i++)
        rc = cmc_pem_write(TOOL_LABEL_CERT, r->chain.certs[i], &b, &t->err);
    /* Unchecked, all that the server sent besides is what there is. */
    for (size_t i = 0; rc == CMC_OK && r->trust == NULL && i < r->answer.ncerts; i++) {
        if (!cmc_slice_eq(r->answer.certs[i], r->cert))
            rc = cmc_pem_write(TOOL_LABEL_CERT, r->answer.certs[i], &b, &t->err);
    }
    if (rc == CMC_OK)
        rc = tool_write(t, r->o->chain_out, NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc say_cert(struct run *r)
{
    struct cmc_cert cert = {0};
    struct cmc_buf b;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, r->cert, r->t->arena, &cert, &r->t->err);

    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_str(&b, "certificate of ");
    cmc_name_print(cert.tbs.subject, &b);
    cmc_buf_str(&b, ", serial number ");
    cmc_buf_hex(&b, cert.tbs.serial);
    cmc_buf_str(&b, ", in ");
    tool_safe(&b, cmc_slice_str(r->o->cert_out));
    cmc_buf_byte(&b, '\n');
    rc = tool_print(r->t, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc save(struct run *r)
{
    enum cmc_rc rc = tool_write(r->t, r->o->cert_out, TOOL_LABEL_CERT, r->cert);

    if (rc == CMC_OK && r->o->chain_out != NULL)
        rc = write_chain(r);
    if (rc == CMC_OK && !r->o->json && r->o->cert_out != NULL && strcmp(r->o->cert_out, "-") != 0)
        rc = say_cert(r);
    return rc;
}

static enum cmc_rc say_json(struct run *r)
{
    json_t *out = json_pack("{s:s, s:o}", "result", tool_status_word(r->answer.worst), "statuses",
                            tool_json_outcomes(&r->answer));

    if (r->cert.p != NULL)
        (void)json_object_set_new(out, "certificate",
                                  tool_json_cert(r->t, r->cert, r->o->cert_out));
    if (r->cert.p != NULL && r->o->chain_out != NULL)
        (void)json_object_set_new(out, "chainFile", json_string(r->o->chain_out));
    if (r->o->key.key_out != NULL)
        (void)json_object_set_new(out, "keyFile", json_string(r->o->key.key_out));
    return tool_json_print(r->t, out);
}

static int run(struct run *r)
{
    struct tool *t = r->t;
    enum cmc_rc rc = check(t, r->o);
    int code = TOOL_OK;
    bool key_made = false;

    if (rc == CMC_OK)
        rc = tool_trust_load(t, &r->o->trust, &r->store, &r->trust);
    if (rc == CMC_OK)
        rc = load_signer(r);
    if (rc == CMC_OK)
        rc = get_csr(r);
    key_made = r->key != NULL && r->o->key.new_key != NULL;
    if (rc == CMC_OK)
        rc = submit(r);
    if (rc == CMC_OK)
        code = tool_say_refusals(t, &r->answer);
    if (rc == CMC_OK && code == TOOL_OK)
        rc = find_cert(r);
    if (rc == CMC_OK && code == TOOL_OK)
        rc = save(r);
    if (rc == CMC_OK && r->o->json)
        rc = say_json(r);
    if (rc != CMC_OK)
        code = tool_end(t, rc);
    if (code != TOOL_OK && key_made)
        tool_note(t, "the new key stays in %s; use it again with --key %s", r->o->key.key_out,
                  r->o->key.key_out);
    return code;
}

int tool_cmd_enroll(struct tool *t, int argc, char **argv)
{
    struct enroll o = {0};
    struct run r = {.t = t, .o = &o};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);

    if (code != TOOL_GO_ON)
        return code;
    code = run(&r);
    EVP_PKEY_free(r.key);
    tool_signer_clean(&r.signer);
    return code;
}
