/* SPDX-License-Identifier: Apache-2.0 */
/* What time brings about while cmcd serves: see struct cmc_sweep of store/pending.h. */
#ifndef CMC_SERVER_SWEEP_H
#define CMC_SERVER_SWEEP_H

#include "server/conf.h"
#include "store/store.h"

/* How often. */
#define CMC_SWEEP_SECONDS 15

/* Until nothing is left to do. What fails is logged, and tried again the next time. */
void cmc_sweep_store(struct cmc_store *store, const struct cmc_conf *conf, struct cmc_log *log);

#endif
