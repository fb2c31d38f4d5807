/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys that are known to be bad, RFC 10004 section 10. Only what can be seen from the
 * public key alone, in microseconds.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>

#include "asn1/cmc.h"
#include "crypto/crypto.h"

#define RSA_EXPONENT_MIN      65537u
#define RSA_EXPONENT_BITS_MAX 256
#define RSA_BITS_MAX          16384

static enum cmc_rc bad(struct cmc_err *err, const char *text)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10004 section 10",
                         "the public key is bad: %s", text);
}

/* -- RSA --------------------------------------------------------------------------------- */

/* The odd primes below 752, as certificate authorities have agreed on. */
static const uint16_t primes[] = {
    3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
    73,  79,  83,  89,  97,  101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    173, 179, 181, 191, 193, 197, 199, 211, 223, 227, 229, 233, 239, 241, 251, 257, 263, 269, 271,
    277, 281, 283, 293, 307, 311, 313, 317, 331, 337, 347, 349, 353, 359, 367, 373, 379, 383, 389,
    397, 401, 409, 419, 421, 431, 433, 439, 443, 449, 457, 461, 463, 467, 479, 487, 491, 499, 503,
    509, 521, 523, 541, 547, 557, 563, 569, 571, 577, 587, 593, 599, 601, 607, 613, 617, 619, 631,
    641, 643, 647, 653, 659, 661, 673, 677, 683, 691, 701, 709, 719, 727, 733, 739, 743, 751};

/* So many primes as fit into 32 bits, of which BN has the remainder without a division of big
 * numbers, and so many of these together as a modulus is reduced by first. */
#define GROUPS_AT_ONCE 14u

/* *k: in the first prime of a group, out that of the next. */
static uint32_t next_product(size_t *k)
{
    uint64_t product = 1;

    while (*k < CMC_COUNT(primes) && product * primes[*k] <= UINT32_MAX)
        product *= primes[(*k)++];
    return (uint32_t)product;
}

/* Does one of the primes from first to end divide n? */
static bool has_factor_of(const BIGNUM *n, size_t first, size_t end)
{
    while (first < end) {
        size_t k = first;
        uint64_t rest = BN_mod_word(n, next_product(&k));

        for (; first < k; first++) {
            if (rest % primes[first] == 0)
                return true;
        }
    }
    return false;
}

/*
 * A remainder of 32 bits takes a pass over the whole modulus, and there are forty: so it is first
 * reduced by the product of a third of all primes. *found holds when this returns true.
 */
static bool look_for_small_factor(const BIGNUM *n, bool *found)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *product = BN_new(), *rest = BN_new();
    bool ok = ctx != NULL && product != NULL && rest != NULL;

    *found = false;
    for (size_t i = 0, k = 0; ok && !*found && i < CMC_COUNT(primes); i = k) {
        ok = BN_one(product) == 1;
        for (unsigned int g = 0; ok && g < GROUPS_AT_ONCE && k < CMC_COUNT(primes); g++)
            ok = BN_mul_word(product, next_product(&k)) == 1;
        ok = ok && BN_mod(rest, n, product, ctx) == 1;
        *found = ok && has_factor_of(rest, i, k);
    }
    BN_free(rest);
    BN_free(product);
    BN_CTX_free(ctx);
    return ok;
}

/*
 * CVE-2017-15361: the primes of some smart cards are powers of 65537 modulo many small primes, and
 * so is their product. A good modulus is so for all of these once in more than 2^27.
 */
static bool is_roca(const BIGNUM *n)
{
    static const uint8_t marks[] = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                    79, 97, 103, 107, 109, 127, 151, 157};

    for (size_t i = 0; i < CMC_COUNT(marks); i++) {
        uint32_t p = marks[i], rest = (uint32_t)BN_mod_word(n, p), power = 1;
        bool found = false;

        for (uint32_t k = 0; k < p && !found; k++) {
            found = power == rest;
            power = power * (65537u % p) % p;
        }
        if (!found)
            return false;
    }
    return true;
}

/* Modulus and exponent; both at once, for it is the asking that takes time. False: not to be had.
 */
static bool rsa_numbers(EVP_PKEY *key, BIGNUM **n, BIGNUM **e)
{
    uint8_t n_octets[RSA_BITS_MAX / 8], e_octets[RSA_BITS_MAX / 8];
    OSSL_PARAM params[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, n_octets, sizeof n_octets),
                           OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, e_octets, sizeof e_octets),
                           OSSL_PARAM_END};

    return EVP_PKEY_get_params(key, params) == 1 && OSSL_PARAM_get_BN(&params[0], n) == 1 &&
           OSSL_PARAM_get_BN(&params[1], e) == 1;
}

static enum cmc_rc check_rsa(EVP_PKEY *key, struct cmc_err *err)
{
    BIGNUM *n = NULL, *e = NULL;
    bool small = false;
    enum cmc_rc rc = CMC_OK;

    if (EVP_PKEY_get_bits(key) > RSA_BITS_MAX)
        return bad(err, "an RSA modulus of more than 16384 bits");
    if (!rsa_numbers(key, &n, &e))
        rc = bad(err, "its RSA modulus or exponent is too long");
    else if (BN_get_word(e) < RSA_EXPONENT_MIN || BN_num_bits(e) > RSA_EXPONENT_BITS_MAX)
        rc = bad(err, "the RSA exponent must be from 65537 to 256 bits");
    else if (!look_for_small_factor(n, &small))
        rc = cmc_fail_openssl(err, CMC_E_MEM, "no memory for an RSA key");
    else if (small)
        rc = bad(err, "the RSA modulus has a small factor");
    else if (is_roca(n))
        rc = bad(err, "the RSA key was made by a faulty generator (CVE-2017-15361)");
    BN_free(n);
    BN_free(e);
    return rc;
}

/* -- RFC 7748 and RFC 8032 --------------------------------------------------------------- */

#define KEY25519 32
#define KEY448   57

/*
 * The points of small order modulo 2^255 - 19, in little-endian octets; the top bit does not count.
 * On curve25519 and on edwards25519 (y, without the sign of x) these: 0, 1, and p - 1, p and p + 1,
 * which stand for -1, 0 and 1 in other words.
 */
static const uint8_t small_25519[][KEY25519] = {
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};
/* Those of order 8 on each. */
static const uint8_t small_x25519[][KEY25519] = {
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
};
static const uint8_t small_ed25519[][KEY25519] = {
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
     0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
     0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
     0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
     0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

static bool is_among(const uint8_t *k, const uint8_t (*rows)[KEY25519], size_t n)
{
    uint8_t masked[KEY25519];

    memcpy(masked, k, sizeof masked);
    masked[KEY25519 - 1] &= 0x7f;
    for (size_t i = 0; i < n; i++) {
        if (memcmp(masked, rows[i], KEY25519) == 0)
            return true;
    }
    return false;
}

/*
 * On curve448 and edwards448 (p = 2^448 - 2^224 - 1) the points of small order are 0, 1 and -1, and
 * what is the same modulo p: p and p + 1. In little-endian octets: 56 of the number.
 */
static bool is_small_448(const uint8_t *k)
{
    bool same = true;

    for (size_t i = 1; i < 28; i++)
        same = same && k[i] == k[1];
    for (size_t i = 29; i < 56; i++)
        same = same && k[i] == k[29];
    if (!same)
        return false;
    /* 0 and 1 */
    if (k[1] == 0 && k[28] == 0 && k[29] == 0)
        return k[0] <= 1;
    /* p - 1 and p: the lower half all ones but for the last bit, the upper half less one */
    if (k[1] == 0xff && k[28] == 0xfe && k[29] == 0xff)
        return k[0] >= 0xfe;
    /* p + 1: the lower half rolls over */
    return k[0] == 0 && k[1] == 0 && k[28] == 0xff && k[29] == 0xff;
}

static enum cmc_rc check_raw(EVP_PKEY *key, struct cmc_err *err)
{
    uint8_t k[KEY448];
    size_t n = sizeof k;
    bool small = false;

    if (EVP_PKEY_get_raw_public_key(key, k, &n) != 1)
        return cmc_fail_openssl(err, CMC_E_CRYPTO, "the public key cannot be read");
    if (cmc_key_is(key, "X25519"))
        small = is_among(k, small_25519, CMC_COUNT(small_25519)) ||
                is_among(k, small_x25519, CMC_COUNT(small_x25519));
    else if (cmc_key_is(key, "ED25519"))
        small = is_among(k, small_25519, CMC_COUNT(small_25519)) ||
                is_among(k, small_ed25519, CMC_COUNT(small_ed25519));
    else
        small = is_small_448(k);
    return small ? bad(err, "a point of small order") : CMC_OK;
}

/* The group first, because whether a value is in it says nothing of a group that is none. */
static enum cmc_rc check_dh(EVP_PKEY *key, struct cmc_err *err)
{
    EVP_PKEY_CTX *ctx = NULL;
    enum cmc_rc rc = CMC_OK;

    if (EVP_PKEY_get_bits(key) < (int)CMC_LIMIT_DH_BITS_MIN ||
        EVP_PKEY_get_bits(key) > (int)CMC_LIMIT_DH_BITS_MAX)
        return bad(err, "its Diffie-Hellman modulus is too short, or too long");
    ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx == NULL)
        rc = cmc_fail_openssl(err, CMC_E_MEM, "no memory for a DH key");
    else if (EVP_PKEY_param_check(ctx) != 1)
        rc = bad(err, "the Diffie-Hellman parameters are no group of prime order");
    else if (EVP_PKEY_public_check(ctx) != 1)
        rc = bad(err, "the Diffie-Hellman value lies in a small subgroup, or outside of the group");
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
    return rc;
}

/* [10004-10-b, 10002-10-u4] EC: of prime order, and the point was found to be on the curve. */
enum cmc_rc cmc_key_check(EVP_PKEY *key, struct cmc_err *err)
{
    static const char *const raw[] = {"X25519", "X448", "ED25519", "ED448"};

    if (cmc_key_is(key, "RSA"))
        return check_rsa(key, err);
    if (cmc_key_is(key, "DHX"))
        return check_dh(key, err);
    for (size_t i = 0; i < CMC_COUNT(raw); i++) {
        if (cmc_key_is(key, raw[i]))
            return check_raw(key, err);
    }
    return CMC_OK;
}
