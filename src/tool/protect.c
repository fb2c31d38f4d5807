/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/protect.h"

#include <openssl/crypto.h>

static bool by_secret(const struct tool_protect_options *o)
{
    return o->mac_secret != NULL || o->encrypt_secret != NULL;
}

static bool encrypts(const struct tool_protect_options *o)
{
    return o->to.n > 0 || o->encrypt_secret != NULL;
}

static enum cmc_rc envelope_of(struct tool *t, const struct tool_protect_options *o,
                               enum cmc_envelope_form *out)
{
    *out = encrypts(o) ? CMC_ENVELOPE_AUTHENTICATED : CMC_ENVELOPE_NONE;
    if (o->with == NULL || strcmp(o->with, "authenveloped") == 0)
        return CMC_OK;
    if (strcmp(o->with, "enveloped") != 0)
        return tool_usage(t, "--encrypt-with %s: want authenveloped or enveloped", o->with);
    *out = encrypts(o) ? CMC_ENVELOPE_PLAIN : CMC_ENVELOPE_NONE;
    return CMC_OK;
}

enum cmc_rc tool_protect_check(struct tool *t, const struct tool_protect_options *o, bool signs)
{
    enum cmc_envelope_form form;

    if ((o->with != NULL || o->sign_outside || o->decrypt_cert != NULL) && !encrypts(o))
        return tool_usage(t, "--encrypt-with, --sign-outside and --decrypt-cert go with "
                             "--encrypt-to or --encrypt-secret");
    if (o->decrypt_cert == NULL && o->decrypt_key != NULL)
        return tool_usage(t, "--decrypt-key without --decrypt-cert; name the certificate too");
    if (by_secret(o) != (o->secret_name != NULL))
        return tool_usage(t, "--secret-name names the secret of --mac-secret or --encrypt-secret: "
                             "one needs the other");
    if (o->mac_secret != NULL && signs)
        return tool_usage(t, "--mac-secret takes the place of a signature; leave out who signs");
    if (o->sign_outside && !signs)
        return tool_usage(t, "--sign-outside needs somebody who signs");
    return envelope_of(t, o, &form);
}

/* The first line of a file. */
static enum cmc_rc read_secret(struct tool *t, const char *path, struct cmc_slice *out)
{
    struct cmc_slice text;
    size_t n = 0;
    enum cmc_rc rc = tool_read(t, path, &text);

    if (rc != CMC_OK)
        return rc;
    while (n < text.n && text.p[n] != '\n' && text.p[n] != '\r')
        n++;
    if (n == 0 || n > CMC_LIMIT_SECRET_OCTETS)
        return cmc_fail(&t->err, CMC_E_INPUT, NULL,
                        "%s: the first line must be the shared secret, 1 to "
                        "CMC_LIMIT_SECRET_OCTETS (%u) octets",
                        path, CMC_LIMIT_SECRET_OCTETS);
    *out = cmc_slice(text.p, n);
    return CMC_OK;
}

/* One secret protects a message: that of one entity (RFC 10002 section 10). */
static enum cmc_rc load_secret(struct tool *t, const struct tool_protect_options *o,
                               struct cmc_protection *p)
{
    struct cmc_slice other;
    enum cmc_rc rc;

    if (!by_secret(o))
        return CMC_OK;
    p->identification = cmc_slice_str(o->secret_name);
    if (p->identification.n > CMC_LIMIT_IDENTITY_OCTETS)
        return tool_usage(t, "--secret-name: at most %u octets", CMC_LIMIT_IDENTITY_OCTETS);
    rc = read_secret(t, o->mac_secret != NULL ? o->mac_secret : o->encrypt_secret, &p->secret);
    if (rc == CMC_OK && o->mac_secret != NULL && o->encrypt_secret != NULL) {
        rc = read_secret(t, o->encrypt_secret, &other);
        if (rc == CMC_OK &&
            (other.n != p->secret.n || CRYPTO_memcmp(other.p, p->secret.p, other.n) != 0))
            rc = tool_usage(t, "--mac-secret and --encrypt-secret are two secrets; a message is "
                               "for one entity");
    }
    return rc;
}

void tool_protect_key(struct tool_protection *p, EVP_PKEY *key, struct cmc_slice cert)
{
    if (key == NULL || p->p.nkeys == TOOL_PROTECT_KEYS)
        return;
    p->keys[p->p.nkeys++] = (struct cmc_cms_recipient){.key = key, .cert = cert};
    p->p.keys = p->keys;
}

enum cmc_rc tool_protect_load(struct tool *t, const struct tool_protect_options *o,
                              struct tool_protection *out)
{
    struct cmc_slice *to = NULL;
    enum cmc_rc rc = tool_crypto(t);

    if (rc == CMC_OK)
        rc = envelope_of(t, o, &out->p.envelope);
    out->p.mac = o->mac_secret != NULL;
    out->p.to_secret = o->encrypt_secret != NULL;
    out->p.sign_outside = o->sign_outside;
    if (rc == CMC_OK && o->to.n > 0)
        rc = tool_certs(t, &o->to, &to, &out->p.nto);
    out->p.to = to;
    if (rc == CMC_OK)
        rc = load_secret(t, o, &out->p);
    if (rc == CMC_OK && o->decrypt_cert != NULL)
        rc = tool_signer_load(t, o->decrypt_cert, o->decrypt_key, o->decrypt_pass, &out->decrypt);
    if (rc == CMC_OK && out->decrypt.key != NULL)
        tool_protect_key(out, out->decrypt.key, out->decrypt.certs[0]);
    return rc;
}

void tool_protect_clean(struct tool_protection *p)
{
    tool_signer_clean(&p->decrypt);
}

enum cmc_rc tool_protect_apply(struct tool *t, struct tool_protection *p,
                               struct cmc_full_request *rq)
{
    if (p->p.envelope == CMC_ENVELOPE_NONE && !p->p.mac)
        return CMC_OK;
    rq->protection = &p->p;
    if (p->p.mac)
        rq->signer = NULL;
    if (p->decrypt.key == NULL)
        return CMC_OK;
    p->certs = cmc_arena_array(t->arena, rq->ncerts + 1, sizeof *p->certs);
    if (p->certs == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for certificates");
    if (rq->ncerts > 0)
        memcpy(p->certs, rq->certs, rq->ncerts * sizeof *p->certs);
    p->certs[rq->ncerts] = p->decrypt.certs[0];
    rq->certs = p->certs;
    rq->ncerts++;
    return CMC_OK;
}

/* -- any message ------------------------------------------------------------------------- */

enum cmc_rc tool_open_load(struct tool *t, const struct tool_open_options *o,
                           struct tool_protection *out)
{
    const struct cmc_passphrase pass = {.file = o->pass, .prompt = o->pass == NULL};
    struct cmc_slice der = CMC_SLICE_NONE;
    struct cmc_cert cert;
    enum cmc_rc rc = CMC_OK;

    if (o->key == NULL && (o->cert != NULL || o->pass != NULL))
        return tool_usage(t, "--key-cert and --key-pass go with --key");
    if ((o->secret != NULL) != (o->secret_name != NULL))
        return tool_usage(t, "--secret-file and --secret-name go together");
    if (o->key != NULL) {
        rc = tool_crypto(t);
        if (rc == CMC_OK)
            rc = cmc_key_load(t->crypto, o->key, &pass, &out->decrypt.key, &t->err);
        if (rc == CMC_OK && o->cert != NULL)
            rc = tool_cert(t, o->cert, &der, &cert);
        if (rc == CMC_OK)
            tool_protect_key(out, out->decrypt.key, der);
    }
    if (rc == CMC_OK && o->secret != NULL) {
        out->p.identification = cmc_slice_str(o->secret_name);
        rc = read_secret(t, o->secret, &out->p.secret);
    }
    return rc;
}
