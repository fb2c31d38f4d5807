/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make the configuration share: conf.c, conf_profile.c, conf_rules.c. */
#ifndef CMC_SERVER_CONF_INT_H
#define CMC_SERVER_CONF_INT_H

#include "base/arena.h"
#include "base/buf.h"
#include "server/conf.h"
#include "server/conf_schema.h"
#include "server/conf_tree.h"

/* URL paths: those of endpoints, of each authority's CRLs, certificate, chain, encryption
 * certificate and OCSP, and the status. */
#define CMC_CONF_PATHS_MAX                                                                         \
    (CMC_LIMIT_CONF_ENDPOINTS + (7u + 4u * CMC_LIMIT_CONF_PREVIOUS) * CMC_LIMIT_CONF_AUTHORITIES + \
     1u)
/* Octets of a place in the tree: "endpoints/2/revoke/reasons/1". */
#define CMC_CONF_PLACE_MAX 128

/* A profile as it is written: an entry of the configuration's list, or a file of its own. */
struct cmc_conf_profile_source {
    const struct cmc_conf_tree *tree;
    const struct cmc_raw_profile *raw;
    const char *prefix; /* of places in the tree: "profiles/2/", or "" */
};
/* What such a file was read into. */
struct cmc_conf_profile_file {
    struct cmc_conf_tree *tree;
    struct cmc_raw_profile *raw;
};

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
    struct cmc_conf_profile_source *profiles;
    struct cmc_conf_profile_file *files; /* owned: cmc_conf_profile_files_end() */
    uint32_t nprofiles, nfiles;
    struct cmc_buf seen; /* what was read */
};

/* conf.c */
enum cmc_rc cmc_conf_copy_path(struct cmc_conf_loading *l, const char *s, char **out) CMC_MUST_USE;
enum cmc_rc cmc_conf_no_memory(struct cmc_err *err);
/* Copy a string, if there is one. */
enum cmc_rc cmc_conf_copy(struct cmc_conf_loading *l, const char *s, char **out) CMC_MUST_USE;
/* Copy paths of files, such that the current folder is no matter. */
enum cmc_rc cmc_conf_copy_paths(struct cmc_conf_loading *l, char *const *from, uint32_t n,
                                char ***out, unsigned int *count) CMC_MUST_USE;
/* A list of words in which none may stand twice; place is that of the list. */
enum cmc_rc cmc_conf_copy_words(struct cmc_conf_loading *l, const char *place, const char *what,
                                char *const *from, uint32_t n, char ***out,
                                unsigned int *count) CMC_MUST_USE;
/*
 * Read a file of this schema: the tree, which remembers places, and what libcyaml makes of it. what
 * says what it is: "the configuration". The caller gives both back, also on failure. Its octets
 * go into seen, behind those of other files.
 */
enum cmc_rc cmc_conf_read(const char *path, const char *what, const cyaml_schema_value_t *schema,
                          struct cmc_buf *seen, struct cmc_conf_tree **tree, void **raw,
                          struct cmc_err *err) CMC_MUST_USE;
void cmc_conf_read_end(const cyaml_schema_value_t *schema, struct cmc_conf_tree *tree, void *raw);
/* Copy a path of ours in URLs, which nothing else may have. owner says whose it is. */
enum cmc_rc cmc_conf_copy_url_path(struct cmc_conf_loading *l, const char *place, const char *owner,
                                   const char *s, char **out) CMC_MUST_USE;
enum cmc_rc cmc_conf_in_range(struct cmc_conf_loading *l, const char *place, const char *what,
                              uint32_t v, uint32_t min, uint32_t max) CMC_MUST_USE;
/* "list/i/key" into place; returns it. */
const char *cmc_conf_at(char place[CMC_CONF_PLACE_MAX], const char *list, uint32_t i,
                        const char *key);

/* conf_publish.c: where what an authority issues is published; place is where it stands in the
 * tree. previous: a is a key of before. */
enum cmc_rc cmc_conf_load_publication(struct cmc_conf_loading *l,
                                      const struct cmc_raw_authority *raw, const char *place,
                                      bool previous, struct cmc_conf_authority *a) CMC_MUST_USE;

/* A URL that goes into certificates: a slip there cannot be called back. */
enum cmc_rc cmc_conf_check_url(struct cmc_conf_loading *l, const char *place,
                               const char *url) CMC_MUST_USE;

/* conf_crl.c: of the authority at this place. */
enum cmc_rc cmc_conf_load_crl(struct cmc_conf_loading *l, const char *place,
                              const struct cmc_raw_crl *raw,
                              struct cmc_conf_authority *a) CMC_MUST_USE;

/* conf_authority.c: who signs. */
enum cmc_rc cmc_conf_load_authorities(struct cmc_conf_loading *l) CMC_MUST_USE;

/* conf_profile.c: what may be issued. */
enum cmc_rc cmc_conf_load_profiles(struct cmc_conf_loading *l) CMC_MUST_USE;
/* conf_profile_files.c: where it is written, into l->profiles. */
enum cmc_rc cmc_conf_find_profiles(struct cmc_conf_loading *l) CMC_MUST_USE;
void cmc_conf_profile_files_end(struct cmc_conf_loading *l);

/* conf_rules.c: and where. */
enum cmc_rc cmc_conf_load_endpoints(struct cmc_conf_loading *l) CMC_MUST_USE;

/* conf_exchange.c: what lasts longer than one exchange. */
enum cmc_rc cmc_conf_load_keep(struct cmc_conf_loading *l) CMC_MUST_USE;
/* Of endpoint number i, whose other rules are there. */
enum cmc_rc cmc_conf_load_exchange(struct cmc_conf_loading *l, uint32_t i,
                                   struct cmc_endpoint_rules *r) CMC_MUST_USE;

#endif
