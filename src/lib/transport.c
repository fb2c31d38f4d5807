/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/lib_int.h"

struct cmcl_transport {
    struct cmcl_context *ctx;
    /* HTTP: */
    struct cmc_http_transport *http;
    char *url;
    unsigned int timeout;
    /* or the caller's: */
    cmcl_exchange_fn exchange;
    void *self;
};

struct cmcl_reply {
    struct cmc_arena *arena;
    struct cmc_slice body;
    char why[CMC_LIMIT_ERROR_TEXT];
};

/* -- HTTP -------------------------------------------------------------------------------- */

enum cmcl_rc cmcl_transport_new_http(struct cmcl_context *ctx, const char *url,
                                     unsigned int timeout, struct cmcl_transport **out)
{
    const struct cmc_http_options o = {.url = url, .timeout_seconds = timeout};
    struct cmcl_transport *t = calloc(1, sizeof *t);
    enum cmc_rc rc;

    *out = NULL;
    if (t == NULL)
        return (enum cmcl_rc)cmc_lib_no_memory(ctx);
    rc = cmc_http_transport_new(&o, &t->http, &ctx->err);
    if (rc == CMC_OK && (t->url = strdup(url)) == NULL)
        rc = cmc_lib_no_memory(ctx);
    if (rc == CMC_OK) {
        t->ctx = ctx;
        t->timeout = timeout;
        *out = t;
        t = NULL;
    }
    cmcl_transport_free(t);
    return (enum cmcl_rc)rc;
}

enum cmcl_rc cmcl_transport_set1_tls(struct cmcl_transport *t, const char *ca, const char *cert,
                                     const char *key, const char *passphrase)
{
    const struct cmc_passphrase pass = {.text = passphrase};
    const struct cmc_http_options o = {.url = t->url,
                                       .timeout_seconds = t->timeout,
                                       .tls_ca = ca,
                                       .tls_cert = cert,
                                       .tls_key = key,
                                       .tls_pass = &pass};
    struct cmc_http_transport *http = NULL;
    enum cmc_rc rc;

    if (t->url == NULL)
        return (enum cmcl_rc)cmc_fail(&t->ctx->err, CMC_E_USAGE, NULL,
                                      "a transport of your own has no TLS of ours");
    if (key != NULL && cert == NULL)
        return (enum cmcl_rc)cmc_fail(&t->ctx->err, CMC_E_USAGE, NULL,
                                      "a key for TLS without its certificate");
    rc = cmc_http_transport_new(&o, &http, &t->ctx->err);
    if (rc != CMC_OK)
        return (enum cmcl_rc)rc;
    cmc_http_transport_free(t->http);
    t->http = http;
    return CMCL_OK;
}

/* -- the caller's ------------------------------------------------------------------------ */

enum cmcl_rc cmcl_transport_new_callback(struct cmcl_context *ctx, cmcl_exchange_fn exchange,
                                         void *self, struct cmcl_transport **out)
{
    struct cmcl_transport *t = calloc(1, sizeof *t);

    *out = t;
    if (t == NULL)
        return (enum cmcl_rc)cmc_lib_no_memory(ctx);
    t->ctx = ctx;
    t->exchange = exchange;
    t->self = self;
    return CMCL_OK;
}

enum cmcl_rc cmcl_reply_set1_body(struct cmcl_reply *reply, const void *body, size_t n)
{
    if (n > CMC_LIMIT_MESSAGE_OCTETS) {
        (void)snprintf(reply->why, sizeof reply->why,
                       "the answer is above CMC_LIMIT_MESSAGE_OCTETS (%u)",
                       CMC_LIMIT_MESSAGE_OCTETS);
        return CMCL_E_LIMIT;
    }
    reply->body = cmc_arena_slice(reply->arena, cmc_lib_octets(body, n));
    if (reply->body.p != NULL)
        return CMCL_OK;
    cmcl_reply_set1_error(reply, "out of memory");
    return CMCL_E_MEM;
}

void cmcl_reply_set1_error(struct cmcl_reply *reply, const char *text)
{
    (void)snprintf(reply->why, sizeof reply->why, "%s", text);
}

static enum cmc_rc send_by_callback(struct cmcl_transport *t, struct cmc_slice body,
                                    struct cmc_arena *arena, struct cmc_slice *answer)
{
    struct cmcl_reply reply = {.arena = arena, .why = "the transport failed"};
    enum cmc_rc rc = (enum cmc_rc)t->exchange(t->self, CMCL_TYPE_REQUEST, body.p, body.n, &reply);

    if (rc != CMC_OK)
        return cmc_fail(&t->ctx->err, rc <= CMC_E_BUG ? rc : CMC_E_LOCAL, NULL, "%s", reply.why);
    if (reply.body.p == NULL)
        return cmc_fail(&t->ctx->err, CMC_E_USAGE, NULL, "the transport brought no answer");
    *answer = reply.body;
    return CMC_OK;
}

/* -- both -------------------------------------------------------------------------------- */

void cmcl_transport_free(struct cmcl_transport *t)
{
    if (t == NULL)
        return;
    cmc_http_transport_free(t->http);
    free(t->url);
    free(t);
}

static enum cmc_rc send_by_http(struct cmcl_transport *t, struct cmc_slice body,
                                struct cmc_arena *arena, struct cmc_slice *answer)
{
    struct cmc_transport http = cmc_http_transport_get(t->http);
    struct cmc_transport_reply reply = {0};
    enum cmc_rc rc =
        http.exchange(http.self, CMCL_TYPE_REQUEST, NULL, body, arena, &reply, &t->ctx->err);

    *answer = reply.body;
    return rc;
}

enum cmcl_rc cmcl_exchange(struct cmcl_transport *t, struct cmcl_request *rq,
                           const struct cmcl_certs *anchors, unsigned int flags,
                           struct cmcl_response **out)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_slice answer = CMC_SLICE_NONE, body = CMC_SLICE_NONE;
    enum cmc_rc rc = arena != NULL ? CMC_OK : cmc_lib_no_memory(t->ctx);

    *out = NULL;
    if (rc == CMC_OK)
        rc = (enum cmc_rc)cmcl_request_build(rq, &body.p, &body.n);
    if (rc == CMC_OK && t->http != NULL)
        rc = send_by_http(t, body, arena, &answer);
    else if (rc == CMC_OK)
        rc = send_by_callback(t, body, arena, &answer);
    if (rc == CMC_OK)
        rc = (enum cmc_rc)cmcl_response_open(t->ctx, answer.p, answer.n, rq, anchors, flags, out);
    cmc_arena_free(arena);
    return (enum cmcl_rc)rc;
}
