/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conf_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "base/buf.h"
#include "base/nearest.h"

struct cmc_conf_tree {
    const char *file;
    yaml_document_t doc;
    bool has_doc;
};

/* What the walk along the schema carries. */
struct walk {
    const struct cmc_conf_tree *tree;
    struct cmc_err *err;
};

/* Octets of a list of known words in an error text. */
#define KNOWN_MAX 300

static const yaml_node_t *node_at(const struct cmc_conf_tree *t, int index)
{
    return t->doc.nodes.start + (index - 1);
}

static const char *scalar(const yaml_node_t *n)
{
    return n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : NULL;
}

static enum cmc_rc CMC_PRINTF(4, 0) fail_mark(const struct cmc_conf_tree *t, struct cmc_err *err,
                                              yaml_mark_t mark, const char *fmt, va_list ap)
{
    char text[CMC_LIMIT_ERROR_TEXT];

    (void)vsnprintf(text, sizeof text, fmt, ap);
    return cmc_fail(err, CMC_E_USAGE, NULL, "%s:%zu:%zu: %s", t->file, mark.line + 1,
                    mark.column + 1, text);
}

static enum cmc_rc CMC_PRINTF(3, 4)
    fail_node(const struct walk *w, const yaml_node_t *n, const char *fmt, ...)
{
    enum cmc_rc rc;
    va_list ap;

    va_start(ap, fmt);
    rc = fail_mark(w->tree, w->err, n->start_mark, fmt, ap);
    va_end(ap);
    return rc;
}

/* -- reading ----------------------------------------------------------------------------- */

static enum cmc_rc fail_parser(const struct cmc_conf_tree *t, const yaml_parser_t *p,
                               struct cmc_err *err)
{
    const char *problem = p->problem != NULL ? p->problem : "not YAML";

    if (p->error == YAML_MEMORY_ERROR)
        return cmc_fail(err, CMC_E_MEM, NULL, "%s: no memory", t->file);
    if (p->error == YAML_READER_ERROR)
        return cmc_fail(err, CMC_E_USAGE, NULL, "%s: octet %zu: %s", t->file, p->problem_offset + 1,
                        problem);
    return cmc_fail(err, CMC_E_USAGE, NULL, "%s:%zu:%zu: not YAML: %s%s%s", t->file,
                    p->problem_mark.line + 1, p->problem_mark.column + 1, problem,
                    p->context != NULL ? " " : "", p->context != NULL ? p->context : "");
}

/* After the first document nothing may come: libcyaml would pass it over in silence. */
static enum cmc_rc check_end(const struct cmc_conf_tree *t, yaml_parser_t *p, struct cmc_err *err)
{
    yaml_document_t second;
    yaml_node_t *root;
    enum cmc_rc rc = CMC_OK;

    if (!yaml_parser_load(p, &second))
        return fail_parser(t, p, err);
    root = yaml_document_get_root_node(&second);
    if (root != NULL)
        rc = cmc_fail(err, CMC_E_USAGE, NULL,
                      "%s:%zu:%zu: a second document; the configuration is one document", t->file,
                      root->start_mark.line + 1, root->start_mark.column + 1);
    yaml_document_delete(&second);
    return rc;
}

enum cmc_rc cmc_conf_tree_new(const char *file, struct cmc_slice text, struct cmc_conf_tree **out,
                              struct cmc_err *err)
{
    struct cmc_conf_tree *t = NULL;
    yaml_parser_t parser;
    enum cmc_rc rc;

    if (!yaml_parser_initialize(&parser))
        return cmc_fail(err, CMC_E_MEM, NULL, "%s: no memory", file);
    t = calloc(1, sizeof *t);
    if (t == NULL) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "%s: no memory", file);
        goto out;
    }
    t->file = file;
    yaml_parser_set_input_string(&parser, text.p, text.n);
    if (!yaml_parser_load(&parser, &t->doc)) {
        rc = fail_parser(t, &parser, err);
        goto out;
    }
    t->has_doc = true;
    if (yaml_document_get_root_node(&t->doc) == NULL) {
        rc = cmc_fail(err, CMC_E_USAGE, NULL,
                      "%s: empty; cmcd.conf(5) says what a configuration holds", file);
        goto out;
    }
    rc = check_end(t, &parser, err);
    if (rc != CMC_OK)
        goto out;
    *out = t;
    t = NULL;
out:
    yaml_parser_delete(&parser);
    cmc_conf_tree_free(t);
    return rc;
}

void cmc_conf_tree_free(struct cmc_conf_tree *t)
{
    if (t == NULL)
        return;
    if (t->has_doc)
        yaml_document_delete(&t->doc);
    free(t);
}

/* -- holding it against the schema ------------------------------------------------------- */

/* The schema is a tree of fixed depth, so this recursion ends with it, whatever the file holds. */
static enum cmc_rc check_value(const struct walk *w, const char *key, const yaml_node_t *n,
                               const cyaml_schema_value_t *v);

static const char *kind_of(const yaml_node_t *n)
{
    switch (n->type) {
    case YAML_SEQUENCE_NODE:
        return "a list";
    case YAML_MAPPING_NODE:
        return "a mapping";
    case YAML_SCALAR_NODE:
        return n->data.scalar.length == 0 ? "nothing" : "a single value";
    case YAML_NO_NODE:
    default:
        return "nothing";
    }
}

static const cyaml_schema_field_t *find_field(const cyaml_schema_value_t *v, const char *key)
{
    for (const cyaml_schema_field_t *f = v->mapping.fields; f->key != NULL; f++) {
        if (strcmp(f->key, key) == 0)
            return f;
    }
    return NULL;
}

/* ", b or c" after "a, ..." into a fixed text. */
static void add_known(char *text, size_t size, const char *word, bool first)
{
    size_t n = strlen(text);

    (void)snprintf(text + n, size - n, "%s%s", first ? "" : ", ", word);
}

static enum cmc_rc unknown_key(const struct walk *w, const yaml_node_t *at, const char *key,
                               const cyaml_schema_value_t *v)
{
    struct cmc_nearest near = {0};
    char known[KNOWN_MAX] = "";

    for (const cyaml_schema_field_t *f = v->mapping.fields; f->key != NULL; f++) {
        cmc_nearest_offer(&near, key, f->key);
        add_known(known, sizeof known, f->key, f == v->mapping.fields);
    }
    if (near.word != NULL)
        return fail_node(w, at, "unknown key '%.60s'; did you mean '%s'?", key, near.word);
    return fail_node(w, at, "unknown key '%.60s'; known here: %s", key, known);
}

static enum cmc_rc check_keys(const struct walk *w, const yaml_node_t *n,
                              const cyaml_schema_value_t *v)
{
    yaml_node_pair_t *first = n->data.mapping.pairs.start, *end = n->data.mapping.pairs.top;

    for (yaml_node_pair_t *p = first; p < end; p++) {
        const yaml_node_t *k = node_at(w->tree, p->key);
        const char *key = scalar(k);

        if (key == NULL)
            return fail_node(w, k, "a key must be a single word");
        if (find_field(v, key) == NULL)
            return unknown_key(w, k, key, v);
        for (yaml_node_pair_t *q = first; q < p; q++) {
            const yaml_node_t *before = node_at(w->tree, q->key);

            if (strcmp(scalar(before), key) == 0)
                return fail_node(w, k, "key '%s' stands twice; the first is in line %zu", key,
                                 before->start_mark.line + 1);
        }
    }
    return CMC_OK;
}

static const yaml_node_t *child(const struct cmc_conf_tree *t, const yaml_node_t *n,
                                const char *key)
{
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        const char *k = scalar(node_at(t, p->key));

        if (k != NULL && strcmp(k, key) == 0)
            return node_at(t, p->value);
    }
    return NULL;
}

static enum cmc_rc check_mapping(const struct walk *w, const char *key, const yaml_node_t *n,
                                 const cyaml_schema_value_t *v)
{
    enum cmc_rc rc;

    if (n->type != YAML_MAPPING_NODE)
        return fail_node(w, n, "'%s' holds %s; a mapping (key: value) belongs here", key,
                         kind_of(n));
    rc = check_keys(w, n, v);
    if (rc != CMC_OK)
        return rc;
    for (const cyaml_schema_field_t *f = v->mapping.fields; f->key != NULL; f++) {
        const yaml_node_t *value = child(w->tree, n, f->key);

        if (value != NULL)
            rc = check_value(w, f->key, value, &f->value);
        else if ((f->value.flags & CYAML_FLAG_OPTIONAL) == 0)
            rc = fail_node(w, n, "key '%s' is missing in '%s'", f->key, key);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

static enum cmc_rc check_sequence(const struct walk *w, const char *key, const yaml_node_t *n,
                                  const cyaml_schema_value_t *v)
{
    size_t count;

    if (n->type != YAML_SEQUENCE_NODE)
        return fail_node(w, n, "'%s' holds %s; a list belongs here", key, kind_of(n));
    count = (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
    if (count < v->sequence.min || count > v->sequence.max)
        return fail_node(w, n, "'%s' holds %zu entries; %u to %u are allowed", key, count,
                         v->sequence.min, v->sequence.max);
    for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
        enum cmc_rc rc = check_value(w, key, node_at(w->tree, *i), v->sequence.entry);

        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

static uint64_t uint_max(const cyaml_schema_value_t *v)
{
    return v->data_size >= sizeof(uint64_t) ? UINT64_MAX : (UINT64_C(1) << (8 * v->data_size)) - 1;
}

/* Decimal digits only: "010" is octal to some, "4x" is 4 to others. */
static enum cmc_rc check_uint(const struct walk *w, const char *key, const yaml_node_t *n,
                              const cyaml_schema_value_t *v)
{
    const char *s = scalar(n);
    size_t digits = strspn(s, "0123456789");

    if (digits == 0 || s[digits] != '\0' || (digits > 1 && s[0] == '0'))
        return fail_node(w, n, "'%s' is '%.60s'; a whole number in decimal belongs here", key, s);
    if (digits > 19 || strtoull(s, NULL, 10) > uint_max(v))
        return fail_node(w, n, "'%s' is %.60s; the largest is %llu", key, s,
                         (unsigned long long)uint_max(v));
    return CMC_OK;
}

static enum cmc_rc check_bool(const struct walk *w, const char *key, const yaml_node_t *n)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};
    const char *s = scalar(n);

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(s, words[i]) == 0)
            return CMC_OK;
    }
    return fail_node(w, n, "'%s' is '%.60s'; write true or false", key, s);
}

static enum cmc_rc check_enum(const struct walk *w, const char *key, const yaml_node_t *n,
                              const cyaml_schema_value_t *v)
{
    const char *s = scalar(n);
    struct cmc_nearest near = {0};
    char known[KNOWN_MAX] = "";

    for (uint32_t i = 0; i < v->enumeration.count; i++) {
        const char *word = v->enumeration.strings[i].str;

        if (strcmp(s, word) == 0)
            return CMC_OK;
        cmc_nearest_offer(&near, s, word);
        add_known(known, sizeof known, word, i == 0);
    }
    if (near.word != NULL)
        return fail_node(w, n, "'%s' is '%.60s'; did you mean '%s'?", key, s, near.word);
    return fail_node(w, n, "'%s' is '%.60s'; one of these belongs here: %s", key, s, known);
}

static enum cmc_rc check_string(const struct walk *w, const char *key, const yaml_node_t *n,
                                const cyaml_schema_value_t *v)
{
    size_t length = n->data.scalar.length;

    if (length < v->string.min)
        return fail_node(w, n, "'%s' is empty", key);
    if (length > v->string.max)
        return fail_node(w, n, "'%s' has %zu octets; %u are allowed", key, length, v->string.max);
    for (size_t i = 0; i < length; i++) {
        /* A NUL would cut the value short; a line end would break log lines and headers. */
        if (n->data.scalar.value[i] < ' ' || n->data.scalar.value[i] == 0x7f)
            return fail_node(w, n, "'%s' holds a control character", key);
    }
    return CMC_OK;
}

static enum cmc_rc check_value(const struct walk *w, const char *key, const yaml_node_t *n,
                               const cyaml_schema_value_t *v)
{
    if (v->type == CYAML_MAPPING)
        return check_mapping(w, key, n, v);
    if (v->type == CYAML_SEQUENCE)
        return check_sequence(w, key, n, v);
    if (n->type != YAML_SCALAR_NODE)
        return fail_node(w, n, "'%s' holds %s; a single value belongs here", key, kind_of(n));
    switch (v->type) {
    case CYAML_UINT:
        return check_uint(w, key, n, v);
    case CYAML_BOOL:
        return check_bool(w, key, n);
    case CYAML_ENUM:
        return check_enum(w, key, n, v);
    case CYAML_STRING:
        return check_string(w, key, n, v);
    default:
        return cmc_fail(w->err, CMC_E_BUG, NULL, "schema of '%s': type not known here", key);
    }
}

enum cmc_rc cmc_conf_tree_check(const struct cmc_conf_tree *t, const char *what,
                                const cyaml_schema_value_t *schema, struct cmc_err *err)
{
    const struct walk w = {.tree = t, .err = err};

    return check_value(&w, what, node_at(t, 1), schema);
}

/* -- places ------------------------------------------------------------------------------ */

/* One step down: a key of a mapping or an index of a list; NULL when it is not there. */
static const yaml_node_t *step(const struct cmc_conf_tree *t, const yaml_node_t *n,
                               const char *name)
{
    if (n->type == YAML_MAPPING_NODE)
        return child(t, n, name);
    if (n->type == YAML_SEQUENCE_NODE) {
        size_t i = strtoul(name, NULL, 10);
        yaml_node_item_t *item = n->data.sequence.items.start + i;

        return item < n->data.sequence.items.top ? node_at(t, *item) : NULL;
    }
    return NULL;
}

static const yaml_node_t *find(const struct cmc_conf_tree *t, const char *path)
{
    const yaml_node_t *n = node_at(t, 1), *next;
    char name[64];

    for (const char *p = path; *p != '\0';) {
        size_t len = strcspn(p, "/");

        (void)snprintf(name, sizeof name, "%.*s", (int)len, p);
        next = step(t, n, name);
        if (next == NULL)
            break;
        n = next;
        p += len;
        p += *p == '/' ? 1 : 0;
    }
    return n;
}

enum cmc_rc cmc_conf_tree_fail(const struct cmc_conf_tree *t, struct cmc_err *err, const char *path,
                               const char *fmt, ...)
{
    enum cmc_rc rc;
    va_list ap;

    va_start(ap, fmt);
    rc = fail_mark(t, err, find(t, path)->start_mark, fmt, ap);
    va_end(ap);
    return rc;
}
