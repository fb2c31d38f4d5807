/* SPDX-License-Identifier: Apache-2.0 */
/* cmc poll: ask again for what cmc enroll left waiting. */
#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#include "tool/follow_up.h"

struct poll {
    unsigned int wait;
    const char *cert_out, *chain_out;
    bool no_confirm, json;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("wait", 'w', UINT, "SECONDS", struct poll, wait,
               "go on asking for so long; never before the time that the\n"
               "server told"),
    CMC_OPTION("no-confirm", 0, FLAG, NULL, struct poll, no_confirm,
               "do not accept a certificate that wants to be; see cmc\n"
               "confirm"),
    CMC_OPTION("cert-out", 'o', STRING, "FILE", struct poll, cert_out,
               "write the certificate here, not where cmc enroll was told to"),
    CMC_OPTION("chain-out", 0, STRING, "FILE", struct poll, chain_out, "the same for its CAs"),
    CMC_OPTION("json", 0, FLAG, NULL, struct poll, json, "print the result as JSON"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc poll",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Ask for the certificate of a request that waits. FILE is what cmc enroll wrote.",
    .rows = rows,
};

struct run {
    struct tool *t;
    const struct poll *o;
    const char *file;
    struct tool_follow f;
    struct tool_signer signer;
    struct tool_protection protection;
    struct cmc_trust store;
    struct cmc_answer_view answer;
    struct cmc_chain chain;
};

static enum cmc_rc say_json(struct run *r, int code)
{
    json_t *out = json_pack("{s:s, s:o}", "result",
                            code == TOOL_OK        ? "success"
                            : code == TOOL_PENDING ? "pending"
                                                   : "failed",
                            "statuses", tool_json_outcomes(&r->answer));

    if (code == TOOL_OK)
        (void)json_object_set_new(out, "certificate",
                                  tool_json_cert(r->t, r->f.cert, r->f.cert_out));
    else
        (void)json_object_set_new(out, "pendingFile", json_string(r->file));
    return tool_json_print(r->t, out);
}

/* The certificate is there: look at it, accept it where that is wanted, save it. */
static enum cmc_rc finish(struct run *r, uint32_t status, int *code)
{
    struct tool *t = r->t;
    enum cmc_rc rc = tool_follow_check(t, &r->f, &r->answer, &r->chain);

    if (rc == CMC_OK && status == CMC_STATUS_CONFIRM_REQUIRED) {
        r->f.pending.token = CMC_SLICE_NONE;
        if (r->o->no_confirm) {
            *code = TOOL_PENDING;
            rc = tool_follow_save(t, &r->f, r->file);
            tool_note(t, "the certificate waits for 'cmc confirm %s'", r->file);
            return rc;
        }
        rc = tool_follow_confirm(t, &r->f, NULL, &r->answer);
        if (rc == CMC_OK)
            *code = tool_say_refusals(t, &r->answer);
    }
    if (rc != CMC_OK || *code != TOOL_OK)
        return rc;
    rc = tool_follow_write(t, &r->f, &r->chain);
    if (rc == CMC_OK && unlink(r->file) != 0)
        tool_note(t, "%s is of no use any more, but cannot be removed: %s", r->file,
                  strerror(errno));
    return rc;
}

static enum cmc_rc ask(struct run *r, int *code)
{
    const struct cmc_outcome *outcome = NULL;
    struct tool *t = r->t;
    enum cmc_rc rc = tool_follow_poll(t, &r->f, r->o->wait, &r->answer, &outcome);

    if (rc != CMC_OK)
        return rc;
    switch (outcome->status) {
    case CMC_STATUS_SUCCESS:
    case CMC_STATUS_CONFIRM_REQUIRED:
        return finish(r, outcome->status, code);
    case CMC_STATUS_PENDING:
    case CMC_STATUS_PARTIAL:
        *code = tool_say_refusals(t, &r->answer);
        /* The next question answers the nonce of this answer. */
        return tool_follow_save(t, &r->f, r->file);
    default:
        *code = tool_say_refusals(t, &r->answer);
        return CMC_OK;
    }
}

int tool_cmd_poll(struct tool *t, int argc, char **argv)
{
    struct poll o = {0};
    struct run r = {.t = t, .o = &o};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);
    enum cmc_rc rc;

    if (code != TOOL_GO_ON)
        return code;
    code = TOOL_OK;
    r.file = operands[0];
    rc = tool_follow_load(t, r.file, &r.f);
    if (rc == CMC_OK && o.cert_out != NULL)
        r.f.cert_out = o.cert_out;
    if (rc == CMC_OK && o.chain_out != NULL)
        r.f.chain_out = o.chain_out;
    if (rc == CMC_OK && r.f.pending.token.p == NULL)
        rc = cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 6.14",
                      "%s: the certificate is there and waits to be accepted; use cmc confirm",
                      r.file);
    if (rc == CMC_OK && o.json && r.f.cert_out == NULL)
        rc = tool_usage(t, "--json takes standard output; say where the certificate goes with "
                           "--cert-out FILE");
    r.f.protection = &r.protection;
    if (rc == CMC_OK)
        rc = tool_follow_arm(t, &r.f, &r.signer, &r.store);
    if (rc == CMC_OK)
        rc = ask(&r, &code);
    if (rc == CMC_OK && o.json)
        rc = say_json(&r, code);
    tool_signer_clean(&r.signer);
    tool_protect_clean(&r.protection);
    return rc == CMC_OK ? code : tool_end(t, rc);
}
