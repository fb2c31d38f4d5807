/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking for certificates among millions. What is looked up by lies in a file of its own beside
 * the database, and is brought up to date by who searches: issuing pays nothing for it, and a
 * search does not keep the server from writing. The file may be deleted at any time.
 */
#ifndef CMC_STORE_SEARCH_H
#define CMC_STORE_SEARCH_H

#include "store/store.h"

#define CMC_SEARCH_ANY_STATE (-1)

/* All that is said must hold. */
struct cmc_search {
    const char *subject;             /* a part of subject_text, whatever the case of ASCII
                                        letters; from three characters on it is fast; or NULL */
    struct cmc_slice serial;         /* INTEGER content octets, of any issuer; or absent */
    const char *requester, *profile; /* or NULL */
    int state;                       /* enum cmc_cert_state, or CMC_SEARCH_ANY_STATE */
    int64_t ends_from, ends_before;  /* ends_from <= notAfter < ends_before; 0: no such bound */
    size_t offset, limit;
};

struct cmc_search_index; /* for one thread at a time */

/* The index of an open store; it is made if need be, or anew if it is not that store's. */
enum cmc_rc cmc_search_open(struct cmc_store *s, struct cmc_search_index **out,
                            struct cmc_err *err) CMC_MUST_USE;
void cmc_search_close(struct cmc_search_index *ix);

/* How many certificates were issued since it was brought up to date. */
enum cmc_rc cmc_search_behind(struct cmc_search_index *ix, int64_t *n,
                              struct cmc_err *err) CMC_MUST_USE;
/* Bring it up to date by a bounded number of them. *more: there are others. */
enum cmc_rc cmc_search_fill(struct cmc_search_index *ix, bool *more,
                            struct cmc_err *err) CMC_MUST_USE;

/*
 * Those that were there when it was brought up to date, newest first; by the end of validity, the
 * next first, when that is all that is said. State and all else are as they are now. Stops when fn
 * returns other than CMC_OK and gives that back.
 */
enum cmc_rc cmc_search_run(struct cmc_search_index *ix, const struct cmc_search *q,
                           enum cmc_rc (*fn)(void *arg, const struct cmc_cert_record *c), void *arg,
                           struct cmc_err *err) CMC_MUST_USE;

#endif
