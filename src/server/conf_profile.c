/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that says what may be issued: one profile after the other. */
#include <stdio.h>
#include <time.h>

#include "server/conf_int.h"

#define DEFAULT_BACKDATE 5u
#define MAX_BACKDATE     (7u * 24u * 60u)
#define MAX_DAYS         36525u
#define MAX_VALUES       16u

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

/* -- validity ---------------------------------------------------------------------------- */

/* "2030-12-31", the end of that day, or "2030-12-31T12:00:00Z". */
static bool parse_time(const char *text, int64_t *out)
{
    struct tm tm = {.tm_hour = 23, .tm_min = 59, .tm_sec = 59};
    const char *end = strptime(text, "%Y-%m-%d", &tm);

    if (end != NULL && *end == 'T')
        end = strptime(end, "T%H:%M:%SZ", &tm);
    if (end == NULL || *end != '\0')
        return false;
    *out = (int64_t)timegm(&tm);
    return *out > 0;
}

static enum cmc_rc load_validity(struct cmc_conf_loading *l,
                                 const struct cmc_conf_profile_source *s,
                                 struct cmc_profile_spec *p)
{
    const struct cmc_raw_profile *raw = s->raw;
    bool ends = raw->days != NULL || raw->hours != NULL || raw->not_after != NULL;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc = CMC_OK;

    p->no_expiry = raw->no_expiry;
    p->validity_from_request = raw->validity_from_request;
    if (!ends && !raw->no_expiry)
        return cmc_conf_tree_fail(
            l->tree, l->err, at(place, s, ""),
            "key 'days' is missing in 'the profile' (or 'hours', 'not-after', "
            "'no-expiry')");
    if (ends && raw->no_expiry)
        return cmc_conf_tree_fail(l->tree, l->err, at(place, s, "no-expiry"),
                                  "'no-expiry' leaves nothing to 'days', 'hours' and 'not-after'");
    if (raw->days != NULL) {
        p->days = *raw->days;
        rc = cmc_conf_in_range(l, at(place, s, "days"), "'days'", p->days, 1, MAX_DAYS);
    }
    if (rc == CMC_OK && raw->hours != NULL) {
        p->hours = *raw->hours;
        rc = cmc_conf_in_range(l, at(place, s, "hours"), "'hours'", p->hours, 1, MAX_DAYS * 24u);
    }
    if (rc == CMC_OK && raw->not_after != NULL && !parse_time(raw->not_after, &p->not_after))
        rc = cmc_conf_tree_fail(l->tree, l->err, at(place, s, "not-after"),
                                "'%.60s' is no time; write 2030-12-31 or 2030-12-31T12:00:00Z",
                                raw->not_after);
    return rc;
}

/* -- names ------------------------------------------------------------------------------- */

static enum cmc_rc load_attribute(struct cmc_conf_loading *l,
                                  const struct cmc_conf_profile_source *s, uint32_t i,
                                  struct cmc_profile_attribute *a)
{
    const struct cmc_raw_attribute *raw = &s->raw->subject[i];
    char place[CMC_CONF_PLACE_MAX], key[CMC_CONF_PLACE_MAX / 2];
    enum cmc_rc rc;

    (void)snprintf(key, sizeof key, "subject/%u", i);
    if (raw->value != NULL &&
        (raw->from != NULL || raw->pattern != NULL || raw->max != NULL || raw->optional))
        return cmc_conf_tree_fail(l->tree, l->err, at(place, s, key),
                                  "an attribute with a 'value' has it always; 'from', 'pattern', "
                                  "'max' and 'optional' have no effect");
    a->from = raw->value != NULL  ? CMC_FROM_PROFILE
              : raw->from != NULL ? (enum cmc_profile_source) * raw->from
                                  : CMC_FROM_REQUEST;
    a->max = raw->max != NULL ? *raw->max : 1;
    a->optional = raw->optional;
    rc = cmc_conf_in_range(l, at(place, s, key), "'max'", a->max, 1, MAX_VALUES);
    if (rc == CMC_OK && a->from == CMC_FROM_OFFICER && raw->pattern != NULL)
        rc = cmc_conf_tree_fail(l->tree, l->err, at(place, s, key),
                                "'pattern' has no effect on what comes from the officer");
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->type, &a->type);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->value, &a->value);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->pattern, &a->pattern);
    return rc;
}

static enum cmc_rc load_subject(struct cmc_conf_loading *l, const struct cmc_conf_profile_source *s,
                                struct cmc_profile_spec *p)
{
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc = CMC_OK;

    p->drop_other_names = s->raw->other_names == CMC_RAW_NAMES_DROP;
    p->subject_count = s->raw->subject_count;
    p->subject = cmc_arena_array(l->arena, p->subject_count, sizeof *p->subject);
    if (p->subject == NULL)
        return cmc_conf_no_memory(l->err);
    if (p->drop_other_names && p->subject_count == 0)
        return cmc_conf_tree_fail(l->tree, l->err, at(place, s, "other-names"),
                                  "'other-names' has no effect without 'subject'");
    for (uint32_t i = 0; i < p->subject_count && rc == CMC_OK; i++)
        rc = load_attribute(l, s, i, &p->subject[i]);
    return rc;
}

static enum cmc_rc load_san(struct cmc_conf_loading *l, const struct cmc_conf_profile_source *s,
                            struct cmc_profile_spec *p)
{
    const struct cmc_raw_san *raw = s->raw->san;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc;

    if (raw == NULL)
        return CMC_OK;
    p->san = cmc_arena_alloc(l->arena, sizeof *p->san);
    if (p->san == NULL)
        return cmc_conf_no_memory(l->err);
    p->san->max = raw->max;
    p->san->wildcards = raw->wildcards;
    p->san->from_cn = raw->from_cn;
    rc = cmc_conf_copy_words(l, at(place, s, "san/kinds"), "kind", raw->kinds, raw->kinds_count,
                             &p->san->kinds, &p->san->kind_count);
    if (rc == CMC_OK)
        rc =
            cmc_conf_copy_words(l, at(place, s, "san/permitted"), "name", raw->permitted,
                                raw->permitted_count, &p->san->permitted, &p->san->permitted_count);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_words(l, at(place, s, "san/excluded"), "name", raw->excluded,
                                 raw->excluded_count, &p->san->excluded, &p->san->excluded_count);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_words(l, at(place, s, "san/patterns"), "pattern", raw->patterns,
                                 raw->patterns_count, &p->san->patterns, &p->san->pattern_count);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->fixed, &p->san->fixed);
    return rc;
}

/* -- all of it --------------------------------------------------------------------------- */

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
    p->backdate_minutes = raw->backdate != NULL ? *raw->backdate : DEFAULT_BACKDATE;
    p->refuse_other_extensions = raw->other_extensions == CMC_RAW_OTHER_REFUSE;
    p->allow_empty_subject = raw->empty_subject;
    p->require_san = raw->require_san;
    p->change_subject_name = raw->change_subject_name;
    p->unique_keys = raw->key_reuse == CMC_RAW_REUSE_REFUSE;
    p->require_archive = raw->archive == CMC_RAW_ARCHIVE_REQUIRED;
    rc = load_validity(l, s, p);
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
    if (rc == CMC_OK)
        rc = cmc_conf_copy_words(l, at(place, s, "overridden"), "extension", raw->overridden,
                                 raw->overridden_count, &p->overridden, &p->overridden_count);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_words(l, at(place, s, "refuse"), "extension", raw->refuse,
                                 raw->refuse_count, &p->refused, &p->refused_count);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->signature, &p->signature);
    if (rc == CMC_OK)
        rc = load_subject(l, s, p);
    if (rc == CMC_OK)
        rc = load_san(l, s, p);
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
