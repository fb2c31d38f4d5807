/* SPDX-License-Identifier: Apache-2.0 */
/* What a token answers, in words. */
#include <stdarg.h>
#include <stdio.h>

#include "key/token_int.h"

/* NSS's own, from its pkcs11n.h. */
#define CKR_NSS_CERTDB_FAILED 0xce534351UL
#define CKR_NSS_KEYDB_FAILED  0xce534352UL

struct ckr_row {
    CK_RV rv;
    enum cmc_rc rc;
    const char *text;
};

static const struct ckr_row rows[] = {
    {CKR_HOST_MEMORY, CMC_E_MEM, "out of memory"},
    {CKR_GENERAL_ERROR, CMC_E_LOCAL, "the module failed and says no more"},
    {CKR_FUNCTION_FAILED, CMC_E_LOCAL, "the module failed and says no more"},
    {CKR_ATTRIBUTE_READ_ONLY, CMC_E_LOCAL, "the token does not let this be set"},
    {CKR_ATTRIBUTE_SENSITIVE, CMC_E_LOCAL, "the token does not give this away"},
    {CKR_ATTRIBUTE_TYPE_INVALID, CMC_E_LOCAL, "the token does not know such an attribute"},
    {CKR_ATTRIBUTE_VALUE_INVALID, CMC_E_LOCAL, "the token does not do this size, curve or value"},
    {CKR_CURVE_NOT_SUPPORTED, CMC_E_LOCAL, "the token does not do this curve"},
    {CKR_KEY_SIZE_RANGE, CMC_E_LOCAL, "the token does not do keys of this size"},
    {CKR_DOMAIN_PARAMS_INVALID, CMC_E_LOCAL, "the token does not do this curve"},
    {CKR_MECHANISM_INVALID, CMC_E_LOCAL, "the token does not do this algorithm"},
    {CKR_MECHANISM_PARAM_INVALID, CMC_E_LOCAL, "the token does not do this algorithm so"},
    {CKR_TEMPLATE_INCONSISTENT, CMC_E_LOCAL, "the token does not allow this combination"},
    {CKR_TEMPLATE_INCOMPLETE, CMC_E_LOCAL, "the token wants more attributes than we know of"},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, CMC_E_LOCAL, "the key may not be used for this"},
    {CKR_DEVICE_ERROR, CMC_E_LOCAL, "the token or its files are damaged or cannot be read"},
    {CKR_DEVICE_MEMORY, CMC_E_LOCAL, "the token is full"},
    {CKR_DEVICE_REMOVED, CMC_E_LOCAL, "the token has been removed"},
    {CKR_TOKEN_NOT_PRESENT, CMC_E_LOCAL, "no token is there"},
    {CKR_SESSION_HANDLE_INVALID, CMC_E_LOCAL, "it has ended the session"},
    {CKR_SESSION_CLOSED, CMC_E_LOCAL, "it has ended the session"},
    {CKR_OBJECT_HANDLE_INVALID, CMC_E_LOCAL, "it has forgotten the key"},
    {CKR_KEY_HANDLE_INVALID, CMC_E_LOCAL, "it has forgotten the key"},
    {CKR_KEY_NEEDED, CMC_E_LOCAL, "it is back without the key, or with several like it"},
    {CKR_SLOT_ID_INVALID, CMC_E_LOCAL, "no token is there"},
    {CKR_TOKEN_NOT_RECOGNIZED, CMC_E_LOCAL, "the token is not known to its module"},
    {CKR_TOKEN_WRITE_PROTECTED, CMC_E_LOCAL, "the token is write-protected"},
    {CKR_SESSION_READ_ONLY, CMC_E_LOCAL, "it is open for reading only"},
    {CKR_SESSION_COUNT, CMC_E_LOCAL, "the token has no session left"},
    {CKR_PIN_INCORRECT, CMC_E_USAGE, "the password is wrong"},
    {CKR_PIN_INVALID, CMC_E_USAGE, "the password has characters that the token does not take"},
    {CKR_PIN_LEN_RANGE, CMC_E_USAGE, "the password is shorter or longer than any of this token"},
    {CKR_PIN_EXPIRED, CMC_E_USAGE, "the password has expired; set a new one"},
    {CKR_PIN_LOCKED, CMC_E_LOCAL,
     "the token is locked after wrong passwords; its security "
     "officer can unlock it"},
    {CKR_USER_PIN_NOT_INITIALIZED, CMC_E_USAGE, "no password has been set in this token yet"},
    {CKR_USER_NOT_LOGGED_IN, CMC_E_USAGE, "this needs the token's password"},
    {CKR_CRYPTOKI_NOT_INITIALIZED, CMC_E_LOCAL, "the module is not initialised (after a fork?)"},
    {CKR_NSS_CERTDB_FAILED, CMC_E_LOCAL, "cert9.db is damaged or cannot be read or written"},
    {CKR_NSS_KEYDB_FAILED, CMC_E_LOCAL, "key4.db is damaged or cannot be read or written"},
    {CKR_CANT_LOCK, CMC_E_LOCAL, "the module cannot be used by several threads"},
};

const char *cmc_ckr_text(CK_RV rv, char *buf, size_t size)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].rv == rv)
            return rows[i].text;
    }
    (void)snprintf(buf, size, "PKCS#11 error 0x%lx", rv);
    return buf;
}

enum cmc_rc cmc_fail_ckr(struct cmc_err *err, CK_RV rv, const char *fmt, ...)
{
    char what[256], other[48];
    enum cmc_rc rc = CMC_E_LOCAL;
    va_list ap;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].rv == rv)
            rc = rows[i].rc;
    }
    va_start(ap, fmt);
    (void)vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return cmc_fail(err, rc, NULL, "%s: %s", what, cmc_ckr_text(rv, other, sizeof other));
}
