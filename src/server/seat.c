/* SPDX-License-Identifier: Apache-2.0 */
#include "server/seat.h"

#include <stdlib.h>
#include <strings.h>

struct making {
    const struct cmc_service_authority *a;
    const struct cmc_crypto *crypto;
    struct cmc_seat *seat;
};

static enum cmc_rc make_dh_pop(const struct making *w, struct cmc_err *err)
{
    const struct cmc_service_authority *a = w->a;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->dh_pop, w->crypto, &key, err);

    if (rc != CMC_OK || key == NULL)
        return rc;
    rc = cmc_ca_set_dh_pop(w->seat->ca, a->dh_pop_cert, key, err);
    if (rc != CMC_OK)
        EVP_PKEY_free(key);
    return rc;
}

/* The key that clients encrypt to, if there is one. */
static enum cmc_rc give_encryption_key(const struct making *w, struct cmc_err *err)
{
    const struct cmc_service_authority *a = w->a;
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->encryption, w->crypto, &key, err);

    if (rc == CMC_OK && key != NULL)
        rc = cmc_ca_set0_encryption(w->seat->ca, key, a->encryption_cert, err);
    if (rc != CMC_OK)
        EVP_PKEY_free(key);
    return rc;
}

static enum cmc_rc make_ocsp(const struct making *w, struct cmc_err *err)
{
    const struct cmc_service_authority *a = w->a;
    const struct cmc_ocsp_params params = {.cert = a->ocsp_cert, .minutes = a->conf->ocsp.minutes};
    EVP_PKEY *key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->ocsp.signer, w->crypto, &key, err);

    if (rc != CMC_OK || key == NULL)
        return rc;
    rc = cmc_ocsp_new(w->seat->ca, &params, key, &w->seat->ocsp, err);
    if (rc != CMC_OK)
        EVP_PKEY_free(key);
    return rc;
}

/* This worker's key handles go to its authority, which frees them. */
static enum cmc_rc make_ca(const struct making *w, struct cmc_err *err)
{
    const struct cmc_service_authority *a = w->a;
    EVP_PKEY *ca_key = NULL, *responder_key = NULL;
    enum cmc_rc rc = cmc_service_key(&a->conf->ca, w->crypto, &ca_key, err);

    if (rc == CMC_OK)
        rc = cmc_service_key(&a->conf->responder, w->crypto, &responder_key, err);
    if (rc == CMC_OK)
        rc = cmc_ca_new(a->ca, w->crypto, ca_key, responder_key, &w->seat->ca, err);
    if (rc != CMC_OK) {
        EVP_PKEY_free(ca_key);
        EVP_PKEY_free(responder_key);
    }
    return rc;
}

/* Keys of before make CRLs and answer OCSP; that is all. */
static enum cmc_rc make_previous(const struct making *w, struct cmc_err *err)
{
    struct cmc_seat *seat = w->seat;
    size_t n = w->a->nprevious;
    enum cmc_rc rc = CMC_OK;

    if (n == 0)
        return CMC_OK;
    seat->previous = calloc(n, sizeof *seat->previous);
    if (seat->previous == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for the keys of before");
    seat->nprevious = n;
    for (size_t i = 0; i < n && rc == CMC_OK; i++) {
        const struct making m = {&w->a->previous[i], w->crypto, &seat->previous[i]};

        rc = make_ca(&m, err);
        if (rc == CMC_OK)
            rc = make_ocsp(&m, err);
        if (rc != CMC_OK)
            cmc_err_prefix(err, "%s", m.a->conf->ca.certificate);
    }
    return rc;
}

enum cmc_rc cmc_seat_make(const struct cmc_service *service, size_t i,
                          const struct cmc_crypto *crypto, struct cmc_log *log,
                          struct cmc_seat *seat, struct cmc_err *err)
{
    const struct making m = {&service->authorities[i], crypto, seat};
    enum cmc_rc rc = make_ca(&m, err);

    if (rc == CMC_OK)
        rc = make_dh_pop(&m, err);
    if (rc == CMC_OK)
        rc = give_encryption_key(&m, err);
    if (rc == CMC_OK)
        rc = cmc_responder_new(crypto, cmc_ca_get0_authority(seat->ca), log, &seat->responder, err);
    if (rc == CMC_OK)
        rc = make_ocsp(&m, err);
    if (rc == CMC_OK)
        rc = make_previous(&m, err);
    /* Of several it must be said which. */
    if (rc != CMC_OK && service->nauthorities > 1)
        cmc_err_prefix(err, "%s", cmc_conf_authority_name(m.a->conf));
    return rc;
}

void cmc_seat_end(struct cmc_seat *seat)
{
    for (size_t i = 0; i < seat->nprevious; i++) {
        cmc_ocsp_free(seat->previous[i].ocsp);
        cmc_ca_free(seat->previous[i].ca);
    }
    free(seat->previous);
    cmc_responder_free(seat->responder);
    cmc_ocsp_free(seat->ocsp);
    cmc_ca_free(seat->ca);
    *seat = (struct cmc_seat){.responder = NULL};
}

struct cmc_ca *cmc_seat_ca(const struct cmc_seat *seat, unsigned int previous)
{
    return previous > 0 ? seat->previous[previous - 1].ca : seat->ca;
}

void cmc_seat_hands_off(struct cmc_seat *seat)
{
    for (unsigned int i = 0; i <= seat->nprevious; i++)
        cmc_ca_hands_off(cmc_seat_ca(seat, i));
}

enum cmc_rc cmc_seat_ocsp(const struct cmc_seat *seat, struct cmc_slice request, int64_t now,
                          struct cmc_arena *arena, struct cmc_ocsp_answer *answer,
                          struct cmc_err *err)
{
    enum cmc_rc rc = cmc_ocsp_respond(seat->ocsp, request, now, arena, answer, err);

    for (size_t i = 0; i < seat->nprevious && rc == CMC_OK; i++) {
        if (strcmp(answer->outcome, "unauthorized") != 0)
            return rc;
        if (seat->previous[i].ocsp != NULL)
            rc = cmc_ocsp_respond(seat->previous[i].ocsp, request, now, arena, answer, err);
    }
    return rc;
}

static bool has_token(const struct cmc_conf_authority *a)
{
    static const char scheme[] = "pkcs11:";
    const char *const keys[] = {a->ca.key, a->responder.key, a->encryption.key, a->ocsp.signer.key,
                                a->dh_pop.key};
    bool any = false;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        any = any || (keys[i] != NULL && strncasecmp(keys[i], scheme, sizeof scheme - 1) == 0);
    return any;
}

bool cmc_authority_has_token(const struct cmc_conf_authority *a)
{
    bool any = has_token(a);

    for (unsigned int i = 0; i < a->previous_count; i++)
        any = any || has_token(&a->previous[i]);
    return any;
}
