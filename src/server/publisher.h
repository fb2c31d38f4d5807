/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that publish, one for each target, so that one that is slow or down holds up none of
 * the others. What fails is tried again after a delay that grows, told once in the log, and once
 * when it is well again.
 */
#ifndef CMC_SERVER_PUBLISHER_H
#define CMC_SERVER_PUBLISHER_H

#include "base/buf.h"
#include "base/log.h"
#include "server/conf.h"
#include "store/store.h"

struct cmc_publisher;

/* All borrowed, for the life of the publisher. */
struct cmc_publisher_params {
    struct cmc_store *store;
    const struct cmc_conf_target *targets;
    unsigned int ntargets;
    struct cmc_slice ca_cert; /* whole DER */
    struct cmc_slice chain;   /* certs-only */
    struct cmc_log *log;
};

/* What a crash left is done first. */
enum cmc_rc cmc_publisher_start(const struct cmc_publisher_params *params,
                                struct cmc_publisher **out, struct cmc_err *err) CMC_MUST_USE;
/* Something is due. May be called in any thread; quick. */
void cmc_publisher_wake(void *publisher);
/* How each target is: a JSON object each, with a comma between them, and before the first one if
 * *some; set when there was one. May be called in any thread; quick. NULL is legal. */
void cmc_publisher_status(struct cmc_publisher *p, bool *some, struct cmc_buf *json);
/* Do what is due, and end. NULL is legal. */
void cmc_publisher_stop(struct cmc_publisher *p);

#endif
