/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled profile, as profile.c makes it and profile_check.c and key_usage.c read it. */
#ifndef CMC_CA_PROFILE_INT_H
#define CMC_CA_PROFILE_INT_H

#include "asn1/cmc.h"
#include "ca/profile.h"

/* A kind of key that is allowed. */
struct key_rule {
    char type[16]; /* as cmc_key_describe() begins: "RSA", "EC-P-256", "Ed25519", "Ed448" */
    int min_bits;  /* RSA */
};

/* What a key can do, as RFC 3279 section 2.3, RFC 5480 section 3 and RFC 8410 section 5 have it. */
enum key_class { KEY_RSA, KEY_EC, KEY_SIGNS, KEY_AGREES, KEY_CLASSES };

/* keyUsage as a set: bit i of the BIT STRING is 1 << i. */
enum {
    USAGE_KEY_AGREEMENT = 1u << 4,
    USAGE_CERT_SIGN = 1u << 5,
    USAGE_CRL_SIGN = 1u << 6,
    USAGE_ENCIPHER_ONLY = 1u << 7,
    USAGE_DECIPHER_ONLY = 1u << 8
};
#define USAGE_BITS 9u

struct cmc_profile {
    struct cmc_arena *arena; /* of everything below, and of this struct */
    char *name;
    int64_t seconds, backdate;
    struct key_rule *keys;
    size_t nkeys;
    struct cmc_list fixed;   /* struct cmc_extension */
    struct cmc_slice *taken; /* OIDs of extensions taken from the request */
    size_t ntaken;
    /* The fixed keyUsage: where it stands in fixed (SIZE_MAX: nowhere), and what is left of it
     * for each kind of key. */
    size_t usage_index;
    unsigned int usage[KEY_CLASSES];
    struct cmc_slice usage_value[KEY_CLASSES];
    bool usage_varies;          /* with the kind of key */
    struct cmc_slice usage_any; /* if it does not */
    bool refuse_others, allow_empty_subject, require_san, is_ca;
    bool change_subject_name, unique_keys, require_archive;
};

/* Is this extension taken from the request? */
bool cmc_profile_takes(const struct cmc_profile *p, struct cmc_slice oid);

/* -- key_usage.c ------------------------------------------------------------------------- */

/* The set of a keyUsage value. False: malformed, or empty, which RFC 5280 forbids. */
bool cmc_usage_read(struct cmc_slice value, struct cmc_arena *arena, unsigned int *usage);
/* What a kind of key can be used for. */
unsigned int cmc_usage_possible(enum key_class kind);
enum key_class cmc_key_class(EVP_PKEY *key);
/* The same of a SubjectPublicKeyInfo, for writing. */
enum key_class cmc_spki_class(struct cmc_slice spki, struct cmc_arena *arena);
/* Fill usage_index and what follows from the fixed extensions. */
enum cmc_rc cmc_profile_compile_usage(struct cmc_profile *p, struct cmc_err *err) CMC_MUST_USE;

#endif
