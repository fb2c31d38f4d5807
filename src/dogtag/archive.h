/* SPDX-License-Identifier: Apache-2.0 */
/* Key archival: the pkiArchiveOptions control of CRMF (RFC 4211 section 6.4), for Dogtag's KRA. RFC
 * 10004 would have it not supported [10004-5.3-b]: the tool writes it when told to, cmcd never
 * reads it. */
#ifndef CMC_DOGTAG_ARCHIVE_H
#define CMC_DOGTAG_ARCHIVE_H

#include "dogtag/newkey.h"

struct dog_archive_options {
    const char *transport; /* file with the KRA's transport certificate; NULL: no archival */
    const char *wrap_alg;  /* as -w says it; NULL: the environment, else the default */
    bool oaep;
};

/* What is read before a key is made. */
struct dog_archive {
    EVP_PKEY *transport; /* NULL: no archival */
    const struct dog_wrap *wrap;
    bool oaep;
};

/* Errors: CMC_E_USAGE (no such algorithm, no RSA key), those of reading the certificate. */
enum cmc_rc dog_archive_open(struct dog *d, const struct dog_archive_options *o,
                             struct dog_archive *out) CMC_MUST_USE;
void dog_archive_clean(struct dog_archive *a);

/* The control with the private key, wrapped for the KRA. */
enum cmc_rc dog_archive_control(struct dog *d, const struct dog_archive *a,
                                const struct dog_newkey *k, struct cmc_atv *out) CMC_MUST_USE;

#endif
