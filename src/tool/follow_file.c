/* SPDX-License-Identifier: Apache-2.0 */
/* The file between two steps: JSON, octets in hex. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "tool/follow_up.h"

#define FILE_VERSION 1
#define TIMEOUT_MAX  86400

/* Texts; names of files among them are made absolute when they are written. */
struct text_member {
    const char *key;
    size_t offset;
    bool file;
};
#define MEMBER(k, m, f)                                                                            \
    {                                                                                              \
        k, offsetof(struct tool_follow, m), f                                                      \
    }
static const struct text_member texts[] = {
    MEMBER("url", net.url, false),
    MEMBER("tlsCa", net.tls_ca, true),
    MEMBER("tlsCert", net.tls_cert, true),
    MEMBER("tlsKey", net.tls_key, true),
    MEMBER("tlsPass", net.tls_pass, true),
    MEMBER("signerCert", signer_cert, true),
    MEMBER("signerKey", signer_key, true),
    MEMBER("signerPass", signer_pass, true),
    MEMBER("sid", sid, false),
    MEMBER("certOut", cert_out, true),
    MEMBER("chainOut", chain_out, true),
    MEMBER("encryptWith", protect.with, false),
    MEMBER("encryptSecret", protect.encrypt_secret, true),
    MEMBER("secretName", protect.secret_name, false),
    MEMBER("decryptCert", protect.decrypt_cert, true),
    MEMBER("decryptKey", protect.decrypt_key, true),
    MEMBER("decryptPass", protect.decrypt_pass, true),
};
static const struct {
    const char *key;
    size_t offset;
} octets[] = {
    {"token", offsetof(struct tool_follow, pending.token)},
    {"transactionId", offsetof(struct tool_follow, pending.transaction_id)},
    {"recipientNonce", offsetof(struct tool_follow, pending.recipient_nonce)},
    {"publicKey", offsetof(struct tool_follow, spki)},
    {"keyIdentifier", offsetof(struct tool_follow, ski)},
    {"certificate", offsetof(struct tool_follow, cert)},
};

/* -- writing ----------------------------------------------------------------------------- */

/* URIs are left as they are; so is standard output. */
static bool is_relative(const char *s)
{
    static const char *const schemes[] = {"pkcs11:", "nss:", "file:"};

    for (size_t i = 0; i < CMC_COUNT(schemes); i++) {
        if (strncmp(s, schemes[i], strlen(schemes[i])) == 0)
            return false;
    }
    return s[0] != '/' && strcmp(s, "-") != 0;
}

static const char *absolute(struct tool *t, const char *s)
{
    char *cwd = NULL;
    const char *out = s;

    if (!is_relative(s))
        return s;
    cwd = getcwd(NULL, 0);
    if (cwd != NULL)
        out = cmc_arena_printf(t->arena, "%s/%s", cwd, s);
    free(cwd);
    return out;
}

static json_t *hex_of(struct cmc_slice s)
{
    struct cmc_buf b;
    json_t *out = NULL;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_hex(&b, s);
    if (cmc_buf_cstr(&b) != NULL)
        out = json_string((const char *)b.p);
    cmc_buf_free(&b);
    return out;
}

static json_t *files(struct tool *t, const struct cmc_option_list *list)
{
    json_t *out = json_array();

    for (size_t i = 0; i < list->n; i++)
        (void)json_array_append_new(out, json_string(absolute(t, list->v[i])));
    return out;
}

static json_t *build(struct tool *t, const struct tool_follow *f)
{
    json_t *o = json_object();
    const char *what = f->pending.token.p != NULL ? "approval" : "confirmation";

    (void)json_object_set_new(o, "version", json_integer(FILE_VERSION));
    (void)json_object_set_new(o, "waitsFor", json_string(what));
    for (size_t i = 0; i < CMC_COUNT(texts); i++) {
        const char *s = *(const char *const *)(const void *)((const char *)f + texts[i].offset);

        if (s != NULL)
            (void)json_object_set_new(o, texts[i].key,
                                      json_string(texts[i].file ? absolute(t, s) : s));
    }
    for (size_t i = 0; i < CMC_COUNT(octets); i++) {
        const struct cmc_slice *s = (const void *)((const char *)f + octets[i].offset);

        if (s->p != NULL)
            (void)json_object_set_new(o, octets[i].key, hex_of(*s));
    }
    (void)json_object_set_new(o, "trust", files(t, &f->trust_options.trust));
    if (f->protect.to.n > 0)
        (void)json_object_set_new(o, "encryptTo", files(t, &f->protect.to));
    (void)json_object_set_new(o, "signOutside", json_boolean(f->protect.sign_outside));
    (void)json_object_set_new(o, "noTrust", json_boolean(f->trust_options.no_trust));
    (void)json_object_set_new(o, "noEku", json_boolean(f->trust_options.no_eku));
    (void)json_object_set_new(o, "timeout", json_integer(f->net.timeout));
    (void)json_object_set_new(o, "bodyPart", json_integer(f->pending.body_part));
    (void)json_object_set_new(o, "pollAt", json_integer(f->pending.poll_at));
    return o;
}

enum cmc_rc tool_follow_save(struct tool *t, const struct tool_follow *f, const char *path)
{
    json_t *o = build(t, f);
    char *text = o != NULL ? json_dumps(o, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    char *line = text != NULL ? cmc_arena_printf(t->arena, "%s\n", text) : NULL;
    enum cmc_rc rc = line != NULL
                         ? cmc_file_write(path, 0600, cmc_slice_str(line), &t->err)
                         : cmc_fail(&t->err, CMC_E_MEM, NULL, "%s: no memory to write it", path);

    free(text);
    json_decref(o);
    return rc;
}

const char *tool_follow_path(struct tool *t, const struct tool_follow *f)
{
    struct cmc_buf b;
    const char *path, *hex;

    if (f->cert_out != NULL && strcmp(f->cert_out, "-") != 0)
        return cmc_arena_printf(t->arena, "%s.pending", f->cert_out);
    cmc_buf_init(&b, 256);
    cmc_buf_hex(&b, cmc_slice(f->ski.p, f->ski.n < 8 ? f->ski.n : 8));
    hex = cmc_buf_cstr(&b);
    path = hex != NULL ? cmc_arena_printf(t->arena, "cmc-%s.pending", hex) : NULL;
    cmc_buf_free(&b);
    return path;
}

/* -- reading ----------------------------------------------------------------------------- */

static enum cmc_rc bad(struct tool *t, const char *path, const char *key)
{
    return cmc_fail(&t->err, CMC_E_INPUT, NULL,
                    "%s: '%s' is missing or of a wrong kind; is this a file of cmc enroll?", path,
                    key);
}

static bool unhex(struct tool *t, const char *text, struct cmc_slice *out)
{
    size_t n = strlen(text);
    uint8_t *p = cmc_arena_alloc(t->arena, n / 2 + 1);

    if (p == NULL || n % 2 != 0)
        return false;
    for (size_t i = 0; i < n; i += 2) {
        int high = cmc_hex_digit(text[i]), low = cmc_hex_digit(text[i + 1]);

        if (high < 0 || low < 0)
            return false;
        p[i / 2] = (uint8_t)(high * 16 + low);
    }
    *out = cmc_slice(p, n / 2);
    return true;
}

static enum cmc_rc read_members(struct tool *t, const char *path, const json_t *o,
                                struct tool_follow *f)
{
    for (size_t i = 0; i < CMC_COUNT(texts); i++) {
        const json_t *v = json_object_get(o, texts[i].key);
        const char **to = (void *)((char *)f + texts[i].offset);

        if (v == NULL)
            continue;
        *to = json_is_string(v) ? cmc_arena_strdup(t->arena, json_string_value(v)) : NULL;
        if (*to == NULL)
            return bad(t, path, texts[i].key);
    }
    for (size_t i = 0; i < CMC_COUNT(octets); i++) {
        const json_t *v = json_object_get(o, octets[i].key);
        struct cmc_slice *to = (void *)((char *)f + octets[i].offset);

        if (v != NULL && (!json_is_string(v) || !unhex(t, json_string_value(v), to)))
            return bad(t, path, octets[i].key);
    }
    return CMC_OK;
}

static enum cmc_rc read_files(struct tool *t, const char *path, const json_t *o, const char *key,
                              struct cmc_option_list *out)
{
    const json_t *list = json_object_get(o, key);
    size_t n = json_array_size(list);

    if (!json_is_array(list) || n > CMC_OPTION_LIST_MAX)
        return bad(t, path, key);
    for (size_t i = 0; i < n; i++) {
        const char *s = json_string_value(json_array_get(list, i));

        out->v[i] = s != NULL ? cmc_arena_strdup(t->arena, s) : NULL;
        if (out->v[i] == NULL)
            return bad(t, path, key);
    }
    out->n = n;
    return CMC_OK;
}

static enum cmc_rc read_trust(struct tool *t, const char *path, const json_t *o,
                              struct tool_follow *f)
{
    enum cmc_rc rc = read_files(t, path, o, "trust", &f->trust_options.trust);

    f->trust_options.no_trust = json_is_true(json_object_get(o, "noTrust"));
    f->trust_options.no_eku = json_is_true(json_object_get(o, "noEku"));
    f->protect.sign_outside = json_is_true(json_object_get(o, "signOutside"));
    if (rc == CMC_OK && json_object_get(o, "encryptTo") != NULL)
        rc = read_files(t, path, o, "encryptTo", &f->protect.to);
    return rc == CMC_OK ? tool_protect_check(t, &f->protect, true) : rc;
}

static enum cmc_rc read_numbers(struct tool *t, const char *path, const json_t *o,
                                struct tool_follow *f)
{
    json_int_t part = json_integer_value(json_object_get(o, "bodyPart"));
    json_int_t timeout = json_integer_value(json_object_get(o, "timeout"));

    if (json_integer_value(json_object_get(o, "version")) != FILE_VERSION)
        return cmc_fail(&t->err, CMC_E_INPUT, NULL,
                        "%s: is no file of cmc enroll, or one of another version of cmc", path);
    if (part < 0 || part > UINT32_MAX)
        return bad(t, path, "bodyPart");
    if (timeout < 0 || timeout > TIMEOUT_MAX)
        return bad(t, path, "timeout");
    f->pending.body_part = (uint32_t)part;
    f->pending.poll_at = (int64_t)json_integer_value(json_object_get(o, "pollAt"));
    f->net.timeout = (unsigned int)timeout;
    return CMC_OK;
}

static enum cmc_rc check_whole(struct tool *t, const char *path, const struct tool_follow *f)
{
    if (f->net.url == NULL)
        return bad(t, path, "url");
    if (f->signer_key == NULL && f->signer_cert == NULL)
        return bad(t, path, "signerKey");
    if (f->spki.p == NULL)
        return bad(t, path, "publicKey");
    if (f->ski.p == NULL)
        return bad(t, path, "keyIdentifier");
    if (f->pending.token.p == NULL && f->cert.p == NULL)
        return bad(t, path, "token");
    return CMC_OK;
}

enum cmc_rc tool_follow_load(struct tool *t, const char *path, struct tool_follow *f)
{
    struct cmc_slice text;
    json_error_t e;
    json_t *o = NULL;
    enum cmc_rc rc = tool_read(t, path, &text);

    *f = (struct tool_follow){0};
    if (rc != CMC_OK)
        return rc;
    o = json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES, &e);
    if (!json_is_object(o)) {
        rc = cmc_fail(&t->err, CMC_E_INPUT, NULL, "%s: is no file of cmc enroll: it is not JSON",
                      path);
        goto out;
    }
    rc = read_numbers(t, path, o, f);
    if (rc == CMC_OK)
        rc = read_members(t, path, o, f);
    if (rc == CMC_OK)
        rc = read_trust(t, path, o, f);
    if (rc == CMC_OK)
        rc = check_whole(t, path, f);
out:
    json_decref(o);
    return rc;
}
