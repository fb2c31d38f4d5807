/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/input.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/hex.h"

/* -- certification requests -------------------------------------------------------------- */

enum cmc_rc tool_csrs_keep(struct tool *t, struct cmc_list *list, struct cmc_slice der)
{
    struct cmc_slice *p = cmc_list_add(t->arena, &cmc_it_seq_any, list, 1);

    if (p == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for certification requests");
    *p = der;
    return CMC_OK;
}

static bool decodes(struct tool *t, const struct cmc_item *it, struct cmc_slice der)
{
    void *v = cmc_arena_alloc(t->arena, it->size);

    return v != NULL && cmc_decode(it, der, t->arena, v, NULL) == CMC_OK;
}

static enum cmc_rc add_messages(struct tool *t, struct cmc_slice der, struct tool_csrs *out)
{
    struct cmc_list msgs = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_seq_any, der, t->arena, &msgs, &t->err);

    for (size_t i = 0; rc == CMC_OK && i < msgs.n; i++)
        rc = tool_csrs_keep(t, &out->crmf, *CMC_AT(struct cmc_slice, msgs, i));
    return rc;
}

enum cmc_rc tool_csrs_add(struct tool *t, const char *path, struct tool_csrs *out)
{
    struct cmc_slice data, der;
    struct cmc_csr csr = {0};
    enum cmc_rc rc = tool_read(t, path, &data);

    if (rc != CMC_OK)
        return rc;
    rc = cmc_der_or_pem(data, NULL, t->arena, &der, &t->err);
    if (rc != CMC_OK) {
        cmc_err_prefix(&t->err, "%s", path);
        return rc;
    }
    if (cmc_decode(&cmc_it_csr, der, t->arena, &csr, NULL) == CMC_OK)
        return tool_csrs_keep(t, &out->pkcs10, csr.raw);
    if (decodes(t, &cmc_it_cert_req_messages, der))
        return add_messages(t, der, out);
    if (decodes(t, &cmc_it_cert_req_msg, der))
        return tool_csrs_keep(t, &out->crmf, der);
    return cmc_fail(&t->err, CMC_E_INPUT, NULL,
                    "%s: is no certification request; want PKCS#10 or CRMF (DER, PEM or base64)",
                    path);
}

enum cmc_rc tool_crmf_wrap(struct tool *t, struct cmc_slice msg, struct cmc_slice *out)
{
    struct cmc_list list = {0};
    enum cmc_rc rc = tool_csrs_keep(t, &list, msg);

    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_seq_any, &list, t->arena, out, &t->err);
    return rc;
}

/* -- certificates ------------------------------------------------------------------------ */

enum cmc_rc tool_certs(struct tool *t, const struct cmc_option_list *paths, struct cmc_slice **out,
                       size_t *n)
{
    struct cmc_list all = {0};
    enum cmc_rc rc = tool_crypto(t);

    for (size_t i = 0; rc == CMC_OK && i < paths->n; i++) {
        struct cmc_slice *certs;
        size_t found;

        rc = cmc_certs_load(t->crypto, paths->v[i], NULL, t->arena, &certs, &found, &t->err);
        for (size_t k = 0; rc == CMC_OK && k < found; k++)
            rc = tool_csrs_keep(t, &all, certs[k]);
    }
    *out = all.v;
    *n = all.n;
    return rc;
}

enum cmc_rc tool_cert(struct tool *t, const char *path, struct cmc_slice *der,
                      struct cmc_cert *cert)
{
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc = tool_crypto(t);

    if (rc == CMC_OK)
        rc = cmc_certs_load(t->crypto, path, NULL, t->arena, &certs, &n, &t->err);
    if (rc == CMC_OK)
        rc = cmc_decode(&cmc_it_cert, certs[0], t->arena, cert, &t->err);
    if (rc == CMC_OK)
        *der = certs[0];
    return rc;
}

/* -- signers ----------------------------------------------------------------------------- */

/* The certificate whose key this is goes to the front. */
static enum cmc_rc match(struct tool *t, struct tool_signer *s, const char *path)
{
    enum cmc_rc rc;
    EVP_PKEY *key = NULL;

    for (size_t i = 0; i < s->ncerts; i++) {
        struct cmc_slice der = s->certs[i];
        struct cmc_cert cert = {0};
        bool same;

        rc = cmc_decode(&cmc_it_cert, der, t->arena, &cert, &t->err);
        if (rc != CMC_OK)
            return rc;
        if (cmc_spki_key(t->crypto, cert.tbs.spki.raw, &key, NULL) != CMC_OK)
            continue;
        same = EVP_PKEY_eq(key, s->key) == 1;
        EVP_PKEY_free(key);
        key = NULL;
        if (same) {
            s->certs[i] = s->certs[0];
            s->certs[0] = der;
            s->cert = cert;
            return CMC_OK;
        }
    }
    return tool_usage(t, "%s: the private key is not that of the certificate", path);
}

enum cmc_rc tool_signer_load(struct tool *t, const char *cert, const char *key, const char *pass,
                             struct tool_signer *out)
{
    const struct cmc_passphrase p = {.file = pass, .prompt = pass == NULL};
    enum cmc_rc rc = tool_crypto(t);

    *out = (struct tool_signer){0};
    if (rc == CMC_OK)
        rc = cmc_certs_load(t->crypto, cert, &p, t->arena, &out->certs, &out->ncerts, &t->err);
    if (rc == CMC_OK)
        rc = cmc_key_load(t->crypto, key != NULL ? key : cert, &p, &out->key, &t->err);
    if (rc == CMC_OK)
        rc = match(t, out, cert);
    return rc;
}

void tool_signer_clean(struct tool_signer *s)
{
    EVP_PKEY_free(s->key);
    s->key = NULL;
}

enum cmc_rc tool_sid(struct tool *t, const char *text, int *sid)
{
    *sid = CMC_SID_ISSUER_SERIAL;
    if (text == NULL || strcmp(text, "issuer-serial") == 0)
        return CMC_OK;
    *sid = CMC_SID_SKI;
    if (strcmp(text, "ski") == 0)
        return CMC_OK;
    return tool_usage(t, "--sid %s: want issuer-serial or ski", text);
}

/* [10002-3.2-b, 10002-3.2-c, 10002-3.2-d] */
enum cmc_rc tool_self_ski(struct tool *t, const struct cmc_request *rq, EVP_PKEY *key,
                          struct cmc_slice *ski)
{
    const struct cmc_extension *e =
        cmc_extension_find(&rq->extensions, cmc_oid_id_ce_subjectKeyIdentifier);
    struct cmc_slice spki = CMC_SLICE_NONE;
    enum cmc_rc rc = cmc_key_spki(key, t->arena, &spki, &t->err);

    if (rc != CMC_OK)
        return rc;
    if (!cmc_slice_eq(spki, rq->spki))
        return tool_usage(t, "--self: the key is not that of the request");
    if (e == NULL)
        return cmc_fail(&t->err, CMC_E_USAGE, "RFC 10002 section 3.2.1",
                        "--self: the request does not ask for a subjectKeyIdentifier; make it "
                        "with cmc csr --ski");
    return cmc_decode(&cmc_it_octet_string, e->value, t->arena, ski, &t->err);
}

/* -- serial numbers ---------------------------------------------------------------------- */

#define SERIAL_MAX 64u

/* magnitude = magnitude * base + digit; false when it outgrows SERIAL_MAX octets. */
static bool shift_in(uint8_t magnitude[SERIAL_MAX], unsigned int base, unsigned int digit)
{
    unsigned int carry = digit;

    for (size_t i = SERIAL_MAX; i > 0; i--) {
        unsigned int v = magnitude[i - 1] * base + carry;

        magnitude[i - 1] = (uint8_t)(v & 0xff);
        carry = v >> 8;
    }
    return carry == 0;
}

enum cmc_rc tool_serial(struct tool *t, const char *text, struct cmc_slice *out)
{
    uint8_t magnitude[SERIAL_MAX] = {0};
    bool prefixed = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = prefixed ? text + 2 : text;
    unsigned int base = prefixed || strpbrk(digits, "abcdefABCDEF:") != NULL ? 16 : 10;
    size_t n = 0;

    *out = CMC_SLICE_NONE;
    for (const char *p = digits; *p != '\0'; p++) {
        int v = cmc_hex_digit(*p);

        if (*p == ':' && !prefixed && p > digits && p[1] != '\0' && p[1] != ':')
            continue;
        if (v < 0 || v >= (int)base)
            return tool_usage(t, "serial number '%s': '%c' at column %zu is no digit", text, *p,
                              (size_t)(p - text) + 1);
        if (!shift_in(magnitude, base, (unsigned int)v))
            return tool_usage(t, "serial number '%s' is too long", text);
        n++;
    }
    if (n == 0)
        return tool_usage(t, "serial number '%s': no digits; want 0x1fa0, 1f:a0 or 8096", text);
    *out = cmc_int_from_magnitude(t->arena, cmc_slice(magnitude, sizeof magnitude));
    if (out->p == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a serial number");
    return CMC_OK;
}
