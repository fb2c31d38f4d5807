/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity by shared secret: the proof (RFC 10002 section 6.2), its link to each certification
 * request (section 6.3), and the passphrase of a revocation (section 6.11).
 *
 * Whoever may ask can guess, so: one secret is tried once in a message; an unknown name, a wrong
 * secret and one that may not be used any more get the same answer after the same work; and what
 * was tried goes into the transaction that the answer waits for.
 */
#include <openssl/crypto.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "asn1/tlv.h"
#include "cms/authenticated_data.h"
#include "control/control.h"
#include "responder/responder_int.h"

#define CLAUSE_PROOF     "RFC 10002 section 6.2"
#define CLAUSE_LINK      "RFC 10002 section 6.3"
#define CLAUSE_AUTH_DATA "RFC 10002 section 6.16"

/* -- what the controls say --------------------------------------------------------------- */

/* [10002-6.2-b] */
enum cmc_rc cmc_identity_keep(struct job *j, const struct cmc_tagged_attribute *ta,
                              struct cmc_err *err)
{
    struct identity *id = &j->identity;
    enum cmc_rc rc;

    if (cmc_slice_eq(ta->type, cmc_oid_id_cmc_identification))
        return cmc_control_decode(ta, j->arena, &id->name, err);
    if (id->body_part == 0)
        id->body_part = ta->body_part_id;
    if (cmc_slice_eq(ta->type, cmc_oid_id_cmc_popLinkRandom))
        return cmc_control_decode(ta, j->arena, &id->random, err);
    if (cmc_slice_eq(ta->type, cmc_oid_id_cmc_identityProof)) {
        rc = cmc_control_decode(ta, j->arena, &id->proof_v1, err);
        id->has_v1 = rc == CMC_OK;
        return rc;
    }
    rc = cmc_control_decode(ta, j->arena, &id->proof_v2, err);
    id->has_v2 = rc == CMC_OK;
    return rc;
}

static bool has_proof(const struct identity *id)
{
    return id->has_v1 || id->has_v2;
}

/* -- the outcome ------------------------------------------------------------------------- */

/* The one answer to every proof that fails, whatever the reason. [10002-6.2.1-a, 10002-6.2.1-b] */
static enum cmc_rc not_proved(struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_BAD_IDENTITY, CLAUSE_PROOF,
                         "the identity is not proved: the identification is unknown, the shared "
                         "secret is another, or it may not be used any more");
}

/* Note down what became of a secret. right: the computation came out; that does not suffice. */
static bool note(struct job *j, struct secret_event e, const struct cmc_secret_found *s, bool right)
{
    bool good = right && s->unusable == NULL;

    e.failure = good                  ? NULL
                : s->unusable != NULL ? s->unusable
                                      : "the secret is known, the proof is wrong";
    /* Only a wrong guess counts against a secret; with id 0 the same is done to none. */
    e.use = (struct cmc_secret_use){
        .id = good || !right ? s->id : 0, .used = good, .max_failures = s->max_failures};
    if (j->nsecret_events < SECRET_EVENTS_MAX)
        j->secret_events[j->nsecret_events++] = e;
    return good;
}

void cmc_identity_tried(struct job *j, struct cmc_slice name, const struct cmc_secret_found *s,
                        bool right)
{
    (void)note(j, (struct secret_event){.purpose = CMC_SECRET_ENROLL, .name = name}, s, right);
}

static bool took_effect(const struct job *j, enum plan_kind kind)
{
    for (size_t i = 0; i < j->nitems; i++) {
        const struct plan_item *it = &j->items[i];

        /* What is held for approval has made use of it too. */
        if (it->kind == kind && (cmc_item_done(it) || it->status == CMC_STATUS_PENDING))
            return true;
    }
    return false;
}

/* Shown twice in one message, by a proof and by authData, it is used once. */
static bool used_already(const struct cmc_secret_use *uses, size_t n,
                         const struct cmc_secret_use *use)
{
    for (size_t i = 0; i < n; i++) {
        if (use->used && uses[i].used && uses[i].id == use->id)
            return true;
    }
    return false;
}

/* A secret whose proof was good, but which brought about nothing, stays as it was. */
enum cmc_rc cmc_identity_uses(struct job *j, struct cmc_err *err)
{
    struct cmc_secret_use *uses;

    if (j->nsecret_events == 0)
        return CMC_OK;
    uses = cmc_arena_array(j->arena, j->nsecret_events, sizeof *uses);
    if (uses == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a transaction");
    for (size_t i = 0; i < j->nsecret_events; i++) {
        const struct secret_event *e = &j->secret_events[i];

        if (used_already(uses, j->txn.nsecrets, &e->use))
            continue;
        if (!e->use.used ||
            took_effect(j, e->purpose == CMC_SECRET_REVOKE ? PLAN_REVOKE : PLAN_ISSUE))
            uses[j->txn.nsecrets++] = e->use;
    }
    j->txn.secrets = uses;
    return CMC_OK;
}

/* -- the proof --------------------------------------------------------------------------- */

/* Version 2 decides when it is there: version 1 beside it is for servers that do not know it.
 * [10002-6.2-b, 10002-6.2.1-u1, 10004-5.2-c, 10004-5.2-e, 10004-5.2-d] */
static enum cmc_rc check_proof(struct job *j, struct cmc_err *err)
{
    const struct identity *id = &j->identity;
    struct cmc_proof_secret s = {.secret = id->secret.value, .identification = id->name};
    struct cmc_slice covered;
    enum cmc_rc rc;

    /* The octets as they were received, BER or DER: the second element of the PKIData. */
    rc = cmc_ber_element(j->sd.encap.content, 1, &covered, err);
    if (rc != CMC_OK)
        return rc;
    if (id->has_v2)
        return cmc_identity_proof_v2_check(j->r->crypto, &s, &id->proof_v2, covered,
                                           j->rules->allow_weak, j->arena, err);
    if (!j->rules->allow_weak)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10004 section 4",
                             "identityProof is made with SHA-1, which is not accepted here; use "
                             "identityProofV2");
    rc = cmc_identity_proof_check(j->r->crypto, &s, covered, id->proof_v1, err);
    if (rc == CMC_E_CRYPTO && j->rules->dogtag) {
        s.identification = CMC_SLICE_NONE;
        rc = cmc_identity_proof_check(j->r->crypto, &s, covered, id->proof_v1, err);
    }
    return rc;
}

/* -- the link ---------------------------------------------------------------------------- */

static enum cmc_rc no_link(const struct cmc_request *rq, const char *text, struct cmc_err *err)
{
    enum cmc_rc rc =
        cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_POP_FAILED, CLAUSE_LINK, "%s", text);

    cmc_err_body_part(err, rq->body_part_id);
    return rc;
}

/* The work that PBKDF2 is asked to do, over the whole message. */
static enum cmc_rc spend(struct job *j, const struct cmc_algid *key_gen, struct cmc_err *err)
{
    struct cmc_pbkdf2_params p = {0};
    uint64_t octets = 0;
    enum cmc_rc rc;

    if (!cmc_slice_eq(key_gen->algorithm, cmc_oid_id_PBKDF2) || key_gen->parameters.p == NULL)
        return CMC_OK;
    rc = cmc_decode(&cmc_it_pbkdf2_params, key_gen->parameters, j->arena, &p, err);
    if (rc != CMC_OK)
        return rc;
    if (p.key_length.p != NULL && !cmc_int_get_u64(p.key_length, &octets))
        octets = CMC_LIMIT_PBKDF2_KEY;
    if (octets > CMC_LIMIT_PBKDF2_KEY)
        octets = CMC_LIMIT_PBKDF2_KEY;
    /* Each block of the key costs all rounds; 64 octets fit into one or a few of any hash. */
    j->identity.rounds += (uint64_t)p.iterations * (1 + octets / 65);
    if (j->identity.rounds > CMC_LIMIT_POP_LINK_ROUNDS)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, CLAUSE_LINK,
                             "the POP link witnesses ask for more than CMC_LIMIT_POP_LINK_ROUNDS "
                             "(%u) rounds of PBKDF2",
                             CMC_LIMIT_POP_LINK_ROUNDS);
    return CMC_OK;
}

static enum cmc_rc check_v2(struct job *j, const struct cmc_proof_secret *s,
                            const struct cmc_proof_v2 *w, struct cmc_err *err)
{
    enum cmc_rc rc = spend(j, &w->hash, err);

    if (rc != CMC_OK)
        return rc;
    return cmc_pop_link_witness_v2_check(j->r->crypto, s, w, j->identity.random,
                                         j->rules->allow_weak, j->arena, err);
}

/* The witness in one request. Errors: popFailed, badAlg. [10002-6.3.1.1-d] */
static enum cmc_rc check_link(struct job *j, const struct cmc_request *rq, struct cmc_err *err)
{
    const struct identity *id = &j->identity;
    struct cmc_proof_secret s = {.secret = id->secret.value};
    struct cmc_slice found, octets = CMC_SLICE_NONE;
    struct cmc_proof_v2 w = {0};
    bool v2;
    enum cmc_rc rc = cmc_pop_link_find(rq, true, &found, err);

    v2 = rc == CMC_OK && found.p != NULL;
    if (rc == CMC_OK && !v2)
        rc = cmc_pop_link_find(rq, false, &found, err);
    if (rc != CMC_OK)
        return rc;
    if (found.p == NULL)
        return no_link(rq, "popLinkRandom asks for a POP link witness in every request", err);
    if (!v2 && !j->rules->allow_weak)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_ALG, "RFC 10004 section 4",
                             "popLinkWitness is made with SHA-1, which is not accepted here; use "
                             "popLinkWitnessV2");
    rc = v2 ? cmc_decode(&cmc_it_pop_link_witness_v2, found, j->arena, &w, err)
            : cmc_decode(&cmc_it_octet_string, found, j->arena, &octets, err);
    if (rc != CMC_OK)
        return rc;
    /* The RFC makes the key of the secret alone; Dogtag adds the identification. */
    for (int form = 0; form < (j->rules->dogtag ? 2 : 1); form++) {
        if (form == 1)
            s.identification = id->name;
        rc = v2 ? check_v2(j, &s, &w, err)
                : cmc_pop_link_witness_check(j->r->crypto, &s, id->random, octets, err);
        if (rc != CMC_E_CRYPTO)
            break;
    }
    return rc;
}

/*
 * All of them, or the message is refused. Without a proof the witnesses are what tests the secret,
 * so the first that is wrong must end it: a message is one guess.
 * [10002-6.3-a, 10002-6.3.1.1-c, 10002-6.3.1.1-d, 10004-5.2-f, 10004-5.2-g, 10004-5.2-i]
 */
static enum cmc_rc check_links(struct job *j, struct cmc_err *err)
{
    for (size_t i = 0; i < j->body.requests.n; i++) {
        const struct cmc_tagged_request *tr =
            CMC_AT(const struct cmc_tagged_request, j->body.requests, i);
        struct cmc_request rq;
        enum cmc_rc rc = cmc_request_from_tagged(tr, j->arena, &rq, err);

        if (rc == CMC_OK)
            rc = check_link(j, &rq, err);
        if (rc != CMC_OK) {
            cmc_err_body_part(err, cmc_tagged_request_id(tr));
            return rc;
        }
    }
    return CMC_OK;
}

/* -- the message ------------------------------------------------------------------------- */

static enum cmc_rc refuse_message(struct job *j, int fail_info, const char *text,
                                  struct cmc_err *err)
{
    enum cmc_rc rc = cmc_fail_info(err, CMC_E_REFUSED, fail_info, CLAUSE_PROOF, "%s", text);

    cmc_err_body_part(err, j->identity.body_part);
    return rc;
}

/* Whoever has no better standing becomes who was proved. */
static enum cmc_rc become(struct job *j, struct cmc_err *err)
{
    const struct identity *id = &j->identity;

    if (j->requester.kind == CMC_REQUESTER_OFFICER)
        return CMC_OK;
    j->requester = (struct cmc_requester){
        .kind = CMC_REQUESTER_SECRET,
        .name = cmc_arena_strndup(j->arena, (const char *)id->name.p, id->name.n)};
    return j->requester.name != NULL ? CMC_OK
                                     : cmc_fail(err, CMC_E_MEM, NULL, "no memory for a name");
}

/*
 * The MAC over the message has proved who sent it, and was noted down. A proof beside it must be
 * right as well, and every request is linked to the identity as with a proof.
 */
static enum cmc_rc check_beside_mac(struct job *j, struct cmc_err *err)
{
    struct identity *id = &j->identity;
    enum cmc_rc rc = CMC_OK;

    id->secret = j->protection.secret;
    if (has_proof(id))
        rc = check_proof(j, err);
    if (rc == CMC_E_CRYPTO) {
        rc = not_proved(err);
        cmc_err_body_part(err, id->body_part);
    }
    if (rc == CMC_OK && id->random.p != NULL)
        rc = check_links(j, err);
    return rc == CMC_OK ? become(j, err) : rc;
}

/* [10002-6.3.2-e] */
enum cmc_rc cmc_identity_check(struct job *j, struct cmc_err *err)
{
    struct identity *id = &j->identity;
    const struct cmc_secret_query query = {
        .purpose = CMC_SECRET_ENROLL, .name = id->name, .now = j->x->now};
    enum cmc_rc rc;

    if (j->protection.mac_good)
        return check_beside_mac(j, err);
    if (!has_proof(id) && id->random.p == NULL)
        return CMC_OK;
    /* The RA may keep secrets that we do not know; of ours the bound name counts all the same. */
    if (j->ra.identity && (!j->rules->secrets || id->name.p == NULL))
        return CMC_OK;
    if (!j->rules->secrets)
        return refuse_message(j, CMC_FAIL_BAD_REQUEST,
                              "identity is not proved by a shared secret at this endpoint", err);
    if (id->name.p == NULL)
        return refuse_message(j, CMC_FAIL_BAD_IDENTITY,
                              "the identification control is missing: whose secret is meant?", err);
    rc = j->r->auth->ops->secret(j->r->auth->self, &query, j->arena, &id->secret, err);
    if (rc != CMC_OK || j->ra.identity)
        return rc;
    rc = has_proof(id) ? check_proof(j, err) : check_links(j, err);
    if (rc != CMC_OK && rc != CMC_E_CRYPTO)
        return rc;
    if (!note(j, (struct secret_event){.purpose = CMC_SECRET_ENROLL, .name = id->name}, &id->secret,
              rc == CMC_OK)) {
        rc = not_proved(err);
        cmc_err_body_part(err, id->body_part);
        return rc;
    }
    if (!has_proof(id))
        return CMC_OK;
    if (id->random.p != NULL)
        rc = check_links(j, err);
    return rc == CMC_OK ? become(j, err) : rc;
}

/* [10002-6.16-u2]. One answer to whatever is wrong, as with a proof. */
enum cmc_rc cmc_identity_auth_data(struct job *j, const struct cmc_authenticated_data *ad,
                                   struct cmc_err *err)
{
    struct identity *id = &j->identity;
    const struct cmc_secret_query query = {
        .purpose = CMC_SECRET_ENROLL, .name = id->name, .now = j->x->now};
    struct cmc_slice password;
    enum cmc_rc rc = CMC_OK;

    id->controls_only = j->requester.kind != CMC_REQUESTER_SECRET;
    if (!j->rules->secrets)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE_AUTH_DATA,
                             "identity is not proved by a shared secret at this endpoint");
    if (id->name.p == NULL)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, CLAUSE_AUTH_DATA,
                             "the identification control is missing: whose secret is meant?");
    if (id->secret.value.p == NULL)
        rc = j->r->auth->ops->secret(j->r->auth->self, &query, j->arena, &id->secret, err);
    if (rc == CMC_OK)
        rc = cmc_shared_password(id->name, id->secret.value, j->arena, &password, err);
    if (rc != CMC_OK)
        return rc;
    rc = cmc_authenticated_data_check(j->r->crypto, ad, password, j->rules->allow_weak, j->arena,
                                      err);
    if (rc != CMC_OK && rc != CMC_E_CRYPTO)
        return rc;
    if (!note(j, (struct secret_event){.purpose = CMC_SECRET_ENROLL, .name = id->name}, &id->secret,
              rc == CMC_OK))
        return cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_AUTH_DATA_FAIL, CLAUSE_AUTH_DATA,
                             "the data under authData are not authenticated: the identification "
                             "is unknown, the shared secret is another, or it may not be used any "
                             "more");
    return become(j, err);
}

/* The names that are to be issued: who shares the secret may have these and no others. */
static enum cmc_rc outside_of_names(const struct job *j, const struct plan_item *it,
                                    struct cmc_err *err)
{
    const struct acted_on on = cmc_acted_on(NULL, it->request.subject, &it->request.extensions);
    const char *outside = NULL;
    enum cmc_rc rc = cmc_names_outside(j->identity.secret.names, &on, j->arena, &outside, err);

    if (rc != CMC_OK || outside == NULL)
        return rc;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, CLAUSE_LINK,
                         "%.300s lies outside of the names that the shared secret stands for",
                         outside);
}

/* [10002-6.3.2-f, 10002-6.3.2-g, 10002-6.3-c] */
enum cmc_rc cmc_identity_check_request(struct job *j, const struct plan_item *it, size_t index,
                                       struct cmc_err *err)
{
    const struct cmc_request *rq = &it->asked;
    const struct identity *id = &j->identity;
    bool self = j->self_key != NULL && index == j->self_index;
    enum cmc_rc rc;

    if (j->requester.kind != CMC_REQUESTER_SECRET && !j->ra.identity)
        return CMC_OK;
    if (id->secret.subject.p != NULL && !cmc_name_eq(rq->subject, id->secret.subject))
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, CLAUSE_LINK,
                             "the subject is not the one that the shared secret stands for");
    rc = outside_of_names(j, it, err);
    if (rc != CMC_OK)
        return rc;
    if (j->ra.identity)
        return CMC_OK; /* the RA has checked the link too: [10002-6.20-d] */
    /* Nothing ties what is under authData to the message around it: somebody else's could have
     * been put beside any request. */
    if (id->controls_only && id->random.p == NULL)
        return no_link(rq,
                       "authData shows who sent the controls in it, and not who sent the request: "
                       "that needs identityProofV2 or a POP link witness",
                       err);
    /* Else somebody's public request could be put under another's identity. */
    if (id->random.p == NULL && id->secret.subject.p == NULL && !self)
        return no_link(rq,
                       "nothing links the request to the identity: it needs a POP link witness, "
                       "or its key must sign the message",
                       err);
    return CMC_OK;
}

/* -- revocation -------------------------------------------------------------------------- */

/* [10002-6.11-e] */
enum cmc_rc cmc_identity_passphrase(struct job *j, const struct cmc_revoke_request *rr,
                                    struct cmc_err *err)
{
    const struct cmc_secret_query query = {
        .purpose = CMC_SECRET_REVOKE, .issuer = rr->issuer, .serial = rr->serial, .now = j->x->now};
    uint8_t given[CMC_DIGEST_MAX], right[CMC_DIGEST_MAX];
    struct cmc_secret_found s;
    bool equal;
    size_t n;
    enum cmc_rc rc = j->r->auth->ops->secret(j->r->auth->self, &query, j->arena, &s, err);

    /* Digests, so that not even the length shows. */
    if (rc == CMC_OK)
        rc = cmc_digest(j->r->crypto, CMC_DIGEST_SHA256, rr->passphrase, given, &n, err);
    if (rc == CMC_OK)
        rc = cmc_digest(j->r->crypto, CMC_DIGEST_SHA256, s.value, right, &n, err);
    if (rc != CMC_OK)
        return rc;
    equal = CRYPTO_memcmp(given, right, n) == 0;
    OPENSSL_cleanse(right, sizeof right);
    if (note(j, (struct secret_event){.purpose = CMC_SECRET_REVOKE, .serial = rr->serial}, &s,
             equal))
        return CMC_OK;
    return cmc_fail_info(err, CMC_E_CRYPTO, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 6.11",
                         "the certificate cannot be revoked with this passphrase");
}
