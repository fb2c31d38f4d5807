/* SPDX-License-Identifier: Apache-2.0 */
/* Linking identity and proof of possession by a shared secret, RFC 10002 section 6.3. */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "control/proof_int.h"
#include "message/request.h"

#define CLAUSE      "RFC 10002 section 6.3.1"
#define SALT_OCTETS 16

static enum cmc_rc bad_link(struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_POP_FAILED, CLAUSE,
                         "the POP link witness does not fit the shared secret");
}

/* -- version 1 --------------------------------------------------------------------------- */

/* [10002-6.3.1.2-u1, 10004-5.2-i, 10004-5.2-h] */
enum cmc_rc cmc_pop_link_witness(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                 struct cmc_slice random, uint8_t out[CMC_PROOF_V1_OCTETS],
                                 struct cmc_err *err)
{
    /* The same computation as an identity proof, over the random value. */
    return cmc_identity_proof(c, s, random, out, err);
}

/* [10002-6.3.1.2-u1, 10004-5.2-i] */
enum cmc_rc cmc_pop_link_witness_check(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                       struct cmc_slice random, struct cmc_slice witness,
                                       struct cmc_err *err)
{
    uint8_t want[CMC_PROOF_V1_OCTETS];
    enum cmc_rc rc = cmc_pop_link_witness(c, s, random, want, err);

    if (rc == CMC_OK && !cmc_proof_eq(witness, want, sizeof want))
        rc = bad_link(err);
    return rc;
}

/* -- version 2 --------------------------------------------------------------------------- */

/* PBKDF2 takes the octets themselves for its password. */
static enum cmc_rc pbkdf2_mac(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                              const struct cmc_algid *key_gen, const struct cmc_mac_alg *mac,
                              struct cmc_slice random, struct cmc_arena *arena, uint8_t *out,
                              size_t *n, struct cmc_err *err)
{
    enum cmc_rc rc;
    struct cmc_slice key = CMC_SLICE_NONE;
    struct cmc_buf password;

    cmc_buf_init(&password, CMC_LIMIT_MESSAGE_OCTETS);
    cmc_buf_slice(&password, s->secret);
    if (s->identification.p != NULL)
        cmc_buf_slice(&password, s->identification);
    if (!cmc_buf_ok(&password)) {
        rc = cmc_fail(err, CMC_E_MEM, NULL, "no memory for a shared secret");
        goto out;
    }
    rc = cmc_pbkdf2(c, key_gen, cmc_buf_get0(&password), cmc_digest_alg(mac->digest)->size, arena,
                    &key, err);
    if (rc == CMC_OK)
        rc = cmc_hmac(c, mac, key, random, out, n, err);
out:
    cmc_buf_free(&password);
    return rc;
}

/* [10002-6.3.1.1-u1, 10004-5.1-t, 10004-5.1-u, 10004-5.1-v, 10004-5.2-g] */
static enum cmc_rc witness_v2(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                              const struct cmc_algid *key_gen, const struct cmc_mac_alg *mac,
                              struct cmc_slice random, bool allow_weak, struct cmc_arena *arena,
                              struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_digest_alg *hash = NULL;
    uint8_t value[CMC_DIGEST_MAX];
    size_t n = 0;
    enum cmc_rc rc;

    if (cmc_slice_eq(key_gen->algorithm, cmc_oid_id_PBKDF2)) {
        rc = pbkdf2_mac(c, s, key_gen, mac, random, arena, value, &n, err);
    } else {
        rc = cmc_proof_digest(key_gen, allow_weak, &hash, err);
        if (rc == CMC_OK)
            rc = cmc_proof_mac(c, s, hash->id, mac, random, value, &n, err);
    }
    if (rc != CMC_OK)
        return rc;
    *out = cmc_arena_slice(arena, cmc_slice(value, n));
    return out->p != NULL ? CMC_OK
                          : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a POP link witness");
}

enum cmc_rc cmc_pop_link_witness_v2(const struct cmc_crypto *c, const struct cmc_proof_secret *s,
                                    const struct cmc_algid *key_gen, const struct cmc_mac_alg *mac,
                                    struct cmc_slice random, struct cmc_arena *arena,
                                    struct cmc_proof_v2 *out, struct cmc_err *err)
{
    *out = (struct cmc_proof_v2){.hash = *key_gen};
    cmc_mac_algid(mac, &out->mac);
    return witness_v2(c, s, key_gen, mac, random, true, arena, &out->witness, err);
}

enum cmc_rc cmc_pop_link_witness_v2_check(const struct cmc_crypto *c,
                                          const struct cmc_proof_secret *s,
                                          const struct cmc_proof_v2 *witness,
                                          struct cmc_slice random, bool allow_weak,
                                          struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_mac_alg *mac = NULL;
    struct cmc_slice want;
    enum cmc_rc rc = cmc_mac_from_algid(&witness->mac, allow_weak, &mac, err);

    if (rc == CMC_OK)
        rc = witness_v2(c, s, &witness->hash, mac, random, allow_weak, arena, &want, err);
    if (rc == CMC_OK && !cmc_proof_eq(witness->witness, want.p, want.n))
        rc = bad_link(err);
    return rc;
}

enum cmc_rc cmc_pop_link_pbkdf2(const struct cmc_crypto *c, const struct cmc_mac_alg *mac,
                                uint32_t rounds, struct cmc_arena *arena, struct cmc_algid *out,
                                struct cmc_err *err)
{
    struct cmc_algid prf;
    struct cmc_pbkdf2_params p = {.iterations = rounds};
    uint8_t *salt = cmc_arena_alloc(arena, SALT_OCTETS);
    enum cmc_rc rc;

    *out = (struct cmc_algid){.algorithm = cmc_oid_id_PBKDF2};
    cmc_mac_algid(mac, &prf);
    if (mac->digest != CMC_DIGEST_SHA1) /* the DEFAULT, which DER leaves out [10002-A-bf] */
        p.prf = &prf;
    p.key_length = cmc_int_from_u64(arena, cmc_digest_alg(mac->digest)->size);
    if (salt == NULL || p.key_length.p == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for PBKDF2 parameters");
    p.salt = cmc_slice(salt, SALT_OCTETS);
    rc = cmc_random(c, salt, SALT_OCTETS, err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_pbkdf2_params, &p, arena, &out->parameters, err);
    return rc;
}

/* -- where the witness stands ------------------------------------------------------------ */

static enum cmc_rc once(const struct cmc_request *rq, struct cmc_slice value, struct cmc_slice *out,
                        struct cmc_err *err)
{
    enum cmc_rc rc;

    if (value.p != NULL && out->p == NULL) {
        *out = value;
        return CMC_OK;
    }
    rc = cmc_fail_info(err, CMC_E_INPUT, CMC_FAIL_BAD_REQUEST, CLAUSE,
                       "a request must hold its POP link witness once, with one value");
    cmc_err_body_part(err, rq->body_part_id);
    return rc;
}

/* [10002-6.3.1.1-u2, 10002-6.3.1.1-u3] */
enum cmc_rc cmc_pop_link_find(const struct cmc_request *rq, bool v2, struct cmc_slice *out,
                              struct cmc_err *err)
{
    const struct cmc_slice type =
        v2 ? cmc_oid_id_cmc_popLinkWitnessV2 : cmc_oid_id_cmc_popLinkWitness;
    enum cmc_rc rc = CMC_OK;

    *out = CMC_SLICE_NONE;
    for (size_t i = 0; i < rq->attributes.n && rc == CMC_OK; i++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, rq->attributes, i);

        if (cmc_slice_eq(a->type, type))
            rc = once(rq,
                      a->values.n == 1 ? *CMC_AT(const struct cmc_slice, a->values, 0)
                                       : CMC_SLICE_NONE,
                      out, err);
    }
    for (size_t i = 0; i < rq->controls.n && rc == CMC_OK; i++) {
        const struct cmc_atv *a = CMC_AT(const struct cmc_atv, rq->controls, i);

        if (cmc_slice_eq(a->type, type))
            rc = once(rq, a->value, out, err);
    }
    return rc;
}
