/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "lib/lib_int.h"

/* A passphrase that is not given is not asked for. */
static struct cmc_passphrase no_prompt(const char *text)
{
    return (struct cmc_passphrase){.text = text};
}

/* -- keys -------------------------------------------------------------------------------- */

static enum cmcl_rc key_new(struct cmcl_context *ctx, enum cmc_rc rc, EVP_PKEY *pkey,
                            struct cmcl_key **out)
{
    struct cmcl_key *key = rc == CMC_OK ? calloc(1, sizeof *key) : NULL;

    *out = key;
    if (key != NULL) {
        key->ctx = ctx;
        key->pkey = pkey;
        return CMCL_OK;
    }
    EVP_PKEY_free(pkey);
    return (enum cmcl_rc)(rc == CMC_OK ? cmc_lib_no_memory(ctx) : rc);
}

enum cmcl_rc cmcl_key_load(struct cmcl_context *ctx, const char *uri, const char *passphrase,
                           struct cmcl_key **out)
{
    const struct cmc_passphrase pass = no_prompt(passphrase);
    EVP_PKEY *pkey = NULL;
    enum cmc_rc rc = cmc_key_load(ctx->crypto, uri, &pass, &pkey, &ctx->err);

    return key_new(ctx, rc, pkey, out);
}

enum cmcl_rc cmcl_key_generate(struct cmcl_context *ctx, const char *kind, struct cmcl_key **out)
{
    EVP_PKEY *pkey = NULL;
    enum cmc_rc rc = cmc_key_generate(ctx->crypto, kind, &pkey, &ctx->err);

    return key_new(ctx, rc, pkey, out);
}

enum cmcl_rc cmcl_key_save(struct cmcl_key *key, const char *path, const char *passphrase)
{
    const struct cmc_passphrase pass = no_prompt(passphrase);

    return (enum cmcl_rc)cmc_key_save(key->ctx->crypto, key->pkey, path, &pass, &key->ctx->err);
}

void cmcl_key_free(struct cmcl_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

/* -- certificates ------------------------------------------------------------------------ */

enum cmcl_rc cmcl_certs_load(struct cmcl_context *ctx, const char *uri, const char *passphrase,
                             struct cmcl_certs **out)
{
    const struct cmc_passphrase pass = no_prompt(passphrase);
    struct cmcl_certs *certs = calloc(1, sizeof *certs);
    enum cmc_rc rc;

    *out = NULL;
    if (certs == NULL || (certs->arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS)) == NULL) {
        rc = cmc_lib_no_memory(ctx);
        goto out;
    }
    rc = cmc_certs_load(ctx->crypto, uri, &pass, certs->arena, &certs->v, &certs->n, &ctx->err);
    if (rc != CMC_OK)
        goto out;
    *out = certs;
    certs = NULL;
out:
    cmcl_certs_free(certs);
    return (enum cmcl_rc)rc;
}

size_t cmcl_certs_count(const struct cmcl_certs *certs)
{
    return certs->n;
}

const uint8_t *cmcl_certs_get0(const struct cmcl_certs *certs, size_t i, size_t *n)
{
    return cmc_lib_lend(i < certs->n ? certs->v[i] : CMC_SLICE_NONE, n);
}

void cmcl_certs_free(struct cmcl_certs *certs)
{
    if (certs == NULL)
        return;
    cmc_arena_free(certs->arena);
    free(certs);
}
