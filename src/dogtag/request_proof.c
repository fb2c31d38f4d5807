/* SPDX-License-Identifier: Apache-2.0 */
/* What CMCRequest proves with a shared secret. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "base/nearest.h"
#include "client/proof.h"
#include "dogtag/request.h"

struct alg_name {
    const char *name;
    enum cmc_digest_id digest;
};
static const struct alg_name hashes[] = {
    {"SHA-256", CMC_DIGEST_SHA256}, {"SHA-384", CMC_DIGEST_SHA384}, {"SHA-512", CMC_DIGEST_SHA512}};
static const struct alg_name macs[] = {{"SHA-256-HMAC", CMC_DIGEST_SHA256},
                                       {"SHA-384-HMAC", CMC_DIGEST_SHA384},
                                       {"SHA-512-HMAC", CMC_DIGEST_SHA512}};
#define NALGS 3

/* The original leaves the proof out when the name is wrong or missing; nobody wants that. */
static enum cmc_rc algorithm(struct dog_request *rq, const char *param,
                             const struct alg_name names[NALGS], enum cmc_digest_id *out)
{
    const char *name = dog_config_get(rq->cfg, param);
    struct cmc_nearest near = {0};

    for (size_t i = 0; i < NALGS && name != NULL; i++) {
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].digest;
            return CMC_OK;
        }
        cmc_nearest_offer(&near, name, names[i].name);
    }
    if (near.word != NULL)
        return dog_usage(rq->d, "%s=%s: no such algorithm; did you mean %s?", param, name,
                         near.word);
    return dog_usage(rq->d, "%s%s%s: %s; want %s, %s or %s", param, name != NULL ? "=" : "",
                     name != NULL ? name : "", name != NULL ? "no such algorithm" : "missing",
                     names[0].name, names[1].name, names[2].name);
}

static enum cmc_rc algorithms(struct dog_request *rq, const char *hash_param, const char *mac_param,
                              enum cmc_digest_id *hash, const struct cmc_mac_alg **mac)
{
    enum cmc_digest_id digest = CMC_DIGEST_NONE;
    enum cmc_rc rc = algorithm(rq, hash_param, hashes, hash);

    if (rc == CMC_OK)
        rc = algorithm(rq, mac_param, macs, &digest);
    if (rc != CMC_OK)
        return rc;
    if (digest == CMC_DIGEST_SHA384 && !rq->rfc)
        dog_warn(rq->d,
                 "%s: Dogtag's CA cannot check SHA-384-HMAC; use SHA-256-HMAC or "
                 "SHA-512-HMAC with it",
                 mac_param);
    *mac = cmc_mac_by_digest(digest);
    return CMC_OK;
}

/*
 * The secret of a proof, and the identification where that is sent too. Dogtag mixes it into the
 * key of the POP link, which the RFC does not, and not into that of identityProof, which it does.
 */
static enum cmc_rc secret(struct dog_request *rq, const char *param, struct cmc_shared_secret *out)
{
    const char *text = NULL, *who = NULL;
    enum cmc_rc rc = dog_config_want(rq->d, rq->cfg, param, "the secret of the proof", &text);

    if (rc == CMC_OK && dog_config_on(rq->cfg, "identification.enable"))
        rc = dog_config_want(rq->d, rq->cfg, "identification", "who the secret belongs to", &who);
    out->secret = cmc_slice_str(text);
    out->identification = cmc_slice_str(who);
    out->dogtag = !rq->rfc;
    return rc;
}

static enum cmc_rc add(struct dog_request *rq, struct cmc_slice type, const struct cmc_item *it,
                       const void *value)
{
    return cmc_control_add(rq->d->arena, &rq->body.controls, dog_request_id(rq), type, it, value,
                           &rq->d->err);
}

/* -- POP link witness -------------------------------------------------------------------- */

static enum cmc_rc pop_link_random(struct dog_request *rq, struct cmc_slice *out)
{
    enum cmc_rc rc = cmc_link_random(rq->d->crypto, rq->d->arena, out, &rq->d->err);

    if (rc == CMC_OK)
        rc = add(rq, cmc_oid_id_cmc_popLinkRandom, &cmc_it_octet_string, out);
    return rc;
}

/* The random value into the message, and its witness into each request. */
static enum cmc_rc link_all(struct dog_request *rq, const struct cmc_shared_secret *s)
{
    struct cmc_slice random = CMC_SLICE_NONE, type, value;
    enum cmc_rc rc = pop_link_random(rq, &random);

    if (rc == CMC_OK)
        rc = cmc_link_witness(rq->d->crypto, s, random, rq->d->arena, &type, &value, &rq->d->err);
    return rc == CMC_OK ? dog_request_amend(rq, type, value) : rc;
}

/*
 * Version 1. The original sends a (constant) random value and never a witness, which no server
 * can do anything with; with rfc=true there is a witness.
 */
enum cmc_rc dog_request_pop_link_v1(struct dog_request *rq)
{
    struct cmc_shared_secret s = {.link = CMC_LINK_V1};
    struct cmc_slice random = CMC_SLICE_NONE;
    enum cmc_rc rc;

    if (dog_config_on(rq->cfg, "popLinkWitnessV2.enable")) {
        dog_warn(rq->d, "popLinkWitness.enable is ignored: popLinkWitnessV2 is on");
        return CMC_OK;
    }
    if (dog_config_on(rq->cfg, "revRequest.enable") || !rq->rfc) {
        dog_warn(rq->d, "popLinkWitness: version 1 sends a random value only and proves nothing; "
                        "use popLinkWitnessV2, or rfc=true");
        return pop_link_random(rq, &random);
    }
    rc = secret(rq, "witness.sharedSecret", &s);
    return rc == CMC_OK ? link_all(rq, &s) : rc;
}

enum cmc_rc dog_request_pop_link_v2(struct dog_request *rq)
{
    struct cmc_shared_secret s = {.link = CMC_LINK_HASH};
    enum cmc_digest_id hash = CMC_DIGEST_NONE;
    enum cmc_rc rc;

    if (!dog_config_on(rq->cfg, "popLinkWitnessV2.enable"))
        return CMC_OK;
    rc =
        algorithms(rq, "popLinkWitnessV2.keyGenAlg", "popLinkWitnessV2.macAlg", &hash, &s.link_mac);
    s.link_hash = cmc_digest_alg(hash);
    if (rc == CMC_OK)
        rc = secret(rq, "witness.sharedSecret", &s);
    return rc == CMC_OK ? link_all(rq, &s) : rc;
}

/* -- identity ---------------------------------------------------------------------------- */

static enum cmc_rc identification(struct dog_request *rq)
{
    const char *text = NULL;
    struct cmc_slice who, value, again = {0};
    enum cmc_rc rc =
        dog_config_want(rq->d, rq->cfg, "identification", "who asks for a certificate", &text);

    who = cmc_slice_str(text);
    if (rc == CMC_OK)
        rc = cmc_encode_arena(&cmc_it_identification, &who, rq->d->arena, &value, &rq->d->err);
    if (rc == CMC_OK &&
        cmc_decode(&cmc_it_identification, value, rq->d->arena, &again, NULL) != CMC_OK)
        rc = dog_usage(rq->d, "identification: the value is not UTF-8");
    if (rc == CMC_OK)
        rc = add(rq, cmc_oid_id_cmc_identification, &cmc_it_any, &value);
    return rc;
}

static enum cmc_rc add_proof(struct dog_request *rq, const struct cmc_shared_secret *s, bool v1)
{
    struct cmc_slice value;
    enum cmc_rc rc =
        cmc_identity_value(rq->d->crypto, s, v1, &rq->body, rq->d->arena, &value, &rq->d->err);

    if (rc == CMC_OK)
        rc = add(rq, v1 ? cmc_oid_id_cmc_identityProof : cmc_oid_id_cmc_identityProofV2,
                 &cmc_it_any, &value);
    return rc;
}

static enum cmc_rc identity_proof_v2(struct dog_request *rq)
{
    struct cmc_shared_secret s = {0};
    enum cmc_digest_id hash = CMC_DIGEST_NONE;
    enum cmc_rc rc =
        algorithms(rq, "identityProofV2.hashAlg", "identityProofV2.macAlg", &hash, &s.mac);

    s.hash = cmc_digest_alg(hash);
    if (rc == CMC_OK)
        rc = secret(rq, "witness.sharedSecret", &s);
    return rc == CMC_OK ? add_proof(rq, &s, false) : rc;
}

static enum cmc_rc identity_proof_v1(struct dog_request *rq)
{
    struct cmc_shared_secret s = {0};
    enum cmc_rc rc = secret(rq, "identityProof.sharedSecret", &s);

    return rc == CMC_OK ? add_proof(rq, &s, true) : rc;
}

enum cmc_rc dog_request_identity(struct dog_request *rq)
{
    enum cmc_rc rc = CMC_OK;

    if (dog_config_on(rq->cfg, "identification.enable"))
        rc = identification(rq);
    if (rc != CMC_OK)
        return rc;
    if (dog_config_on(rq->cfg, "identityProofV2.enable"))
        return identity_proof_v2(rq);
    if (dog_config_on(rq->cfg, "identityProof.enable"))
        return identity_proof_v1(rq);
    return CMC_OK;
}
