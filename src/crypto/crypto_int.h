/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMC_CRYPTO_CRYPTO_INT_H
#define CMC_CRYPTO_CRYPTO_INT_H

#include "crypto/crypto.h"

enum { CMC_CURVE_P256, CMC_CURVE_P384, CMC_CURVE_P521, CMC_CURVE_COUNT };

struct cmc_crypto {
    OSSL_LIB_CTX *lib;
    EVP_MD *md[CMC_DIGEST_COUNT];
    EVP_PKEY *curve[CMC_CURVE_COUNT]; /* domain parameters: a key is a copy of these and a point */
    EVP_PKEY_CTX *rsa;                /* makes RSA keys of their numbers */
};

#endif
