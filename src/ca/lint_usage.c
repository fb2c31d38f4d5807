/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about what a certificate is for: CA or not, keyUsage, extKeyUsage. */
#include <stdio.h>

#include "asn1/codec.h"
#include "asn1/oids.h"
#include "ca/lint_int.h"
#include "ca/profile_int.h"

#define USAGE_SIGNATURE       (1u << 0)
#define USAGE_NON_REPUDIATION (1u << 1)
#define USAGE_ENCIPHERMENT    (1u << 2)
/* A CA with more CAs below it than this is a slip of the pen. */
#define PATH_LEN_MAX 255u

static bool is_ca(const struct lint *l)
{
    return l->has_bc && l->bc.ca;
}

bool lint_usage_empty(struct lint *l)
{
    return lint_ext(l, cmc_oid_id_ce_keyUsage) != NULL && !l->has_usage;
}

bool lint_usage_critical(struct lint *l)
{
    const struct cmc_extension *e = lint_ext(l, cmc_oid_id_ce_keyUsage);

    return e != NULL && !e->critical;
}

bool lint_usage_needs_ca(struct lint *l)
{
    return l->has_usage && (l->usage & USAGE_CERT_SIGN) != 0 && !is_ca(l);
}

bool lint_usage_only(struct lint *l)
{
    return l->has_usage && (l->usage & (USAGE_ENCIPHER_ONLY | USAGE_DECIPHER_ONLY)) != 0 &&
           (l->usage & USAGE_KEY_AGREEMENT) == 0;
}

bool lint_ca_usage(struct lint *l)
{
    return is_ca(l) && (!l->has_usage || (l->usage & USAGE_CERT_SIGN) == 0);
}

bool lint_ca_critical(struct lint *l)
{
    return is_ca(l) && !lint_ext(l, cmc_oid_id_ce_basicConstraints)->critical;
}

bool lint_ca_ski(struct lint *l)
{
    return is_ca(l) && lint_ext(l, cmc_oid_id_ce_subjectKeyIdentifier) == NULL;
}

bool lint_ca_path(struct lint *l)
{
    return l->has_bc && l->bc.path_len.p != NULL &&
           (!l->bc.ca || (l->has_usage && (l->usage & USAGE_CERT_SIGN) == 0));
}

bool lint_ca_path_value(struct lint *l)
{
    uint64_t n;

    return l->has_bc && l->bc.path_len.p != NULL &&
           (!cmc_int_get_u64(l->bc.path_len, &n) || n > PATH_LEN_MAX);
}

bool lint_ca_below(struct lint *l)
{
    return is_ca(l) && l->issuer->has_path_len && l->issuer->path_len == 0;
}

bool lint_ca_deeper(struct lint *l)
{
    uint64_t n = UINT64_MAX;

    if (!is_ca(l) || !l->issuer->has_path_len || l->issuer->path_len == 0)
        return false;
    if (l->bc.path_len.p != NULL && !cmc_int_get_u64(l->bc.path_len, &n))
        return false;
    return n >= l->issuer->path_len;
}

/* -- purposes ---------------------------------------------------------------------------- */

/* RFC 5280 section 4.2.1.12: the uses that may be consistent with each purpose. */
static const struct {
    const struct cmc_slice *oid;
    unsigned int usage;
} purposes[] = {
    {&cmc_oid_id_kp_serverAuth, USAGE_SIGNATURE | USAGE_ENCIPHERMENT | USAGE_KEY_AGREEMENT},
    {&cmc_oid_id_kp_clientAuth, USAGE_SIGNATURE | USAGE_KEY_AGREEMENT},
    {&cmc_oid_id_kp_codeSigning, USAGE_SIGNATURE},
    {&cmc_oid_id_kp_emailProtection,
     USAGE_SIGNATURE | USAGE_NON_REPUDIATION | USAGE_ENCIPHERMENT | USAGE_KEY_AGREEMENT},
    {&cmc_oid_id_kp_timeStamping, USAGE_SIGNATURE | USAGE_NON_REPUDIATION},
    {&cmc_oid_id_kp_OCSPSigning, USAGE_SIGNATURE | USAGE_NON_REPUDIATION},
};

static bool goes_with(struct cmc_slice purpose, unsigned int usage)
{
    for (size_t i = 0; i < CMC_COUNT(purposes); i++) {
        if (cmc_slice_eq(*purposes[i].oid, purpose))
            return (usage & purposes[i].usage) != 0;
    }
    return true;
}

/* How many of the purposes go with the keyUsage; a CA's are those of what it issues. */
static size_t count(struct lint *l, size_t *all)
{
    size_t n = 0;

    *all = 0;
    if (!l->has_eku || !l->has_usage || is_ca(l))
        return 0;
    *all = l->eku.n;
    for (size_t i = 0; i < l->eku.n; i++) {
        struct cmc_slice oid = *CMC_AT(const struct cmc_slice, l->eku, i);

        if (goes_with(oid, l->usage))
            n++;
        else if (cmc_oid_name(oid) != NULL)
            (void)snprintf(l->detail, sizeof l->detail, "%s", cmc_oid_name(oid));
    }
    return n;
}

bool lint_eku_none(struct lint *l)
{
    size_t all;

    return count(l, &all) == 0 && all > 0;
}

bool lint_eku_some(struct lint *l)
{
    size_t all, n = count(l, &all);

    return n > 0 && n < all;
}

static bool has_purpose(const struct lint *l, struct cmc_slice oid)
{
    for (size_t i = 0; l->has_eku && i < l->eku.n; i++) {
        if (cmc_slice_eq(*CMC_AT(const struct cmc_slice, l->eku, i), oid))
            return true;
    }
    return false;
}

bool lint_eku_any_critical(struct lint *l)
{
    return has_purpose(l, cmc_oid_anyExtendedKeyUsage) &&
           lint_ext(l, cmc_oid_id_ce_extKeyUsage)->critical;
}

bool lint_eku_time_stamping(struct lint *l)
{
    return !is_ca(l) && has_purpose(l, cmc_oid_id_kp_timeStamping) &&
           (l->eku.n != 1 || !lint_ext(l, cmc_oid_id_ce_extKeyUsage)->critical);
}
