/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/config.h"

#include <strings.h>

#include "base/nearest.h"
#include "dogtag/text.h"

struct entry {
    const char *name, *value;
    struct entry *next; /* the one before it in the file */
};

struct dog_config {
    const char *path;
    const struct dog_param *known;
    size_t nknown;
    struct entry *last;
};

/* What Java's trim() takes off. */
static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

static void trim(const char **p, size_t *n)
{
    while (*n > 0 && is_blank(**p)) {
        (*p)++;
        (*n)--;
    }
    while (*n > 0 && is_blank((*p)[*n - 1]))
        (*n)--;
}

static const struct dog_param *find(const struct dog_config *cfg, const char *name)
{
    for (size_t i = 0; i < cfg->nknown; i++) {
        if (strcmp(cfg->known[i].name, name) == 0)
            return &cfg->known[i];
    }
    return NULL;
}

static void warn_unknown(const struct dog *d, const struct dog_config *cfg, size_t number,
                         const char *name)
{
    struct cmc_nearest near = {0};

    for (size_t i = 0; i < cfg->nknown; i++)
        cmc_nearest_offer(&near, name, cfg->known[i].name);
    if (near.word != NULL)
        dog_warn(d, "%s:%zu: unknown parameter '%s' is ignored; did you mean '%s'?", cfg->path,
                 number, name, near.word);
    else
        dog_warn(d, "%s:%zu: unknown parameter '%s' is ignored", cfg->path, number, name);
}

/* A switch that says neither is a mistake: the original takes it for false and says nothing. */
static enum cmc_rc check_switch(struct dog *d, const struct dog_config *cfg, size_t number,
                                const struct dog_param *p, const char *value)
{
    bool yes = p->kind == DOG_BOOL ? strcasecmp(value, "true") == 0 : strcmp(value, "true") == 0;

    if (yes || *value == '\0' || strcasecmp(value, "false") == 0)
        return CMC_OK;
    return dog_usage(d, "%s:%zu: %s=%s: want true or false%s", cfg->path, number, p->name, value,
                     strcasecmp(value, "true") == 0 ? ", in lower case" : "");
}

static enum cmc_rc add(struct dog *d, struct dog_config *cfg, size_t number, const char *name,
                       const char *value)
{
    const struct dog_param *p = find(cfg, name);
    struct entry *e;

    if (p == NULL) {
        warn_unknown(d, cfg, number, name);
        return CMC_OK;
    }
    if (p->kind == DOG_OBSOLETE) {
        dog_warn(d, "%s:%zu: '%s' is ignored; %s", cfg->path, number, name, p->note);
        return CMC_OK;
    }
    if (p->kind != DOG_TEXT) {
        enum cmc_rc rc = check_switch(d, cfg, number, p, value);

        if (rc != CMC_OK)
            return rc;
    }
    e = cmc_arena_alloc(d->arena, sizeof *e);
    if (e == NULL)
        return dog_no_memory(d);
    *e = (struct entry){name, value, cfg->last};
    cfg->last = e;
    return CMC_OK;
}

static enum cmc_rc add_line(struct dog *d, struct dog_config *cfg, enum dog_config_style style,
                            size_t number, const char *p, size_t n)
{
    const char *eq, *name, *value;
    size_t nname, nvalue;

    trim(&p, &n);
    if (n == 0 || *p == '#' || (*p == '!' && style == DOG_CONFIG_PROPERTIES))
        return CMC_OK;
    if (memchr(p, '\0', n) != NULL)
        return dog_usage(d, "%s:%zu: a NUL octet; want text", cfg->path, number);
    eq = memchr(p, '=', n);
    /* Java properties may have a colon instead. */
    if (style == DOG_CONFIG_PROPERTIES && memchr(p, ':', eq != NULL ? (size_t)(eq - p) : n) != NULL)
        eq = memchr(p, ':', n);
    if (eq == NULL)
        return dog_usage(d, "%s:%zu: Error in configuration file: %.*s (want name=value)",
                         cfg->path, number, (int)(n < 80 ? n : 80), p);
    nname = (size_t)(eq - p);
    name = p;
    value = eq + 1;
    nvalue = n - nname - 1;
    if (style == DOG_CONFIG_PROPERTIES) {
        trim(&name, &nname);
        trim(&value, &nvalue);
    }
    name = cmc_arena_strndup(d->arena, name, nname);
    value = cmc_arena_strndup(d->arena, value, nvalue);
    if (name == NULL || value == NULL)
        return dog_no_memory(d);
    return add(d, cfg, number, name, value);
}

enum cmc_rc dog_config_read(struct dog *d, const char *path, enum dog_config_style style,
                            const struct dog_param *known, size_t nknown, struct dog_config **out)
{
    struct dog_config *cfg = cmc_arena_alloc(d->arena, sizeof *cfg);
    struct cmc_slice text, line;
    enum cmc_rc rc;
    size_t number = 0;

    if (cfg == NULL)
        return dog_no_memory(d);
    *cfg = (struct dog_config){
        .path = cmc_arena_strdup(d->arena, path), .known = known, .nknown = nknown};
    if (cfg->path == NULL)
        return dog_no_memory(d);
    rc = dog_read(d, path, &text);
    while (rc == CMC_OK && dog_next_line(&text, &line))
        rc = add_line(d, cfg, style, ++number, (const char *)line.p, line.n);
    *out = cfg;
    return rc;
}

const char *dog_config_get(const struct dog_config *cfg, const char *name)
{
    for (const struct entry *e = cfg->last; e != NULL; e = e->next) {
        if (strcmp(e->name, name) == 0)
            return e->value;
    }
    return NULL;
}

bool dog_config_on(const struct dog_config *cfg, const char *name)
{
    const char *value = dog_config_get(cfg, name);

    /* Values that differ from "true" in case only were refused where that matters. */
    return value != NULL && strcasecmp(value, "true") == 0;
}

enum cmc_rc dog_config_want(struct dog *d, const struct dog_config *cfg, const char *name,
                            const char *why, const char **out)
{
    *out = dog_config_get(cfg, name);
    if (*out == NULL || **out == '\0')
        return dog_usage(d, "%s: missing '%s': %s", cfg->path, name, why);
    return CMC_OK;
}
