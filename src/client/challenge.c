/* SPDX-License-Identifier: Apache-2.0 */
/* The second trip of proof of possession by challenge, RFC 10002 section 6.7. */
#include "pop/challenge.h"

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"

#define CLAUSE "RFC 10002 section 6.7"

/* The octets inside of two TLVs, whatever their tags. */
static bool same_content(struct cmc_slice a, struct cmc_slice b)
{
    return a.n == b.n && a.n > 1 && memcmp(a.p + 1, b.p + 1, a.n - 1) == 0;
}

/*
 * Only what we asked for is decrypted and answered: else a server, or who plays one, could have
 * this key work on what it likes.
 */
static bool is_for(const struct cmc_encrypted_pop *ep, uint32_t id, struct cmc_slice request)
{
    if (cmc_tagged_request_id(&ep->request) != id)
        return false;
    if (ep->request.which == CMC_TR_TCR)
        return cmc_slice_eq(ep->request.u.tcr.csr.raw, request);
    /* a CertReqMsg is the TaggedRequest itself, under the tag [1] */
    return ep->request.which == CMC_TR_CRM && same_content(ep->request.raw, request);
}

static const struct cmc_encrypted_pop *find(const struct cmc_answer_view *answer, uint32_t id,
                                            struct cmc_slice request)
{
    for (size_t i = 0; i < answer->nchallenges; i++) {
        if (is_for(&answer->challenges[i], id, request))
            return &answer->challenges[i];
    }
    return NULL;
}

static enum cmc_rc stranger(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                    "the server's challenge is for another request than was sent");
}

/* [10002-6.6-b, 10002-6.6-u3] The same transaction goes on, and the server's nonce goes back. */
static void go_on(const struct cmc_answer_view *answer, const struct cmc_exchange_state *state,
                  struct cmc_full_request *next)
{
    next->transaction_id = state->transaction_id;
    next->recipient_nonce = answer->sender_nonce;
    next->link_random = state->link_random;
    if (next->data_return.p == NULL)
        next->data_return = answer->data_return;
}

/* [10004-5.1-ae, 10004-5.2-u1] */
enum cmc_rc cmc_answer_challenge(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                                 const struct cmc_exchange_state *state, struct cmc_slice request,
                                 EVP_PKEY *key, struct cmc_arena *arena,
                                 struct cmc_full_request *next, struct cmc_err *err)
{
    const struct cmc_encrypted_pop *ep = find(answer, state->first_request_id, request);
    struct cmc_decrypted_pop *pop;
    enum cmc_rc rc;

    if (ep == NULL)
        return stranger(err);
    pop = cmc_arena_alloc(arena, sizeof *pop);
    if (pop == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an answer to a challenge");
    rc = cmc_challenge_answer(c, ep, key, arena, pop, err);
    if (rc != CMC_OK)
        return rc;
    next->tagged = &ep->request;
    next->ntagged = 1;
    next->pops = pop;
    next->npops = 1;
    go_on(answer, state, next);
    return CMC_OK;
}

/* -- several requests -------------------------------------------------------------------- */

static enum cmc_rc sent_octets(const struct cmc_tagged_request *tr, struct cmc_arena *arena,
                               struct cmc_slice *out, struct cmc_err *err)
{
    *out = tr->u.tcr.csr.raw;
    if (tr->which == CMC_TR_TCR)
        return CMC_OK;
    return cmc_encode_arena(&cmc_it_cert_req_msg, &tr->u.crm, arena, out, err);
}

/* [10002-6.7-u6, 10002-6.7-u7, 10002-6.7-u8] */
enum cmc_rc cmc_second_trip(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                            const struct cmc_exchange_state *state, EVP_PKEY *const *keys,
                            struct cmc_arena *arena, struct cmc_full_request *next,
                            struct cmc_err *err)
{
    struct cmc_tagged_request *tagged = cmc_arena_array(arena, state->nsent, sizeof *tagged);
    struct cmc_decrypted_pop *pops = cmc_arena_array(arena, state->nsent, sizeof *pops);
    size_t n = 0;

    if (tagged == NULL || pops == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for an answer to a challenge");
    for (size_t i = 0; i < state->nsent; i++) {
        const struct cmc_encrypted_pop *ep;
        struct cmc_slice octets;
        enum cmc_rc rc = sent_octets(&state->sent[i], arena, &octets, err);

        if (rc != CMC_OK)
            return rc;
        tagged[i] = state->sent[i];
        ep = find(answer, cmc_tagged_request_id(&state->sent[i]), octets);
        if (ep == NULL)
            continue;
        if (keys == NULL || keys[i] == NULL)
            return cmc_fail(err, CMC_E_USAGE, CLAUSE,
                            "the server wants to see that the key of request %zu decrypts; its "
                            "private key is not at hand",
                            i + 1);
        tagged[i] = ep->request;
        rc = cmc_challenge_answer(c, ep, keys[i], arena, &pops[n++], err);
        if (rc != CMC_OK)
            return rc;
    }
    if (n != answer->nchallenges)
        return stranger(err);
    next->tagged = tagged;
    next->ntagged = state->nsent;
    next->pops = pops;
    next->npops = n;
    go_on(answer, state, next);
    return CMC_OK;
}

/* -- no answer --------------------------------------------------------------------------- */

/* [10002-6.7-g, 10002-6.7-u5] */
enum cmc_rc cmc_abort_challenge(const struct cmc_answer_view *answer,
                                const struct cmc_exchange_state *state, struct cmc_arena *arena,
                                struct cmc_full_request *next, struct cmc_err *err)
{
    struct cmc_status_info_v2 *si = cmc_arena_alloc(arena, sizeof *si);
    struct cmc_other_status_info *other = cmc_arena_alloc(arena, sizeof *other);
    struct cmc_extra_control *control = cmc_arena_alloc(arena, sizeof *control);
    const struct cmc_list *controls = &answer->body.controls;

    if (si == NULL || other == NULL || control == NULL)
        goto no_memory;
    other->which = CMC_OI_FAIL;
    other->u.fail_info = CMC_FAIL_POP_FAILED;
    si->status = CMC_STATUS_FAILED;
    si->other = other;
    /* What it is about: the challenges, by their body part ids in the answer. */
    for (size_t i = 0; i < controls->n; i++) {
        const struct cmc_tagged_attribute *ta =
            CMC_AT(const struct cmc_tagged_attribute, *controls, i);
        struct cmc_body_part_reference *ref;

        if (!cmc_slice_eq(ta->type, cmc_oid_id_cmc_encryptedPOP))
            continue;
        ref = cmc_list_add(arena, &cmc_it_status_body_list_v2, &si->body_list, 1);
        if (ref == NULL)
            goto no_memory;
        ref->which = CMC_REF_ID;
        ref->u.id = ta->body_part_id;
    }
    if (si->body_list.n == 0)
        return cmc_fail(err, CMC_E_USAGE, CLAUSE, "the answer holds no challenge to give up");
    *control = (struct cmc_extra_control){cmc_oid_id_cmc_statusInfoV2, &cmc_it_status_info_v2, si};
    *next = (struct cmc_full_request){.controls = control,
                                      .ncontrols = 1,
                                      .transaction_id = state->transaction_id,
                                      .recipient_nonce = answer->sender_nonce};
    return CMC_OK;
no_memory:
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a status");
}
