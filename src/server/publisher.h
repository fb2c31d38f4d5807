/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that puts certificates into the folder, and takes them out again. */
#ifndef CMC_SERVER_PUBLISHER_H
#define CMC_SERVER_PUBLISHER_H

#include "base/log.h"
#include "store/store.h"

struct cmc_publisher;

/*
 * For the certificates of one issuer (Name, copied). What a crash left is done first. store and
 * log are borrowed.
 */
enum cmc_rc cmc_publisher_start(struct cmc_store *store, struct cmc_slice issuer,
                                const char *directory, struct cmc_log *log,
                                struct cmc_publisher **out, struct cmc_err *err) CMC_MUST_USE;
/* Something is due. May be called in any thread; quick. */
void cmc_publisher_wake(void *publisher);
/* Do what is due, and end. NULL is legal. */
void cmc_publisher_stop(struct cmc_publisher *p);

#endif
