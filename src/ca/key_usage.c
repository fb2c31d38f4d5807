/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyUsage and the kinds of keys: a profile says what its certificates are for, a key what it can
 * do, and a certificate says what is in both.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/profile_int.h"
#include "crypto/crypto.h"

#define SIGNING  (1u << 0 | 1u << 1 | USAGE_CERT_SIGN | USAGE_CRL_SIGN)
#define AGREEING (USAGE_KEY_AGREEMENT | USAGE_ENCIPHER_ONLY | USAGE_DECIPHER_ONLY)
#define CARRYING (1u << 2 | 1u << 3) /* keyEncipherment, dataEncipherment */

static const unsigned int possible[KEY_CLASSES] = {
    [KEY_RSA] = SIGNING | CARRYING,
    [KEY_EC] = SIGNING | AGREEING,
    [KEY_SIGNS] = SIGNING,
    [KEY_AGREES] = AGREEING,
};

unsigned int cmc_usage_possible(enum key_class kind)
{
    return possible[kind];
}

enum key_class cmc_key_class(EVP_PKEY *key)
{
    if (cmc_key_is(key, "RSA"))
        return KEY_RSA;
    if (cmc_key_is(key, "EC"))
        return KEY_EC;
    return cmc_key_is(key, "ED25519") || cmc_key_is(key, "ED448") ? KEY_SIGNS : KEY_AGREES;
}

enum key_class cmc_spki_class(struct cmc_slice der, struct cmc_arena *arena)
{
    static const struct {
        const struct cmc_slice *oid;
        enum key_class kind;
    } rows[] = {
        {&cmc_oid_rsaEncryption, KEY_RSA},
        {&cmc_oid_id_ecPublicKey, KEY_EC},
        {&cmc_oid_id_Ed25519, KEY_SIGNS},
        {&cmc_oid_id_Ed448, KEY_SIGNS},
    };
    struct cmc_spki spki = {0};

    if (cmc_decode(&cmc_it_spki, der, arena, &spki, NULL) == CMC_OK) {
        for (size_t i = 0; i < CMC_COUNT(rows); i++) {
            if (cmc_slice_eq(*rows[i].oid, spki.algorithm.algorithm))
                return rows[i].kind;
        }
    }
    return KEY_AGREES;
}

bool cmc_usage_read(struct cmc_slice value, struct cmc_arena *arena, unsigned int *usage)
{
    struct cmc_slice bits = CMC_SLICE_NONE;

    *usage = 0;
    if (cmc_decode(&cmc_it_key_usage, value, arena, &bits, NULL) != CMC_OK)
        return false;
    for (unsigned int i = 0; i < USAGE_BITS; i++) {
        if (cmc_bits_get(bits, i))
            *usage |= 1u << i;
    }
    return *usage != 0;
}

/* The DER of the set, without the zeros at its end (X.690 section 11.2.2). */
static enum cmc_rc write_usage(unsigned int usage, struct cmc_arena *arena, struct cmc_slice *out,
                               struct cmc_err *err)
{
    uint8_t content[3] = {0};
    struct cmc_slice bits = {content, 0};
    unsigned int last = 0;

    for (unsigned int i = 0; i < USAGE_BITS; i++) {
        if ((usage & 1u << i) == 0)
            continue;
        last = i;
        content[1 + i / 8] |= (uint8_t)(0x80u >> i % 8);
    }
    content[0] = (uint8_t)(7u - last % 8);
    bits.n = 2 + last / 8;
    return cmc_encode_arena(&cmc_it_key_usage, &bits, arena, out, err);
}

enum cmc_rc cmc_profile_compile_usage(struct cmc_profile *p, struct cmc_err *err)
{
    const struct cmc_extension *e = cmc_extension_find(&p->fixed, cmc_oid_id_ce_keyUsage);
    const struct cmc_extension *first = p->fixed.v;
    struct cmc_slice seen = CMC_SLICE_NONE;
    unsigned int usage;

    p->usage_index = SIZE_MAX;
    if (e == NULL)
        return CMC_OK;
    p->usage_index = (size_t)(e - first);
    if (!cmc_usage_read(e->value, p->arena, &usage))
        return cmc_fail(err, CMC_E_USAGE, "RFC 5280 section 4.2.1.3",
                        "profile %s: keyUsage must name at least one use", p->name);
    for (int i = 0; i < KEY_CLASSES; i++) {
        enum cmc_rc rc;

        p->usage[i] = usage & possible[i];
        if (p->usage[i] == 0)
            continue;
        rc = write_usage(p->usage[i], p->arena, &p->usage_value[i], err);
        if (rc != CMC_OK)
            return rc;
        if (seen.p != NULL && !cmc_slice_eq(seen, p->usage_value[i]))
            p->usage_varies = true;
        seen = p->usage_value[i];
    }
    p->usage_any = seen;
    return CMC_OK;
}
