/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CRL of millions of entries is a file beside the database and not a value in it, where it would
 * be written twice and be held in memory whole. The row in the database comes last: a file without
 * one is none, and is removed when the next CRL is made. A file that is lost costs no more than the
 * making of another CRL.
 *
 * DATABASE.crls/ISSUER-NUMBER.crl, ISSUER being 16 hex digits of the SHA-256 of its Name. Of a part
 * other than 0, and of a delta CRL: ISSUER-PART-NUMBER.crl and ISSUER-PART-NUMBER.delta.
 */
#ifndef CMC_STORE_CRL_FILE_H
#define CMC_STORE_CRL_FILE_H

#include "store/store.h"

/*
 * A new file, open for reading and writing, which nobody knows yet. path NULL: it has no name, and
 * is gone when it is closed; else the caller frees *path, and hands the file to
 * cmc_crl_file_keep() or unlinks it. Errors: CMC_E_LOCAL, CMC_E_MEM.
 */
enum cmc_rc cmc_crl_file_new(const struct cmc_store *s, char **path, int *fd,
                             struct cmc_err *err) CMC_MUST_USE;
/* Make it durable under the name that belongs to this number; cmc_store_crl_put() is to follow. */
enum cmc_rc cmc_crl_file_keep(const struct cmc_store *s, const struct cmc_crl_id *id,
                              uint64_t number, const char *path, int fd,
                              struct cmc_err *err) CMC_MUST_USE;
/*
 * Open for reading the CRL that a record with octets is about; the caller closes *fd.
 * Errors: CMC_E_NOTFOUND (it is not there, or not of that size).
 */
enum cmc_rc cmc_crl_file_open(const struct cmc_store *s, const struct cmc_crl_id *id,
                              const struct cmc_crl_record *crl, int *fd,
                              struct cmc_err *err) CMC_MUST_USE;
/* Remove what the database does not know of this part's, full and delta, and what nobody finishes
 * any more. Only while no CRL of the part is being made. */
enum cmc_rc cmc_crl_file_sweep(const struct cmc_store *s, struct cmc_reader *r,
                               const struct cmc_crl_id *of, struct cmc_err *err) CMC_MUST_USE;

#endif
