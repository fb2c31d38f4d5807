/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs, and what they are made of. Part of store.h.
 *
 * Each certificate stands in one part of its issuer's CRL, fixed when it is issued: a number that
 * counts within the issuer. A part belongs to one key of the issuer (by its subjectKeyIdentifier)
 * and to one shard of that key's certificates. Shard 0 is the part of those that were issued
 * without shards; its CRL is the complete one, which lists the other parts of the key as well.
 *
 * Part 0 is also where certificates stand that were issued before there were parts. It belongs to
 * the first key of the issuer that asks for its parts.
 */
#ifndef CMC_STORE_CRL_H
#define CMC_STORE_CRL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/limit.h"
#include "base/slice.h"

struct cmc_cert_record;
struct cmc_store;
struct cmc_reader;

struct cmc_crl_part {
    uint32_t part, shard;
    struct cmc_slice key; /* subjectKeyIdentifier; absent: nobody has asked for it yet */
};
/* Parts that a key may have: the shards and shard 0. */
#define CMC_CRL_PARTS_MAX (CMC_LIMIT_CRL_SHARDS + 1u)

/* Which CRL. Full and delta CRLs of a part count with one sequence (RFC 5280 section 5.2.3). */
struct cmc_crl_id {
    struct cmc_slice issuer; /* Name, whole DER */
    uint32_t part;
    bool delta;
};

struct cmc_crl_record {
    uint64_t number;
    int64_t this_update, next_update;
    uint64_t generation;  /* cmc_reader_generation() that it was made at */
    uint64_t base;        /* of a delta: the number of the full CRL that it is to be added to */
    struct cmc_slice der; /* absent where octets is not 0 */
    uint64_t octets;      /* it is a file of so many octets: store/crl_file.h */
    /* put: how many earlier CRLs are kept, and none whose thisUpdate is before keep_from. Earlier
     * delta CRLs are not kept. */
    uint32_t keep;
    int64_t keep_from;
};

/* -- writing ----------------------------------------------------------------------------- */

/*
 * The parts of a key: that of shard 0, those of shards 1 to `shards`, which are made when they are
 * not there yet, and any of higher shards that were made before. parts has room for
 * CMC_CRL_PARTS_MAX; *n of them come in order of shard, without their key. Durable on return.
 */
enum cmc_rc cmc_store_crl_parts(struct cmc_store *s, struct cmc_slice issuer, struct cmc_slice key,
                                uint32_t shards, struct cmc_crl_part *parts, size_t *n,
                                struct cmc_err *err) CMC_MUST_USE;

/*
 * The next CRL number of a part, and the CRL itself, durably: a number is never used twice, but by
 * a delta CRL with the number of a full one. put replaces the one before, of which as many are
 * kept as the record says: CMC_E_CONFLICT when one with this or a higher number is there.
 */
enum cmc_rc cmc_store_crl_number(struct cmc_store *s, const struct cmc_crl_id *id, uint64_t *number,
                                 struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_store_crl_put(struct cmc_store *s, const struct cmc_crl_id *id,
                              const struct cmc_crl_record *crl, struct cmc_err *err) CMC_MUST_USE;

/* -- reading ----------------------------------------------------------------------------- */

/* The CRL in force; CMC_E_NOTFOUND when there is none. */
enum cmc_rc cmc_reader_crl(struct cmc_reader *r, const struct cmc_crl_id *id,
                           struct cmc_arena *arena, struct cmc_crl_record *out,
                           struct cmc_err *err) CMC_MUST_USE;
/* The full CRL whose thisUpdate is nearest before this time; CMC_E_NOTFOUND. */
enum cmc_rc cmc_reader_crl_before(struct cmc_reader *r, const struct cmc_crl_id *id, int64_t before,
                                  struct cmc_arena *arena, struct cmc_crl_record *out,
                                  struct cmc_err *err) CMC_MUST_USE;

/* Each part of an issuer's. What fn gets lives until it returns. */
enum cmc_rc cmc_reader_crl_parts(struct cmc_reader *r, struct cmc_slice issuer,
                                 enum cmc_rc (*fn)(void *arg, const struct cmc_crl_part *p),
                                 void *arg, struct cmc_err *err) CMC_MUST_USE;

/*
 * Each revoked or held certificate of a part with notAfter >= not_after_from, in order of serial:
 * what a CRL is made of. Of the record only issuer, serial, part, not_after, state, reason,
 * revoked_at and invalidity_at are set, so that a large CRL is read from one index.
 */
enum cmc_rc cmc_reader_revoked(struct cmc_reader *r, struct cmc_slice issuer, uint32_t part,
                               int64_t not_after_from,
                               enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                               void *arg, struct cmc_err *err) CMC_MUST_USE;
/*
 * How many those are; part CMC_CRL_PART_ANY: of all parts. Counted in the same index. A part is
 * any number that stands in a certificate's row, be there such a part or not.
 */
#define CMC_CRL_PART_ANY ((int64_t)-1)
enum cmc_rc cmc_reader_revoked_count(struct cmc_reader *r, struct cmc_slice issuer, int64_t part,
                                     int64_t not_after_from, uint64_t *n,
                                     struct cmc_err *err) CMC_MUST_USE;
/* The lowest part above this one (INT64_MIN: of all) in which a revoked certificate stands, one
 * look into the index. CMC_E_NOTFOUND. */
enum cmc_rc cmc_reader_revoked_part_after(struct cmc_reader *r, struct cmc_slice issuer,
                                          int64_t part, int64_t *next,
                                          struct cmc_err *err) CMC_MUST_USE;

/*
 * Each certificate of a part whose state was changed after this generation, as it is now, once, in
 * order of serial; the record as with cmc_reader_revoked(), and its state may be CMC_CERT_VALID.
 * That much is kept as the oldest full CRL in force needs. CMC_E_NOTFOUND: not from then on.
 */
enum cmc_rc cmc_reader_crl_changes(struct cmc_reader *r, struct cmc_slice issuer, uint32_t part,
                                   uint64_t since,
                                   enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c),
                                   void *arg, struct cmc_err *err) CMC_MUST_USE;
/* Is there any? Without looking at more than the first. CMC_E_NOTFOUND as before. */
enum cmc_rc cmc_reader_crl_changed(struct cmc_reader *r, struct cmc_slice issuer, uint32_t part,
                                   uint64_t since, bool *changed, struct cmc_err *err) CMC_MUST_USE;

#endif
