/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Longer words get no suggestion. */
#define WORD_MAX 40

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Levenshtein's distance, one row of the table at a time; case does not count. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t row[WORD_MAX + 1];

    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t above = row[j];

            row[j] = min3(above + 1, row[j - 1] + 1,
                          diagonal + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1));
            diagonal = above;
        }
    }
    return row[nb];
}

void cmc_nearest_offer(struct cmc_nearest *n, const char *wrong, const char *known)
{
    size_t nw = strlen(wrong), nk = strlen(known), d;

    if (nw > WORD_MAX || nk > WORD_MAX)
        return;
    d = distance(wrong, nw, known, nk);
    /* A third of the letters wrong is still a slip of the fingers; more is another word. */
    if (d > (nk > 3 ? nk / 3 : 1))
        return;
    if (n->word == NULL || d < n->distance) {
        n->word = known;
        n->distance = d;
    }
}
