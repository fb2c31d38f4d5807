/* SPDX-License-Identifier: Apache-2.0 */
/* cmc request: a signed Full PKI Request from certification requests. */
#include <time.h>

#include "client/client.h"
#include "tool/input.h"

struct request {
    const char *cert, *key, *pass, *sid, *sig_alg, *data_return, *out;
    struct cmc_option_list chain;
    bool self, no_nonce, no_transaction_id;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("Who signs"),
    CMC_OPTION("signer-cert", 0, STRING, "URI", struct request, cert,
               "certificate of the officer, or the existing one of the\n"
               "holder; others in the file travel with it"),
    CMC_OPTION("signer-key", 0, STRING, "URI", struct request, key,
               "its key (not needed when the PKCS#12 holds it)"),
    CMC_OPTION("self", 0, FLAG, NULL, struct request, self,
               "--signer-key is the key of the one request itself, which\n"
               "must ask for a subjectKeyIdentifier (cmc csr --ski)"),
    CMC_OPTION("key-pass", 0, STRING, "FILE", struct request, pass,
               "first line of FILE is the passphrase of the key"),
    CMC_OPTION("sid", 0, STRING, "FORM", struct request, sid,
               "name the signer by issuer-serial (the default) or ski"),
    CMC_OPTION("sig-alg", 0, STRING, "NAME", struct request, sig_alg,
               "as rsa-sha256, rsa-pss-sha256, ecdsa-sha384, ed25519"),
    CMC_OPTION("chain", 0, LIST, "FILE", struct request, chain,
               "further certificates to send (may be repeated)"),
    CMC_OPTION_HEADING("Controls"),
    CMC_OPTION("data-return", 0, STRING, "TEXT", struct request, data_return,
               "octets that the server must send back"),
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

/* The one request that is signed with its own key.
 * [10002-3.2-b, 10002-3.2-c, 10002-3.2-d, 10002-3.2-e] */
static enum cmc_rc own_ski(struct tool *t, const struct tool_csrs *csrs, EVP_PKEY *key,
                           struct cmc_slice *ski)
{
    enum cmc_rc rc;
    struct cmc_request rq = {0};

    if (csrs->pkcs10.n + csrs->crmf.n != 1)
        return tool_usage(t, "--self signs one certification request; %zu are given",
                          csrs->pkcs10.n + csrs->crmf.n);
    rc = csrs->pkcs10.n == 1 ? cmc_request_from_pkcs10(*CMC_AT(struct cmc_slice, csrs->pkcs10, 0),
                                                       t->arena, &rq, &t->err)
                             : cmc_request_from_crmf(*CMC_AT(struct cmc_slice, csrs->crmf, 0),
                                                     t->arena, &rq, &t->err);
    return rc == CMC_OK ? tool_self_ski(t, &rq, key, ski) : rc;
}

static enum cmc_rc get_signer(struct tool *t, const struct request *o, const struct tool_csrs *csrs,
                              struct tool_signer *s, struct cmc_cms_signer *signer)
{
    const struct cmc_passphrase pass = {.file = o->pass, .prompt = o->pass == NULL};
    enum cmc_rc rc;

    if (o->self) {
        rc = tool_crypto(t);
        if (rc == CMC_OK)
            rc = cmc_key_load(t->crypto, o->key, &pass, &s->key, &t->err);
        if (rc == CMC_OK)
            rc = own_ski(t, csrs, s->key, &signer->ski);
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
    int sid;

    if (o->self && (o->cert != NULL || o->key == NULL || o->sid != NULL))
        return tool_usage(t, "--self goes with --signer-key, and neither --signer-cert nor --sid");
    if (!o->self && o->cert == NULL)
        return tool_usage(t, "no signer: give --signer-cert and --signer-key, or --self");
    return tool_sid(t, o->sid, &sid);
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

/* [10003-4-a, 10003-4-b] */
static enum cmc_rc run(struct tool *t, const struct request *o, char **paths, size_t npaths)
{
    struct tool_csrs csrs = {0};
    struct tool_signer s = {0};
    struct cmc_cms_signer signer = {0};
    struct cmc_exchange_state state;
    struct cmc_slice der = CMC_SLICE_NONE;
    struct cmc_full_request rq = {.data_return = cmc_slice_str(o->data_return),
                                  .signer = &signer,
                                  .no_nonce = o->no_nonce,
                                  .no_transaction_id = o->no_transaction_id};
    enum cmc_rc rc = check(t, o);

    for (size_t i = 0; rc == CMC_OK && i < npaths; i++)
        rc = tool_csrs_add(t, paths[i], &csrs);
    if (rc == CMC_OK)
        rc = get_signer(t, o, &csrs, &s, &signer);
    if (rc == CMC_OK)
        rc = gather_certs(t, o, &s, &rq);
    rq.pkcs10 = csrs.pkcs10.v;
    rq.npkcs10 = csrs.pkcs10.n;
    rq.crmf = csrs.crmf.v;
    rq.ncrmf = csrs.crmf.n;
    if (rc == CMC_OK)
        rc = cmc_full_request_create(t->crypto, &rq, t->arena, &state, &der, &t->err);
    if (rc == CMC_OK)
        rc = tool_write(t, o->out, NULL, der);
    tool_signer_clean(&s);
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
