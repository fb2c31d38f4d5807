/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to an authority with a key in a token: handed to a desk with all that they need, and
 * their result brought back to the loop that they came from.
 */
#ifndef CMC_SERVER_SLOW_H
#define CMC_SERVER_SLOW_H

#include "server/desks.h"
#include "server/http.h"

enum cmc_slow_kind { CMC_SLOW_EXCHANGE, CMC_SLOW_CRL, CMC_SLOW_OCSP };

/* Borrowed for the call; what it points to is copied, but for the rules of the endpoint. */
struct cmc_slow_request {
    enum cmc_slow_kind kind;
    unsigned int authority;
    unsigned int previous;        /* CMC_SLOW_CRL: see cmc_seat_ca() */
    const struct cmc_exchange *x; /* CMC_SLOW_EXCHANGE */
    struct cmc_crl_scope scope;   /* CMC_SLOW_CRL */
    struct cmc_slice ocsp;        /* CMC_SLOW_OCSP: the OCSPRequest */
    int64_t now;
};

struct cmc_slow_result {
    unsigned int status; /* of HTTP; 503: later */
    const char *content_type;
    uint8_t *body; /* may be taken (set to NULL then); from malloc() */
    size_t octets;
    int fd; /* of a CRL that is a file, which may be taken (set to -1); else -1 */
    struct cmc_crl_facts facts;  /* of a CRL */
    struct cmc_ocsp_answer ocsp; /* its der is body */
    char reason[CMC_LIMIT_ERROR_TEXT];
};

/*
 * done is called once, in the loop of http (or by cmc_http_free()). False: too many wait, or no
 * memory; then it is not called.
 */
typedef void (*cmc_slow_done_fn)(void *arg, struct cmc_slow_result *result);
bool cmc_slow_submit(struct cmc_desks *desks, struct cmc_http *http,
                     const struct cmc_slow_request *rq, cmc_slow_done_fn done,
                     void *arg) CMC_MUST_USE;

#endif
