/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/dh.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"

/*
 * DomainParameters ::= SEQUENCE {  -- RFC 3279 section 2.3.3
 *     p INTEGER, g INTEGER, q INTEGER,
 *     j INTEGER OPTIONAL,
 *     validationParms SEQUENCE OPTIONAL }
 */
struct domain_parameters {
    struct cmc_slice p, g, q, j, validation;
};
static const struct cmc_field f_domain_parameters[] = {
    CMC_FIELD(domain_parameters, p, "p", cmc_it_integer),
    CMC_FIELD(domain_parameters, g, "g", cmc_it_integer),
    CMC_FIELD(domain_parameters, q, "q", cmc_it_integer),
    CMC_FIELD_X(domain_parameters, j, "j", cmc_it_integer, CMC_NO_TAG, CMC_F_OPTIONAL),
    CMC_FIELD_X(domain_parameters, validation, "validationParms", cmc_it_any, CMC_NO_TAG,
                CMC_F_OPTIONAL),
};
static CMC_SEQUENCE(domain_parameters, "DomainParameters", it_domain_parameters,
                    f_domain_parameters);

static BIGNUM *number(struct cmc_slice content)
{
    if (content.p == NULL || content.n == 0 || content.n > CMC_LIMIT_DH_BITS_MAX / 8 + 1 ||
        (content.p[0] & 0x80) != 0)
        return NULL;
    return BN_bin2bn(content.p, (int)content.n, NULL);
}

static EVP_PKEY *from_numbers(const struct cmc_crypto *c, const BIGNUM *p, const BIGNUM *g,
                              const BIGNUM *q, const BIGNUM *y)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(cmc_crypto_get0_libctx(c), "DHX", NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (ctx == NULL || bld == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_P, p) != 1 ||
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_G, g) != 1 ||
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_FFC_Q, q) != 1 ||
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, y) != 1)
        goto out;
    params = OSSL_PARAM_BLD_to_param(bld);
    if (params == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        key = NULL;
out:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* 2 <= y <= p-2 and y^q mod p = 1. */
static bool is_public_key(const struct cmc_crypto *c, EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(cmc_crypto_get0_libctx(c), key, NULL);
    bool good = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

    EVP_PKEY_CTX_free(ctx);
    return good;
}

enum cmc_rc cmc_dh_public(const struct cmc_crypto *c, const struct cmc_spki *spki,
                          struct cmc_arena *arena, EVP_PKEY **out, struct cmc_err *err)
{
    struct domain_parameters d = {0};
    struct cmc_slice y_content = CMC_SLICE_NONE;
    BIGNUM *p = NULL, *g = NULL, *q = NULL, *y = NULL;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = CMC_OK;

    *out = NULL;
    if (spki->algorithm.parameters.p != NULL && spki->public_key.n > 1 &&
        spki->public_key.p[0] == 0 &&
        cmc_decode(&it_domain_parameters, spki->algorithm.parameters, arena, &d, NULL) == CMC_OK &&
        cmc_decode(&cmc_it_integer, cmc_slice(spki->public_key.p + 1, spki->public_key.n - 1),
                   arena, &y_content, NULL) == CMC_OK) {
        p = number(d.p);
        g = number(d.g);
        q = number(d.q);
        y = number(y_content);
    }
    if (p == NULL || g == NULL || q == NULL || y == NULL) {
        rc = cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 3279 section 2.3.3",
                           "the public key is not a valid dhpublicnumber key");
        goto out;
    }
    if (BN_num_bits(p) < (int)CMC_LIMIT_DH_BITS_MIN ||
        BN_num_bits(p) > (int)CMC_LIMIT_DH_BITS_MAX) {
        rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 2631 section 2.2",
                           "a Diffie-Hellman modulus of %d bits; want %u to %u", BN_num_bits(p),
                           CMC_LIMIT_DH_BITS_MIN, CMC_LIMIT_DH_BITS_MAX);
        goto out;
    }
    key = from_numbers(c, p, g, q, y);
    if (key == NULL || !is_public_key(c, key)) {
        ERR_clear_error();
        rc = cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, "RFC 2631 section 2.1.5",
                           "the public number of the dhpublicnumber key is not in its group");
        goto out;
    }
    *out = key;
    key = NULL;
out:
    EVP_PKEY_free(key);
    BN_free(p);
    BN_free(g);
    BN_free(q);
    BN_free(y);
    return rc;
}
