/* SPDX-License-Identifier: Apache-2.0 */
/* cmc enroll: what is left behind, the certificates in files and the result on standard output. */
#include <jansson.h>

#include "asn1/codec.h"
#include "tool/enroll.h"

const struct tool_item *tool_enroll_granted(const struct enroll_run *r)
{
    for (size_t i = 0; i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL)
            return &r->items.v[i];
    }
    return NULL;
}

static bool is_new(const struct enroll_run *r, struct cmc_slice cert)
{
    for (size_t i = 0; i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL && cmc_slice_eq(r->items.v[i].cert, cert))
            return true;
    }
    return false;
}

static enum cmc_rc write_chain(struct enroll_run *r)
{
    struct tool *t = r->t;
    const struct cmc_chain *chain = &tool_enroll_granted(r)->chain;
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 1; rc == CMC_OK && i < chain->n; i++)
        rc = cmc_pem_write(TOOL_LABEL_CERT, chain->certs[i], &b, &t->err);
    /* Unchecked, all that the server sent besides is what there is. */
    for (size_t i = 0; rc == CMC_OK && r->trust == NULL && i < r->answer.ncerts; i++) {
        if (!is_new(r, r->answer.certs[i]))
            rc = cmc_pem_write(TOOL_LABEL_CERT, r->answer.certs[i], &b, &t->err);
    }
    if (rc == CMC_OK)
        rc = tool_write(t, r->o->chain_out, NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

/* All that were granted, in the order of the requests. */
static enum cmc_rc write_certs(struct enroll_run *r)
{
    struct cmc_buf b;
    enum cmc_rc rc = CMC_OK;

    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    for (size_t i = 0; rc == CMC_OK && i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL)
            rc = cmc_pem_write(TOOL_LABEL_CERT, r->items.v[i].cert, &b, &r->t->err);
    }
    if (rc == CMC_OK)
        rc = tool_write(r->t, r->o->cert_out, NULL, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

static enum cmc_rc say_cert(struct enroll_run *r, struct cmc_slice der)
{
    struct cmc_cert cert = {0};
    struct cmc_buf b;
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, der, r->t->arena, &cert, &r->t->err);

    if (rc != CMC_OK)
        return rc;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    cmc_buf_str(&b, "certificate of ");
    cmc_name_print(cert.tbs.subject, &b);
    cmc_buf_str(&b, ", serial number ");
    cmc_buf_hex(&b, cert.tbs.serial);
    cmc_buf_str(&b, ", in ");
    tool_safe(&b, cmc_slice_str(r->o->cert_out));
    cmc_buf_byte(&b, '\n');
    rc = tool_print(r->t, cmc_buf_get0(&b));
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc tool_enroll_save(struct enroll_run *r)
{
    bool say = !r->o->json && r->o->cert_out != NULL && strcmp(r->o->cert_out, "-") != 0;
    enum cmc_rc rc = write_certs(r);

    if (rc == CMC_OK && r->o->chain_out != NULL)
        rc = write_chain(r);
    for (size_t i = 0; rc == CMC_OK && say && i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL)
            rc = say_cert(r, r->items.v[i].cert);
    }
    return rc;
}

/* "certificate" of one request, "certificates" of several. */
static void json_certs(struct enroll_run *r, json_t *out)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->items.n; i++) {
        if (r->items.v[i].cert.p != NULL)
            (void)json_array_append_new(list,
                                        tool_json_cert(r->t, r->items.v[i].cert, r->o->cert_out));
    }
    if (r->items.n == 1)
        (void)json_object_set(out, "certificate", json_array_get(list, 0));
    else
        (void)json_object_set(out, "certificates", list);
    json_decref(list);
}

enum cmc_rc tool_enroll_json(struct enroll_run *r)
{
    json_t *out = json_pack("{s:s, s:o}", "result", tool_status_word(r->answer.worst), "statuses",
                            tool_json_outcomes(&r->answer));

    if (tool_enroll_granted(r) != NULL)
        json_certs(r, out);
    if (tool_enroll_granted(r) != NULL && r->o->chain_out != NULL)
        (void)json_object_set_new(out, "chainFile", json_string(r->o->chain_out));
    if (r->left != NULL)
        (void)json_object_set_new(out, "pendingFile", json_string(r->left));
    if (r->o->key.key_out != NULL)
        (void)json_object_set_new(out, "keyFile", json_string(r->o->key.key_out));
    return tool_json_print(r->t, out);
}
