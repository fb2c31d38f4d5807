/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking for certificates and CRLs (RFC 10002 sections 6.9 and 6.10): the controls, and whether
 * what came is what was asked for. A Simple PKI Response is not signed, so each object has to
 * speak for itself: by its issuer's signature, and for a CRL by its dates.
 */
#ifndef CMC_CLIENT_RETRIEVE_H
#define CMC_CLIENT_RETRIEVE_H

#include "client/client.h"

/* A CRL that is asked for. All borrowed. */
struct cmc_crl_wish {
    struct cmc_slice issuer; /* Name */
    const char *url;         /* cRLName: what a distribution point says, or NULL */
    bool has_before;         /* the CRL whose thisUpdate is nearest before this, else the newest */
    int64_t before;
    unsigned int reasons; /* bits of ReasonFlags, bit 1 keyCompromise; 0: not said */
};

/* Fill out with the control. What it points to lives in the arena. Errors: CMC_E_MEM,
 * CMC_E_USAGE (a time that cannot be written). */
enum cmc_rc cmc_get_cert_control(const struct cmc_issuer_serial *ref, struct cmc_arena *arena,
                                 struct cmc_extra_control *out, struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_get_crl_control(const struct cmc_crl_wish *wish, struct cmc_arena *arena,
                                struct cmc_extra_control *out, struct cmc_err *err) CMC_MUST_USE;

/* Whose signature counts. */
struct cmc_issuers {
    const struct cmc_slice *certs; /* known to the caller, whole DERs */
    size_t ncerts;
    const struct cmc_trust *trust; /* its anchors count, and what leads to one. NULL and no certs:
                                      the signature is not checked */
    int64_t now;
};

/*
 * The certificate that was asked for, from anywhere in the answer. A certificate that expired or
 * was revoked is still the one that was asked for.
 * Errors: CMC_E_NOTFOUND (it is not there), CMC_E_CRYPTO (not signed by its issuer), CMC_E_REFUSED
 * (its issuer is not known).
 */
enum cmc_rc cmc_answer_get_cert(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                                const struct cmc_issuer_serial *ref,
                                const struct cmc_issuers *issuers, struct cmc_arena *arena,
                                struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;
/*
 * The CRL that was asked for; of several that fit the latest. The newest must not be past its
 * nextUpdate, nor any from the future. Errors also: CMC_E_REFUSED for these.
 */
enum cmc_rc cmc_answer_get_crl(const struct cmc_crypto *c, const struct cmc_answer_view *answer,
                               const struct cmc_crl_wish *wish, const struct cmc_issuers *issuers,
                               struct cmc_arena *arena, struct cmc_slice *out,
                               struct cmc_err *err) CMC_MUST_USE;

#endif
