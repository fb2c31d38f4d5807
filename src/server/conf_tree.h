/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The YAML file as a tree that remembers line and column. It serves two ends: to hold the file
 * against the schema more strictly than libcyaml does (which takes "4x" for 4 and "foo" for
 * true), and to say where in the file an error of meaning stands.
 */
#ifndef CMC_SERVER_CONF_TREE_H
#define CMC_SERVER_CONF_TREE_H

#include <cyaml/cyaml.h>

#include "base/err.h"
#include "base/slice.h"

struct cmc_conf_tree;

/*
 * Read text, which must be exactly one YAML document. file is the name to show in errors
 * (borrowed for the life of the tree).
 * Errors: CMC_E_USAGE ("FILE:LINE:COLUMN: ..."), CMC_E_MEM.
 */
enum cmc_rc cmc_conf_tree_new(const char *file, struct cmc_slice text, struct cmc_conf_tree **out,
                              struct cmc_err *err) CMC_MUST_USE;
void cmc_conf_tree_free(struct cmc_conf_tree *t);

/*
 * Hold the tree against a schema: known keys, each once, none missing, values of the right kind
 * and within bounds. Types used: mapping, sequence, string, unsigned, boolean, strict enum.
 * what is the name of the whole: "the configuration". Errors: CMC_E_USAGE with the place and what
 * would be right.
 */
enum cmc_rc cmc_conf_tree_check(const struct cmc_conf_tree *t, const char *what,
                                const cyaml_schema_value_t *schema,
                                struct cmc_err *err) CMC_MUST_USE;

/*
 * Fail with CMC_E_USAGE at the node that path names, keys and indexes from the root:
 * "endpoints/2/profile". Where the path ends early, the deepest node that is there is shown.
 */
enum cmc_rc cmc_conf_tree_fail(const struct cmc_conf_tree *t, struct cmc_err *err, const char *path,
                               const char *fmt, ...) CMC_PRINTF(4, 5);

#endif
