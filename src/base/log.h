/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines of cmcd: one event a line, "key=value" or JSON. Values of peers are escaped.
 * Never a secret, a passphrase or a private key.
 */
#ifndef CMC_BASE_LOG_H
#define CMC_BASE_LOG_H

#include "base/err.h"

enum cmc_log_level { CMC_LOG_ERROR, CMC_LOG_WARNING, CMC_LOG_INFO, CMC_LOG_DEBUG };
enum cmc_log_format { CMC_LOG_TEXT, CMC_LOG_JSON };

struct cmc_log; /* thread-safe: a line is one write(2) */

/* fd is borrowed. NULL when out of memory. */
struct cmc_log *cmc_log_new(int fd, enum cmc_log_level level, enum cmc_log_format format);
void cmc_log_free(struct cmc_log *log);

/*
 * One line. event is a short constant such as "request". After it come pairs of const char *
 * key and const char * value, ended by NULL; a NULL value leaves the pair out. log may be NULL.
 */
void cmc_log_event(struct cmc_log *log, enum cmc_log_level level, const char *event, ...)
    __attribute__((sentinel));

/* "error", "warning", "info", "debug" to a level; false when it is none of them. */
bool cmc_log_level_parse(const char *name, enum cmc_log_level *level);

#endif
