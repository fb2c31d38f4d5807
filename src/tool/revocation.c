/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/revocation.h"

#include <stdio.h>
#include <time.h>

#include "asn1/codec.h"
#include "asn1/pkix.h"
#include "base/nearest.h"

enum { HOLD = 6, UNUSED_REASON = 7, RELEASE = 8 };

/* Do they say the same, but for case, dashes and underscores? */
static bool same_word(const char *a, const char *b)
{
    for (;;) {
        while (*a == '-' || *a == '_')
            a++;
        while (*b == '-' || *b == '_')
            b++;
        if ((*a | 0x20) != (*b | 0x20))
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

const char *tool_reason_name(uint32_t reason)
{
    for (uint32_t i = 0; cmc_it_crl_reason.values[i] != NULL; i++) {
        if (i == reason)
            return cmc_it_crl_reason.values[i];
    }
    return "unknown";
}

static enum cmc_rc unknown(struct tool *t, const char *text)
{
    struct cmc_nearest near = {0};
    char all[256] = "";
    size_t n = 0;

    for (uint32_t i = 0; cmc_it_crl_reason.values[i] != NULL && n < sizeof all; i++) {
        if (i == UNUSED_REASON)
            continue;
        cmc_nearest_offer(&near, text, cmc_it_crl_reason.values[i]);
        n += (size_t)snprintf(all + n, sizeof all - n, "%s ", cmc_it_crl_reason.values[i]);
    }
    if (near.word != NULL)
        return tool_usage(t, "unknown reason '%s'; did you mean '%s'?", text, near.word);
    return tool_usage(t, "unknown reason '%s'; want 0 to 10 but 7, hold, release or one of %s",
                      text, all);
}

enum cmc_rc tool_reason(struct tool *t, const char *text, uint32_t *reason)
{
    if (same_word(text, "hold") || same_word(text, "release")) {
        *reason = same_word(text, "hold") ? HOLD : RELEASE;
        return CMC_OK;
    }
    for (uint32_t i = 0; cmc_it_crl_reason.values[i] != NULL; i++) {
        char number[16];

        (void)snprintf(number, sizeof number, "%u", i);
        if (i != UNUSED_REASON &&
            (same_word(text, cmc_it_crl_reason.values[i]) || strcmp(text, number) == 0)) {
            *reason = i;
            return CMC_OK;
        }
    }
    return unknown(t, text);
}

enum cmc_rc tool_date(struct tool *t, const char *text, int64_t *at)
{
    /* Each digit of a pattern is a digit of the date; GeneralizedTime is what it comes to. */
    static const char *const patterns[] = {"0000-00-00", "0000-00-00T00:00:00Z",
                                           "0000-00-00 00:00:00Z", "00000000000000Z"};
    char digits[32];

    for (size_t i = 0; i < CMC_COUNT(patterns); i++) {
        const char *p = patterns[i];
        size_t n = 0, k;

        for (k = 0; p[k] != '\0' && text[k] != '\0'; k++) {
            if (p[k] == '0' && text[k] >= '0' && text[k] <= '9')
                digits[n++] = text[k];
            else if (p[k] == '0' || p[k] != text[k])
                break;
        }
        if (p[k] != '\0' || text[k] != '\0')
            continue;
        while (n < 14)
            digits[n++] = '0';
        digits[n++] = 'Z';
        if (cmc_time_parse(CMC_T_GENTIME, cmc_slice(digits, n), at) && *at != 0)
            return CMC_OK;
    }
    return tool_usage(t, "'%s' is no date; want 2026-11-21 or 2026-11-21T10:00:00Z (UTC)", text);
}
