/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Response Body, RFC 10002 section 6.21: an RA that answers itself, because it made the key or
 * looked after the identity, sends along what the CA said, as a response within its response.
 */
#include "asn1/oids.h"
#include "client/client.h"
#include "control/control.h"

#define CLAUSE "RFC 10002 section 6.21"

/* Append n elements of this size to an array that may be shared with a message. */
static bool join(struct cmc_arena *arena, const void **v, size_t *n, const void *more, size_t nmore,
                 size_t size)
{
    char *both;

    if (nmore == 0)
        return true;
    both = cmc_arena_array(arena, *n + nmore, size);
    if (both == NULL)
        return false;
    if (*n > 0)
        memcpy(both, *v, *n * size);
    memcpy(both + *n * size, more, nmore * size);
    *v = both;
    *n += nmore;
    return true;
}

/* What the inner response says is said by the outer one too. */
static enum cmc_rc merge(struct cmc_arena *arena, struct cmc_answer_view *out,
                         const struct cmc_answer_view *inner, struct cmc_err *err)
{
    const void *certs = out->certs, *crls = out->crls, *outcomes = out->outcomes;

    if (!join(arena, &certs, &out->ncerts, inner->certs, inner->ncerts, sizeof *inner->certs) ||
        !join(arena, &crls, &out->ncrls, inner->crls, inner->ncrls, sizeof *inner->crls) ||
        !join(arena, &outcomes, &out->noutcomes, inner->outcomes, inner->noutcomes,
              sizeof *inner->outcomes))
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a response");
    out->certs = certs;
    out->crls = crls;
    out->outcomes = outcomes;
    if (cmc_status_badness(inner->worst) > cmc_status_badness(out->worst))
        out->worst = inner->worst;
    return CMC_OK;
}

static const struct cmc_tagged_content_info *find_item(const struct cmc_pkiresponse *body,
                                                       uint32_t id)
{
    for (size_t i = 0; i < body->cms.n; i++) {
        const struct cmc_tagged_content_info *ci =
            CMC_AT(const struct cmc_tagged_content_info, body->cms, i);

        if (ci->body_part_id == id)
            return ci;
    }
    return NULL;
}

/*
 * Follow a path down, one response after the other. Each is checked like the outermost one, but
 * for nonce and transactionId, which are those between the RA and the CA. *last is the one that
 * the path leads to.
 */
static enum cmc_rc follow(const struct cmc_crypto *c, const struct cmc_list *path,
                          const struct cmc_exchange_state *state, const struct cmc_trust *trust,
                          struct cmc_arena *arena, const struct cmc_pkiresponse *from,
                          struct cmc_answer_view *last, struct cmc_err *err)
{
    const struct cmc_exchange_state inner = {.protection =
                                                 state != NULL ? state->protection : NULL};
    struct cmc_pkiresponse body = *from;

    for (size_t i = 0; i < path->n; i++) {
        uint32_t id = *CMC_AT(const uint32_t, *path, i);
        const struct cmc_tagged_content_info *item = find_item(&body, id);
        enum cmc_rc rc;

        if (item == NULL)
            return cmc_fail(err, CMC_E_INPUT, CLAUSE,
                            "the control responseBody points to body part %u, which is not in the "
                            "response's cmsSequence",
                            id);
        rc = cmc_answer_open_one(c, item->content.raw, &inner, trust, arena, last, err);
        if (rc == CMC_OK && !last->full)
            rc = cmc_fail(err, CMC_E_INPUT, CLAUSE, "it is no Full PKI Response");
        if (rc != CMC_OK) {
            cmc_err_prefix(err, "the response within the response (body part %u)", id);
            return rc;
        }
        body = last->body;
    }
    return CMC_OK;
}

/* [10002-6.21-a, 10004-5.2-aq, 10004-5.2-ar] */
enum cmc_rc cmc_answer_open(const struct cmc_crypto *c, struct cmc_slice body,
                            const struct cmc_exchange_state *state, const struct cmc_trust *trust,
                            struct cmc_arena *arena, struct cmc_answer_view *out,
                            struct cmc_err *err)
{
    struct cmc_answer_view inner = {0};
    struct cmc_pkiresponse from;
    enum cmc_rc rc = cmc_answer_open_one(c, body, state, trust, arena, out, err);

    from = out->body;
    /* The inner response may have one in turn; each layer costs a signature, so few are enough. */
    for (size_t depth = 0; rc == CMC_OK; depth++) {
        const struct cmc_tagged_attribute *ta =
            cmc_control_first(&from.controls, cmc_oid_id_cmc_responseBody);
        struct cmc_list path = {0};

        if (ta == NULL)
            return CMC_OK;
        if (depth == CMC_LIMIT_PATH)
            return cmc_fail(err, CMC_E_LIMIT, CLAUSE,
                            "more than CMC_LIMIT_PATH (%u) responses within each other",
                            CMC_LIMIT_PATH);
        rc = cmc_control_decode(ta, arena, &path, err);
        if (rc == CMC_OK)
            rc = follow(c, &path, state, trust, arena, &from, &inner, err);
        if (rc == CMC_OK)
            rc = merge(arena, out, &inner, err);
        from = inner.body;
    }
    return rc;
}
