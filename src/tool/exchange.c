/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/exchange.h"

#include <stdio.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "tool/advice.h"
#include "tool/input.h"
#include "tool/summary.h"

/* -- sending ----------------------------------------------------------------------------- */

enum cmc_rc tool_accept(struct tool *t, const char *answer, const char **accept)
{
    static const struct {
        const char *name, *type;
    } answers[] = {
        {"cmc", "application/pkcs7-mime; smime-type=CMC-Response"},
        {"certs-only", "application/pkcs7-mime; smime-type=certs-only"},
        {"pkix-cert", "application/pkix-cert"},
    };

    *accept = NULL;
    if (answer == NULL)
        return CMC_OK;
    for (size_t i = 0; i < CMC_COUNT(answers); i++) {
        if (strcmp(answers[i].name, answer) == 0) {
            *accept = answers[i].type;
            return CMC_OK;
        }
    }
    return tool_usage(t, "--answer %s: want cmc, certs-only or pkix-cert", answer);
}

enum cmc_rc tool_net_check(struct tool *t, const struct tool_net_options *o)
{
    if (o->url == NULL)
        return tool_usage(t, "no --url; as --url http://ca.example/cmc");
    if (o->tls_key != NULL && o->tls_cert == NULL)
        return tool_usage(t, "--tls-key without --tls-cert; name the certificate too");
    return CMC_OK;
}

/* What goes over the wire, as cmc show --brief says it. */
static void say_message(struct tool *t, const char *what, struct cmc_slice der)
{
    struct cmc_content_info ci = {0};
    struct cmc_buf b;
    struct tool_summary s = {.t = t, .out = &b, .indent = 2};
    const struct cmc_err err = t->err;

    cmc_buf_init(&b, 2u * CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_printf(&b, "cmc %s: %s, %zu octets\n", t->command, what, der.n);
    if (cmc_decode(&cmc_it_content_info, der, t->arena, &ci, NULL) == CMC_OK)
        tool_summary_content(&s, &ci);
    if (cmc_buf_ok(&b))
        (void)fwrite(cmc_buf_get0(&b).p, 1, b.n, stderr);
    cmc_buf_free(&b);
    t->err = err;
}

/* Does it say clearly that nothing was done? */
static bool is_refusal(struct tool *t, struct cmc_slice body)
{
    struct cmc_answer_view view;

    return tool_crypto(t) == CMC_OK &&
           cmc_answer_open(t->crypto, body, NULL, NULL, t->arena, &view, NULL) == CMC_OK &&
           view.full && view.worst != CMC_STATUS_SUCCESS;
}

enum cmc_rc tool_net_post(struct tool *t, const struct tool_net_options *o, const char *type,
                          const char *accept, struct cmc_slice body,
                          struct cmc_transport_reply *reply)
{
    const struct cmc_passphrase pass = {.file = o->tls_pass, .prompt = o->tls_pass == NULL};
    const struct cmc_http_options http = {.url = o->url,
                                          .tls_ca = o->tls_ca,
                                          .tls_cert = o->tls_cert,
                                          .tls_key = o->tls_key,
                                          .tls_pass = &pass,
                                          .timeout_seconds = o->timeout,
                                          .read_refusals = true};
    struct cmc_http_transport *http_transport = NULL;
    struct cmc_transport transport;
    enum cmc_rc rc = cmc_http_transport_new(&http, &http_transport, &t->err);

    if (rc != CMC_OK)
        return rc;
    if (o->verbose)
        say_message(t, cmc_arena_printf(t->arena, "to %s, %s", o->url, type), body);
    transport = cmc_http_transport_get(http_transport);
    rc = transport.exchange(transport.self, type, accept, body, t->arena, reply, &t->err);
    cmc_http_transport_free(http_transport);
    if (rc == CMC_OK && o->verbose)
        say_message(t,
                    cmc_arena_printf(t->arena, "answer, HTTP %u, %s", reply->http_status,
                                     reply->content_type),
                    reply->body);
    if (rc == CMC_OK && reply->http_status >= 300 && !is_refusal(t, reply->body))
        rc = cmc_fail(&t->err,
                      reply->http_status == 503 || reply->http_status == 429 ? CMC_E_RETRY
                                                                             : CMC_E_LOCAL,
                      "RFC 10003 section 6",
                      "%s: the server answered HTTP %u, with a body that is no refusal", o->url,
                      reply->http_status);
    return rc;
}

/* -- trusting ---------------------------------------------------------------------------- */

enum cmc_rc tool_trust_load(struct tool *t, const struct tool_trust_options *o,
                            struct cmc_trust *store, const struct cmc_trust **trust)
{
    struct cmc_slice *anchors = NULL;
    enum cmc_rc rc;

    *trust = NULL;
    *store = (struct cmc_trust){.no_eku = o->no_eku, .now = (int64_t)time(NULL)};
    if (o->no_trust && o->trust.n > 0)
        return tool_usage(t, "--trust and --no-trust exclude each other");
    if (o->no_trust)
        return CMC_OK;
    if (o->trust.n == 0)
        return tool_usage(t, "no --trust FILE with the CA's certificate to check the answer "
                             "against (or --no-trust)");
    rc = tool_certs(t, &o->trust, &anchors, &store->nanchors);
    store->anchors = anchors;
    if (rc == CMC_OK)
        *trust = store;
    return rc;
}

/* -- the answer -------------------------------------------------------------------------- */

int tool_status_exit(uint32_t status)
{
    switch (status) {
    case CMC_STATUS_SUCCESS:
        return TOOL_OK;
    case CMC_STATUS_PENDING:
    case CMC_STATUS_PARTIAL:
    case CMC_STATUS_CONFIRM_REQUIRED:
        return TOOL_PENDING;
    default:
        return TOOL_FAILED;
    }
}

const char *tool_status_word(uint32_t status)
{
    int code = tool_status_exit(status);

    return code == TOOL_OK ? "success" : code == TOOL_PENDING ? "pending" : "failed";
}

int tool_answer_exit(const struct cmc_answer_view *answer)
{
    /* From best to worst. */
    static const int order[] = {TOOL_OK, TOOL_PENDING, TOOL_TRY_LATER, TOOL_FAILED};
    size_t worst = 0;

    for (size_t i = 0; i < answer->noutcomes; i++) {
        int code = tool_outcome_exit(&answer->outcomes[i]);

        for (size_t k = worst; k < CMC_COUNT(order); k++) {
            if (order[k] == code)
                worst = k;
        }
    }
    return order[worst];
}

enum cmc_rc tool_answer_open(struct tool *t, struct cmc_slice body,
                             const struct cmc_exchange_state *state, const struct cmc_trust *trust,
                             struct cmc_answer_view *out)
{
    enum cmc_rc rc = tool_crypto(t);

    if (rc != CMC_OK)
        return rc;
    rc = cmc_answer_open(t->crypto, body, state, trust, t->arena, out, &t->err);
    if (rc == CMC_E_REFUSED || rc == CMC_E_CRYPTO)
        t->exit = TOOL_NOT_TRUSTED;
    return rc;
}

static void say_outcome(struct tool *t, const struct cmc_outcome *o)
{
    struct cmc_buf b;
    const char *text;

    cmc_buf_init(&b, 16u * CMC_LIMIT_ERROR_TEXT);
    tool_outcome_text(&b, o);
    text = cmc_buf_cstr(&b);
    tool_note(t, "the server answered: %s", text != NULL ? text : "?");
    cmc_buf_free(&b);
}

/* Was the same advice given for one of the statuses before? */
static bool advised(const struct cmc_answer_view *answer, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (tool_advice(&answer->outcomes[k]) == tool_advice(&answer->outcomes[i]))
            return true;
    }
    return false;
}

int tool_say_refusals(struct tool *t, const struct cmc_answer_view *answer)
{
    for (size_t i = 0; i < answer->noutcomes; i++) {
        const struct cmc_outcome *o = &answer->outcomes[i];

        if (o->status == CMC_STATUS_SUCCESS)
            continue;
        say_outcome(t, o);
        if (tool_advice(o) != NULL && !advised(answer, i))
            tool_note(t, "what to do: %s", tool_advice(o));
    }
    return tool_answer_exit(answer);
}

/* [10002-6.1-b, 10002-6.1.1-a, 10002-6.1.2-b, 10002-6.1.2-u1] No status means success. */
const struct cmc_outcome *tool_outcome_of(const struct cmc_answer_view *answer, uint32_t id)
{
    const struct cmc_outcome *found = NULL;

    for (size_t i = 0; i < answer->noutcomes; i++) {
        const struct cmc_outcome *o = &answer->outcomes[i];

        for (size_t k = 0; k < o->nbody_parts; k++) {
            if ((o->body_parts[k] == id || o->body_parts[k] == 0) &&
                (found == NULL || tool_status_exit(found->status) == TOOL_OK))
                found = o;
        }
    }
    return found;
}

static bool one_value(struct tool *t, const struct cmc_pkidata *body, struct cmc_slice type,
                      const struct cmc_item *it, struct cmc_slice *out)
{
    const struct cmc_tagged_attribute *ta = cmc_control_first(&body->controls, type);

    return ta != NULL && ta->values.n == 1 &&
           cmc_decode(it, *CMC_AT(struct cmc_slice, ta->values, 0), t->arena, out, NULL) == CMC_OK;
}

enum cmc_rc tool_state_of(struct tool *t, struct cmc_slice request,
                          struct cmc_exchange_state *state)
{
    struct cmc_signed_data sd = {0};
    struct cmc_pkidata body = {0};
    struct cmc_slice nonce = CMC_SLICE_NONE;
    enum cmc_rc rc = cmc_signed_data_open(request, t->arena, &sd, &t->err);

    *state = (struct cmc_exchange_state){0};
    if (rc == CMC_OK)
        rc = cmc_pkidata_open(sd.encap.content, true, t->arena, &body, &t->err);
    if (rc != CMC_OK)
        return rc;
    /* Requests of others may have nonces of other lengths; ours is what we can check. */
    if (one_value(t, &body, cmc_oid_id_cmc_senderNonce, &cmc_it_nonce, &nonce) &&
        nonce.n == sizeof state->sender_nonce) {
        memcpy(state->sender_nonce, nonce.p, nonce.n);
        state->has_nonce = true;
    }
    (void)one_value(t, &body, cmc_oid_id_cmc_transactionId, &cmc_it_transaction_id,
                    &state->transaction_id);
    (void)one_value(t, &body, cmc_oid_id_cmc_popLinkRandom, &cmc_it_octet_string,
                    &state->link_random);
    state->sent = body.requests.v;
    state->nsent = body.requests.n;
    if (state->nsent > 0)
        state->first_request_id = cmc_tagged_request_id(&state->sent[0]);
    return CMC_OK;
}
