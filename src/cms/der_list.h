/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and CRLs as they stand in a message: a SET OF what is encoded already. */
#ifndef CMC_CMS_DER_LIST_H
#define CMC_CMS_DER_LIST_H

#include "asn1/codec.h"

/*
 * Add `n` encoded certificates or CRLs to `list`, RFC 5652 sections 10.2.1 and 10.2.3. The octets
 * are borrowed from `v`, the list is the arena's. CMC_E_MEM: nothing was added.
 */
static inline enum cmc_rc cmc_cms_add_der(struct cmc_arena *arena, struct cmc_list *list,
                                          const struct cmc_slice *v, size_t n, struct cmc_err *err)
{
    struct cmc_slice *to;

    if (n == 0)
        return CMC_OK;
    to = cmc_list_add(arena, &cmc_it_set_any, list, n);
    if (to == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for %zu certificates or CRLs", n);
    memcpy(to, v, n * sizeof *v);
    return CMC_OK;
}

#endif
