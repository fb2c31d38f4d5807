/* SPDX-License-Identifier: Apache-2.0 */
/* cmc submit: a ready request to a server, its raw answer to a file. */
#include <jansson.h>

#include "asn1/codec.h"
#include "tool/exchange.h"
#include "tool/summary.h"

struct submit {
    struct tool_net_options net;
    struct tool_trust_options trust;
    const char *type, *answer, *out;
    bool json;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("Where to"),
    TOOL_NET_ROWS(struct submit, net),
    CMC_OPTION("type", 't', STRING, "TYPE", struct submit, type,
               "what FILE is: cmc, pkcs10 or a media type (told by its\n"
               "content otherwise)"),
    CMC_OPTION("answer", 'a', STRING, "FORM", struct submit, answer,
               "ask for an answer as cmc, certs-only or pkix-cert"),
    CMC_OPTION_HEADING("The answer"),
    CMC_OPTION("out", 'o', STRING, "FILE", struct submit, out, "write it here, as it came"),
    TOOL_TRUST_ROWS(struct submit, trust),
    CMC_OPTION("json", 0, FLAG, NULL, struct submit, json, "print the result as JSON"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc submit",
    .operands = "FILE",
    .min_operands = 1,
    .max_operands = 1,
    .about = "Send a request file (DER, PEM or base64) and save the answer. With --trust the\n"
             "answer is checked as enroll does.",
    .rows = rows,
};

static enum cmc_rc media_type(struct tool *t, const struct submit *o, struct cmc_slice der,
                              const char **type)
{
    struct cmc_csr csr = {0};

    if (o->type == NULL)
        *type = cmc_decode(&cmc_it_csr, der, t->arena, &csr, NULL) == CMC_OK ? TOOL_TYPE_PKCS10
                                                                             : TOOL_TYPE_CMC;
    else if (strcmp(o->type, "cmc") == 0)
        *type = TOOL_TYPE_CMC;
    else if (strcmp(o->type, "pkcs10") == 0)
        *type = TOOL_TYPE_PKCS10;
    else if (strchr(o->type, '/') != NULL && strpbrk(o->type, "\r\n") == NULL)
        *type = o->type;
    else
        return tool_usage(t, "--type %s: want cmc, pkcs10 or a media type", o->type);
    return CMC_OK;
}

static enum cmc_rc report(struct tool *t, const struct submit *o,
                          const struct cmc_transport_reply *reply, const struct cmc_answer_view *a)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    if (o->json)
        return tool_json_print(
            t, json_pack("{s:s, s:i, s:s, s:o}", "result", tool_status_word(a->worst), "httpStatus",
                         (int)reply->http_status, "contentType", reply->content_type, "statuses",
                         tool_json_outcomes(a)));
    cmc_buf_init(&b, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_printf(&b, "HTTP %u, ", reply->http_status);
    tool_safe(&b, cmc_slice_str(reply->content_type));
    cmc_buf_printf(&b, ", %zu octets, %zu certificates\n", reply->body.n, a->ncerts);
    for (size_t i = 0; i < a->noutcomes; i++) {
        cmc_buf_str(&b, "status: ");
        tool_outcome_text(&b, &a->outcomes[i]);
        cmc_buf_byte(&b, '\n');
    }
    rc = tool_print(t, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc read_answer(struct tool *t, const struct submit *o, struct cmc_slice request,
                               struct cmc_slice body, struct cmc_answer_view *a)
{
    struct cmc_exchange_state state;
    struct cmc_trust store;
    const struct cmc_trust *trust = NULL;
    bool full = tool_state_of(t, request, &state) == CMC_OK;
    enum cmc_rc rc = CMC_OK;

    if (o->trust.trust.n > 0)
        rc = tool_trust_load(t, &o->trust, &store, &trust);
    if (rc == CMC_OK)
        rc = tool_answer_open(t, body, full ? &state : NULL, trust, a);
    return rc;
}

static int run(struct tool *t, const struct submit *o, const char *path)
{
    struct cmc_slice data, der = CMC_SLICE_NONE;
    struct cmc_transport_reply reply = {0};
    struct cmc_answer_view a = {0};
    const char *type = NULL, *accept = NULL;
    bool raw_on_stdout = o->out != NULL && strcmp(o->out, "-") == 0;
    enum cmc_rc rc = tool_net_check(t, &o->net);

    if (rc == CMC_OK)
        rc = tool_accept(t, o->answer, &accept);
    if (rc == CMC_OK)
        rc = tool_read(t, path, &data);
    if (rc == CMC_OK)
        rc = cmc_der_or_pem(data, NULL, t->arena, &der, &t->err);
    if (rc == CMC_OK)
        rc = media_type(t, o, der, &type);
    if (rc == CMC_OK)
        rc = tool_net_post(t, &o->net, type, accept, der, &reply);
    /* Saved before it is judged: whatever came is what somebody will want to look at. */
    if (rc == CMC_OK && o->out != NULL)
        rc = tool_write(t, o->out, NULL, reply.body);
    if (rc == CMC_OK)
        rc = read_answer(t, o, der, reply.body, &a);
    if (rc == CMC_OK && !raw_on_stdout)
        rc = report(t, o, &reply, &a);
    if (rc != CMC_OK)
        return tool_end(t, rc);
    return tool_say_refusals(t, &a);
}

int tool_cmd_submit(struct tool *t, int argc, char **argv)
{
    struct submit o = {0};
    char **paths;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &paths, &n);

    return code == TOOL_GO_ON ? run(t, &o, paths[0]) : code;
}
