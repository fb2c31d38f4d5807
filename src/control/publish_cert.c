/* SPDX-License-Identifier: Apache-2.0 */
/* Publication Information, RFC 10002 section 6.18. */
#include "control/control.h"

#define CLAUSE "RFC 10002 section 6.18"

enum cmc_rc cmc_publish_cert_check(const void *value, struct cmc_err *err)
{
    const struct cmc_publish_cert *p = value;

    if (p->info.action != CMC_DONT_PUBLISH && p->info.action != CMC_PLEASE_PUBLISH)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                        "action %u is neither dontPublish (0) nor pleasePublish (1)",
                        p->info.action);
    /* [10002-6.18-a] */
    if (p->info.action == CMC_DONT_PUBLISH && p->info.infos.v != NULL)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                        "pubInfos must be absent where the action is dontPublish");
    for (size_t i = 0; i < p->info.infos.n; i++) {
        const struct cmc_single_pub_info *s =
            CMC_AT(const struct cmc_single_pub_info, p->info.infos, i);

        if (s->method > CMC_PUBLISH_LDAP)
            return cmc_fail(err, CMC_E_REFUSED, CLAUSE,
                            "pubMethod %u is none of dontCare (0), x500 (1), web (2), ldap (3)",
                            s->method);
    }
    if (p->cert_hashes.n == 0)
        return cmc_fail(err, CMC_E_REFUSED, CLAUSE, "certHashes names no certificate");
    return CMC_OK;
}
