/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait: what to keep of them, and how to ask again (RFC 10002 section 6.13). */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "client/client.h"

static bool waits(const struct cmc_outcome *o)
{
    return o->status == CMC_STATUS_PENDING || o->status == CMC_STATUS_PARTIAL;
}

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a request that waits");
}

enum cmc_rc cmc_pending_read(const struct cmc_answer_view *answer,
                             const struct cmc_exchange_state *state, struct cmc_arena *arena,
                             struct cmc_pending **out, size_t *n, struct cmc_err *err)
{
    size_t max = 0;

    *n = 0;
    for (size_t i = 0; i < answer->noutcomes; i++)
        max += waits(&answer->outcomes[i]) ? answer->outcomes[i].nbody_parts : 0;
    *out = cmc_arena_array(arena, max, sizeof **out);
    if (*out == NULL)
        return no_memory(err);
    for (size_t i = 0; i < answer->noutcomes; i++) {
        const struct cmc_outcome *o = &answer->outcomes[i];

        if (!waits(o))
            continue;
        if (o->pend_token.p == NULL)
            return cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 6.1.2",
                            "the request waits, but the response has no pendInfo to ask for it "
                            "with");
        for (size_t k = 0; k < o->nbody_parts; k++) {
            struct cmc_pending *p = &(*out)[(*n)++];

            /* [10002-6.13-u1, 10002-6.6-u3, 10002-6.6-u4] */
            *p = (struct cmc_pending){
                .token = cmc_arena_slice(arena, o->pend_token),
                .poll_at = o->pend_time,
                .body_part = o->body_parts[k],
                .transaction_id = cmc_arena_slice(arena, state->transaction_id),
                .recipient_nonce = cmc_arena_slice(arena, answer->sender_nonce)};
            if (p->token.p == NULL)
                return no_memory(err);
        }
    }
    return CMC_OK;
}

enum cmc_rc cmc_pending_query(const struct cmc_pending *p, size_t n, struct cmc_arena *arena,
                              struct cmc_full_request *rq, struct cmc_err *err)
{
    struct cmc_extra_control *controls = cmc_arena_array(arena, n, sizeof *controls);

    if (controls == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++)
        controls[i] = (struct cmc_extra_control){.type = cmc_oid_id_cmc_queryPending,
                                                 .item = &cmc_it_octet_string,
                                                 .value = &p[i].token};
    rq->controls = controls;
    rq->ncontrols = n;
    /* [10002-6.6-b]: those of one message have one transaction. */
    rq->transaction_id = p[0].transaction_id;
    rq->no_transaction_id = p[0].transaction_id.p == NULL;
    rq->recipient_nonce = p[0].recipient_nonce;
    return CMC_OK;
}

const struct cmc_outcome *cmc_answer_outcome(const struct cmc_answer_view *answer,
                                             uint32_t body_part)
{
    const struct cmc_outcome *whole = NULL;

    for (size_t i = 0; i < answer->noutcomes; i++) {
        const struct cmc_outcome *o = &answer->outcomes[i];

        for (size_t k = 0; k < o->nbody_parts; k++) {
            if (o->body_parts[k] == body_part)
                return o;
            if (o->body_parts[k] == 0 && whole == NULL)
                whole = o;
        }
    }
    return whole;
}

enum cmc_rc cmc_pending_update(struct cmc_pending *p, const struct cmc_answer_view *answer,
                               uint32_t control, struct cmc_arena *arena, struct cmc_err *err)
{
    const struct cmc_outcome *o = cmc_answer_outcome(answer, control);

    p->recipient_nonce = cmc_arena_slice(arena, answer->sender_nonce);
    /* [10002-6.13-a]: without pendInfo the token that we have goes on. */
    if (o == NULL || !waits(o) || o->pend_token.p == NULL)
        return CMC_OK;
    if (!cmc_slice_eq(o->pend_token, p->token))
        return cmc_fail(err, CMC_E_INPUT, "RFC 10002 section 6.13",
                        "the server gives another token for the same request");
    return CMC_OK;
}
