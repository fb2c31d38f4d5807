/* SPDX-License-Identifier: Apache-2.0 */
/* One authority as one thread has it: keys, reader, responder, OCSP signer of its own. */
#ifndef CMC_SERVER_SEAT_H
#define CMC_SERVER_SEAT_H

#include "ca/ocsp.h"
#include "server/service.h"

struct cmc_seat {
    struct cmc_responder *responder;
    struct cmc_ca *ca;
    struct cmc_ocsp *ocsp; /* NULL: not served */
};

/*
 * Authority i of the service, with keys loaded by this crypto context, which must outlive it.
 * cmc_seat_end() is due in any case. Errors: what loading keys gives.
 */
enum cmc_rc cmc_seat_make(const struct cmc_service *service, size_t i,
                          const struct cmc_crypto *crypto, struct cmc_log *log,
                          struct cmc_seat *seat, struct cmc_err *err) CMC_MUST_USE;
void cmc_seat_end(struct cmc_seat *seat);

/* Is a key of this authority in a PKCS#11 token, whose time nobody knows? */
bool cmc_authority_has_token(const struct cmc_conf_authority *a);

#endif
