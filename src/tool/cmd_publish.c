/* SPDX-License-Identifier: Apache-2.0 */
/* cmc publish: have certificates published, or not any more (RFC 10002 section 6.18). */
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "tool/exchange.h"
#include "tool/input.h"

struct publish {
    struct cmc_option_list certs;
    bool remove;
    struct cmc_option_list methods;
    const char *location;
    const char *cert, *key, *pass, *sid;
    struct tool_net_options net;
    struct tool_trust_options trust;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("What"),
    CMC_OPTION("cert", 'c', LIST, "FILE", struct publish, certs,
               "each certificate in FILE (may be repeated)"),
    CMC_OPTION("remove", 0, FLAG, NULL, struct publish, remove,
               "not to be published: what was published is taken back"),
    CMC_OPTION("method", 'm', LIST, "METHOD", struct publish, methods,
               "dontCare, x500, web or ldap (may be repeated; the CA\n"
               "chooses otherwise)"),
    CMC_OPTION("location", 0, STRING, "URL", struct publish, location,
               "where by that method; with one --method"),
    CMC_OPTION_HEADING("Who signs"),
    CMC_OPTION("signer-cert", 0, STRING, "URI", struct publish, cert,
               "an officer's certificate, or one of the same subject"),
    CMC_OPTION("signer-key", 0, STRING, "URI", struct publish, key,
               "its key (not needed with PKCS#12)"),
    CMC_OPTION("key-pass", 0, STRING, "FILE", struct publish, pass,
               "first line of FILE is the passphrase of that key"),
    CMC_OPTION("sid", 0, STRING, "FORM", struct publish, sid,
               "name the signer by issuer-serial (the default) or ski"),
    CMC_OPTION_HEADING("Where to"),
    TOOL_NET_ROWS(struct publish, net),
    CMC_OPTION_HEADING("The answer"),
    TOOL_TRUST_ROWS(struct publish, trust),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc publish",
    .operands = "",
    .about = "Ask the CA to publish certificates, or to take them out of publication.",
    .rows = rows,
};

static enum cmc_rc check(struct tool *t, const struct publish *o)
{
    int sid;

    if (o->certs.n == 0)
        return tool_usage(t, "which certificate? Give --cert FILE");
    if (o->cert == NULL)
        return tool_usage(t, "no --signer-cert; who asks?");
    /* [10002-6.18-a] */
    if (o->remove && o->methods.n > 0)
        return tool_usage(t, "--method says how to publish, and --remove not to (RFC 10002 section "
                             "6.18)");
    if (o->location != NULL && o->methods.n != 1)
        return tool_usage(t, "--location goes with one --method");
    if (tool_sid(t, o->sid, &sid) != CMC_OK)
        return CMC_E_USAGE;
    return tool_net_check(t, &o->net);
}

/* -- the control ------------------------------------------------------------------------- */

static enum cmc_rc add_methods(struct tool *t, const struct publish *o, struct cmc_pub_info *info)
{
    static const char *const names[] = {"dontCare", "x500", "web", "ldap"};

    for (size_t i = 0; i < o->methods.n; i++) {
        struct cmc_single_pub_info *s = cmc_list_add(t->arena, &cmc_it_pub_infos, &info->infos, 1);
        const struct cmc_general_name where = {CMC_GN_URI, cmc_slice_str(o->location)};
        uint32_t m = 0;

        while (m < CMC_COUNT(names) && strcmp(names[m], o->methods.v[i]) != 0)
            m++;
        if (m == CMC_COUNT(names))
            return tool_usage(t, "--method %s: want dontCare, x500, web or ldap", o->methods.v[i]);
        if (s == NULL)
            return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a request");
        s->method = m;
        if (o->location != NULL)
            s->location = cmc_arena_dup(t->arena, &where, sizeof where);
    }
    return CMC_OK;
}

/* One control for all: no certificate is named twice, [10002-6.18-d]. */
static enum cmc_rc make_control(struct tool *t, const struct publish *o, struct cmc_publish_cert *p)
{
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc = tool_certs(t, &o->certs, &certs, &n);

    *p =
        (struct cmc_publish_cert){.info.action = o->remove ? CMC_DONT_PUBLISH : CMC_PLEASE_PUBLISH};
    cmc_digest_algid(CMC_DIGEST_SHA256, &p->hash);
    for (size_t i = 0; rc == CMC_OK && i < n; i++) {
        struct cmc_slice *to;
        uint8_t *digest = cmc_arena_alloc(t->arena, CMC_DIGEST_MAX);
        bool twice = false;
        size_t size;

        for (size_t k = 0; k < i; k++)
            twice |= cmc_slice_eq(certs[k], certs[i]);
        if (twice)
            continue;
        to = cmc_list_add(t->arena, &cmc_it_set_any, &p->cert_hashes, 1);
        if (to == NULL || digest == NULL)
            return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a request");
        rc = cmc_digest(t->crypto, CMC_DIGEST_SHA256, certs[i], digest, &size, &t->err);
        *to = cmc_slice(digest, size);
    }
    return rc == CMC_OK ? add_methods(t, o, &p->info) : rc;
}

/* -- the exchange ------------------------------------------------------------------------ */

static enum cmc_rc submit(struct tool *t, const struct publish *o, struct tool_signer *who,
                          struct cmc_answer_view *answer)
{
    struct cmc_cms_signer signer = {.signing_time = true, .time = (int64_t)time(NULL)};
    struct cmc_publish_cert value;
    const struct cmc_extra_control control = {cmc_oid_id_cmc_publishCert, &cmc_it_publish_cert,
                                              &value};
    struct cmc_full_request rq = {.controls = &control, .ncontrols = 1, .signer = &signer};
    struct cmc_exchange_state state;
    struct cmc_slice body = CMC_SLICE_NONE;
    struct cmc_transport_reply reply;
    struct cmc_trust store;
    const struct cmc_trust *trust = NULL;
    enum cmc_rc rc = tool_trust_load(t, &o->trust, &store, &trust);

    if (rc == CMC_OK)
        rc = tool_signer_load(t, o->cert, o->key, o->pass, who);
    if (rc == CMC_OK)
        rc = tool_sid(t, o->sid, &signer.sid);
    if (rc == CMC_OK)
        rc = make_control(t, o, &value);
    if (rc != CMC_OK)
        return rc;
    signer.key = who->key;
    signer.cert = who->certs[0];
    rq.certs = who->certs;
    rq.ncerts = who->ncerts;
    rc = cmc_full_request_create(t->crypto, &rq, t->arena, &state, &body, &t->err);
    if (rc == CMC_OK)
        rc = tool_net_post(t, &o->net, TOOL_TYPE_CMC, NULL, body, &reply);
    if (rc == CMC_OK)
        rc = cmc_answer_open(t->crypto, reply.body, &state, trust, t->arena, answer, &t->err);
    if (rc == CMC_OK && !answer->full)
        rc = cmc_fail(&t->err, CMC_E_REFUSED, NULL,
                      "the server answered without a CMC response; nothing tells whether anything "
                      "was done");
    return rc;
}

int tool_cmd_publish(struct tool *t, int argc, char **argv)
{
    struct publish o = {0};
    struct tool_signer who = {0};
    struct cmc_answer_view answer = {0};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);
    enum cmc_rc rc;

    if (code != TOOL_GO_ON)
        return code;
    rc = check(t, &o);
    if (rc == CMC_OK)
        rc = submit(t, &o, &who, &answer);
    code = rc == CMC_OK ? tool_say_refusals(t, &answer) : tool_end(t, rc);
    tool_signer_clean(&who);
    return code;
}
