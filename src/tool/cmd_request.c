/* SPDX-License-Identifier: Apache-2.0 */
/* cmc request: a signed Full PKI Request from certification requests. */
#include <time.h>

#include "tool/exchange.h"
#include "tool/items.h"
#include "tool/protect.h"

struct request {
    const char *cert, *key, *pass, *sid, *sig_alg, *data_return, *reg_info, *transaction_id, *out;
    struct cmc_option_list chain, request_keys;
    bool self, no_nonce, no_transaction_id, ra_vouches;
    struct tool_secret_options secret;
    const char *challenge;
    struct tool_trust_options trust;
    struct tool_protect_options protect;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("Who signs"),
    CMC_OPTION("signer-cert", 0, STRING, "URI", struct request, cert,
               "certificate of the officer, or the existing one of the\n"
               "holder; others in the file travel with it"),
    CMC_OPTION("signer-key", 0, STRING, "URI", struct request, key,
               "its key (not needed when the PKCS#12 holds it)"),
    CMC_OPTION("self", 0, FLAG, NULL, struct request, self,
               "--signer-key is the key of one of the requests, which must\n"
               "ask for a subjectKeyIdentifier (cmc csr --ski)"),
    CMC_OPTION("key-pass", 0, STRING, "FILE", struct request, pass,
               "first line of FILE is the passphrase of the key"),
    CMC_OPTION("sid", 0, STRING, "FORM", struct request, sid,
               "name the signer by issuer-serial (the default) or ski"),
    CMC_OPTION("sig-alg", 0, STRING, "NAME", struct request, sig_alg,
               "as rsa-sha256, rsa-pss-sha256, ecdsa-sha384, ed25519"),
    CMC_OPTION("chain", 0, LIST, "FILE", struct request, chain,
               "further certificates to send (may be repeated)"),
    CMC_OPTION_HEADING("What proves it"),
    TOOL_SECRET_ROWS(struct request, secret),
    TOOL_REQUEST_KEY_ROW(struct request, request_keys),
    CMC_OPTION("ra-vouches", 0, FLAG, NULL, struct request, ra_vouches,
               "the signer, an RA, has seen the private keys at work\n"
               "(lraPOPWitness)"),
    CMC_OPTION_HEADING("Protection beyond the signature"),
    TOOL_PROTECT_ROWS(struct request, protect),
    CMC_OPTION_HEADING("The second trip"),
    CMC_OPTION("challenge", 0, STRING, "FILE", struct request, challenge,
               "an answer that challenges the keys of the request that\n"
               "was sent, which is the one operand: answer it"),
    TOOL_TRUST_ROWS(struct request, trust),
    CMC_OPTION_HEADING("Controls"),
    CMC_OPTION("data-return", 0, STRING, "TEXT", struct request, data_return,
               "octets that the server must send back"),
    CMC_OPTION("reg-info", 0, STRING, "TEXT", struct request, reg_info,
               "regInfo, as agreed with the CA"),
    CMC_OPTION("transaction-id", 0, STRING, "NUMBER", struct request, transaction_id,
               "this transactionId, not a random one"),
    CMC_OPTION("no-nonce", 0, FLAG, NULL, struct request, no_nonce, "no senderNonce"),
    CMC_OPTION("no-transaction-id", 0, FLAG, NULL, struct request, no_transaction_id,
               "no transactionId"),
    CMC_OPTION_HEADING("Output"),
    CMC_OPTION("out", 'o', STRING, "FILE", struct request, out,
               "write the request (DER; its name should end in .crq)"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc request",
    .operands = "FILE...",
    .min_operands = 1,
    .max_operands = UINT32_MAX,
    .about = "Make a signed CMC request of one or more certification requests (PKCS#10 or\n"
             "CRMF; DER, PEM or base64).",
    .rows = rows,
};

/* The one request of several that is for the key.
 * [10002-3.2-b, 10002-3.2-c, 10002-3.2-d, 10002-3.2-e] */
static enum cmc_rc own_ski(struct tool *t, const struct tool_items *items, EVP_PKEY *key,
                           struct cmc_slice *ski)
{
    struct cmc_slice spki = CMC_SLICE_NONE;
    enum cmc_rc rc = cmc_key_spki(key, t->arena, &spki, &t->err);

    for (size_t i = 0; rc == CMC_OK && i + 1 < items->n; i++) {
        if (cmc_slice_eq(items->v[i].rq.spki, spki))
            return tool_self_ski(t, &items->v[i].rq, key, ski);
    }
    return rc == CMC_OK ? tool_self_ski(t, &items->v[items->n - 1].rq, key, ski) : rc;
}

static enum cmc_rc get_signer(struct tool *t, const struct request *o, struct tool_items *items,
                              struct tool_signer *s, struct cmc_cms_signer *signer)
{
    const struct cmc_passphrase pass = {.file = o->pass, .prompt = o->pass == NULL};
    enum cmc_rc rc;

    if (o->protect.mac_secret != NULL)
        return tool_crypto(t);
    if (o->self) {
        rc = tool_crypto(t);
        if (rc == CMC_OK)
            rc = cmc_key_load(t->crypto, o->key, &pass, &s->key, &t->err);
        if (rc == CMC_OK)
            rc = own_ski(t, items, s->key, &signer->ski);
        /* It need not be named twice. */
        if (rc == CMC_OK && EVP_PKEY_up_ref(s->key) == 1)
            rc = tool_items_key(t, items, o->key, s->key);
        signer->sid = CMC_SID_SKI;
    } else {
        rc = tool_signer_load(t, o->cert, o->key, o->pass, s);
        if (rc == CMC_OK)
            rc = tool_sid(t, o->sid, &signer->sid);
        if (rc == CMC_OK)
            signer->cert = s->certs[0];
    }
    signer->key = s->key;
    signer->signing_time = true;
    signer->time = (int64_t)time(NULL);
    if (rc == CMC_OK && o->sig_alg != NULL) {
        signer->alg = cmc_sig_by_name(o->sig_alg);
        if (signer->alg == NULL)
            rc = tool_usage(t,
                            "--sig-alg %s: unknown; as rsa-sha256, rsa-pss-sha256, "
                            "ecdsa-sha384, ed25519",
                            o->sig_alg);
    }
    return rc;
}

static enum cmc_rc check(struct tool *t, const struct request *o)
{
    bool mac = o->protect.mac_secret != NULL;
    int sid;

    if (tool_protect_check(t, &o->protect, o->self || o->cert != NULL) != CMC_OK)
        return CMC_E_USAGE;
    if (o->self && (o->cert != NULL || o->key == NULL || o->sid != NULL))
        return tool_usage(t, "--self goes with --signer-key, and neither --signer-cert nor --sid");
    if (!o->self && o->cert == NULL && !mac)
        return tool_usage(t, "no signer: give --signer-cert and --signer-key, or --self, or "
                             "--mac-secret");
    if (o->challenge == NULL && (o->trust.trust.n > 0 || o->trust.no_trust || o->trust.no_eku))
        return tool_usage(t, "--trust is for the answer that --challenge names");
    if (o->transaction_id != NULL && o->no_transaction_id)
        return tool_usage(t, "--transaction-id and --no-transaction-id exclude each other");
    if (tool_sid(t, o->sid, &sid) != CMC_OK)
        return CMC_E_USAGE;
    return tool_secret_check(t, &o->secret);
}

/* The signer's certificates and those of --chain. */
static enum cmc_rc gather_certs(struct tool *t, const struct request *o,
                                const struct tool_signer *s, struct cmc_full_request *rq)
{
    struct cmc_slice *chain = NULL, *all;
    size_t n = 0;
    enum cmc_rc rc = tool_certs(t, &o->chain, &chain, &n);

    if (rc != CMC_OK)
        return rc;
    all = cmc_arena_array(t->arena, s->ncerts + n, sizeof *all);
    if (all == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for certificates");
    for (size_t i = 0; i < s->ncerts; i++)
        all[i] = s->certs[i];
    for (size_t i = 0; i < n; i++)
        all[s->ncerts + i] = chain[i];
    rq->certs = all;
    rq->ncerts = s->ncerts + n;
    return CMC_OK;
}

/* One message in the making. */
struct making {
    const struct request *o;
    struct tool_items items;
    struct tool_secret secret;
    struct tool_signer s;
    struct tool_protection protection;
    struct cmc_cms_signer signer;
    struct cmc_full_request rq;
};

static enum cmc_rc first_trip(struct tool *t, struct making *m, char **paths, size_t npaths)
{
    struct tool_csrs csrs = {0};
    enum cmc_rc rc = CMC_OK;

    for (size_t i = 0; rc == CMC_OK && i < npaths; i++)
        rc = tool_csrs_add(t, paths[i], &csrs);
    if (rc == CMC_OK)
        rc = tool_items_make(t, &csrs, &m->items);
    if (rc == CMC_OK)
        rc = tool_items_keys(t, &m->items, &m->o->request_keys, m->o->pass);
    if (rc == CMC_OK)
        rc = get_signer(t, m->o, &m->items, &m->s, &m->signer);
    if (rc == CMC_OK)
        rc = tool_items_link(t, &m->items, m->o->self, &m->secret);
    if (rc == CMC_OK)
        rc = tool_items_fill(t, &m->items, &m->secret, &m->rq);
    if (rc == CMC_OK && m->o->transaction_id != NULL)
        rc = tool_serial(t, m->o->transaction_id, &m->rq.transaction_id);
    return rc;
}

static enum cmc_rc read_der(struct tool *t, const char *path, struct cmc_slice *der)
{
    struct cmc_slice data;
    enum cmc_rc rc = tool_read(t, path, &data);

    return rc == CMC_OK ? cmc_der_or_pem(data, NULL, t->arena, der, &t->err) : rc;
}

/* RFC 10002 section 6.7, without a network. */
static enum cmc_rc second_trip(struct tool *t, struct making *m, char **paths, size_t npaths)
{
    struct cmc_exchange_state state = {0};
    struct cmc_answer_view answer;
    struct cmc_trust store;
    const struct cmc_trust *trust = NULL;
    EVP_PKEY **keys = NULL;
    struct cmc_slice der;
    enum cmc_rc rc = tool_trust_load(t, &m->o->trust, &store, &trust);

    if (rc == CMC_OK && npaths != 1)
        rc = tool_usage(t,
                        "--challenge goes with one FILE, the request that was sent; %zu are "
                        "given",
                        npaths);
    if (rc == CMC_OK)
        rc = read_der(t, paths[0], &der);
    if (rc == CMC_OK)
        rc = tool_state_of(t, der, &state);
    if (rc == CMC_OK)
        rc = read_der(t, m->o->challenge, &der);
    if (rc == CMC_OK)
        rc = tool_answer_open(t, der, &state, trust, &answer);
    if (rc == CMC_OK && answer.nchallenges == 0)
        rc = cmc_fail(&t->err, CMC_E_INPUT, "RFC 10002 section 6.7", "%s: challenges no key",
                      m->o->challenge);
    if (rc == CMC_OK)
        rc = tool_items_sent(t, &state, &m->items);
    if (rc == CMC_OK)
        rc = tool_items_keys(t, &m->items, &m->o->request_keys, m->o->pass);
    if (rc == CMC_OK)
        rc = get_signer(t, m->o, &m->items, &m->s, &m->signer);
    if (rc == CMC_OK)
        rc = tool_items_get_keys(t, &m->items, &keys);
    m->rq.secret = m->secret.given ? &m->secret.proof : NULL;
    if (rc == CMC_OK)
        rc = cmc_second_trip(t->crypto, &answer, &state, keys, t->arena, &m->rq, &t->err);
    return rc;
}

/* [10003-4-a, 10003-4-b] */
static enum cmc_rc run(struct tool *t, const struct request *o, char **paths, size_t npaths)
{
    struct making m = {.o = o,
                       .rq = {.data_return = cmc_slice_str(o->data_return),
                              .reg_info = cmc_slice_str(o->reg_info),
                              .ra_vouches = o->ra_vouches,
                              .no_nonce = o->no_nonce,
                              .no_transaction_id = o->no_transaction_id}};
    struct cmc_exchange_state state;
    struct cmc_slice der = CMC_SLICE_NONE;
    enum cmc_rc rc = check(t, o);

    m.rq.signer = o->protect.mac_secret == NULL ? &m.signer : NULL;
    if (rc == CMC_OK)
        rc = tool_secret_load(t, &o->secret, &m.secret);
    m.signer.digest_null = m.secret.dogtag;
    if (rc == CMC_OK)
        rc = o->challenge != NULL ? second_trip(t, &m, paths, npaths)
                                  : first_trip(t, &m, paths, npaths);
    if (rc == CMC_OK)
        rc = gather_certs(t, o, &m.s, &m.rq);
    if (rc == CMC_OK)
        rc = tool_protect_load(t, &o->protect, &m.protection);
    if (rc == CMC_OK)
        rc = tool_protect_apply(t, &m.protection, &m.rq);
    if (rc == CMC_OK)
        rc = cmc_full_request_create(t->crypto, &m.rq, t->arena, &state, &der, &t->err);
    if (rc == CMC_OK)
        rc = tool_write(t, o->out, NULL, der);
    if (rc == CMC_OK)
        tool_check_suffix(t, o->out, ".crq");
    tool_items_clean(&m.items);
    tool_protect_clean(&m.protection);
    tool_signer_clean(&m.s);
    return rc;
}

int tool_cmd_request(struct tool *t, int argc, char **argv)
{
    struct request o = {0};
    char **paths;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &paths, &n);

    return code == TOOL_GO_ON ? tool_end(t, run(t, &o, paths, n)) : code;
}
