/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What RFC 5280 and its companions demand of a certificate, as a table of rules that are held
 * against it before it is signed. What a profile fixes is looked at when the profile is loaded,
 * what comes from a request with that request, the rest right before the signature.
 */
#ifndef CMC_CA_LINT_H
#define CMC_CA_LINT_H

#include "asn1/pkix.h"
#include "crypto/crypto.h"

/* What the rules need to know of the issuer. */
struct cmc_lint_issuer {
    struct cmc_slice ski; /* absent: its certificate has none */
    int64_t not_before, not_after;
    bool has_path_len;
    uint64_t path_len;
    const struct cmc_name_constraints *constraints; /* of each certificate of the chain */
    size_t nconstraints;
    const struct cmc_sig_alg *alg; /* what it signs with; NULL: not looked at */
};

/*
 * Read it from the chain, the issuer itself first, whole DERs, which must outlive it. Errors:
 * CMC_E_USAGE (a certificate, or an extension that counts, cannot be read).
 */
enum cmc_rc cmc_lint_issuer_read(const struct cmc_slice *chain, size_t n, struct cmc_arena *arena,
                                 struct cmc_lint_issuer *out, struct cmc_err *err) CMC_MUST_USE;

enum cmc_lint_level { CMC_LINT_WARNING, CMC_LINT_ERROR };

/* When a rule is looked at. */
enum {
    CMC_LINT_PROFILE = 1, /* what the profile fixes */
    CMC_LINT_REQUEST = 2, /* names, key, validity */
    CMC_LINT_FINAL = 4,   /* serial number, algorithm */
    CMC_LINT_ALL = 7
};

struct cmc_lint_rule {
    const char *id;     /* "name-bounds" */
    const char *clause; /* "RFC 5280 appendix A.1" */
    const char *text;   /* what is wrong: "an attribute of the subject is too long" */
    enum cmc_lint_level level;
    int fail_info; /* CMC_FAIL_* of a refusal */
    unsigned int parts;
};

/* detail: which name or extension, or NULL. */
typedef void (*cmc_lint_report_fn)(void *arg, const struct cmc_lint_rule *rule, const char *detail);

/*
 * Hold the rules of these parts against a certificate to be. With report NULL the first error ends
 * it, and warnings are not looked for; else all findings are given to it. tbs->spki is read from
 * its raw octets. issuer may be NULL: not known.
 * Errors: CMC_E_REFUSED with the failInfo, the clause and the id of the first rule that is broken.
 */
enum cmc_rc cmc_lint(const struct cmc_tbs_cert *tbs, const struct cmc_lint_issuer *issuer,
                     unsigned int parts, struct cmc_arena *arena, cmc_lint_report_fn report,
                     void *arg, struct cmc_err *err) CMC_MUST_USE;

/* The rules, for listings. */
const struct cmc_lint_rule *cmc_lint_rule_at(size_t i); /* NULL behind the last */

#endif
