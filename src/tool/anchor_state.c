/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/anchor_state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "base/file.h"
#include "tool/input.h"

#define VERSION 1
#define LOCAL   "local"
/* Publishers in one file, each with CMC_LIMIT_ANCHORS anchors, and so many named by the user. */
#define SETS_MAX    64u
#define ANCHORS_MAX (SETS_MAX * CMC_LIMIT_ANCHORS)

static enum cmc_rc no_memory(struct tool *t)
{
    return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for trust anchors");
}

/* -- the file ---------------------------------------------------------------------------- */

static enum cmc_rc damaged(struct tool *t, const char *path, const char *what)
{
    return cmc_fail(&t->err, CMC_E_INPUT, NULL, "%s: %s; it is no state file of cmc anchors", path,
                    what);
}

/* Everything that is read later has the type that is expected then. */
static enum cmc_rc check_form(struct tool *t, const char *path, json_t *root)
{
    json_t *sets = json_object_get(root, "sets"), *set, *pem;
    size_t i, k;

    if (json_integer_value(json_object_get(root, "version")) != VERSION || !json_is_array(sets))
        return damaged(t, path, "there is no \"version\": 1 with \"sets\"");
    if (json_array_size(sets) > SETS_MAX)
        return damaged(t, path, "there are too many sets");
    json_array_foreach(sets, i, set)
    {
        json_t *anchors = json_object_get(set, "anchors");

        if (!json_is_string(json_object_get(set, "publisher")) ||
            !json_is_string(json_object_get(set, "source")) || !json_is_array(anchors) ||
            json_array_size(anchors) > ANCHORS_MAX)
            return damaged(t, path, "a set has no publisher, source or anchors");
        json_array_foreach(anchors, k, pem)
        {
            if (!json_is_string(pem))
                return damaged(t, path, "an anchor is no text");
        }
    }
    return CMC_OK;
}

static json_t *empty(void)
{
    return json_pack("{s:i, s:[]}", "version", VERSION, "sets");
}

/* A lock beside the file, since the file itself is replaced. It stays when we go. */
static enum cmc_rc take_lock(struct tool *t, const char *path, int *fd)
{
    char *name = cmc_arena_printf(t->arena, "%s.lock", path);

    if (name == NULL)
        return no_memory(t);
    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0 || flock(*fd, LOCK_EX) != 0)
        return cmc_fail(&t->err, CMC_E_LOCAL, NULL, "%s: %s", name, strerror(errno));
    return CMC_OK;
}

enum cmc_rc tool_anchors_open(struct tool *t, const char *path, bool lock,
                              struct tool_anchor_state *out)
{
    struct cmc_slice text;
    json_error_t why;
    enum cmc_rc rc = CMC_OK;

    *out = (struct tool_anchor_state){.lock = -1};
    if (lock)
        rc = take_lock(t, path, &out->lock);
    if (rc != CMC_OK)
        return rc;
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        out->root = empty();
        return out->root != NULL ? CMC_OK : no_memory(t);
    }
    rc = tool_read(t, path, &text);
    if (rc != CMC_OK)
        return rc;
    out->root = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &why);
    if (out->root == NULL)
        return damaged(t, path, why.text);
    return check_form(t, path, out->root);
}

void tool_anchors_close(struct tool_anchor_state *s)
{
    json_decref(s->root);
    if (s->lock >= 0)
        (void)close(s->lock);
    *s = (struct tool_anchor_state){.lock = -1};
}

enum cmc_rc tool_anchors_save(struct tool *t, const char *path, const struct tool_anchor_state *s)
{
    char *text = json_dumps(s->root, JSON_INDENT(2));
    enum cmc_rc rc;

    if (text == NULL)
        return no_memory(t);
    rc = cmc_file_write(path, 0600, cmc_slice_str(text), &t->err);
    free(text);
    return rc;
}

/* -- the sets ---------------------------------------------------------------------------- */

static json_t *sets_of(const struct tool_anchor_state *s)
{
    return json_object_get(s->root, "sets");
}

static const char *text_of(const json_t *set, const char *key)
{
    const char *v = json_string_value(json_object_get(set, key));

    return v != NULL ? v : "";
}

static json_t *find_set(const struct tool_anchor_state *s, const char *publisher, size_t *index)
{
    json_t *set;
    size_t i;

    json_array_foreach(sets_of(s), i, set)
    {
        if (strcmp(text_of(set, "publisher"), publisher) == 0) {
            *index = i;
            return set;
        }
    }
    return NULL;
}

static json_t *pem_of(struct tool *t, struct cmc_slice der)
{
    json_t *out = NULL;
    struct cmc_buf b;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    if (cmc_pem_write(TOOL_LABEL_CERT, der, &b, &t->err) == CMC_OK)
        out = json_stringn((const char *)b.p, b.n);
    cmc_buf_free(&b);
    return out;
}

static enum cmc_rc der_of(struct tool *t, const json_t *pem, struct cmc_slice *out)
{
    struct cmc_slice text = cmc_slice(json_string_value(pem), json_string_length(pem));
    struct cmc_cert cert = {0};
    const char *label;
    enum cmc_rc rc = cmc_pem_next(&text, t->arena, &label, out, &t->err);

    return rc == CMC_OK ? cmc_decode(&cmc_it_cert, *out, t->arena, &cert, &t->err) : rc;
}

static bool is_among(const struct cmc_slice *certs, size_t n, struct cmc_slice der)
{
    for (size_t i = 0; i < n; i++) {
        if (cmc_slice_eq(certs[i], der))
            return true;
    }
    return false;
}

enum cmc_rc tool_anchors_all(struct tool *t, const struct tool_anchor_state *s,
                             struct cmc_slice **out, size_t *n)
{
    json_t *set, *pem;
    size_t i, k;

    *n = 0;
    *out = cmc_arena_array(t->arena, ANCHORS_MAX, sizeof **out);
    if (*out == NULL)
        return no_memory(t);
    json_array_foreach(sets_of(s), i, set)
    {
        json_array_foreach(json_object_get(set, "anchors"), k, pem)
        {
            struct cmc_slice der;
            enum cmc_rc rc = der_of(t, pem, &der);

            if (rc != CMC_OK)
                return rc;
            if (*n < ANCHORS_MAX && !is_among(*out, *n, der))
                (*out)[(*n)++] = der;
        }
    }
    return CMC_OK;
}

static enum cmc_rc add_set(struct tool *t, struct tool_anchor_state *s, json_t *set)
{
    json_t *sets = sets_of(s);

    if (json_array_size(sets) >= SETS_MAX) {
        json_decref(set);
        return cmc_fail(&t->err, CMC_E_LIMIT, NULL, "more than %u publishers in one state file",
                        SETS_MAX);
    }
    return json_array_append_new(sets, set) == 0 ? CMC_OK : no_memory(t);
}

enum cmc_rc tool_anchors_add_local(struct tool *t, struct tool_anchor_state *s, const char *source,
                                   const struct cmc_slice *certs, size_t n)
{
    struct cmc_slice *there;
    size_t nthere, at;
    json_t *set = find_set(s, LOCAL, &at);
    enum cmc_rc rc = tool_anchors_all(t, s, &there, &nthere);

    if (rc == CMC_OK && set == NULL) {
        set = json_pack("{s:s, s:s, s:[]}", "publisher", LOCAL, "source", source, "anchors");
        rc = set != NULL ? add_set(t, s, set) : no_memory(t);
    }
    for (size_t i = 0; rc == CMC_OK && i < n; i++) {
        if (is_among(there, nthere, certs[i]))
            continue;
        if (json_array_append_new(json_object_get(set, "anchors"), pem_of(t, certs[i])) != 0)
            rc = no_memory(t);
    }
    return rc;
}

void tool_anchors_drop_local(struct tool_anchor_state *s)
{
    size_t at;

    if (find_set(s, LOCAL, &at) != NULL)
        (void)json_array_remove(sets_of(s), at);
}

/* -- an update --------------------------------------------------------------------------- */

static const char *hex_of(struct tool *t, struct cmc_slice octets)
{
    const char *out = NULL;
    struct cmc_buf b;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_hex(&b, octets);
    if (cmc_buf_cstr(&b) != NULL)
        out = cmc_arena_strdup(t->arena, cmc_buf_cstr(&b));
    cmc_buf_free(&b);
    return out;
}

static struct cmc_slice from_hex(struct tool *t, const char *hex)
{
    static const char digits[] = "0123456789abcdef";
    size_t n = strlen(hex) / 2;
    uint8_t *p = cmc_arena_alloc(t->arena, n > 0 ? n : 1);

    for (size_t i = 0; p != NULL && i < n; i++) {
        const char *high = strchr(digits, hex[2 * i]), *low = strchr(digits, hex[2 * i + 1]);

        if (high == NULL || low == NULL)
            return CMC_SLICE_NONE;
        p[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return p != NULL ? cmc_slice(p, n) : CMC_SLICE_NONE;
}

static const char *name_of(struct tool *t, struct cmc_slice cert_der)
{
    struct cmc_cert cert = {0};
    const char *out = NULL;
    struct cmc_buf b;

    cmc_buf_init(&b, CMC_LIMIT_LOG_LINE);
    if (cmc_decode(&cmc_it_cert, cert_der, t->arena, &cert, NULL) == CMC_OK)
        cmc_name_print(cert.tbs.subject, &b);
    out = cmc_arena_strndup(t->arena, b.p != NULL ? (const char *)b.p : "", b.n);
    cmc_buf_free(&b);
    return out;
}

static const char *date_of(struct tool *t, int64_t at)
{
    time_t when = (time_t)at;
    char text[32] = "?";
    struct tm tm;

    if (gmtime_r(&when, &tm) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return cmc_arena_strdup(t->arena, text);
}

/* [10002-6.15-e, 10002-6.15-f]: greater than the last one that this publisher used. */
static enum cmc_rc check_sequence(struct tool *t, const json_t *before,
                                  const struct cmc_anchor_update *u)
{
    struct cmc_slice last = from_hex(t, text_of(before, "seqNumber"));

    if (last.p == NULL)
        return cmc_fail(&t->err, CMC_E_INPUT, NULL,
                        "the last sequence number in the state file cannot be read");
    if (cmc_sequence_compare(u->sequence, last) > 0)
        return CMC_OK;
    return cmc_fail(&t->err, CMC_E_REFUSED, "RFC 10002 section 6.15",
                    "the sequence number %s of the published trust anchors is not greater than %s, "
                    "the last one of this publisher: they are known already, or somebody sends old "
                    "ones again",
                    hex_of(t, u->sequence), text_of(before, "seqNumber"));
}

/* [10002-10-u3] Each set has its source. All are for one type of message, CMC: what the file
 * holds is trusted nowhere else. */
enum cmc_rc tool_anchors_update(struct tool *t, struct tool_anchor_state *s,
                                const struct cmc_anchor_update *u, const char *source, int64_t now)
{
    const char *publisher = hex_of(t, cmc_slice(u->publisher, sizeof u->publisher));
    size_t at = 0;
    json_t *before, *set, *anchors = json_array();
    enum cmc_rc rc = CMC_OK;

    if (publisher == NULL || anchors == NULL) {
        json_decref(anchors);
        return no_memory(t);
    }
    before = find_set(s, publisher, &at);
    if (before != NULL)
        rc = check_sequence(t, before, u);
    for (size_t i = 0; rc == CMC_OK && i < u->ncerts; i++) {
        if (json_array_append_new(anchors, pem_of(t, u->certs[i])) != 0)
            rc = no_memory(t);
    }
    if (rc != CMC_OK) {
        json_decref(anchors);
        return rc;
    }
    set = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "publisher", publisher, "name",
                    name_of(t, u->signer), "source", source, "seqNumber", hex_of(t, u->sequence),
                    "signedAt", date_of(t, u->signed_at), "updatedAt", date_of(t, now),
                    "believedBy", u->by_secret ? "shared secret" : "signature", "anchors", anchors);
    if (set == NULL)
        return no_memory(t);
    if (before == NULL)
        return add_set(t, s, set);
    return json_array_set_new(sets_of(s), at, set) == 0 ? CMC_OK : no_memory(t);
}

enum cmc_rc tool_anchors_forget(struct tool *t, struct tool_anchor_state *s,
                                struct cmc_slice publisher)
{
    const char *name = hex_of(t, publisher);
    size_t at;

    if (name == NULL)
        return no_memory(t);
    if (find_set(s, name, &at) == NULL)
        return cmc_fail(&t->err, CMC_E_NOTFOUND, NULL, "publisher %s is not in the state file",
                        name);
    (void)json_array_remove(sets_of(s), at);
    return CMC_OK;
}

/* -- for other programs ------------------------------------------------------------------ */

enum cmc_rc tool_anchors_pem(struct tool *t, const struct tool_anchor_state *s, struct cmc_buf *out)
{
    json_t *set, *pem;
    size_t i, k;

    json_array_foreach(sets_of(s), i, set)
    {
        bool local = strcmp(text_of(set, "publisher"), LOCAL) == 0;

        json_array_foreach(json_object_get(set, "anchors"), k, pem)
        {
            struct cmc_slice der;
            enum cmc_rc rc = der_of(t, pem, &der);

            if (rc != CMC_OK)
                return rc;
            cmc_buf_str(out, "# ");
            tool_safe(out, cmc_slice_str(name_of(t, der)));
            if (local) {
                cmc_buf_str(out, "\n# named by the user in ");
                tool_safe(out, cmc_slice_str(text_of(set, "source")));
            } else {
                cmc_buf_str(out, "\n# published by ");
                tool_safe(out, cmc_slice_str(text_of(set, "name")));
                cmc_buf_printf(out, ", seqNumber 0x%s, signed %s, from ", text_of(set, "seqNumber"),
                               text_of(set, "signedAt"));
                tool_safe(out, cmc_slice_str(text_of(set, "source")));
            }
            cmc_buf_byte(out, '\n');
            cmc_buf_str(out, json_string_value(pem));
        }
    }
    return cmc_buf_ok(out) ? CMC_OK : no_memory(t);
}
