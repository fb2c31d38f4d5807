/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the configuration that says what lasts longer than one exchange: approvals,
 * confirmations, and what is remembered. */
#include "server/conf_int.h"

#define MAX_APPROVALS    16u
#define DEFAULT_POLL     15u
#define MAX_MINUTES      (30u * 24u * 60u)
#define MAX_DAYS         36525u
#define DEFAULT_NONCES   24u
#define MAX_HOURS        (366u * 24u)
#define DEFAULT_REQUESTS 365u

enum cmc_rc cmc_conf_load_keep(struct cmc_conf_loading *l)
{
    const struct cmc_raw_keep *raw = l->raw->keep;
    struct cmc_conf *c = l->conf;
    enum cmc_rc rc;

    c->keep_answers_days = raw != NULL && raw->answers != NULL ? *raw->answers : 0;
    c->keep_nonces_hours = raw != NULL && raw->nonces != NULL ? *raw->nonces : DEFAULT_NONCES;
    c->keep_requests_days =
        raw != NULL && raw->requests != NULL ? *raw->requests : DEFAULT_REQUESTS;
    rc =
        cmc_conf_in_range(l, "keep/answers", "'answers' (days)", c->keep_answers_days, 0, MAX_DAYS);
    if (rc == CMC_OK)
        rc = cmc_conf_in_range(l, "keep/nonces", "'nonces' (hours)", c->keep_nonces_hours, 1,
                               MAX_HOURS);
    if (rc == CMC_OK)
        rc = cmc_conf_in_range(l, "keep/requests", "'requests' (days)", c->keep_requests_days, 0,
                               MAX_DAYS);
    return rc;
}

/* The profile's own demands; the endpoint may only add to them. */
static const struct cmc_raw_profile *profile_of(const struct cmc_conf_loading *l, uint32_t i)
{
    for (uint32_t k = 0; k < l->nprofiles; k++) {
        if (strcmp(l->profiles[k].raw->name, l->raw->endpoints[i].profile) == 0)
            return l->profiles[k].raw;
    }
    return NULL;
}

static bool takes_cmc(const struct cmc_raw_endpoint *ep)
{
    for (uint32_t k = 0; k < ep->accept_count; k++) {
        if (ep->accept[k] == CMC_TYPE_CMC)
            return true;
    }
    return false;
}

static enum cmc_rc load_waits(struct cmc_conf_loading *l, uint32_t i, struct cmc_endpoint_rules *r)
{
    const struct cmc_raw_endpoint *raw = &l->raw->endpoints[i];
    const struct cmc_raw_profile *p = profile_of(l, i);
    uint32_t poll = raw->poll != NULL ? *raw->poll : DEFAULT_POLL;
    uint32_t approvals = raw->approvals, confirm = raw->confirm;
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc;

    if (p != NULL && p->approvals > approvals)
        approvals = p->approvals;
    /* The profile's window counts unless the endpoint has one. */
    if (p != NULL && confirm == 0)
        confirm = p->confirm;
    rc = cmc_conf_in_range(l, cmc_conf_at(place, "endpoints", i, "approvals"), "'approvals'",
                           approvals, 0, MAX_APPROVALS);
    if (rc == CMC_OK)
        rc = cmc_conf_in_range(l, cmc_conf_at(place, "endpoints", i, "poll"), "'poll' (minutes)",
                               poll, 0, MAX_MINUTES);
    if (rc == CMC_OK)
        rc = cmc_conf_in_range(l, cmc_conf_at(place, "endpoints", i, "confirm"),
                               "'confirm' (minutes)", confirm, 0, MAX_MINUTES);
    if (rc == CMC_OK && approvals + confirm > 0 && !takes_cmc(raw))
        rc = cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "accept"),
                                "what waits for approval is asked for, and a certificate is "
                                "confirmed, in a CMC request; add 'cmc' to 'accept'");
    if (rc == CMC_OK && raw->poll != NULL && approvals == 0)
        rc = cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "poll"),
                                "'poll' has no effect without 'approvals'");
    r->approvals = approvals;
    r->poll_seconds = (int64_t)poll * 60;
    r->confirm_seconds = (int64_t)confirm * 60;
    return rc;
}

/* More signers than a message may have would be a door that never opens. */
static enum cmc_rc load_quorum(struct cmc_conf_loading *l, uint32_t i, struct cmc_endpoint_rules *r)
{
    const struct cmc_raw_endpoint *raw = &l->raw->endpoints[i];
    char place[CMC_CONF_PLACE_MAX];
    enum cmc_rc rc;

    rc = cmc_conf_in_range(l, cmc_conf_at(place, "endpoints", i, "quorum"), "'quorum'", raw->quorum,
                           0, CMC_LIMIT_CMS_SIGNERS);
    if (rc == CMC_OK && raw->revoke != NULL)
        rc = cmc_conf_in_range(l, cmc_conf_at(place, "endpoints", i, "revoke/quorum"), "'quorum'",
                               raw->revoke->quorum, 0, CMC_LIMIT_CMS_SIGNERS);
    if (rc == CMC_OK && raw->quorum > 1 && !takes_cmc(raw))
        rc = cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, "quorum"),
                                "only a CMC request can be signed by more than one; add 'cmc' to "
                                "'accept'");
    r->quorum = raw->quorum;
    return rc;
}

/* What nobody can meet would be a door that never opens. */
static enum cmc_rc check_demands(struct cmc_conf_loading *l, uint32_t i,
                                 const struct cmc_endpoint_rules *r)
{
    const struct cmc_raw_endpoint *raw = &l->raw->endpoints[i];
    bool vouched = r->pop == CMC_POP_VOUCHED || r->profile_pop == CMC_POP_VOUCHED;
    bool challenged = r->pop == CMC_POP_CHALLENGED || r->profile_pop == CMC_POP_CHALLENGED;
    bool secret = r->identity == CMC_IDENTITY_SECRET || r->profile_identity == CMC_IDENTITY_SECRET;
    bool holder = r->identity == CMC_IDENTITY_HOLDER || r->profile_identity == CMC_IDENTITY_HOLDER;
    bool may_vouch = false;
    char place[CMC_CONF_PLACE_MAX];
    const char *why = NULL;

    for (uint32_t k = 0; k < raw->ra_count; k++)
        may_vouch = may_vouch || raw->ra[k] == CMC_RA_POP;
    if (r->pop != r->profile_pop && r->pop != CMC_POP_ANY && r->profile_pop != CMC_POP_ANY)
        why = "its 'pop' and that of the profile cannot both be met";
    else if (r->identity != r->profile_identity && r->identity != CMC_IDENTITY_ANY &&
             r->profile_identity != CMC_IDENTITY_ANY)
        why = "its 'identity' and that of the profile cannot both be met";
    else if (vouched && !may_vouch)
        why = "'pop: vouched' needs 'ra: [pop]'";
    else if ((vouched || challenged) && !takes_cmc(raw))
        why = "possession is shown by challenge, or vouched for, in a CMC request; add 'cmc' to "
              "'accept'";
    else if (secret && !raw->secrets)
        why = "'identity: secret' needs 'secrets: true'";
    else if (holder && !raw->renewal)
        why = "'identity: holder' needs 'renewal: true'";
    return why == NULL ? CMC_OK
                       : cmc_conf_tree_fail(l->tree, l->err, cmc_conf_at(place, "endpoints", i, ""),
                                            "endpoint %s: %s", raw->path, why);
}

enum cmc_rc cmc_conf_load_exchange(struct cmc_conf_loading *l, uint32_t i,
                                   struct cmc_endpoint_rules *r)
{
    const struct cmc_raw_endpoint *raw = &l->raw->endpoints[i];
    char place[CMC_CONF_PLACE_MAX];
    const struct cmc_raw_profile *p = profile_of(l, i);
    char *info = NULL;
    enum cmc_rc rc = load_waits(l, i, r);

    r->pop = (enum cmc_pop_rule)raw->pop;
    r->identity = (enum cmc_identity_rule)raw->identity;
    if (p != NULL) {
        r->profile_pop = (enum cmc_pop_rule)p->pop;
        r->profile_identity = (enum cmc_identity_rule)p->identity;
    }
    if (rc == CMC_OK)
        rc = check_demands(l, i, r);

    if (rc == CMC_OK)
        rc = load_quorum(l, i, r);

    /* Dogtag's clients make their nonces of the time in seconds. */
    r->refuse_nonces = raw->replay != NULL ? *raw->replay == CMC_RAW_REPLAY_REFUSE : !r->dogtag;
    if (rc == CMC_OK)
        rc = cmc_conf_in_range(l, cmc_conf_at(place, "endpoints", i, "signing-time"),
                               "'signing-time' (minutes)", raw->signing_time, 0, MAX_MINUTES);
    r->time_seconds = (int64_t)raw->signing_time * 60;
    if (rc == CMC_OK)
        rc = cmc_conf_copy(l, raw->response_info, &info);
    r->response_info = cmc_slice_str(info);
    return rc;
}
