/* SPDX-License-Identifier: Apache-2.0 */
#include "client/proof.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "message/request_sign.h"

#define CLAUSE_PROOF "RFC 10002 section 6.2"
#define CLAUSE_LINK  "RFC 10002 section 6.3.1"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a proof by shared secret");
}

/* -- the link ---------------------------------------------------------------------------- */

/* [10002-6.3.1.1-a] 64 octets */
enum cmc_rc cmc_link_random(const struct cmc_crypto *c, struct cmc_arena *arena,
                            struct cmc_slice *out, struct cmc_err *err)
{
    uint8_t *random = cmc_arena_alloc(arena, CMC_POP_LINK_RANDOM_OCTETS);

    *out = CMC_SLICE_NONE;
    if (random == NULL)
        return no_memory(err);
    *out = cmc_slice(random, CMC_POP_LINK_RANDOM_OCTETS);
    return cmc_random(c, random, CMC_POP_LINK_RANDOM_OCTETS, err);
}

/* [10002-6.3.1.1-u1] The key is that of the secret alone; Dogtag mixes the identification in. */
static struct cmc_proof_secret link_secret(const struct cmc_shared_secret *s)
{
    struct cmc_proof_secret p = {.secret = s->secret};

    if (s->dogtag)
        p.identification = s->identification;
    return p;
}

static enum cmc_rc witness_v2(const struct cmc_crypto *c, const struct cmc_shared_secret *s,
                              struct cmc_slice random, struct cmc_arena *arena,
                              struct cmc_slice *value, struct cmc_err *err)
{
    const struct cmc_proof_secret secret = link_secret(s);
    struct cmc_algid key_gen = {0};
    struct cmc_proof_v2 witness;
    enum cmc_rc rc = CMC_OK;

    if (s->link_mac == NULL || (s->link == CMC_LINK_HASH && s->link_hash == NULL))
        return cmc_fail(err, CMC_E_USAGE, CLAUSE_LINK,
                        "the algorithms of the POP link witness are missing");
    if (s->link == CMC_LINK_HASH)
        cmc_digest_algid(s->link_hash->id, &key_gen);
    else
        rc = cmc_pop_link_pbkdf2(c, s->link_mac,
                                 s->link_rounds != 0 ? s->link_rounds : CMC_LINK_ROUNDS, arena,
                                 &key_gen, err);
    if (rc == CMC_OK)
        rc = cmc_pop_link_witness_v2(c, &secret, &key_gen, s->link_mac, random, arena, &witness,
                                     err);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_pop_link_witness_v2, &witness, arena, value, err);
    return rc;
}

/* [10002-6.3.1.2-u1, 10004-5.2-h] */
static enum cmc_rc witness_v1(const struct cmc_crypto *c, const struct cmc_shared_secret *s,
                              struct cmc_slice random, struct cmc_arena *arena,
                              struct cmc_slice *value, struct cmc_err *err)
{
    const struct cmc_proof_secret secret = link_secret(s);
    uint8_t witness[CMC_PROOF_V1_OCTETS];
    const struct cmc_slice octets = {witness, sizeof witness};
    enum cmc_rc rc = cmc_pop_link_witness(c, &secret, random, witness, err);

    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_octet_string, &octets, arena, value, err);
    return rc;
}

enum cmc_rc cmc_link_witness(const struct cmc_crypto *c, const struct cmc_shared_secret *s,
                             struct cmc_slice random, struct cmc_arena *arena,
                             struct cmc_slice *type, struct cmc_slice *value, struct cmc_err *err)
{
    *type = cmc_oid_id_cmc_popLinkWitnessV2;
    *value = CMC_SLICE_NONE;
    if (s->link == CMC_LINK_NONE || s->secret.p == NULL)
        return cmc_fail(err, CMC_E_USAGE, CLAUSE_LINK,
                        "a POP link witness is made with a shared secret; there is none");
    if (s->link != CMC_LINK_V1)
        return witness_v2(c, s, random, arena, value, err);
    *type = cmc_oid_id_cmc_popLinkWitness;
    return witness_v1(c, s, random, arena, value, err);
}

/* [10002-6.3.1.1-u2, 10002-6.3.1.1-u3, 10004-5.2-g] */
enum cmc_rc cmc_link_request(const struct cmc_crypto *c, bool crmf, struct cmc_slice request,
                             struct cmc_slice type, struct cmc_slice value, EVP_PKEY *key,
                             struct cmc_arena *arena, struct cmc_slice *out, struct cmc_err *err)
{
    if (crmf)
        return cmc_crmf_add_control(c, request, type, value, key, NULL, arena, out, err);
    return cmc_pkcs10_add_attribute(c, request, type, value, key, NULL, arena, out, err);
}

/* -- the identity ------------------------------------------------------------------------ */

/* [10002-6.2-a, 10002-6.2.3-u1, 10004-5.2-c] */
static enum cmc_rc proof_v2(const struct cmc_crypto *c, const struct cmc_shared_secret *s,
                            struct cmc_slice covered, struct cmc_arena *arena,
                            struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_proof_secret secret = {s->secret, s->identification};
    struct cmc_proof_v2 proof;
    enum cmc_rc rc;

    if (s->hash == NULL || s->mac == NULL)
        return cmc_fail(err, CMC_E_USAGE, CLAUSE_PROOF,
                        "the algorithms of the identity proof are missing");
    rc = cmc_identity_proof_v2(c, &secret, s->hash, s->mac, covered, arena, &proof, err);
    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_identity_proof_v2, &proof, arena, out, err) : rc;
}

/* [10002-6.2.2-u1, 10004-5.2-d] */
static enum cmc_rc proof_v1(const struct cmc_crypto *c, const struct cmc_shared_secret *s,
                            struct cmc_slice covered, struct cmc_arena *arena,
                            struct cmc_slice *out, struct cmc_err *err)
{
    const struct cmc_proof_secret secret = {s->secret,
                                            s->dogtag ? CMC_SLICE_NONE : s->identification};
    uint8_t witness[CMC_PROOF_V1_OCTETS];
    const struct cmc_slice octets = {witness, sizeof witness};
    enum cmc_rc rc = cmc_identity_proof(c, &secret, covered, witness, err);

    return rc == CMC_OK ? cmc_encode_arena(&cmc_it_octet_string, &octets, arena, out, err) : rc;
}

enum cmc_rc cmc_identity_value(const struct cmc_crypto *c, const struct cmc_shared_secret *s,
                               bool v1, const struct cmc_pkidata *body, struct cmc_arena *arena,
                               struct cmc_slice *out, struct cmc_err *err)
{
    struct cmc_slice covered;
    enum cmc_rc rc = cmc_req_sequence(body, arena, &covered, err);

    *out = CMC_SLICE_NONE;
    if (rc != CMC_OK)
        return rc;
    return v1 ? proof_v1(c, s, covered, arena, out, err) : proof_v2(c, s, covered, arena, out, err);
}
