/* SPDX-License-Identifier: Apache-2.0 */
/* In the place of publish_ldap.c where there is no libldap. */
#include "server/publish_ldap.h"

static enum cmc_rc without(struct cmc_err *err)
{
    return cmc_fail(err, CMC_E_USAGE, NULL,
                    "this cmcd was built without libldap; build it with -Dldap=enabled, or publish "
                    "to a folder or by a command");
}

bool cmc_publish_ldap_built(void)
{
    return false;
}

enum cmc_rc cmc_publish_ldap_check(const struct cmc_publish_ldap_rules *r, struct cmc_err *err)
{
    (void)r;
    return without(err);
}

enum cmc_rc cmc_publish_ldap_new(const struct cmc_publish_ldap_rules *rules,
                                 struct cmc_publish_ldap **out, struct cmc_err *err)
{
    (void)rules;
    *out = NULL;
    return without(err);
}

void cmc_publish_ldap_free(struct cmc_publish_ldap *l)
{
    (void)l;
}

void cmc_publish_ldap_rest(struct cmc_publish_ldap *l)
{
    (void)l;
}

enum cmc_rc cmc_publish_ldap_put(void *self, const struct cmc_publish_object *o,
                                 struct cmc_err *err)
{
    (void)self;
    (void)o;
    return without(err);
}
