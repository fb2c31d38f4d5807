/* SPDX-License-Identifier: Apache-2.0 */
/* The key derivation of ephemeral-static Diffie-Hellman, RFC 2631 section 2.1.2, with SHA-1 as it
 * says (as a derivation it is not broken). */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "cms/envelope_int.h"

/*
 * OtherInfo ::= SEQUENCE {
 *     keyInfo KeySpecificInfo,
 *     partyAInfo [0] OCTET STRING OPTIONAL,
 *     suppPubInfo [2] OCTET STRING }
 * KeySpecificInfo ::= SEQUENCE { algorithm OBJECT IDENTIFIER, counter OCTET STRING SIZE (4..4) }
 */
struct key_info {
    struct cmc_slice algorithm, counter;
};
static const struct cmc_field f_key_info[] = {
    CMC_FIELD(key_info, algorithm, "algorithm", cmc_it_oid),
    CMC_FIELD(key_info, counter, "counter", cmc_it_octet_string),
};
static CMC_SEQUENCE(key_info, "KeySpecificInfo", it_key_info, f_key_info);
struct other_info {
    struct key_info key;
    struct cmc_slice ukm, bits;
};
static const struct cmc_field f_other_info[] = {
    CMC_FIELD(other_info, key, "keyInfo", it_key_info),
    CMC_FIELD_X(other_info, ukm, "partyAInfo", cmc_it_octet_string, 0,
                CMC_F_EXPLICIT | CMC_F_OPTIONAL),
    CMC_FIELD_X(other_info, bits, "suppPubInfo", cmc_it_octet_string, 2, CMC_F_EXPLICIT),
};
static CMC_SEQUENCE(other_info, "OtherInfo", it_other_info, f_other_info);

/* One block: H(ZZ || OtherInfo with this counter). */
static enum cmc_rc block(const struct cmc_crypto *c, struct cmc_slice zz,
                         const struct other_info *info, struct cmc_arena *arena, uint8_t *md,
                         size_t *n, struct cmc_err *err)
{
    struct cmc_slice der;
    uint8_t *in;
    enum cmc_rc rc = cmc_encode_arena(&it_other_info, info, arena, &der, err);

    if (rc != CMC_OK)
        return rc;
    in = cmc_arena_alloc(arena, zz.n + der.n);
    if (in == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a derived key");
    memcpy(in, zz.p, zz.n);
    memcpy(in + zz.n, der.p, der.n);
    return cmc_digest(c, CMC_DIGEST_SHA1, cmc_slice(in, zz.n + der.n), md, n, err);
}

enum cmc_rc cmc_esdh_derive(const struct cmc_crypto *c, struct cmc_slice zz,
                            const struct cmc_wrap_alg *wrap, struct cmc_slice ukm,
                            struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    const uint8_t bits[4] = {0, 0, (uint8_t)(wrap->octets * 8 >> 8), (uint8_t)(wrap->octets * 8)};
    uint8_t counter[4] = {0, 0, 0, 0}, md[CMC_DIGEST_MAX];
    const struct other_info info = {.key = {*wrap->oid, cmc_slice(counter, sizeof counter)},
                                    .ukm = ukm,
                                    .bits = cmc_slice(bits, sizeof bits)};
    uint8_t *key = cmc_arena_alloc(arena, wrap->octets);
    enum cmc_rc rc = CMC_OK;
    size_t have = 0, n = 0;

    if (key == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a derived key");
    while (rc == CMC_OK && have < wrap->octets) {
        size_t take;

        counter[3]++;
        rc = block(c, zz, &info, arena, md, &n, err);
        if (rc != CMC_OK)
            break;
        take = wrap->octets - have < n ? wrap->octets - have : n;
        memcpy(key + have, md, take);
        have += take;
    }
    OPENSSL_cleanse(md, sizeof md);
    *out = cmc_slice(key, wrap->octets);
    return rc;
}
