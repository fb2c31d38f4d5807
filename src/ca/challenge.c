/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secrets of challenges (RFC 10002 section 6.7), shared by the workers and held in memory
 * only: a challenge lives for one to two periods, and not over a restart.
 */
#include "ca/ca_int.h"

#include <openssl/crypto.h>

#define PERIOD_SECONDS 3600

enum cmc_rc cmc_ca_challenge_secrets(void *self, int64_t now, struct cmc_challenge_secrets *out,
                                     struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    struct cmc_ca_shared *s = ca->shared;
    int64_t age;
    enum cmc_rc rc = CMC_OK;

    (void)pthread_mutex_lock(&s->challenge_lock);
    age = now - s->challenge_at;
    if (!s->challenge_known || age >= PERIOD_SECONDS) {
        struct cmc_challenge_secrets fresh;

        rc = cmc_random(ca->crypto, &fresh, sizeof fresh, err);
        if (rc == CMC_OK) {
            if (s->challenge_known && age < 2 * PERIOD_SECONDS)
                memcpy(fresh.before, s->challenge.now, sizeof fresh.before);
            s->challenge = fresh;
            s->challenge_at = now;
            s->challenge_known = true;
        }
        OPENSSL_cleanse(&fresh, sizeof fresh);
    }
    *out = s->challenge;
    (void)pthread_mutex_unlock(&s->challenge_lock);
    return rc;
}
