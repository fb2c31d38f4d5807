/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the targets of publication have. A target is a place that the configuration names: a
 * folder, a directory server, a command. For each object (the CRL of a scope, the CA's certificate,
 * the published certificates together) there is a mark of how far the target is, set when the
 * object is there: a crash before leaves it due, which does no harm.
 */
#ifndef CMC_STORE_PUBLICATION_H
#define CMC_STORE_PUBLICATION_H

#include "store/store.h"

/* How far a target is with one object. */
struct cmc_mark {
    const char *target;
    struct cmc_slice issuer;           /* Name */
    const char *object;                /* "crl", "ca-certificate", ... */
    uint64_t number;                   /* of the CRL; of the last wish for a certificate */
    uint8_t digest[CMC_SHA256_OCTETS]; /* of what has no number; else zero */
    int64_t at;                        /* when it was reached */
};

/* What keeps a target from its work. */
struct cmc_target_trouble {
    const char *target;
    int64_t since;    /* 0: nothing does, any more */
    const char *text; /* absent then */
};

/* A certificate that a target did not take. It is tried again later. */
struct cmc_not_taken {
    const char *target;
    int64_t id; /* of struct cmc_publication */
    int64_t at; /* 0: it was taken now, or is not wanted any more */
    const char *text;
};

/* Each is durable on return. Errors: CMC_E_LOCAL. */
enum cmc_rc cmc_store_mark(struct cmc_store *s, const struct cmc_mark *m,
                           struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_store_target_trouble(struct cmc_store *s, const struct cmc_target_trouble *t,
                                     struct cmc_err *err) CMC_MUST_USE;
enum cmc_rc cmc_store_not_taken(struct cmc_store *s, const struct cmc_not_taken *n,
                                struct cmc_err *err) CMC_MUST_USE;

/* m->target, issuer and object say which; number, digest and at are set, to zero when there is no
 * mark. */
enum cmc_rc cmc_reader_mark(struct cmc_reader *r, struct cmc_mark *m,
                            struct cmc_err *err) CMC_MUST_USE;
/* out->since 0: none. */
enum cmc_rc cmc_reader_target_trouble(struct cmc_reader *r, const char *target,
                                      struct cmc_arena *arena, struct cmc_target_trouble *out,
                                      struct cmc_err *err) CMC_MUST_USE;

/*
 * Wishes about certificates of an issuer, in the order of their numbers, from behind `after`, at
 * most limit; each certificate's last wish only. What fn gets lives until it returns; it must not
 * use the reader.
 */
enum cmc_rc cmc_reader_publications(struct cmc_reader *r, struct cmc_slice issuer, uint64_t after,
                                    size_t limit,
                                    enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p),
                                    void *arg, struct cmc_err *err) CMC_MUST_USE;
/* The same for those that this target did not take up to the time `before`. */
enum cmc_rc cmc_reader_not_taken(struct cmc_reader *r, struct cmc_slice issuer, const char *target,
                                 int64_t before, size_t limit,
                                 enum cmc_rc (*fn)(void *arg, const struct cmc_publication *p),
                                 void *arg, struct cmc_err *err) CMC_MUST_USE;
/* How many wishes a target that is at `after` has before it, when the first of them was made, and
 * how many it did not take. */
struct cmc_publication_count {
    uint64_t due, not_taken;
    int64_t since;
};
enum cmc_rc cmc_reader_publication_count(struct cmc_reader *r, struct cmc_slice issuer,
                                         const char *target, uint64_t after,
                                         struct cmc_publication_count *out,
                                         struct cmc_err *err) CMC_MUST_USE;

#endif
