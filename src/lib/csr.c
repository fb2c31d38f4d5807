/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "lib/lib_int.h"

_Static_assert((int)CMCL_PKCS10 == (int)CMC_FORM_PKCS10 && (int)CMCL_CRMF == (int)CMC_FORM_CRMF,
               "enum cmcl_form is enum cmc_request_form");

static struct cmcl_csr *csr_new(struct cmcl_context *ctx)
{
    struct cmcl_csr *csr = calloc(1, sizeof *csr);

    if (csr != NULL)
        csr->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    if (csr != NULL && csr->arena != NULL)
        return csr;
    free(csr);
    (void)cmc_lib_no_memory(ctx);
    return NULL;
}

/* -- making ------------------------------------------------------------------------------ */

static enum cmc_rc add_ski(struct cmcl_context *ctx, EVP_PKEY *pkey, struct cmc_arena *arena,
                           struct cmc_extension *out)
{
    uint8_t ski[CMC_SKI_OCTETS];
    struct cmc_slice spki, value = {ski, sizeof ski};
    enum cmc_rc rc = cmc_key_spki(pkey, arena, &spki, &ctx->err);

    out->extn_id = cmc_oid_id_ce_subjectKeyIdentifier;
    if (rc == CMC_OK)
        rc = cmc_spki_ski(ctx->crypto, spki, ski, &ctx->err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_octet_string, &value, arena, &out->value, &ctx->err);
    return rc;
}

/*
 * The certReqId is signed and becomes the body part id, so requests that are made apart and sent
 * together must differ in it; some peers take it for a signed number.
 */
static enum cmc_rc choose_id(struct cmcl_context *ctx, uint32_t *id)
{
    enum cmc_rc rc = CMC_OK;

    while (rc == CMC_OK && *id == 0) {
        rc = cmc_random(ctx->crypto, id, sizeof *id, &ctx->err);
        *id &= 0x7fffffff;
    }
    return rc;
}

enum cmcl_rc cmcl_csr_new(struct cmcl_key *key, enum cmcl_form form, const char *subject,
                          const char *san, unsigned int flags, struct cmcl_csr **out)
{
    struct cmcl_context *ctx = key->ctx;
    struct cmcl_csr *csr = NULL;
    struct cmc_extension exts[2] = {0};
    struct cmc_request_params p = {.key = key->pkey, .exts = exts};
    enum cmc_rc rc;

    *out = NULL;
    if (form != CMCL_PKCS10 && form != CMCL_CRMF)
        return (enum cmcl_rc)cmc_fail(&ctx->err, CMC_E_USAGE, NULL,
                                      "%d is no form of a certification request", (int)form);
    csr = csr_new(ctx);
    if (csr == NULL)
        return CMCL_E_MEM;
    csr->form = form;
    rc = cmc_name_parse(subject, csr->arena, &p.subject, &ctx->err);
    if (rc == CMC_OK && san != NULL)
        rc = cmc_san_parse(san, csr->arena, &exts[p.nexts++], &ctx->err);
    if (rc == CMC_OK && (flags & CMCL_CSR_SKI) != 0)
        rc = add_ski(ctx, key->pkey, csr->arena, &exts[p.nexts++]);
    if (rc == CMC_OK)
        rc = cmc_key_spki(key->pkey, csr->arena, &csr->spki, &ctx->err);
    if (rc == CMC_OK)
        rc = choose_id(ctx, &p.cert_req_id);
    if (rc == CMC_OK && form == CMCL_CRMF)
        rc = cmc_crmf_create(ctx->crypto, &p, csr->arena, &csr->der, &ctx->err);
    else if (rc == CMC_OK)
        rc = cmc_pkcs10_create(ctx->crypto, &p, csr->arena, &csr->der, &ctx->err);
    if (rc == CMC_OK) {
        *out = csr;
        csr = NULL;
    }
    cmcl_csr_free(csr);
    return (enum cmcl_rc)rc;
}

/* -- reading ----------------------------------------------------------------------------- */

/* The one message in CertReqMessages, or der itself when it is a CertReqMsg. */
static enum cmc_rc one_message(struct cmcl_context *ctx, struct cmcl_csr *csr, struct cmc_slice der)
{
    struct cmc_list msgs = {0};

    csr->der = der;
    if (cmc_decode(&cmc_it_cert_req_messages, der, csr->arena, &msgs, NULL) != CMC_OK)
        return CMC_OK;
    if (msgs.n != 1)
        return cmc_fail(&ctx->err, CMC_E_INPUT, NULL,
                        "these are %zu certification requests; give them one at a time", msgs.n);
    /* Again, for its octets this time. */
    msgs = (struct cmc_list){0};
    if (cmc_decode(&cmc_it_seq_any, der, csr->arena, &msgs, &ctx->err) != CMC_OK)
        return ctx->err.rc;
    csr->der = *CMC_AT(struct cmc_slice, msgs, 0);
    return CMC_OK;
}

static enum cmc_rc read_csr(struct cmcl_context *ctx, struct cmcl_csr *csr, struct cmc_slice der)
{
    struct cmc_csr p10 = {0};
    struct cmc_request rq = {0};
    enum cmc_rc rc = CMC_OK;

    if (cmc_decode(&cmc_it_csr, der, csr->arena, &p10, NULL) == CMC_OK) {
        csr->form = CMCL_PKCS10;
        csr->der = p10.raw;
        rc = cmc_request_from_pkcs10(csr->der, csr->arena, &rq, &ctx->err);
    } else {
        csr->form = CMCL_CRMF;
        rc = one_message(ctx, csr, der);
        if (rc == CMC_OK)
            rc = cmc_request_from_crmf(csr->der, csr->arena, &rq, &ctx->err);
    }
    if (rc == CMC_OK)
        csr->spki = rq.spki;
    return rc;
}

enum cmcl_rc cmcl_csr_read(struct cmcl_context *ctx, const void *data, size_t n,
                           struct cmcl_csr **out)
{
    struct cmcl_csr *csr = csr_new(ctx);
    struct cmc_slice mine, der = CMC_SLICE_NONE;
    enum cmc_rc rc;

    *out = NULL;
    if (csr == NULL)
        return CMCL_E_MEM;
    mine = cmc_arena_slice(csr->arena, cmc_lib_octets(data, n));
    if (mine.p == NULL)
        rc = cmc_lib_no_memory(ctx);
    else
        rc = cmc_der_or_pem(mine, NULL, csr->arena, &der, &ctx->err);
    if (rc == CMC_OK)
        rc = read_csr(ctx, csr, der);
    if (rc == CMC_OK) {
        *out = csr;
        csr = NULL;
    } else {
        cmc_err_prefix(&ctx->err, "certification request");
    }
    cmcl_csr_free(csr);
    return (enum cmcl_rc)rc;
}

enum cmcl_form cmcl_csr_form(const struct cmcl_csr *csr)
{
    return csr->form;
}

const uint8_t *cmcl_csr_get0_der(const struct cmcl_csr *csr, size_t *n)
{
    return cmc_lib_lend(csr->der, n);
}

void cmcl_csr_free(struct cmcl_csr *csr)
{
    if (csr == NULL)
        return;
    cmc_arena_free(csr->arena);
    free(csr);
}
