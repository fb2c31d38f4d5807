/* SPDX-License-Identifier: Apache-2.0 */
/* Certification requests, certificates and signers named on the command line. */
#ifndef CMC_TOOL_INPUT_H
#define CMC_TOOL_INPUT_H

#include "cms/signed_data.h"
#include "message/request.h"
#include "tool/tool.h"

#define TOOL_LABEL_PKCS10 "CERTIFICATE REQUEST"
#define TOOL_LABEL_CRMF   "CERTIFICATE REQUEST MESSAGES"
#define TOOL_LABEL_CERT   "CERTIFICATE"

/* Certification requests of both forms, whole DERs in the arena. */
struct tool_csrs {
    struct cmc_list pkcs10; /* struct cmc_slice */
    struct cmc_list crmf;   /* struct cmc_slice: CertReqMsg */
};

/* Add those of a file: a PKCS#10, a CertReqMsg or CertReqMessages; DER, PEM or base64. */
enum cmc_rc tool_csrs_add(struct tool *t, const char *path, struct tool_csrs *out) CMC_MUST_USE;
/* Append a whole DER to one of the lists. */
enum cmc_rc tool_csrs_keep(struct tool *t, struct cmc_list *list,
                           struct cmc_slice der) CMC_MUST_USE;
/* The CertReqMessages that hold one CertReqMsg: how CRMF stands in a file. */
enum cmc_rc tool_crmf_wrap(struct tool *t, struct cmc_slice msg,
                           struct cmc_slice *out) CMC_MUST_USE;

/* All certificates of each file. */
enum cmc_rc tool_certs(struct tool *t, const struct cmc_option_list *paths, struct cmc_slice **out,
                       size_t *n) CMC_MUST_USE;
/* The first certificate of a file, whole and decoded. */
enum cmc_rc tool_cert(struct tool *t, const char *path, struct cmc_slice *der,
                      struct cmc_cert *cert) CMC_MUST_USE;

/* Who signs for others, and how a signer is named. */
struct tool_officer_options {
    const char *cert, *key, *pass, *sid;
};

#define TOOL_OFFICER_ROWS(T, m)                                                                    \
    CMC_OPTION("officer-cert", 0, STRING, "URI", T, m.cert,                                        \
               "certificate of an officer of the CA, who signs"),                                  \
        CMC_OPTION("officer-key", 0, STRING, "URI", T, m.key,                                      \
                   "the officer's key (not needed with PKCS#12)"),                                 \
        CMC_OPTION("officer-pass", 0, STRING, "FILE", T, m.pass,                                   \
                   "first line of FILE is the passphrase of that key"),                            \
        CMC_OPTION("sid", 0, STRING, "FORM", T, m.sid,                                             \
                   "name the signer by issuer-serial (the default) or ski")

/* A certificate with its key, and what else stands in the certificate's file: its chain. */
struct tool_signer {
    EVP_PKEY *key;
    struct cmc_cert cert;
    struct cmc_slice *certs; /* the signer's own first */
    size_t ncerts;
};

/*
 * Load both and check that they belong together. key NULL: the key stands in the certificate's
 * file (PKCS#12). Errors also: CMC_E_USAGE when they do not fit each other.
 */
enum cmc_rc tool_signer_load(struct tool *t, const char *cert, const char *key, const char *pass,
                             struct tool_signer *out) CMC_MUST_USE;
void tool_signer_clean(struct tool_signer *s);

/*
 * The subjectKeyIdentifier that a request signed with its own key is named by (RFC 10002 section
 * 3.2.1): the one that it asks for. Errors: CMC_E_USAGE (another key, or none asked for).
 */
enum cmc_rc tool_self_ski(struct tool *t, const struct cmc_request *rq, EVP_PKEY *key,
                          struct cmc_slice *ski) CMC_MUST_USE;

/* "issuer-serial" (NULL too) or "ski". */
enum cmc_rc tool_sid(struct tool *t, const char *text, int *sid) CMC_MUST_USE;

/*
 * "1f:a0", "0x1fa0" or "8096": content octets of the INTEGER into the arena. A digit a to f, a
 * colon or 0x tell hexadecimal; digits only are decimal.
 */
enum cmc_rc tool_serial(struct tool *t, const char *text, struct cmc_slice *out) CMC_MUST_USE;

#endif
