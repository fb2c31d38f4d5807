/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMC_SERVER_OCSP_URL_H
#define CMC_SERVER_OCSP_URL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

/*
 * The OCSP request in the path of a GET, RFC 6960 appendix A.1.1: "/", then the base64 of the
 * DER, of which '+', '/' and '=' may be percent-encoded. Errors: CMC_E_INPUT, CMC_E_MEM.
 */
enum cmc_rc cmc_ocsp_from_path(const char *path, struct cmc_arena *arena, struct cmc_slice *out,
                               struct cmc_err *err) CMC_MUST_USE;

#endif
