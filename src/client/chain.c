/* SPDX-License-Identifier: Apache-2.0 */
#include "client/chain.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/oids.h"

/* -- into and out of OpenSSL's types ----------------------------------------------------- */

static X509 *x509_new(const struct cmc_crypto *c, struct cmc_slice der)
{
    const unsigned char *p = der.p;
    X509 *x = X509_new_ex(cmc_crypto_get0_libctx(c), NULL);

    if (x == NULL || der.n > LONG_MAX || d2i_X509(&x, &p, (long)der.n) == NULL)
        return NULL; /* d2i has freed x */
    return x;
}

static void push(const struct cmc_crypto *c, STACK_OF(X509) * stack, struct cmc_slice der)
{
    X509 *x = x509_new(c, der);

    /* What is no certificate to OpenSSL cannot be part of a path. */
    if (x == NULL || sk_X509_push(stack, x) <= 0)
        X509_free(x);
    ERR_clear_error();
}

static struct cmc_slice x509_der(X509 *x, struct cmc_arena *arena)
{
    unsigned char *der = NULL;
    int n = i2d_X509(x, &der);
    struct cmc_slice out = CMC_SLICE_NONE;

    if (n >= 0)
        out = cmc_arena_slice(arena, cmc_slice(der, (size_t)n));
    OPENSSL_free(der);
    return out;
}

static enum cmc_rc keep_chain(X509_STORE_CTX *ctx, struct cmc_arena *arena, struct cmc_chain *chain,
                              struct cmc_err *err)
{
    const STACK_OF(X509) *found = X509_STORE_CTX_get0_chain(ctx);
    int n = sk_X509_num(found);

    *chain = (struct cmc_chain){0};
    chain->certs = cmc_arena_array(arena, (size_t)n, sizeof *chain->certs);
    for (int i = 0; chain->certs != NULL && i < n; i++) {
        chain->certs[i] = x509_der(sk_X509_value(found, i), arena);
        if (chain->certs[i].p == NULL)
            chain->certs = NULL;
    }
    if (chain->certs == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a chain of certificates");
    chain->n = (size_t)n;
    return CMC_OK;
}

/* -- the path ---------------------------------------------------------------------------- */

static enum cmc_rc no_path(X509_STORE_CTX *ctx, struct cmc_arena *arena, struct cmc_err *err)
{
    int code = X509_STORE_CTX_get_error(ctx);
    X509 *at = X509_STORE_CTX_get_current_cert(ctx);
    struct cmc_cert cert = {0};
    struct cmc_slice der = CMC_SLICE_NONE;
    struct cmc_buf name;

    ERR_clear_error();
    cmc_buf_init(&name, CMC_LIMIT_ERROR_TEXT);
    if (at != NULL)
        der = x509_der(at, arena);
    if (der.p != NULL && cmc_decode(&cmc_it_cert, der, arena, &cert, NULL) == CMC_OK)
        cmc_name_print(cert.tbs.subject, &name);
    else
        cmc_buf_str(&name, "the certificate");
    (void)cmc_fail(err, CMC_E_REFUSED, "RFC 5280 section 6", "no trusted path: %s: %s",
                   cmc_buf_cstr(&name) != NULL ? cmc_buf_cstr(&name) : "a certificate",
                   X509_verify_cert_error_string(code));
    cmc_buf_free(&name);
    return CMC_E_REFUSED;
}

/*
 * OpenSSL takes the first issuer that fits and does not turn back, as a CA that two others have
 * certified needs it. Where its way ends short of an anchor no way goes on: without that
 * certificate it finds another. False: there is none to leave out.
 */
static bool drop_dead_end(X509_STORE_CTX *ctx, STACK_OF(X509) * others)
{
    const STACK_OF(X509) *way = X509_STORE_CTX_get0_chain(ctx);
    int n = way != NULL ? sk_X509_num(way) : 0;
    int code = X509_STORE_CTX_get_error(ctx);

    if (n < 2 || (code != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT &&
                  code != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY &&
                  code != X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN))
        return false;
    for (int i = 0; i < sk_X509_num(others); i++) {
        if (X509_cmp(sk_X509_value(others, i), sk_X509_value(way, n - 1)) == 0) {
            X509_free(sk_X509_delete(others, i));
            return true;
        }
    }
    return false;
}

/* One walk from x to an anchor. */
static enum cmc_rc walk(X509_STORE_CTX *ctx, X509 *x, STACK_OF(X509) * anchors,
                        STACK_OF(X509) * others, const struct cmc_trust *trust,
                        struct cmc_arena *arena, struct cmc_err *err)
{
    X509_VERIFY_PARAM *param;

    if (X509_STORE_CTX_init(ctx, NULL, x, others) != 1)
        return cmc_fail_openssl(err, CMC_E_MEM, "cannot check a chain of certificates");
    X509_STORE_CTX_set0_trusted_stack(ctx, anchors);
    param = X509_STORE_CTX_get0_param(ctx);
    /* What the user named as trusted is trusted, be it a root or not. */
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    if (trust->any_time)
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
    else
        X509_VERIFY_PARAM_set_time(param, (time_t)trust->now);
    return X509_verify_cert(ctx) == 1 ? CMC_OK : no_path(ctx, arena, err);
}

/* [10002-4.1-f, 10002-4.2-f] */
enum cmc_rc cmc_chain_check(const struct cmc_crypto *c, struct cmc_slice leaf,
                            const struct cmc_slice *untrusted, size_t nuntrusted,
                            const struct cmc_trust *trust, struct cmc_arena *arena,
                            struct cmc_chain *chain, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK, again;
    X509 *x = NULL;
    STACK_OF(X509) *anchors = NULL, *others = NULL;
    X509_STORE_CTX *ctx = NULL;

    if (trust->nanchors == 0)
        return cmc_fail(err, CMC_E_USAGE, NULL, "there is no trusted certificate to begin from");
    x = x509_new(c, leaf);
    if (x == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_INPUT, "a certificate cannot be read");
        goto out;
    }
    anchors = sk_X509_new_null();
    others = sk_X509_new_null();
    ctx = X509_STORE_CTX_new_ex(cmc_crypto_get0_libctx(c), NULL);
    if (anchors == NULL || others == NULL || ctx == NULL) {
        rc = cmc_fail_openssl(err, CMC_E_MEM, "cannot check a chain of certificates");
        goto out;
    }
    for (size_t i = 0; i < trust->nanchors; i++)
        push(c, anchors, trust->anchors[i]);
    for (size_t i = 0; i < nuntrusted && i < CMC_LIMIT_CMS_CERTS; i++)
        push(c, others, untrusted[i]);
    /* What is wrong with the first way is what is told. */
    rc = walk(ctx, x, anchors, others, trust, arena, err);
    for (again = rc; again == CMC_E_REFUSED && drop_dead_end(ctx, others);) {
        X509_STORE_CTX_cleanup(ctx);
        again = walk(ctx, x, anchors, others, trust, arena, NULL);
    }
    rc = again == CMC_OK ? CMC_OK : rc;
    if (rc == CMC_OK && chain != NULL)
        rc = keep_chain(ctx, arena, chain, err);
out:
    ERR_clear_error();
    X509_STORE_CTX_free(ctx);
    sk_X509_pop_free(others, X509_free);
    sk_X509_pop_free(anchors, X509_free);
    X509_free(x);
    return rc;
}

/* -- may it sign responses --------------------------------------------------------------- */

static bool is_anchor(struct cmc_slice cert, const struct cmc_trust *trust)
{
    for (size_t i = 0; i < trust->nanchors; i++) {
        if (cmc_slice_eq(trust->anchors[i], cert))
            return true;
    }
    return false;
}

static enum cmc_rc may_sign(const struct cmc_cert *cert, struct cmc_arena *arena,
                            struct cmc_err *err)
{
    enum { DIGITAL_SIGNATURE = 0, NON_REPUDIATION = 1 };
    const struct cmc_extension *ext =
        cmc_extension_find(&cert->tbs.extensions, cmc_oid_id_ce_keyUsage);
    struct cmc_slice usage = CMC_SLICE_NONE;
    enum cmc_rc rc;

    if (ext == NULL)
        return CMC_OK;
    rc = cmc_decode(&cmc_it_key_usage, ext->value, arena, &usage, err);
    if (rc == CMC_OK && !cmc_bits_get(usage, DIGITAL_SIGNATURE) &&
        !cmc_bits_get(usage, NON_REPUDIATION))
        rc = cmc_fail(err, CMC_E_REFUSED, "RFC 5280 section 4.2.1.3",
                      "the responder's certificate may not sign: its keyUsage has neither "
                      "digitalSignature nor nonRepudiation");
    return rc;
}

/* [10002-9.1-u1, 10002-9-b] [10002-A-bb] */
static enum cmc_rc has_purpose(const struct cmc_cert *cert, struct cmc_arena *arena,
                               struct cmc_err *err)
{
    const struct cmc_extension *ext =
        cmc_extension_find(&cert->tbs.extensions, cmc_oid_id_ce_extKeyUsage);
    struct cmc_list purposes = {0};
    enum cmc_rc rc = CMC_OK;

    if (ext != NULL)
        rc = cmc_decode(&cmc_it_eku, ext->value, arena, &purposes, err);
    for (size_t i = 0; rc == CMC_OK && i < purposes.n; i++) {
        if (cmc_slice_eq(*CMC_AT(struct cmc_slice, purposes, i), cmc_oid_id_kp_cmcCA))
            return CMC_OK;
    }
    if (rc != CMC_OK)
        return rc;
    return cmc_fail(err, CMC_E_REFUSED, "RFC 10002 section 9.1",
                    "the responder's certificate does not have the extended key usage id-kp-cmcCA "
                    "and is not a trusted CA itself");
}

enum cmc_rc cmc_responder_check(struct cmc_slice der, const struct cmc_trust *trust,
                                struct cmc_arena *arena, struct cmc_err *err)
{
    struct cmc_cert cert = {0};
    enum cmc_rc rc = cmc_decode(&cmc_it_cert, der, arena, &cert, err);

    if (rc != CMC_OK || is_anchor(der, trust))
        return rc;
    rc = may_sign(&cert, arena, err);
    if (rc == CMC_OK && !trust->no_eku)
        rc = has_purpose(&cert, arena, err);
    return rc;
}
