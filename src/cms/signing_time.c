/* SPDX-License-Identifier: Apache-2.0 */
/* The signingTime attribute, RFC 5652 section 11.3. */
#include "asn1/codec.h"
#include "asn1/oids.h"
#include "cms/signed_data.h"

enum cmc_rc cmc_signer_time(const struct cmc_signed_data *sd, size_t i, struct cmc_arena *arena,
                            int64_t *time, bool *present, struct cmc_err *err)
{
    const struct cmc_signer_info *si = CMC_AT(const struct cmc_signer_info, sd->signer_infos, i);
    const struct cmc_attribute *found = NULL;
    struct cmc_list attrs = {0};
    struct cmc_slice tlv;
    enum cmc_rc rc;
    uint8_t *set;

    *present = false;
    if (si->signed_attrs.p == NULL)
        return CMC_OK;
    set = cmc_arena_dup(arena, si->signed_attrs.p, si->signed_attrs.n);
    if (set == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for signed attributes");
    set[0] = CMC_T_SET | 0x20;
    rc = cmc_decode(&cmc_it_attributes, cmc_slice(set, si->signed_attrs.n), arena, &attrs, err);
    for (size_t k = 0; rc == CMC_OK && k < attrs.n; k++) {
        const struct cmc_attribute *a = CMC_AT(const struct cmc_attribute, attrs, k);

        if (!cmc_slice_eq(a->type, cmc_oid_id_signingTime))
            continue;
        if (found != NULL || a->values.n != 1)
            rc = cmc_fail(err, CMC_E_INPUT, "RFC 5652 section 11.3",
                          "signingTime must be there once, with one value");
        found = a;
    }
    if (rc != CMC_OK || found == NULL)
        return rc;
    tlv = *CMC_AT(const struct cmc_slice, found->values, 0);
    if (tlv.n < 2 || !cmc_time_parse(tlv.p[0], cmc_slice(tlv.p + 2, tlv.n - 2), time))
        return cmc_fail(err, CMC_E_INPUT, "RFC 5652 section 11.3",
                        "signingTime is no UTCTime or GeneralizedTime");
    *present = true;
    return CMC_OK;
}
