/* SPDX-License-Identifier: Apache-2.0 */
/* A target of publication as the configuration has it, ready for work in one thread. */
#ifndef CMC_SERVER_TARGET_H
#define CMC_SERVER_TARGET_H

#include "server/conf.h"
#include "server/publish_command.h"

struct cmc_target {
    const struct cmc_conf_target *conf;
    struct cmc_publish_target base;
    struct cmc_publish_folder folder; /* what base.self points to, by kind: */
    struct cmc_publish_command command;
    struct cmc_publish_ldap *ldap;
};

/* conf and stop (may be NULL: see publish_command.h) are borrowed; t stays where it is. Errors:
 * CMC_E_USAGE (a directory server, and built without libldap). */
enum cmc_rc cmc_target_init(struct cmc_target *t, const struct cmc_conf_target *conf,
                            const atomic_bool *stop, struct cmc_err *err) CMC_MUST_USE;
/* Let go of connections. */
void cmc_target_rest(struct cmc_target *t);
void cmc_target_end(struct cmc_target *t);

#endif
