/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of values: POSIX extended regular expressions, over the whole of the value. */
#include <stdio.h>
#include <string.h>

#include "ca/profile_int.h"

/* An expression repeated in a repetition grows without bound in memory: both ends are short. */
#define PATTERN_OCTETS 255u
#define VALUE_OCTETS   1024u

enum cmc_rc cmc_pattern_add(struct cmc_profile *p, const char *text, struct pattern **out,
                            struct cmc_err *err)
{
    struct pattern *to = &p->patterns[p->npatterns];
    const char *whole = cmc_arena_printf(p->arena, "^(%s)$", text);
    char why[128];
    int rc;

    if (p->npatterns == p->patterns_max)
        return cmc_fail(err, CMC_E_BUG, NULL, "more patterns than there is room for");
    if (whole == NULL)
        return cmc_fail(err, CMC_E_MEM, NULL, "no memory for a profile");
    if (strlen(text) > PATTERN_OCTETS || text[0] == '\0')
        return cmc_fail(err, CMC_E_USAGE, NULL,
                        "profile %s: a pattern has 1 to %u characters, not %zu", p->name,
                        PATTERN_OCTETS, strlen(text));
    /* "a)(b" would be two expressions in the brackets that are put around it: by itself first. */
    rc = regcomp(&to->re, text, REG_EXTENDED | REG_NOSUB);
    if (rc == 0) {
        regfree(&to->re);
        rc = regcomp(&to->re, whole, REG_EXTENDED | REG_NOSUB);
    }
    if (rc != 0) {
        (void)regerror(rc, &to->re, why, sizeof why);
        return cmc_fail(err, CMC_E_USAGE, NULL, "profile %s: pattern \"%s\": %s", p->name, text,
                        why);
    }
    p->npatterns++;
    *out = to;
    return CMC_OK;
}

bool cmc_pattern_matches(const struct pattern *p, struct cmc_slice value)
{
    char text[VALUE_OCTETS + 1];

    if (value.n > VALUE_OCTETS || (value.n > 0 && memchr(value.p, 0, value.n) != NULL))
        return false;
    if (value.n > 0)
        memcpy(text, value.p, value.n);
    text[value.n] = '\0';
    return regexec(&p->re, text, 0, NULL, 0) == 0;
}

void cmc_patterns_free(struct cmc_profile *p)
{
    for (size_t i = 0; i < p->npatterns; i++)
        regfree(&p->patterns[i].re);
    p->npatterns = 0;
}
