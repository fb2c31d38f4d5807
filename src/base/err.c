/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What they look like to the analyzer elsewhere, see err.h. */
#undef cmc_fail
#undef cmc_fail_info
#undef cmc_fail_openssl

static CMC_PRINTF(5, 0) void fill(struct cmc_err *err, enum cmc_rc rc, int fail_info,
                                  const char *clause, const char *fmt, va_list ap)
{
    if (err == NULL)
        return;
    err->rc = rc;
    err->fail_info = fail_info;
    err->has_body_part = false;
    err->body_part = 0;
    err->clause = clause;
    (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
}

enum cmc_rc cmc_fail(struct cmc_err *err, enum cmc_rc rc, const char *clause, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, rc, CMC_FAIL_INFO_NONE, clause, fmt, ap);
    va_end(ap);
    return rc;
}

enum cmc_rc cmc_fail_info(struct cmc_err *err, enum cmc_rc rc, int fail_info, const char *clause,
                          const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, rc, fail_info, clause, fmt, ap);
    va_end(ap);
    return rc;
}

/* Reasons of ours on OpenSSL's queue, in the library that it keeps for its users. */
enum { REASON_FINAL = 100, REASON_RETRY = 101 };

void cmc_openssl_raise(bool retry, const char *text)
{
    ERR_raise_data(ERR_LIB_USER, retry ? REASON_RETRY : REASON_FINAL, "%s", text);
}

/* Empties the queue. The text of ours on it (or "", and then the oldest reason of OpenSSL's, which
 * may be NULL); true: it may go better later. */
static bool drain(char *text, size_t size, const char **reason)
{
    const char *data = NULL;
    bool retry = false;
    unsigned long code;
    int flags = 0;

    text[0] = '\0';
    *reason = NULL;
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        if (ERR_GET_LIB(code) != ERR_LIB_USER) {
            if (*reason == NULL)
                *reason = ERR_reason_error_string(code);
            continue;
        }
        retry = retry || ERR_GET_REASON(code) == REASON_RETRY;
        if (text[0] == '\0' && (flags & ERR_TXT_STRING) != 0)
            (void)snprintf(text, size, "%s", data);
    }
    return retry;
}

enum cmc_rc cmc_fail_openssl(struct cmc_err *err, enum cmc_rc rc, const char *fmt, ...)
{
    char ours[CMC_LIMIT_ERROR_TEXT];
    const char *reason;
    va_list ap;

    if (drain(ours, sizeof ours, &reason))
        rc = CMC_E_RETRY;
    va_start(ap, fmt);
    fill(err, rc, CMC_FAIL_INFO_NONE, NULL, fmt, ap);
    va_end(ap);
    if (err != NULL && (ours[0] != '\0' || reason != NULL)) {
        size_t n = strlen(err->text);

        if (ours[0] != '\0')
            (void)snprintf(err->text + n, sizeof err->text - n, ": %s", ours);
        else
            (void)snprintf(err->text + n, sizeof err->text - n, " (OpenSSL: %s)", reason);
    }
    return rc;
}

bool cmc_openssl_retry(struct cmc_err *err)
{
    char ours[CMC_LIMIT_ERROR_TEXT];
    const char *reason;
    bool retry = drain(ours, sizeof ours, &reason);

    if (retry)
        (void)cmc_fail(err, CMC_E_RETRY, NULL, "%s", ours);
    return retry;
}

void cmc_err_prefix(struct cmc_err *err, const char *fmt, ...)
{
    char old[CMC_LIMIT_ERROR_TEXT];
    va_list ap;
    size_t n;

    if (err == NULL)
        return;
    memcpy(old, err->text, sizeof old);
    va_start(ap, fmt);
    (void)vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    n = strlen(err->text);
    (void)snprintf(err->text + n, sizeof err->text - n, ": %.*s", (int)(sizeof old - 1), old);
}

void cmc_err_body_part(struct cmc_err *err, uint32_t body_part)
{
    if (err == NULL)
        return;
    err->has_body_part = true;
    err->body_part = body_part;
}

const char *cmc_rc_name(enum cmc_rc rc)
{
    static const char *const names[] = {
        [CMC_OK] = "CMC_OK",
        [CMC_E_INPUT] = "CMC_E_INPUT",
        [CMC_E_LIMIT] = "CMC_E_LIMIT",
        [CMC_E_REFUSED] = "CMC_E_REFUSED",
        [CMC_E_CRYPTO] = "CMC_E_CRYPTO",
        [CMC_E_NOTFOUND] = "CMC_E_NOTFOUND",
        [CMC_E_CONFLICT] = "CMC_E_CONFLICT",
        [CMC_E_RETRY] = "CMC_E_RETRY",
        [CMC_E_USAGE] = "CMC_E_USAGE",
        [CMC_E_LOCAL] = "CMC_E_LOCAL",
        [CMC_E_MEM] = "CMC_E_MEM",
        [CMC_E_BUG] = "CMC_E_BUG",
    };

    return (size_t)rc < sizeof names / sizeof names[0] ? names[rc] : "CMC_E_?";
}
