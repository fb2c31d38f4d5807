/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sweep.h"

#include <stdio.h>
#include <time.h>

/* RFC 5280 section 5.3.1: cessationOfOperation, as for a certificate that is rejected. */
#define REASON_NOT_CONFIRMED 5u
/* A time before which nothing lies; 0 says that nothing is to be forgotten. */
#define BEFORE(now, seconds) ((now) > (seconds) ? (now) - (seconds) : 1)

static void report(struct cmc_log *log, const struct cmc_swept *s)
{
    char lapsed[24], answers[24], ended[24];

    if (s->lapsed + s->answers + s->ended == 0)
        return;
    (void)snprintf(lapsed, sizeof lapsed, "%zu", s->lapsed);
    (void)snprintf(answers, sizeof answers, "%zu", s->answers);
    (void)snprintf(ended, sizeof ended, "%zu", s->ended);
    cmc_log_event(log, CMC_LOG_INFO, "swept", "not-confirmed", lapsed, "answers", answers,
                  "requests", ended, NULL);
}

void cmc_sweep_store(struct cmc_store *store, const struct cmc_conf *conf, struct cmc_log *log)
{
    int64_t now = time(NULL);
    const struct cmc_sweep what = {
        .now = now,
        .reason = REASON_NOT_CONFIRMED,
        .nonces_before = BEFORE(now, (int64_t)conf->keep_nonces_hours * 3600),
        .answers_before =
            conf->keep_answers_days > 0 ? BEFORE(now, (int64_t)conf->keep_answers_days * 86400) : 0,
        .ended_before = conf->keep_requests_days > 0
                            ? BEFORE(now, (int64_t)conf->keep_requests_days * 86400)
                            : 0,
    };
    struct cmc_swept swept;
    struct cmc_err err;

    do {
        if (cmc_store_sweep(store, &what, &swept, &err) != CMC_OK) {
            cmc_log_event(log, CMC_LOG_ERROR, "sweep", "error", err.text, NULL);
            return;
        }
        report(log, &swept);
    } while (swept.more);
}
