/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys of their SubjectPublicKeyInfo. The common kinds are made from their raw octets:
 * OpenSSL 3.0's decoder chain takes 120 us for what takes 5.
 */
#include <openssl/core_names.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "crypto/crypto_int.h"
#include "crypto/dh.h"

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }, RFC 8017 */
struct rsa_public_key {
    struct cmc_slice modulus, exponent;
};
static const struct cmc_field f_rsa_public_key[] = {
    CMC_FIELD(rsa_public_key, modulus, "modulus", cmc_it_integer),
    CMC_FIELD(rsa_public_key, exponent, "publicExponent", cmc_it_integer),
};
static CMC_SEQUENCE(rsa_public_key, "RSAPublicKey", rsa_public_key, f_rsa_public_key);

/* A coordinate on P-521, and the longest OID of a curve above. */
#define EC_OCTETS_MAX  66
#define OID_OCTETS_MAX 16

/* What one kind of key is made of; the first octet of the BIT STRING has been checked. lend: it
 * comes back, and is to be had of lend.c where this kind of key can be used again. */
typedef EVP_PKEY *(*make_fn)(const struct cmc_crypto *c, int which, struct cmc_slice bits,
                             bool lend, struct cmc_arena *arena);

EVP_PKEY *cmc_make_ec(const struct cmc_crypto *c, int curve, struct cmc_slice point)
{
    EVP_PKEY *key = EVP_PKEY_new();

    if (key != NULL && EVP_PKEY_copy_parameters(key, c->curve[curve]) == 1 &&
        EVP_PKEY_set1_encoded_public_key(key, point.p, point.n) == 1)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

/*
 * Decoding the point checks that it lies on the curve; cofactor 1 does the rest. The point at
 * infinity is one octet, and no key. [10004-10-a]
 */
static EVP_PKEY *make_ec(const struct cmc_crypto *c, int which, struct cmc_slice bits, bool lend,
                         struct cmc_arena *arena)
{
    (void)arena;
    if (bits.n <= 1)
        return NULL;
    return lend ? cmc_lend_ec(c, which, bits) : cmc_make_ec(c, which, bits);
}

/* [10004-10-a] */
static EVP_PKEY *make_rsa(const struct cmc_crypto *c, int which, struct cmc_slice bits, bool lend,
                          struct cmc_arena *arena)
{
    struct rsa_public_key rsa = {0};
    uint8_t *n, *e;
    OSSL_PARAM params[3];
    EVP_PKEY *key = NULL;

    (void)which;
    (void)lend;
    if (cmc_decode(&rsa_public_key, bits, arena, &rsa, NULL) != CMC_OK)
        return NULL;
    /* A negative, zero or even modulus, a zero, one or even exponent: no RSA key. */
    if ((rsa.modulus.p[0] & 0x80) != 0 || (rsa.modulus.p[rsa.modulus.n - 1] & 1) == 0 ||
        (rsa.exponent.p[0] & 0x80) != 0 || (rsa.exponent.p[rsa.exponent.n - 1] & 1) == 0 ||
        (rsa.exponent.n == 1 && rsa.exponent.p[0] == 1))
        return NULL;
    n = cmc_arena_alloc(arena, rsa.modulus.n);
    e = cmc_arena_alloc(arena, rsa.exponent.n);
    if (n == NULL || e == NULL)
        return NULL;
    for (size_t i = 0; i < rsa.modulus.n; i++) /* OSSL_PARAM numbers are in native order */
        n[i] = rsa.modulus.p[rsa.modulus.n - 1 - i];
    for (size_t i = 0; i < rsa.exponent.n; i++)
        e[i] = rsa.exponent.p[rsa.exponent.n - 1 - i];
    params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n, rsa.modulus.n);
    params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, rsa.exponent.n);
    params[2] = OSSL_PARAM_construct_end();
    if (EVP_PKEY_fromdata_init(c->rsa) <= 0 ||
        EVP_PKEY_fromdata(c->rsa, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        return NULL;
    return key;
}

static EVP_PKEY *make_raw(const struct cmc_crypto *c, int which, struct cmc_slice bits, bool lend,
                          struct cmc_arena *arena)
{
    static const char *const types[] = {"ED25519", "ED448", "X25519", "X448"};

    (void)lend;
    (void)arena;
    return EVP_PKEY_new_raw_public_key_ex(c->lib, types[which], NULL, bits.p, bits.n);
}

static const struct {
    const struct cmc_slice *oid;
    const struct cmc_slice *curve; /* OID in the parameters of id-ecPublicKey */
    make_fn make;
    int which;
} kinds[] = {
    {&cmc_oid_id_ecPublicKey, &cmc_oid_secp256r1, make_ec, CMC_CURVE_P256},
    {&cmc_oid_id_ecPublicKey, &cmc_oid_secp384r1, make_ec, CMC_CURVE_P384},
    {&cmc_oid_id_ecPublicKey, &cmc_oid_secp521r1, make_ec, CMC_CURVE_P521},
    {&cmc_oid_rsaEncryption, NULL, make_rsa, 0},
    {&cmc_oid_id_Ed25519, NULL, make_raw, 0},
    {&cmc_oid_id_Ed448, NULL, make_raw, 1},
    {&cmc_oid_id_X25519, NULL, make_raw, 2},
    {&cmc_oid_id_X448, NULL, make_raw, 3},
};

/*
 * A Diffie-Hellman key carries its parameters along, so this one is left to the library; it is
 * rare. No more than the library itself takes; below 2048 bits they are weak (key_check.c).
 */

/* The parameters of id-ecPublicKey name a curve by OID; explicit ones are not accepted. */
static bool curve_is(const struct cmc_algid *id, struct cmc_slice curve)
{
    return id->parameters.n == curve.n + 2 && id->parameters.p[0] == CMC_T_OID &&
           id->parameters.p[1] == curve.n && memcmp(id->parameters.p + 2, curve.p, curve.n) == 0;
}

static enum cmc_rc spki_key(const struct cmc_crypto *c, struct cmc_slice der, bool lend,
                            EVP_PKEY **out, struct cmc_err *err)
{
    struct cmc_arena *arena = c->scratch->arena;
    struct cmc_spki spki = {0};
    const char *name;
    char dotted[256];
    enum cmc_rc rc;

    *out = NULL;
    rc = cmc_decode(&cmc_it_spki, der, arena, &spki, err);
    if (rc != CMC_OK) {
        if (err != NULL)
            err->fail_info = CMC_FAIL_BAD_REQUEST;
        goto out;
    }
    if (cmc_slice_eq(spki.algorithm.algorithm, cmc_oid_dhpublicnumber)) {
        rc = cmc_dh_public(c, &spki, arena, out, err);
        goto out;
    }
    for (size_t i = 0; i < CMC_COUNT(kinds); i++) {
        struct cmc_slice bits = spki.public_key;

        if (!cmc_slice_eq(*kinds[i].oid, spki.algorithm.algorithm) ||
            (kinds[i].curve != NULL && !curve_is(&spki.algorithm, *kinds[i].curve)))
            continue;
        if (bits.n > 1 && bits.p[0] == 0)
            *out = kinds[i].make(c, kinds[i].which, cmc_slice(bits.p + 1, bits.n - 1), lend, arena);
        if (lend && kinds[i].curve == NULL)
            *out = cmc_lend_other(c, *out);
        if (*out == NULL) {
            rc = cmc_fail_openssl(err, CMC_E_INPUT, "the public key is not a valid %s key",
                                  cmc_oid_name(spki.algorithm.algorithm));
            if (err != NULL)
                err->fail_info = CMC_FAIL_BAD_REQUEST;
        }
        goto out;
    }
    name = cmc_oid_name(spki.algorithm.algorithm);
    if (name == NULL)
        name = cmc_oid_text(spki.algorithm.algorithm, dotted, sizeof dotted);
    rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10002 section 6.1.3",
                       "public key of algorithm %s (or its curve) is not supported", name);
out:
    cmc_arena_reset(arena);
    return rc;
}

enum cmc_rc cmc_spki_key(const struct cmc_crypto *c, struct cmc_slice der, EVP_PKEY **out,
                         struct cmc_err *err)
{
    return spki_key(c, der, false, out, err);
}

enum cmc_rc cmc_spki_lend(const struct cmc_crypto *c, struct cmc_slice der, EVP_PKEY **out,
                          struct cmc_err *err)
{
    return spki_key(c, der, true, out, err);
}

/* The row of a key that OpenSSL's own provider has and whose octets are all there is to it. */
static size_t find_kind(EVP_PKEY *key)
{
    static const struct {
        const char *type, *group;
    } names[CMC_COUNT(kinds)] = {{"EC", "prime256v1"}, {"EC", "secp384r1"}, {"EC", "secp521r1"},
                                 {NULL, NULL},         {"ED25519", NULL},   {"ED448", NULL},
                                 {"X25519", NULL},     {"X448", NULL}};
    char group[32] = "";

    if (EVP_PKEY_get0_provider(key) == NULL)
        return CMC_COUNT(kinds);
    for (size_t i = 0; i < CMC_COUNT(names); i++) {
        if (names[i].type == NULL || !cmc_key_is(key, names[i].type))
            continue;
        if (names[i].group == NULL)
            return i;
        if (group[0] == '\0' && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
            break;
        if (strcmp(group, names[i].group) == 0)
            return i;
    }
    return CMC_COUNT(kinds);
}

/* OpenSSL 3.0's encoder chain takes 50 us for what takes 3. */
static enum cmc_rc write_spki(EVP_PKEY *key, size_t kind, struct cmc_arena *arena,
                              struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t bits[1 + 2 * EC_OCTETS_MAX + 1] = {0}; /* no unused bits, then the key's octets */
    struct cmc_spki spki = {.algorithm.algorithm = *kinds[kind].oid};
    uint8_t curve[2 + OID_OCTETS_MAX];
    size_t n = 0;

    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bits + 1, sizeof bits - 1,
                                        &n) != 1)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "the public key cannot be encoded");
    spki.public_key = cmc_slice(bits, n + 1);
    if (kinds[kind].curve != NULL) {
        curve[0] = CMC_T_OID;
        curve[1] = (uint8_t)kinds[kind].curve->n;
        memcpy(curve + 2, kinds[kind].curve->p, kinds[kind].curve->n);
        spki.algorithm.parameters = cmc_slice(curve, kinds[kind].curve->n + 2);
    }
    return cmc_encode_arena(&cmc_it_spki, &spki, arena, out, err);
}

enum cmc_rc cmc_key_spki(EVP_PKEY *key, struct cmc_arena *arena, struct cmc_slice *out,
                         struct cmc_err *err)
{
    size_t kind = find_kind(key);
    unsigned char *der = NULL;
    int n;

    if (kind < CMC_COUNT(kinds))
        return write_spki(key, kind, arena, out, err);
    n = i2d_PUBKEY(key, &der);
    if (n <= 0)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "the public key cannot be encoded");
    *out = cmc_arena_slice(arena, cmc_slice(der, (size_t)n));
    OPENSSL_free(der);
    if (out->p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a public key");
    return CMC_OK;
}

enum cmc_rc cmc_spki_ski(const struct cmc_crypto *c, struct cmc_slice der,
                         uint8_t out[CMC_SKI_OCTETS], struct cmc_err *err)
{
    struct cmc_arena *arena = c->scratch->arena;
    struct cmc_spki spki = {0};
    enum cmc_rc rc;
    size_t n;

    rc = cmc_decode(&cmc_it_spki, der, arena, &spki, err);
    if (rc == CMC_OK)
        rc = cmc_digest(c, CMC_DIGEST_SHA1, cmc_slice(spki.public_key.p + 1, spki.public_key.n - 1),
                        out, &n, err);
    cmc_arena_reset(arena);
    return rc;
}

bool cmc_key_is(const EVP_PKEY *key, const char *type)
{
    static const char *const types[] = {"RSA", "EC", "ED25519", "ED448", "X25519", "X448", "DHX"};
    const char *name = NULL;

    if (key != NULL && EVP_PKEY_get0_provider(key) != NULL)
        name = EVP_PKEY_get0_type_name(key);
    for (size_t i = 0; name != NULL && i < CMC_COUNT(types); i++) {
        if (strcmp(types[i], name) == 0)
            return strcmp(type, name) == 0;
    }
    return EVP_PKEY_is_a(key, type) == 1;
}

const char *cmc_key_describe(EVP_PKEY *key, char *buf, size_t size)
{
    int bits = EVP_PKEY_get_bits(key);
    char group[32] = "";

    if (cmc_key_is(key, "RSA")) {
        (void)snprintf(buf, size, "RSA-%d", bits);
    } else if (cmc_key_is(key, "EC")) {
        if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
            (void)snprintf(group, sizeof group, "%d bit", bits);
        if (strcmp(group, "prime256v1") == 0)
            (void)snprintf(group, sizeof group, "P-256");
        else if (strcmp(group, "secp384r1") == 0)
            (void)snprintf(group, sizeof group, "P-384");
        else if (strcmp(group, "secp521r1") == 0)
            (void)snprintf(group, sizeof group, "P-521");
        (void)snprintf(buf, size, "EC-%s", group);
    } else if (cmc_key_is(key, "ED25519")) {
        (void)snprintf(buf, size, "Ed25519");
    } else if (cmc_key_is(key, "ED448")) {
        (void)snprintf(buf, size, "Ed448");
    } else if (cmc_key_is(key, "DHX")) {
        (void)snprintf(buf, size, "DH-%d", bits);
    } else {
        (void)snprintf(buf, size, "%s", EVP_PKEY_get0_type_name(key));
    }
    return buf;
}
