/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message that was answered before. The same octets in the same form get the same octets; if
 * the form that is asked for now is another one, the certificates of the first answer are given
 * in that form. Never is anything issued twice.
 */
#include <time.h>

#include "asn1/codec.h"
#include "responder/responder_int.h"

static enum cmc_answer_form form_of(const char *type)
{
    if (strcmp(type, CMC_MEDIA_PKIX_CERT) == 0)
        return CMC_ANSWER_PKIX_CERT;
    return strcmp(type, CMC_MEDIA_CERTS_ONLY) == 0 ? CMC_ANSWER_CERTS_ONLY : CMC_ANSWER_CMC;
}

/* The two forms of certs-only are told apart by whether the chain is there. */
static bool same_form(const struct job *j, const struct cmc_answer *answer, size_t ncerts)
{
    enum cmc_answer_form was = form_of(answer->type);
    bool chain = ncerts > j->nitems;

    switch (j->x->form) {
    case CMC_ANSWER_CERTS_ONLY:
        return was == CMC_ANSWER_CERTS_ONLY && !chain;
    case CMC_ANSWER_CERTS_ONLY_CHAIN:
        return was == CMC_ANSWER_CERTS_ONLY && chain;
    case CMC_ANSWER_CMC:
    case CMC_ANSWER_PKIX_CERT:
    default:
        return was == j->x->form;
    }
}

/* Does the first answer say what no other form can: that something is still to be done? */
static bool must_stay(const struct job *j, const struct cmc_answer *answer)
{
    return form_of(answer->type) == CMC_ANSWER_CMC &&
           (j->rules->confirm_seconds > 0 || j->data_return.p != NULL);
}

/* The certificates of the first answer. */
static enum cmc_rc certs_of(struct job *j, const struct cmc_answer *answer,
                            struct cmc_slice **certs, size_t *n)
{
    struct cmc_signed_data sd;
    enum cmc_rc rc;

    if (form_of(answer->type) == CMC_ANSWER_PKIX_CERT) {
        *certs = cmc_arena_dup(j->arena, &answer->octets, sizeof answer->octets);
        *n = 1;
        return *certs != NULL ? CMC_OK : CMC_E_MEM;
    }
    rc = cmc_signed_data_open(answer->octets, j->arena, &sd, NULL);
    *certs = sd.certs.v;
    *n = sd.certs.n;
    return rc;
}

/* Two requests may be for the same key: each has a certificate of its own. */
static bool is_taken(const struct job *j, struct cmc_slice cert)
{
    for (size_t i = 0; i < j->nitems; i++) {
        if (j->items[i].issued.cert.p == cert.p)
            return true;
    }
    return false;
}

/* The certificate that carries the request's key. */
static bool find_cert(struct job *j, struct plan_item *it, const struct cmc_slice *certs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct cmc_cert c = {0};

        if (!is_taken(j, certs[i]) &&
            cmc_decode(&cmc_it_cert, certs[i], j->arena, &c, NULL) == CMC_OK &&
            cmc_slice_eq(c.tbs.spki.raw, it->request.spki)) {
            it->issued.cert = certs[i];
            return true;
        }
    }
    return false;
}

/* The requests of the message as items, each with the certificate it got. False: not all did. */
static bool recall_items(struct job *j, const struct cmc_slice *certs, size_t n)
{
    size_t max = j->full ? j->body.requests.n : 1;

    j->items = cmc_arena_array(j->arena, max, sizeof *j->items);
    j->max_items = max;
    if (j->items == NULL || max == 0)
        return false;
    for (size_t i = 0; i < max; i++) {
        struct plan_item *it = cmc_job_add_item(j, PLAN_ISSUE, 1);
        enum cmc_rc rc = j->full
                             ? cmc_request_from_tagged(
                                   CMC_AT(const struct cmc_tagged_request, j->body.requests, i),
                                   j->arena, &it->request, NULL)
                             : cmc_request_from_pkcs10(j->x->body, j->arena, &it->request, NULL);

        it->body_part = it->request.body_part_id;
        if (rc != CMC_OK || !find_cert(j, it, certs, n))
            return false;
    }
    return true;
}

/* Read the message's body; it was verified when it was answered, and these are its octets. */
static bool reopen(struct job *j)
{
    if (!j->full)
        return true;
    if (cmc_pkidata_open(j->sd.encap.content, j->rules->lax_ids, j->arena, &j->body, NULL) !=
        CMC_OK)
        return false;
    cmc_job_read_echoes(j);
    return true;
}

enum cmc_rc cmc_job_again(struct job *j, const struct cmc_answer *answer, struct cmc_err *err)
{
    struct cmc_slice *certs = NULL;
    enum cmc_rc rc = CMC_OK;
    size_t n = 0;

    /* A protected answer has one form, and is as confidential as it was. */
    if (cmc_job_is_wrapped(j) || certs_of(j, answer, &certs, &n) != CMC_OK || !reopen(j) ||
        !recall_items(j, certs, n) || same_form(j, answer, n) || must_stay(j, answer)) {
        j->reply = (struct cmc_reply){
            .http_status = 200, .content_type = answer->type, .body = answer->octets};
    } else {
        rc = cmc_job_answer(j, err);
    }
    j->reply.reason = "the same message again: the same answer";
    return rc;
}

/* The answer is too old to be kept, but a second certificate there must not be. */
enum cmc_rc cmc_job_forgotten(struct job *j, const struct cmc_answer *answer, bool *final,
                              struct cmc_err *err)
{
    struct tm tm;
    char when[32] = "?";
    time_t at = (time_t)answer->at;

    if (gmtime_r(&at, &tm) != NULL)
        (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm);
    (void)cmc_fail_info(err, CMC_E_REFUSED, CMC_FAIL_BAD_REQUEST, "RFC 10002 section 6.6",
                        "this very message was answered at %s, and the answer is not kept any "
                        "more; make a new one",
                        when);
    (void)reopen(j);
    cmc_job_refuse(j, err, CMC_STATUS_FAILED, NULL, 0);
    *final = true;
    return cmc_job_answer(j, err);
}
