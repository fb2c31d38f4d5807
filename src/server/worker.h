/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one thread with its own crypto context, keys, store reader, responder and HTTP loop,
 * so that workers share nothing that is written on the way of a request but the store's queue.
 */
#ifndef CMC_SERVER_WORKER_H
#define CMC_SERVER_WORKER_H

#include "server/routes.h"
#include "server/sockets.h"

struct cmc_worker;

/* What workers share; all borrowed. */
struct cmc_worker_params {
    const struct cmc_service *service;
    const struct cmc_routes *routes;
    const struct cmc_sockets *sockets;
    struct cmc_counters *counters;
    struct cmc_desks *desks; /* NULL where no key is in a token */
    struct cmc_log *log;
};

/*
 * Make worker number i of as many as the configuration has, and have it listen.
 * Errors: what loading the keys, listening and TLS give.
 */
enum cmc_rc cmc_worker_new(const struct cmc_worker_params *p, unsigned int i,
                           struct cmc_worker **out, struct cmc_err *err) CMC_MUST_USE;
/* After cmc_worker_join(), and after the store has called back all that this worker submitted. */
void cmc_worker_free(struct cmc_worker *w);

/* Begin to serve, in a thread of its own. Errors: CMC_E_LOCAL. */
enum cmc_rc cmc_worker_start(struct cmc_worker *w, struct cmc_err *err) CMC_MUST_USE;
/* From another thread: stop accepting, answer what is under way, end. */
void cmc_worker_stop(struct cmc_worker *w, unsigned int grace_seconds);
/* The same where another one is there: see cmc_http_retire(). */
void cmc_worker_retire(struct cmc_worker *w, unsigned int grace_seconds);
/* Has its thread come to its end, so that joining takes no time? */
bool cmc_worker_has_ended(const struct cmc_worker *w);
/* Wait for the end of the thread. No effect when it was never started. */
void cmc_worker_join(struct cmc_worker *w);

#endif
