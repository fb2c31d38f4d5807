/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make the configuration share: conf.c and conf_rules.c. */
#ifndef CMC_SERVER_CONF_INT_H
#define CMC_SERVER_CONF_INT_H

#include "base/arena.h"
#include "server/conf.h"
#include "server/conf_schema.h"
#include "server/conf_tree.h"

/* URL paths: those of endpoints, the CRL, the CA's certificate, its chain and the status. */
#define CMC_CONF_PATHS_MAX (CMC_LIMIT_CONF_ENDPOINTS + 6u)
/* Octets of a place in the tree: "endpoints/2/revoke/reasons/1". */
#define CMC_CONF_PLACE_MAX 128

/* From the raw form to the checked one. */
struct cmc_conf_loading {
    const struct cmc_conf_tree *tree;
    const struct cmc_raw_conf *raw;
    struct cmc_arena *arena;
    struct cmc_conf *conf;
    struct cmc_err *err;
    /* URL paths that are taken, and by what. */
    const char *taken[CMC_CONF_PATHS_MAX];
    const char *owner[CMC_CONF_PATHS_MAX];
    size_t ntaken;
};

/* conf.c */
enum cmc_rc cmc_conf_no_memory(struct cmc_err *err);
/* Copy a string, if there is one. */
enum cmc_rc cmc_conf_copy(struct cmc_conf_loading *l, const char *s, char **out) CMC_MUST_USE;
/* Copy a path of ours in URLs, which nothing else may have. owner says whose it is. */
enum cmc_rc cmc_conf_copy_url_path(struct cmc_conf_loading *l, const char *place, const char *owner,
                                   const char *s, char **out) CMC_MUST_USE;
enum cmc_rc cmc_conf_in_range(struct cmc_conf_loading *l, const char *place, const char *what,
                              uint32_t v, uint32_t min, uint32_t max) CMC_MUST_USE;
/* "list/i/key" into place; returns it. */
const char *cmc_conf_at(char place[CMC_CONF_PLACE_MAX], const char *list, uint32_t i,
                        const char *key);

/* The path of a file, or the URI of something else, such that the current folder is no matter. */
enum cmc_rc cmc_conf_copy_path(struct cmc_conf_loading *l, const char *s, char **out) CMC_MUST_USE;
/* Is it an absolute URL of a kind that can be in a certificate? */
enum cmc_rc cmc_conf_check_url(struct cmc_conf_loading *l, const char *place,
                               const char *url) CMC_MUST_USE;

/* conf_publish.c: where what is issued is published. */
enum cmc_rc cmc_conf_load_publication(struct cmc_conf_loading *l) CMC_MUST_USE;

/* conf_rules.c: what may be issued, and where. */
enum cmc_rc cmc_conf_load_profiles(struct cmc_conf_loading *l) CMC_MUST_USE;
enum cmc_rc cmc_conf_load_endpoints(struct cmc_conf_loading *l) CMC_MUST_USE;

/* conf_exchange.c: what lasts longer than one exchange. */
enum cmc_rc cmc_conf_load_keep(struct cmc_conf_loading *l) CMC_MUST_USE;
/* Of endpoint number i, whose other rules are there. */
enum cmc_rc cmc_conf_load_exchange(struct cmc_conf_loading *l, uint32_t i,
                                   struct cmc_endpoint_rules *r) CMC_MUST_USE;

#endif
