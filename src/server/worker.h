/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one thread with its own crypto context, keys, store reader, responder and HTTP loop,
 * so that workers share nothing that is written on the way of a request but the store's queue.
 */
#ifndef CMC_SERVER_WORKER_H
#define CMC_SERVER_WORKER_H

#include "server/routes.h"

struct cmc_worker;

/*
 * Make a worker and have it listen. ports: one for each listener of the configuration; where it
 * is 0 any free port is taken and written there, so that the next worker shares it. desks: NULL
 * where no key is in a token.
 * Errors: what loading the keys, listening and TLS give.
 */
enum cmc_rc cmc_worker_new(const struct cmc_service *service, const struct cmc_routes *routes,
                           struct cmc_counters *counters, struct cmc_desks *desks,
                           struct cmc_log *log, uint16_t *ports, struct cmc_worker **out,
                           struct cmc_err *err) CMC_MUST_USE;
/* After cmc_worker_join(), and after the store has called back all that this worker submitted. */
void cmc_worker_free(struct cmc_worker *w);

/* Begin to serve, in a thread of its own. Errors: CMC_E_LOCAL. */
enum cmc_rc cmc_worker_start(struct cmc_worker *w, struct cmc_err *err) CMC_MUST_USE;
/* From another thread: stop accepting, answer what is under way, end. */
void cmc_worker_stop(struct cmc_worker *w, unsigned int grace_seconds);
/* Wait for the end of the thread. No effect when it was never started. */
void cmc_worker_join(struct cmc_worker *w);

#endif
