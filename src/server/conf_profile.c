/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that says what may be issued: one profile after the other. */
#include <stdio.h>

#include "server/conf_int.h"

#define DEFAULT_BACKDATE 5u
#define MAX_BACKDATE     (7u * 24u * 60u)
#define MAX_DAYS         36525u

/* A place in the profile; returns it. */
static const char *at(char place[CMC_CONF_PLACE_MAX], const struct cmc_conf_profile_source *s,
                      const char *key)
{
    (void)snprintf(place, CMC_CONF_PLACE_MAX, "%s%s", s->prefix, key);
    return place;
}

static enum cmc_rc load_extensions(struct cmc_conf_loading *l,
                                   const struct cmc_conf_profile_source *s,
                                   struct cmc_profile_spec *p)
{
    const struct cmc_raw_profile *raw = s->raw;
    char place[CMC_CONF_PLACE_MAX], key[CMC_CONF_PLACE_MAX / 2];
    enum cmc_rc rc = CMC_OK;

    p->extension_count = raw->extensions_count;
    p->extensions = cmc_arena_array(l->arena, p->extension_count, sizeof *p->extensions);
    if (p->extensions == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t k = 0; k < p->extension_count && rc == CMC_OK; k++) {
        rc = cmc_conf_copy(l, raw->extensions[k].name, &p->extensions[k].name);
        if (rc == CMC_OK)
            rc = cmc_conf_copy(l, raw->extensions[k].value, &p->extensions[k].value);
        (void)snprintf(key, sizeof key, "extensions/%u/name", k);
        for (uint32_t m = 0; m < k && rc == CMC_OK; m++) {
            if (strcmp(p->extensions[m].name, p->extensions[k].name) == 0)
                rc = cmc_conf_tree_fail(l->tree, l->err, at(place, s, key),
                                        "extension '%.60s' is listed twice", p->extensions[k].name);
        }
        for (uint32_t m = 0; m < raw->from_request_count && rc == CMC_OK; m++) {
            if (strcmp(raw->from_request[m], p->extensions[k].name) == 0)
                rc = cmc_conf_tree_fail(l->tree, l->err, at(place, s, key),
                                        "extension '%.60s' is both fixed and in 'from-request'; "
                                        "choose one",
                                        p->extensions[k].name);
        }
    }
    return rc;
}

static enum cmc_rc load_profile(struct cmc_conf_loading *l, uint32_t i, struct cmc_profile_spec *p)
{
    const struct cmc_conf_profile_source *s = &l->profiles[i];
    const struct cmc_raw_profile *raw = s->raw;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc;

    for (uint32_t k = 0; k < i; k++) {
        if (strcmp(l->profiles[k].raw->name, raw->name) == 0)
            return cmc_conf_tree_fail(l->tree, l->err, at(place, s, "name"),
                                      "a second profile '%.60s'; each needs its own name",
                                      raw->name);
    }
    p->days = raw->days;
    p->backdate_minutes = raw->backdate != NULL ? *raw->backdate : DEFAULT_BACKDATE;
    p->refuse_other_extensions = raw->other_extensions == CMC_RAW_OTHER_REFUSE;
    p->allow_empty_subject = raw->empty_subject;
    p->require_san = raw->require_san;
    p->change_subject_name = raw->change_subject_name;
    p->unique_keys = raw->key_reuse == CMC_RAW_REUSE_REFUSE;
    p->require_archive = raw->archive == CMC_RAW_ARCHIVE_REQUIRED;
    rc = cmc_conf_in_range(l, at(place, s, "days"), "'days'", p->days, 1, MAX_DAYS);
    if (rc == CMC_OK)
        rc = cmc_conf_in_range(l, at(place, s, "backdate"), "'backdate' (minutes)",
                               p->backdate_minutes, 0, MAX_BACKDATE);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->name, &p->name);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_words(l, at(place, s, "keys"), "key type", raw->keys, raw->keys_count,
                                 &p->key_types, &p->key_type_count);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_words(l, at(place, s, "from-request"), "extension", raw->from_request,
                                 raw->from_request_count, &p->request_extensions,
                                 &p->request_extension_count);
    if (rc == CMC_OK)
        rc = load_extensions(l, s, p);
    return rc;
}

enum cmc_rc cmc_conf_load_profiles(struct cmc_conf_loading *l)
{
    const struct cmc_conf_tree *whole = l->tree;
    struct cmc_conf *c = l->conf;
    enum cmc_rc rc = cmc_conf_find_profiles(l);

    if (rc != CMC_OK)
        return rc;
    c->profile_count = l->nprofiles;
    c->profiles = cmc_arena_array(l->arena, c->profile_count, sizeof *c->profiles);
    if (c->profiles == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t i = 0; i < c->profile_count && rc == CMC_OK; i++) {
        l->tree = l->profiles[i].tree; /* what is wrong with it is told by line of its own file */
        rc = load_profile(l, i, &c->profiles[i]);
    }
    l->tree = whole;
    return rc;
}
