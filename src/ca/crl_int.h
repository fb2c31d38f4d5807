/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that make CRLs share: crl.c (which, and when), crl_scope.c (of what), crl_der.c.
 */
#ifndef CMC_CA_CRL_INT_H
#define CMC_CA_CRL_INT_H

#include "asn1/pkix.h"
#include "ca/ca_int.h"

/* -- crl_scope.c --------------------------------------------------------------------------- */

/* What the configuration says of CRLs, into s, which has its store and CA certificate. Makes the
 * parts that are not there yet. Errors: CMC_E_USAGE. */
enum cmc_rc cmc_crl_lines_new(struct cmc_ca_shared *s, const struct cmc_ca_params *p,
                              struct cmc_err *err) CMC_MUST_USE;
void cmc_crl_lines_free(struct cmc_ca_shared *s);

/* The line of a shard, or NULL. */
struct cmc_crl_line *cmc_crl_line(const struct cmc_ca_shared *s, uint32_t shard);
/* Do the certificates of this line's part stand in the CRL of that scope? */
bool cmc_crl_covers(const struct cmc_crl_line *scope, const struct cmc_crl_line *line);
/* Is there a delta CRL of it? */
bool cmc_crl_has_delta(const struct cmc_ca_shared *s, const struct cmc_crl_line *line);
struct cmc_crl_id cmc_crl_id_of(const struct cmc_ca_shared *s, const struct cmc_crl_line *line,
                                bool delta);

/* Append an extension with this value. */
enum cmc_rc cmc_crl_extension(struct cmc_arena *arena, struct cmc_list *exts, struct cmc_slice oid,
                              bool critical, const struct cmc_item *it, const void *value,
                              struct cmc_err *err) CMC_MUST_USE;
/* issuingDistributionPoint of a shard. */
enum cmc_rc cmc_crl_scope_extension(const struct cmc_crl_line *line, struct cmc_arena *arena,
                                    struct cmc_list *exts, struct cmc_err *err) CMC_MUST_USE;
/* cRLDistributionPoints or freshestCRL with one URL. */
enum cmc_rc cmc_crl_points_extension(const char *url, struct cmc_slice oid, struct cmc_arena *arena,
                                     struct cmc_list *exts, struct cmc_err *err) CMC_MUST_USE;

/*
 * Every unexpired revoked certificate of the issuer stands in a part that is there and of which a
 * CRL is given out. A row names one part, so none stands in two. Errors: CMC_E_REFUSED, saying
 * which part it is and how many stand in it.
 */
enum cmc_rc cmc_crl_check_parts(const struct cmc_ca_shared *s, struct cmc_reader *r, int64_t now,
                                struct cmc_err *err) CMC_MUST_USE;

/* -- crl_der.c ----------------------------------------------------------------------------- */

/* A CRL to be made. */
struct cmc_crl_order {
    struct cmc_crl_line *line;
    bool delta;
    struct cmc_crl_record record; /* in: times, generation, base, keep; out: number, der, octets */
    int64_t not_after_from;       /* full: what ended before is left out */
    uint64_t since;               /* delta: generation of the base */
};
/*
 * Make and sign it; the lock is held. It is in held afterwards, or a file. Errors: CMC_E_NOTFOUND
 * (a delta for which not enough is known any more), CMC_E_LOCAL, CMC_E_CRYPTO.
 */
enum cmc_rc cmc_crl_make(struct cmc_ca *ca, struct cmc_crl_order *o, struct cmc_arena *arena,
                         struct cmc_buf *held, struct cmc_err *err) CMC_MUST_USE;

#endif
