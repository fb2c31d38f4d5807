/* SPDX-License-Identifier: Apache-2.0 */
/* The second trip of proof of possession by challenge, RFC 10002 section 6.7. */
#include "pop/challenge.h"

#include "asn1/codec.h"
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
static bool is_for(const struct cmc_encrypted_pop *ep, const struct cmc_exchange_state *state,
                   struct cmc_slice request)
{
    if (cmc_tagged_request_id(&ep->request) != state->first_request_id)
        return false;
    if (ep->request.which == CMC_TR_TCR)
        return cmc_slice_eq(ep->request.u.tcr.csr.raw, request);
    /* a CertReqMsg is the TaggedRequest itself, under the tag [1] */
    return ep->request.which == CMC_TR_CRM && same_content(ep->request.raw, request);
}

/* [10004-5.1-ae, 10004-5.2-u1, 10002-6.7-u6] */
enum cmc_rc cmc_answer_challenge(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                                 const struct cmc_exchange_state *state, struct cmc_slice request,
                                 EVP_PKEY *key, struct cmc_arena *arena,
                                 struct cmc_full_request *next, struct cmc_err *err)
{
    const struct cmc_encrypted_pop *ep = NULL;
    struct cmc_decrypted_pop *pop;
    enum cmc_rc rc;

    for (size_t i = 0; i < answer->nchallenges && ep == NULL; i++) {
        if (is_for(&answer->challenges[i], state, request))
            ep = &answer->challenges[i];
    }
    if (ep == NULL)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                        "the server's challenge is for another request than was sent");
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
    next->transaction_id = state->transaction_id;
    next->recipient_nonce = answer->sender_nonce;
    if (next->data_return.p == NULL)
        next->data_return = answer->data_return;
    return CMC_OK;
}
