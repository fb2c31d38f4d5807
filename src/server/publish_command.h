/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of the operator's as a target of publication. It gets the object on standard input and
 * what there is to know of it in its environment; exit status 0 says that the object is where it
 * belongs. No shell is between. It has nothing else of ours: no descriptor, no variable, no blocked
 * signal, and no time beyond its limit.
 */
#ifndef CMC_SERVER_PUBLISH_COMMAND_H
#define CMC_SERVER_PUBLISH_COMMAND_H

#include <stdatomic.h>

#include "ca/publish.h"

/* All borrowed. */
struct cmc_publish_command {
    char *const *argv;       /* argv[0] is a whole path */
    unsigned int timeout;    /* seconds */
    const atomic_bool *stop; /* set: do not wait for long; or NULL */
};

/* struct cmc_publish_target.put; self is a struct cmc_publish_command. */
enum cmc_rc cmc_publish_command_put(void *self, const struct cmc_publish_object *o,
                                    struct cmc_err *err);

#endif
