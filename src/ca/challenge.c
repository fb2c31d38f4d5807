/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secrets of challenges (RFC 10002 section 6.7), shared by the workers and held in memory
 * only: a challenge lives for one to two periods, and not over a restart.
 */
#include <openssl/crypto.h>
#include <stdlib.h>

#include "ca/ca_int.h"

#define PERIOD_SECONDS 3600

struct cmc_challenges {
    pthread_mutex_t lock; /* over what follows */
    bool known;
    int64_t at;
    struct cmc_challenge_secrets secrets;
};

struct cmc_challenges *cmc_challenges_new(void)
{
    struct cmc_challenges *c = calloc(1, sizeof *c);

    if (c != NULL)
        (void)pthread_mutex_init(&c->lock, NULL);
    return c;
}

void cmc_challenges_free(struct cmc_challenges *c)
{
    if (c == NULL)
        return;
    (void)pthread_mutex_destroy(&c->lock);
    OPENSSL_cleanse(&c->secrets, sizeof c->secrets);
    free(c);
}

enum cmc_rc cmc_ca_challenge_secrets(void *self, int64_t now, struct cmc_challenge_secrets *out,
                                     struct cmc_err *err)
{
    struct cmc_ca *ca = self;
    struct cmc_challenges *c = ca->shared->challenges;
    int64_t age;
    enum cmc_rc rc = CMC_OK;

    (void)pthread_mutex_lock(&c->lock);
    age = now - c->at;
    if (!c->known || age >= PERIOD_SECONDS) {
        struct cmc_challenge_secrets fresh;

        rc = cmc_random(ca->crypto, &fresh, sizeof fresh, err);
        if (rc == CMC_OK) {
            if (c->known && age < 2 * PERIOD_SECONDS)
                memcpy(fresh.before, c->secrets.now, sizeof fresh.before);
            c->secrets = fresh;
            c->at = now;
            c->known = true;
        }
        OPENSSL_cleanse(&fresh, sizeof fresh);
    }
    *out = c->secrets;
    (void)pthread_mutex_unlock(&c->lock);
    return rc;
}
