/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More than one officer: what a single one may not do, several may who sign the same PKIData.
 * Each of them counts once, however often it signed, and under however many certificates it is
 * registered with the same key.
 */
#include "responder/responder_int.h"

#define CLAUSE "RFC 10002 section 6.1.4"

static bool is_same(const struct officer *o, const struct cmc_requester *who)
{
    return cmc_slice_eq(o->cert, who->cert) ||
           (o->name != NULL && who->name != NULL && strcmp(o->name, who->name) == 0) ||
           (o->key != NULL && who->key != NULL && EVP_PKEY_eq(o->key, who->key) == 1);
}

void cmc_quorum_note(struct job *j, const struct cmc_requester *who)
{
    if (who->kind != CMC_REQUESTER_OFFICER || j->nofficers == CMC_COUNT(j->officers))
        return;
    for (size_t i = 0; i < j->nofficers; i++) {
        if (is_same(&j->officers[i], who))
            return;
    }
    j->officers[j->nofficers++] = (struct officer){.name = who->name,
                                                   .roles = who->roles,
                                                   .profiles = who->profiles,
                                                   .names = who->names,
                                                   .cert = who->cert,
                                                   .key = who->key};
}

size_t cmc_quorum_count(const struct job *j, unsigned int role)
{
    size_t n = 0;

    for (size_t i = 0; i < j->nofficers; i++)
        n += (j->officers[i].roles & role) != 0;
    return n;
}

const char *cmc_quorum_names(const struct job *j)
{
    const char *text = "";

    for (size_t i = 0; i < j->nofficers && text != NULL; i++)
        text = cmc_arena_printf(j->arena, "%s%s%s", text, i > 0 ? "," : "", j->officers[i].name);
    return text;
}

enum cmc_rc cmc_quorum_check(const struct job *j, unsigned int role, unsigned int needed,
                             struct cmc_err *err)
{
    size_t n = cmc_quorum_count(j, role);
    const char *names;

    if (n >= needed)
        return CMC_OK;
    names = cmc_quorum_names(j);
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "%u different officers with the role %s must sign the same PKIData here; "
                         "of the officers who signed (%.200s) %zu did and count",
                         needed, role == CMC_ROLE_REVOKE ? "revoke" : "enroll",
                         names == NULL || names[0] == '\0' ? "none" : names, n);
}
