/* SPDX-License-Identifier: Apache-2.0 */
/* cmc enroll: from nothing, or from requests or an old certificate, to new certificates. */
#include <jansson.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/chain.h"
#include "tool/enroll.h"
#include "tool/follow_up.h"

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("The key"),
    TOOL_KEY_ROWS(struct enroll, key),
    CMC_OPTION_HEADING("What is asked for"),
    CMC_OPTION("csr", 0, LIST, "FILE", struct enroll, csr_files,
               "a ready certification request (PKCS#10 or CRMF), in place\n"
               "of the key and the options below (may be repeated)"),
    TOOL_REQUEST_KEY_ROW(struct enroll, request_keys),
    TOOL_CSR_ROWS(struct enroll, csr),
    TOOL_CHANGE_ROWS(struct enroll, csr.change),
    CMC_OPTION_HEADING("Who asks (one of --officer-cert, --renew, --self, --simple,\n"
                       "--mac-secret)"),
    TOOL_OFFICER_ROWS(struct enroll, officer),
    CMC_OPTION("renew", 0, STRING, "URI", struct enroll, renew,
               "this certificate signs the request, and its subject and\n"
               "subjectAltName are asked for again; with --new-key for a\n"
               "new key, without for the same"),
    CMC_OPTION("renew-key", 0, STRING, "URI", struct enroll, renew_key, "the key of --renew"),
    CMC_OPTION("renew-pass", 0, STRING, "FILE", struct enroll, renew_pass,
               "first line of FILE is the passphrase of that key"),
    CMC_OPTION("self", 0, FLAG, NULL, struct enroll, self,
               "the new key signs the request, named by its SKI (with a\n"
               "shared secret that is the default)"),
    CMC_OPTION("simple", 0, FLAG, NULL, struct enroll, simple,
               "send a bare PKCS#10 (Simple PKI Request); the officer is\n"
               "who --tls-cert says"),
    CMC_OPTION_HEADING("What proves it"),
    TOOL_SECRET_ROWS(struct enroll, secret),
    CMC_OPTION_HEADING("Protection beyond the signature"),
    TOOL_PROTECT_ROWS(struct enroll, protect),
    CMC_OPTION_HEADING("What else is said"),
    CMC_OPTION("data-return", 0, STRING, "TEXT", struct enroll, data_return,
               "octets that the server must send back"),
    CMC_OPTION("reg-info", 0, STRING, "TEXT", struct enroll, reg_info,
               "regInfo, as agreed with the CA"),
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
    CMC_OPTION("save-self-signed", 0, STRING, "FILE", struct enroll, self_signed_out,
               "write self-signed certificates of the answer here, for\n"
               "you to judge; they are not trusted by that"),
    CMC_OPTION("json", 0, FLAG, NULL, struct enroll, json, "print the result as JSON"),
    CMC_OPTION_HEADING("If it is not decided at once"),
    CMC_OPTION("wait", 'w', UINT, "SECONDS", struct enroll, wait,
               "go on asking for so long; never before the time that the\n"
               "server told"),
    CMC_OPTION("pending-out", 0, STRING, "FILE", struct enroll, pending_out,
               "write here what cmc poll or cmc confirm goes on with\n"
               "(CERT-OUT.pending otherwise)"),
    CMC_OPTION("no-confirm", 0, FLAG, NULL, struct enroll, no_confirm,
               "do not accept a certificate that wants to be; see cmc\n"
               "confirm"),
    CMC_OPTION("reject", 0, STRING, "REASON", struct enroll, reject,
               "reject a certificate that wants to be accepted"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc enroll",
    .operands = "",
    .about = "Make a key and a request, have it signed, send it, check the answer, and save the\n"
             "certificate. An existing key, request or certificate may stand in.",
    .rows = rows,
};

/* -- the command line -------------------------------------------------------------------- */

/* With a secret and nobody else the key to be certified signs. */
static bool is_self(const struct enroll *o)
{
    return o->self || (o->secret.file != NULL && o->officer.cert == NULL && o->renew == NULL &&
                       !o->simple && o->protect.mac_secret == NULL);
}

static enum cmc_rc check_proof(struct tool *t, const struct enroll *o)
{
    bool given = o->secret.file != NULL || o->secret.identification != NULL;

    /* [10002-3.1-b, 10002-3.1-u2] */
    if (o->simple && (given || o->data_return != NULL || o->reg_info != NULL))
        return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 3.1",
                        "--simple sends a bare PKCS#10, which has no room for a proof of identity "
                        "or any control; leave out --simple");
    /* [10002-3.2-u5] */
    if (o->renew != NULL && given)
        return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 3.2",
                        "--renew: the old certificate is the identity; leave out --identification "
                        "and --secret-file");
    return tool_secret_check(t, &o->secret);
}

static enum cmc_rc check_who(struct tool *t, const struct enroll *o)
{
    int ways = (o->officer.cert != NULL) + (o->renew != NULL) + is_self(o) + o->simple +
               (o->protect.mac_secret != NULL);
    int sid;

    if (ways != 1)
        return tool_usage(t,
                          "%s of --officer-cert, --renew, --self, --simple and --mac-secret is "
                          "needed: who asks for the certificate",
                          ways == 0 ? "one" : "only one");
    if (o->officer.cert == NULL && o->officer.key != NULL)
        return tool_usage(t, "--officer-key without --officer-cert; name the certificate too");
    if (o->renew == NULL && o->renew_key != NULL)
        return tool_usage(t, "--renew-key without --renew; name the certificate too");
    if (is_self(o) && o->csr_files.n > 0 && o->key.key == NULL && o->request_keys.n == 0)
        return tool_usage(t, "--self with --csr wants the request's key too: --key URI");
    if (o->simple && (o->protect.to.n > 0 || o->protect.encrypt_secret != NULL))
        return tool_usage(t, "--simple cannot be encrypted (RFC 10002 section 5)");
    if (tool_protect_check(t, &o->protect, o->protect.mac_secret == NULL && !o->simple) != CMC_OK)
        return CMC_E_USAGE;
    return tool_sid(t, o->officer.sid, &sid);
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
    if (o->request_keys.n > 0 && o->csr_files.n == 0)
        return tool_usage(t, "--request-key goes with --csr; here --key or --new-key is the key");
    if (o->simple && o->csr_files.n > 1)
        return tool_usage(t, "--simple sends one request; %zu are given", o->csr_files.n);
    if (o->csr_files.n > 0) {
        if (o->csr.subject != NULL || o->csr.san != NULL || o->csr.key_usage != NULL ||
            o->csr.eku != NULL || o->csr.ski || o->csr.form != NULL || o->key.new_key != NULL ||
            o->csr.no_signature || o->csr.change.subject != NULL || o->csr.change.san != NULL)
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
        rc = check_proof(t, o);
    if (rc == CMC_OK)
        rc = check_what(t, o);
    if (rc == CMC_OK)
        rc = tool_net_check(t, &o->net);
    /* [10002-6.2.4-e, 10002-5-d] */
    if (rc == CMC_OK && o->secret.hardware_token && o->protect.to.n == 0 &&
        strncasecmp(o->net.url, "https:", 6) != 0)
        rc = cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 6.2.4",
                      "--hardware-token: what the token shows must not be read on the way; use an "
                      "https: URL, or --encrypt-to");
    if (rc == CMC_OK)
        rc = tool_accept(t, o->answer, &accept);
    if (rc == CMC_OK && o->json && o->cert_out == NULL)
        rc = tool_usage(t, "--json takes standard output; say where the certificate goes with "
                           "--cert-out FILE");
    return rc;
}

/* -- the request ------------------------------------------------------------------------- */

static enum cmc_rc load_signer(struct enroll_run *r)
{
    const struct enroll *o = r->o;

    if (o->officer.cert != NULL)
        return tool_signer_load(r->t, o->officer.cert, o->officer.key, o->officer.pass, &r->signer);
    if (o->renew != NULL)
        return tool_signer_load(r->t, o->renew, o->renew_key, o->renew_pass, &r->signer);
    return tool_crypto(r->t);
}

static enum cmc_rc read_csrs(struct enroll_run *r)
{
    struct tool *t = r->t;
    struct tool_csrs csrs = {0};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < r->o->csr_files.n; i++)
        rc = tool_csrs_add(t, r->o->csr_files.v[i], &csrs);
    if (rc == CMC_OK && r->o->simple && (csrs.crmf.n > 0 || csrs.pkcs10.n != 1))
        return tool_usage(t, "%s: --simple sends one PKCS#10; this is %s", r->o->csr_files.v[0],
                          csrs.crmf.n > 0 ? "CRMF" : "more");
    if (rc == CMC_OK)
        rc = tool_items_make(t, &csrs, &r->items);
    if (rc == CMC_OK && r->o->key.key != NULL)
        rc = tool_key_get(t, &r->o->key, &key);
    if (rc == CMC_OK && key != NULL)
        rc = tool_items_key(t, &r->items, r->o->key.key, key);
    if (rc == CMC_OK)
        rc = tool_items_keys(t, &r->items, &r->o->request_keys, r->o->key.key_pass);
    return rc;
}

static enum cmc_rc make_csr(struct enroll_run *r)
{
    struct tool *t = r->t;
    struct tool_csr_options csr = r->o->csr;
    const struct cmc_cert *from = r->o->renew != NULL ? &r->signer.cert : NULL;
    struct tool_csrs csrs = {0};
    enum cmc_request_form form = CMC_FORM_PKCS10;
    EVP_PKEY *key = NULL;
    struct cmc_slice der = CMC_SLICE_NONE;
    enum cmc_rc rc = CMC_OK;

    if (r->o->key.key == NULL && r->o->key.new_key == NULL) {
        key = r->signer.key;
        (void)EVP_PKEY_up_ref(key);
    } else {
        key = r->new_key;
        r->new_key = NULL;
        if (key == NULL)
            rc = tool_key_get(t, &r->o->key, &key);
        r->key_made = key != NULL && r->o->key.new_key != NULL;
    }
    /* [10002-3.2-b] Who signs with the new key names it by an SKI that is asked for. */
    csr.ski = csr.ski || r->self;
    if (rc == CMC_OK)
        rc = tool_csr_make(t, &csr, key, from, &der);
    if (rc == CMC_OK)
        rc = tool_csr_form(t, &csr, &form);
    if (rc == CMC_OK)
        rc = tool_csrs_keep(t, form == CMC_FORM_CRMF ? &csrs.crmf : &csrs.pkcs10, der);
    if (rc == CMC_OK)
        rc = tool_items_make(t, &csrs, &r->items);
    if (rc == CMC_OK)
        return tool_items_key(t, &r->items, "the key", key);
    EVP_PKEY_free(key);
    return rc;
}

/* [10002-6.2.4-c] Who holds the token must be named in each request. */
static enum cmc_rc check_items(struct enroll_run *r)
{
    struct tool *t = r->t;

    for (size_t i = 0; i < r->items.n; i++) {
        if (r->o->secret.hardware_token && r->items.v[i].rq.subject.n <= 2)
            return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 6.2.4",
                            "--hardware-token: request %zu has no subject; it must name the holder "
                            "of the token",
                            i + 1);
        /* [10002-3.1-u2] */
        if (r->o->simple && r->items.v[i].rq.pop != CMC_POP_BY_SIGNATURE)
            return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 3.1",
                            "--simple: the request is not signed by its key, so the server would "
                            "have to challenge it; leave out --simple");
    }
    return CMC_OK;
}

static enum cmc_rc get_items(struct enroll_run *r)
{
    enum cmc_rc rc = r->o->csr_files.n > 0 ? read_csrs(r) : make_csr(r);

    if (rc == CMC_OK)
        rc = check_items(r);
    if (rc == CMC_OK)
        rc = tool_items_link(r->t, &r->items, r->self, &r->secret);
    return rc;
}

/* What the answer may be encrypted to: the signer's key, or the new one. */
static enum cmc_rc load_protection(struct enroll_run *r)
{
    enum cmc_rc rc = tool_protect_load(r->t, &r->o->protect, &r->protection);

    if (rc == CMC_OK && r->signer.key != NULL)
        tool_protect_key(&r->protection, r->signer.key, r->signer.certs[0]);
    else if (rc == CMC_OK)
        tool_protect_key(&r->protection, r->items.v[0].key, CMC_SLICE_NONE);
    return rc;
}

/* rq: what the message is about; here come who signs it and what goes into each message.
 * [10002-6.3.3-u2, 10002-3.2-u2] */
static enum cmc_rc sign_request(struct enroll_run *r, struct cmc_full_request rq,
                                struct cmc_slice *out)
{
    struct tool *t = r->t;
    struct cmc_cms_signer signer = {
        .signing_time = true, .time = (int64_t)time(NULL), .digest_null = r->secret.dogtag};
    enum cmc_rc rc = tool_sid(t, r->o->officer.sid, &signer.sid);

    if (rc == CMC_OK && r->self) {
        signer.sid = CMC_SID_SKI;
        signer.key = r->items.v[0].key;
        if (signer.key == NULL)
            return tool_usage(t, "--self: the key of the first request signs; name it with "
                                 "--request-key");
        /* No SignerInfo is made with id-alg-noSignature: a MAC protects the controls too. */
        if (cmc_sig_default(signer.key) == NULL)
            return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 3.2",
                            "--self: a key of type %s cannot sign the message; protect it by the "
                            "shared secret, with --mac-secret and --secret-name",
                            EVP_PKEY_get0_type_name(signer.key));
        rc = tool_self_ski(t, &r->items.v[0].rq, signer.key, &signer.ski);
    } else if (rc == CMC_OK && r->signer.key != NULL) {
        signer.key = r->signer.key;
        signer.cert = r->signer.certs[0];
        rq.certs = r->signer.certs;
        rq.ncerts = r->signer.ncerts;
    }
    rq.signer = signer.key != NULL ? &signer : NULL;
    if (rc == CMC_OK)
        rc = tool_protect_apply(t, &r->protection, &rq);
    if (rc == CMC_OK)
        rc = cmc_full_request_create(t->crypto, &rq, t->arena, &r->state, out, &t->err);
    return rc;
}

/* -- the exchange ------------------------------------------------------------------------ */

static enum cmc_rc post(struct enroll_run *r, struct cmc_slice body,
                        struct cmc_transport_reply *reply)
{
    const char *accept = NULL;
    enum cmc_rc rc = tool_accept(r->t, r->o->answer, &accept);

    /* [10003-6.1-a, 10003-6.1-b] */
    if (rc == CMC_OK)
        rc = tool_net_post(r->t, &r->o->net, r->o->simple ? TOOL_TYPE_PKCS10 : TOOL_TYPE_CMC,
                           accept, body, reply);
    return rc;
}

static enum cmc_rc send(struct enroll_run *r, const struct cmc_full_request *rq)
{
    struct tool *t = r->t;
    bool simple = r->o->simple;
    struct cmc_slice body = r->items.v[0].der;
    struct cmc_transport_reply reply;
    enum cmc_rc rc = CMC_OK;

    if (!simple)
        rc = sign_request(r, *rq, &body);
    if (rc == CMC_OK)
        rc = post(r, body, &reply);
    if (rc == CMC_OK)
        rc = tool_answer_open(t, reply.body, simple ? NULL : &r->state, r->trust, &r->answer);
    return rc;
}

/*
 * [10002-6.7-g, 10002-6.7-u5] The challenge was not made for our key, or on the way it became
 * another: the server is told that the enrolment ends here. What it says to that does not matter.
 */
static void give_up(struct enroll_run *r)
{
    struct tool *t = r->t;
    const struct cmc_err why = t->err;
    struct cmc_full_request last = {0};
    struct cmc_transport_reply reply;
    struct cmc_slice body;

    if (cmc_abort_challenge(&r->answer, &r->state, t->arena, &last, &t->err) != CMC_OK ||
        sign_request(r, last, &body) != CMC_OK || post(r, body, &reply) != CMC_OK)
        tool_note(t, "the server could not be told that the enrolment ends: %s", t->err.text);
    t->err = why;
}

static enum cmc_rc first_request(struct enroll_run *r, struct cmc_full_request *rq)
{
    *rq = (struct cmc_full_request){.data_return = cmc_slice_str(r->o->data_return),
                                    .reg_info = cmc_slice_str(r->o->reg_info)};
    return tool_items_fill(r->t, &r->items, &r->secret, rq);
}

/* Once more when a server has not taken the first answer; it must come to an end somewhere. */
#define CHALLENGES_MAX 2

/* RFC 10002 section 6.7: a key that does not sign shows in a second trip that it decrypts. */
static enum cmc_rc submit(struct enroll_run *r)
{
    struct tool *t = r->t;
    struct cmc_full_request rq = {0};
    EVP_PKEY **keys = NULL;
    enum cmc_rc rc = r->o->simple ? CMC_OK : first_request(r, &rq);

    if (rc == CMC_OK)
        rc = send(r, &rq);
    if (rc == CMC_OK)
        rc = tool_items_get_keys(t, &r->items, &keys);
    for (int trip = 0; rc == CMC_OK && r->answer.nchallenges > 0; trip++) {
        /* [10002-6.7-i] */
        if (trip == CHALLENGES_MAX)
            return cmc_fail(&t->err, CMC_E_REFUSED, "RFC 10002 section 6.7",
                            "the server was answered %d times and challenges the key again; it "
                            "does not take the answers",
                            CHALLENGES_MAX);
        rq = (struct cmc_full_request){.secret = r->secret.given ? &r->secret.proof : NULL,
                                       .reg_info = cmc_slice_str(r->o->reg_info)};
        rc = cmc_second_trip(t->crypto, &r->answer, &r->state, keys, t->arena, &rq, &t->err);
        if (rc == CMC_E_USAGE)
            cmc_err_prefix(&t->err, "name the key with --key or --request-key");
        if (rc == CMC_E_CRYPTO)
            give_up(r);
        if (rc == CMC_OK)
            rc = send(r, &rq);
    }
    return rc;
}

/* [10002-4.1-b, 10002-4.2-b] A certificate is known by its key, wherever it stands. */
static enum cmc_rc find_cert(struct enroll_run *r, struct tool_item *it)
{
    struct tool *t = r->t;
    enum cmc_rc rc =
        cmc_answer_cert(t->crypto, &r->answer, it->rq.spki, NULL, t->arena, &it->cert, &t->err);

    if (rc == CMC_OK && r->trust != NULL) {
        rc = cmc_chain_check(t->crypto, it->cert, r->answer.certs, r->answer.ncerts, r->trust,
                             t->arena, &it->chain, &t->err);
        if (rc != CMC_OK) {
            cmc_err_prefix(&t->err, "the new certificate");
            it->cert = CMC_SLICE_NONE;
            t->exit = TOOL_NOT_TRUSTED;
        }
    }
    return rc;
}

/* Must there be a certificate for this request? */
static bool is_granted(const struct enroll_run *r, size_t i)
{
    const struct cmc_outcome *o =
        r->o->simple || i >= r->state.nsent
            ? NULL
            : tool_outcome_of(&r->answer, cmc_tagged_request_id(&r->state.sent[i]));

    return o != NULL ? o->status == CMC_STATUS_SUCCESS : r->answer.worst == CMC_STATUS_SUCCESS;
}

/* The certificate of each request that was granted. */
static enum cmc_rc find_certs(struct enroll_run *r)
{
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < r->items.n; i++) {
        if (is_granted(r, i))
            rc = find_cert(r, &r->items.v[i]);
    }
    return rc;
}

static const struct tool_item *first_granted(const struct enroll_run *r)
{
    for (size_t i = 0; i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL)
            return &r->items.v[i];
    }
    return NULL;
}

/* -- what is left behind ----------------------------------------------------------------- */

static bool is_new(const struct enroll_run *r, struct cmc_slice cert)
{
    for (size_t i = 0; i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL && cmc_slice_eq(r->items.v[i].cert, cert))
            return true;
    }
    return false;
}

static enum cmc_rc write_chain(struct enroll_run *r)
{
    struct tool *t = r->t;
    const struct cmc_chain *chain = &first_granted(r)->chain;
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 1; rc == CMC_OK && i < chain->n; i++)
        rc = cmc_pem_write(TOOL_LABEL_CERT, chain->certs[i], &b, &t->err);
    /* Unchecked, all that the server sent besides is what there is. */
    for (size_t i = 0; rc == CMC_OK && r->trust == NULL && i < r->answer.ncerts; i++) {
        if (!is_new(r, r->answer.certs[i]))
            rc = cmc_pem_write(TOOL_LABEL_CERT, r->answer.certs[i], &b, &t->err);
    }
    if (rc == CMC_OK)
        rc = tool_write(t, r->o->chain_out, NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

/* All that were granted, in the order of the requests. */
static enum cmc_rc write_certs(struct enroll_run *r)
{
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; rc == CMC_OK && i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL)
            rc = cmc_pem_write(TOOL_LABEL_CERT, r->items.v[i].cert, &b, &r->t->err);
    }
    if (rc == CMC_OK)
        rc = tool_write(r->t, r->o->cert_out, NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc say_cert(struct enroll_run *r, struct cmc_slice der)
{
    struct cmc_cert cert = {0};
    struct cmc_buf b;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, der, r->t->arena, &cert, &r->t->err);

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

static enum cmc_rc save(struct enroll_run *r)
{
    bool say = !r->o->json && r->o->cert_out != NULL && strcmp(r->o->cert_out, "-") != 0;
    enum cmc_rc rc = write_certs(r);

    if (rc == CMC_OK && r->o->chain_out != NULL)
        rc = write_chain(r);
    for (size_t i = 0; rc == CMC_OK && say && i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL)
            rc = say_cert(r, r->items.v[i].cert);
    }
    return rc;
}

/* "certificate" of one request, "certificates" of several. */
static void json_certs(struct enroll_run *r, json_t *out)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL)
            (void)json_array_append_new(list,
                                        tool_json_cert(r->t, r->items.v[i].cert, r->o->cert_out));
    }
    if (r->items.n == 1)
        (void)json_object_set(out, "certificate", json_array_get(list, 0));
    else
        (void)json_object_set(out, "certificates", list);
    json_decref(list);
}

static enum cmc_rc say_json(struct enroll_run *r)
{
    json_t *out = json_pack("{s:s, s:o}", "result", tool_status_word(r->answer.worst), "statuses",
                            tool_json_outcomes(&r->answer));

    if (first_granted(r) != NULL)
        json_certs(r, out);
    if (first_granted(r) != NULL && r->o->chain_out != NULL)
        (void)json_object_set_new(out, "chainFile", json_string(r->o->chain_out));
    if (r->left != NULL)
        (void)json_object_set_new(out, "pendingFile", json_string(r->left));
    if (r->o->key.key_out != NULL)
        (void)json_object_set_new(out, "keyFile", json_string(r->o->key.key_out));
    return tool_json_print(r->t, out);
}

static enum cmc_rc ask(struct enroll_run *r)
{
    enum cmc_rc rc = check(r->t, r->o);

    r->self = is_self(r->o);
    if (rc == CMC_OK)
        rc = tool_trust_load(r->t, &r->o->trust, &r->store, &r->trust);
    if (rc == CMC_OK)
        rc = tool_secret_load(r->t, &r->o->secret, &r->secret);
    /* The signer may be in the same token, which is opened for one of the two first. */
    if (rc == CMC_OK && r->o->key.key_out != NULL && cmc_uri_is_token(r->o->key.key_out))
        rc = tool_key_get(r->t, &r->o->key, &r->new_key);
    if (rc == CMC_OK)
        rc = load_signer(r);
    if (rc == CMC_OK)
        rc = get_items(r);
    if (rc == CMC_OK)
        rc = load_protection(r);
    return rc == CMC_OK ? submit(r) : rc;
}

static int run(struct enroll_run *r)
{
    struct tool *t = r->t;
    enum cmc_rc rc = ask(r);
    bool waits = rc == CMC_OK && tool_follow_wanted(&r->answer);
    struct tool_item *item = NULL;
    int code = TOOL_OK;

    if (rc == CMC_OK && !waits)
        code = tool_say_refusals(t, &r->answer);
    if (rc == CMC_OK && r->o->self_signed_out != NULL)
        rc = tool_save_self_signed(t, &r->answer, r->o->self_signed_out);
    if (rc == CMC_OK)
        rc = find_certs(r);
    if (rc == CMC_OK && waits)
        rc = tool_enroll_follow(r, &item, &code);
    if (rc == CMC_OK && item != NULL && code == TOOL_OK && item->cert.p == NULL)
        rc = find_cert(r, item);
    if (rc == CMC_OK && first_granted(r) != NULL)
        rc = save(r);
    if (rc == CMC_OK && r->o->json)
        rc = say_json(r);
    if (rc != CMC_OK)
        code = tool_end(t, rc);
    if (code != TOOL_OK && r->key_made && !cmc_uri_is_token(r->o->key.key_out))
        tool_note(t, "the new key stays in %s; use it again with --key %s", r->o->key.key_out,
                  r->o->key.key_out);
    return code;
}

int tool_cmd_enroll(struct tool *t, int argc, char **argv)
{
    struct enroll o = {0};
    struct enroll_run r = {.t = t, .o = &o};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);

    if (code != TOOL_GO_ON)
        return code;
    code = run(&r);
    EVP_PKEY_free(r.new_key);
    tool_items_clean(&r.items);
    tool_protect_clean(&r.protection);
    tool_signer_clean(&r.signer);
    return code;
}
