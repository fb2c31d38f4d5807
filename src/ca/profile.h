/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile says what a certificate of one kind may contain. The spec is what the configuration
 * holds; it is compiled at load into DER pieces, so that issuing is concatenation, a hash and a
 * signature.
 */
#ifndef CMC_CA_PROFILE_H
#define CMC_CA_PROFILE_H

#include "ca/lint.h"
#include "message/request.h"

/* As it stands in the configuration. Strings are owned by the configuration. */
struct cmc_profile_extension {
    char *name;  /* openssl.cnf name or dotted OID: "keyUsage" */
    char *value; /* openssl.cnf value: "critical,digitalSignature" */
};
/* Where a certificate has an attribute of its subject from. */
enum cmc_profile_source { CMC_FROM_REQUEST, CMC_FROM_PROFILE, CMC_FROM_OFFICER };
struct cmc_profile_attribute {
    char *type; /* "CN", "serialNumber", or a dotted OID */
    enum cmc_profile_source from;
    char *value;      /* CMC_FROM_PROFILE: as in a name, RFC 4514 */
    char *pattern;    /* POSIX extended regular expression of the whole value, or NULL */
    unsigned int max; /* how many there may be */
    bool optional;    /* there need not be any */
};
/* What the subjectAltName may hold. Names are written "DNS:example.org", "IP:192.0.2.0/24". */
struct cmc_profile_san {
    char **kinds;                 /* that a request may ask for: "DNS", "IP", ... */
    unsigned int kind_count;      /* 0: every kind */
    unsigned int max;             /* names in all; 0: as many as there may be */
    char **permitted, **excluded; /* subtrees, as in nameConstraints */
    unsigned int permitted_count, excluded_count;
    char **patterns; /* "DNS:" and an expression: one of its kind must match the whole name */
    unsigned int pattern_count;
    bool wildcards; /* DNS:*.example.org may be asked for */
    bool from_cn;   /* the commonName is there, if it is a host name or a mail address */
    char *fixed;    /* always there: "DNS:a,IP:192.0.2.1", or NULL */
};
struct cmc_profile_spec {
    char *name;
    /* Validity: the earliest of what is set. */
    unsigned int days, hours;
    int64_t not_after;          /* a time; 0: none */
    bool no_expiry;             /* 99991231235959Z (RFC 5280 section 4.1.2.5), and none of these */
    bool validity_from_request; /* a CRMF request may ask for less */
    unsigned int backdate_minutes; /* notBefore = now - this */
    char *signature;               /* "sha384", "rsa-pss-sha256"; NULL: what the CA's key has */
    struct cmc_profile_attribute *subject; /* in this order; none: as the request has it */
    unsigned int subject_count;
    bool drop_other_names;       /* attributes that are not in subject; else they are refused */
    struct cmc_profile_san *san; /* NULL: as the request has it */
    char **overridden; /* extensions that a request may ask for in vain, whatever it wants */
    unsigned int overridden_count;
    char **refused; /* extensions that it may not ask for */
    unsigned int refused_count;
    char **key_types;            /* "rsa:2048" (at least), "ec:P-256", "ed25519", ... */
    unsigned int key_type_count; /* 0: every key that we know, RSA from 2048 */
    struct cmc_profile_extension *extensions; /* fixed ones */
    unsigned int extension_count;
    char **request_extensions; /* names of extensions taken from the request; "all": those of RFC
                                  5280 that speak of the holder */
    unsigned int request_extension_count;
    /*
     * What else a request asks for: an extension that the profile fixes is overridden; one of
     * RFC 5280 is left out, unless refuse_other_extensions. Always refused (unsupportedExt) is
     * what would be turned into its contrary so: one that is not known and critical,
     * basicConstraints with cA where the profile makes no CA, a keyUsage or extKeyUsage of which
     * the profile gives nothing.
     *
     * Of a keyUsage that the profile fixes a certificate gets what its kind of key can do.
     */
    bool refuse_other_extensions;
    bool allow_empty_subject;
    bool require_san;
    bool change_subject_name; /* changeSubjectName is taken (RFC 10002 section 7.1) */
    bool unique_keys;         /* a key gets one certificate under such profiles: else noKeyReuse */
    bool require_archive;     /* the private key must be archived: mustArchiveKeys */
};

struct cmc_profile; /* compiled; immutable, shared by all threads */

/*
 * Errors: CMC_E_USAGE naming the profile and what is wrong with it.
 */
enum cmc_rc cmc_profile_compile(const struct cmc_profile_spec *spec, const char *crl_url,
                                struct cmc_profile **out, struct cmc_err *err) CMC_MUST_USE;
void cmc_profile_free(struct cmc_profile *p);
const char *cmc_profile_name(const struct cmc_profile *p);
/* Does each key get one certificate only? The caller knows which there are. */
bool cmc_profile_unique_keys(const struct cmc_profile *p);

/* Has the profile a value for this extension? */
bool cmc_profile_fixes(const struct cmc_profile *p, struct cmc_slice oid);

/*
 * What a CA with this key signs such certificates with. Errors: CMC_E_USAGE (not what the profile
 * wants).
 */
enum cmc_rc cmc_profile_signature(const struct cmc_profile *p, EVP_PKEY *ca_key,
                                  const struct cmc_sig_alg **alg, struct cmc_err *err) CMC_MUST_USE;

/*
 * Hold what the profile fixes against the rules of lint.h; report may be NULL. Errors: CMC_E_USAGE
 * naming the profile and the rule.
 */
enum cmc_rc cmc_profile_lint(const struct cmc_profile *p, const struct cmc_lint_issuer *issuer,
                             struct cmc_arena *arena, cmc_lint_report_fn report, void *arg,
                             struct cmc_err *err) CMC_MUST_USE;

/* A request that comes before a profile. */
struct cmc_profile_case {
    const struct cmc_request *request;
    EVP_PKEY *key; /* of the request */
    /* Name of the certificate that the officer signed with, or that is renewed; or absent. */
    struct cmc_slice signer;
    bool judged; /* it was held: its names are what the profile made of them then */
    int64_t now;
    const struct cmc_lint_issuer *issuer; /* NULL: not known */
};

/* What becomes of it. */
struct cmc_profile_due {
    struct cmc_request request; /* with the names and extensions that the profile gives */
    int64_t not_before, not_after;
};

/*
 * Does the request fit, and what would be issued? out may be NULL. Errors: CMC_E_REFUSED with the
 * failInfo due: badAlg, badRequest, unsupportedExt, badIdentity (there is no officer to take a name
 * from).
 */
enum cmc_rc cmc_profile_check(const struct cmc_profile *p, const struct cmc_profile_case *x,
                              struct cmc_arena *arena, struct cmc_profile_due *out,
                              struct cmc_err *err) CMC_MUST_USE;

/* The same to the end: each rule that refuses it is given to refused(), each warning to warn(). */
struct cmc_profile_listener {
    void (*refused)(void *arg, const struct cmc_err *why);
    cmc_lint_report_fn warn;
    void *arg;
};
enum cmc_rc cmc_profile_check_all(const struct cmc_profile *p, const struct cmc_profile_case *x,
                                  const struct cmc_profile_listener *listener,
                                  struct cmc_arena *arena, struct cmc_profile_due *out,
                                  struct cmc_err *err) CMC_MUST_USE;

/* What a TBSCertificate is written from. */
struct cmc_cert_params {
    struct cmc_slice serial;     /* INTEGER content */
    struct cmc_slice issuer;     /* Name */
    struct cmc_slice issuer_ski; /* for authorityKeyIdentifier, or absent */
    const struct cmc_sig_alg *alg;
    int64_t not_before, not_after;
    /* Where its CRL is: struct cmc_extension, each unless the profile has its own. */
    const struct cmc_list *crl_extensions; /* or NULL */
};

/* The TBSCertificate DER for a request that cmc_profile_check() gave. */
enum cmc_rc cmc_profile_tbs(const struct cmc_profile *p, const struct cmc_crypto *c,
                            const struct cmc_request *rq, const struct cmc_cert_params *params,
                            struct cmc_arena *arena, struct cmc_slice *tbs,
                            struct cmc_err *err) CMC_MUST_USE;

/*
 * notBefore and notAfter of a certificate issued now (RFC 5280 section 4.1.2.5: both count), not
 * beyond the issuer's end. Errors: CMC_E_REFUSED (what the request asks for cannot be).
 */
enum cmc_rc cmc_profile_validity(const struct cmc_profile *p, const struct cmc_profile_case *x,
                                 int64_t *not_before, int64_t *not_after,
                                 struct cmc_err *err) CMC_MUST_USE;

#endif
