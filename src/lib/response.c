/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "lib/lib_int.h"

struct cmcl_response {
    struct cmcl_context *ctx;
    struct cmc_arena *arena;
    struct cmc_trust store;
    const struct cmc_trust *trust; /* NULL: CMCL_TRUST_ANYBODY */
    struct cmc_answer_view view;
    const char **texts; /* of the outcomes */
};

/* -- opening ----------------------------------------------------------------------------- */

static enum cmc_rc take_trust(struct cmcl_response *r, const struct cmcl_certs *anchors,
                              unsigned int flags)
{
    bool anybody = (flags & CMCL_TRUST_ANYBODY) != 0;

    if (anybody != (anchors == NULL))
        return cmc_fail(&r->ctx->err, CMC_E_USAGE, NULL, "%s",
                        anybody ? "anchors and CMCL_TRUST_ANYBODY exclude each other"
                                : "no anchors to check the answer against");
    if (anybody)
        return CMC_OK;
    r->store.anchors = cmc_lib_copy_certs(r->arena, anchors);
    if (r->store.anchors == NULL)
        return cmc_lib_no_memory(r->ctx);
    r->store.nanchors = anchors->n;
    r->store.no_eku = (flags & CMCL_TRUST_NO_EKU) != 0;
    r->store.now = cmc_lib_now(r->ctx);
    r->trust = &r->store;
    return CMC_OK;
}

/* The statusStrings as C strings. */
static enum cmc_rc take_texts(struct cmcl_response *r)
{
    size_t n = r->view.noutcomes;

    r->texts = cmc_arena_array(r->arena, n, sizeof *r->texts);
    if (r->texts == NULL)
        return cmc_lib_no_memory(r->ctx);
    for (size_t i = 0; i < n; i++) {
        struct cmc_slice text = r->view.outcomes[i].text;

        r->texts[i] =
            text.p != NULL ? cmc_arena_strndup(r->arena, (const char *)text.p, text.n) : "";
        if (r->texts[i] == NULL)
            return cmc_lib_no_memory(r->ctx);
    }
    return CMC_OK;
}

static enum cmc_rc open_body(struct cmcl_response *r, struct cmc_slice body,
                             const struct cmcl_request *rq, const struct cmcl_certs *anchors,
                             unsigned int flags)
{
    struct cmcl_context *ctx = r->ctx;
    struct cmc_slice mine;
    enum cmc_rc rc;

    if (rq != NULL && rq->der.p == NULL)
        return cmc_fail(&ctx->err, CMC_E_USAGE, NULL,
                        "the request was not built yet, so this cannot be its answer");
    rc = take_trust(r, anchors, flags);
    if (rc != CMC_OK)
        return rc;
    mine = cmc_arena_slice(r->arena, body);
    if (mine.p == NULL)
        return cmc_lib_no_memory(ctx);
    rc = cmc_answer_open(ctx->crypto, mine, rq != NULL ? &rq->state : NULL, r->trust, r->arena,
                         &r->view, &ctx->err);
    return rc == CMC_OK ? take_texts(r) : rc;
}

enum cmcl_rc cmcl_response_open(struct cmcl_context *ctx, const void *body, size_t n,
                                const struct cmcl_request *rq, const struct cmcl_certs *anchors,
                                unsigned int flags, struct cmcl_response **out)
{
    struct cmcl_response *r = calloc(1, sizeof *r);
    enum cmc_rc rc;

    *out = NULL;
    if (r == NULL || (r->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS)) == NULL) {
        free(r);
        return (enum cmcl_rc)cmc_lib_no_memory(ctx);
    }
    r->ctx = ctx;
    rc = open_body(r, cmc_lib_octets(body, n), rq, anchors, flags);
    if (rc == CMC_OK) {
        *out = r;
        r = NULL;
    }
    cmcl_response_free(r);
    return (enum cmcl_rc)rc;
}

void cmcl_response_free(struct cmcl_response *r)
{
    if (r == NULL)
        return;
    cmc_arena_free(r->arena);
    free(r);
}

/* -- outcomes ---------------------------------------------------------------------------- */

static const struct cmc_outcome *outcome(const struct cmcl_response *r, size_t i)
{
    static const struct cmc_outcome none = {.status = CMC_STATUS_FAILED,
                                            .fail_info = CMC_FAIL_INFO_NONE};

    return i < r->view.noutcomes ? &r->view.outcomes[i] : &none;
}

int cmcl_response_is_full(const struct cmcl_response *r)
{
    return r->view.full;
}

uint32_t cmcl_response_status(const struct cmcl_response *r)
{
    return r->view.worst;
}

size_t cmcl_response_outcome_count(const struct cmcl_response *r)
{
    return r->view.noutcomes;
}

uint32_t cmcl_response_outcome_status(const struct cmcl_response *r, size_t i)
{
    return outcome(r, i)->status;
}

int cmcl_response_outcome_fail_info(const struct cmcl_response *r, size_t i)
{
    return outcome(r, i)->fail_info;
}

const char *cmcl_response_outcome_get0_text(const struct cmcl_response *r, size_t i)
{
    return i < r->view.noutcomes ? r->texts[i] : "";
}

const uint32_t *cmcl_response_outcome_get0_body_parts(const struct cmcl_response *r, size_t i,
                                                      size_t *n)
{
    *n = outcome(r, i)->nbody_parts;
    return outcome(r, i)->body_parts;
}

/* -- what it carries --------------------------------------------------------------------- */

size_t cmcl_response_cert_count(const struct cmcl_response *r)
{
    return r->view.ncerts;
}

const uint8_t *cmcl_response_get0_cert(const struct cmcl_response *r, size_t i, size_t *n)
{
    return cmc_lib_lend(i < r->view.ncerts ? r->view.certs[i] : CMC_SLICE_NONE, n);
}

enum cmcl_rc cmcl_response_get0_cert_for(struct cmcl_response *r, const struct cmcl_csr *csr,
                                         const uint8_t **der, size_t *n)
{
    struct cmc_slice cert = CMC_SLICE_NONE;
    enum cmc_rc rc = cmc_answer_cert(r->ctx->crypto, &r->view, csr->spki, r->trust, r->arena, &cert,
                                     &r->ctx->err);

    *der = cmc_lib_lend(rc == CMC_OK ? cert : CMC_SLICE_NONE, n);
    return (enum cmcl_rc)rc;
}

const uint8_t *cmcl_response_get0_data_return(const struct cmcl_response *r, size_t *n)
{
    return cmc_lib_lend(r->view.data_return, n);
}
