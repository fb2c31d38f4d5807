/* SPDX-License-Identifier: Apache-2.0 */
/* MD2 (RFC 1319): Dogtag shows certificates with a fingerprint of it, OpenSSL has it no more. */
#ifndef CMC_DOGTAG_MD2_H
#define CMC_DOGTAG_MD2_H

#include "base/slice.h"

#define DOG_MD2_OCTETS 16

/* Of no cryptographic worth: for showing only. */
void dog_md2(struct cmc_slice data, uint8_t out[DOG_MD2_OCTETS]);

#endif
