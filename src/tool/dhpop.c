/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/dhpop.h"

#include "key/key.h"
#include "pop/dh_pop.h"

static enum cmc_rc load(struct tool *t, const char *path, struct cmc_slice *cert)
{
    const struct cmc_passphrase none = {0};
    struct cmc_slice *certs = NULL;
    size_t n = 0;
    enum cmc_rc rc = tool_crypto(t);

    if (rc == CMC_OK)
        rc = cmc_certs_load(t->crypto, path, &none, t->arena, &certs, &n, &t->err);
    if (rc == CMC_OK)
        *cert = certs[0];
    return rc;
}

/* [10004-5.1-z] */
enum cmc_rc tool_dh_key(struct tool *t, const char *path, EVP_PKEY **out)
{
    struct cmc_slice cert = CMC_SLICE_NONE;
    EVP_PKEY_CTX *ctx = NULL;
    EVP_PKEY *like = NULL;
    enum cmc_rc rc;

    *out = NULL;
    if (path == NULL)
        return tool_usage(t, "--new-key dh needs the parameters of the CA: add --dh-pop FILE, its "
                             "Diffie-Hellman certificate");
    rc = load(t, path, &cert);
    if (rc == CMC_OK)
        rc = cmc_dh_pop_certificate(t->crypto, cert, &like, &t->err);
    if (rc != CMC_OK)
        return rc;
    ctx = EVP_PKEY_CTX_new_from_pkey(cmc_crypto_get0_libctx(t->crypto), like, NULL);
    if (ctx == NULL || EVP_PKEY_keygen_init(ctx) <= 0 || EVP_PKEY_generate(ctx, out) <= 0)
        rc = cmc_fail_openssl(&t->err, CMC_E_CRYPTO, "cannot make a Diffie-Hellman key");
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(like);
    return rc;
}

struct proving {
    struct tool *t;
    struct cmc_dh_pop ca;
};

static enum cmc_rc prove(void *arg, EVP_PKEY *key, struct cmc_slice octets, struct cmc_arena *arena,
                         struct cmc_algid *alg, struct cmc_slice *bits, struct cmc_err *err)
{
    const struct proving *p = arg;

    return cmc_dh_pop_make(p->t->crypto, &p->ca, key, octets, arena, alg, bits, err);
}

enum cmc_rc tool_dh_prove(struct tool *t, const char *path, struct cmc_request_params *p)
{
    struct proving *arg = cmc_arena_alloc(t->arena, sizeof *arg);
    enum cmc_rc rc;

    if (path == NULL)
        return CMC_OK;
    if (arg == NULL)
        return cmc_fail(&t->err, CMC_E_MEM, NULL, "no memory for a request");
    arg->t = t;
    rc = load(t, path, &arg->ca.cert);
    p->prove = prove;
    p->prove_arg = arg;
    return rc;
}
