/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration about one authority's CRLs. */
#include <stdio.h>

#include "base/shard.h"
#include "server/conf_int.h"

#define DEFAULT_HOURS 168u
#define MAX_HOURS     (10u * 366u * 24u)
#define DEFAULT_KEEP  32u
#define MAX_KEEP      100000u
/* A CRL may be asked for while what was signed under it may be looked at again. */
#define DEFAULT_KEEP_DAYS 400u
#define MAX_KEEP_DAYS     36600u

/* On its way from the raw form; place is that of the authority. */
struct one {
    struct cmc_conf_loading *l;
    const char *place;
    const struct cmc_raw_crl *raw;
    struct cmc_conf_authority *a;
};

/* "authorities/1/crl/url" into buf; returns it. */
static const char *at(char buf[CMC_CONF_PLACE_MAX], const struct one *o, const char *key)
{
    (void)snprintf(buf, CMC_CONF_PLACE_MAX, "%.60s/crl/%.40s", o->place, key);
    return buf;
}

static enum cmc_rc in_range(const struct one *o, const char *key, uint32_t v, uint32_t min,
                            uint32_t max)
{
    char place[CMC_CONF_PLACE_MAX], what[32];

    (void)snprintf(what, sizeof what, "'%s'", key);
    return cmc_conf_in_range(o->l, at(place, o, key), what, v, min, max);
}

static enum cmc_rc refuse(const struct one *o, const char *key, const char *text)
{
    char place[CMC_CONF_PLACE_MAX];

    return cmc_conf_tree_fail(o->l->tree, o->l->err, at(place, o, key), "%s", text);
}

static uint32_t number(const uint32_t *raw, uint32_t otherwise)
{
    return raw != NULL ? *raw : otherwise;
}

static enum cmc_rc load_numbers(const struct one *o)
{
    const struct cmc_raw_crl *raw = o->raw;
    struct cmc_conf_authority *a = o->a;
    enum cmc_rc rc;

    a->crl_hours = number(raw->hours, DEFAULT_HOURS);
    a->crl_overlap = number(raw->overlap, 0);
    a->crl_shards = number(raw->shards, 1);
    a->crl_delta_minutes = number(raw->delta, 0);
    a->crl_keep = number(raw->keep, DEFAULT_KEEP);
    a->crl_days = number(raw->keep_days, DEFAULT_KEEP_DAYS);
    rc = in_range(o, "hours", a->crl_hours, 1, MAX_HOURS);
    if (rc == CMC_OK)
        rc = in_range(o, "overlap", a->crl_overlap, 0, MAX_HOURS);
    if (rc == CMC_OK)
        rc = in_range(o, "shards", a->crl_shards, 1, CMC_LIMIT_CRL_SHARDS);
    /* It has to end before the full one does. */
    if (rc == CMC_OK)
        rc = in_range(o, "delta", a->crl_delta_minutes, 0, a->crl_hours * 60);
    if (rc == CMC_OK)
        rc = in_range(o, "keep", a->crl_keep, 0, MAX_KEEP);
    return rc == CMC_OK ? in_range(o, "keep-days", a->crl_days, 0, MAX_KEEP_DAYS) : rc;
}

static enum cmc_rc load_url(const struct one *o, const char *key, const char *url, char **out)
{
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc = CMC_OK;

    if (url != NULL)
        rc = cmc_conf_check_url(o->l, at(place, o, key), url);
    return rc == CMC_OK ? cmc_conf_copy(o->l, url, out) : rc;
}

static enum cmc_rc load_path(const struct one *o, const char *key, const char *owner,
                             const char *path, char **out)
{
    char place[CMC_CONF_PLACE_MAX];

    return cmc_conf_copy_url_path(o->l, at(place, o, key), owner, path, out);
}

/* Either all of them have a place for the number of the shard, or none has. */
static enum cmc_rc check_marks(const struct one *o)
{
    const struct cmc_conf_authority *a = o->a;
    bool sharded = cmc_shard_is_template(a->crl_url);
    const struct {
        const char *key, *value;
    } rows[] = {
        {"path", a->crl_path},
        {"delta-url", a->crl_delta_url},
        {"delta-path", a->crl_delta_path},
    };

    if (a->crl_shards > 1 && !sharded)
        return refuse(o, "shards",
                      "shards need an 'url' with " CMC_SHARD_MARK
                      " in it, such as http://ca.example/ca-" CMC_SHARD_MARK
                      ".crl: it says in each certificate where its CRL is");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value != NULL && cmc_shard_is_template(rows[i].value) != sharded)
            return refuse(o, rows[i].key,
                          sharded ? "'url' has " CMC_SHARD_MARK ", so this needs it too"
                                  : CMC_SHARD_MARK " is only for CRLs whose 'url' has it");
    }
    if (cmc_shard_is_template(a->crl_complete_path))
        return refuse(o, "complete-path", "there is one complete CRL, so this has no number");
    if (a->crl_complete_path != NULL && !sharded)
        return refuse(o, "complete-path",
                      "without shards 'path' is that of the complete CRL; leave this out");
    return CMC_OK;
}

static enum cmc_rc check_delta(const struct one *o)
{
    const struct cmc_conf_authority *a = o->a;

    if (a->crl_delta_minutes == 0 && a->crl_delta_path != NULL)
        return refuse(o, "delta-path", "'delta-path' has no effect without 'delta'");
    if (a->crl_delta_minutes == 0 && a->crl_delta_url != NULL)
        return refuse(o, "delta-url", "'delta-url' has no effect without 'delta'");
    if (a->crl_delta_minutes > 0 && a->crl_delta_path == NULL && a->crl_delta_url == NULL)
        return refuse(o, "delta",
                      "nobody would find the delta CRLs: 'delta-url' says in certificates where "
                      "they are, 'delta-path' serves them");
    return CMC_OK;
}

enum cmc_rc cmc_conf_load_crl(struct cmc_conf_loading *l, const char *place,
                              const struct cmc_raw_crl *raw, struct cmc_conf_authority *a)
{
    static const struct cmc_raw_crl none = {0};
    const struct one o = {l, place, raw != NULL ? raw : &none, a};
    enum cmc_rc rc = load_numbers(&o);

    if (rc == CMC_OK)
        rc = load_path(&o, "path", "the CRL", o.raw->path, &a->crl_path);
    if (rc == CMC_OK)
        rc = load_url(&o, "url", o.raw->url, &a->crl_url);
    if (rc == CMC_OK)
        rc = load_path(&o, "complete-path", "the complete CRL", o.raw->complete_path,
                       &a->crl_complete_path);
    if (rc == CMC_OK)
        rc = load_path(&o, "delta-path", "the delta CRL", o.raw->delta_path, &a->crl_delta_path);
    if (rc == CMC_OK)
        rc = load_url(&o, "delta-url", o.raw->delta_url, &a->crl_delta_url);
    if (rc == CMC_OK)
        rc = check_marks(&o);
    return rc == CMC_OK ? check_delta(&o) : rc;
}
