/* SPDX-License-Identifier: Apache-2.0 */
#include "server/generation.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"

/* -- making ------------------------------------------------------------------------------ */

enum cmc_rc cmc_generation_load(const char *path, const struct cmc_crypto *crypto,
                                struct cmc_generation **out, struct cmc_err *err)
{
    struct cmc_generation *g = calloc(1, sizeof *g);
    enum cmc_rc rc;

    if (g == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory to begin");
    rc = cmc_conf_load(path, &g->conf, err);
    if (rc == CMC_OK) {
        g->log = cmc_log_new(STDERR_FILENO, g->conf->log_level, g->conf->log_format);
        if (g->log == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for the log");
    }
    if (rc == CMC_OK)
        rc = cmc_service_load(&g->service, g->conf, crypto, err);
    if (rc == CMC_OK)
        *out = g;
    else
        cmc_generation_free(g);
    return rc;
}

enum cmc_rc cmc_generation_make(struct cmc_generation *g, const struct cmc_lasting *lasting,
                                const struct cmc_generation *before, struct cmc_err *err)
{
    enum cmc_rc rc =
        cmc_service_open(&g->service, lasting->store, lasting->challenges, g->log, err);

    if (rc == CMC_OK)
        rc = cmc_routes_new(g->conf, &g->routes, err);
    if (rc == CMC_OK)
        rc = cmc_sockets_new(g->conf, before != NULL ? before->sockets : NULL, &g->sockets, err);
    if (rc == CMC_OK)
        rc = cmc_desks_new(&g->service, g->log, &g->desks, err);
    for (unsigned int i = 0; i < g->conf->workers && rc == CMC_OK; i++)
        rc = cmc_worker_new(&(struct cmc_worker_params){.service = &g->service,
                                                        .routes = &g->routes,
                                                        .sockets = g->sockets,
                                                        .counters = lasting->counters,
                                                        .desks = g->desks,
                                                        .log = g->log},
                            i, &g->workers[i], err);
    if (rc == CMC_OK)
        rc = cmc_service_key(&g->conf->authorities[0].responder, lasting->crypto, &g->responder_key,
                             err);
    return rc;
}

enum cmc_rc cmc_generation_start(struct cmc_generation *g, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    for (unsigned int i = 0; i < g->conf->workers && rc == CMC_OK; i++)
        rc = cmc_worker_start(g->workers[i], err);
    if (rc == CMC_OK)
        rc = cmc_crl_schedule_start(&g->service, g->log, &g->schedule, err);
    return rc;
}

/* -- ending ------------------------------------------------------------------------------ */

void cmc_generation_stop(struct cmc_generation *g, unsigned int grace_seconds, bool polite)
{
    /* Where nobody comes after, who still connects is to be told so, not to wait. */
    cmc_sockets_free(g->sockets);
    g->sockets = NULL;
    for (unsigned int i = 0; i < CMC_LIMIT_WORKERS && g->workers[i] != NULL; i++) {
        if (polite)
            cmc_worker_retire(g->workers[i], grace_seconds);
        else
            cmc_worker_stop(g->workers[i], grace_seconds);
    }
    cmc_crl_schedule_ask(g->schedule);
}

bool cmc_generation_has_ended(const struct cmc_generation *g)
{
    for (unsigned int i = 0; i < CMC_LIMIT_WORKERS && g->workers[i] != NULL; i++) {
        if (!cmc_worker_has_ended(g->workers[i]))
            return false;
    }
    return cmc_crl_schedule_has_ended(g->schedule);
}

bool cmc_generation_join(struct cmc_generation *g)
{
    bool ended;

    for (unsigned int i = 0; i < CMC_LIMIT_WORKERS && g->workers[i] != NULL; i++)
        cmc_worker_join(g->workers[i]);
    ended = cmc_crl_schedule_stop(g->schedule);
    if (ended)
        g->schedule = NULL;
    return cmc_desks_stop(g->desks) && ended;
}

void cmc_generation_free(struct cmc_generation *g)
{
    if (g == NULL)
        return;
    EVP_PKEY_free(g->responder_key);
    for (unsigned int i = 0; i < CMC_LIMIT_WORKERS; i++)
        cmc_worker_free(g->workers[i]);
    cmc_desks_free(g->desks);
    cmc_sockets_free(g->sockets);
    cmc_routes_free(&g->routes);
    cmc_service_close(&g->service);
    cmc_log_free(g->log);
    cmc_conf_free(g->conf);
    free(g);
}

/* -- the audit log ----------------------------------------------------------------------- */

/* The certificate that an authority of this name had before, or absent. */
static struct cmc_slice cert_before(const struct cmc_generation *before, const char *name)
{
    for (size_t i = 0; before != NULL && i < before->service.nauthorities; i++) {
        const struct cmc_service_authority *a = &before->service.authorities[i];

        if (strcmp(cmc_conf_authority_name(a->conf), name) == 0)
            return a->chain[0];
    }
    return CMC_SLICE_NONE;
}

static enum cmc_rc add_digest(const struct cmc_crypto *c, struct cmc_buf *b, const char *key,
                              struct cmc_slice data, struct cmc_err *err)
{
    uint8_t digest[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc = CMC_OK;

    if (data.p != NULL)
        rc = cmc_digest(c, CMC_DIGEST_SHA256, data, digest, &n, err);
    if (data.p != NULL && rc == CMC_OK)
        cmc_json_hex(b, key, cmc_slice(digest, n));
    return rc;
}

static enum cmc_rc end_record(struct cmc_buf *b, struct cmc_arena *arena,
                              struct cmc_audit_record *out, struct cmc_err *err)
{
    cmc_json_end(b);
    out->json = cmc_buf_cstr(b) != NULL ? cmc_arena_strdup(arena, cmc_buf_cstr(b)) : NULL;
    return out->json != NULL ? CMC_OK
                             : cmc_fail(err, CMC_E_MEM, NULL, "no memory for an audit record");
}

enum cmc_rc cmc_generation_audit(const struct cmc_generation *g,
                                 const struct cmc_generation *before,
                                 const struct cmc_crypto *crypto, struct cmc_arena *arena,
                                 struct cmc_audit_record **out, size_t *n, struct cmc_err *err)
{
    const struct cmc_service *s = &g->service;
    struct cmc_audit_record *list = cmc_arena_array(arena, s->nauthorities + 1, sizeof *list);
    struct cmc_buf b;
    enum cmc_rc rc;

    *n = 0;
    if (list == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for audit records");
    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    cmc_json_begin(&b);
    cmc_json_str(&b, "event", CMC_SLICE_LIT("configuration"));
    cmc_json_str(&b, "file", cmc_slice_str(g->conf->path));
    rc = add_digest(crypto, &b, "sha256", g->conf->text, err);
    if (rc == CMC_OK)
        rc = end_record(&b, arena, &list[(*n)++], err);
    for (size_t i = 0; i < s->nauthorities && rc == CMC_OK; i++) {
        const struct cmc_service_authority *a = &s->authorities[i];
        const char *name = cmc_conf_authority_name(a->conf);
        struct cmc_slice was = cert_before(before, name);

        if (cmc_slice_eq(was, a->chain[0]))
            continue;
        cmc_buf_reset(&b);
        cmc_json_begin(&b);
        cmc_json_str(&b, "event", CMC_SLICE_LIT("ca-certificate"));
        cmc_json_str(&b, "authority", cmc_slice_str(name));
        rc = add_digest(crypto, &b, "sha256", a->chain[0], err);
        if (rc == CMC_OK)
            rc = add_digest(crypto, &b, "before", was, err);
        if (rc == CMC_OK)
            rc = end_record(&b, arena, &list[(*n)++], err);
    }
    cmc_buf_free(&b);
    *out = list;
    return rc;
}
