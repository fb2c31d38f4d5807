/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about officers share. */
#ifndef CMC_SERVER_OFFICER_INT_H
#define CMC_SERVER_OFFICER_INT_H

#include "asn1/pkix.h"
#include "server/cmd.h"

/* Tells this signature from any other that an officer's key makes. */
#define CMCD_ORDER_CONTEXT "Chancery officer order"

/* notAfter; false: it cannot be read. */
bool cmcd_cert_end(const struct cmc_cert *cert, int64_t *t);

/* What is signed: the context with its NUL, then the text. Absent: no memory. */
struct cmc_slice cmcd_order_octets(const char *text, struct cmc_arena *arena);
/* Does the certificate's key verify it? */
enum cmc_rc cmcd_order_check(const struct cmc_crypto *c, const char *text,
                             struct cmc_slice certificate, struct cmc_slice signature,
                             struct cmc_arena *arena, struct cmc_err *err) CMC_MUST_USE;

#endif
