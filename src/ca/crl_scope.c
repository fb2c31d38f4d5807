/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of what CRLs are made: the lines of a CA key, one for each part (store/crl.h). Shard 0 is the
 * complete CRL, which lists all of them; each other shard has a CRL of its own, that says so in
 * issuingDistributionPoint, by the URL that stands in the shard's certificates.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/crl_int.h"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the authority's CRLs");
}

/* -- URLs ---------------------------------------------------------------------------------- */

bool cmc_crl_is_template(const char *text)
{
    return text != NULL && strstr(text, CMC_CRL_SHARD) != NULL;
}

char *cmc_crl_expand(const char *text, uint32_t shard, struct cmc_arena *arena)
{
    const char *at = strstr(text, CMC_CRL_SHARD);

    return at == NULL ? cmc_arena_strdup(arena, text)
                      : cmc_arena_printf(arena, "%.*s%u%s", (int)(at - text), text, shard,
                                         at + sizeof CMC_CRL_SHARD - 1);
}

static enum cmc_rc expand(struct cmc_ca_shared *s, const char *text, uint32_t shard, char **out,
                          struct cmc_err *err)
{
    /* A template is for shards, anything else for the complete CRL. */
    if (text == NULL || cmc_crl_is_template(text) != (shard > 0))
        return CMC_OK;
    *out = cmc_crl_expand(text, shard, s->arena);
    return *out != NULL ? CMC_OK : no_memory(err);
}

/* -- extensions ---------------------------------------------------------------------------- */

enum cmc_rc cmc_crl_extension(struct cmc_arena *arena, struct cmc_list *exts, struct cmc_slice oid,
                              bool critical, const struct cmc_item *it, const void *value,
                              struct cmc_err *err)
{
    struct cmc_extension *e = cmc_list_add(arena, &cmc_it_extensions, exts, 1);

    if (e == NULL)
        return no_memory(err);
    e->extn_id = oid;
    e->critical = critical;
    return cmc_encode_arena(it, value, arena, &e->value, err);
}

static struct cmc_dist_point_name *full_name(const char *url, struct cmc_arena *arena)
{
    struct cmc_dist_point_name *name = cmc_arena_alloc(arena, sizeof *name);
    struct cmc_general_name *uri = NULL;

    if (name != NULL)
        uri = cmc_list_add(arena, &cmc_it_general_names, &name->u.full_name, 1);
    if (uri == NULL)
        return NULL;
    uri->which = CMC_GN_URI;
    uri->v = cmc_slice_str(url);
    return name;
}

enum cmc_rc cmc_crl_scope_extension(const struct cmc_crl_line *line, struct cmc_arena *arena,
                                    struct cmc_list *exts, struct cmc_err *err)
{
    struct cmc_issuing_dist_point idp = {.name = full_name(line->url, arena)};

    if (idp.name == NULL)
        return no_memory(err);
    return cmc_crl_extension(arena, exts, cmc_oid_id_ce_issuingDistributionPoint, true,
                             &cmc_it_issuing_dist_point, &idp, err);
}

enum cmc_rc cmc_crl_points_extension(const char *url, struct cmc_slice oid, struct cmc_arena *arena,
                                     struct cmc_list *exts, struct cmc_err *err)
{
    struct cmc_list points = {0};
    struct cmc_dist_point *point = cmc_list_add(arena, &cmc_it_dist_points, &points, 1);

    if (point != NULL)
        point->name = full_name(url, arena);
    if (point == NULL || point->name == NULL)
        return no_memory(err);
    return cmc_crl_extension(arena, exts, oid, false, &cmc_it_dist_points, &points, err);
}

/* -- lines --------------------------------------------------------------------------------- */

struct cmc_crl_line *cmc_crl_line(const struct cmc_ca_shared *s, uint32_t shard)
{
    for (size_t i = 0; i < s->nlines; i++) {
        if (s->lines[i].shard == shard)
            return &s->lines[i];
    }
    return NULL;
}

bool cmc_crl_covers(const struct cmc_crl_line *scope, const struct cmc_crl_line *line)
{
    return scope->shard == 0 || scope->shard == line->shard;
}

bool cmc_crl_has_delta(const struct cmc_ca_shared *s, const struct cmc_crl_line *line)
{
    return s->crl_delta_seconds > 0 && s->crl_sharded == (line->shard > 0);
}

struct cmc_crl_id cmc_crl_id_of(const struct cmc_ca_shared *s, const struct cmc_crl_line *line,
                                bool delta)
{
    return (struct cmc_crl_id){
        .issuer = s->ca_cert.tbs.subject, .part = line->part, .delta = delta};
}

/* What the certificates of a line say about their CRLs. In an authority without shards the
 * profiles write the distribution point, as they are compiled. */
static enum cmc_rc make_line(struct cmc_ca_shared *s, const struct cmc_ca_params *p,
                             struct cmc_crl_line *line, struct cmc_err *err)
{
    enum cmc_rc rc;

    cmc_buf_init(&line->full.der, CMC_LIMIT_ARENA_OCTETS);
    cmc_buf_init(&line->delta.der, CMC_LIMIT_ARENA_OCTETS);
    rc = expand(s, p->crl_url, line->shard, &line->url, err);
    if (rc == CMC_OK && p->crl_delta_minutes > 0)
        rc = expand(s, p->crl_delta_url, line->shard, &line->delta_url, err);
    if (rc == CMC_OK && line->shard > 0 && line->url != NULL)
        rc = cmc_crl_points_extension(line->url, cmc_oid_id_ce_cRLDistributionPoints, s->arena,
                                      &line->cert_extensions, err);
    if (rc == CMC_OK && line->delta_url != NULL)
        rc = cmc_crl_points_extension(line->delta_url, cmc_oid_id_ce_freshestCRL, s->arena,
                                      &line->cert_extensions, err);
    return rc;
}

static enum cmc_rc list_scopes(struct cmc_ca_shared *s, struct cmc_err *err)
{
    s->scopes = cmc_arena_array(s->arena, 2 * s->nlines, sizeof *s->scopes);
    if (s->scopes == NULL)
        return no_memory(err);
    for (size_t i = 0; i < s->nlines; i++) {
        const struct cmc_crl_line *line = &s->lines[i];

        if (line->shard == 0 ? s->crl_sharded && !s->crl_complete : !s->crl_sharded)
            continue;
        s->scopes[s->nscopes++] = (struct cmc_crl_scope){.shard = line->shard};
        if (cmc_crl_has_delta(s, line))
            s->scopes[s->nscopes++] = (struct cmc_crl_scope){.shard = line->shard, .delta = true};
    }
    return CMC_OK;
}

enum cmc_rc cmc_crl_lines_new(struct cmc_ca_shared *s, const struct cmc_ca_params *p,
                              struct cmc_err *err)
{
    struct cmc_crl_part *parts = cmc_arena_array(s->arena, CMC_CRL_PARTS_MAX, sizeof *parts);
    struct cmc_slice key = s->ca_ski.p != NULL ? s->ca_ski : CMC_SLICE_LIT("");
    size_t n = 0;
    enum cmc_rc rc;

    if (parts == NULL)
        return no_memory(err);
    s->crl_sharded = cmc_crl_is_template(p->crl_url);
    s->crl_shards = s->crl_sharded && p->crl_shards == 0 ? 1 : p->crl_shards;
    s->crl_complete = p->crl_complete;
    s->crl_seconds = (int64_t)p->crl_hours * 3600;
    s->crl_overlap_seconds = (int64_t)p->crl_overlap_hours * 3600;
    s->crl_delta_seconds = (int64_t)p->crl_delta_minutes * 60;
    s->crl_keep = p->crl_keep;
    s->crl_keep_seconds = (int64_t)p->crl_days * 86400;
    if (!s->crl_sharded && s->crl_shards > 1)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%u shards need " CMC_CRL_SHARD " in the URL of the CRL", s->crl_shards);
    rc = cmc_store_crl_parts(s->store, s->ca_cert.tbs.subject, key,
                             s->crl_sharded ? s->crl_shards : 0, parts, &n, err);
    if (rc != CMC_OK)
        return rc;
    s->lines = cmc_arena_array(s->arena, n, sizeof *s->lines);
    if (s->lines == NULL)
        return no_memory(err);
    s->nlines = n;
    for (size_t i = 0; i < n && rc == CMC_OK; i++) {
        s->lines[i].shard = parts[i].shard;
        s->lines[i].part = parts[i].part;
        rc = make_line(s, p, &s->lines[i], err);
    }
    return rc == CMC_OK ? list_scopes(s, err) : rc;
}

void cmc_crl_lines_free(struct cmc_ca_shared *s)
{
    for (size_t i = 0; i < s->nlines; i++) {
        cmc_buf_free(&s->lines[i].full.der);
        cmc_buf_free(&s->lines[i].delta.der);
    }
}

const struct cmc_crl_scope *cmc_ca_get0_crl_scopes(const struct cmc_ca_shared *s, size_t *n)
{
    *n = s->nscopes;
    return s->scopes;
}

const char *cmc_ca_get0_crl_url(const struct cmc_ca_shared *s, const struct cmc_crl_scope *scope)
{
    const struct cmc_crl_line *line = cmc_crl_line(s, scope->shard);

    if (line == NULL)
        return NULL;
    return scope->delta ? line->delta_url : line->url;
}

/* -- the invariant ------------------------------------------------------------------------- */

struct search {
    int64_t part;
    bool found;
};

static enum cmc_rc see_part(void *arg, const struct cmc_crl_part *p)
{
    struct search *search = arg;

    search->found |= p->part == search->part;
    return CMC_OK;
}

/* Ours are checked for being given out; those of another key of the issuer are its affair. *why is
 * NULL where all is well. */
static enum cmc_rc judge_part(const struct cmc_ca_shared *s, struct cmc_reader *r, int64_t part,
                              const char **why, struct cmc_err *err)
{
    struct search search = {.part = part};
    enum cmc_rc rc;

    *why = NULL;
    for (size_t i = 0; i < s->nlines; i++) {
        if (s->lines[i].part != part)
            continue;
        if (s->lines[i].shard > 0 && !s->crl_sharded)
            *why = "which is a shard, and the URL of the CRL has no " CMC_CRL_SHARD;
        else if (s->lines[i].shard == 0 && s->crl_sharded && !s->crl_complete)
            *why = "that of certificates without a shard, and there is no path for the complete "
                   "CRL (complete-path)";
        return CMC_OK;
    }
    rc = cmc_reader_crl_parts(r, s->ca_cert.tbs.subject, see_part, &search, err);
    if (rc == CMC_OK && !search.found)
        *why = "which does not exist";
    return rc;
}

enum cmc_rc cmc_crl_check_parts(const struct cmc_ca_shared *s, struct cmc_reader *r, int64_t now,
                                struct cmc_err *err)
{
    struct cmc_slice issuer = s->ca_cert.tbs.subject;
    int64_t part = INT64_MIN;
    enum cmc_rc rc;

    /* From part to part in the index, not over all that stands in them: what is in no wrong part
     * is in a right one. */
    while ((rc = cmc_reader_revoked_part_after(r, issuer, part, &part, err)) == CMC_OK) {
        const char *why;
        uint64_t n = 0;

        rc = judge_part(s, r, part, &why, err);
        if (rc == CMC_OK && why != NULL)
            rc = cmc_reader_revoked_count(r, issuer, part, now, &n, err);
        if (rc != CMC_OK)
            return rc;
        if (n > 0)
            return cmc_fail(err, CMC_E_REFUSED, NULL,
                            "no CRL is signed: %llu revoked certificate%s in part %lld of it, %s",
                            (unsigned long long)n, n == 1 ? " stands" : "s stand", (long long)part,
                            why);
    }
    return rc == CMC_E_NOTFOUND ? CMC_OK : rc;
}
