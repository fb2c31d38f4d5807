/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/secret.h"

#include <stdlib.h>

#include "asn1/codec.h"
#include "base/file.h"
#include "control/shared_token.h"

#define SECRET_FILE_OCTETS 65536u

/* -- the value --------------------------------------------------------------------------- */

static enum cmc_rc check_text(struct tool *t, const char *what, struct cmc_slice text, size_t max)
{
    for (struct cmc_slice rest = text; rest.n > 0;) {
        uint32_t c = 0;
        size_t n = cmc_utf8_next(rest, &c);

        if (n == 0 || c == 0)
            return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 6.2",
                            "%s: want UTF-8 text without NUL", what);
        rest = cmc_slice(rest.p + n, rest.n - n);
    }
    if (text.n == 0)
        return tool_usage(t, "%s: is empty", what);
    if (text.n > max)
        return tool_usage(t, "%s: has %zu octets where %zu are the most", what, text.n, max);
    return CMC_OK;
}

/* [10002-6.2.1-c] As long as it may be; how short is the server's matter. */
static enum cmc_rc first_line(struct tool *t, const char *path, struct cmc_slice data,
                              struct cmc_slice *out)
{
    const uint8_t *end = data.n > 0 ? memchr(data.p, '\n', data.n) : NULL;
    size_t n = end != NULL ? (size_t)(end - data.p) : data.n;

    if (n > 0 && data.p[n - 1] == '\r')
        n--;
    *out = cmc_slice(data.p, n);
    return check_text(t, path, *out, CMC_LIMIT_SECRET_OCTETS);
}

/* Text that is base64 of a SEQUENCE of two OCTET STRINGs is a token, not somebody's secret. */
static bool is_token(struct tool *t, struct cmc_slice data, struct cmc_slice *der)
{
    struct cmc_list parts = {0};
    bool good = cmc_der_or_pem(data, NULL, t->arena, der, NULL) == CMC_OK &&
                cmc_decode(&cmc_it_seq_any, *der, t->arena, &parts, NULL) == CMC_OK && parts.n == 2;

    for (size_t i = 0; good && i < parts.n; i++)
        good = *CMC_AT(struct cmc_slice, parts, i)->p == CMC_T_OCTET_STRING;
    return good;
}

static enum cmc_rc open_token(struct tool *t, const char *path, const char *key_uri,
                              struct cmc_slice der, struct cmc_slice *out)
{
    const struct cmc_passphrase pass = {.prompt = true};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc;

    if (key_uri == NULL)
        return tool_usage(t,
                          "%s: is a Dogtag shared token, encrypted to the CA; give the secret "
                          "itself, or the key of the token with --secret-key",
                          path);
    rc = tool_crypto(t);
    if (rc == CMC_OK)
        rc = cmc_key_load(t->crypto, key_uri, &pass, &key, &t->err);
    /* The token does not say how it was made. */
    if (rc == CMC_OK && cmc_shared_token_open(t->crypto, key, CMC_RSA_OAEP_SHA256, der, t->arena,
                                              out, NULL) != CMC_OK)
        rc = cmc_shared_token_open(t->crypto, key, CMC_RSA_PKCS1_V15, der, t->arena, out, &t->err);
    EVP_PKEY_free(key);
    if (rc == CMC_OK)
        return check_text(t, path, *out, CMC_LIMIT_SECRET_OCTETS);
    cmc_err_prefix(&t->err, "%s", path);
    return rc;
}

enum cmc_rc tool_secret_read(struct tool *t, const char *path, const char *key_uri,
                             struct cmc_slice *out)
{
    struct cmc_slice data = CMC_SLICE_NONE, der;
    struct cmc_buf b;
    enum cmc_rc rc;

    *out = CMC_SLICE_NONE;
    cmc_buf_init(&b, SECRET_FILE_OCTETS);
    rc = cmc_file_read(path, &b, &t->err);
    if (rc == CMC_OK) {
        data = cmc_arena_slice(t->arena, cmc_buf_get0(&b));
        if (data.p == NULL)
            rc = cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a shared secret");
    }
    cmc_buf_free(&b);
    if (rc != CMC_OK)
        return rc;
    if (is_token(t, data, &der))
        return open_token(t, path, key_uri, der, out);
    if (key_uri != NULL)
        return tool_usage(t, "--secret-key: %s holds no Dogtag shared token to be opened", path);
    return first_line(t, path, data, out);
}

/* -- the algorithms ---------------------------------------------------------------------- */

/* "sha384:hmac-sha256", or "sha384" for both. */
static enum cmc_rc algorithms(struct tool *t, const char *option, const char *text,
                              const struct cmc_digest_alg **hash, const struct cmc_mac_alg **mac)
{
    const char *colon = strchr(text, ':');
    char *name =
        cmc_arena_strndup(t->arena, text, colon != NULL ? (size_t)(colon - text) : strlen(text));

    if (name == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for options");
    *hash = cmc_digest_by_name(name);
    *mac = colon != NULL   ? cmc_mac_by_name(colon + 1)
           : *hash != NULL ? cmc_mac_by_digest((*hash)->id)
                           : NULL;
    if (*hash == NULL || *mac == NULL || (*hash)->weak || (*hash)->id == CMC_DIGEST_SHAKE256 ||
        cmc_digest_alg((*mac)->digest)->weak)
        return tool_usage(t,
                          "%s %s: want a digest and a MAC of sha256, sha384, sha512 and "
                          "hmac-sha256, hmac-sha384, hmac-sha512, as sha256:hmac-sha256",
                          option, text);
    return CMC_OK;
}

static enum cmc_rc rounds(struct tool *t, const char *text, uint32_t *out)
{
    size_t n = strlen(text);
    unsigned long v =
        n > 0 && n <= 8 && strspn(text, "0123456789") == n ? strtoul(text, NULL, 10) : 0;

    if (v == 0 || v > CMC_LIMIT_PBKDF2_ROUNDS)
        return tool_usage(t, "--pop-link pbkdf2:%s: want 1 to %u rounds", text,
                          CMC_LIMIT_PBKDF2_ROUNDS);
    *out = (uint32_t)v;
    return CMC_OK;
}

static enum cmc_rc link_how(struct tool *t, const char *text, struct cmc_shared_secret *s)
{
    s->link_hash = cmc_digest_alg(CMC_DIGEST_SHA256);
    s->link_mac = cmc_mac_by_digest(CMC_DIGEST_SHA256);
    s->link = CMC_LINK_NONE;
    if (text == NULL || strcmp(text, "none") == 0)
        return CMC_OK;
    s->link = CMC_LINK_V1;
    if (strcmp(text, "v1") == 0)
        return CMC_OK;
    s->link = CMC_LINK_PBKDF2;
    if (strcmp(text, "pbkdf2") == 0)
        return CMC_OK;
    if (strncmp(text, "pbkdf2:", 7) == 0)
        return rounds(t, text + 7, &s->link_rounds);
    s->link = CMC_LINK_HASH;
    if (strcmp(text, "hash") == 0)
        return CMC_OK;
    return algorithms(t, "--pop-link", text, &s->link_hash, &s->link_mac);
}

enum cmc_rc tool_compat(struct tool *t, const char *text, bool *dogtag)
{
    *dogtag = text != NULL && strcmp(text, "dogtag") == 0;
    if (text == NULL || *dogtag || strcmp(text, "rfc") == 0)
        return CMC_OK;
    return tool_usage(t, "--compat %s: want rfc or dogtag", text);
}

/* -- the whole --------------------------------------------------------------------------- */

static enum cmc_rc read_how(struct tool *t, const struct tool_secret_options *o,
                            struct tool_secret *out)
{
    struct cmc_shared_secret *s = &out->proof;
    enum cmc_rc rc = tool_compat(t, o->compat, &out->dogtag);

    s->dogtag = out->dogtag;
    s->proof_v1 = o->proof_v1;
    out->link_said = o->link != NULL;
    out->given = o->file != NULL || o->identification != NULL;
    if (rc == CMC_OK && (!o->proof_v1 || o->proof != NULL))
        rc = algorithms(t, "--proof", o->proof != NULL ? o->proof : "sha256", &s->hash, &s->mac);
    if (rc == CMC_OK)
        rc = link_how(t, o->link, s);
    return rc;
}

enum cmc_rc tool_secret_check(struct tool *t, const struct tool_secret_options *o)
{
    struct tool_secret s = {0};

    if (o->file == NULL && (o->proof != NULL || o->proof_v1 || o->hardware_token ||
                            o->key != NULL || (o->link != NULL && strcmp(o->link, "none") != 0)))
        return tool_usage(t, "%s wants a shared secret; name it with --secret-file FILE",
                          o->proof != NULL    ? "--proof"
                          : o->proof_v1       ? "--proof-v1"
                          : o->hardware_token ? "--hardware-token"
                          : o->key != NULL    ? "--secret-key"
                                              : "--pop-link");
    /* [10002-6.2.4-b, 10002-6.2.4-u1] */
    if (o->hardware_token && o->identification != NULL)
        return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 6.2.4",
                        "--hardware-token: what the token shows is the identification; leave out "
                        "--identification");
    if (o->identification != NULL) {
        enum cmc_rc rc = check_text(t, "--identification", cmc_slice_str(o->identification),
                                    CMC_LIMIT_IDENTITY_OCTETS);
        if (rc != CMC_OK)
            return rc;
    }
    return read_how(t, o, &s);
}

enum cmc_rc tool_secret_load(struct tool *t, const struct tool_secret_options *o,
                             struct tool_secret *out)
{
    enum cmc_rc rc = tool_secret_check(t, o);

    *out = (struct tool_secret){0};
    if (rc == CMC_OK)
        rc = read_how(t, o, out);
    if (rc == CMC_OK && o->file != NULL)
        rc = tool_secret_read(t, o->file, o->key, &out->proof.secret);
    if (rc != CMC_OK)
        return rc;
    out->proof.identification =
        o->hardware_token ? out->proof.secret : cmc_slice_str(o->identification);
    if (o->hardware_token)
        rc = check_text(t, o->file, out->proof.identification, CMC_LIMIT_IDENTITY_OCTETS);
    return rc;
}
