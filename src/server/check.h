/* SPDX-License-Identifier: Apache-2.0 */
/* What cmcd check-config and cmcd doctor share: findings, and how they are noted down. */
#ifndef CMC_SERVER_CHECK_H
#define CMC_SERVER_CHECK_H

#include "key/token.h"
#include "server/cmd.h"
#include "server/service.h"

/* A certificate that ends sooner is worth a warning. */
#define SOON_DAYS 30

struct checking {
    struct cmcd_run *run;
    struct cmc_conf *conf; /* NULL: it cannot be read */
    struct cmc_service service;
    struct cmc_buf out; /* the findings, a line each */
    int64_t now;
    unsigned int errors, warnings;
    struct cmc_token_state tokens[CMC_LIMIT_TOKENS]; /* that keys were loaded from */
    size_t ntokens;
};

void cmcd_warn(struct checking *c, const char *fmt, ...) CMC_PRINTF(2, 3);
/* An error from run->err, unless rc is CMC_OK; where goes before the text when the text does not
 * say it. True when all is well. */
bool cmcd_ok(struct checking *c, enum cmc_rc rc, const char *where);
/* Is it a certificate, and for how long? whose: "CA certificate". */
bool cmcd_check_validity(struct checking *c, struct cmc_slice der, const char *whose,
                         struct cmc_cert *cert);

/* "CA key", or, of several authorities, "NAME: CA key" into buf; returns it. */
const char *cmcd_whose(const struct checking *c, const struct cmc_service_authority *a,
                       const char *what, char *buf, size_t size);

/* All that serve would load from this configuration. */
void cmcd_check_all(struct checking *c, const char *path);
void cmcd_check_end(struct checking *c);
/* The configuration that the command line names. Errors: CMC_E_USAGE. */
enum cmc_rc cmcd_check_path(struct cmcd_run *r, const char *config, char **files, size_t n,
                            const char **path) CMC_MUST_USE;

#endif
