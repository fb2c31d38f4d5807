/* SPDX-License-Identifier: Apache-2.0 */
/* "pkcs11:" (RFC 7512) and "nss:" URIs. */
#include <p11-kit/uri.h>

#include "key/token_int.h"

static const char pkcs11_scheme[] = "pkcs11:", nss_scheme[] = "nss:";

static bool has_scheme(const char *uri, const char *scheme)
{
    return strncasecmp(uri, scheme, strlen(scheme)) == 0;
}

bool cmc_uri_is_token(const char *uri)
{
    return uri != NULL && (has_scheme(uri, pkcs11_scheme) || has_scheme(uri, nss_scheme));
}

/* What a URI asks for. Everything lives in the arena or in uri. */
struct wish {
    const char *uri;
    const char *shown; /* the URI without its query, where a pin-value may stand: for messages */
    struct cmc_arena *arena;
    const char *dbdir, *module, *token; /* as in struct cmc_token_place */
    P11KitUri *p11;                     /* pkcs11: which token, NULL for nss: */
    const char *nickname;               /* or label */
    struct cmc_slice id;
    const char *pin_file; /* or "credential:NAME" */
    const char *pin_text; /* refused: it stands where others read it */
};

/* -- nss:DIR?nickname=NAME --------------------------------------------------------------- */

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *p;

    c = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    p = c != '\0' ? strchr(digits, c) : NULL;
    return p != NULL ? (int)(p - digits) : -1;
}

/* Percent-decoded into the arena. */
static enum cmc_rc decoded(struct wish *w, const char *p, size_t n, const char **out,
                           struct cmc_err *err)
{
    char *text = cmc_arena_alloc(w->arena, n + 1), *to = text;

    if (text == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a URI");
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '%') {
            *to++ = p[i];
            continue;
        }
        if (i + 2 >= n || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0 ||
            (hex(p[i + 1]) == 0 && hex(p[i + 2]) == 0))
            return cmc_fail(err, CMC_E_USAGE, NULL,
                            "%s: '%%' without two hex digits, or %%00; write %%25 for '%%'",
                            w->shown);
        *to++ = (char)(hex(p[i + 1]) * 16 + hex(p[i + 2]));
        i += 2;
    }
    *to = '\0';
    *out = text;
    return CMC_OK;
}

static enum cmc_rc nss_option(struct wish *w, const char *p, size_t n, struct cmc_err *err)
{
    const char *id = NULL;
    const struct {
        const char *name;
        const char **to;
    } options[] = {{"nickname=", &w->nickname},   {"id=", &id},
                   {"token=", &w->token},         {"module-path=", &w->module},
                   {"pin-source=", &w->pin_file}, {"pin-value=", &w->pin_text}};
    enum cmc_rc rc = CMC_E_USAGE;

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        size_t len = strlen(options[i].name);

        if (n < len || strncmp(p, options[i].name, len) != 0)
            continue;
        rc = decoded(w, p + len, n - len, options[i].to, err);
        if (rc == CMC_OK && id != NULL)
            rc = cmc_key_id_parse(id, w->arena, &w->id, err);
        return rc;
    }
    return cmc_fail(err, CMC_E_USAGE, NULL,
                    "%s: unknown '%.*s' after '?'; want nickname=, id=, token=, module-path= or "
                    "pin-source=",
                    w->shown, (int)(strcspn(p, "=&") < 40 ? strcspn(p, "=&") : 40), p);
}

static enum cmc_rc parse_nss(struct wish *w, struct cmc_err *err)
{
    const char *p = w->uri + strlen(nss_scheme);
    size_t n = strcspn(p, "?");
    enum cmc_rc rc = decoded(w, p, n, &w->dbdir, err);

    if (rc == CMC_OK && *w->dbdir == '\0')
        rc = cmc_fail(err, CMC_E_USAGE, NULL,
                      "%s: no directory; want nss:DIR?nickname=NAME or nss:DIR?id=HEX", w->shown);
    for (p += n; rc == CMC_OK && *p != '\0';) {
        p++; /* '?' or '&' */
        n = strcspn(p, "&");
        rc = nss_option(w, p, n, err);
        p += n;
    }
    return rc;
}

/* -- pkcs11: ----------------------------------------------------------------------------- */

static enum cmc_rc keep(struct wish *w, const char *text, const char **out, struct cmc_err *err)
{
    *out = text != NULL ? cmc_arena_strdup(w->arena, text) : NULL;
    if (text != NULL && *out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a URI");
    return CMC_OK;
}

static enum cmc_rc parse_pkcs11(struct wish *w, struct cmc_err *err)
{
    const CK_ATTRIBUTE *a;
    enum cmc_rc rc = CMC_OK;
    int result;

    w->p11 = p11_kit_uri_new();
    if (w->p11 == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a URI");
    result = p11_kit_uri_parse(w->uri, P11_KIT_URI_FOR_ANY, w->p11);
    if (result != P11_KIT_URI_OK)
        return cmc_fail(err, CMC_E_USAGE, "RFC 7512", "%s: %s", w->shown,
                        p11_kit_uri_message(result));
    if (p11_kit_uri_any_unrecognized(w->p11))
        return cmc_fail(err, CMC_E_USAGE, "RFC 7512",
                        "%s: an attribute in it is not known, so what it names is not", w->shown);
    if (p11_kit_uri_get_module_name(w->p11) != NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%s: module-name is not supported; give "
                        "module-path",
                        w->shown);
    rc = keep(w, p11_kit_uri_get_module_path(w->p11), &w->module, err);
    if (rc == CMC_OK)
        rc = keep(w, p11_kit_uri_get_pin_source(w->p11), &w->pin_file, err);
    if (rc == CMC_OK)
        rc = keep(w, p11_kit_uri_get_pin_value(w->p11), &w->pin_text, err);
    a = p11_kit_uri_get_attribute(w->p11, CKA_LABEL);
    if (rc == CMC_OK && a != NULL) {
        w->nickname = cmc_arena_strndup(w->arena, a->pValue, a->ulValueLen);
        if (w->nickname == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a URI");
    }
    a = p11_kit_uri_get_attribute(w->p11, CKA_ID);
    if (a != NULL)
        w->id = cmc_slice(a->pValue, a->ulValueLen);
    return rc;
}

static bool uri_fits(const struct cmc_token_match *m, CK_SLOT_ID id, const CK_SLOT_INFO *slot,
                     const CK_TOKEN_INFO *token)
{
    const struct wish *w = m->what;
    CK_SLOT_ID want = p11_kit_uri_get_slot_id(w->p11);

    return (want == (CK_SLOT_ID)-1 || want == id) &&
           p11_kit_uri_match_slot_info(w->p11, slot) == 1 &&
           p11_kit_uri_match_token_info(w->p11, token) == 1;
}

static enum cmc_rc open_pkcs11(struct wish *w, bool write, struct cmc_token **out,
                               struct cmc_err *err)
{
    const struct cmc_token_match match = {uri_fits, w, w->shown};
    struct cmc_paths paths = {0};
    enum cmc_rc rc;

    if (w->module != NULL)
        rc = cmc_paths_add(w->arena, &paths, w->module, err);
    else
        rc = cmc_modules_known(w->arena, &paths, err);
    if (rc == CMC_OK)
        rc = cmc_token_pick(&paths, &match, write, out, err);
    return rc;
}

/* -- both -------------------------------------------------------------------------------- */

/* A file by path or file: URI. RFC 7512 also knows a command to run, which we do not. */
static enum cmc_rc check_pin(struct wish *w, struct cmc_err *err)
{
    if (w->pin_text != NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%s: a password does not belong into a URI, which others read; put it "
                        "into a file, and write pin-source=FILE",
                        w->shown);
    if (w->pin_file == NULL || strncmp(w->pin_file, "credential:", 11) == 0)
        return CMC_OK;
    if (*w->pin_file == '|')
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "%s: a pin-source that runs a command is not supported; name a file",
                        w->shown);
    return cmc_uri_path(w->pin_file, &w->pin_file, err);
}

static void wish_free(struct wish *w)
{
    if (w->p11 != NULL)
        p11_kit_uri_free(w->p11);
    cmc_arena_free(w->arena); /* which zeroises a pin-value */
}

static enum cmc_rc wish_new(struct wish *w, const char *uri, struct cmc_err *err)
{
    enum cmc_rc rc;

    *w = (struct wish){.uri = uri, .arena = cmc_arena_new(CMC_LIMIT_FILE_OCTETS)};
    w->shown = w->arena != NULL ? cmc_arena_strndup(w->arena, uri, strcspn(uri, "?")) : NULL;
    if (w->shown == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a URI");
    rc = has_scheme(uri, nss_scheme) ? parse_nss(w, err) : parse_pkcs11(w, err);
    if (rc == CMC_OK)
        rc = check_pin(w, err);
    return rc;
}

enum cmc_rc cmc_uri_pin_file(const char *uri, struct cmc_arena *arena, const char **out,
                             struct cmc_err *err)
{
    struct wish w = {0};
    enum cmc_rc rc = CMC_OK;

    *out = NULL;
    if (!cmc_uri_is_token(uri))
        return CMC_OK;
    rc = wish_new(&w, uri, err);
    if (rc == CMC_OK && w.pin_file != NULL && strncmp(w.pin_file, "credential:", 11) != 0) {
        *out = cmc_arena_strdup(arena, w.pin_file);
        if (*out == NULL)
            rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a URI");
    }
    wish_free(&w);
    return rc;
}

static enum cmc_rc open_token(struct wish *w, const struct cmc_crypto *c, bool write,
                              struct cmc_token **out, struct cmc_err *err)
{
    const struct cmc_token_place place = {
        .dbdir = w->dbdir, .module = w->module, .token = w->token, .write = write};
    enum cmc_rc rc = w->p11 != NULL ? open_pkcs11(w, write, out, err)
                                    : cmc_token_open(c, &place, NULL, out, err);

    if (rc == CMC_OK)
        (*out)->crypto = c;
    return rc;
}

/* What the URI says about the password is nearer to the token than what the caller says. */
static enum cmc_rc login(const struct wish *w, struct cmc_token *t,
                         const struct cmc_passphrase *pass, struct cmc_err *err)
{
    const struct cmc_passphrase own = {.file = w->pin_file};

    return cmc_token_login(t, own.file != NULL ? &own : pass, err);
}

static enum cmc_rc find_key(const struct wish *w, struct cmc_token *t, EVP_PKEY **out,
                            struct cmc_err *err)
{
    enum cmc_rc rc = CMC_E_NOTFOUND;
    struct cmc_slice label = t->nss ? CMC_SLICE_NONE : cmc_slice_str(w->nickname);

    /* In NSS a nickname is that of a certificate; elsewhere keys have labels of their own. */
    if (w->id.p != NULL || !t->nss || w->nickname == NULL)
        rc = cmc_token_key(t, w->id, label, w->arena, out, err);
    if (rc == CMC_E_NOTFOUND && w->id.p == NULL && w->nickname != NULL)
        rc = cmc_token_key_by_nickname(t, w->nickname, out, err);
    return rc;
}

enum cmc_rc cmc_token_uri_key(const struct cmc_crypto *c, const char *uri,
                              const struct cmc_passphrase *pass, EVP_PKEY **out,
                              struct cmc_err *err)
{
    struct cmc_token *t = NULL;
    struct wish w;
    enum cmc_rc rc;

    *out = NULL;
    rc = wish_new(&w, uri, err);
    if (rc == CMC_OK)
        rc = open_token(&w, c, false, &t, err);
    if (rc == CMC_OK)
        rc = login(&w, t, pass, err);
    if (rc == CMC_OK)
        rc = find_key(&w, t, out, err);
    cmc_token_free(t);
    wish_free(&w);
    return rc;
}

/* Two keys of one label could not be told apart by it. */
static enum cmc_rc check_new(struct wish *w, const struct cmc_token *t, struct cmc_err *err)
{
    CK_OBJECT_HANDLE *keys = NULL;
    size_t n = 0;
    enum cmc_rc rc =
        cmc_private_keys(t, CMC_SLICE_NONE, cmc_slice_str(w->nickname), w->arena, &keys, &n, err);

    return rc != CMC_OK || n == 0
               ? rc
               : cmc_fail(err, CMC_E_CONFLICT, NULL,
                          "token '%s' has a private key '%s' already; name another object",
                          t->label, w->nickname);
}

enum cmc_rc cmc_key_generate_at(const struct cmc_crypto *c, const char *uri, const char *spec,
                                const struct cmc_passphrase *pass, bool stays,
                                struct cmc_arena *arena, const char **id, EVP_PKEY **out,
                                struct cmc_err *err)
{
    struct cmc_token_keygen plan = {
        .spec = spec, .sensitive = CMC_YES, .extractable = stays ? CMC_NO : CMC_UNSAID};
    struct cmc_slice octets = CMC_SLICE_NONE;
    struct cmc_token *t = NULL;
    struct wish w;
    enum cmc_rc rc;

    *out = NULL;
    *id = NULL;
    rc = wish_new(&w, uri, err);
    if (rc == CMC_OK && w.id.p != NULL)
        rc = cmc_fail(err, CMC_E_USAGE, NULL, "%s: the id of a new key is made of it; leave out id",
                      w.shown);
    if (rc == CMC_OK)
        rc = open_token(&w, c, true, &t, err);
    if (rc == CMC_OK)
        rc = login(&w, t, pass, err);
    /* NSS shows keys by the nickname of their certificate. */
    if (rc == CMC_OK && !t->nss)
        plan.label = w.nickname;
    if (rc == CMC_OK && plan.label != NULL)
        rc = check_new(&w, t, err);
    if (rc == CMC_OK)
        rc = cmc_token_generate(t, &plan, arena, &octets, out, err);
    if (rc == CMC_OK && (*id = cmc_key_id_text(octets, arena)) == NULL)
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a key id");
    if (rc != CMC_OK) {
        EVP_PKEY_free(*out);
        *out = NULL;
    }
    cmc_token_free(t);
    wish_free(&w);
    return rc;
}

static enum cmc_rc find_certs(const struct wish *w, struct cmc_token *t, struct cmc_arena *arena,
                              struct cmc_slice **out, size_t *n, struct cmc_err *err)
{
    struct cmc_token_cert *certs = NULL;
    size_t nc = 0;
    enum cmc_rc rc = w->nickname != NULL
                         ? cmc_token_certs_by_nickname(t, w->nickname, arena, &certs, &nc, err)
                         : cmc_token_certs(t, arena, &certs, &nc, err);

    if (rc != CMC_OK)
        return rc;
    *out = cmc_arena_array(arena, nc, sizeof **out);
    if (*out == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for certificates");
    for (size_t i = 0; i < nc; i++) {
        if (w->id.p == NULL || cmc_slice_eq(w->id, certs[i].id))
            (*out)[(*n)++] = certs[i].der;
    }
    return *n > 0 ? CMC_OK
                  : cmc_fail(err, CMC_E_NOTFOUND, NULL, "token '%s' has no such certificate",
                             t->label);
}

enum cmc_rc cmc_token_uri_certs(const struct cmc_crypto *c, const char *uri,
                                const struct cmc_passphrase *pass, struct cmc_arena *arena,
                                struct cmc_slice **out, size_t *n, struct cmc_err *err)
{
    struct cmc_token *t = NULL;
    struct wish w;
    enum cmc_rc rc;

    *out = NULL;
    *n = 0;
    rc = wish_new(&w, uri, err);
    if (rc == CMC_OK)
        rc = open_token(&w, c, false, &t, err);
    if (rc == CMC_OK)
        rc = find_certs(&w, t, arena, out, n, err);
    /* Certificates are seldom private; the password is asked for only then. */
    if (rc == CMC_E_NOTFOUND && t != NULL && !t->logged_in && !t->nss &&
        (pass != NULL || w.pin_file != NULL)) {
        rc = login(&w, t, pass, err);
        if (rc == CMC_OK)
            rc = find_certs(&w, t, arena, out, n, err);
    }
    cmc_token_free(t);
    wish_free(&w);
    return rc;
}
