/* SPDX-License-Identifier: Apache-2.0 */
/* cmc show: what is in a file, first in short, then to the last field. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/protect.h"
#include "tool/protect.h"
#include "tool/summary.h"

struct show {
    bool brief, why;
    struct tool_open_options open;
    const struct cmc_protection *keys; /* what open comes to */
};

static const struct cmc_option rows[] = {
    CMC_OPTION("brief", 'b', FLAG, NULL, struct show, brief, "print the summary only"),
    CMC_OPTION("why", 0, FLAG, NULL, struct show, why,
               "of a file that is nothing known, say what each kind lacks"),
    TOOL_OPEN_ROWS(struct show, open),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc show",
    .operands = "FILE...",
    .min_operands = 1,
    .max_operands = UINT32_MAX,
    .about = "Print CMC requests and responses, certs-only messages, PKCS#10 and CRMF requests,\n"
             "certificates and CRLs (DER, PEM or base64; \"-\" is standard input).",
    .rows = rows,
};

struct kind {
    const struct cmc_item *it;
    void (*summary)(struct tool_summary *s, const void *value);
};

/* Told apart by what decodes: no two of these share an encoding. */
static const struct kind kinds[] = {
    {&cmc_it_content_info, tool_summary_content},
    {&cmc_it_cert, tool_summary_cert},
    {&cmc_it_csr, tool_summary_csr},
    {&cmc_it_crl, tool_summary_crl},
    {&cmc_it_cert_req_messages, tool_summary_crmf_list},
    {&cmc_it_cert_req_msg, tool_summary_crmf},
    {&cmc_it_pkidata, tool_summary_pkidata},
    {&cmc_it_pkiresponse, tool_summary_pkiresponse},
};

static enum cmc_rc show_value(struct tool *t, const struct show *o, const struct kind *kind,
                              const void *value, struct cmc_buf *out)
{
    struct tool_summary s = {.t = t, .out = out};

    kind->summary(&s, value);
    if (o->brief)
        return CMC_OK;
    cmc_buf_byte(out, '\n');
    return cmc_item_print(kind->it, value, t->arena, 0, out, &t->err);
}

/* -- protected messages ------------------------------------------------------------------ */

static enum cmc_rc show_decrypted(struct tool *t, const struct show *o, struct cmc_content_info *ci,
                                  struct cmc_buf *out)
{
    struct cmc_content_info inside;
    enum cmc_rc rc = cmc_unwrap_envelope(t->crypto, o->keys, ci, t->arena, &inside, &t->err);

    if (rc != CMC_OK)
        return rc;
    cmc_buf_printf(out, "\ndecrypted, what is in the %s:\n", cmc_oid_name(ci->content_type));
    *ci = inside;
    return show_value(t, o, &kinds[0], ci, out);
}

static void show_mac(struct tool *t, const struct show *o, const struct cmc_content_info *ci,
                     struct cmc_buf *out)
{
    struct cmc_authenticated_data ad;

    if (o->keys->secret.p == NULL)
        return;
    if (cmc_unwrap_authenticated(t->crypto, o->keys, ci, t->arena, &ad, &t->err) == CMC_OK)
        cmc_buf_str(out, "\nthe MAC verifies with the shared secret\n");
    else
        cmc_buf_printf(out, "\nthe MAC is not shown to be right: %s\n", t->err.text);
}

/* Go on into what keys and secrets open. The structure of a layer is shown before. */
static enum cmc_rc show_inside(struct tool *t, const struct show *o, struct cmc_content_info ci,
                               struct cmc_buf *out)
{
    struct cmc_signed_data sd;
    enum cmc_rc rc = tool_crypto(t);

    for (unsigned int n = 0; rc == CMC_OK && n < CMC_LIMIT_CMS_LAYERS; n++) {
        if (cmc_is_envelope(ci.content_type)) {
            rc = show_decrypted(t, o, &ci, out);
        } else if (cmc_slice_eq(ci.content_type, cmc_oid_id_ct_authData)) {
            show_mac(t, o, &ci, out);
            break;
        } else if (cmc_slice_eq(ci.content_type, cmc_oid_id_signedData) &&
                   cmc_signed_data_read(&ci, t->arena, &sd, NULL) == CMC_OK &&
                   cmc_is_envelope(sd.encap.type)) {
            ci = (struct cmc_content_info){.content_type = sd.encap.type,
                                           .content = sd.encap.content};
        } else {
            break;
        }
    }
    return rc;
}

static enum cmc_rc nothing_fits(struct tool *t, const struct show *o, struct cmc_slice der)
{
    struct cmc_err why;

    for (size_t i = 0; o->why && i < CMC_COUNT(kinds); i++) {
        void *v = cmc_arena_alloc(t->arena, kinds[i].it->size);

        if (v == NULL)
            return cmc_fail(&t->err, CMC_E_MEM, NULL, "out of memory");
        if (cmc_decode(kinds[i].it, der, t->arena, v, &why) != CMC_OK)
            tool_note(t, "not a %s: %s", kinds[i].it->name, why.text);
    }
    return cmc_fail(&t->err, CMC_E_INPUT, NULL,
                    "is no message, request, certificate or CRL that is known here%s",
                    o->why ? "" : " (--why tells what each kind lacks)");
}

static enum cmc_rc show_der(struct tool *t, const struct show *o, struct cmc_slice der,
                            struct cmc_buf *out)
{
    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        void *v = cmc_arena_alloc(t->arena, kinds[i].it->size);

        if (v == NULL)
            return cmc_fail(&t->err, CMC_E_MEM, NULL, "out of memory");
        if (cmc_decode(kinds[i].it, der, t->arena, v, NULL) == CMC_OK) {
            enum cmc_rc rc = show_value(t, o, &kinds[i], v, out);

            if (rc == CMC_OK && i == 0 && o->keys != NULL)
                rc = show_inside(t, o, *(const struct cmc_content_info *)v, out);
            return rc;
        }
    }
    return nothing_fits(t, o, der);
}

/* Each block of a PEM file, under its label when there are several. */
static enum cmc_rc show_pem(struct tool *t, const struct show *o, struct cmc_slice text,
                            struct cmc_buf *out)
{
    struct cmc_slice der = CMC_SLICE_NONE;
    const char *label = NULL;
    size_t n = 0;
    enum cmc_rc rc;

    while ((rc = cmc_pem_next(&text, t->arena, &label, &der, &t->err)) == CMC_OK) {
        if (n++ > 0)
            cmc_buf_byte(out, '\n');
        if (strstr(label, "PRIVATE KEY") != NULL)
            cmc_buf_str(out, "a private key, which is not shown\n");
        else
            rc = show_der(t, o, der, out);
        if (rc != CMC_OK) {
            cmc_err_prefix(&t->err, "PEM block %zu (%s)", n, label);
            return rc;
        }
    }
    if (rc == CMC_E_NOTFOUND && n > 0)
        return CMC_OK;
    return rc == CMC_E_NOTFOUND
               ? cmc_fail(&t->err, CMC_E_INPUT, NULL, "no PEM block between the lines of text")
               : rc;
}

static enum cmc_rc show_data(struct tool *t, const struct show *o, struct cmc_slice data,
                             struct cmc_buf *out)
{
    struct cmc_slice der;
    enum cmc_rc rc;

    if (cmc_is_pem(data))
        return show_pem(t, o, data, out);
    rc = cmc_der_or_pem(data, NULL, t->arena, &der, &t->err);
    return rc == CMC_OK ? show_der(t, o, der, out) : rc;
}

static enum cmc_rc show_file(struct tool *t, const struct show *o, const char *path, bool title)
{
    enum cmc_rc rc;
    struct cmc_slice data;
    struct cmc_buf out;

    cmc_buf_init(&out, CMC_LIMIT_ARENA_OCTETS);
    rc = tool_read(t, path, &data);
    if (rc != CMC_OK)
        goto out;
    if (title) {
        tool_safe(&out, cmc_slice_str(path));
        cmc_buf_str(&out, ":\n");
    }
    rc = show_data(t, o, data, &out);
    if (rc != CMC_OK)
        cmc_err_prefix(&t->err, "%s", path);
    else if (!cmc_buf_ok(&out))
        rc = cmc_fail(&t->err, CMC_E_MEM, NULL, "%s: no memory to print it", path);
    else
        rc = tool_print(t, cmc_buf_get0(&out));
out:
    cmc_buf_free(&out);
    return rc;
}

int tool_cmd_show(struct tool *t, int argc, char **argv)
{
    struct show o = {0};
    char **paths;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &paths, &n);
    int worst = TOOL_OK;

    if (code != TOOL_GO_ON)
        return code;
    for (size_t i = 0; i < n; i++) {
        struct tool_protection opener = {0};

        /* Anew for each file: the arena that it lives in is. */
        code = tool_end(t, tool_open_load(t, &o.open, &opener));
        o.keys = o.open.key != NULL || o.open.secret != NULL ? &opener.p : NULL;
        if (code == TOOL_OK)
            code = tool_end(t, show_file(t, &o, paths[i], n > 1));
        tool_protect_clean(&opener);
        worst = code > worst ? code : worst;
        /* The crypto context outlives the arena's contents; nothing else does. */
        cmc_arena_reset(t->arena);
    }
    return worst;
}
