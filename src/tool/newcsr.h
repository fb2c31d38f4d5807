/* SPDX-License-Identifier: Apache-2.0 */
/* A key and a certification request for it, as csr and enroll take them from the command line. */
#ifndef CMC_TOOL_NEWCSR_H
#define CMC_TOOL_NEWCSR_H

#include "message/request.h"
#include "tool/changename.h"
#include "tool/tool.h"

struct tool_key_options {
    const char *key;        /* URI of a key that is there */
    const char *new_key;    /* kind of a key to make */
    const char *key_out;    /* where the new key goes: a file or a token */
    const char *key_id_out; /* where its id goes, when it is in a token */
    const char *key_pass;   /* file with the passphrase of either */
};

struct tool_csr_options {
    const char *subject, *san, *key_usage, *eku;
    const char *form; /* "pkcs10" or "crmf" */
    bool ski;
    bool no_signature;
    struct tool_change_options change;
    unsigned int id; /* certReqId of a CRMF message; 0: a random one */
};

#define TOOL_KEY_ROWS(T, m)                                                                        \
    CMC_OPTION("new-key", 0, STRING, "KIND", T, m.new_key,                                         \
               "make a key: rsa:2048, rsa:3072, rsa:4096, ec:P-256,\n"                             \
               "ec:P-384, ec:P-521, ed25519, ed448, x25519 or x448"),                              \
        CMC_OPTION("key-out", 0, STRING, "FILE", T, m.key_out,                                     \
                   "write the new key here (PKCS#8 PEM, mode 0600, never\n"                        \
                   "over a file that exists), or make it in the token that a\n"                    \
                   "pkcs11: or nss: URI names"),                                                   \
        CMC_OPTION("key-id-out", 0, STRING, "FILE", T, m.key_id_out,                               \
                   "write the id of a new key in a token here, as certutil -K\n"                   \
                   "and Dogtag's .keyId files have it"),                                           \
        CMC_OPTION("key", 'k', STRING, "URI", T, m.key,                                            \
                   "use this key instead: a path or file:PATH (PEM, DER or\n"                      \
                   "PKCS#12), or a pkcs11: or nss: URI"),                                          \
        CMC_OPTION("key-pass", 0, STRING, "FILE", T, m.key_pass,                                   \
                   "first line of FILE is the passphrase of the key; a new\n"                      \
                   "key is then encrypted with it")

#define TOOL_CSR_ROWS(T, m)                                                                        \
    CMC_OPTION("subject", 's', STRING, "NAME", T, m.subject,                                       \
               "subject, as \"C=SE, O=Example, CN=alice\""),                                       \
        CMC_OPTION("san", 0, STRING, "NAMES", T, m.san,                                            \
                   "subjectAltName, as DNS:a.example,IP:192.0.2.1"),                               \
        CMC_OPTION("key-usage", 0, STRING, "LIST", T, m.key_usage,                                 \
                   "keyUsage, as digitalSignature,keyEncipherment"),                               \
        CMC_OPTION("eku", 0, STRING, "LIST", T, m.eku,                                             \
                   "extendedKeyUsage, as serverAuth,clientAuth or dotted OIDs"),                   \
        CMC_OPTION("ski", 0, FLAG, NULL, T, m.ski,                                                 \
                   "ask for the subjectKeyIdentifier extension (RFC 5280\n"                        \
                   "method 1)"),                                                                   \
        CMC_OPTION("no-signature", 0, FLAG, NULL, T, m.no_signature,                               \
                   "do not sign the request with its key: the server will\n"                       \
                   "challenge it (always so for x25519 and x448)"),                                \
        CMC_OPTION("form", 'f', STRING, "FORM", T, m.form, "pkcs10 (the default) or crmf")

/* Check that the options go together; nothing is made or read. */
enum cmc_rc tool_key_check(struct tool *t, const struct tool_key_options *o) CMC_MUST_USE;
/* Load the key, or make and save it. The caller frees *out. */
enum cmc_rc tool_key_get(struct tool *t, const struct tool_key_options *o,
                         EVP_PKEY **out) CMC_MUST_USE;

/* Does --form say crmf? Errors: CMC_E_USAGE. */
enum cmc_rc tool_csr_form(struct tool *t, const struct tool_csr_options *o,
                          enum cmc_request_form *form) CMC_MUST_USE;

/*
 * A certification request signed by key. from (may be NULL) is a certificate whose subject and
 * subjectAltName are taken where the options name none (renewal).
 * *out: a CertificationRequest or a CertReqMsg, whole DER in the arena.
 */
enum cmc_rc tool_csr_make(struct tool *t, const struct tool_csr_options *o, EVP_PKEY *key,
                          const struct cmc_cert *from, struct cmc_slice *out) CMC_MUST_USE;

#endif
