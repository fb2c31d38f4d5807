/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conf.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/shard.h"
#include "server/conf_int.h"

#define CONF_OCTETS                (4u * 1024u * 1024u)
#define DEFAULT_MESSAGE            (4u * 1024u * 1024u)
#define MIN_MESSAGE                1024u
#define DEFAULT_CHECKPOINT_MINUTES 60u
#define MAX_CHECKPOINT_MINUTES     (60u * 24u * 31u)
#define DEFAULT_FAILURES           5u
#define MAX_FAILURES               1000u

/* What cmc_conf_load() hands out; the arena holds all that the configuration points to. */
struct whole {
    struct cmc_conf conf;
    struct cmc_arena *arena;
};

enum cmc_rc cmc_conf_no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the configuration");
}

/* -- pieces ------------------------------------------------------------------------------ */

enum cmc_rc cmc_conf_copy(struct cmc_conf_loading *l, const char *s, char **out)
{
    if (s == NULL)
        return CMC_OK;
    *out = cmc_arena_strdup(l->arena, s);
    return *out != NULL ? CMC_OK : cmc_conf_no_memory(l->err);
}

static bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The path of a file, or the URI of something else, such that the current folder is no matter. */
enum cmc_rc cmc_conf_copy_path(struct cmc_conf_loading *l, const char *s, char **out)
{
    static const char *const file_schemes[] = {"file:", "sqlite:"};
    static const char *const other_schemes[] = {"pkcs11:", "nss:", "postgresql:", "credential:"};

    if (s == NULL)
        return CMC_OK;
    for (size_t i = 0; i < sizeof other_schemes / sizeof other_schemes[0]; i++) {
        if (has_prefix(s, other_schemes[i]))
            return cmc_conf_copy(l, s, out);
    }
    for (size_t i = 0; i < sizeof file_schemes / sizeof file_schemes[0]; i++) {
        if (has_prefix(s, file_schemes[i])) {
            s += strlen(file_schemes[i]);
            break;
        }
    }
    if (s[0] == '/')
        return cmc_conf_copy(l, s, out);
    *out = cmc_arena_printf(l->arena, "%s/%s", l->conf->directory, s);
    return *out != NULL ? CMC_OK : cmc_conf_no_memory(l->err);
}

enum cmc_rc cmc_conf_copy_paths(struct cmc_conf_loading *l, char *const *from, uint32_t n,
                                char ***out, unsigned int *count)
{
    char **list = cmc_arena_array(l->arena, n, sizeof *list);

    if (list == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t i = 0; i < n; i++) {
        enum cmc_rc rc = cmc_conf_copy_path(l, from[i], &list[i]);

        if (rc != CMC_OK)
            return rc;
    }
    *out = list;
    *count = n;
    return CMC_OK;
}

enum cmc_rc cmc_conf_copy_words(struct cmc_conf_loading *l, const char *place, const char *what,
                                char *const *from, uint32_t n, char ***out, unsigned int *count)
{
    char **list = cmc_arena_array(l->arena, n, sizeof *list);

    if (list == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t i = 0; i < n; i++) {
        enum cmc_rc rc = cmc_conf_copy(l, from[i], &list[i]);

        for (uint32_t k = 0; k < i && rc == CMC_OK; k++) {
            char here[CMC_CONF_PLACE_MAX];

            (void)snprintf(here, sizeof here, "%s/%u", place, i);
            if (strcmp(list[k], list[i]) == 0)
                rc = cmc_conf_tree_fail(l->tree, l->err, here, "%s '%.60s' is listed twice", what,
                                        list[i]);
        }
        if (rc != CMC_OK)
            return rc;
    }
    *out = list;
    *count = n;
    return CMC_OK;
}

/* Could one request mean both? */
static bool same_path(const char *a, const char *b)
{
    char text[256];
    uint32_t n;

    if (!cmc_shard_is_template(a) && !cmc_shard_is_template(b))
        return strcmp(a, b) == 0;
    if (!cmc_shard_is_template(a))
        return cmc_shard_match(b, a, &n);
    for (uint32_t i = 1; i <= CMC_LIMIT_CRL_SHARDS; i++) {
        const char *mark = strstr(a, CMC_SHARD_MARK);

        (void)snprintf(text, sizeof text, "%.*s%u%s", (int)(mark - a), a, i,
                       mark + sizeof CMC_SHARD_MARK - 1);
        if (cmc_shard_is_template(b) ? cmc_shard_match(b, text, &n) : strcmp(b, text) == 0)
            return true;
    }
    return false;
}

/* Of a path; a {shard} counts as a letter. The first octet that does not belong there, or NULL. */
static const char *stray(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    const char *mark = strstr(s, CMC_SHARD_MARK);
    const char *p = s + strspn(s, allowed);

    if (p == mark)
        p = mark + sizeof CMC_SHARD_MARK - 1 + strspn(mark + sizeof CMC_SHARD_MARK - 1, allowed);
    return *p != '\0' ? p : NULL;
}

enum cmc_rc cmc_conf_copy_url_path(struct cmc_conf_loading *l, const char *place, const char *owner,
                                   const char *s, char **out)
{
    if (s == NULL)
        return CMC_OK;
    if (s[0] != '/')
        return cmc_conf_tree_fail(l->tree, l->err, place,
                                  "path '%.60s' does not begin with '/'; write '/%.60s'", s, s);
    if (stray(s) != NULL)
        return cmc_conf_tree_fail(l->tree, l->err, place,
                                  "path '%.60s' holds '%c'; letters, digits and -._~/ are allowed",
                                  s, *stray(s));
    for (size_t i = 0; i < l->ntaken; i++) {
        if (same_path(l->taken[i], s))
            return cmc_conf_tree_fail(l->tree, l->err, place,
                                      "path '%.60s' is taken by %s; each needs its own", s,
                                      l->owner[i]);
    }
    l->taken[l->ntaken] = s;
    l->owner[l->ntaken++] = owner;
    return cmc_conf_copy(l, s, out);
}

enum cmc_rc cmc_conf_check_url(struct cmc_conf_loading *l, const char *place, const char *url)
{
    static const char *const schemes[] = {"http://", "https://", "ldap://"};
    const char *mark = strstr(url, CMC_SHARD_MARK);
    size_t scheme = 0, braces = 0;

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
            scheme = strlen(schemes[i]);
    }
    for (const char *p = url; *p != '\0'; p++)
        braces += *p == '{' || *p == '}';
    if (braces != (mark != NULL ? 2 : 0))
        return cmc_conf_tree_fail(
            l->tree, l->err, place,
            "'%.80s' has braces in it; only one " CMC_SHARD_MARK " is allowed", url);
    if (scheme == 0 || strchr("/:", url[scheme]) != NULL || strpbrk(url, " <>\"\\") != NULL)
        return cmc_conf_tree_fail(l->tree, l->err, place,
                                  "'%.80s' is not an absolute URL; write for instance "
                                  "http://ca.example/ca.crl",
                                  url);
    return CMC_OK;
}

enum cmc_rc cmc_conf_in_range(struct cmc_conf_loading *l, const char *place, const char *what,
                              uint32_t v, uint32_t min, uint32_t max)
{
    if (v >= min && v <= max)
        return CMC_OK;
    return cmc_conf_tree_fail(l->tree, l->err, place, "%s is %u; %u to %u are allowed", what, v,
                              min, max);
}

const char *cmc_conf_at(char place[CMC_CONF_PLACE_MAX], const char *list, uint32_t i,
                        const char *key)
{
    (void)snprintf(place, CMC_CONF_PLACE_MAX, "%s/%u/%s", list, i, key);
    return place;
}

/* -- the process ------------------------------------------------------------------------- */

static uint32_t processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    if (n < 1)
        return 1;
    return n > (long)CMC_LIMIT_WORKERS ? CMC_LIMIT_WORKERS : (uint32_t)n;
}

static enum cmc_rc load_process(struct cmc_conf_loading *l)
{
    const struct cmc_raw_conf *raw = l->raw;
    struct cmc_conf *c = l->conf;
    enum cmc_rc rc;

    c->workers = raw->workers != NULL ? *raw->workers : processors();
    c->message_octets = DEFAULT_MESSAGE;
    c->log_level = CMC_LOG_INFO;
    if (raw->log != NULL) {
        c->log_format = (enum cmc_log_format)raw->log->format;
        if (raw->log->level != NULL)
            c->log_level = (enum cmc_log_level) * raw->log->level;
    }
    if (raw->limits != NULL && raw->limits->message != NULL)
        c->message_octets = *raw->limits->message;
    rc = cmc_conf_in_range(l, "workers", "'workers'", c->workers, 1, CMC_LIMIT_WORKERS);
    if (rc == CMC_OK)
        rc = cmc_conf_in_range(l, "limits/message", "'message'", (uint32_t)c->message_octets,
                               MIN_MESSAGE, CMC_LIMIT_MESSAGE_OCTETS);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_path(l, raw->database, &c->database);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_url_path(l, "status", "'status'", raw->status, &c->status_path);
    return rc;
}

/* -- what all have ------------------------------------------------------------------------ */

static enum cmc_rc load_audit(struct cmc_conf_loading *l)
{
    const struct cmc_raw_audit *raw = l->raw->audit;

    l->conf->checkpoint_minutes =
        raw != NULL && raw->checkpoint != NULL ? *raw->checkpoint : DEFAULT_CHECKPOINT_MINUTES;
    return cmc_conf_in_range(l, "audit/checkpoint", "'checkpoint'", l->conf->checkpoint_minutes, 1,
                             MAX_CHECKPOINT_MINUTES);
}

static enum cmc_rc load_secrets(struct cmc_conf_loading *l)
{
    const struct cmc_raw_secrets *raw = l->raw->secrets;
    enum cmc_rc rc;

    if (raw == NULL)
        return CMC_OK;
    l->conf->secret_failures = raw->failures != NULL ? *raw->failures : DEFAULT_FAILURES;
    rc = cmc_conf_in_range(l, "secrets/failures", "'failures'", l->conf->secret_failures, 1,
                           MAX_FAILURES);
    return rc == CMC_OK ? cmc_conf_copy_path(l, raw->key, &l->conf->secrets_key) : rc;
}

/* -- where we listen --------------------------------------------------------------------- */

static enum cmc_rc check_address(struct cmc_conf_loading *l, uint32_t i)
{
    const struct cmc_raw_listener *raw = &l->raw->listen[i];
    unsigned char binary[sizeof(struct in6_addr)];
    char place[CMC_CONF_PLACE_MAX];

    if (inet_pton(AF_INET, raw->address, binary) != 1 &&
        inet_pton(AF_INET6, raw->address, binary) != 1)
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "listen", i, "address"),
                                  "'%.60s' is not an IP address; write 127.0.0.1 or ::1, or "
                                  "0.0.0.0 or :: for all",
                                  raw->address);
    for (uint32_t k = 0; k < i && raw->port != 0; k++) {
        if (l->raw->listen[k].port == raw->port &&
            strcmp(l->raw->listen[k].address, raw->address) == 0)
            return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "listen", i, "port"),
                                      "%s port %u is listed twice", raw->address, raw->port);
    }
    return CMC_OK;
}

static enum cmc_rc load_tls(struct cmc_conf_loading *l, uint32_t i, struct cmc_conf_tls **out)
{
    const struct cmc_raw_tls *raw = l->raw->listen[i].tls;
    struct cmc_conf_tls *tls;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc;

    if (raw == NULL)
        return CMC_OK;
    if (raw->client_ca != NULL && raw->client == CMC_CLIENT_NONE)
        return cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "listen", i, "tls/client-ca"),
                                  "'client-ca' has no effect without 'client: optional' or "
                                  "'client: required'");
    tls = cmc_arena_alloc(l->arena, sizeof *tls);
    if (tls == NULL)
        return cmc_conf_no_memory(l->err);
    *out = tls;
    tls->client_auth = (enum cmc_client_auth)raw->client;
    rc = cmc_conf_copy_path(l, raw->certificate, &tls->certificate);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_path(l, raw->key, &tls->key);
    if (rc == CMC_OK)
        rc = cmc_conf_copy_path(l, raw->client_ca, &tls->client_ca);
    return rc;
}

static enum cmc_rc load_listeners(struct cmc_conf_loading *l)
{
    struct cmc_conf *c = l->conf;

    c->listener_count = l->raw->listen_count;
    c->listeners = cmc_arena_array(l->arena, c->listener_count, sizeof *c->listeners);
    if (c->listeners == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t i = 0; i < c->listener_count; i++) {
        enum cmc_rc rc = check_address(l, i);

        c->listeners[i].port = l->raw->listen[i].port;
        if (rc == CMC_OK)
            rc = cmc_conf_copy(l, l->raw->listen[i].address, &c->listeners[i].address);
        if (rc == CMC_OK)
            rc = load_tls(l, i, &c->listeners[i].tls);
        if (rc != CMC_OK)
            return rc;
    }
    return CMC_OK;
}

/* -- the whole --------------------------------------------------------------------------- */

/* The folder as it is named: a symbolic link to the file is not followed, its folder counts. */
static enum cmc_rc load_place(struct cmc_conf_loading *l, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = NULL, *real = NULL;
    enum cmc_rc rc;

    folder = slash == NULL ? cmc_arena_strdup(l->arena, ".")
                           : cmc_arena_strndup(l->arena, path, (size_t)(slash - path) + 1);
    if (folder == NULL)
        return cmc_conf_no_memory(l->err);
    real = realpath(folder, NULL);
    if (real == NULL)
        return cmc_fail(l->err, CMC_E_LOCAL, NULL, "%s: the folder cannot be found", folder);
    rc = cmc_conf_copy(l, path, &l->conf->path);
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, real, &l->conf->directory);
    free(real);
    return rc;
}

static enum cmc_rc load_all(struct cmc_conf_loading *l, const char *path)
{
    enum cmc_rc rc = load_place(l, path);

    if (rc == CMC_OK)
        rc = load_process(l);
    if (rc == CMC_OK)
        rc = cmc_conf_load_authorities(l);
    if (rc == CMC_OK)
        rc = load_audit(l);
    if (rc == CMC_OK)
        rc = load_secrets(l);
    if (rc == CMC_OK)
        rc = cmc_conf_load_keep(l);
    if (rc == CMC_OK)
        rc = load_listeners(l);
    if (rc == CMC_OK)
        rc = cmc_conf_load_profiles(l);
    if (rc == CMC_OK)
        rc = cmc_conf_load_endpoints(l);
    return rc;
}

/* libcyaml may still find what our check did not; its first line says what. */
static void CMC_PRINTF(3, 0)
    keep_first_line(cyaml_log_t level, void *ctx, const char *fmt, va_list ap)
{
    char *text = ctx;

    (void)level;
    if (text[0] != '\0')
        return;
    (void)vsnprintf(text, CMC_LIMIT_ERROR_TEXT / 2, fmt, ap);
    text[strcspn(text, "\n")] = '\0';
}

static enum cmc_rc read_raw(const char *path, struct cmc_slice text,
                            const cyaml_schema_value_t *schema, void **out, struct cmc_err *err)
{
    char message[CMC_LIMIT_ERROR_TEXT / 2] = "";
    const cyaml_config_t cfg = {.log_fn = keep_first_line,
                                .log_ctx = message,
                                .log_level = CYAML_LOG_ERROR,
                                .mem_fn = cyaml_mem};
    cyaml_err_t e = cyaml_load_data(text.p, text.n, &cfg, schema, out, NULL);

    if (e == CYAML_OK && *out != NULL)
        return CMC_OK;
    return cmc_fail(err, CMC_E_USAGE, NULL, "%s: %s: %s", path, cyaml_strerror(e), message);
}

enum cmc_rc cmc_conf_read(const char *path, const char *what, const cyaml_schema_value_t *schema,
                          struct cmc_buf *seen, struct cmc_conf_tree **tree, void **raw,
                          struct cmc_err *err)
{
    struct cmc_buf text;
    enum cmc_rc rc;

    cmc_buf_init(&text, CONF_OCTETS);
    rc = cmc_file_read(path, &text, err);
    if (rc == CMC_OK)
        rc = cmc_conf_tree_new(path, cmc_buf_get0(&text), tree, err);
    if (rc == CMC_OK)
        rc = cmc_conf_tree_check(*tree, what, schema, err);
    if (rc == CMC_OK)
        rc = read_raw(path, cmc_buf_get0(&text), schema, raw, err);
    cmc_buf_slice(seen, cmc_buf_get0(&text));
    cmc_buf_free(&text);
    return rc;
}

void cmc_conf_read_end(const cyaml_schema_value_t *schema, struct cmc_conf_tree *tree, void *raw)
{
    const cyaml_config_t cfg = {.log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem};

    (void)cyaml_free(&cfg, schema, raw, 0);
    cmc_conf_tree_free(tree);
}

enum cmc_rc cmc_conf_load(const char *path, struct cmc_conf **out, struct cmc_err *err)
{
    struct cmc_conf_loading l = {.err = err};
    struct cmc_conf_tree *tree = NULL;
    struct cmc_arena *arena = NULL;
    struct whole *w = NULL;
    void *raw = NULL;
    enum cmc_rc rc;

    cmc_buf_init(&l.seen, CMC_LIMIT_FILE_OCTETS / 2);
    rc = cmc_conf_read(path, "the configuration", &cmc_conf_schema, &l.seen, &tree, &raw, err);
    if (rc != CMC_OK)
        goto out;
    arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS);
    w = arena != NULL ? cmc_arena_alloc(arena, sizeof *w) : NULL;
    if (w == NULL) {
        rc = cmc_conf_no_memory(err);
        goto out;
    }
    w->arena = arena;
    l.tree = tree;
    l.raw = raw;
    l.arena = arena;
    l.conf = &w->conf;
    rc = load_all(&l, path);
    if (rc != CMC_OK)
        goto out;
    w->conf.text = cmc_arena_slice(arena, cmc_buf_get0(&l.seen));
    if (w->conf.text.p == NULL) {
        rc = cmc_conf_no_memory(err);
        goto out;
    }
    *out = &w->conf;
    arena = NULL;
out:
    cmc_conf_profile_files_end(&l);
    cmc_buf_free(&l.seen);
    cmc_arena_free(arena);
    cmc_conf_read_end(&cmc_conf_schema, tree, raw);
    return rc;
}

void cmc_conf_free(struct cmc_conf *conf)
{
    /* conf is the first member of struct whole, which lives in the arena itself. */
    if (conf != NULL)
        cmc_arena_free(((struct whole *)conf)->arena);
}
