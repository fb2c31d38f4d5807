/* SPDX-License-Identifier: Apache-2.0 */
#include "party.h"

#include <openssl/x509v3.h>

#include "fuzz.h"

static const uint8_t seed[32] = "the fuzz targets' only Ed25519!";

static struct cmc_slice make_cert(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_NAME_new();
    X509_EXTENSION *ski =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_key_identifier, (char *)(uintptr_t) "00112233");
    unsigned char *der = NULL;
    int n;

    PROMISE(x != NULL && name != NULL && ski != NULL);
    PROMISE(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"fuzz", -1,
                                       -1, 0) == 1);
    PROMISE(X509_set_version(x, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1);
    PROMISE(X509_set_issuer_name(x, name) == 1 && X509_set_subject_name(x, name) == 1);
    PROMISE(ASN1_TIME_set(X509_getm_notBefore(x), 0) != NULL);
    PROMISE(ASN1_TIME_set(X509_getm_notAfter(x), 4000000000) != NULL);
    PROMISE(X509_set_pubkey(x, key) == 1 && X509_add_ext(x, ski, -1) == 1);
    PROMISE(X509_sign(x, key, NULL) > 0);
    n = i2d_X509(x, &der);
    PROMISE(n > 0);
    X509_EXTENSION_free(ski);
    X509_NAME_free(name);
    X509_free(x);
    return cmc_slice(der, (size_t)n);
}

const struct fuzz_party *fuzz_party(void)
{
    static struct fuzz_party party;

    if (party.key == NULL) {
        PROMISE(cmc_crypto_new(&party.crypto, NULL) == CMC_OK);
        party.key = EVP_PKEY_new_raw_private_key_ex(cmc_crypto_get0_libctx(party.crypto), "ED25519",
                                                    NULL, seed, sizeof seed);
        PROMISE(party.key != NULL);
        party.cert = make_cert(party.key);
    }
    return &party;
}

struct cmc_slice fuzz_sign(struct cmc_slice type, struct cmc_slice content, struct cmc_arena *arena)
{
    const struct fuzz_party *p = fuzz_party();
    const struct cmc_cms_signer signer = {
        .key = p->key, .sid = CMC_SID_ISSUER_SERIAL, .cert = p->cert};
    const struct cmc_cms_content what = {
        .type = type, .content = content, .certs = &p->cert, .ncerts = 1};
    struct cmc_slice out;

    PROMISE(cmc_signed_data_create(p->crypto, &what, &signer, 1, arena, &out, NULL) == CMC_OK);
    return out;
}
