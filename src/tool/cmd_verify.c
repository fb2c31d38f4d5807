/* SPDX-License-Identifier: Apache-2.0 */
/* cmc verify: the three stages of verification, offline, a line for each. */
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/chain.h"
#include "tool/check.h"
#include "tool/exchange.h"
#include "tool/input.h"
#include "tool/summary.h"

struct verify {
    struct cmc_option_list trust, certs;
    const char *request;
    bool weak, no_eku;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("trust", 'T', LIST, "FILE", struct verify, trust,
               "trusted CA certificates for the signer (may be repeated);\n"
               "without, the chain is not checked"),
    CMC_OPTION("cert", 'c', LIST, "FILE", struct verify, certs,
               "certificates that the message may refer to without\n"
               "holding them (may be repeated)"),
    CMC_OPTION("request", 0, STRING, "FILE", struct verify, request,
               "check that the response is to this request: nonce and\n"
               "transactionId"),
    CMC_OPTION("no-eku", 0, FLAG, NULL, struct verify, no_eku,
               "accept a responder without id-kp-cmcCA"),
    CMC_OPTION("weak", 0, FLAG, NULL, struct verify, weak, "accept SHA-1, for old messages"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc verify",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Check the signature of a CMC request or response (DER, PEM or base64).",
    .rows = rows,
};

struct run {
    struct tool *t;
    const struct verify *o;
    struct cmc_signed_data sd;
    struct cmc_slice *certs;
    size_t ncerts;
    struct cmc_trust trust;
    struct cmc_buf out;
    int code;
};

static void say_failure(struct run *r, const struct cmc_err *err)
{
    cmc_buf_str(&r->out, "FAILED: ");
    tool_safe(&r->out, cmc_slice_str(err->text));
    cmc_buf_byte(&r->out, '\n');
    r->code = TOOL_FAILED;
}

static void say_stage(struct run *r, const char *name, const struct tool_stage *stage,
                      const char *ok)
{
    cmc_buf_printf(&r->out, "%s: ", name);
    if (stage->rc == CMC_OK)
        cmc_buf_printf(&r->out, "ok (%s)\n", ok);
    else
        say_failure(r, &stage->err);
}

static void say_signer(struct run *r, const struct tool_check *ck)
{
    struct cmc_cert cert = {0};

    cmc_buf_str(&r->out, "signer: ");
    if (ck->own_key) {
        cmc_buf_printf(&r->out, "the key of request %u", ck->request_id);
    } else if (ck->cert.p != NULL &&
               cmc_decode(&cmc_it_cert, ck->cert, r->t->arena, &cert, NULL) == CMC_OK) {
        cmc_name_print(cert.tbs.subject, &r->out);
        cmc_buf_str(&r->out, ", serial number ");
        cmc_buf_hex(&r->out, cert.tbs.serial);
    } else if (ck->ski.p != NULL) {
        cmc_buf_str(&r->out, "unknown, subject key identifier ");
        cmc_buf_hex(&r->out, ck->ski);
    } else {
        cmc_buf_str(&r->out, "unknown, serial number ");
        cmc_buf_hex(&r->out, ck->serial);
        cmc_buf_str(&r->out, " of ");
        cmc_name_print(ck->issuer, &r->out);
    }
    cmc_buf_byte(&r->out, '\n');
}

/* All the certificates that a path may lead over. */
static enum cmc_rc candidates(struct run *r, struct cmc_slice **out, size_t *n)
{
    size_t own = r->sd.certs.n;
    struct cmc_slice *all = cmc_arena_array(r->t->arena, own + r->ncerts, sizeof *all);

    if (all == NULL)
        return cmc_fail(&r->t->err, CMC_E_MEM, NULL, "no memory for certificates");
    for (size_t i = 0; i < own; i++)
        all[i] = *CMC_AT(struct cmc_slice, r->sd.certs, i);
    for (size_t i = 0; i < r->ncerts; i++)
        all[own + i] = r->certs[i];
    *out = all;
    *n = own + r->ncerts;
    return CMC_OK;
}

static void say_chain(struct run *r, const struct tool_check *ck)
{
    struct tool *t = r->t;
    struct cmc_slice *all = NULL;
    size_t n = 0;
    struct cmc_chain chain = {0};
    struct cmc_cert anchor = {0};
    struct cmc_err err;
    enum cmc_rc rc;

    if (ck->own_key) {
        cmc_buf_str(&r->out, "chain: none, the request is signed with its own new key\n");
        return;
    }
    if (r->trust.nanchors == 0 || ck->cert.p == NULL) {
        cmc_buf_printf(&r->out, "chain: not checked (%s)\n",
                       ck->cert.p == NULL ? "no certificate" : "no --trust");
        return;
    }
    rc = candidates(r, &all, &n);
    err = t->err;
    if (rc == CMC_OK)
        rc = cmc_chain_check(t->crypto, ck->cert, all, n, &r->trust, t->arena, &chain, &err);
    if (rc == CMC_OK && cmc_slice_eq(r->sd.encap.type, cmc_oid_id_cct_PKIResponse))
        rc = cmc_responder_check(ck->cert, &r->trust, t->arena, &err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, chain.certs[chain.n - 1], t->arena, &anchor, &err);
    cmc_buf_str(&r->out, "chain: ");
    if (rc != CMC_OK) {
        say_failure(r, &err);
        return;
    }
    cmc_buf_str(&r->out, "ok (to ");
    cmc_name_print(anchor.tbs.subject, &r->out);
    cmc_buf_str(&r->out, ")\n");
}

static void check_signer(struct run *r, size_t i)
{
    struct tool_check ck;

    tool_check_signer(r->t, &r->sd, i, r->certs, r->ncerts, r->o->weak, &ck);
    if (r->sd.signer_infos.n > 1)
        cmc_buf_printf(&r->out, "signature %zu of %zu\n", i + 1, r->sd.signer_infos.n);
    say_stage(r, "message digest", &ck.digest, ck.digest_alg);
    say_stage(r, "content type", &ck.content_type, tool_oid(r->t, r->sd.encap.type));
    say_stage(r, "signature", &ck.signature, ck.signature_alg);
    say_signer(r, &ck);
    say_chain(r, &ck);
}

/* Nonce and transactionId, and what the response says. */
static enum cmc_rc check_answer(struct run *r, struct cmc_slice der)
{
    struct tool *t = r->t;
    struct cmc_exchange_state state;
    struct cmc_answer_view view;
    struct cmc_slice data, request;
    struct cmc_err err;
    enum cmc_rc rc = tool_read(t, r->o->request, &data);

    if (rc == CMC_OK)
        rc = cmc_der_or_pem(data, NULL, t->arena, &request, &t->err);
    if (rc == CMC_OK)
        rc = tool_state_of(t, request, &state);
    if (rc != CMC_OK) {
        cmc_err_prefix(&t->err, "%s", r->o->request);
        return rc;
    }
    cmc_buf_str(&r->out, "answer to the request: ");
    if (cmc_answer_open(t->crypto, der, &state, NULL, t->arena, &view, &err) != CMC_OK)
        say_failure(r, &err);
    else
        cmc_buf_str(&r->out, "ok\n");
    return CMC_OK;
}

static enum cmc_rc verify(struct run *r, const char *path)
{
    struct tool *t = r->t;
    struct cmc_slice data, der;
    struct cmc_slice *anchors = NULL;
    enum cmc_rc rc = tool_read(t, path, &data);

    if (rc == CMC_OK)
        rc = tool_crypto(t);
    if (rc == CMC_OK)
        rc = tool_certs(t, &r->o->trust, &anchors, &r->trust.nanchors);
    r->trust.anchors = anchors;
    if (rc == CMC_OK)
        rc = tool_certs(t, &r->o->certs, &r->certs, &r->ncerts);
    if (rc == CMC_OK) {
        rc = cmc_der_or_pem(data, NULL, t->arena, &der, &t->err);
        if (rc == CMC_OK)
            rc = cmc_signed_data_open(der, t->arena, &r->sd, &t->err);
        if (rc != CMC_OK)
            cmc_err_prefix(&t->err, "%s", path);
    }
    if (rc != CMC_OK)
        return rc;
    if (r->sd.signer_infos.n == 0)
        return cmc_fail(&t->err, CMC_E_CRYPTO, NULL, "%s: %s", path,
                        cmc_is_certs_only(&r->sd) ? "certs-only messages have no signature"
                                                  : "the message is not signed");
    for (size_t i = 0; i < r->sd.signer_infos.n; i++)
        check_signer(r, i);
    if (r->o->request != NULL)
        rc = check_answer(r, der);
    if (rc == CMC_OK)
        rc = tool_print(t, cmc_buf_get0(&r->out));
    return rc;
}

int tool_cmd_verify(struct tool *t, int argc, char **argv)
{
    struct verify o = {0};
    struct run r = {.t = t, .o = &o, .code = TOOL_OK};
    char **paths;
    size_t n;
    enum cmc_rc rc;
    int code = tool_options(t, &options, argc, argv, &o, &paths, &n);

    if (code != TOOL_GO_ON)
        return code;
    r.trust = (struct cmc_trust){.no_eku = o.no_eku, .now = (int64_t)time(NULL)};
    cmc_buf_init(&r.out, CMC_LIMIT_MESSAGE_OCTETS);
    rc = verify(&r, paths[0]);
    cmc_buf_free(&r.out);
    return rc == CMC_OK ? r.code : tool_end(t, rc);
}
