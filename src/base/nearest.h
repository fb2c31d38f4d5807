/* SPDX-License-Identifier: Apache-2.0 */
/* The known word nearest to one that is not known: "did you mean 'port'?". */
#ifndef CMC_BASE_NEAREST_H
#define CMC_BASE_NEAREST_H

#include <stddef.h>

/*
 * The best candidate so far. Start with {0}, offer each known word once, then read word: NULL
 * when none is near enough for a suggestion to help.
 */
struct cmc_nearest {
    const char *word;
    size_t distance;
};

void cmc_nearest_offer(struct cmc_nearest *n, const char *wrong, const char *known);

#endif
