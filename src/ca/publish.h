/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publication of certificates in a folder (RFC 10002 section 6.18): one file for each, named by
 * its SHA-256. What is to be done stands in the store; a crash leaves it to be done again, which
 * does no harm.
 */
#ifndef CMC_CA_PUBLISH_H
#define CMC_CA_PUBLISH_H

#include "crypto/crypto.h"
#include "store/store.h"

/* What a file in the folder is called: hex digits and this. */
#define CMC_PUBLISH_SUFFIX ".cer"

/*
 * Do what is due for certificates of issuer (Name): write files, remove files, and tell the store.
 * *done is how many; 0 when nothing is left. Errors: CMC_E_LOCAL (the folder, the store): what is
 * left stays due.
 */
enum cmc_rc cmc_publish_due(const struct cmc_crypto *c, struct cmc_store *store,
                            struct cmc_reader *reader, struct cmc_slice issuer,
                            const char *directory, size_t *done, struct cmc_err *err) CMC_MUST_USE;

#endif
