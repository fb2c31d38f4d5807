/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <stdio.h>

static const struct {
    unsigned int role;
    const char *name;
} roles_table[] = {
    {CMC_ROLE_ENROLL, "enroll"},   {CMC_ROLE_REVOKE, "revoke"}, {CMC_ROLE_RA, "ra"},
    {CMC_ROLE_APPROVE, "approve"}, {CMC_ROLE_AUDIT, "audit"},   {CMC_ROLE_ADMIN, "admin"},
};
#define ROLE_COUNT (sizeof roles_table / sizeof roles_table[0])

static unsigned int role_by_name(const char *name, size_t n)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (strlen(roles_table[i].name) == n && memcmp(roles_table[i].name, name, n) == 0)
            return roles_table[i].role;
    return 0;
}

enum cmc_rc cmc_roles_parse(const char *text, unsigned int *roles, struct cmc_err *err)
{
    unsigned int found = 0;

    for (const char *p = text;; p++) {
        size_t n = strcspn(p, ",");
        unsigned int role = role_by_name(p, n);

        if (role == 0)
            return cmc_fail(
                err, CMC_E_USAGE, NULL,
                "unknown role \"%.*s\": roles are enroll, revoke, ra, approve, audit and "
                "admin, with a comma between them",
                n > 64 ? 64 : (int)n, p);
        found |= role;
        p += n;
        if (*p == '\0')
            break;
    }
    *roles = found;
    return CMC_OK;
}

const char *cmc_roles_text(unsigned int roles, char *buf, size_t size)
{
    size_t n = 0;

    if (size == 0)
        return buf;
    (void)snprintf(buf, size, "%s", "none");
    for (size_t i = 0; i < ROLE_COUNT && n < size; i++) {
        int added;

        if ((roles & roles_table[i].role) == 0)
            continue;
        added = snprintf(buf + n, size - n, "%s%s", n > 0 ? "," : "", roles_table[i].name);
        n += added > 0 ? (size_t)added : 0;
    }
    return buf;
}
