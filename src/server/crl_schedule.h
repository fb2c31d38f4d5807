/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that makes CRLs by the clock, though nobody revokes and nobody asks, and a moment
 * before they are due, so that who asks need not wait. It has keys and readers of its own.
 */
#ifndef CMC_SERVER_CRL_SCHEDULE_H
#define CMC_SERVER_CRL_SCHEDULE_H

#include "base/log.h"
#include "server/service.h"

struct cmc_crl_schedule;

/* All CRLs of all authorities of the service, from now on. service and log are borrowed. Errors:
 * those of loading a key. */
enum cmc_rc cmc_crl_schedule_start(const struct cmc_service *service, struct cmc_log *log,
                                   struct cmc_crl_schedule **out, struct cmc_err *err) CMC_MUST_USE;
/* It is to end when the CRL that it makes is made. Does not wait. NULL is legal. */
void cmc_crl_schedule_ask(struct cmc_crl_schedule *c);
bool cmc_crl_schedule_has_ended(struct cmc_crl_schedule *c);
/*
 * Ask, wait, and free it. False: it hangs in a token, CMC_LIMIT_TOKEN_SECONDS after it was asked
 * first, and is not freed; nor may be what it was given. NULL is legal.
 */
bool cmc_crl_schedule_stop(struct cmc_crl_schedule *c) CMC_MUST_USE;

#endif
