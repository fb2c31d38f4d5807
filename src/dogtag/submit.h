/* SPDX-License-Identifier: Apache-2.0 */
/* Submission of a request to a profile of Dogtag's CA, outside of CMC: CRMFPopClient -m. */
#ifndef CMC_DOGTAG_SUBMIT_H
#define CMC_DOGTAG_SUBMIT_H

#include "dogtag/dog.h"

struct dog_submission {
    const char *place; /* "host:port" */
    const char *profile, *user, *requestor;
};

/* Is the place one? Errors: CMC_E_USAGE. */
enum cmc_rc dog_submit_check(struct dog *d, const struct dog_submission *s) CMC_MUST_USE;
/* Send, and say on standard output what became of it. A failed or rejected request is an error. */
enum cmc_rc dog_submit(struct dog *d, const struct dog_submission *s, const char *request,
                       bool verbose) CMC_MUST_USE;

#endif
