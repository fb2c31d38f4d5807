/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration files of the Dogtag tools: "name=value" lines, '#' comments, no quoting. Names are
 * known or warned about; of a name given twice the last counts.
 */
#ifndef CMC_DOGTAG_CONFIG_H
#define CMC_DOGTAG_CONFIG_H

#include "dogtag/dog.h"

enum dog_param_kind {
    DOG_TEXT,
    DOG_BOOL,       /* true or false in any case; false unless said */
    DOG_BOOL_EXACT, /* as the original has it, where only "true" turns it on */
    DOG_OBSOLETE    /* known, and without effect: help says why */
};

struct dog_param {
    const char *name;
    enum dog_param_kind kind;
    const char *note; /* DOG_OBSOLETE: what to do instead */
};

struct dog_config; /* lives in the arena */

/* How lines are taken apart. */
enum dog_config_style {
    DOG_CONFIG_PLAIN,     /* CMCRequest: the name ends at the '=', blanks and all */
    DOG_CONFIG_PROPERTIES /* HttpClient: Java properties; blanks around '=' are not meant */
};

/*
 * Read a file. Warns of unknown names (naming the nearest known one) and obsolete ones.
 * Errors: CMC_E_LOCAL, CMC_E_USAGE (a line without '=', a switch that is neither true nor false).
 */
enum cmc_rc dog_config_read(struct dog *d, const char *path, enum dog_config_style style,
                            const struct dog_param *known, size_t nknown,
                            struct dog_config **out) CMC_MUST_USE;

/* The value, or NULL when the parameter is not there. It may be empty. */
const char *dog_config_get(const struct dog_config *cfg, const char *name);
bool dog_config_on(const struct dog_config *cfg, const char *name);

/* The value, which must be there and not empty. "NAME: missing; WHY" otherwise. */
enum cmc_rc dog_config_want(struct dog *d, const struct dog_config *cfg, const char *name,
                            const char *why, const char **out) CMC_MUST_USE;

#endif
