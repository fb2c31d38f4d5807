/* SPDX-License-Identifier: Apache-2.0 */
/* HttpClient: send a CMC message to a CA, save the answer. */
#include <stdio.h>

#include "client/client.h"
#include "dogtag/config.h"
#include "dogtag/db.h"

static const struct dog_param params[] = {
    {"host", DOG_TEXT, NULL},
    {"port", DOG_TEXT, NULL},
    {"secure", DOG_BOOL, NULL},
    {"input", DOG_TEXT, NULL},
    {"output", DOG_TEXT, NULL},
    {"dbdir", DOG_TEXT, NULL},
    {"password", DOG_TEXT, NULL},
    {"tokenname", DOG_TEXT, NULL},
    {"clientmode", DOG_BOOL, NULL},
    {"nickname", DOG_TEXT, NULL},
    {"servlet", DOG_TEXT, NULL},
    {"numHeaderLines", DOG_OBSOLETE, "the body is found by HTTP, not by counting lines"},
    {"timeout", DOG_TEXT, NULL}, /* ours alone: seconds */
};

struct exchange {
    const struct dog_config *cfg;
    struct dog_db db;
    struct dog_signer client;
    const char *input, *output;
    struct cmc_http_options http;
};

/* The CAs that the database trusts for TLS servers. */
static enum cmc_rc trusted(struct dog *d, struct exchange *x)
{
    struct cmc_token *where = x->db.internal != NULL ? x->db.internal : x->db.token;
    struct cmc_token_cert *certs = NULL;
    struct cmc_slice *anchors;
    size_t n = 0;
    enum cmc_rc rc = cmc_token_certs(where, d->arena, &certs, &n, &d->err);

    if (rc != CMC_OK)
        return rc;
    anchors = cmc_arena_array(d->arena, n + 1, sizeof *anchors);
    if (anchors == NULL)
        return dog_no_memory(d);
    for (size_t i = 0; i < n && rc == CMC_OK; i++) {
        struct cmc_token_trust trust = {0};

        rc = cmc_token_trust(where, certs[i].der, &trust, &d->err);
        if ((trust.ssl & (CMC_TRUST_CA | CMC_TRUST_PEER)) != 0)
            anchors[x->http.nanchors++] = certs[i].der;
    }
    if (rc != CMC_OK)
        return rc;
    x->http.anchors = anchors;
    if (x->http.nanchors == 0)
        return dog_usage(d, "the database trusts no CA for TLS servers (certutil -M -t CT,,)");
    return CMC_OK;
}

static enum cmc_rc set_secure(struct dog *d, struct exchange *x)
{
    const struct dog_db_place place = {.dbdir = dog_config_get(x->cfg, "dbdir"),
                                       .token = dog_config_get(x->cfg, "tokenname"),
                                       .password = dog_config_get(x->cfg, "password")};
    bool client = dog_config_on(x->cfg, "clientmode");
    const char *nickname = NULL;
    enum cmc_rc rc = CMC_OK;

    if (place.dbdir == NULL || *place.dbdir == '\0')
        return dog_usage(d, "Missing dbdir: secure=true needs the database with trusted CAs");
    if (client) {
        if (place.password == NULL)
            return dog_usage(d, "Missing password: clientmode=true needs it for the client's key");
        rc = dog_config_want(d, x->cfg, "nickname", "clientmode=true needs a client certificate",
                             &nickname);
    }
    if (rc == CMC_OK)
        rc = dog_db_open(d, &place, &x->db);
    if (rc == CMC_OK)
        rc = trusted(d, x);
    if (rc != CMC_OK || !client)
        return rc;
    rc = dog_db_signer(d, &x->db, nickname, &x->client);
    x->http.key = x->client.key;
    x->http.certs = x->client.chain;
    x->http.ncerts = x->client.nchain;
    return rc;
}

static enum cmc_rc set_url(struct dog *d, struct exchange *x, bool secure)
{
    const char *host = NULL, *port = NULL;
    const char *servlet = dog_config_get(x->cfg, "servlet");
    enum cmc_rc rc = dog_config_want(d, x->cfg, "host", "the CA's host name", &host);
    bool v6;

    if (rc == CMC_OK)
        rc = dog_config_want(d, x->cfg, "port", "the CA's port", &port);
    if (rc != CMC_OK)
        return rc;
    if (strspn(port, "0123456789") != strlen(port) || strlen(port) > 5)
        return dog_usage(d, "port=%s: want a number", port);
    if (strpbrk(host, "/?#@ ") != NULL)
        return dog_usage(d, "host=%s: want a host name or address alone", host);
    if (servlet == NULL)
        servlet = "/";
    v6 = strchr(host, ':') != NULL && *host != '[';
    x->http.url =
        cmc_arena_printf(d->arena, "%s://%s%s%s:%s%s%s", secure ? "https" : "http", v6 ? "[" : "",
                         host, v6 ? "]" : "", port, *servlet == '/' ? "" : "/", servlet);
    return x->http.url != NULL ? CMC_OK : dog_no_memory(d);
}

static enum cmc_rc check(struct dog *d, struct exchange *x)
{
    const char *secure = dog_config_get(x->cfg, "secure");
    const char *timeout = dog_config_get(x->cfg, "timeout");
    enum cmc_rc rc;

    if (secure == NULL || *secure == '\0')
        return dog_usage(d, "Missing secure; want secure=true (TLS) or secure=false");
    rc = dog_config_want(d, x->cfg, "input", "the message, in binary form", &x->input);
    if (rc == CMC_OK)
        rc = dog_config_want(d, x->cfg, "output", "where the response is to go", &x->output);
    if (rc == CMC_OK && timeout != NULL) {
        if (strspn(timeout, "0123456789") != strlen(timeout) || strlen(timeout) > 5)
            return dog_usage(d, "timeout=%s: want seconds", timeout);
        for (const char *p = timeout; *p != '\0'; p++)
            x->http.timeout_seconds = 10 * x->http.timeout_seconds + (unsigned int)(*p - '0');
    }
    if (rc == CMC_OK)
        rc = set_url(d, x, dog_config_on(x->cfg, "secure"));
    return rc;
}

static enum cmc_rc transact(struct dog *d, struct exchange *x)
{
    struct cmc_http_transport *http = NULL;
    struct cmc_transport_reply reply = {0};
    struct cmc_transport t;
    struct cmc_slice message;
    enum cmc_rc rc = dog_read(d, x->input, &message);

    if (rc == CMC_OK)
        rc = cmc_http_transport_new(&x->http, &http, &d->err);
    if (rc != CMC_OK)
        return rc;
    dog_say("Total number of bytes read = %zu\n", message.n);
    t = cmc_http_transport_get(http);
    rc = t.exchange(t.self, "application/pkcs7-mime; smime-type=CMC-request", NULL, message,
                    d->arena, &reply, &d->err);
    if (rc == CMC_OK)
        rc = dog_write(d, x->output, reply.body);
    if (rc == CMC_OK)
        dog_say("\nThe response in binary format is stored in %s\n", x->output);
    cmc_http_transport_free(http);
    return rc;
}

static enum cmc_rc run(struct dog *d, int argc, char **argv)
{
    struct exchange x = {0};
    struct dog_config *cfg = NULL;
    enum cmc_rc rc;

    if (argc != 2) {
        (void)printf("Usage: HttpClient <configuration file>\n"
                     "The man page HttpClient(1) lists the parameters.\n");
        return dog_usage(d, "want one argument, the configuration file");
    }
    rc = dog_config_read(d, argv[1], DOG_CONFIG_PROPERTIES, params, CMC_COUNT(params), &cfg);
    x.cfg = cfg;
    if (rc == CMC_OK)
        rc = check(d, &x);
    if (rc == CMC_OK && dog_config_on(cfg, "secure"))
        rc = set_secure(d, &x);
    if (rc == CMC_OK)
        rc = transact(d, &x);
    dog_signer_clean(&x.client);
    dog_db_close(&x.db);
    return rc;
}

int main(int argc, char **argv)
{
    return dog_main("HttpClient", run, argc, argv);
}
