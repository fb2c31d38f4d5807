/* SPDX-License-Identifier: Apache-2.0 */
/* What an endpoint, and the profile behind it, demand of a request: who asks, and which proof of
 * possession. */
#include "responder/responder_int.h"

static enum cmc_rc wrong_identity(const struct job *j, const char *whose, const char *who,
                                  struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_IDENTITY, "RFC 10002 section 6.1.3",
                         "%s %s is for %s only (rule identity)", whose,
                         whose[0] == 'p' ? j->rules->profile : j->rules->path, who);
}

static enum cmc_rc check_identity(const struct job *j, const struct plan_item *it,
                                  enum cmc_identity_rule rule, const char *whose,
                                  struct cmc_err *err)
{
    switch (rule) {
    case CMC_IDENTITY_OFFICER:
        return j->requester.kind == CMC_REQUESTER_OFFICER || it->ra_identity
                   ? CMC_OK
                   : wrong_identity(j, whose, "requests that an officer signs", err);
    case CMC_IDENTITY_SECRET:
        return j->requester.kind == CMC_REQUESTER_SECRET
                   ? CMC_OK
                   : wrong_identity(j, whose, "who proves a shared secret", err);
    case CMC_IDENTITY_HOLDER:
        return j->requester.kind == CMC_REQUESTER_HOLDER
                   ? CMC_OK
                   : wrong_identity(j, whose, "renewals by the holder of a certificate", err);
    case CMC_IDENTITY_ANY:
    default:
        return CMC_OK;
    }
}

enum cmc_rc cmc_demand_identity(const struct job *j, const struct plan_item *it,
                                struct cmc_err *err)
{
    enum cmc_rc rc = check_identity(j, it, j->rules->identity, "endpoint", err);

    return rc == CMC_OK ? check_identity(j, it, j->rules->profile_identity, "profile", err) : rc;
}

bool cmc_demand_renewal(const struct job *j)
{
    return j->rules->require_officer || j->rules->identity == CMC_IDENTITY_HOLDER ||
           j->rules->profile_identity == CMC_IDENTITY_HOLDER;
}

/* -- possession -------------------------------------------------------------------------- */

static enum cmc_rc wrong_pop(const struct job *j, const char *whose, const char *what,
                             struct cmc_err *err)
{
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_POP_REQUIRED, "RFC 10002 section 6.7",
                         "%s %s wants possession of the key shown by %s (rule pop)", whose,
                         whose[0] == 'p' ? j->rules->profile : j->rules->path, what);
}

static enum cmc_rc check_pop(const struct job *j, const struct plan_item *it,
                             enum cmc_pop_rule rule, const char *whose, struct cmc_err *err)
{
    switch (rule) {
    case CMC_POP_SIGNED:
        return it->asked.pop == CMC_POP_BY_SIGNATURE
                   ? CMC_OK
                   : wrong_pop(j, whose, "a signature of the request", err);
    case CMC_POP_CHALLENGED:
        return it->challenge_due || it->challenge_met
                   ? CMC_OK
                   : wrong_pop(j, whose,
                               "a challenge: ask for one (id-alg-noSignature, challengeResp)", err);
    case CMC_POP_VOUCHED:
        return it->ra_pop ? CMC_OK
                          : wrong_pop(j, whose,
                                      "the word of a registration authority (lraPOPWitness)", err);
    case CMC_POP_ANY:
    default:
        return CMC_OK;
    }
}

enum cmc_rc cmc_demand_pop(const struct job *j, const struct plan_item *it, struct cmc_err *err)
{
    enum cmc_rc rc = check_pop(j, it, j->rules->pop, "endpoint", err);

    return rc == CMC_OK ? check_pop(j, it, j->rules->profile_pop, "profile", err) : rc;
}
