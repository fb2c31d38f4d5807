/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What lets others keep what is given out by GET, and ask whether it is still the same: RFC 9110
 * section 13, RFC 9111. For CRLs, and for the CA's certificates.
 */
#ifndef CMC_SERVER_HTTP_CACHE_H
#define CMC_SERVER_HTTP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct cmc_http_cache {
    char etag[72];    /* quoted */
    int64_t modified; /* seconds since 1970 */
    int64_t expires;
    /* from here on: for headers */
    char modified_text[32], expires_text[32], control[64];
    const char *headers[9]; /* pairs of name and value ended by NULL */
};

/* May be kept until expires, but not for more than max_age seconds from now on. c stays where it is
 * while headers are in use. etag without quotes. */
void cmc_http_cache_init(struct cmc_http_cache *c, const char *etag, int64_t modified,
                         int64_t expires, int64_t now, int64_t max_age);
/* The same for octets, which tell of themselves whether they have changed. */
void cmc_http_cache_octets(struct cmc_http_cache *c, struct cmc_slice octets, int64_t modified,
                           int64_t now, int64_t max_age);

/*
 * Does who asks have it already? The values of If-None-Match and If-Modified-Since, or NULL. The
 * second counts only without the first (RFC 9110 section 13.2.2); one that is malformed not at all.
 */
bool cmc_http_cache_has(const struct cmc_http_cache *c, const char *if_none_match,
                        const char *if_modified_since);

#endif
