/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error type. A function that can fail returns enum cmc_rc and takes a
 * struct cmc_err, which may be NULL. The record carries what the protocol must
 * send back (failInfo, body part) and what a person needs (text, clause).
 */
#ifndef CMC_BASE_ERR_H
#define CMC_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limit.h"

#define CMC_MUST_USE       __attribute__((warn_unused_result))
#define CMC_PRINTF(fmt, a) __attribute__((format(printf, fmt, a)))

enum cmc_rc {
    CMC_OK = 0,
    CMC_E_INPUT,    /* octets from outside are not what the syntax says: the peer's fault */
    CMC_E_LIMIT,    /* well formed, but above a limit of base/limit.h */
    CMC_E_REFUSED,  /* understood and refused by a rule or policy */
    CMC_E_CRYPTO,   /* a signature, digest or MAC does not verify */
    CMC_E_NOTFOUND, /* what was asked for does not exist */
    CMC_E_CONFLICT, /* the state changed meanwhile, or it exists already */
    CMC_E_RETRY,    /* cannot be done now; the same call may succeed later */
    CMC_E_USAGE,    /* the caller, a command line or a configuration is wrong */
    CMC_E_LOCAL,    /* this machine: file, database, socket, token */
    CMC_E_MEM,      /* out of memory */
    CMC_E_BUG       /* cannot happen */
};

#define CMC_FAIL_INFO_NONE (-1)

struct cmc_err {
    enum cmc_rc rc;
    int fail_info;      /* CMCFailInfo to answer with, or CMC_FAIL_INFO_NONE */
    bool has_body_part; /* body_part is meaningful */
    uint32_t body_part;
    const char *clause; /* static text such as "RFC 10002 section 3.2.2", or NULL */
    char text[CMC_LIMIT_ERROR_TEXT];
};

/*
 * Fill *err (may be NULL) and return rc. clause may be NULL. failInfo and body
 * part are reset to none. The OpenSSL error queue is left alone.
 */
enum cmc_rc cmc_fail(struct cmc_err *err, enum cmc_rc rc, const char *clause, const char *fmt, ...)
    CMC_PRINTF(4, 5);

/* As cmc_fail(), with the CMCFailInfo that the answer must carry. */
enum cmc_rc cmc_fail_info(struct cmc_err *err, enum cmc_rc rc, int fail_info, const char *clause,
                          const char *fmt, ...) CMC_PRINTF(5, 6);

/* As cmc_fail(), with the oldest reason on the OpenSSL error queue appended; empties the queue. */
enum cmc_rc cmc_fail_openssl(struct cmc_err *err, enum cmc_rc rc, const char *fmt, ...)
    CMC_PRINTF(3, 4);

/*
 * For what works inside of OpenSSL, as a key in a token does, and cannot return a struct cmc_err:
 * put text on the queue. The next cmc_fail_openssl() in this thread tells it, and gives
 * CMC_E_RETRY, whatever it was asked for, if retry is set here.
 */
void cmc_openssl_raise(bool retry, const char *text);
/* Has anything on the queue been put there with retry? Then *err is filled and the queue emptied.
 */
bool cmc_openssl_retry(struct cmc_err *err);

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time: tell it that these give back the rc they were given. */
#define cmc_fail(err, rc, ...)         (cmc_fail(err, rc, __VA_ARGS__), (rc))
#define cmc_fail_info(err, rc, ...)    (cmc_fail_info(err, rc, __VA_ARGS__), (rc))
#define cmc_fail_openssl(err, rc, ...) (cmc_fail_openssl(err, rc, __VA_ARGS__), (rc))
#endif

/* Put "fmt: " before the text that err (may be NULL) already holds. */
void cmc_err_prefix(struct cmc_err *err, const char *fmt, ...) CMC_PRINTF(2, 3);

/* Name the body part the error is about. */
void cmc_err_body_part(struct cmc_err *err, uint32_t body_part);

/* "CMC_E_INPUT" and so on; never NULL. */
const char *cmc_rc_name(enum cmc_rc rc);

#endif
