/* SPDX-License-Identifier: Apache-2.0 */
/* One authority as one thread has it: keys, reader, responder, OCSP signer of its own. */
#ifndef CMC_SERVER_SEAT_H
#define CMC_SERVER_SEAT_H

#include "ca/ocsp.h"
#include "server/service.h"

struct cmc_seat {
    struct cmc_responder *responder;
    struct cmc_ca *ca;
    struct cmc_ocsp *ocsp;     /* NULL: not served */
    struct cmc_seat *previous; /* its keys of before: ca, and ocsp or NULL */
    size_t nprevious;
};

/*
 * Authority i of the service, with keys loaded by this crypto context, which must outlive it.
 * cmc_seat_end() is due in any case. Errors: what loading keys gives.
 */
enum cmc_rc cmc_seat_make(const struct cmc_service *service, size_t i,
                          const struct cmc_crypto *crypto, struct cmc_log *log,
                          struct cmc_seat *seat, struct cmc_err *err) CMC_MUST_USE;
void cmc_seat_end(struct cmc_seat *seat);
/* Its CA, with the key of now (0) or with one of before, counted from 1. Borrowed. */
struct cmc_ca *cmc_seat_ca(const struct cmc_seat *seat, unsigned int previous);
/* It never touches a key of its CAs: see cmc_ca_hands_off(). */
void cmc_seat_hands_off(struct cmc_seat *seat);
/*
 * As cmc_ocsp_respond(). Who issued what is asked about is told by the digest of the key, which may
 * be one of before.
 */
enum cmc_rc cmc_seat_ocsp(const struct cmc_seat *seat, struct cmc_slice request, int64_t now,
                          struct cmc_arena *arena, struct cmc_ocsp_answer *answer,
                          struct cmc_err *err) CMC_MUST_USE;

/* Is a key of this authority in a PKCS#11 token, whose time nobody knows? */
bool cmc_authority_has_token(const struct cmc_conf_authority *a);

#endif
