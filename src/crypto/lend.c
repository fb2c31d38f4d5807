/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys that are used for one request and given back. To make a key on a curve OpenSSL 3.0
 * copies the whole of the curve's parameters, and to verify with it looks its algorithm up; both
 * together take a tenth of what the verification takes. So a key that came back gets another point,
 * and its context for verifying stays as it is. Keys of other kinds are not used again, but have
 * such a context too: those of officers are lent for long.
 */
#include "crypto/crypto_int.h"

static void forget(struct cmc_lent *l)
{
    EVP_PKEY_CTX_free(l->verify);
    EVP_PKEY_free(l->key);
    *l = (struct cmc_lent){0};
}

void cmc_lent_free(struct cmc_crypto_scratch *s)
{
    for (size_t i = 0; i < CMC_LENT; i++)
        forget(&s->lent[i]);
}

/* A key of this curve that is back, else a place for one, else one to be had from another curve. */
static struct cmc_lent *find_place(struct cmc_crypto_scratch *s, int curve)
{
    struct cmc_lent *place = NULL;

    for (size_t i = 0; i < CMC_LENT; i++) {
        struct cmc_lent *l = &s->lent[i];

        if (l->key != NULL && !l->out && l->curve == curve)
            return l;
        if (!l->out && (place == NULL || (place->key != NULL && l->key == NULL)))
            place = l;
    }
    if (place != NULL)
        forget(place);
    return place;
}

EVP_PKEY *cmc_lend_ec(const struct cmc_crypto *c, int curve, struct cmc_slice point)
{
    struct cmc_lent *l = find_place(c->scratch, curve);

    if (l == NULL) /* all are out: a message of very many requests */
        return cmc_make_ec(c, curve, point);
    if (l->key == NULL) {
        l->key = cmc_make_ec(c, curve, point);
    } else if (EVP_PKEY_set1_encoded_public_key(l->key, point.p, point.n) != 1) {
        forget(l); /* half of a point that is none may be in it */
    }
    l->curve = curve;
    l->out = l->key != NULL;
    return l->key;
}

EVP_PKEY *cmc_lend_other(const struct cmc_crypto *c, EVP_PKEY *key)
{
    struct cmc_lent *l = key != NULL ? find_place(c->scratch, CMC_CURVE_COUNT) : NULL;

    if (l != NULL)
        *l = (struct cmc_lent){.key = key, .curve = CMC_CURVE_COUNT, .out = true};
    return key;
}

struct cmc_lent *cmc_lent_find(const struct cmc_crypto *c, const EVP_PKEY *key)
{
    for (size_t i = 0; i < CMC_LENT; i++) {
        if (c->scratch->lent[i].key == key)
            return &c->scratch->lent[i];
    }
    return NULL;
}

void cmc_spki_give_back(const struct cmc_crypto *c, EVP_PKEY *key)
{
    struct cmc_lent *l = key != NULL ? cmc_lent_find(c, key) : NULL;

    if (l == NULL)
        EVP_PKEY_free(key);
    else if (l->curve == CMC_CURVE_COUNT)
        forget(l);
    else
        l->out = false;
}
