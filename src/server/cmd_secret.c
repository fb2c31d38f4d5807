/* SPDX-License-Identifier: Apache-2.0 */
/* cmcd secret add|list|remove: what end entities share with the authority. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "base/file.h"
#include "ca/ca.h"
#include "control/shared_token.h"
#include "key/key.h"
#include "message/request.h"
#include "server/cmd.h"
#include "server/secrets.h"

/* A secret that we make: 192 random bits, which are 32 characters. */
#define MADE_OCTETS     24
#define MADE_CHARACTERS (MADE_OCTETS / 3 * 4)
#define MAX_DAYS        36525u
#define FILE_OCTETS     65536u

struct values {
    const char *config, *authority, *file, *purpose, *serial, *subject, *token, *token_key,
        *token_pass;
    struct cmc_option_list names;
    unsigned int days;
    bool once, weak_ok, oaep, make;
};

static const struct cmc_option conf_rows[] = {
    CMCD_OPTION_CONF(struct values, config),
    CMC_OPTION_END,
};

/* -- the value --------------------------------------------------------------------------- */

static enum cmc_rc make_value(struct cmcd_run *r, struct cmc_slice *out)
{
    uint8_t octets[MADE_OCTETS];
    char *text = cmc_arena_alloc(r->arena, MADE_CHARACTERS + 1);
    enum cmc_rc rc = cmc_random(r->crypto, octets, sizeof octets, &r->err);

    if (text == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a secret");
    if (rc != CMC_OK)
        return rc;
    (void)EVP_EncodeBlock((unsigned char *)text, octets, sizeof octets);
    OPENSSL_cleanse(octets, sizeof octets);
    /* Base64url: nothing in it needs quoting in a shell or a configuration. */
    for (char *p = text; *p != '\0'; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    *out = cmc_slice(text, MADE_CHARACTERS);
    return CMC_OK;
}

/* What Dogtag's CMCSharedToken made, opened with the key that it was made for. */
static enum cmc_rc import_value(struct cmcd_run *r, const struct values *v, struct cmc_slice *out)
{
    const struct cmc_passphrase pass = {.file = v->token_pass, .prompt = v->token_pass == NULL};
    struct cmc_slice der = CMC_SLICE_NONE;
    EVP_PKEY *key = NULL;
    struct cmc_buf b;
    enum cmc_rc rc;

    if (v->token_key == NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "--token needs --token-key, the key of the certificate that it was "
                        "encrypted to");
    cmc_buf_init(&b, FILE_OCTETS);
    rc = cmc_file_read(v->token, &b, &r->err);
    if (rc == CMC_OK)
        rc = cmc_der_or_pem(cmc_buf_get0(&b), NULL, r->arena, &der, &r->err);
    if (rc == CMC_OK)
        rc = cmc_key_load(r->crypto, v->token_key, &pass, &key, &r->err);
    if (rc == CMC_OK) {
        rc =
            cmc_shared_token_open(r->crypto, key, v->oaep ? CMC_RSA_OAEP_SHA256 : CMC_RSA_PKCS1_V15,
                                  der, r->arena, out, &r->err);
        if (rc != CMC_OK)
            cmc_err_prefix(&r->err, "%s", v->token);
    }
    EVP_PKEY_free(key);
    cmc_buf_free(&b);
    return rc;
}

/* Ask on the terminal, twice, so that a slip does not register what nobody knows. */
static enum cmc_rc ask_value(struct cmcd_run *r, const char *name, struct cmc_slice *out)
{
    char text[CMC_LIMIT_SECRET_OCTETS + 1] = "", prompt[256];
    enum cmc_rc rc = CMC_OK;

    (void)snprintf(prompt, sizeof prompt, "Secret for %.100s (empty: one is made): ", name);
    if (EVP_read_pw_string(text, (int)sizeof text, prompt, 1) != 0)
        rc = cmc_fail(&r->err, CMC_E_USAGE, NULL,
                      "no secret was given at the prompt, or not twice the same");
    else if (text[0] != '\0')
        *out = cmc_arena_slice(r->arena, cmc_slice_str(text));
    if (rc == CMC_OK && text[0] != '\0' && out->p == NULL)
        rc = cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a secret");
    OPENSSL_cleanse(text, sizeof text);
    return rc;
}

/* The first line of a file. */
static enum cmc_rc read_value(struct cmcd_run *r, const char *path, struct cmc_slice *out)
{
    const uint8_t *end;
    struct cmc_buf b;
    enum cmc_rc rc;
    size_t n;

    cmc_buf_init(&b, FILE_OCTETS);
    rc = cmc_file_read(path, &b, &r->err);
    if (rc == CMC_OK) {
        end = b.n > 0 ? memchr(b.p, '\n', b.n) : NULL;
        n = end != NULL ? (size_t)(end - b.p) : b.n;
        if (n > 0 && b.p[n - 1] == '\r')
            n--;
        *out = cmc_arena_slice(r->arena, cmc_slice(b.p != NULL ? (const void *)b.p : "", n));
        if (out->p == NULL)
            rc = cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a secret");
    }
    cmc_buf_free(&b);
    return rc;
}

/* RFC 10002 section 6.2: characters of UTF-8, no NUL, and enough of them. */
static enum cmc_rc check_value(struct cmcd_run *r, struct cmc_slice value, const char *path,
                               bool weak_ok)
{
    struct cmc_slice rest = value;
    size_t characters = 0;

    for (; rest.n > 0; characters++) {
        uint32_t c = 0;
        size_t n = cmc_utf8_next(rest, &c);

        if (n == 0 || c == 0)
            return cmc_fail(&r->err, CMC_E_USAGE, "RFC 10002 section 6.2",
                            "%s: a shared secret is UTF-8 text without NUL", path);
        rest.p += n;
        rest.n -= n;
    }
    if (value.n > CMC_LIMIT_SECRET_OCTETS)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "%s: the secret is above CMC_LIMIT_SECRET_OCTETS (%u)", path,
                        CMC_LIMIT_SECRET_OCTETS);
    if (characters == 0)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "%s: the first line is empty", path);
    if (characters < CMC_LIMIT_SECRET_CHARACTERS && !weak_ok)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "%s: %zu characters where %u are the least; whoever sees a request can "
                        "try secrets without asking us (--weak-ok if it must be)",
                        path, characters, CMC_LIMIT_SECRET_CHARACTERS);
    return CMC_OK;
}

/* -- add --------------------------------------------------------------------------------- */

static enum cmc_rc check_name(const char *name, struct cmc_err *err)
{
    struct cmc_slice rest = cmc_slice_str(name);

    if (rest.n == 0 || rest.n > CMC_LIMIT_IDENTITY_OCTETS)
        return cmc_fail(err, CMC_E_USAGE, NULL, "a name has 1 to %u octets",
                        CMC_LIMIT_IDENTITY_OCTETS);
    while (rest.n > 0) {
        uint32_t c = 0;
        size_t n = cmc_utf8_next(rest, &c);

        if (n == 0 || c < 0x20 || c == 0x7f)
            return cmc_fail(err, CMC_E_USAGE, NULL,
                            "the name is UTF-8 text without control characters");
        rest.p += n;
        rest.n -= n;
    }
    return CMC_OK;
}

static enum cmc_rc purpose_of(const struct values *v, enum cmc_secret_purpose *out,
                              struct cmc_err *err)
{
    const char *p = v->purpose != NULL ? v->purpose : v->serial != NULL ? "revoke" : "enroll";

    if (strcmp(p, "enroll") != 0 && strcmp(p, "enrol") != 0 && strcmp(p, "revoke") != 0)
        return cmc_fail(err, CMC_E_USAGE, NULL, "--purpose %s: want enroll or revoke", p);
    *out = strcmp(p, "revoke") == 0 ? CMC_SECRET_REVOKE : CMC_SECRET_ENROLL;
    if (*out == CMC_SECRET_REVOKE && v->serial == NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "a secret that revokes belongs to one certificate; give its --serial");
    if (*out == CMC_SECRET_ENROLL && v->serial != NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL, "--serial is for --purpose revoke");
    if (*out == CMC_SECRET_REVOKE && v->subject != NULL)
        return cmc_fail(err, CMC_E_USAGE, NULL, "--subject is for --purpose enroll");
    if (*out == CMC_SECRET_REVOKE && v->names.n > 0)
        return cmc_fail(err, CMC_E_USAGE, NULL, "--names is for --purpose enroll");
    return CMC_OK;
}

/* The certificate that a secret is to revoke. */
static enum cmc_rc name_certificate(struct cmcd_run *r, const struct cmcd_db *db,
                                    const struct values *v, struct cmc_secret *s)
{
    struct cmc_cert_record record;
    enum cmc_rc rc = cmcd_parse_serial(r, v->serial, &s->serial);

    if (rc == CMC_OK)
        rc = cmcd_issuer_name(r, db->conf, v->authority, &s->issuer);
    if (rc == CMC_OK)
        rc = cmc_reader_cert(db->reader, s->issuer, s->serial, r->arena, &record, &r->err);
    return rc;
}

static enum cmc_rc seal(struct cmcd_run *r, const struct cmcd_db *db, struct cmc_slice value,
                        struct cmc_secret *s)
{
    struct cmc_slice key, bound;
    enum cmc_rc rc;

    if (db->conf->secrets_key == NULL)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "%s: 'secrets' is missing: the file with the key that secrets are sealed "
                        "under; see cmcd.conf(5)",
                        db->conf->path);
    rc = cmc_secrets_key_load(db->conf->secrets_key, r->arena, &key, &r->err);
    if (rc != CMC_OK)
        return rc;
    bound = cmc_ca_secret_bound(s, r->arena);
    if (bound.p == NULL)
        return cmc_fail(&r->err, CMC_E_MEM, NULL, "no memory for a secret");
    return cmc_seal(r->crypto, key.p, bound, value, r->arena, &s->sealed, &r->err);
}

static enum cmc_rc fill(struct cmcd_run *r, const struct values *v, struct cmc_secret *s)
{
    enum cmc_rc rc = check_name(s->name, &r->err);

    if (rc == CMC_OK)
        rc = purpose_of(v, &s->purpose, &r->err);
    if (rc == CMC_OK && v->days > MAX_DAYS)
        rc = cmc_fail(&r->err, CMC_E_USAGE, NULL, "--expires: at most %u days", MAX_DAYS);
    if (rc == CMC_OK && v->subject != NULL) {
        rc = cmc_name_parse(v->subject, r->arena, &s->subject, &r->err);
        if (rc == CMC_OK && s->subject.n <= 2) /* [10002-6.3.2-a] */
            rc = cmc_fail(&r->err, CMC_E_USAGE, NULL, "--subject: the name is empty");
    }
    if (rc == CMC_OK)
        rc = cmcd_names_option(r, &v->names, &s->names);
    if (rc != CMC_OK)
        return rc;
    /* RFC 10002 section 6.11: a revocation secret is for one use. */
    s->once = v->once || s->purpose == CMC_SECRET_REVOKE;
    s->expires_at = v->days > 0 ? s->added_at + (int64_t)v->days * 86400 : 0;
    return CMC_OK;
}

/* The value from where it comes; *made when we made it. */
static enum cmc_rc find_value(struct cmcd_run *r, const struct values *v, const char *name,
                              struct cmc_slice *value, bool *made)
{
    const char *from = v->token != NULL ? v->token : v->file != NULL ? v->file : "the secret given";
    enum cmc_rc rc = CMC_OK;

    *value = CMC_SLICE_NONE;
    *made = false;
    if ((v->file != NULL) + (v->token != NULL) + v->make > 1)
        return cmc_fail(&r->err, CMC_E_USAGE, NULL, "choose one of --file, --token and --make");
    if (v->token == NULL && (v->token_key != NULL || v->token_pass != NULL || v->oaep))
        return cmc_fail(&r->err, CMC_E_USAGE, NULL,
                        "--token-key, --token-pass and --oaep belong to --token");
    if (v->token != NULL)
        rc = import_value(r, v, value);
    else if (v->file != NULL)
        rc = read_value(r, v->file, value);
    else if (!v->make && isatty(STDIN_FILENO))
        rc = ask_value(r, name, value);
    if (rc == CMC_OK && value->p != NULL)
        return check_value(r, *value, from, v->weak_ok);
    *made = rc == CMC_OK;
    return rc == CMC_OK ? make_value(r, value) : rc;
}

/* What the caller gave us is not shown. */
static enum cmc_rc report(struct cmcd_run *r, struct cmc_slice value)
{
    struct cmc_buf out;
    enum cmc_rc rc;

    cmc_buf_init(&out, CMC_LIMIT_LOG_LINE);
    cmc_buf_slice(&out, value);
    cmc_buf_str(&out, "\n");
    rc = cmcd_print(&out, &r->err);
    cmc_buf_free(&out);
    return rc;
}

static enum cmc_rc add(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_option rows[] = {
        CMC_OPTION("file", 'f', STRING, "FILE", struct values, file,
                   "the secret is the first line of FILE, - is standard\n"
                   "input; else it is asked for on a terminal, or one is\n"
                   "made and printed, once"),
        CMC_OPTION("make", 0, FLAG, NULL, struct values, make, "make one without asking"),
        CMC_OPTION("token", 0, STRING, "FILE", struct values, token,
                   "the secret is in FILE as Dogtag's CMCSharedToken\n"
                   "wrote it (base64 or DER)"),
        CMC_OPTION("token-key", 0, STRING, "URI", struct values, token_key,
                   "private key of the certificate that it was encrypted\nto"),
        CMC_OPTION("token-pass", 0, STRING, "FILE", struct values, token_pass,
                   "file with the passphrase of that key"),
        CMC_OPTION("oaep", 0, FLAG, NULL, struct values, oaep, "the token was made with RSA-OAEP"),
        CMC_OPTION("purpose", 0, STRING, "WHAT", struct values, purpose,
                   "enroll (the default) or revoke"),
        CMC_OPTION("subject", 's', STRING, "NAME", struct values, subject,
                   "enroll: each request must have exactly this subject"),
        CMC_OPTION("names", 0, LIST, "ENTRY", struct values, names,
                   "enroll: all names lie in this name space, as\n"
                   "DNS:example.org (may be repeated)"),
        CMC_OPTION("serial", 0, STRING, "HEX", struct values, serial,
                   "revoke: the certificate that it revokes"),
        CMC_OPTION("authority", 0, STRING, "NAME", struct values, authority,
                   "revoke: which of several authorities issued it (the\nfirst)"),
        CMC_OPTION("once", 0, FLAG, NULL, struct values, once,
                   "for one use; one that revokes always is"),
        CMC_OPTION("expires", 0, UINT, "DAYS", struct values, days, "no more after so many days"),
        CMC_OPTION("weak-ok", 0, FLAG, NULL, struct values, weak_ok,
                   "take a secret of less than 16 characters"),
        CMCD_OPTION_CONF(struct values, config),
        CMC_OPTION_END,
    };
    static const struct cmc_options options = {
        "cmcd secret add",
        "NAME",
        1,
        1,
        "Register a shared secret. To enroll, NAME is what the request's identification control\n"
        "says; for a revocation it only serves to remove the secret again.",
        rows};
    struct cmc_secret s = {.added_at = time(NULL)};
    struct cmcd_db db = {0};
    struct values v = {0};
    struct cmc_slice value;
    char **names;
    size_t n;
    bool helped, made = false;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &names, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    s.name = names[0];
    rc = fill(r, &v, &s);
    if (rc == CMC_OK)
        rc = find_value(r, &v, s.name, &value, &made);
    if (rc == CMC_OK)
        rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK && s.purpose == CMC_SECRET_REVOKE)
        rc = name_certificate(r, &db, &v, &s);
    if (rc == CMC_OK)
        rc = seal(r, &db, value, &s);
    if (rc == CMC_OK)
        rc = cmc_store_secret_add(db.store, &s, &r->err);
    if (rc == CMC_OK && made)
        rc = report(r, value);
    cmcd_db_close(&db);
    return rc;
}

/* -- remove ------------------------------------------------------------------------------ */

static enum cmc_rc remove_secret(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd secret remove",
        "NAME",
        1,
        1,
        "Forget a shared secret. To free one that is locked, remove it and add a new one.",
        conf_rows};
    struct cmcd_db db = {0};
    struct values v = {0};
    char **names;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &names, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_store_secret_remove(db.store, names[0], time(NULL), &r->err);
    cmcd_db_close(&db);
    return rc;
}

/* -- list -------------------------------------------------------------------------------- */

struct listing {
    struct cmc_buf out;
    int64_t now;
};

static const char *state_of(const struct cmc_secret *s, int64_t now)
{
    if (s->locked)
        return "locked";
    if (s->once && s->used_at != 0)
        return "used";
    return s->expires_at != 0 && s->expires_at < now ? "expired" : "good";
}

static enum cmc_rc list_one(void *arg, const struct cmc_secret *s)
{
    struct listing *l = arg;
    char when[CMCD_TIME_SIZE];

    cmc_buf_printf(&l->out, "%-20s  %-6s  %-7s  %-8s  failures %u", s->name,
                   s->purpose == CMC_SECRET_REVOKE ? "revoke" : "enroll", state_of(s, l->now),
                   s->once ? "once" : "reusable", s->failures);
    if (s->expires_at != 0)
        cmc_buf_printf(&l->out, "  until %s", cmcd_time(s->expires_at, when));
    if (s->serial.p != NULL) {
        cmc_buf_str(&l->out, "  serial ");
        cmc_buf_hex(&l->out, s->serial);
    }
    if (s->subject.p != NULL) {
        cmc_buf_str(&l->out, "  subject ");
        cmc_name_print(s->subject, &l->out);
    }
    for (const char *p = s->names; p != NULL;) {
        int n = (int)strcspn(p, "\n");

        cmc_buf_printf(&l->out, "%s%.*s", p == s->names ? "  names " : "; ", n, p);
        p = p[n] == '\n' ? p + n + 1 : NULL;
    }
    cmc_buf_str(&l->out, "\n");
    return CMC_OK;
}

static enum cmc_rc list(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmc_options options = {
        "cmcd secret list",
        "",
        0,
        0,
        "Name, purpose, state and bounds of each shared secret; never its value.",
        conf_rows};
    struct listing l = {.now = time(NULL)};
    struct cmcd_db db = {0};
    struct values v = {0};
    char **none;
    size_t n;
    bool helped;
    enum cmc_rc rc = cmc_options_parse(&options, argc, argv, &v, &none, &n, &helped, &r->err);

    if (rc != CMC_OK || helped)
        return rc;
    cmc_buf_init(&l.out, CMC_LIMIT_FILE_OCTETS);
    rc = cmcd_db_open(&db, v.config, &r->err);
    if (rc == CMC_OK)
        rc = cmc_reader_secrets(db.reader, list_one, &l, &r->err);
    if (rc == CMC_OK)
        rc = cmcd_print(&l.out, &r->err);
    cmcd_db_close(&db);
    cmc_buf_free(&l.out);
    return rc;
}

enum cmc_rc cmcd_cmd_secret(struct cmcd_run *r, int argc, char **argv)
{
    static const struct cmcd_command rows[] = {
        {"add", "register a shared secret", add},
        {"list", "list the shared secrets", list},
        {"remove", "forget a shared secret", remove_secret},
    };
    static const struct cmcd_group group = {"cmcd secret", rows, sizeof rows / sizeof rows[0]};

    return cmcd_dispatch(&group, r, argc, argv);
}
