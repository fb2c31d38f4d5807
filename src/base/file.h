/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read bounded, write so that a crash leaves the old file or the new one. */
#ifndef CMC_BASE_FILE_H
#define CMC_BASE_FILE_H

#include "base/buf.h"
#include "base/err.h"

/*
 * Read a whole file into out (initialised by the caller with its maximum). "-" is standard
 * input. Errors: CMC_E_LOCAL (with path and errno text), CMC_E_LIMIT.
 */
enum cmc_rc cmc_file_read(const char *path, struct cmc_buf *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * Write a file through a temporary one in the same directory, fsync and rename. mode is the
 * permission bits of the new file. "-" is standard output (mode ignored); what is there and is
 * no regular file, such as /dev/null or a FIFO, is written to as it stands.
 * Errors: CMC_E_LOCAL.
 */
enum cmc_rc cmc_file_write(const char *path, unsigned int mode, struct cmc_slice data,
                           struct cmc_err *err) CMC_MUST_USE;

/*
 * The same with the first octets of an open file as the data, which are not read into memory where
 * the system can copy them. path is a name. Errors: CMC_E_LOCAL (also: there are fewer).
 */
enum cmc_rc cmc_file_copy(const char *path, unsigned int mode, int from, uint64_t octets,
                          struct cmc_err *err) CMC_MUST_USE;

/* As cmc_file_write(), but fails with CMC_E_CONFLICT when the file exists. */
enum cmc_rc cmc_file_create(const char *path, unsigned int mode, struct cmc_slice data,
                            struct cmc_err *err) CMC_MUST_USE;

/* Write all of data to an open file. Errors: CMC_E_LOCAL. */
enum cmc_rc cmc_file_add(int fd, struct cmc_slice data, struct cmc_err *err) CMC_MUST_USE;

/* fsync the directory that path is in, so that a new name in it survives a crash. CMC_E_LOCAL. */
enum cmc_rc cmc_file_sync_directory(const char *path, struct cmc_err *err) CMC_MUST_USE;

/*
 * "credential:NAME": the file that systemd has put into $CREDENTIALS_DIRECTORY under this name
 * (LoadCredential=), written to buf. Any other name is a path as it is. Errors: CMC_E_USAGE.
 */
enum cmc_rc cmc_file_credential(const char *name, char *buf, size_t size, const char **path,
                                struct cmc_err *err) CMC_MUST_USE;

#endif
