/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile says what a certificate of one kind may contain. The spec is what the configuration
 * holds; it is compiled at load into DER pieces, so that issuing is concatenation, a hash and a
 * signature.
 */
#ifndef CMC_CA_PROFILE_H
#define CMC_CA_PROFILE_H

#include "crypto/crypto.h"
#include "message/request.h"

/* As it stands in the configuration. Strings are owned by the configuration. */
struct cmc_profile_extension {
    char *name;  /* openssl.cnf name or dotted OID: "keyUsage" */
    char *value; /* openssl.cnf value: "critical,digitalSignature" */
};
struct cmc_profile_spec {
    char *name;
    unsigned int days;             /* validity */
    unsigned int backdate_minutes; /* notBefore = now - this */
    char **key_types;              /* "rsa:2048" (at least), "ec:P-256", "ed25519", ... */
    unsigned int key_type_count;   /* 0: every key that we know, RSA from 2048 */
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
 * Errors: CMC_E_USAGE naming the profile and the extension.
 */
enum cmc_rc cmc_profile_compile(const struct cmc_profile_spec *spec, const char *crl_url,
                                struct cmc_profile **out, struct cmc_err *err) CMC_MUST_USE;
void cmc_profile_free(struct cmc_profile *p);
const char *cmc_profile_name(const struct cmc_profile *p);
/* Does each key get one certificate only? The caller knows which there are. */
bool cmc_profile_unique_keys(const struct cmc_profile *p);

/* Has the profile a value for this extension? */
bool cmc_profile_fixes(const struct cmc_profile *p, struct cmc_slice oid);

/* Does the request fit? Errors: CMC_E_REFUSED with failInfo badAlg, badRequest, unsupportedExt. */
enum cmc_rc cmc_profile_check(const struct cmc_profile *p, const struct cmc_request *rq,
                              EVP_PKEY *key, struct cmc_arena *arena,
                              struct cmc_err *err) CMC_MUST_USE;

/* What a TBSCertificate is written from. */
struct cmc_cert_params {
    struct cmc_slice serial;     /* INTEGER content */
    struct cmc_slice issuer;     /* Name */
    struct cmc_slice issuer_ski; /* for authorityKeyIdentifier, or absent */
    const struct cmc_sig_alg *alg;
    int64_t not_before, not_after;
    int64_t issuer_not_after; /* the certificate does not outlive its issuer */
    /* Where its CRL is: struct cmc_extension, each unless the profile has its own. */
    const struct cmc_list *crl_extensions; /* or NULL */
};

/* The TBSCertificate DER for a request that cmc_profile_check() let pass. */
enum cmc_rc cmc_profile_tbs(const struct cmc_profile *p, const struct cmc_crypto *c,
                            const struct cmc_request *rq, const struct cmc_cert_params *params,
                            struct cmc_arena *arena, struct cmc_slice *tbs,
                            struct cmc_err *err) CMC_MUST_USE;

/* notBefore and notAfter of a certificate issued now (RFC 5280 section 4.1.2.5: both count). */
void cmc_profile_validity(const struct cmc_profile *p, int64_t now, int64_t *not_before,
                          int64_t *not_after);

#endif
