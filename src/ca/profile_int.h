/* SPDX-License-Identifier: Apache-2.0 */
/* A compiled profile, as profile.c makes it and profile_check.c and key_usage.c read it. */
#ifndef CMC_CA_PROFILE_INT_H
#define CMC_CA_PROFILE_INT_H

#include <regex.h>

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

/* An expression over a whole value (pattern.c). */
struct pattern {
    regex_t re;
};

/* A row of the subject. */
struct subject_rule {
    const char *label;     /* "CN" */
    struct cmc_slice type; /* OID */
    enum cmc_profile_source from;
    struct cmc_slice value;  /* whole TLV, CMC_FROM_PROFILE */
    struct pattern *pattern; /* or NULL */
    unsigned int max;
    bool optional;
};

struct san_pattern {
    int which; /* CMC_GN_* */
    struct pattern *pattern;
};
struct san_rules {
    unsigned int kinds; /* bits 1 << CMC_GN_*; 0: all */
    size_t max;
    struct cmc_list permitted, excluded; /* struct cmc_subtree */
    struct san_pattern *patterns;
    size_t npatterns;
    bool wildcards, from_cn;
    struct cmc_list fixed; /* struct cmc_general_name */
};

struct cmc_profile {
    struct cmc_arena *arena; /* of everything below, and of this struct */
    char *name;
    int64_t seconds, backdate; /* seconds 0: until last */
    int64_t last;              /* notAfter is not later; 0: no such end */
    bool no_expiry, validity_from_request;
    const char *signature; /* or NULL */
    struct key_rule *keys;
    size_t nkeys;
    struct cmc_list fixed;   /* struct cmc_extension */
    struct cmc_slice *taken; /* OIDs of extensions taken from the request */
    size_t ntaken;
    struct cmc_slice *overridden, *refused; /* OIDs */
    size_t noverridden, nrefused;
    struct subject_rule *subject;
    size_t nsubject;
    bool drop_other_names, wants_officer;
    struct san_rules *san;    /* or NULL */
    struct pattern *patterns; /* all there are; freed with the profile */
    size_t npatterns, patterns_max;
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

/* One of a list of OIDs? */
bool cmc_profile_lists(const struct cmc_slice *oids, size_t n, struct cmc_slice oid);
/* profile.c: the certificate to be, with a key identifier of zeros when c is NULL. */
enum cmc_rc cmc_profile_fill(const struct cmc_profile *p, const struct cmc_crypto *c,
                             const struct cmc_request *rq, const struct cmc_cert_params *params,
                             struct cmc_arena *arena, struct cmc_tbs_cert *t,
                             struct cmc_err *err) CMC_MUST_USE;

/* -- pattern.c --------------------------------------------------------------------------- */

/* Compile text for profile p, which keeps it. Errors: CMC_E_USAGE. */
enum cmc_rc cmc_pattern_add(struct cmc_profile *p, const char *text, struct pattern **out,
                            struct cmc_err *err) CMC_MUST_USE;
bool cmc_pattern_matches(const struct pattern *p, struct cmc_slice value);
void cmc_patterns_free(struct cmc_profile *p);

/* -- profile_subject.c, profile_san.c ---------------------------------------------------- */

enum cmc_rc cmc_profile_compile_subject(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                        struct cmc_err *err) CMC_MUST_USE;
/* The subject that the profile makes of that of the request. */
enum cmc_rc cmc_profile_subject(const struct cmc_profile *p, const struct cmc_profile_case *x,
                                struct cmc_arena *arena, struct cmc_slice *out,
                                struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_profile_compile_san(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                    struct cmc_err *err) CMC_MUST_USE;
/* Put into rq, whose subject is what it will be, the subjectAltName that the profile makes of it.
 */
enum cmc_rc cmc_profile_san(const struct cmc_profile *p, struct cmc_request *rq,
                            struct cmc_arena *arena, struct cmc_err *err) CMC_MUST_USE;

/* -- profile_validity.c ------------------------------------------------------------------ */

enum cmc_rc cmc_profile_compile_validity(struct cmc_profile *p, const struct cmc_profile_spec *spec,
                                         struct cmc_err *err) CMC_MUST_USE;

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
