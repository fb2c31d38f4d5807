/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/cmc_access.h"

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"

#define CLAUSE "RFC 10002 section 9.2"

/* [10002-9.2-b, 10002-9.2-c, 10002-9.2-d] */
static enum cmc_rc check_location(const struct cmc_general_name *location, struct cmc_err *err)
{
    switch (location->which) {
    case CMC_GN_URI:   /* HTTP */
    case CMC_GN_EMAIL: /* mail */
    case CMC_GN_DNS:   /* TCP */
    case CMC_GN_IP:
        return CMC_OK;
    default:
        return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                             "the location of id-ad-cmc must be a URI (HTTP), an e-mail address "
                             "(mail), or a DNS name or IP address (TCP)");
    }
}

static enum cmc_rc find_access(const struct cmc_list *extensions, struct cmc_slice where,
                               struct cmc_arena *arena, bool *found, struct cmc_err *err)
{
    const struct cmc_extension *ext = cmc_extension_find(extensions, where);
    struct cmc_list descriptions = {0};
    enum cmc_rc rc = CMC_OK;

    if (ext != NULL)
        rc = cmc_decode(&cmc_it_access_info, ext->value, arena, &descriptions, err);
    for (size_t i = 0; rc == CMC_OK && i < descriptions.n; i++) {
        const struct cmc_access_description *d =
            CMC_AT(const struct cmc_access_description, descriptions, i);

        if (!cmc_slice_eq(d->method, cmc_oid_id_ad_cmc))
            continue;
        *found = true;
        rc = check_location(&d->location, err);
    }
    return rc;
}

/* Is one of the CMC key purposes there? [10002-9.2-a] [10002-A-bb] */
static enum cmc_rc check_purpose(const struct cmc_list *extensions, struct cmc_arena *arena,
                                 struct cmc_err *err)
{
    const struct cmc_slice *const purposes[] = {&cmc_oid_id_kp_cmcCA, &cmc_oid_id_kp_cmcRA,
                                                &cmc_oid_id_kp_cmcArchive};
    const struct cmc_extension *ext = cmc_extension_find(extensions, cmc_oid_id_ce_extKeyUsage);
    struct cmc_list eku = {0};
    enum cmc_rc rc = CMC_OK;

    if (ext != NULL)
        rc = cmc_decode(&cmc_it_eku, ext->value, arena, &eku, err);
    for (size_t i = 0; rc == CMC_OK && i < eku.n; i++) {
        for (size_t k = 0; k < CMC_COUNT(purposes); k++) {
            if (cmc_slice_eq(*CMC_AT(const struct cmc_slice, eku, i), *purposes[k]))
                return CMC_OK;
        }
    }
    if (rc != CMC_OK)
        return rc;
    return cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, CLAUSE,
                         "a certificate with id-ad-cmc needs the extended key usage cmcCA, cmcRA "
                         "or cmcArchive (1.3.6.1.5.5.7.3.27, .28, .29) too");
}

enum cmc_rc cmc_access_check(const struct cmc_list *extensions, struct cmc_arena *arena,
                             struct cmc_err *err)
{
    bool found = false;
    enum cmc_rc rc = find_access(extensions, cmc_oid_id_pe_subjectInfoAccess, arena, &found, err);

    if (rc == CMC_OK)
        rc = find_access(extensions, cmc_oid_id_pe_authorityInfoAccess, arena, &found, err);
    return rc == CMC_OK && found ? check_purpose(extensions, arena, err) : rc;
}
