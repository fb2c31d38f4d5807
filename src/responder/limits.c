/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an officer may act on: profiles and a name space, as the register says. A role is the
 * right to do something at all; this is about to whom. Who may not counts for nothing, here as in
 * a quorum.
 */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "responder/responder_int.h"

#define CLAUSE "RFC 10002 section 6.1.3"

static enum cmc_rc no_memory(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the limits of an officer");
}

struct acted_on cmc_acted_on(const char *profile, struct cmc_slice subject,
                             const struct cmc_list *extensions)
{
    const struct cmc_extension *san = cmc_extension_find(extensions, cmc_oid_id_ce_subjectAltName);

    return (struct acted_on){
        .profile = profile, .subject = subject, .san = san != NULL ? san->value : CMC_SLICE_NONE};
}

/* Is the profile one of a list with commas? */
static bool listed(const char *list, const char *profile)
{
    for (const char *p = list; profile != NULL; p++) {
        size_t n = strcspn(p, ",");

        if (strlen(profile) == n && memcmp(p, profile, n) == 0)
            return true;
        p += n;
        if (*p == '\0')
            break;
    }
    return false;
}

enum cmc_rc cmc_names_outside(const char *names, const struct acted_on *on, struct cmc_arena *arena,
                              const char **outside, struct cmc_err *err)
{
    struct cmc_name_space ns;
    enum cmc_rc rc = cmc_name_space_parse(names, arena, &ns, err);

    if (rc == CMC_E_USAGE || rc == CMC_E_LIMIT) {
        /* Written by another version, or by hand. What cannot be read allows nothing. */
        cmc_err_prefix(err, "a name space in the database cannot be read");
        return CMC_E_LOCAL;
    }
    return rc == CMC_OK ? cmc_name_space_check(&ns, on->subject, on->san, arena, outside, err) : rc;
}

/* *why: NULL, or why not. */
static enum cmc_rc judge(const struct job *j, const struct officer *o, const struct acted_on *on,
                         const char **why, struct cmc_err *err)
{
    const char *outside = NULL;
    enum cmc_rc rc = CMC_OK;

    *why = NULL;
    if (o->profiles != NULL && !listed(o->profiles, on->profile)) {
        *why = cmc_arena_printf(j->arena, "officer %s: profile %s is not among its own (%s)",
                                o->name, on->profile != NULL ? on->profile : "(none)", o->profiles);
        return *why != NULL ? CMC_OK : no_memory(err);
    }
    if (o->names != NULL)
        rc = cmc_names_outside(o->names, on, j->arena, &outside, err);
    if (rc == CMC_OK && outside != NULL) {
        *why = cmc_arena_printf(j->arena, "officer %s: %s lies outside of its names", o->name,
                                outside);
        rc = *why != NULL ? CMC_OK : no_memory(err);
    }
    return rc;
}

enum cmc_rc cmc_limits_judge(const struct job *j, const struct officer *o,
                             const struct acted_on *on, const char **why, struct cmc_err *err)
{
    return judge(j, o, on, why, err);
}

static const char *role_name(unsigned int role)
{
    return role == CMC_ROLE_REVOKE ? "revoke" : role == CMC_ROLE_RA ? "ra" : "enroll";
}

static enum cmc_rc append(const struct job *j, const char **list, const char *between,
                          const char *text, struct cmc_err *err)
{
    *list = *list == NULL ? text : cmc_arena_printf(j->arena, "%s%s%s", *list, between, text);
    return *list != NULL ? CMC_OK : no_memory(err);
}

static enum cmc_rc note_asked_by(const struct job *j, unsigned int role, const char *name,
                                 struct counted *c, struct cmc_err *err)
{
    const char *line;

    if (j->rules->approvals == 0)
        return CMC_OK; /* nothing will be held */
    line = cmc_arena_printf(j->arena, "%s %s", role_name(role), name);
    return line != NULL ? append(j, &c->asked_by, "\n", line, err) : no_memory(err);
}

enum cmc_rc cmc_limits_count(const struct job *j, unsigned int role, const struct acted_on *on,
                             struct counted *c, struct cmc_err *err)
{
    enum cmc_rc rc = CMC_OK;

    c->n = 0;
    for (size_t i = 0; rc == CMC_OK && i < j->nofficers; i++) {
        const struct officer *o = &j->officers[i];
        const char *why = NULL;

        if ((o->roles & role) == 0)
            continue;
        rc = judge(j, o, on, &why, err);
        if (rc == CMC_OK && why != NULL)
            rc = append(j, &c->not_counted, "; ", why, err);
        if (rc == CMC_OK && why == NULL)
            rc = note_asked_by(j, role, o->name, c, err);
        if (rc == CMC_OK && why == NULL)
            c->n++;
    }
    return rc;
}

enum cmc_rc cmc_limits_check(const struct job *j, unsigned int role, unsigned int needed,
                             const struct acted_on *on, struct counted *c, struct cmc_err *err)
{
    enum cmc_rc rc = cmc_limits_count(j, role, on, c, err);

    if (rc != CMC_OK || c->n >= needed)
        return rc;
    if (needed == 1)
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE, "%.400s",
                             c->not_counted != NULL ? c->not_counted : "no officer may do this");
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.1.4",
                         "%u different officers with the role %s must sign the same PKIData here, "
                         "and %zu count; %.300s",
                         needed, role_name(role), c->n,
                         c->not_counted != NULL ? c->not_counted : "");
}

enum cmc_rc cmc_limits_check_ra(const struct job *j, const struct acted_on *on, struct counted *c,
                                struct cmc_err *err)
{
    const struct cmc_requester *who = &j->requester;
    const struct officer ra = {.name = who->name, .profiles = who->profiles, .names = who->names};
    const char *why;
    enum cmc_rc rc = judge(j, &ra, on, &why, err);

    if (rc == CMC_OK && why != NULL)
        rc = cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 10",
                           "%.400s", why);
    return rc == CMC_OK ? note_asked_by(j, CMC_ROLE_RA, who->name, c, err) : rc;
}

/* -- what was held ----------------------------------------------------------------------- */

/* One line of struct cmc_held.asked_by: *why is NULL when that officer still may. */
static enum cmc_rc still_may(const struct job *j, const char *line, size_t n,
                             const struct acted_on *on, unsigned int *role, const char **why,
                             struct cmc_err *err)
{
    const struct cmc_authority *a = j->r->auth;
    size_t k = n > 0 ? strcspn(line, " \n") : 0;
    const char *name = k < n ? cmc_arena_strndup(j->arena, line + k + 1, n - k - 1) : NULL;
    const char *text = cmc_arena_strndup(j->arena, line, k);
    struct cmc_requester who = {0};
    struct officer o;
    enum cmc_rc rc;

    if (name == NULL || text == NULL)
        return no_memory(err);
    *role = strcmp(text, "ra") == 0       ? CMC_ROLE_RA
            : strcmp(text, "enroll") == 0 ? CMC_ROLE_ENROLL
                                          : 0u;
    if (*role == 0)
        return cmc_fail(err, CMC_E_LOCAL, NULL, "a held request does not say who asked for it");
    rc = a->ops->officer(a->self, name, j->arena, &who, err);
    if (rc == CMC_E_NOTFOUND || rc == CMC_E_REFUSED) {
        *why = cmc_arena_printf(j->arena, "officer %s: %s", name,
                                rc == CMC_E_NOTFOUND ? "not registered any more"
                                                     : "its certificate was revoked");
        return *why != NULL ? CMC_OK : no_memory(err);
    }
    if (rc != CMC_OK)
        return rc;
    o = (struct officer){.name = name, .profiles = who.profiles, .names = who.names};
    if ((who.roles & *role) != 0)
        return judge(j, &o, on, why, err);
    *why = cmc_arena_printf(j->arena, "officer %s: has the role %s no more", name, text);
    return *why != NULL ? CMC_OK : no_memory(err);
}

enum cmc_rc cmc_limits_still(const struct job *j, const char *asked_by, const struct acted_on *on,
                             struct cmc_err *err)
{
    unsigned int wanted = 0, good = 0;
    const char *last = NULL;
    enum cmc_rc rc = CMC_OK;

    for (const char *p = asked_by; rc == CMC_OK && p != NULL;) {
        const char *why = NULL, *end = strchr(p, '\n');
        unsigned int role = 0;

        rc = still_may(j, p, end != NULL ? (size_t)(end - p) : strlen(p), on, &role, &why, err);
        wanted |= role;
        good |= why == NULL ? role : 0;
        last = why != NULL ? why : last;
        p = end != NULL ? end + 1 : NULL;
    }
    if (rc != CMC_OK || wanted == good)
        return rc;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "whoever asked for it may not any more: %.300s", last);
}
