/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate that the rules look at, taken apart once. */
#ifndef CMC_CA_LINT_INT_H
#define CMC_CA_LINT_INT_H

#include "ca/lint.h"

#define LINT_DETAIL 160

struct lint {
    const struct cmc_tbs_cert *tbs;
    const struct cmc_lint_issuer *issuer; /* never NULL */
    struct cmc_arena *arena;
    char detail[LINT_DETAIL]; /* which one; empty: there is nothing to say */
    /* What was read; where it cannot be, a rule of its own says so and the others pass. */
    bool has_rdns, has_spki, has_san, has_bc, has_usage, has_eku;
    struct cmc_list rdns; /* struct cmc_list of struct cmc_atv */
    struct cmc_spki spki;
    struct cmc_list san; /* struct cmc_general_name */
    const struct cmc_extension *san_ext;
    struct cmc_basic_constraints bc;
    unsigned int usage;  /* as cmc_usage_read() */
    struct cmc_list eku; /* struct cmc_slice */
};

/* Is the rule broken? May say by what in l->detail. */
typedef bool (*lint_fn)(struct lint *l);

/* The extension with this OID, or NULL. */
static inline const struct cmc_extension *lint_ext(const struct lint *l, struct cmc_slice oid)
{
    return cmc_extension_find(&l->tbs->extensions, oid);
}
/* Decode an extension that may not be there; false: it is not, or it is malformed. */
bool lint_read(struct lint *l, struct cmc_slice oid, const struct cmc_item *it, void *out);

/* lint_names.c */
bool lint_name_syntax(struct lint *l);
bool lint_name_empty(struct lint *l);
bool lint_name_bounds(struct lint *l);
bool lint_name_country(struct lint *l);
bool lint_name_type(struct lint *l);
bool lint_name_charset(struct lint *l);
bool lint_name_old_type(struct lint *l);
bool lint_name_twins(struct lint *l);
bool lint_issuer_empty(struct lint *l);
bool lint_subject_nobody(struct lint *l);
bool lint_san_syntax(struct lint *l);
bool lint_san_critical(struct lint *l);
bool lint_san_needless(struct lint *l);
bool lint_san_dns(struct lint *l);
bool lint_san_email(struct lint *l);
bool lint_san_uri(struct lint *l);
bool lint_san_ip(struct lint *l);
bool lint_san_directory(struct lint *l);
bool lint_subtrees(struct lint *l);

/* lint_basic.c: all but names and extensions */
bool lint_version(struct lint *l);
bool lint_serial_positive(struct lint *l);
bool lint_serial_long(struct lint *l);
bool lint_unique_ids(struct lint *l);
bool lint_algorithm(struct lint *l);
bool lint_time_form(struct lint *l);
bool lint_time_order(struct lint *l);
bool lint_time_beyond(struct lint *l);
bool lint_time_before(struct lint *l);
bool lint_key_syntax(struct lint *l);
bool lint_key_parameters(struct lint *l);
bool lint_key_bits(struct lint *l);
bool lint_key_usage(struct lint *l);

/* lint_usage.c: what a certificate is for */
bool lint_usage_empty(struct lint *l);
bool lint_usage_critical(struct lint *l);
bool lint_usage_needs_ca(struct lint *l);
bool lint_usage_only(struct lint *l);
bool lint_ca_usage(struct lint *l);
bool lint_ca_critical(struct lint *l);
bool lint_ca_ski(struct lint *l);
bool lint_ca_path(struct lint *l);
bool lint_ca_path_value(struct lint *l);
bool lint_ca_below(struct lint *l);
bool lint_ca_deeper(struct lint *l);
bool lint_eku_none(struct lint *l);
bool lint_eku_some(struct lint *l);
bool lint_eku_any_critical(struct lint *l);
bool lint_eku_time_stamping(struct lint *l);

/* lint_extensions.c: the others */
bool lint_ext_none(struct lint *l);
bool lint_ext_twice(struct lint *l);
bool lint_ext_syntax(struct lint *l);
bool lint_ext_must_critical(struct lint *l);
bool lint_ext_not_critical(struct lint *l);
bool lint_ext_should_not_critical(struct lint *l);
bool lint_ext_mappings_critical(struct lint *l);
bool lint_ext_unknown_critical(struct lint *l);
bool lint_aki(struct lint *l);
bool lint_aki_none(struct lint *l);
bool lint_constraints_ca(struct lint *l);
bool lint_constraints_empty(struct lint *l);
bool lint_constraints_range(struct lint *l);
bool lint_constraints_ip(struct lint *l);
bool lint_policy_constraints(struct lint *l);
bool lint_policy_twice(struct lint *l);
bool lint_policy_any(struct lint *l);
bool lint_policy_qualifier(struct lint *l);
bool lint_policy_text(struct lint *l);
bool lint_mapping_any(struct lint *l);
bool lint_point_empty(struct lint *l);
bool lint_point_uri(struct lint *l);
bool lint_access_uri(struct lint *l);
bool lint_usage_period(struct lint *l);

#endif
