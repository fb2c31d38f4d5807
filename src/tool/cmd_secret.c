/* SPDX-License-Identifier: Apache-2.0 */
/* cmc secret: make a shared secret, or seal one to a CA as Dogtag keeps it. */
#include <openssl/crypto.h>

#include "base/file.h"
#include "control/shared_token.h"
#include "tool/input.h"
#include "tool/secret.h"

#define MADE_OCTETS     24
#define MADE_CHARACTERS 32

struct secret {
    bool new_;
    const char *file, *for_cert, *out;
    bool oaep, der;
};

static const struct cmc_option rows[] = {
    CMC_OPTION("new", 0, FLAG, NULL, struct secret, new_,
               "make a secret of 192 random bits, 32 characters"),
    CMC_OPTION("secret-file", 0, STRING, "FILE", struct secret, file,
               "first line of FILE is the secret (\"-\": standard input)"),
    CMC_OPTION("for-cert", 0, STRING, "URI", struct secret, for_cert,
               "seal it to this certificate of the CA (RSA), as Dogtag's\n"
               "shared token; it then is nobody else's to read"),
    CMC_OPTION("oaep", 0, FLAG, NULL, struct secret, oaep,
               "by RSA-OAEP with SHA-256, not PKCS#1 v1.5"),
    CMC_OPTION("out", 'o', STRING, "FILE", struct secret, out,
               "write here, not to standard output; mode 0600"),
    CMC_OPTION("der", 0, FLAG, NULL, struct secret, der, "write a token as DER, not base64"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc secret",
    .operands = "",
    .about =
        "Make a shared secret for --secret-file, or seal one to a CA as a Dogtag shared token.",
    .rows = rows,
};

static enum cmc_rc check(struct tool *t, const struct secret *o)
{
    if (o->new_ == (o->file != NULL))
        return tool_usage(t, "one of --new and --secret-file FILE is needed");
    if (o->for_cert == NULL && (o->oaep || o->der))
        return tool_usage(t, "--oaep and --der are for a token; add --for-cert URI");
    if (o->for_cert == NULL && !o->new_)
        return tool_usage(t, "what shall become of the secret? Give --for-cert URI, or --new");
    if (o->new_ && o->for_cert != NULL)
        return tool_usage(t, "a new secret that is sealed is known to nobody: make it first, then "
                             "seal it with --secret-file");
    return CMC_OK;
}

/* Base64url: nothing in it needs quoting in a shell or a configuration. */
static enum cmc_rc make(struct tool *t, struct cmc_slice *out)
{
    uint8_t octets[MADE_OCTETS];
    char *text = cmc_arena_alloc(t->arena, MADE_CHARACTERS + 1);
    enum cmc_rc rc = tool_crypto(t);

    if (text == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a secret");
    if (rc == CMC_OK)
        rc = cmc_random(t->crypto, octets, sizeof octets, &t->err);
    if (rc != CMC_OK)
        return rc;
    (void)EVP_EncodeBlock((unsigned char *)text, octets, sizeof octets);
    OPENSSL_cleanse(octets, sizeof octets);
    for (char *p = text; *p != '\0'; p++)
        *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
    *out = cmc_slice(text, MADE_CHARACTERS);
    return CMC_OK;
}

static enum cmc_rc seal(struct tool *t, const struct secret *o, struct cmc_slice secret,
                        struct cmc_slice *out)
{
    struct cmc_cert cert = {0};
    struct cmc_slice der;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = tool_cert(t, o->for_cert, &der, &cert);

    if (rc == CMC_OK)
        rc = cmc_spki_key(t->crypto, cert.tbs.spki.raw, &key, &t->err);
    if (rc == CMC_OK)
        rc =
            cmc_shared_token_make(t->crypto, key, o->oaep ? CMC_RSA_OAEP_SHA256 : CMC_RSA_PKCS1_V15,
                                  secret, t->arena, out, &t->err);
    EVP_PKEY_free(key);
    return rc;
}

static enum cmc_rc put(struct tool *t, const struct secret *o, struct cmc_slice what)
{
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    if (o->for_cert != NULL && !o->der) {
        char *text = cmc_arena_alloc(t->arena, what.n / 3 * 4 + 8);

        if (text == NULL || what.n > INT_MAX / 2)
            rc = cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a token");
        else
            cmc_buf_add(&b, text,
                        (size_t)EVP_EncodeBlock((unsigned char *)text, what.p, (int)what.n));
    } else {
        cmc_buf_slice(&b, what);
    }
    if (!o->der)
        cmc_buf_byte(&b, '\n');
    if (rc == CMC_OK)
        rc = o->out != NULL && strcmp(o->out, "-") != 0
                 ? cmc_file_write(o->out, 0600, cmc_buf_get0(&b), &t->err)
                 : tool_print(t, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc run(struct tool *t, const struct secret *o)
{
    struct cmc_slice what = CMC_SLICE_NONE;
    enum cmc_rc rc = check(t, o);

    if (rc == CMC_OK)
        rc = o->new_ ? make(t, &what) : tool_secret_read(t, o->file, NULL, &what);
    if (rc == CMC_OK && o->for_cert != NULL)
        rc = seal(t, o, what, &what);
    return rc == CMC_OK ? put(t, o, what) : rc;
}

int tool_cmd_secret(struct tool *t, int argc, char **argv)
{
    struct secret o = {0};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);

    return code == TOOL_GO_ON ? tool_end(t, run(t, &o)) : code;
}
