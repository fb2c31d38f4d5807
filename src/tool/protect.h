/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption and shared secrets around a request, and what opens its answer. */
#ifndef CMC_TOOL_PROTECT_H
#define CMC_TOOL_PROTECT_H

#include "client/client.h"
#include "tool/input.h"

/* -- a request --------------------------------------------------------------------------- */

struct tool_protect_options {
    struct cmc_option_list to;
    const char *with;
    bool sign_outside;
    const char *mac_secret, *encrypt_secret, *secret_name;
    const char *decrypt_cert, *decrypt_key, *decrypt_pass;
};

#define TOOL_PROTECT_ROWS(T, m)                                                                    \
    CMC_OPTION("encrypt-to", 0, LIST, "FILE", T, m.to,                                             \
               "encrypt the request to this certificate, as the server's\n"                        \
               "/encryption.crt (may be repeated); the answer comes\n"                             \
               "encrypted too"),                                                                   \
        CMC_OPTION("encrypt-secret", 0, STRING, "FILE", T, m.encrypt_secret,                       \
                   "encrypt it to who knows the shared secret in the first\n"                      \
                   "line of FILE"),                                                                \
        CMC_OPTION("encrypt-with", 0, STRING, "FORM", T, m.with,                                   \
                   "authenveloped (the default) or enveloped"),                                    \
        CMC_OPTION("sign-outside", 0, FLAG, NULL, T, m.sign_outside,                               \
                   "sign the encrypted request once more"),                                        \
        CMC_OPTION("mac-secret", 0, STRING, "FILE", T, m.mac_secret,                               \
                   "a MAC by the shared secret in the first line of FILE, in\n"                    \
                   "place of a signature (AuthenticatedData)"),                                    \
        CMC_OPTION("secret-name", 0, STRING, "NAME", T, m.secret_name,                             \
                   "the identification of that secret"),                                           \
        CMC_OPTION("decrypt-cert", 0, STRING, "URI", T, m.decrypt_cert,                            \
                   "another certificate of the signer's, for the answer to\n"                      \
                   "be encrypted to; it is sent along"),                                           \
        CMC_OPTION("decrypt-key", 0, STRING, "URI", T, m.decrypt_key,                              \
                   "its key (not needed with PKCS#12)"),                                           \
        CMC_OPTION("decrypt-pass", 0, STRING, "FILE", T, m.decrypt_pass,                           \
                   "first line of FILE is the passphrase of that key")

#define TOOL_PROTECT_KEYS 3

/* What the options come to. Points into itself: not to be copied. */
struct tool_protection {
    struct cmc_protection p;
    struct cmc_cms_recipient keys[TOOL_PROTECT_KEYS];
    struct tool_signer decrypt;
    struct cmc_slice *certs; /* a request's own, and that of --decrypt-cert */
    size_t ncerts;
};

/* Do the options go together? signs: the request has a signer besides. Errors: CMC_E_USAGE. */
enum cmc_rc tool_protect_check(struct tool *t, const struct tool_protect_options *o,
                               bool signs) CMC_MUST_USE;
/* Read the files. tool_protect_clean() is due in any case. */
enum cmc_rc tool_protect_load(struct tool *t, const struct tool_protect_options *o,
                              struct tool_protection *out) CMC_MUST_USE;
void tool_protect_clean(struct tool_protection *p);

/* A key that the answer may be encrypted to, borrowed; cert may be absent. */
void tool_protect_key(struct tool_protection *p, EVP_PKEY *key, struct cmc_slice cert);
/* Put it on a request, with the certificate that the answer may be encrypted to. */
enum cmc_rc tool_protect_apply(struct tool *t, struct tool_protection *p,
                               struct cmc_full_request *rq) CMC_MUST_USE;

/* -- an answer, or any message ----------------------------------------------------------- */

struct tool_open_options {
    const char *key, *cert, *pass, *secret, *secret_name;
};

#define TOOL_OPEN_ROWS(T, m)                                                                       \
    CMC_OPTION("key", 0, STRING, "URI", T, m.key, "decrypt with this key"),                        \
        CMC_OPTION("key-cert", 0, STRING, "FILE", T, m.cert,                                       \
                   "its certificate, to find the recipient by (the first one\n"                    \
                   "that is for such a key otherwise)"),                                           \
        CMC_OPTION("key-pass", 0, STRING, "FILE", T, m.pass,                                       \
                   "first line of FILE is the passphrase of the key"),                             \
        CMC_OPTION("secret-file", 0, STRING, "FILE", T, m.secret,                                  \
                   "decrypt, or verify a MAC, with the shared secret in the\n"                     \
                   "first line of FILE"),                                                          \
        CMC_OPTION("secret-name", 0, STRING, "NAME", T, m.secret_name, "its identification")

enum cmc_rc tool_open_load(struct tool *t, const struct tool_open_options *o,
                           struct tool_protection *out) CMC_MUST_USE;

#endif
