/* SPDX-License-Identifier: Apache-2.0 */
/* Where CMC is served, as a certificate says it: RFC 10002 section 9.2. */
#ifndef CMC_CA_CMC_ACCESS_H
#define CMC_CA_CMC_ACCESS_H

#include "asn1/pkix.h"
#include "base/arena.h"
#include "base/err.h"

/*
 * May these extensions (struct cmc_extension) stand together in a certificate? Where there is an
 * id-ad-cmc access description, its location has a form that CMC has a transport for, and a CMC
 * extended key usage is there too.
 * Errors: CMC_E_REFUSED, with failInfo badRequest.
 */
enum cmc_rc cmc_access_check(const struct cmc_list *extensions, struct cmc_arena *arena,
                             struct cmc_err *err) CMC_MUST_USE;

#endif
