/* SPDX-License-Identifier: Apache-2.0 */
/* What request.c and answer.c share with protect.c. */
#ifndef CMC_CLIENT_PROTECT_H
#define CMC_CLIENT_PROTECT_H

#include "client/client.h"
#include "cms/authenticated_data.h"

/* Sign content or give it a MAC, and put around it what rq->protection asks for. */
enum cmc_rc cmc_protect_request(const struct cmc_crypto *c, const struct cmc_full_request *rq,
                                const struct cmc_cms_content *content, struct cmc_arena *arena,
                                struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * Open an envelope with one of the keys of p, or its secret (p may be NULL: there are none): what
 * is inside, as a ContentInfo. Errors: CMC_E_REFUSED (nothing to open it with), CMC_E_CRYPTO.
 */
enum cmc_rc cmc_unwrap_envelope(const struct cmc_crypto *c, const struct cmc_protection *p,
                                const struct cmc_content_info *ci, struct cmc_arena *arena,
                                struct cmc_content_info *out, struct cmc_err *err) CMC_MUST_USE;

/* Verify an AuthenticatedData with the secret of p. Errors: as above. */
enum cmc_rc cmc_unwrap_authenticated(const struct cmc_crypto *c, const struct cmc_protection *p,
                                     const struct cmc_content_info *ci, struct cmc_arena *arena,
                                     struct cmc_authenticated_data *out,
                                     struct cmc_err *err) CMC_MUST_USE;

bool cmc_is_envelope(struct cmc_slice content_type);

#endif
