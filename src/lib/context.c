/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "asn1/codec.h"
#include "lib/lib_int.h"

/* The public numbers are the inner ones: the first and the last of each kind stand for all. */
_Static_assert((int)CMCL_E_INPUT == (int)CMC_E_INPUT && (int)CMCL_E_BUG == (int)CMC_E_BUG,
               "enum cmcl_rc is enum cmc_rc");
_Static_assert((int)CMCL_STATUS_FAILED == (int)CMC_STATUS_FAILED &&
                   (int)CMCL_STATUS_PARTIAL == (int)CMC_STATUS_PARTIAL,
               "enum cmcl_status is enum cmc_status");
_Static_assert((int)CMCL_FAIL_NONE == CMC_FAIL_INFO_NONE &&
                   (int)CMCL_FAIL_BAD_REQUEST == (int)CMC_FAIL_BAD_REQUEST &&
                   (int)CMCL_FAIL_AUTH_DATA_FAIL == (int)CMC_FAIL_AUTH_DATA_FAIL,
               "enum cmcl_fail_info is enum cmc_fail_info");

enum cmcl_rc cmcl_context_new(struct cmcl_context **out)
{
    struct cmcl_context *ctx = calloc(1, sizeof *ctx);
    enum cmc_rc rc = CMC_E_MEM;

    *out = NULL;
    if (ctx != NULL)
        rc = cmc_crypto_new(&ctx->crypto, &ctx->err);
    if (rc != CMC_OK) {
        free(ctx);
        return (enum cmcl_rc)rc;
    }
    ctx->err.fail_info = CMC_FAIL_INFO_NONE;
    *out = ctx;
    return CMCL_OK;
}

void cmcl_context_free(struct cmcl_context *ctx)
{
    if (ctx == NULL)
        return;
    cmc_crypto_free(ctx->crypto);
    free(ctx);
}

void cmcl_context_set_time(struct cmcl_context *ctx, int64_t seconds)
{
    ctx->time = seconds;
}

int64_t cmc_lib_now(const struct cmcl_context *ctx)
{
    return ctx->time != 0 ? ctx->time : (int64_t)time(NULL);
}

/* -- errors and names -------------------------------------------------------------------- */

enum cmc_rc cmc_lib_no_memory(struct cmcl_context *ctx)
{
    return cmc_fail(&ctx->err, CMC_E_MEM, NULL, "out of memory");
}

const char *cmcl_error_text(const struct cmcl_context *ctx)
{
    return ctx->err.text;
}

int cmcl_error_fail_info(const struct cmcl_context *ctx)
{
    return ctx->err.fail_info;
}

const char *cmcl_error_clause(const struct cmcl_context *ctx)
{
    return ctx->err.clause;
}

int cmcl_error_body_part(const struct cmcl_context *ctx, uint32_t *id)
{
    if (ctx->err.has_body_part)
        *id = ctx->err.body_part;
    return ctx->err.has_body_part;
}

const char *cmcl_version(void)
{
    return CMC_VERSION;
}

const char *cmcl_rc_name(enum cmcl_rc rc)
{
    return cmc_rc_name((enum cmc_rc)rc);
}

const char *cmcl_status_name(uint32_t status)
{
    return cmc_status_name(status);
}

const char *cmcl_fail_info_name(int fail_info)
{
    return fail_info == CMCL_FAIL_NONE ? "none" : cmc_fail_info_name((uint32_t)fail_info);
}

/* -- what the other files share ---------------------------------------------------------- */

struct cmc_slice *cmc_lib_copy_certs(struct cmc_arena *arena, const struct cmcl_certs *certs)
{
    struct cmc_slice *v = cmc_arena_array(arena, certs->n, sizeof *v);

    for (size_t i = 0; v != NULL && i < certs->n; i++) {
        v[i] = cmc_arena_slice(arena, certs->v[i]);
        if (v[i].p == NULL)
            return NULL;
    }
    return v;
}

void *cmc_lib_grow(struct cmc_arena *arena, struct cmc_list *list, size_t size)
{
    /* Room is a power of two: a list that has just filled one gets the next. */
    if ((list->n & (list->n - 1)) == 0) {
        void *v = cmc_arena_array(arena, list->n > 0 ? 2 * list->n : 1, size);

        if (v == NULL)
            return NULL;
        if (list->n > 0)
            memcpy(v, list->v, list->n * size);
        list->v = v;
    }
    return (uint8_t *)list->v + size * list->n++;
}

/* -- text -------------------------------------------------------------------------------- */

/* The text in b as memory of the caller's; b is freed. */
static enum cmc_rc hand_out(struct cmcl_context *ctx, struct cmc_buf *b, char **text)
{
    const char *s = cmc_buf_cstr(b);
    enum cmc_rc rc = CMC_OK;

    *text = s != NULL ? strdup(s) : NULL;
    if (*text == NULL)
        rc = cmc_lib_no_memory(ctx);
    cmc_buf_free(b);
    return rc;
}

/* Told apart by what decodes: no two of these share an encoding. */
static const struct cmc_item *const kinds[] = {&cmc_it_content_info, &cmc_it_cert,
                                               &cmc_it_csr,          &cmc_it_crl,
                                               &cmc_it_pkidata,      &cmc_it_cert_req_messages,
                                               &cmc_it_cert_req_msg, &cmc_it_pkiresponse};

static enum cmc_rc print_der(struct cmcl_context *ctx, struct cmc_slice der,
                             struct cmc_arena *arena, struct cmc_buf *out)
{
    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        void *value = cmc_arena_alloc(arena, kinds[i]->size);

        if (value == NULL)
            return cmc_lib_no_memory(ctx);
        if (cmc_decode(kinds[i], der, arena, value, NULL) == CMC_OK)
            return cmc_item_print(kinds[i], value, arena, 0, out, &ctx->err);
    }
    return cmc_fail(&ctx->err, CMC_E_INPUT, NULL,
                    "this is no message, request, certificate or CRL that is known here");
}

enum cmcl_rc cmcl_show_get1(struct cmcl_context *ctx, const void *data, size_t n, char **text)
{
    struct cmc_arena *arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    struct cmc_slice der;
    struct cmc_buf b;
    enum cmc_rc rc;

    *text = NULL;
    cmc_buf_init(&b, CMC_LIMIT_ARENA_OCTETS);
    if (arena == NULL) {
        rc = cmc_lib_no_memory(ctx);
        goto out;
    }
    rc = cmc_der_or_pem(cmc_lib_octets(data, n), NULL, arena, &der, &ctx->err);
    if (rc == CMC_OK)
        rc = print_der(ctx, der, arena, &b);
    if (rc == CMC_OK)
        rc = hand_out(ctx, &b, text);
out:
    cmc_buf_free(&b);
    cmc_arena_free(arena);
    return (enum cmcl_rc)rc;
}

enum cmcl_rc cmcl_pem_get1(struct cmcl_context *ctx, const char *label, const void *der, size_t n,
                           char **text)
{
    struct cmc_buf b;
    enum cmc_rc rc;

    *text = NULL;
    cmc_buf_init(&b, CMC_LIMIT_ARENA_OCTETS);
    rc = cmc_pem_write(label, cmc_lib_octets(der, n), &b, &ctx->err);
    if (rc == CMC_OK)
        rc = hand_out(ctx, &b, text);
    cmc_buf_free(&b);
    return (enum cmcl_rc)rc;
}

void cmcl_free(void *p)
{
    free(p);
}
