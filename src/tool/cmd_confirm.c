/* SPDX-License-Identifier: Apache-2.0 */
/* cmc confirm: accept or reject a certificate that cmc enroll or cmc poll left unconfirmed. */
#include <errno.h>
#include <unistd.h>

#include "tool/follow_up.h"

struct confirm {
    const char *reject;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("reject", 0, STRING, "REASON", struct confirm, reject,
               "do not accept it, but say why; the server revokes it"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc confirm",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Accept a certificate that the server wants to be confirmed, and save it. FILE is\n"
             "what cmc enroll or cmc poll wrote.",
    .rows = rows,
};

/* The chain is asked for anew: the file holds the certificate alone. */
static enum cmc_rc finish(struct tool *t, struct tool_follow *f, const struct confirm *o,
                          const struct cmc_answer_view *answer)
{
    const struct cmc_slice *certs = answer->certs;
    struct cmc_chain chain = {0};
    enum cmc_rc rc = CMC_OK;

    if (o->reject != NULL)
        return CMC_OK;
    if (f->trust != NULL)
        rc = cmc_chain_check(t->crypto, f->cert, certs, answer->ncerts, f->trust, t->arena, &chain,
                             &t->err);
    return rc == CMC_OK ? tool_follow_write(t, f, &chain) : rc;
}

int tool_cmd_confirm(struct tool *t, int argc, char **argv)
{
    struct cmc_answer_view answer = {0};
    struct tool_signer signer = {0};
    struct tool_protection protection = {0};
    struct cmc_trust store;
    struct tool_follow f;
    struct confirm o = {0};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);
    enum cmc_rc rc;

    if (code != TOOL_GO_ON)
        return code;
    code = TOOL_OK;
    rc = tool_follow_load(t, operands[0], &f);
    if (rc == CMC_OK && (f.pending.token.p != NULL || f.cert.p == NULL))
        rc = cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 6.14",
                      "%s: there is no certificate yet; use cmc poll", operands[0]);
    f.protection = &protection;
    if (rc == CMC_OK)
        rc = tool_follow_arm(t, &f, &signer, &store);
    if (rc == CMC_OK)
        rc = tool_follow_confirm(t, &f, o.reject, &answer);
    if (rc == CMC_OK)
        code = tool_say_refusals(t, &answer);
    if (rc == CMC_OK && code == TOOL_OK)
        rc = finish(t, &f, &o, &answer);
    if (rc == CMC_OK && code == TOOL_OK && unlink(operands[0]) != 0)
        tool_note(t, "%s is of no use any more, but cannot be removed: %s", operands[0],
                  strerror(errno));
    tool_signer_clean(&signer);
    tool_protect_clean(&protection);
    return rc == CMC_OK ? code : tool_end(t, rc);
}
