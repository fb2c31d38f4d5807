/* SPDX-License-Identifier: Apache-2.0 */
/* The context of one thread, its error record, and what needs nothing else. */
#ifndef CMC_CONTEXT_H
#define CMC_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#define CMCL_PUBLIC   __attribute__((visibility("default")))
#define CMCL_MUST_USE __attribute__((warn_unused_result))

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to. More is in the context's error record. */
enum cmcl_rc {
    CMCL_OK = 0,
    CMCL_E_INPUT,    /* octets from outside are not what the syntax says */
    CMCL_E_LIMIT,    /* well formed, but above a limit of the library */
    CMCL_E_REFUSED,  /* understood and refused by a rule */
    CMCL_E_CRYPTO,   /* a signature or digest does not verify, or an algorithm cannot be had */
    CMCL_E_NOTFOUND, /* what was asked for does not exist */
    CMCL_E_CONFLICT, /* it exists already */
    CMCL_E_RETRY,    /* cannot be done now; the same call may succeed later */
    CMCL_E_USAGE,    /* the caller is wrong */
    CMCL_E_LOCAL,    /* this machine: file, network */
    CMCL_E_MEM,      /* out of memory */
    CMCL_E_BUG       /* cannot happen */
};

/* CMCStatus, RFC 10002 section 6.1. A server may send numbers that are not here. */
enum cmcl_status {
    CMCL_STATUS_SUCCESS = 0,
    CMCL_STATUS_FAILED = 2,
    CMCL_STATUS_PENDING = 3,
    CMCL_STATUS_NO_SUPPORT = 4,
    CMCL_STATUS_CONFIRM_REQUIRED = 5,
    CMCL_STATUS_POP_REQUIRED = 6,
    CMCL_STATUS_PARTIAL = 7
};

/* CMCFailInfo, RFC 10002 section 6.1. A server may send numbers that are not here. */
enum cmcl_fail_info {
    CMCL_FAIL_NONE = -1, /* there is none */
    CMCL_FAIL_BAD_ALG = 0,
    CMCL_FAIL_BAD_MESSAGE_CHECK = 1,
    CMCL_FAIL_BAD_REQUEST = 2,
    CMCL_FAIL_BAD_TIME = 3,
    CMCL_FAIL_BAD_CERT_ID = 4,
    CMCL_FAIL_UNSUPPORTED_EXT = 5,
    CMCL_FAIL_MUST_ARCHIVE_KEYS = 6,
    CMCL_FAIL_BAD_IDENTITY = 7,
    CMCL_FAIL_POP_REQUIRED = 8,
    CMCL_FAIL_POP_FAILED = 9,
    CMCL_FAIL_NO_KEY_REUSE = 10,
    CMCL_FAIL_INTERNAL_CA_ERROR = 11,
    CMCL_FAIL_TRY_LATER = 12,
    CMCL_FAIL_AUTH_DATA_FAIL = 13
};

/*
 * A context and all objects made with it belong to one thread at a time; there is no state
 * outside of it. Objects keep a pointer to their context: free them first.
 */
struct cmcl_context;

/* Errors: CMCL_E_CRYPTO (OpenSSL cannot be set up), CMCL_E_MEM. */
CMCL_PUBLIC enum cmcl_rc cmcl_context_new(struct cmcl_context **out) CMCL_MUST_USE;
CMCL_PUBLIC void cmcl_context_free(struct cmcl_context *ctx);

/* The time that signatures state and validity is judged at; 0, as at first: the system's clock. */
CMCL_PUBLIC void cmcl_context_set_time(struct cmcl_context *ctx, int64_t seconds);

/*
 * The error record: of the last call with this context, or an object of it, that did not return
 * CMCL_OK. Borrowed, until the next call.
 *
 * text: one line, never NULL; it may quote a server's words as they came: escape control
 *   characters before they reach a terminal.
 * fail_info: what RFC 10002 section 6.1 calls this error, or CMCL_FAIL_NONE. What a server
 *   answered is not here but in the response.
 * clause: "RFC 10002 section 3.2.1.2", or NULL.
 * body_part: sets *id and returns 1 when the error is about one body part, else 0.
 */
CMCL_PUBLIC const char *cmcl_error_text(const struct cmcl_context *ctx);
CMCL_PUBLIC int cmcl_error_fail_info(const struct cmcl_context *ctx);
CMCL_PUBLIC const char *cmcl_error_clause(const struct cmcl_context *ctx);
CMCL_PUBLIC int cmcl_error_body_part(const struct cmcl_context *ctx, uint32_t *id);

/* Names: "0.1.0"; "CMC_E_INPUT"; "failed"; "badRequest". Static, never NULL. */
CMCL_PUBLIC const char *cmcl_version(void);
CMCL_PUBLIC const char *cmcl_rc_name(enum cmcl_rc rc);
CMCL_PUBLIC const char *cmcl_status_name(uint32_t status);
CMCL_PUBLIC const char *cmcl_fail_info_name(int fail_info);

/*
 * Any message as text, to the last field: CMC request or response, certs-only, PKCS#10, CRMF,
 * certificate, CRL. data is DER, or PEM or base64 (the first block). *text ends with a NUL.
 * Errors: CMCL_E_INPUT (it is none of these), CMCL_E_MEM (also for a text above 256 MiB).
 */
CMCL_PUBLIC enum cmcl_rc cmcl_show_get1(struct cmcl_context *ctx, const void *data, size_t n,
                                        char **text) CMCL_MUST_USE;

/* DER as PEM with this label, as "CERTIFICATE". Errors: CMCL_E_LIMIT, CMCL_E_MEM. */
CMCL_PUBLIC enum cmcl_rc cmcl_pem_get1(struct cmcl_context *ctx, const char *label, const void *der,
                                       size_t n, char **text) CMCL_MUST_USE;

/* Give back what a get1 handed out. NULL is fine. */
CMCL_PUBLIC void cmcl_free(void *p);

#ifdef __cplusplus
}
#endif

#endif
