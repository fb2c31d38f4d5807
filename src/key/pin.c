/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords that a token has refused. Tokens count wrong ones and lock themselves, so one and the
 * same is not offered twice by this process, however many keys of the token it needs. What is kept
 * is a salted digest, for the whole process, as a login counts for it.
 */
#include <openssl/rand.h>

#include "key/module_int.h"

#define REFUSED_MAX 16u

struct refused {
    bool set;
    char label[33], serial[17];
    uint8_t salt[16], digest[32];
};

static struct {
    pthread_mutex_t lock;
    struct refused rows[REFUSED_MAX];
    size_t next;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool digest(const struct refused *r, const struct cmc_pass *pass, uint8_t out[32])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, r->salt, sizeof r->salt) == 1 &&
              EVP_DigestUpdate(ctx, pass->text, pass->n) == 1 &&
              EVP_DigestFinal_ex(ctx, out, NULL) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

static struct refused *find(const char *label, const char *serial)
{
    for (size_t i = 0; i < REFUSED_MAX; i++) {
        struct refused *r = &all.rows[i];

        if (r->set && strcmp(r->label, label) == 0 && strcmp(r->serial, serial) == 0)
            return r;
    }
    return NULL;
}

bool cmc_pin_is_refused(const struct cmc_slot *s, const struct cmc_pass *pass)
{
    const struct refused *r;
    uint8_t now[32];
    bool same;

    (void)pthread_mutex_lock(&all.lock);
    r = find(s->label, s->serial);
    same = r != NULL && digest(r, pass, now) && CRYPTO_memcmp(now, r->digest, sizeof now) == 0;
    (void)pthread_mutex_unlock(&all.lock);
    return same;
}

void cmc_pin_refused(const struct cmc_slot *s, const struct cmc_pass *pass)
{
    struct refused *r;

    (void)pthread_mutex_lock(&all.lock);
    r = find(s->label, s->serial);
    if (r == NULL) {
        r = &all.rows[all.next];
        all.next = (all.next + 1) % REFUSED_MAX;
    }
    *r = (struct refused){.set = false};
    memcpy(r->label, s->label, sizeof r->label);
    memcpy(r->serial, s->serial, sizeof r->serial);
    r->set = RAND_bytes(r->salt, sizeof r->salt) == 1 && digest(r, pass, r->digest);
    (void)pthread_mutex_unlock(&all.lock);
}

void cmc_pin_taken(const struct cmc_slot *s)
{
    struct refused *r;

    (void)pthread_mutex_lock(&all.lock);
    r = find(s->label, s->serial);
    if (r != NULL)
        *r = (struct refused){.set = false};
    (void)pthread_mutex_unlock(&all.lock);
}

bool cmc_pin_trouble(CK_RV rv)
{
    return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE ||
           rv == CKR_PIN_EXPIRED || rv == CKR_PIN_LOCKED;
}
