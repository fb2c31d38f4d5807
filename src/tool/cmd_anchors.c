/* SPDX-License-Identifier: Apache-2.0 */
/* cmc anchors update|list: trust anchors that a CA publishes (RFC 10002 sections 6.15, 6.16). */
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <time.h>

#include "asn1/codec.h"
#include "base/hex.h"
#include "client/anchors.h"
#include "tool/anchor_state.h"
#include "tool/exchange.h"
#include "tool/input.h"

struct anchors {
    const char *state, *out;
    struct cmc_option_list trust, certs, publishers;
    bool no_eku, drop_named;
    unsigned int window;
    const char *response;
    struct tool_net_options net;
    const char *cert, *key, *pass, *sid;
    const char *identity, *secret_file;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("What is kept"),
    CMC_OPTION("state", 's', STRING, "FILE", struct anchors, state,
               "the anchors of each publisher, and its last sequence\n"
               "number (made when it is not there)"),
    CMC_OPTION("out", 'o', STRING, "FILE", struct anchors, out,
               "write all anchors as PEM here, with their sources"),
    CMC_OPTION_HEADING("Whom to believe"),
    CMC_OPTION("trust", 'T', LIST, "FILE", struct anchors, trust,
               "certificates to begin with; they are kept in --state\n"
               "(may be repeated)"),
    CMC_OPTION("publisher", 0, LIST, "HASH", struct anchors, publishers,
               "SHA-256, in hex, of a certificate or key that may publish\n"
               "(any responder with id-kp-cmcCA otherwise; may be\n"
               "repeated)"),
    CMC_OPTION("no-eku", 0, FLAG, NULL, struct anchors, no_eku,
               "with --publisher: it need not have id-kp-cmcCA"),
    CMC_OPTION("window", 0, UINT, "SECONDS", struct anchors, window,
               "how far the signing time may be from now (300)"),
    CMC_OPTION("identity", 0, STRING, "NAME", struct anchors, identity,
               "first contact: nothing is trusted yet, but the CA and we\n"
               "share a secret of this name"),
    CMC_OPTION("secret-file", 0, STRING, "FILE", struct anchors, secret_file,
               "first line of FILE is that secret"),
    CMC_OPTION("cert", 'c', LIST, "FILE", struct anchors, certs,
               "certificates that the response may only name (may be\n"
               "repeated)"),
    CMC_OPTION("drop-named", 0, FLAG, NULL, struct anchors, drop_named,
               "what was published takes the place of what --trust named"),
    CMC_OPTION_HEADING("Where they come from"),
    TOOL_NET_ROWS(struct anchors, net),
    CMC_OPTION("response", 0, STRING, "FILE", struct anchors, response,
               "instead of asking: a Full PKI Response that was saved"),
    CMC_OPTION("signer-cert", 0, STRING, "URI", struct anchors, cert,
               "sign the question with this certificate"),
    CMC_OPTION("signer-key", 0, STRING, "URI", struct anchors, key,
               "its key (not needed with PKCS#12)"),
    CMC_OPTION("key-pass", 0, STRING, "FILE", struct anchors, pass,
               "first line of FILE is the passphrase of that key"),
    CMC_OPTION("sid", 0, STRING, "FORM", struct anchors, sid,
               "name the signer by issuer-serial (the default) or ski"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc anchors",
    .operands = "update|list|forget",
    .min_operands = 1,
    .max_operands = 1,
    .about =
        "Take over the trust anchors that a CA publishes, list those that are kept, or forget\n"
        "those of a --publisher (the hash that list tells). A set is believed only if its\n"
        "signature leads to an anchor of now, its signer may publish, it was signed just now,\n"
        "and its sequence number is new.",
    .rows = rows,
};

struct run {
    struct tool *t;
    const struct anchors *o;
    struct tool_anchor_state state;
    struct cmc_trust trust;
    struct tool_signer signer;
    struct cmc_slice secret;
    struct cmc_anchor_policy policy;
    struct cmc_exchange_state exchange;
    struct cmc_answer_view answer;
};

/* -- the command line -------------------------------------------------------------------- */

enum what { UPDATE, LIST, FORGET };

static enum cmc_rc check(struct tool *t, const struct anchors *o, enum what what)
{
    int sid;

    if (o->state == NULL)
        return tool_usage(t, "no --state FILE; where are the anchors kept?");
    if (what == FORGET && o->publishers.n == 0)
        return tool_usage(t, "whose anchors? Give --publisher with the hash that list tells");
    if (what != UPDATE)
        return CMC_OK;
    if ((o->net.url != NULL) + (o->response != NULL) != 1)
        return tool_usage(t, "where from? Give one of --url and --response");
    if ((o->identity != NULL) != (o->secret_file != NULL))
        return tool_usage(t, "--identity and --secret-file go together");
    if (o->identity != NULL && o->trust.n > 0)
        return tool_usage(t, "--trust and --identity exclude each other: a first contact is for "
                             "who trusts nothing yet");
    if (o->no_eku && o->publishers.n == 0)
        return tool_usage(t, "--no-eku needs --publisher; else anybody with a certificate could "
                             "publish");
    if (tool_sid(t, o->sid, &sid) != CMC_OK)
        return CMC_E_USAGE;
    return o->net.url != NULL ? tool_net_check(t, &o->net) : CMC_OK;
}

/* As openssl and others print it, with colons or without. */
static enum cmc_rc read_hash(struct tool *t, const char *text, struct cmc_slice *out)
{
    enum { OCTETS = 32 };
    uint8_t *p = cmc_arena_alloc(t->arena, OCTETS);
    size_t n = 0;
    const char *c = text;

    if (p == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a hash");
    for (; *c != '\0' && n < 2 * OCTETS; c++) {
        int v = cmc_hex_digit(*c);

        if (*c == ':')
            continue;
        if (v < 0)
            break;
        p[n / 2] = (uint8_t)(p[n / 2] << 4 | v);
        n++;
    }
    if (*c != '\0' || n != 2 * OCTETS)
        return tool_usage(t, "--publisher '%s': want SHA-256, which is 64 hex digits", text);
    *out = cmc_slice(p, OCTETS);
    return CMC_OK;
}

static enum cmc_rc read_secret(struct run *r)
{
    struct tool *t = r->t;
    struct cmc_slice text;
    size_t n = 0;
    enum cmc_rc rc = tool_read(t, r->o->secret_file, &text);

    if (rc != CMC_OK)
        return rc;
    while (n < text.n && text.p[n] != '\n' && text.p[n] != '\r')
        n++;
    if (n == 0 || n > CMC_LIMIT_SECRET_OCTETS)
        return tool_usage(t, "%s: the first line is the secret, 1 to %u octets", r->o->secret_file,
                          CMC_LIMIT_SECRET_OCTETS);
    r->secret = cmc_slice(text.p, n);
    r->policy.secret = r->secret;
    r->policy.identification = cmc_slice_str(r->o->identity);
    return CMC_OK;
}

static enum cmc_rc read_policy(struct run *r)
{
    const struct anchors *o = r->o;
    struct tool *t = r->t;
    struct cmc_slice *hashes = cmc_arena_array(t->arena, o->publishers.n, sizeof *hashes);
    struct cmc_slice *certs = NULL;
    enum cmc_rc rc = CMC_OK;

    if (hashes == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a policy");
    r->policy = (struct cmc_anchor_policy){.signers = hashes,
                                           .nsigners = o->publishers.n,
                                           .window_seconds = o->window,
                                           .now = (int64_t)time(NULL)};
    for (size_t i = 0; rc == CMC_OK && i < o->publishers.n; i++)
        rc = read_hash(t, o->publishers.v[i], &hashes[i]);
    if (rc == CMC_OK && o->certs.n > 0) {
        rc = tool_certs(t, &o->certs, &certs, &r->policy.ncerts);
        r->policy.certs = certs;
    }
    return rc == CMC_OK && o->secret_file != NULL ? read_secret(r) : rc;
}

/* The anchors of now: what is kept, and what the user names. */
static enum cmc_rc read_trust(struct run *r)
{
    const struct anchors *o = r->o;
    struct tool *t = r->t;
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < o->trust.n; i++) {
        const struct cmc_option_list one = {.v = {o->trust.v[i]}, .n = 1};

        rc = tool_certs(t, &one, &certs, &n);
        if (rc == CMC_OK)
            rc = tool_anchors_add_local(t, &r->state, o->trust.v[i], certs, n);
    }
    if (rc == CMC_OK)
        rc = tool_anchors_all(t, &r->state, &certs, &n);
    r->trust = (struct cmc_trust){
        .anchors = certs, .nanchors = n, .no_eku = o->no_eku, .now = r->policy.now};
    if (rc == CMC_OK && n == 0 && o->identity == NULL)
        return tool_usage(t, "nothing is trusted yet: name the CA's certificate with --trust, or a "
                             "shared secret with --identity and --secret-file");
    return rc;
}

/* -- the exchange ------------------------------------------------------------------------ */

/* Whoever asks for nothing gets the anchors: they come with each Full PKI Response. */
static enum cmc_rc ask(struct run *r, struct cmc_slice *response)
{
    const struct anchors *o = r->o;
    struct tool *t = r->t;
    struct cmc_cms_signer signer = {.signing_time = true, .time = r->policy.now};
    struct cmc_full_request rq = {0};
    struct cmc_extra_control *proof;
    struct cmc_transport_reply reply = {0};
    struct cmc_slice body = CMC_SLICE_NONE;
    enum cmc_rc rc = CMC_OK;

    if (o->cert != NULL) {
        rc = tool_signer_load(t, o->cert, o->key, o->pass, &r->signer);
        if (rc == CMC_OK)
            rc = tool_sid(t, o->sid, &signer.sid);
        if (rc != CMC_OK)
            return rc;
        signer.key = r->signer.key;
        signer.cert = r->signer.certs[0];
        rq.signer = &signer;
        rq.certs = r->signer.certs;
        rq.ncerts = r->signer.ncerts;
    }
    if (o->identity != NULL) {
        rc = cmc_anchors_proof(t->crypto, r->policy.identification, r->secret, t->arena, &proof,
                               &t->err);
        rq.controls = proof;
        rq.ncontrols = 2;
    }
    if (rc == CMC_OK)
        rc = cmc_full_request_create(t->crypto, &rq, t->arena, &r->exchange, &body, &t->err);
    if (rc == CMC_OK)
        rc = tool_net_post(t, &o->net, TOOL_TYPE_CMC, NULL, body, &reply);
    *response = reply.body;
    return rc;
}

static enum cmc_rc fetch(struct run *r)
{
    struct tool *t = r->t;
    bool saved = r->o->response != NULL;
    struct cmc_slice data, response = CMC_SLICE_NONE;
    enum cmc_rc rc = tool_crypto(t);

    if (rc == CMC_OK && saved) {
        rc = tool_read(t, r->o->response, &data);
        if (rc == CMC_OK)
            rc = cmc_der_or_pem(data, NULL, t->arena, &response, &t->err);
    } else if (rc == CMC_OK) {
        rc = ask(r, &response);
    }
    /* [10002-6.15-b]: without a shared secret the signature must lead to an anchor of now. */
    if (rc == CMC_OK)
        rc = cmc_answer_open(t->crypto, response, saved ? NULL : &r->exchange,
                             r->policy.secret.p != NULL ? NULL : &r->trust, t->arena, &r->answer,
                             &t->err);
    return rc;
}

/* -- the result -------------------------------------------------------------------------- */

static enum cmc_rc write_out(struct run *r)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    if (r->o->out == NULL)
        return CMC_OK;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    rc = tool_anchors_pem(r->t, &r->state, &b);
    if (rc == CMC_OK)
        rc = tool_write(r->t, r->o->out, NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc say(struct run *r)
{
    struct tool *t = r->t;
    char *text = json_dumps(r->state.root, JSON_INDENT(2));
    enum cmc_rc rc;

    if (text == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for the list");
    rc = tool_print(t, cmc_slice_str(text));
    if (rc == CMC_OK)
        rc = tool_print(t, CMC_SLICE_LIT("\n"));
    free(text);
    return rc;
}

static enum cmc_rc update(struct run *r)
{
    const char *source = r->o->response != NULL ? r->o->response : r->o->net.url;
    struct tool *t = r->t;
    struct cmc_anchor_update u = {0};
    enum cmc_rc rc = read_policy(r);

    if (rc == CMC_OK)
        rc = read_trust(r);
    if (rc == CMC_OK)
        rc = fetch(r);
    if (rc == CMC_OK && tool_status_exit(r->answer.worst) != TOOL_OK) {
        (void)tool_say_refusals(t, &r->answer);
        rc = cmc_fail(&t->err, CMC_E_REFUSED, NULL, "no trust anchors were taken over");
    }
    if (rc == CMC_OK)
        rc = cmc_anchors_read(t->crypto, &r->answer, r->o->response != NULL ? NULL : &r->exchange,
                              r->policy.secret.p != NULL ? NULL : &r->trust, &r->policy, t->arena,
                              &u, &t->err);
    if (rc == CMC_OK)
        rc = tool_anchors_update(t, &r->state, &u, source, r->policy.now);
    if (rc == CMC_OK && r->o->drop_named)
        tool_anchors_drop_local(&r->state);
    if (rc == CMC_OK)
        rc = tool_anchors_save(t, r->o->state, &r->state);
    if (rc == CMC_OK)
        tool_note(t, "%zu trust anchor(s) taken over", u.ncerts);
    return rc;
}

static enum cmc_rc forget(struct run *r)
{
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < r->o->publishers.n; i++) {
        struct cmc_slice hash;

        rc = read_hash(r->t, r->o->publishers.v[i], &hash);
        if (rc == CMC_OK)
            rc = tool_anchors_forget(r->t, &r->state, hash);
    }
    return rc == CMC_OK ? tool_anchors_save(r->t, r->o->state, &r->state) : rc;
}

int tool_cmd_anchors(struct tool *t, int argc, char **argv)
{
    struct anchors o = {0};
    struct run r = {.t = t, .o = &o, .state.lock = -1};
    static const char *const words[] = {"update", "list", "forget"};
    static enum cmc_rc (*const commands[])(struct run *) = {update, say, forget};
    size_t what = 0;
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);
    enum cmc_rc rc;

    if (code != TOOL_GO_ON)
        return code;
    while (what < CMC_COUNT(words) && strcmp(operands[0], words[what]) != 0)
        what++;
    if (what == CMC_COUNT(words))
        return tool_end(t, tool_usage(t, "'%s': want update, list or forget", operands[0]));
    rc = check(t, &o, (enum what)what);
    if (rc == CMC_OK)
        rc = tool_anchors_open(t, o.state, what != LIST, &r.state);
    if (rc == CMC_OK)
        rc = commands[what](&r);
    if (rc == CMC_OK)
        rc = write_out(&r);
    tool_anchors_close(&r.state);
    tool_signer_clean(&r.signer);
    if (r.secret.p != NULL)
        OPENSSL_cleanse((void *)(uintptr_t)r.secret.p, r.secret.n);
    return tool_end(t, rc);
}
