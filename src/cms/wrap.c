/* SPDX-License-Identifier: Apache-2.0 */
/* AES key wrap by its object identifiers, RFC 3565 section 2.3.2. */
#include "asn1/oids.h"
#include "cms/envelope_int.h"

static const struct cmc_wrap_alg wraps[] = {
    {&cmc_oid_aes256_wrap, 32},
    {&cmc_oid_aes192_wrap, 24},
    {&cmc_oid_aes128_wrap, 16},
};

const struct cmc_wrap_alg *cmc_wrap_by_oid(struct cmc_slice oid)
{
    for (size_t i = 0; i < CMC_COUNT(wraps); i++) {
        if (cmc_slice_eq(*wraps[i].oid, oid))
            return &wraps[i];
    }
    return NULL;
}

const struct cmc_wrap_alg *cmc_wrap_strongest(void)
{
    return &wraps[0];
}
